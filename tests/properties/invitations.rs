//! Invitations where answers are lost and runs are cut: nobody is invited twice, every account comes in, and its access role is whole.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use overlord::address::Address;
use overlord::aws::{Access, Error, Interrupt, Mode, Rates, RequestGate, RequestGateOptions, Sessions};
use overlord::render::invitations::Role;
use overlord::resource::Desired;
use overlord::resource::organizations::access_role::{self, AccessRoleState, Wanted};
use overlord::resource::organizations::handshakes;
use overlord::sandbox::outside::InvitationState;
use overlord::sandbox::world::FeatureSet;
use overlord::sandbox::{DropResponse, RequestOutcome, Sandbox, Weather, World};
use proptest::prelude::*;

use crate::pipeline::{MANAGEMENT, Watch, run};
use crate::properties::{config, generate, in_virtual_time, nothing_left, storm, until_done};

const OWNERS: [(&str, &str); 4] = [("app", "222222222222"), ("data", "333333333333"), ("edge", "444444444444"), ("tools", "555555555555")];

/// Those of `bits` are invited, the odd ones by e-mail.
fn desired(bits: u8) -> Desired {
    let mut toml = format!("[organization]\nmanagement_account = \"{MANAGEMENT}\"\nexternal_id = \"corp-1\"\n[ou.work]\n");
    for (i, (key, id)) in invited(bits) {
        let who = if i % 2 == 1 { format!("email = \"{key}@example.org\"") } else { format!("id = \"{id}\"") };
        toml += &format!("[account.{key}]\n{who}\ninvite = true\nou = \"work\"\ntags = {{ team = \"{key}\" }}\n");
    }
    generate::load(&toml, &BTreeMap::new())
}

fn invited(bits: u8) -> impl Iterator<Item = (usize, (&'static str, &'static str))> {
    OWNERS.into_iter().enumerate().filter(move |(i, _)| bits & (1 << i) != 0)
}

fn sandbox(weather: Weather) -> Sandbox {
    let mut world = World::new(MANAGEMENT);
    world.add_organization(FeatureSet::All);
    OWNERS.into_iter().for_each(|(key, id)| world.add_outsider(id, key, &format!("{key}@example.org")));
    Sandbox::new(world, weather)
}

/// The owner of an account, with credentials of it.
async fn owner(sandbox: &Sandbox, account: &str, desired: &Desired) -> Sessions {
    let request_gate = RequestGate::new(RequestGateOptions {
        mode: Mode::ReadWrite,
        rates: Rates::Unlimited,
        trace: None,
        transport: sandbox.http_client(),
        interrupt: Interrupt::default(),
    });
    let sessions = Sessions::load(Access::Sandbox { management_account: account.to_owned() }, request_gate, "us-east-1", desired.role());
    sessions.await.unwrap()
}

async fn make_role(owner: &Sessions, key: &str, desired: &Desired) -> Result<AccessRoleState, Error> {
    let role = Role {
        name: desired.access_role.clone(),
        management_account: MANAGEMENT.to_owned(),
        partition: "aws".to_owned(),
        external_id: desired.external_id.clone(),
    };
    let account = Address::new("account", key);
    access_role::make(owner, Wanted { account: &account, name: &role.name, trust: &role.trust(), policy: &role.policy() }).await
}

/// What `overlord invite --accept-profile` does with an owner's credentials.
async fn accept(sandbox: &Sandbox, key: &str, account: &str, desired: &Desired) -> Result<(), Error> {
    let owner = owner(sandbox, account, desired).await;
    // A stale answer has none of them: then the owner looks again.
    let received = handshakes::received(&owner.organizations()).await?;
    for handshake in &received {
        handshakes::accept(&owner.organizations(), handshake).await?;
    }
    if received.is_empty() {
        return Err(Error::failed("nothing was received"));
    }
    make_role(&owner, key, desired).await.map(drop)
}

async fn until_accepted(sandbox: &Sandbox, key: &str, account: &str, desired: &Desired) {
    for _ in 0..12 {
        if accept(sandbox, key, account, desired).await.is_ok() {
            return;
        }
    }
    panic!("`{key}` could not accept in twelve tries");
}

