//! The reader of the organizations family: the fewest calls, with as many in flight as AWS's rates allow.
//!
//! Reading is a queue of questions. Every page of an answer may add questions: an OU adds its child OUs, an account that declares tags
//! adds its tags. So no branch waits for another one, and results are followed up early. The read is complete when the queue is empty.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::contacts::{ACCOUNT_MANAGEMENT, CONTACT_TYPES, Subject};
use super::identity::Identity;
use super::lock;
use super::organization_address;
use super::questions::{Answer, Clients, LiveRoot, Page, Question};
use super::tag_index::{TagIndex, Verdict};
use super::world::{Contact, LivePolicy, Member, Unit, Wanted, World, type_name};
use super::{Account, AccountAttributes};
use crate::address::{Address, Reference};
use crate::aws::{AwsResult, Error};
use crate::limits::LIMITS;
use crate::policy::Family;
use crate::resource::pages::{Pages, circle};
use crate::resource::{Desired, Kind};

/// Reads the organization; `None` if there is none. `known` is called with the address and id of each usable account of the
/// configuration, as soon as its page has arrived: minutes before the read is complete.
///
/// # Errors
/// A read failed; the organization belongs to another management account.
pub(super) async fn read(clients: &Clients, desired: &Desired, known: impl FnMut(Address, String)) -> AwsResult<Option<World>> {
    run(clients, Reader::new(desired, Wanted::of(desired)?, Extent::Declared), known).await
}

/// Reads everything, whatever a configuration says; `None` if there is no organization.
///
/// # Errors
/// A read failed; `management_account` does not manage the organization.
pub(super) async fn read_whole(clients: &Clients, management_account: &str, whole: Whole) -> AwsResult<Option<World>> {
    let desired = Desired { management_account: management_account.to_owned(), ..Desired::default() };
    run(clients, Reader::new(&desired, Wanted::default(), Extent::Whole(whole)), |_, _| {}).await
}

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// What a configuration needs.
    Declared,
    /// Everything: all policies with their documents, all trusted services with their administrators.
    Whole(Whole),
}

/// Data of all accounts that takes calls for each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole {
    /// The tags.
    pub tags: Tagging,
    /// The contacts and the opt-in Regions.
    pub attributes: Attributing,
}

impl From<Tagging> for Whole {
    fn from(tags: Tagging) -> Self {
        Self { tags, attributes: Attributing::Left }
    }
}

/// Whether contacts and opt-in Regions of accounts are read too: 5 calls for each, if Account Management is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attributing {
    /// They are read and returned.
    Read,
    /// They are not read.
    Left,
}

/// Whether the tags of accounts are read too: one call for each. Those of OUs and policies always are, since they say what overlord
/// created and under which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tagging {
    /// They are read, and all tags are returned.
    Read,
    /// They are not read.
    Left,
}

async fn run(clients: &Clients, mut reader: Reader<'_>, mut known: impl FnMut(Address, String)) -> AwsResult<Option<World>> {
    let mut in_flight = FuturesUnordered::new();
    reader.put(Question::Root);
    reader.put(Question::Accounts);
    loop {
        while let Some((question, token)) = reader.next() {
            in_flight.push(ask(clients.clone(), question, token));
        }
        match in_flight.next().await {
            Some((question, page)) => {
                reader.take(&question, page?)?;
                reader.recognised.drain(..).for_each(|(address, id)| known(address, id));
            }
            None if reader.follow_up() => {}
            None => return reader.finish(),
        }
    }
}

fn ask(clients: Clients, question: Question, token: Option<String>) -> BoxFuture<'static, (Question, AwsResult<Page>)> {
    Box::pin(async move {
        let page = question.ask(&clients, token).await;
        (question, page)
    })
}

/// The questions of one operation: some in flight, the others queued.
#[derive(Debug, Default)]
struct Lane {
    in_flight: usize,
    waiting: VecDeque<(Question, Option<String>)>,
}

impl Lane {
    fn is_idle(&self) -> bool {
        self.in_flight == 0 && self.waiting.is_empty()
    }
}

