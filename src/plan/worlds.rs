//! Example worlds for the tests of the pure core: small ones written as JSON, and random ones.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::address::Address;
use crate::graph::first_step;
use crate::plan::{Action, Change, Plan, ReadPlanError};
use crate::resource::{Desired, Live, LiveResource};

/// `{"ou.a": {"name": "a", …}}`
pub fn desired(resources: Value) -> Desired {
    Desired { management_account: "111111111111".to_owned(), resources: serde_json::from_value(resources).unwrap(), ..Desired::default() }
}

/// `{"ou.a": {"id": "ou-a", "attributes": {…}, "ours": true}}`
pub fn live(resources: Value) -> Live {
    Live { resources: serde_json::from_value(resources).unwrap(), findings: Vec::new(), ..Live::default() }
}

/// A plan whose changes make one made-up call each.
pub fn plan(desired: &Desired, live: &Live) -> Plan {
    Plan::build_with(desired, live, &made_up)
}

/// Such a plan, from its saved form.
pub fn read(text: &str) -> Result<Plan, ReadPlanError> {
    Plan::from_json_with(text, &made_up)
}

fn made_up(change: &Change) -> Result<Vec<String>, String> {
    Ok(vec![format!("test:{:?}", change.action)])
}

/// AWS's state once all changes are applied.
pub fn applied(live: &Live, changes: &[Change]) -> Live {
    let mut live = live.clone();
    for change in changes {
        match change.action {
            Action::Delete => {
                // A replaced resource has its old address until the next snapshot.
                live.resources.remove(&change.address);
            }
            Action::NoOp | Action::Create | Action::Update | Action::Replace | Action::Move | Action::Adopt => {
                let id = change.id.clone().filter(|_| change.action != Action::Replace);
                let id = id.unwrap_or_else(|| format!("new-{}", change.address));
                let attributes = change.after.clone().unwrap_or_default();
                if change.action == Action::Replace {
                    let attachments = Address::new("policy_attachments", change.address.to_string());
                    live.resources.insert(attachments, born_with(&change.address, Some(id.clone())));
                }
                let ours = Some(true);
                let address = first_step(&change.address).unwrap_or_else(|| change.address.clone());
                live.resources.insert(address, LiveResource { id: Some(id), attributes, ours, frozen: None });
            }
        }
    }
    live
}

/// What AWS attaches to a new resource.
fn born_with(target: &Address, id: Option<String>) -> LiveResource {
    let born = json!({ "policies": [{ "id": "p-FullAWSAccess" }], "target": { "ref": target } });
    LiveResource { id, attributes: serde_json::from_value(born).unwrap(), ours: None, frozen: None }
}

const OUS: usize = 5;
const POLICIES: usize = 3;
const ACCOUNTS: usize = 6;

/// One side of a random world: parents by number (0 is the root, n is OU n-1), sets of policies as bits.
#[derive(Debug, Clone)]
struct Side {
    ous: Vec<(bool, usize)>,
    policies: Vec<(bool, u8)>,
    accounts: Vec<(bool, usize)>,
    attached: Vec<u8>,
}

fn side() -> impl Strategy<Value = Side> {
    let ous = vec((prop::bool::weighted(0.7), 0..=OUS), OUS);
    let policies = vec((prop::bool::weighted(0.7), 0..2u8), POLICIES);
    let accounts = vec((prop::bool::weighted(0.7), 0..=OUS), ACCOUNTS);
    (ous, policies, accounts, vec(0..(1u8 << POLICIES), 1 + OUS + ACCOUNTS)).prop_map(|(ous, policies, accounts, attached)| Side {
        ous,
        policies,
        accounts,
        attached,
    })
}

/// A configuration and a world. Some resources are on both sides, in another place or with other values. Resources of the world that were
/// removed from the configuration are managed by overlord.
pub fn world() -> impl Strategy<Value = (Desired, Live)> {
    (side(), side()).prop_map(|(want, have)| (desired(want.resources(|a| a)), have.live(&want)))
}

impl Side {
    fn place(&self, number: usize, below: usize) -> String {
        match number.checked_sub(1) {
            Some(ou) if ou < below && self.ous[ou].0 => format!("ou.o{ou}"),
            _ => "organization.main".to_owned(),
        }
    }

