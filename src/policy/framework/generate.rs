//! Writes a framework as a service control policy, in one of two forms.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::{Value, json};

use super::{Framework, ServiceList};
use crate::files::Kind;

/// What `policy generate --out` writes: nothing but statements that name whole services, under the names that it gives them.
pub const GENERATED: Kind = Kind { name: "a policy that overlord generated", is_one: is_generated };

fn is_generated(text: &str) -> bool {
    let Ok(Value::Object(document)) = serde_json::from_str(text) else { return false };
    let Some(Value::Array(statements)) = document.get("Statement") else { return false };
    let is_ours = |statement: &Value| {
        let sid = statement.get("Sid").and_then(Value::as_str).unwrap_or_default();
        let actions = statement.get("Action").or_else(|| statement.get("NotAction")).and_then(Value::as_array);
        let whole = |action: &Value| action.as_str().is_some_and(|action| action.ends_with(":*"));
        (sid == "Baseline" || sid.ends_with("Services")) && actions.is_some_and(|actions| actions.iter().all(whole))
    };
    document.len() == 2 && !statements.is_empty() && statements.iter().all(is_ours)
}

/// How a list restricts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// It allows only the services, if it replaces FullAWSAccess. Two of them at one level unite.
    Allow,
    /// It denies all but the services, in addition to FullAWSAccess. Two of them at one level intersect.
    Deny,
}

/// A document, its elements in the order in which people write them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Generated {
    version: &'static str,
    statement: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    sid: String,
    effect: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_action: Option<Vec<String>>,
    resource: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
}

impl Generated {
    /// The same as a value.
    pub fn value(&self) -> Value {
        json!(self)
    }
}

/// The policy of a framework. `access_role` is the name of the role that overlord works through: the deny form exempts it, so that
/// overlord can take back what it made.
pub fn generate(framework: &Framework, shape: Shape, access_role: &str) -> Generated {
    let whole = |prefixes: BTreeSet<&str>| prefixes.into_iter().map(|prefix| format!("{prefix}:*")).collect::<Vec<_>>();
    let name = pascal(&framework.key);
    let statement = match shape {
        Shape::Allow => {
            // The whole baseline, so that its statement says what its file says, and of the list what is left.
            let baseline = framework.baseline.as_ref().map(ServiceList::prefixes).unwrap_or_default();
            let list: BTreeSet<&str> = framework.list.prefixes().difference(&baseline).copied().collect();
            let allow =
                |(sid, actions)| Statement { sid, effect: "Allow", action: Some(whole(actions)), resource: "*", ..Statement::default() };
            let both = [("Baseline".to_owned(), baseline), (format!("{name}Services"), list)];
            both.into_iter().filter(|(_, prefixes)| !prefixes.is_empty()).map(allow).collect()
        }
        Shape::Deny => {
            let role = format!("arn:*:iam::*:role/{access_role}");
            vec![Statement {
                sid: format!("Only{name}Services"),
                effect: "Deny",
                action: None,
                not_action: Some(whole(framework.allowed())),
                resource: "*",
                condition: Some(json!({"ArnNotLike": {"aws:PrincipalArn": role}})),
            }]
        }
    };
    Generated { version: "2012-10-17", statement }
}

/// `pci-dss` → `PciDss`: a Sid has letters and digits only.
fn pascal(key: &str) -> String {
    let words = key.split(|c: char| !c.is_ascii_alphanumeric());
    words.map(|word| word.chars().enumerate().map(|(at, c)| if at == 0 { c.to_ascii_uppercase() } else { c }).collect::<String>()).collect()
}
