"""Account Management, RAM, IAM, STS, CloudTrail and Config: every operation of the sandbox, with its answers and its refusals."""
import json

import organizations

ALLOW = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
AUDIT = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}
DELETE = {"arn": "arn:aws:iam::aws:policy/root-task/IAMDeleteRootUserCredentials"}
MANAGEMENT, NOBODY = organizations.MANAGEMENT, organizations.NOBODY


def before(driver):
    """What an account without an organization is told."""
    driver.refused(driver.client("iam"), "ListOrganizationsFeatures", "OrganizationNotFoundException")
    driver.refused(driver.client("ram"), "EnableSharingWithAwsOrganization", "OperationNotPermittedException")


def account(driver, member):
    client, own = driver.client("account"), driver.client("account", f"AKIA{member}")
    driver.ok(client, "GetAccountInformation")
    driver.refused(client, "GetAccountInformation", "AccessDeniedException", AccountId=NOBODY)
    driver.ok(client, "ListRegions", MaxResults=5)
    page = driver.ok(client, "ListRegions", MaxResults=50, RegionOptStatusContains=["ENABLED_BY_DEFAULT", "DISABLED"])
    page = driver.ok(client, "ListRegions", MaxResults=1)
    driver.ok(client, "ListRegions", MaxResults=1, NextToken=page["NextToken"])
    driver.refused(client, "ListRegions", "ValidationException", NextToken="nonsense")
    driver.ok(client, "GetRegionOptStatus", RegionName="eu-south-2")
    driver.refused(client, "GetRegionOptStatus", "ValidationException", RegionName="nowhere-1")
    driver.refused(own, "GetRegionOptStatus", "AccessDeniedException", RegionName="eu-south-2", AccountId=NOBODY)
    for operation in ("EnableRegion", "DisableRegion"):
        driver.until({"ConflictException"}, client, operation, RegionName="eu-south-2", AccountId=member)
        driver.refused(client, operation, "ValidationException", RegionName="eu-west-1", AccountId=member)
        driver.ok(client, "GetRegionOptStatus", RegionName="eu-south-2", AccountId=member)
    driver.ok(client, "PutAccountName", AccountName="renamed", AccountId=member)
    driver.refused(client, "PutAccountName", "ValidationException", AccountName="", AccountId=member)
    driver.refused(client, "PutAccountName", "ValidationException", AccountName="x", AccountId=MANAGEMENT)
    driver.refused(own, "PutAccountName", "AccessDeniedException", AccountName="x", AccountId=MANAGEMENT)
    contact = {
        "AlternateContactType": "SECURITY",
        "EmailAddress": "security@example.com",
        "Name": "Security",
        "PhoneNumber": "+1 555 0100",
        "Title": "Team",
    }
    ask = {"AlternateContactType": "BILLING", "AccountId": member}
    driver.refused(client, "GetAlternateContact", "ResourceNotFoundException", **ask)
    driver.ok(client, "PutAlternateContact", AccountId=member, **contact)
    driver.refused(client, "PutAlternateContact", "ValidationException", AccountId=member, **{**contact, "Title": "x" * 51})
    driver.refused(client, "PutAlternateContact", "ValidationException", AccountId=member, **{**contact, "EmailAddress": "nobody"})
    driver.ok(client, "GetAlternateContact", **{**ask, "AlternateContactType": "SECURITY"})
    primary = {
        "FullName": "Example",
        "AddressLine1": "1 Main Street",
        "City": "Seattle",
        "CountryCode": "US",
        "StateOrRegion": "WA",
        "PostalCode": "98101",
        "PhoneNumber": "+15550100",
    }
    driver.refused(client, "GetContactInformation", "AccessDeniedException", AccountId=NOBODY)
    driver.ok(client, "PutContactInformation", AccountId=member, ContactInformation=primary)
    stateless = {name: text for name, text in primary.items() if name != "StateOrRegion"}
    driver.refused(client, "PutContactInformation", "ValidationException", AccountId=member, ContactInformation=stateless)
    driver.ok(client, "GetContactInformation", AccountId=member)
    update = {"AccountId": member, "PrimaryEmail": "new@example.com"}
    driver.refused(client, "AcceptPrimaryEmailUpdate", "ResourceNotFoundException", Otp="abc123", **update)
    driver.ok(client, "StartPrimaryEmailUpdate", **update)
    taken = {**update, "PrimaryEmail": "management@example.com"}
    driver.refused(client, "StartPrimaryEmailUpdate", "ConflictException", **taken)
    driver.refused(client, "StartPrimaryEmailUpdate", "ValidationException", **{**update, "PrimaryEmail": "nobody"})
    driver.refused(client, "AcceptPrimaryEmailUpdate", "ValidationException", Otp="wrong1", **update)
    driver.ok(client, "AcceptPrimaryEmailUpdate", Otp=driver.code_of(member), **update)


