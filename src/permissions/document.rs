//! Permissions as a document of IAM's policy language: an identity policy for a role or a user.

use serde_json::{Value, json};

use super::{Permissions, Who};

/// Characters that IAM takes in a managed policy, white space not counted.
/// Source: the IAM user guide, "IAM and AWS STS quotas".
pub const MANAGED_POLICY_SIZE: usize = 6_144;

/// A statement is about operations of these services, …
struct Part {
    sid: &'static str,
    services: &'static [&'static str],
    /// … in the Regions of the networks, or wherever they are asked for.
    regional: bool,
}

const PARTS: &[Part] = &[
    Part { sid: "Organization", services: &["organizations"], regional: false },
    Part { sid: "Accounts", services: &["account"], regional: false },
    Part { sid: "Networks", services: &["ec2"], regional: true },
    Part { sid: "Sharing", services: &["ram"], regional: false },
    Part { sid: "RootAccess", services: &["iam"], regional: false },
    Part { sid: "Records", services: &["config"], regional: false },
    Part { sid: "Trail", services: &["cloudtrail"], regional: false },
    Part { sid: "Tags", services: &["tag"], regional: false },
];

impl Permissions {
    /// The policy of one of them, as narrow as the table tells: actions by name, the access role by its name, networks in their Regions,
    /// service-linked roles by their service.
    pub fn document(&self, who: Who) -> Value {
        let grants = self.grants(who);
        let mut statements = Vec::new();
        for Part { sid, services, regional } in PARTS {
            let of_part = |operation: &&&str| operation.split_once(':').is_some_and(|(service, _)| services.contains(&service));
            let actions: Vec<&str> = grants.operations.iter().filter(of_part).copied().collect();
            let mut statement = json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": "*" });
            if *regional
                && !self.regions.is_empty()
                && let Some(statement) = statement.as_object_mut()
            {
                let regions = json!({ "StringEquals": { "aws:RequestedRegion": self.regions } });
                statement.insert("Condition".to_owned(), regions);
            }
            if !actions.is_empty() {
                statements.push(statement);
            }
        }
        if grants.operations.contains("sts:AssumeRole") {
            statements.push(self.access_role_statement());
        }
        if grants.operations.contains("sts:AssumeRoot") {
            let task = |task| format!("arn:{}:iam::aws:policy/root-task/{task}", self.partition);
            statements.push(json!({
                "Sid": "RootTasks",
                "Effect": "Allow",
                "Action": ["sts:AssumeRoot"],
                "Resource": format!("arn:{}:iam::*:root", self.partition),
                "Condition": { "StringEquals": { "sts:TaskPolicyArn": grants.root_tasks.iter().map(task).collect::<Vec<_>>() } },
            }));
        }
        if !grants.besides.is_empty() {
            statements.push(json!({ "Sid": "Besides", "Effect": "Allow", "Action": grants.besides, "Resource": "*" }));
        }
        if !grants.linked_roles.is_empty() {
            statements.push(json!({
                "Sid": "LinkedRoles",
                "Effect": "Allow",
                "Action": ["iam:CreateServiceLinkedRole"],
                "Resource": format!("arn:{}:iam::*:role/aws-service-role/*", self.partition),
                "Condition": { "StringEquals": { "iam:AWSServiceName": grants.linked_roles } },
            }));
        }
        json!({ "Version": "2012-10-17", "Statement": statements })
    }

    fn access_role_statement(&self) -> Value {
        let role = format!("arn:{}:iam::*:role/{}", self.partition, self.role);
        let mut statement = json!({ "Sid": "AccessRole", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": role });
        if let (Some(id), Some(statement)) = (&self.external_id, statement.as_object_mut()) {
            statement.insert("Condition".to_owned(), json!({ "StringEquals": { "sts:ExternalId": id } }));
        }
        statement
    }
}