/// How many requests of one operation are in flight at a time: enough for any of AWS's rates at any usual latency, and few enough that
/// thousands of questions cost no memory.
const WIDTH: usize = 16;

/// Fewer here. The targets of AWS's default policies are one long chain of pages, each requested after the previous one arrived, and it
/// cannot use the tokens that other policies take meanwhile. With few others in flight it never starves.
const WIDTH_OF_TARGETS: usize = 4;

struct Reader<'a> {
    desired: &'a Desired,
    wanted: Wanted,
    extent: Extent,
    world: World,
    /// AWS's answer that there is no organization.
    refused: BTreeSet<Question>,
    lanes: BTreeMap<&'static str, Lane>,
    asked: BTreeMap<Question, Pages>,
    /// The desired accounts, by pinned id or by e-mail in lower case: follow-up questions start page by page.
    expected: BTreeMap<String, Address>,
    /// Those of them that were found and can be used, until they are reported.
    recognised: Vec<(Address, String)>,
    /// Types and names of the desired policies, whose documents are read at once.
    named_policies: BTreeSet<(String, String)>,
    /// Whether accounts are listed parent by parent, since the endpoint returns no paths.
    by_parent: bool,
    /// Listings that are complete and were followed up.
    followed: BTreeSet<&'static str>,
    index: TagIndex,
}

impl<'a> Reader<'a> {
    fn new(desired: &'a Desired, wanted: Wanted, extent: Extent) -> Self {
        let expected = wanted.accounts.iter().filter_map(|(address, account)| {
            let by_email = || account.email.as_ref().map(|email| email.to_ascii_lowercase());
            Some((desired.pinned.get(address).cloned().or_else(by_email)?, address.clone()))
        });
        let expected = expected.collect();
        let index = TagIndex::new(extent, &wanted, &desired.selection);
        let named_policies = wanted.policies.values().map(|policy| (type_name(policy).to_owned(), policy.name.clone())).collect();
        Self {
            desired,
            wanted,
            extent,
            world: World::default(),
            refused: BTreeSet::new(),
            lanes: BTreeMap::new(),
            asked: BTreeMap::new(),
            expected,
            recognised: Vec::new(),
            named_policies,
            by_parent: false,
            followed: BTreeSet::new(),
            index,
        }
    }

    fn is_new(&mut self, question: &Question) -> bool {
        !self.asked.contains_key(question) && self.asked.insert(question.clone(), Pages::default()).is_none()
    }

    /// Adds a question, unless it was added already.
    fn put(&mut self, question: Question) {
        if self.is_new(&question) {
            self.lanes.entry(question.operation()).or_default().waiting.push_back((question, None));
        }
    }

    /// The same, at the front of the queue.
    fn put_first(&mut self, question: Question) {
        if self.is_new(&question) {
            self.go_on(question, None);
        }
    }

    /// Adds the next page of a chain at the front: it has already waited once.
    fn go_on(&mut self, question: Question, token: Option<String>) {
        self.lanes.entry(question.operation()).or_default().waiting.push_front((question, token));
    }

    /// The next question that may be sent.
    fn next(&mut self) -> Option<(Question, Option<String>)> {
        let width = |operation: &str| if operation == "organizations:ListTargetsForPolicy" { WIDTH_OF_TARGETS } else { WIDTH };
        let (_, lane) = self.lanes.iter_mut().find(|(operation, lane)| lane.in_flight < width(operation) && !lane.waiting.is_empty())?;
        lane.in_flight += 1;
        lane.waiting.pop_front()
    }

