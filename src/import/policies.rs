//! Which policies are written to files, and which sets they form. A policy type is managed completely or not at all: if one attached policy of
//! a type cannot be written, import leaves out the whole type.

use std::collections::{BTreeMap, BTreeSet};

use super::keys::{self, Candidate};
use super::{Left, Tags};
use crate::config::values;
use crate::diagnostic::Severity;
use crate::limits::{LIMITS, PolicyTypeLimits};
use crate::policy::{Document, Family, Policy, effective};
use crate::resource::Kind;
use crate::resource::organizations::{self, LivePolicy, World};

/// The type that is managed even if no policy of it is declared.
const SCP: &str = "SERVICE_CONTROL_POLICY";

/// A policy that is written down.
pub(super) struct Declared<'w> {
    pub key: String,
    pub spec: &'static PolicyTypeLimits,
    pub policy: &'w LivePolicy,
    pub content: &'w str,
    /// Characters of its document as overlord counts them.
    pub size: usize,
    /// Whether a set that allows nothing consists of it.
    pub lockdown: bool,
    pub tags: BTreeMap<String, String>,
}

/// All that is written of policies.
pub(super) struct Policies<'w> {
    /// By type, then by key.
    pub declared: Vec<Declared<'w>>,
    /// Whether service control policies are managed.
    pub scps: bool,
    /// The most policies of a type at one target, as overlord counts them.
    pub most_attached: BTreeMap<&'static str, usize>,
    sets: BTreeMap<&'w str, Vec<String>>,
}

/// A policy that could be written down.
struct Sound<'w> {
    id: &'w str,
    policy: &'w LivePolicy,
    content: &'w str,
    document: Document,
    lockdown: bool,
}

/// The policies of one type.
struct OfType<'w> {
    spec: &'static PolicyTypeLimits,
    sound: Vec<Sound<'w>>,
}

impl<'w> Policies<'w> {
    pub(super) fn of(world: &'w World, tags: &Tags<'_>, left: &mut Vec<Left>) -> Self {
        let targets = targets(world);
        let attached = attached(world);
        let mut types = Vec::new();
        for name in world.policy_types.keys().filter(|name| world.enabled(name)) {
            let mut unsound = Vec::new();
            match OfType::of(world, name, &targets, &attached, &mut unsound) {
                Ok(of_type) => {
                    types.push(of_type);
                    left.append(&mut unsound);
                }
                Err(why) => left.push(Left::new(format!("policies of type {name}"), why)),
            }
        }
        control_towers(world, left);
        let keys = keys_of(world, &types);
        let scps = types.iter().any(|of_type| of_type.spec.name == SCP);
        let sets = sets(&targets, &attached, &keys, scps);
        let most_attached = types.iter().map(|of_type| (of_type.spec.short.as_str(), of_type.most_attached(&targets, &attached))).collect();
        let mut declared = Vec::new();
        for OfType { spec, sound } in types {
            let mut of_type: Vec<Declared<'w>> = sound
                .into_iter()
                .map(|Sound { id, policy, content, document, lockdown }| Declared {
                    key: keys.get(id).cloned().unwrap_or_default(),
                    spec,
                    policy,
                    content,
                    size: document.size(),
                    lockdown,
                    tags: tags.of(id),
                })
                .collect();
            of_type.sort_by(|a, b| a.key.cmp(&b.key));
            declared.extend(of_type);
        }
        Self { declared, scps, most_attached, sets }
    }

    /// The set of the root, an OU or an account, as org.toml names it; `None` if it is the default.
    pub(super) fn set(&self, target: &str) -> Option<Vec<String>> {
        let set = self.sets.get(target).cloned().unwrap_or_default();
        (set != self.default_set()).then_some(set)
    }

    /// The set if org.toml names none.
    pub(super) fn default_set(&self) -> Vec<String> {
        let name = LIMITS.policy_type(SCP).filter(|_| self.scps).and_then(|spec| spec.default_name.clone());
        name.into_iter().collect()
    }
}

/// All that overlord would manage the sets of.
fn targets(world: &World) -> BTreeSet<&str> {
    let accounts = world.accounts.iter().filter(|(_, account)| account.frozen().is_none()).map(|(id, _)| id.as_str());
    std::iter::once(world.root.as_str()).chain(world.units.keys().map(String::as_str)).chain(accounts).collect()
}

/// Ids of policies by target.
fn attached(world: &World) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut attached: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (id, policy) in &world.policies {
        for target in &policy.targets {
            attached.entry(target).or_default().insert(id);
        }
    }
    attached
}

impl<'w> OfType<'w> {
    /// The reason if the type must stay unmanaged. Parts of a managed type that cannot be written are added to `left`.
    fn of(
        world: &'w World,
        name: &str,
        targets: &BTreeSet<&str>,
        attached: &BTreeMap<&str, BTreeSet<&str>>,
        left: &mut Vec<Left>,
    ) -> Result<Self, String> {
        let spec = LIMITS.policy_type(name).ok_or("this version of overlord does not know the type")?;
        if let Some(service) = spec.trusted_service.as_ref().filter(|service| !world.trusted_services.contains(*service)) {
            return Err(format!("`{service}` is not a trusted service, and AWS enables the type only with it"));
        }
        let mut sound = Vec::new();
        for (id, policy) in world.policies.iter().filter(|(_, policy)| policy.policy_type == name) {
            if spec.default.as_ref() == Some(id) || policy.is_control_towers() {
                continue;
            }
            match soundness(spec, policy) {
                Ok((content, document)) => sound.push(Sound { id, policy, content, document, lockdown: false }),
                Err(why) if policy.targets.iter().any(|target| targets.contains(target.as_str())) => {
                    return Err(format!("`{id}` ({}) is attached, and {why}", policy.name));
                }
                Err(why) => left.push(Left::new(format!("{id} ({})", policy.name), why)),
            }
        }
        let mut of_type = Self { spec, sound };
        if name == SCP {
            of_type.find_lockdowns(targets, attached)?;
        } else if let Some(default) = &spec.default {
            // AWS attaches it to everything; overlord counts on it.
            let bare = targets.iter().find(|target| attached.get(*target).is_none_or(|set| !set.contains(default.as_str())));
            if let Some(target) = bare {
                return Err(format!("`{default}` is not attached to `{target}`"));
            }
            if of_type.sound.is_empty() {
                return Err("all of them are AWS's own".to_owned());
            }
        } else if of_type.sound.is_empty() {
            return Err("there are none".to_owned());
        }
        Ok(of_type)
    }

