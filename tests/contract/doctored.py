"""Answers and refusals with one mistake each, and what shapes.py must say of them. The right ones have no problem."""
import json
import sys

import botocore.session

import shapes
from contract import common_codes

session = botocore.session.get_session()
wrong = []


def kinds(found):
    return sorted({(place, kind) for place, kind, _ in found})


def answer(service, operation, body, *expected):
    model = session.get_service_model(service)
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    found = kinds(shapes.check_output(model, model.operation_model(operation), {}, body))
    if found != sorted(expected):
        wrong.append(f"{service} {operation}: {found} instead of {sorted(expected)}: {body}")


def refusal(service, operation, status, headers, body, *expected):
    model = session.get_service_model(service)
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    _, found = shapes.check_error(model, model.operation_model(operation), status, headers, body, common_codes()[service])
    if kinds(found) != sorted(expected):
        wrong.append(f"{service} {operation}: {kinds(found)} instead of {sorted(expected)}: {body}")


# JSON.
account = {"Id": "123456789012", "Name": "a", "JoinedTimestamp": 1.5, "State": "ACTIVE"}
describe = lambda **changes: {"Account": {**account, **changes}}
answer("organizations", "DescribeAccount", describe())
answer("organizations", "DescribeAccount", describe(Nickname="b"), ("Account.Nickname", "unknown"))
answer("organizations", "DescribeAccount", describe(Email=None), ("Account.Email", "null"))
answer("organizations", "DescribeAccount", describe(State="GONE"), ("Account.State", "enum"))
answer("organizations", "DescribeAccount", describe(Id="12"), ("Account.Id", "pattern"))
answer("organizations", "DescribeAccount", describe(Name=1), ("Account.Name", "type"))
answer("organizations", "DescribeAccount", describe(JoinedTimestamp="2026-11-30T00:00:00Z"), ("Account.JoinedTimestamp", "type"))
answer("organizations", "DescribeAccount", describe(Paths="o"), ("Account.Paths", "type"))
answer("organizations", "DescribeAccount", describe(Name="a" * 129), ("Account.Name", "length"))
answer("organizations", "DescribeAccount", b"<xml/>", ("", "type"))
answer("organizations", "DeletePolicy", b"")
answer("organizations", "DeletePolicy", {"Policy": {}}, ("", "unknown"))
answer("account", "GetContactInformation", {"ContactInformation": {}}, *(
    (f"ContactInformation.{name}", "missing")
    for name in ("AddressLine1", "City", "CountryCode", "FullName", "PhoneNumber", "PostalCode")
))
answer("ram", "EnableSharingWithAwsOrganization", {"returnValue": "true"}, ("returnValue", "type"))

# The query protocol.
identity = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>{}</GetCallerIdentityResult>'
    "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
)
arn = "<Arn>arn:aws:iam::123456789012:user/a</Arn>"
answer("sts", "GetCallerIdentity", identity.format(arn).encode())
answer("sts", "GetCallerIdentity", identity.replace("sts.", "iam.").format(arn).encode(), ("", "namespace"))
answer("sts", "GetCallerIdentity", identity.replace("Result>", "Outcome>").format(arn).encode(), ("GetCallerIdentityResult", "missing"), ("ResponseMetadata", "missing"))
answer("sts", "GetCallerIdentity", identity.format("<Name>a</Name>").encode(), ("Name", "unknown"))
answer("sts", "GetCallerIdentity", identity.format("<Arn>short</Arn>").encode(), ("Arn", "length"))
answer("sts", "GetCallerIdentity", identity.format("<Account>null</Account>").encode(), ("Account", "null"))
role = (
    '<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role><Path>/</Path><RoleName>a</RoleName>'
    "<RoleId>AROA1234567890123456</RoleId><Arn>arn:aws:iam::123456789012:role/a</Arn>{}</Role></GetRoleResult>"
    "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetRoleResponse>"
)
date = "<CreateDate>2026-11-30T00:00:00Z</CreateDate>"
answer("iam", "GetRole", role.format(date).encode())
answer("iam", "GetRole", role.format("").encode(), ("Role.CreateDate", "missing"))
answer("iam", "GetRole", role.format("<CreateDate>1.5</CreateDate>").encode(), ("Role.CreateDate", "type"))
answer("iam", "GetRole", role.format(date + "<Tags><item/></Tags>").encode(), ("Role.Tags.item", "unknown"))

