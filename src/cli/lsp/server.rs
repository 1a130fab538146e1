//! The server's state, and what it answers.

use super::answers;
use super::documents::{Documents, Overlay, path_of};
use super::text::{Lines, changed};
use crate::document::{self, Language, Options};
use crate::editor;
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    CompletionParams, Diagnostic, DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DocumentFormattingParams, DocumentSymbolParams, GotoDefinitionParams, HoverParams, PublishDiagnosticsParams,
    TextDocumentPositionParams, Uri,
};
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is known.
pub struct Server {
    language: Language,
    options: Options,
    documents: Documents,
    /// Pipelines to look at again, by the address that the editor calls them by.
    stale: BTreeSet<String>,
    /// What was said of each file (a path), by the pipeline that it was found through.
    said: BTreeMap<String, BTreeMap<String, Vec<Diagnostic>>>,
}

impl Server {
    /// Before any file is open.
    pub fn new(language: Language, options: Options) -> Self {
        Server { language, options, documents: Documents::default(), stale: BTreeSet::new(), said: BTreeMap::new() }
    }

    /// The answer to a request.
    pub fn answer(&self, request: Request) -> Response {
        let id = request.id.clone();
        match request.method.as_str() {
            "textDocument/completion" => self.with(id, request.params, |p: CompletionParams| self.completion(&p.text_document_position)),
            "textDocument/hover" => self.with(id, request.params, |p: HoverParams| self.hover(&p.text_document_position_params)),
            "textDocument/definition" => {
                self.with(id, request.params, |p: GotoDefinitionParams| self.definition(&p.text_document_position_params))
            }
            "textDocument/documentSymbol" => self.with(id, request.params, |p: DocumentSymbolParams| {
                let text = self.documents.text(p.text_document.uri.as_str())?;
                serde_json::to_value(answers::symbols(text, editor::outline(text))).ok()
            }),
            "textDocument/formatting" => self.with(id, request.params, |p: DocumentFormattingParams| {
                let uri = p.text_document.uri.as_str();
                let text = self.documents.text(uri)?;
                // What cannot be read is not formatted; its errors are shown anyway.
                let new = document::formatted(&self.language, &path_of(uri), text.as_bytes()).ok()?;
                serde_json::to_value(answers::replaced(text, new)).ok()
            }),
            method => Response::new_err(id, ErrorCode::MethodNotFound as i32, format!("`{method}` is not offered")),
        }
    }

    fn with<P: DeserializeOwned>(
        &self,
        id: RequestId,
        params: serde_json::Value,
        answer: impl FnOnce(P) -> Option<serde_json::Value>,
    ) -> Response {
        match serde_json::from_value(params) {
            Ok(params) => Response::new_ok(id, answer(params).unwrap_or_default()),
            Err(e) => Response::new_err(id, ErrorCode::InvalidParams as i32, e.to_string()),
        }
    }

    /// The address, text and byte of a position in an open file.
    fn at<'s>(&'s self, place: &'s TextDocumentPositionParams) -> Option<(&'s str, &'s str, usize)> {
        let uri = place.text_document.uri.as_str();
        let text = self.documents.text(uri)?;
        Some((uri, text, Lines::of(text).byte(place.position)))
    }

    fn completion(&self, place: &TextDocumentPositionParams) -> Option<serde_json::Value> {
        let (uri, text, at) = self.at(place)?;
        let found = editor::complete(&self.language, &self.documents.scope(uri), at);
        serde_json::to_value(answers::completions(text, found)).ok()
    }

    fn hover(&self, place: &TextDocumentPositionParams) -> Option<serde_json::Value> {
        let (uri, text, at) = self.at(place)?;
        let found = editor::hover(&self.language, &self.documents.scope(uri), at)?;
        serde_json::to_value(answers::hover(text, found)).ok()
    }

    fn definition(&self, place: &TextDocumentPositionParams) -> Option<serde_json::Value> {
        let (uri, _, at) = self.at(place)?;
        let scope = self.documents.scope(uri);
        let found = editor::definition(&self.language, &scope, at)?;
        let (path, text) = scope.files.get(found.file)?;
        serde_json::to_value(answers::location(&self.documents, path, text, &found.range)?).ok()
    }

    /// Takes a notification in. Those that are not understood are passed over, as the protocol asks.
    pub fn notice(&mut self, notification: Notification) {
        let params = notification.params;
        match notification.method.as_str() {
            "textDocument/didOpen" => {
                let Ok(p) = serde_json::from_value::<DidOpenTextDocumentParams>(params) else { return };
                self.documents.put(p.text_document.uri.as_str(), p.text_document.text);
                self.spoil(p.text_document.uri.as_str());
            }
            "textDocument/didChange" => {
                let Ok(p) = serde_json::from_value::<DidChangeTextDocumentParams>(params) else { return };
                let uri = p.text_document.uri.as_str();
                let Some(text) = self.documents.text(uri).map(str::to_string) else { return };
                let text = p.content_changes.into_iter().fold(text, |text, change| changed(&text, change));
                self.documents.put(uri, text);
                self.spoil(uri);
            }
            "textDocument/didClose" => {
                let Ok(p) = serde_json::from_value::<DidCloseTextDocumentParams>(params) else { return };
                let uri = p.text_document.uri.as_str();
                self.spoil(uri);
                self.documents.close(uri);
                // `checked` takes back what was said through it.
                self.stale.insert(uri.to_string());
            }
            "textDocument/didSave" => {
                let uris: Vec<String> = self.documents.uris().map(str::to_string).collect();
                self.stale.extend(uris);
            }
            _ => {}
        }
    }

    /// A file changed: it and those through which something was said of it are looked at again.
    fn spoil(&mut self, uri: &str) {
        let through = self.said.get(&path_of(uri)).into_iter().flat_map(|by| by.keys().cloned());
        let again: Vec<String> = through.chain([uri.to_string()]).chain(self.documents.tops(uri)).collect();
        self.stale.extend(again);
    }

    /// Looks at what changed, and says what is new of the files.
    pub fn checked(&mut self) -> Vec<Message> {
        let mut touched: BTreeSet<String> = BTreeSet::new();
        for uri in std::mem::take(&mut self.stale) {
            let mut found = BTreeMap::new();
            // Of a file that a pipeline includes, that pipeline says everything.
            if self.documents.text(&uri).is_some() && self.documents.tops(&uri).is_empty() {
                let all = editor::examine(&self.language, &path_of(&uri), &mut Overlay(&self.documents), self.options);
                found = answers::diagnostics(&self.documents, &all);
            }
            for (path, by) in &mut self.said {
                if by.remove(&uri).is_some() {
                    touched.insert(path.clone());
                }
            }
            for (path, items) in found {
                touched.insert(path.clone());
                self.said.entry(path).or_default().insert(uri.clone(), items);
            }
        }
        let published = touched.into_iter().filter_map(|path| {
            let mut diagnostics: Vec<Diagnostic> = Vec::new();
            for item in self.said.get(&path).into_iter().flat_map(|by| by.values()).flatten() {
                if !diagnostics.contains(item) {
                    diagnostics.push(item.clone());
                }
            }
            let uri = self.documents.uri(&path).parse::<Uri>().ok()?;
            let params = PublishDiagnosticsParams { uri, diagnostics, version: None };
            Some(Message::Notification(Notification::new("textDocument/publishDiagnostics".into(), params)))
        });
        let messages = published.collect();
        self.said.retain(|_, by| !by.is_empty());
        messages
    }
}
