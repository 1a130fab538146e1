//! The script that starts a worker on another machine. Nothing that a user or a store invents stands in it unquoted.

use super::queue::Script;
use crate::run::job::exit;
use crate::run::job::files::assignment_file;
use crate::run::job::follow::{left_file, stop_file};
use crate::run::launch::launcher::Start;
use std::path::Path;

/// One word of a shell.
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The script of a job that begins with an attempt.
///
/// # Errors
/// A path that is no text, or has a line break.
pub fn script(program: &Path, start: &Start, name: &str, stay: f64) -> Result<Script, String> {
    let text = |path: &Path| match path.to_str() {
        Some(text) if !text.chars().any(char::is_control) => Ok(quoted(text)),
        _ => Err(format!("{}: a script cannot name this path", path.display())),
    };
    let root = std::path::absolute(&start.root).map_err(|e| format!("{}: {e}", start.root.display()))?;
    let (root, program) = (text(&root)?, text(program)?);
    let (lock, key, threads) = (start.lock.hex(), start.key.hex(), start.threads.max(1));
    let (stop, left, assignment) = (stop_file(name), left_file(name), assignment_file(start.key));
    let arrive = format!(
        "cd {root}/attempts/{lock} || exit 97\n\
         if [ ! -e {assignment} ] || [ -e {stop} ]; then exit 0; fi\n\
         exec >> log 2>&1 < /dev/null\n"
    );
    let work = format!(
        "RAYON_NUM_THREADS={threads}\nCANDLE_NUM_THREADS={threads}\nexport RAYON_NUM_THREADS CANDLE_NUM_THREADS\n\
         trap ': > {stop}' USR1 TERM\n\
         ( trap '' USR1 TERM; exec {program} worker --cache {root} --files {name} --stay {stay} {lock} {key} ) &\n\
         worker=$!\n\
         while :; do wait $worker; code=$?; kill -0 $worker 2> /dev/null || break; done\n\
         if [ $code != {taken} ]; then echo $code > .tmp-{left} && mv .tmp-{left} {left}; fi\n\
         exit $code\n",
        taken = exit::TAKEN
    );
    Ok(Script { arrive, work })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::base::Digest;
    use crate::run::job::follow;
    use crate::store::{Attempt, Store};
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Command, Stdio};

    struct Place {
        dir: tempfile::TempDir,
        start: Start,
    }

    impl Place {
        fn new(worker: &str) -> Place {
            // A name that a shell would take apart.
            let dir = tempfile::Builder::new().prefix("it's $(touch here) ; ").tempdir().expect("a directory");
            let root = dir.path().join("cache");
            let store = Store::open(&root, true).expect("a store");
            let (lock, key) = (Digest::of(b"lock"), Digest::of(b"key"));
            let attempt = Attempt::open(&store.blobs(), lock).expect("an attempt");
            attempt.write(&assignment_file(key), b"{}").expect("written");
            std::fs::write(dir.path().join("program"), format!("#!/bin/sh\n{worker}\n")).expect("written");
            std::fs::set_permissions(dir.path().join("program"), std::fs::Permissions::from_mode(0o755)).expect("executable");
            Place { dir, start: Start { root, attempt, lock, key, threads: 3, small: false, here: false, assignment: key } }
        }

        fn spawn(&self) -> std::process::Child {
            let script = script(&self.dir.path().join("program"), &self.start, "1-a", 2.5).expect("a script");
            let text = format!("{}{}", script.arrive, script.work);
            Command::new("sh").args(["-c", &text]).current_dir(self.dir.path()).stdout(Stdio::null()).spawn().expect("sh")
        }
    }

    #[test]
    fn words_are_quoted_and_the_code_is_left() {
        let place = Place::new("echo \"$RAYON_NUM_THREADS: $*\"; exit 5");
        assert_eq!(place.spawn().wait().expect("an end").code(), Some(5));
        assert_eq!(follow::left(&place.start.attempt, "1-a"), Some(5));
        let log = place.start.attempt.read("log").expect("read").expect("a log");
        let (root, lock, key) = (place.start.root.display(), place.start.lock.hex(), place.start.key.hex());
        let said = format!("3: worker --cache {root} --files 1-a --stay 2.5 {lock} {key}\n");
        assert_eq!(String::from_utf8_lossy(&log), said);
        assert!(!place.dir.path().join("here").exists() && !place.start.attempt.file("here").exists());
    }

    #[test]
    fn what_is_called_off_or_gone_is_not_begun() {
        let place = Place::new("touch \"$3/begun\"");
        follow::stop(&place.start.attempt, "1-a").expect("called off");
        assert_eq!(place.spawn().wait().expect("an end").code(), Some(0));
        std::fs::remove_dir_all(place.start.attempt.path()).expect("gone");
        assert_eq!(place.spawn().wait().expect("an end").code(), Some(97));
        assert!(!place.start.root.join("begun").exists());
    }

    #[test]
    fn a_signal_becomes_a_stop_and_the_worker_outlives_it() {
        let place = Place::new("touch begun; while [ ! -e stop-1-a ]; do sleep 0.02; done; exit 3");
        let mut child = place.spawn();
        let begun = std::time::Instant::now();
        while !place.start.attempt.file("begun").exists() {
            assert!(begun.elapsed().as_secs() < 30, "it does not begin");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Command::new("kill").args(["-USR1", &child.id().to_string()]).status().expect("kill");
        assert_eq!(child.wait().expect("an end").code(), Some(3));
        assert_eq!(follow::left(&place.start.attempt, "1-a"), Some(3));
    }
}
