//! Resources: the kinds, and the one table of them.
//!
//! A kind is one file in its family's folder: its typed attributes, what a change of each attribute means, and its create, update and
//! delete calls. It contains no diff, no dependency list, no rendering and no retry: the engine does those, on addresses and attributes
//! alone. The typed trait is erased once, here, into [`KINDS`]. A new kind is one file and one word in that table.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};

use crate::address::{Address, Reference};
use crate::aws::{AccessRole, Error};
use crate::limits::PolicyTypeLimits;
use crate::policy::Catalogue;
use serde::Serialize;
use serde::de::DeserializeOwned;

mod attributes;
mod context;
pub mod network;
mod opening;
pub mod organizations;
mod pages;
mod selection;

pub use attributes::{Attributes, typed, untyped};
pub use context::{Company, Context, KnownCreation};
pub(crate) use context::{Ids, Start};
pub(crate) use opening::NOT_YET;
pub use selection::{NOT_READ, NOT_SELECTED, Selection, UnknownName, WITH_ITS_ACCOUNT};

/// The desired state: every managed resource, and how to recognise it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, serde::Deserialize)]
pub struct Desired {
    /// The 12-digit id of the only account that overlord may run in.
    pub management_account: String,
    /// The Region of regional calls that belong to the organization.
    pub home_region: String,
    /// The role that CreateAccount creates in new accounts and that overlord assumes in every account.
    pub access_role: String,
    /// All resources by address.
    pub resources: BTreeMap<Address, Attributes>,
    /// The role that read-only runs assume, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_role: Option<String>,
    /// The external id for assuming either role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The quota of accounts in the organization, if org.toml sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_quota: Option<usize>,
    /// The quotas of one account and Region, if org.toml sets them.
    #[serde(default, skip_serializing_if = "crate::network::Quotas::are_built_in")]
    pub network_quotas: crate::network::Quotas,
    /// How many policies may be attached to one target, by AWS's name of their type, if org.toml sets it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attached: BTreeMap<String, usize>,
    /// Accounts recognised by id instead of e-mail.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pinned: BTreeMap<Address, String>,
    /// The OU in which new accounts wait until their guardrails are attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Address>,
    /// Renamed keys: new address to the old one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moved: BTreeMap<Address, Former>,
    /// The stages of each team: its accounts have the keys `<team>-<stage>`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub teams: BTreeMap<String, BTreeSet<String>>,
    /// The networks. Their resources are not in `resources`: their CIDR blocks depend on the live state, so `Plan::build` creates them
    /// ([`network::expand`]).
    #[serde(default)]
    pub network: crate::network::Design,
    /// Prices that org.toml sets instead of the price list.
    #[serde(default, skip_serializing_if = "crate::prices::Overrides::is_empty")]
    pub prices: crate::prices::Overrides,
    /// AWS's actions and condition keys, if the user has a file of them. It is not saved in plans: changes do not depend on it, and the
    /// impact, which does, names its date.
    #[serde(skip)]
    pub catalogue: Option<Arc<Catalogue>>,
    /// Regions in `[limits]` that AWS opened after this version was released.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub added_regions: BTreeSet<String>,
    /// The part of the configuration that the run covers.
    #[serde(default, skip_serializing_if = "Selection::is_everything")]
    pub selection: Selection,
}

impl Desired {
    /// How many policies of a type may be attached to one target.
    pub fn most_attached(&self, limits: &PolicyTypeLimits) -> usize {
        self.attached.get(&limits.name).copied().unwrap_or(limits.attached)
    }

    /// AWS's actions and condition keys: the user's list, or the built-in one.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.clone().unwrap_or_else(Catalogue::built_in)
    }

    /// The role that overlord assumes in every account.
    pub fn role(&self) -> AccessRole {
        AccessRole { name: self.access_role.clone(), external_id: self.external_id.clone() }
    }

    /// The role that a read-only run assumes.
    pub fn reading_role(&self) -> AccessRole {
        AccessRole { name: self.plan_role.as_ref().unwrap_or(&self.access_role).clone(), external_id: self.external_id.clone() }
    }
}

/// The former identity of a `[[moved]]` key.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
pub struct Former {
    /// The address it had, as its `overlord:address` tag says.
    pub address: Address,
    /// The values that identify it without a tag: the name or e-mail from its old key.
    pub names: Vec<String>,
}

