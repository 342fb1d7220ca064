//! The known values of condition keys of a request. The principal, action and resource are kept elsewhere.

use std::collections::BTreeMap;

/// What is known of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Its values, at least one.
    Known(Vec<String>),
    /// The request does not have it. A key without values is treated so.
    Absent,
    /// It is not known whether the request has it, nor with what value.
    Unknown,
}

impl Fact {
    /// These values; of none, absent.
    pub fn known<V: Into<String>>(values: impl IntoIterator<Item = V>) -> Self {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        if values.is_empty() { Self::Absent } else { Self::Known(values) }
    }
}

/// The condition keys of a request. Names of keys are compared without regard to case, that of a tag in them too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    facts: BTreeMap<String, Fact>,
    rest: Fact,
}

impl Context {
    /// One whose keys are all listed: the rest is absent.
    pub fn complete() -> Self {
        Self { facts: BTreeMap::new(), rest: Fact::Absent }
    }

    /// One of which only a part is known.
    pub fn partial() -> Self {
        Self { facts: BTreeMap::new(), rest: Fact::Unknown }
    }

    /// Says what is known of a key.
    pub fn set(&mut self, key: &str, fact: Fact) {
        let fact = match fact {
            Fact::Known(values) => Fact::known(values),
            Fact::Absent | Fact::Unknown => fact,
        };
        self.facts.insert(key.to_lowercase(), fact);
    }

    /// The same, unless something is said of it already.
    pub fn set_default(&mut self, key: &str, fact: Fact) {
        if !self.facts.contains_key(&key.to_lowercase()) {
            self.set(key, fact);
        }
    }

    /// What is known of a key, given in lower case.
    pub(super) fn get(&self, folded: &str) -> &Fact {
        self.facts.get(folded).unwrap_or(&self.rest)
    }

    /// The keys of which something is said, in lower case, with what is said.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &Fact)> {
        self.facts.iter().map(|(key, fact)| (key.as_str(), fact))
    }
}
