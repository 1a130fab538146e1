//! What attempts have left: made durable together, so that many that end at a time do not each wait for the disk.

use super::Coordinator;
use super::announce::subject;
use super::attempts::Left;
use super::publish::{self, Publication};
use crate::base::Digest;
use crate::plan::Work;
use crate::run::error::RunError;
use crate::run::events::Event;
use crate::store::{Observation, Published, Record};

/// Timings that are noted at a time: a writer that dies is at most one call behind, and no more is read again of what it noted.
const TIMINGS: usize = 100;

impl Coordinator<'_> {
    /// Publishes what attempts have left. Where the disk is full, it is still to be published.
    pub(super) fn publish_left(&mut self) -> Result<(), RunError> {
        let left = std::mem::take(&mut self.left);
        match self.made_durable(&left) {
            Ok(publications) => self.are_published(&left, publications),
            Err(error) => {
                self.left = left;
                Err(error)
            }
        }
    }

    fn made_durable(&self, left: &[Left]) -> Result<Vec<Publication>, RunError> {
        let mut publications = Vec::with_capacity(left.len());
        let mut timings: Vec<Observation> = Vec::new();
        for one in left {
            publications.push(publish::publication(self.store, &one.work, &one.result)?);
            if one.count > 0 {
                timings.extend(publish::timings(&one.work, one.seconds, one.count, self.options));
            }
        }
        let records: Vec<Record> = publications.iter_mut().flat_map(|p| std::mem::take(&mut p.records)).collect();
        let published = records.iter().map(|r| r.key).zip(self.store.publish_many(&records)?);
        let replaced: Vec<Digest> = published.filter(|(_, p)| matches!(p, Published::Replaced(_))).map(|(key, _)| key).collect();
        left.iter().zip(&mut publications).for_each(|(one, publication)| publication.replaced(&one.work, &replaced));
        timings.chunks(TIMINGS).try_for_each(|some| self.store.observe_many(some))?;
        Ok(publications)
    }

    fn are_published(&mut self, left: &[Left], publications: Vec<Publication>) -> Result<(), RunError> {
        let mut keys = Vec::new();
        for (one, publication) in left.iter().zip(publications) {
            let work = &one.work;
            if one.count > 0 {
                self.count(work);
                self.recording.done(work, &publication.keys);
            }
            publication.notes.into_iter().for_each(|message| self.events.on(Event::Note { message }));
            publication.keys.iter().for_each(|key| self.known.forget(*key));
            if let Work::Train(training) = work {
                self.known.forget_chain(training.chain);
            }
            keys.extend(publication.keys);
            let alike = publication.failed.as_ref().map_or(0, |why| self.announced.alike(why));
            let (subject, failed, result) = (subject(work), publication.failed, publication.result);
            self.events.on(Event::Finished { subject, metric: None, value: None, failed, alike, result, seconds: one.seconds });
        }
        self.share(&keys)
    }
}
