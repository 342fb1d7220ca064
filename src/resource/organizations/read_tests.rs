//! The reader with in-memory organizations: which calls it makes, how often, and that it finds everything.

use super::*;
use crate::address::{Address, Reference};
use crate::resource::organizations::{
    AccountAttributes, AlternateContactAttributes, EMAIL_TAG, OrganizationalUnitAttributes, PolicyAttributes, PolicyTypeAttributes,
    TrustedServiceAttributes, alternate_contact_address, organization_address,
};
use crate::resource::{ADDRESS_TAG, Former, untyped};

const MANAGEMENT: &str = "111111111111";
const SCP: &str = "SERVICE_CONTROL_POLICY";

/// How an endpoint behaves.
#[derive(Default)]
struct Endpoint {
    world: Option<World>,
    /// It is listed, and cannot be found.
    gone: Option<&'static str>,
    no_paths: bool,
    /// The last page of a list names a successor that repeats it, under a new token each time.
    endless: bool,
    /// Each page names the second one as its successor.
    circular: bool,
    /// The tags in the index, by account; `None` is a refusal.
    index: Option<BTreeMap<String, BTreeMap<String, String>>>,
}

impl Endpoint {
    fn answer(&self, question: &Question, token: Option<&str>) -> Page {
        let Some(world) = &self.world else { return Page { answer: Answer::NoOrganization, token: None } };
        let about = match question {
            Question::Document(id) | Question::Targets(id) | Question::Tags(id) | Question::UnitsOf(id) => Some(id.as_str()),
            _ => None,
        };
        if about.is_some() && about == self.gone {
            return Page { answer: Answer::Gone, token: None };
        }
        let under = |parent: &str, id: &String| world.accounts.get(id).is_some_and(|account| account.parent.as_deref() == Some(parent));
        match question {
            // The first page of even this list may be empty.
            Question::Root if token.is_none() => Page { answer: Answer::Root(None), token: Some("1".to_owned()) },
            Question::Root => {
                let root = LiveRoot {
                    id: world.root.clone(),
                    arn: format!("arn:aws:organizations::{}:root/o-1/{}", world.management_account, world.root),
                    management_account: world.management_account.clone(),
                    policy_types: world.policy_types.clone().into_iter().collect(),
                };
                Page { answer: Answer::Root(Some(root)), token: None }
            }
            Question::FeatureSet => Page { answer: Answer::FeatureSet(world.feature_set.clone()), token: None },
            Question::Accounts => {
                let hide = |mut account: Member| {
                    account.parent = account.parent.filter(|_| !self.no_paths);
                    account
                };
                self.page(world.accounts.clone().into_iter().map(|(id, account)| (id, hide(account))), token, Answer::Accounts)
            }
            Question::AccountsOf(parent) => {
                self.page(world.accounts.clone().into_iter().filter(|(id, _)| under(parent, id)), token, Answer::Accounts)
            }
            Question::UnitsOf(parent) => {
                self.page(world.units.clone().into_iter().filter(|(_, unit)| unit.parent == *parent), token, Answer::Units)
            }
            Question::Policies(name) => {
                let listed = |policy: LivePolicy| LivePolicy { content: None, targets: BTreeSet::new(), ..policy };
                let policies = world.policies.clone().into_iter().filter(|(_, policy)| policy.policy_type == *name);
                self.page(policies.map(|(id, policy)| (id, listed(policy))), token, Answer::Policies)
            }
            Question::Document(id) => Page { answer: Answer::Document(world.policies[id].content.clone().unwrap()), token: None },
            Question::Targets(id) => self.page(world.policies[id].targets.clone(), token, Answer::Targets),
            Question::Services => self.page(world.trusted_services.clone(), token, Answer::Services),
            Question::Administrators(service) => {
                self.page(world.administrators.get(service).cloned().unwrap_or_default(), token, Answer::Administrators)
            }
            Question::Invitations => self.page(world.invitations.clone(), token, Answer::Invitations),
            Question::AllAdministrators => {
                let all: BTreeSet<String> = world.administrators.values().flatten().cloned().collect();
                self.page(all, token, Answer::Administrators)
            }
            Question::ServicesOf(account) => {
                let administered = world.administrators.iter().filter(|(_, accounts)| accounts.contains(account));
                self.page(administered.map(|(service, _)| service.clone()), token, Answer::DelegatedServices)
            }
            Question::AlternateContact(subject, contact_type) => {
                let contact = world.alternate_contacts.get(&(subject.id().to_owned(), contact_type.clone()));
                Page { answer: Answer::AlternateContact(contact.cloned()), token: None }
            }
            Question::PrimaryContact(subject) => {
                let contact = world.primary_contacts.get(subject.id());
                Page { answer: Answer::PrimaryContact(contact.cloned().map(Box::new)), token: None }
            }
            Question::Regions(subject) => self.page(world.opted_in.get(subject.id()).cloned().unwrap_or_default(), token, Answer::Regions),
            Question::IndexedTags(arns) => {
                let id = |arn: &String| arn.strip_prefix("arn:aws:organizations::111111111111:account/o-1/").unwrap().to_owned();
                let tags = |id: String| Some((id.clone(), self.index.as_ref()?.get(&id)?.clone()));
                let found = self.index.as_ref().map(|_| arns.iter().map(id).filter_map(tags).collect());
                Page { answer: Answer::IndexedTags(found), token: None }
            }
            Question::Tags(id) => self.page(world.tags.get(id).cloned().unwrap_or_default(), token, Answer::Tags),
        }
    }

