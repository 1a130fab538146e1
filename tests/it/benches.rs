//! What `benches/` compares with PyTorch: its networks are what they are said to be, its script is a script.

#[path = "../../benches/networks/workload.rs"]
mod workload;

use crate::support::root;
use nasflow::space::Head;
use std::process::Command;
use workload::{Task, WORKLOADS};

#[test]
fn networks_have_the_stated_parameters() {
    for w in WORKLOADS {
        let program = w.program().unwrap_or_else(|e| panic!("{}: {e}", w.name));
        assert_eq!(program.param_count(), w.params, "{}", w.name);
        let image = program.values[0];
        assert_eq!((image.h, image.w, image.c), (w.size, w.size, 3), "{}", w.name);
        match (&program.head, w.task) {
            (Head::Detect { classes, anchors, .. }, Task::Detect | Task::Infer) => assert_eq!((*classes, anchors.len()), (80, 3)),
            (_, Task::Classify) => {
                let logits: Vec<_> = program.outputs.iter().map(|&v| program.values[v]).collect();
                assert!(matches!(logits[..], [s] if (s.h, s.w, s.c) == (1, 1, w.classes)), "{}: {logits:?}", w.name);
            }
            (head, task) => panic!("{}: {head:?} for {task:?}", w.name),
        }
    }
}

/// Multiply-adds an image by hand: YOLOv5n has 4.47 GFLOPs at 640 px (two each), a quarter of that at 320; a training step is
/// three passes.
#[test]
fn operations_are_counted_as_stated() {
    let flops = |name: &str| {
        let w = WORKLOADS.into_iter().find(|w| w.name == name).expect("a workload");
        w.flops(&w.program().expect("a network"))
    };
    assert_eq!(flops("yolov5n"), 2.0 * 3.0 * 8.0 * 558_515_200.0);
    assert_eq!(flops("yolov5n-640"), 2.0 * 4.0 * 558_515_200.0);
}

#[test]
fn objects_fit_their_batch() {
    for w in WORKLOADS {
        let targets = w.targets();
        assert_eq!(targets.len(), 8 * w.batch);
        for t in targets {
            assert!(t.image < w.batch && t.class < w.classes);
            assert!((0.0..1.0).contains(&t.cx) && (0.0..1.0).contains(&t.cy) && t.w > 0.0 && t.h > 0.0 && t.w < 1.0 && t.h < 1.0);
        }
    }
}

#[test]
fn the_script_is_one_and_explains_itself() {
    let script = root().join("benches/against-pytorch.sh");
    let ok = |arguments: &[&str]| Command::new("sh").args(arguments).arg(&script).output().expect("a shell").status.success();
    assert!(ok(&["-n"]));
    let wrong = Command::new("sh").arg(&script).arg("--nonsense").output().expect("a shell");
    assert_eq!(wrong.status.code(), Some(2), "an unknown option is refused before anything is built");
    let help = Command::new("sh").arg(&script).arg("--help").output().expect("a shell");
    let text = String::from_utf8_lossy(&help.stdout);
    assert!(help.status.success());
    for word in ["--quick", "--only", "--threads", "NASFLOW_PYTHON", "ratio NAME VALUE"].into_iter().chain(WORKLOADS.map(|w| w.name)) {
        assert!(text.contains(word), "`{word}` is not in the help");
    }
}
