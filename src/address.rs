//! Addresses: the stable names of resources, made from their keys in org.toml. A display name is an attribute, so
//! renaming is an update; the address stays.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

/// An account and a Region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The address of the account, without its kind: `records-dev`.
    pub account: String,
    /// The Region, such as `eu-west-1`.
    pub region: String,
}

/// Where a resource lives. Accounts are named by the key of their address: `records-dev`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// In the organization itself.
    Organization,
    /// In an account, and in no Region: what belongs to a global service.
    Account(&'a str),
    /// In an account and a Region.
    Region(&'a Scope),
}

/// `kind.key` in the organization, `account/kind.key` in an account, `account/region/kind.key` in a Region of an account. Cheap to
/// clone: a plan names each of a million resources many times.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Address(Arc<Parts>);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Parts {
    within: Within,
    kind: Box<str>,
    key: Box<str>,
}

/// A [`Place`] that many addresses share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Within {
    Organization,
    Account(Arc<str>),
    Region(Arc<Scope>),
}

impl Within {
    /// Whether both are the same object, which is faster to see than whether they are equal.
    fn is_shared(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Region(one), Self::Region(other)) => Arc::ptr_eq(one, other),
            (Self::Organization, Self::Organization) => true,
            _ => false,
        }
    }

    /// The organization first, then account by account: first what is in no Region, then Region by Region.
    fn order(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Organization => (None, None),
            Self::Account(account) => (Some(account), None),
            Self::Region(scope) => (Some(&scope.account), Some(&scope.region)),
        }
    }
}

impl Address {
    fn in_place(within: Within, kind: impl Into<String>, key: impl Into<String>) -> Self {
        Self(Arc::new(Parts { within, kind: kind.into().into(), key: key.into().into() }))
    }

    /// An address of the organization itself: `kind.key`.
    pub fn new(kind: impl Into<String>, key: impl Into<String>) -> Self {
        Self::in_place(Within::Organization, kind, key)
    }

    /// An address in an account, and in no Region: `account/kind.key`.
    pub fn in_account(account: &str, kind: impl Into<String>, key: impl Into<String>) -> Self {
        Self::in_place(Within::Account(account.into()), kind, key)
    }

    /// An address in a Region of an account: `account/region/kind.key`. Many may share one scope.
    pub fn within(scope: impl Into<Arc<Scope>>, kind: impl Into<String>, key: impl Into<String>) -> Self {
        Self::in_place(Within::Region(scope.into()), kind, key)
    }

    /// Another address in the same place.
    pub fn beside(&self, kind: impl Into<String>, key: impl Into<String>) -> Self {
        Self::in_place(self.0.within.clone(), kind, key)
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
        match self.place() {
            Place::Region(Scope { account, region }) => [account, "/", region, "/", kind, ".", key].concat(),
            Place::Account(account) => [account, "/", kind, ".", key].concat(),
            Place::Organization => [kind, ".", key].concat(),
        }
    }

    /// Parses an address. One in the same account and Region, as most that something refers to are, shares that scope.
    pub(crate) fn parse_near(&self, text: &str) -> Result<Self, ParseAddressError> {
        let Within::Region(scope) = &self.0.within else { return text.parse() };
        let within = text.strip_prefix(scope.account.as_str()).and_then(|text| text.strip_prefix('/'));
        let within = within.and_then(|text| text.strip_prefix(scope.region.as_str())).and_then(|text| text.strip_prefix('/'));
        match within.and_then(|text| text.split_once('.')) {
            Some((kind, key)) if !kind.is_empty() && !kind.contains('/') && !key.is_empty() => Ok(self.beside(kind, key)),
            Some(_) | None => text.parse(),
        }
    }

    /// Whether both are in the same place.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        self.0.within.is_shared(&other.0.within) || self.0.within == other.0.within
    }

    /// Where it is.
    pub fn place(&self) -> Place<'_> {
        match &self.0.within {
            Within::Organization => Place::Organization,
            Within::Account(account) => Place::Account(account),
            Within::Region(scope) => Place::Region(scope),
        }
    }

    /// The account and Region of a resource in a Region of an account; `None` for any other.
    pub fn scope(&self) -> Option<&Scope> {
        match &self.0.within {
            Within::Region(scope) => Some(scope),
            Within::Organization | Within::Account(_) => None,
        }
    }

    /// The account that a resource is in, with or without a Region; `None` for one of the organization.
    pub fn account(&self) -> Option<&str> {
        match &self.0.within {
            Within::Organization => None,
            Within::Account(account) => Some(account),
            Within::Region(scope) => Some(&scope.account),
        }
    }
}

