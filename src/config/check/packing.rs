//! Documents and sets of service and resource control policies that exceed AWS's limits. They are a mistake, reported with the numbers. With
//! `pack_policies = true` in `[organization]`, overlord packs them instead, and compares and applies the result like any other policies.
//!
//! Addresses and names are derived from the place of the text in org.toml: `policy.<key>.2` is the second part of a document, and
//! `policy.packed.ou.<key>.scp.1` is merged from the OU's set. Keys contain no dot, so no name clashes with a declared policy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attachments::Attachments;
use super::policies::Declared;
use super::table::Facts;
use super::{Model, values};
use crate::address::{Address, Reference};
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::Policy;
use crate::config::span::{Key, List};
use crate::diagnostic::ByteRange;
use crate::limits::PolicyTypeLimits;
use crate::policy::{Document, Family, Origin, Part, Room, Unpackable, characters, pack, split};
use crate::resource::{Kind, organizations};

/// What was packed.
#[derive(Default)]
pub(in crate::config) struct Packing {
    /// What was merged, by address.
    pub(in crate::config) merged: BTreeMap<Address, Merged>,
    /// The sets as they are written, of each target whose set was packed.
    pub(in crate::config) written: Attachments,
    /// What was tried, by list and type: accounts of a team share theirs.
    tried: BTreeMap<(ByteRange, &'static str), Fit>,
}

/// Whether a set can be packed.
#[derive(Clone)]
pub(super) enum Fit {
    Packed(Arc<Packed>),
    /// Why not, with the numbers.
    TooMuch(String),
    /// A document of it is a mistake.
    Unsure,
}

/// A set that was made fit.
pub(super) struct Packed {
    pub(super) references: Vec<Reference>,
    merged: Vec<(Address, Merged)>,
}

impl Packed {
    /// What is done to it, in words.
    pub(super) fn says(&self) -> String {
        let from: usize = self.merged.iter().map(|(_, merged)| merged.members).sum();
        let into = self.merged.len();
        format!("{from} of them are merged into {into}")
    }
}

/// A policy that several others became.
#[derive(Clone)]
pub(in crate::config) struct Merged {
    pub(in crate::config) name: String,
    pub(in crate::config) description: String,
    pub(in crate::config) spec: &'static PolicyTypeLimits,
    pub(in crate::config) document: Document,
    /// Of each statement the key of its policy, and its number in the policy's file.
    pub(in crate::config) origins: Vec<(String, usize)>,
    /// How many policies, or parts of such, were merged.
    members: usize,
    at: ByteRange,
}

/// The address of a part of a policy, from 0.
pub(in crate::config) fn part_address(key: &str, part: usize) -> Address {
    organizations::Policy::address(part_name(key, part))
}

/// The name of a part of a policy, from 0.
pub(in crate::config) fn part_name(name: &str, part: usize) -> String {
    if part == 0 { name.to_owned() } else { format!("{name}.{}", part + 1) }
}

/// How many times the limit the text of a document may be. White space while_waiting, its length is known without parsing it. What is uploaded is its canonical
/// form, though, which is shorter where the text repeats values, and only parsing shows by how much. So a text of up to twice the limit is parsed, once.
const ROOM: usize = 2;

/// Reports a text that is so long that no document within the limit can come of it. Such a text is not parsed.
pub(super) fn is_hopeless(
    key: &Key,
    section: &Policy,
    spec: &PolicyTypeLimits,
    text: &str,
    model: &Model<'_>,
    report: &mut Report,
) -> bool {
    let limits = model.limits.of(spec).filter(|_| Family::of_type(&spec.name).is_some());
    let Some(limits) = limits else { return false };
    let (size, most) = (characters(text), limits.size.most);
    let documents = if model.packs() { limits.attached.most.max(1) } else { 1 };
    if size <= most.saturating_mul(documents).saturating_mul(ROOM) {
        return false;
    }
    let summary = format!(
        "the policy `{}` has {size} characters without white space, and {most} is the limit of type `{}`",
        key.as_str(),
        spec.short
    );
    let diagnostic = limits.size.exceeded(Code::PolicyTooLarge, summary, report).label("it was not parsed");
    report.at(
        section.file.as_ref().map_or(key.at(), |f| f.at),
        diagnostic.hint("check that this is the file you mean, or split it in several policies"),
    );
    true
}

/// The documents of a policy, each within its limit; else a mistake.
pub(super) fn parts(
    key: &Key,
    section: &Policy,
    spec: &PolicyTypeLimits,
    document: &Document,
    model: &Model<'_>,
    report: &mut Report,
) -> Vec<Part> {
    let whole = || vec![Part { document: document.clone(), origins: Vec::new() }];
    let Some(limits) = model.limits.of(spec) else { return whole() };
    let (size, most) = (document.size(), limits.size.most);
    if size <= most {
        return whole();
    }
    let split = Family::of_type(&spec.name).map(|_| split(document, most));
    if let (true, Some(Ok(parts))) = (model.packs(), &split) {
        return parts.clone();
    }
    let summary = format!(
        "the policy `{}` has {size} characters without white space, and {most} is the limit of type `{}`",
        key.as_str(),
        spec.short
    );
    let mut diagnostic = limits.size.exceeded(Code::PolicyTooLarge, summary, report).label(format!("{} too many", size - most));
    let mut hint = "shorten it with wildcards or a condition, or split it in two policies".to_owned();
    match split {
        Some(Ok(parts)) => hint.push_str(&format!(", or say `pack_policies = true` in [organization]: it becomes {}", parts.len())),
        Some(Err(unpackable)) if model.packs() => diagnostic = diagnostic.detail(why(&unpackable, most)),
        Some(Err(_)) | None => {}
    }
    report.at(section.file.as_ref().map_or(key.at(), |f| f.at), diagnostic.hint(hint));
    whole()
}

/// Why something cannot be packed, with the numbers.
fn why(unpackable: &Unpackable, most: usize) -> String {
    match unpackable {
        Unpackable::Statement { title, size } => {
            format!("`{title}` alone makes {size} characters, and only a list of `Action` or `Resource` can be shared out among documents")
        }
        Unpackable::Count { documents, characters } => {
            format!("packed as tightly as can be, they are {documents} documents of at most {most} characters, {characters} in all")
        }
    }
}

/// A set that is too large.
pub(super) struct Crowd<'s, 'p> {
    /// Where it is written, as in `ou.hipaa`.
    pub(super) place: &'s str,
    pub(super) list: &'s List,
    pub(super) spec: &'static PolicyTypeLimits,
    /// The declared policies of the type, by key.
    pub(super) declared: BTreeMap<&'p str, &'p Declared<'p>>,
    /// What is left for them.
    pub(super) room: Room,
}

impl Crowd<'_, '_> {
    fn fit(&self) -> Fit {
        let members: Vec<&Declared<'_>> = self.declared.values().copied().collect();
        if members.iter().any(|member| member.parts.is_empty()) {
            return Fit::Unsure;
        }
        let documents: Vec<Vec<Document>> =
            members.iter().map(|member| member.parts.iter().map(|part| part.document.clone()).collect()).collect();
        let packed = match pack(&documents, self.room) {
            Ok(packed) => packed,
            Err(unpackable) => return Fit::TooMuch(why(&unpackable, self.room.size)),
        };
        let key_of = |member: usize| members.get(member).map_or("", |member| member.key.as_str());
        let mut references: Vec<Reference> =
            packed.alone.iter().map(|(member, part)| part_address(key_of(*member), *part).into()).collect();
        let mut merged = Vec::new();
        for (number, part) in packed.merged {
            let made = self.merged(number, part, &members);
            let address = organizations::Policy::address(made.name.as_str());
            references.push(address.clone().into());
            merged.push((address, made));
        }
        Fit::Packed(Arc::new(Packed { references, merged }))
    }

