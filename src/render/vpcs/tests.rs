//! Plans of networks as a user reads them, from hand-made changes: what is summarized for sixty VPCs, and what is never left out.

use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use super::*;
use crate::cost;
use crate::network::Observed;
use crate::plan::{Budget, FORMAT_VERSION, Plan};
use crate::render::text;
use crate::resource::{Attributes, Desired};

const ZONES: [&str; 2] = ["euw1-az1", "euw1-az2"];

fn change(action: Action, address: &str, attributes: Value) -> Change {
    let attributes: Attributes = serde_json::from_value(attributes).unwrap();
    let (before, after) = match action {
        Action::Create => (None, Some(attributes)),
        Action::Delete => (Some(attributes), None),
        Action::NoOp | Action::Update | Action::Replace | Action::Move | Action::Adopt => (Some(attributes.clone()), Some(attributes)),
    };
    let reason = if action == Action::Create { "not in the account" } else { "" };
    let address = address.parse().unwrap();
    Change { address, action, reason: reason.to_owned().into(), id: None, before, after, calls: vec![], waits_for: vec![] }
}

fn update(address: &str, name: &str, before: Value, after: Value) -> Change {
    let mut change = change(Action::Update, address, json!({}));
    change.reason = format!("`{name}` differs").into();
    change.before = Some([(name.to_owned(), before)].into());
    change.after = Some([(name.to_owned(), after)].into());
    change
}

fn gateways(action: Action, account: &str) -> impl Iterator<Item = Change> {
    let at = format!("{account}/eu-west-1");
    ZONES.into_iter().flat_map(move |zone| {
        let address = format!("{at}/elastic_ip.standard/{zone}");
        let gateway = json!({"availability_mode": "zonal", "elastic_ip": {"ref": address}, "vpc": {"ref": format!("{at}/vpc.standard")}});
        [change(action, &address, json!({})), change(action, &format!("{at}/nat_gateway.standard/{zone}"), gateway)]
    })
}

fn network(action: Action, account: &str, cidr: &str) -> Vec<Change> {
    let at = format!("{account}/eu-west-1");
    let subnet = |(tier, zone): (&str, &str)| {
        let attributes = json!({"vpc": {"ref": format!("{at}/vpc.standard")}, "zone": zone});
        change(action, &format!("{at}/subnet.standard/{tier}-{zone}"), attributes)
    };
    let subnets = ZONES.into_iter().flat_map(|zone| [("public", zone), ("private", zone)]).map(subnet);
    let vpc = change(action, &format!("{at}/vpc.standard"), json!({"cidr": cidr}));
    [vpc].into_iter().chain(subnets).chain(gateways(action, account)).collect()
}

fn plan(changes: Vec<Change>) -> Plan {
    let cost = cost::of(&BTreeMap::new(), &changes, &cost::Overrides::default());
    Plan {
        format_version: FORMAT_VERSION,
        desired: Desired::default(),
        digest: String::new(),
        observed: BTreeMap::new(),
        network: Observed::default(),
        beside: BTreeMap::new(),
        changes,
        findings: Vec::new(),
        budget: Budget::default(),
        cost,
        impact: None,
        renames: Vec::new(),
    }
}

fn told(changes: Vec<Change>) -> String {
    text::plan(&plan(changes), Style::default())
}

