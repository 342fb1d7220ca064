//! Names that want to be more than text, and what could not be read.

use std::fs;

use overlord::address::Address;
use overlord::render::html;
use overlord::resource::{Attributes, LiveResource};
use serde_json::{Value, json};

use crate::report::browser::{Looked, pictures, run, shot, typed};
use crate::report::world::World;

const HOSTILE: &str = "</script><script>window.hit = 1</script><img src=x onerror=\"window.hit = 2\">'\"&amp;<!--";

const ORG_TOML: &str = r#"
[organization]
management_account = "111111111111"
policies = ["FullAWSAccess", "deny-leave"]
[policy.deny-leave]
[ou.work]
[account.web]
email = "aws+web@example.org"
ou = "work"
[account.dark]
email = "aws+dark@example.org"
ou = "work"
"#;

fn live(id: &str, attributes: Value) -> LiveResource {
    LiveResource { id: Some(id.to_owned()), attributes: attributes_of(attributes), ours: None, frozen: None }
}

fn attributes_of(value: Value) -> Attributes {
    serde_json::from_value(value).unwrap()
}

/// An organization in which everything that somebody else names is called so.
fn world() -> World {
    let mut world = World::of(ORG_TOML);
    let root = json!({"ref": "organization.main"});
    let unit = Address::new("ou", format!("{HOSTILE} (ou-1)"));
    world.live.beside.insert(unit.clone(), live("ou-1", json!({"name": HOSTILE, "parent": root})));
    let account = Address::new("account", format!("444444444444 ({HOSTILE})"));
    let own = json!({"policies": [{"id": "p-FullAWSAccess"}], "target": {"ref": account}});
    world.live.beside.insert(Address::new("policy_attachments", "444444444444"), live("444444444444", own));
    world.live.beside.insert(account, live("444444444444", json!({"parent": {"ref": unit}})));
    let policy = Address::new("policy", format!("{HOSTILE} (p-1)"));
    let kind = json!({"id": "SERVICE_CONTROL_POLICY"});
    world
        .live
        .beside
        .insert(policy.clone(), live("p-1", json!({"name": HOSTILE, "description": HOSTILE, "content": null, "policy_type": kind})));
    let set = json!({"policies": [{"id": "p-FullAWSAccess"}, {"ref": policy}], "target": {"ref": unit}});
    world.live.beside.insert(Address::new("policy_attachments", "ou-1"), live("ou-1", set));
    let web = world.live.resources.get_mut(&Address::new("account", "web")).unwrap();
    web.attributes = web.attributes.with("name", json!(HOSTILE));
    web.frozen = Some(HOSTILE.to_owned());
    world.live.network.unreachable.insert("dark".to_owned(), HOSTILE.to_owned());
    world
}

#[test]
fn a_name_is_text_wherever_it_stands() {
    let world = world();
    let page = pictures().join("hostile.html");
    let text = world.report(html::html);
    assert_eq!(text.matches("<script").count(), 2, "the data and the script");
    assert!(!text.contains("<img"));
    fs::write(&page, text).unwrap();
    let steps = [
        typed("img src"),
        run("[...document.querySelectorAll('#results .account > summary')].map((summary) => (summary.click(), summary.innerText)).join()"),
        run("new Promise((done) => setTimeout(() => done(document.getElementById('results').innerText), 100))"),
        shot("hostile.png"),
        run("document.body.innerText"),
        run("String(window.hit) + document.querySelectorAll('img, script').length"),
        // What slipped through would do nothing.
        run("document.querySelector('meta[http-equiv]').content"),
    ];
    let mut looked = Looked::at(&page, &steps);
    assert!(looked.next().as_str().unwrap().contains(HOSTILE), "it is shown as it is");
    let body = looked.next();
    assert!(body.as_str().unwrap().contains("444444444444") && body.as_str().unwrap().contains(HOSTILE), "{body}");
    let all = looked.next();
    assert!(all.as_str().unwrap().contains(HOSTILE), "{all}");
    assert_eq!(looked.next(), "undefined2");
    let policy = looked.next();
    let policy = policy.as_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
}

/// An account that cannot be reached, one that nobody manages, one that is left: all are shown, and said to be so.
#[test]
fn what_could_not_be_read_is_shown() {
    let mut world = world();
    world.live.network.unreachable = [("dark".to_owned(), "AccessDenied: not for you".to_owned())].into();
    let page = pictures().join("unread.html");
    fs::write(&page, world.report(html::html)).unwrap();
    let steps = [
        typed("dark"),
        run(
            "document.querySelector('#results summary').click(), new Promise((done) => setTimeout(() => done(document.getElementById('results').innerText), 100))",
        ),
        run("document.querySelector('.tiles').innerText"),
        run("document.getElementById('drift').innerText"),
    ];
    let mut looked = Looked::at(&page, &steps);
    let account = looked.next();
    for text in ["not read", "AccessDenied: not for you", "finding"] {
        assert!(account.as_str().unwrap().contains(text), "{text}: {account}");
    }
    assert!(looked.next().as_str().unwrap().contains("1 not read"));
    assert!(looked.next().as_str().unwrap().contains("unread"));
    let document = world.report(html::json);
    let known = |key: &str| {
        let accounts = document["accounts"].as_array().unwrap();
        accounts.iter().find(|account| account["address"].as_str().unwrap().contains(key)).unwrap().clone()
    };
    assert_eq!(known("dark")["unread"], "AccessDenied: not for you");
    assert_eq!(known("444444444444")["known"], "unmanaged");
    assert_eq!(known("web")["left_alone"], HOSTILE);
}
