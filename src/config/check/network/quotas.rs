//! The quotas of an account and Region. Reported before anything is created: AWS would refuse in the middle of an apply.

use std::collections::BTreeMap;

use crate::config::check::limits::{Limit, Limits};
use crate::config::check::table::Facts;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::network::{Layout, Nat};

/// Says where the VPCs of an account are more, or need more, than it may have.
pub(in crate::config::check) fn of_accounts(facts: &Facts<'_>, report: &mut Report) {
    let design = facts.design;
    for account in facts.accounts {
        let Some(list) = account.inherited.vpc else { continue };
        let mut by_region: BTreeMap<&str, BTreeMap<&str, &Layout>> = BTreeMap::new();
        for (name, layout) in list.iter().filter_map(|name| Some((name.as_str(), design.layouts.get(name.as_str())?))) {
            by_region.entry(&layout.region).or_default().insert(name, layout);
        }
        for (region, layouts) in by_region {
            let keeps_default = !design.without_default_vpc.contains(&account.key);
            let layouts: Vec<&Layout> = layouts.into_values().collect();
            for over in exceeded(&layouts, keeps_default, &facts.model.limits) {
                let Over { code, key, limit, needed, what, instead } = over;
                let summary = format!("`{}` would have {needed} {what} in `{region}`, and the quota is {}", account.key, limit.most);
                let hint = format!(
                    "ask AWS to raise the quota with Service Quotas (a request template does so for new accounts), then set \
                     `{key} = {needed}` in [limits]; or {instead}"
                );
                report.at(list.at, limit.exceeded(code, summary, report).hint(hint));
            }
        }
    }
}

/// A quota that does not suffice.
struct Over {
    code: Code,
    /// As `[limits]` calls it.
    key: &'static str,
    limit: Limit,
    needed: usize,
    what: &'static str,
    /// What else can be done.
    instead: &'static str,
}

fn exceeded(layouts: &[&Layout], keeps_default: bool, limits: &Limits) -> Vec<Over> {
    let zonal = layouts.iter().filter(|layout| layout.nat.is_zonal()).count();
    let addresses: usize = layouts.iter().map(|layout| addresses(layout)).sum();
    let all = [
        Over {
            code: Code::TooManyVpcs,
            key: "vpcs",
            limit: limits.vpcs,
            needed: layouts.len() + usize::from(keeps_default),
            what: if keeps_default { "VPCs, the default one included," } else { "VPCs" },
            instead: "name fewer layouts",
        },
        Over {
            code: Code::TooManyAddresses,
            key: "elastic_ips",
            limit: limits.elastic_ips,
            needed: addresses,
            what: "elastic addresses, one for each NAT gateway,",
            instead: "choose `nat = \"single\"`, which needs one, or \"regional\", which needs none",
        },
        Over {
            code: Code::TooManyNatGateways,
            key: "nat_gateways_per_zone",
            limit: limits.nat_gateways_per_zone,
            needed: zonal,
            what: "NAT gateways in one zone",
            instead: "choose `nat = \"regional\"`",
        },
    ];
    all.into_iter().filter(|over| over.needed > over.limit.most).collect()
}

/// Elastic addresses that the NAT gateways of a layout need.
fn addresses(layout: &Layout) -> usize {
    match layout.nat {
        Nat::PerZone => layout.zones as usize,
        Nat::Single => 1,
        Nat::Regional | Nat::None => 0,
    }
}
