//! What a stream left out, and what has to be read again of the vendor's history. Pure: it is
//! told the time.
//!
//! Each symbol has a line for each kind of record: the number last seen. Polygon's numbers may
//! skip some that belong to others; where they have been counting up one by one, a number that
//! is left out is a hole. After a disconnect, each line is read again from its last number to
//! the first one that came afterwards.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use component::{Fault, Item};
use model::{EventId, Gap, GapStatus, Head, Text, Timestamp};
use serde::{Deserialize, Serialize};

use crate::map::{Kind, Mark, identity, session_day};

/// A record may overtake another on its way; what is still missing then is a hole. History, too,
/// takes a moment to know what the stream brings.
const GRACE: Duration = Duration::from_secs(1);
/// Records of a disconnect are looked for this much before it, of bars before the last one.
const OVERLAP: Duration = Duration::from_secs(2);
const BARS_OVERLAP: Duration = Duration::from_secs(120);
/// Holes that are followed one by one; with more everything is read again.
const MAX_HOLES: usize = 1_000;
/// Pages that are read of one symbol at most: two hundred thousand records.
const MAX_PAGES: u32 = 20;
/// Numbers seen before it is known how they count, and how often they may skip then.
const MIN_STEPS: u32 = 8;
const MAX_STEPS: u32 = 1_000_000;
const STEPS_PER_SKIP: u32 = 16;
/// An audit only makes sense while the runtime remembers what was published in its stretch.
const MAX_AUDITED: usize = 60_000;
/// Symbols and kinds that an audit asks for at most.
const MAX_AUDITS: usize = 500;
/// An audit leaves out the newest records: they may be on their way to us.
const AUDIT_LAG: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_secs(60);
/// A record further ahead of the vendor's clock than this has a wrong time; so many in a row are
/// right, and the clock is not.
const MAX_AHEAD: Duration = Duration::from_secs(24 * 3_600);
const MAX_WRONG: u32 = 100;

const AWAY: &str = "the stream was away";
/// All symbols of a kind, in Polygon's spelling.
pub const ALL: &str = "*";

/// Where the feed resumes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// Latest event time that was published.
    pub at: Timestamp,
    /// Anything after this time may be missing; a repair is under way or due.
    pub missing_since: Option<Timestamp>,
    /// What is missing besides.
    pub holes: Vec<Hole>,
}

/// Records of one kind and symbol that the stream left out: those between two numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    kind: Kind,
    symbol: Text,
    after: u64,
    before: u64,
    from: Timestamp,
    to: Timestamp,
}

/// What was seen of one kind of one symbol.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    is_followed: bool,
    last: u64,
    last_at: Timestamp,
    /// The first number since the stream was last interrupted.
    first: u64,
    first_at: Timestamp,
    /// The last number before that.
    kept: u64,
    kept_at: Timestamp,
    /// The work that repairs the interruption.
    work: Option<u64>,
}

/// How the numbers of a kind count.
#[derive(Clone, Copy, Debug, Default)]
struct Counting {
    steps: u32,
    skips: u32,
}

impl Counting {
    fn is_dense(self) -> bool {
        self.steps >= MIN_STEPS && self.skips * STEPS_PER_SKIP <= self.steps
    }

    fn note(&mut self, is_step: bool) {
        self.steps += u32::from(is_step);
        self.skips += u32::from(!is_step);
        if self.steps.max(self.skips) > MAX_STEPS {
            (self.steps, self.skips) = (self.steps / 2, self.skips / 2);
        }
    }
}

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
}

/// What is to be asked of the vendor's history.
#[derive(Debug, PartialEq, Eq)]
pub struct Ask {
    id: u64,
    round: u64,
    pub kind: Kind,
    /// One symbol; [`ALL`] asks which symbols there are.
    pub symbol: Text,
    pub from: Timestamp,
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

/// Keeps watch over one feed.
#[derive(Debug)]
pub struct Watch {
    component: String,
    lines: HashMap<Text, [Line; 4]>,
    /// Kinds that are followed for all symbols, and kinds whose history is closed to us.
    is_open_ended: [bool; 4],
    is_closed: [bool; 4],
    /// The work that asks which symbols have changed.
    listing: [Option<u64>; 4],
    counting: [Counting; 4],
    /// Holes that may still fill by themselves: when they were noticed, how much came late.
    suspects: VecDeque<(Timestamp, Hole, u64)>,
    works: BTreeMap<u64, Work>,
    queue: VecDeque<u64>,
    holes: BTreeMap<u64, Hole>,
    next_id: u64,
    /// Interruptions so far: what was asked before one is asked again.
    round: u64,
    at: Timestamp,
    /// Records in a row that were too far ahead.
    ahead: u32,
    /// Anything after this may be missing while works of this cause are unfinished.
    away: Option<(Timestamp, usize)>,
    is_connected: bool,
    connected_at: Timestamp,
    /// A time of the vendor's clock, and ours when we learned it.
    anchor: (Timestamp, Timestamp),
    rest_until: Timestamp,
    rests: u32,
    audit_every: Option<Duration>,
    audit_due: Timestamp,
    audited_to: Timestamp,
    published: usize,
}

impl Watch {
    /// A watch over these symbols of each kind.
    pub fn new(
        component: String,
        follows: &[(Kind, Vec<String>)],
        audit_every: Option<Duration>,
    ) -> Self {
        let mut watch = Self {
            component,
            lines: HashMap::new(),
            is_open_ended: [false; 4],
            is_closed: [false; 4],
            listing: [None; 4],
            counting: [Counting::default(); 4],
            suspects: VecDeque::new(),
            works: BTreeMap::new(),
            queue: VecDeque::new(),
            holes: BTreeMap::new(),
            next_id: 0,
            round: 0,
            at: Timestamp(0),
            ahead: 0,
            away: None,
            is_connected: false,
            connected_at: Timestamp(0),
            anchor: (Timestamp(0), Timestamp(0)),
            rest_until: Timestamp(0),
            rests: 0,
            audit_every,
            audit_due: Timestamp(0),
            audited_to: Timestamp(0),
            published: 0,
        };
        for (kind, symbols) in follows {
            for symbol in symbols {
                watch.follow(*kind, symbol, true);
            }
        }
        watch
    }

