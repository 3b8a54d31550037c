#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use component::{Out, Processor};
use model::{
    ApprovedOrder, Command, CommandKind, Decimal, Event, EventId, Head, OrderAction, OrderClass,
    OrderEvent, OrderEventKind, OrderLeg, OrderRequest, OrderState, OrderStatus, OrderType,
    PortfolioPosition, PositionIntent, Quote, Side, Text, TimeInForce, Timestamp, Trade,
    TradeStatus,
};
use proptest::prelude::*;

use crate::{Approve, Known, Settings, State};

fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn head(id: &str, secs: i64) -> Head {
    let mut head = Head::new(EventId::of(&[id]), Timestamp::from_secs(secs));
    head.received_time = head.event_time;
    head
}

/// A request to buy 10 BAC at 14, at second 1000; its request id is `r-` and its order id.
fn order(order_id: &str) -> OrderRequest {
    OrderRequest {
        head: head(order_id, 1000),
        request_id: format!("r-{order_id}").into(),
        action: OrderAction::Place,
        order_id: order_id.into(),
        account: "main".into(),
        instrument: Some("BAC.US".into()),
        side: Some(Side::Buy),
        quantity: Some(number("10")),
        notional: None,
        order_type: Some(OrderType::Limit),
        time_in_force: Some(TimeInForce::Day),
        limit_price: Some(number("14")),
        stop_price: None,
        trail_amount: None,
        trail_percent: None,
        extended_hours: false,
        order_class: OrderClass::Simple,
        take_profit_price: None,
        stop_loss_price: None,
        stop_loss_limit_price: None,
        position_intent: None,
        legs: vec![],
        expires_at: None,
        strategy: None,
        broker_options: BTreeMap::new(),
    }
}

fn with(order_id: &str, change: impl FnOnce(&mut OrderRequest)) -> OrderRequest {
    let mut request = order(order_id);
    change(&mut request);
    request
}

fn at(secs: i64, mut request: OrderRequest) -> OrderRequest {
    request.head = head(&request.request_id, secs);
    request
}

/// A request about an order that was placed, under its own request id.
fn about(order_id: &str, action: OrderAction, request_id: &str) -> OrderRequest {
    let mut request = order(order_id);
    request.action = action;
    request.request_id = request_id.into();
    request.instrument = None;
    request.side = None;
    request.quantity = None;
    request.order_type = None;
    request.time_in_force = None;
    request.limit_price = None;
    request
}

fn trade(symbol: &str, price: &str, secs: i64) -> Event {
    Event::from(Trade {
        head: head("trade", secs),
        instrument: symbol.into(),
        symbol: symbol.into(),
        trade_id: "1".into(),
        venue: None,
        price: number(price),
        quantity: Decimal::ONE,
        conditions: vec![],
        tape: None,
        status: TradeStatus::Original,
    })
}

fn quote(bid: &str, ask: &str, secs: i64) -> Event {
    Event::from(Quote {
        head: head("quote", secs),
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
    })
}

fn command(kind: CommandKind, scope: &str) -> Event {
    Event::from(Command {
        head: head("command", 1000),
        scope: scope.into(),
        kind,
        actor: "risk desk".into(),
        reason: Some("runaway".into()),
    })
}

fn progress(order_id: &str, status: OrderStatus, filled: &str) -> Event {
    Event::from(OrderState {
        head: head("state", 1000),
        order_id: order_id.into(),
        account: "main".into(),
        system: "paper".into(),
        broker_account: "PA1".into(),
        status,
        is_terminal: matches!(status, OrderStatus::Filled | OrderStatus::Canceled),
        broker_order_id: None,
        instrument: None,
        side: None,
        order_type: None,
        time_in_force: None,
        quantity: None,
        notional: None,
        limit_price: None,
        stop_price: None,
        filled_quantity: number(filled),
        average_price: None,
        created_time: Timestamp(0),
        reason: None,
        event_count: 1,
        last_event_id: Text::default(),
    })
}

fn held(symbol: &str, quantity: &str) -> Event {
    Event::from(PortfolioPosition {
        head: head("position", 1000),
        account: "main".into(),
        instrument: symbol.into(),
        quantity: number(quantity),
        average_price: None,
        cost: Decimal::ZERO,
        realized_profit: Decimal::ZERO,
        currency: "USD".into(),
        fill_count: 1,
        last_execution_id: None,
    })
}

