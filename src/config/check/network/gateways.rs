//! `[transit_gateway.*]` and `[vpn.*]`: gateways that VPCs of several accounts share.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

use super::super::Model;
use super::super::accounts::Planned;
use super::super::leaving;
use super::super::repeated;
use super::{List, block, missing};
use crate::address::Address;
use crate::config::check::table::Facts;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::{self, File};
use crate::config::span::{At, Key};
use crate::network::{Block, Gateways, Pool, TransitGateway, Vpn};
use crate::resource::Kind;
use crate::resource::organizations::{Account, Organization, OrganizationalUnit, organization_address};

/// What AWS takes as the number of a transit gateway. Source: CreateTransitGateway, `AmazonSideAsn`.
const PRIVATE_ASNS: [RangeInclusive<u32>; 2] = [64_512..=65_534, 4_200_000_000..=4_294_967_294];
/// The number of an office that says none, as AWS's console has it.
const OFFICE_ASN: u32 = 65_000;

/// The gateways that are sound, by key.
pub(super) fn read(model: &Model<'_>, accounts: &[Planned<'_>], pools: &BTreeMap<String, Pool>, report: &mut Report) -> Gateways {
    let file = model.file;
    let transit = file.transit_gateway.iter();
    let transit =
        transit.filter_map(|(key, section)| Some((key.as_str().to_owned(), transit_gateway(key, section, model, accounts, report)?)));
    let transit = transit.collect();
    let vpns =
        file.vpn.iter().filter_map(|(key, section)| Some((key.as_str().to_owned(), vpn(key, section, pools, file, report)?))).collect();
    Gateways { transit, vpns }
}

