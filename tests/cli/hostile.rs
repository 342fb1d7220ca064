//! Whatever others call their accounts, policies and tags, and whatever an error of AWS's quotes: nothing of it acts in a terminal, a log,
//! a comment, a page or a drawing.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;

use serde_json::{Value, json};

use crate::cli::case::*;

/// Escapes of terminals, line breaks, commands of build services, HTML and Markdown.
const HOSTILE: &str = "h\u{1b}[31m\u{9b}2J\u{1b}]0;t\u{7}\n::error::owned\r\n  ::stop-commands::x\n##[error]owned ##vso[task.complete]\u{202e}\u{200b} @everyone \
                       <img src=x onerror=alert(1)></summary></title></text></failure> ![i](https://evil.example/i.png) [l](https://evil.example) \
                       www.evil.example `x` ``` \n```\n| a | b |\n# heading\n- [ ] task #1 \"]; evil --> &lt;";

fn shows(c: char) -> bool {
    !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || c == '\u{200b}')
}

/// What every output keeps to.
#[track_caller]
fn common(what: &str, text: &str) {
    if let Some(c) = text.chars().find(|c| *c != '\n' && !shows(*c)) {
        panic!("{what} has {c:?}\n{}", text.escape_debug());
    }
    for line in text.lines() {
        // A diagnostic names a second file behind `:::`, which is no command: a command's name stands right behind `::`.
        let name = line.trim_start().strip_prefix("::").and_then(|name| name.chars().next());
        assert!(name.is_none_or(|first| first == ':' || first.is_whitespace()), "{what} has a command for the build service: {line}");
    }
    // What stands behind a line break of theirs.
    assert!(!text.lines().any(|line| line.trim() == "| a | b |"), "{what} has their line break\n{text}");
    assert!(!text.contains("##[") && !text.contains("##vso["), "{what} has a command for the build service\n{text}");
}

/// Without blocks and spans of code, in which nothing is alive.
fn without_code(text: &str) -> String {
    let (mut out, mut fence): (String, Option<String>) = (String::new(), None);
    for line in text.lines() {
        match &fence {
            Some(end) if line == end => fence = None,
            Some(_) => {}
            None if line.starts_with("```") => fence = Some(line.chars().take_while(|c| *c == '`').collect()),
            None => {
                let escaped = line.replace("\\`", "");
                let parts: Vec<&str> = escaped.split('`').collect();
                assert!(parts.len() % 2 == 1, "an open span of code: {line}");
                out.extend(parts.into_iter().step_by(2));
                out.push('\n');
            }
        }
    }
    assert!(fence.is_none(), "an open block\n{text}");
    out
}

#[track_caller]
fn markdown(what: &str, text: &str) {
    common(what, text);
    let alive = without_code(text);
    for tag in tags(&alive) {
        assert!(["details", "summary", "code"].contains(&tag.as_str()), "{what} has <{tag}>\n{alive}");
    }
    let mention = alive.split('@').skip(1).any(|behind| behind.starts_with(|c: char| c.is_ascii_alphanumeric()));
    assert!(!mention, "{what} mentions somebody\n{alive}");
    for markup in ["![", "](", "://", "www.", "\n# ", "\n- [ ]", " #1"] {
        let alive = alive.replace("\\!", "").replace("\\[", "").replace("\\]", "");
        assert!(!alive.contains(markup), "{what} has {markup:?}\n{alive}");
    }
    let pipes = |line: &str| line.replace("\\|", "").matches('|').count();
    let tables = alive.lines().filter(|line| line.starts_with('|')).collect::<Vec<_>>();
    let broken = tables.chunk_by(|one, other| pipes(one) == pipes(other)).find(|rows| rows.len() < 2);
    assert_eq!(broken, None, "{what} has a broken table");
}

/// The names of the elements in a text.
fn tags(text: &str) -> Vec<String> {
    let name = |rest: &str| rest.trim_start_matches('/').chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>();
    text.split('<').skip(1).map(name).filter(|name| !name.is_empty()).collect()
}

#[track_caller]
fn elements(what: &str, text: &str, allowed: &[&str]) {
    for tag in tags(text) {
        assert!(allowed.contains(&tag.as_str()), "{what} has <{tag}>");
    }
}

