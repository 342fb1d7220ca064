"""Single calls with boto3, most of them wrong on purpose, against an account that has no organization yet.

Prints {check: outcome}: the error's code (with its reason where AWS documents one), or what the answer said. What each side should
say is the table in tests/conformance.rs.
"""

import json

import boto3
from botocore.config import Config

from outcomes import attempt, check, finish, tell

client = boto3.client("organizations", config=Config(retries={"max_attempts": 1}))
sts = boto3.client("sts")
MISSING_OU = "ou-zzzz-zzzzzzzz"
ALLOW = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
TAGS = '{"tags":{"team":{"tag_key":{"@@assign":"team"}}}}'
FULL = "p-FullAWSAccess"


def pages(operation, limit=100, **arguments):
    """All items, by hand, so that a list without end is seen as one."""
    items, token = [], {}
    for _ in range(limit):
        page = getattr(client, operation)(**arguments, **token)
        items += next(value for value in page.values() if isinstance(value, list))
        if not page.get("NextToken"):
            return items
        token = {"NextToken": page["NextToken"]}
    return None


def unit(name, parent):
    return client.create_organizational_unit(Name=name, ParentId=parent)["OrganizationalUnit"]["Id"]


def policy(name, content=ALLOW, type="SERVICE_CONTROL_POLICY"):
    created = client.create_policy(Name=name, Content=content, Description="", Type=type)
    return created["Policy"]["PolicySummary"]["Id"]


