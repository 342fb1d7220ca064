//! Checks what kinds and families say against the request gate's table of operations and against the sources of the code that calls them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::*;
use crate::aws::operations::{self, Effect, OPERATIONS};
use crate::config::{self, Files};
use crate::policy::Policy;
use crate::resource::{Attributes, KindSpec};

/// One of everything that org.toml can ask for.
const EVERYTHING: &str = r#"
[organization]
management_account = "111111111111"
home_region = "eu-west-1"
quarantine = "waiting"
trusted_services = ["account.amazonaws.com", "config.amazonaws.com", "iam.amazonaws.com", "ram.amazonaws.com"]
root_access = "central"
delegated_administrators = { "config.amazonaws.com" = "one" }
policies = ["FullAWSAccess", "rail"]
regions = ["af-south-1", "eu-west-1"]

[ou.work]
[ou.waiting]
[policy.rail]

[defaults]
contacts.billing = { name = "A", title = "B", email = "a@example.org", phone = "+41443334455" }

[pool.main]
cidr = "10.0.0.0/8"
reserved = ["10.10.0.0/16"]

[transit_gateway.hub]
account = "one"
region = "eu-west-1"
share_with = ["organization"]

[vpn.office]
address = "203.0.113.10"
routes = ["10.10.0.0/16"]

[vpc.full]
region = "eu-west-1"
pool = "main"
prefix = 20
zones = 2
nat = "regional"
ipv6 = true
tiers = { public = 25, shared = 25, private = 50 }
endpoints = ["s3", "ssm"]
name_servers = ["10.0.0.2"]
flow_logs = "arn:aws:s3:::flows"
peering = "mesh"
attach = "hub"
share = { tier = "shared", with = "organization" }

[vpc.zonal]
region = "af-south-1"
pool = "main"
prefix = 20
zones = 1
nat = "single"
tiers = { public = 50, private = 50 }
flow_logs = "arn:aws:firehose:af-south-1:444444444444:deliverystream/flows"
vpn = "office"

[account.one]
email = "one@example.org"
ou = "work"
vpc = ["full", "zonal"]
default_vpc = "remove"
root_credentials = "remove"
contacts.billing = { name = "A", title = "B", email = "a@example.org", phone = "+41443334455" }

[account.two]
email = "two@example.org"
ou = "work"
vpc = ["full"]
alias = "example-two"
safeguards = ["ebs-encryption"]

[account.closes]
email = "closes@example.org"
close = true

[account.goes]
id = "222222222222"
removed = true

[account.three]
email = "three@example.org"
ou = "work"
invite = true
"#;

fn desired(text: &str) -> Desired {
    let read = |_: &Path| Ok(br#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#.to_vec());
    match config::load_with(Path::new("org.toml"), Ok(text.as_bytes().to_vec()), &Files::new("", &read)) {
        Ok(loaded) => loaded.desired,
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    }
}

/// Needed by neither: every caller may read its own identity; a web identity is exchanged before there is a caller; the owner of an
/// invited account uses credentials of their own; AWS's task policy says what a root session may do; and AWS's view of policies is read
/// only with `--live`.
const FREE: &[&str] = &[
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeactivateMFADevice",
    "iam:DeleteAccessKey",
    "iam:DeleteLoginProfile",
    "iam:DeleteSigningCertificate",
    "iam:GetLoginProfile",
    "iam:GetRole",
    "iam:ListAccessKeys",
    "iam:ListAttachedRolePolicies",
    "iam:ListMFADevices",
    "iam:ListSigningCertificates",
    "iam:SimulateCustomPolicy",
    "organizations:DescribeEffectivePolicy",
    "organizations:ListHandshakesForAccount",
    "sts:AssumeRoleWithWebIdentity",
    "sts:GetCallerIdentity",
];

fn specs() -> impl Iterator<Item = &'static KindSpec> {
    KINDS.iter().map(|kind| kind.spec())
}

