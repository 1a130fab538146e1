//! `nasflow fmt`: what is formatted stays the same, to the last comment; formatting again changes nothing. Over everything that is shipped.

use crate::documents::{blocks, complete};
use crate::support::{Place, SMALL, root};
use nasflow::document::{self, Files, Options, Params, Pipeline, lexer::lex};
use std::path::{Path, PathBuf};

fn formatted(text: &str) -> Option<String> {
    document::formatted(&nasflow::language(), "p.kdl", text.as_bytes()).ok()
}

/// Every text that may be formatted: pipelines, shipped spaces, the gallery of faults, the pages' blocks.
fn texts() -> Vec<(PathBuf, String)> {
    let mut texts = Vec::new();
    for folder in ["pipelines", "pipelines/spaces", "tests/gallery", "src/space/zoo", "src/space/zoo/spaces", "examples"] {
        for path in std::fs::read_dir(root().join(folder)).into_iter().flatten().flatten().map(|e| e.path()) {
            if path.extension().is_some_and(|e| e == "kdl")
                && let Ok(text) = std::fs::read_to_string(&path)
            {
                texts.push((path, text));
            }
        }
    }
    let mut pages: Vec<PathBuf> = std::fs::read_dir(root().join("docs")).expect("docs").flatten().map(|e| e.path()).collect();
    pages.push(root().join("README.md"));
    for page in pages.into_iter().filter(|p| p.extension().is_some_and(|e| e == "md")) {
        let text = std::fs::read_to_string(&page).expect("a page");
        let whole = |block: &String| !page.ends_with("reference.md") && !page.ends_with("errors.md") && !block.contains('…');
        texts.extend(blocks(&text).iter().filter(|b| whole(b)).map(|block| (page.clone(), complete(block))));
        texts.extend(blocks(&text).into_iter().map(|block| (page.clone(), block)));
    }
    assert!(texts.len() > 200, "{} texts", texts.len());
    texts
}

fn comments(text: &str) -> Vec<String> {
    lex(text).comments.into_iter().map(|r| text[r].trim_end().to_string()).collect()
}

/// One text in place of a file, the disk for what it includes.
struct Over<'t>(&'t Path, &'t str);

impl Files for Over<'_> {
    fn read(&mut self, path: &str) -> Result<Vec<u8>, String> {
        if Path::new(path) == self.0 { Ok(self.1.into()) } else { std::fs::read(path).map_err(|e| e.to_string()) }
    }
}

fn load(path: &Path, text: &str) -> Result<Pipeline, Vec<(&'static str, String)>> {
    let shown = path.to_str().expect("UTF-8");
    let loaded = document::load(&nasflow::language(), shown, &mut Over(path, text), &Params::default(), Options { allow_outside: true });
    loaded.map_err(|found| found.items.into_iter().map(|d| (d.code, d.message)).collect())
}

/// What a pipeline says, without places.
fn said(pipeline: &Pipeline) -> String {
    let all = (&pipeline.name, pipeline.seed, &pipeline.data, &pipeline.spaces, &pipeline.stages, &pipeline.answer);
    let text = format!("{all:?}");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("Span { file: ") {
        out += &rest[..at];
        rest = rest[at..].split_once('}').map_or("", |(_, rest)| rest);
    }
    out + rest
}

fn holds(path: &Path, text: &str) -> bool {
    let Some(once) = formatted(text) else { return false };
    assert_eq!(formatted(&once).as_deref(), Some(once.as_str()), "{}: formatting again changes it:\n{text}", path.display());
    assert_eq!(comments(text), comments(&once), "{}: comments", path.display());
    match (load(path, text), load(path, &once)) {
        (Ok(before), Ok(after)) => assert_eq!(said(&before), said(&after), "{}:\n{once}", path.display()),
        // What is wrong with it is still wrong.
        (Err(before), Err(after)) => assert_eq!(before.len(), after.len(), "{}: {before:?} {after:?}\n{once}", path.display()),
        (before, after) => panic!("{}: {:?} became {:?}\n{once}", path.display(), before.err(), after.err()),
    }
    true
}

#[test]
fn whatever_is_formatted_stays_the_same() {
    let mut formatted = 0;
    for (path, text) in texts() {
        formatted += usize::from(holds(&path, &text));
    }
    assert!(formatted > 150, "{formatted} were formatted");
}

/// Shipped pipelines are in the house style.
#[test]
fn shipped_pipelines_are_formatted() {
    for folder in ["pipelines", "pipelines/spaces", "src/space/zoo", "src/space/zoo/spaces"] {
        for path in std::fs::read_dir(root().join(folder)).expect(folder).flatten().map(|e| e.path()) {
            if path.extension().is_some_and(|e| e == "kdl") {
                let text = std::fs::read_to_string(&path).expect("a pipeline");
                let tidy = formatted(&text).unwrap_or_else(|| panic!("{} is no KDL", path.display()));
                if std::env::var_os("UPDATE_FORMAT").is_some() && tidy != text {
                    std::fs::write(&path, &tidy).expect("written");
                }
                let now = std::fs::read_to_string(&path).expect("a pipeline");
                assert_eq!(now, tidy, "{}: run `nasflow fmt` on it", path.display());
            }
        }
    }
}

