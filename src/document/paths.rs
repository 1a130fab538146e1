//! Paths as texts: joined and cleaned without asking the disk.

/// The folder of a file: `a/b.kdl` → `a`, `b.kdl` → empty.
pub fn folder(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) => "/",
        Some(i) => &path[..i],
        None => "",
    }
}

/// A path as written in a file of this folder, without `.` and with `..` taken back where something is there to take.
pub fn join(folder: &str, path: &str) -> String {
    let whole = if path.starts_with('/') || folder.is_empty() { path.to_string() } else { format!("{folder}/{path}") };
    let root = whole.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            ".." if root => {}
            part => parts.push(part),
        }
    }
    let path = parts.join("/");
    match (root, path.is_empty()) {
        (true, _) => format!("/{path}"),
        (false, true) => ".".into(),
        (false, false) => path,
    }
}

/// Whether a cleaned path lies inside a folder.
pub fn inside(folder: &str, path: &str) -> bool {
    let folder = join("", folder);
    match folder.as_str() {
        "." => !path.starts_with('/') && path != ".." && !path.starts_with("../"),
        "/" => path.starts_with('/'),
        folder => path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned() {
        for (folder, path, whole) in [
            ("a/b", "../c.kdl", "a/c.kdl"),
            ("", "./x", "x"),
            ("a", "../../x", "../x"),
            ("a", "/x/../y", "/y"),
            ("/", "x", "/x"),
            ("..", "../x", "../../x"),
        ] {
            assert_eq!(join(folder, path), whole);
        }
        assert_eq!((folder("a/b.kdl"), folder("b.kdl"), folder("/b")), ("a", "", "/"));
        assert!(inside("", "x/y") && inside("a", "a/b") && inside("..", "../x"));
        assert!(!inside("", "../x") && !inside("a", "ab/c") && !inside("a", "x") && !inside("", "/x"));
    }
}
