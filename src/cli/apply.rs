//! `overlord apply`: shows the plan, asks for confirmation, and applies it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Map, Value, json};

use super::connect::{Connection, connect, connect_to_write};
use super::consent::{Consenting, Stage};
use super::lock::{self, Locked};
use super::progress::Progress;
use super::rehearse::{Rehearsal, rehearse};
use super::select::Selecting;
use super::shell::Shell;
use super::signals::{Signal, Signals};
use super::{Exit, Format, Global, Reported, checkout, codes, plan, validate};
use crate::apply::{Consent, Report, RunLock, Status, Stopped};
use crate::aws::{Interrupt, Mode};
use crate::plan::Plan;
use crate::resource::{Desired, Live};
use crate::sandbox::World;
use crate::{render, snapshot};

#[derive(Debug, Default, Args)]
pub(super) struct ApplyArgs {
    /// A plan saved by `overlord plan --out`; refused if AWS has changed since
    file: Option<PathBuf>,

    #[command(flatten)]
    consenting: Consenting,

    /// Apply to a copy of the organization in the sandbox, and leave AWS as it is
    #[arg(long)]
    rehearse: bool,

    /// Open every group and show every attribute
    #[arg(long)]
    detail: bool,

    #[command(flatten)]
    selecting: Selecting,

    #[command(flatten)]
    locked: Locked,

    /// Remove the lock that a run has left behind, and do nothing else. Prompts for its owner's name on a terminal; elsewhere give it
    /// here
    #[arg(
        long, value_name = "OWNER", num_args = 0..=1, require_equals = true, default_missing_value = "",
        conflicts_with_all = ["file", "rehearse", "no_lock", "yes", "allow_delete"]
    )]
    unlock: Option<String>,
}

impl ApplyArgs {
    /// The saved plan.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }
}

/// What is known before anything is changed.
struct Prepared {
    connection: Connection,
    plan: Plan,
    /// The organization as it was read, for a rehearsal.
    copy: Option<World>,
    /// Whether another run held the lock meanwhile.
    locked: bool,
    /// How long that took.
    took: Duration,
}

pub(super) async fn run(global: &Global, args: &ApplyArgs, shell: &Shell) -> Result<Exit, Reported> {
    if let Some(owner) = &args.unlock {
        return lock::unlock(global, owner, shell).await;
    }
    let Prepared { connection, plan, copy, locked, took } = match &args.file {
        Some(file) => saved(global, file, args, shell).await?,
        None => fresh(global, args, shell).await?,
    };
    let plan = if args.rehearse || args.locked.no_lock { plan.unlocked() } else { plan.locked() };
    match global.format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line => plan::show(&plan, global.format, args.detail, shell)?,
        Format::Json | Format::Markdown => {}
    }
    let stage = if args.rehearse { Stage::Copy } else { Stage::Aws };
    show_before_asking(&plan, args, stage, global.format, shell);
    let asked = Instant::now();
    let consent = args.consenting.obtain(&plan, stage, shell).map_err(|reported| reported.with("plan", json!(plan)))?;
    if let Some(copy) = copy {
        let rehearsal = rehearse(&plan, copy, &consent, shell).await?;
        show(&plan, &rehearsal.report, Some(&rehearsal), args, global.format, shell);
        connection.close(shell)?;
        return Ok(rehearsal.exit());
    }
    let since = if asked.elapsed() > took || locked { Since::Long } else { Since::Now };
    let report = carry_out(&connection, &plan, &consent, since, &args.locked, shell).await?;
    // First the report, then the result of writing the sandbox's file: changes that were made must be reported.
    show(&plan, &report, None, args, global.format, shell);
    codes::settle(&plan, &report, &connection.sessions, args.consenting.asking(), shell).await;
    connection.close(shell)?;
    Ok(match report.status() {
        Status::Done => Exit::Done,
        Status::Failed => Exit::Error,
        Status::Partly => Exit::Partly,
    })
}

/// The end of a command that has made changes of a part possible: plans what is selected in `desired`, shows it, asks unless `yes`, and makes
/// it so. In other formats than text nothing is shown.
pub(super) async fn part(
    global: &Global,
    connection: &Connection,
    desired: &Desired,
    yes: bool,
    locked: Locked,
    shell: &Shell,
) -> Result<(Plan, Report), Reported> {
    let args = ApplyArgs { consenting: Consenting::yes(yes), locked, ..ApplyArgs::default() };
    let (live, _) = read(connection, desired, &args, shell).await?;
    let plan = Plan::build(desired, &live);
    let plan = if args.locked.no_lock { plan } else { plan.locked() };
    let shown = global.format == Format::Text;
    if shown {
        plan::show(&plan, global.format, false, shell)?;
    }
    show_before_asking(&plan, &args, Stage::Aws, global.format, shell);
    let consent = args.consenting.obtain(&plan, Stage::Aws, shell).map_err(|reported| reported.with("plan", json!(plan)))?;
    let since = if live.locked { Since::Long } else { Since::Now };
    let report = carry_out(connection, &plan, &consent, since, &args.locked, shell).await?;
    if shown {
        show(&plan, &report, None, &args, global.format, shell);
    }
    codes::settle(&plan, &report, &connection.sessions, args.consenting.asking(), shell).await;
    Ok((plan, report))
}

