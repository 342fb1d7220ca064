//! The tiers. With `OVERLORD_LIVE` they run against AWS; without it, all of them against the sandbox and moto. See docs/live.md.

use std::fs;

use overlord::aws::recording::EXCHANGES;
use serde_json::Value;

use crate::live::target::{Asked, PREFIX, Side, Target, Tier, agrees, asked};
use crate::support::{SandboxServer, show};

/// US dollars a month that what a tier makes may cost at most, by the plan's own account of it.
const BOUND_USD: f64 = 1.0;

/// Steps that moto cannot do, and why. A step that works stands here no longer: the suite fails where one does.
const NOT_ON_MOTO: &[(&str, &str)] = &[(DHCP, "moto keeps no tags of DHCP options: neither overlord nor the sweeper can know them again")];

/// The step of DHCP options.
const DHCP: &str = "dhcp options";

/// One step of the read tier: a command that only reads, and the exit statuses that are no error.
const READS: &[(&str, &[&str], &[i32])] = &[
    ("import", &["import", "--out", "imported", "--force"], &[0]),
    ("plan", &["plan"], &[0, 2]),
    ("doctor", &["doctor"], &[0, 1]),
    ("drift", &["drift", "--no-trail"], &[0, 2]),
    ("report", &["report", "--out", "report.html"], &[0]),
    ("accounts", &["accounts"], &[0]),
];

/// Nothing is written: each command's trace has reads alone.
fn read_tier(target: &Target) {
    for (step, arguments, expected) in READS {
        let trace = format!("{step}.jsonl");
        let mut arguments = [*arguments, &["--trace", &trace]].concat();
        let folder = target.record.as_ref().map(|folder| folder.join(step));
        let named = folder.as_ref().map(|folder| folder.display().to_string());
        if let Some(folder) = &named {
            arguments.extend(["--record", folder]);
        }
        let output = target.overlord(&arguments);
        let works = output.status.code().is_some_and(|code| expected.contains(&code));
        assert_ne!(works, is_skipped(target, step), "{step}: a step of NOT_ON_MOTO works, or another one does not: {}", show(&output));
        let writes = target.writes(&trace);
        assert!(writes.is_empty(), "{step} writes: {writes:?}");
        if let Some(folder) = folder {
            let recorded = fs::read_to_string(folder.join(EXCHANGES)).unwrap();
            assert!(recorded.lines().count() > 1, "{step}: nothing was recorded");
            assert!(!recorded.contains(&target.account), "{step}: the recording has the account's id");
        }
    }
}

fn is_skipped(target: &Target, step: &str) -> bool {
    target.is_moto() && NOT_ON_MOTO.iter().any(|(name, _)| *name == step)
}

/// What a tier is about to do: addresses of its own alone, within the bound. Otherwise it stops before its first write.
fn within_bounds(plan: &Value) -> Result<(), String> {
    let own = |address: &str| address.split(['/', '.']).any(|part| part.starts_with(PREFIX));
    let changes = plan["changes"].as_array().ok_or("the plan has no changes")?;
    let foreign: Vec<&str> = changes.iter().filter_map(|change| change["address"].as_str()).filter(|address| !own(address)).collect();
    if !foreign.is_empty() {
        return Err(format!("the plan changes what is not the suite's: {foreign:?}"));
    }
    let total = |side: &str| plan["cost"][side]["total"].as_f64().unwrap_or(0.0);
    let more = total("after") - total("before");
    if more > BOUND_USD {
        return Err(format!("the plan costs {more:.2} USD a month more, and the bound is {BOUND_USD:.2}"));
    }
    Ok(())
}

/// Plans, holds the plan to the bounds, applies, and plans again: nothing is left.
fn applied(target: &Target) {
    if let Err(why) = within_bounds(&target.plan(2)) {
        panic!("stopped before the first write: {why}");
    }
    target.expect(&["apply", "--yes", "--allow-delete"], 0);
    target.expect(&["plan"], 0);
}

/// The organization as it was before: its own plan was empty, and is again.
fn undone(target: &Target) {
    target.configure("", "");
    applied(target);
}

/// Nothing of org.toml itself may be pending: the suite would apply it.
fn nothing_is_pending(target: &Target) {
    target.configure("", "");
    let output = target.overlord(&["plan"]);
    assert_eq!(output.status.code(), Some(0), "the plan of org.toml must be empty before a tier that writes: {}", show(&output));
}

const DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Live","Effect":"Deny","Action":"gamelift:*","Resource":"*"}]}"#;