/// Runs it and checks both streams as its format asks.
#[track_caller]
fn runs(case: &Case, url: Option<&str>, arguments: &[&str], format: &str) -> Ran {
    let arguments = [arguments, &["--format", format]].concat();
    let ran = match url {
        Some(url) => case.run_at(url, &arguments),
        None => case.run(&arguments),
    };
    let what = arguments.join(" ");
    common(&format!("standard error of {what}"), &ran.err);
    common(&what, &ran.out);
    match format {
        "json" | "sarif" => drop(ran.json()),
        "markdown" => markdown(&what, &ran.out),
        "junit" => elements(&what, &ran.out, &["testsuites", "testsuite", "testcase", "failure"]),
        _ => {}
    }
    ran
}

/// An organization in which everything that others name is hostile: beside org.toml, and where it differs from it.
fn world(case: &Case) {
    case.run(&["apply", "--sandbox=world.json", "--yes"]).ends(0);
    let mut world: Value = serde_json::from_slice(&fs::read(case.path("world.json")).unwrap()).unwrap();
    let accounts = world["accounts"].as_object_mut().unwrap();
    let web = accounts.values_mut().find(|account| account["name"] == "web").unwrap();
    web["name"] = json!(HOSTILE);
    let (id, mut other) = (web["id"].as_str().unwrap().to_owned(), web.clone());
    (other["id"], other["email"]) = (json!("999999999999"), json!(format!("{HOSTILE}@example.org")));
    accounts.insert("999999999999".to_owned(), other);
    let root = world["organization"]["root"].as_str().unwrap().to_owned();
    let unit = format!("ou-{}-hostile1", &root[2..]);
    world["ous"][&unit] = json!({"id": unit, "name": HOSTILE, "parent": root});
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}"#;
    world["policies"]["p-hostile1"] = json!({
        "id": "p-hostile1", "type": "SERVICE_CONTROL_POLICY", "name": HOSTILE, "description": HOSTILE, "content": document, "aws_managed": false,
    });
    for policy in world["policies"].as_object_mut().unwrap().values_mut().filter(|policy| policy["name"] == "deny-leave") {
        policy["description"] = json!(HOSTILE);
    }
    world["attachments"][&root].as_array_mut().unwrap().push(json!("p-hostile1"));
    world["attachments"][&unit] = json!(["p-FullAWSAccess", "p-hostile1"]);
    let tags = world["tags"].as_object_mut().unwrap();
    for target in [id.as_str(), &unit, "p-hostile1", "999999999999"] {
        let tags = tags.entry(target).or_insert_with(|| json!({}));
        (tags["team"], tags[HOSTILE]) = (json!(HOSTILE), json!(HOSTILE));
    }
    rename(&mut world);
    fs::write(case.path("world.json"), serde_json::to_string_pretty(&world).unwrap()).unwrap();
}

/// What networks consist of has its name in a tag.
fn rename(value: &mut Value) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(key, value)| match value {
            Value::String(text) if key == "Name" => *text = HOSTILE.to_owned(),
            value => rename(value),
        }),
        Value::Array(items) => items.iter_mut().for_each(rename),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

const NETWORK: &str = r#"
[pool.main]
cidr = "10.0.0.0/12"
[vpc.standard]
region = "eu-west-1"
pool = "main"
prefix = 20
zones = 2
nat = "none"
tiers = { private = 50 }
"#;

fn case() -> Case {
    let with_vpc = SMALL.replace("[account.web]", "[account.web]\nvpc = [\"standard\"]\ntags = { team = \"web\" }");
    let case = Case::new(&format!("{with_vpc}{NETWORK}"));
    world(&case);
    case
}

