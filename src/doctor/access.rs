//! Checks the access role in every account of the configuration, and the read-only role if read-only runs assume another one.

use futures_util::stream::{self, StreamExt};

use super::{Check, State, open_accounts};
use crate::aws::{Error, Sessions};
use crate::permissions::{Permissions, Run};
use crate::plural::count;
use crate::resource::{Desired, Live};

/// So many are tried at a time.
const AT_A_TIME: usize = 128;

/// Assumes the role in each: a line for each account that cannot be entered, and a count of the others.
pub(super) async fn check(sessions: &Sessions, desired: &Desired, live: &Live) -> Check {
    let is_member = |(_, id): &(&str, &str)| *id != desired.management_account;
    let accounts: Vec<(&str, &str)> = open_accounts(live).filter(is_member).collect();
    let tries = accounts.iter().map(|&(key, id)| async move { (key, id, sessions.probe(id).await.err()) });
    let results: Vec<_> = stream::iter(tries).buffered(AT_A_TIME).collect().await;
    let failed: Vec<String> = results.iter().filter_map(|(key, id, error)| Some(format!("{key} ({id}): {}", error.as_ref()?))).collect();
    let (role, all) = (&desired.reading_role().name, accounts.len());
    if failed.is_empty() {
        return Check::well("access role", format!("`{role}` can be assumed in all existing accounts of org.toml ({all})"));
    }
    let summary = format!("`{role}` cannot be assumed in {} of {}", failed.len(), count(all, "account"));
    if !Permissions::of(desired, Run::Plan).enters_members() {
        let hint = "nothing in org.toml needs the role now: only networks and opt-in Regions do";
        return Check::new("access role", State::Note, summary).details(failed).hint(hint);
    }
    let silent = results.iter().filter_map(|(.., error)| error.as_ref()).find(|error| !matches!(error, Error::Refused(_)));
    let hint = silent.and_then(Error::hint).unwrap_or_else(|| {
        format!(
            "see that the role is in the account and trusts the management account `{}`, and that the credentials in use are allowed \
             `sts:AssumeRole` (`overlord doctor --policy plan`)",
            desired.management_account
        )
    });
    Check::new("access role", State::Wrong, summary).details(failed).hint(hint)
}
