//! What `features` and `processors` switch on.

#![allow(clippy::unwrap_used)]

mod common;

use common::{Trades, catalogue, check, read};
use schemars::schema_for;
use topology::{ComponentUse, settings_reference};

/// The components of `acme` with these features, as `name feature settings`.
fn check_on(features: &str, expected: &[&str]) {
    let text = format!(
        "systems:\n  acme:\n    authentication: {{credentials: {{api_key: '${{ACME_KEY}}'}}}}\n    \
         features: {features}\n"
    );
    let topology = read(&text).unwrap_or_else(|problems| panic!("{problems}"));
    let line = |c: &ComponentUse| format!("{} {} {}", c.name, c.feature, c.settings);
    let found: Vec<String> = topology.systems[0].components.iter().map(line).collect();
    assert_eq!(found, expected, "{features}");
}

#[test]
fn features_switch_components() {
    check_on("{}", &[]);
    check_on("{ quotes: true, orders: true }", &["acme_quotes quotes {}", "acme_orders orders {}"]);
    check_on("{ quotes: false, orders: {} }", &["acme_orders orders {}"]);
    check_on(
        "{ market_data: { symbols: [A], poll_secs: 3 } }",
        &[
            "acme_trades market_data {\"poll_secs\":3,\"symbols\":[\"A\"]}",
            "acme_quotes market_data {\"symbols\":[\"A\"]}",
        ],
    );
    check_on(
        "{ market_data: { symbols: [A] }, quotes: false }",
        &["acme_trades market_data {\"symbols\":[\"A\"]}"],
    );
    check_on(
        "{ trades: { symbols: [B] }, market_data: true }",
        &["acme_trades trades {\"symbols\":[\"B\"]}", "acme_quotes market_data {}"],
    );
}

#[test]
fn a_shared_setting_must_mean_something_to_one_component() {
    check(
        "systems:\n  acme:\n    authentication: {credentials: {api_key: '${ACME_KEY}'}}\n    \
         features:\n      market_data: { symbols: 5, stale_sec: 3 }\n",
        &[
            "t.yaml:5:31: systems.acme.features.market_data.symbols: expected a list of strings, \
             found the number 5",
            "t.yaml:5:34: systems.acme.features.market_data: unknown field \"stale_sec\"; did you \
             mean \"stale_secs\"?",
        ],
    );
    check(
        "systems:\n  acme:\n    authentication: {credentials: {api_key: '${ACME_KEY}'}}\n    \
         features:\n      market_data: true\n",
        &["t.yaml:5:20: systems.acme.features.market_data: missing field \"symbols\": \
           a list of strings"],
    );
}

#[test]
fn decimals_keep_their_text() {
    let price = |number: &str| {
        let features = format!("{{ trades: {{ symbols: [], min_price: {number} }} }}");
        let text = format!(
            "systems:\n  acme:\n    authentication: {{credentials: {{api_key: '${{ACME_KEY}}'}}}}\n\
             \x20   features: {features}\n"
        );
        let topology = read(&text).unwrap_or_else(|problems| panic!("{problems}"));
        topology.systems[0].components[0].decode::<Trades>().unwrap().min_price
    };
    assert_eq!(price("0.10").as_deref(), Some("0.10"));
    assert_eq!(
        price("1234567890.123456789012345678").as_deref(),
        Some("1234567890.123456789012345678")
    );
    assert_eq!(price("'7.5'").as_deref(), Some("7.5"));
    assert_eq!(price("+7").as_deref(), Some("7"));
    assert_eq!(price("~"), None);
}

#[test]
fn processors_are_switched_like_features() {
    let topology = read("processors: { validate: { symbols: [A] }, book: false }\n").unwrap();
    let [validate] = topology.processors.as_slice() else { panic!("one processor") };
    assert_eq!(validate.name, "validate");
    assert_eq!(validate.settings, serde_json::json!({ "symbols": ["A"] }));
}

#[test]
fn topics_are_set_by_name_family_or_default() {
    let text = "topics: { partitions: { market.trades: 12, market: 6, default: 3 } }\n";
    let topics = read(text).unwrap().topics;
    assert_eq!(topics.partitions_of("market.trades"), Some(12));
    assert_eq!(topics.partitions_of("market.quotes"), Some(6));
    assert_eq!(topics.partitions_of("orders.fills"), Some(3));
    assert_eq!(topics.retention_hours_of("orders.fills"), None);
}

#[test]
fn kafka_settings_are_handed_over() {
    let text = "kafka:\n  bootstrap_servers: a:9092\n  \
                properties: { linger.ms: 5, x: 0.10, y: true, z: w }\n";
    let kafka = read(text).unwrap().kafka.unwrap();
    assert_eq!(
        kafka.settings,
        serde_json::json!({
            "bootstrap_servers": "a:9092",
            "properties": { "linger.ms": "5", "x": "0.10", "y": "true", "z": "w" },
        })
    );
    let kafka = read("kafka: { local: { port: 9092 } }\n").unwrap().kafka.unwrap();
    assert_eq!(kafka.local.unwrap().port, Some(9092));
    assert_eq!(kafka.settings, serde_json::json!({ "properties": {} }));
}

#[test]
fn settings_are_listed_for_the_reference() {
    let settings = settings_reference(&schema_for!(Trades));
    let line = |name: &str| {
        let setting = settings.iter().find(|setting| setting.name == name).unwrap();
        let default = setting.default.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{}|{}|{}|{}", setting.r#type, default, setting.required, setting.doc)
    };
    assert_eq!(line("symbols"), "a list of strings||true|Symbols to follow, in Acme's spelling.");
    assert_eq!(line("poll_secs"), "an integer|5|false|Pause between polls.");
    assert_eq!(line("rest_url"), "a URL||false|Where bars are asked for.");
    assert_eq!(line("min_price"), "a number||false|Trades below this are left out.");
    assert_eq!(line("weights"), "a list of numbers|[]|false|");
    assert_eq!(line("mode"), "\"live\" or a mapping||false|");
    assert_eq!(line("mode.polled.page_size"), "an integer||true|");
    let names: Vec<_> = settings.iter().map(|setting| setting.name.as_str()).collect();
    assert_eq!(names.iter().filter(|name| name.starts_with("mode.polled")).count(), 3);

    let acme = &catalogue().connectors[0];
    let settings = settings_reference(&acme.system_schema);
    let key = settings.iter().find(|s| s.name == "authentication.credentials.api_key").unwrap();
    assert!(key.required && key.default.is_none());
}
