//! `subnet`: a subnet in one zone, and which route table it uses.

use aws_sdk_ec2::types::{ResourceType, Subnet as Live, SubnetCidrBlockStateCode};
use serde::{Deserialize, Serialize};

use super::calls::{ResourceClient, SETTLING, filter, first, is_missing};
use super::ipv6;
use super::{Tags, tags_differ};
use crate::address::Reference;
use crate::aws::{AwsResult, Error};
use crate::resource::{AttributeSpec, Context, Deletes, EventSpec, Kind, KindSpec, Need, OnChange, Says, Weight};

/// The attributes of a `subnet`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubnetAttributes {
    /// Its addresses.
    pub cidr: String,
    /// Which /64 of its VPC's /56 it has; `None` without IPv6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<u8>,
    /// The route table that it is associated with; `None` for the VPC's main one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route_table: Option<Reference>,
    /// `Name` and the declared tags.
    pub tags: Tags,
    /// Its VPC.
    pub vpc: Reference,
    /// The ID of its availability zone: `euw1-az1`.
    pub zone: String,
}

/// The kind.
pub struct Subnet;

impl Kind for Subnet {
    type Attributes = SubnetAttributes;
    const SPEC: KindSpec = KindSpec {
        kind: "subnet",
        summary: "a subnet in one zone, with its route table",
        attributes: &[
            AttributeSpec::new("cidr", OnChange::Forbidden("a subnet keeps its block for life: remove it and add another tier")),
            AttributeSpec::new("ipv6", OnChange::Update),
            AttributeSpec::new("route_table", OnChange::Update),
            AttributeSpec::new("tags", OnChange::Update).weighs(Weight::Cosmetic),
            AttributeSpec::new("vpc", OnChange::Forbidden("remove it and make it in the other VPC")),
            AttributeSpec::new(
                "zone",
                OnChange::Forbidden(
                    "a subnet keeps its zone for life: delete it in AWS once nothing is in it, and the next run makes another one",
                ),
            ),
        ],
        weight: Weight::Network,
        part_of: super::PART_OF_VPC,
        needs: &[
            Need::apply(&[
                "ec2:AssociateRouteTable",
                "ec2:AssociateSubnetCidrBlock",
                "ec2:CreateSubnet",
                "ec2:CreateTags",
                "ec2:DisassociateRouteTable",
                "ec2:DisassociateSubnetCidrBlock",
                "ec2:ReplaceRouteTableAssociation",
            ]),
            Need::delete(Deletes::Addressed, &["ec2:DeleteSubnet"]),
        ],
        events: &[
            super::TAG_SET,
            super::TAG_REMOVED,
            // One request names the subnet and its table, the others name the association, and at most the new table.
            EventSpec::changed(&["route_table"], &["ec2:AssociateRouteTable"]).saying(Says::ResourceAndValue),
            EventSpec::changed(&["route_table"], &["ec2:ReplaceRouteTableAssociation"]).saying(Says::Value),
            EventSpec::changed(&["route_table"], &["ec2:DisassociateRouteTable"]).saying(Says::Nothing),
            EventSpec::changed(&["ipv6"], &["ec2:AssociateSubnetCidrBlock", "ec2:DisassociateSubnetCidrBlock"]),
            EventSpec::gone(&["ec2:DeleteSubnet"]).created_by("ec2:CreateSubnet"),
        ],
        ..KindSpec::BASE
    };

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let calls: Vec<&str> = match (before, after) {
            (None, Some(after)) => {
                let associate = after.route_table.is_some().then_some("ec2:AssociateRouteTable");
                std::iter::once("ec2:CreateSubnet").chain(associate).collect()
            }
            (Some(before), Some(after)) => {
                let route_table = match (&before.route_table, &after.route_table) {
                    (None, Some(_)) => Some("ec2:AssociateRouteTable"),
                    (Some(_), None) => Some("ec2:DisassociateRouteTable"),
                    (before, after) => (before != after).then_some("ec2:ReplaceRouteTableAssociation"),
                };
                let ipv6 = (before.ipv6 != after.ipv6).then_some((before.ipv6, after.ipv6));
                let off = ipv6.and_then(|(before, _)| before).map(|_| "ec2:DisassociateSubnetCidrBlock");
                let on = ipv6.and_then(|(_, after)| after).map(|_| "ec2:AssociateSubnetCidrBlock");
                let tags = tags_differ(&before.tags, &after.tags).then_some("ec2:CreateTags");
                route_table.into_iter().chain(off).chain(on).chain(tags).collect()
            }
            (Some(_), None) => vec!["ec2:DeleteSubnet"],
            (None, None) => Vec::new(),
        };
        calls.into_iter().map(str::to_owned).collect()
    }

    async fn create(context: &Context, after: Self::Attributes) -> Result<String, Error> {
        let resource_client = ResourceClient::of(context).await?;
        let vpc = resource_client.resolve(&after.vpc)?;
        let block = match after.ipv6 {
            Some(index) => Some(ipv6::subnet_block(&ipv6::vpc_block(&resource_client, &vpc).await?, index)?),
            None => None,
        };
        let make = || async {
            let request = resource_client.client.create_subnet().vpc_id(&vpc).cidr_block(&after.cidr).availability_zone_id(&after.zone);
            let request = request.set_ipv6_cidr_block(block.clone());
            let request = request.tag_specifications(resource_client.creation_tags(ResourceType::Subnet, &after.tags));
            let answer = resource_client.map_sdk_error("ec2:CreateSubnet", request.send().await)?;
            resource_client.id("ec2:CreateSubnet", answer.subnet.and_then(|subnet| subnet.subnet_id))
        };
        let find = || async {
            let request = resource_client.client.describe_subnets().filters(resource_client.ours()).filters(filter("vpc-id", &vpc));
            let subnets = resource_client
                .map_sdk_error("ec2:DescribeSubnets", request.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await)?;
            Ok(first(subnets.into_iter().filter(|subnet| resource_client.is_ours(subnet.tags())).map(|subnet| subnet.subnet_id)))
        };
        let id = match resource_client.retry_not_found(make).await {
            // Created by a request whose answer was lost; or an unmanaged one in the same range.
            Err(e) if e.is(&["InvalidSubnet.Conflict"]) => resource_client.found(&e, find).await?,
            result => result?,
        };
        if let Some(table) = &after.route_table {
            associate(&resource_client, &id, &resource_client.resolve(table)?).await?;
        }
        Ok(id)
    }

    async fn update(context: &Context, id: &str, before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        let resource_client = ResourceClient::of(context).await?;
        if before.route_table != after.route_table {
            let table = after.route_table.as_ref().map(|table| resource_client.resolve(table)).transpose()?;
            lead(&resource_client, id, table.as_deref()).await?;
        }
        if before.ipv6 != after.ipv6 {
            if before.ipv6.is_some() {
                take_ipv6(&resource_client, id).await?;
            }
            if let Some(index) = after.ipv6 {
                give_ipv6(
                    &resource_client,
                    id,
                    &ipv6::subnet_block(&ipv6::vpc_block(&resource_client, &resource_client.resolve(&after.vpc)?).await?, index)?,
                )
                .await?;
            }
        }
        resource_client.retag(id, &before.tags, &after.tags).await
    }

    async fn delete(context: &Context, id: &str, _before: Self::Attributes) -> AwsResult<()> {
        let resource_client = ResourceClient::of(context).await?;
        let delete = || async {
            resource_client.map_sdk_error("ec2:DeleteSubnet", resource_client.client.delete_subnet().subnet_id(id).send().await).map(drop)
        };
        resource_client.deleted(Some(filter("subnet-id", id)), delete).await
    }
}

