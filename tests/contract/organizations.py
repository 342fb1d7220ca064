"""AWS Organizations: every operation of the sandbox, with its answers and its refusals."""
import json
import time

SCP = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
TAGS = '{"tags":{"team":{"tag_key":{"@@assign":"team"}}}}'
MANAGEMENT = "111111111111"
NOBODY = "999999999999"
# Accounts outside of the organization, as main.rs makes them.
FREE, MANAGER, POOR, FOREIGN, LATER = "222222222222", "333333333333", "444444444444", "555555555555", "666666666666"
NO_POLICY, NO_OU, NO_ROOT = "p-zzzzzzzzzz", "ou-zzzz-zzzzzzzz", "r-zzzz"
NO_HANDSHAKE, NO_REQUEST = "h-" + "z" * 32, "car-" + "z" * 32


def before(driver):
    """What an account without an organization is told."""
    client = driver.client("organizations")
    for operation in ("DescribeOrganization", "ListRoots", "ListAccounts", "DeleteOrganization"):
        driver.refused(client, operation, "AWSOrganizationsNotInUseException")
    driver.refused(driver.client("organizations", f"AKIA{NOBODY}"), "CreateOrganization", "AccessDeniedException", FeatureSet="ALL")


def consolidated(driver):
    """An organization of consolidated billing, and its way to all features."""
    client = driver.client("organizations")
    driver.ok(client, "CreateOrganization", FeatureSet="ALL")
    driver.ok(client, "DeleteOrganization")
    driver.ok(client, "CreateOrganization", FeatureSet="CONSOLIDATED_BILLING")
    root = driver.ok(client, "ListRoots")["Roots"][0]["Id"]
    driver.ok(client, "DescribeOrganization")
    driver.refused(
        client, "EnablePolicyType", "PolicyTypeNotAvailableForOrganizationException", RootId=root, PolicyType="SERVICE_CONTROL_POLICY"
    )
    driver.refused(
        client,
        "CreatePolicy",
        "PolicyTypeNotAvailableForOrganizationException",
        Name="early",
        Description="",
        Content=SCP,
        Type="SERVICE_CONTROL_POLICY",
    )
    driver.refused(client, "EnableAWSServiceAccess", "ConstraintViolationException", ServicePrincipal="ram.amazonaws.com")
    driver.refused(client, "CloseAccount", "ConstraintViolationException", AccountId=MANAGEMENT)
    driver.refused(driver.client("iam"), "EnableOrganizationsRootSessions", "OrganizationNotInAllFeaturesModeException")
    handshake = driver.ok(client, "EnableAllFeatures")["Handshake"]["Id"]
    driver.refused(client, "EnableAllFeatures", "HandshakeConstraintViolationException")
    invite = {"Target": {"Id": FREE, "Type": "ACCOUNT"}}
    driver.refused(client, "InviteAccountToOrganization", "HandshakeConstraintViolationException", **invite)
    driver.ok(client, "ListHandshakesForOrganization", Filter={"ActionType": "ENABLE_ALL_FEATURES"})
    driver.ok(client, "AcceptHandshake", HandshakeId=handshake)
    driver.refused(client, "AcceptHandshake", "HandshakeAlreadyInStateException", HandshakeId=handshake)
    driver.refused(client, "EnableAllFeatures", "HandshakeConstraintViolationException")


def organization(driver):
    """OUs, accounts, policies, services and handshakes of an organization with all features."""
    client = driver.client("organizations")
    driver.refused(client, "CreateOrganization", "AlreadyInOrganizationException", FeatureSet="ALL")
    root = driver.ok(client, "ListRoots")["Roots"][0]["Id"]
    units(driver, client, root)
    member = accounts(driver, client, root)
    types(driver, client, root)
    policies(driver, client, root, member)
    tags(driver, client, root)
    services(driver, client, member)
    handshakes(driver, client)
    effective(driver, client, root, member)
    leaving(driver, client)
    ranks(driver, member)
    driver.state["member"] = member


