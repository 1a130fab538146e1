//! Reads the top file and what it includes, each once, and puts their nodes in one row.

use super::context::Context;
use super::shorten::shorten;
use super::traps;
use super::{Diagnostic, Span, grammar, guard, paths, syntax, texts};
use kdl::{KdlDocument, KdlNode};

/// Where the bytes of files come from; the only way that this room sees a disk.
pub trait Files {
    /// The bytes of a file, or why there are none (`no such file`).
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String>;
}

/// What a caller may allow.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// `--allow-outside`: `include` may leave the top file's folder.
    pub allow_outside: bool,
}

/// Most files of one pipeline.
const MOST_FILES: usize = 100;

/// The nodes of one file, whatever it includes; none where it cannot be read far enough to say anything about them. The context holds
/// a place for the file's text already.
pub fn parsed(context: &mut Context, file: u16, bytes: &[u8]) -> Option<KdlDocument> {
    let text = guard::text(bytes, file).map_err(|d| context.found.push(d)).ok()?;
    context.sources.files[usize::from(file)].1 = text.to_string();
    let lexed = guard::scan(text, file).map_err(|found| context.found.extend(found)).ok()?;
    let trapped = traps::find(&context.language, text, lexed, file);
    let traps = trapped.found.len();
    context.found.extend(trapped.found);
    for range in trapped.poison {
        context.poison(Span { file, offset: range.start, len: range.len() });
    }
    if !trapped.usable {
        return None;
    }
    let shape = grammar::check(&trapped.text, file);
    if !shape.is_empty() {
        shape.into_iter().for_each(|d| context.push(d));
        return None;
    }
    let harmless = texts::harmless(&trapped.text);
    let parsed = match (syntax::parse(harmless.as_deref().unwrap_or(&trapped.text), file), harmless) {
        // Where the parser takes it after all, it is not what was written.
        (Ok(_), Some(_)) => Err(vec![
            Diagnostic::error("syntax", "a text in this file is not KDL 2", Span { file, offset: 0, len: 0 }, "in this file")
                .help("look at texts over several lines, and at `\\` in texts"),
        ]),
        (parsed, _) => parsed,
    };
    context.parsed[usize::from(file)] = trapped.text;
    match parsed {
        Ok(document) if document.nodes().is_empty() && traps == 0 => {
            let span = Span { file, offset: 0, len: 0 };
            let d = Diagnostic::error("empty-file", "this file holds only comments", span, "no node in this file");
            context.found.push(d.help("a pipeline begins with a line such as `pipeline \"name\"`"));
            None
        }
        Ok(document) => Some(document),
        // The parser's complaint about a line that a trap explained adds nothing.
        Err(found) => {
            found.into_iter().for_each(|d| context.push(d));
            None
        }
    }
}

/// Reads everything; the nodes in the order in which they count, with the number of their file.
/// None where a file cannot be read far enough to say anything about its nodes.
pub fn read(context: &mut Context, top: &str, files: &mut dyn Files, options: Options) -> Option<Vec<(u16, KdlNode)>> {
    let mut reader =
        Reader { context, files, options, top: paths::folder(&paths::join("", top)).to_string(), nodes: Vec::new(), whole: true };
    reader.file(&paths::join("", top), None);
    reader.whole.then_some(reader.nodes)
}

struct Reader<'a> {
    context: &'a mut Context,
    files: &'a mut dyn Files,
    options: Options,
    top: String,
    nodes: Vec<(u16, KdlNode)>,
    whole: bool,
}

impl Reader<'_> {
    fn fail(&mut self, diagnostic: Diagnostic) {
        self.context.found.push(diagnostic);
        self.whole = false;
    }

    fn file(&mut self, path: &str, from: Option<Span>) {
        let file = self.context.sources.files.len() as u16;
        let bytes = match self.files.read(path) {
            Ok(bytes) => bytes,
            Err(why) => {
                let shown = shorten(path);
                let d = match from {
                    Some(span) => Diagnostic::error("no-file", format!("`{shown}` cannot be read: {why}"), span, "included here")
                        .help("paths are relative to the file that names them"),
                    None => {
                        self.context.sources.files.push((path.into(), String::new()));
                        Diagnostic::error("no-file", format!("`{shown}` cannot be read: {why}"), Span::default(), "this file")
                    }
                };
                return self.fail(d);
            }
        };
        self.context.sources.files.push((path.into(), String::new()));
        self.context.parsed.push(String::new());
        match parsed(self.context, file, &bytes) {
            Some(document) => {
                for node in document.nodes() {
                    self.node(file, node, path, from);
                }
            }
            None => self.whole = false,
        }
    }

    fn node(&mut self, file: u16, node: &KdlNode, path: &str, from: Option<Span>) {
        let span = |s: miette::SourceSpan| Span { file, offset: s.offset(), len: s.len() };
        match node.name().value() {
            "pipeline" if from.is_some() => {
                let d = Diagnostic::error(
                    "pipeline-included",
                    "an included file has no `pipeline` node of its own",
                    span(node.name().span()),
                    "not here",
                );
                let d = from.into_iter().fold(d, |d, from| d.also(from, "included here"));
                self.context.push(d.help("delete this line; the file that includes this one names the pipeline"));
            }
            "include" => self.include(file, node, path),
            _ => self.nodes.push((file, node.clone())),
        }
    }

    fn include(&mut self, file: u16, node: &KdlNode, path: &str) {
        // Thousands of files that are not there are looked for no longer.
        if self.context.tired() {
            self.whole = false;
            return;
        }
        let at = |s: miette::SourceSpan| Span { file, offset: s.offset(), len: s.len() };
        let entry = node
            .entries()
            .first()
            .filter(|e| node.entries().len() == 1 && e.ty().is_none() && e.name().is_none_or(|n| n.value() == "path"));
        let (Some(entry), None) = (entry, node.children()) else {
            let d = Diagnostic::error("include", "`include` takes one path and nothing else", at(node.name().span()), "here");
            return self.context.push(d.help("write `include \"spaces/yolov5n.kdl\"`"));
        };
        let span = at(entry.span());
        if self.context.poisoned(span) {
            self.whole = false;
            return;
        }
        let Some(written) = entry.value().as_string().filter(|p| !p.is_empty()) else {
            let d = Diagnostic::error("wrong-type", "`include` takes a path", span, "a quoted path expected");
            return self.context.push(d);
        };
        let target = paths::join(paths::folder(path), written);
        if !self.options.allow_outside && !paths::inside(&self.top, &target) {
            let d =
                Diagnostic::error("include-outside", format!("`{}` leaves the folder of the top file", shorten(written)), span, "outside");
            return self.fail(d.help("move the file below the pipeline's folder, or run with `--allow-outside`"));
        }
        if self.context.sources.files.iter().any(|(read, _)| *read == target) {
            return; // Once.
        }
        if self.context.sources.files.len() == MOST_FILES {
            return self.fail(Diagnostic::error("include", format!("a pipeline has at most {MOST_FILES} files"), span, "one too many"));
        }
        self.file(&target, Some(span));
    }
}
