//! The levels of an organization by their addresses: the root, OUs and accounts. The policy engine knows no kinds of resources, so it
//! names these three itself. A test compares them with the kinds (`guardrails/hierarchy.rs`).

use crate::address::Address;

/// What a level is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelKind {
    /// The root, above all others.
    Root,
    /// An OU.
    Unit,
    /// An account.
    Account,
}

impl LevelKind {
    /// The kind of its addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "organization",
            Self::Unit => "ou",
            Self::Account => "account",
        }
    }

    /// Whether an address is of such a level.
    pub fn has(self, address: &Address) -> bool {
        address.kind() == self.name()
    }
}
