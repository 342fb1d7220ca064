use serde_json::{Value, json};

use super::*;
use crate::aws::LookupBy;
use crate::aws::operations::scope_of;
use crate::drift::Date;
use crate::plan::worlds;
use crate::resource::{EventSpec, Explains, KINDS, LAPSED, NamedBy, OnChange, OnRemoval, Says};

const MANAGEMENT: &str = "111111111111";

/// An organization whose root lost a policy that is still there, whose account was moved, whose policy is gone, and whose subnet and
/// route table are otherwise.
fn plan() -> Plan {
    let parent = |to: &str| json!({"email": "a@x", "leaves": null, "name": "web", "parent": {"ref": to}, "tags": null});
    let set = |policies: Value| json!({"policies": policies, "target": {"ref": "organization.main"}});
    let policy = |name: &str| {
        let of = json!({"ref": "policy_type.SERVICE_CONTROL_POLICY"});
        json!({"content": {"Statement": [name]}, "description": "", "name": name, "policy_type": of, "tags": null})
    };
    let table = json!({"propagating_gateways": [], "tags": {}, "vpc": {"ref": "web/r/vpc.std"}});
    let subnet = |table: Value| json!({"cidr": "10.0.0.0/24", "ipv6": null, "route_table": table, "tags": {}, "vpc": {"ref": "web/r/vpc.std"}, "zone": "z"});
    let organization = json!({"feature_set": "ALL"});
    let unit = json!({"name": "work", "parent": {"ref": "organization.main"}, "tags": null});
    let desired = worlds::desired(json!({
        "organization.main": organization, "ou.work": unit, "account.web": parent("ou.work"),
        "policy.keep": policy("keep"), "policy.gone": policy("gone"),
        "policy_attachments.organization.main": set(json!([{"id": "p-FullAWSAccess"}, {"ref": "policy.keep"}])),
        "web/r/route_table.std/a": table, "web/r/route_table.std/b": table,
        "web/r/subnet.std/a": subnet(json!({"ref": "web/r/route_table.std/a"})),
        "web/r/route.std/a/0.0.0.0/0":
            {"destination": "0.0.0.0/0", "route_table": {"ref": "web/r/route_table.std/a"}, "target": {"id": "igw-1"}},
    }));
    let is = |id: &str, attributes: Value| json!({"id": id, "attributes": attributes, "ours": true});
    let live = worlds::live(json!({
        "organization.main": is("r-1", organization), "ou.work": is("ou-1", unit), "account.web": is("222222222222", parent("organization.main")),
        "policy.keep": is("p-keep", policy("keep")),
        "policy_attachments.organization.main": is("r-1", set(json!([{"id": "p-FullAWSAccess"}]))),
        "web/r/route_table.std/a": is("rtb-a", table.clone()), "web/r/route_table.std/b": is("rtb-b", table.clone()),
        "web/r/subnet.std/a": is("subnet-a", subnet(json!({"ref": "web/r/route_table.std/b"}))),
    }));
    worlds::plan(&desired, &live)
}

fn drift(plan: &Plan) -> Drift {
    Drift::of(plan, &[], Date::new(2026, 11, 20), None)
}

fn identity() -> Value {
    json!({"type": "AssumedRole", "accountId": MANAGEMENT, "arn": "arn:aws:sts::111111111111:assumed-role/Admin/sam@example.org"})
}

/// An event at that second of a minute.
fn event(operation: &str, second: u8, request: Value) -> Value {
    let (service, name) = operation.split_once(':').unwrap();
    json!({
        "eventID": format!("{name}-{second}"), "eventName": name, "eventSource": format!("{service}.amazonaws.com"), "readOnly": false,
        "eventTime": format!("2026-11-20T08:00:{second:02}Z"), "userIdentity": identity(), "requestParameters": request,
    })
}

fn with(mut event: Value, name: &str, value: Value) -> Value {
    event[name] = value;
    event
}