/// One account's desk. The state goes through JSON before every record.
struct Desk {
    approve: Approve,
    known: Known,
    state: State,
    approved: Vec<ApprovedOrder>,
    answers: Vec<OrderEvent>,
    findings: usize,
}

impl Desk {
    /// A desk with these limits, a last BAC price of 14 at second 1000.
    fn new(limits: &str) -> Self {
        let settings: Settings = serde_json::from_str(&format!(
            r#"{{ "accounts": {{ "main": {{ "system": "paper", "broker_account": "PA1" }} }},
                 "limits": {limits} }}"#
        ))
        .unwrap();
        let mut desk = Self {
            approve: Approve::new(settings).unwrap(),
            known: Known::default(),
            state: State::default(),
            approved: vec![],
            answers: vec![],
            findings: 0,
        };
        desk.see(trade("BAC.US", "14", 1000));
        desk
    }

    fn see(&mut self, event: Event) {
        self.approve.observe(&mut self.known, &event);
    }

    fn take(&mut self, event: impl Into<Event>) {
        let saved = serde_json::to_vec(&self.state).unwrap();
        self.state = serde_json::from_slice(&saved).unwrap();
        let event = event.into();
        let mut out = Out::caused_by(Approve::NAME, event.head());
        self.approve.apply(&mut self.state, &self.known, &event, &mut out).unwrap();
        for event in out.into_events() {
            match event {
                Event::ApprovedOrder(order) => self.approved.push(*order),
                Event::OrderEvent(answer) => self.answers.push(*answer),
                Event::Finding(_) => self.findings += 1,
                other => panic!("{other:?}"),
            }
        }
    }

    /// What is answered: `approved`, the reason of a denial, or nothing.
    fn ask(&mut self, request: OrderRequest) -> String {
        let before = (self.answers.len(), self.approved.len());
        self.take(request);
        let Some(answer) = self.answers.get(before.0) else { return String::new() };
        let is_approved = answer.kind == OrderEventKind::Approved;
        assert_eq!(self.approved.len() - before.1, usize::from(is_approved));
        if is_approved { "approved".into() } else { answer.reason.clone().unwrap().into() }
    }
}

/// Asks a fresh desk and compares the answer.
fn check(limits: &str, request: OrderRequest, expected: &str) {
    assert_eq!(Desk::new(limits).ask(request), expected);
}

#[test]
fn a_good_request_is_routed_with_what_it_was_checked_against() {
    let mut desk = Desk::new("{}");
    desk.see(quote("13.98", "14.04", 1001));
    assert_eq!(desk.ask(order("o1")), "approved");
    let approved = &desk.approved[0];
    assert_eq!((approved.system.as_str(), approved.broker_account.as_str()), ("paper", "PA1"));
    assert_eq!(approved.request, order("o1"));
    assert_eq!(approved.reference_price, Some(number("14.01")));
    assert_eq!(approved.reference_time, Some(Timestamp::from_secs(1001)));
    let checks = "order_id complete routing expiry kill_switch duplicate max_open_orders \
                  instrument max_orders_per_minute max_quantity price collar max_notional";
    assert_eq!(approved.checks.join(" "), checks);
    let answer = &desk.answers[0];
    assert_eq!(answer.action, Some(OrderAction::Place));
    assert_eq!(answer.request_id, Some("r-o1".into()));
}

#[test]
fn a_request_is_acted_on_once() {
    let mut desk = Desk::new("{}");
    assert_eq!(desk.ask(order("o1")), "approved");
    assert_eq!(desk.ask(order("o1")), "", "the same request again has no second effect");
    let reused = with("o1", |r| r.request_id = "another".into());
    assert_eq!(desk.ask(reused), "order_id: \"o1\" was used before");
    desk.see(progress("o1", OrderStatus::Filled, "10"));
    let reused = with("o1", |r| r.request_id = "a third".into());
    assert_eq!(desk.ask(reused), "order_id: \"o1\" was used before");
    assert_eq!(desk.ask(order("o1")), "");

    let denied = with("o2", |r| r.quantity = Some(number("99999")));
    assert!(desk.ask(denied.clone()).starts_with("max_quantity"));
    assert_eq!(desk.ask(denied), "");
    let retried = with("o2", |r| r.request_id = "a fourth".into());
    assert_eq!(desk.ask(retried), "order_id: \"o2\" was used before");
}

