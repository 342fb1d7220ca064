//! The lock that prevents 2 applies at the same time: an empty OU called `overlord-lock`, right below the root.
//!
//! Creating it is atomic. "OU names must be unique within a parent OU or root"
//! (<https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_ous.html>, read on 2026-12-01), and CreateOrganizationalUnit
//! refuses a second one with DuplicateOrganizationalUnitException. The tags of the creating call say who holds it: "If any one of the
//! tags is not valid […] the entire request fails and the OU is not created" (API reference of CreateOrganizationalUnit). A tag alone
//! would not be a lock: TagResource overwrites.
//!
//! An unattached policy also has a unique name, but was rejected. The user guide says that a policy type is enabled "before you can
//! create and attach a policy"; an organization with consolidated billing has no policies at all; and UpdatePolicy, which renewals would
//! need, is a permission to change every guardrail. An OU needs no policy type, and DeleteOrganizationalUnit removes only an empty one.

use std::fmt;

use aws_sdk_organizations::types::{OrganizationalUnit as SdkUnit, Root, Tag};
use aws_smithy_types::date_time::{DateTime, Format};

use super::calls::{every_page, poll, tag};
use super::minute;
use super::world::World;
use crate::aws::{AwsResult, Error, Sessions};
use crate::resource::{Deletes, Need};

/// The name of the OU.
pub const LOCK_NAME: &str = "overlord-lock";

/// After how many seconds without a renewal a lock counts as stale. Renewals come every [`crate::apply::RENEW_EVERY`].
pub const STALE_AFTER: i64 = 600;

/// The tag that says who holds the lock.
pub const LOCK_OWNER_TAG: &str = "overlord:lock-owner";
const OWNER: &str = LOCK_OWNER_TAG;
const RUN: &str = "overlord:lock-run";
const ID: &str = "overlord:lock-id";
const SINCE: &str = "overlord:lock-since";
const RENEWED: &str = "overlord:lock-renewed";

/// The owner if the tags name none: an OU of that name that overlord did not create.
const UNKNOWN: &str = "unknown";

/// AWS's limit on the value of a tag.
const TAG_VALUE: usize = 256;

/// How long AWS may take to list an existing lock with its tags.
const LISTED: std::time::Duration = std::time::Duration::from_secs(30);

/// What taking, renewing and removing it need. `invite` applies to the accounts that join, so it needs the lock too.
/// Source: CreateOrganizationalUnit, "If the request includes tags".
pub(super) const NEEDS: [Need; 2] = [
    Need::apply(&["organizations:CreateOrganizationalUnit", "organizations:TagResource"]).always_on_joining(),
    Need::delete(Deletes::Lock, &["organizations:DeleteOrganizationalUnit"]).always_on_joining(),
];

/// The holder of a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockHolder {
    /// The user or role session, as the end of its ARN names it.
    pub owner: String,
    /// Where it runs: a link to a job of CI, or a process on a machine.
    pub run: String,
    /// Distinguishes runs of one owner.
    pub id: String,
    /// When it took the lock, by AWS's clock in seconds since 1970.
    pub since: i64,
    /// When it last renewed it.
    pub renewed: i64,
}

/// A lock as AWS has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveLock {
    /// The id of the OU.
    pub ou: String,
    /// Its holder.
    pub holder: LockHolder,
}

/// The result of an attempt to take the lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// This run holds it: the id of the OU.
    Ours(String),
    /// Another run holds it.
    Theirs(LiveLock),
}

/// Whether a lock still existed when it was renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// It existed.
    Held,
    /// It was removed.
    Gone,
}

impl LockHolder {
    /// Keeps the characters that AWS accepts in the value of a tag and replaces all others. Read values are cleaned too, since anyone may
    /// have written them.
    pub fn text(text: &str) -> String {
        let taken = |c: char| if c.is_alphanumeric() || " _.:/=+-@".contains(c) { c } else { '-' };
        text.chars().map(taken).take(TAG_VALUE).collect()
    }

    fn tags(&self) -> AwsResult<Vec<Tag>> {
        let (since, renewed) = (time(self.since), time(self.renewed));
        [(OWNER, &self.owner), (RUN, &self.run), (ID, &self.id), (SINCE, &since), (RENEWED, &renewed)]
            .into_iter()
            .map(|(key, value)| tag(key, &Self::text(value)))
            .collect()
    }

    fn of(tags: &[Tag]) -> Self {
        let value = |key: &str| tags.iter().find(|tag| tag.key() == key).map(|tag| Self::text(tag.value())).filter(|text| !text.is_empty());
        let at = |key: &str| value(key).and_then(|text| DateTime::from_str(&text, Format::DateTime).ok()).map(|time| time.secs());
        let since = at(SINCE).unwrap_or_default();
        Self {
            owner: value(OWNER).unwrap_or_else(|| UNKNOWN.to_owned()),
            run: value(RUN).unwrap_or_else(|| UNKNOWN.to_owned()),
            id: value(ID).unwrap_or_default(),
            since,
            renewed: at(RENEWED).unwrap_or(since),
        }
    }