    fn follow(&mut self, kind: Kind, symbol: &str, is_followed: bool) {
        if symbol == ALL {
            self.is_open_ended[kind as usize] = is_followed;
        } else {
            self.lines.entry(symbol.into()).or_default()[kind as usize].is_followed = is_followed;
        }
    }

    /// The stream is open, and the vendor's clock says `vendor_now`.
    pub fn connected(&mut self, vendor_now: Timestamp, now: Timestamp) {
        (self.is_connected, self.connected_at) = (true, vendor_now);
        self.anchor = (vendor_now, now);
        if self.at.0 == 0 {
            self.at = vendor_now;
        }
        self.rest_until = later(now, GRACE);
        (self.audited_to, self.published) = (vendor_now, 0);
        self.audit_due = later(now, self.audit_every.unwrap_or_default());
    }

    /// Resumes after a cursor. A first start has missed nothing.
    pub fn resume(&mut self, cursor: &Cursor) -> Vec<Item> {
        if cursor.at.0 == 0 {
            return Vec::new();
        }
        self.at = cursor.at;
        let since = cursor.missing_since.unwrap_or(cursor.at);
        let mut items: Vec<Item> =
            cursor.holes.iter().map(|hole| self.open(hole.clone())).collect();
        items.extend(self.interrupted(since, AWAY));
        items
    }

    /// The session ended: everything from here on may be missing.
    pub fn lost(&mut self, reason: &str) -> Vec<Item> {
        self.is_connected = false;
        self.interrupted(self.at, reason)
    }

    /// A frame could not be read: what it held may be missing.
    pub fn doubt(&mut self, now: Timestamp) -> Vec<Item> {
        self.rest_until = self.rest_until.max(later(now, GRACE));
        self.interrupted(self.at, "a frame could not be read")
    }

    fn interrupted(&mut self, since: Timestamp, reason: &str) -> Vec<Item> {
        let mut items = Vec::new();
        while let Some((_, hole, _)) = self.suspects.pop_front() {
            items.push(self.open(hole));
        }
        let mut wanted: Vec<(Kind, Text)> = Vec::new();
        for (symbol, lines) in &mut self.lines {
            for kind in Kind::ALL {
                let line = &mut lines[kind as usize];
                if line.is_followed && !self.is_open_ended[kind as usize] {
                    wanted.push((kind, symbol.clone()));
                }
                if line.work.is_none() && self.listing[kind as usize].is_none() {
                    (line.kept, line.kept_at) = (line.last, line.last_at);
                }
                line.first = 0;
            }
        }
        let all = Kind::ALL.into_iter().filter(|kind| self.is_open_ended[*kind as usize]);
        wanted.extend(all.map(|kind| (kind, Text::from(ALL))));
        for (kind, symbol) in wanted {
            items.extend(self.interrupt(kind, symbol, since, reason));
        }
        self.round += 1;
        // What was being read belongs to a stretch that ends too early.
        for work in self.works.values_mut() {
            (work.next, work.pages) = (None, 0);
        }
        self.works.retain(|_, work| !matches!(work.cause, Cause::Audit { .. }));
        self.queue = self.works.keys().copied().collect();
        items
    }

    /// Opens the gap of one symbol, or of all, and begins to repair it.
    fn interrupt(
        &mut self,
        kind: Kind,
        symbol: Text,
        since: Timestamp,
        reason: &str,
    ) -> Option<Item> {
        let line = self.lines.get(&symbol).map_or(Line::default(), |lines| lines[kind as usize]);
        let work = if symbol == ALL { self.listing[kind as usize] } else { line.work };
        let id = match work {
            Some(id) => id,
            None => {
                let (from, works) = self.away.unwrap_or((since, 0));
                self.away = Some((from, works + 1));
                let cause = Cause::Away { from, after: line.kept, after_at: line.kept_at };
                self.add(kind, symbol.clone(), cause)
            }
        };
        if symbol == ALL {
            self.listing[kind as usize] = Some(id);
        } else if let Some(lines) = self.lines.get_mut(&symbol) {
            lines[kind as usize].work = Some(id);
        }
        Some(self.gap(self.works.get(&id)?, GapStatus::Opened, None, reason))
    }

