//! Optional features of networks: what is read only where it exists, existed or is declared. Pure.
//!
//! The tag [`WITH_TAG`](super::WITH_TAG) of a VPC lists all features that the VPC has or had. A feature is named after the kind that it adds.
//! Most accounts have none, so most accounts need 8 lists and nothing more.

use super::{
    CustomerGateway, DefaultSecurityGroup, DefaultVpc, DhcpOptions, EgressOnlyInternetGateway, ElasticIp, FlowLog, InternetGateway,
    NatGateway, Region, ResourceShare, Route, RouteTable, SecurityGroup, Subnet, TransitGateway, TransitGatewayAttachment, Vpc,
    VpcEndpoint, VpcPeering, VpnConnection, VpnGateway,
};
use crate::resource::Kind;

/// The feature of a VPN: it adds three kinds.
pub(super) const VPN: &str = "vpn";

/// When the resources of a kind are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// In each account and Region that is read: one of the 8 lists has them, or a resource in such a list does.
    Always,
    /// Only with these features.
    With(&'static [&'static str]),
}

/// When each kind of the family is read.
const READINGS: [(&str, Reading); 22] = [
    (Region::SPEC.kind, Reading::Always),
    (DefaultVpc::SPEC.kind, Reading::Always),
    (Vpc::SPEC.kind, Reading::Always),
    (DefaultSecurityGroup::SPEC.kind, Reading::Always),
    (SecurityGroup::SPEC.kind, Reading::Always),
    (InternetGateway::SPEC.kind, Reading::Always),
    (RouteTable::SPEC.kind, Reading::Always),
    (Subnet::SPEC.kind, Reading::Always),
    (ElasticIp::SPEC.kind, Reading::Always),
    (NatGateway::SPEC.kind, Reading::Always),
    (Route::SPEC.kind, Reading::Always),
    (VpcEndpoint::SPEC.kind, Reading::Always),
    (DhcpOptions::SPEC.kind, Reading::With(&[DhcpOptions::SPEC.kind])),
    (EgressOnlyInternetGateway::SPEC.kind, Reading::With(&[EgressOnlyInternetGateway::SPEC.kind])),
    (FlowLog::SPEC.kind, Reading::With(&[FlowLog::SPEC.kind])),
    (VpcPeering::SPEC.kind, Reading::With(&[VpcPeering::SPEC.kind])),
    (TransitGateway::SPEC.kind, Reading::With(&HUB)),
    (ResourceShare::SPEC.kind, Reading::With(&[ResourceShare::SPEC.kind])),
    (TransitGatewayAttachment::SPEC.kind, Reading::With(&[TransitGatewayAttachment::SPEC.kind])),
    (VpnGateway::SPEC.kind, Reading::With(&[VPN])),
    (CustomerGateway::SPEC.kind, Reading::With(&[VPN])),
    (VpnConnection::SPEC.kind, Reading::With(&[VPN])),
];

/// The features of an account and Region with a transit gateway, which is always shared.
pub(super) const HUB: [&str; 2] = [ResourceShare::SPEC.kind, TransitGateway::SPEC.kind];

/// The features that AWS Config records too.
pub(super) const RECORDED: [&str; 3] = [DhcpOptions::SPEC.kind, EgressOnlyInternetGateway::SPEC.kind, FlowLog::SPEC.kind];

/// The features to read because a resource of that kind exists.
pub(super) fn of_kind(kind: &str) -> &'static [&'static str] {
    match READINGS.iter().find(|(name, _)| *name == kind) {
        Some((_, Reading::With(features))) => features,
        Some((_, Reading::Always)) | None => &[],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::resource::network::FAMILY;
    use crate::resource::{KINDS, family};

    #[test]
    fn the_family_says_when_each_of_its_kinds_is_read() {
        let kinds = KINDS.iter().map(|kind| kind.spec().kind).filter(|kind| family(kind) == Some(FAMILY));
        let read: BTreeSet<&str> = READINGS.map(|(kind, _)| kind).into();
        assert_eq!(read, kinds.collect());
        assert_eq!(read.len(), READINGS.len());
    }
}
