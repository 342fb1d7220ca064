//! What a kind's calls may use: clients, the ids of other resources, and the results of listings that they share.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use super::Attributes;
use super::network::{EndpointStates, NatGatewayStates};
use super::opening;
use crate::address::{Address, Place, Reference, Scope};
use crate::aws::{AwsResult, Ec2, Error, Latest, Sessions, while_waiting};
use crate::limits::PolicyTypeLimits;
use crate::resource::Kind;
use crate::resource::organizations::Account;

/// Passed to a kind's create, update and delete. Cheap to clone; all clones of one run share the ids.
#[derive(Debug, Clone)]
pub struct Context {
    sessions: Sessions,
    address: Address,
    access_role: Arc<str>,
    management_account: Arc<str>,
    ids: Ids,
    company: Company,
    /// The desired state of the resource that is being changed.
    after: Option<Attributes>,
    /// How many policies may be attached to one target, if org.toml says so.
    attached: Arc<BTreeMap<String, usize>>,
    /// The scopes whose Region this run enables.
    opened: Arc<BTreeSet<Scope>>,
    scopes: Scopes,
    nat_gateways: Newest<NatGatewayStates>,
    endpoints: Newest<EndpointStates>,
    /// The account creations that AWS lists. Read once per run, by the first account that is to be created.
    pub(crate) known_creations: Arc<OnceCell<Vec<KnownCreation>>>,
    /// Set once AWS has accepted the creation of an account in this run: by then the organization is complete.
    pub(crate) creation_accepted: Arc<OnceCell<()>>,
    /// Set once AWS has refused to close more accounts for now.
    pub(crate) no_more_closings: Arc<OnceCell<()>>,
    /// This run's deletions that depend on other changes: those changes removed what prevented the deletion.
    released: Arc<BTreeSet<Address>>,
    /// The ARN of the organization, read once per run by the first share with a part of it.
    organization_arn: Arc<OnceCell<String>>,
}

/// What the calls of all kinds need from a run's plan.
#[derive(Debug, Clone, Default)]
pub(crate) struct Start {
    /// The role that is assumed in accounts.
    pub access_role: String,
    /// The 12-digit id of the management account.
    pub management_account: String,
    /// How many policies may be attached to one target, by AWS's name of their type, if org.toml says so.
    pub attached: BTreeMap<String, usize>,
    /// The scopes whose Region this run enables.
    pub opened: BTreeSet<Scope>,
    /// The deletions that depend on other changes.
    pub released: BTreeSet<Address>,
}

/// An account creation from ListCreateAccountStatus: a rerun finds a creation whose answer was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCreation {
    /// The id for DescribeCreateAccountStatus.
    pub request_id: String,
    /// The requested name of the account.
    pub name: String,
    /// `IN_PROGRESS`, `SUCCEEDED` or `FAILED`.
    pub state: String,
    /// The account, once there is one.
    pub account_id: Option<String>,
}

/// The EC2 client of each scope in use, or why there is none: each scope is tried once per run.
type Scopes = Arc<Mutex<BTreeMap<Scope, Arc<OnceCell<AwsResult<Ec2>>>>>>;

/// The latest status of resources that become available side by side in a scope: NAT gateways, endpoints.
type Newest<T> = Arc<Mutex<BTreeMap<Scope, Arc<Latest<T>>>>>;

/// AWS's ids by address: those observed, and those created in this run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ids(Arc<Mutex<BTreeMap<Address, Known>>>);

#[derive(Debug, Clone)]
struct Known {
    id: String,
    origin: Origin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// It existed before this run started.
    Earlier,
    /// Another run created it while this one ran. It is as new as if this run had created it, and other runs may be changing it.
    Meanwhile,
    /// This run created it.
    ThisRun,
}

/// Whether other runs may change the organization while this one does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// They may not: this run holds the lock, or a test guarantees it.
    Alone,
    /// They may: nothing is locked. A resource that AWS would create twice is looked for before and after its creation.
    Others,
}

