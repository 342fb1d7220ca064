//! Builds a request gate and sessions from the global options, and the sandbox if `--sandbox` is given.

use crate::aws::recording::Recording;
use crate::aws::{Access, AccessRole, Interrupt, Mode, Rates, RequestGate, RequestGateOptions, Sessions, Trace};
use crate::render;
use crate::resource::Desired;
use crate::sandbox::{Sandbox, Weather};

use super::deliver::not_written;
use super::shell::Shell;
use super::{DEFAULT_MANAGEMENT_ACCOUNT, Global, RatesChoice, Reported};

/// Set to 1, it allows requests in the clear to another machine.
const ALLOW_PLAIN_HTTP: &str = "OVERLORD_ALLOW_PLAIN_HTTP";

/// AWS, or the sandbox, with the request gate locked for writes.
pub(super) struct Connection {
    pub(super) sessions: Sessions,
    sandbox: Option<Sandbox>,
    trace: Option<Trace>,
    recording: Option<Recording>,
}

impl Connection {
    /// Saves the sandbox's world, and reports an incomplete trace or recording.
    pub(super) fn close(&self, shell: &Shell) -> Result<(), Reported> {
        let trace = self.trace.as_ref().and_then(Trace::failure);
        for failure in trace.into_iter().chain(self.recording.iter().flat_map(Recording::notes)) {
            shell.say(format_args!("warning: {failure}"));
        }
        match &self.sandbox {
            Some(sandbox) => sandbox.save().map_err(|e| shell.sandbox_error(&e)),
            None => Ok(()),
        }
    }
}

impl Connection {
    /// The same, whose sandbox has the Regions that org.toml adds to the built-in ones.
    fn knows(self, desired: &Desired) -> Self {
        self.sandbox.iter().for_each(|sandbox| sandbox.add_regions(&desired.added_regions));
        self
    }

    /// Puts what the configuration asks for into the recording.
    fn record(&self, desired: &Desired, shell: &Shell) -> Result<(), Reported> {
        let Some(recording) = &self.recording else { return Ok(()) };
        let desired = serde_json::to_value(desired).map_err(|e| shell.error(e, None))?;
        recording.configuration(&desired).map_err(|e| not_written(&e, "--record", shell))
    }

    /// Sessions of somebody else: of the account that the credentials of that profile belong to; in the sandbox, of the account of that id.
    /// Their request gate is open for writes.
    pub(super) async fn guest(&self, profile: &str, desired: &Desired, shell: &Shell) -> Result<Sessions, Reported> {
        let access = match &self.sandbox {
            None => Access::DefaultChain { profile: Some(profile.to_owned()) },
            Some(_) if profile.len() == 12 && profile.bytes().all(|b| b.is_ascii_digit()) => {
                Access::Sandbox { management_account: profile.to_owned() }
            }
            Some(_) => {
                let hint = "give the id of the account in place of a profile".to_owned();
                return Err(shell.error(format_args!("the sandbox has no profile `{profile}`"), Some(hint)));
            }
        };
        let request_gate = self.sessions.request_gate().another(Mode::ReadWrite);
        let sessions = Sessions::load(access, request_gate, &desired.home_region, desired.role()).await;
        sessions.map_err(|e| shell.aws_error(&e))
    }
}

/// Connects as the options say, for a run that only reads, and passes the guard.
pub(super) async fn connect(global: &Global, desired: &Desired, shell: &Shell) -> Result<Connection, Reported> {
    guarded(reach(global, desired, shell).await?, desired, shell).await
}

/// The same for a run that may write: it allows writes in the request gate once the plan is approved.
pub(super) async fn connect_to_write(global: &Global, desired: &Desired, shell: &Shell) -> Result<Connection, Reported> {
    let connection = open_request_gate(global, Some(&desired.management_account), &desired.home_region, desired.role(), shell).await?;
    connection.record(desired, shell)?;
    guarded(connection.knows(desired), desired, shell).await
}

async fn guarded(connection: Connection, desired: &Desired, shell: &Shell) -> Result<Connection, Reported> {
    connection.sessions.guard(&desired.management_account).await.map_err(|e| shell.aws_error(&e))?;
    Ok(connection)
}

