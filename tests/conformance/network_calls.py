"""Single calls of EC2 with boto3, many of them wrong on purpose, inside the accounts of an organization that is made for them.

Prints {check: outcome}. What each side should say is the table in tests/conformance/network.rs.
"""

from accounts import HOME, accounts, once, tagged, tags
from outcomes import attempt, check, finish, tell

EVERYWHERE = "0.0.0.0/0"


def of(vpc):
    return [{"Name": "vpc-id", "Values": [vpc]}]


def settled(look, *states):
    """Asks until a state is one of those: AWS and the sandbox work on some things for a while."""
    while (state := look()) not in states:
        pass
    return state


(first, session), (second, other_session) = accounts("first", "second")
ec2, other = (of_account.client("ec2", region_name=HOME, config=once) for of_account in (session, other_session))


def vpc(cidr, name="vpc.x", client=ec2, **more):
    return client.create_vpc(CidrBlock=cidr, **tags("vpc", name), **more)["Vpc"]


def subnet(vpc, cidr, name="subnet.x", client=ec2, **more):
    return client.create_subnet(VpcId=vpc, CidrBlock=cidr, **tags("subnet", name), **more)["Subnet"]


def table(vpc, name="route_table.x"):
    return ec2.create_route_table(VpcId=vpc, **tags("route-table", name))["RouteTable"]["RouteTableId"]


def group(vpc, name):
    given = tags("security-group", "security_group.x")
    return ec2.create_security_group(GroupName=name, Description="for the test", VpcId=vpc, **given)["GroupId"]


# What an account is born with.
[born] = ec2.describe_vpcs()["Vpcs"]
tell("born: default VPC", lambda: f"{born['IsDefault']} {born['CidrBlock']}")
tell("born: subnets of the default VPC", lambda: len(ec2.describe_subnets(Filters=of(born["VpcId"]))["Subnets"]))
tell("born: internet gateways", lambda: len(ec2.describe_internet_gateways()["InternetGateways"]))
tell("born: route tables", lambda: len(ec2.describe_route_tables()["RouteTables"]))
tell("born: security groups", lambda: len(ec2.describe_security_groups()["SecurityGroups"]))
zones = ec2.describe_availability_zones()["AvailabilityZones"]
tell("zones", lambda: " ".join(sorted(zone["ZoneId"] for zone in zones)))
tell("zones: opt-in status", lambda: " ".join(sorted({zone.get("OptInStatus", "not told") for zone in zones})))
zone = min(zone["ZoneId"] for zone in zones)

# VPCs.
main = vpc("10.2.0.0/19")["VpcId"]
tell("vpc: tags from the creating call on", lambda: len(ec2.describe_vpcs(VpcIds=[main])["Vpcs"][0]["Tags"]))
tell("vpc: found by tag", lambda: len(ec2.describe_vpcs(Filters=tagged("vpc.x"))["Vpcs"]))
tell("vpc: others are not found by it", lambda: len(ec2.describe_vpcs(Filters=tagged("vpc.y"))["Vpcs"]))
tell("vpc: owner", lambda: ec2.describe_vpcs(VpcIds=[main])["Vpcs"][0].get("OwnerId") == first)
tell("vpc: seen from another account", lambda: len(other.describe_vpcs(Filters=tagged("vpc.x"))["Vpcs"]))
check("vpc: block of /15", lambda: vpc("10.4.0.0/15"))
check("vpc: block of /29", lambda: vpc("10.4.0.0/29"))
tell("vpc: block with host bits", lambda: vpc("10.99.0.1/28")["CidrBlock"])
check("vpc: describe missing", lambda: ec2.describe_vpcs(VpcIds=["vpc-00000000000000000"]))
check("vpc: delete missing", lambda: ec2.delete_vpc(VpcId="vpc-00000000000000000"))
for number in range(3):
    attempt(lambda: vpc(f"10.{10 + number}.0.0/24"))