    /// Whether its run has not renewed it for too long. `now` is AWS's time.
    pub fn is_stale(&self, now: i64) -> bool {
        now.saturating_sub(self.renewed) > STALE_AFTER
    }

    /// Who, since when and which run, with the age at `now`.
    pub fn told(&self, now: i64) -> String {
        let Self { owner, run, since, renewed, .. } = self;
        let age = |then: i64| Age(now.saturating_sub(then));
        let stale = if self.is_stale(now) { ", stale" } else { "" };
        format!("`{owner}` since {} ({}), last renewed {} ago{stale}, run: {run}", minute(*since), age(*since), age(*renewed))
    }
}

/// Seconds, in words.
struct Age(i64);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.max(0);
        let (number, unit) = match seconds {
            0..=119 => (seconds, "second"),
            120..=7_199 => (seconds / 60, "minute"),
            7_200..=172_799 => (seconds / 3_600, "hour"),
            _ => (seconds / 86_400, "day"),
        };
        write!(f, "{number} {unit}{}", if number == 1 { "" } else { "s" })
    }
}

fn time(seconds: i64) -> String {
    DateTime::from_secs(seconds).fmt(Format::DateTime).unwrap_or_default()
}

/// The root of the organization; `None` where there is no organization.
///
/// # Errors
/// AWS refused.
pub async fn root(sessions: &Sessions) -> AwsResult<Option<String>> {
    let client = sessions.organizations();
    let roots = every_page(
        |root: &Root| root.id(),
        |token| {
            let page = client.list_roots().set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk("organizations:ListRoots", &e))?;
                Ok((page.roots, page.next_token))
            }
        },
    );
    match roots.await {
        Err(e) if e.is(&["AWSOrganizationsNotInUseException"]) => Ok(None),
        roots => Ok(roots?.into_iter().next().and_then(|root| root.id)),
    }
}

/// The lock below a root, if it is held.
///
/// # Errors
/// AWS refused.
pub async fn find(sessions: &Sessions, root: &str) -> AwsResult<Option<LiveLock>> {
    let client = sessions.organizations();
    let units = every_page(
        |ou: &SdkUnit| ou.id(),
        |token| {
            let page = client.list_organizational_units_for_parent().parent_id(root).set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk("organizations:ListOrganizationalUnitsForParent", &e))?;
                Ok((page.organizational_units, page.next_token))
            }
        },
    );
    let Some(ou) = units.await?.into_iter().find(|ou| ou.name() == Some(LOCK_NAME)).and_then(|ou| ou.id) else { return Ok(None) };
    let tags = every_page(
        |tag: &Tag| Some(tag.key()),
        |token| {
            let page = client.list_tags_for_resource().resource_id(&ou).set_next_token(token).send();
            async move {
                let page = page.await.map_err(|e| Error::sdk("organizations:ListTagsForResource", &e))?;
                Ok((page.tags, page.next_token))
            }
        },
    );
    match tags.await {
        // Removed since it was listed.
        Err(e) if is_gone(&e) => Ok(None),
        tags => Ok(Some(LiveLock { holder: LockHolder::of(&tags?), ou })),
    }
}

/// Takes the lock, or returns its holder. A lost answer is not a refusal: a lock with the id of `holder` is this run's.
///
/// # Errors
/// AWS refused, or lists no lock although it says that one exists.
pub async fn take(sessions: &Sessions, root: &str, holder: &LockHolder) -> AwsResult<Taken> {
    let unnamed = std::sync::Mutex::new(None);
    let ask = || async {
        match create(sessions, root, holder).await {
            Ok(ou) => Ok(Some(Taken::Ours(ou))),
            Err(e) if e.is(&["DuplicateOrganizationalUnitException"]) || e.leaves_open() => match find(sessions, root).await? {
                Some(lock) if lock.holder.id == holder.id => Ok(Some(Taken::Ours(lock.ou))),
                // Its tags may not be listed yet.
                Some(lock) if lock.holder.id.is_empty() => {
                    *unnamed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(lock);
                    Ok(None)
                }
                Some(lock) => Ok(Some(Taken::Theirs(lock))),
                None => Ok(None),
            },
            // A new organization: AWS may find its root only a moment later.
            Err(e) if e.is(&["ParentNotFoundException"]) => Ok(None),
            Err(e) => Err(e),
        }
    };
    let taken = poll(format!("the lock `{LOCK_NAME}`"), LISTED).until(sessions.request_gate().interrupt(), ask).await;
    match (taken, unnamed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)) {
        (Err(Error::Deadline { .. }), Some(lock)) => Ok(Taken::Theirs(lock)),
        (taken, _) => taken,
    }
}

