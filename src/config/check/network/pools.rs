//! `[pool.*]`: ranges must not overlap, including their reservations, and must be large enough for all VPCs.

use std::collections::{BTreeMap, BTreeSet};

use super::{block, missing};
use crate::config::check::table::Facts;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::{self, File};
use crate::config::span::{At, Key};
use crate::diagnostic::Diagnostic;
use crate::network::{Block, Design, FreeSpace, Observed, Pool, PoolUse, Why, allocate};
use crate::plural::count;

/// The pools that are sound, by key.
pub(super) fn read(file: &File, report: &mut Report) -> BTreeMap<String, Pool> {
    let mut pools = BTreeMap::new();
    for (key, section) in &file.pool {
        let Some(text) = &section.cidr else {
            missing(("pool", key), &[("cidr", false)], "give its CIDR block: `cidr = \"10.0.0.0/8\"`", report);
            continue;
        };
        let Some(cidr) = block(text, report) else { continue };
        if !cidr.is_private() {
            let diagnostic = Code::PublicAddresses
                .warning(format!("`{cidr}` is not all private"))
                .detail("private are 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 and 100.64.0.0/10; others may be somebody's on the internet, whom these networks then cannot reach")
                .hint("take a private range, unless these addresses are your own");
            report.at(text.at, diagnostic);
        }
        pools.insert(key.as_str().to_owned(), Pool { cidr, reserved: reserved(key, section, cidr, report) });
    }
    pools
}

fn reserved(key: &Key, section: &section::Pool, cidr: Block, report: &mut Report) -> BTreeSet<Block> {
    let mut reserved = BTreeSet::new();
    for text in section.reserved.iter().flat_map(|list| list.iter()) {
        let Some(part) = block(text, report) else { continue };
        if !cidr.contains(part) {
            let diagnostic = Code::ReservedOutside
                .error(format!("the reservation `{part}` is not inside of the pool `{}`", key.as_str()))
                .hint(format!("only parts of {cidr} can be reserved here; addresses outside are never assigned: remove it"));
            let diagnostic = match &section.cidr {
                Some(whole) => diagnostic.related(report.span(whole.at), "the pool"),
                None => diagnostic,
            };
            report.at(text.at, diagnostic);
        }
        reserved.insert(part);
    }
    reserved
}

/// Blocks nest or are apart: sorted, one that overlaps an earlier one lies inside of it.
pub(in crate::config::check) fn overlapping(facts: &Facts<'_>, report: &mut Report) {
    let (file, pools) = (facts.file, &facts.design.pools);
    let mut sorted: Vec<(Block, &str, &At<String>)> =
        pools.iter().filter_map(|(key, pool)| Some((pool.cidr, key.as_str(), file.pool.get(key.as_str())?.cidr.as_ref()?))).collect();
    sorted.sort_by_key(|(block, _, text)| (*block, text.at));
    let mut outer: Option<(Block, &str, &At<String>)> = None;
    for (block, key, text) in sorted {
        match outer {
            Some((around, name, first)) if around.contains(block) => {
                let diagnostic = Code::OverlappingPools
                    .error(format!("the pools `{name}` and `{key}` overlap"))
                    .related(report.span(first.at), format!("`{name}` has {around}"))
                    .label(format!("all of it is in `{name}` too"))
                    .hint("reserve the part in the larger pool and move it out, or use one pool for both");
                report.at(text.at, diagnostic);
            }
            Some(_) | None => outer = Some((block, key, text)),
        }
    }
}

/// What a pool has besides its reservations.
pub(super) fn unreserved(pool: &Pool) -> FreeSpace {
    let mut free = FreeSpace::new(pool.cidr);
    pool.reserved.iter().for_each(|part| free.take(*part));
    free
}

pub(in crate::config::check) fn enough(facts: &Facts<'_>, report: &mut Report) {
    let (file, design) = (facts.file, facts.design);
    let plan = allocate(design, &Observed::default());
    for (key, pool) in &plan.pools {
        let layout = |name: &str| design.layouts.get(name).filter(|layout| layout.pool == *key);
        let mut without = plan.unplaced.iter().filter(|(_, u)| u.why == Why::PoolFull && layout(&u.layout).is_some()).peekable();
        let Some(&(first, unplaced)) = without.peek() else { continue };
        let (Some(section), Some(layout)) = (file.pool.get(key.as_str()).and_then(|s| s.cidr.as_ref()), layout(&unplaced.layout)) else {
            continue;
        };
        let account = first.scope().map_or("", |scope| scope.account.as_str());
        // A layout that fits nowhere was reported at the layout.
        if design.pools.get(key).is_some_and(|pool| unreserved(pool).room(layout.prefix) > 0) {
            let summary = format!("the pool `{key}` runs out: no block for {} of {}", without.count(), count(total(design, key), "VPC"));
            let label = format!("`{account}` is the first account without: its `{}` takes a /{}", unplaced.layout, layout.prefix);
            report.at(section.at, left(pool, Code::PoolExhausted.error(summary).label(label)));
        }
    }
}

fn total(design: &Design, pool: &str) -> usize {
    design.vpcs.values().filter(|vpc| design.layouts.get(&vpc.layout).is_some_and(|layout| layout.pool == pool)).count()
}

/// What would still fit.
fn left(pool: &PoolUse, diagnostic: Diagnostic) -> Diagnostic {
    match pool.free.largest().filter(|prefix| *prefix <= crate::network::SMALLEST) {
        Some(prefix) => diagnostic
            .detail(format!(
                "blocks are given to {}; the rest has room for {} more of a /{prefix}",
                count(pool.vpcs.len(), "VPC"),
                pool.free.room(prefix)
            ))
            .hint("enlarge the pool, take another one for some layouts, or give layouts a longer `prefix`"),
        None => diagnostic
            .detail(format!("blocks are given to {}; no range is left that AWS accepts for a VPC", count(pool.vpcs.len(), "VPC")))
            .hint("enlarge the pool, or take another one for some layouts"),
    }
}
