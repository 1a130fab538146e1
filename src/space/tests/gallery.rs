//! The gallery's numbers 60 to 6c: documents that decode and whose networks do not fit. For each `6N-name.kdl` the
//! report that its reader sees is kept beside it as `6N-name.txt`; `UPDATE_GALLERY=1 cargo test gallery` writes them anew.

use super::*;
use crate::document::{Files, Options, Params, load, render};
use std::path::{Path, PathBuf};

struct Folder(PathBuf);

impl Files for Folder {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(self.0.join(path)).map_err(|_| "no such file".to_string())
    }
}

fn folder() -> PathBuf {
    std::env::var_os("NASFLOW_GALLERY").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gallery"), PathBuf::from)
}

fn report(name: &str) -> String {
    let pipeline = match load(&crate::language(), name, &mut Folder(folder()), &Params::default(), Options::default()) {
        Ok(pipeline) => pipeline,
        Err(found) => return render::diagnostics(&found, false),
    };
    let mut items = vec![];
    for node in &pipeline.spaces {
        let data = pipeline.data.iter().find(|d| d.name.value == node.input.value).expect("checked");
        match Space::compile(node, &spec(data.image_size, 4)) {
            Ok((space, warnings)) => {
                items.extend(warnings);
                // Only where a supernet is made of the space.
                items.extend(Supernet::of(&space).err().filter(|_| name.contains("supernet")).into_iter().flatten());
            }
            Err(errors) => items.extend(errors),
        }
    }
    if items.is_empty() { "nothing to say\n".into() } else { render::report(&pipeline.sources, &items, false) }
}

#[test]
fn gallery() {
    let folder = folder();
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with('6') && name.ends_with(".kdl"))
        .collect();
    names.sort();
    assert!(names.len() >= 8, "{} documents", names.len());
    let mut different = vec![];
    for name in &names {
        let report = report(name);
        let path = folder.join(name.replace(".kdl", ".txt"));
        if std::env::var_os("UPDATE_GALLERY").is_some() {
            std::fs::write(&path, &report).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(report.as_str()) {
            different.push(format!("{name} now reports:\n{report}"));
        }
    }
    assert!(different.is_empty(), "{}\n\nUPDATE_GALLERY=1 accepts these", different.join("\n"));
}

#[test]
fn the_flagship_is_the_same_through_the_real_decoder() {
    let pipeline = load(&crate::language(), "00-flagship.kdl", &mut Folder(folder()), &Params::default(), Options::default())
        .unwrap_or_else(|e| panic!("{e}"));
    let (space, warnings) = Space::compile(&pipeline.spaces[0], &spec(96, 4)).unwrap_or_else(|e| panic!("{e:#?}"));
    assert!(warnings.is_empty());
    let ours = Space::compile(&node(FLAGSHIP), &spec(96, 4)).unwrap().0;
    assert_eq!((space.size(), space.digest()), (5832.0, ours.digest()));
}
