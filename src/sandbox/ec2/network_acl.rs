//! Network ACLs: each VPC has a default one, and may have others. A VPC with others cannot be deleted.
//! <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::kinds::Kind;
use super::list::{Listing, list};
use super::region::Region;
use super::{Ask, Place};
use crate::sandbox::wire::Outcome;

/// A network ACL that a caller created.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkAcl {
    /// Its VPC.
    pub vpc: String,
}

const LISTING: Listing = Listing {
    kind: Kind::NetworkAcl,
    set: "networkAclSet",
    ids: "NetworkAclId",
    filters: &[("network-acl-id", "networkAclId"), ("vpc-id", "vpcId"), ("default", "default"), ("owner-id", "ownerId")],
};

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    let born = ask.region.vpcs.keys().map(|vpc| (format!("acl-{}", ask.region.digits(17, &format!("{vpc}/acl"))), (vpc, true)));
    let made = ask.region.network_acls.iter().map(|(id, acl)| (id.clone(), (&acl.vpc, false)));
    let all: BTreeMap<String, (&String, bool)> = born.chain(made).collect();
    list(ask, &LISTING, all.keys(), |id| all.get(id).map(|(vpc, is_default)| show(ask.region, ask.place, id, vpc, *is_default)))
}

fn show(region: &Region, place: &Place, id: &str, vpc: &str, is_default: bool) -> Value {
    json!({
        "networkAclId": id,
        "vpcId": vpc,
        "default": is_default,
        "ownerId": place.account,
        "tagSet": region.tag_set(id),
    })
}