check("vpc: the sixth", lambda: vpc("10.20.0.0/24"))
page = ec2.describe_vpcs(MaxResults=5)
tell("vpc: a page of five", lambda: len(page["Vpcs"]))
attribute = lambda name: ec2.describe_vpc_attribute(VpcId=main, Attribute=name)  # noqa: E731
tell("vpc: DNS support of a new one", lambda: attribute("enableDnsSupport")["EnableDnsSupport"]["Value"])
tell("vpc: DNS host names of a new one", lambda: attribute("enableDnsHostnames")["EnableDnsHostnames"]["Value"])
check("vpc: DNS host names on", lambda: ec2.modify_vpc_attribute(VpcId=main, EnableDnsHostnames={"Value": True}))
tell("vpc: DNS host names are on", lambda: attribute("enableDnsHostnames")["EnableDnsHostnames"]["Value"])

# IPv6.
extra = [v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"] and v["VpcId"] != main]
for id in extra:
    attempt(lambda: ec2.delete_vpc(VpcId=id))
six = vpc("10.60.0.0/24", AmazonProvidedIpv6CidrBlock=True)["VpcId"]


def six_blocks():
    vpc = ec2.describe_vpcs(VpcIds=[six])["Vpcs"][0]
    return [b for b in vpc.get("Ipv6CidrBlockAssociationSet", []) if b["Ipv6CidrBlockState"]["State"] == "associated"]


settled(lambda: len(six_blocks()), 0, 1)
tell("ipv6: block of a VPC", lambda: six_blocks()[0]["Ipv6CidrBlock"].rpartition("/")[2])
block = six_blocks()[0]["Ipv6CidrBlock"].replace("/56", "/64")
sub6 = subnet(six, "10.60.0.0/28", Ipv6CidrBlock=block, AvailabilityZoneId=zone)["SubnetId"]
six_of = lambda: ec2.describe_subnets(SubnetIds=[sub6])["Subnets"][0]["Ipv6CidrBlockAssociationSet"]  # noqa: E731
tell("ipv6: block of a subnet", lambda: six_of()[0]["Ipv6CidrBlock"] == block)
check("ipv6: block taken from a VPC with such a subnet", lambda: ec2.disassociate_vpc_cidr_block(AssociationId=six_blocks()[0]["AssociationId"]))
check("ipv6: block of a subnet taken back", lambda: ec2.disassociate_subnet_cidr_block(AssociationId=six_of()[0]["AssociationId"]))
check("ipv6: block of a subnet given again", lambda: ec2.associate_subnet_cidr_block(SubnetId=sub6, Ipv6CidrBlock=block))
eigw = lambda: ec2.create_egress_only_internet_gateway(VpcId=six, **tags("egress-only-internet-gateway", "eigw.x"))["EgressOnlyInternetGateway"]  # noqa: E731
tell("ipv6: egress-only gateway", lambda: len(eigw()["Attachments"]))
eigws = ec2.describe_egress_only_internet_gateways()["EgressOnlyInternetGateways"]
tell("ipv6: egress-only gateways", lambda: len(eigws))
tell("ipv6: tags of the egress-only gateway", lambda: len(eigws[0].get("Tags", [])))
six_table = table(six)
route6 = lambda: ec2.create_route(RouteTableId=six_table, DestinationIpv6CidrBlock="::/0", EgressOnlyInternetGatewayId=eigws[0]["EgressOnlyInternetGatewayId"])  # noqa: E731
check("ipv6: route", route6)
tell("ipv6: route is told", lambda: [r.get("EgressOnlyInternetGatewayId", "?")[:5] for r in ec2.describe_route_tables(RouteTableIds=[six_table])["RouteTables"][0]["Routes"] if r.get("DestinationIpv6CidrBlock") == "::/0"])
for gateway in eigws:
    check("ipv6: egress-only gateway deleted", lambda: ec2.delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=gateway["EgressOnlyInternetGatewayId"]))