/// The live state.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Live {
    /// Resources bound to an address of the configuration, and managed ones that were removed from it.
    pub resources: BTreeMap<Address, LiveResource>,
    /// Unmanaged resources, which overlord does not change, and findings that need the user's attention.
    pub findings: Vec<Finding>,
    /// Why a resource is to be created, if there is more to say than that it does not exist.
    pub reasons: BTreeMap<Address, String>,
    /// The live networks that the allocator must know.
    pub network: crate::network::Observed,
    /// OUs, accounts and policies that the configuration does not name, and their attachments: overlord never changes them, but changes
    /// of guardrails affect them.
    pub beside: BTreeMap<Address, LiveResource>,
    /// Whether an applying run held its lock during the read: the result may be half old and half new.
    pub locked: bool,
    /// New accounts that look like existing ones under another key.
    pub renames: Vec<organizations::Rename>,
    /// The guardrail types that are in use and were not read, since the configuration has none of them.
    pub unread: BTreeSet<crate::policy::Family>,
}

/// One live resource.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
pub struct LiveResource {
    /// AWS's id. `None` for a resource that AWS will create along with another one, such as the attachments of a new OU.
    pub id: Option<String>,
    /// Its attributes, in the same form as the desired ones.
    pub attributes: Attributes,
    /// Whether its `overlord:address` tag says that overlord created it; `None` if its tags were not read.
    pub ours: Option<bool>,
    /// Why it must stay as it is whatever the configuration says: a closed account, for example. No change is planned for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
}

/// A finding: not a change, but worth knowing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
pub struct Finding {
    /// Its severity.
    pub severity: FindingSeverity,
    /// Its subject: an address, or AWS's id with a name.
    pub subject: String,
    /// One line.
    pub summary: String,
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingSeverity {
    /// The plan cannot be applied while this finding exists.
    Error,
    /// Something may fail or surprise.
    Warning,
    /// The resource exists, is not in the configuration, and stays as it is.
    Unmanaged,
}

/// Why an invited account, and what org.toml says about it, stays as it is. A finding about the account says until when.
pub const NOT_JOINED: &str = "the account has not joined the organization";

/// The tag of managed resources, written in the creating call itself (invariant 8).
pub const ADDRESS_TAG: &str = "overlord:address";

/// The attribute of a live set of guardrails whose target has no room for all policies to attach. For each such type: how many must be
/// detached `first`, and `of` which ones that are detached anyway. It describes AWS's state and is never desired.
pub const CROWDED: &str = "crowded";

/// The attribute of a live resource that was removed from the configuration and has the tag of its replacement: the replacement's
/// address, as text. It explains the replacement and is never desired.
pub const SUCCESSOR: &str = "successor";

/// The attribute of a live account with an outdated tag: the address of a code that is no longer pending. It is never desired, so it is
/// removed.
pub const LAPSED: &str = "code_sent_to";

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

macro_rules! kinds {
    ($($family:ident :: $kind:ident),* $(,)?) => {
        /// Every kind. The order is that of the documentation; nothing depends on it.
        pub static KINDS: &[&dyn ErasedKind] = &[$(&Adapter::<$family::$kind>::new()),*];

        /// The family of the kind of that name.
        pub(crate) fn family(name: &str) -> Option<&'static str> {
            [$((<$family::$kind as Kind>::SPEC.kind, stringify!($family))),*].into_iter().find(|(kind, _)| *kind == name).map(|(_, family)| family)
        }

        /// A kind's attribute specifications, and the fields of its attributes: for the contract test.
        #[cfg(test)]
        fn contracts() -> Vec<(KindSpec, Vec<&'static str>)> {
            vec![$((<$family::$kind as Kind>::SPEC, tests::fields::<<$family::$kind as Kind>::Attributes>())),*]
        }
    };
}

kinds! {
    organizations::Organization,
    organizations::TrustedService,
    organizations::DelegatedAdministrator,
    organizations::PolicyType,
    organizations::OrganizationalUnit,
    organizations::Policy,
    organizations::PolicyAttachments,
    organizations::Invitation,
    organizations::Account,
    organizations::Placement,
    organizations::AlternateContact,
    organizations::PrimaryContact,
    organizations::RootAccess,
    organizations::RootCredentials,
    network::Region,
    network::DefaultVpc,
    network::DhcpOptions,
    network::Vpc,
    network::DefaultSecurityGroup,
    network::SecurityGroup,
    network::InternetGateway,
    network::EgressOnlyInternetGateway,
    network::RouteTable,
    network::Subnet,
    network::ElasticIp,
    network::NatGateway,
    network::Route,
    network::VpcEndpoint,
    network::FlowLog,
    network::VpcPeering,
    network::TransitGateway,
    network::ResourceShare,
    network::TransitGatewayAttachment,
    network::VpnGateway,
    network::CustomerGateway,
    network::VpnConnection,
}

