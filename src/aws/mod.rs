//! AWS: the request gate that every request passes, the sessions that create clients, and errors that say what to do.
//!
//! Resource kinds call plain SDK operations. Of this module they know only [`Error`] and the clients that [`Sessions`] returns.

mod active_tasks;
mod error;
mod https;
mod interceptors;
#[cfg(test)]
pub(crate) mod mock_transport;
pub mod operations;
mod places;
mod poll;
mod rate_limiter;
pub mod recording;
mod request_gate;
mod retry;
mod sessions;
mod trace;
mod trail;
mod wire;

pub(crate) use active_tasks::{ActiveTasks, while_waiting};
pub use error::{AwsResult, Details, Error, Place, Refusal};
pub use https::https;
pub(crate) use places::IN_FLIGHT;
pub use poll::{Interrupt, Latest, Poll, pause};
pub use request_gate::{Call, Mode, Rates, RequestGate, RequestGateOptions};
pub use sessions::{ASSUME_ROLE, Access, AccessRole, Identity, Sessions, partition_of};
pub use trace::Trace;
pub use trail::{History, LOOK_UP_EVENTS, Lookup, LookupBy, global_events_region, look_up};

/// The EC2 client of one account and Region, as [`Sessions::ec2`] makes it.
pub type Ec2 = aws_sdk_ec2::Client;
