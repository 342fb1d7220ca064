//! Guardrails while an organization is rebuilt: over random trees that are re-parented, renamed, moved, attached and detached, no account
//! is at any moment under fewer of them than before and after have in common.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use overlord::plan::{Action, Plan};
use overlord::policy;
use overlord::resource::{Desired, FindingSeverity};
use overlord::sandbox::{DropResponse, Effect, Sandbox, Weather, World};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::pipeline::{MANAGEMENT, run};
use crate::properties::{config, generate, in_virtual_time, nothing_left, sandbox, until_done};

const UNITS: usize = 6;
const POLICIES: usize = 6;
const ACCOUNTS: usize = 4;
const DOCUMENTS: u8 = 4;

/// One organization. Keys are numbered, so that a second one is an edit of the first.
#[derive(Debug, Clone)]
struct Tree {
    units: Vec<Unit>,
    /// By so much the names of the OUs are shifted: what was the name of one is that of the one before it.
    shift: usize,
    /// Which name each OU has, by number: those that exchange them go round.
    names: Vec<usize>,
    /// Of each policy which document it has; two may have the same.
    documents: Vec<u8>,
    /// Of each account its OU and its own set.
    accounts: Vec<(usize, u8)>,
    /// Of each account whether it is to be closed; what was not made yet never is.
    closes: Vec<bool>,
    /// Where new accounts wait; 0 is nowhere.
    quarantine: usize,
    /// The root's set.
    root: u8,
}

#[derive(Debug, Clone)]
struct Unit {
    is_there: bool,
    /// 0 is the root.
    parent: usize,
    /// Policies as bits.
    set: u8,
}

fn trees() -> impl Strategy<Value = Tree> {
    let unit = (prop::bool::weighted(0.85), 0..=UNITS, any::<u8>()).prop_map(|(is_there, parent, set)| Unit { is_there, parent, set });
    let accounts = vec((0..=UNITS, any::<u8>()), ACCOUNTS);
    let closes = vec(prop::bool::weighted(0.15), ACCOUNTS);
    (vec(unit, UNITS), 0..2usize, vec(0..DOCUMENTS, POLICIES), accounts, closes, 0..=UNITS, any::<u8>()).prop_map(
        |(units, shift, documents, accounts, closes, quarantine, root)| Tree {
            units,
            shift,
            names: (0..UNITS).collect(),
            documents,
            accounts,
            closes,
            quarantine,
            root,
        },
    )
}

/// An organization, and the same with some of its OUs, accounts and sets otherwise; and, of one half, the names of siblings.
fn edits() -> impl Strategy<Value = (Tree, Tree)> {
    let other = || vec(prop::bool::weighted(0.4), UNITS);
    (trees(), trees(), other(), other(), other(), any::<bool>()).prop_map(|(first, mut second, units, sets, accounts, turn)| {
        for (i, unit) in second.units.iter_mut().enumerate() {
            let was = &first.units[i];
            let set = if sets[i] { unit.set } else { was.set };
            *unit = if units[i] { Unit { set, ..unit.clone() } } else { Unit { set, ..was.clone() } };
        }
        for (i, account) in second.accounts.iter_mut().enumerate().filter(|(i, _)| !accounts[*i]) {
            *account = first.accounts[i];
        }
        if turn {
            second.shift = first.shift;
            second.turn_names(&first);
        }
        (first, second)
    })
}

impl Tree {
    /// The nearest OU there is: parents have lower numbers, so nothing lies in itself, and no tree is deeper than AWS allows.
    fn unit(&self, number: usize, below: usize) -> Option<usize> {
        let unit = number.min(below).checked_sub(1).filter(|unit| *unit < below && self.units[*unit].is_there)?;
        (below == UNITS || self.depth(unit) < 5).then_some(unit)
    }

    fn depth(&self, unit: usize) -> usize {
        1 + self.unit(self.units[unit].parent, unit).map_or(0, |parent| self.depth(parent))
    }

    /// Passes names on to the next of those that are under one parent here and in the other tree, and the last one to the first.
    fn turn_names(&mut self, other: &Self) {
        let place = |tree: &Self, unit: usize| tree.units[unit].is_there.then(|| tree.unit(tree.units[unit].parent, unit));
        for parent in std::iter::once(None).chain((0..UNITS).map(Some)) {
            let is_sibling = |unit: &usize| [&*self, other].iter().all(|tree| place(tree, *unit) == Some(parent));
            let siblings: Vec<usize> = (0..UNITS).filter(is_sibling).collect();
            siblings.windows(2).for_each(|pair| self.names.swap(pair[0], pair[1]));
        }
    }