    /// Sets without an Allow deny everything. Such a set is intended, and its policy says so.
    fn find_lockdowns(&mut self, targets: &BTreeSet<&str>, attached: &BTreeMap<&str, BTreeSet<&str>>) -> Result<(), String> {
        for target in targets {
            let empty = BTreeSet::new();
            let set = attached.get(target).unwrap_or(&empty);
            let allows = |sound: &Sound<'_>| sound.document.has_allow() && set.contains(sound.id);
            if self.spec.default.as_ref().is_some_and(|default| set.contains(default.as_str())) || self.sound.iter().any(allows) {
                continue;
            }
            let first = self.sound.iter_mut().find(|sound| set.contains(sound.id));
            first.ok_or_else(|| format!("`{target}` has none that org.toml can name"))?.lockdown = true;
        }
        Ok(())
    }

    fn most_attached(&self, targets: &BTreeSet<&str>, attached: &BTreeMap<&str, BTreeSet<&str>>) -> usize {
        let counted = |id: &str| self.spec.default.as_deref() == Some(id) || self.sound.iter().any(|sound| sound.id == id);
        let count = |target: &&str| attached.get(*target).into_iter().flatten().filter(|id| counted(id)).count();
        targets.iter().map(count).max().unwrap_or_default()
    }
}

/// The document of a policy that org.toml can name, or why it cannot.
fn soundness<'w>(spec: &PolicyTypeLimits, policy: &'w LivePolicy) -> Result<(&'w str, Document), &'static str> {
    if policy.aws_managed {
        return Err("is AWS's own and has no name in org.toml");
    }
    values::policy_name(&policy.name).map_err(|_| "has a name that org.toml does not take")?;
    values::policy_description(&policy.description).map_err(|_| "has a description that org.toml does not take")?;
    let content = policy.content.as_deref().ok_or("has no document that could be read")?;
    match Document::parse(&spec.name, content) {
        Ok(_) if is_refused(&spec.name, content) => Err("has a document that overlord considers invalid for AWS"),
        Ok(document) => Ok((content, document)),
        Err(_) => Err("has a document that is not a JSON object, or names a key twice"),
    }
}

/// Whether org.toml could not have a policy with that document: AWS's languages grow.
fn is_refused(policy_type: &str, content: &str) -> bool {
    match Family::of_type(policy_type) {
        Some(_) => Policy::parse(content).is_err(),
        None => effective::check(policy_type, content).1.iter().any(|mistake| mistake.severity == Severity::Error),
    }
}

fn control_towers(world: &World, left: &mut Vec<Left>) {
    let count = world.policies.values().filter(|policy| policy.is_control_towers()).count();
    if count > 0 {
        let reason = "they stay attached, and only Control Tower changes them";
        left.push(Left::new(format!("guardrails of AWS Control Tower ({count})"), reason));
    }
}

fn keys_of<'w>(world: &'w World, types: &[OfType<'w>]) -> BTreeMap<&'w str, String> {
    let candidate = |spec: &PolicyTypeLimits, sound: &Sound<'w>| {
        let slug = keys::slug(&sound.policy.name);
        let typed = format!("{slug}-{}", spec.short);
        Candidate {
            id: sound.id,
            wishes: vec![keys::tagged::<organizations::Policy>(world, sound.id), slug, typed],
            kind: organizations::Policy::SPEC.kind,
        }
    };
    let candidates = types.iter().flat_map(|of_type| of_type.sound.iter().map(|sound| candidate(of_type.spec, sound)));
    let reserved: Vec<&str> = LIMITS.policy_types.iter().filter_map(|spec| spec.default_name.as_deref()).collect();
    keys::choose(candidates.collect(), &reserved)
}

/// The set of every target: what allows everything first, then by key.
fn sets<'w>(
    targets: &BTreeSet<&'w str>,
    attached: &BTreeMap<&'w str, BTreeSet<&'w str>>,
    keys: &BTreeMap<&str, String>,
    scps: bool,
) -> BTreeMap<&'w str, Vec<String>> {
    let full = LIMITS.policy_type(SCP).filter(|_| scps);
    let set = |target: &&'w str| {
        let ids = attached.get(*target)?;
        let default = full.filter(|spec| spec.default.as_deref().is_some_and(|id| ids.contains(id)));
        let mut named: Vec<String> = ids.iter().filter_map(|id| keys.get(id)).cloned().collect();
        named.sort();
        Some((*target, default.and_then(|spec| spec.default_name.clone()).into_iter().chain(named).collect()))
    };
    targets.iter().filter_map(set).collect()
}
