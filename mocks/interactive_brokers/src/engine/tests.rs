//! The desk on its own.

use mockkit::market::Market;
use mockkit::time;

use super::*;
use crate::instruments;
use crate::wire::{self, Contract};

const NOW: &str = "2013-10-07T13:31:00Z";

struct Floor {
    desk: Desk,
    instruments: Vec<instruments::Instrument>,
    tape: mockkit::market::Tape,
    rules: Rules,
    now: i64,
}

impl Floor {
    fn new() -> Floor {
        let market = Market::embedded().unwrap();
        let now = time::parse(NOW).unwrap();
        let tape = mockkit::market::Tape::new(std::sync::Arc::clone(&market), now).unwrap();
        let account = Account::new("DU1234567".into(), 1_000_000.into(), 4);
        Floor {
            desk: Desk::new(vec![account], Seed::new(1)),
            instruments: instruments::catalog(&market, &tape),
            tape,
            rules: Rules {
                partial_fill_percent: 0,
                announce_pending: false,
                check_funds: true,
                active_orders: 20,
            },
            now,
        }
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut Desk, &Scene<'_>) -> T) -> T {
        let scene = Scene {
            now: self.now,
            phase: phase(self.now),
            instruments: &self.instruments,
            tape: &self.tape,
            rules: &self.rules,
        };
        act(&mut self.desk, &scene)
    }

    /// What was told, in brief.
    fn place(&mut self, id: i32, order: wire::Order) -> Vec<String> {
        let contract = Contract {
            symbol: Some("IBM".into()),
            sec_type: Some("STK".into()),
            exchange: Some("SMART".into()),
            currency: Some("USD".into()),
            ..Contract::default()
        };
        let request = wire::PlaceOrderRequest {
            order_id: Some(id),
            contract: Some(contract),
            order: Some(order),
            attached_orders: None,
        };
        self.with(|desk, scene| desk.place(7, &request, None, scene));
        self.told()
    }

    fn told(&mut self) -> Vec<String> {
        self.desk.take_told().into_iter().map(|told| brief(&told.answer)).collect()
    }

    fn cancel(&mut self, id: i32) -> Vec<String> {
        self.with(|desk, scene| desk.cancel(7, id, false, scene));
        self.told()
    }
}

fn brief(answer: &Answer) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    match answer {
        Answer::OpenOrder(m) => {
            let state = m.order_state.clone().unwrap_or_default();
            let paid = if state.commission_and_fees.is_some() { " paid" } else { "" };
            format!("open {}{paid}", text(&state.status))
        }
        Answer::OrderStatus(m) => {
            format!("status {} {}/{}", text(&m.status), text(&m.filled), text(&m.remaining))
        }
        Answer::ExecutionDetails(m) => {
            let execution = m.execution.clone().unwrap_or_default();
            format!("execution {}", text(&execution.shares))
        }
        Answer::CommissionAndFeesReport(m) => {
            format!("commission {}", m.commission_and_fees.unwrap_or_default())
        }
        Answer::ErrorMessage(m) => format!("error {}", m.error_code.unwrap_or_default()),
        other => format!("{other:?}"),
    }
}

fn order(action: &str, quantity: &str, kind: &str) -> wire::Order {
    wire::Order {
        action: Some(action.into()),
        total_quantity: Some(quantity.into()),
        order_type: Some(kind.into()),
        order_ref: Some("ours".into()),
        ..wire::Order::default()
    }
}

fn limit(action: &str, quantity: &str, price: f64) -> wire::Order {
    wire::Order { lmt_price: Some(price), ..order(action, quantity, "LMT") }
}

#[test]
fn tells_a_market_order_as_the_recordings_do() {
    let mut floor = Floor::new();
    let told = floor.place(1, order("BUY", "100", "MKT"));
    assert_eq!(
        told,
        [
            "open PreSubmitted",
            "status PreSubmitted 0/100",
            "execution 100",
            "open Filled",
            "status Filled 100/0",
            "open Filled paid",
            "commission 1",
        ]
    );
    let account = &floor.desk.accounts[0];
    let position = account.positions.values().next().unwrap();
    assert_eq!(position.quantity, 100.into());
    assert_eq!(account.cash + position.cost, 1_000_000.into(), "what was paid is what it cost");
}

#[test]
fn an_order_id_is_used_once() {
    let mut floor = Floor::new();
    assert_eq!(floor.desk.next_id(7), 1);
    floor.place(5, order("BUY", "1", "MKT"));
    assert_eq!(floor.desk.next_id(7), 6);
    assert_eq!(floor.place(5, order("BUY", "1", "MKT")), ["error 103"]);
    assert_eq!(floor.place(4, order("BUY", "1", "MKT")), ["error 103"]);
    let seen = floor.desk.ids[&(7, 5)];
    assert_eq!((seen.sent, seen.accepted), (2, 1));
    let seen = floor.desk.references["ours"];
    assert_eq!((seen.sent, seen.accepted), (3, 1));
    assert_eq!(floor.desk.next_id(8), 1, "each client counts for itself");
}

