//! Import: what is written of a random organization leaves nothing to do, and says the same the second time.

use std::collections::BTreeMap;
use std::path::Path;

use overlord::config::{self, Files};
use overlord::import::{Draft, Networks, Settings, Verdict, check, draft, judge};
use overlord::resource::network::survey;
use overlord::resource::organizations::{Attributing, Reading, Tagging, Whole, read_whole};
use overlord::resource::{ADDRESS_TAG, Desired};
use overlord::sandbox::{AccountState, Contacts, Effect, FeatureSet, Sandbox, Weather, World};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;

use crate::pipeline::{MANAGEMENT, process, run};
use crate::properties::generate::{cases, desired, load};
use crate::properties::networks::networks;
use crate::properties::{config as proptest_config, in_virtual_time, nothing_left, sandbox};

/// What people call things. Not all of it can be said everywhere.
const NAMES: &[&str] = &[
    "prod",
    "Prod",
    "dev",
    "records-dev",
    "records-prod",
    "Records Prod",
    "payments-dev",
    "payments-prod",
    "root",
    "Root",
    "a b",
    "say \"hi\" 'there'",
    "back\\slash",
    "a/b",
    "a%2Fb",
    "日本",
    "Ünïcödé — straße",
    "{account}",
    "${x}",
    "FullAWSAccess",
    "-",
    " ",
    "tab\there",
    "new\nline",
    "# no comment",
    "[ou.x]",
];

