#![allow(clippy::unwrap_used)]

use component::{Out, Processor};
use model::{
    Adjustment, Bar, Decimal, Event, EventId, Finding, Head, Quote, Timestamp, Trade, TradeStatus,
};
use proptest::prelude::*;

use crate::{Settings, State, Validate};

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Times are seconds after 14:00 UTC of a trading day, in the regular session of `US`.
fn time(secs: i64) -> Timestamp {
    let start: Timestamp = "2013-10-07T14:00:00Z".parse().unwrap();
    start.plus_nanos(secs * 1_000_000_000)
}

fn head(id: &str, secs: i64) -> Head {
    let mut head = Head::new(EventId::of(&[id]), time(secs));
    head.received_time = head.event_time;
    head.source = "paper".into();
    head
}

fn trade(id: &str, secs: i64, price: &str) -> Trade {
    Trade {
        head: head(&format!("trade {id}"), secs),
        instrument: "BAC.US".into(),
        symbol: "BAC".into(),
        trade_id: id.into(),
        venue: Some("P".into()),
        price: number(price),
        quantity: Decimal::ONE_HUNDRED,
        conditions: vec![],
        tape: None,
        status: TradeStatus::Original,
    }
}

fn quote(secs: i64, bid: &str, ask: &str) -> Quote {
    Quote {
        head: head(&format!("quote {secs} {bid} {ask}"), secs),
        instrument: "BAC.US".into(),
        symbol: "BAC".into(),
        bid_price: Some(number(bid)),
        bid_quantity: None,
        bid_venue: None,
        ask_price: Some(number(ask)),
        ask_quantity: None,
        ask_venue: None,
        conditions: vec![],
        tape: None,
    }
}

/// A one-minute bar whose figures are `open high low close volume`.
fn bar(secs: i64, figures: &str) -> Bar {
    let figures: Vec<Decimal> = figures.split_whitespace().map(number).collect();
    Bar {
        head: head(&format!("bar {secs} {figures:?}"), secs),
        instrument: "BAC.US".into(),
        symbol: "BAC".into(),
        interval: "1m".into(),
        end_time: time(secs + 60),
        open: figures[0],
        high: figures[1],
        low: figures[2],
        close: figures[3],
        volume: figures[4],
        vwap: None,
        trade_count: None,
        adjustment: Adjustment::Raw,
        is_final: true,
    }
}

/// One instrument's watch; its state goes through JSON before every record.
struct Watch {
    validate: Validate,
    state: State,
    findings: Vec<Finding>,
}

impl Watch {
    fn new(settings: Settings) -> Self {
        let validate = Validate::new(settings).unwrap();
        Self { validate, state: State::default(), findings: vec![] }
    }

    fn restore(&mut self) {
        let saved = serde_json::to_vec(&self.state).unwrap();
        self.state = serde_json::from_slice(&saved).unwrap();
    }

    fn take(&mut self, event: impl Into<Event>) {
        self.restore();
        let event = event.into();
        let mut out = Out::caused_by(Validate::NAME, event.head());
        self.validate.apply(&mut self.state, &(), &event, &mut out).unwrap();
        self.keep(out);
    }

    fn tick(&mut self, secs: i64) {
        self.restore();
        let mut out = Out::tick(Validate::NAME, "BAC.US|paper", time(secs));
        self.validate.tick(&mut self.state, time(secs), &mut out);
        self.keep(out);
    }

    fn keep(&mut self, out: Out) {
        for event in out.into_events() {
            let Event::Finding(finding) = event else { panic!("{event:?}") };
            assert_eq!(finding.instrument, "BAC.US".into());
            self.findings.push(*finding);
        }
    }

    /// What was found, as `spike warning paper: trade at 20 …`.
    fn told(&self) -> Vec<String> {
        let words =
            |found: &Finding| format!("{} {} {}", found.check, found.severity, found.detail);
        self.findings.iter().map(words).collect()
    }
}

fn check(events: impl IntoIterator<Item = Event>, expected: &[&str]) -> Watch {
    // Every episode is told, so that the cases need not be a minute apart.
    let mut watch = Watch::new(Settings { quiet_secs: 0, ..Settings::default() });
    for event in events {
        watch.take(event);
    }
    assert_eq!(watch.told(), expected);
    watch
}

