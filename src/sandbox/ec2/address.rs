//! Elastic addresses. The NAT gateways say which gateway uses which address.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

use super::kinds::Kind;
use super::list::{Listing, list};
use super::region::Region;
use super::{Ask, Place, Turn, tags};
use crate::sandbox::input::bad_value;
use crate::sandbox::wire::{Outcome, Refusal};

/// An elastic address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// The address itself.
    pub public_ip: Ipv4Addr,
}

const LISTING: Listing = Listing {
    kind: Kind::Address,
    set: "addressesSet",
    ids: "AllocationId",
    filters: &[
        ("allocation-id", "allocationId"),
        ("association-id", "associationId"),
        ("domain", "domain"),
        ("network-interface-id", "networkInterfaceId"),
        ("public-ip", "publicIp"),
    ],
};

/// DescribeAddresses knows no pages: AWS answers with all at once.
pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    let ask = Ask { empty_page: false, ..*ask };
    let by_ip = ask.input.texts("PublicIp");
    let wanted = |id: &&String| {
        by_ip.is_empty() || ask.region.addresses.get(*id).is_some_and(|address| by_ip.contains(&address.public_ip.to_string().as_str()))
    };
    let keys: Vec<&String> = ask.region.addresses.keys().filter(wanted).collect();
    if keys.len() < by_ip.len() {
        return Err(Refusal::new("InvalidAddress.NotFound", format!("Address '{}' not found.", by_ip.join(", "))));
    }
    list(&ask, &LISTING, keys.into_iter(), |id| show(ask.region, ask.place, ask.now_ms, id))
}

fn show(region: &Region, place: &Place, now_ms: u64, id: &str) -> Option<Value> {
    let address = region.addresses.get(id)?;
    let mut shown = json!({
        "allocationId": id,
        "publicIp": address.public_ip,
        "domain": "vpc",
        "networkBorderGroup": place.region.name,
        "publicIpv4Pool": "amazon",
        "tagSet": region.tag_set(id),
    });
    if let (Some(link), Some(fields)) = (region.link_of_address(id, now_ms), shown.as_object_mut()) {
        fields.insert("associationId".to_owned(), link.association.into());
        fields.insert("networkInterfaceId".to_owned(), link.interface.into());
        fields.insert("networkInterfaceOwnerId".to_owned(), place.account.clone().into());
        fields.insert("privateIpAddress".to_owned(), link.private_ip.to_string().into());
    }
    Some(shown)
}

pub(super) fn allocate(turn: &mut Turn<'_>) -> Outcome {
    if let Some(other) = turn.input.get("Domain").filter(|domain| *domain != "vpc") {
        return Err(bad_value("domain", other));
    }
    let tags = tags::of_creation(turn.input, Kind::Address)?;
    if turn.region.addresses.len() >= turn.weather.address_quota {
        return Err(Refusal::new("AddressLimitExceeded", "The maximum number of addresses has been reached."));
    }
    let id = turn.region.fresh("eipalloc");
    let public_ip = turn.region.public_ip(&id);
    turn.region.addresses.insert(id.clone(), Address { public_ip });
    turn.region.put_tags(&id, tags);
    Ok(json!({
        "allocationId": id,
        "publicIp": public_ip,
        "domain": "vpc",
        "networkBorderGroup": turn.place.region.name,
        "publicIpv4Pool": "amazon",
    }))
}

pub(super) fn release(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("AllocationId")?;
    Kind::Address.find(&turn.region.addresses, id)?;
    if turn.region.link_of_address(id, turn.now_ms).is_some() {
        return Err(Refusal::new("InvalidIPAddress.InUse", format!("Address {id} is in use.")));
    }
    turn.region.addresses.remove(id);
    turn.region.prune_tags();
    Ok(json!({ "return": true }))
}

/// What an address is mapped to.
pub(super) struct Link {
    pub association: String,
    pub interface: String,
    pub private_ip: Ipv4Addr,
}

impl Region {
    /// A public address that follows from an id, in Amazon's 3.0.0.0/8.
    pub(super) fn public_ip(&self, id: &str) -> Ipv4Addr {
        let number = u32::from_str_radix(&self.digits(6, id), 16).unwrap_or_default();
        Ipv4Addr::from_bits(3 << 24 | number)
    }
}