# Subnets.
public = subnet(main, "10.2.0.0/24", AvailabilityZoneId=zone)
tell("subnet: zone ID", lambda: ec2.describe_subnets(SubnetIds=[public["SubnetId"]])["Subnets"][0]["AvailabilityZoneId"] == zone)
tell("subnet: found by tag", lambda: len(ec2.describe_subnets(Filters=[*tagged("subnet.x"), *of(main)])["Subnets"]))
check("subnet: overlaps", lambda: subnet(main, "10.2.0.128/25"))
check("subnet: outside of the VPC", lambda: subnet(main, "10.3.0.0/24"))
check("subnet: block of /29", lambda: subnet(main, "10.2.1.0/29"))
check("subnet: zone missing", lambda: subnet(main, "10.2.1.0/24", AvailabilityZoneId="euw1-az9"))
check("subnet: VPC missing", lambda: subnet("vpc-00000000000000000", "10.2.1.0/24"))
check("subnet: delete missing", lambda: ec2.delete_subnet(SubnetId="subnet-00000000000000000"))
private, stand, held = (subnet(main, block, AvailabilityZoneId=zone) for block in ("10.2.16.0/23", "10.2.18.0/24", "10.2.19.0/24"))

# Route tables.
tell("table: a VPC's main one", lambda: len(ec2.describe_route_tables(Filters=[*of(main), {"Name": "association.main", "Values": ["true"]}])["RouteTables"]))
mine, yours = table(main), table(main)
associate = lambda to: ec2.associate_route_table(SubnetId=public["SubnetId"], RouteTableId=to)["AssociationId"]  # noqa: E731
association = associate(mine)
tell("table: association is told", lambda: len(ec2.describe_route_tables(RouteTableIds=[mine])["RouteTables"][0]["Associations"]))
ec2.associate_route_table(SubnetId=private["SubnetId"], RouteTableId=mine)
check("table: associated with another one", lambda: ec2.associate_route_table(SubnetId=private["SubnetId"], RouteTableId=yours))
check("table: association replaced", lambda: ec2.replace_route_table_association(AssociationId=association, RouteTableId=yours))
check("table: association replaced again", lambda: ec2.replace_route_table_association(AssociationId=association, RouteTableId=yours))
tell("table: where the subnet is now", lambda: [t["RouteTableId"] == yours for t in ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [public["SubnetId"]]}])["RouteTables"]])
check("table: delete while associated", lambda: ec2.delete_route_table(RouteTableId=yours))
check("table: delete missing", lambda: ec2.delete_route_table(RouteTableId="rtb-00000000000000000"))