    /// Stores an answer and adds the follow-up questions.
    fn take(&mut self, question: &Question, page: Page) -> AwsResult<()> {
        if let Some(lane) = self.lanes.get_mut(question.operation()) {
            lane.in_flight -= 1;
        }
        let next = self.asked.get_mut(question).and_then(|pages| pages.next(page.answer.items(), page.token.as_deref()));
        if self.asked.get(question).is_some_and(Pages::is_cut) {
            return Err(circle(question.operation()));
        }
        match page.answer {
            Answer::NoOrganization => drop(self.refused.insert(question.clone())),
            Answer::Gone => self.gone(question),
            Answer::Root(root) => root.map_or(Ok(()), |root| self.root(root))?,
            Answer::FeatureSet(feature_set) => self.features(feature_set),
            Answer::Accounts(accounts) => self.accounts(question, accounts),
            Answer::Units(units) => self.units(units),
            Answer::Policies(policies) => self.policies(policies),
            Answer::Document(content) => self.document(question, content),
            Answer::Targets(targets) => self.targets(question, targets),
            Answer::Services(services) => self.world.trusted_services.extend(services),
            Answer::Administrators(accounts) => self.administrators(question, accounts),
            Answer::Invitations(invitations) => self.world.invitations.extend(invitations),
            Answer::DelegatedServices(services) => self.delegated(question, services),
            Answer::Tags(tags) => self.tags(question, tags),
            Answer::IndexedTags(found) => self.indexed_tags(question, found),
            Answer::AlternateContact(contact) => self.world.alternate_contacts.extend(contact.and_then(|contact| contact.by_account())),
            Answer::Regions(regions) => self.regions(question, regions),
            Answer::PrimaryContact(contact) => self.world.primary_contacts.extend(contact.and_then(|contact| contact.by_account())),
        }
        // Without paths, further pages of all accounts would add nothing to the parents' lists.
        if let Some(token) = next
            && !(self.by_parent && *question == Question::Accounts)
        {
            self.go_on(question.clone(), Some(token));
        }
        self.when_listed();
        Ok(())
    }

    fn root(&mut self, root: LiveRoot) -> AwsResult<()> {
        let LiveRoot { id, arn, management_account, policy_types } = root;
        if management_account != self.desired.management_account {
            return Err(self.another_management_account(&management_account));
        }
        self.index.learn_root(&arn);
        self.world.root = id.clone();
        self.world.management_account = management_account;
        self.world.policy_types = policy_types.into_iter().collect();
        self.parent(id, 0);
        let types = match self.extent {
            Extent::Declared => self.wanted.policy_types.keys().cloned().collect::<Vec<_>>(),
            Extent::Whole(_) => self.world.policy_types.keys().cloned().collect(),
        };
        for name in types {
            if self.world.enabled(&name) && self.desired.selection.reads_policies() {
                self.put(Question::Policies(name));
            }
        }
        match self.world.policy_types.is_empty() {
            true => self.put(Question::FeatureSet),
            // Policies of all types need all features.
            false => self.features("ALL".to_owned()),
        }
        Ok(())
    }

    fn another_management_account(&self, found: &str) -> Error {
        let own = &self.desired.management_account;
        let (message, hint) = match self.extent {
            Extent::Declared => (
                format!("the organization is managed by account `{found}`, and the configuration is for `{own}`"),
                "use the credentials of the management account, or correct `management_account`",
            ),
            Extent::Whole(_) => (
                format!("the organization is managed by account `{found}`, and these are credentials of `{own}`"),
                "use credentials of the management account (--profile)",
            ),
        };
        Error::Failed { message, hint: Some(hint.to_owned()) }
    }

    /// It is left out, as if it had not been listed. If it exists after all, its creation finds it by its name.
    fn gone(&mut self, question: &Question) {
        match question {
            Question::Document(id) | Question::Targets(id) => drop(self.world.policies.remove(id)),
            Question::UnitsOf(id) | Question::AccountsOf(id) => drop(self.world.units.remove(id)),
            Question::Tags(id) => {
                self.world.policies.remove(id);
                self.world.units.remove(id);
            }
            Question::Root
            | Question::FeatureSet
            | Question::IndexedTags(_)
            | Question::Accounts
            | Question::Policies(_)
            | Question::Services
            | Question::Administrators(_)
            | Question::AllAdministrators
            | Question::ServicesOf(_)
            | Question::AlternateContact(..)
            | Question::PrimaryContact(_)
            | Question::Regions(_)
            | Question::Invitations => {}
        }
    }

