//! Lints: documents that AWS accepts, or refuses late, but that probably do not do what their author meant. Pure, offline, on typed statements
//! with positions.
//!
//! One file per rule, and one table of all rules ([`RULES`]). A rule has examples that trigger it, with corrections; a test and
//! docs/policy-rules.md use them. What AWS refuses in any document of the language is not a lint: `parse` reports it.

mod access_role;
mod assumed_role;
mod bucket_objects;
mod cover;
mod duplicate_sid;
mod for_all_values;
mod global_services;
mod ignored_resource;
mod literal_variable;
mod literal_wildcard;
mod malformed_value;
mod mfa_absent;
mod missing_sid;
mod narrow_allow;
mod nearly_full;
mod never_matches;
mod not_action_allow;
mod operator_type;
mod other_service;
mod rcp_service;
mod shadowed;
mod single_valued;
#[cfg(test)]
mod tests;
mod united_allows;
pub(super) mod unknown_action;
mod unknown_key;
mod unknown_place;
mod unknown_variable;
mod unsupported_element;

use std::collections::BTreeSet;

use super::catalogue::Catalogue;
use super::hierarchy::{Family, Hierarchy};
use super::statement::Policy;
use crate::diagnostic::{ByteRange, Severity};

/// All rules, in the order of their findings.
pub static RULES: &[&Rule] = &[
    &unsupported_element::RULE,
    &united_allows::RULE,
    &for_all_values::RULE,
    &access_role::RULE,
    &global_services::RULE,
    &not_action_allow::RULE,
    &never_matches::RULE,
    &shadowed::RULE,
    &malformed_value::RULE,
    &operator_type::RULE,
    &mfa_absent::RULE,
    &assumed_role::RULE,
    &literal_wildcard::RULE,
    &literal_variable::RULE,
    &unknown_variable::RULE,
    &single_valued::RULE,
    &ignored_resource::RULE,
    &other_service::RULE,
    &bucket_objects::RULE,
    &unknown_place::RULE,
    &rcp_service::RULE,
    &unknown_action::RULE,
    &unknown_key::RULE,
    &duplicate_sid::RULE,
    &missing_sid::RULE,
    &narrow_allow::RULE,
    &nearly_full::RULE,
];

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Its stable name, by which it is suppressed.
    pub id: &'static str,
    /// How bad what it finds is: an error is what AWS refuses, a warning does not do what it seems to, a hint could be better.
    pub severity: Severity,
    /// What it finds: a lower-case fragment.
    pub finds: &'static str,
    /// Why that is unwise, in a sentence or two.
    pub why: &'static str,
    /// At least one, but of a rule about the size.
    pub examples: &'static [Example],
    check: fn(&Subject<'_>, &Setting<'_>) -> Vec<Spot>,
}

impl Rule {
    /// The rule of that name.
    pub fn named(id: &str) -> Option<&'static Self> {
        RULES.iter().find(|rule| rule.id == id).copied()
    }
}

/// A document that triggers a rule, and one that does not.
#[derive(Debug)]
pub struct Example {
    /// The type of both.
    pub family: Family,
    /// A list of statements, or a document, that triggers it.
    pub bad: &'static str,
    /// What was meant.
    pub good: &'static str,
    /// Statements of another policy at the same level, where the rule is about that.
    pub beside: Option<&'static str>,
}

/// A policy that is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'p> {
    /// Its key in org.toml.
    pub name: &'p str,
    /// Its type.
    pub family: Family,
    /// Its statements.
    pub policy: &'p Policy,
    /// Characters without white space.
    pub size: usize,
    /// The most that its type takes.
    pub limit: usize,
}

/// What it is looked at with.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'s> {
    /// The levels and what is attached to them.
    pub hierarchy: &'s Hierarchy,
    /// The actions and condition keys that there are.
    pub catalogue: &'s Catalogue,
    /// The name of the role that overlord assumes in every account.
    pub access_role: &'s str,
    /// The actions that it calls there, as `ec2:CreateVpc`.
    pub access_actions: &'s [String],
    /// The Regions in which it calls them; none when they are not known.
    pub regions: &'s [&'s str],
    /// Regions that there are besides the built-in ones.
    pub added_regions: &'s BTreeSet<String>,
}

/// What a rule has found, before it is said which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Spot {
    at: ByteRange,
    summary: String,
    hint: String,
    related: Option<(ByteRange, String)>,
}

impl Spot {
    fn new(at: ByteRange, summary: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { at, summary: summary.into(), hint: hint.into(), related: None }
    }

    fn related(mut self, at: ByteRange, label: impl Into<String>) -> Self {
        self.related = Some((at, label.into()));
        self
    }
}

/// Something that a rule has found.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Which.
    pub rule: &'static Rule,
    /// Where in the document.
    pub at: ByteRange,
    /// What: a lower-case fragment.
    pub summary: String,
    /// What to do.
    pub hint: String,
    /// A second place of the document, with its label.
    pub related: Option<(ByteRange, String)>,
}

/// All that the rules find in a policy, by place.
pub fn lint(subject: &Subject<'_>, setting: &Setting<'_>) -> Vec<Finding> {
    let of_rule = |rule: &'static Rule| {
        (rule.check)(subject, setting).into_iter().map(move |Spot { at, summary, hint, related }| Finding {
            rule,
            at,
            summary,
            hint,
            related,
        })
    };
    let mut findings: Vec<Finding> = RULES.iter().copied().flat_map(of_rule).collect();
    findings.sort_by_key(|finding| finding.at);
    findings
}
