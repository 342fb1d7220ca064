//! Security groups and their rules. Answers group rules by protocol and ports, as AWS does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::kinds::Kind;
use super::list::{Listing, list};
use super::region::Region;
use super::{Ask, Place, Turn, dependency, tags};
use crate::sandbox::input::Input;
use crate::sandbox::wire::{Outcome, Refusal};

/// What a VPC's own group is called.
const DEFAULT: &str = "default";

/// A security group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityGroup {
    /// Its VPC.
    pub vpc: String,
    /// Unique in the VPC.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Rules by id.
    pub rules: BTreeMap<String, Rule>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Whether it is about what goes out.
    pub egress: bool,
    /// `tcp`, or `-1` for all.
    pub protocol: String,
    /// First and last port, or ICMP's type and code.
    pub ports: Option<(i32, i32)>,
    /// Whom it lets through.
    pub peer: Peer,
    /// Free text.
    pub description: Option<String>,
}

/// Whom a rule lets through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// An IPv4 block.
    Ipv4(String),
    /// An IPv6 block.
    Ipv6(String),
    /// Whatever has this security group.
    Group(String),
    /// A prefix list.
    PrefixList(String),
}

impl Peer {
    /// The lists in which requests and answers have such peers, and what they call one.
    fn fields(&self) -> (&'static str, &'static str, &str) {
        match self {
            Self::Ipv4(block) => ("ipRanges", "cidrIp", block),
            Self::Ipv6(block) => ("ipv6Ranges", "cidrIpv6", block),
            Self::Group(id) => ("groups", "groupId", id),
            Self::PrefixList(id) => ("prefixListIds", "prefixListId", id),
        }
    }
}

impl Rule {
    /// Whether another rule lets the same through: descriptions do not count.
    fn is_same(&self, other: &Self) -> bool {
        (self.egress, &self.protocol, self.ports, &self.peer) == (other.egress, &other.protocol, other.ports, &other.peer)
    }

    fn all(egress: bool, peer: Peer) -> Self {
        Self { egress, protocol: "-1".to_owned(), ports: None, peer, description: None }
    }
}

impl SecurityGroup {
    /// The group that a VPC is born with: in from itself, out to anywhere.
    pub(super) fn default_of(vpc: &str, id: &str, region: &mut Region) -> Self {
        let group = Self::empty(vpc, DEFAULT, "default VPC security group", region);
        let mut rules = group.rules;
        rules.insert(region.fresh("sgr"), Rule::all(false, Peer::Group(id.to_owned())));
        Self { rules, ..group }
    }

    /// A group as CreateSecurityGroup makes it: out to anywhere.
    fn empty(vpc: &str, name: &str, description: &str, region: &mut Region) -> Self {
        let mut rules = BTreeMap::from([(region.fresh("sgr"), Rule::all(true, Peer::Ipv4("0.0.0.0/0".to_owned())))]);
        if region.vpcs.get(vpc).is_some_and(|vpc| vpc.ipv6.is_some()) {
            rules.insert(region.fresh("sgr"), Rule::all(true, Peer::Ipv6("::/0".to_owned())));
        }
        Self { vpc: vpc.to_owned(), name: name.to_owned(), description: description.to_owned(), rules }
    }

    /// Whether it is the one that the VPC was born with.
    pub fn is_default(&self) -> bool {
        self.name == DEFAULT
    }
}

const LISTING: Listing = Listing {
    kind: Kind::SecurityGroup,
    set: "securityGroupInfo",
    ids: "GroupId",
    filters: &[
        ("group-id", "groupId"),
        ("group-name", "groupName"),
        ("vpc-id", "vpcId"),
        ("description", "groupDescription"),
        ("owner-id", "ownerId"),
        ("ip-permission.group-id", "ipPermissions/groups/groupId"),
        ("egress.ip-permission.group-id", "ipPermissionsEgress/groups/groupId"),
    ],
};

pub(super) fn describe(ask: &Ask<'_>) -> Outcome {
    list(ask, &LISTING, ask.region.security_groups.keys(), |id| show(ask.region, ask.place, id))
}

fn show(region: &Region, place: &Place, id: &str) -> Option<Value> {
    let group = region.security_groups.get(id)?;
    Some(json!({
        "groupId": id,
        "securityGroupArn": place.arn(&format!("security-group/{id}")),
        "ownerId": place.account,
        "vpcId": group.vpc,
        "groupName": group.name,
        "groupDescription": group.description,
        "ipPermissions": show_rules(group, place, false),
        "ipPermissionsEgress": show_rules(group, place, true),
        "tagSet": region.tag_set(id),
    }))
}

