//! VPC peerings. Both sides keep the peering, each with its own tags. The requester sees it at once, the accepter when it has been
//! provisioned. <https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html#vpc-peering-lifecycle>

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::life::{Life, Stage};
use super::list::{Listing, list};
use super::region::Region;
use super::{Ask, Place, Turn, tags};
use crate::sandbox::wire::{Outcome, Refusal};

/// How long one that is over is still listed (ms).
const LISTED_MS: u64 = 3_600_000;
/// How long one waits for the other side (ms): a week.
const EXPIRES_MS: u64 = 604_800_000;
/// Peerings of one VPC. <https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>
const MOST: usize = 125;

/// A peering of two VPCs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peering {
    /// The requester.
    pub requester: Side,
    /// The side that accepts.
    pub accepter: Side,
    /// Its life: available means that the other side can accept it.
    pub life: Life,
    /// What became of it.
    pub answer: Answer,
}

/// The outcome of a peering request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The other side has said nothing.
    None,
    /// The other side has accepted it.
    Accepted,
    /// The other side has rejected it.
    Rejected,
    /// AWS could not make it.
    Failed,
}

/// One side of a peering.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// The 12-digit account.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The VPC.
    pub vpc: String,
    /// The VPC's first block.
    pub cidr: String,
}

impl Peering {
    fn status(&self, now_ms: u64) -> &'static str {
        match self.life.stage(now_ms) {
            Stage::Deleted => "deleted",
            Stage::Deleting => "deleting",
            Stage::Pending => "initiating-request",
            Stage::Available => match self.answer {
                Answer::Accepted => "active",
                Answer::Rejected => "rejected",
                Answer::Failed => "failed",
                Answer::None if self.life.available_ms + EXPIRES_MS < now_ms => "expired",
                Answer::None => "pending-acceptance",
            },
        }
    }

    /// Whether it holds its VPCs.
    pub(super) fn holds(&self, now_ms: u64) -> bool {
        matches!(self.status(now_ms), "initiating-request" | "pending-acceptance" | "active")
    }

    pub(super) fn is_listed(&self, now_ms: u64) -> bool {
        self.life.deleted_ms.is_none_or(|deleted| now_ms < deleted + LISTED_MS)
    }

    /// Whether a VPC is on one of its sides.
    pub(super) fn is_of(&self, vpc: &str) -> bool {
        [&self.requester, &self.accepter].iter().any(|side| side.vpc == vpc)
    }
}

const LISTING: Listing = Listing {
    kind: Kind::Peering,
    set: "vpcPeeringConnectionSet",
    ids: "VpcPeeringConnectionId",
    filters: &[
        ("vpc-peering-connection-id", "vpcPeeringConnectionId"),
        ("requester-vpc-info.vpc-id", "requesterVpcInfo/vpcId"),
        ("requester-vpc-info.owner-id", "requesterVpcInfo/ownerId"),
        ("accepter-vpc-info.vpc-id", "accepterVpcInfo/vpcId"),
        ("accepter-vpc-info.owner-id", "accepterVpcInfo/ownerId"),
        ("status-code", "status/code"),
    ],
};

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    list(ask, &LISTING, ask.region.peerings.keys(), |id| show(ask.region, ask.place, ask.now_ms, id))
}

