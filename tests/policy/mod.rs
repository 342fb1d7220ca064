//! The evaluator of guardrails: against a second one, against its laws, and against cases from AWS's documentation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[path = "../fuzz/body.rs"]
mod body;

mod binary;
mod conformance;
mod fuzz;
mod generate;
mod impact;
mod inheritance;
mod laws;
mod oracle;
mod simulator;
mod survey;
