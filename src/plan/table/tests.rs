use super::*;
use crate::document::{Span, Spanned, TABLE_UNITS};

fn column(names: &[&str], percent: bool) -> TableColumn {
    let names = names.iter().map(|n| Spanned { value: (*n).to_string(), span: Span::default() }).collect();
    TableColumn {
        metric: Spanned { value: crate::language().metric("accuracy").unwrap(), span: Span::default() },
        names,
        unit: percent.then(|| TABLE_UNITS.iter().find(|u| u.word == "percent").unwrap()),
    }
}

fn json(text: &str) -> Result<Table, Fault> {
    Table::parse("t.json", text.as_bytes(), &["arch"], &["acc", "seeds"])
}

fn csv(text: &str) -> Result<Table, Fault> {
    Table::parse("T.CSV", text.as_bytes(), &["arch"], &["a", "b"])
}

fn why(fault: Result<Table, Fault>) -> String {
    match fault {
        Err(Fault::Broken(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_object_of_objects_is_a_table() {
    let table = json(r#"{"01": {"acc": 90, "seeds": [91.5, 92.5], "x": {"deep": [1]}}, "11": {"acc": null}}"#).unwrap();
    assert_eq!((table.len(), table.columns.as_slice()), (2, &["acc", "seeds", "x"].map(String::from)[..]));
    assert_eq!(table.figure(&"01".into(), &column(&["acc"], true)).unwrap().values, [0.9]);
    assert_eq!(table.figure(&"01".into(), &column(&["seeds"], false)).unwrap().values, [91.5, 92.5]);
    assert_eq!(table.figure(&"01".into(), &column(&["acc", "seeds"], false)).unwrap().values, [90.0, 91.5, 92.5]);
    assert_eq!(table.figure(&"11".into(), &column(&["acc"], true)), Err("the table has no `accuracy` in row `11`".into()));
    assert_eq!(table.figure(&"11".into(), &column(&["seeds"], true)), Err("the table has no `accuracy` in row `11`".into()));
    assert_eq!(table.figure(&"21".into(), &column(&["acc"], true)), Err("the table has no row `21`".into()));
    assert_eq!(table.outside(&column(&["acc"], true)), None);
    assert_eq!(table.outside(&column(&["seeds"], false)), Some(92.5));
}

#[test]
fn lines_of_cells_are_a_table() {
    let table = csv("\u{feff}i,arch,a,\"b\"\r\n0,|x~0|,1.5,2\r\n1,\"y, \"\"z\"\"\n\",-1e3,\r\n").unwrap();
    assert_eq!(table.len(), 2);
    assert_eq!(table.figure(&"|x~0|".into(), &column(&["a", "b"], false)).unwrap().values, [1.5, 2.0]);
    assert_eq!(table.figure(&"y, \"z\"\n".into(), &column(&["a"], false)).unwrap().values, [-1000.0]);
    assert!(table.figure(&"y, \"z\"\n".into(), &column(&["b"], false)).is_err());
    assert_eq!(
        csv("arch,a,b\nx,1,nan").unwrap().figure(&"x".into(), &column(&["b"], false)),
        Err("the table has no `accuracy` in row `x`".into())
    );
    // Blanks beside a key are as little meant as those beside a name or a number.
    let padded = csv("arch , a,b\n x ,\t1, 2\n\ty,3,4\n").unwrap();
    assert_eq!(padded.figure(&"x".into(), &column(&["a", "b"], false)).unwrap().values, [1.0, 2.0]);
    assert!(padded.has(&"y".into()));
    assert_eq!(csv("name,a\nx,1"), Err(Fault::NoKeys { missing: 0, columns: vec!["name".into(), "a".into()] }));
}

#[test]
fn what_is_no_table_is_refused_at_its_place() {
    assert!(why(json("1")).contains("an object with one entry a network"));
    assert!(why(json(r#"{"a": 1}"#)).contains("an object with the figures of a network"));
    assert!(why(json(r#"{"a": {"acc": "high"}}"#)).contains("a number, or a list of numbers"));
    assert!(why(json(r#"{"a": {"acc": 1}, "a": {"acc": 2}}"#)).contains("the row `a` stands twice"));
    assert!(why(json(r#"{"a": {"acc": 1, "acc": 2}}"#)).contains("the field `acc` stands twice"));
    assert!(why(json(r#"{"a": {"acc": 1}} x"#)).contains("trailing"));
    assert!(why(json(&format!(r#"{{"a": {{"acc": [{}1]}}}}"#, "1,".repeat(2000)))).contains("more than 1000"));
    assert!(why(json(&format!(r#"{{"a": {{"x": {}1"#, "[".repeat(100_000)))).contains("line 1"));
    assert_eq!(why(json("{}")), "it has no rows");
    assert_eq!(why(csv("")), "it is empty");
    assert_eq!(why(csv("arch,a\n")), "it has no rows");
    assert_eq!(why(csv("arch,a\nx,1\ny,1,2\n")), "line 3: 3 cells, where the first line has 2");
    assert_eq!(why(csv("arch,a\n\"x\n\",1\ny,high\n")), "line 4: `high` of `a` is no number");
    assert_eq!(why(csv("arch,a\nx,1\nx,2\n")), "line 3: the row `x` stands twice");
    assert_eq!(why(csv("arch,a,a\nx,1,2\n")), "line 1: the column `a` stands twice");
    assert_eq!(why(csv("arch,a\n\"x,1\n")), "line 2: a quoted cell never ends");
    assert_eq!(why(csv("arch,a\n\"x\"y,1\n")), "line 2: something stands behind a quoted cell");
    assert_eq!(why(Table::parse("t.csv", b"arch,\xff", &["arch"], &[])), "byte 5 is not UTF-8");
    let long = why(csv(&format!("arch,a\n{},x\n", "k".repeat(500))));
    assert!(long.len() < 300, "{long}");
}

#[test]
fn several_columns_name_a_row() {
    let parse = |text: &str| Table::parse("t.csv", text.as_bytes(), &["depth", "kernel"], &["acc"]);
    let table = parse("acc,kernel,depth\n0.5,3,1\n0.25,5,1\n0.75,1,31\n").unwrap();
    let value = |depth: &str, kernel: &str| table.figure(&RowKey(vec![depth.into(), kernel.into()]), &column(&["acc"], false));
    assert_eq!((value("1", "3").unwrap().values, value("1", "5").unwrap().values), (vec![0.5], vec![0.25]));
    // Keys are not glued together: 1 and 31 are not 13 and 1.
    assert_eq!(value("13", "1"), Err("the table has no row `13, 1`".into()));
    assert_eq!(table.example(), Some(RowKey(vec!["1".into(), "3".into()])));
    assert_eq!(parse("acc,depth\n1,2\n"), Err(Fault::NoKeys { missing: 1, columns: vec!["acc".into(), "depth".into()] }));
    assert_eq!(why(parse("acc,depth,kernel\n1,2,3\n2,2,3\n")), "line 3: the row `2, 3` stands twice");
}

#[test]
fn a_list_of_rows_is_a_table() {
    let parse = |text: &str, keys: &[&str]| Table::parse("t.json", text.as_bytes(), keys, &["acc"]);
    let text = "\u{feff}[{\"arch\": \"a\", \"acc\": [1, 2], \"n\": 3}, {\"n\": 0.5, \"arch\": \"b\", \"acc\": 3}]";
    let table = parse(text, &["arch"]).unwrap();
    assert_eq!((table.len(), table.figure(&"a".into(), &column(&["acc"], false)).unwrap().values), (2, vec![1.0, 2.0]));
    let table = parse(text, &["arch", "n"]).unwrap();
    assert_eq!(table.figure(&RowKey(vec!["b".into(), "0.5".into()]), &column(&["acc"], false)).unwrap().values, [3.0]);
    assert!(table.has(&RowKey(vec!["a".into(), "3".into()])) && !table.has(&"a".into()));
    assert!(why(parse("[{\"acc\": 1}]", &["arch"])).contains("a row has no field `arch`, which would name it"));
    assert!(why(parse("[{\"arch\": [], \"acc\": 1}]", &["arch"])).contains("a text or a number that names the row"));
    assert!(why(parse("{\"a\": {\"acc\": 1}}", &["arch", "n"])).contains("several `keys` need a list of rows"));
    assert_eq!(parse("\u{feff}{\"a\": {\"acc\": 1}}", &["arch"]).unwrap().len(), 1);
}

#[test]
fn units_of_a_file_become_the_metrics_own() {
    let unit = |word: &str| TableColumn { unit: TABLE_UNITS.iter().find(|u| u.word == word), ..column(&["acc"], false) };
    let scaled = |word: &str, value: f64| unit(word).scaled(value);
    assert_eq!((scaled("percent", 91.2), scaled("share", 0.5), scaled("none", 0.5)), (91.2 / 100.0, 0.5, 0.5));
    assert_eq!((scaled("s", 0.25), scaled("ms", 3.0), scaled("us", 1500.0)), (250.0, 3.0, 1.5));
    assert_eq!((scaled("millions", 1.25), scaled("MiB", 2.0), scaled("bits", 1.0)), (1_250_000.0, 2_097_152.0, std::f64::consts::LN_2));
    let mut words: Vec<&str> = TABLE_UNITS.iter().map(|u| u.word).collect();
    words.dedup();
    assert_eq!(words, crate::document::TABLE_UNIT_WORDS);
}