/// Comments, blanks, quotes and ends of lines put in at random places that the lexer says lie between tokens.
#[test]
fn comments_and_blanks_anywhere_are_kept() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut draw = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % n.max(1) as u64) as usize
    };
    let sources = [SMALL.to_string(), std::fs::read_to_string(root().join("pipelines/yolov5.kdl")).expect("it ships")];
    let mut formatted = 0;
    for round in 0..150 {
        let mut text = sources[round % sources.len()].clone();
        for n in 0..1 + draw(12) {
            let tokens = lex(&text).tokens;
            let token = &tokens[draw(tokens.len())];
            let (at, newline) = (token.range.end, text[token.range.clone()].contains('\n'));
            let put = match draw(8) {
                0 => format!(" /* c{n} */ "),
                1 => format!(" /* c{n}\n   more */ "),
                2 => "   ".into(),
                3 => "\t".into(),
                4 if newline => format!("// c{n}\n"),
                5 if newline => "\n\n\n".into(),
                6 if newline => format!("        /- hidden \"{n}\" {{ a; b }}\n"),
                7 => " \\\n".into(),
                _ => " ".into(),
            };
            text.insert_str(at, &put);
        }
        formatted += usize::from(holds(&root().join("pipelines/random.kdl"), &text));
    }
    assert!(formatted > 30, "{formatted} of 150 were KDL");
}

/// Keys before and after are the same, so nothing is trained again.
#[test]
fn formatting_changes_no_key() {
    let messy = SMALL.replace("    ", "\t ").replace("{ ", "{   ").replace('=', " = ").replace("\n", "\n\n");
    let place = Place::new(&messy);
    let wanted = Place::new(SMALL).plan();
    // Spaces around `=` are KDL.
    let before = place.plan();
    assert_eq!(before["stages"], wanted["stages"]);
    let said = place.nasflow(&["fmt", "pipeline.kdl"]);
    assert!(said.ok() && said.out.is_empty(), "{said:?}");
    assert_ne!(std::fs::read_to_string(place.path().join("pipeline.kdl")).expect("it is there"), messy);
    assert_eq!(place.plan()["stages"], wanted["stages"]);
}

#[test]
fn files_are_written_only_where_something_changes() {
    let place = Place::new("pipeline   \"p\"\n");
    let path = place.path().join("pipeline.kdl");
    let now = || std::fs::read_to_string(&path).expect("it is there");
    let check = place.nasflow(&["fmt", "--check", "pipeline.kdl"]);
    assert_eq!((check.code, check.out.as_str()), (Some(1), "pipeline.kdl\n"));
    let diff = place.nasflow(&["fmt", "--diff", "pipeline.kdl"]);
    assert!(diff.ok() && diff.out.contains("-pipeline   \"p\"\n+pipeline \"p\"\n"), "{diff:?}");
    assert_eq!(now(), "pipeline   \"p\"\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("mode");
        symlink("pipeline.kdl", place.path().join("link.kdl")).expect("a link");
        assert!(place.nasflow(&["fmt", "link.kdl"]).ok());
        assert_eq!(now(), "pipeline \"p\"\n");
        let met = std::fs::metadata(&path).expect("there");
        assert_eq!(met.permissions().mode() & 0o777, 0o640);
        assert!(std::fs::symlink_metadata(place.path().join("link.kdl")).expect("there").is_symlink());
        // Nothing changes: the same file, not a copy.
        assert!(place.nasflow(&["fmt", "pipeline.kdl"]).ok());
        assert_eq!(std::fs::metadata(&path).expect("there").ino(), met.ino());
        assert_eq!(std::fs::read_dir(place.path()).expect("a folder").count(), 2, "nothing lies beside it");
    }
    // A broken file is left as it is, and keeps no other from being formatted.
    std::fs::write(place.path().join("broken.kdl"), "a {\n").expect("written");
    place.write("pipeline  \"q\"");
    let both = place.nasflow(&["fmt", "broken.kdl", "pipeline.kdl"]);
    assert!(both.code == Some(1) && both.err.contains("nasflow::open-block"), "{both:?}");
    assert_eq!(now(), "pipeline \"q\"\n");
    assert_eq!(std::fs::read_to_string(place.path().join("broken.kdl")).expect("there"), "a {\n");
}

#[test]
fn the_input_is_formatted_to_the_output() {
    use std::io::Write;
    let place = Place::new("");
    let mut child =
        place.command(&["fmt", "-"]).stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().expect("nasflow");
    child.stdin.take().expect("a pipe").write_all(b"pipeline  \"p\" // why").expect("written");
    let out = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&out.stdout), "pipeline \"p\" // why\n");
}
