//! What differs between 2 configurations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::escape::one_line;
use crate::resource::Desired;

/// How many resources are named before the rest is only counted.
const NAMED: usize = 10;

/// What differs between a plan's desired state and org.toml, one line each; the selection is ignored.
pub fn differences(planned: &Desired, here: &Desired) -> Vec<String> {
    let (mut planned, mut here) = (members(planned), members(here));
    let mut told = Vec::new();
    let resources = [&mut planned, &mut here].map(|side| match side.remove("resources") {
        Some(Value::Object(resources)) => resources.into_iter().collect::<BTreeMap<_, _>>(),
        _ => BTreeMap::new(),
    });
    let keys: BTreeSet<String> = planned.keys().chain(here.keys()).filter(|key| *key != "selection").cloned().collect();
    for key in keys {
        told.extend(setting(&key, planned.get(&key), here.get(&key)));
    }
    let [planned, here] = resources;
    let addresses: BTreeSet<&String> = planned.keys().chain(here.keys()).collect();
    let differing: Vec<&String> = addresses.into_iter().filter(|address| planned.get(*address) != here.get(*address)).collect();
    told.extend(differing.iter().take(NAMED).map(|address| {
        let how = match (planned.contains_key(*address), here.contains_key(*address)) {
            (true, false) => "only in the plan",
            (false, true) => "only in org.toml",
            (_, _) => "another one in org.toml",
        };
        format!("{}: {how}", one_line(address))
    }));
    if let Some(more) = differing.len().checked_sub(NAMED).filter(|more| *more > 0) {
        told.push(format!("and {more} more"));
    }
    told
}

fn members(desired: &Desired) -> Map<String, Value> {
    match json!(desired) {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// A setting that differs. The external id is never shown.
fn setting(key: &str, planned: Option<&Value>, here: Option<&Value>) -> Option<String> {
    if planned == here {
        return None;
    }
    let shown = |value: Option<&Value>| match value {
        None | Some(Value::Null) => Some("none".to_owned()),
        Some(Value::String(text)) => Some(format!("`{}`", one_line(text))),
        Some(_) => None,
    };
    let name = key.replace('_', " ");
    Some(match (key, shown(planned), shown(here)) {
        ("external_id", _, _) => format!("{name}: another one in org.toml"),
        (_, Some(planned), Some(here)) => format!("{name}: {planned} in the plan, {here} in org.toml"),
        (_, _, _) => format!("{name}: another one in org.toml"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::worlds;

    #[test]
    fn what_is_asked_for_otherwise_is_named() {
        let one = worlds::desired(json!({ "ou.a": { "name": "a" }, "ou.b": { "name": "b" } }));
        assert_eq!(differences(&one, &one), [""; 0]);
        let mut other = worlds::desired(json!({ "ou.a": { "name": "x" }, "ou.c": { "name": "c" } }));
        other.access_role = "Another".to_owned();
        other.external_id = Some("secret".to_owned());
        let role = format!("access role: `{}` in the plan, `Another` in org.toml", one.access_role);
        let expected = [
            role.as_str(),
            "external id: another one in org.toml",
            "ou.a: another one in org.toml",
            "ou.b: only in the plan",
            "ou.c: only in org.toml",
        ];
        assert_eq!(differences(&one, &other), expected);
    }
}
