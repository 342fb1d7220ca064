//! What a kind's calls may use: clients, the ids of other resources, and waiting.

use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::address::Reference;
use crate::aws::{AwsResult, Sessions};

// MERGE: `KnownCreation` and the field below are the engine's; take the engine's file whole.
/// An account creation that AWS knows of, from the one ListCreateAccountStatus of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCreation {
    /// The id of the request, `car-…`.
    pub request_id: String,
    /// The name of the account.
    pub name: String,
    /// `IN_PROGRESS`, `SUCCEEDED` or `FAILED`.
    pub state: String,
    /// The account, once it is there.
    pub account_id: Option<String>,
}

/// Handed to a kind's create, update and delete.
#[derive(Debug, Clone)]
pub struct Context {
    /// The account creations that AWS knew of when the first one of this run asked.
    pub known_creations: Arc<OnceCell<Vec<KnownCreation>>>,
}

impl Context {
    /// Clients.
    pub fn sessions(&self) -> &Sessions {
        todo!()
    }

    /// The address of the resource that is being changed: the value of its `overlord:address` tag.
    pub fn address(&self) -> &crate::address::Address {
        todo!()
    }

    /// AWS's id of what a reference names: known from the snapshot, or made earlier in this run.
    ///
    /// # Errors
    /// The resource has no id yet: a defect of the graph.
    pub fn resolve(&self, reference: &Reference) -> AwsResult<String> {
        todo!("{reference}")
    }

    /// The role that CreateAccount makes in new accounts.
    pub fn access_role(&self) -> &str {
        todo!()
    }
}
