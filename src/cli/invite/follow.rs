//! Follows accounts through their invitations: looks up their state, accepts invitations for them, and waits.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::targets::Target;
use crate::aws::{AwsResult, Error, Poll, Sessions};
use crate::render::invitations::State;
use crate::resource::organizations::{InvitationState, LiveInvitation, Standing, day, handshakes};

/// AWS lets invitations expire after 15 days: by then every one is over.
const ANSWERED: Duration = Duration::from_secs(16 * 24 * 3600);
/// How long AWS may take until an account that accepted is a member.
const JOINING: Duration = Duration::from_secs(10 * 60);
/// How long AWS may take until a new role can be assumed, and until the invited account sees a new invitation.
const SETTLING: Duration = Duration::from_secs(2 * 60);
const PAUSE: Duration = Duration::from_secs(3);

/// The state of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Now {
    /// It is a member, of this id.
    Member(String),
    /// Its invitation is open.
    Open { handshake: String, expires: i64 },
    /// It is not invited; how the last invitation ended.
    Uninvited(Option<String>),
}

impl From<Now> for State {
    fn from(now: Now) -> Self {
        match now {
            Now::Member(id) => Self::Member { id, closed: None },
            Now::Open { handshake, expires } => Self::Open { handshake, new: false, expires: day(expires) },
            Now::Uninvited(last) => Self::Over(last.unwrap_or_else(|| "it is not invited".to_owned())),
        }
    }
}

/// AWS's time, in seconds since 1970.
pub(super) fn now_in_seconds(sessions: &Sessions) -> i64 {
    let now = sessions.request_gate().clock().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

/// The state of each. An account with a known id is looked up by itself; e-mails need the list of all members.
pub(super) async fn look(sessions: &Sessions, targets: &[Target]) -> AwsResult<Vec<Now>> {
    let members = members(sessions, targets).await?;
    let invitations = match members.iter().all(Option::is_some) {
        true => BTreeMap::new(),
        false => handshakes::invitations(sessions).await?,
    };
    let stand = |(target, member): (&Target, Option<String>)| member.map_or_else(|| outside(&invitations, target), Now::Member);
    Ok(targets.iter().zip(members).map(stand).collect())
}

/// The ids of those that are members.
async fn members(sessions: &Sessions, targets: &[Target]) -> AwsResult<Vec<Option<String>>> {
    let is_id = |target: &Target| !target.invitation.recipient.contains('@');
    let by_email = match targets.iter().all(is_id) {
        true => BTreeMap::new(),
        false => handshakes::members_by_email(sessions).await?,
    };
    let mut members = Vec::new();
    for target in targets {
        let recipient = &target.invitation.recipient;
        members.push(match is_id(target) {
            true => handshakes::member(sessions, recipient).await?.map(|_| recipient.clone()),
            false => by_email.get(&recipient.to_ascii_lowercase()).cloned(),
        });
    }
    Ok(members)
}

fn outside(invitations: &BTreeMap<String, LiveInvitation>, target: &Target) -> Now {
    let names: Vec<&str> = std::iter::once(target.invitation.recipient.as_str()).chain(target.email.as_deref()).collect();
    match Standing::of(invitations, &names) {
        Standing::Open(id, invitation) => Now::Open { handshake: id.to_owned(), expires: invitation.expires },
        Standing::Uninvited(last) => {
            Now::Uninvited(last.map(|last| format!("its invitation of {} was {}", day(last.requested), last.state.word())))
        }
    }
}

/// Accepts the one of these invitations that the account of `guest` has, and waits until it is a member. Returns the account.
///
/// # Errors
/// The account has none of them; AWS refused; the deadline; the interrupt.
pub(super) async fn accept(sessions: &Sessions, guest: &Sessions, targets: &[Target], states: &mut [State]) -> AwsResult<String> {
    let account = guest.caller().await?;
    if states.iter().any(|state| matches!(state, State::Member { id, .. } if *id == account)) {
        return Ok(account);
    }
    let position = its_invitation(guest, &account, targets, states).await?;
    let Some(state) = position.and_then(|position| states.get_mut(position)) else {
        return Err(Error::Failed {
            message: format!("these are credentials of account `{account}`, and none of these invitations is for it"),
            hint: Some("give a profile of an account that is invited: `--account` names it".to_owned()),
        });
    };
    if let State::Open { handshake, .. } = &*state {
        handshakes::accept(&guest.organizations(), handshake).await?;
    }
    let ask = || async { handshakes::member(sessions, &account).await.map(|member| member.map(drop)) };
    let poll = Poll { what: format!("account `{account}` to be a member"), pause: PAUSE, deadline: JOINING };
    poll.until(sessions.request_gate().interrupt(), ask).await?;
    *state = State::Member { id: account.clone(), closed: None };
    Ok(account)
}

/// Which of the open invitations is for `account`. One that names its id needs no question. Of the others, `guest` lists what it has received,
/// and one that was just sent may not be listed yet.
async fn its_invitation(guest: &Sessions, account: &str, targets: &[Target], states: &[State]) -> AwsResult<Option<usize>> {
    let named = |(target, state): (&Target, &State)| target.invitation.recipient == account && matches!(state, State::Open { .. });
    if let Some(position) = targets.iter().zip(states).position(named) {
        return Ok(Some(position));
    }
    let client = guest.organizations();
    let may_follow =
        |(target, state): (&Target, &State)| target.invitation.recipient.contains('@') && matches!(state, State::Open { new: true, .. });
    let may_follow = targets.iter().zip(states).any(may_follow);
    let ask = || async {
        let received = handshakes::received(&client).await?;
        let its = states.iter().position(|state| matches!(state, State::Open { handshake, .. } if received.contains(handshake)));
        Ok((its.is_some() || !may_follow).then_some(its))
    };
    let poll = Poll { what: format!("account `{account}` to see its invitation"), pause: PAUSE, deadline: SETTLING };
    match poll.until(guest.request_gate().interrupt(), ask).await {
        Err(Error::Deadline { .. }) => Ok(None),
        its => its,
    }
}

/// Tries whether overlord can work in an account. AWS lets a role that was just made be assumed after some seconds: that is waited for.
///
/// # Errors
/// It cannot; the interrupt.
pub(super) async fn probe(sessions: &Sessions, account: &str, role: RoleAge) -> AwsResult<()> {
    if role == RoleAge::Settled {
        return sessions.probe(account).await;
    }
    let ask = || async {
        match sessions.probe(account).await {
            Err(e) if e.is(&["AccessDenied"]) => Ok(None),
            result => result.map(Some),
        }
    };
    let poll = Poll { what: format!("the access role of `{account}` to be assumed"), pause: PAUSE, deadline: SETTLING };
    match poll.until(sessions.request_gate().interrupt(), ask).await {
        // AWS's own words say more.
        Err(Error::Deadline { .. }) => sessions.probe(account).await,
        result => result,
    }
}

/// Whether this run has made the access role of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RoleAge {
    /// It is new.
    New,
    /// It is there for long, or not there.
    Settled,
}