    /// Twenty at a time.
    fn page<T>(&self, all: impl IntoIterator<Item = T>, token: Option<&str>, answer: impl Fn(Vec<T>) -> Answer) -> Page {
        let mut pages: Vec<Vec<T>> = vec![Vec::new()];
        for item in all {
            if pages.last().unwrap().len() == 20 {
                pages.push(Vec::new());
            }
            pages.last_mut().unwrap().push(item);
        }
        let at: usize = token.map_or(0, |token| token.parse().unwrap());
        let last = pages.len() - 1;
        let token = (at < last || self.endless).then(|| if self.circular { "1".to_owned() } else { (at + 1).to_string() });
        Page { answer: answer(pages.swap_remove(at.min(last))), token }
    }
}

/// Reads it, and returns how often each operation was called.
fn read(endpoint: &Endpoint, desired: &Desired) -> (AwsResult<Option<World>>, BTreeMap<&'static str, usize>) {
    let mut reader = Reader::new(desired, Wanted::of(desired).unwrap(), Extent::Declared);
    let mut counts = BTreeMap::new();
    let mut in_flight = VecDeque::new();
    reader.put(Question::Root);
    reader.put(Question::Accounts);
    loop {
        while let Some(next) = reader.next() {
            in_flight.push_back(next);
        }
        match in_flight.pop_front() {
            Some((question, token)) => {
                *counts.entry(question.operation()).or_default() += 1;
                assert!(counts.values().sum::<usize>() < 10_000, "it never ends");
                let page = endpoint.answer(&question, token.as_deref());
                if let Err(e) = reader.take(&question, page) {
                    return (Err(e), counts);
                }
            }
            None if reader.follow_up() => {}
            None => return (reader.finish(), counts),
        }
    }
}

fn desired() -> Desired {
    let mut desired = Desired { management_account: MANAGEMENT.to_owned(), ..Desired::default() };
    let scp = PolicyTypeAttributes { organization: organization_address().into(), policy_type: SCP.to_owned() };
    desired.resources.insert(Address::new("policy_type", SCP), untyped(&scp));
    desired
}

fn want_unit(desired: &mut Desired, key: &str, parent: &Address) {
    let unit = OrganizationalUnitAttributes { name: key.to_owned(), parent: parent.clone().into(), tags: None };
    desired.resources.insert(Address::new("ou", key), untyped(&unit));
}

fn want_policy(desired: &mut Desired, key: &str) {
    let policy = PolicyAttributes {
        content: serde_json::json!({}),
        description: String::new(),
        name: key.to_owned(),
        policy_type: Address::new("policy_type", SCP).into(),
        tags: None,
    };
    desired.resources.insert(Address::new("policy", key), untyped(&policy));
}

fn want_account(desired: &mut Desired, key: &str, tags: Option<BTreeMap<String, String>>) {
    let account = AccountAttributes {
        code_sent_to: None,
        email: Some(format!("{key}@example.org")),
        name: Some(key.to_owned()),
        leaves: None,
        parent: Some(Reference::Address(organization_address())),
        tags,
    };
    desired.resources.insert(Address::new("account", key), untyped(&account));
}

fn want_service(desired: &mut Desired, service: &str) {
    let trusted = TrustedServiceAttributes { organization: organization_address().into(), service: service.to_owned() };
    desired.resources.insert(Address::new("trusted_service", service), untyped(&trusted));
}

