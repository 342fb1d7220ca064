//! Region names: those of AWS, as dated data, and those that `[limits]` adds. AWS refuses an unknown Region only when it is used, and by then
//! accounts would exist.

use std::collections::BTreeSet;

use super::values;
use crate::config::HOME_REGION;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::File;
use crate::diagnostic::{ByteRange, Diagnostic};
use crate::limits::LIMITS;

/// The Regions that this configuration may name.
pub(super) struct Regions {
    added: BTreeSet<String>,
    home: Home,
}

/// The home Region: an organization cannot leave its partition.
struct Home {
    region: String,
    set_at: Option<ByteRange>,
}

impl Regions {
    pub(super) fn new(file: &File, report: &mut Report) -> Self {
        let added = &file.limits.regions;
        super::repeated(added, report);
        for region in added {
            if LIMITS.regions.is_known(region) {
                let diagnostic = Code::BadRegion.warning(format!("the Region `{}` is known already", region.value));
                report.at(region.at, diagnostic.hint("remove it: `regions` of [limits] is for Regions that overlord does not know"));
            } else if !values::region(region) {
                report.at(region.at, malformed(region));
            }
        }
        let set = file.organization.as_ref().and_then(|organization| organization.home_region.as_ref());
        let home = Home { region: set.map_or(HOME_REGION, |region| region.as_str()).to_owned(), set_at: set.map(|region| region.at) };
        Self { added: added.iter().map(|region| region.value.clone()).collect(), home }
    }

    /// Whether a text is the name of a Region that the organization can use; a mistake when it is not.
    pub(super) fn check(&self, region: &str, at: ByteRange, report: &mut Report) -> bool {
        if self.is_known(region) {
            return self.is_in_partition(region, at, report);
        }
        let diagnostic = if values::region(region) { self.unknown(region, report) } else { malformed(region) };
        report.at(at, diagnostic);
        false
    }

    pub(super) fn is_known(&self, region: &str) -> bool {
        LIMITS.regions.is_known(region) || self.added.contains(region)
    }

    fn unknown(&self, region: &str, report: &mut Report) -> Diagnostic {
        let known = LIMITS.regions.names().chain(self.added.iter().map(String::as_str));
        let added = format!("if AWS opened this Region after {}, add it to `regions` of [limits]", LIMITS.regions.date);
        let hint = match report.similar(region, known) {
            Some(near) => format!("did you mean `{near}`? Otherwise, {added}"),
            None => added,
        };
        Code::UnknownRegion.error(format!("unknown Region `{region}`")).hint(hint)
    }

    fn is_in_partition(&self, region: &str, at: ByteRange, report: &mut Report) -> bool {
        let partition = |region: &str| LIMITS.regions.partition_of(region).map(|partition| partition.name.as_str()).unwrap_or_default();
        let (own, home) = (partition(region), partition(&self.home.region));
        if own == home || !self.is_known(&self.home.region) {
            return true;
        }
        let summary = format!("`{region}` is in the partition `{own}`, and the home Region `{}` is in `{home}`", self.home.region);
        let diagnostic =
            Code::OtherPartition.error(summary).hint("use a Region of one partition everywhere: an organization cannot span several");
        report.at(
            at,
            match self.home.set_at {
                Some(set_at) => diagnostic.related(report.span(set_at), "the home Region is set here"),
                None => diagnostic.detail("`home_region` of [organization] is not set"),
            },
        );
        false
    }
}

fn malformed(region: &str) -> Diagnostic {
    Code::BadRegion.error(format!("`{region}` is not a Region name")).hint("write it as AWS does: \"eu-west-1\"")
}
