//! Merges the findings of a resource and its parts where both say the same: nobody wants to read forty findings about one deleted VPC.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Remedy, What};
use crate::address::Address;
use crate::resource::wholes;

/// Merges the findings of missing or left-over parts into the finding of the whole.
pub(super) fn fold(findings: Vec<Finding>) -> Vec<Finding> {
    let of = |what: What| -> BTreeSet<Address> {
        findings.iter().filter(|finding| finding.what == what).filter_map(|finding| finding.address.clone()).collect()
    };
    let (missing, left_over) = (of(What::Missing), of(What::LeftOver));
    let whole = |finding: &Finding| {
        let there = match finding.what {
            What::Missing | What::Changed => &missing,
            What::LeftOver => &left_over,
            What::Unmanaged | What::Stuck | What::Unread | What::ExpiredIgnore => return None,
        };
        let address = finding.address.as_ref()?;
        wholes(address).into_iter().rev().find(|whole| there.contains(whole))
    };
    let mut parts: BTreeMap<Address, Vec<Finding>> = BTreeMap::new();
    let mut kept = Vec::new();
    for finding in findings {
        match whole(&finding) {
            Some(whole) => parts.entry(whole).or_default().push(finding),
            None => kept.push(finding),
        }
    }
    for finding in &mut kept {
        let own = finding.address.as_ref().and_then(|address| parts.remove(address)).unwrap_or_default();
        own.into_iter().for_each(|part| take(finding, part));
    }
    kept
}

fn take(whole: &mut Finding, part: Finding) {
    if let Some(address) = &part.address {
        *whole.parts.entry(address.kind().to_owned()).or_default() += 1;
    }
    whole.weight = whole.weight.min(part.weight);
    if let (Remedy::Change { calls, needs, .. }, Remedy::Change { calls: more, needs: also, .. }) = (&mut whole.remedy, part.remedy) {
        calls.extend(more);
        *needs = needs.take().or(also);
    }
}
