//! Settings: kinds of which an account, or an account in a Region, has exactly one. A setting is read only where the configuration
//! declares it, so it costs no request elsewhere, and one that is removed from the configuration stays as it is.
//!
//! A setting is a [`Kind`] in about 50 lines: its attributes, its specification, `calls`, `get` and `put`. [`Settings`] is the family
//! of such kinds, with a reader for all of them.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, FuturesUnordered, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::UnboundedReceiver;

use super::opening;
use super::organizations::Account;
use super::reach::{Reach, is_fatal};
use super::standing::{Standing, standing};
use super::unread::{self, Unread};
use super::{
    Attributes, Context, Desired, ErasedKind, Family, FamilyNeeds, FamilyReading, Kind, KindSpec, Live, LiveResource, ReadRun, UNREAD,
    untyped,
};
use crate::address::{Address, Place};
use crate::aws::{AwsResult, Error, Sessions};
use crate::limits::LIMITS;
use crate::sandbox::World;

/// How many settings are read at a time. AWS's rates apply to each account separately, so more is faster until the request gate is full.
const AT_A_TIME: usize = 512;

/// The clients of one account, in the Region of the setting; of a setting in no Region, in the home Region.
#[derive(Debug, Clone)]
pub struct AccountClients {
    sessions: Sessions,
    account: String,
    region: Option<String>,
}

impl AccountClients {
    /// The clients of the account with that 12-digit id, in the Region of `place`.
    pub fn new(sessions: &Sessions, account: String, place: Place<'_>) -> Self {
        let region = match place {
            Place::Region(scope) => Some(scope.region.clone()),
            Place::Account(_) | Place::Organization => None,
        };
        Self { sessions: sessions.clone(), account, region }
    }

    /// The 12-digit id of the account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// IAM.
    pub fn iam(&self) -> aws_sdk_iam::Client {
        self.sessions.iam_of(&self.account)
    }

    /// EC2 in the Region of the setting.
    ///
    /// # Errors
    /// The setting is in no Region: a defect of its kind.
    pub fn ec2(&self) -> AwsResult<aws_sdk_ec2::Client> {
        let region = self.region.as_deref().ok_or_else(|| Error::internal("a setting of EC2 is in no Region"))?;
        Ok(self.sessions.ec2(&self.account, region))
    }
}

/// A kind of which an account, or an account in a Region, has exactly one.
pub trait Setting: Send + Sync + 'static {
    /// Its attributes as the calls need them.
    type Attributes: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What the pure engine knows about it.
    const SPEC: KindSpec;

    /// See [`Kind::calls`]. `before` is `None` where the account has none.
    fn calls(before: Option<&Self::Attributes>, after: &Self::Attributes) -> Vec<String>;

    /// Reads it; `None` where the account has none.
    fn get(clients: &AccountClients) -> impl Future<Output = AwsResult<Option<Self::Attributes>>> + Send;

    /// Sets it. The same request twice has the effect of one.
    fn put(clients: &AccountClients, after: &Self::Attributes) -> impl Future<Output = AwsResult<()>> + Send;

    /// Sets it in the copy that a rehearsal is applied to. `account` is a 12-digit id.
    fn copy(attributes: &Self::Attributes, account: &str, region: Option<&str>, copy: &mut World);
}

/// The key of the one setting of its kind: `records-dev/iam_account_alias.main`.
pub const ONLY: &str = "main";

impl<S: Setting> Kind for S {
    type Attributes = S::Attributes;
    const SPEC: KindSpec = S::SPEC;

    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String> {
        let unchanged = before.map(untyped) == after.map(untyped);
        after.filter(|_| !unchanged).map(|after| S::calls(before, after)).unwrap_or_default()
    }

    async fn create(context: &Context, after: Self::Attributes) -> AwsResult<String> {
        put::<S>(context, &after).await?;
        Ok(ONLY.to_owned())
    }

    async fn update(context: &Context, _id: &str, _before: Self::Attributes, after: Self::Attributes) -> AwsResult<()> {
        put::<S>(context, &after).await
    }

    async fn delete(context: &Context, _id: &str, _before: Self::Attributes) -> AwsResult<()> {
        Err(Error::internal(format!("`{}` is never deleted", context.address())))
    }

    fn setting() -> Option<&'static dyn ErasedSetting> {
        Some(&Erased::<S>(std::marker::PhantomData))
    }
}

/// Sets it. In a new account, it waits until the account can be used.
async fn put<S: Setting>(context: &Context, after: &S::Attributes) -> AwsResult<()> {
    let key = context.address().account().ok_or_else(|| Error::internal(format!("`{}` is in no account", context.address())))?;
    let account = context.resolve(&Account::address(key).into())?;
    let clients = AccountClients::new(context.sessions(), account, context.address().place());
    if !context.is_new_place() {
        return S::put(&clients, after).await;
    }
    let what = format!("account {} to be usable", clients.account());
    let interrupt = context.sessions().request_gate().interrupt();
    opening::wait_for(what, &S::calls(None, after).join(" or "), interrupt, || S::put(&clients, after)).await
}

