use super::*;
use crate::address::Address;
use crate::policy::{Attached, Family, Hierarchy, Level, Outcome, Place, Policy, Question};
use serde_json::{Value, json};

const ROLE: &str = "OrganizationAccountAccessRole";

fn list(title: &str, services: &[(&str, &[&str])]) -> ServiceList {
    let prefixes = |prefixes: &[&str]| prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
    ServiceList {
        title: title.to_owned(),
        source: "https://example.com/list".to_owned(),
        as_of: "2026-01-01".to_owned(),
        reviewed: "2026-02-02".to_owned(),
        services: services.iter().map(|(name, of)| ((*name).to_owned(), prefixes(of))).collect(),
        file: "frameworks/x.toml".to_owned(),
    }
}

fn framework() -> Framework {
    Framework {
        key: "hi-paa".to_owned(),
        list: list("Some services", &[("Storage", &["s3"]), ("Compute", &["ec2", "ebs"]), ("Trail", &["cloudtrail"])]),
        baseline: Some(list("Baseline", &[("Identity", &["iam", "sts"]), ("Trail", &["cloudtrail"])])),
    }
}

fn generated(shape: Shape) -> Value {
    generate(&framework(), shape, ROLE).value()
}

fn everything() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
}

/// An organization of a root, an OU and as many accounts as asked for, with these service control policies.
fn organization(root: &[Value], ou: &[Value], account: &[Value], accounts: usize) -> Hierarchy {
    let level = |parent: Option<Address>, name: &str, documents: &[Value]| {
        let attached = documents.iter().enumerate().map(|(number, document)| Attached {
            name: format!("{name}-{number}").into(),
            policy: Some(Policy::parse(&document.to_string()).unwrap().into()),
        });
        Level { parent, scps: attached.collect(), rcps: Vec::new() }
    };
    let (top, middle) = (Address::new("organization", "main"), Address::new("ou", "work"));
    let mut hierarchy = Hierarchy { families: [Family::Scp].into(), management: "111111111111".to_owned(), ..Hierarchy::default() };
    hierarchy.levels.insert(middle.clone(), level(Some(top.clone()), "ou", ou));
    hierarchy.levels.insert(top, level(None, "root", root));
    let own = level(Some(middle), "account", account);
    hierarchy.levels.extend((0..accounts).map(|number| (Address::new("account", format!("a{number:04}")), own.clone())));
    hierarchy
}

fn stands(ou: &[Value]) -> Cell {
    let (all, frameworks) = (everything(), BTreeMap::from([("hi-paa".to_owned(), framework())]));
    let hierarchy = organization(std::slice::from_ref(&all), ou, std::slice::from_ref(&all), 1);
    let matrix = matrix(&frameworks, &hierarchy, ROLE, &Catalogue::built_in());
    matrix.rows[0].cells[0].clone()
}

fn deny(statement: Value) -> Value {
    let mut statement = statement;
    statement["Effect"] = json!("Deny");
    statement["Resource"] = json!("*");
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

#[test]
fn both_shapes_say_what_the_list_says() {
    let allow = generated(Shape::Allow);
    let statements = json!([
        {"Sid": "Baseline", "Effect": "Allow", "Action": ["cloudtrail:*", "iam:*", "sts:*"], "Resource": "*"},
        {"Sid": "HiPaaServices", "Effect": "Allow", "Action": ["ebs:*", "ec2:*", "s3:*"], "Resource": "*"},
    ]);
    assert_eq!(allow["Statement"], statements);
    let deny = generated(Shape::Deny);
    assert_eq!(deny["Statement"][0]["NotAction"], json!(["cloudtrail:*", "ebs:*", "ec2:*", "iam:*", "s3:*", "sts:*"]));
    assert_eq!(deny["Statement"][0]["Sid"], "OnlyHiPaaServices");
}

/// The rule of `policy generate`: the matrix reports a generated policy as restricting.
#[test]
fn an_account_under_what_is_generated_is_restricted() {
    let allow = stands(&[generated(Shape::Allow)]);
    assert_eq!((&*allow.standing, allow.exempts_access_role), (&Standing::Restricted, false));
    let deny = stands(&[everything(), generated(Shape::Deny)]);
    assert_eq!((&*deny.standing, deny.exempts_access_role), (&Standing::Restricted, true));
    // Side by side with what allows everything, the list restricts nothing.
    let united = stands(&[everything(), generated(Shape::Allow)]);
    assert_eq!(*united.standing, Standing::NotRestricted);
}

#[test]
fn what_is_open_outside_of_the_list_is_told() {
    let more = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["sqs:*", "kms:Decrypt"], "Resource": "*"},
        {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*", "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}},
    ]});
    let cell = stands(&[generated(Shape::Allow), more]);
    let Standing::Exceptions(open) = &*cell.standing else { panic!("{cell:?}") };
    assert_eq!(open.keys().map(String::as_str).collect::<Vec<_>>(), ["kms", "sns", "sqs"]);
    assert!(open["sqs"].is_whole() && !open["sqs"].conditional);
    assert_eq!((open["kms"].actions.as_slice(), open["kms"].conditional), (["Decrypt".to_owned()].as_slice(), false));
    assert_eq!((open["sns"].actions.as_slice(), open["sns"].conditional), (["Publish".to_owned()].as_slice(), true));
}

