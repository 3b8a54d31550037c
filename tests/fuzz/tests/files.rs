//! Files that a stranger left in the folder.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use component::{Clock, Host, Item, Source, TestClock, Throttling};
use files::{Bars, Cursor, Orders, System};
use fuzz::{Damage, Dice, Node, bytes, corpus, hammer};
use model::Timestamp;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Reads of one file at most; a reader that never comes to the end is stuck.
const MAX_READS: usize = 200;

/// Everything that is read of a folder, or the fault that ends it.
fn read<S>(runtime: &Runtime, root: &Path, settings: &Value) -> Result<Vec<Item>, String>
where
    S: Source<System = System, Cursor = Cursor>,
{
    let clock = TestClock::starting_at(Timestamp::from_secs(1_400_000_000));
    let host = Host::new("research", S::NAME, Clock::test(clock.clone()), Throttling::default());
    let system = json!({ "connection": { "root": root } });
    let system = serde_json::from_value(system).unwrap();
    let settings = serde_json::from_value(settings.clone()).unwrap();
    runtime.block_on(async {
        let mut source = S::connect(system, settings, host).await.map_err(|f| f.to_string())?;
        let (mut cursor, mut items, mut pauses) = (Cursor::default(), Vec::new(), 0);
        for _ in 0..MAX_READS {
            let Ok(batch) = source.read(&cursor).await else { return Ok(items) };
            cursor = batch.cursor;
            items.extend(batch.items);
            if !batch.wait.is_zero() {
                clock.advance(batch.wait);
                pauses += 1;
            }
            if pauses > 3 {
                return Ok(items);
            }
        }
        Err(format!("it is still reading after {MAX_READS} reads"))
    })
}

fn hammer_files<S>(target: &str, name: &str, settings: Value, inputs: &[(Vec<u8>, bool)])
where
    S: Source<System = System, Cursor = Cursor>,
{
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (input, _) in inputs {
        std::fs::write(folder.path().join(name), input).unwrap();
        let whole = read::<S>(&runtime, folder.path(), &settings).unwrap();
        assert!(whole.iter().any(|item| matches!(item, Item::Event(_))), "{target}: {whole:?}");
    }
    let make = |dice: &mut Dice| {
        let (input, is_json) = &inputs[dice.below(inputs.len())];
        match Node::parse(input).filter(|_| *is_json && dice.below(3) > 0) {
            Some(mut node) => {
                node.damage(dice, Damage::Any);
                node.render()
            }
            None => bytes(dice, input),
        }
    };
    hammer(target, make, |input| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), input).unwrap();
        for item in read::<S>(&runtime, folder.path(), &settings)? {
            let Item::Bad { raw, bad } = item else { continue };
            if bad.reason.is_empty() {
                return Err(format!("no reason for {raw:?}"));
            }
        }
        Ok(())
    });
}

#[test]
fn bars_in_csv() {
    let text = "time,open,high,low,close,volume\n2013-10-07T14:00:00Z,13.9,14,13.8,13.95,100\n\
                2013-10-07T14:01:00Z,\"13.9\",14,13.8,13.95,100\r\n";
    let settings = json!({ "path": "", "symbol": "BAC" });
    hammer_files::<Bars>("bars csv", "a.csv", settings, &[(text.into(), false)]);
}

#[test]
fn bars_in_json() {
    let row = |n| {
        json!({ "time": format!("2013-10-07T14:0{n}:00Z"), "open": 13.9, "high": "14",
                "low": 13.8, "close": 13.95, "volume": 100 })
    };
    let text = json!([row(1), row(2), row(3)]).to_string();
    let settings = json!({ "path": "", "symbol": "BAC", "format": "json" });
    hammer_files::<Bars>("bars json", "a.json", settings, &[(text.into(), true)]);
}

#[test]
fn order_requests() {
    for (format, ending, is_json) in [("csv", ".csv", false), ("json_lines", ".jsonl", true)] {
        let inputs: Vec<(Vec<u8>, bool)> = corpus("connectors/files/fixtures/orders", ending)
            .into_iter()
            .map(|(_, bytes)| (bytes, is_json))
            .collect();
        let settings = json!({ "path": "", "format": format });
        let name = format!("a{ending}");
        hammer_files::<Orders>(&format!("orders {format}"), &name, settings, &inputs);
    }
}

/// Rows of which some are bad: as many come out as went in, each bad one with its bytes.
#[test]
fn no_row_is_lost() {
    let runtime = Runtime::new().unwrap();
    let settings = json!({ "path": "", "symbol": "BAC" });
    let good = |minute: usize| format!("2013-10-07T14:{minute:02}:00Z,13.9,14,13.8,13.95,100");
    let make = |dice: &mut Dice| {
        let mut text = "time,open,high,low,close,volume\n".to_owned();
        for minute in 0..1 + dice.below(40) {
            let mut row = good(minute);
            if dice.below(3) == 0 {
                let mut cells: Vec<String> = row.split(',').map(str::to_owned).collect();
                let at = dice.below(cells.len());
                cells[at] = dice.pick(&["", "x", "-1", "1e400", "2024-02-30", "9e99", "ü"]).into();
                row = cells.join(",");
            }
            text += &row;
            text.push('\n');
        }
        text.into_bytes()
    };
    hammer("rows", make, |input| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.csv"), input).unwrap();
        let rows: Vec<&[u8]> = input.split(|byte| *byte == b'\n').skip(1).collect();
        let rows = &rows[..rows.len() - 1];
        let items = read::<Bars>(&runtime, folder.path(), &settings)?;
        if items.len() != rows.len() {
            return Err(format!("{} rows became {} items", rows.len(), items.len()));
        }
        for (item, row) in items.iter().zip(rows) {
            if let Item::Bad { raw, bad } = item
                && !raw.windows(row.len()).any(|window| window == *row)
            {
                let raw = String::from_utf8_lossy(raw);
                return Err(format!("the letter ({bad}) holds {raw:?}, the row {row:?}"));
            }
        }
        Ok(())
    });
}