#[test]
fn a_change_keeps_the_order() {
    let mut floor = Floor::new();
    let told = floor.place(1, limit("BUY", "10", 150.0));
    assert_eq!(told.last().unwrap(), "status Submitted 0/10");
    let perm_id = floor.desk.orders[0].perm_id;
    assert_eq!(
        floor.place(1, limit("BUY", "20", 151.0)),
        ["open Submitted", "status Submitted 0/20"]
    );
    assert_eq!(floor.place(1, limit("SELL", "20", 151.0)), ["error 105"]);
    assert_eq!(floor.place(1, limit("BUY", "20", 151.001)), ["error 110"]);
    assert_eq!(floor.desk.orders[0].terms.limit, Some(151.into()));
    assert_eq!((floor.desk.orders.len(), floor.desk.orders[0].perm_id), (1, perm_id));
    let seen = floor.desk.ids[&(7, 1)];
    assert_eq!((seen.sent, seen.accepted), (4, 1));
    assert_eq!(floor.cancel(1), ["status Cancelled 0/20", "error 202"]);
    assert_eq!(floor.cancel(1), ["error 10148"]);
    assert_eq!(floor.cancel(99), ["error 10147"]);
}

#[test]
fn refuses_what_makes_no_sense() {
    let mut floor = Floor::new();
    let mut check = |order: wire::Order, told: &[&str]| {
        let id = floor.desk.next_id(7);
        assert_eq!(floor.place(id, order), told);
    };
    check(order("HOLD", "1", "MKT"), &["error 321"]);
    check(order("BUY", "0", "MKT"), &["error 434"]);
    check(order("BUY", "1.5", "MKT"), &["error 10243"]);
    check(order("BUY", "1", "LMT"), &["error 107"]);
    check(order("BUY", "1", "WISH"), &["error 387"]);
    check(limit("BUY", "1", 150.001), &["error 110"]);
    check(wire::Order { tif: Some("GTC".into()), ..order("BUY", "1", "MOC") }, &["error 113"]);
    check(wire::Order { tif: Some("OPG".into()), ..order("BUY", "1", "TRAIL") }, &["error 107"]);
    check(wire::Order { tif: Some("GTD".into()), ..limit("BUY", "1", 150.0) }, &["error 107"]);
    check(limit("BUY", "1", f64::MAX), &["error 109"]);
    check(order("BUY", "1e9", "MKT"), &["error 201", "status Inactive 0/1000000000"]);
    check(order("BUY", "99999999999999999999999999999", "MKT"), &["error 321"]);
    check(wire::Order { account: Some("U1".into()), ..order("BUY", "1", "MKT") }, &["error 321"]);
}

#[test]
fn a_bracket_is_held_until_its_last_part() {
    let mut floor = Floor::new();
    let part = |order: wire::Order, parent: i32, transmit: bool| wire::Order {
        parent_id: Some(parent),
        transmit: Some(transmit),
        ..order
    };
    assert!(floor.place(1, part(limit("BUY", "10", 150.0), 0, false)).is_empty());
    assert!(floor.place(2, part(limit("SELL", "10", 200.0), 1, false)).is_empty());
    let stop = wire::Order { aux_price: Some(140.0), ..order("SELL", "10", "STP") };
    let told = floor.place(3, part(stop, 1, true));
    let statuses: Vec<&str> = told.iter().filter_map(|told| told.strip_prefix("status ")).collect();
    assert_eq!(
        statuses,
        ["PreSubmitted 0/10", "Submitted 0/10", "PreSubmitted 0/10", "PreSubmitted 0/10"]
    );
    // The entry is filled: one exit works, the other watches.
    let told = floor.place(1, part(limit("BUY", "10", 190.0), 0, true));
    assert!(told.contains(&"status Filled 10/0".to_owned()), "{told:?}");
    assert_eq!(told.last().unwrap(), "status Submitted 0/10");
    let told = floor.place(2, part(limit("SELL", "10", 170.0), 1, true));
    assert_eq!(&told[told.len() - 2..], ["status Cancelled 0/10", "error 202"]);
    assert!(floor.desk.open_orders().is_empty());
}

#[test]
fn what_it_would_cost_changes_nothing() {
    let mut floor = Floor::new();
    let what_if = wire::Order { what_if: Some(true), ..order("BUY", "100", "MKT") };
    assert_eq!(floor.place(1, what_if), ["open PreSubmitted paid"]);
    assert!(floor.desk.orders.is_empty() && floor.desk.next_id(7) == 1);
}

#[test]
fn a_correction_takes_the_place_of_the_execution() {
    let mut floor = Floor::new();
    floor.place(1, order("BUY", "100", "MKT"));
    let (id, price) = (floor.desk.executions[0].id.clone(), floor.desk.executions[0].price);
    let cash = floor.desk.accounts[0].cash;
    let number = floor.with(|desk, scene| desk.correct(&id, price + Decimal::ONE, scene)).unwrap();
    let corrected = &floor.desk.executions[number];
    assert_eq!(corrected.id, id.replace(".01.01", ".01.02"));
    assert_eq!(cash - floor.desk.accounts[0].cash, Decimal::ONE_HUNDRED);
    assert_eq!(floor.told(), ["execution 100", "commission 1"]);
}
