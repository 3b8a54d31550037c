//! How often a vendor may be asked. No I/O, no clock.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Throttling;

/// A vendor's published limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    class: &'static str,
    second: Option<u32>,
    minute: Option<u32>,
    day: Option<u32>,
    /// Requests in so many seconds.
    other: Option<(u32, u64)>,
}

impl Rate {
    /// No published limit.
    pub const UNLIMITED: Self =
        Self { class: "", second: None, minute: None, day: None, other: None };

    /// Requests in any so many seconds.
    pub const fn per(requests: u32, secs: u64) -> Self {
        Self { other: Some((requests, secs)), ..Self::UNLIMITED }
    }

    /// Requests in any second.
    pub const fn per_second(requests: u32) -> Self {
        Self { second: Some(requests), ..Self::UNLIMITED }
    }

    /// Requests in any minute.
    pub const fn per_minute(requests: u32) -> Self {
        Self { minute: Some(requests), ..Self::UNLIMITED }
    }

    /// Requests in any day.
    pub const fn per_day(requests: u32) -> Self {
        Self { day: Some(requests), ..Self::UNLIMITED }
    }

    /// Both limits at once; where both say something, the other one counts.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        const fn either(one: Option<u32>, other: Option<u32>) -> Option<u32> {
            if other.is_some() { other } else { one }
        }
        Self {
            class: self.class,
            second: either(self.second, other.second),
            minute: either(self.minute, other.minute),
            day: either(self.day, other.day),
            other: if other.other.is_some() { other.other } else { self.other },
        }
    }

    /// The same, counted apart from other classes of requests to the same host.
    #[must_use]
    pub const fn of(self, class: &'static str) -> Self {
        Self { class, ..self }
    }

    /// Which class of requests it is about.
    pub fn class(self) -> &'static str {
        self.class
    }

    /// The same, with what the topology says in place of what the vendor publishes.
    pub fn overridden_by(self, throttling: &Throttling) -> Self {
        Self {
            class: self.class,
            second: throttling.max_requests_per_second.or(self.second),
            minute: throttling.max_requests_per_minute.or(self.minute),
            day: throttling.max_requests_per_day.or(self.day),
            other: self.other,
        }
    }

    fn windows(self) -> Vec<Window> {
        let window = |secs: u64, requests: Option<u32>| {
            let requests = usize::try_from(requests?).ok()?.clamp(1, MAX_REQUESTS);
            let edge = Duration::from_secs(secs).div_f64(20.0).min(EDGE);
            Some(Window { nanos: nanos(Duration::from_secs(secs) + edge), requests })
        };
        let other = self.other.and_then(|(requests, secs)| window(secs, Some(requests)));
        [window(1, self.second), window(60, self.minute), window(86_400, self.day), other]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// Requests do not all travel equally fast: a burst can arrive closer together than it left.
const EDGE: Duration = Duration::from_millis(100);
/// Largest limit that is counted exactly; each request remembered costs eight bytes.
const MAX_REQUESTS: usize = 500_000;
/// Where somebody's requests are urgent, this share of a limit is kept for them: one in five.
const RESERVED: usize = 5;

#[derive(Clone, Copy, Debug)]
struct Window {
    nanos: i64,
    requests: usize,
}

/// What a next process must know of the requests of this one. Times are kept to the minute: a
/// request counts as made at the end of its minute, never earlier than it was.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Spent {
    held_until: i64,
    minutes: BTreeMap<i64, usize>,
}

const MINUTE: i64 = 60_000_000_000;
/// A window of an hour or more outlives most processes.
const LONG: i64 = 60 * MINUTE;

/// Counts requests in sliding windows. Pure: it is told the time.
#[derive(Debug)]
pub struct Pace {
    windows: Vec<Window>,
    taken: VecDeque<i64>,
    held_until: Timestamp,
    has_urgent: bool,
}

impl Pace {
    /// Nothing taken yet.
    pub fn new(rate: Rate) -> Self {
        Self {
            windows: rate.windows(),
            taken: VecDeque::new(),
            held_until: Timestamp(0),
            has_urgent: false,
        }
    }

    /// Keeps a share of every limit for urgent requests from now on.
    pub fn reserve_for_urgent(&mut self) {
        self.has_urgent = true;
    }

