//! Invitations, from both sides: the management account sends and cancels them, the invited account accepts or declines.

use serde_json::{Value, json};

use super::organization::{self, feature_set};
use super::page::{map_keys, page};
use super::tags::checked_tags;
use super::{Ask, Turn, constraint, invalid, organization_of, timestamp};
use crate::limits::LIMITS;
use crate::sandbox::outside::{Belongs, Invitation, InvitationState, Obstacle};
use crate::sandbox::wire::{Outcome, Refusal};
use crate::sandbox::world::World;

/// The action of an invitation.
const INVITE: &str = "INVITE";

fn violation(reason: &'static str, message: &str) -> Refusal {
    Refusal::new("HandshakeConstraintViolationException", message).reason(reason)
}

/// Who is invited.
struct Party<'a> {
    id: &'a str,
    r#type: &'a str,
}

impl Party<'_> {
    fn check(&self) -> Result<(), Refusal> {
        match self.r#type {
            "ACCOUNT" if self.id.len() == 12 && self.id.bytes().all(|b| b.is_ascii_digit()) => Ok(()),
            "ACCOUNT" => Err(invalid("INVALID_PATTERN", "The account id is not valid.")),
            "EMAIL" if self.id.contains('@') => Ok(()),
            "EMAIL" => Err(invalid("INVALID_EMAIL_ADDRESS_TARGET", "The e-mail address is not valid.")),
            _ => Err(invalid("INVALID_PARTY_TYPE_TARGET", "Only an account or an e-mail address can be invited.")),
        }
    }

    /// AWS's documentation does not say how it refuses an account that there is not.
    fn unknown(&self) -> Refusal {
        match self.r#type {
            "EMAIL" => invalid("INVALID_EMAIL_ADDRESS_TARGET", "No AWS account has that e-mail address."),
            _ => invalid("INVALID_PARTY_TYPE_TARGET", "You specified an account that doesn't exist."),
        }
    }
}

/// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_InviteAccountToOrganization.html>
pub(super) fn invite(turn: &mut Turn<'_>) -> Outcome {
    let target = turn.input.at("Target").unwrap_or(turn.input);
    let target = Party { id: target.str("Id"), r#type: target.str("Type") };
    target.check()?;
    let tags = checked_tags(&[], turn.input)?;
    if turn.world.handshakes.values().any(|handshake| !handshake.accepted) {
        let message = "You can't invite accounts while the organization enables all features.";
        return Err(violation("INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES", message));
    }
    if turn.world.accounts.contains_key(target.id) || !turn.world.accounts_with_email(target.id).is_empty() {
        return Err(violation("ALREADY_IN_AN_ORGANIZATION", "The account is already a member of an organization."));
    }
    let Some((account, outsider)) = turn.world.outsider(target.id) else { return Err(target.unknown()) };
    if turn.world.open_invitations().any(|open| open.account == *account) {
        return Err(Refusal::new("DuplicateHandshakeException", "A handshake with the same action and target already exists."));
    }
    if let Some(obstacle @ Obstacle::OrganizationFromDifferentSellerOfRecord) = outsider.obstacle {
        return Err(violation(obstacle.as_str(), "The account is of another seller of record."));
    }
    let account = account.clone();
    limits(turn)?;
    let id = turn.world.add_invitation(&account, target.id);
    if let Some(invitation) = turn.world.invitations.get_mut(&id) {
        invitation.requested_ms = turn.now_ms;
        invitation.note = turn.input.get("Notes").map(str::to_owned);
        invitation.tags = tags;
    }
    shown(turn.world, &id)
}

/// Open invitations count as accounts, and attempts are counted for a day.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
fn limits(turn: &Turn<'_>) -> Result<(), Refusal> {
    let quota = turn.weather.account_quota.unwrap_or(LIMITS.quotas.accounts);
    let counted = turn.world.accounts.len() + turn.world.creations_in_progress() + turn.world.open_invitations().count();
    if counted >= quota {
        return Err(violation("ACCOUNT_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of AWS accounts."));
    }
    if turn.world.recent_invitations(turn.now_ms) >= quota.max(LIMITS.quotas.invitations_per_day) {
        return Err(violation("HANDSHAKE_RATE_LIMIT_EXCEEDED", "You have sent too many invitations in one day."));
    }
    Ok(())
}

fn not_found() -> Refusal {
    Refusal::new("HandshakeNotFoundException", "We can't find a handshake with the HandshakeId that you specified.")
}

/// An account answers an invitation; all other handshakes are the management account's.
pub(super) fn accept(turn: &mut Turn<'_>) -> Outcome {
    if !turn.world.invitations.contains_key(turn.input.str("HandshakeId")) {
        super::authorize(turn.world, turn.caller, super::Rank::Management)?;
        return organization::accept_handshake(turn);
    }
    let invitation = to_answer(turn, turn.input.str("HandshakeId"), Side::Recipient, InvitationState::Accepted)?;
    let outsider = turn.world.external_accounts.get(&invitation.account).ok_or_else(not_found)?;
    match (outsider.belongs, outsider.obstacle) {
        (Belongs::ManagesAnother, _) => {
            let message = "You can't remove a management account from an organization.";
            return Err(Refusal::new("MasterCannotLeaveOrganizationException", message));
        }
        (Belongs::Nowhere | Belongs::Elsewhere, Some(obstacle)) => {
            return Err(violation(obstacle.as_str(), "The account cannot join the organization."));
        }
        (Belongs::Nowhere | Belongs::Elsewhere, None) => {}
    }
    if turn.world.accounts.len() >= turn.weather.account_quota.unwrap_or(LIMITS.quotas.accounts) {
        return Err(constraint("ACCOUNT_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of AWS accounts."));
    }
    turn.world.end_invitation(turn.input.str("HandshakeId"), InvitationState::Accepted, turn.now_ms);
    shown(turn.world, turn.input.str("HandshakeId"))
}

pub(super) fn decline(turn: &mut Turn<'_>) -> Outcome {
    end(turn, Side::Recipient, InvitationState::Declined)
}

pub(super) fn cancel(turn: &mut Turn<'_>) -> Outcome {
    end(turn, Side::Sender, InvitationState::Canceled)
}

fn end(turn: &mut Turn<'_>, side: Side, state: InvitationState) -> Outcome {
    to_answer(turn, turn.input.str("HandshakeId"), side, state)?;
    turn.world.end_invitation(turn.input.str("HandshakeId"), state, turn.now_ms);
    shown(turn.world, turn.input.str("HandshakeId"))
}

/// Whose it is to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Sender,
    Recipient,
}

