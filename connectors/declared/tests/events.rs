//! What items of real shapes become, and the example against its mock.

#![allow(clippy::unwrap_used)]

mod common;

use std::path::PathBuf;

use common::{Rig, drain, events};
use component::{Host, Source};
use declared::{Cursor, Records, RecordsSettings, System};
use model::Event;
use schemars::schema_for;
use serde_json::{Value, json};
use topology::{Catalogue, ComponentEntry, ConnectorEntry, Kind, Topology};

/// What one item becomes.
async fn becomes(item: Value, event: &str, fields: Value) -> Event {
    let rig = Rig::start(vec![item]).await;
    let feed = json!({
        "path": "/rows", "items": "data.rows", "event": event, "id": ["n"], "fields": fields,
    });
    let mut source = rig.source(feed).await.unwrap();
    let mut found = events(drain(&mut source, &mut Cursor::default()).await);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

#[tokio::test]
async fn a_bar_ends_when_its_interval_does() {
    let item = json!({
        "n": 1, "t": 1_381_154_400_000_i64, "sym": "BAC", "v": [1.5, "2", 1.25, "1.75", 100],
    });
    let fields = json!({
        "event_time": { "from": "t", "format": "epoch_millis" },
        "instrument": { "symbol": "sym", "venue": "US" },
        "interval": { "constant": "5m" },
        "open": "v.0", "high": "v.1", "low": "v.2", "close": "v.3", "volume": "v.4",
        "adjustment": { "constant": "raw" },
        "is_final": { "constant": true },
    });
    let Event::Bar(bar) = becomes(item, "Bar", fields).await else { panic!() };
    assert_eq!(bar.end_time.to_string(), "2013-10-07T14:05:00Z");
    let prices = [bar.open, bar.high, bar.low, bar.close].map(|price| price.to_string());
    assert_eq!(prices, ["1.5", "2", "1.25", "1.75"]);
    assert_eq!((bar.instrument.as_str(), &*bar.symbol), ("BAC.US", "BAC"));
}

#[tokio::test]
async fn words_and_days_become_ours() {
    let item =
        json!({ "n": "d-1", "who": "BAC.US", "what": "CD", "on": "20131007", "cash": "0.0100" });
    let fields = json!({
        "event_time": { "from": "on", "format": "%Y%m%d", "zone": "America/New_York" },
        "instrument": "who",
        "symbol": { "constant": "BAC" },
        "kind": { "from": "what", "words": { "CD": "cash_dividend", "SP": "forward_split" } },
        "ex_date": { "from": "on", "format": "%Y%m%d" },
        "cash_rate": "cash",
    });
    let Event::CorporateAction(action) = becomes(item, "CorporateAction", fields).await else {
        panic!()
    };
    assert_eq!(action.kind.as_str(), "cash_dividend");
    assert_eq!(action.ex_date.unwrap().to_string(), "2013-10-07");
    assert_eq!(action.head.event_time.to_string(), "2013-10-07T04:00:00Z");
    assert_eq!(
        (&*action.action_id, action.cash_rate.unwrap().to_string()),
        ("d-1", "0.0100".into())
    );
}

/// The example as a topology reads it, with these variables.
fn example(url: &str, key: &str) -> Topology {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = path.join("../../examples/declared/insiders.yaml");
    let records = ComponentEntry {
        name: Records::NAME,
        feature: "records",
        kind: Kind::Source,
        settings_schema: schema_for!(RecordsSettings),
    };
    let declared = ConnectorEntry {
        name: "declared",
        system_schema: schema_for!(System),
        components: vec![records],
        features: Vec::new(),
    };
    let catalogue = Catalogue { connectors: vec![declared], processors: Vec::new() };
    let env = |name: &str| match name {
        "ALPHA_VANTAGE_URL" => Some(url.to_owned()),
        "ALPHA_VANTAGE_KEY" => Some(key.to_owned()),
        _ => None,
    };
    topology::load(&path, &env, &catalogue).unwrap_or_else(|problems| panic!("{problems}"))
}

async fn insiders(url: &str, key: &str) -> Records {
    let topology = example(url, key);
    let system = &topology.systems[0];
    let settings = serde_json::from_value(system.components[0].settings.clone()).unwrap();
    let host = Host::test("insiders", Records::NAME);
    let system = serde_json::from_value(system.system.clone()).unwrap();
    Records::connect(system, settings, host).await.unwrap()
}

#[tokio::test]
async fn the_example_reads_insiders_from_the_mock() {
    let settings = serde_json::from_value(json!({ "speed": 0 })).unwrap();
    let mock = alpha_vantage_mock::serve(settings).await.unwrap();
    let url = mock.urls()["query"].trim_end_matches("/query").to_owned();
    let mut source = insiders(&url, "test-key").await;
    let mut cursor = Cursor::default();
    let found = events(drain(&mut source, &mut cursor).await);
    assert_eq!(found.len(), 60);
    let Event::AlternativeRecord(newest) = &found[0] else { panic!("{:?}", found[0]) };
    assert_eq!(newest.subject, "IBM.US");
    assert_eq!(newest.dataset, "insiders");
    assert!(["buy", "sell"].contains(&&*newest.texts["side"]), "{newest:?}");
    assert!(newest.values.contains_key("shares") && newest.values.contains_key("price"));
    let saved = serde_json::to_string(&cursor).unwrap();
    let day = &newest.record_id[..10];
    assert!(saved.contains(&format!("\"since\":\"{day}\"")), "{saved}");
    let mut wrong = insiders(&url, "not-the-key").await;
    let fault = wrong.read(&Cursor::default()).await.unwrap_err();
    assert_eq!(fault.kind(), "unauthorized", "{fault}");
}
