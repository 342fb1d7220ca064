//! What runs by the hour beside what is bound, and the public addresses that somebody outside may rely on.

use std::collections::BTreeSet;

use super::Binder;

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
                    // Those of a zonal one are elastic addresses.
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
}
