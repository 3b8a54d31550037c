//! Polygon: a stream whose records are numbered, and a history that has all of them.

use std::collections::BTreeMap;

use model::Decimal;
use serde_json::{Value, json};

use crate::gaps::{Gaps, Stretch, time, values};
use crate::journal::{Journal, Mock};
use crate::mishap::{Dice, Kind, Tally};
use crate::support::Stage;
use crate::{SETTLING, settle};

/// Rows on a page of history.
const PAGE: usize = 50_000;
const MILLI: i64 = 1_000_000;

/// A stream that is disturbed.
pub struct Lane {
    /// The system that follows it.
    pub system: &'static str,
    /// What Polygon calls it.
    pub cluster: &'static str,
    pub symbols: &'static [&'static str],
    /// What we call them.
    pub instruments: &'static [&'static str],
}

pub const KINDS: &[Kind] = &[
    Kind {
        name: "clean close",
        weight: 6,
        ends: true,
        faults: |stream| vec![json!({ "stream": stream, "kind": "disconnect" })],
    },
    Kind {
        name: "reset",
        weight: 6,
        ends: true,
        faults: |stream| vec![json!({ "stream": stream, "kind": "reset" })],
    },
    // The socket stays, and nobody is behind it.
    Kind {
        name: "half-open",
        weight: 2,
        ends: true,
        faults: |stream| vec![json!({ "stream": stream, "kind": "silence" })],
    },
    // The other side is there and answers pings; what it should say is lost.
    Kind {
        name: "silence",
        weight: 3,
        ends: false,
        faults: |stream| vec![json!({ "stream": stream, "kind": "drop_frames", "next": 5 })],
    },
    Kind {
        name: "garbage",
        weight: 3,
        ends: false,
        faults: |stream| vec![json!({ "stream": stream, "kind": "garbage" })],
    },
    Kind {
        name: "half a frame",
        weight: 2,
        ends: false,
        faults: |stream| vec![json!({ "stream": stream, "kind": "truncated" })],
    },
    Kind {
        name: "not UTF-8",
        weight: 2,
        ends: false,
        faults: |stream| vec![json!({ "stream": stream, "kind": "invalid_utf8" })],
    },
    Kind {
        name: "oversize",
        weight: 1,
        ends: false,
        faults: |stream| vec![json!({ "stream": stream, "kind": "oversize" })],
    },
    Kind {
        name: "login refused",
        weight: 2,
        ends: true,
        faults: |stream| {
            let refusal = json!({ "stream": stream, "kind": "refuse_login" });
            vec![refusal, json!({ "stream": stream, "kind": "reset" })]
        },
    },
    // Everyone is sent away, and for a while nobody is let in.
    Kind {
        name: "nightly reset",
        weight: 1,
        ends: true,
        faults: |stream| {
            let closed = json!({ "path": format!("/{stream}"), "status": 503, "next": 2 });
            vec![closed, json!({ "stream": stream, "kind": "disconnect" })]
        },
    },
];

impl Lane {
    pub fn system(&self, mock: &Mock) -> Value {
        json!({
            "connector": "polygon",
            "type": "market_data",
            "connection": {
                "base_url": mock.url("rest"),
                "stream_url": mock.url("stream"),
                "cluster": self.cluster,
                "idle_secs": 1,
            },
            "authentication": { "type": "api_key", "credentials": { "api_key": "test-key" } },
            "features": { "market_data":
                { "trades": self.symbols, "quotes": self.symbols, "bars": [], "audit_secs": 5 } },
        })
    }

    fn is_ours(&self, entry: &Value) -> bool {
        entry["stream"] == self.cluster || entry["path"] == format!("/{}", self.cluster)
    }

    /// Whether an entry is a subscription to quotes, which comes last.
    fn is_back(&self, entry: &Value) -> bool {
        let said = entry["body"].as_str().unwrap_or_default();
        self.is_ours(entry) && said.contains("\"subscribe\"") && said.contains("Q.")
    }

    /// One mishap after the other; some while the last one is still being mended.
    pub fn disturb(&self, mock: &Mock, plan: &[&Kind], mut dice: Dice) -> (Tally, Vec<Stretch>) {
        let mut journal = Journal::of(mock);
        let (mut tally, mut away) = (Tally::default(), Vec::new());
        for kind in plan {
            let faults = (kind.faults)(self.cluster);
            let [first, _] = journal.suffer(kind.name, &faults, |entry| self.is_ours(entry));
            let mut mended = None;
            if kind.ends {
                let what = format!("{} to subscribe again after {}", self.system, kind.name);
                let back = journal.find(&what, |entry| self.is_back(entry));
                away.push((time(&first.1["time"]), time(&back.1["time"])));
                mended = Some(back.0 - first.0);
            }
            tally.add(kind, mended);
            if kind.ends && dice.roll(2) == 0 {
                let what = format!("{} to read history after {}", self.system, kind.name);
                journal.find(&what, |entry| {
                    let path = entry["path"].as_str().unwrap_or_default();
                    self.symbols.iter().any(|symbol| path.ends_with(symbol))
                });
            }
        }
        (tally, away)
    }