    fn features(&mut self, feature_set: String) {
        match self.extent {
            Extent::Whole(_) if feature_set == "ALL" => {
                self.put(Question::Services);
                self.put(Question::AllAdministrators);
            }
            Extent::Declared if feature_set == "ALL" && !self.wanted.trusted_services.is_empty() => self.put(Question::Services),
            Extent::Whole(_) | Extent::Declared => {}
        }
        self.world.feature_set = feature_set;
    }

    /// The root, or an OU at that level below it.
    fn parent(&mut self, id: String, level: usize) {
        if self.by_parent {
            self.put(Question::AccountsOf(id.clone()));
        }
        if level < LIMITS.quotas.ou_depth {
            self.put(Question::UnitsOf(id));
        }
    }

    fn units(&mut self, units: Vec<(String, Unit)>) {
        for (id, unit) in units {
            self.world.units.insert(id.clone(), unit);
            let level = self.world.depth(&id);
            self.parent(id, level);
        }
    }

    fn accounts(&mut self, question: &Question, accounts: Vec<(String, Member)>) {
        if *question == Question::Accounts && !accounts.is_empty() && accounts.iter().all(|(_, account)| account.parent.is_none()) {
            self.list_by_parent();
        }
        for (id, account) in accounts {
            if let Some(address) = self.expected.get(&id).or_else(|| self.expected.get(&account.email.to_ascii_lowercase())).cloned() {
                let renewed = |wanted: &String| !wanted.eq_ignore_ascii_case(&account.email);
                // If the e-mail of an account changes, its tags say whether a code was sent already.
                let is_renewed = |wanted: &AccountAttributes| wanted.email.as_ref().is_some_and(renewed);
                let wanted = self.wanted.accounts.get(&address).filter(|_| self.desired.selection.selects(&address));
                match wanted {
                    Some(wanted) if is_renewed(wanted) => self.put(Question::Tags(id.clone())),
                    Some(wanted) if wanted.tags.is_some() => self.tags_of_account(id.clone(), &address),
                    Some(_) | None => {}
                }
                let leaves = self.wanted.accounts.get(&address).is_some_and(|account| account.leaves.is_some());
                if account.frozen().is_none() && !leaves {
                    self.contacts(&address, &id);
                    self.recognised.push((address, id.clone()));
                }
            }
            if matches!(self.extent, Extent::Whole(Whole { tags: Tagging::Read, .. })) && account.frozen().is_none() {
                self.put(Question::Tags(id.clone()));
            }
            match self.world.accounts.get_mut(&id) {
                // The page of all accounts may arrive after the parent's.
                Some(known) if account.parent.is_none() => known.state = account.state,
                _ => drop(self.world.accounts.insert(id, account)),
            }
        }
    }

    fn list_by_parent(&mut self) {
        self.by_parent = true;
        let parents = std::iter::once(&self.world.root).filter(|root| !root.is_empty()).chain(self.world.units.keys());
        for parent in parents.cloned().collect::<Vec<_>>() {
            self.put(Question::AccountsOf(parent));
        }
    }

    fn policies(&mut self, policies: Vec<(String, LivePolicy)>) {
        for (id, policy) in policies {
            if policy.aws_managed {
                self.put_first(Question::Targets(id.clone()));
            } else {
                self.put(Question::Targets(id.clone()));
                let wanted = match self.extent {
                    Extent::Declared => self.named_policies.contains(&(policy.policy_type.clone(), policy.name.clone())),
                    Extent::Whole(_) => !policy.is_control_towers(),
                };
                if wanted {
                    self.put(Question::Document(id.clone()));
                }
            }
            // A page that arrives twice must not overwrite newer results.
            self.world.policies.entry(id).or_insert(policy);
        }
    }

    fn document(&mut self, question: &Question, content: String) {
        if let Question::Document(id) = question
            && let Some(policy) = self.world.policies.get_mut(id)
        {
            policy.content = Some(content);
        }
    }

