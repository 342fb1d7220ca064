//! The policies above an account, as numbers. Accounts with equal chains have equal policies, so one of them is evaluated for all.

use std::collections::{BTreeMap, HashMap};

use super::super::catalogue::Actions;
use super::super::context::{Context, Fact};
use super::super::hierarchy::{Family, Hierarchy};
use super::super::request::{Place, Principal, Whereabouts};
use super::super::truth::Truth;
use super::rules::{Rule, Rules};
use crate::address::Address;
use crate::policy::levels;

/// A rule at a level, and whether its conditions hold for the account: for actions that take a resource, and for the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Atom {
    pub rule: usize,
    pub holds: [Truth; 2],
    /// If a rule depends on the account's place and is unknown, a number for that place.
    pub place: Option<usize>,
}

/// All that an account is under: the numbers of its levels, in order, each once. Of a family that is not in use, none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Chain {
    pub scps: Vec<usize>,
    pub rcps: Vec<usize>,
}

/// The caller.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asker<'a> {
    /// Anybody in the account.
    Anybody,
    /// A role of that name, by a call of which these keys are known.
    Role(&'a str, &'a [(&'a str, Fact)]),
}

/// Chains of accounts, in organizations that are compared: equal numbers are equal levels in all of them.
pub(super) struct Chains<'p> {
    /// All actions.
    pub actions: &'p Actions,
    pub rules: Rules<'p>,
    asker: Asker<'p>,
    /// The facts that hold for every account.
    common: Context,
    levels: Vec<Vec<Atom>>,
    by_atoms: HashMap<Vec<Atom>, usize>,
    places: HashMap<String, usize>,
}

/// A level of one organization: its number, where that is the same for all accounts below it, else its rules.
enum Known {
    Level(usize),
    Rules(Vec<usize>),
}

impl<'p> Chains<'p> {
    pub(super) fn new(asker: Asker<'p>, actions: &'p Actions) -> Self {
        let mut common = Context::partial();
        if let Asker::Role(_, facts) = asker {
            facts.iter().for_each(|(key, fact)| common.set(key, fact.clone()));
        }
        // The facts of all accounts; rules that depend on more are evaluated per account.
        common.set("aws:PrincipalIsAWSService", Fact::known(["false"]));
        Self { actions, rules: Rules::new(actions), asker, common, levels: Vec::new(), by_atoms: HashMap::new(), places: HashMap::new() }
    }

    /// The rules of a level.
    pub(super) fn level(&self, number: usize) -> &[Atom] {
        self.levels.get(number).map(Vec::as_slice).unwrap_or_default()
    }

    /// The chains of accounts of one organization, in their order.
    pub(super) fn of<'a>(&mut self, hierarchy: &'p Hierarchy, accounts: impl IntoIterator<Item = &'a Address>) -> Vec<Chain> {
        let known: BTreeMap<(&Address, Family), Known> = hierarchy
            .levels
            .keys()
            .flat_map(|address| hierarchy.families.iter().map(move |family| (address, *family)))
            .map(|(address, family)| ((address, family), self.known(hierarchy, address, family)))
            .collect();
        let whereabouts = Whereabouts::of(hierarchy);
        accounts.into_iter().map(|account| self.chain(hierarchy, &known, &whereabouts, account)).collect()
    }

    fn known(&mut self, hierarchy: &'p Hierarchy, address: &Address, family: Family) -> Known {
        let attached = hierarchy.levels.get(address).map(|level| level.attached(family)).unwrap_or_default();
        let rules: Vec<usize> = attached.iter().flat_map(|attached| self.rules.of(attached)).collect();
        let same_for_all = |number: &usize| self.rules.get(*number).is_none_or(|rule| !rule.asks_who);
        if rules.iter().all(same_for_all) {
            let context = self.common.clone();
            Known::Level(self.intern(&rules, &context, None))
        } else {
            Known::Rules(rules)
        }
    }

    fn chain(
        &mut self,
        hierarchy: &Hierarchy,
        known: &BTreeMap<(&Address, Family), Known>,
        whereabouts: &Whereabouts<'_>,
        account: &Address,
    ) -> Chain {
        let above: Vec<&Address> = hierarchy.chain(account).into_iter().map(|(address, _)| address).collect();
        let mut chain = Chain::default();
        // Computed only if a rule needs it.
        let mut told: Option<(Context, usize)> = None;
        for family in &hierarchy.families {
            let mut levels = Vec::with_capacity(above.len());
            for address in &above {
                levels.push(match known.get(&(*address, *family)) {
                    None => continue,
                    Some(Known::Level(level)) => *level,
                    Some(Known::Rules(rules)) => {
                        let (context, place) = told.get_or_insert_with(|| self.tell(whereabouts, account, &above));
                        let (context, place) = (context.clone(), *place);
                        self.intern(rules, &context, Some(place))
                    }
                });
            }
            levels.sort_unstable();
            levels.dedup();
            match family {
                Family::Scp => chain.scps = levels,
                Family::Rcp => chain.rcps = levels,
            }
        }
        chain
    }

    /// What is known of a call in an account, and the number of the account's place.
    fn tell(&mut self, whereabouts: &Whereabouts<'_>, account: &Address, above: &[&Address]) -> (Context, usize) {
        let mut context = self.common.clone();
        let arn = match self.asker {
            Asker::Anybody => None,
            Asker::Role(role, _) => Some(format!("arn:aws:iam::{}:role/{role}", whereabouts.id(account))),
        };
        let own = Place::Member(account.clone());
        whereabouts.complete(&mut context, &Principal::Of(own.clone()), arn.as_deref(), &own);
        let units = above.iter().filter(|address| levels::is_unit(address));
        let place = units.map(|unit| format!("{unit}\n")).collect();
        let next = self.places.len();
        (context, *self.places.entry(place).or_insert(next))
    }

    /// The number of the level that these rules make under what is known.
    fn intern(&mut self, rules: &[usize], context: &Context, place: Option<usize>) -> usize {
        let atom = |number: usize, rule: &Rule<'_>| {
            let holds = rule.holds(context);
            let place = place.filter(|_| rule.asks_where && holds.contains(&Truth::Unknown));
            Atom { rule: number, holds, place }
        };
        let atoms = rules.iter().filter_map(|number| Some(atom(*number, self.rules.get(*number)?)));
        let mut atoms: Vec<Atom> = atoms.filter(|atom| atom.holds != [Truth::False; 2]).collect();
        atoms.sort_unstable();
        atoms.dedup();
        if let Some(known) = self.by_atoms.get(&atoms) {
            return *known;
        }
        let number = self.levels.len();
        self.levels.push(atoms.clone());
        self.by_atoms.insert(atoms, number);
        number
    }
}
