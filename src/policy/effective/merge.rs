//! Merges the policies of one type on the path from the root to an account.
//!
//! The merge goes level by level. At a level, the limits of the levels above hold; its own limits hold only below it. The limits of several
//! policies hold together. AWS evaluates the policies of a level in the order in which they were attached. No API returns this order, and AWS
//! documents only that the first assignment wins. Where the order could matter, the result has a doubt.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::address::Address;
use crate::diagnostic::ByteRange;

use super::tree::{Node, Operation, Tree, Verb};

/// A policy that is attached somewhere.
#[derive(Debug, Clone)]
pub struct Attached {
    /// Its key in org.toml.
    pub name: Arc<str>,
    /// What it says.
    pub tree: Arc<Tree>,
}

/// The root, an OU or an account, with what is attached to it of one type.
#[derive(Debug, Clone)]
pub struct Level {
    /// Which.
    pub at: Address,
    /// In the order in which they were attached, if that is known.
    pub policies: Vec<Attached>,
}

/// Where something is said: at a level, in a policy, there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The level.
    pub level: Address,
    /// The key of the policy.
    pub policy: Arc<str>,
    /// Bytes of its document.
    pub at: ByteRange,
}

/// What holds for an account.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// In AWS's form: without operators, keys in lower case.
    pub content: Value,
    /// The same setting by setting, by path.
    pub settings: Vec<Setting>,
    /// What policies say to no effect, for others above forbid it.
    pub ignored: Vec<Ignored>,
    /// What AWS's documentation does not decide.
    pub doubts: Vec<Doubt>,
}

/// One setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The keys that lead to it, in lower case.
    pub path: Vec<String>,
    /// What it is.
    pub value: Value,
    /// What made it that, the root first.
    pub set_by: Vec<Place>,
}

/// Something without effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// The keys that lead to it, in lower case.
    pub path: Vec<String>,
    /// The operator; `None` of a key that is added where none may be.
    pub verb: Option<Verb>,
    /// Who says it.
    pub said: Place,
    /// Who forbids it.
    pub forbidden: Place,
}

/// Something that is not documented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// The keys that lead to it, in lower case.
    pub path: Vec<String>,
    /// Why.
    pub why: Why,
    /// Whose sayings they are, of one level.
    pub said: Vec<Place>,
}

/// Why a value is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Several policies of a level assign different values: the one that was attached first wins.
    Order,
    /// Operators of one level that come out differently by the order in which they are taken.
    Mixed,
    /// A list is added to, or taken from, what is no list.
    NoList,
    /// A key is added where children may use `@@assign` or `@@remove` and not `@@append`.
    Added,
}

impl Why {
    /// In words, after "AWS does not document": a fragment.
    pub fn says(self) -> &'static str {
        match self {
            Self::Order => {
                "several policies of one level assign different values: the one that was attached first wins, and AWS does not report which that is"
            }
            Self::Mixed => "AWS does not document in which order it applies these operators of one level",
            Self::NoList => "`@@append` and `@@remove` need a list, and the inherited value is not one",
            Self::Added => "AWS does not document whether a key may be added where `@@append` is not allowed",
        }
    }
}

/// Merges the levels, the root first; `None` where no policy is attached to any.
pub fn merge(levels: &[Level]) -> Option<Effective> {
    if levels.iter().all(|level| level.policies.is_empty()) {
        return None;
    }
    let mut root = State::default();
    let mut ignored = Vec::new();
    for level in levels {
        let group: Vec<(&Attached, &Node)> = level.policies.iter().map(|policy| (policy, &policy.tree.root)).collect();
        let mut merger = Merger { level: &level.at, path: Vec::new(), ignored: &mut ignored };
        merger.node(&mut root, &group);
    }
    let (mut settings, mut doubts) = (Vec::new(), Vec::new());
    root.collect(&mut Vec::new(), &mut settings, &mut doubts);
    let content = root.content().unwrap_or_else(|| Value::Object(Map::new()));
    Some(Effective { content, settings, ignored, doubts })
}

/// A node of what is inherited so far.
#[derive(Debug, Default)]
struct State {
    value: Option<Value>,
    set_by: Vec<Place>,
    /// The operators that children may not use, with the first policy that forbids them.
    forbidden: BTreeMap<Verb, Place>,
    doubt: Option<Doubt>,
    children: BTreeMap<String, State>,
}

impl State {
    fn content(&self) -> Option<Value> {
        if self.value.is_some() {
            return self.value.clone();
        }
        let members: Map<String, Value> = self.children.iter().filter_map(|(key, child)| Some((key.clone(), child.content()?))).collect();
        (!members.is_empty()).then_some(Value::Object(members))
    }

    fn collect(&self, path: &mut Vec<String>, settings: &mut Vec<Setting>, doubts: &mut Vec<Doubt>) {
        doubts.extend(self.doubt.clone());
        if let Some(value) = &self.value {
            settings.push(Setting { path: path.clone(), value: value.clone(), set_by: self.set_by.clone() });
            return;
        }
        for (key, child) in &self.children {
            path.push(key.clone());
            child.collect(path, settings, doubts);
            path.pop();
        }
    }
}

