//! The IAM family: what identifies accounts and lets people and pipelines into them.

mod iam_account_alias;

pub use iam_account_alias::{AccountAlias, AccountAliasAttributes};

use crate::resource::Settings;

/// The family.
pub static IAM: Settings = Settings { name: "iam", kinds: KINDS };

crate::resource::kinds! {
    AccountAlias,
}
