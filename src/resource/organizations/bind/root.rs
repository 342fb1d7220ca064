//! Central root access and the credentials of root users, in the form of the configuration.

use super::{Binder, Live, Wanted};
use crate::address::{Address, Reference};
use crate::resource::organizations::root_access::CREDENTIALS;
use crate::resource::organizations::{RootAccessAttributes, RootCredentialsAttributes};
use crate::resource::{Finding, FindingSeverity, LiveResource, untyped};

impl Binder<'_> {
    pub(super) fn root(&mut self) {
        if let Some((address, wanted)) = &self.wanted.root_access
            && !self.world.root_features.is_empty()
        {
            let attributes = RootAccessAttributes { features: self.world.root_features.clone(), ..wanted.clone() };
            self.add(address.clone(), address.key(), untyped(&attributes));
        }
        let mut unread = 0_usize;
        for (address, wanted) in &self.wanted.root_credentials {
            let id = match &wanted.account {
                Reference::Address(account) => self.identity.id(account),
                Reference::Id(id) => Some(id.as_str()),
            };
            let Some((id, account)) = id.and_then(|id| Some((id, self.world.accounts.get(id)?))) else {
                unborn(&mut self.live, address, wanted);
                continue;
            };
            // What was not read is not changed.
            let mut live = wanted.clone();
            match self.world.root_credentials.get(id) {
                Some(Ok(found)) => live.credentials.clone_from(found),
                Some(Err(error)) => {
                    let summary = format!("its root user's credentials cannot be read, so nothing is removed: {error}");
                    self.live.findings.push(Finding { severity: FindingSeverity::Warning, subject: address.to_string(), summary });
                }
                None if account.frozen().is_none() && !self.world.root_features.contains(CREDENTIALS) => unread += 1,
                None => {}
            }
            let resource = LiveResource { id: Some(id.to_owned()), attributes: untyped(&live), ours: None, frozen: None };
            self.live.resources.insert(address.clone(), resource);
        }
        if unread > 0 {
            let summary = format!(
                "they can be read only once root access is central, so none is removed yet: the next plan shows them (accounts: {unread})"
            );
            self.live.findings.push(Finding { severity: FindingSeverity::Warning, subject: "root credentials".to_owned(), summary });
        }
    }
}

/// An account is created without root credentials if root access is central.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html>
pub(super) fn unborn(live: &mut Live, address: &Address, wanted: &RootCredentialsAttributes) {
    let resource = LiveResource { id: None, attributes: untyped(wanted), ours: None, frozen: None };
    live.resources.insert(address.clone(), resource);
}

/// Before the organization exists, it has no accounts.
pub(super) fn all_unborn(live: &mut Live, wanted: &Wanted) {
    wanted.root_credentials.iter().for_each(|(address, wanted)| unborn(live, address, wanted));
}
