"""EC2, as far as networks go: every operation of the sandbox, with its answers and its refusals."""
import organizations

REGION = "us-east-1"
ZONE = f"{REGION}a"
# What passes while something slow is still at it.
PASSING = {
    "DependencyViolation",
    "IncorrectState",
    "InvalidParameterValue",
    "InvalidIPAddress.InUse",
    "InvalidGatewayID.NotFound",
    "InvalidNatGatewayID.NotFound",
    "InvalidVpcPeeringConnectionID.NotFound",
    "Resource.AlreadyAssociated",
}


def tag(kind):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": "contract"}]}]


def missing(prefix):
    return f"{prefix}-0123456789abcdef0"


def network(driver, member):
    client = driver.client("ec2")
    places(driver, client)
    vpc = vpcs(driver, client)
    subnets = subnetworks(driver, client, vpc)
    gateways(driver, client, vpc, subnets)
    routes(driver, client, vpc, subnets)
    groups(driver, client, vpc)
    endpoints(driver, client, vpc, subnets)
    logs(driver, client, vpc)
    options(driver, client, vpc)
    peerings(driver, client, vpc, member)
    transit(driver, client, vpc, subnets, member)
    vpns(driver, client, vpc)
    tags(driver, client, vpc)
    reads(driver, client, vpc)
    quotas(driver)


def places(driver, client):
    driver.ok(client, "DescribeRegions", AllRegions=True)
    driver.ok(client, "DescribeAvailabilityZones")
    driver.ok(client, "DescribeAvailabilityZones", ZoneNames=[ZONE])
    driver.refused(client, "DescribeAvailabilityZones", "InvalidParameterValue", ZoneNames=["nowhere"])
    closed = driver.client("ec2", region="eu-central-2")
    driver.refused(closed, "DescribeRegions", "AuthFailure")
    driver.refused(closed, "CreateVpc", "AuthFailure", CidrBlock="10.0.0.0/16")


