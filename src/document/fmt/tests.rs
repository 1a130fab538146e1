//! What formatting does, line by line; `tests/it/formatting.rs` has its promises over everything that is shipped.

use super::formatted;

fn tidy(text: &str) -> String {
    formatted(&crate::language(), "p.kdl", text.as_bytes()).unwrap_or_else(|e| panic!("{text}\n{e}"))
}

#[test]
fn a_line_at_a_time() {
    for (written, want) in [
        // Spaces, blocks, ends of nodes.
        ("pipeline   \"p\"    seed = 7  ;", "pipeline \"p\" seed=7\n"),
        ("data \"d\" generate=shapes{split train=0.5 val=0.5;}", "data \"d\" generate=shapes { split train=0.5 val=0.5 }\n"),
        (
            "space \"s\" {\nnetwork {\n\tinput \"d\"\n  conv 8; \n\n\n\n conv 8 }\n}",
            "space \"s\" {\n    network {\n        input \"d\"\n        conv 8\n\n        conv 8 }\n}\n",
        ),
        ("space \"s\" {\n\n  network { }\n\n}\n\n", "space \"s\" {\n    network {}\n}\n"),
        ("conv (choice)\"k\"   a = (expr) \"2 * c\"", "conv (choice)\"k\" a=(expr)\"2 * c\"\n"),
        ("a 1 \\\n   b=2\nc", "a 1 \\\n    b=2\nc\n"),
        ("a 1 \\ // why\n b=2", "a 1 \\ // why\n    b=2\n"),
        // Comments: where they stand, and in their column.
        ("// one\n\n\n// two\na   // three\n  // four\n", "// one\n\n// two\na   // three\n// four\n"),
        ("a /* x */ 1 /* y\n  z */ { b }", "a /* x */ 1 /* y\n  z */ { b }\n"),
        ("a {\nb        // B\nc 1      // C\n}", "a {\n    b    // B\n    c 1  // C\n}\n"),
        ("a\n/- b   {\nc }\nd", "a\n/- b {\n    c }\nd\n"),
        ("a /-b=1   c", "a /-b=1 c\n"),
        // Columns that somebody aligned; a stray space is none.
        ("train    \"a\"  { epochs 1 }\nevaluate \"bcd\"   { top 1 }", "train    \"a\" { epochs 1 }\nevaluate \"bcd\" { top 1 }\n"),
        ("train    \"a\"   { epochs 1 }\nevaluate \"bcd\" { top 1 }", "train    \"a\"   { epochs 1 }\nevaluate \"bcd\" { top 1 }\n"),
        ("a  1\nbcd 2", "a 1\nbcd 2\n"),
        (
            "train    \"a\" { epochs 1 }\n// then\nevaluate \"b\" {\n  top 1\n}",
            "train    \"a\" { epochs 1 }\n// then\nevaluate \"b\" {\n    top 1\n}\n",
        ),
        // Quotes: what the file invents has them, nasflow's words do not.
        ("sample trials { from backbone; strategy \"random\" }", "sample \"trials\" { from \"backbone\"; strategy random }\n"),
        (
            "space s { choice act silu \"relu\"\nnetwork activation=(choice)act { concat \"above\" p4 } }",
            "space \"s\" { choice \"act\" silu \"relu\"\n    network activation=(choice)\"act\" { concat \"above\" \"p4\" } }\n",
        ),
        ("train \"t\" { data \"d\" split=\"train\"; recipe \"yolov5\" }", "train \"t\" { data \"d\" split=\"train\"; recipe yolov5 }\n"),
        ("unknown word \"text\" x=\"y\"", "unknown word \"text\" x=\"y\"\n"),
        ("evaluate \"e\" { metrics \"map50\" pi-ms }", "evaluate \"e\" { metrics map50 \"pi-ms\" }\n"),
        // Texts of several lines, raw ones, and numbers stay as they are.
        ("a \"\"\"\n   x\n   \"\"\" #\"q\"#  0x1F 1e-3 1_000", "a \"\"\"\n   x\n   \"\"\" #\"q\"# 0x1F 1e-3 1_000\n"),
        ("\u{FEFF}a\r\nb\r\n", "a\nb\n"),
    ] {
        let got = tidy(written);
        assert_eq!(got, want, "{written}");
        assert_eq!(tidy(&got), got, "again: {written}");
    }
}

#[test]
fn what_cannot_be_read_is_left() {
    for (text, code) in
        [("a {", "open-block"), ("a \"b", "open-string"), ("", "empty-file"), ("// only", "empty-file"), ("a x=true", "bare-keyword")]
    {
        let found = formatted(&crate::language(), "p.kdl", text.as_bytes()).expect_err(text);
        assert_eq!(found.items.iter().map(|d| d.code).collect::<Vec<_>>(), [code], "{text}");
    }
}
