"""An organization that nobody planned and overlord did not make, built with boto3: what `overlord import` must find its way in.

usage: grown.py
"""

import json

import boto3

client = boto3.client("organizations")


def policy(type, name, document, description=""):
    content = json.dumps(document)
    return client.create_policy(Type=type, Name=name, Description=description, Content=content)["Policy"]["PolicySummary"]["Id"]


def unit(parent, name):
    return client.create_organizational_unit(ParentId=parent, Name=name)["OrganizationalUnit"]["Id"]


def account(name, email, parent):
    status = client.create_account(AccountName=name, Email=email)["CreateAccountStatus"]
    while status["State"] == "IN_PROGRESS":
        status = client.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
    client.move_account(AccountId=status["AccountId"], SourceParentId=root, DestinationParentId=parent)
    return status["AccountId"]


def deny(*actions):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": list(actions), "Resource": "*"}]}


client.create_organization(FeatureSet="ALL")
root = client.list_roots()["Roots"][0]
enabled = {type["Type"] for type in root["PolicyTypes"]}
root = root["Id"]
for type in {"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY"} - enabled:
    client.enable_policy_type(RootId=root, PolicyType=type)

workloads, security = unit(root, "Workloads"), unit(root, "Security & Audit")
prod, vault = unit(workloads, "Prod"), unit(security, "Prod Vault/日本 \"x\"")
for team in ("records", "payments", "search"):
    for stage, place in (("dev", workloads), ("prod", prod)):
        account(f"{team}-{stage}", f"aws+{team}-{stage}@example.org", place)
audit = account("Audit", "audit@example.org", security)
account("Log Archive", "logs@example.org", vault)
account("old", "old@example.org", workloads)

leave = policy("SERVICE_CONTROL_POLICY", "Deny leaving (default)", deny("organizations:LeaveOrganization", "account:CloseAccount"), "Console's own")
client.attach_policy(PolicyId=leave, TargetId=root)
client.attach_policy(PolicyId=policy("SERVICE_CONTROL_POLICY", "keep-data", deny("s3:DeleteBucket")), TargetId=prod)
client.attach_policy(PolicyId=policy("SERVICE_CONTROL_POLICY", "aws-guardrails-abcdef", deny("config:*")), TargetId=security)
policy("SERVICE_CONTROL_POLICY", "unused", deny("sqs:*"))
rcp = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}}
client.attach_policy(PolicyId=policy("RESOURCE_CONTROL_POLICY", "keep-data-rcp", rcp), TargetId=vault)
tags = {"tags": {"team": {"tag_key": {"@@assign": "team"}}}}
client.attach_policy(PolicyId=policy("TAG_POLICY", "Team tags", tags), TargetId=workloads)
client.enable_aws_service_access(ServicePrincipal="guardduty.amazonaws.com")
client.enable_aws_service_access(ServicePrincipal="ram.amazonaws.com")
client.register_delegated_administrator(AccountId=audit, ServicePrincipal="guardduty.amazonaws.com")
client.tag_resource(ResourceId=audit, Tags=[{"Key": "owner", "Value": "security team"}])
