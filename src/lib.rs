//! Overlord bootstraps AWS accounts and keeps them compliant, from one declarative `org.toml`.
//!
//! ```text
//! org.toml ─┐                                    ┌─► text · JSON · Markdown            (render)
//! policies/ ├─ config ─► desired ─┐              │
//!           │                     ├─ diff ─► changes ─ graph ─► Plan ─┴─ approve ─► apply ─► outcomes
//! AWS ──────┴─ snapshot ─► live ──┘
//! ```
//!
//! The modules below are listed in layers, the lowest first: a module uses only modules of lower layers. A test enforces that
//! (`tests/shape.rs`). A pure module neither awaits nor uses an AWS client. All modules are pure except `aws`, `resource`, `sandbox`,
//! `snapshot`, `apply`, `doctor` and `cli`. There is no state file: AWS is the state.

// Words and values that know nothing of each other.
pub mod address;
pub mod diagnostic;
pub mod escape;
pub mod files;
pub mod limits;
mod plural;

// AWS as a client sees it, policy documents, address arithmetic, and prices.
pub mod aws;
pub mod network;
pub mod policy;
pub mod prices;

// The embedded AWS.
pub mod sandbox;

// The kinds of resources, and their desired and live state.
pub mod resource;

// One change; the guardrails of an organization; what a configuration needs to be allowed.
pub mod change;
pub mod guardrails;
pub mod permissions;

// What differs, and what networks cost.
pub mod cost;
pub mod diff;

// The order of changes.
pub mod graph;

// The plan, and the live state that it is made of.
pub mod plan;
pub mod snapshot;

// The plan applied.
pub mod apply;

// The plan as findings.
pub mod drift;

// org.toml and policies/.
pub mod config;

// Commands that combine a configuration with the live state.
pub mod ci;
pub mod doctor;
pub mod import;
pub mod starter;

// The organization as one value.
pub mod report;

// Text, Markdown, JSON, HTML and SVG.
pub mod render;

// The commands.
pub mod cli;
