//! Overlord bootstraps AWS accounts and keeps them compliant, from one declarative `org.toml`.
//!
//! ```text
//! org.toml ─┐                                    ┌─► text · JSON · Markdown            (render)
//! policies/ ├─ config ─► desired ─┐              │
//!           │                     ├─ diff ─► changes ─ graph ─► Plan ─┴─ approve ─► apply ─► outcomes
//! AWS ──────┴─ snapshot ─► live ──┘
//! ```
//!
//! The modules below stand in reading order. `ci`, `config`, `network`, `diff`, `drift`, `graph`, `import`, `plan`, `policy`,
//! `render`, `report`, `starter` and `apply::schedule` are pure: they neither await nor know an AWS client. There is no state file: AWS is the state.

pub mod address;
pub mod apply;
pub mod aws;
pub mod ci;
pub mod cli;
pub mod config;
pub mod cost;
pub mod diagnostic;
pub mod diff;
pub mod doctor;
pub mod drift;
pub mod escape;
pub mod files;
pub mod graph;
pub mod import;
pub mod limits;
pub mod network;
pub mod permissions;
pub mod plan;
mod plural;
pub mod policy;
pub mod render;
pub mod report;
pub mod resource;
pub mod sandbox;
pub mod snapshot;
pub mod starter;