fn show(region: &Region, place: &Place, now_ms: u64, id: &str) -> Option<Value> {
    let peering = region.peerings.get(id)?;
    let status = peering.status(now_ms);
    // The accepter does not see a request that is still being provisioned.
    if status == "initiating-request" && peering.requester.account != place.account {
        return None;
    }
    let side = |side: &Side| {
        let Side { account, region, vpc, cidr } = side;
        json!({ "ownerId": account, "vpcId": vpc, "region": region, "cidrBlock": cidr, "cidrBlockSet": [{ "cidrBlock": cidr }] })
    };
    Some(json!({
        "vpcPeeringConnectionId": id,
        "requesterVpcInfo": side(&peering.requester),
        "accepterVpcInfo": side(&peering.accepter),
        "status": { "code": status, "message": status },
        "tagSet": region.tag_set(id),
    }))
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let (vpc, peer) = (turn.input.text("VpcId")?, turn.input.text("PeerVpcId")?);
    let tags = tags::of_creation(turn.input, Kind::Peering)?;
    let own = Kind::Vpc.find(&turn.region.vpcs, vpc)?.cidr.to_string();
    let there = turn.world.place(
        turn.input.get("PeerOwnerId").unwrap_or(&turn.place.account),
        turn.input.get("PeerRegion").unwrap_or(turn.place.region.name),
    );
    let there = there.ok_or_else(super::places::not_enabled)?;
    let is_own = there.account == turn.place.account && there.region == turn.place.region;
    let theirs = if is_own {
        turn.region.vpcs.get(peer).map(|vpc| vpc.cidr)
    } else {
        turn.world.ec2.get(turn.world.seed, &there).vpcs.get(peer).map(|vpc| vpc.cidr)
    };
    let Some(theirs) = theirs else { return Err(Kind::Vpc.missing(peer)) };
    let requester = Side { account: turn.place.account.clone(), region: turn.place.region.name.to_owned(), vpc: vpc.to_owned(), cidr: own };
    let accepter =
        Side { account: there.account.clone(), region: there.region.name.to_owned(), vpc: peer.to_owned(), cidr: theirs.to_string() };
    let mut held = turn.region.peerings.iter().filter(|(_, other)| other.holds(turn.now_ms));
    // AWS creates no second one, and answers with the first. A request in the opposite direction is refused when it is accepted.
    // Source: hashicorp/terraform-provider-aws, issues 27750, 27751 and 44315, read 2026-11-30.
    if let Some((id, _)) = held.clone().find(|(_, other)| other.requester.vpc == vpc && other.accepter.vpc == peer) {
        let id = id.clone();
        return Ok(json!({ "vpcPeeringConnection": show(turn.region, turn.place, turn.now_ms, &id) }));
    }
    if held.by_ref().filter(|(_, other)| other.is_of(vpc)).count() >= MOST {
        let message = format!("The maximum number of VPC peering connections of '{vpc}' has been reached.");
        return Err(Refusal::new("ActiveVpcPeeringConnectionPerVpcLimitExceeded", message));
    }
    let id = turn.region.fresh("pcx");
    // AWS makes the peering, and fails it, when blocks overlap.
    let overlaps = Kind::Vpc.find(&turn.region.vpcs, vpc)?.cidr.overlaps(theirs);
    if overlaps {
        let message = format!("The VPCs '{vpc}' and '{peer}' have overlapping blocks of addresses");
        return Err(Refusal::new("InvalidParameterValue", message));
    }
    let peering = Peering { requester, accepter, life: Life::begin(turn.now_ms, turn.weather.nat_gateway_ms / 10), answer: Answer::None };
    turn.region.peerings.insert(id.clone(), peering.clone());
    turn.region.put_tags(&id, tags);
    if !is_own {
        change_other(turn, &there, |region| drop(region.peerings.insert(id.clone(), peering)));
    }
    Ok(json!({ "vpcPeeringConnection": show(turn.region, turn.place, turn.now_ms, &id) }))
}

/// Changes the Region of the other side.
fn change_other(turn: &mut Turn<'_>, place: &Place, change: impl FnOnce(&mut Region)) {
    let taken = turn.world.ec2.take(turn.world.seed, place);
    change(turn.world.ec2.put(place, taken));
}

/// Changes a peering on both sides.
fn change_both(turn: &mut Turn<'_>, id: &str, change: impl Fn(&mut Peering)) {
    let Some(peering) = turn.region.peerings.get_mut(id) else { return };
    change(peering);
    let sides = [peering.requester.clone(), peering.accepter.clone()];
    for side in sides {
        if let Some(there) = turn.world.place(&side.account, &side.region)
            && (there.account != turn.place.account || there.region != turn.place.region)
        {
            change_other(turn, &there, |region| region.peerings.get_mut(id).into_iter().for_each(&change));
        }
    }
}

pub(super) fn accept(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("VpcPeeringConnectionId")?;
    let peering = Kind::Peering.find(&turn.region.peerings, id)?;
    if peering.accepter.account != turn.place.account {
        let message = format!("User {} cannot accept peering {id}", turn.place.account);
        return Err(Refusal::new("OperationNotPermitted", message));
    }
    match peering.status(turn.now_ms) {
        "pending-acceptance" => {}
        "initiating-request" => return Err(Kind::Peering.missing(id)),
        other => {
            let message = format!("Invalid state transition for {id}, attempted to transition from {other} to provisioning");
            return Err(Refusal::new("InvalidStateTransition", message));
        }
    }
    let is_other_way = |other: &Peering| other.is_of(&peering.requester.vpc) && other.is_of(&peering.accepter.vpc);
    let active =
        turn.region.peerings.iter().find(|(other, held)| *other != id && held.status(turn.now_ms) == "active" && is_other_way(held));
    if let Some((other, _)) = active {
        let message = format!("An active VPC peering connection {other} already exists for these VPCs");
        return Err(Refusal::new("VpcPeeringConnectionAlreadyExists", message));
    }
    change_both(turn, id, |peering| peering.answer = Answer::Accepted);
    Ok(json!({ "vpcPeeringConnection": show(turn.region, turn.place, turn.now_ms, id) }))
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("VpcPeeringConnectionId")?;
    let peering = Kind::Peering.find(&turn.region.peerings, id)?;
    if !peering.holds(turn.now_ms) {
        return Err(Kind::Peering.missing(id));
    }
    let (now_ms, takes_ms) = (turn.now_ms, turn.weather.nat_gateway_ms / 10);
    change_both(turn, id, |peering| peering.life.end(now_ms, takes_ms));
    Ok(json!({ "return": true }))
}
