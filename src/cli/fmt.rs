//! `nasflow fmt`: files in the house style. A file is written whole or not at all, and only where something changes.

use super::arguments::FmtArguments;
use super::failure::Failure;
use super::print;
use super::replace::replace;
use crate::document::{self, guard};
use crate::report::difference;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

pub fn run(arguments: &FmtArguments) -> Result<ExitCode, Failure> {
    let language = crate::language();
    let stdin = |path: &Path| path.as_os_str() == "-";
    if arguments.files.len() > 1 && arguments.files.iter().any(|f| stdin(f)) {
        return Err("`-` stands alone: it is the input".to_string().into());
    }
    let (mut changed, mut failed) = (false, false);
    for path in &arguments.files {
        let shown = if stdin(path) { "the input".to_string() } else { path.display().to_string() };
        let done = read(path, stdin(path)).and_then(|bytes| {
            let tidy = document::formatted(&language, &shown, &bytes).map_err(|d| Failure::Document(Box::new(d)))?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let differs = tidy != text;
            changed |= differs;
            if arguments.diff {
                print::out(&difference::unified(&shown, &text, &tidy));
            }
            if arguments.check && differs {
                print::out(&format!("{shown}\n"));
            }
            match (arguments.check || arguments.diff, stdin(path)) {
                (true, _) => {}
                (false, true) => print::out(&tidy),
                (false, false) if differs => replace(path, &tidy).map_err(|e| format!("{shown}: {e}; it is as it was"))?,
                (false, false) => {}
            }
            Ok(())
        });
        // One that is broken keeps no other from being formatted.
        if let Err(failure) = done {
            print::failure(&failure);
            failed = true;
        }
    }
    Ok(if failed || (arguments.check && changed) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The bytes of a file or of the input, at most one more than a file may have.
fn read(path: &Path, stdin: bool) -> Result<Vec<u8>, Failure> {
    let most = guard::MAX_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    let read = if stdin {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else if path.is_dir() {
        return Err(format!("{}: this is a folder; name the files in it", path.display()).into());
    } else {
        std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(bytes)
}
