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
