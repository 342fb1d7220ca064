//! Renders values as text, Markdown and JSON. Pure: values in, text out. The JSON of a plan is its serialized form: a program reads exactly
//! what `apply` runs.

pub mod annotations;
pub mod comment;
pub mod compliance;
mod cost;
pub mod diagnostic;
mod difference;
pub mod doctor;
pub mod drift;
pub mod effective;
mod findings;
mod fold;
pub mod graph;
pub mod html;
pub mod impact;
pub mod inventory;
pub mod invitations;
pub mod lint;
pub mod markdown;
mod markup;
pub mod network;
pub mod network_svg;
pub mod policy;
mod renames;
pub mod report;
pub mod simulated;
mod style;
pub mod suite;
pub mod survey;
pub mod text;
mod vpcs;
mod words;
mod wrap;
mod xml;

pub(crate) use crate::escape::one_line as plain;
pub use comment::Comment;
pub use style::Style;
pub(crate) use words::{duration, things};
pub use wrap::wrap;
pub use xml::Xml;
