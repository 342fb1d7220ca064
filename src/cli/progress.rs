//! Progress on a terminal: running, done and remaining changes. Silent without a terminal.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::address::Address;
use crate::apply::{Event, Outcome};
use crate::plan::Plan;
use crate::render;

/// How many running changes are named; more are counted by kind.
const NAMED: usize = 3;
/// The number of kinds that are listed.
const KINDS: usize = 5;

/// The display of one apply.
pub(super) struct Progress {
    bar: ProgressBar,
    running: Running,
    tally: Tally,
    /// How many changes take no more time, however they came out.
    over: Arc<AtomicU64>,
}

impl Progress {
    /// Draws on standard error when that is a terminal.
    pub(super) fn new(plan: &Plan) -> Self {
        let all = plan.changes.len() as u64;
        let bar = ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::stderr());
        let (over, bound) = (Arc::new(AtomicU64::new(0)), plan.budget.seconds_at_best);
        let counted = over.clone();
        let left = move |state: &ProgressState, out: &mut dyn fmt::Write| {
            let _ = out.write_str(&time_left(bound, counted.load(Ordering::Relaxed), all, state.elapsed()));
        };
        if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} [{bar:30}] {pos}/{len} {left}{wide_msg}") {
            bar.set_style(style.with_key("left", left).progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, running: Running::default(), tally: Tally::default(), over }
    }

    /// Takes note.
    pub(super) fn event(&mut self, event: &Event) {
        if self.bar.is_hidden() {
            return; // no terminal: the report lists it
        }
        match event {
            Event::Started { address, action: _ } => self.running.start(address),
            Event::Finished { address, outcome } => {
                self.running.finish(address);
                self.over.fetch_add(1, Ordering::Relaxed);
                self.tally.take(outcome);
                self.bar.set_position(self.tally.done);
                if let Outcome::Failed(error) = outcome
                    && self.tally.failed <= render::report::SINGLY
                {
                    // A closed standard error is no reason to stop. The report lists all failures.
                    let told = format!("failed: {}: {}", render::plain(&address.to_string()), render::plain(&error.to_string()));
                    self.bar.suspend(|| drop(writeln!(std::io::stderr(), "{told}")));
                }
            }
        }
        self.bar.set_message(format!("{}{}", self.running.message(), self.tally.message()));
    }

    /// Takes the display away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// The time left, from the plan's bound in seconds: `at least 9 min left, `; empty where nothing can be said. The bound says what AWS's
/// rates allow at best. Once changes are over, their pace counts as much as their share: one quick change says little about thousands.
fn time_left(bound: f64, over: u64, all: u64, elapsed: Duration) -> String {
    if over >= all {
        return String::new();
    }
    let (share, elapsed) = (over as f64 / all as f64, elapsed.as_secs_f64());
    let by_bound = if over == 0 { bound - elapsed } else { bound * (1.0 - share) };
    let by_pace = if over == 0 { 0.0 } else { elapsed / share * (1.0 - share) };
    let slower = (by_pace - by_bound).max(0.0) * share;
    let seconds = by_bound.max(0.0) + slower;
    // What is over within seconds needs no estimate.
    if seconds < 5.0 {
        return String::new();
    }
    let word = if slower > 0.0 { "about" } else { "at least" };
    let step = if seconds < 60.0 { 5.0 } else { 60.0 };
    format!("{word} {} left, ", render::duration((seconds / step).ceil() * step))
}

/// The outcomes so far. Only applied changes count as done.
#[derive(Debug, Default)]
struct Tally {
    done: u64,
    failed: usize,
}

impl Tally {
    fn take(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Applied => self.done += 1,
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Skipped { .. } | Outcome::Withheld { .. } | Outcome::Waiting(_) | Outcome::Interrupted | Outcome::NotStarted => {}
        }
    }

    fn message(&self) -> String {
        if self.failed > 0 { format!("; {} failed", self.failed) } else { String::new() }
    }
}

/// The running changes. There may be thousands, so the counts are kept and not recomputed.
#[derive(Debug, Default)]
struct Running {
    addresses: BTreeSet<Address>,
    kinds: BTreeMap<String, usize>,
    accounts: BTreeMap<String, usize>,
}

impl Running {
    fn start(&mut self, address: &Address) {
        if self.addresses.insert(address.clone()) {
            *self.kinds.entry(address.kind().to_owned()).or_default() += 1;
            if let Some(account) = address.account() {
                *self.accounts.entry(account.to_owned()).or_default() += 1;
            }
        }
    }

