//! The settings that inherited keys give accounts: a function for each key, from its value to the resources of one account.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::table::Facts;
use super::{Model, repeated, values};
use crate::address::{Address, Scope};
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::Inherited;
use crate::config::template::{Names, fill};
use crate::diagnostic::ByteRange;
use crate::limits::LIMITS;
use crate::resource::account_defaults::{EbsEncryptionDefault, EbsEncryptionDefaultAttributes};
use crate::resource::iam::{AccountAlias, AccountAliasAttributes};
use crate::resource::{Attributes, Kind, ONLY, untyped};

/// The account that settings are made for.
#[derive(Clone, Copy)]
pub(super) struct Of<'a> {
    /// Its key, team and stage.
    pub names: Names<'a>,
    /// The nearest value of each key.
    pub inherited: Inherited<'a>,
}

/// The settings of one account, by address, with the places of their values.
pub(in crate::config) type Planned = BTreeMap<Address, (Attributes, ByteRange)>;

type Expand = fn(Of<'_>, &Model<'_>, &mut Report) -> Planned;

/// A row for each key.
const KEYS: &[Expand] = &[alias, safeguards];

/// All settings of an account.
pub(super) fn of_account(of: Of<'_>, model: &Model<'_>, report: &mut Report) -> Planned {
    let mut planned = Planned::new();
    for expand in KEYS {
        planned.append(&mut expand(of, model, report));
    }
    planned
}

/// `alias`.
fn alias(of: Of<'_>, _model: &Model<'_>, report: &mut Report) -> Planned {
    let Some(made) = of.inherited.alias.and_then(|template| fill(template, of.names, report)) else { return Planned::new() };
    if let Err(why) = values::account_alias(&made.text) {
        report.at(made.at, Code::BadAlias.error(format!("AWS refuses `{}` as the alias of an account", made.text)).hint(why));
        return Planned::new();
    }
    let address = Address::in_account(of.names.account, AccountAlias::SPEC.kind, ONLY);
    Planned::from([(address, (untyped(&AccountAliasAttributes { alias: made.text }), made.at))])
}

/// `safeguards`. That the words are known is a check of its own.
fn safeguards(of: Of<'_>, model: &Model<'_>, _report: &mut Report) -> Planned {
    let mut planned = Planned::new();
    for safeguard in of.inherited.safeguards.into_iter().flat_map(|list| list.iter()).filter(|word| word.value == EBS_ENCRYPTION) {
        for region in of.regions(model) {
            let scope = Scope { account: of.names.account.to_owned(), region };
            let address = Address::within(scope, EbsEncryptionDefault::SPEC.kind, ONLY);
            planned.insert(address, (untyped(&EbsEncryptionDefaultAttributes { enabled: true }), safeguard.at));
        }
    }
    planned
}

/// The safeguard that encrypts all new EBS volumes.
const EBS_ENCRYPTION: &str = "ebs-encryption";

/// The words that `safeguards` takes.
const SAFEGUARDS: [&str; 1] = [EBS_ENCRYPTION];

/// Each list of safeguards has known words, each once, and a Region to be in.
pub(super) fn known_safeguards(facts: &Facts<'_>, report: &mut Report) {
    let has_regions = !facts.design.regions().is_empty() || report.is_broken(&["organization", "regions"]);
    for list in facts.file.inherited().filter_map(|keys| keys.safeguards) {
        repeated(list, report);
        for word in list.iter() {
            if !SAFEGUARDS.contains(&word.as_str()) {
                let hint = report.suggest(word, SAFEGUARDS.into_iter(), "choose one");
                report.at(word.at, Code::BadSafeguard.error(format!("there is no safeguard `{}`", word.value)).hint(hint));
            } else if !has_regions {
                let diagnostic = Code::BadSafeguard.error(format!("`{}` has no Region to be in", word.value));
                report.at(word.at, diagnostic.hint("list the Regions that accounts use: `regions` of [organization]"));
            }
        }
    }
}

/// No two accounts of AWS have the same alias.
pub(super) fn aliases(facts: &Facts<'_>, report: &mut Report) {
    let mut aliases: BTreeMap<String, &str> = BTreeMap::new();
    for account in facts.accounts {
        let own = account.settings.iter().filter(|(address, _)| AccountAlias::has(address));
        for (_, (attributes, at)) in own {
            let Some(Value::String(alias)) = attributes.get("alias") else { continue };
            match aliases.get(&alias) {
                None => {
                    aliases.insert(alias, &account.key);
                }
                Some(other) => {
                    let summary = format!("`{other}` and `{}` have the same alias `{alias}`", account.key);
                    let hint = "give each its own: with a template, `alias = \"example-{account}\"`";
                    report.at(*at, Code::BadAlias.error(summary).hint(hint));
                }
            }
        }
    }
}

impl Of<'_> {
    /// The Regions in which this account has settings: the governed ones, and those of layouts and transit gateways; of the Regions that
    /// must be enabled, only those that org.toml enables in it.
    fn regions(&self, model: &Model<'_>) -> BTreeSet<String> {
        let file = model.file;
        let governed = file.organization.iter().flat_map(|organization| &organization.regions);
        let own_layouts: BTreeSet<&str> = self.inherited.vpc.iter().flat_map(|list| list.iter()).map(|name| name.as_str()).collect();
        let of_own_layouts = file.vpc.iter().filter(|(key, _)| own_layouts.contains(key.as_str())).filter_map(|(_, l)| l.region.as_ref());
        let listed = self.inherited.regions.iter().flat_map(|list| list.iter());
        let enabled: BTreeSet<&str> = of_own_layouts.chain(listed).map(|region| region.as_str()).collect();
        let everywhere = governed.chain(file.network_regions()).map(|region| region.as_str());
        let usable = everywhere.filter(|region| !LIMITS.regions.is_opt_in(region) || enabled.contains(region));
        usable.chain(enabled.iter().copied()).filter(|region| model.regions.is_known(region)).map(str::to_owned).collect()
    }
}
