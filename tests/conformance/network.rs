//! EC2 call by call: what AWS documents of networks and what connects them, which the sandbox must do, and what moto does.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::{Call, EXAMPLE_ACCOUNT, calls};
use crate::support::{MOTO_ACCOUNT, Moto, SandboxServer, Server, show};

const CALLS: &[Call] = &[
    Call("born: default VPC", "True 172.31.0.0/16", None),
    Call("born: subnets of the default VPC", "3", None),
    Call("born: internet gateways", "1", Some("0")),
    Call("born: route tables", "1", None),
    Call("born: security groups", "1", None),
    Call("zones", "euw1-az1 euw1-az2 euw1-az3", None),
    Call("zones: opt-in status", "opt-in-not-required", Some("not told")),
    Call("vpc: tags from the creating call on", "2", None),
    Call("vpc: found by tag", "1", None),
    Call("vpc: others are not found by it", "0", None),
    Call("vpc: owner", "True", None),
    Call("vpc: seen from another account", "0", None),
    Call("vpc: block of /15", "InvalidVpc.Range", None),
    Call("vpc: block of /29", "InvalidVpc.Range", None),
    Call("vpc: block with host bits", "10.99.0.0/28", Some("10.99.0.1/28")),
    Call("vpc: describe missing", "InvalidVpcID.NotFound", None),
    Call("vpc: delete missing", "InvalidVpcID.NotFound", None),
    Call("vpc: the sixth", "VpcLimitExceeded", Some("ok")),
    Call("vpc: a page of five", "5", Some("7")),
    Call("vpc: DNS support of a new one", "True", None),
    Call("vpc: DNS host names of a new one", "False", None),
    Call("vpc: DNS host names on", "ok", None),
    Call("vpc: DNS host names are on", "True", None),
    Call("ipv6: block of a VPC", "56", None),
    Call("ipv6: block of a subnet", "True", None),
    Call("ipv6: block taken from a VPC with such a subnet", "InvalidCidrBlock.InUse", Some("ok")),
    Call("ipv6: block of a subnet taken back", "ok", None),
    Call("ipv6: block of a subnet given again", "ok", None),
    Call("ipv6: egress-only gateway", "1", None),
    Call("ipv6: egress-only gateways", "1", None),
    Call("ipv6: tags of the egress-only gateway", "2", None),
    Call("ipv6: route", "ok", None),
    Call("ipv6: route is told", "['eigw-']", None),
    Call("ipv6: egress-only gateway deleted", "ok", None),
    Call("subnet: zone ID", "True", None),
    Call("subnet: found by tag", "1", None),
    Call("subnet: overlaps", "InvalidSubnet.Conflict", None),
    Call("subnet: outside of the VPC", "InvalidSubnet.Range", None),
    Call("subnet: block of /29", "InvalidSubnet.Range", Some("ok")),
    Call("subnet: zone missing", "InvalidParameterValue", Some("InvalidSubnet.Conflict")),
    Call("subnet: VPC missing", "InvalidVpcID.NotFound", None),
    Call("subnet: delete missing", "InvalidSubnetID.NotFound", None),
    Call("table: a VPC's main one", "1", None),
    Call("table: association is told", "1", None),
    Call("table: associated with another one", "Resource.AlreadyAssociated", Some("ok")),
    Call("table: association replaced", "ok", None),
    Call("table: association replaced again", "InvalidAssociationID.NotFound", None),
    Call("table: where the subnet is now", "[True]", None),
    Call("table: delete while associated", "DependencyViolation", None),
    Call("table: delete missing", "InvalidRouteTableID.NotFound", None),
    Call("route: gateway of no VPC", "InvalidParameterValue", Some("ok")),
    Call("gateway: attach", "ok", None),
    Call("gateway: attach again", "Resource.AlreadyAssociated", None),
    Call("gateway: attach a second one", "InvalidParameterValue", Some("ok")),
    Call("gateway: delete one that is not attached", "ok", None),
    Call("gateway: delete while attached", "DependencyViolation", None),
    Call("gateway: state of the attachment", "available", None),
    Call("route: create", "ok", None),
    Call("route: create again", "RouteAlreadyExists", None),
    Call("route: replace", "ok", None),
    Call("route: replace missing", "InvalidParameterValue", None),
    Call("route: delete missing", "InvalidRoute.NotFound", None),
    Call("route: gateway missing", "InvalidInternetGatewayID.NotFound", None),
    Call("route: origins", "CreateRoute CreateRouteTable", None),
    Call("address: the sixth", "AddressLimitExceeded", Some("ok")),
    Call("address: found by tag", "1", None),
    Call("address: release missing", "InvalidAllocationID.NotFound", None),
    Call("NAT: state in the end", "available", None),
    Call("NAT: the same token again", "True", Some("Resource.AlreadyAssociated")),
    Call("NAT: the same token, another request", "IdempotentParameterMismatch", Some("ok")),
    Call("NAT: an address in use", "failed", Some("Resource.AlreadyAssociated")),
    Call("NAT: tags", "2", None),
    Call("NAT: others are not found by tag", "0", Some("2")),
    Call("NAT: zonal", "zonal", Some("None")),
    Call("address: release one in use", "InvalidIPAddress.InUse", Some("ok")),
    Call("route: to a NAT gateway", "ok", None),
    Call("NAT: regional", "ok", Some("InvalidSubnetID.NotFound")),
    Call("NAT: regional one's mode", "regional", Some("None")),
    Call("NAT: regional one's subnet", "None", None),
    Call("NAT: regional one's VPC", "True", Some("False")),
    Call("subnet: delete with a NAT gateway", "DependencyViolation", Some("ok")),
    Call("gateway: detach with addresses in use", "DependencyViolation", Some("ok")),
    Call("endpoint: the same token again", "True", Some("False")),
    Call("endpoint: another one in the same table", "RouteAlreadyExists", Some("ok")),
    Call("endpoint: another table", "ok", None),
    Call("endpoint: another table again", "ok", None),
    Call("endpoint: one table less", "ok", None),
    Call("endpoint: its tables", "True", None),
    Call("endpoint: its route in the table", "1", Some("0")),
    Call("endpoint: state in the end", "available", None),
    Call("endpoint: tags", "2", None),
    Call("endpoint: its groups", "True", None),
    Call("endpoint: its subnets", "True", None),
    Call("endpoint: another with the same private name", "InvalidParameter", Some("ok")),
    Call("endpoint: a second subnet of the same zone", "DuplicateSubnetsInSameZone", Some("ok")),
    Call("group: delete while an endpoint uses it", "DependencyViolation", Some("ok")),
    Call("subnet: delete with an endpoint", "DependencyViolation", Some("ok")),
    Call("endpoint: describe missing", "InvalidVpcEndpointId.NotFound", None),
    Call("endpoint: delete one whose tables changed", "0", Some("InvalidRoute.NotFound")),
    Call("endpoint: delete", "(0, True)", None),
    Call("endpoint: delete missing", "['InvalidVpcEndpoint.NotFound']", Some("[]")),
    Call("group: default of a VPC", "1", None),
    Call("group: rules of the default one", "(1, 1)", Some("(0, 1)")),
    Call("group: same name", "InvalidGroup.Duplicate", None),
    Call("group: rule", "ok", None),
    Call("group: rule again", "InvalidPermission.Duplicate", None),
    Call("group: rule revoked", "ok", None),
    Call("group: rule revoked again", "InvalidPermission.NotFound", None),
    Call("group: default one emptied", "ok", None),
    Call("group: rules of the emptied one", "[0]", None),
    Call("group: delete the default one", "CannotDelete", Some("ok")),
    Call("group: delete missing", "InvalidGroup.NotFound", None),
    Call("DHCP: as made", "[('domain-name', ['example.org']), ('domain-name-servers', ['10.0.0.2', '10.0.0.3'])]", None),
    Call("DHCP: tags", "2", Some("0")),
    Call("DHCP: associate", "ok", None),
    Call("DHCP: the VPC tells", "True", None),
    Call("DHCP: delete while in use", "DependencyViolation", None),
    Call("DHCP: back to AWS's own", "ok", None),
    Call("DHCP: delete", "ok", None),
    Call("DHCP: delete missing", "InvalidDhcpOptionID.NotFound", None),
    Call("flow log: create", "fl-", None),
    Call("flow log: again", "FlowLogAlreadyExists", None),
    Call("flow log: list", "[('arn:aws:s3:::flow-logs', 'ALL', 600, 2)]", None),
    Call("flow log: delete", "0", None),
    Call("tags: changed", "ok", None),
    Call("tags: as changed", "['x']", None),
    Call("tags: of what is missing", "InvalidVpcID.NotFound", None),
    Call("tags: one list of all that is ours", "['natgateway', 'subnet', 'vpc']", Some("['subnet', 'vpc']")),
    Call("ACLs: those that somebody made", "0", None),
    Call("ACLs: all", "1", None),
    Call("vpc: delete with all that is in it", "DependencyViolation", None),
    Call("NAT: delete", "deleted", None),
    Call("NAT: delete missing", "NatGatewayNotFound", Some("500 in HTML")),
    Call("route: after its NAT gateway", "['blackhole']", Some("['active']")),
    Call("address: release", "ok", None),
    Call("gateway: detach", "ok", None),
    Call("gateway: detach again", "Gateway.NotAttached", None),
    Call("route: after its gateway", "['blackhole']", Some("['active']")),
    Call("gateway: delete", "ok", None),
    Call("gateway: delete missing", "InvalidInternetGatewayID.NotFound", None),
    Call("subnet: delete", "ok", None),
    Call("table: delete", "ok", None),
    Call("table: delete the main one", "['DependencyViolation']", Some("[None]")),
    Call("vpc: delete with a group", "DependencyViolation", Some("ok")),
    Call("group: delete", "ok", None),
    Call("vpc: delete", "ok", None),
    Call("region: usual one", "opt-in-not-required", None),
    Call("region: opt-in one", "not-opted-in", Some("opt-in-not-required")),
    Call("region: used before it is enabled", "AuthFailure", Some("ok")),
];

