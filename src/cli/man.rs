//! `nasflow man`: manual pages, one a command, from the same descriptions as `--help`.

use super::arguments::{Arguments, ManArguments};
use super::failure::Failure;
use super::print;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::path::Path;
use std::process::ExitCode;

pub fn run(arguments: &ManArguments) -> Result<ExitCode, Failure> {
    let mut command = Arguments::command();
    command.build();
    let Some(dir) = &arguments.dir else {
        print::out(&page(command)?);
        return Ok(ExitCode::SUCCESS);
    };
    let failed = |path: &Path, e: std::io::Error| format!("{}: {e}", path.display());
    std::fs::create_dir_all(dir).map_err(|e| failed(dir, e))?;
    let mut written = 0usize;
    for (name, command) in pages(&command, "") {
        let path = dir.join(format!("{name}.1"));
        std::fs::write(&path, page(command)?).map_err(|e| failed(&path, e))?;
        written += 1;
    }
    print::out(&format!("wrote {written} pages to {}; `man nasflow` finds them where `manpath` has the folder above\n", dir.display()));
    Ok(ExitCode::SUCCESS)
}

/// Every command that is shown, with the name of its page: `nasflow-data-show`.
fn pages(command: &Command, before: &str) -> Vec<(String, Command)> {
    let name = format!("{before}{}", command.get_name());
    let mut pages = vec![(name.clone(), command.clone().display_name(name.clone()))];
    // The `help` that clap adds to commands with commands says nothing of its own.
    let own = |c: &&Command| !(c.is_hide_set() || c.get_name() == "help" && c.has_subcommands());
    for inner in command.get_subcommands().filter(own) {
        pages.extend(self::pages(inner, &format!("{name}-")));
    }
    pages
}

fn page(command: Command) -> Result<String, Failure> {
    let mut text = Vec::new();
    Man::new(command).render(&mut text).map_err(|e| format!("the page cannot be made: {e}"))?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
