//! What a kind's calls may use: clients, the ids of other resources, and what one listing tells all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

use crate::address::{Address, Reference, Scope};
use crate::aws::{AwsResult, Error, Sessions};
use crate::plan::{Action, Plan};

/// Handed to a kind's create, update and delete. Cheap to clone; all clones of one run share the ids.
#[derive(Debug, Clone)]
pub struct Context {
    sessions: Sessions,
    address: Address,
    access_role: Arc<str>,
    ids: Ids,
    /// The account creations that AWS knows of, listed once per run by the first account that is to be created.
    pub(crate) known_creations: Arc<OnceCell<Vec<KnownCreation>>>,
}

/// An account creation that AWS knows of, from ListCreateAccountStatus: so that a rerun finds what a lost answer made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCreation {
    /// The id to ask DescribeCreateAccountStatus for.
    pub request_id: String,
    /// The name of the account that was asked for.
    pub name: String,
    /// `IN_PROGRESS`, `SUCCEEDED` or `FAILED`.
    pub state: String,
    /// The account, once there is one.
    pub account_id: Option<String>,
}

/// AWS's ids by address: those observed, and those made in this run.
#[derive(Debug, Clone, Default)]
pub(super) struct Ids(Arc<Mutex<BTreeMap<Address, String>>>);

impl Ids {
    /// Those that the plan observed. What is made anew has none until it is made: the old one's would be wrong by then.
    pub(super) fn observed(plan: &Plan) -> Self {
        let anew: BTreeSet<&Address> = plan.changes.iter().filter(|c| c.action == Action::Replace).map(|c| &c.address).collect();
        let known = plan.observed.iter().filter(|(address, _)| !anew.contains(address));
        Self(Arc::new(Mutex::new(known.filter_map(|(address, live)| Some((address.clone(), live.id.clone()?))).collect())))
    }

    pub(super) fn resolve(&self, reference: &Reference) -> AwsResult<String> {
        match reference {
            Reference::Id(id) => Ok(id.clone()),
            Reference::Address(address) => {
                let missing = || Error::internal(format!("`{address}` has no id yet: nothing that refers to it may run before it"));
                self.lock().get(address).cloned().ok_or_else(missing)
            }
        }
    }

    pub(super) fn learn(&self, address: &Address, id: String) {
        self.lock().insert(address.clone(), id);
    }

    pub(super) fn forget(&self, address: &Address) {
        self.lock().remove(address);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Address, String>> {
        // Each use is one call of the map, so a panic elsewhere leaves no half-made state behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Context {
    /// The context of a run; each change gets its own by [`Context::of`].
    pub(super) fn new(sessions: &Sessions, plan: &Plan, ids: Ids) -> Self {
        Self {
            sessions: sessions.clone(),
            address: crate::resource::organizations::organization_address(),
            access_role: plan.desired.access_role.as_str().into(),
            ids,
            known_creations: Arc::default(),
        }
    }

    pub(super) fn of(&self, address: &Address) -> Self {
        Self { address: address.clone(), ..self.clone() }
    }

    /// Clients.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// The address of the resource that is being changed: the value of its `overlord:address` tag.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// AWS's id of what a reference names: known from the snapshot, or made earlier in this run.
    ///
    /// # Errors
    /// The resource has no id yet: a defect of the graph.
    pub fn resolve(&self, reference: &Reference) -> AwsResult<String> {
        self.ids.resolve(reference)
    }

    /// Whether AWS's id is that of a resource of the configuration, this one or another.
    pub(crate) fn is_bound(&self, id: &str) -> bool {
        self.ids.lock().values().any(|bound| bound == id)
    }

    /// The account and Region of the resource that is being changed.
    ///
    /// # Errors
    /// It is a resource of the organization: a defect of its kind.
    pub fn scope(&self) -> AwsResult<&Scope> {
        self.address.scope().ok_or_else(|| Error::internal(format!("`{}` lies in no account", self.address)))
    }

    /// The 12-digit id of the account of a scope: known from the snapshot, or made earlier in this run.
    ///
    /// # Errors
    /// The account has no id yet: a defect of the graph.
    pub fn account_id(&self, scope: &Scope) -> AwsResult<String> {
        self.resolve(&Address::new("account", &scope.account).into())
    }

    /// The EC2 client of the account and Region of the resource that is being changed, once they can be used.
    ///
    /// # Errors
    /// [`Context::scope`], [`Context::account_id`]; a new account does not become usable in time.
    pub async fn ec2(&self) -> AwsResult<aws_sdk_ec2::Client> {
        let scope = self.scope()?;
        Ok(self.sessions.ec2(&self.account_id(scope)?, &scope.region))
    }

    /// The role that CreateAccount makes in new accounts.
    pub fn access_role(&self) -> &str {
        &self.access_role
    }
}
