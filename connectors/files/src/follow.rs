//! Follows the files of a feed: which rows are new, and what became of the files read before.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::io::{self, Seek as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use component::{Bad, Batch, Fault, Result};
use glob::Pattern;
use model::{Event, Timestamp};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::map::Row;
use crate::root::{Found, Root};
use crate::rows::{MAX_ROW_BYTES, Next, Rows, first_line};
use crate::settings::FileFormat;
use crate::wire::{self, Shape};

/// Rows of one batch.
const BATCH_ROWS: usize = 2_000;
/// Bytes of one batch, give or take a row.
const BATCH_BYTES: u64 = 4 << 20;
/// Files that one feed remembers. The cursor names each of them and is saved with every batch.
const MAX_FILES: usize = 5_000;
/// Bytes of a row that is too long, kept for the dead letter.
const EXCERPT_BYTES: usize = 4 << 10;

/// What has been read of every file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// By path below the root.
    files: BTreeMap<String, Progress>,
}

/// What has been read of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// Bytes up to the end of the last row.
    offset: u64,
    /// A hash of them, to notice that the file is no longer the same.
    fingerprint: String,
    /// Length and time of the file when nothing more was in it.
    drained: Option<(u64, i64)>,
    /// Set when nothing more is read from the file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_refused: bool,
}

/// What to do when a file is no longer what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnChange {
    /// Read it again: its records know what they are.
    ReadAgain,
    /// Refuse it: its records would be asked for twice.
    Refuse,
}

/// Which files to follow and how they are laid out.
#[derive(Debug)]
pub(crate) struct Plan {
    pub root: Root,
    pub path: String,
    pub pattern: Pattern,
    pub format: FileFormat,
    pub delimiter: u8,
    pub has_header: bool,
    /// Columns that a header must name.
    pub required: Vec<String>,
    pub on_change: OnChange,
    pub poll: Duration,
}

/// Reads what is new in the files of a feed.
///
/// Everything that must survive is in the cursor; what is kept here only saves work.
pub(crate) struct Follower {
    plan: Plan,
    /// Files of the last look that are still to be read.
    queue: VecDeque<Found>,
    /// Length and time of every file when it was last looked at, and since when it has been so.
    looked: HashMap<String, (u64, i64, Timestamp)>,
    /// Files that have not changed for the length of a poll.
    settled: HashSet<String>,
    /// Files that could not be opened, so that each is reported once.
    unreadable: HashSet<String>,
    open: Option<Open>,
}

/// A file that is being read.
struct Open {
    found: Found,
    rows: Rows,
    shape: Shape,
}

/// How the reading of a file ended.
enum Ended {
    /// The batch is full.
    Full,
    /// Nothing more is in the file for now.
    Drained,
}

impl Plan {
    /// The pattern of a feed's files: the one that was set, or all with the format's own ending.
    pub fn pattern(glob: Option<&str>, format: FileFormat) -> Result<Pattern> {
        let own = match format {
            FileFormat::Csv => "**/*.csv",
            FileFormat::Json => "**/*.json",
            FileFormat::JsonLines => "**/*.jsonl",
        };
        let glob = glob.unwrap_or(own);
        Pattern::new(glob).map_err(|error| Fault::fatal(format!("glob: {glob:?}: {error}")))
    }
}

impl Follower {
    pub fn new(plan: Plan) -> Result<Self> {
        plan.root.resolve(&plan.path)?;
        Ok(Self {
            plan,
            queue: VecDeque::new(),
            looked: HashMap::new(),
            settled: HashSet::new(),
            unreadable: HashSet::new(),
            open: None,
        })
    }

