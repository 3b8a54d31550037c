//! What TWS has of the past: how to ask for a stretch of it, no faster than it allows, and what an
//! answer holds.

use std::sync::PoisonError;
use std::time::Duration;

use component::{Bad, Fault, Item, OrBad, Paces, Rate, Result};
use model::{Adjustment, Timestamp, Zone};
use session::{Archive, Asked, Fields, Prints, Talk};

use crate::map::{About, Period};
use crate::tws::{LOGIN, Refusal, State, Tws};
use crate::{time, wire};

/// Historical ticks that come at most with one request.
const MAX_TICKS: usize = 1_000;
/// Requests for bars of seconds, and for ticks; quotes count twice.
const ALL: Rate = Rate::per(60, 600);
/// The same request again.
const SAME: Rate = Rate::per(1, 15);
/// Requests for one contract.
const OF_CONTRACT: Rate = Rate::per(5, 2);
/// Interactive Brokers looks for old data itself.
const ANSWER: Duration = Duration::from_secs(60);
const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Looks up the market of a stock outside the US where the user left it open.
pub async fn complete(tws: &mut Tws, about: About) -> Result<About> {
    if !about.contract.is_abroad() || !about.contract.text("primaryExchange").is_empty() {
        return Ok(about);
    }
    let id = tws.request_id();
    tws.ask_about("reqContractData", &about.contract, &[("rid", &id)])?;
    let frame = Asked::new(id, LOGIN).answer(tws, Tws::request_of).await?;
    match wire::read(&frame, tws.state.version) {
        Ok(Some(fields)) if fields.kind == "contractData" => {
            let exchange = fields.text("primaryExchange");
            about.listed_on(exchange).map_err(|bad| Fault::fatal(format!("{exchange}: {bad}")))
        }
        Ok(Some(fields)) => Err(Refusal::of(&fields).fault(about.instrument.as_str())),
        _ => Err(Fault::disconnected("an answer could not be read")),
    }
}

/// A kind of record that TWS keeps.
#[derive(Clone, Debug)]
pub enum Records {
    Trades,
    Quotes,
    /// Bars, of what they are made, and whether of the regular session only.
    Bars(Period, &'static str, bool),
}

/// The past of one instrument.
#[derive(Clone, Debug)]
pub struct Past {
    pub about: About,
    pub records: Records,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    kind: &'static str,
    said: Vec<(&'static str, String)>,
    /// How many of those that are limited in ten minutes it counts for.
    weight: usize,
    /// The stretch that it is for, by event time, and the time when it is made.
    pub from: Timestamp,
    pub to: Timestamp,
    now: Timestamp,
}

impl Archive for Past {
    type Talk = Tws;
    type Request = Request;

    fn head(&self, now: Timestamp) -> Request {
        let (what, regular) = match &self.records {
            Records::Bars(_, what, regular) => (*what, *regular),
            _ => ("TRADES", false),
        };
        let regular = u8::from(regular).to_string();
        let said = vec![("whatToShow", what.to_owned()), ("useRTH", regular)];
        let (from, to) = (Timestamp::default(), Timestamp::default());
        Request { kind: "reqHeadTimestamp", said, weight: 0, from, to, now }
    }

