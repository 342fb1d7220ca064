//! `regions` of `[organization]`: the Regions in which overlord reads networks.

use std::collections::BTreeSet;

use super::super::{Model, repeated};
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::span::At;

/// The governed Regions. Where there are any, every layout and transit gateway must lie in one: so none can leave a Region that is not read
/// any more.
pub(super) fn read(model: &Model<'_>, report: &mut Report) -> BTreeSet<String> {
    let file = model.file;
    let regions = file.organization.as_ref().map(|section| section.regions.as_slice()).unwrap_or_default();
    repeated(regions, report);
    let governed =
        regions.iter().filter(|region| model.regions.check(region, region.at, report)).map(|region| region.value.clone()).collect();
    if regions.is_empty() {
        return governed;
    }
    let known = |region: &&At<String>| model.regions.is_known(region);
    for region in file.network_regions().filter(known).filter(|region| !regions.iter().any(|governed| governed.value == region.value)) {
        let diagnostic = Code::UngovernedRegion.error(format!("`{}` is none of the governed Regions", region.value));
        report.at(region.at, diagnostic.hint(format!("add \"{}\" to `regions` of [organization]", region.value)));
    }
    governed
}
