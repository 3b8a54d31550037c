//! What was announced as missing.

use std::collections::{BTreeMap, BTreeSet};

use model::Timestamp;
use serde_json::Value;

use crate::support::Stage;

/// The values that a system has on a topic.
pub fn values(stage: &Stage, topic: &str, system: &str) -> Vec<Value> {
    let records = stage.ask(&["tap", topic, "--from-start", "--until-end"]);
    let values = records.into_iter().map(|mut record| record["value"].take());
    values.filter(|value| value["source"] == system).collect()
}

pub fn time(value: &Value) -> i64 {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no time"));
    text.parse::<Timestamp>().unwrap().0
}

/// From when until when, by the vendor's clock, a session was away.
pub type Stretch = (i64, i64);

/// A record that came between two losses ends one gap, and the next one begins with it.
const SLIVER: i64 = 50_000_000;

/// The gaps of a system.
#[derive(Default)]
pub struct Gaps {
    /// Ids of those that have not ended.
    pub open: BTreeSet<String>,
    pub opened: usize,
    pub closed: usize,
    pub unrecoverable: usize,
    /// All that was said of them, in short.
    pub said: Vec<String>,
    bounds: BTreeMap<String, Vec<Stretch>>,
}

impl Gaps {
    pub fn of(stage: &Stage, system: &str) -> Self {
        let mut gaps = Self::default();
        let mut from = BTreeMap::new();
        for gap in values(stage, "market.gaps", system) {
            let id = gap["gap_id"].as_str().unwrap().to_owned();
            let words = ["instrument", "status", "from_time", "to_time", "recovered", "reason"];
            gaps.said.push(words.map(|name| gap[name].to_string()).join(" "));
            match gap["status"].as_str().unwrap() {
                "opened" => {
                    gaps.opened += 1;
                    from.insert(id.clone(), time(&gap["from_time"]));
                    gaps.open.insert(id);
                }
                status => {
                    let is_closed = status == "closed";
                    gaps.closed += usize::from(is_closed);
                    gaps.unrecoverable += usize::from(!is_closed);
                    gaps.open.remove(&id);
                    let start = from.get(&id).copied();
                    let start = start.unwrap_or_else(|| panic!("closed, never opened: {gap}"));
                    let instrument = gap["instrument"].as_str().unwrap().to_owned();
                    let bounds = (start, time(&gap["to_time"]));
                    gaps.bounds.entry(instrument).or_default().push(bounds);
                }
            }
        }
        for bounds in gaps.bounds.values_mut() {
            bounds.sort_unstable();
        }
        gaps
    }

    /// Whether gaps of this instrument cover all of a stretch.
    fn covers(&self, instrument: &str, (from, to): Stretch) -> bool {
        let mut reached = from;
        for (start, end) in self.bounds.get(instrument).into_iter().flatten() {
            if *start <= reached + SLIVER {
                reached = reached.max(*end);
            }
        }
        reached >= to
    }

    /// Every stretch is inside the bounds of the gaps of every instrument.
    pub fn assert_cover(&self, stretches: &[Stretch], instruments: &[&str]) {
        let shown = |(from, to): &Stretch| format!("{} to {}", Timestamp(*from), Timestamp(*to));
        for instrument in instruments {
            let bounds: Vec<String> =
                self.bounds.get(*instrument).into_iter().flatten().map(shown).collect();
            let bare: Vec<String> =
                stretches.iter().filter(|s| !self.covers(instrument, **s)).map(shown).collect();
            assert!(
                bare.is_empty(),
                "{instrument} was missed from {bare:#?}, but its gaps are {bounds:#?}; said was {:#?}",
                self.said
            );
        }
    }
}
