//! STS: who the caller is, and roles in other accounts.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_smithy_types::date_time::{DateTime, Format};
use http::StatusCode;
use serde_json::{Value, json};

use super::weather::Weather;
use super::wire::{Call, Outcome, Refusal};
use super::world::{Account, AccountState, World};

/// Who signed a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    pub account: String,
    /// The role and the session's name, for credentials that AssumeRole issued.
    pub session: Option<(String, String)>,
}

impl Caller {
    fn arn(&self) -> String {
        match &self.session {
            Some((role, session)) => format!("arn:aws:sts::{}:assumed-role/{role}/{session}", self.account),
            None => format!("arn:aws:iam::{}:user/sandbox", self.account),
        }
    }
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
        match call.operation.as_str() {
            "GetCallerIdentity" => {
                Ok(json!({ "Arn": caller.arn(), "UserId": format!("AIDA{}", caller.account), "Account": caller.account }))
            }
            "AssumeRole" => {
                // STS takes a new account half as soon as EC2 does: an answer here is no promise there.
                let ready = |account: &Account| account.is_ready(now_ms, weather.account_ready_ms / 2);
                self.assume_role(call.input.as_ref().map_err(Clone::clone)?, caller, world, ready)
            }
            _ => Err(Refusal::not_served(&call.name())),
        }
    }

    fn assume_role(&mut self, input: &Value, caller: &Caller, world: &World, ready: impl Fn(&Account) -> bool) -> Outcome {
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        let (Some(arn), Some(session)) = (text("RoleArn"), text("RoleSessionName")) else {
            return Err(Refusal::new("ValidationError", "RoleArn and RoleSessionName are required"));
        };
        let seconds = text("DurationSeconds").and_then(|seconds| seconds.parse().ok()).unwrap_or(3_600);
        let denied = || {
            let message = format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}", caller.arn());
            Refusal::new("AccessDenied", message).status(StatusCode::FORBIDDEN)
        };
        let (account, role) = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/")).ok_or_else(denied)?;
        let entry = world.accounts.get(account).ok_or_else(denied)?;
        // The roles that CreateAccount makes trust the management account and nobody else.
        let wrong_external_id = entry.external_ids.get(role).is_some_and(|wanted| text("ExternalId") != Some(wanted));
        let trusted = entry.roles.contains(role) && !wrong_external_id && caller.account == world.management_account;
        if entry.state != AccountState::Active || !ready(entry) || !trusted {
            return Err(denied());
        }
        let key = format!("ASIA{account}{:04X}", self.issued.len() + 1);
        self.issued.insert(key.clone(), (role.to_owned(), session.to_owned()));
        // The client compares this with its own clock, which is the computer's and not the world's.
        let expiration = DateTime::from(SystemTime::now() + Duration::from_secs(seconds));
        let expiration = expiration.fmt(Format::DateTime).map_err(|error| Refusal::new("ValidationError", error.to_string()))?;
        Ok(json!({
            "Credentials": {
                "AccessKeyId": key,
                "SecretAccessKey": "sandbox",
                "SessionToken": "sandbox",
                "Expiration": expiration,
            },
            "AssumedRoleUser": {
                "AssumedRoleId": format!("AROA{account}:{session}"),
                "Arn": format!("arn:aws:sts::{account}:assumed-role/{role}/{session}"),
            },
        }))
    }
}
