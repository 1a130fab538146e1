//! Looking for a result: who claims what, and is it a result of that action.

use super::claim::{Claim, LARGEST};
use super::fault::Fault;
use super::key::PublicKey;
use super::limit::Limit;
use super::line::Line;
use super::place;
use super::remark::{Remark, Remarks};
use super::transport::Remote;
use crate::base::Digest;
use crate::store::Record;

/// Bytes of a manifest, at most.
const MANIFEST: u64 = 64 << 20;
/// Claims of one action that are listed, at most.
const LISTED: usize = 100;

/// A result that somebody who is trusted claims.
#[derive(Clone, Debug)]
pub struct Found {
    /// The result.
    pub record: Record,
    /// Who says what.
    pub claim: Claim,
}

/// The bytes of an object, which are few.
pub fn bytes(remote: &dyn Remote, path: &str, most: u64, limit: Limit) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    remote.get(path, most, limit, &mut |piece| {
        bytes.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(bytes)
}

/// What those who are trusted claim of an action; claims that count for nothing become remarks.
///
/// # Errors
/// Those of the place.
pub fn claims(line: &Line, key: &Digest, trusted: &[PublicKey], remarks: &mut Remarks) -> Result<Vec<Claim>, Fault> {
    let mut claims = Vec::new();
    for signer in trusted {
        let path = place::claim(key, signer);
        let read = match line.ask(LARGEST, |remote, limit| bytes(remote, &path, LARGEST, limit)) {
            Ok(bytes) => Claim::read(&bytes, key, signer),
            Err(Fault::Absent) => continue,
            Err(Fault::TooLarge { .. } | Fault::Damaged) => Err("it is no claim that this nasflow reads"),
            Err(e) => return Err(e),
        };
        match read {
            Ok(claim) => claims.push(claim),
            Err(why) => remarks.add(Remark::Refused { signer: *signer, why }),
        }
    }
    Ok(claims)
}

/// The result of an action on which all agree who are trusted. It is the action's of which `fits` says so.
///
/// # Errors
/// Those of the place.
pub fn look(
    line: &Line,
    key: &Digest,
    trusted: &[PublicKey],
    fits: &dyn Fn(&Record) -> bool,
    remarks: &mut Remarks,
) -> Result<Option<Found>, Fault> {
    let claims = claims(line, key, trusted, remarks)?;
    let Some(&claim) = claims.first() else { return Ok(None) };
    if claims.iter().any(|other| other.manifest != claim.manifest) {
        remarks.add(Remark::Conflict { key: *key });
        return Ok(None);
    }
    let (path, most) = (place::blob(&claim.manifest), claim.bytes.min(MANIFEST));
    let manifest = match line.ask(most, |remote, limit| bytes(remote, &path, most, limit)) {
        Ok(manifest) if Digest::of(&manifest) == claim.manifest => manifest,
        Ok(_) | Err(Fault::TooLarge { .. } | Fault::Damaged) => {
            remarks.add(Remark::Damaged { blob: claim.manifest });
            return Ok(None);
        }
        Err(Fault::Absent) => {
            remarks.add(Remark::Lost { blob: claim.manifest });
            return Ok(None);
        }
        Err(e) => return Err(e),
    };
    let record = Record::parse(&manifest)
        .filter(|record| record.key == *key && record.manifest().is_ok_and(|again| again == manifest) && fits(record));
    if record.is_none() {
        remarks.add(Remark::Foreign { signer: claim.signer });
    }
    Ok(record.map(|record| Found { record, claim }))
}

/// Keys that are not trusted and under whose names claims of an action lie. Whether these are theirs is not looked at.
///
/// # Errors
/// Those of the place.
pub fn strangers(line: &Line, key: &Digest, trusted: &[PublicKey]) -> Result<Vec<PublicKey>, Fault> {
    let below = place::claims(key);
    let names = line.ask(0, |remote, limit| remote.list(&below, LISTED, limit))?;
    let signers = names.iter().filter_map(|name| PublicKey::from_hex(name));
    Ok(signers.filter(|signer| !trusted.contains(signer)).collect())
}
