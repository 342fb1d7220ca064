//! Invariants that must hold in any Region.

use super::Region;
use super::places::Place;

impl Region {
    /// What does not hold, in words: no two subnets of a VPC overlap and each is inside it, and every reference leads to something,
    /// in the same VPC where AWS wants it so.
    pub(in crate::sandbox) fn check(&self, place: &Place, now_ms: u64) -> Vec<String> {
        let mut violations = Vec::new();
        self.check_subnets(&mut violations);
        self.check_tables(&mut violations);
        self.check_gateways(now_ms, &mut violations);
        self.check_groups(now_ms, &mut violations);
        for id in self.tags.keys() {
            if !super::kinds::Kind::of_id(id).is_some_and(|kind| kind.exists(self, id)) {
                violations.push(format!("{id}, which does not exist, has tags"));
            }
        }
        let here = format!("{}/{}", place.account, place.region.name);
        violations.into_iter().map(|violation| format!("{here}: {violation}")).collect()
    }

    fn check_subnets(&self, violations: &mut Vec<String>) {
        for (id, subnet) in &self.subnets {
            match self.vpcs.get(&subnet.vpc) {
                None => violations.push(format!("{id} is in {}, which does not exist", subnet.vpc)),
                Some(vpc) if !vpc.blocks().any(|block| block.is_supernet_of(subnet.cidr)) => {
                    violations.push(format!("{id} ({}) is outside its VPC ({})", subnet.cidr, vpc.cidr));
                }
                Some(_) => {}
            }
            for (other, later) in self.subnets.range(id.clone()..).skip(1) {
                if later.vpc == subnet.vpc && later.cidr.overlaps(subnet.cidr) {
                    violations.push(format!("{id} ({}) and {other} ({}) overlap", subnet.cidr, later.cidr));
                }
            }
        }
    }

    fn check_tables(&self, violations: &mut Vec<String>) {
        for (id, table) in &self.route_tables {
            if !self.vpcs.contains_key(&table.vpc) {
                violations.push(format!("{id} is in {}, which does not exist", table.vpc));
            }
            for subnet in table.associations.values() {
                if self.subnets.get(subnet).is_none_or(|subnet| subnet.vpc != table.vpc) {
                    violations.push(format!("{id} is associated with {subnet}, which is not in its VPC"));
                }
                let tables = self.route_tables.values().flat_map(|table| table.associations.values());
                if tables.filter(|other| *other == subnet).count() > 1 {
                    violations.push(format!("{subnet} is associated twice"));
                }
            }
        }
        for id in self.vpcs.keys() {
            let mains = self.route_tables.values().filter(|table| table.vpc == *id && table.main.is_some()).count();
            let defaults = self.security_groups.values().filter(|group| group.vpc == *id && group.is_default()).count();
            if (mains, defaults) != (1, 1) {
                violations.push(format!("{id} has {mains} main route tables and {defaults} default security groups"));
            }
        }
    }

    fn check_gateways(&self, now_ms: u64, violations: &mut Vec<String>) {
        let attached = self.internet_gateways.iter().filter_map(|(id, gateway)| Some((id, gateway.vpc.as_ref()?)));
        let egress = self.egress_only_internet_gateways.iter().map(|(id, gateway)| (id, &gateway.vpc));
        for (id, vpc) in attached.chain(egress) {
            if !self.vpcs.contains_key(vpc) {
                violations.push(format!("{id} is attached to {vpc}, which does not exist"));
            }
        }
        for (id, gateway) in self.nat_gateways.iter().filter(|(_, gateway)| gateway.holds(now_ms)) {
            if gateway.subnet().is_some_and(|subnet| self.subnets.get(subnet).is_none_or(|subnet| subnet.vpc != gateway.vpc)) {
                violations.push(format!("{id} is in a subnet that is not in its VPC"));
            }
            if gateway.public && self.gateway_of(&gateway.vpc).is_none() {
                violations.push(format!("{id} is public in {}, which has no internet gateway", gateway.vpc));
            }
            let allocation = gateway.link.as_ref().and_then(|link| link.allocation.as_ref());
            if allocation.is_some_and(|allocation| !self.addresses.contains_key(allocation)) {
                violations.push(format!("{id} has an address that does not exist"));
            }
        }
    }

    fn check_groups(&self, now_ms: u64, violations: &mut Vec<String>) {
        for (id, group) in &self.security_groups {
            if !self.vpcs.contains_key(&group.vpc) {
                violations.push(format!("{id} is in {}, which does not exist", group.vpc));
            }
        }
        for (id, endpoint) in self.vpc_endpoints.iter().filter(|(_, endpoint)| endpoint.life.is_there(now_ms)) {
            let vpc = Some(&endpoint.vpc);
            let subnets = endpoint.subnets.keys().map(|id| (id, self.subnets.get(id).map(|subnet| &subnet.vpc)));
            let groups = endpoint.groups.iter().map(|id| (id, self.security_groups.get(id).map(|group| &group.vpc)));
            let tables = endpoint.route_tables.iter().map(|id| (id, self.route_tables.get(id).map(|table| &table.vpc)));
            let deleting = endpoint.life.deleted_ms.is_some();
            for (used, of) in subnets.chain(groups).chain(tables.filter(|_| !deleting)) {
                if of != vpc {
                    violations.push(format!("{id} uses {used}, which is not in its VPC"));
                }
            }
        }
        for (id, log) in &self.flow_logs {
            if !super::kinds::Kind::of_id(&log.resource).is_some_and(|kind| kind.exists(self, &log.resource)) {
                violations.push(format!("{id} is of {}, which does not exist", log.resource));
            }
        }
    }
}
