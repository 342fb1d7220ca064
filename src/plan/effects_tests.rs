use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::drift::{Date, Drift};
use crate::plan::{Plan, worlds};
use crate::resource::{Desired, Live};

const LEVELS: [(&str, &str); 3] = [("organization.main", "r-1"), ("ou.work", "ou-1"), ("account.web", "222222222222")];
const POLICIES: [&str; 3] = ["one", "two", "three"];

fn deny(actions: &[&str]) -> Value {
    json!({"Statement": [{"Effect": "Deny", "Action": actions, "Resource": "*"}]})
}

fn deny_where(region: &str) -> Value {
    let condition = json!({"StringNotEquals": {"aws:RequestedRegion": region}});
    json!({"Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": condition}]})
}

/// One side of an organization: what each of [`POLICIES`] says, and which of them each of [`LEVELS`] has.
#[derive(Debug, Clone, PartialEq)]
struct Side {
    documents: [Value; 3],
    sets: [Vec<usize>; 3],
    description: &'static str,
    policy_type: &'static str,
}

/// The account is under the first policy through its OU. The second policy says the same as the first. The second and the third are
/// attached nowhere.
fn side() -> Side {
    let first = deny(&["s3:DeleteBucket"]);
    Side {
        documents: [first.clone(), first, deny(&["ec2:RunInstances"])],
        sets: [vec![], vec![0], vec![]],
        description: "",
        policy_type: "SERVICE_CONTROL_POLICY",
    }
}

impl Side {
    fn resources(&self) -> Vec<(String, Value)> {
        let kind = json!({"ref": format!("policy_type.{}", self.policy_type)});
        let mut all = vec![
            ("organization.main".to_owned(), json!({"feature_set": "ALL"})),
            ("ou.work".to_owned(), json!({"name": "work", "parent": {"ref": "organization.main"}, "tags": null})),
            ("account.web".to_owned(), json!({"email": "a@x", "leaves": null, "name": "web", "parent": {"ref": "ou.work"}, "tags": null})),
        ];
        for (name, content) in POLICIES.iter().zip(&self.documents) {
            let policy = json!({"content": content, "description": self.description, "name": name, "policy_type": kind, "tags": null});
            all.push((format!("policy.{name}"), policy));
        }
        for ((target, _), set) in LEVELS.iter().zip(&self.sets) {
            let own: Vec<Value> =
                if self.policy_type == "SERVICE_CONTROL_POLICY" { vec![json!({"id": "p-FullAWSAccess"})] } else { vec![] };
            let policies: Vec<Value> =
                own.into_iter().chain(set.iter().map(|policy| json!({"ref": format!("policy.{}", POLICIES[*policy])}))).collect();
            all.push((format!("policy_attachments.{target}"), json!({"policies": policies, "target": {"ref": target}})));
        }
        all
    }

    fn desired(&self) -> Desired {
        worlds::desired(self.resources().into_iter().collect::<serde_json::Map<_, _>>().into())
    }

    fn live(&self) -> Live {
        let id = |address: &str| {
            let target = address.strip_prefix("policy_attachments.").unwrap_or(address);
            LEVELS.iter().find(|(level, _)| *level == target).map_or(address, |(_, id)| id).to_owned()
        };
        let live = |(address, attributes): (String, Value)| {
            let id = id(&address);
            (address, json!({"id": id, "attributes": attributes, "ours": true}))
        };
        worlds::live(self.resources().into_iter().map(live).collect::<serde_json::Map<_, _>>().into())
    }
}

/// The plan from the live to the desired state, and the effect of its findings.
fn judged(wanted: &Side, live: &Side) -> (Plan, Drift) {
    let state = live.live();
    let mut plan = worlds::plan(&wanted.desired(), &state);
    plan.compute_impact(&state);
    let mut drift = Drift::of(&plan, &[], Date::new(2026, 11, 20), None);
    drift.judge(&plan, &state);
    (plan, drift)
}

fn effects(wanted: &Side, live: &Side) -> Vec<(String, Option<Direction>)> {
    let (_, drift) = judged(wanted, live);
    drift.findings.iter().map(|finding| (finding.subject.clone(), finding.effect.as_ref().map(|effect| effect.effect))).collect()
}