/// Answers each look-up as CloudTrail does, from events in any order, and returns the drift.
fn told(drift: &Drift, plan: &Plan, events: &[Value]) -> Drift {
    let inquiry = Inquiry::of(drift, plan);
    let mentions = |event: &Value, id: &str| event["requestParameters"].to_string().contains(&format!("\"{id}\""));
    let mut newest: Vec<&Value> = events.iter().collect();
    newest.sort_by_key(|event| std::cmp::Reverse(event["eventTime"].as_str().unwrap().to_owned()));
    let answer = |lookup: &Lookup| {
        let finds = |event: &&&Value| match &lookup.by {
            LookupBy::Name(name) => event["eventName"] == name.as_str(),
            LookupBy::Resource(id) => mentions(event, id),
        };
        History { events: newest.iter().filter(finds).map(|event| event.to_string()).collect(), has_more: false }
    };
    let found = inquiry.lookups().map(|lookup| (lookup.clone(), answer(lookup))).collect();
    let mut told = drift.clone();
    inquiry.tell(&mut told, &found, &BTreeMap::new());
    told
}

/// `since by (event)` of the finding about an address.
fn origin(drift: &Drift, subject: &str) -> Option<String> {
    let finding = drift.findings.iter().find(|finding| finding.subject == subject).unwrap_or_else(|| panic!("no {subject}"));
    let Origin { since, by, name, certain, .. } = finding.origin.as_ref()?;
    Some(format!("{} {name} by {by}{}", &since[17..19], if *certain { "" } else { ", perhaps" }))
}

#[test]
fn the_newest_event_that_fits_explains_a_difference() {
    let plan = plan();
    let drift = drift(&plan);
    let of = |events: &[Value]| origin(&told(&drift, &plan, events), "policy_attachments.organization.main");
    let detached = |second: u8, target: &str, policy: &str| {
        event("organizations:DetachPolicy", second, json!({"targetId": target, "policyId": policy}))
    };
    let expected = Some("20 DetachPolicy by sam@example.org (role Admin)".to_owned());
    assert_eq!(of(&[detached(10, "r-1", "p-keep"), detached(20, "r-1", "p-keep")]), expected);
    // What was refused, what only reads, another service's, of another target, of another policy, and the opposite.
    let others = [
        with(detached(30, "r-1", "p-keep"), "errorCode", json!("AccessDenied")),
        with(detached(31, "r-1", "p-keep"), "readOnly", json!(true)),
        with(detached(32, "r-1", "p-keep"), "eventSource", json!("iam.amazonaws.com")),
        detached(33, "ou-1", "p-keep"),
        detached(34, "r-1", "p-FullAWSAccess"),
        event("organizations:AttachPolicy", 35, json!({"targetId": "r-1", "policyId": "p-keep"})),
    ];
    assert_eq!(of(&others), None);
    assert_eq!(of(&[&others[..], &[detached(20, "r-1", "p-keep")]].concat()), expected);
}

#[test]
fn a_move_counts_that_led_to_where_the_account_is() {
    let plan = plan();
    let drift = drift(&plan);
    let moved =
        |second: u8, to: &str| event("organizations:MoveAccount", second, json!({"accountId": "222222222222", "destinationParentId": to}));
    let of = |events: &[Value]| origin(&told(&drift, &plan, events), "account.web");
    assert_eq!(of(&[moved(10, "r-1"), moved(20, "ou-1")]), Some("10 MoveAccount by sam@example.org (role Admin)".to_owned()));
    assert_eq!(of(&[moved(20, "ou-1")]), None);
}

/// The request that led to the tags that are there, also where its opposite is of the same second or newer.
#[test]
fn a_tag_that_is_missing_was_taken_off_and_another_was_put_on() {
    let of = |live: Value, events: &[Value]| {
        let account =
            |tags: Value| json!({"email": "a@x", "leaves": null, "name": "web", "parent": {"ref": "organization.main"}, "tags": tags});
        let is = json!({"account.web": {"id": "222222222222", "attributes": account(live), "ours": true}});
        let wanted = json!({"account.web": account(json!({"team": "red", "stage": "live"}))});
        let plan = worlds::plan(&worlds::desired(wanted), &worlds::live(is));
        let drift = drift(&plan);
        origin(&told(&drift, &plan, events), "account.web")
    };
    let put = |second: u8, key: &str| {
        event("organizations:TagResource", second, json!({"resourceId": "222222222222", "tags": [{"key": key, "value": "v"}]}))
    };
    let off = |second: u8, key: &str| event("organizations:UntagResource", second, json!({"resourceId": "222222222222", "tagKeys": [key]}));
    let by = |second: u8, name: &str| Some(format!("{second} {name} by sam@example.org (role Admin)"));
    for events in [[off(10, "team"), put(10, "team")], [off(10, "team"), put(20, "team")], [off(10, "team"), off(20, "stage")]] {
        assert_eq!(of(json!({"stage": "live"}), &events), by(10, "UntagResource"));
    }
    assert_eq!(of(json!({"team": "v", "stage": "live"}), &[put(10, "team"), off(20, "team")]), by(10, "TagResource"));
    assert_eq!(of(json!({"stage": "v"}), &[put(10, "stage"), off(20, "team")]), by(20, "UntagResource"));
    // Either may have been the last.
    let perhaps = |name: &str| by(10, name).map(|origin| format!("{origin}, perhaps"));
    assert_eq!(of(json!({"stage": "v"}), &[put(10, "stage"), off(10, "team")]), perhaps("TagResource"));
}

