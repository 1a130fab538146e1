//! Where the data set lies, seen from the pipeline, and what the pipeline is called.

use crate::cli::failure::Failure;
use std::path::Path;

/// The root as it is written: from the pipeline's folder where that is near, else whole.
pub fn shown_root(output: &Path, root: &str) -> Result<String, Failure> {
    let folder = output.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = std::fs::canonicalize(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let (from, to): (Vec<_>, Vec<_>) = (folder.components().collect(), Path::new(root).components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from.len() - shared;
    // What begins so is no path, even behind `./`.
    let hub = to.get(shared).is_some_and(|c| up == 0 && c.as_os_str().to_string_lossy().starts_with("hub:"));
    if shared < 2 || up > 2 || hub {
        return Ok(root.to_string());
    }
    let parts: Vec<String> = to[shared..].iter().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
    let path = std::iter::repeat_n("..".to_string(), up).chain(parts).collect::<Vec<_>>().join("/");
    // What begins as something else than a path does is made one.
    let special = path.is_empty() || path.starts_with('~');
    Ok(if special { format!("./{path}") } else { path })
}

/// The pipeline's name: that of the folder, in letters and digits.
pub fn name(root: &str) -> String {
    let last = Path::new(root).file_stem().map_or_else(String::new, |n| n.to_string_lossy().to_lowercase());
    let simple: String = last.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
    let simple = simple.trim_matches('-').to_string();
    if simple.is_empty() { "search".into() } else { simple }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_roots_are_safe() {
        assert_eq!(name("/data/My \"Set\"\n(2)"), "my--set---2");
        assert_eq!((name("/data/红"), name("/x/mine.yaml")), ("search".into(), "mine".into()));
        let dir = tempfile::tempdir().expect("a folder");
        let here = std::fs::canonicalize(dir.path()).expect("a path");
        let root = |inside: &str| shown_root(&here.join("search.kdl"), here.join(inside).to_str().expect("a path")).ok();
        assert_eq!(root("a/b").as_deref(), Some("a/b"));
        assert_eq!(root("hub:x").as_deref(), here.join("hub:x").to_str());
        assert_eq!(root("~x").as_deref(), Some("./~x"));
        assert_eq!(root("").as_deref(), Some("./"));
        assert_eq!(shown_root(&here.join("search.kdl"), "/elsewhere/x").ok().as_deref(), Some("/elsewhere/x"));
    }
}
