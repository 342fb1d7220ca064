//! Weather: simulated faults and delays. Seeded, so that a run repeats exactly. Off by default.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::SandboxError;
use super::change::Emails;
use crate::files;
use crate::policy::Policy;

/// What the weather is like. `Default` is calm: at once, no limits of rate, nothing lost, 5,000 accounts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weather {
    /// Decides every roll of the dice.
    pub seed: u64,
    /// Time from request to answer, in milliseconds; the effect comes half-way.
    pub latency_ms: u64,
    /// Up to so many milliseconds more, evenly spread.
    pub jitter_ms: u64,
    /// Whether AWS's published request rates hold.
    pub rates: ServerRates,
    /// From CreateAccount to the account, in milliseconds.
    pub create_account_ms: u64,
    /// From CloseAccount to the closed account, in milliseconds.
    pub close_account_ms: u64,
    /// Accounts that can be closed in 30 days; `None` is what AWS grants.
    pub closing_quota: Option<usize>,
    /// From EnablePolicyType or DisablePolicyType to its effect, in milliseconds.
    pub policy_type_ms: u64,
    /// Probability that a request takes effect and its answer is lost.
    pub lost: f64,
    /// Probability of an internal error (HTTP 500) without effect.
    pub errors: f64,
    /// Probability that the connection breaks before the effect.
    pub disconnects: f64,
    /// Probability that a read answers from the world as it was.
    pub stale: f64,
    /// How long ago such a world was, in milliseconds.
    pub stale_ms: u64,
    /// Probability that a write to the organization looks at the other side of what it changes as that was, `stale_ms` ago: a new OU is not
    /// there yet, one that was just emptied is not empty.
    pub stale_writes: f64,
    /// How long AWS works on an organization after CreateOrganization, in milliseconds: new accounts, OUs, policies, attachments and
    /// invitations are refused meanwhile.
    pub finalizing_ms: u64,
    /// What becomes of a write to the organization while another is in flight.
    pub concurrent_writes: ConcurrentWrites,
    /// How many accounts the organization may have; `None` is what AWS grants a new one (10).
    pub account_quota: Option<usize>,
    /// Lets two accounts have one e-mail, as moto does: then only the client keeps an account from being created twice.
    pub lenient_email: bool,
    /// Probability that a page of a list is empty and has a NextToken all the same.
    pub empty_pages: f64,
    /// From CreateNatGateway to its being available, and from DeleteNatGateway to its being gone, in milliseconds.
    pub nat_gateway_ms: u64,
    /// The same for an interface endpoint; a gateway endpoint is there at once.
    pub endpoint_ms: u64,
    /// From a change of a VPN gateway to its effect, in milliseconds; for as long after that AWS refuses the next one.
    pub vpn_gateway_ms: u64,
    /// From EnableSharingWithAwsOrganization until RAM shares inside the organization, in milliseconds.
    pub sharing_ms: u64,
    /// From EC2's taking a new account to its default VPCs, unless something is made there before, in milliseconds.
    pub default_vpc_ms: u64,
    /// The ID of a zone that has neither NAT gateways nor interface endpoints, such as `euw1-az2`.
    pub lacking_zone: Option<String>,
    /// The ID of a zone that AWS says is impaired, such as `euw1-az2`.
    pub impaired_zone: Option<String>,
    /// Lists of EC2 ignore filters by tag, as moto's of NAT gateways does.
    pub ignores_tag_filters: bool,
    /// From the creation of an account until EC2 takes it, in milliseconds; STS takes it after half of that, and a role that was just made.
    pub account_ready_ms: u64,
    /// From EnableRegion or DisableRegion to its effect, in milliseconds.
    pub region_ms: u64,
    /// From a request to its event in CloudTrail's history, in milliseconds.
    pub trail_ms: u64,
    /// From a change to its record in AWS Config, in milliseconds.
    pub recording_ms: u64,
    /// VPCs, and internet gateways, of an account in a Region; the default VPC counts.
    pub vpc_quota: usize,
    /// Subnets of a VPC.
    pub subnet_quota: usize,
    /// Route tables of a VPC.
    pub route_table_quota: usize,
    /// Elastic addresses of an account in a Region.
    pub address_quota: usize,
    /// NAT gateways of an account in a zone.
    pub nat_gateway_quota: usize,
    /// An operation, such as `organizations:CreatePolicy`, of which every request gets an internal error.
    pub broken: Option<String>,
    /// The identity policy of the management account's credentials, as JSON: all else is refused to them. `None` allows everything.
    pub caller_policy: Option<String>,
    /// The same of every role that they assume.
    pub role_policy: Option<String>,
}

