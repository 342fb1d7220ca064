//! Parses a document into typed statements and reports, with positions, what AWS refuses in a document of IAM's language. The lints report
//! what AWS accepts but is unwise.

use crate::diagnostic::ByteRange;

use super::condition::{Condition, Operand};
use super::grammar;
use super::json::{self, Json, Member, Node};
use super::operator::Operator;
use super::pattern::{BadVariable, Pattern, Variables, Wildcards};
use super::statement::{Effect, Form, Placed, Policy, Principals, Selector, Statement, Version};

/// Something that AWS refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its position.
    pub at: ByteRange,
    /// What it is: a lower-case fragment.
    pub summary: String,
    /// What to do.
    pub hint: String,
}

/// The keys of a statement.
const KEYS: [&str; 9] = ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

impl Policy {
    /// Parses a document of service or resource control policies.
    ///
    /// # Errors
    /// All that AWS refuses about it. Text that is not JSON is one problem: `Document::parse` reports where and why.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let mut parser = Parser { problems: Vec::new(), variables: Variables::Literal };
        let policy = match json::parse(text) {
            Some(node) => parser.policy(&node),
            None => {
                parser.problem((0..0).into(), "this is not JSON", "write a JSON object");
                None
            }
        };
        match policy {
            Some(policy) if parser.problems.is_empty() => Ok(policy),
            Some(_) | None => Err(parser.problems),
        }
    }
}

struct Parser {
    problems: Vec<Problem>,
    variables: Variables,
}