def units(driver, client, root):
    first = driver.ok(client, "CreateOrganizationalUnit", ParentId=root, Name="first", Tags=[{"Key": "a", "Value": "b"}])
    first = first["OrganizationalUnit"]["Id"]
    second = driver.ok(client, "CreateOrganizationalUnit", ParentId=root, Name="second")["OrganizationalUnit"]["Id"]
    settle(driver, client, first)
    driver.refused(client, "CreateOrganizationalUnit", "DuplicateOrganizationalUnitException", ParentId=root, Name="first")
    driver.refused(client, "CreateOrganizationalUnit", "ParentNotFoundException", ParentId=NO_OU, Name="x")
    driver.refused(client, "CreateOrganizationalUnit", "InvalidInputException", ParentId=root, Name="x" * 129)
    driver.refused(client, "CreateOrganizationalUnit", "InvalidInputException", ParentId=root, Name="")
    tags = [{"Key": "aws:x", "Value": ""}]
    driver.refused(client, "CreateOrganizationalUnit", "InvalidInputException", ParentId=root, Name="x", Tags=tags)
    parent = first
    for level in range(2, 6):
        parent = driver.until(
            {"ParentNotFoundException"}, client, "CreateOrganizationalUnit", ParentId=parent, Name=f"level {level}"
        )["OrganizationalUnit"]["Id"]
    driver.refused(client, "CreateOrganizationalUnit", "ConstraintViolationException", ParentId=parent, Name="level 6")
    driver.ok(client, "DescribeOrganizationalUnit", OrganizationalUnitId=first)
    driver.refused(client, "DescribeOrganizationalUnit", "OrganizationalUnitNotFoundException", OrganizationalUnitId=NO_OU)
    driver.ok(client, "UpdateOrganizationalUnit", OrganizationalUnitId=second, Name="renamed")
    driver.refused(client, "UpdateOrganizationalUnit", "DuplicateOrganizationalUnitException", OrganizationalUnitId=second, Name="first")
    driver.refused(client, "UpdateOrganizationalUnit", "OrganizationalUnitNotFoundException", OrganizationalUnitId=NO_OU, Name="x")
    for operation in ("ListOrganizationalUnitsForParent", "ListAccountsForParent"):
        driver.ok(client, operation, ParentId=root, MaxResults=20)
        driver.refused(client, operation, "ParentNotFoundException", ParentId=NO_OU)
        driver.refused(client, operation, "InvalidInputException", ParentId=root, MaxResults=21)
    page = driver.ok(client, "ListOrganizationalUnitsForParent", ParentId=root, MaxResults=1)
    driver.ok(client, "ListOrganizationalUnitsForParent", ParentId=root, MaxResults=1, NextToken=page["NextToken"])
    driver.refused(client, "ListOrganizationalUnitsForParent", "InvalidInputException", ParentId=root, NextToken="nonsense")
    for kind in ("ACCOUNT", "ORGANIZATIONAL_UNIT"):
        driver.ok(client, "ListChildren", ParentId=root, ChildType=kind)
    driver.refused(client, "ListChildren", "ParentNotFoundException", ParentId=NO_OU, ChildType="ACCOUNT")
    driver.refused(client, "ListChildren", "InvalidInputException", ParentId=root, ChildType="POLICY")
    driver.ok(client, "ListParents", ChildId=first)
    driver.refused(client, "ListParents", "ChildNotFoundException", ChildId=NO_OU)
    driver.refused(client, "DeleteOrganizationalUnit", "OrganizationalUnitNotEmptyException", OrganizationalUnitId=first)
    driver.refused(client, "DeleteOrganizationalUnit", "OrganizationalUnitNotFoundException", OrganizationalUnitId=NO_OU)
    driver.ok(client, "DeleteOrganizationalUnit", OrganizationalUnitId=second)


def settle(driver, client, unit):
    """Waits until AWS's writes know a new OU too: `second` is made just after it."""
    for _ in range(600):
        if driver.call(client, "ListAccountsForParent", ParentId=unit)[1] is None:
            return
        time.sleep(0.02)