/// Whether AWS's published request rates hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServerRates {
    /// As fast as requests come.
    Unlimited,
    /// Token buckets of `limits.toml`; beyond them, the service's own refusal.
    Published,
}

/// What becomes of a write to the organization while another is in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConcurrentWrites {
    /// Both are made.
    Allowed,
    /// The later one gets a ConcurrentModificationException.
    Refused,
}

impl Default for Weather {
    fn default() -> Self {
        Self {
            seed: 0,
            latency_ms: 0,
            jitter_ms: 0,
            rates: ServerRates::Unlimited,
            create_account_ms: 0,
            close_account_ms: 0,
            closing_quota: None,
            policy_type_ms: 0,
            lost: 0.0,
            errors: 0.0,
            disconnects: 0.0,
            stale: 0.0,
            stale_ms: 0,
            stale_writes: 0.0,
            finalizing_ms: 0,
            concurrent_writes: ConcurrentWrites::Allowed,
            account_quota: Some(5_000),
            lenient_email: false,
            empty_pages: 0.0,
            nat_gateway_ms: 0,
            endpoint_ms: 0,
            vpn_gateway_ms: 0,
            sharing_ms: 0,
            default_vpc_ms: 0,
            lacking_zone: None,
            impaired_zone: None,
            ignores_tag_filters: false,
            account_ready_ms: 0,
            region_ms: 0,
            trail_ms: 0,
            recording_ms: 0,
            // What AWS grants: <https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>.
            vpc_quota: 5,
            subnet_quota: 200,
            route_table_quota: 200,
            address_quota: 5,
            nat_gateway_quota: 5,
            broken: None,
            caller_policy: None,
            role_policy: None,
        }
    }
}

const KEYS: &[&str] = &[
    "seed",
    "latency",
    "jitter",
    "rates",
    "create-account",
    "close-account",
    "closings",
    "policy-type",
    "lost",
    "errors",
    "disconnects",
    "stale",
    "stale-age",
    "stale-writes",
    "finalizing",
    "concurrent-writes",
    "accounts",
    "emails",
    "empty-pages",
    "nat-gateway",
    "endpoint",
    "vpn-gateway",
    "sharing",
    "default-vpc",
    "lacking-zone",
    "impaired-zone",
    "tag-filters",
    "account-ready",
    "region",
    "trail",
    "recording",
    "vpcs",
    "subnets",
    "route-tables",
    "addresses",
    "nat-gateways",
    "broken",
    "caller-policy",
    "role-policy",
];

impl Weather {
    /// Everything that AWS has been seen to do, at rates that a patient client survives.
    pub fn stormy() -> Self {
        Self {
            latency_ms: 50,
            jitter_ms: 50,
            rates: ServerRates::Published,
            create_account_ms: 20_000,
            close_account_ms: 60_000,
            policy_type_ms: 5_000,
            lost: 0.02,
            errors: 0.02,
            disconnects: 0.02,
            stale: 0.1,
            stale_ms: 500,
            stale_writes: 0.1,
            finalizing_ms: 5_000,
            concurrent_writes: ConcurrentWrites::Refused,
            empty_pages: 0.1,
            nat_gateway_ms: 120_000,
            endpoint_ms: 60_000,
            vpn_gateway_ms: 10_000,
            sharing_ms: 60_000,
            default_vpc_ms: 10_000,
            account_ready_ms: 60_000,
            region_ms: 600_000,
            trail_ms: 900_000,
            recording_ms: 600_000,
            ..Self::default()
        }
    }

