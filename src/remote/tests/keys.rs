//! Keys and claims.

use super::*;

#[test]
fn a_claim_comes_back_and_any_change_of_it_counts_for_nothing() {
    let key = SecretKey::from_bytes(&[7; 32]);
    let action = Digest::of(b"action");
    let claim = Claim { key: action, manifest: Digest::of(b"result"), bytes: 123, state: 0, signer: key.public() };
    let text = claim.signed(&key);
    assert_eq!(Claim::read(text.as_bytes(), &action, &key.public()), Ok(claim));
    for at in 0..text.len() {
        for bit in [1, 32] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= bit;
            assert!(Claim::read(&bytes, &action, &key.public()).is_err(), "byte {at}");
        }
        assert!(Claim::read(&text.as_bytes()[..at], &action, &key.public()).is_err(), "cut at {at}");
    }
    for wrong in [format!("{text}\n"), text.replace("bytes 123", "bytes 0123"), text.replace('\n', "\r\n")] {
        assert!(Claim::read(wrong.as_bytes(), &action, &key.public()).is_err(), "{wrong}");
    }
    assert_eq!(Claim::read(text.as_bytes(), &Digest::of(b"another"), &key.public()), Err("it is of another action"));
    let other = SecretKey::from_bytes(&[8; 32]);
    assert!(Claim::read(text.as_bytes(), &action, &other.public()).is_err_and(|why| why.contains("another key")));
    // The name of one, the signature of another.
    let forged = claim.signed(&other);
    assert_eq!(Claim::read(forged.as_bytes(), &action, &key.public()), Err("its signature is wrong"));
    // A golden text: it changes only with its first line.
    assert_eq!(Digest::of(text.as_bytes()).short(), "c13d9a6d0e");
}

#[test]
fn a_key_is_made_once_and_read_only_where_nobody_else_can() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("nasflow/key");
    assert!(SecretKey::read(&path).expect("none is fine").is_none());
    let made = SecretKey::make(&path).expect("a key");
    let read = SecretKey::read(&path).expect("it is right").expect("it is there");
    assert_eq!(made.public(), read.public());
    assert!(SecretKey::make(&path).is_err(), "the first one stays");
    assert!(!format!("{made:?}").contains(&std::fs::read_to_string(&path).expect("text").lines().last().expect("a line").to_string()));
    let public = made.public().to_string();
    assert_eq!(public.parse::<PublicKey>().expect("a key"), made.public());
    assert_eq!(PublicKey::from_hex(&made.public().hex()), Some(made.public()));
    let other = SecretKey::make(&dir.path().join("other")).expect("a key");
    assert_ne!(made.public(), other.public());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| std::fs::metadata(path).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("set");
        let Err(e) = SecretKey::read(&path) else { panic!("it was read") };
        assert!(e.to_string().contains("chmod 600"), "{e}");
    }
    for (text, why) in [
        ("AAAA", "does not begin with"),
        ("nasflow:!", "not base64"),
        ("nasflow:AAAA", "32 bytes"),
        // The neutral point: whoever has it as a key signs anything.
        ("nasflow:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "no key"),
    ] {
        let Err(e) = text.parse::<PublicKey>() else { panic!("{text} was taken") };
        assert!(e.to_string().contains(why), "{e}");
    }
}
