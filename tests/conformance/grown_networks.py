"""VPCs that overlord did not make, built with boto3 in accounts that it did not make either: as the console's "VPC and more" makes them, and nearly so.

usage: grown_networks.py          builds them
       grown_networks.py count    tells how many VPCs, subnets, gateways and NAT gateways there are, default VPCs aside
"""

import json
import sys

import boto3

from accounts import account, enter

REGION = "eu-west-1"
organizations = boto3.client("organizations")


def ec2(account):
    return enter(account).client("ec2", region_name=REGION)


def named(kind, name):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def table(ec2, vpc, name, subnets, **target):
    made = ec2.create_route_table(VpcId=vpc, TagSpecifications=named("route-table", name))["RouteTable"]["RouteTableId"]
    for subnet in subnets:
        ec2.associate_route_table(RouteTableId=made, SubnetId=subnet)
    if target:
        ec2.create_route(RouteTableId=made, DestinationCidrBlock="0.0.0.0/0", **target)
    return made


def build(ec2, second, public=("0.0/20", "16.0/20"), private=("128.0/20", "144.0/20"), one_private_table=False):
    """10.<second>.0.0/16 with subnets in two zones, and a NAT gateway in the first one."""
    vpc = ec2.create_vpc(CidrBlock=f"10.{second}.0.0/16", TagSpecifications=named("vpc", f"project-{second}-vpc"))["Vpc"]["VpcId"]
    zones = [zone["ZoneId"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]][:2]

    def subnets(name, blocks):
        for place, (zone, block) in enumerate(zip(zones, blocks)):
            tags = named("subnet", f"project-{name}{place}")
            made = ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.{second}.{block}", AvailabilityZoneId=zone, TagSpecifications=tags)
            yield made["Subnet"]["SubnetId"]

    public, private = list(subnets("public", public)), list(subnets("private", private))
    gateway = ec2.create_internet_gateway(TagSpecifications=named("internet-gateway", "project-igw"))["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table(ec2, vpc, "project-rtb-public", public, GatewayId=gateway)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=public[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[nat])
    if one_private_table:
        table(ec2, vpc, "project-rtb-private", private, NatGatewayId=nat)
    else:
        for place, subnet in enumerate(private):
            table(ec2, vpc, f"project-rtb-private{place}", [subnet], NatGatewayId=nat)


def count(ec2):
    vpcs = [vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    within = [{"Name": "vpc-id", "Values": vpcs}]
    return {
        "vpcs": len(vpcs),
        "subnets": len(ec2.describe_subnets(Filters=within)["Subnets"]),
        "gateways": len(ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": vpcs}])["InternetGateways"]),
        "nat_gateways": len(ec2.describe_nat_gateways(Filters=within)["NatGateways"]),
    }


if sys.argv[1:] == ["count"]:
    members = {a["Name"]: a["Id"] for page in organizations.get_paginator("list_accounts").paginate() for a in page["Accounts"]}
    found = {name: count(ec2(id)) for name, id in members.items() if name in ("shop", "bank", "near", "far")}
    print(json.dumps(found, sort_keys=True))
else:
    organizations.create_organization(FeatureSet="ALL")
    build(ec2(account("shop")), 1)
    build(ec2(account("bank")), 2)
    build(ec2(account("near")), 3, one_private_table=True)
    build(ec2(account("far")), 4, public=("101.0/24", "102.0/24"), private=("1.0/24", "2.0/24"))
