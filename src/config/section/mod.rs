//! The sections of org.toml: one file per element, typed and with positions. Their doc comments are the texts of the JSON Schema that editors
//! show, so they address the user. Required fields are optional here: a missing key is one more diagnostic, reported together with the
//! others.

mod account;
mod administrators;
mod contacts;
mod defaults;
mod framework;
mod ignore;
mod inherited;
mod limits;
mod moved;
mod organization;
mod ou;
mod policy;
mod pool;
mod prices;
mod team;
mod test;
mod transit_gateway;
mod vpc;
mod vpn;

pub use account::Account;
pub use administrators::Administrators;
pub use contacts::{AlternateContact, Contacts, PrimaryContact};
pub use defaults::{DEFAULT_VPCS, Defaults};
pub use framework::Framework;
pub use ignore::{Day, Ignore};
pub use inherited::Inherited;
pub use limits::Limits;
pub use moved::Moved;
pub use organization::{Organization, ROOT_ACCESS};
pub use ou::Ou;
pub use policy::Policy;
pub use pool::Pool;
pub use prices::{Prices, RegionPrices};
pub use team::{Stage, Team};
pub use test::{Accounts, Below, Test};
pub use transit_gateway::TransitGateway;
pub use vpc::{FlowLogs, Vpc, Zones};
pub use vpn::Vpn;

use schemars::JsonSchema;
use serde::Deserialize;

use super::span::{At, Table};

/// The configuration of an AWS organization, for overlord.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The organization itself.
    #[schemars(required)]
    pub organization: Option<At<Organization>>,
    /// Quotas that AWS raised for you, and Regions that it opened.
    #[serde(default)]
    pub limits: Limits,
    /// What every account of a team gets unless its team or stage says otherwise.
    #[serde(default)]
    pub defaults: Defaults,
    /// Organizational units by key.
    #[serde(default)]
    pub ou: Table<Ou>,
    /// Policies by key.
    #[serde(default)]
    pub policy: Table<Policy>,
    /// Dated lists of services that accounts are restricted to, by key.
    #[serde(default)]
    pub framework: Table<Framework>,
    /// Teams by key: each gets one account per stage.
    #[serde(default)]
    pub team: Table<Team>,
    /// Single accounts by key.
    #[serde(default)]
    pub account: Table<Account>,
    /// Ranges of addresses for networks, by key.
    #[serde(default)]
    pub pool: Table<Pool>,
    /// Layouts of networks, by key.
    #[serde(default)]
    pub vpc: Table<Vpc>,
    /// What you pay for the parts of networks.
    #[serde(default)]
    pub prices: Prices,
    /// Transit gateways, by key.
    #[serde(default)]
    pub transit_gateway: Table<TransitGateway>,
    /// Offices that VPCs have a VPN connection to, by key.
    #[serde(default)]
    pub vpn: Table<Vpn>,
    /// What the guardrails must allow and must deny.
    #[serde(default)]
    pub test: Vec<Test>,
    /// Keys that were renamed: nothing is rebuilt.
    #[serde(default)]
    pub moved: Vec<Moved>,
    /// Drift that is expected for a while.
    #[serde(default)]
    pub ignore: Vec<Ignore>,
}

impl File {
    /// The Regions of layouts and transit gateways.
    pub fn network_regions(&self) -> impl Iterator<Item = &At<String>> {
        let layouts = self.vpc.values().filter_map(|layout| layout.region.as_ref());
        layouts.chain(self.transit_gateway.values().filter_map(|gateway| gateway.region.as_ref()))
    }
}

/// Words that the language will have and this version does not, each with a hint: accepting them would be a promise not kept.
pub(super) const LATER: [(&str, &str); 1] = [("role", "roles are not supported yet")];
