//! The cases that every processor must pass: it is a pure fold.

use std::collections::{BTreeMap, BTreeSet};

use component::{Out, Processor};
use model::{Event, EventId, Text, Timestamp};
use serde_json::Value;

use crate::case::{self, Skips, Verdict, ensure};
use crate::dice::Dice;
use crate::reader::decode;

/// Names of the cases, in order.
pub const CASES: &[&str] = &["replay", "restart", "refusals", "ids", "keys", "states", "ticks"];

/// A second of the watermark.
const SECOND: i64 = 1_000_000_000;
/// Watermarks that pass over the final states.
const TICKS: u32 = 5;

/// Runs one case of a processor as a test.
pub fn run<P: Processor>(case: &str, settings: Value, inputs: Vec<Event>, skips: Skips<'_>) {
    case::judge(case, skips, CASES, verdict::<P>(case, settings, inputs));
}

/// What one case finds.
pub fn verdict<P: Processor>(case: &str, settings: Value, inputs: Vec<Event>) -> Verdict {
    let cases = Cases::<P> { settings, inputs, of: std::marker::PhantomData };
    case::verdict(case, async {
        ensure!(!cases.inputs.is_empty(), "there is no input to fold");
        match case {
            "replay" => cases.replay(),
            "restart" => cases.restart(),
            "refusals" => cases.refusals(),
            "ids" => cases.ids(),
            "keys" => cases.keys(),
            "states" => cases.states(),
            "ticks" => cases.ticks(),
            other => Err(format!("no case is called {other:?}")),
        }
    })
}

struct Cases<P> {
    settings: Value,
    inputs: Vec<Event>,
    of: std::marker::PhantomData<fn() -> P>,
}

/// A processor at work, as the runtime keeps it.
struct Fold<P: Processor> {
    processor: P,
    states: BTreeMap<Text, P::State>,
    global: P::Global,
    output: Vec<Event>,
    refused: usize,
}

impl<P: Processor> Fold<P> {
    fn new(settings: &Value) -> Result<Self, String> {
        let settings = decode("settings", settings)?;
        let processor = P::new(settings).map_err(|fault| format!("settings: {fault}"))?;
        let (states, global) = (BTreeMap::new(), P::Global::default());
        Ok(Self { processor, states, global, output: Vec::new(), refused: 0 })
    }

    /// Folds one event. A refusal must leave the state as it was.
    fn fold(&mut self, event: &Event) -> Verdict {
        let topic = event.info().topic;
        if P::GLOBALS.contains(&topic) {
            self.processor.observe(&mut self.global, event);
        }
        if !P::INPUTS.contains(&topic) {
            return Ok(());
        }
        let Some(key) = self.processor.key(event) else { return Ok(()) };
        let is_new = !self.states.contains_key(&key);
        let state = self.states.entry(key.clone()).or_default();
        let before = saved(state)?;
        let mut out = Out::caused_by(P::NAME, event.head());
        match self.processor.apply(state, &self.global, event, &mut out) {
            Ok(()) => self.output.extend(out.into_events()),
            Err(bad) => {
                self.refused += 1;
                let after = saved(state)?;
                ensure!(
                    before == after,
                    "it refused a record ({bad}) and changed {key:?} all the same, from {before} \
                     to {after}"
                );
                if is_new {
                    self.states.remove(&key);
                }
            }
        }
        Ok(())
    }

    fn fold_all(&mut self, events: &[Event]) -> Verdict {
        events.iter().try_for_each(|event| self.fold(event))
    }

    /// Lets time pass over every key. What a key says nothing about is not saved: with `forget`, a
    /// restart follows, and such a key has its last saved state again.
    fn tick(&mut self, watermark: Timestamp, forget: bool) -> Verdict {
        for (key, state) in &mut self.states {
            let before = saved(state)?;
            let mut out = Out::tick(P::NAME, key, watermark);
            self.processor.tick(state, watermark, &mut out);
            let events = out.into_events();
            if events.is_empty() && forget {
                *state = restored(key, &before)?;
            }
            self.output.extend(events);
        }
        Ok(())
    }

    fn saved_states(&self) -> Result<BTreeMap<Text, String>, String> {
        self.states.iter().map(|(key, state)| Ok((key.clone(), saved(state)?))).collect()
    }
}

impl<P: Processor> Cases<P> {
    fn whole(&self) -> Result<Fold<P>, String> {
        let mut fold = Fold::new(&self.settings)?;
        fold.fold_all(&self.inputs)?;
        Ok(fold)
    }

    /// The same input gives the same output and the same states.
    fn replay(&self) -> Verdict {
        let (first, second) = (self.whole()?, self.whole()?);
        ensure!(!first.output.is_empty(), "the inputs bring forth nothing");
        compare("folded twice", &first, &second)
    }

