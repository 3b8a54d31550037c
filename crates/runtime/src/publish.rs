//! An event as a Kafka record: topic, partition, key, value, headers.

use avro::Serializer;
use kafka::{Outgoing, Pipeline, Transactions, partition_for};
use model::{Event, EventInfo, Timestamp};

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
    /// The few topics that the component publishes to: a walk is quicker than a hash.
    channels: Vec<Channel>,
    value: Vec<u8>,
    key: Vec<u8>,
    time: Time,
    trace: Vec<u8>,
}

/// A topic that has been published to.
#[derive(Debug)]
struct Channel {
    base: &'static str,
    topic: String,
    partitions: i32,
    /// Records since they were last asked for.
    count: u64,
}

/// The time of the event as a header spells it.
#[derive(Debug, Default)]
struct Time {
    text: Vec<u8>,
    second: i64,
}

impl Publisher {
    /// A publisher for one component.
    pub fn new(wiring: &Wiring) -> Self {
        Self {
            serializer: wiring.serializer.clone(),
            names: wiring.names.clone(),
            channels: Vec::new(),
            value: Vec::with_capacity(512),
            key: Vec::with_capacity(64),
            time: Time::default(),
            trace: Vec::with_capacity(64),
        }
    }

    /// Sends an event to its own topic. `trace` is the traceparent of the record that caused it.
    pub fn publish(
        &mut self,
        target: &mut impl Target,
        event: &Event,
        trace: Option<&[u8]>,
    ) -> Result<(), Error> {
        let (info, head) = (event.info(), event.head());
        self.encode(event)?;
        let channel = channel(&mut self.channels, &self.names, info);
        let (first, second) = event.key();
        self.key.clear();
        self.key.extend_from_slice(first.as_bytes());
        // With a two-part key the first part alone decides the partition, so that everything of
        // an account stays in order although each of its instruments has a key of its own.
        let partition = second.map(|second| {
            let partition = partition_for(first.as_bytes(), channel.partitions);
            self.key.push(b'|');
            self.key.extend_from_slice(second.as_bytes());
            partition
        });
        let id = head.event_id.hex();
        let trace = trace.unwrap_or_else(|| begin_trace(&id, &mut self.trace));
        let headers = headers(&id, event, info, self.time.text(head.event_time), trace);
        target.send(&Outgoing {
            topic: &channel.topic,
            partition,
            key: Some(&self.key),
            payload: Some(&self.value),
            headers: &headers,
            timestamp_ms: Some(head.received_time.millis().max(0)),
        })?;
        channel.count += 1;
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
        self.encode(event)?;
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
        let counts = self.channels.iter_mut().map(|c| (c.base, std::mem::take(&mut c.count)));
        counts.filter(|(_, count)| *count > 0).collect()
    }

    fn encode(&mut self, event: &Event) -> Result<(), Error> {
        self.value.clear();
        Ok(self.serializer.frame(event, &mut self.value)?)
    }
}

impl Time {
    /// The time as a text. Of two records in a row, only the decimals of a second mostly differ.
    fn text(&mut self, time: Timestamp) -> &[u8] {
        const DECIMALS: usize = 9;
        let second = time.0.div_euclid(1_000_000_000);
        let Some(start) = self.text.len().checked_sub(DECIMALS + 1) else {
            return self.whole(time, second);
        };
        if second != self.second {
            return self.whole(time, second);
        }
        let mut nanos = time.0.rem_euclid(1_000_000_000);
        for digit in self.text[start..start + DECIMALS].iter_mut().rev() {
            *digit = b'0' + (nanos % 10) as u8;
            nanos /= 10;
        }
        &self.text
    }

    fn whole(&mut self, time: Timestamp, second: i64) -> &[u8] {
        self.second = second;
        self.text.clear();
        time.write_rfc3339(&mut self.text);
        &self.text
    }
}

fn channel<'a>(
    channels: &'a mut Vec<Channel>,
    names: &Names,
    info: &'static EventInfo,
) -> &'a mut Channel {
    let base = info.topic;
    let known = channels.iter().position(|channel| channel.base == base);
    let index = known.unwrap_or_else(|| {
        let (topic, partitions) = (names.topic(base), names.partitions(base));
        channels.push(Channel { base, topic, partitions, count: 0 });
        channels.len() - 1
    });
    &mut channels[index]
}

/// The trace of a fact begins with the fact itself.
fn begin_trace<'a>(id: &[u8; 32], out: &'a mut Vec<u8>) -> &'a [u8] {
    out.clear();
    out.extend_from_slice(b"00-");
    out.extend_from_slice(id);
    out.push(b'-');
    out.extend_from_slice(&id[..16]);
    out.extend_from_slice(b"-01");
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_header_does_not_depend_on_the_one_before() {
        let mut time = Time::default();
        let second = 1_614_009_104_000_000_000;
        let steps = [0, 208_000_000, 1, 999_999_999, 1_000_000_000, 86_400_000_000_000, 5, -1, -5];
        for nanos in steps.map(|step| second + step).into_iter().chain([-1, -2, 0]) {
            let mut expected = Vec::new();
            Timestamp(nanos).write_rfc3339(&mut expected);
            assert_eq!(time.text(Timestamp(nanos)), expected, "{nanos}");
        }
    }
}