impl Ids {
    /// The ids of resources that existed before this run.
    pub(crate) fn observed(ids: impl IntoIterator<Item = (Address, String)>) -> Self {
        let known = ids.into_iter().map(|(address, id)| (address, Known { id, origin: Origin::Earlier }));
        Self(Arc::new(Mutex::new(known.collect())))
    }

    pub(crate) fn resolve(&self, reference: &Reference) -> AwsResult<String> {
        match reference {
            Reference::Id(id) => Ok(id.clone()),
            Reference::Address(address) => {
                let missing = || Error::internal(format!("`{address}` has no id yet: nothing that refers to it may run before it"));
                self.lock().get(address).map(|known| known.id.clone()).ok_or_else(missing)
            }
        }
    }

    /// The id of a resource that a change created or changed.
    pub(crate) fn learn(&self, address: &Address, id: String) {
        let mut ids = self.lock();
        let origin = ids.get(address).filter(|known| known.id == id).map_or(Origin::ThisRun, |known| known.origin);
        ids.insert(address.clone(), Known { id, origin });
    }

    /// The id of a resource that another run created and the snapshot did not see.
    fn recognise(&self, address: &Address, id: &str, origin: Origin) {
        self.lock().insert(address.clone(), Known { id: id.to_owned(), origin });
    }

    fn origin(&self, address: &Address) -> Option<Origin> {
        self.lock().get(address).map(|known| known.origin)
    }

    fn is_of_this_run(&self, address: &Address) -> bool {
        self.origin(address) == Some(Origin::ThisRun)
    }

