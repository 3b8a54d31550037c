//! Asks TWS for the past, no faster than it allows.

use std::collections::VecDeque;
use std::time::Duration;

use component::{Fault, Result};
use model::{EventId, Timestamp};
use session::{Asked, Fields};

use crate::contract::Contract;
use crate::map::Period;
use crate::time;
use crate::tws::{Refusal, Tws};

/// Historical ticks that come at most with one request.
pub const MAX_TICKS: usize = 1_000;
/// Requests for bars of seconds, and for ticks, in ten minutes.
const IN_TEN_MINUTES: usize = 60;
const TEN_MINUTES: i64 = 600_000_000_000;
/// The same request is not repeated earlier.
const SAME: i64 = 15_000_000_000;
/// Requests for one contract in two seconds.
const IN_TWO_SECONDS: usize = 5;
const TWO_SECONDS: i64 = 2_000_000_000;
/// Interactive Brokers looks for old data itself.
const ANSWER: Duration = Duration::from_secs(60);

/// One request for the past.
#[derive(Clone, Debug)]
pub struct Request {
    kind: &'static str,
    contract: Contract,
    said: Vec<(&'static str, String)>,
    /// How many of those that are limited in ten minutes it counts for.
    weight: usize,
}

impl Request {
    /// Bars up to a time, or up to now.
    pub fn bars(contract: &Contract, what: &str, period: &Period, span: &str, end: &str) -> Self {
        let bars = [("barSize", period.bar_size.as_str()), ("duration", span), ("end", end)];
        let bars = bars.map(|(name, text)| (name, text.to_owned()));
        Self::new("reqHistoricalData", contract, what, bars.into(), period.is_paced.into())
    }

    /// Ticks from a time on.
    pub fn ticks(contract: &Contract, what: &str, from: Timestamp) -> Self {
        let (start, weight) = (time::written(from), if what == "BID_ASK" { 2 } else { 1 });
        Self::new("reqHistoricalTicks", contract, what, vec![("start", start)], weight)
    }

    /// When the past begins.
    pub fn head(contract: &Contract, what: &str) -> Self {
        Self::new("reqHeadTimestamp", contract, what, Vec::new(), 0)
    }

    fn new(
        kind: &'static str,
        contract: &Contract,
        what: &str,
        mut said: Vec<(&'static str, String)>,
        weight: usize,
    ) -> Self {
        said.push(("whatToShow", what.to_owned()));
        Self { kind, contract: contract.clone(), said, weight }
    }

    /// The same, for the regular session only.
    #[must_use]
    pub fn regular_hours(mut self, is_regular: bool) -> Self {
        self.said.push(("useRTH", u8::from(is_regular).to_string()));
        self
    }
}

/// Requests that were made, so that the next one is not one too many.
#[derive(Debug, Default)]
pub struct Pace(VecDeque<(i64, usize, EventId, Contract)>);

impl Pace {
    /// Takes a place for a request that leaves now, or says how long to wait.
    pub fn take(&mut self, request: &Request, now: Timestamp) -> Result<(), Duration> {
        let now = now.0;
        self.0.retain(|(at, ..)| *at > now - TEN_MINUTES);
        let id = EventId::of(&[request.kind, &format!("{:?}{:?}", request.contract, request.said)]);
        let mut free = now;
        let mut weight = request.weight;
        let mut of_contract = 0;
        for (at, other_weight, other, contract) in self.0.iter().rev() {
            if *other == id {
                free = free.max(at + SAME);
            }
            if *contract == request.contract {
                of_contract += 1;
                if of_contract == IN_TWO_SECONDS {
                    free = free.max(at + TWO_SECONDS);
                }
            }
            weight += other_weight;
            if request.weight > 0 && *other_weight > 0 && weight > IN_TEN_MINUTES {
                free = free.max(at + TEN_MINUTES);
                break;
            }
        }
        if free > now {
            return Err(Duration::from_nanos((free - now).unsigned_abs()));
        }
        self.0.push_back((now, request.weight, id, request.contract.clone()));
        Ok(())
    }
}

/// Puts a request in line.
pub fn ask(tws: &mut Tws, request: &Request) -> Result<Asked> {
    let id = tws.request_id();
    let mut said: Vec<_> = request.said.iter().map(|(n, text)| (*n, text.as_str())).collect();
    said.push(("rid", &id));
    tws.ask_about(request.kind, &request.contract, &said)?;
    Ok(Asked::new(id, ANSWER))
}

/// Why a request about something was refused; nothing if it was not, or if there is no data.
pub fn refusal(fields: &Fields<'_>, about: &str) -> Option<Fault> {
    let refusal = Refusal::of(fields);
    let is_empty = refusal.code == 162 && refusal.message.contains("no data");
    (fields.kind == "error" && !is_empty).then(|| refusal.fault(about))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn seconds(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + seconds)
    }

    fn contract(symbol: &str) -> Contract {
        Contract::parse(symbol).unwrap()
    }

    #[test]
    fn no_ten_minutes_hold_more_requests_than_are_allowed() {
        let mut pace = Pace::default();
        let (mut now, mut left) = (0, Vec::new());
        while left.len() < 150 {
            let symbol = format!("S{}", left.len());
            let request = Request::ticks(&contract(&symbol), "BID_ASK", seconds(0));
            match pace.take(&request, seconds(now)) {
                Ok(()) => left.push(now),
                Err(wait) => now += wait.as_secs() as i64,
            }
        }
        for start in &left {
            let inside = left.iter().filter(|at| (*start..start + 600).contains(at)).count();
            assert!(inside <= 30, "quotes count twice: {inside} from {start}");
        }
    }

    #[test]
    fn the_same_waits_and_so_does_too_much_of_one_contract() {
        let mut pace = Pace::default();
        let request = |from: i64| Request::ticks(&contract("A"), "TRADES", seconds(from));
        assert_eq!(pace.take(&request(0), seconds(0)), Ok(()));
        assert_eq!(pace.take(&request(0), seconds(5)), Err(Duration::from_secs(10)));
        for number in 1..=5 {
            assert_eq!(pace.take(&request(number), seconds(20)), Ok(()));
        }
        assert_eq!(pace.take(&request(6), seconds(21)), Err(Duration::from_secs(1)));
        assert_eq!(pace.take(&request(6), seconds(22)), Ok(()));
        let other = Request::head(&contract("B"), "TRADES");
        assert_eq!(pace.take(&other, seconds(22)), Ok(()));
    }
}
