//! AWS's models of the services, as `tests/models/wire.py` trims them: operations, and the shapes of their requests, answers and errors.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex_lite::Regex;
use serde::Deserialize;

/// A protocol of AWS's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::sandbox) enum Protocol {
    Json,
    RestJson,
    Query,
    Ec2,
    RestXml,
}

/// The model of a service.
#[derive(Debug)]
pub(in crate::sandbox) struct Model {
    pub protocol: Protocol,
    /// Of the XML that it answers.
    pub namespace: String,
    operations: BTreeMap<String, Operation>,
    shapes: Vec<Shape>,
    errors: BTreeMap<String, ErrorFacts>,
}

/// An operation.
#[derive(Debug)]
pub(in crate::sandbox) struct Operation {
    pub method: String,
    /// `/2013-04-01/hostedzone/{Id}`.
    pub uri: String,
    /// The status of a success.
    pub status: u16,
    pub input: Option<Reference>,
    pub output: Option<Reference>,
}

/// What the model says of an error.
#[derive(Debug)]
pub(in crate::sandbox) struct ErrorFacts {
    pub status: u16,
    /// What its member with the text is called.
    pub message: String,
}

/// Where a member of a request or answer is, if not in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::sandbox) enum Location {
    Header,
    QueryString,
    Uri,
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(in crate::sandbox) enum TimestampFormat {
    #[serde(rename = "iso8601")]
    Iso8601,
    #[serde(rename = "unixTimestamp")]
    Unix,
    #[serde(rename = "rfc822")]
    Http,
}

/// A use of a shape.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Reference {
    shape: usize,
    /// What it is called on the wire, if the model says so.
    pub name: Option<String>,
    pub is_flattened: bool,
}

/// A member of a structure.
#[derive(Debug, Clone)]
pub(in crate::sandbox) struct Member {
    /// What a value of the sandbox calls it: as on the wire if it is in the body, as in the model otherwise.
    pub key: String,
    /// What it is called on the wire.
    pub wire: String,
    pub location: Option<Location>,
    pub is_required: bool,
    pub reference: Reference,
}

/// A structure: EC2 calls a member otherwise in requests than in answers.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Structure {
    /// By key.
    pub input: Vec<Member>,
    /// By key.
    pub output: Vec<Member>,
    /// The key of the member that is the whole body.
    pub payload: Option<String>,
}

impl Structure {
    pub(in crate::sandbox) fn input(&self, key: &str) -> Option<&Member> {
        find(&self.input, key)
    }

    pub(in crate::sandbox) fn output(&self, key: &str) -> Option<&Member> {
        find(&self.output, key)
    }
}

fn find<'m>(members: &'m [Member], key: &str) -> Option<&'m Member> {
    members.binary_search_by(|member| member.key.as_str().cmp(key)).ok().and_then(|index| members.get(index))
}

/// The least and the most of a length or a number.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::sandbox) struct Bounds {
    pub min: Option<i64>,
    pub max: Option<i64>,
}

/// A shape.
#[derive(Debug)]
pub(in crate::sandbox) enum Shape {
    Structure(Structure),
    List { item: Reference, length: Bounds, is_flattened: bool },
    Map { key: Reference, value: Reference },
    Text { length: Bounds, values: Vec<String>, pattern: Option<Pattern> },
    Integer(Bounds),
    Number,
    Boolean,
    Timestamp(Option<TimestampFormat>),
}

/// A regular expression that is compiled when it is first used.
#[derive(Debug)]
pub(in crate::sandbox) struct Pattern {
    pub text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Whether the whole of a text matches. A pattern that the library cannot read takes anything.
    pub(in crate::sandbox) fn takes(&self, text: &str) -> bool {
        self.regex().is_none_or(|regex| regex.is_match(text))
    }

    fn regex(&self) -> Option<&Regex> {
        let compile = || {
            // regex-lite knows no classes of Unicode: let any letter, mark and number beyond ASCII pass for these.
            let known = self.text.replace(r"\p{L}\p{Z}\p{N}", r"a-zA-Z0-9 \u{80}-\u{10FFFF}");
            // Nor look-ahead: the operations of account aliases check theirs themselves.
            Regex::new(&format!("^(?:{})$", known.replace("(?!-)", ""))).ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }
}

impl Model {
    /// The model in a file of `src/sandbox/models`.
    pub(in crate::sandbox) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<RawModel>(text).map(RawModel::link)
    }

    pub(in crate::sandbox) fn shape(&self, reference: &Reference) -> &Shape {
        // The linker has made every index.
        self.shapes.get(reference.shape).unwrap_or(&Shape::Number)
    }

    /// The structure of a request or an answer.
    pub(in crate::sandbox) fn structure(&self, reference: Option<&Reference>) -> Option<&Structure> {
        match self.shape(reference?) {
            Shape::Structure(structure) => Some(structure),
            _ => None,
        }
    }

    #[cfg(test)]
    pub(super) fn unreadable_patterns(&self) -> Vec<&str> {
        let patterns = self.shapes.iter().filter_map(|shape| match shape {
            Shape::Text { pattern, .. } => pattern.as_ref(),
            _ => None,
        });
        patterns.filter(|pattern| pattern.regex().is_none()).map(|pattern| pattern.text.as_str()).collect()
    }

    pub(in crate::sandbox) fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.get(name)
    }

    pub(in crate::sandbox) fn operations(&self) -> impl Iterator<Item = (&str, &Operation)> {
        self.operations.iter().map(|(name, operation)| (name.as_str(), operation))
    }

    /// What is modelled of an error.
    pub(in crate::sandbox) fn error(&self, code: &str) -> Option<&ErrorFacts> {
        self.errors.get(code)
    }
}