/// Those of the organization, then by account and Region; in each by kind, then by key.
impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, two) = (&self.0.within, &other.0.within);
        // Most compared addresses are in one Region of an account and share its scope.
        let places = if one.is_shared(two) { Ordering::Equal } else { one.order().cmp(&two.order()) };
        places.then_with(|| self.0.kind.cmp(&other.0.kind)).then_with(|| self.0.key.cmp(&other.0.key))
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place() {
            Place::Organization => {}
            Place::Account(account) => write!(f, "{account}/")?,
            Place::Region(Scope { account, region }) => write!(f, "{account}/{region}/")?,
        }
        write!(f, "{}.{}", self.kind(), self.key())
    }
}

/// The text is no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseAddressError(String);

impl fmt::Display for ParseAddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an address: expected `kind.key`, `account/kind.key` or `account/region/kind.key`", self.0)
    }
}

impl std::error::Error for ParseAddressError {}

impl FromStr for Address {
    type Err = ParseAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let err = || ParseAddressError(text.to_owned());
        // A kind holds no slash, and a key may: so only slashes before the first dot name a place.
        let (head, key) = text.split_once('.').ok_or_else(err)?;
        let (within, kind) = head.rsplit_once('/').map_or((None, head), |(within, kind)| (Some(within), kind));
        if kind.is_empty() || key.is_empty() {
            return Err(err());
        }
        let Some(within) = within else { return Ok(Self::new(kind, key)) };
        let (account, region) = match within.split_once('/') {
            Some((account, region)) => (account, Some(region)),
            None => (within, None),
        };
        if account.is_empty() || region.is_some_and(|region| region.is_empty() || region.contains('/')) {
            return Err(err());
        }
        Ok(match region {
            Some(region) => Self::within(Scope { account: account.to_owned(), region: region.to_owned() }, kind, key),
            None => Self::in_account(account, kind, key),
        })
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
        for text in [
            "ou.hipaa",
            "policy_attachments.ou.hipaa",
            "trusted_service.config.amazonaws.com",
            "audit/iam_role.deploy",
            "audit/eu-west-1/vpc.standard",
        ] {
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
        let order = ["account.z", "ou.a", "a/iam_role.z", "a/r/vpc.b", "a/s/subnet.a", "a/s/vpc.a", "b/iam_role.a", "b/a/vpc.a"]
            .map(|text| text.parse::<Address>().unwrap());
        assert!(order.is_sorted());
        let beside = order[5].beside("subnet", "b");
        assert!(order[4] < beside && beside < order[5] && beside > order[3]);
        assert_eq!(beside, "a/s/subnet.b".parse().unwrap());
        for (one, other) in order.iter().flat_map(|one| order.iter().map(move |other| (one, other))) {
            assert_eq!(one.is_beside(other), one.place() == other.place(), "{one} {other}");
        }
        assert!(order[5].is_beside(&beside) && beside.is_beside(&"a/s/vpc.b".parse().unwrap()));
    }

    #[test]
    fn a_place_is_the_organization_an_account_or_a_region_of_it() {
        let scope = Scope { account: "a".to_owned(), region: "r".to_owned() };
        for (text, place, account) in [
            ("ou.x", Place::Organization, None),
            ("a/iam_role.x", Place::Account("a"), Some("a")),
            ("a/r/vpc.x", Place::Region(&scope), Some("a")),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.place(), address.account()), (place, account), "{text}");
            assert_eq!(address.beside("other", "y").place(), place);
            assert_eq!(address.scope().is_some(), matches!(place, Place::Region(_)));
        }
    }

    #[test]
    fn refuses_what_is_no_address() {
        for text in ["", "ou", ".x", "ou.", "/ou.x", "//ou.x", "a//ou.x", "/r/ou.x", "a/b/c/ou.x"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
