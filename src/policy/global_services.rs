//! Services that have one endpoint for all Regions: dated data (`global_services.toml`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The embedded data file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GlobalServices {
    /// When the lists were collected, `YYYY-MM-DD`.
    pub date: String,
    /// Where they come from.
    pub source: Vec<String>,
    /// The Region of their endpoint in the commercial partition, by the prefix of their actions.
    services: BTreeMap<String, String>,
    /// The Region of that endpoint in other partitions, by what the names of their Regions begin with.
    elsewhere: BTreeMap<String, String>,
    /// What a guardrail on Regions leaves out besides.
    besides: Besides,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Besides {
    actions: Vec<String>,
}

/// The lists that are built in.
#[expect(clippy::expect_used, reason = "the file is compiled in, and a unit test parses it")]
pub static GLOBAL_SERVICES: LazyLock<GlobalServices> =
    LazyLock::new(|| toml::from_str(include_str!("global_services.toml")).expect("global_services.toml is well-formed"));

impl GlobalServices {
    /// The services by prefix, each with the Region that its requests carry, in the partition of `region`.
    pub(super) fn as_seen_from<'s>(&'s self, region: &str) -> impl Iterator<Item = (&'s str, &'s str)> + use<'s> {
        let elsewhere = self.elsewhere.iter().find(|(prefix, _)| region.starts_with(prefix.as_str())).map(|(_, region)| region.as_str());
        self.services.iter().map(move |(service, region)| (service.as_str(), elsewhere.unwrap_or(region)))
    }

    /// The actions that a guardrail on Regions leaves out, in order.
    pub fn exempt(&self) -> Vec<String> {
        let mut actions: Vec<String> = self.services.keys().map(|service| format!("{service}:*")).collect();
        actions.extend(self.besides.actions.iter().cloned());
        actions.sort();
        actions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Catalogue;

    #[test]
    fn the_lists_hold_actions_that_there_are() {
        let catalogue = Catalogue::built_in();
        let exempt = GLOBAL_SERVICES.exempt();
        assert!(exempt.is_sorted_by(|a, b| a < b), "an action stands twice");
        let unknown: Vec<&String> = exempt.iter().filter(|action| catalogue.actions_matching(action).is_empty()).collect();
        assert!(unknown.is_empty(), "AWS has none of {unknown:?}");
        assert_eq!(GLOBAL_SERVICES.date.len(), 10);
        assert!(!GLOBAL_SERVICES.source.is_empty());
    }

    #[test]
    fn each_partition_has_an_endpoint_of_its_own() {
        let region = |seen_from: &str, service: &str| {
            GLOBAL_SERVICES.as_seen_from(seen_from).find(|(name, _)| *name == service).map(|(_, region)| region.to_owned())
        };
        assert_eq!(region("eu-west-1", "iam").as_deref(), Some("us-east-1"));
        assert_eq!(region("eu-west-1", "globalaccelerator").as_deref(), Some("us-west-2"));
        assert_eq!(region("cn-northwest-1", "iam").as_deref(), Some("cn-north-1"));
        assert_eq!(region("us-gov-east-1", "iam").as_deref(), Some("us-gov-west-1"));
    }
}
