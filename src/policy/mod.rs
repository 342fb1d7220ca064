//! Policy documents: parsing, canonical form, minified text, size; and the evaluation of service and resource control policies. Pure.
//!
//! ```text
//! text ─ strict ─ canonical ─► Document                          the form that is uploaded and compared, for every type
//! text ─ json ─ parse ─► Policy ─ Hierarchy ─ evaluate ─► Decision       what SCPs and RCPs allow
//!                          ├─ lint ─► Finding                     probable mistakes
//!                          ├─ restrictions ─► Restriction         what is denied, per class of accounts
//!                          └─ two of them ─ impact ─► Impact      the permissions that accounts gain and lose
//! Framework ─ generate ─► Document, and Hierarchy ─ matrix ─► Matrix      which accounts are restricted to which lists of services
//! Document ─ pack ─► Documents that fit                          splits and merges documents that exceed limits
//! text ─ effective ─► Effective                                 the merged policies of all other types
//! ```
//!
//! `config` parses the files under `policies/` with positions for its diagnostics. The reader of live documents converts them to the same
//! form. Two documents that mean the same by AWS's rules are equal values, so the diff needs no special case for policies.

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
mod levels;
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
