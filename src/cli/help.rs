//! `nasflow help`: a command's help, or what the code of an error means.

use super::arguments::{Arguments, HelpArguments};
use super::docs;
use super::failure::Failure;
use crate::document::{codes, nearest};
use clap::CommandFactory;
use std::process::ExitCode;

pub fn run(arguments: &HelpArguments) -> Result<ExitCode, Failure> {
    let mut command = Arguments::command();
    command.build();
    let about: Vec<&str> = arguments.about.iter().map(String::as_str).collect();
    if let [code] = about.as_slice() {
        let short = code.trim_matches(['`', '[', ']']).trim_start_matches("nasflow::");
        if short == "codes" {
            docs::show(&list());
            return Ok(ExitCode::SUCCESS);
        }
        // `compare` is a command and a code: `nasflow::compare` means the code.
        let is_command = command.find_subcommand(code).is_some_and(|c| !c.is_hide_set());
        if let Some(section) = codes::section(short).filter(|_| !is_command) {
            docs::show(&section);
            return Ok(ExitCode::SUCCESS);
        }
    }
    let mut found = &mut command;
    for word in &about {
        let names: Vec<String> = found.get_subcommands().filter(|c| !c.is_hide_set()).map(|c| c.get_name().to_string()).collect();
        if !names.iter().any(|n| n == word) {
            return Err(unknown(word, &names, about.len() == 1));
        }
        let Some(inner) = found.find_subcommand_mut(word) else { return Err(unknown(word, &names, true)) };
        found = inner;
    }
    docs::show(&found.render_long_help().to_string());
    Ok(ExitCode::SUCCESS)
}

fn unknown(word: &str, names: &[String], code: bool) -> Failure {
    let codes: Vec<&str> = if code { codes::all().map(|(code, _)| code).collect() } else { Vec::new() };
    let near = nearest(word, names.iter().map(String::as_str).chain(codes));
    let near = near.map_or(String::new(), |near| format!("did you mean `nasflow help {near}`? "));
    Failure::Message(format!(
        "`{word}` is no command and no code of an error; {near}`nasflow help` lists commands, `nasflow help codes` codes"
    ))
}

fn list() -> String {
    let widest = codes::all().map(|(code, _)| code.len()).max().unwrap_or(0);
    let lines = codes::all().map(|(code, text)| format!("{code:widest$}  {}\n", codes::first_sentence(text)));
    lines.collect::<String>() + "\n`nasflow help CODE` explains one, with an example and its repair\n"
}
