//! `overlord report`: the organization as a page, read-only. `report compliance` prints one part of it, offline.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::{Args, Subcommand};

use super::connect::connect;
use super::deliver::not_written;
use super::shell::Shell;
use super::{Exit, Format, Global, Reported, validate};
use crate::config;
use crate::drift::{Date, Drift};
use crate::files::{self, Replace};
use crate::plan::Plan;
use crate::policy::Family;
use crate::policy::framework::matrix;
use crate::render::{self, Style, compliance, html};
use crate::report::{Report, Sources};
use crate::resource::organizations::{InvitationState, handshakes, minute};
use crate::snapshot;

/// The name of the page.
const PAGE: &str = "overlord-report.html";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct ReportArgs {
    #[command(flatten)]
    page: PageArgs,

    #[command(subcommand)]
    command: Option<ReportCommand>,
}

#[derive(Debug, Args)]
struct PageArgs {
    /// Write overlord-report.html to DIR [default: the current folder]; --format json prints the data and writes the page only with --out
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Overwrite a file of that name even if it is not an overlord report
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    /// Show which accounts are restricted to which frameworks (lists of services) of org.toml, offline
    #[command(after_help = "Exit status: 0 done, 1 error")]
    Compliance(ComplianceArgs),
}

#[derive(Debug, Args)]
struct ComplianceArgs {
    /// Name every service and action that is open but not on a list
    #[arg(long)]
    detail: bool,

    /// Print one line per account and framework, for a spreadsheet
    #[arg(long, conflicts_with_all = ["detail", "format"])]
    csv: bool,
}

impl ReportArgs {
    /// The page, where `--out` says its folder.
    pub(super) fn page(&self) -> Option<PathBuf> {
        self.page.out.as_ref().map(|folder| folder.join(PAGE))
    }
}

/// Whether it makes no AWS calls.
pub(super) fn is_offline(args: &ReportArgs) -> bool {
    args.command.is_some()
}

pub(super) async fn run(global: &Global, args: &ReportArgs, shell: &Shell) -> Result<Exit, Reported> {
    match &args.command {
        Some(ReportCommand::Compliance(args)) => of_compliance(global, args, shell),
        None => of_everything(global, &args.page, shell).await,
    }
}

async fn of_everything(global: &Global, args: &PageArgs, shell: &Shell) -> Result<Exit, Reported> {
    let loaded = validate::load(global, shell)?;
    let page = match (&args.out, global.format) {
        (Some(folder), _) => Some(folder.join(PAGE)),
        (None, Format::Json) => None,
        (None, Format::Text | Format::Markdown | Format::Junit | Format::Sarif | Format::Line) => Some(PathBuf::from(PAGE)),
    };
    // Before any AWS call: those take minutes.
    let replace = Replace::kind_or_forced(html::REPORT, args.force);
    page.iter().try_for_each(|page| refuse(page, replace, shell))?;
    let connection = connect(global, &loaded.desired, shell).await?;
    connection.sessions.request_gate().give_up_early();
    let (live, facts) = snapshot::read_with_facts(&connection.sessions, &loaded.desired).await.map_err(|e| shell.aws_error(&e))?;
    let invitations = match &facts {
        Some(_) => handshakes::invitations(&connection.sessions).await.map_err(|e| e.to_string()),
        None => Ok(BTreeMap::new()),
    };
    let plan = Plan::build(&loaded.desired, &live);
    let now = SystemTime::now();
    let drift = Drift::of(&plan, &loaded.ignores, Date::of(now), None);
    let open = invitations.as_ref().map(|all| all.values().filter(|invitation| invitation.state == InvitationState::Open).count());
    let read_at = minute(now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or_default()));
    let sources = Sources {
        loaded: &loaded,
        live: &live,
        plan: &plan,
        facts: facts.as_ref(),
        invitations: open.map_err(String::as_str),
        read_at: &read_at,
    };
    let report = Report::of(sources, drift);
    show(&report, page.as_deref(), replace, global.format, shell)?;
    connection.close(shell)?;
    Ok(Exit::Done)
}

/// Writes the page, and prints the rest.
fn show(report: &Report<'_>, page: Option<&Path>, replace: Replace, format: Format, shell: &Shell) -> Result<(), Reported> {
    if let Some(page) = page {
        let file = BTreeMap::from([(page.to_owned(), html::html(report))]);
        files::write_all(&file, replace).map_err(|e| not_written(&e, "--out", shell))?;
    }
    match format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line => shell.result(html::text(report, shell.style())),
        Format::Markdown => shell.comment(&html::markdown(report)),
        Format::Json => shell.result(format_args!("{:#}\n", html::json(report))),
    }
    if let Some(page) = page {
        shell.say(format_args!("the report is in `{}`", render::plain(&page.display().to_string())));
    }
    Ok(())
}

/// A report is written over, and nothing else.
fn refuse(page: &Path, replace: Replace, shell: &Shell) -> Result<(), Reported> {
    if files::in_the_way([page], replace).is_empty() {
        return Ok(());
    }
    let hint = "move it, give another folder with --out, or write over it with --force".to_owned();
    Err(shell.error(format_args!("`{}` exists and is not an overlord report; no AWS calls were made", page.display()), Some(hint)))
}

fn of_compliance(global: &Global, args: &ComplianceArgs, shell: &Shell) -> Result<Exit, Reported> {
    // It reports the current state, whether or not tests pass.
    let loaded = validate::told(global, shell, config::load_untested(&global.config))?;
    if loaded.frameworks.is_empty() {
        let hint = "declare one: [framework.hipaa], with its list in policies/frameworks/hipaa.toml; see docs/org-toml.md".to_owned();
        return Err(shell.error("org.toml has no framework", Some(hint)));
    }
    let role = &loaded.desired.access_role;
    let hierarchy = crate::guardrails::hierarchy(&loaded.desired);
    if !hierarchy.families.contains(&Family::Scp) {
        let hint = "remove `service_control_policies = false`, and declare those that there are: `overlord import` does".to_owned();
        return Err(shell.error("org.toml leaves service control policies alone: whom they restrict is not known", Some(hint)));
    }
    let matrix = matrix(&loaded.frameworks, &hierarchy, role, &loaded.desired.catalogue());
    match global.format {
        _ if args.csv => shell.whole(compliance::csv(&matrix)),
        Format::Text | Format::Junit | Format::Sarif | Format::Line => {
            shell.result(compliance::text(&matrix, role, Style { detail: args.detail, ..shell.style() }))
        }
        Format::Json => shell.result(format_args!("{:#}\n", compliance::json(&matrix, role))),
        Format::Markdown => shell.comment(&compliance::markdown(&matrix, role, args.detail)),
    }
    Ok(Exit::Done)
}
