//! The conditions that an event must meet to explain a finding.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::address::{Address, Reference};
use crate::aws::operations::{Scope, scope_of};
use crate::aws::{Lookup, LookupBy, global_events_region};
use crate::drift::{Difference, Finding, What};
use crate::plan::Plan;
use crate::resource::{self, EventSpec, Explains, KindSpec, NamedBy, Says};

/// What would explain one finding.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EventQuery {
    /// The number of the finding.
    pub finding: usize,
    /// Any of these does; of several the newest.
    pub marks: Vec<EventMatcher>,
    /// For a deleted resource with an unknown id: the event that created it.
    pub made: Option<Made>,
}

/// An event that would explain it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EventMatcher {
    pub lookup: Lookup,
    /// `service:Operation`.
    pub operation: &'static str,
    /// The names that its request must contain.
    pub names: Vec<String>,
    /// A parameter that its request sets.
    pub sets: Option<&'static str>,
    /// Whether an event that is and names all that can be about nothing else.
    pub certain: bool,
}

/// The creation of a deleted resource.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Made {
    pub lookup: Lookup,
    /// `service:Operation`.
    pub operation: &'static str,
    /// What its tag says.
    pub address: Address,
}

impl EventQuery {
    /// All that is to be looked up for it.
    pub(super) fn lookups(&self) -> BTreeSet<&Lookup> {
        self.marks.iter().map(|mark| &mark.lookup).chain(self.made.iter().map(|made| &made.lookup)).collect()
    }

    /// Of a finding that is a difference; `None` if no event could explain it.
    pub(super) fn of(number: usize, finding: &Finding, plan: &Plan) -> Option<Self> {
        let address = finding.address.as_ref()?;
        let spec = resource::spec(address)?;
        let subject = Subject { address, spec, finding, plan, account: account(address, plan)? };
        let (marks, made) = match finding.what {
            What::Changed => (subject.changed()?, None),
            What::Missing => subject.gone(),
            What::LeftOver | What::Unmanaged | What::Stuck | What::Unread | What::ExpiredIgnore => return None,
        };
        (!marks.is_empty()).then_some(Self { finding: number, marks, made })
    }
}

/// The id of the account in whose history an address is.
fn account(address: &Address, plan: &Plan) -> Option<String> {
    match address.account() {
        Some(key) => id_of(&resource::account_address(key), plan),
        None => Some(plan.desired.management_account.clone()),
    }
}

/// The Region in which CloudTrail records an operation on the resource with that address, and whether that is the resource's own.
fn region<'p>(operation: &str, address: &'p Address, plan: &'p Plan) -> (&'p str, bool) {
    let service = operation.split_once(':').map_or(operation, |(service, _)| service);
    match (address.scope(), scope_of(service)) {
        (Some(scope), Some(Scope::Regional)) => (&scope.region, true),
        (None, Some(Scope::Regional)) => (&plan.desired.home_region, false),
        (_, Some(Scope::Global) | None) => (global_events_region(&plan.desired.home_region), false),
    }
}

fn id_of(address: &Address, plan: &Plan) -> Option<String> {
    let live = plan.observed.get(address).and_then(|live| live.id.clone());
    live.or_else(|| plan.desired.pinned.get(address).cloned())
}

/// The id that a value refers to.
fn referred(value: &Value, plan: &Plan) -> Option<String> {
    match serde_json::from_value(value.clone()).ok()? {
        Reference::Address(address) => id_of(&address, plan),
        Reference::Id(id) => Some(id),
    }
}

struct Subject<'a> {
    address: &'a Address,
    spec: &'static KindSpec,
    finding: &'a Finding,
    plan: &'a Plan,
    account: String,
}

