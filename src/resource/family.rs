//! A family of kinds: what the engine asks of it. [`FAMILIES`](super::FAMILIES) is the one list of all families.
//!
//! ```text
//! read (all families at once) ─► bind (one after the other, in the order of the list) ─► Live
//! ```

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock, PoisonError};

use futures_util::future::BoxFuture;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Attributes, By, Desired, ErasedKind, FamilyNeeds, Finding, Live};
use crate::address::Address;
use crate::aws::{AwsResult, Sessions};
use crate::network::Observed;
use crate::sandbox::World;

/// Kinds that are read together.
pub trait Family: Send + Sync {
    /// Its name, as that of its folder.
    fn name(&self) -> &'static str;

    /// Its kinds, in the order of the documentation.
    fn kinds(&self) -> &'static [&'static dyn ErasedKind];

    /// The desired resources that depend on the live state, such as the parts of a VPC, whose CIDR blocks do. Pure.
    fn expand(&self, _desired: &Desired, _observed: &Observed) -> Expanded {
        Expanded::default()
    }

    /// What it needs to be allowed for a configuration, besides what its kinds need. Pure.
    fn needs(&self, desired: &Desired) -> FamilyNeeds;

    /// What `import` calls to find what it has, with and without what some Regions have. Pure.
    fn import_needs(&self, _reads_regions: bool) -> Vec<(By, &'static [&'static str])> {
        Vec::new()
    }

    /// Starts to read what `run.desired` needs. All families read at the same time. A family that needs accounts subscribes to
    /// [`Accounts`] before it returns, so that it misses none.
    fn read<'r>(&'r self, run: &'r ReadRun<'r>) -> BoxFuture<'r, AwsResult<Box<dyn FamilyReading>>>;
}

/// The desired resources that a family adds to those of the configuration.
#[derive(Debug, Clone, Default)]
pub struct Expanded {
    /// By address.
    pub resources: BTreeMap<Address, Attributes>,
    /// What cannot be desired as the configuration says, and why.
    pub findings: Vec<Finding>,
}

/// What a family has read.
pub trait FamilyReading: Any + Send {
    /// Binds it to the addresses of the configuration and adds it to `live`, which holds what the families before it have added. It may
    /// read more, if what was read requires that.
    fn bind<'r>(&'r mut self, run: &'r ReadRun<'r>, live: &'r mut Live) -> BoxFuture<'r, AwsResult<()>>;

    /// Adds it to a world that the sandbox can run, for a rehearsal. Called after `bind`.
    fn copy(&self, run: &ReadRun<'_>, copy: &mut World);
}

/// Whether what was read is kept, so that a rehearsal can copy it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Keep {
    /// A plan only needs the bound result.
    #[default]
    Nothing,
    /// A rehearsal needs both.
    Worlds,
}

/// One read of the live state.
pub struct ReadRun<'r> {
    /// Clients.
    pub sessions: &'r Sessions,
    /// What is read for.
    pub desired: &'r Desired,
    /// What is kept.
    pub keep: Keep,
    /// The accounts of the configuration, as they become known.
    pub accounts: Accounts,
    /// The ids of all usable accounts of the organization, including those outside the configuration. The organizations family sets it
    /// when it binds.
    pub members: OnceLock<BTreeSet<String>>,
}

impl<'r> ReadRun<'r> {
    /// A read that has not begun.
    pub fn new(sessions: &'r Sessions, desired: &'r Desired, keep: Keep) -> Self {
        Self { sessions, desired, keep, accounts: Accounts::default(), members: OnceLock::new() }
    }

    /// The ids of all usable accounts; none before the organization is bound.
    pub fn members(&self) -> &BTreeSet<String> {
        static NONE: BTreeSet<String> = BTreeSet::new();
        self.members.get().unwrap_or(&NONE)
    }
}

/// Tells families of the usable accounts of the configuration, as soon as AWS has listed them: without it, each run would wait for the
/// whole organization and then for the accounts.
#[derive(Debug, Default)]
pub struct Accounts(Mutex<Vec<UnboundedSender<(Address, String)>>>);

impl Accounts {
    /// The accounts by address and id. An account may come twice, and some come not at all: those that only their tags identify.
    pub fn subscribe(&self) -> UnboundedReceiver<(Address, String)> {
        let (sender, receiver) = unbounded_channel();
        self.lock().push(sender);
        receiver
    }

    /// Tells all subscribers of an account.
    pub(super) fn tell(&self, address: &Address, id: &str) {
        // A subscriber that no longer listens has read enough.
        self.lock().retain(|subscriber| subscriber.send((address.clone(), id.to_owned())).is_ok());
    }

    /// Ends all subscriptions: no more accounts come.
    pub(super) fn close(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<UnboundedSender<(Address, String)>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lists the kinds of a family: one word for each.
macro_rules! kinds {
    ($($kind:ident),* $(,)?) => {
        /// The kinds of the family, in the order of the documentation.
        pub(crate) static KINDS: &[&dyn $crate::resource::ErasedKind] = &[$(&$crate::resource::Adapter::<$kind>::new()),*];
    };
}
pub(crate) use kinds;
