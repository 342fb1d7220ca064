//! STS: the caller's identity, assumed roles in other accounts, and root sessions for one task.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_smithy_types::date_time::{DateTime, Format};
use http::StatusCode;
use serde_json::{Value, json};

use super::iam;
use super::roles::Role;
use super::weather::Weather;
use super::wire::{Call, Outcome, Refusal};
use super::world::{Account, AccountState, World};

/// The placeholder for the role in a root session.
pub(super) const ROOT_SESSION: &str = ":root";

/// The longest that a root session lasts: <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html>
const ROOT_SECONDS: u64 = 900;

/// How long a session of a role is to last: 15 minutes to 12 hours, and an hour at most for who is in one already.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
fn session_seconds(asked: Option<u64>, caller: &Caller) -> Result<u64, Refusal> {
    match asked {
        None => Ok(3_600),
        Some(seconds) if caller.session.is_some() && seconds > 3_600 => {
            let message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
            Err(Refusal::new("ValidationError", message))
        }
        Some(seconds) => Ok(seconds),
    }
}

/// Who signed a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    pub account: String,
    /// The role and the session's name, for credentials that AssumeRole issued.
    pub session: Option<(String, String)>,
}

impl Caller {
    pub(super) fn arn(&self) -> String {
        match &self.session {
            Some((role, session)) => format!("arn:aws:sts::{}:assumed-role/{role}/{session}", self.account),
            None => format!("arn:aws:iam::{}:user/sandbox", self.account),
        }
    }
}

/// STS's refusal to issue credentials of an account that has not enabled the Region. Source: the API reference of STS, AssumeRole, read
/// 2026-11-30; which refusal AWS answers with in which case is not documented.
fn not_activated(region: &str) -> Refusal {
    let message = format!("STS is not activated in {region} for the account that is asked to issue credentials");
    Refusal::new("RegionDisabledException", message).status(StatusCode::FORBIDDEN)
}

/// Sessions that AssumeRole issued, by access key id. They end with the process, as sessions do.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    issued: BTreeMap<String, (String, String)>,
}