impl Parser {
    fn problem(&mut self, at: ByteRange, summary: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem { at, summary: summary.into(), hint: hint.into() });
    }

    fn policy(&mut self, node: &Node) -> Option<Policy> {
        let Json::Object(members) = &node.value else {
            self.problem(node.at, "a policy is a JSON object", r#"write {"Version": "2012-10-17", "Statement": [ … ]}"#);
            return None;
        };
        for member in members {
            if !["Version", "Id", "Statement"].contains(&member.key.as_str()) {
                self.unknown(member, &["Version", "Id", "Statement"], "a policy");
            }
        }
        let version = self.version(find(members, "Version"));
        self.variables = version.variables();
        let Some(statements) = find(members, "Statement") else {
            self.problem(first_byte(node), "this policy has no `Statement`", r#"write "Statement": [ … ]"#);
            return None;
        };
        let list = match &statements.value.value {
            Json::List(items) => items.as_slice(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => std::slice::from_ref(&statements.value),
        };
        let statements = list.iter().enumerate().filter_map(|(index, node)| self.statement(index, node)).collect();
        Some(Policy { version, statements })
    }

    fn version(&mut self, member: Option<&Member>) -> Version {
        match member.map(|member| (&member.value.value, member.value.at)) {
            None => Version::Of2008,
            Some((Json::Text(text), _)) if text == "2008-10-17" => Version::Of2008,
            Some((Json::Text(text), _)) if text == "2012-10-17" => Version::Of2012,
            Some((_, at)) => {
                self.problem(at, "this is not a version of the policy language", r#"write "2012-10-17""#);
                Version::Of2012
            }
        }
    }

    fn unknown(&mut self, member: &Member, known: &[&str], of: &str) {
        let near =
            known.iter().find(|known| known.eq_ignore_ascii_case(&member.key) || strsim::damerau_levenshtein(known, &member.key) <= 2);
        let hint = near.map_or_else(|| format!("{of} has {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
        self.problem(member.key_at, format!("`{}` is not an element of {of}", member.key), hint);
    }

    fn statement(&mut self, index: usize, node: &Node) -> Option<Statement> {
        let Json::Object(members) = &node.value else {
            self.problem(node.at, "a statement is a JSON object", r#"write {"Effect": …, "Action": …, "Resource": …}"#);
            return None;
        };
        for member in members {
            if !KEYS.contains(&member.key.as_str()) {
                self.unknown(member, &KEYS, "a statement");
            }
        }
        let sid = find(members, "Sid").and_then(|member| Some(Placed { value: self.text(member)?, at: member.value.at }));
        let effect = self.effect(members, node);
        let principal = self.principal(members);
        let actions = self.selector(members, node, ["Action", "NotAction"]);
        let resources = self.selector(members, node, ["Resource", "NotResource"]);
        let conditions = find(members, "Condition").map(|member| self.conditions(&member.value)).unwrap_or_default();
        Some(Statement { index, sid, effect: effect?, principal, actions: actions?, resources: resources?, conditions, at: node.at })
    }

    fn text(&mut self, member: &Member) -> Option<String> {
        match &member.value.value {
            Json::Text(text) => Some(text.clone()),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
                self.problem(member.value.at, format!("`{}` takes a string", member.key), "write it in quotes");
                None
            }
        }
    }

    fn effect(&mut self, members: &[Member], node: &Node) -> Option<Placed<Effect>> {
        let Some(member) = find(members, "Effect") else {
            self.problem(first_byte(node), "this statement has no `Effect`", r#"write "Effect": "Allow" or "Effect": "Deny""#);
            return None;
        };
        let value = match self.text(member)?.as_str() {
            "Allow" => Effect::Allow,
            "Deny" => Effect::Deny,
            other => {
                self.problem(member.value.at, format!("invalid effect `{other}`"), "write Allow or Deny, in that case");
                return None;
            }
        };
        Some(Placed { value, at: member.value.at })
    }

    /// One of two elements that exclude each other.
    fn either<'m>(&mut self, members: &'m [Member], names: [&str; 2]) -> Option<(Form, &'m Member)> {
        let [any, not] = names;
        match (find(members, any), find(members, not)) {
            (Some(_), Some(second)) => {
                self.problem(second.key_at, format!("a statement has either `{any}` or `{not}`"), "remove one, or make two statements");
                None
            }
            (Some(member), None) => Some((Form::Any, member)),
            (None, Some(member)) => Some((Form::Not, member)),
            (None, None) => None,
        }
    }

    fn selector(&mut self, members: &[Member], node: &Node, names: [&str; 2]) -> Option<Selector> {
        let [any, not] = names;
        if find(members, any).or(find(members, not)).is_none() {
            self.problem(first_byte(node), format!("this statement has neither `{any}` nor `{not}`"), format!("write \"{any}\": …"));
            return None;
        }
        let (form, member) = self.either(members, names)?;
        let is_action = any == "Action";
        let variables = if is_action { Variables::Literal } else { self.variables };
        let mut patterns = Vec::new();
        for (text, at) in self.texts(member) {
            let refused = if is_action { grammar::action(&text) } else { grammar::resource(&text) };
            if let Some((what, hint)) = refused {
                self.problem(at, what, hint);
            }
            patterns.extend(self.pattern(&text, at, variables).map(|value| Placed { value, at }));
        }
        if matches!(&member.value.value, Json::List(items) if items.is_empty()) {
            self.problem(member.value.at, format!("this `{}` names nothing", member.key), "name something, or remove the statement");
        }
        Some(Selector { form, patterns, at: (member.key_at.start..member.value.at.end).into() })
    }

    fn pattern(&mut self, text: &str, at: ByteRange, variables: Variables) -> Option<Pattern> {
        Pattern::parse(text, Wildcards::Expanded, variables).map_err(|BadVariable| self.bad_variable(at)).ok()
    }

    fn bad_variable(&mut self, at: ByteRange) {
        let hint = "write `${key}` or `${key, 'default'}`; `${$}` is a dollar sign";
        self.problem(at, "this `${` begins no policy variable", hint);
    }

    /// A string or a list of strings.
    fn texts(&mut self, member: &Member) -> Vec<(String, ByteRange)> {
        let list = match &member.value.value {
            Json::List(items) => items.as_slice(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => std::slice::from_ref(&member.value),
        };
        let mut texts = Vec::new();
        for item in list {
            match &item.value {
                Json::Text(text) => texts.push((text.clone(), item.at)),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
                    self.problem(item.at, format!("`{}` takes strings", member.key), "write it in quotes");
                }
            }
        }
        texts
    }

    fn principal(&mut self, members: &[Member]) -> Option<Placed<Principals>> {
        let (form, member) = self.either(members, ["Principal", "NotPrincipal"])?;
        let mut listed = Vec::new();
        match &member.value.value {
            Json::Text(text) if text == "*" => listed.push(("AWS".to_owned(), text.clone())),
            Json::Object(kinds) => {
                for kind in kinds {
                    listed.extend(self.texts(kind).into_iter().map(|(name, _)| (kind.key.clone(), name)));
                }
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => {
                self.problem(member.value.at, format!("this is not a valid `{}`", member.key), r#"write "Principal": "*""#);
                return None;
            }
        }
        Some(Placed { value: Principals { form, listed }, at: (member.key_at.start..member.value.at.end).into() })
    }

    fn conditions(&mut self, node: &Node) -> Vec<Condition> {
        let Json::Object(operators) = &node.value else {
            self.problem(node.at, "`Condition` takes an object", r#"write {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}"#);
            return Vec::new();
        };
        let mut conditions = Vec::new();
        for member in operators {
            let Some(operator) = Operator::parse(&member.key) else {
                self.unknown_operator(member);
                continue;
            };
            let Json::Object(keys) = &member.value.value else {
                self.problem(member.value.at, format!("`{}` takes an object", member.key), r#"write {"aws:RequestedRegion": …}"#);
                continue;
            };
            let operator = Placed { value: operator, at: member.key_at };
            conditions.extend(keys.iter().map(|key| self.condition(operator.clone(), key)));
        }
        conditions
    }

    fn unknown_operator(&mut self, member: &Member) {
        let base = member.key.rsplit(':').next().unwrap_or_default();
        let near = Operator::names().map(|name| (strsim::damerau_levenshtein(&name.to_lowercase(), &base.to_lowercase()), name)).min();
        let hint = match near {
            Some((distance, near)) if distance <= 4 => format!("did you mean `{near}`?"),
            Some(_) | None => {
                "operators are StringEquals, StringLike, ArnLike, Bool, NumericLessThan, …, with ForAnyValue:, ForAllValues: and IfExists"
                    .to_owned()
            }
        };
        self.problem(member.key_at, format!("`{}` is not a condition operator", member.key), hint);
    }

    fn condition(&mut self, operator: Placed<Operator>, key: &Member) -> Condition {
        if let Some((what, hint)) = grammar::condition_key(&key.key) {
            self.problem(key.key_at, what, hint);
        }
        let list = match &key.value.value {
            Json::List(items) => items.as_slice(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => std::slice::from_ref(&key.value),
        };
        let mut values = Vec::new();
        for item in list {
            let text = match &item.value {
                Json::Text(text) | Json::Number(text) => text.clone(),
                Json::Bool(value) => value.to_string(),
                Json::Null | Json::List(_) | Json::Object(_) => {
                    self.problem(item.at, format!("`{}` takes a string or a list of strings", key.key), "write it in quotes");
                    continue;
                }
            };
            match Operand::parse(operator.value.comparison, &text, self.variables) {
                Ok(value) => values.push(Placed { value, at: item.at }),
                Err(BadVariable) => self.bad_variable(item.at),
            }
        }
        Condition { operator, key: Placed { value: key.key.clone(), at: key.key_at }, folded: key.key.to_lowercase(), values }
    }
}

fn find<'m>(members: &'m [Member], key: &str) -> Option<&'m Member> {
    members.iter().find(|member| member.key == key)
}

/// A missing element is shown at the brace of what misses it.
fn first_byte(node: &Node) -> ByteRange {
    ByteRange { start: node.at.start, end: node.at.start + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<(String, String)> {
        let problems = Policy::parse(text).err().unwrap_or_default();
        problems.into_iter().map(|p| (text[p.at.start..p.at.end].to_owned(), p.summary)).collect()
    }

    #[test]
    fn a_statement_is_typed_and_placed() {
        let text = r#"{"Version": "2012-10-17", "Statement": {"Sid": "Region", "Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "Resource": "*",
            "Condition": {"StringNotEqualsIfExists": {"aws:RequestedRegion": ["eu-west-1"]}}}}"#;
        let policy = Policy::parse(text).unwrap();
        let [statement] = policy.statements.as_slice() else { panic!("{policy:?}") };
        assert_eq!((statement.title().as_str(), statement.effect.value, statement.actions.form), ("Region", Effect::Deny, Form::Not));
        let at = |range: ByteRange| &text[range.start..range.end];
        assert_eq!(at(statement.actions.patterns[1].at), r#""sts:*""#);
        assert_eq!(at(statement.conditions[0].key.at), r#""aws:RequestedRegion""#);
        assert_eq!(at(statement.resources.at), r#""Resource": "*""#);
    }

    #[test]
    fn all_that_aws_refuses_is_told_with_its_place() {
        let text = r#"{"Version": "2012", "Statements": [], "Statement": [{"Effect": "deny", "Action": "s3", "NotResource": 1},
            {"Action": [], "NotAction": [], "Resource": "${x", "Condition": {"StringEqual": {"k": "v"}, "Bool": {"k": null}}}, 3,
            {"Effect": "Deny", "Action": ["*:Tag*", "s3:a:b", "*"], "Resource": ["bucket/*", "arn:aws:s3:b"]}]}"#;
        let found: Vec<String> = problems(text).into_iter().map(|(there, summary)| format!("{there}: {summary}")).collect();
        for expected in [
            r#""Statements": `Statements` is not an element of a policy"#,
            r#""2012": this is not a version of the policy language"#,
            r#""deny": invalid effect `deny`"#,
            r#""s3": `s3` names no service"#,
            "1: `NotResource` takes strings",
            "{: this statement has no `Effect`",
            r#""NotAction": a statement has either `Action` or `NotAction`"#,
            r#""${x": this `${` begins no policy variable"#,
            r#""StringEqual": `StringEqual` is not a condition operator"#,
            "null: `k` takes a string or a list of strings",
            "3: a statement is a JSON object",
            r#""*:Tag*": the service prefix of `*:Tag*` has a wildcard"#,
            r#""s3:a:b": the action `s3:a:b` has more than one colon"#,
            r#""bucket/*": the resource `bucket/*` is neither an ARN nor `*`"#,
            r#""arn:aws:s3:b": the ARN `arn:aws:s3:b` has 4 of 6 parts"#,
            r#""k": the condition key `k` has no prefix"#,
        ] {
            assert!(found.iter().any(|f| f.contains(expected)), "{expected} is not in {found:#?}");
        }
    }
}
