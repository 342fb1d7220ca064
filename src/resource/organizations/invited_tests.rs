//! The status of invited accounts, and how many more can be invited.

use super::*;

fn invitation(recipient: &str, state: InvitationState, requested: i64) -> LiveInvitation {
    LiveInvitation { recipients: BTreeSet::from([recipient.to_owned()]), state, requested, expires: requested + 15 * DAY }
}

fn listed(all: &[(&str, LiveInvitation)]) -> BTreeMap<String, LiveInvitation> {
    all.iter().map(|(id, one)| ((*id).to_owned(), one.clone())).collect()
}

#[test]
fn an_open_invitation_goes_before_all_others_and_then_the_last_one_counts() {
    use InvitationState::{Accepted, Canceled, Declined, Expired, Open};
    let is_open = |all: &[(&str, LiveInvitation)]| matches!(Standing::of(&listed(all), &["A@x", "1"]), Standing::Open("h-open", _));
    let open = ("h-open", invitation("a@X", Open, 1));
    assert!(is_open(&[open.clone(), ("h-2", invitation("a@x", Declined, 2)), ("h-3", invitation("1", Accepted, 3))]));
    assert!(!is_open(&[("h-open", invitation("b@x", Open, 1))]), "it is somebody else's");
    let reason = |all: &[(&str, LiveInvitation)]| Standing::of(&listed(all), &["a@x", "1"]).reason("a@x");
    assert_eq!(reason(&[]), "`a@x` is not a member");
    for (state, how) in [(Declined, "declined"), (Canceled, "canceled"), (Accepted, "accepted"), (Expired, "not answered until 1970-01-17")]
    {
        let last =
            [("h-1", invitation("1", state, DAY)), ("h-0", invitation("a@x", Canceled, 0)), ("h-2", invitation("2", Declined, 9 * DAY))];
        assert_eq!(reason(&last), format!("`a@x` is not a member; the last invitation, of 1970-01-02, was {how}"));
    }
}

/// No account is invited twice because of an unknown state: a state that AWS adds counts as open.
#[test]
fn unknown_states_are_open() {
    for state in ["OPEN", "REQUESTED", "PENDING_REVIEW", ""] {
        assert_eq!(InvitationState::of(state), InvitationState::Open);
    }
    for state in [InvitationState::Accepted, InvitationState::Declined, InvitationState::Canceled, InvitationState::Expired] {
        assert_eq!(InvitationState::of(&state.word().to_ascii_uppercase()), state);
    }
}

#[test]
fn a_day_has_twenty_or_as_many_as_there_may_be_accounts() {
    let now = 10 * DAY;
    let of = |count: usize, state: InvitationState, at: i64, quota: usize| {
        let all: Vec<(String, LiveInvitation)> = (0..count).map(|n| (format!("h-{n}"), invitation("1", state, at + n as i64))).collect();
        Allowance::of(&all.into_iter().collect(), quota, now)
    };
    let most = LIMITS.quotas.invitations_per_day;
    assert_eq!(of(0, InvitationState::Open, now, 10), Allowance { most, left: most, next: None });
    assert_eq!(of(3, InvitationState::Declined, now - 100, 10), Allowance { most, left: most - 3, next: Some(now - 100 + DAY) });
    assert_eq!(of(most + 1, InvitationState::Open, now - 100, 10).left, 0);
    assert_eq!(of(3, InvitationState::Accepted, now - 100, 10).left, most, "accepted ones are free");
    assert_eq!(of(3, InvitationState::Canceled, now - DAY - 100, 10).left, most, "those of yesterday are");
    assert_eq!(of(3, InvitationState::Open, now - 100, 500).left, 497);
}

#[test]
fn times_are_told_in_utc() {
    assert_eq!((day(1_767_225_600), minute(1_767_225_659)), ("2026-01-01".to_owned(), "2026-01-01 00:00 UTC".to_owned()));
}
