//! What a kind of resource is: its facts, and its calls. The typed trait is erased once, in [`Adapter`].

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::uses::{Price, Quota};
use super::{Attributes, Context, Desired, ErasedSetting, EventSpec, NamedBy, Need, PartOf, Proposed, typed};
use crate::address::{Address, Scope};
use crate::aws::Error;
use crate::plural;

/// What is known of a kind without a call to AWS. The pure engine works on this.
#[derive(Debug, Clone, Copy)]
pub struct KindSpec {
    /// The first part of its addresses.
    pub kind: &'static str,
    /// A one-line description, for documentation.
    pub summary: &'static str,
    /// Its attributes.
    pub attributes: &'static [AttributeSpec],
    /// What happens when a managed resource is removed from the configuration.
    pub on_removal: OnRemoval,
    /// Whether it guards the target in its `target` attribute: nothing is created in or moved into a target with pending changes of its
    /// guardrails.
    pub guards_target: bool,
    /// The severity of a missing or unmanaged resource, and of a difference in an attribute without its own severity.
    pub weight: Weight,
    /// Whether AWS gives it an id of its own when it is created, which other tools can use. Others are enabled, filled in, or part of
    /// another resource.
    pub own_id: bool,
    /// What it is a part of: where both say the same, only the whole is reported, at the place of the whole in org.toml.
    pub part_of: PartOf,
    /// Whether it is the last step of the creation of what it is a part of. Then it is not missing on its own.
    pub completes_creation: bool,
    /// Whether its reader says in a warning about it that it could not be read.
    pub warns_if_unread: bool,
    /// What one and several of it are called, if that is not its name with spaces.
    pub noun: Option<[&'static str; 2]>,
    /// What it is to the policies of the organization.
    pub policy_role: PolicyRole,
    /// The attribute within which AWS requires a unique `name`; `None` if any number of resources may share one.
    pub unique_name_in: Option<&'static str>,
    /// Why a missing one is created, if there is more to say than where it is missing.
    pub missing: Option<&'static str>,
    /// Why one is created in place of another one, if AWS cannot change it: what refers to the old one's id outside of org.toml must then
    /// be changed.
    pub recreated: Option<&'static str>,
    /// How a new one relates to its `parent`: it is `in` it, or is to come `into` it.
    pub placed: &'static str,
    /// Whether a change of one that overlord did not create adopts it.
    pub adopted: bool,
    /// The quota of its account that it uses.
    pub quota: Option<&'static Quota>,
    /// What it costs; `None` if AWS does not charge for it by the hour.
    pub price: Option<Price>,
    /// What overlord needs to be allowed for resources of this kind: by the access role for those in accounts, by the credentials in the
    /// management account for those of the organization, and for those in that account.
    pub needs: &'static [Need],
    /// The requests that explain differences. Each attribute that can differ, and the deletion of a kind that is deleted, is in one.
    pub events: &'static [EventSpec],
    /// How such requests name a resource.
    pub named_by: NamedBy,
}

/// What a resource is to the policies of the organization: guardrails, and policies that accounts inherit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyRole {
    /// It is no policy, has none and is under none.
    None,
    /// The level above all others.
    Root,
    /// A level that contains others. Its level is its `parent`.
    Unit,
    /// A level that contains none, and the only one that requests come from. Its level is its `parent`.
    Account,
    /// An account that is to come.
    Invitation,
    /// It moves the account in its `target` to its `parent`.
    Placement,
    /// A policy.
    Policy,
    /// The policies that are attached to its `target`.
    Attachments,
    /// A type of policies. Without it, policies of the type have no effect.
    Type,
}

impl PolicyRole {
    /// Whether it is a level, a policy, or what connects both: together they decide what accounts may do.
    pub fn is_in_hierarchy(self) -> bool {
        match self {
            Self::Root | Self::Unit | Self::Account | Self::Policy | Self::Attachments => true,
            Self::None | Self::Invitation | Self::Placement | Self::Type => false,
        }
    }
}

impl KindSpec {
    /// What holds for most kinds. A kind names only what is different, and its name, summary and attributes.
    pub const BASE: Self = Self {
        kind: "",
        summary: "",
        attributes: &[],
        on_removal: OnRemoval::Delete,
        guards_target: false,
        weight: Weight::Organization,
        own_id: true,
        part_of: PartOf::Nothing,
        completes_creation: false,
        warns_if_unread: false,
        noun: None,
        policy_role: PolicyRole::None,
        unique_name_in: None,
        missing: None,
        recreated: None,
        placed: "in",
        adopted: false,
        quota: None,
        price: None,
        needs: &[],
        events: &[],
        named_by: NamedBy::Id,
    };

