//! `[prices]`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::span::{At, Table};

/// What you pay for the parts of networks, in US dollars per hour. Left out, list prices hold: dated data, by Region.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// A NAT gateway; of a regional one, each zone.
    pub nat_gateway: Option<At<f64>>,
    /// A public IPv4 address.
    pub public_address: Option<At<f64>>,
    /// An interface endpoint in one zone.
    pub interface_endpoint: Option<At<f64>>,
    /// A VPC's attachment to a transit gateway.
    pub transit_gateway_attachment: Option<At<f64>>,
    /// A site-to-site VPN connection.
    pub vpn_connection: Option<At<f64>>,
    /// Prices of one Region, as in `[prices.region.eu-west-1]`; they go before the others.
    #[serde(default)]
    pub region: Table<RegionPrices>,
}

/// What you pay in one Region, in US dollars per hour.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegionPrices {
    /// A NAT gateway; of a regional one, each zone.
    pub nat_gateway: Option<At<f64>>,
    /// A public IPv4 address.
    pub public_address: Option<At<f64>>,
    /// An interface endpoint in one zone.
    pub interface_endpoint: Option<At<f64>>,
    /// A VPC's attachment to a transit gateway.
    pub transit_gateway_attachment: Option<At<f64>>,
    /// A site-to-site VPN connection.
    pub vpn_connection: Option<At<f64>>,
}
