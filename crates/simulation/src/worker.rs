//! A real processor at work: folds, and commits output, states and offsets together.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use component::{Bad, Out, Processor};
use model::{DeadLetter, Event, EventId, Head, Stage, Text, Timestamp};
use runtime::Watermark;

use crate::canary::Canary;
use crate::dice::Dice;
use crate::log::{Owner, PARTITIONS, Partition, Transaction};
use crate::scene::{Actor, Progress, SECOND, Scene};

/// Records folded in one transaction at most.
const BATCH: usize = 8;

/// One member of a processor's group.
pub(crate) struct Worker<P: Processor> {
    processor: Rc<P>,
    owner: Owner,
    partitions: Vec<usize>,
    states: BTreeMap<(usize, Text), P::State>,
    positions: BTreeMap<Partition, usize>,
    global: P::Global,
    observed: BTreeMap<Partition, usize>,
    watermark: Watermark,
    ticked: Timestamp,
    /// Folded and not committed yet.
    work: Option<Transaction>,
}

impl<P: Processor> Worker<P> {
    /// Opens a member that owns some partitions: states come from what was saved of them.
    pub(crate) fn open(processor: Rc<P>, partitions: Vec<usize>, scene: &mut Scene) -> Self {
        let name = match partitions.as_slice() {
            [one] => format!("{}-{one}", P::NAME),
            _ => P::NAME.to_owned(),
        };
        let owner = scene.log.own(&name);
        scene.log.mark_topics(P::GLOBALS);
        let mut worker = Self {
            processor,
            partitions,
            states: BTreeMap::new(),
            positions: BTreeMap::new(),
            global: P::Global::default(),
            observed: BTreeMap::new(),
            watermark: Watermark::default(),
            ticked: Timestamp::default(),
            work: None,
            owner,
        };
        for number in worker.partitions.clone() {
            for (key, saved) in scene.log.states(P::NAME, number) {
                if let Ok(state) = serde_json::from_str(saved) {
                    worker.states.insert((number, key.clone()), state);
                }
            }
        }
        for partition in worker.inputs() {
            let offset = scene.log.offset(&worker.owner, partition);
            worker.positions.insert(partition, offset);
            worker.watermark.assigned(&[named(partition)]);
        }
        worker.observe(scene, usize::MAX);
        worker
    }

    fn inputs(&self) -> Vec<Partition> {
        let mut inputs = Vec::new();
        for topic in P::INPUTS.iter().copied() {
            inputs.extend(self.partitions.iter().map(|number| (topic, *number)));
        }
        inputs
    }

    fn observe(&mut self, scene: &Scene, most: usize) {
        for topic in P::GLOBALS.iter().copied() {
            for number in 0..PARTITIONS {
                let at = self.observed.entry((topic, number)).or_default();
                for event in scene.log.read((topic, number), *at, most) {
                    self.processor.observe(&mut self.global, &event);
                    *at += 1;
                }
            }
        }
    }

    /// Reads some records of one partition that has any.
    fn fold(&mut self, scene: &mut Scene, dice: &mut Dice) -> Option<Transaction> {
        let inputs = self.inputs();
        let first = dice.below(inputs.len());
        for index in 0..inputs.len() {
            let partition = inputs[(first + index) % inputs.len()];
            let from = self.positions.get(&partition).copied().unwrap_or_default();
            let events = scene.log.read(partition, from, 1 + dice.below(BATCH));
            self.watermark.lags(&named(partition), events.len() as i64);
            if events.is_empty() {
                continue;
            }
            let what = format!("folds {} of {}/{}", events.len(), partition.0, partition.1);
            scene.note(&self.owner.name, &what);
            let mut work = Transaction::default();
            let mut changed = BTreeSet::new();
            for (number, event) in events.iter().enumerate() {
                self.watermark.saw(named(partition), event.head().received_time);
                self.apply((partition, from + number), event, &mut work, &mut changed);
            }
            self.tick(&mut work, &mut changed);
            work.offsets.insert(partition, from + events.len());
            self.save(changed, &mut work);
            return Some(work);
        }
        self.watermark.silence(scene.now);
        let (mut work, mut changed) = (Transaction::default(), BTreeSet::new());
        self.tick(&mut work, &mut changed);
        self.save(changed, &mut work);
        (!work.events.is_empty()).then_some(work)
    }

