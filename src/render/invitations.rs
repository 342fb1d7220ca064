//! Invitations as `overlord invite` shows them: the state of each account, and what its owner still has to do. Pure.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Style;
use super::words::{count, plain};

/// An account that is invited, or was to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// Its address.
    pub account: String,
    /// Its id or e-mail, as it is invited.
    pub recipient: String,
    /// Where it goes.
    pub place: String,
    /// Its state.
    pub state: State,
    /// The section to add to org.toml, if it lacks one.
    pub section: Option<String>,
}

/// The state of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is a member.
    Member {
        /// Its id.
        id: String,
        /// Why its access role cannot be assumed, if it cannot.
        closed: Option<String>,
    },
    /// Its invitation is open.
    Open {
        /// The id of the handshake.
        handshake: String,
        /// Whether this run sent it.
        new: bool,
        /// The day on which it expires.
        expires: String,
    },
    /// Its invitation is over: how it ended.
    Over(String),
    /// It is not invited now: until when, or why.
    Waits(String),
    /// AWS refused.
    Failed {
        /// What.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
}

/// The role that the owner of an invited account makes, so that overlord can work in it: AWS makes it in created accounts only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// The account that may assume it.
    pub management_account: String,
    /// `aws`, `aws-us-gov` or `aws-cn`.
    pub partition: String,
    /// The external id that it requires.
    pub external_id: Option<String>,
}

impl Role {
    fn principal(&self) -> String {
        format!("arn:{}:iam::{}:root", self.partition, self.management_account)
    }

    /// The managed policy that it has, as the role that AWS makes.
    pub fn policy(&self) -> String {
        format!("arn:{}:iam::aws:policy/AdministratorAccess", self.partition)
    }

    /// Who may assume it: one line of JSON.
    pub fn trust(&self) -> String {
        let mut statement = json!({ "Effect": "Allow", "Principal": { "AWS": self.principal() }, "Action": "sts:AssumeRole" });
        if let (Some(id), Some(statement)) = (&self.external_id, statement.as_object_mut()) {
            statement.insert("Condition".to_owned(), json!({ "StringEquals": { "sts:ExternalId": id } }));
        }
        json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
    }

    /// The AWS CLI's commands that make it. Nothing in them needs other quotes: neither names nor external ids can hold one.
    pub fn commands(&self) -> [String; 2] {
        [
            format!("aws iam create-role --role-name {} --assume-role-policy-document '{}'", self.name, self.trust()),
            format!("aws iam attach-role-policy --role-name {} --policy-arn {}", self.name, self.policy()),
        ]
    }

    /// A template of CloudFormation that makes it.
    pub fn template(&self) -> String {
        let condition = self
            .external_id
            .as_ref()
            .map(|id| format!("            Condition:\n              StringEquals:\n                \"sts:ExternalId\": \"{id}\"\n"));
        format!(
            r#"AWSTemplateFormatVersion: "2010-09-09"
Description: "Lets account {} administer this account, as the role that AWS makes in accounts of an organization does"
Resources:
  AccessRole:
    Type: AWS::IAM::Role
    Properties:
      RoleName: "{}"
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              AWS: "{}"
            Action: sts:AssumeRole
{}      ManagedPolicyArns:
        - "{}"
"#,
            self.management_account,
            self.name,
            self.principal(),
            condition.unwrap_or_default(),
            self.policy(),
        )
    }
}

/// The command that accepts an invitation.
fn accept(handshake: &str) -> String {
    format!("aws organizations accept-handshake --handshake-id {handshake}")
}

impl State {
    fn word(&self) -> &'static str {
        match self {
            Self::Member { .. } => "member",
            Self::Open { .. } => "open",
            Self::Over(_) => "over",
            Self::Waits(_) => "waiting",
            Self::Failed { .. } => "failed",
        }
    }

    /// Whether the owner has to make the role.
    fn lacks_role(&self) -> bool {
        match self {
            Self::Open { .. } | Self::Member { closed: Some(_), .. } => true,
            Self::Member { closed: None, .. } | Self::Over(_) | Self::Waits(_) | Self::Failed { .. } => false,
        }
    }
}

