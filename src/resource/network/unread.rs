//! What follows for networks from an account that cannot be read. Pure.

use crate::resource::unread;

/// The consequence of an account not being read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Consequence {
    /// It is in the configuration. With the Regions, in words.
    NothingPlanned { regions: String, blocks: Blocks },
    /// It is in the configuration, and not selected.
    PoolsWait,
    /// It is not in the configuration.
    AddressesUnknown,
}

/// The effect on the addresses of an account of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Blocks {
    /// No addresses are assigned, or none from its pools.
    Safe,
    /// org.toml does not say which pools its VPCs use.
    Exposed,
}

impl unread::Consequence for Consequence {
    fn of_one(&self) -> String {
        match self {
            Self::NothingPlanned { regions, blocks: Blocks::Safe } => {
                format!("its network cannot be read in {regions}, and nothing is planned in it")
            }
            Self::NothingPlanned { regions, blocks: Blocks::Exposed } => {
                format!(
                    "its network cannot be read in {regions}, nothing is planned in it, and its addresses may be assigned to other VPCs"
                )
            }
            Self::PoolsWait => "its VPCs cannot be read, and new VPCs of its pools wait".to_owned(),
            Self::AddressesUnknown => "its VPCs cannot be read, and their addresses may be assigned to other VPCs".to_owned(),
        }
    }

    fn of_many(&self) -> String {
        match self {
            Self::NothingPlanned { regions, blocks: Blocks::Safe } => {
                format!("their networks cannot be read in {regions}, and nothing is planned in them")
            }
            Self::NothingPlanned { regions, blocks: Blocks::Exposed } => {
                format!(
                    "their networks cannot be read in {regions}, nothing is planned in them, and their addresses may be assigned to other VPCs"
                )
            }
            Self::PoolsWait => "their VPCs cannot be read, and new VPCs of their pools wait".to_owned(),
            Self::AddressesUnknown => "their VPCs cannot be read, and the addresses of these may be assigned to other VPCs".to_owned(),
        }
    }
}
