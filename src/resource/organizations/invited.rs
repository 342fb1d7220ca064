//! Invited accounts: their status in AWS, what is planned for them, and the findings about them. Pure.
//!
//! Until its owner accepts, nothing can be planned for such an account: it is frozen, and so is everything that org.toml says about it.
//! Only the invitation can be planned: once, and again if the last one failed or expired.

use std::collections::{BTreeMap, BTreeSet};

use super::calls::is_root;
use super::world::Wanted;
use super::{Invitation, InvitationAttributes};
use crate::address::{Address, Reference};
use crate::limits::LIMITS;
use crate::plural::count;
use crate::resource::{Attributes, Desired, Finding, FindingSeverity, Kind, Live, LiveResource, NOT_JOINED, references, untyped};

/// The number of seconds in which AWS limits the number of invitations.
const DAY: i64 = 86_400;
/// From this number on, accounts with the same status are reported together.
const TOGETHER: usize = 6;
/// How many of those are named.
const NAMED: usize = 3;

/// An invitation that AWS lists: open, or closed for at most 30 days. Times are in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveInvitation {
    /// The account's id or e-mail, or both: as AWS names it.
    pub recipients: BTreeSet<String>,
    /// Its status.
    pub state: InvitationState,
    /// When it was sent.
    pub requested: i64,
    /// When it expires.
    pub expires: i64,
}

/// The status of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InvitationState {
    /// It can be answered. States that AWS may add count as this one, so that no account is invited twice.
    Open,
    /// The account has joined, or will soon be listed as a member.
    Accepted,
    /// Its owner declined it.
    Declined,
    /// It was canceled.
    Canceled,
    /// It expired.
    Expired,
}

impl InvitationState {
    /// As the API spells it.
    pub fn of(state: &str) -> Self {
        match state {
            "ACCEPTED" => Self::Accepted,
            "DECLINED" => Self::Declined,
            "CANCELED" => Self::Canceled,
            "EXPIRED" => Self::Expired,
            // OPEN and REQUESTED: AWS's examples show an invitation that waits for its answer with either.
            _ => Self::Open,
        }
    }

    /// As a word of a sentence about an invitation.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
        }
    }
}

impl LiveInvitation {
    /// Whether it is for the account of that id or e-mail.
    pub fn is_for(&self, recipient: &str) -> bool {
        self.recipients.iter().any(|other| other.eq_ignore_ascii_case(recipient))
    }
}

/// The status of an account that is not a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// An invitation is open: its id.
    Open(&'a str, &'a LiveInvitation),
    /// It is not invited; the last invitation that AWS remembers.
    Uninvited(Option<&'a LiveInvitation>),
}

impl<'a> Standing<'a> {
    /// For the account with these names, an id or an e-mail or both, that is not a member.
    pub fn of(invitations: &'a BTreeMap<String, LiveInvitation>, names: &[&str]) -> Self {
        let of_it = |(_, invitation): &(&String, &LiveInvitation)| names.iter().any(|name| invitation.is_for(name));
        let of_it: Vec<_> = invitations.iter().filter(of_it).collect();
        if let Some((id, open)) = of_it.iter().find(|(_, invitation)| invitation.state == InvitationState::Open) {
            return Self::Open(id, open);
        }
        // An owner who has accepted but is not a member has left again, or is not listed yet. Then AWS refuses, and no harm is done.
        Self::Uninvited(of_it.into_iter().map(|(_, invitation)| invitation).max_by_key(|invitation| invitation.requested))
    }

    /// Why an invitation is sent, in words; `recipient` as it will be named.
    pub fn reason(self, recipient: &str) -> String {
        let last = match self {
            Self::Uninvited(Some(last)) => format!("; the last invitation, of {}, was {}", day(last.requested), ended(last)),
            Self::Open(..) | Self::Uninvited(None) => String::new(),
        };
        format!("`{recipient}` is not a member{last}")
    }
}

fn ended(last: &LiveInvitation) -> String {
    match last.state {
        InvitationState::Expired => format!("not answered until {}", day(last.expires)),
        InvitationState::Open | InvitationState::Accepted | InvitationState::Declined | InvitationState::Canceled => {
            last.state.word().to_owned()
        }
    }
}

