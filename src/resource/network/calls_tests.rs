//! Answers of AWS while a network is created or deleted: through `apply`, against a mock AWS.

use std::collections::BTreeMap;
use std::sync::Mutex;

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use crate::apply::{Consent, Outcome, apply};
use crate::aws::Error;
use crate::aws::mock_transport::{Answer, MANAGEMENT, MockTransport, assume_role, sessions};
use crate::plan::Plan;
use crate::resource::{Desired, Live};

const ACCOUNT: &str = "222222222222";

/// The operation of a request, and its parameters.
fn read(request: &HttpRequest) -> (String, BTreeMap<String, String>) {
    let body = std::str::from_utf8(request.body().bytes().unwrap_or_default()).unwrap_or_default();
    let plain = |text: &str| text.replace("%3A", ":").replace("%2F", "/");
    let pairs = body.split('&').filter_map(|pair| pair.split_once('=')).map(|(key, value)| (plain(key), plain(value)));
    let parameters: BTreeMap<_, _> = pairs.collect();
    (parameters.get("Action").cloned().unwrap_or_default(), parameters)
}

fn answered(status: u16, body: String) -> Answer {
    Ok(http::Response::builder()
        .status(status)
        .header("content-type", "text/xml")
        .header("x-amzn-requestid", "r-1")
        .body(SdkBody::from(body))
        .unwrap()
        .try_into()
        .unwrap())
}

fn ok(operation: &str, inner: &str) -> Answer {
    answered(
        200,
        format!(
            "<{operation}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r-1</requestId>{inner}</{operation}Response>"
        ),
    )
}

fn refused(code: &str) -> Answer {
    refused_saying(code, "canned")
}

fn refused_saying(code: &str, message: &str) -> Answer {
    let status = if code == "InternalError" { 500 } else { 400 };
    answered(
        status,
        format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors><RequestID>r-1</RequestID></Response>"
        ),
    )
}

fn lost() -> Answer {
    Err(ConnectorError::io("connection reset".into()))
}

/// Applies the change from `before` (with its id; `None`: creation) to `after` (`None`: deletion), in an account and Region that were
/// read. Returns the result and the requests to EC2. `respond` gets how often the operation was sent, its name and its parameters.
async fn change(
    key: &str,
    before: Option<(&str, Value)>,
    after: Option<Value>,
    respond: impl Fn(usize, &str, &BTreeMap<String, String>) -> Answer + Send + Sync + 'static,
) -> (Outcome, Vec<String>) {
    let counts = Mutex::new(BTreeMap::<String, usize>::new());
    let canned = MockTransport::counting(move |_, request| {
        let (operation, parameters) = read(request);
        if operation == "AssumeRole" {
            return assume_role(request);
        }
        let nth = {
            let mut counts = counts.lock().unwrap();
            let count = counts.entry(operation.clone()).or_default();
            *count += 1;
            *count
        };
        respond(nth, &operation, &parameters)
    });
    // In Ireland, unless the key says where.
    let address = if key.contains("/cn-") { key.to_owned() } else { format!("a/eu-west-1/{key}") };
    let account = json!({ "email": "a@example.org", "name": "a", "parent": { "ref": "organization.main" } });
    let root = json!({ "feature_set": "ALL" });
    let mut wanted = json!({ "account.a": account, "organization.main": root });
    let mut there = json!({
        "organization.main": { "id": "r-1", "attributes": root },
        "account.a": { "id": ACCOUNT, "attributes": account },
    });
    if let Some(after) = after {
        wanted[&address] = after;
    }
    if let Some((id, before)) = before {
        there[&address] = json!({ "id": id, "attributes": before, "ours": true });
    }
    let desired = Desired {
        management_account: MANAGEMENT.to_owned(),
        access_role: "OrganizationAccountAccessRole".to_owned(),
        resources: serde_json::from_value(wanted).unwrap(),
        ..Desired::default()
    };
    let live = Live { resources: serde_json::from_value(there).unwrap(), ..Live::default() };
    let plan = Plan::build(&desired, &live);
    assert_eq!(plan.changes.len(), 1, "{plan:#?}");
    let report = apply(&plan, &sessions(canned.request_gate()).await, &Consent::to_deletions(), &mut |_| {}).await;
    let of_ec2 = |call: String| call.split_once(':').filter(|(service, _)| *service == "ec2").map(|(_, name)| name.to_owned());
    (report.outcomes[0].1.clone(), canned.sent().into_iter().filter_map(of_ec2).collect())
}

