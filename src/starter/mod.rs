//! Starter files for a new organization: a commented org.toml, the policies that it names, and single guardrails. Pure: generated from a few
//! answers.

pub mod policies;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::config::{self, Files, Loaded};
use crate::diagnostic::Diagnostic;

/// The path of the configuration among the files.
pub const ORG_TOML: &str = "org.toml";

/// The default management account. It belongs to nobody, so overlord can use it only in the sandbox.
pub const MANAGEMENT_ACCOUNT: &str = "111111111111";

/// The default e-mail addresses, in a domain that nobody can own (RFC 2606).
pub const EMAIL: &str = "aws+{account}@example.org";

/// The default Region.
pub const REGION: &str = "eu-west-1";

const TEMPLATE: &str = include_str!("org.toml");

/// Those of the worked example.
const POLICIES: &[(&str, &str)] = &[
    ("policies/deny-leave.json", include_str!("../../policies/deny-leave.json")),
    ("policies/deny-root-user.json", include_str!("../../policies/deny-root-user.json")),
    ("policies/protect-audit-trail.json", include_str!("../../policies/protect-audit-trail.json")),
];

/// What only the user knows.
#[derive(Debug)]
pub struct Answers {
    /// The 12-digit id of the management account.
    pub management_account: String,
    /// The e-mail address of an account, with `{account}` in it.
    pub email: String,
    /// The home Region of the organization.
    pub region: String,
}

/// The files by their paths, which are relative to the folder of org.toml.
pub fn files(answers: &Answers) -> BTreeMap<String, String> {
    let Answers { management_account, email, region } = answers;
    let quoted = |text: &str| toml::Value::from(text).to_string();
    let org_toml = TEMPLATE
        .replace("@management_account@", &quoted(management_account))
        .replace("@email@", &quoted(email))
        .replace("@region@", &quoted(region));
    let policies = POLICIES.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    policies.chain([(ORG_TOML.to_owned(), org_toml)]).collect()
}

/// The files read as any other configuration.
///
/// # Errors
/// What is wrong with the answers.
pub fn load(files: &BTreeMap<String, String>) -> Result<Loaded, Vec<Diagnostic>> {
    let read = |path: &Path| {
        let text = files.get(path.to_string_lossy().as_ref());
        text.map(|text| text.clone().into_bytes()).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    };
    let org_toml = Path::new(ORG_TOML);
    config::load_with(org_toml, read(org_toml), &Files::new("", &read))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Design;
    use crate::resource::Desired;

    fn answers(email: &str) -> Answers {
        Answers { management_account: "123456789012".to_owned(), email: email.to_owned(), region: "eu-central-1".to_owned() }
    }

    #[test]
    fn what_is_answered_stands_in_it_and_nothing_is_left_open() {
        let files = files(&answers("cloud.{account}@corp.test"));
        let loaded = load(&files).unwrap();
        assert!(loaded.warnings.is_empty(), "{:#?}", loaded.warnings);
        assert_eq!((&*loaded.desired.management_account, &*loaded.desired.home_region), ("123456789012", "eu-central-1"));
        let text = &files[ORG_TOML];
        assert_eq!(text.matches("email = \"cloud.{account}@corp.test\"").count(), 3);
        assert!(!["@management_account@", "@email@", "@region@"].iter().any(|open| text.contains(open)), "{text}");
    }

    /// Single accounts have neither team nor stage.
    #[test]
    fn an_address_that_not_all_accounts_can_have_is_told() {
        let told = load(&files(&answers("cloud.{team}.{stage}@corp.test"))).unwrap_err();
        assert!(told.iter().any(|d| d.code == Some("bad-placeholder")), "{told:#?}");
    }

    /// An answer is a text of TOML and no more.
    #[test]
    fn an_answer_cannot_write_sections_of_its_own() {
        let files = files(&answers("{account}@corp.test\"\n[ou.evil]\nname = \"x"));
        assert!(load(&files).unwrap_err().iter().all(|d| d.code == Some("bad-email")));
    }

    #[test]
    fn what_is_commented_out_is_right_too() {
        let mut files = files(&answers(EMAIL));
        let whole: String = files[ORG_TOML].lines().map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n").collect();
        assert!(whole.contains("\n[vpc.standard]"), "nothing is commented out");
        files.insert(ORG_TOML.to_owned(), whole);
        let loaded = load(&files).unwrap();
        assert!(loaded.warnings.is_empty(), "{:#?}", loaded.warnings);
    }

    /// The pages ask the reader to remove the `#:` with sed: that must add the networks and nothing else, least of all a quota.
    #[test]
    fn what_the_pages_uncomment_changes_networks_alone() {
        let mut texts = files(&answers(EMAIL));
        let before = load(&texts).unwrap();
        let org_toml: String = texts[ORG_TOML].lines().map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n").collect();
        texts.insert(ORG_TOML.to_owned(), org_toml);
        let after = load(&texts).unwrap();
        assert_ne!(after.desired.network, before.desired.network);
        let without_networks = |loaded: &Loaded| Desired { network: Design::default(), ..loaded.desired.clone() };
        assert_eq!(without_networks(&after), without_networks(&before));
        assert_eq!((after.quotas, after.summary), (before.quotas, before.summary));
        for page in [include_str!("../../docs/getting-started.md"), include_str!("../../docs/how-to/connect-vpcs.md")] {
            let commands: Vec<&str> = page.lines().filter(|line| line.contains("s/^#")).collect();
            assert!(matches!(commands.as_slice(), [one] if one.starts_with("sed -i -e 's/^#: //' org.toml")), "{commands:?}");
        }
    }
}