/// Associates a new subnet with its table.
async fn associate(resource_client: &ResourceClient<'_>, id: &str, table: &str) -> AwsResult<()> {
    let send = || async {
        let answer = resource_client.client.associate_route_table().route_table_id(table).subnet_id(id).send().await;
        resource_client.map_sdk_error("ec2:AssociateRouteTable", answer).map(drop)
    };
    match resource_client.retry_not_found(send).await {
        // By a request whose answer was lost, or by an earlier run.
        Err(e) if e.is(&["Resource.AlreadyAssociated"]) => lead(resource_client, id, Some(table)).await,
        result => result,
    }
}

/// Associates the subnet with a table, or with the VPC's main one, from whichever it uses now. If the read was older than the last
/// change, AWS refuses, and it is read again.
async fn lead(resource_client: &ResourceClient<'_>, id: &str, wanted: Option<&str>) -> AwsResult<()> {
    let client = &resource_client.client;
    let turn = || async {
        let pages = client.describe_route_tables().filters(filter("association.subnet-id", id)).into_paginator().items().send();
        let tables = resource_client.map_sdk_error("ec2:DescribeRouteTables", pages.collect::<Result<Vec<_>, _>>().await)?;
        let mut all = tables.iter().flat_map(|table| table.associations());
        let now = all.find(|association| association.subnet_id() == Some(id));
        let association = now.and_then(|now| now.route_table_association_id()).unwrap_or_default();
        match (now.and_then(|now| now.route_table_id()), wanted) {
            (now, wanted) if now == wanted => Ok(()),
            (None, Some(table)) => {
                let answer = client.associate_route_table().route_table_id(table).subnet_id(id).send().await;
                resource_client.map_sdk_error("ec2:AssociateRouteTable", answer).map(drop)
            }
            (Some(_), Some(table)) => {
                let answer = client.replace_route_table_association().association_id(association).route_table_id(table).send().await;
                resource_client.map_sdk_error("ec2:ReplaceRouteTableAssociation", answer).map(drop)
            }
            (_, None) => {
                let answer = client.disassociate_route_table().association_id(association).send().await;
                resource_client.map_sdk_error("ec2:DisassociateRouteTable", answer).map(drop)
            }
        }
    };
    let ask = || async {
        match turn().await {
            Err(e) if is_missing(&e) || e.is(&["Resource.AlreadyAssociated"]) => Ok(None),
            result => result.map(Some),
        }
    };
    resource_client.wait("the route table of the subnet to change", SETTLING, ask).await
}

