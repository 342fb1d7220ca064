//! The book that docs/ is: it builds, its reference pages are what the program says of itself, and every command that it shows does what it
//! says, here and in README.md. `SNAPSHOTS=overwrite cargo test --test emulators book::` writes the reference pages anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod build;
mod inline;
mod pages;
mod reference;
mod run;
mod troubleshooting;
