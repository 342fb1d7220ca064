//! `overlord sandbox serve | reset | show`: the embedded AWS.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::connect::{open, weather};
use super::shell::Shell;
use super::signals::Signals;
use super::{DEFAULT_MANAGEMENT_ACCOUNT, DEFAULT_SANDBOX, Exit, Format, Global, Reported};
use crate::config;
use crate::sandbox::{Sandbox, describe, serve};

#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    #[command(subcommand)]
    command: SandboxCommand,
}

#[derive(Debug, Subcommand)]
enum SandboxCommand {
    /// Serve it on a loopback port, for the AWS CLI or any SDK
    #[command(after_help = "Exit status: 0 done, 1 error")]
    Serve {
        /// The port; 0 picks a free one
        #[arg(long, default_value_t = 4599)]
        port: u16,

        /// The management account of a new world [default: that of org.toml, or 111111111111]
        #[arg(long, value_name = "ID")]
        management_account: Option<String>,

        /// Accept this host name too; loopback names are always accepted, all others refused
        #[arg(long = "allow-host", value_name = "NAME")]
        hosts: Vec<String>,
    },
    /// Delete its world
    #[command(after_help = "Exit status: 0 done, 1 error")]
    Reset {
        /// Overwrite a file that is not a world of the sandbox
        #[arg(long)]
        force: bool,
    },
    /// Print its world
    #[command(after_help = "Exit status: 0 done, 1 error")]
    Show,
}

pub(super) async fn run(global: &Global, args: &SandboxArgs, shell: &Shell) -> Result<Exit, Reported> {
    let path = global.sandbox.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_SANDBOX));
    match &args.command {
        SandboxCommand::Serve { port, management_account, hosts } => {
            serve_on(*port, management_account.clone(), hosts, &path, global, shell).await
        }
        SandboxCommand::Reset { force } => reset(&path, *force, global, shell),
        SandboxCommand::Show => {
            let sandbox = open(&path, &management_account(global), &weather(global, shell)?, shell)?;
            let world = sandbox.world();
            match global.format {
                Format::Text | Format::Markdown | Format::Junit | Format::Sarif | Format::Line => shell.result(describe(&world)),
                Format::Json => {
                    let json = serde_json::to_value(&world).map_err(|e| shell.error(e, None))?;
                    shell.result(format_args!("{json:#}\n"));
                }
            }
            Ok(Exit::Done)
        }
    }
}

async fn serve_on(
    port: u16,
    account: Option<String>,
    hosts: &[String],
    path: &Path,
    global: &Global,
    shell: &Shell,
) -> Result<Exit, Reported> {
    let account = account.unwrap_or_else(|| management_account(global));
    let sandbox = open(path, &account, &weather(global, shell)?, shell)?;
    let server = serve(sandbox.clone(), SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(|e| shell.sandbox_error(&e))?;
    let server = server.named(hosts.iter().cloned());
    let address = server.address();
    shell.result(format_args!("listening on http://{address}\n"));
    shell.say(format_args!(
        "management account {account}; try: AWS_ENDPOINT_URL=http://{address} AWS_ACCESS_KEY_ID=AKIA{account} AWS_SECRET_ACCESS_KEY=sandbox AWS_DEFAULT_REGION=us-east-1 aws organizations list-accounts"
    ));
    let mut signals = Signals::listen();
    tokio::select! {
        () = server.run() => {}
        _ = signals.next() => {}
    }
    sandbox.save().map_err(|e| shell.sandbox_error(&e))?;
    Ok(Exit::Done)
}

fn reset(path: &Path, force: bool, global: &Global, shell: &Shell) -> Result<Exit, Reported> {
    Sandbox::reset(path, &management_account(global), force).map_err(|e| shell.sandbox_error(&e))?;
    shell.say(format_args!("{} is empty: the next run starts without an organization", path.display()));
    Ok(Exit::Done)
}

/// The management account of a fresh world: that of a valid org.toml, so that `apply --sandbox` passes its own guard.
fn management_account(global: &Global) -> String {
    config::load(&global.config).map_or_else(|_| DEFAULT_MANAGEMENT_ACCOUNT.to_owned(), |loaded| loaded.desired.management_account)
}
