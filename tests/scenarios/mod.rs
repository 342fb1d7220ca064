//! Scenarios: organizations that change, step by step, as their owners and others change them.
//!
//! `tests/scenarios/<name>/step-<n>/` holds the org.toml and policies/ of a step; a file that is not there is that of the step before,
//! or of `tests/scenarios/policies/`. `step.toml` tells how the step is run and what others did to the world before it (`world.rs`).
//! `expected-<n>.txt` tells the plan, how its apply came out, the writes that reached AWS (`writes.rs`), and the world after it with
//! its tags; names stand in place of ids. After each step the plan is empty, unless `step.toml` says why not, and after every request
//! the world was sound and no account had come to a place before that place's guardrails.
//!
//! `SNAPSHOTS=overwrite cargo test --test hermetic scenarios::` writes the expectations anew.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod networks;
mod world;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::pipeline::{MANAGEMENT, Watch};
use overlord::apply::{Report, Status};
use overlord::config::{self, Files};
use overlord::plan::Plan;
use overlord::render::{self, Style};
use overlord::resource::Desired;
use overlord::sandbox::{Effect, Entry, Sandbox, Weather, World, describe};
use world::{Names, Step};
use writes::{Write, in_order};

/// One test per folder, and one that no folder is forgotten.
macro_rules! scenarios {
    ($($name:ident),* $(,)?) => {
        $(#[tokio::test(start_paused = true)]
        async fn $name() {
            scenario(stringify!($name)).await;
        })*

        #[test]
        fn every_folder_is_a_scenario() {
            let folders = fs::read_dir(home()).unwrap().map(|entry| entry.unwrap()).filter(|entry| entry.path().join("step-1").is_dir());
            let folders: BTreeSet<String> = folders.map(|entry| entry.file_name().into_string().unwrap().replace('-', "_")).collect();
            assert_eq!(folders, BTreeSet::from([$(stringify!($name).to_owned()),*]));
        }
    };
}

scenarios! {
    account_alias,
    account_closed,
    account_invited,
    account_invited_anew,
    account_invited_by_email,
    account_invited_from_elsewhere,
    account_invited_refused,
    account_closing,
    account_key_moved,
    account_moved_and_tagged,
    account_moved_by_someone,
    account_quota,
    account_removed,
    account_taken_out,
    account_taken_out_and_invited,
    account_renamed,
    accounts_adopted,
    all_features_begun,
    another_organization,
    attachments_at_the_limit,
    attachments_replaced,
    changed_by_someone,
    consolidated_billing,
    contacts,
    contacts_of_others,
    creation_in_progress,
    delegated_administrator,
    detached_by_someone,
    ebs_encryption,
    email_changed,
    email_elsewhere,
    email_handed_in_elsewhere,
    every_policy_type,
    foreign_policy_attached,
    guard_loosened,
    invitations_limited,
    invited_before_the_organization,
    invited_with_relations,
    guards_exchanged,
    impact,
    impact_not_compared,
    management_account_declared,
    management_account_named,
    namesakes,
    nested_ous,
    network_account_closed,
    network_account_renamed,
    network_beside_others,
    network_default_vpc,
    network_dhcp_changed,
    network_extras,
    network_first,
    network_grown_and_shrunk,
    network_nat_changed,
    network_pin_changed,
    network_pool_taken,
    network_removed,
    network_repaired,
    network_two_regions,
    network_unreachable_account,
    no_organization,
    operation_broken,
    ou_given_another_parent,
    ou_moved_with_children,
    ou_name_taken_over,
    ou_of_others_moved,
    ou_removed,
    ou_removed_with_account,
    ou_renamed,
    pinned_id_unknown,
    policies_packed,
    policy_changed,
    policy_removed,
    policy_type_changed,
    policy_types,
    regions,
    root_credentials,
    tags,
    quarantine,
    team_renamed,
    trusted_services,
    unmanaged_untouched,
}

fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

async fn scenario(name: &str) {
    let folder = home().join(name.replace('_', "-"));
    let mut layers = vec![home()];
    let mut world = World::new(MANAGEMENT);
    let steps = (1..).map(|number| (number, folder.join(format!("step-{number}")))).take_while(|(_, path)| path.is_dir());
    for (number, path) in steps {
        layers.push(path.clone());
        let step: Step = fs::read_to_string(path.join("step.toml")).map_or_else(|_| Step::default(), |text| toml::from_str(&text).unwrap());
        step.edit(&mut world);
        let sandbox = Sandbox::new(world, Weather::parse(&step.weather).unwrap());
        let told = walk(&sandbox, &load(&layers), &step).await;
        let expected =
            snapbox::Data::read_from(&folder.join(format!("expected-{number}.txt")), Some(snapbox::data::DataFormat::Text)).raw();
        snapbox::Assert::new().action_env(snapbox::assert::DEFAULT_ACTION_ENV).eq(snapbox::Data::text(told).raw(), expected);
        world = sandbox.world();
    }
}

