"""Somebody else's hands: what drifts in a real organization, done with boto3, one thing at a time.

usage: disturb.py WHAT
"""

import json
import os
import sys

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "conformance"))

import boto3
from accounts import ADDRESS, HOME, enter

client = boto3.client("organizations")


def pages(operation, **arguments):
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from next(value for value in page.values() if isinstance(value, list))


root = client.list_roots()["Roots"][0]["Id"]
accounts = {account["Name"]: account["Id"] for account in pages("list_accounts")}
policies = {policy["Name"]: policy["Id"] for policy in pages("list_policies", Filter="SERVICE_CONTROL_POLICY")}
units = {unit["Name"]: unit["Id"] for unit in pages("list_organizational_units_for_parent", ParentId=root)}


def web():
    return enter(accounts["web"]).client("ec2", region_name=HOME)


def found(things, key):
    """The one thing of ours with that key in its address."""
    [thing] = [t for t in things if any(tag["Key"] == ADDRESS and tag["Value"].split(".", 1)[-1] == key for tag in t.get("Tags", []))]
    return thing


def move():
    client.move_account(AccountId=accounts["web"], SourceParentId=units["work"], DestinationParentId=root)


def delete_policy():
    for target in pages("list_targets_for_policy", PolicyId=policies["keep-logs"]):
        client.detach_policy(PolicyId=policies["keep-logs"], TargetId=target["TargetId"])
    client.delete_policy(PolicyId=policies["keep-logs"])


def tag(value):
    client.tag_resource(ResourceId=accounts["web"], Tags=[{"Key": "team", "Value": value}])


def rewrite(action):
    content = {"Version": "2012-10-17", "Statement": {"Sid": "Keep", "Effect": "Deny", "Action": action, "Resource": ["*"]}}
    client.update_policy(PolicyId=policies["deny-leave"], Content=json.dumps(content, indent=3))


def contact():
    boto3.client("account").put_alternate_contact(
        AccountId=accounts["web"], AlternateContactType="SECURITY", Name="Sam", Title="Security", EmailAddress="other@example.org", PhoneNumber="+49 30 1234"
    )


def delete_route():
    ec2 = web()
    table = found(ec2.describe_route_tables()["RouteTables"], "standard/public")
    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")


def open_group():
    ec2 = web()
    vpc = found(ec2.describe_vpcs()["Vpcs"], "standard")["VpcId"]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    [group] = [group["GroupId"] for group in groups if group["GroupName"] == "default"]
    ingress = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[ingress])


def delete_flow_log():
    ec2 = web()
    log = found(ec2.describe_flow_logs()["FlowLogs"], "standard")
    ec2.delete_flow_logs(FlowLogIds=[log["FlowLogId"]])


def endpoint(ec2):
    return found(ec2.describe_vpc_endpoints()["VpcEndpoints"], "standard/s3")


def delete_endpoint():
    ec2 = web()
    ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint(ec2)["VpcEndpointId"]])


def narrow_endpoint():
    ec2 = web()
    it = endpoint(ec2)
    ec2.modify_vpc_endpoint(VpcEndpointId=it["VpcEndpointId"], RemoveRouteTableIds=it["RouteTableIds"][:1])


def associate():
    ec2 = web()
    subnet = found(ec2.describe_subnets()["Subnets"], "standard/private-euw1-az1")["SubnetId"]
    tables = ec2.describe_route_tables()["RouteTables"]
    [old] = [a["RouteTableAssociationId"] for t in tables for a in t["Associations"] if a.get("SubnetId") == subnet]
    ec2.replace_route_table_association(AssociationId=old, RouteTableId=found(tables, "standard/public")["RouteTableId"])


def strangers():
    status = client.create_account(AccountName="stranger", Email="stranger@example.net")["CreateAccountStatus"]
    while status["State"] == "IN_PROGRESS":
        status = client.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
    client.create_organizational_unit(ParentId=root, Name="theirs")
    web().create_vpc(CidrBlock="192.168.0.0/20")


def noise():
    """Nothing that org.toml speaks of."""
    # With this the console creates an organization.
    denied = {"Effect": "Deny", "Action": ["organizations:LeaveOrganization", "account:CloseAccount"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    made = client.create_policy(Content=document, Description="", Name="DefaultGuardrail", Type="SERVICE_CONTROL_POLICY")
    client.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=root)
    client.tag_resource(ResourceId=accounts["web"], Tags=[{"Key": "cost-center", "Value": "7"}])
    client.tag_resource(ResourceId=units["work"], Tags=[{"Key": "seen-by", "Value": "a scanner"}])
    # A list of one for a text, a text for a list of one, a statement for a list of one, and white space.
    rewrite("organizations:LeaveOrganization")
    ec2 = web()
    vpc = found(ec2.describe_vpcs()["Vpcs"], "standard")["VpcId"]
    ec2.create_tags(Resources=[vpc], Tags=[{"Key": "seen-by", "Value": "a scanner"}])


WHAT = {
    "move an account": move,
    "detach a policy": lambda: client.detach_policy(PolicyId=policies["deny-leave"], TargetId=root),
    "attach a policy": lambda: client.attach_policy(PolicyId=policies["keep-logs"], TargetId=accounts["audit"]),
    "empty a policy": lambda: rewrite("organizations:LeaveNothing"),
    "describe a policy": lambda: client.update_policy(PolicyId=policies["deny-leave"], Description="something else"),
    "delete a policy": delete_policy,
    "tag an account": lambda: tag("somebody else"),
    "untag an account": lambda: client.untag_resource(ResourceId=accounts["web"], TagKeys=["team"]),
    "rename an account": lambda: boto3.client("account").put_account_name(AccountId=accounts["web"], AccountName="shop"),
    "rename an OU": lambda: client.update_organizational_unit(OrganizationalUnitId=units["work"], Name="play"),
    "move and tag an account": lambda: (move(), tag("somebody else")),
    "distrust a service": lambda: client.disable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com"),
    "dismiss an administrator": lambda: client.deregister_delegated_administrator(
        AccountId=accounts["audit"], ServicePrincipal="config.amazonaws.com"
    ),
    "change a contact": contact,
    "delete a route": delete_route,
    "open a group": open_group,
    "delete a flow log": delete_flow_log,
    "delete an endpoint": delete_endpoint,
    "narrow an endpoint": narrow_endpoint,
    "associate another table": associate,
    "make what nobody manages": strangers,
    "make noise": noise,
}

WHAT[sys.argv[1]]()