/// Waits until none of them is open. Calls `tell` for each that has ended.
///
/// # Errors
/// AWS refused; the deadline; the interrupt.
pub(super) async fn wait(
    sessions: &Sessions,
    targets: &[Target],
    mut states: Vec<State>,
    tell: impl Fn(&Target, &str),
) -> AwsResult<Vec<State>> {
    let mut accepted: Vec<usize> = Vec::new();
    while let count @ 1.. = open(&states) {
        // One question serves all of them.
        let ask = || async {
            let all = handshakes::invitations(sessions).await?;
            let ended = ended(&states, &all);
            Ok((!ended.is_empty()).then_some(ended))
        };
        let poll = Poll { what: format!("{} to be answered", crate::plural::count(count, "invitation")), pause: PAUSE, deadline: ANSWERED };
        for (position, how) in poll.until(sessions.request_gate().interrupt(), ask).await? {
            let (Some(target), Some(state)) = (targets.get(position), states.get_mut(position)) else { continue };
            tell(target, how.word());
            *state = State::Over(format!("its invitation was {}", how.word()));
            if how == InvitationState::Accepted {
                accepted.push(position);
            }
        }
    }
    join(sessions, targets, &mut states, &accepted).await?;
    Ok(states)
}

fn open(states: &[State]) -> usize {
    states.iter().filter(|state| matches!(state, State::Open { .. })).count()
}

/// Those of the open ones that are open no more, by position, with how they ended.
fn ended(states: &[State], all: &BTreeMap<String, LiveInvitation>) -> Vec<(usize, InvitationState)> {
    let how = |state: &State| match state {
        State::Open { handshake, .. } => {
            // What was just sent may not be listed yet.
            let how = all.get(handshake)?.state;
            (how != InvitationState::Open).then_some(how)
        }
        State::Member { .. } | State::Over(_) | State::Waits(_) | State::Failed { .. } => None,
    };
    states.iter().enumerate().filter_map(|(position, state)| Some((position, how(state)?))).collect()
}

/// Waits until those that have accepted are members.
async fn join(sessions: &Sessions, targets: &[Target], states: &mut [State], accepted: &[usize]) -> AwsResult<()> {
    for &position in accepted {
        let (Some(target), Some(state)) = (targets.get(position), states.get_mut(position)) else { continue };
        let ask = || async {
            let members = members(sessions, std::slice::from_ref(target)).await?;
            Ok(members.into_iter().next().flatten())
        };
        let poll = Poll { what: format!("`{}` to be a member", target.account), pause: PAUSE, deadline: JOINING };
        let id = poll.until(sessions.request_gate().interrupt(), ask).await?;
        *state = State::Member { id, closed: None };
    }
    Ok(())
}
