//! Diagnostics for inherited management policies: settings without effect, and settings whose effect is unknown, with positions in the JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Code, Configured, Loaded};
use crate::address::Address;
use crate::diagnostic::{Diagnostic, Span};
use crate::guardrails::Inheritance;
use crate::policy::effective::{Doubt, Ignored, Place, Tree};
use crate::resource::Kind;
use crate::resource::organizations::{Organization, Policy};

impl Loaded {
    /// Which accounts inherit which management policies.
    pub fn inheritance(&self) -> Inheritance {
        let trees: BTreeMap<Address, Arc<Tree>> =
            self.configured.iter().map(|(address, configured)| (address.clone(), Arc::clone(&configured.tree))).collect();
        Inheritance::of_desired(&self.desired, &trees)
    }

    /// The place of something that a policy that configures says.
    pub fn said_at(&self, place: &Place) -> Option<Span> {
        let Configured { source, tree: _ } = self.configured.get(&Policy::address(&*place.policy))?;
        Some(Span { source: Arc::clone(source), range: place.at })
    }

    /// Each thing once, though many levels may say it: the first of them is named.
    pub(super) fn unsettled(&self) -> Vec<Diagnostic> {
        if self.configured.is_empty() {
            return Vec::new();
        }
        let inheritance = self.inheritance();
        let mut told = BTreeMap::new();
        for policy_type in inheritance.types() {
            for level in inheritance.attached_to(policy_type) {
                let Some(effective) = inheritance.effective(level, policy_type) else { continue };
                for ignored in effective.ignored.iter().filter(|ignored| ignored.said.level == *level) {
                    told.entry(key(&ignored.said)).or_insert_with(|| self.ineffective(ignored));
                }
                for doubt in effective.doubts.iter().filter(|doubt| doubt.said.first().is_some_and(|place| place.level == *level)) {
                    if let Some(first) = doubt.said.first() {
                        told.entry(key(first)).or_insert_with(|| self.doubtful(doubt, first));
                    }
                }
            }
        }
        told.into_values().collect()
    }

    fn ineffective(&self, ignored: &Ignored) -> Diagnostic {
        let Ignored { path, verb, said, forbidden } = ignored;
        let what = match verb {
            Some(verb) => format!("`{}` of `{}` has no effect", verb.name(), path.join(".")),
            None => format!("`{}` is added to no effect", path.join(".")),
        };
        let summary = format!("{what} at {}: `{}`, attached above it, does not allow it", level(&said.level), forbidden.policy);
        let diagnostic = Code::PolicyIneffective.warning(summary).hint("remove it here, or allow it there");
        self.with_places(diagnostic, said, Some((forbidden, "not allowed here")))
    }

    fn doubtful(&self, doubt: &Doubt, first: &Place) -> Diagnostic {
        let Doubt { path, why, said } = doubt;
        let summary = format!("the value of `{}` at {} is unknown", path.join("."), level(&first.level));
        let diagnostic = Code::PolicyDoubtful.warning(summary).detail(why.says()).hint("let one policy of the level say it");
        let other = said.iter().find(|place| place.policy != first.policy).map(|place| (place, "and here"));
        self.with_places(diagnostic, first, other)
    }

    fn with_places(&self, diagnostic: Diagnostic, at: &Place, related: Option<(&Place, &str)>) -> Diagnostic {
        let diagnostic = match self.said_at(at) {
            Some(span) => diagnostic.at(span),
            None => diagnostic,
        };
        match related.and_then(|(place, label)| Some((self.said_at(place)?, label))) {
            Some((span, label)) => diagnostic.related(span, label),
            None => diagnostic,
        }
    }
}

fn key(place: &Place) -> (Arc<str>, usize) {
    (Arc::clone(&place.policy), place.at.start)
}

fn level(address: &Address) -> String {
    if Organization::has(address) { "the root".to_owned() } else { format!("`{address}`") }
}
