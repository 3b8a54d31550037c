#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use component::{Out, Processor};
use model::{
    Adjustment, Bar, Check, Decimal, Event, EventId, Finding, Head, Quote, Severity, Timestamp,
    Trade, TradeStatus,
};
use proptest::prelude::*;

use crate::{Settings, State, Validate};

/// Nanoseconds of a second.
const SECOND: i64 = 1_000_000_000;

/// The longest JSON of one instrument's state: 32 feeds of about a kilobyte with everything wrong,
/// and the default memory of 208 ids.
const MAX_STATE_BYTES: usize = 40_000;

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A time of the regular session of Monday, 2013-10-07, or of `date` when that is given as well.
fn at(text: &str) -> Timestamp {
    let full = if text.contains('-') { format!("{text}Z") } else { format!("2013-10-07T{text}Z") };
    full.parse().unwrap()
}

/// A head of a record that arrives a millisecond after it happened; the id follows from the time.
fn head(time: Timestamp) -> Head {
    Head {
        event_id: EventId::of(&[&time.0.to_string()]),
        source: "acme".into(),
        event_time: time,
        received_time: time.plus_nanos(1_000_000),
    }
}

fn trade(time: &str, price: &str) -> Trade {
    Trade {
        head: head(at(time)),
        instrument: "BAC.US".into(),
        symbol: "BAC".into(),
        trade_id: format!("{time} {price}").into(),
        venue: Some("P".into()),
        price: decimal(price),
        quantity: Decimal::from(100),
        conditions: vec![],
        tape: None,
        status: TradeStatus::Original,
    }
}

fn quote(time: &str, bid: &str, ask: &str) -> Quote {
    Quote {
        head: head(at(time)),
        instrument: "BAC.US".into(),
        symbol: "BAC".into(),
        bid_price: (!bid.is_empty()).then(|| decimal(bid)),
        bid_quantity: None,
        bid_venue: None,
        ask_price: (!ask.is_empty()).then(|| decimal(ask)),
        ask_quantity: None,
        ask_venue: None,
        conditions: vec![],
        tape: None,
    }
}

/// A bar of one minute that arrives when it ends; prices are open, high, low, close.
fn bar(start: &str, prices: [&str; 4]) -> Bar {
    let [open, high, low, close] = prices.map(decimal);
    let start = at(start);
    let end_time = start.plus_nanos(60 * SECOND);
    let mut head = head(start);
    head.received_time = end_time;
    Bar {
        head,
        instrument: "BAC.US".into(),
        symbol: "BAC".into(),
        interval: "1m".into(),
        end_time,
        open,
        high,
        low,
        close,
        volume: Decimal::from(1000),
        vwap: None,
        trade_count: None,
        adjustment: Adjustment::Raw,
        is_final: true,
    }
}

fn flat(start: &str) -> Bar {
    bar(start, ["14", "14", "14", "14"])
}

fn daily(day: &str, prices: [&str; 4]) -> Bar {
    let mut bar = bar(&format!("{day}T04:00:00"), prices);
    bar.interval = "1d".into();
    bar.end_time = bar.head.event_time.plus_nanos(86_400 * SECOND);
    bar.head.received_time = bar.end_time;
    bar
}

fn settings(json: &str) -> Settings {
    serde_json::from_str(json).unwrap()
}

/// A processor with one instrument, saved and restored before every step.
struct Bench {
    validate: Validate,
    state: State,
    findings: Vec<Finding>,
}

impl Bench {
    fn new(settings: Settings) -> Self {
        let validate = Validate::new(settings).unwrap();
        Self { validate, state: State::default(), findings: vec![] }
    }

    fn take(&mut self, event: &Event) {
        self.restore();
        let mut out = Out::caused_by(Validate::NAME, event.head());
        self.validate.apply(&mut self.state, &(), event, &mut out).unwrap();
        self.collect(out);
    }

    fn tick(&mut self, watermark: Timestamp) {
        self.restore();
        let mut out = Out::tick(Validate::NAME, "BAC.US", watermark);
        self.validate.tick(&mut self.state, watermark, &mut out);
        self.collect(out);
    }

    fn restore(&mut self) {
        let saved = serde_json::to_vec(&self.state).unwrap();
        assert!(saved.len() <= MAX_STATE_BYTES, "{} bytes of state", saved.len());
        self.state = serde_json::from_slice(&saved).unwrap();
    }

    fn collect(&mut self, out: Out) {
        for event in out.into_events() {
            let Event::Finding(finding) = event else { panic!("{event:?}") };
            self.findings.push(*finding);
        }
    }

    /// The findings as `warning crossed: what was seen`.
    fn lines(&self) -> Vec<String> {
        let line = |finding: &Finding| {
            let (severity, check) = (finding.severity, finding.check);
            format!("{severity} {check}: {}", finding.detail)
        };
        self.findings.iter().map(line).collect()
    }
}

fn run(settings: Settings, events: &[Event]) -> Vec<Finding> {
    let mut bench = Bench::new(settings);
    for event in events {
        bench.take(event);
    }
    bench.findings
}

fn check_with<T: Clone + Into<Event>>(settings: Settings, events: &[T], expected: &[&str]) {
    let mut bench = Bench::new(settings);
    for event in events {
        bench.take(&event.clone().into());
    }
    assert_eq!(bench.lines(), expected);
}

