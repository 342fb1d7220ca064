//! Accounts outside the organization that can be invited, and the invitations that they received.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::world::{Account, AccountState, Joined, World};

/// How long an invitation can be answered, and how long AWS lists it once it is over, in milliseconds.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
const OPEN_MS: u64 = 15 * DAY_MS;
const LISTED_MS: u64 = 30 * DAY_MS;
/// The time in which attempts are counted.
const RATE_MS: u64 = DAY_MS;
const DAY_MS: u64 = 86_400_000;

/// An account that is no member of the organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outsider {
    /// The display name.
    pub name: String,
    /// The primary e-mail.
    pub email: String,
    /// Where else it belongs.
    #[serde(default)]
    pub belongs: Belongs,
    /// What keeps AWS from letting it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obstacle: Option<Obstacle>,
    /// Names of the roles in it that our management account may assume, with the external id that each wants.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, Option<String>>,
}

/// Where an account outside belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Belongs {
    /// To no organization.
    #[default]
    Nowhere,
    /// It is a member of another organization, and leaves that one when it joins this one.
    Elsewhere,
    /// It manages another organization.
    ManagesAnother,
}

/// What keeps AWS from letting an account in, as the API spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Obstacle {
    /// It cannot be invited at all.
    OrganizationFromDifferentSellerOfRecord,
    /// It cannot accept.
    PaymentInstrumentRequired,
    /// It cannot accept.
    OrganizationMembershipChangeRateLimitExceeded,
}

impl Obstacle {
    /// As the API spells it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::OrganizationFromDifferentSellerOfRecord => "ORGANIZATION_FROM_DIFFERENT_SELLER_OF_RECORD",
            Self::PaymentInstrumentRequired => "PAYMENT_INSTRUMENT_REQUIRED",
            Self::OrganizationMembershipChangeRateLimitExceeded => "ORGANIZATION_MEMBERSHIP_CHANGE_RATE_LIMIT_EXCEEDED",
        }
    }
}

/// An invitation: a handshake with the action INVITE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// `h-` and 32 characters.
    pub id: String,
    /// The account that is invited.
    pub account: String,
    /// Its id or e-mail, as the request had it.
    pub recipient: String,
    /// The note of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The tags that the account gets when it joins.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// When it was sent (ms).
    pub requested_ms: u64,
    /// Its state.
    pub state: InvitationState,
    /// When it was over (ms).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_ms: Option<u64>,
}

/// The state of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InvitationState {
    /// It can be answered.
    Open,
    /// The account has joined.
    Accepted,
    /// Its owner did not want it.
    Declined,
    /// We took it back.
    Canceled,
    /// Nobody answered in time.
    Expired,
}

impl InvitationState {
    /// As the API spells it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Accepted => "ACCEPTED",
            Self::Declined => "DECLINED",
            Self::Canceled => "CANCELED",
            Self::Expired => "EXPIRED",
        }
    }
}

impl Invitation {
    /// When it expires, or would have (ms).
    pub(super) fn expires_ms(&self) -> u64 {
        self.requested_ms + OPEN_MS
    }

    /// When AWS has to do something about it: let it expire, or forget it.
    fn due_ms(&self) -> u64 {
        self.over_ms.map_or(self.expires_ms(), |over| over + LISTED_MS)
    }
}

impl World {
    /// Puts an account outside of the organization.
    pub fn add_outsider(&mut self, id: &str, name: &str, email: &str) {
        let outsider =
            Outsider { name: name.to_owned(), email: email.to_owned(), belongs: Belongs::Nowhere, obstacle: None, roles: BTreeMap::new() };
        self.external_accounts.insert(id.to_owned(), outsider);
    }

    /// Sends an invitation to an account outside; `recipient` is its id or e-mail. Returns the id of the handshake.
    pub fn add_invitation(&mut self, account: &str, recipient: &str) -> String {
        let id = format!("h-{}", self.fresh(32));
        let invitation = Invitation {
            id: id.clone(),
            account: account.to_owned(),
            recipient: recipient.to_owned(),
            note: None,
            tags: BTreeMap::new(),
            requested_ms: self.clock_ms,
            state: InvitationState::Open,
            over_ms: None,
        };
        self.invitations.insert(id.clone(), invitation);
        id
    }

    /// Ends an invitation; one that is accepted brings its account into the organization, under the root.
    pub fn end_invitation(&mut self, id: &str, state: InvitationState, now_ms: u64) {
        let Some(invitation) = self.invitations.get_mut(id) else { return };
        invitation.state = state;
        invitation.over_ms = Some(now_ms);
        if state == InvitationState::Accepted {
            let (account, tags) = (invitation.account.clone(), invitation.tags.clone());
            self.join(&account, tags, now_ms);
        }
    }

    fn join(&mut self, id: &str, tags: BTreeMap<String, String>, now_ms: u64) {
        let (Some(outsider), Some(root)) = (self.external_accounts.remove(id), self.root().map(str::to_owned)) else { return };
        let Outsider { name, email, belongs: _, obstacle: _, roles } = outsider;
        self.put_account(Account {
            id: id.to_owned(),
            name,
            email,
            state: AccountState::Active,
            joined: Joined::Invited,
            joined_ms: now_ms,
            parent: Some(root),
            roles: roles.keys().cloned().collect(),
            external_ids: roles.into_iter().filter_map(|(role, external_id)| Some((role, external_id?))).collect(),
        });
        self.attach_defaults(id);
        if !tags.is_empty() {
            self.tags.insert(id.to_owned(), tags);
        }
    }

    /// The account outside of that id or e-mail.
    pub(super) fn outsider(&self, recipient: &str) -> Option<(&String, &Outsider)> {
        let named = |(id, outsider): &(&String, &Outsider)| *id == recipient || outsider.email.eq_ignore_ascii_case(recipient);
        self.external_accounts.iter().find(named)
    }

    /// Invitations that can be answered.
    pub(super) fn open_invitations(&self) -> impl Iterator<Item = &Invitation> {
        self.invitations.values().filter(|invitation| invitation.state == InvitationState::Open)
    }

    /// Invitations that AWS counts against the daily limit: accepted ones are free.
    pub(super) fn recent_invitations(&self, now_ms: u64) -> usize {
        let counts = |invitation: &&Invitation| invitation.state != InvitationState::Accepted && invitation.requested_ms + RATE_MS > now_ms;
        self.invitations.values().filter(counts).count()
    }

    /// Whether an invitation is to expire or to be forgotten.
    pub(super) fn invitations_are_due(&self, now_ms: u64) -> bool {
        self.invitations.values().any(|invitation| invitation.due_ms() <= now_ms)
    }

    /// Lets invitations expire, and forgets those that AWS lists no more.
    pub(super) fn settle_invitations(&mut self, now_ms: u64) {
        for invitation in self.invitations.values_mut().filter(|invitation| invitation.over_ms.is_none()) {
            if invitation.expires_ms() <= now_ms {
                invitation.over_ms = Some(invitation.expires_ms());
                invitation.state = InvitationState::Expired;
            }
        }
        self.invitations.retain(|_, invitation| invitation.due_ms() > now_ms);
    }
}