    fn add(&mut self, kind: Kind, symbol: Text, cause: Cause) -> u64 {
        self.next_id += 1;
        let work = Work { kind, symbol, cause, next: None, pages: 0, recovered: 0 };
        self.works.insert(self.next_id, work);
        self.queue.push_back(self.next_id);
        self.next_id
    }

    /// Topics that the vendor does not send to us.
    pub fn refused(&mut self, kind: Kind, symbol: &str, reason: &str) -> Item {
        self.follow(kind, symbol, false);
        let from = self.connected_at;
        let cause = Cause::Away { from, after: 0, after_at: from };
        let work = Work { kind, symbol: symbol.into(), cause, next: None, pages: 0, recovered: 0 };
        self.gap(&work, GapStatus::Unrecoverable, None, reason)
    }

    /// Takes note of a record of the stream.
    pub fn seen(&mut self, symbol: &Text, mark: Mark, time: Timestamp, now: Timestamp) {
        self.published += 1;
        self.reach(time, now);
        let Some(lines) = self.lines.get_mut(symbol) else {
            // A symbol of all: it is told apart from now on.
            let mut lines = <[Line; 4]>::default();
            let (last, last_at) = (mark.sequence, time);
            let (first, first_at) = (last, last_at);
            lines[mark.kind as usize] =
                Line { is_followed: true, last, last_at, first, first_at, ..Line::default() };
            self.lines.insert(symbol.clone(), lines);
            return;
        };
        let line = &mut lines[mark.kind as usize];
        line.is_followed = true;
        let number = mark.sequence;
        if number == 0 {
            return;
        }
        let counting = &mut self.counting[mark.kind as usize];
        if line.last != 0 && number == line.last + 1 {
            counting.note(true);
        } else if line.last != 0 && session_day(time) <= session_day(line.last_at) {
            if number <= line.last {
                return self.late(symbol, mark);
            }
            // What an interruption skipped is looked for already.
            if !mark.kind.is_bars() && line.first != 0 {
                if counting.is_dense() {
                    let (after, from) = (line.last, line.last_at);
                    let (kind, symbol) = (mark.kind, symbol.clone());
                    let hole = Hole { kind, symbol, after, before: number, from, to: time };
                    self.suspects.push_back((now, hole, 0));
                }
                counting.note(false);
            }
        }
        (line.last, line.last_at) = (number, time);
        if line.first == 0 {
            (line.first, line.first_at) = (number, time);
        }
    }

    /// A record that was overtaken may fill a hole.
    fn late(&mut self, symbol: &Text, mark: Mark) {
        let is_its = |hole: &Hole| {
            hole.kind == mark.kind
                && hole.symbol == *symbol
                && (hole.after + 1..hole.before).contains(&mark.sequence)
        };
        if let Some(index) = self.suspects.iter().position(|(_, hole, _)| is_its(hole)) {
            let (_, hole, came) = &mut self.suspects[index];
            *came += 1;
            if *came == hole.before - hole.after - 1 {
                self.suspects.remove(index);
            }
        }
    }

    fn reach(&mut self, time: Timestamp, now: Timestamp) {
        if time <= self.at {
            self.ahead = 0;
            return;
        }
        let vendor_now = self.vendor_now(now);
        if time > later(vendor_now, MAX_AHEAD) && self.ahead < MAX_WRONG {
            self.ahead += 1;
            return;
        }
        (self.at, self.ahead) = (time, 0);
        if time > vendor_now {
            self.anchor = (time, now);
        }
    }

    /// The vendor's clock, as far as we can tell.
    fn vendor_now(&self, now: Timestamp) -> Timestamp {
        let (vendor, ours) = self.anchor;
        vendor.plus_nanos(now.since(ours).max(0))
    }

    pub fn cursor(&self) -> Cursor {
        let suspects = self.suspects.iter().map(|(_, hole, _)| hole);
        Cursor {
            at: self.at,
            missing_since: self.away.map(|(from, _)| from),
            holes: self.holes.values().chain(suspects).cloned().collect(),
        }
    }

    /// Holes that have not filled by now: gives what to publish about them.
    pub fn due(&mut self, now: Timestamp) -> Vec<Item> {
        let mut items = Vec::new();
        if self.suspects.len() + self.holes.len() > MAX_HOLES && !self.suspects.is_empty() {
            let since = self.suspects.iter().map(|(_, hole, _)| hole.from).min();
            self.suspects.clear();
            return self.interrupted(since.unwrap_or(self.at), "too many holes to count");
        }
        while let Some((noticed, ..)) = self.suspects.front()
            && later(*noticed, GRACE) <= now
            && let Some((_, hole, _)) = self.suspects.pop_front()
        {
            items.push(self.open(hole));
        }
        self.begin_audit(now);
        items
    }

