//! `overlord import`: generates org.toml and policies/ from the live organization. AWS is only read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::connect::{Connection, connect_unguarded};
use super::deliver::refuse;
use super::shell::Shell;
use super::{Exit, Format, Global, Reported};
use crate::config::{self, Summary};
use crate::files::{self, Replace};
use crate::import::{self, Draft, Networks, Settings, Verdict};
use crate::plan::Plan;
use crate::plural::count;
use crate::resource::network;
use crate::resource::organizations::{self, Attributing, Reading, Tagging, Whole};
use crate::{render, snapshot};

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The output folder for org.toml and policies/ [default: that of --config]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Overwrite existing files
    #[arg(long)]
    force: bool,

    /// Write tags too; reading those of accounts takes one call each
    #[arg(long)]
    tags: bool,

    /// Write contacts and opt-in Regions of accounts too; takes five calls each
    #[arg(long)]
    attributes: bool,

    /// Read networks of all accounts in this Region; may be given several times
    #[arg(long = "region", value_name = "REGION")]
    regions: Vec<String>,

    /// The Region of the organization's regional calls
    #[arg(long, value_name = "REGION", default_value = config::HOME_REGION)]
    home_region: String,

    /// The role to assume in every account
    #[arg(long, value_name = "NAME", default_value = config::ACCESS_ROLE)]
    access_role: String,
}

impl ImportArgs {
    /// The folder that is written to, where it is not that of `--config`.
    pub(super) fn out(&self) -> Option<&Path> {
        self.out.as_deref()
    }

    fn whole(&self) -> Whole {
        let attributes = if self.attributes { Attributing::Read } else { Attributing::Left };
        Whole { tags: self.tagging(), attributes }
    }

    fn tagging(&self) -> Tagging {
        if self.tags { Tagging::Read } else { Tagging::Left }
    }
}

pub(super) async fn run(global: &Global, args: &ImportArgs, shell: &Shell) -> Result<Exit, Reported> {
    let org_toml = args.out.as_ref().map_or_else(|| global.config.clone(), |folder| folder.join("org.toml"));
    let replace = Replace::forced(args.force);
    // Before minutes of reading. The names of the other files are known only after it.
    refuse(files::in_the_way([org_toml.as_path()], replace), shell)?;
    let connection = connect_unguarded(global, &args.home_region, &args.access_role, shell).await?;
    let reading = read(&connection, args, shell).await?;
    let settings =
        Settings { home_region: args.home_region.clone(), access_role: args.access_role.clone(), tags: args.tagging(), regions_left: None };
    let (draft, summary) = written(&connection, &reading, &settings, args, shell).await?;
    let files = texts(&draft, &org_toml);
    refuse(files::in_the_way(files.keys().map(PathBuf::as_path), replace), shell)?;
    files::write_all(&files, replace).map_err(|e| {
        let hint = "give another folder with --out".to_owned();
        shell.error(format_args!("{e}; nothing was written"), Some(hint))
    })?;
    show(&draft, summary, &org_toml, global.format, shell);
    if args.regions.is_empty() {
        shell.say("note: networks were not read: give `--region REGION` for each Region that has VPCs");
    }
    connection.close(shell)?;
    Ok(Exit::Done)
}

async fn read(connection: &Connection, args: &ImportArgs, shell: &Shell) -> Result<Reading, Reported> {
    let management = connection.sessions.caller().await.map_err(|e| shell.aws_error(&e))?;
    organizations::read_whole(&connection.sessions, &management, args.whole()).await.map_err(|e| shell.aws_error(&e))
}

