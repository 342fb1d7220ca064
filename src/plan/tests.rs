use proptest::prelude::*;
use serde_json::json;

use super::worlds::{applied, desired, live, plan, read, world};
use super::*;

fn example() -> (Desired, Live) {
    let root = json!({ "feature_set": "ALL" });
    let want = json!({ "organization.main": root, "ou.a": { "name": "a", "parent": { "ref": "organization.main" } } });
    (desired(want), live(json!({ "organization.main": { "id": "r-1", "attributes": root } })))
}

#[test]
fn what_moved_is_named_by_address_and_attribute() {
    let (want, have) = example();
    let plan = plan(&want, &have);
    assert_eq!(plan.moved_since(&have), []);
    let now = live(json!({
        "organization.main": { "id": "r-1", "attributes": { "feature_set": "CONSOLIDATED_BILLING" } },
        "ou.a": { "id": "ou-1", "attributes": { "name": "a" } },
    }));
    let moved = plan.moved_since(&now).into_iter().map(|m| format!("{} {} {} {}", m.address, m.attribute, m.then, m.now));
    let expected = [r#"organization.main feature_set "ALL" "CONSOLIDATED_BILLING""#, "ou.a exists false true"];
    assert_eq!(moved.collect::<Vec<_>>(), expected);
    let mut unsure = have;
    let summary = "it may be any of two".to_owned();
    unsure.findings.push(Finding { severity: FindingSeverity::Error, subject: "account.x".to_owned(), summary });
    let moved = plan.moved_since(&unsure).into_iter().map(|m| m.to_string()).collect::<Vec<_>>();
    assert_eq!(moved, [r#"account.x: error: was null, is "it may be any of two""#]);
}

#[test]
fn a_saved_plan_whose_role_was_changed_is_refused() {
    let (mut want, have) = example();
    want.access_role = "Admin".to_owned();
    let text = plan(&want, &have).to_json().unwrap();
    assert_eq!(read(&text.replacen("\"Admin\"", "\"Other\"", 1)), Err(ReadPlanError::Edited));
}

#[test]
fn what_moved_may_be_what_it_is_and_not_only_how() {
    let (want, have) = example();
    let plan = plan(&want, &have);
    let address = "organization.main".parse().unwrap();
    let check = |attribute: &str, change: fn(&mut LiveResource)| {
        let mut now = have.clone();
        change(now.resources.get_mut(&address).unwrap());
        assert_eq!(plan.moved_since(&now).into_iter().map(|m| m.attribute).collect::<Vec<_>>(), [attribute]);
    };
    check("id", |live| live.id = Some("r-2".to_owned()));
    check("made by overlord", |live| live.ours = Some(live.ours != Some(true)));
    check("frozen", |live| live.frozen = Some("the account is closed".to_owned()));
}

/// Removing the errors from a plan does not make it valid; nor may a plan list fewer calls than it makes.
#[test]
fn a_saved_plan_says_all_that_it_said_when_it_was_made() {
    let (want, have) = example();
    let budget = plan(&want, &have);
    let cheaper = Plan { budget: Budget::default(), ..budget };
    assert_eq!(read(&cheaper.to_json().unwrap()), Err(ReadPlanError::DoesNotFollow));
    let unknown = desired(json!({ "nothing.known": {} }));
    let refused = plan(&unknown, &have);
    assert!(refused.has_errors());
    assert_eq!(read(&refused.to_json().unwrap()).as_ref(), Ok(&refused));
    let mended = Plan { findings: Vec::new(), ..refused };
    assert_eq!(read(&mended.to_json().unwrap()), Err(ReadPlanError::DoesNotFollow));
}

#[test]
fn a_saved_plan_of_another_version_or_edited_is_refused() {
    let (want, have) = example();
    let text = plan(&want, &have).to_json().unwrap();
    let edit = |from: &str, to: &str| {
        assert!(text.contains(from), "{from} is not in {text}");
        read(&text.replacen(from, to, 1)).map(|_| ()).map_err(|error| error.to_string())
    };
    let version = "the plan has the format version 2, and this version of overlord reads 1";
    assert_eq!(edit(r#""format_version": 1"#, r#""format_version": 2"#), Err(version.to_owned()));
    let edited = "what the plan asks for or has observed does not match its digest: it was changed after it was made";
    assert_eq!(edit(r#""id": "r-1""#, r#""id": "r-2""#), Err(edited.to_owned()));
    assert_eq!(edit("111111111111", "222222222222"), Err(edited.to_owned()));
    let order = "in the plan, `ou.a` comes before a change that it depends on";
    assert_eq!(edit(r#""waits_for": []"#, r#""waits_for": ["ou.b"]"#), Err(order.to_owned()));
    let another = "the changes in the plan do not follow from what was asked for and observed: it was changed after it was made";
    assert_eq!(edit(r#""action": "create""#, r#""action": "delete""#), Err(another.to_owned()));
    let told = "this is not a saved plan: what differs of `ou.a` does not follow from its values: it was changed after it was made at line";
    assert!(edit(r#""after": "a""#, r#""after": "z""#).is_err_and(|error| error.starts_with(told)));
    assert_eq!(edit(r#""name": "a""#, r#""name": "z""#), Err(edited.to_owned()));
    assert_eq!(edit("not in the organization", "words are for people"), Ok(()));
    for text in ["", "{}", "[]", "null", r#"{"format_version": 1}"#, &text[..text.len() / 2]] {
        assert!(matches!(read(text), Err(ReadPlanError::Malformed(_))), "{text}");
    }
}

#[test]
fn the_slowest_operation_decides_the_least_time() {
    let call = |operation: &str| format!("organizations:{operation}");
    let (want, have) = example();
    let mut change = plan(&want, &have).changes.remove(0);
    change.calls = vec![call("CreateAccount"); 60];
    change.calls.extend(vec![call("MoveAccount"); 200]);
    change.calls.push("unknown:Operation".to_owned());
    let budget = Budget::of(&[change]);
    assert_eq!((budget.seconds_at_best, budget.slowest), (570.0, Some(call("CreateAccount"))));
    assert_eq!(budget.calls.values().sum::<usize>(), 261);
    assert_eq!(Budget::of(&[]), Budget::default());
}

/// The digest is over text: it is stable only while JSON objects keep their keys sorted, which a feature of another crate could end.
#[test]
fn json_objects_are_ordered() {
    assert_eq!(json!({ "b": 1, "a": 2 }).to_string(), r#"{"a":2,"b":1}"#);
}

#[test]
fn a_plan_with_nothing_to_do_is_empty() {
    let (want, have) = example();
    let first = plan(&want, &have);
    assert_eq!(first.counts(), BTreeMap::from([(Action::Create, 1)]));
    let again = plan(&want, &applied(&have, &first.changes));
    assert!(again.is_empty() && !again.has_errors(), "{again:?}");
}

proptest! {
    #[test]
    fn a_plan_survives_its_saved_form((want, have) in world()) {
        let plan = plan(&want, &have);
        let text = plan.to_json().unwrap();
        let read = read(&text);
        prop_assert_eq!(read.as_ref(), Ok(&plan));
        prop_assert_eq!(read.unwrap().to_json().unwrap(), text);
    }

    /// The changes listed for a group of accounts explain all that changes for it.
    #[test]
    fn what_an_impact_does_not_name_has_no_part_in_it((want, have) in world()) {
        let changes = plan(&want, &have).changes;
        let impact = impact::of(&want, &have, &changes);
        for group in impact.iter().flat_map(|impact| &impact.groups) {
            let named: Vec<Change> = changes.iter().filter(|change| group.changes.contains(&change.address)).cloned().collect();
            let part = impact::of(&want, &have, &named);
            for account in &group.accounts {
                let alone = part.iter().flat_map(|part| &part.groups).find(|part| part.accounts.contains(account));
                prop_assert_eq!(alone.map(|alone| &alone.shifts), Some(&group.shifts), "{} of {:#?}", account, changes);
            }
        }
    }

    /// Invariant 7, on the core alone.
    #[test]
    fn applied_then_planned_is_empty((want, have) in world()) {
        let first = plan(&want, &have);
        prop_assert!(!first.has_errors(), "{:?}", first.findings);
        prop_assert_eq!(&plan(&want, &applied(&have, &first.changes)).changes, &[]);
    }
}

/// Why planning 5,000 accounts is fast: the work for one account does not grow with the number of the others.
#[test]
fn edges_grow_with_the_number_of_accounts_and_not_faster() {
    let edges = |accounts: usize| {
        let set = |target: String| json!({ "policies": [{ "ref": "policy.p" }], "target": { "ref": target } });
        let account = |i: usize| {
            [
                (format!("account.a{i}"), json!({ "email": format!("{i}@x"), "parent": { "ref": "ou.b" } })),
                (format!("policy_attachments.account.a{i}"), set(format!("account.a{i}"))),
            ]
        };
        let ou = |name: &str, parent: &str| {
            [
                (format!("ou.{name}"), json!({ "name": name, "parent": { "ref": parent } })),
                (format!("policy_attachments.ou.{name}"), set(format!("ou.{name}"))),
            ]
        };
        let places = [ou("a", "organization.main"), ou("b", "ou.a")].into_iter().flatten();
        let all: serde_json::Map<_, _> =
            places.chain((0..accounts).flat_map(account)).chain([("policy.p".to_owned(), json!({}))]).collect();
        plan(&desired(all.into()), &Live::default()).changes.iter().map(|change| change.waits_for.len()).sum::<usize>()
    };
    let each = edges(11) - edges(10);
    assert_eq!(edges(1_000) - edges(10), 990 * each);
}

#[test]
fn a_narrowed_plan_leaves_the_rest_alone_and_says_what_it_needs_of_it() {
    let (want, have) = example();
    let told = |kinds: &[&str], units: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut want = Desired { ..want.clone() };
        let policy = json!({ "policies": [{ "id": "p-FullAWSAccess" }], "target": { "ref": "ou.a" } });
        want.resources.insert("policy_attachments.ou.a".parse().unwrap(), serde_json::from_value(policy).unwrap());
        want.selection = resource::Selection::of(&want, &[], &owned(units), &owned(kinds)).unwrap();
        let plan = plan(&want, &have);
        assert_eq!(read(&plan.to_json().unwrap()).as_ref(), Ok(&plan));
        let changes = plan.changes.iter().map(|change| change.address.to_string());
        changes.chain(plan.findings.iter().map(|finding| format!("{}: {}", finding.subject, finding.summary))).collect::<Vec<_>>()
    };
    assert_eq!(told(&[], &[]), ["ou.a", "policy_attachments.ou.a"]);
    assert_eq!(told(&["ou"], &[]), ["ou.a"]);
    assert_eq!(told(&["policy"], &[]), Vec::<String>::new());
    assert_eq!(told(&[], &["a"]), ["ou.a", "policy_attachments.ou.a"]);
    let needs = "policy_attachments.ou.a: needs `ou.a`, which is not there yet and not selected: select it too, or leave `--account`, \
                 `--ou` and `--only` out";
    assert_eq!(told(&["policy_attachments"], &[]), ["policy_attachments.ou.a", needs]);
}

#[test]
fn an_account_alone_does_not_come_under_guard_rails_that_are_left_out() {
    let resources = |policies: Value| {
        json!({
            "organization.main": { "feature_set": "ALL" },
            "ou.a": { "name": "a", "parent": { "ref": "organization.main" } },
            "policy_attachments.ou.a": { "policies": policies, "target": { "ref": "ou.a" } },
        })
    };
    let mut want = desired(resources(json!([{ "id": "p-guard" }])));
    let account = json!({ "email": "x@example.org", "name": "x", "parent": { "ref": "ou.a" } });
    want.resources.insert("account.x".parse().unwrap(), serde_json::from_value(account).unwrap());
    want.selection = resource::Selection::of(&want, &["x".to_owned()], &[], &[]).unwrap();
    let errors = |policies: Value| {
        let there = resources(policies);
        let live = there.as_object().unwrap().iter().map(|(address, attributes)| {
            let resource = json!({ "id": format!("id-{address}"), "attributes": attributes, "ours": true });
            (address.parse().unwrap(), serde_json::from_value(resource).unwrap())
        });
        let plan = plan(&want, &Live { resources: live.collect(), ..Live::default() });
        assert_eq!(plan.changes.iter().map(|change| change.address.to_string()).collect::<Vec<_>>(), ["account.x"]);
        plan.findings
            .into_iter()
            .filter(|finding| finding.severity == FindingSeverity::Error)
            .map(|finding| finding.summary)
            .collect::<Vec<_>>()
    };
    assert_eq!(errors(json!([{ "id": "p-guard" }])), Vec::<String>::new());
    let told = errors(json!([{ "id": "p-FullAWSAccess" }]));
    assert!(told.len() == 1 && told[0].contains("select `policy_attachments.ou.a` too"), "{told:?}");
}

/// Two accounts with a VPC each, of a pool that has room for four.
fn networks() -> Desired {
    let toml = r#"
        [organization]
        management_account = "111111111111"
        [pool.main]
        cidr = "10.0.0.0/18"
        [vpc.standard]
        region = "eu-west-1"
        pool = "main"
        prefix = 20
        zones = 2
        nat = "none"
        tiers = { private = 100 }
        [account.a]
        email = "a@example.org"
        ou = "root"
        vpc = ["standard"]
        [account.b]
        email = "b@example.org"
        ou = "root"
        vpc = ["standard"]
    "#;
    let none = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
    let files = crate::config::Files::new("", &none);
    crate::config::load_with(std::path::Path::new("org.toml"), Ok(toml.as_bytes().to_vec()), &files).unwrap().desired
}

fn block(plan: &Plan, address: &str) -> Option<Value> {
    let address = address.parse().unwrap();
    plan.changes.iter().find(|change| change.address == address)?.after.as_ref()?.get("cidr")
}

#[test]
fn a_block_that_somebody_took_is_a_move() {
    let (want, have) = (networks(), Live::default());
    let first = plan(&want, &have);
    assert_eq!(block(&first, "b/eu-west-1/vpc.standard"), Some(json!("10.0.16.0/20")));
    assert_eq!(first.moved_since(&have), []);
    let mut now = have.clone();
    now.network.blocks.insert("10.0.32.0/20".parse().unwrap());
    assert_eq!(first.moved_since(&now), [], "nobody was to have it");
    now.network.blocks.insert("10.0.16.0/24".parse().unwrap());
    let moved: Vec<String> = first.moved_since(&now).iter().map(Moved::to_string).collect();
    assert_eq!(
        moved.first().map(String::as_str),
        Some(r#"b/eu-west-1/subnet.standard/private-euw1-az1: cidr: was "10.0.16.0/23", is "10.0.48.0/23""#)
    );
    assert!(moved.contains(&r#"b/eu-west-1/vpc.standard: cidr: was "10.0.16.0/20", is "10.0.48.0/20""#.to_owned()), "{moved:?}");
    assert!(moved.iter().all(|one| one.starts_with("b/")), "{moved:?}");
}

#[test]
fn a_saved_plan_whose_networks_were_changed_is_refused() {
    let mut have = Live::default();
    have.network.blocks.insert("10.0.0.0/20".parse().unwrap());
    let text = plan(&networks(), &have).to_json().unwrap();
    assert!(read(&text).is_ok());
    for (from, to) in [(r#""10.0.0.0/20""#, r#""10.9.0.0/20""#), (r#""10.0.0.0/18""#, r#""10.8.0.0/18""#)] {
        assert_eq!(read(&text.replacen(from, to, 1)), Err(ReadPlanError::Edited), "{from}");
    }
}

#[test]
fn a_new_vpc_of_a_narrowed_plan_takes_what_nobody_has() {
    let mut want = networks();
    want.selection = resource::Selection::of(&want, &["b".to_owned()], &[], &["vpc".to_owned()]).unwrap();
    let account = |key: &str| (format!("account.{key}"), json!({ "id": key, "attributes": {}, "ours": true }));
    let mut have = live([account("a"), account("b")].into_iter().collect::<serde_json::Map<_, _>>().into());
    assert_eq!(block(&plan(&want, &have), "b/eu-west-1/vpc.standard"), Some(json!("10.0.0.0/20")));
    // As the reader reports a live resource that is not selected.
    have.network.blocks.insert("10.0.0.0/20".parse().unwrap());
    let plan = plan(&want, &have);
    assert_eq!((plan.changes.len(), block(&plan, "b/eu-west-1/vpc.standard")), (1, Some(json!("10.0.16.0/20"))));
    assert!(!plan.has_errors(), "{:?}", plan.findings);
}
