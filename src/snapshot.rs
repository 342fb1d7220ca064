//! The snapshot: all live resources for one run, read with the fewest calls. Each family of kinds has one reader.

use std::collections::BTreeSet;

use tokio::sync::{mpsc, oneshot};

use crate::address::{Address, Reference, Scope};
use crate::aws::{AwsResult, Error, Sessions};
use crate::resource::network::{Keep, Kept, Records, Screen, Screening};
use crate::resource::organizations::Facts;
use crate::resource::{Desired, Live, network, organizations};
use crate::sandbox::World;

/// Reads what `desired` needs, and binds it to the addresses of the configuration: the organization, and the networks of each account as
/// soon as the account is known.
///
/// # Errors
/// A read of the organization failed; it belongs to another management account; the run was interrupted. A failure in one account is only
/// a finding.
pub async fn read(sessions: &Sessions, desired: &Desired) -> AwsResult<Live> {
    Ok(read_both(sessions, desired, Keep::Nothing).await?.0)
}

/// Like [`read`], with counts of the organization; `None` without an organization.
///
/// # Errors
/// Like [`read`].
pub async fn read_with_facts(sessions: &Sessions, desired: &Desired) -> AwsResult<(Live, Option<Facts>)> {
    let (live, organization, _) = read_both(sessions, desired, Keep::Nothing).await?;
    let facts = organization.facts();
    Ok((live, facts))
}

/// Like [`read`], with the same state as a world that the sandbox can run: `apply --rehearse` applies the plan to it.
///
/// # Errors
/// Like [`read`].
pub async fn read_for_rehearsal(sessions: &Sessions, desired: &Desired) -> AwsResult<(Live, World)> {
    let (live, organization, networks) = read_both(sessions, desired, Keep::Worlds).await?;
    let mut copy = organization.sandbox_world(desired);
    networks.put(&mut copy);
    Ok((live, copy))
}

/// The place of an aggregator of AWS Config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AggregatorPlace {
    /// The account, by its 12 digits or as one of the configuration; `None` for the management account.
    pub account: Option<Reference>,
    /// `None` for the home Region.
    pub region: Option<String>,
    /// Its name.
    pub name: String,
}

/// Like [`read`], but reads the networks from an aggregator of AWS Config, and accounts directly only if those look different. `plan`
/// makes a plan from a live state and returns where it differs; it is repeated until all of that was read directly.
///
/// # Errors
/// Like [`read`]; or the aggregator does not exist, or may not be read.
pub async fn read_screened<P>(
    sessions: &Sessions,
    desired: &Desired,
    aggregator: &AggregatorPlace,
    plan: impl Fn(&Live) -> (P, BTreeSet<Scope>),
) -> AwsResult<(Live, P, Screening)> {
    let (tell, told) = oneshot::channel();
    let mut tell = Some(tell);
    let organization = organizations::read(sessions, desired, move |address, id| {
        if aggregator.account == Some(Reference::Address(address)) {
            // The receiver is gone if the aggregator refused.
            tell.take().map(|tell| tell.send(id));
        }
    });
    let records = async {
        let account = match &aggregator.account {
            None => desired.management_account.clone(),
            Some(Reference::Id(id)) => id.clone(),
            Some(Reference::Address(address)) => told.await.map_err(|_| no_account(address))?,
        };
        let region = aggregator.region.as_ref().unwrap_or(&desired.home_region);
        Records::read(sessions, desired, &account, region, &aggregator.name).await
    };
    let (organization, records) = tokio::try_join!(organization, records)?;
    let (members, bound) = (organization.members(), organization.bind(desired)?);
    let mut screen = Screen::of(sessions, desired, records, &bound).await;
    loop {
        let mut live = bound.clone();
        network::live(sessions, desired, screen.prefetch(), &members, &mut live).await?;
        let (plan, different) = plan(&live);
        if !screen.read_scopes(different).await {
            return Ok((live, plan, screen.screening(&aggregator.name)));
        }
    }
}

fn no_account(address: &Address) -> Error {
    let hint = "name an account of org.toml that exists, or give its 12 digits".to_owned();
    Error::Failed { message: format!("there is no account `{}`, where the aggregator is to be", address.key()), hint: Some(hint) }
}

async fn read_both(sessions: &Sessions, desired: &Desired, keep: Keep) -> AwsResult<(Live, organizations::Reading, Kept)> {
    // The sender ends with the reader of the organization, and so do the accounts.
    let (known, accounts) = mpsc::unbounded_channel();
    let organization = organizations::read(sessions, desired, move |address, id| drop(known.send((address, id))));
    let prefetch = network::prefetch(sessions, desired, keep, accounts);
    let (organization, prefetch) = tokio::try_join!(organization, async { Ok(prefetch.await) })?;
    let mut live = organization.bind(desired)?;
    let networks = network::live(sessions, desired, prefetch, &organization.members(), &mut live).await?;
    Ok((live, organization, networks))
}
