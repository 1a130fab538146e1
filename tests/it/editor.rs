//! `nasflow lsp`, driven by the messages that an editor sends: `tests/lsp/*.jsonl`, one a line. Positions count UTF-16 units, and the file has
//! characters for which that matters.

use crate::support::{Place, root};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Client {
    fn start(place: &Place) -> Client {
        let mut child =
            place.command(&["lsp"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("nasflow");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Client { input: child.stdin.take(), output, child }
    }

    fn send(&mut self, message: &str) {
        let input = self.input.as_mut().expect("open");
        write!(input, "Content-Length: {}\r\n\r\n{message}", message.len()).and_then(|()| input.flush()).expect("it listens");
    }

    /// The next message; none at the end.
    fn next(&mut self) -> Option<Value> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).expect("UTF-8") == 0 {
                return None;
            }
            match line.trim_end() {
                "" => break,
                line => length = line.strip_prefix("Content-Length: ").and_then(|l| l.parse().ok()).unwrap_or(length),
            }
        }
        let mut bytes = vec![0; length];
        self.output.read_exact(&mut bytes).expect("a whole message");
        Some(serde_json::from_slice(&bytes).expect("JSON"))
    }

    fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.next().expect("the server is there");
            if wanted(&message) {
                return message;
            }
        }
    }
}

/// What was answered to each request, and the findings after each change.
fn session(file: &str) -> (Vec<(Value, Value)>, Vec<Value>, Option<i32>) {
    let place = Place::new("");
    let mut client = Client::start(&place);
    let (mut answers, mut findings) = (vec![], vec![]);
    for line in std::fs::read_to_string(root().join("tests/lsp").join(file)).expect("a session").lines() {
        let message: Value = serde_json::from_str(line).expect("JSON");
        client.send(line);
        if let Some(id) = message.get("id") {
            let answer = client.until(|m| m.get("id") == Some(id) && m.get("method").is_none());
            answers.push((message.clone(), answer));
        } else if message["method"].as_str().is_some_and(|m| m.starts_with("textDocument/did")) {
            findings.push(client.until(|m| m["method"] == "textDocument/publishDiagnostics")["params"].clone());
        }
    }
    let code = client.child.wait().expect("it ends").code();
    (answers, findings, code)
}

fn of<'a>(answers: &'a [(Value, Value)], method: &str) -> Vec<&'a Value> {
    answers.iter().filter(|(asked, _)| asked["method"] == method).map(|(_, answer)| &answer["result"]).collect()
}

#[test]
fn a_session_of_vs_code() {
    let (answers, findings, code) = session("vscode.jsonl");
    assert_eq!(code, Some(0));
    let offered = &of(&answers, "initialize")[0]["capabilities"];
    assert_eq!(offered["positionEncoding"], "utf-16");
    assert_eq!(offered["hoverProvider"], true);

    let wanted: [&[&str]; 10] = [
        &["evolution", "tpe"],
        &["train", "test"],
        &["trials", "score"],
        &["yolov5", "classify"],
        &["optimizer", "seeds"],
        &["conv", "concat"],
        &["act"],
        &["map50-95", "latency"],
        &["above", "p4"],
        &["space", "sample"],
    ];
    let completions = of(&answers, "textDocument/completion");
    assert_eq!(completions.len(), wanted.len());
    for (got, wanted) in completions.iter().zip(wanted) {
        let labels: Vec<&str> = got.as_array().expect("items").iter().filter_map(|i| i["label"].as_str()).collect();
        assert!(wanted.iter().all(|w| labels.contains(w)), "{wanted:?} in {labels:?}");
    }
    // The third stands inside an open quote, behind characters of two units: the quote is replaced as well.
    let trials = completions[2].as_array().expect("items").iter().find(|i| i["label"] == "trials").expect("offered");
    assert_eq!(trials["textEdit"]["newText"], "\"trials\"");
    assert_eq!(
        (&trials["textEdit"]["range"]["start"], &trials["filterText"]),
        (&serde_json::json!({"line": 15, "character": 32}), &"\"trials\"".into())
    );
    assert!(completions[0][0]["documentation"]["value"].as_str().is_some_and(|d| d.contains("strategy")), "{}", completions[0][0]);

    for (hover, part) in of(&answers, "textDocument/hover").into_iter().zip(["strategy", "epochs", "sample \"trials\""]) {
        assert!(hover["contents"]["value"].as_str().is_some_and(|t| t.contains(part)), "{hover}");
    }
    assert_eq!(of(&answers, "textDocument/definition")[0]["range"]["start"], serde_json::json!({"line": 14, "character": 7}));
    let symbols = of(&answers, "textDocument/documentSymbol")[0].as_array().expect("symbols");
    assert_eq!(
        symbols.iter().filter_map(|s| s["name"].as_str()).collect::<Vec<_>>(),
        ["p", "n", "shapes", "backbone", "trials", "short", "score"]
    );
    let edit = &of(&answers, "textDocument/formatting")[0][0];
    assert!(edit["newText"].as_str().is_some_and(|t| t.contains("\npipeline \"p\" seed=7\n") && t.contains("/* 𝄞𝄞 */")), "{edit}");
    let lens = answers.iter().find(|(asked, _)| asked["method"] == "textDocument/codeLens").map(|(_, a)| &a["error"]["code"]);
    assert_eq!(lens, Some(&(-32601).into()));

    // The param is never used; that is all there is to say at first, and nothing once the file is closed.
    let codes = |f: &Value| {
        f["diagnostics"].as_array().expect("a list").iter().map(|d| d["code"].as_str().unwrap_or("").to_string()).collect::<Vec<_>>()
    };
    assert_eq!(findings[0]["uri"], "file:///project/my%20search/search.kdl");
    assert_eq!(codes(&findings[0]), ["unused"]);
    let misspelt =
        findings.iter().flat_map(|f| f["diagnostics"].as_array().expect("a list")).find(|d| d["code"] == "unknown-word").expect("found");
    assert_eq!(misspelt["range"]["start"], serde_json::json!({"line": 14, "character": 44}));
    assert_eq!(misspelt["range"]["end"], serde_json::json!({"line": 14, "character": 50}));
    assert!(misspelt["message"].as_str().is_some_and(|m| m.contains("help: did you mean `random`?")), "{misspelt}");
    assert_eq!(codes(findings.last().expect("closed")), Vec::<String>::new());
}

