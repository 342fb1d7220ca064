//! The binder with hand-made worlds.

use serde_json::json;

use super::super::world::Unit;
use super::*;
use crate::resource::Former;
use crate::resource::organizations::Leaving;

const MANAGEMENT: &str = "111111111111";
const SCP: &str = "SERVICE_CONTROL_POLICY";
const RCP: &str = "RESOURCE_CONTROL_POLICY";

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// The configuration as JSON: addresses to attributes.
fn desired(resources: Value) -> Desired {
    let mut desired = Desired { management_account: MANAGEMENT.to_owned(), ..Desired::default() };
    let common = json!({
        "organization.main": { "feature_set": "ALL" },
        "policy_type.SERVICE_CONTROL_POLICY": { "organization": { "ref": "organization.main" }, "policy_type": SCP },
    });
    for (key, attributes) in [common, resources].iter().flat_map(|value| value.as_object().unwrap()) {
        let attributes = attributes.as_object().unwrap().clone().into_iter().collect();
        desired.resources.insert(address(key), attributes);
    }
    desired
}

fn ou(name: &str, parent: &str) -> Value {
    json!({ "name": name, "parent": { "ref": parent } })
}

fn account(email: &str, name: &str, parent: &str) -> Value {
    json!({ "email": email, "name": name, "parent": { "ref": parent } })
}

fn policy(name: &str) -> Value {
    json!({ "name": name, "description": "", "content": {}, "policy_type": { "ref": "policy_type.SERVICE_CONTROL_POLICY" } })
}

fn set(target: &str, policies: Value) -> Value {
    json!({ "target": { "ref": target }, "policies": policies })
}

fn world() -> World {
    World {
        root: "r-ab".to_owned(),
        management_account: MANAGEMENT.to_owned(),
        feature_set: "ALL".to_owned(),
        policy_types: [(SCP.to_owned(), "ENABLED".to_owned())].into(),
        ..World::default()
    }
    .with_account(MANAGEMENT, "root@example.org", "r-ab")
    .with_policy("p-FullAWSAccess", "FullAWSAccess", &["r-ab", MANAGEMENT])
}

impl World {
    fn with_unit(mut self, id: &str, name: &str, parent: &str) -> Self {
        self.units.insert(id.to_owned(), Unit { name: name.to_owned(), parent: parent.to_owned() });
        self
    }

    fn with_account(mut self, id: &str, email: &str, parent: &str) -> Self {
        let name = email.split('@').next().unwrap().to_owned();
        let account =
            Member { name, email: email.to_owned(), state: "ACTIVE".to_owned(), parent: Some(parent.to_owned()), ..Member::default() };
        self.accounts.insert(id.to_owned(), account);
        self
    }

    fn with_policy(mut self, id: &str, name: &str, targets: &[&str]) -> Self {
        let policy = LivePolicy {
            policy_type: SCP.to_owned(),
            name: name.to_owned(),
            aws_managed: name == "FullAWSAccess",
            content: Some("{}".to_owned()),
            targets: targets.iter().map(|&target| target.to_owned()).collect(),
            ..LivePolicy::default()
        };
        self.policies.insert(id.to_owned(), policy);
        self
    }

    fn tagged(mut self, id: &str, address: &str) -> Self {
        self.tags.entry(id.to_owned()).or_default().insert(ADDRESS_TAG.to_owned(), address.to_owned());
        self
    }

    fn closed(mut self, id: &str) -> Self {
        self.accounts.get_mut(id).unwrap().state = "CLOSED".to_owned();
        self
    }
}

fn live(desired: &Desired, world: &World) -> Live {
    bind(desired, Some(world)).unwrap()
}

fn id(live: &Live, key: &str) -> Option<String> {
    live.resources.get(&address(key)).and_then(|resource| resource.id.clone())
}

fn attribute(live: &Live, key: &str, name: &str) -> Value {
    live.resources.get(&address(key)).and_then(|resource| resource.attributes.get(name)).unwrap_or_default()
}

/// The findings, one line each.
fn findings(live: &Live) -> Vec<String> {
    live.findings.iter().map(|finding| format!("{:?} {}: {}", finding.severity, finding.subject, finding.summary)).collect()
}

fn one_finding(live: &Live) -> String {
    match findings(live).as_slice() {
        [one] => one.clone(),
        other => panic!("{other:#?}"),
    }
}