def vpcs(driver, client):
    driver.refused(client, "CreateVpc", "DryRunOperation", CidrBlock="10.0.0.0/16", DryRun=True)
    made = driver.ok(client, "CreateVpc", CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True, TagSpecifications=tag("vpc"))
    vpc = made["Vpc"]["VpcId"]
    driver.refused(client, "CreateVpc", "InvalidVpc.Range", CidrBlock="10.0.0.0/29")
    driver.refused(client, "CreateVpc", "InvalidParameterValue", CidrBlock="nonsense")
    driver.refused(client, "CreateVpc", "MissingParameter")
    driver.refused(client, "CreateVpc", "InvalidParameterValue", CidrBlock="10.0.0.0/16", TagSpecifications=tag("subnet"))
    driver.ok(client, "DescribeVpcs")
    driver.ok(client, "DescribeVpcs", VpcIds=[vpc], Filters=[{"Name": "tag:Name", "Values": ["contr*"]}])
    driver.refused(client, "DescribeVpcs", "InvalidVpcID.NotFound", VpcIds=[missing("vpc")])
    driver.refused(client, "DescribeVpcs", "InvalidParameterCombination", VpcIds=[vpc], MaxResults=5)
    driver.refused(client, "DescribeVpcs", "InvalidParameterValue", MaxResults=4)
    driver.refused(client, "DescribeVpcs", "InvalidNextToken", NextToken="nonsense")
    driver.refused(client, "DescribeVpcs", "InvalidParameterValue", Filters=[{"Name": "nonsense", "Values": ["x"]}])
    for attribute in ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics"):
        driver.ok(client, "DescribeVpcAttribute", VpcId=vpc, Attribute=attribute)
    driver.refused(client, "DescribeVpcAttribute", "InvalidVpcID.NotFound", VpcId=missing("vpc"), Attribute="enableDnsSupport")
    driver.ok(client, "ModifyVpcAttribute", VpcId=vpc, EnableDnsHostnames={"Value": True})
    both = {"EnableDnsHostnames": {"Value": True}, "EnableDnsSupport": {"Value": True}}
    driver.refused(client, "ModifyVpcAttribute", "InvalidParameterCombination", VpcId=vpc, **both)
    driver.refused(client, "ModifyVpcAttribute", "InvalidVpcID.NotFound", VpcId=missing("vpc"), EnableDnsSupport={"Value": True})
    added = driver.ok(client, "AssociateVpcCidrBlock", VpcId=vpc, CidrBlock="10.1.0.0/16")
    association = added["CidrBlockAssociation"]["AssociationId"]
    driver.refused(client, "AssociateVpcCidrBlock", "InvalidVpc.Range", VpcId=vpc, CidrBlock="10.1.0.0/24")
    driver.refused(client, "AssociateVpcCidrBlock", "CidrLimitExceeded", VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
    driver.refused(client, "AssociateVpcCidrBlock", "InvalidVpcID.NotFound", VpcId=missing("vpc"), CidrBlock="10.2.0.0/16")
    primary = made["Vpc"]["CidrBlockAssociationSet"][0]["AssociationId"]
    driver.refused(client, "DisassociateVpcCidrBlock", "OperationNotPermitted", AssociationId=primary)
    driver.refused(client, "DisassociateVpcCidrBlock", "InvalidVpcCidrBlockAssociationID.NotFound", AssociationId=missing("vpc-cidr-assoc"))
    inside = driver.ok(client, "CreateSubnet", VpcId=vpc, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    driver.refused(client, "DisassociateVpcCidrBlock", "InvalidCidrBlock.InUse", AssociationId=association)
    driver.refused(client, "DeleteVpc", "DependencyViolation", VpcId=vpc)
    driver.refused(client, "DeleteVpc", "InvalidVpcID.NotFound", VpcId=missing("vpc"))
    driver.ok(client, "DeleteSubnet", SubnetId=inside)
    driver.ok(client, "DisassociateVpcCidrBlock", AssociationId=association)
    other = driver.ok(client, "CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    block = driver.ok(client, "AssociateVpcCidrBlock", VpcId=other, AmazonProvidedIpv6CidrBlock=True)
    driver.ok(client, "DisassociateVpcCidrBlock", AssociationId=block["Ipv6CidrBlockAssociation"]["AssociationId"])
    driver.ok(client, "DeleteVpc", VpcId=other)
    return vpc


def subnetworks(driver, client, vpc):
    zones = [zone["ZoneName"] for zone in driver.ok(client, "DescribeAvailabilityZones")["AvailabilityZones"]]
    make = lambda block, zone: driver.ok(
        client, "CreateSubnet", VpcId=vpc, CidrBlock=block, AvailabilityZone=zone, TagSpecifications=tag("subnet")
    )["Subnet"]["SubnetId"]
    first, second = make("10.0.0.0/24", zones[0]), make("10.0.1.0/24", zones[1])
    driver.refused(client, "CreateSubnet", "InvalidSubnet.Conflict", VpcId=vpc, CidrBlock="10.0.0.128/25")
    driver.refused(client, "CreateSubnet", "InvalidSubnet.Range", VpcId=vpc, CidrBlock="10.200.0.0/24")
    driver.refused(client, "CreateSubnet", "InvalidSubnet.Range", VpcId=vpc, CidrBlock="10.0.9.0/29")
    driver.refused(client, "CreateSubnet", "InvalidVpcID.NotFound", VpcId=missing("vpc"), CidrBlock="10.0.0.0/24")
    driver.refused(client, "CreateSubnet", "InvalidParameterValue", VpcId=vpc, CidrBlock="10.0.9.0/24", AvailabilityZone="nowhere")
    driver.refused(client, "CreateSubnet", "MissingParameter", VpcId=vpc)
    driver.ok(client, "DescribeSubnets", SubnetIds=[first, second])
    driver.refused(client, "DescribeSubnets", "InvalidSubnetID.NotFound", SubnetIds=[missing("subnet")])
    [block] = driver.ok(client, "DescribeVpcs", VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"]
    ipv6 = block["Ipv6CidrBlock"].removesuffix("/56") + "/64"
    added = driver.ok(client, "AssociateSubnetCidrBlock", SubnetId=first, Ipv6CidrBlock=ipv6)
    association = added["Ipv6CidrBlockAssociation"]["AssociationId"]
    driver.refused(client, "AssociateSubnetCidrBlock", "CidrLimitExceeded", SubnetId=first, Ipv6CidrBlock=ipv6)
    driver.refused(client, "AssociateSubnetCidrBlock", "InvalidSubnet.Conflict", SubnetId=second, Ipv6CidrBlock=ipv6)
    driver.refused(client, "AssociateSubnetCidrBlock", "InvalidSubnetID.NotFound", SubnetId=missing("subnet"), Ipv6CidrBlock=ipv6)
    driver.refused(client, "DisassociateVpcCidrBlock", "InvalidCidrBlock.InUse", AssociationId=block["AssociationId"])
    driver.ok(client, "ModifySubnetAttribute", SubnetId=first, AssignIpv6AddressOnCreation={"Value": True})
    driver.refused(
        client, "ModifySubnetAttribute", "InvalidParameterValue", SubnetId=second, AssignIpv6AddressOnCreation={"Value": True}
    )
    driver.refused(client, "DisassociateSubnetCidrBlock", "InvalidCidrBlock.InUse", AssociationId=association)
    driver.ok(client, "ModifySubnetAttribute", SubnetId=first, AssignIpv6AddressOnCreation={"Value": False})
    driver.ok(client, "ModifySubnetAttribute", SubnetId=first, MapPublicIpOnLaunch={"Value": True})
    driver.refused(client, "ModifySubnetAttribute", "InvalidSubnetID.NotFound", SubnetId=missing("subnet"), MapPublicIpOnLaunch={"Value": True})
    driver.ok(client, "DescribeSubnets", SubnetIds=[first])
    driver.ok(client, "DisassociateSubnetCidrBlock", AssociationId=association)
    driver.refused(
        client,
        "DisassociateSubnetCidrBlock",
        "InvalidSubnetCidrBlockAssociationID.NotFound",
        AssociationId=missing("subnet-cidr-assoc"),
    )
    driver.refused(client, "DeleteSubnet", "InvalidSubnetID.NotFound", SubnetId=missing("subnet"))
    return first, second


def gateways(driver, client, vpc, subnets):
    address = driver.ok(client, "AllocateAddress", Domain="vpc", TagSpecifications=tag("elastic-ip"))["AllocationId"]
    failing = driver.ok(client, "CreateNatGateway", SubnetId=subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    driver.wait(client, "DescribeNatGateways", "NatGateways[0].State", "failed", NatGatewayIds=[failing])
    gateway = driver.ok(client, "CreateInternetGateway", TagSpecifications=tag("internet-gateway"))["InternetGateway"]["InternetGatewayId"]
    driver.refused(client, "CreateInternetGateway", "InvalidParameterValue", TagSpecifications=tag("vpc"))
    attach = {"InternetGatewayId": gateway, "VpcId": vpc}
    driver.refused(client, "DetachInternetGateway", "Gateway.NotAttached", **attach)
    driver.ok(client, "AttachInternetGateway", **attach)
    driver.refused(client, "AttachInternetGateway", "Resource.AlreadyAssociated", **attach)
    driver.refused(client, "AttachInternetGateway", "InvalidInternetGatewayID.NotFound", **{**attach, "InternetGatewayId": missing("igw")})
    driver.refused(client, "AttachInternetGateway", "InvalidVpcID.NotFound", **{**attach, "VpcId": missing("vpc")})
    other = driver.ok(client, "CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    driver.refused(client, "AttachInternetGateway", "InvalidParameterValue", InternetGatewayId=other, VpcId=vpc)
    driver.ok(client, "DeleteInternetGateway", InternetGatewayId=other)
    driver.ok(client, "DescribeInternetGateways", InternetGatewayIds=[gateway])
    driver.refused(client, "DescribeInternetGateways", "InvalidInternetGatewayID.NotFound", InternetGatewayIds=[missing("igw")])
    driver.refused(client, "DeleteInternetGateway", "DependencyViolation", InternetGatewayId=gateway)
    driver.refused(client, "DeleteInternetGateway", "InvalidInternetGatewayID.NotFound", InternetGatewayId=missing("igw"))
    driver.refused(client, "DetachInternetGateway", "InvalidInternetGatewayID.NotFound", **{**attach, "InternetGatewayId": missing("igw")})

    nat = {"SubnetId": subnets[0], "AllocationId": address, "ClientToken": "token", "TagSpecifications": tag("natgateway")}
    zonal = driver.ok(client, "CreateNatGateway", **nat)["NatGateway"]["NatGatewayId"]
    driver.refused(client, "CreateNatGateway", "IdempotentParameterMismatch", **{**nat, "SubnetId": subnets[1]})
    driver.refused(client, "CreateNatGateway", "InvalidSubnetID.NotFound", SubnetId=missing("subnet"), AllocationId=address)
    driver.refused(client, "CreateNatGateway", "InvalidAllocationID.NotFound", SubnetId=subnets[0], AllocationId=missing("eipalloc"))
    driver.refused(client, "CreateNatGateway", "MissingParameter", SubnetId=subnets[0])
    private = {"SubnetId": subnets[1], "ConnectivityType": "private"}
    driver.refused(client, "CreateNatGateway", "InvalidParameterCombination", AllocationId=address, **private)
    inner = driver.ok(client, "CreateNatGateway", **private)["NatGateway"]["NatGatewayId"]
    regional = driver.ok(client, "CreateNatGateway", VpcId=vpc, AvailabilityMode="regional")["NatGateway"]["NatGatewayId"]
    for made in (zonal, inner, regional):
        driver.wait(client, "DescribeNatGateways", "NatGateways[0].State", "available", NatGatewayIds=[made])
    driver.ok(client, "DescribeNatGateways")
    driver.refused(client, "DescribeNatGateways", "NatGatewayNotFound", NatGatewayIds=[missing("nat")])
    driver.ok(client, "DescribeAddresses", AllocationIds=[address])
    driver.refused(client, "DescribeAddresses", "InvalidAllocationID.NotFound", AllocationIds=[missing("eipalloc")])
    driver.refused(client, "DescribeAddresses", "InvalidAddress.NotFound", PublicIps=["192.0.2.1"])
    driver.refused(client, "ReleaseAddress", "InvalidIPAddress.InUse", AllocationId=address)
    driver.refused(client, "ReleaseAddress", "InvalidAllocationID.NotFound", AllocationId=missing("eipalloc"))
    driver.refused(client, "DetachInternetGateway", "DependencyViolation", **attach)
    driver.refused(client, "DeleteSubnet", "DependencyViolation", SubnetId=subnets[0])
    driver.ok(client, "DescribeNetworkInterfaces")
    driver.refused(client, "DescribeNetworkInterfaces", "InvalidNetworkInterfaceID.NotFound", NetworkInterfaceIds=[missing("eni")])
    driver.refused(client, "DeleteNatGateway", "NatGatewayNotFound", NatGatewayId=missing("nat"))
    for made in (inner, regional):
        driver.ok(client, "DeleteNatGateway", NatGatewayId=made)
    driver.state["nat"], driver.state["address"], driver.state["internet gateway"] = zonal, address, gateway

    egress = driver.ok(client, "CreateEgressOnlyInternetGateway", VpcId=vpc, TagSpecifications=tag("egress-only-internet-gateway"))
    egress = egress["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
    driver.refused(client, "CreateEgressOnlyInternetGateway", "InvalidVpcID.NotFound", VpcId=missing("vpc"))
    driver.ok(client, "DescribeEgressOnlyInternetGateways")
    driver.refused(
        client, "DescribeEgressOnlyInternetGateways", "InvalidGatewayID.NotFound", EgressOnlyInternetGatewayIds=[missing("eigw")]
    )
    driver.refused(client, "DeleteEgressOnlyInternetGateway", "InvalidGatewayID.NotFound", EgressOnlyInternetGatewayId=missing("eigw"))
    driver.state["egress"] = egress


def routes(driver, client, vpc, subnets):
    table = driver.ok(client, "CreateRouteTable", VpcId=vpc, TagSpecifications=tag("route-table"))["RouteTable"]["RouteTableId"]
    other = driver.ok(client, "CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
    driver.refused(client, "CreateRouteTable", "InvalidVpcID.NotFound", VpcId=missing("vpc"))
    gateway = driver.state["internet gateway"]
    default = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0"}
    driver.refused(client, "ReplaceRoute", "InvalidParameterValue", NatGatewayId=driver.state["nat"], **default)
    driver.ok(client, "CreateRoute", GatewayId=gateway, **default)
    driver.refused(client, "CreateRoute", "RouteAlreadyExists", GatewayId=gateway, **default)
    driver.refused(client, "CreateRoute", "InvalidRouteTableID.NotFound", GatewayId=gateway, **{**default, "RouteTableId": missing("rtb")})
    bad = {**default, "DestinationCidrBlock": "10.0.0.1/8"}
    driver.refused(client, "CreateRoute", "InvalidParameterValue", GatewayId=gateway, **bad)
    driver.refused(client, "CreateRoute", "MissingParameter", **default)
    elsewhere = {**default, "DestinationCidrBlock": "192.0.2.0/24"}
    driver.refused(client, "CreateRoute", "InvalidNatGatewayID.NotFound", NatGatewayId=missing("nat"), **elsewhere)
    driver.ok(client, "ReplaceRoute", NatGatewayId=driver.state["nat"], **default)
    egress = driver.state["egress"]
    driver.ok(client, "CreateRoute", RouteTableId=table, DestinationIpv6CidrBlock="::/0", EgressOnlyInternetGatewayId=egress)
    driver.ok(client, "AssociateRouteTable", RouteTableId=table, SubnetId=subnets[0])
    association = driver.ok(client, "AssociateRouteTable", RouteTableId=table, SubnetId=subnets[1])["AssociationId"]
    driver.refused(client, "AssociateRouteTable", "Resource.AlreadyAssociated", RouteTableId=other, SubnetId=subnets[1])
    driver.refused(client, "AssociateRouteTable", "InvalidRouteTableID.NotFound", RouteTableId=missing("rtb"), SubnetId=subnets[1])
    driver.refused(client, "AssociateRouteTable", "InvalidSubnetID.NotFound", RouteTableId=table, SubnetId=missing("subnet"))
    driver.ok(client, "DescribeRouteTables")
    driver.refused(client, "DescribeRouteTables", "InvalidRouteTableID.NotFound", RouteTableIds=[missing("rtb")])
    replaced = driver.ok(client, "ReplaceRouteTableAssociation", AssociationId=association, RouteTableId=other)["NewAssociationId"]
    gone = {"AssociationId": missing("rtbassoc")}
    driver.refused(client, "ReplaceRouteTableAssociation", "InvalidAssociationID.NotFound", RouteTableId=table, **gone)
    driver.refused(
        client, "ReplaceRouteTableAssociation", "InvalidRouteTableID.NotFound", AssociationId=replaced, RouteTableId=missing("rtb")
    )
    driver.refused(client, "DeleteRouteTable", "DependencyViolation", RouteTableId=table)
    driver.refused(client, "DeleteRouteTable", "InvalidRouteTableID.NotFound", RouteTableId=missing("rtb"))
    driver.refused(client, "DisassociateRouteTable", "InvalidAssociationID.NotFound", **gone)
    main = driver.ok(client, "DescribeRouteTables", Filters=[{"Name": "association.main", "Values": ["true"]}, {"Name": "vpc-id", "Values": [vpc]}])
    main = main["RouteTables"][0]["Associations"][0]["RouteTableAssociationId"]
    driver.refused(client, "DisassociateRouteTable", "InvalidParameterValue", AssociationId=main)
    driver.ok(client, "DisassociateRouteTable", AssociationId=replaced)
    driver.refused(client, "DeleteRoute", "InvalidRoute.NotFound", **elsewhere)
    driver.refused(client, "DeleteRoute", "InvalidParameterValue", **{**default, "DestinationCidrBlock": "10.0.0.0/16"})
    driver.refused(client, "DeleteRoute", "InvalidRouteTableID.NotFound", **{**default, "RouteTableId": missing("rtb")})
    driver.ok(client, "DeleteRoute", **default)
    driver.ok(client, "DeleteEgressOnlyInternetGateway", EgressOnlyInternetGatewayId=egress)
    # A route whose target is gone.
    driver.ok(client, "DescribeRouteTables", RouteTableIds=[table])
    driver.ok(client, "DeleteNatGateway", NatGatewayId=driver.state["nat"])
    driver.wait(client, "DescribeNatGateways", "NatGateways[0].State", "deleted", NatGatewayIds=[driver.state["nat"]])
    driver.until(PASSING, client, "ReleaseAddress", AllocationId=driver.state["address"])
    driver.ok(client, "DeleteRouteTable", RouteTableId=other)
    driver.state["table"] = table


def groups(driver, client, vpc):
    make = {"GroupName": "web", "Description": "the web", "VpcId": vpc}
    group = driver.ok(client, "CreateSecurityGroup", TagSpecifications=tag("security-group"), **make)["GroupId"]
    driver.refused(client, "CreateSecurityGroup", "InvalidGroup.Duplicate", **make)
    driver.refused(client, "CreateSecurityGroup", "InvalidVpcID.NotFound", **{**make, "VpcId": missing("vpc")})
    driver.refused(client, "CreateSecurityGroup", "InvalidParameterValue", **{**make, "GroupName": "default"})
    driver.refused(client, "CreateSecurityGroup", "InvalidParameterValue", **{**make, "GroupName": "sg-web"})
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "inside"}],
        "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}],
        "UserIdGroupPairs": [{"GroupId": group}],
        "PrefixListIds": [{"PrefixListId": "pl-01234567"}],
    }
    for way in ("Ingress", "Egress"):
        rule = {"GroupId": group, "IpPermissions": [permission]}
        driver.ok(client, f"AuthorizeSecurityGroup{way}", **rule)
        driver.refused(client, f"AuthorizeSecurityGroup{way}", "InvalidPermission.Duplicate", **rule)
        driver.refused(client, f"AuthorizeSecurityGroup{way}", "InvalidGroup.NotFound", **{**rule, "GroupId": missing("sg")})
        driver.refused(client, f"AuthorizeSecurityGroup{way}", "MissingParameter", GroupId=group)
        portless = [{"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]
        driver.refused(client, f"AuthorizeSecurityGroup{way}", "InvalidParameterValue", GroupId=group, IpPermissions=portless)
        driver.ok(client, "DescribeSecurityGroups", GroupIds=[group])
        driver.ok(client, f"RevokeSecurityGroup{way}", **rule)
        driver.refused(client, f"RevokeSecurityGroup{way}", "InvalidPermission.NotFound", **rule)
        driver.refused(client, f"RevokeSecurityGroup{way}", "InvalidGroup.NotFound", **{**rule, "GroupId": missing("sg")})
        gone = {"GroupId": group, "SecurityGroupRuleIds": [missing("sgr")]}
        driver.refused(client, f"RevokeSecurityGroup{way}", "InvalidSecurityGroupRuleId.NotFound", **gone)
    driver.refused(client, "DescribeSecurityGroups", "InvalidGroup.NotFound", GroupIds=[missing("sg")])
    default = driver.ok(client, "DescribeSecurityGroups", Filters=[{"Name": "group-name", "Values": ["default"]}, {"Name": "vpc-id", "Values": [vpc]}])
    driver.refused(client, "DeleteSecurityGroup", "CannotDelete", GroupId=default["SecurityGroups"][0]["GroupId"])
    driver.refused(client, "DeleteSecurityGroup", "InvalidGroup.NotFound", GroupId=missing("sg"))
    naming = driver.ok(client, "CreateSecurityGroup", **{**make, "GroupName": "naming"})["GroupId"]
    rule = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group}]}]
    driver.ok(client, "AuthorizeSecurityGroupIngress", GroupId=naming, IpPermissions=rule)
    driver.refused(client, "DeleteSecurityGroup", "DependencyViolation", GroupId=group)
    driver.ok(client, "DeleteSecurityGroup", GroupId=naming)
    driver.state["group"] = group


def endpoints(driver, client, vpc, subnets):
    table, group = driver.state["table"], driver.state["group"]
    s3 = {"VpcId": vpc, "ServiceName": f"com.amazonaws.{REGION}.s3", "RouteTableIds": [table]}
    made = driver.ok(client, "CreateVpcEndpoint", TagSpecifications=tag("vpc-endpoint"), **s3)["VpcEndpoint"]["VpcEndpointId"]
    driver.refused(client, "CreateVpcEndpoint", "RouteAlreadyExists", **s3)
    driver.refused(client, "CreateVpcEndpoint", "InvalidVpcID.NotFound", **{**s3, "VpcId": missing("vpc")})
    driver.refused(client, "CreateVpcEndpoint", "InvalidServiceName", **{**s3, "ServiceName": "com.example.nothing"})
    driver.refused(client, "CreateVpcEndpoint", "InvalidParameter", **{**s3, "SubnetIds": [subnets[0]]})
    driver.refused(client, "CreateVpcEndpoint", "InvalidRouteTableId.NotFound", **{**s3, "RouteTableIds": [missing("rtb")]})
    sts = {
        "VpcId": vpc,
        "ServiceName": f"com.amazonaws.{REGION}.sts",
        "VpcEndpointType": "Interface",
        "SubnetIds": list(subnets),
        "SecurityGroupIds": [group],
        "PrivateDnsEnabled": True,
    }
    door = driver.ok(client, "CreateVpcEndpoint", **sts)["VpcEndpoint"]["VpcEndpointId"]
    driver.refused(client, "CreateVpcEndpoint", "InvalidParameter", **sts)
    driver.refused(client, "CreateVpcEndpoint", "InvalidSubnetId.NotFound", **{**sts, "SubnetIds": [missing("subnet")]})
    driver.refused(client, "CreateVpcEndpoint", "InvalidSecurityGroupID.NotFound", **{**sts, "SecurityGroupIds": [missing("sg")]})
    twin = driver.ok(client, "CreateSubnet", VpcId=vpc, CidrBlock="10.0.2.0/24", AvailabilityZone=ZONE)["Subnet"]["SubnetId"]
    driver.refused(client, "CreateVpcEndpoint", "DuplicateSubnetsInSameZone", **{**sts, "SubnetIds": [subnets[0], twin]})
    driver.ok(client, "DescribeVpcEndpointServices")
    driver.refused(client, "DescribeVpcEndpointServices", "InvalidServiceName", ServiceNames=["nonsense"])
    driver.ok(client, "DescribeVpcEndpoints")
    driver.refused(client, "DescribeVpcEndpoints", "InvalidVpcEndpointId.NotFound", VpcEndpointIds=[missing("vpce")])
    driver.ok(client, "DescribeRouteTables", RouteTableIds=[table])
    driver.ok(client, "DescribeNetworkInterfaces")
    driver.refused(client, "DeleteSecurityGroup", "DependencyViolation", GroupId=group)
    driver.ok(client, "ModifyVpcEndpoint", VpcEndpointId=made, PolicyDocument=organizations.SCP)
    driver.refused(client, "ModifyVpcEndpoint", "InvalidVpcEndpointId.NotFound", VpcEndpointId=missing("vpce"), ResetPolicy=True)
    driver.refused(client, "ModifyVpcEndpoint", "InvalidParameter", VpcEndpointId=door, RemoveSecurityGroupIds=[group])
    deleted = driver.ok(client, "DeleteVpcEndpoints", VpcEndpointIds=[made, door, missing("vpce")])
    codes = [item["Error"]["Code"] for item in deleted["Unsuccessful"]]
    if codes != ["InvalidVpcEndpoint.NotFound"]:
        driver.surprises.append(f"DeleteVpcEndpoints: {codes}")
    driver.refused(client, "DeleteVpcEndpoints", "MissingParameter")


def logs(driver, client, vpc):
    make = {
        "ResourceIds": [vpc],
        "ResourceType": "VPC",
        "TrafficType": "ALL",
        "LogDestinationType": "s3",
        "LogDestination": "arn:aws:s3:::logs",
    }
    log = driver.ok(client, "CreateFlowLogs", TagSpecifications=tag("vpc-flow-log"), **make)["FlowLogIds"][0]
    driver.refused(client, "CreateFlowLogs", "FlowLogAlreadyExists", **make)
    driver.refused(client, "CreateFlowLogs", "InvalidVpcID.NotFound", **{**make, "ResourceIds": [missing("vpc")]})
    driver.refused(client, "CreateFlowLogs", "MissingParameter", ResourceIds=[vpc], ResourceType="VPC", LogDestinationType="s3")
    group = {"ResourceIds": [vpc], "ResourceType": "VPC", "TrafficType": "REJECT", "LogGroupName": "flows"}
    driver.refused(client, "CreateFlowLogs", "MissingParameter", **group)
    stream = f"arn:aws:firehose:{REGION}:{organizations.NOBODY}:deliverystream/flows"
    foreign = {**make, "LogDestinationType": "kinesis-data-firehose", "LogDestination": stream}
    driver.refused(client, "CreateFlowLogs", "InvalidParameter", **foreign)
    role = f"arn:aws:iam::{organizations.MANAGEMENT}:role/flows"
    driver.ok(client, "CreateFlowLogs", DeliverLogsPermissionArn=role, MaxAggregationInterval=60, **group)
    driver.ok(client, "DescribeFlowLogs")
    driver.refused(client, "DescribeFlowLogs", "InvalidFlowLogId.NotFound", FlowLogIds=[missing("fl")])
    driver.ok(client, "DeleteFlowLogs", FlowLogIds=[log, missing("fl")])
    driver.refused(client, "DeleteFlowLogs", "MissingParameter")


def options(driver, client, vpc):
    servers = [{"Key": "domain-name-servers", "Values": ["10.0.0.2", "10.0.0.3"]}]
    made = driver.ok(client, "CreateDhcpOptions", DhcpConfigurations=servers, TagSpecifications=tag("dhcp-options"))
    made = made["DhcpOptions"]["DhcpOptionsId"]
    driver.refused(client, "CreateDhcpOptions", "InvalidParameterValue", DhcpConfigurations=[{"Key": "nonsense", "Values": ["x"]}])
    driver.ok(client, "DescribeDhcpOptions")
    driver.refused(client, "DescribeDhcpOptions", "InvalidDhcpOptionID.NotFound", DhcpOptionsIds=[missing("dopt")])
    driver.ok(client, "AssociateDhcpOptions", DhcpOptionsId=made, VpcId=vpc)
    driver.refused(client, "AssociateDhcpOptions", "InvalidDhcpOptionID.NotFound", DhcpOptionsId=missing("dopt"), VpcId=vpc)
    driver.refused(client, "AssociateDhcpOptions", "InvalidVpcID.NotFound", DhcpOptionsId=made, VpcId=missing("vpc"))
    driver.refused(client, "DeleteDhcpOptions", "DependencyViolation", DhcpOptionsId=made)
    driver.refused(client, "DeleteDhcpOptions", "InvalidDhcpOptionID.NotFound", DhcpOptionsId=missing("dopt"))
    driver.ok(client, "AssociateDhcpOptions", DhcpOptionsId="default", VpcId=vpc)
    driver.ok(client, "DescribeVpcs", VpcIds=[vpc])
    driver.ok(client, "DeleteDhcpOptions", DhcpOptionsId=made)


def peerings(driver, client, vpc, member):
    other = driver.client("ec2", f"AKIA{member}")
    theirs = driver.ok(other, "CreateVpc", CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    ask = {"VpcId": vpc, "PeerVpcId": theirs, "PeerOwnerId": member}
    made = driver.ok(client, "CreateVpcPeeringConnection", TagSpecifications=tag("vpc-peering-connection"), **ask)
    made = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    if driver.ok(client, "CreateVpcPeeringConnection", **ask)["VpcPeeringConnection"]["VpcPeeringConnectionId"] != made:
        driver.surprises.append("CreateVpcPeeringConnection again made another one")
    driver.refused(client, "CreateVpcPeeringConnection", "InvalidVpcID.NotFound", **{**ask, "VpcId": missing("vpc")})
    driver.refused(client, "CreateVpcPeeringConnection", "InvalidVpcID.NotFound", **{**ask, "PeerVpcId": missing("vpc")})
    driver.refused(client, "AcceptVpcPeeringConnection", "OperationNotPermitted", VpcPeeringConnectionId=made)
    driver.refused(other, "AcceptVpcPeeringConnection", "InvalidVpcPeeringConnectionID.NotFound", VpcPeeringConnectionId=missing("pcx"))
    driver.until({"InvalidVpcPeeringConnectionID.NotFound"}, other, "AcceptVpcPeeringConnection", VpcPeeringConnectionId=made)
    for side in (client, other):
        driver.ok(side, "DescribeVpcPeeringConnections", VpcPeeringConnectionIds=[made])
    gone = [missing("pcx")]
    driver.refused(client, "DescribeVpcPeeringConnections", "InvalidVpcPeeringConnectionID.NotFound", VpcPeeringConnectionIds=gone)
    driver.ok(client, "DeleteVpcPeeringConnection", VpcPeeringConnectionId=made)
    driver.refused(client, "DeleteVpcPeeringConnection", "InvalidVpcPeeringConnectionID.NotFound", VpcPeeringConnectionId=gone[0])
    driver.wait(
        client, "DescribeVpcPeeringConnections", "VpcPeeringConnections[0].Status.Code", "deleted", VpcPeeringConnectionIds=[made]
    )
    driver.refused(other, "AcceptVpcPeeringConnection", "InvalidStateTransition", VpcPeeringConnectionId=made)
    driver.state["their vpc"] = theirs


def transit(driver, client, vpc, subnets, member):
    choices = {"DefaultRouteTableAssociation": "disable", "DefaultRouteTablePropagation": "disable"}
    made = driver.ok(client, "CreateTransitGateway", Description="hub", Options=choices, TagSpecifications=tag("transit-gateway"))
    gateway = made["TransitGateway"]["TransitGatewayId"]
    table = made["TransitGateway"]["Options"]["AssociationDefaultRouteTableId"] if "AssociationDefaultRouteTableId" in made["TransitGateway"]["Options"] else None
    driver.refused(client, "CreateTransitGateway", "InvalidParameterValue", TagSpecifications=tag("vpc"))
    gone = [missing("tgw")]
    driver.refused(client, "DescribeTransitGateways", "InvalidTransitGatewayID.NotFound", TransitGatewayIds=gone)
    driver.wait(client, "DescribeTransitGateways", "TransitGateways[0].State", "available", TransitGatewayIds=[gateway])
    ask = {"TransitGatewayId": gateway, "VpcId": vpc, "SubnetIds": [subnets[0]]}
    attachment = driver.ok(client, "CreateTransitGatewayVpcAttachment", TagSpecifications=tag("transit-gateway-attachment"), **ask)
    attachment = attachment["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]
    driver.refused(client, "CreateTransitGatewayVpcAttachment", "DuplicateTransitGatewayAttachment", **ask)
    driver.refused(client, "CreateTransitGatewayVpcAttachment", "InvalidTransitGatewayID.NotFound", **{**ask, "TransitGatewayId": gone[0]})
    driver.refused(client, "CreateTransitGatewayVpcAttachment", "InvalidVpcID.NotFound", **{**ask, "VpcId": missing("vpc")})
    driver.refused(client, "CreateTransitGatewayVpcAttachment", "InvalidSubnetID.NotFound", **{**ask, "SubnetIds": [missing("subnet")]})
    path = "TransitGatewayVpcAttachments[0].State"
    known = {"TransitGatewayAttachmentIds": [attachment]}
    driver.wait(client, "DescribeTransitGatewayVpcAttachments", path, "available", **known)
    gone_attachment = missing("tgw-attach")
    not_found = "InvalidTransitGatewayAttachmentID.NotFound"
    for operation in ("DescribeTransitGatewayVpcAttachments", "DescribeTransitGatewayAttachments"):
        driver.ok(client, operation)
        driver.refused(client, operation, not_found, TransitGatewayAttachmentIds=[gone_attachment])
    one = {"TransitGatewayAttachmentId": attachment}
    driver.ok(client, "ModifyTransitGatewayVpcAttachment", AddSubnetIds=[subnets[1]], **one)
    driver.refused(client, "ModifyTransitGatewayVpcAttachment", not_found, TransitGatewayAttachmentId=gone_attachment)
    choices = {"DefaultRouteTableAssociation": "enable", "DefaultRouteTablePropagation": "enable"}
    changed = driver.until({"IncorrectState"}, client, "ModifyTransitGateway", TransitGatewayId=gateway, Options=choices)
    table = table or changed["TransitGateway"]["Options"]["AssociationDefaultRouteTableId"]
    driver.refused(client, "ModifyTransitGateway", "InvalidTransitGatewayID.NotFound", TransitGatewayId=gone[0])
    driver.wait(client, "DescribeTransitGatewayVpcAttachments", path, "available", **known)
    for operation, code in (
        ("AssociateTransitGatewayRouteTable", "Resource.AlreadyAssociated"),
        ("EnableTransitGatewayRouteTablePropagation", "TransitGatewayRouteTablePropagation.Duplicate"),
    ):
        driver.refused(client, operation, "InvalidRouteTableID.NotFound", TransitGatewayRouteTableId=missing("tgw-rtb"), **one)
        driver.ok(client, operation, TransitGatewayRouteTableId=table, **one)
        driver.refused(client, operation, code, TransitGatewayRouteTableId=table, **one)
    driver.ok(client, "GetTransitGatewayRouteTablePropagations", TransitGatewayRouteTableId=table)
    missing_table = missing("tgw-rtb")
    driver.refused(
        client, "GetTransitGatewayRouteTablePropagations", "InvalidRouteTableID.NotFound", TransitGatewayRouteTableId=missing_table
    )
    driver.ok(client, "DescribeTransitGatewayAttachments")
    route = {"RouteTableId": driver.state["table"], "DestinationCidrBlock": "10.99.0.0/16"}
    driver.ok(client, "CreateRoute", TransitGatewayId=gateway, **route)
    driver.ok(client, "DescribeRouteTables")
    driver.ok(client, "DeleteRoute", **route)
    driver.state["gateway arn"] = made["TransitGateway"]["TransitGatewayArn"]
    driver.state["gateway"], driver.state["attachment"] = gateway, attachment


def close_transit(driver, _member):
    """After RAM has shared the gateway."""
    client, gateway, attachment = driver.client("ec2"), driver.state["gateway"], driver.state["attachment"]
    driver.refused(client, "DeleteTransitGateway", "IncorrectState", TransitGatewayId=gateway)
    driver.refused(client, "DeleteTransitGateway", "InvalidTransitGatewayID.NotFound", TransitGatewayId=missing("tgw"))
    gone = "InvalidTransitGatewayAttachmentID.NotFound"
    driver.refused(client, "DeleteTransitGatewayVpcAttachment", gone, TransitGatewayAttachmentId=missing("tgw-attach"))
    driver.ok(client, "DeleteTransitGatewayVpcAttachment", TransitGatewayAttachmentId=attachment)
    driver.until({"IncorrectState"}, client, "DeleteTransitGateway", TransitGatewayId=gateway)


def vpns(driver, client, vpc):
    gateway = driver.ok(client, "CreateVpnGateway", Type="ipsec.1", TagSpecifications=tag("vpn-gateway"))["VpnGateway"]["VpnGatewayId"]
    driver.refused(client, "CreateVpnGateway", "InvalidParameterValue", Type="ipsec.1", TagSpecifications=tag("vpc"))
    driver.wait(client, "DescribeVpnGateways", "VpnGateways[0].State", "available", VpnGatewayIds=[gateway])
    gone, attach = missing("vgw"), {"VpnGatewayId": gateway, "VpcId": vpc}
    driver.refused(client, "DescribeVpnGateways", "InvalidVpnGatewayID.NotFound", VpnGatewayIds=[gone])
    propagate = {"RouteTableId": driver.state["table"], "GatewayId": gateway}
    driver.refused(client, "EnableVgwRoutePropagation", "Gateway.NotAttached", **propagate)
    driver.until({"InvalidParameterValue"}, client, "AttachVpnGateway", **attach)
    driver.refused(client, "AttachVpnGateway", "InvalidVpnGatewayID.NotFound", VpnGatewayId=gone, VpcId=vpc)
    driver.refused(client, "AttachVpnGateway", "InvalidVpcID.NotFound", VpnGatewayId=gateway, VpcId=missing("vpc"))
    driver.wait(client, "DescribeVpnGateways", "VpnGateways[0].VpcAttachments[0].State", "attached", VpnGatewayIds=[gateway])
    driver.ok(client, "EnableVgwRoutePropagation", **propagate)
    driver.refused(client, "EnableVgwRoutePropagation", "InvalidRouteTableID.NotFound", **{**propagate, "RouteTableId": missing("rtb")})
    driver.ok(client, "DescribeRouteTables", RouteTableIds=[driver.state["table"]])
    office = driver.ok(
        client, "CreateCustomerGateway", Type="ipsec.1", IpAddress="192.0.2.1", BgpAsn=65000, TagSpecifications=tag("customer-gateway")
    )["CustomerGateway"]["CustomerGatewayId"]
    driver.refused(client, "CreateCustomerGateway", "MissingParameter", Type="ipsec.1")
    moved = driver.ok(client, "CreateCustomerGateway", Type="ipsec.1", IpAddress="192.0.2.2", BgpAsn=65000)
    moved = moved["CustomerGateway"]["CustomerGatewayId"]
    driver.ok(client, "DescribeCustomerGateways", CustomerGatewayIds=[office])
    no_office = missing("cgw")
    driver.refused(client, "DescribeCustomerGateways", "InvalidCustomerGatewayID.NotFound", CustomerGatewayIds=[no_office])
    make = {"Type": "ipsec.1", "CustomerGatewayId": office, "VpnGatewayId": gateway, "Options": {"StaticRoutesOnly": True}}
    made = driver.ok(client, "CreateVpnConnection", TagSpecifications=tag("vpn-connection"), **make)
    made = made["VpnConnection"]["VpnConnectionId"]
    driver.refused(client, "CreateVpnConnection", "InvalidCustomerGatewayID.NotFound", **{**make, "CustomerGatewayId": no_office})
    driver.refused(client, "CreateVpnConnection", "InvalidVpnGatewayID.NotFound", **{**make, "VpnGatewayId": gone})
    driver.wait(client, "DescribeVpnConnections", "VpnConnections[0].State", "available", VpnConnectionIds=[made])
    no_connection = missing("vpn")
    not_found = "InvalidVpnConnectionID.NotFound"
    driver.refused(client, "DescribeVpnConnections", not_found, VpnConnectionIds=[no_connection])
    route = {"VpnConnectionId": made, "DestinationCidrBlock": "192.168.0.0/16"}
    driver.ok(client, "CreateVpnConnectionRoute", **route)
    driver.refused(client, "CreateVpnConnectionRoute", "InvalidParameterValue", **{**route, "DestinationCidrBlock": "nonsense"})
    driver.refused(client, "CreateVpnConnectionRoute", not_found, **{**route, "VpnConnectionId": no_connection})
    driver.ok(client, "DescribeVpnConnections", VpnConnectionIds=[made])
    driver.ok(client, "DeleteVpnConnectionRoute", **route)
    driver.refused(client, "DeleteVpnConnectionRoute", "InvalidRoute.NotFound", **route)
    driver.refused(client, "DeleteVpnConnectionRoute", not_found, **{**route, "VpnConnectionId": no_connection})
    driver.until({"IncorrectState"}, client, "ModifyVpnConnection", VpnConnectionId=made, CustomerGatewayId=moved)
    driver.refused(client, "ModifyVpnConnection", not_found, VpnConnectionId=no_connection, CustomerGatewayId=moved)
    driver.wait(client, "DescribeVpnConnections", "VpnConnections[0].State", "available", VpnConnectionIds=[made])
    driver.refused(client, "DeleteCustomerGateway", "IncorrectState", CustomerGatewayId=moved)
    driver.refused(client, "DeleteCustomerGateway", "InvalidCustomerGatewayID.NotFound", CustomerGatewayId=no_office)
    driver.refused(client, "DeleteVpnGateway", "IncorrectState", VpnGatewayId=gateway)
    driver.refused(client, "DeleteVpnGateway", "InvalidVpnGatewayID.NotFound", VpnGatewayId=gone)
    driver.ok(client, "DeleteVpnConnection", VpnConnectionId=made)
    driver.refused(client, "DeleteVpnConnection", not_found, VpnConnectionId=no_connection)
    driver.wait(client, "DescribeVpnConnections", "VpnConnections[0].State", "deleted", VpnConnectionIds=[made])
    driver.ok(client, "DeleteCustomerGateway", CustomerGatewayId=office)
    driver.ok(client, "DisableVgwRoutePropagation", **propagate)
    driver.refused(client, "DisableVgwRoutePropagation", "InvalidRouteTableID.NotFound", **{**propagate, "RouteTableId": missing("rtb")})
    driver.until({"InvalidParameterValue"}, client, "DetachVpnGateway", **attach)
    driver.refused(client, "DetachVpnGateway", "InvalidVpnGatewayID.NotFound", VpnGatewayId=gone, VpcId=vpc)
    driver.until_refused("InvalidVpnGatewayAttachment.NotFound", client, "DetachVpnGateway", **attach)
    driver.until({"IncorrectState", "InvalidParameterValue"}, client, "DeleteVpnGateway", VpnGatewayId=gateway)
    driver.ok(client, "DescribeVpnGateways")
    driver.ok(client, "DescribeCustomerGateways")


def tags(driver, client, vpc):
    one = [{"Key": "team", "Value": "a"}]
    driver.ok(client, "CreateTags", Resources=[vpc], Tags=one)
    driver.refused(client, "CreateTags", "InvalidVpcID.NotFound", Resources=[missing("vpc")], Tags=one)
    driver.refused(client, "CreateTags", "InvalidID", Resources=["nonsense"], Tags=one)
    driver.refused(client, "CreateTags", "InvalidParameterValue", Resources=[vpc], Tags=[{"Key": "aws:x", "Value": ""}])
    many = [{"Key": f"k{n}", "Value": ""} for n in range(51)]
    driver.refused(client, "CreateTags", "TagLimitExceeded", Resources=[vpc], Tags=many)
    driver.ok(client, "DescribeTags")
    page = driver.ok(client, "DescribeTags", MaxResults=5)
    driver.ok(client, "DescribeTags", MaxResults=5, NextToken=page["NextToken"])
    driver.refused(client, "DescribeTags", "InvalidNextToken", NextToken="nonsense")
    driver.ok(client, "DeleteTags", Resources=[vpc], Tags=[{"Key": "team"}])
    driver.refused(client, "DeleteTags", "InvalidVpcID.NotFound", Resources=[missing("vpc")], Tags=one)


def reads(driver, client, vpc):
    driver.ok(client, "DescribeNetworkAcls")
    driver.refused(client, "DescribeNetworkAcls", "InvalidNetworkAclID.NotFound", NetworkAclIds=[missing("acl")])
    gateway = driver.state["internet gateway"]
    driver.until(PASSING, client, "DetachInternetGateway", InternetGatewayId=gateway, VpcId=vpc)
    driver.ok(client, "DeleteInternetGateway", InternetGatewayId=gateway)


def quotas(driver):
    """Quotas, in a Region of their own."""
    client = driver.client("ec2", region="eu-west-3")
    driver.fill(client, "AllocateAddress", "AddressLimitExceeded", Domain="vpc")
    driver.fill(client, "CreateInternetGateway", "InternetGatewayLimitExceeded")
    driver.fill(client, "CreateVpc", "VpcLimitExceeded", CidrBlock="10.0.0.0/16")
