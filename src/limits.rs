//! AWS's quotas and request rates, as dated data (`limits.toml`). Quotas change, so no other part of the code contains one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

/// The embedded data file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// When the figures were collected, `YYYY-MM-DD`.
    pub date: String,
    /// Where the quotas come from.
    pub source: String,
    /// Quotas of an organization and of an account.
    pub quotas: Quotas,
    /// Which Regions an account can use without enabling them.
    pub regions: Regions,
    /// What is known of zones.
    pub zones: Zones,
    /// Seconds that AWS works on after it has answered a `service:Operation`, as a rule.
    pub settles: BTreeMap<String, u64>,
    /// What is known of each policy type.
    #[serde(rename = "policy_type")]
    pub policy_types: Vec<PolicyTypeLimits>,
    /// Token buckets by service and operation.
    pub rates: BTreeMap<String, BTreeMap<String, Rate>>,
}

/// Quotas of an organization and of an account, as AWS grants them to a new one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quotas {
    /// Member accounts, the management account included.
    pub accounts: usize,
    /// Levels of OUs below the root.
    pub ou_depth: usize,
    /// OUs in the organization.
    pub ous: usize,
    /// Tags on a root, an OU, an account or a policy.
    pub tags_per_resource: usize,
    /// VPCs of one account in one Region, its default VPC included.
    pub vpcs: usize,
    /// Elastic addresses of one account in one Region.
    pub elastic_ips: usize,
    /// NAT gateways of one account in one zone.
    pub nat_gateways_per_zone: usize,
    /// CreateAccount requests that AWS works on at a time.
    pub create_account_in_flight: usize,
    /// CloseAccount requests that AWS works on at a time.
    pub close_account_in_flight: usize,
    /// Accounts that can be closed in any 30 days.
    pub close_account_in_30_days: Closings,
    /// Days after its creation before an account can be removed from the organization.
    pub created_account_stays_days: u32,
    /// Regions that may be enabled or disabled at a time in all of the organization.
    pub regions_in_flight: usize,
    /// Of one account.
    pub regions_of_account_in_flight: usize,
    /// Invitations in 24 hours, accepted ones left out; if the quota of accounts is larger, as many as that.
    pub invitations_per_day: usize,
    /// Active peerings of one VPC.
    pub peerings_per_vpc: usize,
}

/// How many accounts can be closed, by how many there are.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closings {
    least: usize,
    percent: usize,
    most: usize,
}

impl Closings {
    /// Of an organization with so many member accounts.
    pub fn of(self, members: usize) -> usize {
        (members * self.percent / 100).max(self.least).min(self.most)
    }
}

/// What is known of Regions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regions {
    /// When the lists were collected, `YYYY-MM-DD`.
    pub date: String,
    /// Those that every account can use from its first day. AWS adds no more: Regions since 2019-03-20 are opt-in.
    pub enabled: BTreeSet<String>,
    /// The Regions of each partition.
    #[serde(rename = "partition")]
    pub partitions: Vec<Partition>,
}

/// A partition of AWS: an organization and its credentials exist in one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// As ARNs name it, such as `aws-us-gov`.
    pub name: String,
    /// What the names of its Regions begin with; empty for the commercial partition, which takes what no other one does.
    #[serde(default)]
    pub prefix: String,
    /// Its Regions.
    pub regions: BTreeSet<String>,
}

impl Regions {
    /// Whether an account must enable that Region before it can use it. No Region outside of the commercial partition is opt-in.
    pub fn is_opt_in(&self, region: &str) -> bool {
        !self.enabled.contains(region) && self.partition_of(region).is_none_or(|partition| partition.prefix.is_empty())
    }

    /// Whether AWS has a Region of that name, as far as the lists know.
    pub fn is_known(&self, region: &str) -> bool {
        self.names().any(|name| name == region)
    }

    /// The names of all known Regions.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.partitions.iter().flat_map(|partition| &partition.regions).map(String::as_str)
    }

    /// The partition that a Region is in, by its name, whether or not the Region is known.
    pub fn partition_of(&self, region: &str) -> Option<&Partition> {
        let named = |partition: &&Partition| !partition.prefix.is_empty() && region.starts_with(&partition.prefix);
        self.partitions.iter().find(named).or_else(|| self.partitions.iter().find(|partition| partition.prefix.is_empty()))
    }
}

/// What is known of zones.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zones {
    /// The IDs of those that new subnets avoid while others are left.
    pub avoid: BTreeSet<String>,
}

/// How sure a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// AWS documents it: exceeding it is an error.
    Documented,
    /// A third party's, undated or remembered: exceeding it is a warning.
    Reported,
}

/// Limits and defaults of one policy type.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyTypeLimits {
    /// As the API spells it: `SERVICE_CONTROL_POLICY`.
    #[serde(rename = "type")]
    pub name: String,
    /// As org.toml spells it: `scp`.
    pub short: String,
    /// Characters of a document, white space included: overlord uploads it minified.
    pub size: usize,
    /// Policies attached directly to one target.
    pub attached: usize,
    /// The id of the policy that AWS attaches to everything while the type is enabled.
    pub default: Option<String>,
    /// Its name.
    pub default_name: Option<String>,
    /// The service principal that must have trusted access before AWS enables the type, and as long as the type is enabled.
    pub trusted_service: Option<String>,
    /// How sure `size` and `attached` are.
    pub confidence: Confidence,
}

