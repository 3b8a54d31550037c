#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use component::{Out, Processor};
use model::{
    Balance, Break, BreakStatus, CorporateAction, CorporateActionKind, Decimal, Event, EventId,
    Fill, FillKind, Head, PortfolioCash, PortfolioPosition, Position, Side, Text, Timestamp,
};
use proptest::prelude::*;

use crate::state::MAX_POSITIONS;
use crate::{Reconcile, Settings, Splits, State};

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn head(secs: i64) -> Head {
    let mut head = Head::new(EventId::of(&[&secs.to_string()]), Timestamp::from_secs(secs));
    head.received_time = head.event_time;
    head
}

/// What we have booked of an instrument.
fn ours(secs: i64, symbol: &str, quantity: &str) -> Event {
    Event::from(PortfolioPosition {
        head: head(secs),
        account: "main".into(),
        instrument: symbol.into(),
        quantity: number(quantity),
        average_price: None,
        cost: Decimal::ZERO,
        realized_profit: Decimal::ZERO,
        currency: "USD".into(),
        fill_count: 0,
        last_execution_id: None,
    })
}

/// What the broker says of it.
fn theirs(secs: i64, symbol: &str, quantity: &str) -> Event {
    Event::from(Position {
        head: head(secs),
        account: "main".into(),
        system: "paper".into(),
        broker_account: "PA1".into(),
        instrument: symbol.into(),
        symbol: symbol.into(),
        quantity: number(quantity),
        average_price: None,
        last_price: None,
        market_value: None,
        cost_basis: None,
        unrealized_profit: None,
        currency: "USD".into(),
    })
}

fn our_cash(secs: i64, cash: &str) -> Event {
    Event::from(PortfolioCash {
        head: head(secs),
        account: "main".into(),
        currency: "USD".into(),
        cash: number(cash),
        opening: Decimal::ZERO,
        movement_count: 0,
    })
}

fn their_cash(secs: i64, cash: &str) -> Event {
    Event::from(Balance {
        head: head(secs),
        account: "main".into(),
        system: "paper".into(),
        broker_account: "PA1".into(),
        currency: "USD".into(),
        cash: number(cash),
        equity: None,
        buying_power: None,
        initial_margin: None,
        maintenance_margin: None,
        pending_in: None,
        pending_out: None,
        is_blocked: false,
    })
}

/// A fill of BAC at 10.
fn fill(secs: i64, id: &str, quantity: &str) -> Fill {
    let quantity = number(quantity);
    Fill {
        head: head(secs),
        execution_id: id.into(),
        vendor_execution_id: None,
        order_id: "o1".into(),
        account: "main".into(),
        system: "paper".into(),
        broker_account: "PA1".into(),
        broker_order_id: "b1".into(),
        instrument: "BAC.US".into(),
        symbol: "BAC".into(),
        side: if quantity.is_sign_negative() { Side::Sell } else { Side::Buy },
        price: Decimal::TEN,
        quantity: quantity.abs(),
        currency: "USD".into(),
        commission: None,
        cumulative_quantity: None,
        kind: FillKind::New,
        corrects: None,
    }
}

fn split(date: &str, new: i64, old: i64) -> Event {
    Event::from(CorporateAction {
        head: head(0),
        instrument: "BAC.US".into(),
        symbol: "BAC".into(),
        action_id: "a1".into(),
        kind: CorporateActionKind::ForwardSplit,
        ex_date: Some(date.parse().unwrap()),
        record_date: None,
        payable_date: None,
        effective_date: None,
        process_date: None,
        cash_rate: None,
        currency: None,
        new_rate: Some(new.into()),
        old_rate: Some(old.into()),
        new_instrument: None,
        terms: BTreeMap::new(),
    })
}

/// Reconciles events, restoring the state from JSON before each.
struct Desk {
    reconcile: Reconcile,
    splits: Splits,
    state: State,
    breaks: Vec<Break>,
}

