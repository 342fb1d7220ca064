//! EC2's XML: converts the JSON answer of an operation to EC2's form. A list is a sequence of `item`.

use std::fmt::Write;

use serde_json::Value;

use crate::sandbox::wire::{Refusal, xml_escape};

const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

/// The answer of an operation.
pub(in crate::sandbox) fn result(operation: &str, value: &Value, request_id: &str) -> String {
    let mut fields = String::new();
    write(&mut fields, value);
    format!("<{operation}Response xmlns=\"{NAMESPACE}\"><requestId>{request_id}</requestId>{fields}</{operation}Response>")
}

/// A refusal.
pub(in crate::sandbox) fn error(refusal: &Refusal, request_id: &str) -> String {
    format!(
        "<Response><Errors><Error><Code>{}</Code><Message>{}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>",
        refusal.code,
        xml_escape(&refusal.message)
    )
}

fn write(out: &mut String, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields.iter().filter(|(_, field)| !field.is_null()) {
                element(out, name, field);
            }
        }
        Value::Array(items) => {
            for item in items {
                element(out, "item", item);
            }
        }
        Value::String(text) => out.push_str(&xml_escape(text)),
        Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
        Value::Null => {}
    }
}

fn element(out: &mut String, name: &str, value: &Value) {
    let _ = write!(out, "<{name}>");
    write(out, value);
    let _ = write!(out, "</{name}>");
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_items_and_nothing_is_left_out_but_null() {
        let value = json!({ "vpcSet": [{ "vpcId": "a<b", "isDefault": false, "tagSet": [] }], "nextToken": null });
        let expected = "<DescribeVpcsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>1</requestId>\
             <vpcSet><item><isDefault>false</isDefault><tagSet></tagSet><vpcId>a&lt;b</vpcId></item></vpcSet></DescribeVpcsResponse>";
        assert_eq!(result("DescribeVpcs", &value, "1"), expected);
    }
}
