//! The snapshot: all live resources read for one run, with the fewest calls.

use crate::aws::{AwsResult, Sessions};
use crate::resource::{Desired, Live};

/// Reads what `desired` needs, and binds it to the addresses of the configuration.
///
/// # Errors
/// A read failed.
pub async fn read(sessions: &Sessions, desired: &Desired) -> AwsResult<Live> {
    let _ = (sessions, desired);
    todo!()
}
