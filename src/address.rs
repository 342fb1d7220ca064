//! Addresses: the stable names of resources, made from their keys in org.toml. A display name is an attribute, so
//! renaming is an update; the address stays.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

/// Where a resource inside a member account lives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The address of the account, without its kind: `records-dev`.
    pub account: String,
    /// The Region, such as `eu-west-1`.
    pub region: String,
}

/// `kind.key`, or `account/region/kind.key` inside an account. Cheap to clone: a plan names each of a million resources many times.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Address(Arc<Parts>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Parts {
    scope: Option<Arc<Scope>>,
    kind: Box<str>,
    key: Box<str>,
}

impl Address {
    /// An address of the organization itself: `kind.key`.
    pub fn new(kind: impl Into<String>, key: impl Into<String>) -> Self {
        Self(Arc::new(Parts { scope: None, kind: kind.into().into(), key: key.into().into() }))
    }

    /// An address inside an account: `account/region/kind.key`. Many may share one scope.
    pub fn within(scope: impl Into<Arc<Scope>>, kind: impl Into<String>, key: impl Into<String>) -> Self {
        Self(Arc::new(Parts { scope: Some(scope.into()), kind: kind.into().into(), key: key.into().into() }))
    }

    /// Another address in the same account and Region, or in the organization for one of it.
    pub fn beside(&self, kind: impl Into<String>, key: impl Into<String>) -> Self {
        Self(Arc::new(Parts { scope: self.0.scope.clone(), kind: kind.into().into(), key: key.into().into() }))
    }

    /// The address of one of several things that carry this one as their tag: `dhcp_options.standard/dopt-1`, which others replace.
    pub fn one_of_several(&self, id: &str) -> Self {
        self.beside(self.kind(), format!("{}/{id}", self.key()))
    }

    /// The address that this one is [one of several](Self::one_of_several) of.
    pub fn of_several(&self, id: &str) -> Option<Self> {
        Some(self.beside(self.kind(), self.key().strip_suffix(id)?.strip_suffix('/')?))
    }

    /// The kind, such as `ou`.
    pub fn kind(&self) -> &str {
        &self.0.kind
    }

    /// The key in org.toml, such as `hipaa`. It may hold dots: everything after the first one of the address.
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// As it is displayed. In one piece, since a million of them are written into attributes.
    fn text(&self) -> String {
        let (kind, key) = (self.kind(), self.key());
        match self.scope() {
            Some(Scope { account, region }) => [account, "/", region, "/", kind, ".", key].concat(),
            None => [kind, ".", key].concat(),
        }
    }

    /// Parses an address. One in the same account and Region, as most that something refers to are, shares that scope.
    pub(crate) fn parse_near(&self, text: &str) -> Result<Self, ParseAddressError> {
        let Some(scope) = &self.0.scope else { return text.parse() };
        let within = text.strip_prefix(scope.account.as_str()).and_then(|text| text.strip_prefix('/'));
        let within = within.and_then(|text| text.strip_prefix(scope.region.as_str())).and_then(|text| text.strip_prefix('/'));
        match within.and_then(|text| text.split_once('.')) {
            Some((kind, key)) if !kind.is_empty() && !kind.contains('/') && !key.is_empty() => Ok(self.beside(kind, key)),
            Some(_) | None => text.parse(),
        }
    }

    /// Whether both are in the same account and Region, or both in the organization itself.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        match (&self.0.scope, &other.0.scope) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other) || one == other,
            (one, other) => one.is_none() && other.is_none(),
        }
    }

    /// The account and Region of a resource inside an account; `None` for one of the organization.
    pub fn scope(&self) -> Option<&Scope> {
        self.0.scope.as_deref()
    }
}

/// Those of the organization, then by account and Region; in each by kind, then by key.
impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        let scopes = match (&self.0.scope, &other.0.scope) {
            // Most compared addresses are in one account and share its scope.
            (Some(one), Some(other)) if Arc::ptr_eq(one, other) => Ordering::Equal,
            (one, other) => one.cmp(other),
        };
        scopes.then_with(|| self.0.kind.cmp(&other.0.kind)).then_with(|| self.0.key.cmp(&other.0.key))
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Scope { account, region }) = self.scope() {
            write!(f, "{account}/{region}/")?;
        }
        write!(f, "{}.{}", self.kind(), self.key())
    }
}

/// The text is no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseAddressError(String);

