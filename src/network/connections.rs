//! What VPCs connect to: each other, transit gateways, offices, and the accounts that some of their subnets are shared with. A part of
//! the [`Design`](super::Design); `connect.rs` turns it into resources.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Block;
use crate::address::Address;

/// What the VPCs of a layout connect to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Connections {
    /// Whether they peer with each other.
    pub peering: Peering,
    /// The key of the transit gateway that they attach to.
    pub attach: Option<String>,
    /// The key of the VPN; each VPC has a connection of its own.
    pub vpn: Option<String>,
    /// The tier whose subnets other accounts use too.
    pub share: Option<SharedTier>,
}

/// Which VPCs of a layout peer with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peering {
    /// None.
    #[default]
    None,
    /// All with all.
    Mesh,
}

impl Peering {
    /// All of them, as org.toml calls them.
    pub const ALL: [(&'static str, Self); 2] = [("none", Self::None), ("mesh", Self::Mesh)];
}

/// A tier whose subnets are shared through RAM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedTier {
    /// The key of the tier.
    pub tier: String,
    /// The OUs and accounts that it is shared with, or the organization, by their addresses.
    pub with: BTreeSet<Address>,
}

/// Gateways that VPCs of several accounts use.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Gateways {
    /// Transit gateways by key.
    pub transit: BTreeMap<String, TransitGateway>,
    /// Offices by key.
    pub vpns: BTreeMap<String, Vpn>,
}

/// A transit gateway, in one account, shared with others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitGateway {
    /// The key of the account that has it.
    pub account: String,
    /// The Region.
    pub region: String,
    /// Its own number in BGP; `None` for AWS's, 64512.
    pub asn: Option<u32>,
    /// The OUs and accounts that it is shared with, or the organization, by their addresses.
    pub share_with: BTreeSet<Address>,
    /// The addresses that VPCs reach through it; empty for the pool of each VPC.
    pub routes: BTreeSet<Block>,
}

/// The far end of a site-to-site VPN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpn {
    /// Its public address.
    pub address: String,
    /// Its number in BGP.
    pub asn: u32,
    /// The addresses behind it.
    pub routes: BTreeSet<Block>,
}
