//! From the rows of a file to records on their topic, each once.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use component::{Bad, OrBad, Row};
use kafka::Transactions;
use model::{Checkpoint, Event, EventId, Head, Timestamp};
use runtime::{Publisher, Recent, Wiring, dead_letter, last_checkpoint};

use crate::rejects::Rejects;
use crate::rows::{Broken, Found, Rows};
use crate::seen::{Chain, Mark, Part, Seen};
use crate::{Error, Input, Plan};

/// Rows of one transaction.
const BATCH_ROWS: u64 = 20_000;
/// Bytes of their rows.
const BATCH_BYTES: usize = 8 << 20;
/// Events by id that are remembered, so that a row that is in two files is published once.
const KNOWN_IDS: usize = 1_000_000;

/// What became of the rows of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Imported {
    /// The file.
    pub file: String,
    /// Its rows.
    pub rows: u64,
    /// Those that are on their topic now.
    pub published: u64,
    /// Those that were there before.
    pub repeated: u64,
    /// Those that are dead letters.
    pub refused: u64,
    /// Where they are written down.
    pub rejects: Option<PathBuf>,
    /// Why the file could not be read to its end.
    pub broken: Option<String>,
}

/// How far an import has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reached {
    /// Bytes of the file that have been read, packed as they are.
    pub bytes: u64,
    /// Bytes of the file.
    pub length: u64,
    /// Rows that have been read.
    pub rows: u64,
}

/// Imports a file: every row becomes a record on its topic, or a dead letter. Records, dead
/// letters and how far it has come are committed together, so stopping at any point and starting
/// again publishes nothing twice. Blocks.
pub fn import(
    wiring: &Wiring,
    plan: &Plan,
    input: &Input,
    reached: &mut dyn FnMut(Reached),
) -> Result<Imported, Error> {
    let mark = input.mark();
    let fetched = input.fetched()?;
    let input = fetched.as_ref().unwrap_or(input);
    let id = wiring.sole_transactional_id(&plan.instance());
    let transactions = wiring.cluster.transactions(&id)?;
    let (sequence, records, seen) = reached_before(wiring, plan)?;
    let part = done(plan, input, &seen)?;
    let start = part.as_ref().map(|part| part.refused_bytes).filter(|bytes| *bytes > 0);
    let run = Run {
        wiring,
        plan,
        transactions,
        publisher: Publisher::new(wiring),
        seen,
        sequence,
        records,
        recent: known(wiring, plan)?,
        rejects: Rejects::new(plan, &input.name, start),
        chain: Chain::new(&plan.name, plan.mapping.kind.name),
        imported: Imported { file: input.name.clone(), ..Imported::default() },
        part,
        mark,
    };
    run.all(input, reached)
}

/// Those of the files that are worth reading: an object of a store that has been imported, and has
/// not been changed since, is left out. Blocks.
pub fn unseen(wiring: &Wiring, plan: &Plan, inputs: Vec<Input>) -> Result<Vec<Input>, Error> {
    if inputs.iter().all(|input| input.mark().is_none()) {
        return Ok(inputs);
    }
    let (_, _, seen) = reached_before(wiring, plan)?;
    let is_known = |input: &Input| input.mark().is_some_and(|mark| seen.has(&mark));
    Ok(inputs.into_iter().filter(|input| !is_known(input)).collect())
}

/// The last checkpoint's number, the records until then, and what was imported.
fn reached_before(wiring: &Wiring, plan: &Plan) -> Result<(i64, i64, Seen), Error> {
    let instance = plan.instance();
    let Some(last) = last_checkpoint(wiring, &instance)? else {
        return Ok((0, 0, Seen::default()));
    };
    let seen = serde_json::from_str(&last.cursor).map_err(|error| {
        Error::Plan(format!("the checkpoint of {instance} cannot be read: {error}"))
    })?;
    Ok((last.sequence, last.records, seen))
}

/// Reads a file without publishing anything: what would be refused is told. Blocks.
pub fn check(
    plan: &Plan,
    input: &Input,
    refused: &mut dyn FnMut(u64, &Bad),
) -> Result<Imported, Error> {
    let fetched = input.fetched()?;
    let opened = fetched.as_ref().unwrap_or(input).open(plan)?;
    let broken = |broken: Broken| broken.of(&input.name);
    let mut rows = Rows::open(plan, opened.content).map_err(broken)?;
    let mut imported = Imported { file: input.name.clone(), ..Imported::default() };
    while rows.next().map_err(broken)? {
        imported.rows += 1;
        let line = rows.line();
        match rows.row().and_then(|row| event(plan, &row)) {
            Ok(_) => imported.published += 1,
            Err(bad) => {
                imported.refused += 1;
                refused(line, &bad);
            }
        }
    }
    Ok(imported)
}

