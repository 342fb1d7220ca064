//! The connections of a layout's VPCs: declared, reachable, and within the quotas.

use super::super::Model;
use super::super::accounts::Planned;
use super::gateways::{principal, trusts_sharing};
use crate::address::{Address, Reference};
use crate::config::check::table::Facts;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::{File, Vpc};
use crate::config::span::{At, Key};
use crate::network::{Connections, Design, Nat, PUBLIC_TIER, Peering, SharedTier};
use crate::plural::{self, more};
use crate::resource::Kind;
use crate::resource::organizations::{OrganizationalUnit, organization_address};

/// Adds the connections to the layouts of `design`, whose gateways are known.
pub(super) fn read(model: &Model<'_>, accounts: &[Planned<'_>], design: &mut Design, report: &mut Report) {
    for (key, section) in &model.file.vpc {
        let connections = Connections {
            peering: section.peering.as_ref().map_or(Peering::None, |text| peering(text, report)),
            attach: section
                .attach
                .as_ref()
                .filter(|name| declared(name, "transit_gateway", model.file, report))
                .map(|name| name.value.clone()),
            vpn: section.vpn.as_ref().filter(|name| declared(name, "vpn", model.file, report)).map(|name| name.value.clone()),
            share: share(key, section, model.file, accounts, report),
        };
        routed(section, &connections, design, report);
        if let Some(layout) = design.layouts.get_mut(key.as_str()) {
            layout.connections = connections;
        }
    }
}

fn peering(text: &At<String>, report: &mut Report) -> Peering {
    match Peering::ALL.iter().find(|(name, _)| *name == text.as_str()) {
        Some((_, peering)) => *peering,
        None => {
            let hint = report.suggest(text, Peering::ALL.into_iter().map(|(name, _)| name), "choose one");
            report.at(text.at, Code::BadPeering.error(format!("`peering` cannot be `{}`", text.value)).hint(hint));
            Peering::None
        }
    }
}

fn declared(name: &At<String>, section: &'static str, file: &File, report: &mut Report) -> bool {
    let (known, code, noun): (Vec<&str>, _, _) = match section {
        "vpn" => (file.vpn.keys().map(Key::as_str).collect(), Code::UnknownVpn, "VPN"),
        _ => (file.transit_gateway.keys().map(Key::as_str).collect(), Code::UnknownTransitGateway, "transit gateway"),
    };
    let found = known.contains(&name.as_str());
    if !found && !report.is_broken(&[section, name]) {
        let hint = report.suggest(name, known.iter().copied(), &format!("declare it: [{section}.{}]", name.value));
        report.at(name.at, code.error(format!("unknown {noun} `{}`", name.value)).hint(hint));
    }
    found
}

