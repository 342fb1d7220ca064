//! The semantic checks: rules of AWS or of the language that a value's type cannot express. Each reports into the [`Report`] and
//! continues.
//!
//! First the readers turn sections into what `expand` needs: accounts, sets of policies, moves, networks. They report values that they
//! cannot read. Then the checks of the [`table`] compare what was read. A new check is a function and a line of that table.

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
mod sections;
pub(super) mod settings;
mod table;
mod tags;
mod tree;
pub(crate) mod values;

use std::collections::{BTreeMap, BTreeSet};
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
use super::span::At;
use table::{CHECKS, Facts};

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

/// What was read of the sections.
pub(super) struct Checked<'f> {
    model: Model<'f>,
    /// The keys of the policies that are in a set.
    used_policies: BTreeSet<String>,
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

impl Checked<'_> {
    /// What the checks look at.
    fn facts(&self) -> Facts<'_> {
        Facts {
            file: self.model.file,
            model: &self.model,
            policies: &self.policies,
            used_policies: &self.used_policies,
            packing: &self.packing,
            accounts: &self.accounts,
            design: &self.network,
        }
    }
}

/// Reads everything that the sections declare, then runs all checks.
pub(super) fn check<'f>(file: &'f File, files: &Files<'_>, report: &mut Report) -> Checked<'f> {
    let checked = read(file, files, report);
    let facts = checked.facts();
    for (_, check) in &CHECKS {
        check(&facts, report);
    }
    checked
}

fn read<'f>(file: &'f File, files: &Files<'_>, report: &mut Report) -> Checked<'f> {
    let model = Model { file, limits: limits::Limits::new(&file.limits, report), regions: regions::Regions::new(file, report) };
    let policies = policies::read(&model, files, report);
    let accounts = accounts::expand(&model, report);
    let attachments::Resolved { attachments, packing, used_policies } = attachments::resolve(&model, &policies, &accounts, report);
    let moved = moved::check(&model, &accounts, report);
    let network = network::read(&model, &accounts, report);
    let prices = prices::check(&model, report);
    let tests = expectations::check(&model, &accounts, report);
    let ignores = ignores::check(&model, report);
    let catalogue = catalogue::read(&model, files, report);
    let known = catalogue.clone().unwrap_or_else(Catalogue::built_in);
    let frameworks = frameworks::read(&model, files, &known, report);
    let quotas = model.limits.quotas();
    Checked {
        model,
        used_policies,
        policies,
        accounts,
        attachments,
        packing,
        moved,
        network,
        prices,
        tests,
        ignores,
        quotas,
        frameworks,
        catalogue,
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::config::{file, parse};
    use crate::diagnostic::Source;

    /// The rules that the configuration in a folder breaks.
    fn broken_rules(folder: &Path) -> Vec<&'static str> {
        let path = folder.join("org.toml");
        let Ok(text) = file::text(&path, file::read(&path)) else { return Vec::new() };
        let source = Arc::new(Source::new(&path, text));
        let mut report = Report::new(Arc::clone(&source));
        let Some((file, _)) = parse(&source, &mut report) else { return Vec::new() };
        let read_below = |relative: &Path| file::read_below(folder, relative);
        let checked = read(&file, &Files::new(folder, &read_below), &mut report);
        let breaks = |(_, check): &&table::Check| {
            let mut report = report.without_findings();
            check(&checked.facts(), &mut report);
            !report.finish().is_empty()
        };
        CHECKS.iter().filter(breaks).map(|(rule, _)| *rule).collect()
    }

    #[test]
    fn each_check_has_a_configuration_that_breaks_it() {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
        let folders = fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
        let broken: BTreeSet<&str> = folders.flat_map(|folder| broken_rules(&folder)).collect();
        let rules: BTreeSet<&str> = CHECKS.iter().map(|(rule, _)| *rule).collect();
        assert_eq!(rules.len(), CHECKS.len(), "two checks have one rule");
        assert_eq!(broken, rules, "add a configuration to tests/errors");
        let example = broken_rules(Path::new(env!("CARGO_MANIFEST_DIR")));
        assert!(example.is_empty(), "the worked example breaks {example:?}");
    }
}
