//! What has to be read again of the history behind a stream of numbered records. Pure: it is told
//! the time.
//!
//! After a disconnect each line is read again from its last number to the first one that came
//! afterwards; a hole, from one of its ends to the other.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use component::{Fault, Item};
use model::{Date, Event, EventId, Gap, GapStatus, Head, InstrumentId, Text, Timestamp};

use crate::holes::{Day, Hole, Kind, Lines, MAX_UNSURE, Mark};
use crate::reach::{MAX_AHEAD, Reach, Rest, later, nanos};
use crate::watch::{AUDIT_LAG, Cursor, MAX_AUDITED};

/// Records of a disconnect are looked for this much before it, of bars before the last one.
const OVERLAP: Duration = Duration::from_secs(2);
const BARS_OVERLAP: Duration = Duration::from_secs(120);
/// Of a symbol that was quiet, records since its last one are looked for, so far back at most.
const MAX_QUIET: Duration = Duration::from_secs(24 * 3_600);
/// Holes that are followed one by one; with more everything is read again.
const MAX_HOLES: usize = 1_000;
/// Where nothing came since the last audit, only one in so many is made: a market is closed for
/// most of a day.
const IDLE_SHARE: u32 = 10;
/// Pages that are read of one symbol at most.
const MAX_PAGES: u32 = 20;

/// Kinds whose numbers may skip, so that only history tells what is missing.
const AUDITED: [Kind; 2] = [Kind::Trades, Kind::Quotes];

const AWAY: &str = "the stream was away";
/// All symbols of a kind.
pub const ALL: &str = "*";

/// Why something is read again.
#[derive(Clone, Debug)]
enum Cause {
    Hole(Hole),
    /// The stream was interrupted after this number.
    Away {
        from: Timestamp,
        after: u64,
        after_at: Timestamp,
    },
    Audit {
        from: Timestamp,
        to: Timestamp,
    },
}

/// Reading one kind of one symbol again.
#[derive(Debug)]
struct Work {
    kind: Kind,
    symbol: Text,
    cause: Cause,
    next: Option<String>,
    pages: u32,
    recovered: i64,
    /// The last record that was read: its time and number.
    reached: Option<(Timestamp, u64)>,
}

impl Work {
    fn new(kind: Kind, symbol: Text, cause: Cause) -> Self {
        Self { kind, symbol, cause, next: None, pages: 0, recovered: 0, reached: None }
    }
}

/// What is to be asked of the vendor's history.
#[derive(Debug, PartialEq, Eq)]
pub struct Ask {
    id: u64,
    round: u64,
    /// What.
    pub kind: Kind,
    /// One symbol; [`ALL`] asks which symbols there are.
    pub symbol: Text,
    /// The stretch of time.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// The page after the first.
    pub next: Option<String>,
}

/// What the vendor answered.
#[derive(Debug)]
pub enum Found {
    /// A page of records with their numbers, oldest first, and how to ask for the next.
    Records(Vec<(Item, u64)>, Option<String>),
    /// The symbols there are.
    Symbols(Vec<Text>),
}

/// What a vendor means by its symbols, its numbers and its refusals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meaning {
    pub(crate) identity: fn(&str) -> InstrumentId,
    pub(crate) day: Day,
    pub(crate) is_closed: fn(&Fault) -> bool,
}

/// Keeps watch over one feed.
#[derive(Debug)]
pub(crate) struct Repairs {
    component: String,
    meaning: Meaning,
    lines: Lines,
    works: BTreeMap<u64, Work>,
    queue: VecDeque<u64>,
    next_id: u64,
    /// Interruptions so far: what was asked before one is asked again.
    round: u64,
    /// The works that repair an interruption: anything after this time may be missing.
    away: HashMap<(Kind, Text), u64>,
    /// Where the last gap of each began and ended: one that begins there again is another.
    repaired: HashMap<(Kind, Text), (Timestamp, Timestamp)>,
    away_since: Timestamp,
    reach: Reach,
    rest: Rest,
    is_connected: bool,
    connected_at: Timestamp,
    audit_every: Option<Duration>,
    audit_due: Timestamp,
    audited_to: Timestamp,
    /// Audits that were due since a record came.
    idle_audits: u32,
    /// Records since then.
    published: usize,
}