    fn open(&mut self, hole: Hole) -> Item {
        let Hole { to, after, before, .. } = hole;
        let reason = format!("nothing came between the numbers {after} and {before}");
        let id = self.add(hole.kind, hole.symbol.clone(), Cause::Hole(hole.clone()));
        self.holes.insert(id, hole);
        self.gap(&self.works[&id], GapStatus::Opened, Some(to), &reason)
    }

    fn begin_audit(&mut self, now: Timestamp) {
        if self.audit_every.is_none() || now < self.audit_due || !self.is_connected {
            return;
        }
        self.audit_due = later(now, self.audit_every.unwrap_or_default());
        let to = self.vendor_now(now).plus_nanos(-nanos(AUDIT_LAG));
        let (from, published) = (self.audited_to, std::mem::take(&mut self.published));
        let mut wanted = Vec::new();
        for (symbol, lines) in &self.lines {
            for kind in [Kind::Trades, Kind::Quotes] {
                let is_dense = self.counting[kind as usize].is_dense();
                let is_open = !self.is_closed[kind as usize] && !is_dense;
                if lines[kind as usize].is_followed && is_open {
                    wanted.push((kind, symbol.clone()));
                }
            }
        }
        if to <= from || !self.works.is_empty() {
            self.published = published;
            return;
        }
        self.audited_to = to;
        if published > MAX_AUDITED || wanted.len() > MAX_AUDITS {
            tracing::debug!(component = self.component, published, "too busy for an audit");
            return;
        }
        for (kind, symbol) in wanted {
            self.add(kind, symbol, Cause::Audit { from, to });
        }
    }

    /// What to ask now, if anything.
    pub fn next(&mut self, now: Timestamp) -> Option<Ask> {
        if now < self.rest_until || !self.is_connected {
            return None;
        }
        let id = self.queue.pop_front()?;
        let work = self.works.get(&id)?;
        let overlap = nanos(if work.kind.is_bars() { BARS_OVERLAP } else { OVERLAP });
        let (from, to) = match &work.cause {
            Cause::Hole(hole) => (hole.from.plus_nanos(-overlap), hole.to.plus_nanos(overlap)),
            Cause::Away { from, .. } => {
                let far = later(self.vendor_now(now).max(self.at), MAX_AHEAD);
                (from.plus_nanos(-overlap), far)
            }
            Cause::Audit { from, to } => (*from, *to),
        };
        let (kind, symbol, next) = (work.kind, work.symbol.clone(), work.next.clone());
        Some(Ask { id, round: self.round, kind, symbol, from, to, next })
    }

    /// How long nothing will be due. Works count while there is room for another.
    pub fn idle(&self, now: Timestamp, has_room: bool) -> Duration {
        let never = Timestamp(i64::MAX);
        let suspect = self.suspects.front().map_or(never, |(noticed, ..)| later(*noticed, GRACE));
        let is_due = has_room && !self.queue.is_empty();
        let work = if is_due { self.rest_until } else { never };
        let audit = if self.audit_every.is_some() { self.audit_due } else { never };
        let due = suspect.min(work).min(audit);
        Duration::from_nanos(due.since(now).max(0).unsigned_abs())
    }

    /// The vendor answered: gives what to publish, and the stretch where that is an audit.
    pub fn found(
        &mut self,
        ask: &Ask,
        found: Found,
        now: Timestamp,
    ) -> (Vec<Item>, Option<(Timestamp, Timestamp)>) {
        (self.rests, self.rest_until) = (0, Timestamp(0));
        let id = ask.id;
        let work = if ask.round == self.round { self.works.remove(&id) } else { None };
        let Some(mut work) = work else { return (Vec::new(), None) };
        let (records, next) = match found {
            Found::Records(records, next) => (records, next),
            Found::Symbols(symbols) => return (self.listed(id, work, symbols, now), None),
        };
        let mut items = Vec::with_capacity(records.len());
        let mut last = None;
        let mut is_through = false;
        for (item, number) in records {
            let time = match &item {
                Item::Event(event) => event.head().event_time,
                Item::Bad { .. } => self.at,
            };
            last = Some(time);
            match self.place(&work, number, time, &item) {
                Place::Missing => items.push(item),
                Place::Seen => {}
                Place::Beyond => is_through = true,
            }
        }
        work.recovered += items.len() as i64;
        work.pages += 1;
        if let Cause::Audit { from, to } = work.cause {
            if next.is_some() && work.pages < MAX_PAGES {
                self.again(id, Work { next, ..work });
            }
            return (items, Some((from, to)));
        }
        let vendor_now = self.vendor_now(now);
        match next.filter(|_| !is_through) {
            None => {
                let reason = "everything missed was read again";
                items.push(self.close(id, work, GapStatus::Closed, vendor_now, reason));
            }
            next if work.pages < MAX_PAGES => self.again(id, Work { next, ..work }),
            _ => {
                let last = last.unwrap_or(vendor_now);
                let reason = format!("more than {MAX_PAGES} pages; nothing after {last} was read");
                items.push(self.close(id, work, GapStatus::Unrecoverable, vendor_now, &reason));
            }
        }
        (items, None)
    }

