//! TWS: live quotes that nobody keeps exactly, and executions, positions and bars that it tells
//! again to whoever asks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::gaps::{Gaps, Stretch, time, values};
use crate::journal::{Journal, Mock};
use crate::mishap::{Dice, Kind, Tally};
use crate::settle;
use crate::support::Stage;

pub const SYSTEM: &str = "tws";
pub const ACCOUNT: &str = "DU1234567";
const SYMBOL: &str = "BAC";
pub const INSTRUMENT: &str = "BAC.US";
/// Who we are to TWS, and the steps from there to each component.
const CLIENT_ID: i64 = 1;
const STEP: i64 = 100;
const MARKET_DATA: i64 = 1;
const POSITIONS: i64 = 2;
const BALANCES: i64 = 3;
const ORDER_UPDATES: i64 = 4;
const BARS: i64 = 5;
const ALL: [i64; 5] = [MARKET_DATA, POSITIONS, BALANCES, ORDER_UPDATES, BARS];
/// A client that went silent keeps its id until the next reset; there are nine spare ones.
const MAX_SILENT: usize = 6;
/// TWS tells its clock in whole seconds: so much the end of a gap may be early.
const WHOLE_SECOND: i64 = 1_000_000_000;
/// A mishap of market data leads to a question for the past, of which TWS takes sixty in ten
/// minutes: one in so many is about market data.
const ONE_IN: usize = 8;
/// So long TWS may make a repair wait that asks once too often.
const HISTORY_IN: Duration = Duration::from_secs(660);
const NIGHTLY_RESET: &str = "nightly reset";
const HALF_OPEN: &str = "half-open";
const LOGIN_REFUSED: &str = "login refused";

pub const KINDS: &[Kind] = &[
    // A frame passes first, so that the mishap hits the stream that it is for.
    Kind {
        name: "clean close",
        weight: 6,
        ends: true,
        faults: |stream| vec![json!({ "stream": stream, "kind": "disconnect", "skip": 1 })],
    },
    Kind {
        name: "reset",
        weight: 6,
        ends: true,
        faults: |stream| vec![json!({ "stream": stream, "kind": "reset", "skip": 1 })],
    },
    Kind {
        name: HALF_OPEN,
        weight: 3,
        ends: true,
        faults: |stream| vec![json!({ "stream": stream, "kind": "silence", "skip": 1 })],
    },
    // TWS is there, but cut off from Interactive Brokers for a while; then a data farm is.
    Kind {
        name: "silence",
        weight: 1,
        ends: false,
        faults: |_| vec![json!({ "kind": "1100" }), json!({ "kind": "1102" })],
    },
    Kind {
        name: "farm away",
        weight: 1,
        ends: false,
        faults: |_| vec![json!({ "kind": "2103" }), json!({ "kind": "2104" })],
    },
    Kind {
        name: "garbage",
        weight: 4,
        ends: false,
        faults: |stream| vec![json!({ "stream": stream, "kind": "garbage" })],
    },
    Kind {
        name: "not UTF-8",
        weight: 3,
        ends: false,
        faults: |stream| vec![json!({ "stream": stream, "kind": "invalid_utf8" })],
    },
    Kind {
        name: "half a frame",
        weight: 3,
        ends: true,
        faults: |stream| vec![json!({ "stream": stream, "kind": "truncated" })],
    },
    Kind {
        name: "oversize",
        weight: 1,
        ends: true,
        faults: |stream| vec![json!({ "stream": stream, "kind": "oversize" })],
    },
    Kind {
        name: LOGIN_REFUSED,
        weight: 4,
        ends: true,
        faults: |stream| {
            let refusal = json!({ "stream": "tws", "kind": "refuse_login" });
            vec![refusal, json!({ "stream": stream, "kind": "reset", "skip": 1 })]
        },
    },
    Kind {
        name: NIGHTLY_RESET,
        weight: 1,
        ends: true,
        faults: |_| vec![json!({ "kind": "nightly_reset", "delay_ms": 700 })],
    },
    Kind { name: "port reset", weight: 1, ends: true, faults: |_| vec![json!({ "kind": "1300" })] },
];

/// The system that is disturbed, or another one that only reads the same bars.
pub fn system(mock: &Mock, is_judge: bool) -> Value {
    let bars = json!({
        "symbols": [SYMBOL], "start": "2013-10-07", "bar_size": "1 min", "regular_hours": false,
        "poll_secs": 1,
    });
    let features = match is_judge {
        true => json!({ "bars_history": bars }),
        false => json!({
            "market_data": { "trades": [], "quotes": [SYMBOL], "bars": [] },
            "position_reporting": { "refresh_secs": 1 },
            "account_updates": { "refresh_secs": 1 },
            "order_updates": { "poll_secs": 1, "commission_secs": 5 },
            "bars_history": bars,
        }),
    };
    let port: u16 = mock.url("tws").rsplit(':').next().unwrap().parse().unwrap();
    let client_id = if is_judge { CLIENT_ID + 50 } else { CLIENT_ID };
    json!({
        "connector": "interactive_brokers",
        "type": "brokerage",
        "connection":
            { "port": port, "client_id": client_id, "client_id_step": STEP, "idle_secs": 1 },
        "features": features,
    })
}

