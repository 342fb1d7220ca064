"""Somebody else's hands: what drifts in a real organization, done with boto3. Every line is a thing that overlord must put right.

usage: disturb.py
"""

import boto3

client = boto3.client("organizations")


def pages(operation, **arguments):
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from next(value for value in page.values() if isinstance(value, list))


root = client.list_roots()["Roots"][0]["Id"]
accounts = {account["Name"]: account["Id"] for account in pages("list_accounts")}
policies = {policy["Name"]: policy["Id"] for policy in pages("list_policies", Filter="SERVICE_CONTROL_POLICY")}
[home] = client.list_parents(ChildId=accounts["records-dev"])["Parents"]

client.move_account(AccountId=accounts["records-dev"], SourceParentId=home["Id"], DestinationParentId=root)
client.detach_policy(PolicyId=policies["keep-data"], TargetId=accounts["claims-prod"])
client.attach_policy(PolicyId=policies["keep-data"], TargetId=accounts["website-dev"])
client.update_policy(
    PolicyId=policies["deny-leave"],
    Description="open",
    Content='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
)
client.tag_resource(ResourceId=accounts["ledger-qa"], Tags=[{"Key": "stage", "Value": "prod"}])
client.disable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")
