//! Maps live resources to addresses, by the tag that the creating call wrote. Pure.
//!
//! Only the kind and the key in the tag count. The account and the Region are those where the resource was found, so an account that gets
//! another key keeps its network.
//!
//! Usually there is one resource per address. If there are 2 and nothing uses one of them, that one is spare: [`Twins`]; otherwise they
//! are an error. DHCP options are replaced and never changed, so there are 2 sets until the old one is deleted: one has the address, the
//! others are `dhcp_options.<key>/<id>`, as the diff also calls them.
//!
//! A resource in an adopted VPC, which org.toml names by its id, is identified by its place: [`adopted`].

use std::collections::{BTreeMap, BTreeSet};

use super::twins::Twins;
use super::{adopted, layout_of};
use crate::address::{Address, ParseAddressError, Scope};
use crate::network::{Design, peering_address};
use crate::resource::network::world::World;
use crate::resource::network::{
    CustomerGateway, DhcpOptions, EgressOnlyInternetGateway, ElasticIp, FlowLog, InternetGateway, NatGateway, ResourceShare, RouteTable,
    SecurityGroup, Subnet, Tags, TransitGateway, TransitGatewayAttachment, Vpc, VpcEndpoint, VpcPeering, VpnConnection, VpnGateway,
};
use crate::resource::organizations::Account;
use crate::resource::{ADDRESS_TAG, Finding, FindingSeverity, Kind};

/// The addresses of managed resources, by id.
#[derive(Debug, Default, PartialEq)]
pub(in crate::resource::network) struct Names {
    by_id: BTreeMap<String, Address>,
    /// Unmanaged ones in a VPC that org.toml adopts by its id.
    adopted: BTreeSet<String>,
}

impl Names {
    /// The addresses of what was read, and the errors in its tags.
    pub fn of(scope: &Scope, design: &Design, world: &World) -> (Self, Vec<Finding>) {
        let spare = spare_options(scope, design, world);
        let mut twins = Twins::find(scope, world);
        let mut names = BTreeMap::new();
        let mut ids: BTreeMap<Address, &str> = BTreeMap::new();
        let mut findings = std::mem::take(&mut twins.findings);
        for (kind, id, tags) in tagged(world) {
            let Some(tag) = tags.get(ADDRESS_TAG) else { continue };
            let address = match tag.parse::<Address>() {
                Ok(address) if address.kind() == kind => Address::within(scope.clone(), kind, address.key()),
                wrong => {
                    findings.push(wrong_tag(scope, kind, id, wrong));
                    continue;
                }
            };
            // Peerings are identified by their VPCs: names_of_peerings. Their keys contain account keys, which may have been swapped.
            let address = match world.extras.connected.peerings.get(id).filter(|_| ids.contains_key(&address)) {
                Some(peering) => Address::within(scope.clone(), kind, format!("{}/{}", address.key(), peering.peer)),
                None if spare.contains(id) || twins.is_spare(id) => address.one_of_several(id),
                None => address,
            };
            if let Some(first) = ids.get(&address) {
                let summary = format!(
                    "it exists twice, as `{first}` and `{id}`: remove the tag `{ADDRESS_TAG}` from the one that overlord is not to manage, or delete it"
                );
                findings.push(Finding { severity: FindingSeverity::Error, subject: address.to_string(), summary });
                continue;
            }
            names.insert(id.to_owned(), address.clone());
            ids.insert(address, id);
        }
        let (adopted, refused) = adopted::find(scope, design, world, &names);
        findings.extend(refused);
        let ids = adopted.keys().cloned().collect();
        names.extend(adopted);
        (Self { by_id: names, adopted: ids }, findings)
    }

    /// Those that resources of other accounts can refer to.
    pub fn into_shared(self) -> impl Iterator<Item = (String, Address)> {
        self.by_id.into_iter().filter(|(_, address)| TransitGateway::has(address) || Vpc::has(address) || VpcPeering::has(address))
    }

    /// The address of a managed resource.
    pub fn address(&self, id: &str) -> Option<&Address> {
        self.by_id.get(id)
    }

