//! Connections between VPCs and to offices: attachments, VPNs and shares of single VPCs, transit gateways, and the peerings of a mesh.
//!
//! Connections are for the tiers that are not public: only their route tables lead there. Accounts and Regions that could not be read
//! take no part: the reader leaves the connections to them unchanged.

use std::collections::{BTreeMap, BTreeSet};

use super::Parts;
use crate::address::{Address, Reference, Scope};
use crate::limits::LIMITS;
use crate::network::{AddressPlan, Block, Design, Observed, PUBLIC_TIER, Peering, Subnet, TransitGateway, Vpc, peering_address};
use crate::resource::network::features::{HUB, VPN};
use crate::resource::network::{
    self as kinds, ACTIVE, CustomerGatewayAttributes, RegionAttributes, ResourceShareAttributes, RouteAttributes, SHARING_SERVICE, Tags,
    TransitGatewayAttachmentAttributes, TransitGatewayAttributes, VpcPeeringAttributes, VpnConnectionAttributes, VpnGatewayAttributes,
};
use crate::resource::organizations::{Account, TrustedService};
use crate::resource::{Attributes, Kind, untyped};

impl Parts<'_> {
    pub(super) fn connections(&mut self) {
        let connections = &self.layout.connections;
        if let Some((key, gateway)) = self.gateway() {
            self.attachment(key, gateway);
        }
        if let Some((key, vpn)) = connections.vpn.as_ref().and_then(|key| self.gateways.vpns.get_key_value(key)) {
            let (near, far) = (self.only::<kinds::VpnGateway>(), kinds::CustomerGateway::address_within(self.scope.clone(), key.as_str()));
            self.add(near.clone(), &VpnGatewayAttributes { tags: self.tags_of_only(), vpc: Some(self.vpc()) });
            // One for all VPCs of the account in the Region: it carries no VPC's tags.
            self.add(far.clone(), &CustomerGatewayAttributes { address: vpn.address.clone(), asn: vpn.asn, tags: named(key) });
            let attributes = VpnConnectionAttributes {
                customer_gateway: far.into(),
                routes: vpn.routes.iter().map(Block::to_string).collect(),
                tags: self.tags_of_one(key),
                vpn_gateway: near.into(),
            };
            self.add(self.only::<kinds::VpnConnection>(), &attributes);
        }
        if let Some(share) = &connections.share {
            let subnets = self.vpc.cut.subnets.iter().filter(|subnet| subnet.tier == share.tier);
            let attributes = ResourceShareAttributes {
                name: format!("{}-{}", self.vpc.layout, share.tier),
                principals: share.with.iter().cloned().map(Reference::from).collect(),
                resources: subnets.map(|subnet| self.one_of::<kinds::Subnet>(&subnet.name()).into()).collect(),
                tags: self.tags_of_one(&share.tier),
                trusted_service: sharing(),
            };
            self.add(self.one_of::<kinds::ResourceShare>(&share.tier), &attributes);
        }
    }

    /// The part of the VPC's tag that does not come from its layout: the transit gateways of its account and Region.
    pub(super) fn declared_here(&self) -> impl Iterator<Item = &'static str> + use<> {
        let has_hub = self.gateways.transit.values().any(|gateway| is_in(gateway, self.scope));
        HUB.into_iter().filter(move |_| has_hub)
    }

    /// The VPN gateways that propagate routes to a table; `None` if there never was one.
    pub(super) fn propagating(&self, table: &str) -> Option<BTreeSet<Reference>> {
        let had = self.live.is_some_and(|live| live.with.contains(VPN));
        let declared = self.layout.connections.vpn.is_some() && table != PUBLIC_TIER;
        (declared || had).then(|| declared.then(|| self.only::<kinds::VpnGateway>().into()).into_iter().collect())
    }
}

impl<'p> Parts<'p> {
    /// The transit gateway that the VPC attaches to, if its account could be read.
    fn gateway(&self) -> Option<(&'p str, &'p TransitGateway)> {
        let (key, gateway) = self.gateways.transit.get_key_value(self.layout.connections.attach.as_ref()?)?;
        (!self.observed.is_away(&gateway.account)).then_some((key, gateway))
    }

    fn attachment(&mut self, key: &str, gateway: &TransitGateway) {
        let hub = kinds::TransitGateway::address_within(scope(gateway), key);
        let attachment = self.only::<kinds::TransitGatewayAttachment>();
        let shared = gateway.account != self.scope.account;
        let attributes = TransitGatewayAttachmentAttributes {
            associated: true,
            propagated: true,
            share: shared.then(|| kinds::ResourceShare::address_within(scope(gateway), key).into()),
            subnets: self.inner_tier().map(|subnet| self.one_of::<kinds::Subnet>(&subnet.name()).into()).collect(),
            tags: self.tags_of_one(key),
            transit_gateway: hub.clone().into(),
            vpc: self.vpc(),
        };
        self.add(attachment.clone(), &attributes);
        for route in self.routes(gateway) {
            for table in inner_tables(self.vpc) {
                // AWS refuses a route to a gateway before the VPC is attached. So the route refers to the attachment, and its target is
                // the gateway.
                self.route(&table, &route.to_string(), attachment.clone());
            }
        }
    }

