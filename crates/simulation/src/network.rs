//! Requests on their way to a broker and answers on their way back: late, lost, garbled.

use std::collections::BTreeMap;
use std::fmt;

use component::Outcome;
use model::{ApprovedOrder, Timestamp};

use crate::broker::Broker;
use crate::scene::MILLI;

/// Both brokers and the ways to them.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) brokers: [Broker; 2],
    /// By the time of arrival; the number keeps those of one time apart and in order.
    flights: BTreeMap<(Timestamp, u64), Flight>,
    answers: BTreeMap<u64, Outcome>,
    count: u64,
}

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) order: ApprovedOrder,
    /// Whether it only asks what became of the order.
    pub(crate) is_question: bool,
}

/// How a message and its answer fare.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Fate {
    pub(crate) there: i64,
    pub(crate) is_lost: bool,
    pub(crate) back: i64,
    pub(crate) answer_is_lost: bool,
    pub(crate) answer_is_garbled: bool,
    /// For how long the broker does not find what it has taken.
    pub(crate) lag: i64,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { there, back, .. } = self;
        match self {
            Self { is_lost: true, .. } => write!(f, "lost on the way")?,
            Self { answer_is_lost: true, .. } => {
                write!(f, "there in {} ms, no answer", there / MILLI)?
            }
            _ => write!(f, "there in {} ms, back in {} ms", there / MILLI, back / MILLI)?,
        }
        if self.answer_is_garbled {
            write!(f, ", garbled")?;
        }
        if self.lag > 0 {
            write!(f, ", found {} ms later", self.lag / MILLI)?;
        }
        Ok(())
    }
}

#[derive(Debug)]
enum Flight {
    There {
        call: u64,
        broker: usize,
        message: Box<Message>,
        fate: Fate,
        departed: (u64, Timestamp),
    },
    Back {
        call: u64,
        broker: usize,
        outcome: Outcome,
    },
}

impl Network {
    pub(crate) fn new() -> Self {
        let brokers = [
            Broker::new(["strict", "alpha", "S"], true),
            Broker::new(["loose", "beta", "L"], false),
        ];
        Self { brokers, flights: BTreeMap::new(), answers: BTreeMap::new(), count: 0 }
    }

    /// Sends a message; the answer comes under the number, if it comes.
    pub(crate) fn send(
        &mut self,
        broker: usize,
        message: Message,
        fate: Fate,
        departed: (u64, Timestamp),
    ) -> u64 {
        self.count += 1;
        let call = self.count;
        if !fate.is_lost {
            let due = (departed.1.plus_nanos(fate.there), call);
            let message = Box::new(message);
            let flight = Flight::There { call, broker, message, fate, departed };
            self.flights.insert(due, flight);
        }
        call
    }

    /// Takes the answer to a message, if it is there.
    pub(crate) fn answer(&mut self, call: u64) -> Option<Outcome> {
        self.answers.remove(&call)
    }

    /// Lets everything arrive that is due.
    pub(crate) fn advance(&mut self, now: Timestamp, step: u64) {
        while let Some(next) = self.flights.first_entry() {
            if next.key().0 > now {
                return;
            }
            let ((at, _), flight) = next.remove_entry();
            match flight {
                Flight::There { call, broker, message, fate, departed } => {
                    let Some(outcome) = self.arrive(broker, &message, fate, departed, (step, at))
                    else {
                        continue;
                    };
                    if !fate.answer_is_lost {
                        self.count += 1;
                        let due = (at.plus_nanos(fate.back), self.count);
                        self.flights.insert(due, Flight::Back { call, broker, outcome });
                    }
                }
                Flight::Back { call, outcome, .. } => drop(self.answers.insert(call, outcome)),
            }
        }
    }

    /// The broker starts again: every connection to it is gone, and what was on its way.
    pub(crate) fn cut(&mut self, broker: usize) {
        self.flights.retain(|_, flight| match flight {
            Flight::There { broker: to, .. } | Flight::Back { broker: to, .. } => *to != broker,
        });
    }

    fn arrive(
        &mut self,
        broker: usize,
        message: &Message,
        fate: Fate,
        departed: (u64, Timestamp),
        (step, at): (u64, Timestamp),
    ) -> Option<Outcome> {
        let broker = &mut self.brokers[broker];
        if broker.is_away {
            return None;
        }
        let outcome = if message.is_question {
            broker.look_up(&message.order, at)
        } else {
            broker.take(&message.order, departed, step, at, fate.lag)
        };
        let garbled = Outcome::Unknown { reason: "the answer could not be read".to_owned() };
        Some(if fate.answer_is_garbled { garbled } else { outcome })
    }
}