#[test]
fn reading_the_topic_again_does_nothing() {
    let mut desk = Desk::new("{}");
    assert_eq!(desk.ask(at(1000, order("o1"))), "approved");
    desk.see(trade("BAC.US", "14", 90_000));
    assert_eq!(desk.ask(at(90_000, order("o2"))), "approved");
    desk.state = {
        let mut forgetful = State::default();
        assert!(forgetful.is_current(Timestamp::from_secs(90_000)));
        forgetful
    };
    assert_eq!(desk.ask(at(1000, order("o1"))), "", "even when the id is forgotten");
    assert_eq!(desk.findings, 1);
}

#[test]
fn an_order_must_be_complete_for_its_type() {
    type Change = fn(&mut OrderRequest);
    let cases: &[(&str, Change)] = &[
        ("instrument is missing", |r| r.instrument = None),
        ("side is missing", |r| r.side = None),
        ("order_type is missing", |r| r.order_type = None),
        ("time_in_force is missing", |r| r.time_in_force = None),
        ("quantity or notional is missing", |r| r.quantity = None),
        ("quantity and notional exclude each other", |r| r.notional = Some(number("5"))),
        ("quantity is -1, which is not above zero", |r| r.quantity = Some(number("-1"))),
        ("limit_price is missing for a limit order", |r| r.limit_price = None),
        ("stop_price does not fit a limit order", |r| r.stop_price = Some(number("13"))),
        ("limit_price does not fit a market order", |r| r.order_type = Some(OrderType::Market)),
        ("stop_price is missing for a stop order", |r| {
            r.order_type = Some(OrderType::Stop);
            r.limit_price = None;
        }),
        ("a trailing_stop order needs either trail_amount or trail_percent", |r| {
            r.order_type = Some(OrderType::TrailingStop);
            r.limit_price = None;
        }),
        ("trail_percent is 100, which is not below 100", |r| r.trail_percent = Some(number("100"))),
        ("take_profit_price does not fit order_class simple", |r| {
            r.take_profit_price = Some(number("15"));
        }),
        ("take_profit_price is missing for order_class bracket", |r| {
            r.order_class = OrderClass::Bracket;
        }),
        ("take_profit_price must lie above the entry and stop_loss_price below it", |r| {
            r.order_class = OrderClass::Bracket;
            r.take_profit_price = Some(number("13"));
            r.stop_loss_price = Some(number("12"));
        }),
        ("order_class oto needs either take_profit_price or stop_loss_price", |r| {
            r.order_class = OrderClass::Oto;
        }),
        ("stop_loss_price is missing for stop_loss_limit_price", |r| {
            r.stop_loss_limit_price = Some(number("12"));
        }),
        ("order_class oco needs order_type limit", |r| {
            r.order_class = OrderClass::Oco;
            r.order_type = Some(OrderType::Market);
            r.limit_price = None;
            r.take_profit_price = Some(number("15"));
            r.stop_loss_price = Some(number("12"));
        }),
        ("order_class mleg has 0 legs, it needs 2 to 8", |r| r.order_class = OrderClass::Mleg),
    ];
    for (problem, change) in cases {
        check("{}", with("o1", change), &format!("complete: {problem}"));
    }
}

