//! The embedded AWS, as an SDK client sees it: the real client in process is the contract.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a panic is how a test fails, in its helpers too")]

mod attributes;
mod common;
mod conditions;
mod config;
mod connections;
mod ec2;
mod ec2_refusals;
mod ec2_slow;
mod handshakes;
mod leaving;
mod organization;
mod persistence;
mod random;
mod refusals;
mod roles;
mod sts_and_account;
mod tcp;
mod trail;
mod weather;
