//! Options of a layout besides subnets and gateways: DNS, DHCP options, flow logs.

use std::net::IpAddr;

use super::super::accounts::Planned;
use super::super::{Model, repeated};
use crate::config::check::table::Facts;
use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section::{FlowLogs, Vpc};
use crate::config::span::{At, Key};
use crate::diagnostic::ByteRange;
use crate::network::{Dhcp, FlowLog};
use crate::plural::more;

/// The keyword for AWS's own name servers. Source: CreateDhcpOptions, `domain-name-servers`.
const AWS_NAME_SERVER: &str = "AmazonProvidedDNS";
/// Name servers that DHCP options take. Source: the VPC's user guide, "DHCP option sets".
const MOST_NAME_SERVERS: usize = 4;
/// How flow logs are to be written that name no more than a destination.
const TRAFFIC: &str = "ALL";
const INTERVAL: u32 = 600;

/// DHCP options; `None` for AWS's own.
pub(super) fn dhcp(section: &Vpc, report: &mut Report) -> Option<Dhcp> {
    let domain_name = section.domain_name.as_ref();
    if let Some(domain) = domain_name.filter(|domain| !is_domain(domain)) {
        let diagnostic = Code::BadDomain.error(format!("`{}` is not a domain name", domain.value));
        report.at(domain.at, diagnostic.hint("write it as \"corp.example.org\""));
    }
    let Some(list) = &section.name_servers else {
        // Options without name servers would leave instances without any.
        let name_servers = vec![AWS_NAME_SERVER.to_owned()];
        return domain_name.map(|domain| Dhcp { name_servers, domain_name: Some(domain.value.clone()) });
    };
    repeated(list, report);
    for server in list.iter().filter(|server| server.value != AWS_NAME_SERVER && server.parse::<IpAddr>().is_err()) {
        let diagnostic = Code::BadNameServer.error(format!("`{}` is not a name server address", server.value));
        report.at(server.at, diagnostic.hint(format!("write an address, \"10.10.0.2\", or \"{AWS_NAME_SERVER}\"")));
    }
    if list.is_empty() || list.len() > MOST_NAME_SERVERS {
        let diagnostic = Code::BadNameServer.error(format!("{} name servers; DHCP takes 1 to {MOST_NAME_SERVERS}", list.len()));
        report.at(list.at, diagnostic.hint("name the nearest ones, or leave `name_servers` out for AWS's own"));
    }
    let name_servers = list.iter().map(|server| server.value.clone()).collect();
    Some(Dhcp { name_servers, domain_name: domain_name.map(|domain| domain.value.clone()) })
}

/// By the rules of DNS: labels of letters, digits and hyphens with dots between.
fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// Where flow logs go; `None` when none are kept, or not as they are written.
pub(super) fn flow_log(key: &Key, section: &Vpc, model: &Model<'_>, report: &mut Report) -> Option<FlowLog> {
    let logs = section.flow_logs.as_ref()?;
    let (destination, at, table) = match &logs.value {
        FlowLogs::Destination(arn) => (arn, logs.at, None),
        FlowLogs::Table(table) => match &table.destination {
            Some(arn) => (&arn.value, arn.at, Some(table)),
            None => {
                if !report.is_broken(&["vpc", key.as_str(), "flow_logs", "destination"]) {
                    let diagnostic = Code::MissingKey.error(format!("the flow logs of `vpc.{}` have no `destination`", key.as_str()));
                    report.at(logs.at, diagnostic.hint("name their destination: `destination = \"arn:aws:s3:::flow-logs\"`"));
                }
                return None;
            }
        },
    };
    let refuse = |at: ByteRange, summary: String, hint: &str, report: &mut Report| {
        report.at(at, Code::BadFlowLog.error(summary).hint(hint));
    };
    if !is_destination(destination) {
        let hint = "write the ARN of a bucket, \"arn:aws:s3:::flow-logs\", or of a delivery stream, \
                    \"arn:aws:firehose:eu-west-1:111111111111:deliverystream/flow-logs\"";
        refuse(at, format!("flow logs cannot go to `{destination}`"), hint, report);
    } else if let Some(region) = destination.split(':').nth(3).filter(|region| !region.is_empty()) {
        model.regions.check(region, at, report);
    }
    let traffic = table.and_then(|table| table.traffic.as_ref());
    if let Some(traffic) = traffic.filter(|traffic| !FlowLog::TRAFFICS.contains(&traffic.as_str())) {
        refuse(traffic.at, format!("flow logs cannot be of `{}`", traffic.value), "write \"ALL\", \"ACCEPT\" or \"REJECT\"", report);
    }
    let interval = table.and_then(|table| table.interval.as_ref());
    if let Some(interval) = interval.filter(|interval| !FlowLog::INTERVALS.contains(&interval.value)) {
        refuse(interval.at, format!("flow logs cannot sum up {} seconds", interval.value), "write 60 or 600", report);
    }
    Some(FlowLog {
        destination: destination.clone(),
        traffic: traffic.map_or(TRAFFIC, |traffic| traffic.as_str()).to_owned(),
        interval: interval.map_or(INTERVAL, |interval| interval.value),
    })
}

