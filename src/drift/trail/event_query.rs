//! The conditions that an event must meet to explain a finding.

use std::collections::BTreeSet;

use serde_json::Value;

use super::operations::{How, creating_operation, operations};
use crate::address::{Address, Reference};
use crate::aws::{Lookup, LookupBy, global_events_region};
use crate::drift::{Difference, Finding, What};
use crate::plan::Plan;
use crate::resource::{self, Weight};

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
        let subject = Subject { address, finding, plan, place: place(address, plan)? };
        let (marks, made) = match finding.what {
            What::Changed => (subject.changed()?, None),
            What::Missing => subject.gone(),
            What::LeftOver | What::Unmanaged | What::Stuck | What::Unread | What::ExpiredIgnore => return None,
        };
        (!marks.is_empty()).then_some(Self { finding: number, marks, made })
    }
}

/// The account and Region in whose history an address is.
fn place(address: &Address, plan: &Plan) -> Option<(String, String)> {
    let Some(scope) = address.scope() else {
        return Some((plan.desired.management_account.clone(), global_events_region(&plan.desired.home_region).to_owned()));
    };
    Some((id_of(&resource::account_address(&scope.account), plan)?, scope.region.clone()))
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
    finding: &'a Finding,
    plan: &'a Plan,
    place: (String, String),
}

