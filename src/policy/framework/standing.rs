//! Which accounts are restricted to which frameworks: evaluates the guardrails above each account for every AWS action.
//!
//! An action that anybody could use under some circumstances counts as open; only a certain deny restricts. overlord's own role is evaluated
//! separately: the result says whether more is open to it. Resource control policies are left out, since a call may reach resources of other
//! organizations.
//!
//! Most levels of an organization are alike, and so are most accounts: each set of attached policies and each path is evaluated once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Framework;
use crate::address::Address;
use crate::policy::catalogue::Catalogue;
use crate::policy::condition::{Condition, Operand};
use crate::policy::context::{Context, Fact};
use crate::policy::hierarchy::{Attached, Family, Hierarchy, Level};
use crate::policy::operator::{Quantifier, Sense};
use crate::policy::pattern::{name, question};
use crate::policy::request::{Place, Principal, complete};
use crate::policy::statement::{Effect, Policy, Statement};
use crate::policy::truth::Truth;

/// Stands, among the exceptions, for services that the list of AWS's actions does not have: those that come tomorrow.
pub const UNLISTED: &str = "a-service-of-tomorrow";

/// Accounts by frameworks.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix<'f> {
    /// The day of the list of AWS's actions, `YYYY-MM-DD`.
    pub actions_as_of: String,
    /// The frameworks, by key.
    pub columns: Vec<Column<'f>>,
    /// The accounts, by address, the management account last.
    pub rows: Vec<Row>,
}

/// A framework.
#[derive(Debug, Clone, PartialEq)]
pub struct Column<'f> {
    /// Which.
    pub framework: &'f Framework,
    /// AWS services that are neither on its list nor among those that every account needs.
    pub outside: usize,
}

/// An account.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// `None` for a management account that org.toml does not have.
    pub account: Option<Address>,
    /// Its parent.
    pub parent: Option<Address>,
    /// Of each framework.
    pub cells: Vec<Cell>,
}

/// The result of an account for a framework.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// For everybody but the role that overlord works through.
    pub standing: Arc<Standing>,
    /// Whether something that is not on the list is open only to that role.
    pub exempts_access_role: bool,
}

/// The result of an account for a framework.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// Guardrails do not bind the management account.
    NotBound,
    /// No action of a service outside of the list can pass.
    Restricted,
    /// Of some services outside of the list no action can pass, and of these some can. Services by prefix; actions without it.
    Exceptions(BTreeMap<String, Opening>),
    /// Of each service outside of the list some action can pass.
    NotRestricted,
}

/// What is open of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The actions that can pass.
    pub actions: Vec<String>,
    /// How many there are.
    pub of: usize,
    /// Whether all of them pass only under some circumstances.
    pub conditional: bool,
}

/// The caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Caller {
    Others,
    AccessRole,
}

/// A service with its actions.
struct Service<'c> {
    prefix: &'c str,
    actions: Vec<&'c str>,
}

/// All of AWS's, and the one of tomorrow.
fn services(catalogue: &Catalogue) -> Vec<Service<'_>> {
    let known = catalogue.prefixes().map(|prefix| {
        let actions = catalogue.of(prefix).unwrap_or_default().iter().map(|action| action.name.as_str()).collect();
        Service { prefix, actions }
    });
    known.chain([Service { prefix: UNLISTED, actions: vec!["Act"] }]).collect()
}

/// Whether each action of each service passes, service by service.
type Answers = Vec<Truth>;

/// The result of every account for every framework.
pub fn matrix<'f>(
    frameworks: &'f BTreeMap<String, Framework>,
    hierarchy: &Hierarchy,
    access_role: &str,
    catalogue: &Catalogue,
) -> Matrix<'f> {
    let mut asker = Asker { hierarchy, access_role, services: services(catalogue), levels: BTreeMap::new(), ways: BTreeMap::new() };
    let lists: Vec<(&Framework, BTreeSet<&str>)> = frameworks.values().map(|framework| (framework, framework.allowed())).collect();
    let outside = |allowed: &BTreeSet<&str>| catalogue.prefixes().filter(|prefix| !allowed.contains(prefix)).count();
    let columns = lists.iter().map(|(framework, allowed)| Column { framework, outside: outside(allowed) }).collect();
    let mut known: BTreeMap<[usize; 2], Vec<Cell>> = BTreeMap::new();
    let (management, members): (Vec<&Address>, Vec<&Address>) = hierarchy.accounts().partition(|account| hierarchy.is_management(account));
    let row = |account: &Address, cells: Vec<Cell>| {
        let parent = hierarchy.levels.get(account).and_then(|level| level.parent.clone());
        Row { account: Some(account.clone()), parent, cells }
    };
    let mut rows = Vec::new();
    for account in members {
        let [others, role] = [Caller::Others, Caller::AccessRole].map(|caller| asker.way(account, caller));
        let cells = || lists.iter().map(|(_, allowed)| cell(&asker.services, allowed, &others.1, &role.1)).collect();
        let cells = known.entry([others.0, role.0]).or_insert_with(cells).clone();
        rows.push(row(account, cells));
    }
    let not_bound = vec![Cell { standing: Arc::new(Standing::NotBound), exempts_access_role: false }; lists.len()];
    rows.push(match management.first() {
        Some(account) => row(account, not_bound),
        None => Row { account: None, parent: None, cells: not_bound },
    });
    Matrix { actions_as_of: catalogue.date().to_owned(), columns, rows }
}

