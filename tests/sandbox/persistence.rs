//! A world on disk: written, read back, locked, and never half written.

use overlord::sandbox::{Sandbox, Weather, World};

use crate::sandbox::common::*;

#[tokio::test]
async fn a_world_survives_its_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/world.json");
    let open = || Sandbox::open(&path, MANAGEMENT, Weather { create_account_ms: 60_000, ..Weather::default() });
    let sandbox = open().unwrap();
    let client = client(&sandbox);
    client.create_organization().send().await.unwrap();
    let root = client.list_roots().send().await.unwrap().roots.unwrap().remove(0).id.unwrap();
    for number in 0..100 {
        create_ou(&client, &root, &number.to_string()).await;
    }
    client.create_account().account_name("a").email("a@example.com").send().await.unwrap();
    let before = sandbox.world();

    let second = open().unwrap_err();
    assert!(second.message.contains("another process uses the sandbox"), "{second}");

    drop(client);
    drop(sandbox);
    let sandbox = open().unwrap();
    let after = sandbox.world();
    assert!(after.clock_ms >= before.clock_ms);
    assert_eq!(timeless(after), timeless(before));
    // What was begun goes on, and the index is whole.
    assert_eq!(sandbox.world().units_of(&root).len(), 100);
    assert_eq!(sandbox.world().check(), Vec::<String>::new());
}

#[tokio::test]
async fn save_writes_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    let sandbox = Sandbox::open(&path, MANAGEMENT, Weather::default()).unwrap();
    let client = client(&sandbox);
    client.create_organization().send().await.unwrap();
    create_account(&client, "a", "a@example.com").await.unwrap();
    sandbox.save().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let saved: World = serde_json::from_str(&text).unwrap();
    assert_eq!(saved.accounts.len(), 2);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "the file and its lock");
}

#[tokio::test]
async fn a_broken_file_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("world.json");
    for content in [&b"{"[..], b"", b"{\"seed\":0}", b"\xff\xfe"] {
        std::fs::write(&path, content).unwrap();
        let error = Sandbox::open(&path, MANAGEMENT, Weather::default()).unwrap_err();
        assert!(error.message.contains("is not readable"), "{error}");
        assert!(error.hint.unwrap().contains("overlord sandbox reset"));
        assert_eq!(std::fs::read(&path).unwrap(), content, "a broken file is left as it is");
        Sandbox::reset(&path, MANAGEMENT, true).unwrap();
        let sandbox = Sandbox::open(&path, MANAGEMENT, Weather::default()).unwrap();
        assert!(timeless(sandbox.world()) == timeless(World::new(MANAGEMENT)));
        assert!(Sandbox::reset(&path, MANAGEMENT, true).unwrap_err().message.contains("another process"));
    }
}