impl Desk {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        Self {
            reconcile: Reconcile::new(settings).unwrap(),
            splits: Splits::default(),
            state: State::default(),
            breaks: vec![],
        }
    }

    fn restore(&mut self) {
        let saved = serde_json::to_vec(&self.state).unwrap();
        self.state = serde_json::from_slice(&saved).unwrap();
    }

    fn take(&mut self, event: impl Into<Event>) {
        self.restore();
        let event = event.into();
        let mut out = Out::caused_by(Reconcile::NAME, event.head());
        self.reconcile.apply(&mut self.state, &self.splits, &event, &mut out).unwrap();
        self.keep(out);
    }

    fn tick(&mut self, secs: i64) {
        self.restore();
        let watermark = Timestamp::from_secs(secs);
        let mut out = Out::tick(Reconcile::NAME, "main", watermark);
        self.reconcile.tick(&mut self.state, watermark, &mut out);
        self.keep(out);
    }

    fn keep(&mut self, out: Out) {
        for event in out.into_events() {
            let Event::Break(found) = event else { panic!("{event:?}") };
            self.breaks.push(*found);
        }
    }

    /// What was published, as `open quantity 10 61s`, and each explanation.
    fn told(&self) -> Vec<String> {
        let words = |found: &Break| {
            let Break { status, kind, difference, age_secs, .. } = found;
            let why = found.explanation.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            format!("{status} {kind} {} {age_secs}s{why}", difference.normalize())
        };
        self.breaks.iter().map(words).collect()
    }
}

/// Takes the events, lets a minute pass after the last and compares what was published.
fn check(events: Vec<Event>, expected: &[&str]) -> Desk {
    check_with(Settings::default(), events, expected)
}

/// The same when no fill may be late.
fn check_punctual(events: Vec<Event>, expected: &[&str]) -> Desk {
    check_with(Settings { timing_secs: 0, ..Settings::default() }, events, expected)
}

fn check_with(settings: Settings, events: Vec<Event>, expected: &[&str]) -> Desk {
    let mut desk = Desk::with(settings);
    let last = events.last().unwrap().head().received_time.0 / 1_000_000_000;
    for event in events {
        desk.take(event);
    }
    desk.tick(last + 59);
    desk.tick(last + 60);
    assert_eq!(desk.told(), expected);
    desk
}

#[test]
fn equal_books_are_quiet() {
    check(
        vec![
            ours(0, "BAC.US", "100"),
            theirs(0, "BAC.US", "100.0"),
            our_cash(0, "500"),
            their_cash(0, "500.01"),
            theirs(0, "IBM.US", "0"),
        ],
        &[],
    );
}

#[test]
fn nothing_is_said_before_both_sides_have_spoken_and_the_grace_is_over() {
    check(vec![theirs(0, "BAC.US", "100")], &[]);
    let mut desk = check(vec![ours(0, "BAC.US", "100"), our_cash(0, "1")], &[]);
    desk.tick(1000);
    assert_eq!(desk.told(), [""; 0]);
    desk.take(their_cash(1001, "1"));
    desk.tick(1060);
    assert_eq!(desk.told(), [""; 0], "the grace begins when both have spoken");
    desk.tick(1061);
    assert_eq!(desk.told(), ["open missing_external 100 1061s"]);
}

#[test]
fn a_late_side_is_a_matter_of_time() {
    let start = || vec![ours(0, "BAC.US", "0"), theirs(0, "BAC.US", "0")];
    let mut events = start();
    events.extend([fill(10, "e1", "5").into(), ours(10, "BAC.US", "5")]);
    let words = "the broker does not yet count execution \"e1\"";
    let mut desk = check(events, &[&format!("explained timing 5 60s: {words}")]);
    desk.take(theirs(80, "BAC.US", "5"));
    assert_eq!(desk.told()[1..], [format!("closed timing 0 70s: {words}")]);

    let mut events = start();
    events.extend([fill(10, "e1", "5").into(), theirs(11, "BAC.US", "5")]);
    let words = "our books do not yet count execution \"e1\"";
    check(events, &[&format!("explained timing -5 60s: {words}")]);
}

