#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use component::{Bad, Out, Processor};
use model::{
    Activity, Balance, Decimal, Event, EventId, Fill, FillKind, Head, PortfolioCash,
    PortfolioPosition, Position, Side, Text, Timestamp,
};
use proptest::prelude::*;

use crate::state::{MAX_INSTRUMENTS, MAX_SEEN, MAX_STEPS};
use crate::{Book, Settings, State};

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn head(id: &str, secs: i64) -> Head {
    let mut head = Head::new(EventId::of(&[id]), Timestamp::from_secs(secs));
    head.received_time = head.event_time;
    head
}

/// A fill such as `1 BAC +100 @ 13.95`, or `1 BAC +100 @ 13.95 / 0.50` with its commission.
fn fill(text: &str) -> Fill {
    let words: Vec<&str> = text.split_whitespace().collect();
    let quantity = number(words[2]);
    Fill {
        head: head(&format!("fill {}", words[0]), 100),
        execution_id: words[0].into(),
        vendor_execution_id: None,
        order_id: "o1".into(),
        account: "main".into(),
        system: "paper".into(),
        broker_account: "PA1".into(),
        broker_order_id: "b1".into(),
        instrument: format!("{}.US", words[1]).as_str().into(),
        symbol: words[1].into(),
        side: if quantity.is_sign_negative() { Side::Sell } else { Side::Buy },
        price: number(words[4]),
        quantity: quantity.abs(),
        currency: "USD".into(),
        commission: words.get(6).map(|text| number(text)),
        cumulative_quantity: None,
        kind: FillKind::New,
        corrects: None,
    }
}

fn amends(mut fill: Fill, kind: FillKind, corrects: &str) -> Fill {
    fill.kind = kind;
    fill.corrects = Some(corrects.into());
    fill
}

fn bust(id: &str, of: &Fill) -> Fill {
    let mut bust = amends(of.clone(), FillKind::Bust, &of.execution_id);
    bust.execution_id = id.into();
    bust
}

fn activity(id: &str, kind: &str, amount: Option<&str>) -> Activity {
    Activity {
        head: head(&format!("activity {id}"), 100),
        account: "main".into(),
        system: "paper".into(),
        broker_account: "PA1".into(),
        activity_id: id.into(),
        kind: kind.into(),
        sub_kind: None,
        date: None,
        instrument: None,
        symbol: None,
        net_amount: amount.map(number),
        quantity: None,
        per_unit_amount: None,
        currency: "USD".into(),
        status: None,
        description: None,
    }
}

fn units(mut activity: Activity, symbol: &str, quantity: &str) -> Activity {
    activity.instrument = Some(symbol.into());
    activity.quantity = Some(number(quantity));
    activity
}

fn balance(cash: &str, secs: i64) -> Balance {
    Balance {
        head: head("balance", secs),
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
    }
}

fn position(symbol: &str, quantity: &str, average_price: &str, secs: i64) -> Position {
    Position {
        head: head("position", secs),
        account: "main".into(),
        system: "paper".into(),
        broker_account: "PA1".into(),
        instrument: symbol.into(),
        symbol: symbol.into(),
        quantity: number(quantity),
        average_price: Some(number(average_price)),
        last_price: None,
        market_value: None,
        cost_basis: None,
        unrealized_profit: None,
        currency: "USD".into(),
    }
}

/// Books events, restores the state from JSON before each, and keeps what was last published.
struct Desk {
    book: Book,
    state: State,
    positions: BTreeMap<String, PortfolioPosition>,
    cash: BTreeMap<Text, PortfolioCash>,
}

impl Desk {
    fn new(settings: &str) -> Self {
        let settings: Settings = serde_json::from_str(settings).unwrap();
        Self {
            book: Book::new(settings).unwrap(),
            state: State::default(),
            positions: BTreeMap::new(),
            cash: BTreeMap::new(),
        }
    }

