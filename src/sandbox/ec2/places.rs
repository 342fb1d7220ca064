//! Regions and their zones, as data. Sources: AWS's list of Regions and the zone IDs of AWS RAM's documentation, 2026-11-20. Where a
//! Region's count of zones is not documented there, it has three.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use sha2::{Digest, Sha256};

use crate::limits::{LIMITS, zone_prefix};
use crate::sandbox::wire::Refusal;
use crate::sandbox::world::World;

/// What is known of a Region.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::sandbox) struct RegionFacts {
    /// `eu-west-1`.
    pub name: &'static str,
    /// What its zone IDs begin with: `euw1`.
    prefix: &'static str,
    /// The numbers of its zones.
    zones: &'static [u8],
}

const fn facts(name: &'static str, prefix: &'static str, zones: &'static [u8]) -> RegionFacts {
    RegionFacts { name, prefix, zones }
}

const THREE: [u8; 3] = [1, 2, 3];

/// Every Region of the commercial partition, by name.
pub(in crate::sandbox) const REGIONS: [RegionFacts; 34] = [
    facts("af-south-1", "afs1", &THREE),
    facts("ap-east-1", "ape1", &THREE),
    facts("ap-east-2", "ape2", &THREE),
    facts("ap-northeast-1", "apne1", &[1, 2, 4]),
    facts("ap-northeast-2", "apne2", &[1, 2, 3, 4]),
    facts("ap-northeast-3", "apne3", &THREE),
    facts("ap-south-1", "aps1", &THREE),
    facts("ap-south-2", "aps2", &THREE),
    facts("ap-southeast-1", "apse1", &THREE),
    facts("ap-southeast-2", "apse2", &THREE),
    facts("ap-southeast-3", "apse3", &THREE),
    facts("ap-southeast-4", "apse4", &THREE),
    facts("ap-southeast-5", "apse5", &THREE),
    facts("ap-southeast-6", "apse6", &THREE),
    facts("ap-southeast-7", "apse7", &THREE),
    facts("ca-central-1", "cac1", &[1, 2, 4]),
    facts("ca-west-1", "caw1", &THREE),
    facts("eu-central-1", "euc1", &THREE),
    facts("eu-central-2", "euc2", &THREE),
    facts("eu-north-1", "eun1", &THREE),
    facts("eu-south-1", "eus1", &THREE),
    facts("eu-south-2", "eus2", &THREE),
    facts("eu-west-1", "euw1", &THREE),
    facts("eu-west-2", "euw2", &THREE),
    facts("eu-west-3", "euw3", &THREE),
    facts("il-central-1", "ilc1", &THREE),
    facts("me-central-1", "mec1", &THREE),
    facts("me-south-1", "mes1", &THREE),
    facts("mx-central-1", "mxc1", &THREE),
    facts("sa-east-1", "sae1", &THREE),
    facts("us-east-1", "use1", &[1, 2, 3, 4, 5, 6]),
    facts("us-east-2", "use2", &THREE),
    facts("us-west-1", "usw1", &[1, 3]),
    facts("us-west-2", "usw2", &[1, 2, 3, 4]),
];

impl RegionFacts {
    /// Whether an account has to enable it.
    pub(in crate::sandbox) fn is_opt_in(&self) -> bool {
        LIMITS.regions.is_opt_in(self.name)
    }
}

/// Regions that worlds have besides [`REGIONS`]. They are never freed, so that both have the lifetime `'static`.
static ADDED: Mutex<BTreeMap<String, &'static RegionFacts>> = Mutex::new(BTreeMap::new());

/// What is taken for true of a Region that AWS opened since: three zones, with IDs by the rule of all others.
fn added(name: &str) -> &'static RegionFacts {
    let mut known = ADDED.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(name.to_owned()).or_insert_with(|| {
        let (name, prefix) = (String::leak(name.to_owned()), String::leak(zone_prefix(name)));
        Box::leak(Box::new(facts(name, prefix, &THREE)))
    })
}