#[test]
fn what_is_gone_is_known_by_what_made_it() {
    let plan = plan();
    let drift = drift(&plan);
    let made = |second: u8, tag: &str, id: &str| {
        let request = json!({"name": tag, "tags": [{"key": "overlord:address", "value": tag}]});
        with(event("organizations:CreatePolicy", second, request), "responseElements", json!({"policy": {"policySummary": {"id": id}}}))
    };
    let deleted = |second: u8, id: &str| event("organizations:DeletePolicy", second, json!({"policyId": id}));
    let of = |events: &[Value]| origin(&told(&drift, &plan, events), "policy.gone");
    let (ours, theirs) = (made(1, "policy.gone", "p-gone"), made(2, "policy.other", "p-other"));
    let expected = Some("20 DeletePolicy by sam@example.org (role Admin)".to_owned());
    assert_eq!(of(&[ours, theirs.clone(), deleted(20, "p-gone"), deleted(30, "p-other"), deleted(40, "p-unknown")]), expected);
    // Without its creation it is the newest that may be, and none that was something else.
    let perhaps = Some("40 DeletePolicy by sam@example.org (role Admin), perhaps".to_owned());
    assert_eq!(of(&[theirs.clone(), deleted(20, "p-gone"), deleted(40, "p-unknown"), deleted(50, "p-other")]), perhaps);
    assert_eq!(of(&[theirs, deleted(50, "p-other")]), None);
}

/// It may be new in org.toml, and no event names its e-mail.
#[test]
fn an_account_that_is_not_there_is_not_asked_about() {
    let account = json!({"email": "a@x", "leaves": null, "name": "web", "parent": {"ref": "organization.main"}, "tags": null});
    let plan = worlds::plan(&worlds::desired(json!({"account.web": account})), &worlds::live(json!({})));
    let drift = drift(&plan);
    assert_eq!((drift.findings.len(), Inquiry::of(&drift, &plan).lookups().count()), (1, 0));
}

#[test]
fn networks_are_looked_up_by_id_in_their_account_and_region() {
    let plan = plan();
    let drift = drift(&plan);
    let inquiry = Inquiry::of(&drift, &plan);
    let inside: Vec<&LookupBy> =
        inquiry.lookups().filter(|l| (l.account.as_str(), l.region.as_str()) == ("222222222222", "r")).map(|l| &l.by).collect();
    let by_id = |id: &str| LookupBy::Resource(id.to_owned());
    assert_eq!(inside, [&by_id("rtb-a"), &by_id("rtb-b"), &by_id("subnet-a")]);
    assert!(inquiry.lookups().filter(|l| l.region != "r").all(|l| l.account == MANAGEMENT && l.region == "us-east-1"));
    let events = [
        event("ec2:DeleteRoute", 10, json!({"routeTableId": "rtb-a", "destinationCidrBlock": "0.0.0.0/0"})),
        event("ec2:DeleteRoute", 20, json!({"routeTableId": "rtb-a", "destinationCidrBlock": "10.0.0.0/8"})),
        event("ec2:ReplaceRouteTableAssociation", 30, json!({"associationId": "rtbassoc-1", "routeTableId": "rtb-b"})),
    ];
    let told = told(&drift, &plan, &events);
    let sam = "by sam@example.org (role Admin) of account 111111111111";
    assert_eq!(origin(&told, "web/r/route.std/a/0.0.0.0/0"), Some(format!("10 DeleteRoute {sam}")));
    assert_eq!(origin(&told, "web/r/subnet.std/a"), Some(format!("30 ReplaceRouteTableAssociation {sam}, perhaps")));
}