    /// A page leads to the next; works take turns.
    fn again(&mut self, id: u64, work: Work) {
        self.works.insert(id, work);
        self.queue.push_back(id);
    }

    /// Whether a record that was read again is one that the stream left out.
    fn place(&self, work: &Work, number: u64, time: Timestamp, item: &Item) -> Place {
        let day = session_day(time);
        let line = self.lines.get(&work.symbol).map(|lines| lines[work.kind as usize]);
        match (&work.cause, line) {
            (Cause::Hole(hole), _) => match number {
                number if number <= hole.after => Place::Seen,
                number if number >= hole.before => Place::Beyond,
                _ => Place::Missing,
            },
            (Cause::Away { .. }, _) if is_running(item, self.connected_at) => Place::Beyond,
            (Cause::Away { after, after_at, .. }, Some(line)) if number != 0 => {
                // Numbers begin anew each day.
                let here = (day, number);
                if *after != 0 && here <= (session_day(*after_at), *after) {
                    Place::Seen
                } else if line.first != 0 && here >= (session_day(line.first_at), line.first) {
                    Place::Beyond
                } else {
                    Place::Missing
                }
            }
            _ => Place::Missing,
        }
    }

    /// The vendor says which symbols have changed: each is looked at by itself.
    fn listed(&mut self, id: u64, work: Work, symbols: Vec<Text>, now: Timestamp) -> Vec<Item> {
        let reason = "every symbol that has changed is looked at by itself";
        let mut items = self.each(&work, symbols);
        items.push(self.close(id, work, GapStatus::Closed, self.vendor_now(now), reason));
        items
    }

    fn each(&mut self, work: &Work, symbols: Vec<Text>) -> Vec<Item> {
        let Cause::Away { from, .. } = work.cause else { return Vec::new() };
        let mut items = Vec::new();
        for symbol in symbols {
            if self.lines.entry(symbol.clone()).or_default()[work.kind as usize].work.is_none() {
                items.extend(self.interrupt(work.kind, symbol, from, AWAY));
            }
        }
        items
    }

    /// The vendor's history could not be read. Gives what to publish when it never will be.
    pub fn failed(&mut self, ask: &Ask, fault: &Fault, now: Timestamp) -> Vec<Item> {
        let id = ask.id;
        if ask.round != self.round {
            return Vec::new();
        }
        if !matches!(fault, Fault::Unauthorized { .. } | Fault::Fatal(_)) {
            let rest = match fault {
                Fault::Throttled { wait, .. } => *wait,
                _ => GRACE.saturating_mul(1 << self.rests.min(10)).min(LONGEST_REST),
            };
            self.rests += 1;
            self.rest_until = self.rest_until.max(later(now, rest));
            self.queue.push_back(id);
            return Vec::new();
        }
        let Some(work) = self.works.remove(&id) else { return Vec::new() };
        let (reason, kind) = (fault.to_string(), work.kind);
        tracing::warn!(component = self.component, %fault, "history is closed to us");
        let mut closed = vec![(id, work)];
        if closed[0].1.symbol != ALL && reason.contains(crate::api::NOT_INCLUDED) {
            // Nobody gets this kind of record with this key.
            self.is_closed[kind as usize] = true;
            let ids: Vec<u64> = self.works.keys().copied().collect();
            let is_same = |id: &u64| self.works[id].kind == kind;
            let ids: Vec<u64> = ids.into_iter().filter(is_same).collect();
            closed.extend(ids.iter().filter_map(|id| Some((*id, self.works.remove(id)?))));
            self.queue.retain(|id| !ids.contains(id));
        }
        let mut items = Vec::new();
        if let [(_, work)] = &closed[..]
            && work.symbol == ALL
        {
            // Those that are known can still be looked at.
            let known = |(symbol, lines): (&Text, &[Line; 4])| {
                lines[kind as usize].is_followed.then(|| symbol.clone())
            };
            let known = self.lines.iter().filter_map(known).collect();
            items = self.each(work, known);
        }
        let to = self.vendor_now(now);
        closed.retain(|(_, work)| !matches!(work.cause, Cause::Audit { .. }));
        let status = GapStatus::Unrecoverable;
        let ended = closed.into_iter().map(|(id, work)| self.close(id, work, status, to, &reason));
        items.extend(ended.collect::<Vec<_>>());
        items
    }

    /// The end of a work: its gap is closed one way or the other.
    fn close(
        &mut self,
        id: u64,
        work: Work,
        status: GapStatus,
        now: Timestamp,
        reason: &str,
    ) -> Item {
        self.holes.remove(&id);
        let to = match &work.cause {
            Cause::Hole(hole) => hole.to,
            Cause::Away { .. } | Cause::Audit { .. } => now.max(self.at),
        };
        if matches!(work.cause, Cause::Away { .. }) {
            let left = self.away.map(|(from, works)| (from, works.saturating_sub(1)));
            self.away = left.filter(|(_, works)| *works > 0);
            if work.symbol == ALL {
                self.listing[work.kind as usize] = None;
            } else if let Some(lines) = self.lines.get_mut(&work.symbol) {
                lines[work.kind as usize].work = None;
            }
        }
        self.gap(&work, status, Some(to), reason)
    }