fn transit_gateway(
    key: &Key,
    section: &section::TransitGateway,
    model: &Model<'_>,
    accounts: &[Planned<'_>],
    report: &mut Report,
) -> Option<TransitGateway> {
    let file = model.file;
    let keys = [("account", section.account.is_some()), ("region", section.region.is_some())];
    missing(("transit_gateway", key), &keys, "a transit gateway needs an account and a Region", report);
    let account = section.account.as_ref().filter(|account| known_account(account, accounts, report));
    let region = section.region.as_ref().filter(|region| model.regions.check(region, region.at, report));
    if let Some(asn) = section.asn.as_ref().filter(|asn| !PRIVATE_ASNS.iter().any(|range| range.contains(&asn.value))) {
        let diagnostic = Code::BadAsn.error(format!("a transit gateway cannot have the number {}", asn.value));
        report.at(asn.at, diagnostic.hint("write a private one: 64512 to 65534, or 4200000000 to 4294967294"));
    }
    let share_with = match &section.share_with {
        Some(list) => {
            repeated(list, report);
            list.iter().filter_map(|who| principal(who, file, accounts, report)).collect()
        }
        None => BTreeSet::from([organization_address()]),
    };
    trusts_sharing(key.at(), file, report);
    let routes = blocks(section.routes.as_ref(), report);
    Some(TransitGateway {
        account: account?.value.clone(),
        region: region?.value.clone(),
        asn: section.asn.as_ref().map(|asn| asn.value),
        share_with,
        routes,
    })
}

fn known_account(name: &At<String>, accounts: &[Planned<'_>], report: &mut Report) -> bool {
    let account = accounts.iter().find(|account| account.key == name.value);
    let known = account.is_some();
    if let Some(leaves) = account.and_then(|account| account.leaves) {
        leaving::needed(name, leaves, report);
    }
    // An account of a team whose stages were taken out is not known, and is not unknown.
    let unsure = report.is_broken(&["account", name]) || report.any_broken_in(&["team", "defaults"]);
    if !known && !unsure {
        let hint = report.suggest(name, accounts.iter().map(|a| a.key.as_str()), &format!("declare it: [account.{}]", name.value));
        report.at(name.at, Code::UnknownAccount.error(format!("unknown account `{}`", name.value)).hint(hint));
    }
    known
}

/// Whom something is shared with: `ou.<key>`, `account.<key>` or `organization`.
pub(super) fn principal(who: &At<String>, file: &File, accounts: &[Planned<'_>], report: &mut Report) -> Option<Address> {
    if who.value == Organization::SPEC.kind {
        return Some(organization_address());
    }
    if let Some(key) = key_of::<OrganizationalUnit>(who) {
        if file.ou.contains_key(key) {
            return Some(OrganizationalUnit::address(key));
        }
        if !report.is_broken(&["ou", key]) {
            let hint = report.suggest(key, file.ou.keys().map(Key::as_str), &format!("declare it: [ou.{key}]"));
            report.at(who.at, Code::UnknownOu.error(format!("unknown OU `{key}`")).hint(hint));
        }
        return None;
    }
    if let Some(key) = key_of::<Account>(who) {
        let name = At { value: key.to_owned(), at: who.at };
        return known_account(&name, accounts, report).then(|| Account::address(key));
    }
    let diagnostic = Code::BadSharing.error(format!("nothing can be shared with `{}`", who.value));
    report.at(who.at, diagnostic.hint("write \"ou.<key>\", \"account.<key>\" or \"organization\""));
    None
}

/// The key in `kind.key`, if it is of that kind.
fn key_of<K: Kind>(who: &str) -> Option<&str> {
    who.strip_prefix(K::SPEC.kind)?.strip_prefix('.')
}

/// RAM shares nothing inside the organization before it was let.
/// <https://docs.aws.amazon.com/ram/latest/userguide/getting-started-sharing.html#getting-started-sharing-orgs>
pub(super) fn trusts_sharing(at: crate::diagnostic::ByteRange, file: &File, report: &mut Report) {
    let service = crate::resource::network::SHARING_SERVICE;
    let trusted = file.organization.as_ref().map(|section| &section.trusted_services);
    if trusted.is_some_and(|services| services.iter().all(|name| name.value != service))
        && !report.is_broken(&["organization", "trusted_services"])
    {
        let diagnostic = Code::UntrustedService.error(format!("`{service}` shares this, and is not trusted in the organization"));
        report.at(at, diagnostic.hint(format!("add \"{service}\" to `organization.trusted_services`")));
    }
}

fn vpn(key: &Key, section: &section::Vpn, pools: &BTreeMap<String, Pool>, file: &File, report: &mut Report) -> Option<Vpn> {
    let keys = [("address", section.address.is_some()), ("routes", section.routes.is_some())];
    missing(("vpn", key), &keys, "a VPN needs the address of its far end, and the addresses behind it", report);
    let address = section.address.as_ref().filter(|text| public(text, report));
    if let Some(asn) = section.asn.as_ref().filter(|asn| matches!(asn.value, 0 | u32::MAX)) {
        let diagnostic = Code::BadAsn.error(format!("an office cannot have the number {}", asn.value));
        report.at(asn.at, diagnostic.hint("write a private one: 64512 to 65534"));
    }
    for text in section.routes.iter().flat_map(|list| list.iter()) {
        unreserved(text, pools, file, report);
    }
    let routes = blocks(section.routes.as_ref(), report);
    Some(Vpn { address: address?.value.clone(), asn: section.asn.as_ref().map_or(OFFICE_ASN, |asn| asn.value), routes })
}

/// Whether the internet can reach an address. Source: CreateCustomerGateway, `IpAddress`: an address that the internet routes.
fn public(text: &At<String>, report: &mut Report) -> bool {
    let found = text.parse::<Ipv4Addr>().ok();
    if found.is_some_and(|ip| !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || ip.is_multicast())) {
        return true;
    }
    let diagnostic = Code::BadAddress.error(format!("`{}` is not a public IPv4 address", text.value));
    report.at(text.at, diagnostic.hint("write the public IPv4 address of the office's router: \"203.0.113.10\""));
    false
}

/// A VPC that has the addresses of an office cannot reach it: they must be reserved where they lie in a pool.
fn unreserved(text: &At<String>, pools: &BTreeMap<String, Pool>, file: &File, report: &mut Report) {
    let Ok(route) = text.parse::<Block>() else { return };
    for (key, pool) in pools.iter().filter(|(_, pool)| pool.cidr.overlaps(route)) {
        if pool.cidr.contains(route) && !pool.reserved.iter().any(|part| part.contains(route)) {
            let diagnostic = Code::UnreservedRoute
                .error(format!("`{route}` is in the pool `{key}`, but is not reserved there"))
                .detail("a VPC could get these addresses, and would then not reach the office")
                .hint(format!("add \"{route}\" to `pool.{key}.reserved`"));
            let diagnostic = match file.pool.get(key.as_str()).and_then(|section| section.cidr.as_ref()) {
                Some(whole) => diagnostic.related(report.span(whole.at), "the pool"),
                None => diagnostic,
            };
            report.at(text.at, diagnostic);
        }
    }
}

/// AWS makes no second customer gateway of one address and number in one account and Region.
/// Source: CreateCustomerGateway.
pub(in crate::config::check) fn same_office(facts: &Facts<'_>, report: &mut Report) {
    let file = facts.file;
    let mut first: BTreeMap<(&str, u32), (&Key, &At<String>)> = BTreeMap::new();
    let mut sections: Vec<_> = file.vpn.iter().filter_map(|(key, section)| Some((key, section, section.address.as_ref()?))).collect();
    sections.sort_by_key(|(_, _, address)| address.at);
    for (key, section, address) in sections {
        let asn = section.asn.as_ref().map_or(OFFICE_ASN, |asn| asn.value);
        if let Some((other, there)) = first.insert((address.as_str(), asn), (key, address)) {
            let diagnostic = Code::BadAddress
                .error(format!("`vpn.{}` and `vpn.{}` are one office: the same address and number", other.as_str(), key.as_str()))
                .related(report.span(there.at), "first here")
                .hint("keep one of them, with the routes of both");
            report.at(address.at, diagnostic);
        }
    }
}

fn blocks(list: Option<&List>, report: &mut Report) -> BTreeSet<Block> {
    if let Some(list) = list {
        repeated(list, report);
    }
    list.iter().flat_map(|list| list.iter()).filter_map(|text| block(text, report)).collect()
}
