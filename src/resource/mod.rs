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

/// What the configuration asks for: every managed resource, and how to recognise it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, serde::Deserialize)]
pub struct Desired {
    /// The 12-digit id of the only account that overlord may run in.
    pub management_account: String,
    /// The Region of regional calls that belong to the organization.
    pub home_region: String,
    /// The role that CreateAccount makes in new accounts and that overlord assumes in every account.
    pub access_role: String,
    /// All resources by address.
    pub resources: BTreeMap<Address, Attributes>,
    /// The role that runs assume which only read, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_role: Option<String>,
    /// The external id that assuming either role names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// How many accounts the organization may have, where org.toml says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_quota: Option<usize>,
    /// How much there may be in one account and Region, where org.toml says so.
    #[serde(default, skip_serializing_if = "crate::network::Quotas::are_built_in")]
    pub network_quotas: crate::network::Quotas,
    /// How many policies may be attached to one target, by AWS's name of their type, where org.toml says so.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attached: BTreeMap<String, usize>,
    /// Accounts recognised by id instead of e-mail.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pinned: BTreeMap<Address, String>,
    /// The OU in which new accounts wait until their guardrails stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<Address>,
    /// Renamed keys: new address to the old one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moved: BTreeMap<Address, Former>,
    /// The stages of each team: its accounts have the keys `<team>-<stage>`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub teams: BTreeMap<String, BTreeSet<String>>,
    /// The networks. Their resources are not among `resources`: which blocks they have depends on what is live, so `Plan::build` makes
    /// them ([`network::expand`]).
    #[serde(default)]
    pub network: crate::network::Design,
    /// What networks cost, where org.toml says otherwise than the price list.
    #[serde(default, skip_serializing_if = "crate::prices::Overrides::is_empty")]
    pub prices: crate::prices::Overrides,
    /// AWS's actions and condition keys, where a file of the user's has them. No saved plan has it: what changes does not rest on it, and the
    /// impact, which does, is told with its date.
    #[serde(skip)]
    pub catalogue: Option<Arc<Catalogue>>,
    /// Regions that AWS opened since this version was made, by `[limits]`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub added_regions: BTreeSet<String>,
    /// The part of it that the run is about.
    #[serde(default, skip_serializing_if = "Selection::is_everything")]
    pub selection: Selection,
}

impl Desired {
    /// How many policies of a type may be attached to one target.
    pub fn most_attached(&self, limits: &PolicyTypeLimits) -> usize {
        self.attached.get(&limits.name).copied().unwrap_or(limits.attached)
    }

    /// AWS's actions and condition keys: the user's list, or that which is built in.
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.clone().unwrap_or_else(Catalogue::built_in)
    }

    /// The role that overlord assumes in every account.
    pub fn role(&self) -> AccessRole {
        AccessRole { name: self.access_role.clone(), external_id: self.external_id.clone() }
    }

    /// The role that a run assumes which only reads.
    pub fn reading_role(&self) -> AccessRole {
        AccessRole { name: self.plan_role.as_ref().unwrap_or(&self.access_role).clone(), external_id: self.external_id.clone() }
    }
}

/// What a `[[moved]]` key was called before.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
pub struct Former {
    /// The address it had, as its `overlord:address` tag says.
    pub address: Address,
    /// The values that it is recognised by when it carries no tag: the name or e-mail that its old key made.
    pub names: Vec<String>,
}

/// What AWS has.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Live {
    /// Resources bound to an address of the configuration, and those of ours that left it.
    pub resources: BTreeMap<Address, LiveResource>,
    /// What overlord does not manage and will not touch, and what needs the user's attention.
    pub findings: Vec<Finding>,
    /// Why something is to be made, where more is known than that it is not there.
    pub reasons: BTreeMap<Address, String>,
    /// What the allocator of addresses must know of what is live.
    pub network: crate::network::Observed,
    /// OUs, accounts and policies of the organization that the configuration does not name, and what is attached to them: nothing is
    /// ever done to them, and what is done to guardrails reaches them.
    pub beside: BTreeMap<Address, LiveResource>,
    /// Whether a run that applies changes held its lock while this was read: it may be half of the old state and half of the new.
    pub locked: bool,
    /// New accounts that look like existing ones under another key.
    pub renames: Vec<organizations::Rename>,
    /// The types of guardrails that are in use and of which nothing was read, since the configuration has none of them.
    pub unread: BTreeSet<crate::policy::Family>,
}

