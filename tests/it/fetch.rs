//! `data … url= blake3=`: fetched once from a server of our own, verified, unpacked; and servers and archives that mean harm.

use crate::support::Place;
use nasflow::base::Digest;
use nasflow::run::fetch::{Patience, Progress, fetch};
use nasflow::store::Store;
use std::io::{Cursor, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the server has: a YOLO set in a zip, and pages that are not as they should be.
struct Server {
    base: String,
    asked: Arc<AtomicUsize>,
}

impl Server {
    fn new(zip: Vec<u8>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, zip) = (asked.clone(), Arc::new(zip));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (count, zip) = (count.clone(), zip.clone());
                std::thread::spawn(move || drop(answer(stream, &zip, &count)));
            }
        });
        Server { base, asked }
    }
}

fn answer(mut stream: TcpStream, zip: &[u8], count: &AtomicUsize) -> std::io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        request.extend(byte);
    }
    let n = count.fetch_add(1, Ordering::SeqCst);
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default();
    let head = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    match path {
        "/half.zip" => stream.write_all(&[head(zip.len()).as_bytes(), &zip[..zip.len() / 2]].concat()),
        "/flaky.zip" if n == 0 => stream.write_all(&[head(zip.len()).as_bytes(), &zip[..zip.len() / 2]].concat()),
        "/set.zip" | "/flaky.zip" => stream.write_all(&[head(zip.len()).as_bytes(), zip].concat()),
        "/hang.zip" => {
            stream.write_all(head(zip.len()).as_bytes())?;
            std::thread::sleep(Duration::from_secs(30));
            Ok(())
        }
        "/endless" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&[7; 65536])?;
            }
        }
        // Breaks off after a third; gives the rest to whoever asks for the rest of this version.
        "/ranges.zip" | "/renamed.zip" | "/pinned.zip" | "/changed.zip" => ranges(&mut stream, path, &request, zip),
        "/away" => stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"),
        _ => stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    }
}

/// A server that can go on. `/renamed.zip` has another version at every request, `/pinned.zip` names none, and the rest of `/changed.zip`
/// is of something else.
fn ranges(stream: &mut TcpStream, path: &str, request: &str, zip: &[u8]) -> std::io::Result<()> {
    let field = |name: &str| {
        request.lines().find_map(|l| l.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim().to_string()))
    };
    let from: usize = field("range").and_then(|r| r.trim_start_matches("bytes=").trim_end_matches('-').parse().ok()).unwrap_or(0);
    let tag = format!("\"v{}\"", if path == "/renamed.zip" { request.len() } else { 1 });
    let version = if path == "/pinned.zip" || path == "/changed.zip" { String::new() } else { format!("ETag: {tag}\r\n") };
    let same = field("if-range").is_none_or(|v| v == tag);
    if from == 0 || !same {
        let most = if from == 0 { zip.len() / 3 } else { zip.len() };
        let head = format!("HTTP/1.1 200 OK\r\n{version}Content-Length: {}\r\nConnection: close\r\n\r\n", zip.len());
        return stream.write_all(&[head.as_bytes(), &zip[..most]].concat());
    }
    let (rest, end) = (zip.len() - from, zip.len() - 1);
    let range = format!("Content-Range: bytes {from}-{end}/{}\r\n", zip.len());
    let head = format!("HTTP/1.1 206 Partial Content\r\n{version}{range}Content-Length: {rest}\r\nConnection: close\r\n\r\n");
    let rest = if path == "/changed.zip" { vec![7; rest] } else { zip[from..].to_vec() };
    stream.write_all(&[head.as_bytes(), &rest].concat())
}

fn zip(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        out.start_file(*name, zip::write::SimpleFileOptions::default()).expect("started");
        out.write_all(bytes).expect("written");
    }
    out.finish().expect("finished").into_inner()
}

fn png(seed: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([seed, x as u8, y as u8]));
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, image::ImageFormat::Png).expect("encoded");
    out.into_inner()
}

fn set() -> Vec<u8> {
    let mut files = vec![("set/data.yaml", b"train: images/train\nval: images/val\nnames: [a, b]\n".to_vec())];
    let label = b"0 0.5 0.5 0.4 0.4\n1 0.3 0.3 0.2 0.2\n".to_vec();
    for (i, name) in ["train/a", "train/b", "train/c", "val/d"].into_iter().enumerate() {
        let name = |folder: &str, end: &str| -> &'static str { format!("set/{folder}/{name}.{end}").leak() };
        files.push((name("images", "png"), png(i as u8 * 40)));
        files.push((name("labels", "txt"), label.clone()));
    }
    zip(&files)
}

fn pipeline(source: &str) -> String {
    format!(
        "// kept\npipeline \"t\"\ndata \"d\" format=yolo {source} image-size=64 // as it was\n\
         space \"s\" {{ network {{ input \"d\"; conv 8 kernel=3 stride=8 as=\"a\"; conv 8 kernel=3 stride=2 as=\"b\"; detect \"a\" \"b\" }} }}\n\
         sample \"r\" {{ from \"s\"; strategy reference }}\ntrain \"tr\" {{ from \"r\"; data \"d\" split=train; recipe yolov5-short; epochs 1 }}\n\
         evaluate \"ev\" {{ from \"tr\"; data \"d\" split=val; metrics map50 params }}\n"
    )
}