def create(driver, client, name, email):
    status = driver.ok(client, "CreateAccount", AccountName=name, Email=email, Tags=[{"Key": "a", "Value": "b"}])["CreateAccountStatus"]
    for _ in range(600):
        status = driver.ok(client, "DescribeCreateAccountStatus", CreateAccountRequestId=status["Id"])["CreateAccountStatus"]
        if status["State"] != "IN_PROGRESS":
            break
        time.sleep(0.02)
    return status


def accounts(driver, client, root):
    member = create(driver, client, "member", "member@example.com")["AccountId"]
    if create(driver, client, "twin", "member@example.com")["State"] != "FAILED":
        driver.surprises.append("CreateAccount with an e-mail in use did not fail")
    driver.refused(client, "CreateAccount", "InvalidInputException", AccountName="x", Email="nobody")
    driver.refused(client, "CreateAccount", "InvalidInputException", AccountName="", Email="x@example.com")
    driver.refused(client, "DescribeCreateAccountStatus", "CreateAccountStatusNotFoundException", CreateAccountRequestId=NO_REQUEST)
    driver.ok(client, "ListCreateAccountStatus", States=["SUCCEEDED", "FAILED"])
    driver.ok(client, "ListCreateAccountStatus")
    driver.refused(client, "ListCreateAccountStatus", "InvalidInputException", MaxResults=0)
    driver.ok(client, "ListAccounts")
    page = driver.ok(client, "ListAccounts", MaxResults=1)
    driver.ok(client, "ListAccounts", NextToken=page["NextToken"])
    driver.refused(client, "ListAccounts", "InvalidInputException", NextToken="nonsense")
    driver.ok(client, "DescribeAccount", AccountId=member)
    driver.refused(client, "DescribeAccount", "AccountNotFoundException", AccountId=NOBODY)
    unit = driver.ok(client, "CreateOrganizationalUnit", ParentId=root, Name="moving")["OrganizationalUnit"]["Id"]
    move = {"AccountId": member, "SourceParentId": root, "DestinationParentId": unit}
    driver.refused(client, "MoveAccount", "AccountNotFoundException", **{**move, "AccountId": NOBODY})
    driver.refused(client, "MoveAccount", "DestinationParentNotFoundException", **{**move, "DestinationParentId": NO_OU})
    driver.refused(client, "MoveAccount", "DuplicateAccountException", **{**move, "DestinationParentId": root})
    driver.refused(client, "MoveAccount", "SourceParentNotFoundException", **{**move, "SourceParentId": NO_OU})
    driver.until({"DestinationParentNotFoundException"}, client, "MoveAccount", **move)
    return member


def types(driver, client, root):
    driver.refused(client, "EnablePolicyType", "RootNotFoundException", RootId=NO_ROOT, PolicyType="TAG_POLICY")
    driver.refused(client, "EnablePolicyType", "InvalidInputException", RootId=root, PolicyType="NO_POLICY")
    driver.refused(client, "DisablePolicyType", "PolicyTypeNotEnabledException", RootId=root, PolicyType="BACKUP_POLICY")
    driver.refused(client, "DisablePolicyType", "RootNotFoundException", RootId=NO_ROOT, PolicyType="TAG_POLICY")
    for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY", "BACKUP_POLICY"):
        enable(driver, client, root, kind)
    driver.refused(client, "EnablePolicyType", "PolicyTypeAlreadyEnabledException", RootId=root, PolicyType="TAG_POLICY")
    driver.ok(client, "DisablePolicyType", RootId=root, PolicyType="BACKUP_POLICY")


def enable(driver, client, root, kind):
    """Enables a policy type that is not enabled, and waits for it."""
    if kind not in enabled(driver, client):
        driver.until({"PolicyChangesInProgressException"}, client, "EnablePolicyType", RootId=root, PolicyType=kind)
    for _ in range(600):
        if kind in enabled(driver, client):
            return
        time.sleep(0.02)