/// Which component a client belongs to; none of those that are disturbed for a judge.
fn role(client_id: i64) -> i64 {
    if client_id % STEP == CLIENT_ID { client_id / STEP % 10 } else { -1 }
}

/// Whom a fault has hit; nobody for one that hit all.
fn victim(entry: &Value) -> Option<i64> {
    let id = entry["query"].as_str()?.strip_prefix("client_id=")?;
    Some(role(id.parse().unwrap()))
}

/// The component that says who it is, and is let in.
fn login(entry: &Value) -> Option<i64> {
    if entry["path"] != "StartApiRequest" || !entry["fault"].is_null() {
        return None;
    }
    let said: Value = serde_json::from_str(entry["body"].as_str()?).ok()?;
    Some(role(said["fields"]["clientId"].as_i64().unwrap_or(0)))
}

/// One mishap after the other, while somebody trades. Gives when market data was away.
pub fn disturb(mock: &Mock, plan: &[&Kind], mut dice: Dice) -> (Tally, Vec<Stretch>) {
    let mut journal = Journal::of(mock);
    let (mut tally, mut away) = (Tally::default(), Vec::new());
    // TWS tells of orders to whoever asks once there is one.
    trade(mock, 0);
    let mut silent = 0;
    let reset = KINDS.iter().find(|kind| kind.name == NIGHTLY_RESET).unwrap();
    let mut plan: Vec<&Kind> = plan.iter().rev().copied().collect();
    while let Some(kind) = plan.pop() {
        silent += usize::from(kind.name == HALF_OPEN);
        if kind.name == NIGHTLY_RESET {
            silent = 0;
        } else if silent > MAX_SILENT {
            plan.push(kind);
            plan.push(reset);
            silent = 0;
            continue;
        }
        let stream = match (dice.roll(ONE_IN), dice.roll(3)) {
            (0, _) => "data",
            (_, 0) => "orders",
            // Whoever asks for the past alone does not come back before there is a new question.
            (_, 1) if kind.name != LOGIN_REFUSED => "answers",
            _ => "account",
        };
        let before = journal.place();
        let [first, last] = suffer(&mut journal, kind, stream);
        trade(mock, tally.count() + 1);
        let waited = match (kind.ends, victim(&first.1)) {
            (true, None) => ALL.to_vec(),
            (true, Some(role)) => ALL.into_iter().filter(|known| *known == role).collect(),
            // Garbage ends no session; what had stood still may have missed something.
            (false, None) => vec![MARKET_DATA],
            (false, Some(_)) => Vec::new(),
        };
        // Whom the first has hit may be back before the last hits another.
        let after = journal.place();
        journal.back_to(before);
        journal.find("the first hit", |entry| entry["sequence"] == first.1["sequence"]);
        let mut mended = None;
        let mut left: BTreeSet<i64> = waited.iter().copied().collect();
        while !left.is_empty() {
            let what = format!("{left:?} to log in again after {}", kind.name);
            let back = journal.find(&what, |entry| login(entry).is_some_and(|r| left.remove(&r)));
            if login(&back.1) == Some(MARKET_DATA) {
                away.push((time(&first.1["time"]), time(&back.1["time"])));
            }
            mended = Some(back.0.saturating_duration_since(last.0));
        }
        journal.back_to(after.max(journal.place()));
        tally.add(kind, mended);
    }
    (tally, away)
}

/// Some faults come as a pair: the second ends what the first began.
fn suffer(journal: &mut Journal<'_>, kind: &Kind, stream: &str) -> [(Instant, Value); 2] {
    let is_ours = |entry: &Value| victim(entry) != Some(-1);
    let faults = (kind.faults)(stream);
    match kind.ends {
        true => journal.suffer(kind.name, &faults, is_ours),
        false => {
            let mut hits = faults.into_iter().map(|fault| {
                let [first, _] = journal.suffer(kind.name, &[fault], is_ours);
                first
            });
            let first = hits.next().unwrap();
            let last = hits.next_back().unwrap_or_else(|| first.clone());
            [first, last]
        }
    }
}

/// A person trades in TWS itself: the mishaps must not hide it.
fn trade(mock: &Mock, number: usize) {
    let action = if number.is_multiple_of(2) { "BUY" } else { "SELL" };
    let quantity = (10 + number % 7).to_string();
    let order = json!({
        "symbol": SYMBOL, "action": action, "totalQuantity": quantity, "orderType": "MKT",
    });
    mock.post("/_mock/orders", &order);
}

