//! Reads connections: the values, as in `world.rs`, and the calls, as in `describe.rs`. overlord reads them only if VPCs have or had
//! connections, and only those that it manages.
//!
//! DescribeVpnConnections returns pre-shared keys, in the configuration for the far end's router. overlord does not read that field.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types;
use aws_sdk_ram::types::{ResourceOwner, ResourceShareAssociationType, ResourceShareStatus, TagFilter};

use super::Tags;
use super::describe::{Ec2Reader, by_id, list, tags, text};
use super::features::VPN;
use super::{customer_gateway, transit_gateway, transit_gateway_attachment, vpc_peering, vpn_connection, vpn_gateway};
use crate::aws::{AwsResult, Error};
use crate::resource::network as kinds;
use crate::resource::pages::whole_list;
use crate::resource::{ADDRESS_TAG, Kind};

/// An account's connections in a Region.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Connected {
    /// Whether any connection was read: then routes here may have targets in other accounts.
    pub asked: bool,
    /// The peerings that this account requested, and that are or can become active.
    pub peerings: BTreeMap<String, Peering>,
    pub attachments: BTreeMap<String, Attachment>,
    pub transit_gateways: BTreeMap<String, TransitGateway>,
    pub vpn_gateways: BTreeMap<String, VpnGateway>,
    pub customer_gateways: BTreeMap<String, CustomerGateway>,
    pub vpn_connections: BTreeMap<String, VpnConnection>,
    /// By ARN.
    pub shares: BTreeMap<String, Share>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Peering {
    pub vpc: String,
    pub peer_vpc: String,
    /// The account of the other side.
    pub peer: String,
    pub status: String,
    pub tags: Tags,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Attachment {
    pub gateway: String,
    pub vpc: String,
    pub subnets: BTreeSet<String>,
    pub tags: Tags,
    /// Whether it uses the gateway's default route table, and propagates its routes to it: the gateway's account reports that.
    pub associated: bool,
    pub propagated: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct TransitGateway {
    pub asn: Option<u32>,
    pub auto_accept: bool,
    pub default_association: bool,
    pub default_propagation: bool,
    pub tags: Tags,
    /// The attachments that use its default route table, and those that propagate routes to it.
    pub associated: BTreeSet<String>,
    pub propagated: BTreeSet<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct VpnGateway {
    pub vpc: Option<String>,
    pub tags: Tags,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct CustomerGateway {
    pub address: String,
    pub asn: u32,
    pub tags: Tags,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct VpnConnection {
    pub far: String,
    pub near: String,
    pub routes: BTreeSet<String>,
    pub tags: Tags,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Share {
    pub name: String,
    /// Ids of OUs, accounts and the organization.
    pub principals: BTreeSet<String>,
    /// Ids of transit gateways and subnets.
    pub resources: BTreeSet<String>,
    pub tags: Tags,
}

impl Connected {
    /// The connection features that exist or existed here: the names in the tag `overlord:with`.
    ///
    /// # Errors
    /// A call failed.
    pub async fn read(ask: &Ec2Reader<'_>, ram: impl Fn() -> aws_sdk_ram::Client, has: impl Fn(&str) -> bool) -> AwsResult<Self> {
        const NAMES: [&str; 5] = [
            kinds::VpcPeering::SPEC.kind,
            kinds::TransitGatewayAttachment::SPEC.kind,
            kinds::TransitGateway::SPEC.kind,
            VPN,
            kinds::ResourceShare::SPEC.kind,
        ];
        let mut read = Self { asked: NAMES.iter().any(|name| has(name)), ..Self::default() };
        if has(kinds::VpcPeering::SPEC.kind) {
            read.peerings = ask.peerings().await?;
        }
        if has(kinds::TransitGatewayAttachment::SPEC.kind) {
            read.attachments = ask.attachments().await?;
        }
        if has(kinds::TransitGateway::SPEC.kind) {
            read.transit_gateways = ask.transit_gateways().await?;
        }
        if has(VPN) {
            (read.vpn_gateways, read.customer_gateways, read.vpn_connections) =
                tokio::try_join!(ask.vpn_gateways(), ask.customer_gateways(), ask.vpn_connections())?;
        }
        if has(kinds::ResourceShare::SPEC.kind) {
            read.shares = shares(&ram()).await?;
        }
        Ok(read)
    }
}

/// Adds to attachments what their gateways' accounts know of them. If that account was not read, nothing is to be done.
pub(super) fn tell_attachments<'c>(all: impl IntoIterator<Item = &'c mut Connected>) {
    let mut all: Vec<&mut Connected> = all.into_iter().collect();
    let hubs: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = all
        .iter()
        .flat_map(|connected| &connected.transit_gateways)
        .map(|(id, gateway)| (id.clone(), (gateway.associated.clone(), gateway.propagated.clone())))
        .collect();
    for (id, attachment) in all.iter_mut().flat_map(|connected| &mut connected.attachments) {
        let known = hubs.get(&attachment.gateway);
        attachment.associated = known.is_none_or(|(associated, _)| associated.contains(id));
        attachment.propagated = known.is_none_or(|(_, propagated)| propagated.contains(id));
    }
}

impl Ec2Reader<'_> {
    async fn peerings(&self) -> AwsResult<BTreeMap<String, Peering>> {
        let request = || self.client.describe_vpc_peering_connections();
        let found =
            list!(request(), vpc_peering_connections, VpcPeeringConnection, vpc_peering_connection_id, "ec2:DescribeVpcPeeringConnections");
        let asked = |peering: &&types::VpcPeeringConnection| {
            let owner = peering.requester_vpc_info().and_then(|vpc| vpc.owner_id());
            owner == Some(self.account) && vpc_peering::ALIVE.contains(&vpc_peering::status_of(peering))
        };
        Ok(by_id(found.iter().filter(asked), |peering| {
            let (near, far) = (peering.requester_vpc_info(), peering.accepter_vpc_info());
            let value = Peering {
                vpc: text(near.and_then(|vpc| vpc.vpc_id())),
                peer_vpc: text(far.and_then(|vpc| vpc.vpc_id())),
                peer: text(far.and_then(|vpc| vpc.owner_id())),
                status: vpc_peering::status_of(peering).to_owned(),
                tags: tags(peering.tags()),
            };
            Some((peering.vpc_peering_connection_id()?, value))
        }))
    }

    async fn attachments(&self) -> AwsResult<BTreeMap<String, Attachment>> {
        let request = || self.client.describe_transit_gateway_vpc_attachments();
        let found = list!(
            request(),
            transit_gateway_vpc_attachments,
            TransitGatewayVpcAttachment,
            transit_gateway_attachment_id,
            "ec2:DescribeTransitGatewayVpcAttachments"
        );
        let own = |attachment: &&types::TransitGatewayVpcAttachment| {
            attachment.vpc_owner_id() == Some(self.account)
                && attachment.state().is_some_and(|state| transit_gateway_attachment::ALIVE.contains(&state.as_str()))
        };
        Ok(by_id(found.iter().filter(own), |attachment| {
            let value = Attachment {
                gateway: text(attachment.transit_gateway_id()),
                vpc: text(attachment.vpc_id()),
                subnets: attachment.subnet_ids().iter().cloned().collect(),
                tags: tags(attachment.tags()),
                ..Attachment::default()
            };
            Some((attachment.transit_gateway_attachment_id()?, value))
        }))
    }

    async fn transit_gateways(&self) -> AwsResult<BTreeMap<String, TransitGateway>> {
        let request = || self.client.describe_transit_gateways();
        let found = list!(request(), transit_gateways, TransitGateway, transit_gateway_id, "ec2:DescribeTransitGateways");
        let own = |gateway: &&types::TransitGateway| {
            gateway.owner_id() == Some(self.account)
                && gateway.state().is_some_and(|state| transit_gateway::ALIVE.contains(&state.as_str()))
                && gateway.tags().iter().any(|tag| tag.key() == Some(ADDRESS_TAG))
        };
        let mut gateways = BTreeMap::new();
        for gateway in found.iter().filter(own) {
            let (Some(id), Some(options)) = (gateway.transit_gateway_id(), gateway.options()) else { continue };
            let is_on = |word: Option<&str>| word == Some("enable");
            let mut value = TransitGateway {
                asn: options.amazon_side_asn().and_then(|asn| u32::try_from(asn).ok()),
                auto_accept: is_on(options.auto_accept_shared_attachments().map(|word| word.as_str())),
                default_association: is_on(options.default_route_table_association().map(|word| word.as_str())),
                default_propagation: is_on(options.default_route_table_propagation().map(|word| word.as_str())),
                tags: tags(gateway.tags()),
                ..TransitGateway::default()
            };
            if let Some(table) = options.association_default_route_table_id() {
                (value.associated, value.propagated) = tokio::try_join!(self.associated(id, table), self.propagated(table))?;
            }
            gateways.insert(id.to_owned(), value);
        }
        Ok(gateways)
    }

    async fn associated(&self, gateway: &str, table: &str) -> AwsResult<BTreeSet<String>> {
        let filter = || super::calls::filter("transit-gateway-id", gateway);
        let request = || self.client.describe_transit_gateway_attachments().filters(filter());
        let found = list!(
            request(),
            transit_gateway_attachments,
            TransitGatewayAttachment,
            transit_gateway_attachment_id,
            "ec2:DescribeTransitGatewayAttachments"
        );
        let has = |attachment: &types::TransitGatewayAttachment| {
            let association = attachment.association();
            let state = association.and_then(|association| association.state()).map_or("", |state| state.as_str());
            association.and_then(|association| association.transit_gateway_route_table_id()) == Some(table)
                && ["associating", "associated"].contains(&state)
        };
        Ok(found.into_iter().filter(has).filter_map(|attachment| attachment.transit_gateway_attachment_id).collect())
    }

    async fn propagated(&self, table: &str) -> AwsResult<BTreeSet<String>> {
        let request = || self.client.get_transit_gateway_route_table_propagations().transit_gateway_route_table_id(table);
        let found = list!(
            request(),
            transit_gateway_route_table_propagations,
            TransitGatewayRouteTablePropagation,
            transit_gateway_attachment_id,
            "ec2:GetTransitGatewayRouteTablePropagations"
        );
        let is_on = |propagation: &types::TransitGatewayRouteTablePropagation| {
            propagation.state().is_some_and(|state| ["enabling", "enabled"].contains(&state.as_str()))
        };
        Ok(found.into_iter().filter(is_on).filter_map(|propagation| propagation.transit_gateway_attachment_id).collect())
    }

    async fn vpn_gateways(&self) -> AwsResult<BTreeMap<String, VpnGateway>> {
        let answer = self.client.describe_vpn_gateways().send().await.map_err(|e| Error::sdk("ec2:DescribeVpnGateways", &e))?;
        let lives = |gateway: &&types::VpnGateway| gateway.state().is_some_and(|state| vpn_gateway::ALIVE.contains(&state.as_str()));
        Ok(by_id(answer.vpn_gateways().iter().filter(lives), |gateway| {
            let holds = |attachment: &&types::VpcAttachment| {
                attachment.state().is_some_and(|state| ["attaching", "attached"].contains(&state.as_str()))
            };
            let vpc = gateway.vpc_attachments().iter().find(holds).and_then(|attachment| attachment.vpc_id.clone());
            Some((gateway.vpn_gateway_id()?, VpnGateway { vpc, tags: tags(gateway.tags()) }))
        }))
    }

    async fn customer_gateways(&self) -> AwsResult<BTreeMap<String, CustomerGateway>> {
        let answer = self.client.describe_customer_gateways().send().await.map_err(|e| Error::sdk("ec2:DescribeCustomerGateways", &e))?;
        let lives = |gateway: &&types::CustomerGateway| gateway.state().is_some_and(|state| customer_gateway::ALIVE.contains(&state));
        Ok(by_id(answer.customer_gateways().iter().filter(lives), |gateway| {
            let asn = gateway.bgp_asn_extended().or(gateway.bgp_asn()).and_then(|asn| asn.parse().ok());
            let value = CustomerGateway { address: text(gateway.ip_address()), asn: asn.unwrap_or_default(), tags: tags(gateway.tags()) };
            Some((gateway.customer_gateway_id()?, value))
        }))
    }

    async fn vpn_connections(&self) -> AwsResult<BTreeMap<String, VpnConnection>> {
        let answer = self.client.describe_vpn_connections().send().await.map_err(|e| Error::sdk("ec2:DescribeVpnConnections", &e))?;
        let lives =
            |connection: &&types::VpnConnection| connection.state().is_some_and(|state| !vpn_connection::DEAD.contains(&state.as_str()));
        Ok(by_id(answer.vpn_connections().iter().filter(lives), |connection| {
            let there = |route: &&types::VpnStaticRoute| route.state().is_some_and(|state| !vpn_connection::DEAD.contains(&state.as_str()));
            let value = VpnConnection {
                far: text(connection.customer_gateway_id()),
                near: text(connection.vpn_gateway_id()),
                routes: connection.routes().iter().filter(there).filter_map(|route| route.destination_cidr_block.clone()).collect(),
                tags: tags(connection.tags()),
            };
            Some((connection.vpn_connection_id()?, value))
        }))
    }
}

/// The managed shares of an account.
async fn shares(ram: &aws_sdk_ram::Client) -> AwsResult<BTreeMap<String, Share>> {
    let ours = || TagFilter::builder().tag_key(ADDRESS_TAG).build();
    let found = whole_list(
        "ram:GetResourceShares",
        |share: &aws_sdk_ram::types::ResourceShare| share.resource_share_arn(),
        |token| {
            let request = ram.get_resource_shares().resource_owner(ResourceOwner::SelfValue).tag_filters(ours());
            let page = request.set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk("ram:GetResourceShares", &e))?;
                Ok((page.resource_shares, page.next_token))
            }
        },
    )
    .await?;
    let mut shares = BTreeMap::new();
    for share in found {
        let lives = matches!(share.status(), Some(ResourceShareStatus::Active | ResourceShareStatus::Pending));
        let Some(arn) = share.resource_share_arn().filter(|_| lives) else { continue };
        let (principals, resources) = tokio::try_join!(
            associations(ram, arn, ResourceShareAssociationType::Principal),
            associations(ram, arn, ResourceShareAssociationType::Resource)
        )?;
        let tags = share.tags().iter().filter_map(|tag| Some((tag.key.clone()?, tag.value.clone().unwrap_or_default()))).collect();
        shares.insert(arn.to_owned(), Share { name: text(share.name()), principals, resources, tags });
    }
    Ok(shares)
}

/// The ids of a share's principals or resources: the last part of their ARNs, or the id of an account.
async fn associations(ram: &aws_sdk_ram::Client, share: &str, kind: ResourceShareAssociationType) -> AwsResult<BTreeSet<String>> {
    let found = whole_list(
        "ram:GetResourceShareAssociations",
        |association: &aws_sdk_ram::types::ResourceShareAssociation| association.associated_entity(),
        |token| {
            let request = ram.get_resource_share_associations().association_type(kind.clone()).resource_share_arns(share);
            let page = request.set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk("ram:GetResourceShareAssociations", &e))?;
                Ok((page.resource_share_associations, page.next_token))
            }
        },
    )
    .await?;
    let there = |association: &aws_sdk_ram::types::ResourceShareAssociation| {
        association.status().is_some_and(|status| ["ASSOCIATING", "ASSOCIATED"].contains(&status.as_str()))
    };
    let entities = found.into_iter().filter(there).filter_map(|association| association.associated_entity);
    Ok(entities.map(|entity| entity.rsplit('/').next().unwrap_or_default().to_owned()).collect())
}
