//! `nasflow doctor` and `--device`: what is said with and without CUDA in the build. Neither needs a GPU.

use crate::support::{Place, SMALL};

const CUDA: bool = cfg!(feature = "cuda");

/// Every field that programs may rely on, with its type.
#[test]
fn the_findings_have_their_structure() {
    let place = Place::new(SMALL);
    let said = place.nasflow(&["doctor", "--json", "--device", "cpu", "--jobs", "1"]);
    assert!(said.ok(), "{said:?}");
    let found: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let keys = |v: &serde_json::Value| {
        let mut keys: Vec<String> = v.as_object().map(|o| o.keys().cloned().collect()).unwrap_or_default();
        keys.sort();
        keys.join(" ")
    };
    assert_eq!(keys(&found), "configuration cuda faults features machine store used version");
    assert_eq!(keys(&found["machine"]), "instruction-set memory memory-free name processors");
    assert_eq!(keys(&found["store"]), "exists fault found free root schema writable");
    assert_eq!(keys(&found["cuda"]), "built devices driver libraries none-because");
    assert_eq!(keys(&found["used"]), "device executor jobs note numerics threads");
    assert_eq!(found["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(found["cuda"]["built"], CUDA);
    assert!(["avx512", "avx2", "portable"].iter().any(|s| found["machine"]["instruction-set"] == *s));
    assert_eq!((found["store"]["exists"].as_bool(), found["store"]["writable"].as_bool()), (Some(false), Some(true)));
    let used = &found["used"];
    assert_eq!((used["executor"].as_str(), used["device"].as_str(), used["jobs"].as_u64()), (Some("fast"), Some("cpu"), Some(1)));
    assert_eq!(used["threads"], found["machine"]["processors"]);
    let libraries: Vec<_> = found["cuda"]["libraries"].as_array().expect("a list").iter().map(|l| l["name"].clone()).collect();
    assert_eq!(libraries, ["libcuda", "libcublas", "libcublasLt", "libcurand", "libcudnn"]);
    // It looked, and left nothing.
    let left: Vec<_> = std::fs::read_dir(place.path()).expect("the directory").flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["pipeline.kdl"]);
}

#[test]
fn the_text_ends_with_what_will_be_used() {
    let place = Place::new(SMALL);
    let said = place.nasflow(&["doctor"]);
    assert!(said.ok(), "{said:?}");
    let heads: Vec<&str> = said.out.lines().filter_map(|l| l.split_whitespace().next()).collect();
    assert_eq!(heads[..5], ["nasflow", "processor", "memory", "store", "config"], "{}", said.out);
    assert!(said.out.lines().last().is_some_and(|l| l.starts_with("will be used: the ")), "{}", said.out);
    let driver = std::path::Path::new("/sys/module/nvidia/version").exists();
    assert_eq!(said.out.contains("libcublas"), CUDA || driver, "{}", said.out);
}

#[test]
fn a_broken_store_is_a_fault_and_an_exit_code() {
    let place = Place::new(SMALL);
    let said = place.nasflow(&["doctor", "--device", "cpu", "--cache", "."]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.out.contains("fault: ") && said.out.contains("pipeline.kdl"), "{}", said.out);
    let said = place.nasflow(&["doctor", "--device", "cpu", "--jobs", "0"]);
    assert!(said.code == Some(1) && said.err.contains("at least one trial"), "{said:?}");
}

/// A device that is not there is an error that says why, before anything is made.
#[test]
fn a_device_that_is_not_there_is_an_error() {
    let place = Place::new(SMALL);
    for command in [&["run", "pipeline.kdl", "--device", "cuda:77"][..], &["plan", "pipeline.kdl", "--device", "cuda:77"]] {
        let said = place.nasflow(command);
        assert_eq!(said.code, Some(1), "{said:?}");
        let why = if CUDA { "`--device cuda:77`: " } else { "built without CUDA: `cargo build --release --features cuda`" };
        assert!(said.err.contains(why), "{said:?}");
        assert!(!place.path().join("cache").exists());
    }
    let said = place.nasflow(&["doctor", "--device", "cuda:77"]);
    assert!(said.code == Some(1) && said.out.contains("fault: ") && said.out.contains("will be used: nothing"), "{said:?}");
    let said = place.nasflow(&["run", "pipeline.kdl", "--device", "cuda", "--executor", "fast"]);
    assert!(said.code == Some(1) && said.err.contains("no CUDA kernels"), "{said:?}");
    let said = place.nasflow(&["run", "pipeline.kdl", "--device", "gpu"]);
    assert!(said.code == Some(64) && said.err.contains("`gpu` is no device"), "{said:?}");
}

/// Results of one numerics class are not those of another, and both `plan` and `run` say so (invariant 10).
#[test]
fn results_of_another_class_are_named() {
    let place = Place::new(SMALL);
    let run = place.nasflow(&["run", "pipeline.kdl", "--device", "cpu"]);
    assert!(run.ok() && run.err.contains("numerics fast-2"), "{run:?}");
    let other = ["pipeline.kdl", "--device", "cpu", "--executor", "reference"];
    let plan = place.nasflow(&[&["plan"][..], &other].concat());
    assert!(plan.ok() && plan.out.contains("numerics reference-cpu") && plan.out.contains("known, but from fast-2"), "{plan:?}");
    let show = place.nasflow(&[&["show"][..], &other].concat());
    assert!(show.ok() && show.err.contains("from fast-2 are known"), "{show:?}");
    let run = place.nasflow(&[&["run"][..], &other].concat());
    assert!(run.ok() && run.err.contains("to compute in reference-cpu") && run.err.contains("from fast-2 are known"), "{run:?}");
    assert!(run.executed("train") > 0, "{run:?}");
    // Both are there now, and neither run has anything to do.
    for more in [&["--executor", "reference"][..], &["--executor", "fast"]] {
        let again = place.nasflow(&[&["run", "pipeline.kdl", "--device", "cpu"][..], more].concat());
        assert!(again.ok() && again.out.contains("nothing executed") && !again.err.contains("are known"), "{again:?}");
    }
}

#[test]
fn the_help_teaches_devices() {
    let place = Place::new(SMALL);
    for command in ["run", "plan", "show", "export", "predict", "doctor"] {
        let said = place.nasflow(&[command, "--help"]);
        assert!(said.ok() && said.out.contains("--device <DEVICE>") && said.out.contains("cuda:N"), "{said:?}");
    }
    assert!(place.nasflow(&["--help"]).out.contains("doctor"));
}
