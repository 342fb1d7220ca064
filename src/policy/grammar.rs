//! What AWS refuses about the single texts of a document: actions, resources and condition keys.
//!
//! Organizations takes the full IAM language in SCPs since 2025-09-19 ("SCP syntax", Organizations user guide) and publishes no grammar of its
//! own, so IAM's rules are taken to hold for SCPs and RCPs alike. Sources, as of 2026-12-01: the IAM user guide, "IAM JSON policy elements: Action",
//! "… Resource" (no wildcard in the service segment of an ARN) and "Grammar of the IAM JSON policy language"; IAM Access Analyzer's
//! policy check reference (`INVALID_ACTION`, `INVALID_ARN_PREFIX`, `MISSING_ARN_FIELD`, `INVALID_CONDITION_KEY_FORMAT`); IAM's own messages, such as
//! "Action vendors (e.g., aws, ec2, etc.) must not contain wildcards" and "Actions/Condition can contain only one colon".
//!
//! Not documented, and read in the safe way: `*:*` as an action (write `*`), and an ARN of three or four parts, which IAM sometimes takes.

use super::condition::arn_parts;

/// What is wrong with a text, and what to do.
pub(super) type Refused = (String, &'static str);

/// What AWS refuses about an action; `*` alone is right.
pub(super) fn action(text: &str) -> Option<Refused> {
    let refused = |what: String, hint| Some((what, hint));
    if text == "*" {
        return None;
    }
    let Some((service, name)) = text.split_once(':') else {
        return refused(format!("`{text}` names no service"), "write `service:Action`, such as `s3:GetObject`");
    };
    if name.contains(':') {
        return refused(format!("the action `{text}` has more than one colon"), "write `service:Action`, such as `s3:GetObject`");
    }
    if service.contains(['*', '?']) {
        let hint = "write out each service, such as `ec2:Tag*`; only `*` alone stands for all services";
        return refused(format!("the service prefix of `{text}` has a wildcard"), hint);
    }
    if service.is_empty() || !service.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') {
        let hint = "a service prefix has letters, digits, `-` and `.`, such as `s3` in `s3:GetObject`";
        return refused(format!("invalid service prefix `{service}` in `{text}`"), hint);
    }
    None
}

/// What AWS refuses about a resource; `*` alone is right.
pub(super) fn resource(text: &str) -> Option<Refused> {
    if text == "*" {
        return None;
    }
    let parts = arn_parts(text);
    let [arn, rest @ ..] = parts.as_slice() else { return None };
    if *arn != "arn" || rest.is_empty() {
        let hint = "write `*`, or an ARN such as `arn:aws:s3:::example-bucket/*`";
        return Some((format!("the resource `{text}` is neither an ARN nor `*`"), hint));
    }
    if parts.len() < 6 {
        let hint =
            "write all six parts, `arn:partition:service:region:account:resource`; some may be empty, as in `arn:aws:s3:::example-bucket`";
        return Some((format!("the ARN `{text}` has {} of 6 parts", parts.len()), hint));
    }
    match parts.get(2) {
        Some(&"") => {
            Some((format!("the ARN `{text}` names no service"), "write the service, such as `s3` in `arn:aws:s3:::example-bucket`"))
        }
        Some(service) if service.contains(['*', '?']) => {
            let hint = "write an ARN for each service, or `*` alone for all resources";
            Some((format!("the service of the ARN `{text}` has a wildcard"), hint))
        }
        Some(_) | None => None,
    }
}

/// What AWS refuses about a condition key.
pub(super) fn condition_key(text: &str) -> Option<Refused> {
    let is_prefixed = text.split_once(':').is_some_and(|(prefix, name)| !prefix.trim().is_empty() && !name.is_empty());
    let hint = "write `prefix:key`, such as `aws:RequestedRegion` or `s3:prefix`";
    (!is_prefixed).then(|| (format!("the condition key `{text}` has no prefix"), hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_have_a_plain_service_prefix_and_one_colon() {
        for right in ["*", "s3:*", "s3:Get*", "ec2:?*Vpc", "cognito-idp:*", "execute-api:Invoke", "mechanicalturk.x:y", "S3:GetObject"] {
            assert_eq!(action(right), None, "{right}");
        }
        for (wrong, why) in [
            ("s3", "names no service"),
            ("", "names no service"),
            ("**", "names no service"),
            ("s3:Get:Object", "more than one colon"),
            ("*:*", "has a wildcard"),
            ("*:Tag*", "has a wildcard"),
            ("s*:Get", "has a wildcard"),
            ("ec?:Get", "has a wildcard"),
            (":Get", "invalid service prefix"),
            ("a a:List", "invalid service prefix"),
        ] {
            assert!(action(wrong).is_some_and(|(what, _)| what.contains(why)), "{wrong}: {:?}", action(wrong));
        }
    }

    #[test]
    fn resources_are_whole_arns_or_everything() {
        for right in [
            "*",
            "arn:aws:s3:::b/*",
            "arn:*:iam::*:role/x",
            "arn:aws*:logs:*:*:log-group:a:*",
            "arn:aws:s3:::home/${aws:username}",
            "arn:${p:partition}:s3:::b",
        ] {
            assert_eq!(resource(right), None, "{right}");
        }
        for (wrong, why) in [
            ("", "neither an ARN"),
            ("**", "neither an ARN"),
            ("arn", "neither an ARN"),
            ("my-bucket/*", "neither an ARN"),
            ("aws:s3:::b", "neither an ARN"),
            ("ARN:aws:s3:::b", "neither an ARN"),
            ("arn:*", "has 2 of 6 parts"),
            ("arn:aws:s3:b", "has 4 of 6 parts"),
            ("arn:aws:s3::b", "has 5 of 6 parts"),
            ("arn:aws:s3:${aws:x}:b", "has 5 of 6 parts"),
            ("arn:aws:*:*:*:*", "has a wildcard"),
            ("arn:aws::::b", "names no service"),
        ] {
            assert!(resource(wrong).is_some_and(|(what, _)| what.contains(why)), "{wrong}: {:?}", resource(wrong));
        }
    }

    #[test]
    fn condition_keys_have_a_prefix() {
        for right in ["aws:RequestedRegion", "kms:EncryptionContext:aws:s3:arn", "aws:RequestTag/a:b", "accounts.google.com:aud"] {
            assert_eq!(condition_key(right), None, "{right}");
        }
        for wrong in ["", "k", "RequestedRegion", ":key", "aws:", " :k"] {
            assert!(condition_key(wrong).is_some(), "{wrong}");
        }
    }
}
