//! What real AWS answers, and what stands in for it. `recording.rs`: what `--record` writes has nothing real in it, and is replayed.
//! `tiers.rs`: the opt-in suite against a real organization, and the same suite against the sandbox and moto (docs/live.md).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod recording;
mod target;
mod tiers;
