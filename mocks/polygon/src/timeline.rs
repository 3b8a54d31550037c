//! Which tape is played on which date: the first date's on the sessions that it is repeated on,
//! else whatever the data has of a date.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::civil::Date;
use mockkit::market::{Market, next_session};
use mockkit::{Error, Result, time};

use crate::settings::Replay;
use crate::tape::Tape;

/// Sessions until times no longer fit into nanoseconds since 1970.
const LAST_YEAR: i16 = 2250;

pub struct Timeline {
    market: Arc<Market>,
    first: Date,
    loops: u32,
    holes: u32,
    tapes: Mutex<BTreeMap<Date, Arc<Tape>>>,
    /// Dates of the laps, as far as anyone has looked.
    laps: Mutex<Vec<Date>>,
}

/// A date with something on its tape.
#[derive(Clone)]
pub struct Span {
    pub date: Date,
    pub tape: Arc<Tape>,
    /// What to add to the tape's times.
    pub shift: i64,
    /// How often the tape was played before.
    pub lap: u32,
    holes: u32,
}

impl Timeline {
    /// Plays the tape of `start`'s date; of the next one with data if that has none.
    pub fn new(market: Arc<Market>, start: Date, replay: &Replay) -> Result<Timeline> {
        let days = market.days();
        let at = days.partition_point(|day| *day < start);
        let first = days.get(at).or(days.last()).copied();
        let first = first.ok_or_else(|| Error::Setting("no day has trades or quotes".into()))?;
        let laps = Mutex::new(vec![first]);
        let (loops, holes) = (replay.loops, replay.sequence_holes);
        let tapes = Mutex::default();
        let timeline = Timeline { market, first, loops, holes, tapes, laps };
        timeline.tape(first)?;
        Ok(timeline)
    }

    /// The date whose tape is repeated.
    pub fn first(&self) -> Date {
        self.first
    }

    pub fn span(&self, date: Date) -> Option<Span> {
        if let Some(lap) = self.lap(date) {
            let tape = self.known(self.first)?;
            let midnight = time::new_york_midnight;
            let shift = midnight(date) - midnight(self.first);
            return Some(Span { date, tape, shift, lap, holes: self.holes });
        }
        self.market.days().binary_search(&date).ok()?;
        Some(Span { date, tape: self.known(date)?, shift: 0, lap: 0, holes: self.holes })
    }

    /// The next date after this one with something on its tape.
    pub fn next(&self, date: Date) -> Option<Date> {
        let real = self.market.days().iter().find(|day| **day > date).copied();
        let lap = self.next_lap(date);
        real.into_iter().chain(lap).min()
    }

    /// The date of the next lap after a date.
    pub fn next_lap(&self, date: Date) -> Option<Date> {
        if date < self.first {
            return Some(self.first);
        }
        let next = next_session(date).date;
        self.lap(next).map(|_| next)
    }

    /// Dates with a tape from one to another, both included, oldest first.
    pub fn dates(&self, from: Date, to: Date) -> Vec<Date> {
        let mut dates = Vec::new();
        let before = from.yesterday().unwrap_or(from);
        let mut next = self.next(before);
        while let Some(date) = next.filter(|date| *date <= to) {
            dates.push(date);
            next = self.next(date);
        }
        dates
    }

    fn lap(&self, date: Date) -> Option<u32> {
        if date < self.first || date.year() > LAST_YEAR {
            return None;
        }
        let mut laps = lock(&self.laps);
        while laps.last().is_some_and(|last| *last < date) {
            if self.loops > 0 && laps.len() >= self.loops as usize {
                break;
            }
            let last = laps.last().copied().unwrap_or(self.first);
            laps.push(next_session(last).date);
        }
        laps.binary_search(&date).ok().and_then(|lap| u32::try_from(lap).ok())
    }

    fn known(&self, date: Date) -> Option<Arc<Tape>> {
        let tape = self.tape(date);
        tape.inspect_err(|error| tracing::error!(%date, %error, "a day could not be read")).ok()
    }

    fn tape(&self, date: Date) -> Result<Arc<Tape>> {
        // The lock is held meanwhile, so that nobody merges a day twice.
        let mut tapes = lock(&self.tapes);
        if let Some(tape) = tapes.get(&date) {
            return Ok(Arc::clone(tape));
        }
        let tape = Arc::new(Tape::new(self.market.day(date)?));
        tapes.insert(date, Arc::clone(&tape));
        Ok(tape)
    }
}

impl Span {
    /// How many trades of a listing earlier laps have told.
    pub fn trades_before(&self, listing: usize) -> u64 {
        u64::from(self.lap) * self.tape.trades(listing).len() as u64
    }

    /// The sequence number of the nth trade or quote, from 1.
    pub fn sequence(&self, number: u64) -> u64 {
        let left_out = number.saturating_sub(1).checked_div(self.holes.into());
        number + left_out.unwrap_or(0)
    }

    pub fn quotes_before(&self, listing: usize) -> u64 {
        u64::from(self.lap) * self.tape.quotes(listing).len() as u64
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn timeline(loops: u32) -> Timeline {
        let replay = Replay { loops, sequence_holes: 3, ..Replay::default() };
        Timeline::new(Market::embedded().unwrap(), date(2013, 10, 7), &replay).unwrap()
    }

    #[test]
    fn plays_the_first_day_once_or_again_and_again() {
        let check = |loops, expected: &[(&str, u32)]| {
            let timeline = timeline(loops);
            let dates = timeline.dates(date(2013, 10, 1), date(2013, 10, 14));
            let laps: Vec<(String, u32)> = dates
                .iter()
                .map(|date| (date.to_string(), timeline.span(*date).unwrap().lap))
                .collect();
            let expected: Vec<_> =
                expected.iter().map(|(d, lap)| ((*d).to_owned(), *lap)).collect();
            assert_eq!(laps, expected);
        };
        check(1, &[("2013-10-07", 0), ("2013-10-08", 0)]);
        check(3, &[("2013-10-07", 0), ("2013-10-08", 1), ("2013-10-09", 2)]);
        let endless = [("2013-10-07", 0), ("2013-10-08", 1), ("2013-10-09", 2)];
        let later = [("2013-10-10", 3), ("2013-10-11", 4), ("2013-10-14", 5)];
        check(0, &[endless, later].concat());
    }

    #[test]
    fn leaves_sequence_numbers_out() {
        let span = timeline(1).span(date(2013, 10, 7)).unwrap();
        let numbers: Vec<u64> = (1..=7).map(|number| span.sequence(number)).collect();
        assert_eq!(numbers, [1, 2, 3, 5, 6, 7, 9]);
    }

    #[test]
    fn a_lap_starts_at_midnight_in_new_york_whatever_the_season() {
        let timeline = timeline(0);
        let winter = timeline.span(date(2013, 11, 4)).unwrap();
        let first = winter.tape.trades(2)[0].time + winter.shift;
        assert_eq!(time::new_york_date(first), date(2013, 11, 4));
        let early = time::new_york_time(winter.tape.trades(2)[0].time);
        assert_eq!(time::new_york_time(first), early);
        assert!(timeline.span(date(2400, 1, 3)).is_none());
    }
}
