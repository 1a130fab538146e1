//! The user's configuration file, read by the real binary.

use crate::documents::blocks;
use crate::support::{Place, SMALL, Said, root, said};

/// `doctor` with a configuration and more of the environment.
fn doctor(place: &Place, configuration: &str, more: &[(&str, &str)], arguments: &[&str]) -> Said {
    std::fs::write(place.path().join("config.kdl"), configuration).expect("written");
    let arguments: Vec<&str> = ["doctor", "--device", "cpu"].iter().chain(arguments).copied().collect();
    let mut command = place.command(&arguments);
    command.env("NASFLOW_CONFIG", "config.kdl").envs(more.iter().copied());
    said(command.output().expect("nasflow starts"))
}

#[test]
fn an_option_counts_before_the_environment_and_that_before_the_file() {
    let place = Place::new(SMALL);
    let file = "run { jobs 3; threads 5 }";
    for (file, environment, arguments, jobs) in [
        (file, None, &[][..], "3 trials at a time, 5 threads each"),
        (file, Some(("NASFLOW_JOBS", "2")), &[], "2 trials at a time, 5 threads each"),
        (file, Some(("NASFLOW_JOBS", "2")), &["--jobs", "1"], "1 trial at a time, 5 threads each"),
        ("", Some(("NASFLOW_JOBS", "2")), &[], "2 trials at a time"),
    ] {
        let said = doctor(&place, file, environment.as_slice(), arguments);
        assert!(said.ok() && said.out.contains(jobs), "{jobs}: {said:?}");
    }
    assert!(doctor(&place, file, &[], &[]).out.contains("config      config.kdl: run jobs 3, run threads 5\n"));
    assert!(doctor(&place, "", &[], &[]).out.contains("config      config.kdl, which sets nothing\n"));
}

#[test]
fn the_file_is_found_in_the_home_directory() {
    let place = Place::new(SMALL);
    let folder = place.path().join(".config/nasflow");
    std::fs::create_dir_all(&folder).and_then(|()| std::fs::write(folder.join("config.kdl"), "run jobs=7")).expect("written");
    let at = |name: &str, value: &std::path::Path| {
        let mut command = place.command(&["doctor", "--device", "cpu"]);
        command.env_remove("NASFLOW_CONFIG").env_remove("XDG_CONFIG_HOME").env("HOME", place.path()).env(name, value);
        said(command.output().expect("nasflow starts"))
    };
    assert!(at("HOME", place.path()).out.contains("7 trials at a time"));
    assert!(at("XDG_CONFIG_HOME", &place.path().join(".config")).out.contains("7 trials at a time"));
    let none = at("XDG_CONFIG_HOME", place.path());
    assert!(none.ok() && none.out.contains("config.kdl is not there"), "{none:?}");
}

#[test]
fn a_wrong_file_is_shown_with_its_place_and_stops_a_run() {
    let place = Place::new(SMALL);
    let wrong = "run {\n    jobs 3\n    retires 1\n}\n";
    let found = doctor(&place, wrong, &[], &[]);
    assert!(!found.ok() && found.out.contains("fault: the configuration is wrong") && found.out.contains("retries"), "{found:?}");
    let mut command = place.command(&["run", "pipeline.kdl"]);
    command.env("NASFLOW_CONFIG", "config.kdl");
    let run = said(command.output().expect("nasflow starts"));
    assert!(!run.ok() && run.err.contains("config.kdl:3") && run.err.contains("did you mean `retries`?"), "{run:?}");
    assert!(!place.path().join("cache").exists());
    command = place.command(&["run", "pipeline.kdl"]);
    command.env("NASFLOW_CONFIG", "none.kdl");
    let run = said(command.output().expect("nasflow starts"));
    assert!(!run.ok() && run.err.contains("none.kdl") && run.err.contains("NASFLOW_CONFIG"), "{run:?}");
}

#[test]
fn what_the_page_shows_is_right() {
    let place = Place::new(SMALL);
    let page = std::fs::read_to_string(root().join("docs/configuration.md")).expect("the page");
    let shown = blocks(&page);
    assert!(!shown.is_empty());
    for block in shown {
        let said = doctor(&place, &block, &[], &[]);
        assert!(said.ok() && said.out.contains("run jobs 4"), "{block}\n{said:?}");
    }
}

#[test]
fn what_the_page_about_clusters_shows_is_right() {
    let place = Place::new(SMALL);
    let page = std::fs::read_to_string(root().join("docs/scale.md")).expect("the page");
    let shown = blocks(&page);
    assert!(shown.len() >= 2);
    for block in shown {
        let said = doctor(&place, &block, &[], &[]);
        assert!(said.ok() && said.out.contains("run launcher"), "{block}\n{said:?}");
    }
}
