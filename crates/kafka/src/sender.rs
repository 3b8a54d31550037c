//! What both kinds of producer share: enqueueing, serving delivery reports, draining.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{DeliveryResult, Header, Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use crate::acks::{Acks, Failure};
use crate::cluster::create;
use crate::context::{Context, lock};
use crate::error::{Kind, kind_of};
use crate::{Error, Outgoing, Result, Settings};

/// Delivery reports are served after this many records, so that none waits long in a fast stream.
const SERVE_EVERY: u64 = 256;

/// How long a full queue may hold up a caller before that is an error.
const QUEUE_WAIT: Duration = Duration::from_secs(10);

/// The pause between two looks at the delivery reports while there is nothing else to do. It is
/// short beside the round trip waited for, and long beside the microsecond a look takes.
const LOOK_EVERY: Duration = Duration::from_micros(100);

pub(crate) type Deliveries = Mutex<Acks>;

/// One idempotent producer and the state of its records.
pub(crate) struct Sender {
    pub(crate) producer: BaseProducer<Context<Deliveries>>,
    sent: u64,
    bootstrap_servers: String,
}

impl ProducerContext for Context<Deliveries> {
    /// The sequence of the record, from 1.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, sequence: usize) {
        let mut acks = lock(&self.state);
        match result {
            Ok(_) => acks.acknowledge(sequence as u64),
            Err((error, record)) => {
                if acks.failure.is_none() {
                    acks.failure = Some(Failure {
                        code: error.rdkafka_error_code().unwrap_or(Code::Fail),
                        topic: record.topic().to_owned(),
                        partition: record.partition(),
                        bytes: record.payload_len() + record.key_len(),
                    });
                }
            }
        }
    }
}

impl Sender {
    pub(crate) fn new(settings: &Settings, config: &ClientConfig, attempted: &str) -> Result<Self> {
        let context = Context::new(settings, Deliveries::default());
        let producer: BaseProducer<_> = create(config, context, attempted)?;
        let bootstrap_servers = settings.bootstrap_servers.clone();
        Ok(Sender { producer, sent: 0, bootstrap_servers })
    }

    /// Enqueues a record and returns its sequence. An error means that it was not taken.
    pub(crate) fn send(&mut self, record: &Outgoing<'_>) -> Result<u64> {
        let sequence = self.sent + 1;
        let mut enqueued = base_record(record, sequence as usize);
        let mut deadline = None;
        while let Err((error, back)) = self.producer.send(enqueued) {
            if error.rdkafka_error_code() != Some(Code::QueueFull) {
                return Err(refusal(&error, record));
            }
            if Instant::now() >= *deadline.get_or_insert_with(|| Instant::now() + QUEUE_WAIT) {
                let queue = format!("send to topic `{}`: the queue is full", record.topic);
                return Err(self.unreachable(&queue, QUEUE_WAIT));
            }
            self.serve();
            thread::sleep(LOOK_EVERY);
            enqueued = back;
        }
        self.sent = sequence;
        if sequence.is_multiple_of(SERVE_EVERY) {
            self.serve();
        }
        Ok(sequence)
    }

    /// Handles every delivery report that has arrived; never waits.
    pub(crate) fn serve(&self) {
        // One poll handles one report of many records, and each changes the count.
        loop {
            let before = self.producer.in_flight_count();
            self.producer.poll(Duration::ZERO);
            if self.producer.in_flight_count() == before {
                return;
            }
        }
    }

    /// Waits until no record is in flight; false if the time is up first.
    ///
    /// The wrapper's own `flush` sleeps in steps of 100 ms, which is a hundred round trips.
    pub(crate) fn drain(&self, wait: Duration) -> bool {
        let deadline = Instant::now() + wait;
        loop {
            self.serve();
            if self.producer.in_flight_count() == 0 {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Sends what is still waiting for company.
    pub(crate) fn hurry(&self) {
        // Without time to wait this only wakes the senders; "not yet flushed" is no error here.
        let _ = self.producer.flush(Duration::ZERO);
    }

    /// Every record with a sequence up to this one is on the brokers.
    pub(crate) fn done(&self) -> u64 {
        lock(&self.producer.context().state).done()
    }

    pub(crate) fn failure(&self) -> Option<Failure> {
        lock(&self.producer.context().state).failure.clone()
    }

    /// Starts counting anew; only when nothing is in flight.
    pub(crate) fn reset(&mut self) {
        self.sent = 0;
        *lock(&self.producer.context().state) = Acks::default();
    }

    /// The producer gave up as a whole.
    pub(crate) fn fatal(&self, attempted: &str) -> Option<Error> {
        let (code, reason) = self.producer.client().fatal_error()?;
        let kind = match kind_of(code) {
            kind @ (Kind::Fenced | Kind::Unauthorized) => kind,
            _ => Kind::Indefinite,
        };
        Some(Error::new(kind, attempted, reason))
    }

    /// Nothing came back in time; the reason is what the client last complained about.
    pub(crate) fn unreachable(&self, attempted: &str, wait: Duration) -> Error {
        let trouble = self.producer.context().trouble();
        let kind =
            trouble.as_ref().map_or(Kind::Unreachable, |trouble| match kind_of(trouble.code) {
                Kind::Unauthorized => Kind::Unauthorized,
                _ => Kind::Unreachable,
            });
        let reason = trouble.map_or("no answer".to_owned(), |trouble| trouble.reason);
        let servers = &self.bootstrap_servers;
        Error::new(kind, attempted, format!("waited {wait:?} for `{servers}`: {reason}"))
    }
}

fn base_record<'a>(record: &Outgoing<'a>, sequence: usize) -> BaseRecord<'a, [u8], [u8], usize> {
    BaseRecord {
        topic: record.topic,
        partition: record.partition,
        payload: record.payload,
        key: record.key,
        timestamp: record.timestamp_ms,
        headers: headers(record.headers),
        delivery_opaque: sequence,
    }
}

fn headers(headers: &[(&str, &[u8])]) -> Option<OwnedHeaders> {
    if headers.is_empty() {
        return None;
    }
    let mut owned = OwnedHeaders::new_with_capacity(headers.len());
    for (key, value) in headers {
        owned = owned.insert(Header { key, value: Some(*value) });
    }
    Some(owned)
}

/// The client refused the record at once; others are not affected.
fn refusal(error: &KafkaError, record: &Outgoing<'_>) -> Error {
    let bytes = record.payload.map_or(0, <[u8]>::len) + record.key.map_or(0, <[u8]>::len);
    let attempted = format!("send {bytes} bytes to topic `{}`", record.topic);
    Error::from_client(attempted, error)
}