    fn apply(
        &mut self,
        (partition, offset): (Partition, usize),
        event: &Event,
        work: &mut Transaction,
        changed: &mut BTreeSet<(usize, Text)>,
    ) {
        let Some(key) = self.processor.key(event) else { return };
        let key = (partition.1, key);
        let is_new = !self.states.contains_key(&key);
        let state = self.states.entry(key.clone()).or_default();
        let mut out = Out::caused_by(P::NAME, event.head());
        match self.processor.apply(state, &self.global, event, &mut out) {
            Ok(()) => {
                work.events.extend(out.into_events());
                changed.insert(key);
            }
            Err(bad) => {
                if is_new {
                    self.states.remove(&key);
                }
                work.events.push(letter::<P>(event, partition, offset, &bad));
            }
        }
    }

    fn tick(&mut self, work: &mut Transaction, changed: &mut BTreeSet<(usize, Text)>) {
        let watermark = self.watermark.get();
        if watermark.since(self.ticked) < SECOND {
            return;
        }
        self.ticked = watermark;
        for (key, state) in &mut self.states {
            let mut out = Out::tick(P::NAME, &key.1, watermark);
            self.processor.tick(state, watermark, &mut out);
            let events = out.into_events();
            if !events.is_empty() {
                changed.insert(key.clone());
                work.events.extend(events);
            }
        }
    }

    fn save(&self, changed: BTreeSet<(usize, Text)>, work: &mut Transaction) {
        for key in changed {
            let state = self.states.get(&key);
            if let Some(Ok(saved)) = state.map(serde_json::to_string) {
                work.states.push((P::NAME, key.0, key.1, saved));
            }
        }
    }

    fn commit(&mut self, mut work: Transaction, scene: &mut Scene, dice: &mut Dice) -> Progress {
        let next = work.offsets.clone();
        if scene.has(Canary::LosesStates) {
            work.states.clear();
        }
        if scene.has(Canary::LosesOutput) && dice.below(20) == 0 {
            work.events.clear();
        }
        if !scene.commit(&self.owner, work, dice) {
            return Progress::Died;
        }
        self.positions.extend(next);
        Progress::Worked
    }
}

impl<P: Processor> Actor for Worker<P> {
    fn name(&self) -> &str {
        &self.owner.name
    }

    fn step(&mut self, scene: &mut Scene, dice: &mut Dice) -> Progress {
        if let Some(work) = self.work.take() {
            return self.commit(work, scene, dice);
        }
        let most = if scene.is_calm { usize::MAX } else { dice.below(20) };
        self.observe(scene, most);
        self.work = self.fold(scene, dice);
        if self.work.is_some() { Progress::Worked } else { Progress::Idle }
    }

    fn successor(&self, scene: &mut Scene) -> Box<dyn Actor> {
        Box::new(Self::open(self.processor.clone(), self.partitions.clone(), scene))
    }
}

fn named((topic, number): Partition) -> (Arc<str>, i32) {
    (topic.into(), number as i32)
}

fn letter<P: Processor>(event: &Event, partition: Partition, offset: usize, bad: &Bad) -> Event {
    let id = EventId::of(&[P::NAME, "dead", &event.head().event_id.to_string()]);
    DeadLetter {
        head: Head { event_id: id, source: P::NAME.into(), ..event.head().clone() },
        component: P::NAME.into(),
        stage: Stage::Apply,
        reason: bad.to_string().into(),
        field: Some(bad.field.as_str().into()),
        raw: Vec::new(),
        topic: Some(partition.0.into()),
        partition: Some(partition.1 as i64),
        offset: Some(offset as i64),
        schema_id: None,
        attempts: 1,
        redrive_of: None,
    }
    .into()
}