/// An operator that is allowed, and its position.
struct Said<'p> {
    operation: &'p Operation,
    place: Place,
}

struct Merger<'m> {
    level: &'m Address,
    path: Vec<String>,
    ignored: &'m mut Vec<Ignored>,
}

impl Merger<'_> {
    fn place(&self, policy: &Attached, at: ByteRange) -> Place {
        Place { level: self.level.clone(), policy: Arc::clone(&policy.name), at }
    }

    /// What all policies of the level say about one node.
    fn node(&mut self, state: &mut State, group: &[(&Attached, &Node)]) {
        let mut said = Vec::new();
        for (policy, node) in group {
            for operation in &node.operations {
                let place = self.place(policy, operation.at);
                match state.forbidden.get(&operation.verb) {
                    None => said.push(Said { operation, place }),
                    Some(by) => self.ignore(Some(operation.verb), place, by),
                }
            }
        }
        if !said.is_empty() {
            self.set(state, &said);
        }
        self.children(state, group);
        for (policy, node) in group {
            let Some(allowed) = &node.allowed else { continue };
            for verb in Verb::ALL.into_iter().filter(|verb| !allowed.value.allows(*verb)) {
                let place = self.place(policy, allowed.at);
                state.forbidden.entry(verb).or_insert(place);
            }
        }
    }

    fn ignore(&mut self, verb: Option<Verb>, said: Place, forbidden: &Place) {
        self.ignored.push(Ignored { path: self.path.clone(), verb, said, forbidden: forbidden.clone() });
    }

    fn children(&mut self, state: &mut State, group: &[(&Attached, &Node)]) {
        let mut by_key: BTreeMap<&str, Vec<(&Attached, &Node)>> = BTreeMap::new();
        for (policy, node) in group {
            for (key, child) in &node.children {
                by_key.entry(key).or_default().push((policy, child));
            }
        }
        for (key, group) in by_key {
            self.path.push(key.to_owned());
            if let Some(child) = state.children.get_mut(key) {
                self.node(child, &group);
            } else if let [Some(by), Some(_), Some(_)] = Verb::ALL.map(|verb| state.forbidden.get(&verb)) {
                for (policy, node) in &group {
                    self.ignore(None, self.place(policy, node.key.at), by);
                }
            } else {
                let mut child = State::default();
                self.node(&mut child, &group);
                if state.forbidden.contains_key(&Verb::Append) {
                    let said = group.iter().map(|(policy, node)| self.place(policy, node.key.at)).collect();
                    child.doubt = Some(Doubt { path: self.path.clone(), why: Why::Added, said });
                }
                state.children.insert(key.to_owned(), child);
            }
            self.path.pop();
        }
    }

    /// The assignment, then what is appended, then what is removed: where another order came out differently, there is a doubt.
    fn set(&self, state: &mut State, said: &[Said<'_>]) {
        let of = |verb: Verb| said.iter().filter(move |said| said.operation.verb == verb);
        let items = |verb: Verb| of(verb).flat_map(|said| said.operation.value.as_array().into_iter().flatten());
        let mut assigned = of(Verb::Assign);
        let mut why = None;
        if let Some(first) = assigned.next() {
            if assigned.any(|other| !same(&other.operation.value, &first.operation.value)) {
                why = Some(Why::Order);
            } else if said.iter().any(|said| said.operation.verb != Verb::Assign) {
                why = Some(Why::Mixed);
            }
            (state.value, state.doubt) = (Some(first.operation.value.clone()), None);
            state.set_by.clear();
        } else if items(Verb::Append).any(|item| items(Verb::Remove).any(|removed| removed == item)) {
            why = Some(Why::Mixed);
        }
        state.set_by.extend(said.iter().map(|said| said.place.clone()));
        if said.iter().any(|said| said.operation.verb != Verb::Assign) {
            let mut list = match state.value.take() {
                None => Vec::new(),
                Some(Value::Array(list)) => list,
                Some(single) => {
                    why = why.or(Some(Why::NoList));
                    vec![single]
                }
            };
            for item in items(Verb::Append) {
                if !list.contains(item) {
                    list.push(item.clone());
                }
            }
            let before = list.len();
            list.retain(|item| items(Verb::Remove).all(|removed| removed != item));
            let is_emptied = list.is_empty() && (before > 0 || items(Verb::Remove).next().is_some());
            state.value = (!is_emptied).then_some(Value::Array(list));
        }
        if let Some(why) = why {
            let said = said.iter().map(|said| said.place.clone()).collect();
            state.doubt = Some(Doubt { path: self.path.clone(), why, said });
        }
    }
}

/// Lists are sets.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.iter().all(|item| b.contains(item)) && b.iter().all(|item| a.contains(item)),
        _ => a == b,
    }
}
