//! What the room `editor` says, in the protocol's types.

use super::documents::Documents;
use super::text::Lines;
use crate::document::{Diagnostics, Severity, Span};
use crate::editor::{Completions, Hover, Item, ItemKind, Symbol};
use lsp_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DocumentSymbol,
    Documentation, HoverContents, Location, MarkupContent, MarkupKind, NumberOrString, Range, SymbolKind, TextEdit, Uri,
};
use std::collections::BTreeMap;

fn markdown(value: String) -> MarkupContent {
    MarkupContent { kind: MarkupKind::Markdown, value }
}

/// An explanation.
pub fn hover(text: &str, hover: Hover) -> lsp_types::Hover {
    let range = Lines::of(text).range(&hover.range);
    lsp_types::Hover { contents: HoverContents::Markup(markdown(hover.text)), range: Some(range) }
}

/// What may stand at a place. The range is that of the word which is replaced.
pub fn completions(text: &str, found: Completions) -> Vec<CompletionItem> {
    let range = Lines::of(text).range(&found.range);
    let quoted = text[found.range.clone()].starts_with('"');
    let item = |(i, item): (usize, Item)| CompletionItem {
        kind: Some(match item.kind {
            ItemKind::Node => CompletionItemKind::STRUCT,
            ItemKind::Property => CompletionItemKind::PROPERTY,
            ItemKind::Word => CompletionItemKind::ENUM_MEMBER,
            ItemKind::Name => CompletionItemKind::VARIABLE,
        }),
        detail: Some(item.detail).filter(|d| !d.is_empty()),
        documentation: Some(item.doc).filter(|d| !d.is_empty()).map(|doc| Documentation::MarkupContent(markdown(doc))),
        sort_text: Some(format!("{i:04}")),
        // Clients filter by the word that is there, with its quote.
        filter_text: Some(if quoted { item.insert.clone() } else { item.label.clone() }),
        text_edit: Some(CompletionTextEdit::Edit(TextEdit { range, new_text: item.insert })),
        label: item.label,
        ..CompletionItem::default()
    };
    found.items.into_iter().enumerate().map(item).collect()
}

/// The tree of a file.
pub fn symbols(text: &str, symbols: Vec<Symbol>) -> Vec<DocumentSymbol> {
    fn one(lines: &Lines, symbol: Symbol) -> DocumentSymbol {
        let kind = match symbol.kind.as_str() {
            "pipeline" => SymbolKind::MODULE,
            "data" => SymbolKind::ARRAY,
            "space" => SymbolKind::CLASS,
            "param" | "choice" | "range" | "choose" => SymbolKind::VARIABLE,
            "sample" | "train" | "evaluate" | "select" => SymbolKind::FUNCTION,
            "answer" => SymbolKind::EVENT,
            "include" => SymbolKind::FILE,
            _ => SymbolKind::FIELD,
        };
        let inside: Vec<DocumentSymbol> = symbol.inside.into_iter().map(|s| one(lines, s)).collect();
        #[allow(deprecated)] // A field of the struct, which has no default.
        DocumentSymbol {
            name: symbol.name,
            detail: Some(symbol.kind),
            kind,
            tags: None,
            deprecated: None,
            range: lines.range(&symbol.range),
            selection_range: lines.range(&symbol.named),
            children: Some(inside).filter(|c| !c.is_empty()),
        }
    }
    let lines = Lines::of(text);
    symbols.into_iter().map(|s| one(&lines, s)).collect()
}

/// The edit that makes a text another.
pub fn replaced(text: &str, new: String) -> Vec<TextEdit> {
    if text == new { Vec::new() } else { vec![TextEdit { range: Lines::of(text).range(&(0..text.len())), new_text: new }] }
}

/// A place in a file.
pub fn location(documents: &Documents, path: &str, text: &str, range: &std::ops::Range<usize>) -> Option<Location> {
    Some(Location { uri: documents.uri(path).parse::<Uri>().ok()?, range: Lines::of(text).range(range) })
}

/// Findings by the path of their file; every file that was read has a list, perhaps an empty one.
pub fn diagnostics(documents: &Documents, found: &Diagnostics) -> BTreeMap<String, Vec<Diagnostic>> {
    let files = &found.sources.files;
    let lines: Vec<Lines> = files.iter().map(|(_, text)| Lines::of(text)).collect();
    let mut out: BTreeMap<String, Vec<Diagnostic>> = files.iter().map(|(path, _)| (path.clone(), Vec::new())).collect();
    let range =
        |span: &Span| lines.get(usize::from(span.file)).map_or(Range::default(), |l| l.range(&(span.offset..span.offset + span.len)));
    for item in &found.items {
        let main = item.labels.first();
        let Some((path, _)) = files.get(main.map_or(0, |(span, _)| usize::from(span.file))) else { continue };
        let mut message = item.message.clone();
        if let Some((_, label)) = main.filter(|(_, label)| !label.is_empty()) {
            message += &format!(" ({label})");
        }
        if let Some(help) = &item.help {
            message += &format!("\nhelp: {help}");
        }
        let related = item.labels.iter().skip(1).filter_map(|(span, label)| {
            let (path, text) = files.get(usize::from(span.file))?;
            let location = location(documents, path, text, &(span.offset..span.offset + span.len))?;
            Some(DiagnosticRelatedInformation { location, message: label.clone() })
        });
        let related: Vec<DiagnosticRelatedInformation> = related.collect();
        let diagnostic = Diagnostic {
            range: main.map_or(Range::default(), |(span, _)| range(span)),
            severity: Some(if item.severity == Severity::Error { DiagnosticSeverity::ERROR } else { DiagnosticSeverity::WARNING }),
            code: Some(NumberOrString::String(item.code.into())),
            source: Some("nasflow".into()),
            message,
            related_information: Some(related).filter(|r| !r.is_empty()),
            ..Diagnostic::default()
        };
        out.entry(path.clone()).or_default().push(diagnostic);
    }
    out
}