fn organization_tier(target: &Target) {
    nothing_is_pending(target);
    fs::write(target.path("policies/overlord-live-deny.json"), DENY).unwrap();
    let unit = |name: &str, tags: &str, policies: &str| {
        format!(
            "\n[policy.overlord-live-deny]\ndescription = \"{name}\"\n[ou.overlord-live-ou]\nname = \"{name}\"\ntags = {{ {tags} }}\npolicies = [{policies}]\n"
        )
    };
    target.configure("", &unit("overlord-live-ou", "purpose = \"test\"", r#""FullAWSAccess", "overlord-live-deny""#));
    applied(target);
    // Renamed, tagged otherwise, and with another document.
    fs::write(target.path("policies/overlord-live-deny.json"), DENY.replace("gamelift", "braket")).unwrap();
    target.configure("", &unit("overlord-live-ou-2", "purpose = \"another\", more = \"yes\"", r#""FullAWSAccess", "overlord-live-deny""#));
    applied(target);
    target.configure(
        "",
        &unit("overlord-live-ou-2", "more = \"yes\"", r#""FullAWSAccess""#)
            .replace("[policy.overlord-live-deny]\ndescription = \"overlord-live-ou-2\"\n", ""),
    );
    applied(target);
    undone(target);
}

/// A layout of the suite's own, from addresses that nobody else has: shared address space, RFC 6598.
fn network(region: &str, more: &str) -> String {
    format!(
        "\n[pool.overlord-live-pool]\ncidr = \"100.64.0.0/16\"\n[vpc.overlord-live-net]\nregion = \"{region}\"\npool = \"overlord-live-pool\"\nprefix = 20\nzones = 2\n\
         tiers = {{ public = 50, private = 50 }}\n{more}\n"
    )
}

/// DHCP options, where the side can do them.
fn dhcp(target: &Target) -> &'static str {
    if is_skipped(target, DHCP) { "" } else { DOMAIN }
}

const DOMAIN: &str = "domain_name = \"live.example.net\"";

fn network_tier(target: &Target) {
    nothing_is_pending(target);
    let region = target.region();
    let vpc = "vpc = [\"overlord-live-net\"]";
    target.configure(vpc, &network(&region, &format!("endpoints = [\"s3\"]\n{}", dhcp(target))));
    applied(target);
    let peering = if target.members.len() > 1 { "peering = \"mesh\"" } else { "" };
    target.configure(vpc, &network(&region, &format!("endpoints = [\"s3\", \"dynamodb\"]\ntags = {{ purpose = \"test\" }}\n{peering}")));
    applied(target);
    // Without `regions`, networks are looked for only where a layout is: it stays until they are gone.
    target.configure("", &network(&region, ""));
    applied(target);
    target.configure("", "");
    target.expect(&["plan"], 0);
}

/// All tiers up to one. What an earlier run left is swept away first, and what this one left at its end, however it ends.
fn suite(target: &Target, tier: Tier) {
    read_tier(target);
    if tier == Tier::Read {
        return;
    }
    target.has_nothing_of_the_suite();
    let with_members = tier == Tier::Network;
    target.sweep(with_members);
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        organization_tier(target);
        if with_members {
            network_tier(target);
        }
    }));
    let left = target.sweep(with_members);
    if let Err(panic) = ended {
        std::panic::resume_unwind(panic);
    }
    assert!(left.is_empty(), "the suite did not undo all of it: {left:?}");
}

/// Against AWS, where `OVERLORD_LIVE` says so.
#[test]
fn live_organization() {
    let real = |name: &str| std::env::var(name).ok();
    match asked(real) {
        Ok(None) => {}
        Ok(Some(asked)) => match Target::aws(&asked) {
            Ok(target) => suite(&target, asked.tier),
            Err(why) => panic!("refused, nothing was done: {why}"),
        },
        Err(why) => panic!("refused, nothing was done: {why}"),
    }
}

#[test]
fn all_tiers_on_the_sandbox() {
    suite(&Target::sandbox(), Tier::Network);
}

#[test]
fn all_tiers_on_moto() {
    let moto = Target::moto();
    suite(&moto, Tier::Network);
    // What stands in NOT_ON_MOTO still does not work there.
    moto.configure("vpc = [\"overlord-live-net\"]", &network(&moto.region(), DOMAIN));
    moto.expect(&["apply", "--yes"], 0);
    let deleted = moto.sweep(true);
    assert!(!deleted.iter().any(|line| line.starts_with(DHCP)), "moto keeps tags of DHCP options now: take them out of NOT_ON_MOTO");
}

#[test]
fn live_run_that_is_not_certainly_meant_is_refused() {
    let with = |variables: &'static [(&str, &str)]| {
        asked(move |name| variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned()))
    };
    assert_eq!(with(&[("CI", "true")]), Ok(None));
    for (variables, why) in [
        (&[("OVERLORD_LIVE", "111111111111"), ("OVERLORD_LIVE_CONFIG", "x"), ("CI", "true")][..], "does not run in CI"),
        (&[("OVERLORD_LIVE", "1"), ("OVERLORD_LIVE_CONFIG", "x")], "must be the 12 digits"),
        (&[("OVERLORD_LIVE", "111111111111")], "OVERLORD_LIVE_CONFIG must name"),
        (
            &[("OVERLORD_LIVE", "111111111111"), ("OVERLORD_LIVE_CONFIG", "x"), ("OVERLORD_LIVE_TIER", "all")],
            "read, organization or network",
        ),
        (&[("OVERLORD_LIVE", "111111111111"), ("OVERLORD_LIVE_CONFIG", "x"), ("OVERLORD_LIVE_TIER", "network")], "OVERLORD_LIVE_MEMBERS"),
    ] {
        let refusal = with(variables).unwrap_err();
        assert!(refusal.contains(why), "{refusal}");
    }
    let read = with(&[("OVERLORD_LIVE", "111111111111"), ("OVERLORD_LIVE_CONFIG", "x")]).unwrap().unwrap();
    assert_eq!(read.tier, Tier::Read);
    assert!(agrees("111111111111", "[organization]\nmanagement_account = \"111111111111\"").is_ok());
    for org in ["[organization]\nmanagement_account = \"222222222222\"", "", "[organization]", "not toml"] {
        assert!(agrees("111111111111", org).is_err(), "{org}");
    }
}

