//! Organizations that nobody has to apply first: what org.toml asks for, as if AWS had all of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use overlord::address::Address;
use overlord::config::{self, Files, Loaded};
use overlord::drift::{Date, Drift};
use overlord::plan::Plan;
use overlord::report::{Report, Sources};
use overlord::resource::organizations::Facts;
use overlord::resource::{Live, LiveResource};

use crate::support::project;

/// A configuration, and AWS.
pub struct World {
    pub loaded: Loaded,
    pub live: Live,
}

impl World {
    /// With the policies and lists of the worked example.
    pub fn of(org_toml: &str) -> Self {
        let read = |path: &Path| -> io::Result<Vec<u8>> { std::fs::read(project("").join(path)) };
        let loaded = config::load_with(Path::new("org.toml"), Ok(org_toml.as_bytes().to_vec()), &Files::new("", &read));
        let loaded = loaded.unwrap_or_else(|diagnostics| panic!("{diagnostics:#?}"));
        let resources = loaded.desired.resources.iter().enumerate().map(|(number, (address, attributes))| {
            let id = match address.kind() {
                "organization" => "r-abcd".to_owned(),
                "ou" => format!("ou-abcd-{number:08}"),
                "account" => format!("{:012}", 200_000_000_000_u64 + number as u64),
                other => format!("{other}-{number}"),
            };
            (address.clone(), LiveResource { id: Some(id), attributes: attributes.clone(), ours: Some(true), frozen: None })
        });
        let live = Live { resources: resources.collect(), ..Live::default() };
        Self { loaded, live }
    }

    /// So many accounts, four to a team, in 300 OUs that are up to five levels deep, some of them under lists of services.
    pub fn of_size(accounts: usize) -> Self {
        let mut toml = String::from(
            "[organization]\nmanagement_account = \"111111111111\"\npolicies = [\"FullAWSAccess\", \"deny-leave\", \"deny-root-user\"]\n\
             [limits]\naccounts = 50000\n[policy.deny-leave]\n[policy.deny-root-user]\n[policy.region-guard]\n[policy.allow-hipaa]\n\
             [policy.require-tls]\ntype = \"rcp\"\n[framework.hipaa]\nbaseline = \"policies/frameworks/baseline.toml\"\n\
             [defaults]\nstages = [\"dev\", \"test\", \"qa\", \"prod\"]\nemail = \"aws+{account}@example.org\"\n",
        );
        for ou in 0..300 {
            let parent = if ou >= 6 { format!("parent = \"unit-{}\"\n", (ou - 6) / 6) } else { String::new() };
            let policies = match ou % 5 {
                0 => "\"FullAWSAccess\", \"region-guard\"",
                1 if ou > 100 => "\"allow-hipaa\"",
                2 => "\"FullAWSAccess\", \"require-tls\"",
                _ => "\"FullAWSAccess\"",
            };
            let _ = writeln!(toml, "[ou.unit-{ou}]\n{parent}policies = [{policies}]");
        }
        for team in 0..accounts / 4 {
            let _ = writeln!(toml, "[team.team-{team}]\nou = \"unit-{}\"", team % 300);
        }
        Self::of(&toml)
    }

    /// The id of an account.
    pub fn id(&self, account: &str) -> String {
        self.live.resources[&Address::new("account", account)].id.clone().unwrap()
    }

    /// Does something with its report.
    pub fn report<T>(&self, and: impl FnOnce(&Report<'_>) -> T) -> T {
        let plan = Plan::build(&self.loaded.desired, &self.live);
        let accounts = self.live.resources.iter().chain(&self.live.beside).filter(|(address, _)| address.kind() == "account");
        let states: BTreeMap<String, String> = accounts.filter_map(|(_, live)| Some((live.id.clone()?, "ACTIVE".to_owned()))).collect();
        let units = self.live.resources.keys().filter(|address| address.kind() == "ou").count();
        let facts = Facts { root: "r-abcd".to_owned(), accounts: states, units, ..Facts::default() };
        let sources = Sources {
            loaded: &self.loaded,
            live: &self.live,
            plan: &plan,
            facts: Some(&facts),
            invitations: Ok(0),
            read_at: "2026-11-20 17:40 UTC",
        };
        let drift = Drift::of(&plan, &self.loaded.ignores, Date::new(2026, 11, 20), None);
        and(&Report::of(sources, drift))
    }
}