    /// Reads `calm`, `stormy`, or settings such as `latency=50,rates=published,lost=0.05,seed=7`; a name may come first and
    /// settings then change it. Times are milliseconds, probabilities lie from 0 up to, but not including, 1.
    ///
    /// # Errors
    /// An unknown name or key, or a value that does not fit it.
    pub fn parse(text: &str) -> Result<Self, SandboxError> {
        let mut weather = Self::default();
        for (position, part) in text.split(',').map(str::trim).filter(|part| !part.is_empty()).enumerate() {
            match part.split_once('=') {
                Some((key, value)) => weather.set(key.trim(), value.trim())?,
                None if position == 0 && part == "calm" => {}
                None if position == 0 && part == "stormy" => weather = Self::stormy(),
                None => {
                    return Err(SandboxError::new(format!("unknown weather `{part}`"))
                        .hint("say `calm` or `stormy`, then settings such as `latency=50,rates=published,seed=7`"));
                }
            }
        }
        Ok(weather)
    }

    /// Whether anything is answered from the organization as it was.
    pub(super) fn remembers_organization(&self) -> bool {
        self.stale > 0.0 || self.stale_writes > 0.0
    }

    /// How long the past of networks is kept, in milliseconds; `None` where nobody looks at it.
    pub(super) fn remembers_regions(&self) -> Option<u64> {
        let stale_ms = (self.stale > 0.0).then_some(self.stale_ms);
        stale_ms.max((self.recording_ms > 0).then_some(self.recording_ms))
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), SandboxError> {
        match key {
            "seed" => self.seed = number(key, value)?,
            "latency" => self.latency_ms = milliseconds(key, value)?,
            "jitter" => self.jitter_ms = milliseconds(key, value)?,
            "rates" => self.rates = choice(key, value, [("published", ServerRates::Published), ("unlimited", ServerRates::Unlimited)])?,
            "create-account" => self.create_account_ms = milliseconds(key, value)?,
            "close-account" => self.close_account_ms = milliseconds(key, value)?,
            "closings" if value == "aws" => self.closing_quota = None,
            "closings" => self.closing_quota = Some(number(key, value)?),
            "policy-type" => self.policy_type_ms = milliseconds(key, value)?,
            "lost" => self.lost = probability(key, value)?,
            "errors" => self.errors = probability(key, value)?,
            "disconnects" => self.disconnects = probability(key, value)?,
            "stale" => self.stale = probability(key, value)?,
            "stale-age" => self.stale_ms = milliseconds(key, value)?,
            "stale-writes" => self.stale_writes = probability(key, value)?,
            "finalizing" => self.finalizing_ms = milliseconds(key, value)?,
            "concurrent-writes" => {
                self.concurrent_writes =
                    choice(key, value, [("allowed", ConcurrentWrites::Allowed), ("refused", ConcurrentWrites::Refused)])?;
            }
            "accounts" if value == "aws" => self.account_quota = None,
            "accounts" => self.account_quota = Some(number(key, value)?),
            "emails" => self.lenient_email = choice(key, value, [("unique", false), ("lenient", true)])?,
            "empty-pages" => self.empty_pages = probability(key, value)?,
            "nat-gateway" => self.nat_gateway_ms = milliseconds(key, value)?,
            "endpoint" => self.endpoint_ms = milliseconds(key, value)?,
            "vpn-gateway" => self.vpn_gateway_ms = milliseconds(key, value)?,
            "sharing" => self.sharing_ms = milliseconds(key, value)?,
            "default-vpc" => self.default_vpc_ms = milliseconds(key, value)?,
            "lacking-zone" => self.lacking_zone = Some(value.to_owned()),
            "impaired-zone" => self.impaired_zone = Some(value.to_owned()),
            "tag-filters" => self.ignores_tag_filters = choice(key, value, [("obeyed", false), ("ignored", true)])?,
            "account-ready" => self.account_ready_ms = milliseconds(key, value)?,
            "region" => self.region_ms = milliseconds(key, value)?,
            "trail" => self.trail_ms = milliseconds(key, value)?,
            "recording" => self.recording_ms = milliseconds(key, value)?,
            "vpcs" => self.vpc_quota = number(key, value)?,
            "subnets" => self.subnet_quota = number(key, value)?,
            "route-tables" => self.route_table_quota = number(key, value)?,
            "addresses" => self.address_quota = number(key, value)?,
            "nat-gateways" => self.nat_gateway_quota = number(key, value)?,
            "broken" => self.broken = Some(operation(key, value)?),
            "caller-policy" => self.caller_policy = Some(policy(key, value)?),
            "role-policy" => self.role_policy = Some(policy(key, value)?),
            _ => {
                let near = KEYS.iter().max_by(|a, b| strsim::jaro(key, a).total_cmp(&strsim::jaro(key, b)));
                let hint = near.filter(|near| strsim::jaro(key, near) > 0.7).map(|near| format!("did you mean `{near}`? "));
                return Err(SandboxError::new(format!("the weather has no `{key}`")).hint(format!(
                    "{}it has {}",
                    hint.unwrap_or_default(),
                    KEYS.join(", ")
                )));
            }
        }
        Ok(())
    }

