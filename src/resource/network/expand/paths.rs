//! Network paths: subnets, their route tables, the gateways, and the routes to them.

use super::Parts;
use crate::address::{Address, Reference};
use crate::network::{Nat, PUBLIC_TIER, Subnet};
use crate::resource::network::{
    self as kinds, EgressOnlyInternetGatewayAttributes, ElasticIpAttributes, InternetGatewayAttributes, NatGatewayAttributes,
    RouteAttributes, RouteTableAttributes, SubnetAttributes,
};

/// Everywhere, in IPv4.
const ANYWHERE: &str = "0.0.0.0/0";
/// Everywhere, in IPv6.
const ANYWHERE_IPV6: &str = "::/0";
/// The name of the NAT gateway that spans all zones.
const REGIONAL: &str = "regional";

impl Parts<'_> {
    pub(super) fn paths(&mut self) {
        self.gateways();
        let nat_zones = self.nat_zones();
        for zone in &nat_zones {
            self.zonal_nat(zone);
        }
        if self.has_public_tier() {
            self.table(PUBLIC_TIER);
            let gateway = self.only::<kinds::InternetGateway>();
            self.route(PUBLIC_TIER, ANYWHERE, gateway.clone());
            if self.layout.ipv6 {
                self.route(PUBLIC_TIER, ANYWHERE_IPV6, gateway);
            }
        }
        let vpc = self.vpc;
        for subnet in &vpc.cut.subnets {
            self.subnet(subnet);
            if subnet.tier != PUBLIC_TIER {
                self.table(&subnet.name());
                self.ways_out(subnet, &nat_zones);
            }
        }
    }

    pub(super) fn has_egress_only_gateway(&self) -> bool {
        self.layout.ipv6 && self.vpc.cut.subnets.iter().any(|subnet| subnet.tier != PUBLIC_TIER)
    }

    /// The names of the route tables: one for all public subnets, one for every other subnet.
    pub(super) fn tables(&self) -> impl Iterator<Item = String> {
        let public = self.has_public_tier().then(|| PUBLIC_TIER.to_owned());
        let others = self.vpc.cut.subnets.iter().filter(|subnet| subnet.tier != PUBLIC_TIER).map(Subnet::name);
        public.into_iter().chain(others)
    }

    fn has_public_tier(&self) -> bool {
        self.zones_of(PUBLIC_TIER).next().is_some()
    }

    fn gateways(&mut self) {
        if self.has_internet_gateway() {
            let attributes = InternetGatewayAttributes { tags: self.tags_of_only(), vpc: Some(self.vpc()) };
            self.add(self.only::<kinds::InternetGateway>(), &attributes);
        }
        if self.has_egress_only_gateway() {
            let attributes = EgressOnlyInternetGatewayAttributes { tags: self.tags_of_only(), vpc: self.vpc() };
            self.add(self.only::<kinds::EgressOnlyInternetGateway>(), &attributes);
        }
        if self.layout.nat == Nat::Regional {
            let attributes = NatGatewayAttributes {
                availability_mode: REGIONAL.to_owned(),
                elastic_ip: None,
                internet_gateway: Some(self.only::<kinds::InternetGateway>().into()),
                subnet: None,
                tags: self.tags_of_one(REGIONAL),
                vpc: self.vpc(),
            };
            self.add(self.one_of::<kinds::NatGateway>(REGIONAL), &attributes);
        }
    }

    fn has_internet_gateway(&self) -> bool {
        self.has_public_tier() || self.layout.nat == Nat::Regional
    }

    /// The zones with a NAT gateway of their own.
    fn nat_zones(&self) -> Vec<String> {
        let public = || self.zones_of(PUBLIC_TIER).map(str::to_owned);
        match self.layout.nat {
            Nat::PerZone => public().collect(),
            // An existing one stays where it is: partners know its address.
            Nat::Single => {
                let live = |zone: &String| self.live.is_some_and(|live| live.nat_zones.contains(zone));
                public().find(live).or_else(|| public().next()).into_iter().collect()
            }
            Nat::Regional | Nat::None => Vec::new(),
        }
    }

    fn zonal_nat(&mut self, zone: &str) {
        let elastic_ip = self.one_of::<kinds::ElasticIp>(zone);
        let tags = self.tags_of_one(zone);
        let attributes = NatGatewayAttributes {
            availability_mode: "zonal".to_owned(),
            elastic_ip: Some(elastic_ip.clone().into()),
            internet_gateway: Some(self.only::<kinds::InternetGateway>().into()),
            subnet: Some(self.one_of::<kinds::Subnet>(&format!("{PUBLIC_TIER}-{zone}")).into()),
            tags: tags.clone(),
            vpc: self.vpc(),
        };
        self.add(elastic_ip, &ElasticIpAttributes { tags });
        self.add(self.one_of::<kinds::NatGateway>(zone), &attributes);
    }

    fn subnet(&mut self, subnet: &Subnet) {
        let name = subnet.name();
        let table = if subnet.tier == PUBLIC_TIER { PUBLIC_TIER } else { &name };
        let attributes = SubnetAttributes {
            cidr: subnet.block.to_string(),
            ipv6: subnet.ipv6,
            route_table: Some(self.one_of::<kinds::RouteTable>(table).into()),
            tags: self.tags(&name),
            vpc: self.vpc(),
            zone: subnet.zone.clone(),
        };
        self.add(self.one_of::<kinds::Subnet>(&name), &attributes);
    }

    fn table(&mut self, name: &str) {
        let attributes = RouteTableAttributes { propagating_gateways: self.propagating(name), tags: self.tags(name), vpc: self.vpc() };
        self.add(self.one_of::<kinds::RouteTable>(name), &attributes);
    }

    /// The default routes of a subnet that is not public.
    fn ways_out(&mut self, subnet: &Subnet, nat_zones: &[String]) {
        let gateway = match self.layout.nat {
            Nat::Regional => Some(REGIONAL),
            // The gateway of its own zone, or the first one if its zone has none.
            Nat::PerZone | Nat::Single => nat_zones.iter().find(|zone| **zone == subnet.zone).or(nat_zones.first()).map(String::as_str),
            Nat::None => None,
        };
        if let Some(gateway) = gateway {
            self.route(&subnet.name(), ANYWHERE, self.one_of::<kinds::NatGateway>(gateway));
        }
        if self.layout.ipv6 {
            self.route(&subnet.name(), ANYWHERE_IPV6, self.only::<kinds::EgressOnlyInternetGateway>());
        }
    }

    pub(super) fn route(&mut self, table: &str, destination: &str, target: Address) {
        let attributes = RouteAttributes {
            destination: destination.to_owned(),
            route_table: Reference::from(self.one_of::<kinds::RouteTable>(table)),
            target: target.into(),
        };
        self.add(self.one_of::<kinds::Route>(&format!("{table}/{destination}")), &attributes);
    }
}
