//! The known actions and condition keys of AWS: dated data, for the lints, the impact of a change and questions about many actions.
//!
//! ```text
//! actions.txt, keys.txt ─ built in ─┐
//! AWS's JSON files ─ reference ─────┼─► Catalogue ─ text ─► one file, and back
//! a file of the user's ─ text ──────┘        └─ actions ─► a bit for each action
//! ```
//!
//! AWS adds services every month. An action that is missing here may still exist in AWS, so every result based on the list says its date.

mod actions;
mod age;
mod reference;
mod text;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};

pub(in crate::policy) use actions::{Actions, Set};
pub use reference::{INDEX, ReferenceError};
pub use text::CATALOGUE;

use super::pattern::{Case, Pattern};
use super::truth::Truth;

/// The condition keys that every service has, with those of tags. Source, as of [`Catalogue::date`]: the IAM user guide, "AWS global
/// condition context keys".
const GLOBAL: &str = "aws AssumedRoot CalledVia CalledViaFirst CalledViaLast ChatbotSourceArn CurrentTime Ec2InstanceSourcePrivateIPv4 \
    Ec2InstanceSourceVpc EpochTime FederatedProvider MultiFactorAuthAge MultiFactorAuthPresent PrincipalAccount PrincipalArn \
    PrincipalIsAWSService PrincipalOrgID PrincipalOrgPaths PrincipalServiceName PrincipalServiceNamesList PrincipalTag/* PrincipalType \
    RequestTag/* RequestedRegion ResourceAccount ResourceOrgID ResourceOrgPaths ResourceTag/* SecureTransport SignInSessionArn \
    SourceAccount SourceArn SourceIdentity SourceIp SourceOrgID SourceOrgPaths SourceOwner SourceVpc SourceVpcArn SourceVpce TagKeys \
    TokenIssueTime UserAgent ViaAWSService VpcSourceIp VpceAccount VpceOrgID VpceOrgPaths referer userid username";

/// The list that is built in.
static BUILT_IN: LazyLock<Arc<Catalogue>> = LazyLock::new(|| Arc::new(Catalogue::compiled()));

/// The actions by the prefix of their service, and the condition keys by theirs.
#[derive(Debug)]
pub struct Catalogue {
    date: String,
    // Invariant: sorted by name, each once.
    services: BTreeMap<String, Vec<Action>>,
    keys: BTreeMap<String, Vec<String>>,
    /// Built on first use.
    actions: OnceLock<Actions>,
}

/// Two are the same where they say the same.
impl PartialEq for Catalogue {
    fn eq(&self, other: &Self) -> bool {
        (&self.date, &self.services, &self.keys) == (&other.date, &other.services, &other.keys)
    }
}

impl Eq for Catalogue {}

/// An action of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Action {
    /// Its name, without the prefix.
    pub(super) name: String,
    /// Whether a statement can name what it acts on. Of one that takes no resource, only `*` matches.
    pub(super) takes_resource: bool,
}

impl Catalogue {
    /// The list that is built in.
    pub fn built_in() -> Arc<Self> {
        Arc::clone(&BUILT_IN)
    }

    /// When it was collected, `YYYY-MM-DD`.
    pub fn date(&self) -> &str {
        &self.date
    }

    /// How many services, actions and condition keys it has.
    pub fn counts(&self) -> [usize; 3] {
        [self.services.len(), self.services.values().map(Vec::len).sum(), self.keys.values().map(Vec::len).sum()]
    }

    /// The actions, as `s3:GetObject`, each with whether a statement can name what it acts on.
    pub fn known_actions(&self) -> impl Iterator<Item = (&str, bool)> {
        let actions = self.actions();
        actions.names().enumerate().map(|(number, name)| (name, actions.takes_resource.contains(number)))
    }

    /// The actions that a pattern such as `s3:Get*` matches, whole.
    pub fn actions_matching(&self, pattern: &str) -> Vec<String> {
        self.matching(pattern).map(|(service, action)| format!("{service}:{}", action.name)).collect()
    }

    /// Whether all actions that a pattern such as `kms:Create*` matches take no resource; no, where it matches none.
    pub fn takes_no_resource(&self, pattern: &str) -> bool {
        let mut matching = self.matching(pattern).peekable();
        matching.peek().is_some() && matching.all(|(_, action)| !action.takes_resource)
    }

    /// How many actions a service has.
    pub fn actions_of(&self, service: &str) -> usize {
        self.of(service).map_or(0, <[_]>::len)
    }

    fn compiled() -> Self {
        let (actions, keys) = (include_str!("actions.txt"), include_str!("keys.txt"));
        let date = actions.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default();
        let lines = |text: &'static str| text.lines().filter(|line| !line.starts_with('#')).filter_map(text::row);
        Self::of_rows(date.to_owned(), lines(actions), lines(keys).chain(lines(GLOBAL)))
    }

