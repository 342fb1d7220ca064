//! Builds the catalogue from the service reference that AWS publishes for programs: an index of the services, and one file per service.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/service-reference.html>

use std::collections::BTreeMap;
use std::fmt;
use std::io;

use serde::Deserialize;

use super::text::{is_day, row};
use super::{Action, Catalogue, GLOBAL};

/// What the index is called where it is looked for.
pub const INDEX: &str = "service-list.json";

/// The index: a list of these.
#[derive(Deserialize)]
struct Entry {
    service: String,
    url: String,
}

/// A service. AWS may say more of it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Service {
    name: String,
    #[serde(default)]
    actions: Vec<ServiceAction>,
    #[serde(default)]
    condition_keys: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceAction {
    name: String,
    #[serde(default)]
    action_condition_keys: Vec<String>,
    #[serde(default)]
    resources: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: String,
}

/// What is wrong with the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferenceError {
    /// No date of the form `2026-11-20`.
    Date(String),
    /// A file cannot be read.
    Unreadable(String, String),
    /// A file is not in the format that AWS publishes.
    Malformed(String, String),
    /// A file is about another service than the index says: file, service, found.
    OtherService(String, String, String),
}

impl fmt::Display for ReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(text) => write!(f, "`{text}` is not a date: write 2026-11-20"),
            Self::Unreadable(file, why) => write!(f, "`{file}` cannot be read: {why}"),
            Self::Malformed(file, why) => write!(f, "`{file}` is not in the format that AWS publishes: {why}"),
            Self::OtherService(file, service, found) => write!(f, "`{file}` is about `{found}`, and the index says `{service}`"),
        }
    }
}

impl Catalogue {
    /// That of AWS's files of a day (`YYYY-MM-DD`): `read` is given the name of each, [`INDEX`] first. AWS's own condition keys are those that
    /// are built in, and what the services list beside them.
    ///
    /// # Errors
    /// All that is wrong with the files.
    pub fn of_reference(date: &str, read: &dyn Fn(&str) -> io::Result<Vec<u8>>) -> Result<Self, Vec<ReferenceError>> {
        if !is_day(date) {
            return Err(vec![ReferenceError::Date(date.to_owned())]);
        }
        let index: Vec<Entry> = file(INDEX, read).map_err(|e| vec![e])?;
        if index.is_empty() {
            return Err(vec![ReferenceError::Malformed(INDEX.to_owned(), "it lists no service".to_owned())]);
        }
        let (mut services, mut keys): (BTreeMap<String, Vec<Action>>, BTreeMap<String, Vec<String>>) = Default::default();
        if let Some((prefix, names)) = row(GLOBAL) {
            keys.entry(prefix.to_owned()).or_default().extend(names.into_iter().map(str::to_owned));
        }
        let mut errors = Vec::new();
        for entry in index {
            match service(&entry, read) {
                Ok(service) => add(service, &mut services, &mut keys),
                Err(error) => errors.push(error),
            }
        }
        // What the format cannot say would be lost in the file: AWS documents no such name.
        let catalogue = Self::new(date.to_owned(), services, keys);
        match Self::parse(&catalogue.text()) {
            Ok(read_back) if errors.is_empty() => Ok(read_back),
            Ok(_) => Err(errors),
            Err(problems) => {
                let malformed = |summary: String| ReferenceError::Malformed(INDEX.to_owned(), summary);
                errors.extend(problems.into_iter().map(|problem| malformed(problem.summary)));
                Err(errors)
            }
        }
    }
}