/// What no editor sends: the server refuses or passes over it, and goes on.
#[test]
fn nonsense_ends_no_session() {
    let place = Place::new("");
    let mut client = Client::start(&place);
    client.send(r#"{"jsonrpc":"2.0","id":"a","method":"textDocument/hover","params":{}}"#);
    assert_eq!(client.next().expect("an answer")["error"]["code"], -32002);
    client.send("[1, 2");
    client.send(r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}}"#);
    client.until(|m| m["id"] == 1);
    client.send(r#"{"jsonrpc":"2.0","method":"initialized","params":{}}"#);
    for (id, params) in [
        (2, "null"),
        (3, r#"{"textDocument":{"uri":"no address at all"},"position":{"line":0,"character":0}}"#),
        (4, r#"{"textDocument":{"uri":"file:///x.kdl"},"position":{"line":-1,"character":0}}"#),
        (5, r#"{"textDocument":{"uri":"file:///x.kdl"},"position":{"line":4294967295,"character":4294967295}}"#),
    ] {
        client.send(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"textDocument/completion","params":{params}}}"#));
        let answer = client.until(|m| m["id"] == id);
        assert!(answer.get("error").is_some() || answer["result"].is_null(), "{answer}");
    }
    // Files that would bring a parser down, and every place in them.
    for (n, text) in [
        "a {".repeat(50_000),
        "/-".repeat(10_000),
        "\"".repeat(1001),
        "(".repeat(10_000),
        "\\\n".repeat(1000),
        "x\u{0}y".into(),
        "é=\"𝄞".into(),
    ]
    .iter()
    .enumerate()
    {
        let uri = format!("untitled:{n}");
        client.send(&serde_json::json!({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": {"uri": uri, "languageId": "kdl", "version": 1, "text": text}}}).to_string());
        client.until(|m| m["method"] == "textDocument/publishDiagnostics" && m["params"]["uri"] == uri.as_str());
        for (k, method) in ["completion", "hover", "definition", "documentSymbol", "formatting"].iter().enumerate() {
            let id = 100 + n * 10 + k;
            let params = serde_json::json!({"textDocument": {"uri": uri}, "position": {"line": 0, "character": 3}, "options": {"tabSize": 4, "insertSpaces": true}});
            client.send(
                &serde_json::json!({"jsonrpc": "2.0", "id": id, "method": format!("textDocument/{method}"), "params": params}).to_string(),
            );
            let answer = client.until(|m| m["id"] == id);
            assert!(answer.get("error").is_none(), "{method} in {n}: {answer}");
        }
        client.send(&serde_json::json!({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"range": {"start": {"line": 9, "character": 9}, "end": {"line": 0, "character": 0}}, "text": "𝄞"}]}}).to_string());
        client.until(|m| m["method"] == "textDocument/publishDiagnostics" && m["params"]["uri"] == uri.as_str());
    }
    // An editor that is gone without a word.
    client.input = None;
    let mut said = String::new();
    let code = client.child.wait().expect("it ends").code();
    client.child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("UTF-8");
    assert_eq!(code, Some(1), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}