/// All needs of kinds, and those of the families for the largest configuration.
fn all_needs() -> Vec<Need> {
    let of_kinds = specs().flat_map(|spec| spec.needs).copied();
    let families = family_needs(&desired(EVERYTHING));
    let of_families = families.iter().flat_map(|family| &family.own).map(|(_, need)| *need);
    of_kinds.chain(of_families).collect()
}

/// What a run of `plan` or `apply` calls to do its work.
fn named() -> BTreeSet<&'static str> {
    all_needs().iter().flat_map(Need::operations).copied().chain([ASSUME_ROLE]).collect()
}

/// What is only called to explain differences, or by an import.
fn also_named() -> BTreeSet<&'static str> {
    let families = family_needs(&desired(EVERYTHING));
    let reads = families
        .iter()
        .flat_map(|family| &family.reads)
        .chain(&import_needs(true))
        .flat_map(|(_, operations)| *operations)
        .copied()
        .collect::<Vec<_>>();
    reads.into_iter().collect()
}

#[test]
fn every_operation_of_the_door_is_needed_by_something() {
    let request_gate: BTreeSet<String> = OPERATIONS.iter().map(|o| format!("{}:{}", o.service, o.name)).collect();
    let told: BTreeSet<String> = named().iter().chain(&also_named()).chain(FREE).map(|&name| name.to_owned()).collect();
    assert_eq!(told, request_gate, "an operation that is new in src/aws/operations.rs is a need of the kind or family that calls it");
    assert!(named().iter().all(|name| !FREE.contains(name)));
}

#[test]
fn a_plan_is_allowed_reads_and_nothing_else() {
    for need in all_needs().iter().filter(|need| need.run == Run::Plan) {
        assert!(matches!(need.grant, Grant::Calls(_) | Grant::RootTask("IAMAuditRootUserCredentials")), "{need:?}");
        for call in need.operations() {
            let (service, name) = call.split_once(':').unwrap();
            assert_eq!(operations::lookup(service, name).map(|o| o.effect), Some(Effect::Read), "{call}");
        }
    }
}

/// The code without the facts of the kind, in which needs and events name operations too.
fn without_facts(code: &str) -> String {
    match code.split_once("const SPEC: KindSpec = KindSpec {") {
        Some((before, after)) => format!("{before}{}", after.split_once("\n    };\n").unwrap().1),
        None => code.to_owned(),
    }
}

/// The operations that a source file calls, up to its tests.
fn called_in(family: &str, file: &str) -> Option<BTreeSet<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/resource").join(family).join(format!("{file}.rs"));
    let text = fs::read_to_string(path).ok()?;
    let code = without_facts(text.split("#[cfg(test)]").next().unwrap());
    let quoted = code.split('"').skip(1).step_by(2).map(str::to_owned);
    let is_operation = |text: &String| text.split_once(':').is_some_and(|(service, name)| operations::lookup(service, name).is_some());
    Some(quoted.filter(is_operation).collect())
}

/// The files that hold a kind.
fn files(kind: &str) -> Vec<&str> {
    match kind {
        "account" => vec!["account", "account_creation", "email", "leaving"],
        "ou" => vec!["organizational_unit"],
        "invitation" => vec!["invitation", "handshakes"],
        "policy_attachments" => vec!["policy_attachments", "attachment_steps"],
        "default_vpc" => vec!["default_vpc", "default_vpc_removal"],
        other => vec![other],
    }
}

/// A kind lists every call in its files among its needs, or it is read in any case.
#[test]
fn the_files_of_the_kinds_call_what_their_needs_say() {
    let read_anyway: BTreeSet<&str> = all_needs().iter().filter(|need| need.run == Run::Plan).flat_map(Need::operations).copied().collect();
    // There is always an organization.
    let organization = resource_kind("organization");
    for spec in specs() {
        let kind = spec.kind;
        let family = crate::resource::family(kind).unwrap();
        let told: BTreeSet<&str> = spec.needs.iter().chain(organization.needs).flat_map(Need::operations).copied().collect();
        let mut called = BTreeSet::new();
        for file in files(kind) {
            called.extend(called_in(family, file).unwrap_or_else(|| panic!("where is the code of `{kind}`?")));
        }
        assert!(!called.is_empty(), "`{kind}` calls nothing: are its calls still found?");
        for call in called {
            let told = [&told, &read_anyway].iter().any(|told| told.contains(call.as_str())) || FREE.contains(&call.as_str());
            assert!(told, "`{kind}` calls {call}, and its needs do not say so");
        }
    }
}

