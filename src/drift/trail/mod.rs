//! When a difference was made and by whom, from CloudTrail: which look-ups to send, and which event explains which finding.
//! Pure: `cli/drift.rs` sends the look-ups.
//!
//! ```text
//! findings ─ event queries ─► look-ups ─ (CloudTrail) ─► events ─► the newest that fits a query ─► Origin
//! ```
//!
//! Only differences are looked up, the most severe first. Events of Organizations name no resources, so they are looked up by the operation's
//! name: one look-up serves all findings that it could explain. Events of networks are looked up by resource id.

mod event;
mod event_query;
mod origin;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::aws::{History, Lookup};
use crate::drift::{Drift, Note};
use crate::plan::Plan;
use crate::plural::count;

use event::Event;
use event_query::{EventMatcher, EventQuery, Made};
pub use origin::Origin;

/// The maximum number of look-ups per run. Those to one account and Region are rate limited: two pages a second.
const LOOKUPS: usize = 50;

/// The CloudTrail look-ups, and the findings that they are for.
#[derive(Debug, Clone, PartialEq)]
pub struct Inquiry {
    clues: Vec<EventQuery>,
    lookups: BTreeSet<Lookup>,
    /// The number of findings that would need more look-ups.
    unasked: usize,
    access_role: String,
}

impl Inquiry {
    /// Of the differences that were found, in their order.
    pub fn of(drift: &Drift, plan: &Plan) -> Self {
        let mut inquiry = Self { clues: Vec::new(), lookups: BTreeSet::new(), unasked: 0, access_role: plan.desired.access_role.clone() };
        for clue in drift.findings.iter().enumerate().filter_map(|(number, finding)| EventQuery::of(number, finding, plan)) {
            let more = clue.lookups().into_iter().filter(|lookup| !inquiry.lookups.contains(*lookup)).count();
            if inquiry.lookups.len() + more > LOOKUPS {
                inquiry.unasked += 1;
                continue;
            }
            inquiry.lookups.extend(clue.lookups().into_iter().cloned());
            inquiry.clues.push(clue);
        }
        inquiry
    }

    /// What is to be looked up.
    pub fn lookups(&self) -> impl Iterator<Item = &Lookup> {
        self.lookups.iter()
    }

    /// Whether the newest events of a look-up explain all that it could explain, so that older ones need not be read.
    pub fn is_answered(&self, lookup: &Lookup, events: &[String]) -> bool {
        let events: Vec<Event> = events.iter().filter_map(|text| Event::read(text)).collect();
        let explained = |mark: &EventMatcher| mark.certain && events.iter().any(|event| mark.fits(event));
        let asks = |clue: &&EventQuery| clue.lookups().contains(lookup);
        self.clues.iter().filter(asks).all(|clue| clue.marks.iter().any(explained))
    }

    /// Adds the origins to the findings, and notes what was not found. `failures` are the errors of look-ups.
    pub fn tell(&self, drift: &mut Drift, found: &BTreeMap<Lookup, History>, failures: &BTreeMap<Lookup, String>) {
        let events: BTreeMap<&Lookup, Vec<Event>> =
            found.iter().map(|(lookup, history)| (lookup, history.events.iter().filter_map(|text| Event::read(text)).collect())).collect();
        let mut cut_short = 0;
        for clue in &self.clues {
            let origin = clue.explain(&events, &self.access_role);
            let has_more = clue.lookups().into_iter().any(|lookup| found.get(lookup).is_some_and(|history| history.has_more));
            cut_short += usize::from(origin.is_none() && has_more);
            if let Some(finding) = drift.findings.get_mut(clue.finding) {
                finding.origin = origin;
            }
        }
        self.note(drift, cut_short, failures);
    }