    /// Whatever the point of a restart, nothing shows.
    fn restart(&self) -> Verdict {
        let whole = self.whole()?;
        for cut in 0..=self.inputs.len() {
            let mut fold = Fold::<P>::new(&self.settings)?;
            fold.fold_all(&self.inputs[..cut])?;
            let mut restarted = Fold::<P>::new(&self.settings)?;
            for event in &self.inputs[..cut] {
                if P::GLOBALS.contains(&event.info().topic) {
                    restarted.processor.observe(&mut restarted.global, event);
                }
            }
            for (key, text) in fold.saved_states()? {
                let state = restored(&key, &text)?;
                restarted.states.insert(key, state);
            }
            restarted.output = fold.output;
            restarted.fold_all(&self.inputs[cut..])?;
            compare(&format!("restarted after {cut} records"), &whole, &restarted)?;
        }
        Ok(())
    }

    /// Bad records are refused without a trace; `inputs` has to hold at least one.
    fn refusals(&self) -> Verdict {
        let whole = self.whole()?;
        ensure!(whole.refused > 0, "none of the inputs is refused");
        Ok(())
    }

    /// Every event that comes out has an id of its own, and says who made it.
    fn ids(&self) -> Verdict {
        let whole = self.whole()?;
        let inputs: BTreeSet<EventId> = self.inputs.iter().map(|e| e.head().event_id).collect();
        let mut ids = BTreeSet::new();
        for event in &whole.output {
            let head = event.head();
            ensure!(!head.event_id.is_nil(), "an event without an id: {event:?}");
            ensure!(!inputs.contains(&head.event_id), "it took the id of an input: {event:?}");
            ensure!(ids.insert(head.event_id), "two events have one id: {event:?}");
            ensure!(head.source == P::NAME, "it says that {:?} made it: {event:?}", head.source);
        }
        Ok(())
    }

    /// Records that share a state share the part of their key that decides the partition.
    fn keys(&self) -> Verdict {
        let fold = Fold::<P>::new(&self.settings)?;
        let mut partitions: BTreeMap<Text, String> = BTreeMap::new();
        for event in self.inputs.iter().filter(|e| P::INPUTS.contains(&e.info().topic)) {
            let Some(key) = fold.processor.key(event) else { continue };
            let first = event.key().0.to_owned();
            let known = partitions.entry(key.clone()).or_insert_with(|| first.clone());
            ensure!(
                *known == first,
                "records keyed {known:?} and {first:?} lie in different partitions and share the \
                 state {key:?}"
            );
        }
        ensure!(!partitions.is_empty(), "none of the inputs has a key");
        Ok(())
    }

    /// A state survives being saved, whatever it holds.
    fn states(&self) -> Verdict {
        let mut fold = Fold::<P>::new(&self.settings)?;
        for event in &self.inputs {
            fold.fold(event)?;
            let Some(key) = fold.processor.key(event) else { continue };
            let Some(state) = fold.states.get(&key) else { continue };
            let text = saved(state)?;
            let again = saved(&restored::<P::State>(&key, &text)?)?;
            ensure!(text == again, "saved as {text}, restored as {again}");
        }
        Ok(())
    }

    /// Time passes in the same way each time, and what a silent tick did to a state may be lost.
    fn ticks(&self) -> Verdict {
        let pass = |forgets: u64| -> Result<Fold<P>, String> {
            let mut dice = Dice::new(forgets);
            let mut forget = || forgets > 0 && dice.roll(forgets) == 0;
            let mut fold = Fold::new(&self.settings)?;
            let mut watermark = Timestamp::default();
            for event in &self.inputs {
                watermark = watermark.max(event.head().received_time);
                fold.tick(watermark, forget())?;
                fold.fold(event)?;
            }
            for tick in 1..=TICKS {
                // Further apart each time, so that whatever waits for silence has its turn.
                fold.tick(watermark.plus_nanos(SECOND * 60i64.pow(tick)), forget())?;
            }
            Ok(fold)
        };
        let whole = pass(0)?;
        compare("ticked twice", &whole, &pass(0)?)?;
        // Restarts after every tick, after every other, and now and then.
        for forgets in 1..=3 {
            compare_output("restarted after silent ticks", &whole, &pass(forgets)?)?;
        }
        Ok(())
    }
}

fn saved<S: component::Saved>(state: &S) -> Result<String, String> {
    serde_json::to_string(state).map_err(|error| format!("a state cannot be saved: {error}"))
}

fn restored<S: component::Saved>(key: &str, text: &str) -> Result<S, String> {
    serde_json::from_str(text).map_err(|error| format!("the state of {key:?}, {text}: {error}"))
}

fn compare<P: Processor>(when: &str, first: &Fold<P>, second: &Fold<P>) -> Verdict {
    compare_output(when, first, second)?;
    let (a, b) = (first.saved_states()?, second.saved_states()?);
    ensure!(a == b, "{when}: the states were {a:?} and are {b:?}");
    Ok(())
}

fn compare_output<P: Processor>(when: &str, first: &Fold<P>, second: &Fold<P>) -> Verdict {
    let differs = first.output.iter().zip(&second.output).position(|(a, b)| a != b);
    if let Some(index) = differs {
        let (a, b) = (&first.output[index], &second.output[index]);
        return Err(format!("{when}: event {index} was {a:?} and is {b:?}"));
    }
    let (a, b) = (first.output.len(), second.output.len());
    ensure!(a == b, "{when}: {a} events came out, then {b}");
    Ok(())
}