/// A protocol and its ports.
type Traffic<'r> = (&'r str, Option<(i32, i32)>);

/// Peers in the lists of an answer.
type Peers = BTreeMap<&'static str, Vec<Value>>;

fn show_rules(group: &SecurityGroup, place: &Place, egress: bool) -> Value {
    let mut gathered: BTreeMap<Traffic<'_>, Peers> = BTreeMap::new();
    for rule in group.rules.values().filter(|rule| rule.egress == egress) {
        let lists = gathered.entry((&rule.protocol, rule.ports)).or_default();
        let (list, field, peer) = rule.peer.fields();
        let mut shown = json!({ field: peer, "description": rule.description });
        if let (Peer::Group(_), Some(fields)) = (&rule.peer, shown.as_object_mut()) {
            fields.insert("userId".to_owned(), place.account.clone().into());
        }
        lists.entry(list).or_default().push(shown);
    }
    let show = |((protocol, ports), lists): (Traffic<'_>, Peers)| {
        let mut shown = Map::from_iter([("ipProtocol".to_owned(), Value::from(protocol))]);
        if let Some((from, to)) = ports {
            shown.insert("fromPort".to_owned(), from.into());
            shown.insert("toPort".to_owned(), to.into());
        }
        for list in ["groups", "ipRanges", "ipv6Ranges", "prefixListIds"] {
            shown.insert(list.to_owned(), lists.get(list).cloned().unwrap_or_default().into());
        }
        Value::Object(shown)
    };
    gathered.into_iter().map(show).collect()
}

pub(super) fn create(turn: &mut Turn<'_>) -> Outcome {
    let (name, description) = (turn.input.text("GroupName")?, turn.input.text("GroupDescription")?);
    let tags = tags::of_creation(turn.input, Kind::SecurityGroup)?;
    let vpc = turn.input.text("VpcId")?;
    Kind::Vpc.find(&turn.region.vpcs, vpc)?;
    if name == DEFAULT {
        return Err(Refusal::new("InvalidParameterValue", "Cannot use reserved security group name: default"));
    }
    if name.starts_with("sg-") || name.is_empty() || name.len() > 255 || description.is_empty() || description.len() > 255 {
        return Err(Refusal::new("InvalidParameterValue", format!("Value ({name}) for parameter GroupName is invalid.")));
    }
    if turn.region.security_groups.values().any(|group| group.vpc == vpc && group.name == name) {
        let message = format!("The security group '{name}' already exists for VPC '{vpc}'");
        return Err(Refusal::new("InvalidGroup.Duplicate", message));
    }
    let id = turn.region.fresh("sg");
    let group = SecurityGroup::empty(vpc, name, description, turn.region);
    turn.region.security_groups.insert(id.clone(), group);
    turn.region.put_tags(&id, tags);
    let arn = turn.place.arn(&format!("security-group/{id}"));
    Ok(json!({ "return": true, "groupId": id, "securityGroupArn": arn, "tagSet": turn.region.tag_set(&id) }))
}

pub(super) fn delete(turn: &mut Turn<'_>) -> Outcome {
    let id = turn.input.text("GroupId")?;
    let group = Kind::SecurityGroup.find(&turn.region.security_groups, id)?;
    if group.is_default() {
        let message = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Err(Refusal::new("CannotDelete", message));
    }
    let named = |rule: &Rule| rule.peer == Peer::Group(id.to_owned());
    let others = turn.region.security_groups.iter().filter(|(other, _)| *other != id);
    if turn.region.group_is_used(id, turn.now_ms) || others.flat_map(|(_, group)| group.rules.values()).any(named) {
        return Err(dependency(format!("resource {id} has a dependent object")));
    }
    turn.region.security_groups.remove(id);
    turn.region.prune_tags();
    Ok(json!({ "return": true, "groupId": id }))
}

pub(super) fn authorize_ingress(turn: &mut Turn<'_>) -> Outcome {
    authorize(turn, false)
}

pub(super) fn authorize_egress(turn: &mut Turn<'_>) -> Outcome {
    authorize(turn, true)
}

