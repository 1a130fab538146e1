//! `nasflow lsp`: the language server, over stdio. What it knows comes from the room `editor`; here is the protocol.

mod answers;
mod documents;
mod server;
mod text;
mod wire;

use super::arguments::LspArguments;
use super::failure::Failure;
use super::print;
use crate::document::Options;
use lsp_server::{Connection, ErrorCode, Message, Response};
use lsp_types::{
    CompletionOptions, HoverProviderCapability, InitializeResult, OneOf, PositionEncodingKind, ServerCapabilities, ServerInfo,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions,
};
use server::Server;
use std::io::{BufReader, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use wire::Incoming;

pub fn run(arguments: &LspArguments) -> Result<ExitCode, Failure> {
    let (ours, theirs) = Connection::memory();
    let Connection { sender, receiver } = theirs;
    let reader = std::thread::spawn(move || -> Result<(), String> {
        let mut input = BufReader::new(std::io::stdin());
        loop {
            match wire::read(&mut input)? {
                Incoming::End => return Ok(()),
                Incoming::Broken(why) => print::note(&format!("nasflow lsp: a message was passed over: {why}")),
                Incoming::Message(message) => {
                    let last = matches!(&message, Message::Notification(n) if n.method == "exit");
                    if sender.send(message).is_err() || last {
                        return Ok(());
                    }
                }
            }
        }
    });
    let writer = std::thread::spawn(move || {
        let mut output = std::io::stdout();
        for message in receiver {
            if wire::write(&mut output, &message).and_then(|()| output.flush()).is_err() {
                return; // An editor that is gone asks nothing more.
            }
        }
    });
    let ended = serve(&ours, arguments);
    drop(ours);
    let _ = writer.join();
    if reader.is_finished()
        && let Ok(Err(why)) = reader.join()
    {
        return Err(format!("lsp: {why}").into());
    }
    Ok(if ended { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Answers until the editor says that this is the end. False where it left without.
fn serve(connection: &Connection, arguments: &LspArguments) -> bool {
    let Ok((id, _)) = connection.initialize_start() else { return false };
    let Ok(offered) = serde_json::to_value(offered()) else { return false };
    if connection.initialize_finish(id, offered).is_err() {
        return false;
    }
    let mut server = Server::new(crate::language(), Options { allow_outside: arguments.allow_outside });
    for message in &connection.receiver {
        match message {
            Message::Request(request) => {
                match connection.handle_shutdown(&request) {
                    Ok(true) => return true,
                    Ok(false) => {}
                    Err(_) => return false,
                }
                let id = request.id.clone();
                // A bug in one answer must not end the session.
                let answer = catch_unwind(AssertUnwindSafe(|| server.answer(request)));
                let answer = answer.unwrap_or_else(|_| Response::new_err(id, ErrorCode::InternalError as i32, "a bug of nasflow's".into()));
                if connection.sender.send(Message::Response(answer)).is_err() {
                    return false;
                }
            }
            Message::Notification(n) if n.method == "exit" => return false,
            Message::Notification(n) => drop(catch_unwind(AssertUnwindSafe(|| server.notice(n)))),
            Message::Response(_) => {}
        }
        // While somebody types, only the last text is looked at.
        if connection.receiver.is_empty() {
            for message in catch_unwind(AssertUnwindSafe(|| server.checked())).unwrap_or_default() {
                if connection.sender.send(message).is_err() {
                    return false;
                }
            }
        }
    }
    false
}

/// What the server can do.
fn offered() -> InitializeResult {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::INCREMENTAL),
        save: Some(true.into()),
        ..TextDocumentSyncOptions::default()
    };
    InitializeResult {
        capabilities: ServerCapabilities {
            position_encoding: Some(PositionEncodingKind::UTF16),
            text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
            completion_provider: Some(CompletionOptions {
                trigger_characters: Some(["=", "\"", "(", " "].map(String::from).into()),
                ..CompletionOptions::default()
            }),
            hover_provider: Some(HoverProviderCapability::Simple(true)),
            definition_provider: Some(OneOf::Left(true)),
            document_symbol_provider: Some(OneOf::Left(true)),
            document_formatting_provider: Some(OneOf::Left(true)),
            ..ServerCapabilities::default()
        },
        server_info: Some(ServerInfo { name: "nasflow".into(), version: Some(env!("CARGO_PKG_VERSION").into()) }),
    }
}