#[test]
fn complete_orders_of_every_sort_pass() {
    type Change = fn(&mut OrderRequest);
    let cases: &[Change] = &[
        |r| {
            r.order_type = Some(OrderType::Market);
            r.limit_price = None;
        },
        |r| {
            r.quantity = None;
            r.notional = Some(number("500"));
        },
        |r| {
            r.order_type = Some(OrderType::StopLimit);
            r.stop_price = Some(number("14.10"));
        },
        |r| {
            r.order_type = Some(OrderType::TrailingStop);
            r.limit_price = None;
            r.trail_percent = Some(number("2.5"));
        },
        |r| {
            r.order_class = OrderClass::Bracket;
            r.take_profit_price = Some(number("15"));
            r.stop_loss_price = Some(number("13"));
        },
        |r| {
            r.order_class = OrderClass::Oco;
            r.side = Some(Side::Sell);
            r.limit_price = None;
            r.take_profit_price = Some(number("15"));
            r.stop_loss_price = Some(number("13"));
        },
        |r| {
            let leg = |instrument: &str, side| OrderLeg {
                instrument: instrument.into(),
                ratio_quantity: Decimal::ONE,
                side,
                position_intent: None,
            };
            r.order_class = OrderClass::Mleg;
            r.instrument = None;
            r.side = None;
            r.limit_price = Some(number("-0.35"));
            r.legs = vec![leg("A.US", Side::Buy), leg("B.US", Side::Sell)];
        },
    ];
    for change in cases {
        check("{}", with("o1", change), "approved");
    }
}