/// What a row becomes, and the id that it is known by, where it has one.
fn event(plan: &Plan, row: &Found<'_>) -> Result<(Event, String), Bad> {
    let mut id = String::new();
    for (index, column) in plan.id.iter().enumerate() {
        if index > 0 {
            id.push('|');
        }
        id.push_str(row.text(column)?.or_bad(column)?);
    }
    Ok((plan.mapping.event(row, &id, &plan.name)?, id))
}

/// The longest beginning of a file that has been imported already.
fn done(plan: &Plan, input: &Input, seen: &Seen) -> Result<Option<Part>, Error> {
    let longest = seen.longest();
    if longest == 0 {
        return Ok(None);
    }
    let Ok(mut rows) = Rows::open(plan, input.open(plan)?.content) else { return Ok(None) };
    let mut chain = Chain::new(&plan.name, plan.mapping.kind.name);
    let mut found = None;
    let mut count = 0;
    while count < longest && matches!(rows.next(), Ok(true)) {
        count += 1;
        chain.add(rows.raw());
        found = seen.find(count, &chain).or(found);
    }
    Ok(found.cloned())
}

/// The ids of what this import published last, where rows have ids.
fn known(wiring: &Wiring, plan: &Plan) -> Result<Option<Recent>, Error> {
    if plan.id.is_empty() {
        return Ok(None);
    }
    let mut recent = Recent::new(KNOWN_IDS);
    let source = plan.instance();
    let topic = wiring.names.topic(plan.mapping.kind.topic);
    let reader = wiring.cluster.reader()?;
    for partition in reader.partitions(&topic)? {
        let (start, end) = reader.watermarks(&topic, partition)?;
        let from = end.saturating_sub(KNOWN_IDS as i64).max(start);
        reader.read_partition(&topic, partition, from, |message| {
            let is_ours = message.header("ce_source") == Some(source.as_bytes());
            let id = message.header("ce_id").filter(|_| is_ours);
            let id = id.and_then(|id| std::str::from_utf8(id).ok()?.parse().ok());
            if let Some(id) = id {
                recent.insert(id);
            }
        })?;
    }
    Ok(Some(recent))
}

/// One run of an import over one file.
struct Run<'a> {
    wiring: &'a Wiring,
    plan: &'a Plan,
    transactions: Transactions,
    publisher: Publisher,
    seen: Seen,
    sequence: i64,
    records: i64,
    recent: Option<Recent>,
    rejects: Rejects,
    chain: Chain,
    imported: Imported,
    /// What of the file had been imported at the last commit.
    part: Option<Part>,
    /// The object of a store that is read, until that is committed.
    mark: Option<Mark>,
}

