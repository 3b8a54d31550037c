//! Exports: every record once and the latest of each key, however batches are delivered.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::{delivery, settings, system};
use component::{Delivery, Fault, Host, Outcome, Sink};
use files::Export;
use model::{Event, EventId, Fill, FillKind, Head, PortfolioPosition, Side, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

fn fill(number: i64, account: &str) -> Event {
    let time = Timestamp::from_secs(1_381_154_400 + number);
    let mut head = Head::new(EventId::of(&["fill", &number.to_string()]), time);
    head.source = "alpaca_paper".into();
    head.received_time = time;
    Fill {
        head,
        execution_id: format!("x{number}").into(),
        vendor_execution_id: None,
        order_id: "=HYPERLINK(\"http://evil\")".into(),
        account: account.into(),
        system: "alpaca_paper".into(),
        broker_account: "PA1".into(),
        broker_order_id: "b, \"quoted\"".into(),
        instrument: "BAC.US".into(),
        symbol: "BAC".into(),
        side: Side::Buy,
        price: "13.95".parse().unwrap(),
        quantity: "0.000000001".parse().unwrap(),
        currency: "USD".into(),
        commission: Some("-0.25".parse().unwrap()),
        cumulative_quantity: None,
        kind: FillKind::New,
        corrects: None,
    }
    .into()
}

fn position(instrument: &str, quantity: i64) -> Event {
    PortfolioPosition {
        head: Head::new(EventId::of(&[instrument, &quantity.to_string()]), Timestamp(0)),
        account: "main".into(),
        instrument: instrument.into(),
        quantity: quantity.into(),
        average_price: None,
        cost: (quantity * 10).into(),
        realized_profit: 0.into(),
        currency: "USD".into(),
        fill_count: 1,
        last_execution_id: None,
    }
    .into()
}

async fn connect(root: &Path, with: Value) -> component::Result<Export> {
    Export::connect(system(root), settings(with), Host::test("research", Export::NAME)).await
}

async fn write(export: &mut Export, batch: &[Delivery]) {
    let outcomes = export.write(batch).await.unwrap();
    assert_eq!(outcomes, vec![Outcome::Accepted { broker_order_id: None }; batch.len()]);
}

fn fills(partition: i32, offsets: impl IntoIterator<Item = i64>) -> Vec<Delivery> {
    offsets.into_iter().map(|o| delivery(partition, o, fill(o, "main"))).collect()
}

fn files(root: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(root.join("exports")).unwrap().map(Result::unwrap);
    let name = |entry: &fs::DirEntry| entry.file_name().into_string().unwrap();
    entries
        .filter(|entry| name(entry) != ".foliostream.lock")
        .map(|entry| (name(&entry), fs::read_to_string(entry.path()).unwrap()))
        .collect()
}

/// The offsets in all files of a partition, in the order of the files' names.
fn offsets(root: &Path, topic: &str, partition: i32) -> Vec<i64> {
    let prefix = format!("{topic}-{partition}-");
    let files = files(root);
    let texts = files.iter().filter(|(name, _)| name.starts_with(&prefix));
    let mut offsets = Vec::new();
    for (_, text) in texts {
        for record in csv::Reader::from_reader(text.as_bytes()).records() {
            offsets.push(record.unwrap()[1].parse().unwrap());
        }
    }
    offsets
}

#[tokio::test]
async fn rows_are_whole_plain_and_harmless() {
    let root = tempfile::tempdir().unwrap();
    let mut export = connect(root.path(), json!({})).await.unwrap();
    write(&mut export, &fills(2, [41])).await;
    let files = files(root.path());
    let (name, text) = files.iter().next().unwrap();
    assert_eq!(name, "orders.fills-2-00000000000000000041.csv");
    let mut lines = text.split("\r\n");
    let header = lines.next().unwrap();
    assert!(
        header
            .starts_with("partition,offset,event_id,source,event_time,received_time,execution_id")
    );
    let row = lines.next().unwrap();
    assert!(row.starts_with("2,41,"), "{row}");
    for cell in [
        ",2013-10-07T14:00:41Z,",
        ",\"'=HYPERLINK(\"\"http://evil\"\")\",",
        ",\"b, \"\"quoted\"\"\",",
        ",13.95,0.000000001,USD,-0.25,,new,",
    ] {
        assert!(row.contains(cell), "{cell} in {row}");
    }
    assert_eq!(lines.next(), Some(""));
}

#[tokio::test]
async fn json_rows_are_the_events_themselves() {
    let root = tempfile::tempdir().unwrap();
    let mut export = connect(root.path(), json!({ "format": "json" })).await.unwrap();
    write(&mut export, &fills(0, [7, 8])).await;
    let files = files(root.path());
    let text = &files["orders.fills-0-00000000000000000007.jsonl"];
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["offset"], 7);
    assert_eq!(first["price"], "13.95");
    assert_eq!(text.lines().count(), 2);
    drop(export);
    let mut export = connect(root.path(), json!({ "format": "json" })).await.unwrap();
    write(&mut export, &fills(0, 8..10)).await;
    let counts: Vec<_> = self::files(root.path()).values().map(|t| t.lines().count()).collect();
    assert_eq!(counts, [1, 2]);
}