#[test]
fn a_hostile_organization_is_only_text_in_every_output() {
    let case = case();
    let sandbox = "--sandbox=world.json";
    for format in ["text", "json", "markdown"] {
        for arguments in [
            &["plan", sandbox][..],
            &["plan", "--detail", sandbox],
            &["graph", sandbox],
            &["graph", "--detail", sandbox],
            &["doctor", sandbox],
            &["sandbox", "show", sandbox],
            &["apply", "--rehearse", "--allow-delete", sandbox],
            &["invite", "--account", HOSTILE, sandbox],
            &["policy", "explain", "--account", HOSTILE, "--action", "s3:GetObject"],
        ] {
            runs(&case, None, arguments, format);
        }
        let out = format!("imported-{format}");
        let imported = runs(&case, None, &["import", "--tags", "--region", "eu-west-1", "--out", &out, sandbox], format);
        if imported.status == 0 {
            let written = fs::read_to_string(case.path(&out).join("org.toml")).unwrap();
            assert!(written.lines().all(|line| line.chars().all(shows)), "{}", written.escape_debug());
            let config = format!("{out}/org.toml");
            runs(&case, None, &["validate", "--config", &config], format).ends(0);
            runs(&case, None, &["plan", "--detail", "--config", &config, sandbox], format);
        }
        let page = format!("page-{format}");
        runs(&case, None, &["report", "--out", &page, sandbox], format);
        let page = fs::read_to_string(case.path(&page).join("overlord-report.html")).unwrap();
        // It is a file, and no log.
        assert!(page.lines().all(|line| line.chars().all(shows)), "the report has a control character");
        assert!(!page.contains("<img") && !page.contains("</text></failure>"), "markup in the report");
    }
    for format in ["text", "json", "markdown", "junit", "sarif", "line"] {
        for arguments in [&["drift", sandbox][..], &["drift", "--detail", sandbox]] {
            let ran = runs(&case, None, arguments, format).ends(2);
            assert!(ran.out.contains("hostile1") || format == "line" || ran.out.contains("everyone"), "{}", ran.out);
        }
    }
    for language in ["dot", "mermaid", "svg"] {
        let drawn = runs(&case, None, &["graph", "--detail", "--as", language, sandbox], "text").out;
        match language {
            "svg" => {
                let own = ["svg", "style", "defs", "marker", "path", "pattern", "rect", "text", "polyline", "polygon", "title"];
                elements("the drawing", &drawn, &own);
            }
            "dot" => {
                assert!(drawn.lines().all(|line| line.replace("\\\\", "").replace("\\\"", "").matches('"').count() % 2 == 0), "{drawn}")
            }
            _ => elements("the flowchart", &drawn.replace("<br/>", ""), &[]),
        }
    }
    // And what was planned is made all the same.
    runs(&case, None, &["apply", "--yes", sandbox], "text");
}

/// A checkout that somebody else wrote, as a pull request's is: its texts are hostile, and it is valid all the same but for its tests.
fn checkout() -> Case {
    let hostile = overlord::escape::toml(HOSTILE);
    let more = format!(
        "[pool.spare]\ncidr = \"10.64.0.0/12\"\n[policy.tags]\ntype = \"tag\"\ndescription = {hostile}\n[policy.guard]\ndescription = {hostile}\n\
         [framework.hipaa]\n[[test]]\nname = {hostile}\ncontext = {{ {hostile} = {hostile} }}\nallow = [\"organizations:LeaveOrganization\"]\n"
    );
    let attached = SMALL
        .replace("\"deny-leave\"]", "\"deny-leave\", \"guard\", \"tags\"]")
        .replace("[account.web]", "[account.web]\nvpc = [\"standard\"]");
    let case = Case::new(&format!("{attached}{NETWORK}{more}"));
    let guard = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Deny", "Action": "s3:*", "Resource": format!("arn:aws:s3:::{HOSTILE}"), "Condition": {"StringEquals": {
            format!("aws:PrincipalTag/{HOSTILE}"): HOSTILE, "aws:RequestedRegion": format!("${{{HOSTILE}}}"),
        }}},
    ]});
    fs::write(case.path("policies/guard.json"), guard.to_string()).unwrap();
    let tags = json!({"tags": {"team": {"tag_key": {"@@assign": HOSTILE}, "tag_value": {"@@assign": [HOSTILE]}}}});
    fs::write(case.path("policies/tags.json"), tags.to_string()).unwrap();
    let list = fs::read_to_string(case.path("policies/frameworks/hipaa.toml")).unwrap();
    let list = list.replace("\"HIPAA Eligible Services\"", &hostile).replace("\"AWS Batch\"", &hostile);
    fs::write(case.path("policies/frameworks/hipaa.toml"), list).unwrap();
    let other = fs::read_to_string(case.path("org.toml")).unwrap().replace(", \"guard\", \"tags\"]", "]");
    fs::write(case.path("other.toml"), other).unwrap();
    case
}

