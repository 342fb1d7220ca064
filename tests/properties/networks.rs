//! Random networks: accounts with VPCs of layouts in three Regions, as org.toml. Two of them share keys, so that the second is an edit
//! of the first.

use std::fmt::Write as _;

use overlord::resource::Desired;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::pipeline::MANAGEMENT;
use crate::properties::generate;

/// The layouts: what an edit leaves as it is. A layout never changes its Region or the order of its tiers; the last Region is one that an
/// account must enable.
const LAYOUTS: [(&str, &str, Tiers); 3] = [
    ("one", "eu-west-1", [("public", 25), ("shared", 25), ("private", 50)]),
    ("two", "us-east-1", [("private", 50), ("public", 25), ("data", 25)]),
    ("far", "eu-south-1", [("public", 50), ("private", 25), ("data", 25)]),
];

/// Names of tiers with their percentages.
type Tiers = [(&'static str, u8); 3];

/// The most accounts of a case.
const ACCOUNTS: usize = 3;

/// One random configuration.
#[derive(Debug, Clone)]
pub struct Networks {
    layouts: Vec<Layout>,
    accounts: Vec<Account>,
}

#[derive(Debug, Clone)]
struct Layout {
    prefix: u8,
    zones: u8,
    tiers: usize,
    nat: u8,
    endpoints: u8,
    dhcp: Option<bool>,
    flow_log: Option<u8>,
    dns: bool,
    ipv6: bool,
    tags: u8,
}

#[derive(Debug, Clone)]
struct Account {
    there: bool,
    moved: bool,
    /// Which of the layouts, as bits.
    vpcs: u8,
    without_default_vpc: bool,
}

/// Random configurations, small enough to be tried by the hundred.
pub fn networks() -> impl Strategy<Value = Networks> {
    let often = prop::bool::weighted;
    let shape = (19..23u8, 1..4u8, 1..4usize, 0..4u8, 0..16u8);
    let options = (option::weighted(0.6, any::<bool>()), option::weighted(0.5, 0..3u8), often(0.3), often(0.3), 0..3u8);
    let layout = (shape, options).prop_map(|((prefix, zones, tiers, nat, endpoints), (dhcp, flow_log, dns, ipv6, tags))| Layout {
        prefix,
        zones,
        tiers,
        nat,
        endpoints,
        dhcp,
        flow_log,
        dns,
        ipv6,
        tags,
    });
    // The first layout is the usual one; the far Region is rare.
    let vpcs = prop_oneof![5 => Just(1u8), 2 => Just(3), 1 => Just(2), 1 => Just(4), 1 => Just(0), 1 => Just(7)];
    let account = (often(0.9), often(0.2), vpcs, often(0.3)).prop_map(|(there, moved, vpcs, without_default_vpc)| Account {
        there,
        moved,
        vpcs,
        without_default_vpc,
    });
    (vec(layout, LAYOUTS.len()), vec(account, 1..=ACCOUNTS)).prop_map(|(layouts, accounts)| Networks { layouts, accounts })
}

impl Networks {
    /// What it asks for, through the real configuration code.
    pub fn desired(&self) -> Desired {
        generate::load(&self.toml(), &Default::default())
    }

    /// All the accounts that there ever are, without a VPC: but the layouts stay, and so their Regions are still looked at.
    pub fn emptied(&self) -> Self {
        let none = Account { there: true, moved: false, vpcs: 0, without_default_vpc: false };
        Self { accounts: vec![none; ACCOUNTS], ..self.clone() }
    }

    /// The same, with more of everything: one account, one zone, and the next tier where there is one.
    pub fn grown(&self) -> Self {
        let more = |layout: &Layout| Layout { zones: (layout.zones + 1).min(3), tiers: (layout.tiers + 1).min(3), ..layout.clone() };
        let another = Account { there: true, moved: false, vpcs: 3, without_default_vpc: false };
        let accounts = self.accounts.iter().cloned().chain([another]);
        Self { layouts: self.layouts.iter().map(more).collect(), accounts: accounts.collect() }
    }

    /// org.toml.
    pub fn toml(&self) -> String {
        let mut out = format!(
            "[organization]\nmanagement_account = \"{MANAGEMENT}\"\n\
             [limits]\naccounts = 100\n\
             [ou.work]\n\
             [pool.main]\ncidr = \"10.0.0.0/12\"\nreserved = [\"10.0.0.0/18\"]\n\
             [pool.other]\ncidr = \"10.64.0.0/12\"\n"
        );
        for (layout, (key, region, tiers)) in self.layouts.iter().zip(LAYOUTS) {
            layout.write(&mut out, key, region, &tiers[..layout.tiers]);
        }
        for (number, account) in self.accounts.iter().enumerate().filter(|(_, account)| account.there) {
            let key = generate::key("n", number, account.moved);
            let _ = writeln!(out, "[account.{key}]\nemail = \"n{number}@example.org\"\nname = \"n{number}\"\nou = \"work\"");
            let vpcs = LAYOUTS.iter().enumerate().filter(|(bit, _)| account.vpcs >> bit & 1 == 1);
            let vpcs: Vec<&str> = vpcs.map(|(_, (key, _, _))| *key).collect();
            let _ = writeln!(out, "vpc = {vpcs:?}");
            if account.without_default_vpc {
                out.push_str("default_vpc = \"remove\"\n");
            }
        }
        for (number, _) in self.accounts.iter().enumerate().filter(|(_, account)| account.there && account.moved) {
            let _ = writeln!(out, "[[moved]]\nfrom = \"account.n{number}\"\nto = \"account.n{number}-moved\"");
        }
        out
    }
}

impl Layout {
    fn write(&self, out: &mut String, key: &str, region: &str, tiers: &[(&str, u8)]) {
        let pool = if key == "two" { "other" } else { "main" };
        let _ = writeln!(out, "[vpc.{key}]\nregion = \"{region}\"\npool = \"{pool}\"\nprefix = {}\nzones = {}", self.prefix, self.zones);
        let tiers: Vec<String> = tiers.iter().map(|(name, share)| format!("{name} = {share}")).collect();
        let _ = writeln!(out, "tiers = {{ {} }}", tiers.join(", "));
        let public = tiers.iter().any(|tier| tier.starts_with("public"));
        let nat = match self.nat {
            0 if public => "per-zone",
            1 if public => "single",
            0 | 2 => "regional",
            _ => "none",
        };
        let _ = writeln!(out, "nat = \"{nat}\"");
        let services: Vec<&str> = ["s3", "dynamodb", "sqs", "sts"]
            .into_iter()
            .enumerate()
            .filter(|(bit, _)| self.endpoints >> bit & 1 == 1)
            .map(|(_, s)| s)
            .collect();
        let _ = writeln!(out, "endpoints = {services:?}");
        match self.dhcp {
            None => {}
            Some(false) => out.push_str("name_servers = [\"10.1.2.4\", \"10.1.2.3\"]\ndomain_name = \"example.org\"\n"),
            Some(true) => out.push_str("name_servers = [\"10.1.2.3\"]\n"),
        }
        match self.flow_log {
            None => {}
            Some(0) => out.push_str("flow_logs = \"arn:aws:s3:::logs\"\n"),
            Some(1) => out.push_str("flow_logs = \"arn:aws:s3:::other\"\n"),
            Some(_) => out.push_str("flow_logs = { destination = \"arn:aws:s3:::logs\", traffic = \"REJECT\", interval = 60 }\n"),
        }
        if self.dns {
            out.push_str("dns_hostnames = true\n");
        }
        if self.ipv6 {
            out.push_str("ipv6 = true\n");
        }
        match self.tags {
            0 => {}
            1 => out.push_str("tags = { owner = \"{account}\" }\n"),
            _ => out.push_str("tags = { owner = \"us\", place = \"{region}\", Name = \"ours\" }\n"),
        }
    }
}