impl Repairs {
    /// A watch over these symbols of each kind.
    pub(crate) fn new(
        component: String,
        meaning: Meaning,
        follows: &[(Kind, Vec<String>)],
        audit_every: Option<Duration>,
    ) -> Self {
        let mut lines = Lines::new(meaning.day);
        for (kind, symbol) in follows.iter().flat_map(|(k, all)| all.iter().map(move |s| (*k, s))) {
            let channel = lines.of_mut(kind);
            if symbol == ALL {
                channel.is_open_ended = true;
            } else {
                channel.lines.entry(symbol.as_str().into()).or_default();
            }
        }
        Self {
            component,
            meaning,
            lines,
            works: BTreeMap::new(),
            queue: VecDeque::new(),
            next_id: 0,
            round: 0,
            away: HashMap::new(),
            repaired: HashMap::new(),
            away_since: Timestamp(0),
            reach: Reach::default(),
            rest: Rest::default(),
            is_connected: false,
            connected_at: Timestamp(0),
            audit_every,
            audit_due: Timestamp(0),
            audited_to: Timestamp(0),
            idle_audits: 0,
            published: 0,
        }
    }

    /// The stream is open, and the vendor's clock says `vendor_now`.
    pub(crate) fn connected(&mut self, vendor_now: Timestamp, now: Timestamp) {
        (self.is_connected, self.connected_at) = (true, vendor_now);
        self.reach.set(vendor_now, now);
        self.rest.end();
        self.rest.begin(now);
        if self.audited_to.0 == 0 {
            self.audited_to = vendor_now;
            self.audit_due = later(now, self.audit_every.unwrap_or_default());
        }
    }

    /// Resumes after a cursor. A first start has missed nothing.
    pub(crate) fn resume(&mut self, cursor: &Cursor) -> Vec<Item> {
        if cursor.at.0 == 0 {
            return Vec::new();
        }
        self.reach.at = cursor.at;
        if let Some(since) = cursor.audit_from() {
            self.audited_to = since;
            for kind in AUDITED {
                self.lines.of_mut(kind).doubtful_at = Some(cursor.at);
            }
        }
        let since = cursor.missing_since.unwrap_or(cursor.at);
        let mut items: Vec<Item> =
            cursor.holes.iter().filter_map(|hole| self.open(hole.clone())).collect();
        items.extend(self.interrupted(since, AWAY));
        items
    }

    /// The session ended: everything from here on may be missing.
    pub(crate) fn lost(&mut self, reason: &str) -> Vec<Item> {
        self.is_connected = false;
        self.interrupted(self.reach.at, reason)
    }

    /// A frame could not be read: what it held may be missing.
    pub(crate) fn doubt(&mut self, now: Timestamp) -> Vec<Item> {
        self.rest.begin(now);
        self.interrupted(self.reach.at, "a frame could not be read")
    }

    fn interrupted(&mut self, since: Timestamp, reason: &str) -> Vec<Item> {
        let suspects = self.lines.take_suspects();
        let mut items: Vec<Item> =
            suspects.into_iter().filter_map(|hole| self.open(hole)).collect();
        let mut wanted: Vec<(Kind, Text)> = Vec::new();
        for kind in Kind::ALL {
            let is_away = |symbol: Text| self.away.contains_key(&(kind, symbol));
            let are_all_away = is_away(ALL.into());
            let channel = self.lines.of_mut(kind);
            for (symbol, line) in &mut channel.lines {
                line.interrupt(are_all_away || is_away(symbol.clone()));
            }
            if channel.is_open_ended {
                wanted.push((kind, ALL.into()));
            } else {
                wanted.extend(channel.lines.keys().map(|symbol| (kind, symbol.clone())));
            }
        }
        let opened =
            wanted.into_iter().map(|(kind, symbol)| self.interrupt(kind, symbol, since, reason));
        items.extend(opened.collect::<Vec<_>>());
        self.round += 1;
        // What was being read belongs to a stretch that ends too early.
        for work in self.works.values_mut() {
            (work.next, work.pages) = (None, 0);
        }
        // So does an audit: it begins anew where it began.
        self.works.retain(|_, work| {
            let Cause::Audit { from, .. } = work.cause else { return true };
            self.audited_to = self.audited_to.min(from);
            self.lines.of_mut(work.kind).doubtful_at = Some(self.reach.at);
            false
        });
        self.queue = self.works.keys().copied().collect();
        items
    }

