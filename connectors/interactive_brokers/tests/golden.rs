//! Every fixture through `wire` and `map`, compared with `golden/`. `UPDATE_GOLDEN=1` rewrites.

#![allow(clippy::unwrap_used)]

use std::fmt::Write;

use component::Bad;
use interactive_brokers::contract::Contract;
use interactive_brokers::map::{self, About, Period, Placed, Quoted, Summary};
use interactive_brokers::time::Zone;
use interactive_brokers::wire;
use model::{Event, Timestamp};
use session::{Fields, Prints};
use testkit::Golden;

const GOLDEN: Golden =
    Golden { folder: env!("CARGO_MANIFEST_DIR"), test: include_str!("golden.rs") };

const NOW: Timestamp = Timestamp(1_700_000_000_000_000_000);

/// The messages of one side, as they are on the wire.
fn messages(name: &str, side: &str) -> Vec<Vec<u8>> {
    let text = GOLDEN.fixture(name);
    if name.ends_with(".yaml") {
        let raw = text.lines().filter_map(|line| line.strip_prefix("  - raw: \""));
        return raw.map(|line| line.trim_end_matches('"').replace("\\0", "\0").into()).collect();
    }
    let lines = text.lines().filter_map(|line| line.strip_prefix(side));
    lines.map(|line| line.replace('|', "\0").into_bytes()).collect()
}

/// The version that a fixture's server spoke, as far as its name tells.
fn version(name: &str) -> i32 {
    let (_, rest) = name.split_once("-sv").unwrap_or(("", "178"));
    rest.get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(178)
}

/// What messages amount to, one after the other.
#[derive(Default)]
struct World {
    text: String,
    quoted: Quoted,
    prints: Prints,
    summary: Summary,
    placed: Placed,
}

impl World {
    fn tell<E: Into<Event>>(&mut self, event: Result<E, Bad>) {
        match event.map(Into::into) {
            Ok(event) => {
                let kind = event.info().name;
                let event = serde_json::to_string(&event).unwrap();
                writeln!(self.text, "= {kind} {event}").unwrap();
            }
            Err(bad) => writeln!(self.text, "! {bad}").unwrap(),
        }
    }

    fn take(&mut self, message: &[u8], version: i32) {
        let fields = match wire::read(message, version) {
            Ok(Some(fields)) => fields,
            Ok(None) => return writeln!(self.text, "- none that we read").unwrap(),
            Err(bad) => return self.tell(Err::<Event, _>(bad)),
        };
        let said = fields.values().iter().filter(|(_, text)| !wire::is_unset(text));
        let said = said.map(|(name, text)| format!(" {name}={}", text.replace('\0', "|")));
        writeln!(self.text, "{}:{}", fields.kind, said.collect::<String>()).unwrap();
        let (about, zone) = (About::parse("TSLA").unwrap(), Zone::default());
        match fields.kind {
            "position" => self.tell(map::position(&fields, NOW)),
            "contractData" => self.tell(map::instrument(&fields, NOW)),
            "execution" => self.tell(map::fill(&fields, &zone)),
            "accountSummary" | "accountUpdateMulti" => self.summary.take(&fields).unwrap(),
            "openOrder" | "orderStatus" | "completedOrder" => self.order(&fields),
            "historicalData" => {
                let bar_size =
                    if fields.text("bars").contains("\x002023") { "1 day" } else { "1 min" };
                let (period, _) = Period::parse(bar_size, "TRADES").unwrap();
                for (_, bar) in about.bars(&fields, &period, &zone) {
                    self.tell(bar);
                }
            }
            "historicalTicksLast" => {
                for row in fields.rows("ticks", 6) {
                    let said = [row[0], row[2], row[3], row[4], row[5]];
                    let print = about.print(&mut self.prints, said);
                    self.tell(print);
                }
            }
            "tickByTick" if fields.text("tickType") == "1" => {
                let said = ["time", "price", "size", "venue", "conditions"].map(|n| fields.text(n));
                let print = about.print(&mut self.prints, said);
                self.tell(print);
            }
            "tickByTick" if fields.text("tickType") == "3" => {
                let said = ["time", "bid", "ask", "bidSize", "askSize"].map(|n| fields.text(n));
                let quote = about.timed_quote(&mut self.prints, said);
                self.tell(quote);
            }
            "tickPrice" | "tickSize" | "tickString" => {
                self.quoted.take(&fields).unwrap();
                if let Some(quote) = self.quoted.quote(&about, NOW) {
                    self.tell(Ok(quote));
                }
            }
            "realTimeBar" => {
                let start = Timestamp::from_secs(fields.int("time").unwrap());
                let said = ["open", "high", "low", "close", "volume", "wap", "count"];
                let said = said.map(|name| fields.text(name));
                let period = Period::five_seconds();
                self.tell(about.bar(&period, start, said));
            }
            _ => {}
        }
    }