fn trades(list: &[(&str, i64, &str)]) -> Vec<Event> {
    list.iter().map(|(id, secs, price)| trade(id, *secs, price).into()).collect()
}

#[test]
fn good_data_is_quiet() {
    let mut events = trades(&[("1", 0, "13.90"), ("2", 1, "13.91"), ("3", 1, "14.20")]);
    events.extend([quote(1, "13.90", "13.91").into(), bar(0, "1 2 1 2 5").into()]);
    events.extend([bar(60, "2 2 2 2 0").into()]);
    check(events, &[]);
}

#[test]
fn a_wild_price_is_found_once_and_released_when_confirmed() {
    check(
        trades(&[
            ("1", 0, "14"),
            ("2", 1, "20"),
            ("3", 2, "20.1"),
            ("4", 3, "20.2"),
            ("5", 4, "20.3"),
            ("6", 5, "14"),
            ("7", 6, "20"),
            ("8", 7, "10"),
        ]),
        &[
            "spike warning paper: trade at 20 is 42.86 % from 14",
            "spike warning paper: trade at 14 is 31.03 % from 20.3",
            "spike warning paper: trade at 10 is 50 % from 20; suspected unapplied split 2 for 1",
        ],
    );
    let bars = [bar(0, "10 10 10 10 1"), bar(60, "1 1 1 1 1"), bar(120, "1 1 1 1 1")];
    let split = "spike warning paper: bar at 1 is 90 % from 10; suspected unapplied split 10 for 1";
    check(bars.map(Event::from), &[split]);
}

#[test]
fn venues_may_jump_differently() {
    let of = |id: &str, price: &str| {
        let mut trade = trade(id, 0, price);
        trade.instrument = "BTC/USD.CRYPTO".into();
        Event::from(trade)
    };
    let validate = Validate::new(Settings::default()).unwrap();
    let mut state = State::default();
    let mut found = |event: Event| {
        let mut out = Out::caused_by(Validate::NAME, event.head());
        validate.apply(&mut state, &(), &event, &mut out).unwrap();
        out.into_events().len()
    };
    assert_eq!(found(of("1", "100")), 0);
    assert_eq!(found(of("2", "124")), 0);
    assert_eq!(found(of("3", "160")), 1);
}

#[test]
fn a_crossed_quote_must_last() {
    let crossed = |secs| Event::from(quote(secs, "14.02", "14.00"));
    let good = |secs| Event::from(quote(secs, "13.99", "14.00"));
    check([crossed(0), good(0), crossed(1), good(1)], &[]);
    check(
        [crossed(0), crossed(2), crossed(3), good(4), crossed(5), crossed(6)],
        &[
            "crossed warning paper: bid 14.02 above ask 14.00 for 2 quotes",
            "crossed warning paper: bid 14.02 above ask 14.00 for 2 quotes",
        ],
    );
    let mut watch = check([crossed(0)], &[]);
    watch.tick(0);
    assert!(watch.told().is_empty());
    watch.tick(1);
    watch.tick(2);
    assert_eq!(watch.told(), ["crossed warning paper: bid 14.02 above ask 14.00 for 1 quotes"]);
    let locked = [quote(0, "14", "14"), quote(1, "14", "14"), quote(2, "13", "14")];
    check(locked.map(Event::from), &["crossed info paper: locked: bid and ask are both 14"]);
}

#[test]
fn repetitions_are_found() {
    let mut otherwise = trade("1", 2, "14");
    otherwise.head.event_id = EventId::of(&["another report of the same print"]);
    let mut corrected = trade("1", 3, "14.01");
    corrected.status = TradeStatus::Corrected;
    check(
        [
            trade("1", 0, "14").into(),
            trade("1", 0, "14").into(),
            otherwise.into(),
            corrected.into(),
            trade("2", 3, "14").into(),
            quote(3, "13", "14").into(),
            quote(3, "13", "14").into(),
            bar(0, "1 1 1 1 1").into(),
            bar(0, "1 1 1 1 1").into(),
            bar(0, "1 1 1 1 2").into(),
        ],
        &[
            "duplicate info paper: trade \"1\" came again",
            "duplicate info paper: quote came again",
            "duplicate info paper: bar came again",
        ],
    );
}

