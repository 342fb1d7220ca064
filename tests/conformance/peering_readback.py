"""The peerings of the member accounts, read with boto3: their states, and the routes that lead to them, in names and not in ids.

usage: peering_readback.py REGION [--delete-a-route]
"""

import json
import sys

import boto3

from accounts import ADDRESS, enter

region, disturbs = sys.argv[1], "--delete-a-route" in sys.argv
here = boto3.client("sts").get_caller_identity()["Account"]
peerings, routes = {}, []


def address(thing):
    return {tag["Key"]: tag["Value"] for tag in thing.get("Tags", [])}.get(ADDRESS)


for page in boto3.client("organizations").get_paginator("list_accounts").paginate():
    for account in sorted(page["Accounts"], key=lambda account: account["Name"]):
        if account["Id"] == here:
            continue
        ec2 = enter(account["Id"]).client("ec2", region_name=region)
        for peering in ec2.describe_vpc_peering_connections()["VpcPeeringConnections"]:
            if peering["Status"]["Code"] not in ("deleted", "deleting"):
                peerings[peering["VpcPeeringConnectionId"]] = peering["Status"]["Code"]
        for table in ec2.describe_route_tables()["RouteTables"]:
            for route in table["Routes"]:
                if not route.get("VpcPeeringConnectionId"):
                    continue
                if disturbs:
                    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock=route["DestinationCidrBlock"])
                    disturbs = False
                    continue
                routes.append(f"{address(table)} {route['DestinationCidrBlock']}")
json.dump({"peerings": sorted(peerings.values()), "routes": sorted(routes)}, sys.stdout, indent=1)
print()
