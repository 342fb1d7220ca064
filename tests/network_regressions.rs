//! What could hurt who has networks, each from an incident that could be: the whole road against a sandbox.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

use std::path::Path;

use overlord::apply::Outcome;
use overlord::config::{self, Files};
use overlord::plan::Plan;
use overlord::resource::{Desired, FindingSeverity, Selection};
use overlord::sandbox::ec2::{EgressOnlyInternetGateway, Life, NetworkAcl, Region, VpnGateway};
use overlord::sandbox::{DropResponse, Effect, Sandbox, Weather, World};

use crate::pipeline::{MANAGEMENT, carry_out, plan, run};

/// A pool with reserved offices, and these sections.
fn desired(sections: &str) -> Desired {
    let toml = format!(
        "[organization]\nmanagement_account = \"{MANAGEMENT}\"\ntrusted_services = [\"ram.amazonaws.com\"]\n[ou.core]\n\
         [pool.main]\ncidr = \"10.0.0.0/16\"\n{sections}"
    );
    let none = |_: &Path| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
    match config::load_with(Path::new("org.toml"), Ok(toml.into_bytes()), &Files::new("", &none)) {
        Ok(loaded) => loaded.desired,
        Err(diagnostics) => panic!("{diagnostics:#?}"),
    }
}

/// A layout of private subnets, with these keys besides.
fn layout(name: &str, more: &str) -> String {
    format!("[vpc.{name}]\nregion = \"eu-west-1\"\npool = \"main\"\nprefix = 20\nzones = 2\ntiers = {{ private = 50 }}\n{more}\n")
}

fn account(key: &str, more: &str) -> String {
    format!("[account.{key}]\nemail = \"{key}@example.org\"\nou = \"core\"\n{more}\n")
}

const STANDARD: &str = "vpc = [\"standard\"]";

/// The same, narrowed to these accounts.
fn only(desired: &Desired, accounts: &[&str]) -> Desired {
    let accounts: Vec<String> = accounts.iter().map(|key| (*key).to_owned()).collect();
    let selection = Selection::of(desired, &accounts, &[], &[]).unwrap();
    Desired { selection, ..desired.clone() }
}

fn sandbox() -> Sandbox {
    Sandbox::new(World::new(MANAGEMENT), Weather::default())
}

