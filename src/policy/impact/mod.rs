//! The impact of a change of guardrails: which accounts gain and lose which permissions. Compares two states of an organization, over all
//! accounts and all actions of the catalogue. Pure and exact.
//!
//! ```text
//! Hierarchy before ─┐                        ┌─ verdicts before ─┐
//!                   ├─ rules ─ chains ─ classes                  ├─ shifts ─ groups of accounts ─► Impact
//! Hierarchy after ──┘                        └─ verdicts after ──┘
//! ```
//!
//! Accounts under the same policies before and after form a class, which is evaluated once. Actions are evaluated 64 at a time, one bit each.
//! The question is what anybody in the account may do with the account's own resources. A verdict is "passes", "denied" or "conditional":
//! conditional ones depend on conditions or on the resource, which no plan knows. If both sides are conditional, their conditions are
//! compared.

mod chains;
mod lockout;
mod restriction;
mod rules;
mod typical;
mod verdicts;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::catalogue::{Actions, Catalogue, Set};
use super::hierarchy::Hierarchy;
use crate::address::Address;
use chains::{Asker, Chain, Chains};
use typical::{Asked, Shifts};
use verdicts::Verdicts;

pub use lockout::{Lockout, RequiredAccess, Road, lockouts};
pub use restriction::{Restriction, restrictions};

/// The verdict of guardrails on an action, for any principal and any resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It passes, whatever the request.
    Passes,
    /// It hinges on conditions, or on the resource.
    Conditional,
    /// It is denied, whatever the request.
    Denied,
}

/// What changes for which accounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Impact {
    /// The date of the catalogue of actions.
    pub catalogue: String,
    /// How many actions it has: all of them are compared.
    pub actions: usize,
    /// How many accounts are compared: those that are in the organization before and after, without the management account.
    pub accounts: usize,
    /// Accounts for which the same changes, the largest group first.
    pub groups: Vec<Group>,
    /// The Regions of the typical requests in conditional shifts; none if nothing depends on a Region.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub regions: BTreeSet<String>,
    /// The types of policies that are in use, that nothing is known of, and that a move may change, as org.toml spells them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub not_compared: BTreeSet<String>,
    /// Where overlord's own role is locked out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lockouts: Vec<Lockout>,
}

/// Accounts for which the same changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// In order.
    pub accounts: Vec<Address>,
    /// What changes, by verdict.
    pub shifts: Vec<Shift>,
    /// The changes of a plan that bear on them: of what they lie in, what is attached there and what that says. Without the others it would come
    /// out the same. Of two configurations, none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub changes: BTreeSet<Address>,
}

/// Actions of which the verdict changes alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shift {
    /// What the guardrails have said so far.
    pub from: Verdict,
    /// What they will say; twice conditional where it is the conditions that change.
    pub to: Verdict,
    /// The actions.
    pub actions: Selection,
    /// Where it will be conditional, on what: condition keys, `the resource`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub hinges_on: BTreeSet<String>,
    /// Where it hinges on conditions, what that means for a typical request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typical: Option<Typical>,
}

/// What becomes of actions for a typical request: of a role that no policy names, over TLS, in a Region that guardrails name; to a global service in the
/// Region of its endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typical {
    /// Those that pass so far, and are denied from now on, in one of the Regions at least.
    pub loses: Selection,
    /// Those that pass so far, and then hinge on what no request is typical in, such as the resource.
    pub may_lose: Selection,
    /// Those that are denied so far, and pass from now on.
    pub gains: Selection,
    /// Those that hinge on such things so far, and pass from now on.
    pub may_gain: Selection,
}

/// Actions, by service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// How many.
    pub count: usize,
    /// By the prefix of the service.
    pub services: BTreeMap<String, OfService>,
}

/// Actions of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfService {
    /// How many.
    pub count: usize,
    /// Their names, in order; `*` alone for all that the service has.
    pub actions: Vec<String>,
}

