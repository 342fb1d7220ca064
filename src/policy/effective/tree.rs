//! A document as a tree with positions: sections, settings, and the inheritance operators on them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::diagnostic::{ByteRange, Severity};
use crate::policy::Problem;
use crate::policy::json::{self, Json, Member};
use crate::policy::statement::Placed;

use super::check::Mistake;

/// The operator that limits what child policies may do.
pub(super) const CONTROL: &str = "@@operators_allowed_for_child_policies";

/// Documented only in the syntax of AI services opt-out policies, which says that it is not allowed.
const ENFORCED_FOR: &str = "@@enforced_for";

/// An operator that sets a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Replaces what is inherited.
    Assign,
    /// Adds to an inherited list.
    Append,
    /// Takes from an inherited list.
    Remove,
}

impl Verb {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Assign, Self::Append, Self::Remove];

    /// As documents spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Assign => "@@assign",
            Self::Append => "@@append",
            Self::Remove => "@@remove",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.name() == name)
    }
}

/// Which operators child policies may use at a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed(BTreeSet<Verb>);

impl Default for Allowed {
    /// `@@all`: what holds where nothing is said.
    fn default() -> Self {
        Self(Verb::ALL.into())
    }
}

impl Allowed {
    /// Whether they may use that one.
    pub fn allows(&self, verb: Verb) -> bool {
        self.0.contains(&verb)
    }
}

/// An operator with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Which.
    pub verb: Verb,
    /// What is assigned; a list of what is appended or removed.
    pub value: Value,
    /// The operator's place.
    pub at: ByteRange,
}

/// A section or a setting.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its key as it is written; empty for the whole document.
    pub key: Placed<String>,
    /// The operators on it that set a value, as they are written.
    pub operations: Vec<Operation>,
    /// What it lets child policies do, where it says so.
    pub allowed: Option<Placed<Allowed>>,
    /// What is in it, by the key in lower case: AWS ignores the case of keys.
    pub children: BTreeMap<String, Node>,
}

/// A document.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    /// All of it.
    pub root: Node,
}

impl Tree {
    /// The document with what is wrong about its operators; no tree if the text is not a JSON object, which `Document::parse` reports.
    pub fn parse(text: &str) -> (Option<Self>, Vec<Mistake>) {
        let mut parser = Parser { mistakes: Vec::new() };
        let Some(json::Node { value: Json::Object(members), at }) = json::parse(text) else { return (None, Vec::new()) };
        let root = parser.node(Placed { value: String::new(), at }, &members);
        (Some(Self { root }), parser.mistakes)
    }
}

struct Parser {
    mistakes: Vec<Mistake>,
}

impl Parser {
    fn tell(&mut self, severity: Severity, at: ByteRange, summary: impl Into<String>, hint: impl Into<String>) {
        self.mistakes.push(Mistake { severity, problem: Problem { at, summary: summary.into(), hint: hint.into() } });
    }

    fn node(&mut self, key: Placed<String>, members: &[Member]) -> Node {
        let mut node = Node { key, operations: Vec::new(), allowed: None, children: BTreeMap::new() };
        for member in members {
            match Verb::parse(&member.key) {
                Some(verb) => node.operations.extend(self.operation(verb, member)),
                None if member.key == CONTROL => node.allowed = self.control(member),
                None if member.key.starts_with("@@") => self.unknown(member),
                None => self.child(&mut node, member),
            }
        }
        if let (Some(operation), Some(child)) = (node.operations.first(), node.children.values().next()) {
            let summary = format!("`{}` is inside a setting, next to `{}`", child.key.value, operation.verb.name());
            let hint = "AWS documents no meaning for this: did you mean to put it one level higher?";
            self.tell(Severity::Warning, child.key.at, summary, hint);
        }
        node
    }

