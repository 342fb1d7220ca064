//! Answers of AWS while an account is created, moved or renamed: through `apply`, against a mock AWS.

use serde_json::{Value, json};

use crate::apply::{Consent, Outcome, apply};
use crate::aws::mock_transport::{Answer, MANAGEMENT, MockTransport, json as answer, refusal, sessions};
use crate::plan::Plan;
use crate::resource::{Desired, Live};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;

const ID: &str = "222222222222";

/// The operation of a request to Organizations, and its parameters.
fn read(request: &HttpRequest) -> (String, Value) {
    let target = request.headers().get("x-amz-target").unwrap_or_else(|| request.uri());
    let body = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
    (target.rsplit(['.', '/']).next().unwrap_or_default().to_owned(), body)
}

fn account(parent: &str, name: &str) -> Value {
    json!({ "email": "a@example.org", "name": name, "parent": { "ref": parent } })
}

/// Applies the change from `before` (`None`: creation) to the account `a` in the root. Returns the result and the mutating requests.
async fn apply_it(
    before: Option<Value>,
    after: Value,
    id: &str,
    respond: impl Fn(usize, &str, &Value) -> Answer + Send + Sync + 'static,
) -> (Outcome, Vec<String>) {
    let counts = std::sync::Mutex::new(std::collections::BTreeMap::<String, usize>::new());
    let canned = MockTransport::counting(move |_, request| {
        let (operation, body) = read(request);
        let nth = {
            let mut counts = counts.lock().unwrap();
            let count = counts.entry(operation.clone()).or_default();
            *count += 1;
            *count
        };
        respond(nth, &operation, &body)
    });
    let root = json!({ "feature_set": "ALL" });
    let service = json!({ "organization": { "ref": "organization.main" }, "service": "account.amazonaws.com" });
    let desired = Desired {
        management_account: MANAGEMENT.to_owned(),
        access_role: "OrganizationAccountAccessRole".to_owned(),
        resources: serde_json::from_value(
            json!({ "account.a": after, "organization.main": root, "trusted_service.account.amazonaws.com": service }),
        )
        .unwrap(),
        ..Desired::default()
    };
    let mut there = json!({
        "organization.main": { "id": "r-1", "attributes": root },
        "trusted_service.account.amazonaws.com": { "id": "account.amazonaws.com", "attributes": service },
        "ou./old": { "id": "ou-old", "attributes": {}, "frozen": "not of this test" },
    });
    if let Some(before) = before {
        there["account.a"] = json!({ "id": id, "attributes": before });
    }
    let live = Live { resources: serde_json::from_value(there).unwrap(), findings: Vec::new(), ..Live::default() };
    let plan = Plan::build(&desired, &live);
    assert_eq!(plan.changes.len(), 1, "{plan:#?}");
    let report = apply(&plan, &sessions(canned.request_gate()).await, &Consent::none(), &mut |_| {}).await;
    let writes = |call: &String| ["Create", "Move", "Tag", "Put", "Enable"].iter().any(|verb| call.contains(&format!(":{verb}")));
    (report.outcomes[0].1.clone(), canned.sent().into_iter().filter(writes).collect())
}

fn status(state: &str) -> Value {
    json!({ "Id": "car-1", "AccountName": "a", "State": state, "AccountId": (state == "SUCCEEDED").then_some(ID) })
}

fn member(state: &str) -> Value {
    json!({ "Id": ID, "Email": "A@example.org", "Name": "a", "State": state })
}

fn ok(value: &Value) -> Answer {
    answer(200, &value.to_string())
}