impl Selection {
    fn of(set: &Set, all: &Actions) -> Self {
        let mut services = BTreeMap::new();
        for (service, range) in all.services() {
            let (count, size) = (set.count_within(&range), range.len());
            if count == 0 {
                continue;
            }
            let names = range.filter(|number| set.contains(*number)).filter_map(|number| all.name(number)?.split_once(':'));
            let actions = if count == size { vec!["*".to_owned()] } else { names.map(|(_, name)| name.to_owned()).collect() };
            services.insert(service.to_owned(), OfService { count, actions });
        }
        Self { count: set.len(), services }
    }

    /// Whether an action, such as `s3:GetObject`, is among them.
    pub fn includes(&self, action: &str) -> bool {
        let (service, name) = action.split_once(':').unwrap_or((action, ""));
        self.services.get(service).is_some_and(|of| of.actions.iter().any(|known| known == "*" || known == name))
    }
}

/// What changes for the accounts that are in both, of all actions of a catalogue.
pub fn impact(before: &Hierarchy, after: &Hierarchy, catalogue: &Catalogue) -> Impact {
    compared(before, after, catalogue, &typical::requests(before, after, catalogue.actions()))
}

/// The same without typical requests, for callers that need only whether anything changes.
pub fn verdicts(before: &Hierarchy, after: &Hierarchy, catalogue: &Catalogue) -> Impact {
    compared(before, after, catalogue, &[])
}

fn compared(before: &Hierarchy, after: &Hierarchy, catalogue: &Catalogue, typical: &[typical::Request]) -> Impact {
    let (actions, sides) = (catalogue.actions(), [before, after]);
    let stays = |account: &&Address| after.levels.contains_key(*account) && !before.is_management(account) && !after.is_management(account);
    let accounts: Vec<&Address> = before.accounts().filter(stays).collect();
    let mut chains = Chains::new(Asker::Anybody, actions);
    let then = chains.of(before, accounts.iter().copied());
    let now = chains.of(after, accounts.iter().copied());
    let chained = then.iter().zip(&now);
    let changed: Vec<(&Address, (&Chain, &Chain))> = accounts.iter().copied().zip(chained).filter(|(_, (then, now))| then != now).collect();
    let members: Vec<&Address> = changed.iter().map(|(account, _)| *account).collect();
    let mut asked: Vec<Asked<'_>> = match members.is_empty() {
        true => Vec::new(),
        false => typical.iter().map(|request| Asked::new(request, [before, after], &members, actions)).collect(),
    };
    // Each account by its number among those that change.
    let mut classes: BTreeMap<Class<'_>, Vec<usize>> = BTreeMap::new();
    for (number, (_, chains)) in changed.iter().enumerate() {
        let under = asked.iter().filter_map(|asked| asked.chains_of(number).cloned()).collect();
        classes.entry((*chains, under)).or_default().push(number);
    }
    let mut known: HashMap<&Chain, Verdicts> = HashMap::new();
    let mut found: BTreeMap<Vec<Moved>, Vec<Address>> = BTreeMap::new();
    for (((then, now), _), numbers) in &classes {
        for chain in [*then, *now] {
            known.entry(chain).or_insert_with(|| chains.verdicts(chain));
        }
        let Some((before, after)) = known.get(then).zip(known.get(now)) else { continue };
        let mut moved = moved(&chains, (then, before), (now, after));
        if let Some(first) = numbers.first() {
            let above = || members.get(*first).map(|account| typical::regions_above(account, sides)).unwrap_or_default();
            tell_typical(&mut moved, &mut asked, *first, above, actions);
        }
        if !moved.is_empty() {
            let accounts = numbers.iter().filter_map(|number| members.get(*number)).map(|account| (*account).clone());
            found.entry(moved).or_default().extend(accounts);
        }
    }
    let is_told = found.keys().flatten().any(|moved| moved.typical.is_some());
    let regions = typical.iter().filter(|_| is_told).filter_map(|request| request.region.clone()).collect();
    let mut groups: Vec<Group> = found.into_iter().map(|(moved, accounts)| group(moved, accounts, actions)).collect();
    groups.sort_by(|a, b| b.accounts.len().cmp(&a.accounts.len()).then_with(|| a.accounts.cmp(&b.accounts)));
    let (date, actions) = (catalogue.date().to_owned(), actions.len());
    Impact { catalogue: date, actions, accounts: accounts.len(), groups, regions, not_compared: BTreeSet::new(), lockouts: Vec::new() }
}