# The internet gateway and routes.
gateway = ec2.create_internet_gateway(**tags("internet-gateway", "internet_gateway.x"))["InternetGateway"]["InternetGatewayId"]
to_gateway = lambda: ec2.create_route(RouteTableId=mine, DestinationCidrBlock=EVERYWHERE, GatewayId=gateway)  # noqa: E731
check("route: gateway of no VPC", to_gateway)
attempt(lambda: ec2.delete_route(RouteTableId=mine, DestinationCidrBlock=EVERYWHERE))
check("gateway: attach", lambda: ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=main))
check("gateway: attach again", lambda: ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=main))
spare = ec2.create_internet_gateway(**tags("internet-gateway", "internet_gateway.y"))["InternetGateway"]["InternetGatewayId"]
check("gateway: attach a second one", lambda: ec2.attach_internet_gateway(InternetGatewayId=spare, VpcId=main))
attempt(lambda: ec2.detach_internet_gateway(InternetGatewayId=spare, VpcId=main))
check("gateway: delete one that is not attached", lambda: ec2.delete_internet_gateway(InternetGatewayId=spare))
check("gateway: delete while attached", lambda: ec2.delete_internet_gateway(InternetGatewayId=gateway))
tell("gateway: state of the attachment", lambda: ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"][0]["Attachments"][0]["State"])
check("route: create", to_gateway)
check("route: create again", to_gateway)
check("route: replace", lambda: ec2.replace_route(RouteTableId=mine, DestinationCidrBlock=EVERYWHERE, GatewayId=gateway))
check("route: replace missing", lambda: ec2.replace_route(RouteTableId=mine, DestinationCidrBlock="192.0.2.0/24", GatewayId=gateway))
check("route: delete missing", lambda: ec2.delete_route(RouteTableId=mine, DestinationCidrBlock="192.0.2.0/24"))
check("route: gateway missing", lambda: ec2.create_route(RouteTableId=mine, DestinationCidrBlock="198.51.100.0/24", GatewayId="igw-00000000000000000"))
tell("route: origins", lambda: " ".join(sorted(r["Origin"] for r in ec2.describe_route_tables(RouteTableIds=[mine])["RouteTables"][0]["Routes"])))

# Addresses and NAT gateways.
allocate = lambda n: ec2.allocate_address(Domain="vpc", **tags("elastic-ip", f"elastic_ip.{n}"))["AllocationId"]  # noqa: E731
addresses = [allocate(n) for n in range(5)]
check("address: the sixth", lambda: allocate(5))
tell("address: found by tag", lambda: len(ec2.describe_addresses(Filters=tagged("elastic_ip.0"))["Addresses"]))
check("address: release missing", lambda: ec2.release_address(AllocationId="eipalloc-00000000000000000"))


def nat(address, token, **more):
    given = tags("natgateway", "nat_gateway.x") | {"SubnetId": stand["SubnetId"], "AllocationId": address} | more
    return ec2.create_nat_gateway(ClientToken=token, **{k: v for k, v in given.items() if v is not None})["NatGateway"]["NatGatewayId"]


def nat_state(id):
    gateways = ec2.describe_nat_gateways(NatGatewayIds=[id])["NatGateways"]
    return gateways[0]["State"] if gateways else "not told any more"


made = nat(addresses[0], "once")
tell("NAT: state in the end", lambda: settled(lambda: nat_state(made), "available", "failed"))
tell("NAT: the same token again", lambda: nat(addresses[0], "once") == made)
check("NAT: the same token, another request", lambda: nat(addresses[1], "once"))
tell("NAT: an address in use", lambda: settled(lambda i=nat(addresses[0], "twice"): nat_state(i), "available", "failed"))
tell("NAT: tags", lambda: len(ec2.describe_nat_gateways(NatGatewayIds=[made])["NatGateways"][0].get("Tags", [])))
tell("NAT: others are not found by tag", lambda: len(ec2.describe_nat_gateways(Filter=tagged("nat_gateway.y"))["NatGateways"]))
tell("NAT: zonal", lambda: ec2.describe_nat_gateways(NatGatewayIds=[made])["NatGateways"][0].get("AvailabilityMode"))
check("address: release one in use", lambda: ec2.release_address(AllocationId=addresses[0]))
check("route: to a NAT gateway", lambda: ec2.create_route(RouteTableId=yours, DestinationCidrBlock=EVERYWHERE, NatGatewayId=made))
regional = attempt(lambda: nat(None, "regional", SubnetId=None, VpcId=main, AvailabilityMode="regional"))
tell("NAT: regional", lambda: regional[1] or "ok")
told = {}
if regional[0]:
    settled(lambda: nat_state(regional[0]), "available", "failed")
    [told] = ec2.describe_nat_gateways(NatGatewayIds=[regional[0]])["NatGateways"]
    ec2.delete_nat_gateway(NatGatewayId=regional[0])
tell("NAT: regional one's mode", lambda: told.get("AvailabilityMode"))
tell("NAT: regional one's subnet", lambda: told.get("SubnetId"))
tell("NAT: regional one's VPC", lambda: told.get("VpcId") == main)
check("subnet: delete with a NAT gateway", lambda: ec2.delete_subnet(SubnetId=stand["SubnetId"]))
check("gateway: detach with addresses in use", lambda: ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=main))
attempt(lambda: ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=main))

# Endpoints.
S3 = f"com.amazonaws.{HOME}.s3"
SQS = f"com.amazonaws.{HOME}.sqs"


def endpoint(service, token, **more):
    given = tags("vpc-endpoint", "vpc_endpoint.x") | more
    return ec2.create_vpc_endpoint(VpcId=main, ServiceName=service, ClientToken=token, **given)["VpcEndpoint"]["VpcEndpointId"]


def endpoint_state(id):
    endpoints = ec2.describe_vpc_endpoints(VpcEndpointIds=[id])["VpcEndpoints"]
    return endpoints[0]["State"].lower() if endpoints else "not told any more"


