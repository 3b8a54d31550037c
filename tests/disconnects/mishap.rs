//! What goes wrong, how often, and how long each took to mend.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

/// Chance that can be had again: splitmix64.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % sides as u64) as usize
    }
}

/// A kind of mishap.
pub struct Kind {
    pub name: &'static str,
    /// How often it happens, beside the others.
    pub weight: usize,
    /// Whether it ends a session.
    pub ends: bool,
    /// What to ask of the mock, given the name of a stream.
    pub faults: fn(&str) -> Vec<Value>,
}

/// So many mishaps in an order of chance; each kind is among them.
pub fn plan<'k>(kinds: &'k [Kind], count: usize, dice: &mut Dice) -> Vec<&'k Kind> {
    let mut plan: Vec<&Kind> = kinds.iter().collect();
    let urn: Vec<&Kind> = kinds.iter().flat_map(|kind| vec![kind; kind.weight]).collect();
    while plan.len() < count {
        plan.push(urn[dice.roll(urn.len())]);
    }
    for last in (1..plan.len()).rev() {
        plan.swap(last, dice.roll(last + 1));
    }
    plan
}

/// What happened to one vendor.
#[derive(Default)]
pub struct Tally(BTreeMap<&'static str, (usize, Vec<Duration>)>);

impl Tally {
    /// A mishap has happened, and was mended after this time if there was anything to mend.
    pub fn add(&mut self, kind: &Kind, mended: Option<Duration>) {
        let (count, times) = self.0.entry(kind.name).or_default();
        *count += 1;
        times.extend(mended);
    }

    pub fn count(&self) -> usize {
        self.0.values().map(|(count, _)| count).sum()
    }

    /// Fails where a kind never happened, and says how many there were of each.
    pub fn report(mut self, vendor: &str, kinds: &[Kind]) {
        for kind in kinds {
            let (count, times) = self.0.entry(kind.name).or_default();
            assert!(*count > 0, "{vendor}: {} never happened", kind.name);
            times.sort();
            let at = |part: usize| times.get((times.len() * part / 2).min(times.len().max(1) - 1));
            let shown =
                |time: Option<&Duration>| time.map_or("-".to_owned(), |t| format!("{t:.2?}"));
            let (median, longest) = (shown(at(1)), shown(at(2)));
            println!(
                "{vendor:16} {:15} {count:4}  median {median:>8}  max {longest:>8}",
                kind.name
            );
        }
    }
}
