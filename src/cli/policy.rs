//! `overlord policy`: evaluates guardrails, and merges the management policies that accounts inherit. Offline, except with `--live`.

mod effective;
mod live;

use std::path::Path;

use clap::{Args, Subcommand};

use super::catalogue::{self, CatalogueArgs};
use super::generate::{self, GenerateArgs};
use super::new_policy::{self, NewArgs};
use super::policy_diff::{self, DiffArgs};
use super::shell::Shell;
use super::{Exit, Format, Global, Reported, validate};
use crate::address::Address;
use crate::config;
use crate::diagnostic::Severity;
use crate::policy::{Catalogue, Evaluator, Fact, Hierarchy, Outcome, Place, Question, find_place, survey};
use crate::render::{self, Style, policy, suite};

#[derive(Debug, Args)]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Show whether the guardrails allow a request, level by level; exits 2 if they deny it, 3 if the effect is unknown
    #[command(after_help = "Exit status: 0 allowed, 2 denied, 3 unknown, 1 error; `--live`: 0 AWS agrees, 2 it disagrees, 3 unknown")]
    Explain(ExplainArgs),
    /// Run the [[test]] blocks of org.toml; exits 1 if one fails
    #[command(after_help = "Exit status: 0 passed, 1 one failed, or an error")]
    Test(TestArgs),
    /// Find probable mistakes in guardrails; exits 1 for documents that AWS refuses
    #[command(after_help = "Exit status: 0 no error found, 1 one found (with `--strict` a warning too), or an error")]
    Lint(LintArgs),
    /// Compare the effective permissions of accounts under two configurations, files or git revisions; exits 2 if they differ
    #[command(after_help = "Exit status: 0 the same, 2 not, 1 error")]
    Diff(DiffArgs),
    /// Print a service control policy that restricts to a framework of org.toml
    #[command(after_help = "Exit status: 0 done, 1 error")]
    Generate(GenerateArgs),
    /// Write a starter guardrail, such as region-guard, to policies/; without a name, list them
    #[command(after_help = "Exit status: 0 done, 1 error")]
    New(NewArgs),
    /// Show which list of AWS's actions and condition keys is in use, or build a newer one from the files that AWS publishes
    #[command(after_help = "Exit status: 0 done, 1 error")]
    Catalogue(CatalogueArgs),
    /// Merge the management policies (tags, backups, opt-outs, …) that an account inherits; exits 3 if a setting is unknown
    #[command(after_help = "Exit status: 0 known, 2 AWS disagrees, 3 a setting is unknown, 1 error")]
    Effective(effective::EffectiveArgs),
}

#[derive(Debug, Args)]
struct ExplainArgs {
    /// The caller's account, by its key or id; `*`: show which accounts of org.toml may
    #[arg(long, value_name = "KEY|ID|*")]
    account: String,

    /// The action, such as s3:PutObject; `*` and `?` stand for all that they match
    #[arg(long, value_name = "ACTION")]
    action: String,

    /// Evaluate each AWS action that ACTION matches, and summarize by service
    #[arg(long)]
    each: bool,

    /// Name every account and action if there are several
    #[arg(long)]
    detail: bool,

    /// The resource's ARN; `*` and `?` stand for all that they match [default: any]
    #[arg(long, value_name = "ARN")]
    resource: Option<String>,

    /// The resource's account, by its key or id [default: that of the ARN, or the caller's]
    #[arg(long, value_name = "KEY|ID")]
    resource_account: Option<String>,

    /// The caller: role/NAME, user/NAME, root, an ARN, or a service such as cloudtrail.amazonaws.com [default: anybody]
    #[arg(long, value_name = "PRINCIPAL")]
    principal: Option<String>,

    /// A condition key and its value; may be given several times, for several keys or several values of one
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    context: Vec<(String, String)>,

    /// A condition key that the request does not have
    #[arg(long, value_name = "KEY")]
    absent: Vec<String>,

    /// Ask AWS's policy simulator too, about the service control policies; exits 2 if it disagrees, 3 if that is unknown
    #[arg(long, conflicts_with = "each")]
    live: bool,
}

#[derive(Debug, Args)]
struct TestArgs {
    /// Show every failure
    #[arg(long)]
    detail: bool,
}

#[derive(Debug, Args)]
struct LintArgs {
    /// Exit 1 for warnings too
    #[arg(long)]
    strict: bool,
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, such as aws:RequestedRegion=eu-west-1")?;
    Ok((key.to_owned(), value.to_owned()))
}