/// One live resource.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
pub struct LiveResource {
    /// AWS's id. `None` for something that AWS will make along with another resource, such as the policies that a new OU is
    /// born with.
    pub id: Option<String>,
    /// Its attributes, in the same form as the desired ones.
    pub attributes: Attributes,
    /// Whether its `overlord:address` tag says that overlord made it; `None` when its tags were not read.
    pub ours: Option<bool>,
    /// Why it must be left as it is whatever the configuration says: a closed account, for example. No change is planned for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
}

/// Something to know that is no change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: FindingSeverity,
    /// What it is about: an address, or AWS's id with a name.
    pub subject: String,
    /// One line.
    pub summary: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingSeverity {
    /// The plan cannot be applied while it stands.
    Error,
    /// Something may fail or surprise.
    Warning,
    /// Exists, is not in the configuration, and stays as it is.
    Unmanaged,
}

/// Why an account that is invited, and what is asked for of it, is left as it is. The account has a finding that says when it will not be.
pub const NOT_JOINED: &str = "the account has not joined the organization";

/// The tag that names a resource of ours, written in the creating call itself (invariant 8).
pub const ADDRESS_TAG: &str = "overlord:address";

/// The attribute of a live set of guardrails whose target has no room for all that it is to gain: of each such type how many must go
/// `first`, `of` which that go anyway. Nobody asks for it; it tells what AWS has.
pub const CROWDED: &str = "crowded";

/// The attribute of something live that left the configuration and has the tag of what comes in its place: that one's address, as text.
/// Nobody asks for it; it tells why something is made anew.
pub const SUCCESSOR: &str = "successor";

/// The attribute of a live account that tells of a note of ours which is true no longer: the address of a code that nobody waits for.
/// Nobody asks for it, so it goes.
pub const LAPSED: &str = "code_sent_to";

/// What is known of a kind without calling AWS. The pure engine works on this.
#[derive(Debug, Clone, Copy)]
pub struct KindSpec {
    /// The first part of its addresses.
    pub kind: &'static str,
    /// One line of what it is, for documentation.
    pub summary: &'static str,
    /// Its attributes.
    pub attributes: &'static [AttributeSpec],
    /// What happens when ours leaves the configuration.
    pub on_removal: OnRemoval,
    /// Whether it guards what its `target` attribute refers to: nothing is created in or moved into a target whose guard is
    /// still to be changed.
    pub guards_target: bool,
    /// What it weighs that one of it is missing, or was not asked for; and that an attribute differs which says nothing else.
    pub weight: Weight,
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
    /// What it weighs that it differs, where that is not the kind's own weight.
    pub weight: Option<Weight>,
}

impl AttributeSpec {
    /// An attribute that is shown, and changed as `on_change` says.
    pub const fn new(name: &'static str, on_change: OnChange) -> Self {
        Self { name, on_change, sensitive: false, weight: None }
    }

    /// The same, of another weight than its kind.
    pub const fn weighs(self, weight: Weight) -> Self {
        Self { weight: Some(weight), ..self }
    }
}

/// What it weighs that something is not as org.toml says (`overlord drift`). The heaviest comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// What holds accounts back may be weaker: policies, where they are attached, which OU an account is in, root users.
    GuardRail,
    /// What talks to what may be otherwise.
    Network,
    /// Accounts, OUs, services and contacts.
    Organization,
    /// Nothing works otherwise: tags, names, descriptions.
    Cosmetic,
}