    pub(super) fn emails(&self) -> Emails {
        if self.lenient_email { Emails::Lenient } else { Emails::Unique }
    }

    /// The dice of the request with the given number: what they show depends on nothing else but the seed.
    pub(super) fn dice(&self, request: u64) -> Dice<'_> {
        Dice { weather: self, request }
    }
}

fn number<N: std::str::FromStr>(key: &str, value: &str) -> Result<N, SandboxError> {
    value
        .parse()
        .map_err(|_| SandboxError::new(format!("`{value}` is not a valid value for `{key}`")).hint("give a whole number, such as `50`"))
}

/// Longer than any run, and short enough that no sum of times overflows: 30 years.
const LONGEST_MS: u64 = 1_000_000_000_000;

fn milliseconds(key: &str, value: &str) -> Result<u64, SandboxError> {
    match number(key, value)? {
        ms @ 0..=LONGEST_MS => Ok(ms),
        _ => Err(SandboxError::new(format!("`{value}` is not a valid value for `{key}`"))
            .hint(format!("give at most {LONGEST_MS} milliseconds"))),
    }
}

fn probability(key: &str, value: &str) -> Result<f64, SandboxError> {
    match value.parse::<f64>() {
        Ok(number) if (0.0..1.0).contains(&number) => Ok(number),
        _ => {
            Err(SandboxError::new(format!("`{value}` is not a valid value for `{key}`")).hint("give a probability below 1, such as `0.05`"))
        }
    }
}

fn operation(key: &str, value: &str) -> Result<String, SandboxError> {
    if super::operations().iter().any(|served| served == value) {
        return Ok(value.to_owned());
    }
    let hint = "give an operation that the sandbox serves, such as `organizations:CreatePolicy`";
    Err(SandboxError::new(format!("`{value}` is not a valid value for `{key}`")).hint(hint))
}

/// The identity policy in a file.
fn policy(key: &str, path: &str) -> Result<String, SandboxError> {
    let hint = "give a file with an identity policy, such as `overlord doctor --policy plan` prints";
    let text = files::read_text(Path::new(path), files::LIST);
    let text = text.map_err(|error| SandboxError::new(format!("`{path}` of `{key}` cannot be read: {error}")).hint(hint))?;
    match Policy::parse(&text) {
        Ok(_) => Ok(text),
        Err(problems) => {
            let what = problems.first().map_or("it is none", |problem| problem.summary.as_str());
            Err(SandboxError::new(format!("`{path}` of `{key}` is not a policy: {what}")).hint(hint))
        }
    }
}

fn choice<T: Copy, const N: usize>(key: &str, value: &str, choices: [(&str, T); N]) -> Result<T, SandboxError> {
    choices.iter().find(|(name, _)| *name == value).map(|(_, choice)| *choice).ok_or_else(|| {
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
        SandboxError::new(format!("`{value}` is not a valid value for `{key}`")).hint(format!("give {}", names.join(" or ")))
    })
}

