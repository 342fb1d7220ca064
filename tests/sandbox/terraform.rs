//! Terraform's AWS provider makes an organization, changes it and destroys it: its calls, in its order (`terraform.py`). docs/sandbox.md says how
//! to run Terraform itself.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

use overlord::sandbox::{Sandbox, Weather, World, serve};

use crate::sandbox::common::*;
use crate::support;

/// Runs a step of the script against a world, and returns the world after it and the operations that it called.
async fn step(name: &'static str, world: World, state: &Path) -> (World, BTreeSet<String>) {
    let sandbox = Sandbox::new(world, Weather { create_account_ms: 20, policy_type_ms: 20, ..Weather::default() });
    let server = serve(sandbox.clone(), SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let endpoint = format!("http://{}", server.address());
    let serving = tokio::spawn(server.run());
    let state = state.to_owned();
    let script = move || {
        let script = support::project("tests/sandbox/terraform.py");
        support::client_of(&endpoint, support::python()).arg(script).arg(name).arg(&endpoint).arg(state).output().unwrap()
    };
    let output = tokio::task::spawn_blocking(script).await.unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    serving.abort();
    (sandbox.world(), sandbox.journal().into_iter().map(|entry| entry.operation).collect())
}

#[tokio::test]
async fn terraforms_provider_creates_changes_and_destroys_an_organization() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    let (world, mut called) = step("create", World::new(MANAGEMENT), &state).await;
    assert_eq!(world.check(), Vec::<String>::new());
    let (mut world, operations) = step("change", world, &state).await;
    called.extend(operations);
    assert_eq!(world.check(), Vec::<String>::new());

    // AWS lets an account go four days after it was made, and when it can pay for itself.
    world.clock_ms += 5 * 24 * 3_600 * 1_000;
    let members = world.accounts.keys().filter(|id| **id != MANAGEMENT).cloned();
    world.standalone.extend(members.collect::<Vec<_>>());
    let (world, operations) = step("destroy", world, &state).await;
    called.extend(operations);
    assert_eq!(world.organization, None);
    assert_eq!(world.accounts.keys().collect::<Vec<_>>(), [MANAGEMENT]);
    let expected = "AttachPolicy CreateAccount CreateOrganization CreateOrganizationalUnit CreatePolicy DeleteOrganization \
        DeleteOrganizationalUnit DeletePolicy DeregisterDelegatedAdministrator DescribeAccount DescribeCreateAccountStatus \
        DescribeOrganization DescribeOrganizationalUnit DescribePolicy DetachPolicy DisableAWSServiceAccess DisablePolicyType \
        EnableAWSServiceAccess EnablePolicyType ListAWSServiceAccessForOrganization ListAccounts ListAccountsForParent \
        ListDelegatedAdministrators ListParents ListRoots ListTagsForResource ListTargetsForPolicy MoveAccount \
        RegisterDelegatedAdministrator RemoveAccountFromOrganization TagResource UntagResource UpdateOrganizationalUnit UpdatePolicy";
    let of_organizations: Vec<&str> = called.iter().filter_map(|operation| operation.strip_prefix("organizations:")).collect();
    assert_eq!(of_organizations, expected.split_whitespace().collect::<Vec<_>>());
}