#[test]
fn conditions_leave_open_what_they_may_let_pass() {
    let regional = |condition: Value| {
        let guard = deny(json!({"NotAction": ["s3:*", "ec2:*", "ebs:*", "cloudtrail:*", "iam:*", "sts:*"], "Condition": condition}));
        (*stands(&[everything(), guard]).standing).clone()
    };
    let in_region = json!({"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}});
    assert_eq!(regional(in_region), Standing::NotRestricted);
    let but = |role: &str| json!({"ArnNotLike": {"aws:PrincipalArn": format!("arn:aws:iam::*:role/{role}")}});
    assert_eq!(regional(but(ROLE)), Standing::Restricted);
    assert_eq!(regional(but("Org*")), Standing::NotRestricted);
    assert_eq!(regional(but("Admin")), Standing::NotRestricted);
    assert_eq!(regional(json!({"StringNotLike": {"aws:PrincipalArn": format!("arn:aws:iam::*:role/{ROLE}")}})), Standing::Restricted);
    assert_eq!(regional(json!({"ArnLike": {"aws:PrincipalArn": format!("arn:aws:iam::*:role/{ROLE}")}})), Standing::NotRestricted);
}

/// A list of everything of today does not cover future services.
#[test]
fn services_of_tomorrow_are_asked_for() {
    let allowed = framework();
    let allowed = allowed.allowed();
    let all: Vec<String> =
        Catalogue::built_in().prefixes().filter(|prefix| !allowed.contains(prefix)).map(|prefix| format!("{prefix}:*")).collect();
    let Standing::Exceptions(open) = (*stands(&[everything(), deny(json!({"Action": all}))]).standing).clone() else { panic!() };
    assert_eq!(open.keys().map(String::as_str).collect::<Vec<_>>(), [UNLISTED]);
}

#[test]
fn the_management_account_is_bound_by_nothing() {
    let frameworks = BTreeMap::from([("hi-paa".to_owned(), framework())]);
    let mut hierarchy = organization(&[everything()], &[generated(Shape::Allow)], &[everything()], 2);
    let rows = matrix(&frameworks, &hierarchy, ROLE, &Catalogue::built_in()).rows;
    assert_eq!(
        rows.iter().map(|row| &*row.cells[0].standing).collect::<Vec<_>>(),
        [&Standing::Restricted, &Standing::Restricted, &Standing::NotBound]
    );
    assert_eq!(rows[2].account, None);
    hierarchy.ids.insert(Address::new("account", "a0000"), "111111111111".to_owned());
    let rows = matrix(&frameworks, &hierarchy, ROLE, &Catalogue::built_in()).rows;
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[1].account, &*rows[1].cells[0].standing), (&Some(Address::new("account", "a0000")), &Standing::NotBound));
}

/// The matrix and the evaluator say the same, of one action of each service at a time.
#[test]
fn the_evaluator_agrees() {
    let frameworks = BTreeMap::from([("hi-paa".to_owned(), framework())]);
    let guard = deny(json!({"Action": "sqs:*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}}));
    let list = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:*", "sqs:*", "sns:P*", "kms:Decrypt"], "Resource": "*"}]});
    let hierarchy = organization(&[everything(), guard], &[list], &[everything()], 1);
    let Standing::Exceptions(open) = (*matrix(&frameworks, &hierarchy, ROLE, &Catalogue::built_in()).rows[0].cells[0].standing).clone()
    else {
        panic!()
    };
    let listed = framework();
    let listed = listed.allowed();
    for prefix in Catalogue::built_in().prefixes().filter(|prefix| !listed.contains(prefix)) {
        for action in Catalogue::built_in().of(prefix).unwrap().iter().step_by(7) {
            let question = Question {
                account: Place::Member(Address::new("account", "a0000")),
                principal: None,
                action: format!("{prefix}:{}", action.name),
                resource: None,
                owner: None,
                facts: Vec::new(),
            };
            let expected = match question.decide(&hierarchy, &Catalogue::built_in()).outcome {
                Outcome::WithinGuardRails | Outcome::Unknown => true,
                Outcome::ExplicitDeny | Outcome::ImplicitDeny => false,
            };
            let told = open.get(prefix).is_some_and(|opening| opening.actions.contains(&action.name));
            assert_eq!(told, expected, "{prefix}:{}", action.name);
        }
    }
}

/// Equal levels and paths are evaluated once, however many accounts there are.
#[test]
fn accounts_that_are_alike_share_their_answers() {
    let frameworks = BTreeMap::from([("hi-paa".to_owned(), framework())]);
    let hierarchy = organization(&[everything()], &[generated(Shape::Allow)], &[everything()], 5_000);
    let matrix = matrix(&frameworks, &hierarchy, ROLE, &Catalogue::built_in());
    assert_eq!(matrix.rows.len(), 5_001);
    let first = &matrix.rows[0].cells[0].standing;
    assert!(matrix.rows[..5_000].iter().all(|row| std::sync::Arc::ptr_eq(&row.cells[0].standing, first)));
}