# EC2.
vpcs = (
    '<DescribeVpcsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><vpcSet><item>{}</item></vpcSet>'
    "</DescribeVpcsResponse>"
)
answer("ec2", "DescribeVpcs", vpcs.format("<vpcId>vpc-1</vpcId><isDefault>true</isDefault><state>available</state>").encode())
answer("ec2", "DescribeVpcs", vpcs.replace("<requestId>1</requestId>", "").format("").encode(), ("requestId", "missing"))
answer("ec2", "DescribeVpcs", vpcs.format("<name>a</name>").encode(), ("vpcSet[].name", "unknown"))
answer("ec2", "DescribeVpcs", vpcs.format("<isDefault>yes</isDefault>").encode(), ("vpcSet[].isDefault", "type"))
answer("ec2", "DescribeVpcs", vpcs.format("<state>there</state>").encode(), ("vpcSet[].state", "enum"))
answer("ec2", "DescribeVpcs", vpcs.format("<tagSet><tag/></tagSet>").encode(), ("vpcSet[].tagSet.tag", "unknown"))
answer("ec2", "DescribeVpcs", vpcs.format("<vpcId><id/></vpcId>").encode(), ("vpcSet[].vpcId", "type"))
answer("ec2", "DescribeVpcs", vpcs.format("<vpcId>a</vpcId><vpcId>b</vpcId>").encode(), ("vpcSet[].vpcId", "type"))
subnets = vpcs.replace("Vpcs", "Subnets").replace("vpcSet", "subnetSet")
answer("ec2", "DescribeSubnets", subnets.format("<availableIpAddressCount>many</availableIpAddressCount>").encode(), ("subnetSet[].availableIpAddressCount", "type"))

# Refusals.
refused = {"__type": "ConstraintViolationException", "Message": "no", "Reason": "OU_DEPTH_LIMIT_EXCEEDED"}
refusal("organizations", "CreateOrganizationalUnit", 400, {}, refused)
refusal("organizations", "CreateOrganizationalUnit", 403, {}, refused, ("error", "status"))
refusal("organizations", "CreateOrganizationalUnit", 400, {}, {**refused, "Reason": "TOO_DEEP"}, ("error.Reason", "enum"))
refusal("organizations", "CreateOrganizationalUnit", 400, {}, {**refused, "Why": "x"}, ("error.Why", "unknown"))
refusal("organizations", "CreateOrganizationalUnit", 400, {}, {**refused, "__type": "NoSuchThing"}, ("error", "unmodelled"))
refusal("organizations", "CreateOrganizationalUnit", 400, {}, {"Message": "no"}, ("__type", "missing"))
refusal("organizations", "ListRoots", 400, {}, {"__type": "AccessDeniedException"}, ("error.message", "missing"))
refusal("account", "PutAccountName", 400, {}, {"message": "no"}, ("x-amzn-errortype", "missing"))
missing = {"x-amzn-errortype": "ResourceNotFoundException"}
refusal("account", "GetAlternateContact", 404, missing, {"message": "no"})
refusal("account", "GetAlternateContact", 400, missing, {"message": "no"}, ("error", "status"))
error = (
    '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code>'
    "<Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>"
)
refusal("iam", "GetRole", 404, {}, error.encode())
refusal("iam", "GetRole", 404, {}, error.replace("iam", "sts").encode(), ("error", "namespace"))
refusal("iam", "GetRole", 404, {}, error.replace("Sender", "Receiver").encode(), ("error.Type", "enum"))
refusal("iam", "GetRole", 404, {}, error.replace("NoSuchEntity", "Nothing").encode(), ("error", "unmodelled"))
refusal("iam", "GetRole", 404, {}, error.replace("RequestId", "Id").encode(), ("error", "type"))
refusal("iam", "GetRole", 404, {}, b'{"message": "no"}', ("", "type"))
error = "<Response><Errors><Error><Code>InvalidVpcID.NotFound</Code><Message>no</Message></Error></Errors><RequestID>1</RequestID></Response>"
refusal("ec2", "DescribeVpcs", 400, {}, error.encode())
refusal("ec2", "DescribeVpcs", 404, {}, error.encode(), ("error", "status"))
refusal("ec2", "DescribeVpcs", 400, {}, error.replace("Vpc", "VPC").encode(), ("error", "unmodelled"))
refusal("ec2", "DescribeVpcs", 400, {}, error.replace("RequestID", "requestId").encode(), ("error", "type"))

print("\n".join(wrong))
sys.exit(bool(wrong))
