//! The sets of directly attached policies: what they name, how many, and that they allow anything at all.

use std::collections::{BTreeMap, BTreeSet};

use super::accounts::Planned;
use super::policies::{Declared, Policies};
use super::{Model, tree};
use crate::address::{Address, Reference};
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::Organization;
use crate::config::span::{At, List};
use crate::limits::{LIMITS, PolicyTypeLimits};
use crate::resource::organizations::organization_address;

/// The type whose sets must allow something.
const SCP: &str = "SERVICE_CONTROL_POLICY";

/// The whole set of every target, by the target's address.
pub(in crate::config) type Attachments = BTreeMap<Address, BTreeSet<Reference>>;

/// The managed types: service control policies unless they are left alone, and each type of a declared policy.
pub(in crate::config) fn managed_types(policies: &Policies<'_>, section: &Organization) -> Vec<&'static PolicyTypeLimits> {
    let declared: BTreeSet<&str> = policies.values().flatten().map(|p| p.spec.name.as_str()).collect();
    let managed = |t: &&PolicyTypeLimits| (t.name == SCP && section.leaves_scps().is_none()) || declared.contains(t.name.as_str());
    LIMITS.policy_types.iter().filter(managed).collect()
}

/// A policy of a set.
enum Named<'p> {
    Declared(&'p Declared<'p>),
    /// One of AWS's own: the default of a type.
    Aws(&'static PolicyTypeLimits),
}

struct Sets<'m, 'p> {
    model: &'m Model<'m>,
    policies: &'p Policies<'p>,
    managed: Vec<&'static PolicyTypeLimits>,
    used: BTreeSet<&'p str>,
}

/// Resolves and checks all sets, and warns of policies that stand in none.
pub(super) fn resolve(model: &Model<'_>, policies: &Policies<'_>, accounts: &[Planned<'_>], report: &mut Report) -> Attachments {
    let none = Organization::default();
    let section = model.file.organization.as_ref().map_or(&none, |o| &o.value);
    left_alone(section, policies, report);
    let mut sets = Sets { model, policies, managed: managed_types(policies, section), used: BTreeSet::new() };
    let mut all = Attachments::new();
    let root = section.policies.as_ref();
    all.insert(organization_address(), sets.set("the root", root, report));
    for (key, ou) in &model.file.ou {
        all.insert(Address::new("ou", key.as_str()), sets.set(&format!("the OU `{}`", key.as_str()), ou.policies.as_ref(), report));
    }
    for account in accounts.iter().filter(|account| account.leaves.is_none()) {
        all.insert(account.address(), sets.set(&format!("the account `{}`", account.key), account.policies, report));
    }
    // A list that was taken out may have named it.
    let unsure = report.any_broken(|path| path.first().is_some_and(|section| section != "policy" && section != "limits"));
    for policy in policies.values().flatten() {
        if !sets.used.contains(policy.key.as_str()) && !unsure {
            let summary = format!("the policy `{}` is attached nowhere", policy.key.as_str());
            let hint = format!("name it in the `policies` of the root, an OU or an account, or remove [policy.{}]", policy.key.as_str());
            report.at(policy.key.at(), Code::UnattachedPolicy.warning(summary).hint(hint));
        }
    }
    all
}

/// Declared policies of the type that is left alone.
fn left_alone(section: &Organization, policies: &Policies<'_>, report: &mut Report) {
    let Some(said) = section.leaves_scps() else { return };
    for policy in policies.values().flatten().filter(|policy| policy.spec.name == SCP) {
        let summary = format!("the policy `{}` is a service control policy, and these are left alone", policy.key.as_str());
        let hint = "remove `service_control_policies = false`, or this section; another kind of policy needs its `type`";
        let diagnostic = Code::UnmanagedPolicy.error(summary).related(report.span(said.at), "left alone here").hint(hint);
        report.at(policy.key.at(), diagnostic);
    }
}

impl<'p> Sets<'_, 'p> {
    /// One target's set. Left out, it is what AWS attaches itself.
    fn set(&mut self, target: &str, list: Option<&List>, report: &mut Report) -> BTreeSet<Reference> {
        let named: Vec<Named<'p>> = match list {
            None => self.managed.iter().filter(|t| t.name == SCP).map(|t| Named::Aws(t)).collect(),
            Some(list) => {
                super::repeated(list, report);
                let found: Vec<_> = list.iter().map(|name| self.find(name, report)).collect();
                let complete = found.iter().all(Option::is_some);
                let found: Vec<_> = found.into_iter().flatten().collect();
                if complete {
                    self.check_allow(target, list, &found, report);
                }
                found
            }
        };
        let mut set: BTreeSet<Reference> = named.iter().filter_map(Named::reference).collect();
        // Only for service control policies AWS lets its default be detached.
        set.extend(self.managed.iter().filter(|t| t.name != SCP).filter_map(|t| t.default.clone()).map(Reference::Id));
        if let Some(list) = list {
            self.check_count(target, list, &named, report);
        }
        set
    }

    fn find(&mut self, name: &At<String>, report: &mut Report) -> Option<Named<'p>> {
        if let Some((key, declared)) = self.policies.get_key_value(name.as_str()) {
            self.used.insert(key);
            return declared.as_ref().map(Named::Declared);
        }
        if let Some(spec) = LIMITS.policy_types.iter().find(|t| t.default_name.as_deref() == Some(name.as_str())) {
            if self.managed.iter().any(|t| t.name == spec.name) {
                return Some(Named::Aws(spec));
            }
            let summary = format!("`{}` is named, and no policy of type `{}` is declared", name.value, spec.short);
            let hint = match spec.name.as_str() {
                SCP => "remove it, or remove `service_control_policies = false` from [organization]",
                _ => "remove it: overlord manages a policy type once a policy of it is declared, and AWS keeps this one attached by itself",
            };
            report.at(name.at, Code::UnknownPolicy.error(summary).hint(hint));
            return None;
        }
        if !report.is_broken(&["policy", name.as_str()]) {
            // What the user meant is used, though not yet named right.
            if let Some(near) = report.similar(name, self.policies.keys().copied()) {
                self.used.insert(near);
            }
            let aws = self.managed.iter().filter_map(|t| t.default_name.as_deref());
            let known = self.policies.keys().copied().chain(aws);
            let hint = report.suggest(name, known, &format!("declare it: [policy.{}]", name.value));
            report.at(name.at, Code::UnknownPolicy.error(format!("unknown policy `{}`", name.value)).hint(hint));
        }
        None
    }

    fn check_allow(&self, target: &str, list: &List, found: &[Named<'_>], report: &mut Report) {
        if !self.managed.iter().any(|t| t.name == SCP) {
            return;
        }
        let allows = found.iter().any(|named| match named {
            Named::Aws(spec) => spec.name == SCP,
            // A document that is a mistake may allow something once it is mended.
            Named::Declared(policy) => {
                policy.spec.name == SCP && (policy.is_lockdown() || policy.document.as_ref().is_none_or(|d| d.has_allow()))
            }
        });
        if !allows {
            let diagnostic = Code::NoAllow
                .error(format!("the policies of {target} allow nothing"))
                .label("no service control policy with an Allow")
                .detail("service control policies allow what every level allows: a level without an Allow denies everything below it")
                .hint("add \"FullAWSAccess\", or a policy that allows what is wanted; where nothing is to be allowed, `lockdown = true` in [policy.*] says so");
            report.at(list.at, diagnostic);
        }
    }

    fn check_count(&self, target: &str, list: &List, named: &[Named<'_>], report: &mut Report) {
        for spec in &self.managed {
            let Some(limits) = self.model.limits.of(spec) else { continue };
            let mut of_type: BTreeSet<Reference> =
                named.iter().filter(|n| n.spec().name == spec.name).filter_map(Named::reference).collect();
            let implicit = spec.default.clone().filter(|_| spec.name != SCP).map(Reference::Id);
            let added = implicit.is_some_and(|id| of_type.insert(id));
            if of_type.len() > limits.attached.most {
                let most = limits.attached.most;
                let summary = format!("{} policies of type `{}` at {target}, and the limit is {most}", of_type.len(), spec.short);
                let mut diagnostic = limits.attached.exceeded(Code::TooManyAttached, summary, report);
                if let (true, Some(name)) = (added, &spec.default_name) {
                    diagnostic = diagnostic.detail(format!("`{name}` is one of them: AWS attaches it to everything"));
                }
                report.at(list.at, diagnostic.hint("merge some, or attach some to the level above"));
            }
        }
    }
}

impl Named<'_> {
    fn spec(&self) -> &'static PolicyTypeLimits {
        match self {
            Self::Declared(policy) => policy.spec,
            Self::Aws(spec) => spec,
        }
    }

    fn reference(&self) -> Option<Reference> {
        match self {
            Self::Declared(policy) => Some(Address::new("policy", policy.key.as_str()).into()),
            Self::Aws(spec) => spec.default.clone().map(Reference::Id),
        }
    }
}

/// Reserved keys: names that mean something where a section's key is expected.
pub(super) fn is_reserved(kind: &str, key: &str) -> bool {
    match kind {
        "ou" => key == tree::ROOT,
        "policy" => LIMITS.policy_types.iter().any(|t| t.default_name.as_deref() == Some(key)),
        _ => false,
    }
}
