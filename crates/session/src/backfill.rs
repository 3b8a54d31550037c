//! The past of several subjects, read one after the other over a session that answers requests.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::Duration;

use component::{Batch, Fault, Item, Result};
use model::{Text, Timestamp};
use serde::{Deserialize, Serialize};

use crate::poll::{Asked, Talk};

/// What the other side has of the past of one subject.
pub trait Archive: Send + Sync {
    /// The session.
    type Talk: Talk;
    /// One request.
    type Request: Send + Sync;

    /// Asks where the past begins.
    fn head(&self, now: Timestamp) -> Self::Request;

    /// Asks for the first part of a stretch.
    fn page(&self, from: Timestamp, to: Timestamp, now: Timestamp) -> Self::Request;

    /// The stretch that a request is for, by event time.
    fn stretch(request: &Self::Request) -> (Timestamp, Timestamp);

    /// Puts a request in line, or says how long to wait until the other side takes it.
    fn ask(
        &self,
        talk: &mut Self::Talk,
        request: &Self::Request,
    ) -> Result<Result<Asked, Duration>>;

    /// Waits for the answer and adds what it holds; says up to where the past is read then, and
    /// whether that is all that was asked for. A read that is dropped meanwhile may wait for the
    /// same answer again.
    fn answer(
        &self,
        talk: &mut Self::Talk,
        asked: &Asked,
        request: &Self::Request,
        items: &mut Vec<Item>,
    ) -> impl Future<Output = Result<(Timestamp, bool)>> + Send;
}

/// Up to where the past of each subject is read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reached(BTreeMap<Text, Timestamp>);

/// A feed of the past of several subjects, each from one time on.
pub struct Backfill<A: Archive> {
    talk: A::Talk,
    subjects: Vec<(Text, A)>,
    first: Timestamp,
    last: Option<Timestamp>,
    pause: Duration,
    /// What is under way, and for which subject.
    asked: Option<(Asked, A::Request, Text)>,
    /// Subjects that have been read up to now since the last pause.
    read: BTreeSet<Text>,
}

impl<A: Archive> Backfill<A> {
    /// A feed from `first` on, up to `last` or for ever; once everything is read, it is looked for
    /// more every so many seconds.
    pub fn new(
        talk: A::Talk,
        subjects: Vec<(Text, A)>,
        first: Timestamp,
        last: Option<Timestamp>,
        every_secs: u64,
    ) -> Self {
        let pause = Duration::from_secs(every_secs.max(1));
        Self { talk, subjects, first, last, pause, asked: None, read: BTreeSet::new() }
    }

    /// The session.
    pub fn talk(&self) -> &A::Talk {
        &self.talk
    }

    /// The next part, by the clock of the other side. Dropping the future loses nothing.
    pub async fn read(&mut self, cursor: &Reached, now: Timestamp) -> Result<Batch<Reached>> {
        let mut batch = Batch::up_to(cursor.clone());
        let mut subjects = self.subjects.iter();
        let Some((subject, archive)) = subjects.find(|(subject, _)| !self.read.contains(subject))
        else {
            self.read.clear();
            return Ok(batch.wait(self.pause));
        };
        let end = self.last.map_or(now, |last| last.min(now));
        let known = cursor.0.get(subject).copied();
        if known.is_some_and(|known| self.last.is_some_and(|last| known >= last)) {
            self.read.insert(subject.clone());
            return Ok(batch);
        }
        let first = self.first.min(end);
        // What was asked for before a read was dropped is waited for again.
        let is_it = |(_, request, of): &(Asked, A::Request, Text)| {
            of == subject && known.is_none_or(|known| A::stretch(request).0 == known)
        };
        if !self.asked.as_ref().is_some_and(is_it) {
            let request = match known {
                Some(from) => archive.page(from.min(end), end, now),
                None => archive.head(now),
            };
            match archive.ask(&mut self.talk, &request)? {
                Ok(asked) => self.asked = Some((asked, request, subject.clone())),
                Err(wait) => return Ok(batch.wait(wait)),
            }
        }
        let Some((asked, request, _)) = &self.asked else { return Ok(batch) };
        let answer = archive.answer(&mut self.talk, asked, request, &mut batch.items).await;
        let is_end = known.is_some() && A::stretch(request).1 >= end;
        self.asked = None;
        let (covered, is_all) = match answer {
            // Not everywhere is it known where the past begins.
            Err(Fault::Fatal(_) | Fault::Retry(_)) if known.is_none() => (first, false),
            Ok((head, _)) if known.is_none() => (head.max(first), false),
            answer => answer?,
        };
        if is_end && is_all {
            self.read.insert(subject.clone());
        }
        batch.cursor.0.insert(subject.clone(), covered);
        Ok(batch)
    }
}
