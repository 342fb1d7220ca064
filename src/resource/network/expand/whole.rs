//! The VPC itself, and the resources that exist once per VPC.

use std::collections::BTreeSet;

use super::Parts;
use super::services::has_interface_endpoints;
use crate::address::Reference;
use crate::network::{Layout, PUBLIC_TIER, Peering};
use crate::resource::Kind;
use crate::resource::network::features::VPN;
use crate::resource::network::{self as kinds, DefaultSecurityGroupAttributes, DhcpOptionsAttributes, FlowLogAttributes, VpcAttributes};

/// The id of the DHCP options that are AWS's own.
const AWS_OPTIONS: &str = "default";

impl Parts<'_> {
    pub(super) fn whole(&mut self) {
        let with = self.with();
        let dhcp_options = match &self.layout.dhcp {
            Some(_) => Some(self.only::<kinds::DhcpOptions>().into()),
            // It had other options once, which must be replaced before they can be deleted.
            None => with.contains(kinds::DhcpOptions::SPEC.kind).then(|| Reference::Id(AWS_OPTIONS.to_owned())),
        };
        let attributes = VpcAttributes {
            // A pinned block that differs from the live one is an error with a way out: a VPC keeps its block.
            cidr: self.request.pinned.unwrap_or(self.vpc.block).to_string(),
            dhcp_options,
            enable_dns_hostnames: self.layout.wanted_dns_hostnames(),
            enable_dns_support: self.layout.wanted_dns_support(),
            // IPv6 blocks are not removed: that would have to be done per subnet, while they are in use.
            ipv6: self.layout.ipv6 || self.live.is_some_and(|live| live.ipv6),
            tags: self.tags_of_only(),
            with,
        };
        self.add(self.only::<kinds::Vpc>(), &attributes);
        // In an adopted VPC, instances may use the default group.
        if self.request.id.is_none() {
            self.add(
                self.only::<kinds::DefaultSecurityGroup>(),
                &DefaultSecurityGroupAttributes { rules: BTreeSet::new(), vpc: self.vpc() },
            );
        }
        if let Some(dhcp) = &self.layout.dhcp {
            let attributes = DhcpOptionsAttributes {
                domain_name: dhcp.domain_name.clone(),
                name_servers: dhcp.name_servers.clone(),
                tags: self.tags_of_only(),
            };
            self.add(self.only::<kinds::DhcpOptions>(), &attributes);
        }
        if let Some(log) = &self.layout.flow_log {
            let attributes = FlowLogAttributes {
                destination: log.destination.clone(),
                interval: log.interval,
                tags: self.tags_of_only(),
                traffic: log.traffic.clone(),
                vpc: self.vpc(),
            };
            self.add(self.only::<kinds::FlowLog>(), &attributes);
        }
    }

    /// Optional features that the VPC has, or has ever had: other features are not looked for.
    fn with(&self) -> BTreeSet<String> {
        let declared = self.layout.extras().chain(self.declared_here()).map(str::to_owned);
        declared.chain(self.live.into_iter().flat_map(|live| live.with.iter().cloned())).collect()
    }
}

impl Layout {
    /// Whether instances are to get DNS names; `None` leaves it as it is.
    pub fn wanted_dns_hostnames(&self) -> Option<bool> {
        self.dns_hostnames.or(self.dns_for_endpoints())
    }

    /// Whether AWS's resolver is enabled; `None` leaves it as it is.
    pub fn wanted_dns_support(&self) -> Option<bool> {
        self.dns_support.or(self.dns_for_endpoints())
    }

    /// Endpoints answer at the service's usual name only if both are on.
    fn dns_for_endpoints(&self) -> Option<bool> {
        has_interface_endpoints(self).then_some(true)
    }

    /// Optional features that it declares, by the names in the tag `overlord:with`. Only those are looked for.
    pub fn extras(&self) -> impl Iterator<Item = &'static str> {
        let egress_only = self.ipv6 && self.tiers.iter().any(|tier| tier.name != PUBLIC_TIER);
        let declared = [
            (kinds::DhcpOptions::SPEC.kind, self.dhcp.is_some()),
            (kinds::EgressOnlyInternetGateway::SPEC.kind, egress_only),
            (kinds::FlowLog::SPEC.kind, self.flow_log.is_some()),
            (kinds::ResourceShare::SPEC.kind, self.connections.share.is_some()),
            (kinds::TransitGatewayAttachment::SPEC.kind, self.connections.attach.is_some()),
            (kinds::VpcPeering::SPEC.kind, self.connections.peering == Peering::Mesh),
            (VPN, self.connections.vpn.is_some()),
        ];
        declared.into_iter().filter(|(_, is)| *is).map(|(name, _)| name)
    }
}