def ram(driver, member):
    client, own = driver.client("ram"), driver.client("ram", f"AKIA{member}")
    driver.refused(own, "EnableSharingWithAwsOrganization", "OperationNotPermittedException")
    driver.ok(client, "EnableSharingWithAwsOrganization")
    resource = driver.state["gateway arn"]
    make = {"name": "hub", "resourceArns": [resource], "principals": [member], "allowExternalPrincipals": False, "tags": [{"key": "a", "value": "b"}]}
    share = driver.until(
        {"OperationNotPermittedException", "InvalidParameterException"}, client, "CreateResourceShare", **make
    )["resourceShare"]["resourceShareArn"]
    unknown = resource.rsplit("/", 1)[0] + "/tgw-0123456789abcdef0"
    driver.refused(client, "CreateResourceShare", "UnknownResourceException", name="x", resourceArns=[unknown])
    driver.refused(client, "CreateResourceShare", "InvalidParameterException", name="x", principals=[NOBODY], allowExternalPrincipals=False)
    driver.ok(client, "GetResourceShares", resourceOwner="SELF", tagFilters=[{"tagKey": "a", "tagValues": ["b"]}])
    driver.ok(own, "GetResourceShares", resourceOwner="OTHER-ACCOUNTS")
    for kind in ("PRINCIPAL", "RESOURCE"):
        driver.ok(client, "GetResourceShareAssociations", associationType=kind, resourceShareArns=[share])
    driver.ok(driver.client("ec2", f"AKIA{member}"), "DescribeTransitGateways")
    gone = share[:-12] + "0" * 12
    # In this order: what is disassociated is associated again.
    for operation, parameters in (
        ("DisassociateResourceShare", {"principals": [member]}),
        ("AssociateResourceShare", {"principals": [member]}),
        ("TagResource", {"tags": [{"key": "c", "value": ""}]}),
        ("UpdateResourceShare", {"name": "renamed"}),
        ("DeleteResourceShare", {}),
    ):
        driver.refused(client, operation, "UnknownResourceException", resourceShareArn=gone, **parameters)
        driver.ok(client, operation, resourceShareArn=share, **parameters)