def enabled(driver, client):
    types = driver.ok(client, "ListRoots")["Roots"][0]["PolicyTypes"]
    return [status["Type"] for status in types if status["Status"] == "ENABLED"]


def policies(driver, client, root, member):
    scp = {"Description": "what a member may do", "Content": SCP, "Type": "SERVICE_CONTROL_POLICY"}
    made = driver.ok(client, "CreatePolicy", Name="mine", Tags=[{"Key": "a", "Value": "b"}], **scp)["Policy"]["PolicySummary"]["Id"]
    other = driver.ok(client, "CreatePolicy", Name="other", **{**scp, "Description": ""})["Policy"]["PolicySummary"]["Id"]
    driver.refused(client, "CreatePolicy", "DuplicatePolicyException", Name="mine", **scp)
    driver.refused(client, "CreatePolicy", "MalformedPolicyDocumentException", Name="x", **{**scp, "Content": "{"})
    driver.refused(client, "CreatePolicy", "MalformedPolicyDocumentException", Name="x", **{**scp, "Content": TAGS})
    long = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"] * 1000, "Resource": "*"}]})
    driver.refused(client, "CreatePolicy", "ConstraintViolationException", Name="x", **{**scp, "Content": long})
    driver.refused(client, "CreatePolicy", "InvalidInputException", Name="x", **{**scp, "Type": "NO_POLICY"})
    driver.refused(client, "CreatePolicy", "InvalidInputException", Name="", **scp)
    driver.refused(client, "CreatePolicy", "InvalidInputException", Name="x" * 129, **scp)
    for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY"):
        driver.ok(client, "ListPolicies", Filter=kind)
        driver.ok(client, "ListPoliciesForTarget", TargetId=root, Filter=kind)
    driver.refused(client, "ListPolicies", "InvalidInputException", Filter="NO_POLICY")
    driver.refused(client, "ListPoliciesForTarget", "TargetNotFoundException", TargetId=NO_OU, Filter="TAG_POLICY")
    for policy in (made, "p-FullAWSAccess", "p-RCPFullAWSAccess"):
        driver.ok(client, "DescribePolicy", PolicyId=policy)
    driver.refused(client, "DescribePolicy", "PolicyNotFoundException", PolicyId=NO_POLICY)
    driver.ok(client, "UpdatePolicy", PolicyId=made, Name="ours", Description="", Content=SCP)
    driver.refused(client, "UpdatePolicy", "DuplicatePolicyException", PolicyId=made, Name="other")
    driver.refused(client, "UpdatePolicy", "PolicyNotFoundException", PolicyId=NO_POLICY)
    driver.refused(client, "UpdatePolicy", "InvalidInputException", PolicyId="p-FullAWSAccess", Name="x")
    driver.refused(client, "UpdatePolicy", "MalformedPolicyDocumentException", PolicyId=made, Content="[]")
    driver.refused(client, "UpdatePolicy", "ConstraintViolationException", PolicyId=made, Content=long)
    attach = {"PolicyId": made, "TargetId": member}
    driver.ok(client, "AttachPolicy", **attach)
    driver.refused(client, "AttachPolicy", "DuplicatePolicyAttachmentException", **attach)
    driver.refused(client, "AttachPolicy", "PolicyNotFoundException", PolicyId=NO_POLICY, TargetId=root)
    driver.refused(client, "AttachPolicy", "TargetNotFoundException", PolicyId=made, TargetId=NO_OU)
    backup = driver.ok(client, "CreatePolicy", Name="b", Description="", Content='{"plans":{}}', Type="BACKUP_POLICY")
    driver.until_refused("PolicyTypeNotEnabledException", client, "AttachPolicy", PolicyId=backup["Policy"]["PolicySummary"]["Id"], TargetId=root)
    limit = [driver.ok(client, "CreatePolicy", Name=f"n{n}", **scp)["Policy"]["PolicySummary"]["Id"] for n in range(10)]
    codes = {driver.call(client, "AttachPolicy", PolicyId=policy, TargetId=member)[1] for policy in limit}
    if codes != {None, "ConstraintViolationException"}:
        driver.surprises.append(f"AttachPolicy over the limit: {codes}")
    driver.ok(client, "ListTargetsForPolicy", PolicyId="p-FullAWSAccess")
    driver.refused(client, "ListTargetsForPolicy", "PolicyNotFoundException", PolicyId=NO_POLICY)
    driver.refused(client, "DeletePolicy", "PolicyInUseException", PolicyId=made)
    driver.refused(client, "DeletePolicy", "PolicyNotFoundException", PolicyId=NO_POLICY)
    driver.refused(client, "DeletePolicy", "InvalidInputException", PolicyId="p-FullAWSAccess")
    driver.ok(client, "DetachPolicy", **attach)
    driver.refused(client, "DetachPolicy", "PolicyNotAttachedException", **attach)
    driver.refused(client, "DetachPolicy", "PolicyNotFoundException", PolicyId=NO_POLICY, TargetId=root)
    driver.refused(client, "DetachPolicy", "TargetNotFoundException", PolicyId=made, TargetId=NO_OU)
    driver.refused(client, "DetachPolicy", "ConstraintViolationException", PolicyId="p-FullAWSAccess", TargetId=root)
    driver.refused(client, "DetachPolicy", "InvalidInputException", PolicyId="p-RCPFullAWSAccess", TargetId=root)
    driver.until({"PolicyInUseException"}, client, "DeletePolicy", PolicyId=made)