/// So many accounts, OUs and policies, all desired.
fn organization(accounts: usize, units: usize, policies: usize) -> (Desired, World) {
    let mut desired = desired();
    let mut world = World {
        root: "r-ab".to_owned(),
        management_account: MANAGEMENT.to_owned(),
        feature_set: "ALL".to_owned(),
        policy_types: [(SCP.to_owned(), "ENABLED".to_owned())].into(),
        ..World::default()
    };
    for n in 0..units {
        // Sixteen under each, so that no list of OUs needs a second page.
        let (key, above) = (format!("unit-{n}"), (n / 16).checked_sub(1));
        let place = above.map_or_else(organization_address, |above| Address::new("ou", format!("unit-{above}")));
        want_unit(&mut desired, &key, &place);
        let parent = above.map_or_else(|| "r-ab".to_owned(), |above| format!("ou-ab-{above:04}"));
        world.units.insert(format!("ou-ab-{n:04}"), Unit { name: key, parent });
    }
    let parents: Vec<String> = world.units.keys().cloned().chain(["r-ab".to_owned()]).collect();
    for n in 0..accounts {
        let key = format!("account-{n}");
        want_account(&mut desired, &key, None);
        let parent = parents[n % parents.len()].clone();
        let account = Member {
            name: key.clone(),
            email: format!("{key}@example.org"),
            state: "ACTIVE".to_owned(),
            parent: Some(parent),
            ..Member::default()
        };
        world.accounts.insert(format!("{:012}", 222_222_000_000_u64 + n as u64), account);
    }
    let everything: BTreeSet<String> = parents.into_iter().chain(world.accounts.keys().cloned()).collect();
    let policy = |name: &str, targets: BTreeSet<String>| LivePolicy {
        policy_type: SCP.to_owned(),
        name: name.to_owned(),
        content: Some("{}".to_owned()),
        targets,
        ..LivePolicy::default()
    };
    let full = LivePolicy { aws_managed: true, content: None, ..policy("FullAWSAccess", everything.clone()) };
    world.policies.insert("p-FullAWSAccess".to_owned(), full);
    for (n, target) in (0..policies).zip(everything) {
        let key = format!("policy-{n}");
        want_policy(&mut desired, &key);
        world.policies.insert(format!("p-{n:04}"), policy(&key, [target].into()));
    }
    (desired, world)
}

fn total(counts: &BTreeMap<&'static str, usize>) -> usize {
    counts.values().sum()
}

#[test]
fn reads_everything_with_the_fewest_calls() {
    for (accounts, units, policies, most) in [(100, 15, 20, 70), (1_000, 80, 60, 311), (5_000, 300, 150, 1_126)] {
        let (desired, world) = organization(accounts, units, policies);
        let endpoint = Endpoint { world: Some(world.clone()), ..Endpoint::default() };
        let (read, counts) = read(&endpoint, &desired);
        assert_eq!(read.unwrap(), Some(world));
        // The root's empty first page is this endpoint's.
        assert!(total(&counts) <= most + 1, "{} of {most}: {counts:?}", total(&counts));
    }
}

#[test]
fn reads_parent_by_parent_where_the_endpoint_tells_no_paths() {
    let (desired, world) = organization(50, 3, 2);
    let (read, counts) = read(&Endpoint { world: Some(world.clone()), no_paths: true, ..Endpoint::default() }, &desired);
    assert_eq!(read.unwrap(), Some(world));
    assert_eq!((counts["organizations:ListAccounts"], counts["organizations:ListAccountsForParent"]), (1, 4));
}

#[test]
fn ends_where_the_endpoint_never_does() {
    let (desired, world) = organization(50, 3, 2);
    let (read, _) = read(&Endpoint { world: Some(world.clone()), endless: true, ..Endpoint::default() }, &desired);
    assert_eq!(read.unwrap(), Some(world));
}

#[test]
fn half_a_list_is_not_taken_for_the_whole() {
    let (desired, world) = organization(50, 3, 2);
    let (read, _) = read(&Endpoint { world: Some(world), circular: true, ..Endpoint::default() }, &desired);
    assert!(read.unwrap_err().to_string().contains("the list is incomplete"));
}

#[test]
fn what_vanishes_while_it_is_read_is_left_out() {
    for gone in ["p-0001", "ou-ab-0001"] {
        let (desired, mut world) = organization(0, 2, 2);
        let (read, _) = read(&Endpoint { world: Some(world.clone()), gone: Some(gone), ..Endpoint::default() }, &desired);
        world.policies.remove(gone);
        world.units.remove(gone);
        assert_eq!(read.unwrap(), Some(world));
    }
}

