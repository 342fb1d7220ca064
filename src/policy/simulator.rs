//! Builds questions to IAM's policy simulator about a request under service control policies, and compares its answers with overlord's
//! decision. Pure: `resource` sends them.
//!
//! Each question has an identity policy that allows everything, so that only guardrails can deny. The simulator answers yes or no and has no
//! "unknown". The two are compared only where overlord's decision is certain.
//!
//! Source: the IAM user guide, "IAM policy testing with the IAM policy simulator" and "How to simulate policies", and the reference of
//! SimulateCustomPolicy.

use std::collections::BTreeMap;

use crate::address::Address;

use super::catalogue::Catalogue;
use super::condition::Condition;
use super::context::Fact;
use super::evaluate::{Decision, Exemption, LevelRuling, Outcome, Side};
use super::hierarchy::{Family, Hierarchy};
use super::operator::{Comparison, Quantifier};
use super::question::{Evaluator, Question};
use super::request::Place;
use super::truth::Truth;

/// The caller if a question leaves it open: a certain decision holds for everybody.
const ANYBODY: &str = "role/anybody";
/// The ids of accounts that are not there yet: any will do where the decision is certain whatever they are.
const NO_ACCOUNT: &str = "000000000000";
const ANOTHER_ACCOUNT: &str = "000000000001";

/// A request as the simulator takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// The ARN of the calling user or role.
    pub caller: String,
    /// The action.
    pub action: String,
    /// The resource's ARN; `None` for any.
    pub resource: Option<String>,
    /// The condition keys that have values.
    pub context: Vec<Entry>,
    /// The levels, root first, with the text of each policy.
    pub levels: Vec<(Address, Vec<String>)>,
}

/// A condition key with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Of which type its values are, as the API spells it: `string`, `ipList`, …
    pub kind: &'static str,
    /// The values.
    pub values: Vec<String>,
}

/// Why the simulator cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unaskable {
    /// No service control policies bind the request.
    Unbound(Exemption),
    /// The action has wildcards.
    Action,
    /// The resource has wildcards.
    Resource,
    /// The caller is no whole ARN of a user or a role.
    Principal,
    /// What a policy says is not known.
    Policy(String),
    /// Nothing is attached to a level, and the simulator takes none that is empty.
    EmptyLevel(Address),
}

impl Unaskable {
    /// Why, and what to do, as the end of a sentence.
    pub fn why(&self) -> String {
        match self {
            Self::Unbound(exemption) => format!("{}, and the simulator knows no other guardrails", exemption.why()),
            Self::Action => "it takes no wildcards in an action: name one".to_owned(),
            Self::Resource => "it takes no wildcards in a resource: name one with --resource, or none".to_owned(),
            Self::Principal => {
                "it takes only users and roles by their full names: give --principal role/NAME or user/NAME, or none".to_owned()
            }
            Self::Policy(name) => format!("the content of the policy `{name}` is unknown"),
            Self::EmptyLevel(level) => format!("no service control policy is attached to {level}, and it takes no such level"),
        }
    }
}

/// What the simulator said of all levels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulated {
    /// Whether the service control policies allow the request.
    pub passes: bool,
    /// The whole decision in AWS's spelling: `allowed`, `explicitDeny` or `implicitDeny`.
    pub decision: String,
}

/// The answer, compared with the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The question.
    pub simulation: Simulation,
    /// What was decided here of the service control policies alone.
    pub computed: Outcome,
    /// What AWS said.
    pub simulated: Simulated,
    /// The levels, each sent separately, on which AWS disagrees, with AWS's verdict. Sent only if the two overall verdicts disagree.
    pub levels: Vec<(Address, bool)>,
}

impl Verification {
    /// Whether the two agree; `None` where the decision here hinges on what is not known.
    pub fn agrees(&self) -> Option<bool> {
        match self.computed {
            Outcome::Unknown => None,
            Outcome::WithinGuardRails => Some(self.simulated.passes),
            Outcome::ExplicitDeny | Outcome::ImplicitDeny => Some(!self.simulated.passes),
        }
    }
}

