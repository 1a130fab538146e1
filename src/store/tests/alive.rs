use super::super::Store;

#[test]
fn a_run_is_at_work_as_long_as_it_lives() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(&dir.path().join("cache"), true).expect("a store");
    let root = dir.path().join("cache");
    let looks = || Store::at_work(&root, "p").expect("listed");
    assert_eq!(looks(), None);
    let alive = store.alive("p").expect("at work");
    assert_eq!(looks().map(|run| run.said), Some(vec![]));
    alive.say(b"one").expect("said");
    alive.say(b"two").expect("said");
    assert_eq!(looks().map(|run| run.said), Some(b"two".to_vec()));
    // Another pipeline is not at work.
    assert_eq!(Store::at_work(&root, "q").expect("listed"), None);
    drop(alive);
    assert_eq!(looks(), None);
    assert!(std::fs::read_dir(dir.path().join("cache/runs")).expect("listed").next().is_none());
}

#[test]
fn what_a_killed_run_left_is_no_run_and_goes() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(&dir.path().join("cache"), true).expect("a store");
    let runs = dir.path().join("cache/runs");
    let path = {
        let alive = store.alive("p").expect("at work");
        alive.say(b"half").expect("said");
        let name = std::fs::read_dir(&runs).expect("listed").flatten().find(|e| e.path().extension().is_some_and(|x| x == "alive"));
        name.expect("the file").path()
    };
    // As SIGKILL leaves it: the files without their lock.
    std::fs::write(&path, b"").expect("written");
    std::fs::write(path.with_extension("said"), b"half").expect("written");
    let name = path.with_extension("said").file_name().expect("a name").to_string_lossy().into_owned();
    std::fs::write(runs.join(format!(".tmp-{name}")), b"ha").expect("written");
    assert_eq!(Store::at_work(store.root(), "p").expect("listed"), None);
    let _alive = store.alive("p").expect("at work");
    // The new one's alone is left.
    assert_eq!(std::fs::read_dir(&runs).expect("listed").count(), 1);
}
