//! The output of `overlord sandbox show`: the tree of OUs and accounts with their policies and VPCs, and the counts.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::world::{AccountState, TypeStatus, World};
use crate::escape::one_line;
use crate::plural::count;

/// The world as text: ordered by name, ends with a line break.
pub fn describe(world: &World) -> String {
    let mut text = String::new();
    let Some(organization) = &world.organization else {
        let _ = writeln!(text, "account {}, without an organization", world.management_account);
        networks(world, &world.management_account, "  ", &mut text);
        return text;
    };
    let _ = writeln!(text, "organization {} of account {}", organization.id, world.management_account);
    let _ = writeln!(
        text,
        "{}, {}, {} besides AWS's own",
        count(world.accounts.len(), "account"),
        count(world.ous.len(), "OU"),
        count(world.policies.values().filter(|policy| !policy.aws_managed).count(), "policy"),
    );
    let vpcs = world.ec2.iter().flat_map(|(_, _, region)| region.vpcs.values()).filter(|vpc| !vpc.is_default).count();
    if vpcs > 0 {
        let _ = writeln!(text, "{} besides the default ones", count(vpcs, "VPC"));
    }
    for (kind, status) in &organization.policy_types {
        let status = match status {
            TypeStatus::Enabled => "enabled",
            TypeStatus::PendingEnable(_) => "being enabled",
            TypeStatus::PendingDisable(_) => "being disabled",
        };
        let _ = writeln!(text, "  {kind} {status}");
    }
    for service in world.trusted_services.keys() {
        let administrators = world.delegated_administrators.iter().filter(|(_, services)| services.contains_key(service));
        let accounts: Vec<&str> = administrators.map(|(account, _)| account.as_str()).collect();
        let by = if accounts.is_empty() { String::new() } else { format!(", administered by {}", accounts.join(", ")) };
        let _ = writeln!(text, "  {service} trusted{by}");
    }
    if !world.root_features.is_empty() {
        let features: Vec<&str> = world.root_features.iter().map(String::as_str).collect();
        let _ = writeln!(text, "  root access is central: {}", features.join(", "));
    }
    let _ = writeln!(text, "\nRoot {}{}", organization.root, policies(world, &organization.root));
    branch(world, &organization.root, "", &mut text);
    text
}

/// `  [FullAWSAccess, deny-leaving]`.
fn policies(world: &World, target: &str) -> String {
    let mut names: Vec<&str> =
        world.attached_to(target).iter().map(|id| world.policies.get(id).map_or(id.as_str(), |policy| policy.name.as_str())).collect();
    names.sort_unstable();
    if names.is_empty() { String::new() } else { format!("  [{}]", one_line(&names.join(", "))) }
}

fn branch(world: &World, parent: &str, indent: &str, text: &mut String) {
    let mut units: Vec<_> = world.units_of(parent).iter().filter_map(|id| world.ous.get(id)).collect();
    units.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    let mut accounts: Vec<_> = world.accounts_of(parent).iter().filter_map(|id| world.accounts.get(id)).collect();
    accounts.sort_by(|a, b| (&a.name, &a.email, &a.id).cmp(&(&b.name, &b.email, &b.id)));
    let mut left = units.len() + accounts.len();
    let mut joint = || {
        left -= 1;
        if left == 0 { ("└─ ", "   ") } else { ("├─ ", "│  ") }
    };
    for unit in units {
        let (mark, below) = joint();
        let _ = writeln!(text, "{indent}{mark}{}/{}", one_line(&unit.name), policies(world, &unit.id));
        branch(world, &unit.id, &format!("{indent}{below}"), text);
    }
    for account in accounts {
        let (mark, below) = joint();
        let state = match account.state {
            AccountState::Active => "",
            other => &format!("  {}", other.as_str()),
        };
        let (name, email) = (one_line(&account.name), one_line(&account.email));
        let _ = writeln!(text, "{indent}{mark}{name} {} {email}{state}{}", account.id, policies(world, &account.id));
        if let Some(update) = world.email_updates.get(&account.id) {
            let _ = writeln!(text, "{indent}{below}  gets the e-mail {} with the code {}", one_line(&update.email), update.code);
        }
        if let Some(has) = world.root_credentials.get(&account.id).filter(|has| !has.is_empty()) {
            let has: Vec<&str> = has.iter().map(String::as_str).collect();
            let _ = writeln!(text, "{indent}{below}  its root user has {}", has.join(", "));
        }
        contacts(world, &account.id, &format!("{indent}{below}  "), text);
        networks(world, &account.id, &format!("{indent}{below}  "), text);
    }
}

/// A line for each contact of an account.
fn contacts(world: &World, account: &str, indent: &str, text: &mut String) {
    let Some(contacts) = world.contacts.get(account) else { return };
    let told = |fields: &BTreeMap<String, String>| one_line(&fields.values().map(String::as_str).collect::<Vec<_>>().join(", "));
    for (contact_type, fields) in &contacts.alternate {
        let _ = writeln!(text, "{indent}{} contact: {}", contact_type.to_lowercase(), told(fields));
    }
    if !contacts.primary.is_empty() {
        let _ = writeln!(text, "{indent}primary contact: {}", told(&contacts.primary));
    }
}

/// A line for each VPC of an account, the default ones left out.
fn networks(world: &World, account: &str, indent: &str, text: &mut String) {
    for (name, region) in world.ec2.of_account(account) {
        for (id, vpc) in region.vpcs.iter().filter(|(_, vpc)| !vpc.is_default) {
            let tag = region.tags.get(id).and_then(|tags| tags.get("Name")).map_or_else(|| id.clone(), |name| one_line(name));
            let subnets = region.subnets.values().filter(|subnet| subnet.vpc == *id).count();
            let gateways = region.nat_gateways.values().filter(|gateway| gateway.vpc == *id && gateway.holds(world.clock_ms)).count();
            let blocks: Vec<String> = vpc.blocks().map(|block| block.to_string()).collect();
            let _ = writeln!(
                text,
                "{indent}{name} {tag} {}: {}, {}, {}",
                blocks.join(" + "),
                count(subnets, "subnet"),
                count(gateways, "NAT gateway"),
                count(region.endpoints_of(id).count(), "endpoint"),
            );
        }
    }
}