#[test]
fn while_trading_goes_on_the_oldest_late_fill_counts() {
    let mut desk = Desk::new();
    desk.take(theirs(0, "BAC.US", "0"));
    desk.take(ours(0, "BAC.US", "0"));
    for second in 1..300 {
        desk.take(fill(second, &second.to_string(), "1"));
        desk.take(ours(second, "BAC.US", &second.to_string()));
        if second % 3 == 0 {
            // The broker is always two seconds behind.
            desk.take(theirs(second, "BAC.US", &(second - 2).to_string()));
        }
        desk.tick(second);
    }
    let told = desk.told();
    assert_eq!(told, [""; 0]);
}

#[test]
fn what_stays_missing_is_named() {
    let start = || {
        let positions = [ours(0, "BAC.US", "0"), theirs(0, "BAC.US", "0")];
        positions.into_iter().chain([our_cash(0, "0"), their_cash(0, "0")]).collect::<Vec<_>>()
    };
    let mut events = start();
    events.extend([
        fill(1, "e1", "5").into(),
        fill(2, "e2", "7").into(),
        ours(2, "BAC.US", "12"),
        our_cash(2, "-120"),
        theirs(10, "BAC.US", "5"),
        their_cash(10, "-50"),
    ]);
    let words = "the broker does not count execution \"e2\"";
    check_punctual(
        events,
        &[
            &format!("explained missing_external 7 67s: {words}"),
            &format!("explained missing_external -70 67s: {words}"),
        ],
    );
    let mut events = start();
    events.extend([
        fill(1, "e1", "5").into(),
        fill(2, "e2", "7").into(),
        ours(3, "BAC.US", "5"),
        our_cash(3, "-50"),
        theirs(10, "BAC.US", "12"),
        their_cash(10, "-120"),
    ]);
    let words = "our books do not count execution \"e2\"";
    check_punctual(
        events,
        &[
            &format!("explained missing_internal -7 66s: {words}"),
            &format!("explained missing_internal 70 66s: {words}"),
        ],
    );
}

#[test]
fn an_execution_counted_twice_is_named() {
    let twins = |ours_total, theirs_total| {
        vec![
            fill(1, "e1", "5").into(),
            fill(1, "e2", "5").into(),
            ours(1, "BAC.US", ours_total),
            theirs(10, "BAC.US", theirs_total),
        ]
    };
    let words = "executions \"e1\" and \"e2\" look alike";
    check_punctual(twins("10", "5"), &[&format!("explained duplicate_internal 5 69s: {words}")]);
    check_punctual(twins("10", "15"), &[&format!("explained duplicate_external -5 69s: {words}")]);
}

#[test]
fn a_bust_moves_back_what_it_withdraws() {
    let mut bust = fill(20, "e2", "5");
    bust.kind = FillKind::Bust;
    bust.corrects = Some("e1".into());
    check(
        vec![
            fill(1, "e1", "5").into(),
            ours(1, "BAC.US", "5"),
            theirs(10, "BAC.US", "5"),
            bust.into(),
            ours(20, "BAC.US", "0"),
        ],
        &["explained timing -5 60s: the broker does not yet count execution \"e2\""],
    );
}