/// Layouts whose flow logs go to a delivery stream of another account than that of a VPC. AWS then wants roles in both accounts, which overlord
/// does not make. Source: CreateFlowLogs, `DeliverLogsPermissionArn`, botocore 1.44.8. Only AWS knows which account is new or has which id: where
/// one account alone has the layout, the plan looks.
pub(in crate::config::check) fn foreign_streams(facts: &Facts<'_>, report: &mut Report) {
    let (file, accounts, design) = (facts.file, facts.accounts, facts.design);
    for (key, section) in &file.vpc {
        let stream = design.layouts.get(key.as_str()).and_then(|layout| layout.flow_log.as_ref()?.stream_account());
        let (Some(stream), Some(at)) = (stream, destination(section)) else { continue };
        let has = |account: &&Planned<'_>| {
            account.inherited.vpc.into_iter().flat_map(|list| list.iter()).any(|name| name.as_str() == key.as_str())
        };
        let is_own = |account: &&Planned<'_>| account.id.is_some_and(|id| id.as_str() == stream);
        let others: Vec<&Planned<'_>> = accounts.iter().filter(has).filter(|account| !is_own(account)).collect();
        let may_be_own = others.len() == 1 && others.iter().all(|account| account.id.is_none());
        let Some(first) = others.first().filter(|_| !may_be_own || accounts.iter().any(|account| is_own(&account))) else { continue };
        let more = match others.len() - 1 {
            0 => String::new(),
            others => format!(" and of {}", more(others, "account")),
        };
        let diagnostic = Code::BadFlowLog
            .error(format!("flow logs of `{}`{more} cannot go to a delivery stream of account `{stream}`", first.key))
            .detail("AWS writes to a stream of another account only with a role in each of the two accounts, and overlord makes no roles");
        let hint = "send them to a bucket, which accepts flow logs of all accounts: \"arn:aws:s3:::flow-logs\"; or make a layout for the \
                    account of the stream alone";
        report.at(at, diagnostic.hint(hint));
    }
}

/// The position of the destination of a layout's flow logs.
fn destination(section: &Vpc) -> Option<ByteRange> {
    let logs = section.flow_logs.as_ref()?;
    match &logs.value {
        FlowLogs::Destination(_) => Some(logs.at),
        FlowLogs::Table(table) => table.destination.as_ref().map(|arn| arn.at),
    }
}

/// Whether an ARN is one that needs no role to write to it. Source: CreateFlowLogs, `LogDestination`.
fn is_destination(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, "s3", "", "", bucket] => partition.starts_with("aws") && !bucket.is_empty() && !bucket.starts_with('/'),
        ["arn", partition, "firehose", region, account, stream] => {
            partition.starts_with("aws")
                && super::values::region(region)
                && super::values::account_id(account)
                && stream.strip_prefix("deliverystream/").is_some_and(|name| !name.is_empty())
        }
        _ => false,
    }
}

/// Whether what needs DNS has it.
pub(super) fn dns(section: &Vpc, has_interface_endpoints: bool, report: &mut Report) {
    let off = |switch: &Option<At<bool>>| switch.as_ref().filter(|switch| !switch.value).map(|switch| switch.at);
    let (support, hostnames) = (off(&section.dns_support), off(&section.dns_hostnames));
    if let (Some(at), Some(names)) = (support, section.dns_hostnames.as_ref().filter(|names| names.value)) {
        let diagnostic =
            Code::BadDns.error("`dns_hostnames` without `dns_support`").related(report.span(names.at), "names are asked for here");
        report.at(at, diagnostic.hint("leave `dns_support` out, or set `dns_hostnames = false`"));
    } else if let Some(at) = support.or(hostnames).filter(|_| has_interface_endpoints) {
        let diagnostic = Code::BadDns
            .error("interface endpoints need both `dns_support` and `dns_hostnames`")
            .detail("they answer under the usual name of their service; `s3` and `dynamodb` have no interface and need neither");
        report.at(at, diagnostic.hint("leave both out: overlord switches them on; or take the other services out of `endpoints`"));
    }
}