/// The reading calls, in a world where the account exists completely; `listed` and `known`: whether the two lists contain it.
fn look(operation: &str, listed: bool, known: Option<&str>) -> Answer {
    match operation {
        "ListCreateAccountStatus" => ok(&json!({ "CreateAccountStatuses": known.map(status).into_iter().collect::<Vec<_>>() })),
        "DescribeCreateAccountStatus" => ok(&json!({ "CreateAccountStatus": status("SUCCEEDED") })),
        "DescribeAccount" => ok(&json!({ "Account": member("ACTIVE") })),
        "ListAccounts" => ok(&json!({ "Accounts": listed.then(|| member("ACTIVE")).into_iter().collect::<Vec<_>>() })),
        "ListParents" => ok(&json!({ "Parents": [{ "Id": "r-1", "Type": "ROOT" }] })),
        "TagResource" => answer(200, "{}"),
        _ => panic!("{operation} is not expected"),
    }
}

fn lost() -> Answer {
    Err(ConnectorError::io("connection reset".into()))
}

const CREATE: &str = "organizations:CreateAccount";
const TAG: &str = "organizations:TagResource";

/// Wherever an account whose answer was lost becomes visible first, it is found there and not created again; the same applies after AWS's
/// own failures, which also leave the effect unknown.
#[tokio::test(start_paused = true)]
async fn an_account_whose_creation_was_not_answered_is_found() {
    let answers: [fn() -> Answer; 3] = [lost, || answer(500, r#"{"__type":"ServiceException"}"#), || answer(503, "<html>")];
    for unanswered in answers {
        // Still in progress; done, and not among the members yet; among the members, and no longer listed as a creation.
        for (listed, known) in [(false, Some("IN_PROGRESS")), (false, Some("SUCCEEDED")), (true, None)] {
            let created = std::sync::atomic::AtomicBool::new(false);
            let respond = move |_, operation: &str, _: &Value| {
                let there = created.load(std::sync::atomic::Ordering::SeqCst);
                match operation {
                    "CreateAccount" => {
                        created.store(true, std::sync::atomic::Ordering::SeqCst);
                        unanswered()
                    }
                    _ => look(operation, listed && there, known.filter(|_| there)),
                }
            };
            let (outcome, sent) = apply_it(None, account("organization.main", "a"), ID, respond).await;
            assert_eq!((outcome, sent), (Outcome::Applied, vec![CREATE.to_owned(), TAG.to_owned()]), "{listed} {known:?}");
        }
    }
}

/// If e-mails are not unique, only looking long enough prevents a second account.
#[tokio::test(start_paused = true)]
async fn a_creation_is_not_repeated_while_the_lists_are_older_than_the_request() {
    let respond = |nth, operation: &str, _: &Value| match operation {
        "CreateAccount" if nth == 1 => lost(),
        "CreateAccount" => ok(&json!({ "CreateAccountStatus": status("IN_PROGRESS") })),
        // Once before the request; then twice with the earlier state.
        "ListCreateAccountStatus" => look(operation, false, (nth > 3).then_some("SUCCEEDED")),
        _ => look(operation, false, None),
    };
    let (outcome, sent) = apply_it(None, account("organization.main", "a"), ID, respond).await;
    assert_eq!((outcome, sent), (Outcome::Applied, vec![CREATE.to_owned(), TAG.to_owned()]));
}

/// The unanswered request may have created the account.
#[tokio::test(start_paused = true)]
async fn a_taken_email_after_a_lost_answer_is_looked_for_until_the_lists_are_current() {
    let respond = |nth, operation: &str, _: &Value| match operation {
        "CreateAccount" if nth == 1 => lost(),
        "CreateAccount" => {
            let failed = json!({ "Id": "car-2", "AccountName": "a", "State": "FAILED", "FailureReason": "EMAIL_ALREADY_EXISTS" });
            ok(&json!({ "CreateAccountStatus": failed }))
        }
        "ListAccounts" => look(operation, nth > 12, None),
        _ => look(operation, false, None),
    };
    let (outcome, sent) = apply_it(None, account("organization.main", "a"), ID, respond).await;
    assert_eq!((outcome, sent), (Outcome::Applied, vec![CREATE.to_owned(), CREATE.to_owned(), TAG.to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_creation_without_an_answer_and_without_effect_is_asked_for_again() {
    let respond = |nth, operation: &str, _: &Value| match operation {
        "CreateAccount" if nth == 1 => lost(),
        "CreateAccount" => ok(&json!({ "CreateAccountStatus": status("IN_PROGRESS") })),
        _ => look(operation, false, None),
    };
    let (outcome, sent) = apply_it(None, account("organization.main", "a"), ID, respond).await;
    assert_eq!((outcome, sent), (Outcome::Applied, vec![CREATE.to_owned(); 2]));
}

#[tokio::test(start_paused = true)]
async fn a_creation_waits_while_aws_works_on_too_many() {
    let respond = |nth, operation: &str, _: &Value| match operation {
        "CreateAccount" if nth < 5 => {
            let reason = "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED";
            answer(400, &json!({ "__type": "ConstraintViolationException", "Reason": reason }).to_string())
        }
        "CreateAccount" => ok(&json!({ "CreateAccountStatus": status("IN_PROGRESS") })),
        _ => look(operation, false, None),
    };
    let (outcome, sent) = apply_it(None, account("organization.main", "a"), ID, respond).await;
    assert_eq!((outcome, sent), (Outcome::Applied, vec![CREATE.to_owned(); 5]));
}

#[tokio::test(start_paused = true)]
async fn a_closed_account_is_not_taken_for_a_new_one() {
    for state in ["CLOSED", "SUSPENDED", "PENDING_CLOSURE"] {
        let respond = move |_, operation: &str, _: &Value| match operation {
            "CreateAccount" => {
                let failed = json!({ "Id": "car-1", "State": "FAILED", "FailureReason": "EMAIL_ALREADY_EXISTS" });
                ok(&json!({ "CreateAccountStatus": failed }))
            }
            "ListAccounts" => ok(&json!({ "Accounts": [member(state)] })),
            _ => look(operation, false, None),
        };
        let (outcome, sent) = apply_it(None, account("organization.main", "a"), ID, respond).await;
        let Outcome::Failed(error) = outcome else { panic!("{outcome:?}") };
        assert_eq!(error.to_string(), format!("the account `{ID}` already has this e-mail and is {state}"));
        assert_eq!(sent, [CREATE]);
    }
}

/// Another caller moved it between the snapshot and the call.
#[tokio::test(start_paused = true)]
async fn an_account_is_moved_from_where_it_is_by_then() {
    let respond = |_, operation: &str, body: &Value| match operation {
        "MoveAccount" if body["SourceParentId"] == "ou-elsewhere" => answer(200, "{}"),
        "MoveAccount" => refusal("SourceParentNotFoundException"),
        "ListParents" => ok(&json!({ "Parents": [{ "Id": "ou-elsewhere", "Type": "ORGANIZATIONAL_UNIT" }] })),
        _ => look(operation, true, None),
    };
    let (outcome, sent) = apply_it(Some(account("ou./old", "a")), account("organization.main", "a"), ID, respond).await;
    assert_eq!((outcome, sent), (Outcome::Applied, vec!["organizations:MoveAccount".to_owned(); 2]));
}

/// <https://docs.aws.amazon.com/accounts/latest/reference/API_PutAccountName.html>: the management account may not give its own id, and
/// must give that of every other account.
#[tokio::test(start_paused = true)]
async fn the_management_account_names_itself_without_its_id() {
    for (id, expected) in [(MANAGEMENT, Value::Null), (ID, json!(ID))] {
        let respond = move |_, operation: &str, body: &Value| match operation {
            "ListRoots" => {
                let arn = format!("arn:aws:organizations::{MANAGEMENT}:root/o-1/r-1");
                ok(&json!({ "Roots": [{ "Id": "r-1", "Arn": arn }] }))
            }
            "putAccountName" => {
                assert_eq!((&body["AccountName"], &body["AccountId"]), (&json!("new"), &expected));
                answer(200, "{}")
            }
            _ => look(operation, true, None),
        };
        let before = account("organization.main", "a");
        let (outcome, sent) = apply_it(Some(before), account("organization.main", "new"), id, respond).await;
        assert_eq!((outcome, sent), (Outcome::Applied, vec!["account:PutAccountName".to_owned()]));
    }
}
