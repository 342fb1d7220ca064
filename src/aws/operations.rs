//! The operations that overlord can call: which exist, which are read-only, and which may be sent twice. The read-only check, the
//! least-privilege IAM policies and the documentation come from this list. The request gate refuses all other operations, so the list is
//! complete by construction.

/// What an operation does to AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It changes nothing.
    Read,
    /// It changes something.
    Write,
}

/// What happens if the same request takes effect twice because the first answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// The second does nothing.
    Idempotent,
    /// AWS refuses the second: a duplicate, or nothing left to do. The kind treats that refusal as success.
    Refused,
    /// The second creates another resource, or undoes the first: it is never sent again unless AWS said that the first had no effect.
    Doubles,
}

/// Whether AWS keeps one token bucket per account, or one per account and Region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One endpoint for all Regions: Organizations, Account Management, IAM.
    Global,
    /// An endpoint per Region: STS, EC2, RAM, CloudTrail, Config, the Tagging API.
    Regional,
}

/// One service: a row for all that differs between services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// The prefix of its actions in policies: `config`.
    pub prefix: &'static str,
    /// What the SDK calls it: `Config Service`. `AWS_ENDPOINT_URL_…` and `[services]` of a profile have this name too.
    pub sdk_name: &'static str,
    /// Whether it has one endpoint, or one in each Region.
    pub scope: Scope,
}

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// `organizations`.
    pub service: &'static str,
    /// `CreateAccount`.
    pub name: &'static str,
    /// Read or write.
    pub effect: Effect,
    /// What happens if it is sent twice.
    pub repeat: Repeat,
    /// The scope of its token bucket.
    pub scope: Scope,
}

/// The service that the SDK calls so, if overlord may call it.
pub fn service_of_sdk(sdk_name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.sdk_name == sdk_name)
}

/// The operation of that name, if overlord may call it.
pub fn lookup(service: &str, name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|o| o.service == service && o.name == name)
}

/// Whether a service has one endpoint for all Regions; `None` if overlord calls none of its operations.
pub fn scope_of(service: &str) -> Option<Scope> {
    OPERATIONS.iter().find(|operation| operation.service == service).map(|operation| operation.scope)
}

macro_rules! operations {
    ($($service:literal $sdk_name:literal $scope:ident $krate:ident { $($module:ident $name:ident $effect:ident $repeat:ident,)* })*) => {
        /// Every service.
        pub static SERVICES: &[Service] = &[$(Service { prefix: $service, sdk_name: $sdk_name, scope: Scope::$scope },)*];

        /// Every operation, by service.
        pub static OPERATIONS: &[Operation] = &[$($(
            Operation {
                service: $service,
                name: stringify!($name),
                effect: Effect::$effect,
                repeat: Repeat::$repeat,
                scope: Scope::$scope,
            },
        )*)*];

        /// Compiles only while the SDK has every operation by this name.
        #[cfg(test)]
        #[allow(dead_code)]
        type InTheSdk = ($(($($krate::operation::$module::$name,)*),)*);
    };
}

