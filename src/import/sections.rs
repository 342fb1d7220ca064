//! The imported resources as sections of org.toml, in the order of its documentation.

use std::collections::{BTreeMap, BTreeSet};

use super::accounts::Account;
use super::attributes::{self, Contacts};
use super::networks::{Adopted, Layout, Networks};
use super::policies::{Declared, Policies};
use super::teams::{self, Defaults, Exception, Team};
use super::text::{Section, Value, table};
use super::{Left, Settings, Tags};
use crate::config::{self, values};
use crate::limits::LIMITS;
use crate::network::Block;
use crate::resource::Kind;
use crate::resource::network::Vpc;
use crate::resource::organizations::{self, CREDENTIALS, SESSIONS, World};

/// The default of `max_zones`.
const USUAL_ZONE_BITS: u8 = 3;

/// Keys of OUs by id.
type Units<'w> = BTreeMap<&'w str, String>;

/// All sections.
pub(super) fn write<'w>(
    world: &'w World,
    settings: &Settings,
    tags: &Tags<'_>,
    (units, policies, networks): (&Units<'w>, &Policies<'w>, &Networks),
    accounts: Vec<Account<'w>>,
    left: &mut Vec<Left>,
) -> Vec<Section> {
    let mut sections = vec![organization(world, settings, policies, &accounts, left)];
    sections.extend(limits(world, policies, &new_regions(settings, networks)));
    let grouped = teams::group(accounts, &policies.default_set());
    if !grouped.teams.is_empty() {
        sections.push(defaults(&grouped.defaults));
    }
    unit_sections(&world.root, world, tags, (units, policies), &mut sections);
    sections.extend(policies.declared.iter().map(policy));
    sections.extend(grouped.teams.iter().flat_map(|section| team(section, units)));
    sections.extend(grouped.singles.iter().map(|account| single(account, units)));
    for (key, block) in &networks.pools {
        let mut section = Section::new(format!("pool.{key}"));
        section.put("cidr", Value::Text(block.to_string())).note = Some("all blocks that VPCs have; widen it for new ones".to_owned());
        sections.push(section);
    }
    sections.extend(networks.layouts.iter().map(|(key, (vpc, pool))| layout(key, vpc, pool)));
    sections
}

/// The key of an OU, or that of the root.
fn place(units: &Units<'_>, id: &str) -> String {
    units.get(id).cloned().unwrap_or_else(|| "root".to_owned())
}

fn organization(world: &World, settings: &Settings, policies: &Policies<'_>, accounts: &[Account<'_>], left: &mut Vec<Left>) -> Section {
    let mut section = Section::new("organization");
    let management = section.put("management_account", Value::Text(world.management_account.clone()));
    management.note = world.accounts.get(&world.management_account).map(|account| format!("{}, {}", account.name, account.email));
    section.put_text("home_region", Some(settings.home_region.as_str()).filter(|region| *region != config::HOME_REGION));
    section.put_text("access_role", Some(settings.access_role.as_str()).filter(|role| *role != config::ACCESS_ROLE));
    let services: Vec<String> = world.trusted_services.iter().filter(|service| known_service(service, left)).cloned().collect();
    let administrators = administrators(world, &services, accounts, left);
    section.put_list("trusted_services", Some(services).filter(|services| !services.is_empty()));
    if !administrators.is_empty() {
        section.put("delegated_administrators", Value::Table(administrators.into_iter().map(by_service).collect()));
    }
    match root_access(world) {
        RootAccess::Central => section.put_text("root_access", Some("central")),
        RootAccess::Left => {}
        RootAccess::Half(feature) => {
            left.push(Left::new(format!("root access, {feature}"), "org.toml supports central root access only with all of its features"));
        }
    }
    if !policies.scps {
        section.put("service_control_policies", Value::Flag(false));
    }
    section.put_list("policies", policies.set(&world.root));
    section
}

fn known_service(service: &str, left: &mut Vec<Left>) -> bool {
    let known = values::service(service);
    if !known {
        left.push(Left::new(format!("trusted service {service}"), "org.toml does not accept this service name"));
    }
    known
}

/// How the root users of members are managed.
enum RootAccess {
    Central,
    Left,
    /// One feature of it is enabled.
    Half(String),
}

fn root_access(world: &World) -> RootAccess {
    let has = |feature: &str| world.root_features.contains(feature);
    match (has(CREDENTIALS), has(SESSIONS), world.root_features.iter().next()) {
        (true, true, _) => RootAccess::Central,
        (_, _, Some(feature)) => RootAccess::Half(feature.clone()),
        (_, _, None) => RootAccess::Left,
    }
}

fn by_service((service, keys): (String, Vec<String>)) -> (String, Value) {
    let value = match keys.as_slice() {
        [key] => Value::Text(key.clone()),
        _ => Value::List(keys),
    };
    (service, value)
}