/// A token bucket: refill per second, burst.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(from = "(f64, u32)")]
pub struct Rate {
    /// Tokens that come back in a second.
    pub per_second: f64,
    /// Tokens in a full bucket.
    pub burst: u32,
}

impl From<(f64, u32)> for Rate {
    fn from((per_second, burst): (f64, u32)) -> Self {
        Self { per_second, burst }
    }
}

impl Rate {
    /// The least seconds that `requests` requests take, from a full bucket.
    pub fn seconds(&self, requests: usize) -> f64 {
        (requests as f64 - f64::from(self.burst)).max(0.0) / self.per_second
    }
}

/// The limits that are built in.
#[expect(clippy::expect_used, reason = "the file is compiled in, and a unit test parses it")]
pub static LIMITS: LazyLock<Limits> = LazyLock::new(|| toml::from_str(include_str!("limits.toml")).expect("limits.toml is well-formed"));

impl Limits {
    /// The policy type that org.toml or the API names so: `scp` or `SERVICE_CONTROL_POLICY`.
    pub fn policy_type(&self, name: &str) -> Option<&PolicyTypeLimits> {
        self.policy_types.iter().find(|t| t.name == name || t.short == name)
    }

    /// The published token bucket of an operation, if there is one.
    pub fn rate(&self, service: &str, operation: &str) -> Option<Rate> {
        self.rates.get(service)?.get(operation).copied()
    }

    /// The same of a call as plans name it, `service:Operation`.
    pub fn rate_of(&self, call: &str) -> Option<Rate> {
        let (service, operation) = call.split_once(':')?;
        self.rate(service, operation)
    }
}

/// What the zone IDs of a Region begin with: `euw1` for `eu-west-1`, `apse2` for `ap-southeast-2`. This is the rule that the IDs of all
/// Regions followed on 2026-11-20. Which IDs an account has, only EC2 in that account reports.
pub fn zone_prefix(region: &str) -> String {
    let parts: Vec<&str> = region.split('-').collect();
    let [first, middle @ .., number] = parts.as_slice() else { return region.to_owned() };
    let mut made = (*first).to_owned();
    for word in middle {
        // The directions between the main ones are two words in one.
        let (head, tail) = ["north", "south"].iter().find_map(|d| Some((*d, word.strip_prefix(d)?))).unwrap_or((word, ""));
        made.extend(head.chars().take(1).chain(tail.chars().take(1)));
    }
    made + number
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "Every policy type that the SDK knows, as data": a new type in the SDK fails here until the table has it.
    #[test]
    fn every_policy_type_of_the_sdk_is_in_the_table() {
        let ours: Vec<&str> = LIMITS.policy_types.iter().map(|t| t.name.as_str()).collect();
        for name in aws_sdk_organizations::types::PolicyType::values() {
            assert!(ours.contains(name), "{name} is missing in limits.toml");
        }
        // Newer than the SDK: an SDK that has one takes it from this list.
        let newer = ["SECURITYHUB_CSPM_POLICY"];
        let unknown: Vec<&&str> = ours.iter().filter(|name| !aws_sdk_organizations::types::PolicyType::values().contains(name)).collect();
        assert_eq!(unknown, newer.iter().collect::<Vec<_>>());
    }

    #[test]
    fn opt_in_regions() {
        for (region, expected) in [("eu-west-1", false), ("af-south-1", true), ("us-gov-west-1", false), ("cn-north-1", false)] {
            assert_eq!(LIMITS.regions.is_opt_in(region), expected, "{region}");
        }
    }

    #[test]
    fn regions_have_the_prefix_of_their_partition_and_of_no_other() {
        let regions = &LIMITS.regions;
        for partition in &regions.partitions {
            for region in &partition.regions {
                assert_eq!(regions.partition_of(region).map(|found| &found.name), Some(&partition.name), "{region}");
            }
        }
        assert!(regions.enabled.iter().all(|region| regions.is_known(region)));
        assert!(regions.is_known("us-gov-west-1") && !regions.is_known("eu-west-9"));
        assert_eq!(regions.partition_of("eusc-de-west-7").map(|partition| partition.name.as_str()), Some("aws-eusc"));
    }

    #[test]
    fn closings_grow_with_the_organization_between_two_bounds() {
        assert_eq!([10, 1250, 2000, 50_000].map(|members| LIMITS.quotas.close_account_in_30_days.of(members)), [250, 250, 400, 1000]);
    }

    #[test]
    fn a_full_bucket_is_free() {
        let rate = LIMITS.rate("organizations", "CreateAccount").unwrap();
        assert_eq!(rate.seconds(3), 0.0);
        assert_eq!(rate.seconds(60), 570.0);
    }
}
