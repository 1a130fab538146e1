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

/// What the page says of a code, with its heading.
pub fn section(code: &str) -> Option<String> {
    let (code, text) = all().find(|(known, _)| *known == code)?;
    Some(format!("nasflow::{code}\n\n{text}\n"))
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
