//! `overlord policy catalogue`: shows which list of AWS's actions and condition keys is in use, and builds a newer one from AWS's own files.
//! It downloads nothing: the files must already be there.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Args;
use serde_json::{Value, json};

use super::deliver::{check_out, write_out};
use super::shell::Shell;
use super::{Exit, Format, Global, Reported, validate};
use crate::config::{self, Loaded};
use crate::files;
use crate::plural::count;
use crate::policy::{CATALOGUE, Catalogue, INDEX};
use crate::resource::organizations::day;

#[derive(Debug, Args)]
pub(super) struct CatalogueArgs {
    /// Build a list from the files that AWS publishes: DIR has the index, service-list.json, and one file per service
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,

    /// Write it to FILE instead of printing it; `catalogue` of [organization] names that file
    #[arg(long, value_name = "FILE", requires = "from")]
    out: Option<PathBuf>,

    /// The date of the list [default: the day on which the index was downloaded]
    #[arg(long, value_name = "YYYY-MM-DD", requires = "from")]
    as_of: Option<String>,
}

impl CatalogueArgs {
    /// Where the list goes.
    pub(super) fn out(&self) -> Option<&Path> {
        self.out.as_deref()
    }
}

pub(super) fn run(global: &Global, args: &CatalogueArgs, shell: &Shell) -> Result<Exit, Reported> {
    match &args.from {
        None => in_use(global, shell),
        Some(folder) => make(global, folder, args, shell),
    }
}

/// Which one is in use.
fn in_use(global: &Global, shell: &Shell) -> Result<Exit, Reported> {
    let loaded = validate::told(global, shell, config::load_untested(&global.config))?;
    let catalogue = loaded.desired.catalogue();
    tell(global, loaded.catalogue_file.as_deref(), &catalogue, shell);
    note_age(&loaded, shell);
    Ok(Exit::Done)
}

/// Notes that the built-in list is old. `SOURCE_DATE_EPOCH` takes the place of the clock: <https://reproducible-builds.org/specs/source-date-epoch/>.
pub(super) fn note_age(loaded: &Loaded, shell: &Shell) {
    let built_in = Catalogue::built_in();
    let given = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse().ok());
    let now = given.map_or_else(SystemTime::now, |seconds| UNIX_EPOCH + Duration::from_secs(seconds));
    if let (None, Some(days)) = (&loaded.catalogue_file, built_in.outdated(now)) {
        let date = built_in.date();
        shell.say(format_args!(
            "note: the built-in list of AWS's actions and condition keys is {days} days old ({date}): a newer overlord, or `overlord policy catalogue --from DIR`, has a newer one"
        ));
    }
}

fn tell(global: &Global, file: Option<&str>, catalogue: &Catalogue, shell: &Shell) {
    let [services, actions, keys] = catalogue.counts();
    match global.format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line | Format::Markdown => {
            let named = file.map_or_else(|| "built in".to_owned(), |file| format!("`{file}`"));
            let date = catalogue.date();
            shell.result(format_args!(
                "{named}, as of {date}: {}, {}, {}\n",
                count(services, "service"),
                count(actions, "action"),
                count(keys, "condition key")
            ));
        }
        Format::Json => {
            let document: Value = json!({
                "format_version": 1, "file": file, "as_of": catalogue.date(), "services": services, "actions": actions, "condition_keys": keys,
            });
            shell.result(format_args!("{document:#}\n"));
        }
    }
}

fn make(global: &Global, folder: &Path, args: &CatalogueArgs, shell: &Shell) -> Result<Exit, Reported> {
    check_out(args.out.as_ref(), CATALOGUE, shell)?;
    let date = match &args.as_of {
        Some(date) => date.clone(),
        None => downloaded(folder, shell)?,
    };
    let catalogue =
        Catalogue::of_reference(&date, &|name| files::read_below(folder, Path::new(name), files::REFERENCE)).map_err(|errors| {
            let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
            let hint = "download the files anew; docs/commands.md has the commands".to_owned();
            let message = format!("the files in `{}` are not a valid catalogue: {}", folder.display(), all.join("; "));
            shell.error(message, Some(hint))
        })?;
    let Some(path) = &args.out else {
        match global.format {
            Format::Json => tell(global, None, &catalogue, shell),
            Format::Text | Format::Junit | Format::Sarif | Format::Line | Format::Markdown => shell.whole(catalogue.text()),
        }
        return Ok(Exit::Done);
    };
    write_out(path, &catalogue.text(), CATALOGUE, shell)?;
    tell(global, Some(&path.display().to_string()), &catalogue, shell);
    shell.say(format_args!("say `catalogue = \"{}\"`, relative to org.toml, in [organization] to use it", path.display()));
    Ok(Exit::Done)
}

/// The day on which the index was downloaded.
fn downloaded(folder: &Path, shell: &Shell) -> Result<String, Reported> {
    let index = folder.join(INDEX);
    let written = index.metadata().and_then(|metadata| metadata.modified());
    let seconds = written.and_then(|time| time.duration_since(UNIX_EPOCH).map_err(io::Error::other));
    let seconds = seconds.map_err(|e| {
        let hint = "download it: `curl -fsS -o service-list.json https://servicereference.us-east-1.amazonaws.com/`".to_owned();
        shell.error(format_args!("the index `{}` cannot be read: {e}", index.display()), Some(hint))
    })?;
    Ok(day(i64::try_from(seconds.as_secs()).unwrap_or_default()))
}