/// Documents by type.
const DOCUMENTS: &[(&str, &str)] = &[
    ("SERVICE_CONTROL_POLICY", r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":["b:*","a:*"],"Resource":"*"}]}"#),
    ("SERVICE_CONTROL_POLICY", r#"{ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } }"#),
    (
        "RESOURCE_CONTROL_POLICY",
        r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}],"Version":"2012-10-17"}"#,
    ),
    ("TAG_POLICY", r#"{"tags":{"team":{"tag_value":{"@@assign":["b","a","日本","say \"hi\""]}}}}"#),
    ("BACKUP_POLICY", r#"{"plans":{}}"#),
    ("AISERVICES_OPT_OUT_POLICY", r#"{"services":{"default":{"opt_out_policy":{"@@assign":"optOut"}}}}"#),
    ("TAG_POLICY", "[]"),
    ("TAG_POLICY", r#"{"tags":{"team":{"tag_key":"Team"}}}"#),
    ("SERVICE_CONTROL_POLICY", r#"{"Statement":[],"Statement":[]}"#),
    ("CHATBOT_POLICY", "no JSON"),
];

const SERVICES: &[&str] = &[
    "account.amazonaws.com",
    "config.amazonaws.com",
    "guardduty.amazonaws.com",
    "iam.amazonaws.com",
    "member.org.stacksets.cloudformation.amazonaws.com",
    "ram.amazonaws.com",
];

/// An organization that nobody planned.
#[derive(Debug, Clone)]
struct Grown {
    enabled: Vec<bool>,
    units: Vec<(usize, usize)>,
    accounts: Vec<(usize, usize, u8, bool)>,
    policies: Vec<(usize, usize, bool, Vec<usize>)>,
    detached: Vec<usize>,
    services: Vec<(usize, Vec<usize>)>,
    tags: Vec<(usize, u8)>,
    /// Of which accounts which contacts are known.
    contacts: Vec<(usize, u8)>,
    /// Features of central root access, as bits.
    root_features: u8,
}

fn grown() -> impl Strategy<Value = Grown> {
    let name = || 0..NAMES.len();
    (
        vec(prop::bool::weighted(0.8), DOCUMENTS.len()),
        vec((0..20usize, name()), 0..10),
        vec((0..20usize, name(), 0..8u8, any::<bool>()), 0..16),
        vec((0..DOCUMENTS.len(), name(), any::<bool>(), vec(0..30usize, 0..5)), 0..10),
        vec(0..30usize, 0..18),
        (vec((0..SERVICES.len(), vec(0..20usize, 0..3)), 0..5), 0..8u8),
        vec((0..40usize, 0..7u8), 0..16),
        vec((0..20usize, 0..64u8), 0..12),
    )
        .prop_map(|(enabled, units, accounts, policies, detached, (services, root_features), tags, contacts)| Grown {
            enabled,
            units,
            accounts,
            policies,
            detached,
            services,
            tags,
            contacts,
            root_features,
        })
}

impl Grown {
    /// The world as AWS would let it become: names are unique where they must be, and every target keeps a service control policy.
    fn world(&self) -> World {
        let mut world = World::new(MANAGEMENT);
        let root = world.add_organization(FeatureSet::All);
        if !self.enabled[0] {
            // As an organization whose service control policies were never enabled.
            world.organization.as_mut().unwrap().policy_types.clear();
            world.attachments.clear();
            world.reindex();
        }
        for ((kind, _), enabled) in DOCUMENTS.iter().zip(&self.enabled).skip(2) {
            if *enabled && *kind != "SERVICE_CONTROL_POLICY" {
                world.enable_type(kind);
            }
        }
        let mut places = vec![root];
        for (parent, name) in &self.units {
            let parent = places[parent % places.len()].clone();
            let taken = world.units_of(&parent).iter().any(|id| world.ous[id].name == NAMES[*name]);
            if !taken && world.lineage(&parent).len() <= 5 {
                places.push(world.add_ou(&parent, NAMES[*name]));
            }
        }
        for (i, (parent, name, state, templated)) in self.accounts.iter().enumerate() {
            let local = if *templated { format!("aws+{}", NAMES[*name].replace([' ', '"', '/'], "-")) } else { format!("owner{i}") };
            let mut email = format!("{local}@example.org");
            if !world.accounts_with_email(&email).is_empty() {
                email = format!("other{i}@example.org");
            }
            let id = world.add_account(NAMES[*name], &email, &places[parent % places.len()]);
            world.accounts.get_mut(&id).unwrap().state = match state {
                0 => AccountState::Suspended,
                1 => AccountState::Closed,
                2 => AccountState::PendingClosure,
                3 => AccountState::PendingActivation,
                _ => AccountState::Active,
            };
        }
        let targets: Vec<String> = world.targets().map(str::to_owned).collect();
        for (document, name, control_tower, at) in &self.policies {
            let (kind, content) = DOCUMENTS[*document];
            let name = match control_tower {
                true => format!("aws-guardrails-{name}"),
                false => NAMES[*name].to_owned(),
            };
            let enabled = world.organization.as_ref().unwrap().policy_types.contains_key(kind);
            if !enabled || world.policies.values().any(|policy| policy.kind == kind && policy.name == name) {
                continue;
            }
            let id = world.add_policy(kind, &name, if *control_tower { "" } else { "line\nand \"quotes\"" }, content);
            for target in at {
                world.attach(&id, &targets[target % targets.len()]);
            }
        }
        for target in self.detached.iter().map(|target| &targets[target % targets.len()]) {
            // AWS keeps the last one, and lets nobody detach Control Tower's.
            if world.attached_of_type(target, "SERVICE_CONTROL_POLICY").count() > 1 {
                world.detach("p-FullAWSAccess", target);
            }
        }
        self.services(&mut world);
        self.contacts(&mut world);
        if world.trusted_services.contains_key("iam.amazonaws.com") {
            let features = ["RootCredentialsManagement", "RootSessions"].into_iter().enumerate();
            world.root_features = features.filter(|(i, _)| self.root_features & (1 << i) != 0).map(|(_, name)| name.to_owned()).collect();
        }
        for (target, value) in &self.tags {
            let target = targets[target % targets.len()].clone();
            let tags = [
                ("team", "a b"),
                ("team", "c"),
                ("Kosten:stelle", "ä=1"),
                (ADDRESS_TAG, "account.former"),
                (ADDRESS_TAG, "ou.prod"),
                (ADDRESS_TAG, "ou.Prod"),
                (ADDRESS_TAG, "policy.prod"),
            ];
            let (key, value) = tags[usize::from(*value)];
            world.tags.entry(target).or_default().insert(key.to_owned(), value.to_owned());
        }
        world.reindex();
        world
    }

    /// A billing contact that several share, one for security that some have, and a primary contact that org.toml can say or not.
    fn contacts(&self, world: &mut World) {
        let fields = |fields: &[(&str, &str)]| -> BTreeMap<String, String> {
            fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let alternate = |name: &str, phone: &str| {
            fields(&[("Name", name), ("Title", "on call"), ("EmailAddress", "ops@example.org"), ("PhoneNumber", phone)])
        };
        let accounts: Vec<String> = world.accounts.keys().cloned().collect();
        for (account, bits) in &self.contacts {
            let mut known = Contacts::default();
            if bits & 3 != 0 {
                known.alternate.insert("BILLING".to_owned(), alternate(if bits & 3 == 3 { "{x}" } else { "Billing" }, "+49 30 1000"));
            }
            if bits & 4 != 0 {
                known.alternate.insert("SECURITY".to_owned(), alternate("Night", &format!("{bits}")));
            }
            if bits & 24 != 0 {
                let phone = if bits & 24 == 24 { "030 1000" } else { "+49 30 1000" };
                known.primary = fields(&[
                    ("FullName", "Example \"Corp\""),
                    ("AddressLine1", "Unter den Linden 1"),
                    ("AddressLine2", "c/o 日本"),
                    ("City", "Berlin"),
                    ("PostalCode", "10117"),
                    ("CountryCode", "DE"),
                    ("StateOrRegion", "Berlin"),
                    ("PhoneNumber", phone),
                ]);
            }
            world.contacts.insert(accounts[account % accounts.len()].clone(), known);
        }
    }

    fn services(&self, world: &mut World) {
        let accounts: Vec<String> = world.accounts.keys().filter(|id| *id != MANAGEMENT).cloned().collect();
        for (service, administrators) in &self.services {
            world.trusted_services.insert(SERVICES[*service].to_owned(), world.clock_ms);
            for administrator in administrators.iter().filter(|_| !accounts.is_empty()) {
                let account = accounts[administrator % accounts.len()].clone();
                let since = world.clock_ms;
                world.delegated_administrators.entry(account).or_default().insert(SERVICES[*service].to_owned(), since);
            }
        }
    }
}

async fn read(sandbox: &Sandbox, tags: Tagging) -> Reading {
    // Who wants tags wants the rest too.
    let attributes = if tags == Tagging::Read { Attributing::Read } else { Attributing::Left };
    read_whole(&process(sandbox).await, MANAGEMENT, Whole { tags, attributes }).await.unwrap()
}

/// Imports, and holds the draft to what it promises.
#[track_caller]
fn sound(reading: &Reading, tags: Tagging) -> Draft {
    let draft = draft(reading, &Settings { tags, ..Settings::default() }, Networks::Unread).unwrap();
    match check(&draft, reading).unwrap() {
        Verdict::Sound(_) => draft,
        Verdict::Refused(diagnostics) => {
            let text = overlord::render::diagnostic::render(&diagnostics, overlord::render::Style::default());
            panic!("refused:\n{}\n{text}", draft.org_toml)
        }
        Verdict::Differs(plan) => panic!("differs:\n{}\n{:#?}\n{:#?}", draft.org_toml, plan.changes, plan.findings),
    }
}

/// Imports the sandbox's organization; the plan made by reading anew is empty, and so is what was written.
async fn import(sandbox: &Sandbox, tags: Tagging) -> (Draft, Desired) {
    let before = sandbox.journal().len();
    let draft = sound(&read(sandbox, tags).await, tags);
    let again = sound(&read(sandbox, tags).await, tags);
    assert_eq!(draft, again, "the second import says something else");
    let writes = sandbox.journal().into_iter().skip(before).filter(|entry| entry.effect == Effect::Write).count();
    assert_eq!(writes, 0);
    let desired = load(&draft.org_toml, &draft.policies);
    nothing_left(sandbox, &desired).await;
    (draft, desired)
}

proptest! {
    #![proptest_config(proptest_config(96))]

    /// Whatever names things have, and however they stand.
    #[test]
    fn nothing_is_left_to_do_after_an_import(grown in grown(), tags in select(vec![Tagging::Read, Tagging::Left])) {
        in_virtual_time(async {
            import(&Sandbox::new(grown.world(), Weather::default()), tags).await;
        });
    }

}

proptest! {
    #![proptest_config(proptest_config(48))]

    /// What overlord made is imported under the keys that it had; accounts where their tags are read.
    #[test]
    fn what_overlord_made_is_imported_as_it_was(case in cases(), tags in select(vec![Tagging::Read, Tagging::Left])) {
        in_virtual_time(async {
            let sandbox = sandbox(Weather::default());
            let first = desired(&case);
            run(&sandbox, &first).await.unwrap();
            let (_, second) = import(&sandbox, tags).await;
            let keys = |desired: &Desired, kind: &str| -> Vec<String> {
                desired.resources.keys().filter(|address| address.kind() == kind).map(|address| address.key().to_owned()).collect()
            };
            for kind in ["ou", "trusted_service", "delegated_administrator", "policy"] {
                prop_assert_eq!(keys(&first, kind), keys(&second, kind), "{}", kind);
            }
            if tags == Tagging::Read {
                let mut made = case.made();
                made.sort();
                // The management account has a contact from the beginning, which an import with attributes writes down.
                let mut imported = keys(&second, "account");
                imported.retain(|key| key != "management");
                prop_assert_eq!(made, imported);
            }
            Ok(())
        })?;
    }
}

/// Thousands of accounts take the calls of their pages, and none each.
#[test]
fn thousands_of_accounts_take_their_pages() {
    const TEAMS: usize = 600;
    in_virtual_time(async {
        let mut world = World::new(MANAGEMENT);
        let root = world.add_organization(FeatureSet::All);
        let unit = world.add_ou(&root, "Workloads");
        for team in 0..TEAMS {
            for stage in ["dev", "test", "prod"] {
                let key = format!("team{team:03}-{stage}");
                world.add_account(&key, &format!("aws+{key}@example.org"), &unit);
            }
        }
        let sandbox = Sandbox::new(world, Weather::default());
        let draft = sound(&read(&sandbox, Tagging::Left).await, Tagging::Left);
        let mut calls: BTreeMap<String, usize> = BTreeMap::new();
        sandbox.journal().into_iter().for_each(|entry| *calls.entry(entry.operation).or_default() += 1);
        let accounts = 3 * TEAMS + 1;
        // Accounts, the root and the OU have AWS's default; every page holds twenty.
        let expected = [
            ("organizations:ListAWSServiceAccessForOrganization", 1),
            ("organizations:ListAccounts", accounts.div_ceil(20)),
            ("organizations:ListDelegatedAdministrators", 1),
            ("organizations:ListOrganizationalUnitsForParent", 2),
            ("organizations:ListPolicies", 1),
            ("organizations:ListRoots", 1),
            ("organizations:ListTagsForResource", 1),
            ("organizations:ListTargetsForPolicy", (accounts + 2).div_ceil(20)),
        ];
        assert_eq!(calls, expected.map(|(operation, count)| (operation.to_owned(), count)).into());
        // And a team takes two lines.
        let lines = draft.org_toml.lines().filter(|line| !line.is_empty()).count();
        assert!(lines < 2 * TEAMS + 20, "{lines} lines");
        let loaded = config::load_with(Path::new("org.toml"), Ok(draft.org_toml.into_bytes()), &Files::new("", &|_| unreachable!()));
        assert_eq!(loaded.unwrap().summary.accounts, 3 * TEAMS);
    });
}

/// The random organizations are not all plain: what an import must find its way around occurs.
#[test]
fn the_organizations_hold_what_they_are_made_for() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..120 {
        let grown = grown().new_tree(&mut runner).unwrap().current();
        let draft =
            in_virtual_time(async { sound(&read(&Sandbox::new(grown.world(), Weather::default()), Tagging::Read).await, Tagging::Read) });
        let text = format!("{}{}", draft.org_toml, draft.policies.keys().cloned().collect::<String>());
        for word in [
            "[team.",
            "stage.prod = { ",
            "email = \"aws+{account}@example.org\"",
            "lockdown = true",
            "service_control_policies = false",
            "delegated_administrators",
            ".amazonaws.com\" = [",
            "root_access = \"central\"",
            "org.toml supports central root access only with all of its features",
            "contacts.billing = ",
            "contacts.primary = ",
            "it contains a brace",
            "so AWS does not report them",
            "[limits]",
            "the account is closed",
            "Control Tower",
            "type = \"tag\"",
            "is attached, and has a document",
            "name = \"日本\"",
            "name = \"a/b\"",
            "\\n",
            "tags = {",
            "policies/a-b.json",
            "id = \"111111111111\"",
        ] {
            *seen.entry(word).or_default() += usize::from(text.contains(word));
        }
    }
    let rare: Vec<_> = seen.iter().filter(|(_, count)| **count < 3).collect();
    assert!(rare.is_empty(), "in too few of 120 organizations: {rare:?}");
}

/// Networks that overlord made are imported as layouts; where they are none, they are left. Either way nothing is left to do, and where they
/// are taken, another VPC can be had by naming the layout.
#[test]
fn networks_that_overlord_made_are_layouts_again() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut taken, mut left) = (0, BTreeMap::new());
    for _ in 0..24 {
        let networks = networks().new_tree(&mut runner).unwrap().current();
        in_virtual_time(async {
            let sandbox = sandbox(Weather::default());
            let first = networks.desired();
            run(&sandbox, &first).await.unwrap();
            let sessions = process(&sandbox).await;
            sessions.guard(MANAGEMENT).await.unwrap();
            let reading = read(&sandbox, Tagging::Left).await;
            let regions = ["eu-west-1", "us-east-1", "eu-south-1"].map(str::to_owned).into();
            let survey = survey(&sessions, &reading.members(), &regions).await.unwrap();
            let draft = |networks| draft(&reading, &Settings::default(), networks).unwrap();
            let drawn = draft(Networks::Taken(&survey));
            let loaded = overlord::import::load(&drawn).unwrap_or_else(|told| {
                panic!("{}\n{}", drawn.org_toml, overlord::render::diagnostic::render(&told, overlord::render::Style::default()))
            });
            let live = overlord::snapshot::read(&sessions, &loaded.desired).await.unwrap();
            match judge(&loaded, &live) {
                Verdict::Sound(_) if drawn.networks > 0 => {
                    taken += 1;
                    assert_eq!(loaded.desired.network.vpcs.len(), first.network.vpcs.len(), "{}", drawn.org_toml);
                    for (layout, found) in &loaded.desired.network.layouts {
                        assert_eq!(first.network.layouts[layout].tiers, found.tiers);
                    }
                }
                Verdict::Sound(_) => {
                    assert!(first.network.vpcs.is_empty() || drawn.left.iter().any(|left| left.reason.contains("overlord made")))
                }
                Verdict::Refused(_) => panic!("judged what was loaded"),
                Verdict::Differs(plan) => {
                    let change = plan.changes.first().map(|change| change.reason.to_string());
                    *left.entry(change.unwrap_or_else(|| format!("{:?}", plan.findings))).or_insert(0) += 1;
                    let drawn = draft(Networks::Left(&survey, "because"));
                    nothing_left(&sandbox, &load(&drawn.org_toml, &drawn.policies)).await;
                }
            }
        });
    }
    assert!(taken >= 15, "{taken} of 24 were taken; the others: {left:#?}");
}
