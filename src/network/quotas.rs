//! What the quotas of an account and Region are about: how much is allowed, and how much of it is in use by unmanaged resources.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::limits::LIMITS;

/// Quotas of each account and Region, if org.toml says that AWS raised them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Quotas {
    /// VPCs, the default VPC included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpcs: Option<usize>,
    /// Elastic IP addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elastic_ips: Option<usize>,
    /// NAT gateways in one zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nat_gateways_per_zone: Option<usize>,
}

impl Quotas {
    /// Whether org.toml raises none.
    pub fn are_built_in(&self) -> bool {
        *self == Self::default()
    }

    /// The most VPCs that there may be. AWS gives internet gateways the same quota.
    pub fn vpcs(&self) -> usize {
        self.vpcs.unwrap_or(LIMITS.quotas.vpcs)
    }

    /// The most elastic IP addresses that there may be.
    pub fn elastic_ips(&self) -> usize {
        self.elastic_ips.unwrap_or(LIMITS.quotas.elastic_ips)
    }

    /// The most NAT gateways that there may be in one zone.
    pub fn nat_gateways_per_zone(&self) -> usize {
        self.nat_gateways_per_zone.unwrap_or(LIMITS.quotas.nat_gateways_per_zone)
    }
}

/// Unmanaged resources that count against the quotas of an account and Region.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Others {
    /// VPCs, without the default VPC.
    pub vpcs: usize,
    /// Whether there is a default VPC.
    pub default_vpc: bool,
    /// Internet gateways, without that of the default VPC.
    pub internet_gateways: usize,
    /// Elastic IP addresses.
    pub elastic_ips: usize,
    /// Zonal NAT gateways, by the ID of their zone.
    pub nat_gateways: BTreeMap<String, usize>,
}