    /// Opens the gap of one symbol, or of all, and begins to repair it.
    fn interrupt(&mut self, kind: Kind, symbol: Text, since: Timestamp, reason: &str) -> Item {
        let key = (kind, symbol);
        let id = match self.away.get(&key) {
            Some(id) => *id,
            None => {
                if self.away.is_empty() {
                    self.away_since = since;
                }
                let line = self.lines.of(kind).lines.get(&key.1).copied().unwrap_or_default();
                let from = self.away_since;
                let cause = Cause::Away { from, after: line.kept, after_at: line.kept_at };
                let id = self.add(Work::new(kind, key.1.clone(), cause));
                self.away.insert(key, id);
                id
            }
        };
        self.gap(&self.works[&id], GapStatus::Opened, None, reason)
    }

    fn add(&mut self, work: Work) -> u64 {
        self.next_id += 1;
        self.works.insert(self.next_id, work);
        self.queue.push_back(self.next_id);
        self.next_id
    }

    /// A symbol that the vendor does not send to us.
    pub(crate) fn refused(&mut self, kind: Kind, symbol: &str, reason: &str) -> Item {
        let channel = self.lines.of_mut(kind);
        if symbol == ALL {
            channel.is_open_ended = false;
        } else {
            channel.lines.remove(symbol);
        }
        let from = self.connected_at;
        let cause = Cause::Away { from, after: 0, after_at: Timestamp(0) };
        let work = Work::new(kind, symbol.into(), cause);
        self.gap(&work, GapStatus::Unrecoverable, None, reason)
    }

    /// Takes note of a record of the stream.
    pub(crate) fn seen(&mut self, symbol: &Text, mark: Mark, time: Timestamp, now: Timestamp) {
        self.published += 1;
        self.reach.note(time, now);
        self.lines.seen(symbol, mark, time, now);
    }

    pub(crate) fn cursor(&self) -> Cursor {
        let holes = self.holes().chain(self.lines.suspects()).cloned().collect();
        let missing_since = (!self.away.is_empty()).then_some(self.away_since);
        let audits = self.works.values().filter_map(|work| match work.cause {
            Cause::Audit { from, .. } => Some(from),
            Cause::Hole(_) | Cause::Away { .. } => None,
        });
        let is_doubtful = AUDITED.iter().any(|kind| self.lines.of(*kind).doubtful_at.is_some());
        let is_due = self.audit_every.is_some() && self.published <= MAX_AUDITED;
        let is_due = is_due && self.audited_to.0 != 0;
        let doubtful_since = audits.chain((is_doubtful || is_due).then_some(self.audited_to)).min();
        Cursor { at: self.reach.at, missing_since, doubtful_since, holes }
    }

    fn holes(&self) -> impl Iterator<Item = &Hole> {
        self.works.values().filter_map(|work| match &work.cause {
            Cause::Hole(hole) => Some(hole),
            Cause::Away { .. } | Cause::Audit { .. } => None,
        })
    }

    /// Holes that have not filled by now: gives what to publish about them.
    pub(crate) fn due(&mut self, now: Timestamp) -> Vec<Item> {
        let suspects = self.lines.suspects().len();
        if suspects > 0 && suspects + self.holes().count() > MAX_HOLES {
            let since = self.lines.take_suspects().iter().map(|hole| hole.from).min();
            return self.interrupted(since.unwrap_or(self.reach.at), "too many holes to count");
        }
        let due = self.lines.take_due(now);
        let items = due.into_iter().filter_map(|hole| self.open(hole)).collect();
        self.begin_audit(now);
        items
    }

    /// Begins to read a hole again, and announces it, unless it is but a stretch of time in which
    /// something may be missing.
    fn open(&mut self, hole: Hole) -> Option<Item> {
        let Hole { to, after, before, .. } = hole;
        if after == 0 && self.works.len() >= MAX_UNSURE {
            return None;
        }
        if after == 0 {
            let cause = Cause::Audit { from: hole.from.plus_nanos(-nanos(OVERLAP)), to };
            self.add(Work::new(hole.kind, hole.symbol, cause));
            return None;
        }
        let reason = format!("nothing came between the numbers {after} and {before}");
        let id = self.add(Work::new(hole.kind, hole.symbol.clone(), Cause::Hole(hole)));
        Some(self.gap(&self.works[&id], GapStatus::Opened, Some(to), &reason))
    }