#[test]
fn no_organization_is_an_answer() {
    assert_eq!(read(&Endpoint::default(), &desired()).0, Ok(None));
}

#[test]
fn refuses_another_management_account() {
    let (desired, mut world) = organization(1, 0, 0);
    world.management_account = "999999999999".to_owned();
    let (read, counts) = read(&Endpoint { world: Some(world), ..Endpoint::default() }, &desired);
    assert!(read.unwrap_err().to_string().contains("`999999999999`"));
    assert_eq!(counts.get("organizations:ListPolicies"), None);
}

#[test]
fn asks_for_tags_only_where_they_are_declared_or_needed() {
    let (mut desired, mut world) = organization(3, 2, 2);
    want_account(&mut desired, "account-1", Some([("team".to_owned(), "a".to_owned())].into()));
    desired.resources.remove(&Address::new("ou", "unit-1"));
    desired.resources.remove(&Address::new("policy", "policy-1"));
    let ours = |address: &str| BTreeMap::from([(ADDRESS_TAG.to_owned(), address.to_owned())]);
    world.tags.insert("222222000001".to_owned(), [("team".to_owned(), "b".to_owned())].into());
    world.tags.insert("ou-ab-0001".to_owned(), ours("ou.unit-1"));
    world.tags.insert("p-0001".to_owned(), ours("policy.policy-1"));
    let (read, counts) = read(&Endpoint { world: Some(world.clone()), ..Endpoint::default() }, &desired);
    assert_eq!(read.unwrap(), Some(world));
    assert_eq!(counts["organizations:ListTagsForResource"], 3);
}

/// Accounts that declare a tag each and have it.
fn tagged_organization(accounts: usize) -> (Desired, World) {
    let (mut desired, mut world) = organization(accounts, 0, 0);
    for number in 0..accounts {
        let tags = BTreeMap::from([("team".to_owned(), format!("team-{number}"))]);
        want_account(&mut desired, &format!("account-{number}"), Some(tags.clone()));
        world.tags.insert(format!("222222{number:06}"), tags);
    }
    (desired, world)
}

#[test]
fn tags_of_many_accounts_come_from_the_index_a_hundred_at_a_time() {
    let (desired, world) = tagged_organization(250);
    let endpoint = Endpoint { index: Some(world.tags.clone()), world: Some(world.clone()), ..Endpoint::default() };
    let (read, counts) = read(&endpoint, &desired);
    assert_eq!(read.unwrap(), Some(world));
    assert_eq!(counts["tag:GetResources"], 3);
    assert_eq!(counts.get("organizations:ListTagsForResource"), None);
}

#[test]
fn tags_of_few_accounts_are_read_one_by_one() {
    let (desired, world) = tagged_organization(9);
    let endpoint = Endpoint { index: Some(world.tags.clone()), world: Some(world.clone()), ..Endpoint::default() };
    let (read, counts) = read(&endpoint, &desired);
    assert_eq!(read.unwrap(), Some(world));
    assert_eq!(counts.get("tag:GetResources"), None);
    assert_eq!(counts["organizations:ListTagsForResource"], 9);
}

#[test]
fn index_clears_an_account_and_never_accuses_one() {
    let (desired, mut world) = tagged_organization(20);
    let mut index = world.tags.clone();
    let id = |number: usize| format!("222222{number:06}");
    // The index is outdated: it lacks an account, has an old value, and has a deleted tag. And one account has really drifted.
    index.remove(&id(3));
    index.insert(id(4), [("team".to_owned(), "old".to_owned())].into());
    index.get_mut(&id(5)).unwrap().insert(EMAIL_TAG.to_owned(), "mark".to_owned());
    for tags in [&mut world.tags, &mut index] {
        tags.insert(id(6), [("team".to_owned(), "drifted".to_owned())].into());
    }
    let endpoint = Endpoint { index: Some(index), world: Some(world.clone()), ..Endpoint::default() };
    let (read, counts) = read(&endpoint, &desired);
    assert_eq!(read.unwrap(), Some(world));
    assert_eq!(counts["tag:GetResources"], 1);
    assert_eq!(counts["organizations:ListTagsForResource"], 4);
}

#[test]
fn refused_index_is_asked_once_and_all_tags_are_read_one_by_one() {
    let (desired, world) = tagged_organization(250);
    let (read, counts) = read(&Endpoint { world: Some(world.clone()), ..Endpoint::default() }, &desired);
    assert_eq!(read.unwrap(), Some(world));
    assert!(counts["tag:GetResources"] <= 3, "{counts:?}");
    assert_eq!(counts["organizations:ListTagsForResource"], 250);
}