    fn merged(&self, number: usize, part: Part, members: &[&Declared<'_>]) -> Merged {
        let sources: BTreeSet<(usize, usize)> = part.origins.iter().map(|origin| (origin.member, origin.part)).collect();
        let origins: Vec<(String, usize)> = part.origins.iter().filter_map(|origin| origin_of(origin, members)).collect();
        Merged {
            name: format!("packed.{}.{}.{number}", self.place, self.spec.short),
            description: description(&origins),
            spec: self.spec,
            document: part.document,
            origins,
            members: sources.len(),
            at: self.list.at,
        }
    }
}

impl Packing {
    /// Whether the set can be packed, and how.
    pub(super) fn fit(&mut self, crowd: &Crowd<'_, '_>) -> Fit {
        self.tried.entry((crowd.list.at, crowd.spec.short.as_str())).or_insert_with(|| crowd.fit()).clone()
    }

    /// What was merged for a set is made.
    pub(super) fn keep(&mut self, packed: &Packed) {
        self.merged.extend(packed.merged.iter().cloned());
    }
}

pub(super) fn names(facts: &Facts<'_>, report: &mut Report) {
    if !facts.model.packs() {
        return;
    }
    let declared: BTreeMap<(&str, &str), &Declared<'_>> =
        facts.policies.values().flatten().map(|policy| ((policy.spec.short.as_str(), policy.name), policy)).collect();
    let parts = facts
        .policies
        .values()
        .flatten()
        .flat_map(|policy| (1..policy.parts.len()).map(move |part| (policy.spec, part_name(policy.name, part), policy.key.at())));
    let merged = facts.packing.merged.values().map(|merged| (merged.spec, merged.name.clone(), merged.at));
    for (spec, name, at) in parts.chain(merged) {
        if let Err(why) = values::policy_name(&name) {
            report.at(at, Code::BadName.error(format!("the packed policy would be named `{name}`, which AWS refuses")).hint(why));
        }
        if let Some(other) = declared.get(&(spec.short.as_str(), name.as_str())) {
            let summary = format!("`{name}` is the name of what overlord packs here");
            let other = other.section.name.as_ref().map_or(other.key.at(), |n| n.at);
            let diagnostic = Code::DuplicatePolicyName.error(summary).related(report.span(at), "packed here");
            report.at(other, diagnostic.hint("change `name`"));
        }
    }
}

/// A statement of a set as one of a policy's file.
fn origin_of(origin: &Origin, members: &[&Declared<'_>]) -> Option<(String, usize)> {
    let member = members.get(origin.member)?;
    let in_file = member.parts.get(origin.part)?.origins.get(origin.statement);
    Some((member.key.as_str().to_owned(), in_file.map_or(origin.statement, |origin| origin.statement)))
}

/// What it was merged from, in as many characters as AWS takes.
fn description(origins: &[(String, usize)]) -> String {
    let mut keys: Vec<&str> = origins.iter().map(|(key, _)| key.as_str()).collect();
    keys.dedup();
    let text = format!("Merged by overlord of {}", keys.join(", "));
    match values::policy_description(&text) {
        Ok(()) => text,
        Err(_) => format!("Merged by overlord of {} policies", keys.len()),
    }
}
