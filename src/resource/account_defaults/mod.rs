//! The family of account defaults: what an account decides once in each Region for all that is created there later.

mod ebs_encryption_default;

pub use ebs_encryption_default::{EbsEncryptionDefault, EbsEncryptionDefaultAttributes};

use crate::resource::Settings;

/// The family.
pub static ACCOUNT_DEFAULTS: Settings = Settings { name: "account_defaults", kinds: KINDS };

crate::resource::kinds! {
    EbsEncryptionDefault,
}
