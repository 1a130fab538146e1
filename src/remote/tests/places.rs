//! Places that fail: hang, drip, refuse, are not there, or are somebody else's.

use super::*;
use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// A folder with a fault.
struct Faulty {
    folder: Folder,
    asked: AtomicUsize,
    fault: Box<dyn Fn(usize, &str) -> Option<Fault> + Send + Sync>,
}

impl Faulty {
    fn at(dir: &Path, fault: impl Fn(usize, &str) -> Option<Fault> + Send + Sync + 'static) -> Arc<Faulty> {
        Arc::new(Faulty { folder: Folder::new(dir), asked: AtomicUsize::new(0), fault: Box::new(fault) })
    }

    fn meet(&self, path: &str) -> Result<(), Fault> {
        let n = self.asked.fetch_add(1, Ordering::Relaxed);
        (self.fault)(n, path).map_or(Ok(()), Err)
    }
}

impl Remote for Faulty {
    fn name(&self) -> &str {
        "faulty"
    }
    fn get(&self, path: &str, most: u64, limit: Limit, out: &mut Pieces) -> Result<(), Fault> {
        self.meet(path)?;
        self.folder.get(path, most, limit, out)
    }
    fn put(&self, path: &str, body: Body, how: Put, limit: Limit) -> Result<Stored, Fault> {
        self.meet(path)?;
        self.folder.put(path, body, how, limit)
    }
    fn size(&self, path: &str, limit: Limit) -> Result<Option<u64>, Fault> {
        self.meet(path)?;
        self.folder.size(path, limit)
    }
    fn list(&self, below: &str, most: usize, limit: Limit) -> Result<Vec<String>, Fault> {
        self.meet(below)?;
        self.folder.list(below, most, limit)
    }
}

#[test]
fn what_passes_is_tried_again_and_nothing_is_lost() {
    let (dir, _) = place();
    let (anna, ben) = (Person::new(1), Person::new(2));
    let records: Vec<Record> = (0..6).map(|n| anna.makes(&format!("r{n}"), &[n; 500])).collect();
    let all: Vec<&Record> = records.iter().collect();
    // Of each object the first request fails.
    let flaky = || {
        let met = Mutex::new(HashSet::new());
        Faulty::at(dir.path(), move |_, path| {
            let first = met.lock().expect("nobody panics").insert(path.to_string());
            first.then(|| Fault::Down("503".into()))
        })
    };
    let pushed = anna.pushes(&anna.at(flaky(), &[]), &all);
    assert_eq!((pushed.new, pushed.left), (6, 0), "{pushed:?}");
    let team = ben.at(flaky(), &[&anna]);
    let came = ben.asks(&team, &all);
    assert_eq!((came.records.len(), team.failure()), (6, None), "{came:?}");
}

#[test]
fn a_place_that_fails_is_given_up_once_and_asked_no_more() {
    let (dir, _) = place();
    let (anna, ben) = (Person::new(1), Person::new(2));
    let records: Vec<Record> = (0..40).map(|n| anna.makes(&format!("r{n}"), &[n; 50])).collect();
    let all: Vec<&Record> = records.iter().collect();
    let remote = Faulty::at(dir.path(), |_, _| Some(Fault::Down("500 from the server".into())));
    let team = anna.at(Arc::clone(&remote) as Arc<dyn Remote>, &[]);
    let pushed = anna.pushes(&team, &all);
    assert_eq!((pushed.new, pushed.left), (0, 40), "{pushed:?}");
    assert!(remote.asked.load(Ordering::Relaxed) < 10, "one request, and its tries");
    assert_eq!(team.news().as_deref(), Some("500 from the server"));
    assert_eq!(team.news(), None, "it is said once");
    assert!(!team.writes());
    let remote = Faulty::at(dir.path(), |_, _| Some(Fault::Denied("403".into())));
    let team = ben.at(Arc::clone(&remote) as Arc<dyn Remote>, &[&anna]);
    assert!(ben.asks(&team, &all).records.is_empty());
    assert_eq!((remote.asked.load(Ordering::Relaxed), team.news().as_deref()), (1, Some("403")), "what does not pass is not tried again");
}

