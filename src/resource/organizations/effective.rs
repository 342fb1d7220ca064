//! What AWS says an account inherits: the live side of `overlord policy effective`.

use serde_json::Value;

use super::handshakes;
use crate::address::Address;
use crate::aws::{AwsResult, Error, Sessions};
use crate::resource::Desired;

/// The id of an account of the configuration: the one in org.toml, else that of the member with its e-mail; `None` if there is none.
///
/// # Errors
/// AWS refused.
pub async fn account_id(sessions: &Sessions, desired: &Desired, account: &Address) -> AwsResult<Option<String>> {
    if let Some(id) = desired.pinned.get(account) {
        return Ok(Some(id.clone()));
    }
    let Some(attributes) = desired.resources.get(account) else { return Ok(None) };
    let Some(Value::String(email)) = attributes.get("email") else { return Ok(None) };
    Ok(handshakes::members_by_email(sessions).await?.remove(&email.to_ascii_lowercase()))
}

/// The effective policy of an account, of a type in the API's spelling, as AWS computes it; `None` if none is attached.
///
/// # Errors
/// AWS refused.
pub async fn policy(sessions: &Sessions, account: &str, policy_type: &str) -> AwsResult<Option<String>> {
    let request = sessions.organizations().describe_effective_policy().target_id(account).policy_type(policy_type.into());
    match request.send().await.map_err(|e| Error::sdk("organizations:DescribeEffectivePolicy", &e)) {
        Ok(answer) => Ok(answer.effective_policy.and_then(|policy| policy.policy_content)),
        Err(e) if e.is(&["EffectivePolicyNotFoundException"]) => Ok(None),
        Err(e) => Err(e),
    }
}
