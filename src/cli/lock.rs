//! The lock's options on the command line: `--no-lock`, and `apply --unlock`.

use std::io::IsTerminal;
use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::connect::{Connection, connect_to_write};
use super::shell::Shell;
use super::{Exit, Format, Global, Reported, consent, validate};
use crate::apply::{RunLock, now};
use crate::aws::{Error, Mode, Sessions};
use crate::files;
use crate::resource::organizations::LOCK_NAME;
use crate::resource::organizations::lock::{self, LiveLock};

/// What a run says that ends without releasing its lock.
pub(super) const LEFT: &str = "warning: stopped at once; the lock of this run stays in the organization\n  \
                               help: remove it with `overlord apply --unlock`, then run the same command again";

/// `--no-lock`, of every command that applies.
#[derive(Debug, Default, Args)]
pub(super) struct Locked {
    /// Take no lock. Use it only if something else prevents two applies at the same time
    #[arg(long)]
    pub(super) no_lock: bool,
}

impl Locked {
    /// The lock of this run, unless it goes without.
    pub(super) fn lock(&self, sessions: &Sessions) -> Option<RunLock> {
        (!self.no_lock).then(|| RunLock::new(sessions, &this_run()))
    }
}

/// Where this run can be found: a link to the job of GitHub Actions or GitLab CI, else the process and the machine.
fn this_run() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let github = || {
        let [server, repository, run] = ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"].map(variable);
        Some(format!("{}/{}/actions/runs/{}", server?, repository?, run?))
    };
    let machine = || {
        let name = files::read_text(Path::new("/proc/sys/kernel/hostname"), files::LIST).ok().map(|name| name.trim().to_owned());
        name.or_else(|| variable("HOSTNAME")).or_else(|| variable("COMPUTERNAME")).unwrap_or_else(|| "an unknown machine".to_owned())
    };
    github().or_else(|| variable("CI_JOB_URL")).unwrap_or_else(|| format!("process {} on {}", std::process::id(), machine()))
}

/// The error that the lock could not be taken, so nothing was changed.
pub(super) fn refused(error: &Error, theirs: Option<&LiveLock>, sessions: &Sessions, shell: &Shell) -> Reported {
    match theirs {
        Some(lock) => shell.error(format_args!("{error}; nothing was changed"), error.hint()).with("lock", data(lock, sessions)),
        None => {
            let hint = error.hint().map(|hint| format!("{hint}; --no-lock runs without the lock"));
            shell.error(format_args!("the lock `{LOCK_NAME}` could not be taken: {error}; nothing was changed"), hint)
        }
    }
}

/// Reports a problem with the lock after it was taken.
pub(super) fn tell_trouble(lock: Option<&RunLock>, shell: &Shell) {
    if let Some((what, hint)) = lock.and_then(RunLock::trouble) {
        shell.say(format_args!("warning: {what}\n  help: {hint}"));
    }
}

fn data(lock: &LiveLock, sessions: &Sessions) -> Value {
    let holder = &lock.holder;
    json!({
        "owner": holder.owner,
        "run": holder.run,
        "since": holder.since,
        "renewed": holder.renewed,
        "stale": holder.is_stale(now(sessions)),
    })
}

/// `apply --unlock`: removes a lock, once the name of its owner is typed; `owner` is that name if it was given, else empty.
pub(super) async fn unlock(global: &Global, owner: &str, shell: &Shell) -> Result<Exit, Reported> {
    let desired = validate::load(global, shell)?.desired;
    let connection = connect_to_write(global, &desired, shell).await?;
    let removed = remove(&connection, owner, shell).await;
    connection.close(shell)?;
    let removed = removed?;
    match shell.format() {
        Format::Json => {
            let lock = removed.as_ref().map(|lock| data(lock, &connection.sessions));
            let document = json!({ "format_version": 1, "lock": lock, "removed": removed.is_some() });
            shell.result(format_args!("{document:#}\n"));
        }
        Format::Text | Format::Markdown | Format::Junit | Format::Sarif | Format::Line => shell.result(match &removed {
            Some(lock) => format!("removed the lock of `{}`\n", lock.holder.owner),
            None => "there is no lock; nothing was changed\n".to_owned(),
        }),
    }
    Ok(Exit::Done)
}

async fn remove(connection: &Connection, owner: &str, shell: &Shell) -> Result<Option<LiveLock>, Reported> {
    let sessions = &connection.sessions;
    let found = async {
        match lock::root(sessions).await? {
            Some(root) => lock::find(sessions, &root).await,
            None => Ok(None),
        }
    };
    let Some(found) = found.await.map_err(|e| shell.aws_error(&e))? else { return Ok(None) };
    shell.say(format_args!("the lock `{LOCK_NAME}` is held by {}", found.holder.told(now(sessions))));
    let name = &found.holder.owner;
    let typed = match owner {
        "" if !std::io::stdin().is_terminal() => {
            let hint = format!("make sure that its run is over, then pass `--unlock={name}`");
            return Err(shell.error("cannot ask for confirmation (no terminal); nothing was changed", Some(hint)));
        }
        "" => {
            let question = format!("\nMake sure that its run is over. Type the name of its owner, `{name}`, to remove the lock:");
            consent::ask(shell, &question).unwrap_or_default()
        }
        given => given.to_owned(),
    };
    if typed != *name {
        let hint = format!("the owner of the lock is `{name}`");
        return Err(shell.error("that is not the name of the lock's owner; nothing was changed", Some(hint)));
    }
    sessions.request_gate().set_mode(Mode::ReadWrite);
    let removed = lock::remove(sessions, &found.ou).await;
    sessions.request_gate().set_mode(Mode::ReadOnly);
    removed.map_err(|e| shell.aws_error(&e))?;
    Ok(Some(found))
}
