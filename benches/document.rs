//! How long it takes to read a pipeline, in CPU time.
//!
//!   cargo bench --bench document [-- hostile|valid|SHAPE]
//!
//! `hostile`: 1 MiB of each shape of text that is slow in some parser of KDL, and as much of it as the guard lets through; from the bytes to the report of what
//! is wrong. `valid`: pipelines of 100 to 1,500 nodes. The last line of each is the slowest. Linux only: it reads `/proc/self/stat`.

use nasflow::document::lexer::lex;
use nasflow::document::{self, Files, Options, Params, effort, render};
use std::time::Duration;

/// A text in place of a file.
struct Text<'t>(&'t str);

impl Files for Text<'_> {
    fn read(&mut self, _: &str) -> Result<Vec<u8>, String> {
        Ok(self.0.into())
    }
}

/// Head, what is repeated, tail.
const SHAPES: &[(&str, &str, &str, &str)] = &[
    ("nodes", "", "z\n", ""),
    ("nodes, known", "", "seed 1\n", ""),
    ("nodes with ;", "", "z;", ""),
    ("layers", "", "conv 64 kernel=3 stride=2\n", ""),
    ("layers in a space", "space \"s\" { network {\n", "conv 64 kernel=3 stride=2\n", "} }"),
    ("unknown layers", "space \"s\" { network {\n", "convv 64 kernl=3\n", "} }"),
    ("unknown properties", "data \"d\"", " kk=1", ""),
    ("stages", "", "train \"t\" { from \"x\" }\n", ""),
    ("data sets", "", "data \"d\" generate=shapes images=4\n", ""),
    ("choices", "space \"s\" { network { conv 1 { kernel", " 3", "} } }"),
    ("words", "a", " x", ""),
    ("whole numbers", "a", " 1", ""),
    ("numbers", "a", " 1.5e3", ""),
    ("hexadecimal", "a", " 0xff", ""),
    ("keywords", "a", " #true", ""),
    ("properties", "a", " k=1", ""),
    ("quoted properties", "a", " \"k\"=\"v\"", ""),
    ("texts", "a", " \"s\"", ""),
    ("raw texts", "a", " #\"s\"#", ""),
    ("one word", "a ", "x", ""),
    ("one name", "", "x", ""),
    ("one text", "a \"", "x", "\""),
    ("escapes", "a \"", "\\n", "\""),
    ("wrong escapes", "a \"", "\\q", "\""),
    ("wrong escapes, each in a text", "", "a \"\\q\"\n", ""),
    ("unicode escapes", "a \"", "\\u{e9}", "\""),
    ("blanks escaped", "a \"", "\\   \n ", "\""),
    ("one raw text", "a ##\"", "\"#", "\"##"),
    ("lines", "a \"\"\"\n", "x\n", "\"\"\""),
    ("one long line", "a \"\"\"\n", "x", "\n\"\"\""),
    ("lines, indented", "a \"\"\"\n", "    x\n", "    \"\"\""),
    ("lines, empty", "a \"\"\"\n", "\n", "\"\"\""),
    ("lines, many", "", "a \"\"\"\n b\n \"\"\"\n", ""),
    ("lines, wrong", "", "a \"\"\"\n b\n  \"\"\"\n", ""),
    ("blanks", "a", " ", "b"),
    ("new lines", "a", "\n", "b"),
    ("continued lines", "a ", "\\\n ", "b"),
    ("continued, with words", "a ", "x \\\n ", "b"),
    ("comments", "", "// x\n", "a"),
    ("comments between", "a", " /* x */ b", ""),
    ("stars", "a /*", "*", "*/ b"),
    ("hidden", "", "/- a 1\n", "a"),
    ("hidden values", "a", " /-1", ""),
    ("annotations", "a", " (t)1", ""),
    ("annotated nodes", "", "(t)a\n", ""),
    ("choices annotated", "a", " (choice)\"x\"", ""),
    ("expressions", "a", " (expr)\"1 + 1\"", ""),
    ("a long number", "a ", "9", ""),
    ("a long fraction", "a 1.", "9", ""),
    ("words like numbers", "a", " 1x", ""),
    ("dots", "a", " .1", ""),
    ("signs", "a", " -", ""),
    ("unknown keywords", "a", " #x", ""),
    ("bare keywords", "a", " true", ""),
    ("values missing", "", "a k=\n", ""),
    ("equals", "", "=", ""),
    ("equals after names", "", "a=", ""),
    ("brackets", "", "[ ", ""),
    ("closing", "", ") ", ""),
    ("opening", "a ", "(", ""),
    ("commas", "a", " b,", ""),
    ("paths", "a", " b/c", ""),
    ("apostrophes", "a", " 'b'", ""),
    ("blocks", "", "a {}\n", ""),
    ("blocks, deep", "", "a { b { c { d { e } } } }\n", ""),
    ("text after blocks", "", "a {} b\n", ""),
    ("quotes", "", "\"", ""),
    ("hashes", "a ", "#", ""),
    ("semicolons", "", ";", ""),
    ("blanks of Unicode", "", "\u{a0}a", ""),
    ("marks", "", "\u{feff}", ""),
    ("includes", "", "include \"x\"\n", ""),
    ("params", "", "param \"p\" 1\n", ""),
];