#[test]
fn looks_for_a_moved_account_among_those_that_nothing_else_claims() {
    let (mut desired, mut world) = organization(3, 0, 0);
    desired.resources.remove(&Address::new("account", "account-2"));
    want_account(&mut desired, "renamed", None);
    let former = Former { address: Address::new("account", "account-2"), names: Vec::new() };
    desired.moved.insert(Address::new("account", "renamed"), former);
    world.tags.insert("222222000002".to_owned(), [(ADDRESS_TAG.to_owned(), "account.account-2".to_owned())].into());
    let (read, counts) = read(&Endpoint { world: Some(world.clone()), ..Endpoint::default() }, &desired);
    assert_eq!(read.unwrap(), Some(world));
    assert_eq!(counts["organizations:ListTagsForResource"], 1);
}

#[test]
fn asks_who_administers_only_a_trusted_service() {
    let (mut desired, mut world) = organization(1, 0, 0);
    for service in ["config.amazonaws.com", "sso.amazonaws.com"] {
        let trusted = TrustedServiceAttributes { organization: organization_address().into(), service: service.to_owned() };
        desired.resources.insert(Address::new("trusted_service", service), untyped(&trusted));
        let administrator = super::super::DelegatedAdministratorAttributes {
            account: Address::new("account", "account-0").into(),
            service: service.to_owned(),
            trusted_service: Address::new("trusted_service", service).into(),
        };
        desired.resources.insert(Address::new("delegated_administrator", service), untyped(&administrator));
    }
    world.trusted_services.insert("config.amazonaws.com".to_owned());
    world.administrators.insert("config.amazonaws.com".to_owned(), ["222222000000".to_owned()].into());
    let (read, counts) = read(&Endpoint { world: Some(world.clone()), ..Endpoint::default() }, &desired);
    assert_eq!(read.unwrap(), Some(world));
    assert_eq!(counts["organizations:ListDelegatedAdministrators"], 1);
}

#[test]
fn the_longest_chain_of_targets_is_never_starved() {
    let (desired, world) = organization(100, 3, 50);
    let mut reader = Reader::new(&desired, Wanted::of(&desired).unwrap(), Extent::Declared);
    let endpoint = Endpoint { world: Some(world), ..Endpoint::default() };
    reader.put(Question::Policies(SCP.to_owned()));
    let mut in_flight = VecDeque::new();
    let mut order = Vec::new();
    loop {
        while let Some(next) = reader.next() {
            in_flight.push_back(next);
        }
        let Some((question, token)) = in_flight.pop_front() else { break };
        order.push(question.clone());
        let page = endpoint.answer(&question, token.as_deref());
        reader.take(&question, page).unwrap();
    }
    let targets: Vec<&Question> = order.iter().filter(|question| matches!(question, Question::Targets(_))).collect();
    let full = Question::Targets("p-FullAWSAccess".to_owned());
    let last = targets.iter().rposition(|question| **question == full).unwrap();
    // Its 6 pages, and a round for those that were in flight when it was first seen.
    assert!(last <= 7 * WIDTH_OF_TARGETS, "its 6 pages came only with question {last} of {}", targets.len());
}

#[test]
fn contacts_are_asked_for_where_they_are_declared_and_members_only_in_trust() {
    let contact = |account: &str| AlternateContactAttributes {
        account: Address::new("account", account).into(),
        contact_type: "BILLING".to_owned(),
        email: "a@example.org".to_owned(),
        name: "a".to_owned(),
        phone: "1".to_owned(),
        title: "a".to_owned(),
        trusted_service: None,
    };
    let check = |trusted: Option<&str>, expected: usize| {
        let (mut desired, mut world) = organization(45, 0, 0);
        for key in ["account-1", "account-44"] {
            desired.resources.insert(alternate_contact_address(key, "billing"), untyped(&contact(key)));
        }
        want_service(&mut desired, "account.amazonaws.com");
        world.trusted_services.extend(trusted.map(str::to_owned));
        let (_, counts) = read(&Endpoint { world: Some(world), ..Endpoint::default() }, &desired);
        assert_eq!(counts.get("account:GetAlternateContact").copied().unwrap_or_default(), expected);
        assert_eq!(counts.get("account:GetContactInformation"), None);
    };
    check(Some("account.amazonaws.com"), 2);
    check(Some("config.amazonaws.com"), 0);
    check(None, 0);
}
