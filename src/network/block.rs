//! A CIDR block: a range of IPv4 addresses that starts at its network address. So 2 blocks are nested or disjoint, and never overlap
//! partly.

use std::fmt;
use std::str::FromStr;

use ipnetwork::Ipv4Network;
use serde::{Deserialize, Serialize};

/// `10.2.0.0/19`. Ordered by its first address, then the larger block first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Block {
    first: u32,
    // At most 32, and no bit of `first` is set after the prefix: `new` is the only constructor.
    prefix: u8,
}

/// Why a text is not a valid CIDR block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseBlockError {
    /// It is not of the form `10.2.0.0/19`.
    NotCidr,
    /// Its address is inside the block, not at its start; this is the block.
    NotFirst(Block),
}

impl Block {
    /// The block of that prefix length that starts there; `None` if none does.
    pub fn new(first: u32, prefix: u8) -> Option<Self> {
        let around = Self::around_address(first, prefix)?;
        (around.first == first).then_some(around)
    }

    fn around_address(address: u32, prefix: u8) -> Option<Self> {
        let host_bits = 32_u32.checked_sub(u32::from(prefix))?;
        let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
        Some(Self { first: address & mask, prefix })
    }

    /// Its first address.
    pub fn first(self) -> u32 {
        self.first
    }

    /// Its last address.
    pub fn last(self) -> u32 {
        self.first | u32::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0)
    }

    /// The length of its prefix, in bits: 0 to 32.
    pub fn prefix(self) -> u8 {
        self.prefix
    }

    /// How many addresses it has.
    pub fn size(self) -> u64 {
        1 << (32 - u32::from(self.prefix))
    }

    /// Whether it contains all of the other's addresses.
    pub fn contains(self, other: Self) -> bool {
        self.prefix <= other.prefix && self.first <= other.first && other.first <= self.last()
    }

    /// Whether they overlap.
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// The block of that prefix length that contains it; `None` if it is larger than such a block.
    pub fn around(self, prefix: u8) -> Option<Self> {
        if prefix <= self.prefix { Self::around_address(self.first, prefix) } else { None }
    }

    /// Its `index`-th part of that prefix length; `None` when it has no such part.
    pub fn part(self, prefix: u8, index: u32) -> Option<Self> {
        let parts = 1_u64.checked_shl(u32::from(prefix.checked_sub(self.prefix)?))?;
        let size = 1_u64.checked_shl(32_u32.checked_sub(u32::from(prefix))?)?;
        let offset = u64::from(index).checked_mul(size).filter(|_| u64::from(index) < parts)?;
        Self::new(u32::try_from(u64::from(self.first) + offset).ok()?, prefix)
    }

    /// Its lower and its upper half; `None` for a single address.
    pub fn halves(self) -> Option<(Self, Self)> {
        let prefix = self.prefix + 1;
        Some((self.part(prefix, 0)?, self.part(prefix, 1)?))
    }

    /// The smallest block that contains both.
    pub fn join(self, other: Self) -> Self {
        let common = (self.first ^ other.first).leading_zeros() as u8;
        let prefix = common.min(self.prefix).min(other.prefix);
        self.around(prefix).unwrap_or(self)
    }

    /// Whether AWS's documentation calls it private: the three ranges of RFC 1918, and 100.64.0.0/10 of RFC 6598.
    pub fn is_private(self) -> bool {
        const PRIVATE: [Block; 4] = [
            Block { first: 0x0a00_0000, prefix: 8 },
            Block { first: 0xac10_0000, prefix: 12 },
            Block { first: 0xc0a8_0000, prefix: 16 },
            Block { first: 0x6440_0000, prefix: 10 },
        ];
        PRIVATE.iter().any(|range| range.contains(self))
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", std::net::Ipv4Addr::from(self.first), self.prefix))
    }
}

impl From<Block> for String {
    fn from(block: Block) -> Self {
        block.to_string()
    }
}

impl TryFrom<String> for Block {
    type Error = ParseBlockError;

    fn try_from(text: String) -> Result<Self, ParseBlockError> {
        text.parse()
    }
}

impl fmt::Display for ParseBlockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotCidr => f.write_str("it is not a CIDR block such as `10.2.0.0/19`"),
            Self::NotFirst(around) => write!(f, "it does not begin at its first address: `{around}` does"),
        }
    }
}

impl FromStr for Block {
    type Err = ParseBlockError;

    fn from_str(text: &str) -> Result<Self, ParseBlockError> {
        // A bare address parses as a /32, so the user must say what is meant.
        let network = text.contains('/').then(|| text.parse::<Ipv4Network>().ok()).flatten().ok_or(ParseBlockError::NotCidr)?;
        let address = u32::from(network.ip());
        let around = Self::around_address(address, network.prefix()).ok_or(ParseBlockError::NotCidr)?;
        if around.first == address { Ok(around) } else { Err(ParseBlockError::NotFirst(around)) }
    }
}
