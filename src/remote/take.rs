//! Taking what a result names into the store. The caller publishes the result, after all has come.

use super::crew::Pulse;
use super::fault::Fault;
use super::line::Line;
use super::look::Found;
use super::place;
use super::remark::{Remark, Remarks};
use crate::base::Digest;
use crate::store::Blobs;

/// What came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Bytes that were moved.
    pub bytes: u64,
    /// States that stay away: not wanted, or not there.
    pub lacking: Vec<Digest>,
}

/// Takes all blobs of a result that are not here, each verified; none where one is damaged or not there. States only where they are
/// wanted.
///
/// # Errors
/// Those of the place and of the store.
pub fn take(line: &Line, blobs: &Blobs, found: &Found, states: bool, pulse: &Pulse, remarks: &mut Remarks) -> Result<Option<Taken>, Fault> {
    let mut taken = Taken::default();
    for (name, digest) in &found.record.outputs {
        if blobs.has(digest)? {
            continue;
        }
        let state = name == "state";
        if state && !states {
            taken.lacking.push(*digest);
            continue;
        }
        let most = if state { found.claim.state } else { found.claim.bytes };
        match blob(line, blobs, digest, most, pulse) {
            Ok(bytes) => taken.bytes += bytes,
            Err(Fault::Absent) if state => taken.lacking.push(*digest),
            Err(Fault::Absent) => {
                remarks.add(Remark::Lost { blob: *digest });
                return Ok(None);
            }
            Err(Fault::Damaged | Fault::TooLarge { .. }) => {
                remarks.add(Remark::Damaged { blob: *digest });
                if state {
                    taken.lacking.push(*digest);
                } else {
                    return Ok(None);
                }
            }
            Err(e) => return Err(e),
        }
    }
    Ok(Some(taken))
}

/// Takes one blob, of so many bytes at most; how many it has.
pub fn blob(line: &Line, blobs: &Blobs, digest: &Digest, most: u64, pulse: &Pulse) -> Result<u64, Fault> {
    let path = place::blob(digest);
    blobs.room("what comes from the remote", most)?;
    line.ask(most, |remote, limit| {
        let mut bytes = 0;
        blobs.put_wanted::<Fault>(Some(*digest), |out| {
            remote.get(&path, most, limit, &mut |piece| {
                bytes += piece.len() as u64;
                pulse.moved(piece.len() as u64);
                out(piece)
            })
        })?;
        Ok(bytes)
    })
}