/// CloudTrail has events of global services in one Region, wherever the resource is.
#[test]
fn events_of_global_services_are_looked_up_in_their_region_of_the_account() {
    let account = json!({"email": "a@x", "leaves": null, "name": "web", "parent": {"ref": "organization.main"}, "tags": null});
    let contact = json!({"account": {"ref": "account.web"}, "contact_type": "BILLING"});
    let web = json!({"id": "222222222222", "attributes": account, "ours": true});
    let lookups = |address: &str, home_region: &str| {
        let mut desired = worlds::desired(json!({"account.web": account, address: contact}));
        desired.home_region = home_region.to_owned();
        let plan = worlds::plan(&desired, &worlds::live(json!({"account.web": web})));
        Inquiry::of(&drift(&plan), &plan).lookups().cloned().collect::<Vec<_>>()
    };
    let expected = |account: &str, region: &str| {
        vec![Lookup { account: account.to_owned(), region: region.to_owned(), by: LookupBy::Name("DeleteAlternateContact".to_owned()) }]
    };
    // As the calls for another family would be made: a kind of a global service, in an account.
    for address in ["web/alternate_contact.any", "web/eu-west-1/alternate_contact.any"] {
        assert_eq!(lookups(address, "eu-west-1"), expected("222222222222", "us-east-1"), "{address}");
        assert_eq!(lookups(address, "us-gov-east-1"), expected("222222222222", "us-gov-west-1"), "{address}");
    }
    assert_eq!(lookups("alternate_contact.web/billing", "eu-west-1"), expected(MANAGEMENT, "us-east-1"));
}

#[test]
fn every_attribute_that_can_differ_is_explained_or_said_to_be_unexplained() {
    for kind in KINDS.iter() {
        let spec = kind.spec();
        for attribute in spec.attributes.iter().filter(|a| !matches!(a.on_change, OnChange::Forbidden(_)) && a.name != LAPSED) {
            let events: Vec<bool> =
                spec.events.iter().filter(|event| event.attribute(attribute.name).is_some()).map(EventSpec::explains_something).collect();
            assert!(!events.is_empty(), "{}: no event says whether requests explain `{}`", spec.kind, attribute.name);
            assert!(
                events.iter().all(|explains| *explains == events[0]),
                "{}: `{}` is unexplained, and explained",
                spec.kind,
                attribute.name
            );
        }
        let gone: Vec<&EventSpec> = spec.events.iter().filter(|event| event.explains == Explains::Gone).collect();
        if spec.on_removal == OnRemoval::Delete {
            assert_eq!(gone.iter().map(|event| event.operations.len()).collect::<Vec<_>>(), [1], "{} can be deleted", spec.kind);
        }
        assert!(gone.len() <= 1, "{}", spec.kind);
    }
}

#[test]
fn events_are_of_known_services_and_name_attributes_of_their_kind() {
    for kind in KINDS.iter() {
        let spec = kind.spec();
        let has = |name: &&str| spec.attributes.iter().any(|attribute| attribute.name == *name);
        for event in spec.events {
            if let Explains::Attributes(names) = event.explains {
                assert!(!names.is_empty() && names.iter().all(has), "{}: {names:?}", spec.kind);
            }
            let created_by = match event.request {
                Says::CreatedBy(operation) => Some(operation),
                _ => None,
            };
            for operation in event.operations.iter().copied().chain(created_by) {
                let (service, _) = operation.split_once(':').unwrap();
                assert!(scope_of(service).is_some(), "{operation}: in which Region are its events?");
            }
        }
        if let NamedBy::Attributes(names) = spec.named_by {
            assert!(names.iter().all(has), "{}: {names:?}", spec.kind);
        }
    }
}

#[test]
fn older_pages_are_read_until_all_is_explained() {
    let plan = plan();
    let drift = drift(&plan);
    let inquiry = Inquiry::of(&drift, &plan);
    let lookup = inquiry.lookups().find(|lookup| lookup.by == LookupBy::Name("DetachPolicy".to_owned())).unwrap();
    let of = |policy: &str| event("organizations:DetachPolicy", 1, json!({"targetId": "r-1", "policyId": policy})).to_string();
    assert!(!inquiry.is_answered(lookup, &[of("p-FullAWSAccess"), "no JSON".to_owned()]));
    assert!(inquiry.is_answered(lookup, &[of("p-FullAWSAccess"), of("p-keep")]));
    // What only older events could explain is reported.
    let history = History { events: Vec::new(), has_more: true };
    let mut told = drift.clone();
    inquiry.tell(&mut told, &BTreeMap::from([(lookup.clone(), history)]), &BTreeMap::new());
    assert!(
        told.notes.iter().any(|note| note.summary.starts_with("not explained: 1 difference; there are more events")),
        "{:?}",
        told.notes
    );
}