fn cell(services: &[Service<'_>], allowed: &BTreeSet<&str>, others: &Answers, role: &Answers) -> Cell {
    let (mut others, mut role) = (others.iter(), role.iter());
    let mut open = BTreeMap::new();
    let (mut closed, mut exempts_access_role) = (0, false);
    for Service { prefix, actions } in services {
        let answers = actions.iter().zip(others.by_ref().zip(role.by_ref()));
        let answers: Vec<(&str, Truth, Truth)> = answers.map(|(action, (others, role))| (*action, *others, *role)).collect();
        if allowed.contains(prefix) {
            continue;
        }
        exempts_access_role |= answers.iter().any(|(_, others, role)| *others == Truth::False && *role != Truth::False);
        let passing = answers.iter().filter(|(_, others, _)| *others != Truth::False);
        let names: Vec<String> = passing.clone().map(|(action, ..)| (*action).to_owned()).collect();
        if names.is_empty() {
            closed += 1;
            continue;
        }
        let conditional = passing.clone().all(|(_, others, _)| *others == Truth::Unknown);
        open.insert((*prefix).to_owned(), Opening { actions: names, of: actions.len(), conditional });
    }
    let standing = match (open.is_empty(), closed) {
        (true, _) => Standing::Restricted,
        (false, 0) => Standing::NotRestricted,
        (false, _) => Standing::Exceptions(open),
    };
    Cell { standing: Arc::new(standing), exempts_access_role }
}

/// What decides at a level: the names of its policies, which are theirs alone in one hierarchy, and the account, where they ask for it.
type LevelKey = (Vec<Arc<str>>, Option<Address>, Caller);

struct Asker<'h> {
    hierarchy: &'h Hierarchy,
    access_role: &'h str,
    services: Vec<Service<'h>>,
    /// Each with a number.
    levels: BTreeMap<LevelKey, (usize, Arc<Answers>)>,
    /// By the numbers of the levels on the way down, each with a number.
    ways: BTreeMap<BTreeSet<usize>, (usize, Arc<Answers>)>,
}

impl Asker<'_> {
    /// What passes on the way down to an account.
    fn way(&mut self, account: &Address, caller: Caller) -> (usize, Arc<Answers>) {
        let hierarchy = self.hierarchy;
        let binds = hierarchy.families.contains(&Family::Scp);
        let chain = if binds { hierarchy.chain(account) } else { Vec::new() };
        let levels: BTreeMap<usize, Arc<Answers>> = chain.into_iter().map(|(_, level)| self.level(level, account, caller)).collect();
        let (next, all) = (self.ways.len(), self.services.iter().map(|service| service.actions.len()).sum());
        let intersected = || {
            let mut way = vec![Truth::True; all];
            for level in levels.values() {
                way.iter_mut().zip(level.iter()).for_each(|(way, level)| *way = way.and(*level));
            }
            (next, Arc::new(way))
        };
        self.ways.entry(levels.keys().copied().collect()).or_insert_with(intersected).clone()
    }

    /// What passes a level.
    fn level(&mut self, level: &Level, account: &Address, caller: Caller) -> (usize, Arc<Answers>) {
        let attached = level.attached(Family::Scp);
        let asks = attached.iter().filter_map(|attached| attached.policy.as_deref()).any(asks_for_account);
        let mut policies: Vec<Arc<str>> = attached.iter().map(|attached| Arc::clone(&attached.name)).collect();
        policies.sort_unstable();
        let key = (policies, asks.then(|| account.clone()), caller);
        if let Some(known) = self.levels.get(&key) {
            return known.clone();
        }
        let rules = Rules::of(attached, caller, self.access_role, &self.context(asks.then_some(account), caller));
        let answers: Answers = self.services.iter().flat_map(|service| rules.of_service(service)).collect();
        let found = (self.levels.len(), Arc::new(answers));
        self.levels.insert(key, found.clone());
        found
    }

    fn context(&self, account: Option<&Address>, caller: Caller) -> Context {
        let mut context = Context::partial();
        context.set("aws:PrincipalIsAWSService", Fact::known(["false"]));
        let place = account.map(|account| Place::of(account, self.hierarchy));
        let role = match caller {
            Caller::Others => None,
            Caller::AccessRole => Some(format!("arn:aws:iam::{}:role/{}", name(0), self.access_role)),
        };
        if let Some(place) = place {
            complete(&mut context, &Principal::Of(place), role.as_deref(), &Place::Outside, self.hierarchy);
        } else if let Some(role) = role {
            context.set("aws:PrincipalArn", Fact::known([role]));
        }
        context
    }
}

