//! Stores shared by a team: two people at a place that both see, with the real program. The place is a folder here; `s3` does the
//! same at a server. Nothing that is damaged or claimed by others is ever used, and whatever fails, a run ends as it would alone.

mod folder;
#[cfg(feature = "s3")]
mod s3;
#[cfg(feature = "s3")]
mod server;

use crate::support::{Place, SMALL, Said, said};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Results of the small search that are shared: 4 trainings, 4 predictions, 8 metrics, a choice.
const RESULTS: usize = 17;

/// A place that several people see.
pub struct Ground {
    /// What it is called.
    pub address: String,
    /// Where its objects lie as files.
    pub files: PathBuf,
    /// What the environment must say.
    pub variables: Vec<(&'static str, String)>,
}

/// Somebody with a store, a configuration and a key.
pub struct Member {
    pub place: Place,
    key: String,
    variables: Vec<(&'static str, String)>,
}

impl Member {
    /// At a place, trusting these; `settings` are more lines of `remote`.
    pub fn at(ground: &Ground, trusted: &[&Member], settings: &str) -> Member {
        let mut member = Member { place: Place::new(SMALL), key: String::new(), variables: ground.variables.clone() };
        member.goes_to(&ground.address, trusted, settings);
        let said = member.nasflow(&["cache", "key"]);
        assert!(said.ok() && said.out.starts_with("nasflow:"), "{said:?}");
        member.key = said.out.trim().to_string();
        member
    }

    pub fn goes_to(&self, address: &str, trusted: &[&Member], settings: &str) {
        let mut lines: Vec<String> = trusted.iter().map(|m| format!("trust \"{}\"", m.key)).collect();
        lines.push(if settings.contains("timeout") { settings.into() } else { format!("timeout \"5s\"\n{settings}") });
        let text = format!("store {{\nremote \"{address}\" {{\n{}\n}}\n}}\n", lines.join("\n"));
        std::fs::write(self.place.path().join("config.kdl"), text).expect("written");
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.place.command(arguments);
        command.env("NASFLOW_CONFIG", self.place.path().join("config.kdl"));
        for name in
            ["NASFLOW_KEY", "NASFLOW_REMOTE", "NASFLOW_OFFLINE", "AWS_PROFILE", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]
        {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (*name, value.as_str())));
        command
    }

    pub fn nasflow(&self, arguments: &[&str]) -> Said {
        said(self.command(arguments).output().expect("nasflow starts"))
    }

    /// Runs and must succeed.
    pub fn run(&self) -> Said {
        let said = self.nasflow(&["run", "pipeline.kdl"]);
        assert!(said.ok(), "{said:?}");
        said
    }

    pub fn digests(&self) -> String {
        let said = self.nasflow(&["show", "pipeline.kdl", "--digests"]);
        assert!(said.ok(), "{said:?}");
        said.out
    }

    /// Whether the store is whole.
    pub fn is_whole(&self) -> bool {
        self.nasflow(&["cache", "verify"]).code == Some(0)
    }
}

/// All files of a kind (`blobs`, `claims`) that lie at a place.
pub fn files(ground: &Ground, kind: &str) -> Vec<PathBuf> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for path in std::fs::read_dir(folder).into_iter().flatten().map(|e| e.expect("an entry").path()) {
            if path.is_dir() { walk(&path, found) } else { found.push(path) }
        }
    }
    let mut found = Vec::new();
    walk(&ground.files.join(kind), &mut found);
    found.sort();
    found
}

/// One computes, the other finds everything; then the other way.
pub fn share_a_search(ground: &Ground) {
    let anna = Member::at(ground, &[], "");
    let first = anna.run();
    assert!(first.err.contains(&format!("pushed {RESULTS} results")), "{first:?}");
    assert_eq!(files(ground, "claims").len(), RESULTS);
    let digests = anna.digests();

    let ben = Member::at(ground, &[&anna], "");
    let plan = ben.nasflow(&["plan", "pipeline.kdl"]);
    assert!(plan.ok() && plan.out.contains("nothing to run") && plan.err.contains(&format!("{RESULTS} results")), "{plan:?}");
    let dry = ben.nasflow(&["cache", "pull", "pipeline.kdl", "--dry-run"]);
    assert!(dry.ok() && dry.out.contains("would come from") && !ben.place.path().join("cache").exists(), "{dry:?}");
    let found = ben.run();
    assert!(found.nothing_executed() && found.err.contains(&format!("{RESULTS} results")) && found.err.contains("came from"), "{found:?}");
    assert_eq!((ben.digests(), ben.is_whole()), (digests.clone(), true));
    assert_eq!(files(ground, "claims").len(), RESULTS, "what came from others is not claimed again");
    // All that is left alone, too: nothing goes and nothing comes.
    for member in [&anna, &ben] {
        let again = member.run();
        assert!(again.nothing_executed() && !again.err.contains("came from") && !again.err.contains("pushed"), "{again:?}");
    }
    let again = anna.nasflow(&["cache", "push"]);
    assert!(again.ok() && again.out.contains("pushed 0 results") && again.out.contains("17 results there already"), "{again:?}");

    // Ben goes on; Anna takes it all at once.
    let longer = SMALL.replace("epochs 2", "epochs 3");
    ben.place.write(&longer);
    let more = ben.run();
    assert!(more.executed("train") > 0 && more.err.contains("pushed"), "{more:?}");
    anna.place.write(&longer);
    anna.goes_to(&ground.address, &[&ben], "");
    let pulled = anna.nasflow(&["cache", "pull", "pipeline.kdl"]);
    assert!(pulled.ok() && pulled.out.contains("nothing is left to run"), "{pulled:?}");
    assert!(anna.run().nothing_executed());
    assert_eq!((anna.digests(), anna.is_whole()), (ben.digests(), true));
    anna.place.write(SMALL);
    assert_eq!(anna.digests(), digests);
}

