//! Networks as a family.

use std::borrow::Cow;
use std::collections::BTreeSet;

use futures_util::future::BoxFuture;

use super::{FAMILY, KINDS, Kept, Prefetch, expand, findings, live, needs, prefetch};
use crate::address::Scope;
use crate::aws::AwsResult;
use crate::network::{self, Design, Observed};
use crate::resource::{By, Desired, ErasedKind, Expanded, Family, FamilyNeeds, FamilyReading, Live, NOT_SELECTED, ReadRun};
use crate::sandbox::World;

/// The family.
pub struct Networks;

impl Family for Networks {
    fn name(&self) -> &'static str {
        FAMILY
    }

    fn kinds(&self) -> &'static [&'static dyn ErasedKind] {
        KINDS
    }

    fn expand(&self, desired: &Desired, observed: &Observed) -> Expanded {
        let design = &desired.network;
        if *design == Design::default() {
            return Expanded::default();
        }
        let (design, observed) = selected(desired, observed);
        let plan = network::allocate(&design, &observed);
        Expanded { resources: expand(&design, &observed, &plan), findings: findings(&design, &observed, &plan) }
    }

    fn needs(&self, desired: &Desired) -> FamilyNeeds {
        needs::needs(desired)
    }

    fn import_needs(&self, reads_regions: bool) -> Vec<(By, &'static [&'static str])> {
        needs::import_needs(reads_regions)
    }

    fn read<'r>(&'r self, run: &'r ReadRun<'r>) -> BoxFuture<'r, AwsResult<Box<dyn FamilyReading>>> {
        let accounts = run.accounts.subscribe();
        Box::pin(async move {
            let prefetch = prefetch(run.sessions, run.desired, run.keep, accounts).await;
            Ok(Box::new(Read { prefetch, kept: Kept::default() }) as Box<dyn FamilyReading>)
        })
    }
}

/// The networks that were read.
struct Read {
    /// Before the whole organization was known.
    prefetch: Prefetch,
    /// What a rehearsal needs, once all is bound.
    kept: Kept,
}

impl FamilyReading for Read {
    fn bind<'r>(&'r mut self, run: &'r ReadRun<'r>, into: &'r mut Live) -> BoxFuture<'r, AwsResult<()>> {
        Box::pin(async move {
            let prefetch = std::mem::take(&mut self.prefetch);
            self.kept = live(run.sessions, run.desired, prefetch, run.members(), into).await?;
            Ok(())
        })
    }

    fn copy(&self, _run: &ReadRun<'_>, copy: &mut World) {
        self.kept.put(copy);
    }
}

/// The networks of the selected accounts, and what such a run observes: the others were not read. Their pinned blocks stay reserved. If
/// one of those accounts could not be read, its pools stay closed.
fn selected<'d>(desired: &'d Desired, observed: &'d Observed) -> (Cow<'d, Design>, Cow<'d, Observed>) {
    let selection = &desired.selection;
    if selection.is_everything() {
        return (Cow::Borrowed(&desired.network), Cow::Borrowed(observed));
    }
    let mut design = desired.network.clone();
    let is_selected = |account: &str| selection.reads_networks_of(account);
    let mut theirs = BTreeSet::new();
    design.vpcs.retain(|vpc, request| {
        let known = |scope: &Scope| is_selected(&scope.account) || observed.unreachable.contains_key(&scope.account);
        let stays = vpc.scope().is_some_and(known);
        theirs.extend(request.pinned.filter(|_| !stays));
        stays
    });
    design.pools.values_mut().for_each(|pool| pool.reserved.extend(&theirs));
    // A connection to a transit gateway that was not read is left unchanged, like one to a gateway that could not be read.
    let hubs = design.gateways.transit.values().map(|hub| &hub.account).filter(|account| !is_selected(account));
    let mut observed = observed.clone();
    observed.unreachable.extend(hubs.map(|account| (account.clone(), NOT_SELECTED.to_owned())));
    (Cow::Owned(design), Cow::Owned(observed))
}
