//! `overlord apply --rehearse`: applies the plan to a copy of the organization in this process, under the sandbox's rules. AWS is only read.

use serde_json::{Value, json};

use super::shell::Shell;
use super::{Exit, Reported};
use crate::apply::{Consent, Report, Status, apply};
use crate::aws::{Access, Interrupt, Mode, Rates, RequestGate, RequestGateOptions, Sessions};
use crate::plan::Plan;
use crate::sandbox::{Sandbox, Weather, World};
use crate::snapshot;

/// What became of the copy.
pub(super) struct Rehearsal {
    /// The outcomes of the plan's changes.
    pub(super) report: Report,
    /// What the next plan of the copy holds.
    left: Plan,
}

/// Applies `plan` to `copy`, and plans again.
pub(super) async fn rehearse(plan: &Plan, copy: World, consent: &Consent, shell: &Shell) -> Result<Rehearsal, Reported> {
    // AWS's quotas are not known from here, and the configuration was held to those it states.
    let weather = Weather {
        account_quota: Some(usize::MAX),
        vpc_quota: usize::MAX,
        subnet_quota: usize::MAX,
        route_table_quota: usize::MAX,
        address_quota: usize::MAX,
        nat_gateway_quota: usize::MAX,
        ..Weather::default()
    };
    let transport = Sandbox::new(copy, weather).http_client();
    let request_gate = RequestGate::new(RequestGateOptions {
        mode: Mode::ReadWrite,
        rates: Rates::Unlimited,
        trace: None,
        transport,
        interrupt: Interrupt::default(),
    });
    let desired = &plan.desired;
    let access = Access::Sandbox { management_account: desired.management_account.clone() };
    let sessions = Sessions::load(access, request_gate, &desired.home_region, desired.role()).await.map_err(|e| shell.aws_error(&e))?;
    let mut report = apply(plan, &sessions, consent, &mut |_| {}).await;
    // They are the copy's: nothing in AWS has them.
    report.ids.clear();
    sessions.request_gate().set_mode(Mode::ReadOnly);
    let live = snapshot::read(&sessions, desired).await.map_err(|e| shell.aws_error(&e))?;
    Ok(Rehearsal { report, left: Plan::build(desired, &live) })
}

impl Rehearsal {
    /// One line about the copy.
    pub(super) fn verdict(&self) -> String {
        match self.left.changes.len() {
            0 => "Rehearsal: nothing was changed in AWS; after this apply the next plan would be empty.\n".to_owned(),
            left => format!(
                "Rehearsal: nothing was changed in AWS; after this apply the next plan would not be empty (changes left: {left}).\n"
            ),
        }
    }

    /// The same as data.
    pub(super) fn json(&self) -> Value {
        json!({"changes_left": self.left.changes.len()})
    }

    /// As the apply would end, and never well when something would be left.
    pub(super) fn exit(&self) -> Exit {
        match (self.report.status(), self.left.is_empty()) {
            (Status::Done, true) => Exit::Done,
            (Status::Done, false) | (Status::Partly, _) => Exit::Partly,
            (Status::Failed, _) => Exit::Error,
        }
    }
}
