use serde_json::{Value, json};

use super::*;
use crate::plan::worlds::{desired, live};

/// The difference as lines: `action address (reason)`, then `severity: subject: summary`.
fn check(want: Value, have: Value, expected: &[&str]) {
    let Difference { changes, findings } = diff(&desired(want), &live(have));
    let changes = changes.into_iter().map(|change| format!("{:?} {} ({})", change.action, change.address, change.reason));
    let findings = findings.into_iter().map(|f| format!("{:?}: {}: {}", f.severity, f.subject, f.summary));
    assert_eq!(changes.chain(findings).collect::<Vec<_>>(), expected);
}

fn account(email: &str, name: &str, parent: &str) -> Value {
    json!({ "email": email, "name": name, "parent": { "ref": parent } })
}

fn is(id: &str, attributes: Value) -> Value {
    json!({ "id": id, "attributes": attributes, "ours": true })
}

#[test]
fn what_is_not_there_is_created() {
    let organization = json!({ "organization.main": { "feature_set": "ALL" } });
    check(organization, json!({}), &["Create organization.main (there is no organization yet)"]);
    check(json!({ "account.a": account("a@x", "a", "ou.x") }), json!({}), &["Create account.a (not in the organization)"]);
}

#[test]
fn what_is_equal_is_left_alone_and_only_declared_names_and_tags_count() {
    let want = json!({ "ou.a": { "name": "a", "tags": { "team": "red" } } });
    let have =
        json!({ "ou.a": is("ou-1", json!({ "name": "a", "parent": { "ref": "ou.z" }, "tags": { "team": "red", "foreign": "1" } })) });
    check(want, have.clone(), &[]);
    check(json!({ "ou.a": { "name": "a", "tags": { "team": "blue" } } }), have, &["Update ou.a (`tags` differs)"]);
}

#[test]
fn a_move_is_shown_before_an_update_and_an_adoption_before_both() {
    let want = json!({
        "account.a": account("a@x", "new", "ou.hipaa"),
        "trusted_service.account.amazonaws.com": {},
    });
    let mut have = json!({
        "account.a": is("222222222222", account("a@x", "old", "ou.old")),
        "trusted_service.account.amazonaws.com": is("account.amazonaws.com", json!({})),
    });
    check(want.clone(), have.clone(), &["Move account.a (`name` differs; move from `ou.old` to `ou.hipaa`)"]);
    have["account.a"]["ours"] = json!(false);
    check(want, have.clone(), &["Adopt account.a (not made by overlord; `name` differs; move from `ou.old` to `ou.hipaa`)"]);
    have["account.a"]["attributes"] = account("a@x", "new", "ou.hipaa");
    let same = json!({ "account.a": account("a@x", "new", "ou.hipaa"), "trusted_service.account.amazonaws.com": {} });
    check(same, have, &[]);
}

#[test]
fn sets_say_what_they_lack_and_have_too_many() {
    let set = |policies: Value| json!({ "policies": policies, "target": { "ref": "ou.x" } });
    check(
        json!({ "policy_attachments.ou.x": set(json!([{ "ref": "policy.a" }])) }),
        json!({ "policy_attachments.ou.x": is("ou-1", set(json!([{ "id": "p-FullAWSAccess" }]))) }),
        &["Update policy_attachments.ou.x (`policies`: attach `policy.a`, detach `p-FullAWSAccess`)"],
    );
}

#[test]
fn a_forbidden_change_is_an_error_with_the_way_out() {
    let Difference { changes, findings } = diff(
        &desired(json!({ "a/eu-west-1/transit_gateway.hub": { "asn": 65_001 } })),
        &live(json!({ "a/eu-west-1/transit_gateway.hub": is("2", json!({ "asn": 65_000 })) })),
    );
    assert_eq!(changes, []);
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!(finding.severity, FindingSeverity::Error);
    assert!(finding.summary.starts_with("`asn` is `65000`, not `65001`, and cannot be changed: declare another"), "{}", finding.summary);
}

#[test]
fn a_rename_of_a_member_needs_trusted_access() {
    let want = json!({ "account.a": account("a@x", "new", "ou.x") });
    let error = "Error: account.a: AWS changes the name of a member account only with trusted access: add `account.amazonaws.com` to `trusted_services`";
    let have = |id: &str| json!({ "account.a": is(id, account("a@x", "old", "ou.x")) });
    check(want.clone(), have("222222222222"), &["Update account.a (`name` differs)", error]);
    check(want, have("111111111111"), &["Update account.a (`name` differs)"]);
}

