"""Accounts of an organization that is made for the test, and how their things are marked."""

import boto3
from botocore.config import Config

HOME = "eu-west-1"
ADDRESS = "overlord:address"
once = Config(retries={"max_attempts": 1})
sts = boto3.client("sts")
organizations = boto3.client("organizations")


def account(name):
    """A new account's id."""
    status = organizations.create_account(AccountName=name, Email=f"{name}@example.org")["CreateAccountStatus"]
    while status["State"] == "IN_PROGRESS":
        status = organizations.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
    return status["AccountId"]


def enter(id):
    """A session with the keys that overlord works with in an account."""
    role = f"arn:aws:iam::{id}:role/OrganizationAccountAccessRole"
    keys = sts.assume_role(RoleArn=role, RoleSessionName="conformance")["Credentials"]
    return boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def accounts(*names):
    """New accounts of a new organization, with sessions in them."""
    organizations.create_organization(FeatureSet="ALL")
    ids = [account(name) for name in names]
    return [(id, enter(id)) for id in ids]


def tags(kind, name):
    """The tags of a creating call."""
    tags = [{"Key": ADDRESS, "Value": f"a/{HOME}/{name}"}, {"Key": "Name", "Value": name}]
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": tags}]}


def tagged(name):
    """A filter for what was made with such tags."""
    return [{"Name": f"tag:{ADDRESS}", "Values": [f"a/{HOME}/{name}"]}]