fn file<T: serde::de::DeserializeOwned>(name: &str, read: &dyn Fn(&str) -> io::Result<Vec<u8>>) -> Result<T, ReferenceError> {
    let bytes = read(name).map_err(|e| ReferenceError::Unreadable(name.to_owned(), e.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|e| ReferenceError::Malformed(name.to_owned(), e.to_string()))
}

fn service(entry: &Entry, read: &dyn Fn(&str) -> io::Result<Vec<u8>>) -> Result<Service, ReferenceError> {
    let name = entry.url.rsplit('/').next().unwrap_or_default();
    let service: Service = file(name, read)?;
    match service.name == entry.service {
        true => Ok(service),
        false => Err(ReferenceError::OtherService(name.to_owned(), entry.service.clone(), service.name)),
    }
}

fn add(service: Service, services: &mut BTreeMap<String, Vec<Action>>, keys: &mut BTreeMap<String, Vec<String>>) {
    let Service { name: prefix, actions, condition_keys } = service;
    let mut add_key = |key: &str| {
        if let Some((prefix, name)) = key.split_once(':') {
            keys.entry(prefix.to_lowercase()).or_default().push(pattern(name));
        }
    };
    condition_keys.iter().for_each(|key| add_key(&key.name));
    actions.iter().flat_map(|action| &action.action_condition_keys).for_each(|key| add_key(key));
    let actions = actions.into_iter().map(|action| Action { name: action.name, takes_resource: !action.resources.is_empty() });
    let known = services.entry(prefix.to_lowercase()).or_default();
    known.extend(actions);
    if known.is_empty() {
        services.remove(&prefix.to_lowercase());
    }
}

/// A condition key with `*` for the part that differs: AWS writes `${TagKey}`, `<key>` or, of a tag, plainly `key`.
fn pattern(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some(start) = rest.find(['$', '<']) {
        let (before, from) = rest.split_at(start);
        let end = if from.starts_with("${") { from.find('}') } else { from.find('>') };
        let Some(after) = end.and_then(|end| from.get(end + 1..)) else { break };
        out.push_str(before);
        out.push('*');
        rest = after;
    }
    out.push_str(rest);
    match out.rsplit_once('/') {
        Some((before, last)) if ["key", "tag-key", "tagkey"].contains(&last.to_lowercase().as_str()) => format!("{before}/*"),
        _ => out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of AWS's own examples, with what one of them is enough for.
    const FILES: [(&str, &str); 3] = [
        (
            INDEX,
            r#"[{"service": "s3", "url": "https://servicereference.us-east-1.amazonaws.com/v1/s3/s3.json"},
                {"service": "kms", "url": "https://servicereference.us-east-1.amazonaws.com/v1/kms/kms.json"}]"#,
        ),
        (
            "s3.json",
            r#"{"Name": "s3", "Version": "v1.3", "Actions": [
                {"Name": "GetObject", "ActionConditionKeys": ["s3:ExistingObjectTag/key", "s3:TlsVersion"], "Resources": [{"Name": "object"}],
                 "Annotations": {"Properties": {"IsList": false}}, "SupportedBy": {"IAM Action Last Accessed": false}},
                {"Name": "ListAllMyBuckets"}],
                "ConditionKeys": [{"Name": "s3:TlsVersion", "Types": ["Numeric"]}, {"Name": "aws:ResourceTag/${TagKey}", "Types": ["String"]}],
                "Resources": [{"Name": "object", "ARNFormats": ["arn:${Partition}:s3:::${BucketName}/${ObjectName}"]}]}"#,
        ),
        (
            "kms.json",
            r#"{"Name": "kms", "Actions": [{"Name": "Decrypt", "Resources": [{"Name": "key"}]}],
                "ConditionKeys": [{"Name": "kms:EncryptionContext:${EncryptionContextKey}"}, {"Name": "kms:x<y>/z"}]}"#,
        ),
    ];

    fn read(files: &[(&str, &str)], date: &str) -> Result<Catalogue, Vec<ReferenceError>> {
        let find = |name: &str| files.iter().find(|(known, _)| *known == name).map(|(_, text)| text.as_bytes().to_vec());
        Catalogue::of_reference(date, &|name| find(name).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)))
    }

    #[test]
    fn awss_files_make_a_catalogue() {
        let catalogue = read(&FILES, "2026-11-20").unwrap();
        assert_eq!(catalogue.date(), "2026-11-20");
        let actions: Vec<(&str, bool)> = catalogue.known_actions().collect();
        assert_eq!(actions, [("kms:Decrypt", true), ("s3:GetObject", true), ("s3:ListAllMyBuckets", false)]);
        for (key, expected) in [
            ("s3:ExistingObjectTag/team", Some(true)),
            ("s3:tlsversion", Some(true)),
            ("s3:nonsense", Some(false)),
            ("kms:EncryptionContext:app", Some(true)),
            ("kms:xq/z", Some(true)),
            ("aws:ResourceTag/team", Some(true)),
            ("aws:PrincipalOrgID", Some(true)),
            ("ec2:Region", None),
        ] {
            assert_eq!(catalogue.has_key(key), expected, "{key}");
        }
        assert_eq!(Catalogue::parse(&catalogue.text()).unwrap(), catalogue);
    }

    #[test]
    fn all_that_is_wrong_is_told() {
        assert_eq!(read(&FILES, "2026-13-20").unwrap_err(), [ReferenceError::Date("2026-13-20".to_owned())]);
        let told = |files: &[(&str, &str)]| read(files, "2026-11-20").unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(told(&[])[0].starts_with("`service-list.json` cannot be read"));
        assert!(told(&[(INDEX, "{}")])[0].starts_with("`service-list.json` is not in the format that AWS publishes"));
        assert_eq!(told(&[(INDEX, "[]")]), ["`service-list.json` is not in the format that AWS publishes: it lists no service"]);
        let told = told(&[FILES[0], ("s3.json", r#"{"Name": "s4"}"#)]);
        assert_eq!(told[0], "`s3.json` is about `s4`, and the index says `s3`");
        assert!(told[1].starts_with("`kms.json` cannot be read"), "{told:?}");
    }
}