    fn finish(&mut self, address: &Address) {
        if self.addresses.remove(address) {
            one_less(&mut self.kinds, address.kind());
            if let Some(account) = address.account() {
                one_less(&mut self.accounts, account);
            }
        }
    }

    /// Some by name; many as how many of which kind.
    fn message(&self) -> String {
        if self.addresses.len() <= NAMED {
            return self.addresses.iter().map(|address| render::plain(&address.to_string())).collect::<Vec<_>>().join(", ");
        }
        let mut kinds: Vec<(Reverse<usize>, &str)> = self.kinds.iter().map(|(kind, n)| (Reverse(*n), kind.as_str())).collect();
        kinds.sort_unstable();
        let told: Vec<String> = kinds.iter().take(KINDS).map(|(Reverse(n), kind)| render::things(*n, kind)).collect();
        let more = if kinds.len() > KINDS { ", …" } else { "" };
        let accounts =
            if self.accounts.is_empty() { String::new() } else { format!(" in {}", render::things(self.accounts.len(), "account")) };
        format!("{}{more}{accounts}", told.join(", "))
    }
}

fn one_less(counts: &mut BTreeMap<String, usize>, key: &str) {
    if let Some(n) = counts.get_mut(key) {
        *n -= 1;
        if *n == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Error;

    #[test]
    fn the_time_left_follows_the_bound_and_then_the_pace() {
        let seconds = Duration::from_secs;
        for (bound, over, all, elapsed, expected) in [
            // Nothing is known yet but the bound.
            (600.0, 0, 100, 0, "at least 10 min left, "),
            (600.0, 0, 100, 60, "at least 9 min left, "),
            (600.0, 0, 100, 700, ""),
            // As fast as AWS's rates allow, or faster.
            (600.0, 50, 100, 300, "at least 5 min left, "),
            (600.0, 50, 100, 1, "at least 5 min left, "),
            // Half of it took twice the bound: 300 s by the bound, 1200 s by the pace.
            (600.0, 50, 100, 1200, "about 13 min left, "),
            // The first of many is slow: its pace says little.
            (600.0, 1, 1000, 30, "about 11 min left, "),
            (40.0, 20, 80, 10, "at least 30 s left, "),
            (36_000.0, 1, 100, 360, "at least 9 h 54 min left, "),
            // Without published rates only the pace counts.
            (0.0, 25, 100, 100, "about 2 min left, "),
            (2.0, 0, 3, 0, ""),
            (600.0, 100, 100, 600, ""),
            (600.0, 0, 0, 0, ""),
        ] {
            assert_eq!(time_left(bound, over, all, seconds(elapsed)), expected, "{bound} {over}/{all} {elapsed}");
        }
    }

    #[test]
    fn only_what_is_applied_is_done() {
        let mut tally = Tally::default();
        let because_of: Address = "ou.a".parse().unwrap();
        let others = [Outcome::Skipped { because_of }, Outcome::Interrupted, Outcome::NotStarted, Outcome::Failed(Error::failed("no"))];
        others.iter().chain([&Outcome::Applied]).for_each(|outcome| tally.take(outcome));
        assert_eq!((tally.done, tally.message().as_str()), (1, "; 1 failed"));
    }

    #[test]
    fn few_are_named_and_many_are_counted() {
        let address = |text: &str| text.parse::<Address>().unwrap();
        let mut running = Running::default();
        for key in ["a", "b", "c"] {
            running.start(&address(&format!("{key}/eu-west-1/nat_gateway.standard/x")));
        }
        let named = "a/eu-west-1/nat_gateway.standard/x, b/eu-west-1/nat_gateway.standard/x, c/eu-west-1/nat_gateway.standard/x";
        assert_eq!(running.message(), named);
        running.start(&address("a/eu-west-1/vpc.other"));
        running.start(&address("ou.old"));
        assert_eq!(running.message(), "3 NAT gateways, 1 OU, 1 VPC in 3 accounts");
        for text in ["a/eu-west-1/nat_gateway.standard/x", "b/eu-west-1/nat_gateway.standard/x", "ou.old", "never.started"] {
            running.finish(&address(text));
        }
        assert_eq!(running.message(), "a/eu-west-1/vpc.other, c/eu-west-1/nat_gateway.standard/x");
        assert_eq!((running.kinds.len(), running.accounts.len()), (2, 2));
    }
}
