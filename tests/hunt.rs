//! Runs that end badly or meet other people's work, each from an incident that could be: the whole road against a sandbox.

use std::path::Path;

use overlord::apply::{Outcome, Report, apply};
use overlord::aws::{Access, Door, DoorOptions, Interrupt, Mode, Rates, Sessions};
use overlord::config::{self, Files};
use overlord::plan::Plan;
use overlord::resource::Desired;
use overlord::sandbox::{Sandbox, Weather, World};
use overlord::snapshot;

const MANAGEMENT: &str = "111111111111";

fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(future)
}

/// A configuration of these sections, whose policies all deny `sqs:*`.
fn desired(sections: &str) -> Desired {
    let toml = format!("[organization]\nmanagement_account = \"{MANAGEMENT}\"\n{sections}");
    let deny = |_: &Path| Ok(br#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sqs:*","Resource":"*"}]}"#.to_vec());
    let loaded = config::load_with(Path::new("org.toml"), Ok(toml.into_bytes()), &Files::new("", &deny));
    loaded.unwrap_or_else(|e| panic!("{e:#?}")).desired
}

async fn run(sandbox: &Sandbox, desired: &Desired) -> (Plan, Report) {
    let transport = sandbox.http_client();
    let options = DoorOptions { mode: Mode::ReadWrite, rates: Rates::Unlimited, trace: None, transport, interrupt: Interrupt::default() };
    let access = Access::Sandbox { management_account: MANAGEMENT.to_owned() };
    let sessions = Sessions::load(access, Door::new(options), "us-east-1", "OrganizationAccountAccessRole").await.unwrap();
    let plan = Plan::build(desired, &snapshot::read(&sessions, desired).await.unwrap());
    let report = apply(&plan, &sessions, false, &mut |_| {}).await;
    (plan, report)
}

/// An organization, and a creation of `first` that goes on after its run was killed.
async fn killed_while_creating(first: &Desired) -> Sandbox {
    let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather { create_account_ms: 600_000, ..Weather::default() });
    run(&sandbox, &desired("")).await;
    tokio::select! {
        _ = run(&sandbox, first) => panic!("the creation takes ten minutes"),
        () = tokio::time::sleep(std::time::Duration::from_secs(60)) => {}
    }
    sandbox
}

fn failures(report: &Report) -> Vec<String> {
    let failure = |outcome: &Outcome| match outcome {
        Outcome::Failed(error) => Some(error.to_string()),
        _ => None,
    };
    report.outcomes.iter().filter_map(|(_, outcome)| failure(outcome)).collect()
}

#[test]
fn an_account_on_its_way_whose_e_mail_was_changed_since_is_not_made_twice() {
    in_virtual_time(async {
        let sandbox = killed_while_creating(&desired("[account.a]\nou = \"root\"\nemail = \"old@example.org\"")).await;
        let (_, report) = run(&sandbox, &desired("[account.a]\nou = \"root\"\nemail = \"new@example.org\"")).await;
        assert_eq!(sandbox.world().accounts.len(), 2, "{report:?}");
        let said = failures(&report).join("\n");
        assert!(said.contains("was made for `account.a` meanwhile, with the e-mail `old@example.org`"), "{said}");
    });
}

#[test]
fn an_account_on_its_way_whose_name_was_changed_since_is_found() {
    in_virtual_time(async {
        let sandbox = killed_while_creating(&desired("[account.a]\nou = \"root\"\nname = \"old\"\nemail = \"a@example.org\"")).await;
        let (_, report) = run(&sandbox, &desired("[account.a]\nou = \"root\"\nname = \"new\"\nemail = \"a@example.org\"")).await;
        assert_eq!(failures(&report), Vec::<String>::new());
        assert_eq!(sandbox.world().accounts.len(), 2);
    });
}

#[test]
fn a_key_whose_account_went_to_another_key_gets_a_new_account() {
    in_virtual_time(async {
        let sandbox = Sandbox::new(World::new(MANAGEMENT), Weather::default());
        run(&sandbox, &desired("[account.a]\nou = \"root\"\nname = \"n\"\nemail = \"old@example.org\"")).await;
        let second = "[account.b]\nou = \"root\"\nname = \"n\"\nemail = \"old@example.org\"\n\
                      [account.a]\nou = \"root\"\nname = \"n\"\nemail = \"new@example.org\"";
        let (_, report) = run(&sandbox, &desired(second)).await;
        assert_eq!(failures(&report), Vec::<String>::new());
        assert_eq!(sandbox.world().accounts.len(), 3);
    });
}
