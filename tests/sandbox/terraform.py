"""The calls of Terraform's AWS provider 5.100 (internal/service/organizations), in its order, for one configuration: an organization with two
OUs, two policies, an attachment, an account and a delegated administrator.

usage: terraform.py create|change|destroy ENDPOINT STATE.json
"""

import json
import sys

import boto3
from botocore.config import Config

SCP = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}]}
EDITED = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": ["organizations:LeaveOrganization"], "Resource": "*"}]}
TAGS = {"tags": {"team": {"tag_key": {"@@assign": "team"}}}}
# How often the provider would look, every ten seconds, before it gives up after ten minutes; here without a pause.
LOOKS = 600


def client(service, endpoint):
    # One attempt: a refusal is to be seen.
    config = Config(retries={"max_attempts": 1, "mode": "standard"})
    keys = {"aws_access_key_id": "AKIA111111111111", "aws_secret_access_key": "sandbox"}
    return boto3.client(service, region_name="us-east-1", endpoint_url=endpoint, config=config, **keys)


class Provider:
    def __init__(self, endpoint):
        # What the provider asks when it starts.
        assert client("sts", endpoint).get_caller_identity()["Account"] == "111111111111"
        self.organizations = client("organizations", endpoint)

    def pages(self, operation, key, **parameters):
        pages = self.organizations.get_paginator(operation).paginate(**parameters)
        return [item for page in pages for item in page[key]]

    def parent(self, child):
        (parent,) = self.pages("list_parents", "Parents", ChildId=child)
        return parent["Id"]

    def tags(self, resource):
        return {tag["Key"]: tag["Value"] for tag in self.pages("list_tags_for_resource", "Tags", ResourceId=resource)}

    def root(self):
        return self.pages("list_roots", "Roots")[0]

    # aws_organizations_organization

    def create_organization(self, services, types):
        self.organizations.create_organization(FeatureSet="ALL")
        for service in services:
            self.organizations.enable_aws_service_access(ServicePrincipal=service)
        root = self.root()
        assert root["PolicyTypes"] == [], root
        for policy_type in types:
            self.enable(root["Id"], policy_type)
        return root["Id"]

    def enable(self, root, policy_type):
        self.organizations.enable_policy_type(RootId=root, PolicyType=policy_type)
        self.wait_for_type(policy_type, "ENABLED")

    def disable(self, root, policy_type):
        self.organizations.disable_policy_type(RootId=root, PolicyType=policy_type)
        self.wait_for_type(policy_type, None)

    def wait_for_type(self, policy_type, status):
        for _ in range(LOOKS):
            found = {known["Type"]: known["Status"] for known in self.root()["PolicyTypes"]}
            if found.get(policy_type) == status:
                return
        raise AssertionError(f"{policy_type} is not {status}")

    def read_organization(self):
        organization = self.organizations.describe_organization()["Organization"]
        accounts = self.pages("list_accounts", "Accounts")
        root = self.root()
        services = self.pages("list_aws_service_access_for_organization", "EnabledServicePrincipals")
        assert organization["FeatureSet"] == "ALL"
        return {
            "accounts": sorted(account["Name"] for account in accounts),
            "management": [a["Name"] for a in accounts if a["Id"] == organization["MasterAccountId"]],
            "services": sorted(service["ServicePrincipal"] for service in services),
            "types": sorted(known["Type"] for known in root["PolicyTypes"] if known["Status"] == "ENABLED"),
        }

    # aws_organizations_organizational_unit

    def create_unit(self, name, parent, **tags):
        made = self.organizations.create_organizational_unit(Name=name, ParentId=parent, Tags=as_list(tags))
        return made["OrganizationalUnit"]["Id"]

    def read_unit(self, unit):
        found = self.organizations.describe_organizational_unit(OrganizationalUnitId=unit)["OrganizationalUnit"]
        parent = self.parent(unit)
        accounts = self.pages("list_accounts_for_parent", "Accounts", ParentId=unit)
        accounts = [account["Name"] for account in accounts]
        return {"name": found["Name"], "parent": parent, "accounts": accounts, "tags": self.tags(unit)}

    # aws_organizations_policy and its attachment

    def create_policy(self, name, policy_type, content, **tags):
        made = self.organizations.create_policy(
            Name=name, Type=policy_type, Content=json.dumps(content), Description="", Tags=as_list(tags)
        )
        return made["Policy"]["PolicySummary"]["Id"]

    def read_policy(self, policy):
        found = self.organizations.describe_policy(PolicyId=policy)["Policy"]
        assert not found["PolicySummary"]["AwsManaged"]
        return {"name": found["PolicySummary"]["Name"], "content": json.loads(found["Content"]), "tags": self.tags(policy)}

    def attach(self, policy, target):
        self.organizations.attach_policy(PolicyId=policy, TargetId=target)

    def read_targets(self, policy):
        return [target["TargetId"] for target in self.pages("list_targets_for_policy", "Targets", PolicyId=policy)]

    # aws_organizations_account

    def create_account(self, name, email, parent, **tags):
        answer = self.organizations.create_account(
            AccountName=name, Email=email, IamUserAccessToBilling="ALLOW", RoleName="Access", Tags=as_list(tags)
        )
        request = answer["CreateAccountStatus"]["Id"]
        for _ in range(LOOKS):
            status = self.organizations.describe_create_account_status(CreateAccountRequestId=request)["CreateAccountStatus"]
            if status["State"] != "IN_PROGRESS":
                break
        assert status["State"] == "SUCCEEDED", status
        account = status["AccountId"]
        born = self.parent(account)
        assert born != parent
        self.organizations.move_account(AccountId=account, SourceParentId=born, DestinationParentId=parent)
        return account

    def read_account(self, account):
        found = self.organizations.describe_account(AccountId=account)["Account"]
        parent = self.parent(account)
        # The provider's `status` is empty since AWS answers `State` alone.
        assert "Status" not in found and found["State"] == "ACTIVE", found
        assert found["JoinedMethod"] == "CREATED" and found["JoinedTimestamp"]
        return {"name": found["Name"], "email": found["Email"], "parent": parent, "tags": self.tags(account)}

    # aws_organizations_delegated_administrator

    def read_administrators(self, service):
        found = self.pages("list_delegated_administrators", "DelegatedAdministrators", ServicePrincipal=service)
        return [administrator["Id"] for administrator in found]

    def retag(self, resource, gone, new):
        self.organizations.untag_resource(ResourceId=resource, TagKeys=gone)
        self.organizations.tag_resource(ResourceId=resource, Tags=as_list(new))


