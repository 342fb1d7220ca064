//! Invitations from both sides, each call with the credentials of whoever makes it.

use std::time::Duration;

use aws_sdk_organizations::Client;
use aws_sdk_organizations::types::{ActionType, Handshake, HandshakeFilter, HandshakeParty, HandshakePartyType, HandshakeState, Tag};
use overlord::sandbox::outside::{Belongs, Obstacle};
use overlord::sandbox::world::{FeatureSet, Joined};
use overlord::sandbox::{Sandbox, Weather, World};

use crate::sandbox::common::*;

const GUEST: &str = "222222222222";
const DAY: Duration = Duration::from_secs(86_400);

/// An organization, and an account outside.
fn world() -> World {
    let mut world = World::new(MANAGEMENT);
    world.add_organization(FeatureSet::All);
    world.add_outsider(GUEST, "guest", "Guest@example.org");
    world
}

fn sandbox(weather: Weather) -> (Sandbox, Client, Client) {
    let sandbox = Sandbox::new(world(), weather);
    let (host, guest) = (client(&sandbox), client_of(&sandbox, GUEST));
    (sandbox, host, guest)
}

fn party(id: &str, kind: HandshakePartyType) -> HandshakeParty {
    HandshakeParty::builder().id(id).r#type(kind).build().unwrap()
}

fn account(id: &str) -> HandshakeParty {
    party(id, HandshakePartyType::Account)
}

async fn invite(host: &Client, id: &str) -> String {
    host.invite_account_to_organization().target(account(id)).send().await.unwrap().handshake.unwrap().id.unwrap()
}

async fn invited(host: &Client, id: &str) -> String {
    refusal(host.invite_account_to_organization().target(account(id)).send().await)
}

async fn state(client: &Client, id: &str) -> HandshakeState {
    client.describe_handshake().handshake_id(id).send().await.unwrap().handshake.unwrap().state.unwrap()
}

async fn listed(host: &Client) -> Vec<Handshake> {
    let filter = HandshakeFilter::builder().action_type(ActionType::InviteAccountToOrganization).build();
    host.list_handshakes_for_organization().filter(filter).send().await.unwrap().handshakes.unwrap()
}

