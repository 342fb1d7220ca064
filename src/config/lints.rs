//! The lints of the policies that org.toml declares, as diagnostics with their places in the JSON.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Code, Loaded, Suppressed, Written};
use crate::address::Address;
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::permissions::{Grants, Permissions, Run};
use crate::policy::{Finding, Setting, Subject, lint};
use crate::resource::Desired;

/// What the lints say about a configuration.
#[derive(Debug, Default)]
pub struct Linted {
    /// What they find, by policy and place. The code of each is the id of its rule.
    pub found: Vec<Diagnostic>,
    /// What they would find, were it not suppressed.
    pub silenced: Vec<Silenced>,
}

/// Findings that are suppressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silenced {
    /// The key of the policy.
    pub policy: String,
    /// The id of the rule.
    pub rule: &'static str,
    /// Why.
    pub reason: String,
    /// How many.
    pub findings: usize,
}

impl Linted {
    /// How many are of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.found.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    /// The findings that every run reports: all but the hints. An error is something that AWS would refuse during an apply, so it stops the run.
    pub(super) fn told(self) -> impl Iterator<Item = Diagnostic> {
        self.found.into_iter().filter(|diagnostic| diagnostic.severity != Severity::Hint)
    }
}

impl Loaded {
    /// What the lints say about its service and resource control policies.
    pub fn lint(&self) -> Linted {
        if self.written.is_empty() {
            return Linted::default();
        }
        let hierarchy = self.hierarchy_as_written();
        let (actions, regions) = (actions(&self.desired), self.desired.network.regions());
        let regions: Vec<&str> = regions.into_iter().collect();
        let catalogue = self.desired.catalogue();
        let setting = Setting {
            hierarchy: &hierarchy,
            catalogue: &catalogue,
            access_role: &self.desired.access_role,
            access_actions: &actions,
            regions: &regions,
            added_regions: &self.desired.added_regions,
        };
        let mut linted = Linted::default();
        for (address, written) in &self.written {
            of_policy(address, written, &setting, &mut linted);
        }
        linted
    }
}

fn of_policy(address: &Address, written: &Written, setting: &Setting<'_>, linted: &mut Linted) {
    let Written { source: _, policy, family, size, limit, suppressed } = written;
    let findings = lint(&Subject { name: address.key(), family: *family, policy, size: *size, limit: *limit }, setting);
    for Suppressed { rule, reason, at } in suppressed {
        let count = findings.iter().filter(|finding| finding.rule.id == *rule).count();
        if count == 0 {
            let summary = format!("`{rule}` finds nothing in the policy `{}`", address.key());
            linted.found.push(Code::UnusedSuppression.warning(summary).at(at.clone()).hint("remove it from `suppress`"));
        } else {
            linted.silenced.push(Silenced { policy: address.key().to_owned(), rule, reason: reason.clone(), findings: count });
        }
    }
    let told = findings.into_iter().filter(|finding| suppressed.iter().all(|s| s.rule != finding.rule.id));
    linted.found.extend(told.map(|finding| diagnostic(written, finding)));
}

fn diagnostic(written: &Written, finding: Finding) -> Diagnostic {
    let span = |range| Span { source: Arc::clone(&written.source), range };
    let mut diagnostic = Diagnostic::warning(finding.summary).code(finding.rule.id).at(span(finding.at)).hint(finding.hint);
    diagnostic.severity = finding.rule.severity;
    match finding.related {
        Some((range, label)) => diagnostic.related(span(range), label),
        None => diagnostic,
    }
}

/// What overlord may call as the access role, of all services.
fn actions(desired: &Desired) -> Vec<String> {
    let Grants { operations, besides, linked_roles, root_tasks: _, deletes: _ } = Permissions::of(desired, Run::Apply).access_role;
    let linked = (!linked_roles.is_empty()).then_some("iam:CreateServiceLinkedRole");
    let actions: BTreeSet<&str> = operations.into_iter().chain(besides).chain(linked).collect();
    actions.into_iter().map(str::to_owned).collect()
}
