//! Settings of every shape that serde and schemars make: tagged and untagged choices, maps,
//! pairs, types that contain themselves.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use topology::{Catalogue, ProcessorEntry, parse};

#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Shapes {
    output: Option<Output>,
    amount: Option<Amount>,
    by_number: BTreeMap<u16, String>,
    by_name: BTreeMap<String, Inner>,
    pair: Option<(String, u8)>,
    filter: Option<Filter>,
    level: Option<Level>,
    text: Option<String>,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "format", rename_all = "snake_case", deny_unknown_fields)]
enum Output {
    Csv { delimiter: char },
    Json { indent: Option<u8> },
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
enum Amount {
    Count(u32),
    Named(Inner),
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Inner {
    size: i8,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Symbol(String),
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
enum Level {
    Low,
    High,
}

/// Checks what is said about the settings of one processor, and that accepted ones decode.
fn check(settings: &str, expected: &[&str]) {
    let processors = vec![ProcessorEntry { name: "fold", settings_schema: schema_for!(Shapes) }];
    let catalogue = Catalogue { connectors: Vec::new(), processors };
    let text = format!("processors:\n  fold: {settings}\n");
    match parse("t", &text, &|_| None, &catalogue) {
        Ok(topology) => {
            assert!(expected.is_empty(), "no problem found in {settings}");
            let shapes: Shapes = topology.processors[0].decode().unwrap();
            let json = serde_json::to_string(&shapes).unwrap();
            assert!(json.len() > 2);
        }
        Err(problems) => {
            let found = problems.to_string();
            let expected: Vec<_> =
                expected.iter().map(|line| line.replace("AT", "processors.fold")).collect();
            assert_eq!(found.lines().collect::<Vec<_>>(), expected, "{settings}");
        }
    }
}

#[test]
fn choices_named_by_a_field() {
    check("{ output: { format: csv, delimiter: ';' } }", &[]);
    check("{ output: { format: json } }", &[]);
    check(
        "{ output: { format: csv, delimiter: ab } }",
        &["t:2:45: AT.output.delimiter: the string \"ab\" is not one character"],
    );
    check(
        "{ output: { format: json, indnet: 3 } }",
        &["t:2:35: AT.output: unknown field \"indnet\"; did you mean \"indent\"?"],
    );
    check(
        "{ output: { format: jsn } }",
        &["t:2:29: AT.output.format: unknown value \"jsn\"; did you mean \"json\"?"],
    );
    check(
        "{ output: { format: xml } }",
        &["t:2:29: AT.output.format: unknown value \"xml\"; expected one of \"csv\", \"json\""],
    );
    check("{ output: csv }", &["t:2:19: AT.output: expected a mapping, found the string \"csv\""]);
    check(
        "{ output: { } }",
        &["t:2:19: AT.output: missing field \"format\": one of \"csv\", \"json\""],
    );
}

#[test]
fn choices_told_apart_by_their_shape() {
    check("{ amount: 5 }", &[]);
    check("{ amount: { size: 5 } }", &[]);
    check(
        "{ amount: x }",
        &["t:2:19: AT.amount: expected an integer or a mapping, found the string \"x\""],
    );
    check(
        "{ amount: { size: 500 } }",
        &["t:2:27: AT.amount.size: the number 500 is too large; the most is 127"],
    );
    check(
        "{ amount: { sise: 5 } }",
        &["t:2:21: AT.amount: unknown field \"sise\"; did you mean \"size\"?"],
    );
    check("{ level: High }", &[]);
    check("{ level: high }", &["t:2:18: AT.level: unknown value \"high\"; did you mean \"High\"?"]);
}

#[test]
fn maps_and_pairs() {
    check("{ by_number: { 5: five } }", &[]);
    check(
        "{ by_number: { 5: 6 } }",
        &["t:2:27: AT.by_number.5: expected a string, found the number 6; put it in quotes"],
    );
    check("{ by_name: { a: { size: 1 }, b: { size: -128 } } }", &[]);
    check(
        "{ by_name: { a: 1 } }",
        &["t:2:25: AT.by_name.a: expected a mapping, found the number 1"],
    );
    check("{ pair: [a, 1] }", &[]);
    check(
        "{ pair: [a, b, c] }",
        &[
            "t:2:17: AT.pair: expected at most 2 in the list, found 3",
            "t:2:21: AT.pair[1]: expected an integer, found the string \"b\"",
        ],
    );
}

#[test]
fn types_that_contain_themselves() {
    check("{ filter: { all: [{ symbol: A }, { any: [{ symbol: B }] }] } }", &[]);
    check(
        "{ filter: { all: [{ symbol: A }, { any: [{ symbl: B }] }] } }",
        &["t:2:52: AT.filter.all[1].any[0]: unknown field \"symbl\"; did you mean \"symbol\"?"],
    );
    let deep =
        format!("{{ filter: {}{{ symbol: 5 }}{} }}", "{ all: [".repeat(25), "] }".repeat(25));
    let text = format!("processors:\n  fold: {deep}\n");
    let processors = vec![ProcessorEntry { name: "fold", settings_schema: schema_for!(Shapes) }];
    let catalogue = Catalogue { connectors: Vec::new(), processors };
    let problems = parse("t", &text, &|_| None, &catalogue).unwrap_err().to_string();
    assert!(problems.ends_with("expected a string, found the number 5; put it in quotes"));
    check("{ text: ~ }", &[]);
}
