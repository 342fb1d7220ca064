//! Duplicates: 2 resources with one address. Two runs at the same time created them, or a lost answer and a stale read did. Pure.
//!
//! Among resources with the same address, one keeps it. A duplicate that no unmanaged resource uses is spare: it is bound as
//! `kind.key/<id>`, which no configuration names, so the plan deletes it after confirmation. AWS does not say which of the two is older.
//! overlord keeps the one in use, then the one that contains more, then the one with the smaller id. A VPC is spare together with
//! everything that overlord created in it, and only if it contains nothing else. If both are used, or if the use is unknown, they are an
//! error.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::super::Tags;
use super::super::world::World;
use super::names::tagged;
use crate::address::{Address, Scope};
use crate::resource::network::{
    CustomerGateway, EgressOnlyInternetGateway, ElasticIp, InternetGateway, NatGateway, RouteTable, Vpc, VpnGateway,
};
use crate::resource::{ADDRESS_TAG, Finding, FindingSeverity, Kind};

/// The spare resources, by id.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Twins {
    spare: BTreeSet<String>,
    pub findings: Vec<Finding>,
}

impl Twins {
    /// Finds them.
    pub fn find(scope: &Scope, world: &World) -> Self {
        let mut twins = Self::default();
        let all = by_address(world);
        if all.values().all(|ids| ids.len() < 2) {
            return twins;
        }
        for ((_, key), ids) in all.iter().filter(|((kind, _), ids)| *kind == Vpc::SPEC.kind && ids.len() > 1) {
            twins.vpcs(scope, world, key, ids);
        }
        for (kind, uses_of) in CAN_BE_SPARE {
            for ((_, key), ids) in all.iter().filter(|((of, _), _)| *of == kind) {
                let mut ids: Vec<&str> = ids.iter().copied().filter(|id| !twins.is_spare(id)).collect();
                let uses: BTreeMap<&str, Uses> = ids.iter().map(|id| (*id, uses_of(world, &twins, id))).collect();
                let uses = |id: &str| uses.get(id).copied().unwrap_or_default();
                ids.sort_by_key(|id| (Reverse(uses(id)), *id));
                let unused: Vec<&str> = ids.iter().skip(1).copied().filter(|id| !uses(id).by_others).collect();
                if let Some(kept) = ids.first() {
                    twins.keep(&Address::within(scope.clone(), kind, key.as_str()), kept, &unused);
                }
            }
        }
        twins
    }

    /// Whether a resource is spare.
    pub fn is_spare(&self, id: &str) -> bool {
        self.spare.contains(id)
    }

    /// For VPCs with the same address.
    fn vpcs(&mut self, scope: &Scope, world: &World, key: &str, ids: &[&str]) {
        let mut ids = ids.to_vec();
        let others = |id: &str| world.extras.twin_interfaces.get(id).is_none_or(|found| !found.is_empty()) || has_others(world, id);
        ids.sort_by_key(|id| (!others(id), Reverse(in_vpc(world, id).len()), *id));
        let unused: Vec<&str> = ids.iter().skip(1).copied().filter(|id| !others(id)).collect();
        let Some(kept) = ids.first() else { return };
        self.keep(&Vpc::address_within(scope.clone(), key), kept, &unused);
        for vpc in unused {
            self.spare.extend(in_vpc(world, vpc).into_iter().map(str::to_owned));
        }
    }

    fn keep(&mut self, address: &Address, kept: &str, unused: &[&str]) {
        for id in unused {
            let summary =
                format!("it exists twice: overlord keeps `{kept}`, and deletes `{id}`, which nothing else uses, with --allow-delete");
            self.findings.push(Finding { severity: FindingSeverity::Warning, subject: address.to_string(), summary });
            self.spare.insert((*id).to_owned());
        }
    }
}

/// The VPCs that share an address with another VPC: their network interfaces are read.
pub(in crate::resource::network) fn twin_vpcs(world: &World) -> BTreeSet<String> {
    let groups = by_address(world).into_iter().filter(|((kind, _), ids)| *kind == Vpc::SPEC.kind && ids.len() > 1);
    groups.flat_map(|(_, ids)| ids).map(str::to_owned).collect()
}

/// Kinds whose duplicates can be recognised as spare, except VPCs: each comes after those that can use it. For the other kinds, AWS
/// creates no second one in one VPC, or not everything that uses them is read. A duplicate of these stays an error that names both:
/// - Transit gateways: attachments and routes of accounts and gateways that overlord does not read may use them.
/// - VPN connections: AWS does not report whether the office's device is configured for it.
/// - VPCs that are both connected: the other sides rely on one of them.
const CAN_BE_SPARE: [(&str, UsesOf); 7] = [
    (RouteTable::SPEC.kind, uses_of_route_table),
    (NatGateway::SPEC.kind, uses_of_route_target),
    (ElasticIp::SPEC.kind, uses_of_elastic_ip),
    (InternetGateway::SPEC.kind, uses_of_internet_gateway),
    (EgressOnlyInternetGateway::SPEC.kind, uses_of_route_target),
    (VpnGateway::SPEC.kind, uses_of_vpn_gateway),
    (CustomerGateway::SPEC.kind, uses_of_customer_gateway),
];

