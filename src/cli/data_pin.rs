//! `nasflow data pin`: fetches what `data … url=` names and writes its hash into the file, which stays as it is elsewhere.

use super::arguments::{DataPinArguments, FileArguments};
use super::download;
use super::failure::Failure;
use super::load::{self, Access};
use super::print;
use super::replace;
use crate::remote::RemoteError;
use crate::run::fetch;
use kdl::{KdlDocument, KdlEntry, KdlNode};
use std::process::ExitCode;

/// A `data` node that is fetched.
#[derive(Debug, PartialEq)]
struct Found {
    name: String,
    url: String,
    /// Where the hash goes: bytes of the file that it replaces, and what stands around it.
    at: std::ops::Range<usize>,
    before: &'static str,
    /// The hash that is there.
    hash: Option<String>,
}

pub fn run(arguments: &DataPinArguments) -> Result<ExitCode, Failure> {
    if arguments.offline {
        return Err(RemoteError::Offline { doing: "`data pin`".into() }.into());
    }
    let path = &arguments.file;
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let all = found(&text).map_err(|why| format!("{}: {why}", path.display()))?;
    let wanted: Vec<&Found> = all.iter().filter(|f| arguments.name.as_ref().is_none_or(|n| *n == f.name)).collect();
    if wanted.is_empty() {
        let which = arguments.name.as_ref().map_or(String::new(), |n| format!(" called `{n}`"));
        return Err(format!("{} has no `data`{which} with `url=` (in files that it includes, pin those)", path.display()).into());
    }
    let (cache, allow_network) = (arguments.cache.clone(), arguments.allow_network);
    let file = FileArguments { file: path.clone(), params: Vec::new(), allow_outside: false, cache, allow_network, rehash: false };
    let store = load::store(&file, Access::Write)?.ok_or_else(|| "there is no store".to_string())?;
    let mut edited = text.clone();
    // From the end, so that places before stay where they are.
    for f in wanted.iter().rev() {
        let hash = fetch::fetch(&f.url, &store, fetch::USUAL, &download::watch)?.hex();
        if f.hash.as_ref() == Some(&hash) {
            print::note(&format!("{}: {} still has the hash {hash}", f.name, f.url));
            continue;
        }
        edited.replace_range(f.at.clone(), &format!("{}\"{hash}\"", f.before));
        let was = f.hash.as_ref().map_or(String::new(), |h| format!(", was {h}"));
        print::note(&format!("{}: {} has the hash {hash}{was}", f.name, f.url));
    }
    if edited == text {
        return Ok(ExitCode::SUCCESS);
    }
    // What was written must read back as it was meant.
    let again = found(&edited).map_err(|why| format!("the hash could not be written into {} ({why}): write it by hand", path.display()))?;
    if again.len() != all.len() || again.iter().any(|f| wanted.iter().any(|w| w.name == f.name) && f.hash.is_none()) {
        return Err(
            format!("the hash could not be written into {}: write it by hand, as `blake3=\"…\"` behind `url`", path.display()).into()
        );
    }
    replace::replace(path, &edited).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The `data` nodes of a file with a `url`, in their order.
fn found(text: &str) -> Result<Vec<Found>, String> {
    let document = KdlDocument::parse_v2(text).map_err(|e| {
        let first = e.diagnostics.first().and_then(|d| d.message.clone());
        format!("it is not KDL ({}); `nasflow check` says more", first.unwrap_or_else(|| "it cannot be read".into()))
    })?;
    document.nodes().iter().filter(|n| n.name().value() == "data").filter_map(|n| of_node(n).transpose()).collect()
}

fn of_node(node: &KdlNode) -> Result<Option<Found>, String> {
    let name = node.get(0).or_else(|| node.get("name")).and_then(|v| v.as_string()).unwrap_or("data").to_string();
    let plain = |value: Option<String>| value.ok_or(format!("`url` and `blake3` of `{name}` must be plain texts"));
    let property = |key: &str| node.entries().iter().find(|e| e.name().is_some_and(|n| n.value() == key));
    let child = |key: &str| node.children().and_then(|c| c.get(key));
    let text = |e: &KdlEntry| e.value().as_string().filter(|_| e.ty().is_none()).map(str::to_string);
    let first = |node: &KdlNode| node.entries().first().map(|e| (text(e), e.span()));
    let (url, behind, before) = match (property("url"), child("url").and_then(first)) {
        (Some(entry), _) => (text(entry), entry.span(), " blake3="),
        (None, Some((url, span))) => (url, span, "; blake3 "),
        (None, None) => return Ok(None),
    };
    let url = plain(url)?;
    let (at, before, hash) = match (property("blake3"), child("blake3").and_then(first)) {
        (Some(entry), _) => {
            let span = entry.span();
            (span.offset()..span.offset() + span.len(), "blake3=", Some(plain(text(entry))?))
        }
        (None, Some((hash, span))) => (span.offset()..span.offset() + span.len(), "", Some(plain(hash)?)),
        (None, None) => {
            let end = behind.offset() + behind.len();
            (end..end, before, None)
        }
    };
    Ok(Some(Found { name, url, at, before, hash }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pins all to one hash.
    fn pinned(text: &str) -> String {
        let mut edited = text.to_string();
        for f in found(text).unwrap().iter().rev() {
            edited.replace_range(f.at.clone(), &format!("{}\"0123\"", f.before));
        }
        let again = found(&edited).unwrap();
        assert!(again.iter().all(|f| f.hash.as_deref() == Some("0123")), "{edited}");
        assert_eq!(again.len(), found(text).unwrap().len());
        edited
    }

    #[test]
    fn the_rest_of_the_text_stays() {
        let text = "// ü\ndata \"a\" format=voc  url=\"https://x/a.zip\"   root=\"r\" { split train=0.5 } // end\nspace \"s\" {}\n\
                    data \"b\" format=yolo url=\"https://x/b\" blake3=\"aa\"\n";
        assert_eq!(
            pinned(text),
            "// ü\ndata \"a\" format=voc  url=\"https://x/a.zip\" blake3=\"0123\"   root=\"r\" { split train=0.5 } // end\nspace \"s\" {}\n\
             data \"b\" format=yolo url=\"https://x/b\" blake3=\"0123\"\n"
        );
        assert_eq!(
            pinned("data \"a\" {\n    format voc\n    url \"https://x\"\n    split val=0.5\n}\n"),
            "data \"a\" {\n    format voc\n    url \"https://x\"; blake3 \"0123\"\n    split val=0.5\n}\n"
        );
        assert_eq!(pinned("data \"a\" { url \"u\"; blake3 \"x\" }"), "data \"a\" { url \"u\"; blake3 \"0123\" }");
        assert_eq!(pinned("data \"a\" root=\"r\"\n"), "data \"a\" root=\"r\"\n");
        assert!(found("data \"a\" url=5\n").is_err() && found("data \"a\" url=(param)\"u\"").is_err() && found("data {").is_err());
    }
}
