//! The snapshot: all live resources read for one run, with the fewest calls. Each family of kinds has one reader.

use crate::aws::{AwsResult, Sessions};
use crate::resource::{Desired, Live, organizations};
use crate::sandbox::World;

/// Reads what `desired` needs, and binds it to the addresses of the configuration.
///
/// # Errors
/// A read failed; the organization belongs to another management account.
pub async fn read(sessions: &Sessions, desired: &Desired) -> AwsResult<Live> {
    organizations::live(sessions, desired).await
}

/// As [`read`], together with the same state as a world that the sandbox can run: what `apply --rehearse` applies the plan to.
///
/// # Errors
/// As [`read`].
pub async fn read_for_rehearsal(sessions: &Sessions, desired: &Desired) -> AwsResult<(Live, World)> {
    organizations::live_and_world(sessions, desired).await
}
