//! The arguments of commands that help at the keyboard: `fmt`, `lsp`, `docs`, `help`, `completions`, `man`.

use clap::{Args, ValueHint};
use std::path::PathBuf;

/// `fmt`
#[derive(Debug, Args)]
pub struct FmtArguments {
    /// Pipelines and files that they include, each by itself; `-` reads the input and writes to the output
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Write nothing; list the files that would change, and fail if there is one
    #[arg(long)]
    pub check: bool,
    /// Write nothing; show what would change
    #[arg(long)]
    pub diff: bool,
}

/// `lsp`
#[derive(Debug, Args)]
pub struct LspArguments {
    /// What editors add by habit; there is no other way
    #[arg(long, hide = true)]
    pub stdio: bool,
    /// Let `include` leave the folder of the pipeline by `..`
    #[arg(long)]
    pub allow_outside: bool,
}

/// `docs`
#[derive(Debug, Args)]
pub struct DocsArguments {
    /// The page, such as `language`; without one, the list
    pub page: Option<String>,
    /// List the pages
    #[arg(long, conflicts_with_all = ["page", "search"])]
    pub list: bool,
    /// Print every line that has this word, with its page and heading
    #[arg(long, value_name = "WORD", conflicts_with = "page")]
    pub search: Option<String>,
}

/// `help`
#[derive(Debug, Args)]
pub struct HelpArguments {
    /// A command (`run`, `data show`), the code of an error (`unknown-node`), or `codes`
    #[arg(value_name = "COMMAND or CODE")]
    pub about: Vec<String>,
}

/// `completions`
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct ManArguments {
    /// The folder to write to; without one, the page of nasflow itself is printed
    #[arg(value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
}