/// The accounts that administer trusted services.
fn administrators(world: &World, services: &[String], accounts: &[Account<'_>], left: &mut Vec<Left>) -> BTreeMap<String, Vec<String>> {
    let mut administrators: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (service, ids) in &world.administrators {
        for id in ids {
            let subject = || format!("{id}, delegated administrator of {service}");
            match accounts.iter().find(|account| account.id == id) {
                _ if !services.contains(service) => left.push(Left::new(subject(), "the service is not trusted")),
                None => left.push(Left::new(subject(), "the account is not in org.toml")),
                Some(account) => administrators.entry(service.clone()).or_default().push(account.key.clone()),
            }
        }
    }
    administrators
}

/// The Regions that the file names and that this version of overlord does not know.
fn new_regions(settings: &Settings, networks: &Networks) -> Vec<String> {
    let named = networks.layouts.values().map(|(layout, _)| &layout.region).chain([&settings.home_region]);
    let new: BTreeSet<&String> = named.filter(|region| !LIMITS.regions.is_known(region)).collect();
    new.into_iter().cloned().collect()
}

/// Quotas that this organization must have been given, since it is over those that AWS gives everybody, and Regions that AWS opened.
fn limits(world: &World, policies: &Policies<'_>, regions: &[String]) -> Vec<Section> {
    let mut sections = Vec::new();
    let mut own = Section::new("limits");
    for (key, count, most) in [("accounts", world.accounts.len(), LIMITS.quotas.accounts), ("ous", world.units.len(), LIMITS.quotas.ous)] {
        if count > most {
            own.put(key, Value::Number(count)).note = Some(format!("the current number; AWS's default quota is {most}"));
        }
    }
    own.put_list("regions", Some(regions.to_vec()).filter(|regions| !regions.is_empty()));
    sections.extend(Some(own).filter(|own| !own.lines.is_empty()));
    for (short, attached) in &policies.most_attached {
        let Some(spec) = LIMITS.policy_type(short) else { continue };
        let mut section = Section::new(format!("limits.policy.{short}"));
        let size = policies.declared.iter().filter(|policy| policy.spec.short == **short).map(|policy| policy.size).max();
        for (key, count, most) in [("size", size.unwrap_or_default(), spec.size), ("attached", *attached, spec.attached)] {
            if count > most {
                section.put(key, Value::Number(count));
            }
        }
        sections.extend(Some(section).filter(|section| !section.lines.is_empty()));
    }
    sections
}

fn defaults(defaults: &Defaults) -> Section {
    let mut section = Section::new("defaults");
    section.note = Some("for every account of a team".to_owned());
    section.put("stages", Value::List(defaults.stages.clone()));
    section.put_text("email", defaults.email.as_deref());
    section.put_list("vpc", Some(defaults.layouts.clone()).filter(|layouts| !layouts.is_empty()));
    section.put_list("regions", Some(defaults.regions.clone()).filter(|regions| !regions.is_empty()));
    section.put_tags(&defaults.tags);
    put_contacts(&mut section, &defaults.contacts);
    section
}

fn put_contacts(section: &mut Section, contacts: &Contacts) {
    for (word, contact) in contacts {
        section.put(&format!("contacts.{word}"), attributes::table(contact));
    }
}

/// From the root down, each OU before those in it, by key.
fn unit_sections(
    parent: &str,
    world: &World,
    tags: &Tags<'_>,
    (units, policies): (&Units<'_>, &Policies<'_>),
    sections: &mut Vec<Section>,
) {
    let mut below: Vec<(&String, &str)> = world
        .units
        .iter()
        .filter(|(_, unit)| unit.parent == parent)
        .map(|(id, _)| (id, units.get(id.as_str()).map_or("", String::as_str)))
        .collect();
    below.sort_by_key(|(_, key)| *key);
    for (id, key) in below {
        let mut section = Section::new(organizations::OrganizationalUnit::address(key).to_string());
        section.put_text("name", world.units.get(id).map(|unit| unit.name.as_str()).filter(|name| *name != key));
        section.put_text("parent", units.get(parent).map(String::as_str));
        section.put_list("policies", policies.set(id));
        section.put_tags(&tags.of(id));
        sections.push(section);
        unit_sections(id, world, tags, (units, policies), sections);
    }
}

fn policy(declared: &Declared<'_>) -> Section {
    let mut section = Section::new(organizations::Policy::address(declared.key.as_str()).to_string());
    section.put_text("type", Some(declared.spec.short.as_str()).filter(|short| *short != "scp"));
    section.put_text("name", Some(declared.policy.name.as_str()).filter(|name| *name != declared.key));
    section.put_text("description", Some(declared.policy.description.as_str()).filter(|description| !description.is_empty()));
    if declared.lockdown {
        section.put("lockdown", Value::Flag(true)).note = Some("attached where nothing is allowed".to_owned());
    }
    section.put_tags(&declared.tags);
    section
}

fn team(team: &Team<'_>, units: &Units<'_>) -> Vec<Section> {
    let mut section = Section::new(format!("team.{}", team.key));
    section.put_text("ou", Some(&place(units, team.parent)));
    section.put_list("stages", team.stages.clone());
    section.put_list("policies", team.policies.clone());
    section.put_list("vpc", team.layouts.clone());
    for exception in &team.exceptions {
        let line = section.put(&format!("stage.{}", exception.stage), Value::Table(differences(exception, units)));
        line.note = exception.id.map(|(_, email)| email.to_owned());
    }
    vec![section]
}

fn differences(exception: &Exception<'_>, units: &Units<'_>) -> Vec<(String, Value)> {
    let mut differences = Vec::new();
    let mut put = |key: &str, value: Option<Value>| differences.extend(value.map(|value| (key.to_owned(), value)));
    put("id", exception.id.map(|(id, _)| Value::Text(id.to_owned())));
    put("name", exception.name.clone().map(Value::Text));
    put("ou", exception.parent.map(|parent| Value::Text(place(units, parent))));
    put("policies", exception.policies.clone().map(Value::List));
    put("vpc", exception.layouts.clone().map(Value::List));
    adopted(&exception.adopted).into_iter().for_each(|(key, value)| put(key, Some(value)));
    put("regions", exception.regions.clone().map(Value::List));
    put("tags", Some(&exception.tags).filter(|tags| !tags.is_empty()).map(table));
    let contacts: Vec<_> = exception.contacts.iter().map(|(word, contact)| ((*word).to_owned(), attributes::table(contact))).collect();
    put("contacts", Some(contacts).filter(|contacts| !contacts.is_empty()).map(Value::Table));
    differences
}

/// The adopted VPCs of an account, created outside overlord.
fn adopted(adopted: &Adopted) -> Vec<(&'static str, Value)> {
    if adopted.is_empty() {
        return Vec::new();
    }
    let by_layout =
        |value: fn(&(Block, String)) -> String| adopted.iter().map(|(key, vpc)| (key.clone(), Value::Text(value(vpc)))).collect();
    vec![("cidr", Value::Table(by_layout(|(block, _)| block.to_string()))), ("vpc_id", Value::Table(by_layout(|(_, id)| id.clone())))]
}

fn single(account: &Account<'_>, units: &Units<'_>) -> Section {
    let mut section = Section::new(organizations::Account::address(account.key.as_str()).to_string());
    let (name, said) = match account.name() {
        Ok(name) => (name, account.email.to_owned()),
        Err(()) => (None, format!("{}, {}", account.name, account.email)),
    };
    section.put("id", Value::Text(account.id.to_owned())).note = Some(said);
    section.put_text("name", name);
    section.put_text("ou", Some(&place(units, account.parent)));
    section.put_list("policies", account.policies.clone());
    section.put_list("vpc", Some(account.layouts.clone()).filter(|layouts| !layouts.is_empty()));
    for (key, value) in adopted(&account.adopted) {
        section.put(key, value);
    }
    section.put_list("regions", Some(account.regions.clone()).filter(|regions| !regions.is_empty()));
    section.put_tags(&account.tags);
    put_contacts(&mut section, &account.contacts);
    section
}

fn layout(key: &str, layout: &Layout, pool: &str) -> Section {
    let mut section = Section::new(Vpc::address(key).to_string());
    section.put_text("region", Some(&layout.region));
    section.put_text("pool", Some(pool));
    section.put("prefix", Value::Number(layout.prefix.into()));
    section.put("zones", Value::Number(layout.zones));
    if layout.zone_bits != USUAL_ZONE_BITS {
        section.put("max_zones", Value::Number(1 << layout.zone_bits));
    }
    section.put_text("nat", Some(layout.nat).filter(|nat| *nat != "none"));
    section.put("tiers", Value::Table(layout.tiers.iter().map(|(tier, percent)| (tier.clone(), Value::Decimal(*percent))).collect()));
    section.put_list("endpoints", Some(layout.endpoints.clone()).filter(|endpoints| !endpoints.is_empty()));
    if layout.ipv6 {
        section.put("ipv6", Value::Flag(true));
    }
    if let Some((servers, domain)) = &layout.dhcp {
        section.put_list("name_servers", Some(servers.clone()).filter(|servers| !servers.is_empty()));
        section.put_text("domain_name", domain.as_deref());
    }
    if let Some((destination, traffic, interval)) = &layout.flow_log {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut log = vec![("destination".to_owned(), text(destination)), ("traffic".to_owned(), text(traffic))];
        log.push(("interval".to_owned(), Value::Number(usize::try_from(*interval).unwrap_or_default())));
        section.put("flow_logs", Value::Table(log));
    }
    if let Some(name) = &layout.name {
        section.put("tags", Value::Table(vec![("Name".to_owned(), Value::Text(name.clone()))]));
    }
    section
}