#[test]
fn ous_are_known_by_their_path() {
    let desired = desired(json!({
        "ou.a": ou("a", "organization.main"),
        "ou.a-x": ou("x", "ou.a"),
        "ou.b": ou("b", "organization.main"),
        "ou.b-x": ou("x", "ou.b"),
        "ou.new": ou("new", "ou.b"),
    }));
    let world =
        world().with_unit("ou-1", "a", "r-ab").with_unit("ou-2", "b", "r-ab").with_unit("ou-3", "x", "ou-1").with_unit("ou-4", "x", "ou-2");
    let live = live(&desired, &world);
    assert_eq!(
        ["ou.a", "ou.b", "ou.a-x", "ou.b-x", "ou.new"].map(|key| id(&live, key)),
        [Some("ou-1".to_owned()), Some("ou-2".to_owned()), Some("ou-3".to_owned()), Some("ou-4".to_owned()), None]
    );
    assert_eq!(attribute(&live, "ou.b-x", "parent"), json!({ "ref": "ou.b" }));
    assert_eq!(findings(&live), Vec::<String>::new());
}

#[test]
fn a_renamed_ou_is_known_by_its_tag_and_takes_its_children_along() {
    let desired = desired(json!({ "ou.a": ou("new name", "organization.main"), "ou.x": ou("x", "ou.a") }));
    let world = world().with_unit("ou-1", "a", "r-ab").with_unit("ou-2", "x", "ou-1").tagged("ou-1", "ou.a").tagged("ou-2", "ou.x");
    let live = live(&desired, &world);
    assert_eq!((id(&live, "ou.a").unwrap(), id(&live, "ou.x").unwrap()), ("ou-1".to_owned(), "ou-2".to_owned()));
    assert_eq!(attribute(&live, "ou.a", "name"), json!("a"));
}

#[test]
fn a_moved_key_is_known_by_the_former_tag_or_name() {
    let mut desired = desired(json!({ "ou.new": ou("new", "organization.main"), "policy.new": policy("new") }));
    for kind in ["ou", "policy"] {
        let former = Former { address: Address::new(kind, "old"), names: vec!["old".to_owned()] };
        desired.moved.insert(Address::new(kind, "new"), former);
    }
    let untagged = world().with_unit("ou-1", "old", "r-ab").with_policy("p-1", "old", &[]);
    let tagged =
        world().with_unit("ou-1", "any", "r-ab").tagged("ou-1", "ou.old").with_policy("p-1", "any", &[]).tagged("p-1", "policy.old");
    for world in [untagged, tagged] {
        let live = live(&desired, &world);
        assert_eq!((id(&live, "ou.new").unwrap(), id(&live, "policy.new").unwrap()), ("ou-1".to_owned(), "p-1".to_owned()));
    }
}

#[test]
fn what_a_name_claims_a_tag_does_not_take() {
    let desired = desired(json!({ "ou.a": ou("new", "organization.main"), "ou.b": ou("b", "organization.main") }));
    let live = live(&desired, &world().with_unit("ou-1", "b", "r-ab").tagged("ou-1", "ou.a"));
    assert_eq!((id(&live, "ou.a"), id(&live, "ou.b")), (None, Some("ou-1".to_owned())));
    assert_eq!(findings(&live), Vec::<String>::new(), "nothing is wrong with a name that went to another key");
}

#[test]
fn what_two_could_be_is_an_error_and_none_of_them() {
    let desired = desired(json!({ "ou.a": ou("new", "organization.main") }));
    let world = world().with_unit("ou-1", "x", "r-ab").tagged("ou-1", "ou.a").with_unit("ou-2", "y", "r-ab").tagged("ou-2", "ou.a");
    let live = live(&desired, &world);
    assert_eq!(id(&live, "ou.a"), None);
    let expected = "Error ou.a: it may be any of `ou-1`, `ou-2`: give all but one of them another `overlord:address` tag";
    assert!(findings(&live).contains(&expected.to_owned()), "{:?}", findings(&live));
}