fn text(shape: &(&str, &str, &str, &str), times: usize) -> String {
    format!("{}{}{}", shape.1, shape.2.repeat(times), shape.3)
}

/// CPU time of this process so far.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks: u64 = [11, 12].iter().filter_map(|i| fields.get(*i)?.parse::<u64>().ok()).sum();
    Duration::from_millis(10 * ticks)
}

/// Milliseconds of one reading, of several; and the first code that was found.
fn read(text: &str) -> (f64, String) {
    let language = nasflow::language();
    let rounds = 5;
    let (begun, mut code) = (cpu(), String::new());
    for _ in 0..rounds {
        code = match document::load(&language, "bench.kdl", &mut Text(text), &Params::default(), Options::default()) {
            Ok(_) => "fine".into(),
            Err(found) => {
                std::hint::black_box(render::diagnostics(&found, false));
                found.items.first().map_or_else(String::new, |d| d.code.to_string())
            }
        };
    }
    ((cpu() - begun).as_secs_f64() * 1e3 / f64::from(rounds), code)
}

/// The longest text of a shape that the guard lets through.
fn longest(shape: &(&str, &str, &str, &str)) -> String {
    let most = (document::guard::MAX_BYTES - shape.1.len() - shape.3.len()) / shape.2.len();
    let fits = |times: usize| {
        let text = text(shape, times);
        effort::of(&text, &lex(&text).tokens).1.is_none()
    };
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(middle) { low = middle } else { high = middle - 1 }
    }
    text(shape, low)
}

fn main() {
    let asked = std::env::args().skip(1).find(|a| !a.starts_with('-')).unwrap_or_default();
    let mut slowest = (0.0, "");
    if asked != "valid" {
        println!("{:<32} {:>10} {:>10} {:>10}", "ms of CPU", "1 MiB", "read", "bytes");
        for shape in SHAPES.iter().filter(|s| asked.is_empty() || asked == "hostile" || s.0.contains(&asked)) {
            let whole = text(shape, (document::guard::MAX_BYTES - shape.1.len() - shape.3.len()) / shape.2.len());
            let most = longest(shape);
            let ((all, first), (part, second)) = (read(&whole), read(&most));
            println!("{:<32} {all:>10.0} {part:>10.0} {:>10}   {first}, {second}", shape.0, most.len());
            for time in [all, part] {
                if time > slowest.0 {
                    slowest = (time, shape.0);
                }
            }
        }
        println!("slowest: {:.0} ms ({})", slowest.0, slowest.1);
    }
    if asked.is_empty() || asked == "valid" {
        println!("\n{:<32} {:>10} {:>10}", "nodes", "ms of CPU", "bytes");
        for nodes in [100, 500, 1000, 1500] {
            let line = "conv 64 kernel=3 stride=1 padding=1 activation=relu as=\"l\"\n";
            let layers: String = (0..nodes).map(|i| line.replace("\"l\"", &format!("\"l{i}\""))).collect();
            let text = format!(
                "pipeline \"p\"\ndata \"d\" generate=shapes images=4 image-size=32\nspace \"s\" {{ network {{ input \"d\"\n{layers}detect }} }}\n\
                 sample \"t\" {{ from \"s\"; strategy random; trials 2 }}\n"
            );
            let (time, code) = read(&text);
            println!("{nodes:<32} {time:>10.0} {:>10}   {code}", text.len());
        }
    }
}
