//! `overlord init`: org.toml and policies/ for a new organization.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::deliver::deliver;
use crate::cli::shell::Shell;
use crate::cli::{Exit, Global, Reported, validate};
use crate::files::Replace;
use crate::starter::{self, Answers};

#[derive(Debug, Args)]
pub(super) struct OrganizationArgs {
    /// The 12-digit id of the management account [default: 111111111111, which works only in the sandbox]
    #[arg(long, value_name = "ID", requires = "email")]
    management_account: Option<String>,

    /// The e-mail address of an account, where {account} stands for its key, such as aws+{account}@example.org
    // Only together: otherwise accounts would be created with addresses that nobody reads.
    #[arg(long, value_name = "ADDRESS", requires = "management_account")]
    email: Option<String>,

    /// The home Region of the organization
    #[arg(long, value_name = "REGION", default_value = starter::REGION)]
    home_region: String,

    /// The output folder for org.toml and policies/ [default: that of --config]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Overwrite existing files
    #[arg(long)]
    force: bool,
}

impl OrganizationArgs {
    /// The folder that is written to, where it is not that of `--config`.
    pub(super) fn out(&self) -> Option<&Path> {
        self.out.as_deref()
    }
}

pub(super) fn run(global: &Global, args: &OrganizationArgs, shell: &Shell) -> Result<Exit, Reported> {
    let org_toml = args.out.as_ref().map_or_else(|| global.config.clone(), |folder| folder.join(starter::ORG_TOML));
    let texts = starter::files(&Answers {
        management_account: args.management_account.clone().unwrap_or_else(|| starter::MANAGEMENT_ACCOUNT.to_owned()),
        email: args.email.clone().unwrap_or_else(|| starter::EMAIL.to_owned()),
        region: args.home_region.clone(),
    });
    validate::told_of(&org_toml, shell, starter::load(&texts))?;
    let folder = org_toml.parent().unwrap_or(Path::new(""));
    let place = |path: String| if path == starter::ORG_TOML { org_toml.clone() } else { folder.join(path) };
    let files = texts.into_iter().map(|(path, text)| (place(path), text)).collect();
    deliver(&files, Replace::forced(args.force), &next_steps(args, &org_toml), shell)
}

fn next_steps(args: &OrganizationArgs, org_toml: &Path) -> Vec<String> {
    let config = match org_toml == Path::new(starter::ORG_TOML) {
        true => String::new(),
        false => format!(" --config {}", org_toml.display()),
    };
    let placeholders = "before the real AWS: replace management_account and every e-mail address, or run it again with --force, \
                        --management-account ID and --email ADDRESS";
    let mut steps = vec![
        format!("read {}, and keep it under version control", org_toml.display()),
        format!("try it without an AWS account: `overlord plan{config} --sandbox`, then `overlord apply{config} --sandbox`"),
    ];
    if args.management_account.is_none() {
        steps.push(placeholders.to_owned());
    }
    steps.push(format!("with credentials of the management account: `overlord plan{config}`"));
    steps
}