fn resource_kind(kind: &str) -> &'static KindSpec {
    crate::resource::kind(kind).unwrap_or_else(|| panic!("`{kind}`")).spec()
}

#[test]
fn needs_name_attributes_of_their_kind() {
    for spec in specs() {
        assert!(!spec.needs.is_empty(), "`{}` needs nothing", spec.kind);
        for (attribute, _) in spec.needs.iter().filter_map(|need| need.when) {
            assert!(spec.attributes.iter().any(|known| known.name == attribute), "{}: `{attribute}`", spec.kind);
        }
    }
    let families = family_needs(&desired(EVERYTHING));
    assert!(families.iter().flat_map(|family| &family.own).all(|(_, need)| need.when.is_none()), "a family has no attributes");
}

/// Otherwise the operation would be allowed for resources that overlord does not manage.
#[test]
fn needs_that_delete_say_what_they_delete() {
    for need in all_needs() {
        for operation in need.operations() {
            let says = matches!(need.grant, Grant::Deletions(..));
            assert_eq!(says, is_deletion(operation), "{operation}");
        }
    }
}

/// An operation that no configuration needs would never be allowed, or would be superfluous.
#[test]
fn everything_together_needs_every_operation() {
    let all = Permissions::of(&desired(EVERYTHING), Run::Apply);
    let needed: BTreeSet<&str> = all.caller.operations.union(&all.access_role.operations).copied().collect();
    let missing: Vec<_> = named().difference(&needed).copied().collect();
    assert_eq!(missing, ["account:GetContactInformation", "account:PutContactInformation"], "of the primary contact");
    assert_eq!(all.access_role.linked_roles.len(), 3);
    for who in [Who::Caller, Who::AccessRole] {
        let size = all.document(who).to_string().len();
        assert!(size <= MANAGED_POLICY_SIZE, "{who:?} needs {size} characters, more than a managed policy takes");
    }
}

#[test]
fn what_is_not_used_is_not_allowed() {
    let text = "[organization]\nmanagement_account = \"111111111111\"\nhome_region = \"us-gov-west-1\"\n";
    let least = Permissions::of(&desired(text), Run::Apply);
    assert_eq!(least.access_role, Grants::default());
    // Nothing is done in the members, so overlord does not enter them.
    assert!(least.caller.operations.iter().all(|o| o.starts_with("organizations:") || *o == "tag:GetResources"), "{least:#?}");
    assert!(!least.caller.operations.contains("organizations:CreateAccount"));
    assert!(!least.enters_members());
    let layout = "[pool.main]\ncidr = \"10.0.0.0/8\"\n[vpc.a]\nregion = \"us-gov-west-1\"\npool = \"main\"\nprefix = 24\nzones = 1\ntiers = { all = 100 }\n";
    let entering = Permissions::of(&desired(&format!("{text}{layout}")), Run::Apply);
    let document = entering.document(Who::Caller);
    let role = |statement: &Value| statement["Sid"] == "AccessRole";
    let role = document["Statement"].as_array().unwrap().iter().find(|s| role(s)).unwrap();
    assert_eq!(role["Resource"], "arn:aws-us-gov:iam::*:role/OrganizationAccountAccessRole");
}