#[tokio::test]
async fn an_invitation_is_sent_seen_by_both_and_accepted() {
    let (sandbox, host, guest) = sandbox(Weather::default());
    let tag = Tag::builder().key("team").value("old").build().unwrap();
    let request = host.invite_account_to_organization().target(party("guest@EXAMPLE.org", HandshakePartyType::Email));
    let sent = request.notes("Hello").tags(tag).send().await.unwrap().handshake.unwrap();
    assert_eq!((sent.action(), sent.state()), (Some(&ActionType::InviteAccountToOrganization), Some(&HandshakeState::Open)));
    let lasts = sent.expiration_timestamp().unwrap().secs() - sent.requested_timestamp().unwrap().secs();
    assert_eq!(lasts, 15 * 86_400);
    let note = sent.resources().iter().find(|resource| resource.r#type().is_some_and(|kind| kind.as_str() == "NOTES")).unwrap();
    assert_eq!(note.value(), Some("Hello"));
    let id = sent.id().unwrap();

    let received = guest.list_handshakes_for_account().send().await.unwrap().handshakes.unwrap();
    assert_eq!(received, std::slice::from_ref(&sent), "the owner sees what was sent");
    assert_eq!(listed(&host).await, std::slice::from_ref(&sent));
    let other = client_of(&sandbox, "999999999999");
    assert!(other.list_handshakes_for_account().send().await.unwrap().handshakes.unwrap().is_empty());
    assert_eq!(refusal(other.describe_handshake().handshake_id(id).send().await), "HandshakeNotFoundException");
    assert_eq!(refusal(other.accept_handshake().handshake_id(id).send().await), "AccessDeniedException");
    assert_eq!(refusal(host.accept_handshake().handshake_id(id).send().await), "AccessDeniedException");
    assert_eq!(refusal(host.decline_handshake().handshake_id(id).send().await), "AccessDeniedException");
    assert_eq!(refusal(guest.cancel_handshake().handshake_id(id).send().await), "AWSOrganizationsNotInUseException");
    // Until then it is nobody's member.
    assert_eq!(refusal(guest.describe_organization().send().await), "AWSOrganizationsNotInUseException");

    guest.accept_handshake().handshake_id(id).send().await.unwrap();
    assert_eq!((state(&host, id).await, state(&guest, id).await), (HandshakeState::Accepted, HandshakeState::Accepted));
    let member = host.describe_account().account_id(GUEST).send().await.unwrap().account.unwrap();
    assert_eq!((member.email(), member.joined_method().unwrap().as_str()), (Some("Guest@example.org"), "INVITED"));
    let world = sandbox.world();
    assert_eq!((world.accounts[GUEST].parent.as_deref(), world.accounts[GUEST].joined), (world.root(), Joined::Invited));
    assert_eq!(world.tags[GUEST]["team"], "old");
    assert!(world.attached_to(GUEST).contains("p-FullAWSAccess") && world.accounts[GUEST].roles.is_empty());
    assert_eq!(world.check(), Vec::<String>::new());
    guest.describe_organization().send().await.unwrap();
    assert_eq!(refusal(guest.accept_handshake().handshake_id(id).send().await), "HandshakeAlreadyInStateException");
    assert_eq!(refusal(host.cancel_handshake().handshake_id(id).send().await), "InvalidHandshakeTransitionException");
    assert_eq!(invited(&host, GUEST).await, "HandshakeConstraintViolationException/AlreadyInAnOrganization");
}

#[tokio::test]
async fn what_is_declined_or_canceled_can_be_sent_again() {
    let (_, host, guest) = sandbox(Weather::default());
    let first = invite(&host, GUEST).await;
    assert_eq!(invited(&host, GUEST).await, "DuplicateHandshakeException");
    guest.decline_handshake().handshake_id(&first).send().await.unwrap();
    assert_eq!(refusal(guest.decline_handshake().handshake_id(&first).send().await), "HandshakeAlreadyInStateException");
    assert_eq!(refusal(guest.accept_handshake().handshake_id(&first).send().await), "InvalidHandshakeTransitionException");
    let second = invite(&host, GUEST).await;
    host.cancel_handshake().handshake_id(&second).send().await.unwrap();
    assert_eq!(refusal(guest.accept_handshake().handshake_id(&second).send().await), "InvalidHandshakeTransitionException");
    assert_eq!(refusal(host.cancel_handshake().handshake_id("h-0000000000").send().await), "HandshakeNotFoundException");
    invite(&host, GUEST).await;
    assert_eq!(listed(&host).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_invitation_expires_after_15_days_and_is_forgotten_30_days_later() {
    let (_, host, guest) = sandbox(Weather::default());
    let id = invite(&host, GUEST).await;
    tokio::time::advance(DAY * 15 - Duration::from_secs(1)).await;
    assert_eq!(state(&host, &id).await, HandshakeState::Open);
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(state(&host, &id).await, HandshakeState::Expired);
    assert_eq!(refusal(guest.accept_handshake().handshake_id(&id).send().await), "InvalidHandshakeTransitionException");
    tokio::time::advance(DAY * 29).await;
    assert_eq!(listed(&host).await.len(), 1);
    tokio::time::advance(DAY).await;
    assert!(listed(&host).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_day_takes_twenty_attempts_and_accepted_ones_are_free() {
    let (_, host, guest) = sandbox(Weather { account_quota: Some(3), ..Weather::default() });
    for _ in 0..20 {
        let id = invite(&host, GUEST).await;
        host.cancel_handshake().handshake_id(id).send().await.unwrap();
    }
    assert_eq!(invited(&host, GUEST).await, "HandshakeConstraintViolationException/HandshakeRateLimitExceeded");
    tokio::time::advance(DAY).await;
    let id = invite(&host, GUEST).await;
    guest.accept_handshake().handshake_id(&id).send().await.unwrap();
    // An open invitation counts as an account: with the management account and the guest, that makes three.
    let mut world = world();
    world.add_outsider("333333333333", "other", "other@example.org");
    let sandbox = Sandbox::new(world, Weather { account_quota: Some(2), ..Weather::default() });
    let host = client(&sandbox);
    invite(&host, GUEST).await;
    assert_eq!(invited(&host, "333333333333").await, "HandshakeConstraintViolationException/AccountNumberLimitExceeded");
    assert_eq!(sandbox.world().invitations.len(), 1);
}

#[tokio::test]
async fn who_cannot_be_invited_or_cannot_accept() {
    let mut world = world();
    let mut outside = |number: u64, belongs: Belongs, obstacle: Option<Obstacle>| {
        let id = format!("{}", 222_222_222_230 + number);
        world.add_outsider(&id, "x", &format!("{number}@example.org"));
        let outsider = world.external_accounts.get_mut(&id).unwrap();
        (outsider.belongs, outsider.obstacle) = (belongs, obstacle);
        id
    };
    let seller = outside(1, Belongs::Nowhere, Some(Obstacle::OrganizationFromDifferentSellerOfRecord));
    let unpaid = outside(2, Belongs::Nowhere, Some(Obstacle::PaymentInstrumentRequired));
    let manager = outside(3, Belongs::ManagesAnother, None);
    let member = outside(4, Belongs::Elsewhere, None);
    let sandbox = Sandbox::new(world, Weather::default());
    let host = client(&sandbox);
    assert_eq!(invited(&host, &seller).await, "HandshakeConstraintViolationException/OrganizationFromDifferentSellerOfRecord");
    assert!(invited(&host, "444444444444").await.starts_with("InvalidInputException"));
    assert!(invited(&host, "4444").await.starts_with("InvalidInputException"));
    let email = |email: &str| host.invite_account_to_organization().target(party(email, HandshakePartyType::Email)).send();
    assert_eq!(refusal(email("nobody@example.org").await), "InvalidInputException/InvalidEmailAddressTarget");
    let organization = host.invite_account_to_organization().target(party("o-1", HandshakePartyType::Organization)).send().await;
    assert_eq!(refusal(organization), "InvalidInputException/InvalidPartyTypeTarget");
    let note = host.invite_account_to_organization().target(account(GUEST)).notes("x".repeat(1025)).send().await;
    assert_eq!(refusal(note), "InvalidInputException/MaxLengthExceeded");
    assert_eq!(
        refusal(client_of(&sandbox, &member).invite_account_to_organization().target(account(GUEST)).send().await),
        "AWSOrganizationsNotInUseException"
    );

    for (id, expected) in
        [(&unpaid, "HandshakeConstraintViolationException/PaymentInstrumentRequired"), (&manager, "MasterCannotLeaveOrganizationException")]
    {
        let handshake = invite(&host, id).await;
        assert_eq!(refusal(client_of(&sandbox, id).accept_handshake().handshake_id(handshake).send().await), expected);
    }
    // A member of another organization comes directly.
    let handshake = invite(&host, &member).await;
    client_of(&sandbox, &member).accept_handshake().handshake_id(handshake).send().await.unwrap();
    assert!(sandbox.world().accounts.contains_key(&member));
}

#[tokio::test]
async fn nobody_is_invited_while_all_features_are_enabled() {
    let mut world = World::new(MANAGEMENT);
    world.add_organization(FeatureSet::ConsolidatedBilling);
    world.add_outsider(GUEST, "guest", "guest@example.org");
    let sandbox = Sandbox::new(world, Weather::default());
    let host = client(&sandbox);
    let handshake = host.enable_all_features().send().await.unwrap().handshake.unwrap().id.unwrap();
    assert_eq!(invited(&host, GUEST).await, "HandshakeConstraintViolationException/InviteDisabledDuringEnableAllFeatures");
    host.accept_handshake().handshake_id(handshake).send().await.unwrap();
    invite(&host, GUEST).await;
    let all = host.list_handshakes_for_organization().send().await.unwrap().handshakes.unwrap();
    assert_eq!((all.len(), listed(&host).await.len()), (2, 1), "the filter tells invitations from what turns all features on");
}

/// The role that an owner made with an external id is assumed with that one only; one without takes any.
#[tokio::test]
async fn an_external_id_is_asked_for_where_the_owner_wants_one() {
    let mut world = world();
    world
        .external_accounts
        .get_mut(GUEST)
        .unwrap()
        .roles
        .extend([("asks".to_owned(), Some("corp-1".to_owned())), ("open".to_owned(), None)]);
    let sandbox = Sandbox::new(world, Weather::default());
    let id = invite(&client(&sandbox), GUEST).await;
    client_of(&sandbox, GUEST).accept_handshake().handshake_id(id).send().await.unwrap();
    let sts = aws_sdk_sts::Client::new(&config(&sandbox, "AKIAMANAGEMENT", 1));
    let assume = |role: &str, external_id: Option<&str>| {
        let request = sts.assume_role().role_arn(format!("arn:aws:iam::{GUEST}:role/{role}")).role_session_name("test");
        request.set_external_id(external_id.map(str::to_owned)).send()
    };
    assume("asks", Some("corp-1")).await.unwrap();
    assume("open", None).await.unwrap();
    assume("open", Some("corp-1")).await.unwrap();
    for wrong in [None, Some("corp-2")] {
        assert_eq!(refusal(assume("asks", wrong).await), "AccessDenied");
    }
}

/// Out of the organization and in again: the account stands alone in between, and its roles and networks are as they were.
#[tokio::test(start_paused = true)]
async fn who_is_taken_out_can_be_invited_again() {
    let (sandbox, host, _) = organized(Weather::default()).await;
    let id = create_account(&host, "app", "app@example.com").await.unwrap();
    tokio::time::advance(DAY * 4).await;
    let mut world = sandbox.world();
    world.standalone.insert(id.clone());
    world.tags.entry(id.clone()).or_default().insert("team".to_owned(), "old".to_owned());
    let sandbox = Sandbox::new(world, Weather::default());
    let (host, owner) = (client(&sandbox), client_of(&sandbox, &id));
    let network = ec2_of(&sandbox, &id, "eu-west-1");
    let vpcs = async || network.describe_vpcs().send().await;
    network.create_vpc().cidr_block("10.9.0.0/16").send().await.unwrap();
    let before = vpcs().await.unwrap().vpcs.unwrap();
    assert_eq!(invited(&host, &id).await, "HandshakeConstraintViolationException/AlreadyInAnOrganization");

    host.remove_account_from_organization().account_id(&id).send().await.unwrap();
    let world = sandbox.world();
    assert!(world.external_accounts.contains_key(&id) && !world.accounts.contains_key(&id) && world.check().is_empty());
    assert_eq!(create_account(&host, "app", "App@example.com").await.unwrap_err(), "EMAIL_ALREADY_EXISTS");
    let role = format!("arn:aws:iam::{id}:role/OrganizationAccountAccessRole");
    let sts = aws_sdk_sts::Client::new(&config(&sandbox, "AKIAMANAGEMENT", 1));
    let assume = async || sts.assume_role().role_arn(&role).role_session_name("test").send().await;

    let handshake = invite(&host, &id).await;
    owner.accept_handshake().handshake_id(handshake).send().await.unwrap();
    let world = sandbox.world();
    assert_eq!((world.accounts[&id].joined, world.accounts[&id].parent.as_deref()), (Joined::Invited, world.root()));
    assert_eq!((world.tags.get(&id), world.external_accounts.len(), world.check()), (None, 0, Vec::new()), "tags are the organization's");
    assume().await.unwrap();
    assert_eq!(vpcs().await.unwrap().vpcs.unwrap(), before);
    // An invited account can be taken out at once.
    host.remove_account_from_organization().account_id(&id).send().await.unwrap();
    let handshake = invite(&host, &id).await;
    owner.accept_handshake().handshake_id(handshake).send().await.unwrap();
    assume().await.unwrap();
}