/// What a change of an attribute means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnChange {
    /// Changed in place.
    Update,
    /// Changed in place by moving the resource to another parent.
    Move,
    /// The resource is made anew, then the old one is deleted.
    ReplaceCreateFirst,
    /// The resource is deleted: its desired state is to be gone. Needs consent, as every deletion. The kind does it in its `update`, and
    /// what is gone already, of a new account for example, in its `create`.
    Delete,
    /// Refused, with the way out.
    Forbidden(&'static str),
}

/// What happens to a resource of ours that left the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRemoval {
    /// Planned as a deletion that needs consent.
    Delete,
    /// Reported and left as it is.
    Report,
    /// Left without a word: AWS made it, and it goes with what it is a part of.
    Leave,
}

/// A kind of resource. See the module's documentation for what it is not.
pub trait Kind: Send + Sync + 'static {
    /// Its attributes as the calls need them.
    type Attributes: Serialize + DeserializeOwned + Send + Sync + 'static;
    /// What the pure engine knows of it.
    const SPEC: KindSpec;

    /// The mutating operations that creating, updating or deleting makes, in order, as `service:Operation`. `before` is `None` for a
    /// creation, `after` for a deletion. The plan prints them, and a test holds them to what `apply` really calls.
    fn calls(before: Option<&Self::Attributes>, after: Option<&Self::Attributes>) -> Vec<String>;

    /// Creates it and returns AWS's id. A rerun after a lost answer must find what the first try made.
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

    /// Creates, updates or deletes, as `before` and `after` are there or not, and returns the id. `id` is AWS's id of what exists.
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

        /// The family that the kind of that name belongs to.
        pub(crate) fn family(name: &str) -> Option<&'static str> {
            [$((<$family::$kind as Kind>::SPEC.kind, stringify!($family))),*].into_iter().find(|(kind, _)| *kind == name).map(|(_, family)| family)
        }

        /// What a kind says of its attributes, and the fields that they have: for the contract test.
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

/// Every address that the attributes refer to, in order, each once.
pub fn references(attributes: &Attributes) -> Vec<Address> {
    addresses(attributes.references())
}

/// The same, for the attributes of what has the address `near`: quicker where they refer to what lies beside it.
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

/// The reference that an attribute holds, such as `parent` or `target`.
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

    /// A value that an attribute of this name can have; `variant` tells one from another.
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

    /// Attributes of a kind: all of the first variant, but `other` of another one.
    fn attributes(spec: &KindSpec, other: Option<&str>) -> Attributes {
        let variant = |name: &str| usize::from(other == Some(name));
        let value = |name: &str| match (spec.kind, name) {
            // The type itself, where elsewhere it is a reference to it.
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
            // What a new account does not have is never made.
            assert!(spec.kind == "root_credentials" || !calls(None, Some(&one)).is_empty(), "{} is created by no call", spec.kind);
            assert_eq!(calls(Some(&one), Some(&one)), Vec::<String>::new(), "{}: nothing differs", spec.kind);
            assert_eq!(calls(Some(&one), None).is_empty(), spec.on_removal != OnRemoval::Delete, "{}: deletion", spec.kind);
            for attribute in spec.attributes {
                let other = match attribute.name {
                    // It is only ever found, and goes.
                    LAPSED => one.to_map().into_iter().filter(|(name, _)| name != LAPSED).collect(),
                    name => attributes(spec, Some(name)),
                };
                let changed = calls(Some(&one), Some(&other));
                let expected = match (spec.kind, attribute.name, attribute.on_change) {
                    // The target is in the address, so it cannot differ alone.
                    ("policy_attachments", "target", _) => false,
                    // They only take away: nothing is asked for that could be added.
                    ("default_vpc" | "default_security_group" | "root_credentials", _, _) => false,
                    (_, _, OnChange::Update | OnChange::Move | OnChange::Delete) => true,
                    (_, _, OnChange::ReplaceCreateFirst | OnChange::Forbidden(_)) => false,
                };
                assert_eq!(!changed.is_empty(), expected, "{}: a change of `{}` calls {changed:?}", spec.kind, attribute.name);
            }
        }
    }
}
