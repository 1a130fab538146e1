//! The codes of errors, explained: the sections of `docs/errors.md`, which is in the program.

/// The page.
pub const PAGE: &str = include_str!("../../docs/errors.md");

/// Every code with its section, in the page's order. A section begins with `### ` and the code in backquotes.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGE.split("\n### `").skip(1).filter_map(|section| {
        let (code, rest) = section.split_once("`\n")?;
        // The heading of the next group is no part of it.
        let end = rest.find("\n## ").unwrap_or(rest.len());
        Some((code, rest[..end].trim()))
    })
}

/// What the page says of a code, and where its group says that more is to be read.
pub fn section(code: &str) -> Option<String> {
    let (code, text) = all().find(|(known, _)| *known == code)?;
    let before = PAGE.split_once(&format!("\n### `{code}`\n")).map_or("", |(before, _)| before);
    let group = before.rfind("\n## ").map_or("", |start| &before[start..]);
    let on = group.lines().find(|line| line.starts_with("Read on: ")).unwrap_or("");
    // A link to a page is of no use at the keyboard.
    let mut plain = String::new();
    let mut rest = on;
    while let Some((text, (_, after))) = rest.split_once(" ([here](").and_then(|(text, link)| Some((text, link.split_once("))")?))) {
        plain += text;
        rest = after;
    }
    Some(format!("nasflow::{code}\n\n{text}\n\n{plain}{rest}\n"))
}

/// The first sentence of a section.
pub fn first_sentence(text: &str) -> &str {
    let line = text.lines().next().unwrap_or("");
    line.find(". ").map_or(line, |end| &line[..=end])
}

/// The examples of a section: what fails, and its repair.
pub fn examples(text: &str) -> Vec<String> {
    text.split("```kdl\n").skip(1).filter_map(|block| block.split_once("```").map(|(kdl, _)| kdl.to_string())).collect()
}