#[test]
fn limits_name_the_figure_and_the_limit() {
    let market = |r: &mut OrderRequest| {
        r.order_type = Some(OrderType::Market);
        r.limit_price = None;
    };
    check(
        "{}",
        with("o 1", |_| {}),
        "order_id: \"o 1\" is not 1 to 64 letters, digits, '-' or '_'",
    );
    let elsewhere = with("o1", |r| r.account = "other".into());
    check("{}", elsewhere, "routing: account \"other\" has no route");
    let expired = with("o1", |r| r.expires_at = Some(Timestamp::from_secs(1000)));
    check(
        "{}",
        expired,
        "expiry: expired at 1970-01-01T00:16:40Z, received at 1970-01-01T00:16:40Z",
    );
    check(r#"{ "max_quantity": "9" }"#, order("o1"), "max_quantity: 10 of BAC.US, at most 9");
    check(
        r#"{ "max_notional": "139.99" }"#,
        order("o1"),
        "max_notional: 140 of money, at most 139.99",
    );
    check(r#"{ "blocked_instruments": ["BAC.US"] }"#, order("o1"), "instrument: BAC.US is blocked");
    check(
        r#"{ "allowed_instruments": ["IBM.US"] }"#,
        order("o1"),
        "instrument: BAC.US is not among the allowed instruments",
    );
    for (price, percent) in [("15.41", "10.07"), ("12.59", "10.07")] {
        check(
            "{}",
            with("o1", |r| r.limit_price = Some(number(price))),
            &format!(
                "collar: limit price {price} is {percent} % from the last price 14, at most 10 %"
            ),
        );
    }
    check("{}", with("o1", |r| r.limit_price = Some(number("15.40"))), "approved");
    check(
        "{}",
        with("o1", |r| {
            r.order_type = Some(OrderType::StopLimit);
            r.stop_price = Some(number("10"));
        }),
        "collar: limit price 14 is 40 % from its stop price 10, at most 10 %",
    );
    check(
        "{}",
        at(1061, with("o1", market)),
        "price: the last price of BAC.US is 61 s old, at most 60 s",
    );
    let unheard = |r: &mut OrderRequest| r.instrument = Some("AIG.US".into());
    check("{}", with("o1", unheard), "approved");
    check(
        r#"{ "require_price": true }"#,
        with("o1", unheard),
        "price: no price of AIG.US was heard of",
    );
}

#[test]
fn the_rate_and_the_duplicate_window_look_back() {
    let mut desk = Desk::new(r#"{ "max_orders_per_minute": 2 }"#);
    assert_eq!(desk.ask(order("o1")), "approved");
    assert_eq!(
        desk.ask(at(1001, order("o2"))),
        "duplicate: the same order was approved 1.000 s ago, less than 2 s"
    );
    assert_eq!(desk.ask(at(1002, order("o3"))), "approved");
    let third = at(1059, order("o4"));
    assert_eq!(desk.ask(third), "max_orders_per_minute: 2 orders in the last 60 s, at most 2");
    // A request with an older time is counted at the account's time.
    let older = at(1003, order("o5"));
    assert_eq!(desk.ask(older), "max_orders_per_minute: 2 orders in the last 60 s, at most 2");
    assert_eq!(desk.ask(at(1060, order("o6"))), "approved");
}

#[test]
fn a_halt_stops_orders_and_lets_cancellations_through() {
    for scope in ["all", "main", "paper"] {
        let mut desk = Desk::new("{}");
        assert_eq!(desk.ask(order("o1")), "approved");
        desk.see(command(CommandKind::Halt, scope));
        let second = at(1010, order("o2"));
        assert_eq!(desk.ask(second), format!("kill_switch: {scope} is halted: runaway"));
        let mut replace = about("o1", OrderAction::Replace, "r2");
        replace.quantity = Some(number("5"));
        assert_eq!(desk.ask(replace), format!("kill_switch: {scope} is halted: runaway"));
        assert_eq!(desk.ask(about("o1", OrderAction::Cancel, "r3")), "approved");
        desk.see(command(CommandKind::Resume, scope));
        assert_eq!(desk.ask(at(1010, order("o3"))), "approved");
    }
    let mut desk = Desk::new("{}");
    desk.see(command(CommandKind::Halt, "another"));
    assert_eq!(desk.ask(order("o1")), "approved");
}

#[test]
fn replacing_and_cancelling_need_an_order_that_is_open() {
    let mut desk = Desk::new("{}");
    let cancel = |id: &str| about("o1", OrderAction::Cancel, id);
    let replace = |id: &str, quantity: &str| {
        let mut request = about("o1", OrderAction::Replace, id);
        request.quantity = Some(number(quantity));
        request
    };
    let unknown = "known_order: account \"main\" has no order \"o1\"";
    assert_eq!(desk.ask(cancel("c1")), unknown);
    assert_eq!(desk.ask(replace("c2", "5")), unknown);
    assert_eq!(desk.ask(order("o1")), "approved", "an unknown order's cancel does not use it up");
    let nothing = about("o1", OrderAction::Replace, "c3");
    assert_eq!(desk.ask(nothing), "complete: the replacement changes nothing");
    let mut other_side = replace("c4", "5");
    other_side.side = Some(Side::Sell);
    assert_eq!(desk.ask(other_side), "complete: side cannot be replaced");
    assert_eq!(desk.ask(replace("c5", "10001")), "max_quantity: 10001 of BAC.US, at most 10000");
    assert_eq!(desk.ask(replace("c6", "20")), "approved");
    assert_eq!(desk.approved.last().unwrap().request, replace("c6", "20"));
    let mut too_high = about("o1", OrderAction::Replace, "c7");
    too_high.limit_price = Some(number("16"));
    assert!(desk.ask(too_high).starts_with("collar"));
    assert_eq!(desk.ask(cancel("c8")), "approved");
    desk.see(progress("o1", OrderStatus::Canceled, "0"));
    assert_eq!(desk.ask(cancel("c9")), "known_order: order \"o1\" is not open any more");
}

#[test]
fn open_orders_count_by_what_is_unfilled() {
    let mut desk = Desk::new(r#"{ "max_open_notional": "280", "duplicate_window_secs": 0 }"#);
    assert_eq!(desk.ask(order("o1")), "approved");
    assert_eq!(desk.ask(order("o2")), "approved");
    let full = "max_open_notional: 420 of money with the orders that are open, at most 280";
    assert_eq!(desk.ask(order("o3")), full);
    desk.see(progress("o1", OrderStatus::PartiallyFilled, "4"));
    desk.see(progress("o2", OrderStatus::PartiallyFilled, "5"));
    let full = "max_open_notional: 294 of money with the orders that are open, at most 280";
    assert_eq!(desk.ask(order("o4")), full);
    desk.see(progress("o1", OrderStatus::Filled, "10"));
    assert_eq!(desk.ask(order("o5")), "approved");

    let mut desk = Desk::new(r#"{ "max_open_orders": 1, "duplicate_window_secs": 0 }"#);
    assert_eq!(desk.ask(order("o1")), "approved");
    assert_eq!(desk.ask(order("o2")), "max_open_orders: 1 orders are open, at most 1");
    desk.see(progress("o1", OrderStatus::Filled, "10"));
    assert_eq!(desk.ask(order("o3")), "approved");
}

#[test]
fn what_is_not_held_is_not_sold_short_when_the_limits_say_so() {
    let no_short = r#"{ "allow_short": false, "duplicate_window_secs": 0 }"#;
    let sell = |id: &str| with(id, |r| r.side = Some(Side::Sell));
    check("{}", sell("o1"), "approved");
    check(no_short, sell("o1"), "short: sells 10 of BAC.US; 0 held, 0 not yet on sale");
    let mut desk = Desk::new(no_short);
    desk.see(held("BAC.US", "15"));
    assert_eq!(desk.ask(sell("o1")), "approved");
    assert_eq!(desk.ask(sell("o2")), "short: sells 10 of BAC.US; 15 held, 5 not yet on sale");
    let intent = with("o3", |r| r.position_intent = Some(PositionIntent::SellToOpen));
    assert_eq!(desk.ask(intent), "short: it opens a short position");
}

#[test]
fn only_believable_prices_are_references() {
    let market = |id: &str| {
        with(id, |r| {
            r.order_type = Some(OrderType::Market);
            r.limit_price = None;
        })
    };
    let reference = |events: Vec<Event>| {
        let mut desk = Desk::new("{}");
        for event in events {
            desk.see(event);
        }
        assert_eq!(desk.ask(market("o1")), "approved");
        desk.approved[0].reference_price.unwrap().to_string()
    };
    assert_eq!(reference(vec![quote("14.10", "14.20", 1001)]), "14.15");
    assert_eq!(reference(vec![quote("14.20", "14.10", 1001)]), "14", "crossed");
    assert_eq!(reference(vec![quote("1", "30", 1001)]), "14", "too wide");
    assert_eq!(reference(vec![trade("BAC.US", "13", 999)]), "14", "older");
    assert_eq!(reference(vec![trade("BAC.US", "0", 1001)]), "14", "not a price");
    assert_eq!(reference(vec![trade("BAC.US", "13.9", 1001)]), "13.9");
}

#[test]
fn ids_that_cannot_be_answered_are_dead_letters() {
    let approve = Approve::new(Settings::default()).unwrap();
    let known = Known::default();
    let cases = [
        ("request_id", with("o1", |r| r.request_id = "".into())),
        ("order_id", with("", |r| r.request_id = "r".into())),
        ("order_id", with(&"o".repeat(257), |r| r.request_id = "r".into())),
        ("account", with("o1", |r| r.account = "".into())),
    ];
    for (field, request) in cases {
        let mut state = State::default();
        let event = Event::from(request);
        let mut out = Out::caused_by(Approve::NAME, event.head());
        let bad = approve.apply(&mut state, &known, &event, &mut out).unwrap_err();
        assert_eq!(bad.field, field);
        assert_eq!(state, State::default());
    }
}

#[test]
fn the_largest_state_fits_a_kafka_record() {
    let limits = r#"{ "max_orders_per_minute": 1000, "max_open_orders": 1000,
        "max_quantity": "99999999999999999999", "max_notional": "79228162514264337593543950335",
        "collar_percent": "1000" }"#;
    let settings: Settings = serde_json::from_str(&format!(
        r#"{{ "accounts": {{ "main": {{ "system": "paper", "broker_account": "PA1" }} }},
             "limits": {limits} }}"#
    ))
    .unwrap();
    let approve = Approve::new(settings).unwrap();
    let (mut known, mut state, mut approved) = (Known::default(), State::default(), 0);
    let long = |n: i64| {
        let request = with(&format!("{n:064}"), |r| {
            r.instrument = Some(format!("{n:061}.US").as_str().into());
            r.strategy = Some("s".repeat(100_000).into());
            r.quantity = Some(number("1.123456789012345678"));
            r.order_class = OrderClass::Bracket;
            r.limit_price = Some(number("14.123456789012345678"));
            r.take_profit_price = Some(number("15.123456789012345678"));
            r.stop_loss_price = Some(number("13.123456789012345678"));
            r.stop_loss_limit_price = Some(number("12.123456789012345678"));
        });
        at(1000 + n / 16, request)
    };
    let mut largest = 0;
    for n in 0..8_000 {
        let event = Event::from(long(n));
        let mut out = Out::caused_by(Approve::NAME, event.head());
        approve.apply(&mut state, &known, &event, &mut out).unwrap();
        approved += usize::from(out.events().len() == 2);
        // Orders that end, then a thousand that do not.
        if n < 6_500 {
            known.note(&progress(&format!("{n:064}"), OrderStatus::Filled, "1"));
        }
        if n % 500 == 499 {
            largest = largest.max(serde_json::to_vec(&state).unwrap().len());
        }
    }
    assert!(approved >= 7_000, "{approved}");
    assert!((500_000..1_000_000).contains(&largest), "{largest} bytes");
}

#[test]
fn settings_are_checked() {
    let refused = |text: &str| {
        let settings: Settings = serde_json::from_str(text).unwrap();
        Approve::new(settings).unwrap_err().to_string()
    };
    assert_eq!(
        refused(r#"{ "limits": { "max_orders_per_minute": 1001 } }"#),
        "the limit max_orders_per_minute of account \"\" is 1001; it can be at most 1000"
    );
    assert_eq!(
        refused(r#"{ "account_limits": { "main": { "max_notional": "-1" } } }"#),
        "the limit max_notional of account \"main\" is -1; it cannot be negative"
    );
    assert!(serde_json::from_str::<Settings>(r#"{ "limits": { "max_qty": 1 } }"#).is_err());
    let own = r#"{ "limits": { "max_quantity": "5", "max_open_orders": 7 },
                   "account_limits": { "main": { "max_quantity": "6" } } }"#;
    let settings: Settings = serde_json::from_str(own).unwrap();
    let limits = settings.resolve("main").unwrap();
    assert_eq!((limits.max_quantity, limits.max_open_orders), (number("6"), 7));
}

/// A few ids and times, so that repetitions and races are common; figures up to the extremes.
fn any_request() -> impl Strategy<Value = OrderRequest> {
    let ids = (0u32..30, 0u32..12);
    let action = proptest::sample::select(OrderAction::ALL);
    let figure = proptest::option::of(prop_oneof![
        Just(Decimal::from(10)),
        Just(Decimal::from(14)),
        Just(Decimal::MAX),
        Just(Decimal::MIN),
        Just(Decimal::new(1, 18)),
    ]);
    let kinds = (
        proptest::option::of(proptest::sample::select(OrderType::ALL)),
        proptest::sample::select(OrderClass::ALL),
        proptest::sample::select(Side::ALL),
    );
    (ids, action, 1000i64..1400, (figure.clone(), figure.clone(), figure), kinds).prop_map(
        |((request, order_number), action, secs, (quantity, limit, stop), (kind, class, side))| {
            let mut request = with(&format!("o{order_number}"), |r| {
                r.request_id = format!("r{request}").into();
                r.action = action;
                r.quantity = quantity;
                r.limit_price = limit;
                r.stop_price = stop;
                r.order_type = kind;
                r.order_class = if stop.is_some() { class } else { OrderClass::Simple };
                r.side = Some(side);
            });
            request.head = head(&request.request_id, secs);
            request
        },
    )
}

proptest! {
    #[test]
    fn nothing_is_acted_on_twice(requests in proptest::collection::vec(any_request(), 1..120)) {
        let mut desk = Desk::new(
            r#"{ "max_orders_per_minute": 3, "max_price_age_secs": 1000, "allow_short": false,
                 "max_open_notional": "1000", "duplicate_window_secs": 0 }"#,
        );
        desk.see(held("BAC.US", "1000"));
        let (mut acted, mut placed, mut times) = (BTreeSet::new(), BTreeSet::new(), vec![]);
        let mut now = 0;
        for request in requests {
            now = now.max(request.head.received_time.0);
            let before = desk.approved.len();
            desk.take(request.clone());
            if desk.approved.len() == before {
                continue;
            }
            prop_assert!(acted.insert(request.request_id.clone()), "request acted on twice");
            if request.action == OrderAction::Place {
                prop_assert!(placed.insert(request.order_id.clone()), "order placed twice");
            } else {
                prop_assert!(placed.contains(&request.order_id), "order unknown");
            }
            if request.action != OrderAction::Cancel {
                times.push(now);
            }
        }
        for four in times.windows(4) {
            prop_assert!(four[3] - four[0] >= 60_000_000_000, "too many in a minute");
        }
    }
}