    fn begin_audit(&mut self, now: Timestamp) {
        let Some(every) = self.audit_every else { return };
        if now < self.audit_due || !self.is_connected {
            return;
        }
        self.audit_due = later(now, every);
        let to = self.reach.vendor_now(now).plus_nanos(-nanos(AUDIT_LAG));
        let from = self.audited_to;
        if to <= from || !self.works.is_empty() {
            return;
        }
        let is_idle = self.reach.at <= from;
        self.idle_audits = if is_idle { self.idle_audits + 1 } else { 0 };
        if is_idle && !self.idle_audits.is_multiple_of(IDLE_SHARE) {
            return;
        }
        let published = std::mem::take(&mut self.published);
        self.audited_to = to;
        let (mut wanted, mut quiet) = (Vec::new(), Vec::new());
        for kind in AUDITED {
            let channel = self.lines.of_mut(kind);
            let is_doubtful = channel.doubtful_at.is_some() || !channel.is_dense();
            // What is younger than this audit is for the next one.
            channel.doubtful_at = channel.doubtful_at.filter(|at| *at >= to);
            if channel.is_closed {
                continue;
            }
            for (symbol, line) in &channel.lines {
                if is_doubtful {
                    wanted.push((kind, symbol.clone(), from));
                } else if let Some(since) = line.quiet_since(to) {
                    quiet.push((kind, symbol.clone(), since.max(from)));
                }
            }
        }
        if published > MAX_AUDITED || wanted.len() > MAX_UNSURE {
            tracing::debug!(component = self.component, published, "too busy for an audit");
            return;
        }
        // Most of a whole market is quiet most of the time.
        if wanted.len() + quiet.len() <= MAX_UNSURE {
            wanted.append(&mut quiet);
        }
        for (kind, symbol, from) in wanted {
            self.add(Work::new(kind, symbol, Cause::Audit { from, to }));
        }
    }

    /// What to ask now, if anything.
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<Ask> {
        if now < self.rest.until || !self.is_connected {
            return None;
        }
        let id = self.queue.pop_front()?;
        let work = self.works.get(&id)?;
        let overlap = nanos(if work.kind.is_bars() { BARS_OVERLAP } else { OVERLAP });
        let (from, to) = match &work.cause {
            Cause::Hole(hole) => (hole.from.plus_nanos(-overlap), hole.to.plus_nanos(overlap)),
            Cause::Away { from, after_at, .. } => {
                let far = later(self.reach.vendor_now(now).max(self.reach.at), MAX_AHEAD);
                // What a quiet symbol had lost before, no later number has told.
                let quiet_since = (*after_at).max(from.plus_nanos(-nanos(MAX_QUIET)));
                let since = if after_at.0 == 0 { *from } else { quiet_since.min(*from) };
                (since.plus_nanos(-overlap), far)
            }
            Cause::Audit { from, to } => (*from, *to),
        };
        let (kind, symbol, next) = (work.kind, work.symbol.clone(), work.next.clone());
        Some(Ask { id, round: self.round, kind, symbol, from, to, next })
    }

    /// How long nothing will be due. Works count while there is room for another.
    pub(crate) fn idle(&self, now: Timestamp, has_room: bool) -> Duration {
        let work = (has_room && !self.queue.is_empty()).then_some(self.rest.until);
        let audit = self.audit_every.map(|_| self.audit_due);
        let due = [self.lines.due(), work, audit].into_iter().flatten().min();
        let due = due.unwrap_or(Timestamp(i64::MAX));
        Duration::from_nanos(due.since(now).max(0).unsigned_abs())
    }

