//! Policy documents: parsing, canonical form, minified text, size. Pure.
//!
//! `config` parses the files under `policies/` with positions for its diagnostics; the reader of live documents brings theirs into
//! the same form. Two documents that mean the same by AWS's own rules are thus equal values, and the diff needs no hook for policies.

mod canonical;
mod document;
mod strict;

pub use canonical::canonical;
pub use document::{Document, ParseError};