fn has_curl() -> bool {
    let there = std::process::Command::new("curl").arg("--version").output().is_ok_and(|o| o.status.success());
    if !there {
        eprintln!("skipped: curl is not installed");
    }
    there
}

#[test]
fn pinned_fetched_once_and_read() {
    if !has_curl() {
        return;
    }
    let archive = set();
    let hash = Digest::of(&archive).hex();
    let server = Server::new(archive);
    let source = format!("url=\"{}/set.zip\" root=\"set\"", server.base);
    let place = Place::new(&pipeline(&source));
    let said = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(!said.ok() && flat(&said.err).contains("nasflow data pin"), "{said:?}");
    let said = place.nasflow(&["data", "pin", "pipeline.kdl"]);
    assert!(said.ok() && flat(&said.err).contains(&hash), "{said:?}");
    let text = std::fs::read_to_string(place.path().join("pipeline.kdl")).expect("a file");
    assert_eq!(text, pipeline(&source).replace("set.zip\"", &format!("set.zip\" blake3=\"{hash}\"")));
    let asked = server.asked.load(Ordering::SeqCst);
    let said = place.nasflow(&["check", "pipeline.kdl"]);
    assert!(said.ok() && said.out.contains("train 3 images, 6 boxes"), "{said:?}");
    // In a store of its own it is fetched once; then the server may be gone, or another place be named.
    let run = |p: &Place| p.nasflow(&["run", "pipeline.kdl", "--cache", "other"]);
    let said = run(&place);
    assert!(said.ok(), "{said:?}");
    assert_eq!(server.asked.load(Ordering::SeqCst), asked + 1);
    place.write(&text.replace(&server.base, "http://127.0.0.1:1"));
    let said = run(&place);
    assert!(said.ok() && said.nothing_executed(), "{said:?}");
}

#[test]
fn wrong_bytes_and_broken_archives_leave_nothing() {
    if !has_curl() {
        return;
    }
    let server = Server::new(set());
    let other = Digest::of(b"other").hex();
    let place = Place::new(&pipeline(&format!("url=\"{}/set.zip\" blake3=\"{other}\" root=\"set\"", server.base)));
    let said = place.nasflow(&["run", "pipeline.kdl"]);
    assert!(!said.ok() && flat(&said.err).contains("not what was pinned") && flat(&said.err).contains("data pin"), "{said:?}");
    assert_eq!(left(&place.path().join("cache")), 0);
    for (file, what) in [("../evil", "outside"), ("/evil", "outside")] {
        let archive = zip(&[("set/data.yaml", b"names: [a]\n".to_vec()), (file, b"x".to_vec())]);
        std::fs::write(place.path().join("evil.zip"), &archive).expect("a file");
        let url = format!("file://{}", place.path().join("evil.zip").display());
        place.write(&pipeline(&format!("url=\"{url}\" blake3=\"{}\"", Digest::of(&archive).hex())));
        let said = place.nasflow(&["run", "pipeline.kdl"]);
        assert!(!said.ok() && flat(&said.err).contains(what), "{file}: {said:?}");
        assert!(!place.path().join("cache/evil").exists() && !place.path().join("cache/unpacked/evil").exists());
        assert_eq!(std::fs::read_dir(place.path().join("cache/unpacked")).expect("a folder").count(), 0);
    }
    for (source, says) in [
        ("url=\"ftp://x/y.zip\" blake3=\"00\"", "names no place"),
        ("url=\"https://x/y.zip\" blake3=\"00\"", "64 hexadecimal digits"),
        ("blake3=\"00\" root=\"x\"", "`url` is missing"),
        (format!("url=\"https://x/y.zip\" blake3=\"{other}\" root=\"../x\"").as_str(), "leads out of it"),
    ] {
        place.write(&pipeline(source));
        let said = place.nasflow(&["check", "pipeline.kdl"]);
        assert!(!said.ok() && flat(&said.err).contains(says), "{source}: {said:?}");
    }
}