def as_list(tags):
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def create(provider):
    services = ["config.amazonaws.com", "securityhub.amazonaws.com"]
    types = ["SERVICE_CONTROL_POLICY", "SECURITYHUB_POLICY"]
    root = provider.create_organization(services, types)
    read = provider.read_organization()
    assert read == {"accounts": ["management"], "management": ["management"], "services": services, "types": sorted(types)}, read
    state = {"root": root, "workloads": provider.create_unit("workloads", root, team="platform")}
    state["prod"] = provider.create_unit("prod", state["workloads"])
    state["policy"] = provider.create_policy("deny-leave", "SERVICE_CONTROL_POLICY", SCP, team="platform")
    provider.attach(state["policy"], state["workloads"])
    state["account"] = provider.create_account("billing", "billing@example.com", state["prod"], stage="prod")
    provider.organizations.register_delegated_administrator(AccountId=state["account"], ServicePrincipal="config.amazonaws.com")
    return state


def refresh(provider, state, changed):
    """What the provider reads before each plan: a difference would be one in the plan."""
    name = "workloads-and-more" if changed else "workloads"
    place = "workloads" if changed else "prod"
    tags = {"owner": "platform"} if changed else {"team": "platform"}
    types = ["SERVICE_CONTROL_POLICY"] + (["TAG_POLICY"] if changed else ["SECURITYHUB_POLICY"])
    services = ["access-analyzer.amazonaws.com", "config.amazonaws.com"] if changed else ["config.amazonaws.com", "securityhub.amazonaws.com"]
    read = provider.read_organization()
    accounts = ["billing", "management"]
    assert read == {"accounts": accounts, "management": ["management"], "services": services, "types": sorted(types)}, read
    inside = lambda ou: ["billing"] if ou == place else []
    read = provider.read_unit(state["workloads"])
    assert read == {"name": name, "parent": state["root"], "accounts": inside("workloads"), "tags": tags}, read
    read = provider.read_unit(state["prod"])
    assert read == {"name": "prod", "parent": state["workloads"], "accounts": inside("prod"), "tags": {}}, read
    read = provider.read_policy(state["policy"])
    assert read == {"name": "deny-leave", "content": EDITED if changed else SCP, "tags": {"team": "platform"}}, read
    assert provider.read_targets(state["policy"]) == [state["workloads"]]
    read = provider.read_account(state["account"])
    expected = {"name": "billing", "email": "billing@example.com", "parent": state[place], "tags": {"stage": "prod"}}
    assert read == expected, read
    assert provider.read_administrators("config.amazonaws.com") == [state["account"]]
    if changed:
        assert provider.read_targets(state["tags"]) == [state["root"]]