/// [`Setting`] with its type erased.
pub trait ErasedSetting: Send + Sync {
    /// See [`Setting::get`].
    fn get<'a>(&'a self, clients: &'a AccountClients) -> BoxFuture<'a, AwsResult<Option<Attributes>>>;

    /// See [`Setting::copy`].
    fn copy(&self, attributes: &Attributes, account: &str, region: Option<&str>, copy: &mut World);
}

struct Erased<S>(std::marker::PhantomData<S>);

impl<S: Setting> ErasedSetting for Erased<S> {
    fn get<'a>(&'a self, clients: &'a AccountClients) -> BoxFuture<'a, AwsResult<Option<Attributes>>> {
        Box::pin(async move { Ok(S::get(clients).await?.as_ref().map(untyped)) })
    }

    fn copy(&self, attributes: &Attributes, account: &str, region: Option<&str>, copy: &mut World) {
        // What `get` has made can be read back.
        if let Ok(attributes) = super::typed::<S::Attributes>(attributes) {
            S::copy(&attributes, account, region, copy);
        }
    }
}

/// A family of settings.
pub struct Settings {
    /// Its name, as that of its folder.
    pub name: &'static str,
    /// Its kinds.
    pub kinds: &'static [&'static dyn ErasedKind],
}

impl Family for Settings {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kinds(&self) -> &'static [&'static dyn ErasedKind] {
        self.kinds
    }

    fn needs(&self, _desired: &Desired) -> FamilyNeeds {
        // What each kind needs is all.
        FamilyNeeds::default()
    }

    fn read<'r>(&'r self, run: &'r ReadRun<'r>) -> BoxFuture<'r, AwsResult<Box<dyn FamilyReading>>> {
        let accounts = run.accounts.subscribe();
        Box::pin(async move {
            let wanted = self.wanted(run.desired);
            let found = if wanted.is_empty() { Found::default() } else { Box::pin(ahead(run, &wanted, accounts)).await? };
            Ok(Box::new(Reading { wanted, found }) as Box<dyn FamilyReading>)
        })
    }
}

/// A setting of the configuration.
#[derive(Clone)]
struct Wanted {
    address: Address,
    setting: &'static dyn ErasedSetting,
}

impl Settings {
    /// The selected settings of the configuration, by the key of their account.
    fn wanted(&self, desired: &Desired) -> BTreeMap<String, Vec<Wanted>> {
        let settings: BTreeMap<&str, &dyn ErasedSetting> =
            self.kinds.iter().filter_map(|kind| Some((kind.spec().kind, kind.setting()?))).collect();
        let mut wanted: BTreeMap<String, Vec<Wanted>> = BTreeMap::new();
        for address in desired.resources.keys().filter(|address| desired.selection.selects(address)) {
            if let (Some(account), Some(setting)) = (address.account(), settings.get(address.kind())) {
                wanted.entry(account.to_owned()).or_default().push(Wanted { address: address.clone(), setting: *setting });
            }
        }
        wanted
    }
}

/// What was read, by address.
#[derive(Default)]
struct Found {
    reach: Reach,
    /// The id of the account that each was read in.
    read: BTreeMap<Address, (String, AwsResult<Option<Attributes>>)>,
}

impl Found {
    /// Records an answer.
    ///
    /// # Errors
    /// AWS cannot be reached at all, or the error ends the run.
    fn take(&mut self, address: Address, account: String, answer: AwsResult<Option<Attributes>>) -> AwsResult<()> {
        let is_lost = self.reach.is_lost(&account, answer.as_ref().err());
        match answer {
            Err(error) if is_lost || is_fatal(&error) => Err(error),
            answer => {
                self.read.insert(address, (account, answer));
                Ok(())
            }
        }
    }
}

/// Reads the settings of accounts as they become known, until no more come.
async fn ahead(
    run: &ReadRun<'_>,
    wanted: &BTreeMap<String, Vec<Wanted>>,
    mut accounts: UnboundedReceiver<(Address, String)>,
) -> AwsResult<Found> {
    let mut told = BTreeSet::new();
    let mut running = FuturesUnordered::new();
    let mut found = Found::default();
    let mut more_accounts = true;
    loop {
        tokio::select! {
            known = accounts.recv(), if more_accounts && running.len() < AT_A_TIME => match known {
                None => more_accounts = false,
                Some((account, id)) => {
                    let is_new = told.insert(id.clone());
                    for one in wanted.get(account.key()).into_iter().flatten().filter(|_| is_new) {
                        running.push(get(run.sessions, one, id.clone()));
                    }
                }
            },
            Some((address, account, answer)) = running.next(), if !running.is_empty() => found.take(address, account, answer)?,
            else => return Ok(found),
        }
    }
}