    fn page(&self, from: Timestamp, to: Timestamp, now: Timestamp) -> Request {
        let text = |pairs: &[(&'static str, &str)]| {
            pairs.iter().map(|(name, text)| (*name, (*text).to_owned())).collect::<Vec<_>>()
        };
        let ticks = |what: &str| {
            ("reqHistoricalTicks", text(&[("start", &time::written(from)), ("whatToShow", what)]))
        };
        let ((kind, said), weight, to) = match &self.records {
            Records::Trades => (ticks("TRADES"), 1, to),
            Records::Quotes => (ticks("BID_ASK"), 2, to),
            Records::Bars(period, what, regular) => {
                let end = self.end_of_page(period, from).min(to);
                let days = end.since(from) / DAY + 2;
                let span = match period.adjustment {
                    Adjustment::All if days > 365 => format!("{} Y", days / 365 + 1),
                    Adjustment::All => format!("{days} D"),
                    _ => period.page.0.to_owned(),
                };
                // An empty end is now.
                let written = if end >= now { String::new() } else { time::written(end) };
                let said = text(&[
                    ("barSize", &period.bar_size),
                    ("duration", &span),
                    ("end", &written),
                    ("whatToShow", what),
                    ("useRTH", if *regular { "1" } else { "0" }),
                ]);
                (("reqHistoricalData", said), usize::from(period.is_paced), end)
            }
        };
        Request { kind, said, weight, from, to, now }
    }

    fn stretch(request: &Request) -> (Timestamp, Timestamp) {
        (request.from, request.to)
    }

    fn ask(&self, tws: &mut Tws, request: &Request) -> Result<Result<Asked, Duration>> {
        let State { site, clock, .. } = &tws.state;
        // Nothing can be left half changed by a panic.
        let mut pace = site.pace.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(wait) = self.take(&mut pace, request, clock.now()) {
            return Ok(Err(wait));
        }
        drop(pace);
        let id = tws.request_id();
        let mut said: Vec<_> = request.said.iter().map(|(n, text)| (*n, text.as_str())).collect();
        said.push(("rid", &id));
        tws.ask_about(request.kind, &self.about.contract, &said)?;
        Ok(Ok(Asked::new(id, ANSWER)))
    }

    async fn answer(
        &self,
        tws: &mut Tws,
        asked: &Asked,
        request: &Request,
        items: &mut Vec<Item>,
    ) -> Result<(Timestamp, bool)> {
        let frame = asked.answer(tws, Tws::request_of).await?;
        let fields = tws.read(&frame).and_then(|fields| fields.or_bad(""));
        let fields = fields.map_err(Fault::disconnected)?;
        if fields.kind == "error" {
            let refusal = Refusal::of(&fields);
            let is_empty = refusal.code == 162 && refusal.message.contains("no data");
            let reached = if request.to >= request.now { request.from } else { request.to };
            let fault = refusal.fault(self.about.instrument.as_str());
            return if is_empty { Ok((reached, true)) } else { Err(fault) };
        }
        if fields.kind == "headTimestamp" {
            let head = time::moment(fields.text("time"), &tws.state.zone, "time");
            return head.map(|head| (Zone::new_york().midnight(head), true)).map_err(Fault::retry);
        }
        Ok(match &self.records {
            Records::Bars(period, ..) => {
                let mut covered = request.from;
                for (raw, bar) in self.about.bars(&fields, period, &tws.state.zone) {
                    match bar {
                        Ok(bar) if bar.head.event_time < request.from => {}
                        Ok(bar) if bar.head.event_time >= request.to => {}
                        // It will be another one when it is over.
                        Ok(bar) if bar.end_time > request.now => {}
                        bar => {
                            covered = covered.max(bar.as_ref().map_or(covered, |bar| bar.end_time));
                            items.push(Item::of(raw.as_bytes(), bar));
                        }
                    }
                }
                (if request.to >= request.now { covered } else { request.to }, true)
            }
            records => self.ticks(&fields, matches!(records, Records::Trades), request, items),
        })
    }
}

impl Past {
    /// Pages of days end when nothing is traded.
    fn end_of_page(&self, period: &Period, from: Timestamp) -> Timestamp {
        let length = period.page.1 * SECOND;
        let end = from.plus_nanos(length);
        match (period.adjustment, Zone::new_york().midnight(end)) {
            // TWS gives these up to now only.
            (Adjustment::All, _) => Timestamp(i64::MAX),
            _ if length < DAY => end,
            (_, midnight) if midnight > from => midnight,
            _ => Zone::new_york().midnight(end.plus_nanos(DAY)),
        }
    }

    /// Takes a place for a request that leaves now, or says how long to wait.
    fn take(&self, pace: &mut Paces, request: &Request, now: Timestamp) -> Result<(), Duration> {
        let contract = format!("{:?}", self.about.contract);
        let same = format!("{contract} {} {:?}", request.kind, request.said);
        let limits = [("", ALL, request.weight), (&contract, OF_CONTRACT, 1), (&same, SAME, 1)];
        pace.take(now, &limits)
    }

