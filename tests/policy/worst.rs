//! Documents of the largest size that AWS takes, made to cost the lints as much as they can: for the test that counts their work, and for the bench.

/// Characters that a service control policy may have.
pub const SIZE: usize = 10_240;

/// Pieces, numbered, as many as there is room for between `head` and `tail`.
fn filled(head: &str, piece: impl Fn(usize) -> String, tail: &str) -> String {
    let mut text = head.to_owned();
    for number in 0.. {
        let next = piece(number);
        let comma = if number == 0 { "" } else { "," };
        if text.len() + comma.len() + next.len() + tail.len() > SIZE {
            break;
        }
        text.push_str(comma);
        text.push_str(&next);
    }
    text + tail
}

fn statement(actions: &str, rest: &str) -> String {
    format!(r#"{{"Sid":"","Effect":"Deny","Action":{actions},"Resource":"*"{rest}}}"#)
}

/// Each with what is bad about it.
pub fn documents() -> Vec<(&'static str, String)> {
    let document = r#"{"Version":"2012-10-17","Statement":["#;
    let many = |stars: usize, length: usize| {
        move |number: usize| {
            let pattern: String = (0..length).map(|at| if at % stars == 0 { '*' } else { 'e' }).collect();
            statement(&format!(r#"["ec2:*{pattern}{number}"]"#), "")
        }
    };
    let list = |head: &'static str, piece: fn(usize) -> String, tail: &str| {
        filled(&format!(r#"{document}{{"Effect":"Deny",{head}["#), piece, &format!(r#"],"Resource":"*"{tail}}}]}}"#))
    };
    let on_region = r#","Condition":{"StringNotEquals":{"aws:RequestedRegion":"eu-west-1"}}"#;
    let values = |operator: &str, length: usize| {
        let value = |number: usize| format!(r#""{}{number}""#, "a".repeat(length));
        filled(&format!(r#""{operator}":{{"aws:RequestedRegion":["#), value, "]}")[..4_900]
            .rsplit_once(',')
            .map(|(all, _)| format!("{all}]}}"))
    };
    let both = [values("StringEquals", 4), values("StringLike", 4)].map(Option::unwrap_or_default).join(",");
    vec![
        ("short patterns of one service", list(r#""Action":"#, |number| format!(r#""ec2:*{number}""#), "")),
        ("patterns with many stars", list(r#""Action":"#, |number| format!(r#""ec2:*e*e*e*{number}*""#), "")),
        ("one statement for each pattern", filled(document, |number| statement(&format!(r#""ec2:*{number}""#), ""), "]}")),
        ("statements with patterns of many stars", filled(document, many(2, 60), "]}")),
        ("a few statements with long patterns", filled(document, many(3, 1_500), "]}")),
        ("actions that are misspelled", list(r#""Action":"#, |number| format!(r#""ec2:DescribeInstanc{number}""#), "")),
        ("services that are misspelled", list(r#""Action":"#, |number| format!(r#""elasticloadbalancin{number}:*""#), "")),
        ("exceptions from a Deny of Regions", list(r#""NotAction":"#, |number| format!(r#""iam:*e{number}""#), on_region)),
        ("a Deny of Regions for each exception", filled(document, |number| statement(&format!(r#""iam:*e{number}""#), on_region), "]}")),
        (
            "condition keys that are misspelled",
            filled(
                &format!(r#"{document}{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{"StringEquals":{{"#),
                |number| format!(r#""ec2:InstanceTyp{number}":"x""#),
                "}}}]}",
            ),
        ),
        (
            "values that exclude each other",
            format!(r#"{document}{{"Effect":"Deny","Action":"*","Resource":"*","Condition":{{{both}}}}}]}}"#),
        ),
        (
            "resources of one bucket",
            filled(
                &format!(r#"{document}{{"Effect":"Deny","Action":"s3:GetObject","Resource":["#),
                |number| format!(r#""arn:aws:s3:::*a*b{number}""#),
                "]}]}",
            ),
        ),
    ]
}