    /// Whether it is adopted.
    pub fn is_adopted(&self, id: &str) -> bool {
        self.adopted.contains(id)
    }

    /// Everything known in one VPC, including itself.
    pub fn of_vpc(&self, vpc: &Address) -> impl Iterator<Item = &Address> {
        self.by_id.values().filter(|address| layout_of(address.key()) == vpc.key())
    }
}

/// The managed DHCP options that others with the same address take precedence over: first the set that matches the layout, then the one
/// that its VPC uses.
fn spare_options<'w>(scope: &Scope, design: &Design, world: &'w World) -> BTreeSet<&'w str> {
    let mut by_key: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (id, options) in &world.extras.dhcp_options {
        let address = options.tags.get(ADDRESS_TAG).and_then(|tag| tag.parse::<Address>().ok());
        if let Some(address) = address.filter(DhcpOptions::has) {
            by_key.entry(address.key().to_owned()).or_default().push(id);
        }
    }
    let in_use: BTreeSet<&str> = world.vpcs.values().filter_map(|vpc| vpc.dhcp_options.as_deref()).collect();
    let mut spare = BTreeSet::new();
    for (key, mut ids) in by_key.into_iter().filter(|(_, ids)| ids.len() > 1) {
        let request = design.vpcs.get(&Vpc::address_within(scope.clone(), key));
        let wanted = request.and_then(|request| design.layouts.get(&request.layout)?.dhcp.as_ref());
        let is_wanted = |id: &str| {
            let options = world.extras.dhcp_options.get(id);
            wanted
                .zip(options)
                .is_some_and(|(wanted, live)| (&wanted.domain_name, &wanted.name_servers) == (&live.domain_name, &live.name_servers))
        };
        ids.sort_by_key(|id| (!is_wanted(id), !in_use.contains(id), *id));
        spare.extend(ids.into_iter().skip(1));
    }
    spare
}

/// The addresses of managed peerings, by id: they follow from the VPCs, whichever account requested the peering and whatever its key was
/// then. `shared` has the addresses of the VPCs of all accounts that were read, and of accounts.
pub(in crate::resource::network) fn names_of_peerings(world: &World, shared: &BTreeMap<String, Address>) -> Vec<(String, Address)> {
    let peerings = world.extras.connected.peerings.iter().filter(|(id, _)| shared.contains_key(*id));
    let named = peerings.filter_map(|(id, peering)| {
        let one = shared.get(&peering.vpc)?;
        let other = match shared.get(&peering.peer_vpc) {
            Some(other) => other.clone(),
            None => {
                let account = shared.get(&peering.peer).filter(|address| Account::has(address))?;
                let scope = Scope { account: account.key().to_owned(), region: one.scope()?.region.clone() };
                Vpc::address_within(scope, one.key())
            }
        };
        Some((id.clone(), peering_address(one, &other).filter(|_| one.key() == other.key())?))
    });
    named.collect()
}

fn wrong_tag(scope: &Scope, kind: &str, id: &str, tag: Result<Address, ParseAddressError>) -> Finding {
    let what = match tag {
        Ok(address) => format!("says that it is `{address}`, and it is a `{kind}`"),
        Err(error) => format!("is of no use: {error}"),
    };
    Finding {
        severity: FindingSeverity::Warning,
        subject: format!("{id} ({}/{})", scope.account, scope.region),
        summary: format!("its tag `{ADDRESS_TAG}` {what}; it counts as unmanaged: remove or correct the tag"),
    }
}

/// All tagged resources, with their possible kind.
pub(super) fn tagged(world: &World) -> impl Iterator<Item = (&'static str, &str, &Tags)> {
    TAGGED.iter().flat_map(|(kind, resources)| resources(world).map(|(id, tags)| (*kind, id, tags)))
}

/// The live resources of a kind: their ids and tags.
type Resources = for<'w> fn(&'w World) -> Box<dyn Iterator<Item = (&'w str, &'w Tags)> + 'w>;

