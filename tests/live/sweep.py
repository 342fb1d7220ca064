"""Deletes what the live suite left behind, and prints a line for each thing that it deleted.

Usage: sweep.py PREFIX REGION ROLE MEMBER,MEMBER. A thing is the suite's when its tag `overlord:address` has a key that begins with PREFIX.
Members are names of accounts, or their keys: an account's name, or its own tag, says which. Nothing without that tag is touched, and an OU
that holds anything stays.
"""

import sys
import time

import boto3
from botocore.exceptions import ClientError

PREFIX, REGION, ROLE = sys.argv[1:4]
MEMBERS = [member for member in sys.argv[4].split(",") if member]
TAG = "overlord:address"
organizations = boto3.client("organizations")


def is_ours(tags):
    return key_of({tag["Key"]: tag["Value"] for tag in tags}.get(TAG, "")).startswith(PREFIX)


def key_of(address):
    """Of `account/region/kind.key` or `kind.key`; the key may hold slashes and dots."""
    return next((part.partition(".")[2] for part in address.split("/") if "." in part), "")


def tags(resource):
    pages = organizations.get_paginator("list_tags_for_resource").paginate(ResourceId=resource)
    return [tag for page in pages for tag in page["Tags"]]


def every(operation, key, client=organizations, **arguments):
    return [item for page in client.get_paginator(operation).paginate(**arguments) for item in page[key]]


def deleted(what):
    print(what, flush=True)


def sweep_policies():
    for policy in every("list_policies", "Policies", Filter="SERVICE_CONTROL_POLICY"):
        if policy["AwsManaged"] or not is_ours(tags(policy["Id"])):
            continue
        for target in every("list_targets_for_policy", "Targets", PolicyId=policy["Id"]):
            organizations.detach_policy(PolicyId=policy["Id"], TargetId=target["TargetId"])
        organizations.delete_policy(PolicyId=policy["Id"])
        deleted(f"policy {policy['Name']}")


def sweep_units(parent):
    for unit in every("list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent):
        sweep_units(unit["Id"])
        if not is_ours(tags(unit["Id"])):
            continue
        try:
            organizations.delete_organizational_unit(OrganizationalUnitId=unit["Id"])
            deleted(f"ou {unit['Name']}")
        except organizations.exceptions.OrganizationalUnitNotEmptyException:
            print(f"{unit['Name']} is not empty and stays", file=sys.stderr)


def accounts():
    for account in every("list_accounts", "Accounts"):
        address = {tag["Key"]: tag["Value"] for tag in tags(account["Id"])}.get(TAG, "")
        if account["Name"] in MEMBERS or key_of(address) in MEMBERS:
            yield account["Id"]


def retried(call, **arguments):
    """Interfaces of endpoints and peerings let go of what they use some seconds after they are deleted."""
    for attempt in range(30):
        try:
            return call(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] != "DependencyViolation" or attempt == 29:
                raise
            time.sleep(5)


def sweep_network(account):
    role = f"arn:aws:iam::{account}:role/{ROLE}"
    keys = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="overlord-live-sweep")["Credentials"]
    ec2 = boto3.client(
        "ec2",
        region_name=REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )

    def ours(operation, key):
        return [item for item in every(operation, key, ec2) if is_ours(item.get("Tags", []))]

    for peering in ours("describe_vpc_peering_connections", "VpcPeeringConnections"):
        if peering["Status"]["Code"] in ("active", "pending-acceptance", "provisioning"):
            ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering["VpcPeeringConnectionId"])
            deleted(f"peering {peering['VpcPeeringConnectionId']}")
    for endpoint in ours("describe_vpc_endpoints", "VpcEndpoints"):
        if endpoint["State"].lower() not in ("deleting", "deleted"):
            ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint["VpcEndpointId"]])
            deleted(f"endpoint {endpoint['VpcEndpointId']}")
    for gateway in ours("describe_internet_gateways", "InternetGateways"):
        for attachment in gateway["Attachments"]:
            ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=attachment["VpcId"])
        ec2.delete_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"])
        deleted(f"internet gateway {gateway['InternetGatewayId']}")
    for subnet in ours("describe_subnets", "Subnets"):
        retried(ec2.delete_subnet, SubnetId=subnet["SubnetId"])
        deleted(f"subnet {subnet['SubnetId']}")
    for table in ours("describe_route_tables", "RouteTables"):
        retried(ec2.delete_route_table, RouteTableId=table["RouteTableId"])
        deleted(f"route table {table['RouteTableId']}")
    for group in ours("describe_security_groups", "SecurityGroups"):
        retried(ec2.delete_security_group, GroupId=group["GroupId"])
        deleted(f"security group {group['GroupId']}")
    for vpc in ours("describe_vpcs", "Vpcs"):
        retried(ec2.delete_vpc, VpcId=vpc["VpcId"])
        deleted(f"vpc {vpc['VpcId']}")
    for options in ours("describe_dhcp_options", "DhcpOptions"):
        retried(ec2.delete_dhcp_options, DhcpOptionsId=options["DhcpOptionsId"])
        deleted(f"dhcp options {options['DhcpOptionsId']}")


sweep_policies()
for root in organizations.list_roots()["Roots"]:
    sweep_units(root["Id"])
if MEMBERS:
    for account in accounts():
        sweep_network(account)
