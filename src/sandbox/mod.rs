//! The embedded AWS: it replaces HTTPS, receives the SDK's real HTTP requests, keeps a [`World`] and answers in each service's own
//! protocol.
//!
//! ```text
//! SDK ─ request gate ─ connector ─┐                                          ┌ organizations/, ec2/
//! AWS CLI, boto3 ─ serve ─────────┴─ server: weather, rates, cut, journal ───┼ sts                  ─── world (change, check, describe, store)
//!                                                                            └ account, config, iam, ram, trail
//! ```
//!
//! It serves the operations that overlord calls, and refuses any other by name. It refuses what AWS refuses. It uses tokio's clock:
//! under a paused clock, hours of AWS pass in milliseconds.

mod account;
mod buckets;
mod change;
mod check;
mod closing;
mod config;
mod connector;
mod contacts;
mod describe;
pub mod ec2;
mod email;
mod iam;
mod input;
mod journal;
mod operation;
mod organizations;
pub mod outside;
mod permissions;
mod protocol;
mod ram;
mod roles;
mod serve;
mod server;
mod service;
mod settings;
mod simulate;
mod store;
mod sts;
mod tagging;
mod token;
mod trail;
mod weather;
mod wire;
pub mod world;

use std::fmt;

pub use config::{Aggregator, Recorder};
pub use contacts::Contacts;
pub use describe::describe;
pub use email::EmailUpdate;
pub use journal::{Effect, Entry, RequestOutcome};
pub use ram::Share;
pub use roles::Role;
use service::Service;

pub use serve::{Server, serve};
pub use server::{DropResponse, Sandbox};
pub use store::lock_of;
pub use weather::{ConcurrentWrites, ServerRates, Weather};
pub use wire::{Answer, Request};
pub use world::{Account, AccountState, FeatureSet, Joined, OptIn, OrganizationalUnit, Policy, TypeStatus, World};

/// Every operation that the sandbox serves, such as `ec2:CreateVpc`.
pub fn operations() -> Vec<String> {
    let all = Service::ALL.iter().flat_map(|service| service.model().operations().map(move |(name, _)| (service, name)));
    all.map(|(service, name)| format!("{}:{name}", service.as_str())).collect()
}

/// Why a sandbox cannot be opened, saved or served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SandboxError {
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl SandboxError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for SandboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SandboxError {}