/// `2026-11-20`, in UTC.
pub fn day(seconds: i64) -> String {
    minute(seconds).split(' ').next().unwrap_or_default().to_owned()
}

/// `2026-11-20 17:40 UTC`.
pub fn minute(seconds: i64) -> String {
    use aws_smithy_types::date_time::{DateTime, Format};
    let text = DateTime::from_secs(seconds).fmt(Format::DateTime).unwrap_or_default();
    let minute = text.get(..16).unwrap_or_default().replace('T', " ");
    format!("{minute} UTC")
}

/// How many more invitations AWS accepts today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// In 24 hours.
    pub most: usize,
    /// Of those, how many are left.
    pub left: usize,
    /// When the first used one becomes available again, in seconds since 1970; `None` if none is used.
    pub next: Option<i64>,
}

impl Allowance {
    /// At `now`, in seconds since 1970, with a quota of so many accounts. Accepted invitations are free, and closed ones are not.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
    pub fn of(invitations: &BTreeMap<String, LiveInvitation>, accounts: usize, now: i64) -> Self {
        let counts = |one: &&LiveInvitation| one.state != InvitationState::Accepted && one.requested.saturating_add(DAY) > now;
        let used: Vec<i64> = invitations.values().filter(counts).map(|one| one.requested).collect();
        let most = accounts.max(LIMITS.quotas.invitations_per_day);
        Self { most, left: most.saturating_sub(used.len()), next: used.iter().min().map(|first| first.saturating_add(DAY)) }
    }

    /// The consequence for invitations that cannot be sent now.
    pub fn when(&self) -> String {
        match self.next {
            Some(next) => format!("the next can be sent after {}, or as soon as one of today's is accepted", minute(next)),
            None => "the others can be sent 24 hours after these, or as soon as one of these is accepted".to_owned(),
        }
    }
}

/// The accounts that are to be invited and are not members, in the order of their addresses.
pub(super) struct Outside<'a> {
    pub desired: &'a Desired,
    pub wanted: &'a Wanted,
    /// What AWS lists.
    pub invitations: &'a BTreeMap<String, LiveInvitation>,
    /// AWS's time, in seconds since 1970.
    pub now: i64,
    pub accounts: Vec<Address>,
}

/// What accounts that are reported together have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    Sent,
    Waits,
}

impl Outside<'_> {
    /// Adds them to `live` as frozen resources, with everything that refers to them.
    pub fn freeze(&self, live: &mut Live) {
        if self.accounts.is_empty() {
            return;
        }
        let is_outside = |address: &Address| self.accounts.contains(address);
        let waits = |(address, attributes): &(&Address, &Attributes)| {
            is_outside(address) || (!Invitation::has(address) && references(attributes).iter().any(is_outside))
        };
        for (address, attributes) in self.desired.resources.iter().filter(waits) {
            let (attributes, frozen) = (attributes.clone(), Some(NOT_JOINED.to_owned()));
            live.resources.insert(address.clone(), LiveResource { id: None, attributes, ours: None, frozen });
        }
    }

    /// Decides for each account whether it is invited now, and reports its status.
    pub fn plan(&self, live: &mut Live) {
        let quota = self.desired.account_quota.unwrap_or(LIMITS.quotas.accounts);
        let allowance = Allowance::of(self.invitations, quota, self.now);
        let (mut left, mut groups) = (allowance.left, BTreeMap::<Group, Vec<(&Address, &Reference)>>::new());
        let mut waiting = Vec::new();
        for account in &self.accounts {
            let address = Invitation::address(account.key());
            let Some(wanted) = self.wanted.invitations.get(&address) else { continue };
            let standing = self.standing(account, wanted);
            let there = |id: Option<&str>, frozen: Option<&str>| LiveResource {
                id: id.map(str::to_owned),
                attributes: untyped(wanted),
                ours: None,
                frozen: frozen.map(str::to_owned),
            };
            let group = match standing {
                Standing::Open(id, invitation) => {
                    live.resources.insert(address, there(Some(id), None));
                    waiting.push((account, wanted, id, invitation));
                    continue;
                }
                Standing::Uninvited(_) if left == 0 => {
                    live.resources.insert(address, there(None, Some(NOT_JOINED)));
                    Group::Waits
                }
                Standing::Uninvited(_) => {
                    left -= 1;
                    live.reasons.insert(address, standing.reason(&wanted.recipient));
                    Group::Sent
                }
            };
            groups.entry(group).or_default().push((account, &wanted.parent));
        }
        live.findings.extend(open(&waiting));
        for (group, accounts) in groups {
            live.findings.extend(group.findings(&accounts, &allowance));
        }
    }

    fn standing(&self, account: &Address, wanted: &InvitationAttributes) -> Standing<'_> {
        let email = self.wanted.accounts.get(account).and_then(|account| account.email.as_deref());
        let names: Vec<&str> = std::iter::once(wanted.recipient.as_str()).chain(email).collect();
        Standing::of(self.invitations, &names)
    }
}

