//! What runs, what is done, what is left: on a terminal. Without one, quiet.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::address::Address;
use crate::apply::{Event, Outcome};
use crate::plan::{Action, Plan};

/// The display of one apply.
pub(super) struct Progress {
    bar: ProgressBar,
    running: BTreeMap<Address, Action>,
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
        Self { bar, running: BTreeMap::new(), failed: 0 }
    }

    /// Takes note.
    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Started { address, action } => {
                self.running.insert(address.clone(), *action);
            }
            Event::Finished { address, outcome } => {
                self.running.remove(address);
                self.bar.inc(1);
                if let Outcome::Failed(error) = outcome {
                    self.failed += 1;
                    if self.bar.is_hidden() {
                        return; // nobody watches: the report tells it
                    }
                    // A closed standard error is no reason to stop.
                    self.bar.suspend(|| drop(writeln!(std::io::stderr(), "failed: {address}: {error}")));
                }
            }
        }
        self.bar.set_message(self.message());
    }

    /// The running changes by name, as many as fit a line.
    fn message(&self) -> String {
        const NAMED: usize = 3;
        let names = self.running.keys().take(NAMED).map(Address::to_string).collect::<Vec<_>>().join(", ");
        let more = match self.running.len().saturating_sub(NAMED) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let failed = if self.failed > 0 { format!("; {} failed", self.failed) } else { String::new() };
        format!("{names}{more}{failed}")
    }

    /// Takes the display away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
