//! The table of checks. Each is a function with one rule; `tests/errors` has a configuration that breaks it.

use std::collections::BTreeSet;

use super::accounts::{self, Planned};
use super::network::{connections, default_vpcs, gateways, opt_in, options, pools, quotas, vpcs};
use super::packing::{self, Packing};
use super::policies::{self, Policies};
use super::{Model, attachments, contacts, leaving, organization, root, sections, settings, tree};
use crate::config::report::Report;
use crate::config::section::File;
use crate::config::span::At;
use crate::network::Design;

/// What the checks look at: org.toml, and what was read of it.
pub(super) struct Facts<'a> {
    pub file: &'a File,
    pub model: &'a Model<'a>,
    pub policies: &'a Policies<'a>,
    /// The keys of the policies that are in a set.
    pub used_policies: &'a BTreeSet<String>,
    pub packing: &'a Packing,
    /// In the order of the file.
    pub accounts: &'a [Planned<'a>],
    pub design: &'a Design,
}

impl Facts<'_> {
    /// The id of the management account, if org.toml says it.
    pub fn management_account(&self) -> Option<&At<String>> {
        self.file.organization.as_ref()?.management_account.as_ref()
    }
}

/// A check: what holds in a configuration without errors and warnings, and the function that reports what breaks it.
pub(super) type Check = (&'static str, fn(&Facts<'_>, &mut Report));

/// All checks. Each runs by itself; the order says only which of two diagnostics of one code is kept at one position.
pub(super) const CHECKS: [Check; 45] = [
    ("keys have valid characters, and are not reserved", sections::keys),
    ("AWS accepts the tags", sections::tags),
    ("a list of stages names each once", sections::stages),
    ("AWS accepts the names of OUs", tree::names),
    ("no OU has the name of the lock", tree::lock_name),
    ("parents of OUs are declared", tree::parents),
    ("no OU is above itself", tree::cycles),
    ("OUs are not deeper than AWS allows", tree::depth),
    ("OUs under one parent have different names", tree::duplicates),
    ("OUs are within their quota", tree::quota),
    ("policies of one type have different names", policies::duplicates),
    ("accounts have different keys, e-mail addresses and ids", accounts::clashes),
    ("accounts are within their quota", accounts::quota),
    ("no service control policy is declared if these are left alone", attachments::left_alone),
    ("a type of policies is declared only with its trusted service", attachments::untrusted),
    ("AWS accepts the names of packed policies, and no other policy has them", packing::names),
    ("each policy is attached", attachments::unattached),
    ("there is [organization]", organization::section),
    ("[organization] has a valid `management_account`", organization::management_account),
    ("the home Region is known", organization::home_region),
    ("roles have valid names", organization::role_names),
    ("the read-only role is not the access role", organization::plan_role),
    ("the external id is valid", organization::external_id),
    ("trusted services are service principals, each listed once", organization::trusted_services),
    ("the quarantine is a declared OU", organization::quarantine),
    ("administered services and their administrators are known", organization::administrators),
    ("a service with an administrator is trusted", organization::trusted_administration),
    ("root access is central only with its trusted service", root::access),
    ("root credentials are removed only with central root access", root::credentials),
    ("the management account keeps its root credentials", root::management_credentials),
    ("contacts of members need their trusted service", contacts::trust),
    ("the management account stays", leaving::management_account),
    ("no account that leaves is an administrator", leaving::administrators),
    ("accounts have different aliases", settings::aliases),
    ("safeguards are known, each listed once, and have a Region", settings::known_safeguards),
    ("pools do not overlap", pools::overlapping),
    ("two VPNs do not lead to one office", gateways::same_office),
    ("lists of layouts name each declared layout once", vpcs::names),
    ("flow logs go to a stream of their own account only", options::foreign_streams),
    ("`default_vpc` has a valid value, and an effect", default_vpcs::values),
    ("`regions` lists known opt-in Regions, each once", opt_in::values),
    ("peerings of a VPC are within their quota", connections::peerings),
    ("a VPC attaches only to a gateway that is shared with its account", connections::attachments),
    ("pools have a CIDR block for each VPC", pools::enough),
    ("networks of an account are within its quotas", quotas::of_accounts),
];