def tags(driver, client, root):
    driver.ok(client, "TagResource", ResourceId=root, Tags=[{"Key": "a", "Value": "b"}, {"Key": "c", "Value": ""}])
    driver.refused(client, "TagResource", "TargetNotFoundException", ResourceId=NO_OU, Tags=[{"Key": "a", "Value": "b"}])
    for tags in ([{"Key": "", "Value": "b"}], [{"Key": "aws:a", "Value": "b"}], [{"Key": "a", "Value": "b"}] * 2, [{"Key": "a" * 129, "Value": ""}]):
        driver.refused(client, "TagResource", "InvalidInputException", ResourceId=root, Tags=tags)
    many = [{"Key": f"k{n}", "Value": ""} for n in range(51)]
    driver.refused(client, "TagResource", "ConstraintViolationException", ResourceId=root, Tags=many)
    driver.ok(client, "ListTagsForResource", ResourceId=root)
    driver.refused(client, "ListTagsForResource", "TargetNotFoundException", ResourceId=NO_OU)
    driver.ok(client, "UntagResource", ResourceId=root, TagKeys=["a"])
    driver.refused(client, "UntagResource", "TargetNotFoundException", ResourceId=NO_OU, TagKeys=["a"])


def services(driver, client, member):
    service = {"ServicePrincipal": "guardduty.amazonaws.com"}
    delegate = {"AccountId": member, **service}
    driver.refused(client, "RegisterDelegatedAdministrator", "ConstraintViolationException", **delegate)
    driver.ok(client, "EnableAWSServiceAccess", **service)
    driver.ok(client, "EnableAWSServiceAccess", ServicePrincipal="account.amazonaws.com")
    driver.refused(client, "EnableAWSServiceAccess", "InvalidInputException", ServicePrincipal="nonsense")
    driver.ok(client, "ListAWSServiceAccessForOrganization")
    driver.refused(client, "ListAWSServiceAccessForOrganization", "InvalidInputException", NextToken="nonsense")
    driver.until({"ConstraintViolationException"}, client, "RegisterDelegatedAdministrator", **delegate)
    driver.refused(client, "RegisterDelegatedAdministrator", "AccountAlreadyRegisteredException", **delegate)
    driver.refused(client, "RegisterDelegatedAdministrator", "AccountNotFoundException", **{**delegate, "AccountId": NOBODY})
    driver.refused(client, "RegisterDelegatedAdministrator", "ConstraintViolationException", **{**delegate, "AccountId": MANAGEMENT})
    driver.refused(client, "RegisterDelegatedAdministrator", "InvalidInputException", **{**delegate, "ServicePrincipal": "nonsense"})
    driver.ok(client, "ListDelegatedAdministrators")
    driver.ok(client, "ListDelegatedAdministrators", **service)
    driver.refused(client, "ListDelegatedAdministrators", "InvalidInputException", MaxResults=21)
    driver.ok(client, "ListDelegatedServicesForAccount", AccountId=member)
    driver.refused(client, "ListDelegatedServicesForAccount", "AccountNotFoundException", AccountId=NOBODY)
    driver.refused(client, "ListDelegatedServicesForAccount", "AccountNotRegisteredException", AccountId=MANAGEMENT)
    driver.refused(client, "RemoveAccountFromOrganization", "ConstraintViolationException", AccountId=member)
    driver.ok(client, "DeregisterDelegatedAdministrator", **delegate)
    driver.refused(client, "DeregisterDelegatedAdministrator", "AccountNotRegisteredException", **delegate)
    driver.refused(client, "DeregisterDelegatedAdministrator", "AccountNotFoundException", **{**delegate, "AccountId": NOBODY})
    driver.ok(client, "DisableAWSServiceAccess", **service)
    driver.refused(client, "DisableAWSServiceAccess", "InvalidInputException", ServicePrincipal="nonsense")


