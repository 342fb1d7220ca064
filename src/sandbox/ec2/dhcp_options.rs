//! DHCP options: the DNS and time servers that instances of a VPC receive. They are immutable: to change them, a VPC gets another set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::list::{Listing, list};
use super::region::Region;
use super::{Ask, Place, Turn, dependency, tags};
use crate::sandbox::wire::{Outcome, Refusal};

/// What a set can say.
const KEYS: [&str; 6] =
    ["domain-name", "domain-name-servers", "ipv6-address-preferred-lease-time", "netbios-name-servers", "netbios-node-type", "ntp-servers"];

/// A set of DHCP options.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DhcpOptions {
    /// Values by key.
    pub values: BTreeMap<String, Vec<String>>,
}

impl DhcpOptions {
    /// The set that every Region is born with.
    pub(super) fn of_aws(region: &str) -> Self {
        let domain = if region == "us-east-1" { "ec2.internal".to_owned() } else { format!("{region}.compute.internal") };
        let servers = vec!["AmazonProvidedDNS".to_owned()];
        Self { values: BTreeMap::from([("domain-name".to_owned(), vec![domain]), ("domain-name-servers".to_owned(), servers)]) }
    }
}

const LISTING: Listing = Listing {
    kind: Kind::DhcpOptions,
    set: "dhcpOptionsSet",
    ids: "DhcpOptionsId",
    filters: &[
        ("dhcp-options-id", "dhcpOptionsId"),
        ("key", "dhcpConfigurationSet/key"),
        ("value", "dhcpConfigurationSet/valueSet/value"),
        ("owner-id", "ownerId"),
    ],
};

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    list(ask, &LISTING, ask.region.dhcp_options.keys(), |id| show(ask.region, ask.place, id))
}

fn show(region: &Region, place: &Place, id: &str) -> Option<Value> {
    let options = region.dhcp_options.get(id)?;
    let values = options
        .values
        .iter()
        .map(|(key, values)| json!({ "key": key, "valueSet": values.iter().map(|value| json!({ "value": value })).collect::<Value>() }));
    Some(json!({
        "dhcpOptionsId": id,
        "ownerId": place.account,
        "dhcpConfigurationSet": values.collect::<Value>(),
        "tagSet": region.tag_set(id),
    }))
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let tags = tags::of_creation(turn.input, Kind::DhcpOptions)?;
    let mut values = BTreeMap::new();
    for option in turn.input.items("DhcpConfiguration") {
        let key = option.text("Key")?;
        let given: Vec<String> = option.texts("Value").into_iter().map(str::to_owned).collect();
        if !KEYS.contains(&key) || given.is_empty() {
            return Err(Refusal::new("InvalidParameterValue", format!("Value ({key}) for parameter name is invalid. Unknown DHCP option")));
        }
        values.insert(key.to_owned(), given);
    }
    if values.is_empty() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter dhcpConfiguration"));
    }
    let id = turn.region.fresh("dopt");
    turn.region.dhcp_options.insert(id.clone(), DhcpOptions { values });
    turn.region.put_tags(&id, tags);
    Ok(json!({ "dhcpOptions": show(turn.region, turn.place, &id) }))
}

pub(super) fn associate(turn: &mut Turn<'_>) -> Outcome {
    let (id, vpc) = (turn.input.text("DhcpOptionsId")?, turn.input.text("VpcId")?);
    if id != "default" {
        Kind::DhcpOptions.find(&turn.region.dhcp_options, id)?;
    }
    Kind::Vpc.find_mut(&mut turn.region.vpcs, vpc)?.dhcp_options = id.to_owned();
    Ok(json!({ "return": true }))
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("DhcpOptionsId")?;
    Kind::DhcpOptions.find(&turn.region.dhcp_options, id)?;
    if turn.region.vpcs.values().any(|vpc| vpc.dhcp_options == id) {
        return Err(dependency(format!("The dhcpOptions '{id}' has dependencies and cannot be deleted.")));
    }
    turn.region.dhcp_options.remove(id);
    turn.region.prune_tags();
    Ok(json!({ "return": true }))
}