/// The configuration of the last layer, with what it lacks from those before.
fn load(layers: &[PathBuf]) -> Desired {
    let read = |path: &Path| {
        let found = layers.iter().rev().map(|layer| layer.join(path)).find(|path| path.is_file());
        fs::read(found.unwrap_or_else(|| path.to_owned()))
    };
    match config::load_with(Path::new("org.toml"), read(Path::new("org.toml")), &Files::new("", &read)) {
        Ok(loaded) => loaded.desired,
        Err(diagnostics) => panic!("{}", render::diagnostic::render(&diagnostics, Style::default())),
    }
}

/// Plans, applies, plans again, and tells what came of it.
async fn walk(sandbox: &Sandbox, desired: &Desired, step: &Step) -> String {
    let mut names = Names::default();
    names.learn(&sandbox.world());
    let watch = Watch::over(sandbox, desired);
    let (plan, report) = match crate::pipeline::run_with(sandbox, desired, &step.consent(&sandbox.world())).await {
        Ok(done) => done,
        Err(error) => {
            assert!(step.again.is_some(), "{error}");
            return names.put_into(&format!("# refused\n\n{error}\nhelp: {}\n", error.hint().unwrap_or_default()));
        }
    };
    assert_eq!(Plan::from_json(&plan.to_json().unwrap()).as_ref(), Ok(&plan), "a saved plan is the plan");
    assert_eq!(watch.violations(), BTreeSet::new(), "what must never be");
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
    let writes: Vec<Entry> = sandbox.journal().into_iter().filter(|entry| entry.effect == Effect::Write).collect();
    if let Some(report) = &report {
        as_planned(&plan, report, &writes, step);
    }

    let mut text = names.put_into(&format!("# plan\n\n{}", render::text::plan(&plan, Style::default())));
    names.learn(&sandbox.world());
    if let Some(report) = &report
        && !plan.is_empty()
    {
        let _ = write!(text, "\n# apply\n\n{}", names.put_into(&render::report::text(report, Style::default())));
        let lines: Vec<Write> = writes.iter().map(|entry| Write::of(entry, &names)).collect();
        in_order(&lines, &step.order);
        let _ = write!(text, "\n# writes\n\n{}", writes::told(&writes, &names));
        let _ = write!(text, "\n# world\n\n{}", names.put_into(&describe(&sandbox.world())));
        let _ = write!(text, "\n# tags\n\n{}", tag_lines(&sandbox.world(), &names));
        let networks = networks::lines(&sandbox.world());
        if !networks.is_empty() {
            let _ = write!(text, "\n# networks\n\n{}", names.put_into(&networks));
        }
    }
    let again = crate::pipeline::plan(sandbox, desired).await.unwrap();
    let left = render::text::plan(&again, Style::default());
    match &step.again {
        None => assert!(again.is_empty() && !again.has_errors(), "the next plan is not empty:\n{text}\n{left}"),
        Some(_) => {
            assert!(!again.is_empty() || again.has_errors(), "the next plan is empty, and step.toml says why it is not");
            if report.is_some() {
                let _ = write!(text, "\n# plan again\n\n{}", names.put_into(&left));
            }
        }
    }
    text
}

/// The tags of everything, in order of name.
fn tag_lines(world: &World, names: &Names) -> String {
    let tags = |tags: &BTreeMap<String, String>| tags.iter().map(|(key, value)| format!(" {key}={value}")).collect::<String>();
    let mut lines: Vec<String> = world.tags.iter().map(|(id, of)| format!("{}:{}\n", names.put_into(id), tags(of))).collect();
    lines.sort();
    lines.concat()
}

/// A run that did everything wrote what its plan said, no more and no less.
fn as_planned(plan: &Plan, report: &Report, writes: &[Entry], step: &Step) {
    let mut calls: BTreeMap<String, usize> = BTreeMap::new();
    for entry in writes {
        *calls.entry(entry.operation.clone()).or_default() += 1;
    }
    let same = calls == plan.budget.calls;
    let done = report.status() == Status::Done;
    assert!(same || !done || step.other_writes.is_some(), "planned {:?}\nmade {calls:?}", plan.budget.calls);
    assert!(step.other_writes.is_none() || !same, "the writes are those of the plan, and step.toml says why they are not");
}
