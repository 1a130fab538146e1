//! `nasflow serve`: the page of a search, live while another process runs it.

use super::arguments::ServeArguments;
use super::failure::Failure;
use super::print;
use super::watch::Watch;
use crate::serve::{Rules, Server, Site, token};
use std::net::SocketAddr;
use std::process::ExitCode;

pub fn run(arguments: &ServeArguments) -> Result<ExitCode, Failure> {
    let token = asked(arguments)?;
    let site = Site::default();
    // What is wrong with the file is said before anybody looks.
    let watch = Watch::new(arguments, site.clone())?;
    let server = Server::bind(SocketAddr::new(arguments.address, arguments.port)).map_err(|why| {
        let help = if arguments.port == 0 { "" } else { "; `--port 0` takes a free port" };
        Failure::Message(format!("{why}{help}"))
    })?;
    let bound = server.address();
    let rules = Rules::new(bound.port(), token);
    let host = match bound.ip().is_unspecified() {
        true => format!("{}:{}", this_machine(), bound.port()),
        false => bound.to_string(),
    };
    print::out(&format!("{}\n", rules.address(&host)));
    let name = arguments.file.file.display();
    print::note(&format!("shows {name} as long as this goes on (Ctrl-C ends it); a run goes on without it"));
    if !bound.ip().is_loopback() {
        print::note("note: whoever has this address can look, and nothing is encrypted; `ssh -L` is safer (docs/serve.md)");
    }
    std::thread::Builder::new()
        .name("watch".into())
        .spawn(move || {
            // A page that nobody keeps up to date would say what is not so any more.
            let _end = End;
            watch.go_on();
        })
        .map_err(|e| format!("the thread that looks at the store cannot be started: {e}"))?;
    server.run(site, rules)?;
    Ok(ExitCode::SUCCESS)
}

/// The token that is asked for; away from the loopback there is always one.
fn asked(arguments: &ServeArguments) -> Result<Option<String>, Failure> {
    match &arguments.token {
        Some(token) => {
            let fits = token.len() >= 16 && token.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            match fits {
                true => Ok(Some(token.clone())),
                false => Err("`--token`: 16 or more letters, digits, `-` and `_` were expected".to_string().into()),
            }
        }
        None if arguments.address.is_loopback() => Ok(None),
        None => Ok(Some(token()?)),
    }
}

/// What this machine is called, where it says so.
fn this_machine() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_string();
    if name.is_empty() { "THIS-MACHINE".into() } else { name }
}

/// Ends the program where the thread that looks at the store ends.
struct End;

impl Drop for End {
    fn drop(&mut self) {
        print::note("nasflow: what looks at the store has ended; please report this");
        std::process::exit(70);
    }
}