def handshakes(driver, client):
    invite = lambda account: {"Target": {"Id": account, "Type": "ACCOUNT"}, "Notes": "Please join", "Tags": [{"Key": "a", "Value": "b"}]}
    free = driver.client("organizations", f"AKIA{FREE}")
    sent = driver.ok(client, "InviteAccountToOrganization", **invite(FREE))["Handshake"]["Id"]
    driver.refused(client, "InviteAccountToOrganization", "DuplicateHandshakeException", **invite(FREE))
    driver.refused(client, "InviteAccountToOrganization", "InvalidInputException", **invite(NOBODY))
    driver.refused(client, "InviteAccountToOrganization", "InvalidInputException", Target={"Id": "nobody", "Type": "EMAIL"})
    driver.refused(client, "InviteAccountToOrganization", "InvalidInputException", Target={"Id": FREE, "Type": "ORGANIZATION"})
    driver.refused(client, "InviteAccountToOrganization", "HandshakeConstraintViolationException", **invite(MANAGEMENT))
    driver.refused(client, "InviteAccountToOrganization", "HandshakeConstraintViolationException", **invite(FOREIGN))
    driver.ok(client, "DescribeHandshake", HandshakeId=sent)
    driver.ok(free, "DescribeHandshake", HandshakeId=sent)
    driver.refused(client, "DescribeHandshake", "HandshakeNotFoundException", HandshakeId=NO_HANDSHAKE)
    driver.ok(client, "ListHandshakesForOrganization")
    driver.ok(client, "ListHandshakesForOrganization", Filter={"ActionType": "INVITE"})
    driver.refused(client, "ListHandshakesForOrganization", "InvalidInputException", MaxResults=21)
    driver.ok(free, "ListHandshakesForAccount")
    driver.refused(free, "ListHandshakesForAccount", "InvalidInputException", NextToken="nonsense")
    driver.refused(client, "AcceptHandshake", "AccessDeniedException", HandshakeId=sent)
    driver.refused(client, "AcceptHandshake", "HandshakeNotFoundException", HandshakeId=NO_HANDSHAKE)
    driver.ok(free, "DeclineHandshake", HandshakeId=sent)
    driver.refused(free, "DeclineHandshake", "HandshakeAlreadyInStateException", HandshakeId=sent)
    driver.refused(free, "DeclineHandshake", "HandshakeNotFoundException", HandshakeId=NO_HANDSHAKE)
    driver.refused(free, "AcceptHandshake", "InvalidHandshakeTransitionException", HandshakeId=sent)
    sent = driver.ok(client, "InviteAccountToOrganization", Target={"Id": "free@example.com", "Type": "EMAIL"})["Handshake"]["Id"]
    driver.ok(client, "CancelHandshake", HandshakeId=sent)
    driver.refused(client, "CancelHandshake", "HandshakeAlreadyInStateException", HandshakeId=sent)
    driver.refused(client, "CancelHandshake", "HandshakeNotFoundException", HandshakeId=NO_HANDSHAKE)
    driver.refused(free, "DeclineHandshake", "InvalidHandshakeTransitionException", HandshakeId=sent)
    for account, code in ((MANAGER, "MasterCannotLeaveOrganizationException"), (POOR, "HandshakeConstraintViolationException")):
        sent = driver.ok(client, "InviteAccountToOrganization", **invite(account))["Handshake"]["Id"]
        driver.refused(driver.client("organizations", f"AKIA{account}"), "AcceptHandshake", code, HandshakeId=sent)
        driver.ok(client, "CancelHandshake", HandshakeId=sent)
    for account in (FREE, LATER):
        sent = driver.ok(client, "InviteAccountToOrganization", **invite(account))["Handshake"]["Id"]
        driver.ok(driver.client("organizations", f"AKIA{account}"), "AcceptHandshake", HandshakeId=sent)
    driver.ok(client, "DescribeHandshake", HandshakeId=sent)