/// As [`connect`], in front of the guard. No request was made.
pub(super) async fn reach(global: &Global, desired: &Desired, shell: &Shell) -> Result<Connection, Reported> {
    let connection =
        open_request_gate(global, Some(&desired.management_account), &desired.home_region, desired.reading_role(), shell).await?;
    connection.record(desired, shell)?;
    Ok(connection.knows(desired))
}

/// As [`reach`], if no configuration names the account yet. Makes no request.
pub(super) async fn connect_unguarded(
    global: &Global,
    home_region: &str,
    role: impl Into<AccessRole>,
    shell: &Shell,
) -> Result<Connection, Reported> {
    open_request_gate(global, None, home_region, role, shell).await
}

/// `caller` is the account that calls the sandbox; by default, its management account.
async fn open_request_gate(
    global: &Global,
    caller: Option<&str>,
    home_region: &str,
    role: impl Into<AccessRole>,
    shell: &Shell,
) -> Result<Connection, Reported> {
    let sandbox = open_sandbox(global, caller.unwrap_or(DEFAULT_MANAGEMENT_ACCOUNT), shell)?;
    let trace = match &global.trace {
        Some(path) => Some(Trace::create(path).map_err(|e| not_written(&e, "--trace", shell))?),
        None => None,
    };
    let recording = match &global.record {
        Some(folder) => Some(Recording::create(folder).map_err(|e| not_written(&e, "--record", shell))?),
        None => None,
    };
    let (transport, access) = match &sandbox {
        Some(sandbox) => {
            let management_account = caller.map_or_else(|| sandbox.management_account(), str::to_owned);
            (sandbox.http_client(), Access::Sandbox { management_account })
        }
        None => (crate::aws::https().map_err(|e| shell.aws_error(&e))?, Access::DefaultChain { profile: global.profile.clone() }),
    };
    let transport = recording.as_ref().map_or(transport.clone(), |recording| recording.around(transport));
    let options = RequestGateOptions {
        mode: Mode::ReadOnly,
        rates: Rates::Published,
        trace: trace.clone(),
        transport,
        interrupt: Interrupt::default(),
    };
    let sessions = Sessions::load(access, RequestGate::new(options), home_region, role).await.map_err(|e| shell.aws_error(&e))?;
    if let Some(url) = sessions.plain_endpoint().filter(|_| std::env::var_os(ALLOW_PLAIN_HTTP).is_none_or(|value| value != "1")) {
        let hint = format!("use https://; or set {ALLOW_PLAIN_HTTP}=1 if nobody else can read that network");
        let url = render::plain(&url);
        return Err(shell.error(format_args!("the endpoint `{url}` is plain HTTP and not on this machine; nothing was sent"), Some(hint)));
    }
    let rates = match global.rates {
        Some(RatesChoice::Published) => Rates::Published,
        Some(RatesChoice::Unlimited) => Rates::Unlimited,
        // The published rates are AWS's; an emulator on this machine has none.
        None if sandbox.is_some() || sessions.is_loopback_endpoint() => Rates::Unlimited,
        None => Rates::Published,
    };
    sessions.request_gate().set_rates(rates);
    Ok(Connection { sessions, sandbox, trace, recording })
}

fn open_sandbox(global: &Global, management_account: &str, shell: &Shell) -> Result<Option<Sandbox>, Reported> {
    let Some(path) = &global.sandbox else {
        if global.weather.is_some() {
            return Err(
                shell.error("only the sandbox has weather; nothing was read", Some("add --sandbox, or leave out --weather".to_owned()))
            );
        }
        return Ok(None);
    };
    open(path, management_account, &weather(global, shell)?, shell).map(Some)
}

/// Opens a sandbox's file.
pub(super) fn open(path: &std::path::Path, management_account: &str, weather: &Weather, shell: &Shell) -> Result<Sandbox, Reported> {
    Sandbox::open(path, management_account, weather.clone()).map_err(|e| shell.sandbox_error(&e))
}

/// The weather of the command line.
pub(super) fn weather(global: &Global, shell: &Shell) -> Result<Weather, Reported> {
    Weather::parse(global.weather.as_deref().unwrap_or("calm")).map_err(|e| shell.sandbox_error(&e))
}
