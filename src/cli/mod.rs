//! The command line: one file per command, with its arguments and its code. Results go to standard output, messages to standard error.

mod accounts;
mod apply;
mod catalogue;
mod checkout;
mod codes;
mod completions;
mod connect;
mod consent;
mod deliver;
mod doctor;
mod drift;
mod email;
mod generate;
mod graph;
mod import;
mod init;
mod invite;
mod lock;
mod man;
mod named;
mod network;
mod new_policy;
mod output;
mod plan;
mod policy;
mod policy_diff;
mod progress;
mod rehearse;
mod report;
mod sandbox;
mod schema;
mod select;
mod shell;
mod signals;
mod validate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use shell::Shell;

/// The default file of the sandbox's world.
const DEFAULT_SANDBOX: &str = ".overlord/sandbox.json";

/// The management account of a fresh sandbox if no org.toml names one.
const DEFAULT_MANAGEMENT_ACCOUNT: &str = "111111111111";

/// Bootstraps AWS accounts and keeps them compliant, from one declarative org.toml.
#[derive(Debug, Parser)]
#[command(name = "overlord", version, propagate_version = true, arg_required_else_help = true, max_term_width = 100)]
#[command(
    after_help = "Exit status: 0 done, or nothing differs, 1 error, 2 something differs, 3 some changes were not applied; each command lists its own"
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What the last lines of a command's help begin with; they are a section of its manual page.
const EXIT_STATUS: &str = "Exit status: ";

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Global {
    /// The configuration file; policies/ is in the same folder
    #[arg(long, global = true, value_name = "FILE", default_value = "org.toml", env = "OVERLORD_CONFIG")]
    config: PathBuf,

    /// The AWS profile to take credentials and settings from
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "sandbox")]
    profile: Option<String>,

    /// Use the embedded AWS instead of the real one; FILE has its state
    #[arg(long, global = true, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = DEFAULT_SANDBOX)]
    sandbox: Option<PathBuf>,

    /// The sandbox's weather: calm, stormy, or a list such as latency=50,rates=published,lost=0.05,seed=7 [default: calm]
    #[arg(long, global = true, value_name = "WEATHER")]
    weather: Option<String>,

    /// Whether to keep to AWS's published request rates [default: published; unlimited for the sandbox and loopback endpoints]
    #[arg(long, global = true, value_enum, value_name = "RATES")]
    rates: Option<RatesChoice>,

    /// Record every AWS call in FILE as JSON lines, without secrets
    #[arg(long, global = true, value_name = "FILE")]
    trace: Option<PathBuf>,

    /// Record every AWS request and its answer in DIR for a replay, with ids, e-mails and secrets replaced
    #[arg(long, global = true, value_name = "DIR")]
    record: Option<PathBuf>,

    /// The output format
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,

    /// When to use colour
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Colour::Auto)]
    color: Colour,
}

