//! Settings: simple things of an account, or of an account in a Region, that one call puts and another one gets. A row is an operation.
//!
//! A new setting needs its operations in `models/operations.txt`, a row for each in [`OPERATIONS`], and what these answer and refuse.

use serde_json::{Value, json};

use super::input::Input;
use super::operation::Operation;
use super::service::Service;
use super::wire::{Call, Outcome, Refusal};
use super::world::World;

/// A read.
pub(super) struct Ask<'a> {
    world: &'a World,
    place: String,
}

/// A write.
pub(super) struct Turn<'a> {
    world: &'a mut World,
    place: String,
    input: Input<'a>,
}

pub(super) type Read = fn(&Ask<'_>) -> Outcome;
pub(super) type Write = fn(&mut Turn<'_>) -> Outcome;

/// An operation on a setting.
pub(super) type Setting = Operation<Read, Write>;

const OPERATIONS: &[(Service, &str, Setting)] = &[
    (Service::Iam, "CreateAccountAlias", Operation::Write(create_alias)),
    (Service::Iam, "DeleteAccountAlias", Operation::Write(delete_alias)),
    (Service::Iam, "ListAccountAliases", Operation::Read(list_aliases)),
    (Service::Ec2, "DisableEbsEncryptionByDefault", Operation::Write(|turn| set_encryption(turn, false))),
    (Service::Ec2, "EnableEbsEncryptionByDefault", Operation::Write(|turn| set_encryption(turn, true))),
    (Service::Ec2, "GetEbsEncryptionByDefault", Operation::Read(get_encryption)),
];

/// The operation of that name.
pub(super) fn operation(service: Service, name: &str) -> Option<Setting> {
    OPERATIONS.iter().find(|(of, other, _)| *of == service && *other == name).map(|(.., operation)| *operation)
}

/// Where a caller's settings are: services without an endpoint in each Region have one place for each account.
fn place(call: &Call, account: &str) -> String {
    if call.service.is_regional() { format!("{account}/{}", call.region) } else { account.to_owned() }
}

pub(super) fn read(read: Read, call: &Call, account: &str, world: &World) -> Outcome {
    let input = call.input()?;
    dry_run(input)?;
    read(&Ask { world, place: place(call, account) })
}

pub(super) fn write(write: Write, call: &Call, account: &str, world: &mut World) -> Outcome {
    let input = call.input()?;
    dry_run(input)?;
    write(&mut Turn { world, place: place(call, account), input })
}

/// EC2 refuses a request that is only a try. Nothing else can be refused here.
fn dry_run(input: Input<'_>) -> Result<(), Refusal> {
    match input.flag("DryRun") {
        Some(true) => Err(super::ec2::would_have_succeeded()),
        Some(false) | None => Ok(()),
    }
}

impl Ask<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.world.settings.get(&self.place)?.get(name)
    }
}

impl Turn<'_> {
    fn get(&self, name: &str) -> Option<&Value> {
        self.world.settings.get(&self.place)?.get(name)
    }

    fn put(&mut self, name: &str, value: Value) {
        self.world.settings.entry(self.place.clone()).or_default().insert(name.to_owned(), value);
    }

    fn remove(&mut self, name: &str) {
        if let Some(settings) = self.world.settings.get_mut(&self.place) {
            settings.remove(name);
            self.world.settings.retain(|_, settings| !settings.is_empty());
        }
    }
}

// --- The account's alias ----------------------------------------------------------------------------------------------------------

const ALIAS: &str = "account-alias";

/// An account has one alias: a new one replaces it. No two accounts have the same.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/account-alias-create.html>
fn create_alias(turn: &mut Turn<'_>) -> Outcome {
    let alias = turn.input.str("AccountAlias");
    // The model says it with a look-ahead.
    if alias.contains("--") {
        return Err(Refusal::new("ValidationError", "The account alias must not have two hyphens in a row."));
    }
    let is_taken = turn.world.settings.iter().any(|(place, settings)| *place != turn.place && settings.get(ALIAS) == Some(&alias.into()));
    if is_taken {
        return Err(Refusal::new("EntityAlreadyExists", format!("The account alias {alias} already exists.")));
    }
    turn.put(ALIAS, alias.into());
    Ok(Value::Null)
}

fn delete_alias(turn: &mut Turn<'_>) -> Outcome {
    let alias = turn.input.str("AccountAlias");
    if turn.get(ALIAS) != Some(&alias.into()) {
        return Err(Refusal::new("NoSuchEntity", format!("The account alias {alias} cannot be found.")));
    }
    turn.remove(ALIAS);
    Ok(Value::Null)
}

fn list_aliases(ask: &Ask<'_>) -> Outcome {
    Ok(json!({ "AccountAliases": ask.get(ALIAS).into_iter().collect::<Vec<_>>(), "IsTruncated": false }))
}

impl World {
    /// Gives an account, by its 12 digits, an alias.
    pub fn set_account_alias(&mut self, account: &str, alias: &str) {
        self.settings.entry(account.to_owned()).or_default().insert(ALIAS.to_owned(), alias.into());
    }
}

// --- The encryption of new EBS volumes --------------------------------------------------------------------------------------------

const ENCRYPTION: &str = "ebs-encryption-by-default";

impl World {
    /// Turns the encryption of new EBS volumes on or off, in an account, by its 12 digits, and a Region.
    pub fn set_ebs_encryption_default(&mut self, account: &str, region: &str, is_on: bool) {
        self.settings.entry(format!("{account}/{region}")).or_default().insert(ENCRYPTION.to_owned(), is_on.into());
    }
}

fn set_encryption(turn: &mut Turn<'_>, is_on: bool) -> Outcome {
    turn.put(ENCRYPTION, is_on.into());
    Ok(json!({ "ebsEncryptionByDefault": is_on }))
}

/// Off until somebody turns it on: <https://docs.aws.amazon.com/ebs/latest/userguide/encryption-by-default.html>
fn get_encryption(ask: &Ask<'_>) -> Outcome {
    Ok(json!({ "ebsEncryptionByDefault": ask.get(ENCRYPTION).unwrap_or(&Value::Bool(false)) }))
}