fn vpc() -> Value {
    json!({ "cidr": "10.2.0.0/19", "ipv6": false, "tags": {} })
}

fn vpcs(inner: &str) -> Answer {
    ok("DescribeVpcs", &format!("<vpcSet>{inner}</vpcSet>"))
}

fn item(cidr: &str) -> String {
    format!("<item><vpcId>vpc-1</vpcId><cidrBlock>{cidr}</cidrBlock>{}</item>", tagged("vpc.s"))
}

/// The tags of resources that overlord created in the account of these tests.
fn tagged(key: &str) -> String {
    format!("<tagSet><item><key>overlord:address</key><value>a/eu-west-1/{key}</value></item></tagSet>")
}

fn made(operation: &str) -> Answer {
    match operation {
        "CreateVpc" => ok(operation, "<vpc><vpcId>vpc-1</vpcId></vpc>"),
        "CreateSubnet" => ok(operation, "<subnet><subnetId>subnet-1</subnetId></subnet>"),
        _ => panic!("{operation} is not expected"),
    }
}

fn count(sent: &[String], operation: &str) -> usize {
    sent.iter().filter(|other| *other == operation).count()
}

fn failure(outcome: &Outcome) -> (String, String) {
    let Outcome::Failed(error) = outcome else { panic!("{outcome:?}") };
    (error.to_string(), error.hint().unwrap_or_default())
}

/// However late it becomes visible: a resource whose answer was lost is found by its tag, and not created again.
#[tokio::test(start_paused = true)]
async fn a_vpc_whose_creation_was_not_answered_is_found() {
    let answers: [fn() -> Answer; 2] = [lost, || refused("InternalError")];
    for unanswered in answers {
        for late in [2, 4] {
            let (outcome, sent) = change("vpc.s", None, Some(vpc()), move |nth, operation, parameters| match operation {
                "CreateVpc" => {
                    assert_eq!(parameters["TagSpecification.1.Tag.1.Key"], "overlord:address");
                    assert_eq!(parameters["TagSpecification.1.Tag.1.Value"], "a/eu-west-1/vpc.s");
                    unanswered()
                }
                "DescribeVpcs" => {
                    assert_eq!(parameters["Filter.1.Name"], "tag:overlord:address");
                    vpcs(&if nth >= late { item("10.2.0.0/19") } else { String::new() })
                }
                other => panic!("{other} is not expected"),
            })
            .await;
            assert_eq!((outcome, count(&sent, "CreateVpc")), (Outcome::Applied, 1), "{sent:?}");
        }
    }
}

/// If nothing becomes visible, the request had no effect: it is sent again.
#[tokio::test(start_paused = true)]
async fn a_vpc_whose_creation_had_no_effect_is_made() {
    let (outcome, sent) = change("vpc.s", None, Some(vpc()), |nth, operation, _| match (operation, nth) {
        ("CreateVpc", 1) => lost(),
        ("DescribeVpcs", _) => vpcs(""),
        (operation, _) => made(operation),
    })
    .await;
    assert_eq!((outcome, count(&sent, "CreateVpc")), (Outcome::Applied, 2), "{sent:?}");
}

/// The snapshot was read a moment too early.
#[tokio::test(start_paused = true)]
async fn a_vpc_that_an_earlier_run_made_is_taken_or_refused_by_its_block() {
    let (outcome, sent) = change("vpc.s", None, Some(vpc()), |_, _, _| vpcs(&item("10.2.0.0/19"))).await;
    assert_eq!((outcome, sent), (Outcome::Applied, vec!["DescribeVpcs".to_owned()]));
    let (outcome, sent) = change("vpc.s", None, Some(vpc()), |_, _, _| vpcs(&item("10.3.0.0/19"))).await;
    let (message, hint) = failure(&outcome);
    assert_eq!(
        message,
        "the VPC `vpc-1` was made meanwhile, with the block 10.3.0.0/19 and not 10.2.0.0/19 (in account 222222222222, eu-west-1)"
    );
    assert!(hint.contains("run the same command again"), "{hint}");
    assert_eq!(sent, ["DescribeVpcs"]);
}

fn subnet() -> Value {
    json!({ "cidr": "10.2.0.0/24", "tags": {}, "vpc": { "id": "vpc-1" }, "zone": "euw1-az1" })
}

