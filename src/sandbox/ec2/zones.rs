//! Regions and zones, as an account sees them.

use serde_json::{Value, json};

use super::Ask;
use crate::sandbox::wire::{Outcome, Refusal};

pub(super) fn describe_zones(ask: &Ask<'_>) -> Outcome {
    let (names, ids) = (ask.input.texts("ZoneName"), ask.input.texts("ZoneId"));
    let zones = ask.place.zones();
    let unknown = names.iter().find(|name| !zones.iter().any(|zone| zone.name == **name));
    if let Some(wanted) = unknown.or_else(|| ids.iter().find(|id| !zones.iter().any(|zone| zone.id == **id))) {
        return Err(Refusal::new("InvalidParameterValue", format!("Invalid availability zone: [{wanted}]")));
    }
    let wanted = |zone: &&super::places::Zone| {
        (names.is_empty() || names.contains(&zone.name.as_str())) && (ids.is_empty() || ids.contains(&zone.id.as_str()))
    };
    let region = ask.place.region.name;
    let show = |zone: &super::places::Zone| {
        json!({
            "zoneName": zone.name,
            "zoneId": zone.id,
            "regionName": region,
            "groupName": format!("{region}-zg-1"),
            "networkBorderGroup": region,
            "zoneType": "availability-zone",
            "zoneState": if ask.impaired_zone == Some(zone.id.as_str()) { "impaired" } else { "available" },
            "optInStatus": "opt-in-not-required",
            "messageSet": [],
        })
    };
    Ok(json!({ "availabilityZoneInfo": zones.iter().filter(wanted).map(show).collect::<Value>() }))
}

pub(super) fn describe_regions(ask: &Ask<'_>) -> Outcome {
    let names = ask.input.texts("RegionName");
    let all = ask.input.flag("AllRegions") == Some(true);
    let enabled = |region: &super::places::RegionFacts| ask.world.region_is_enabled(&ask.place.account, region, ask.now_ms);
    let regions = ask.world.all_regions();
    let wanted = regions.into_iter().filter(|region| if names.is_empty() { all || enabled(region) } else { names.contains(&region.name) });
    let show = |region: &super::places::RegionFacts| {
        let status = match (region.is_opt_in(), enabled(region)) {
            (false, _) => "opt-in-not-required",
            (true, true) => "opted-in",
            (true, false) => "not-opted-in",
        };
        let endpoint = format!("ec2.{}.amazonaws.com", region.name);
        json!({ "regionName": region.name, "regionEndpoint": endpoint, "optInStatus": status })
    };
    Ok(json!({ "regionInfo": wanted.map(show).collect::<Value>() }))
}
