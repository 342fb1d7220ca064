//! DescribeEffectivePolicy: the policies that an account inherits, merged by the paths of the documents.
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_inheritance_mgmt.html>
//!
//! Of several policies at one target, AWS applies the first attached first. The sandbox keeps no such order and uses their ids.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::policies::{known_type, target_not_found};
use super::{Ask, invalid, organization_of, timestamp};
use crate::sandbox::wire::{Outcome, Refusal};
use crate::sandbox::world::TargetKind;

const LIMIT: &str = "@@operators_allowed_for_child_policies";
const OPERATORS: [&str; 3] = ["@@assign", "@@append", "@@remove"];

type Path = Vec<String>;

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    let kind = known_type(ask.input.str("PolicyType"))?.name.as_str();
    if kind == "SERVICE_CONTROL_POLICY" || kind == "RESOURCE_CONTROL_POLICY" {
        return Err(invalid("INVALID_ENUM_POLICY_TYPE", format!("You specified an invalid policy type: {kind}.")));
    }
    let target = ask.input.get("TargetId").unwrap_or(ask.caller);
    if target != ask.caller && ask.caller != ask.world.management_account && !ask.world.delegated_administrators.contains_key(ask.caller) {
        return Err(Refusal::new("AccessDeniedException", "You don't have permissions to access this resource."));
    }
    match ask.world.target_kind(target).ok_or_else(target_not_found)? {
        TargetKind::Account => {}
        TargetKind::Root | TargetKind::Unit => return Err(invalid("INVALID_PATTERN_TARGET_ID", "The target must be an account.")),
    }
    let account = ask.world.accounts.get(target).ok_or_else(target_not_found)?;
    let mut merged = Merged::default();
    let mut found = organization_of(ask.world)?.policy_types.contains_key(kind);
    let mut count = 0;
    let above = account.parent.as_deref().map(|parent| ask.world.lineage(parent)).unwrap_or_default();
    for level in above.into_iter().chain([target]) {
        let documents: Vec<Value> =
            ask.world.attached_of_type(level, kind).filter_map(|policy| serde_json::from_str(&policy.content).ok()).collect();
        count += documents.len();
        merged.level(&documents);
    }
    found &= count > 0;
    if !found {
        let message = "If you ran this action on the management account, this policy type is not enabled. If you ran the action on a member account, the account doesn't have an effective policy of this type.";
        return Err(Refusal::new("EffectivePolicyNotFoundException", message));
    }
    Ok(json!({ "EffectivePolicy": {
        "PolicyContent": merged.document().to_string(),
        "PolicyType": kind,
        "TargetId": target,
        "LastUpdatedTimestamp": timestamp(ask.world.clock_ms),
    } }))
}

/// What one document says of one path.
struct Says {
    path: Path,
    /// Its operators with their values.
    operators: Map<String, Value>,
}

/// All nodes of a document, those above first.
fn nodes(document: &Value, path: &mut Path, out: &mut Vec<Says>) {
    let Value::Object(members) = document else { return };
    let operators = members.iter().filter(|(key, _)| key.starts_with("@@")).map(|(key, value)| (key.clone(), value.clone())).collect();
    out.push(Says { path: path.clone(), operators });
    for (key, value) in members.iter().filter(|(key, value)| !key.starts_with("@@") && value.is_object()) {
        path.push(key.to_lowercase());
        nodes(value, path, out);
        path.pop();
    }
}

#[derive(Default)]
struct Merged {
    values: BTreeMap<Path, Value>,
    /// All paths that some level above has.
    known: BTreeSet<Path>,
    forbidden: BTreeMap<Path, BTreeSet<&'static str>>,
}

impl Merged {
    fn level(&mut self, documents: &[Value]) {
        let mut said = Vec::new();
        for document in documents {
            nodes(document, &mut Vec::new(), &mut said);
        }
        said.retain(|says| !self.is_new_where_nothing_may_be(&says.path));
        let paths: BTreeSet<Path> = said.iter().map(|says| says.path.clone()).collect();
        for path in paths {
            self.setting(&path, &said);
        }
        for Says { path, operators } in said {
            if let Some(allowed) = operators.get(LIMIT) {
                let allowed: BTreeSet<&str> = items(allowed).iter().filter_map(Value::as_str).collect();
                if !allowed.contains("@@all") {
                    let forbids = OPERATORS.into_iter().filter(|operator| !allowed.contains(operator));
                    self.forbidden.entry(path.clone()).or_default().extend(forbids);
                }
            }
            self.known.insert(path);
        }
    }

    /// Whether it, or a parent of it, would be a new key in an object that may get none.
    fn is_new_where_nothing_may_be(&self, path: &[String]) -> bool {
        let full = |above: &[String]| self.forbidden.get(above).is_some_and(|forbidden| forbidden.len() == OPERATORS.len());
        (1..=path.len()).any(|length| {
            let (here, above) = (path.get(..length).unwrap_or_default(), path.get(..length - 1).unwrap_or_default());
            !self.known.contains(here) && full(above)
        })
    }

    fn setting(&mut self, path: &Path, said: &[Says]) {
        let here = || said.iter().filter(|says| says.path == *path);
        let may = |operator: &str| !self.forbidden.get(path).is_some_and(|forbidden| forbidden.contains(operator));
        let of = |operator: &'static str| here().filter(move |_| may(operator)).filter_map(move |says| says.operators.get(operator));
        let assigned = of("@@assign").next().cloned();
        let (added, removed): (Vec<&Value>, Vec<&Value>) =
            (of("@@append").flat_map(items).collect(), of("@@remove").flat_map(items).collect());
        let changes = of("@@append").next().is_some() || of("@@remove").next().is_some();
        let removes = of("@@remove").next().is_some();
        let inherited = assigned.or_else(|| self.values.get(path).cloned());
        let value = match inherited {
            Some(value) if !changes => value,
            None if !changes => return,
            inherited => {
                let mut list: Vec<Value> = inherited.iter().flat_map(items).cloned().collect();
                list.extend(added.into_iter().cloned());
                let mut seen = BTreeSet::new();
                list.retain(|item| !removed.contains(&item) && seen.insert(item.to_string()));
                Value::Array(list)
            }
        };
        if removes && value == json!([]) {
            self.values.remove(path);
        } else {
            self.values.insert(path.clone(), value);
        }
    }

    fn document(&self) -> Value {
        let mut document = Map::new();
        for (path, value) in &self.values {
            put(&mut document, path, value);
        }
        Value::Object(document)
    }
}

fn put(document: &mut Map<String, Value>, path: &[String], value: &Value) {
    match path {
        [] => {}
        [last] => drop(document.insert(last.clone(), value.clone())),
        [first, rest @ ..] => {
            if let Value::Object(inner) = document.entry(first.as_str()).or_insert_with(|| json!({})) {
                put(inner, rest, value);
            }
        }
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}
