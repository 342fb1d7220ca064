//! The limits in force: AWS's defaults, or the raised ones of `[limits]`.

use std::collections::BTreeMap;

use crate::config::code::Code;
use crate::config::report::Report;
use crate::config::section;
use crate::config::span::At;
use crate::config::{Quotas, TypeQuotas};
use crate::diagnostic::{ByteRange, Diagnostic, Severity};
use crate::limits::{Confidence, LIMITS, PolicyTypeLimits};

/// A limit, how bad it is to exceed it, and where the user set it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) most: usize,
    pub(super) severity: Severity,
    pub(super) set_at: Option<ByteRange>,
}

impl Limit {
    fn new(built_in: usize, confidence: Confidence, set: Option<&At<u32>>) -> Self {
        match (set, confidence) {
            (Some(set), _) => Self { most: set.value as usize, severity: Severity::Error, set_at: Some(set.at) },
            (None, Confidence::Documented) => Self { most: built_in, severity: Severity::Error, set_at: None },
            // A third party's figure must never stop a run.
            (None, Confidence::Reported) => Self { most: built_in, severity: Severity::Warning, set_at: None },
        }
    }

    /// A diagnostic of what exceeding this limit is worth, pointing at where the user set it.
    pub(super) fn exceeded(self, code: Code, summary: String, report: &Report) -> Diagnostic {
        let diagnostic = match self.severity {
            Severity::Error => code.error(summary),
            Severity::Warning | Severity::Hint => code.warning(summary).detail("this limit is not documented by AWS: it may be higher"),
        };
        match self.set_at {
            Some(at) => diagnostic.related(report.span(at), "the limit is set here"),
            None => diagnostic,
        }
    }
}

/// Limits of one policy type.
#[derive(Debug, Clone, Copy)]
pub(super) struct TypeLimits {
    pub(super) size: Limit,
    pub(super) attached: Limit,
}

/// All limits of one configuration.
pub(super) struct Limits {
    pub(super) accounts: Limit,
    pub(super) ous: Limit,
    pub(super) vpcs: Limit,
    pub(super) elastic_ips: Limit,
    pub(super) nat_gateways_per_zone: Limit,
    pub(super) peerings_per_vpc: Limit,
    types: BTreeMap<&'static str, TypeLimits>,
}

impl Limits {
    pub(super) fn new(section: &section::Limits, report: &mut Report) -> Self {
        let types = LIMITS.policy_types.iter().map(|spec| {
            let set = section.policy.get(spec.short.as_str());
            let limits = TypeLimits {
                size: Limit::new(spec.size, spec.confidence, set.and_then(|s| s.size.as_ref())),
                attached: Limit::new(spec.attached, spec.confidence, set.and_then(|s| s.attached.as_ref())),
            };
            (spec.name.as_str(), limits)
        });
        for key in section.policy.keys() {
            policy_type(key.as_str(), key.at(), report);
        }
        Self {
            accounts: Limit::new(LIMITS.quotas.accounts, Confidence::Documented, section.accounts.as_ref()),
            ous: Limit::new(LIMITS.quotas.ous, Confidence::Documented, section.ous.as_ref()),
            vpcs: Limit::new(LIMITS.quotas.vpcs, Confidence::Documented, section.vpcs.as_ref()),
            elastic_ips: Limit::new(LIMITS.quotas.elastic_ips, Confidence::Documented, section.elastic_ips.as_ref()),
            nat_gateways_per_zone: Limit::new(
                LIMITS.quotas.nat_gateways_per_zone,
                Confidence::Documented,
                section.nat_gateways_per_zone.as_ref(),
            ),
            peerings_per_vpc: Limit::new(LIMITS.quotas.peerings_per_vpc, Confidence::Documented, section.peerings_per_vpc.as_ref()),
            types: types.collect(),
        }
    }

    /// The same as plain figures.
    pub(super) fn quotas(&self) -> Quotas {
        let of_type = |limits: &TypeLimits| TypeQuotas { size: limits.size.most, attached: limits.attached.most };
        Quotas {
            accounts: self.accounts.most,
            ous: self.ous.most,
            vpcs: self.vpcs.most,
            elastic_ips: self.elastic_ips.most,
            nat_gateways_per_zone: self.nat_gateways_per_zone.most,
            types: self.types.iter().map(|(name, limits)| ((*name).to_owned(), of_type(limits))).collect(),
        }
    }

    pub(super) fn of(&self, spec: &PolicyTypeLimits) -> Option<TypeLimits> {
        self.types.get(spec.name.as_str()).copied()
    }
}

/// The policy type of that short name, or a mistake.
pub(super) fn policy_type(short: &str, at: ByteRange, report: &mut Report) -> Option<&'static PolicyTypeLimits> {
    let found = LIMITS.policy_types.iter().find(|t| t.short == short);
    if found.is_none() {
        let by_api_name = LIMITS.policy_types.iter().find(|t| t.name == short);
        let hint = match by_api_name {
            Some(spec) => format!("org.toml calls it `{}`", spec.short),
            None => {
                let names: Vec<&str> = LIMITS.policy_types.iter().map(|t| t.short.as_str()).collect();
                match report.similar(short, names.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the types are {}", names.join(", ")),
                }
            }
        };
        report.at(at, Code::UnknownPolicyType.error(format!("unknown policy type `{short}`")).hint(hint));
    }
    found
}