fn authorize(turn: &mut Turn<'_>, egress: bool) -> Outcome {
    let id = turn.input.text("GroupId")?;
    let group = Kind::SecurityGroup.find(&turn.region.security_groups, id)?;
    let added = rules(turn.input, egress)?;
    for rule in &added {
        if let Peer::Group(other) = &rule.peer {
            Kind::SecurityGroup.find(&turn.region.security_groups, other)?;
        }
        if group.rules.values().any(|other| other.is_same(rule)) {
            let message = format!("the specified rule \"peer: {}, {}, ALLOW\" already exists", rule.peer.fields().2, rule.protocol);
            return Err(Refusal::new("InvalidPermission.Duplicate", message));
        }
    }
    let mut shown = Vec::new();
    for rule in added {
        let rule_id = turn.region.fresh("sgr");
        shown.push(json!({
            "securityGroupRuleId": rule_id,
            "groupId": id,
            "groupOwnerId": turn.place.account,
            "isEgress": egress,
            "ipProtocol": rule.protocol,
        }));
        Kind::SecurityGroup.find_mut(&mut turn.region.security_groups, id)?.rules.insert(rule_id, rule);
    }
    Ok(json!({ "return": true, "securityGroupRuleSet": shown }))
}

pub(super) fn revoke_ingress(turn: &mut Turn<'_>) -> Outcome {
    revoke(turn, false)
}

pub(super) fn revoke_egress(turn: &mut Turn<'_>) -> Outcome {
    revoke(turn, true)
}

fn revoke(turn: &mut Turn<'_>, egress: bool) -> Outcome {
    let id = turn.input.text("GroupId")?;
    let group = Kind::SecurityGroup.find(&turn.region.security_groups, id)?;
    let wanted = rules_or_none(turn.input, egress)?;
    let by_id: Vec<&str> = turn.input.texts("SecurityGroupRuleId");
    let missing = |what: &str| {
        Refusal::new("InvalidPermission.NotFound", format!("The specified rule does not exist in this security group: {what}"))
    };
    for rule in &wanted {
        if !group.rules.values().any(|other| other.is_same(rule)) {
            return Err(missing(rule.peer.fields().2));
        }
    }
    if let Some(gone) = by_id.iter().find(|id| group.rules.get(**id).is_none_or(|rule| rule.egress != egress)) {
        return Err(Refusal::new("InvalidSecurityGroupRuleId.NotFound", format!("The security group rule ID '{gone}' does not exist")));
    }
    let group = Kind::SecurityGroup.find_mut(&mut turn.region.security_groups, id)?;
    group.rules.retain(|id, rule| !by_id.contains(&id.as_str()) && !wanted.iter().any(|other| other.is_same(rule)));
    Ok(json!({ "return": true }))
}

/// The rules of a request, at least one.
fn rules(input: Input<'_>, egress: bool) -> Result<Vec<Rule>, Refusal> {
    let rules = rules_or_none(input, egress)?;
    if rules.is_empty() {
        return Err(Refusal::new("MissingParameter", "The request must contain the parameter ipPermissions"));
    }
    Ok(rules)
}

fn rules_or_none(input: Input<'_>, egress: bool) -> Result<Vec<Rule>, Refusal> {
    let mut rules = Vec::new();
    for permission in input.items("IpPermissions") {
        let protocol = match permission.text("IpProtocol")? {
            "all" => "-1",
            "6" => "tcp",
            "17" => "udp",
            "1" => "icmp",
            other => other,
        };
        let ports = permission.number("FromPort")?.zip(permission.number("ToPort")?).filter(|_| protocol != "-1");
        if ports.is_none() && matches!(protocol, "tcp" | "udp") {
            return Err(Refusal::new(
                "InvalidParameterValue",
                "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.",
            ));
        }
        let mut push = |peer: Peer, item: Input<'_>| {
            let description = item.get("Description").map(str::to_owned);
            rules.push(Rule { egress, protocol: protocol.to_owned(), ports, peer, description });
        };
        for (list, field, make) in PEERS {
            for item in permission.items(list) {
                push(make(item.text(field)?.to_owned()), item);
            }
        }
    }
    Ok(rules)
}

type MakePeer = fn(String) -> Peer;

const PEERS: [(&str, &str, MakePeer); 4] = [
    ("IpRanges", "CidrIp", Peer::Ipv4),
    ("Ipv6Ranges", "CidrIpv6", Peer::Ipv6),
    ("Groups", "GroupId", Peer::Group),
    ("PrefixListIds", "PrefixListId", Peer::PrefixList),
];
