//! Whoever may write to the place can damage it, and cannot lie.

use super::*;

/// Anna's two results at a place, seen by Ben, who trusts her, after something was done to the place.
fn seen(harm: impl Fn(&Path, &Record, &Person)) -> (Came, Vec<String>, Record) {
    let (dir, place) = place();
    let (anna, ben) = (Person::new(1), Person::new(2));
    let (a, b) = (anna.makes("a", &[7; 3000]), anna.makes("b", b"small"));
    anna.pushes(&anna.at(Arc::clone(&place), &[]), &[&a, &b]);
    harm(dir.path(), &a, &anna);
    let came = ben.asks(&ben.at(place, &[&anna]), &[&a, &b]);
    let lines = came.remarks.lines("there");
    // Whatever was done, nothing wrong is taken, and the other result is.
    assert!(came.records.contains(&b) && came.records.iter().all(|r| [&a, &b].contains(&r)), "{came:?}");
    assert!(ben.store.verify().expect("a verdict").damaged.is_empty());
    (came, lines, a)
}

fn rewrite(path: &Path, change: impl Fn(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(path).expect("a file");
    change(&mut bytes);
    std::fs::write(path, bytes).expect("written");
}

#[test]
fn blobs_that_are_not_what_their_names_say_are_not_used() {
    let weights = |place: &Path, a: &Record| blob(place, &a.outputs["weights"]);
    let manifest = |place: &Path, a: &Record| blob(place, &Digest::of(&a.manifest().expect("a manifest")));
    let flip = |bytes: &mut Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    };
    for (what, harm) in [
        ("a bit", &flip as &dyn Fn(&mut Vec<u8>)),
        ("cut short", &|bytes: &mut Vec<u8>| bytes.truncate(100)),
        ("empty", &|bytes: &mut Vec<u8>| bytes.clear()),
        ("longer", &|bytes: &mut Vec<u8>| bytes.push(0)),
        ("far longer than was claimed", &|bytes: &mut Vec<u8>| bytes.resize(1 << 20, 7)),
    ] {
        for file in [&weights as &dyn Fn(&Path, &Record) -> PathBuf, &manifest] {
            let (came, lines, _) = seen(|place, a, _| rewrite(&file(place, a), harm));
            assert_eq!(came.records.len(), 1, "{what}");
            assert!(lines.len() == 1 && lines[0].contains("1 blob is there damaged"), "{what}: {lines:?}");
        }
    }
    let (came, lines, _) = seen(|place, a, _| std::fs::remove_file(weights(place, a)).expect("removed"));
    assert!(came.records.len() == 1 && lines[0].contains("not there"), "{lines:?}");
    #[cfg(unix)]
    {
        // Neither a link to elsewhere nor a folder is an object.
        let (came, lines, _) = seen(|place, a, _| {
            let path = weights(place, a);
            std::fs::rename(&path, place.join("elsewhere")).expect("moved");
            std::os::unix::fs::symlink(place.join("elsewhere"), &path).expect("a link");
        });
        assert!(came.records.len() == 1 && lines[0].contains("damaged"), "{lines:?}");
    }
}

#[test]
fn claims_that_nobody_trusted_has_signed_count_for_nothing() {
    let mallory = Person::new(9);
    let lie = |a: &Record, signer: &PublicKey, by: &SecretKey| {
        let manifest = Digest::of(&a.manifest().expect("a manifest"));
        Claim { key: a.key, manifest, bytes: 5000, state: 0, signer: *signer }.signed(by)
    };
    // By nobody: there is no signature.
    let (came, lines, _) = seen(|place, a, anna| rewrite(&claim(place, a, anna), |text| text.truncate(text.len() - 100)));
    assert!(came.records.len() == 1 && lines[0].contains("1 claim refused"), "{lines:?}");
    // Under Anna's name, by another.
    let (came, lines, _) = seen(|place, a, anna| {
        let text = lie(a, &anna.key.public(), &mallory.key);
        std::fs::write(claim(place, a, anna), text).expect("written");
    });
    assert!(came.records.len() == 1 && lines[0].contains("its signature is wrong"), "{lines:?}");
    // Under Anna's name, another's own claim.
    let (came, lines, _) = seen(|place, a, anna| {
        let text = lie(a, &mallory.key.public(), &mallory.key);
        std::fs::write(claim(place, a, anna), text).expect("written");
    });
    assert!(came.records.len() == 1 && lines[0].contains("another key"), "{lines:?}");
    // By an unknown key alone: it is not even looked at.
    let (came, lines, _) = seen(|place, a, anna| {
        let text = lie(a, &mallory.key.public(), &mallory.key);
        std::fs::remove_file(claim(place, a, anna)).expect("removed");
        std::fs::write(claim(place, a, &mallory), text).expect("written");
    });
    assert!(came.records.len() == 1 && lines.is_empty(), "{lines:?}");
    // Anna's true claim of another action.
    let (came, lines, _) = seen(|place, a, anna| {
        let text = Claim { key: Digest::of(b"b"), manifest: Digest::of(b"m"), bytes: 9, state: 0, signer: anna.key.public() };
        std::fs::write(claim(place, a, anna), text.signed(&anna.key)).expect("written");
    });
    assert!(came.records.len() == 1 && lines[0].contains("another action"), "{lines:?}");
    // Something that is no text at all, and far too long.
    let (came, lines, _) = seen(|place, a, anna| std::fs::write(claim(place, a, anna), vec![0xff; 1 << 20]).expect("written"));
    assert!(came.records.len() == 1 && lines[0].contains("no claim"), "{lines:?}");
}

