//! The snapshot: all live resources read for one run, with the fewest calls. Each family of kinds has one reader.

use crate::aws::{AwsResult, Sessions};
use crate::resource::{Desired, Live, network, organizations};
use crate::sandbox::World;

/// Reads what `desired` needs, and binds it to the addresses of the configuration: the organization first, which tells the accounts, then
/// the networks in them.
///
/// # Errors
/// A read of the organization failed; it belongs to another management account; the run was interrupted. What fails in one account is a
/// finding.
pub async fn read(sessions: &Sessions, desired: &Desired) -> AwsResult<Live> {
    let organization = organizations::read(sessions, desired).await?;
    with_networks(sessions, desired, &organization).await
}

/// As [`read`], together with the same state as a world that the sandbox can run: what `apply --rehearse` applies the plan to.
///
/// # Errors
/// As [`read`].
pub async fn read_for_rehearsal(sessions: &Sessions, desired: &Desired) -> AwsResult<(Live, World)> {
    let organization = organizations::read(sessions, desired).await?;
    let live = with_networks(sessions, desired, &organization).await?;
    // The networks are not in that world yet.
    Ok((live, organization.sandbox_world(desired)))
}

async fn with_networks(sessions: &Sessions, desired: &Desired, organization: &organizations::Reading) -> AwsResult<Live> {
    let mut live = organization.bind(desired)?;
    network::live(sessions, desired, &organization.members(), &mut live).await?;
    Ok(live)
}