    fn ticks(
        &self,
        fields: &Fields<'_>,
        are_trades: bool,
        request: &Request,
        items: &mut Vec<Item>,
    ) -> (Timestamp, bool) {
        let rows = fields.rows("ticks", 6);
        let mut prints = Prints::default();
        for row in &rows {
            // Time and mask; then price, size, venue, conditions, or both prices and both sizes.
            let said = [row[0], row[2], row[3], row[4], row[5]];
            let event: Result<model::Event, Bad> = match are_trades {
                true => self.about.print(&mut prints, said).map(Into::into),
                false => self.about.timed_quote(&mut prints, said).map(Into::into),
            };
            if event.as_ref().is_ok_and(|event| event.head().event_time >= request.to) {
                break;
            }
            items.push(Item::of(row.join("|").as_bytes(), event));
        }
        let second = |row: Option<&Vec<&str>>| row.and_then(|row| row[0].parse::<i64>().ok());
        let (first, last) = (second(rows.first()), second(rows.last()));
        // The last second may not have come whole.
        let is_all = rows.len() < MAX_TICKS;
        let more = i64::from(first == last && !is_all);
        let last = last.map(|last| Timestamp::from_secs(last + more).min(request.to));
        let is_past = is_all && request.to < request.now;
        (if is_past { request.to } else { last.unwrap_or(request.from) }, is_all)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn seconds(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + seconds)
    }

    fn past(symbol: &str, records: Records) -> Past {
        Past { about: About::parse(symbol).unwrap(), records }
    }

    #[test]
    fn no_ten_minutes_hold_more_requests_than_are_allowed() {
        let mut pace = Paces::default();
        let (mut now, mut left) = (0, Vec::new());
        while left.len() < 150 {
            let past = past(&format!("S{}", left.len()), Records::Quotes);
            let request = past.page(seconds(0), seconds(9), seconds(9));
            match past.take(&mut pace, &request, seconds(now)) {
                Ok(()) => left.push(now),
                Err(wait) => now += wait.as_secs() as i64 + 1,
            }
        }
        for start in &left {
            let inside = left.iter().filter(|at| (*start..start + 600).contains(at)).count();
            assert!(inside <= 30, "quotes count twice: {inside} from {start}");
        }
    }

    #[test]
    fn the_same_waits_and_so_does_too_much_of_one_contract() {
        let mut pace = Paces::default();
        let past = past("A", Records::Trades);
        let mut take = |from: i64, now: i64| {
            let request = past.page(seconds(from), seconds(999), seconds(999));
            past.take(&mut pace, &request, seconds(now)).map_err(|wait| wait.as_secs())
        };
        assert_eq!(take(0, 0), Ok(()));
        assert_eq!(take(0, 5), Err(10));
        for number in 1..=5 {
            assert_eq!(take(number, 20), Ok(()));
        }
        assert_eq!(take(6, 21), Err(1));
        assert_eq!(take(6, 23), Ok(()));
    }

    #[test]
    fn pages_of_days_end_at_midnight_and_others_where_they_do() {
        let day = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = day("2025-07-15T10:00:00Z");
        let check = |bar_size: &str, what: &str, from: &str, to: &str, span: &str| {
            let (period, what) = Period::parse(bar_size, what).unwrap();
            let records = Records::Bars(period, what, true);
            let request = past("A", records).page(day(from), now, now);
            assert_eq!(request.to.to_string(), to, "{bar_size} {what}");
            assert!(request.said.contains(&("duration", span.to_owned())), "{request:?}");
        };
        let start = "2024-01-02T05:00:00Z";
        check("5 secs", "TRADES", start, "2024-01-02T06:00:00Z", "3600 S");
        check("1 min", "TRADES", start, "2024-01-03T05:00:00Z", "1 D");
        check("1 day", "TRADES", start, "2025-01-01T05:00:00Z", "1 Y");
        check("1 day", "ADJUSTED_LAST", start, "2025-07-15T10:00:00Z", "2 Y");
        check("1 min", "TRADES", "2025-07-15T08:00:00Z", "2025-07-15T10:00:00Z", "1 D");
    }
}
