//! A home Region that accounts must enable: new members are reached all the same.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_new_member_is_reached_from_an_opt_in_home_region() {
    let (home, layout) = ("eu-central-2", "share = { tier = \"shared\", with = \"ou.core\" }");
    let toml = toml(&["alpha"], layout, "").replace(REGION, home);
    let there = load(toml.replacen("trusted_services", &format!("home_region = \"{home}\"\ntrusted_services"), 1));
    assert_eq!(there.home_region, home);
    // The management account has not enabled it either.
    let sandbox = sandbox(Weather { region_ms: 60_000, account_ready_ms: 60_000, ..slow() });
    settled(&sandbox, &there).await;
    let world = sandbox.world();
    assert!(world.ec2.iter().any(|(_, region, there)| region == home && there.vpcs.values().any(|vpc| !vpc.is_default)));
    assert_eq!(world.shares.len(), 1);
}