    /// Whether a limit spans so much time that it must be known after a restart.
    pub fn is_long(&self) -> bool {
        self.windows.iter().any(|window| window.nanos >= LONG)
    }

    /// What a next process must know.
    pub fn spent(&self) -> String {
        let mut spent = Spent { held_until: self.held_until.0, ..Spent::default() };
        for taken in &self.taken {
            *spent.minutes.entry(taken.div_euclid(MINUTE)).or_default() += 1;
        }
        serde_json::to_string(&spent).unwrap_or_default() // numbers alone: there is no failure
    }

    /// Goes on where another process stopped.
    pub fn go_on(&mut self, spent: &str, now: Timestamp) -> serde_json::Result<()> {
        let spent: Spent = serde_json::from_str(spent)?;
        for (minute, count) in spent.minutes {
            let end = minute.saturating_add(1).saturating_mul(MINUTE).min(now.0);
            self.taken.extend(std::iter::repeat_n(end, count.min(MAX_REQUESTS)));
        }
        self.held_until = self.held_until.max(Timestamp(spent.held_until));
        Ok(())
    }

    /// The vendor asked to be left alone.
    pub fn hold(&mut self, until: Timestamp) {
        self.held_until = self.held_until.max(until);
    }

    /// Takes a place for a request that leaves now, or says how long to wait.
    pub fn take(&mut self, now: Timestamp, is_urgent: bool) -> Result<(), Duration> {
        let wait = self.wait(now, 1, is_urgent);
        if wait > 0 {
            return Err(Duration::from_nanos(wait.unsigned_abs()));
        }
        self.note(now);
        Ok(())
    }

    /// Nanoseconds until there is room for a request that counts as so many.
    fn wait(&self, now: Timestamp, weight: usize, is_urgent: bool) -> i64 {
        let mut free_at = self.held_until.0;
        for window in &self.windows {
            let kept = if self.has_urgent && !is_urgent { window.requests / RESERVED } else { 0 };
            let room = (window.requests - kept + 1).saturating_sub(weight).max(1);
            if let Some(index) = self.taken.len().checked_sub(room) {
                free_at = free_at.max(self.taken[index].saturating_add(window.nanos));
            }
        }
        free_at.saturating_sub(now.0)
    }

    fn note(&mut self, now: Timestamp) {
        if self.windows.is_empty() {
            return;
        }
        let last = self.taken.back().copied().unwrap_or(now.0);
        self.taken.push_back(now.0.max(last)); // a clock may step back, the log may not
        self.forget(now);
    }

    /// Drops what no window reaches back to.
    fn forget(&mut self, now: Timestamp) {
        let longest = self.windows.iter().map(|window| window.nanos).max().unwrap_or_default();
        let stale = now.0.saturating_sub(longest);
        while self.taken.front().is_some_and(|taken| *taken < stale) {
            self.taken.pop_front();
        }
    }
}

/// Several limits, by what each is about, that a request must keep all together.
#[derive(Debug, Default)]
pub struct Paces(HashMap<String, Pace>);

impl Paces {
    /// Takes a place under each of these limits, or says how long to wait. A request may count as
    /// several.
    pub fn take(&mut self, now: Timestamp, limits: &[(&str, Rate, usize)]) -> Result<(), Duration> {
        self.0.retain(|_, pace| {
            pace.forget(now);
            !pace.taken.is_empty()
        });
        let mut longest = 0;
        for (about, rate, weight) in limits.iter().filter(|(_, _, weight)| *weight > 0) {
            let pace = self.0.entry((*about).to_owned()).or_insert_with(|| Pace::new(*rate));
            longest = longest.max(pace.wait(now, *weight, true));
        }
        if longest > 0 {
            return Err(Duration::from_nanos(longest.unsigned_abs()));
        }
        for (about, _, weight) in limits {
            let pace = self.0.get_mut(*about);
            pace.into_iter().for_each(|pace| (0..*weight).for_each(|_| pace.note(now)));
        }
        Ok(())
    }
}