/// With networks if they were read and fit. In any case the plan is empty.
async fn written(
    connection: &Connection,
    reading: &Reading,
    settings: &Settings,
    args: &ImportArgs,
    shell: &Shell,
) -> Result<(Draft, Summary), Reported> {
    let drawn = |settings: &Settings, networks: Networks<'_>| {
        import::draft(reading, settings, networks).map_err(|refusal| shell.error(refusal, Some(refusal.hint().to_owned())))
    };
    let without_regions = |why: &str| Settings { regions_left: Some(why.to_owned()), ..settings.clone() };
    // What is in accounts is bound while it is read, so this check does without it.
    let plain = drawn(&without_regions("unread"), Networks::Unread)?;
    let summary = checked(&plain, reading, shell)?;
    let regions = args.regions.iter().cloned().collect();
    let survey = match args.regions.is_empty() {
        true => None,
        false => Some(network::survey(&connection.sessions, &reading.members(), &regions).await.map_err(|e| shell.aws_error(&e))?),
    };
    let taken = drawn(settings, survey.as_ref().map_or(Networks::Unread, Networks::Taken))?;
    if taken.networks == 0 && taken.opted_in == 0 {
        let summary = if survey.is_none() { summary } else { checked(&taken, reading, shell)? };
        return Ok((taken, summary));
    }
    // So all is read again, as the first plan will.
    let why = match import::load(&taken) {
        Err(_) => "org.toml could not say the layouts".to_owned(),
        Ok(loaded) => {
            let live = snapshot::read(&connection.sessions, &loaded.desired).await.map_err(|e| shell.aws_error(&e))?;
            match import::judge(&loaded, &live) {
                Verdict::Sound(summary) => return Ok((taken, summary)),
                Verdict::Refused(_) => "org.toml could not say the layouts".to_owned(),
                Verdict::Differs(plan) => differences(&plan),
            }
        }
    };
    let left = drawn(&without_regions(&why), survey.as_ref().map_or(Networks::Unread, |survey| Networks::Left(survey, &why)))?;
    let summary = checked(&left, reading, shell)?;
    Ok((left, summary))
}

/// Why networks are left, in a line.
fn differences(plan: &Plan) -> String {
    let change = plan.changes.first().map(|change| format!("such as `{}`: {}", change.address, change.reason));
    format!(
        "the plan of the layouts would have {}, {}",
        count(plan.changes.len(), "change"),
        change.unwrap_or_else(|| "or errors".to_owned())
    )
}

/// Loads and plans the draft like any configuration: it is written only if the plan is empty.
fn checked(draft: &Draft, reading: &Reading, shell: &Shell) -> Result<Summary, Reported> {
    let hint = "this is a bug in overlord: please report it with the output above";
    match import::check(draft, reading).map_err(|e| shell.aws_error(&e))? {
        Verdict::Sound(summary) => Ok(summary),
        Verdict::Refused(diagnostics) => {
            shell.diagnostics(&diagnostics);
            let reported = shell.error("org.toml cannot express the organization; nothing was written", Some(hint.to_owned()));
            Err(reported.with("diagnostics", diagnostics.iter().map(render::diagnostic::json).collect()))
        }
        Verdict::Differs(plan) => {
            shell.say(render::text::plan(&plan, render::Style { colour: false, detail: true }));
            let reported = shell.error("the plan of the imported files has changes; nothing was written", Some(hint.to_owned()));
            Err(reported.with("plan", json!(plan)))
        }
    }
}

fn texts(draft: &Draft, org_toml: &Path) -> BTreeMap<PathBuf, String> {
    let folder = org_toml.parent().unwrap_or(Path::new(""));
    let documents = draft.policies.iter().map(|(path, text)| (folder.join(path), text.clone()));
    documents.chain([(org_toml.to_owned(), draft.org_toml.clone())]).collect()
}

fn show(draft: &Draft, summary: Summary, org_toml: &Path, format: Format, shell: &Shell) {
    match format {
        Format::Text | Format::Markdown | Format::Junit | Format::Sarif | Format::Line => {
            let mut text = format!("`{}` is written: {summary}; its plan has no changes\n", org_toml.display());
            if !draft.left.is_empty() {
                text.push_str("Not in it, and left as it is:\n");
                draft.left.iter().for_each(|left| text.push_str(&format!("  {}\n", render::plain(&left.to_string()))));
            }
            shell.result(text);
        }
        Format::Json => {
            let files: Vec<String> = texts(draft, org_toml).keys().map(|path| path.display().to_string()).collect();
            shell.result(format_args!("{:#}\n", json!({"format_version": 1, "files": files, "imported": summary, "left": draft.left})));
        }
    }
    shell.say(format_args!("review it, put it under version control, and continue with `overlord plan --config {}`", org_toml.display()));
}