/// Never asks to confirm a plan that was not shown: if the result is for programs, the plan goes to standard error.
fn show_before_asking(plan: &Plan, args: &ApplyArgs, stage: Stage, format: Format, shell: &Shell) {
    match format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line => {}
        Format::Json | Format::Markdown if !args.consenting.asks(plan, stage) => {}
        Format::Json | Format::Markdown => {
            shell.say(render::text::plan(plan, render::Style { detail: args.detail, ..shell.style_of_talk() }))
        }
    }
}

/// Reads the configuration and the live state, and plans.
async fn fresh(global: &Global, args: &ApplyArgs, shell: &Shell) -> Result<Prepared, Reported> {
    let mut desired = validate::load(global, shell)?.desired;
    args.selecting.narrow(&mut desired, shell)?;
    let connection = reach(global, &desired, args, shell).await?;
    let started = Instant::now();
    let (live, copy) = read(&connection, &desired, args, shell).await?;
    let took = started.elapsed();
    Ok(Prepared { connection, plan: Plan::build(&desired, &live), copy, locked: live.locked, took })
}

/// A rehearsal writes nothing, and enters accounts by the role of plans.
async fn reach(global: &Global, desired: &Desired, args: &ApplyArgs, shell: &Shell) -> Result<Connection, Reported> {
    if args.rehearse { connect(global, desired, shell).await } else { connect_to_write(global, desired, shell).await }
}

/// Reads the live state; a copy of it is made only for a rehearsal.
async fn read(connection: &Connection, desired: &Desired, args: &ApplyArgs, shell: &Shell) -> Result<(Live, Option<World>), Reported> {
    let sessions = &connection.sessions;
    let observed = match args.rehearse {
        true => snapshot::read_for_rehearsal(sessions, desired).await.map(|(live, copy)| (live, Some(copy))),
        false => snapshot::read(sessions, desired).await.map(|live| (live, None)),
    };
    observed.map_err(|e| shell.aws_error(&e))
}

/// Reads a saved plan, and the live state again; refuses if AWS has changed since.
async fn saved(global: &Global, file: &Path, args: &ApplyArgs, shell: &Shell) -> Result<Prepared, Reported> {
    args.selecting.none(shell)?;
    let saved = plan::saved(file, shell)?;
    checkout::check(global, file, &saved.desired, shell)?;
    let connection = reach(global, &saved.desired, args, shell).await?;
    let started = Instant::now();
    let (live, copy) = read(&connection, &saved.desired, args, shell).await?;
    let since = format!("AWS has changed since `{}` was made; nothing was changed", file.display());
    let hint = "make a new plan (`overlord plan --out FILE`) and review it";
    unmoved(&saved, &live, &since, hint, shell)?;
    // The file's reasons, findings and costs are not verified, so they are not shown.
    let plan = Plan::build(&saved.desired, &live);
    if !plan.does_the_same_as(&saved) {
        let message = format!("`{}` would make other changes now; nothing was changed", file.display());
        return Err(shell.error(message, Some(hint.to_owned())));
    }
    Ok(Prepared { connection, plan, copy, locked: live.locked, took: started.elapsed() })
}

/// Refuses a plan if AWS has changed since, and says what to do.
fn unmoved(plan: &Plan, live: &Live, since: &str, hint: &str, shell: &Shell) -> Result<(), Reported> {
    let moved = plan.moved_since(live);
    if moved.is_empty() {
        return Ok(());
    }
    shell.say(render::text::moved(&moved));
    Err(shell.error(since, Some(hint.to_owned())).with("moved", json!(moved)))
}

/// The age of the data that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Since {
    /// It was read just now.
    Now,
    /// The user has thought about the plan for longer than its reading took, or another run held the lock meanwhile.
    Long,
}

/// Reads AWS again, since other runs may have changed it. This takes no longer than the time that has passed. Under the lock, so that nobody changes it
/// from here on.
async fn still_so(connection: &Connection, plan: &Plan, shell: &Shell) -> Result<(), Reported> {
    shell.say("checking that AWS has not changed since the plan was shown");
    let live = snapshot::read(&connection.sessions, &plan.desired).await.map_err(|e| shell.aws_error(&e))?;
    let since = "AWS has changed since the plan was shown; nothing was changed";
    unmoved(plan, &live, since, "run the same command again, and review the new plan", shell)
}

