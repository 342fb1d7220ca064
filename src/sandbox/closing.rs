//! Accounts that leave a world: closing, closed, deleted, or removed from the organization. `change.rs` has the other changes.

use super::world::{Account, AccountState, Closing, World};

/// How long a closed account stays in the organization, in milliseconds.
const STAYS_MS: u64 = 90 * 24 * 60 * 60 * 1000;

impl World {
    /// Begins to close an account.
    pub(super) fn begin_closing(&mut self, account: &str, requested_ms: u64, due_ms: u64) {
        if let Some(account) = self.accounts.get_mut(account) {
            account.state = AccountState::PendingClosure;
            self.closings.insert(account.id.clone(), Closing { requested_ms, due_ms });
        }
    }

    /// How many accounts are being closed.
    pub(super) fn closings_in_progress(&self) -> usize {
        self.closings.keys().filter(|id| self.is_in_state(id, AccountState::PendingClosure)).count()
    }

    /// How many closings were requested since then.
    pub(super) fn closings_since(&self, ms: u64) -> usize {
        self.closings.values().filter(|closing| closing.requested_ms >= ms).count()
    }

    fn is_in_state(&self, account: &str, state: AccountState) -> bool {
        self.accounts.get(account).is_some_and(|account| account.state == state)
    }

    pub(super) fn closing_is_due(&self, now_ms: u64) -> bool {
        self.closings.iter().any(|(id, closing)| {
            (closing.due_ms <= now_ms && self.is_in_state(id, AccountState::PendingClosure)) || closing.due_ms + STAYS_MS <= now_ms
        })
    }

    /// Closes what is due, and drops what was closed long enough ago.
    pub(super) fn settle_closings(&mut self, now_ms: u64) {
        for (id, closing) in self.closings.clone() {
            if closing.due_ms <= now_ms
                && let Some(account) = self.accounts.get_mut(&id).filter(|account| account.state == AccountState::PendingClosure)
            {
                account.state = AccountState::Closed;
            }
            if closing.due_ms + STAYS_MS <= now_ms {
                self.closings.remove(&id);
                self.end_account(&id);
            }
        }
    }

    /// Ends an account that was closed long enough. Nobody gets its e-mail.
    fn end_account(&mut self, id: &str) {
        if let Some(account) = self.leave(id) {
            self.emails_elsewhere.insert(account.email.to_lowercase());
            self.roles.remove(id);
        }
    }

    /// Removes an account from the organization: it becomes a standalone account with its roles and resources.
    pub fn remove_account(&mut self, id: &str) {
        let Some(mut account) = self.leave(id) else { return };
        self.add_outsider(id, &account.name, &account.email);
        if let Some(outsider) = self.external_accounts.get_mut(id) {
            let known = account.roles.into_iter();
            outsider.roles = known.map(|role| (role.clone(), account.external_ids.remove(&role))).collect();
        }
    }

    /// The organization forgets an account, with its tags there and what is attached to it.
    fn leave(&mut self, id: &str) -> Option<Account> {
        for policy in self.attached_to(id).clone() {
            self.detach(&policy, id);
        }
        self.tags.remove(id);
        self.delegated_administrators.remove(id);
        self.standalone.remove(id);
        let account = self.accounts.remove(id)?;
        self.index.forget_account(&account);
        Some(account)
    }
}
