//! What no fixture shows: corrections, hostile values, ids and periods.

#![allow(clippy::unwrap_used)]

use alpaca::map::{self, Executions, Period};
use component::{Bad, Item};
use http::Row;
use model::{Adjustment, Event, OrderEventKind, Trade, TradeStatus};
use serde_json::value::RawValue;

fn frame(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    map::frame(text.as_bytes(), &mut items, &mut |_| {});
    items
}

fn trades(items: &[Item]) -> Vec<&Trade> {
    let mut trades = Vec::new();
    for item in items {
        if let Item::Event(Event::Trade(trade)) = item {
            trades.push(&**trade);
        }
    }
    trades
}

fn bads(items: &[Item]) -> Vec<(&str, &Bad)> {
    let mut bads = Vec::new();
    for item in items {
        if let Item::Bad { raw, bad } = item {
            bads.push((std::str::from_utf8(raw).unwrap(), bad));
        }
    }
    bads
}

const TRADE: &str = r#"{"T":"t","i":7,"S":"BAC","x":"N","p":14.01,"s":100,"t":"2013-10-07T13:31:00.5Z","c":[" "],"z":"A"}"#;

#[test]
fn a_bad_point_does_not_spoil_its_frame() {
    let long = TRADE.replace("14.01", "12345678901234567890");
    let items = frame(&format!("[{TRADE},{long},{TRADE}]"));
    assert_eq!(trades(&items).len(), 2);
    let [(raw, bad)] = bads(&items)[..] else { panic!("{items:?}") };
    assert_eq!((raw, bad.field.as_str()), (long.as_str(), "p"));
}

#[test]
fn hostile_points_are_refused_with_their_bytes() {
    for (from, to) in [
        ("14.01", "null"),
        ("14.01", "-14.01"),
        ("14.01", "1e400"),
        ("14.01", "\"NaN\""),
        ("14.01", "[]"),
        ("\"i\":7", "\"i\":\"x\""),
        ("\"i\":7", "\"i\":7.5"),
        ("2013-10-07T13:31:00.5Z", "yesterday"),
        ("\"T\":\"t\"", "\"T\":\"zz\""),
        ("\"T\":\"t\",", ""),
        ("[\" \"]", "7"),
    ] {
        let point = TRADE.replace(from, to);
        let items = frame(&format!("[{point}]"));
        assert!(trades(&items).is_empty(), "{point}");
        assert_eq!(bads(&items)[0].0, point);
    }
    for text in ["", "null", "{}", "[", "not json", "[1]", "[[[[", "\u{feff}[]"] {
        assert_eq!(bads(&frame(text)).len(), 1, "{text:?}");
    }
    assert!(frame("[]").is_empty());
    let mut items = Vec::new();
    map::frame(&[0xff, 0xfe], &mut items, &mut |_| {});
    assert!(matches!(&items[0], Item::Bad { raw, .. } if raw == &[0xff, 0xfe]));
}

#[test]
fn the_order_of_keys_does_not_matter() {
    let last = TRADE.replace("\"T\":\"t\",", "").replace("\"z\":\"A\"", "\"z\":\"A\",\"T\":\"t\"");
    assert_eq!(trades(&frame(&format!("[{last}]"))), trades(&frame(&format!("[{TRADE}]"))));
}

