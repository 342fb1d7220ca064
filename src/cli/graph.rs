//! `overlord graph`: the dependency graph of a plan.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::connect::connect;
use super::select::Selecting;
use super::shell::Shell;
use super::{Exit, Format, Global, Reported, validate};
use crate::plan::Plan;
use crate::render::Comment;
use crate::render::graph::{self, Graph};
use crate::snapshot;

#[derive(Debug, Args)]
pub(super) struct GraphArgs {
    /// The graph of a saved plan, offline [default: of a new plan, read-only]
    #[arg(value_name = "FILE")]
    plan: Option<PathBuf>,

    /// The language
    #[arg(long = "as", value_enum, value_name = "LANGUAGE", default_value_t = Language::Dot)]
    language: Language,

    /// Show every change; without it, changes of one kind and action in the same layer are grouped
    #[arg(long)]
    detail: bool,

    #[command(flatten)]
    selecting: Selecting,
}

impl GraphArgs {
    /// The saved plan.
    pub(super) fn plan(&self) -> Option<&Path> {
        self.plan.as_deref()
    }
}

/// `--as`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Language {
    /// For Graphviz
    Dot,
    /// For Markdown on GitHub and GitLab
    Mermaid,
    /// A drawing
    Svg,
}

pub(super) async fn run(global: &Global, args: &GraphArgs, shell: &Shell) -> Result<Exit, Reported> {
    let plan = match &args.plan {
        Some(path) => {
            args.selecting.none(shell)?;
            super::plan::saved(path, shell)?
        }
        None => make(global, args, shell).await?,
    };
    let graph = Graph::of(&plan, args.detail);
    let drawn = match args.language {
        Language::Dot => graph::dot(&graph),
        Language::Mermaid => graph::mermaid(&graph),
        Language::Svg => graph::svg(&graph),
    };
    match global.format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line => shell.whole(drawn),
        Format::Json => shell.result(format_args!("{:#}\n", graph.json())),
        Format::Markdown => shell.comment(Comment::default().block_of("mermaid", &graph::mermaid(&graph))),
    }
    Ok(Exit::Done)
}

async fn make(global: &Global, args: &GraphArgs, shell: &Shell) -> Result<Plan, Reported> {
    let mut loaded = validate::load(global, shell)?;
    args.selecting.narrow(&mut loaded.desired, shell)?;
    let connection = connect(global, &loaded.desired, shell).await?;
    let live = snapshot::read(&connection.sessions, &loaded.desired).await.map_err(|e| shell.aws_error(&e))?;
    connection.close(shell)?;
    Ok(Plan::build(&loaded.desired, &live))
}