def effective(driver, client, root, member):
    ask = {"PolicyType": "TAG_POLICY", "TargetId": member}
    driver.refused(client, "DescribeEffectivePolicy", "EffectivePolicyNotFoundException", **ask)
    driver.refused(client, "DescribeEffectivePolicy", "InvalidInputException", **{**ask, "PolicyType": "SERVICE_CONTROL_POLICY"})
    driver.refused(client, "DescribeEffectivePolicy", "TargetNotFoundException", **{**ask, "TargetId": NOBODY})
    made = driver.ok(client, "CreatePolicy", Name="team", Description="", Content=TAGS, Type="TAG_POLICY")["Policy"]["PolicySummary"]["Id"]
    driver.ok(client, "AttachPolicy", PolicyId=made, TargetId=root)
    driver.ok(client, "DescribeEffectivePolicy", **ask)
    own = driver.client("organizations", f"AKIA{member}")
    driver.ok(own, "DescribeEffectivePolicy", PolicyType="TAG_POLICY")
    driver.refused(own, "DescribeEffectivePolicy", "AccessDeniedException", **{**ask, "TargetId": MANAGEMENT})


def leaving(driver, client):
    account = create(driver, client, "leaving", "leaving@example.com")["AccountId"]
    driver.refused(client, "RemoveAccountFromOrganization", "ConstraintViolationException", AccountId=account)
    driver.refused(client, "RemoveAccountFromOrganization", "AccountNotFoundException", AccountId=NOBODY)
    driver.refused(client, "RemoveAccountFromOrganization", "MasterCannotLeaveOrganizationException", AccountId=MANAGEMENT)
    driver.ok(client, "RemoveAccountFromOrganization", AccountId=FREE)
    driver.refused(client, "CloseAccount", "AccountNotFoundException", AccountId=NOBODY)
    driver.refused(client, "CloseAccount", "ConstraintViolationException", AccountId=MANAGEMENT)
    driver.refused(client, "DeleteOrganization", "OrganizationNotEmptyException")
    driver.ok(client, "CloseAccount", AccountId=account)
    driver.until_refused("AccountAlreadyClosedException", client, "CloseAccount", AccountId=account)
    driver.ok(client, "DescribeAccount", AccountId=account)


def ranks(driver, member):
    """What a member may not do, and what an account outside may not."""
    own = driver.client("organizations", f"AKIA{member}")
    driver.ok(own, "DescribeOrganization")
    driver.refused(own, "ListAccounts", "AccessDeniedException")
    driver.refused(own, "ListRoots", "AccessDeniedException")
    driver.refused(own, "CreateAccount", "AccessDeniedException", AccountName="x", Email="x@example.com")
    driver.refused(driver.client("organizations", f"AKIA{NOBODY}"), "DescribeOrganization", "AWSOrganizationsNotInUseException")