/// What is known besides the question.
pub struct Known<'k> {
    /// The organization, with the account's id where it has one.
    pub hierarchy: &'k Hierarchy,
    /// The organization's own id; it counts only for accounts that are there.
    pub organization: &'k str,
    /// Which actions take no resource.
    pub catalogue: &'k Catalogue,
    /// What is uploaded of a policy.
    pub text: &'k dyn Fn(&str) -> Option<String>,
}

/// The question, and the decision to compare the answer with: that of the service control policies only.
///
/// # Errors
/// The simulator cannot be asked that.
pub fn simulation(question: &Question, known: &Known<'_>) -> Result<(Simulation, Decision), Unaskable> {
    let mut hierarchy = known.hierarchy.clone();
    hierarchy.families.retain(|family| *family == Family::Scp);
    let mut asked = question.clone();
    let Place::Member(account) = &question.account else { return Err(Unaskable::Unbound(unbound(question, &hierarchy, known.catalogue))) };
    // Which path the simulator fills in is not documented, nor which organization it does for an account that is not there yet.
    let paths = ["aws:PrincipalOrgPaths", "aws:ResourceOrgPaths"];
    let ids = ["aws:PrincipalOrgID", "aws:ResourceOrgID"].into_iter().filter(|_| !hierarchy.ids.contains_key(account));
    for key in paths.into_iter().chain(ids).filter(|key| !says(question, key)) {
        asked.facts.push((key.to_owned(), Fact::Unknown));
    }
    let evaluator = Evaluator::new(&hierarchy, known.catalogue);
    let decision = evaluator.decide(&asked);
    if let Side::Exempt(exemption) = decision.scp {
        return Err(Unaskable::Unbound(exemption));
    }
    let has_wildcard = |text: &str| text.contains(['*', '?']);
    if has_wildcard(&question.action) {
        return Err(Unaskable::Action);
    }
    let resource = question.resource.clone().filter(|_| !known.catalogue.takes_no_resource(&question.action));
    if resource.as_deref().is_some_and(has_wildcard) {
        return Err(Unaskable::Resource);
    }
    let caller = caller(question, hierarchy.ids.get(account).map_or(NO_ACCOUNT, String::as_str))?;
    let levels = hierarchy.chain(account).into_iter().map(|(address, level)| {
        let texts =
            level.scps.iter().map(|attached| (known.text)(&attached.name).ok_or_else(|| Unaskable::Policy(attached.name.to_string())));
        let texts: Vec<String> = texts.collect::<Result<_, _>>()?;
        if texts.is_empty() { Err(Unaskable::EmptyLevel(address.clone())) } else { Ok((address.clone(), texts)) }
    });
    let levels = levels.collect::<Result<_, _>>()?;
    let context = context(question, known.organization, &evaluator, account, &caller);
    Ok((Simulation { caller, action: question.action.clone(), resource, context, levels }, decision))
}

fn unbound(question: &Question, hierarchy: &Hierarchy, catalogue: &Catalogue) -> Exemption {
    match question.decide(hierarchy, catalogue).scp {
        Side::Exempt(exemption) => exemption,
        Side::Levels(_) => Exemption::Outside,
    }
}

fn says(question: &Question, key: &str) -> bool {
    question.facts.iter().any(|(given, _)| given.eq_ignore_ascii_case(key))
}

fn caller(question: &Question, id: &str) -> Result<String, Unaskable> {
    let named = question.principal.as_deref().unwrap_or(ANYBODY);
    let is_short = named.starts_with("role/") || named.starts_with("user/");
    let arn = if is_short { format!("arn:aws:iam::{id}:{named}") } else { named.to_owned() };
    let is_identity = arn.split(':').nth(2) == Some("iam") && (arn.contains(":role/") || arn.contains(":user/"));
    if is_identity && !arn.contains(['*', '?']) { Ok(arn) } else { Err(Unaskable::Principal) }
}