/// `--rates`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RatesChoice {
    /// Never faster than the rates that AWS documents
    Published,
    /// As fast as the server answers
    Unlimited,
}

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs; versioned, see docs/commands.md
    Json,
    /// For a comment on a pull request
    Markdown,
    /// For continuous integration; `policy test` and `drift` only
    Junit,
    /// For code scanning, SARIF 2.1.0; `drift` only
    Sarif,
    /// One line, for chat; `drift` only
    Line,
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colour {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Generate org.toml and policies/ from your organization; the next plan shows no changes
    #[command(after_help = "Exit status: 0 written, 1 error")]
    Import(import::ImportArgs),
    /// Check the configuration, offline
    #[command(after_help = "Exit status: 0 valid, 1 not")]
    Validate(validate::ValidateArgs),
    /// Show the difference between the configuration and AWS; exits 2 when there are changes
    #[command(after_help = "Exit status: 0 no changes, 2 changes, 1 error, or overlord would be locked out, or new accounts look renamed")]
    Plan(plan::PlanArgs),
    /// Apply the changes; exits 3 if some were not applied
    #[command(after_help = "Exit status: 0 done, 1 error, 3 partly done")]
    Apply(apply::ApplyArgs),
    /// List the accounts with their ids, e-mails, OUs, teams and stages, read-only
    #[command(after_help = "Exit status: 0 done, 1 error")]
    Accounts(accounts::AccountsArgs),
    /// Print the ids of everything that overlord manages, for other tools, read-only
    #[command(after_help = "Exit status: 0 done, 1 error")]
    Output(output::OutputArgs),
    /// Detect drift and unmanaged resources, read-only; exits 2 when there are findings
    #[command(after_help = "Exit status: 0 none, 2 some, 1 error")]
    Drift(drift::DriftArgs),
    /// Finish the change of an account's e-mail with the code that AWS sent, or have AWS send one
    #[command(after_help = "Exit status: 0 done, 1 error")]
    Email(email::EmailArgs),
    /// Invite accounts that exist already, follow their invitations, and bring in those that have joined; exits 3 if some were not applied
    #[command(after_help = "Exit status: 0 as far as it can be, 1 error, 3 partly")]
    Invite(invite::InviteArgs),
    /// Check credentials, accounts and quotas; print the least IAM policies with --policy
    #[command(after_help = "Exit status: 0 all well, 1 something is wrong")]
    Doctor(doctor::DoctorArgs),
    /// Show the plan's dependency graph: for Graphviz, for Mermaid, or as a drawing
    #[command(after_help = "Exit status: 0 done, 1 error")]
    Graph(graph::GraphArgs),
    /// Write org.toml and policies/ for a new organization; with `ci`, CI workflows
    #[command(after_help = "Exit status: 0 written, 1 error")]
    Init(init::InitArgs),
    /// Show the address plan of the networks, offline: pools, CIDR blocks, subnets, free ranges; --out draws it
    #[command(after_help = "Exit status: 0 done, 1 error, or no free range for a VPC")]
    Network(network::NetworkArgs),
    /// Work with policies, offline: explain a request, run the tests of org.toml, lint, compare, merge inherited policies, generate guardrails
    Policy(policy::PolicyArgs),
    /// Write the organization as one page, read-only: tree, guardrails, networks, drift, compliance, costs, quotas
    #[command(after_help = "Exit status: 0 done, 1 error")]
    Report(report::ReportArgs),
    /// Serve, reset or show the embedded AWS
    Sandbox(sandbox::SandboxArgs),
    /// Print the JSON Schema of org.toml, for editors
    #[command(after_help = "Exit status: 0")]
    Schema,
    /// Print a completion script for a shell
    #[command(after_help = "Exit status: 0")]
    Completions(completions::CompletionsArgs),
    /// Write manual pages, one for each command
    #[command(after_help = "Exit status: 0 done, 1 error")]
    Man(man::ManArgs),
}

impl Command {
    /// Its name, where it reads no AWS: an option that is about AWS would be heeded by nobody.
    fn offline(&self) -> Option<&'static str> {
        match self {
            Self::Validate(_) => Some("validate"),
            Self::Network(_) => Some("network"),
            Self::Policy(args) => policy::is_offline(args).then_some("policy"),
            Self::Report(args) => report::is_offline(args).then_some("report compliance"),
            Self::Init(_) => Some("init"),
            Self::Schema => Some("schema"),
            Self::Completions(_) => Some("completions"),
            Self::Man(_) => Some("man"),
            Self::Import(_)
            | Self::Plan(_)
            | Self::Apply(_)
            | Self::Accounts(_)
            | Self::Output(_)
            | Self::Drift(_)
            | Self::Email(_)
            | Self::Invite(_)
            | Self::Doctor(_)
            | Self::Graph(_)
            | Self::Sandbox(_) => None,
        }
    }

    /// What to say of a format that it does not know.
    fn refuses(&self, format: Format) -> Option<&'static str> {
        let knows_junit = matches!(self, Self::Drift(_)) || matches!(self, Self::Policy(args) if policy::knows_junit(args));
        match format {
            Format::Text | Format::Json | Format::Markdown => None,
            Format::Junit => (!knows_junit).then_some("only `policy test` and `drift` have results for JUnit"),
            Format::Sarif => (!matches!(self, Self::Drift(_))).then_some("only `drift` has results as SARIF"),
            Format::Line => (!matches!(self, Self::Drift(_))).then_some("only `drift` has results of one line"),
        }
    }
}

