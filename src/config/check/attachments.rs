//! The sets of directly attached policies: their names, their number, and that they allow anything at all. `packing` handles sets that are too
//! large.

use std::collections::{BTreeMap, BTreeSet};

use super::accounts::Planned;
use super::packing::{Crowd, Fit, Packing, part_address};
use super::policies::{Declared, Policies};
use super::table::Facts;
use super::{Model, tree};
use crate::address::{Address, Reference};
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::Organization;
use crate::config::span::{At, List};
use crate::limits::{LIMITS, PolicyTypeLimits};
use crate::plural;
use crate::policy::{Family, Room};
use crate::resource::Kind;
use crate::resource::organizations::{OrganizationalUnit, Policy, organization_address};

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
    packing: Packing,
}

/// Whose set it is, and where it is written: `ou.hipaa`, `team.records.stage.prod`.
struct Target {
    address: Address,
    said: String,
    place: String,
}

/// The resolved sets.
pub(super) struct Resolved {
    pub attachments: Attachments,
    pub packing: Packing,
    /// The keys of the policies that are in a set.
    pub used_policies: BTreeSet<String>,
}

/// Resolves and checks all sets.
pub(super) fn resolve(model: &Model<'_>, policies: &Policies<'_>, accounts: &[Planned<'_>], report: &mut Report) -> Resolved {
    let none = Organization::default();
    let section = model.file.organization.as_ref().map_or(&none, |o| &o.value);
    let mut sets = Sets { model, policies, managed: managed_types(policies, section), used: BTreeSet::new(), packing: Packing::default() };
    let mut all = Attachments::new();
    let root = Target { address: organization_address(), said: "the root".to_owned(), place: "organization".to_owned() };
    sets.set(root, section.policies.as_ref(), &mut all, report);
    for (key, ou) in &model.file.ou {
        let address = OrganizationalUnit::address(key.as_str());
        let target = Target { place: address.to_string(), address, said: format!("the OU `{}`", key.as_str()) };
        sets.set(target, ou.policies.as_ref(), &mut all, report);
    }
    for account in accounts.iter().filter(|account| account.leaves.is_none()) {
        let target =
            Target { address: account.address(), said: format!("the account `{}`", account.key), place: written_in(account, model) };
        sets.set(target, account.policies, &mut all, report);
    }
    let used_policies = sets.used.into_iter().map(str::to_owned).collect();
    Resolved { attachments: all, packing: sets.packing, used_policies }
}

pub(super) fn unattached(facts: &Facts<'_>, report: &mut Report) {
    // A list that was taken out may have named it.
    if report.any_broken(|path| path.first().is_some_and(|section| section != "policy" && section != "limits")) {
        return;
    }
    for policy in facts.policies.values().flatten().filter(|policy| !facts.used_policies.contains(policy.key.as_str())) {
        let summary = format!("the policy `{}` is attached nowhere", policy.key.as_str());
        let hint = format!("name it in the `policies` of the root, an OU or an account, or remove [policy.{}]", policy.key.as_str());
        report.at(policy.key.at(), Code::UnattachedPolicy.warning(summary).hint(hint));
    }
}

/// Where an account's set is written: accounts of a team share the team's, so that what is packed of it is one policy for all.
fn written_in(account: &Planned<'_>, model: &Model<'_>) -> String {
    let Some((team, stage)) = account.team else { return account.address().to_string() };
    let section = model.file.team.get(team).and_then(|team| team.stage.get(stage));
    match section.is_some_and(|stage| stage.policies.is_some()) {
        true => format!("team.{team}.stage.{stage}"),
        false => format!("team.{team}"),
    }
}

/// Declared policies of the type that is left alone.
pub(super) fn left_alone(facts: &Facts<'_>, report: &mut Report) {
    let Some(said) = facts.file.organization.as_ref().and_then(|section| section.leaves_scps()) else { return };
    for policy in facts.policies.values().flatten().filter(|policy| policy.spec.name == SCP) {
        let summary = format!("the policy `{}` is a service control policy, and these are left alone", policy.key.as_str());
        let hint = "remove `service_control_policies = false`, or this section; another kind of policy needs its `type`";
        let diagnostic = Code::UnmanagedPolicy.error(summary).related(report.span(said.at), "left alone here").hint(hint);
        report.at(policy.key.at(), diagnostic);
    }
}

/// Declared policies of a type that AWS enables only while a service has trusted access. Each type is reported once.
pub(super) fn untrusted(facts: &Facts<'_>, report: &mut Report) {
    if report.is_broken(&["organization", "trusted_services"]) {
        return;
    }
    let trusted = facts.file.organization.as_ref().map_or(&[][..], |section| &section.trusted_services);
    let mut told = BTreeSet::new();
    for policy in facts.policies.values().flatten() {
        let Some(service) = &policy.spec.trusted_service else { continue };
        if trusted.iter().any(|trusted| trusted.value == *service) || !told.insert(service) {
            continue;
        }
        let at = policy.section.policy_type.as_ref().map_or(policy.key.at(), |policy_type| policy_type.at);
        let summary = format!("AWS enables `{}` policies only while `{service}` is a trusted service", policy.spec.short);
        report.at(at, Code::UntrustedService.error(summary).hint(format!("add \"{service}\" to `trusted_services` in [organization]")));
    }
}

impl<'p> Sets<'_, 'p> {
    /// One target's set. Left out, it is what AWS attaches itself.
    fn set(&mut self, target: Target, list: Option<&List>, all: &mut Attachments, report: &mut Report) {
        let named: Vec<Named<'p>> = match list {
            None => self.managed.iter().filter(|t| t.name == SCP).map(|t| Named::Aws(t)).collect(),
            Some(list) => {
                super::repeated(list, report);
                let found: Vec<_> = list.iter().map(|name| self.find(name, report)).collect();
                let complete = found.iter().all(Option::is_some);
                let found: Vec<_> = found.into_iter().flatten().collect();
                if complete {
                    self.check_allow(&target.said, list, &found, report);
                }
                found
            }
        };
        // Only for service control policies AWS lets its default be detached.
        let implied = || self.managed.iter().filter(|t| t.name != SCP).filter_map(|t| t.default.clone()).map(Reference::Id);
        let written: BTreeSet<Reference> = named.iter().filter_map(Named::reference).chain(implied()).collect();
        let mut set: BTreeSet<Reference> = named.iter().flat_map(Named::parts).chain(implied()).collect();
        if let Some(list) = list {
            self.fit(&target, list, &named, &mut set, report);
        }
        if set != written {
            self.packing.written.insert(target.address.clone(), written);
        }
        all.insert(target.address, set);
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
                .hint("add \"FullAWSAccess\", or a policy that allows what is needed; to allow nothing on purpose, set `lockdown = true` in [policy.*]");
            report.at(list.at, diagnostic);
        }
    }

    /// Packs a set that is too large for its target, or reports it.
    fn fit(&mut self, target: &Target, list: &List, named: &[Named<'p>], set: &mut BTreeSet<Reference>, report: &mut Report) {
        for spec in self.managed.clone() {
            let Some(limits) = self.model.limits.of(spec) else { continue };
            let of_type = || named.iter().filter(|n| n.spec().name == spec.name);
            let mut attached: BTreeSet<Reference> = of_type().flat_map(Named::parts).collect();
            let implicit = spec.default.clone().filter(|_| spec.name != SCP).map(Reference::Id);
            let added = implicit.is_some_and(|id| attached.insert(id));
            let (count, most) = (attached.len(), limits.attached.most);
            if count <= most {
                continue;
            }
            let declared: BTreeMap<&str, &Declared<'_>> = of_type().filter_map(Named::declared).map(|p| (p.key.as_str(), p)).collect();
            let cut = declared.values().any(|policy| policy.parts.len() > 1);
            let ours: BTreeSet<Reference> = of_type().filter(|n| n.declared().is_some()).flat_map(Named::parts).collect();
            let room = Room { size: limits.size.most, count: most.saturating_sub(count - ours.len()) };
            let crowd = Crowd { place: &target.place, list, spec, declared, room };
            let fit = Family::of_type(&spec.name).map(|_| self.packing.fit(&crowd));
            let (mut detail, mut hint) = (None, "merge some, or attach some to the level above".to_owned());
            match (fit, self.model.packs()) {
                // Of what is a mistake itself nothing can be said.
                (Some(Fit::Unsure), true) => continue,
                (Some(Fit::Packed(packed)), true) => {
                    set.retain(|reference| !ours.contains(reference));
                    set.extend(packed.references.iter().cloned());
                    self.packing.keep(&packed);
                    continue;
                }
                (Some(Fit::Packed(packed)), false) => {
                    hint.push_str(&format!(", or say `pack_policies = true` in [organization]: {}", packed.says()));
                }
                (Some(Fit::TooMuch(why)), true) if cut => detail = Some(format!("a policy that was cut counts as its parts; {why}")),
                (Some(Fit::TooMuch(why)), true) => detail = Some(why),
                (Some(Fit::TooMuch(_) | Fit::Unsure), false) | (None, _) => {}
            }
            let summary =
                format!("{} of type `{}` at {}, and the limit is {most}", plural::count(count, "policy"), spec.short, target.said);
            let mut diagnostic = limits.attached.exceeded(Code::TooManyAttached, summary, report);
            if let (true, Some(name)) = (added, &spec.default_name) {
                diagnostic = diagnostic.detail(format!("`{name}` is one of them: AWS attaches it to everything"));
            }
            if let Some(detail) = detail {
                diagnostic = diagnostic.detail(detail);
            }
            report.at(list.at, diagnostic.hint(hint));
        }
    }
}