    /// Its attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&'static AttributeSpec> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// Whether a change of an attribute replaces it.
    pub fn is_replaceable(&self) -> bool {
        self.attributes.iter().any(|attribute| attribute.on_change == OnChange::ReplaceCreateFirst)
    }

    /// So many of it: `1 VPC`, `9 subnets`, `2 sets of DHCP options`.
    pub fn counted(&self, n: usize) -> String {
        match self.noun {
            Some([one, _]) if n == 1 => format!("{n} {one}"),
            Some([_, several]) => format!("{n} {several}"),
            None => plural::count(n, &self.kind.replace('_', " ")),
        }
    }
}

/// One attribute of a kind.
#[derive(Debug, Clone, Copy)]
pub struct AttributeSpec {
    /// Its name.
    pub name: &'static str,
    /// What a change of it means.
    pub on_change: OnChange,
    /// Printed as `(sensitive)`, never by value.
    pub sensitive: bool,
    /// The severity of a difference, if it is not that of the kind.
    pub weight: Option<Weight>,
    /// The reason for a change, from the values before and after, if the difference does not explain itself.
    pub reason: Option<fn(&Value, &Value) -> String>,
}

impl AttributeSpec {
    /// An attribute that is shown, and changed as `on_change` says.
    pub const fn new(name: &'static str, on_change: OnChange) -> Self {
        Self { name, on_change, sensitive: false, weight: None, reason: None }
    }

    /// The same, with a reason in its own words.
    pub const fn because(self, reason: fn(&Value, &Value) -> String) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// The same, with another severity than its kind.
    pub const fn weighs(self, weight: Weight) -> Self {
        Self { weight: Some(weight), ..self }
    }
}

/// The severity of drift (`overlord drift`). The highest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Guardrails may be weaker: policies, their attachments, an account's OU, root users.
    GuardRail,
    /// Network connectivity may be different.
    Network,
    /// Accounts, OUs, services and contacts.
    Organization,
    /// No effect on how anything works: tags, names, descriptions.
    Cosmetic,
}

/// What a change of an attribute means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnChange {
    /// Changed in place.
    Update,
    /// Changed in place by moving the resource to another parent.
    Move,
    /// A new resource is created, then the old one is deleted.
    ReplaceCreateFirst,
    /// The resource is deleted: its desired state is to be gone. It needs confirmation, like every deletion. The kind deletes it in its
    /// `update`, or in its `create` if the live state was unknown, as in a new account.
    Delete,
    /// Refused; the error says what to do instead.
    Forbidden(&'static str),
}

/// What happens when a managed resource is removed from the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRemoval {
    /// A deletion is planned; it needs confirmation.
    Delete,
    /// It is reported and stays as it is.
    Report,
    /// It stays without a finding: AWS created it, and deletes it with the resource that it is part of.
    Leave,
}

/// A kind of resource. The module's documentation says what it does not do.
pub trait Kind: Send + Sync + 'static {
    /// Its attributes as the calls need them.
    type Attributes: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What the pure engine knows about it.
    const SPEC: KindSpec;

    /// The mutating operations of a creation, update or deletion, in order, as `service:Operation`. `before` is `None` for a creation,
    /// `after` for a deletion. The plan prints them, and a test compares them with the calls of `apply`.
    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String>;

    /// Creates it and returns AWS's id. A rerun after a lost answer must find what the first try created.
    fn create(context: &Context, after: Self::Attributes) -> impl Future<Output = Result<String, Error>> + Send;

    /// Changes it in place.
    fn update(
        context: &Context,
        id: &str,
        before: Self::Attributes,
        after: Self::Attributes,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Deletes it. Already gone is success.
    fn delete(context: &Context, id: &str, before: Self::Attributes) -> impl Future<Output = Result<(), Error>> + Send;

    /// How its one instance in an account is read, if it is a [`Setting`](super::Setting).
    fn setting() -> Option<&'static dyn ErasedSetting> {
        None
    }

    /// Another resource that must be as the configuration says before this change, although no attribute refers to it.
    fn prerequisite(_change: &Proposed<'_>) -> Option<Address> {
        None
    }

    /// Why AWS would refuse this change of an existing resource, and what to do.
    fn refusal(_change: &Proposed<'_>, _desired: &Desired) -> Option<String> {
        None
    }

    /// Whether these desired attributes are satisfied if it does not exist.
    fn is_satisfied_by_absence(_after: &Attributes) -> bool {
        false
    }

    /// The address of one in the organization.
    fn address(key: impl Into<String>) -> Address {
        Address::new(Self::SPEC.kind, key)
    }

    /// The address of one in an account and Region.
    fn address_within(scope: impl Into<Arc<Scope>>, key: impl Into<String>) -> Address {
        Address::within(scope, Self::SPEC.kind, key)
    }

    /// The address of one in the same account and Region as `near`.
    fn address_beside(near: &Address, key: impl Into<String>) -> Address {
        near.beside(Self::SPEC.kind, key)
    }

    /// Whether `address` is of this kind.
    fn has(address: &Address) -> bool {
        address.kind() == Self::SPEC.kind
    }
}

