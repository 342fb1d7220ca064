//! `overlord policy generate`: writes a framework of org.toml as a service control policy.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::deliver::{check_out, write_out};
use super::shell::Shell;
use super::{Exit, Format, Global, Reported, validate};
use crate::config::{self, Loaded};
use crate::plural::count;
use crate::policy::framework::{Framework, GENERATED, Shape, generate};
use crate::policy::{Document, split};
use crate::render::Comment;

/// The type of the generated policy.
const SCP: &str = "SERVICE_CONTROL_POLICY";

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    /// The framework, by its key in org.toml
    #[arg(long, value_name = "KEY")]
    framework: String,

    /// How it restricts
    #[arg(long, value_enum, value_name = "FORM", default_value_t = Form::Allow)]
    form: Form,

    /// Leave out white space, as in the uploaded form
    #[arg(long)]
    minified: bool,

    /// Write it to FILE instead of printing it; replaces a policy that was generated before
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl GenerateArgs {
    /// Where the policy goes.
    pub(super) fn out(&self) -> Option<&Path> {
        self.out.as_deref()
    }
}

/// `--form`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Allows the services and nothing else: replaces FullAWSAccess, at a level of its own
    Allow,
    /// Denies all but the services, except to overlord's own role: in addition to FullAWSAccess and other such policies
    Deny,
}

pub(super) fn run(global: &Global, args: &GenerateArgs, shell: &Shell) -> Result<Exit, Reported> {
    check_out(args.out.as_ref(), GENERATED, shell)?;
    let loaded = validate::told(global, shell, config::load_untested(&global.config))?;
    let framework = find(&args.framework, &loaded, shell)?;
    let shape = match args.form {
        Form::Allow => Shape::Allow,
        Form::Deny => Shape::Deny,
    };
    let generated = generate(framework, shape, &loaded.desired.access_role);
    let (Ok(readable), Ok(document)) = (serde_json::to_string_pretty(&generated), Document::parse(SCP, &generated.value().to_string()))
    else {
        return Err(shell.error("the policy cannot be made", Some("this is a mistake of overlord's: please report it".to_owned())));
    };
    let text = if args.minified { document.minified() } else { readable };
    let most = loaded.quotas.types.get(SCP).map_or(usize::MAX, |quotas| quotas.size);
    advise(framework, &document, most, shell);
    if let Some(path) = &args.out {
        write_out(path, &format!("{text}\n"), GENERATED, shell)?;
        shell.say(format_args!("the policy is in `{}`", path.display()));
    }
    match global.format {
        Format::Text | Format::Junit | Format::Sarif | Format::Line | Format::Markdown if args.out.is_some() => {}
        Format::Text | Format::Junit | Format::Sarif | Format::Line => shell.whole(format_args!("{text}\n")),
        Format::Markdown => shell.comment(Comment::default().block_of("json", &text)),
        Format::Json => {
            let list = &framework.list;
            let result = json!({
                "format_version": 1, "framework": framework.key, "list_as_of": list.as_of, "reviewed": list.reviewed, "source": list.source,
                "size": document.size(), "limit": most, "document": document.canonical(),
            });
            shell.result(format_args!("{result:#}\n"));
        }
    }
    Ok(Exit::Done)
}

fn find<'l>(key: &str, loaded: &'l Loaded, shell: &Shell) -> Result<&'l Framework, Reported> {
    loaded.frameworks.get(key).ok_or_else(|| {
        let known: Vec<String> = loaded.frameworks.keys().map(|key| format!("`{key}`")).collect();
        let hint = match known.as_slice() {
            [] => format!("declare it: [framework.{key}], with its list in policies/frameworks/{key}.toml; see docs/org-toml.md"),
            known => format!("there are {}", known.join(", ")),
        };
        shell.error(format_args!("org.toml has no framework `{key}`"), Some(hint))
    })
}

/// What its author should know before attaching it.
fn advise(framework: &Framework, document: &Document, most: usize, shell: &Shell) {
    let allowed = framework.allowed();
    let lacking: Vec<&str> = ["iam", "sts"].into_iter().filter(|prefix| !allowed.contains(prefix)).collect();
    if !lacking.is_empty() {
        let text = "is neither on the list nor in a `baseline`: accounts under this policy can hardly be worked in";
        shell.say(format_args!("note: {} {text}", lacking.join(" and ")));
    }
    if document.size() > most {
        let cure = match split(document, most) {
            Ok(parts) => format!("with `pack_policies = true` in [organization] it becomes {}", count(parts.len(), "policy")),
            Err(_) => "it cannot be cut: use `--form allow`, or shorten the list".to_owned(),
        };
        shell.say(format_args!("note: {} characters without white space, and {most} is the limit: {cure}", document.size()));
    }
}
