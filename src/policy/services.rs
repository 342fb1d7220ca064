//! Which services resource control policies apply to: dated data (`rcp_services.toml`).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::Deserialize;

use super::pattern::{Case, Pattern, is_known};
use super::truth::Truth;

/// The embedded data file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RcpServices {
    /// When the list was collected, `YYYY-MM-DD`.
    pub date: String,
    /// Where it comes from.
    pub source: String,
    /// Prefixes of actions, in lower case.
    pub services: BTreeSet<String>,
    /// Actions of these that they do not restrict all the same.
    pub exempt_actions: BTreeSet<String>,
}

/// The list that is built in.
#[expect(clippy::expect_used, reason = "the file is compiled in, and a unit test parses it")]
pub static RCP_SERVICES: LazyLock<RcpServices> =
    LazyLock::new(|| toml::from_str(include_str!("rcp_services.toml")).expect("rcp_services.toml is well-formed"));

impl RcpServices {
    /// Whether resource control policies apply to an action; of a question such as `*:*`, perhaps.
    pub fn restrict(&self, action: &str) -> Truth {
        let (service, _) = action.split_once(':').unwrap_or((action, ""));
        let is = |asked: &str, known: &String| Pattern::plain(known).matches_plain(asked, Case::Insensitive);
        let exempt = Truth::any(self.exempt_actions.iter().map(|known| is(action, known)));
        let service = if is_known(service) {
            self.services.contains(&service.to_lowercase()).into()
        } else {
            Truth::any(self.services.iter().map(|known| is(service, known)))
        };
        // Of all of a service's actions, a few exempt ones leave what is asked a question of the rest.
        service.and(if exempt == Truth::True { Truth::False } else { Truth::True })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::pattern::question;

    #[test]
    fn the_list_holds_prefixes() {
        assert!(RCP_SERVICES.services.len() > 60);
        assert!(RCP_SERVICES.services.iter().all(|s| s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')));
    }

    #[test]
    fn services_and_exempt_actions() {
        for (action, expected) in [
            ("s3:GetObject", Truth::True),
            ("KMS:Decrypt", Truth::True),
            ("kms:RetireGrant", Truth::False),
            ("ec2:RunInstances", Truth::False),
            ("kms:*", Truth::True),
            ("*", Truth::Unknown),
            ("s*:Get", Truth::Unknown),
        ] {
            assert_eq!(RCP_SERVICES.restrict(&question(action)), expected, "{action}");
        }
    }
}
