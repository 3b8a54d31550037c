//! Programs that speak the protocol of `external` badly.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use component::{Clock, Fault, Host, Item, Source, Throttling};
use external::{Cursor, Records};
use fuzz::{Damage, Dice, Node, bytes, hammer_some};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Cases of other targets for each process that is started.
const SHARE: usize = 20;
/// Longest wait for one read.
const SOON: Duration = Duration::from_secs(10);
/// Answers whatever it is asked with the lines of a file, one by one.
const PROGRAM: &str = "exec 3<answers; while read q; do read a <&3 || exit 1; \
                       printf '%s\\n' \"$a\"; done";

fn trade(number: usize) -> Value {
    json!({ "event_id": format!("t{number}"), "event_time": "2024-01-02T15:00:00Z",
            "instrument": "BAC.US", "symbol": "BAC", "trade_id": number.to_string(),
            "price": "13.95", "quantity": "100", "status": "original" })
}

fn batch() -> Value {
    let items: Vec<Value> = (0..5).map(|n| json!({ "event": { "Trade": trade(n) } })).collect();
    json!({ "batch": { "items": items, "cursor": 5, "wait_ms": 0 } })
}

async fn read(folder: &std::path::Path) -> Result<Result<Vec<Item>, Fault>, String> {
    let system = json!({
        "connection": { "command": ["sh", "-c", PROGRAM], "folder": folder },
    });
    let settings = json!({ "topics": ["market.trades"], "answer_secs": 1 });
    let host = Host::new("program", Records::NAME, Clock::system(), Throttling::default());
    let system = serde_json::from_value(system).map_err(|error| error.to_string())?;
    let settings = serde_json::from_value(settings).map_err(|error| error.to_string())?;
    let work = async {
        let mut source = Records::connect(system, settings, host).await?;
        source.read(&Cursor::default()).await
    };
    match tokio::time::timeout(SOON, work).await {
        Err(_) => Err("it is still reading".to_owned()),
        Ok(read) => Ok(read.map(|batch| batch.items)),
    }
}

#[test]
fn batches() {
    let runtime = Runtime::new().unwrap();
    let make = |dice: &mut Dice| {
        let batch = batch();
        let mut node = Node::parse(batch.to_string().as_bytes()).unwrap();
        match dice.below(3) {
            0 => bytes(dice, batch.to_string().as_bytes()),
            1 => {
                node.damage(dice, Damage::Any);
                node.render()
            }
            _ => {
                node.damage(dice, Damage::Valid);
                node.render()
            }
        }
    };
    let answer = |input: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let mut lines = b"{\"ready\":{}}\n".to_vec();
        lines.extend(input.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }));
        lines.push(b'\n');
        std::fs::write(folder.path().join("answers"), lines).unwrap();
        runtime.block_on(read(folder.path()))
    };
    let whole = answer(batch().to_string().as_bytes()).unwrap().unwrap();
    assert!(whole.len() == 5 && whole.iter().all(|i| matches!(i, Item::Event(_))), "{whole:?}");
    hammer_some("external batches", SHARE, make, |input| {
        let items = answer(input)?.unwrap_or_default();
        for item in items {
            if let Item::Bad { raw, bad } = item
                && (raw.is_empty() || bad.reason.is_empty())
            {
                return Err(format!("a letter without bytes or reason: {bad}"));
            }
        }
        Ok(())
    });
}
