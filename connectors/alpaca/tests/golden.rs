//! Every fixture through `map`, compared with `golden/`. `UPDATE_GOLDEN=1` rewrites.

#![allow(clippy::unwrap_used)]

use alpaca::map::{self, Executions, Period, Records};
use component::{Bad, Item};
use http::Row;
use model::{Adjustment, Event, Timestamp};
use testkit::Golden;
use testkit::golden::{item, raws};

const GOLDEN: Golden =
    Golden { folder: env!("CARGO_MANIFEST_DIR"), test: include_str!("golden.rs") };
const NOW: Timestamp = Timestamp(1_700_000_000_000_000_000);

#[test]
fn the_data_stream() {
    let mut items = Vec::new();
    for line in GOLDEN.fixture("data-stream-messages.ndjson").lines() {
        // The page shows single data points; the stream sends arrays of them.
        map::frame(format!("[{line}]").as_bytes(), &mut items, &mut |_| {});
    }
    GOLDEN.check("data-stream-messages.ndjson", &items);
    let mut items = Vec::new();
    let session = GOLDEN.fixture("data-stream-session.txt");
    for frame in session.lines().filter_map(|line| line.strip_prefix("< ")) {
        map::frame(frame.as_bytes(), &mut items, &mut |_| {});
    }
    GOLDEN.check("data-stream-session.txt", &items);
}

#[test]
fn control_messages_are_no_records() {
    let (mut items, mut controls) = (Vec::new(), 0);
    for frame in GOLDEN.fixture("data-stream-control-messages.ndjson").lines() {
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
    let text = GOLDEN.fixture(name);
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
        GOLDEN.check(name, &page(name));
    }
    assert!(page("stock-bars-empty.json").is_empty());
}

/// Every row of a list below a member of a fixture, or the one that the fixture is.
fn rows<E: Into<Event>>(name: &str, member: &str, map: impl Fn(&Row) -> Result<E, Bad>) {
    GOLDEN.check(name, &mapped(name, member, map));
}

fn mapped<E: Into<Event>>(
    name: &str,
    member: &str,
    map: impl Fn(&Row) -> Result<E, Bad>,
) -> Vec<Item> {
    let text = GOLDEN.fixture(name);
    let rows = http::items(serde_json::from_str(&text).unwrap(), member).unwrap().unwrap();
    rows.into_iter().map(|(_, raw)| item(raw, map(&Row::of(raw)))).collect()
}

fn row(name: &str) -> Row {
    Row::of(serde_json::from_str(&GOLDEN.fixture(name)).unwrap())
}

fn events(name: &str, events: Result<Vec<Event>, Bad>) {
    GOLDEN.check(name, &events.unwrap().into_iter().map(Item::Event).collect::<Vec<_>>());
}

#[test]
fn news() {
    let mut items = mapped("news-page1.json", "news", map::news);
    items.extend(mapped("news-stream-message.json", "", map::news));
    GOLDEN.check("news-page1.json", &items);
}

#[test]
fn corporate_actions() {
    let page = GOLDEN.fixture("corporate-actions-all-types.json");
    let groups = http::items(serde_json::from_str(&page).unwrap(), "corporate_actions.*");
    let mut items = Vec::new();
    for (group, list) in groups.unwrap().unwrap() {
        for raw in raws(list.get()) {
            items.push(item(raw, map::corporate_action(group.as_deref().unwrap(), Row::of(raw))));
        }
    }
    GOLDEN.check("corporate-actions-all-types.json", &items);
}

#[test]
fn the_account() {
    rows("account.json", "", |row| map::balance(row, NOW));
    rows("positions-list.json", "", |row| map::position(row, "PALPACA_123", NOW));
    rows("activity-dividend.json", "", |row| map::activity(row, "PALPACA_123"));
    rows("assets-list.json", "", |row| map::instrument(row, NOW));
}

#[test]
fn orders_and_fills() {
    for name in ["order-equity.json", "order-multileg-options.json", "orders-list.json"] {
        rows(name, "", |row| map::order_status(row, "PA1"));
    }
    let update = row("trade-updates-fill.json").inner("data");
    let told = map::trade_update(&update, &Executions::default(), "PA1");
    events("trade-updates-fill.json", told);
    let (fill, order) = (row("activity-fill.json"), row("order-equity.json"));
    events("activity-fill.json", map::fill_activity(&fill, &order, "PA1"));
}

#[test]
fn refusals() {
    for line in GOLDEN.fixture("error-bodies.ndjson").lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let body = &line["body"];
        assert!(body["code"].is_u64() && body["message"].is_string(), "{line}");
    }
}

#[test]
fn every_fixture_is_used_here() {
    GOLDEN.assert_all_are_used(&[]);
}

#[test]
fn the_login_of_the_order_stream() {
    let session = GOLDEN.fixture("trade-updates-session.txt");
    let said = session.lines().filter_map(|line| line.strip_prefix("< "));
    let messages: Vec<alpaca::wire::OrderStream<'_>> =
        said.map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(messages.iter().filter(|message| message.stream == "authorization").count(), 3);
}