impl Subject<'_> {
    fn lookup(&self, by: LookupBy) -> Lookup {
        let (account, region) = self.place.clone();
        Lookup { account, region, by }
    }

    fn by_name(&self, operation: &str) -> Lookup {
        let name = operation.split_once(':').map_or(operation, |(_, name)| name);
        self.lookup(LookupBy::Name(name.to_owned()))
    }

    /// A certain one: by the id of what it is about where that lies in an account, since events of the organization name no resources.
    fn mark(&self, operation: &'static str, names: Vec<String>) -> EventMatcher {
        let by_id = names.first().filter(|_| self.address.scope().is_some());
        let lookup = by_id.map_or_else(|| self.by_name(operation), |id| self.lookup(LookupBy::Resource(id.clone())));
        EventMatcher { lookup, operation, names, sets: None, certain: true }
    }

    /// A matcher that is not certain.
    fn perhaps(&self, operation: &'static str, names: Vec<String>) -> EventMatcher {
        EventMatcher { certain: false, ..self.mark(operation, names) }
    }

    /// For a changed resource, by the most severe attribute that requests can change.
    fn changed(&self) -> Option<Vec<EventMatcher>> {
        let kind = self.address.kind();
        let spec = resource::kind(kind).map(resource::ErasedKind::spec);
        let told = |difference: &&Difference| !operations(kind, How::Attribute(&difference.name)).is_empty();
        let own = spec.map_or(Weight::Organization, |spec| spec.weight);
        let weight = |difference: &&Difference| crate::drift::of::weight(spec, &difference.name).unwrap_or(own);
        let heaviest = self.finding.differences.iter().filter(told).min_by_key(weight)?;
        let operations = operations(kind, How::Attribute(&heaviest.name)).iter();
        let live = || referred(&heaviest.live, self.plan);
        Some(match (kind, heaviest.name.as_str()) {
            ("policy_attachments", _) => self.attachments(heaviest)?,
            ("account", "parent") => {
                let names = vec![self.finding.id.clone()?, live()?];
                operations.map(|operation| self.mark(operation, names.clone())).collect()
            }
            ("subnet", "route_table") => self.association(live())?,
            (_, "tags") => self.tags(operations.as_slice(), heaviest)?,
            ("policy", name @ ("content" | "description" | "name")) => {
                let sets = ["content", "description", "name"].into_iter().find(|known| *known == name);
                let names = vec![self.finding.id.clone()?];
                operations.map(|operation| EventMatcher { sets, ..self.mark(operation, names.clone()) }).collect()
            }
            _ => {
                let names = self.own_names()?;
                operations.map(|operation| self.mark(operation, names.clone())).collect()
            }
        })
    }

    /// What a request names that is about nothing else.
    fn own_names(&self) -> Option<Vec<String>> {
        let attributes = self.plan.observed.get(self.address).map(|live| &live.attributes);
        let said = |name: &str| attributes.and_then(|attributes| attributes.get(name)).or_else(|| self.wanted(name));
        let text = |name: &str| said(name)?.as_str().map(str::to_owned);
        let refers = |name: &str| referred(&said(name)?, self.plan);
        match self.address.kind() {
            "alternate_contact" => Some(vec![refers("account")?, text("contact_type")?]),
            "primary_contact" => Some(vec![refers("account")?]),
            "trusted_service" => Some(vec![text("service")?]),
            "delegated_administrator" => Some(vec![text("service")?, refers("account")?]),
            "policy_type" => Some(vec![text("policy_type")?]),
            "root_access" => Some(Vec::new()),
            "route" => Some(vec![refers("route_table")?, text("destination")?]),
            _ => self.finding.id.clone().map(|id| vec![id]),
        }
    }

    fn wanted(&self, name: &str) -> Option<Value> {
        self.finding.differences.iter().find(|difference| difference.name == name).map(|difference| difference.wanted.clone())
    }

    /// An extra policy was attached, a missing one was detached.
    fn attachments(&self, difference: &Difference) -> Option<Vec<EventMatcher>> {
        let target = self.finding.id.clone()?;
        let all = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let (wanted, live) = (all(&difference.wanted), all(&difference.live));
        let too_much = live.iter().filter(|policy| !wanted.contains(policy)).map(|policy| ("organizations:AttachPolicy", policy));
        let missing = wanted.iter().filter(|policy| !live.contains(policy)).map(|policy| ("organizations:DetachPolicy", policy));
        let mark = |(operation, policy)| match referred(policy, self.plan) {
            Some(policy) => self.mark(operation, vec![target.clone(), policy]),
            // The policy was deleted, and its id is unknown.
            None => self.perhaps(operation, vec![target.clone()]),
        };
        Some(too_much.chain(missing).map(mark).collect())
    }

    /// A missing tag was removed, a different one was set: the matching one of the two operations.
    fn tags(&self, operations: &[&'static str], difference: &Difference) -> Option<Vec<EventMatcher>> {
        let id = self.finding.id.clone()?;
        let tag = |tags: &Value, key: &str| tags.get(key).cloned();
        let keys = [&difference.wanted, &difference.live].into_iter().filter_map(Value::as_object).flat_map(|tags| tags.keys());
        let differ = keys.filter(|key| tag(&difference.wanted, key) != tag(&difference.live, key)).collect::<BTreeSet<_>>();
        let marks = differ.into_iter().flat_map(|key| {
            let gone = tag(&difference.live, key).is_none();
            let takes_off = |operation: &&&'static str| operation.contains(":Untag") || operation.contains(":Delete");
            let led = operations.iter().filter(move |operation| takes_off(operation) == gone);
            led.map(|operation| self.mark(operation, vec![id.clone(), key.clone()])).collect::<Vec<_>>()
        });
        Some(marks.collect())
    }

    /// Which table a subnet has: one request names both, the others the association or its new table alone.
    fn association(&self, live: Option<String>) -> Option<Vec<EventMatcher>> {
        let subnet = self.finding.id.clone()?;
        Some(match live {
            Some(table) => vec![
                self.mark("ec2:AssociateRouteTable", vec![subnet, table.clone()]),
                self.perhaps("ec2:ReplaceRouteTableAssociation", vec![table]),
            ],
            None => vec![self.perhaps("ec2:DisassociateRouteTable", Vec::new())],
        })
    }

    /// Of what is not there: what AWS has no longer has no id. Where the deletion does not say by itself what it is about, it is known by what
    /// the creation has recorded, for as long as the history goes back.
    fn gone(&self) -> (Vec<EventMatcher>, Option<Made>) {
        let operations = operations(self.address.kind(), How::Gone);
        if let Some(names) = self.own_names() {
            return (operations.iter().map(|operation| self.mark(operation, names.clone())).collect(), None);
        }
        // Where no creation has a tag, any deletion might be meant: of accounts that leave, an id is all there is.
        let Some(operation) = operations.iter().find_map(|operation| creating_operation(operation)) else { return (Vec::new(), None) };
        let made = Made { lookup: self.by_name(operation), operation, address: self.address.clone() };
        (operations.iter().map(|operation| self.perhaps(operation, Vec::new())).collect(), Some(made))
    }
}
