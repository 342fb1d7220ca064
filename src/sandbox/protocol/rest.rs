//! The REST protocols: the method and the path name the operation, and members are in the path, the query, the headers or the body.
//! <https://smithy.io/2.0/spec/http-bindings.html>

use aws_smithy_xml::decode::Document;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::form::{pairs, scalar};
use super::model::{Location, Member, Model, Operation, Protocol, Shape, Structure};
use super::xml::is_well_formed;
use super::{Malformed, json_body};

/// The parts of a path that a template leaves open.
type Labels = Vec<(String, String)>;

/// What a path without an operation is called.
pub(super) fn name_of_path(path: &str) -> String {
    let mut letters = path.trim_matches('/').chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

impl Model {
    /// The operation of a request, with the labels of its path.
    pub(super) fn route(&self, request: &Request<Bytes>) -> Option<(&str, &Operation, Labels)> {
        let (method, uri) = (request.method().as_str(), request.uri());
        self.operations().filter(|(_, operation)| operation.method == method).find_map(|(name, operation)| {
            let labels = labels(&operation.uri, uri.path(), uri.query().unwrap_or_default())?;
            Some((name, operation, labels))
        })
    }

    pub(super) fn read_rest(&self, operation: &Operation, request: &Request<Bytes>, labels: Labels) -> Result<Value, Malformed> {
        let Some(structure) = self.structure(operation.input.as_ref()) else { return Ok(Value::Null) };
        let mut input = match &structure.payload {
            Some(key) if request.body().is_empty() => Map::from_iter([(key.clone(), Value::Null)]),
            Some(key) => {
                let shape = structure.input(key).map(|member| self.shape(&member.reference));
                let Some(Shape::Structure(inner)) = shape else { return Err(Malformed::Body("the body has no structure".to_owned())) };
                Map::from_iter([(key.clone(), self.read_body(inner, request.body())?)])
            }
            None => match self.read_body(structure, request.body())? {
                Value::Object(members) => members,
                _ => return Err(Malformed::Body("the body is not a structure".to_owned())),
            },
        };
        let query: Labels = pairs(request.uri().query().unwrap_or_default()).collect();
        for member in structure.input.iter().filter(|member| member.location.is_some()) {
            let found: Vec<&str> = match member.location {
                Some(Location::Uri) => values(&labels, &member.wire),
                Some(Location::QueryString) => values(&query, &member.wire),
                Some(Location::Header) | None => {
                    let header = request.headers().get(&member.wire).and_then(|value| value.to_str().ok());
                    header.into_iter().collect()
                }
            };
            if let Some(value) = self.located(member, &found)? {
                input.insert(member.key.clone(), value);
            }
        }
        let input = Value::Object(input);
        self.check(structure, &input)?;
        Ok(input)
    }

    fn read_body(&self, structure: &Structure, body: &Bytes) -> Result<Value, Malformed> {
        if self.protocol == Protocol::RestJson {
            return json_body(body);
        }
        let text = String::from_utf8_lossy(body);
        if text.is_empty() {
            return Ok(Value::Object(Map::new()));
        }
        let not_xml = || Malformed::Body("the body is not well-formed XML".to_owned());
        if !is_well_formed(&text) {
            return Err(not_xml());
        }
        let mut document = Document::new(&text);
        let mut root = document.root_element().map_err(|_| not_xml())?;
        Ok(self.of_element(structure, &mut root)?)
    }

    /// The value of a member outside the body.
    fn located(&self, member: &Member, found: &[&str]) -> Result<Option<Value>, Malformed> {
        let value = match (self.shape(&member.reference), found) {
            (_, []) => return Ok(None),
            (Shape::List { item, .. }, found) => found.iter().map(|text| scalar(self.shape(item), (*text).to_owned())).collect(),
            (shape, [text, ..]) => scalar(shape, (*text).to_owned()),
        };
        Ok(Some(value.map_err(|problem| problem.within(&member.key))?))
    }

    /// The headers of an answer that members of it are.
    pub(in crate::sandbox) fn write_headers(&self, name: &str, value: &Value, headers: &mut HeaderMap) {
        let output = self.operation(name).and_then(|operation| self.structure(operation.output.as_ref()));
        for member in output.into_iter().flat_map(|structure| &structure.output) {
            let text = match value.get(&member.key) {
                Some(Value::String(text)) if member.location == Some(Location::Header) => text.clone(),
                Some(value @ (Value::Bool(_) | Value::Number(_))) if member.location == Some(Location::Header) => value.to_string(),
                _ => continue,
            };
            if let (Ok(name), Ok(text)) = (HeaderName::try_from(member.wire.as_str()), HeaderValue::try_from(text)) {
                headers.insert(name, text);
            }
        }
    }

    pub(super) fn write_rest_xml(&self, out: &mut String, name: &str, structure: Option<&Structure>, value: &Value) {
        let payload = structure.and_then(|structure| structure.payload.as_ref());
        let (mut body, namespace) = (String::new(), &self.namespace);
        let root = match payload.and_then(|key| structure.and_then(|structure| structure.output(key))) {
            Some(member) => {
                let Some(value) = value.get(&member.key).filter(|value| !value.is_null()) else { return };
                let Shape::Structure(inner) = self.shape(&member.reference) else { return };
                self.write_members(&mut body, Some(inner), value);
                member.wire.clone()
            }
            None if value.is_null() => return,
            None => {
                self.write_members(&mut body, structure, value);
                format!("{name}Response")
            }
        };
        out.push_str(&format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"{namespace}\">{body}</{root}>"));
    }
}

