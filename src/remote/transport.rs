//! What a place must be able to do.

use super::fault::Fault;
use super::limit::Limit;
use std::io::Read;

/// Takes bytes, piece by piece.
pub type Pieces<'a> = dyn FnMut(&[u8]) -> Result<(), Fault> + 'a;

/// Bytes to be put.
pub struct Body<'a> {
    /// How many.
    pub bytes: u64,
    /// Where they come from.
    pub from: &'a mut dyn Read,
}

/// What happens to what is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It stays.
    IfAbsent,
    /// It is replaced.
    Replace,
}

/// What became of a put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// The bytes are there now.
    New,
    /// Something was there, and stays.
    There,
}

/// A place that several machines see. Paths are plain: letters, digits and `/`. Everything that comes from it is hostile until checked.
pub trait Remote: Send + Sync {
    /// Its address, for people.
    fn name(&self) -> &str;

    /// Hands on the bytes of an object, `most` at most.
    ///
    /// # Errors
    /// [`Fault::Absent`]; [`Fault::TooLarge`]; those of the place, and of whoever takes the bytes.
    fn get(&self, path: &str, most: u64, limit: Limit, out: &mut Pieces) -> Result<(), Fault>;

    /// Puts an object: as a whole, or not at all.
    ///
    /// # Errors
    /// Those of the place.
    fn put(&self, path: &str, body: Body, how: Put, limit: Limit) -> Result<Stored, Fault>;

    /// The bytes of an object; none where it is not there.
    ///
    /// # Errors
    /// Those of the place.
    fn size(&self, path: &str, limit: Limit) -> Result<Option<u64>, Fault>;

    /// The names of objects right below a path, `most` at most.
    ///
    /// # Errors
    /// Those of the place.
    fn list(&self, below: &str, most: usize, limit: Limit) -> Result<Vec<String>, Fault>;
}