    /// The vendor answered: gives what to publish, and the stretch where that is an audit.
    pub(crate) fn found(
        &mut self,
        ask: &Ask,
        found: Found,
        now: Timestamp,
    ) -> (Vec<Item>, Option<(Timestamp, Timestamp)>) {
        self.rest.end();
        let work = if ask.round == self.round { self.works.remove(&ask.id) } else { None };
        let Some(mut work) = work else { return (Vec::new(), None) };
        let (records, next) = match found {
            Found::Records(records, next) => (records, next),
            Found::Symbols(symbols) => return (self.listed(work, symbols, now), None),
        };
        let mut numbers = records.iter().filter_map(|(item, number)| match item {
            Item::Event(event) if *number != 0 => Some((event.head().event_time, *number)),
            _ => None,
        });
        work.reached = numbers.next_back().or(work.reached);
        let (mut items, last, is_through) = self.sift(&work, records);
        work.recovered += items.len() as i64;
        work.pages += 1;
        let has_more = next.is_some() && !is_through;
        let may_go_on = work.pages < MAX_PAGES;
        let audit = match work.cause {
            Cause::Audit { from, to } => Some((from, to)),
            Cause::Hole(_) | Cause::Away { .. } => None,
        };
        let vendor_now = self.reach.vendor_now(now);
        if has_more && may_go_on {
            // Works take turns.
            self.works.insert(ask.id, Work { next, ..work });
            self.queue.push_back(ask.id);
        } else if let Some((_, to)) = audit {
            if !has_more {
                self.lines.audited(&(work.kind, work.symbol), work.reached, to);
            }
        } else if has_more {
            let last = last.unwrap_or(vendor_now);
            let reason = format!("more than {MAX_PAGES} pages; nothing after {last} was read");
            items.push(self.close(work, GapStatus::Unrecoverable, vendor_now, &reason));
        } else {
            let reason = "everything missed was read again";
            items.push(self.close(work, GapStatus::Closed, vendor_now, reason));
        }
        (items, audit)
    }

    /// Those of the records that were read again that the stream left out, the time of the last
    /// one, and whether the stream brought what follows.
    fn sift(&self, work: &Work, records: Vec<(Item, u64)>) -> (Vec<Item>, Option<Timestamp>, bool) {
        let mut items = Vec::with_capacity(records.len());
        let (mut last, mut is_through) = (None, false);
        for (item, number) in records {
            let time = match &item {
                Item::Event(event) => event.head().event_time,
                Item::Bad { .. } => self.reach.at,
            };
            last = Some(time);
            match self.place(work, number, time, &item) {
                Place::Missing => items.push(item),
                Place::Seen => {}
                Place::Beyond => is_through = true,
            }
        }
        (items, last, is_through)
    }

    fn place(&self, work: &Work, number: u64, time: Timestamp, item: &Item) -> Place {
        let (after, after_at) = match &work.cause {
            Cause::Hole(hole) if number <= hole.after => return Place::Seen,
            Cause::Hole(hole) if number >= hole.before => return Place::Beyond,
            Cause::Away { .. } if is_running(item, self.connected_at) => return Place::Beyond,
            Cause::Hole(_) | Cause::Audit { .. } => return Place::Missing,
            Cause::Away { after, after_at, .. } => (*after, *after_at),
        };
        let Some(line) = self.lines.of(work.kind).lines.get(&work.symbol).filter(|_| number != 0)
        else {
            return Place::Missing;
        };
        let here: (Date, u64) = self.lines.place(time, number);
        if after != 0 && here <= self.lines.place(after_at, after) {
            Place::Seen
        } else if line.first != 0 && here >= self.lines.place(line.first_at, line.first) {
            Place::Beyond
        } else {
            Place::Missing
        }
    }

    /// The vendor says which symbols have changed: each is looked at by itself.
    fn listed(&mut self, work: Work, symbols: Vec<Text>, now: Timestamp) -> Vec<Item> {
        let reason = "every symbol that has changed is looked at by itself";
        let mut items = self.each(&work, symbols);
        items.push(self.close(work, GapStatus::Closed, self.reach.vendor_now(now), reason));
        items
    }

    fn each(&mut self, work: &Work, symbols: Vec<Text>) -> Vec<Item> {
        let Cause::Away { from, .. } = work.cause else { return Vec::new() };
        let mut items = Vec::new();
        for symbol in symbols {
            if !self.away.contains_key(&(work.kind, symbol.clone())) {
                items.push(self.interrupt(work.kind, symbol, from, AWAY));
            }
        }
        items
    }