/// A duration as a difference of times.
pub fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Asks as fast as it is let for a number of requests; says when each left, in milliseconds.
    fn leave(pace: &mut Pace, requests: usize, is_urgent: bool) -> Vec<i64> {
        let mut now = Timestamp::from_secs(1_000);
        let mut left = Vec::new();
        while left.len() < requests {
            match pace.take(now, is_urgent) {
                Ok(()) => left.push(now.millis() - 1_000_000),
                Err(wait) => now = now.plus_nanos(nanos(wait)),
            }
        }
        left
    }

    #[test]
    fn no_window_ever_holds_more_than_its_limit() {
        let rate = Rate { minute: Some(10), ..Rate::per_second(3) };
        let left = leave(&mut Pace::new(rate), 40, false);
        for (length, limit) in [(1_000, 3), (60_000, 10)] {
            for start in &left {
                let inside = left.iter().filter(|at| (*start..start + length).contains(at));
                assert!(inside.count() <= limit, "{length} ms from {start}");
            }
        }
        assert_eq!(left[..4], [0, 0, 0, 1_050]);
    }

    #[test]
    fn urgent_requests_find_a_place_when_others_have_used_theirs() {
        let mut pace = Pace::new(Rate::per_minute(10));
        pace.reserve_for_urgent();
        let now = Timestamp::from_secs(5);
        let ordinary = (0..10).filter(|_| pace.take(now, false).is_ok()).count();
        let urgent = (0..10).filter(|_| pace.take(now, true).is_ok()).count();
        assert_eq!((ordinary, urgent), (8, 2));
    }

    #[test]
    fn a_hold_stops_everyone_until_it_ends() {
        let mut pace = Pace::new(Rate::UNLIMITED);
        pace.hold(Timestamp::from_secs(20));
        let wait = pace.take(Timestamp::from_secs(15), true);
        assert_eq!(wait, Err(Duration::from_secs(5)));
        assert_eq!(pace.take(Timestamp::from_secs(20), true), Ok(()));
    }

    #[test]
    fn a_next_process_goes_on_with_the_day() {
        let rate = Rate::per_minute(5).and(Rate::per_day(25));
        let mut pace = Pace::new(rate);
        leave(&mut pace, 24, false);
        pace.hold(Timestamp::from_secs(2_000));
        let now = Timestamp::from_secs(2_000);
        let mut next = Pace::new(rate);
        next.go_on(&pace.spent(), now).unwrap();
        assert!(next.take(Timestamp::from_secs(1_999), false).is_err());
        assert_eq!(next.take(now, false), Ok(()));
        let wait = next.take(now, false).unwrap_err();
        assert!(wait > Duration::from_secs(23 * 3_600), "{wait:?}");
        assert!(next.is_long() && !Pace::new(Rate::per_minute(5)).is_long());
        assert!(next.go_on("not what was kept", now).is_err());
    }

    #[test]
    fn the_topology_replaces_only_what_it_names() {
        let throttling = Throttling { max_requests_per_second: Some(5), ..Throttling::default() };
        let rate = Rate::per_minute(200).overridden_by(&throttling);
        assert_eq!(rate, Rate { second: Some(5), ..Rate::per_minute(200) });
    }

    #[test]
    fn several_limits_are_kept_together_and_none_is_used_up_in_vain() {
        let mut paces = Paces::default();
        let mut take = |at: i64, name: &str, weight: usize| {
            let limits = [("all", Rate::per(4, 100), weight), (name, Rate::per(1, 10), 1)];
            paces.take(Timestamp::from_secs(at), &limits).map_err(|wait| wait.as_secs())
        };
        assert_eq!(take(0, "a", 1), Ok(()));
        assert_eq!(take(4, "a", 1), Err(6));
        assert_eq!(take(4, "b", 2), Ok(()));
        assert_eq!(take(5, "c", 2), Err(95), "it counts twice");
        assert_eq!(take(5, "c", 1), Ok(()));
        assert_eq!(take(20, "a", 1), Err(80));
        assert_eq!(take(20, "a", 0), Ok(()), "one that does not count for all");
        assert_eq!(take(101, "b", 1), Ok(()));
    }

    #[test]
    fn a_limit_of_zero_cannot_stop_everything_for_ever() {
        assert_eq!(leave(&mut Pace::new(Rate::per_second(0)), 2, false), [0, 1_050]);
    }
}
