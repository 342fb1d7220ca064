//! The snapshot: all live resources for one run, read with the fewest calls. Each family of kinds has one reader.

use std::any::Any;
use std::collections::BTreeSet;

use futures_util::future::try_join_all;

use crate::address::{Address, Reference, Scope};
use crate::aws::{AwsResult, Error, Sessions};
use crate::resource::network::{self, Networks, Records, Screen, Screening};
use crate::resource::organizations::{self, Facts};
use crate::resource::{Desired, FAMILIES, Family, FamilyReading, Keep, Live, ReadRun};
use crate::sandbox::World;

/// Reads what `desired` needs, and binds it to the addresses of the configuration: the organization, and each account as soon as it is
/// known.
///
/// # Errors
/// A read of the organization failed; it belongs to another management account; the run was interrupted. A failure in one account is only
/// a finding.
pub async fn read(sessions: &Sessions, desired: &Desired) -> AwsResult<Live> {
    let run = ReadRun::new(sessions, desired, Keep::Nothing);
    Ok(read_families(&run).await?.0)
}

/// Like [`read`], with counts of the organization; `None` without an organization.
///
/// # Errors
/// Like [`read`].
pub async fn read_with_facts(sessions: &Sessions, desired: &Desired) -> AwsResult<(Live, Option<Facts>)> {
    let run = ReadRun::new(sessions, desired, Keep::Nothing);
    let (live, readings) = read_families(&run).await?;
    let organization = readings.iter().find_map(|reading| {
        let reading: &dyn Any = reading.as_ref();
        reading.downcast_ref::<organizations::Reading>()
    });
    Ok((live, organization.and_then(organizations::Reading::facts)))
}

/// Like [`read`], with the same state as a world that the sandbox can run: `apply --rehearse` applies the plan to it.
///
/// # Errors
/// Like [`read`].
pub async fn read_for_rehearsal(sessions: &Sessions, desired: &Desired) -> AwsResult<(Live, World)> {
    let run = ReadRun::new(sessions, desired, Keep::Worlds);
    let (live, readings) = read_families(&run).await?;
    let mut copy = World::new(&desired.management_account);
    for reading in &readings {
        reading.copy(&run, &mut copy);
    }
    Ok((live, copy))
}

async fn read_families(run: &ReadRun<'_>) -> AwsResult<(Live, Vec<Box<dyn FamilyReading>>)> {
    let mut readings = try_join_all(FAMILIES.iter().map(|family| family.read(run))).await?;
    let mut live = Live::default();
    for reading in &mut readings {
        reading.bind(run, &mut live).await?;
    }
    Ok((live, readings))
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
    let run = ReadRun::new(sessions, desired, Keep::Nothing);
    let mut known = run.accounts.subscribe();
    let records = async {
        let account = match &aggregator.account {
            None => desired.management_account.clone(),
            Some(Reference::Id(id)) => id.clone(),
            Some(Reference::Address(address)) => loop {
                match known.recv().await {
                    Some((account, id)) if account == *address => break id,
                    Some(_) => {}
                    None => return Err(no_account(address)),
                }
            },
        };
        let region = aggregator.region.as_ref().unwrap_or(&desired.home_region);
        Records::read(sessions, desired, &account, region, &aggregator.name).await
    };
    // The records replace the reading of the networks.
    let others = FAMILIES.iter().filter(|family| family.name() != Networks.name());
    let (mut readings, records) = tokio::try_join!(try_join_all(others.map(|family| family.read(&run))), records)?;
    let mut bound = Live::default();
    for reading in &mut readings {
        reading.bind(&run, &mut bound).await?;
    }
    let mut screen = Screen::of(sessions, desired, records, &bound).await;
    loop {
        let mut live = bound.clone();
        network::live(sessions, desired, screen.prefetch(), run.members(), &mut live).await?;
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
