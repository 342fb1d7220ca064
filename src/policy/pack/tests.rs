use super::*;
use proptest::prelude::*;

const SCP: &str = "SERVICE_CONTROL_POLICY";

fn document(value: &Value) -> Document {
    Document::parse(SCP, &value.to_string()).unwrap()
}

/// A Deny of so many actions, of some 12 characters each.
fn deny(sid: &str, actions: usize) -> Value {
    let actions: Vec<String> = (0..actions).map(|n| format!("s3:Action{n:03}")).collect();
    json!({"Sid": sid, "Effect": "Deny", "Action": actions, "Resource": "*"})
}

fn policy(statements: &[Value]) -> Document {
    document(&json!({"Version": "2012-10-17", "Statement": statements}))
}

fn statements(part: &Part) -> Vec<Value> {
    part.document.canonical()["Statement"].as_array().unwrap().clone()
}

fn actions(part: &Part) -> Vec<String> {
    let listed = |mut statement: Value| match statement["Action"].take() {
        Value::Array(list) => list.into_iter().map(|action| action.as_str().unwrap().to_owned()).collect(),
        lone => vec![lone.as_str().unwrap().to_owned()],
    };
    statements(part).into_iter().flat_map(listed).collect()
}

#[test]
fn what_fits_stays_as_it_is() {
    let one = policy(&[deny("A", 3), deny("B", 2)]);
    let parts = split(&one, one.size()).unwrap();
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].document, one);
    assert_eq!(parts[0].origins, [0, 1].map(|statement| Origin { member: 0, part: 0, statement }));
}

#[test]
fn statements_are_shared_out_whole() {
    let one = policy(&[deny("A", 3), deny("B", 3), deny("C", 3)]);
    let parts = split(&one, one.size() - 1).unwrap();
    let sids: Vec<Vec<Value>> = parts.iter().map(|part| statements(part).iter().map(|s| s["Sid"].clone()).collect()).collect();
    assert_eq!(sids, [vec![json!("A"), json!("B")], vec![json!("C")]]);
    assert_eq!(parts[1].origins, [Origin { member: 0, part: 0, statement: 2 }]);
}

