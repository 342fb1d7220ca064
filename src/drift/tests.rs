use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::diagnostic::{Source, Span};
use crate::plan::{Plan, worlds};
use crate::resource::{FindingSeverity, Live, Weight};

fn today() -> Date {
    Date::new(2026, 11, 20)
}

fn ignore(pattern: &str, attributes: &[&str], until: Date) -> Ignore {
    let source = Arc::new(Source::new(PathBuf::from("org.toml"), ""));
    Ignore {
        pattern: Pattern::new(pattern),
        attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
        reason: "migration".to_owned(),
        until,
        at: Span { source, range: (0..0).into() },
    }
}

/// Of an organization whose account has other tags and another OU, whose policy is gone, and that has an OU too many.
fn plan() -> Plan {
    let desired = worlds::desired(json!({
        "organization.main": {"feature_set": "ALL"},
        "ou.work": {"name": "work", "parent": {"ref": "organization.main"}, "tags": {"a": "1"}},
        "account.web": {"email": "a@x", "leaves": null, "name": "web", "parent": {"ref": "ou.work"}, "tags": {"a": "1"}},
        "policy_type.SERVICE_CONTROL_POLICY": {"organization": {"ref": "organization.main"}, "policy_type": "SERVICE_CONTROL_POLICY"},
        "policy.guard": {"content": {}, "description": "", "name": "guard", "policy_type": {"ref": "policy_type.SERVICE_CONTROL_POLICY"}, "tags": null},
    }));
    let mut live = worlds::live(json!({
        "organization.main": {"id": "r-1", "attributes": {"feature_set": "ALL"}, "ours": null},
        "ou.work": {"id": "ou-1", "attributes": {"name": "work", "parent": {"ref": "organization.main"}, "tags": {"a": "2", "aws:made": "by"}}, "ours": true},
        "ou./old": {"id": "ou-2", "attributes": {"name": "old", "parent": {"ref": "organization.main"}, "tags": null}, "ours": true},
        "account.web": {"id": "222222222222", "attributes": {"email": "a@x", "leaves": null, "name": "web", "parent": {"ref": "organization.main"}, "tags": {"a": "2"}}, "ours": true},
        "policy_type.SERVICE_CONTROL_POLICY": {"id": "t", "attributes": {"organization": {"ref": "organization.main"}, "policy_type": "SERVICE_CONTROL_POLICY"}, "ours": null},
    }));
    live.findings.push(finding(FindingSeverity::Unmanaged, "333333333333 (a.b)", "an account that is not in the configuration"));
    live.findings.push(finding(FindingSeverity::Warning, "account.web", "told of a change"));
    live.findings.push(finding(FindingSeverity::Warning, "vpc-1 (web/r)", "its tag is of no use"));
    worlds::plan(&desired, &live)
}

fn finding(severity: FindingSeverity, subject: &str, summary: &str) -> crate::resource::Finding {
    crate::resource::Finding { severity, subject: subject.to_owned(), summary: summary.to_owned() }
}

fn told(drift: &Drift) -> Vec<(&'static str, Weight, &str)> {
    drift.findings.iter().map(|finding| (finding.what.name(), finding.weight, finding.subject.as_str())).collect()
}

#[test]
fn what_differs_is_weighed_and_the_heaviest_comes_first() {
    let drift = Drift::of(&plan(), &[], today(), None);
    let expected = [
        ("changed", Weight::GuardRail, "account.web"),
        ("missing", Weight::GuardRail, "policy.guard"),
        ("left-over", Weight::Organization, "ou./old"),
        ("unmanaged", Weight::Organization, "333333333333 (a.b)"),
        ("changed", Weight::Cosmetic, "ou.work"),
    ];
    assert_eq!(told(&drift), expected);
    let web = &drift.findings[0];
    assert_eq!(web.summary, "`parent` and `tags` differ");
    let parent = Difference { name: "parent".to_owned(), wanted: json!({"ref": "ou.work"}), live: json!({"ref": "organization.main"}) };
    assert_eq!(web.differences[0], parent);
    assert_eq!(drift.findings[3].address, None, "an id with a name may look like an address");
    // What the plan warns of its own changes is no news here; what stays as it is, is a note.
    assert_eq!(drift.notes.iter().map(|note| note.subject.as_str()).collect::<Vec<_>>(), ["vpc-1 (web/r)"]);
}

