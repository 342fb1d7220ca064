//! What runs, what is done, what is left: on a terminal. Without one, quiet.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::address::Address;
use crate::apply::{Event, Outcome};
use crate::plan::Plan;
use crate::render;

/// How many running changes are named; more are counted by kind.
const NAMED: usize = 3;
/// How many kinds are told.
const KINDS: usize = 5;

/// The display of one apply.
pub(super) struct Progress {
    bar: ProgressBar,
    running: Running,
    tally: Tally,
}

impl Progress {
    /// Draws on standard error when that is a terminal.
    pub(super) fn new(plan: &Plan) -> Self {
        let bar = ProgressBar::with_draw_target(Some(plan.changes.len() as u64), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} [{bar:30}] {pos}/{len} {wide_msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, running: Running::default(), tally: Tally::default() }
    }

    /// Takes note.
    pub(super) fn event(&mut self, event: &Event) {
        if self.bar.is_hidden() {
            return; // nobody watches: the report tells it
        }
        match event {
            Event::Started { address, action: _ } => self.running.start(address),
            Event::Finished { address, outcome } => {
                self.running.finish(address);
                self.tally.take(outcome);
                self.bar.set_position(self.tally.done);
                if let Outcome::Failed(error) = outcome
                    && self.tally.failed <= render::report::SINGLY
                {
                    // A closed standard error is no reason to stop. The report tells all failures.
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

/// What has come out so far. Only what is applied is done.
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

/// What is running: thousands of changes may be, so what is shown is kept, not counted anew.
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
            if let Some(scope) = address.scope() {
                *self.accounts.entry(scope.account.clone()).or_default() += 1;
            }
        }
    }

    fn finish(&mut self, address: &Address) {
        if self.addresses.remove(address) {
            one_less(&mut self.kinds, address.kind());
            if let Some(scope) = address.scope() {
                one_less(&mut self.accounts, &scope.account);
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
        assert_eq!(running.message(), "3 NAT gateways, 1 ou, 1 VPC in 3 accounts");
        for text in ["a/eu-west-1/nat_gateway.standard/x", "b/eu-west-1/nat_gateway.standard/x", "ou.old", "never.started"] {
            running.finish(&address(text));
        }
        assert_eq!(running.message(), "a/eu-west-1/vpc.other, c/eu-west-1/nat_gateway.standard/x");
        assert_eq!((running.kinds.len(), running.accounts.len()), (2, 2));
    }
}
