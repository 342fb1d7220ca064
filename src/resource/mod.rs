//! Resources: the kinds, and the one table of them.
//!
//! A kind is one file in its family's folder: its typed attributes, what a change of each attribute means, and its create, update and
//! delete calls. It contains no diff, no dependency list, no rendering and no retry: the engine does those, on addresses and attributes
//! alone. A family is a folder of kinds that are read together. [`FAMILIES`] is the one list of families, and each family has the one list
//! of its kinds. docs/add-a-kind.md describes how a kind is added.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::address::{Address, Reference};

pub mod account_defaults;
mod attributes;
mod context;
mod events;
mod family;
pub mod iam;
mod kind;
mod needs;
pub mod network;
mod opening;
pub mod organizations;
mod pages;
mod part_of;
mod proposed;
mod reach;
mod selection;
mod setting;
mod standing;
mod state;
mod unread;
mod uses;

pub use attributes::{Attributes, shown, typed, untyped};
pub use context::{Company, Context, KnownCreation};
pub(crate) use context::{Ids, Start};
pub use events::{EventSpec, Explains, NamedBy, Says};
pub(crate) use family::kinds;
pub use family::{Accounts, Expanded, Family, FamilyReading, Keep, ReadRun};
pub use kind::{Adapter, ApplyFuture, AttributeSpec, ErasedKind, Kind, KindSpec, OnChange, OnRemoval, PolicyRole, Weight};
pub use needs::{By, Deletes, FamilyNeeds, Grant, Need, OnJoining, Run, family_needs, import_needs};
pub use network::Screening;
pub(crate) use opening::NOT_YET;
pub use part_of::{PartOf, account_address, is_account, whole, wholes};
pub use proposed::Proposed;
pub use selection::{NOT_READ, NOT_SELECTED, Selection, UNREAD, UnknownName, WITH_ITS_ACCOUNT};
pub use setting::{AccountClients, ErasedSetting, ONLY, Setting, Settings};
pub use state::{Desired, Finding, FindingSeverity, Former, Live, LiveResource};
pub use uses::{FreedBy, Price, Quota};

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

/// Every family. A family binds after those before it, on whose live resources its own may depend.
pub static FAMILIES: &[&dyn Family] = &[&organizations::Organizations, &network::Networks, &iam::IAM, &account_defaults::ACCOUNT_DEFAULTS];

/// Every kind, family by family. The order is that of the documentation; nothing depends on it.
pub static KINDS: LazyLock<Vec<&'static dyn ErasedKind>> =
    LazyLock::new(|| FAMILIES.iter().flat_map(|family| family.kinds().iter().copied()).collect());

/// The name of the family of the kind of that name.
pub(crate) fn family(name: &str) -> Option<&'static str> {
    FAMILIES.iter().find(|family| family.kinds().iter().any(|kind| kind.spec().kind == name)).map(|family| family.name())
}

/// The kind of that name, as in addresses.
pub fn kind(name: &str) -> Option<&'static dyn ErasedKind> {
    static BY_NAME: LazyLock<HashMap<&str, &dyn ErasedKind>> =
        LazyLock::new(|| KINDS.iter().map(|kind| (kind.spec().kind, *kind)).collect());
    BY_NAME.get(name).copied()
}

/// The facts of the kind of an address.
pub fn spec(address: &Address) -> Option<&'static KindSpec> {
    kind(address.kind()).map(ErasedKind::spec)
}

/// The position of the kind of that name in the table of kinds.
pub fn position(name: &str) -> Option<usize> {
    static BY_NAME: LazyLock<HashMap<&str, usize>> =
        LazyLock::new(|| KINDS.iter().enumerate().map(|(position, kind)| (kind.spec().kind, position)).collect());
    BY_NAME.get(name).copied()
}

/// What a resource is to the policies of the organization. Nothing inside an account is any of it.
pub fn policy_role(address: &Address) -> PolicyRole {
    if address.account().is_some() {
        return PolicyRole::None;
    }
    spec(address).map_or(PolicyRole::None, |spec| spec.policy_role)
}

/// Whether AWS gives a resource an id of its own.
pub fn has_own_id(address: &Address) -> bool {
    spec(address).is_some_and(|spec| spec.own_id)
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
pub(crate) use tests::fields;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::de::DeserializeOwned;
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

    pub(crate) fn fields<A: DeserializeOwned>() -> Vec<&'static str> {
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
            | "enabled"
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
        for kind in KINDS.iter() {
            let (spec, fields) = (kind.spec(), kind.fields());
            assert_eq!(super::kind(spec.kind).map(|kind| kind.spec().kind), Some(spec.kind));
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
        for kind in KINDS.iter() {
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