#[test]
fn the_two_steps_of_a_set_are_one_finding() {
    let set = |policy: &str, ou: &str| json!({"policies": [{"ref": format!("policy.{policy}")}], "target": {"ref": ou}});
    let ou = |name: &str| json!({"name": name, "parent": {"ref": "organization.main"}, "tags": null});
    let account = |name: &str, parent: &str| json!({"email": name, "leaves": null, "name": name, "parent": {"ref": parent}, "tags": null});
    let is = |id: &str, attributes: Value| json!({"id": id, "attributes": attributes, "ours": true});
    // Two places exchange their guardrails and their accounts: all gain, then move, then lose.
    let desired = worlds::desired(json!({
        "ou.a": ou("a"), "ou.b": ou("b"), "account.x": account("x", "ou.b"), "account.y": account("y", "ou.a"),
        "policy_attachments.ou.a": set("q", "ou.a"), "policy_attachments.ou.b": set("p", "ou.b"),
    }));
    let live = worlds::live(json!({
        "ou.a": is("ou-a", ou("a")), "ou.b": is("ou-b", ou("b")),
        "account.x": is("222222222222", account("x", "ou.a")), "account.y": is("333333333333", account("y", "ou.b")),
        "policy_attachments.ou.a": is("ou-a", set("p", "ou.a")), "policy_attachments.ou.b": is("ou-b", set("q", "ou.b")),
    }));
    let plan = worlds::plan(&desired, &live);
    let steps = plan.changes.iter().filter(|change| change.address.key().starts_with("ou.a")).count();
    assert_eq!(steps, 2, "the plan has no two steps, so the test says nothing: {:#?}", plan.changes);
    let drift = Drift::of(&plan, &[], today(), None);
    let sets: Vec<&Finding> = drift.findings.iter().filter(|finding| finding.subject.starts_with("policy_attachments.ou.a")).collect();
    assert_eq!(sets.len(), 1);
    assert_eq!(
        (&sets[0].differences[0].wanted, &sets[0].differences[0].live),
        (&set("q", "ou.a")["policies"], &set("p", "ou.a")["policies"])
    );
}

#[test]
fn what_is_expected_is_left_out_until_its_day_is_over() {
    let plan = plan();
    let all = Drift::of(&plan, &[], today(), None).findings.len();
    let of = |ignores: &[Ignore]| Drift::of(&plan, ignores, today(), None);
    for pattern in ["ou.work", "ou.w*", "*.work", "ou-1"] {
        let drift = of(&[ignore(pattern, &[], today())]);
        assert_eq!((drift.findings.len(), drift.ignored[0].findings, drift.notes.len()), (all - 1, 1, 1), "{pattern}");
    }
    assert!(of(&[ignore("*", &[], today())]).is_clean());
    assert_eq!(of(&[ignore("333333333333", &[], today())]).findings.len(), all - 1, "by the id of an unmanaged resource");
    // Yesterday's is no longer valid, and is reported.
    let expired = of(&[ignore("ou.work", &[], Date::new(2026, 11, 19))]);
    assert_eq!((expired.findings.len(), expired.ignored.len()), (all + 1, 0));
    assert!(told(&expired).contains(&("expired-ignore", Weight::Organization, "ou.work")));
    // An entry that leaves nothing out is reported too, and is not drift.
    let idle = of(&[ignore("ou.gone", &[], today())]);
    assert_eq!((idle.findings.len(), idle.notes.len()), (all, 2));
}

#[test]
fn of_an_attribute_only_that_is_left_out() {
    let plan = plan();
    let drift = Drift::of(&plan, &[ignore("*", &["tags"], today())], today(), None);
    let web = drift.findings.iter().find(|finding| finding.subject == "account.web").unwrap();
    assert_eq!((web.summary.as_str(), web.differences.len(), web.weight), ("`parent` differs", 1, Weight::GuardRail));
    assert!(drift.findings.iter().all(|finding| finding.subject != "ou.work"), "nothing but its tags differed");
    assert!(drift.findings.iter().any(|finding| finding.subject == "policy.guard"), "that it is missing is no attribute");
    assert_eq!(drift.ignored[0].findings, 2);
    let drift = Drift::of(&plan, &[ignore("account.web", &["parent"], today())], today(), None);
    let web = drift.findings.iter().find(|finding| finding.subject == "account.web").unwrap();
    assert_eq!(web.weight, Weight::Cosmetic, "what is left weighs less");
}

