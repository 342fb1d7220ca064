//! The built binary as a user meets it: exit statuses, streams, formats, consent, interruption, the trace, and how plans look.
//! `SNAPSHOTS=overwrite cargo test --test emulators cli::` writes the expected renderings anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod before;
mod between;
mod case;
mod catalogue;
mod consent;
mod credentials;
mod doctor;
mod editors;
mod email;
mod exit;
mod files;
mod frameworks;
mod graph;
mod hostile;
mod impact;
mod import;
mod init;
mod interrupt;
mod inventory;
mod invite;
mod live;
mod lock;
mod man;
mod network;
mod policy;
mod rehearse;
mod sandbox;
mod saved;
mod snapshots;
mod streams;
mod trace;
mod width;