/// The kind of that name, as in addresses.
pub fn kind(name: &str) -> Option<&'static dyn ErasedKind> {
    static BY_NAME: LazyLock<HashMap<&str, &dyn ErasedKind>> =
        LazyLock::new(|| KINDS.iter().map(|kind| (kind.spec().kind, *kind)).collect());
    BY_NAME.get(name).copied()
}

/// Every referenced address, in order, each once.
pub fn references(attributes: &Attributes) -> Vec<Address> {
    addresses(attributes.references())
}

/// The same, for attributes of a resource with the address `near`: faster if they refer to neighbours.
pub(crate) fn references_near(attributes: &Attributes, near: &Address) -> Vec<Address> {
    addresses(attributes.references_near(Some(near)))
}

fn addresses(references: Vec<Reference>) -> Vec<Address> {
    let address = |reference| match reference {
        Reference::Address(address) => Some(address),
        Reference::Id(_) => None,
    };
    references.into_iter().filter_map(address).collect()
}

/// The reference in an attribute, such as `parent` or `target`.
pub fn reference(attributes: &Attributes, name: &str) -> Option<Reference> {
    attributes.reference(name)
}

#[cfg(test)]
mod tests {
    use serde::de::value::Error as FieldsError;
    use serde::de::{Deserializer, Error as _, Visitor};
    use serde_json::{Value, json};

    use super::*;

    /// Knows the fields of a struct and refuses to make one.
    struct Fields<'a>(&'a mut Vec<&'static str>);

    impl<'de> Deserializer<'de> for Fields<'_> {
        type Error = FieldsError;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, FieldsError> {
            Err(FieldsError::custom("no struct"))
        }

        fn deserialize_struct<V: Visitor<'de>>(self, _: &str, fields: &'static [&'static str], _: V) -> Result<V::Value, FieldsError> {
            self.0.extend(fields);
            Err(FieldsError::custom("no value"))
        }