/// Only resources of the organization are deleted, and only roles of its accounts assumed.
#[test]
fn deletions_need_the_tag_and_roles_the_organization() {
    let tagged = json!({ "aws:ResourceTag/overlord:address": "false" });
    let permissions = Permissions::of(&desired(EVERYTHING), Run::Apply);
    let find = |who: Who, action: &str| -> Value {
        let document = permissions.document(who);
        let statements = document["Statement"].as_array().unwrap();
        let of_action = |s: &&Value| s["Action"].as_array().unwrap().iter().any(|a| a == action);
        let found: Vec<&Value> = statements.iter().filter(of_action).collect();
        assert_eq!(found.len(), 1, "{action}");
        found[0]["Condition"].clone()
    };
    assert_eq!(find(Who::Caller, "organizations:DeletePolicy"), json!({ "Null": tagged }));
    assert_eq!(find(Who::AccessRole, "ram:DeleteResourceShare"), json!({ "Null": tagged }));
    let regions = json!({ "aws:RequestedRegion": ["af-south-1", "eu-west-1"] });
    // AWS makes default VPCs, which carry no tag.
    let of_default_vpcs = ["ec2:DeleteInternetGateway", "ec2:DeleteSubnet", "ec2:DeleteVpc", "ec2:DetachInternetGateway"];
    for action in permissions.access_role.operations.iter().filter(|o| is_deletion(o)) {
        let condition = match of_default_vpcs.contains(action) {
            true => json!({ "StringEquals": regions }),
            false if action.starts_with("ec2:") => json!({ "Null": tagged, "StringEquals": regions }),
            false => continue,
        };
        assert_eq!(find(Who::AccessRole, action), condition, "{action}");
    }
    assert_eq!(find(Who::Caller, "sts:AssumeRole"), json!({ "StringEquals": { "aws:ResourceOrgID": "${aws:PrincipalOrgID}" } }));
    let kept = Permissions::of(&desired(&EVERYTHING.replace("default_vpc = \"remove\"\n", "")), Run::Apply);
    assert!(kept.access_role.deletes.iter().all(|(_, what)| *what == Deletes::Addressed), "{:?}", kept.access_role.deletes);
    let document = kept.document(Who::AccessRole);
    let deletes_vpcs = |s: &&Value| s["Action"].as_array().unwrap().iter().any(|action| action == "ec2:DeleteVpc");
    let named: Vec<&Value> = document["Statement"].as_array().unwrap().iter().filter(deletes_vpcs).map(|s| &s["Sid"]).collect();
    assert_eq!(named, ["NetworkDeletions"]);
}

/// The lock has tags of its own. If there are no OUs, no other OU is deleted.
#[test]
fn the_lock_is_deleted_by_its_own_tag() {
    let conditions = |text: &str| -> Vec<Value> {
        let document = Permissions::of(&desired(text), Run::Apply).document(Who::Caller);
        let statements = document["Statement"].as_array().unwrap().iter();
        let of_units = |s: &&Value| s["Action"].as_array().unwrap().iter().any(|action| action == "organizations:DeleteOrganizationalUnit");
        statements.filter(of_units).map(|s| s["Condition"]["Null"].clone()).collect()
    };
    let lock = json!({ "aws:ResourceTag/overlord:lock-owner": "false" });
    let plain = "[organization]\nmanagement_account = \"111111111111\"\n";
    assert_eq!(conditions(plain), vec![lock.clone()]);
    assert_eq!(conditions(&format!("{plain}[ou.work]\n")), [json!({ "aws:ResourceTag/overlord:address": "false" }), lock]);
}

/// Whether an operation deletes a resource that carries tags.
fn is_deletion(operation: &str) -> bool {
    let name = operation.split(':').nth(1).unwrap();
    (name.starts_with("Delete") && !name.ends_with("Route")) || name == "ReleaseAddress"
}

#[test]
fn a_network_in_the_management_account_is_the_callers() {
    let outside = Permissions::of(&desired(EVERYTHING), Run::Apply);
    assert!(!outside.caller.operations.contains("ec2:CreateVpc") && outside.caller.operations.contains("ec2:DescribeVpcs"));
    let text = EVERYTHING.replacen("[account.two]\nemail = \"two@example.org\"", "[account.two]\nid = \"111111111111\"", 1);
    let inside = Permissions::of(&desired(&text), Run::Apply);
    assert!(inside.access_role.operations.is_subset(&inside.caller.operations));
}

