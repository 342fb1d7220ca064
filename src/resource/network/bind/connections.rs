//! Connections to other VPCs and to offices, in the form of the configuration.

use super::super::connected::Connected;
use super::super::{
    CustomerGatewayAttributes, ResourceShareAttributes, SHARING_SERVICE, TransitGatewayAttachmentAttributes, TransitGatewayAttributes,
    VpcPeeringAttributes, VpnConnectionAttributes, VpnGatewayAttributes,
};
use super::{Binder, shown};
use crate::address::Reference;
use crate::resource::Kind;
use crate::resource::network::ResourceShare;
use crate::resource::organizations::{Account, TrustedService, organization_address};

impl Binder<'_> {
    pub(super) fn connections(&mut self) {
        let connected = &self.world.extras.connected;
        self.vpns(connected);
        for (id, peering) in &connected.peerings {
            let Some(address) = self.names.address(id).and_then(|_| self.address(id)).cloned() else { continue };
            // Which side requested it does not matter any more; an account that got another key may sort differently now.
            let (vpc, peer_vpc) = match address.scope() == Some(self.scope) {
                true => (&peering.vpc, &peering.peer_vpc),
                false => (&peering.peer_vpc, &peering.vpc),
            };
            let peer_account = self.address(peer_vpc).and_then(|vpc| vpc.scope()).map(|scope| Account::address(&*scope.account));
            let attributes = VpcPeeringAttributes {
                peer_account: peer_account.map_or_else(|| self.name_of(&peering.peer), Reference::from),
                peer_vpc: self.name_of(peer_vpc),
                status: peering.status.clone(),
                tags: shown(&peering.tags),
                vpc: self.name_of(vpc),
            };
            self.add(address, id, &attributes);
        }
        for (id, gateway) in &connected.transit_gateways {
            let Some(address) = self.names.address(id).cloned() else { continue };
            let declared = self.design.gateways.transit.get(address.key()).and_then(|gateway| gateway.asn);
            let attributes = TransitGatewayAttributes {
                asn: gateway.asn.filter(|_| declared.is_some()),
                auto_accept: gateway.auto_accept,
                default_association: gateway.default_association,
                default_propagation: gateway.default_propagation,
                tags: shown(&gateway.tags),
            };
            self.add(address, id, &attributes);
        }
        for (id, attachment) in &connected.attachments {
            let Some(address) = self.names.address(id).cloned() else { continue };
            let hub = self.address(&attachment.gateway).cloned();
            // AWS does not report which share it is: here it only gives the order in which they are created and deleted.
            let elsewhere =
                hub.as_ref().and_then(|hub| hub.scope().filter(|scope| scope.account != self.scope.account).map(|scope| (scope, hub)));
            let attributes = TransitGatewayAttachmentAttributes {
                associated: attachment.associated,
                propagated: attachment.propagated,
                share: elsewhere.map(|(scope, hub)| ResourceShare::address_within(scope.clone(), hub.key()).into()),
                subnets: self.names_of(&attachment.subnets),
                tags: shown(&attachment.tags),
                transit_gateway: self.name_of(&attachment.gateway),
                vpc: self.name_of(&attachment.vpc),
            };
            self.add(address, id, &attributes);
        }
        for (arn, share) in &connected.shares {
            let Some(address) = self.names.address(arn).cloned() else { continue };
            let principal = |id: &String| if id.starts_with("o-") { organization_address().into() } else { self.name_of(id) };
            let attributes = ResourceShareAttributes {
                name: share.name.clone(),
                principals: share.principals.iter().map(principal).collect(),
                resources: self.names_of(&share.resources),
                tags: shown(&share.tags),
                trusted_service: TrustedService::address(SHARING_SERVICE).into(),
            };
            self.add(address, arn, &attributes);
        }
    }

    fn vpns(&mut self, connected: &Connected) {
        for (id, gateway) in &connected.vpn_gateways {
            let Some(address) = self.names.address(id).cloned() else { continue };
            let vpc = gateway.vpc.as_deref().map(|vpc| self.name_of(vpc));
            self.add(address, id, &VpnGatewayAttributes { tags: shown(&gateway.tags), vpc });
        }
        for (id, gateway) in &connected.customer_gateways {
            let Some(address) = self.names.address(id).cloned() else { continue };
            let attributes = CustomerGatewayAttributes { address: gateway.address.clone(), asn: gateway.asn, tags: shown(&gateway.tags) };
            self.add(address, id, &attributes);
        }
        for (id, connection) in &connected.vpn_connections {
            let Some(address) = self.names.address(id).cloned() else { continue };
            let attributes = VpnConnectionAttributes {
                customer_gateway: self.name_of(&connection.far),
                routes: connection.routes.clone(),
                tags: shown(&connection.tags),
                vpn_gateway: self.name_of(&connection.near),
            };
            self.add(address, id, &attributes);
        }
    }

    /// The target of a route: for a transit gateway, the VPC's attachment to it.
    pub(super) fn target(&self, id: &str, vpc: &str) -> Reference {
        let attachments = &self.world.extras.connected.attachments;
        let attachment = attachments.iter().find(|(_, attachment)| attachment.gateway == id && attachment.vpc == vpc);
        self.name_of(attachment.map_or(id, |(attachment, _)| attachment))
    }
}
