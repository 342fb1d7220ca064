//! Account Management's change of a primary e-mail: started with the new address, which receives a code, and completed with that code.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::account::validation;
use super::input::Input;
use super::wire::{Outcome, Refusal};
use super::world::World;

/// A change of an e-mail that waits for its code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailUpdate {
    /// The new address.
    pub email: String,
    /// What AWS sent there: six letters or digits.
    pub code: String,
}

fn is_free(email: &str, account: &str, world: &World) -> Result<(), Refusal> {
    let elsewhere = world.emails_elsewhere.contains(&email.to_lowercase()) || world.outsider(email).is_some();
    let taken = elsewhere || world.accounts_with_email(email).iter().any(|id| id != account);
    match taken {
        true => Err(Refusal::new("ConflictException", "The e-mail address is already in use.")),
        false => Ok(()),
    }
}

pub(super) fn start(input: Input<'_>, account: &str, world: &mut World) -> Outcome {
    let email = input.str("PrimaryEmail");
    if !email.contains('@') {
        return Err(validation("PrimaryEmail is not valid"));
    }
    is_free(email, account, world)?;
    let code = world.fresh(6);
    world.email_updates.insert(account.to_owned(), EmailUpdate { email: email.to_owned(), code });
    Ok(json!({ "Status": "PENDING" }))
}

pub(super) fn accept(input: Input<'_>, account: &str, world: &mut World) -> Outcome {
    let (email, code) = (input.str("PrimaryEmail"), input.str("Otp"));
    let not_found = || Refusal::new("ResourceNotFoundException", "No e-mail update is in progress.");
    let update = world.email_updates.get(account).filter(|update| update.email == email).ok_or_else(not_found)?;
    if update.code != code {
        return Err(validation("The one-time passcode is not valid"));
    }
    is_free(email, account, world)?;
    world.email_updates.remove(account);
    world.set_email(account, email);
    Ok(json!({ "Status": "ACCEPTED" }))
}
