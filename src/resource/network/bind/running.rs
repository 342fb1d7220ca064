//! Unmanaged resources that cost money by the hour or count against quotas, and public addresses that other people may rely on.

use std::collections::BTreeSet;

use super::Binder;
use crate::network::Others;

impl Binder<'_> {
    pub(super) fn running(&mut self) {
        let world = self.world;
        for (id, gateway) in &world.nat_gateways {
            match self.names.address(id).cloned() {
                Some(address) if !gateway.public_ips.is_empty() => {
                    self.bound.public_ips.insert(address, gateway.public_ips.clone());
                }
                Some(_) => {}
                None => {
                    self.bound.unmanaged.nat_gateways += 1;
                    // The addresses of a zonal gateway are Elastic IPs.
                    self.bound.unmanaged.addresses += gateway.public_ips.len() as u64;
                }
            }
        }
        for id in world.addresses.keys() {
            match (self.names.address(id).cloned(), world.public_ips.get(id)) {
                (Some(address), Some(public_ip)) => {
                    self.bound.public_ips.insert(address, BTreeSet::from([public_ip.clone()]));
                }
                (Some(_), None) => {}
                (None, _) => self.bound.unmanaged.addresses += 1,
            }
        }
        let interfaces =
            world.endpoints.iter().filter(|(id, endpoint)| endpoint.endpoint_type == "Interface" && self.names.address(id).is_none());
        self.bound.unmanaged.interfaces += interfaces.map(|(_, endpoint)| endpoint.subnets.len() as u64).sum::<u64>();
    }
    /// Unmanaged resources that count against quotas. The default VPC and its internet gateway may be deleted, so they are counted
    /// separately.
    pub(super) fn others(&mut self) {
        let (world, names) = (self.world, &self.names);
        let is_other = |id: &str| names.address(id).is_none();
        let in_default = |vpc: Option<&String>| vpc.and_then(|vpc| world.vpcs.get(vpc)).is_some_and(|vpc| vpc.is_default);
        let gateways = world.internet_gateways.iter().filter(|(id, gateway)| is_other(id) && !in_default(gateway.vpc.as_ref()));
        let mut others = Others {
            vpcs: world.vpcs.iter().filter(|(id, vpc)| !vpc.is_default && is_other(id)).count(),
            default_vpc: world.vpcs.values().any(|vpc| vpc.is_default),
            internet_gateways: gateways.count(),
            elastic_ips: world.addresses.keys().filter(|id| is_other(id)).count(),
            ..Others::default()
        };
        for gateway in world.nat_gateways.iter().filter(|(id, _)| is_other(id)).map(|(_, gateway)| gateway) {
            if let Some(subnet) = gateway.subnet.as_ref().and_then(|subnet| world.subnets.get(subnet)) {
                *others.nat_gateways.entry(subnet.zone.clone()).or_default() += 1;
            }
        }
        self.bound.others = others;
    }
}
