//! Which images `predict` reads: files as they are given, the images of folders, and what patterns match.

use super::failure::Failure;
use crate::report::number::counted;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Endings of images, whatever their capitals.
const ENDINGS: [&str; 8] = ["jpg", "jpeg", "jfif", "png", "bmp", "webp", "tif", "tiff"];

/// All images, each once: given files in their order, those of a folder or a pattern by name.
///
/// # Errors
/// A folder or pattern without any image, in words that say what is there.
pub fn images(given: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let (mut all, mut known) = (Vec::new(), HashSet::new());
    for path in given {
        let found = match path.to_str() {
            _ if path.is_dir() => folder(path)?,
            Some(text) if !path.exists() && text.contains(['*', '?', '[']) => pattern(text)?,
            // A file that cannot be read is reported by its reader.
            _ => vec![path.clone()],
        };
        for image in found {
            if known.insert(image.clone()) {
                all.push(image);
            }
        }
    }
    Ok(all)
}

fn folder(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |e: std::io::Error| Failure::Message(format!("{}: {e}", path.display()));
    let entries: Vec<PathBuf> =
        std::fs::read_dir(path).map_err(unreadable)?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>().map_err(unreadable)?;
    let mut found: Vec<PathBuf> = entries.iter().filter(|p| is_image(p)).cloned().collect();
    if found.is_empty() {
        let visible: Vec<&PathBuf> = entries.iter().filter(|p| !is_hidden(p)).collect();
        let folders = visible.iter().filter(|p| p.is_dir()).count();
        let inside = match (folders, visible.len() - folders) {
            (0, 0) => "it is empty".to_string(),
            (folders, 0) => format!("it holds {}; name one of them", counted(folders, "folder")),
            (_, files) => format!("none of its {} ends in {}", counted(files, "file"), endings()),
        };
        return Err(format!("there are no images in {}: {inside}", path.display()).into());
    }
    found.sort();
    Ok(found)
}

fn pattern(text: &str) -> Result<Vec<PathBuf>, Failure> {
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..Default::default() };
    let wrong = |e: glob::PatternError| Failure::Message(format!("`{text}` is no pattern: {e}"));
    let matched: Vec<PathBuf> = glob::glob_with(text, options).map_err(wrong)?.filter_map(Result::ok).collect();
    let found: Vec<PathBuf> = matched.iter().filter(|p| is_image(p)).cloned().collect();
    match (found.is_empty(), matched.len()) {
        (false, _) => Ok(found),
        (true, 0) => Err(format!("nothing matches `{text}`").into()),
        (true, n) => Err(format!("`{text}` matches {}, none of them an image ({})", counted(n, "file"), endings()).into()),
    }
}

fn is_image(path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).map(str::to_ascii_lowercase);
    !is_hidden(path) && ending.is_some_and(|e| ENDINGS.contains(&e.as_str())) && path.is_file()
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.'))
}

fn endings() -> String {
    ENDINGS.map(|e| format!(".{e}")).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(given: &Path) -> String {
        match images(&[given.to_path_buf()]) {
            Err(Failure::Index(m) | Failure::Message(m)) => m,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn folders_and_patterns_give_their_images() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.JPG", "a.png", "c.jfif", "._a.png", "notes.txt"] {
            std::fs::write(dir.path().join(name), b"").unwrap();
        }
        std::fs::create_dir(dir.path().join("deep.png")).unwrap();
        let names = |given: &[PathBuf]| -> Vec<String> {
            images(given).unwrap().iter().map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect()
        };
        assert_eq!(names(&[dir.path().to_path_buf()]), ["a.png", "b.JPG", "c.jfif"]);
        assert_eq!(names(&[dir.path().join("*.png")]), ["a.png"]);
        // Each once, and a file that is named is taken whatever it is called.
        assert_eq!(
            names(&[dir.path().join("notes.txt"), dir.path().join("a.png"), dir.path().join("[ab].*")]),
            ["notes.txt", "a.png", "b.JPG"]
        );
    }

    #[test]
    fn what_holds_no_images_says_what_it_holds() {
        let dir = tempfile::tempdir().unwrap();
        assert!(said(dir.path()).contains("it is empty"), "{}", said(dir.path()));
        std::fs::create_dir(dir.path().join("train")).unwrap();
        assert!(said(dir.path()).contains("it holds 1 folder; name one"), "{}", said(dir.path()));
        std::fs::write(dir.path().join("x.avif"), b"").unwrap();
        assert!(said(dir.path()).contains("none of its 1 file ends in .jpg"), "{}", said(dir.path()));
        assert!(said(&dir.path().join("*.avif")).contains("matches 1 file, none of them"), "{}", said(&dir.path().join("*.avif")));
        assert!(said(&dir.path().join("*.jxl")).starts_with("nothing matches"), "{}", said(&dir.path().join("*.jxl")));
    }
}