    fn set(&self, bits: u8) -> Value {
        let named = (0..POLICIES).filter(|p| bits & (1 << p) != 0 && self.policies[*p].0).map(|p| json!({ "ref": format!("policy.p{p}") }));
        Value::Array(std::iter::once(json!({ "id": "p-FullAWSAccess" })).chain(named).collect())
    }

    fn resources(&self, name: impl Fn(String) -> String) -> Value {
        let scp = "policy_type.SERVICE_CONTROL_POLICY";
        let mut all = BTreeMap::from([
            ("organization.main".to_owned(), json!({ "feature_set": "ALL" })),
            (scp.to_owned(), json!({ "organization": { "ref": "organization.main" }, "policy_type": "SERVICE_CONTROL_POLICY" })),
        ]);
        let mut targets = vec![("organization.main".to_owned(), self.attached[0])];
        for (i, (_, parent)) in self.ous.iter().enumerate().filter(|(_, (exists, _))| *exists) {
            // Parents come before, so nothing contains itself.
            all.insert(name(format!("ou.o{i}")), json!({ "name": format!("o{i}"), "parent": { "ref": self.place(*parent, i) } }));
            targets.push((format!("ou.o{i}"), self.attached[1 + i]));
        }
        for (i, (_, content)) in self.policies.iter().enumerate().filter(|(_, (exists, _))| *exists) {
            let policy = json!({ "content": content, "description": "", "name": format!("p{i}"), "policy_type": { "ref": scp } });
            all.insert(name(format!("policy.p{i}")), policy);
        }
        for (i, (_, parent)) in self.accounts.iter().enumerate().filter(|(_, (exists, _))| *exists) {
            let account = json!({ "email": format!("{i}@x"), "name": format!("a{i}"), "parent": { "ref": self.place(*parent, OUS) } });
            all.insert(format!("account.a{i}"), account);
            targets.push((format!("account.a{i}"), self.attached[1 + OUS + i]));
        }
        for (target, bits) in targets {
            let attachments = json!({ "policies": self.set(bits), "target": { "ref": target } });
            all.insert(format!("policy_attachments.{target}"), attachments);
        }
        json!(all)
    }

    /// As the reader returns it: bound to what `want` names; the rest is bound by path or left out.
    fn live(&self, want: &Side) -> Live {
        let wanted: BTreeMap<Address, Value> = serde_json::from_value(want.resources(|a| a)).unwrap();
        let mut all: BTreeMap<Address, Value> = serde_json::from_value(self.resources(|a| a)).unwrap();
        let by_path = |address: &Address| match (address.kind(), address.key()) {
            ("ou", key) => format!("ou./{key}"),
            (_, key) => format!("policy./SERVICE_CONTROL_POLICY/{key}"),
        };
        let left: Vec<Address> = all.keys().filter(|a| ["ou", "policy"].contains(&a.kind()) && !wanted.contains_key(a)).cloned().collect();
        all.retain(|address, _| wanted.contains_key(address) || left.contains(address));
        let mut text = serde_json::to_string(&all).unwrap();
        for address in &left {
            // Unmanaged policies are referred to by id, places by address.
            let new =
                if address.kind() == "ou" { format!(r#"{{"ref":"{}"}}"#, by_path(address)) } else { format!(r#"{{"id":"id-{address}"}}"#) };
            text = text.replace(&format!(r#"{{"ref":"{address}"}}"#), &new);
        }
        let all: BTreeMap<Address, Value> = serde_json::from_str(&text).unwrap();
        let mut resources = BTreeMap::new();
        for (address, attributes) in all {
            let key = if left.contains(&address) { by_path(&address).parse().unwrap() } else { address.clone() };
            let id = if address.kind() == "policy_attachments" { format!("id-{}", address.key()) } else { format!("id-{address}") };
            let attributes = serde_json::from_value(attributes).unwrap();
            resources.insert(key, LiveResource { id: Some(id), attributes, ours: Some(true), frozen: None });
        }
        for address in wanted.keys().filter(|address| address.kind() == "policy_attachments") {
            resources.entry(address.clone()).or_insert_with(|| born_with(&address.key().parse().unwrap(), None));
        }
        Live { resources, findings: Vec::new(), ..Live::default() }
    }
}
