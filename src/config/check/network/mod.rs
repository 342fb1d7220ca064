//! Pools, layouts and the VPCs of accounts: whether AWS takes them, whether they fit into each other, and whether there is enough.

mod layouts;
mod pools;
mod vpcs;

use super::accounts::Planned;
use super::{Model, values};
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::File;
use crate::config::span::{At, List};
use crate::diagnostic::ByteRange;
use crate::network::{Block, Design, ParseBlockError};

/// The networks of the configuration; of those with mistakes, what is sound.
pub(super) fn check(model: &Model<'_>, accounts: &[Planned<'_>], report: &mut Report) -> Design {
    let mut design = Design { pools: pools::read(model.file, report), ..Design::default() };
    design.layouts = layouts::read(model.file, &design.pools, report);
    design.vpcs = vpcs::read(model.file, accounts, &design, report);
    pools::enough(model.file, &design, report);
    not_built(model.file, &design, report);
    design
}

/// Says once that networks are planned only: nobody should wait for a VPC that no `apply` makes.
fn not_built(file: &File, design: &Design, report: &mut Report) {
    let first = vpcs::lists(file).filter(|list| !list.is_empty()).min_by_key(|list| list.at);
    if let Some(list) = first.filter(|_| !design.vpcs.is_empty()) {
        let summary = "networks are planned, and not built by this version";
        let hint = "`overlord network` shows their addresses; `plan` and `apply` leave them out";
        report.at(list.at, Code::NetworksNotBuilt.warning(summary).hint(hint));
    }
}

/// The block of addresses that a text says, or a mistake.
fn block(text: &At<String>, report: &mut Report) -> Option<Block> {
    let diagnostic = match text.parse() {
        Ok(block) => return Some(block),
        Err(ParseBlockError::NotCidr) => {
            Code::BadCidr.error(format!("`{}` is no block of addresses", text.value)).hint("write it as \"10.2.0.0/19\"")
        }
        Err(ParseBlockError::NotFirst(around)) => {
            let summary = format!("`{}` is an address inside of a /{}, not its beginning", text.value, around.prefix());
            Code::BadCidr.error(summary).hint(format!("did you mean `{around}`?"))
        }
    };
    report.at(text.at, diagnostic);
    None
}

/// A key that must be there, unless it was and could not be read.
fn missing(section: (&'static str, &str, ByteRange), key: &str, hint: &str, report: &mut Report) {
    let (kind, name, at) = section;
    if !report.is_broken(&[kind, name, key]) {
        report.at(at, Code::MissingKey.error(format!("`{kind}.{name}` has no `{key}`")).hint(hint));
    }
}
