//! Answers of AWS when a resource to create already exists, or one to delete is already gone: through `apply`, against a mock AWS.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::apply::{Consent, Outcome, apply};
use crate::aws::mock_transport::{Answer, MANAGEMENT, MockTransport, json as answer, refusal, sessions};
use crate::plan::Plan;
use crate::resource::{Desired, Live};

const SCP: &str = "SERVICE_CONTROL_POLICY";

/// Applies the one change between `live` and `desired`. `respond` gets how often the operation was called, its name and its parameters.
/// Returns the result of the change, and all operations in order.
async fn apply_it(
    desired: Value,
    live: Value,
    respond: impl Fn(usize, &str, &Value) -> Answer + Send + Sync + 'static,
) -> (Outcome, Vec<String>) {
    let counts = Mutex::new(BTreeMap::<String, usize>::new());
    let sent = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&sent);
    let canned = MockTransport::counting(move |_, request| {
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let operation = request.headers().get("x-amz-target").unwrap().rsplit('.').next().unwrap().to_owned();
        told.lock().unwrap().push(operation.clone());
        let nth = {
            let mut counts = counts.lock().unwrap();
            let count = counts.entry(operation.clone()).or_default();
            *count += 1;
            *count
        };
        respond(nth, &operation, &body)
    });
    let desired =
        Desired { management_account: MANAGEMENT.to_owned(), resources: serde_json::from_value(desired).unwrap(), ..Desired::default() };
    let live = Live { resources: serde_json::from_value(live).unwrap(), findings: Vec::new(), ..Live::default() };
    let plan = Plan::build(&desired, &live);
    assert_eq!(plan.changes.len(), 1, "{plan:#?}");
    let report = apply(&plan, &sessions(canned.request_gate()).await, &Consent::to_deletions(), &mut |_| {}).await;
    let sent = sent.lock().unwrap().clone();
    (report.outcomes[0].1.clone(), sent)
}

fn root() -> Value {
    json!({ "feature_set": "ALL" })
}

/// The root with the policies `before` and the desired policies `after`.
async fn set(
    before: &[&str],
    after: &[&str],
    respond: impl Fn(usize, &str, &Value) -> Answer + Send + Sync + 'static,
) -> (Outcome, Vec<String>) {
    let set = |policies: &[&str]| {
        let policies: Vec<Value> = policies.iter().map(|id| json!({ "id": id })).collect();
        json!({ "policies": policies, "target": { "ref": "organization.main" } })
    };
    let address = "policy_attachments.organization.main";
    let live = json!({
        "organization.main": { "id": "r-1", "attributes": root() },
        address: { "id": "r-1", "attributes": set(before) },
    });
    apply_it(json!({ "organization.main": root(), address: set(after) }), live, respond).await
}

#[tokio::test(start_paused = true)]
async fn attaching_what_is_attached_is_done_and_what_is_not_found_yet_is_waited_for() {
    let (outcome, sent) = set(&["p-1"], &["p-1", "p-2"], |_, _, _| refusal("DuplicatePolicyAttachmentException")).await;
    assert_eq!((outcome, sent), (Outcome::Applied, vec!["AttachPolicy".to_owned()]));
    for code in ["PolicyNotFoundException", "TargetNotFoundException"] {
        let respond = move |nth, _: &str, _: &Value| if nth < 4 { refusal(code) } else { answer(200, "{}") };
        let (outcome, sent) = set(&["p-1"], &["p-1", "p-2"], respond).await;
        assert_eq!((outcome, sent), (Outcome::Applied, vec!["AttachPolicy".to_owned(); 4]));
    }
    let (outcome, _) = set(&["p-1"], &["p-1", "p-2"], |_, _, _| refusal("PolicyNotFoundException")).await;
    assert!(matches!(outcome, Outcome::Failed(crate::aws::Error::Deadline { .. })), "{outcome:?}");
}

/// A default policy may appear a moment after its target: "not attached" counts only if a read confirms it.
#[tokio::test(start_paused = true)]
async fn not_attached_is_believed_only_when_a_read_says_so() {
    let listed = |policies: Value| answer(200, &json!({ "Policies": policies }).to_string());
    let described = || answer(200, &json!({ "Policy": { "PolicySummary": { "Id": "p-2", "Type": SCP } } }).to_string());
    let respond = move |nth, operation: &str, _: &Value| match (operation, nth) {
        ("DetachPolicy", 1) => refusal("PolicyNotAttachedException"),
        ("DescribePolicy", _) => described(),
        ("ListPoliciesForTarget", 1) => listed(json!([{ "Id": "p-1" }, { "Id": "p-2" }])),
        _ => answer(200, "{}"),
    };
    let (outcome, sent) = set(&["p-1", "p-2"], &["p-1"], respond).await;
    assert_eq!(outcome, Outcome::Applied);
    assert_eq!(sent, ["DetachPolicy", "DescribePolicy", "ListPoliciesForTarget", "DetachPolicy"]);
    let respond = move |_, operation: &str, _: &Value| match operation {
        "DetachPolicy" => refusal("PolicyNotAttachedException"),
        "DescribePolicy" => described(),
        _ => listed(json!([{ "Id": "p-1" }])),
    };
    let (outcome, sent) = set(&["p-1", "p-2"], &["p-1"], respond).await;
    assert_eq!((outcome, sent.len()), (Outcome::Applied, 3));
}

