//! What the kinds of connections need besides [`ResourceClient`]: waits for slow creations and deletions, also for those that an earlier
//! run started.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::calls::{ResourceClient, is_missing};
use crate::aws::{AwsResult, Error};

/// How long AWS may take to create or delete a gateway, an attachment or a VPN connection.
pub(super) const SLOW: Duration = Duration::from_secs(30 * 60);

impl ResourceClient<'_> {
    /// Waits until `state` is one of `wanted`. It also waits for a resource that is not visible yet.
    ///
    /// # Errors
    /// The state is one of `failed`, which are final; the deadline; the interrupt.
    pub async fn reached<F>(&self, wanted: &[&str], failed: &[&str], state: impl Fn() -> F) -> AwsResult<()>
    where
        F: Future<Output = AwsResult<Option<String>>>,
    {
        let ask = || async {
            match state().await {
                Ok(Some(state)) if wanted.contains(&state.as_str()) => Ok(Some(())),
                Ok(Some(state)) if failed.contains(&state.as_str()) => Err(self.failed(
                    format!("AWS says that it is `{state}`"),
                    "run the same command again: overlord creates a new one; if it fails again, ask AWS's support",
                )),
                Err(e) if !is_missing(&e) => Err(e),
                Ok(Some(_) | None) | Err(_) => Ok(None),
            }
        };
        self.wait(&format!("it to be {}", wanted.join(" or ")), SLOW, ask).await
    }

    /// Repeats a deletion until AWS accepts it, and waits until `state` is one of `gone` or nothing. If the resource is pending, or used
    /// by something that is being deleted, AWS answers `IncorrectState` or pending; likewise if it is being deleted already.
    ///
    /// # Errors
    /// AWS refused; the deadline; the interrupt.
    pub async fn removed<F, G>(&self, gone: &[&str], send: impl Fn() -> F, state: impl Fn() -> G) -> AwsResult<()>
    where
        F: Future<Output = AwsResult<()>>,
        G: Future<Output = AwsResult<Option<String>>>,
    {
        let taken = AtomicBool::new(false);
        let ask = || async {
            if !taken.load(Ordering::Relaxed) {
                match send().await {
                    Ok(()) => taken.store(true, Ordering::Relaxed),
                    // It is deleted, or being deleted: the state says which.
                    Err(e) if is_missing(&e) => taken.store(true, Ordering::Relaxed),
                    Err(e) if is_on_its_way(&e) => {}
                    Err(e) => return Err(e),
                }
            }
            match state().await {
                Ok(Some(state)) => Ok(gone.contains(&state.as_str()).then_some(())),
                Ok(None) => Ok(Some(())),
                Err(e) if is_missing(&e) => Ok(Some(())),
                Err(e) => Err(e),
            }
        };
        self.wait("it to be gone", SLOW, ask).await
    }

    /// Repeats the request until the resources that it names are ready: they may be pending, from an earlier run or in another account's
    /// view.
    ///
    /// # Errors
    /// AWS refused; it is not ready after half an hour: then AWS's last refusal; the interrupt.
    pub async fn when_ready<T, F>(&self, send: impl Fn() -> F + Send + Sync) -> AwsResult<T>
    where
        F: Future<Output = AwsResult<T>> + Send,
    {
        self.retry_while("its dependencies to be ready", SLOW, |e: &Error| is_missing(e) || is_on_its_way(e), send).await
    }
}

/// AWS's codes for pending resources: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>.
const INCORRECT_STATE: &[&str] = &["IncorrectState", "Gateway.NotAttached"];

/// Whether a refusal is temporary because AWS is still working. For a VPN gateway AWS answers `InvalidParameterValue`, and only its
/// message says that a workflow, or a VPN connection, is still pending. Source: hashicorp/terraform-provider-aws, pull requests 11720 and
/// 35772, read 2026-11-30.
fn is_on_its_way(error: &Error) -> bool {
    error.is(INCORRECT_STATE) || error.is(&["InvalidParameterValue"]) && error.said().contains("pending")
}
