//! Every fixture through `map`, compared with `golden/`. `UPDATE_GOLDEN=1` rewrites.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::PathBuf;

use alpaca::map::{self, Period, Records};
use component::{Bad, Item};
use model::{Adjustment, Event, Timestamp};
use serde_json::value::RawValue;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn fixture(name: &str) -> String {
    std::fs::read_to_string(folder("fixtures").join(name)).unwrap()
}

/// Compares what a fixture became, one event a line, with what it must become.
fn check(name: &str, items: &[Item]) {
    let mut text = String::new();
    for item in items {
        match item {
            Item::Event(event) => {
                let kind = event.info().name;
                writeln!(text, "{kind} {}", serde_json::to_string(event).unwrap()).unwrap();
            }
            Item::Bad { bad, .. } => writeln!(text, "Bad {bad}").unwrap(),
        }
    }
    assert!(!text.is_empty(), "{name} became nothing");
    let path = folder("golden").join(name.replace(['.'], "-") + ".txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(folder("golden")).unwrap();
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "{} differs; UPDATE_GOLDEN=1 rewrites it", path.display());
}

fn item<E: Into<Event>>(raw: &RawValue, event: Result<E, Bad>) -> Item {
    match event {
        Ok(event) => Item::Event(event.into()),
        Err(bad) => Item::Bad { raw: raw.get().as_bytes().to_vec(), bad },
    }
}

fn list(text: &str) -> Vec<&RawValue> {
    serde_json::from_str(text).unwrap()
}

fn one(text: &str) -> &RawValue {
    serde_json::from_str(text).unwrap()
}

const NOW: Timestamp = Timestamp(1_700_000_000_000_000_000);

#[test]
fn the_data_stream() {
    let mut items = Vec::new();
    for line in fixture("data-stream-messages.ndjson").lines() {
        // The page shows single data points; the stream sends arrays of them.
        map::frame(format!("[{line}]").as_bytes(), &mut items, &mut |_| {});
    }
    check("data-stream-messages.ndjson", &items);
    let mut items = Vec::new();
    let session = fixture("data-stream-session.txt");
    for frame in session.lines().filter_map(|line| line.strip_prefix("< ")) {
        map::frame(frame.as_bytes(), &mut items, &mut |_| {});
    }
    check("data-stream-session.txt", &items);
}

#[test]
fn control_messages_are_no_records() {
    let (mut items, mut controls) = (Vec::new(), 0);
    for frame in fixture("data-stream-control-messages.ndjson").lines() {
        map::frame(frame.as_bytes(), &mut items, &mut |_| controls += 1);
    }
    assert!(items.is_empty());
    assert_eq!(controls, 13);
}

fn page(name: &str) -> Vec<Item> {
    let bars = |timeframe, adjustment| Records::Bars(Period::parse(timeframe, adjustment).unwrap());
    let records = match name {
        name if name.starts_with("stock-trades") => Records::Trades,
        name if name.starts_with("stock-quotes") => Records::Quotes,
        name if name.contains("15min") => bars("15Min", Adjustment::Raw),
        _ => bars("1Day", Adjustment::Dividend),
    };
    let text = fixture(name);
    map::page(&records, &serde_json::from_str(&text).unwrap()).0
}

#[test]
fn pages_of_history() {
    for name in [
        "stock-bars-15min-amzn.json",
        "stock-bars-daily-ge-adjusted.json",
        "stock-bars-daily-meta-page1.json",
        "stock-bars-daily-meta-page2.json",
        "stock-quotes-ibm-page1.json",
        "stock-quotes-ibm-page2.json",
        "stock-trades-canceled.json",
    ] {
        check(name, &page(name));
    }
    assert!(page("stock-bars-empty.json").is_empty());
}

#[test]
fn news() {
    let page = fixture("news-page1.json");
    let page: alpaca::wire::NewsPage<'_> = serde_json::from_str(&page).unwrap();
    let mut items: Vec<Item> = page.news.iter().map(|raw| item(raw, map::news(raw))).collect();
    let streamed = fixture("news-stream-message.json");
    items.push(item(one(&streamed), map::news(one(&streamed))));
    check("news-page1.json", &items);
}

#[test]
fn corporate_actions() {
    let page = fixture("corporate-actions-all-types.json");
    let page: alpaca::wire::CorporateActionsPage<'_> = serde_json::from_str(&page).unwrap();
    let mut items = Vec::new();
    for (group, list) in &page.corporate_actions {
        items.extend(list.iter().map(|raw| item(raw, map::corporate_action(group, raw))));
    }
    check("corporate-actions-all-types.json", &items);
}

#[test]
fn the_account() {
    let text = fixture("account.json");
    check("account.json", &[item(one(&text), map::balance(one(&text), NOW))]);
    let text = fixture("positions-list.json");
    let position = |raw: &&RawValue| item(raw, map::position(raw, "PALPACA_123", NOW));
    check("positions-list.json", &list(&text).iter().map(position).collect::<Vec<_>>());
    let text = fixture("activity-dividend.json");
    let activity = map::activity(one(&text), "PALPACA_123");
    check("activity-dividend.json", &[item(one(&text), activity)]);
    let text = fixture("assets-list.json");
    let asset = |raw: &&RawValue| item(raw, map::instrument(raw, NOW));
    check("assets-list.json", &list(&text).iter().map(asset).collect::<Vec<_>>());
}

#[test]
fn orders_and_fills() {
    for name in ["order-equity.json", "order-multileg-options.json", "orders-list.json"] {
        let text = fixture(name);
        let raws = if text.trim_start().starts_with('[') { list(&text) } else { vec![one(&text)] };
        let mut items = Vec::new();
        for raw in raws {
            let order = http::decode::<alpaca::wire::Order<'_>>(raw);
            items.push(item(raw, order.and_then(|order| map::order_status(&order, "PA1"))));
        }
        check(name, &items);
    }
    let text = fixture("trade-updates-fill.json");
    let frame: alpaca::wire::OrderStream<'_> = serde_json::from_str(&text).unwrap();
    let events = map::trade_update(frame.data, "PA1").unwrap();
    check("trade-updates-fill.json", &events.into_iter().map(Item::Event).collect::<Vec<_>>());
    let (text, order) = (fixture("activity-fill.json"), fixture("order-equity.json"));
    let fill: alpaca::wire::FillActivity<'_> = serde_json::from_str(&text).unwrap();
    let order: alpaca::wire::Order<'_> = serde_json::from_str(&order).unwrap();
    let events = map::fill_activity(&fill, &order, "PA1").unwrap();
    check("activity-fill.json", &events.into_iter().map(Item::Event).collect::<Vec<_>>());
}

#[test]
fn refusals() {
    for line in fixture("error-bodies.ndjson").lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let refusal: alpaca::wire::Refusal = serde_json::from_value(line["body"].clone()).unwrap();
        assert!(refusal.code.is_some() && !refusal.message.is_empty(), "{line}");
    }
}

#[test]
fn every_fixture_is_used_here() {
    let this = include_str!("golden.rs");
    for entry in std::fs::read_dir(folder("fixtures")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "SOURCES.md" || this.contains(&name), "{name} is not used");
    }
}

#[test]
fn the_login_of_the_order_stream() {
    let session = fixture("trade-updates-session.txt");
    let said = session.lines().filter_map(|line| line.strip_prefix("< "));
    let messages: Vec<alpaca::wire::OrderStream<'_>> =
        said.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(messages.iter().filter(|message| message.stream == "authorization").count(), 3);
}
