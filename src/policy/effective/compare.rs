//! Compares a computed effective policy with AWS's own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A setting in which the two differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The keys that lead to it, in lower case.
    pub path: Vec<String>,
    /// What was computed, if anything.
    pub computed: Option<Value>,
    /// What AWS has, if anything.
    pub live: Option<Value>,
}

/// Where an effective policy of a type, in the API's spelling, differs from AWS's. Differences of spelling do not count: the case of keys,
/// the order of lists, lists of nothing, numbers in quotes, `$account` for the account's id; in tag policies `*` for any value, which is what
/// no value means.
pub fn compare(policy_type: &str, account: &str, computed: &Value, live: &Value) -> Vec<Difference> {
    let flat = |value: &Value| {
        let mut settings = BTreeMap::new();
        flatten(value, &mut Vec::new(), &mut settings);
        settings.retain(|path: &Vec<String>, value| !says_nothing(policy_type, path, value));
        settings
    };
    let (computed, live) = (flat(computed), flat(live));
    let paths: BTreeSet<&Vec<String>> = computed.keys().chain(live.keys()).collect();
    let differs = |path: &&Vec<String>| match (computed.get(*path), live.get(*path)) {
        (Some(a), Some(b)) => meaning(a, account) != meaning(b, account),
        (None, _) | (_, None) => true,
    };
    let difference =
        |path: &Vec<String>| Difference { path: path.clone(), computed: computed.get(path).cloned(), live: live.get(path).cloned() };
    paths.into_iter().filter(differs).map(difference).collect()
}

fn flatten(value: &Value, path: &mut Vec<String>, settings: &mut BTreeMap<Vec<String>, Value>) {
    let Value::Object(members) = value else {
        settings.insert(path.clone(), value.clone());
        return;
    };
    for (key, value) in members {
        path.push(key.to_lowercase());
        flatten(value, path, settings);
        path.pop();
    }
}

fn says_nothing(policy_type: &str, path: &[String], value: &Value) -> bool {
    let Value::Array(items) = value else { return false };
    // Source: "Tag policy syntax": without a value any is compliant, and so is none.
    let any = policy_type == "TAG_POLICY" && path.last().is_some_and(|key| key == "tag_value") && items.iter().all(|item| item == "*");
    items.is_empty() || any
}

fn meaning(value: &Value, account: &str) -> (bool, BTreeSet<String>) {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), |text| text.replace("$account", account));
    match value {
        Value::Array(items) => (true, items.iter().map(text).collect()),
        single => (false, [text(single)].into()),
    }
}
