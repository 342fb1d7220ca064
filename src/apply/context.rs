//! What a kind's calls may use: clients, the ids of other resources, and waiting.

use crate::address::Reference;
use crate::aws::{AwsResult, Sessions};

/// Handed to a kind's create, update and delete.
#[derive(Debug, Clone)]
pub struct Context {}

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