#[test]
fn a_place_that_hangs_costs_its_time_and_no_more() {
    let (dir, folder) = place();
    let (anna, ben) = (Person::new(1), Person::new(2));
    let records: Vec<Record> = (0..40).map(|n| anna.makes(&format!("r{n}"), &[n; 50])).collect();
    let all: Vec<&Record> = records.iter().collect();
    anna.pushes(&anna.at(folder, &[]), &all);
    // Not even a limit of its own ends it, as with a disk over a network that is gone.
    let hangs = |_: usize, path: &str| {
        if path.starts_with("blobs") {
            std::thread::sleep(Duration::from_secs(20));
        }
        None
    };
    let begun = Instant::now();
    let team = ben.at(Faulty::at(dir.path(), hangs), &[&anna]);
    let came = ben.asks(&team, &all);
    assert!(came.records.is_empty() && team.news().is_some_and(|why| why.contains("no answer within 2 s")));
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    let own = ben.makes("mine", b"mine");
    let pushed = ben.pushes(&ben.at(Faulty::at(dir.path(), hangs), &[]), &[&own]);
    assert_eq!((pushed.new, pushed.left), (0, 1));
    // Whoever is asked to stop stops at once.
    let begun = Instant::now();
    let asked = all.iter().map(|r| Asked { key: r.key, what: r.what, text: Digest::of(r.text.as_bytes()) }).collect();
    ben.at(Faulty::at(dir.path(), hangs), &[&anna]).ask(Some(&ben.store.blobs()), asked, &|| true, &mut |_, _, _| {});
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_folder_is_not_made_where_it_is_not_there_and_others_things_stay_as_they_are() {
    let (dir, _) = place();
    let anna = Person::new(1);
    let a = anna.makes("a", b"weights");
    let missing: Arc<dyn Remote> = Arc::new(Folder::new(&dir.path().join("not-mounted")));
    let team = anna.at(Arc::clone(&missing), &[]);
    assert_eq!(anna.pushes(&team, &[&a]).left, 1);
    assert!(team.news().is_some_and(|why| why.contains("make it, or mount")) && !dir.path().join("not-mounted").exists());
    let team = anna.at(missing, &[]);
    assert!(anna.asks(&team, &[&a]).records.is_empty() && team.news().is_some_and(|why| why.contains("make it, or mount")));
    // A newer layout, or what is no layout at all.
    std::fs::write(dir.path().join("format"), "nasflow remote 2\n").expect("written");
    let newer: Arc<dyn Remote> = Arc::new(Folder::new(dir.path()));
    let team = anna.at(Arc::clone(&newer), &[]);
    assert_eq!(anna.pushes(&team, &[&a]).left, 1);
    assert!(team.news().is_some_and(|why| why.contains("a newer one wrote it")));
    assert!(anna.asks(&anna.at(newer, &[]), &[&a]).records.is_empty());
    assert_eq!(files(dir.path()).len(), 1);
}

#[test]
fn put_if_absent_lets_one_of_many_win() {
    let (dir, _) = place();
    let folder = Arc::new(Folder::new(dir.path()));
    let limit = || Limit::of(Duration::from_secs(5), 0);
    let put = |folder: &Folder, text: &str, how: Put| {
        folder.put("claims/a", Body { bytes: text.len() as u64, from: &mut text.as_bytes() }, how, limit()).expect("put")
    };
    let new: usize = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|n| {
                let folder = &folder;
                scope.spawn(move || put(folder, &n.to_string(), Put::IfAbsent))
            })
            .collect();
        writers.into_iter().filter(|_| true).map(|w| usize::from(w.join().expect("it ends") == Stored::New)).sum()
    });
    assert_eq!(new, 1);
    let first = std::fs::read(dir.path().join("claims/a")).expect("a file");
    assert_eq!(put(&folder, "other", Put::IfAbsent), Stored::There);
    assert_eq!(std::fs::read(dir.path().join("claims/a")).expect("a file"), first);
    assert_eq!(put(&folder, "other", Put::Replace), Stored::New);
    assert_eq!(std::fs::read(dir.path().join("claims/a")).expect("a file"), b"other");
    assert_eq!((folder.size("claims/a", limit()).expect("a size"), folder.size("claims/b", limit()).expect("none")), (Some(5), None));
    assert_eq!(folder.list("claims", 9, limit()).expect("a list"), ["a"]);
    // Fewer bytes than were announced are nothing.
    let short = folder.put("claims/c", Body { bytes: 9, from: &mut &b"abc"[..] }, Put::IfAbsent, limit());
    assert!(matches!(short, Err(Fault::Wrong(_))) && !dir.path().join("claims/c").exists());
}
