//! The part of the configuration that a run covers: `--account`, `--ou`, `--only`. Pure.
//!
//! The selection is part of the desired state, so that a saved plan keeps it. Resources that are not selected are neither compared nor
//! changed, and not read if they can be read separately.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::network::{self, Vpc};
use super::organizations::{Account, OrganizationalUnit};
use super::{Desired, KINDS, Kind, PolicyRole, family, reference, spec, whole};
use crate::address::{Address, Reference};

/// Why a connection to an account that is not selected stays as it is.
pub const NOT_SELECTED: &str = "the account at its other end is not selected";

/// Why resources of a closed or suspended account stay as they are. The account has a finding of its own.
pub const WITH_ITS_ACCOUNT: &str = "its account is closed or suspended";

/// Why a connection to an account that could not be read stays as it is. The account has a finding of its own, which covers all of its
/// resources.
pub const NOT_READ: &str = "the account at its other end could not be read";

/// Why a resource that could not be read stays as it is. Its account has a finding of its own, which covers all such resources.
pub const UNREAD: &str = "it could not be read";

/// What is selected. Everything, unless narrowed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// The accounts and OUs, by address; `None` for everything, including resources that belong to no account and no OU.
    places: Option<BTreeSet<Address>>,
    /// The kinds; none for all of them.
    kinds: BTreeSet<String>,
}

/// A name that selects nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownName {
    what: &'static str,
    name: String,
    near: Option<String>,
    /// The names to choose from, if they are few enough to list: the kinds.
    choices: String,
}

impl UnknownName {
    fn new<'n>(what: &'static str, name: &str, known: impl Iterator<Item = &'n str>) -> Self {
        let known: Vec<&str> = known.collect();
        let choices = if what == "kind" { known.join(", ") } else { String::new() };
        let near = known.into_iter().map(|known| (strsim::jaro(name, known), known)).max_by(|a, b| a.0.total_cmp(&b.0));
        let near = near.filter(|(likeness, _)| *likeness > 0.7).map(|(_, near)| near.to_owned());
        Self { what, name: name.to_owned(), near, choices }
    }

    /// What to do.
    pub fn hint(&self) -> String {
        match &self.near {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.what == "kind" => format!("the kinds are: {}", self.choices),
            None => format!("give the key of one in org.toml, or leave out `--{}`", self.what),
        }
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            "kind" => write!(f, "this version of overlord does not know the kind `{}`", self.name),
            what => write!(f, "org.toml has no {what} `{}`", self.name),
        }
    }
}

impl Selection {
    /// Selects these accounts in `desired`, by key or by the id in org.toml; everything below these OUs, by key; and of that, these
    /// kinds. Without accounts and OUs, all of them are selected; likewise without kinds.
    ///
    /// # Errors
    /// The first name that the configuration does not have.
    pub fn of(desired: &Desired, accounts: &[String], units: &[String], kinds: &[String]) -> Result<Self, UnknownName> {
        let mut places = BTreeSet::new();
        for name in accounts {
            let pinned = desired.pinned.iter().find(|(_, id)| *id == name).map(|(address, _)| address);
            let address = match pinned {
                Some(address) => address,
                None => declared::<Account>(desired, name)?,
            };
            places.insert(address.clone());
        }
        for name in units {
            places.insert(declared::<OrganizationalUnit>(desired, name)?.clone());
        }
        if !units.is_empty() {
            below(desired, &mut places);
        }
        let all = || KINDS.iter().map(|kind| kind.spec().kind);
        if let Some(unknown) = kinds.iter().find(|name| all().all(|kind| kind != name.as_str())) {
            return Err(UnknownName::new("kind", unknown, all()));
        }
        let narrowed = !accounts.is_empty() || !units.is_empty();
        Ok(Self { places: narrowed.then_some(places), kinds: kinds.iter().cloned().collect() })
    }

    /// Whether everything is selected.
    pub fn is_everything(&self) -> bool {
        self.places.is_none() && self.kinds.is_empty()
    }

    /// Whether the resource with this address is selected.
    pub fn selects(&self, address: &Address) -> bool {
        self.selects_kind_of(address) && self.is_in_place(address)
    }