/// What was said, without the breaks that a terminal needs.
fn flat(text: &str) -> String {
    text.replace(['\n', '│'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Blobs and unfinished files in a store.
fn left(store: &Path) -> usize {
    let all = |folder: &Path| std::fs::read_dir(folder).map(|d| d.flatten().map(|e| e.path()).collect::<Vec<_>>()).unwrap_or_default();
    all(&store.join("blobs")).iter().flat_map(|f| if f.is_dir() { all(f) } else { vec![f.clone()] }).count()
}

#[test]
fn servers_that_break_hang_or_never_end() {
    if !has_curl() {
        return;
    }
    let archive = set();
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(dir.path(), true).expect("a store");
    let patience = Patience { connect: 5, stall: 2, most: 1 << 20, tries: 2 };
    let server = Server::new(archive.clone());
    let get = |path: &str| fetch(&format!("{}{path}", server.base), &store, patience, &|_| ());
    let started = Instant::now();
    // The first answer breaks off, and it is fetched from the start again.
    assert_eq!(get("/flaky.zip"), Ok(Digest::of(&archive)));
    for (path, says) in [
        ("/half.zip", "broke before all had come"),
        ("/hang.zip", "nothing for 2 s"),
        ("/endless", "longer than 1 MiB"),
        ("/none", "404"),
        ("/away", "rotocol"),
    ] {
        let said = get(path).expect_err(path);
        assert!(said.contains(says), "{path}: {said}");
    }
    let said = fetch("http://127.0.0.1:1/x", &store, patience, &|_| ()).expect_err("nobody");
    assert!(said.to_lowercase().contains("connect"), "{said}");
    assert!(started.elapsed() < Duration::from_secs(40), "{:?}", started.elapsed());
    // The archive and the record that names it; of everything else nothing.
    assert_eq!(left(dir.path()), 2);
}

/// What lies in the store of downloads that have not ended.
fn unfinished(store: &Path) -> usize {
    let folders = std::fs::read_dir(store.join("attempts")).map(|d| d.flatten().filter(|e| e.path().join("bytes").exists()).count());
    folders.unwrap_or(0)
}

#[test]
fn a_broken_download_goes_on_where_it_was() {
    if !has_curl() {
        return;
    }
    // Longer than what sockets hold back.
    let bytes: Vec<u8> = (0..3_000_000u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let (all, third) = (bytes.len() as u64, bytes.len() as u64 / 3);
    let server = Server::new(bytes.clone());
    let dir = tempfile::tempdir().expect("a directory");
    let store = Store::open(dir.path(), true).expect("a store");
    let seen: Mutex<Vec<(u64, Option<u64>, bool)>> = Mutex::default();
    let watch = |p: &Progress| seen.lock().expect("nobody fails").push((p.done, p.of, p.ended));
    // What came of it, how often the server was asked, and what was told.
    let get = |path: &str, tries: usize| {
        let before = server.asked.load(Ordering::SeqCst);
        let patience = Patience { connect: 5, stall: 5, most: 1 << 30, tries };
        let said = fetch(&format!("{}{path}", server.base), &store, patience, &watch);
        let told = std::mem::take(&mut *seen.lock().expect("nobody fails"));
        (said, server.asked.load(Ordering::SeqCst) - before, told)
    };
    let whole = Ok(Digest::of(&bytes));
    // It breaks; what came stays, and the next call asks for the rest alone.
    let (said, asked, told) = get("/ranges.zip", 1);
    assert!(said.expect_err("broken").contains("broke before all had come") && asked == 1);
    assert_eq!((told.first(), told.last()), (Some(&(0, Some(all), false)), Some(&(third, Some(all), true))));
    assert_eq!(unfinished(dir.path()), 1);
    let (said, asked, told) = get("/ranges.zip", 1);
    assert_eq!((&said, asked), (&whole, 1));
    assert_eq!((told.first(), told.last()), (Some(&(third, Some(all), false)), Some(&(all, Some(all), true))));
    assert_eq!(unfinished(dir.path()), 0);
    // The same within one call.
    let (said, asked, _) = get("/ranges.zip", 2);
    assert_eq!((&said, asked), (&whole, 2));
    // Another version: all of it is asked for, not its rest. (The server breaks off whenever it begins at the start.)
    let (said, _, told) = get("/renamed.zip", 3);
    assert!(said.is_err() && told.iter().all(|t| t.0 <= third), "{said:?} {told:?}");
    // Where nothing says which version it is and no hash is known, what came is of no use.
    let (said, asked, _) = get("/pinned.zip", 2);
    assert!(said.is_err() && asked == 2);
    assert_eq!(unfinished(dir.path()), 1, "only that of /renamed.zip");
}

#[test]
fn what_is_pinned_goes_on_without_a_version_and_is_verified() {
    if !has_curl() {
        return;
    }
    let archive = set();
    let hash = Digest::of(&archive).hex();
    let server = Server::new(archive);
    let place = Place::new("");
    let run = |path: &str, cache: &str| {
        place.write(&pipeline(&format!("url=\"{}{path}\" blake3=\"{hash}\" root=\"set\"", server.base)));
        let before = server.asked.load(Ordering::SeqCst);
        (place.nasflow(&["run", "pipeline.kdl", "--cache", cache]), server.asked.load(Ordering::SeqCst) - before)
    };
    let (said, asked) = run("/pinned.zip", "good");
    assert!(said.ok() && asked == 2 && said.err.contains("going on at"), "{asked} {said:?}");
    assert_eq!(unfinished(&place.path().join("good")), 0);
    // The rest is of something else: all is asked for again, once, and what does not fit is not kept.
    let (said, asked) = run("/changed.zip", "bad");
    assert!(!said.ok() && asked == 3 && flat(&said.err).contains("broke before all had come"), "{asked} {said:?}");
    assert_eq!(left(&place.path().join("bad")), 0);
}
