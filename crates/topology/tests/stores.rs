//! Stores: who may open them, and which of them imports and exports mean.

#![allow(clippy::unwrap_used)]

mod common;

use common::catalogue;
use topology::{Problems, Store, Topology, in_store, parse};

fn read(text: &str) -> Result<Topology, Problems> {
    let env = |name: &str| match name {
        "secret://archive/id" => Some("AKIA".to_owned()),
        "secret://archive/key" => Some("hunter2".to_owned()),
        "KEY" => Some("hunter2-from-env".to_owned()),
        _ => None,
    };
    parse("t.yaml", text, &env, &catalogue())
}

fn archive(key: &str, more: &str) -> String {
    format!(
        "stores:
  archive:
    s3:
      endpoint: https://s3.example
      bucket: archive
      access_key_id: secret://archive/id
      secret_access_key: {key}
{more}"
    )
}

#[test]
fn a_store_is_opened_with_what_is_sealed() {
    let topology = read(&archive("secret://archive/key", "")).unwrap();
    let Store::S3(s3) = &topology.stores["archive"];
    assert_eq!((s3.secret_access_key.expose(), &*s3.region), ("hunter2", "us-east-1"));
    assert!(!format!("{:?}", topology.stores).contains("hunter2"));
    for key in ["hunter2", "\"${KEY}\"", "\"${NONE:-hunter2}\""] {
        let problems = read(&archive(key, "")).unwrap_err().to_string();
        let expected = "t.yaml:7:26: stores.archive.s3.secret_access_key: what opens a store comes \
                        from the sealed store: secret://NAME";
        assert_eq!(problems.trim(), expected, "{key}");
    }
}

#[test]
fn the_stores_that_are_meant_are_there() {
    let export = "data_export:
  scheduled_exports:
    - { data_type: fills, format: csv, schedule: '@daily', destination: 's3://archiv/{date}.csv' }
";
    let problems = read(&archive("secret://archive/key", export)).unwrap_err().to_string();
    let expected = "data_export.scheduled_exports[0].destination: \"s3://archiv/{date}.csv\" is in \
                    no store of \"stores\"; did you mean \"archive\"?";
    assert!(problems.contains(expected), "{problems}");
    let export = export.replace("archiv/", "archive/");
    assert!(read(&archive("secret://archive/key", &export)).is_ok());
}

#[test]
fn what_stands_in_a_store_is_told_from_other_places() {
    assert_eq!(in_store("s3://archive/a/b*.csv"), Some(("s3", "archive", "a/b*.csv")));
    assert_eq!(in_store("s3://archive"), Some(("s3", "archive", "")));
    for other in ["a/b.csv", "https://s3.example/a", "file://a", "sS3://a/b"] {
        assert_eq!(in_store(other), None, "{other}");
    }
}
