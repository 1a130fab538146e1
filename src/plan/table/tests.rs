use super::*;
use crate::document::{Metric, Span, Spanned};

fn column(names: &[&str], percent: bool) -> TableColumn {
    let names = names.iter().map(|n| Spanned { value: (*n).to_string(), span: Span::default() }).collect();
    TableColumn { metric: Spanned { value: Metric::Accuracy, span: Span::default() }, names, percent }
}

fn json(text: &str) -> Result<Table, Fault> {
    Table::parse("t.json", text.as_bytes(), "arch", &["acc", "seeds"])
}

fn csv(text: &str) -> Result<Table, Fault> {
    Table::parse("T.CSV", text.as_bytes(), "arch", &["a", "b"])
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
    assert_eq!(table.figure("01", &column(&["acc"], true)).unwrap().values, [0.9]);
    assert_eq!(table.figure("01", &column(&["seeds"], false)).unwrap().values, [91.5, 92.5]);
    assert_eq!(table.figure("01", &column(&["acc", "seeds"], false)).unwrap().values, [90.0, 91.5, 92.5]);
    assert_eq!(table.figure("11", &column(&["acc"], true)), Err("the table has no `accuracy` in row `11`".into()));
    assert_eq!(table.figure("11", &column(&["seeds"], true)), Err("the table has no `accuracy` in row `11`".into()));
    assert_eq!(table.figure("21", &column(&["acc"], true)), Err("the table has no row `21`".into()));
    assert_eq!(table.outside(&column(&["acc"], true)), None);
    assert_eq!(table.outside(&column(&["seeds"], false)), Some(92.5));
}

#[test]
fn lines_of_cells_are_a_table() {
    let table = csv("\u{feff}i,arch,a,\"b\"\r\n0,|x~0|,1.5,2\r\n1,\"y, \"\"z\"\"\n\",-1e3,\r\n").unwrap();
    assert_eq!(table.len(), 2);
    assert_eq!(table.figure("|x~0|", &column(&["a", "b"], false)).unwrap().values, [1.5, 2.0]);
    assert_eq!(table.figure("y, \"z\"\n", &column(&["a"], false)).unwrap().values, [-1000.0]);
    assert!(table.figure("y, \"z\"\n", &column(&["b"], false)).is_err());
    assert_eq!(csv("arch,a,b\nx,1,nan").unwrap().figure("x", &column(&["b"], false)), Err("the table has no `accuracy` in row `x`".into()));
    assert_eq!(csv("name,a\nx,1"), Err(Fault::NoKeys(vec!["name".into(), "a".into()])));
}

#[test]
fn what_is_no_table_is_refused_at_its_place() {
    assert!(why(json("[1]")).contains("an object with one entry a network"));
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
    assert_eq!(why(Table::parse("t.csv", b"arch,\xff", "arch", &[])), "byte 5 is not UTF-8");
    let long = why(csv(&format!("arch,a\n{},x\n", "k".repeat(500))));
    assert!(long.len() < 300, "{long}");
}