    fn child(&mut self, node: &mut Node, member: &Member) {
        let key = Placed { value: member.key.clone(), at: member.key_at };
        let Json::Object(members) = &member.value.value else {
            let summary = format!("the setting `{}` has no operator", member.key);
            self.tell(Severity::Error, member.value.at, summary, r#"write {"@@assign": … }: only effective policies have bare values"#);
            return;
        };
        let child = self.node(key, members);
        match node.children.entry(member.key.to_lowercase()) {
            Entry::Vacant(entry) => drop(entry.insert(child)),
            Entry::Occupied(_) => {
                let summary = format!("`{}` occurs twice with different case, which AWS ignores", member.key);
                self.tell(Severity::Warning, member.key_at, summary, "make one of the two: here only the first counts");
            }
        }
    }

    fn operation(&mut self, verb: Verb, member: &Member) -> Option<Operation> {
        let value = plain(&member.value);
        if let Value::Object(_) = value {
            let summary = format!("AWS documents no meaning of `{}` with an object", member.key);
            self.tell(Severity::Warning, member.value.at, summary, "write a value or a list: operators stand on the innermost settings");
            return None;
        }
        let value = match (verb, value) {
            (Verb::Assign, value) | (_, value @ Value::Array(_)) => value,
            (Verb::Append | Verb::Remove, value) => {
                let summary = format!("`{}` is for settings of several values, and this is one value", member.key);
                self.tell(Severity::Warning, member.value.at, summary, "write a list, or `@@assign`");
                Value::Array(vec![value])
            }
        };
        Some(Operation { verb, value, at: member.key_at })
    }

    fn control(&mut self, member: &Member) -> Option<Placed<Allowed>> {
        let items = match &member.value.value {
            Json::List(items) => items.as_slice(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => std::slice::from_ref(&member.value),
        };
        let hint = r#"write ["@@none"], ["@@all"], or some of "@@assign", "@@append" and "@@remove""#;
        let mut allowed = BTreeSet::new();
        let mut is_sound = !items.is_empty();
        if items.is_empty() {
            self.tell(Severity::Error, member.value.at, format!("this `{CONTROL}` names nothing"), hint);
        }
        for item in items {
            let name = if let Json::Text(text) = &item.value { Some(text.as_str()) } else { None };
            let verb = name.and_then(Verb::parse);
            match (name, verb) {
                (Some("@@all"), _) => allowed.extend(Verb::ALL),
                (Some("@@none"), _) if items.len() == 1 => {}
                (_, Some(verb)) => drop(allowed.insert(verb)),
                (name, None) => {
                    is_sound = false;
                    let summary = match name {
                        Some("@@none") => "`@@none` stands alone".to_owned(),
                        Some(name) => format!("`{name}` is not an inheritance operator"),
                        None => format!("`{CONTROL}` takes names of operators"),
                    };
                    self.tell(Severity::Error, item.at, summary, hint);
                }
            }
        }
        is_sound.then_some(Placed { value: Allowed(allowed), at: member.key_at })
    }

    fn unknown(&mut self, member: &Member) {
        if member.key == ENFORCED_FOR {
            let summary = format!("AWS documents no meaning of `{ENFORCED_FOR}`");
            self.tell(Severity::Warning, member.key_at, summary, "the setting of tag policies is `enforced_for`, with an operator in it");
            return;
        }
        let known = Verb::ALL.map(Verb::name).into_iter().chain([CONTROL]);
        let near = known.map(|name| (strsim::damerau_levenshtein(name, &member.key), name)).min();
        let hint = match near {
            Some((distance, near)) if distance <= 4 => format!("did you mean `{near}`?"),
            Some(_) | None => format!("operators are @@assign, @@append, @@remove and {CONTROL}"),
        };
        self.tell(Severity::Error, member.key_at, format!("`{}` is not an inheritance operator", member.key), hint);
    }
}

/// The value without its places.
fn plain(node: &json::Node) -> Value {
    match &node.value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::from(*value),
        Json::Number(text) => serde_json::from_str(text).unwrap_or_default(),
        Json::Text(text) => Value::from(text.as_str()),
        Json::List(items) => items.iter().map(plain).collect(),
        Json::Object(members) => Value::Object(members.iter().map(|member| (member.key.clone(), plain(&member.value))).collect()),
    }
}
