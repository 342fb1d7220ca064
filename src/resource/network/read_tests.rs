//! Reading, through the sandbox: which calls are made, and how failed reads are handled.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::{Address, Scope};
use crate::aws::{Access, Interrupt, Mode, Rates, RequestGate, RequestGateOptions, Sessions};
use crate::network::{Design, Layout, Nat, Pool, Request, Share, Tier, vpc_address};
use crate::resource::network::{Prefetch, WITH_TAG, live as read};
use crate::resource::{ADDRESS_TAG, Attributes, Desired, FindingSeverity, Live, LiveResource};
use crate::sandbox::ec2::{DhcpOptions, Life, NetworkAcl, NetworkInterface, Region, Subnet, Vpc, VpnGateway};
use crate::sandbox::{FeatureSet, OptIn, Sandbox, Weather, World};

const MANAGEMENT: &str = "111111111111";
const HOME: &str = "eu-west-1";

/// The eight lists.
const LISTS: [&str; 8] = [
    "DescribeAddresses",
    "DescribeInternetGateways",
    "DescribeNatGateways",
    "DescribeRouteTables",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeVpcEndpoints",
    "DescribeVpcs",
];

/// A configuration and an AWS that matches it. Accounts are `a`, `b`, ….
struct Lab {
    world: World,
    weather: Weather,
    desired: Desired,
    live: Live,
    members: BTreeSet<String>,
}

fn layout(region: &str) -> Layout {
    Layout {
        region: region.to_owned(),
        pool: "main".to_owned(),
        prefix: 19,
        zones: 1,
        zone_bits: 3,
        only_zones: Default::default(),
        avoid_zones: Default::default(),
        nat: Nat::None,
        tiers: vec![Tier { name: "private".to_owned(), share: Share::of_percent(50.0).unwrap() }],
        endpoints: BTreeSet::new(),
        dhcp: None,
        flow_log: None,
        dns_hostnames: None,
        dns_support: None,
        ipv6: false,
        connections: Default::default(),
    }
}

impl Lab {
    fn new() -> Self {
        let mut world = World::new(MANAGEMENT);
        world.add_organization(FeatureSet::All);
        let pool = Pool { cidr: "10.0.0.0/8".parse().unwrap(), reserved: BTreeSet::new() };
        let network = Design {
            pools: [("main".to_owned(), pool)].into(),
            layouts: [("standard".to_owned(), layout(HOME))].into(),
            ..Design::default()
        };
        let desired = Desired { management_account: MANAGEMENT.to_owned(), network, ..Desired::default() };
        Self { world, weather: Weather::default(), desired, live: Live::default(), members: BTreeSet::new() }
    }

    /// Adds an existing account of the configuration. Returns its id.
    fn account(&mut self, key: &str) -> String {
        let id = self.member(key);
        let account = LiveResource { id: Some(id.clone()), attributes: Attributes::new(), ours: None, frozen: None };
        self.live.resources.insert(Address::new("account", key), account);
        id
    }

    /// An account of the organization.
    fn member(&mut self, name: &str) -> String {
        let root = self.world.root().unwrap().to_owned();
        let id = self.world.add_account(name, &format!("{name}@example.org"), &root);
        self.members.insert(id.clone());
        id
    }

    fn wants(&mut self, key: &str) -> Address {
        let address = vpc_address(key, HOME, "standard");
        let request = Request { layout: "standard".to_owned(), pinned: None, id: None, tags: BTreeMap::new() };
        self.desired.network.vpcs.insert(address.clone(), request);
        address
    }

    fn region(&mut self, account: &str) -> &mut Region {
        self.world.region_mut(account, HOME).unwrap()
    }

    /// A VPC of any account.
    fn vpc(&mut self, account: &str, cidr: &str, tags: &[(&str, &str)]) -> String {
        let region = self.region(account);
        let options = region.default_dhcp_options.clone();
        let id = region.add_vpc(Vpc::new(cidr.parse().unwrap(), &options));
        region.tags.insert(id.clone(), tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect());
        id
    }