impl Sessions {
    /// The caller behind an access key id: `AKIA` and twelve digits are that account's own credentials, `ASIA` and twelve digits
    /// a session in it, and anything else belongs to the management account.
    pub(super) fn caller(&self, key: &str, management_account: &str) -> Caller {
        let account = |prefix: &str| {
            let digits = key.strip_prefix(prefix)?.get(..12)?;
            digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.to_owned())
        };
        if let Some(account) = account("ASIA") {
            let session = self.issued.get(key).cloned().unwrap_or_else(|| ("unknown".to_owned(), "unknown".to_owned()));
            return Caller { account, session: Some(session) };
        }
        Caller { account: account("AKIA").unwrap_or_else(|| management_account.to_owned()), session: None }
    }

    /// Answers an operation of STS.
    pub(super) fn answer(&mut self, call: &Call, caller: &Caller, world: &World, now_ms: u64, weather: &Weather) -> Outcome {
        let enabled = |account: &str| world.is_open(account, &call.region, now_ms);
        if !enabled(&caller.account) {
            let message = "The security token included in the request is invalid";
            return Err(Refusal::new("InvalidClientTokenId", message).status(StatusCode::FORBIDDEN));
        }
        match call.operation.as_str() {
            "GetCallerIdentity" => {
                Ok(json!({ "Arn": caller.arn(), "UserId": format!("AIDA{}", caller.account), "Account": caller.account }))
            }
            "AssumeRole" => {
                // STS takes a new account half as soon as EC2 does, and a new role too: an answer here is no promise there.
                let ready = |account: &Account, role: &Role| {
                    let after = weather.account_ready_ms / 2;
                    account.is_ready(now_ms, after) && now_ms >= role.made_ms + after
                };
                let input = call.input.as_ref().map_err(Clone::clone)?;
                let account = input.get("RoleArn").and_then(Value::as_str).and_then(|arn| arn.split(':').nth(4));
                if account.is_some_and(|account| world.accounts.contains_key(account) && !enabled(account)) {
                    return Err(not_activated(&call.region));
                }
                self.assume_role(input, caller, world, ready)
            }
            "AssumeRoot" => {
                let input = call.input.as_ref().map_err(Clone::clone)?;
                let account = input.get("TargetPrincipal").and_then(Value::as_str);
                if account.is_some_and(|account| world.accounts.contains_key(account) && !enabled(account)) {
                    return Err(not_activated(&call.region));
                }
                self.assume_root(input, caller, world)
            }
            _ => Err(Refusal::not_served(&call.name())),
        }
    }

    fn assume_role(&mut self, input: &Value, caller: &Caller, world: &World, ready: impl Fn(&Account, &Role) -> bool) -> Outcome {
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        let (arn, session) = (text("RoleArn").unwrap_or_default(), text("RoleSessionName").unwrap_or_default());
        let seconds = session_seconds(input.get("DurationSeconds").and_then(Value::as_u64), caller)?;
        let denied = || {
            let message = format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}", caller.arn());
            Refusal::new("AccessDenied", message).status(StatusCode::FORBIDDEN)
        };
        let (account, role) = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/")).ok_or_else(denied)?;
        let entry = world.accounts.get(account).ok_or_else(denied)?;
        let made = world.role(account, role).ok_or_else(denied)?;
        let trusted = made.trusts(&caller.account, text("ExternalId"));
        if entry.state != AccountState::Active || !ready(entry, &made) || !trusted {
            return Err(denied());
        }
        if seconds > made.longest_session() {
            let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
            return Err(Refusal::new("ValidationError", message));
        }
        Ok(json!({
            "Credentials": self.issue(account, role, session, seconds)?,
            "AssumedRoleUser": {
                "AssumedRoleId": format!("AROA{account}:{session}"),
                "Arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
            },
        }))
    }

    /// Credentials that are known from here on.
    fn issue(&mut self, account: &str, role: &str, session: &str, seconds: u64) -> Outcome {
        let key = format!("ASIA{account}{:04X}", self.issued.len() + 1);
        self.issued.insert(key.clone(), (role.to_owned(), session.to_owned()));
        // The client compares this with its own clock, which is the computer's and not the world's.
        let now = SystemTime::now();
        let expiration = DateTime::from(now.checked_add(Duration::from_secs(seconds)).unwrap_or(now));
        let expiration = expiration.fmt(Format::DateTime).map_err(|error| Refusal::new("ValidationError", error.to_string()))?;
        Ok(json!({ "AccessKeyId": key, "SecretAccessKey": "sandbox", "SessionToken": "sandbox", "Expiration": expiration }))
    }

    /// A session as the root user of a member, for one task.
    fn assume_root(&mut self, input: &Value, caller: &Caller, world: &World) -> Outcome {
        let text = |name: &str| input.get(name).and_then(Value::as_str).unwrap_or_default();
        let (target, policy) = (text("TargetPrincipal"), input.pointer("/TaskPolicyArn/arn").and_then(Value::as_str).unwrap_or_default());
        let seconds = input.get("DurationSeconds").and_then(Value::as_u64).unwrap_or(ROOT_SECONDS);
        let denied = || {
            let message = format!("User: {} is not authorized to perform: sts:AssumeRoot on resource: {target}", caller.arn());
            Refusal::new("AccessDenied", message).status(StatusCode::FORBIDDEN)
        };
        let task = policy.strip_prefix("arn:aws:iam::aws:policy/root-task/").filter(|task| [iam::AUDIT, iam::DELETE].contains(task));
        let task = task.ok_or_else(|| Refusal::new("ValidationError", format!("{policy} is not a policy of a root task")))?;
        let member = world.accounts.get(target).filter(|account| account.id != world.management_account).ok_or_else(denied)?;
        let central = world.root_features.contains(iam::CREDENTIALS);
        if !central || member.state != AccountState::Active || caller.account != world.management_account {
            return Err(denied());
        }
        Ok(json!({ "Credentials": self.issue(target, ROOT_SESSION, task, seconds)? }))
    }
}
