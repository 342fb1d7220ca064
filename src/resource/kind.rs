//! What a kind of resource is: its facts, and its calls. The typed trait is erased once, in [`Adapter`].

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Attributes, Context, Need, PartOf, typed};
use crate::address::Address;
use crate::aws::Error;

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
    /// What overlord needs to be allowed for resources of this kind: by the access role for those in accounts, by the credentials in the
    /// management account for those of the organization, and for those in that account.
    pub needs: &'static [Need],
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
        needs: &[],
    };
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
}

impl AttributeSpec {
    /// An attribute that is shown, and changed as `on_change` says.
    pub const fn new(name: &'static str, on_change: OnChange) -> Self {
        Self { name, on_change, sensitive: false, weight: None }
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

    /// The address of one in the organization.
    fn address(key: impl Into<String>) -> Address {
        Address::new(Self::SPEC.kind, key)
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
            done.map_err(|error| match context.address().scope() {
                Some(scope) => context.placed(scope, error),
                None => error,
            })
        })
    }
}