/// Refusals in a Region that the account has not enabled yet, so that nothing is set there: it knows no credentials of the account.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>
const NOT_ENABLED: &[&str] = &["AuthFailure", "InvalidClientTokenId", "OptInRequired", "RegionDisabledException"];

/// The answer about a setting, with its address and the id of its account.
type Answer = (Address, String, AwsResult<Option<Attributes>>);

fn get(sessions: &Sessions, wanted: &Wanted, account: String) -> BoxFuture<'static, Answer> {
    let clients = AccountClients::new(sessions, account, wanted.address.place());
    let Wanted { address, setting } = wanted.clone();
    Box::pin(async move {
        let answer = match setting.get(&clients).await {
            Err(error) if clients.region.as_deref().is_some_and(|region| LIMITS.regions.is_opt_in(region)) && error.is(NOT_ENABLED) => {
                Ok(None)
            }
            answer => answer.map_err(|error| error.with_role_in(&clients.account, clients.region.as_deref())),
        };
        (address, clients.account, answer)
    })
}

/// The settings that were read.
struct Reading {
    wanted: BTreeMap<String, Vec<Wanted>>,
    found: Found,
}

impl FamilyReading for Reading {
    fn bind<'r>(&'r mut self, run: &'r ReadRun<'r>, live: &'r mut Live) -> BoxFuture<'r, AwsResult<()>> {
        Box::pin(async move {
            self.read_the_rest(run, live).await?;
            let mut unread = Vec::new();
            for (account, wanted) in &self.wanted {
                unread.extend(self.give(&Account::address(account.as_str()), wanted, run.desired, live));
            }
            live.findings.extend(unread::findings(unread));
            live.findings.sort();
            Ok(())
        })
    }

    fn copy(&self, _run: &ReadRun<'_>, copy: &mut World) {
        for one in self.wanted.values().flatten() {
            if let Some((account, Ok(Some(attributes)))) = self.found.read.get(&one.address) {
                one.setting.copy(attributes, account, one.address.scope().map(|scope| scope.region.as_str()), copy);
            }
        }
    }
}

impl Reading {
    /// Reads the settings of usable accounts that no one has told of: only their tags identify those.
    async fn read_the_rest(&mut self, run: &ReadRun<'_>, live: &Live) -> AwsResult<()> {
        let mut left = Vec::new();
        for (account, wanted) in &self.wanted {
            let address = Account::address(account.as_str());
            let Some(Standing::Usable(id)) = standing(&address, run.desired, live) else { continue };
            let is_read = |one: &&Wanted| self.found.read.get(&one.address).is_some_and(|(account, _)| *account == id);
            left.extend(wanted.iter().filter(|one| !is_read(one)).map(|one| get(run.sessions, one, id.clone())));
        }
        let mut answers = stream::iter(left).buffer_unordered(AT_A_TIME);
        while let Some((address, account, answer)) = answers.next().await {
            self.found.take(address, account, answer)?;
        }
        Ok(())
    }

    /// Adds the settings of one account to `live`. Returns why some could not be read.
    fn give(&self, account: &Address, wanted: &[Wanted], desired: &Desired, live: &mut Live) -> Option<Unread<NothingPlanned>> {
        let frozen = match standing(account, desired, live) {
            // A new account has none of them.
            None => return None,
            Some(Standing::Frozen(why)) => Some(why),
            Some(Standing::Usable(_)) => None,
        };
        let mut failure = None;
        for one in wanted {
            let (attributes, frozen) = match (frozen, self.found.read.get(&one.address)) {
                (Some(why), _) => (None, Some(why)),
                (None, Some((_, Ok(found)))) => (found.clone(), None),
                (None, Some((_, Err(error)))) => {
                    failure.get_or_insert(error);
                    (None, Some(UNREAD))
                }
                (None, None) => (None, Some(UNREAD)),
            };
            // What stays as it is has no difference to the configuration.
            let attributes = attributes.or_else(|| frozen.and_then(|_| desired.resources.get(&one.address).cloned()));
            let Some(attributes) = attributes else { continue };
            let resource = LiveResource { id: Some(ONLY.to_owned()), attributes, ours: None, frozen: frozen.map(str::to_owned) };
            live.resources.insert(one.address.clone(), resource);
        }
        let error = failure?.clone();
        let id = live.resources.get(account).and_then(|resource| resource.id.clone()).unwrap_or_default();
        Some(Unread { subject: account.to_string(), account: id, consequence: NothingPlanned, error })
    }
}

/// What follows from settings that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct NothingPlanned;

impl unread::Consequence for NothingPlanned {
    fn of_one(&self) -> String {
        "its settings cannot be read, and none of them is changed".to_owned()
    }

    fn of_many(&self) -> String {
        "their settings cannot be read, and none of them is changed".to_owned()
    }
}