#[test]
fn a_statement_that_fits_nowhere_is_cut_at_its_list() {
    let one = policy(&[deny("A", 100)]);
    let parts = split(&one, 400).unwrap();
    assert!(parts.len() >= 4 && parts.iter().all(|part| part.document.size() <= 400), "{parts:#?}");
    let all: Vec<String> = parts.iter().flat_map(actions).collect();
    assert_eq!(all, (0..100).map(|n| format!("s3:Action{n:03}")).collect::<Vec<_>>());
    // None but the last has room for one more.
    assert!(parts.iter().rev().skip(1).all(|part| part.document.size() + r#","s3:Action000""#.len() > 400));
}

#[test]
fn what_cannot_be_cut_is_refused_with_its_size() {
    let mut not = deny("Only", 50);
    not["NotAction"] = not["Action"].take();
    not.as_object_mut().unwrap().remove("Action");
    let one = policy(&[not]);
    assert_eq!(split(&one, 300), Err(Unpackable::Statement { title: "Only".to_owned(), size: one.size() }));
}

#[test]
fn two_long_lists_are_both_cut() {
    let mut both = deny("A", 20);
    both["Resource"] = (0..20).map(|n| json!(format!("arn:aws:s3:::bucket-{n:03}"))).collect();
    let parts = split(&policy(&[both]), 250).unwrap();
    assert!(parts.iter().all(|part| part.document.size() <= 250));
    let mut pairs = BTreeSet::new();
    for statement in parts.iter().flat_map(statements) {
        let list = |key: &str| statement[key].as_array().cloned().unwrap_or_else(|| vec![statement[key].clone()]);
        for (action, resource) in list("Action").iter().flat_map(|a| list("Resource").into_iter().map(move |r| (a.clone(), r))) {
            assert!(pairs.insert((action.to_string(), resource.to_string())), "{action} and {resource} stand twice");
        }
    }
    assert_eq!(pairs.len(), 400);
}

fn keyed(n: usize) -> Vec<Vec<Document>> {
    (0..n).map(|n| vec![policy(&[deny(&format!("S{n}"), 2)])]).collect()
}

#[test]
fn no_more_are_merged_than_need_be() {
    let packed = pack(&keyed(12), Room { size: 10_240, count: 10 }).unwrap();
    assert_eq!(packed.alone, (0..9).map(|member| (member, 0)).collect::<Vec<_>>());
    assert_eq!(packed.merged.len(), 1);
    let from: Vec<usize> = packed.merged[&1].origins.iter().map(|origin| origin.member).collect();
    assert_eq!(from, [9, 10, 11]);
    let untouched = pack(&keyed(10), Room { size: 10_240, count: 10 }).unwrap();
    assert_eq!((untouched.alone.len(), untouched.merged.len()), (10, 0));
}

/// What was merged stays in its document when the set grows at its front.
#[test]
fn a_set_that_grows_leaves_together_what_was_merged() {
    let room = Room { size: 400, count: 5 };
    let members = keyed(20);
    let contents = |from: usize| -> BTreeMap<usize, BTreeSet<String>> {
        let packed = pack(&members[from..], room).unwrap();
        packed.merged.iter().map(|(n, part)| (*n, statements(part).iter().map(|s| s["Sid"].to_string()).collect())).collect()
    };
    for from in (1..=14).rev() {
        let (before, after) = (contents(from), contents(from - 1));
        for (number, was) in &before {
            assert!(was.is_subset(&after[number]), "of {from} on: {was:?} is not within {:?}", after[number]);
        }
    }
}

#[test]
fn a_set_too_large_for_its_target_is_refused_with_the_numbers() {
    let members = keyed(20);
    let Err(Unpackable::Count { documents, characters }) = pack(&members, Room { size: 400, count: 3 }) else { panic!("it fits") };
    assert!(documents > 3 && characters > 3 * 400, "{documents} {characters}");
    assert!(pack(&members, Room { size: 400, count: documents }).is_ok());
}

#[test]
fn documents_of_two_versions_are_not_merged() {
    let old = document(&json!({"Statement": [deny("Old", 1)]}));
    let members = [vec![policy(&[deny("A", 1)])], vec![old], vec![policy(&[deny("B", 1)])]];
    let packed = pack(&members, Room { size: 1_000, count: 2 }).unwrap();
    assert_eq!(packed.alone, [(1, 0)]);
    assert_eq!(packed.merged[&1].origins.iter().map(|o| o.member).collect::<Vec<_>>(), [0, 2]);
    assert!(pack(&members, Room { size: 1_000, count: 1 }).is_err());
}

#[test]
fn sids_stay_unique() {
    let members = [vec![policy(&[deny("Keep", 1)])], vec![policy(&[deny("Keep", 2), deny("Keep2", 1)])]];
    let packed = pack(&members, Room { size: 1_000, count: 1 }).unwrap();
    let sids: BTreeSet<String> = statements(&packed.merged[&1]).iter().map(|s| s["Sid"].to_string()).collect();
    assert_eq!(sids.len(), 3);
}

proptest! {
    /// Whatever is packed fits, has every statement once, and comes out the same again.
    #[test]
    fn what_is_packed_fits_and_is_whole(
        sizes in prop::collection::vec((1..12usize, 1..4usize), 1..25),
        size in 250..900usize,
        count in 1..8usize,
    ) {
        let documents = sizes.iter().enumerate().map(|(n, (actions, statements))| {
            policy(&(0..*statements).map(|s| deny(&format!("S{n}x{s}"), *actions)).collect::<Vec<_>>())
        });
        let split: Vec<Vec<Part>> = documents.map(|document| split(&document, size).unwrap()).collect();
        prop_assert!(split.iter().flatten().all(|part| part.document.size() <= size));
        let members: Vec<Vec<Document>> = split.iter().map(|parts| parts.iter().map(|part| part.document.clone()).collect()).collect();
        let all = members.iter().flatten().count();
        match pack(&members, Room { size, count }) {
            Ok(packed) => {
                prop_assert!(packed.alone.len() + packed.merged.len() <= count.max(1));
                prop_assert!(packed.merged.values().all(|part| part.document.size() <= size));
                prop_assert!(packed.merged.values().all(|part| part.origins.len() == statements(part).len()));
                let kept = packed.alone.iter().map(|(member, part)| statements(&split[*member][*part]).len()).sum::<usize>();
                let merged = packed.merged.values().map(|part| part.origins.len()).sum::<usize>();
                prop_assert_eq!(kept + merged, split.iter().flatten().map(|part| statements(part).len()).sum::<usize>());
                prop_assert!(all > count || packed.merged.is_empty());
                prop_assert_eq!(pack(&members, Room { size, count }), Ok(packed));
            }
            Err(Unpackable::Count { documents, .. }) => prop_assert!(documents > count),
            Err(other) => prop_assert!(false, "{:?}", other),
        }
    }
}