    fn targets(&mut self, question: &Question, targets: Vec<String>) {
        if let Question::Targets(id) = question
            && let Some(policy) = self.world.policies.get_mut(id)
        {
            policy.targets.extend(targets);
            // Its document shows whether the console created it.
            if policy.may_be_consoles() && policy.content.is_none() {
                let document = Question::Document(id.clone());
                self.put(document);
            }
        }
    }

    fn administrators(&mut self, question: &Question, accounts: Vec<String>) {
        if let Question::Administrators(service) = question {
            self.world.administrators.entry(service.clone()).or_default().extend(accounts);
        } else {
            accounts.into_iter().for_each(|account| self.put(Question::ServicesOf(account)));
        }
    }

    fn delegated(&mut self, question: &Question, services: Vec<String>) {
        if let Question::ServicesOf(account) = question {
            for service in services {
                self.world.administrators.entry(service).or_default().insert(account.clone());
            }
        }
    }

    /// From the index if it works; otherwise at once.
    fn tags_of_account(&mut self, id: String, address: &Address) {
        match self.index.add(id, address) {
            Ok(arns) => arns.into_iter().for_each(|arns| self.put(Question::IndexedTags(arns))),
            Err(id) => self.put(Question::Tags(id)),
        }
    }

    fn indexed_tags(&mut self, question: &Question, found: Option<BTreeMap<String, BTreeMap<String, String>>>) {
        let Question::IndexedTags(arns) = question else { return };
        let Verdict { cleared, unclear } = self.index.judge(arns, found, &self.wanted);
        self.world.tags.extend(cleared);
        unclear.into_iter().for_each(|id| self.put(Question::Tags(id)));
    }

    fn tags(&mut self, question: &Question, tags: Vec<(String, String)>) {
        if let Question::Tags(id) = question {
            if self.index.forget(id) {
                self.world.tags.remove(id);
            }
            self.world.tags.entry(id.clone()).or_default().extend(tags);
        }
    }

    /// Questions that can be sent as soon as a listing is complete.
    fn when_listed(&mut self) {
        if self.is_listed("organizations:ListOrganizationalUnitsForParent") {
            let identity = Identity::of(self.desired, &self.wanted, &self.world);
            self.tags_of_units(&identity);
        }
        if self.is_listed("organizations:ListPolicies") {
            let identity = Identity::of(self.desired, &self.wanted, &self.world);
            self.tags_of_policies(&identity);
        }
        if !self.wanted.invitations.is_empty() && self.is_listed("organizations:ListAccounts") {
            let identity = Identity::of(self.desired, &self.wanted, &self.world);
            self.invitations(&identity);
        }
        if self.lanes.get("organizations:ListAccounts").is_some_and(Lane::is_idle) {
            self.index.rest().into_iter().for_each(|arns| self.put(Question::IndexedTags(arns)));
        }
        if self.is_listed("organizations:ListAWSServiceAccessForOrganization") {
            let identity = Identity::of(self.desired, &self.wanted, &self.world);
            self.contacts_of_accounts(&identity);
            let services: Vec<String> = self.wanted.administrators.values().map(|wanted| wanted.service.clone()).collect();
            for service in services {
                // Only a trusted service has an administrator.
                if self.world.trusted_services.contains(&service) {
                    self.put(Question::Administrators(service));
                }
            }
        }
    }

    /// Whether a listing is complete; returns true only once.
    fn is_listed(&mut self, operation: &'static str) -> bool {
        self.lanes.get(operation).is_some_and(Lane::is_idle) && self.followed.insert(operation)
    }

    /// The tags of OUs that declare tags, of unrecognised ones, which may be renamed or removed from org.toml, and of those that may have
    /// exchanged their names.
    fn tags_of_units(&mut self, identity: &Identity) {
        let wants = |id: &String| match (self.extent, identity.address(id)) {
            (Extent::Whole(_), _) => true,
            (Extent::Declared, Some(address)) => {
                identity.is_doubtful(id) || self.wanted.units.get(address).is_some_and(|unit| unit.tags.is_some())
            }
            (Extent::Declared, None) => true,
        };
        let ids: Vec<String> = self.world.units.keys().filter(|id| wants(id)).cloned().collect();
        ids.into_iter().for_each(|id| self.put(Question::Tags(id)));
    }

