//! The query protocols: requests are forms, whose names say where a value belongs.
//! <https://smithy.io/2.0/aws/protocols/aws-query-protocol.html>, <https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html>

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Map, Number, Value};

use super::check::{Problem, ProblemKind};
use super::model::{Model, Protocol, Reference, Shape, Structure};

/// The decoded pairs of a form or of the query of a URL.
pub(in crate::sandbox) fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

/// The parameters of a request: those of a GET are in the URL.
pub(super) fn parameters(request: &http::Request<Bytes>) -> Vec<(String, String)> {
    match request.uri().query() {
        Some(query) if request.body().is_empty() => pairs(query).collect(),
        _ => pairs(&String::from_utf8_lossy(request.body())).collect(),
    }
}

fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned()
}

/// A value, and the values whose names continue its name.
#[derive(Debug, Default)]
pub(super) struct Node {
    text: Option<String>,
    children: BTreeMap<String, Node>,
}

impl Node {
    /// `Tag.2.Key=Name` is a list of structures: numeric parts are positions.
    pub(super) fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut root = Self::default();
        for (name, text) in pairs {
            let node = name.split('.').fold(&mut root, |node, part| node.children.entry(part.to_owned()).or_default());
            node.text = Some(text);
        }
        root
    }

    /// The items of a list, in their order.
    fn items(self) -> Vec<Node> {
        let mut items: Vec<(u64, Node)> =
            self.children.into_iter().map(|(position, item)| (position.parse().unwrap_or(u64::MAX), item)).collect();
        items.sort_by_key(|(position, _)| *position);
        items.into_iter().map(|(_, item)| item).collect()
    }
}

impl Model {
    /// The members of a structure in a form. EC2 refuses parameters that it does not know: aws/aws-sdk-cpp, issue 327, read 2026-12-01.
    pub(super) fn of_form(&self, structure: &Structure, node: Node) -> Result<Value, Problem> {
        let mut value = Map::new();
        for (name, child) in node.children {
            match structure.input(&name) {
                Some(member) => {
                    let child = self.of_node(&member.reference, child).map_err(|problem| problem.within(&name))?;
                    value.insert(name, child);
                }
                None if self.protocol == Protocol::Ec2 => return Err(Problem::new("", ProblemKind::Unknown).within(&name)),
                None => {}
            }
        }
        Ok(Value::Object(value))
    }

    fn of_node(&self, reference: &Reference, mut node: Node) -> Result<Value, Problem> {
        match self.shape(reference) {
            Shape::Structure(structure) => self.of_form(structure, node),
            Shape::List { item, is_flattened, .. } => {
                if self.protocol == Protocol::Query && !(*is_flattened || reference.is_flattened) {
                    let name = item.name.as_deref().unwrap_or("member");
                    node = node.children.remove(name).unwrap_or_default();
                }
                let items = node.items().into_iter().enumerate();
                items.map(|(index, node)| self.of_node(item, node).map_err(|problem| problem.within(&(index + 1).to_string()))).collect()
            }
            Shape::Map { key, value, .. } => {
                if !reference.is_flattened {
                    node = node.children.remove("entry").unwrap_or_default();
                }
                let mut map = Map::new();
                for mut entry in node.items() {
                    let name = entry.children.remove(key.name.as_deref().unwrap_or("key")).and_then(|key| key.text).unwrap_or_default();
                    let node = entry.children.remove(value.name.as_deref().unwrap_or("value")).unwrap_or_default();
                    map.insert(name, self.of_node(value, node)?);
                }
                Ok(Value::Object(map))
            }
            shape => scalar(shape, node.text.unwrap_or_default()),
        }
    }
}

/// A value that is text on the wire, as the type that the model gives it.
pub(super) fn scalar(shape: &Shape, text: String) -> Result<Value, Problem> {
    let wrong = |text: String, noun| Err(Problem::new(text, ProblemKind::Type(noun)));
    match shape {
        Shape::Integer(_) => match text.parse::<i64>() {
            Ok(number) => Ok(number.into()),
            Err(_) => wrong(text, "an integer"),
        },
        Shape::Number => match text.parse::<f64>().ok().and_then(Number::from_f64) {
            Some(number) => Ok(Value::Number(number)),
            None => wrong(text, "a number"),
        },
        Shape::Boolean => match text.as_str() {
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            _ => wrong(text, "a boolean"),
        },
        _ => Ok(Value::String(text)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sandbox::service::Service;

    fn read(service: Service, operation: &str, form: &str) -> Result<Value, Problem> {
        let model = service.model();
        let input = model.structure(model.operation(operation).unwrap().input.as_ref()).unwrap();
        model.of_form(input, Node::of(pairs(form)))
    }

    #[test]
    fn forms_are_decoded() {
        let pairs: Vec<_> = pairs("Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx+y&Empty=").collect();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(pairs, [pair("Action", "AssumeRole"), pair("RoleArn", "arn:aws:iam::1:role/x y"), pair("Empty", "")]);
    }

    #[test]
    fn ec2_lists_are_flat_and_in_the_order_of_their_numbers() {
        let form = "TagSpecification.1.ResourceType=vpc&TagSpecification.1.Tag.10.Key=c&TagSpecification.1.Tag.2.Key=b&DryRun=true";
        let expected = json!({ "TagSpecification": [{ "ResourceType": "vpc", "Tag": [{ "Key": "b" }, { "Key": "c" }] }], "DryRun": true });
        assert_eq!(read(Service::Ec2, "CreateVpc", form), Ok(expected));
    }

    #[test]
    fn query_lists_have_members() {
        let form = "RoleName=x&Tags.member.1.Key=a&Tags.member.1.Value=&MaxSessionDuration=3600&Unknown=1";
        let expected = json!({ "RoleName": "x", "Tags": [{ "Key": "a", "Value": "" }], "MaxSessionDuration": 3600 });
        assert_eq!(read(Service::Iam, "CreateRole", form), Ok(expected));
        assert_eq!(read(Service::Iam, "CreateRole", "Tags="), Ok(json!({ "Tags": [] })));
    }

    #[test]
    fn a_value_of_another_type_and_an_unknown_parameter_of_ec2_are_refused() {
        let problem = read(Service::Iam, "CreateRole", "MaxSessionDuration=long").unwrap_err();
        assert_eq!((problem.member(), &problem.kind), ("MaxSessionDuration", &ProblemKind::Type("an integer")));
        let problem = read(Service::Ec2, "CreateVpc", "Color=red").unwrap_err();
        assert_eq!((problem.member(), &problem.kind), ("Color", &ProblemKind::Unknown));
    }
}
