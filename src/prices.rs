//! Prices: the built-in ones (`prices.toml`), and those that org.toml sets instead. Amounts are counted in millionths of a dollar, so
//! that sums are exact and the same everywhere.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Hours of a month, as AWS's own calculator takes them.
pub const HOURS: i64 = 730;

/// An amount of US dollars, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Usd(i64);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The most that a price per hour may be: a thousand dollars.
    pub const HIGHEST_PRICE: f64 = 1_000.0;

    /// The nearest amount; `None` if it is not a price per hour: negative, above [`Self::HIGHEST_PRICE`], or not a number.
    pub fn price(dollars: f64) -> Option<Self> {
        (0.0..=Self::HIGHEST_PRICE).contains(&dollars).then(|| Self::nearest(dollars))
    }

    fn nearest(dollars: f64) -> Self {
        Self((dollars * 1e6).round() as i64)
    }

    /// In dollars.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// What `units` of this price per hour cost in a month.
    pub(crate) fn monthly(self, units: u64) -> Self {
        Self(self.0.saturating_mul(HOURS).saturating_mul(i64::try_from(units).unwrap_or(i64::MAX)))
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Usd {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// `6,964.20`, to the nearest cent.
impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = (self.0.unsigned_abs() + 5_000) / 10_000;
        let (sign, whole) = (if self.0 < 0 && cents > 0 { "-" } else { "" }, (cents / 100).to_string());
        let mut grouped = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        f.pad(&format!("{sign}{grouped}.{:02}", cents % 100))
    }
}

/// A number of dollars. Six decimals survive the conversion to JSON and back.
impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dollars())
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::nearest)
    }
}

/// What has a price per hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// A NAT gateway; of a regional one, each zone.
    NatGateway,
    /// A public IPv4 address.
    PublicAddress,
    /// An interface endpoint in one zone.
    InterfaceEndpoint,
    /// A VPC's attachment to a transit gateway.
    TransitGatewayAttachment,
    /// A site-to-site VPN connection, without its addresses.
    VpnConnection,
}

/// Prices per hour.
pub type Rates = BTreeMap<Item, Usd>;

/// Prices that replace the built-in ones.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Overrides {
    /// In every Region.
    #[serde(skip_serializing_if = "Rates::is_empty")]
    pub all: Rates,
    /// In one Region, before those of `all`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub regions: BTreeMap<String, Rates>,
}

impl Overrides {
    /// Whether no built-in price is replaced.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty() && self.regions.values().all(Rates::is_empty)
    }

    /// The price per hour.
    pub fn rate(&self, region: &str, item: Item) -> Usd {
        let own = [self.regions.get(region), Some(&self.all), PRICES.region.get(region), Some(&PRICES.default)];
        own.into_iter().flatten().find_map(|rates| rates.get(&item).copied()).unwrap_or_default()
    }
}

/// The embedded data file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// When the prices were collected, `YYYY-MM-DD`.
    pub date: String,
    /// Where they come from.
    pub source: Vec<Source>,
    /// In Regions, and of items, that `region` does not have.
    pub default: Rates,
    /// By Region.
    pub region: BTreeMap<String, Rates>,
}

/// Where prices come from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Of what.
    pub items: Vec<Item>,
    /// AWS's page about them.
    pub url: String,
    /// What the price is for.
    pub says: String,
    /// How sure those of the default are.
    pub confidence: crate::limits::Confidence,
    /// When the page said so, `YYYY-MM-DD`; `None` where that is not known.
    pub read: Option<String>,
}

/// The prices that are built in.
#[expect(clippy::expect_used, reason = "the file is compiled in, and a unit test parses it")]
pub static PRICES: LazyLock<Prices> = LazyLock::new(|| toml::from_str(include_str!("prices.toml")).expect("prices.toml is well-formed"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_money() {
        for (dollars, text) in [(0.0, "0.00"), (0.004, "0.00"), (35.04, "35.04"), (999.995, "1,000.00"), (-1234567.891, "-1,234,567.89")] {
            assert_eq!(Usd::nearest(dollars).to_string(), text);
        }
        assert_eq!([-0.01, 1_000.01, f64::NAN].map(Usd::price), [None; 3]);
    }

    #[test]
    fn an_amount_survives_json() {
        for millionths in [0, 1, 48_000, 35_040_001, -7, 123_456_789_012_345] {
            let text = serde_json::to_string(&Usd(millionths)).unwrap();
            assert_eq!(serde_json::from_str::<Usd>(&text).unwrap(), Usd(millionths), "{text}");
        }
    }

    #[test]
    fn every_item_has_a_price_and_a_source() {
        assert_eq!(PRICES.default.len(), PRICES.source.iter().map(|source| source.items.len()).sum::<usize>());
        assert!(PRICES.source.iter().all(|source| source.items.iter().all(|item| PRICES.default[item] > Usd::ZERO)));
        assert!(PRICES.source.iter().all(|source| source.url.starts_with("https://aws.amazon.com/") && !source.says.is_empty()));
        let is_date = |text: &String| text.len() == 10 && text.split('-').count() == 3 && *text <= PRICES.date;
        assert!(PRICES.source.iter().filter_map(|source| source.read.as_ref()).all(is_date));
    }

    #[test]
    fn what_the_user_says_of_a_region_goes_before_all_else() {
        let [one, two] = [1.0, 2.0].map(Usd::nearest);
        let eu = || "eu-west-1".to_owned();
        let prices = Overrides { all: [(Item::NatGateway, one)].into(), regions: [(eu(), [(Item::NatGateway, two)].into())].into() };
        assert_eq!((prices.rate("eu-west-1", Item::NatGateway), prices.rate("eu-west-2", Item::NatGateway)), (two, one));
        let built_in = PRICES.region["eu-west-1"][&Item::InterfaceEndpoint];
        assert_eq!(prices.rate("eu-west-1", Item::InterfaceEndpoint), built_in);
        assert_eq!(prices.rate("xx-nowhere-1", Item::VpnConnection), PRICES.default[&Item::VpnConnection]);
    }
}