        serde::forward_to_deserialize_any! {
            bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq tuple
            tuple_struct map enum identifier ignored_any
        }
    }

    pub(super) fn fields<A: DeserializeOwned>() -> Vec<&'static str> {
        let mut found = Vec::new();
        assert!(A::deserialize(Fields(&mut found)).is_err());
        found
    }

    /// A valid value for an attribute of this name; `variant` gives different values.
    fn sample(name: &str, variant: usize) -> Value {
        match name {
            "account" | "guard" | "root_access" | "dhcp_options" | "elastic_ip" | "internet_gateway" | "organization" | "parent"
            | "route_table" | "subnet" | "target" | "trusted_service" | "vpc" | "customer_gateway" | "peer_account" | "peer_vpc"
            | "share" | "transit_gateway" | "vpn_gateway" => json!({ "ref": format!("ou.place-{variant}") }),
            "policy_type" => json!({ "ref": format!("policy_type.TYPE_{variant}") }),
            "policies" => json!([{ "ref": format!("policy.rail-{variant}") }, { "id": "p-FullAWSAccess" }]),
            "principals" | "propagating_gateways" | "resources" | "route_tables" | "security_groups" | "subnets" => {
                json!([{ "ref": format!("ou.place-{variant}") }])
            }
            "associated"
            | "auto_accept"
            | "default_association"
            | "default_propagation"
            | "enable_dns_hostnames"
            | "enable_dns_support"
            | "private_dns"
            | "propagated" => json!(variant == 1),
            "asn" => json!(65_000 + variant),
            "ingress" => json!([{ "from": format!("10.0.{variant}.0/24"), "ports": "443", "protocol": "tcp" }]),
            "interval" => json!(60 + variant),
            "name_servers" | "routes" | "rules" | "with" => json!([format!("{name}-{variant}")]),
            "tags" => json!({ "team": format!("{variant}") }),
            "content" => json!({ "Statement": [variant] }),
            _ => json!(format!("{name}-{variant}")),
        }
    }

    /// Attributes of a kind: all of the first variant, except that `other` has another one.
    fn attributes(spec: &KindSpec, other: Option<&str>) -> Attributes {
        let variant = |name: &str| usize::from(other == Some(name));
        let value = |name: &str| match (spec.kind, name) {
            // The type itself; in other kinds it is a reference to it.
            ("policy_type", "policy_type") => json!(format!("TYPE_{}", variant(name))),
            ("account", "leaves") => {
                if variant(name) == 1 {
                    json!("closed")
                } else {
                    json!(null)
                }
            }
            // Its desired state is to be gone, or to hold nothing.
            ("default_vpc", "present") => json!(variant(name) == 1),
            ("default_vpc", "subnets") => json!(variant(name)),
            ("default_security_group", "rules") if variant(name) == 0 => json!([]),
            ("primary_contact", "address") => json!([format!("line {}", variant(name))]),
            ("root_access", "features") if variant(name) == 0 => json!(["RootSessions"]),
            ("root_access", "features") => json!(["RootCredentialsManagement"]),
            ("root_credentials", "credentials") if variant(name) == 0 => json!([]),
            ("root_credentials", "credentials") => json!(["password"]),
            ("vpc", "ipv6") => json!(variant(name) == 1),
            ("subnet", "ipv6") => json!(variant(name)),
            _ => sample(name, variant(name)),
        };
        spec.attributes.iter().map(|attribute| (attribute.name.to_owned(), value(attribute.name))).collect()
    }

    fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<&'a str> {
        names.into_iter().collect()
    }

    #[test]
    fn every_kind_names_itself_and_its_attributes() {
        let kinds = names(KINDS.iter().map(|kind| kind.spec().kind));
        assert_eq!(kinds.len(), KINDS.len(), "two kinds have one name");
        for (spec, fields) in contracts() {
            assert_eq!(kind(spec.kind).map(|kind| kind.spec().kind), Some(spec.kind));
            assert!(!spec.kind.contains(['.', '/']), "`{}` cannot be parsed in an address", spec.kind);
            assert!(!spec.summary.is_empty());
            assert!(fields.is_sorted(), "{}: the fields are not in order of name, so their JSON is not canonical", spec.kind);
            let attributes = names(spec.attributes.iter().map(|attribute| attribute.name));
            assert_eq!(attributes.len(), spec.attributes.len(), "{}: two attributes have one name", spec.kind);
            assert_eq!(attributes, names(fields), "{}: the attributes of the table are not those of the type", spec.kind);
            assert!(!spec.guards_target || attributes.contains("target"), "{} guards nothing", spec.kind);
            assert!(!spec.guards_target || spec.weight == Weight::GuardRail, "{} is a guardrail", spec.kind);
            let mut tags = spec.attributes.iter().filter(|attribute| attribute.name == "tags");
            assert!(tags.all(|tags| tags.weight == Some(Weight::Cosmetic)), "{}: tags are cosmetic", spec.kind);
        }
    }

    #[test]
    fn every_kind_says_what_it_will_call() {
        for kind in KINDS {
            let spec = kind.spec();
            let one = attributes(spec, None);
            let calls = |before: Option<&Attributes>, after: Option<&Attributes>| {
                let calls = kind.calls(before, after).unwrap_or_else(|e| panic!("{}: {e}", spec.kind));
                for call in &calls {
                    let (service, operation) = call.split_once(':').unwrap();
                    assert!(
                        service.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
                            && operation.starts_with(|c: char| c.is_ascii_uppercase()),
                        "{call}"
                    );
                }
                calls
            };
            // What a new account does not have is never created.
            assert!(spec.kind == "root_credentials" || !calls(None, Some(&one)).is_empty(), "{} is created by no call", spec.kind);
            assert_eq!(calls(Some(&one), Some(&one)), Vec::<String>::new(), "{}: nothing differs", spec.kind);
            assert_eq!(calls(Some(&one), None).is_empty(), spec.on_removal != OnRemoval::Delete, "{}: deletion", spec.kind);
            for attribute in spec.attributes {
                let other = match attribute.name {
                    // It is only ever found, and deleted.
                    LAPSED => one.to_map().into_iter().filter(|(name, _)| name != LAPSED).collect(),
                    name => attributes(spec, Some(name)),
                };
                let changed = calls(Some(&one), Some(&other));
                let expected = match (spec.kind, attribute.name, attribute.on_change) {
                    // The target is in the address, so it cannot differ alone.
                    ("policy_attachments", "target", _) => false,
                    // They only remove: nothing desired could be added.
                    ("default_vpc" | "default_security_group" | "root_credentials", _, _) => false,
                    (_, _, OnChange::Update | OnChange::Move | OnChange::Delete) => true,
                    (_, _, OnChange::ReplaceCreateFirst | OnChange::Forbidden(_)) => false,
                };
                assert_eq!(!changed.is_empty(), expected, "{}: a change of `{}` calls {changed:?}", spec.kind, attribute.name);
            }
        }
    }
}
