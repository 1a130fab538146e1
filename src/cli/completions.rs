//! `nasflow completions`: what makes a shell complete commands, options and files.

use super::arguments::{Arguments, CompletionsArguments};
use super::failure::Failure;
use super::print;
use clap::{Command, CommandFactory};
use std::process::ExitCode;

pub fn run(arguments: &CompletionsArguments) -> Result<ExitCode, Failure> {
    let mut text = Vec::new();
    // A hidden command would be completed, too.
    let all = Arguments::command();
    let shown = all.get_subcommands().filter(|c| !c.is_hide_set()).cloned();
    let mut command = Command::new("nasflow").version(env!("CARGO_PKG_VERSION")).disable_help_subcommand(true).subcommands(shown);
    clap_complete::generate(arguments.shell, &mut command, "nasflow", &mut text);
    print::out(&String::from_utf8_lossy(&text));
    Ok(ExitCode::SUCCESS)
}