// --- The files --------------------------------------------------------------------------------------------------------------------

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawModel {
    metadata: Metadata,
    operations: BTreeMap<String, RawOperation>,
    shapes: BTreeMap<String, RawShape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    protocol: Protocol,
    xml_namespace: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOperation {
    method: String,
    uri: String,
    status: Option<u16>,
    input: Option<RawReference>,
    output: Option<RawReference>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawReference {
    shape: String,
    location_name: Option<String>,
    query_name: Option<String>,
    location: Option<Location>,
    #[serde(default)]
    flattened: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawShape {
    r#type: String,
    #[serde(default)]
    members: BTreeMap<String, RawReference>,
    #[serde(default)]
    required: Vec<String>,
    payload: Option<String>,
    member: Option<RawReference>,
    key: Option<RawReference>,
    value: Option<RawReference>,
    #[serde(default)]
    flattened: bool,
    min: Option<f64>,
    max: Option<f64>,
    pattern: Option<String>,
    #[serde(default)]
    r#enum: Vec<String>,
    timestamp_format: Option<TimestampFormat>,
    #[serde(default)]
    exception: bool,
    #[serde(default)]
    fault: bool,
    #[serde(default)]
    error: RawError,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct RawError {
    code: Option<String>,
    http_status_code: Option<u16>,
}

impl RawModel {
    fn link(self) -> Model {
        let index: BTreeMap<&str, usize> = self.shapes.keys().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
        let linker = Linker { index, protocol: self.metadata.protocol };
        let operations = self.operations.into_iter().map(|(name, raw)| (name, linker.operation(raw))).collect();
        let namespace = self.metadata.xml_namespace.unwrap_or_default();
        let shapes = self.shapes.values().map(|raw| linker.shape(raw)).collect();
        let errors = self.shapes.iter().filter(|(_, raw)| raw.exception).map(|(name, raw)| raw.error(name)).collect();
        Model { protocol: linker.protocol, namespace, operations, shapes, errors }
    }
}

/// Makes names to indexes.
struct Linker<'m> {
    index: BTreeMap<&'m str, usize>,
    protocol: Protocol,
}

impl Linker<'_> {
    fn operation(&self, raw: RawOperation) -> Operation {
        Operation {
            method: raw.method,
            uri: raw.uri,
            status: raw.status.unwrap_or(200),
            input: raw.input.as_ref().map(|input| self.reference(input)),
            output: raw.output.as_ref().map(|output| self.reference(output)),
        }
    }

    fn reference(&self, raw: &RawReference) -> Reference {
        Reference {
            shape: self.index.get(raw.shape.as_str()).copied().unwrap_or(usize::MAX),
            name: raw.location_name.clone(),
            is_flattened: raw.flattened,
        }
    }

    fn shape(&self, raw: &RawShape) -> Shape {
        let bounds = Bounds { min: raw.min.map(|min| min as i64), max: raw.max.map(|max| max as i64) };
        let inner = |reference: &Option<RawReference>| self.reference(reference.as_ref().unwrap_or(&RawReference::default()));
        match raw.r#type.as_str() {
            "structure" => Shape::Structure(self.structure(raw)),
            "list" => Shape::List { item: inner(&raw.member), length: bounds, is_flattened: raw.flattened },
            "map" => Shape::Map { key: inner(&raw.key), value: inner(&raw.value) },
            "integer" | "long" => Shape::Integer(bounds),
            "float" | "double" => Shape::Number,
            "boolean" => Shape::Boolean,
            "timestamp" => Shape::Timestamp(raw.timestamp_format),
            _ => {
                let pattern = raw.pattern.clone().map(|text| Pattern { text, compiled: OnceLock::new() });
                Shape::Text { length: bounds, values: raw.r#enum.clone(), pattern }
            }
        }
    }

    fn structure(&self, raw: &RawShape) -> Structure {
        let members = |of_request: bool| {
            let mut members: Vec<Member> = raw.members.iter().map(|(name, member)| self.member(raw, name, member, of_request)).collect();
            members.sort_by(|one, other| one.key.cmp(&other.key));
            members
        };
        let payload = raw.payload.as_ref().map(|name| {
            let reference = raw.members.get(name);
            reference.and_then(|member| member.location_name.clone()).unwrap_or_else(|| name.clone())
        });
        Structure { input: members(true), output: members(false), payload }
    }

    fn member(&self, raw: &RawShape, name: &str, member: &RawReference, of_request: bool) -> Member {
        let wire = member.location_name.as_deref().unwrap_or(name);
        let wire = match self.protocol {
            // https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html: `ec2QueryName`, or the name with a capital letter.
            Protocol::Ec2 if of_request => member.query_name.clone().unwrap_or_else(|| capitalized(wire)),
            _ => wire.to_owned(),
        };
        Member {
            key: if member.location.is_some() { name.to_owned() } else { wire.clone() },
            wire,
            location: member.location,
            is_required: raw.required.iter().any(|required| required == name),
            reference: self.reference(member),
        }
    }
}

fn capitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

impl RawShape {
    fn error(&self, name: &str) -> (String, ErrorFacts) {
        let code = self.error.code.clone().unwrap_or_else(|| name.to_owned());
        let status = self.error.http_status_code.unwrap_or(if self.fault { 500 } else { 400 });
        let message = self.members.keys().find(|member| member.eq_ignore_ascii_case("message"));
        (code, ErrorFacts { status, message: message.cloned().unwrap_or_else(|| "message".to_owned()) })
    }
}