#[test]
fn a_split_on_one_side_only_is_recognised() {
    let both = vec![ours(0, "BAC.US", "200"), theirs(0, "BAC.US", "100")];
    let known = |date| {
        let mut desk = Desk::new();
        desk.reconcile.observe(&mut desk.splits, &split(date, 2, 1));
        for event in both.clone() {
            desk.take(event);
        }
        desk.tick(60);
        desk.told()
    };
    assert_eq!(
        known("1970-01-03"),
        ["explained corporate_action 100 60s: split 2 for 1 of 1970-01-03 is not applied by \
             the broker"]
    );
    let suspected = "open quantity 100 60s: looks like a split 2 for 1 not applied by the broker; \
                     none is known";
    assert_eq!(known("1970-02-01"), [suspected]);
    let unlike = vec![ours(0, "BAC.US", "97"), theirs(0, "BAC.US", "10")];
    check(unlike, &["open quantity 87 60s"]);
    check(
        vec![ours(0, "BAC.US", "105"), theirs(0, "BAC.US", "52")],
        &["open quantity 53 60s: looks like a split 1 for 2 not applied in our books; none is \
           known"],
    );
}

#[test]
fn a_break_ages_changes_and_closes_under_one_id() {
    let mut desk =
        check(vec![ours(0, "BAC.US", "100"), theirs(0, "BAC.US", "93")], &["open quantity 7 60s"]);
    desk.tick(3_599);
    desk.tick(3_600);
    desk.tick(3_601);
    desk.take(theirs(4_000, "BAC.US", "94"));
    desk.take(ours(4_001, "BAC.US", "101"));
    desk.take(theirs(4_002, "BAC.US", "95"));
    desk.tick(90_000);
    desk.take(theirs(90_001, "BAC.US", "101"));
    desk.tick(100_000);
    assert_eq!(
        desk.told()[1..],
        [
            "open quantity 7 3600s",
            "open quantity 6 4000s",
            "open quantity 7 4001s",
            "open quantity 6 4002s",
            "open quantity 6 90000s",
            "closed quantity 0 90001s",
        ]
    );
    let first = desk.breaks[0].clone();
    assert!(desk.breaks.iter().all(|found| found.break_id == first.break_id));
    assert!(desk.breaks.iter().all(|found| found.first_seen_time == Timestamp(0)));
    assert_eq!((first.ours, first.theirs), (Some(number("100")), Some(number("93"))));

    desk.take(theirs(100_001, "BAC.US", "0"));
    desk.tick(100_061);
    let again = desk.breaks.last().unwrap();
    assert_eq!((&again.break_id, again.status), (&first.break_id, BreakStatus::Open));
    assert_eq!(again.first_seen_time, Timestamp::from_secs(100_001));
}

#[test]
fn a_difference_that_goes_in_time_was_never_a_break() {
    let mut desk = Desk::new();
    desk.take(ours(0, "BAC.US", "100"));
    desk.take(theirs(0, "BAC.US", "93"));
    desk.tick(59);
    desk.take(theirs(59, "BAC.US", "100"));
    desk.tick(1000);
    assert_eq!(desk.told(), [""; 0]);
}

#[test]
fn timing_is_no_excuse_for_ever() {
    let mut desk = Desk::new();
    desk.take(ours(0, "BAC.US", "0"));
    desk.take(theirs(0, "BAC.US", "0"));
    desk.take(fill(10, "e1", "5"));
    desk.take(ours(10, "BAC.US", "5"));
    desk.tick(70);
    desk.tick(611);
    assert_eq!(
        desk.told()[1],
        "explained missing_external 5 601s: the broker does not count execution \"e1\""
    );
}

#[test]
fn what_is_flat_on_both_sides_is_forgotten() {
    let mut desk = check(vec![ours(0, "BAC.US", "1"), theirs(0, "BAC.US", "1")], &[]);
    desk.take(ours(61, "BAC.US", "0"));
    desk.take(theirs(61, "BAC.US", "0"));
    assert!(desk.state.positions.is_empty());
}

