//! Address arithmetic: which VPC gets which CIDR block of which pool, and which subnet gets which part of it. Pure.
//!
//! ```text
//! org.toml ─ config ─► Design ──┐
//!                               ├─ allocate ─► AddressPlan ─┬─► render
//! what is live ─────► Observed ─┘                           └─ expand ─► desired resources
//! ```
//!
//! The rules, each checked by a property in `tests`: live resources keep their addresses; new ones get the lowest free aligned block, in
//! the order of the VPCs' addresses; no block that is in use, reserved or pinned is assigned. Blocks are decided only here: the code that
//! builds resources makes no choice (docs/architecture.md, invariant 5).

mod addresses;
mod allocate;
mod block;
mod connections;
mod cut;
mod design;
mod free;
mod quotas;
mod zones;

pub use addresses::{peering_address, vpc_address};
pub use allocate::{AddressPlan, Observed, ObservedVpc, Origin, PoolUse, Unmanaged, Unplaced, Vpc, Why, allocate};
pub use block::{Block, ParseBlockError};
pub use connections::{Connections, Gateways, Peering, SharedTier, TransitGateway, Vpn};
pub use cut::{Cut, Subnet, TierBlock, cut};
pub use design::{Design, Dhcp, FlowLog, LARGEST, Layout, Nat, PUBLIC_TIER, Pool, Request, SMALLEST, Share, Tier, has_gateway_endpoint};
pub use free::FreeSpace;
pub use quotas::{Others, Quotas};
pub use zones::{end_of_zone, unread as unread_zones, zone_of};

#[cfg(test)]
pub(crate) mod tests;
