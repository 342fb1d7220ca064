//! Endpoints of services, security groups and flow logs.

use super::super::{FlowLogAttributes, SecurityGroupAttributes, VpcEndpointAttributes};
use super::{Binder, shown};

impl Binder<'_> {
    pub(super) fn services(&mut self) {
        let world = self.world;
        for (id, endpoint) in &world.endpoints {
            if let Some(address) = self.names.address(id).cloned() {
                let attributes = VpcEndpointAttributes {
                    endpoint_type: endpoint.endpoint_type.clone(),
                    private_dns: endpoint.private_dns,
                    route_tables: self.names_of(&endpoint.route_tables),
                    security_groups: self.names_of(&endpoint.security_groups),
                    service: endpoint.service.clone(),
                    subnets: self.names_of(&endpoint.subnets),
                    tags: shown(&endpoint.tags),
                    vpc: self.name_of(&endpoint.vpc),
                };
                self.add(address, id, &attributes);
            }
        }
        for (id, group) in &world.security_groups {
            if let Some(address) = self.names.address(id).cloned() {
                let attributes = SecurityGroupAttributes {
                    description: group.description.clone(),
                    ingress: group.ingress.clone(),
                    name: group.name.clone(),
                    tags: shown(&group.tags),
                    vpc: self.name_of(&group.vpc),
                };
                self.add(address, id, &attributes);
            }
        }
        for (id, log) in &world.extras.flow_logs {
            if let Some(address) = self.names.address(id).cloned() {
                let attributes = FlowLogAttributes {
                    destination: log.destination.clone(),
                    interval: log.interval,
                    tags: shown(&log.tags),
                    traffic: log.traffic.clone(),
                    vpc: self.name_of(&log.of),
                };
                self.add(address, id, &attributes);
            }
        }
    }
}