async fn create(sessions: &Sessions, root: &str, holder: &LockHolder) -> AwsResult<String> {
    let request = sessions.organizations().create_organizational_unit().parent_id(root).name(LOCK_NAME).set_tags(Some(holder.tags()?));
    let made = request.send().await.map_err(|e| Error::sdk("organizations:CreateOrganizationalUnit", &e))?;
    let unnamed = || Error::failed(format!("AWS made the OU `{LOCK_NAME}` and did not name its id"));
    made.organizational_unit.and_then(|ou| ou.id).ok_or_else(unnamed)
}

/// Renews the lock. `now` is AWS's time.
///
/// # Errors
/// AWS refused.
pub async fn renew(sessions: &Sessions, ou: &str, now: i64) -> AwsResult<Renewal> {
    let request = sessions.organizations().tag_resource().resource_id(ou).tags(tag(RENEWED, &time(now))?);
    match request.send().await.map_err(|e| Error::sdk("organizations:TagResource", &e)) {
        Err(e) if is_gone(&e) => Ok(Renewal::Gone),
        result => result.map(|_| Renewal::Held),
    }
}

/// Removes a lock. A lock that is already gone is not an error.
///
/// # Errors
/// AWS refused; or the OU is not empty.
pub async fn remove(sessions: &Sessions, ou: &str) -> AwsResult<()> {
    let request = sessions.organizations().delete_organizational_unit().organizational_unit_id(ou);
    match request.send().await.map_err(|e| Error::sdk("organizations:DeleteOrganizationalUnit", &e)) {
        Err(e) if is_gone(&e) => Ok(()),
        Err(e) if e.is(&["OrganizationalUnitNotEmptyException"]) => Err(Error::Failed {
            message: format!("the OU `{LOCK_NAME}` (`{ou}`) is not empty, so AWS does not remove it"),
            hint: Some("move what is in it to where it belongs, then run `overlord apply --unlock`".to_owned()),
        }),
        result => result.map(drop),
    }
}

fn is_gone(error: &Error) -> bool {
    error.is(&["TargetNotFoundException", "OrganizationalUnitNotFoundException"])
}

/// Removes the lock from what was read: no configuration declares it. A lock that is not empty stays, so that no account is overlooked.
/// Returns whether there was one.
/// Whether there was one.
pub(super) fn hide(world: &mut World) -> bool {
    let is_lock = |(_, unit): &(&String, &super::world::Unit)| unit.name == LOCK_NAME && unit.parent == world.root;
    let Some(id) = world.units.iter().find(is_lock).map(|(id, _)| id.clone()) else { return false };
    let holds_accounts = world.accounts.values().any(|account| account.parent.as_ref() == Some(&id));
    if holds_accounts || world.units.values().any(|unit| unit.parent == id) {
        return false;
    }
    world.units.remove(&id);
    world.tags.remove(&id);
    for policy in world.policies.values_mut() {
        policy.targets.remove(&id);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder() -> LockHolder {
        LockHolder {
            owner: "Admin/alice".into(),
            run: "process 7 on build-1".into(),
            id: "0a".into(),
            since: 1_796_000_000,
            renewed: 1_796_000_060,
        }
    }

    #[test]
    fn a_holder_is_read_from_the_tags_that_it_is_written_in() {
        assert_eq!(LockHolder::of(&holder().tags().unwrap()), holder());
        let nobody = LockHolder::of(&[]);
        assert_eq!((nobody.owner.as_str(), nobody.run.as_str(), nobody.since), ("unknown", "unknown", 0));
    }

    #[test]
    fn what_a_tag_does_not_take_is_replaced_in_both_directions() {
        assert_eq!(LockHolder::text("a\u{1b}[31m(b)\n`c`"), "a--31m-b---c-");
        assert_eq!(LockHolder::text(&"x".repeat(400)).len(), 256);
        let hostile = [Tag::builder().key(OWNER).value("\u{1b}]0;x\u{7}").build().unwrap()];
        assert_eq!(LockHolder::of(&hostile).owner, "--0-x-");
    }

    #[test]
    fn a_lock_is_told_with_its_age() {
        let at = |seconds: i64| holder().told(holder().since + seconds);
        assert_eq!(at(61), "`Admin/alice` since 2026-11-30 00:53 UTC (61 seconds), last renewed 1 second ago, run: process 7 on build-1");
        assert!(at(7_260).contains("(2 hours), last renewed 2 hours ago, stale, run: "), "{}", at(7_260));
        assert!(!holder().is_stale(holder().renewed + STALE_AFTER) && holder().is_stale(holder().renewed + STALE_AFTER + 1));
        // Differing clocks are no reason to panic.
        assert!(!holder().is_stale(i64::MIN) && at(-5).contains("(0 seconds)"));
    }
}
