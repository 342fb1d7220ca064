//! `overlord policy effective`: the management policies that an account inherits, merged. With `--live`, compared with AWS's own answer.

use clap::Args;
use serde_json::Value;

use super::super::connect::connect;
use super::super::shell::Shell;
use super::super::{Exit, Format, Global, Reported, validate};
use crate::address::Address;
use crate::aws::Sessions;
use crate::config;
use crate::limits::{LIMITS, PolicyTypeLimits};
use crate::policy::Family;
use crate::policy::effective::compare;
use crate::render::effective::{LiveAnswer, OfType, Shown, json, markdown, text};
use crate::resource::organizations::{Account, effective};
use crate::resource::{Desired, Kind};

#[derive(Debug, Args)]
pub(super) struct EffectiveArgs {
    /// The account, by its key, or by the id in org.toml
    #[arg(long, value_name = "KEY|ID")]
    account: String,

    /// Only policies of this type, as org.toml spells it, such as tag or backup [default: all attached types]
    #[arg(long = "type", value_name = "TYPE")]
    policy_type: Option<String>,

    /// Ask AWS too, and show where it disagrees; exits 2 if it does
    #[arg(long)]
    pub(super) live: bool,
}

pub(super) async fn run(global: &Global, args: &EffectiveArgs, shell: &Shell) -> Result<Exit, Reported> {
    let loaded = validate::told(global, shell, config::load_untested(&global.config))?;
    let account = account(&loaded.desired, &args.account, shell)?;
    let inheritance = loaded.inheritance();
    let specs: Vec<&'static PolicyTypeLimits> = match &args.policy_type {
        Some(short) => vec![configuring(short, shell)?],
        None => inheritance.types().filter_map(|name| LIMITS.policy_type(name)).collect(),
    };
    let of_type = |spec: &'static PolicyTypeLimits| OfType { spec, effective: inheritance.effective(&account, &spec.name), live: None };
    let mut policies: Vec<OfType> = specs.into_iter().map(of_type).collect();
    if args.policy_type.is_none() {
        policies.retain(|of_type| of_type.effective.is_some());
    }
    if args.live {
        let connection = connect(global, &loaded.desired, shell).await?;
        let asked = ask(&connection.sessions, &loaded.desired, &account, &mut policies, shell).await;
        connection.close(shell)?;
        asked?;
    }
    let shown = Shown { account: &account, policies: &policies, place: &|place| loaded.said_at(place) };
    match global.format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line => shell.result(text(&shown, shell.style())),
        Format::Json => shell.result(format_args!("{:#}\n", json(&shown))),
        Format::Markdown => shell.comment(&markdown(&shown)),
    }
    Ok(exit(&policies))
}

/// A setting that AWS has answered is no longer in doubt.
fn exit(policies: &[OfType]) -> Exit {
    let disagrees = |of_type: &OfType| {
        let live = of_type.live.iter().flat_map(|live| &live.differences);
        live.into_iter().any(|difference| !of_type.is_doubtful(difference))
    };
    let is_open =
        |of_type: &OfType| of_type.live.is_none() && of_type.effective.as_ref().is_some_and(|effective| !effective.doubts.is_empty());
    if policies.iter().any(disagrees) {
        Exit::Changes
    } else if policies.iter().any(is_open) {
        Exit::Partly
    } else {
        Exit::Done
    }
}

fn account(desired: &Desired, name: &str, shell: &Shell) -> Result<Address, Reported> {
    let address = Account::address(name);
    if desired.resources.contains_key(&address) {
        return Ok(address);
    }
    if let Some((address, _)) = desired.pinned.iter().find(|(_, id)| *id == name) {
        return Ok(address.clone());
    }
    // It knows the nearest name.
    super::place(name, &crate::guardrails::hierarchy(desired), shell)?;
    let hint = "give the key of an account in org.toml: its place there decides what it inherits".to_owned();
    Err(shell.error(format_args!("org.toml has no account `{name}`"), Some(hint)))
}

/// The type of that name, which must be one that configures.
fn configuring(short: &str, shell: &Shell) -> Result<&'static PolicyTypeLimits, Reported> {
    let found = LIMITS.policy_types.iter().find(|spec| spec.short == short || spec.name == short);
    match found {
        Some(spec) if Family::of_type(&spec.name).is_none() => Ok(spec),
        Some(_) => {
            let hint = "`overlord policy explain` shows what these allow".to_owned();
            Err(shell.error(format_args!("policies of type `{short}` decide about requests: they have no effective policy"), Some(hint)))
        }
        None => {
            let types = LIMITS.policy_types.iter().filter(|spec| Family::of_type(&spec.name).is_none()).map(|spec| spec.short.as_str());
            let hint = format!("types are {}", types.collect::<Vec<_>>().join(", "));
            Err(shell.error(format_args!("there is no policy type `{short}`"), Some(hint)))
        }
    }
}

async fn ask(sessions: &Sessions, desired: &Desired, account: &Address, policies: &mut [OfType], shell: &Shell) -> Result<(), Reported> {
    let id = effective::account_id(sessions, desired, account).await.map_err(|e| shell.aws_error(&e))?;
    let Some(id) = id else {
        let hint = "`overlord plan` shows how it is recognised; without --live, no AWS calls are made".to_owned();
        return Err(shell.error(format_args!("`{account}` is not in the organization"), Some(hint)));
    };
    for of_type in policies {
        let answer = effective::policy(sessions, &id, &of_type.spec.name).await.map_err(|e| shell.aws_error(&e))?;
        let content: Option<Value> = answer.map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
        let computed = of_type.effective.as_ref().map(|effective| &effective.content);
        let differences = compare(&of_type.spec.name, &id, computed.unwrap_or(&Value::Null), content.as_ref().unwrap_or(&Value::Null));
        of_type.live = Some(LiveAnswer { content, differences });
    }
    Ok(())
}