s3 = endpoint(S3, "s3", VpcEndpointType="Gateway", RouteTableIds=[mine])
tell("endpoint: the same token again", lambda: endpoint(S3, "s3", VpcEndpointType="Gateway", RouteTableIds=[mine]) == s3)
check("endpoint: another one in the same table", lambda: endpoint(S3, "other", VpcEndpointType="Gateway", RouteTableIds=[mine]))
check("endpoint: another table", lambda: ec2.modify_vpc_endpoint(VpcEndpointId=s3, AddRouteTableIds=[yours]))
check("endpoint: another table again", lambda: ec2.modify_vpc_endpoint(VpcEndpointId=s3, AddRouteTableIds=[yours]))
check("endpoint: one table less", lambda: ec2.modify_vpc_endpoint(VpcEndpointId=s3, RemoveRouteTableIds=[mine]))
tell("endpoint: its tables", lambda: ec2.describe_vpc_endpoints(VpcEndpointIds=[s3])["VpcEndpoints"][0]["RouteTableIds"] == [yours])
tell("endpoint: its route in the table", lambda: len([r for r in ec2.describe_route_tables(RouteTableIds=[yours])["RouteTables"][0]["Routes"] if r.get("DestinationPrefixListId")]))
guard, used = group(main, "endpoints"), group(main, "used")
interface = lambda token, **more: endpoint(SQS, token, VpcEndpointType="Interface", SubnetIds=[held["SubnetId"]], SecurityGroupIds=[used], PrivateDnsEnabled=True, **more)  # noqa: E731
sqs = interface("sqs")
tell("endpoint: state in the end", lambda: settled(lambda: endpoint_state(sqs), "available", "failed"))
tell("endpoint: tags", lambda: len(ec2.describe_vpc_endpoints(VpcEndpointIds=[sqs])["VpcEndpoints"][0].get("Tags", [])))
tell("endpoint: its groups", lambda: [g["GroupId"] for g in ec2.describe_vpc_endpoints(VpcEndpointIds=[sqs])["VpcEndpoints"][0].get("Groups", [])] == [used])
tell("endpoint: its subnets", lambda: ec2.describe_vpc_endpoints(VpcEndpointIds=[sqs])["VpcEndpoints"][0]["SubnetIds"] == [held["SubnetId"]])
check("endpoint: another with the same private name", lambda: interface("sqs2"))
check("endpoint: a second subnet of the same zone", lambda: ec2.modify_vpc_endpoint(VpcEndpointId=sqs, AddSubnetIds=[public["SubnetId"]]))
attempt(lambda: ec2.modify_vpc_endpoint(VpcEndpointId=sqs, RemoveSubnetIds=[public["SubnetId"]]))
check("group: delete while an endpoint uses it", lambda: ec2.delete_security_group(GroupId=used))
check("subnet: delete with an endpoint", lambda: ec2.delete_subnet(SubnetId=held["SubnetId"]))
check("endpoint: describe missing", lambda: ec2.describe_vpc_endpoints(VpcEndpointIds=["vpce-00000000000000000"]))
tell("endpoint: delete one whose tables changed", lambda: len(ec2.delete_vpc_endpoints(VpcEndpointIds=[s3])["Unsuccessful"]))
tell("endpoint: delete", lambda: (len(ec2.delete_vpc_endpoints(VpcEndpointIds=[sqs])["Unsuccessful"]), settled(lambda: attempt(lambda: endpoint_state(sqs))[0] in (None, "deleted", "not told any more"), True)))
tell("endpoint: delete missing", lambda: [u["Error"]["Code"] for u in ec2.delete_vpc_endpoints(VpcEndpointIds=["vpce-00000000000000000"])["Unsuccessful"]])

