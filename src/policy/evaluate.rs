//! Evaluates the guardrails of the caller's account and of the resource's account, level by level.
//!
//! Sources: the Organizations user guide, "SCP evaluation", "RCP evaluation" and the lists of what neither restricts.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::address::Address;
use crate::policy::levels;

use super::hierarchy::{Family, Hierarchy, Level};
use super::request::{Place, Principal, Request};
use super::services::RCP_SERVICES;
use super::statement::{Effect, Statement};
use super::truth::Truth;

/// What the guardrails say of a request. They grant nothing: that is up to policies inside of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// They allow it.
    WithinGuardRails,
    /// A Deny matches.
    ExplicitDeny,
    /// A level has no Allow that matches.
    ImplicitDeny,
    /// It hinges on something that is not known.
    Unknown,
}

impl Outcome {
    /// As the end of a sentence about an action.
    pub fn says(self) -> &'static str {
        match self {
            Self::WithinGuardRails => "is within the guardrails",
            Self::ExplicitDeny => "is explicitly denied",
            Self::ImplicitDeny => "is implicitly denied",
            Self::Unknown => "may or may not pass",
        }
    }

    /// A word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::WithinGuardRails => "within-guard-rails",
            Self::ExplicitDeny => "explicit-deny",
            Self::ImplicitDeny => "implicit-deny",
            Self::Unknown => "unknown",
        }
    }
}

/// A statement of a policy at a level.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// Of which family.
    pub family: Family,
    /// Where the policy is attached.
    pub level: Address,
    /// The policy; `None` where a level has no Allow that matches, which no policy is the cause of.
    pub policy: Option<Arc<str>>,
    /// The statement's number, from 0, and how people call it.
    pub statement: Option<(usize, String)>,
}

impl Cause {
    /// What decided, in words.
    pub fn says(&self, outcome: Outcome) -> String {
        let level = self.level_name();
        match (&self.policy, &self.statement) {
            (Some(policy), Some((_, title))) => format!("`{title}` of the policy `{policy}`, attached to {level}"),
            (Some(policy), None) => format!("the content of the policy `{policy}` is unknown; it is attached to {level}"),
            (None, _) => {
                let does = if outcome == Outcome::Unknown { "may allow" } else { "allows" };
                format!("no {} attached to {level} {does} it", self.family.word())
            }
        }
    }

    /// Its level as people say it.
    pub fn level_name(&self) -> String {
        if levels::is_root(&self.level) {
            "the root".to_owned()
        } else if levels::is_unit(&self.level) {
            format!("the OU `{}`", self.level.key())
        } else {
            format!("the account `{}`", self.level.key())
        }
    }
}

/// The decision, and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What they say.
    pub outcome: Outcome,
    /// What decided: the first Deny from the root down, or the first level without an Allow. Of what passes, nothing; of an unknown,
    /// what it hinges on first.
    pub cause: Option<Cause>,
    /// What is not known and would decide: condition keys, `the action`, `the resource`.
    pub hinges_on: BTreeSet<String>,
    /// The guardrails of the caller's account.
    pub scp: Side,
    /// The guardrails of the resource's account.
    pub rcp: Side,
}

/// One family's guardrails.
#[derive(Debug, Clone, PartialEq)]
pub enum Side {
    /// They do not bind this request.
    Exempt(Exemption),
    /// Level by level, root first.
    Levels(Vec<LevelRuling>),
}

/// Why guardrails do not bind a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exemption {
    /// The management account is bound by none.
    ManagementAccount,
    /// The account is outside of the organization.
    Outside,
    /// Service-linked roles are bound by none.
    ServiceLinkedRole,
    /// Service principals are bound by no service control policy.
    ServicePrincipal,
    /// Resource control policies do not reach the action's service.
    OtherService,
    /// The organization uses no policies of the type.
    NotUsed,
}

impl Exemption {
    /// Why, in a sentence's end.
    pub fn why(self) -> &'static str {
        match self {
            Self::ManagementAccount => "the management account is not bound by them",
            Self::Outside => "the account is outside of the organization",
            Self::ServiceLinkedRole => "service-linked roles are not bound by them",
            Self::ServicePrincipal => "AWS's services are not bound by them",
            Self::OtherService => "they do not apply to this action",
            Self::NotUsed => "none are declared",
        }
    }
}

/// What one level says.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelRuling {
    /// The level.
    pub level: Address,
    /// Whether an Allow that is attached here matches.
    pub allows: Truth,
    /// The first Allow that matches, or may.
    pub allowed_by: Option<Cause>,
    /// The Denies that match, or may.
    pub denies: Vec<(Cause, Truth)>,
}

/// Decides a request.
pub fn decide(request: &Request, hierarchy: &Hierarchy) -> Decision {
    let mut hinges_on = BTreeSet::new();
    let scp = match scp_binds(request, hierarchy) {
        Ok(account) => Side::Levels(rulings(request, Family::Scp, account, hierarchy, &mut hinges_on)),
        Err(exemption) => Side::Exempt(exemption),
    };
    let (rcp, applies) = match rcp_binds(request, hierarchy) {
        Ok((account, applies)) => (Side::Levels(rulings(request, Family::Rcp, account, hierarchy, &mut hinges_on)), applies),
        Err(exemption) => (Side::Exempt(exemption), Truth::True),
    };
    if applies == Truth::Unknown {
        hinges_on.insert("the action".to_owned());
    }
    let (outcome, cause) = conclude(&scp, &rcp, applies);
    if outcome != Outcome::Unknown {
        hinges_on.clear();
    }
    Decision { outcome, cause, hinges_on, scp, rcp }
}

