//! Policy documents: parsing, canonical form, minified text, size; and what service and resource control policies decide. Pure.
//!
//! ```text
//! text ─ strict ─ canonical ─► Document                          what is uploaded and compared, of every type
//! text ─ json ─ parse ─► Policy ─ Hierarchy ─ evaluate ─► Decision       what SCPs and RCPs let pass
//!                          ├─ lint ─► Finding                     what their author hardly meant
//!                          ├─ restrictions ─► Restriction         what is denied to which accounts
//!                          └─ two of them ─ impact ─► Impact      what a change takes from whom, and gives to whom
//! Framework ─ generate ─► Document, and Hierarchy ─ matrix ─► Matrix      which accounts are restricted to which lists of services
//! Document ─ pack ─► Documents that fit                          of what is too long or too many
//! text ─ effective ─► Effective                                 what comes of policies of all other types that are inherited
//! ```
//!
//! `config` parses the files under `policies/` with positions for its diagnostics; the reader of live documents brings theirs into
//! the same form. Two documents that mean the same by AWS's own rules are thus equal values, and the diff needs no hook for policies.

mod arns;
mod canonical;
mod catalogue;
mod classes;
mod condition;
mod context;
mod document;
pub mod effective;
mod evaluate;
pub mod framework;
mod global_services;
mod grammar;
mod hierarchy;
mod impact;
mod json;
mod lint;
mod operator;
mod pack;
mod parse;
mod pattern;
mod question;
mod request;
mod services;
mod simulator;
mod statement;
mod strict;
mod suite;
mod survey;
mod time;
mod truth;
mod work;

pub use canonical::canonical;
pub use catalogue::{CATALOGUE, Catalogue, INDEX, ReferenceError};
pub use condition::{Condition, Operand};
pub use context::{Context, Fact};
pub use document::{Document, ParseError, characters};
pub use evaluate::{Cause, Decision, Exemption, LevelRuling, Outcome, Side, decide};
pub use global_services::{GLOBAL_SERVICES, GlobalServices};
pub use hierarchy::{Attached, Family, Hierarchy, Level};
pub use impact::{
    Group, Impact, Lockout, OfService, RequiredAccess, Restriction, Road, Selection, Shift, Typical, Verdict, impact, lockouts,
    restrictions, verdicts,
};
pub use lint::{Example, Finding, RULES, Rule, Setting, Subject, lint};
pub use operator::{Comparison, Operator, Order, Quantifier, Sense};
pub use pack::{Origin, Packed, Part, Room, Unpackable, pack, split};
pub use parse::Problem;
pub use pattern::{Case, Pattern, Variable, Variables, Wildcards, is_known, question};
pub use question::{Evaluator, Question, find_place};
pub use request::{Place, Principal, Request, account_id, complete};
pub use services::{RCP_SERVICES, RcpServices};
pub use simulator::{Entry, Known, Simulated, Simulation, Unaskable, Verification, differing, simulation};
pub use statement::{Effect, Form, Placed, Policy, Principals, Selector, Statement, Version};
pub use suite::{Expectation, Expected, Failure, Test, TestResult};
pub use survey::{Answered, survey};
pub use truth::Truth;
