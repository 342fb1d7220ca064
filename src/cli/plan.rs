//! `overlord plan`: shows the changes that `apply` would make. Read-only.

use std::path::{Path, PathBuf};

use clap::Args;

use super::connect::{Connection, connect};
use super::consent::{Creating, Locking};
use super::deliver::{check_out, write_out};
use super::select::Selecting;
use super::shell::Shell;
use super::{Exit, Format, Global, Reported, validate};
use crate::plan::{Plan, SAVED};
use crate::resource::Desired;
use crate::{files, render, snapshot};

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// Save the plan in FILE, for `overlord apply FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Open every group and show every attribute
    #[arg(long)]
    detail: bool,

    #[command(flatten)]
    locking: Locking,

    #[command(flatten)]
    creating: Creating,

    #[command(flatten)]
    selecting: Selecting,
}

impl PlanArgs {
    /// Where the plan is saved.
    pub(super) fn out(&self) -> Option<&Path> {
        self.out.as_deref()
    }
}

pub(super) async fn run(global: &Global, args: &PlanArgs, shell: &Shell) -> Result<Exit, Reported> {
    // Before AWS is read: that takes minutes.
    check_out(args.out.as_ref(), SAVED, shell)?;
    let mut loaded = validate::load(global, shell)?;
    args.selecting.narrow(&mut loaded.desired, shell)?;
    let connection = connect(global, &loaded.desired, shell).await?;
    let plan = make(&connection, &loaded.desired, shell).await?;
    if let Some(path) = &args.out {
        write_out(path, &json(&plan, shell)?, SAVED, shell)?;
    }
    show(&plan, global.format, args.detail, shell)?;
    if let Some(path) = &args.out {
        let use_it = if plan.has_errors() {
            "its errors stand against applying it".to_owned()
        } else {
            format!("run `overlord apply {}`", path.display())
        };
        shell.say(format_args!("the plan is saved; {use_it}"));
    }
    connection.close(shell)?;
    args.locking.check(&plan, shell)?;
    args.creating.check(&plan, shell)?;
    Ok(match (plan.has_errors(), plan.is_empty()) {
        (true, _) => Exit::Error,
        (false, true) => Exit::Done,
        (false, false) => Exit::Changes,
    })
}

/// Reads the live state and plans.
async fn make(connection: &Connection, desired: &Desired, shell: &Shell) -> Result<Plan, Reported> {
    let live = snapshot::read(&connection.sessions, desired).await.map_err(|e| shell.aws_error(&e))?;
    Ok(Plan::build(desired, &live).locked())
}

/// Prints it in the chosen format.
pub(super) fn show(plan: &Plan, format: Format, detail: bool, shell: &Shell) -> Result<(), Reported> {
    match format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line => {
            shell.result(render::text::plan(plan, render::Style { detail, ..shell.style() }))
        }
        Format::Json => shell.result(json(plan, shell)?),
        Format::Markdown => shell.comment(&render::markdown::plan(plan, render::Style { colour: false, detail })),
    }
    Ok(())
}

fn json(plan: &Plan, shell: &Shell) -> Result<String, Reported> {
    plan.to_json().map_err(|e| shell.error(e, None))
}

/// Reads a saved plan. Does not check whether AWS has changed since.
pub(super) fn saved(file: &std::path::Path, shell: &Shell) -> Result<Plan, Reported> {
    let unreadable = |e: std::io::Error| {
        let hint = "give a file that `overlord plan --out FILE` saved".to_owned();
        shell.error(format_args!("the plan `{}` cannot be read: {e}", file.display()), Some(hint))
    };
    let text = files::read_text(file, files::SAVED_PLAN).map_err(unreadable)?;
    Plan::from_json(&text).map_err(|e| shell.error(format_args!("`{}`: {e}", file.display()), Some(e.hint().to_owned())))
}
