//! The declared policies: type, name, document, size.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::limits::policy_type;
use super::table::Facts;
use super::{Model, packing, values};
use crate::config::code::Code;
use crate::config::file;
use crate::config::report::Report;
use crate::config::section::Policy;
use crate::config::span::{At, Key};
use crate::config::{Configured, Files, Suppressed, Written};
use crate::diagnostic::{Severity, Source, Span};
use crate::limits::PolicyTypeLimits;
use crate::policy::effective::{Mistake, check};
use crate::policy::{Document, Family, ParseError, Part, Policy as Typed, RULES, Rule};

/// A declared policy whose type is known.
pub(in crate::config) struct Declared<'f> {
    pub(in crate::config) key: &'f Key,
    pub(in crate::config) section: &'f Policy,
    pub(in crate::config) spec: &'static PolicyTypeLimits,
    pub(in crate::config) name: &'f str,
    /// `None` when its file is a mistake.
    pub(in crate::config) document: Option<Document>,
    /// The documents that AWS gets in its place: one, but of what is packed.
    pub(in crate::config) parts: Vec<Part>,
    /// Its statements, of a type that decides about requests.
    pub(in crate::config) written: Option<Written>,
    /// Its settings, of a type that configures.
    pub(in crate::config) configured: Option<Configured>,
}

/// What is kept of a file.
#[derive(Default)]
struct Read {
    document: Option<Document>,
    written: Option<Written>,
    configured: Option<Configured>,
}

impl Declared<'_> {
    /// Whether a set that consists of it is meant to deny everything.
    pub(in crate::config) fn is_lockdown(&self) -> bool {
        self.section.lockdown.as_ref().is_some_and(|lockdown| lockdown.value)
    }
}

/// The declared policies by key. One with an unknown type is there as `None`: reported, and not unknown.
pub(in crate::config) type Policies<'f> = BTreeMap<&'f str, Option<Declared<'f>>>;

/// Reads and checks all policies.
pub(super) fn read<'f>(model: &Model<'f>, files: &Files<'_>, report: &mut Report) -> Policies<'f> {
    let mut policies = BTreeMap::new();
    for (key, section) in &model.file.policy {
        let short = section.policy_type.as_ref();
        let spec = policy_type(short.map_or("scp", |t| t.as_str()), short.map_or(key.at(), |t| t.at), report);
        let declared = spec.map(|spec| {
            let name = section.name.as_ref().map_or(key.as_str(), |n| n.as_str());
            check_texts(key, section, name, report);
            let Read { document, written, configured } = document(key, section, spec, model, files, report);
            let parts = document.as_ref().map(|document| packing::parts(key, section, spec, document, model, report)).unwrap_or_default();
            Declared { key, section, spec, name, document, parts, written, configured }
        });
        policies.insert(key.as_str(), declared);
    }
    policies
}

/// The file of a policy, relative to org.toml.
fn file_of(key: &Key, section: &Policy) -> PathBuf {
    section.file.as_ref().map_or_else(|| Path::new("policies").join(format!("{}.json", key.as_str())), |f| PathBuf::from(&f.value))
}

fn check_texts(key: &Key, section: &Policy, name: &str, report: &mut Report) {
    if let Err(why) = values::policy_name(name) {
        let at = section.name.as_ref().map_or(key.at(), |n| n.at);
        report.at(at, Code::BadName.error(format!("AWS refuses `{name}` as the name of a policy")).hint(why));
    }
    if let Some(description) = &section.description
        && let Err(why) = values::policy_description(description)
    {
        let summary = format!("AWS refuses this description of {} characters", description.chars().count());
        report.at(description.at, Code::BadDescription.error(summary).hint(why));
    }
}

fn document(key: &Key, section: &Policy, spec: &PolicyTypeLimits, model: &Model<'_>, files: &Files<'_>, report: &mut Report) -> Read {
    let relative = file_of(key, section);
    let path = files.shown(&relative);
    let declared_at = section.file.as_ref().map_or(key.at(), |f| f.at);
    let text = match file::text(&path, files.read(&relative)) {
        Ok(text) => text,
        Err(diagnostic) => {
            let hint = diagnostic.hint.clone().unwrap_or_else(|| match section.file {
                Some(_) => "`file` is relative to org.toml".to_owned(),
                None => "write the document there, or give its path with `file`".to_owned(),
            });
            report.at(declared_at, diagnostic.hint(hint));
            return Read::default();
        }
    };
    if packing::is_hopeless(key, section, spec, &text, model, report) {
        return Read::default();
    }
    match Document::parse(&spec.name, &text) {
        Ok(document) => {
            let suppressed = suppressed(section, spec, report);
            let source = Source::new(path, text);
            let (mut written, mut configured) = (None, None);
            match Family::of_type(&spec.name) {
                Some(family) => {
                    let limit = model.limits.of(spec).map_or(0, |limits| limits.size.most);
                    let statements = statements(key, source, report);
                    let size = document.size();
                    written = statements.map(|(source, policy)| Written { source, policy, family, size, limit, suppressed });
                }
                None => configured = settings(key, spec, source, report),
            }
            Read { document: Some(document), written, configured }
        }
        Err(error) => {
            let (range, diagnostic) = match error {
                ParseError::Syntax { message, byte, .. } => {
                    let end = text.get(byte..).and_then(|rest| rest.chars().next()).map_or(byte, |c| byte + c.len_utf8());
                    (byte..end, Code::PolicyNotJson.error(format!("the policy `{}` is not JSON", key.as_str())).label(message))
                }
                ParseError::NotAnObject => {
                    let end = text.lines().next().map_or(0, str::len);
                    (0..end, Code::PolicyNotObject.error(format!("the policy `{}` is not a JSON object", key.as_str())))
                }
            };
            let hint = match spec.short.as_str() {
                "scp" | "rcp" => r#"a policy looks like {"Version": "2012-10-17", "Statement": [ … ]}"#,
                _ => "a policy is one JSON object: { … }",
            };
            let span = Span { source: Arc::new(Source::new(path, text)), range: range.into() };
            report.add(diagnostic.at(span).related(report.span(declared_at), "declared here").hint(hint));
            Read::default()
        }
    }
}