def change(provider, state):
    organizations = provider.organizations
    # 5.100 takes services away before it takes policy types away: AWS refuses that (its pull request 45135 turned it round).
    try:
        organizations.disable_aws_service_access(ServicePrincipal="securityhub.amazonaws.com")
        raise AssertionError("the policy type of the service is enabled")
    except organizations.exceptions.ConstraintViolationException as refused:
        assert refused.response["Reason"] == "POLICY_TYPE_ENABLED_FOR_THIS_SERVICE", refused.response
    provider.disable(state["root"], "SECURITYHUB_POLICY")
    organizations.disable_aws_service_access(ServicePrincipal="securityhub.amazonaws.com")
    organizations.enable_aws_service_access(ServicePrincipal="access-analyzer.amazonaws.com")
    provider.enable(state["root"], "TAG_POLICY")
    organizations.update_organizational_unit(OrganizationalUnitId=state["workloads"], Name="workloads-and-more")
    provider.retag(state["workloads"], ["team"], {"owner": "platform"})
    organizations.update_policy(PolicyId=state["policy"], Content=json.dumps(EDITED))
    organizations.move_account(
        AccountId=state["account"], SourceParentId=state["prod"], DestinationParentId=state["workloads"]
    )
    state["tags"] = provider.create_policy("team-tags", "TAG_POLICY", TAGS)
    provider.attach(state["tags"], state["root"])


def destroy(provider, state):
    organizations = provider.organizations
    organizations.deregister_delegated_administrator(AccountId=state["account"], ServicePrincipal="config.amazonaws.com")
    organizations.detach_policy(PolicyId=state["tags"], TargetId=state["root"])
    organizations.detach_policy(PolicyId=state["policy"], TargetId=state["workloads"])
    organizations.delete_policy(PolicyId=state["tags"])
    organizations.delete_policy(PolicyId=state["policy"])
    organizations.remove_account_from_organization(AccountId=state["account"])
    organizations.delete_organizational_unit(OrganizationalUnitId=state["prod"])
    organizations.delete_organizational_unit(OrganizationalUnitId=state["workloads"])
    organizations.delete_organization()
    try:
        organizations.describe_organization()
        raise AssertionError("the organization is still there")
    except organizations.exceptions.AWSOrganizationsNotInUseException:
        pass


def main():
    step, endpoint, path = sys.argv[1:]
    provider = Provider(endpoint)
    if step == "create":
        state = create(provider)
        refresh(provider, state, changed=False)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(state, file)
        return
    with open(path, encoding="utf-8") as file:
        state = json.load(file)
    if step == "change":
        refresh(provider, state, changed=False)
        change(provider, state)
        refresh(provider, state, changed=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(state, file)
    else:
        refresh(provider, state, changed=True)
        destroy(provider, state)


main()