#[track_caller]
fn check(change: impl Fn(&mut Side), expected: &[(&str, Option<Direction>)]) {
    let wanted = side();
    let mut live = wanted.clone();
    change(&mut live);
    let expected: Vec<(String, Option<Direction>)> = expected.iter().map(|(subject, effect)| ((*subject).to_owned(), *effect)).collect();
    assert_eq!(effects(&wanted, &live), expected);
}

const OU: &str = "policy_attachments.ou.work";
const ACCOUNT: &str = "policy_attachments.account.web";

#[test]
fn what_aws_lets_pass_and_org_toml_denies_is_weakened() {
    check(|live| live.sets[1].clear(), &[(OU, Some(Direction::Weakened))]);
    check(|live| live.documents[0] = deny(&["s3:DeleteObject"]), &[("policy.one", Some(Direction::Mixed))]);
    let wanted = side();
    let (_, drift) = judged(&wanted, &Side { sets: Default::default(), ..wanted.clone() });
    let effect = drift.findings[0].effect.as_ref().unwrap();
    let passes = effect.lets_pass.as_ref().unwrap();
    assert!((effect.accounts, passes.count) == (1, 1) && passes.includes("s3:DeleteBucket") && effect.denies.is_none(), "{effect:?}");
}

#[test]
fn what_denies_more_is_strengthened_and_what_changes_nothing_has_no_effect() {
    check(|live| live.sets[2] = vec![2], &[(ACCOUNT, Some(Direction::Strengthened))]);
    check(|live| live.sets[2] = vec![1], &[(ACCOUNT, Some(Direction::None))]);
    check(|live| live.documents[2] = deny(&["iam:*"]), &[("policy.three", Some(Direction::None))]);
    check(|live| live.description = "other", &[("policy.one", None), ("policy.three", None), ("policy.two", None)]);
}

#[test]
fn what_differs_under_conditions_cannot_be_told() {
    let wanted = Side { documents: [deny_where("eu-west-1"), deny(&[]), deny(&[])], ..side() };
    let live = Side { documents: [deny_where("us-east-1"), deny(&[]), deny(&[])], ..side() };
    assert_eq!(effects(&wanted, &live), [("policy.one".to_owned(), Some(Direction::Unknown))]);
    // It is allowed only under conditions, so it can be allowed.
    let live = Side { documents: [deny(&["iam:CreateUser"]), deny(&[]), deny(&[])], ..side() };
    assert_eq!(effects(&wanted, &live), [("policy.one".to_owned(), Some(Direction::Mixed))]);
}