#[tokio::test]
async fn two_topics_and_partitions_in_one_batch() {
    let root = tempfile::tempdir().unwrap();
    let mut export = connect(root.path(), json!({})).await.unwrap();
    let mut batch = fills(0, [5, 6]);
    batch.extend(fills(1, [5]));
    batch.push(delivery(0, 3, position("BAC.US", 1)));
    write(&mut export, &batch).await;
    let names: Vec<_> = files(root.path()).into_keys().collect();
    assert_eq!(
        names,
        [
            "orders.fills-0-00000000000000000005.csv",
            "orders.fills-1-00000000000000000005.csv",
            "portfolio.positions.csv",
        ]
    );
}

#[tokio::test]
async fn a_table_keeps_the_latest_of_each_key_across_restarts() {
    for format in ["csv", "json"] {
        let root = tempfile::tempdir().unwrap();
        let with = || json!({ "format": format });
        let mut export = connect(root.path(), with()).await.unwrap();
        let batch = [("BAC.US", 1), ("IBM.US", 5), ("BAC.US", 2)];
        let batch: Vec<_> =
            batch.iter().zip(0..).map(|((i, q), o)| delivery(0, o, position(i, *q))).collect();
        write(&mut export, &batch).await;
        let before = files(root.path());
        drop(export);
        let mut export = connect(root.path(), with()).await.unwrap();
        write(&mut export, &batch).await;
        assert_eq!(files(root.path()), before, "delivered again: nothing changes");
        write(&mut export, &[delivery(0, 3, position("AIG.US", 9))]).await;
        let after = files(root.path());
        let text = after.values().next().unwrap();
        let has = |word: &str| text.lines().filter(|line| line.contains(word)).count();
        assert_eq!((has("BAC.US"), has("IBM.US"), has("AIG.US")), (1, 1, 1), "{text}");
    }
}

#[tokio::test]
async fn a_table_of_an_older_version_is_taken_over_by_column() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("exports")).unwrap();
    let old = "instrument,account,quantity,gone\r\nIBM.US,main,5,x\r\n";
    fs::write(root.path().join("exports/portfolio.positions.csv"), old).unwrap();
    let mut export = connect(root.path(), json!({})).await.unwrap();
    write(&mut export, &[delivery(0, 3, position("BAC.US", 9))]).await;
    let files = files(root.path());
    let text = &files["portfolio.positions.csv"];
    assert!(text.contains("\r\n,,,,,,main,IBM.US,5,"), "{text}");
    assert!(!text.contains("gone"));
}