impl<'p> Named<'p> {
    fn declared(&self) -> Option<&'p Declared<'p>> {
        match self {
            Self::Declared(policy) => Some(policy),
            Self::Aws(_) => None,
        }
    }

    /// What is attached for it: its documents, which are several where it was cut.
    fn parts(&self) -> Vec<Reference> {
        let several = self.declared().filter(|policy| policy.parts.len() > 1);
        match several {
            Some(policy) => (0..policy.parts.len()).map(|part| part_address(policy.key.as_str(), part).into()).collect(),
            None => self.reference().into_iter().collect(),
        }
    }

    fn spec(&self) -> &'static PolicyTypeLimits {
        match self {
            Self::Declared(policy) => policy.spec,
            Self::Aws(spec) => spec,
        }
    }

    fn reference(&self) -> Option<Reference> {
        match self {
            Self::Declared(policy) => Some(Policy::address(policy.key.as_str()).into()),
            Self::Aws(spec) => spec.default.clone().map(Reference::Id),
        }
    }
}

/// Reserved keys: names that mean something where a section's key is expected.
pub(super) fn is_reserved(section: &str, key: &str) -> bool {
    match section {
        "ou" => key == tree::ROOT,
        "policy" => LIMITS.policy_types.iter().any(|t| t.default_name.as_deref() == Some(key)),
        _ => false,
    }
}
