//! No message shows a secret, and nothing speaks plain http over the network unasked.

#![allow(clippy::unwrap_used)]

mod common;

use common::{AcmeSystem, Trades, check, check_trades, read};
use topology::Topology;

fn acme(rest: &str) -> String {
    format!("systems:\n  acme:\n{rest}")
}

fn warnings(text: &str) -> Vec<String> {
    let topology = read(text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
    topology.warnings.iter().map(ToString::to_string).collect()
}

#[test]
fn values_of_variables_and_credentials_are_not_shown() {
    check(
        &acme(
            "    connection: { base_url: \"${ACME_KEY}\", port: \"${PORT}\" }
    authentication:
      type: ${ACME_KEY}
      credentials: { api_key: [hunter2], username: 0815, hunter: 3 }
    throttling: { retry_attempts: \"${ACME_KEY}\" }
    api_version: [hunter2]
",
        ),
        &[
            "t.yaml:3:29: systems.acme.connection.base_url: expected a URL, found the value of \
             ${ACME_KEY}: relative URL without a base",
            "t.yaml:3:50: systems.acme.connection.port: expected an integer, found the value of \
             ${PORT}; write it without quotes",
            "t.yaml:5:13: systems.acme.authentication.type: expected one of \"api_key\", \
             \"oauth2\", found the value of ${ACME_KEY}",
            "t.yaml:6:31: systems.acme.authentication.credentials.api_key: expected a string, \
             found a list",
            "t.yaml:6:52: systems.acme.authentication.credentials.username: expected a string, \
             found a number; put it in quotes",
            "t.yaml:6:58: systems.acme.authentication.credentials: unknown field \"hunter\"",
            "t.yaml:7:35: systems.acme.throttling.retry_attempts: expected an integer, found the \
             value of ${ACME_KEY}",
            "t.yaml:8:18: systems.acme.api_version: expected a string, found a list",
        ],
    );
    check(
        &acme("    authentication:\n      credentials: hunter2\n"),
        &["t.yaml:4:20: systems.acme.authentication.credentials: expected a mapping, \
             found a string"],
    );
    check(
        &acme("    connector: ${ACME_KEY}\n    authentication: {}\n"),
        &["t.yaml:3:16: systems.acme.connector: unknown connector the value of ${ACME_KEY}; \
           expected one of \"acme\", \"interactive_brokers\", \"alpha_vantage\""],
    );
}

#[test]
fn variables_fill_words_and_never_yaml() {
    let topology = read(&acme(
        "    connection: { port: 1 }
    authentication: { credentials: { api_key: \"${BAD}\", username: 'x-${PIN}' } }
    throttling:
      retry_attempts: ${RETRIES:-7}
",
    ))
    .unwrap();
    let system = &topology.systems[0];
    assert_eq!(system.system["authentication"]["credentials"]["api_key"], "a: [b\nc: d");
    assert_eq!(system.system["authentication"]["credentials"]["username"], "x-0815");
    assert_eq!(system.throttling.retry_attempts, Some(7));

    let topology = read(&acme(
        "    connection:
      port: ${PORT}
    authentication:
      credentials:
        api_key: ${PIN}
        username: $${PIN}
",
    ))
    .unwrap();
    let system: AcmeSystem = topology.systems[0].decode().unwrap();
    assert_eq!(system.connection.port, 8443, "a plain variable may be a number");
    let credentials = system.authentication.credentials;
    assert_eq!(credentials.api_key.expose(), "0815", "or stay the text it is");
    assert_eq!(credentials.username.as_deref(), Some("${PIN}"));
}

#[test]
fn a_system_that_is_off_needs_no_variables() {
    let text = acme(
        "    enabled: ${ACME_ON:-false}
    authentication: { credentials: { api_key: \"${ACME_KEE}\" } }
",
    );
    assert_eq!(
        warnings(&text),
        ["t.yaml:4:47: systems.acme.authentication.credentials.api_key: variable \"ACME_KEE\" is \
          not set; the system is switched off"]
    );
    let topology = read(&text).unwrap();
    assert!(!topology.systems[0].enabled);
    assert_eq!(
        topology.systems[0].system,
        serde_json::json!({ "authentication": { "credentials": {} } })
    );
    let shared = "    api_version: ${V}\n    throttling: ${T}\n    authentication";
    assert_eq!(warnings(&text.replace("    authentication", shared)).len(), 3);
}

#[test]
fn secrets_in_the_clear_are_warned_of() {
    let clear = "a secret is written in the clear; move it to a variable, ${NAME}, or to the \
                 sealed store, secret://name";
    assert_eq!(
        warnings(&acme(
            "    authentication: { credentials: { api_key: hunter2, username: bob } }\n"
        )),
        [format!("t.yaml:3:47: systems.acme.authentication.credentials.api_key: {clear}")]
    );
    let none: [&str; 0] = [];
    for safe in ["'${ACME_KEY}'", "'${NONE:-demo}'", "secret://acme/key", "''"] {
        let text = acme(&format!("    authentication: {{ credentials: {{ api_key: {safe} }} }}\n"));
        assert_eq!(warnings(&text), none, "{safe}");
    }
    let registry = "schema_registry: { url: 'https://u:p@r.example', password: hunter2 }\n";
    assert_eq!(
        warnings(registry),
        [
            "t.yaml:1:25: schema_registry.url: a password stands in a URL in the clear; move it \
             to a variable, ${NAME}"
                .to_owned(),
            format!("t.yaml:1:60: schema_registry.password: {clear}"),
        ]
    );
}

#[test]
fn plain_http_stays_on_this_machine() {
    let url = |url: &str, rest: &str| {
        acme(&format!(
            "    authentication: {{ credentials: {{ api_key: '${{ACME_KEY}}' }} }}\n    \
             connection: {{ base_url: '{url}'{rest} }}\n"
        ))
    };
    for safe in [
        "https://acme.example",
        "wss://acme.example",
        "http://localhost:80",
        "http://127.1.2.3",
        "http://[::1]:8080/",
        "ws://mock.localhost/",
    ] {
        check(&url(safe, ""), &[]);
    }
    check(&url("http://acme.example", ", insecure: true"), &[]);
    check(
        &url("ws://acme.example", ", insecure: false"),
        &["t.yaml:4:29: systems.acme.connection.base_url: plain ws to \"acme.example\" is \
             refused; use wss, or set \"insecure: true\" beside it"],
    );
    check(
        &url("http://localhost.acme.example", ""),
        &["t.yaml:4:29: systems.acme.connection.base_url: plain http to \
           \"localhost.acme.example\" is refused; use https, or set \"insecure: true\" beside it"],
    );
    check(
        &url("${URL}", ""),
        &["t.yaml:4:29: systems.acme.connection.base_url: plain http in the value of ${URL} is \
           refused; use https, or set \"insecure: true\" beside it"],
    );
    check_trades(
        "        symbols: []\n        rest_url: http://10.0.0.1/\n",
        &["t.yaml:7:19: systems.acme.features.trades.rest_url: plain http to \"10.0.0.1\" is \
           refused; use https, or set \"insecure: true\" beside it"],
    );
    let text = url("http://acme.example", ", insecure: true");
    check(
        &format!(
            "{text}    features: {{ trades: {{ symbols: [], rest_url: 'http://b.example' }} }}\n"
        ),
        &[],
    );
}

/// A variable planted in place of any word of a good file comes to light nowhere.
#[test]
fn a_planted_secret_never_shows() {
    const PLANTED: &str = "http://planted.example/?s=1";
    let text = include_str!("data/integration-config.json");
    let words: Vec<&str> = text.split('"').collect();
    let mut refused = 0;
    for index in (1..words.len()).step_by(2) {
        let mut words = words.clone();
        words[index] = "${PLANTED}";
        let env = |name: &str| common::env(name).or_else(|| Some(PLANTED.to_owned()));
        let shown = match topology::parse("t", &words.join("\""), &env, &common::catalogue()) {
            Ok(topology) => format!("{topology:?}{:?}", topology.warnings),
            Err(problems) => {
                refused += 1;
                format!("{problems}{problems:?}")
            }
        };
        assert!(!shown.contains("planted"), "{shown}");
    }
    assert!(refused > 20, "{refused}");
}

/// What the schema could not see, because the type says it only when it is decoded.
#[derive(Debug)]
struct Odd;

impl<'de> serde::Deserialize<'de> for Odd {
    fn deserialize<D: serde::Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let text = String::deserialize(source)?;
        Err(serde::de::Error::custom(format!("cannot use {text:?}")))
    }
}

#[derive(Debug, serde::Deserialize)]
struct OddTrades {
    #[serde(rename = "symbols")]
    _symbols: Vec<Odd>,
}

#[derive(Debug, serde::Deserialize)]
struct OddSystem {
    #[serde(rename = "authentication")]
    _authentication: std::collections::BTreeMap<String, std::collections::BTreeMap<String, Odd>>,
}

fn odd() -> Topology {
    let text = acme(
        "    authentication: { credentials: { api_key: hunter2 } }
    features: { trades: { symbols: [AAPL, '${ACME_KEY}'] } }
",
    );
    read(&text).unwrap()
}

#[test]
fn what_serde_refuses_has_a_place_and_no_secret() {
    let topology = odd();
    let trades = &topology.systems[0].components[0];
    assert_eq!(trades.decode::<Trades>().unwrap().symbols, ["AAPL", "hunter2-from-env"]);
    assert_eq!(
        trades.decode::<OddTrades>().unwrap_err().to_string(),
        "t.yaml:4:37: systems.acme.features.trades.symbols[0]: cannot use \"AAPL\""
    );
    assert_eq!(
        topology.systems[0].decode::<OddSystem>().unwrap_err().to_string(),
        "t.yaml:3:47: systems.acme.authentication.credentials.api_key: cannot use \"***\""
    );
    assert_eq!(
        trades.origin.problem("no such symbol").to_string(),
        "t.yaml:4:25: systems.acme.features.trades: no such symbol"
    );
}

#[test]
fn problems_serialize_for_programs() {
    let problems = read("sistems: {}\n").unwrap_err();
    assert_eq!(
        serde_json::to_value(&problems).unwrap(),
        serde_json::json!([{
            "file": "t.yaml",
            "line": 1,
            "column": 1,
            "path": "",
            "message": "unknown section \"sistems\"; did you mean \"systems\"?",
        }])
    );
}