impl PolicyArgs {
    /// The file that is written.
    pub(super) fn out(&self) -> Option<&Path> {
        match &self.command {
            PolicyCommand::Generate(args) => args.out(),
            PolicyCommand::Catalogue(args) => args.out(),
            PolicyCommand::Explain(_)
            | PolicyCommand::Test(_)
            | PolicyCommand::Lint(_)
            | PolicyCommand::Diff(_)
            | PolicyCommand::New(_)
            | PolicyCommand::Effective(_) => None,
        }
    }
}

/// Whether it makes no AWS calls.
pub(super) fn is_offline(args: &PolicyArgs) -> bool {
    match &args.command {
        PolicyCommand::Effective(args) => !args.live,
        PolicyCommand::Explain(args) => !args.live,
        PolicyCommand::Test(_)
        | PolicyCommand::Lint(_)
        | PolicyCommand::Diff(_)
        | PolicyCommand::Generate(_)
        | PolicyCommand::New(_)
        | PolicyCommand::Catalogue(_) => true,
    }
}

/// Whether the command knows JUnit's format, which all others refuse.
pub(super) fn knows_junit(args: &PolicyArgs) -> bool {
    match &args.command {
        PolicyCommand::Test(_) => true,
        PolicyCommand::Explain(_)
        | PolicyCommand::Lint(_)
        | PolicyCommand::Diff(_)
        | PolicyCommand::Generate(_)
        | PolicyCommand::New(_)
        | PolicyCommand::Catalogue(_)
        | PolicyCommand::Effective(_) => false,
    }
}

pub(super) async fn run(global: &Global, args: &PolicyArgs, shell: &Shell) -> Result<Exit, Reported> {
    match &args.command {
        PolicyCommand::Explain(args) => explain(global, args, shell).await,
        PolicyCommand::Test(args) => test(global, args, shell),
        PolicyCommand::Lint(args) => lint(global, args, shell),
        PolicyCommand::Diff(args) => policy_diff::run(global, args, shell),
        PolicyCommand::Generate(args) => generate::run(global, args, shell),
        PolicyCommand::New(args) => new_policy::run(global, args, shell),
        PolicyCommand::Catalogue(args) => catalogue::run(global, args, shell),
        PolicyCommand::Effective(args) => effective::run(global, args, shell).await,
    }
}

async fn explain(global: &Global, args: &ExplainArgs, shell: &Shell) -> Result<Exit, Reported> {
    // Users explain failing tests, so the tests do not run here.
    let loaded = validate::told(global, shell, config::load_untested(&global.config))?;
    let hierarchy = crate::guardrails::hierarchy(&loaded.desired);
    if args.action != "*" && !args.action.contains(':') {
        let hint = "write `service:Action`, such as `s3:GetObject`".to_owned();
        return Err(shell.error(format_args!("`{}` is not an action", args.action), Some(hint)));
    }
    let is_everybody = args.account == "*";
    let question = Question {
        account: if is_everybody { Place::Outside } else { place(&args.account, &hierarchy, shell)? },
        principal: args.principal.clone(),
        action: args.action.clone(),
        resource: args.resource.clone(),
        owner: args.resource_account.as_ref().map(|name| place(name, &hierarchy, shell)).transpose()?,
        facts: facts(args),
    };
    if is_everybody && args.live {
        let hint = "name one account, or leave out --live".to_owned();
        return Err(shell.error("AWS's policy simulator takes one account at a time", Some(hint)));
    }
    let catalogue = loaded.desired.catalogue();
    if is_everybody || args.each {
        return of_many(global, args, &question, (&hierarchy, &catalogue), shell);
    }
    let takes_no_resource = catalogue.takes_no_resource(&args.action);
    if takes_no_resource && args.resource.is_some() {
        let why =
            format!("`{}` takes no resource (list of {}): its resource is `*`, whatever --resource says", args.action, catalogue.date());
        shell.say(why);
    }
    let decision = question.decide(&hierarchy, &catalogue);
    let live = match args.live {
        true => Some(live::ask(global, &loaded.desired, &question, &hierarchy, shell).await?),
        false => None,
    };
    let explained = policy::Explained {
        account: &args.account,
        action: &args.action,
        resource: args.resource.as_deref().filter(|_| !takes_no_resource),
        principal: args.principal.as_deref(),
        decision: &decision,
        live: live.as_ref(),
        place: &|cause| loaded.place(cause),
    };
    match global.format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line => shell.result(policy::text(&explained, shell.style())),
        Format::Json => shell.result(format_args!("{:#}\n", policy::json(&explained))),
        Format::Markdown => shell.comment(&policy::markdown(&explained)),
    }
    Ok(live.as_ref().map_or_else(|| exit(decision.outcome), live::exit))
}

fn exit(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::WithinGuardRails => Exit::Done,
        Outcome::ExplicitDeny | Outcome::ImplicitDeny => Exit::Changes,
        Outcome::Unknown => Exit::Partly,
    }
}

