//! The policies of an organization as the policy engine takes them: from the resources of a configuration, or of what is live. Pure.
//!
//! `policy` knows neither resources nor configurations, so that it can be read and tested alone.

mod hierarchy;
mod inheritance;

pub(crate) use hierarchy::live_hierarchy;
pub use hierarchy::{hierarchy, hierarchy_of};
pub use inheritance::Inheritance;