    /// The same for policies, without AWS's own.
    fn tags_of_policies(&mut self, identity: &Identity) {
        let wants = |id: &String| match (self.extent, identity.address(id)) {
            (Extent::Whole(_), _) => true,
            (Extent::Declared, Some(address)) => {
                identity.is_doubtful(id) || self.wanted.policies.get(address).is_some_and(|policy| policy.tags.is_some())
            }
            (Extent::Declared, None) => true,
        };
        let customers = self.world.policies.iter().filter(|(_, policy)| !policy.aws_managed).map(|(id, _)| id);
        let ids: Vec<String> = customers.filter(|id| wants(id)).cloned().collect();
        ids.into_iter().for_each(|id| self.put(Question::Tags(id)));
    }

    /// Invitations, if an invited account is not a member.
    fn invitations(&mut self, identity: &Identity) {
        let is_outside = |address: &Address| identity.id(&Account::address(address.key())).is_none();
        if self.wanted.invitations.keys().any(is_outside) {
            self.put(Question::Invitations);
        }
    }

    /// The tags of accounts that declare tags and were recognised by neither id nor e-mail: those of the others were read page by page.
    fn tags_of_accounts(&mut self, identity: &Identity) {
        let tagged = self.wanted.accounts.iter().filter(|(_, account)| account.tags.is_some());
        let ids = tagged.filter_map(|(address, _)| identity.id(address)).filter(|id| !self.index.has_cleared(id)).map(str::to_owned);
        let ids: Vec<String> = ids.collect();
        ids.into_iter().for_each(|id| self.put(Question::Tags(id)));
    }

    /// The contacts that an account declares, if AWS permits reading them: always for the management account, and for members once
    /// Account Management is known to be trusted.
    fn contacts(&mut self, address: &Address, id: &str) {
        let subject = Subject::of(id, &self.desired.management_account);
        if matches!(subject, Subject::Member(_)) && !self.world.trusted_services.contains(ACCOUNT_MANAGEMENT) {
            return;
        }
        for contact in self.wanted.contacts.get(address).cloned().unwrap_or_default() {
            self.put(match contact {
                Contact::Alternate(contact_type) => Question::AlternateContact(subject.clone(), contact_type),
                Contact::Primary => Question::PrimaryContact(subject.clone()),
            });
        }
    }

    fn contacts_of_accounts(&mut self, identity: &Identity) {
        let bound = self.wanted.contacts.keys().filter_map(|address| Some((address.clone(), identity.id(address)?.to_owned())));
        let bound: Vec<(Address, String)> = bound.collect();
        let is_open = |world: &World, id: &String| world.accounts.get(id).is_some_and(|account| account.frozen().is_none());
        for (address, id) in bound {
            if is_open(&self.world, &id) {
                self.contacts(&address, &id);
            }
        }
    }

    /// Contacts and opt-in Regions of all usable accounts, if they are requested and AWS permits it.
    fn attributes_of_all(&mut self) {
        if !matches!(self.extent, Extent::Whole(Whole { attributes: Attributing::Read, .. })) {
            return;
        }
        self.world.attributes_asked = true;
        let trusted = self.world.trusted_services.contains(ACCOUNT_MANAGEMENT);
        let of = |(id, account): (&String, &Member)| {
            let subject = Subject::of(id, &self.desired.management_account);
            (account.frozen().is_none() && (trusted || matches!(subject, Subject::Own(_)))).then_some(subject)
        };
        for subject in self.world.accounts.iter().filter_map(of).collect::<Vec<_>>() {
            for (_, contact_type) in CONTACT_TYPES {
                self.put(Question::AlternateContact(subject.clone(), contact_type.to_owned()));
            }
            self.put(Question::PrimaryContact(subject.clone()));
            self.put(Question::Regions(subject));
        }
    }