#[test]
fn a_baseline_leaves_what_it_has() {
    let plan = plan();
    let first = Drift::of(&plan, &[ignore("ou.work", &[], today())], today(), None);
    let printed = |drift: &Drift| {
        let findings: Vec<Value> = drift.findings.iter().map(|finding| json!({"fingerprint": finding.fingerprint()})).collect();
        json!({"format_version": 1, "findings": findings, "known": drift.known}).to_string()
    };
    let baseline = Baseline::from_json(&printed(&first)).unwrap();
    let second = Drift::of(&plan, &[], today(), Some(&baseline));
    assert_eq!(told(&second), [("changed", Weight::Cosmetic, "ou.work")]);
    assert_eq!((second.known.len(), second.gone), (first.findings.len(), 0));
    // What a baseline left out is in the next one.
    let next = Baseline::from_json(&printed(&second)).unwrap();
    assert!(Drift::of(&plan, &[], today(), Some(&next)).is_clean());
    let empty = Plan::build(&plan.desired, &Live { resources: Default::default(), ..Live::default() });
    assert!(Drift::of(&empty, &[], today(), Some(&next)).gone > 0);
    assert!(matches!(Baseline::from_json("{\"format_version\": 2}"), Err(BaselineError::Version(2))));
    assert!(matches!(Baseline::from_json("{\"format_version\": 1}"), Err(BaselineError::Malformed(_))));
}

#[test]
fn another_value_is_another_finding() {
    let prints = |tag: &str| {
        let of = |tag: &str| json!({"name": "a", "parent": {"ref": "organization.main"}, "tags": {"t": tag}});
        let desired = worlds::desired(json!({"ou.a": of("wanted")}));
        let live = worlds::live(json!({"ou.a": {"id": "ou-1", "attributes": of(tag), "ours": true}}));
        Drift::of(&worlds::plan(&desired, &live), &[], today(), None).findings.iter().map(Finding::fingerprint).collect::<Vec<_>>()
    };
    assert_eq!(prints("x"), prints("x"));
    assert_ne!(prints("x"), prints("y"));
    assert_eq!(prints("wanted"), Vec::<String>::new());
}

#[test]
fn a_vpc_and_its_parts_are_one_finding() {
    let desired = worlds::desired(json!({
        "account.web": {"email": "a@x", "leaves": null, "name": "web", "parent": {"ref": "organization.main"}, "tags": null},
        "web/r/vpc.std": {"cidr": "10.0.0.0/19"}, "web/r/subnet.std/a": {"vpc": {"ref": "web/r/vpc.std"}},
        "web/r/subnet.std/b": {"vpc": {"ref": "web/r/vpc.std"}}, "web/r/subnet.other/c": {},
    }));
    let account = json!({"id": "222222222222", "attributes": desired.resources[&"account.web".parse().unwrap()], "ours": true});
    let gone = Drift::of(&worlds::plan(&desired, &worlds::live(json!({"account.web": account}))), &[], today(), None);
    assert_eq!(told(&gone), [("missing", Weight::Network, "web/r/subnet.other/c"), ("missing", Weight::Network, "web/r/vpc.std")]);
    assert_eq!(gone.findings[1].parts, [("subnet".to_owned(), 2)].into());
    let Remedy::Change { calls, .. } = &gone.findings[1].remedy else { panic!("it is made") };
    assert_eq!(calls.len(), 3);
    // The resources in a missing account are its parts.
    let all = Drift::of(&worlds::plan(&desired, &worlds::live(json!({}))), &[], today(), None);
    assert_eq!(told(&all), [("missing", Weight::Network, "account.web")]);
}