/// The future of an erased call.
pub type ApplyFuture<'a> = Pin<Box<dyn Future<Output = Result<String, Error>> + Send + 'a>>;

/// [`Kind`] with its type erased.
pub trait ErasedKind: Send + Sync {
    /// See [`Kind::SPEC`].
    fn spec(&self) -> &'static KindSpec;

    /// See [`Kind::calls`].
    ///
    /// # Errors
    /// The attributes are not of this kind's form.
    fn calls(&self, before: Option<&Attributes>, after: Option<&Attributes>) -> Result<Vec<String>, serde_json::Error>;

    /// The fields of its attributes, for the contract test.
    #[cfg(test)]
    fn fields(&self) -> Vec<&'static str>;

    /// See [`Kind::setting`].
    fn setting(&self) -> Option<&'static dyn ErasedSetting>;

    /// See [`Kind::prerequisite`].
    fn prerequisite(&self, change: &Proposed<'_>) -> Option<Address>;

    /// See [`Kind::refusal`].
    fn refusal(&self, change: &Proposed<'_>, desired: &Desired) -> Option<String>;

    /// See [`Kind::is_satisfied_by_absence`].
    fn is_satisfied_by_absence(&self, after: &Attributes) -> bool;

    /// Creates, updates or deletes, depending on `before` and `after`, and returns the id. `id` is AWS's id of an existing resource.
    fn apply<'a>(
        &'a self,
        context: &'a Context,
        id: Option<&'a str>,
        before: Option<&'a Attributes>,
        after: Option<&'a Attributes>,
    ) -> ApplyFuture<'a>;
}

/// The one adapter between [`Kind`] and [`ErasedKind`].
pub struct Adapter<K>(PhantomData<K>);

impl<K> Adapter<K> {
    /// The adapter of `K`.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<K> Default for Adapter<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Kind> ErasedKind for Adapter<K> {
    fn spec(&self) -> &'static KindSpec {
        const { &K::SPEC }
    }

    fn calls(&self, before: Option<&Attributes>, after: Option<&Attributes>) -> Result<Vec<String>, serde_json::Error> {
        let before = before.map(typed::<K::Attributes>).transpose()?;
        let after = after.map(typed::<K::Attributes>).transpose()?;
        Ok(K::calls(before.as_ref(), after.as_ref()))
    }

    #[cfg(test)]
    fn fields(&self) -> Vec<&'static str> {
        super::fields::<K::Attributes>()
    }

    fn setting(&self) -> Option<&'static dyn ErasedSetting> {
        K::setting()
    }

    fn prerequisite(&self, change: &Proposed<'_>) -> Option<Address> {
        K::prerequisite(change)
    }

    fn refusal(&self, change: &Proposed<'_>, desired: &Desired) -> Option<String> {
        K::refusal(change, desired)
    }

    fn is_satisfied_by_absence(&self, after: &Attributes) -> bool {
        K::is_satisfied_by_absence(after)
    }

    fn apply<'a>(
        &'a self,
        context: &'a Context,
        id: Option<&'a str>,
        before: Option<&'a Attributes>,
        after: Option<&'a Attributes>,
    ) -> ApplyFuture<'a> {
        Box::pin(async move {
            let malformed = |e: serde_json::Error| Error::malformed(K::SPEC.kind, &e);
            let before = before.map(typed::<K::Attributes>).transpose().map_err(malformed)?;
            let after = after.map(typed::<K::Attributes>).transpose().map_err(malformed)?;
            let done = match (id, before, after) {
                (None, _, Some(after)) => K::create(context, after).await,
                (Some(id), Some(before), Some(after)) => K::update(context, id, before, after).await.map(|()| id.to_owned()),
                (Some(id), Some(before), None) => K::delete(context, id, before).await.map(|()| id.to_owned()),
                (id, before, after) => Err(Error::internal(format!(
                    "a change of `{}` with id {id:?}, before {} and after {}",
                    K::SPEC.kind,
                    before.is_some(),
                    after.is_some()
                ))),
            };
            done.map_err(|error| context.placed(error))
        })
    }
}
