//! `overlord man`: manual pages, one for each command, generated from `--help`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::deliver::deliver;
use super::shell::Shell;
use super::{Cli, Exit, Reported};
use crate::files::{Kind, Replace};

/// A page of overlord's own.
const PAGE: Kind =
    Kind { name: "a manual page of overlord", is_one: |text| text.lines().take(4).any(|line| line.starts_with(".TH overlord")) };

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// Write a page for each command into DIR and overwrite existing ones [default: print overlord's own page]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &ManArgs, shell: &Shell) -> Result<Exit, Reported> {
    let mut overlord = Cli::command().disable_help_subcommand(true);
    overlord.build();
    let Some(folder) = &args.out else {
        shell.own(page(&overlord).map_err(|e| shell.error(e, None))?);
        return Ok(Exit::Done);
    };
    let mut pages = BTreeMap::new();
    collect(&overlord, folder, &mut pages).map_err(|e| shell.error(e, None))?;
    deliver(&pages, Replace::Kind(PAGE), &[], shell)
}

/// The page of a command, and of all below it.
fn collect(command: &Command, folder: &Path, pages: &mut BTreeMap<PathBuf, String>) -> io::Result<()> {
    pages.insert(folder.join(format!("{}.1", name(command))), page(command)?);
    command.get_subcommands().filter(|below| !below.is_hide_set()).try_for_each(|below| collect(below, folder, pages))
}

/// `overlord-policy-explain`.
fn name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command) -> io::Result<String> {
    let version = format!("overlord {}", command.get_version().unwrap_or_default());
    let man = Man::new(command.clone()).source(version).manual("Overlord");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    let mut rest = Roff::new();
    if let Some(after) = command.get_after_help() {
        rest.control("SH", ["EXIT STATUS"]);
        rest.text([roman(after.to_string().trim_start_matches(super::EXIT_STATUS).to_owned())]);
    }
    if let Some((above, _)) = name(command).rsplit_once('-') {
        rest.control("SH", ["SEE ALSO"]);
        rest.text([bold(above), roman("(1)")]);
    }
    rest.to_writer(&mut text)?;
    String::from_utf8(text).map_err(io::Error::other)
}