/// The account whose service control policies bind the caller.
fn scp_binds<'r>(request: &'r Request, hierarchy: &Hierarchy) -> Result<&'r Address, Exemption> {
    match &request.principal {
        Principal::Service => Err(Exemption::ServicePrincipal),
        Principal::ServiceLinkedRole(_) => Err(Exemption::ServiceLinkedRole),
        Principal::Of(place) => member(place, Family::Scp, hierarchy),
    }
}

/// The account whose resource control policies bind the request, and whether they reach its action.
fn rcp_binds<'r>(request: &'r Request, hierarchy: &Hierarchy) -> Result<(&'r Address, Truth), Exemption> {
    let account = member(&request.owner, Family::Rcp, hierarchy)?;
    if let Principal::ServiceLinkedRole(_) = request.principal {
        return Err(Exemption::ServiceLinkedRole);
    }
    match RCP_SERVICES.restrict(&request.action) {
        Truth::False => Err(Exemption::OtherService),
        applies => Ok((account, applies)),
    }
}

fn member<'p>(place: &'p Place, family: Family, hierarchy: &Hierarchy) -> Result<&'p Address, Exemption> {
    match place {
        Place::Management => Err(Exemption::ManagementAccount),
        Place::Outside => Err(Exemption::Outside),
        Place::Member(_) if !hierarchy.families.contains(&family) => Err(Exemption::NotUsed),
        Place::Member(account) => Ok(account),
    }
}

fn rulings(
    request: &Request,
    family: Family,
    account: &Address,
    hierarchy: &Hierarchy,
    hinges_on: &mut BTreeSet<String>,
) -> Vec<LevelRuling> {
    hierarchy.chain(account).into_iter().map(|(address, level)| ruling(request, family, address, level, hinges_on)).collect()
}

fn ruling(request: &Request, family: Family, address: &Address, level: &Level, hinges_on: &mut BTreeSet<String>) -> LevelRuling {
    let mut ruling = LevelRuling { level: address.clone(), allows: Truth::False, allowed_by: None, denies: Vec::new() };
    let (mut of_allows, mut of_denies) = (BTreeSet::new(), BTreeSet::new());
    for attached in level.attached(family) {
        let cause = |statement: Option<&Statement>| Cause {
            family,
            level: address.clone(),
            policy: Some(Arc::clone(&attached.name)),
            statement: statement.map(|s| (s.index, s.title())),
        };
        let Some(policy) = &attached.policy else {
            for (effect, hinges) in [(Effect::Allow, &mut of_allows), (Effect::Deny, &mut of_denies)] {
                ruling.note(effect, Truth::Unknown, || cause(None));
                hinges.insert(format!("what the policy `{}` says", attached.name));
            }
            continue;
        };
        for statement in &policy.statements {
            let matches = statement.matches(&request.action, &request.resource, &request.context);
            if matches == Truth::Unknown {
                let hinges = match statement.effect.value {
                    Effect::Allow => &mut of_allows,
                    Effect::Deny => &mut of_denies,
                };
                hinges.extend(statement.hinges_on(&request.action, &request.resource, &request.context));
            }
            ruling.note(statement.effect.value, matches, || cause(Some(statement)));
        }
    }
    // Beside an Allow that matches, one that may changes nothing.
    if ruling.allows == Truth::Unknown {
        hinges_on.append(&mut of_allows);
    }
    hinges_on.append(&mut of_denies);
    ruling
}

impl LevelRuling {
    fn note(&mut self, effect: Effect, matches: Truth, cause: impl FnOnce() -> Cause) {
        match (effect, matches) {
            (Effect::Allow | Effect::Deny, Truth::False) => {}
            (Effect::Allow, matches) => {
                if matches > self.allows {
                    self.allows = matches;
                    self.allowed_by = Some(cause());
                }
            }
            (Effect::Deny, matches) => self.denies.push((cause(), matches)),
        }
    }

    /// Whether this level allows the request.
    pub fn passes(&self) -> Truth {
        self.allows.and(!Truth::any(self.denies.iter().map(|(_, matches)| *matches)))
    }
}

impl Side {
    fn levels(&self) -> &[LevelRuling] {
        match self {
            Self::Exempt(_) => &[],
            Self::Levels(levels) => levels,
        }
    }
}

/// A Deny decides first, of whichever family; then a level without an Allow; then what is not known.
fn conclude(scp: &Side, rcp: &Side, rcp_applies: Truth) -> (Outcome, Option<Cause>) {
    let levels = || {
        scp.levels()
            .iter()
            .map(|level| (Family::Scp, Truth::True, level))
            .chain(rcp.levels().iter().map(|level| (Family::Rcp, rcp_applies, level)))
    };
    let denies = |wanted: Truth| {
        levels()
            .flat_map(move |(_, applies, level)| level.denies.iter().filter(move |(_, matches)| matches.and(applies) == wanted))
            .map(|(cause, _)| cause.clone())
            .next()
    };
    let silent = |family, level: &LevelRuling| Cause { family, level: level.level.clone(), policy: None, statement: None };
    let lacks = |wanted: Truth| {
        levels()
            .find(|(_, applies, level)| (!level.allows).and(*applies) == wanted)
            .map(|(family, _, level)| level.allowed_by.clone().unwrap_or_else(|| silent(family, level)))
    };
    if let Some(cause) = denies(Truth::True) {
        return (Outcome::ExplicitDeny, Some(cause));
    }
    if let Some(cause) = lacks(Truth::True) {
        return (Outcome::ImplicitDeny, Some(cause));
    }
    match denies(Truth::Unknown).or_else(|| lacks(Truth::Unknown)) {
        Some(cause) => (Outcome::Unknown, Some(cause)),
        None => (Outcome::WithinGuardRails, None),
    }
}