def sts(driver, member):
    client = driver.client("sts")
    driver.ok(client, "GetCallerIdentity")
    role = f"arn:aws:iam::{member}:role/OrganizationAccountAccessRole"
    answer = driver.ok(client, "AssumeRole", RoleArn=role, RoleSessionName="contract", DurationSeconds=900)
    credentials = answer["Credentials"]
    driver.ok(driver.client("sts", credentials["AccessKeyId"], token=credentials["SessionToken"]), "GetCallerIdentity")
    driver.refused(client, "AssumeRole", "ValidationError", RoleArn=role, RoleSessionName="contract", DurationSeconds=7200)
    for region in ("eu-south-1",):
        driver.refused(driver.client("sts", region=region), "GetCallerIdentity", "InvalidClientTokenId")
    for arn in (role + "x", f"arn:aws:iam::{NOBODY}:role/x"):
        driver.refused(client, "AssumeRole", "AccessDenied", RoleArn=arn, RoleSessionName="contract")
    root = {"TargetPrincipal": organizations.LATER, "TaskPolicyArn": AUDIT}
    driver.refused(client, "AssumeRoot", "AccessDenied", **root)
    iam = driver.client("iam")
    driver.refused(iam, "EnableOrganizationsRootSessions", "ServiceAccessNotEnabledException")
    driver.refused(iam, "EnableOrganizationsRootCredentialsManagement", "ServiceAccessNotEnabledException")
    driver.refused(iam, "ListOrganizationsFeatures", "ServiceAccessNotEnabledException")
    driver.ok(driver.client("organizations"), "EnableAWSServiceAccess", ServicePrincipal="iam.amazonaws.com")
    own = driver.client("iam", f"AKIA{member}")
    code = "AccountNotManagementOrDelegatedAdministratorException"
    driver.refused(own, "EnableOrganizationsRootSessions", code)
    driver.ok(iam, "EnableOrganizationsRootSessions")
    driver.ok(iam, "EnableOrganizationsRootCredentialsManagement")
    driver.ok(iam, "ListOrganizationsFeatures")
    driver.refused(client, "AssumeRoot", "ValidationError", DurationSeconds=3600, **root)
    driver.refused(client, "AssumeRoot", "ValidationError", **{**root, "TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}})
    session = driver.ok(client, "AssumeRoot", **root)["Credentials"]
    audit = driver.client("iam", session["AccessKeyId"], token=session["SessionToken"])
    session = driver.ok(client, "AssumeRoot", **{**root, "TaskPolicyArn": DELETE})["Credentials"]
    remove = driver.client("iam", session["AccessKeyId"], token=session["SessionToken"])
    root_user(driver, iam, audit, remove)


def root_user(driver, iam, audit, remove):
    """What main.rs gives to the root user of an account that was invited."""
    for operation in ("GetLoginProfile", "ListAccessKeys", "ListMFADevices", "ListSigningCertificates"):
        driver.refused(iam, operation, "AccessDenied")
        driver.ok(audit, operation)
    key = driver.ok(audit, "ListAccessKeys")["AccessKeyMetadata"][0]["AccessKeyId"]
    serial = driver.ok(audit, "ListMFADevices")["MFADevices"][0]["SerialNumber"]
    certificate = driver.ok(audit, "ListSigningCertificates")["Certificates"][0]["CertificateId"]
    for operation, parameters in (
        ("DeleteLoginProfile", {}),
        ("DeleteAccessKey", {"AccessKeyId": key}),
        ("DeactivateMFADevice", {"SerialNumber": serial}),
        ("DeleteSigningCertificate", {"CertificateId": certificate}),
    ):
        driver.refused(audit, operation, "AccessDenied", **parameters)
        driver.ok(remove, operation, **parameters)
        driver.refused(remove, operation, "NoSuchEntity", **parameters)
    driver.refused(audit, "GetLoginProfile", "NoSuchEntity")
    driver.refused(audit, "GetRole", "AccessDenied", RoleName="x")


def iam(driver, member):
    client = driver.client("iam", f"AKIA{member}")
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{MANAGEMENT}:root"}}]}
    make = {"RoleName": "audit", "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", **trust})}
    driver.ok(client, "CreateRole", Tags=[{"Key": "a", "Value": "b"}], **make)
    driver.refused(client, "CreateRole", "EntityAlreadyExists", **make)
    driver.refused(client, "CreateRole", "MalformedPolicyDocument", RoleName="x", AssumeRolePolicyDocument="{")
    many = [{"Key": f"k{n}", "Value": ""} for n in range(51)]
    driver.refused(client, "CreateRole", "ValidationError", Tags=many, **{**make, "RoleName": "x"})
    driver.ok(client, "GetRole", RoleName="audit")
    driver.refused(client, "GetRole", "NoSuchEntity", RoleName="nobody")
    session = driver.ok(driver.client("sts"), "AssumeRole", RoleArn=f"arn:aws:iam::{member}:role/audit", RoleSessionName="contract")["Credentials"]
    powerless = lambda service: driver.client(service, session["AccessKeyId"], token=session["SessionToken"])
    driver.refused(powerless("ec2"), "DescribeVpcs", "UnauthorizedOperation")
    driver.refused(powerless("iam"), "GetRole", "AccessDenied", RoleName="audit")
    driver.refused(powerless("iam"), "ListAccountAliases", "AccessDenied")
    driver.refused(powerless("organizations"), "DescribeOrganization", "AccessDeniedException")
    driver.refused(powerless("account"), "ListRegions", "AccessDeniedException")
    driver.refused(powerless("ram"), "GetResourceShares", "AccessDeniedException", resourceOwner="SELF")
    driver.refused(powerless("ram"), "GetResourceShareAssociations", "AccessDeniedException", associationType="RESOURCE")
    driver.refused(powerless("cloudtrail"), "LookupEvents", "AccessDeniedException")
    driver.refused(powerless("config"), "DescribeConfigurationAggregators", "AccessDeniedException")
    driver.ok(powerless("sts"), "GetCallerIdentity")
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    driver.ok(client, "AttachRolePolicy", RoleName="audit", PolicyArn=policy)
    driver.refused(client, "AttachRolePolicy", "NoSuchEntity", RoleName="nobody", PolicyArn=policy)
    driver.refused(client, "AttachRolePolicy", "NoSuchEntity", RoleName="audit", PolicyArn=f"arn:aws:iam::{member}:policy/nothing")
    driver.ok(client, "ListAttachedRolePolicies", RoleName="audit")
    driver.refused(client, "ListAttachedRolePolicies", "NoSuchEntity", RoleName="nobody")
    simulate = {"PolicyInputList": [ALLOW], "ActionNames": ["s3:GetObject", "ec2:RunInstances"]}
    driver.ok(client, "SimulateCustomPolicy", **simulate)
    denies = ALLOW.replace("Allow", "Deny").replace('"*"', '"s3:*"', 1)
    levels = [{"ServiceControlPolicyInputList": [denies, ALLOW]}]
    driver.ok(client, "SimulateCustomPolicy", OrderedOrganizationPolicyInputList=levels, **simulate)
    driver.refused(client, "SimulateCustomPolicy", "InvalidInput", PolicyInputList=["{"], ActionNames=["s3:GetObject"])
    driver.refused(client, "SimulateCustomPolicy", "InvalidInput", PolicyInputList=[ALLOW], ActionNames=["s3:*"])