    fn try_take(&mut self, event: impl Into<Event>) -> Result<usize, Bad> {
        let saved = serde_json::to_vec(&self.state).unwrap();
        self.state = serde_json::from_slice(&saved).unwrap();
        let event = event.into();
        let mut out = Out::caused_by(Book::NAME, event.head());
        self.book.apply(&mut self.state, &(), &event, &mut out)?;
        let published = out.into_events();
        let count = published.len();
        for event in published {
            match event {
                Event::PortfolioPosition(position) => {
                    self.positions.insert(position.instrument.to_string(), *position);
                }
                Event::PortfolioCash(cash) => {
                    self.cash.insert(cash.currency.clone(), *cash);
                }
                other => panic!("{other:?}"),
            }
        }
        Ok(count)
    }

    fn take(&mut self, event: impl Into<Event>) -> usize {
        self.try_take(event).unwrap()
    }

    /// The books in one line: `BAC.US 100 1395 0; USD 98605`.
    fn summary(&self) -> String {
        let mut lines = vec![];
        for (instrument, p) in &self.positions {
            let [quantity, cost, profit] =
                [p.quantity, p.cost, p.realized_profit].map(|figure| figure.normalize());
            lines.push(format!("{instrument} {quantity} {cost} {profit}"));
        }
        for (currency, purse) in &self.cash {
            lines.push(format!("{currency} {}", purse.cash.normalize()));
        }
        lines.join("; ")
    }
}

const OPENED: &str = r#"{ "opening": { "main": { "cash": { "USD": "1000" } } } }"#;

fn check(events: impl IntoIterator<Item = Event>, expected: &str) {
    let mut desk = Desk::new(OPENED);
    for event in events {
        desk.take(event);
    }
    assert_eq!(desk.summary(), expected);
}

#[test]
fn fills_move_positions_and_cash() {
    check([fill("1 BAC +10 @ 13.95").into()], "BAC.US 10 139.5 0; USD 860.5");
    check(
        [fill("1 BAC +10 @ 13.95 / 1").into(), fill("2 BAC -4 @ 15 / 0.5").into()],
        "BAC.US 6 83.7 2.7; USD 919",
    );
    check([fill("1 BAC -10 @ 13").into()], "BAC.US -10 -130 0; USD 1130");
}

#[test]
fn a_fill_is_booked_once() {
    let once = fill("1 BAC +10 @ 13.95");
    let mut reported_otherwise = once.clone();
    reported_otherwise.head.event_id = EventId::of(&["another feed"]);
    let events = [once.clone(), once, reported_otherwise].map(Event::from);
    check(events, "BAC.US 10 139.5 0; USD 860.5");
}

#[test]
fn a_bust_or_correction_in_the_middle_is_as_if_it_had_never_been_otherwise() {
    let [one, two, three] = ["1 BAC +10 @ 10", "2 BAC +10 @ 20 / 1", "3 BAC -15 @ 30"].map(fill);
    let all = || [one.clone().into(), two.clone().into(), three.clone().into()];
    check(all(), "BAC.US 5 75 224; USD 1149");
    check(all().into_iter().chain([bust("4", &two).into()]), "BAC.US -5 -150 200; USD 1350");
    let corrected = amends(fill("4 BAC +10 @ 18"), FillKind::Correction, "2");
    check(all().into_iter().chain([corrected.clone().into()]), "BAC.US 5 70 240; USD 1170");
    let mut corrected_again = amends(fill("5 BAC +5 @ 18"), FillKind::Correction, "4");
    let chain = [corrected.clone().into(), corrected_again.clone().into()];
    check(all().into_iter().chain(chain), "BAC.US 0 0 260; USD 1260");
    corrected_again.corrects = Some("2".into());
    let chain = [corrected.into(), corrected_again.clone().into(), corrected_again.into()];
    check(all().into_iter().chain(chain), "BAC.US 0 0 260; USD 1260");
}

