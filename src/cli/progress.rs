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
    failed: usize,
}

impl Progress {
    /// Draws on standard error when that is a terminal.
    pub(super) fn new(plan: &Plan) -> Self {
        let bar = ProgressBar::with_draw_target(Some(plan.changes.len() as u64), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{elapsed_precise} [{bar:30}] {pos}/{len} {wide_msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, running: Running::default(), failed: 0 }
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
                self.bar.inc(1);
                if let Outcome::Failed(error) = outcome {
                    self.failed += 1;
                    // A closed standard error is no reason to stop. The report tells all failures.
                    if self.failed <= render::report::SINGLY {
                        self.bar.suspend(|| drop(writeln!(std::io::stderr(), "failed: {address}: {error}")));
                    }
                }
            }
        }
        let failed = if self.failed > 0 { format!("; {} failed", self.failed) } else { String::new() };
        self.bar.set_message(format!("{}{failed}", self.running.message()));
    }

    /// Takes the display away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
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
            return self.addresses.iter().map(Address::to_string).collect::<Vec<_>>().join(", ");
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
