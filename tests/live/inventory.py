"""Prints what is in the organization and in the VPCs of its members, without ids, in order: to compare before and after."""

import boto3

organizations = boto3.client("organizations")


def every(operation, key, client=organizations, **arguments):
    return [item for page in client.get_paginator(operation).paginate(**arguments) for item in page[key]]


def units(parent, path):
    for unit in every("list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent):
        yield f"ou {path}/{unit['Name']}"
        yield from units(unit["Id"], f"{path}/{unit['Name']}")


def network(account):
    role = f"arn:aws:iam::{account['Id']}:role/OrganizationAccountAccessRole"
    keys = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="inventory")["Credentials"]
    ec2 = boto3.client(
        "ec2",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    for operation, key, id in [
        ("describe_vpcs", "Vpcs", "VpcId"),
        ("describe_subnets", "Subnets", "SubnetId"),
        ("describe_route_tables", "RouteTables", "RouteTableId"),
        ("describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
        ("describe_security_groups", "SecurityGroups", "GroupId"),
        ("describe_dhcp_options", "DhcpOptions", "DhcpOptionsId"),
    ]:
        for item in every(operation, key, ec2):
            yield f"{account['Name']} {key} {item[id]}"
    for endpoint in every("describe_vpc_endpoints", "VpcEndpoints", ec2):
        if endpoint["State"].lower() != "deleted":
            yield f"{account['Name']} VpcEndpoints {endpoint['VpcEndpointId']}"


lines = [f"policy {policy['Name']}" for policy in every("list_policies", "Policies", Filter="SERVICE_CONTROL_POLICY")]
for root in organizations.list_roots()["Roots"]:
    lines += units(root["Id"], "")
for account in every("list_accounts", "Accounts"):
    if account["Name"] in ("one", "two"):
        lines += network(account)
print("\n".join(sorted(lines)))
