//! Availability zones by their IDs: `euw1-az1` is the same place for every account, `eu-west-1a` is not.
//! Source: AWS RAM's documentation, "Availability Zone IDs for your AWS resources".

use crate::limits::LIMITS;

/// What the zone IDs of a Region begin with: `euw1` for `eu-west-1`, `apse2` for `ap-southeast-2`. This is the rule that the IDs of all
/// Regions followed on 2026-11-20; which IDs an account has, only EC2 in that account tells.
fn prefix(region: &str) -> String {
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

/// The first so many zone IDs of a Region by number, without those that lack services: what a plan calls zones that it has not read.
pub fn numbered(region: &str, count: u32) -> Vec<String> {
    let prefix = prefix(region);
    let all = (1..=u32::MAX).map(|number| format!("{prefix}-az{number}"));
    all.filter(|zone| !LIMITS.zones.avoid.contains(zone)).take(count as usize).collect()
}

/// The zone ID that a subnet's name ends in: `euw1-az1` of `private-euw1-az1`. `None` when it ends in none.
pub fn zone_of(subnet: &str) -> Option<&str> {
    let (head, number) = subnet.rsplit_once('-')?;
    let (tier, _) = head.rsplit_once('-')?;
    number.starts_with("az").then(|| subnet.get(tier.len() + 1..)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_holds_for_documented_regions() {
        let known = [
            ("us-east-1", "use1"),
            ("us-west-2", "usw2"),
            ("eu-west-1", "euw1"),
            ("eu-central-1", "euc1"),
            ("eu-north-1", "eun1"),
            ("ap-south-1", "aps1"),
            ("ap-southeast-2", "apse2"),
            ("ap-northeast-1", "apne1"),
            ("ca-central-1", "cac1"),
            ("sa-east-1", "sae1"),
            ("af-south-1", "afs1"),
            ("me-south-1", "mes1"),
            ("us-gov-west-1", "usgw1"),
            ("cn-northwest-1", "cnnw1"),
        ];
        for (region, expected) in known {
            assert_eq!(prefix(region), expected);
        }
        assert_eq!(numbered("eu-west-1", 2), ["euw1-az1", "euw1-az2"]);
        assert_eq!(numbered("us-east-1", 3), ["use1-az1", "use1-az2", "use1-az4"]);
    }

    #[test]
    fn subnets_tell_their_zone() {
        assert_eq!(zone_of("load-balancer-euw1-az12"), Some("euw1-az12"));
        assert_eq!((zone_of("euw1-az1"), zone_of("private-euw1"), zone_of("private")), (None, None, None));
    }
}
