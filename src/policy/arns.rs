//! What the ARNs of services look like: dated data (`arns.toml`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

/// The embedded data file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arns {
    /// When it was collected, `YYYY-MM-DD`.
    pub(super) date: String,
    s3_object_actions: BTreeSet<String>,
    services: BTreeMap<String, BTreeSet<String>>,
}

/// What is built in.
#[expect(clippy::expect_used, reason = "the file is compiled in, and a unit test parses it")]
pub(super) static ARNS: LazyLock<Arns> = LazyLock::new(|| toml::from_str(include_str!("arns.toml")).expect("arns.toml is well-formed"));

impl Arns {
    /// Whether an action of S3, given without its prefix, acts on objects and never on a bucket.
    pub(super) fn is_of_objects(&self, action: &str) -> bool {
        self.s3_object_actions.contains(action)
    }

    /// Whether actions of a prefix, in lower case, act on what has ARNs of that service.
    pub(super) fn act_on(&self, prefix: &str, service: &str) -> bool {
        match self.services.get(prefix) {
            Some(services) => services.contains(service) || services.contains("*"),
            None => prefix == service,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Catalogue;

    #[test]
    fn the_data_is_about_services_that_there_are() {
        let catalogue = Catalogue::built_in();
        assert!(ARNS.services.len() > 30 && ARNS.s3_object_actions.len() > 30 && ARNS.date.len() == 10);
        let known = ARNS.s3_object_actions.iter().filter(|action| !catalogue.actions_matching(&format!("s3:{action}")).is_empty());
        // The list is younger than the catalogue: it may have what that has not.
        assert!(known.count() > 30);
        assert!(ARNS.is_of_objects("GetObject") && !ARNS.is_of_objects("ListBucket"));
        assert!(ARNS.act_on("ssm", "ec2") && ARNS.act_on("s3", "s3") && ARNS.act_on("backup", "rds") && !ARNS.act_on("s3", "ec2"));
        assert!(ARNS.act_on("dynamodb", "dynamodb") && !ARNS.act_on("dynamodb", "s3"));
    }
}