# Security groups.
tell("group: default of a VPC", lambda: len(ec2.describe_security_groups(Filters=[*of(main), {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]))
[default] = ec2.describe_security_groups(Filters=[*of(main), {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]
tell("group: rules of the default one", lambda: (len(default["IpPermissions"]), len(default["IpPermissionsEgress"])))
check("group: same name", lambda: group(main, "endpoints"))
https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.2.0.0/19"}]}
check("group: rule", lambda: ec2.authorize_security_group_ingress(GroupId=guard, IpPermissions=[https]))
check("group: rule again", lambda: ec2.authorize_security_group_ingress(GroupId=guard, IpPermissions=[https]))
check("group: rule revoked", lambda: ec2.revoke_security_group_ingress(GroupId=guard, IpPermissions=[https]))
check("group: rule revoked again", lambda: ec2.revoke_security_group_ingress(GroupId=guard, IpPermissions=[https]))
check("group: default one emptied", lambda: (ec2.revoke_security_group_ingress(GroupId=default["GroupId"], IpPermissions=default["IpPermissions"]), ec2.revoke_security_group_egress(GroupId=default["GroupId"], IpPermissions=default["IpPermissionsEgress"])))
tell("group: rules of the emptied one", lambda: [len(g["IpPermissions"]) + len(g["IpPermissionsEgress"]) for g in ec2.describe_security_groups(GroupIds=[default["GroupId"]])["SecurityGroups"]])
check("group: delete the default one", lambda: ec2.delete_security_group(GroupId=default["GroupId"]))
check("group: delete missing", lambda: ec2.delete_security_group(GroupId="sg-00000000000000000"))

# DHCP options and flow logs.
names = [{"Key": "domain-name-servers", "Values": ["10.0.0.2", "10.0.0.3"]}, {"Key": "domain-name", "Values": ["example.org"]}]
dhcp = ec2.create_dhcp_options(DhcpConfigurations=names, **tags("dhcp-options", "dhcp_options.x"))["DhcpOptions"]["DhcpOptionsId"]
tell("DHCP: as made", lambda: sorted((c["Key"], [v["Value"] for v in c["Values"]]) for c in ec2.describe_dhcp_options(DhcpOptionsIds=[dhcp])["DhcpOptions"][0]["DhcpConfigurations"]))
tell("DHCP: tags", lambda: len(ec2.describe_dhcp_options(DhcpOptionsIds=[dhcp])["DhcpOptions"][0].get("Tags", [])))
check("DHCP: associate", lambda: ec2.associate_dhcp_options(DhcpOptionsId=dhcp, VpcId=main))
tell("DHCP: the VPC tells", lambda: ec2.describe_vpcs(VpcIds=[main])["Vpcs"][0]["DhcpOptionsId"] == dhcp)
check("DHCP: delete while in use", lambda: ec2.delete_dhcp_options(DhcpOptionsId=dhcp))
attempt(lambda: ec2.associate_dhcp_options(DhcpOptionsId=dhcp, VpcId=main))
check("DHCP: back to AWS's own", lambda: ec2.associate_dhcp_options(DhcpOptionsId="default", VpcId=main))
check("DHCP: delete", lambda: ec2.delete_dhcp_options(DhcpOptionsId=dhcp))
check("DHCP: delete missing", lambda: ec2.delete_dhcp_options(DhcpOptionsId="dopt-00000000000000000"))
BUCKET = "arn:aws:s3:::flow-logs"


def flow_log():
    answer = ec2.create_flow_logs(ResourceIds=[main], ResourceType="VPC", TrafficType="ALL", LogDestinationType="s3", LogDestination=BUCKET, MaxAggregationInterval=600, **tags("vpc-flow-log", "flow_log.x"))
    return answer["FlowLogIds"] or [u["Error"]["Code"] for u in answer["Unsuccessful"]]


attempt(lambda: session.client("s3", region_name="us-east-1").create_bucket(Bucket="flow-logs"))
logs = attempt(flow_log)
tell("flow log: create", lambda: logs[1] or (logs[0][0][:3] if logs[0] else "nothing"))
tell("flow log: again", flow_log)
tell("flow log: list", lambda: [(log["LogDestination"], log["TrafficType"], log["MaxAggregationInterval"], len(log["Tags"])) for log in ec2.describe_flow_logs()["FlowLogs"]])
tell("flow log: delete", lambda: len(ec2.delete_flow_logs(FlowLogIds=[log["FlowLogId"] for log in ec2.describe_flow_logs()["FlowLogs"]]).get("Unsuccessful", [])))

# Tags.
check("tags: changed", lambda: ec2.create_tags(Resources=[main, public["SubnetId"]], Tags=[{"Key": "team", "Value": "x"}]))
tell("tags: as changed", lambda: [t["Value"] for t in ec2.describe_vpcs(VpcIds=[main])["Vpcs"][0]["Tags"] if t["Key"] == "team"])
check("tags: of what is missing", lambda: ec2.create_tags(Resources=["vpc-00000000000000000"], Tags=[{"Key": "team", "Value": "x"}]))
by_key = [{"Name": "key", "Values": ["overlord:address"]}]
tell("tags: one list of all that is ours", lambda: sorted({tag["ResourceType"] for tag in ec2.describe_tags(Filters=by_key)["Tags"]} & {"vpc", "subnet", "natgateway"}))
by_others = [*of(main), {"Name": "default", "Values": ["false"]}]
tell("ACLs: those that somebody made", lambda: len(ec2.describe_network_acls(Filters=by_others)["NetworkAcls"]))
tell("ACLs: all", lambda: len(ec2.describe_network_acls(Filters=of(main))["NetworkAcls"]))

# The way down.
check("vpc: delete with all that is in it", lambda: ec2.delete_vpc(VpcId=main))
tell("NAT: delete", lambda: (ec2.delete_nat_gateway(NatGatewayId=made), settled(lambda: nat_state(made), "deleted", "not told any more"))[-1])
check("NAT: delete missing", lambda: ec2.delete_nat_gateway(NatGatewayId="nat-00000000000000000"))
tell("route: after its NAT gateway", lambda: [r["State"] for r in ec2.describe_route_tables(RouteTableIds=[yours])["RouteTables"][0]["Routes"] if r.get("NatGatewayId") == made])
check("address: release", lambda: [ec2.release_address(AllocationId=a["AllocationId"]) for a in ec2.describe_addresses()["Addresses"]])
check("gateway: detach", lambda: ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=main))
check("gateway: detach again", lambda: ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=main))
tell("route: after its gateway", lambda: [r["State"] for r in ec2.describe_route_tables(RouteTableIds=[mine])["RouteTables"][0]["Routes"] if r.get("GatewayId") == gateway])
check("gateway: delete", lambda: ec2.delete_internet_gateway(InternetGatewayId=gateway))
check("gateway: delete missing", lambda: ec2.delete_internet_gateway(InternetGatewayId=gateway))
check("subnet: delete", lambda: [ec2.delete_subnet(SubnetId=s["SubnetId"]) for s in ec2.describe_subnets(Filters=of(main))["Subnets"]])
for t in ec2.describe_route_tables(Filters=of(main))["RouteTables"]:
    for a in t["Associations"]:
        attempt(lambda a=a: a["Main"] or ec2.disassociate_route_table(AssociationId=a["RouteTableAssociationId"]))
check("table: delete", lambda: [ec2.delete_route_table(RouteTableId=t) for t in (mine, yours)])
tell("table: delete the main one", lambda: [attempt(lambda t=t: ec2.delete_route_table(RouteTableId=t["RouteTableId"]))[1] for t in ec2.describe_route_tables(Filters=of(main))["RouteTables"]])
bare = vpc("10.70.0.0/24")["VpcId"]
group(bare, "left")
check("vpc: delete with a group", lambda: ec2.delete_vpc(VpcId=bare))
check("group: delete", lambda: [ec2.delete_security_group(GroupId=g["GroupId"]) for g in ec2.describe_security_groups(Filters=of(main))["SecurityGroups"] if g["GroupName"] != "default"])
check("vpc: delete", lambda: ec2.delete_vpc(VpcId=main))

# Opt-in Regions.
regions = {r["RegionName"]: r["OptInStatus"] for r in ec2.describe_regions(AllRegions=True)["Regions"]}
tell("region: usual one", lambda: regions[HOME])
tell("region: opt-in one", lambda: regions["eu-south-1"])
far = session.client("ec2", region_name="eu-south-1", config=once)
check("region: used before it is enabled", far.describe_vpcs)

finish()