#[test]
fn what_cannot_be_read_or_changed_is_found() {
    let desired = worlds::desired(json!({
        "account.web": {"email": "a@x", "leaves": null, "name": "web", "parent": {"ref": "organization.main"}, "tags": null},
        "account.shut": {"email": "b@x", "leaves": null, "name": "shut", "parent": {"ref": "organization.main"}, "tags": null},
        "account.renamed": {"email": "c@x", "leaves": null, "name": "renamed", "parent": {"ref": "organization.main"}, "tags": null},
    }));
    let there = |key: &str| json!({"id": "222222222222", "attributes": desired.resources[&key.parse().unwrap()], "ours": true});
    let mut live = worlds::live(json!({"account.web": there("account.web"), "account.shut": there("account.shut")}));
    live.network.unreachable.insert("web".to_owned(), "AssumeRole: AccessDenied".to_owned());
    live.resources.get_mut(&"account.shut".parse().unwrap()).unwrap().frozen = Some("closed".to_owned());
    live.findings.push(finding(FindingSeverity::Warning, "account.web", "its network cannot be read, and nothing is planned in it"));
    live.findings.push(finding(FindingSeverity::Error, "web/r/vpc.std", "there are two of it"));
    live.findings.push(finding(FindingSeverity::Error, "account.renamed", "it may be any of two"));
    let drift = Drift::of(&worlds::plan(&desired, &live), &[], today(), None);
    let expected = [
        ("stuck", Weight::Network, "web/r/vpc.std"),
        ("unread", Weight::Network, "account.web"),
        ("missing", Weight::Organization, "account.renamed"),
        ("stuck", Weight::Organization, "account.shut"),
    ];
    assert_eq!(told(&drift), expected);
    assert_eq!(drift.findings[3].summary, "left as it is: closed");
    assert!(drift.findings[2].summary.ends_with("; it may be any of two"), "a finding that blocks a change is reported with it");
    assert_eq!(drift.findings[2].remedy, Remedy::Refuse);
}

/// A layout may be called as a resource that is no part of any VPC: here, both are `main`.
#[test]
fn a_resource_of_an_account_is_not_folded_into_a_vpc_with_its_key() {
    let desired = worlds::desired(json!({
        "account.web": {"email": "a@x", "leaves": null, "name": "web", "parent": {"ref": "organization.main"}, "tags": null},
        "web/r/vpc.main": {"cidr": "10.0.0.0/19"}, "web/r/flow_log.main": {"vpc": {"ref": "web/r/vpc.main"}},
        "web/r/region.main": {"status": "ENABLED"}, "web/r/transit_gateway.main": {"asn": 65_000},
    }));
    let account = json!({"id": "222222222222", "attributes": desired.resources[&"account.web".parse().unwrap()], "ours": true});
    let gone = Drift::of(&worlds::plan(&desired, &worlds::live(json!({"account.web": account}))), &[], today(), None);
    let subjects: Vec<&str> = gone.findings.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(subjects, ["web/r/region.main", "web/r/transit_gateway.main", "web/r/vpc.main"]);
    assert_eq!(gone.findings[2].parts, [("flow_log".to_owned(), 1)].into());
}

/// Without a finding, a run that could not read them would say that nothing has drifted.
#[test]
fn resources_that_cannot_be_read_are_one_finding_about_their_account() {
    let desired = worlds::desired(json!({
        "account.web": {"email": "a@x", "leaves": null, "name": "web", "parent": {"ref": "organization.main"}, "tags": null},
        "web/alternate_contact.a": {"account": {"ref": "account.web"}}, "web/r/alternate_contact.b": {"account": {"ref": "account.web"}},
    }));
    let there = |key: &str| json!({"id": "222222222222", "attributes": desired.resources[&key.parse().unwrap()], "ours": true});
    let addresses = ["account.web", "web/alternate_contact.a", "web/r/alternate_contact.b"];
    let live = |warnings: &[(&str, &str)]| {
        let mut live = worlds::live(addresses.iter().map(|key| ((*key).to_owned(), there(key))).collect());
        for (address, resource) in &mut live.resources {
            resource.frozen = address.account().map(|_| crate::resource::UNREAD.to_owned());
        }
        live.findings.extend(warnings.iter().map(|(subject, summary)| finding(FindingSeverity::Warning, subject, summary)));
        live
    };
    let of = |warnings: &[(&str, &str)]| Drift::of(&worlds::plan(&desired, &live(warnings)), &[], today(), None);
    let drift = of(&[("account.web", "its settings cannot be read")]);
    assert_eq!(told(&drift), [("unread", Weight::Organization, "account.web")]);
    assert_eq!((drift.findings[0].summary.as_str(), drift.notes.len()), ("its settings cannot be read", 0));
    // The plan warns of many accounts together.
    let drift = of(&[("7 accounts", "their settings cannot be read")]);
    assert_eq!(told(&drift), [("unread", Weight::Organization, "account.web")]);
    assert_eq!((drift.findings[0].summary.as_str(), drift.notes.len()), ("some of its resources cannot be read", 1));
}