    /// Whether the kind of a resource is selected. What completes the creation of another resource goes with it.
    fn selects_kind_of(&self, address: &Address) -> bool {
        if self.kinds.is_empty() || self.kinds.contains(address.kind()) {
            return true;
        }
        let completes = spec(address).is_some_and(|spec| spec.completes_creation);
        completes && whole(address).is_some_and(|whole| self.kinds.contains(whole.kind()))
    }

    /// Whether anything in the account of that key may be selected: only then are its networks read.
    pub fn reads_networks_of(&self, account: &str) -> bool {
        self.reads_networks() && self.has_account(account)
    }

    /// Whether VPCs of the account of that key may be created, which need free CIDR blocks.
    pub fn makes_vpcs_in(&self, account: &str) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(Vpc::SPEC.kind)) && self.has_account(account)
    }

    /// Whether networks are selected at all.
    pub fn reads_networks(&self) -> bool {
        self.reads_family(network::FAMILY)
    }

    /// Whether a kind of this family is selected: only then is the family read.
    pub fn reads_family(&self, name: &str) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|kind| family(kind) == Some(name))
    }

    /// Whether policies are read, with their documents and attachments: 2 calls or more for each of them. They are read for the kinds
    /// that are policies, have policies, or are under them. The root always exists, so nothing about it needs a policy.
    pub fn reads_policies(&self) -> bool {
        let needs_policies = |kind: &String| {
            let role = super::kind(kind).map_or(PolicyRole::None, |kind| kind.spec().policy_role);
            !matches!(role, PolicyRole::None | PolicyRole::Root)
        };
        self.kinds.is_empty() || self.kinds.iter().any(needs_policies)
    }

    fn has_account(&self, key: &str) -> bool {
        self.places.as_ref().is_none_or(|places| places.contains(&Account::address(key)))
    }

    fn is_in_place(&self, address: &Address) -> bool {
        let Some(places) = &self.places else { return true };
        match address.account() {
            Some(account) => self.has_account(account),
            None => places.contains(address) || whole(address).is_some_and(|whole| places.contains(&whole)),
        }
    }
}

/// The address of the resource of a kind that org.toml declares under this key.
fn declared<'d, K: Kind>(desired: &'d Desired, key: &str) -> Result<&'d Address, UnknownName> {
    let mut known = desired.resources.keys().filter(|address| K::has(address));
    let found = known.clone().find(|address| address.key() == key);
    found.ok_or_else(|| UnknownName::new(K::SPEC.kind, key, known.by_ref().map(Address::key)))
}