    /// The rows after the cursor, each as what `map` makes of it.
    pub fn read<E: Into<Event>>(
        &mut self,
        cursor: &Cursor,
        now: Timestamp,
        map: impl Fn(&Row<'_>) -> Result<E, Bad>,
    ) -> Result<Batch<Cursor>> {
        let mut batch = Batch::up_to(cursor.clone());
        let mut bytes_left = BATCH_BYTES;
        if self.open.is_none() && self.queue.is_empty() {
            self.look(&mut batch.cursor, now)?;
        }
        while let Some(mut open) = self.next_open(&mut batch) {
            let is_settled = self.settled.contains(&open.found.path);
            match drain(&mut open, is_settled, &mut batch, &mut bytes_left, &map) {
                Ok(Ended::Drained) => {}
                Ok(Ended::Full) => {
                    self.open = Some(open);
                    return Ok(batch);
                }
                Err(error) => {
                    let path = &open.found.path;
                    return Err(Fault::retry(format!("reading {path:?}: {error}")));
                }
            }
        }
        Ok(batch.wait(self.plan.poll))
    }

    /// Lists the files and queues them all; those without news are passed over when opened.
    fn look(&mut self, cursor: &mut Cursor, now: Timestamp) -> Result<()> {
        let found = self.plan.root.list(&self.plan.path, &self.plan.pattern)?;
        make_room(cursor, &found)?;
        let poll = i64::try_from(self.plan.poll.as_nanos()).unwrap_or(i64::MAX);
        let mut looked = HashMap::with_capacity(found.len());
        self.settled.clear();
        for Found { path, length, modified } in &found {
            let since = match self.looked.get(path) {
                Some((l, m, since)) if (l, m) == (length, modified) => *since,
                _ => now,
            };
            if now.since(since) >= poll {
                self.settled.insert(path.clone());
            }
            looked.insert(path.clone(), (*length, *modified, since));
        }
        self.looked = looked;
        self.queue = found.into();
        Ok(())
    }

    /// The file to go on with: the one that is open, if the cursor stands where it stands, or the
    /// next with something new.
    fn next_open(&mut self, batch: &mut Batch<Cursor>) -> Option<Open> {
        if let Some(open) = self.open.take() {
            let at = batch.cursor.files.get(&open.found.path).map(|progress| progress.offset);
            if at == Some(open.rows.offset) {
                return Some(open);
            }
            self.queue.push_front(open.found);
        }
        while let Some(found) = self.queue.pop_front() {
            match self.try_open(&found, batch) {
                Ok(Some(open)) => return Some(open),
                Ok(None) => {}
                Err(error) => {
                    warn!(path = found.path, %error, "cannot read the file");
                    if self.unreadable.insert(found.path.clone()) {
                        let bad = Bad::new("", format!("cannot be read: {error}"));
                        batch.push_bad(found.path.as_bytes(), bad);
                    }
                }
            }
        }
        None
    }

    /// Opens a file where the cursor stands in it; `None` when there is nothing to read.
    fn try_open(&self, found: &Found, batch: &mut Batch<Cursor>) -> io::Result<Option<Open>> {
        let progress = batch.cursor.files.get(&found.path).cloned().unwrap_or_default();
        if progress.is_refused || progress.drained == Some((found.length, found.modified)) {
            return Ok(None);
        }
        let (mut line, mut rows) = self.start(found)?;
        let is_same =
            rows.skip_to(progress.offset)? && fingerprint(rows.digest()) == progress.fingerprint;
        if progress.offset > 0 && !is_same {
            if self.plan.on_change == OnChange::Refuse {
                refuse(found, progress, batch);
                return Ok(None);
            }
            warn!(path = found.path, "the file was rewritten; reading it again");
            (line, rows) = self.start(found)?;
        }
        let Plan { format, delimiter, .. } = self.plan;
        let mut shape = Shape { format, delimiter, header: None };
        if let Some(line) = line {
            match self.header(&line) {
                Ok(header) => shape.header = Some(header),
                Err(_) if !self.settled.contains(&found.path) => return Ok(None),
                Err(bad) => {
                    set_aside(found, &line, &bad, batch);
                    return Ok(None);
                }
            }
            if rows.offset == 0 && rows.next()? != Next::Row {
                return Ok(None); // the header is all there is, or still being written
            }
        }
        Ok(Some(Open { found: found.clone(), rows, shape }))
    }

    /// Opens a file at its beginning. Its first line is read from the same file as its rows: the
    /// name may already stand for another.
    fn start(&self, found: &Found) -> io::Result<(Option<Vec<u8>>, Rows)> {
        let mut file = self.plan.root.read(&found.path)?;
        let line = self.plan.has_header.then(|| first_line(&mut file)).transpose()?;
        file.rewind()?;
        Ok((line, Rows::open(file, self.plan.format)))
    }

    fn header(&self, line: &[u8]) -> Result<Vec<String>, Bad> {
        let header = wire::header(line, self.plan.delimiter)?;
        match self.plan.required.iter().find(|column| !header.contains(column)) {
            Some(column) => Err(Bad::new(column, "no column of this name")),
            None => Ok(header),
        }
    }
}

/// Reads a file until the batch is full or the file ends, and moves the cursor along.
fn drain<E: Into<Event>>(
    open: &mut Open,
    is_settled: bool,
    batch: &mut Batch<Cursor>,
    bytes_left: &mut u64,
    map: &impl Fn(&Row<'_>) -> Result<E, Bad>,
) -> io::Result<Ended> {
    let Open { found, rows, shape } = open;
    let mut progress = Progress { offset: rows.offset, ..Progress::default() };
    let mut digest = rows.digest();
    let ended = loop {
        if batch.items.len() >= BATCH_ROWS || *bytes_left == 0 {
            break Ended::Full;
        }
        let next = rows.next()?;
        match next {
            Next::End => {
                progress.drained = Some((found.length, found.modified));
                break Ended::Drained;
            }
            // Whoever writes the file may be in the middle of a row.
            Next::Unfinished if !is_settled => break Ended::Drained,
            Next::Row | Next::Unfinished if rows.row().is_empty() => {}
            Next::Row | Next::Unfinished => {
                let (digest, modified) = (rows.digest(), Timestamp(found.modified));
                let event = wire::cells(shape, rows.row())
                    .and_then(|cells| map(&Row { cells, path: &found.path, modified, digest }));
                match event {
                    Ok(event) => batch.push(event),
                    Err(bad) => batch.push_bad(rows.row(), placed(bad, found, rows.line)),
                }
            }
            Next::TooLong => {
                let bad = Bad::new("", format!("longer than {MAX_ROW_BYTES} bytes"));
                batch.push_bad(clip(rows.row()), placed(bad, found, rows.line));
            }
        }
        *bytes_left = bytes_left.saturating_sub(rows.offset - progress.offset);
        progress.offset = rows.offset;
        digest = rows.digest();
    };
    progress.fingerprint = fingerprint(digest);
    batch.cursor.files.insert(found.path.clone(), progress);
    Ok(ended)
}

fn fingerprint(digest: u128) -> String {
    format!("{digest:032x}")
}

/// Says in which file and on which line.
fn placed(bad: Bad, found: &Found, line: u64) -> Bad {
    Bad { reason: format!("line {line} of {}: {}", found.path, bad.reason), ..bad }
}

fn clip(raw: &[u8]) -> &[u8] {
    &raw[..raw.len().min(EXCERPT_BYTES)]
}

/// Reads nothing more from a file that is no longer what was read.
fn refuse(found: &Found, progress: Progress, batch: &mut Batch<Cursor>) {
    let reason = "changed where it had been read already; nothing more is read from it: put new                   rows at the end of a file or into a new one";
    batch.push_bad(found.path.as_bytes(), Bad::new("", reason));
    let progress = Progress { is_refused: true, ..progress };
    batch.cursor.files.insert(found.path.clone(), progress);
}

/// Leaves a file whose header cannot be used alone until it is written again.
fn set_aside(found: &Found, line: &[u8], bad: &Bad, batch: &mut Batch<Cursor>) {
    let mut raw = format!("{}: ", found.path).into_bytes();
    raw.extend_from_slice(clip(line));
    let reason = format!("the header of {} cannot be used: {}", found.path, bad.reason);
    batch.push_bad(&raw, Bad::new(&bad.field, reason));
    let drained = Some((found.length, found.modified));
    batch.cursor.files.insert(found.path.clone(), Progress { drained, ..Progress::default() });
}

/// Forgets files that are gone once there are too many. Not before: a folder that is away for a
/// moment must not be read again as if it were new.
fn make_room(cursor: &mut Cursor, found: &[Found]) -> Result<()> {
    let are_new = found.iter().filter(|file| !cursor.files.contains_key(&file.path)).count();
    if cursor.files.len() + are_new <= MAX_FILES {
        return Ok(());
    }
    if found.len() > MAX_FILES {
        return Err(Fault::fatal(format!(
            "{} files where at most {MAX_FILES} are followed; move old ones away or give a              narrower glob",
            found.len()
        )));
    }
    let present: HashSet<&str> = found.iter().map(|file| file.path.as_str()).collect();
    cursor.files.retain(|path, _| present.contains(path.as_str()));
    Ok(())
}

/// Does file work off the threads that wait for the network. When the caller gives up, the work
/// still ends; what it knows is only kept while the cursor agrees.
pub(crate) async fn off_thread<T: Send + 'static, R: Send + 'static>(
    state: &Arc<Mutex<T>>,
    work: impl FnOnce(&mut T) -> Result<R> + Send + 'static,
) -> Result<R> {
    let state = state.clone();
    // Lives as long as somebody waits for the result.
    let wanted = Arc::new(());
    let is_wanted = Arc::downgrade(&wanted);
    let work = move || {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if is_wanted.strong_count() == 0 {
            return Err(Fault::retry("nobody waits for this any more"));
        }
        work(&mut state)
    };
    let result = match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Fault::disconnected(format!("file work ended early: {error}"))),
    };
    drop(wanted);
    result
}