    fn note(&self, drift: &mut Drift, cut_short: usize, failures: &BTreeMap<Lookup, String>) {
        let mut note = |summary: String| drift.notes.push(Note { subject: "CloudTrail".to_owned(), summary });
        let differences = |n: usize| count(n, "difference");
        if self.unasked > 0 {
            let what = differences(self.unasked);
            note(format!("not looked up: {what}; a run makes {LOOKUPS} look-ups at most; limit the run with --account, --ou or --only"));
        }
        if cut_short > 0 {
            note(format!(
                "not explained: {}; there are more events than were read, and the newest do not explain them",
                differences(cut_short)
            ));
        }
        // What fails in an account and Region fails for all look-ups in it.
        let mut told = BTreeSet::new();
        for (lookup, error) in failures {
            if told.insert((&lookup.account, &lookup.region)) {
                let asks =
                    |clue: &&EventQuery| clue.lookups().into_iter().any(|l| (&l.account, &l.region) == (&lookup.account, &lookup.region));
                note(format!("the author of {} is unknown: {error}", differences(self.clues.iter().filter(asks).count())));
            }
        }
        drift.notes.sort();
    }
}

impl EventMatcher {
    fn fits(&self, event: &Event) -> bool {
        event.is(self.operation) && self.names.iter().all(|name| event.names(name)) && self.sets.is_none_or(|sets| event.sets(sets))
    }
}

impl Made {
    /// The texts in the answers of those requests that made this thing, or, with `others`, anything else that has a tag of overlord's.
    fn answers<'e>(&self, events: &'e [Event], others: bool) -> BTreeSet<&'e str> {
        let tagged = |event: &&Event| {
            let tag = event.asked().find_map(|text| text.parse::<Address>().ok().filter(|tag| tag.kind() == self.address.kind()));
            // The account in the tag may have had another name then.
            tag.is_some_and(|tag| (tag.key() != self.address.key()) == others)
        };
        events.iter().filter(|event| event.is(self.operation)).filter(tagged).flat_map(Event::answered).collect()
    }
}

/// An event that fits, whether it is certain, and the look-up that found it.
type Fitting<'e> = (bool, &'e Event, &'e Lookup);

/// Of equal times the first, since the newest come first. Those of two look-ups have no order within a second: then neither is certain.
fn newest(all: Vec<Fitting<'_>>) -> Option<Fitting<'_>> {
    let (certain, event, lookup) = all.iter().copied().reduce(|newest, next| if next.1.time > newest.1.time { next } else { newest })?;
    let rival = |(_, other, by): &Fitting<'_>| other.time == event.time && *by != lookup && other.id != event.id;
    Some((certain && !all.iter().any(rival), event, lookup))
}

impl EventQuery {
    fn explain(&self, found: &BTreeMap<&Lookup, Vec<Event>>, access_role: &str) -> Option<Origin> {
        let of = |lookup: &Lookup| found.get(lookup).map(Vec::as_slice).unwrap_or_default();
        let (made, others) = match &self.made {
            Some(made) => (made.answers(of(&made.lookup), false), made.answers(of(&made.lookup), true)),
            None => Default::default(),
        };
        // Ids are unique; what both answers have in common (a VPC, an account) explains nothing.
        let (ours, theirs): (BTreeSet<_>, BTreeSet<_>) = (&made - &others, &others - &made);
        let fitting = self.marks.iter().flat_map(|mark| -> Vec<Fitting<'_>> {
            let events = of(&mark.lookup).iter().filter(|event| mark.fits(event));
            let judged = events.filter_map(|event| {
                let names = |ids: &BTreeSet<&str>| event.asked().any(|text| ids.contains(text));
                let certain = mark.certain || names(&ours);
                (certain || !names(&theirs)).then_some((certain, event, &mark.lookup))
            });
            judged.collect()
        });
        let (certain, perhaps): (Vec<_>, Vec<_>) = fitting.partition(|(certain, ..)| *certain);
        let (certain, event, lookup) = newest(certain).or_else(|| newest(perhaps))?;
        Some(Origin::of(event, certain, &lookup.account, access_role))
    }
}