impl fmt::Display for ParseAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an address: expected `kind.key` or `account/region/kind.key`", self.0)
    }
}

impl std::error::Error for ParseAddressError {}

impl FromStr for Address {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let err = || ParseAddressError(text.to_owned());
        // A kind holds no slash, and a key may: so there is a scope only if the slashes are before the first dot.
        let (head, key) = text.split_once('.').ok_or_else(err)?;
        let (within, kind) = head.rsplit_once('/').map_or((None, head), |(within, kind)| (Some(within), kind));
        if kind.is_empty() || key.is_empty() {
            return Err(err());
        }
        let Some(within) = within else { return Ok(Self::new(kind, key)) };
        match within.split_once('/') {
            Some((account, region)) if !account.is_empty() && !region.is_empty() && !region.contains('/') => {
                Ok(Self::within(Scope { account: account.to_owned(), region: region.to_owned() }, kind, key))
            }
            Some(_) | None => Err(err()),
        }
    }
}

impl TryFrom<String> for Address {
    type Error = ParseAddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.text()
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

/// A value that names another resource: by address when overlord knows it, by AWS's own id when it does not.
/// Edges of the graph come from references (invariant 6); `apply` resolves them to ids and makes no other choice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reference {
    /// `{"ref": "ou.hipaa"}`.
    #[serde(rename = "ref")]
    Address(Address),
    /// `{"id": "ou-ab12-cdefghij"}`: something live that the configuration does not name.
    #[serde(rename = "id")]
    Id(String),
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

impl From<Address> for Reference {
    fn from(address: Address) -> Self {
        Self::Address(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips() {
        for text in ["ou.hipaa", "policy_attachments.ou.hipaa", "trusted_service.config.amazonaws.com", "audit/eu-west-1/vpc.standard"] {
            assert_eq!(text.parse::<Address>().map(|a| a.to_string()), Ok(text.to_owned()));
            assert_eq!(text.parse::<Address>().map(String::from), Ok(text.to_owned()));
        }
    }

    #[test]
    fn near_another_it_reads_the_same() {
        let near = ["ou.a", "audit/eu-west-1/vpc.standard"].map(|text| text.parse::<Address>().unwrap());
        let texts = [
            "ou.a",
            "audit/eu-west-1/vpc.b",
            "audit/eu-west-1/subnet.b/c.d",
            "audit/eu-west-2/vpc.b",
            "audi/eu-west-1/vpc.b",
            "x/y/vpc.b",
            "audit/eu-west-1/",
            "audit/eu-west-1/vpc.",
            "audit/eu-west-1/.b",
            "audit/eu-west-1/x/vpc.b",
            "audit/eu-west-1.b",
            "",
        ];
        for (near, text) in near.iter().flat_map(|near| texts.map(|text| (near, text))) {
            assert_eq!(near.parse_near(text), text.parse(), "{text} near {near}");
        }
    }

    #[test]
    fn one_of_several_is_of_them() {
        let address: Address = "a/r/dhcp_options.standard".parse().unwrap();
        let one = address.one_of_several("dopt-1");
        assert_eq!((one.to_string().as_str(), one.of_several("dopt-1")), ("a/r/dhcp_options.standard/dopt-1", Some(address.clone())));
        assert_eq!((one.of_several("dopt-2"), address.of_several("standard")), (None, None));
    }

    #[test]
    fn the_organization_comes_before_its_accounts_and_a_shared_scope_changes_no_order() {
        let order =
            ["account.z", "ou.a", "a/r/vpc.b", "a/s/subnet.a", "a/s/vpc.a", "b/a/vpc.a"].map(|text| text.parse::<Address>().unwrap());
        assert!(order.is_sorted());
        let beside = order[4].beside("subnet", "b");
        assert!(order[3] < beside && beside < order[4] && beside > order[2]);
        assert_eq!(beside, "a/s/subnet.b".parse().unwrap());
        for (one, other) in order.iter().flat_map(|one| order.iter().map(move |other| (one, other))) {
            assert_eq!(one.is_beside(other), one.scope() == other.scope(), "{one} {other}");
        }
        assert!(order[4].is_beside(&beside) && beside.is_beside(&"a/s/vpc.b".parse().unwrap()));
    }

    #[test]
    fn refuses_what_is_no_address() {
        for text in ["", "ou", ".x", "ou.", "a/ou.x", "//ou.x", "a/b/c/ou.x"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