def settings(driver, member):
    """What an account has once, or once in each Region."""
    client, own = driver.client("iam"), driver.client("iam", f"AKIA{member}")
    driver.ok(client, "CreateAccountAlias", AccountAlias="example")
    driver.refused(own, "CreateAccountAlias", "EntityAlreadyExists", AccountAlias="example")
    for wrong in ("Example", "ex", "an--alias", "-alias"):
        driver.refused(own, "CreateAccountAlias", "ValidationError", AccountAlias=wrong)
    if driver.ok(client, "ListAccountAliases")["AccountAliases"] != ["example"] or driver.ok(own, "ListAccountAliases")["AccountAliases"]:
        driver.surprises.append("ListAccountAliases does not show the alias of the account alone")
    driver.refused(own, "DeleteAccountAlias", "NoSuchEntity", AccountAlias="example")
    driver.ok(client, "DeleteAccountAlias", AccountAlias="example")
    ec2, elsewhere = driver.client("ec2"), driver.client("ec2", region="eu-west-1")
    for operation, expected in (("EnableEbsEncryptionByDefault", True), ("DisableEbsEncryptionByDefault", False)):
        driver.refused(ec2, operation, "DryRunOperation", DryRun=True)
        driver.ok(ec2, operation)
        shown = [driver.ok(one, "GetEbsEncryptionByDefault")["EbsEncryptionByDefault"] for one in (ec2, elsewhere)]
        if shown != [expected, False]:
            driver.surprises.append(f"GetEbsEncryptionByDefault in two Regions after {operation}: {shown}")
    driver.refused(ec2, "GetEbsEncryptionByDefault", "DryRunOperation", DryRun=True)


def tag(driver, member):
    client = driver.client("resourcegroupstaggingapi")
    organization = driver.ok(driver.client("organizations"), "DescribeOrganization")["Organization"]["Id"]
    driver.ok(driver.client("organizations"), "TagResource", ResourceId=member, Tags=[{"Key": "a", "Value": "b"}])
    arns = [f"arn:aws:organizations::{MANAGEMENT}:account/{organization}/{account}" for account in (member, NOBODY)]
    found = driver.ok(client, "GetResources", ResourceARNList=arns)["ResourceTagMappingList"]
    if len(found) != 1:
        driver.surprises.append(f"GetResources of an account with tags and one that there is not: {found}")
    driver.refused(client, "GetResources", "InvalidParameterException", ResourceARNList=arns, ResourcesPerPage=5)
    driver.refused(client, "GetResources", "InvalidParameterException", ResourceARNList=arns * 51)


