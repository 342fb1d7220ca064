//! `overlord drift`: detects drift and unmanaged resources. Read-only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use futures_util::future::join_all;

use super::connect::{Connection, connect};
use super::select::Selecting;
use super::shell::Shell;
use super::{Exit, Format, Global, Reported, validate};
use crate::address::Reference;
use crate::aws::{AwsResult, Error, History, Lookup, look_up};
use crate::config::{Loaded, values};
use crate::drift::{Baseline, Date, Drift, Inquiry, planned};
use crate::files;
use crate::plan::Plan;
use crate::render::{Style, drift};
use crate::resource::network::Screening;
use crate::resource::organizations::Account;
use crate::resource::{Desired, Kind, Live};
use crate::snapshot::{self, AggregatorPlace};

#[derive(Debug, Args)]
pub(super) struct DriftArgs {
    /// Report only findings that are not in FILE, the --format json output of an earlier run
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Read networks from this AWS Config aggregator, and from an account only if they differ there; it is in the management account and
    /// the home Region unless ACCOUNT, a key or an id, and REGION say otherwise
    #[arg(long, value_name = "[ACCOUNT/[REGION/]]NAME", value_parser = aggregator)]
    screen: Option<AggregatorPlace>,

    /// Do not read CloudTrail: do not show when a difference was made, and by whom
    #[arg(long)]
    no_trail: bool,

    /// Show every finding, value and position
    #[arg(long)]
    detail: bool,

    #[command(flatten)]
    selecting: Selecting,
}

impl DriftArgs {
    /// The result of an earlier run.
    pub(super) fn baseline(&self) -> Option<&Path> {
        self.baseline.as_deref()
    }
}

pub(super) async fn run(global: &Global, args: &DriftArgs, shell: &Shell) -> Result<Exit, Reported> {
    let mut loaded = validate::load(global, shell)?;
    args.selecting.narrow(&mut loaded.desired, shell)?;
    // Before any AWS call: those take minutes.
    let baseline = args.baseline.as_ref().map(|path| read(path, shell)).transpose()?;
    let connection = connect(global, &loaded.desired, shell).await?;
    let (live, plan, screening) = look(args, &loaded.desired, &connection).await.map_err(|e| shell.aws_error(&e))?;
    let mut drift = Drift::of(&plan, &loaded.ignores, Date::of(SystemTime::now()), baseline.as_ref());
    if let Some(screening) = screening {
        drift.rests_on(screening);
    }
    if !drift.is_clean() {
        drift.judge(&plan, &live);
    }
    if !args.no_trail {
        ask(&Inquiry::of(&drift, &plan), &mut drift, &connection).await.map_err(|e| shell.aws_error(&e))?;
    }
    show(&drift, &loaded, global.format, args.detail, shell);
    connection.close(shell)?;
    Ok(if drift.is_clean() { Exit::Done } else { Exit::Changes })
}

/// Reads the live state and plans against it.
async fn look(args: &DriftArgs, desired: &Desired, connection: &Connection) -> AwsResult<(Live, Plan, Option<Screening>)> {
    let sessions = &connection.sessions;
    let Some(aggregator) = &args.screen else {
        let live = snapshot::read(sessions, desired).await?;
        let plan = Plan::build(desired, &live);
        return Ok((live, plan, None));
    };
    let (live, plan, screening) = snapshot::read_screened(sessions, desired, aggregator, |live| planned(desired, live)).await?;
    Ok((live, plan, Some(screening)))
}

/// Reads `NAME`, `ACCOUNT/NAME` or `ACCOUNT/REGION/NAME`.
fn aggregator(text: &str) -> Result<AggregatorPlace, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let (account, region, name) = match parts.as_slice() {
        [name] => (None, None, *name),
        [account, name] => (Some(*account), None, *name),
        [account, region, name] => (Some(*account), Some((*region).to_owned()), *name),
        _ => return Err("say NAME, ACCOUNT/NAME or ACCOUNT/REGION/NAME".to_owned()),
    };
    // Source: the API reference, `ConfigurationAggregatorName`.
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') {
        return Err(format!("`{name}` is not an aggregator name: letters, digits, `-` and `_`"));
    }
    let account = account.map(|account| match values::account_id(account) {
        true => Reference::Id(account.to_owned()),
        false => Reference::Address(Account::address(account)),
    });
    Ok(AggregatorPlace { account, region, name: name.to_owned() })
}

/// Looks up in CloudTrail who made the differences. If a look-up is refused or fails, that is a note: the differences are reported anyway.
async fn ask(inquiry: &Inquiry, drift: &mut Drift, connection: &Connection) -> Result<(), Error> {
    let asked = inquiry
        .lookups()
        .map(|lookup| async move { (lookup, look_up(&connection.sessions, lookup, |events| inquiry.is_answered(lookup, events)).await) });
    let (mut found, mut failures): (BTreeMap<Lookup, History>, BTreeMap<Lookup, String>) = Default::default();
    for (lookup, answer) in join_all(asked).await {
        match answer {
            Ok(history) => drop(found.insert(lookup.clone(), history)),
            Err(Error::Interrupted) => return Err(Error::Interrupted),
            Err(error) => {
                let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                failures.insert(lookup.clone(), format!("{error}{hint}"));
            }
        }
    }
    inquiry.tell(drift, &found, &failures);
    Ok(())
}

fn read(path: &std::path::Path, shell: &Shell) -> Result<Baseline, Reported> {
    let hint = || Some("give the output of `overlord drift --format json`".to_owned());
    let text = files::read_text(path, files::BASELINE)
        .map_err(|e| shell.error(format_args!("the baseline `{}` cannot be read: {e}", path.display()), hint()))?;
    Baseline::from_json(&text).map_err(|e| shell.error(format_args!("`{}` is not a baseline: {e}", path.display()), hint()))
}

fn show(found: &Drift, Loaded { places, .. }: &Loaded, format: Format, detail: bool, shell: &Shell) {
    match format {
        Format::Text => shell.result(drift::text(found, places, Style { detail, ..shell.style() })),
        Format::Json => shell.result(format_args!("{:#}\n", drift::json(found, places))),
        Format::Markdown => shell.comment(&drift::markdown(found, places, detail)),
        Format::Junit => shell.xml(&drift::junit(found, places)),
        Format::Sarif => shell.result(format_args!("{:#}\n", drift::sarif(found, places))),
        Format::Line => shell.result(drift::line(found)),
    }
}