/// The sandbox's credentials are of 111111111111, whatever the variable and org.toml say.
#[test]
fn credentials_of_another_account_are_refused_before_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let named = |account: &str| {
        let config = folder.path().join("org.toml");
        fs::write(&config, format!("[organization]\nmanagement_account = \"{account}\"\n")).unwrap();
        let asked = Asked { account: account.to_owned(), config, tier: Tier::Read, members: Vec::new(), record: None };
        Target::named(Side::Sandbox(SandboxServer::start(&[])), &asked).map(|target| target.account)
    };
    assert_eq!(named("222222222222"), Err("OVERLORD_LIVE is 222222222222, and the credentials are of account 111111111111".to_owned()));
    assert_eq!(named("111111111111"), Ok("111111111111".to_owned()));
}

/// The sweeper takes what carries the suite's prefix, and leaves the same things of others beside it.
#[test]
fn sweeper_leaves_what_others_made() {
    for target in [Target::sandbox(), Target::moto()] {
        let others = r#"
[pool.main]
cidr = "10.0.0.0/16"
[vpc.alive-net]
region = "us-east-1"
pool = "main"
prefix = 20
zones = 2
tiers = { public = 50, private = 50 }
endpoints = ["s3"]
[ou.alive]
"#;
        target.configure("vpc = [\"alive-net\"]", others);
        target.expect(&["apply", "--yes"], 0);
        let before = target.script("live/inventory.py", &[]);
        let both = format!(
            "{others}{}\n[policy.overlord-live-deny]\n[ou.overlord-live-ou]\npolicies = [\"FullAWSAccess\", \"overlord-live-deny\"]\n[ou.overlord-live-child]\nparent = \"overlord-live-ou\"\n",
            network("us-east-1", &format!("endpoints = [\"s3\"]\npeering = \"mesh\"\n{}", dhcp(&target)))
        );
        fs::write(target.path("policies/overlord-live-deny.json"), DENY).unwrap();
        target.configure("vpc = [\"alive-net\", \"overlord-live-net\"]", &both);
        target.expect(&["apply", "--yes"], 0);
        assert_ne!(target.script("live/inventory.py", &[]), before);
        let deleted = target.sweep(true);
        let kinds = ["policy overlord-live-deny", "ou overlord-live-child", "ou overlord-live-ou", "vpc vpc-", "subnet subnet-"];
        let kinds = kinds.into_iter().chain(["internet gateway", DHCP, "peering", "endpoint"]);
        for kind in kinds.filter(|kind| !is_skipped(&target, kind)) {
            assert!(deleted.iter().any(|line| line.starts_with(kind)), "no {kind} in {deleted:#?}");
        }
        assert_eq!(target.script("live/inventory.py", &[]), before);
        assert!(target.sweep(true).is_empty(), "the second sweep finds something");
        target.configure("vpc = [\"alive-net\"]", others);
        target.expect(&["plan"], 0);
    }
}

#[test]
fn tier_stops_before_its_first_write_where_it_costs_too_much_or_touches_other_things() {
    let target = Target::sandbox();
    target.configure("vpc = [\"overlord-live-net\"]", &network("us-east-1", "nat = \"single\""));
    let why = within_bounds(&target.plan(2)).unwrap_err();
    assert!(why.contains("USD a month more, and the bound is 1.00"), "{why}");
    target.configure("vpc = [\"overlord-live-net\"]", &network("us-east-1", ""));
    assert_eq!(within_bounds(&target.plan(2)), Ok(()));
    target.configure("tags = { other = \"x\" }", "");
    let why = within_bounds(&target.plan(2)).unwrap_err();
    assert!(why.contains("account.one"), "{why}");
}