    fn regions(&mut self, question: &Question, regions: Vec<String>) {
        if let Question::Regions(subject) = question {
            self.world.opted_in.entry(subject.id().to_owned()).or_default().extend(regions);
        }
    }

    /// The tags of an account in the root that belongs in another place: if overlord created it, it moves through the quarantine OU.
    fn tags_of_newcomers(&mut self, identity: &Identity) {
        if self.desired.quarantine.is_none() {
            return;
        }
        let root = Reference::Address(organization_address());
        let elsewhere = self.wanted.accounts.iter().filter(|(_, account)| account.parent.as_ref().is_some_and(|parent| *parent != root));
        let in_root = |id: &&str| self.world.accounts.get(*id).is_some_and(|account| account.parent.as_ref() == Some(&self.world.root));
        let ids: Vec<String> = elsewhere.filter_map(|(address, _)| identity.id(address)).filter(in_root).map(str::to_owned).collect();
        ids.into_iter().for_each(|id| self.put(Question::Tags(id)));
    }

    /// Questions that need everything else first. Returns `true` if there were any.
    fn follow_up(&mut self) -> bool {
        if self.world.root.is_empty() {
            return false;
        }
        if !self.by_parent && self.world.accounts.values().any(|account| account.parent.is_none()) {
            self.list_by_parent();
        }
        // Accounts missing in the index are read one by one: the root's ARN never arrived.
        for id in self.index.left() {
            self.put(Question::Tags(id));
        }
        let identity = Identity::of(self.desired, &self.wanted, &self.world);
        self.tags_of_units(&identity);
        self.tags_of_policies(&identity);
        self.tags_of_accounts(&identity);
        self.contacts_of_accounts(&identity);
        self.tags_of_newcomers(&identity);
        self.attributes_of_all();
        let candidates = identity.account_candidates(self.desired, &self.wanted, &self.world);
        let candidates: Vec<String> = candidates.into_iter().map(str::to_owned).collect();
        candidates.into_iter().for_each(|id| self.put(Question::Tags(id)));
        // A renamed policy, recognised by now, and a managed one that may be deleted: the plan is based on their documents too.
        let known = |id: &String| identity.address(id).is_some() || self.world.ours(id) == Some(true);
        // So is an unmanaged guardrail that is attached to something in org.toml: it allows or denies there.
        let is_named = |target: &String| *target == self.world.root || identity.address(target).is_some();
        let decides = |policy: &LivePolicy| {
            Family::of_type(&policy.policy_type).is_some()
                && self.wanted.policy_types.contains_key(&policy.policy_type)
                && !policy.is_control_towers()
                && policy.targets.iter().any(is_named)
        };
        let of_plan = |id: &String, policy: &LivePolicy| known(id) || decides(policy);
        let unread = self.world.policies.iter();
        let unread = unread.filter(|(id, policy)| !policy.aws_managed && policy.content.is_none() && of_plan(id, policy));
        let unread: Vec<String> = unread.map(|(id, _)| id.clone()).collect();
        unread.into_iter().for_each(|id| self.put(Question::Document(id)));
        self.lanes.values().any(|lane| !lane.is_idle())
    }

    fn finish(mut self) -> AwsResult<Option<World>> {
        if self.world.root.is_empty() {
            return match self.refused.contains(&Question::Root) {
                true => Ok(None),
                false => Err(Error::failed("AWS names no root of the organization")),
            };
        }
        let lost = self.world.accounts.iter().find(|(_, account)| account.parent.is_none()).map(|(id, _)| id);
        if let Some(id) = lost {
            return Err(Error::Failed {
                message: format!("the account `{id}` is in the organization and in no OU that was read"),
                hint: Some("it was moved meanwhile: run this again".to_owned()),
            });
        }
        if let Some(question) = self.refused.first() {
            return Err(Error::Failed {
                message: format!("{} finds no organization, and the organization has a root", question.operation()),
                hint: Some("AWS is still setting it up: run this again in a minute".to_owned()),
            });
        }
        self.world.locked = lock::hide(&mut self.world);
        Ok(Some(self.world))
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