impl World {
    /// The Region of that name, if the world has it.
    pub(in crate::sandbox) fn facts(&self, name: &str) -> Option<&'static RegionFacts> {
        let built_in = REGIONS.iter().find(|region| region.name == name);
        built_in.or_else(|| self.added_regions.contains(name).then(|| added(name)))
    }

    /// All Regions, by name.
    pub(in crate::sandbox) fn all_regions(&self) -> Vec<&'static RegionFacts> {
        let mut all: Vec<&RegionFacts> = REGIONS.iter().chain(self.added_regions.iter().map(|name| added(name))).collect();
        all.sort_by_key(|region| region.name);
        all.dedup();
        all
    }

    /// A Region of an account, if there is such a Region.
    pub(in crate::sandbox) fn place(&self, account: &str, name: &str) -> Option<Place> {
        Some(Place { account: account.to_owned(), region: self.facts(name)? })
    }
}

/// A Region of an account.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Place {
    /// The 12-digit account.
    pub account: String,
    /// The Region.
    pub region: &'static RegionFacts,
}

/// A zone as an account sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Zone {
    /// `eu-west-1a`: which zone that is differs between accounts.
    pub name: String,
    /// `euw1-az1`: the same zone for every account.
    pub id: String,
}

impl Place {
    /// The ARN of a thing here: `vpc/vpc-1`.
    pub(super) fn arn(&self, thing: &str) -> String {
        format!("arn:aws:ec2:{}:{}:{thing}", self.region.name, self.account)
    }

    /// The account's zones, by name. Letters are dealt to each account in an order of its own.
    pub(super) fn zones(&self) -> Vec<Zone> {
        let mut dealt: Vec<(Vec<u8>, u8)> = self.region.zones.iter().map(|number| (self.deal(*number), *number)).collect();
        dealt.sort();
        let zone = |(letter, (_, number)): (char, (Vec<u8>, u8))| Zone {
            name: format!("{}{letter}", self.region.name),
            id: format!("{}-az{number}", self.region.prefix),
        };
        ('a'..='z').zip(dealt).map(zone).collect()
    }

    fn deal(&self, number: u8) -> Vec<u8> {
        Sha256::digest(format!("{}/{}/{number}", self.account, self.region.name)).to_vec()
    }

    /// The zone with a name or an ID.
    pub(super) fn zone(&self, name_or_id: &str) -> Option<Zone> {
        self.zones().into_iter().find(|zone| zone.name == name_or_id || zone.id == name_or_id)
    }

    /// The refusal of a zone that is not one of these.
    pub(super) fn no_such_zone(&self, zone: &str) -> Refusal {
        let names: Vec<String> = self.zones().into_iter().map(|zone| zone.name).collect();
        Refusal::new(
            "InvalidParameterValue",
            format!(
                "Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following \
                 availability zones: {}.",
                names.join(", ")
            ),
        )
    }
}

/// What EC2 says in a Region that the account has not enabled, or that does not exist.
pub(super) fn not_enabled() -> Refusal {
    Refusal::new("AuthFailure", "AWS was not able to validate the provided access credentials").status(StatusCode::UNAUTHORIZED)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_sandbox_has_the_known_regions_of_the_commercial_partition() {
        let commercial = LIMITS.regions.partitions.iter().find(|partition| partition.name == "aws").unwrap();
        assert_eq!(REGIONS.iter().map(|region| region.name).collect::<Vec<_>>(), commercial.regions.iter().collect::<Vec<_>>());
    }

    #[test]
    fn regions_are_ordered_and_zones_are_dealt_to_each_account() {
        assert!(REGIONS.is_sorted_by_key(|region| region.name));
        let world = World::new("111111111111");
        let place = |account: &str| world.place(account, "us-east-1").unwrap().zones();
        assert_eq!(place("111111111111"), place("111111111111"));
        let dealt: BTreeSet<Vec<Zone>> = (0..20).map(|number| place(&format!("{number:012}"))).collect();
        assert!(dealt.len() > 10);
        for zones in dealt {
            assert_eq!(zones.first().unwrap().name, "us-east-1a");
            assert_eq!(zones.iter().map(|zone| &zone.id).collect::<BTreeSet<_>>().len(), 6);
        }
    }
}
