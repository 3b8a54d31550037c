//! What a stream of numbered records left out. Pure: it is told the time.
//!
//! Each symbol has a line for each kind of record: the number last seen. Numbers may skip some
//! that belong to others; where they have been counting up one by one, a number that is left out
//! is a hole.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use model::{Date, Text, Timestamp};
use serde::{Deserialize, Serialize};

use crate::reach::later;

/// A record may overtake another on its way; what is still missing then is a hole.
pub(crate) const GRACE: Duration = Duration::from_secs(1);
/// Stretches that are looked at though nothing says that something is missing: when a market opens
/// every symbol has a first record.
pub(crate) const MAX_UNSURE: usize = 500;
/// Numbers seen before it is known how they count, and how often they may skip then.
const MIN_STEPS: u32 = 8;
const MAX_STEPS: u32 = 1_000_000;
const STEPS_PER_SKIP: u32 = 16;

/// A kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Public prints.
    Trades,
    /// Best bids and asks.
    Quotes,
    /// Bars of a second.
    SecondBars,
    /// Bars of a minute, and those of history.
    MinuteBars,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Trades, Self::Quotes, Self::SecondBars, Self::MinuteBars];

    /// In words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trades => "trades",
            Self::Quotes => "quotes",
            Self::SecondBars => "second bars",
            Self::MinuteBars => "minute bars",
        }
    }

    /// Whether it covers a period.
    pub fn is_bars(self) -> bool {
        matches!(self, Self::SecondBars | Self::MinuteBars)
    }
}

/// A record's place among those of its kind and symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What it is.
    pub kind: Kind,
    /// The vendor's own number, or a bar's start; zero where there is none.
    pub sequence: u64,
}

/// Records of one kind and symbol that a stream left out: those between two numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    pub(crate) kind: Kind,
    pub(crate) symbol: Text,
    /// Zero where no number is known, but everything before its time is here: it may be none.
    pub(crate) after: u64,
    pub(crate) before: u64,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
}

/// What was seen of one kind of one symbol.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    last: u64,
    /// The time of the last number; without one, the time up to which there is none.
    last_at: Timestamp,
    /// The first number since the stream was last interrupted.
    pub(crate) first: u64,
    pub(crate) first_at: Timestamp,
    /// The last number before that.
    pub(crate) kept: u64,
    pub(crate) kept_at: Timestamp,
}

impl Line {
    /// The stream is interrupted. What was kept stays until it is repaired.
    pub(crate) fn interrupt(&mut self, is_being_repaired: bool) {
        if !is_being_repaired {
            (self.kept, self.kept_at) = (self.last, self.last_at);
        }
        self.first = 0;
    }

    /// Everything up to a time was read again, the last of it this record. Where the stream has
    /// brought nothing since, it is to go on from there: what it leaves out after that, nobody
    /// looks for.
    fn repaired(&mut self, up_to: Option<(Timestamp, u64)>, time: Timestamp, day: Day) {
        if self.first != 0 {
            return;
        }
        self.known(up_to, time, day);
        (self.first, self.first_at) = (self.last, self.last_at);
    }

    /// Everything up to a time is here, the last of it this record.
    fn known(&mut self, up_to: Option<(Timestamp, u64)>, time: Timestamp, day: Day) {
        if self.last == 0 {
            self.last_at = self.last_at.max(time);
        }
        if let Some((time, number)) = up_to
            && (day(time), number) > (day(self.last_at), self.last)
        {
            (self.last, self.last_at) = (number, time);
        }
    }

    /// A stretch up to a time was read, while no interruption was being repaired.
    fn audited(&mut self, up_to: Option<(Timestamp, u64)>, time: Timestamp, day: Day) {
        self.known(up_to, time, day);
        if self.first == 0 {
            (self.first, self.first_at) = (self.last, self.last_at);
        }
    }

    /// Since when no number has told that nothing is missing up to this time, if none has.
    pub(crate) fn quiet_since(&self, to: Timestamp) -> Option<Timestamp> {
        (self.last_at < to).then_some(self.last_at)
    }
}

/// What a record's number says.
enum Seen {
    /// Nothing.
    Next,
    /// It was overtaken.
    Late,
    /// Numbers are missing between the last one and this.
    After(Hole),
}

/// What was seen of one kind.
#[derive(Debug, Default)]
pub(crate) struct Channel {
    pub(crate) lines: HashMap<Text, Line>,
    /// Whether all symbols are followed, whichever there are.
    pub(crate) is_open_ended: bool,
    /// Whether its history is closed to us.
    pub(crate) is_closed: bool,
    steps: u32,
    skips: u32,
    /// When a number was last left out of which it was not known how they count: it may be a hole.
    pub(crate) doubtful_at: Option<Timestamp>,
}

impl Channel {
    /// Whether numbers count up one by one.
    pub(crate) fn is_dense(&self) -> bool {
        self.steps >= MIN_STEPS && self.skips * STEPS_PER_SKIP <= self.steps
    }