fn check<T: Clone + Into<Event>>(events: &[T], expected: &[&str]) {
    check_with(Settings::default(), events, expected);
}

#[test]
fn good_data_makes_no_findings() {
    let mut events: Vec<Event> = vec![];
    for second in 0..59 {
        events.push(trade(&format!("14:00:{second:02}"), "14.01").into());
        events.push(quote(&format!("14:00:{second:02}.5"), "14.01", "14.02").into());
    }
    events.push(flat("14:00:00").into());
    assert_eq!(run(Settings::default(), &events), []);
}

#[test]
fn a_spike_is_doubted_until_two_more_prints_confirm_it() {
    let good = trade("14:00:00", "14");
    let spike = "warning spike: trade of \"acme\" jumps from 14 to 20";
    check(&[good.clone(), trade("14:00:01", "20"), trade("14:00:02", "14.01")], &[spike]);
    check(
        &[
            good.clone(),
            trade("14:00:01", "20"),
            trade("14:00:02", "20.5"),
            trade("14:00:03", "20.10"),
            trade("14:00:04", "20.2"),
        ],
        &[spike, "info spike: trade of \"acme\" confirms the jump from 14 to 20.1"],
    );
    // Another wild price confirms nothing, and a good one ends the doubt.
    check(
        &[
            good.clone(),
            trade("14:00:01", "20"),
            trade("14:00:02", "40"),
            trade("14:00:03", "20"),
            trade("14:00:04", "20"),
            trade("14:00:05", "14"),
            trade("14:00:06", "14.1"),
        ],
        &[spike],
    );
    let found = run(Settings::default(), &[good.into(), trade("14:00:01", "20").into()]);
    assert_eq!(found[0].value, Some(decimal("42.8571")));
    assert_eq!(found[0].threshold, Some(decimal("10")));
    assert_eq!(found[0].subject_id, Some(found_id("14:00:01").to_string().into()));
    assert_eq!(found[0].head.received_time, at("14:00:01.001"));
}

fn found_id(time: &str) -> EventId {
    head(at(time)).event_id
}

#[test]
fn a_repeated_print_does_not_confirm_itself() {
    let spike = trade("14:00:01", "20");
    let events = [trade("14:00:00", "14"), spike.clone(), spike.clone(), spike.clone(), spike];
    check(
        &events,
        &[
            "warning spike: trade of \"acme\" jumps from 14 to 20",
            "info duplicate: trade of \"acme\" of 2013-10-07T14:00:01Z comes twice, with the same \
             event_id",
        ],
    );
}

#[test]
fn one_vendor_confirms_or_contradicts_another() {
    let other = |time: &str, price: &str| {
        let mut trade = trade(time, price);
        trade.head.source = "other".into();
        trade
    };
    check(
        &[
            trade("14:00:00", "14"),
            trade("14:00:01", "20"),
            other("14:00:02", "20"),
            other("14:00:03", "20"),
            trade("14:00:04", "20"),
        ],
        &[
            "warning spike: trade of \"acme\" jumps from 14 to 20",
            "info spike: trade of \"other\" confirms the jump from 14 to 20",
        ],
    );
    // A vendor that quotes pence beside one that quotes pounds does not make a finding a print.
    let mut events = vec![];
    for second in 0..50 {
        events.push(trade(&format!("14:00:{second:02}"), "14"));
        events.push(other(&format!("14:00:{second:02}.5"), "1400"));
    }
    check(
        &events,
        &["error spike: trade of \"other\" jumps from 14 to 1400: suspected change of unit, such \
           as pence for pounds"],
    );
}