/// The document contains every granted permission, and is a valid document.
#[test]
fn documents_hold_all_that_is_granted() {
    for run in [Run::Plan, Run::Apply] {
        let permissions = Permissions::of(&desired(EVERYTHING), run);
        for who in [Who::Caller, Who::AccessRole] {
            let document = permissions.document(who);
            let policy = Policy::parse(&document.to_string()).unwrap();
            assert!(policy.statements.iter().all(|s| s.sid.is_some()));
            let statements = document["Statement"].as_array().unwrap();
            let actions: BTreeSet<&str> =
                statements.iter().flat_map(|s| s["Action"].as_array().unwrap()).map(|a| a.as_str().unwrap()).collect();
            let grants = permissions.grants(who);
            let linked = (!grants.linked_roles.is_empty()).then_some("iam:CreateServiceLinkedRole");
            let granted: BTreeSet<&str> = grants.operations.iter().chain(&grants.besides).copied().chain(linked).collect();
            assert_eq!(actions, granted);
            let networks = statements.iter().find(|s| s["Sid"] == "Networks").unwrap();
            assert_eq!(networks["Condition"], json!({"StringEquals": {"aws:RequestedRegion": ["af-south-1", "eu-west-1"]}}));
        }
    }
}

#[test]
fn who_invites_makes_no_account_and_who_imports_changes_nothing() {
    let invite = Permissions::of_invite(&desired("[organization]\nmanagement_account = \"111111111111\"\n[ou.work]\n"));
    let writes = |grants: &Grants| -> Vec<&'static str> {
        let is_write = |call: &&&str| {
            call.split_once(':').and_then(|(service, name)| operations::lookup(service, name)).is_some_and(|o| o.effect == Effect::Write)
        };
        grants.operations.iter().filter(is_write).copied().collect()
    };
    assert_eq!(
        writes(&invite.caller),
        [
            "account:PutAccountName",
            "organizations:AttachPolicy",
            "organizations:CancelHandshake",
            "organizations:CreateOrganizationalUnit",
            "organizations:DeleteOrganizationalUnit",
            "organizations:DetachPolicy",
            "organizations:InviteAccountToOrganization",
            "organizations:MoveAccount",
            "organizations:TagResource",
        ]
    );
    let regions = ["eu-west-1".to_owned()].into();
    let import = Permissions::of_import("us-east-1", "Access", &regions);
    assert_eq!([writes(&import.caller), writes(&import.access_role)], [[""; 0], [""; 0]]);
    assert!(import.access_role.operations.contains("ec2:DescribeVpcs"));
    assert!(!Permissions::of_import("us-east-1", "Access", &BTreeSet::new()).access_role.operations.contains("ec2:DescribeVpcs"));
    assert!(import.document(Who::Caller).to_string().contains("role/Access"));
}

/// Resources of a kind in these places, as `Desired` has them.
fn declaring(addresses: &[&str], management: &str) -> Desired {
    let plain = desired("[organization]\nmanagement_account = \"111111111111\"\n");
    let resources = addresses.iter().map(|address| (address.parse().unwrap(), Attributes::new())).collect();
    let pinned = [(crate::resource::account_address(management), "111111111111".to_owned())].into();
    Desired { resources, pinned, ..plain }
}

/// Not whether it is in `Desired::resources`: families whose resources need no plan have theirs there.
#[test]
fn the_place_of_a_resource_decides_who_is_allowed() {
    let put = "account:PutAlternateContact";
    let may = |addresses: &[&str]| {
        let permissions = Permissions::of(&declaring(addresses, "main"), Run::Apply);
        [Who::Caller, Who::AccessRole].map(|who| permissions.grants(who).operations.contains(put))
    };
    for (addresses, expected) in [
        (&["alternate_contact.web/billing"][..], [true, false]),
        (&["web/alternate_contact.any"], [false, true]),
        (&["web/r/alternate_contact.any"], [false, true]),
        (&["web/alternate_contact.any", "main/alternate_contact.any"], [true, true]),
        // Another kind of the family is the management account's; that of another family is not.
        (&["web/alternate_contact.any", "main/placement.any"], [true, true]),
        (&["web/alternate_contact.any", "main/r/vpc.any"], [false, true]),
        (&["web/alternate_contact.any", "alternate_contact.web/billing"], [true, true]),
    ] {
        assert_eq!(may(addresses), expected, "{addresses:?}");
    }
}