def cloudtrail(driver, _member):
    client = driver.client("cloudtrail")
    driver.ok(client, "LookupEvents")
    driver.ok(driver.client("cloudtrail", region="eu-west-3"), "LookupEvents")
    page = driver.ok(client, "LookupEvents", MaxResults=1, LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateVpc"}])
    driver.ok(client, "LookupEvents", MaxResults=1, NextToken=page["NextToken"])
    driver.refused(client, "LookupEvents", "InvalidMaxResultsException", MaxResults=51)
    driver.refused(client, "LookupEvents", "InvalidNextTokenException", NextToken="nonsense")
    driver.refused(client, "LookupEvents", "InvalidTimeRangeException", StartTime=2_000_000_000, EndTime=1_900_000_000)
    two = [{"AttributeKey": "EventName", "AttributeValue": "x"}] * 2
    driver.refused(client, "LookupEvents", "InvalidLookupAttributesException", LookupAttributes=two)


def config(driver, member):
    client, own = driver.client("config"), driver.client("config", f"AKIA{member}")
    recorder = {"name": "default", "roleARN": f"arn:aws:iam::{member}:role/config", "recordingGroup": {"allSupported": True}}
    driver.refused(own, "StartConfigurationRecorder", "NoSuchConfigurationRecorderException", ConfigurationRecorderName="default")
    driver.refused(own, "StopConfigurationRecorder", "NoSuchConfigurationRecorderException", ConfigurationRecorderName="default")
    driver.ok(own, "PutConfigurationRecorder", ConfigurationRecorder=recorder)
    driver.refused(own, "PutConfigurationRecorder", "ValidationException")
    second = {**recorder, "name": "second"}
    driver.refused(own, "PutConfigurationRecorder", "MaxNumberOfConfigurationRecordersExceededException", ConfigurationRecorder=second)
    driver.ok(own, "StartConfigurationRecorder", ConfigurationRecorderName="default")
    source = {"AllAwsRegions": True, "RoleArn": f"arn:aws:iam::{MANAGEMENT}:role/aggregator"}
    make = {"ConfigurationAggregatorName": "all", "OrganizationAggregationSource": source}
    driver.refused(own, "PutConfigurationAggregator", "OrganizationAccessDeniedException", **make)
    driver.refused(client, "PutConfigurationAggregator", "InvalidParameterValueException", ConfigurationAggregatorName="none")
    driver.ok(client, "PutConfigurationAggregator", **make)
    some = [{"AccountIds": [member], "AwsRegions": ["us-east-1"]}]
    driver.ok(client, "PutConfigurationAggregator", ConfigurationAggregatorName="some", AccountAggregationSources=some)
    driver.ok(client, "DescribeConfigurationAggregators")
    gone = "NoSuchConfigurationAggregatorException"
    driver.refused(client, "DescribeConfigurationAggregators", gone, ConfigurationAggregatorNames=["none"])
    one = {"ConfigurationAggregatorName": "all"}
    driver.ok(client, "DescribeConfigurationAggregatorSourcesStatus", **one)
    driver.refused(client, "DescribeConfigurationAggregatorSourcesStatus", gone, ConfigurationAggregatorName="none")
    query = "SELECT accountId, awsRegion, resourceType, resourceId, configuration, tags WHERE resourceType IN ('AWS::EC2::VPC', 'AWS::EC2::Subnet')"
    driver.ok(client, "SelectAggregateResourceConfig", Expression=query, **one)
    page = driver.ok(client, "SelectAggregateResourceConfig", Expression=query, MaxResults=1, **one)
    driver.ok(client, "SelectAggregateResourceConfig", Expression=query, MaxResults=1, NextToken=page["NextToken"], **one)
    driver.refused(client, "SelectAggregateResourceConfig", "InvalidNextTokenException", Expression=query, NextToken="nonsense", **one)
    driver.refused(client, "SelectAggregateResourceConfig", "InvalidExpressionException", Expression="SELECT", **one)
    driver.refused(client, "SelectAggregateResourceConfig", "InvalidLimitException", Expression=query, Limit=101, **one)
    driver.refused(client, "SelectAggregateResourceConfig", gone, Expression=query, ConfigurationAggregatorName="none")
    driver.ok(own, "StopConfigurationRecorder", ConfigurationRecorderName="default")
