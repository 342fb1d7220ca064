//! Rules of security groups: splits the permissions that AWS returns, which contain lists, into single rules.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::IpPermission;

use super::security_group::Rule;

/// AWS's name for all protocols.
const ALL_PROTOCOLS: &str = "-1";

/// Each rule of the permissions: one per block, group and prefix list.
pub(super) fn rules(permissions: &[IpPermission]) -> BTreeSet<Rule> {
    permissions.iter().flat_map(of_permission).collect()
}

fn of_permission(permission: &IpPermission) -> impl Iterator<Item = Rule> {
    let protocol = match permission.ip_protocol() {
        None | Some(ALL_PROTOCOLS) => "all".to_owned(),
        Some(protocol) => protocol.to_owned(),
    };
    let ports = match (permission.from_port(), permission.to_port()) {
        // For ICMP these are type and code, and -1 means all of them.
        (None | Some(-1), None | Some(-1)) | (Some(0), Some(65535)) => "all".to_owned(),
        (Some(from), None) => from.to_string(),
        (Some(from), Some(to)) if from == to => from.to_string(),
        (from, to) => format!("{}-{}", from.unwrap_or(-1), to.unwrap_or(-1)),
    };
    let blocks = permission.ip_ranges().iter().filter_map(|range| range.cidr_ip.clone());
    let blocks_of_ipv6 = permission.ipv6_ranges().iter().filter_map(|range| range.cidr_ipv6.clone());
    let groups = permission.user_id_group_pairs().iter().filter_map(|pair| pair.group_id.clone());
    let lists = permission.prefix_list_ids().iter().filter_map(|list| list.prefix_list_id.clone());
    let from = blocks.chain(blocks_of_ipv6).chain(groups).chain(lists);
    from.map(move |from| Rule { from, protocol: protocol.clone(), ports: ports.clone() })
}

/// A rule in words: `ingress tcp 443 from 10.0.0.0/19`.
pub(super) fn in_words(direction: Direction, rule: &Rule) -> String {
    let Rule { from, protocol, ports } = rule;
    let what = if protocol == ports { protocol.clone() } else { format!("{protocol} {ports}") };
    match direction {
        Direction::Ingress => format!("ingress {what} from {from}"),
        Direction::Egress => format!("egress {what} to {from}"),
    }
}

/// The direction of traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Ingress,
    Egress,
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{IpRange, UserIdGroupPair};

    use super::*;

    fn words(permission: IpPermission) -> Vec<String> {
        rules(&[permission]).iter().map(|rule| in_words(Direction::Ingress, rule)).collect()
    }

    #[test]
    fn a_permission_is_a_rule_for_each_of_its_sources() {
        let block = |cidr: &str| IpRange::builder().cidr_ip(cidr).build();
        let https = IpPermission::builder().ip_protocol("tcp").from_port(443).to_port(443);
        assert_eq!(
            words(https.clone().ip_ranges(block("10.0.0.0/19")).ip_ranges(block("10.1.0.0/19")).build()),
            ["ingress tcp 443 from 10.0.0.0/19", "ingress tcp 443 from 10.1.0.0/19"]
        );
        assert_eq!(words(https.build()), Vec::<String>::new());
        let own = UserIdGroupPair::builder().group_id("sg-1").build();
        assert_eq!(words(IpPermission::builder().ip_protocol("-1").user_id_group_pairs(own).build()), ["ingress all from sg-1"]);
        let range = IpPermission::builder().ip_protocol("udp").from_port(1024).to_port(65535).ip_ranges(block("0.0.0.0/0"));
        assert_eq!(words(range.build()), ["ingress udp 1024-65535 from 0.0.0.0/0"]);
    }
}
