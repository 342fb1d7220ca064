//! Reads the tags of many accounts with few calls: the index of the Resource Groups Tagging API answers for 100 accounts at once.
//! ListTagsForResource answers for one account, 10 times a second.
//!
//! The index lags behind; AWS does not say how long. So it can confirm an account, but never report a difference: if an account's tags in
//! the index are those of the configuration, nothing more is read; otherwise overlord reads them from Organizations itself. A plan never
//! shows a change of tags that only the index shows. A tag that was changed by hand a moment ago may be found only by the next run.

use std::collections::{BTreeMap, BTreeSet};

use super::AccountAttributes;
use super::email::EMAIL_TAG;
use super::questions::TAGS_AT_ONCE;
use super::read::Extent;
use super::world::Wanted;
use crate::address::Address;
use crate::resource::Selection;

/// With fewer tagged accounts, the index saves too little time to use a further service.
const INDEX_FROM: usize = 10;

/// Which accounts are looked up in the index, and the results.
#[derive(Debug, Default)]
pub(super) struct TagIndex {
    /// Whether it is used at all; `false` once AWS has refused.
    serves: bool,
    /// The prefix of an account's ARN: `arn:aws:organizations::<management>:account/o-…/`. It is known once the root is.
    prefix: Option<String>,
    /// Accounts to look up, by id.
    waiting: BTreeMap<String, Address>,
    /// Accounts that were looked up.
    asked: BTreeMap<String, Address>,
    /// Those that have the desired tags.
    cleared: BTreeSet<String>,
}

/// What the index says about some accounts.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Verdict {
    /// They have the declared tags: all their tags, by id.
    pub cleared: BTreeMap<String, BTreeMap<String, String>>,
    /// To be read from Organizations.
    pub unclear: Vec<String>,
}

impl TagIndex {
    /// An import reads tags whatever is declared, so the index has nothing to confirm.
    pub fn new(extent: Extent, wanted: &Wanted, selection: &Selection) -> Self {
        let is_tagged = |(address, account): &(&Address, &AccountAttributes)| account.tags.is_some() && selection.selects(address);
        let tagged = wanted.accounts.iter().filter(is_tagged).count();
        Self { serves: extent == Extent::Declared && tagged >= INDEX_FROM, ..Self::default() }
    }

    /// Stores the ARN of the root, `arn:aws:organizations::<management>:root/o-…/r-…`.
    pub fn learn_root(&mut self, arn: &str) {
        let prefix = arn.split_once(":root/").and_then(|(head, tail)| Some(format!("{head}:account/{}/", tail.split_once('/')?.0)));
        self.prefix = prefix;
    }

    /// Adds an account to look up. Returns the questions that are ready: lists of ARNs.
    ///
    /// # Errors
    /// The id, if the index does not work.
    pub fn add(&mut self, id: String, address: &Address) -> Result<Vec<Vec<String>>, String> {
        if !self.serves {
            return Err(id);
        }
        if !self.asked.contains_key(&id) {
            self.waiting.insert(id, address.clone());
        }
        Ok(if self.waiting.len() >= TAGS_AT_ONCE { self.rest() } else { Vec::new() })
    }

    /// Questions about all waiting accounts. None before the root is known.
    pub fn rest(&mut self) -> Vec<Vec<String>> {
        let Some(prefix) = self.prefix.as_ref().filter(|_| self.serves) else { return Vec::new() };
        let waiting = std::mem::take(&mut self.waiting);
        let arns: Vec<String> = waiting.keys().map(|id| format!("{prefix}{id}")).collect();
        self.asked.extend(waiting);
        arns.chunks(TAGS_AT_ONCE).map(<[String]>::to_vec).collect()
    }

    /// The accounts that were never looked up, at the end.
    pub fn left(&mut self) -> Vec<String> {
        std::mem::take(&mut self.waiting).into_keys().collect()
    }

    /// Evaluates an answer about the accounts with these ARNs; `None` is a refusal, and the last question of this run.
    pub fn judge(&mut self, arns: &[String], found: Option<BTreeMap<String, BTreeMap<String, String>>>, wanted: &Wanted) -> Verdict {
        self.serves &= found.is_some();
        let mut found = found.unwrap_or_default();
        let mut verdict = Verdict::default();
        for id in arns.iter().filter_map(|arn| arn.rsplit('/').next()) {
            let declared = self.asked.get(id).and_then(|address| wanted.accounts.get(address)?.tags.as_ref());
            match found.remove(id) {
                // A tag records that a code was sent for a new e-mail, and only a direct read may confirm it.
                Some(tags) if !tags.contains_key(EMAIL_TAG) && declared.is_some_and(|declared| has_all(&tags, declared)) => {
                    self.cleared.insert(id.to_owned());
                    verdict.cleared.insert(id.to_owned(), tags);
                }
                Some(_) | None => verdict.unclear.push(id.to_owned()),
            }
        }
        verdict
    }

    /// Whether an account has the declared tags, by the index.
    pub fn has_cleared(&self, id: &str) -> bool {
        self.cleared.contains(id)
    }

    /// Drops the index's result for an account that is read directly after all. Returns whether there was one.
    pub fn forget(&mut self, id: &str) -> bool {
        self.cleared.remove(id)
    }
}

fn has_all(tags: &BTreeMap<String, String>, declared: &BTreeMap<String, String>) -> bool {
    declared.iter().all(|(key, value)| tags.get(key) == Some(value))
}
