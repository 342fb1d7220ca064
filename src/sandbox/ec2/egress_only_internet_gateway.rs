//! Egress-only internet gateways, for outbound IPv6 traffic of a VPC.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::list::{Listing, list};
use super::region::Region;
use super::{Ask, Turn, tags, tokens};
use crate::sandbox::wire::Outcome;

const CREATE: &str = "CreateEgressOnlyInternetGateway";

/// An egress-only internet gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EgressOnlyInternetGateway {
    /// The VPC that it is attached to.
    pub vpc: String,
}

const LISTING: Listing = Listing {
    kind: Kind::EgressOnlyInternetGateway,
    set: "egressOnlyInternetGatewaySet",
    ids: "EgressOnlyInternetGatewayId",
    filters: &[],
};

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    list(ask, &LISTING, ask.region.egress_only_internet_gateways.keys(), |id| show(ask.region, id))
}

fn show(region: &Region, id: &str) -> Option<Value> {
    let gateway = region.egress_only_internet_gateways.get(id)?;
    Some(json!({
        "egressOnlyInternetGatewayId": id,
        "attachmentSet": [{ "state": "attached", "vpcId": gateway.vpc }],
        "tagSet": region.tag_set(id),
    }))
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let vpc = turn.input.text("VpcId")?;
    let tags = tags::of_creation(turn.input, Kind::EgressOnlyInternetGateway)?;
    let id = match tokens::made(turn, CREATE)? {
        Some(id) => id,
        None => {
            Kind::Vpc.find(&turn.region.vpcs, vpc)?;
            let id = turn.region.fresh("eigw");
            turn.region.egress_only_internet_gateways.insert(id.clone(), EgressOnlyInternetGateway { vpc: vpc.to_owned() });
            turn.region.put_tags(&id, tags);
            tokens::remember(turn, CREATE, &id);
            id
        }
    };
    Ok(json!({ "clientToken": turn.input.get("ClientToken"), "egressOnlyInternetGateway": show(turn.region, &id) }))
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("EgressOnlyInternetGatewayId")?;
    Kind::EgressOnlyInternetGateway.find(&turn.region.egress_only_internet_gateways, id)?;
    turn.region.egress_only_internet_gateways.remove(id);
    turn.region.prune_tags();
    Ok(json!({ "returnCode": true }))
}
