//! The book that docs/ is: it builds, its reference pages are what the program says of itself, and every command that it shows does what it
//! says, here and in README.md. `SNAPSHOTS=overwrite cargo test --test book` writes the reference pages anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

#[path = "../support/mod.rs"]
mod support;

mod build;
mod inline;
mod pages;
mod reference;
mod run;
mod troubleshooting;