/// A resource in an account that is no part of a VPC is not printed as one, even if it has the key of a VPC.
#[test]
fn what_is_no_part_of_a_vpc_is_not_printed_as_one() {
    let other = |account: &str| change(Action::Create, &format!("{account}/eu-west-1/policy.standard"), json!({}));
    let without_region = change(Action::Create, "records-dev/policy.main", json!({}));
    let hub = change(Action::Create, "records-dev/eu-west-1/transit_gateway.standard", json!({}));
    let changes = [other("records-dev"), without_region, hub].into_iter().chain(network(Action::Create, "search-dev", "10.2.0.0/19"));
    assert_data_eq!(
        told(changes.collect()),
        str![[r#"
Signs: + create

policy (2 changes)
  + records-dev/policy.main  not in the account
  + records-dev/eu-west-1/policy.standard  not in the account

networks (10 changes in 1 VPC)
  + records-dev/eu-west-1  not in the account
      + 1 transit gateway
  + search-dev/eu-west-1/vpc.standard  1 VPC, 4 subnets, 2 elastic IPs, 2 NAT gateways: 9 resources; 10.2.0.0/19

Plan: 12 to create
Calls: 0 that write: 
Cost: 77.38 USD a month, now 0.00: +77.38
      2 NAT gateways 70.08, 2 public addresses 7.30
      with nat = "per-zone" 77.38, "single" 38.69, "regional" 77.38
      prices of 2026-11-20, or of [prices] in org.toml; data transfer and charges per gigabyte not counted

"#]]
    );
    let many = ["a", "b", "c", "d"].map(other);
    assert_data_eq!(
        told(many.into()),
        str![[r#"
Signs: + create

policy (4 changes)
  + policy × 4  not in the account
      a/eu-west-1/policy.standard, b/eu-west-1/policy.standard, c/eu-west-1/policy.standard,
      d/eu-west-1/policy.standard

Plan: 4 to create
Calls: 0 that write: 

"#]]
    );
}

#[test]
fn the_network_of_a_new_account_is_a_line_of_it() {
    let account = change(Action::Create, "account.records-dev", json!({"parent": {"ref": "ou.hipaa"}}));
    let changes = [account].into_iter().chain(network(Action::Create, "records-dev", "10.2.0.0/19")).collect();
    assert_data_eq!(
        told(changes),
        str![[r#"
Signs: + create

account (1 change)
  + account.records-dev  in ou.hipaa; not in the account; standard 10.2.0.0/19
      and its network in eu-west-1: 1 VPC, 4 subnets, 2 elastic IPs, 2 NAT gateways: 9 resources

Plan: 10 to create
Calls: 0 that write: 
Cost: 77.38 USD a month, now 0.00: +77.38
      2 NAT gateways 70.08, 2 public addresses 7.30
      with nat = "per-zone" 77.38, "single" 38.69, "regional" 77.38
      prices of 2026-11-20, or of [prices] in org.toml; data transfer and charges per gigabyte not counted

"#]]
    );
}

#[test]
fn sixty_new_networks_are_one_entry_and_detail_opens_them() {
    let accounts: Vec<String> = (0..60).map(|n| format!("team{n:02}-dev")).collect();
    let changes: Vec<Change> = accounts.iter().flat_map(|account| network(Action::Create, account, "10.2.0.0/19")).collect();
    let short = told(changes.clone());
    assert!(short.contains("networks (540 changes in 60 VPCs)\n  + vpc.standard in eu-west-1 × 60  1 VPC, 4 subnets"), "{short}");
    assert!(short.lines().count() < 25, "{short}");
    let detail = text::plan(&plan(changes.clone()), Style { detail: true, ..Style::default() });
    for change in &changes {
        assert!(detail.contains(&format!("+ {}  ", change.address)), "{}", change.address);
    }
}

#[test]
fn a_change_in_one_vpc_names_it_and_counts_by_kind() {
    let at = "web/eu-west-1";
    let target = |zone: &str| json!({"ref": format!("{at}/nat_gateway.standard/{zone}")});
    let mut changes: Vec<Change> = gateways(Action::Delete, "web").filter(|change| change.address.key().ends_with(ZONES[1])).collect();
    changes.push(update(&format!("{at}/route.standard/private-euw1-az2/0.0.0.0/0"), "target", target(ZONES[1]), target(ZONES[0])));
    let tagged = |zone: &str| update(&format!("{at}/subnet.standard/private-{zone}"), "tags", json!({}), json!({"team": "web"}));
    changes.extend(ZONES.map(tagged));
    changes.push(change(Action::Create, &format!("{at}/vpc_endpoint.standard/s3"), json!({"endpoint_type": "Gateway"})));
    assert_data_eq!(
        told(changes),
        str![[r#"
Signs: + create, ~ update in place, - delete

networks (6 changes in 1 VPC)
  ~ web/eu-west-1/vpc.standard
      + 1 endpoint (s3)
      ~ 2 subnets (private-euw1-az1, private-euw1-az2): tags
      ~ 1 route (private-euw1-az2/0.0.0.0/0): target
          target: nat_gateway.standard/euw1-az2 → nat_gateway.standard/euw1-az1
      - 1 elastic IP (euw1-az2), 1 NAT gateway (euw1-az2)

Plan: 1 to create, 3 to update in place, 2 to delete
Calls: 0 that write: 
Deletions are skipped unless you pass --allow-delete.

"#]]
    );
}

/// The only thing worse than a tool that destroys is one that hides it.
#[test]
fn what_goes_is_named_however_many_there_are() {
    let accounts: Vec<String> = (0..400).map(|n| format!("team{n:03}a")).collect();
    let short = told(accounts.iter().flat_map(|account| gateways(Action::Delete, account)).collect());
    assert!(short.contains("- vpc.standard in eu-west-1 × 400") && short.contains("- 2 elastic IPs"), "{short}");
    let whole = told(accounts.iter().flat_map(|account| network(Action::Delete, account, "10.2.0.0/19")).collect());
    for account in &accounts {
        assert!(short.contains(account), "{account}");
        assert!(whole.contains(&format!("  - {account}/eu-west-1/vpc.standard\n      - 1 VPC, 4 subnets")), "{account}");
    }
}

#[test]
fn what_differs_between_accounts_only_in_the_account_is_said_once() {
    let target = |account: &str, zone: &str| json!({"ref": format!("{account}/eu-west-1/nat_gateway.standard/{zone}")});
    let moved = |account: &str| {
        let route = format!("{account}/eu-west-1/route.standard/private-euw1-az2/0.0.0.0/0");
        update(&route, "target", target(account, ZONES[1]), target(account, ZONES[0]))
    };
    assert_data_eq!(
        told(["a", "b", "c", "d"].map(moved).into()),
        str![[r#"
Signs: ~ update in place

networks (4 changes in 4 VPCs)
  ~ vpc.standard in eu-west-1 × 4  `target` differs
      a, b, c, d
      ~ 1 route (private-euw1-az2/0.0.0.0/0): target
          target: nat_gateway.standard/euw1-az2 → nat_gateway.standard/euw1-az1

Plan: 4 to update in place
Calls: 0 that write: 

"#]]
    );
}

#[test]
fn names_from_elsewhere_do_nothing_to_a_terminal() {
    let said = told(vec![change(Action::Delete, "web/eu-west-1/subnet.standard/a\u{1b}[2J", json!({}))]);
    assert!(!said.contains('\u{1b}'), "{said:?}");
}
