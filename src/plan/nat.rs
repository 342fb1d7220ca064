//! What a change of NAT removes for good: public addresses that other people may have on their allow lists, and open connections.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Change};
use crate::address::{Address, Reference, Scope};
use crate::plural::count;
use crate::resource::network::{ElasticIp, NatGateway, Route, Vpc};
use crate::resource::{Attributes, Finding, FindingSeverity, Kind};

/// What happens to the NAT of one VPC.
#[derive(Default)]
struct Loss<'a> {
    /// The released public addresses, as far as they are known.
    released: BTreeSet<&'a str>,
    /// How many released addresses are unknown.
    unknown: usize,
    /// Whether a gateway is deleted, or a route gets another gateway as its target.
    drops: bool,
}

/// A warning for each VPC whose NAT changes.
pub(super) fn findings(changes: &[Change], public_ips: &BTreeMap<Address, BTreeSet<String>>) -> Vec<Finding> {
    let mut losses: BTreeMap<(&Scope, &str), Loss<'_>> = BTreeMap::new();
    for change in changes {
        let Some(scope) = change.address.scope() else { continue };
        let goes = matches!(change.action, Action::Delete | Action::Replace);
        let is_nat = goes && (ElasticIp::has(&change.address) || NatGateway::has(&change.address));
        if !is_nat && !leaves_a_gateway(change) {
            continue;
        }
        let layout = change.address.key().split('/').next().unwrap_or_default();
        let loss = losses.entry((scope, layout)).or_default();
        loss.drops |= !ElasticIp::has(&change.address);
        match public_ips.get(&change.address).filter(|_| is_nat) {
            Some(known) => loss.released.extend(known.iter().map(String::as_str)),
            None => loss.unknown += usize::from(is_nat && ElasticIp::has(&change.address)),
        }
    }
    losses.into_iter().map(|((scope, layout), loss)| loss.finding(&Address::within(scope.clone(), Vpc::SPEC.kind, layout))).collect()
}

/// Whether a route to a NAT gateway gets another target.
fn leaves_a_gateway(change: &Change) -> bool {
    let target = |side: &Option<Attributes>| side.as_ref()?.reference("target");
    let is_gateway = |reference: &Reference| matches!(reference, Reference::Address(address) if NatGateway::has(address));
    let before = target(&change.before).filter(is_gateway);
    Route::has(&change.address) && change.action == Action::Update && before.is_some() && before != target(&change.after)
}

impl Loss<'_> {
    fn finding(self, vpc: &Address) -> Finding {
        let known: Vec<&str> = self.released.into_iter().collect();
        let released = match (known.is_empty(), self.unknown) {
            (true, 0) => None,
            (true, 1) => Some("1 public address is released for good".to_owned()),
            (true, unknown) => Some(format!("{} are released for good", count(unknown, "public address"))),
            (false, 0) => Some(format!("these public addresses are released for good: {}", known.join(", "))),
            (false, unknown) => Some(format!("these public addresses and {unknown} more are released for good: {}", known.join(", "))),
        };
        let drops = self.drops.then(|| "open connections through its NAT gateways drop".to_owned());
        let summary = [drops, released].into_iter().flatten().collect::<Vec<_>>().join("; ");
        Finding { severity: FindingSeverity::Warning, subject: vpc.to_string(), summary }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(action: Action, address: &str, before: serde_json::Value, after: serde_json::Value) -> Change {
        let attributes = |value: serde_json::Value| -> Option<Attributes> { serde_json::from_value(value).unwrap() };
        Change {
            address: address.parse().unwrap(),
            action,
            reason: "".into(),
            id: None,
            before: attributes(before),
            after: attributes(after),
            calls: Vec::new(),
            waits_for: Vec::new(),
        }
    }

    fn told(changes: &[Change]) -> Vec<String> {
        let ips = [("a/eu-west-1/elastic_ip.s/euw1-az2", "198.51.100.2"), ("a/eu-west-1/nat_gateway.r", "198.51.100.9")];
        let ips = ips.map(|(address, ip)| (address.parse::<Address>().unwrap(), BTreeSet::from([ip.to_owned()])));
        findings(changes, &BTreeMap::from(ips)).into_iter().map(|finding| format!("{}: {}", finding.subject, finding.summary)).collect()
    }

    #[test]
    fn a_change_of_nat_names_what_is_released_and_what_drops() {
        let gone = |address: &str| change(Action::Delete, address, json!({}), json!(null));
        let drops = "open connections through its NAT gateways drop";
        let fewer_zones = [gone("a/eu-west-1/nat_gateway.s/euw1-az2"), gone("a/eu-west-1/elastic_ip.s/euw1-az2")];
        let released = "these public addresses are released for good: 198.51.100.2";
        assert_eq!(told(&fewer_zones), [format!("a/eu-west-1/vpc.s: {drops}; {released}")]);
        let regional = "these public addresses are released for good: 198.51.100.9";
        assert_eq!(told(&[gone("a/eu-west-1/nat_gateway.r")]), [format!("a/eu-west-1/vpc.r: {drops}; {regional}")]);
        let unknown = "a/eu-west-1/vpc.s: 1 public address is released for good";
        assert_eq!(told(&[gone("a/eu-west-1/elastic_ip.s/euw1-az1")]), [unknown]);
        let to = |kind: &str| json!({ "target": { "ref": format!("a/eu-west-1/{kind}") } });
        let route = |before, after| change(Action::Update, "a/eu-west-1/route.s/private-euw1-az2/0.0.0.0/0", to(before), to(after));
        assert_eq!(told(&[route("nat_gateway.s/euw1-az2", "nat_gateway.s/euw1-az1")]), [format!("a/eu-west-1/vpc.s: {drops}")]);
        assert_eq!(told(&[route("internet_gateway.s", "nat_gateway.s/euw1-az1")]), Vec::<String>::new());
    }
}
