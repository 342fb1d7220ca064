//! The actions and condition keys that there are: dated data (`actions.txt`, `keys.txt`), for the lints.
//!
//! New services come every month: what is not here is unknown to this list and not to AWS, so a lint that rests on it says its date.

use std::collections::BTreeMap;
use std::sync::LazyLock;

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
pub(super) static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::built_in);

/// The actions by the prefix of their service, and the condition keys by theirs.
#[derive(Debug)]
pub(super) struct Catalogue {
    /// When it was collected, `YYYY-MM-DD`.
    pub(super) date: &'static str,
    services: BTreeMap<&'static str, Vec<Action>>,
    keys: BTreeMap<&'static str, Vec<&'static str>>,
}

/// An action of a service.
#[derive(Debug, Clone, Copy)]
pub(super) struct Action {
    /// Its name, without the prefix.
    pub(super) name: &'static str,
    /// Whether a statement can name what it acts on. Of one that takes no resource, only `*` matches.
    pub(super) takes_resource: bool,
}

impl Catalogue {
    fn built_in() -> Self {
        let (actions, keys) = (include_str!("actions.txt"), include_str!("keys.txt"));
        let lines = |text: &'static str| {
            text.lines()
                .filter(|line| !line.starts_with('#'))
                .filter_map(|line| line.split_once(' '))
                .map(|(key, rest)| (key, rest.split(' ')))
        };
        let action = |word: &'static str| match word.strip_suffix('!') {
            Some(name) => Action { name, takes_resource: false },
            None => Action { name: word, takes_resource: true },
        };
        let services = lines(actions).map(|(prefix, words)| (prefix, words.map(action).collect())).collect();
        let keys = lines(keys).chain(lines(GLOBAL)).map(|(prefix, words)| (prefix, words.collect())).collect();
        let date = actions.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default();
        Self { date, services, keys }
    }

    /// The prefixes of the services.
    pub(super) fn prefixes(&self) -> impl Iterator<Item = &'static str> {
        self.services.keys().copied()
    }

    /// The actions of the service with exactly that prefix, in whatever case.
    pub(super) fn of(&self, prefix: &str) -> Option<&[Action]> {
        self.services.get(prefix.to_lowercase().as_str()).map(Vec::as_slice)
    }

    /// The actions that a pattern such as `s3:Get*` matches.
    pub(super) fn matching(&self, pattern: &str) -> impl Iterator<Item = (&'static str, Action)> {
        let (service, name) = pattern.split_once(':').unwrap_or((pattern, "*"));
        let (service, name) = (Pattern::plain(service), Pattern::plain(name));
        let fits = |pattern: &Pattern, text: &str| pattern.matches_plain(text, Case::Insensitive) == Truth::True;
        let services = self.services.iter().filter(move |(prefix, _)| fits(&service, prefix));
        let all = services.flat_map(|(prefix, actions)| actions.iter().map(|action| (*prefix, *action)));
        all.filter(move |(_, action)| fits(&name, action.name))
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
        let count: usize = CATALOGUE.services.values().map(Vec::len).sum();
        assert!(count > 20_000 && CATALOGUE.services.len() > 400, "{count}");
        let year = CATALOGUE.date.split('-').next().and_then(|year| year.parse::<u32>().ok());
        assert!(year.is_some_and(|year| year >= 2026), "{}", CATALOGUE.date);
        for (prefix, actions) in &CATALOGUE.services {
            assert!(actions.is_sorted_by(|a, b| a.name < b.name), "{prefix} is not sorted, or has an action twice");
        }
    }

    #[test]
    fn actions_and_keys_are_found_in_any_case() {
        let names = |pattern: &str| CATALOGUE.matching(pattern).map(|(prefix, a)| format!("{prefix}:{}", a.name)).collect::<Vec<_>>();
        assert_eq!(names("S3:listallmybuckets"), ["s3:ListAllMyBuckets"]);
        assert_eq!(names("s3:NoSuchThing"), Vec::<String>::new());
        assert!(names("ec?:Create*").len() > 50);
        assert!(CATALOGUE.matching("s3:ListAllMyBuckets").all(|(_, action)| !action.takes_resource));
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
            assert_eq!(CATALOGUE.has_key(key), expected, "{key}");
        }
    }
}