#[tokio::test]
async fn one_export_writes_to_a_folder() {
    let root = tempfile::tempdir().unwrap();
    let export = connect(root.path(), json!({})).await.unwrap();
    let second = connect(root.path(), json!({})).await;
    assert!(matches!(&second, Err(Fault::Retry(reason)) if reason.contains("another export")));
    drop(export);
    connect(root.path(), json!({})).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_written_outside_the_root() {
    let outside = tempfile::tempdir().unwrap();
    let root = tempfile::tempdir().unwrap();
    for path in ["../x", "/etc", "a/../../x"] {
        let refused = connect(root.path(), json!({ "path": path })).await;
        assert!(matches!(refused, Err(Fault::Fatal(_))), "{path}");
    }
    std::os::unix::fs::symlink(outside.path(), root.path().join("exports")).unwrap();
    assert!(matches!(connect(root.path(), json!({})).await, Err(Fault::Fatal(_))));
    fs::remove_file(root.path().join("exports")).unwrap();
    // A link that appears while the export runs.
    let mut export = connect(root.path(), json!({})).await.unwrap();
    fs::rename(root.path().join("exports"), root.path().join("moved")).unwrap();
    std::os::unix::fs::symlink(outside.path(), root.path().join("exports")).unwrap();
    assert!(export.write(&fills(0, [1])).await.is_err());
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn topics_that_make_no_sense_are_refused() {
    let root = tempfile::tempdir().unwrap();
    for (with, words) in [
        (json!({ "rows": ["orders.fils"] }), "is not a topic"),
        (json!({ "rows": [], "tables": ["orders.fills"] }), "name it under rows"),
        (json!({ "rows": [], "tables": [] }), "neither"),
        (json!({ "rows": ["orders.fills", "orders.fills"] }), "twice"),
    ] {
        let Err(Fault::Fatal(reason)) = connect(root.path(), with).await else { panic!("{words}") };
        assert!(reason.contains(words), "{reason}");
    }
}

/// What happens to a batch: whether it is written, and whether its offsets are committed.
#[derive(Clone, Debug)]
struct Step {
    length: i64,
    skipped_at_start: i64,
    is_committed: bool,
    is_restarted: bool,
}

fn step() -> impl Strategy<Value = Step> {
    (1i64..8, 0i64..2, any::<bool>(), any::<bool>()).prop_map(
        |(length, skipped_at_start, is_committed, is_restarted)| Step {
            length,
            skipped_at_start,
            is_committed,
            is_restarted,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Batches that end anywhere, killed before their commit, delivered again longer or shorter,
    /// their first record compacted away: every offset stands in one file.
    #[test]
    fn no_row_is_doubled_or_lost(steps in proptest::collection::vec(step(), 1..12)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let root = tempfile::tempdir().unwrap();
            let with = || json!({ "tables": [] });
            let mut export = connect(root.path(), with()).await.unwrap();
            let (mut committed, mut compacted) = (0, std::collections::BTreeSet::new());
            for step in steps.iter().chain([&Step {
                length: 8, skipped_at_start: 0, is_committed: true, is_restarted: true,
            }]) {
                if step.is_restarted {
                    drop(export);
                    export = connect(root.path(), with()).await.unwrap();
                }
                compacted.extend(committed..committed + step.skipped_at_start);
                let end = committed + step.skipped_at_start + step.length;
                let offsets: Vec<i64> =
                    (committed..end).filter(|offset| !compacted.contains(offset)).collect();
                write(&mut export, &fills(0, offsets)).await;
                if step.is_committed {
                    committed = end;
                }
            }
            let found = offsets(root.path(), "orders.fills", 0);
            let unique: std::collections::BTreeSet<_> = found.iter().copied().collect();
            assert_eq!(unique.len(), found.len(), "doubled: {found:?}");
            let expected = (0..committed).filter(|offset| !compacted.contains(offset));
            for offset in expected {
                assert!(unique.contains(&offset), "{offset} is missing from {found:?}");
            }
        });
    }
}
