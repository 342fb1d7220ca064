//! Converts the policies of an organization for the policy engine: from the resources of a configuration, or from live ones. Pure.
//!
//! `policy` knows neither resources nor configurations, so that it can be read and tested alone.

mod hierarchy;
mod inheritance;

pub(crate) use hierarchy::live_hierarchy;
pub use hierarchy::{hierarchy, hierarchy_of};
pub use inheritance::Inheritance;