/// The same question about many accounts, or many actions. It is a list, and none of its answers an error.
fn of_many(
    global: &Global,
    args: &ExplainArgs,
    question: &Question,
    (hierarchy, catalogue): (&Hierarchy, &Catalogue),
    shell: &Shell,
) -> Result<Exit, Reported> {
    let accounts: Vec<Address> = match &question.account {
        Place::Member(account) => vec![account.clone()],
        Place::Outside if args.account == "*" => hierarchy.accounts().cloned().collect(),
        Place::Management | Place::Outside => {
            let hint = "guardrails bind the accounts of org.toml; leave out --each, or name one of these".to_owned();
            return Err(shell.error(format_args!("`{}` is bound by no guardrails", args.account), Some(hint)));
        }
    };
    let actions = if args.each { catalogue.actions_matching(&args.action) } else { vec![args.action.clone()] };
    if actions.is_empty() {
        let hint = "see the names with `--action 'service:*' --each`".to_owned();
        return Err(shell.error(format_args!("`{}` matches none of AWS's actions", args.action), Some(hint)));
    }
    let groups = survey(question, &accounts, &actions, &Evaluator::new(hierarchy, catalogue));
    let catalogue = args.each.then_some(catalogue);
    match global.format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line => {
            shell.result(render::survey::text(&groups, catalogue, Style { detail: args.detail, ..shell.style() }));
        }
        Format::Json => shell.result(format_args!("{:#}\n", render::survey::json(&groups, catalogue))),
        Format::Markdown => shell.comment(&render::survey::markdown(&groups, catalogue, args.detail)),
    }
    Ok(Exit::Done)
}

fn place(name: &str, hierarchy: &Hierarchy, shell: &Shell) -> Result<Place, Reported> {
    find_place(name, hierarchy).ok_or_else(|| {
        let near =
            hierarchy.accounts().map(|account| (strsim::jaro(name, account.key()), account.key())).max_by(|a, b| a.0.total_cmp(&b.0));
        let hint = match near.filter(|(likeness, _)| *likeness > 0.7) {
            Some((_, near)) => format!("did you mean `{near}`?"),
            None => "give the key of an account in org.toml, or a 12-digit id".to_owned(),
        };
        shell.error(format_args!("org.toml has no account `{name}`"), Some(hint))
    })
}

/// Several values of one key are one key of several values.
fn facts(args: &ExplainArgs) -> Vec<(String, Fact)> {
    let mut facts: Vec<(String, Vec<String>)> = Vec::new();
    for (key, value) in &args.context {
        match facts.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(key)) {
            Some((_, values)) => values.push(value.clone()),
            None => facts.push((key.clone(), vec![value.clone()])),
        }
    }
    let known = facts.into_iter().map(|(key, values)| (key, Fact::known(values)));
    known.chain(args.absent.iter().map(|key| (key.clone(), Fact::Absent))).collect()
}

fn test(global: &Global, args: &TestArgs, shell: &Shell) -> Result<Exit, Reported> {
    let loaded = validate::told(global, shell, config::load_untested(&global.config))?;
    let (hierarchy, catalogue) = (crate::guardrails::hierarchy(&loaded.desired), loaded.desired.catalogue());
    let evaluator = Evaluator::new(&hierarchy, &catalogue);
    let results: Vec<_> = loaded.tests.iter().flat_map(|test| test.run(&evaluator)).collect();
    let place = |cause: &_| loaded.place(cause);
    match global.format {
        Format::Text | Format::Sarif | Format::Line => {
            shell.result(suite::text(&results, &place, Style { detail: args.detail, ..shell.style() }))
        }
        Format::Json => shell.result(format_args!("{:#}\n", suite::json(&results, &place))),
        Format::Markdown => shell.comment(&suite::markdown(&results, &place, args.detail)),
        Format::Junit => shell.xml(&suite::junit(&results, &place)),
    }
    if results.is_empty() {
        shell.say("org.toml has no [[test]]");
    }
    Ok(if results.iter().all(|result| result.failures.is_empty()) { Exit::Done } else { Exit::Error })
}

fn lint(global: &Global, args: &LintArgs, shell: &Shell) -> Result<Exit, Reported> {
    let loaded = validate::told(global, shell, config::load_untested(&global.config))?;
    let linted = loaded.lint();
    catalogue::note_age(&loaded, shell);
    match global.format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line => shell.result(render::lint::text(&linted, shell.style())),
        Format::Json => shell.result(format_args!("{:#}\n", render::lint::json(&linted))),
        Format::Markdown => shell.comment(&render::lint::markdown(&linted)),
    }
    let failed = linted.count(Severity::Error) > 0 || (args.strict && linted.count(Severity::Warning) > 0);
    Ok(if failed { Exit::Error } else { Exit::Done })
}
