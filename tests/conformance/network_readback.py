"""The networks that AWS holds, read with boto3: of every member account, what carries an address of overlord's, in names and not in ids.

usage: network_readback.py REGION...
"""

import json
import sys

import boto3

from accounts import ADDRESS, enter

organizations = boto3.client("organizations")
found = {}


def address(thing):
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}.get(ADDRESS)


def pages(client, operation, items, **arguments):
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page[items]


def look(ec2):
    subnets = {s["SubnetId"]: s for s in pages(ec2, "describe_subnets", "Subnets")}
    nats = {n["NatGatewayId"]: n for n in pages(ec2, "describe_nat_gateways", "NatGateways") if n["State"] not in ("deleted", "deleting")}
    gateways = {g["InternetGatewayId"]: g for g in pages(ec2, "describe_internet_gateways", "InternetGateways")}
    vpcs = {v["VpcId"]: v for v in pages(ec2, "describe_vpcs", "Vpcs")}
    tables = {t["RouteTableId"]: t for t in pages(ec2, "describe_route_tables", "RouteTables")}
    of = {id: address(thing) for things in (subnets, nats, gateways, vpcs, tables) for id, thing in things.items()}

    def tell(thing, **facts):
        if address(thing):
            assert address(thing) not in found, f"{address(thing)} is there twice"
            found[address(thing)] = facts

    for vpc in vpcs.values():
        tell(vpc, cidr=vpc["CidrBlock"])
    for gateway in gateways.values():
        tell(gateway, attached=[of[a["VpcId"]] for a in gateway["Attachments"]])
    for subnet in subnets.values():
        tell(subnet, cidr=subnet["CidrBlock"], zone=subnet["AvailabilityZoneId"], vpc=of[subnet["VpcId"]])
    for table in tables.values():
        targets = [(r["DestinationCidrBlock"], of[r.get("NatGatewayId") or r["GatewayId"]]) for r in table["Routes"] if r.get("NatGatewayId") or r.get("GatewayId", "local").startswith("igw-")]
        associated = [of[a["SubnetId"]] for a in table["Associations"] if a.get("SubnetId")]
        tell(table, routes=dict(targets), subnets=sorted(associated), vpc=of[table["VpcId"]])
    for nat in nats.values():
        tell(nat, subnet=of[nat["SubnetId"]], addresses=len(nat["NatGatewayAddresses"]))
    for elastic in ec2.describe_addresses()["Addresses"]:
        tell(elastic)
    for endpoint in pages(ec2, "describe_vpc_endpoints", "VpcEndpoints"):
        if endpoint["State"].lower() not in ("deleted", "deleting"):
            placed = sorted(of[id] for id in endpoint.get("RouteTableIds", []) + endpoint.get("SubnetIds", []))
            tell(endpoint, service=endpoint["ServiceName"], placed=placed, vpc=of[endpoint["VpcId"]])
    for group in pages(ec2, "describe_security_groups", "SecurityGroups"):
        tell(group, ports=sorted(rule.get("FromPort", 0) for rule in group["IpPermissions"]), vpc=of[group["VpcId"]])


for page in organizations.get_paginator("list_accounts").paginate():
    for account in page["Accounts"]:
        if account["Id"] != boto3.client("sts").get_caller_identity()["Account"]:
            for region in sys.argv[1:]:
                look(enter(account["Id"]).client("ec2", region_name=region))
json.dump(found, sys.stdout, indent=1, sort_keys=True)
print()