/// The fate of one request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dice<'w> {
    weather: &'w Weather,
    request: u64,
}

/// What a roll decides: each has dice of its own, so that turning one kind of weather on leaves the others as they were.
#[derive(Debug, Clone, Copy)]
enum Roll {
    Jitter = 1,
    Lost,
    Error,
    Disconnect,
    Stale,
    EmptyPage,
    StaleWrite,
}

impl Dice<'_> {
    /// From 0 up to, but not including, 1.
    fn roll(self, roll: Roll) -> f64 {
        let mut x =
            self.weather.seed ^ self.request.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (roll as u64).wrapping_mul(0xD1B5_4A32_D192_ED03);
        for _ in 0..2 {
            x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            x ^= x >> 31;
        }
        (x >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn latency_ms(self) -> u64 {
        self.weather.latency_ms + (self.roll(Roll::Jitter) * self.weather.jitter_ms as f64) as u64
    }

    pub(super) fn lost(self) -> bool {
        self.roll(Roll::Lost) < self.weather.lost
    }

    pub(super) fn error(self) -> bool {
        self.roll(Roll::Error) < self.weather.errors
    }

    pub(super) fn disconnect(self) -> bool {
        self.roll(Roll::Disconnect) < self.weather.disconnects
    }

    pub(super) fn stale(self) -> bool {
        self.roll(Roll::Stale) < self.weather.stale
    }

    pub(super) fn stale_write(self) -> bool {
        self.roll(Roll::StaleWrite) < self.weather.stale_writes
    }

    pub(super) fn empty_page(self) -> bool {
        self.roll(Roll::EmptyPage) < self.weather.empty_pages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_settings() {
        assert_eq!(Weather::parse("").unwrap(), Weather::default());
        assert_eq!(Weather::parse("calm").unwrap(), Weather::default());
        let weather = Weather::parse("stormy, seed=7, accounts=aws,rates=unlimited").unwrap();
        assert_eq!(weather, Weather { seed: 7, account_quota: None, rates: ServerRates::Unlimited, ..Weather::stormy() });
        let weather = Weather::parse("latency=50,rates=published,lost=0.05,seed=7").unwrap();
        assert_eq!(weather, Weather { latency_ms: 50, rates: ServerRates::Published, lost: 0.05, seed: 7, ..Weather::default() });
    }

    #[test]
    fn mistakes_say_what_to_do() {
        let check = |text: &str, message: &str, hint: &str| {
            let error = Weather::parse(text).unwrap_err();
            assert_eq!(error.message, message);
            assert!(error.hint.as_deref().unwrap().contains(hint), "{error:?}");
        };
        check("windy", "unknown weather `windy`", "`stormy`");
        check("latencies=5", "the weather has no `latencies`", "did you mean `latency`?");
        check("lost=2", "`2` is not a valid value for `lost`", "below 1");
        check("lost=1", "`1` is not a valid value for `lost`", "below 1");
        check("rates=fast", "`fast` is not a valid value for `rates`", "`published` or `unlimited`");
        check(
            "region=18446744073709551615",
            "`18446744073709551615` is not a valid value for `region`",
            "at most 1000000000000 milliseconds",
        );
        check("seed=x", "`x` is not a valid value for `seed`", "whole number");
        check("broken=organizations:Create", "`organizations:Create` is not a valid value for `broken`", "`organizations:CreatePolicy`");
    }

    #[test]
    fn dice_follow_the_seed_and_their_probability() {
        let weather = Weather { lost: 0.25, ..Weather::default() };
        let rolls = |weather: &Weather| (0..10_000).map(|request| weather.dice(request).lost()).collect::<Vec<_>>();
        assert_eq!(rolls(&weather), rolls(&weather.clone()));
        assert_ne!(rolls(&weather), rolls(&Weather { seed: 1, ..weather.clone() }));
        let lost = rolls(&weather).into_iter().filter(|lost| *lost).count();
        assert!((2_300..2_700).contains(&lost), "{lost}");
    }
}