    /// The vendor's history could not be read. Gives what to publish when it never will be.
    pub(crate) fn failed(&mut self, ask: &Ask, fault: &Fault, now: Timestamp) -> Vec<Item> {
        if ask.round != self.round {
            return Vec::new();
        }
        if !matches!(fault, Fault::Unauthorized { .. } | Fault::Fatal(_)) {
            self.rest.failed(fault, now);
            self.queue.push_back(ask.id);
            return Vec::new();
        }
        let Some(work) = self.works.remove(&ask.id) else { return Vec::new() };
        tracing::warn!(component = self.component, %fault, "history is closed to us");
        let (kind, to, mut items) = (work.kind, self.reach.vendor_now(now), Vec::new());
        let mut closed = Vec::new();
        if work.symbol == ALL {
            // Those that are known can still be looked at.
            let known = self.lines.of(kind).lines.keys().cloned().collect();
            items = self.each(&work, known);
        } else if (self.meaning.is_closed)(fault) {
            // Nobody gets this kind of record with this key.
            self.lines.of_mut(kind).is_closed = true;
            closed = self.works.extract_if(.., |_, work| work.kind == kind).collect();
            self.queue.retain(|id| self.works.contains_key(id));
        }
        let reason = fault.to_string();
        for work in std::iter::once(work).chain(closed.into_iter().map(|(_, work)| work)) {
            if !matches!(work.cause, Cause::Audit { .. }) {
                items.push(self.close(work, GapStatus::Unrecoverable, to, &reason));
            }
        }
        items
    }

    /// The end of a work: its gap is closed one way or the other.
    fn close(&mut self, work: Work, status: GapStatus, now: Timestamp, reason: &str) -> Item {
        let to = match &work.cause {
            Cause::Hole(hole) => hole.to,
            Cause::Audit { .. } => now,
            Cause::Away { from, .. } => {
                let (from, to) = (*from, now.max(self.reach.at));
                let key = (work.kind, work.symbol.clone());
                self.away.remove(&key);
                self.lines.repaired(&key, work.reached, now);
                self.repaired.insert(key, (from, to));
                to
            }
        };
        self.gap(&work, status, Some(to), reason)
    }

    /// What tells a change of a gap from others of the same gap: it may open where the last one
    /// began, and is closed again where a repair began anew.
    fn change(&self, work: &Work, status: GapStatus, to: Option<Timestamp>) -> String {
        let again = || {
            let Cause::Away { from, .. } = work.cause else { return None };
            let (began, ended) = self.repaired.get(&(work.kind, work.symbol.clone()))?;
            (from == *began).then_some(*ended)
        };
        let time = if status == GapStatus::Opened { again() } else { to };
        time.map_or(String::new(), |time| time.0.to_string())
    }

    /// A change of a gap. Its id follows from where it starts, so that it is the same before and
    /// after a restart.
    fn gap(&self, work: &Work, status: GapStatus, to: Option<Timestamp>, reason: &str) -> Item {
        let (from, after) = match &work.cause {
            Cause::Hole(hole) => (hole.from, hole.after),
            Cause::Away { from, .. } | Cause::Audit { from, .. } => (*from, 0),
        };
        let instrument = (self.meaning.identity)(&work.symbol);
        let (start, after) = (from.0.to_string(), after.to_string());
        let parts = [&self.component, instrument.as_str(), work.kind.as_str(), &start, &after];
        let gap_id = EventId::of(&parts).to_string();
        let change = EventId::of(&[&gap_id, status.as_str(), &self.change(work, status, to)]);
        let gap = Gap {
            head: Head::new(change, to.unwrap_or(self.reach.at)),
            instrument,
            gap_id: gap_id.into(),
            component: self.component.as_str().into(),
            status,
            from_time: from,
            to_time: to,
            reason: format!("{}: {reason}", work.kind.as_str()).into(),
            recovered: (status != GapStatus::Opened).then_some(work.recovered),
        };
        Item::Event(gap.into())
    }
}

/// Where a record that was read again belongs.
enum Place {
    Seen,
    Missing,
    /// The stream brought it, or will, and all that follow.
    Beyond,
}

/// Whether a bar had not ended when the stream was opened: it comes by the stream.
fn is_running(item: &Item, connected_at: Timestamp) -> bool {
    matches!(item, Item::Event(Event::Bar(bar)) if bar.end_time > connected_at)
}

#[cfg(test)]
mod chance;
#[cfg(test)]
mod tests;