/// Whatever is done to blobs there, a run finds out, computes, ends the same, and puts right what was damaged.
pub fn survive_damage(ground: &Ground) {
    let anna = Member::at(ground, &[], "");
    anna.run();
    let digests = anna.digests();
    let blobs = files(ground, "blobs");
    // The largest are weights; manifests and predictions among the others.
    let mut by_size: Vec<&PathBuf> = blobs.iter().collect();
    by_size.sort_by_key(|path| std::cmp::Reverse(std::fs::metadata(path).expect("a file").len()));
    let middle = by_size.len() / 2;
    let flip = |bytes: &mut Vec<u8>| {
        let at = bytes.len() / 3;
        bytes[at] ^= 16;
    };
    let harms: [(&str, &Path, &dyn Fn(&mut Vec<u8>)); 4] = [
        ("a bit of weights", by_size[0], &flip),
        ("weights cut short", by_size[1], &|bytes| bytes.truncate(bytes.len() / 2)),
        ("a bit of something smaller", by_size[middle], &flip),
        ("a manifest cut short", by_size[by_size.len() - 1], &|bytes| bytes.truncate(bytes.len() / 2)),
    ];
    for (what, path, harm) in harms {
        let whole = std::fs::read(path).expect("a blob");
        let mut bytes = whole.clone();
        harm(&mut bytes);
        std::fs::write(path, bytes).expect("written");
        let ben = Member::at(ground, &[&anna], "");
        let said = ben.run();
        assert!(!said.nothing_executed() && said.err.contains("damaged"), "{what}: {said:?}");
        assert_eq!((ben.digests(), ben.is_whole()), (digests.clone(), true), "{what}");
        assert_eq!(std::fs::read(path).expect("a blob"), whole, "{what}: who computed it again has put it right");
        let carl = Member::at(ground, &[&anna, &ben], "");
        assert!(carl.run().nothing_executed(), "{what}");
    }
}

/// Claims that nobody trusted has signed are refused, and what they claim is computed.
pub fn refuse_lies(ground: &Ground) {
    let anna = Member::at(ground, &[], "");
    anna.run();
    let digests = anna.digests();
    let claims = files(ground, "claims");
    // By an unknown key: it is not even looked at, and a pull says whose it is.
    let ben = Member::at(ground, &[], "write #false");
    let pulled = ben.nasflow(&["cache", "pull", "pipeline.kdl"]);
    assert!(pulled.ok() && pulled.out.starts_with("0 results") && pulled.err.contains(&anna.key), "{pulled:?}");
    let plan = ben.nasflow(&["plan", "pipeline.kdl"]);
    assert!(plan.ok() && plan.err.contains(&format!("a key that you do not trust, {}", anna.key)), "{plan:?}");
    let run = ben.run();
    assert!(run.executed("train") == 4 && run.err.contains(&format!("a key that you do not trust, {}", anna.key)), "{run:?}");
    assert_eq!(ben.digests(), digests);
    // Another manifest under Anna's name; no signature; another's signature.
    let mallory = Member::at(ground, &[], "");
    let texts: Vec<String> = claims.iter().map(|path| std::fs::read_to_string(path).expect("a claim")).collect();
    let line =
        |text: &str, name: &str| text.lines().find(|l| l.starts_with(name)).unwrap_or_else(|| panic!("no {name} in {text}")).to_string();
    let lies: [(&str, &dyn Fn(usize) -> String); 3] = [
        ("another result", &|i| texts[i].replace(&line(&texts[i], "manifest"), &line(&texts[(i + 1) % texts.len()], "manifest"))),
        ("no signature", &|i| texts[i].replace(&line(&texts[i], "signature"), "signature")),
        ("another's name", &|i| texts[i].replace(&anna.key, &mallory.key)),
    ];
    for (what, lie) in lies {
        for (i, path) in claims.iter().enumerate() {
            std::fs::write(path, lie(i)).expect("written");
        }
        let carl = Member::at(ground, &[&anna], "write #false");
        let said = carl.run();
        assert!(said.executed("train") == 4 && said.err.contains("refused") && !said.err.contains("came from"), "{what}: {said:?}");
        assert_eq!((carl.digests(), carl.is_whole()), (digests.clone(), true), "{what}");
    }
}
