//! The user's configuration file: where it is, and what it sets. What counts: an option, else the environment, else this file, else the
//! default.

use super::failure::Failure;
use crate::base::units;
use crate::document::configuration::{self, Configuration, WaitForSpace};
use crate::document::guard::MAX_BYTES;
use std::ffi::OsString;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Names another file; empty, none.
pub const VARIABLE: &str = "NASFLOW_CONFIG";

/// Names one's own key; else it lies beside the configuration.
pub const KEY_VARIABLE: &str = "NASFLOW_KEY";

/// The file that was looked for, and what it sets.
#[derive(Default)]
pub struct Found {
    /// Where it was looked for; none where nobody says where.
    pub path: Option<PathBuf>,
    /// Whether it is there.
    pub exists: bool,
    /// What it sets; nothing where it is not there.
    pub configuration: Configuration,
}

/// Where the file lies, and whether the environment names it: then it has to be there.
fn place(variable: impl Fn(&str) -> Option<OsString>) -> (Option<PathBuf>, bool) {
    if let Some(named) = variable(VARIABLE) {
        return ((!named.is_empty()).then(|| named.into()), true);
    }
    // The XDG base directory specification: a relative path counts as none.
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let folder = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
    (folder.map(|f| f.join("nasflow").join("config.kdl")), false)
}

/// Where one's own key lies, whether or not it is there; none where nobody says where.
pub fn key_path() -> Option<PathBuf> {
    key_by(|name| std::env::var_os(name))
}

fn key_by(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    match variable(KEY_VARIABLE).filter(|named| !named.is_empty()) {
        Some(named) => Some(named.into()),
        None => place(variable).0.map(|path| path.with_file_name("key")),
    }
}

/// Finds and reads the configuration.
///
/// # Errors
/// A file that is wrong, with its places; one that cannot be read.
pub fn find() -> Result<Found, Failure> {
    find_by(|name| std::env::var_os(name))
}

fn find_by(variable: impl Fn(&str) -> Option<OsString>) -> Result<Found, Failure> {
    let (path, named) = place(variable);
    let Some(path) = path else { return Ok(Found::default()) };
    let shown = path.display().to_string();
    let bytes = match read(&path) {
        Ok(bytes) => bytes,
        Err(e) if !named && matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Found { path: Some(path), ..Found::default() });
        }
        Err(e) => return Err(Failure::Document(Box::new(configuration::unreadable(&shown, &e.to_string())))),
    };
    let configuration = configuration::configuration(&crate::language(), &shown, &bytes).map_err(|d| Failure::Document(Box::new(d)))?;
    Ok(Found { path: Some(path), exists: true, configuration })
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What it sets.
///
/// # Errors
/// As [`find`].
pub fn configuration() -> Result<Configuration, Failure> {
    Ok(find()?.configuration)
}

/// The time that an option names.
///
/// # Errors
/// What is no time.
pub fn time(text: &str) -> Result<Duration, Failure> {
    units::time(text).ok_or_else(|| Failure::Message(format!("`{text}` is no time: write {}", units::TIMES)))
}

/// The size that an option names.
///
/// # Errors
/// What is no size.
pub fn size(text: &str) -> Result<u64, Failure> {
    units::bytes(text).ok_or_else(|| Failure::Message(format!("`{text}` is no size: write {}", units::SIZES)))
}

/// What `--wait-for-space` names: `yes`, `no` or a time.
///
/// # Errors
/// What is none of them.
pub fn wait(text: &str) -> Result<WaitForSpace, Failure> {
    match text {
        "yes" => Ok(WaitForSpace::Ever),
        "no" => Ok(WaitForSpace::No),
        text => units::time(text).map(WaitForSpace::For).ok_or_else(|| {
            Failure::Message(format!("`--wait-for-space={text}`: `yes`, `no` or a time such as {} was expected", units::TIMES))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_lies_where_the_environment_says() {
        let of = |set: &[(&str, &str)]| {
            let set: Vec<(String, OsString)> = set.iter().map(|(n, v)| (n.to_string(), v.into())).collect();
            place(move |name| set.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()))
        };
        let path = |p: &str| Some(PathBuf::from(p));
        assert_eq!(of(&[("HOME", "/h")]), (path("/h/.config/nasflow/config.kdl"), false));
        assert_eq!(of(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")]), (path("/x/nasflow/config.kdl"), false));
        assert_eq!(of(&[("HOME", "/h"), ("XDG_CONFIG_HOME", "x")]), (path("/h/.config/nasflow/config.kdl"), false));
        assert_eq!(of(&[("HOME", "/h"), ("NASFLOW_CONFIG", "mine.kdl")]), (path("mine.kdl"), true));
        assert_eq!(of(&[("HOME", "/h"), ("NASFLOW_CONFIG", "")]), (None, true));
        assert_eq!(of(&[]), (None, false));
    }

    #[test]
    fn the_key_lies_beside_the_file() {
        let of = |set: &'static [(&str, &str)]| key_by(move |name| set.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into()));
        assert_eq!(of(&[("HOME", "/h")]), Some("/h/.config/nasflow/key".into()));
        assert_eq!(of(&[("HOME", "/h"), ("NASFLOW_CONFIG", "/etc/team.kdl")]), Some("/etc/key".into()));
        assert_eq!(of(&[("NASFLOW_KEY", "k"), ("NASFLOW_CONFIG", "")]), Some("k".into()));
        assert_eq!(of(&[("NASFLOW_KEY", ""), ("NASFLOW_CONFIG", "")]), None);
    }

    #[test]
    fn only_a_file_that_is_named_has_to_be_there() {
        let dir = tempfile::tempdir().expect("a directory");
        let of = |name: &'static str, value: PathBuf| find_by(move |n| (n == name).then(|| value.clone().into()));
        let found = of("XDG_CONFIG_HOME", dir.path().to_path_buf()).expect("none is fine");
        assert!(!found.exists && found.configuration == Configuration::default());
        assert!(matches!(of(VARIABLE, dir.path().join("none.kdl")), Err(Failure::Document(_))));
        std::fs::create_dir(dir.path().join("nasflow")).expect("a folder");
        std::fs::write(dir.path().join("nasflow/config.kdl"), "run jobs=3").expect("written");
        let found = of("XDG_CONFIG_HOME", dir.path().to_path_buf()).expect("it is right");
        assert_eq!((found.exists, found.configuration.run.jobs), (true, Some(3)));
        std::fs::write(dir.path().join("nasflow/config.kdl"), "run jobs=x").expect("written");
        assert!(matches!(of("XDG_CONFIG_HOME", dir.path().to_path_buf()), Err(Failure::Document(_))));
    }

    #[test]
    fn options_are_read() {
        assert!(time("90").is_err() && size("8G").is_err() && wait("maybe").is_err());
        assert_eq!(wait("yes").ok(), Some(WaitForSpace::Ever));
        assert_eq!(wait("no").ok(), Some(WaitForSpace::No));
        assert_eq!(wait("90s").ok(), Some(WaitForSpace::For(Duration::from_secs(90))));
    }
}
