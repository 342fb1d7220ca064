//! Replacements. If AWS cannot change a resource in place, overlord creates a new one under the same address. The old one becomes a
//! resource that the configuration no longer names, such as `ou./old/path` or `dhcp_options.standard/dopt-1`, exactly as the next run
//! would find it. So a replacement is one creation and one deletion that needs confirmation. The graph orders both like all other
//! changes: what was in the old resource moves to the new one.
//!
//! DHCP options are replaced this way. No kind of the organizations family is: its reader binds an OU only below its bound parent and a
//! policy only within its type (`resource/organizations/identity.rs`). There, another parent or type is already one creation and one
//! deletion before the diff runs. Replacement is for kinds that are recognised by their tag alone, wherever they are, such as the parts
//! of a network.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::address::{Address, Reference};
use crate::limits::LIMITS;
use crate::resource::organizations::PolicyType;
use crate::resource::{self, Attributes, Desired, Kind, LiveResource, OnChange};

/// The live side, with each replaced resource as 2 resources.
pub(super) struct Replacements<'a> {
    /// The live resources. A replaced one is included twice. References to it use AWS's id, which stays the old one's, while the address
    /// becomes the new one's.
    pub live: Cow<'a, BTreeMap<Address, LiveResource>>,
    /// The address of each old resource, with the address that it had.
    pub former: BTreeMap<Address, Address>,
}

/// Finds what must be replaced, and what must be replaced because of that (the OUs below an OU).
pub(super) fn find<'a>(desired: &Desired, live: &'a BTreeMap<Address, LiveResource>) -> Replacements<'a> {
    let mut anew = BTreeSet::new();
    let specs = resource::KINDS.iter().map(|kind| kind.spec());
    let replaceable: Vec<&str> = specs.filter(|spec| spec.is_replaceable()).map(|spec| spec.kind).collect();
    let candidates: Vec<_> = desired.resources.iter().filter(|(address, _)| replaceable.contains(&address.kind())).collect();
    loop {
        let found: Vec<&Address> = candidates
            .iter()
            .copied()
            .filter(|(address, after)| !anew.contains(*address) && live.get(address).is_some_and(|l| is_replaced(address, l, after, &anew)))
            .map(|(address, _)| address)
            .collect();
        if found.is_empty() {
            break;
        }
        anew.extend(found.into_iter().cloned());
    }
    if anew.is_empty() {
        return Replacements { live: Cow::Borrowed(live), former: BTreeMap::new() };
    }
    split(desired, live, &anew)
}

fn is_replaced(address: &Address, live: &LiveResource, after: &Attributes, anew: &BTreeSet<Address>) -> bool {
    let Some(kind) = resource::kind(address.kind()) else { return false };
    let replaces = |name: &str| match resource::reference(after, name) {
        Some(Reference::Address(of)) if anew.contains(&of) => true,
        _ => after.get(name).is_some_and(|value| live.attributes.get(name) != Some(value)),
    };
    let mut forcing = kind.spec().attributes.iter().filter(|attribute| attribute.on_change == OnChange::ReplaceCreateFirst);
    live.frozen.is_none() && live.id.is_some() && forcing.any(|attribute| replaces(attribute.name))
}

fn split<'a>(desired: &Desired, live: &BTreeMap<Address, LiveResource>, anew: &BTreeSet<Address>) -> Replacements<'a> {
    let old_ids: BTreeMap<&Address, &str> = anew.iter().filter_map(|a| Some((a, live.get(a)?.id.as_deref()?))).collect();
    let mut seen: BTreeMap<Address, LiveResource> = live.clone();
    let is_old = |reference: &Reference| matches!(reference, Reference::Address(address) if old_ids.contains_key(address));
    // Few resources refer to a replaced one: a plan may contain a million.
    for resource in seen.values_mut().filter(|resource| resource.attributes.references().iter().any(is_old)) {
        let mut attributes = resource.attributes.to_map();
        attributes.values_mut().for_each(|value| refer_by_id(value, &old_ids));
        resource.attributes = attributes.into_iter().collect();
    }
    let mut attached = attachments_of(live, anew);
    let mut former = BTreeMap::new();
    for address in anew {
        let Some(mut old) = seen.get(address).cloned() else { continue };
        if let Some((attachments, policies)) = attached.remove(address) {
            seen.insert(attachments, born_with(desired, address));
            old.attributes = old.attributes.with("policies", policies);
        }
        let key = match &old.id {
            Some(id) if address.scope().is_some() => address.one_of_several(id),
            Some(_) | None => former_key(address, live),
        };
        seen.insert(key.clone(), old);
        former.insert(key, address.clone());
    }
    Replacements { live: Cow::Owned(seen), former }
}

/// By target: the address of its attachments, and the policies attached to it.
fn attachments_of(live: &BTreeMap<Address, LiveResource>, targets: &BTreeSet<Address>) -> BTreeMap<Address, (Address, Value)> {
    let entry = |(address, resource): (&Address, &LiveResource)| {
        let guards = resource::spec(address).is_some_and(|spec| spec.guards_target);
        match resource::reference(&resource.attributes, "target")? {
            Reference::Address(target) if guards && targets.contains(&target) => {
                Some((target, (address.clone(), resource.attributes.get("policies").unwrap_or_default())))
            }
            Reference::Address(_) | Reference::Id(_) => None,
        }
    };
    live.iter().filter_map(entry).collect()
}

/// The attachments that AWS gives to a new resource: the default policy of each managed type that has one.
fn born_with(desired: &Desired, target: &Address) -> LiveResource {
    let types = desired.resources.keys().filter(|address| PolicyType::has(address));
    let defaults: BTreeSet<&str> = types.filter_map(|address| LIMITS.policy_type(address.key())?.default.as_deref()).collect();
    let policies = defaults.into_iter().map(|id| json!({ "id": id })).collect();
    let attributes = Attributes::from([("policies".to_owned(), policies), ("target".to_owned(), json!({ "ref": target }))]);
    LiveResource { id: None, attributes, ours: None, frozen: None }
}

fn refer_by_id(value: &mut Value, ids: &BTreeMap<&Address, &str>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| refer_by_id(item, ids)),
        Value::Object(map) => {
            let named = if map.len() == 1 { map.get("ref").and_then(Value::as_str) } else { None };
            match named.and_then(|text| text.parse::<Address>().ok()).and_then(|address| ids.get(&address)) {
                Some(id) => *value = json!({ "id": id }),
                None => map.values_mut().for_each(|item| refer_by_id(item, ids)),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The address that the next run gives to the old one: `ou./path/of/names`, `policy./TYPE/name`.
fn former_key(address: &Address, live: &BTreeMap<Address, LiveResource>) -> Address {
    let mut path = Vec::new();
    let mut at = Some(address.clone());
    while let Some(resource) = at.as_ref().and_then(|address| live.get(address)) {
        let Some(Value::String(name)) = resource.attributes.get("name") else { break };
        path.push(name);
        let above = ["parent", "policy_type"].iter().find_map(|name| resource::reference(&resource.attributes, name));
        at = match above {
            Some(Reference::Address(of)) if PolicyType::has(&of) => {
                path.push(of.key().to_owned());
                None
            }
            // More names than AWS allows levels form a cycle, which ends here.
            Some(Reference::Address(of)) if path.len() <= LIMITS.quotas.ou_depth => Some(of),
            Some(Reference::Address(_) | Reference::Id(_)) | None => None,
        };
    }
    path.reverse();
    Address::new(address.kind(), format!("/{}", path.join("/")))
}