const CONNECTION_CALLS: &[Call] = &[
    Call("peering: ask", "ok", None),
    Call("peering: state before", "pending-acceptance", None),
    Call("peering: tags for the asker", "2", None),
    Call("peering: seen by the other account", "1", None),
    Call("peering: tags for the other account", "0", Some("2")),
    Call("peering: found by tag", "1", None),
    Call("peering: accepted by the asker", "OperationNotPermitted", None),
    Call("peering: asked for again", "True", Some("False")),
    Call("peering: accepted", "ok", None),
    Call("peering: state after", "active", None),
    Call("peering: accepted again", "InvalidStateTransition", None),
    Call("peering: blocks", "['10.2.0.0/19', '10.3.0.0/19']", None),
    Call("peering: owners", "[True, True]", None),
    Call("peering: route there", "ok", None),
    Call("peering: route back", "ok", None),
    Call("peering: delete the VPC with it", "ok", None),
    Call("peering: deleted by the other side", "ok", None),
    Call("peering: state in the end", "deleted", None),
    Call("hub: state", "available", None),
    Call("hub: tags", "2", None),
    Call("hub: its default table", "tgw-rtb-", None),
    Call("RAM: sharing in the organization", "ok", None),
    Call("RAM: share", "ACTIVE", None),
    Call("RAM: share again with its token", "True", Some("False")),
    Call("RAM: shares", "[('hub', 1)]", Some("[('hub', 0), ('hub', 0)]")),
    Call("RAM: associations", "1", Some("2")),
    Call("RAM: seen by the other account", "1", Some("500")),
    Call("hub: seen by the other account", "1", Some("0")),
    Call("hub: attach in its own account", "ok", None),
    Call("hub: state of the attachment", "available", None),
    Call("hub: tags of the attachment", "2", Some("0")),
    Call("hub: attach again", "DuplicateTransitGatewayAttachment", None),
    Call("hub: attach from the other account", "ok", Some("InvalidTransitGatewayID.NotFound")),
    Call("hub: attachments that the other account sees", "1", Some("0")),
    Call("hub: route to it", "ok", None),
    Call("hub: route is told", "[True]", None),
    Call("hub: delete with attachments", "IncorrectState", Some("ok")),
    Call("VPN: tags of the gateway", "2", None),
    Call("VPN: attach", "ok", None),
    Call("VPN: attach again", "ok", None),
    Call("VPN: state of the attachment", "attached", None),
    Call("VPN: propagation", "ok", Some("500 in HTML")),
    Call("VPN: propagation is told", "1", Some("0")),
    Call("VPN: propagation taken back", "ok", Some("500 in HTML")),
    Call("VPN: tags of the customer's gateway", "2", None),
    Call("VPN: connection", "ok", None),
    Call("VPN: tags of the connection", "2", None),
    Call("VPN: static routes only", "True", Some("None")),
    Call("VPN: static route", "ok", Some("500 in HTML")),
    Call("VPN: static route is told", "1", Some("0")),
    Call("VPN: delete the gateway with a connection", "IncorrectState", Some("ok")),
    Call("VPN: connection deleted", "ok", None),
];

