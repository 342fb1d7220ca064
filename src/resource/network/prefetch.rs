//! Prefetch: reads an account's networks while the rest of the organization is still being read.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc::UnboundedReceiver;

use super::site::{AT_A_TIME, Answer, read, regions, sites};
use crate::address::{Address, Scope};
use crate::aws::{AwsResult, Error, Sessions};
use crate::resource::reach::Reach;
use crate::resource::{Desired, Keep};

/// What was read of accounts before the whole organization was read: by scope, with the account's id.
#[derive(Default)]
pub struct Prefetch {
    pub(super) keep: Keep,
    pub(super) reach: Reach,
    /// Why reading stopped.
    pub(super) lost: Option<Error>,
    pub(super) read: BTreeMap<Scope, (String, AwsResult<Answer>)>,
}

/// Reads the networks of accounts as they become known, by address and id, until no more come. Without it, each run would wait for the
/// organization and then for the networks.
pub async fn prefetch(sessions: &Sessions, desired: &Desired, keep: Keep, mut accounts: UnboundedReceiver<(Address, String)>) -> Prefetch {
    let regions = regions(desired);
    let mut told = BTreeSet::new();
    let accounts = stream::poll_fn(|context| accounts.poll_recv(context));
    let new = accounts.flat_map(|(account, id)| {
        let is_new = desired.selection.reads_networks_of(account.key()) && told.insert(id.clone());
        stream::iter(if is_new { sites(desired, &regions, account.key(), &id) } else { Vec::new() })
    });
    let mut readings = new.map(|site| read(sessions, desired, keep, site)).buffer_unordered(AT_A_TIME);
    let mut ahead = Prefetch { keep, ..Prefetch::default() };
    while let Some((site, reading)) = readings.next().await {
        let is_lost = ahead.reach.is_lost(&site.account, reading.as_ref().err());
        match reading {
            Err(error) if is_lost => {
                ahead.lost = Some(error);
                break;
            }
            reading => drop(ahead.read.insert(site.scope, (site.account, reading))),
        }
    }
    drop(readings);
    ahead
}