#[test]
fn prices_that_say_nothing_about_now_are_not_compared() {
    let mut average = trade("14:00:01", "20");
    average.conditions = vec!["@".into(), "W".into()];
    let mut corrected = trade("14:00:02", "20");
    corrected.status = TradeStatus::Corrected;
    let late = trade("13:59:00", "20");
    let events = [trade("14:00:00", "14"), average.clone(), corrected, late];
    let late = "warning out_of_order: trade of \"acme\" is of 2013-10-07T13:59:00Z, 60 s older \
                than the newest";
    check(&events, &[late.replace("60 s", "61 s").as_str()]);
    let all = settings(r#"{ "limits": { "trades": { "ignored_conditions": [] } } }"#);
    let spike = "warning spike: trade of \"acme\" jumps from 14 to 20";
    check_with(all, &[trade("14:00:00", "14"), average], &[spike]);
    check(
        &[trade("14:00:00", "0"), trade("14:00:01", "14"), trade("14:00:02", "14")],
        &["error spike: trade of \"acme\" has the price 0, which is not above zero"],
    );
}

#[test]
fn limits_differ_by_venue_and_instrument() {
    let of = |instrument: &str, price| {
        let mut trade = trade("14:00:01", price);
        trade.instrument = instrument.into();
        let mut first = trade.clone();
        first.head = head(at("14:00:00"));
        first.trade_id = "first".into();
        first.price = decimal("100");
        [first, trade]
    };
    let count = |settings: &Settings, events: [Trade; 2]| {
        run(settings.clone(), &events.map(Event::from)).len()
    };
    let usual = Settings::default();
    assert_eq!(count(&usual, of("BAC.US", "112")), 1);
    assert_eq!(count(&usual, of("BTC/USD.CRYPTO", "124")), 0);
    assert_eq!(count(&usual, of("BTC/USD.CRYPTO", "126")), 1);
    let own = settings(
        r#"{
            "limits": { "trades": { "spike_percent": 2.5 } },
            "venue_limits": { "XETR": { "trades": { "spike_percent": "8" } } },
            "instrument_limits": {
                "SAP.XETR": { "trades": { "spike_percent": 20 } },
                "BMW.XETR": { "quotes": { "stale_secs": 0 } }
            }
        }"#,
    );
    assert_eq!(count(&own, of("BAC.US", "102.5")), 0);
    assert_eq!(count(&own, of("BAC.US", "102.51")), 1);
    assert_eq!(count(&own, of("VOW.XETR", "107")), 0);
    assert_eq!(count(&own, of("BMW.XETR", "107")), 0);
    assert_eq!(count(&own, of("BMW.XETR", "109")), 1);
    assert_eq!(count(&own, of("SAP.XETR", "119")), 0);
    assert_eq!(count(&own, of("BTC/USD.CRYPTO", "124")), 0);
    let off = settings(r#"{ "limits": { "trades": { "spike_percent": 0 } } }"#);
    assert_eq!(count(&off, of("BAC.US", "900")), 0);
}

#[test]
fn crossed_quotes_take_numbers_or_time() {
    let fine = quote("14:00:00", "14", "14.01");
    let crossed = |time| quote(time, "14.02", "14.01");
    let warning = "warning crossed: crossed quotes of \"acme\": bid 14.02 above ask 14.01";
    check(&[fine.clone(), crossed("14:00:01"), quote("14:00:01.5", "14", "14.01")], &[]);
    let three = [crossed("14:00:01"), crossed("14:00:01.1"), crossed("14:00:01.2")];
    check(&three, &[warning]);
    check(&[three.as_slice(), &[crossed("14:00:01.3"), crossed("14:00:04")]].concat(), &[warning]);
    // Nothing came for a second: the crossed quote stood, whatever came then.
    check(&[crossed("14:00:01"), quote("14:00:02", "14", "14.01")], &[warning]);
    let mut bench = Bench::new(Settings::default());
    bench.take(&crossed("14:00:01").into());
    bench.tick(at("14:00:02"));
    assert_eq!(bench.findings, []);
    bench.tick(at("14:00:10"));
    bench.tick(at("14:00:11"));
    assert_eq!(bench.lines(), [warning]);
    assert_eq!(bench.findings[0].head.event_time, at("14:00:02.001"));
    assert_eq!(bench.findings[0].subject_id, Some(found_id("14:00:01").to_string().into()));
    // One side alone is not crossed.
    check(&[quote("14:00:01", "14", ""), quote("14:00:05", "", "13"), fine.clone()], &[]);
    check(&[quote("14:00:01", "14", "0"), fine], &[]);
}

#[test]
fn locked_quotes_are_for_information() {
    let locked = |time| quote(time, "14.01", "14.010");
    let events = [locked("14:00:01"), locked("14:00:01.1"), locked("14:00:01.2")];
    check(&events, &["info crossed: locked quotes of \"acme\": bid and ask are 14.01"]);
    let off = settings(r#"{ "limits": { "quotes": { "report_locked": false } } }"#);
    check_with(off, &events, &[]);
    let off = settings(r#"{ "limits": { "quotes": { "crossed_updates": 0 } } }"#);
    check_with(off, &[quote("14:00:01", "2", "1"), quote("14:00:09", "2", "1")], &[]);
    let first = settings(r#"{ "limits": { "quotes": { "crossed_secs": 0 } } }"#);
    check_with(
        first,
        &[quote("14:00:01", "2", "1"), quote("14:00:01.1", "2", "1")],
        &["warning crossed: crossed quotes of \"acme\": bid 2 above ask 1"],
    );
}

#[test]
fn duplicates_are_told_by_event_and_by_print() {
    let first = trade("14:00:00", "14");
    let mut renamed = first.clone();
    renamed.head.event_id = EventId::of(&["renamed"]);
    let by_print = "warning duplicate: trade of \"acme\" of 2013-10-07T14:00:00Z comes twice, with \
                    one trade_id as different events";
    check(&[first.clone(), renamed.clone()], &[by_print]);
    // The same trade_id elsewhere, on another day, or in a correction is another matter.
    let mut elsewhere = renamed.clone();
    elsewhere.venue = None;
    check(&[first.clone(), elsewhere], &[]);
    let mut correction = renamed.clone();
    correction.status = TradeStatus::Corrected;
    check(&[first.clone(), correction], &[]);
    let mut next_day = trade("2013-10-08T14:00:00", "14");
    next_day.trade_id = first.trade_id.clone();
    next_day.head.received_time = first.head.received_time;
    let no_clock = settings(r#"{ "limits": { "future_secs": 0 } }"#);
    check_with(no_clock, &[first.clone(), next_day], &[]);
    // Two systems of one vendor publish the same event.
    let mut copy = first.clone();
    copy.head.source = "acme_backup".into();
    check(
        &[first.clone(), copy],
        &[
            "info duplicate: trade of \"acme_backup\" of 2013-10-07T14:00:00Z comes twice, with the \
           same event_id",
        ],
    );
    let off = settings(r#"{ "limits": { "trades": { "duplicate_records": 0 } } }"#);
    check_with(off, &[first.clone(), first, renamed], &[]);
    let quote = quote("14:00:00", "1", "2");
    assert_eq!(run(Settings::default(), &[quote.clone().into(), quote.into()]).len(), 1);
}

#[test]
fn records_without_an_id_are_not_taken_for_one_another() {
    let mut nameless = quote("14:00:00", "1", "2");
    nameless.head.event_id = EventId::default();
    check(&[nameless.clone(), nameless.clone(), nameless], &[]);
}

#[test]
fn what_is_older_than_the_newest_is_out_of_order() {
    let warning = "warning out_of_order: trade of \"acme\" is of 2013-10-07T14:00:00Z, 10 s older \
                   than the newest";
    let events = [
        trade("14:00:10", "14"),
        trade("14:00:05", "14"),
        trade("14:00:00", "14"),
        trade("14:00:01", "14"),
        trade("14:00:11", "14"),
    ];
    check(&events, &[warning]);
    // Each source has its own clock, and quotes may run ahead of trades.
    let mut other = trade("14:00:00", "14");
    other.head.source = "other".into();
    check(&[trade("14:00:10", "14"), other], &[]);
    let events: [Event; 2] = [quote("14:00:10", "1", "2").into(), trade("14:00:00", "14").into()];
    assert_eq!(run(Settings::default(), &events), []);
}

#[test]
fn a_day_that_is_replayed_again_is_in_order_again() {
    let mut bench = Bench::new(Settings::default());
    let print = |second: i64| {
        let mut print = trade("14:00:00", "14");
        let arrival = at("2013-10-08T14:00:00").plus_nanos(second * SECOND);
        print.head = head(at("14:00:00").plus_nanos(second * SECOND));
        print.head.event_id = EventId::of(&[&second.to_string()]);
        print.head.received_time = arrival;
        print.trade_id = second.to_string().into();
        print
    };
    bench.take(&print(50_000).into());
    for second in 0..200 {
        bench.take(&print(second).into());
    }
    assert_eq!(bench.findings.len(), 1);
    let mut spike = print(200);
    spike.price = decimal("20");
    bench.take(&spike.into());
    assert_eq!(bench.findings[1].check, Check::Spike, "prices are compared again");
}

#[test]
fn a_time_in_the_future_is_reported_and_not_believed() {
    let mut future = trade("15:00:00", "14");
    future.head.received_time = at("14:00:01");
    check(
        &[trade("14:00:00", "14"), future, trade("14:00:02", "14"), trade("14:00:03", "14")],
        &["warning out_of_order: trade of \"acme\" is of 2013-10-07T15:00:00Z, 3599 s after its \
           arrival: a clock is wrong"],
    );
}

#[test]
fn the_same_complaint_is_held_back_and_counted() {
    let mut events = vec![];
    for minute in 0..7 {
        for second in 0..3 {
            events.push(quote(&format!("14:0{minute}:0{second}"), "2", "1"));
        }
        events.push(quote(&format!("14:0{minute}:03"), "1", "2"));
    }
    let text = "warning crossed: crossed quotes of \"acme\": bid 2 above ask 1";
    let later = format!("{text} (4 more like the one of 2013-10-07T14:00:01.001Z)");
    let quiet = settings(r#"{ "limits": { "quotes": { "stale_secs": 0 } } }"#);
    check_with(quiet, &events, &[text, &later]);
}

#[test]
fn silence_during_a_session_is_reported_once() {
    let mut bench = Bench::new(Settings::default());
    bench.take(&quote("14:00:00", "1", "2").into());
    bench.tick(at("14:01:00"));
    assert_eq!(bench.findings, []);
    bench.tick(at("14:01:07"));
    bench.tick(at("14:02:00"));
    let silence = "warning stale: no quote of \"acme\" since 2013-10-07T14:00:00.001Z";
    assert_eq!(bench.lines(), [silence]);
    let found = &bench.findings[0];
    assert_eq!(found.head.received_time, at("14:01:00.001"), "the moment it was so");
    assert_eq!(found.subject_id, Some(found_id("14:00:00").to_string().into()));
    assert_eq!((found.value, found.threshold), (None, Some(decimal("60"))));
    assert_eq!(found.head.source, "validate");
    bench.take(&quote("14:06:00", "1", "2").into());
    bench.tick(at("14:07:00.001"));
    assert_eq!(bench.findings.len(), 2, "the next silence is another one");
}

#[test]
fn silence_is_the_same_whether_the_clock_or_the_next_record_shows_it() {
    let (first, next) = (quote("14:00:00", "1", "2"), quote("14:03:00", "1", "2"));
    let by_record = run(Settings::default(), &[first.clone().into(), next.into()]);
    let mut bench = Bench::new(Settings::default());
    bench.take(&first.into());
    bench.tick(at("14:02:00"));
    assert_eq!(bench.findings.len(), 1);
    assert_eq!(bench.findings, by_record);
}

#[test]
fn silence_means_nothing_while_the_venue_is_closed() {
    // Friday's last quote, and Monday.
    let last = quote("2013-10-04T19:59:30", "1", "2");
    let mut bench = Bench::new(Settings::default());
    bench.take(&last.clone().into());
    bench.tick(at("2013-10-04T23:00:00"));
    bench.tick(at("2013-10-06T15:00:00"));
    bench.tick(at("13:31:00"));
    assert_eq!(bench.findings, []);
    bench.tick(at("13:31:01"));
    assert_eq!(bench.findings[0].head.received_time, at("13:31:00.001"));
    assert_eq!(bench.findings.len(), 1, "a feed that did not come back with the session");
    let never_closed = r#"{ "sessions": { "US": { "zone": "UTC", "open": "00:00",
        "close": "00:00", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] } } }"#;
    let mut bench = Bench::new(settings(never_closed));
    bench.take(&last.into());
    bench.tick(at("2013-10-04T20:01:00"));
    assert_eq!(bench.findings.len(), 1);
}

#[test]
fn a_delayed_feed_is_judged_by_the_hours_it_tells_of() {
    let delayed = |time, by: i64| {
        let mut quote = quote(time, "1", "2");
        quote.head.received_time = quote.head.event_time.plus_nanos(by * SECOND);
        quote
    };
    let mut bench = Bench::new(Settings::default());
    bench.take(&delayed("19:59:30", 900).into());
    bench.tick(at("20:30:00"));
    assert_eq!(bench.findings, [], "its session has ended");
    let mut bench = Bench::new(Settings::default());
    bench.take(&delayed("19:50:00", 900).into());
    bench.tick(at("20:30:00"));
    assert_eq!(bench.findings[0].head.received_time, at("20:06:00"), "its session has not");
    // A day that is replayed on a Saturday, when that is asked for.
    let replayed = delayed("14:00:00", 5 * 86_400);
    let mut bench = Bench::new(settings(r#"{ "limits": { "live_secs": 0 } }"#));
    bench.take(&replayed.into());
    bench.tick(at("2013-10-12T14:02:00"));
    assert_eq!(bench.findings[0].head.received_time, at("2013-10-12T14:01:00"));
}

#[test]
fn history_is_not_expected_to_go_on() {
    let mut old = flat("14:00:00");
    old.head.received_time = at("2013-10-08T14:00:00");
    let mut bench = Bench::new(Settings::default());
    bench.take(&old.clone().into());
    bench.take(&daily("2013-10-07", ["14", "14", "14", "14"]).into());
    bench.tick(at("2013-10-09T14:00:00"));
    assert_eq!(bench.findings, []);
    let all = settings(r#"{ "limits": { "live_secs": 0 } }"#);
    let mut bench = Bench::new(all);
    bench.take(&old.into());
    bench.tick(at("2013-10-08T14:02:59"));
    assert_eq!(bench.findings, []);
    bench.tick(at("2013-10-08T14:03:00"));
    assert_eq!(
        bench.lines(),
        ["warning stale: no bar (1m raw) of \"acme\" since 2013-10-08T14:00:00Z"]
    );
}

#[test]
fn minutes_without_a_bar_are_reported_during_the_session() {
    let hole = |count: i64, from: &str, to: &str| {
        let day = "2013-10-07T";
        format!(
            "warning missing_minute: bar (1m raw) of \"acme\": {count} minutes without a bar \
             between {day}{from}Z and {day}{to}Z"
        )
    };
    let quiet = || settings(r#"{ "limits": { "bars": { "stale_secs": 0 } } }"#);
    let check = |bars: &[&str], expected: &[&str]| {
        let bars: Vec<Bar> = bars.iter().map(|start| flat(start)).collect();
        check_with(quiet(), &bars, expected);
    };
    check(&["14:00:00", "14:01:00", "14:03:00"], &[]);
    check(&["14:00:00", "14:03:00"], &[&hole(2, "14:01:00", "14:03:00")]);
    // A late bar fills its own minute only; the next hole starts at the newest bar.
    check(&["14:00:00", "14:03:00", "14:01:00", "14:04:00"], &[&hole(2, "14:01:00", "14:03:00")]);
    // Before the session a hole is none; it begins with the session.
    check(&["12:00:00", "13:30:00"], &[]);
    check(&["13:00:00", "13:33:00"], &[&hole(3, "13:30:00", "13:33:00")]);
    check(&["19:59:00", "20:30:00", "23:00:00"], &[]);
    check(&["19:50:00", "20:30:00"], &[&hole(9, "19:51:00", "20:00:00")]);
    // Overnight: the minutes of the night do not count, those of both sessions do.
    check(&["2013-10-04T19:59:00", "13:30:00"], &[]);
    check(&["2013-10-04T19:59:00", "13:32:00"], &[&hole(2, "13:30:00", "13:32:00")]);
    let overnight = hole(12, "20:00:00", "13:32:00").replace("07T20:00", "04T19:50");
    check(&["2013-10-04T19:49:00", "13:32:00"], &[&overnight]);
    // The day after Thanksgiving ends at one o'clock.
    check(&["2013-11-29T17:59:00", "2013-12-02T14:30:00"], &[]);
}

#[test]
fn holes_have_a_least_length_and_only_bars_of_a_minute_have_them() {
    let bars = [flat("14:00:00"), flat("14:02:00"), flat("14:10:00")];
    let count = |settings, bars: &[Bar]| {
        let bars: Vec<Event> = bars.iter().cloned().map(Event::from).collect();
        let findings = run(settings, &bars);
        findings.iter().filter(|found| found.check == Check::MissingMinute).count()
    };
    let least = |minutes: u32| {
        settings(&format!(r#"{{ "limits": {{ "bars": {{ "missing_minutes": {minutes} }} }} }}"#))
    };
    assert_eq!(count(least(1), &bars), 2);
    assert_eq!(count(least(7), &bars), 1);
    assert_eq!(count(least(8), &bars), 0);
    assert_eq!(count(least(0), &bars), 0);
    let longer = bars.map(|mut bar| {
        bar.interval = "5m".into();
        bar
    });
    assert_eq!(count(least(1), &longer), 0);
}

#[test]
fn bars_obey_their_rules() {
    let check = |edit: fn(&mut Bar), expected: &str| {
        let mut bar = bar("14:01:00", ["14", "15", "13", "14.5"]);
        edit(&mut bar);
        let detail = "error invalid_bar: bar (1m raw) of \"acme\" of 2013-10-07T14:01:00Z: ";
        let line = format!("{detail}{expected}");
        let expected = if expected.is_empty() { vec![] } else { vec![line.as_str()] };
        check_with(Settings::default(), &[flat("14:00:00"), bar], &expected);
    };
    check(|_| {}, "");
    check(|bar| bar.open = decimal("15.01"), "open 15.01 outside 13 to 15");
    check(|bar| bar.open = decimal("12.99"), "open 12.99 outside 13 to 15");
    check(|bar| bar.close = decimal("15.010"), "close 15.01 outside 13 to 15");
    check(|bar| bar.low = decimal("14.2"), "open 14 outside 14.2 to 15");
    check(|bar| bar.volume = decimal("-1"), "volume -1 below zero");
    check(|bar| bar.volume = decimal("0"), "prices from 13 to 15 without volume");
    check(|bar| bar.trade_count = Some(-1), "-1 trades");
    check(|bar| bar.end_time = bar.head.event_time, "ends at 2013-10-07T14:01:00Z");
    check(|bar| (bar.high, bar.low) = (bar.low, bar.high), "high 13 below low 15");
    check(|bar| bar.low = decimal("0"), "low 0 not above zero");
    let mut odd = flat("14:00:00");
    odd.interval = "fortnight".into();
    let complaint = "error invalid_bar: bar (? raw) of \"acme\" of 2013-10-07T14:00:00Z: interval \
                     \"fortnight\"";
    check_with(Settings::default(), &[odd], &[complaint]);
}

#[test]
fn currencies_move_without_volume() {
    let fx = |start, close| {
        let mut bar = bar(start, ["1.10", "1.12", "1.09", close]);
        bar.volume = Decimal::ZERO;
        bar
    };
    check(&[fx("14:00:00", "1.11"), fx("14:01:00", "1.10")], &[]);
}

#[test]
fn a_real_split_is_named() {
    // AAPL, unadjusted, around 2014-06-09 and 2000-06-21, when it rose by a tenth on the day.
    let seven_for_one = [
        daily("2014-06-05", ["646.20", "649.37", "642.61", "647.35"]),
        daily("2014-06-06", ["650.00", "651.25", "644.48", "645.57"]),
        daily("2014-06-09", ["92.69", "93.88", "91.75", "93.70"]),
        daily("2014-06-10", ["94.73", "95.05", "93.57", "94.25"]),
        daily("2014-06-11", ["94.13", "94.76", "93.47", "93.86"]),
    ];
    check(
        &seven_for_one,
        &[
            "error spike: bar (1d raw) of \"acme\" jumps from 645.57 to 92.69: suspected unapplied \
             split, 7 for 1",
            "info spike: bar (1d raw) of \"acme\" confirms the jump from 645.57 to 93.86",
        ],
    );
    let two_for_one = [
        daily("2000-06-20", ["98.50", "103.94", "98.38", "101.00"]),
        daily("2000-06-21", ["50.50", "56.94", "50.31", "55.56"]),
    ];
    check(
        &two_for_one,
        &["error spike: bar (1d raw) of \"acme\" jumps from 101 to 50.5: suspected unapplied \
           split, 2 for 1"],
    );
}

#[test]
fn a_wrong_open_is_no_split() {
    // IBM's day, as a vendor has it.
    let bars = [
        daily("2002-12-20", ["79.40", "80.78", "78.74", "79.82"]),
        daily("2002-12-23", ["159.58", "159.58", "79.44", "80.46"]),
        daily("2002-12-24", ["80.20", "81.00", "79.74", "79.96"]),
    ];
    check(&bars, &["warning spike: bar (1d raw) of \"acme\" jumps from 79.82 to 159.58"]);
}

#[test]
fn a_restated_bar_replaces_its_close_and_confirms_nothing() {
    let restated = |start, close: &str, version: &str| {
        let mut bar = bar(start, [close, close, close, close]);
        bar.head.event_id = EventId::of(&[start, version]);
        bar
    };
    let spike = "warning spike: bar (1m raw) of \"acme\" jumps from 14 to 20";
    check(
        &[
            flat("14:00:00"),
            restated("14:01:00", "20", "1"),
            restated("14:01:00", "20.1", "2"),
            restated("14:01:00", "20.2", "3"),
            restated("14:01:00", "14.1", "4"),
            restated("14:02:00", "14.2", "1"),
        ],
        &[spike],
    );
}

#[test]
fn wrong_settings_are_refused_with_their_name() {
    let refused = |json: &str| {
        let settings: Result<Settings, _> = serde_json::from_str(json);
        match settings {
            Err(error) => error.to_string(),
            Ok(settings) => Validate::new(settings).unwrap_err().to_string(),
        }
    };
    let error = refused(r#"{ "limits": { "bars": { "duplicate_records": 1025 } } }"#);
    assert_eq!(error, "the limit bars.duplicate_records is 1025; it can be at most 1024");
    let error = refused(r#"{ "limits": { "trades": { "spike_percent": -1 } } }"#);
    assert!(error.contains("-1 percent is negative"), "{error}");
    let error = refused(r#"{ "limits": { "trades": { "spike_percent": "ten" } } }"#);
    assert!(error.contains("\"ten\" is not a decimal number"), "{error}");
    let error = refused(r#"{ "limits": { "trade": {} } }"#);
    assert!(error.contains("unknown field `trade`"), "{error}");
    let error = refused(
        r#"{ "sessions": { "XETR": { "zone": "Europe/Bonn", "open": "09:00",
        "close": "17:30" } } }"#,
    );
    assert!(error.contains("sessions.XETR.zone \"Europe/Bonn\""), "{error}");
    for feed in [r#""0.5""#, "0.5", "5"] {
        let json = format!(r#"{{ "limits": {{ "trades": {{ "spike_percent": {feed} }} }} }}"#);
        assert!(Validate::new(settings(&json)).is_ok(), "{feed}");
    }
}

#[test]
fn every_limit_can_be_named_at_every_level() {
    let limits = r#"{
        "trades": { "stale_secs": 1, "out_of_order_secs": 1, "spike_percent": 1,
            "ignored_conditions": ["W"], "duplicate_records": 1 },
        "quotes": { "stale_secs": 1, "out_of_order_secs": 1, "crossed_updates": 1,
            "crossed_secs": 1, "report_locked": false, "duplicate_records": 1 },
        "bars": { "stale_secs": 1, "out_of_order_secs": 1, "spike_percent": 1,
            "missing_minutes": 1, "duplicate_records": 1 },
        "future_secs": 1, "live_secs": 1 }"#;
    let json = format!(
        r#"{{ "limits": {limits}, "venue_limits": {{ "XETR": {limits} }},
            "instrument_limits": {{ "BAC.US": {limits} }}, "repeat_secs": 1,
            "sessions": {{ "XETR": {{ "zone": "Europe/Berlin", "open": "09:00", "close": "17:30",
                "days": ["mon"], "holidays": "none", "closed": ["2026-12-24"] }} }} }}"#
    );
    assert!(Validate::new(settings(&json)).is_ok());
}

#[test]
fn a_vendors_nonsense_does_not_grow_the_state() {
    let mut bench = Bench::new(Settings::default());
    for number in 0..200 {
        let mut bar = flat("14:00:00");
        bar.interval = format!("{number}{}", if number < 100 { "m" } else { "\u{10ffff}" }).into();
        bar.interval = bar.interval.repeat(1 + number / 100 * 50);
        bar.head.source = format!("\u{1}{}", number % 7).repeat(1 + number * 10).into();
        bar.head.event_id = EventId::of(&[&number.to_string()]);
        bench.take(&bar.into());
    }
    assert!(bench.findings.iter().all(|finding| finding.detail.chars().count() <= 300));
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    let start = at("13:30:00").0;
    prop_oneof![
        8 => (0i64..600).prop_map(move |secs| Timestamp(start + secs * SECOND)),
        1 => any::<i64>().prop_map(Timestamp),
        1 => proptest::sample::select(vec![i64::MIN, i64::MAX, 0]).prop_map(Timestamp),
    ]
}

fn any_price() -> impl Strategy<Value = Decimal> {
    prop_oneof![
        6 => (1300i64..1500).prop_map(|cents| Decimal::new(cents, 2)),
        2 => (1i64..10_000_000).prop_map(|cents| Decimal::new(cents, 2)),
        1 => proptest::sample::select(vec![
            Decimal::ZERO,
            Decimal::MAX,
            Decimal::MIN,
            Decimal::new(1, 18),
            Decimal::new(1, 28),
        ]),
    ]
}

fn any_head() -> impl Strategy<Value = Head> {
    (any_time(), any_time(), 0u32..200, "acme|other|.{0,80}").prop_map(
        |(event_time, received_time, id, source)| Head {
            event_id: EventId::of(&[&id.to_string()]),
            source: source.into(),
            event_time,
            received_time,
        },
    )
}

/// Any record of one instrument, however mad.
fn any_record() -> impl Strategy<Value = Event> {
    let prices = proptest::array::uniform4(any_price());
    let codes = proptest::sample::select(vec!["@", "W", "x"]);
    let interval = "1m|5m|1d|[0-9]{1,6}[mhd]|.{0,40}";
    let kinds = (0u8..3, codes, 0usize..3, interval);
    (any_head(), prices, kinds).prop_map(|(head, prices, (kind, code, status, interval))| {
        let [first, second, third, fourth] = prices;
        let event: Event = match kind {
            0 => {
                let mut trade = trade("14:00:00", "14");
                trade.head = head;
                trade.price = first;
                trade.trade_id = interval.into();
                trade.conditions = vec![code.into()];
                trade.status = TradeStatus::ALL[status];
                trade.into()
            }
            1 => {
                let mut quote = quote("14:00:00", "", "");
                quote.head = head;
                quote.bid_price = (status > 0).then_some(first);
                quote.ask_price = (status < 2).then_some(second);
                quote.into()
            }
            _ => {
                let mut bar = flat("14:00:00");
                bar.end_time = Timestamp(head.event_time.0.saturating_add(60 * SECOND));
                bar.head = head;
                (bar.open, bar.high, bar.low, bar.close) = (first, second, third, fourth);
                bar.interval = interval.into();
                bar.into()
            }
        };
        event
    })
}

/// A record of a live feed that arrives in order.
fn live_record() -> impl Strategy<Value = (i64, Event)> {
    let pause = prop_oneof![4 => 0i64..3_000, 1 => 0i64..400_000];
    let price = prop_oneof![9 => 1390i64..1410, 1 => 1000i64..2000];
    let source = proptest::sample::select(vec!["acme", "other"]);
    (pause, price, 0u8..3, -2i64..3, source).prop_map(|(pause, cents, kind, spread, source)| {
        let price = Decimal::new(cents, 2).to_string();
        let ask = Decimal::new(cents + spread, 2).to_string();
        let mut event: Event = match kind {
            0 => trade("14:00:00", &price).into(),
            1 => quote("14:00:00", &price, &ask).into(),
            _ => bar("14:00:00", [&price; 4].map(String::as_str)).into(),
        };
        event.head_mut().source = source.into();
        (pause * 1_000_000, event)
    })
}

/// Gives records their times: each so long after the one before.
fn timed(records: Vec<(i64, Event)>) -> Vec<Event> {
    let mut time = at("13:30:00");
    let mut events = vec![];
    for (number, (pause, mut event)) in records.into_iter().enumerate() {
        time = time.plus_nanos(pause);
        let start = if matches!(event, Event::Bar(_)) { -60 * SECOND } else { 0 };
        let head = event.head_mut();
        head.event_id = EventId::of(&[&number.to_string()]);
        head.event_time = time.plus_nanos(start);
        head.received_time = time;
        if let Event::Bar(bar) = &mut event {
            bar.end_time = time;
        }
        events.push(event);
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_panics_and_everything_is_bounded(
        records in proptest::collection::vec((any_record(), any_time()), 1..80),
    ) {
        let mut bench = Bench::new(Settings::default());
        for (record, time) in &records {
            let before = bench.findings.len();
            bench.take(record);
            let of_record = bench.findings.len() - before;
            prop_assert!(of_record <= 6, "{} findings of one record", of_record);
            bench.tick(*time);
        }
        let limit = Decimal::from(10u128.pow(20));
        for finding in &bench.findings {
            prop_assert!(finding.detail.chars().count() <= 300, "{}", finding.detail);
            for figure in [finding.value, finding.threshold].into_iter().flatten() {
                prop_assert!(figure.abs() < limit && figure.scale() <= 18, "{}", figure);
            }
        }
        let again: Vec<Event> = records.iter().map(|(record, _)| record.clone()).collect();
        prop_assert_eq!(
            run(Settings::default(), &again),
            run(Settings::default(), &again),
        );
    }

    #[test]
    fn ticks_change_when_a_finding_comes_and_never_which(
        records in proptest::collection::vec(live_record(), 1..60),
        ticks in proptest::collection::vec(0i64..400, 60),
    ) {
        let events = timed(records);
        let end = events.last().unwrap().head().received_time.plus_nanos(7_200 * SECOND);
        let mut plain = Bench::new(Settings::default());
        let mut ticked = Bench::new(Settings::default());
        for (index, event) in events.iter().enumerate() {
            plain.take(event);
            ticked.take(event);
            let time = event.head().received_time;
            let next = events.get(index + 1).map_or(end, |next| next.head().received_time);
            for part in 1..=ticks[index] % 4 {
                ticked.tick(Timestamp(time.0 + (next.0 - time.0) / 4 * part));
            }
        }
        plain.tick(end);
        ticked.tick(end);
        let ids = |bench: &Bench| -> BTreeSet<(EventId, String)> {
            let key = |finding: &Finding| (finding.head.event_id, format!("{finding:?}"));
            bench.findings.iter().map(key).collect()
        };
        prop_assert_eq!(ids(&plain).len(), plain.findings.len(), "ids are unique");
        prop_assert_eq!(ids(&plain), ids(&ticked));
    }

}

proptest! {
    // Each case is a quarter of an hour of records, saved and restored one by one.
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_lasting_fault_makes_few_findings(price in 1i64..100_000, seconds in 1i64..900) {
        let mut bench = Bench::new(Settings::default());
        let start = at("14:00:00");
        for second in 0..seconds {
            let mut bad = quote("14:00:00", "2", "1");
            bad.head = head(start.plus_nanos(second * SECOND));
            bench.take(&bad.into());
            let mut wild = trade("14:00:00", "14");
            wild.head = head(start.plus_nanos(second * SECOND + 1));
            wild.trade_id = second.to_string().into();
            wild.price = if second % 2 == 0 { decimal("14") } else { Decimal::new(price, 2) };
            bench.take(&wild.into());
        }
        let spikes = bench.findings.iter().filter(|found| found.severity > Severity::Info);
        prop_assert!(spikes.count() as i64 <= 1 + 1 + seconds / 300);
    }
}
