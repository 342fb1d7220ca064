//! Client tokens: repeating a request with the same token creates nothing new.
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Run_Instance_Idempotency.html>

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Turn;
use crate::sandbox::wire::Refusal;

/// The request of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    /// A digest of the request's parameters.
    request: String,
    /// What it made.
    id: String,
}

/// What a request with the same token has made before, if it is still there to be shown.
pub(super) fn made(turn: &Turn<'_>, operation: &str) -> Result<Option<String>, Refusal> {
    let Some(token) = turn.input.get("ClientToken").and_then(|token| turn.region.tokens.get(&key(operation, token))) else {
        return Ok(None);
    };
    if token.request != digest(turn) {
        let message = "The request uses the same client token as a previous, but non-identical request.";
        return Err(Refusal::new("IdempotentParameterMismatch", message));
    }
    Ok(Some(token.id.clone()))
}

/// Remembers what the request made.
pub(super) fn remember(turn: &mut Turn<'_>, operation: &str, id: &str) {
    if let Some(token) = turn.input.get("ClientToken") {
        let request = digest(turn);
        turn.region.tokens.insert(key(operation, token), Token { request, id: id.to_owned() });
    }
}

fn key(operation: &str, token: &str) -> String {
    format!("{operation} {token}")
}

fn digest(turn: &Turn<'_>) -> String {
    Sha256::digest(turn.input.0.to_string()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