#[test]
fn the_window_of_repetitions_is_bounded() {
    let mut events: Vec<Event> = (0..65).map(|id| trade(&id.to_string(), 0, "14").into()).collect();
    events.extend([trade("1", 0, "14").into(), trade("0", 0, "14").into()]);
    check(events, &["duplicate info paper: trade \"1\" came again"]);
}

#[test]
fn late_records_are_found() {
    check(
        trades(&[
            ("1", 10, "14"),
            ("2", 5, "14"),
            ("3", 4, "14"),
            ("4", 3, "99"),
            ("5", 11, "14"),
            ("6", 5, "14"),
        ]),
        &[
            "out_of_order warning paper: trade is 6 s older than the latest",
            "out_of_order warning paper: trade is 6 s older than the latest",
        ],
    );
    let bars = [bar(600, "1 1 1 1 1"), bar(0, "1 1 1 1 1"), bar(-86_000, "1 1 1 1 1")];
    check(
        bars.map(Event::from),
        &["out_of_order warning paper: bar is 86600 s older than the latest"],
    );
}

#[test]
fn holes_inside_a_session_are_found() {
    let flat = |secs| Event::from(bar(secs, "14 14 14 14 1"));
    check([flat(0), flat(60), flat(240)], &[]);
    check(
        [flat(0), flat(240), flat(480)],
        &[
            "missing_minute warning paper: 3 minutes without a bar after 2013-10-07T14:00:00Z",
            "missing_minute warning paper: 3 minutes without a bar after 2013-10-07T14:04:00Z",
        ],
    );
    const HOUR: i64 = 3_600;
    check([flat(5 * HOUR), flat(7 * HOUR), flat(24 * HOUR), flat(24 * HOUR + 60)], &[]);
    let filled_in = [flat(0), flat(480), flat(120), flat(180), flat(540)];
    let words = "missing_minute warning paper: 7 minutes without a bar after 2013-10-07T14:00:00Z";
    check(filled_in, &[words]);
}

#[test]
fn bars_that_contradict_themselves_are_found() {
    let cases = [
        ("2 1 1 1 5", "open 2 is outside 1 to 1"),
        ("1 1 2 1 5", "low 2 is above high 1"),
        ("1 2 1 3 5", "close 3 is outside 1 to 2"),
        ("0 0 0 0 5", "low 0 is not above zero"),
        ("1 1 1 1 -5", "volume -5 is below zero"),
        ("1 2 1 2 0", "prices from 1 to 2 without volume"),
    ];
    for (figures, words) in cases {
        let words = format!("invalid_bar error paper: bar 1m of 2013-10-07T14:00:00Z: {words}");
        check([bar(0, figures).into()], &[&words]);
    }
    let mut backwards = bar(0, "1 1 1 1 1");
    backwards.end_time = time(0);
    let words = "invalid_bar error paper: bar 1m of 2013-10-07T14:00:00Z: ends at \
                 2013-10-07T14:00:00Z before it starts";
    check([backwards.into()], &[words]);
}

#[test]
fn silence_is_found_once_inside_the_session() {
    let mut watch = Watch::new(Settings::default());
    watch.take(quote(0, "13", "14"));
    watch.take(trade("1", 0, "14"));
    watch.tick(60);
    assert!(watch.told().is_empty());
    watch.tick(61);
    watch.tick(62);
    assert_eq!(watch.told(), ["stale warning paper: no quote for 61 s"]);
    watch.take(quote(70, "13", "14"));
    watch.tick(901);
    assert_eq!(
        watch.told()[1..],
        ["stale warning paper: no trade for 901 s", "stale warning paper: no quote for 831 s"]
    );

    // The last quote of a day, the night, and the first minutes of the next day.
    const HOUR: i64 = 3_600;
    let mut watch = Watch::new(Settings::default());
    watch.take(quote(6 * HOUR - 30, "13", "14"));
    for later in [6 * HOUR, 7 * HOUR, 23 * HOUR + 1_800 + 60] {
        watch.tick(later);
    }
    assert!(watch.told().is_empty(), "{:?}", watch.told());
    watch.tick(23 * HOUR + 1_800 + 61);
    assert_eq!(watch.told(), ["stale warning paper: no quote for 61 s"]);
}