/// What can make two accounts differ: their chains before and after, for anybody and under each typical request.
type Class<'c> = ((&'c Chain, &'c Chain), Vec<(Chain, Chain)>);

/// Actions of which the verdict changes alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Moved {
    from: Verdict,
    to: Verdict,
    /// What they hinge on then.
    hinges_on: BTreeSet<String>,
    actions: Set,
    /// What a typical request loses and gains of them.
    typical: Option<Shifts>,
}

fn moved(chains: &Chains<'_>, (then, before): (&Chain, &Verdicts), (now, after): (&Chain, &Verdicts)) -> Vec<Moved> {
    use Verdict::{Conditional, Denied, Passes};
    let (conditional, conditional_then) = (before.depends(chains.actions), after.depends(chains.actions));
    let both = conditional.and(&conditional_then);
    let moved = [
        (Passes, Denied, before.passes.and(&after.denied)),
        (Conditional, Denied, conditional.and(&after.denied)),
        (Passes, Conditional, before.passes.and(&conditional_then)),
        (Conditional, Conditional, chains.other_conditions(then, now, &both)),
        (Conditional, Passes, conditional.and(&after.passes)),
        (Denied, Conditional, before.denied.and(&conditional_then)),
        (Denied, Passes, before.denied.and(&after.passes)),
    ];
    let told = moved.into_iter().filter(|(_, _, actions)| !actions.is_empty());
    let hinges = |to: Verdict, actions: &Set| match to {
        Conditional => chains.hinges_on(now, actions),
        Passes | Denied => BTreeSet::new(),
    };
    told.map(|(from, to, actions)| Moved { from, to, hinges_on: hinges(to, &actions), actions, typical: None }).collect()
}

/// Adds what a typical request loses and gains where that is not what the verdicts say already.
fn tell_typical(moved: &mut [Moved], asked: &mut [Asked<'_>], account: usize, above: impl FnOnce() -> BTreeSet<String>, actions: &Actions) {
    let hinges = |moved: &&mut Moved| [moved.from, moved.to].contains(&Verdict::Conditional);
    if asked.is_empty() || !moved.iter_mut().any(|moved| hinges(&moved)) {
        return;
    }
    let (mut all, regions) = (Shifts::none(actions), above());
    asked.iter_mut().filter_map(|asked| asked.shifts(account, &regions)).for_each(|shifts| all.unite(&shifts));
    for moved in moved.iter_mut().filter(hinges) {
        moved.typical = Some(all.of(&moved.actions));
    }
}

fn group(moved: Vec<Moved>, mut accounts: Vec<Address>, all: &Actions) -> Group {
    accounts.sort();
    let shift = |Moved { from, to, hinges_on, actions, typical }: Moved| {
        let selection = |set: &Set| Selection::of(set, all);
        let typical = typical.map(|Shifts { loses, may_lose, gains, may_gain }| Typical {
            loses: selection(&loses),
            may_lose: selection(&may_lose),
            gains: selection(&gains),
            may_gain: selection(&may_gain),
        });
        Shift { from, to, actions: Selection::of(&actions, all), hinges_on, typical }
    };
    Group { accounts, shifts: moved.into_iter().map(shift).collect(), changes: BTreeSet::new() }
}