    /// Once the market stands still: every trade and quote of the tape is on its topic once, and
    /// every gap is closed.
    pub fn check(&self, stage: &Stage, mock: &Mock, away: &[Stretch]) {
        let gaps = settle(stage, self.system, SETTLING, || {
            let gaps = Gaps::of(stage, self.system);
            let mut faults = self.compare(stage, mock);
            if !faults.is_empty() {
                faults.extend(gaps.said.iter().cloned());
            }
            faults.extend(gaps.open.iter().map(|id| format!("gap {id} is open")));
            (faults, gaps)
        });
        gaps.assert_cover(away, self.instruments);
        assert_eq!(gaps.unrecoverable, 0, "{}: everything can be read again", self.system);
        println!("{:16} gaps opened {}, closed {}", self.system, gaps.opened, gaps.closed);
    }

    /// What the topics have too little or too much of.
    fn compare(&self, stage: &Stage, mock: &Mock) -> Vec<String> {
        let mut faults = Vec::new();
        for (topic, path, identity) in [
            ("market.trades", "trades", trade as fn(&Value, bool) -> String),
            ("market.quotes", "quotes", quote as fn(&Value, bool) -> String),
        ] {
            let published = values(stage, topic, self.system);
            for symbol in self.symbols {
                let ours = published.iter().filter(|value| value["symbol"] == *symbol);
                let mut ours: Vec<(i64, String)> =
                    ours.map(|v| (time(&v["event_time"]), identity(v, true))).collect();
                ours.sort_unstable();
                let Some((first, _)) = ours.first().cloned() else {
                    faults.push(format!("no {path} of {symbol}"));
                    continue;
                };
                // The stream leaves out what is below a millisecond, and may have begun within one.
                let first = first / MILLI * MILLI + MILLI;
                let tape = history(mock, path, symbol, first);
                let tape = tape.iter().map(|row| identity(row, false));
                let ours = ours.into_iter().filter(|(time, _)| *time >= first);
                let mut counts: BTreeMap<String, i64> = BTreeMap::new();
                ours.for_each(|(_, id)| *counts.entry(id).or_default() += 1);
                tape.for_each(|id| *counts.entry(id).or_default() -= 1);
                let of = |sign: i64| -> Vec<&String> {
                    counts.iter().filter(|(_, n)| n.signum() == sign).map(|(id, _)| id).collect()
                };
                let (missing, surplus) = (of(-1), of(1));
                if !missing.is_empty() || !surplus.is_empty() {
                    let few = |ids: &[&String]| format!("{:?}", &ids[..ids.len().min(3)]);
                    faults.push(format!(
                        "{path} of {symbol}: {} missing {}, {} too many {}",
                        missing.len(),
                        few(&missing),
                        surplus.len(),
                        few(&surplus)
                    ));
                }
            }
        }
        faults
    }
}

/// All rows of the tape from a time up to the clock of the mock, which stands still. (A row's time
/// may be a little later than the clock that lets it out.)
fn history(mock: &Mock, path: &str, symbol: &str, from: i64) -> Vec<Value> {
    let key = "apiKey=test-key";
    let query = format!("timestamp.gte={from}&order=asc&limit={PAGE}&{key}");
    let mut next = Some(format!("/v3/{path}/{symbol}?{query}"));
    let mut rows = Vec::new();
    while let Some(path) = next {
        let page = mock.get(&path);
        rows.extend(page["results"].as_array().unwrap().iter().cloned());
        let url = page["next_url"].as_str();
        next = url.map(|url| format!("/v3/{}&{key}", url.split_once("/v3/").unwrap().1));
    }
    rows
}

fn trade(value: &Value, is_ours: bool) -> String {
    let id = if is_ours { &value["trade_id"] } else { &value["id"] };
    id.as_str().unwrap().to_owned()
}

/// A quote has no id: it is what it says when it says it.
fn quote(value: &Value, is_ours: bool) -> String {
    let nanos = match is_ours {
        true => time(&value["event_time"]),
        false => value["sip_timestamp"].as_i64().unwrap(),
    };
    let price = |value: &Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.parse::<Decimal>().map_or(text, |price| price.normalize().to_string())
    };
    format!("{} {} {}", nanos / MILLI, price(&value["bid_price"]), price(&value["ask_price"]))
}