#[test]
fn what_cannot_be_booked_is_refused_and_leaves_the_books_alone() {
    type Spoil = fn(&mut Fill);
    let cases: &[(&str, Spoil)] = &[
        ("execution_id", |fill| fill.execution_id = "".into()),
        ("instrument", |fill| fill.instrument = "I".repeat(65).as_str().into()),
        ("quantity", |fill| fill.quantity = Decimal::ZERO),
        ("price", |fill| fill.price = Decimal::MAX),
        ("currency", |fill| fill.currency = "EUR".into()),
        ("corrects", |fill| fill.kind = FillKind::Bust),
        ("corrects", |fill| *fill = amends(fill.clone(), FillKind::Bust, "unheard of")),
    ];
    for (field, spoil) in cases {
        let mut desk = Desk::new(OPENED);
        desk.take(fill("1 BAC +10 @ 13.95"));
        let before = desk.state.clone();
        let mut bad = fill("2 BAC +10 @ 13.95");
        spoil(&mut bad);
        assert_eq!(desk.try_take(bad).unwrap_err().field, *field);
        assert_eq!(desk.state, before, "{field}");
        desk.take(fill("3 BAC -10 @ 13.95"));
        assert_eq!(desk.summary(), "BAC.US 0 0 0; USD 1000", "{field}");
    }
    let mut desk = Desk::new(OPENED);
    let mut bad = fill("1 BAC +10 @ 13.95");
    bad.price = Decimal::MAX;
    assert!(desk.try_take(bad).is_err());
    assert_eq!(desk.state, State::default());
}

#[test]
fn activities_move_cash_or_units() {
    let dividend = {
        let mut dividend = units(activity("1", "DIV", Some("1.02")), "BAC.US", "2");
        dividend.per_unit_amount = Some(number("0.51"));
        dividend
    };
    let split = units(activity("2", "SPLIT", None), "BAC.US", "10");
    check(
        [fill("1 BAC +10 @ 10").into(), dividend.into(), split.clone().into(), split.into()],
        "BAC.US 20 100 0; USD 901.02",
    );
    check(
        [
            activity("1", "FEE", Some("-0.07")).into(),
            activity("2", "CSD", Some("500")).into(),
            activity("3", "FILL", Some("-100")).into(),
        ],
        "USD 1499.93",
    );
}

#[test]
fn an_activity_can_be_corrected_and_canceled() {
    let first = activity("1", "INT", Some("5"));
    let with = |status: &str, amount: &str| {
        let mut later = activity("1", "INT", Some(amount));
        later.status = Some(status.into());
        later
    };
    let corrected = with("correct", "6");
    let canceled = with("canceled", "6");
    check([first.clone().into(), corrected.clone().into()], "USD 1006");
    check([first.clone().into(), corrected.into(), canceled.clone().into()], "USD 1000");
    check([canceled.into(), first.into()], "USD 1000");

    let split = units(activity("2", "SPLIT", None), "BAC.US", "10");
    let mut undone = split.clone();
    undone.status = Some("canceled".into());
    check([fill("1 BAC +10 @ 10").into(), split.into(), undone.into()], "BAC.US 10 100 0; USD 900");
}

#[test]
fn the_broker_opens_the_books_before_the_first_fill() {
    let mut desk = Desk::new("{}");
    desk.take(balance("500", 0));
    desk.take(position("BAC.US", "10", "12", 0));
    desk.take(position("IBM.US", "-2", "180", 59));
    desk.take(balance("501", 1));
    assert_eq!(desk.summary(), "BAC.US 10 120 0; IBM.US -2 -360 0; USD 500");
    assert_eq!(desk.cash["USD"].opening, number("500"));
    assert_eq!(desk.take(position("AIG.US", "1", "50", 61)), 0, "too late to be an opening");
    desk.take(fill("1 BAC -10 @ 13"));
    assert_eq!(desk.summary(), "BAC.US 0 0 10; IBM.US -2 -360 0; USD 630");

    let mut desk = Desk::new("{}");
    desk.take(fill("1 BAC +10 @ 10"));
    assert_eq!(desk.take(balance("500", 100)), 0);
    assert_eq!(desk.take(position("BAC.US", "10", "10", 100)), 0);
    assert_eq!(desk.summary(), "BAC.US 10 100 0; USD -100");

    let mut desk = Desk::new("{}");
    desk.take(activity("1", "INT", Some("5")));
    desk.take(balance("500", 101));
    assert_eq!((desk.cash["USD"].cash, desk.cash["USD"].opening), (500.into(), 495.into()));
}