#[test]
fn the_sandbox_answers_about_networks_as_aws_documents() {
    calls(&SandboxServer::start(&[]), "conformance/network_calls.py", CALLS, |call| call.1);
}

#[test]
fn moto_differs_about_networks_where_we_know_it() {
    calls(&Moto::start(), "conformance/network_calls.py", CALLS, |call| call.2.unwrap_or(call.1));
}

#[test]
fn the_sandbox_answers_about_connections_as_aws_documents() {
    calls(&SandboxServer::start(&[]), "conformance/connection_calls.py", CONNECTION_CALLS, |call| call.1);
}

#[test]
fn moto_differs_about_connections_where_we_know_it() {
    calls(&Moto::start(), "conformance/connection_calls.py", CONNECTION_CALLS, |call| call.2.unwrap_or(call.1));
}

/// An organization of two teams with networks, from layouts that moto can do (docs/emulators.md).
fn organization(management: &str, nat: &str, zones: u8, tiers: &str, endpoints: &str, vpcs: &str) -> String {
    format!(
        r#"
[organization]
management_account = "{management}"
[ou.work]
[pool.main]
cidr = "10.2.0.0/16"
[vpc.standard]
region = "eu-west-1"
pool = "main"
prefix = 19
zones = {zones}
nat = "{nat}"
tiers = {{ {tiers} }}
endpoints = [{endpoints}]
tags = {{ owner = "{{account}}" }}
[account.one]
email = "one@example.org"
ou = "work"
vpc = [{vpcs}]
[account.two]
email = "two@example.org"
ou = "work"
vpc = [{vpcs}]
"#
    )
}

