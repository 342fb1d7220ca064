//! The snapshot: all live resources read for one run, with the fewest calls. Each family of kinds has one reader.

use tokio::sync::mpsc;

use crate::aws::{AwsResult, Sessions};
use crate::resource::network::{Keep, Kept};
use crate::resource::organizations::Facts;
use crate::resource::{Desired, Live, network, organizations};
use crate::sandbox::World;

/// Reads what `desired` needs, and binds it to the addresses of the configuration: the organization, and the networks of each account as
/// soon as the account is known.
///
/// # Errors
/// A read of the organization failed; it belongs to another management account; the run was interrupted. What fails in one account is a
/// finding.
pub async fn read(sessions: &Sessions, desired: &Desired) -> AwsResult<Live> {
    Ok(read_both(sessions, desired, Keep::Nothing).await?.0)
}

/// As [`read`], together with how much there is of what; `None` where there is no organization.
///
/// # Errors
/// As [`read`].
pub async fn read_with_facts(sessions: &Sessions, desired: &Desired) -> AwsResult<(Live, Option<Facts>)> {
    let (live, organization, _) = read_both(sessions, desired, Keep::Nothing).await?;
    let facts = organization.facts();
    Ok((live, facts))
}

/// As [`read`], together with the same state as a world that the sandbox can run: what `apply --rehearse` applies the plan to.
///
/// # Errors
/// As [`read`].
pub async fn read_for_rehearsal(sessions: &Sessions, desired: &Desired) -> AwsResult<(Live, World)> {
    let (live, organization, networks) = read_both(sessions, desired, Keep::Worlds).await?;
    let mut copy = organization.sandbox_world(desired);
    networks.put(&mut copy);
    Ok((live, copy))
}

async fn read_both(sessions: &Sessions, desired: &Desired, keep: Keep) -> AwsResult<(Live, organizations::Reading, Kept)> {
    // The sender goes with the reader of the organization, and its end is that of the accounts.
    let (known, accounts) = mpsc::unbounded_channel();
    let organization = organizations::read(sessions, desired, move |address, id| drop(known.send((address, id))));
    let ahead = network::ahead(sessions, desired, keep, accounts);
    let (organization, ahead) = tokio::try_join!(organization, async { Ok(ahead.await) })?;
    let mut live = organization.bind(desired)?;
    let networks = network::live(sessions, desired, ahead, &organization.members(), &mut live).await?;
    Ok((live, organization, networks))
}
