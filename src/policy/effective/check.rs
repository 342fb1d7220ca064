//! Checks a management policy document: what AWS documents that it refuses, by type, and what has no documented meaning.

use crate::diagnostic::{ByteRange, Severity};
use crate::policy::Problem;

use super::tree::{Node, Tree, Verb};

/// Something wrong about a document: an error is what AWS refuses, a warning what it documents no meaning of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Which of the two.
    pub severity: Severity,
    /// What, where, and what to do.
    pub problem: Problem,
}

/// What is documented of a type. Of one that is not here nothing but its operators is looked at.
struct Grammar {
    policy_type: &'static str,
    /// The one key that its documents begin with.
    top: &'static str,
    others: Others,
}

/// Whether there may be other keys besides the first.
#[derive(Clone, Copy)]
enum Others {
    /// It is the fixed name that documents start with.
    None,
    /// The page speaks of metadata too.
    Perhaps,
}

/// Source, each on a page of its own below <https://docs.aws.amazon.com/organizations/latest/userguide/>: "syntax and examples" of the type.
const GRAMMARS: &[Grammar] = &[
    Grammar { policy_type: "TAG_POLICY", top: "tags", others: Others::None },
    Grammar { policy_type: "BACKUP_POLICY", top: "plans", others: Others::None },
    Grammar { policy_type: "AISERVICES_OPT_OUT_POLICY", top: "services", others: Others::None },
    Grammar { policy_type: "CHATBOT_POLICY", top: "chatbot", others: Others::None },
    Grammar { policy_type: "DECLARATIVE_POLICY_EC2", top: "ec2_attributes", others: Others::None },
    Grammar { policy_type: "SECURITYHUB_POLICY", top: "securityhub", others: Others::None },
    Grammar { policy_type: "INSPECTOR_POLICY", top: "inspector", others: Others::None },
    Grammar { policy_type: "UPGRADE_ROLLOUT_POLICY", top: "upgrade_rollout", others: Others::Perhaps },
    Grammar { policy_type: "BEDROCK_POLICY", top: "bedrock", others: Others::None },
    Grammar { policy_type: "S3_POLICY", top: "s3_attributes", others: Others::None },
    Grammar { policy_type: "GUARDDUTY_POLICY", top: "guardduty", others: Others::None },
    Grammar { policy_type: "NETWORK_SECURITY_DIRECTOR_POLICY", top: "network_security_director", others: Others::None },
];

/// The document, and all that is wrong about it as one of `policy_type`, in the API's spelling, by place. No tree of a text that is no JSON
/// object: `Document::parse` reports why.
pub fn check(policy_type: &str, text: &str) -> (Option<Tree>, Vec<Mistake>) {
    let (tree, mistakes) = Tree::parse(text);
    let mut checker = Checker { mistakes };
    if let Some(tree) = &tree {
        if let Some(grammar) = GRAMMARS.iter().find(|grammar| grammar.policy_type == policy_type) {
            checker.top(grammar, &tree.root);
        }
        match policy_type {
            "AISERVICES_OPT_OUT_POLICY" => checker.opt_out(&tree.root),
            "S3_POLICY" => checker.one_of(&tree.root, &["s3_attributes", "public_access_block_configuration"], &["all", "none"]),
            _ => {}
        }
    }
    let mut mistakes = checker.mistakes;
    mistakes.sort_by_key(|mistake| mistake.problem.at);
    (tree, mistakes)
}

struct Checker {
    mistakes: Vec<Mistake>,
}

impl Checker {
    fn tell(&mut self, severity: Severity, at: ByteRange, summary: impl Into<String>, hint: impl Into<String>) {
        self.mistakes.push(Mistake { severity, problem: Problem { at, summary: summary.into(), hint: hint.into() } });
    }

    fn refuse(&mut self, at: ByteRange, summary: impl Into<String>, hint: impl Into<String>) {
        self.tell(Severity::Error, at, summary, hint);
    }

    fn top(&mut self, grammar: &Grammar, root: &Node) {
        let Grammar { policy_type: _, top, others } = grammar;
        let first_byte = ByteRange { start: root.key.at.start, end: root.key.at.start + 1 };
        if !root.children.contains_key(*top) && root.children.is_empty() {
            self.refuse(first_byte, format!("a document of this type begins with `{top}`"), format!(r#"write {{"{top}": {{ … }}}}"#));
        }
        for child in root.children.values().filter(|child| child.key.value != *top) {
            let severity = match others {
                Others::None => Severity::Error,
                Others::Perhaps if root.children.contains_key(*top) => Severity::Warning,
                Others::Perhaps => Severity::Error,
            };
            let summary = format!("`{}` is not the top-level key of this document type", child.key.value);
            self.tell(severity, child.key.at, summary, format!("it is `{top}`"));
        }
        for operation in &root.operations {
            self.refuse(
                operation.at,
                format!("a document begins with a key, not with `{}`", operation.verb.name()),
                format!("it is `{top}`"),
            );
        }
    }

    /// `services.<service>.opt_out_policy`, with `@@assign` alone and one of two values. Which services there are grows, so that is not looked
    /// at.
    fn opt_out(&mut self, root: &Node) {
        let Some(services) = root.children.get("services") else { return };
        self.only_assign(services);
        for service in services.children.values() {
            if !service.children.contains_key("opt_out_policy") && service.children.is_empty() {
                self.refuse(service.key.at, format!("`{}` has no `opt_out_policy`", service.key.value), "that key must be there");
            }
            for key in service.children.values() {
                if key.key.value != "opt_out_policy" {
                    let summary = format!("`{}` is not a service key", key.key.value);
                    self.refuse(key.key.at, summary, "`opt_out_policy` is the only one");
                }
            }
        }
        for setting in services.children.values().filter_map(|service| service.children.get("opt_out_policy")) {
            self.values(setting, &["optOut", "optIn"]);
        }
    }

    /// AI services opt-out policies have no lists to append to.
    fn only_assign(&mut self, node: &Node) {
        for operation in node.operations.iter().filter(|operation| operation.verb != Verb::Assign) {
            let summary = format!("an AI services opt-out policy takes no `{}`", operation.verb.name());
            self.refuse(operation.at, summary, "write `@@assign`");
        }
        for child in node.children.values() {
            self.only_assign(child);
        }
    }

    fn one_of(&mut self, root: &Node, path: &[&str], values: &[&str]) {
        let found = path.iter().try_fold(root, |node, key| node.children.get(*key));
        if let Some(setting) = found {
            self.values(setting, values);
        }
    }

    /// The case of values matters.
    fn values(&mut self, setting: &Node, values: &[&str]) {
        for operation in setting.operations.iter().filter(|operation| operation.verb == Verb::Assign) {
            let value = operation.value.as_str();
            if !value.is_some_and(|value| values.contains(&value)) {
                let what = value.map_or_else(|| "this".to_owned(), |value| format!("`{value}`"));
                let summary = format!("{what} is not a valid value of `{}`", setting.key.value);
                self.refuse(operation.at, summary, format!("write {}", values.join(" or ")));
            }
        }
    }
}
