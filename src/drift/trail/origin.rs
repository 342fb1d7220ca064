//! When a difference was made, and by whom, as read from one event.

use serde::Serialize;

use super::event::{Event, Identity};

/// The event that made it so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// When: RFC 3339, in UTC.
    #[serde(skip)]
    pub since: String,
    /// Who, in words.
    #[serde(skip)]
    pub by: String,
    /// `DetachPolicy`.
    pub name: String,
    /// `organizations.amazonaws.com`.
    pub source: String,
    /// The event's id in CloudTrail.
    pub id: String,
    /// Whether the event can be about nothing else; otherwise it is the newest that fits.
    pub certain: bool,
    /// Whether it was done as overlord's own access role, by overlord or by anybody else who may assume it.
    pub access_role: bool,
    /// The kind of the caller's identity, as CloudTrail has it: `AssumedRole`, `IAMUser`, `Root`, `AWSService`, …
    pub identity: String,
    /// The ARN of the user, or of the role's session.
    pub arn: Option<String>,
    /// The caller's 12-digit account.
    pub account: Option<String>,
    /// The address that the request came from, or the service that made it.
    pub source_ip: Option<String>,
}

impl Origin {
    /// Of an event in the account `place`.
    pub(super) fn of(event: &Event, certain: bool, place: &str, access_role: &str) -> Self {
        let identity = &event.user_identity;
        let is_access_role = session(identity).is_some_and(|(role, _)| role == access_role);
        Self {
            since: event.time.clone(),
            by: by(identity, is_access_role, place),
            name: event.name.clone(),
            source: event.source.clone(),
            id: event.id.clone(),
            certain,
            access_role: is_access_role,
            identity: identity.kind.clone(),
            arn: identity.arn.clone(),
            account: identity.account_id.clone(),
            source_ip: event.source_ip.clone(),
        }
    }
}

/// The role and the name of the session: `arn:aws:sts::111111111111:assumed-role/role/session`.
fn session(identity: &Identity) -> Option<(&str, &str)> {
    let (_, rest) = identity.arn.as_deref().filter(|_| identity.kind == "AssumedRole")?.split_once(":assumed-role/")?;
    rest.split_once('/')
}

fn by(identity: &Identity, is_access_role: bool, place: &str) -> String {
    let account = identity.account_id.as_deref();
    let name = identity.user_name.as_deref();
    let who = match (identity.kind.as_str(), session(identity)) {
        (_, Some((role, session))) if is_access_role => format!("{session} (overlord's access role {role})"),
        (_, Some((role, session))) => format!("{session} (role {role})"),
        ("Root", _) => "the root user".to_owned(),
        ("AWSService", _) => identity.invoked_by.clone().unwrap_or_else(|| "an AWS service".to_owned()),
        ("AWSAccount", _) => return format!("account {}", account.unwrap_or("unknown")),
        ("IAMUser", _) => format!("user {}", name.or(identity.arn.as_deref()).unwrap_or("unknown")),
        (kind, _) => format!("{} ({kind})", name.or(identity.arn.as_deref()).or(identity.principal_id.as_deref()).unwrap_or("unknown")),
    };
    let elsewhere = account.filter(|account| *account != place).map(|account| format!(" of account {account}")).unwrap_or_default();
    let through = identity.invoked_by.as_deref().filter(|_| identity.kind != "AWSService");
    let through = through.map(|service| format!(", through {service}")).unwrap_or_default();
    format!("{who}{elsewhere}{through}")
}