/// Adds everything below the places, at any depth.
fn below(desired: &Desired, places: &mut BTreeSet<Address>) {
    loop {
        let lies_in =
            |places: &BTreeSet<Address>, address: &Address| match desired.resources.get(address).and_then(|a| reference(a, "parent")) {
                Some(Reference::Address(parent)) => OrganizationalUnit::has(&parent) && places.contains(&parent),
                Some(Reference::Id(_)) | None => false,
            };
        let candidates = desired.resources.keys().filter(|address| Account::has(address) || OrganizationalUnit::has(address));
        let found: Vec<Address> = candidates.filter(|a| !places.contains(*a) && lies_in(places, a)).cloned().collect();
        if found.is_empty() {
            return;
        }
        places.extend(found);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::plan::worlds::desired;

    fn example() -> Desired {
        let mut desired = desired(json!({
            "account.records": { "email": "a@x", "parent": { "ref": "ou.inner" } },
            "account.audit": { "email": "b@x", "parent": { "ref": "organization.main" } },
            "ou.inner": { "name": "inner", "parent": { "ref": "ou.outer" } },
            "ou.outer": { "name": "outer", "parent": { "ref": "organization.main" } },
            "policy.p": { "name": "p" },
        }));
        desired.pinned.insert(Address::new("account", "audit"), "222222222222".to_owned());
        desired
    }

    fn check(accounts: &[&str], units: &[&str], kinds: &[&str], selected: &[&str], not: &[&str]) {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let selection = Selection::of(&example(), &owned(accounts), &owned(units), &owned(kinds)).unwrap();
        for (addresses, expected) in [(selected, true), (not, false)] {
            for address in addresses {
                assert_eq!(selection.selects(&address.parse().unwrap()), expected, "{address} of {selection:?}");
            }
        }
        assert_eq!(selection.is_everything(), not.is_empty());
        let again: Selection = serde_json::from_value(json!(selection)).unwrap();
        assert_eq!(again, selection);
    }

    #[test]
    fn places_and_kinds_narrow() {
        let all =
            ["account.records", "policy_attachments.account.records", "ou.outer", "policy.p", "records/r/vpc.l", "audit/r/subnet.l/a"];
        check(&[], &[], &[], &all, &[]);
        let of_records = ["account.records", "policy_attachments.account.records", "records/r/vpc.l"];
        check(&["records"], &[], &[], &of_records, &["ou.inner", "policy.p", "audit/r/vpc.l", "policy_attachments.ou.inner"]);
        check(&["222222222222"], &[], &[], &["audit/r/vpc.l", "account.audit"], &["records/r/vpc.l"]);
        let below = ["ou.outer", "ou.inner", "policy_attachments.ou.inner", "account.records", "records/r/vpc.l"];
        check(&[], &["outer"], &[], &below, &["account.audit", "organization.main", "policy_attachments.organization.main"]);
        check(&[], &[], &["vpc", "ou"], &["records/r/vpc.l", "ou.inner"], &["records/r/subnet.l/a", "account.audit"]);
        check(&["audit"], &["inner"], &["vpc"], &["audit/r/vpc.l", "records/r/vpc.l"], &["ou.inner", "other/r/vpc.l"]);
    }

    #[test]
    fn what_is_read_follows() {
        let of = |kinds: &[&str]| Selection { places: None, kinds: kinds.iter().map(|kind| (*kind).to_owned()).collect() };
        assert!(of(&[]).reads_networks() && of(&["ou", "subnet"]).reads_networks() && !of(&["ou", "account"]).reads_networks());
        assert!(of(&["vpc"]).makes_vpcs_in("x") && !of(&["subnet"]).makes_vpcs_in("x"));
        let records = Selection::of(&example(), &["records".to_owned()], &[], &[]).unwrap();
        assert!(records.reads_networks_of("records") && !records.reads_networks_of("audit") && !records.makes_vpcs_in("audit"));
    }

    /// `--only` one kind would otherwise plan to create all resources of the kind: nothing of them is known.
    #[test]
    fn the_family_of_each_selected_kind_is_read() {
        let families: BTreeSet<&str> = KINDS.iter().filter_map(|kind| family(kind.spec().kind)).collect();
        assert!(families.len() > 1);
        for kind in KINDS.iter() {
            let spec = kind.spec();
            let own = family(spec.kind).unwrap();
            let selection = Selection::of(&example(), &[], &[], &[spec.kind.to_owned()]).unwrap();
            for family in &families {
                assert_eq!(selection.reads_family(family), *family == own, "--only {} and the family {family}", spec.kind);
            }
            assert_eq!(selection.reads_networks(), own == network::FAMILY, "--only {}", spec.kind);
            assert!(selection.reads_policies() || spec.policy_role != PolicyRole::Policy, "--only {}", spec.kind);
        }
    }

    #[test]
    fn an_unknown_name_is_told_with_the_nearest() {
        let told = |accounts: &[String], units: &[String], kinds: &[String]| {
            let unknown = Selection::of(&example(), accounts, units, kinds).unwrap_err();
            format!("{unknown}; {}", unknown.hint())
        };
        let name = |name: &str| [name.to_owned()];
        assert_eq!(told(&name("record"), &[], &[]), "org.toml has no account `record`; did you mean `records`?");
        assert_eq!(told(&[], &name("zzz"), &[]), "org.toml has no ou `zzz`; give the key of one in org.toml, or leave out `--ou`");
        let kind = "this version of overlord does not know the kind `subnets`; did you mean `subnet`?";
        assert_eq!(told(&[], &[], &name("subnets")), kind);
        let unlike = told(&[], &[], &name("qqq"));
        assert!(unlike.contains("; the kinds are: ") && KINDS.iter().all(|kind| unlike.contains(kind.spec().kind)), "{unlike}");
    }
}
