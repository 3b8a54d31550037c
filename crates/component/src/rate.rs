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
    second: Option<Limit>,
    minute: Option<Limit>,
    day: Option<Limit>,
    /// Requests in so many seconds.
    other: Option<(Limit, u64)>,
    at_once: Option<u32>,
}

/// So many requests in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    requests: u32,
    /// Whether windows begin with the clock's own, rather than with any request.
    is_fixed: bool,
}

impl Limit {
    const fn of(requests: u32) -> Self {
        Self { requests, is_fixed: false }
    }

    const fn fixed(limit: Option<Self>) -> Option<Self> {
        match limit {
            Some(limit) => Some(Self { is_fixed: true, ..limit }),
            None => None,
        }
    }

    /// The same kind of window with what somebody says in place of its number.
    fn or(limit: Option<Self>, requests: Option<u32>) -> Option<Self> {
        let is_fixed = limit.is_some_and(|limit| limit.is_fixed);
        requests.map(|requests| Self { requests, is_fixed }).or(limit)
    }
}

impl Rate {
    /// No published limit.
    pub const UNLIMITED: Self =
        Self { class: "", second: None, minute: None, day: None, other: None, at_once: None };

    /// Requests in any so many seconds.
    pub const fn per(requests: u32, secs: u64) -> Self {
        Self { other: Some((Limit::of(requests), secs)), ..Self::UNLIMITED }
    }

    /// Requests in any second.
    pub const fn per_second(requests: u32) -> Self {
        Self { second: Some(Limit::of(requests)), ..Self::UNLIMITED }
    }

    /// Requests in any minute.
    pub const fn per_minute(requests: u32) -> Self {
        Self { minute: Some(Limit::of(requests)), ..Self::UNLIMITED }
    }

    /// Requests in any day.
    pub const fn per_day(requests: u32) -> Self {
        Self { day: Some(Limit::of(requests)), ..Self::UNLIMITED }
    }

    /// Requests that may be under way at once.
    pub const fn at_once(requests: u32) -> Self {
        Self { at_once: Some(requests), ..Self::UNLIMITED }
    }

    /// The same for a vendor whose windows begin with each second, minute or day of UTC.
    #[must_use]
    pub const fn by_the_clock(self) -> Self {
        let other = match self.other {
            Some((limit, secs)) => Some((Limit { is_fixed: true, ..limit }, secs)),
            None => None,
        };
        let (second, minute) = (Limit::fixed(self.second), Limit::fixed(self.minute));
        Self { second, minute, day: Limit::fixed(self.day), other, ..self }
    }

