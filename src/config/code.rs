//! Every kind of mistake in a configuration, with a stable name. `tests/errors` has a case for each.

use crate::diagnostic::Diagnostic;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A kind of diagnostic.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Code] = &[$(Code::$variant),*];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Code::$variant => $name,)*
                }
            }
        }
    };
}

codes! {
    /// A file is not there, or cannot be read.
    Unreadable = "unreadable",
    /// A file of the catalogue that is none.
    BadCatalogue = "bad-catalogue",
    /// A file is not UTF-8.
    NotUtf8 = "not-utf8",
    /// A file is far larger than any real one.
    Huge = "huge",
    /// A file that org.toml names outside of its folder.
    OutsidePath = "outside-path",
    /// org.toml holds nothing.
    Empty = "empty",
    /// org.toml is not TOML.
    Syntax = "syntax",
    /// A key that the language does not have.
    UnknownKey = "unknown-key",
    /// A value of another type than the key takes.
    WrongType = "wrong-type",
    /// A key that must be there.
    MissingKey = "missing-key",
    /// The key of a section with characters that addresses do not take.
    BadKey = "bad-key",
    /// The key of a section that has a meaning of its own.
    ReservedKey = "reserved-key",
    /// A value that occurs twice in one list.
    Repeated = "repeated",
    /// No 12-digit account id.
    BadAccountId = "bad-account-id",
    /// No name of a Region.
    BadRegion = "bad-region",
    /// The name of a Region that AWS does not have.
    UnknownRegion = "unknown-region",
    /// A Region in another partition than the home Region.
    OtherPartition = "other-partition",
    /// A layout or transit gateway outside of the governed Regions.
    UngovernedRegion = "ungoverned-region",
    /// No name of a role.
    BadRole = "bad-role",
    /// No service principal.
    BadService = "bad-service",
    /// A display name that AWS refuses.
    BadName = "bad-name",
    /// A description that AWS refuses.
    BadDescription = "bad-description",
    /// An e-mail address that AWS refuses.
    BadEmail = "bad-email",
    /// A contact that AWS refuses.
    BadContact = "bad-contact",
    /// A tag that AWS refuses.
    BadTag = "bad-tag",
    /// More tags than AWS takes.
    TooManyTags = "too-many-tags",
    /// A placeholder that there is not.
    BadPlaceholder = "bad-placeholder",
    /// `${`, the placeholder of other tools.
    DollarBrace = "dollar-brace",
    /// An OU that is not declared.
    UnknownOu = "unknown-ou",
    /// OUs that are their own ancestors.
    OuCycle = "ou-cycle",
    /// An OU below the deepest level.
    OuTooDeep = "ou-too-deep",
    /// Two OUs of one name under one parent.
    DuplicateOuName = "duplicate-ou-name",
    /// More OUs than the quota.
    TooManyOus = "too-many-ous",
    /// A policy that is not declared.
    UnknownPolicy = "unknown-policy",
    /// A policy type that there is not.
    UnknownPolicyType = "unknown-policy-type",
    /// Two policies of one name within a type.
    DuplicatePolicyName = "duplicate-policy-name",
    /// A policy's file is not JSON.
    PolicyNotJson = "policy-not-json",
    /// A policy's file is not a JSON object.
    PolicyNotObject = "policy-not-object",
    /// A policy that AWS refuses as malformed, or a part of one that has no documented meaning.
    PolicyMalformed = "policy-malformed",
    /// A setting that a policy above does not let policies below make.
    PolicyIneffective = "policy-ineffective",
    /// A setting of policies whose value AWS's documentation does not define.
    PolicyDoubtful = "policy-doubtful",
    /// A policy is over the size limit of its type.
    PolicyTooLarge = "policy-too-large",
    /// A rule of the lints that is suppressed and is none, or without a reason.
    BadSuppression = "bad-suppression",
    /// A rule of the lints that is suppressed and finds nothing.
    UnusedSuppression = "unused-suppression",
    /// A framework's list of services that is none.
    BadFramework = "bad-framework",
    /// A service of a framework that AWS's actions do not have.
    UnknownService = "unknown-service",
    /// A policy that is attached nowhere.
    UnattachedPolicy = "unattached-policy",
    /// A set of service control policies that allows nothing.
    NoAllow = "no-allow",
    /// A policy of a type that is left alone.
    UnmanagedPolicy = "unmanaged-policy",
    /// More policies of a type at one target than AWS takes.
    TooManyAttached = "too-many-attached",
    /// Two accounts of one key.
    DuplicateAccount = "duplicate-account",
    /// Two accounts of one e-mail address.
    DuplicateEmail = "duplicate-email",
    /// Two accounts of one id.
    DuplicateId = "duplicate-id",
    /// An account that is to leave, but cannot, or that has settings besides.
    BadLeaving = "bad-leaving",
    /// More accounts than the quota.
    TooManyAccounts = "too-many-accounts",
    /// A team without a stage.
    EmptyTeam = "empty-team",
    /// An exception for a stage that the team does not have.
    UnknownStage = "unknown-stage",
    /// An account that cannot be invited, or not with that note.
    BadInvitation = "bad-invitation",
    /// No external id of a role.
    BadExternalId = "bad-external-id",
    /// A delegated administrator that is not declared.
    UnknownAccount = "unknown-account",
    /// Something that needs a service to be trusted, which is not.
    UntrustedService = "untrusted-service",
    /// No block of addresses, or one that does not begin at its own beginning.
    BadCidr = "bad-cidr",
    /// Addresses that others have on the internet.
    PublicAddresses = "public-addresses",
    /// Two pools that share addresses.
    OverlappingPools = "overlapping-pools",
    /// A reservation outside of its pool.
    ReservedOutside = "reserved-outside",
    /// A pool that is not declared.
    UnknownPool = "unknown-pool",
    /// A layout of VPCs that is not declared.
    UnknownLayout = "unknown-layout",
    /// A block that AWS refuses as that of a VPC.
    BadPrefix = "bad-prefix",
    /// A number of zones that there cannot be, or that there is no room for.
    BadZones = "bad-zones",
    /// No way for private subnets to reach the internet that there is.
    BadNat = "bad-nat",
    /// A percentage that is no power of two of the block.
    BadShare = "bad-share",
    /// Tiers that are larger than the block.
    SharesTooLarge = "shares-too-large",
    /// Subnets that AWS, or IPv6, has no room for.
    SubnetTooSmall = "subnet-too-small",
    /// No name of a service to have an endpoint of.
    BadEndpoint = "bad-endpoint",
    /// A layout that its pool has no room for even once.
    LayoutTooLarge = "layout-too-large",
    /// A pool that has not enough blocks.
    PoolExhausted = "pool-exhausted",
    /// A chosen block that a VPC cannot have.
    BadPin = "bad-pin",
    /// No amount of money that something costs per hour.
    BadPrice = "bad-price",
    /// DNS switched off where something needs it.
    BadDns = "bad-dns",
    /// An invalid name server, or too many.
    BadNameServer = "bad-name-server",
    /// No name of a domain.
    BadDomain = "bad-domain",
    /// Flow logs that AWS does not keep.
    BadFlowLog = "bad-flow-log",
    /// Neither to keep nor to remove default VPCs.
    BadDefaultVpc = "bad-default-vpc",
    /// Central root access that there is not, or root credentials that cannot be removed.
    BadRootAccess = "bad-root-access",
    /// An alias that AWS refuses, or that two accounts have.
    BadAlias = "bad-alias",
    /// A safeguard that there is not, or that has no Region.
    BadSafeguard = "bad-safeguard",
    /// More VPCs of one account in one Region than the quota.
    TooManyVpcs = "too-many-vpcs",
    /// More NAT gateways of one account in one Region than it may have addresses for.
    TooManyAddresses = "too-many-addresses",
    /// More NAT gateways of one account in one zone than the quota.
    TooManyNatGateways = "too-many-nat-gateways",
    /// No way of peering that there is.
    BadPeering = "bad-peering",
    /// More peerings of a VPC than AWS takes.
    TooManyPeerings = "too-many-peerings",
    /// A transit gateway that is not declared.
    UnknownTransitGateway = "unknown-transit-gateway",
    /// A VPN that is not declared.
    UnknownVpn = "unknown-vpn",
    /// VPCs that cannot attach to that gateway.
    BadAttachment = "bad-attachment",
    /// A number of BGP that AWS refuses.
    BadAsn = "bad-asn",
    /// An address that no VPN can lead to.
    BadAddress = "bad-address",
    /// Addresses of an office that a VPC could get.
    UnreservedRoute = "unreserved-route",
    /// What cannot be shared, or not so.
    BadSharing = "bad-sharing",
    /// A team that is not declared.
    UnknownTeam = "unknown-team",
    /// A `[[test]]` that tests nothing.
    BadTest = "bad-test",
    /// A `[[test]]` whose expectation the guardrails do not meet.
    PolicyTestFailed = "policy-test-failed",
    /// A `[[moved]]` that names no address of a kind that can move.
    BadMove = "bad-move",
    /// A `[[moved]]` to something that is not declared.
    MovedToNothing = "moved-to-nothing",
    /// A `[[moved]]` from something that is still declared.
    MovedFromLiving = "moved-from-living",
    /// Two `[[moved]]` of the same thing.
    MovedTwice = "moved-twice",
    /// An `[[ignore]]` of nothing that there is, without a reason or without a day.
    BadIgnore = "bad-ignore",
}

impl Code {
    /// An error of this kind.
    pub fn error(self, summary: impl Into<String>) -> Diagnostic {
        Diagnostic::error(summary).code(self.name())
    }

    /// A warning of this kind.
    pub fn warning(self, summary: impl Into<String>) -> Diagnostic {
        Diagnostic::warning(summary).code(self.name())
    }
}