impl Global {
    /// The first option that is about AWS, for commands that read none.
    fn about_aws(&self) -> Option<&'static str> {
        let Self { config: _, profile, sandbox, weather, rates, trace, record, format: _, color: _ } = self;
        let given = [
            ("--profile", profile.is_some()),
            ("--sandbox", sandbox.is_some()),
            ("--weather", weather.is_some()),
            ("--rates", rates.is_some()),
            ("--trace", trace.is_some()),
            ("--record", record.is_some()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(option, _)| option)
    }
}

/// The exit statuses that commands end with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// All is well, or nothing differs.
    Done = 0,
    /// An error; nothing was done.
    Error = 1,
    /// `plan`: there are changes; `drift`: there is some; `policy explain`: it is denied; with `--live`, AWS disagrees.
    Changes = 2,
    /// `apply`: a part was done; `policy explain` and `policy effective`: unknown.
    Partly = 3,
}

/// An error whose message was printed. What is left is the exit status, and the error as data for `--format json`.
struct Reported {
    exit: Exit,
    document: Map<String, Value>,
}

impl Reported {
    fn new(message: &str, hint: Option<&str>) -> Self {
        let document = [("format_version".to_owned(), json!(1)), ("error".to_owned(), json!({"message": message, "hint": hint}))];
        Self { exit: Exit::Error, document: document.into_iter().collect() }
    }

    /// More that a program wants to know about it.
    fn with(mut self, name: &str, value: Value) -> Self {
        self.document.insert(name.to_owned(), value);
        self
    }
}

/// Runs the command line of this process.
pub async fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            // Not clap's 2: a script would take it for "there are changes".
            let exit = if usage.use_stderr() { Exit::Error } else { Exit::Done };
            let _ = usage.print();
            return ExitCode::from(exit as u8);
        }
    };
    let shell = Shell::new(&cli.global);
    if let Some(refusal) = cli.command.refuses(cli.global.format) {
        let hint = "choose text, json or markdown".to_owned();
        shell.error(refusal, Some(hint));
        return ExitCode::from(Exit::Error as u8);
    }
    if let (Some(command), Some(option)) = (cli.command.offline(), cli.global.about_aws()) {
        let hint = format!("leave `{option}` out");
        shell.error(format_args!("`overlord {command}` reads no AWS, and takes no `{option}`"), Some(hint));
        return ExitCode::from(Exit::Error as u8);
    }
    if let Some(refusal) = named::refuse(&cli.global, &cli.command, &shell) {
        shell.error_document(refusal.document);
        return ExitCode::from(refusal.exit as u8);
    }
    let exit = match cli.command {
        Command::Import(args) => import::run(&cli.global, &args, &shell).await,
        Command::Validate(args) => validate::run(&cli.global, &args, &shell),
        Command::Plan(args) => plan::run(&cli.global, &args, &shell).await,
        Command::Apply(args) => apply::run(&cli.global, &args, &shell).await,
        Command::Accounts(args) => accounts::run(&cli.global, &args, &shell).await,
        Command::Output(args) => output::run(&cli.global, &args, &shell).await,
        Command::Drift(args) => drift::run(&cli.global, &args, &shell).await,
        Command::Email(args) => email::run(&cli.global, &args, &shell).await,
        Command::Invite(args) => Box::pin(invite::run(&cli.global, &args, &shell)).await,
        Command::Doctor(args) => doctor::run(&cli.global, &args, &shell).await,
        Command::Graph(args) => graph::run(&cli.global, &args, &shell).await,
        Command::Init(args) => init::run(&cli.global, &args, &shell),
        Command::Network(args) => network::run(&cli.global, &args, &shell),
        Command::Policy(args) => policy::run(&cli.global, &args, &shell).await,
        Command::Report(args) => report::run(&cli.global, &args, &shell).await,
        Command::Sandbox(args) => sandbox::run(&cli.global, &args, &shell).await,
        Command::Schema => schema::run(&shell),
        Command::Completions(args) => completions::run(&args, &shell),
        Command::Man(args) => man::run(&args, &shell),
    };
    let exit = exit.unwrap_or_else(|reported| {
        shell.error_document(reported.document);
        reported.exit
    });
    ExitCode::from(shell.delivered(exit) as u8)
}