def account(name, email):
    status = client.create_account(AccountName=name, Email=email)["CreateAccountStatus"]
    while status["State"] == "IN_PROGRESS":
        status = client.describe_create_account_status(CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
    return status


# The organization.
check("describe before there is one", client.describe_organization)
tell("create", lambda: client.create_organization(FeatureSet="ALL")["Organization"]["FeatureSet"])
check("create again", lambda: client.create_organization(FeatureSet="ALL"))
[root_of_all] = client.list_roots()["Roots"]
root = root_of_all["Id"]
tell("name of the root", lambda: root_of_all["Name"])

# Organizational units.
first, second = unit("first", root), unit("second", root)
nested = unit("nested", first)
check("OU: same name, other parent", lambda: unit("nested", second))
check("OU: same name, same parent", lambda: unit("first", root))
check("OU: parent missing", lambda: unit("x", MISSING_OU))
check("OU: describe missing", lambda: client.describe_organizational_unit(OrganizationalUnitId=MISSING_OU))
check("OU: rename as another parent's child", lambda: client.update_organizational_unit(OrganizationalUnitId=second, Name="nested"))
parent = unit("parent", root)
unit("child", parent)
check("OU: delete with a child", lambda: client.delete_organizational_unit(OrganizationalUnitId=parent))
deepest = nested
for level in range(3, 6):
    deepest = unit(f"level-{level}", deepest)
check("OU: sixth level", lambda: unit("level-6", deepest))

# Policy types and policies.
check("type: attach before enabling", lambda: client.attach_policy(PolicyId=policy("early", TAGS, "TAG_POLICY"), TargetId=root))
for type in ("SERVICE_CONTROL_POLICY", "TAG_POLICY"):
    attempt(lambda: client.enable_policy_type(RootId=root, PolicyType=type))
while len([t for t in client.list_roots()["Roots"][0]["PolicyTypes"] if t["Status"] == "ENABLED"]) < 2:
    pass
check("type: enable again", lambda: client.enable_policy_type(RootId=root, PolicyType="TAG_POLICY"))
tell("policies of a new OU", lambda: ",".join(p["Id"] for p in pages("list_policies_for_target", TargetId=nested, Filter="SERVICE_CONTROL_POLICY")))
mine = policy("mine")
check("policy: same name", lambda: policy("mine"))
check("policy: not JSON", lambda: policy("broken", "{"))
check("policy: too long", lambda: policy("long", ALLOW.replace('"*"', json.dumps(["s3:GetObject"] * 1000), 1)))
check("policy: describe missing", lambda: client.describe_policy(PolicyId="p-zzzzzzzz"))
check("policy: attach", lambda: client.attach_policy(PolicyId=mine, TargetId=first))
check("policy: attach again", lambda: client.attach_policy(PolicyId=mine, TargetId=first))
check("policy: delete while attached", lambda: client.delete_policy(PolicyId=mine))
check("policy: detach", lambda: client.detach_policy(PolicyId=mine, TargetId=first))
check("policy: detach again", lambda: client.detach_policy(PolicyId=mine, TargetId=first))
check("policy: detach the last SCP", lambda: client.detach_policy(PolicyId=FULL, TargetId=nested))
check("policy: change AWS's own", lambda: client.update_policy(PolicyId=FULL, Description="mine"))

# Accounts.
made = [account(f"member-{n}", f"member-{n}@example.org") for n in range(24)]
member = made[0]["AccountId"]
tell("account: state of creation", lambda: made[0]["State"])
tell("account: born in", lambda: "root" if client.list_parents(ChildId=member)["Parents"][0]["Id"] == root else "elsewhere")
tell("account: e-mail in use", lambda: " ".join(filter(None, map(account("again", "member-0@example.org").get, ("State", "FailureReason")))))
tell("account: pages of ListAccounts", lambda: len({a["Id"] for a in pages("list_accounts") if a["Name"].startswith("member-")}))
tell("account: largest page", lambda: len(client.list_accounts()["Accounts"]))
tell("account: pages of two", lambda: len({a["Id"] for a in pages("list_accounts", MaxResults=2) if a["Name"].startswith("member-")}))
tell("account: ListAccounts tells Paths", lambda: str("Paths" in client.list_accounts()["Accounts"][0]))
tell("account: creations are listed to an end", lambda: "no end" if pages("list_create_account_status", MaxResults=5) is None else "ok")
check("account: describe missing", lambda: client.describe_account(AccountId="999999999999"))
move = lambda source, to: client.move_account(AccountId=member, SourceParentId=source, DestinationParentId=to)  # noqa: E731
check("move: source missing", lambda: move(MISSING_OU, first))
check("move: destination missing", lambda: move(root, MISSING_OU))
check("move", lambda: move(root, second))
check("move: to where it is", lambda: move(second, second))
check("OU: delete with an account", lambda: client.delete_organizational_unit(OrganizationalUnitId=second))

# Services.
service = "config.amazonaws.com"
check("service: trust", lambda: client.enable_aws_service_access(ServicePrincipal=service))
check("service: delegate", lambda: client.register_delegated_administrator(AccountId=member, ServicePrincipal=service))
own = {"AccountId": sts.get_caller_identity()["Account"], "ServicePrincipal": "guardduty.amazonaws.com"}
check("service: delegate to oneself", lambda: client.register_delegated_administrator(**own))

# Tags.
tag = lambda value: client.tag_resource(ResourceId=member, Tags=[{"Key": "k", "Value": value}])  # noqa: E731
tell("tag", lambda: (tag("1"), tag("2"), client.list_tags_for_resource(ResourceId=member)["Tags"][0]["Value"])[-1])
tell("tag: untag", lambda: (client.untag_resource(ResourceId=member, TagKeys=["k"]), len(client.list_tags_for_resource(ResourceId=member)["Tags"]))[-1])
check("tag: missing account", lambda: client.list_tags_for_resource(ResourceId="999999999999"))

# A member's own view.
member = made[1]["AccountId"]  # the first one may be a delegated administrator
role = f"arn:aws:iam::{member}:role/OrganizationAccountAccessRole"
keys = sts.assume_role(RoleArn=role, RoleSessionName="conformance")["Credentials"]
session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
tell("member: is itself", lambda: str(session.client("sts").get_caller_identity()["Account"] == member))
check("member: lists accounts", lambda: session.client("organizations").list_accounts())
check("role: missing", lambda: sts.assume_role(RoleArn=f"arn:aws:iam::{member}:role/none", RoleSessionName="conformance"))

# Who moved it.
trail = boto3.client("cloudtrail", config=Config(retries={"max_attempts": 1}))
moves = lambda: trail.lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "MoveAccount"}])  # noqa: E731
tell("trail: moves, refused ones too", lambda: str([event["EventName"] for event in moves()["Events"]].count("MoveAccount")))

# The policy simulator.
iam = boto3.client("iam", config=Config(retries={"total_max_attempts": 1}))
allow = lambda action: json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})  # noqa: E731
levels = [{"ServiceControlPolicyInputList": [allow(action)]} for action in ("*", "ec2:*")]
simulate = lambda action: iam.simulate_custom_policy(  # noqa: E731
    PolicyInputList=[allow("*")], OrderedOrganizationPolicyInputList=levels, ActionNames=[action])["EvaluationResults"][0]
tell("simulator: a level that allows nothing of it", lambda: "{EvalDecision} {OrganizationsDecisionDetail[AllowedByOrganizations]}".format(**simulate("s3:GetObject")))
check("simulator: wildcards in an action", lambda: simulate("s3:*"))

finish()
