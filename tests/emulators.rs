//! The tests of the built program, and those that need more than Rust: moto and boto3 (Python 3), and Chromium. A missing tool is an error that says
//! what to install.
//!
//! One binary, as `hermetic.rs`: `cargo test --test emulators cli::` runs a part.

mod book;
mod cli;
mod conformance;
mod contract;
mod drift;
mod harness;
mod live;
#[path = "support/pipeline.rs"]
mod pipeline;
mod report;
/// The part of `sandbox/` whose clients are written in Python.
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails")]
mod sandbox {
    #[allow(dead_code, reason = "most of it serves the other parts")]
    mod common;
    mod terraform;
}
mod support;
mod workflows;