/// What AWS refuses about the statements is a mistake each.
fn statements(key: &Key, source: Source, report: &mut Report) -> Option<(Arc<Source>, Arc<Typed>)> {
    let source = Arc::new(source);
    match Typed::parse(&source.text) {
        Ok(policy) => Some((source, Arc::new(policy))),
        Err(problems) => {
            for problem in problems {
                let summary = format!("AWS refuses the policy `{}`: {}", key.as_str(), problem.summary);
                let span = Span { source: Arc::clone(&source), range: problem.at };
                report.add(Code::PolicyMalformed.error(summary).at(span).hint(problem.hint));
            }
            None
        }
    }
}

/// What AWS refuses about the settings is a mistake each, and what it documents no meaning of a warning.
fn settings(key: &Key, spec: &PolicyTypeLimits, source: Source, report: &mut Report) -> Option<Configured> {
    let source = Arc::new(source);
    let (tree, mistakes) = check(&spec.name, &source.text);
    for Mistake { severity, problem } in mistakes {
        let summary = match severity {
            Severity::Error => format!("AWS refuses the policy `{}`: {}", key.as_str(), problem.summary),
            Severity::Warning | Severity::Hint => problem.summary,
        };
        let mut diagnostic = Code::PolicyMalformed.error(summary);
        diagnostic.severity = severity;
        report.add(diagnostic.at(Span { source: Arc::clone(&source), range: problem.at }).hint(problem.hint));
    }
    tree.map(|tree| Configured { source, tree: Arc::new(tree) })
}

/// The lints that do not hold for it.
fn suppressed(section: &Policy, spec: &PolicyTypeLimits, report: &mut Report) -> Vec<Suppressed> {
    let mut suppressed = Vec::new();
    for (rule, reason) in &section.suppress {
        if Family::of_type(&spec.name).is_none() {
            let summary = format!("no rule checks policies of type `{}`", spec.short);
            report.at(rule.at(), Code::BadSuppression.error(summary).hint("remove `suppress`"));
        } else if let Some(found) = Rule::named(rule.as_str()) {
            if reason.value.trim().is_empty() {
                let hint = "say why, for the next reader";
                report.at(reason.at, Code::BadSuppression.error(format!("`{}` is suppressed without a reason", found.id)).hint(hint));
            }
            suppressed.push(Suppressed { rule: found.id, reason: reason.value.clone(), at: report.span(rule.at()) });
        } else {
            let named = At { value: rule.as_str().to_owned(), at: rule.at() };
            let hint = report.suggest(&named, RULES.iter().map(|rule| rule.id), "the rules are those of `overlord policy lint`");
            report.at(rule.at(), Code::BadSuppression.error(format!("there is no rule `{}`", rule.as_str())).hint(hint));
        }
    }
    suppressed
}

/// Names are unique within a type, AWS's own policies included.
pub(super) fn duplicates(facts: &Facts<'_>, report: &mut Report) {
    let mut by_position: Vec<&Declared<'_>> = facts.policies.values().flatten().collect();
    by_position.sort_by_key(|p| p.key.at());
    let at = |p: &Declared<'_>| p.section.name.as_ref().map_or(p.key.at(), |n| n.at);
    let mut first: BTreeMap<(&str, &str), &Declared<'_>> = BTreeMap::new();
    for policy in by_position {
        let hint = "AWS wants different names within a type: change `name`";
        let slot = (policy.spec.short.as_str(), policy.name);
        if let Some(other) = first.get(&slot) {
            let summary = format!("two policies of type `{}` named `{}`", policy.spec.short, policy.name);
            let diagnostic = Code::DuplicatePolicyName.error(summary).related(report.span(at(other)), "first used here").hint(hint);
            report.at(at(policy), diagnostic);
        } else if policy.section.name.is_some() && policy.spec.default_name.as_deref() == Some(policy.name) {
            let summary = format!("`{}` is the name of a policy of AWS's own", policy.name);
            report.at(at(policy), Code::DuplicatePolicyName.error(summary).hint(hint));
        } else {
            first.insert(slot, policy);
        }
    }
}