#[tokio::test(start_paused = true)]
async fn what_was_just_made_is_waited_for_until_aws_finds_it() {
    let (outcome, sent) = change("subnet.s/public-euw1-az1", None, Some(subnet()), |nth, operation, _| match nth {
        1 | 2 => refused("InvalidVpcID.NotFound"),
        _ => made(operation),
    })
    .await;
    assert_eq!((outcome, sent.len()), (Outcome::Applied, 3));
    // If it stays missing, the error is AWS's refusal, with everything that the user needs to continue.
    let (outcome, _) = change("subnet.s/public-euw1-az1", None, Some(subnet()), |_, _, _| refused("InvalidVpcID.NotFound")).await;
    let expected = "ec2:CreateSubnet was refused in account 222222222222, eu-west-1: InvalidVpcID.NotFound: canned (request r-1)";
    assert_eq!(failure(&outcome).0, expected);
}

#[tokio::test(start_paused = true)]
async fn a_subnet_where_another_is_stays_refused_unless_the_other_is_this_one() {
    for ours in [true, false] {
        let (outcome, sent) = change("subnet.s/public-euw1-az1", None, Some(subnet()), move |_, operation, _| match operation {
            "CreateSubnet" => refused("InvalidSubnet.Conflict"),
            _ => {
                let tags = tagged(if ours { "subnet.s/public-euw1-az1" } else { "subnet.s/private-euw1-az1" });
                ok(operation, &format!("<subnetSet><item><subnetId>subnet-1</subnetId>{tags}</item></subnetSet>"))
            }
        })
        .await;
        assert_eq!(count(&sent, "CreateSubnet"), 1);
        match ours {
            true => assert_eq!(outcome, Outcome::Applied),
            false => assert!(failure(&outcome).0.contains("InvalidSubnet.Conflict")),
        }
    }
}

fn nat() -> Value {
    json!({
        "availability_mode": "zonal", "elastic_ip": { "id": "eipalloc-1" }, "subnet": { "id": "subnet-1" }, "tags": {},
        "vpc": { "id": "vpc-1" },
    })
}

fn gateway(id: &str, state: &str) -> String {
    let failure = "<failureCode>InsufficientFreeAddressesInSubnet</failureCode><failureMessage>no room</failureMessage>";
    let failure = if state == "failed" { failure } else { "" };
    format!("<natGatewayId>{id}</natGatewayId><state>{state}</state>{failure}{}", tagged("nat_gateway.s/euw1-az1"))
}

/// The gateways in a list: those that carry overlord's tag, and the one that is requested by its id.
fn gateways(inner: &[String]) -> Answer {
    let items: String = inner.iter().map(|inner| format!("<item>{inner}</item>")).collect();
    ok("DescribeNatGateways", &format!("<natGatewaySet>{items}</natGatewaySet>"))
}

#[tokio::test(start_paused = true)]
async fn a_nat_gateway_is_waited_for() {
    let (outcome, sent) = change("nat_gateway.s/euw1-az1", None, Some(nat()), |nth, operation, _| match (operation, nth) {
        ("DescribeNatGateways", 1) => gateways(&[]),
        ("DescribeNatGateways", 2 | 3) => gateways(&[gateway("nat-1", "pending")]),
        ("DescribeNatGateways", _) => gateways(&[gateway("nat-1", "available")]),
        _ => ok(operation, &format!("<natGateway>{}</natGateway>", gateway("nat-1", "pending"))),
    })
    .await;
    assert_eq!((outcome, count(&sent, "CreateNatGateway"), sent.len()), (Outcome::Applied, 1, 5));
}

#[tokio::test(start_paused = true)]
async fn a_failed_nat_gateway_says_why_and_what_to_do() {
    let (outcome, _) = change("nat_gateway.s/euw1-az1", None, Some(nat()), |nth, operation, _| match (operation, nth) {
        ("DescribeNatGateways", 1) => gateways(&[]),
        ("DescribeNatGateways", _) => gateways(&[gateway("nat-1", "failed")]),
        _ => ok(operation, &format!("<natGateway>{}</natGateway>", gateway("nat-1", "pending"))),
    })
    .await;
    let (message, hint) = failure(&outcome);
    let expected = "the NAT gateway `nat-1` failed: InsufficientFreeAddressesInSubnet: no room (in account 222222222222, eu-west-1)";
    assert_eq!((message.as_str(), hint.as_str()), (expected, "free an address in its subnet, or give the tier a larger share"));
}