#[test]
fn who_it_was_in_words() {
    let by = |identity: Value| {
        let event = with(event("a:B", 1, json!({})), "userIdentity", identity);
        let origin = Origin::of(&Event::read(&event.to_string()).unwrap(), true, MANAGEMENT, "Access");
        (origin.by, origin.access_role)
    };
    let session = |role: &str| json!({"type": "AssumedRole", "accountId": MANAGEMENT, "arn": format!("arn:aws:sts::111111111111:assumed-role/{role}/s")});
    for (identity, expected) in [
        (session("Admin"), ("s (role Admin)", false)),
        (session("Access"), ("s (overlord's access role Access)", true)),
        (json!({"type": "Root", "accountId": MANAGEMENT}), ("the root user", false)),
        (json!({"type": "Root", "accountId": "222222222222"}), ("the root user of account 222222222222", false)),
        (json!({"type": "IAMUser", "accountId": MANAGEMENT, "userName": "sam"}), ("user sam", false)),
        (json!({"type": "AWSService", "invokedBy": "controltower.amazonaws.com"}), ("controltower.amazonaws.com", false)),
        (json!({"type": "AWSAccount", "accountId": "222222222222"}), ("account 222222222222", false)),
        (
            json!({"type": "IAMUser", "userName": "sam", "invokedBy": "cloudformation.amazonaws.com"}),
            ("user sam, through cloudformation.amazonaws.com", false),
        ),
        (json!({"type": "SAMLUser", "userName": "sam"}), ("sam (SAMLUser)", false)),
    ] {
        assert_eq!(by(identity), (expected.0.to_owned(), expected.1));
    }
}

#[test]
fn a_run_asks_so_much_and_says_what_it_did_not_ask() {
    let subnet =
        |table: &str| json!({"cidr": "c", "ipv6": null, "route_table": {"id": table}, "tags": {}, "vpc": {"id": "vpc-1"}, "zone": "z"});
    let account = json!({"email": "a@x", "leaves": null, "name": "web", "parent": {"ref": "organization.main"}, "tags": null});
    let (mut wanted, mut live) =
        (json!({"account.web": account}), json!({"account.web": {"id": "222222222222", "attributes": account, "ours": true}}));
    for number in 0..60 {
        let address = format!("web/r/subnet.std/{number:02}");
        wanted[&address] = subnet("rtb-1");
        live[&address] = json!({"id": format!("subnet-{number}"), "attributes": subnet("rtb-2"), "ours": true});
    }
    let plan = worlds::plan(&worlds::desired(wanted), &worlds::live(live));
    let mut drift = drift(&plan);
    let inquiry = Inquiry::of(&drift, &plan);
    // One of the table that all of them have, and one of each.
    assert_eq!(inquiry.lookups().count(), LOOKUPS);
    let refused: BTreeMap<Lookup, String> = inquiry.lookups().map(|lookup| (lookup.clone(), "refused".to_owned())).collect();
    let prints: Vec<String> = drift.findings.iter().map(crate::drift::Finding::fingerprint).collect();
    inquiry.tell(&mut drift, &BTreeMap::new(), &refused);
    let notes: Vec<&str> = drift.notes.iter().map(|note| note.summary.as_str()).collect();
    let unasked = "not looked up: 11 differences; a run makes 50 look-ups at most; limit the run with --account, --ou or --only";
    assert_eq!(notes, [unasked, "the author of 49 differences is unknown: refused"]);
    assert_eq!((drift.findings.len(), drift.is_clean()), (60, false));
    assert_eq!(drift.findings.iter().map(crate::drift::Finding::fingerprint).collect::<Vec<_>>(), prints);
}

#[test]
fn who_made_it_is_no_part_of_the_fingerprint() {
    let plan = plan();
    let drift = drift(&plan);
    let detached = event("organizations:DetachPolicy", 1, json!({"targetId": "r-1", "policyId": "p-keep"}));
    let told = told(&drift, &plan, &[detached]);
    assert_ne!(told, drift);
    let prints = |drift: &Drift| drift.findings.iter().map(crate::drift::Finding::fingerprint).collect::<Vec<_>>();
    assert_eq!(prints(&told), prints(&drift));
}