fn values<'p>(pairs: &'p Labels, name: &str) -> Vec<&'p str> {
    pairs.iter().filter(|(other, _)| other == name).map(|(_, value)| value.as_str()).collect()
}

/// The labels of a path that fits a template such as `/2013-04-01/hostedzone/{Id}`; what follows a `?` there must be in the query.
fn labels(template: &str, path: &str, query: &str) -> Option<Labels> {
    let (template, needed) = template.split_once('?').unwrap_or((template, ""));
    let has = |needed: &str| query.split('&').any(|pair| pair == needed || pair.split_once('=').is_some_and(|(name, _)| name == needed));
    if !needed.split('&').filter(|needed| !needed.is_empty()).all(has) {
        return None;
    }
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (mut labels, mut rest) = (Vec::new(), path.trim_matches('/'));
    for part in template.trim_matches('/').split('/') {
        let label = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
        if let Some(name) = label.and_then(|label| label.strip_suffix('+')) {
            labels.push((name.to_owned(), decoded(rest)));
            return (!rest.is_empty()).then_some(labels);
        }
        let (first, after) = rest.split_once('/').unwrap_or((rest, ""));
        match label {
            Some(name) if !first.is_empty() => labels.push((name.to_owned(), decoded(first))),
            None if first == part => {}
            Some(_) | None => return None,
        }
        rest = after;
    }
    rest.is_empty().then_some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_fits_a_template_by_its_parts() {
        let found = |template: &str, path: &str, query: &str| {
            labels(template, path, query).map(|labels| labels.into_iter().map(|(_, value)| value).collect::<Vec<_>>())
        };
        assert_eq!(found("/a/{Id}/b", "/a/x%20y/b", ""), Some(vec!["x y".to_owned()]));
        assert_eq!(found("/a/{Key+}", "/a/b/c", ""), Some(vec!["b/c".to_owned()]));
        assert_eq!(found("/a", "/a/", ""), Some(vec![]));
        assert_eq!(found("/a?acl", "/a", "acl"), Some(vec![]));
        for (template, path, query) in [("/a/{Id}", "/a", ""), ("/a", "/a/b", ""), ("/a", "/b", ""), ("/a?acl", "/a", "policy")] {
            assert_eq!(found(template, path, query), None, "{template} {path}");
        }
    }
}
