//! Whether an account of the configuration can be read and changed. Pure.

use super::organizations::leaving;
use super::{Desired, Live, NOT_JOINED, WITH_ITS_ACCOUNT};
use crate::address::Address;

/// The state of an account of the configuration that exists.
pub(super) enum Standing {
    /// Its id.
    Usable(String),
    /// Why what is inside it stays as it is.
    Frozen(&'static str),
}

/// The state of an account, by its address; `None` if it does not exist.
pub(super) fn standing(account: &Address, desired: &Desired, live: &Live) -> Option<Standing> {
    let resource = live.resources.get(account)?;
    if resource.frozen.as_deref() == Some(NOT_JOINED) {
        return Some(Standing::Frozen(NOT_JOINED));
    }
    let is_leaving = desired.resources.get(account).and_then(leaving).is_some();
    if is_leaving || resource.frozen.is_some() {
        return Some(Standing::Frozen(WITH_ITS_ACCOUNT));
    }
    resource.id.clone().map(Standing::Usable)
}