#[test]
fn accounts_are_known_by_id_or_e_mail() {
    let mut desired = desired(json!({
        "account.by-email": account("A@Example.org", "a", "organization.main"),
        "account.by-id": account("other@example.org", "b", "organization.main"),
        "account.new": account("new@example.org", "new", "organization.main"),
    }));
    desired.pinned.insert(address("account.by-id"), "333333333333".to_owned());
    let world = world().with_account("222222222222", "a@example.org", "r-ab").with_account("333333333333", "b@example.org", "r-ab");
    let live = live(&desired, &world);
    assert_eq!(id(&live, "account.by-email").unwrap(), "222222222222");
    assert_eq!(attribute(&live, "account.by-email", "email"), json!("A@Example.org"), "spelling is no difference");
    assert_eq!(id(&live, "account.by-id").unwrap(), "333333333333");
    assert_eq!(attribute(&live, "account.by-id", "email"), json!("b@example.org"));
    assert_eq!(id(&live, "account.new"), None);
    assert_eq!(findings(&live), Vec::<String>::new());
}

#[test]
fn one_account_under_two_addresses_is_an_error() {
    let mut desired = desired(json!({
        "account.a": account("a@example.org", "a", "organization.main"),
        "account.b": account("b@example.org", "b", "organization.main"),
    }));
    desired.pinned.insert(address("account.b"), "222222222222".to_owned());
    let finding = one_finding(&live(&desired, &world().with_account("222222222222", "a@example.org", "r-ab")));
    assert!(finding.starts_with("Error account.b: it is the same as `account.a`"), "{finding}");
}

#[test]
fn a_pinned_account_outside_the_organization_is_an_error() {
    let mut desired = desired(json!({ "account.a": account("a@example.org", "a", "organization.main") }));
    desired.pinned.insert(address("account.a"), "222222222222".to_owned());
    let finding = one_finding(&live(&desired, &world()));
    assert!(finding.starts_with("Error account.a: the account `222222222222` is not in the organization"), "{finding}");
}

#[test]
fn a_changed_e_mail_is_seen_by_the_name_before_a_second_account_is_made() {
    let desired = desired(json!({ "account.a": account("new@example.org", "a", "organization.main") }));
    let world = world().with_account("222222222222", "a@example.org", "r-ab");
    let stranger = live(&desired, &world);
    assert_eq!(id(&stranger, "account.a"), None);
    assert!(findings(&stranger).iter().any(|line| line.starts_with("Warning account.a: a new account is planned")));
    assert_eq!(id(&live(&desired, &world.tagged("222222222222", "account.a")), "account.a").unwrap(), "222222222222");
}

#[test]
fn a_closed_account_is_frozen_with_its_attachments() {
    let desired = desired(json!({
        "account.a": account("a@example.org", "a", "organization.main"),
        "policy_attachments.account.a": set("account.a", json!([{ "id": "p-FullAWSAccess" }])),
    }));
    let live = live(&desired, &world().with_account("222222222222", "a@example.org", "r-ab").closed("222222222222"));
    let frozen = |key: &str| live.resources[&address(key)].frozen.clone().unwrap();
    assert!(frozen("account.a").starts_with("the account is closed: AWS's support can reopen it"), "{}", frozen("account.a"));
    assert_eq!(frozen("policy_attachments.account.a"), crate::resource::WITH_ITS_ACCOUNT, "one finding is enough");
}

#[test]
fn an_account_that_is_to_be_closed_differs_in_that_alone_until_it_is() {
    let desired = desired(json!({ "account.a": { "email": "A@example.org", "leaves": "closed", "name": "other" } }));
    let there = world().with_unit("ou-1", "theirs", "r-ab").with_account("222222222222", "a@example.org", "ou-1");
    let difference = |world: &World| crate::diff::diff(&desired, &live(&desired, world));
    let open = difference(&there);
    assert_eq!(open.changes.iter().map(|change| change.leaving()).collect::<Vec<_>>(), [Some(Leaving::Closed)]);
    assert_eq!(open.changes[0].attributes().iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["leaves"]);
    assert!(findings(&live(&desired, &there)).iter().any(|line| line.starts_with("Warning closing accounts: AWS closes 3 at a time")));
    // Closed, and gone after 90 days: neither a change nor a finding.
    for world in [there.clone().closed("222222222222"), world()] {
        assert_eq!(difference(&world), crate::diff::Difference::default());
        assert_eq!(findings(&live(&desired, &world)).iter().filter(|line| line.contains("account.a")).count(), 0);
    }
}