    /// The account's VPC as it was built, with its one subnet.
    fn built(&mut self, key: &str, account: &str, cidr: &str) -> String {
        let address = self.wants(key).to_string();
        let vpc = self.vpc(account, cidr, &[(ADDRESS_TAG, &address)]);
        let region = self.region(account);
        let subnet = region.fresh("subnet");
        let own: ipnetwork::Ipv4Network = cidr.parse().unwrap();
        let cidr = ipnetwork::Ipv4Network::new(own.ip(), 23).unwrap();
        region.subnets.insert(subnet.clone(), Subnet::new(&vpc, cidr, "euw1-az2"));
        let tag = format!("{key}/{HOME}/subnet.standard/private-euw1-az2");
        region.tags.insert(subnet, [(ADDRESS_TAG.to_owned(), tag)].into());
        vpc
    }

    /// Reads, and returns the calls except those for credentials.
    async fn read(&self) -> (Live, BTreeMap<String, usize>) {
        let sandbox = Sandbox::new(self.world.clone(), self.weather.clone());
        let request_gate = RequestGate::new(RequestGateOptions {
            mode: Mode::ReadOnly,
            rates: Rates::Unlimited,
            trace: None,
            transport: sandbox.http_client(),
            interrupt: Interrupt::default(),
        });
        let access = Access::Sandbox { management_account: MANAGEMENT.to_owned() };
        let sessions = Sessions::load(access, request_gate, HOME, "OrganizationAccountAccessRole").await.unwrap();
        let mut live = self.live.clone();
        read(&sessions, &self.desired, Prefetch::default(), &self.members, &mut live).await.unwrap();
        let counts = sessions.request_gate().counts().into_iter().map(|(call, count)| (call.operation, count));
        (live, counts.collect())
    }
}

/// The calls if only the 8 lists are read, each so many times, in so many accounts.
fn lists(times: usize, accounts: usize) -> BTreeMap<String, usize> {
    LISTS.iter().map(|name| ((*name).to_owned(), times)).chain([("AssumeRole".to_owned(), accounts)]).collect()
}

fn scope(key: &str) -> Scope {
    Scope { account: key.to_owned(), region: HOME.to_owned() }
}

fn network_of(live: &Live) -> BTreeSet<String> {
    live.resources.keys().filter(|address| address.scope().is_some()).map(Address::to_string).collect()
}

fn texts(live: &Live) -> Vec<String> {
    live.findings.iter().map(|finding| format!("{}: {}", finding.subject, finding.summary)).collect()
}

#[tokio::test(start_paused = true)]
async fn without_layouts_nothing_is_asked() {
    let mut lab = Lab::new();
    lab.account("a");
    lab.desired.network.layouts.clear();
    assert_eq!(lab.read().await, (lab.live.clone(), BTreeMap::new()));
}

/// "The eight Describe calls per account and Region and no more when nothing changes."
#[tokio::test(start_paused = true)]
async fn where_nothing_is_to_change_there_are_eight_calls_an_account_and_region() {
    let mut lab = Lab::new();
    lab.desired.network.layouts.insert("dr".to_owned(), layout("eu-central-1"));
    for (key, cidr) in [("a", "10.0.0.0/19"), ("b", "10.0.32.0/19"), ("c", "10.0.64.0/19")] {
        let id = lab.account(key);
        lab.built(key, &id, cidr);
    }
    lab.member("stranger");
    let (live, calls) = lab.read().await;
    assert_eq!(calls, lists(3 * 2, 3));
    assert_eq!(texts(&live), Vec::<String>::new());
    let expected = ["a", "b", "c"].map(|key| {
        ["default_security_group.standard", "subnet.standard/private-euw1-az2", "vpc.standard"].map(|name| format!("{key}/{HOME}/{name}"))
    });
    assert_eq!(network_of(&live), expected.into_iter().flatten().collect());
    assert_eq!(live.network.zones[&scope("b")], ["euw1-az2"], "known from the subnet");
    assert_eq!(live.network.vpcs[&vpc_address("c", HOME, "standard")].block.to_string(), "10.0.64.0/19");
}

