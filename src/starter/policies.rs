//! Starter guardrails, one document each. Pure: generated from the Regions and the access role of an organization.

use crate::config::ACCESS_ROLE;
use crate::policy::{Family, GLOBAL_SERVICES};

/// A guardrail that can be written.
#[derive(Debug)]
pub struct Template {
    /// Its name, which is the key of the policy too.
    pub name: &'static str,
    /// Its type.
    pub family: Family,
    /// What it does: the description of the policy.
    pub does: &'static str,
    text: Text,
}

#[derive(Debug)]
enum Text {
    /// A policy of the worked example, in which the access role has its usual name.
    Example(&'static str),
    RegionGuard,
}

/// What a guardrail is written for.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The Regions that stay open.
    pub regions: Vec<String>,
    /// The role that overlord assumes in accounts: it is left out of what would stop its work.
    pub access_role: String,
}

/// All of them, by name.
pub static TEMPLATES: &[Template] = &[
    Template {
        name: "deny-leave",
        family: Family::Scp,
        does: "No account leaves the organization or closes itself",
        text: Text::Example(include_str!("../../policies/deny-leave.json")),
    },
    Template {
        name: "deny-root-user",
        family: Family::Scp,
        does: "Nobody works as an account's root user",
        text: Text::Example(include_str!("../../policies/deny-root-user.json")),
    },
    Template {
        name: "keep-data",
        family: Family::Scp,
        does: "Databases, backups, buckets and keys are not deleted",
        text: Text::Example(include_str!("../../policies/keep-data.json")),
    },
    Template {
        name: "protect-audit-trail",
        family: Family::Scp,
        does: "CloudTrail, Config and the access role stay as they are",
        text: Text::Example(include_str!("../../policies/protect-audit-trail.json")),
    },
    Template {
        name: "region-guard",
        family: Family::Scp,
        does: "Regional services only in some Regions; global services everywhere",
        text: Text::RegionGuard,
    },
    Template {
        name: "require-tls",
        family: Family::Rcp,
        does: "Buckets, queues, keys, secrets and roles answer over TLS only",
        text: Text::Example(include_str!("../../policies/require-tls.json")),
    },
];

impl Template {
    /// The one of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.name == name)
    }

    /// Whether it is about Regions, and needs one.
    pub fn takes_regions(&self) -> bool {
        matches!(self.text, Text::RegionGuard)
    }

    /// The document.
    pub fn document(&self, setting: &Setting) -> String {
        match self.text {
            Text::Example(text) => text.replace(&format!("role/{ACCESS_ROLE}"), &format!("role/{}", setting.access_role)),
            Text::RegionGuard => region_guard(setting),
        }
    }
}

/// Denies all but global services outside of some Regions, to all but overlord's own role.
fn region_guard(setting: &Setting) -> String {
    let list = |items: &[String], indent: &str| {
        let items: Vec<String> = items.iter().map(|item| format!("{indent}{}", serde_json::Value::from(item.as_str()))).collect();
        items.join(",\n")
    };
    let mut regions = setting.regions.clone();
    regions.sort();
    regions.dedup();
    let partition = match regions.first() {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        Some(region) if region.starts_with("eusc-") => "aws-eusc",
        Some(_) | None => "aws",
    };
    let role = serde_json::Value::from(format!("arn:{partition}:iam::*:role/{}", setting.access_role));
    let (exempt, regions) = (list(&GLOBAL_SERVICES.exempt(), "        "), list(&regions, "            "));
    format!(
        r#"{{
  "Version": "2012-10-17",
  "Statement": [
    {{
      "Sid": "OnlyOurRegions",
      "Effect": "Deny",
      "NotAction": [
{exempt}
      ],
      "Resource": "*",
      "Condition": {{
        "StringNotEquals": {{
          "aws:RequestedRegion": [
{regions}
          ]
        }},
        "ArnNotLike": {{
          "aws:PrincipalArn": {role}
        }}
      }}
    }}
  ]
}}
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Catalogue, Document, Hierarchy, Policy, Setting as Lints, Subject, lint};

    fn setting(regions: &[&str]) -> Setting {
        Setting { regions: regions.iter().map(|region| (*region).to_owned()).collect(), access_role: "Overlord".to_owned() }
    }

    #[test]
    fn every_template_is_a_policy_that_the_lints_have_nothing_to_say_about() {
        let (catalogue, hierarchy) = (Catalogue::built_in(), Hierarchy::default());
        for regions in [&["eu-west-1"] as &[&str], &["eu-west-1", "eu-central-1", "ap-southeast-2"], &["cn-north-1"], &["us-gov-west-1"]] {
            for template in TEMPLATES {
                let text = template.document(&setting(regions));
                let policy = Policy::parse(&text).unwrap_or_else(|e| panic!("{e:?}\n{text}"));
                let size = Document::parse("SERVICE_CONTROL_POLICY", &text).unwrap().size();
                let lints = Lints {
                    hierarchy: &hierarchy,
                    catalogue: &catalogue,
                    access_role: "Overlord",
                    access_actions: &["ec2:CreateVpc".to_owned(), "iam:CreateServiceLinkedRole".to_owned()],
                    regions,
                    added_regions: &Default::default(),
                };
                let subject = Subject { name: template.name, family: template.family, policy: &policy, size, limit: 5_120 };
                let found: Vec<String> = lint(&subject, &lints).into_iter().map(|f| format!("{}: {}", f.rule.id, f.summary)).collect();
                assert_eq!(found, Vec::<String>::new(), "{}", template.name);
                assert!(!text.contains(ACCESS_ROLE), "{text}");
            }
        }
    }

    /// The worked example has it as it is written today.
    #[test]
    fn the_region_guard_of_the_worked_example_is_this_one() {
        let setting = Setting { regions: vec!["eu-west-1".to_owned(), "eu-central-1".to_owned()], access_role: ACCESS_ROLE.to_owned() };
        let guard = Template::named("region-guard").unwrap();
        assert_eq!(guard.document(&setting), include_str!("../../policies/region-guard.json"));
    }
}