#[test]
fn closings_beyond_the_quota_are_told_beforehand() {
    let accounts = |n: usize| (0..n).map(|i| (format!("{i:012}"), format!("a{i}@example.org")));
    let wanted: serde_json::Map<String, Value> = accounts(300)
        .map(|(id, email)| (format!("account.a{}", id.trim_start_matches('0')), json!({ "email": email, "leaves": "closed" })))
        .collect();
    let desired = desired(Value::Object(wanted));
    let world = accounts(300).fold(world(), |world, (id, email)| world.with_account(&id, &email, "r-ab"));
    let world = world.closed("000000000001");
    let told = findings(&live(&desired, &world));
    let told = told.iter().find(|line| line.contains("closing accounts")).unwrap();
    assert!(
        told.contains("at most 250 in 30 days: 299 to be closed now, 1 closed in")
            && told.ends_with("up to 50 may have to wait for a later run"),
        "{told}"
    );
}

#[test]
fn the_management_account_does_not_leave() {
    let desired = desired(json!({ "account.m": { "email": "root@example.org", "leaves": "removed" } }));
    assert!(findings(&live(&desired, &world())).iter().any(|line| line.starts_with("Error account.m: it is the management account")));
}

#[test]
fn an_ou_goes_when_what_is_in_it_is_taken_out_and_not_when_it_is_closed() {
    let holds = |leaves: &str| {
        let desired = desired(json!({ "account.a": { "email": "a@example.org", "leaves": leaves } }));
        let world = world().with_unit("ou-1", "old", "r-ab").tagged("ou-1", "ou.old").with_account("222222222222", "a@example.org", "ou-1");
        !live(&desired, &world).resources.contains_key(&address("ou./old"))
    };
    assert_eq!((holds("closed"), holds("removed")), (true, false));
}

#[test]
fn sets_are_what_is_attached_and_what_targets_are_born_with() {
    let mut desired = desired(json!({
        "ou.a": ou("a", "organization.main"),
        "ou.new": ou("new", "organization.main"),
        "policy.deny": policy("deny"),
        "policy_attachments.ou.a": set("ou.a", json!([])),
        "policy_attachments.ou.new": set("ou.new", json!([])),
    }));
    let world = world().with_unit("ou-1", "a", "r-ab").with_policy("p-1", "deny", &["ou-1"]).with_policy("p-2", "foreign", &["ou-1"]);
    let before = live(&desired, &world);
    assert_eq!(attribute(&before, "policy_attachments.ou.a", "policies"), json!([{ "ref": "policy.deny" }, { "id": "p-2" }]));
    assert_eq!(id(&before, "policy_attachments.ou.a").unwrap(), "ou-1");
    assert_eq!(attribute(&before, "policy_attachments.ou.new", "policies"), json!([{ "id": "p-FullAWSAccess" }]));
    assert_eq!(id(&before, "policy_attachments.ou.new"), None);

    let rcp = json!({ "organization": { "ref": "organization.main" }, "policy_type": RCP });
    desired.resources.insert(Address::new("policy_type", RCP), rcp.as_object().unwrap().clone().into_iter().collect());
    for status in [None, Some("PENDING_ENABLE")] {
        let mut world = world.clone();
        world.policy_types.extend(status.map(|status| (RCP.to_owned(), status.to_owned())));
        let born = live(&desired, &world);
        let expected = json!([{ "ref": "policy.deny" }, { "id": "p-2" }, { "id": "p-RCPFullAWSAccess" }]);
        assert_eq!(attribute(&born, "policy_attachments.ou.a", "policies"), expected);
        assert_eq!(id(&born, "policy_type.RESOURCE_CONTROL_POLICY"), None);
    }
}

