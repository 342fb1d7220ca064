//! `overlord policy new`: writes a guardrail from a template below policies/. Never overwrites a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::deliver::deliver;
use super::shell::Shell;
use super::{Exit, Format, Global, Reported};
use crate::config::{self, ACCESS_ROLE, Loaded};
use crate::files::{self, Replace};
use crate::limits::LIMITS;
use crate::starter::policies::{Setting, TEMPLATES, Template};

#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// The guardrail, such as region-guard [default: list them]
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// A Region that stays open, for region-guard; several times for several [default: those of org.toml]
    #[arg(long, value_name = "REGION", requires = "name")]
    region: Vec<String>,

    /// The key of the policy in org.toml, and the name of its file [default: NAME]
    #[arg(long, value_name = "KEY", requires = "name", value_parser = key)]
    key: Option<String>,
}

/// A key is a part of a path too.
fn key(text: &str) -> Result<String, String> {
    let is_key = !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if is_key { Ok(text.to_owned()) } else { Err("a key has lower-case letters, digits and hyphens".to_owned()) }
}

pub(super) fn run(global: &Global, args: &NewArgs, shell: &Shell) -> Result<Exit, Reported> {
    let Some(name) = &args.name else {
        list(global, shell);
        return Ok(Exit::Done);
    };
    let template = find(name, shell)?;
    if !args.region.is_empty() && !template.takes_regions() {
        let hint = "leave out --region".to_owned();
        return Err(shell.error(format_args!("`{name}` is not about Regions"), Some(hint)));
    }
    // A configuration with mistakes is still being written: the command line must give what it lacks.
    let loaded = config::load_untested(&global.config).ok();
    let setting = setting(args, template, loaded.as_ref(), shell)?;
    let key = args.key.as_deref().unwrap_or(template.name);
    let path = global.config.parent().unwrap_or(Path::new("")).join("policies").join(format!("{key}.json"));
    if let [there] = files::in_the_way([path.as_path()], Replace::Nothing).as_slice() {
        let hint = "give another name with --key, or move the file away".to_owned();
        return Err(shell.error(format_args!("`{}` already exists; nothing was written", there.display()), Some(hint)));
    }
    let written: BTreeMap<PathBuf, String> = [(path, template.document(&setting))].into();
    deliver(&written, Replace::Nothing, &next_steps(template, key, loaded.as_ref()), shell)
}

fn list(global: &Global, shell: &Shell) {
    match global.format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line | Format::Markdown => {
            for Template { name, family, does, .. } in TEMPLATES {
                shell.result(format_args!("{name:<20} {}  {does}\n", family.short()));
            }
        }
        Format::Json => {
            let one = |template: &Template| json!({"name": template.name, "type": template.family.short(), "does": template.does});
            shell.result(format_args!("{:#}\n", json!({"format_version": 1, "policies": TEMPLATES.iter().map(one).collect::<Vec<_>>()})));
        }
    }
}

fn find(name: &str, shell: &Shell) -> Result<&'static Template, Reported> {
    Template::named(name).ok_or_else(|| {
        let names: Vec<&str> = TEMPLATES.iter().map(|template| template.name).collect();
        shell.error(format_args!("no guardrail is called `{name}`"), Some(format!("there are {}", names.join(", "))))
    })
}

/// For which Regions, and for which role.
fn setting(args: &NewArgs, template: &Template, loaded: Option<&Loaded>, shell: &Shell) -> Result<Setting, Reported> {
    let access_role = loaded.map_or_else(|| ACCESS_ROLE.to_owned(), |loaded| loaded.desired.access_role.clone());
    let mut regions = args.region.clone();
    if let (true, Some(loaded)) = (template.takes_regions() && regions.is_empty(), loaded) {
        regions.push(loaded.desired.home_region.clone());
        regions.extend(loaded.desired.network.regions().into_iter().map(str::to_owned));
    }
    if template.takes_regions() && regions.is_empty() {
        let hint = "name the Regions that stay open, such as `--region eu-west-1 --region eu-central-1`".to_owned();
        return Err(shell.error("org.toml does not load, so its Regions are not known", Some(hint)));
    }
    let none = BTreeSet::new();
    let added = loaded.map_or(&none, |loaded| &loaded.desired.added_regions);
    if let Some(wrong) = args.region.iter().find(|region| !LIMITS.regions.is_known(region) && !added.contains(*region)) {
        let near = LIMITS
            .regions
            .names()
            .chain(added.iter().map(String::as_str))
            .max_by(|a, b| strsim::jaro(a, wrong).total_cmp(&strsim::jaro(b, wrong)));
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        return Err(shell.error(format_args!("unknown Region `{wrong}`"), hint));
    }
    Ok(Setting { regions, access_role })
}

fn next_steps(template: &Template, key: &str, loaded: Option<&Loaded>) -> Vec<String> {
    let is_declared = loaded.is_some_and(|loaded| loaded.written.keys().any(|address| address.key() == key));
    let policy_type = if template.family.short() == "scp" { String::new() } else { format!("type = \"{}\"\n", template.family.short()) };
    let mut steps = Vec::new();
    if !is_declared {
        steps.push(format!("declare it in org.toml:\n\n[policy.{key}]\n{policy_type}description = \"{}\"\n", template.does));
    }
    steps.push(format!("attach it where it should apply, such as `policies = [\"FullAWSAccess\", \"{key}\"]` of an OU"));
    steps.push("see whom it stops: `overlord plan`".to_owned());
    steps
}
