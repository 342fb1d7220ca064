//! `overlord report`: that it writes nothing to AWS, that its JSON and its page have the same in them, and how the page looks and works in a
//! real browser, with the worked example and with 5,000 accounts. Screenshots are left in `target/tmp/report`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a panic is how a test fails")]

mod browser;
mod command;
mod hostile;
mod world;

use std::fs;

use overlord::render::html;
use serde_json::{Value, json};

use browser::{Looked, legible, look, pictures, run, shot, typed};
use command::Case;
use world::World;

/// The accounts that are in sight, by key.
const IN_SIGHT: &str = "[...document.querySelectorAll('details.account')].filter((a) => a.checkVisibility()).map((a) => a.id.slice(8))";
/// Clicks on what a selector finds, as a person does.
fn clicked(selector: &str) -> Value {
    run(&format!("document.querySelector({selector:?}).click(), new Promise((done) => setTimeout(() => done(true), 50))"))
}

/// That every text of a page can be read, on both grounds and on paper.
#[track_caller]
fn is_legible(looked: &mut Looked) {
    let grounds: Vec<String> = (0..3)
        .map(|_| {
            let found = looked.next();
            assert_eq!(found["poor"], json!([]));
            assert!(found["looked"].as_u64().unwrap() > 100, "{found}");
            found["ground"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(grounds, ["rgb(244, 246, 249)", "rgb(11, 16, 22)", "rgb(255, 255, 255)"]);
}

/// The worked example as it is live.
#[test]
fn the_worked_example_is_found_opened_and_read() {
    let case = Case::example();
    case.run(&["report", "--sandbox", "--out", "."], 0);
    let document: Value = serde_json::from_str(&case.run(&["report", "--sandbox", "--format", "json"], 0)).unwrap();
    let account = document["accounts"].as_array().unwrap().iter().find(|a| a["address"] == "account.claims-prod").unwrap().clone();
    let id = account["id"].as_str().unwrap();
    let page = case.path("overlord-report.html");
    let pdf = pictures().join("example.pdf");
    let steps = [
        run(IN_SIGHT),
        shot("example-light.png"),
        typed("hipaa-pci"),
        run(IN_SIGHT),
        typed(&id[2..11]),
        run(IN_SIGHT),
        typed("CLAIMS prod"),
        run(IN_SIGHT),
        run("document.getElementById('said').textContent"),
        shot("example-search.png"),
        clicked("#results summary"),
        clicked("#results .body details > summary"),
        run("document.querySelector('#results .body').innerText"),
        shot("example-account.png"),
        typed("nobody is called so"),
        run(IN_SIGHT),
        run(&format!(
            "location.hash = '#{id}', new Promise((done) => setTimeout(() => done(document.querySelector('.account[open]').id), 100))"
        )),
        run("document.getElementById('account-claims-prod').getBoundingClientRect().top < innerHeight"),
        clicked("#class-0 > summary"),
        run("document.querySelector('#class-0 > .inside').innerText"),
        clicked("#unfold"),
        run(&format!("{IN_SIGHT}.length")),
        legible(),
        look("dark", "screen"),
        legible(),
        shot("example-dark.png"),
        look("dark", "print"),
        legible(),
        shot("example-print.png"),
        json!({ "pdf": pdf }),
    ];
    let mut looked = Looked::at(&page, &steps);
    assert_eq!(looked.next(), json!(["audit", "log-archive", "security"]), "OUs deeper down are folded");
    assert_eq!(looked.next().as_array().unwrap().len(), 16, "four teams of four in that OU");
    assert_eq!([looked.next(), looked.next()], [json!(["claims-prod"]), json!(["claims-prod"])]);
    assert_eq!(looked.next(), "1 of 63 accounts");
    assert_eq!([looked.next(), looked.next()], [json!(true), json!(true)]);
    let body = looked.next();
    for text in ["keep-data", "allow-hipaa", "allow-pci", "region-guard", "10.", "116.07 USD", "restricted", "gamelift", "Denied"] {
        assert!(body.as_str().unwrap().contains(text), "{text}: {body}");
    }
    assert_eq!(looked.next(), json!([]));
    assert_eq!([looked.next(), looked.next()], [json!("account-claims-prod"), json!(true)], "a link to an account opens it");
    assert_eq!(looked.next(), true);
    assert!(looked.next().as_str().unwrap().contains("Under conditions"));
    assert_eq!([looked.next(), looked.next()], [json!(true), json!(63)]);
    is_legible(&mut looked);
    assert!(fs::read(pdf).unwrap().starts_with(b"%PDF") && looked.next().as_u64().unwrap() > 50_000);
}

#[test]
fn five_thousand_accounts_are_found_and_are_no_burden() {
    let world = World::of_size(5_000);
    let page = pictures().join("large.html");
    let text = world.report(html::html);
    assert!(text.len() < 6_000_000, "{} bytes", text.len());
    fs::write(&page, text).unwrap();
    let elements = "document.querySelectorAll('*').length";
    let steps = [
        run(elements),
        shot("large-light.png"),
        typed("team-777 prod"),
        run(IN_SIGHT),
        typed(&world.id("team-1249-prod")),
        run(IN_SIGHT),
        typed("unit-7 "),
        run("document.getElementById('said').textContent"),
        run(&format!("{IN_SIGHT}.length")),
        run("document.querySelector('#results > button').textContent"),
        clicked("#results > button"),
        run(&format!("{IN_SIGHT}.length")),
        typed("team"),
        run("document.getElementById('said').textContent"),
        run(elements),
        run(
            "location.hash = '#account-team-299-qa', new Promise((done) => setTimeout(() => done(document.querySelector('.account[open]').id), 100))",
        ),
        shot("large-linked.png"),
        legible(),
        look("dark", "screen"),
        legible(),
        look("light", "print"),
        legible(),
    ];
    let mut looked = Looked::at(&page, &steps);
    assert!(looked.next().as_u64().unwrap() < 12_000, "accounts that nobody looks at are no elements");
    assert_eq!(looked.next(), json!(["team-777-prod"]));
    assert_eq!(looked.next(), json!(["team-1249-prod"]));
    // Of unit-7, unit-70 to unit-79 and what lies below them: every word may stand anywhere.
    let said = looked.next();
    let hits: u64 = said.as_str().unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(said.as_str().unwrap().ends_with("of 5,000 accounts") && hits > 100, "{said}");
    assert_eq!([looked.next(), looked.next()], [json!(100), json!(format!("Show all {hits}"))]);
    assert_eq!([looked.next(), looked.next()], [json!(true), json!(hits)]);
    assert_eq!(looked.next(), "5,000 of 5,000 accounts");
    assert!(looked.next().as_u64().unwrap() < 12_000);
    assert_eq!(looked.next(), "account-team-299-qa");
    is_legible(&mut looked);
}

/// The page is drawn from what the JSON has.
#[test]
fn the_page_and_the_data_have_the_same_accounts() {
    let world = World::of_size(400);
    let (page, document) = world.report(|report| (html::html(report), html::json(report)));
    let data = page.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    let ids = |list: &Value| list.as_array().unwrap().iter().map(|a| a["id"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&data["accounts"]), ids(&document["accounts"]));
    assert_eq!(document["accounts"].as_array().unwrap().len(), 400);
    assert_eq!(document["format_version"], 1);
    assert_eq!(document["drift"]["clean"], true, "{:#}", document["drift"]);
    let classes = document["restrictions"]["classes"].as_array().unwrap();
    let members: u64 = classes.iter().map(|class| class["accounts"].as_u64().unwrap()).sum();
    assert_eq!(members, 400, "every account has its class");
    for (number, class) in classes.iter().enumerate() {
        let of = document["accounts"].as_array().unwrap().iter().filter(|account| account["restriction"] == number);
        assert_eq!(json!(of.count()), class["accounts"]);
    }
}
