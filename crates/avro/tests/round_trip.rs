//! The generated codec against `apache-avro`, which knows nothing of it.

#![allow(clippy::unwrap_used)]

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use avro::{DecodeError, Deserializer, Serializer, decode_event, encode_event};
use model::{Decimal, Event, EventId, Head, InstrumentId, Quote, Timestamp, Trade, TradeStatus};
use proptest::prelude::*;

fn to_datum(schema: &Schema, value: impl Into<Value>) -> Vec<u8> {
    GenericDatumWriter::builder(schema).build().unwrap().write_value_to_vec(value).unwrap()
}

fn from_datum(schema: &Schema, mut bytes: &[u8]) -> Value {
    GenericDatumReader::builder(schema).build().unwrap().read_value(&mut bytes).unwrap()
}

/// A value of any shape that `schema` allows, from a stream of numbers.
fn value(
    schema: &Schema,
    names: &std::collections::HashMap<String, Schema>,
    dice: &mut impl FnMut() -> u64,
) -> Value {
    match schema {
        Schema::Null => Value::Null,
        Schema::Boolean => Value::Boolean(dice() & 1 == 1),
        Schema::Long => Value::Long(dice() as i64),
        Schema::TimestampNanos => Value::TimestampNanos(dice() as i64),
        Schema::Date => Value::Date((dice() % 60_000) as i32 - 20_000),
        Schema::Bytes => Value::Bytes(dice().to_be_bytes()[..(dice() % 9) as usize].to_vec()),
        Schema::String => Value::String(format!("texté {}", dice() % 1_000_000_007)),
        Schema::Decimal(_) => {
            let digits =
                i128::from(dice() as i64) * if dice() & 1 == 1 { 1 } else { 1_000_000_000 };
            Value::Decimal(digits.to_be_bytes().to_vec().into())
        }
        Schema::Enum(inner) => {
            let index = (dice() as usize) % inner.symbols.len();
            Value::Enum(index as u32, inner.symbols[index].clone())
        }
        Schema::Union(inner) => {
            let index = (dice() & 1) as u32;
            let branch = &inner.variants()[index as usize];
            Value::Union(index, Box::new(value(branch, names, dice)))
        }
        Schema::Array(inner) => {
            Value::Array((0..dice() % 3).map(|_| value(&inner.items, names, dice)).collect())
        }
        Schema::Map(inner) => Value::Map(
            (0..dice() % 3).map(|i| (format!("k{i}"), value(&inner.types, names, dice))).collect(),
        ),
        Schema::Record(inner) => Value::Record(
            inner
                .fields
                .iter()
                .map(|f| {
                    let field = if f.name == "event_id" {
                        let id = EventId::of(&[&dice().to_string()]);
                        Value::String(id.to_string())
                    } else {
                        value(&f.schema, names, dice)
                    };
                    (f.name.clone(), field)
                })
                .collect(),
        ),
        Schema::Ref { name } => value(&names[name.name()], names, dice),
        other => panic!("no values for {other:?}"),
    }
}

/// Named types by their name, from anywhere inside a schema.
fn collect(schema: &Schema, names: &mut std::collections::HashMap<String, Schema>) {
    match schema {
        Schema::Record(inner) => {
            names.insert(inner.name.name().to_owned(), schema.clone());
            inner.fields.iter().for_each(|f| collect(&f.schema, names));
        }
        Schema::Enum(inner) => {
            names.insert(inner.name.name().to_owned(), schema.clone());
        }
        Schema::Union(inner) => inner.variants().iter().for_each(|s| collect(s, names)),
        Schema::Array(inner) => collect(&inner.items, names),
        Schema::Map(inner) => collect(&inner.types, names),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn both_codecs_agree_on_every_event(seed in any::<u64>()) {
        let mut state = seed | 1;
        let mut dice = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for (kind, info) in Event::KINDS.iter().enumerate() {
            let schema = Schema::parse_str(schemas::by_name(info.name).unwrap().text).unwrap();
            let mut names = std::collections::HashMap::new();
            collect(&schema, &mut names);
            let theirs = to_datum(&schema, value(&schema, &names, &mut dice));
            let event = decode_event(kind, &mut theirs.as_slice()).unwrap();
            prop_assert_eq!(event.info().name, info.name);
            let mut ours = Vec::new();
            encode_event(&event, &mut ours).unwrap();
            let back = from_datum(&schema, &ours);
            let mut again = Vec::new();
            encode_event(&decode_event(kind, &mut ours.as_slice()).unwrap(), &mut again).unwrap();
            prop_assert_eq!(&ours, &again);
            let rewritten = to_datum(&schema, back);
            let reread = decode_event(kind, &mut rewritten.as_slice()).unwrap();
            prop_assert_eq!(reread, event);
        }
    }

    #[test]
    fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for kind in 0..Event::KINDS.len() {
            let _ = decode_event(kind, &mut bytes.as_slice());
        }
    }
}

