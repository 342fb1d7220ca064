//! The free part of a block, as the fewest aligned blocks that cover it. Taking and finding cost a few steps per bit of an address,
//! however much is in use: with a million subnets, nothing scans a million entries.

use std::collections::{BTreeMap, BTreeSet};

use super::Block;

/// The free part of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeSpace {
    // By prefix length. Disjoint, and as large as possible. Blocks are only ever taken, so the other half of a split block is in use and
    // the halves never join.
    blocks: BTreeMap<u8, BTreeSet<Block>>,
}

impl FreeSpace {
    /// All of it is free.
    pub fn new(whole: Block) -> Self {
        Self { blocks: BTreeMap::from([(whole.prefix(), BTreeSet::from([whole]))]) }
    }

    /// Removes a block, or what is still free of it.
    pub fn take(&mut self, block: Block) {
        if let Some(mut rest) = self.holder(block) {
            self.remove(rest);
            while rest.prefix() < block.prefix() {
                let Some((low, high)) = rest.halves() else { break };
                let (inside, outside) = if low.contains(block) { (low, high) } else { (high, low) };
                self.blocks.entry(outside.prefix()).or_default().insert(outside);
                rest = inside;
            }
            return;
        }
        for blocks in self.blocks.range_mut(block.prefix()..).map(|(_, blocks)| blocks) {
            let within: Vec<Block> = blocks.range(block..).take_while(|b| b.first() <= block.last()).copied().collect();
            for block in within {
                blocks.remove(&block);
            }
        }
    }

    /// Whether all of a block is free.
    pub fn is_free(&self, block: Block) -> bool {
        self.holder(block).is_some()
    }

    /// The lowest free block of that prefix length.
    pub fn lowest(&self, prefix: u8) -> Option<Block> {
        self.blocks.range(..=prefix).filter_map(|(_, blocks)| blocks.first()).min()?.part(prefix, 0)
    }

    /// How many blocks of that prefix length it has room for.
    pub fn room(&self, prefix: u8) -> u64 {
        self.blocks.range(..=prefix).map(|(p, blocks)| (blocks.len() as u64) << (prefix - p)).sum()
    }

    /// The prefix length of the largest free block.
    pub fn largest(&self) -> Option<u8> {
        self.blocks.iter().find(|(_, blocks)| !blocks.is_empty()).map(|(prefix, _)| *prefix)
    }

    /// How many addresses are free.
    pub fn size(&self) -> u64 {
        self.blocks.values().flatten().map(|block| block.size()).sum()
    }

    /// The free blocks, in order.
    pub fn blocks(&self) -> Vec<Block> {
        let mut all: Vec<Block> = self.blocks.values().flatten().copied().collect();
        all.sort_unstable();
        all
    }

    /// The free block that contains all of this one.
    fn holder(&self, block: Block) -> Option<Block> {
        self.blocks.range(..=block.prefix()).find_map(|(prefix, blocks)| block.around(*prefix).filter(|around| blocks.contains(around)))
    }

    fn remove(&mut self, block: Block) {
        if let Some(blocks) = self.blocks.get_mut(&block.prefix()) {
            blocks.remove(&block);
        }
    }
}