/// What reads only the checkout, or asks AWS about a part of it.
#[test]
fn a_hostile_checkout_is_only_text_in_every_output() {
    let case = checkout();
    for format in ["text", "json", "markdown", "junit"] {
        for arguments in [&["validate"][..], &["policy", "test"], &["policy", "test", "--detail"]] {
            if format != "junit" || arguments != ["validate"] {
                let ran = runs(&case, None, arguments, format).ends(1);
                assert!((ran.out + &ran.err).contains("owned"), "{arguments:?} shows nothing hostile");
            }
        }
    }
    // From here on its test passes.
    case.edit("org.toml", "\nallow = [", "\ndeny = [");
    case.run(&["validate"]).ends(0);
    let mut told = Vec::new();
    for format in ["text", "json", "markdown"] {
        for arguments in [
            &["policy", "test", "--detail"][..],
            &["network"],
            &["network", "--detail"],
            &["policy", "lint"],
            &["policy", "diff", "other.toml"],
            &["policy", "diff", "--detail", "other.toml"],
            &["policy", "diff", HOSTILE],
            &["policy", "effective", "--account", "web"],
            &["policy", "effective", "--account", HOSTILE],
            &["policy", "explain", "--account", "web", "--action", "s3:GetObject", "--resource", HOSTILE],
            &["policy", "explain", "--account", "web", "--action", HOSTILE],
            &["policy", "generate", "--framework", "hipaa"],
            &["policy", "generate", "--framework", HOSTILE],
            &["report", "compliance"],
            &["report", "compliance", "--detail"],
            &["output", HOSTILE, "--sandbox"],
            &["accounts", "--sandbox"],
            &["email", "--account", HOSTILE, "--sandbox"],
            &["email", "--account", "web", "--code", HOSTILE, "--sandbox"],
            &["plan", "--only", HOSTILE, "--sandbox"],
        ] {
            let ran = runs(&case, None, arguments, format);
            if (ran.out + &ran.err).contains("owned") {
                told.push(arguments.join(" "));
            }
        }
    }
    runs(&case, None, &["accounts", "--csv", "--sandbox"], "text");
    runs(&case, None, &["report", "compliance", "--csv"], "text");
    // It is there, and not only because nothing of it is shown.
    for command in ["policy effective --account web", "report compliance"] {
        assert!(told.iter().any(|one| one == command), "{command} shows nothing hostile");
    }
    let drawing = case.path("network.svg");
    runs(&case, None, &["network", "--out", drawing.to_str().unwrap()], "text").ends(0);
    let drawing = fs::read_to_string(drawing).unwrap();
    assert!(!drawing.contains("<img"), "markup in the drawing");
}

/// An AWS that refuses everything but to say who asks, with a hostile message.
fn refusing() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    // Ends with the process.
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut client = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && client.read_line(&mut head).unwrap_or(0) > 0 {}
            let header = |name: &str| {
                head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix(name).map(|value| value.trim().to_owned()))
            };
            let mut body = vec![0; header("content-length:").map_or(0, |length| length.parse().unwrap())];
            let _ = client.read_exact(&mut body);
            let (status, answer) = match header("x-amz-target:") {
                Some(_) => ("400 Bad Request", json!({"__type": "AccessDeniedException", "message": HOSTILE}).to_string()),
                None => (
                    "200 OK",
                    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                     <Arn>arn:aws:iam::111111111111:user/u</Arn><UserId>U</UserId><Account>111111111111</Account>\
                     </GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
                        .to_owned(),
                ),
            };
            let _ = write!(client.get_mut(), "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}", answer.len());
        }
    });
    url
}

#[test]
fn a_hostile_error_of_aws_is_only_text_in_every_output() {
    let (case, url) = (Case::small(), refusing());
    for format in ["text", "json", "markdown"] {
        for arguments in
            [&["plan"][..], &["apply", "--yes"], &["drift"], &["import", "--out", "live"], &["graph"], &["report"], &["doctor"]]
        {
            let ran = runs(&case, Some(&url), arguments, format).ends(1);
            let told = format!("{}{}", ran.out, ran.err);
            assert!(told.contains("AccessDeniedException") || arguments == ["doctor"], "{arguments:?}: {told}");
        }
    }
}