#[test]
fn an_email_is_changed_with_a_code_in_trust_and_that_of_the_management_account_never() {
    let want = json!({ "account.a": account("new@x", "a", "ou.x") });
    let have = |id: &str| json!({ "account.a": is(id, account("old@x", "a", "ou.x")) });
    let update = "Update account.a (AWS sends a code to `new@x`, which `overlord email` submits)";
    let error = "Error: account.a: AWS changes the e-mail of a member account only with trusted access: add `account.amazonaws.com` to \
                 `trusted_services`";
    check(want.clone(), have("222222222222"), &[update, error]);
    let error = "Error: account.a: AWS changes the e-mail of the management account only for its root user: do so in the account settings, or \
                 put the live address here";
    check(want, have("111111111111"), &[update, error]);
}

#[test]
fn what_is_frozen_is_left_with_a_warning() {
    let mut have = json!({ "account.a": is("2", account("a@x", "a", "ou.old")) });
    have["account.a"]["frozen"] = json!("the account is closed");
    check(json!({ "account.a": account("a@x", "a", "ou.x") }), have, &["Warning: account.a: left as it is: the account is closed"]);
    let mut have = json!({ "ou./old": is("ou-1", json!({ "name": "old" })) });
    have["ou./old"]["frozen"] = json!("AWS works on it");
    check(json!({}), have, &["Warning: ou./old: left as it is: AWS works on it"]);
    // Nor is it created again.
    let mut have = json!({ "ou.a": is("ou-1", json!({ "name": "a", "parent": { "ref": "ou.b" } })) });
    have["ou.a"]["frozen"] = json!("AWS works on it");
    check(
        json!({ "ou.a": { "name": "a", "parent": { "ref": "organization.main" } } }),
        have,
        &["Warning: ou.a: left as it is: AWS works on it"],
    );
}

#[test]
fn what_left_the_configuration_is_deleted_only_when_ours_and_deletable() {
    let mut have = json!({ "ou./old": is("ou-1", json!({ "name": "old" })) });
    check(json!({}), have.clone(), &["Delete ou./old (removed from org.toml; created by overlord, empty and detached by then)"]);
    for ours in [json!(false), json!(null)] {
        have["ou./old"]["ours"] = ours;
        check(json!({}), have.clone(), &["Unmanaged: ou./old: exists, is not in org.toml, and stays as it is"]);
    }
    let account = json!({ "account.a": is("2", account("a@x", "a", "ou.x")) });
    check(json!({}), account, &["Unmanaged: account.a: exists, is not in org.toml, and stays as it is"]);
}

#[test]
fn unknown_kinds_and_attributes_are_errors() {
    check(json!({ "x.a": {} }), json!({}), &["Error: x.a: this version of overlord does not know the kind `x`"]);
    check(json!({}), json!({ "x.a": is("1", json!({})) }), &["Error: x.a: this version of overlord does not know the kind `x`"]);
    let have = json!({ "ou.a": is("1", json!({})) });
    check(json!({ "ou.a": { "colour": 1 } }), have, &["Error: ou.a: unknown attribute `colour` of the kind `ou`"]);
}

#[test]
fn an_ou_under_another_parent_is_made_anew_with_all_below_it_and_takes_its_accounts_along() {
    let ou = |name: &str, parent: &str| json!({ "name": name, "parent": { "ref": parent } });
    let set = |policy: Value, target: &str| json!({ "policies": [policy], "target": { "ref": target } });
    let full = || json!({ "id": "p-FullAWSAccess" });
    let scp = json!({});
    let want = json!({
        "policy_type.SERVICE_CONTROL_POLICY": scp,
        "ou.a": ou("a", "ou.top"),
        "ou.b": ou("b", "ou.a"),
        "account.x": account("x@x", "x", "ou.b"),
        "policy_attachments.ou.a": set(json!({ "ref": "policy.p" }), "ou.a"),
        "policy_attachments.ou.b": set(full(), "ou.b"),
    });
    let have = json!({
        "policy_type.SERVICE_CONTROL_POLICY": is("SERVICE_CONTROL_POLICY", scp),
        "ou.a": is("ou-a", ou("a", "organization.main")),
        "ou.b": is("ou-b", ou("b", "ou.a")),
        "account.x": is("2", account("x@x", "x", "ou.b")),
        "policy_attachments.ou.a": is("ou-a", set(json!({ "ref": "policy.p" }), "ou.a")),
        "policy_attachments.ou.b": is("ou-b", set(full(), "ou.b")),
    });
    check(
        want.clone(),
        have.clone(),
        &[
            "Move account.x (move from `ou-b` to `ou.b`)",
            "Replace ou.a (`parent` differs, and AWS cannot change it in place)",
            "Replace ou.b (`parent` differs, and AWS cannot change it in place)",
            "Update policy_attachments.ou.a (`policies`: attach `policy.p`, detach `p-FullAWSAccess`)",
            "Delete ou./a (`ou.a` takes its place)",
            "Delete ou./a/b (`ou.b` takes its place)",
        ],
    );
    let changes = diff(&desired(want), &live(have)).changes;
    let attachments = changes.iter().find(|change| change.address.kind() == "policy_attachments").unwrap();
    assert_eq!(attachments.id, None, "the new OU has no id yet");
}