/// Guardrails affect resources outside the configuration, and those that Control Tower attached affect resources in it.
#[test]
fn what_stands_beside_is_known_with_what_is_attached() {
    let desired = desired(json!({
        "ou.a": ou("a", "organization.main"),
        "policy.deny": policy("deny"),
        "policy_attachments.ou.a": set("ou.a", json!([])),
    }));
    let mut world = world()
        .with_unit("ou-1", "a", "r-ab")
        .with_unit("ou-2", "theirs", "ou-1")
        .with_account("222222222222", "theirs@example.net", "ou-2")
        .with_account("333333333333", "closed@example.net", "ou-2")
        .with_policy("p-1", "deny", &["ou-1", "ou-2"])
        .with_policy("p-2", "foreign", &["222222222222"])
        .with_policy("p-3", "aws-guardrails-AbCdEf", &["ou-1"])
        .closed("333333333333");
    world.policy_types.insert(RCP.to_owned(), "ENABLED".to_owned());
    let live = live(&desired, &world);
    let told = |kind: &str| -> Vec<String> {
        let all = live.beside.iter().filter(|(address, _)| address.kind() == kind);
        all.map(|(address, live)| format!("{} {}", address.key(), live.attributes.as_json())).collect()
    };
    assert_eq!(told("ou"), [r#"/a/theirs (ou-2) {"name":"theirs","parent":{"ref":"ou.a"}}"#]);
    assert_eq!(told("account"), [r#"222222222222 (theirs) {"email":"theirs@example.net","name":"theirs","parent":{"id":"ou-2"}}"#]);
    let names: Vec<&str> = live.beside.keys().filter(|address| address.kind() == "policy").map(Address::key).collect();
    assert_eq!(names, ["aws-guardrails-AbCdEf (p-3)", "foreign (p-2)"]);
    let sets = told("policy_attachments");
    for expected in [
        r#"222222222222 {"policies":[{"id":"p-2"}],"target":{"id":"222222222222"}}"#,
        r#"ou-1 {"policies":[{"id":"p-3"}],"target":{"ref":"ou.a"}}"#,
        r#"ou-2 {"policies":[{"ref":"policy.deny"}],"target":{"id":"ou-2"}}"#,
    ] {
        assert!(sets.iter().any(|set| set == expected), "{expected} is not in {sets:#?}");
    }
    assert_eq!(live.unread, [crate::policy::Family::Rcp].into());
}

#[test]
fn only_declared_tags_are_seen() {
    let mut desired = desired(json!({ "ou.a": ou("a", "organization.main"), "ou.b": ou("b", "organization.main") }));
    let ou = desired.resources.get_mut(&address("ou.a")).unwrap();
    *ou = ou.with("tags", json!({ "team": "x", "stage": "dev" }));
    let mut world = world().with_unit("ou-1", "a", "r-ab").with_unit("ou-2", "b", "r-ab").tagged("ou-1", "ou.a");
    world.tags.get_mut("ou-1").unwrap().extend([("team".to_owned(), "y".to_owned()), ("foreign".to_owned(), "z".to_owned())]);
    let live = live(&desired, &world);
    assert_eq!(attribute(&live, "ou.a", "tags"), json!({ "team": "y" }));
    assert_eq!(live.resources[&address("ou.a")].ours, Some(true));
    assert_eq!(live.resources[&address("ou.b")].ours, None);
}

#[test]
fn an_ou_of_ours_can_go_when_all_in_it_does() {
    let desired = desired(json!({
        "ou.new": ou("new", "organization.main"),
        "account.a": account("a@example.org", "a", "ou.new"),
    }));
    let world = world()
        .with_unit("ou-1", "old", "r-ab")
        .with_unit("ou-2", "inner", "ou-1")
        .with_account("222222222222", "a@example.org", "ou-2")
        .with_policy("p-1", "foreign", &["ou-2"])
        .tagged("ou-1", "ou.old")
        .tagged("ou-2", "ou.inner");
    let gone = live(&desired, &world);
    assert_eq!((id(&gone, "ou./old").unwrap(), id(&gone, "ou./old/inner").unwrap()), ("ou-1".to_owned(), "ou-2".to_owned()));
    assert_eq!(attribute(&gone, "ou./old/inner", "parent"), json!({ "ref": "ou./old" }));
    assert_eq!(attribute(&gone, "ou./old/inner", "policies"), json!([{ "id": "p-1" }]));
    assert_eq!(attribute(&gone, "account.a", "parent"), json!({ "ref": "ou./old/inner" }));

    let held = live(&desired, &world.clone().with_account("333333333333", "b@example.org", "ou-2"));
    assert_eq!((id(&held, "ou./old"), id(&held, "ou./old/inner")), (None, None));
    assert_eq!(attribute(&held, "account.a", "parent"), json!({ "id": "ou-2" }));
    let lines = findings(&held).join("\n");
    assert!(
        lines.contains("ou-2 (/old/inner): an OU that overlord created; it was removed from the configuration, and still contains account `333333333333` (b)"),
        "{lines}"
    );
    assert!(
        lines.contains(
            "ou-1 (/old): an OU that overlord created; it was removed from the configuration, and still contains OU `/old/inner`"
        ),
        "{lines}"
    );

    let frozen = live(&desired, &world.closed("222222222222"));
    assert_eq!(id(&frozen, "ou./old/inner"), None, "a closed account is moved nowhere");
}

#[test]
fn a_stranger_is_never_removed() {
    let live = live(&desired(json!({})), &world().with_unit("ou-1", "theirs", "r-ab").with_policy("p-1", "theirs", &[]));
    assert_eq!(
        findings(&live),
        [
            "Unmanaged ou-1 (/theirs): an OU that is not in the configuration",
            "Unmanaged p-1 (theirs): a policy of type SERVICE_CONTROL_POLICY that is not in the configuration",
        ]
    );
    assert!(live.resources.keys().all(|address| !address.key().starts_with('/')));
}

#[test]
fn a_policy_of_ours_can_go_when_every_target_lets_go() {
    let desired = desired(json!({
        "ou.a": ou("a", "organization.main"),
        "policy_attachments.ou.a": set("ou.a", json!([{ "id": "p-FullAWSAccess" }])),
    }));
    let world = world().with_unit("ou-1", "a", "r-ab").with_unit("ou-2", "theirs", "r-ab").tagged("p-1", "policy.old");
    let gone = live(&desired, &world.clone().with_policy("p-1", "old", &["ou-1"]));
    assert_eq!(id(&gone, "policy./SERVICE_CONTROL_POLICY/old").unwrap(), "p-1");
    let expected = json!([{ "ref": "policy./SERVICE_CONTROL_POLICY/old" }]);
    assert_eq!(attribute(&gone, "policy_attachments.ou.a", "policies"), expected);

    let held = live(&desired, &world.with_policy("p-1", "old", &["ou-1", "ou-2"]));
    assert_eq!(id(&held, "policy./SERVICE_CONTROL_POLICY/old"), None);
    let lines = findings(&held).join("\n");
    assert!(
        lines.contains("p-1 (old): a policy that overlord created; it was removed from the configuration, and is still attached to `ou-2`"),
        "{lines}"
    );
}

#[test]
fn unmanaged_accounts_are_reported_and_the_management_account_is_not() {
    let live = live(&desired(json!({})), &world().with_account("222222222222", "a@example.org", "r-ab"));
    assert_eq!(one_finding(&live), "Unmanaged 222222222222 (a): an account that is not in the configuration, under the root");
}

#[test]
fn without_an_organization_only_the_management_account_is_there() {
    let mut desired = desired(json!({
        "ou.a": ou("a", "organization.main"),
        "account.management": account("root@example.org", "root", "ou.a"),
        "policy_attachments.account.management": set("account.management", json!([])),
        "policy_attachments.ou.a": set("ou.a", json!([])),
    }));
    desired.pinned.insert(address("account.management"), MANAGEMENT.to_owned());
    let live = bind(&desired, None).unwrap();
    let ids: Vec<(String, Option<&str>)> = live.resources.iter().map(|(a, r)| (a.to_string(), r.id.as_deref())).collect();
    assert_eq!(
        ids,
        [
            ("account.management".to_owned(), Some(MANAGEMENT)),
            ("policy_attachments.account.management".to_owned(), Some(MANAGEMENT)),
            ("policy_attachments.ou.a".to_owned(), None),
        ]
    );
    assert_eq!(attribute(&live, "account.management", "parent"), json!({ "ref": "organization.main" }));
    assert_eq!(attribute(&live, "policy_attachments.ou.a", "policies"), json!([{ "id": "p-FullAWSAccess" }]));
}

#[test]
fn services_beyond_the_declared_are_one_finding() {
    let service = |name: &str| json!({ "organization": { "ref": "organization.main" }, "service": name });
    let desired = desired(json!({
        "trusted_service.config.amazonaws.com": service("config.amazonaws.com"),
        "account.audit": account("audit@example.org", "audit", "organization.main"),
        "delegated_administrator.config.amazonaws.com": {
            "account": { "ref": "account.audit" },
            "service": "config.amazonaws.com",
            "trusted_service": { "ref": "trusted_service.config.amazonaws.com" },
        },
    }));
    let mut world = world().with_account("222222222222", "audit@example.org", "r-ab");
    world.trusted_services.extend(["config.amazonaws.com", "sso.amazonaws.com", "ram.amazonaws.com"].map(str::to_owned));
    let administrators =
        |ids: &[&str]| BTreeMap::from([("config.amazonaws.com".to_owned(), ids.iter().map(|&id| id.to_owned()).collect())]);
    world.administrators = administrators(&[MANAGEMENT]);
    let other = live(&desired, &world);
    assert_eq!(
        one_finding(&other),
        "Unmanaged trusted services: enabled and not in the configuration: `ram.amazonaws.com`, `sso.amazonaws.com`"
    );
    assert_eq!(attribute(&other, "delegated_administrator.config.amazonaws.com", "account"), json!({ "id": MANAGEMENT }));
    world.administrators = administrators(&[MANAGEMENT, "222222222222"]);
    let both = live(&desired, &world);
    assert_eq!(attribute(&both, "delegated_administrator.config.amazonaws.com", "account"), json!({ "ref": "account.audit" }));
}

#[test]
fn a_strangers_policy_that_would_be_detached_is_a_warning_with_its_name() {
    let all = set("ou.a", json!([{ "id": "p-FullAWSAccess" }]));
    let desired = desired(json!({ "ou.a": ou("a", "organization.main"), "policy_attachments.ou.a": all }));
    let world =
        world().with_unit("ou-1", "a", "r-ab").with_unit("ou-2", "theirs", "r-ab").with_policy("p-9", "deny-leave", &["ou-1", "ou-2"]);
    assert_eq!(
        findings(&live(&desired, &world)),
        [
            "Warning p-9 (deny-leave): a policy of type SERVICE_CONTROL_POLICY that is not in the configuration, and will be detached from \
             `ou.a`, whose `policies` are the whole set: to keep it, declare it and name it there",
            "Unmanaged ou-2 (/theirs): an OU that is not in the configuration",
        ]
    );
    let mut aws = world;
    aws.policies.get_mut("p-9").unwrap().aws_managed = true;
    assert!(findings(&live(&desired, &aws)).iter().any(|line| line.starts_with("Warning p-9 (deny-leave): ")), "AWS's own likewise");
}

#[test]
fn control_towers_guard_rails_stay_where_they_are() {
    let desired = desired(json!({
        "ou.a": ou("a", "organization.main"),
        "policy_attachments.ou.a": set("ou.a", json!([{ "id": "p-FullAWSAccess" }])),
    }));
    let world = world().with_unit("ou-1", "a", "r-ab").with_policy("p-ct", "aws-guardrails-AbCdEf", &["ou-1"]);
    let live = live(&desired, &world);
    assert_eq!(attribute(&live, "policy_attachments.ou.a", "policies"), json!([]));
    assert_eq!(
        one_finding(&live),
        "Unmanaged p-ct (aws-guardrails-AbCdEf): a guardrail of AWS Control Tower: it stays attached wherever it is, and only Control Tower \
         changes it"
    );
}

/// It has no mark: an identical policy that is attached only to the root counts as the console's, and nothing else does.
#[test]
fn the_consoles_guard_rail_stays_and_is_not_told() {
    let desired = desired(json!({
        "policy_attachments.organization.main": set("organization.main", json!([{ "id": "p-FullAWSAccess" }])),
    }));
    let told = |targets: &[&str], document: Value, ours: bool| {
        let mut world = world().with_policy("p-1", "Default", targets);
        world.policies.get_mut("p-1").unwrap().content = Some(document.to_string());
        let tags = if ours { BTreeMap::from([(ADDRESS_TAG.to_owned(), "policy.x".to_owned())]) } else { BTreeMap::new() };
        world.tags.insert("p-1".to_owned(), tags);
        let live = live(&desired, &world);
        let set = attribute(&live, "policy_attachments.organization.main", "policies").to_string();
        (set.contains("p-1") || set.contains("policy."), findings(&live).len())
    };
    let [leave, close] =
        [("organizations", "LeaveOrganization"), ("account", "CloseAccount")].map(|(service, name)| format!("{service}:{name}"));
    let deny = |actions: Value| json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Action": actions, "Resource": "*" }] });
    let both = || deny(json!([leave, close]));
    let with = |name: &str, value: Value| {
        let mut document = both();
        document["Statement"][0][name] = value;
        document
    };
    assert_eq!(told(&["r-ab"], both(), false), (false, 0));
    let statement = |action: &str| json!({ "Sid": "A", "Effect": "Deny", "Action": action, "Resource": ["*"] });
    let two = json!({ "Version": "2012-10-17", "Statement": [statement(&close.to_uppercase()), statement(&leave)] });
    assert_eq!(told(&["r-ab"], two, false), (false, 0));
    for other in [
        deny(json!([leave])),
        deny(json!([leave, close, "s3:*"])),
        with("Effect", json!("Allow")),
        with("Resource", json!("arn:aws:organizations::*:*")),
        with("Condition", json!({ "StringNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/Admin" } })),
        json!("no document"),
    ] {
        assert_eq!(told(&["r-ab"], other.clone(), false), (true, 1), "{other}");
    }
    assert_eq!(told(&["r-ab", "222222222222"], both(), false).1, 1, "somewhere else too");
    assert!(told(&["r-ab"], both(), true).0, "one of ours that left org.toml is left over");
}

#[test]
fn a_policy_type_that_is_enabled_and_not_managed_is_told() {
    let mut world = world();
    world.policy_types.insert(RCP.to_owned(), "ENABLED".to_owned());
    assert_eq!(
        one_finding(&live(&desired(json!({})), &world)),
        "Unmanaged policy types: enabled, and no policy of them is in the configuration, so what is attached of them stays: \
         `RESOURCE_CONTROL_POLICY`"
    );
}

#[test]
fn of_several_strange_administrators_none_is_removed() {
    let desired = desired(json!({
        "trusted_service.config.amazonaws.com": { "organization": { "ref": "organization.main" }, "service": "config.amazonaws.com" },
        "account.audit": account("audit@example.org", "audit", "organization.main"),
        "delegated_administrator.config.amazonaws.com": {
            "account": { "ref": "account.audit" },
            "service": "config.amazonaws.com",
            "trusted_service": { "ref": "trusted_service.config.amazonaws.com" },
        },
    }));
    let mut world = world().with_account("222222222222", "audit@example.org", "r-ab");
    world.trusted_services.insert("config.amazonaws.com".to_owned());
    let strangers = ["333333333333", "444444444444"].map(str::to_owned);
    world.administrators.insert("config.amazonaws.com".to_owned(), strangers.into());
    let live = live(&desired, &world);
    assert_eq!(id(&live, "delegated_administrator.config.amazonaws.com"), None, "the service allows several: one is added");
    assert_eq!(
        one_finding(&live),
        "Unmanaged delegated_administrator.config.amazonaws.com: administered by further accounts: `333333333333`, `444444444444`"
    );
}

#[test]
fn what_carries_the_tag_of_something_else_is_not_removed_unsaid() {
    let desired = desired(json!({ "ou.a": ou("a", "organization.main"), "policy.p": policy("p") }));
    let world = world().with_unit("ou-1", "a", "r-ab").with_unit("ou-2", "copy", "r-ab").tagged("ou-2", "ou.a");
    let world = world.with_policy("p-1", "p", &[]).with_policy("p-2", "copy", &[]).tagged("p-2", "policy.p");
    assert_eq!(
        findings(&live(&desired, &world)),
        [
            "Warning ou-2 (/copy): its tag says that it is `ou.a`, which is `ou-1` now: if somebody copied the tag, remove it before you \
             confirm",
            "Warning p-2 (copy): its tag says that it is `policy.p`, which is `p-1` now: if somebody copied the tag, remove it before you \
             confirm",
        ]
    );
}

#[test]
fn enabling_all_features_is_told_to_be_for_good() {
    let mut world = world();
    (world.feature_set, world.policy_types) = ("CONSOLIDATED_BILLING".to_owned(), BTreeMap::new());
    world.policies.clear();
    let finding = one_finding(&live(&desired(json!({})), &world));
    assert!(finding.starts_with("Warning organization.main: all features will be enabled, which AWS cannot undo"), "{finding}");
}
