"""Single calls of what connects networks, with boto3: peering, Transit Gateway, VPN, sharing through RAM; across two accounts.

Prints {check: outcome}. What each side should say is the table in tests/conformance/network.rs.
"""

import boto3

from accounts import HOME, accounts, once, tagged, tags
from outcomes import attempt, check, finish, tell

(first, one), (second, two) = accounts("first", "second")
ec2, other = (session.client("ec2", region_name=HOME, config=once) for session in (one, two))
ram, other_ram = (session.client("ram", region_name=HOME, config=once) for session in (one, two))
management = boto3.client("ram", region_name="us-east-1")


def settled(look, *states):
    """Asks until a state is one of those: AWS and the sandbox work on some things for a while."""
    while (state := look()) not in states:
        pass
    return state


def place(client, block, subnet):
    """A VPC, a subnet of it and a route table."""
    vpc = client.create_vpc(CidrBlock=block, **tags("vpc", "vpc.x"))["Vpc"]["VpcId"]
    subnet = client.create_subnet(VpcId=vpc, CidrBlock=subnet, AvailabilityZoneId="euw1-az1")["Subnet"]["SubnetId"]
    return vpc, subnet, client.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]


here, here_subnet, here_table = place(ec2, "10.2.0.0/19", "10.2.0.0/24")
there, there_subnet, there_table = place(other, "10.3.0.0/19", "10.3.0.0/24")

# Peering.
ask = lambda: ec2.create_vpc_peering_connection(VpcId=here, PeerVpcId=there, PeerOwnerId=second, PeerRegion=HOME, **tags("vpc-peering-connection", "peering.x"))["VpcPeeringConnection"]  # noqa: E731
made, error = attempt(ask)
tell("peering: ask", lambda: error or "ok")
peering = made["VpcPeeringConnectionId"]
look = lambda client: [p for p in client.describe_vpc_peering_connections()["VpcPeeringConnections"] if p["VpcPeeringConnectionId"] == peering]  # noqa: E731
tell("peering: state before", lambda: settled(lambda: look(ec2)[0]["Status"]["Code"], "pending-acceptance", "failed", "active"))
tell("peering: tags for the asker", lambda: len(look(ec2)[0].get("Tags", [])))
tell("peering: seen by the other account", lambda: len(look(other)))
tell("peering: tags for the other account", lambda: len(look(other)[0].get("Tags", [])) if look(other) else "not seen")
tell("peering: found by tag", lambda: len(ec2.describe_vpc_peering_connections(Filters=tagged("peering.x"))["VpcPeeringConnections"]))
check("peering: accepted by the asker", lambda: ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering))
tell("peering: asked for again", lambda: ask()["VpcPeeringConnectionId"] == peering)
check("peering: accepted", lambda: other.accept_vpc_peering_connection(VpcPeeringConnectionId=peering))
tell("peering: state after", lambda: settled(lambda: look(ec2)[0]["Status"]["Code"], "active", "failed", "pending-acceptance"))
check("peering: accepted again", lambda: other.accept_vpc_peering_connection(VpcPeeringConnectionId=peering))
tell("peering: blocks", lambda: [look(ec2)[0][side].get("CidrBlock") for side in ("RequesterVpcInfo", "AccepterVpcInfo")])
tell("peering: owners", lambda: [look(ec2)[0][side].get("OwnerId") == id for side, id in (("RequesterVpcInfo", first), ("AccepterVpcInfo", second))])
check("peering: route there", lambda: ec2.create_route(RouteTableId=here_table, DestinationCidrBlock="10.3.0.0/19", VpcPeeringConnectionId=peering))
check("peering: route back", lambda: other.create_route(RouteTableId=there_table, DestinationCidrBlock="10.2.0.0/19", VpcPeeringConnectionId=peering))
check("peering: delete the VPC with it", lambda: ec2.delete_vpc(VpcId=ec2.create_vpc(CidrBlock="10.9.0.0/24")["Vpc"]["VpcId"]))
check("peering: deleted by the other side", lambda: other.delete_vpc_peering_connection(VpcPeeringConnectionId=peering))
tell("peering: state in the end", lambda: settled(lambda: (look(ec2) or [{"Status": {"Code": "not told any more"}}])[0]["Status"]["Code"], "deleted", "not told any more"))

# A transit gateway, shared.
hub = ec2.create_transit_gateway(Description="hub", Options={"AutoAcceptSharedAttachments": "enable", "DefaultRouteTableAssociation": "enable", "DefaultRouteTablePropagation": "enable"}, **tags("transit-gateway", "transit_gateway.hub"))["TransitGateway"]
hub_id = hub["TransitGatewayId"]
hubs = lambda client: [t for t in client.describe_transit_gateways()["TransitGateways"] if t["TransitGatewayId"] == hub_id]  # noqa: E731
tell("hub: state", lambda: settled(lambda: hubs(ec2)[0]["State"], "available"))
tell("hub: tags", lambda: len(hubs(ec2)[0].get("Tags", [])))
tell("hub: its default table", lambda: hubs(ec2)[0]["Options"].get("AssociationDefaultRouteTableId", "none")[:8])
check("RAM: sharing in the organization", lambda: management.enable_sharing_with_aws_organization())
share = attempt(lambda: ram.create_resource_share(name="hub", resourceArns=[hub["TransitGatewayArn"]], principals=[second], allowExternalPrincipals=False, clientToken="once", tags=[{"key": "overlord:address", "value": "x"}])["resourceShare"])
tell("RAM: share", lambda: share[1] or share[0]["status"])
tell("RAM: share again with its token", lambda: ram.create_resource_share(name="hub", resourceArns=[hub["TransitGatewayArn"]], principals=[second], allowExternalPrincipals=False, clientToken="once")["resourceShare"]["resourceShareArn"] == share[0]["resourceShareArn"])
tell("RAM: shares", lambda: [(s["name"], len(s.get("tags", []))) for s in ram.get_resource_shares(resourceOwner="SELF")["resourceShares"]])
tell("RAM: associations", lambda: len(ram.get_resource_share_associations(associationType="PRINCIPAL")["resourceShareAssociations"]))
tell("RAM: seen by the other account", lambda: len(other_ram.get_resource_shares(resourceOwner="OTHER-ACCOUNTS")["resourceShares"]))
tell("hub: seen by the other account", lambda: len(hubs(other)))


