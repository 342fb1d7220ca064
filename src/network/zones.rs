//! Availability zones by their IDs: `euw1-az1` is the same place for every account, `eu-west-1a` is not.
//! Source: AWS RAM's documentation, "Availability Zone IDs for your AWS resources".

use super::Layout;
use crate::limits::{LIMITS, zone_prefix as prefix};

/// The first so many zone IDs of a Region by number, without those that lack services: a plan's names for zones that it has not read.
pub fn numbered(region: &str, count: u32) -> Vec<String> {
    let prefix = prefix(region);
    let all = (1..=u32::MAX).map(|number| format!("{prefix}-az{number}"));
    all.filter(|zone| !LIMITS.zones.avoid.contains(zone)).take(count as usize).collect()
}

/// A plan's names for the zones of a layout that it has not read.
pub fn unread(layout: &Layout) -> Vec<String> {
    if layout.only_zones.is_empty() {
        return numbered(&layout.region, layout.zones);
    }
    let prefix = prefix(&layout.region);
    let mut numbers: Vec<(Option<u32>, &String)> = layout.only_zones.iter().map(|end| (number(end), end)).collect();
    numbers.sort_unstable();
    numbers.into_iter().map(|(_, end)| format!("{prefix}-{end}")).collect()
}

/// The number in the end of a zone's ID: 4 of `az4`.
fn number(end: &str) -> Option<u32> {
    end.strip_prefix("az")?.parse().ok()
}

/// The end of the ID that a list of zones names: `az4` for `az4`, and for `use1-az4` if the Region has such zones. `None` if it names no
/// zone there.
pub fn end_of_zone<'t>(text: &'t str, region: &str) -> Option<&'t str> {
    let (begin, end) = text.rsplit_once('-').map_or((None, text), |(begin, end)| (Some(begin), end));
    let digits = end.strip_prefix("az").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0'))?;
    (!digits.is_empty() && begin.is_none_or(|begin| begin == prefix(region))).then_some(end)
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
    fn a_list_names_zones_by_the_ends_of_their_ids() {
        for (text, expected) in [
            ("az4", Some("az4")),
            ("use1-az4", Some("az4")),
            ("euw1-az4", None),
            ("us-east-1a", None),
            ("az", None),
            ("az01", None),
            ("4", None),
        ] {
            assert_eq!(end_of_zone(text, "us-east-1"), expected, "{text}");
        }
    }

    #[test]
    fn subnets_tell_their_zone() {
        assert_eq!(zone_of("load-balancer-euw1-az12"), Some("euw1-az12"));
        assert_eq!((zone_of("euw1-az1"), zone_of("private-euw1"), zone_of("private")), (None, None, None));
    }
}