    fn count(&mut self, is_step: bool) {
        self.steps += u32::from(is_step);
        self.skips += u32::from(!is_step);
        if self.steps.max(self.skips) > MAX_STEPS {
            (self.steps, self.skips) = (self.steps / 2, self.skips / 2);
        }
    }

    fn seen(&mut self, symbol: &Text, mark: Mark, time: Timestamp, day: Day) -> Seen {
        let (number, is_dense) = (mark.sequence, self.is_dense());
        let line = match self.lines.get_mut(symbol) {
            Some(line) => line,
            None => self.lines.entry(symbol.clone()).or_default(),
        };
        if number == 0 {
            return Seen::Next;
        }
        let Line { last, last_at: from, first, .. } = *line;
        // Numbers begin anew each day.
        let is_same_day = last != 0 && day(time) <= day(from);
        if is_same_day && number <= last {
            return Seen::Late;
        }
        (line.last, line.last_at) = (number, time);
        if first == 0 {
            (line.first, line.first_at) = (number, time);
        }
        if last != 0 && last.checked_add(1) == Some(number) {
            self.count(true);
        } else if last == 0 && from.0 != 0 && !mark.kind.is_bars() {
            let (kind, symbol) = (mark.kind, symbol.clone());
            return Seen::After(Hole { kind, symbol, after: 0, before: number, from, to: time });
        } else if is_same_day && first != 0 && !mark.kind.is_bars() {
            // What an interruption skipped is looked for already.
            self.count(false);
            if is_dense {
                let (kind, symbol) = (mark.kind, symbol.clone());
                let hole = Hole { kind, symbol, after: last, before: number, from, to: time };
                return Seen::After(hole);
            }
            self.doubtful_at = self.doubtful_at.max(Some(time));
        }
        Seen::Next
    }
}

/// The day whose numbers a record of this time belongs to.
pub(crate) type Day = fn(Timestamp) -> Date;

/// What was seen of every kind.
#[derive(Debug)]
pub(crate) struct Lines {
    day: Day,
    channels: [Channel; 4],
    /// Holes that may still fill by themselves: when they were noticed, how much came late.
    suspects: VecDeque<(Timestamp, Hole, u64)>,
}

impl Lines {
    pub(crate) fn new(day: Day) -> Self {
        Self { day, channels: Default::default(), suspects: VecDeque::new() }
    }

    pub(crate) fn of(&self, kind: Kind) -> &Channel {
        &self.channels[kind as usize]
    }

    pub(crate) fn of_mut(&mut self, kind: Kind) -> &mut Channel {
        &mut self.channels[kind as usize]
    }

    /// Takes note of a record of the stream.
    pub(crate) fn seen(&mut self, symbol: &Text, mark: Mark, time: Timestamp, now: Timestamp) {
        let day = self.day;
        match self.of_mut(mark.kind).seen(symbol, mark, time, day) {
            Seen::Next => {}
            Seen::After(Hole { after: 0, .. }) if self.suspects.len() >= MAX_UNSURE => {}
            Seen::After(hole) => self.suspects.push_back((now, hole, 0)),
            Seen::Late => self.late(symbol, mark),
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

    /// An interruption is repaired up to a time, and the last record before it if there was one.
    pub(crate) fn repaired(
        &mut self,
        (kind, symbol): &(Kind, Text),
        up_to: Option<(Timestamp, u64)>,
        time: Timestamp,
    ) {
        let day = self.day;
        if let Some(line) = self.of_mut(*kind).lines.get_mut(symbol) {
            line.repaired(up_to, time, day);
        }
    }

    /// A stretch up to a time was read, and the last record of it if there was one.
    pub(crate) fn audited(
        &mut self,
        (kind, symbol): &(Kind, Text),
        up_to: Option<(Timestamp, u64)>,
        time: Timestamp,
    ) {
        let day = self.day;
        if let Some(line) = self.of_mut(*kind).lines.get_mut(symbol) {
            line.audited(up_to, time, day);
        }
    }

    /// Holes that may still fill.
    pub(crate) fn suspects(&self) -> impl ExactSizeIterator<Item = &Hole> {
        self.suspects.iter().map(|(_, hole, _)| hole)
    }

    /// When the oldest of them will not fill any more.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.suspects.front().map(|(noticed, ..)| later(*noticed, GRACE))
    }

    /// Holes that have not filled by now.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Vec<Hole> {
        let count =
            self.suspects.iter().take_while(|(seen, ..)| later(*seen, GRACE) <= now).count();
        self.suspects.drain(..count).map(|(_, hole, _)| hole).collect()
    }

    /// All of them: what is not here by now does not come any more.
    pub(crate) fn take_suspects(&mut self) -> Vec<Hole> {
        self.suspects.drain(..).map(|(_, hole, _)| hole).collect()
    }

    /// A number's place in time: later days have later numbers.
    pub(crate) fn place(&self, time: Timestamp, number: u64) -> (Date, u64) {
        ((self.day)(time), number)
    }
}