def attach(client, vpc, subnet):
    given = tags("transit-gateway-attachment", "transit_gateway_attachment.x")
    made = client.create_transit_gateway_vpc_attachment(TransitGatewayId=hub_id, VpcId=vpc, SubnetIds=[subnet], **given)
    return made["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]


def attachments(client):
    return client.describe_transit_gateway_vpc_attachments()["TransitGatewayVpcAttachments"]


own = attempt(lambda: attach(ec2, here, here_subnet))
tell("hub: attach in its own account", lambda: own[1] or "ok")
tell("hub: state of the attachment", lambda: settled(lambda: attachments(ec2)[0]["State"], "available", "failed"))
tell("hub: tags of the attachment", lambda: len(attachments(ec2)[0].get("Tags", [])))
check("hub: attach again", lambda: attach(ec2, here, here_subnet))
check("hub: attach from the other account", lambda: attach(other, there, there_subnet))
tell("hub: attachments that the other account sees", lambda: len(attachments(other)))
check("hub: route to it", lambda: ec2.create_route(RouteTableId=here_table, DestinationCidrBlock="10.0.0.0/8", TransitGatewayId=hub_id))
tell("hub: route is told", lambda: [r.get("TransitGatewayId") == hub_id for r in ec2.describe_route_tables(RouteTableIds=[here_table])["RouteTables"][0]["Routes"] if r["DestinationCidrBlock"] == "10.0.0.0/8"])
check("hub: delete with attachments", lambda: ec2.delete_transit_gateway(TransitGatewayId=hub_id))

# A VPN.
gateway = ec2.create_vpn_gateway(Type="ipsec.1", AmazonSideAsn=64512, **tags("vpn-gateway", "vpn_gateway.x"))["VpnGateway"]["VpnGatewayId"]
gateways = lambda: ec2.describe_vpn_gateways(VpnGatewayIds=[gateway])["VpnGateways"]  # noqa: E731
tell("VPN: tags of the gateway", lambda: len(gateways()[0].get("Tags", [])))
check("VPN: attach", lambda: ec2.attach_vpn_gateway(VpnGatewayId=gateway, VpcId=here))
check("VPN: attach again", lambda: ec2.attach_vpn_gateway(VpnGatewayId=gateway, VpcId=here))
tell("VPN: state of the attachment", lambda: settled(lambda: (gateways()[0].get("VpcAttachments") or [{"State": "none"}])[0]["State"], "attached", "none"))
check("VPN: propagation", lambda: ec2.enable_vgw_route_propagation(GatewayId=gateway, RouteTableId=here_table))
tell("VPN: propagation is told", lambda: len(ec2.describe_route_tables(RouteTableIds=[here_table])["RouteTables"][0].get("PropagatingVgws", [])))
check("VPN: propagation taken back", lambda: ec2.disable_vgw_route_propagation(GatewayId=gateway, RouteTableId=here_table))
customer = ec2.create_customer_gateway(Type="ipsec.1", PublicIp="192.0.2.1", BgpAsn=65000, **tags("customer-gateway", "customer_gateway.x"))["CustomerGateway"]["CustomerGatewayId"]
tell("VPN: tags of the customer's gateway", lambda: len(ec2.describe_customer_gateways()["CustomerGateways"][0].get("Tags", [])))
connect = lambda: ec2.create_vpn_connection(Type="ipsec.1", CustomerGatewayId=customer, VpnGatewayId=gateway, Options={"StaticRoutesOnly": True}, **tags("vpn-connection", "vpn_connection.x"))["VpnConnection"]["VpnConnectionId"]  # noqa: E731
connection = attempt(connect)
tell("VPN: connection", lambda: connection[1] or "ok")
tell("VPN: tags of the connection", lambda: len(ec2.describe_vpn_connections()["VpnConnections"][0].get("Tags", [])))
tell("VPN: static routes only", lambda: ec2.describe_vpn_connections()["VpnConnections"][0].get("Options", {}).get("StaticRoutesOnly"))
check("VPN: static route", lambda: ec2.create_vpn_connection_route(VpnConnectionId=connection[0], DestinationCidrBlock="192.168.0.0/16"))
tell("VPN: static route is told", lambda: len(ec2.describe_vpn_connections()["VpnConnections"][0].get("Routes", [])))
check("VPN: delete the gateway with a connection", lambda: ec2.delete_vpn_gateway(VpnGatewayId=gateway))
check("VPN: connection deleted", lambda: ec2.delete_vpn_connection(VpnConnectionId=connection[0]))

finish()
