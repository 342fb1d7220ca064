//! The table: which part of a configuration makes overlord call which operation.
//!
//! The IAM action of an operation has the operation's name. Further actions that AWS requires are listed with their source: the Service
//! Authorization Reference calls them "dependent actions",
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html>.

use super::Run;

/// The cause of a need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Any configuration.
    Always,
    /// Any run that applies: its lock.
    Lock,
    /// Networks are read: in the accounts of the configuration.
    Networks,
    /// The same in all accounts, including the management account: which addresses they use, and which zones they have.
    Blocks,
    /// A Region that must be enabled.
    OptIn,
    /// Regions that are read although nothing is declared there.
    Governed,
    /// The access role has permissions, so overlord assumes it.
    Members,
    /// Accounts are created.
    Creation,
    /// A resource of a kind.
    Kind(&'static str),
    /// A resource of a kind that declares an attribute with this text in its JSON.
    Says(&'static str, &'static str, &'static str),
}

/// What is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    /// Operations of the request gate's table.
    Calls(&'static [&'static str]),
    /// Other IAM actions.
    Besides(&'static [&'static str]),
    /// AWS may create the service-linked role of a service in the caller's name.
    LinkedRole(&'static str),
    /// Short sessions as the root user of a member, with AWS's policy of that name.
    RootTask(&'static str),
}

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    pub cause: Cause,
    /// The least run that needs it.
    pub run: Run,
    pub grant: Grant,
}

const fn plan(cause: Cause, operations: &'static [&'static str]) -> Need {
    Need { cause, run: Run::Plan, grant: Grant::Calls(operations) }
}

const fn apply(cause: Cause, operations: &'static [&'static str]) -> Need {
    Need { cause, run: Run::Apply, grant: Grant::Calls(operations) }
}

const fn besides(cause: Cause, actions: &'static [&'static str]) -> Need {
    Need { cause, run: Run::Apply, grant: Grant::Besides(actions) }
}

const fn linked_role(cause: Cause, service: &'static str) -> Need {
    Need { cause, run: Run::Apply, grant: Grant::LinkedRole(service) }
}

/// Needed by neither: every caller may read its own identity; a web identity is exchanged before there is a caller; the owner of an
/// invited account uses credentials of their own; AWS's task policy says what a root session may do; and AWS's view of policies is read
/// only with `--live`.
#[cfg(test)]
pub(super) const FREE: &[&str] = &[
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeactivateMFADevice",
    "iam:DeleteAccessKey",
    "iam:DeleteLoginProfile",
    "iam:DeleteSigningCertificate",
    "iam:GetLoginProfile",
    "iam:GetRole",
    "iam:ListAccessKeys",
    "iam:ListAttachedRolePolicies",
    "iam:ListMFADevices",
    "iam:ListSigningCertificates",
    "iam:SimulateCustomPolicy",
    "organizations:DescribeEffectivePolicy",
    "organizations:ListHandshakesForAccount",
    "sts:AssumeRoleWithWebIdentity",
    "sts:GetCallerIdentity",
];

/// What `drift` also calls to find who made a difference: with the credentials in the management account and, where there are networks,
/// with the access role.
pub(super) static DRIFT: &[&str] = &["cloudtrail:LookupEvents"];

/// What `drift --screen` calls where the aggregator is.
pub(super) static SCREEN: &[&str] = &[
    "config:DescribeConfigurationAggregatorSourcesStatus",
    "config:DescribeConfigurationAggregators",
    "config:SelectAggregateResourceConfig",
];

/// What `import` calls with the credentials in the management account.
pub(super) static IMPORT: &[&str] = &[
    "account:GetAlternateContact",
    "account:GetContactInformation",
    "account:ListRegions",
    "iam:ListOrganizationsFeatures",
    "organizations:DescribeOrganization",
    "organizations:DescribePolicy",
    "organizations:ListAWSServiceAccessForOrganization",
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListDelegatedAdministrators",
    "organizations:ListDelegatedServicesForAccount",
    "organizations:ListOrganizationalUnitsForParent",
    "organizations:ListPolicies",
    "organizations:ListRoots",
    "organizations:ListTagsForResource",
    "organizations:ListTargetsForPolicy",
    "sts:AssumeRole",
];

