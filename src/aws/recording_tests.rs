use proptest::prelude::*;

use super::tokens::Names;
use super::*;

#[track_caller]
fn scrubs(text: &str, expected: &str) {
    assert_eq!(Names::default().text(text), expected, "{text}");
}

#[test]
fn ids_are_replaced_in_every_spelling() {
    for (text, expected) in [
        ("111122223333", "900000000001"),
        (
            "arn:aws:organizations::111122223333:ou/o-abcdefghij/ou-ab12-abcdefgh",
            "arn:aws:organizations::900000000001:ou/o-rec0000001/ou-rec0-00000001",
        ),
        ("bucket-111122223333-logs", "bucket-900000000001-logs"),
        ("acct111122223333", "acct900000000001"),
        ("vpc-0a1b2c3d4e5f60718", "vpc-0fa4e000000000001"),
        ("subnet-0a1b2c3d", "subnet-fa000001"),
        ("p-FullAWSAccess", "p-FullAWSAccess"),
        ("p-abcdefgh12", "p-rec0000001"),
        ("StackSet-o-abcdefghi1", "StackSet-o-rec0000001"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIASCRUBBED00000001"),
        ("mail jane.roe+x@acme.example, please", "mail account-1@example.com, please"),
        ("jane%40acme.example", "account%2D1%40example%2Ecom"),
        (r#"{"a":"jane\u0040acme.example"}"#, r#"{"a":"account-1@example.com"}"#),
        ("arn:aws:sts::111122223333:assumed-role/Admin/jane", "arn:aws:sts::900000000001:assumed-role/Admin/person-1"),
        ("arn:aws:iam::*:user/*", "arn:aws:iam::*:user/*"),
        ("52.1.2.3", "198.18.0.1"),
        ("10.1.2.3 and 52.1.2.0/24", "10.1.2.3 and 52.1.2.0/24"),
        ("eu-west-1 2012-10-17 euw1-az1", "eu-west-1 2012-10-17 euw1-az1"),
    ] {
        scrubs(text, expected);
    }
}

/// A member that AWS adds tomorrow may hold anything: its text is replaced whole.
#[test]
fn text_of_an_unknown_member_is_replaced_in_each_form() {
    use members::Place;
    let (place, mut names) = (Place { service: "ec2", operation: "DescribeVpcs", member: "" }, Names::default());
    let value = json!({"Surprise": "ACME's plans", "State": "ACTIVE", "Count": 3, "PreSharedKey": "hunter2", "Tags": [
        {"Key": "owner", "Value": "Jane"}, {"Key": "overlord:address", "Value": "ou.core"}, {"Key": "Name", "Value": "main"}]});
    let expected = json!({"Surprise": "text-1", "State": "ACTIVE", "Count": 3, "PreSharedKey": "scrubbed", "Tags": [
        {"Key": "owner", "Value": "text-2"}, {"Key": "overlord:address", "Value": "ou.core"}, {"Key": "Name", "Value": "main"}]});
    // Members are walked in the order of their names.
    assert_eq!(members::json(&value, place, &mut names), expected);

    let xml = "<R><tagSet><item><key>owner</key><value>Jane</value></item></tagSet><surprise>ACME&apos;s plans</surprise><customerGatewayConfiguration>\
               &lt;key&gt;hunter2&lt;/key&gt;</customerGatewayConfiguration></R>";
    let scrubbed = members::xml(&xml::Element::parse(xml).unwrap(), place, &mut names).render();
    assert!(
        scrubbed.ends_with(
            "<R><tagSet><item><key>owner</key><value>text-2</value></item></tagSet><surprise>text-1</surprise>\
         <customerGatewayConfiguration>scrubbed</customerGatewayConfiguration></R>"
        ),
        "{scrubbed}"
    );

    let form = [("Tag.1.Key", "owner"), ("Tag.1.Value", "Jane"), ("Surprise.member.1", "ACME's plans"), ("ExternalId", "hunter2")];
    let form = form.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let expected = json!({"Tag.1.Key": "owner", "Tag.1.Value": "text-2", "Surprise.member.1": "text-1", "ExternalId": "scrubbed"});
    assert_eq!(members::form(&form, place, &mut names), expected);
}

/// The configuration has the words of the answers, so that what was equal is equal.
#[test]
fn configuration_and_answers_are_replaced_alike() {
    use members::Place;
    let mut names = Names::default();
    let desired = json!({"external_id": "hunter2", "resources": {
        "policy.a": {"description": "ACME's plans", "name": "a"},
        "alternate_contact.a/security": {"account": {"ref": "account.a"}, "contact_type": "SECURITY", "name": "Jane", "email": "jane@acme.example"},
        "account.a": {"email": "a@acme.example", "tags": {"owner": "a@acme.example", "Name": "x"}}}});
    let scrubbed = members::configuration(&desired, &mut names);
    let place = |service, operation| Place { service, operation, member: "" };
    let contact = json!({"AlternateContactType": "SECURITY", "Name": "Jane", "EmailAddress": "jane@acme.example"});
    let contact = members::json(&contact, place("account", "GetAlternateContact"), &mut names);
    let wanted = &scrubbed["resources"]["alternate_contact.a/security"];
    assert_eq!(
        (&contact["Name"], &contact["EmailAddress"], &contact["AlternateContactType"]),
        (&wanted["name"], &wanted["email"], &json!("SECURITY"))
    );
    let policy = members::json(&json!({"Description": "ACME's plans"}), place("organizations", "DescribePolicy"), &mut names);
    assert_eq!(policy["Description"], scrubbed["resources"]["policy.a"]["description"]);
    let tag = members::json(&json!({"Key": "owner", "Value": "a@acme.example"}), place("organizations", "ListTagsForResource"), &mut names);
    assert_eq!(tag["Value"], scrubbed["resources"]["account.a"]["tags"]["owner"]);
    for secret in ["acme", "ACME", "Jane", "hunter2"] {
        assert!(!scrubbed.to_string().contains(secret), "{secret} is in {scrubbed}");
    }
}

#[test]
fn form_that_is_unknown_is_not_written() {
    use exchange::{Asked, Body};
    let response = |body: &str| HttpResponse::try_from(http::Response::builder().body(SdkBody::from(body)).unwrap()).unwrap();
    for body in ["<!DOCTYPE html><p>111122223333</p>", "111122223333", "\"111122223333\"", "<a b=\"111122223333\"/>", "[1]"] {
        assert!(matches!(Body::of(&response(body)), Body::Unknown), "{body}");
    }
    let request = |body: &str, uri: &str| {
        HttpRequest::try_from(http::Request::builder().method("POST").uri(uri).body(SdkBody::from(body)).unwrap()).unwrap()
    };
    for (body, uri) in [("secret", "/"), ("{}", "/?token=secret"), ("[\"secret\"]", "/")] {
        assert!(Asked::of(&request(body, uri)).parameters.is_none(), "{body}");
    }
    // Not signed: it may carry a token.
    assert!(!Asked::of(&request("{}", "/")).is_recorded());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands around an id or an e-mail address, it is not there afterwards.
    #[test]
    fn nothing_real_is_left_in_any_text(before in "[ -~]{0,12}[ :/,;\"(]", after in "([ :/,;\")][ -~]{0,12})?", account in "[1-8][0-9]{11}", hex in "0[0-9a-f]{16}", name in "[a-z]{6,9}") {
        let mut names = Names::default();
        for real in [account.clone(), format!("vpc-{hex}"), format!("{name}@{name}.example.org"), format!("o-{name}123456")] {
            let scrubbed = names.text(&format!("{before}{real}{after}"));
            let bare = real.trim_start_matches("vpc-");
            prop_assert!(!scrubbed.contains(bare), "{real} is in {scrubbed}");
        }
    }

    /// One real id has one made-up id, and two have two.
    #[test]
    fn same_is_the_same_and_different_is_different(one in "[1-8][0-9]{11}", other in "[1-8][0-9]{11}") {
        let mut names = Names::default();
        let (first, second, again) = (names.text(&one), names.text(&other), names.text(&format!("arn:aws:iam::{one}:root")));
        prop_assert_eq!(one == other, first == second);
        prop_assert_eq!(again, format!("arn:aws:iam::{first}:root"));
    }
}
