//! The keys that an account may have in its own section or stage, in its team, or in `[defaults]`: the nearest counts. They are declared
//! here once, and all four sections have them.

/// Gives the inherited keys to another macro, before its own arguments. A new key is one more field here.
macro_rules! inherited_keys {
    ($callback:ident! { $($arguments:tt)* }) => {
        $callback! {
            {
                /// The account alias: the name in the URL of the account's sign-in page, as in `"example-{account}"`; unique in all of AWS. `{account}`, `{team}` and `{stage}` are filled in. One that leaves org.toml stays. Default: not changed. For an account of a team, the nearest of its stage, its team and `[defaults]` counts.
                alias: At<String>,
                /// Opt-in Regions that are enabled in an account, as in `["af-south-1"]`; Regions of its layouts are always enabled. A Region that is removed from the list stays enabled. Default: none. For an account of a team, the nearest of its stage, its team and `[defaults]` counts.
                regions: List,
                /// What an account is to have in each governed Region: `["ebs-encryption"]` encrypts all new EBS volumes. A safeguard that leaves the list stays on. Default: none. For an account of a team, the nearest of its stage, its team and `[defaults]` counts.
                safeguards: List,
                /// Whether the password, keys, certificates and MFA devices of the root user of an account are kept, or removed. Needs `root_access`. Default: keep. For an account of a team, the nearest of its stage, its team and `[defaults]` counts.
                #[schemars(schema_with = "super::defaults::default_vpcs")]
                root_credentials: At<String>,
                /// The layouts of the VPCs of an account. Default: none. For an account of a team, the nearest of its stage, its team and `[defaults]` counts.
                vpc: List,
                /// Whether the default VPC that AWS creates in every Region is kept, or deleted if unused. Default: keep. For an account of a team, the nearest of its stage, its team and `[defaults]` counts.
                #[schemars(schema_with = "super::defaults::default_vpcs")]
                default_vpc: At<String>,
            }
            $($arguments)*
        }
    };
}

/// A section with the inherited keys after its own.
macro_rules! with_inherited_keys {
    (
        { $($(#[$about_key:meta])* $key:ident: $type:ty,)* }
        $(#[$about:meta])*
        pub struct $name:ident { $($own:tt)* }
    ) => {
        $(#[$about])*
        pub struct $name {
            $($own)*
            $($(#[$about_key])* #[serde(default)] pub $key: Option<$type>,)*
        }

        impl $name {
            /// Its inherited keys.
            pub fn inherited(&self) -> $crate::config::section::Inherited<'_> {
                $crate::config::section::Inherited { $($key: self.$key.as_ref(),)* }
            }
        }
    };
}

macro_rules! declare_inherited {
    ({ $($(#[$_about:meta])* $key:ident: $type:ty,)* }) => {
        /// The inherited keys of one section, or the nearest of several.
        #[derive(Debug, Clone, Copy, Default)]
        pub struct Inherited<'f> {
            $(
                #[doc = concat!("`", stringify!($key), "`, if it is declared.")]
                pub $key: Option<&'f $type>,
            )*
        }

        impl Inherited<'_> {
            /// These keys, and where one is missing, that of `farther`.
            #[must_use]
            pub fn or(self, farther: Self) -> Self {
                Self { $($key: self.$key.or(farther.$key),)* }
            }
        }
    };
}

use crate::config::span::{At, List};

inherited_keys! { declare_inherited! {} }

pub(super) use {inherited_keys, with_inherited_keys};

impl super::File {
    /// The inherited keys of every section that has them.
    pub fn inherited(&self) -> impl Iterator<Item = Inherited<'_>> {
        let teams = self.team.values().flat_map(|team| {
            let stages = team.stage.values().map(super::Stage::inherited);
            std::iter::once(team.inherited()).chain(stages)
        });
        let accounts = self.account.values().map(super::Account::inherited);
        std::iter::once(self.defaults.inherited()).chain(teams).chain(accounts)
    }
}