/// Leftovers of a layout are found in every account. If no VPC's tag can say what else exists, one more list is read.
#[tokio::test(start_paused = true)]
async fn governed_regions_are_read_without_layouts() {
    let mut lab = Lab::new();
    let (a, b) = (lab.account("a"), lab.account("b"));
    lab.built("a", &a, "10.0.0.0/19");
    let options = lab.region(&b).fresh("dopt");
    let left = |key: &str| BTreeMap::from([(ADDRESS_TAG.to_owned(), format!("b/{HOME}/{key}"))]);
    let region = lab.region(&b);
    region.dhcp_options.insert(options.clone(), DhcpOptions { values: BTreeMap::new() });
    region.tags.insert(options, left("dhcp_options.old"));
    lab.desired.network = Design { governed: [HOME, "us-east-1"].map(str::to_owned).into(), ..Design::default() };
    let (live, calls) = lab.read().await;
    let more = [("DescribeTags", 3), ("DescribeDhcpOptions", 1)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(calls, lists(2 * 2, 2).into_iter().chain(more).collect());
    let expected = [("a", "subnet.standard/private-euw1-az2"), ("a", "vpc.standard"), ("b", "dhcp_options.old")];
    assert_eq!(network_of(&live), expected.map(|(key, name)| format!("{key}/{HOME}/{name}")).into());
}

#[tokio::test(start_paused = true)]
async fn empty_pages_hide_nothing() {
    let mut lab = Lab::new();
    for (key, cidr) in [("a", "10.0.0.0/19"), ("b", "10.0.32.0/19")] {
        let id = lab.account(key);
        lab.built(key, &id, cidr);
    }
    let calm = lab.read().await;
    lab.weather = Weather { empty_pages: 0.5, seed: 3, ..Weather::default() };
    let (live, calls) = lab.read().await;
    assert_eq!(live, calm.0);
    assert!(calls.values().sum::<usize>() > calm.1.values().sum(), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_new_vpc_needs_its_zones_and_everybodys_blocks() {
    let mut lab = Lab::new();
    let (a, b, stranger) = (lab.account("a"), lab.account("b"), lab.member("stranger"));
    lab.built("a", &a, "10.0.0.0/19");
    lab.wants("b");
    lab.vpc(&b, "10.1.0.0/16", &[("Name", "old")]);
    lab.vpc(&stranger, "10.2.0.0/16", &[]);
    lab.vpc(&stranger, "192.168.0.0/16", &[]);
    lab.vpc(MANAGEMENT, "10.3.0.0/16", &[]);
    let (live, calls) = lab.read().await;
    let more = [("AssumeRole", 3), ("DescribeVpcs", 4), ("DescribeAvailabilityZones", 1)];
    let more = more.map(|(name, count)| (name.to_owned(), count));
    assert_eq!(calls, lists(2, 2).into_iter().chain(more).collect());
    let blocks: Vec<String> = live.network.blocks.iter().map(ToString::to_string).collect();
    assert_eq!(blocks, ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"], "what lies in no pool does not matter");
    assert_eq!(live.network.zones[&scope("b")], ["euw1-az1", "euw1-az2", "euw1-az3"]);
    let [found] = texts(&live).try_into().unwrap();
    assert!(found.contains("(b/eu-west-1): a VPC named `old` with `10.1.0.0/16`"), "{found}");
}

#[tokio::test(start_paused = true)]
async fn accounts_that_are_not_there_yet_have_the_zones_of_the_management_account() {
    let mut lab = Lab::new();
    lab.wants("new");
    lab.wants("newer");
    let (live, calls) = lab.read().await;
    let once = ["DescribeAvailabilityZones", "DescribeVpcs"].map(|name| (name.to_owned(), 1));
    assert_eq!(calls, once.into());
    assert_eq!(live.network.zones[&scope("new")], ["euw1-az1", "euw1-az2", "euw1-az3"]);
    assert_eq!(live.network.zones[&scope("newer")], live.network.zones[&scope("new")]);
    assert_eq!(network_of(&live), BTreeSet::new());
}

#[tokio::test(start_paused = true)]
async fn an_account_that_cannot_be_read_is_a_finding_and_nothing_of_it_is_planned() {
    let mut lab = Lab::new();
    let (a, b) = (lab.account("a"), lab.account("b"));
    lab.built("a", &a, "10.0.0.0/19");
    lab.built("b", &b, "10.0.32.0/19");
    lab.world.accounts.get_mut(&a).unwrap().roles.clear();
    let (live, calls) = lab.read().await;
    assert_eq!(calls["AssumeRole"], 2, "one refusal is enough");
    assert_eq!(live.findings[0].severity, FindingSeverity::Warning);
    let [found] = texts(&live).try_into().unwrap();
    for part in ["account.a: ", "`eu-west-1`", "nothing is planned in it", "sts:AssumeRole was refused: AccessDenied", "(request ", &a] {
        assert!(found.contains(part), "`{part}` is not in {found}");
    }
    assert!(live.network.unreachable["a"].contains("sts:AssumeRole"));
    assert!(network_of(&live).iter().all(|address| address.starts_with("b/")), "{:?}", network_of(&live));
    assert!(!network_of(&live).is_empty());
}

/// Its block is known anyway, from the Region that could be read.
#[tokio::test(start_paused = true)]
async fn half_an_account_is_not_planned_either() {
    let mut lab = Lab::new();
    lab.desired.network.layouts.insert("far".to_owned(), layout("af-south-1"));
    let a = lab.account("a");
    lab.built("a", &a, "10.0.0.0/19");
    lab.weather.broken = Some("account:GetRegionOptStatus".to_owned());
    let (live, _) = lab.read().await;
    let [found] = texts(&live).try_into().unwrap();
    assert!(found.starts_with("account.a: its network cannot be read in `af-south-1`"), "{found}");
    assert_eq!(network_of(&live), BTreeSet::new());
    assert_eq!(live.network.vpcs[&vpc_address("a", HOME, "standard")].block.to_string(), "10.0.0.0/19");
}

#[tokio::test(start_paused = true)]
async fn a_stranger_that_cannot_be_read_is_told_once() {
    let mut lab = Lab::new();
    let stranger = lab.member("stranger");
    lab.desired.network.layouts.insert("dr".to_owned(), layout("eu-central-1"));
    lab.wants("new");
    lab.world.accounts.get_mut(&stranger).unwrap().roles.clear();
    let (live, _) = lab.read().await;
    let [found] = texts(&live).try_into().unwrap();
    assert!(found.starts_with(&format!("{stranger}: its VPCs cannot be read")), "{found}");
    assert_eq!(live.network.unreachable, BTreeMap::new());
}

#[tokio::test(start_paused = true)]
async fn closed_accounts_are_not_asked() {
    let mut lab = Lab::new();
    lab.account("a");
    lab.wants("a");
    lab.live.resources.get_mut(&Address::new("account", "a")).unwrap().frozen = Some("the account is closed".to_owned());
    let (live, calls) = lab.read().await;
    assert_eq!((calls, live.findings), (BTreeMap::new(), Vec::new()));
    assert_eq!(live.network.frozen, BTreeSet::from(["a".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn an_opt_in_region_is_asked_only_once_it_is_enabled() {
    let mut lab = Lab::new();
    lab.desired.network.layouts = [("far".to_owned(), layout("af-south-1"))].into();
    let a = lab.account("a");
    let address = vpc_address("a", "af-south-1", "far");
    let request = Request { layout: "far".to_owned(), pinned: None, id: None, tags: BTreeMap::new() };
    lab.desired.network.vpcs.insert(address.clone(), request);
    let region = Address::within(address.scope().unwrap().clone(), "region", "main");
    let (live, calls) = lab.read().await;
    assert_eq!(live.resources[&region].attributes.get("status").unwrap(), "DISABLED");
    assert_eq!((calls["GetRegionOptStatus"], calls.get("DescribeVpcs")), (2, None), "of the account, and of the management account");
    // The management account has not enabled it either, so its zones are not known.
    let [found] = texts(&live).try_into().unwrap();
    assert!(found.contains("the zones of `af-south-1` cannot be read"), "{found}");

    let opt_in = OptIn { enabled: true, due_ms: 0 };
    lab.world.opt_ins.entry(a).or_default().insert("af-south-1".to_owned(), opt_in);
    let (live, calls) = lab.read().await;
    assert_eq!(live.resources[&region].attributes.get("status").unwrap(), "ENABLED");
    assert_eq!(calls["DescribeSubnets"], 1);
    assert_eq!(live.network.zones[address.scope().unwrap()].len(), 3);
}

#[tokio::test(start_paused = true)]
async fn extras_are_asked_for_where_a_vpc_ever_had_them_or_a_layout_declares_them() {
    let mut lab = Lab::new();
    let (a, b) = (lab.account("a"), lab.account("b"));
    let vpc = lab.built("a", &a, "10.0.0.0/19");
    lab.built("b", &b, "10.0.32.0/19");
    lab.region(&a).tags.get_mut(&vpc).unwrap().insert(WITH_TAG.to_owned(), "dhcp_options flow_log".to_owned());
    let (live, calls) = lab.read().await;
    let more = ["DescribeDhcpOptions", "DescribeFlowLogs"].map(|name| (name.to_owned(), 1));
    assert_eq!(calls, lists(2, 2).into_iter().chain(more).collect());
    let attributes = |key: &str| live.resources[&vpc_address(key, HOME, "standard")].attributes.clone();
    assert!(attributes("a").get("dhcp_options").is_some() && attributes("b").get("dhcp_options").is_none());

    let layout = lab.desired.network.layouts.get_mut("standard").unwrap();
    (layout.dns_hostnames, layout.ipv6) = (Some(true), true);
    let (live, calls) = lab.read().await;
    assert_eq!((calls["DescribeVpcAttribute"], calls["DescribeEgressOnlyInternetGateways"]), (2, 2));
    let attributes = &live.resources[&vpc_address("b", HOME, "standard")].attributes;
    assert_eq!((attributes.get("enable_dns_hostnames"), attributes.get("enable_dns_support")), (Some(false.into()), None));
}

#[tokio::test(start_paused = true)]
async fn a_default_vpc_is_searched_for_what_runs_in_it_when_it_is_to_go() {
    let mut lab = Lab::new();
    let a = lab.account("a");
    let default = Address::within(scope("a"), "default_vpc", "main");
    assert_eq!(lab.read().await.0.resources.get(&default), None);
    lab.desired.network.without_default_vpc.insert("a".to_owned());
    let (live, calls) = lab.read().await;
    assert_eq!((live.resources[&default].attributes.get("present"), &live.resources[&default].frozen), (Some(true.into()), &None));
    assert_eq!(calls["DescribeNetworkInterfaces"], 1);

    // Nothing was written to the Region yet, so its default resources are read from a clone.
    let region = lab.region(&a);
    let subnet = region.subnets.keys().next().unwrap().clone();
    let interface = NetworkInterface {
        subnet,
        groups: BTreeSet::new(),
        description: "an instance".to_owned(),
        private_ip: [172, 31, 0, 9].into(),
        public_ip: None,
    };
    region.interfaces.insert("eni-1".to_owned(), interface);
    let (live, _) = lab.read().await;
    assert!(live.resources[&default].frozen.as_ref().unwrap().contains("`eni-1`"));

    let region = lab.region(&a);
    region.interfaces.clear();
    let vpc = region.vpcs.keys().next().unwrap().clone();
    region.network_acls.insert("acl-1".to_owned(), NetworkAcl { vpc: vpc.clone() });
    assert!(lab.read().await.0.resources[&default].frozen.as_ref().unwrap().contains("`acl-1`"));
    let region = lab.region(&a);
    region.network_acls.clear();
    let life = Life { created_ms: 0, available_ms: 0, deleted_ms: None };
    region.vpn_gateways.insert("vgw-1".to_owned(), VpnGateway { attachment: Some((vpc.clone(), life)), life, pending_ms: 0 });
    assert!(lab.read().await.0.resources[&default].frozen.as_ref().unwrap().contains("`vgw-1`"));

    let region = lab.region(&a);
    region.subnets.insert("subnet-1".to_owned(), Subnet::new(&vpc, "172.31.200.0/24".parse().unwrap(), "euw1-az1"));
    let (live, calls) = lab.read().await;
    assert!(live.resources[&default].frozen.as_ref().unwrap().contains("`subnet-1`"));
    assert_eq!(calls.get("DescribeNetworkInterfaces"), None, "already known to be in use");
}
