//! Networks in the scenarios: what others do to them, and how the expectations tell what is there.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use overlord::resource::ADDRESS_TAG;
use overlord::sandbox::World;
use overlord::sandbox::ec2::{NetworkInterface, Region, Target, Vpc};
use serde::Deserialize;

/// A VPC that somebody made by hand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignVpc {
    account: String,
    region: String,
    cidr: String,
}

/// An account and Region whose default VPC somebody uses.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    account: String,
    region: String,
}

/// The id of an account by its e-mail.
fn account(world: &World, email: &str) -> String {
    world.accounts_with_email(email).first().unwrap_or_else(|| panic!("no account has the e-mail `{email}`")).clone()
}

impl ForeignVpc {
    /// Makes it.
    pub fn make(&self, world: &mut World) {
        let id = account(world, &self.account);
        let region = world.region_mut(&id, &self.region).unwrap();
        let options = region.default_dhcp_options.clone();
        region.add_vpc(Vpc::new(self.cidr.parse().unwrap(), &options));
    }
}

impl Used {
    /// Puts an instance into the default VPC.
    pub fn make(&self, world: &mut World) {
        let id = account(world, &self.account);
        let region = world.region_mut(&id, &self.region).unwrap();
        let (subnet, cidr) = region.subnets.iter().find(|(_, subnet)| subnet.default_for_zone).map(|(id, s)| (id.clone(), s.cidr)).unwrap();
        let interface = region.fresh("eni");
        let description = "an instance".to_owned();
        let instance =
            NetworkInterface { subnet, groups: Default::default(), description, private_ip: cidr.nth(10).unwrap(), public_ip: None };
        region.interfaces.insert(interface, instance);
    }
}

/// Deletes what has that address, or the route: as somebody would by hand.
pub fn delete(world: &mut World, address: &str) {
    let (scope, thing) = address.split_at(address.match_indices('/').nth(1).unwrap().0);
    let (key, region) = scope.split_once('/').unwrap();
    let email = format!("{key}@example.org");
    let id = account(world, &email);
    let region = world.region_mut(&id, region).unwrap();
    let thing = &thing[1..];
    let found = |region: &Region, short: &str| {
        let is =
            |(_, tags): &(&String, &BTreeMap<String, String>)| tags.get(ADDRESS_TAG).is_some_and(|tag| tag.ends_with(&format!("/{short}")));
        region.tags.iter().find(is).map(|(id, _)| id.clone()).unwrap_or_else(|| panic!("nothing is {short}"))
    };
    if let Some(route) = thing.strip_prefix("route.") {
        let (table, destination) = route.split_at(route.match_indices('/').nth(1).unwrap().0);
        let table = found(region, &format!("route_table.{table}"));
        let gone = region.route_tables.get_mut(&table).unwrap().routes.remove(&destination[1..]);
        assert!(gone.is_some(), "no route {destination}");
        return;
    }
    let id = found(region, thing);
    let gone =
        region.nat_gateways.remove(&id).is_some() | region.vpc_endpoints.remove(&id).is_some() | region.flow_logs.remove(&id).is_some();
    assert!(gone, "{thing} is of no kind that can be deleted here");
    region.tags.remove(&id);
}

/// The ids of EC2 by what they are: of ours, by address.
pub fn names(world: &World) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for (_, _, region) in world.ec2.iter() {
        for (id, tags) in &region.tags {
            if let Some(address) = tags.get(ADDRESS_TAG) {
                names.insert(id.clone(), format!("<{address}>"));
            }
        }
        let unnamed = region.vpcs.iter().filter(|(id, _)| !region.tags.contains_key(*id));
        for (id, vpc) in unnamed {
            names.insert(id.clone(), if vpc.is_default { "<default VPC>".to_owned() } else { format!("<VPC {}>", vpc.cidr) });
        }
    }
    names
}

/// All that carries an address, with what matters of it.
pub fn lines(world: &World) -> String {
    let mut lines = Vec::new();
    for (_, _, region) in world.ec2.iter() {
        let address = |id: &str| region.tags.get(id).and_then(|tags| tags.get(ADDRESS_TAG)).map(String::as_str);
        // Only the last part: all of it is in one account and Region.
        let short = |id: &str| address(id).map_or(id, |address| address.splitn(3, '/').last().unwrap_or(address)).to_owned();
        for (id, tags) in &region.tags {
            let Some(address) = tags.get(ADDRESS_TAG) else { continue };
            let mut line = facts(region, id, &short);
            for (key, value) in tags.iter().filter(|(key, _)| !matches!(key.as_str(), ADDRESS_TAG | "Name")) {
                let _ = write!(line, " {key}={value}");
            }
            lines.push(format!("{address}{line}\n"));
        }
    }
    lines.sort();
    lines.concat()
}

fn facts(region: &Region, id: &str, short: &dyn Fn(&str) -> String) -> String {
    if let Some(subnet) = region.subnets.get(id) {
        let table = region.route_tables.iter().find(|(_, table)| table.associations.values().any(|subnet| subnet == id));
        let six = subnet.ipv6.as_ref().map(|block| format!(" {}", block.cidr)).unwrap_or_default();
        return format!(" {}{six} by {}", subnet.cidr, table.map_or("the main table".to_owned(), |(table, _)| short(table)));
    }
    if let Some(table) = region.route_tables.get(id) {
        let target = |target: &Target| match target {
            Target::Gateway(id)
            | Target::NatGateway(id)
            | Target::EgressOnlyInternetGateway(id)
            | Target::NetworkInterface(id)
            | Target::Peering(id)
            | Target::TransitGateway(id) => short(id),
        };
        return table.routes.iter().map(|(destination, to)| format!(" {destination}→{}", target(to))).collect();
    }
    if let Some(vpc) = region.vpcs.get(id) {
        return format!(" {}", vpc.cidr);
    }
    if let Some(gateway) = region.nat_gateways.get(id) {
        return if gateway.life.deleted_ms.is_some() { " (deleted)".to_owned() } else { String::new() };
    }
    if let Some(options) = region.dhcp_options.get(id) {
        let user = region.vpcs.iter().find(|(_, vpc)| vpc.dhcp_options == id);
        return format!(" {:?} in {}", options.values, user.map_or("no VPC".to_owned(), |(vpc, _)| short(vpc)));
    }
    if let Some(address) = region.addresses.get(id) {
        return format!(" {}", address.public_ip);
    }
    String::new()
}