fn trade(price: Decimal) -> Trade {
    Trade {
        head: Head::new(EventId::of(&["a"]), Timestamp(5)),
        instrument: InstrumentId::listed("BAC", "US"),
        symbol: "BAC".into(),
        trade_id: "17".into(),
        venue: Some("P".into()),
        price,
        quantity: 100.into(),
        conditions: vec!["@".into()],
        tape: None,
        status: TradeStatus::Original,
    }
}

#[test]
fn frames_carry_the_id_and_read_back() {
    let serializer = Serializer::offline();
    let event = Event::from(trade("13.945".parse().unwrap()));
    let mut bytes = Vec::new();
    serializer.frame(&event, &mut bytes).unwrap();
    let reader = Deserializer::new(&serializer);
    assert_eq!(reader.read(&bytes).unwrap(), event);
    bytes.push(0);
    assert_eq!(reader.read(&bytes), Err(DecodeError::LeftOver(1)));
    assert!(matches!(reader.read(&[]), Err(DecodeError::Framing(_))));
    assert!(matches!(reader.read(b"{\"a\":1}"), Err(DecodeError::Framing(_))));
    assert_eq!(reader.read(&[0, 0, 0, 9, 9, 1]), Err(DecodeError::UnknownSchema(0x909)));
}

#[test]
fn a_decimal_that_does_not_fit_is_refused_by_name() {
    let third = Decimal::ONE / Decimal::from(3);
    let mut bytes = vec![7];
    let error = Serializer::offline().frame(&trade(third).into(), &mut bytes).unwrap_err();
    assert!(error.to_string().starts_with("field \"price\""), "{error}");
    assert_eq!(bytes, [7], "what was there before stays");
}

#[test]
fn older_and_foreign_writers_are_resolved_or_named() {
    let serializer = Serializer::offline();
    let reader = Deserializer::new(&serializer);
    // A writer that knew neither conditions nor tape, and wrote the fields in another order.
    let text = schemas::by_name("Quote").unwrap().text;
    let mut json: serde_json::Value = serde_json::from_str(text).unwrap();
    let fields = json["fields"].as_array_mut().unwrap();
    fields.retain(|f| f["name"] != "conditions" && f["name"] != "tape");
    fields.reverse();
    reader.teach(900, &json.to_string());
    let schema = Schema::parse_str(&json.to_string()).unwrap();
    let mut record = apache_avro::types::Record::new(&schema).unwrap();
    for name in ["event_id", "source", "instrument", "symbol"] {
        record.put(name, "x");
    }
    record.put("event_time", Value::TimestampNanos(1));
    record.put("received_time", Value::TimestampNanos(2));
    for name in ["bid_price", "bid_quantity", "bid_venue", "ask_price", "ask_quantity", "ask_venue"]
    {
        record.put(name, Value::Union(0, Box::new(Value::Null)));
    }
    let mut bytes = vec![0, 0, 0, 3, 132];
    bytes.extend(to_datum(&schema, record));
    let Event::Quote(quote) = reader.read(&bytes).unwrap() else { panic!("not a quote") };
    let Quote { instrument, conditions, bid_price, .. } = *quote;
    assert_eq!((instrument.as_str(), conditions.len(), bid_price), ("x", 0, None));

    reader.teach(901, r#"{"type":"record","name":"Stranger","fields":[]}"#);
    let error = reader.read(&[0, 0, 0, 3, 133]).unwrap_err();
    assert!(error.to_string().contains("Stranger is not one of our events"), "{error}");
}