/// Every execution, the end of every order and every bar is on its topic once, the positions are
/// those of the broker, and the time without quotes lies within gaps.
pub fn check(stage: &Stage, mock: &Mock, judge: &str, away: &[Stretch]) {
    let ledger = mock.get("/_mock/ledger");
    let gaps = settle(stage, SYSTEM, HISTORY_IN, || {
        let gaps = Gaps::of(stage, SYSTEM);
        let mut faults = orders(stage, &ledger);
        faults.extend(positions(stage, &ledger));
        faults.extend(bars(stage, SYSTEM, judge));
        faults.extend(gaps.open.iter().map(|id| format!("gap {id} is open")));
        (faults, gaps)
    });
    let shortened: Vec<Stretch> =
        away.iter().map(|(from, to)| (*from, *from.max(&(to - WHOLE_SECOND)))).collect();
    gaps.assert_cover(&shortened, &[INSTRUMENT]);
    let fills = ledger["fills"].as_array().unwrap().len();
    println!(
        "{SYSTEM:16} gaps opened {}, closed {}, unrecoverable {}; executions {fills}",
        gaps.opened, gaps.closed, gaps.unrecoverable
    );
}

fn orders(stage: &Stage, ledger: &Value) -> Vec<String> {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for fill in ledger["fills"].as_array().unwrap() {
        *counts.entry(format!("fill {}", fill["execution_id"].as_str().unwrap())).or_default() -= 1;
    }
    for order in ledger["orders"].as_array().unwrap() {
        assert_eq!(order["status"], "Filled", "{order}");
        *counts.entry(format!("end of order {}", order["perm_id"])).or_default() -= 1;
    }
    // A commission that came late is a correction.
    for fill in values(stage, "orders.fills", SYSTEM).iter().filter(|fill| fill["kind"] == "new") {
        *counts.entry(format!("fill {}", fill["execution_id"].as_str().unwrap())).or_default() += 1;
    }
    let events = values(stage, "orders.events", SYSTEM);
    for event in events.iter().filter(|event| event["kind"] == "filled") {
        let id = event["broker_order_id"].as_str().unwrap();
        *counts.entry(format!("end of order {id}")).or_default() += 1;
    }
    let mut faults = faulty(counts);
    // What is known of a fill that is missing says where it was lost.
    let few = if faults.len() < 3 { faults.as_mut_slice() } else { &mut [] };
    for fault in few {
        let id = fault.split([' ', ':']).nth(1).unwrap_or_default().to_owned();
        let stem = id.rsplit_once('.').map_or(id.as_str(), |(stem, _)| stem);
        for topic in ["orders.fills", "orders.events", "dead.letters"] {
            let said = stage.ask(&["tap", topic, "--from-start", "--until-end"]);
            let mut said = said.iter().map(Value::to_string).filter(|said| said.contains(stem));
            let last = said.next_back().unwrap_or_default();
            let at = last.find(stem).unwrap_or_default();
            let near = last.get(at.saturating_sub(300)..).unwrap_or_default();
            let near: String = near.chars().take(900).collect();
            fault.push_str(&format!("\n  {topic}: {near}"));
        }
    }
    faults
}

/// What there is too little or too much of.
fn faulty(counts: BTreeMap<String, i64>) -> Vec<String> {
    let faulty = counts.into_iter().filter(|(_, count)| *count != 0);
    faulty.map(|(what, count)| format!("{what}: {count:+}")).collect()
}

fn positions(stage: &Stage, ledger: &Value) -> Option<String> {
    let held = &ledger["accounts"][ACCOUNT]["positions"][SYMBOL]["quantity"];
    let held = held.as_str().unwrap_or("0");
    let told = values(stage, "accounts.positions", SYSTEM);
    let last = told.iter().rfind(|position| position["instrument"] == INSTRUMENT);
    let last = last.map_or("0", |position| position["quantity"].as_str().unwrap());
    let number = |text: &str| text.parse::<model::Decimal>().unwrap();
    (number(held) != number(last)).then(|| format!("the position is {held}, told was {last}"))
}

/// The bars of a system, compared with what another one read without any mishap: the last word on
/// each is the same, and nothing is said twice.
pub fn bars(stage: &Stage, system: &str, judge: &str) -> Vec<String> {
    let joined = |bar: &Value, names: &[&str]| -> String {
        names.iter().map(|name| bar[*name].to_string() + " ").collect()
    };
    let mut faults = Vec::new();
    let mut last_words = |system: &str| -> BTreeMap<String, String> {
        let (mut last, mut said) = (BTreeMap::new(), BTreeSet::new());
        for bar in values(stage, "market.bars", system) {
            let key = joined(&bar, &["instrument", "interval", "adjustment", "event_time"]);
            let words = joined(&bar, &["open", "high", "low", "close", "volume", "is_final"]);
            if !said.insert((key.clone(), words.clone())) {
                faults.push(format!("{system} says twice that {key} is {words}"));
            }
            last.insert(key, words);
        }
        last
    };
    let (ours, theirs) = (last_words(system), last_words(judge));
    if theirs.is_empty() {
        faults.push(format!("{judge} has read nothing yet"));
    }
    for key in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
        let (our, their) = (ours.get(key), theirs.get(key));
        if our != their {
            faults.push(format!("{key}: {system} says {our:?}, {judge} {their:?}"));
        }
    }
    faults
}