#[test]
fn a_replayed_day_is_judged_by_its_own_hours() {
    let mut watch = Watch::new(Settings::default());
    let mut replayed = quote(0, "13", "14");
    let midnight: Timestamp = "2026-11-23T03:00:00Z".parse().unwrap();
    replayed.head.received_time = midnight;
    watch.take(replayed);
    let watermark = midnight.plus_nanos(61_000_000_000);
    let mut out = Out::tick(Validate::NAME, "BAC.US|paper", watermark);
    watch.validate.tick(&mut watch.state, watermark, &mut out);
    assert_eq!(out.events().len(), 1);
}

#[test]
fn a_check_that_keeps_failing_is_told_once_a_minute() {
    let mut watch = Watch::new(Settings::default());
    for second in 0..=61 {
        watch.take(trade(&format!("{second} good"), second, "14"));
        watch.take(trade(&format!("{second} wild"), second, "20"));
    }
    assert_eq!(
        watch.told(),
        [
            "spike warning paper: trade at 20 is 42.86 % from 14",
            "spike warning paper: trade at 20 is 42.86 % from 14; 59 more since the last finding",
        ]
    );
}

#[test]
fn each_source_is_watched_by_itself() {
    let validate = Validate::new(Settings::default()).unwrap();
    let mut other = trade("1", 0, "14");
    other.head.source = "delayed".into();
    let keys = [trade("1", 0, "14"), other].map(|trade| validate.key(&trade.into()).unwrap());
    assert_eq!(keys, ["BAC.US|paper", "BAC.US|delayed"]);
}

#[test]
fn settings_are_checked() {
    let refused = |text: &str| {
        let settings: Settings = serde_json::from_str(text).unwrap();
        Validate::new(settings).unwrap_err().to_string()
    };
    assert_eq!(
        refused(r#"{ "duplicate_window": 1025 }"#),
        "the setting duplicate_window is 1025; it can be at most 1024"
    );
    let session =
        r#"{ "sessions": { "L": { "zone": "Europe/London", "open": "8 am", "close": "16:30" } } }"#;
    assert!(refused(session).contains("\"8 am\" in the setting sessions.L.open"));
    assert!(serde_json::from_str::<Settings>(r#"{ "stale": { "trade_secs": 1 } }"#).is_err());
}

/// Any record with figures up to the extremes.
fn any_record() -> impl Strategy<Value = Event> {
    let figure = prop_oneof![
        (1i64..2_000).prop_map(|cents| Decimal::new(cents, 2)),
        Just(Decimal::ZERO),
        Just(Decimal::MAX),
        Just(Decimal::MIN),
        Just(Decimal::new(1, 28)),
    ];
    (0usize..3, -1_000i64..100_000, proptest::collection::vec(figure, 5)).prop_map(
        |(kind, secs, figures)| match kind {
            0 => {
                let mut trade = trade(&secs.to_string(), secs, "1");
                trade.price = figures[0];
                trade.into()
            }
            1 => {
                let mut quote = quote(secs, "1", "1");
                quote.bid_price = Some(figures[0]);
                quote.ask_price = Some(figures[1]);
                quote.into()
            }
            _ => {
                let mut bar = bar(secs, "1 1 1 1 1");
                (bar.open, bar.high, bar.low) = (figures[0], figures[1], figures[2]);
                (bar.close, bar.volume) = (figures[3], figures[4]);
                bar.into()
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whatever_comes_findings_and_state_stay_small(
        events in proptest::collection::vec(any_record(), 1..200),
    ) {
        let mut watch = Watch::new(Settings::default());
        let mut latest = time(-1_000);
        for mut event in events {
            latest = latest.max(event.head().event_time);
            event.head_mut().received_time = latest;
            watch.take(event);
        }
        // At most one finding a minute for each of the 5 checks of 3 feeds, two of them twice.
        let minutes = latest.since(time(-1_000)) / 60_000_000_000 + 1;
        prop_assert!((watch.findings.len() as i64) <= minutes * 15);
        prop_assert!(serde_json::to_vec(&watch.state).unwrap().len() < 10_000);
    }
}