/// The subnet with its IPv6 blocks.
async fn describe(resource_client: &ResourceClient<'_>, id: &str) -> AwsResult<Option<Live>> {
    let pages = resource_client.client.describe_subnets().filters(filter("subnet-id", id)).into_paginator().items().send();
    let subnets = resource_client.map_sdk_error("ec2:DescribeSubnets", pages.collect::<Result<Vec<_>, _>>().await)?;
    Ok(subnets.into_iter().next())
}

/// The IPv6 blocks that the subnet has or is about to get, with the ids of their associations.
fn blocks(subnet: &Live) -> Vec<(String, String, bool)> {
    let blocks = subnet.ipv6_cidr_block_association_set().iter().filter_map(|association| {
        let state = association.ipv6_cidr_block_state().and_then(|state| state.state());
        let is_there = match state {
            Some(SubnetCidrBlockStateCode::Associated) => true,
            Some(SubnetCidrBlockStateCode::Associating | SubnetCidrBlockStateCode::Disassociating) => false,
            _ => return None,
        };
        Some((association.ipv6_cidr_block.clone()?, association.association_id.clone()?, is_there))
    });
    blocks.collect()
}

/// Removes the subnet's IPv6 block and waits until it is gone.
async fn take_ipv6(resource_client: &ResourceClient<'_>, id: &str) -> AwsResult<()> {
    let ask = || async {
        let Some(subnet) = describe(resource_client, id).await? else { return Ok(Some(())) };
        let blocks = blocks(&subnet);
        for (_, association, _) in blocks.iter().filter(|(_, _, is_there)| *is_there) {
            let answer = resource_client.client.disassociate_subnet_cidr_block().association_id(association).send().await;
            match resource_client.map_sdk_error("ec2:DisassociateSubnetCidrBlock", answer) {
                Err(e) if is_missing(&e) => {}
                result => result.map(drop)?,
            }
        }
        Ok(blocks.is_empty().then_some(()))
    };
    resource_client.wait("the IPv6 block of the subnet to go", SETTLING, ask).await
}

/// Adds an IPv6 block to the subnet and waits until it is associated.
async fn give_ipv6(resource_client: &ResourceClient<'_>, id: &str, block: &str) -> AwsResult<()> {
    let send = || async {
        let answer = resource_client.client.associate_subnet_cidr_block().subnet_id(id).ipv6_cidr_block(block).send().await;
        resource_client.map_sdk_error("ec2:AssociateSubnetCidrBlock", answer).map(drop)
    };
    let has = || async {
        let blocks = describe(resource_client, id).await?.map(|subnet| blocks(&subnet)).unwrap_or_default();
        Ok(blocks.iter().any(|(live, _, is_there)| *is_there && live == block).then(String::new))
    };
    match resource_client.retry_not_found(send).await {
        // By a request whose answer was lost; or another subnet has it.
        Err(e) if e.is(&["InvalidSubnet.Conflict"]) => resource_client.found(&e, has).await.map(drop),
        result => {
            result?;
            resource_client.wait("the IPv6 block of the subnet", SETTLING, has).await.map(drop)
        }
    }
}
