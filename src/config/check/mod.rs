//! The semantic checks: rules of AWS or of the language that a value's type cannot express. Each check reports into the [`Report`] and
//! continues. Their results (accounts, sets of policies, moves) are the input of `expand`.

pub(super) mod accounts;
pub(super) mod attachments;
mod catalogue;
pub(super) mod contacts;
pub(super) mod expectations;
mod frameworks;
mod ignores;
pub(super) mod invitations;
mod leaving;
mod limits;
mod moved;
mod network;
mod organization;
pub(super) mod packing;
pub(super) mod policies;
mod prices;
mod regions;
pub(super) mod root;
pub(super) mod settings;
mod tags;
mod tree;
pub(crate) mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::address::Address;
use crate::cost::Overrides;
use crate::diagnostic::{ByteRange, Diagnostic};
use crate::drift::Ignore;
use crate::network::Design;
use crate::policy::Catalogue;
use crate::policy::framework::Framework;
use crate::resource::Former;

use super::Files;
use super::code::Code;
use super::report::Report;
use super::section::File;
use super::span::{At, Key};

pub(super) use tree::name as ou_name;

/// What the checks look at.
pub(super) struct Model<'f> {
    file: &'f File,
    limits: limits::Limits,
    regions: regions::Regions,
}

impl Model<'_> {
    /// Whether policies that do not fit are packed.
    fn packs(&self) -> bool {
        self.file.organization.as_ref().is_some_and(|organization| organization.value.packs())
    }
}

/// What the checks found out.
pub(super) struct Checked<'f> {
    pub(super) policies: policies::Policies<'f>,
    pub(super) accounts: Vec<accounts::Planned<'f>>,
    pub(super) attachments: attachments::Attachments,
    pub(super) packing: packing::Packing,
    pub(super) moved: BTreeMap<Address, Former>,
    pub(super) network: Design,
    pub(super) prices: Overrides,
    pub(super) tests: Vec<crate::policy::Test>,
    pub(super) ignores: Vec<Ignore>,
    pub(super) quotas: super::Quotas,
    pub(super) frameworks: BTreeMap<String, Framework>,
    pub(super) catalogue: Option<Arc<Catalogue>>,
}

/// Runs all checks.
pub(super) fn check<'f>(file: &'f File, files: &Files<'_>, report: &mut Report) -> Checked<'f> {
    let model = Model { file, limits: limits::Limits::new(&file.limits, report), regions: regions::Regions::new(file, report) };
    keys(file, report);
    declared_tags(file, report);
    stages(file, report);
    tree::check(&model, report);
    let policies = policies::read(&model, files, report);
    let accounts = accounts::expand(&model, report);
    let (attachments, packing) = attachments::resolve(&model, &policies, &accounts, report);
    organization::check(&model, &accounts, report);
    root::check(&model, &accounts, report);
    contacts::check(&model, &accounts, report);
    leaving::check(&model, &accounts, report);
    let moved = moved::check(&model, &accounts, report);
    let network = network::check(&model, &accounts, report);
    let prices = prices::check(&model, report);
    let tests = expectations::check(&model, &accounts, report);
    let ignores = ignores::check(&model, report);
    let catalogue = catalogue::read(&model, files, report);
    let known = catalogue.clone().unwrap_or_else(Catalogue::built_in);
    let frameworks = frameworks::read(&model, files, &known, report);
    let quotas = model.limits.quotas();
    Checked { policies, accounts, attachments, packing, moved, network, prices, tests, ignores, quotas, frameworks, catalogue }
}

/// The keys of all sections.
fn keys(file: &File, report: &mut Report) {
    let stages = file.team.values().flat_map(|t| t.stage.keys()).map(|k| ("stage", k));
    let ous = file.ou.keys().map(|k| ("ou", k));
    let policies = file.policy.keys().map(|k| ("policy", k));
    let teams = file.team.keys().map(|k| ("team", k));
    let accounts = file.account.keys().map(|k| ("account", k));
    let pools = file.pool.keys().map(|k| ("pool", k));
    let layouts = file.vpc.keys().map(|k| ("vpc", k));
    let gateways = file.transit_gateway.keys().map(|k| ("transit_gateway", k)).chain(file.vpn.keys().map(|k| ("vpn", k)));
    let tiers = file.vpc.values().filter_map(|v| v.tiers.as_ref()).flat_map(|t| t.keys()).map(|k| ("tier", k));
    let frameworks = file.framework.keys().map(|k| ("framework", k));
    let stages = stages.chain(frameworks).chain(pools).chain(layouts).chain(gateways).chain(tiers);
    for (section, key) in ous.chain(policies).chain(teams).chain(accounts).chain(stages) {
        if !Key::is_well_formed(key) {
            report.at(key.at(), bad_key(key.as_str()));
        } else if attachments::is_reserved(section, key.as_str()) {
            let summary = format!("`{}` cannot be the key of this section", key.as_str());
            let hint = match section {
                "ou" => "`root` is the root itself, whose policies are in [organization]: choose another key",
                _ => "it is an AWS managed policy, which needs no section: choose another key",
            };
            report.at(key.at(), Code::ReservedKey.error(summary).hint(hint));
        }
    }
}

fn declared_tags(file: &File, report: &mut Report) {
    for (key, ou) in &file.ou {
        tags::check(ou.tags.as_ref(), key.at(), report);
    }
    for (key, policy) in &file.policy {
        tags::check(policy.tags.as_ref(), key.at(), report);
    }
    tags::check_keys(&file.defaults.tags, report);
    for team in file.team.values() {
        tags::check_keys(&team.tags, report);
        team.stage.values().for_each(|stage| tags::check_keys(&stage.tags, report));
    }
    file.account.values().filter_map(|a| a.tags.as_ref()).for_each(|tags| tags::check_keys(tags, report));
}

fn stages(file: &File, report: &mut Report) {
    for list in file.team.values().filter_map(|t| t.stages.as_ref()).chain(&file.defaults.stages) {
        repeated(list, report);
    }
}

/// The places of the headers of a list of tables, such as `[[test]]`, in order: a table without a key has no value that could keep one.
fn headers(text: &str, header: &str) -> Vec<ByteRange> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let squeezed: String = line.split('#').next().unwrap_or_default().split_whitespace().collect();
        if squeezed == header {
            let written = line.trim_start().find("]]").map_or(header.len(), |end| end + 2);
            found.push((start + indent..start + indent + written).into());
        }
        start += line.len();
    }
    found
}

/// Values that occur twice in one list.
fn repeated(list: &[At<String>], report: &mut Report) {
    let mut first = BTreeMap::new();
    for item in list {
        if let Some(other) = first.insert(item.as_str(), item.at) {
            let diagnostic = Code::Repeated.error(format!("`{}` is listed twice", item.value));
            let diagnostic = diagnostic.related(report.span(other), "first here").hint("remove one");
            report.at(item.at, diagnostic);
        }
    }
}

fn bad_key(key: &str) -> Diagnostic {
    Code::BadKey.error(format!("`{key}` cannot be a key")).hint("keys are of the letters a to z and A to Z, digits, `-` and `_`")
}

fn bad_account_id(id: &str) -> Diagnostic {
    Code::BadAccountId.error(format!("invalid account id `{id}`")).hint("an account id is 12 digits, leading zeros included")
}
