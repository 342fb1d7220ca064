"""What AWS holds, read with boto3: a client that is not ours, and calls in another order than overlord makes them.

usage: readback.py
"""

import json

import boto3

from shape import canonical, show

client = boto3.client("organizations")
management = boto3.client("sts").get_caller_identity()["Account"]


def pages(operation, **arguments):
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from next(value for value in page.values() if isinstance(value, list))


def tags(id):
    return {tag["Key"]: tag["Value"] for tag in pages("list_tags_for_resource", ResourceId=id)}


root = client.list_roots()["Roots"][0]
types = sorted(t["Type"] for t in root["PolicyTypes"] if t["Status"] == "ENABLED")
targets, names = {"/": {"kind": "root", "id": root["Id"]}}, {}


def walk(parent, path):
    for account in pages("list_accounts_for_parent", ParentId=parent):
        if account["Id"] == management:
            assert path == "", f"the management account is in {path}"
            continue
        names[account["Id"]] = account["Name"]
        assert f"{path}/{account['Name']}" not in targets, account
        targets[f"{path}/{account['Name']}"] = {"kind": "account", "id": account["Id"], "email": account["Email"]}
    for unit in pages("list_organizational_units_for_parent", ParentId=parent):
        assert f"{path}/{unit['Name']}" not in targets, unit
        targets[f"{path}/{unit['Name']}"] = {"kind": "ou", "id": unit["Id"]}
        walk(unit["Id"], f"{path}/{unit['Name']}")


walk(root["Id"], "")
listed = {account["Id"] for account in pages("list_accounts")}
assert listed == {management} | set(names), "the tree and the list hold different accounts"

policies, attached = {}, {target["id"]: [] for target in targets.values()} | {management: []}
for type in types:
    for summary in pages("list_policies", Filter=type):
        for target in pages("list_targets_for_policy", PolicyId=summary["Id"]):
            # moto keeps what was attached to an OU that is deleted, such as the lock of a run.
            if target["TargetId"] in attached:
                attached[target["TargetId"]].append(summary["Name"])
        if not summary["AwsManaged"]:
            content = client.describe_policy(PolicyId=summary["Id"])["Policy"]["Content"]
            policies[f"{type}/{summary['Name']}"] = {
                "content": canonical(json.loads(content)),
                "description": summary.get("Description", ""),
                "tags": tags(summary["Id"]),
            }
for target in targets.values():
    target["policies"] = sorted(attached[target["id"]])
    if target["kind"] != "root":
        target["tags"] = tags(target["id"])
    del target["id"]

administrators = {}
for administrator in pages("list_delegated_administrators"):
    for service in pages("list_delegated_services_for_account", AccountId=administrator["Id"]):
        administrators[service["ServicePrincipal"]] = names[administrator["Id"]]

show(
    {
        "delegated_administrators": administrators,
        "management_account": management,
        "policies": policies,
        "policy_types": types,
        "targets": targets,
        "trusted_services": sorted(
            service["ServicePrincipal"] for service in pages("list_aws_service_access_for_organization")
        ),
    }
)
