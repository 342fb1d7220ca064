//! `overlord network`: the address plan, offline.

use std::path::{Path, PathBuf};

use clap::Args;

use super::deliver::{check_out, write_out};
use super::shell::Shell;
use super::{Exit, Format, Global, Reported, validate};
use crate::network::{Observed, allocate};
use crate::render::{Style, network, network_svg};

#[derive(Debug, Args)]
pub(super) struct NetworkArgs {
    /// Draw the pools and one VPC of each layout to FILE, as SVG
    #[arg(long, value_name = "FILE.svg")]
    out: Option<PathBuf>,

    /// Show every VPC, and its subnets
    #[arg(long)]
    detail: bool,
}

impl NetworkArgs {
    /// Where the drawing goes.
    pub(super) fn out(&self) -> Option<&Path> {
        self.out.as_deref()
    }
}

pub(super) fn run(global: &Global, args: &NetworkArgs, shell: &Shell) -> Result<Exit, Reported> {
    check_out(args.out.as_ref(), network_svg::DRAWING, shell)?;
    let desired = validate::load(global, shell)?.desired;
    let (design, prices) = (desired.network, desired.prices);
    let plan = allocate(&design, &Observed::default());
    if let Some(path) = &args.out {
        draw(path, &network_svg::draw(&design, &plan), shell)?;
    }
    let style = Style { detail: args.detail, ..shell.style() };
    match global.format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line => shell.result(network::text(&design, &plan, &prices, style)),
        Format::Json => shell.result(format_args!("{:#}\n", network::json(&design, &plan, &prices))),
        Format::Markdown => shell.comment(&network::markdown(&design, &plan, &prices, Style { colour: false, ..style })),
    }
    Ok(if plan.unplaced.is_empty() { Exit::Done } else { Exit::Error })
}

fn draw(path: &Path, svg: &str, shell: &Shell) -> Result<(), Reported> {
    if path.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("svg")) {
        let hint = "end its name in .svg".to_owned();
        return Err(shell.error(format_args!("`{}` is not a file name for a drawing", path.display()), Some(hint)));
    }
    write_out(path, svg, network_svg::DRAWING, shell)?;
    shell.say(format_args!("the drawing is in `{}`", path.display()));
    Ok(())
}