/// From outside to members in their OU with a role that can be used.
async fn all_come_in(sandbox: &Sandbox, bits: u8, desired: &Desired) {
    until_done(sandbox, desired).await;
    for (_, (key, account)) in invited(bits) {
        until_accepted(sandbox, key, account, desired).await;
    }
    // A plan that is told that an invitation is still open has nothing to do.
    tokio::time::sleep(Duration::from_secs(2)).await;
    until_done(sandbox, desired).await;
    let world = sandbox.world();
    assert_eq!(world.invitations.len(), invited(bits).count(), "each was invited once");
    assert!(world.invitations.values().all(|sent| sent.state == InvitationState::Accepted));
    let work = world.ous.values().find(|ou| ou.name == "work").unwrap();
    for (_, (key, id)) in invited(bits) {
        let role = &world.roles[id][&desired.access_role];
        assert_eq!((world.accounts[id].parent.as_ref(), role.policies.len(), role.tags.len()), (Some(&work.id), 1, 1));
        assert_eq!((world.tags[id]["team"].as_str(), world.tags[id]["overlord:address"].clone()), (key, format!("account.{key}")));
    }
    let members: BTreeSet<&str> = invited(bits).map(|(_, (_, id))| id).chain([MANAGEMENT]).collect();
    assert_eq!(world.accounts.keys().map(String::as_str).collect::<BTreeSet<_>>(), members, "nobody else joins");
}

/// AWS refuses what an unheard answer had granted: the invitation and the role that are there are taken for what was asked.
#[test]
fn after_a_lost_answer_the_refusal_is_understood() {
    let (mut duplicates, mut twice) = (0, 0);
    for seed in 0..40 {
        in_virtual_time(async {
            let (sandbox, desired) = (sandbox(Weather { seed, lost: 0.15, ..Weather::default() }), desired(0b1111));
            let (plan, report) = run(&sandbox, &desired).await.unwrap();
            assert_eq!(report.counts().applied, plan.changes.len(), "seed {seed}: {report:#?}");
            all_come_in(&sandbox, 0b1111, &desired).await;
            nothing_left(&sandbox, &desired).await;
            let refused =
                |code: &str| sandbox.journal().iter().filter(|entry| entry.outcome == RequestOutcome::Refused(code.to_owned())).count();
            duplicates += refused("DuplicateHandshakeException");
            twice += refused("EntityAlreadyExists");
        });
    }
    assert!(duplicates >= 10 && twice >= 10, "{duplicates} invitations and {twice} roles met themselves");
}

/// Cut at any request, as by kill -9, the next try makes the role whole; where nothing is missing, nothing is written.
#[test]
fn a_role_that_is_half_made_is_finished() {
    let mut halves = 0;
    for cut in 0..4 {
        for swallow in [DropResponse::BeforeEffect, DropResponse::AfterEffect] {
            in_virtual_time(async {
                let (sandbox, desired) = (sandbox(Weather::default()), desired(1));
                let (key, account) = OWNERS[0];
                let owner = owner(&sandbox, account, &desired).await;
                sandbox.cut_after(cut, swallow);
                tokio::select! {
                    _ = make_role(&owner, key, &desired) => {}
                    () = sandbox.cut() => {}
                }
                sandbox.mend();
                halves += sandbox.world().roles.values().flat_map(BTreeMap::values).filter(|role| role.policies.is_empty()).count();
                let again = make_role(&owner, key, &desired).await.unwrap();
                assert!([AccessRoleState::Made, AccessRoleState::There].contains(&again), "{again:?}");
                let before = sandbox.world().roles;
                assert_eq!(before[account][&desired.access_role].policies.len(), 1);
                let writes = || sandbox.journal().iter().filter(|entry| entry.effect == overlord::sandbox::Effect::Write).count();
                let written = writes();
                assert_eq!(make_role(&owner, key, &desired).await.unwrap(), AccessRoleState::There);
                assert_eq!((sandbox.world().roles, writes()), (before, written));
            });
        }
    }
    assert!(halves >= 2, "{halves} roles were half made");
}

proptest! {
    #![proptest_config(config(32))]

    /// In any storm, cut anywhere, whoever is invited comes in, once, under guardrails first.
    #[test]
    fn invited_in_a_storm_all_come_in(bits in 1..16u8, seed in any::<u64>(), cuts in proptest::collection::vec((0..40usize, any::<bool>()), 0..3)) {
        in_virtual_time(async {
            let (sandbox, desired) = (sandbox(Weather { stale: 0.1, stale_ms: 1_000, ..storm(seed) }), desired(bits));
            let watch = Watch::over(&sandbox, &desired);
            for (after, effect) in cuts {
                sandbox.cut_after(after, if effect { DropResponse::AfterEffect } else { DropResponse::BeforeEffect });
                tokio::select! {
                    _ = run(&sandbox, &desired) => {}
                    () = sandbox.cut() => {}
                }
                sandbox.mend();
            }
            all_come_in(&sandbox, bits, &desired).await;
            prop_assert_eq!(watch.violations(), BTreeSet::new());
            Ok(())
        })?;
    }
}