/// Even somebody who is trusted may be mistaken: what is claimed must be a result of the action that was asked for.
#[test]
fn a_result_of_another_action_is_not_taken() {
    let (came, lines, _) = seen(|place, a, anna| {
        let other = Digest::of(&anna.store.lookup(&Digest::of(b"b")).expect("a look").expect("a record").manifest().expect("a manifest"));
        let text = Claim { key: a.key, manifest: other, bytes: 5000, state: 0, signer: anna.key.public() }.signed(&anna.key);
        std::fs::write(claim(place, a, anna), text).expect("written");
    });
    assert!(came.records.len() == 1 && lines[0].contains("of another action, or of another version"), "{lines:?}");
    // The key is right and the text is not.
    let (_dir, place) = place();
    let (anna, ben) = (Person::new(1), Person::new(2));
    let a = anna.makes("a", b"weights");
    anna.pushes(&anna.at(Arc::clone(&place), &[]), &[&a]);
    let asked = vec![Asked { key: a.key, what: a.what, text: Digest::of(b"kind = predict\n") }];
    let came = ben.at(place, &[&anna]).ask(Some(&ben.store.blobs()), asked, &|| false, &mut |_, _, _| {});
    assert!(came.records.is_empty() && came.bytes == 0 && !came.remarks.is_empty(), "{came:?}");
}

#[test]
fn where_two_who_are_trusted_differ_neither_is_used() {
    let (dir, place) = place();
    let (anna, ben, carl) = (Person::new(1), Person::new(2), Person::new(3));
    let a = anna.makes("a", b"one");
    let other = ben.makes("a", b"two");
    anna.pushes(&anna.at(Arc::clone(&place), &[]), &[&a]);
    // Ben sees that his result is another one.
    let pushed = ben.pushes(&ben.at(Arc::clone(&place), &[&anna]), &[&other]);
    assert!(pushed.new == 1 && pushed.remarks.lines("there")[0].contains("another result of 1 action"), "{pushed:?}");
    let came = carl.asks(&carl.at(Arc::clone(&place), &[&anna, &ben]), &[&a]);
    assert!(came.records.is_empty() && came.remarks.lines("there")[0].contains("computed here"), "{came:?}");
    // Who trusts one takes that one's.
    assert_eq!(carl.asks(&carl.at(Arc::clone(&place), &[&ben]), &[&a]).records, [other]);
    // A claim that was there first stays, also where its own signer comes to something else.
    anna.store.publish(&Record { values: json!({ "status": "changed" }), ..a.clone() }).expect("published");
    let before = std::fs::read(claim(dir.path(), &a, &anna)).expect("a claim");
    let pushed = anna.pushes(&anna.at(place, &[]), &[&a]);
    assert!(pushed.new == 0 && pushed.remarks.lines("there")[0].contains("you claimed another result before"), "{pushed:?}");
    assert_eq!(std::fs::read(claim(dir.path(), &a, &anna)).expect("a claim"), before);
}

#[test]
fn what_was_damaged_is_put_again_by_whoever_has_it() {
    let (dir, place) = place();
    let (anna, ben) = (Person::new(1), Person::new(2));
    let (a, b) = (anna.makes("a", &[7; 3000]), anna.makes("b", &[8; 3000]));
    anna.pushes(&anna.at(Arc::clone(&place), &[]), &[&a, &b]);
    // One is cut short, which everybody sees by its size; in the other a bit has flipped, which is seen by who reads it.
    rewrite(&blob(dir.path(), &a.outputs["weights"]), |bytes| bytes.truncate(9));
    rewrite(&blob(dir.path(), &b.outputs["weights"]), |bytes| bytes[5] ^= 4);
    anna.pushes(&anna.at(Arc::clone(&place), &[]), &[&a, &b]);
    assert_eq!(std::fs::read(blob(dir.path(), &a.outputs["weights"])).expect("a blob"), [7; 3000]);
    let team = ben.at(Arc::clone(&place), &[&anna]);
    assert_eq!(ben.asks(&team, &[&a, &b]).records, std::slice::from_ref(&a));
    // Ben has to compute it; it comes out the same, and he puts it right.
    ben.makes("b", &[8; 3000]);
    ben.pushes(&team, &[&b]);
    assert_eq!(std::fs::read(blob(dir.path(), &b.outputs["weights"])).expect("a blob"), [8; 3000]);
    // A claim that somebody has spoilt under one's own name, too.
    rewrite(&claim(dir.path(), &a, &anna), Vec::clear);
    assert_eq!(anna.pushes(&anna.at(Arc::clone(&place), &[]), &[&a]).new, 1);
    let carl = Person::new(3);
    assert_eq!(carl.asks(&carl.at(place, &[&anna]), &[&a, &b]).records.len(), 2);
}