operations! {
    "organizations" "Organizations" Global aws_sdk_organizations {
        describe_account DescribeAccount Read Idempotent,
        describe_create_account_status DescribeCreateAccountStatus Read Idempotent,
        describe_effective_policy DescribeEffectivePolicy Read Idempotent,
        describe_organization DescribeOrganization Read Idempotent,
        describe_policy DescribePolicy Read Idempotent,
        list_accounts ListAccounts Read Idempotent,
        list_accounts_for_parent ListAccountsForParent Read Idempotent,
        list_aws_service_access_for_organization ListAWSServiceAccessForOrganization Read Idempotent,
        list_create_account_status ListCreateAccountStatus Read Idempotent,
        list_delegated_administrators ListDelegatedAdministrators Read Idempotent,
        list_delegated_services_for_account ListDelegatedServicesForAccount Read Idempotent,
        list_handshakes_for_account ListHandshakesForAccount Read Idempotent,
        list_handshakes_for_organization ListHandshakesForOrganization Read Idempotent,
        list_organizational_units_for_parent ListOrganizationalUnitsForParent Read Idempotent,
        list_parents ListParents Read Idempotent,
        list_policies ListPolicies Read Idempotent,
        list_policies_for_target ListPoliciesForTarget Read Idempotent,
        list_roots ListRoots Read Idempotent,
        list_tags_for_resource ListTagsForResource Read Idempotent,
        list_targets_for_policy ListTargetsForPolicy Read Idempotent,
        accept_handshake AcceptHandshake Write Refused,
        attach_policy AttachPolicy Write Refused,
        cancel_handshake CancelHandshake Write Refused,
        close_account CloseAccount Write Refused,
        create_account CreateAccount Write Doubles,
        create_organization CreateOrganization Write Refused,
        create_organizational_unit CreateOrganizationalUnit Write Refused,
        create_policy CreatePolicy Write Refused,
        delete_organizational_unit DeleteOrganizationalUnit Write Refused,
        delete_policy DeletePolicy Write Refused,
        deregister_delegated_administrator DeregisterDelegatedAdministrator Write Refused,
        detach_policy DetachPolicy Write Refused,
        enable_all_features EnableAllFeatures Write Refused,
        enable_aws_service_access EnableAWSServiceAccess Write Idempotent,
        enable_policy_type EnablePolicyType Write Refused,
        invite_account_to_organization InviteAccountToOrganization Write Refused,
        move_account MoveAccount Write Refused,
        register_delegated_administrator RegisterDelegatedAdministrator Write Refused,
        remove_account_from_organization RemoveAccountFromOrganization Write Refused,
        tag_resource TagResource Write Idempotent,
        untag_resource UntagResource Write Idempotent,
        update_organizational_unit UpdateOrganizationalUnit Write Idempotent,
        update_policy UpdatePolicy Write Idempotent,
    }
    "account" "Account" Global aws_sdk_account {
        get_alternate_contact GetAlternateContact Read Idempotent,
        get_contact_information GetContactInformation Read Idempotent,
        get_region_opt_status GetRegionOptStatus Read Idempotent,
        list_regions ListRegions Read Idempotent,
        enable_region EnableRegion Write Refused,
        accept_primary_email_update AcceptPrimaryEmailUpdate Write Refused,
        put_account_name PutAccountName Write Idempotent,
        put_alternate_contact PutAlternateContact Write Idempotent,
        put_contact_information PutContactInformation Write Idempotent,
        start_primary_email_update StartPrimaryEmailUpdate Write Doubles,
    }
    "ec2" "EC2" Regional aws_sdk_ec2 {
        describe_availability_zones DescribeAvailabilityZones Read Idempotent,
        describe_addresses DescribeAddresses Read Idempotent,
        describe_customer_gateways DescribeCustomerGateways Read Idempotent,
        describe_dhcp_options DescribeDhcpOptions Read Idempotent,
        describe_egress_only_internet_gateways DescribeEgressOnlyInternetGateways Read Idempotent,
        describe_flow_logs DescribeFlowLogs Read Idempotent,
        describe_internet_gateways DescribeInternetGateways Read Idempotent,
        describe_nat_gateways DescribeNatGateways Read Idempotent,
        describe_network_acls DescribeNetworkAcls Read Idempotent,
        describe_network_interfaces DescribeNetworkInterfaces Read Idempotent,
        describe_route_tables DescribeRouteTables Read Idempotent,
        describe_security_groups DescribeSecurityGroups Read Idempotent,
        describe_subnets DescribeSubnets Read Idempotent,
        describe_tags DescribeTags Read Idempotent,
        describe_transit_gateway_attachments DescribeTransitGatewayAttachments Read Idempotent,
        describe_transit_gateway_vpc_attachments DescribeTransitGatewayVpcAttachments Read Idempotent,
        describe_transit_gateways DescribeTransitGateways Read Idempotent,
        describe_vpc_attribute DescribeVpcAttribute Read Idempotent,
        describe_vpc_endpoint_services DescribeVpcEndpointServices Read Idempotent,
        describe_vpc_endpoints DescribeVpcEndpoints Read Idempotent,
        describe_vpc_peering_connections DescribeVpcPeeringConnections Read Idempotent,
        describe_vpcs DescribeVpcs Read Idempotent,
        describe_vpn_connections DescribeVpnConnections Read Idempotent,
        describe_vpn_gateways DescribeVpnGateways Read Idempotent,
        get_ebs_encryption_by_default GetEbsEncryptionByDefault Read Idempotent,
        get_transit_gateway_route_table_propagations GetTransitGatewayRouteTablePropagations Read Idempotent,
        accept_vpc_peering_connection AcceptVpcPeeringConnection Write Refused,
        allocate_address AllocateAddress Write Doubles,
        associate_dhcp_options AssociateDhcpOptions Write Idempotent,
        associate_route_table AssociateRouteTable Write Idempotent,
        associate_subnet_cidr_block AssociateSubnetCidrBlock Write Refused,
        associate_transit_gateway_route_table AssociateTransitGatewayRouteTable Write Refused,
        associate_vpc_cidr_block AssociateVpcCidrBlock Write Doubles,
        attach_internet_gateway AttachInternetGateway Write Refused,
        attach_vpn_gateway AttachVpnGateway Write Idempotent,
        authorize_security_group_ingress AuthorizeSecurityGroupIngress Write Refused,
        create_customer_gateway CreateCustomerGateway Write Doubles,
        create_dhcp_options CreateDhcpOptions Write Doubles,
        create_egress_only_internet_gateway CreateEgressOnlyInternetGateway Write Idempotent,
        create_flow_logs CreateFlowLogs Write Refused,
        create_internet_gateway CreateInternetGateway Write Doubles,
        create_nat_gateway CreateNatGateway Write Idempotent,
        create_route CreateRoute Write Refused,
        create_route_table CreateRouteTable Write Doubles,
        create_security_group CreateSecurityGroup Write Refused,
        create_subnet CreateSubnet Write Refused,
        create_tags CreateTags Write Idempotent,
        create_transit_gateway CreateTransitGateway Write Doubles,
        create_transit_gateway_vpc_attachment CreateTransitGatewayVpcAttachment Write Refused,
        create_vpc CreateVpc Write Doubles,
        create_vpc_endpoint CreateVpcEndpoint Write Idempotent,
        create_vpc_peering_connection CreateVpcPeeringConnection Write Refused,
        create_vpn_connection CreateVpnConnection Write Doubles,
        create_vpn_connection_route CreateVpnConnectionRoute Write Idempotent,
        create_vpn_gateway CreateVpnGateway Write Doubles,
        delete_customer_gateway DeleteCustomerGateway Write Refused,
        delete_dhcp_options DeleteDhcpOptions Write Refused,
        delete_egress_only_internet_gateway DeleteEgressOnlyInternetGateway Write Refused,
        delete_flow_logs DeleteFlowLogs Write Refused,
        delete_internet_gateway DeleteInternetGateway Write Refused,
        delete_nat_gateway DeleteNatGateway Write Refused,
        delete_route DeleteRoute Write Refused,
        delete_route_table DeleteRouteTable Write Refused,
        delete_security_group DeleteSecurityGroup Write Refused,
        delete_subnet DeleteSubnet Write Refused,
        delete_transit_gateway DeleteTransitGateway Write Refused,
        delete_transit_gateway_vpc_attachment DeleteTransitGatewayVpcAttachment Write Refused,
        delete_vpc DeleteVpc Write Refused,
        delete_vpc_endpoints DeleteVpcEndpoints Write Refused,
        delete_vpc_peering_connection DeleteVpcPeeringConnection Write Refused,
        delete_vpn_connection DeleteVpnConnection Write Refused,
        delete_vpn_connection_route DeleteVpnConnectionRoute Write Refused,
        delete_vpn_gateway DeleteVpnGateway Write Refused,
        detach_internet_gateway DetachInternetGateway Write Refused,
        detach_vpn_gateway DetachVpnGateway Write Refused,
        disable_vgw_route_propagation DisableVgwRoutePropagation Write Refused,
        disassociate_route_table DisassociateRouteTable Write Refused,
        disassociate_subnet_cidr_block DisassociateSubnetCidrBlock Write Refused,
        enable_ebs_encryption_by_default EnableEbsEncryptionByDefault Write Idempotent,
        enable_transit_gateway_route_table_propagation EnableTransitGatewayRouteTablePropagation Write Refused,
        enable_vgw_route_propagation EnableVgwRoutePropagation Write Idempotent,
        modify_transit_gateway ModifyTransitGateway Write Idempotent,
        modify_transit_gateway_vpc_attachment ModifyTransitGatewayVpcAttachment Write Idempotent,
        modify_vpc_attribute ModifyVpcAttribute Write Idempotent,
        modify_vpc_endpoint ModifyVpcEndpoint Write Refused,
        modify_vpn_connection ModifyVpnConnection Write Idempotent,
        release_address ReleaseAddress Write Refused,
        replace_route ReplaceRoute Write Idempotent,
        replace_route_table_association ReplaceRouteTableAssociation Write Refused,
        revoke_security_group_egress RevokeSecurityGroupEgress Write Refused,
        revoke_security_group_ingress RevokeSecurityGroupIngress Write Refused,
    }
    "ram" "RAM" Regional aws_sdk_ram {
        get_resource_shares GetResourceShares Read Idempotent,
        get_resource_share_associations GetResourceShareAssociations Read Idempotent,
        associate_resource_share AssociateResourceShare Write Idempotent,
        create_resource_share CreateResourceShare Write Idempotent,
        delete_resource_share DeleteResourceShare Write Refused,
        disassociate_resource_share DisassociateResourceShare Write Idempotent,
        enable_sharing_with_aws_organization EnableSharingWithAwsOrganization Write Idempotent,
        tag_resource TagResource Write Idempotent,
        update_resource_share UpdateResourceShare Write Idempotent,
    }
    "iam" "IAM" Global aws_sdk_iam {
        get_login_profile GetLoginProfile Read Idempotent,
        get_role GetRole Read Idempotent,
        list_access_keys ListAccessKeys Read Idempotent,
        list_account_aliases ListAccountAliases Read Idempotent,
        list_attached_role_policies ListAttachedRolePolicies Read Idempotent,
        list_mfa_devices ListMFADevices Read Idempotent,
        list_organizations_features ListOrganizationsFeatures Read Idempotent,
        list_signing_certificates ListSigningCertificates Read Idempotent,
        simulate_custom_policy SimulateCustomPolicy Read Idempotent,
        attach_role_policy AttachRolePolicy Write Idempotent,
        create_account_alias CreateAccountAlias Write Refused,
        create_role CreateRole Write Refused,
        deactivate_mfa_device DeactivateMFADevice Write Refused,
        delete_access_key DeleteAccessKey Write Refused,
        delete_login_profile DeleteLoginProfile Write Refused,
        delete_signing_certificate DeleteSigningCertificate Write Refused,
        enable_organizations_root_credentials_management EnableOrganizationsRootCredentialsManagement Write Idempotent,
        enable_organizations_root_sessions EnableOrganizationsRootSessions Write Idempotent,
    }
    "cloudtrail" "CloudTrail" Regional aws_sdk_cloudtrail {
        lookup_events LookupEvents Read Idempotent,
    }
    "config" "Config Service" Regional aws_sdk_config {
        describe_configuration_aggregator_sources_status DescribeConfigurationAggregatorSourcesStatus Read Idempotent,
        describe_configuration_aggregators DescribeConfigurationAggregators Read Idempotent,
        select_aggregate_resource_config SelectAggregateResourceConfig Read Idempotent,
    }
    "tag" "Resource Groups Tagging API" Regional aws_sdk_resourcegroupstagging {
        get_resources GetResources Read Idempotent,
    }
    "sts" "STS" Regional aws_sdk_sts {
        assume_role AssumeRole Read Idempotent,
        assume_root AssumeRoot Read Idempotent,
        assume_role_with_web_identity AssumeRoleWithWebIdentity Read Idempotent,
        get_caller_identity GetCallerIdentity Read Idempotent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::LIMITS;

    #[test]
    fn every_published_rate_is_of_an_operation_in_the_table() {
        for (service, rates) in &LIMITS.rates {
            for name in rates.keys() {
                assert!(lookup(service, name).is_some(), "{service}:{name} has a rate and is not in the table");
            }
        }
    }

    #[test]
    fn names_say_what_the_table_says() {
        for operation in OPERATIONS {
            let sounds_like_a_read =
                ["List", "Describe", "Get", "Lookup", "AssumeRo", "Select", "Simulate"].iter().any(|p| operation.name.starts_with(p));
            let expected = if sounds_like_a_read { Effect::Read } else { Effect::Write };
            assert_eq!(operation.effect, expected, "{}", operation.name);
            assert!(operation.effect == Effect::Write || operation.repeat == Repeat::Idempotent, "{}", operation.name);
        }
    }

    /// That the SDK's names are right shows wherever a service is called: the request gate refuses what is in no table.
    #[test]
    fn every_operation_is_of_one_service_of_the_table() {
        let mut prefixes: Vec<_> = SERVICES.iter().map(|service| service.prefix).collect();
        let mut sdk_names: Vec<_> = SERVICES.iter().map(|service| service.sdk_name).collect();
        for names in [&mut prefixes, &mut sdk_names] {
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), SERVICES.len(), "a service stands twice");
        }
        for operation in OPERATIONS {
            let service = SERVICES.iter().find(|service| service.prefix == operation.service).unwrap();
            assert_eq!(service_of_sdk(service.sdk_name).map(|service| service.scope), Some(operation.scope), "{}", operation.name);
        }
    }

    #[test]
    fn no_operation_stands_twice() {
        let mut names: Vec<_> = OPERATIONS.iter().map(|o| (o.service, o.name)).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), OPERATIONS.len());
    }
}
