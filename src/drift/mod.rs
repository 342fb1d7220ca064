//! Drift: the differences between org.toml and AWS, as findings. Pure.
//!
//! It works on a plan and reads nothing itself. `overlord drift` reports what `overlord plan` would change, with a severity, together with
//! unmanaged resources and with what could not be read. So plan and drift can never disagree about what a difference is.
//!
//! ```text
//! Plan ─ of ─► findings ─ ignore ─► unexpected ones ─ fold ─► one for a resource and its parts ─ baseline ─► new ones ─► render
//! ```

mod baseline;
mod date;
mod finding;
mod fold;
mod ignore;
mod of;
mod trail;

use std::collections::BTreeSet;

use serde::Serialize;

pub use baseline::{Baseline, BaselineError};
pub use date::Date;
pub use finding::{Difference, Finding, Remedy, What};
pub use ignore::{Ignore, Pattern, Used};
pub use trail::{Inquiry, Origin};

use crate::address::{Address, Scope};
use crate::plan::{Action, Direction, Effect, Effects, Plan};
use crate::resource::{Desired, Live, Screening, Weight, is_account};

/// The plan of a live state, and the accounts and Regions with changes or findings.
pub fn planned(desired: &Desired, live: &Live) -> (Plan, BTreeSet<Scope>) {
    let plan = Plan::build(desired, live);
    let changed = plan.changes.iter().filter(|change| change.action != Action::NoOp).filter_map(|change| change.address.scope().cloned());
    let told = plan.findings.iter().filter_map(|finding| finding.subject.parse::<Address>().ok()?.scope().cloned());
    let different = changed.chain(told).collect();
    (plan, different)
}

/// The maximum number of guardrails whose effect is computed: each needs a comparison of all accounts.
const JUDGED: usize = 100;

/// The version of the JSON form. Raised when a reader of the old one would misread the new one.
pub const FORMAT_VERSION: u32 = 1;

/// All that a look found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drift {
    /// The findings: the most severe first, then by subject.
    pub findings: Vec<Finding>,
    /// What each `[[ignore]]` that holds left out, in the order of org.toml.
    pub ignored: Vec<Used>,
    /// The fingerprints of findings that the baseline has too, and that are left out.
    pub known: Vec<String>,
    /// Findings of the baseline that are no more.
    pub gone: usize,
    /// What is no drift and should be known.
    pub notes: Vec<Note>,
    /// How much was looked at.
    pub looked_at: LookedAt,
    /// How much of that comes from records of AWS Config; `None` if everything was read directly.
    pub screening: Option<Screening>,
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct LookedAt {
    /// Accounts that org.toml has, of those that were selected.
    pub accounts: usize,
    /// Resources that org.toml declares or that AWS has.
    pub resources: usize,
}

/// Something to know that is no drift.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Note {
    /// What it is about.
    pub subject: String,
    /// One line.
    pub summary: String,
}

impl Drift {
    /// The findings of `plan`, without those that `ignores` expect on the day `today` and those of `baseline`.
    pub fn of(plan: &Plan, ignores: &[Ignore], today: Date, baseline: Option<&Baseline>) -> Self {
        let (found, mut notes) = of::findings(plan);
        let (found, ignored) = ignore::apply(found, ignores, today);
        for used in ignored.iter().filter(|used| used.findings == 0) {
            let summary = format!("nothing has drifted that this [[ignore]] expects until {}: remove it", used.until);
            notes.push(Note { subject: used.address.clone(), summary });
        }
        let mut findings = fold::fold(found);
        findings.extend(ignores.iter().filter(|ignore| ignore.until < today).map(Ignore::expired));
        findings.sort_by(|a, b| (a.weight, a.what, &a.address, &a.subject).cmp(&(b.weight, b.what, &b.address, &b.subject)));
        notes.sort();
        let mut drift = Self { findings, ignored, notes, looked_at: LookedAt::of(plan), ..Self::default() };
        if let Some(baseline) = baseline {
            baseline.leave_out(&mut drift);
        }
        drift
    }

    /// Computes the effect of each guardrail difference on accounts, with the live state of the plan.
    pub fn judge(&mut self, plan: &Plan, live: &Live) {
        if self.findings.iter().all(|finding| finding.weight != Weight::GuardRail) {
            return;
        }
        let effects = Effects::new(plan, live);
        let (mut judged, mut more) = (0, 0);
        for finding in &mut self.findings {
            let Some(address) = &finding.address else { continue };
            if judged == JUDGED {
                more += usize::from(effects.concern(address));
                continue;
            }
            finding.effect = effects.of(address);
            judged += usize::from(finding.effect.is_some());
        }
        if more > 0 {
            let summary = format!("the effect of {more} more on accounts was not computed; limit the run with --account, --ou or --only");
            self.notes.push(Note { subject: "guardrails".to_owned(), summary });
            self.notes.sort();
        }
        // Together they may have an effect that none has alone: then none is reported as harmless.
        let any = |is: fn(&Effect) -> bool| self.findings.iter().filter_map(|finding| finding.effect.as_ref()).any(is);
        let explained = match effects.together() {
            Direction::Weakened | Direction::Mixed => any(Effect::weakens),
            Direction::Unknown => any(|effect| effect.effect != Direction::None),
            Direction::Strengthened | Direction::None => true,
        };
        if !explained {
            for effect in self.findings.iter_mut().filter_map(|finding| finding.effect.as_mut()) {
                effect.effect = Direction::Unknown;
            }
        }
    }

    /// Notes how much was read from an aggregator of AWS Config, and what that leaves unknown.
    pub fn rests_on(&mut self, screening: Screening) {
        let Screening { aggregator, recorded, unrecorded, failed, different } = &screening;
        let mut note = |summary: String| self.notes.push(Note { subject: "AWS Config".to_owned(), summary });
        if *recorded > 0 {
            note(format!(
                "{recorded} of {} networks (an account in a Region) are as org.toml says by what `{aggregator}` has recorded, and were not looked at: \
                 what changed in the last minutes, what a recorder that was stopped or leaves kinds out has missed, and whether the access \
                 role still opens the account would show without --screen",
                screening.all()
            ));
        }
        if *unrecorded + *failed + *different > 0 {
            note(format!(
                "read directly: {different} that looked different, {unrecorded} without a record, {failed} whose record is not the newest"
            ));
        }
        self.notes.sort();
        self.screening = Some(screening);
    }

    /// Whether nothing has drifted.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }
}

impl LookedAt {
    fn of(plan: &Plan) -> Self {
        let Desired { resources, selection, .. } = &plan.desired;
        let accounts = resources.keys().filter(|address| is_account(address) && selection.selects(address)).count();
        let made = plan.changes.iter().filter(|change| change.before.is_none()).count();
        Self { accounts, resources: plan.observed.len() + made }
    }
}

#[cfg(test)]
mod tests;
