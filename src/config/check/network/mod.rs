//! Pools, layouts and the VPCs of accounts: valid for AWS, consistent with each other, and with enough addresses.

pub(super) mod connections;
pub(super) mod default_vpcs;
pub(super) mod gateways;
mod layouts;
pub(super) mod opt_in;
pub(super) mod options;
pub(super) mod pools;
pub(super) mod quotas;
mod regions;
pub(super) mod vpcs;

use super::accounts::Planned;
use super::{Model, values};
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::span::{At, Key, List};
use crate::network::{Block, Design, ParseBlockError};

/// The networks of the configuration; of those with mistakes, what is sound.
pub(super) fn read(model: &Model<'_>, accounts: &[Planned<'_>], report: &mut Report) -> Design {
    let (pools, governed) = (pools::read(model.file, report), regions::read(model, report));
    let mut design = Design { pools, governed, ..Design::default() };
    design.layouts = layouts::read(model, &design.pools, report);
    design.gateways = gateways::read(model, accounts, &design.pools, report);
    connections::read(model, accounts, &mut design, report);
    design.vpcs = vpcs::read(model.file, accounts, &design, report);
    design.without_default_vpc = default_vpcs::read(accounts);
    design.opted_in = opt_in::read(accounts);
    design
}

/// The block of addresses that a text says, or a mistake.
fn block(text: &At<String>, report: &mut Report) -> Option<Block> {
    let diagnostic = match text.parse() {
        Ok(block) => return Some(block),
        Err(ParseBlockError::NotCidr) => {
            Code::BadCidr.error(format!("invalid CIDR block `{}`", text.value)).hint("write it as \"10.2.0.0/19\"")
        }
        Err(ParseBlockError::NotFirst(around)) => {
            let summary = format!("`{}` is an address inside of a /{}, not its beginning", text.value, around.prefix());
            Code::BadCidr.error(summary).hint(format!("did you mean `{around}`?"))
        }
    };
    report.at(text.at, diagnostic);
    None
}

/// Keys that must be there, as one mistake, unless they were and could not be read.
fn missing(section: (&'static str, &Key), keys: &[(&str, bool)], hint: &str, report: &mut Report) {
    let (kind, name) = section;
    let absent = |(key, there): &&(&str, bool)| !there && !report.is_broken(&[kind, name.as_str(), key]);
    let absent: Vec<String> = keys.iter().filter(absent).map(|(key, _)| format!("`{key}`")).collect();
    if !absent.is_empty() {
        let summary = format!("`{kind}.{}` has no {}", name.as_str(), absent.join(", no "));
        report.at(name.at(), Code::MissingKey.error(summary).hint(hint));
    }
}
