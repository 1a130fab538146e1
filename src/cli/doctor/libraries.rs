//! The shared libraries of CUDA: where the loader would find each, and of which version. Nothing is loaded.

use serde::Serialize;
use std::path::{Path, PathBuf};

/// A shared library.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Library {
    /// Its name without version: `libcublas`.
    pub name: &'static str,
    /// What it is for here.
    pub purpose: &'static str,
    /// Whether training on a GPU needs it.
    pub needed: bool,
    /// Where it is; none where the loader would not find it.
    pub path: Option<String>,
    /// Its version, as far as its file's name tells.
    pub version: Option<String>,
}

/// Name, names of files that do (best first), purpose, whether it is needed.
const LIBRARIES: [(&str, &[&str], &str, bool); 5] = [
    ("libcuda", &["libcuda.so.1"], "the driver's interface", true),
    ("libcublas", &["libcublas.so.13", "libcublas.so.12"], "matrix products", true),
    ("libcublasLt", &["libcublasLt.so.13", "libcublasLt.so.12"], "used by libcublas", true),
    ("libcurand", &["libcurand.so.10"], "opened with a device", true),
    ("libcudnn", &["libcudnn.so.9"], "not used yet", false),
];

/// Looks for each.
pub fn look() -> Vec<Library> {
    let named = std::env::var_os("LD_LIBRARY_PATH").map(|v| std::env::split_paths(&v).collect::<Vec<_>>()).unwrap_or_default();
    let cache = cached(&std::fs::read("/etc/ld.so.cache").unwrap_or_default());
    let usual = ["/lib64", "/usr/lib64", "/lib", "/usr/lib"].map(PathBuf::from);
    LIBRARIES
        .iter()
        .map(|&(name, files, purpose, needed)| {
            let find = |file: &&str| {
                let inside = |dirs: &[PathBuf]| dirs.iter().map(|d| d.join(file)).find(|p| p.is_file());
                let known = || cache.iter().find(|p| p.file_name().is_some_and(|n| n == *file) && p.is_file()).cloned();
                inside(&named).or_else(known).or_else(|| inside(&usual))
            };
            let path = files.iter().find_map(find);
            let version = path.as_deref().and_then(version);
            Library { name, purpose, needed, path: path.map(|p| p.display().to_string()), version }
        })
        .collect()
}

/// The version of the kernel's NVIDIA driver, where it is loaded.
pub fn driver() -> Option<String> {
    let version = std::fs::read_to_string("/sys/module/nvidia/version").ok()?;
    Some(version.trim().to_string()).filter(|v| !v.is_empty())
}

/// The paths in the loader's cache: its texts end with zeros, and those that begin with a slash are paths.
fn cached(cache: &[u8]) -> Vec<PathBuf> {
    let texts = cache.split(|b| *b == 0).filter(|t| t.starts_with(b"/"));
    texts.filter_map(|t| std::str::from_utf8(t).ok().map(PathBuf::from)).collect()
}

/// `12.9.1.4` of the file that `libcublas.so.12` links to, `libcublas.so.12.9.1.4`.
fn version(path: &Path) -> Option<String> {
    let file = path.canonicalize().ok()?;
    let version = file.file_name()?.to_str()?.split_once(".so.")?.1.to_string();
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_from_the_loaders_cache() {
        let cache = b"glibc-ld.so.cache1.1\x02\0\0\0libcuda.so.1\0/usr/lib/wsl/lib/libcuda.so.1\0\xff/\0/\xff\0/lib/libc.so.6";
        assert_eq!(cached(cache), ["/usr/lib/wsl/lib/libcuda.so.1", "/lib/libc.so.6"].map(PathBuf::from));
        assert!(cached(b"").is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_version_is_that_of_the_file_behind_the_name() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::write(at("libcublas.so.13.1.0.3"), b"").unwrap();
        std::os::unix::fs::symlink("libcublas.so.13.1.0.3", at("libcublas.so.13")).unwrap();
        std::fs::write(at("libcurand.so.10"), b"").unwrap();
        assert_eq!(version(&at("libcublas.so.13")).as_deref(), Some("13.1.0.3"));
        assert_eq!(version(&at("libcurand.so.10")).as_deref(), Some("10"));
        assert_eq!(version(&at("missing.so.1")), None);
    }
}