impl Subject<'_> {
    fn lookup(&self, operation: &str, by: LookupBy) -> Lookup {
        let (region, _) = region(operation, self.address, self.plan);
        Lookup { account: self.account.clone(), region: region.to_owned(), by }
    }

    fn by_name(&self, operation: &str) -> Lookup {
        let name = operation.split_once(':').map_or(operation, |(_, name)| name);
        self.lookup(operation, LookupBy::Name(name.to_owned()))
    }

    /// A certain one. Events in the resource's own Region are looked up by the id of what they are about. Others are looked up by name:
    /// events of the organization name no resources.
    fn mark(&self, operation: &'static str, names: Vec<String>) -> EventMatcher {
        let (_, is_its_own) = region(operation, self.address, self.plan);
        let lookup = match names.first().filter(|_| is_its_own) {
            Some(id) => self.lookup(operation, LookupBy::Resource(id.clone())),
            None => self.by_name(operation),
        };
        EventMatcher { lookup, operation, names, sets: None, certain: true }
    }

    /// A matcher that is not certain.
    fn perhaps(&self, operation: &'static str, names: Vec<String>) -> EventMatcher {
        EventMatcher { certain: false, ..self.mark(operation, names) }
    }

    /// The requests that change an attribute.
    fn changing(&self, attribute: &str) -> Vec<&'static EventSpec> {
        let changes = |event: &&EventSpec| event.attribute(attribute).is_some() && event.explains_something();
        self.spec.events.iter().filter(changes).collect()
    }

    /// For a changed resource, by the most severe attribute that requests can change.
    fn changed(&self) -> Option<Vec<EventMatcher>> {
        let explained = self.finding.differences.iter().filter(|difference| !self.changing(&difference.name).is_empty());
        let weight = |difference: &&Difference| crate::drift::of::weight(Some(self.spec), &difference.name).unwrap_or(self.spec.weight);
        let heaviest = explained.min_by_key(weight)?;
        let mut found = Vec::new();
        for event in self.changing(&heaviest.name) {
            found.extend(self.matchers(event, heaviest)?);
        }
        Some(found)
    }

    /// The events that would explain a difference, as a kind says; `None` if it is unknown how they name the resource.
    fn matchers(&self, event: &EventSpec, difference: &Difference) -> Option<Vec<EventMatcher>> {
        let own = self.own_names()?;
        let live = referred(&difference.live, self.plan);
        let operations = event.operations.iter();
        let named = |names: Vec<String>| operations.clone().map(|operation| self.mark(operation, names.clone())).collect();
        let perhaps = |names: Vec<String>| operations.clone().map(|operation| self.perhaps(operation, names.clone())).collect();
        Some(match (event.request, live) {
            (Says::Resource | Says::CreatedBy(_), _) => named(own),
            (Says::ResourceAndParameter, _) => {
                let sets = event.attribute(&difference.name);
                operations.map(|operation| EventMatcher { sets, ..self.mark(operation, own.clone()) }).collect()
            }
            (Says::ResourceAndValue, Some(live)) => named([own, vec![live]].concat()),
            (Says::Value, Some(live)) => perhaps(vec![live]),
            (Says::Nothing, None) => perhaps(Vec::new()),
            (Says::ResourceAndValue | Says::Value, None) | (Says::Nothing, Some(_)) => Vec::new(),
            (Says::AddedElement, _) => self.elements(event, &added(difference), &own),
            (Says::RemovedElement, _) => self.elements(event, &removed(difference), &own),
        })
    }

    /// What a request names that is about nothing else.
    fn own_names(&self) -> Option<Vec<String>> {
        match self.spec.named_by {
            NamedBy::Id => self.finding.id.clone().map(|id| vec![id]),
            NamedBy::Attributes(names) => names.iter().map(|name| self.name_in(name)).collect(),
        }
    }

    /// The text of an attribute, or the id of what it refers to.
    fn name_in(&self, attribute: &str) -> Option<String> {
        let live = self.plan.observed.get(self.address).and_then(|live| live.attributes.get(attribute));
        let value = live.or_else(|| self.wanted(attribute))?;
        match value.as_str() {
            Some(text) => Some(text.to_owned()),
            None => referred(&value, self.plan),
        }
    }

    fn wanted(&self, name: &str) -> Option<Value> {
        self.finding.differences.iter().find(|difference| difference.name == name).map(|difference| difference.wanted.clone())
    }

    /// An event for each of these elements of a list or keys of a map.
    fn elements(&self, event: &EventSpec, elements: &[Value], own: &[String]) -> Vec<EventMatcher> {
        let mut found = Vec::new();
        for element in elements {
            let name = element.as_str().map(str::to_owned).or_else(|| referred(element, self.plan));
            for operation in event.operations {
                found.push(match &name {
                    Some(name) => self.mark(operation, [own, std::slice::from_ref(name)].concat()),
                    // A policy that was deleted, for example: its id is unknown.
                    None => self.perhaps(operation, own.to_vec()),
                });
            }
        }
        found
    }

    /// Of a missing resource: what AWS no longer has, has no id. If the deletion does not say by itself what it is about, the creation does,
    /// for as long as the history goes back.
    fn gone(&self) -> (Vec<EventMatcher>, Option<Made>) {
        let Some(event) = self.spec.events.iter().find(|event| event.explains == Explains::Gone) else { return (Vec::new(), None) };
        let operations = event.operations.iter();
        if let Some(names) = self.own_names() {
            return (operations.map(|operation| self.mark(operation, names.clone())).collect(), None);
        }
        // If no creation has a tag, any deletion might be meant: of accounts that leave, an id is all there is.
        let Says::CreatedBy(operation) = event.request else { return (Vec::new(), None) };
        let made = Made { lookup: self.by_name(operation), operation, address: self.address.clone() };
        (operations.map(|operation| self.perhaps(operation, Vec::new())).collect(), Some(made))
    }
}

/// The elements of a list that AWS has and org.toml does not, or the keys of a map that AWS has with another value.
fn added(difference: &Difference) -> Vec<Value> {
    match (&difference.wanted, &difference.live) {
        (Value::Array(_) | Value::Null, Value::Array(live)) => without(live, &difference.wanted),
        (wanted, Value::Object(live)) => {
            let differs = |key: &&String| wanted.get(key.as_str()) != live.get(*key);
            live.keys().filter(differs).map(|key| Value::from(key.as_str())).collect()
        }
        _ => Vec::new(),
    }
}

/// The elements of a list, or the keys of a map, that org.toml has and AWS does not.
fn removed(difference: &Difference) -> Vec<Value> {
    match (&difference.wanted, &difference.live) {
        (Value::Array(wanted), live) => without(wanted, live),
        (Value::Object(wanted), live) => {
            wanted.keys().filter(|key| live.get(key.as_str()).is_none()).map(|key| Value::from(key.as_str())).collect()
        }
        _ => Vec::new(),
    }
}

/// The elements that another list does not have.
fn without(elements: &[Value], others: &Value) -> Vec<Value> {
    let others = others.as_array().map(Vec::as_slice).unwrap_or_default();
    elements.iter().filter(|element| !others.contains(element)).cloned().collect()
}