/// Networks are made, changed step by step and removed; each time boto3 reads back what overlord's own reader takes for done.
fn the_road_of_networks(server: &Server, management: &str) -> Vec<BTreeMap<String, Value>> {
    let folder = tempfile::tempdir().unwrap();
    let steps = [
        ("per-zone", 3, "public = 25, shared = 25, private = 50", r#""s3", "sqs""#, r#""standard""#),
        ("single", 3, "public = 25, shared = 25, private = 50", r#""s3", "sqs""#, r#""standard""#),
        ("none", 2, "public = 25, shared = 25", r#""sqs""#, r#""standard""#),
        ("none", 2, "public = 25, shared = 25", r#""sqs""#, ""),
    ];
    let overlord = |arguments: &[&str], status: i32| {
        let mut command = server.client(env!("CARGO_BIN_EXE_overlord"));
        let output = command.current_dir(folder.path()).args(["--config", "org.toml"]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "overlord {arguments:?}: {}", show(&output));
    };
    let walk = |(nat, zones, tiers, endpoints, vpcs): (&str, u8, &str, &str, &str)| {
        fs::write(folder.path().join("org.toml"), organization(management, nat, zones, tiers, endpoints, vpcs)).unwrap();
        overlord(&["plan"], 2);
        overlord(&["apply", "--yes", "--allow-delete"], 0);
        overlord(&["plan"], 0);
        serde_json::from_str(&server.script("conformance/network_readback.py", &["eu-west-1"])).unwrap()
    };
    steps.map(walk).into()
}

fn counts(networks: &BTreeMap<String, Value>) -> BTreeMap<&str, usize> {
    let kinds = networks.keys().map(|address| address.rsplit_once("eu-west-1/").unwrap().1.split('.').next().unwrap());
    kinds.fold(BTreeMap::new(), |mut counts, kind| {
        *counts.entry(kind).or_default() += 1;
        counts
    })
}

fn are_as_asked_for(steps: &[BTreeMap<String, Value>]) {
    let [first, single, none, removed] = steps else { panic!("{steps:#?}") };
    // Two accounts, three zones, three tiers.
    let expected = [
        ("elastic_ip", 6),
        ("internet_gateway", 2),
        ("nat_gateway", 6),
        ("route_table", 14),
        ("security_group", 2),
        ("subnet", 18),
        ("vpc", 2),
        ("vpc_endpoint", 4),
    ];
    assert_eq!(counts(first), BTreeMap::from(expected));
    // Overlord's table, as an account has it (the first of its pool).
    assert_eq!(first["one/eu-west-1/subnet.standard/private-euw1-az2"]["cidr"], "10.2.18.0/23");
    assert_eq!(first["two/eu-west-1/subnet.standard/shared-euw1-az3"]["cidr"], "10.2.42.0/24");
    let way_out =
        |networks: &BTreeMap<String, Value>| networks["one/eu-west-1/route_table.standard/private-euw1-az2"]["routes"]["0.0.0.0/0"].clone();
    assert_eq!(way_out(first), "one/eu-west-1/nat_gateway.standard/euw1-az2");
    assert_eq!(way_out(single), "one/eu-west-1/nat_gateway.standard/euw1-az1");
    assert_eq!((counts(single)["nat_gateway"], counts(single)["elastic_ip"]), (2, 2));
    assert_eq!(counts(none).get("nat_gateway"), None);
    assert_eq!((counts(none)["subnet"], counts(none)["vpc_endpoint"]), (8, 2));
    assert_eq!(removed, &BTreeMap::new(), "something is left");
}

#[test]
fn networks_are_built_changed_and_removed_on_the_sandbox() {
    are_as_asked_for(&the_road_of_networks(&SandboxServer::start(&[]), EXAMPLE_ACCOUNT));
}

#[test]
fn networks_are_built_changed_and_removed_on_moto() {
    are_as_asked_for(&the_road_of_networks(&Moto::start(), MOTO_ACCOUNT));
}

/// VPCs that others made are imported where they are like a layout, their plan is empty, and they are changed in place.
fn the_road_of_adopted_networks(server: &Server) {
    server.script("conformance/grown_networks.py", &[]);
    let count =
        || -> BTreeMap<String, Value> { serde_json::from_str(&server.script("conformance/grown_networks.py", &["count"])).unwrap() };
    let before = count();
    let folder = tempfile::tempdir().unwrap();
    let overlord = |arguments: &[&str], status: i32| {
        let mut command = server.client(env!("CARGO_BIN_EXE_overlord"));
        let output = command.current_dir(folder.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "overlord {arguments:?}: {}", show(&output));
        show(&output)
    };
    let imported = overlord(&["import", "--region", "eu-west-1"], 0);
    for why in ["almost matches a layout, except for `route_table.private-", "its tiers have gaps"] {
        assert!(imported.contains(why), "{imported}");
    }
    overlord(&["plan"], 0);
    let file = folder.path().join("org.toml");
    let org = fs::read_to_string(&file).unwrap();
    for line in [
        "vpc_id = { eu-west-1 = \"vpc-",
        "cidr = { eu-west-1 = \"10.1.0.0/16\" }",
        "nat = \"single\"",
        "tiers = { public = 50, private = 50 }",
    ] {
        assert!(org.contains(line), "no {line} in\n{org}");
    }
    assert_eq!(org.matches("vpc_id").count(), 2, "{org}");
    // A zone more in each, with two subnets, and a tag on everything.
    let changed = org.replace("zones = 2", "zones = 3\ntags = { owner = \"{account}\" }");
    fs::write(&file, changed).unwrap();
    overlord(&["apply", "--rehearse"], 0);
    overlord(&["plan", "--out", "saved.plan"], 2);
    overlord(&["apply", "saved.plan", "--yes"], 0);
    overlord(&["plan"], 0);
    let after = count();
    for account in ["shop", "bank"] {
        let mut expected = before[account].clone();
        expected["subnets"] = 6.into();
        assert_eq!(after[account], expected);
    }
    for account in ["near", "far"] {
        assert_eq!(after[account], before[account]);
    }
}

#[test]
fn vpcs_of_others_are_imported_and_changed_on_the_sandbox() {
    the_road_of_adopted_networks(&SandboxServer::start(&[]));
}

#[test]
fn vpcs_of_others_are_imported_and_changed_on_moto() {
    the_road_of_adopted_networks(&Moto::start());
}

/// Two accounts in a mesh, or in none.
fn mesh(management: &str, peering: &str) -> String {
    let organization = organization(management, "none", 2, "public = 25, shared = 25, private = 50", "", r#""standard""#);
    organization.replace("[vpc.standard]\n", &format!("[vpc.standard]\npeering = \"{peering}\"\n"))
}

/// A mesh is made, accepted and routed, a lost route is made again, and it is taken down; each time the next plan is empty.
fn the_road_of_a_mesh(server: &Server, management: &str) {
    let folder = tempfile::tempdir().unwrap();
    let overlord = |arguments: &[&str], status: i32| {
        let mut command = server.client(env!("CARGO_BIN_EXE_overlord"));
        let output = command.current_dir(folder.path()).args(["--config", "org.toml"]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "overlord {arguments:?}: {}", show(&output));
    };
    let look = |arguments: &[&str]| -> BTreeMap<String, Value> {
        serde_json::from_str(&server.script("conformance/peering_readback.py", arguments)).unwrap()
    };
    fs::write(folder.path().join("org.toml"), mesh(management, "mesh")).unwrap();
    overlord(&["apply", "--yes"], 0);
    overlord(&["plan"], 0);
    let made = look(&["eu-west-1"]);
    // The tables of the shared and the private subnets, in two zones, in two accounts.
    assert_eq!((&made["peerings"], made["routes"].as_array().map(Vec::len)), (&serde_json::json!(["active"]), Some(8)), "{made:#?}");
    let less = look(&["eu-west-1", "--delete-a-route"]);
    assert_eq!(less["routes"].as_array().map(Vec::len), Some(7), "{less:#?}");
    overlord(&["plan"], 2);
    overlord(&["apply", "--yes"], 0);
    overlord(&["plan"], 0);
    assert_eq!(look(&["eu-west-1"]), made);
    fs::write(folder.path().join("org.toml"), mesh(management, "none")).unwrap();
    overlord(&["apply", "--yes", "--allow-delete"], 0);
    overlord(&["plan"], 0);
    let gone = look(&["eu-west-1"]);
    assert_eq!((&gone["peerings"], &gone["routes"]), (&serde_json::json!([]), &serde_json::json!([])), "{gone:#?}");
}

#[test]
fn a_mesh_is_made_repaired_and_taken_down_on_the_sandbox() {
    the_road_of_a_mesh(&SandboxServer::start(&[]), EXAMPLE_ACCOUNT);
}

#[test]
fn a_mesh_is_made_repaired_and_taken_down_on_moto() {
    the_road_of_a_mesh(&Moto::start(), MOTO_ACCOUNT);
}

/// What the far end's router needs to know is a secret: it is in what AWS answers, and in nothing that overlord writes.
#[test]
fn no_pre_shared_key_is_shown_or_kept() {
    let server = SandboxServer::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let office = "[vpn.office]\naddress = \"203.0.113.10\"\nroutes = [\"10.10.0.0/16\"]\n";
    let organization = organization(EXAMPLE_ACCOUNT, "none", 2, "public = 25, shared = 25", "", r#""standard""#);
    let organization = organization.replace("[vpc.standard]\n", "[vpc.standard]\nvpn = \"office\"\n");
    fs::write(folder.path().join("org.toml"), format!("{organization}{office}")).unwrap();
    let mut written = String::new();
    for arguments in [
        &["apply", "--yes", "--format", "json", "--trace", "apply.trace"][..],
        &["plan", "--detail", "--trace", "plan.trace", "--out", "saved.plan"],
        &["plan", "--format", "json"],
    ] {
        let mut command = server.client(env!("CARGO_BIN_EXE_overlord"));
        let output = command.current_dir(folder.path()).args(["--config", "org.toml"]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "overlord {arguments:?}: {}", show(&output));
        written.push_str(&show(&output));
    }
    for file in ["apply.trace", "plan.trace", "saved.plan"] {
        written.push_str(&fs::read_to_string(folder.path().join(file)).unwrap_or_default());
    }
    assert!(written.contains("DescribeVpnConnections"), "the trace does not tell of the VPN");
    assert!(!written.contains("SHARED-KEY") && !written.contains("pre_shared_key"), "a pre-shared key is told");
}
