//! `nasflow docs`: the pages of `docs/`, which are in the program.

use super::arguments::DocsArguments;
use super::failure::Failure;
use super::print;
use crate::document::nearest;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::process::{Command, ExitCode, Stdio};

/// A page.
pub struct Page {
    /// Its word: the file's name without its ending.
    pub name: &'static str,
    /// Its text, Markdown.
    pub text: &'static str,
}

/// A line of the list.
macro_rules! pages {
    ($($name:literal $file:literal)*) => {
        &[$(Page { name: $name, text: include_str!(concat!("../../", $file)) }),*]
    };
}

/// All pages. A test holds the list against the folder.
pub const PAGES: &[Page] = pages![
    "readme" "README.md"
    "language" "docs/language.md"
    "reference" "docs/reference.md"
    "configuration" "docs/configuration.md"
    "errors" "docs/errors.md"
    "editors" "docs/editors.md"
    "glossary" "docs/glossary.md"
    "report" "docs/report.md"
    "serve" "docs/serve.md"
    "why" "docs/why.md"
    "export" "docs/export.md"
    "yolov5" "docs/yolov5.md"
    "store" "docs/store.md"
    "scale" "docs/scale.md"
    "gpu" "docs/gpu.md"
    "results" "docs/results.md"
    "reliability" "docs/reliability.md"
    "performance" "docs/performance.md"
    "architecture" "docs/architecture.md"
    "releasing" "docs/releasing.md"
    "changelog" "CHANGELOG.md"
];

pub fn run(arguments: &DocsArguments) -> Result<ExitCode, Failure> {
    match (&arguments.page, &arguments.search) {
        (Some(name), _) => show(page(name)?.text),
        (None, Some(word)) => {
            let found = search(word);
            if found.is_empty() {
                return Err(format!("no page has `{word}`; `nasflow docs` lists the pages").into());
            }
            print::out(&found);
        }
        (None, None) => print::out(&list()),
    }
    Ok(ExitCode::SUCCESS)
}

/// The page of this name: `language`, `language.md` or `docs/language.md`.
fn page(name: &str) -> Result<&'static Page, Failure> {
    let short = name.strip_prefix("docs/").unwrap_or(name);
    let short = short.strip_suffix(".md").unwrap_or(short).to_lowercase();
    PAGES.iter().find(|p| p.name == short).ok_or_else(|| {
        let names = PAGES.iter().map(|p| p.name);
        let near = nearest(&short, names.clone()).map_or(String::new(), |near| format!("did you mean `{near}`? "));
        Failure::Message(format!("there is no page `{name}`; {near}Pages are {}", names.collect::<Vec<_>>().join(", ")))
    })
}

fn list() -> String {
    let widest = PAGES.iter().map(|p| p.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for page in PAGES {
        let title = page.text.lines().find_map(|l| l.strip_prefix("# ")).unwrap_or("");
        let _ = writeln!(out, "{:widest$}  {title}", page.name);
    }
    out + "\n`nasflow docs PAGE` prints one; `nasflow docs --search WORD` looks in all\n"
}

/// Lines with a word, whatever its capitals, below their page and heading.
fn search(word: &str) -> String {
    let word = word.to_lowercase();
    let mut out = String::new();
    for page in PAGES {
        let (mut heading, mut said) = ("", "");
        let mut code = false;
        for (n, line) in page.text.lines().enumerate() {
            code ^= line.trim_start().starts_with("```");
            if line.starts_with('#') && !code {
                heading = line.trim_start_matches('#').trim();
            }
            if word.is_empty() || !line.to_lowercase().contains(&word) {
                continue;
            }
            if std::mem::replace(&mut said, heading) != heading {
                let _ = writeln!(out, "\n{}: {heading}", page.name);
            }
            let _ = writeln!(out, "{:6}  {}", n + 1, line.trim());
        }
    }
    out.trim_start().to_string()
}

/// Prints a text; by the reader's pager where there is a terminal and `PAGER` names one.
pub fn show(text: &str) {
    let pager = std::env::var("PAGER").ok().filter(|p| !p.trim().is_empty() && std::io::stdout().is_terminal());
    if !pager.is_some_and(|pager| paged(&pager, text)) {
        print::out(text);
    }
}

/// Whether the pager took the text. `PAGER` is a line for the shell, as everywhere.
fn paged(pager: &str, text: &str) -> bool {
    let Ok(mut child) = Command::new("sh").args(["-c", pager]).stdin(Stdio::piped()).spawn() else { return false };
    if let Some(mut input) = child.stdin.take() {
        // A reader who leaves has read enough.
        let _ = input.write_all(text.as_bytes());
    }
    child.wait().is_ok_and(|status| status.code() != Some(127))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_in_the_program() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        for file in
            std::fs::read_dir(folder).expect("docs").flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "md"))
        {
            let name = file.file_stem().and_then(|n| n.to_str()).expect("a name").to_string();
            assert!(PAGES.iter().any(|p| p.name == name), "{name} is not in PAGES");
        }
        for name in PAGES.iter().map(|p| p.name) {
            assert!(list().contains(name) && page(&format!("docs/{name}.md")).is_ok(), "{name}");
        }
    }

    #[test]
    fn words_are_found_below_their_heading() {
        let found = search("SuperNet");
        assert!(found.contains("glossary: ") && found.to_lowercase().contains("supernet"), "{found}");
        assert_eq!(search("xyzzy"), "");
        let Err(Failure::Message(why)) = page("langage") else { panic!("there is no such page") };
        assert!(why.contains("did you mean `language`?"), "{why}");
    }
}