/// AWS remembers tokens longer than gateways: the token of a deleted gateway would find that one again. Old accounts have zones without
/// NAT gateways: that is final, and the error says which key helps.
#[tokio::test(start_paused = true)]
async fn a_zone_without_nat_gateways_is_told_with_what_to_do() {
    let (outcome, sent) = change("nat_gateway.s/z", None, Some(nat()), |_, operation, _| match operation {
        "DescribeNatGateways" => gateways(&[]),
        _ => refused("NotAvailableInZone"),
    })
    .await;
    let (message, hint) = failure(&outcome);
    assert!(message.contains("NotAvailableInZone"), "{message}");
    assert!(hint.contains("the zone has no NAT gateways for this account") && hint.contains("`zones`"), "{hint}");
    assert_eq!(count(&sent, "CreateNatGateway"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_nat_gateway_after_a_deleted_one_gets_another_token() {
    // As AWS keeps them: which token made which gateway. The first one of all is deleted.
    let tokens = Mutex::new(Vec::<String>::new());
    let (outcome, sent) = change("nat_gateway.s/euw1-az1", None, Some(nat()), move |nth, operation, parameters| match (operation, nth) {
        ("DescribeNatGateways", 1) => gateways(&[]),
        ("DescribeNatGateways", _) => gateways(&[gateway("nat-2", "available")]),
        _ => {
            let mut tokens = tokens.lock().unwrap();
            if !tokens.contains(&parameters["ClientToken"]) {
                tokens.push(parameters["ClientToken"].clone());
            }
            let made = if tokens.len() == 1 { gateway("nat-1", "deleted") } else { gateway("nat-2", "pending") };
            ok(operation, &format!("<natGateway>{made}</natGateway>"))
        }
    })
    .await;
    assert_eq!((outcome, count(&sent, "CreateNatGateway")), (Outcome::Applied, 2));
}

#[tokio::test(start_paused = true)]
async fn a_nat_gateway_of_an_earlier_run_is_waited_for_and_not_made_again() {
    let (outcome, sent) = change("nat_gateway.s/euw1-az1", None, Some(nat()), |nth, _, _| match nth {
        1 => gateways(&[gateway("nat-0", "deleted"), gateway("nat-1", "pending")]),
        _ => gateways(&[gateway("nat-1", "available")]),
    })
    .await;
    assert_eq!((outcome, count(&sent, "CreateNatGateway")), (Outcome::Applied, 0));
}

/// An endpoint as AWS returns it, with states in another case than in its own model.
fn endpoint(state: &str) -> String {
    let error = "<lastError><code>InternalFailure</code><message>no room</message></lastError>";
    format!("<vpcEndpointId>vpce-1</vpcEndpointId><state>{state}</state>{error}")
}

async fn make_endpoint(states: [&'static str; 3]) -> (Outcome, Vec<String>) {
    let wanted = json!({ "endpoint_type": "Interface", "private_dns": true, "service": "sts", "tags": {}, "vpc": { "id": "vpc-1" } });
    change("vpc_endpoint.s/sts", None, Some(wanted), move |nth, operation, _| match (operation, nth) {
        ("DescribeVpcEndpoints", 1) => ok(operation, "<vpcEndpointSet/>"),
        ("DescribeVpcEndpoints", _) => {
            let state = states.get(nth - 2).or(states.last()).unwrap();
            ok(operation, &format!("<vpcEndpointSet><item>{}</item></vpcEndpointSet>", endpoint(state)))
        }
        _ => ok(operation, &format!("<vpcEndpoint>{}</vpcEndpoint>", endpoint("pending"))),
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn an_interface_endpoint_is_waited_for() {
    let (outcome, sent) = make_endpoint(["pending", "Pending", "available"]).await;
    assert_eq!((outcome, count(&sent, "CreateVpcEndpoint"), sent.len()), (Outcome::Applied, 1, 5));
    let (message, hint) = failure(&make_endpoint(["pending", "pending", "failed"]).await.0);
    let expected = "the endpoint `vpce-1` of `sts` was not created: failed: InternalFailure: no room (in account 222222222222, eu-west-1)";
    assert_eq!(message, expected);
    assert!(hint.contains("run the same command again"), "{hint}");
}

/// In China a service has one name or the other, and only AWS knows which.
#[tokio::test(start_paused = true)]
async fn an_endpoint_in_china_is_asked_for_by_the_names_that_there_are() {
    for (endpoint_type, there, sent) in [
        ("Interface", "cn.com.amazonaws.cn-north-1.sqs", 1),
        ("Interface", "com.amazonaws.cn-north-1.sqs", 2),
        ("Gateway", "com.amazonaws.cn-north-1.sqs", 1),
        ("Interface", "no such service", 2),
    ] {
        let wanted =
            json!({ "endpoint_type": endpoint_type, "private_dns": false, "service": "sqs", "tags": {}, "vpc": { "id": "vpc-1" } });
        let (outcome, calls) =
            change("a/cn-north-1/vpc_endpoint.s/sqs", None, Some(wanted), move |nth, operation, parameters| match (operation, nth) {
                ("DescribeVpcEndpoints", 1) => ok(operation, "<vpcEndpointSet/>"),
                ("DescribeVpcEndpoints", _) => {
                    ok(operation, &format!("<vpcEndpointSet><item>{}</item></vpcEndpointSet>", endpoint("available")))
                }
                _ if parameters["ServiceName"] != there => refused("InvalidServiceName"),
                _ => ok(operation, &format!("<vpcEndpoint>{}</vpcEndpoint>", endpoint("pending"))),
            })
            .await;
        assert_eq!(count(&calls, "CreateVpcEndpoint"), sent, "{there}");
        match there.contains("amazonaws") {
            true => assert_eq!(outcome, Outcome::Applied, "{there}"),
            false => assert!(failure(&outcome).0.contains("InvalidServiceName"), "{outcome:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_waits_until_nothing_uses_the_thing_and_names_what_stays() {
    let (outcome, sent) = change("vpc.s", Some(("vpc-1", vpc())), None, |nth, operation, _| match nth {
        1 | 2 => refused("DependencyViolation"),
        _ => ok(operation, "<return>true</return>"),
    })
    .await;
    assert_eq!((outcome, sent.len()), (Outcome::Applied, 3));
    let (outcome, _) = change("vpc.s", Some(("vpc-1", vpc())), None, |_, operation, _| match operation {
        "DeleteVpc" => refused("DependencyViolation"),
        _ => {
            let interface = "<item><networkInterfaceId>eni-1</networkInterfaceId><description>RDS</description></item>";
            ok(operation, &format!("<networkInterfaceSet>{interface}</networkInterfaceSet>"))
        }
    })
    .await;
    let (message, hint) = failure(&outcome);
    assert!(message.contains("DependencyViolation") && message.ends_with("still in it: eni-1 (`RDS`)"), "{message}");
    assert!(hint.contains("eni-1"), "{hint}");
}

/// overlord waits for an address that AWS reports as in use; a final refusal of a deletion is an error.
#[tokio::test(start_paused = true)]
async fn only_what_passes_is_waited_for() {
    let (outcome, sent) = change("elastic_ip.s/z", Some(("eipalloc-1", json!({ "tags": {} }))), None, |nth, operation, _| match nth {
        1 => refused("InvalidIPAddress.InUse"),
        _ => ok(operation, "<return>true</return>"),
    })
    .await;
    assert_eq!((outcome, sent.len()), (Outcome::Applied, 2));
    let (outcome, sent) =
        change("elastic_ip.s/z", Some(("eipalloc-1", json!({ "tags": {} }))), None, |_, _, _| refused("UnauthorizedOperation")).await;
    assert_eq!(sent.len(), 1);
    assert!(failure(&outcome).1.contains("ec2:ReleaseAddress"));
}

/// For a moment AWS may not see that a gateway was attached. The same code for another reason is final.
#[tokio::test(start_paused = true)]
async fn a_route_waits_until_its_gateway_is_seen_in_the_vpc() {
    let route = || json!({ "destination": "0.0.0.0/0", "route_table": { "id": "rtb-1" }, "target": { "id": "igw-1" } });
    let key = "route.s/public/0.0.0.0/0";
    let elsewhere = "route table rtb-1 and network gateway igw-1 belong to different networks";
    let (outcome, sent) = change(key, None, Some(route()), move |nth, operation, _| match nth {
        1 | 2 => refused_saying("InvalidParameterValue", elsewhere),
        _ => ok(operation, "<return>true</return>"),
    })
    .await;
    assert_eq!((outcome, sent.len()), (Outcome::Applied, 3));
    let (_, sent) = change(key, None, Some(route()), |_, _, _| refused_saying("InvalidParameterValue", "the block is malformed")).await;
    assert_eq!(sent.len(), 1);
}

/// AuthFailure is AWS's answer for an address that a NAT gateway still uses. In every other case it has its usual meaning.
#[tokio::test(start_paused = true)]
async fn auth_failure_passes_for_addresses_alone() {
    let (outcome, sent) = change("elastic_ip.s/z", Some(("eipalloc-1", json!({ "tags": {} }))), None, |nth, operation, _| match nth {
        1 | 2 => refused("AuthFailure"),
        _ => ok(operation, "<return>true</return>"),
    })
    .await;
    assert_eq!((outcome, sent.len()), (Outcome::Applied, 3));
    for (key, id, before) in [("vpc.s", "vpc-1", vpc()), ("subnet.s/public-z", "subnet-1", subnet())] {
        let (outcome, sent) = change(key, Some((id, before)), None, |_, _, _| refused("AuthFailure")).await;
        assert!(failure(&outcome).0.contains("AuthFailure"), "{key}");
        assert_eq!(sent.len(), 1, "{key}");
    }
}

/// A resource that is already gone is success, for every kind that is deleted.
#[tokio::test(start_paused = true)]
async fn what_is_gone_already_is_deleted() {
    let of_vpc = || json!({ "tags": {}, "vpc": { "id": "vpc-1" } });
    let flow_log = json!({ "destination": "arn:aws:s3:::logs", "interval": 600, "tags": {}, "traffic": "ALL", "vpc": { "id": "vpc-1" } });
    let group = json!({ "description": "d", "name": "n", "tags": {}, "vpc": { "id": "vpc-1" } });
    let endpoint = json!({ "endpoint_type": "Gateway", "private_dns": false, "service": "s3", "tags": {}, "vpc": { "id": "vpc-1" } });
    let route = json!({ "destination": "0.0.0.0/0", "route_table": { "id": "rtb-1" }, "target": { "id": "nat-1" } });
    let cases = [
        ("dhcp_options.s", "dopt-1", json!({ "name_servers": [], "tags": {} }), "InvalidDhcpOptionID.NotFound"),
        ("egress_only_internet_gateway.s", "eigw-1", of_vpc(), "InvalidGatewayID.NotFound"),
        ("elastic_ip.s/z", "eipalloc-1", json!({ "tags": {} }), "InvalidAllocationID.NotFound"),
        ("flow_log.s", "fl-1", flow_log, "InvalidFlowLogId.NotFound"),
        ("internet_gateway.s", "igw-1", of_vpc(), "InvalidInternetGatewayID.NotFound"),
        ("nat_gateway.s/z", "nat-1", nat(), "NatGatewayNotFound"),
        ("route.s/public/0.0.0.0/0", "rtb-1/0.0.0.0/0", route, "InvalidRoute.NotFound"),
        ("route_table.s/public", "rtb-1", of_vpc(), "InvalidRouteTableID.NotFound"),
        ("security_group.s/endpoints", "sg-1", group, "InvalidGroup.NotFound"),
        ("subnet.s/public-z", "subnet-1", subnet(), "InvalidSubnetID.NotFound"),
        ("vpc.s", "vpc-1", vpc(), "InvalidVpcID.NotFound"),
        ("vpc_endpoint.s/s3", "vpce-1", endpoint, "InvalidVpcEndpointId.NotFound"),
    ];
    for (key, id, before, code) in cases {
        let (outcome, _) = change(key, Some((id, before)), None, move |_, operation, _| match operation {
            "DescribeVpcEndpoints" => ok(operation, "<vpcEndpointSet/>"),
            "DescribeNatGateways" => ok(operation, "<natGatewaySet/>"),
            _ => refused(code),
        })
        .await;
        assert_eq!(outcome, Outcome::Applied, "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_default_vpc_in_use_stays_whole() {
    let of_aws = |operation: &str| match operation {
        "DescribeVpcs" => vpcs(&item("172.31.0.0/16")),
        "DescribeSubnets" => {
            ok(operation, "<subnetSet><item><subnetId>subnet-1</subnetId><defaultForAz>true</defaultForAz></item></subnetSet>")
        }
        "DescribeRouteTables" => ok(
            operation,
            "<routeTableSet><item><routeTableId>rtb-1</routeTableId><associationSet><item><main>true</main></item></associationSet>\
             <routeSet><item><gatewayId>local</gatewayId></item><item><gatewayId>igw-1</gatewayId></item></routeSet></item></routeTableSet>",
        ),
        "DescribeSecurityGroups" => {
            ok(operation, "<securityGroupInfo><item><groupId>sg-1</groupId><groupName>default</groupName></item></securityGroupInfo>")
        }
        "DescribeInternetGateways" => {
            ok(operation, "<internetGatewaySet><item><internetGatewayId>igw-1</internetGatewayId></item></internetGatewaySet>")
        }
        "DescribeVpcEndpoints" => ok(operation, "<vpcEndpointSet/>"),
        "DescribeNetworkInterfaces" => ok(operation, "<networkInterfaceSet/>"),
        _ => ok(operation, "<return>true</return>"),
    };
    // Resources that somebody created, in an answer otherwise AWS's own; `None`: only AWS's own.
    let others = [
        None,
        Some((
            "DescribeNetworkInterfaces",
            "<networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId></item></networkInterfaceSet>",
        )),
        Some(("DescribeSubnets", "<subnetSet><item><subnetId>eni-1</subnetId><defaultForAz>false</defaultForAz></item></subnetSet>")),
        Some((
            "DescribeSecurityGroups",
            "<securityGroupInfo><item><groupId>eni-1</groupId><groupName>web</groupName></item></securityGroupInfo>",
        )),
        Some(("DescribeNetworkAcls", "<networkAclSet><item><networkAclId>eni-1</networkAclId></item></networkAclSet>")),
        Some(("DescribeVpcEndpoints", "<vpcEndpointSet><item><vpcEndpointId>eni-1</vpcEndpointId></item></vpcEndpointSet>")),
        Some((
            "DescribeRouteTables",
            "<routeTableSet><item><routeTableId>eni-1</routeTableId><associationSet><item><main>true</main></item></associationSet>\
             <routeSet><item><vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId></item></routeSet></item></routeTableSet>",
        )),
    ];
    for other in others {
        let (outcome, sent) = change("default_vpc.main", None, Some(json!({ "present": false })), move |_, operation, _| match other {
            Some((of, inner)) if of == operation => ok(operation, inner),
            Some(_) | None => of_aws(operation),
        })
        .await;
        let writes: Vec<String> = sent.into_iter().filter(|operation| !operation.starts_with("Describe")).collect();
        match other {
            None => assert_eq!(
                (outcome, writes.join(" ")),
                (Outcome::Applied, "DetachInternetGateway DeleteInternetGateway DeleteSubnet DeleteVpc".to_owned())
            ),
            Some(_) => {
                let (message, hint) = failure(&outcome);
                assert!(message.contains("`vpc-1`") && message.contains("there is eni-1"), "{message}");
                assert!(hint.contains("default_vpc = \"keep\""), "{hint}");
                assert_eq!(writes, Vec::<String>::new());
            }
        }
    }
}

/// A rule in AWS's form and back is the same rule.
#[test]
fn rules_survive_aws() {
    use super::super::{Rule, rules, security_group};
    for (from, protocol, ports) in [
        ("10.0.0.0/8", "tcp", "443"),
        ("10.0.0.0/8", "udp", "1024-65535"),
        ("2001:db8::/32", "tcp", "all"),
        ("sg-1", "all", "all"),
        ("pl-1", "icmp", "all"),
        ("0.0.0.0/0", "50", "all"),
    ] {
        let rule = Rule { from: from.to_owned(), protocol: protocol.to_owned(), ports: ports.to_owned() };
        let permission = security_group::permission(&rule).unwrap();
        assert_eq!(rules::rules(&[permission]).into_iter().collect::<Vec<_>>(), [rule]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_says_where_to_raise_it() {
    let (outcome, _) = change("vpc.s", None, Some(vpc()), |_, operation, _| match operation {
        "DescribeVpcs" => vpcs(""),
        _ => refused("VpcLimitExceeded"),
    })
    .await;
    assert!(failure(&outcome).1.contains("Service Quotas"));
    assert!(matches!(outcome, Outcome::Failed(Error::Refused(_))));
}