#[test]
fn the_largest_state_fits_a_kafka_record() {
    let reconcile = Reconcile::new(Settings::default()).unwrap();
    let (splits, mut state) = (Splits::default(), State::default());
    let mut apply = |event: Event| {
        let mut out = Out::caused_by(Reconcile::NAME, event.head());
        reconcile.apply(&mut state, &splits, &event, &mut out).map_err(|bad| bad.field)
    };
    let symbol = |n: usize| format!("{n:0>21}");
    // Every position differs by what a late execution moved.
    for n in 0..MAX_POSITIONS {
        apply(theirs(0, &symbol(n), "1234567.123456789012345678")).unwrap();
        let mut late = fill(1, &format!("{n:0>36}"), "1.123456789012345678");
        late.instrument = symbol(n).as_str().into();
        apply(late.into()).unwrap();
        apply(ours(1, &symbol(n), "1234568.246913578024691356")).unwrap();
    }
    assert_eq!(apply(ours(1, "ONE.MORE", "1")).unwrap_err(), "instrument");
    assert_eq!(apply(ours(1, &"I".repeat(65), "1")).unwrap_err(), "instrument");
    let watermark = Timestamp::from_secs(61);
    let mut out = Out::tick(Reconcile::NAME, "main", watermark);
    reconcile.tick(&mut state, watermark, &mut out);
    assert_eq!(out.events().len(), MAX_POSITIONS);
    let bytes = serde_json::to_vec(&state).unwrap().len();
    assert!((300_000..1_000_000).contains(&bytes), "{bytes}");
}

#[test]
fn settings_are_checked() {
    let refused = |text: &str| {
        let settings: Settings = serde_json::from_str(text).unwrap();
        Reconcile::new(settings).unwrap_err().to_string()
    };
    assert_eq!(
        refused(r#"{ "cash_tolerance": "-1" }"#),
        "the setting cash_tolerance is -1; it cannot be negative"
    );
    assert_eq!(
        refused(r#"{ "age_buckets_secs": [10, 5] }"#),
        "the setting age_buckets_secs is [10, 5]; the ages must rise"
    );
    assert!(serde_json::from_str::<Settings>(r#"{ "grace": 1 }"#).is_err());
}

/// Which side speaks, of which symbol, how many units, how much later.
fn any_words() -> impl Strategy<Value = Vec<(bool, usize, i64, i64)>> {
    proptest::collection::vec((any::<bool>(), 0usize..4, 0i64..4, 0i64..100), 2..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn in_the_end_exactly_what_differs_is_a_break(words in any_words()) {
        let mut desk = Desk::new();
        let (mut books, mut secs) = (BTreeMap::<String, (i64, i64)>::new(), 0);
        for (is_ours, symbol, quantity, later) in words {
            secs += later;
            let symbol = format!("{}.US", ["BAC", "IBM", "AIG", "SPY"][symbol]);
            let (ours_now, theirs_now) = books.entry(symbol.clone()).or_default();
            if is_ours {
                *ours_now = quantity;
                desk.take(ours(secs, &symbol, &quantity.to_string()));
            } else {
                *theirs_now = quantity;
                desk.take(theirs(secs, &symbol, &quantity.to_string()));
            }
            desk.tick(secs);
        }
        desk.take(our_cash(secs, "1"));
        desk.take(their_cash(secs, "1"));
        desk.tick(secs + 60);
        let mut latest: BTreeMap<Text, Break> = BTreeMap::new();
        for found in desk.breaks {
            let before = latest.insert(found.break_id.clone(), found.clone());
            let was_open = before.is_some_and(|before| before.status != BreakStatus::Closed);
            if found.status == BreakStatus::Closed {
                prop_assert!(was_open && found.difference.is_zero());
            }
        }
        let open: BTreeMap<String, Decimal> = latest.into_values()
            .filter(|found| found.status != BreakStatus::Closed)
            .map(|found| (found.instrument.unwrap().to_string(), found.difference))
            .collect();
        let differing: BTreeMap<String, Decimal> = books.into_iter()
            .filter(|(_, (ours, theirs))| ours != theirs)
            .map(|(symbol, (ours, theirs))| (symbol, Decimal::from(ours - theirs)))
            .collect();
        prop_assert_eq!(open, differing);
    }
}