/// The kinds whose resources carry a tag, in the order in which they are bound.
const TAGGED: [(&str, Resources); 18] = [
    (Vpc::SPEC.kind, |world| Box::new(world.vpcs.iter().map(|(id, vpc)| (id.as_str(), &vpc.tags)))),
    (Subnet::SPEC.kind, |world| Box::new(world.subnets.iter().map(|(id, subnet)| (id.as_str(), &subnet.tags)))),
    (RouteTable::SPEC.kind, |world| Box::new(world.route_tables.iter().map(|(id, table)| (id.as_str(), &table.tags)))),
    (InternetGateway::SPEC.kind, |world| Box::new(world.internet_gateways.iter().map(|(id, gateway)| (id.as_str(), &gateway.tags)))),
    (EgressOnlyInternetGateway::SPEC.kind, |world| {
        Box::new(world.extras.egress_only_gateways.iter().map(|(id, gateway)| (id.as_str(), &gateway.tags)))
    }),
    (NatGateway::SPEC.kind, |world| Box::new(world.nat_gateways.iter().map(|(id, gateway)| (id.as_str(), &gateway.tags)))),
    (ElasticIp::SPEC.kind, |world| Box::new(world.addresses.iter().map(|(id, tags)| (id.as_str(), tags)))),
    (VpcEndpoint::SPEC.kind, |world| Box::new(world.endpoints.iter().map(|(id, endpoint)| (id.as_str(), &endpoint.tags)))),
    (SecurityGroup::SPEC.kind, |world| Box::new(world.security_groups.iter().map(|(id, group)| (id.as_str(), &group.tags)))),
    (DhcpOptions::SPEC.kind, |world| Box::new(world.extras.dhcp_options.iter().map(|(id, options)| (id.as_str(), &options.tags)))),
    (FlowLog::SPEC.kind, |world| Box::new(world.extras.flow_logs.iter().map(|(id, log)| (id.as_str(), &log.tags)))),
    (VpcPeering::SPEC.kind, |world| Box::new(world.extras.connected.peerings.iter().map(|(id, peering)| (id.as_str(), &peering.tags)))),
    (TransitGateway::SPEC.kind, |world| {
        Box::new(world.extras.connected.transit_gateways.iter().map(|(id, gateway)| (id.as_str(), &gateway.tags)))
    }),
    (TransitGatewayAttachment::SPEC.kind, |world| {
        Box::new(world.extras.connected.attachments.iter().map(|(id, attachment)| (id.as_str(), &attachment.tags)))
    }),
    (VpnGateway::SPEC.kind, |world| Box::new(world.extras.connected.vpn_gateways.iter().map(|(id, gateway)| (id.as_str(), &gateway.tags)))),
    (CustomerGateway::SPEC.kind, |world| {
        Box::new(world.extras.connected.customer_gateways.iter().map(|(id, gateway)| (id.as_str(), &gateway.tags)))
    }),
    (VpnConnection::SPEC.kind, |world| {
        Box::new(world.extras.connected.vpn_connections.iter().map(|(id, connection)| (id.as_str(), &connection.tags)))
    }),
    (ResourceShare::SPEC.kind, |world| Box::new(world.extras.connected.shares.iter().map(|(id, share)| (id.as_str(), &share.tags)))),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::network::FAMILY;
    use crate::resource::network::{DefaultSecurityGroup, DefaultVpc, Region, Route};
    use crate::resource::{KINDS, family};

    #[test]
    fn a_kind_is_known_by_its_tag_or_by_its_place() {
        // An account has one of each in a Region; a VPC has one default group, and a table one route to a destination.
        let by_place = [Region::SPEC.kind, DefaultVpc::SPEC.kind, DefaultSecurityGroup::SPEC.kind, Route::SPEC.kind];
        let known: BTreeSet<&str> = TAGGED.map(|(kind, _)| kind).into_iter().chain(by_place).collect();
        assert_eq!(known.len(), TAGGED.len() + by_place.len(), "a kind is listed twice");
        assert_eq!(known, KINDS.iter().map(|kind| kind.spec().kind).filter(|kind| family(kind) == Some(FAMILY)).collect());
    }
}