    /// What the VPC reaches through a transit gateway: the gateway's own list, or all of the VPC's pool.
    fn routes(&self, gateway: &TransitGateway) -> BTreeSet<Block> {
        if gateway.routes.is_empty() { self.pool.iter().map(|pool| pool.cidr).collect() } else { gateway.routes.clone() }
    }

    /// The subnets of the first tier that is not public: one per zone.
    fn inner_tier(&self) -> impl Iterator<Item = &'p Subnet> + use<'p> {
        let subnets = &self.vpc.cut.subnets;
        let first = subnets.iter().map(|subnet| subnet.tier.as_str()).find(|tier| *tier != PUBLIC_TIER);
        subnets.iter().filter(move |subnet| Some(subnet.tier.as_str()) == first)
    }
}

/// The names of the tables that route to connections.
fn inner_tables(vpc: &Vpc) -> impl Iterator<Item = String> {
    vpc.cut.subnets.iter().filter(|subnet| subnet.tier != PUBLIC_TIER).map(Subnet::name)
}

/// The tags of resources that belong to no single VPC.
fn named(name: &str) -> Tags {
    Tags::from([("Name".to_owned(), name.to_owned())])
}

fn sharing() -> Reference {
    TrustedService::address(SHARING_SERVICE).into()
}

fn scope(gateway: &TransitGateway) -> Scope {
    Scope { account: gateway.account.clone(), region: gateway.region.clone() }
}

fn is_in(gateway: &TransitGateway, scope: &Scope) -> bool {
    (&gateway.account, &gateway.region) == (&scope.account, &scope.region)
}

/// The transit gateways, with their shares.
pub(super) fn hubs(design: &Design, observed: &Observed, resources: &mut BTreeMap<Address, Attributes>) {
    for (key, gateway) in design.gateways.transit.iter().filter(|(_, gateway)| !observed.is_away(&gateway.account)) {
        // AWS accepts only principals that are members of the organization.
        let is_member = |place: &&Address| !Account::has(place) || !observed.absent.contains(place.key());
        let address = kinds::TransitGateway::address_within(scope(gateway), key.as_str());
        let attributes = TransitGatewayAttributes {
            asn: gateway.asn,
            auto_accept: true,
            default_association: true,
            default_propagation: true,
            tags: named(key),
        };
        let share = ResourceShareAttributes {
            name: key.clone(),
            principals: gateway.share_with.iter().filter(is_member).cloned().map(Reference::from).collect(),
            resources: BTreeSet::from([address.clone().into()]),
            tags: named(key),
            trusted_service: sharing(),
        };
        if LIMITS.regions.is_opt_in(&gateway.region) {
            let region = kinds::Region::address_within(scope(gateway), "main");
            resources.entry(region).or_insert_with(|| untyped(&RegionAttributes { status: "ENABLED".to_owned() }));
        }
        resources.insert(address, untyped(&attributes));
        resources.insert(kinds::ResourceShare::address_within(scope(gateway), key.as_str()), untyped(&share));
    }
}

/// The peerings between all VPCs of each layout that has them, and the routes of both sides. Of 2 accounts, the one whose key sorts first
/// requests the peering.
pub(super) fn meshes(design: &Design, observed: &Observed, plan: &AddressPlan, resources: &mut BTreeMap<Address, Attributes>) {
    let mut meshes: BTreeMap<&str, Vec<(&Address, &Vpc)>> = BTreeMap::new();
    for (address, vpc) in &plan.vpcs {
        let reached = address.scope().is_some_and(|scope| !observed.unreachable.contains_key(&scope.account));
        if reached && design.layouts.get(&vpc.layout).is_some_and(|layout| layout.connections.peering == Peering::Mesh) {
            meshes.entry(&vpc.layout).or_default().push((address, vpc));
        }
    }
    for (layout, vpcs) in meshes {
        for (index, one) in vpcs.iter().enumerate() {
            for other in vpcs.iter().skip(index + 1) {
                peer(layout, *one, *other, design, resources);
            }
        }
    }
}

fn peer(
    layout: &str,
    (near, one): (&Address, &Vpc),
    (far, other): (&Address, &Vpc),
    design: &Design,
    resources: &mut BTreeMap<Address, Attributes>,
) {
    let (Some(here), Some(there)) = (near.scope(), far.scope()) else { return };
    let Some(peering) = peering_address(near, far) else { return };
    let mut tags = design.vpcs.get(near).map(|request| request.tags.clone()).unwrap_or_default();
    tags.entry("Name".to_owned()).or_insert_with(|| format!("{layout}-{}-{}", here.account, there.account));
    let attributes = VpcPeeringAttributes {
        peer_account: Account::address(there.account.as_str()).into(),
        peer_vpc: far.clone().into(),
        status: ACTIVE.to_owned(),
        tags,
        vpc: near.clone().into(),
    };
    resources.insert(peering.clone(), untyped(&attributes));
    for (scope, vpc, block) in [(here, one, other.block), (there, other, one.block)] {
        for table in inner_tables(vpc) {
            let attributes = RouteAttributes {
                destination: block.to_string(),
                route_table: kinds::RouteTable::address_within(scope.clone(), format!("{layout}/{table}")).into(),
                target: peering.clone().into(),
            };
            resources.insert(kinds::Route::address_within(scope.clone(), format!("{layout}/{table}/{block}")), untyped(&attributes));
        }
    }
}