    /// Both limits at once; where both say something, the other one counts.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        const fn either(one: Option<Limit>, other: Option<Limit>) -> Option<Limit> {
            if other.is_some() { other } else { one }
        }
        Self {
            class: self.class,
            second: either(self.second, other.second),
            minute: either(self.minute, other.minute),
            day: either(self.day, other.day),
            other: if other.other.is_some() { other.other } else { self.other },
            at_once: if other.at_once.is_some() { other.at_once } else { self.at_once },
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

    /// How many may be under way at once, if that is limited.
    pub fn most_at_once(self) -> Option<u32> {
        self.at_once
    }

    /// The same, with what the topology says in place of what the vendor publishes.
    pub fn overridden_by(self, throttling: &Throttling) -> Self {
        Self {
            second: Limit::or(self.second, throttling.max_requests_per_second),
            minute: Limit::or(self.minute, throttling.max_requests_per_minute),
            day: Limit::or(self.day, throttling.max_requests_per_day),
            ..self
        }
    }

    fn windows(self) -> Vec<Window> {
        let window = |secs: u64, limit: Option<Limit>| {
            let Limit { requests, is_fixed } = limit?;
            let requests = usize::try_from(requests).ok()?.clamp(1, MAX_REQUESTS);
            let length = Duration::from_secs(secs.max(1));
            let edge = nanos(length.div_f64(20.0).min(EDGE));
            Some(Window { nanos: nanos(length), edge, is_fixed, requests })
        };
        let other = self.other.and_then(|(limit, secs)| window(secs, Some(limit)));
        [window(1, self.second), window(60, self.minute), window(86_400, self.day), other]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// Requests do not all travel equally fast: a burst can arrive closer together than it left. Nor
/// do two clocks agree when a minute begins.
const EDGE: Duration = Duration::from_millis(100);
/// Largest limit that is counted exactly; each request remembered costs eight bytes.
const MAX_REQUESTS: usize = 500_000;
/// Where somebody's requests are urgent, this share of a limit is kept for them: one in five.
const RESERVED: usize = 5;

#[derive(Clone, Copy, Debug)]
struct Window {
    nanos: i64,
    edge: i64,
    is_fixed: bool,
    requests: usize,
}

impl Window {
    /// When a request that was made then counts no longer.
    fn free_at(&self, taken: i64) -> i64 {
        if !self.is_fixed {
            return taken.saturating_add(self.nanos + self.edge);
        }
        let number = taken.saturating_add(self.edge).div_euclid(self.nanos);
        (number + 1).saturating_mul(self.nanos).saturating_add(self.edge)
    }
}

/// What the vendor last said is left.
#[derive(Clone, Copy, Debug)]
struct Told {
    left: u64,
    until: Timestamp,
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

/// Counts requests in windows, and knows what the vendor said of them. Pure: it is told the time.
#[derive(Debug)]
pub struct Pace {
    rate: Rate,
    windows: Vec<Window>,
    taken: VecDeque<i64>,
    /// Places taken in all.
    count: u64,
    told: Option<Told>,
    held_until: Timestamp,
    has_urgent: bool,
}

impl Pace {
    /// Nothing taken yet.
    pub fn new(rate: Rate) -> Self {
        Self {
            rate,
            windows: rate.windows(),
            taken: VecDeque::new(),
            count: 0,
            told: None,
            held_until: Timestamp(0),
            has_urgent: false,
        }
    }

    /// Other limits from now on. What was taken under the old ones counts, as far back as those
    /// reached.
    pub fn limit(&mut self, rate: Rate) {
        if rate != self.rate {
            (self.rate, self.windows) = (rate, rate.windows());
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

    /// The vendor says how much is left until a time. `count` is what [`Pace::count`] gave when
    /// the request left that this answers: it cannot know of later ones.
    pub fn told(&mut self, left: u64, until: Timestamp, count: u64) {
        let left = left.saturating_sub(self.count.saturating_sub(count));
        self.told = Some(Told { left, until });
    }

    /// Places taken so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Takes places for a request that leaves now and counts as so many, or says how long to wait.
    pub fn take(&mut self, now: Timestamp, weight: usize, is_urgent: bool) -> Result<(), Duration> {
        let wait = self.wait(now, weight, is_urgent);
        if wait > 0 {
            return Err(Duration::from_nanos(wait.unsigned_abs()));
        }
        self.count += weight as u64;
        if let Some(told) = &mut self.told {
            told.left = told.left.saturating_sub(weight as u64);
        }
        (0..weight).for_each(|_| self.note(now));
        Ok(())
    }

    /// A request that left then has its answer now. The vendor counted it at some moment in
    /// between, on a slow way perhaps just now: it counts from now on.
    pub fn answered(&mut self, left: Timestamp, now: Timestamp, weight: usize) {
        for _ in 0..weight {
            let Ok(index) = self.taken.binary_search(&left.0) else { return };
            self.taken.remove(index);
            let place = self.taken.partition_point(|taken| *taken <= now.0);
            self.taken.insert(place, now.0.max(left.0));
        }
    }

    /// Nanoseconds until there is room for a request that counts as so many.
    fn wait(&self, now: Timestamp, weight: usize, is_urgent: bool) -> i64 {
        let mut free_at = self.held_until.0;
        for window in &self.windows {
            let kept = if self.has_urgent && !is_urgent { window.requests / RESERVED } else { 0 };
            let room = (window.requests - kept + 1).saturating_sub(weight).max(1);
            if let Some(index) = self.taken.len().checked_sub(room) {
                free_at = free_at.max(window.free_at(self.taken[index]));
            }
        }
        if let Some(told) = self.told
            && told.left < weight as u64
        {
            free_at = free_at.max(told.until.0);
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
        let windows = &self.windows;
        let is_stale = |taken: &i64| windows.iter().all(|window| window.free_at(*taken) < now.0);
        while self.taken.front().is_some_and(is_stale) {
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
            match pace.take(now, 1, is_urgent) {
                Ok(()) => left.push(now.millis() - 1_000_000),
                Err(wait) => now = now.plus_nanos(nanos(wait)),
            }
        }
        left
    }

    #[test]
    fn no_window_ever_holds_more_than_its_limit() {
        let rate = Rate::per_second(3).and(Rate::per_minute(10));
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
        let ordinary = (0..10).filter(|_| pace.take(now, 1, false).is_ok()).count();
        let urgent = (0..10).filter(|_| pace.take(now, 1, true).is_ok()).count();
        assert_eq!((ordinary, urgent), (8, 2));
    }

    #[test]
    fn a_hold_stops_everyone_until_it_ends() {
        let mut pace = Pace::new(Rate::UNLIMITED);
        pace.hold(Timestamp::from_secs(20));
        let wait = pace.take(Timestamp::from_secs(15), 1, true);
        assert_eq!(wait, Err(Duration::from_secs(5)));
        assert_eq!(pace.take(Timestamp::from_secs(20), 1, true), Ok(()));
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
        assert!(next.take(Timestamp::from_secs(1_999), 1, false).is_err());
        assert_eq!(next.take(now, 1, false), Ok(()));
        let wait = next.take(now, 1, false).unwrap_err();
        assert!(wait > Duration::from_secs(23 * 3_600), "{wait:?}");
        assert!(next.is_long() && !Pace::new(Rate::per_minute(5)).is_long());
        assert!(next.go_on("not what was kept", now).is_err());
    }

    #[test]
    fn the_topology_replaces_only_what_it_names() {
        let throttling = Throttling { max_requests_per_second: Some(5), ..Throttling::default() };
        let rate = Rate::per_minute(200).overridden_by(&throttling);
        assert_eq!(rate, Rate::per_minute(200).and(Rate::per_second(5)));
        let fixed = Rate::per_second(1).by_the_clock().overridden_by(&throttling);
        assert_eq!(fixed, Rate::per_second(5).by_the_clock());
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

    #[test]
    fn windows_of_the_clock_are_used_whole_and_never_over_their_edge() {
        let rate = Rate::per_minute(5).by_the_clock();
        let mut pace = Pace::new(rate);
        let mut take = |millis: i64| pace.take(Timestamp::from_millis(millis), 1, false);
        // 45 s into a minute: five now, and five as soon as the next minute has surely begun.
        assert_eq!((0..9).filter(|_| take(45_000).is_ok()).count(), 5);
        assert_eq!(take(45_000), Err(Duration::from_millis(15_100)));
        assert!(take(60_050).is_err(), "their clock may be behind ours");
        assert_eq!((0..9).filter(|_| take(60_100).is_ok()).count(), 5);
        // One that leaves just before a minute ends may arrive in the next one.
        assert_eq!(take(119_950), Err(Duration::from_millis(150)));
        assert_eq!((0..9).filter(|_| take(179_950).is_ok()).count(), 5);
        assert_eq!(take(180_100), Err(Duration::from_secs(60)));
    }

    #[test]
    fn a_request_may_count_as_several() {
        let mut pace = Pace::new(Rate::per_minute(10));
        let now = Timestamp::from_secs(5);
        assert_eq!(pace.take(now, 8, false), Ok(()));
        assert_eq!(pace.take(now, 3, false), Err(Duration::from_millis(60_100)));
        assert_eq!(pace.take(now, 2, false), Ok(()));
        assert_eq!(pace.count(), 10);
        let later = Timestamp::from_secs(100);
        assert_eq!(pace.take(later, 50, false), Ok(()), "more than the limit: alone, not never");
    }

    #[test]
    fn what_the_vendor_says_is_left_is_not_exceeded() {
        let mut pace = Pace::new(Rate::UNLIMITED);
        let (now, until) = (Timestamp::from_secs(5), Timestamp::from_secs(20));
        assert_eq!(pace.take(now, 1, false), Ok(()));
        let count = pace.count();
        assert_eq!(pace.take(now, 1, false), Ok(()));
        // The answer to the first knows nothing of the second.
        pace.told(3, until, count);
        assert_eq!((0..9).filter(|_| pace.take(now, 1, true).is_ok()).count(), 2);
        assert_eq!(pace.take(now, 1, true), Err(Duration::from_secs(15)));
        assert_eq!(pace.take(until, 1, true), Ok(()));
    }

    #[test]
    fn limits_change_while_requests_are_made_under_them() {
        let mut pace = Pace::new(Rate::per_minute(100));
        let now = Timestamp::from_secs(5);
        assert_eq!((0..40).filter(|_| pace.take(now, 1, false).is_ok()).count(), 40);
        pace.limit(Rate::per_minute(30));
        assert!(pace.take(now, 1, false).is_err());
        pace.limit(Rate::per_minute(50));
        assert_eq!((0..40).filter(|_| pace.take(now, 1, false).is_ok()).count(), 10);
    }

    #[test]
    fn a_request_counts_from_its_answer_on() {
        let mut pace = Pace::new(Rate::per_second(3));
        let at = Timestamp::from_millis;
        assert_eq!(pace.take(at(5_000), 2, false), Ok(()));
        assert_eq!(pace.take(at(5_100), 1, false), Ok(()));
        pace.answered(at(5_000), at(5_900), 2);
        pace.answered(at(1_000), at(5_950), 1); // nobody knows it any more
        assert_eq!(pace.take(at(6_100), 1, false), Err(Duration::from_millis(50)));
        assert_eq!(pace.take(at(6_150), 1, false), Ok(()));
        assert_eq!(pace.take(at(6_150), 1, false), Err(Duration::from_millis(800)));
    }
}
