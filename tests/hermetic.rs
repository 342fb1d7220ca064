//! The tests that need nothing but Rust: no server of others, no Python, no browser. `cargo test --lib --test hermetic` runs them and the unit tests.
//!
//! One binary, since each binary links the AWS SDK again: a module is what was a test target of its own. A part runs by its path:
//! `cargo test --test hermetic scenarios::`.

mod connections;
mod docs;
mod errors;
mod every_kind;
mod example;
mod kind_names;
mod network_kinds;
mod network_regressions;
#[path = "support/pipeline.rs"]
mod pipeline;
mod plain_english;
mod policy;
mod properties;
mod regressions;
mod sandbox;
mod scenarios;
mod shape;