/// An OU or a policy of that name appeared meanwhile. If its tag says that an earlier attempt of overlord created it, the run continues
/// with it; otherwise it is left alone.
#[tokio::test(start_paused = true)]
async fn what_exists_by_now_is_taken_only_when_it_is_ours() {
    let live = json!({
        "organization.main": { "id": "r-1", "attributes": root() },
        format!("policy_type.{SCP}"): {
            "id": "r-1/scp",
            "attributes": { "organization": { "ref": "organization.main" }, "policy_type": SCP },
        },
    });
    let ou = json!({ "name": "x", "parent": { "ref": "organization.main" } });
    let policy =
        json!({ "name": "x", "description": "", "content": { "Statement": [] }, "policy_type": { "ref": format!("policy_type.{SCP}") } });
    for (address, attributes) in [("ou.a", ou), ("policy.a", policy)] {
        for tag in [address, "ou.other", ""] {
            let desired = json!({
                "organization.main": root(),
                format!("policy_type.{SCP}"): { "organization": { "ref": "organization.main" }, "policy_type": SCP },
                address: attributes,
            });
            let respond = move |_, operation: &str, body: &Value| match operation {
                "CreateOrganizationalUnit" => refusal("DuplicateOrganizationalUnitException"),
                "CreatePolicy" | "UpdatePolicy" if body["Content"] != r#"{"Statement":[]}"# => panic!("white space counts: {body}"),
                "CreatePolicy" => refusal("DuplicatePolicyException"),
                "ListOrganizationalUnitsForParent" => {
                    answer(200, r#"{"OrganizationalUnits":[{"Id":"ou-y","Name":"y"},{"Id":"ou-x","Name":"x"}]}"#)
                }
                "ListPolicies" => answer(200, r#"{"Policies":[{"Id":"p-y","Name":"y"},{"Id":"p-x","Name":"x"}]}"#),
                "ListTagsForResource" if tag.is_empty() => answer(200, r#"{"Tags":[]}"#),
                "ListTagsForResource" => {
                    answer(200, &json!({ "Tags": [{ "Key": crate::resource::ADDRESS_TAG, "Value": tag }] }).to_string())
                }
                _ => answer(200, "{}"),
            };
            let (outcome, sent) = apply_it(desired, live.clone(), respond).await;
            if tag == address {
                assert_eq!(outcome, Outcome::Applied, "{address}");
                // Its document may be that of the earlier attempt.
                assert_eq!(sent.last().unwrap() == "UpdatePolicy", address == "policy.a", "{sent:?}");
            } else {
                assert!(matches!(&outcome, Outcome::Failed(error) if error.to_string().contains("did not make it")), "{outcome:?}");
                assert_eq!(sent.last().unwrap(), "ListTagsForResource");
            }
        }
    }
}

/// A delegated administrator that AWS refuses: the service gets its old one back.
#[tokio::test(start_paused = true)]
async fn a_refused_administrator_leaves_the_old_one() {
    let administrator = |id: &str| {
        json!({
            "account": { "id": id },
            "service": "config.amazonaws.com",
            "trusted_service": { "id": "config.amazonaws.com" },
        })
    };
    let address = "delegated_administrator.config.amazonaws.com";
    let respond = |_, operation: &str, body: &Value| match (operation, body["AccountId"].as_str()) {
        ("RegisterDelegatedAdministrator", Some("333333333333")) => refusal("ConstraintViolationException"),
        _ => answer(200, "{}"),
    };
    let live = json!({ address: { "id": "config.amazonaws.com", "attributes": administrator("222222222222") } });
    let (outcome, sent) = apply_it(json!({ address: administrator("333333333333") }), live, respond).await;
    assert!(matches!(&outcome, Outcome::Failed(error) if error.is(&["ConstraintViolationException"])), "{outcome:?}");
    assert_eq!(sent, ["DeregisterDelegatedAdministrator", "RegisterDelegatedAdministrator", "RegisterDelegatedAdministrator"]);
}
