//! The doorway: parse arguments, call the command, map to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    nasflow::cli::main()
}