/// How the resource with that id is used, by what is not spare.
type UsesOf = fn(&World, &Twins, &str) -> Uses;

/// The ids of resources with the same address, by kind and key.
fn by_address(world: &World) -> BTreeMap<(&'static str, String), Vec<&str>> {
    let mut found: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for (kind, id, tags) in tagged(world) {
        if let Some(address) = tags.get(ADDRESS_TAG).and_then(|tag| tag.parse::<Address>().ok()).filter(|address| address.kind() == kind) {
            found.entry((kind, address.key().to_owned())).or_default().push(id);
        }
    }
    found
}

/// How a resource is used, without spare resources.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Uses {
    /// An unmanaged resource uses it, or it cannot be deleted: then it stays.
    by_others: bool,
    /// So many managed resources use it. Subnets and routes move to the one that is kept.
    by_ours: usize,
}

impl Uses {
    /// Used by some, each of which is managed or not.
    fn by(are_ours: impl Iterator<Item = bool>) -> Self {
        let mut uses = Self::default();
        for is_ours in are_ours {
            uses.by_ours += 1;
            uses.by_others |= !is_ours;
        }
        uses
    }

    /// Attached to a VPC.
    fn attached(vpc: Option<&String>, twins: &Twins) -> Self {
        match vpc.filter(|vpc| !twins.is_spare(vpc)) {
            Some(_) => Self { by_others: true, by_ours: 1 },
            None => Self::default(),
        }
    }
}

fn is_ours(tags: &Tags) -> bool {
    tags.contains_key(ADDRESS_TAG)
}

fn uses_of_route_table(world: &World, _: &Twins, id: &str) -> Uses {
    let Some(table) = world.route_tables.get(id) else { return Uses::default() };
    let subnets = table.subnets.iter().map(|subnet| world.subnets.get(subnet).is_some_and(|subnet| is_ours(&subnet.tags)));
    let subnets = Uses::by(subnets);
    Uses { by_others: subnets.by_others || table.is_main, ..subnets }
}

/// A gateway is used by the tables with a route to it.
fn uses_of_route_target(world: &World, twins: &Twins, id: &str) -> Uses {
    let tables = world.route_tables.iter().filter(|(table, _)| !twins.is_spare(table));
    let leading = tables.filter(|(_, table)| table.routes.iter().any(|route| route.target == id));
    Uses::by(leading.map(|(_, table)| is_ours(&table.tags)))
}

/// A NAT gateway keeps its address.
fn uses_of_elastic_ip(world: &World, twins: &Twins, id: &str) -> Uses {
    let gateways = world.nat_gateways.iter().filter(|(gateway, nat)| !twins.is_spare(gateway) && nat.address.as_deref() == Some(id));
    Uses::by(gateways.map(|_| false))
}

fn uses_of_internet_gateway(world: &World, twins: &Twins, id: &str) -> Uses {
    Uses::attached(world.internet_gateways.get(id).and_then(|gateway| gateway.vpc.as_ref()), twins)
}

fn uses_of_vpn_gateway(world: &World, twins: &Twins, id: &str) -> Uses {
    Uses::attached(world.extras.connected.vpn_gateways.get(id).and_then(|gateway| gateway.vpc.as_ref()), twins)
}

/// AWS does not delete one that a VPN connection uses, and all connections were read.
fn uses_of_customer_gateway(world: &World, _: &Twins, id: &str) -> Uses {
    Uses::by(world.extras.connected.vpn_connections.values().filter(|vpn| vpn.far == id).map(|_| false))
}

/// The managed resources in a VPC, by id.
fn in_vpc<'w>(world: &'w World, vpc: &str) -> Vec<&'w str> {
    parts(world).filter(|(_, of, tags)| *of == Some(vpc) && is_ours(tags)).map(|(id, _, _)| id).collect()
}

/// Whether a VPC contains, or has attached, a resource that overlord did not create for it alone.
fn has_others(world: &World, vpc: &str) -> bool {
    let connected = &world.extras.connected;
    parts(world).any(|(_, of, tags)| of == Some(vpc) && !tags.contains_key(ADDRESS_TAG))
        || connected.peerings.values().any(|peering| peering.vpc == vpc || peering.peer_vpc == vpc)
        || connected.attachments.values().any(|attachment| attachment.vpc == vpc)
        || connected.vpn_gateways.values().any(|gateway| gateway.vpc.as_deref() == Some(vpc))
}