/// The invitation, when the caller may bring it into that state.
fn to_answer<'t>(turn: &'t Turn<'_>, id: &str, side: Side, state: InvitationState) -> Result<&'t Invitation, Refusal> {
    let invitation = turn.world.invitations.get(id).ok_or_else(not_found)?;
    let may = match side {
        Side::Sender => turn.caller == turn.world.management_account,
        Side::Recipient => turn.caller == invitation.account,
    };
    if !may {
        return Err(Refusal::new("AccessDeniedException", "You don't have permissions to access this resource."));
    }
    if invitation.state == state {
        return Err(Refusal::new("HandshakeAlreadyInStateException", "The handshake is already in the requested state."));
    }
    if invitation.state != InvitationState::Open {
        let message = "You can't perform the operation on the handshake in its current state.";
        return Err(Refusal::new("InvalidHandshakeTransitionException", message));
    }
    Ok(invitation)
}

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    let invitation = ask.world.invitations.get(ask.input.str("HandshakeId"));
    let mine = |invitation: &&Invitation| [&ask.world.management_account, &invitation.account].contains(&&ask.caller.to_owned());
    let invitation = invitation.filter(mine).ok_or_else(not_found)?;
    Ok(json!({ "Handshake": show(ask.world, invitation) }))
}

/// What an account has received.
pub(super) fn list_for_account(ask: &Ask<'_>) -> Outcome {
    let wanted = organization::is_about(ask, INVITE);
    let mine = |invitation: &&Invitation| wanted && invitation.account == ask.caller;
    let invitations = &ask.world.invitations;
    page(ask, "Handshakes", |after| map_keys(invitations, after), |id| Some(show(ask.world, invitations.get(id).filter(mine)?)))
}

/// What the organization has sent: invitations, and what turns all features on.
pub(super) fn list_for_organization(ask: &Ask<'_>) -> Outcome {
    if !organization::is_about(ask, INVITE) {
        return organization::list_handshakes(ask);
    }
    let (invitations, handshakes) = (&ask.world.invitations, &ask.world.handshakes);
    let both = |after: &str| {
        let mut ids: Vec<&str> = map_keys(invitations, after).chain(map_keys(handshakes, after)).collect();
        ids.sort_unstable();
        Box::new(ids.into_iter()) as super::page::Keys<'_>
    };
    page(ask, "Handshakes", both, |id| match invitations.get(id) {
        Some(invitation) => Some(show(ask.world, invitation)),
        None => organization::shown_handshake(ask, id),
    })
}

fn shown(world: &World, id: &str) -> Outcome {
    let invitation = world.invitations.get(id).ok_or_else(not_found)?;
    Ok(json!({ "Handshake": show(world, invitation) }))
}

fn show(world: &World, invitation: &Invitation) -> Value {
    let management = &world.management_account;
    let organization = world.organization.as_ref().map_or("", |organization| &organization.id);
    let kind = if invitation.recipient.contains('@') { "EMAIL" } else { "ACCOUNT" };
    let sender = world.accounts.get(management);
    let features = organization_of(world).map(|organization| feature_set(organization.feature_set)).unwrap_or_default();
    let mut resources = vec![
        json!({
            "Type": "ORGANIZATION",
            "Value": organization,
            "Resources": [
                { "Type": "MASTER_EMAIL", "Value": sender.map(|account| &account.email) },
                { "Type": "MASTER_NAME", "Value": sender.map(|account| &account.name) },
                { "Type": "ORGANIZATION_FEATURE_SET", "Value": features },
            ],
        }),
        json!({ "Type": kind, "Value": invitation.recipient }),
    ];
    resources.extend(invitation.note.as_ref().map(|note| json!({ "Type": "NOTES", "Value": note })));
    json!({
        "Id": invitation.id,
        "Arn": format!("arn:aws:organizations::{management}:handshake/{organization}/invite/{}", invitation.id),
        "Action": INVITE,
        "State": invitation.state.as_str(),
        "Parties": [{ "Id": organization, "Type": "ORGANIZATION" }, { "Id": invitation.recipient, "Type": kind }],
        "RequestedTimestamp": timestamp(invitation.requested_ms),
        "ExpirationTimestamp": timestamp(invitation.expires_ms()),
        "Resources": resources,
    })
}