    pub(crate) fn forget(&self, address: &Address) {
        self.lock().remove(address);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Address, Known>> {
        lock(&self.0)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No operation leaves the map half-changed, so a panic elsewhere does no harm.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Context {
    /// The context of a run; each change gets its own from [`Context::of`].
    pub(crate) fn new(sessions: &Sessions, start: Start, ids: Ids, company: Company) -> Self {
        Self {
            sessions: sessions.clone(),
            address: super::organizations::organization_address(),
            access_role: start.access_role.into(),
            management_account: start.management_account.into(),
            ids,
            company,
            after: None,
            attached: Arc::new(start.attached),
            opened: Arc::new(start.opened),
            scopes: Arc::default(),
            nat_gateways: Arc::default(),
            endpoints: Arc::default(),
            known_creations: Arc::default(),
            creation_accepted: Arc::default(),
            no_more_closings: Arc::default(),
            released: Arc::new(start.released),
            organization_arn: Arc::default(),
        }
    }

    pub(crate) fn of(&self, address: &Address, after: Option<&Attributes>) -> Self {
        Self { address: address.clone(), after: after.cloned(), ..self.clone() }
    }

    /// Clients.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// The address of the resource that is being changed: the value of its `overlord:address` tag.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// AWS's id for a reference: known from the snapshot, or created earlier in this run.
    ///
    /// # Errors
    /// The resource has no id yet: a defect of the graph.
    pub fn resolve(&self, reference: &Reference) -> AwsResult<String> {
        self.ids.resolve(reference)
    }

    /// Whether AWS's id is that of a resource of the configuration, this one or another.
    pub(crate) fn is_bound(&self, id: &str) -> bool {
        self.ids.lock().values().any(|bound| bound.id == id)
    }

    /// The account and Region of the resource that is being changed.
    ///
    /// # Errors
    /// It is a resource of the organization: a defect of its kind.
    pub fn scope(&self) -> AwsResult<&Scope> {
        self.address.scope().ok_or_else(|| Error::internal(format!("`{}` is in no account", self.address)))
    }

    /// The 12-digit id of the account of a scope: known from the snapshot, or created earlier in this run.
    ///
    /// # Errors
    /// The account has no id yet: a defect of the graph.
    pub fn account_id(&self, scope: &Scope) -> AwsResult<String> {
        self.resolve(&Account::address(&scope.account).into())
    }

    /// The EC2 client of the account and Region of the resource that is being changed. It is ready at once if the snapshot has read the
    /// scope; for an account or Region that is new in this run, it waits once.
    ///
    /// # Errors
    /// [`Context::scope`], [`Context::account_id`]; the new account or Region is not usable in time; the interrupt.
    pub async fn ec2(&self) -> AwsResult<Ec2> {
        let scope = self.scope()?;
        let account = self.account_id(scope)?;
        let cell = lock(&self.scopes).entry(scope.clone()).or_default().clone();
        let open = || async {
            let client = self.sessions.ec2(&account, &scope.region);
            if self.is_new(scope) {
                opening::wait(&client, &account, &scope.region, self.sessions.request_gate().interrupt()).await?;
            }
            Ok(client)
        };
        // The first caller waits for AWS, and the others wait for the first one.
        while_waiting(pin!(cell.get_or_init(open))).await.clone()
    }

    /// The latest status of the NAT gateways in the account and Region of the resource that is being changed.
    ///
    /// # Errors
    /// [`Context::scope`].
    pub(crate) fn nat_gateways(&self) -> AwsResult<Arc<Latest<NatGatewayStates>>> {
        Ok(lock(&self.nat_gateways).entry(self.scope()?.clone()).or_default().clone())
    }

    /// The latest status of the endpoints in the account and Region of the resource that is being changed.
    ///
    /// # Errors
    /// [`Context::scope`].
    pub(crate) fn endpoints(&self) -> AwsResult<Arc<Latest<EndpointStates>>> {
        Ok(lock(&self.endpoints).entry(self.scope()?.clone()).or_default().clone())
    }

    /// Whether the account or the Region was created during this run, so that AWS may need a while until it can be used.
    pub(crate) fn is_new(&self, scope: &Scope) -> bool {
        let origin = self.ids.origin(&Account::address(&scope.account));
        self.opened.contains(scope) || matches!(origin, Some(Origin::Meanwhile | Origin::ThisRun))
    }

    /// Whether the account that the resource is in, or its Region, was created during this run.
    pub(crate) fn is_new_place(&self) -> bool {
        match self.address.place() {
            Place::Organization => false,
            Place::Account(account) => {
                matches!(self.ids.origin(&Account::address(account)), Some(Origin::Meanwhile | Origin::ThisRun))
            }
            Place::Region(scope) => self.is_new(scope),
        }
    }

    /// Whether managed resources here can only come from this run: it creates the account or enables the Region, and no other run is
    /// active.
    pub(crate) fn is_ours_alone(&self, scope: &Scope) -> bool {
        let makes = self.opened.contains(scope) || self.ids.is_of_this_run(&Account::address(&scope.account));
        makes && self.is_alone()
    }

    /// Whether no other run is active.
    pub(crate) fn is_alone(&self) -> bool {
        self.company == Company::Alone
    }

    /// Whether the resource of a reference was created during this run.
    pub(crate) fn made(&self, reference: &Reference) -> bool {
        match reference {
            Reference::Address(address) => matches!(self.ids.origin(address), Some(Origin::Meanwhile | Origin::ThisRun)),
            Reference::Id(_) => false,
        }
    }

    /// Whether this run created the resource with that id.
    pub(crate) fn has_made(&self, id: &str) -> bool {
        self.ids.lock().values().any(|known| known.id == id && known.origin == Origin::ThisRun)
    }

    /// Whether the resource that is being deleted was in use until this run changed that.
    pub(crate) fn is_released(&self) -> bool {
        self.released.contains(&self.address)
    }

    /// Records that the resource to create already exists from an earlier run: so may its dependents.
    pub(crate) fn recognise(&self, id: &str) {
        self.ids.recognise(&self.address, id, Origin::Earlier);
    }

    /// Records that the resource to create existed when the request was sent: another run created it, just now or before.
    pub(crate) fn found(&self, id: &str) {
        self.ids.recognise(&self.address, id, Origin::Meanwhile);
    }

    /// Deletes a resource that this run has just created, because another run created the same.
    pub(crate) async fn take_back(&self, id: &str) -> AwsResult<()> {
        let unknown = || Error::internal(format!("unknown kind of resource `{}`", self.address.kind()));
        let kind = super::kind(self.address.kind()).ok_or_else(unknown)?;
        kind.apply(self, Some(id), self.after.as_ref(), None).await.map(drop)
    }

    /// An error of a call for the resource that is being changed, with the account and Region that it is in.
    pub(crate) fn placed(&self, error: Error) -> Error {
        let Some(account) = self.address.account().and_then(|key| self.resolve(&Account::address(key).into()).ok()) else { return error };
        match self.address.scope() {
            Some(scope) => error.within(&account, &scope.region),
            None => error.within_account(&account),
        }
    }

    /// The ARN of the organization: `arn:aws:organizations::<management>:organization/o-…`.
    ///
    /// # Errors
    /// AWS refused the read.
    pub async fn organization_arn(&self) -> AwsResult<String> {
        let ask = || async {
            let answer = self.sessions.organizations().describe_organization().send().await;
            let answer = answer.map_err(|e| Error::sdk("organizations:DescribeOrganization", &e))?;
            let arn = answer.organization.and_then(|organization| organization.arn);
            arn.ok_or_else(|| Error::failed("AWS did not name the ARN of the organization"))
        };
        self.organization_arn.get_or_try_init(ask).await.cloned()
    }

    /// How many policies of a type may be attached to one target.
    pub(crate) fn most_attached(&self, limits: &PolicyTypeLimits) -> usize {
        self.attached.get(&limits.name).copied().unwrap_or(limits.attached)
    }

    /// The 12-digit id of the management account.
    pub fn management_account(&self) -> &str {
        &self.management_account
    }

    /// The role that CreateAccount creates in new accounts.
    pub fn access_role(&self) -> &str {
        &self.access_role
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::mock_transport::{MANAGEMENT, MockTransport, json, sessions};

    /// An account that another run created is new, but not only this run's: resources in it are looked for first.
    #[tokio::test(start_paused = true)]
    async fn an_account_that_was_found_is_new_and_not_ours_alone() {
        let start = Start { management_account: MANAGEMENT.to_owned(), ..Start::default() };
        let canned = MockTransport::counting(|_, _| json(200, "{}"));
        let sessions = sessions(canned.request_gate()).await;
        let account = Address::new("account", "a");
        let scope = Scope { account: "a".to_owned(), region: "eu-west-1".to_owned() };
        let context = |company| Context::new(&sessions, start.clone(), Ids::default(), company).of(&account, None);
        let states = |context: &Context| (context.is_new(&scope), context.is_ours_alone(&scope), context.made(&account.clone().into()));

        let alone = context(Company::Alone);
        assert_eq!(states(&alone), (false, false, false), "nothing is known of it");
        alone.ids.learn(&account, "222222222222".to_owned());
        assert_eq!(states(&alone), (true, true, true), "this run made it");
        assert!(alone.has_made("222222222222"));

        let found = context(Company::Alone);
        found.found("333333333333");
        found.ids.learn(&account, "333333333333".to_owned());
        assert_eq!(states(&found), (true, false, true), "another run made it");
        assert!(!found.has_made("333333333333"));

        let recognised = context(Company::Alone);
        recognised.recognise("444444444444");
        assert_eq!(states(&recognised), (false, false, false), "an earlier run made it");

        let others = context(Company::Others);
        others.ids.learn(&account, "555555555555".to_owned());
        assert_eq!(states(&others), (true, false, true), "others are at work");
    }
}