/// Everything in VPCs that is not created with them: id, VPC and tags.
fn parts(world: &World) -> impl Iterator<Item = (&str, Option<&str>, &Tags)> {
    let subnets = world.subnets.iter().map(|(id, subnet)| (id.as_str(), Some(subnet.vpc.as_str()), &subnet.tags));
    let tables = world.route_tables.iter().filter(|(_, table)| !table.is_main);
    let tables = tables.map(|(id, table)| (id.as_str(), Some(table.vpc.as_str()), &table.tags));
    let gateways = world.internet_gateways.iter().chain(&world.extras.egress_only_gateways);
    let gateways = gateways.map(|(id, gateway)| (id.as_str(), gateway.vpc.as_deref(), &gateway.tags));
    let nat_gateways = world.nat_gateways.iter().map(|(id, gateway)| (id.as_str(), Some(gateway.vpc.as_str()), &gateway.tags));
    let endpoints = world.endpoints.iter().map(|(id, endpoint)| (id.as_str(), Some(endpoint.vpc.as_str()), &endpoint.tags));
    let groups = world.security_groups.iter().filter(|(_, group)| !group.is_default());
    let groups = groups.map(|(id, group)| (id.as_str(), Some(group.vpc.as_str()), &group.tags));
    let logs = world.extras.flow_logs.iter().map(|(id, log)| (id.as_str(), Some(log.of.as_str()), &log.tags));
    subnets.chain(tables).chain(gateways).chain(nat_gateways).chain(endpoints).chain(groups).chain(logs)
}

#[cfg(test)]
mod tests {
    use super::super::super::connected::{CustomerGateway, TransitGateway, VpnConnection};
    use super::*;

    fn scope() -> Scope {
        Scope { account: "hub".to_owned(), region: "eu-west-1".to_owned() }
    }

    /// With overlord's tag, and with other tags.
    fn tags(key: &str, more: &[(&str, &str)]) -> Tags {
        let more = more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        more.chain([(ADDRESS_TAG.to_owned(), format!("hub/eu-west-1/{key}"))]).collect()
    }

    fn office(tags: Tags) -> CustomerGateway {
        CustomerGateway { address: "198.51.100.7".to_owned(), asn: 65_000, tags }
    }

    /// The spare resources, and the severities of the findings.
    fn found(world: &World) -> (Vec<String>, Vec<FindingSeverity>) {
        let twins = Twins::find(&scope(), world);
        (twins.spare.into_iter().collect(), twins.findings.iter().map(|finding| finding.severity).collect())
    }

    #[test]
    fn a_customer_gateway_that_no_vpn_uses_is_spare_whatever_tags_it_has() {
        let mut world = World::default();
        let connected = &mut world.extras.connected;
        connected
            .customer_gateways
            .insert("cgw-1".to_owned(), office(tags("customer_gateway.office", &[("Name", "office"), ("owner", "net")])));
        connected.customer_gateways.insert("cgw-2".to_owned(), office(tags("customer_gateway.office", &[])));
        assert_eq!(found(&world), (vec!["cgw-2".to_owned()], vec![FindingSeverity::Warning]), "of two unused, the smaller id stays");
        let vpn = |far: &str| VpnConnection { far: far.to_owned(), ..VpnConnection::default() };
        world.extras.connected.vpn_connections.insert("vpn-1".to_owned(), vpn("cgw-2"));
        assert_eq!(
            found(&world),
            (vec!["cgw-1".to_owned()], vec![FindingSeverity::Warning]),
            "a VPN uses the other one, and may be unmanaged"
        );
        world.extras.connected.vpn_connections.insert("vpn-2".to_owned(), vpn("cgw-1"));
        assert_eq!(found(&world), (Vec::new(), Vec::new()), "both are used");
    }

    #[test]
    fn what_may_be_used_unseen_is_never_spare() {
        let mut world = World::default();
        for id in ["tgw-1", "tgw-2"] {
            let gateway = TransitGateway { tags: tags("transit_gateway.hub", &[]), ..TransitGateway::default() };
            world.extras.connected.transit_gateways.insert(id.to_owned(), gateway);
        }
        for id in ["vpn-1", "vpn-2"] {
            let connection = VpnConnection { tags: tags("vpn_connection.standard/office", &[]), ..VpnConnection::default() };
            world.extras.connected.vpn_connections.insert(id.to_owned(), connection);
        }
        assert_eq!(found(&world), (Vec::new(), Vec::new()));
        let (_, findings) = super::super::Names::of(&scope(), &crate::network::Design::default(), &world);
        let told: Vec<_> = findings.iter().map(|finding| (finding.severity, finding.subject.as_str())).collect();
        let both = ["hub/eu-west-1/transit_gateway.hub", "hub/eu-west-1/vpn_connection.standard/office"];
        assert_eq!(told, both.map(|subject| (FindingSeverity::Error, subject)));
        assert!(findings.iter().all(|finding| finding.summary.contains("-1`") && finding.summary.contains("-2`")), "{findings:#?}");
    }
}