impl Cause {
    /// Whether it is a resource that an account gets after it joined by an invitation, or the invitation itself.
    pub(super) fn is_of_a_joined_account(self) -> bool {
        const OF_THE_ORGANIZATION: [&str; 7] =
            ["delegated_administrator", "organization", "ou", "policy", "policy_type", "root_access", "trusted_service"];
        match self {
            // Closing is not part of joining.
            Self::Says("account", attribute, _) => attribute == "email",
            Self::Kind(kind) | Self::Says(kind, ..) => !OF_THE_ORGANIZATION.contains(&kind),
            // It is applied to, so it needs the lock.
            Self::Lock => true,
            Self::Always | Self::Networks | Self::Blocks | Self::OptIn | Self::Governed | Self::Members | Self::Creation => false,
        }
    }
}

use Cause::{Always, Blocks, Creation, Governed, Kind, Lock, Members, Networks, OptIn, Says};

/// All rows.
pub(super) static NEEDS: &[Need] = &[
    // The organization. OUs, accounts and tags are read whatever is declared, because unmanaged ones are reported.
    plan(
        Always,
        &[
            "organizations:DescribeOrganization",
            "organizations:ListAccounts",
            "organizations:ListAccountsForParent",
            "organizations:ListHandshakesForOrganization",
            "organizations:ListOrganizationalUnitsForParent",
            "organizations:ListRoots",
            "organizations:ListTagsForResource",
            "tag:GetResources",
        ],
    ),
    plan(Members, &["sts:AssumeRole"]),
    // The OU `overlord-lock`: made with tags, renewed by a tag, removed. Source: CreateOrganizationalUnit, "If the request includes tags".
    apply(Lock, &["organizations:CreateOrganizationalUnit", "organizations:DeleteOrganizationalUnit", "organizations:TagResource"]),
    plan(Kind("policy_type"), &["organizations:DescribePolicy", "organizations:ListPolicies", "organizations:ListTargetsForPolicy"]),
    plan(Kind("trusted_service"), &["organizations:ListAWSServiceAccessForOrganization"]),
    plan(Kind("delegated_administrator"), &["organizations:ListDelegatedAdministrators"]),
    plan(Kind("alternate_contact"), &["account:GetAlternateContact"]),
    plan(Kind("primary_contact"), &["account:GetContactInformation"]),
    apply(Kind("organization"), &["organizations:AcceptHandshake", "organizations:CreateOrganization", "organizations:EnableAllFeatures"]),
    // Source: CreateOrganization and AcceptHandshake, AccessDeniedForDependencyException.
    linked_role(Kind("organization"), "organizations.amazonaws.com"),
    apply(Kind("policy_type"), &["organizations:EnablePolicyType"]),
    // Of RAM too: EnableSharingWithAwsOrganization enables the access in the caller's name.
    apply(Kind("trusted_service"), &["organizations:EnableAWSServiceAccess"]),
    apply(Says("trusted_service", "service", "\"ram.amazonaws.com\""), &["ram:EnableSharingWithAwsOrganization"]),
    linked_role(Says("trusted_service", "service", "\"ram.amazonaws.com\""), "ram.amazonaws.com"),
    apply(
        Kind("delegated_administrator"),
        &["organizations:DeregisterDelegatedAdministrator", "organizations:RegisterDelegatedAdministrator"],
    ),
    apply(
        Kind("ou"),
        &[
            "organizations:CreateOrganizationalUnit",
            "organizations:DeleteOrganizationalUnit",
            "organizations:TagResource",
            "organizations:UpdateOrganizationalUnit",
        ],
    ),
    apply(
        Kind("policy"),
        &["organizations:CreatePolicy", "organizations:DeletePolicy", "organizations:TagResource", "organizations:UpdatePolicy"],
    ),
    apply(Kind("policy_attachments"), &["organizations:AttachPolicy", "organizations:DetachPolicy", "organizations:ListPoliciesForTarget"]),
    apply(
        Kind("account"),
        &[
            "account:PutAccountName",
            "organizations:DescribeAccount",
            "organizations:ListParents",
            "organizations:MoveAccount",
            "organizations:TagResource",
        ],
    ),
    apply(Creation, &["organizations:CreateAccount", "organizations:DescribeCreateAccountStatus", "organizations:ListCreateAccountStatus"]),
    apply(
        Says("account", "email", ""),
        &["account:AcceptPrimaryEmailUpdate", "account:StartPrimaryEmailUpdate", "organizations:UntagResource"],
    ),
    apply(Says("account", "leaves", "\"closed\""), &["organizations:CloseAccount"]),
    apply(Says("account", "leaves", "\"removed\""), &["organizations:RemoveAccountFromOrganization"]),
    apply(Kind("placement"), &["organizations:ListParents", "organizations:MoveAccount"]),
    apply(
        Kind("invitation"),
        &[
            "organizations:CancelHandshake",
            "organizations:DescribeAccount",
            "organizations:InviteAccountToOrganization",
            "organizations:TagResource",
        ],
    ),
    plan(Kind("root_access"), &["iam:ListOrganizationsFeatures"]),
    apply(Says("root_access", "features", "RootCredentialsManagement"), &["iam:EnableOrganizationsRootCredentialsManagement"]),
    apply(Says("root_access", "features", "RootSessions"), &["iam:EnableOrganizationsRootSessions"]),
    plan(Kind("root_credentials"), &["sts:AssumeRoot"]),
    Need { cause: Kind("root_credentials"), run: Run::Plan, grant: Grant::RootTask("IAMAuditRootUserCredentials") },
    Need { cause: Kind("root_credentials"), run: Run::Apply, grant: Grant::RootTask("IAMDeleteRootUserCredentials") },
    apply(Kind("alternate_contact"), &["account:PutAlternateContact"]),
    apply(Kind("primary_contact"), &["account:PutContactInformation"]),
    // Networks. A VPC's tag says what the VPC ever had, and all of that is read as long as the VPC exists.
    plan(Blocks, &["ec2:DescribeAvailabilityZones", "ec2:DescribeVpcEndpointServices", "ec2:DescribeVpcs"]),
    plan(OptIn, &["account:GetRegionOptStatus"]),
    plan(Governed, &["ec2:DescribeTags"]),
    plan(
        Networks,
        &[
            "ec2:DescribeAddresses",
            "ec2:DescribeCustomerGateways",
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeEgressOnlyInternetGateways",
            "ec2:DescribeFlowLogs",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeNatGateways",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeTransitGatewayAttachments",
            "ec2:DescribeTransitGatewayVpcAttachments",
            "ec2:DescribeTransitGateways",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcPeeringConnections",
            "ec2:DescribeVpnConnections",
            "ec2:DescribeVpnGateways",
            "ec2:GetTransitGatewayRouteTablePropagations",
            "ram:GetResourceShareAssociations",
            "ram:GetResourceShares",
        ],
    ),
    plan(Says("vpc", "enable_dns_hostnames", ""), &["ec2:DescribeVpcAttribute"]),
    plan(Says("vpc", "enable_dns_support", ""), &["ec2:DescribeVpcAttribute"]),
    plan(Kind("default_vpc"), &["ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces"]),
    apply(Kind("region"), &["account:EnableRegion"]),
    apply(Kind("default_vpc"), &["ec2:DeleteInternetGateway", "ec2:DeleteSubnet", "ec2:DeleteVpc", "ec2:DetachInternetGateway"]),
    apply(Kind("dhcp_options"), &["ec2:CreateDhcpOptions", "ec2:CreateTags", "ec2:DeleteDhcpOptions"]),
    // The network interfaces in a resource name what prevents its deletion.
    apply(
        Kind("vpc"),
        &[
            "ec2:AssociateDhcpOptions",
            "ec2:AssociateVpcCidrBlock",
            "ec2:CreateTags",
            "ec2:CreateVpc",
            "ec2:DeleteVpc",
            "ec2:DescribeNetworkInterfaces",
            "ec2:ModifyVpcAttribute",
        ],
    ),
    apply(Kind("default_security_group"), &["ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"]),
    apply(
        Kind("security_group"),
        &[
            "ec2:AuthorizeSecurityGroupIngress",
            "ec2:CreateSecurityGroup",
            "ec2:CreateTags",
            "ec2:DeleteSecurityGroup",
            "ec2:RevokeSecurityGroupIngress",
        ],
    ),
    apply(
        Kind("internet_gateway"),
        &[
            "ec2:AttachInternetGateway",
            "ec2:CreateInternetGateway",
            "ec2:CreateTags",
            "ec2:DeleteInternetGateway",
            "ec2:DetachInternetGateway",
        ],
    ),
    apply(
        Kind("egress_only_internet_gateway"),
        &["ec2:CreateEgressOnlyInternetGateway", "ec2:CreateTags", "ec2:DeleteEgressOnlyInternetGateway"],
    ),
    apply(
        Kind("route_table"),
        &[
            "ec2:CreateRouteTable",
            "ec2:CreateTags",
            "ec2:DeleteRouteTable",
            "ec2:DisableVgwRoutePropagation",
            "ec2:EnableVgwRoutePropagation",
        ],
    ),
    apply(
        Kind("subnet"),
        &[
            "ec2:AssociateRouteTable",
            "ec2:AssociateSubnetCidrBlock",
            "ec2:CreateSubnet",
            "ec2:CreateTags",
            "ec2:DeleteSubnet",
            "ec2:DisassociateRouteTable",
            "ec2:DisassociateSubnetCidrBlock",
            "ec2:ReplaceRouteTableAssociation",
        ],
    ),
    apply(Kind("elastic_ip"), &["ec2:AllocateAddress", "ec2:CreateTags", "ec2:ReleaseAddress"]),
    apply(Kind("nat_gateway"), &["ec2:CreateNatGateway", "ec2:CreateTags", "ec2:DeleteNatGateway"]),
    // Source: Amazon VPC's user guide, "Using service-linked roles for VPC": AWSServiceRoleForNATGateway, of regional ones.
    linked_role(Says("nat_gateway", "availability_mode", "regional"), "ec2-nat-gateway.amazonaws.com"),
    apply(Kind("route"), &["ec2:CreateRoute", "ec2:DeleteRoute", "ec2:ReplaceRoute"]),
    apply(Kind("vpc_endpoint"), &["ec2:CreateTags", "ec2:CreateVpcEndpoint", "ec2:DeleteVpcEndpoints", "ec2:ModifyVpcEndpoint"]),
    // Source: the Service Authorization Reference, CreateVpcEndpoint: the service's names become a private zone of the VPC.
    besides(Says("vpc_endpoint", "private_dns", "true"), &["route53:AssociateVPCWithHostedZone"]),
    apply(Kind("flow_log"), &["ec2:CreateFlowLogs", "ec2:CreateTags", "ec2:DeleteFlowLogs"]),
    // Source: Amazon VPC's user guide, "Publish flow logs to Amazon S3" and "… to Amazon Data Firehose".
    besides(Kind("flow_log"), &["logs:CreateLogDelivery", "logs:DeleteLogDelivery"]),
    besides(Says("flow_log", "destination", ":firehose:"), &["firehose:TagDeliveryStream"]),
    linked_role(Says("flow_log", "destination", ":firehose:"), "delivery.logs.amazonaws.com"),
    apply(
        Kind("vpc_peering"),
        &["ec2:AcceptVpcPeeringConnection", "ec2:CreateTags", "ec2:CreateVpcPeeringConnection", "ec2:DeleteVpcPeeringConnection"],
    ),
    apply(Kind("transit_gateway"), &["ec2:CreateTags", "ec2:CreateTransitGateway", "ec2:DeleteTransitGateway", "ec2:ModifyTransitGateway"]),
    apply(
        Kind("transit_gateway_attachment"),
        &[
            "ec2:AssociateTransitGatewayRouteTable",
            "ec2:CreateTags",
            "ec2:CreateTransitGatewayVpcAttachment",
            "ec2:DeleteTransitGatewayVpcAttachment",
            "ec2:EnableTransitGatewayRouteTablePropagation",
            "ec2:ModifyTransitGatewayVpcAttachment",
        ],
    ),
    // Source: AWS Transit Gateway, "Use service-linked roles for transit gateways".
    linked_role(Kind("transit_gateway_attachment"), "transitgateway.amazonaws.com"),
    apply(
        Kind("resource_share"),
        &[
            "ram:AssociateResourceShare",
            "ram:CreateResourceShare",
            "ram:DeleteResourceShare",
            "ram:DisassociateResourceShare",
            "ram:TagResource",
            "ram:UpdateResourceShare",
        ],
    ),
    apply(
        Kind("vpn_gateway"),
        &["ec2:AttachVpnGateway", "ec2:CreateTags", "ec2:CreateVpnGateway", "ec2:DeleteVpnGateway", "ec2:DetachVpnGateway"],
    ),
    apply(Kind("customer_gateway"), &["ec2:CreateCustomerGateway", "ec2:CreateTags", "ec2:DeleteCustomerGateway"]),
    apply(
        Kind("vpn_connection"),
        &[
            "ec2:CreateTags",
            "ec2:CreateVpnConnection",
            "ec2:CreateVpnConnectionRoute",
            "ec2:DeleteVpnConnection",
            "ec2:DeleteVpnConnectionRoute",
            "ec2:ModifyVpnConnection",
        ],
    ),
];
