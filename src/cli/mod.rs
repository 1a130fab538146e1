//! The command line: one file a command. The only room that prints.

mod arguments;
mod bars;
mod cache;
mod cache_arguments;
mod check;
mod compare;
mod completions;
mod configuration;
mod cost;
mod data_arguments;
mod data_pin;
mod data_show;
mod data_text;
mod diff;
mod docs;
mod doctor;
mod download;
mod examples;
mod explain;
mod export;
mod export_origin;
mod failure;
mod file_arguments;
mod fmt;
mod folder;
mod graph;
mod help;
mod history_arguments;
mod images;
mod import;
mod init;
mod keyboard_arguments;
mod latency_table;
mod launcher;
mod load;
mod look_arguments;
mod lsp;
mod man;
mod plan;
mod predict;
mod print;
mod progress;
mod remote_arguments;
mod replace;
mod report;
mod report_arguments;
mod report_pictures;
mod report_tensorboard;
mod results;
mod run;
mod run_arguments;
mod runs;
mod sentence;
mod serve;
mod sharing;
mod show;
mod spaces;
mod status;
mod verify;
mod watch;
mod worker;

use arguments::{Arguments, Command, DataCommand};
use clap::Parser;
use clap::error::ErrorKind;
use std::process::ExitCode;

/// Parses the arguments and does what they say.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(e) => {
            let _ = e.print();
            let asked = matches!(e.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked { ExitCode::SUCCESS } else { ExitCode::from(64) };
        }
    };
    let done = match arguments.command {
        Command::Init(a) => init::run(&a),
        Command::Data(a) => match a.command {
            DataCommand::Show(a) => data_show::run(&a),
            DataCommand::Pin(a) => data_pin::run(&a),
        },
        Command::Run(a) => run::run(&a),
        Command::Check(a) => check::run(&a),
        Command::Plan(a) => plan::run(&a),
        Command::Explain(a) => explain::run(&a),
        Command::Runs(a) => runs::run(&a),
        Command::Diff(a) => diff::run(&a),
        Command::Verify(a) => verify::run(&a),
        Command::Show(a) => show::run(&a),
        Command::Status(a) => status::run(&a),
        Command::Graph(a) => graph::run(&a),
        Command::Serve(a) => serve::run(&a),
        Command::Compare(a) => compare::run(&a),
        Command::Cost(a) => cost::run(&a),
        Command::Report(a) => report::run(&a),
        Command::Results(a) => results::run(&a),
        Command::Export(a) => export::run(&a),
        Command::Import(a) => import::run(&a),
        Command::Predict(a) => predict::run(&a),
        Command::LatencyTable(a) => latency_table::run(&a),
        Command::Cache(a) => cache::run(&a),
        Command::Doctor(a) => doctor::run(&a),
        Command::Fmt(a) => fmt::run(&a),
        Command::Lsp(a) => lsp::run(&a),
        Command::Docs(a) => docs::run(&a),
        Command::Help(a) => help::run(&a),
        Command::Completions(a) => completions::run(&a),
        Command::Man(a) => man::run(&a),
        Command::Worker(a) => worker::run(&a),
    };
    match done {
        Ok(code) => code,
        Err(failure) => {
            print::failure(&failure);
            ExitCode::FAILURE
        }
    }
}
