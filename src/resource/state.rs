//! The desired and the live state, as every part of the engine uses them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;

use super::{Attributes, Selection, organizations};
use crate::address::Address;
use crate::aws::AccessRole;
use crate::limits::PolicyTypeLimits;
use crate::policy::Catalogue;

/// The desired state: every managed resource, and how to recognise it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, serde::Deserialize)]
pub struct Desired {
    /// The 12-digit id of the only account that overlord may run in.
    pub management_account: String,
    /// The Region of regional calls that belong to the organization.
    pub home_region: String,
    /// The role that CreateAccount creates in new accounts and that overlord assumes in every account.
    pub access_role: String,
    /// All resources by address.
    pub resources: BTreeMap<Address, Attributes>,
    /// The role that read-only runs assume, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_role: Option<String>,
    /// The external id for assuming either role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The quota of accounts in the organization, if org.toml sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_quota: Option<usize>,
    /// The quotas of one account and Region, if org.toml sets them.
    #[serde(default, skip_serializing_if = "crate::network::Quotas::are_built_in")]
    pub network_quotas: crate::network::Quotas,
    /// How many policies may be attached to one target, by AWS's name of their type, if org.toml sets it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attached: BTreeMap<String, usize>,
    /// Accounts recognised by id instead of e-mail.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pinned: BTreeMap<Address, String>,
    /// The OU in which new accounts wait until their guardrails are attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Address>,
    /// Renamed keys: new address to the old one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moved: BTreeMap<Address, Former>,
    /// The stages of each team: its accounts have the keys `<team>-<stage>`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub teams: BTreeMap<String, BTreeSet<String>>,
    /// The networks. Their resources are not in `resources`: their CIDR blocks depend on the live state, so `Plan::build` creates them
    /// ([`Family::expand`](super::Family::expand)).
    #[serde(default)]
    pub network: crate::network::Design,
    /// Prices that org.toml sets instead of the price list.
    #[serde(default, skip_serializing_if = "crate::prices::Overrides::is_empty")]
    pub prices: crate::prices::Overrides,
    /// AWS's actions and condition keys, if the user has a file of them. It is not saved in plans: changes do not depend on it, and the
    /// impact, which does, names its date.
    #[serde(skip)]
    pub catalogue: Option<Arc<Catalogue>>,
    /// Regions in `[limits]` that AWS opened after this version was released.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub added_regions: BTreeSet<String>,
    /// The part of the configuration that the run covers.
    #[serde(default, skip_serializing_if = "Selection::is_everything")]
    pub selection: Selection,
}

impl Desired {
    /// How many policies of a type may be attached to one target.
    pub fn most_attached(&self, limits: &PolicyTypeLimits) -> usize {
        self.attached.get(&limits.name).copied().unwrap_or(limits.attached)
    }

    /// AWS's actions and condition keys: the user's list, or the built-in one.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.clone().unwrap_or_else(Catalogue::built_in)
    }

    /// The role that overlord assumes in every account.
    pub fn role(&self) -> AccessRole {
        AccessRole { name: self.access_role.clone(), external_id: self.external_id.clone() }
    }

    /// The key of the management account, if org.toml has that account by its id.
    pub fn management_key(&self) -> Option<&str> {
        self.pinned.iter().find(|(_, id)| **id == self.management_account).map(|(account, _)| account.key())
    }

    /// The role that a read-only run assumes.
    pub fn reading_role(&self) -> AccessRole {
        AccessRole { name: self.plan_role.as_ref().unwrap_or(&self.access_role).clone(), external_id: self.external_id.clone() }
    }
}

/// The former identity of a `[[moved]]` key.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
pub struct Former {
    /// The address it had, as its `overlord:address` tag says.
    pub address: Address,
    /// The values that identify it without a tag: the name or e-mail from its old key.
    pub names: Vec<String>,
}

/// The live state.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Live {
    /// Resources bound to an address of the configuration, and managed ones that were removed from it.
    pub resources: BTreeMap<Address, LiveResource>,
    /// Unmanaged resources, which overlord does not change, and findings that need the user's attention.
    pub findings: Vec<Finding>,
    /// Why a resource is to be created, if there is more to say than that it does not exist.
    pub reasons: BTreeMap<Address, String>,
    /// The live networks that the allocator must know.
    pub network: crate::network::Observed,
    /// OUs, accounts and policies that the configuration does not name, and their attachments: overlord never changes them, but changes
    /// of guardrails affect them.
    pub beside: BTreeMap<Address, LiveResource>,
    /// Whether an applying run held its lock during the read: the result may be half old and half new.
    pub locked: bool,
    /// New accounts that look like existing ones under another key.
    pub renames: Vec<organizations::Rename>,
    /// The guardrail types that are in use and were not read, since the configuration has none of them.
    pub unread: BTreeSet<crate::policy::Family>,
}

/// One live resource.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
pub struct LiveResource {
    /// AWS's id. `None` for a resource that AWS will create along with another one, such as the attachments of a new OU.
    pub id: Option<String>,
    /// Its attributes, in the same form as the desired ones.
    pub attributes: Attributes,
    /// Whether its `overlord:address` tag says that overlord created it; `None` if its tags were not read.
    pub ours: Option<bool>,
    /// Why it must stay as it is whatever the configuration says: a closed account, for example. No change is planned for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
}

/// A finding: not a change, but worth knowing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
pub struct Finding {
    /// Its severity.
    pub severity: FindingSeverity,
    /// Its subject: an address, or AWS's id with a name.
    pub subject: String,
    /// One line.
    pub summary: String,
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingSeverity {
    /// The plan cannot be applied while this finding exists.
    Error,
    /// Something may fail or surprise.
    Warning,
    /// The resource exists, is not in the configuration, and stays as it is.
    Unmanaged,
}
