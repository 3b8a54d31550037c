//! Sinks in another language: of any records, and of orders.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use component::{Delivery, Fault, Host, Outcome, Result, Sends, Sink};
use model::Text;
use serde_json::{Map, Value};

use crate::map;
use crate::settings::{DeliveriesSettings, OrdersSettings, System};
use crate::talk::{Talk, out_of_turn};
use crate::wire::{self, Answer, Question};

/// Delivers the records of topics; after a crash some are delivered again.
pub type Deliveries = Out<Anything>;
/// Delivers approved orders, each once.
pub type Orders = Out<OrdersOnly>;

/// What a sink is for.
pub trait Purpose: Send + 'static {
    const NAME: &'static str;
    const SENDS: Sends;
    type Settings: component::Settings;

    fn topics(settings: &Self::Settings) -> Vec<Text>;

    /// What the program is told, and how long it may take to answer.
    fn told(settings: &Self::Settings) -> (&Map<String, Value>, u64);
}

pub struct Anything;

impl Purpose for Anything {
    const NAME: &'static str = "external_deliveries";
    const SENDS: Sends = Sends::Exports;
    type Settings = DeliveriesSettings;

    fn topics(settings: &DeliveriesSettings) -> Vec<Text> {
        settings.topics.iter().map(|topic| topic.0.into()).collect()
    }

    fn told(settings: &DeliveriesSettings) -> (&Map<String, Value>, u64) {
        (&settings.settings, settings.answer_secs)
    }
}

pub struct OrdersOnly;

impl Purpose for OrdersOnly {
    const NAME: &'static str = "external_orders";
    // Nobody can know that of every program, so an order that got lost is not sent again.
    const SENDS: Sends = Sends::Orders { repeats_are_refused: false };
    type Settings = OrdersSettings;

    fn topics(_: &OrdersSettings) -> Vec<Text> {
        vec!["orders.approved".into()]
    }

    fn told(settings: &OrdersSettings) -> (&Map<String, Value>, u64) {
        (&settings.settings, settings.answer_secs)
    }
}

/// Hands records to a program.
pub struct Out<P> {
    /// Nothing once the process cannot be talked to any more.
    talk: Option<Talk>,
    purpose: PhantomData<P>,
}

impl<P: Purpose> Sink for Out<P> {
    const NAME: &'static str = P::NAME;
    const SENDS: Sends = P::SENDS;
    type System = System;
    type Settings = P::Settings;

    fn topics(settings: &P::Settings) -> Vec<Text> {
        P::topics(settings)
    }

    async fn connect(system: System, settings: P::Settings, host: Host) -> Result<Self> {
        let (told, answer_secs) = P::told(&settings);
        let talk = Talk::open(&system, told, answer_secs, &host).await?;
        Ok(Self { talk: Some(talk), purpose: PhantomData })
    }

    async fn write(&mut self, batch: &[Delivery]) -> Result<Vec<Outcome>> {
        let deliveries = batch.iter().map(delivery).collect();
        self.talk()?.ask(&Question::Write { deliveries })?;
        // From here on it may have arrived, whatever becomes of the answer.
        match self.outcomes(batch.len()).await {
            Err(Fault::Disconnected(reason)) => {
                Ok(batch.iter().map(|_| Outcome::Unknown { reason: reason.clone() }).collect())
            }
            answered => answered,
        }
    }

    async fn resolve(&mut self, one: &Delivery) -> Result<Outcome> {
        self.talk()?.ask(&Question::Resolve { delivery: delivery(one) })?;
        let mut outcomes = self.outcomes(1).await?;
        outcomes.pop().ok_or_else(|| out_of_turn("resolve"))
    }
}

impl<P> Out<P> {
    /// The process, if it can be asked anything.
    fn talk(&mut self) -> Result<&mut Talk> {
        let gone = || Fault::disconnected("the process has ended");
        let talk = self.talk.as_mut().ok_or_else(gone)?;
        if talk.is_over() { Err(gone()) } else { Ok(talk) }
    }

    /// The outcomes that the last question asks for. `Disconnected` is said of a process that
    /// cannot be talked to any more, and of no other.
    async fn outcomes(&mut self, count: usize) -> Result<Vec<Outcome>> {
        let Some(talk) = &mut self.talk else { return Err(out_of_turn("nothing")) };
        let answer = talk.answer().await;
        drop(talk.take_strays()); // they were logged, and are no deliveries
        let fault = match answer {
            Ok(Answer::Outcomes(outcomes)) if outcomes.len() == count => {
                let redact = |text: String| talk.redact(&text);
                return Ok(outcomes.into_iter().map(|one| map::outcome(one, redact)).collect());
            }
            Ok(Answer::Outcomes(outcomes)) => {
                let given = outcomes.len();
                Fault::disconnected(format!("the process gave {given} outcomes of {count}"))
            }
            Ok(_) => out_of_turn("write"),
            Err(fault) => fault,
        };
        if matches!(fault, Fault::Disconnected(_)) {
            self.talk = None;
        }
        Err(fault)
    }
}

fn delivery(delivery: &Delivery) -> wire::Delivery<'_> {
    wire::Delivery {
        id: &delivery.id,
        topic: &delivery.topic,
        partition: delivery.partition,
        offset: delivery.offset,
        event: BTreeMap::from([(delivery.event.info().name, &delivery.event)]),
    }
}