    fn order(&mut self, fields: &Fields<'_>) {
        let taken = self.placed.take(fields);
        if taken.is_ok() && self.placed.text("action").is_empty() {
            return;
        }
        let event = taken
            .and_then(|()| self.placed.state())
            .and_then(|kind| self.placed.event(kind, &Zone::default(), NOW));
        self.tell(event);
    }
}

#[test]
fn what_tws_says() {
    for name in GOLDEN.fixtures() {
        // Protobuf is not ours to read; requests are compared below.
        if name.contains("sv225") || name.starts_with("client-requests") {
            continue;
        }
        let mut world = World::default();
        for message in messages(&name, "S: ") {
            world.take(&message, version(&name));
        }
        for balance in world.summary.balances(NOW) {
            world.tell(Ok(balance));
        }
        GOLDEN.check_text(&name, &world.text);
    }
}

/// Two real clients write the same requests as we do, but for what each says where nothing is said.
#[test]
fn what_other_clients_ask() {
    let blank = |text: &str| {
        let text = if wire::is_unset(&text.replace("e+", "E")) { "" } else { text };
        match text {
            "0.0" | "0" | "O" => String::new(),
            text => text.trim_end_matches(".0").to_owned(),
        }
    };
    let aapl = Contract::parse("AAPL").unwrap();
    for name in
        ["client-requests-ib_async-2.1.0-sv178.txt", "client-requests-official-10.46.1-sv178.txt"]
    {
        let mut compared = 0;
        for message in messages(name, "C: ") {
            let text = String::from_utf8(message).unwrap();
            let fields: Vec<&str> = text.split('\0').collect();
            let kind = match fields[0] {
                "1" => "reqMktData",
                "3" => "placeOrder",
                "4" => "cancelOrder",
                "5" => "reqOpenOrders",
                "7" => "reqExecutions",
                "9" => "reqContractData",
                "16" => "reqAllOpenOrders",
                "20" => "reqHistoricalData",
                "49" => "reqCurrentTime",
                "50" => "reqRealTimeBars",
                "61" => "reqPositions",
                "71" => "startApi",
                "97" => "reqTickByTick",
                _ => continue,
            };
            // What differs from message to message is taken from it by its place.
            let at = |place: usize| fields.get(place).copied().unwrap_or_default();
            let ours = wire::write(kind, 178, |name| match (kind, name) {
                ("placeOrder", "orderId") => at(1),
                ("placeOrder", "tif") => at(20),
                ("placeOrder", "account") => at(22),
                ("placeOrder", "orderRef") => at(25),
                ("placeOrder", "transmit") => at(26),
                ("placeOrder", "parentId") => at(27),
                ("placeOrder", "outsideRth") => at(32),
                ("placeOrder", "action") => at(16),
                ("placeOrder", "totalQuantity") => at(17),
                ("placeOrder", "orderType") => at(18),
                ("placeOrder", "lmtPrice") => at(19),
                ("placeOrder", "auxPrice") => at(20),
                _ => aapl.text(name),
            });
            let ours = String::from_utf8(ours).unwrap();
            let ours: Vec<&str> = ours.split('\0').collect();
            assert_eq!(ours.len(), fields.len(), "{kind} of {name}: {text:?}");
            if kind == "placeOrder" {
                // From the order reference on, only numbers of this order differ.
                let (theirs, ours) = (&fields[34..], &ours[34..]);
                let differing =
                    theirs.iter().zip(ours).filter(|(a, b)| blank(a) != blank(b)).count();
                assert!(differing <= 2, "{name}: {theirs:?} {ours:?}");
            }
            compared += 1;
        }
        assert!(compared >= 13, "{name}");
    }
}