/// With a Region guardrail above it, everything that it denies depends on the Region, before and after.
#[test]
fn what_only_lacks_denials_is_weaker_whatever_the_conditions() {
    let everywhere = deny(&["s3:*"]);
    let guard = json!({"Statement": [{"Effect": "Deny", "NotAction": "iam:*", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}]});
    let role = json!({"Statement": [{"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*",
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Admin"}}}]});
    let wanted = Side { documents: [guard, role.clone(), everywhere], sets: [vec![0], vec![1], vec![]], ..side() };
    let without = Side { sets: [vec![0], vec![], vec![]], ..wanted.clone() };
    assert_eq!(effects(&wanted, &without), [(OU.to_owned(), Some(Direction::Weakened))]);
    assert_eq!(effects(&without, &wanted), [(OU.to_owned(), Some(Direction::Strengthened))]);
    // One statement less in a document is the same; another condition is not.
    let mut emptied = wanted.clone();
    emptied.documents[1] = json!({"Statement": []});
    assert_eq!(effects(&wanted, &emptied), [("policy.two".to_owned(), Some(Direction::Weakened))]);
    let mut other = wanted.clone();
    other.documents[1]["Statement"][0]["Condition"]["ArnNotLike"]["aws:PrincipalArn"] = json!("arn:aws:iam::*:role/Other");
    assert_eq!(effects(&wanted, &other), [("policy.two".to_owned(), Some(Direction::Unknown))]);
}

#[test]
fn of_two_that_deny_the_same_and_of_two_that_need_each_other_both_are_weakened() {
    // The same is denied twice, or no longer denied.
    let wanted = Side { sets: [vec![1], vec![0], vec![]], ..side() };
    let live = Side { sets: Default::default(), ..side() };
    let root = "policy_attachments.organization.main";
    assert_eq!(effects(&wanted, &live), [root, OU].map(|subject| (subject.to_owned(), Some(Direction::Weakened))));
    // Attached nowhere, and empty.
    let live = Side {
        sets: Default::default(),
        documents: [deny(&["iam:CreateUser"]), side().documents[1].clone(), side().documents[2].clone()],
        ..side()
    };
    let both = effects(&side(), &live);
    assert_eq!(both.iter().map(|(subject, _)| subject.as_str()).collect::<Vec<_>>(), ["policy.one", OU]);
    assert!(both.iter().all(|(_, effect)| matches!(effect, Some(Direction::Weakened | Direction::Mixed))), "{both:?}");
}

#[test]
fn policies_that_decide_about_no_request_have_no_effect_to_be_told() {
    let tags = |side: Side| Side { policy_type: "TAG_POLICY", ..side };
    let live = Side { sets: Default::default(), ..side() };
    assert_eq!(effects(&tags(side()), &tags(live)), [(OU.to_owned(), None)]);
}

#[test]
fn so_many_are_judged_and_the_rest_is_told() {
    let wanted = side();
    let (mut desired, mut live) = (wanted.desired(), wanted.live());
    for number in 0..130 {
        let target = format!("ou.u{number:03}");
        let unit = json!({"name": target, "parent": {"ref": "organization.main"}, "tags": null});
        let set = |policies: Value| json!({"policies": policies, "target": {"ref": target}});
        let (wanted, is) = (set(json!([{"id": "p-FullAWSAccess"}, {"ref": "policy.one"}])), set(json!([{"id": "p-FullAWSAccess"}])));
        let more = worlds::live(json!({
            (target.as_str()): {"id": target, "attributes": unit, "ours": true},
            (format!("policy_attachments.{target}")): {"id": target, "attributes": is, "ours": true},
        }));
        live.resources.extend(more.resources);
        let more = worlds::desired(json!({(target.as_str()): unit, (format!("policy_attachments.{target}")): wanted}));
        desired.resources.extend(more.resources);
    }
    let plan = worlds::plan(&desired, &live);
    let mut drift = Drift::of(&plan, &[], Date::new(2026, 11, 20), None);
    drift.judge(&plan, &live);
    assert_eq!(drift.findings.iter().filter(|finding| finding.effect.is_some()).count(), 100);
    assert!(drift.notes[0].summary.starts_with("the effect of 30 more on accounts was not computed"), "{:?}", drift.notes);
}

fn sides() -> impl Strategy<Value = Side> {
    let documents = [deny(&["s3:DeleteBucket"]), deny(&["ec2:RunInstances"]), deny(&["s3:*", "ec2:*"]), deny_where("eu-west-1")];
    let document = move || proptest::sample::select(documents.to_vec());
    let set = || proptest::sample::subsequence(vec![0, 1, 2], 0..=3);
    ([document(), document(), document()], [set(), set(), set()]).prop_map(|(documents, sets)| Side { documents, sets, ..side() })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// AWS allows now what the whole plan denies to accounts: then no finding may say that there is no effect.
    #[test]
    fn nothing_that_is_weakened_together_is_called_well(wanted in sides(), live in sides()) {
        let (plan, drift) = judged(&wanted, &live);
        let told: Vec<Direction> = drift.findings.iter().filter_map(|f| Some(f.effect.as_ref()?.effect)).collect();
        let shifts = || plan.impact.iter().flat_map(|impact| &impact.groups).flat_map(|group| &group.shifts);
        let takes = shifts().any(|shift| shift.from < shift.to);
        let weakened = told.iter().any(|effect| matches!(effect, Direction::Weakened | Direction::Mixed));
        if takes {
            prop_assert!(weakened || (!told.is_empty() && told.iter().all(|effect| *effect == Direction::Unknown)), "{told:?}");
        }
        // And a single difference has the effect of the whole plan.
        if let [only] = told.as_slice() {
            let gives = shifts().any(|shift| shift.from > shift.to);
            let expected = match (takes, gives, shifts().any(|shift| shift.from == shift.to)) {
                (true, true, _) => Direction::Mixed,
                (true, false, _) => Direction::Weakened,
                (false, _, true) => Direction::Unknown,
                (false, true, false) => Direction::Strengthened,
                (false, false, false) => Direction::None,
            };
            prop_assert_eq!(*only, expected);
        }
    }
}