#[test]
fn a_print_is_the_same_from_the_stream_and_from_history() {
    let streamed = frame(&format!("[{TRADE}]"));
    let page = format!(
        r#"{{"trades":{{"BAC":[{}]}},"next_page_token":null}}"#,
        TRADE.replace("14.01", "14.010")
    );
    let (past, _) = map::page(&map::Records::Trades, &serde_json::from_str(&page).unwrap());
    assert_eq!(trades(&streamed)[0].head.event_id, trades(&past)[0].head.event_id);
    let quote = r#"{"T":"q","S":"BAC","bx":"N","bp":14.00,"bs":5,"ax":" ","ap":0,"as":0,"t":"2013-10-07T13:31:00Z","c":["R"],"z":"A"}"#;
    let streamed = frame(&format!("[{quote}]"));
    let page = format!(r#"{{"quotes":{{"BAC":[{}]}}}}"#, quote.replace("14.00", "14"));
    let (past, _) = map::page(&map::Records::Quotes, &serde_json::from_str(&page).unwrap());
    let id = |items: &[Item]| match &items[0] {
        Item::Event(Event::Quote(quote)) => {
            assert_eq!(
                (quote.ask_price, quote.ask_venue.as_deref()),
                (None, None),
                "nobody offers"
            );
            quote.head.event_id
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(id(&streamed), id(&past));
}

#[test]
fn withdrawn_and_corrected_prints_are_facts_of_their_own() {
    let cancel = r#"[{"T":"x","S":"BAC","i":7,"x":"N","p":14.01,"s":100,"a":"C","z":"A","t":"2013-10-07T13:32:00Z"}]"#;
    let items = frame(cancel);
    let canceled = trades(&items)[0];
    assert_eq!((canceled.trade_id.as_str(), canceled.status), ("7", TradeStatus::Canceled));
    let original = frame(&format!("[{TRADE}]"));
    assert_ne!(canceled.head.event_id, trades(&original)[0].head.event_id);
    let correction = |new_id: u32| {
        frame(&format!(
            r#"[{{"T":"c","S":"BAC","x":"N","oi":7,"op":14.01,"os":100,"oc":[" "],"ci":{new_id},"cp":14.02,"cs":90,"cc":[" "],"z":"A","t":"2013-10-07T13:32:00Z"}}]"#
        ))
    };
    let items = correction(7);
    let [corrected] = trades(&items)[..] else { panic!("{items:?}") };
    assert_eq!(
        (corrected.status, corrected.price.to_string().as_str()),
        (TradeStatus::Corrected, "14.02")
    );
    let items = correction(8);
    let told: Vec<_> = trades(&items).iter().map(|t| (t.trade_id.as_str(), t.status)).collect();
    assert_eq!(told, [("7", TradeStatus::Canceled), ("8", TradeStatus::Corrected)]);
}

#[test]
fn our_order_ids_survive_the_way_to_the_broker_and_back() {
    for id in ["o1", "a-b_c", &"x".repeat(64)] {
        let placed = map::client_order_id(id, None);
        let replaced = map::client_order_id(id, Some("request 7"));
        assert!(replaced.len() <= 128 && placed != replaced);
        assert_eq!(map::order_id(&placed, "broker"), id);
        assert_eq!(map::order_id(&replaced, "broker"), id);
    }
    assert_ne!(map::client_order_id("o", Some("r1")), map::client_order_id("o", Some("r2")));
    assert_eq!(map::order_id("4642fd68-d59a", "broker"), "broker");
    assert_eq!(map::order_id("", "broker"), "broker");
}

#[test]
fn bars_have_the_lengths_that_alpaca_knows() {
    let bar = |timeframe: &str, start: &str| {
        let period = Period::parse(timeframe, Adjustment::Raw)?;
        let page =
            format!(r#"{{"bars":{{"A":[{{"t":"{start}","o":1,"h":1,"l":1,"c":1,"v":1}}]}}}}"#);
        let (items, _) =
            map::page(&map::Records::Bars(period), &serde_json::from_str(&page).unwrap());
        match &items[0] {
            Item::Event(Event::Bar(bar)) => Some(format!("{} {}", bar.interval, bar.end_time)),
            other => panic!("{other:?}"),
        }
    };
    for (timeframe, start, expected) in [
        ("1Min", "2024-01-31T15:00:00Z", "1m 2024-01-31T15:01:00Z"),
        ("45T", "2024-01-31T15:00:00Z", "45m 2024-01-31T15:45:00Z"),
        ("4Hour", "2024-01-31T15:00:00Z", "4h 2024-01-31T19:00:00Z"),
        ("1Day", "2024-01-31T05:00:00Z", "1d 2024-02-01T05:00:00Z"),
        ("1Week", "2024-01-29T05:00:00Z", "1w 2024-02-05T05:00:00Z"),
        ("1Month", "2024-02-01T05:00:00Z", "1mo 2024-03-01T05:00:00Z"),
        ("12M", "2024-01-01T05:00:00Z", "12mo 2025-01-01T05:00:00Z"),
    ] {
        assert_eq!(bar(timeframe, start).as_deref(), Some(expected));
    }
    for timeframe in
        ["", "Min", "0Min", "60Min", "24Hour", "2Day", "5Month", "1Year", "-1Min", "1 Min"]
    {
        assert!(Period::parse(timeframe, Adjustment::Raw).is_none(), "{timeframe:?}");
    }
}

fn update(event: &str, status: &str, with: &str) -> Result<Vec<Event>, Bad> {
    let text = format!(
        r#"{{"event":"{event}","timestamp":"2013-10-07T13:31:00Z",{with}"order":{{"id":"b1","client_order_id":"fs.o1",
        "status":"{status}","symbol":"BAC","asset_class":"us_equity","side":"buy","type":"limit",
        "time_in_force":"day","qty":"10","filled_qty":"0","updated_at":"2013-10-07T13:31:00Z"}}}}"#
    );
    let raw: &RawValue = serde_json::from_str(&text).unwrap();
    map::trade_update(&Row::of(raw), &Executions::default(), "PA1")
}

#[test]
fn every_event_of_an_order_has_its_word_and_no_other_is_guessed() {
    for (event, status, kind) in [
        ("pending_new", "pending_new", OrderEventKind::PendingNew),
        ("accepted", "accepted", OrderEventKind::Accepted),
        ("new", "new", OrderEventKind::New),
        ("canceled", "canceled", OrderEventKind::Canceled),
        ("expired", "expired", OrderEventKind::Expired),
        ("done_for_day", "done_for_day", OrderEventKind::DoneForDay),
        ("rejected", "rejected", OrderEventKind::Rejected),
        ("replaced", "replaced", OrderEventKind::Replaced),
        ("pending_cancel", "pending_cancel", OrderEventKind::PendingCancel),
        ("pending_replace", "pending_replace", OrderEventKind::PendingReplace),
        ("stopped", "stopped", OrderEventKind::Stopped),
        ("suspended", "suspended", OrderEventKind::Suspended),
        ("calculated", "calculated", OrderEventKind::Calculated),
        ("held", "held", OrderEventKind::Held),
        ("order_cancel_rejected", "new", OrderEventKind::CancelRejected),
        ("order_replace_rejected", "new", OrderEventKind::ReplaceRejected),
        ("restated", "new", OrderEventKind::Restated),
    ] {
        let events = update(event, status, "").unwrap();
        let [Event::OrderEvent(told)] = &events[..] else { panic!("{events:?}") };
        assert_eq!((told.kind, told.order_id.as_str()), (kind, "o1"), "{event}");
    }
    let wrong = [("exploded", "new", "event"), ("new", "odd", "status"), ("new", "", "status")];
    for (event, status, field) in wrong {
        assert_eq!(update(event, status, "").unwrap_err().field, field, "{event} {status}");
    }
    assert_eq!(update("fill", "filled", "").unwrap_err().field, "qty", "a fill says how much");
    assert_eq!(update("fill", "filled", r#""qty":"10","price":"14","#).unwrap().len(), 2);
}