#[test]
fn what_is_in_an_account_is_entered_and_looked_up_there_in_its_regions() {
    let desired = declaring(&["web/r/subnet.any/a"], "main");
    let [plan, apply] = [Run::Plan, Run::Apply].map(|run| Permissions::of(&desired, run));
    assert!(plan.enters_members() && apply.enters_members());
    assert!(plan.access_role.operations.contains(LOOK_UP_EVENTS) && !apply.access_role.operations.contains(LOOK_UP_EVENTS));
    let document = apply.document(Who::AccessRole);
    assert_eq!(document["Statement"][0]["Condition"], json!({"StringEquals": {"aws:RequestedRegion": ["r"]}}));
}

/// A kind of the organization must say that an account gets it on joining. What is in an account, the account gets.
#[test]
fn who_invites_is_allowed_kinds_that_say_so_and_what_is_in_accounts() {
    let of_the_organization: BTreeSet<String> = desired(EVERYTHING).resources.keys().map(|address| address.kind().to_owned()).collect();
    let say_so = |spec: &&KindSpec| spec.needs.iter().any(|need| need.on_joining != OnJoining::No);
    let names = |spec: &KindSpec| spec.kind;
    assert_eq!(
        specs().filter(say_so).map(names).collect::<Vec<_>>(),
        ["policy_attachments", "invitation", "account", "placement", "alternate_contact", "primary_contact", "root_credentials"]
    );
    assert_eq!(Need::apply(&[]).on_joining, OnJoining::No);
    let writes = |addresses: &[&str]| {
        let invite = Permissions::of_invite(&declaring(addresses, "main"));
        let is_write = |call: &&str| {
            call.split_once(':').and_then(|(service, name)| operations::lookup(service, name)).is_some_and(|o| o.effect == Effect::Write)
        };
        [Who::Caller, Who::AccessRole].map(|who| invite.grants(who).operations.iter().copied().filter(is_write).collect::<BTreeSet<_>>())
    };
    let [nothing, none] = writes(&[]);
    assert_eq!(none, BTreeSet::new());
    for kind in ["organization", "ou", "policy", "policy_type", "trusted_service", "delegated_administrator", "root_access"] {
        assert!(of_the_organization.contains(kind), "the configuration of everything has no {kind}");
        let [caller, access_role] = writes(&[&format!("{kind}.any")]);
        assert_eq!((&caller, &access_role), (&nothing, &none), "{kind}");
        // The same in an account is the account's own.
        let in_account = writes(&[&format!("web/{kind}.any")])[1].clone();
        let apply = resource_kind(kind).needs.iter().filter(|need| need.run == Run::Apply && need.when.is_none());
        assert_eq!(in_account, apply.flat_map(Need::operations).copied().collect(), "{kind}");
    }
}

/// A statement is of a service: no operation of another one may be lost, and no deletion.
#[test]
fn every_service_has_statements_for_all_operations_and_for_deletions() {
    let mut permissions = Permissions::of(&desired("[organization]\nmanagement_account = \"111111111111\"\n"), Run::Apply);
    permissions.add(&[Who::AccessRole], &Grant::Calls(&["new-one:PutThing"]));
    permissions.add(&[Who::AccessRole], &Grant::Deletions(Deletes::Addressed, &["iam:DeleteThing", "new-one:DeleteThing"]));
    let tagged = json!({ "Null": { "aws:ResourceTag/overlord:address": "false" } });
    assert_eq!(
        permissions.document(Who::AccessRole)["Statement"],
        json!([
            { "Sid": "RootAccessDeletions", "Effect": "Allow", "Action": ["iam:DeleteThing"], "Resource": "*", "Condition": tagged },
            { "Sid": "Servicenewone", "Effect": "Allow", "Action": ["new-one:PutThing"], "Resource": "*" },
            { "Sid": "ServicenewoneDeletions", "Effect": "Allow", "Action": ["new-one:DeleteThing"], "Resource": "*", "Condition": tagged },
        ])
    );
}
