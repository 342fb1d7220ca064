//! Pools, layouts and the VPCs of accounts: whether AWS takes them, whether they fit into each other, and whether there is enough.

mod layouts;
mod pools;
mod vpcs;

use super::accounts::Planned;
use super::{Model, values};
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::File;
use crate::config::span::{At, Key, List};
use crate::network::{Block, Design, ParseBlockError};

/// The networks of the configuration; of those with mistakes, what is sound.
pub(super) fn check(model: &Model<'_>, accounts: &[Planned<'_>], report: &mut Report) -> Design {
    let mut design = Design { pools: pools::read(model.file, report), ..Design::default() };
    design.layouts = layouts::read(model.file, &design.pools, report);
    design.vpcs = vpcs::read(model.file, accounts, &design, report);
    pools::enough(model.file, &design, report);
    not_built(model.file, &design, report);
    design
}

/// Says once that networks are planned only: nobody should wait for a VPC that no `apply` makes.
fn not_built(file: &File, design: &Design, report: &mut Report) {
    let first = vpcs::lists(file).filter(|list| !list.is_empty()).min_by_key(|list| list.at);
    if let Some(list) = first.filter(|_| !design.vpcs.is_empty()) {
        let summary = "networks are planned, and not built by this version";
        let hint = "`overlord network` shows their addresses; `plan` and `apply` leave them out";
        report.at(list.at, Code::NetworksNotBuilt.warning(summary).hint(hint));
    }
}

/// The block of addresses that a text says, or a mistake.
fn block(text: &At<String>, report: &mut Report) -> Option<Block> {
    let diagnostic = match text.parse() {
        Ok(block) => return Some(block),
        Err(ParseBlockError::NotCidr) => {
            Code::BadCidr.error(format!("`{}` is no block of addresses", text.value)).hint("write it as \"10.2.0.0/19\"")
        }
        Err(ParseBlockError::NotFirst(around)) => {
            let summary = format!("`{}` is an address inside of a /{}, not its beginning", text.value, around.prefix());
            Code::BadCidr.error(summary).hint(format!("did you mean `{around}`?"))
        }
    };
    report.at(text.at, diagnostic);
    None
}

/// Keys that must be there, as one mistake, unless they were and could not be read.
fn missing(section: (&'static str, &Key), keys: &[(&str, bool)], hint: &str, report: &mut Report) {
    let (kind, name) = section;
    let absent = |(key, there): &&(&str, bool)| !there && !report.is_broken(&[kind, name.as_str(), key]);
    let absent: Vec<String> = keys.iter().filter(absent).map(|(key, _)| format!("`{key}`")).collect();
    if !absent.is_empty() {
        let summary = format!("`{kind}.{}` has no {}", name.as_str(), absent.join(", no "));
        report.at(name.at(), Code::MissingKey.error(summary).hint(hint));
    }
}
