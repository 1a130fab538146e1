//! The text of the Python file; that it computes the same is tested with PyTorch, in `tests/it/exports.rs`.

use super::*;
use crate::export::safetensors::tests::{artefact, small, tiny_classifier};

#[test]
fn a_file_holds_its_network_and_the_blocks_that_it_needs() {
    let files = write(&artefact(small(64, 2)), "best").unwrap();
    assert_eq!(files.iter().map(|f| f.ending).collect::<Vec<_>>(), ["py", "safetensors"]);
    let text = String::from_utf8(files[0].bytes.clone()).unwrap();
    for part in [
        "Conv(3, 4, 8, stride=8),",
        "# 0: 8 x 8 x 4",
        "return m[3]([x0, x1, x2])\n",
        "with_name(\"best.safetensors\")",
        "class Detect(nn.Module)",
        "NAMES = [\"class \\\"0\\\"\\U0000000a\", ",
        "# choices: top=5\n",
        "torch.rand([1, 3, 64, 64])",
    ] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    assert!(!text.contains("class C3") && !text.contains("class Linear") && !text.contains("WEIGHTS") && !text.contains("SIZE)"), "{text}");
    let text = module(&artefact(tiny_classifier(1, 3)), "x").unwrap();
    assert!(text.contains("return m[2](x1).flatten(1)\n") && text.contains("Linear(4, 3),"), "{text}");
}

#[test]
fn names_from_outside_end_no_line_and_no_string() {
    let mut one = artefact(tiny_classifier(3, 2));
    one.card.classes = vec!["a\nimport os  # \"".into(), "\\".into()];
    one.card.decisions = vec![("x\r".into(), "\u{c}1".into())];
    let text = module(&one, "a\"\n.safetensors").unwrap();
    assert!(text.contains(r#"NAMES = ["a\U0000000aimport os  # \"", "\\"]"#), "{text}");
    assert!(text.contains(r#"with_name("a\"\U0000000a.safetensors")"#), "{text}");
    assert!(text.contains("# classes: a import os  # \", \\\n") && text.contains("# choices: x = 1\n"), "{text}");
    assert!(!text.contains("\nimport os"));
}

#[test]
fn every_block_is_there_once_and_needs_only_blocks() {
    let names: Vec<&str> = BLOCKS.lines().filter_map(|l| l.strip_prefix("class ")?.split('(').next()).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    for name in names {
        let line = Line { module: format!("{name}()"), reads: String::new(), shape: String::new() };
        assert!(blocks(&[line]).contains(&format!("class {name}(nn.Module):")), "{name}");
    }
    let c3 = Line { module: "C3(1, 2)".into(), reads: String::new(), shape: String::new() };
    assert_eq!(blocks(&[c3]).matches("\nclass ").count(), 3);
}