    /// As many policies of each type as there is always room for.
    fn set(&self, bits: u8) -> String {
        let drawn = (0..POLICIES).filter(|policy| bits & (1 << policy) != 0).map(|policy| format!("p{policy}"));
        let names: Vec<String> = std::iter::once("FullAWSAccess".to_owned()).chain(drawn).collect();
        format!("policies = {names:?}\n")
    }

    fn toml(&self) -> String {
        let mut out = format!("[organization]\nmanagement_account = \"{MANAGEMENT}\"\n{}", self.set(self.root));
        if let Some(unit) = self.unit(self.quarantine, UNITS) {
            let _ = writeln!(out, "quarantine = \"o{unit}\"");
        }
        out.push_str("[limits]\naccounts = 100\n");
        for (i, unit) in self.units.iter().enumerate().filter(|(_, unit)| unit.is_there) {
            let _ = writeln!(out, "[ou.o{i}]\nname = \"n{}\"", self.names[i] + self.shift);
            if let Some(parent) = self.unit(unit.parent, i) {
                let _ = writeln!(out, "parent = \"o{parent}\"");
            }
            out.push_str(&self.set(unit.set));
        }
        for policy in 0..POLICIES {
            let _ = writeln!(out, "[policy.p{policy}]\ntype = \"{}\"", if is_rcp(policy) { "rcp" } else { "scp" });
        }
        for (i, (unit, bits)) in self.accounts.iter().enumerate() {
            let unit = self.unit(*unit, UNITS).map_or_else(|| "root".to_owned(), |unit| format!("o{unit}"));
            let _ = writeln!(out, "[account.a{i}]\nemail = \"a{i}@example.org\"\nou = \"{unit}\"");
            match self.closes[i] {
                true => out.push_str("close = true\n"),
                false => out.push_str(&self.set(*bits)),
            }
        }
        out
    }

    fn desired(&self) -> Desired {
        let principal = |policy| if is_rcp(policy) { r#""Principal":"*","# } else { "" };
        let document = |(policy, document): (usize, &u8)| {
            let statement = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny",{}"Action":"sqs:Purge{document}","Resource":"*"}}]}}"#,
                principal(policy)
            );
            (format!("policies/p{policy}.json"), statement)
        };
        generate::load(&self.toml(), &self.documents.iter().enumerate().map(document).collect())
    }
}

fn is_rcp(policy: usize) -> bool {
    policy + 2 >= POLICIES
}

/// What each account is under, by policy and by document. AWS's defaults allow everything: they guard nothing.
type Rails = BTreeMap<String, BTreeSet<String>>;

fn rails(world: &World) -> Rails {
    let over = |account: &str| {
        let parent = world.accounts[account].parent.as_deref().unwrap_or_default();
        let places = world.lineage(parent).into_iter().chain([account]);
        let policies = places.flat_map(|place| world.attached_to(place)).map(|id| &world.policies[id]).filter(|policy| !policy.aws_managed);
        policies.flat_map(|p| [p.id.clone(), format!("{} {}", p.kind, policy::canonical(&p.kind, &p.content))]).collect()
    };
    world.accounts.keys().map(|id| (id.clone(), over(id))).collect()
}

/// What two moments have in common, account by account.
fn common(before: &Rails, after: &Rails) -> Rails {
    let both = |(id, rails): (&String, &BTreeSet<String>)| Some((id.clone(), rails.intersection(after.get(id)?).cloned().collect()));
    before.iter().filter_map(both).collect()
}

/// What accounts were under after each write, with the write.
#[derive(Clone, Default)]
struct Moments(Arc<Mutex<Vec<(String, Rails)>>>);

impl Moments {
    fn of(sandbox: &Sandbox) -> Self {
        let moments = Self::default();
        let seen = moments.clone();
        sandbox.on_request(move |world, entry| {
            if entry.effect == Effect::Write && entry.took_effect() {
                seen.0.lock().unwrap().push((format!("{} {:?}", entry.operation, entry.parameters), rails(world)));
            }
        });
        moments
    }

    /// Each moment at which an account lacked something of `common`.
    fn lacking(&self, common: &Rails) -> Vec<String> {
        let moments = self.0.lock().unwrap();
        let mut found = Vec::new();
        for (number, (write, now)) in moments.iter().enumerate() {
            for (id, common) in common {
                let lacks: Vec<&String> = common.difference(&now[id]).collect();
                if !lacks.is_empty() {
                    found.push(format!("{id} lacks {lacks:?} after write {number}: {write}"));
                }
            }
        }
        found
    }
}

fn warns_of_order(plan: &Plan) -> bool {
    plan.findings.iter().any(|f| f.severity == FindingSeverity::Warning && f.summary.contains("guardrail"))
}