    /// Of rows as the files have them: a prefix, and the names behind it.
    fn of_rows<'t>(date: String, actions: impl Iterator<Item = text::Row<'t>>, keys: impl Iterator<Item = text::Row<'t>>) -> Self {
        let (mut services, mut all_keys): (BTreeMap<String, Vec<Action>>, BTreeMap<String, Vec<String>>) = Default::default();
        for (prefix, words) in actions {
            services.entry(prefix.to_owned()).or_default().extend(words.into_iter().map(text::action));
        }
        for (prefix, words) in keys {
            all_keys.entry(prefix.to_owned()).or_default().extend(words.into_iter().map(str::to_owned));
        }
        Self::new(date, services, all_keys)
    }

    fn new(date: String, mut services: BTreeMap<String, Vec<Action>>, mut keys: BTreeMap<String, Vec<String>>) -> Self {
        for actions in services.values_mut() {
            // Where two say otherwise of one action, it takes a resource.
            actions.sort_by(|a, b| a.name.cmp(&b.name).then(b.takes_resource.cmp(&a.takes_resource)));
            actions.dedup_by(|a, b| a.name == b.name);
        }
        for keys in keys.values_mut() {
            keys.sort_unstable();
            keys.dedup();
        }
        Self { date, services, keys, actions: OnceLock::new() }
    }

    /// The actions by number, worked out once.
    pub(super) fn actions(&self) -> &Actions {
        self.actions.get_or_init(|| Actions::of(&self.services))
    }

    /// The prefixes of the services.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.services.keys().map(String::as_str)
    }

    /// The actions of the service with exactly that prefix, in whatever case.
    pub(super) fn of(&self, prefix: &str) -> Option<&[Action]> {
        self.services.get(prefix.to_lowercase().as_str()).map(Vec::as_slice)
    }

    /// The actions that a pattern such as `s3:Get*` matches.
    pub(super) fn matching(&self, pattern: &str) -> impl Iterator<Item = (&str, &Action)> {
        let (service, name) = pattern.split_once(':').unwrap_or((pattern, "*"));
        let fits = |pattern: &Pattern, text: &str| pattern.matches_plain(text, Case::Insensitive) == Truth::True;
        // Nearly all patterns name their service: it is looked up.
        let is_named = !service.contains(['*', '?']);
        let named = is_named.then(|| self.services.get_key_value(service.to_lowercase().as_str())).flatten();
        let (service, name) = (Pattern::plain(service), Pattern::plain(name));
        let others = (!is_named).then(|| self.services.iter().filter(move |(prefix, _)| fits(&service, prefix)));
        let services = named.into_iter().chain(others.into_iter().flatten());
        let all = services.flat_map(|(prefix, actions)| actions.iter().map(move |action| (prefix.as_str(), action)));
        all.filter(move |(_, action)| fits(&name, &action.name))
    }

    /// Whether there is a condition key of that name; `None` for a prefix whose keys nobody lists, such as that of an identity provider.
    pub(super) fn has_key(&self, key: &str) -> Option<bool> {
        let (prefix, name) = key.split_once(':')?;
        let prefix = prefix.to_lowercase();
        let keys = match self.keys.get(prefix.as_str()) {
            Some(keys) => keys.as_slice(),
            None => self.services.get(prefix.as_str()).map(|_| [].as_slice())?,
        };
        Some(keys.iter().any(|known| Pattern::plain(known).matches_plain(name, Case::Insensitive) == Truth::True))
    }

    /// The condition keys of a prefix, whole.
    pub(super) fn keys_of(&self, prefix: &str) -> impl Iterator<Item = String> {
        let found = self.keys.get_key_value(prefix.to_lowercase().as_str());
        found.into_iter().flat_map(|(prefix, keys)| keys.iter().map(move |key| format!("{prefix}:{key}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole() {
        let catalogue = Catalogue::built_in();
        let [services, actions, keys] = catalogue.counts();
        assert!(actions > 20_000 && services > 400 && keys > 1_000, "{services} {actions} {keys}");
        let year = catalogue.date.split('-').next().and_then(|year| year.parse::<u32>().ok());
        assert!(year.is_some_and(|year| year >= 2026), "{}", catalogue.date);
        for (prefix, actions) in &catalogue.services {
            assert!(actions.is_sorted_by(|a, b| a.name < b.name), "{prefix} is not sorted, or has an action twice");
        }
    }

    #[test]
    fn actions_and_keys_are_found_in_any_case() {
        let catalogue = Catalogue::built_in();
        let names = |pattern: &str| catalogue.actions_matching(pattern);
        assert_eq!(names("S3:listallmybuckets"), ["s3:ListAllMyBuckets"]);
        assert_eq!(names("s3:NoSuchThing"), Vec::<String>::new());
        assert!(names("ec?:Create*").len() > 50);
        assert!(catalogue.matching("s3:ListAllMyBuckets").all(|(_, action)| !action.takes_resource));
        for (key, expected) in [
            ("aws:principalARN", Some(true)),
            ("aws:PrincipalTag/team", Some(true)),
            ("aws:PrincipleArn", Some(false)),
            ("s3:ExistingObjectTag/x", Some(true)),
            ("ssm:resourceTag/x", Some(true)),
            ("s3:nonsense", Some(false)),
            ("token.actions.githubusercontent.com:sub", None),
            ("nonsense", None),
        ] {
            assert_eq!(catalogue.has_key(key), expected, "{key}");
        }
    }
}