    /// A change of a gap. Its id follows from where it starts, so that it is the same before and
    /// after a restart.
    fn gap(&self, work: &Work, status: GapStatus, to: Option<Timestamp>, reason: &str) -> Item {
        let (from, after) = match &work.cause {
            Cause::Hole(hole) => (hole.from, hole.after),
            Cause::Away { from, .. } | Cause::Audit { from, .. } => (*from, 0),
        };
        let instrument = identity(&work.symbol);
        let (start, after) = (from.0.to_string(), after.to_string());
        let parts = [&self.component, instrument.as_str(), work.kind.as_str(), &start, &after];
        let gap_id = EventId::of(&parts).to_string();
        let gap = Gap {
            head: Head::new(EventId::of(&[&gap_id, status.as_str()]), to.unwrap_or(self.at)),
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
    matches!(item, Item::Event(model::Event::Bar(bar)) if bar.end_time > connected_at)
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.plus_nanos(nanos(by))
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use model::{Event, InstrumentId, Trade, TradeStatus};

    use super::*;

    /// The vendor replays 2013 while our clock says 2026.
    const VENDOR: i64 = 1_381_152_600;
    const OURS: i64 = 1_795_400_000;

    fn ours(secs: i64) -> Timestamp {
        Timestamp::from_secs(OURS + secs)
    }

    fn vendor(secs: i64) -> Timestamp {
        Timestamp::from_secs(VENDOR + secs)
    }

    fn follows(symbols: &[&str]) -> Vec<(Kind, Vec<String>)> {
        vec![(Kind::Trades, symbols.iter().map(|symbol| (*symbol).to_owned()).collect())]
    }

    fn watch(symbols: &[&str], audit_secs: Option<u64>) -> Watch {
        let every = audit_secs.map(Duration::from_secs);
        let mut watch = Watch::new("polygon.live".to_owned(), &follows(symbols), every);
        watch.connected(vendor(0), ours(0));
        assert!(watch.resume(&Cursor::default()).is_empty(), "a first start has missed nothing");
        watch
    }

    fn see(watch: &mut Watch, symbol: &str, numbers: impl IntoIterator<Item = u64>, secs: i64) {
        for sequence in numbers {
            let mark = Mark { kind: Kind::Trades, sequence };
            watch.seen(&symbol.into(), mark, vendor(secs), ours(secs));
        }
    }

    fn record(number: u64, secs: i64) -> (Item, u64) {
        let event = Trade {
            head: Head::new(EventId::of(&[&number.to_string()]), vendor(secs)),
            instrument: InstrumentId::from("BAC.US"),
            symbol: "BAC".into(),
            trade_id: "1".into(),
            venue: None,
            price: 1.into(),
            quantity: 1.into(),
            conditions: Vec::new(),
            tape: None,
            status: TradeStatus::Original,
        };
        (Item::Event(event.into()), number)
    }

    fn page(numbers: impl IntoIterator<Item = u64>, secs: i64, next: Option<&str>) -> Found {
        let records = numbers.into_iter().map(|number| record(number, secs)).collect();
        Found::Records(records, next.map(str::to_owned))
    }

    fn gaps(items: &[Item]) -> Vec<&Gap> {
        let gap = |item| match item {
            &Item::Event(Event::Gap(ref gap)) => Some(&**gap),
            _ => None,
        };
        items.iter().filter_map(gap).collect()
    }

    /// Records and gaps among items.
    fn counts(items: &[Item]) -> (usize, usize) {
        let gaps = gaps(items).len();
        (items.len() - gaps, gaps)
    }

    #[test]
    fn a_number_left_out_is_a_hole_with_its_bounds() {
        let mut watch = watch(&["BAC"], None);
        see(&mut watch, "BAC", 1..=20, 10);
        see(&mut watch, "BAC", [25], 11);
        assert!(watch.due(ours(11)).is_empty(), "it may only be late");
        assert_eq!(watch.idle(ours(11), true), GRACE);
        assert_eq!(watch.cursor().holes.len(), 1, "a kill does not forget it");
        let opened = watch.due(ours(12));
        let [opened] = gaps(&opened)[..] else { panic!("{opened:?}") };
        assert_eq!((opened.from_time, opened.to_time), (vendor(10), Some(vendor(11))));
        assert_eq!(opened.instrument.as_str(), "BAC.US");
        let ask = watch.next(ours(12)).unwrap();
        assert!(ask.from < vendor(10) && ask.to > vendor(11));
        let (items, _) = watch.found(&ask, page(18..=27, 10, Some("more")), ours(13));
        assert_eq!(counts(&items), (4, 1), "what the stream brought is not read again");
        let closed = gaps(&items)[0];
        assert_eq!((closed.status, closed.recovered), (GapStatus::Closed, Some(4)));
        assert_eq!(closed.gap_id, opened.gap_id);
        assert_eq!(watch.cursor(), Cursor { at: vendor(11), ..Cursor::default() });
        assert_eq!(watch.next(ours(13)), None);
    }

    #[test]
    fn a_hole_that_fills_by_itself_is_none() {
        let mut watch = watch(&["BAC"], None);
        see(&mut watch, "BAC", 1..=20, 10);
        see(&mut watch, "BAC", [24, 22, 21, 23, 25], 10);
        assert!(watch.due(ours(20)).is_empty());
        assert!(watch.cursor().holes.is_empty());
    }

    #[test]
    fn numbers_that_belong_to_others_are_no_holes() {
        let mut watch = watch(&["BAC"], None);
        see(&mut watch, "BAC", (1..200).map(|number| number * 7), 10);
        assert!(watch.due(ours(20)).is_empty());
        see(&mut watch, "SPY", 1..100, 11);
        let mut next_day = watch;
        see(&mut next_day, "SPY", [1, 2], 86_400);
        assert!(next_day.due(ours(90_000)).is_empty(), "a day begins anew");
    }

    #[test]
    fn after_a_disconnect_each_line_is_read_from_its_last_number_to_its_next() {
        let mut watch = watch(&["BAC", "SPY"], None);
        see(&mut watch, "BAC", 1..=5, 10);
        let opened = watch.lost("reset");
        assert_eq!(gaps(&opened).len(), 2);
        let cursor = watch.cursor();
        assert_eq!((cursor.at, cursor.missing_since), (vendor(10), Some(vendor(10))));
        assert_eq!(watch.next(ours(60)), None, "nothing is asked before the stream is back");
        watch.connected(vendor(20), ours(20));
        see(&mut watch, "BAC", [9], 21);
        let asks: Vec<Ask> = std::iter::from_fn(|| watch.next(ours(22))).collect();
        assert_eq!(asks.len(), 2);
        for ask in &asks {
            let found =
                if ask.symbol == "BAC" { page(4..=12, 15, Some("x")) } else { page([], 0, None) };
            let (items, _) = watch.found(ask, found, ours(23));
            assert_eq!(counts(&items), if ask.symbol == "BAC" { (3, 1) } else { (0, 1) });
        }
        assert_eq!(watch.cursor(), Cursor { at: vendor(21), ..Cursor::default() });

        // A restart knows the cursor alone.
        let mut after = Watch::new("polygon.live".to_owned(), &follows(&["BAC", "SPY"]), None);
        after.connected(vendor(20), ours(20));
        let again = after.resume(&cursor);
        let mut ids = [&opened, &again]
            .map(|items| gaps(items).iter().map(|gap| gap.head.event_id).collect::<Vec<_>>());
        ids.iter_mut().for_each(|ids| ids.sort());
        assert_eq!(ids[0], ids[1], "the same gaps, whoever opens them");
        let ask = after.next(ours(22)).unwrap();
        let (items, _) = after.found(&ask, page(4..=12, 15, None), ours(23));
        assert_eq!(counts(&items), (9, 1), "the runtime knows which of them were published");
    }

    #[test]
    fn an_answer_from_before_an_interruption_counts_for_nothing() {
        let mut watch = watch(&["BAC"], None);
        see(&mut watch, "BAC", 1..=5, 10);
        assert_eq!(gaps(&watch.doubt(ours(10))).len(), 1);
        let ask = watch.next(ours(12)).unwrap();
        watch.doubt(ours(12));
        let (items, _) = watch.found(&ask, page([6], 11, None), ours(13));
        assert!(items.is_empty());
        let ask = watch.next(ours(14)).unwrap();
        let (items, _) = watch.found(&ask, page([6], 11, None), ours(15));
        assert_eq!(counts(&items), (1, 1));
        assert_eq!(watch.cursor().missing_since, None);
    }

    #[test]
    fn history_that_is_not_in_the_plan_makes_gaps_unrecoverable() {
        let mut watch = watch(&["BAC", "SPY"], None);
        see(&mut watch, "BAC", 1..=5, 10);
        watch.lost("reset");
        watch.connected(vendor(20), ours(20));
        let ask = watch.next(ours(22)).unwrap();
        let busy = Fault::Throttled { wait: Duration::from_secs(12), reason: String::new() };
        assert!(watch.failed(&ask, &busy, ours(22)).is_empty());
        assert_eq!(watch.next(ours(33)), None);
        let ask = watch.next(ours(34)).unwrap();
        let fault = Fault::fatal(format!("{}: 403", crate::api::NOT_INCLUDED));
        let items = watch.failed(&ask, &fault, ours(34));
        let gaps = gaps(&items);
        assert_eq!(gaps.len(), 2, "nobody gets trades with this key");
        assert!(gaps.iter().all(|gap| gap.status == GapStatus::Unrecoverable));
        assert_eq!((gaps[0].from_time, gaps[0].to_time), (vendor(10), Some(vendor(34))));
        assert_eq!(watch.next(ours(35)), None);
        assert_eq!(watch.cursor().missing_since, None);
    }

    #[test]
    fn a_repair_has_an_end() {
        let mut watch = watch(&["BAC"], None);
        watch.lost("reset");
        watch.connected(vendor(20), ours(20));
        for number in 1..MAX_PAGES {
            let ask = watch.next(ours(22)).unwrap();
            let found = page([u64::from(number)], 15, Some(&number.to_string()));
            assert_eq!(counts(&watch.found(&ask, found, ours(22)).0), (1, 0));
        }
        let ask = watch.next(ours(22)).unwrap();
        let (items, _) = watch.found(&ask, page([99], 16, Some("more")), ours(22));
        assert_eq!(gaps(&items)[0].status, GapStatus::Unrecoverable);
        assert!(gaps(&items)[0].reason.contains(&vendor(16).to_string()));
    }

    #[test]
    fn of_all_symbols_those_are_repaired_that_the_vendor_names() {
        let mut watch = Watch::new("polygon.live".to_owned(), &follows(&[ALL]), None);
        watch.connected(vendor(20), ours(20));
        let items = watch.resume(&Cursor { at: vendor(10), ..Cursor::default() });
        assert_eq!(gaps(&items)[0].instrument.as_str(), "*.US");
        see(&mut watch, "SPY", [40], 21);
        let ask = watch.next(ours(22)).unwrap();
        assert_eq!(ask.symbol, ALL);
        let found = Found::Symbols(vec!["BAC".into(), "SPY".into()]);
        let (items, _) = watch.found(&ask, found, ours(22));
        assert_eq!(gaps(&items).len(), 3, "two open, the one for all is closed");
        for _ in 0..2 {
            let ask = watch.next(ours(23)).unwrap();
            let (items, _) = watch.found(&ask, page(38..=41, 15, None), ours(23));
            assert_eq!(counts(&items), if ask.symbol == "SPY" { (2, 1) } else { (4, 1) });
        }
        assert_eq!(watch.cursor().missing_since, None);
    }

    #[test]
    fn of_all_symbols_those_that_are_known_are_repaired_where_the_vendor_names_none() {
        let mut watch = watch(&[ALL], None);
        see(&mut watch, "BAC", 1..=5, 10);
        see(&mut watch, "SPY", 1..=5, 10);
        assert_eq!(gaps(&watch.lost("reset")).len(), 1, "one gap for all");
        watch.connected(vendor(20), ours(20));
        see(&mut watch, "BAC", [9], 21);
        watch.lost("reset again, before anything could be asked");
        watch.connected(vendor(30), ours(30));
        let ask = watch.next(ours(32)).unwrap();
        let items = watch.failed(&ask, &Fault::fatal("403"), ours(32));
        let statuses: Vec<&str> = gaps(&items).iter().map(|gap| gap.status.as_str()).collect();
        assert_eq!(statuses, ["opened", "opened", "unrecoverable"]);
        for _ in 0..2 {
            let ask = watch.next(ours(33)).unwrap();
            let (items, _) = watch.found(&ask, page(4..=8, 15, None), ours(33));
            assert_eq!(counts(&items), (3, 1), "{}", ask.symbol);
        }
        assert_eq!(watch.cursor().missing_since, None);
    }

    #[test]
    fn what_counts_with_skips_is_audited() {
        let mut watch = watch(&["BAC"], Some(60));
        see(&mut watch, "BAC", [7, 30, 31], 10);
        assert!(watch.due(ours(59)).is_empty());
        assert_eq!(watch.next(ours(59)), None);
        watch.due(ours(60));
        let ask = watch.next(ours(60)).unwrap();
        assert_eq!((ask.from, ask.to), (vendor(0), vendor(55)));
        let (items, audit) = watch.found(&ask, page([7, 12, 30, 31], 10, None), ours(61));
        assert_eq!((items.len(), audit), (4, Some((vendor(0), vendor(55)))));
        see(&mut watch, "BAC", 32..60, 70);
        watch.due(ours(120));
        assert_eq!(watch.next(ours(120)), None, "numbers that count one by one need no audit");
    }

    #[test]
    fn too_many_holes_are_one_interruption() {
        let mut watch = watch(&["BAC"], None);
        see(&mut watch, "BAC", 1..=60_000, 10);
        see(&mut watch, "BAC", (0..=MAX_HOLES as u64).map(|n| 60_002 + 2 * n), 11);
        let items = watch.due(ours(11));
        assert_eq!(gaps(&items).len(), 1);
        assert_eq!(watch.cursor().missing_since, Some(vendor(10)));
        assert!(watch.cursor().holes.is_empty());
    }

    #[test]
    fn a_record_from_the_far_future_moves_nothing() {
        let mut watch = watch(&["BAC"], None);
        let mark = |sequence| Mark { kind: Kind::Trades, sequence };
        watch.seen(&"BAC".into(), mark(1), vendor(90 * 86_400), ours(1));
        assert_eq!(watch.cursor().at, vendor(0));
        for number in 2..=200 {
            watch.seen(&"BAC".into(), mark(number), vendor(90 * 86_400), ours(1));
        }
        assert_eq!(watch.cursor().at, vendor(90 * 86_400), "unless all of them say so");
    }
}
