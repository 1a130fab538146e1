//! The place is a bucket of a real S3 server on this machine (`s3s-fs`).

use super::server::{Does, Front, Server};
use super::{Member, RESULTS, files, refuse_lies, share_a_search, survive_damage};
use nasflow::remote::{Body, Fault, Limit, Put, Stored, open_with};
use std::time::{Duration, Instant};

#[test]
fn two_stores_share_a_search() {
    let Some(server) = Server::new() else { return };
    share_a_search(&server.ground("team", server.port()));
    // Two teams in one bucket do not meet.
    share_a_search(&server.ground("other/team", server.port()));
}

#[test]
fn damage_is_found_computed_again_and_put_right() {
    let Some(server) = Server::new() else { return };
    survive_damage(&server.ground("team", server.port()));
}

#[test]
fn claims_count_only_with_the_signature_of_somebody_who_is_trusted() {
    let Some(server) = Server::new() else { return };
    refuse_lies(&server.ground("team", server.port()));
}

#[test]
fn a_run_with_nothing_to_do_asks_nobody() {
    let Some(server) = Server::new() else { return };
    let front = Front::new(server.port(), Does::Passes);
    let anna = Member::at(&server.ground("team", front.port), &[], "");
    anna.run();
    let before = front.met();
    assert!(before > 0);
    assert!(anna.run().nothing_executed());
    assert!(anna.nasflow(&["plan", "pipeline.kdl"]).ok() && anna.nasflow(&["show", "pipeline.kdl"]).ok());
    assert_eq!(front.met(), before);
}

#[test]
fn a_server_that_hangs_costs_its_time_once_and_nothing_is_lost() {
    let Some(server) = Server::new() else { return };
    let front = Front::new(server.port(), Does::Hangs);
    let anna = Member::at(&server.ground("team", front.port), &[], "timeout \"2s\"");
    let begun = Instant::now();
    let said = anna.run();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!((said.executed("train"), said.err.matches("does not serve").count()), (4, 1), "{said:?}");
    let good = server.ground("team", server.port());
    let ben = Member::at(&good, &[&anna], "");
    assert_eq!(ben.run().executed("train"), 4, "nothing came from Anna");
    // The next run, by a way that serves, pushes what the first could not.
    let other = Member { variables: good.variables.clone(), ..anna };
    let said = other.run();
    assert!(said.nothing_executed() && said.err.contains(&format!("pushed {RESULTS} results")), "{said:?}");
}

#[test]
fn a_server_that_fails_now_and_then_is_asked_again() {
    let Some(server) = Server::new() else { return };
    for (prefix, does) in [("fails", Does::Fails(3)), ("cuts", Does::Cuts(300, 3))] {
        let ground = server.ground(prefix, Front::new(server.port(), does).port);
        let anna = Member::at(&ground, &[], "");
        let said = anna.run();
        assert!(said.err.contains(&format!("pushed {RESULTS} results")) && !said.err.contains("does not serve"), "{does:?}: {said:?}");
        let ground = server.ground(prefix, Front::new(server.port(), does).port);
        let ben = Member::at(&ground, &[&anna], "");
        assert!(ben.run().nothing_executed(), "{does:?}");
        assert_eq!((ben.digests(), ben.is_whole()), (anna.digests(), true));
    }
    // One that always fails is given up, and nothing wrong comes of it.
    let ground = server.ground("down", Front::new(server.port(), Does::Fails(usize::MAX)).port);
    let said = Member::at(&ground, &[], "").run();
    assert_eq!((said.executed("train"), said.err.matches("does not serve").count()), (4, 1), "{said:?}");
    // A bucket that is not there is said. (This server makes one that is put into.)
    let mut ground = server.ground("x", server.port());
    ground.address = "s3://nobucket/x".into();
    let said = Member::at(&ground, &[], "").run();
    assert!(said.executed("train") == 4 && said.err.contains("there is no such bucket"), "{said:?}");
    // Nor of one that is not there at all, or that does not know us.
    let mut ground = server.ground("down", 1);
    assert_eq!(Member::at(&ground, &[], "").run().err.matches("does not serve").count(), 1);
    ground = server.ground("down", server.port());
    ground.variables.iter_mut().filter(|v| v.0 == "AWS_SECRET_ACCESS_KEY").for_each(|v| v.1 = "wrong".into());
    let said = Member::at(&ground, &[], "").run();
    assert!(said.executed("train") == 4 && said.err.contains("does not let us"), "{said:?}");
    assert!(files(&ground, "claims").is_empty());
}

/// What the room asks of a place, at the server.
#[test]
fn objects_are_put_as_a_whole_and_once() {
    let Some(server) = Server::new() else { return };
    let ground = server.ground("objects", server.port());
    let variables: Vec<(String, String)> = ground.variables.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
    let remote = open_with(&ground.address, &variables).expect("a place");
    let limit = || Limit::of(Duration::from_secs(20), 32 << 20);
    let put = |path: &str, bytes: &[u8], how: Put| {
        remote.put(path, Body { bytes: bytes.len() as u64, from: &mut &*bytes }, how, limit()).unwrap_or_else(|e| panic!("{e:?}"))
    };
    let get = |path: &str, most: u64| {
        let mut bytes = Vec::new();
        remote
            .get(path, most, limit(), &mut |piece| {
                bytes.extend_from_slice(piece);
                Ok(())
            })
            .map(|()| bytes)
    };
    assert!(matches!(get("claims/a", 10), Err(Fault::Absent)));
    assert_eq!(put("claims/a", b"first", Put::IfAbsent), Stored::New);
    assert_eq!(put("claims/a", b"second", Put::IfAbsent), Stored::There);
    assert_eq!(get("claims/a", 10).expect("bytes"), b"first");
    assert_eq!(put("claims/a", b"third", Put::Replace), Stored::New);
    assert_eq!(get("claims/a", 10).expect("bytes"), b"third");
    assert!(matches!(get("claims/a", 4), Err(Fault::TooLarge { most: 4 })));
    // In parts.
    let large: Vec<u8> = (0..20_000_000u32).map(|n| (n / 7) as u8).collect();
    assert_eq!(put("blobs/large", &large, Put::IfAbsent), Stored::New);
    assert_eq!(put("blobs/large", &large, Put::IfAbsent), Stored::There);
    assert!(get("blobs/large", large.len() as u64).expect("bytes") == large);
    assert_eq!(remote.size("blobs/large", limit()).expect("a size"), Some(20_000_000));
    assert_eq!(remote.size("blobs/none", limit()).expect("a size"), None);
    put("claims/b/x", b"1", Put::IfAbsent);
    put("claims/b/y", b"2", Put::IfAbsent);
    assert_eq!(remote.list("claims/b", 9, limit()).expect("a list"), ["x", "y"]);
    assert_eq!(remote.list("claims/none", 9, limit()).expect("a list"), Vec::<String>::new());
    assert!(ground.files.join("claims/b/x").exists());
}