/// Applies, and plans again: nothing is left.
async fn settled(sandbox: &Sandbox, desired: &Desired) {
    let (_, report) = run(sandbox, desired).await.unwrap();
    let failed: Vec<_> = report.outcomes.iter().filter(|(_, outcome)| !matches!(outcome, Outcome::Applied)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(told(&plan(sandbox, desired).await.unwrap()), Vec::<String>::new());
}

/// What a plan would do, and what stands against it.
fn told(plan: &Plan) -> Vec<String> {
    let changes = plan.changes.iter().map(|change| format!("{:?} {}", change.action, change.address));
    changes.chain(plan.findings.iter().map(|finding| format!("{:?} {}: {}", finding.severity, finding.subject, finding.summary))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_plan_for_one_account_leaves_what_leads_to_the_others() {
    let hub =
        "[transit_gateway.hub]\naccount = \"beta\"\nregion = \"eu-west-1\"\nshare_with = [\"ou.core\"]\nroutes = [\"192.168.0.0/16\"]";
    let accounts: String = ["alpha", "beta", "gamma"].map(|key| account(key, STANDARD)).concat();
    let all = desired(&(layout("standard", "peering = \"mesh\"\nattach = \"hub\"") + hub + "\n" + &accounts));
    let sandbox = sandbox();
    settled(&sandbox, &all).await;
    for one in ["alpha", "beta", "gamma"] {
        assert_eq!(told(&plan(&sandbox, &only(&all, &[one])).await.unwrap()), Vec::<String>::new(), "{one}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_block_chosen_for_an_account_that_is_not_selected_stands_against_nothing() {
    let pinned = || account("beta", "vpc = [\"standard\"]\ncidr = { standard = \"10.0.0.0/20\" }");
    let sandbox = sandbox();
    settled(&sandbox, &desired(&(layout("standard", "") + &pinned() + &account("alpha", "")))).await;
    let all = desired(&(layout("standard", "") + &pinned() + &account("alpha", STANDARD)));
    let narrowed = plan(&sandbox, &only(&all, &["alpha"])).await.unwrap();
    assert_eq!(narrowed.findings, []);
    assert_eq!(Plan::from_json(&narrowed.to_json().unwrap()), Ok(narrowed));
    let (narrowed, _) = run(&sandbox, &only(&all, &["alpha"])).await.unwrap();
    assert!(narrowed.changes.iter().all(|change| change.address.to_string().starts_with("alpha/")), "{:?}", told(&narrowed));
    assert_eq!(told(&plan(&sandbox, &all).await.unwrap()), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_plan_for_a_kind_of_networks_reads_no_policies_and_no_tags_of_accounts() {
    let of = |more: &str| desired(&(layout("standard", more) + &account("alpha", &format!("{STANDARD}\ntags = {{ team = \"a\" }}"))));
    let sandbox = sandbox();
    settled(&sandbox, &of("")).await;
    let reads = |since: usize| {
        let journal = sandbox.journal();
        let of_an_account = |id: Option<&String>| id.is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
        let reads = journal.iter().skip(since).filter(|entry| match entry.operation.as_str() {
            "organizations:ListTagsForResource" => of_an_account(entry.parameters.get("ResourceId")),
            other => other.ends_with("Policy") || other.ends_with("Policies"),
        });
        reads.count()
    };
    let narrowed = |desired: &Desired| {
        let selection = Selection::of(desired, &[], &[], &["subnet".to_owned()]).unwrap();
        Desired { selection, ..desired.clone() }
    };
    let since = sandbox.journal().len();
    assert_eq!(told(&plan(&sandbox, &of("")).await.unwrap()), Vec::<String>::new());
    assert!(reads(since) > 0, "what is told below tells nothing");
    let since = sandbox.journal().len();
    assert_eq!(told(&plan(&sandbox, &narrowed(&of(""))).await.unwrap()), Vec::<String>::new());
    let more = plan(&sandbox, &narrowed(&of("tags = { stage = \"s\" }"))).await.unwrap();
    assert_eq!(reads(since), 0);
    assert!(!more.changes.is_empty() && more.changes.iter().all(|change| change.address.kind() == "subnet"), "{:?}", told(&more));
}

#[tokio::test(start_paused = true)]
async fn a_domain_that_is_no_longer_wanted_goes() {
    let sandbox = sandbox();
    let with = |more: &str| desired(&(layout("standard", more) + &account("alpha", STANDARD)));
    let domains = || {
        let world = sandbox.world();
        let sets = world.ec2.iter().flat_map(|(.., region)| region.dhcp_options.values());
        sets.filter(|set| set.values.get("domain-name").is_some_and(|domain| domain == &["corp"])).count()
    };
    settled(&sandbox, &with("name_servers = [\"10.0.255.2\"]\ndomain_name = \"corp\"")).await;
    assert_eq!(domains(), 1);
    settled(&sandbox, &with("name_servers = [\"10.0.255.2\"]")).await;
    assert_eq!(domains(), 0);
}

/// Somebody deletes the access role of the account with that e-mail.
fn without_role(sandbox: &Sandbox, email: &str) -> Sandbox {
    let mut world = sandbox.world();
    world.accounts.values_mut().filter(|account| account.email == email).for_each(|account| account.roles.clear());
    Sandbox::new(world, Weather::default())
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_neither_selected_nor_readable_keeps_its_block() {
    let with = |alpha: &str| desired(&(layout("standard", "") + &account("beta", STANDARD) + &account("alpha", alpha)));
    let sandbox = sandbox();
    settled(&sandbox, &with("")).await;
    let sandbox = without_role(&sandbox, "beta@example.org");
    let narrowed = plan(&sandbox, &only(&with(STANDARD), &["alpha"])).await.unwrap();
    assert_eq!(narrowed.changes, []);
    let told = told(&narrowed).join("\n");
    assert!(told.contains("alpha/eu-west-1/vpc.standard: an account with VPCs in its pool could not be read"), "{told}");
    assert!(told.contains("its VPCs cannot be read, and new VPCs of its pools wait"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_vpc_that_takes_the_place_of_the_default_one_waits_for_it() {
    let names = ["a", "b", "c", "d", "e"];
    let layouts: String = names.iter().map(|name| layout(name, "")).collect();
    let list = names.map(|name| format!("\"{name}\"")).join(", ");
    let all = desired(&(layouts + &account("alpha", &format!("vpc = [{list}]\ndefault_vpc = \"remove\""))));
    settled(&sandbox(), &all).await;
}

#[tokio::test(start_paused = true)]
async fn a_network_that_is_down_is_one_error_and_not_a_warning_per_account() {
    let all = desired(&(layout("standard", "") + &["alpha", "beta"].map(|key| account(key, STANDARD)).concat()));
    let calm = sandbox();
    settled(&calm, &all).await;
    let broken = |operation: &str| Sandbox::new(calm.world(), Weather { broken: Some(operation.to_owned()), ..Weather::default() });
    for operation in ["sts:AssumeRole", "ec2:DescribeSubnets"] {
        let error = plan(&broken(operation), &all).await.unwrap_err();
        assert!(error.to_string().contains(operation), "{error}");
    }
    // One of two is an account's own trouble.
    let mut world = calm.world();
    world.accounts.values_mut().filter(|account| account.email.starts_with("beta")).for_each(|account| account.roles.clear());
    assert_eq!(plan(&Sandbox::new(world, Weather::default()), &all).await.unwrap().findings.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn many_accounts_that_fail_alike_are_told_together() {
    let keys: Vec<String> = (0..7).map(|number| format!("a{number}")).collect();
    let all =
        |vpc: &str| desired(&(layout("standard", "") + &account("ok", vpc) + &keys.iter().map(|key| account(key, "")).collect::<String>()));
    let sandbox = sandbox();
    settled(&sandbox, &all("")).await;
    let mut world = sandbox.world();
    world.accounts.values_mut().filter(|account| account.email.starts_with('a')).for_each(|account| account.roles.clear());
    let sandbox = Sandbox::new(world, Weather::default());
    let quiet = told(&plan(&sandbox, &all("")).await.unwrap());
    assert_eq!(quiet.len(), 1, "{quiet:#?}");
    assert!(
        quiet.concat().contains("7 accounts: their networks cannot be read in `eu-west-1`, and nothing is planned in them: `account.a0`, "),
        "{quiet:?}"
    );
    // Nobody knows which blocks they have.
    let handing_out = plan(&sandbox, &all(STANDARD)).await.unwrap();
    let told: Vec<_> = handing_out.findings.iter().map(|finding| finding.summary.as_str()).collect();
    assert!(told.concat().contains("their addresses may be assigned to other VPCs"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_closed_account_gets_nothing_and_the_others_keep_theirs() {
    let all = desired(&(layout("standard", "peering = \"mesh\"") + &["alpha", "beta"].map(|key| account(key, STANDARD)).concat()));
    let before = sandbox();
    settled(&before, &all).await;
    let mut world = before.world();
    for account in world.accounts.values_mut().filter(|account| account.email.starts_with("beta")) {
        account.state = overlord::sandbox::AccountState::Suspended;
    }
    let told = told(&plan(&Sandbox::new(world, Weather::default()), &all).await.unwrap());
    let allowed = ["Warning ", "Delete alpha/eu-west-1/route.", "Delete alpha/eu-west-1/vpc_peering."];
    assert!(told.iter().all(|line| allowed.iter().any(|prefix| line.starts_with(prefix))), "{told:#?}");
}

/// Other name servers: new DHCP options, then the VPC has them, then the old ones go. Wherever that is cut, the next run finishes it and makes no
/// third set.
#[tokio::test(start_paused = true)]
async fn a_cut_replacement_of_dhcp_options_is_finished() {
    let with = |servers: &str| desired(&(layout("standard", &format!("name_servers = [{servers}]")) + &account("alpha", STANDARD)));
    let (before, after) = (with("\"10.0.0.2\""), with("\"10.0.0.2\", \"10.0.0.3\""));
    let start = sandbox();
    settled(&start, &before).await;
    let mut cuts = 0;
    for cut in 0.. {
        let sandbox = Sandbox::new(start.world(), Weather::default());
        sandbox.cut_after(cut, DropResponse::AfterEffect);
        let is_cut = tokio::select! {
            _ = run(&sandbox, &after) => false,
            () = sandbox.cut() => true,
        };
        sandbox.mend();
        settled(&sandbox, &after).await;
        let writes = sandbox.journal().into_iter().filter(|entry| entry.effect == Effect::Write);
        let writes: Vec<_> = writes.filter(|entry| entry.operation.contains("DhcpOptions")).collect();
        assert!(writes.iter().all(|entry| entry.took_effect()), "cut after {cut}: {writes:#?}");
        let made = writes.iter().filter(|entry| entry.operation == "ec2:CreateDhcpOptions").count();
        assert_eq!((made, writes.len()), (1, 3), "cut after {cut}");
        if !is_cut {
            break;
        }
        cuts += 1;
    }
    assert!(cuts > 10, "{cuts}");
}

/// A part of a plan deletes no DHCP options that their VPC, which is not selected, still has.
#[tokio::test(start_paused = true)]
async fn dhcp_options_alone_are_not_replaced_under_their_vpc() {
    let with = |servers: &str| desired(&(layout("standard", &format!("name_servers = [{servers}]")) + &account("alpha", STANDARD)));
    let sandbox = sandbox();
    settled(&sandbox, &with("\"10.0.0.2\"")).await;
    let after = with("\"10.0.0.3\"");
    let selection = Selection::of(&after, &[], &[], &["dhcp_options".to_owned()]).unwrap();
    let plan = plan(&sandbox, &Desired { selection, ..after }).await.unwrap();
    let told = told(&plan).join("\n");
    assert!(plan.has_errors() && told.contains("`alpha/eu-west-1/vpc.standard` still uses it"), "{told}");
}

/// Puts something into a VPC.
type Put = fn(&mut Region, String, Life);

/// AWS refuses to delete a VPC with a network ACL or a gateway in it, but only after its subnets are gone: so they are looked for first, in the
/// plan and again before anything is deleted.
#[tokio::test(start_paused = true)]
async fn a_default_vpc_with_a_hidden_use_stays_whole() {
    let of =
        |default_vpc: &str| desired(&(layout("standard", "") + &account("alpha", &format!("{STANDARD}\ndefault_vpc = \"{default_vpc}\""))));
    let start = sandbox();
    settled(&start, &of("keep")).await;
    let gone = of("remove");
    let planned = plan(&start, &gone).await.unwrap();
    assert_eq!(told(&planned), ["Delete alpha/eu-west-1/default_vpc.main"]);
    let life = Life { created_ms: 0, available_ms: 0, deleted_ms: None };
    let uses: [(&str, Put); 3] = [
        ("acl-1", |region, vpc, _| drop(region.network_acls.insert("acl-1".to_owned(), NetworkAcl { vpc }))),
        ("eigw-1", |region, vpc, _| {
            region.egress_only_internet_gateways.insert("eigw-1".to_owned(), EgressOnlyInternetGateway { vpc });
        }),
        ("vgw-1", |region, vpc, life| {
            region.vpn_gateways.insert("vgw-1".to_owned(), VpnGateway { attachment: Some((vpc, life)), life, pending_ms: 0 });
        }),
    ];
    for (name, put) in uses {
        let mut world = start.world();
        let id = world.accounts_with_email("alpha@example.org").first().unwrap().clone();
        let region = world.region_mut(&id, "eu-west-1").unwrap();
        let vpc = region.vpcs.iter().find(|(_, vpc)| vpc.is_default).unwrap().0.clone();
        put(region, vpc, life);
        let before = region.clone();
        let sandbox = Sandbox::new(world, Weather::default());
        let again = told(&plan(&sandbox, &gone).await.unwrap());
        assert!(again.len() == 1 && again.concat().contains("left as it is: the default VPC"), "{again:?}");
        assert!(again.concat().contains(name), "{again:?}");
        // It came to be there after the plan was made.
        let outcomes = carry_out(&sandbox, &planned).await.outcomes;
        let [(_, Outcome::Failed(error))] = outcomes.as_slice() else { panic!("{outcomes:?}") };
        assert!(error.to_string().contains("nothing of it was deleted") && error.to_string().contains(name), "{error}");
        assert!(*sandbox.world().region(&id, "eu-west-1").unwrap() == before, "{name}: something is gone");
    }
}

/// AWS delivers flow logs to a stream of another account only through roles: the plan says so, and nothing is made.
#[tokio::test(start_paused = true)]
async fn flow_logs_to_a_stream_of_another_account_stop_the_plan() {
    let logs = |account: &str| format!("flow_logs = \"arn:aws:firehose:eu-west-1:{account}:deliverystream/flow-logs\"");
    let logging = |to: &str| desired(&(layout("standard", &logs(to)) + &account("alpha", STANDARD)));
    let sandbox = sandbox();
    let foreign = plan(&sandbox, &logging("222222222222")).await.unwrap();
    assert!(foreign.has_errors());
    let said = told(&foreign).join("\n");
    assert!(said.contains("its flow logs cannot go to a delivery stream of account `222222222222`"), "{said}");

    settled(&sandbox, &desired(&(layout("standard", "") + &account("alpha", STANDARD)))).await;
    let own = sandbox.world().accounts_with_email("alpha@example.org").first().unwrap().clone();
    assert!(plan(&sandbox, &logging("222222222222")).await.unwrap().has_errors());
    settled(&sandbox, &logging(&own)).await;
}

/// An endpoint may answer with more than was asked for: what carries another address is not taken for this one.
#[tokio::test(start_paused = true)]
async fn what_is_gone_is_made_again_where_filters_by_tag_are_ignored() {
    let nat = "[vpc.standard]\nregion = \"eu-west-1\"\npool = \"main\"\nprefix = 20\nzones = 2\nnat = \"per-zone\"\n\
               tiers = { public = 50, private = 50 }\nendpoints = [\"s3\", \"ssm\", \"sqs\"]\nname_servers = [\"10.0.0.2\"]\n\
               flow_logs = \"arn:aws:s3:::logs\"\n";
    let other = nat.replace("vpc.standard", "vpc.other");
    let weather = Weather { ignores_tag_filters: true, ..Weather::default() };
    let sandbox = Sandbox::new(World::new(MANAGEMENT), weather.clone());
    settled(&sandbox, &desired(&(nat.to_owned() + &account("alpha", STANDARD)))).await;
    // A second VPC beside the first: nothing of that one is taken for its own.
    let both = desired(&(nat.to_owned() + &other + &account("alpha", "vpc = [\"standard\", \"other\"]")));
    settled(&sandbox, &both).await;

    let mut world = sandbox.world();
    let alpha = world.accounts_with_email("alpha@example.org").first().unwrap().clone();
    let region = world.region_mut(&alpha, "eu-west-1").unwrap();
    let (gateway, endpoint) = (region.nat_gateways.keys().next().unwrap().clone(), region.vpc_endpoints.keys().next().unwrap().clone());
    region.nat_gateways.remove(&gateway);
    region.vpc_endpoints.remove(&endpoint);
    region.tags.retain(|id, _| *id != gateway && *id != endpoint);
    let (gateways, endpoints) = (region.nat_gateways.len(), region.vpc_endpoints.len());
    let sandbox = Sandbox::new(world, weather);
    settled(&sandbox, &both).await;
    let world = sandbox.world();
    let region = world.region(&alpha, "eu-west-1").unwrap();
    assert_eq!((region.nat_gateways.len(), region.vpc_endpoints.len()), (gateways + 1, endpoints + 1));
}

/// A zone may lack a service: the endpoint is made in the others, and the plan says so.
#[tokio::test(start_paused = true)]
async fn an_endpoint_is_made_in_the_zones_that_its_service_has() {
    let weather = Weather { lacking_zone: Some("euw1-az2".to_owned()), ..Weather::default() };
    let sandbox = Sandbox::new(World::new(MANAGEMENT), weather);
    let wanted = desired(&(layout("standard", "endpoints = [\"ssm\"]") + &account("alpha", STANDARD)));
    let (first, report) = run(&sandbox, &wanted).await.unwrap();
    assert_eq!(report.counts().applied, first.changes.len(), "{:#?}", report.outcomes);
    let warning =
        "Warning alpha/eu-west-1/vpc.standard: its endpoint of `ssm` has no interface in `euw1-az2`: AWS does not offer the service there";
    assert!(told(&first).contains(&warning.to_owned()), "{:#?}", told(&first));
    // It stays so: nothing is left to do, and the reason is told again.
    assert_eq!(told(&plan(&sandbox, &wanted).await.unwrap()), [warning]);
    let world = sandbox.world();
    let alpha = world.accounts_with_email("alpha@example.org").first().unwrap().clone();
    let region = world.region(&alpha, "eu-west-1").unwrap();
    let endpoint = region.vpc_endpoints.values().next().unwrap();
    let zones: Vec<&str> = endpoint.subnets.keys().map(|subnet| region.subnets[subnet].zone.as_str()).collect();
    assert_eq!(zones, ["euw1-az1"]);
}

/// AWS may take a moment to make the default VPC of a new account: it is waited for, and removed.
#[tokio::test(start_paused = true)]
async fn a_default_vpc_that_comes_late_is_removed_too() {
    let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather { default_vpc_ms: 30_000, account_ready_ms: 30_000, ..Weather::default() });
    let removing = format!("{}{}{}", layout("standard", ""), account("alpha", STANDARD), account("beta", "default_vpc = \"remove\""));
    settled(&sandbox, &desired(&removing)).await;
    let world = sandbox.world();
    let beta = world.accounts_with_email("beta@example.org").first().unwrap().clone();
    assert!(world.region(&beta, "eu-west-1").unwrap().vpcs.is_empty());
}

/// What docs/commands.md lists as not compared is no drift.
#[tokio::test(start_paused = true)]
async fn what_the_documentation_lists_as_not_compared_is_no_drift() {
    let sandbox = sandbox();
    let wanted =
        desired(&(layout("standard", "endpoints = [\"s3\", \"ssm\"]\nflow_logs = \"arn:aws:s3:::logs\"") + &account("alpha", STANDARD)));
    settled(&sandbox, &wanted).await;
    let mut world = sandbox.world();
    let alpha = world.accounts_with_email("alpha@example.org").first().unwrap().clone();
    let region = world.region_mut(&alpha, "eu-west-1").unwrap();
    region.subnets.values_mut().for_each(|subnet| subnet.map_public_ip = true);
    region.vpc_endpoints.values_mut().for_each(|endpoint| endpoint.policy = r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned());
    region.flow_logs.values_mut().for_each(|log| log.format = "${version}".to_owned());
    assert_eq!(told(&plan(&Sandbox::new(world, Weather::default()), &wanted).await.unwrap()), Vec::<String>::new());
    let listed = include_str!("../docs/commands.md");
    for what in ["public addresses on launch", "the endpoint policy", "the format of a line"] {
        assert!(listed.contains(what), "{what}");
    }
}

/// What runs and is no longer managed still costs: the plan tells it besides.
#[tokio::test(start_paused = true)]
async fn a_nat_gateway_without_its_tag_still_costs() {
    let nat = "[vpc.standard]\nregion = \"eu-west-1\"\npool = \"main\"\nprefix = 20\nzones = 1\nnat = \"single\"\n\
               tiers = { public = 50, private = 50 }\n";
    let wanted = desired(&(nat.to_owned() + &account("alpha", STANDARD)));
    let sandbox = sandbox();
    settled(&sandbox, &wanted).await;
    let before = plan(&sandbox, &wanted).await.unwrap().cost.unwrap();
    assert!(before.unmanaged.is_empty());
    let mut world = sandbox.world();
    let alpha = world.accounts_with_email("alpha@example.org").first().unwrap().clone();
    let region = world.region_mut(&alpha, "eu-west-1").unwrap();
    let kept: Vec<String> = region.nat_gateways.keys().chain(region.addresses.keys()).cloned().collect();
    region.tags.retain(|id, _| !kept.contains(id));
    let after = plan(&Sandbox::new(world, Weather::default()), &wanted).await.unwrap().cost.unwrap();
    assert_eq!(after.unmanaged.total, before.before.total);
}

/// Fewer NAT gateways: the addresses are gone for good, and the plan says which.
#[tokio::test(start_paused = true)]
async fn a_change_of_nat_names_the_addresses_that_are_released() {
    let nat = |way: &str| {
        let layout = format!(
            "[vpc.standard]\nregion = \"eu-west-1\"\npool = \"main\"\nprefix = 20\nzones = 2\nnat = \"{way}\"\n\
             tiers = {{ public = 50, private = 50 }}\n"
        );
        desired(&(layout + &account("alpha", STANDARD)))
    };
    let sandbox = sandbox();
    settled(&sandbox, &nat("per-zone")).await;
    let world = sandbox.world();
    let alpha = world.accounts_with_email("alpha@example.org").first().unwrap().clone();
    let addresses: Vec<String> =
        world.region(&alpha, "eu-west-1").unwrap().addresses.values().map(|address| address.public_ip.to_string()).collect();
    let said = |plan: &Plan| told(plan).join("\n");
    let single = said(&plan(&sandbox, &nat("single")).await.unwrap());
    assert!(single.contains("open connections through its NAT gateways drop; these public addresses are released for good: "), "{single}");
    assert_eq!(addresses.iter().filter(|address| single.contains(*address)).count(), 1, "{single}");
    let none = said(&plan(&sandbox, &nat("none")).await.unwrap());
    assert!(addresses.iter().all(|address| none.contains(address)), "{none}");
}

/// What others made counts too. Accounts in the same position are told together, and no account is created meanwhile.
#[tokio::test(start_paused = true)]
async fn vpcs_that_the_quota_has_no_room_for_stop_the_plan() {
    let layouts: String = ["a", "b"].map(|name| layout(name, "")).concat();
    let keys = ["one", "two", "three", "four"];
    let accounts = |vpcs: &str| keys.map(|key| account(key, &format!("vpc = [{vpcs}]"))).concat();
    let sandbox = sandbox();
    settled(&sandbox, &desired(&(layouts.clone() + &accounts("")))).await;
    let mut world = sandbox.world();
    for key in keys {
        let id = world.accounts_with_email(&format!("{key}@example.org")).first().unwrap().clone();
        let region = world.region_mut(&id, "eu-west-1").unwrap();
        for n in 0..3 {
            let vpc = overlord::sandbox::ec2::Vpc { is_default: false, ..region.vpcs.values().next().unwrap().clone() };
            region.vpcs.insert(format!("vpc-other{n}"), vpc);
        }
    }
    let sandbox = Sandbox::new(world, Weather::default());
    let (_, report) = run(&sandbox, &desired(&(layouts.clone() + &accounts("\"a\"")))).await.unwrap();
    assert!(report.outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Applied)), "there is room for one");
    let all = layouts + &accounts("\"a\", \"b\"") + &account("new", "");
    let full = plan(&sandbox, &desired(&all)).await.unwrap();
    let errors: Vec<_> = full.findings.iter().filter(|finding| finding.severity == FindingSeverity::Error).collect();
    assert_eq!(errors.len(), 4, "{errors:#?}");
    let first = errors.first().unwrap();
    assert_eq!(first.subject, "account.four");
    assert!(
        first.summary.starts_with("1 VPC is to be created in `eu-west-1`, where 5 exist (4 unmanaged), and the quota is 5"),
        "{first:?}"
    );
    let raised = plan(&sandbox, &desired(&(all + "[limits]\nvpcs = 6\n"))).await.unwrap();
    assert!(!raised.has_errors(), "{:#?}", told(&raised));
}

/// A zone in trouble gets nothing new. What is there already stays as it is.
#[tokio::test(start_paused = true)]
async fn a_zone_in_trouble_gets_nothing_new() {
    let weather = Weather { impaired_zone: Some("euw1-az1".to_owned()), ..Weather::default() };
    let wanted = desired(&(layout("standard", "") + &account("alpha", STANDARD)));
    let zones = |sandbox: &Sandbox| -> Vec<String> {
        let world = sandbox.world();
        let alpha = world.accounts_with_email("alpha@example.org").first().unwrap().clone();
        let subnets = &world.region(&alpha, "eu-west-1").unwrap().subnets;
        let mut zones: Vec<String> = subnets.values().filter(|subnet| !subnet.default_for_zone).map(|subnet| subnet.zone.clone()).collect();
        zones.sort();
        zones
    };
    let troubled = Sandbox::new(World::new(MANAGEMENT), weather.clone());
    let (first, _) = run(&troubled, &wanted).await.unwrap();
    assert_eq!(zones(&troubled), ["euw1-az2", "euw1-az3"]);
    let warning =
        "Warning eu-west-1: AWS says that the zone `euw1-az1` is impaired: no new subnets are made there until a run finds it available";
    assert!(told(&first).contains(&warning.to_owned()), "{:#?}", told(&first));
    let calm = sandbox();
    settled(&calm, &wanted).await;
    let later = Sandbox::new(calm.world(), weather);
    assert_eq!(told(&plan(&later, &wanted).await.unwrap()), Vec::<String>::new(), "what is there stays");
    let grown = desired(&(layout("standard", "").replace("zones = 2", "zones = 3") + &account("alpha", STANDARD)));
    run(&later, &grown).await.unwrap();
    assert_eq!(zones(&later), ["euw1-az1", "euw1-az2", "euw1-az3"]);
}

/// A layout may list its zones.
#[tokio::test(start_paused = true)]
async fn a_list_of_zones_is_where_subnets_are_made() {
    let wanted =
        |zones: &str| desired(&(layout("standard", "").replace("zones = 2", &format!("zones = {zones}")) + &account("alpha", STANDARD)));
    let sandbox = sandbox();
    settled(&sandbox, &wanted("[\"az1\", \"euw1-az3\"]")).await;
    // From the first to the list: what is in a zone that the list does not have goes, with consent.
    let first = plan(&sandbox, &wanted("2")).await.unwrap();
    assert!(first.changes.is_empty(), "a number takes the zones that have subnets: {:#?}", told(&first));
    let other = plan(&sandbox, &wanted("[\"az1\", \"az2\"]")).await.unwrap();
    let subnets: Vec<String> = told(&other).into_iter().filter(|line| line.contains("/subnet.")).collect();
    let expected = ["Create alpha/eu-west-1/subnet.standard/private-euw1-az2", "Delete alpha/eu-west-1/subnet.standard/private-euw1-az3"];
    assert_eq!(subnets, expected);
}

/// The sandbox has the Regions that [limits] adds; a copy of the organization has them too.
#[tokio::test(start_paused = true)]
async fn a_region_that_aws_opened_since_is_in_the_sandbox() {
    let added = "[limits]\nregions = [\"xy-north-1\"]\n";
    let wanted = desired(&(layout("standard", "").replace("eu-west-1", "xy-north-1") + &account("alpha", STANDARD) + added));
    let sandbox = sandbox();
    sandbox.add_regions(&wanted.added_regions);
    settled(&sandbox, &wanted).await;
    let world = sandbox.world();
    let alpha = world.accounts_with_email("alpha@example.org").first().unwrap().clone();
    let zones: Vec<String> = world.region(&alpha, "xy-north-1").unwrap().subnets.values().map(|subnet| subnet.zone.clone()).collect();
    assert!(zones.iter().all(|zone| zone.starts_with("xyn1-az")) && !zones.is_empty(), "{zones:?}");
}