/// An account whose invitation is open, with the id of the handshake.
type Waiting<'a> = (&'a Address, &'a InvitationAttributes, &'a str, &'a LiveInvitation);

/// What the owners of invited accounts still have to do.
fn open(waiting: &[Waiting<'_>]) -> Vec<Finding> {
    if waiting.len() < TOGETHER {
        return waiting.iter().map(open_one).collect();
    }
    let first = waiting.iter().map(|(.., invitation)| invitation.expires).min().unwrap_or_default();
    let what = format!(
        "invited, and not members yet: the first invitation expires on {}; `overlord invite --account KEY` says what each owner has to do",
        day(first)
    );
    vec![together(waiting.iter().map(|(account, ..)| *account), &what)]
}

fn open_one((account, wanted, id, invitation): &Waiting<'_>) -> Finding {
    let summary = format!(
        "invited on {}, and not a member yet: until {} its owner accepts with `aws organizations accept-handshake --handshake-id {id}`; \
         then it goes to {}, and the rest of it can be planned (`overlord invite --account {}` says what the owner has to do)",
        day(invitation.requested),
        day(invitation.expires),
        place(&wanted.parent),
        account.key(),
    );
    warning(account.to_string(), summary)
}

/// The same for many accounts.
fn together<'a>(accounts: impl ExactSizeIterator<Item = &'a Address>, what: &str) -> Finding {
    let all = accounts.len();
    let names: Vec<String> = accounts.take(NAMED).map(|account| format!("`{account}`")).collect();
    warning(count(all, "account"), format!("{what}: {} and {} more", names.join(", "), all.saturating_sub(NAMED)))
}

impl Group {
    fn findings(self, accounts: &[(&Address, &Reference)], allowance: &Allowance) -> Vec<Finding> {
        if accounts.len() < TOGETHER {
            let one = |(account, parent): &(&Address, &Reference)| warning(account.to_string(), self.of_one(parent, allowance));
            return accounts.iter().map(one).collect();
        }
        vec![together(accounts.iter().map(|(account, _)| *account), &self.of_many(allowance))]
    }

    fn of_one(self, parent: &Reference, allowance: &Allowance) -> String {
        match self {
            Self::Sent => {
                format!(
                    "not a member yet: once its owner accepts the invitation, it goes to {}, and the rest of it can be planned",
                    place(parent)
                )
            }
            Self::Waits => {
                format!(
                    "not a member yet, and not invited now: AWS takes {} in 24 hours; {}",
                    count(allowance.most, "invitation"),
                    allowance.when()
                )
            }
        }
    }

    fn of_many(self, allowance: &Allowance) -> String {
        match self {
            Self::Sent => {
                "not members yet: once their owners accept the invitations, they go to their OUs, and the rest of them can be planned"
                    .to_owned()
            }
            Self::Waits => {
                format!(
                    "not members yet, and not invited now: AWS takes {} in 24 hours; {}",
                    count(allowance.most, "invitation"),
                    allowance.when()
                )
            }
        }
    }
}

fn place(parent: &Reference) -> String {
    if is_root(parent) { "the root".to_owned() } else { format!("`{parent}`") }
}

fn warning(subject: String, summary: String) -> Finding {
    Finding { severity: FindingSeverity::Warning, subject, summary }
}

#[cfg(test)]
#[path = "invited_tests.rs"]
mod tests;
