//! Results go and come.

use super::*;

#[test]
fn what_one_has_made_another_finds_whole() {
    let (dir, place) = place();
    let (anna, ben) = (Person::new(1), Person::new(2));
    let (a, b) = (anna.makes("a", &[7; 3000]), anna.makes("b", b"small"));
    let team = anna.at(Arc::clone(&place), &[]);
    let pushed = anna.pushes(&team, &[&a, &b]);
    assert_eq!((pushed.new, pushed.there.len(), pushed.left), (2, 2, 0), "{pushed:?}");
    assert!(pushed.remarks.is_empty());
    let before = files(dir.path());
    // Again: nothing is moved, and nothing changes.
    let again = anna.pushes(&team, &[&a, &b]);
    assert_eq!((again.new, again.bytes, again.there.len(), files(dir.path())), (0, 0, 2, before));
    assert!(!dir.path().join("tmp").read_dir().expect("a folder").any(|_| true), "nothing is left half written");
    let came = ben.asks(&ben.at(Arc::clone(&place), &[&anna]), &[&a, &b]);
    let mut both = vec![a.clone(), b.clone()];
    both.sort_by_key(|r| r.key);
    assert_eq!(came.records, both);
    assert_eq!(came.lacking.len(), 2, "states stay away");
    ben.store.publish_lacking(&came.records, &came.lacking).expect("published");
    let verdict = ben.store.verify().expect("a verdict");
    assert_eq!((verdict.damaged.len(), verdict.missing.len(), verdict.dropped), (0, 0, 2));
    // What came from Anna, Ben need not claim again; what only he has made, he does.
    let c = ben.makes("c", b"his");
    let pushed = ben.pushes(&ben.at(Arc::clone(&place), &[&anna]), &[&a, &c]);
    assert_eq!((pushed.new, pushed.there.len()), (1, 2), "{pushed:?}");
    assert!(!claim(dir.path(), &a, &ben).exists() && claim(dir.path(), &c, &ben).exists());
    // Who trusts nobody finds one's own.
    assert_eq!(anna.asks(&anna.at(Arc::clone(&place), &[]), &[&a, &c]).records, std::slice::from_ref(&a));
    // Only a look: what would come.
    let asked = vec![Asked { key: a.key, what: a.what, text: Digest::of(a.text.as_bytes()) }];
    let seen = anna.at(place, &[]).ask(None, asked, &|| false, &mut |_, _, _| {});
    assert!(seen.records.len() == 1 && seen.bytes > 3000 && seen.bytes < 4000, "{seen:?}");
}

#[test]
fn states_go_where_they_are_wanted() {
    let (dir, place) = place();
    let (anna, ben) = (Person::new(1), Person::new(2));
    let a = anna.makes("a", b"weights");
    let with = |person: &Person, trust: &[&Person], states: bool| {
        let team = person.at(Arc::clone(&place), trust);
        Team::new(Arc::clone(&place), Sharing { states, ..team.sharing().clone() })
    };
    anna.pushes(&with(&anna, &[], false), &[&a]);
    assert!(!blob(dir.path(), &a.outputs["state"]).exists());
    assert_eq!(anna.pushes(&with(&anna, &[], true), &[&a]).new, 0, "the claim is there");
    assert!(blob(dir.path(), &a.outputs["state"]).exists());
    assert_eq!(ben.asks(&with(&ben, &[&anna], false), &[&a]).lacking, [a.outputs["state"]]);
    assert_eq!(ben.asks(&with(&ben, &[&anna], true), &[&a]).lacking, []);
    assert!(ben.store.blobs().has(&a.outputs["state"]).expect("a look"));
}

#[test]
fn a_result_that_is_not_whole_is_not_put() {
    let anna = Person::new(1);
    let a = anna.makes("a", b"weights");
    anna.store.blobs().remove(&a.outputs["weights"]).expect("removed");
    assert!(parcel(&anna.store, &a.key).expect("a store").is_none());
    assert!(parcel(&anna.store, &Digest::of(b"nothing")).expect("a store").is_none());
    // One whose bytes have changed is seen before any of them goes.
    let b = anna.makes("b", b"others");
    let path = anna.store.blobs().path(&b.outputs["weights"]);
    std::fs::write(path, b"OTHERS").expect("written");
    let (dir, place) = place();
    let pushed = anna.pushes(&anna.at(place, &[]), &[&b]);
    assert_eq!((pushed.new, pushed.left), (0, 1), "{pushed:?}");
    assert!(pushed.error.is_some());
    assert_eq!(files(dir.path()), [dir.path().join("format")]);
}
