//! The networks: which account has which addresses. New VPCs are planned around the live ones.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::address::Address;
use crate::network::{AddressPlan, Design, Origin, allocate};
use crate::resource::{Desired, Live};

/// The networks.
#[derive(Debug, Serialize)]
pub struct Networks<'a> {
    /// The pools, by key.
    pub pools: Vec<Pool>,
    /// The layouts, by key.
    pub layouts: Vec<Layout>,
    /// Accounts whose networks could not be read, by key, and why.
    pub unread: BTreeMap<String, String>,
    /// VPCs without a free block, by address, and why.
    pub unplaced: BTreeMap<String, String>,
    /// The desired networks, for drawings.
    #[serde(skip)]
    pub design: &'a Design,
    /// The same with addresses, for drawings.
    #[serde(skip)]
    pub plan: AddressPlan,
}

/// A pool, in addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pool {
    /// Its key.
    pub pool: String,
    /// All of it.
    pub cidr: String,
    /// Addresses that it has.
    pub addresses: u64,
    /// Addresses of VPCs, live or planned.
    pub used: u64,
    /// Free addresses.
    pub free: u64,
    /// How many VPCs it has.
    pub vpcs: usize,
}

/// A layout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layout {
    /// Its key.
    pub layout: String,
    /// Its Region.
    pub region: String,
    /// VPCs that are live.
    pub live: usize,
    /// VPCs that are in org.toml but not in AWS.
    pub planned: usize,
}

/// A VPC of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vpc {
    /// The key of its layout.
    pub layout: String,
    /// Its Region.
    pub region: String,
    /// Its block.
    pub cidr: String,
    /// Whether AWS has it.
    pub is_live: bool,
}

impl<'a> Networks<'a> {
    pub(super) fn of(desired: &'a Desired, live: &Live) -> Self {
        let (design, plan) = (&desired.network, allocate(&desired.network, &live.network));
        let pools = design.pools.iter().map(|(key, pool)| {
            let used = plan.pools.get(key);
            Pool {
                pool: key.clone(),
                cidr: pool.cidr.to_string(),
                addresses: pool.cidr.size(),
                used: used.map_or(0, |used| used.vpcs.values().map(|block| block.size()).sum()),
                free: used.map_or(0, |used| used.free.size()),
                vpcs: used.map_or(0, |used| used.vpcs.len()),
            }
        });
        let layouts = design.layouts.iter().map(|(key, layout)| {
            let of_layout = plan.vpcs.values().filter(|vpc| vpc.layout == *key);
            let (there, planned): (Vec<_>, Vec<_>) = of_layout.partition(|vpc| vpc.origin == Origin::Live);
            Layout { layout: key.clone(), region: layout.region.clone(), live: there.len(), planned: planned.len() }
        });
        Self {
            pools: pools.collect(),
            layouts: layouts.collect(),
            unread: live.network.unreachable.clone(),
            unplaced: plan.unplaced.iter().map(|(address, unplaced)| (address.to_string(), unplaced.why.to_string())).collect(),
            design,
            plan,
        }
    }

    /// The VPCs of an account, by Region and layout.
    pub(super) fn of_account(&self, account: &str) -> Vec<Vpc> {
        let first = Address::within(crate::address::Scope { account: account.to_owned(), region: String::new() }, "", "");
        let own = self.plan.vpcs.range(first..).take_while(|(address, _)| address.scope().is_some_and(|scope| scope.account == account));
        let vpc = |(address, vpc): (&Address, &crate::network::Vpc)| Vpc {
            layout: vpc.layout.clone(),
            region: address.scope().map(|scope| scope.region.clone()).unwrap_or_default(),
            cidr: vpc.block.to_string(),
            is_live: vpc.origin == Origin::Live,
        };
        own.map(vpc).collect()
    }
}