#[test]
fn the_settings_open_the_books() {
    let mut desk = Desk::new(
        r#"{ "opening": { "main": {
            "cash": { "USD": "1000", "EUR": "7.5" },
            "positions": { "BAC.US": { "quantity": "10", "average_price": "12" } },
            "from": "1970-01-01T00:01:40Z"
        } } }"#,
    );
    let mut early = fill("1 BAC +10 @ 13");
    early.head.event_time = Timestamp::from_secs(99);
    assert_eq!(desk.take(early), 3, "the opening is published, the fill is already in it");
    assert_eq!(desk.summary(), "BAC.US 10 120 0; EUR 7.5; USD 1000");
    assert_eq!(desk.take(balance("5", 100)), 0);
    desk.take(fill("2 BAC +10 @ 13"));
    assert_eq!(desk.summary(), "BAC.US 20 250 0; EUR 7.5; USD 870");

    let wrong = r#"{ "opening": { "main": { "from": "yesterday" } } }"#;
    let error = Book::new(serde_json::from_str(wrong).unwrap()).unwrap_err();
    assert!(error.to_string().contains("opening.main.from"), "{error}");
    assert!(serde_json::from_str::<Settings>(r#"{ "openings": {} }"#).is_err());
}

#[test]
fn memory_is_bounded_and_says_when_it_ends() {
    let book = Book::new(Settings::default()).unwrap();
    let mut state = State::default();
    let mut apply = |event: Fill| {
        let event = Event::from(event);
        let mut out = Out::caused_by(Book::NAME, event.head());
        book.apply(&mut state, &(), &event, &mut out).map(|()| out.into_events().len())
    };
    let symbols = ["BAC", "IBM", "AIG"];
    let nth = |n: usize| fill(&format!("{n} {} +1 @ 10", symbols[n % 3]));
    for n in 0..MAX_SEEN + 10 {
        apply(nth(n)).unwrap();
    }
    assert_eq!(apply(nth(MAX_SEEN)).unwrap(), 0, "still known");
    let last = MAX_SEEN + 9;
    assert!(apply(bust("b1", &nth(last + 1 - MAX_STEPS))).is_ok());
    assert_eq!(apply(bust("b2", &nth(last - MAX_STEPS))).unwrap_err().field, "corrects");
    let total: Decimal =
        state.positions.values().map(|own_position| own_position.now.quantity).sum();
    assert_eq!(total, Decimal::from(MAX_SEEN + 9));
}

#[test]
fn the_largest_state_fits_a_kafka_record() {
    let book = Book::new(Settings::default()).unwrap();
    let mut state = State::default();
    let mut apply = |event: Event| {
        let mut out = Out::caused_by(Book::NAME, event.head());
        book.apply(&mut state, &(), &event, &mut out).map_err(|bad| bad.field)
    };
    let price = "1234567.123456789012345678";
    let id = |n: usize| format!("{n:0>36}");
    let symbol = |n: usize| format!("OPTION{n:0>15}");
    let (mut n, mut instruments) = (0, 0);
    // As many instruments as fit, then as many fills of them as are remembered.
    while apply(fill(&format!("{} {} +1 @ 1", id(n), symbol(n))).into()).is_ok() {
        (n, instruments) = (n + 1, n + 1);
    }
    assert_eq!(instruments, MAX_INSTRUMENTS);
    for _ in 0..MAX_SEEN {
        n += 1;
        let text =
            format!("{} {} +1.1234567 @ {price} / 1.123456789", id(n), symbol(n % instruments));
        apply(fill(&text).into()).unwrap();
    }
    for n in 0..1_000 {
        apply(activity(&id(n), "DIV", Some(price)).into()).unwrap();
    }
    let bytes = serde_json::to_vec(&state).unwrap().len();
    assert!((500_000..1_000_000).contains(&bytes), "{bytes} bytes of {instruments} instruments");
}

/// Fills of three instruments with prices and quantities of up to four places.
fn any_fills() -> impl Strategy<Value = Vec<Fill>> {
    let one = (0usize..3, -1_000_000i64..1_000_000, 1i64..10_000_000, 0i64..500);
    proptest::collection::vec(one, 1..40).prop_map(|drawn| {
        let mut fills = vec![];
        for (n, (symbol, quantity, price, commission)) in drawn.into_iter().enumerate() {
            let quantity = if quantity == 0 { 1 } else { quantity };
            fills.push(fill(&format!(
                "{n} {} {} @ {} / {}",
                ["BAC", "IBM", "AIG"][symbol],
                Decimal::new(quantity, 4),
                Decimal::new(price, 4),
                Decimal::new(commission, 2),
            )));
        }
        fills
    })
}

fn books(fills: impl IntoIterator<Item = Fill>) -> Desk {
    let mut desk = Desk::new(OPENED);
    for fill in fills {
        desk.take(fill);
    }
    desk
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn cash_and_positions_are_sums(fills in any_fills()) {
        let desk = books(fills.clone());
        let (mut cash, mut costs) = (number("1000"), Decimal::ZERO);
        let mut held: BTreeMap<String, Decimal> = BTreeMap::new();
        for fill in &fills {
            let sign = if fill.side == Side::Buy { Decimal::ONE } else { -Decimal::ONE };
            *held.entry(fill.instrument.to_string()).or_default() += sign * fill.quantity;
            cash -= sign * fill.quantity * fill.price + fill.commission.unwrap();
        }
        prop_assert_eq!(desk.cash["USD"].cash, cash);
        prop_assert_eq!(desk.cash["USD"].movement_count, fills.len() as i64);
        let mut profit = Decimal::ZERO;
        for (instrument, position) in &desk.positions {
            prop_assert_eq!(position.quantity, held[instrument]);
            profit += position.realized_profit;
            costs += position.cost;
        }
        // Nothing is lost between profit, cost and cash.
        prop_assert_eq!(profit, cash - number("1000") + costs);
    }

    #[test]
    fn the_order_of_different_instruments_does_not_matter(fills in any_fills()) {
        let mut sorted = fills.clone();
        sorted.sort_by_key(|fill| fill.instrument.clone()); // stable: each keeps its own order
        prop_assert_eq!(books(fills).summary(), books(sorted).summary());
    }

    #[test]
    fn repeating_any_prefix_changes_nothing(fills in any_fills(), cut in 0usize..40) {
        let prefix = &fills[..cut.min(fills.len())];
        let twice = prefix.iter().chain(prefix).chain(&fills[prefix.len()..]).cloned();
        prop_assert_eq!(books(twice).summary(), books(fills.clone()).summary());
    }

    #[test]
    fn a_withdrawn_fill_was_never_there(fills in any_fills(), index in 0usize..40) {
        let gone = index % fills.len();
        let withdrawn = bust("bust", &fills[gone]);
        let symbol = fills[gone].instrument.to_string();
        let with = books(fills.iter().cloned().chain([withdrawn]));
        let without = books(fills.iter().enumerate().filter(|(n, _)| *n != gone)
            .map(|(_, fill)| fill.clone()));
        if let Some(position) = without.positions.get(&symbol) {
            prop_assert_eq!(with.summary(), without.summary());
            prop_assert_eq!(with.positions[&symbol].fill_count, position.fill_count);
        } else {
            let position = &with.positions[&symbol];
            prop_assert!(position.quantity.is_zero() && position.realized_profit.is_zero());
            prop_assert_eq!(position.fill_count, 0);
        }
    }
}
