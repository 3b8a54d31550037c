//! What is asked of TWS from time to time, and told when it changes.

use component::{Bad, Batch, Host, Result};
use session::{Fields, Question};

use crate::settings::System;
use crate::tws::Tws;
use crate::wire;

/// Messages that make one batch at most.
const MAX_MESSAGES: usize = 512;

/// What the sources that poll differ in.
pub trait Polled {
    type Cursor: Clone;

    /// Puts the question in line.
    fn ask(&mut self, line: &mut Line) -> Result<()>;

    /// Takes a message in; what is bad about it comes back.
    fn take(
        &mut self,
        fields: &Fields<'_>,
        line: &mut Line,
        batch: &mut Batch<Self::Cursor>,
    ) -> Result<Result<(), Bad>>;

    /// A message could not be read.
    fn doubt(&mut self) {}

    /// Tells what the messages until now amount to.
    fn settle(&mut self, _line: &mut Line, _batch: &mut Batch<Self::Cursor>) {}
}

/// A connection, and the question that is asked over it.
pub struct Line {
    pub tws: Tws,
    pub question: Question,
    /// The only account that counts, if there is one.
    account: Option<String>,
}

impl Line {
    /// Whether a message is about an account that does not count.
    pub fn is_other(&self, account: &str) -> bool {
        !account.is_empty() && self.account.as_deref().is_some_and(|ours| ours != account)
    }
}

/// A source that polls.
pub struct Poll<P> {
    line: Line,
    polled: P,
}

impl<P: Polled> Poll<P> {
    /// Connects as a client so many steps beside the one of the orders.
    pub async fn connect(
        system: System,
        host: Host,
        steps: i32,
        every_secs: u64,
        polled: P,
    ) -> Result<Self> {
        let tws = Tws::connect(&system, &host, steps).await?;
        let question = Question::new(&host.clock, every_secs);
        Ok(Self { line: Line { tws, question, account: system.connection.account }, polled })
    }

    /// What is news. Dropping the future loses nothing.
    pub async fn read(&mut self, cursor: &P::Cursor) -> Result<Batch<P::Cursor>> {
        let Self { line, polled } = self;
        loop {
            if line.tws.has_come_back() {
                line.question.hasten();
            }
            let mut next = line.question.next(line.tws.next()).await?;
            // From here on nothing is awaited: what is taken in is told.
            let mut batch = Batch::up_to(cursor.clone());
            if next.is_none() {
                line.question.asked();
                polled.ask(line)?;
            }
            for _ in 0..MAX_MESSAGES {
                let Some(heard) = next else { break };
                let taken = match wire::read(&heard, line.tws.state.version) {
                    Ok(Some(fields)) => polled.take(&fields, line, &mut batch)?,
                    Ok(None) => Ok(()),
                    Err(bad) => Err(bad),
                };
                if let Err(bad) = taken {
                    polled.doubt();
                    if line.question.doubt(&heard) {
                        batch.push_bad(&heard, bad);
                    }
                }
                next = line.tws.ready()?;
            }
            polled.settle(line, &mut batch);
            if !batch.items.is_empty() {
                return Ok(batch);
            }
        }
    }
}