/// Whether an answer may be another one for another account.
fn asks_for_account(policy: &Policy) -> bool {
    let keys = ["aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths"];
    policy.statements.iter().flat_map(|statement| &statement.conditions).any(|condition| keys.contains(&condition.folded.as_str()))
}

/// The statements of a level. All but their actions is decided at once: on any resource, in one context.
struct Rules {
    all: Vec<(Statement, Truth)>,
    /// An unknown policy may allow anything and deny anything.
    unknown: Truth,
}

/// What is allowed and what is denied.
#[derive(Clone, Copy)]
struct Said {
    allow: Truth,
    deny: Truth,
}

impl Said {
    fn and_says(&mut self, effect: Effect, truth: Truth) {
        match effect {
            Effect::Allow => self.allow = self.allow.or(truth),
            Effect::Deny => self.deny = self.deny.or(truth),
        }
    }

    fn passes(self) -> Truth {
        self.allow.and(!self.deny)
    }
}

impl Rules {
    fn of(attached: &[Attached], caller: Caller, access_role: &str, context: &Context) -> Self {
        let written =
            attached.iter().filter_map(|attached| attached.policy.as_deref()).flat_map(|policy| policy.statements.iter().cloned());
        let statements = written.filter_map(|statement| match caller {
            Caller::AccessRole => Some(statement),
            Caller::Others => of_others(statement, access_role),
        });
        let resource = question("*");
        let rest = |statement: Statement| {
            let about_everyone = if statement.principal.is_none() { Truth::True } else { Truth::Unknown };
            let conditions = Truth::all(statement.conditions.iter().map(|condition| condition.holds(context)));
            let rest = about_everyone.and(statement.resources.selects_resource(&resource, context)).and(conditions);
            (statement, rest)
        };
        let all = statements.map(rest).filter(|(_, rest)| *rest != Truth::False).collect();
        let unknown = if attached.iter().any(|attached| attached.policy.is_none()) { Truth::Unknown } else { Truth::False };
        Self { all, unknown }
    }

    /// Whether the level allows each action of a service.
    fn of_service(&self, service: &Service<'_>) -> Vec<Truth> {
        let all = question(&format!("{}:*", service.prefix));
        let mut said = Said { allow: self.unknown, deny: self.unknown };
        let mut by_action = Vec::new();
        for (statement, rest) in &self.all {
            match statement.actions.selects_action(&all) {
                // A verdict on all of them is a verdict on each.
                truth @ (Truth::True | Truth::False) => said.and_says(statement.effect.value, truth.and(*rest)),
                Truth::Unknown => by_action.push((statement, *rest)),
            }
        }
        let of_action = |action: &&str| {
            let (mut said, action) = (said, format!("{}:{action}", service.prefix));
            by_action.iter().for_each(|(s, rest)| said.and_says(s.effect.value, s.actions.selects_action(&action).and(*rest)));
            said.passes()
        };
        match by_action.is_empty() || said.deny == Truth::True {
            true => vec![said.passes(); service.actions.len()],
            false => service.actions.iter().map(of_action).collect(),
        }
    }
}

/// A statement as it is for everybody but the access role: what its conditions say of that role alone is left out. `None` for one that is
/// about nobody else.
fn of_others(mut statement: Statement, access_role: &str) -> Option<Statement> {
    for condition in &mut statement.conditions {
        let is_asked = condition.folded == "aws:principalarn" && condition.operator.value.quantifier == Quantifier::Single;
        let of_role = |operand: &Operand| is_asked && is_role(operand, access_role);
        if condition.values.iter().all(|value| of_role(&value.value)) && condition.operator.value.sense == Sense::Alike && is_asked {
            return None;
        }
        condition.values.retain(|value| !of_role(&value.value));
    }
    // Like none of no values is what everybody is.
    statement.conditions.retain(|condition: &Condition| !condition.values.is_empty());
    Some(statement)
}

/// Whether a value is the ARN of that role, in whichever account.
fn is_role(operand: &Operand, role: &str) -> bool {
    let is_named = |part: &str| part.strip_prefix("role/") == Some(role);
    match operand {
        Operand::Arn(parts) => match parts.as_slice() {
            [_, _, service, _, _, name] => service.text() == "iam" && is_named(name.text()),
            _ => false,
        },
        Operand::Text(pattern) => match pattern.text().splitn(6, ':').collect::<Vec<_>>().as_slice() {
            [arn, _, service, _, _, name] => *arn == "arn" && *service == "iam" && is_named(name),
            _ => false,
        },
        Operand::Number(_) | Operand::Instant(_) | Operand::Flag(_) | Operand::Network(_) | Operand::Malformed(_) => false,
    }
}

impl Opening {
    /// Whether all of the service is open.
    pub fn is_whole(&self) -> bool {
        self.actions.len() == self.of
    }
}
