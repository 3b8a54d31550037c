//! What is asked over a session from time to time, and told when it changes.

use std::future::{Future, pending};
use std::time::Duration;

use component::{Bad, Batch, Clock, Fault, Result};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use crate::exchange::status;
use crate::fields::Fields;
use crate::frames::Frame;
use crate::question::Question;
use crate::socket::Session;

/// Messages that make one batch at most.
const MAX_MESSAGES: usize = 512;

/// A session whose messages are fields.
pub trait Talk: Send {
    /// The line that it is held over.
    fn session(&mut self) -> &mut Session;

    /// Reads a message; `None` if it is of no interest.
    fn read<'a>(&self, frame: &'a [u8]) -> Result<Option<Fields<'a>>, Bad>;

    /// Takes note of a message that is about the session itself; false for any other.
    fn is_notice(&mut self, _frame: &[u8]) -> Result<bool> {
        Ok(false)
    }

    /// Waits until the session is of no use any more, though no message tells so.
    fn lapse(&self) -> BoxFuture<'static, Fault> {
        pending().boxed()
    }

    /// Whether something came back since this was asked last, and may have changed meanwhile.
    fn has_come_back(&mut self) -> bool {
        false
    }

    /// The next message that is no notice. Dropping the future loses nothing.
    fn next(&mut self) -> impl Future<Output = Result<Frame>> + Send {
        async move {
            loop {
                let lapse = self.lapse();
                let frame = tokio::select! {
                    biased;
                    frame = self.session().next_frame() => frame?,
                    fault = lapse => return Err(fault),
                };
                if !self.is_notice(&frame)? {
                    return Ok(frame);
                }
            }
        }
    }

    /// One that is there already.
    fn ready(&mut self) -> Result<Option<Frame>> {
        while let Some(frame) = self.session().ready_frame()? {
            if !self.is_notice(&frame)? {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }
}

/// What is wrong: one message, or the session.
#[derive(Debug)]
pub enum Trouble {
    /// The message becomes a dead letter.
    Bad(Bad),
    /// It cannot be understood before something else is known: it is asked for again.
    Later,
    /// The read ends.
    Fault(Fault),
}

impl From<Bad> for Trouble {
    fn from(bad: Bad) -> Self {
        Self::Bad(bad)
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// What there is to work with while a message is taken in.
pub struct Turn<'a, T, C> {
    /// The session.
    pub talk: &'a mut T,
    /// The question that is asked over it.
    pub question: &'a mut Question,
    /// What is told.
    pub batch: &'a mut Batch<C>,
}

/// What feeds that poll differ in.
pub trait Polled<T: Talk>: Send {
    /// Where the feed resumes.
    type Cursor: Clone + Send + Sync;

    /// Puts the question in line.
    fn ask(&mut self, talk: &mut T) -> Result<()>;

    /// Takes a message in. The question is answered when the last one has come.
    fn take(
        &mut self,
        fields: &Fields<'_>,
        turn: &mut Turn<'_, T, Self::Cursor>,
    ) -> Result<(), Trouble>;

    /// A message could not be read.
    fn doubt(&mut self) {}

    /// Tells what the messages until now amount to.
    fn settle(&mut self, _turn: &mut Turn<'_, T, Self::Cursor>) {}
}

/// A feed that polls.
pub struct Poll<T, P> {
    talk: T,
    question: Question,
    polled: P,
    /// When the question was asked, while it is open, and the bytes that have come since.
    asked: Option<(Instant, usize)>,
}

impl<T: Talk, P: Polled<T>> Poll<T, P> {
    /// A feed that asks at once.
    pub fn new(talk: T, clock: &Clock, every_secs: u64, polled: P) -> Self {
        Self { talk, question: Question::new(clock, every_secs), polled, asked: None }
    }

    /// What is news. Dropping the future loses nothing.
    pub async fn read(&mut self, cursor: &P::Cursor) -> Result<Batch<P::Cursor>> {
        loop {
            if self.talk.has_come_back() {
                self.question.hasten();
            }
            let next = self.question.next(self.talk.next()).await;
            let mut next = next.inspect_err(|fault| self.ended(fault.kind()))?;
            // From here on nothing is awaited: what is taken in is told.
            let mut batch = Batch::up_to(cursor.clone());
            let Self { talk, question, polled, asked } = self;
            if next.is_none() {
                question.asked();
                *asked = Some((Instant::now(), 0));
                polled.ask(talk)?;
            }
            let mut turn = Turn { talk, question, batch: &mut batch };
            let mut count = 0;
            while let Some(frame) = next {
                if let Some((_, bytes)) = asked {
                    *bytes += frame.len();
                }
                let taken = match turn.talk.read(&frame) {
                    Ok(Some(fields)) => polled.take(&fields, &mut turn),
                    Ok(None) => Ok(()),
                    Err(bad) => Err(bad.into()),
                };
                match taken {
                    Ok(()) => {}
                    Err(Trouble::Fault(fault)) => return Err(fault),
                    Err(Trouble::Later) => {
                        polled.doubt();
                        turn.question.doubt(&frame);
                    }
                    Err(Trouble::Bad(bad)) => {
                        polled.doubt();
                        if turn.question.doubt(&frame) {
                            turn.batch.push_bad(&frame, bad);
                        }
                    }
                }
                count += 1;
                // What is fetched is taken in: nobody would hand it out again.
                next = if count < MAX_MESSAGES { turn.talk.ready()? } else { None };
            }
            polled.settle(&mut turn);
            if !self.question.is_open() {
                self.ended("answered");
            }
            if !batch.items.is_empty() {
                return Ok(batch);
            }
        }
    }

    /// The question is open no more, if it was.
    fn ended(&mut self, status: &str) {
        if let Some((asked, bytes)) = self.asked.take() {
            self.talk.session().ended("question", status, asked.elapsed(), bytes);
        }
    }
}

/// A session in which single messages are waited for. After a fault it is of no use any more.
pub struct Dialogue<T> {
    /// The session.
    pub talk: T,
    ended: Option<Fault>,
}

impl<T: Talk> Dialogue<T> {
    /// A dialogue over a session.
    pub fn new(talk: T) -> Self {
        Self { talk, ended: None }
    }

    /// Does something with the session, and remembers if that was its end.
    pub fn with<R>(&mut self, work: impl FnOnce(&mut T) -> Result<R>) -> Result<R> {
        if let Some(fault) = &self.ended {
            return Err(fault.clone());
        }
        work(&mut self.talk).inspect_err(|fault| self.ended = Some(fault.clone()))
    }

    /// Ends it.
    pub fn end(&mut self, fault: Fault) -> Fault {
        self.ended = Some(fault.clone());
        fault
    }

    /// Hands over what has come meanwhile. Nothing, where a message could not be read.
    pub fn catch_up(&mut self, mut take: impl FnMut(Option<&Fields<'_>>)) -> Result<()> {
        while let Some(frame) = self.with(T::ready)? {
            take(self.talk.read(&frame).ok().flatten().as_ref());
        }
        Ok(())
    }

    /// Hands over what comes in answer to `request` until one of the messages decides; `None` if
    /// none does in time.
    pub async fn hear<R>(
        &mut self,
        request: &str,
        within: Duration,
        mut judge: impl FnMut(&Fields<'_>) -> Option<R>,
    ) -> Result<Option<R>> {
        self.with(|_| Ok(()))?;
        let started = Instant::now();
        let mut received = 0;
        let heard = loop {
            let frame = match timeout_at(started + within, self.talk.next()).await {
                Ok(Ok(frame)) => frame,
                Ok(Err(fault)) => break Err(self.end(fault)),
                Err(_) => break Ok(None),
            };
            received += frame.len();
            if let Ok(Some(fields)) = self.talk.read(&frame)
                && let Some(decision) = judge(&fields)
            {
                break Ok(Some(decision));
            }
        };
        let said = if matches!(heard, Ok(None)) { "late" } else { status(&heard, "answered") };
        self.talk.session().ended(request, said, started.elapsed(), received);
        heard
    }
}

/// A request that is under way. It outlives a read that is dropped.
#[derive(Debug)]
pub struct Asked {
    id: String,
    asked: Instant,
    deadline: Instant,
}

impl Asked {
    /// A request that was put in line just now.
    pub fn new(id: String, within: Duration) -> Self {
        let asked = Instant::now();
        Self { id, asked, deadline: asked + within }
    }

    /// Waits for its answer, which `id_of` tells from other messages. Dropping the future loses
    /// nothing.
    pub async fn answer<T: Talk>(
        &self,
        talk: &mut T,
        id_of: impl for<'f> Fn(&Fields<'f>) -> &'f str,
    ) -> Result<Frame> {
        let answer = self.awaited(talk, id_of).await;
        let received = answer.as_ref().map_or(0, |frame| frame.len());
        let said = status(&answer, "answered");
        talk.session().ended("request", said, self.asked.elapsed(), received);
        answer
    }

    async fn awaited<T: Talk>(
        &self,
        talk: &mut T,
        id_of: impl for<'f> Fn(&Fields<'f>) -> &'f str,
    ) -> Result<Frame> {
        loop {
            let Ok(frame) = timeout_at(self.deadline, talk.next()).await else {
                return Err(Fault::disconnected("a request was not answered in time"));
            };
            let frame = frame?;
            // Whatever cannot be read may have been the answer.
            let fields = talk.read(&frame).map_err(Fault::disconnected)?;
            if fields.is_some_and(|fields| id_of(&fields) == self.id) {
                return Ok(frame);
            }
        }
    }
}
