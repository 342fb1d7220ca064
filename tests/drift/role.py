"""A role in an account, as its owner makes it.

usage: role.py make ACCOUNT ROLE     that the management account may assume, and that may do nothing
       role.py allow ACCOUNT ROLE    gives it a policy
"""

import json
import os
import sys

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "conformance"))

import boto3
from accounts import enter

what, account, role = sys.argv[1:]
client = boto3.client("organizations")
management = client.describe_organization()["Organization"]["MasterAccountId"]
accounts = {account["Name"]: account["Id"] for page in client.get_paginator("list_accounts").paginate() for account in page["Accounts"]}
iam = enter(accounts[account]).client("iam")
if what == "make":
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{management}:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
else:
    iam.attach_role_policy(RoleName=role, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
