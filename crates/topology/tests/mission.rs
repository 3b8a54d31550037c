//! The user's own sample configuration loads unchanged, as JSON and as YAML.

#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::time::Duration;

use common::{catalogue, env};
use topology::{Kind, SystemType, Topology, explain, load};

fn check(file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    let topology = load(&path, &env, &catalogue()).unwrap_or_else(|problems| panic!("{problems}"));
    check_systems(&topology);
    let import = &topology.data_import.scheduled_imports[0];
    assert_eq!(import.symbols, ["AAPL", "MSFT", "GOOGL"]);
    assert_eq!(import.schedule, "0 18 * * 1-5");
    assert_eq!(topology.data_import.formats.csv.quotechar, '"');
    assert_eq!(topology.data_import.formats.json.indent, None);
    let export = &topology.data_export.scheduled_exports[0];
    assert_eq!(export.destination, "file://reports/portfolio_summary.json");
    assert_eq!(topology.monitoring.health_check_interval, Duration::from_secs(300));
    assert_eq!(topology.monitoring.alert_destinations.len(), 2);
    let warnings: Vec<_> = topology.warnings.iter().map(|w| w.message.as_str()).collect();
    assert_eq!(
        warnings,
        [
            "no alert reaches email: \"monitoring.email\" is missing",
            "no alert reaches slack: \"monitoring.slack\" is missing",
        ]
    );
}

fn check_systems(topology: &Topology) {
    let [broker, prices] = topology.systems.as_slice() else { panic!("two systems") };
    let ids = [&broker.id, &prices.id];
    let mut sorted = ids;
    sorted.sort();
    assert_eq!(sorted, ["alpha_vantage", "interactive_brokers"]);
    assert_eq!(ids[0], "interactive_brokers", "the order of the file is kept");
    assert_eq!(broker.r#type, Some(SystemType::Brokerage));
    assert_eq!(broker.api_version.as_deref(), Some("v1"));
    assert_eq!(broker.system["connection"]["port"], 7496);
    assert_eq!(broker.system["authentication"]["credentials"]["password"], "correct horse");
    assert_eq!(broker.throttling.max_requests_per_second, Some(5));
    assert_eq!(broker.throttling.retry_pause(), Some(Duration::from_secs(1)));
    assert_eq!(prices.throttling.retry_pause(), Some(Duration::from_secs(12)));
    let names: Vec<_> = broker.components.iter().map(|c| (c.name.as_str(), c.kind)).collect();
    assert_eq!(
        names,
        [
            ("ib_quotes", Kind::Source),
            ("ib_orders", Kind::Sink),
            ("ib_positions", Kind::Source),
            ("ib_balances", Kind::Source),
        ]
    );
    assert_eq!(broker.components[0].feature, "market_data");
    assert_eq!(prices.components.len(), 3);
    let words = explain(topology);
    assert!(words.contains("system interactive_brokers (interactive_brokers): 4 components\n"));
    assert!(
        words.contains("  ib_orders delivers to interactive_brokers, by feature order_execution\n")
    );
    for line in [
        "  requests: at most 5 a second; what fails and is safe to repeat is repeated 3 times, \
         first after 1s",
        "import daily_prices from alpha_vantage for AAPL, MSFT, GOOGL: at 18:00 from Monday to \
         Friday, UTC",
        "export portfolio_summary to file://reports/portfolio_summary.json: at 20:00 every day, \
         UTC",
        "monitoring: each system is looked at every 300s",
        "alerts: to email and slack",
    ] {
        assert!(words.lines().any(|said| said == line), "{line}\n{words}");
    }
    for secret in ["correct horse", "AV-SECRET"] {
        assert!(!format!("{words}{topology:?}").contains(secret));
    }
}

#[test]
fn the_sample_loads_as_json() {
    check("integration-config.json");
}

#[test]
fn the_sample_loads_as_yaml() {
    check("integration-config.yaml");
}

#[test]
fn the_sample_is_the_one_json_reader_reads() {
    let text = include_str!("data/integration-config.json");
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    let topology = topology::parse("t", text, &env, &catalogue()).unwrap();
    assert_eq!(
        topology.systems[0].system["connection"],
        json["systems"]["interactive_brokers"]["connection"]
    );
}

#[test]
fn without_its_variables_each_is_named() {
    let text = include_str!("data/integration-config.json");
    let problems = topology::parse("c.json", text, &|_| None, &catalogue()).unwrap_err();
    let lines: Vec<_> = problems.0.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(
        lines[0],
        "c.json:8:71: systems.interactive_brokers.authentication.credentials.username: \
         variable \"IB_USERNAME\" is not set; set it or write ${IB_USERNAME:-default}"
    );
}