fn share(key: &Key, section: &Vpc, file: &File, accounts: &[Planned<'_>], report: &mut Report) -> Option<SharedTier> {
    let share = section.share.as_ref()?;
    for (name, there) in [("tier", share.tier.is_some()), ("with", share.with.is_some())] {
        if !there && !report.is_broken(&["vpc", key.as_str(), "share", name]) {
            let diagnostic = Code::MissingKey.error(format!("`vpc.{}.share` has no `{name}`", key.as_str()));
            report.at(
                share.at,
                diagnostic.hint("name the tier, and with whom to share it: `share = { tier = \"shared\", with = \"ou.<key>\" }`"),
            );
        }
    }
    let tier = share.tier.as_ref().filter(|tier| {
        let tiers = section.tiers.as_ref();
        let known = tiers.is_none_or(|tiers| tiers.contains_key(tier.as_str()));
        if !known {
            let hint = report.suggest(tier, tiers.into_iter().flat_map(|tiers| tiers.keys()).map(Key::as_str), "add it to `tiers`");
            report.at(tier.at, Code::BadSharing.error(format!("`vpc.{}` has no tier `{}`", key.as_str(), tier.value)).hint(hint));
        }
        known
    });
    trusts_sharing(share.at, file, report);
    let with = share.with.as_ref().and_then(|who| principal(who, file, accounts, report));
    Some(SharedTier { tier: tier?.value.clone(), with: [with?].into() })
}

/// Whether the tables that lead to connections are there, and lead to nothing else by the same addresses.
fn routed(section: &Vpc, connections: &Connections, design: &Design, report: &mut Report) {
    let named = [
        ("peering", section.peering.as_ref().filter(|_| connections.peering == Peering::Mesh)),
        ("attach", section.attach.as_ref()),
        ("vpn", section.vpn.as_ref()),
    ];
    let only_public = section.tiers.as_ref().is_some_and(|tiers| tiers.keys().all(|tier| tier.as_str() == PUBLIC_TIER));
    for (name, at) in named.into_iter().filter_map(|(name, text)| Some((name, text?.at))).filter(|_| only_public) {
        let diagnostic = Code::BadAttachment.error(format!("`{name}` connects the tiers that are not `{PUBLIC_TIER}`, and it has none"));
        report.at(at, diagnostic.hint("add one to `tiers`: `private = 50`"));
    }
    let Some((attach, gateway)) = section.attach.as_ref().and_then(|name| Some((name, design.gateways.transit.get(name.as_str())?))) else {
        return;
    };
    if let Some(region) = section.region.as_ref().filter(|region| region.value != gateway.region) {
        let diagnostic = Code::BadAttachment
            .error(format!("the transit gateway `{}` is in {}, and these VPCs in {}", attach.value, gateway.region, region.value))
            .related(report.span(region.at), "their region")
            .hint("a VPC attaches in its own region: declare a transit gateway there");
        report.at(attach.at, diagnostic);
    }
    let everything = gateway.routes.iter().find(|route| route.prefix() == 0);
    let nat = section.nat.as_ref().filter(|nat| nat.value != "none" && Nat::ALL.iter().any(|(name, _)| *name == nat.as_str()));
    if let (Some(route), Some(nat)) = (everything, nat) {
        let diagnostic = Code::BadAttachment
            .error(format!("`{route}` leads to the transit gateway `{}` and to the NAT gateway at once", attach.value))
            .related(report.span(nat.at), "the NAT gateway")
            .hint("say `nat = \"none\"`, or name fewer addresses in the transit gateway's `routes`");
        report.at(attach.at, diagnostic);
    }
}

/// How many VPCs peer with each other.
pub(in crate::config::check) fn peerings(facts: &Facts<'_>, report: &mut Report) {
    for (key, section) in &facts.file.vpc {
        let Some(layout) = facts.design.layouts.get(key.as_str()) else { continue };
        let count = facts.design.vpcs.values().filter(|vpc| vpc.layout == key.as_str()).count();
        let limit = facts.model.limits.peerings_per_vpc;
        if let Some(text) = section.peering.as_ref().filter(|_| layout.connections.peering == Peering::Mesh && count > limit.most + 1) {
            let summary = format!(
                "{} of `{}` are {} for each, and AWS allows {}",
                plural::count(count, "VPC"),
                key.as_str(),
                plural::count(count - 1, "peering"),
                limit.most
            );
            let hint = "connect so many VPCs through a transit gateway: [transit_gateway.<key>], and `attach` here; AWS raises the limit to 125 at most, then set `limits.peerings_per_vpc`";
            report.at(text.at, limit.exceeded(Code::TooManyPeerings, summary, report).hint(hint));
        }
    }
}

/// Whether each VPC may attach to its gateway.
pub(in crate::config::check) fn attachments(facts: &Facts<'_>, report: &mut Report) {
    for (key, section) in facts.file.vpc.iter().filter(|(key, _)| facts.design.layouts.contains_key(key.as_str())) {
        attached(key, section, facts.file, facts.accounts, facts.design, report);
    }
}

/// Whether the gateway is shared with every account that attaches to it.
fn attached(key: &Key, section: &Vpc, file: &File, accounts: &[Planned<'_>], design: &Design, report: &mut Report) {
    let Some((attach, gateway)) = section.attach.as_ref().and_then(|name| Some((name, design.gateways.transit.get(name.as_str())?))) else {
        return;
    };
    let uses = |account: &&Planned<'_>| account.inherited.vpc.is_some_and(|list| list.iter().any(|name| name.value == key.as_str()));
    let mut without = accounts
        .iter()
        .filter(uses)
        .filter(|account| account.key != gateway.account && !gateway.share_with.iter().any(|who| is_in(account, who, file)));
    if let Some(first) = without.next() {
        let summary = match without.count() {
            0 => format!("the transit gateway `{}` is not shared with the account `{}`, which attaches to it", attach.value, first.key),
            others => format!(
                "the transit gateway `{}` is not shared with `{}` and {}, which attach to it",
                attach.value,
                first.key,
                more(others, "account")
            ),
        };
        let shared = file.transit_gateway.get(attach.as_str()).and_then(|section| section.share_with.as_ref());
        let diagnostic = Code::BadAttachment.error(summary);
        let diagnostic = match shared {
            Some(list) => diagnostic.related(report.span(list.at), "shared with these"),
            None => diagnostic,
        };
        report.at(
            attach.at,
            diagnostic.hint("add their OU to its `share_with`, or leave `share_with` out: then it is the whole organization"),
        );
    }
}

fn is_in(account: &Planned<'_>, who: &Address, file: &File) -> bool {
    if *who == organization_address() || *who == account.address() {
        return true;
    }
    let mut at = match &account.parent {
        Some(Reference::Address(parent)) => Some(parent.key().to_owned()),
        Some(Reference::Id(_)) | None => None,
    };
    // The bound keeps a cycle of parents, which is reported elsewhere, from hanging this.
    for _ in 0..=file.ou.len() {
        match at {
            Some(key) if OrganizationalUnit::has(who) && who.key() == key => return true,
            Some(key) => at = file.ou.get(key.as_str()).and_then(|ou| ou.parent.as_ref()).map(|parent| parent.value.clone()),
            None => return false,
        }
    }
    false
}