/// Opens the request gate for writes and runs the plan, under the lock; a signal interrupts it. An empty plan takes no lock.
async fn carry_out(
    connection: &Connection,
    plan: &Plan,
    consent: &Consent,
    since: Since,
    locked: &Locked,
    shell: &Shell,
) -> Result<Report, Reported> {
    if plan.is_empty() {
        return Ok(Report::default());
    }
    let (sessions, lock) = (&connection.sessions, locked.lock(&connection.sessions));
    let request_gate = sessions.request_gate();
    request_gate.set_mode(Mode::ReadWrite);
    let mut progress = Progress::new(plan);
    let mut events = |event| progress.event(&event);
    let check = async {
        match since {
            Since::Now => Ok(()),
            Since::Long => still_so(connection, plan, shell).await,
        }
    };
    let run = async {
        match &lock {
            Some(lock) => crate::apply::apply_locked(plan, lock, consent, check, &mut events).await,
            None => match check.await {
                Ok(()) => Ok(crate::apply::apply_beside_others(plan, sessions, consent, &mut events).await),
                Err(reported) => Err(Stopped::Check(reported)),
            },
        }
    };
    let leaves = || lock.as_ref().is_some_and(RunLock::is_held).then_some(lock::LEFT);
    let report = interruptible(run, request_gate.interrupt(), leaves, shell).await;
    progress.finish();
    request_gate.set_mode(Mode::ReadOnly);
    lock::tell_trouble(lock.as_ref(), shell);
    report.map_err(|stopped| match stopped {
        Stopped::Lock(error) => {
            let theirs = lock.as_ref().and_then(RunLock::theirs);
            lock::refused(&error, theirs.as_ref(), sessions, shell).with("plan", json!(plan))
        }
        Stopped::Check(reported) => reported,
    })
}

/// Runs until it is done; SIGINT and SIGTERM interrupt it. `leaves` says what stays behind if a second signal ends the process.
pub(super) async fn interruptible<T>(
    run: impl Future<Output = T>,
    interrupt: &Interrupt,
    leaves: impl Fn() -> Option<&'static str>,
    shell: &Shell,
) -> T {
    tokio::pin!(run);
    let mut signals = Signals::listen();
    loop {
        tokio::select! {
            done = &mut run => break done,
            signal = signals.next() => on_signal(signal, interrupt, &leaves, shell),
        }
    }
}

/// The first signal ends waits and starts nothing more; the second ends the process at once.
fn on_signal(signal: Signal, interrupt: &Interrupt, leaves: &impl Fn() -> Option<&'static str>, shell: &Shell) {
    if interrupt.is_triggered() {
        if let Some(left) = leaves() {
            shell.say(left);
        }
        std::process::exit(signal.exit_status());
    }
    interrupt.trigger();
    shell.say("\ninterrupted: waiting for requests in flight. Press Ctrl-C again to stop now. Run the same command again to continue.");
}

fn show(plan: &Plan, report: &Report, rehearsal: Option<&Rehearsal>, args: &ApplyArgs, format: Format, shell: &Shell) {
    let verdict = rehearsal.map(Rehearsal::verdict).unwrap_or_default();
    match format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line if plan.is_empty() => shell.result(verdict),
        Format::Text | Format::Junit | Format::Sarif | Format::Line => {
            // The plan is above, without a blank line after it.
            let apart = if report.ids.is_empty() { "" } else { "\n" };
            shell.result(format_args!("{apart}{}{verdict}", render::report::text(report, shell.style())))
        }
        Format::Json => {
            let report = render::report::json(report);
            let mut document = Map::from_iter([("format_version".to_owned(), json!(1)), ("plan".to_owned(), json!(plan))]);
            document.insert("report".to_owned(), report);
            if let Some(rehearsal) = rehearsal {
                document.insert("rehearsal".to_owned(), rehearsal.json());
            }
            shell.result(format_args!("{:#}\n", Value::Object(document)));
        }
        Format::Markdown => {
            let style = render::Style { colour: false, detail: args.detail };
            let mut comment = render::markdown::plan(plan, style).and(&render::markdown::report(report));
            comment.own("\n").text(verdict.trim_end()).own(if verdict.is_empty() { "" } else { "\n" });
            shell.comment(&comment);
        }
    }
    let counts = report.counts();
    if rehearsal.is_none() && counts.failed + counts.skipped + counts.waiting + counts.interrupted + counts.not_started > 0 {
        // A partly applied plan is refused: the live state is no longer what it observed.
        shell.say(match &args.file {
            None => "run the same command again: it applies only the rest",
            Some(_) => "make a new plan (`overlord plan --out FILE`) and apply it: it contains only the rest",
        });
    }
}