/// The state of each; then the commands for the owners.
pub fn text(invited: &[Invited], role: &Role, style: Style) -> String {
    let mut out = String::new();
    for one in invited {
        line(&mut out, one, style);
    }
    if invited.iter().any(|one| one.state.lacks_role()) {
        let _ = writeln!(
            out,
            "\n{}",
            style.bold(&format!("The role `{}` is made by the owner of an account, once, with either of", role.name))
        );
        let _ = writeln!(out, "  overlord invite --template > access-role.yaml");
        let _ = writeln!(
            out,
            "  aws cloudformation deploy --stack-name access-role --template-file access-role.yaml --capabilities CAPABILITY_NAMED_IAM"
        );
        let _ = writeln!(out, "or");
        for command in role.commands() {
            let _ = writeln!(out, "  {command}");
        }
    }
    let sections: Vec<&str> = invited.iter().filter_map(|one| one.section.as_deref()).collect();
    if !sections.is_empty() {
        let _ = writeln!(out, "\n{}\n\n{}", style.bold("Add to org.toml:"), sections.join("\n").trim_end());
    }
    out
}

fn line(out: &mut String, one: &Invited, style: Style) {
    let name = style.bold(&plain(&one.account));
    let recipient = plain(&one.recipient);
    let _ = match &one.state {
        State::Member { id, closed: None } => writeln!(out, "{name}  a member ({id}), and overlord can work in it"),
        State::Member { id, closed: Some(why) } => {
            writeln!(out, "{name}  a member ({id}); {}: {}", style.warning("its access role cannot be assumed"), plain(why))
        }
        State::Open { handshake, new, expires } => {
            let sent = if *new { "invited" } else { "was invited already" };
            let _ = writeln!(out, "{name}  {sent} as {recipient}, open until {expires}; then it goes to {}", plain(&one.place));
            let _ = writeln!(out, "    its owner runs, with credentials of that account:");
            writeln!(out, "    {}", accept(handshake))
        }
        State::Over(how) => writeln!(out, "{name}  {}", plain(how)),
        State::Waits(why) => writeln!(out, "{name}  {}: {}", style.warning("not invited now"), plain(why)),
        State::Failed { message, hint } => {
            let _ = writeln!(out, "{name}  {}: {}", style.error("failed"), plain(message));
            hint.as_ref().map_or(Ok(()), |hint| writeln!(out, "    help: {hint}"))
        }
    };
}

/// The same for programs.
pub fn json(invited: &[Invited], role: &Role) -> Value {
    let one = |one: &Invited| {
        let mut shown = json!({ "account": one.account, "recipient": one.recipient, "place": one.place, "state": one.state.word() });
        let more = match &one.state {
            State::Member { id, closed } => json!({ "id": id, "access": closed.is_none(), "why": closed }),
            State::Open { handshake, new, expires } => {
                json!({ "handshake": handshake, "new": new, "expires": expires, "accept": accept(handshake) })
            }
            State::Over(why) | State::Waits(why) => json!({ "why": why }),
            State::Failed { message, hint } => json!({ "error": { "message": message, "hint": hint } }),
        };
        if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
            shown.extend(more);
            shown.extend(one.section.iter().map(|section| ("section".to_owned(), json!(section))));
        }
        shown
    };
    json!({
        "accounts": invited.iter().map(one).collect::<Vec<_>>(),
        "role": { "name": role.name, "trust": role.trust(), "policy": role.policy(), "commands": role.commands(), "template": role.template() },
    })
}

/// The number of accounts per state, in one line.
pub fn summary(invited: &[Invited]) -> String {
    let number = |word: &str| invited.iter().filter(|one| one.state.word() == word).count();
    let told = [("member", "joined"), ("open", "open"), ("over", "over"), ("waiting", "waiting"), ("failed", "failed")];
    let told = told.iter().filter(|(word, _)| number(word) > 0).map(|(word, shown)| format!("{} {shown}", number(word)));
    format!("{}: {}", count(invited.len(), "account"), told.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(external_id: Option<&str>) -> Role {
        Role {
            name: "OrganizationAccountAccessRole".to_owned(),
            management_account: "111111111111".to_owned(),
            partition: "aws-us-gov".to_owned(),
            external_id: external_id.map(str::to_owned),
        }
    }

    /// The template, the commands and the JSON say the same of who may assume the role.
    #[test]
    fn every_form_of_the_role_has_one_trust() {
        for external_id in [None, Some("corp=4711,a/b")] {
            let role = role(external_id);
            let trust: Value = serde_json::from_str(&role.trust()).unwrap();
            let asked = trust.pointer("/Statement/0/Condition/StringEquals/sts:ExternalId").and_then(Value::as_str);
            assert_eq!(asked, external_id);
            assert_eq!(role.template().contains("sts:ExternalId"), external_id.is_some());
            assert!(external_id.is_none_or(|id| role.template().contains(&format!("\"{id}\""))));
            for text in [role.template(), role.trust()] {
                assert!(text.contains("arn:aws-us-gov:iam::111111111111:root"), "{text}");
            }
            assert!(role.commands().iter().all(|command| command.matches('\'').count() % 2 == 0));
        }
    }
}
