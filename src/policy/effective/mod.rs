//! Management policies (tags, backups, opt-outs, …), which configure instead of allowing or denying: their documents, and the merged policies
//! that an account inherits. Pure, offline.
//!
//! ```text
//! text ─ tree ─► Tree ─ check ─► Mistake                     what AWS refuses, and what has no documented meaning
//!                  └─ inheritance ─ merge ─► Effective ─ compare ─► Difference        from AWS's own answer
//! ```
//!
//! Source of the rules, as of 2026-11-20: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_inheritance_mgmt.html>
//! and the pages below it. Where they say nothing, overlord does not guess: the result carries a [`Doubt`].

mod check;
mod compare;
mod merge;
mod tree;

pub use check::{Mistake, check};
pub use compare::{Difference, compare};
pub use merge::{Attached, Doubt, Effective, Ignored, Level, Place, Setting, Why, merge};
pub use tree::{Allowed, Node, Operation, Tree, Verb};
