//! An event as a Kafka record: topic, partition, key, value, headers.

use std::collections::HashMap;

use avro::Serializer;
use kafka::{Outgoing, Pipeline, Transactions, partition_for};
use model::{Event, EventInfo};

use crate::{Error, Names, Wiring};

/// Where records go.
pub trait Target {
    /// Takes a record.
    fn send(&mut self, record: &Outgoing<'_>) -> Result<(), kafka::Error>;
}

impl Target for Transactions {
    fn send(&mut self, record: &Outgoing<'_>) -> Result<(), kafka::Error> {
        Transactions::send(self, record)
    }
}

impl Target for Pipeline {
    fn send(&mut self, record: &Outgoing<'_>) -> Result<(), kafka::Error> {
        Pipeline::send(self, record).map(drop)
    }
}

/// Turns events into records. Its buffers are used again and again.
#[derive(Debug)]
pub struct Publisher {
    serializer: std::sync::Arc<Serializer>,
    names: Names,
    topics: HashMap<&'static str, (String, i32)>,
    value: Vec<u8>,
    key: Vec<u8>,
    time: Vec<u8>,
    trace: Vec<u8>,
    counts: HashMap<&'static str, u64>,
}

impl Publisher {
    /// A publisher for one component.
    pub fn new(wiring: &Wiring) -> Self {
        Self {
            serializer: wiring.serializer.clone(),
            names: wiring.names.clone(),
            topics: HashMap::new(),
            value: Vec::with_capacity(512),
            key: Vec::with_capacity(64),
            time: Vec::with_capacity(32),
            trace: Vec::with_capacity(64),
            counts: HashMap::new(),
        }
    }

    /// Sends an event to its own topic. `trace` is the traceparent of the record that caused it.
    pub fn publish(
        &mut self,
        target: &mut impl Target,
        event: &Event,
        trace: Option<&[u8]>,
    ) -> Result<(), Error> {
        let info = event.info();
        self.encode(event, trace)?;
        let (topic, partitions) = Self::topic(&mut self.topics, &self.names, info);
        let (first, second) = event.key();
        self.key.clear();
        self.key.extend_from_slice(first.as_bytes());
        // With a two-part key the first part alone decides the partition, so that everything of
        // an account stays in order although each of its instruments has a key of its own.
        let partition = second.map(|second| {
            let partition = partition_for(first.as_bytes(), *partitions);
            self.key.push(b'|');
            self.key.extend_from_slice(second.as_bytes());
            partition
        });
        let id = event.head().event_id.hex();
        let headers = headers(&id, event, info, &self.time, &self.trace);
        target.send(&Outgoing {
            topic,
            partition,
            key: Some(&self.key),
            payload: Some(&self.value),
            headers: &headers,
            timestamp_ms: Some(event.head().received_time.millis().max(0)),
        })?;
        *self.counts.entry(info.topic).or_default() += 1;
        Ok(())
    }

    /// Sends an event to a topic and partition that are not its own: a processor's states.
    pub fn publish_to(
        &mut self,
        target: &mut impl Target,
        event: &Event,
        topic: &str,
        partition: i32,
    ) -> Result<(), Error> {
        self.encode(event, None)?;
        target.send(&Outgoing {
            topic,
            partition: Some(partition),
            key: Some(event.key().0.as_bytes()),
            payload: Some(&self.value),
            headers: &[],
            timestamp_ms: None,
        })?;
        Ok(())
    }

    /// What was published since the last call, by topic.
    pub fn take_counts(&mut self) -> Vec<(&'static str, u64)> {
        self.counts.drain().collect()
    }

    fn encode(&mut self, event: &Event, trace: Option<&[u8]>) -> Result<(), Error> {
        self.value.clear();
        self.serializer.frame(event, &mut self.value)?;
        self.time.clear();
        event.head().event_time.write_rfc3339(&mut self.time);
        self.trace.clear();
        match trace {
            Some(trace) => self.trace.extend_from_slice(trace),
            None => {
                // The trace of a fact begins with the fact itself.
                let id = event.head().event_id.hex();
                self.trace.extend_from_slice(b"00-");
                self.trace.extend_from_slice(&id);
                self.trace.push(b'-');
                self.trace.extend_from_slice(&id[..16]);
                self.trace.extend_from_slice(b"-01");
            }
        }
        Ok(())
    }

    fn topic<'a>(
        topics: &'a mut HashMap<&'static str, (String, i32)>,
        names: &Names,
        info: &'static EventInfo,
    ) -> &'a (String, i32) {
        topics
            .entry(info.topic)
            .or_insert_with(|| (names.topic(info.topic), names.partitions(info.topic)))
    }
}

/// CloudEvents in Kafka's binary mode, and the trace.
fn headers<'a>(
    id: &'a [u8; 32],
    event: &'a Event,
    info: &EventInfo,
    time: &'a [u8],
    trace: &'a [u8],
) -> [(&'a str, &'a [u8]); 6] {
    [
        ("ce_specversion", b"1.0"),
        ("ce_id", id),
        ("ce_source", event.head().source.as_bytes()),
        ("ce_type", info.name.as_bytes()),
        ("ce_time", time),
        ("traceparent", trace),
    ]
}
