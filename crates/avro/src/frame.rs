//! Confluent framing: a zero byte, the schema's id in four bytes, the record.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::writer::datum::GenericDatumWriter;
use model::Event;

use crate::registry::Registry;
use crate::{DecodeError, EncodeError, RegistryError, decode_event, encode_event};

/// Bytes before the record itself.
pub const HEADER_LEN: usize = 5;

/// The id in a framed record.
pub fn schema_id(bytes: &[u8]) -> Result<u32, DecodeError> {
    match bytes {
        [0, a, b, c, d, ..] => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
        [] => Err(DecodeError::Framing("it is empty".to_owned())),
        [0, ..] => Err(DecodeError::Framing(format!("only {} bytes", bytes.len()))),
        [first, ..] => Err(DecodeError::Framing(format!("the first byte is {first}, not 0"))),
    }
}

/// Writes events with the ids that the registry gave their schemas.
#[derive(Debug)]
pub struct Serializer {
    /// By position in [`Event::KINDS`].
    ids: Vec<u32>,
}

impl Serializer {
    /// Registers every schema under the subject of its topic, `PREFIX` + topic + `-value`.
    pub async fn register(registry: &Registry, prefix: &str) -> Result<Self, RegistryError> {
        let mut ids = Vec::with_capacity(Event::KINDS.len());
        for info in Event::KINDS {
            let text = schemas::by_name(info.name).map_or("", |schema| schema.text);
            ids.push(registry.register(&format!("{prefix}{}-value", info.topic), text).await?);
        }
        Ok(Self { ids })
    }

    /// A serializer whose ids are the positions in [`Event::KINDS`], for tests and benchmarks.
    pub fn offline() -> Self {
        Self { ids: (0..Event::KINDS.len() as u32).collect() }
    }

    /// Appends the framed record to `out`, which is left as it was on an error.
    pub fn frame(&self, event: &Event, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let info = event.info();
        let index = kind_index(info.name);
        let id = index.and_then(|i| self.ids.get(i)).copied();
        let id = id.ok_or(EncodeError::NotRegistered(info.name))?;
        let start = out.len();
        out.push(0);
        out.extend_from_slice(&id.to_be_bytes());
        encode_event(event, out).inspect_err(|_| out.truncate(start))
    }
}

fn kind_index(name: &str) -> Option<usize> {
    Event::KINDS.iter().position(|info| info.name == name)
}

/// How records with one schema id are read.
#[derive(Clone, Debug)]
enum Reading {
    /// Written with our own schema of the kind at this position.
    Ours(usize),
    /// Written with another version, which `apache-avro` resolves to ours.
    Resolved { kind: usize, writer: Arc<Schema>, reader: Arc<Schema> },
    /// Not one of our events.
    Foreign(String),
}

/// Reads events, whichever version of their schema they were written with.
#[derive(Clone, Debug, Default)]
pub struct Deserializer {
    known: Arc<RwLock<HashMap<u32, Reading>>>,
}

impl Deserializer {
    /// A deserializer that knows the schemas this process writes.
    pub fn new(serializer: &Serializer) -> Self {
        let known = serializer.ids.iter().enumerate().map(|(kind, id)| (*id, Reading::Ours(kind)));
        Self { known: Arc::new(RwLock::new(known.collect())) }
    }

    /// Reads a framed record. [`DecodeError::UnknownSchema`] asks for [`Self::learn`] first.
    pub fn read(&self, bytes: &[u8]) -> Result<Event, DecodeError> {
        let id = schema_id(bytes)?;
        let mut input = &bytes[HEADER_LEN..];
        let known = self.known.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let event = match known.get(&id) {
            None => return Err(DecodeError::UnknownSchema(id)),
            Some(Reading::Ours(kind)) => decode_event(*kind, &mut input)?,
            Some(Reading::Resolved { kind, writer, reader }) => {
                return resolve(*kind, writer, reader, input);
            }
            Some(Reading::Foreign(reason)) => {
                return Err(DecodeError::ForeignSchema { id, reason: reason.clone() });
            }
        };
        if input.is_empty() { Ok(event) } else { Err(DecodeError::LeftOver(input.len())) }
    }

    /// Asks the registry for the schema behind an id.
    pub async fn learn(&self, registry: &Registry, id: u32) -> Result<(), RegistryError> {
        let text = registry.schema(id).await?;
        self.teach(id, &text);
        Ok(())
    }

    /// Takes note of the schema behind an id.
    pub fn teach(&self, id: u32, text: &str) {
        let reading = reading(text).unwrap_or_else(Reading::Foreign);
        let mut known = self.known.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.insert(id, reading);
    }
}

fn reading(text: &str) -> Result<Reading, String> {
    let writer = Schema::parse_str(text).map_err(|error| error.to_string())?;
    let Schema::Record(record) = &writer else { return Err("it is not a record".to_owned()) };
    let name = record.name.name().to_owned();
    let kind = kind_index(&name).ok_or_else(|| format!("{name} is not one of our events"))?;
    let ours = schemas::by_name(&name).map_or("", |schema| schema.text);
    let reader = Schema::parse_str(ours).map_err(|error| error.to_string())?;
    Ok(Reading::Resolved { kind, writer: Arc::new(writer), reader: Arc::new(reader) })
}

fn resolve(
    kind: usize,
    writer: &Schema,
    reader: &Schema,
    mut input: &[u8],
) -> Result<Event, DecodeError> {
    let bad = |error: apache_avro::Error| DecodeError::bytes(error.to_string());
    let datum = GenericDatumReader::builder(writer).reader_schema(reader).build().map_err(bad)?;
    let value = datum.read_value(&mut input).map_err(bad)?;
    if !input.is_empty() {
        return Err(DecodeError::LeftOver(input.len()));
    }
    let datum = GenericDatumWriter::builder(reader).build().map_err(bad)?;
    let bytes = datum.write_value_to_vec(value).map_err(bad)?;
    decode_event(kind, &mut bytes.as_slice())
}
