//! `[prices]`: amounts that can be prices, of Regions that can be Regions.

use super::Model;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::{Prices, RegionPrices};
use crate::config::span::At;
use crate::cost::{Item, Overrides, Rates, Usd};

/// The prices that hold in the place of the built-in ones.
pub(super) fn check(model: &Model<'_>, report: &mut Report) -> Overrides {
    let Prices { nat_gateway, public_address, interface_endpoint, transit_gateway_attachment, vpn_connection, region } = &model.file.prices;
    let all = [
        (Item::NatGateway, nat_gateway),
        (Item::PublicAddress, public_address),
        (Item::InterfaceEndpoint, interface_endpoint),
        (Item::TransitGatewayAttachment, transit_gateway_attachment),
        (Item::VpnConnection, vpn_connection),
    ];
    let mut prices = Overrides { all: rates(all, report), ..Overrides::default() };
    for (key, section) in region {
        model.regions.check(key.as_str(), key.at(), report);
        let RegionPrices { nat_gateway, public_address, interface_endpoint, transit_gateway_attachment, vpn_connection } = section;
        let own = [
            (Item::NatGateway, nat_gateway),
            (Item::PublicAddress, public_address),
            (Item::InterfaceEndpoint, interface_endpoint),
            (Item::TransitGatewayAttachment, transit_gateway_attachment),
            (Item::VpnConnection, vpn_connection),
        ];
        prices.regions.insert(key.as_str().to_owned(), rates(own, report));
    }
    prices
}

fn rates<const N: usize>(given: [(Item, &Option<At<f64>>); N], report: &mut Report) -> Rates {
    let mut rates = Rates::new();
    for (item, price) in given {
        let Some(price) = price else { continue };
        match Usd::price(price.value) {
            Some(usd) => drop(rates.insert(item, usd)),
            None => {
                let diagnostic = Code::BadPrice.error(format!("`{}` is not a price per hour", price.value));
                let most = Usd::HIGHEST_PRICE;
                report.at(price.at, diagnostic.hint(format!("write US dollars per hour, from 0 to {most}: `nat_gateway = 0.045`")));
            }
        }
    }
    rates
}