/// The keys that the question gives, and those that follow from the organization and that the simulator does not fill in itself: of the
/// caller it knows the account and the organization.
fn context(question: &Question, organization: &str, evaluator: &Evaluator<'_>, account: &Address, caller: &str) -> Vec<Entry> {
    let hierarchy = evaluator.hierarchy;
    let given = question.facts.iter().filter_map(|(key, fact)| match fact {
        Fact::Known(values) => Some((key.clone(), values.clone())),
        Fact::Absent | Fact::Unknown => None,
    });
    let id = |address: &Address| hierarchy.ids.get(address).cloned();
    let owner = match evaluator.owner(question) {
        Place::Member(owner) if owner == *account => Some(id(&owner).unwrap_or_else(|| NO_ACCOUNT.to_owned())),
        Place::Member(owner) => Some(id(&owner).unwrap_or_else(|| ANOTHER_ACCOUNT.to_owned())),
        Place::Management => Some(hierarchy.management.clone()),
        Place::Outside => None,
    };
    let principal = question.principal.as_ref().map(|_| caller.to_owned());
    let owned_by = owner.as_ref().filter(|_| hierarchy.ids.contains_key(account)).map(|_| organization.to_owned());
    let follows = [
        ("aws:PrincipalArn", principal),
        ("aws:PrincipalIsAWSService", Some("false".to_owned())),
        ("aws:ResourceAccount", owner),
        ("aws:ResourceOrgID", owned_by),
    ];
    let follows = follows.into_iter().filter(|(key, _)| !says(question, key));
    let known = given.chain(follows.filter_map(|(key, value)| Some((key.to_owned(), vec![value?]))));
    let looks = snapshot(hierarchy, account);
    known.map(|(key, values)| Entry { kind: kind(&key, &values, &looks), key, values }).collect()
}

/// How the policies above an account look at condition keys, by key in lower case: as what, and whether as at a list.
fn snapshot(hierarchy: &Hierarchy, account: &Address) -> BTreeMap<String, (Comparison, bool)> {
    let mut looks = BTreeMap::new();
    let policies = hierarchy.chain(account).into_iter().flat_map(|(_, level)| &level.scps).filter_map(|attached| attached.policy.as_ref());
    for Condition { operator, folded, .. } in policies.flat_map(|policy| &policy.statements).flat_map(|statement| &statement.conditions) {
        if operator.value.comparison != Comparison::Null {
            let is_list = operator.value.quantifier != Quantifier::Single;
            let look = looks.entry(folded.clone()).or_insert((operator.value.comparison, is_list));
            look.1 |= is_list;
        }
    }
    looks
}

/// The type that the simulator wants to hear: a document does not say the type of a key, but how it is compared.
fn kind(key: &str, values: &[String], looks: &BTreeMap<String, (Comparison, bool)>) -> &'static str {
    let (comparison, is_list) = looks.get(&key.to_lowercase()).copied().unwrap_or((Comparison::String, false));
    let [single, list] = match comparison {
        Comparison::Numeric(_) => ["numeric", "numericList"],
        Comparison::Date(_) => ["date", "dateList"],
        Comparison::Bool => ["boolean", "booleanList"],
        Comparison::Binary => ["binary", "binaryList"],
        Comparison::IpAddress => ["ip", "ipList"],
        Comparison::String | Comparison::StringIgnoreCase | Comparison::StringLike | Comparison::Arn | Comparison::Null => {
            ["string", "stringList"]
        }
    };
    if is_list || values.len() > 1 { list } else { single }
}

/// The levels of a decision on which AWS disagrees, with AWS's verdict. Levels with an unknown verdict are left out.
pub fn differing(decision: &Decision, by_level: &[(Address, bool)]) -> Vec<(Address, bool)> {
    let Side::Levels(rulings) = &decision.scp else { return Vec::new() };
    let here: BTreeMap<&Address, Truth> = rulings.iter().map(|ruling| (&ruling.level, LevelRuling::passes(ruling))).collect();
    let differs = |(level, passes): &&(Address, bool)| match here.get(level) {
        Some(Truth::Unknown) | None => false,
        Some(told) => *told != Truth::from(*passes),
    };
    by_level.iter().filter(differs).cloned().collect()
}
