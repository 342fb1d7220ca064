//! Which API operations can have caused a difference: a table of kinds and attributes.

/// How something is otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How<'a> {
    /// The attribute of that name differs.
    Attribute(&'a str),
    /// It is not there.
    Gone,
}

/// The operations, as `service:Operation`; none if no request causes the difference, or if the trail does not record them.
pub(super) fn operations(kind: &str, how: How<'_>) -> &'static [&'static str] {
    use How::{Attribute, Gone};
    match (kind, how) {
        ("account" | "ou" | "policy", Attribute("tags")) => &["organizations:TagResource", "organizations:UntagResource"],
        ("account", Attribute("parent")) => &["organizations:MoveAccount"],
        ("account", Attribute("name")) => &["account:PutAccountName"],
        ("account", Attribute("email")) => &["account:AcceptPrimaryEmailUpdate"],
        ("ou", Attribute("name")) => &["organizations:UpdateOrganizationalUnit"],
        ("ou", Gone) => &["organizations:DeleteOrganizationalUnit"],
        ("policy", Attribute("content" | "description" | "name")) => &["organizations:UpdatePolicy"],
        ("policy", Gone) => &["organizations:DeletePolicy"],
        ("policy_attachments", Attribute("policies")) => &["organizations:AttachPolicy", "organizations:DetachPolicy"],
        ("policy_type", Gone) => &["organizations:DisablePolicyType"],
        ("trusted_service", Gone) => &["organizations:DisableAWSServiceAccess"],
        ("delegated_administrator", Attribute("account")) => &["organizations:RegisterDelegatedAdministrator"],
        ("delegated_administrator", Gone) => &["organizations:DeregisterDelegatedAdministrator"],
        ("alternate_contact", Attribute("email" | "name" | "phone" | "title")) => &["account:PutAlternateContact"],
        ("alternate_contact", Gone) => &["account:DeleteAlternateContact"],
        (
            "primary_contact",
            Attribute(
                "address" | "city" | "company" | "country_code" | "district" | "full_name" | "phone" | "postal_code" | "state" | "website",
            ),
        ) => &["account:PutContactInformation"],
        ("root_access", Attribute("features") | Gone) => {
            &["iam:DisableOrganizationsRootCredentialsManagement", "iam:DisableOrganizationsRootSessions"]
        }
        (_, how) => in_accounts(kind, how),
    }
}

fn in_accounts(kind: &str, how: How<'_>) -> &'static [&'static str] {
    use How::{Attribute, Gone};
    match (kind, how) {
        ("resource_share", Attribute("tags")) => &["ram:TagResource", "ram:UntagResource"],
        ("resource_share", Attribute("name")) => &["ram:UpdateResourceShare"],
        ("resource_share", Attribute("principals" | "resources")) => &["ram:AssociateResourceShare", "ram:DisassociateResourceShare"],
        ("resource_share", Gone) => &["ram:DeleteResourceShare"],
        ("vpc", Attribute("dhcp_options")) => &["ec2:AssociateDhcpOptions"],
        ("vpc", Attribute("enable_dns_hostnames" | "enable_dns_support")) => &["ec2:ModifyVpcAttribute"],
        ("vpc", Attribute("ipv6")) => &["ec2:AssociateVpcCidrBlock", "ec2:DisassociateVpcCidrBlock"],
        ("vpc", Gone) => &["ec2:DeleteVpc"],
        ("default_vpc", Attribute("present" | "subnets")) => &["ec2:CreateDefaultVpc", "ec2:CreateDefaultSubnet"],
        ("dhcp_options", Gone) => &["ec2:DeleteDhcpOptions"],
        ("default_security_group", Attribute("rules")) => &["ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress"],
        ("security_group", Attribute("ingress")) => {
            &["ec2:AuthorizeSecurityGroupIngress", "ec2:ModifySecurityGroupRules", "ec2:RevokeSecurityGroupIngress"]
        }
        ("security_group", Gone) => &["ec2:DeleteSecurityGroup"],
        ("internet_gateway", Attribute("vpc")) => &["ec2:AttachInternetGateway", "ec2:DetachInternetGateway"],
        ("internet_gateway", Gone) => &["ec2:DeleteInternetGateway"],
        ("egress_only_internet_gateway", Gone) => &["ec2:DeleteEgressOnlyInternetGateway"],
        ("route_table", Attribute("propagating_gateways")) => &["ec2:DisableVgwRoutePropagation", "ec2:EnableVgwRoutePropagation"],
        ("route_table", Gone) => &["ec2:DeleteRouteTable"],
        ("subnet", Attribute("route_table")) => {
            &["ec2:AssociateRouteTable", "ec2:DisassociateRouteTable", "ec2:ReplaceRouteTableAssociation"]
        }
        ("subnet", Attribute("ipv6")) => &["ec2:AssociateSubnetCidrBlock", "ec2:DisassociateSubnetCidrBlock"],
        ("subnet", Gone) => &["ec2:DeleteSubnet"],
        ("elastic_ip", Gone) => &["ec2:ReleaseAddress"],
        ("nat_gateway", Gone) => &["ec2:DeleteNatGateway"],
        ("route", Attribute("target")) => &["ec2:CreateRoute", "ec2:ReplaceRoute"],
        ("route", Gone) => &["ec2:DeleteRoute"],
        ("vpc_endpoint", Attribute("private_dns" | "route_tables" | "security_groups" | "subnets")) => &["ec2:ModifyVpcEndpoint"],
        ("vpc_endpoint", Gone) => &["ec2:DeleteVpcEndpoints"],
        // A flow log is made anew to be changed.
        ("flow_log", Attribute("destination" | "interval" | "traffic")) => &["ec2:CreateFlowLogs"],
        ("flow_log", Gone) => &["ec2:DeleteFlowLogs"],
        ("vpc_peering", Gone) => &["ec2:DeleteVpcPeeringConnection"],
        ("transit_gateway", Attribute("auto_accept" | "default_association" | "default_propagation")) => &["ec2:ModifyTransitGateway"],
        ("transit_gateway", Gone) => &["ec2:DeleteTransitGateway"],
        ("transit_gateway_attachment", Attribute("associated")) => {
            &["ec2:AssociateTransitGatewayRouteTable", "ec2:DisassociateTransitGatewayRouteTable"]
        }
        ("transit_gateway_attachment", Attribute("propagated")) => {
            &["ec2:DisableTransitGatewayRouteTablePropagation", "ec2:EnableTransitGatewayRouteTablePropagation"]
        }
        ("transit_gateway_attachment", Attribute("subnets")) => &["ec2:ModifyTransitGatewayVpcAttachment"],
        ("transit_gateway_attachment", Gone) => &["ec2:DeleteTransitGatewayVpcAttachment"],
        ("vpn_gateway", Attribute("vpc")) => &["ec2:AttachVpnGateway", "ec2:DetachVpnGateway"],
        ("vpn_gateway", Gone) => &["ec2:DeleteVpnGateway"],
        ("customer_gateway", Gone) => &["ec2:DeleteCustomerGateway"],
        ("vpn_connection", Attribute("customer_gateway")) => &["ec2:ModifyVpnConnection"],
        ("vpn_connection", Attribute("routes")) => &["ec2:CreateVpnConnectionRoute", "ec2:DeleteVpnConnectionRoute"],
        ("vpn_connection", Gone) => &["ec2:DeleteVpnConnection"],
        // The parts of a VPC are in a tag of it.
        ("vpc", Attribute("with")) => &["ec2:CreateTags", "ec2:DeleteTags"],
        (
            "vpc"
            | "dhcp_options"
            | "security_group"
            | "internet_gateway"
            | "egress_only_internet_gateway"
            | "route_table"
            | "subnet"
            | "elastic_ip"
            | "nat_gateway"
            | "vpc_endpoint"
            | "flow_log"
            | "vpc_peering"
            | "transit_gateway"
            | "transit_gateway_attachment"
            | "vpn_gateway"
            | "customer_gateway"
            | "vpn_connection",
            Attribute("tags"),
        ) => &["ec2:CreateTags", "ec2:DeleteTags"],
        _ => &[],
    }
}

/// The operation that makes what a deletion of that name deletes: its request has the tag that names it, and its answer the id that the
/// deletion names. `None` if the deletion itself names its subject.
pub(super) fn creating_operation(deletion: &str) -> Option<&'static str> {
    Some(match deletion {
        "organizations:DeleteOrganizationalUnit" => "organizations:CreateOrganizationalUnit",
        "organizations:DeletePolicy" => "organizations:CreatePolicy",
        "ram:DeleteResourceShare" => "ram:CreateResourceShare",
        "ec2:DeleteVpc" => "ec2:CreateVpc",
        "ec2:DeleteDhcpOptions" => "ec2:CreateDhcpOptions",
        "ec2:DeleteSecurityGroup" => "ec2:CreateSecurityGroup",
        "ec2:DeleteInternetGateway" => "ec2:CreateInternetGateway",
        "ec2:DeleteEgressOnlyInternetGateway" => "ec2:CreateEgressOnlyInternetGateway",
        "ec2:DeleteRouteTable" => "ec2:CreateRouteTable",
        "ec2:DeleteSubnet" => "ec2:CreateSubnet",
        "ec2:ReleaseAddress" => "ec2:AllocateAddress",
        "ec2:DeleteNatGateway" => "ec2:CreateNatGateway",
        "ec2:DeleteVpcEndpoints" => "ec2:CreateVpcEndpoint",
        "ec2:DeleteFlowLogs" => "ec2:CreateFlowLogs",
        "ec2:DeleteVpcPeeringConnection" => "ec2:CreateVpcPeeringConnection",
        "ec2:DeleteTransitGateway" => "ec2:CreateTransitGateway",
        "ec2:DeleteTransitGatewayVpcAttachment" => "ec2:CreateTransitGatewayVpcAttachment",
        "ec2:DeleteVpnGateway" => "ec2:CreateVpnGateway",
        "ec2:DeleteCustomerGateway" => "ec2:CreateCustomerGateway",
        "ec2:DeleteVpnConnection" => "ec2:CreateVpnConnection",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{KINDS, LAPSED, OnChange, OnRemoval};

    /// Differences that no request in the trail explains.
    const UNTOLD: &[(&str, &str)] = &[
        // They name the owner of the resource, and never differ alone.
        ("alternate_contact", "account"),
        ("alternate_contact", "contact_type"),
        ("alternate_contact", "trusted_service"),
        ("delegated_administrator", "service"),
        ("delegated_administrator", "trusted_service"),
        ("policy_attachments", "target"),
        ("policy_type", "organization"),
        ("policy_type", "policy_type"),
        ("primary_contact", "account"),
        ("primary_contact", "trusted_service"),
        ("root_access", "organization"),
        ("root_access", "trusted_service"),
        ("root_credentials", "account"),
        ("root_credentials", "root_access"),
        ("trusted_service", "organization"),
        ("trusted_service", "service"),
        // org.toml changed: an account is to leave, or the OU or policy is another one.
        ("account", "leaves"),
        ("ou", "parent"),
        ("policy", "policy_type"),
        ("dhcp_options", "domain_name"),
        ("dhcp_options", "name_servers"),
        // AWS takes no way back.
        ("organization", "feature_set"),
        // A root user makes them, in its own account's trail: a few kinds of events, in other words each.
        ("root_credentials", "credentials"),
        // The request of the account itself or of the management account: in either one's trail.
        ("region", "status"),
        // It hangs on the other side.
        ("vpc_peering", "status"),
        // A change of the plan's own making.
        ("placement", "parent"),
    ];

    #[test]
    fn every_attribute_that_can_differ_has_operations_or_stands_among_the_untold() {
        for kind in KINDS.iter() {
            let spec = kind.spec();
            for attribute in spec.attributes.iter().filter(|a| !matches!(a.on_change, OnChange::Forbidden(_)) && a.name != LAPSED) {
                let untold = UNTOLD.contains(&(spec.kind, attribute.name));
                let known = !operations(spec.kind, How::Attribute(attribute.name)).is_empty();
                assert!(known != untold, "{}: {}", spec.kind, attribute.name);
            }
            if spec.on_removal == OnRemoval::Delete {
                assert_eq!(operations(spec.kind, How::Gone).len(), 1, "{} can be deleted", spec.kind);
            }
        }
    }
}