impl Run<'_> {
    fn all(mut self, input: &Input, reached: &mut dyn FnMut(Reached)) -> Result<Imported, Error> {
        let opened = input.open(self.plan)?;
        let (read, length) = (opened.read, opened.length);
        let rows = Rows::open(self.plan, opened.content);
        let mut rows = rows.map_err(|broken| broken.of(&input.name))?;
        let done = self.part.as_ref().map_or(0, |part| part.rows);
        let mut bytes = 0;
        let mut pending = 0;
        loop {
            match rows.next() {
                Ok(true) => {}
                Ok(false) => break,
                Err(broken) => {
                    self.imported.broken = Some(broken.of(&input.name).to_string());
                    break;
                }
            }
            self.imported.rows += 1;
            self.chain.add(rows.raw());
            if self.imported.rows <= done {
                self.imported.repeated += 1;
                continue;
            }
            if pending == 0 {
                self.transactions.begin()?;
            }
            pending += 1;
            bytes += rows.raw().len();
            self.take(&mut rows)?;
            if pending >= BATCH_ROWS || bytes >= BATCH_BYTES {
                self.commit(input)?;
                (pending, bytes) = (0, 0);
                let (bytes, rows) = (read.load(Ordering::Relaxed), self.imported.rows);
                reached(Reached { bytes, length, rows });
            }
        }
        // Where the end was not reached, the same object is read once more.
        let mark = self.mark.take().filter(|_| self.imported.broken.is_none());
        if pending == 0 && mark.is_some() {
            self.transactions.begin()?;
        }
        if pending > 0 || mark.is_some() {
            mark.into_iter().for_each(|mark| self.seen.note(mark));
            self.commit(input)?;
        }
        reached(Reached { bytes: length, length, rows: self.imported.rows });
        self.imported.rejects = self.rejects.is_used().then(|| self.rejects.path.clone());
        Ok(self.imported)
    }

    /// Publishes a row, or sets it aside.
    fn take(&mut self, rows: &mut Rows) -> Result<(), Error> {
        let line = rows.line();
        let read = rows.row().and_then(|row| event(self.plan, &row));
        let bad = match read {
            Ok((event, id)) => match self.publish(event, &id, rows.raw()) {
                Ok(()) => return Ok(()),
                Err(Unpublished::Bad(bad)) => bad,
                Err(Unpublished::Error(error)) => return Err(error),
            },
            Err(bad) => bad,
        };
        self.refuse(line, rows.raw(), &bad)
    }

    fn publish(&mut self, mut event: Event, id: &str, raw: &[u8]) -> Result<(), Unpublished> {
        let instance = self.plan.instance();
        let now = self.wiring.clock.now();
        let event_id = match id {
            "" => EventId(self.chain.bytes()),
            id => {
                let mut row = Chain::new(&self.plan.name, self.plan.mapping.kind.name);
                row.add(id.as_bytes());
                row.add(raw);
                EventId(row.bytes())
            }
        };
        if let Some(recent) = &mut self.recent
            && !recent.insert(event_id)
        {
            self.imported.repeated += 1;
            return Ok(());
        }
        let is_timed = self.plan.mapping.is_timed();
        let head = event.head_mut();
        head.event_id = event_id;
        head.source = instance.as_str().into();
        head.received_time = now;
        if !is_timed {
            head.event_time = now;
        }
        if let Some((account, system, broker_account)) = event.account_mut() {
            if system.is_empty() {
                *system = instance.as_str().into();
            }
            if account.is_empty() {
                *account = self.wiring.accounts.name(system, broker_account);
            }
        }
        match self.publisher.publish(&mut self.transactions, &event, None) {
            Ok(()) => {
                self.imported.published += 1;
                self.records += 1;
                Ok(())
            }
            Err(error) if error.is_about_the_record() => Err(Unpublished::Bad(Bad::new("", error))),
            Err(error) => Err(Unpublished::Error(error.into())),
        }
    }

    fn refuse(&mut self, line: u64, raw: &[u8], bad: &Bad) -> Result<(), Error> {
        self.imported.refused += 1;
        self.rejects.add(line, raw, bad)?;
        let instance = self.plan.instance();
        let reason = format!("line {line} of {}: {}", self.imported.file, bad.reason);
        let mut letter = dead_letter(&instance, raw, &Bad::new(&bad.field, reason));
        // Two rows of the same bytes are two letters.
        let head = letter.head_mut();
        head.event_id = EventId(self.chain.bytes());
        head.source = instance.as_str().into();
        head.event_time = self.wiring.clock.now();
        head.received_time = head.event_time;
        Ok(self.publisher.publish(&mut self.transactions, &letter, None)?)
    }

    /// Commits what was published together with how far the file has been read.
    fn commit(&mut self, input: &Input) -> Result<(), Error> {
        self.rejects.sync()?;
        let part = Part {
            name: input.name.clone(),
            rows: self.imported.rows,
            chain: self.chain.text(),
            refused_bytes: self.rejects.bytes,
        };
        if part.rows > 0 {
            self.seen.put(self.part.as_ref(), part.clone());
            self.part = Some(part);
        }
        self.sequence += 1;
        let checkpoint = self.checkpoint(self.wiring.clock.now())?;
        self.publisher.publish(&mut self.transactions, &checkpoint, None)?;
        Ok(self.transactions.commit()?)
    }

    fn checkpoint(&self, now: Timestamp) -> Result<Event, Error> {
        let instance = self.plan.instance();
        let id = EventId::of(&[&instance, "checkpoint", &self.sequence.to_string()]);
        let head =
            Head { source: instance.as_str().into(), received_time: now, ..Head::new(id, now) };
        let cursor = serde_json::to_string(&self.seen)
            .map_err(|error| Error::Plan(format!("what was imported cannot be kept: {error}")))?;
        let component = instance.as_str().into();
        let (sequence, records) = (self.sequence, self.records);
        Ok(Checkpoint { head, component, cursor: cursor.into(), sequence, records }.into())
    }
}

/// Why a row is not on its topic.
enum Unpublished {
    Bad(Bad),
    Error(Error),
}