/// Applies one organization after the other; of the second the plan, and when which account lacked what.
async fn rebuilt(first: &Tree, second: &Tree) -> (Plan, Vec<String>) {
    let sandbox = sandbox(Weather::default());
    run(&sandbox, &first.desired()).await.unwrap();
    let before = rails(&sandbox.world());
    let moments = Moments::of(&sandbox);
    let desired = second.desired();
    let (plan, report) = run(&sandbox, &desired).await.unwrap();
    assert_eq!(report.counts().applied, plan.changes.len(), "{report:#?}");
    nothing_left(&sandbox, &desired).await;
    let after = rails(&sandbox.world());
    (plan, moments.lacking(&common(&before, &after)))
}

/// The property below proves what its trees contain: here is what that is.
#[test]
fn trees_contain_what_the_property_is_about() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<(String, Action), usize> = BTreeMap::new();
    let (mut deep, mut kept, mut closed, mut round) = (0, 0, 0, 0);
    for _ in 0..40 {
        let (first, second) = edits().new_tree(&mut runner).unwrap().current();
        deep += usize::from((0..UNITS).any(|unit| second.units[unit].is_there && second.depth(unit) >= 3));
        in_virtual_time(async {
            let sandbox = sandbox(Weather::default());
            run(&sandbox, &first.desired()).await.unwrap();
            let before = rails(&sandbox.world());
            let (plan, _) = run(&sandbox, &second.desired()).await.unwrap();
            kept += common(&before, &rails(&sandbox.world())).values().map(BTreeSet::len).sum::<usize>();
            round += usize::from(plan.changes.iter().any(|change| change.address.key().ends_with("/rename")));
            closed += usize::from(plan.changes.iter().any(|change| change.leaving().is_some()));
            let changes: BTreeSet<_> = plan.changes.iter().map(|c| (c.address.kind().to_owned(), c.action)).collect();
            changes.into_iter().for_each(|change| *seen.entry(change).or_default() += 1);
        });
    }
    assert!(closed >= 10, "accounts closed in {closed} of 40 cases");
    assert!(round >= 5, "names go round in {round} of 40 cases");
    for change in
        [("account", Action::Move), ("placement", Action::Move), ("ou", Action::Update), ("ou", Action::Delete), ("policy", Action::Update)]
    {
        let count = seen.get(&(change.0.to_owned(), change.1)).copied().unwrap_or_default();
        assert!(count >= 10, "{change:?}: in {count} of 40 cases\n{seen:#?}");
    }
    assert!(deep >= 10 && kept >= 100, "{deep} deep trees, {kept} guardrails that stay");
}

proptest! {
    #![proptest_config(config(48))]

    /// Whatever is re-parented, renamed, moved, attached and detached: an order exists and is taken.
    #[test]
    fn nothing_is_ever_under_fewer_guard_rails((first, second) in edits()) {
        let second = Tree { documents: first.documents.clone(), ..second };
        let (plan, lacking) = in_virtual_time(rebuilt(&first, &second));
        prop_assert!(!warns_of_order(&plan), "{:#?}", plan.findings);
        prop_assert!(lacking.is_empty(), "{lacking:#?}\n{}\n{}", first.toml(), second.toml());
    }

    /// With documents that are edited too: unless a warning says that policies exchange their documents.
    #[test]
    fn nothing_is_ever_under_fewer_documents((first, second) in edits()) {
        let (plan, lacking) = in_virtual_time(rebuilt(&first, &second));
        prop_assume!(!warns_of_order(&plan));
        prop_assert!(lacking.is_empty(), "{lacking:#?}\n{:?}\n{}\n{:?}\n{}", first.documents, first.toml(), second.documents, second.toml());
    }

    /// Cut anywhere, and run again until it is done.
    #[test]
    fn cut_anywhere_nothing_is_ever_under_fewer_guard_rails((first, second) in edits(), cuts in vec((0..60usize, any::<bool>()), 1..4)) {
        let second = Tree { documents: first.documents.clone(), ..second };
        in_virtual_time(async {
            let sandbox = sandbox(Weather::default());
            run(&sandbox, &first.desired()).await.unwrap();
            let before = rails(&sandbox.world());
            let moments = Moments::of(&sandbox);
            let desired = second.desired();
            for (after, effect) in cuts {
                sandbox.cut_after(after, if effect { DropResponse::AfterEffect } else { DropResponse::BeforeEffect });
                tokio::select! {
                    _ = run(&sandbox, &desired) => {}
                    () = sandbox.cut() => {}
                }
                sandbox.mend();
            }
            until_done(&sandbox, &desired).await;
            let lacking = moments.lacking(&common(&before, &rails(&sandbox.world())));
            prop_assert!(lacking.is_empty(), "{lacking:#?}\n{}\n{}", first.toml(), second.toml());
            Ok(())
        })?;
    }
}
