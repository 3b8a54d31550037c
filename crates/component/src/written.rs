//! Events that somebody else wrote as JSON, checked field by field.

use model::{Date, Event, EventId, EventInfo, FieldInfo, FieldKind, Timestamp};
use serde_json::{Map, Value};

use crate::{Bad, OrBad};

/// What of an offending value is quoted.
const QUOTED_CHARS: usize = 60;
/// Fields that the runtime or the reader of an event fills in where they are left out.
const FILLED_IN: [&str; 3] = ["event_id", "source", "received_time"];
/// The same of events that name an account at a broker.
const ROUTE: [&str; 2] = ["account", "system"];

/// What is fixed about the kind of event with this name, such as `Trade`.
pub fn event_kind(name: &str) -> Option<&'static EventInfo> {
    Event::KINDS.iter().find(|kind| kind.name == name)
}

/// Whether a field may be left out by whoever writes an event: it is filled in, or its absence
/// means something.
pub fn may_be_left_out(kind: &EventInfo, field: &FieldInfo) -> bool {
    FILLED_IN.contains(&field.name)
        || (is_routed(kind) && ROUTE.contains(&field.name))
        || has_default(field.kind)
}

/// Reads an event that was written as the JSON form of its schema: decimals as text or whole
/// numbers, times as RFC 3339 or nanoseconds since 1970. The error names the path of the field.
///
/// Without an `event_id` of its own the event has a nil one.
pub fn read_event(kind: &'static EventInfo, written: &Map<String, Value>) -> Result<Event, Bad> {
    let mut fields = record(kind.fields, written, "", &|field| may_be_left_out(kind, field))?;
    for name in FILLED_IN {
        fields.entry(name).or_insert_with(|| match name {
            "event_id" => Value::String(EventId::default().to_string()),
            "received_time" => Value::String(Timestamp(0).to_string()),
            _ => Value::String(String::new()),
        });
    }
    if is_routed(kind) {
        for name in ROUTE {
            fields.entry(name).or_insert_with(|| Value::String(String::new()));
        }
    }
    let event = Event::read(kind.name, Value::Object(fields)).or_bad("")?;
    let event = event.ok_or_else(|| Bad::new("", format!("no event is called {:?}", kind.name)))?;
    let (first, _) = event.key();
    if first.is_empty() && !is_routed(kind) {
        let name = kind.key.first().copied().unwrap_or_default();
        return Err(Bad::new(name, "empty, and it is the key of the record"));
    }
    Ok(event)
}

/// Whether the runtime fills in which of our accounts it is about.
fn is_routed(kind: &EventInfo) -> bool {
    kind.fields.iter().any(|field| field.name == "broker_account")
}

fn has_default(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Optional(_) | FieldKind::List(_) | FieldKind::Map(_))
}

/// Every field of a record in the form that serde reads.
fn record(
    fields: &[FieldInfo],
    written: &Map<String, Value>,
    path: &str,
    may_be_left_out: &dyn Fn(&FieldInfo) -> bool,
) -> Result<Map<String, Value>, Bad> {
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let is_known = |name: &String| fields.iter().any(|field| field.name == name);
    if let Some(name) = written.keys().find(|name| !is_known(name)) {
        return Err(Bad::new(&below(name), "there is no such field"));
    }
    let mut read = Map::new();
    for field in fields {
        let path = below(field.name);
        let value = match written.get(field.name) {
            Some(Value::Null) | None => match field.kind {
                FieldKind::List(_) => Value::Array(Vec::new()),
                FieldKind::Map(_) => Value::Object(Map::new()),
                FieldKind::Optional(_) => Value::Null,
                _ if may_be_left_out(field) => continue,
                _ => return Err(Bad::new(&path, "missing")),
            },
            Some(value) => read_value(field.kind, value, &path)?,
        };
        read.insert(field.name.to_owned(), value);
    }
    Ok(read)
}

fn read_value(kind: FieldKind, value: &Value, path: &str) -> Result<Value, Bad> {
    let expected = |what: &str| Bad::new(path, format!("expected {what}, found {}", quoted(value)));
    let text = |what: &str| value.as_str().ok_or_else(|| expected(what));
    Ok(match kind {
        FieldKind::Optional(inner) => read_value(*inner, value, path)?,
        FieldKind::Text => Value::String(text("a text")?.to_owned()),
        FieldKind::EventId => Value::String(EventId::from_text(text("a text")?).to_string()),
        FieldKind::Instrument => match text("an instrument")?.rsplit_once('.') {
            Some((symbol, venue)) if !symbol.is_empty() && !venue.is_empty() => value.clone(),
            _ => return Err(expected("SYMBOL.VENUE, such as BAC.US")),
        },
        FieldKind::Bool if value.is_boolean() => value.clone(),
        FieldKind::Bool => return Err(expected("true or false")),
        FieldKind::Long if value.is_i64() => value.clone(),
        FieldKind::Long => return Err(expected("a whole number")),
        FieldKind::Bytes => bytes(value).ok_or_else(|| expected("a list of bytes"))?,
        FieldKind::Decimal => decimal(value, path)?,
        FieldKind::Timestamp => Value::String(match value.as_i64() {
            Some(nanos) => Timestamp(nanos).to_string(),
            None => {
                let time: Timestamp = text("a time")?.parse().or_bad(path)?;
                time.to_string()
            }
        }),
        FieldKind::Date => {
            let date: Date = text("a date")?.parse().or_bad(path)?;
            Value::String(date.to_string())
        }
        FieldKind::Symbol(symbols) => {
            let word = text("a word")?;
            if !symbols.contains(&word) {
                return Err(expected(&format!("one of {}", symbols.join(", "))));
            }
            value.clone()
        }
        FieldKind::Record(fields) => {
            let written = value.as_object().ok_or_else(|| expected("a mapping"))?;
            Value::Object(record(fields, written, path, &|_| false)?)
        }
        FieldKind::List(inner) => {
            let items = value.as_array().ok_or_else(|| expected("a list"))?.iter().enumerate();
            let read = items.map(|(n, item)| read_value(*inner, item, &format!("{path}[{n}]")));
            Value::Array(read.collect::<Result<_, _>>()?)
        }
        FieldKind::Map(inner) => {
            let entries = value.as_object().ok_or_else(|| expected("a mapping"))?.iter();
            let read = entries.map(|(name, value)| {
                let value = read_value(*inner, value, &format!("{path}.{name}"))?;
                Ok((name.clone(), value))
            });
            Value::Object(read.collect::<Result<_, Bad>>()?)
        }
    })
}

/// A number that went through a float may be another one by now, so only its text will do.
fn decimal(value: &Value, path: &str) -> Result<Value, Bad> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => {
            let found = quoted(value);
            let reason = format!("expected a decimal as text, such as \"150.25\", found {found}");
            return Err(Bad::new(path, reason));
        }
    };
    Ok(Value::String(model::money(&text).or_bad(path)?.to_string()))
}

fn bytes(value: &Value) -> Option<Value> {
    let is_byte = |item: &Value| item.as_u64().is_some_and(|byte| byte < 256);
    value.as_array()?.iter().all(is_byte).then(|| value.clone())
}

fn quoted(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(QUOTED_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn read(name: &str, written: Value) -> Result<Event, Bad> {
        read_event(event_kind(name).unwrap(), written.as_object().unwrap())
    }

    fn trade() -> Value {
        json!({
            "event_time": "2013-10-07T14:00:00.123456789Z", "instrument": "BAC.US",
            "symbol": "BAC", "trade_id": "17", "price": "13.90", "quantity": 100,
            "status": "original",
        })
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        let Event::Trade(trade) = read("Trade", trade()).unwrap() else { panic!("a trade") };
        assert!(trade.head.event_id.is_nil() && trade.conditions.is_empty());
        assert_eq!(trade.price.to_string(), "13.90");
        assert_eq!(trade.head.event_time.to_string(), "2013-10-07T14:00:00.123456789Z");
        let nanos = json!({ "event_time": 1_381_154_400_123_456_789_i64 });
        let mut again = self::trade();
        again["event_time"] = nanos["event_time"].clone();
        let again = read("Trade", again).unwrap();
        assert_eq!(again.head().event_time, trade.head.event_time);
    }

    #[test]
    fn a_record_of_an_account_is_routed_by_the_runtime() {
        let position = json!({
            "event_time": 1, "broker_account": "A-1", "instrument": "BAC.US", "symbol": "BAC",
            "quantity": "-5", "currency": "USD",
        });
        let Event::Position(position) = read("Position", position).unwrap() else { panic!() };
        assert_eq!((&*position.account, &*position.broker_account), ("", "A-1"));
    }

    #[test]
    fn every_event_reads_its_own_json() {
        let event = read("Trade", trade()).unwrap();
        let Value::Object(fields) = serde_json::to_value(&event).unwrap() else { panic!() };
        assert_eq!(read_event(event.info(), &fields).unwrap(), event);
    }

    #[test]
    fn a_bad_field_is_named_with_its_path() {
        for (field, value, path, reason) in [
            ("price", json!(13.9), "price", "as text"),
            ("price", json!("1e"), "price", "not a decimal number"),
            ("quantity", json!("1234567890123456789012"), "quantity", "digits"),
            ("instrument", json!("BAC"), "instrument", "SYMBOL.VENUE"),
            ("instrument", json!(null), "instrument", "missing"),
            ("status", json!("fine"), "status", "one of original, corrected"),
            ("conditions", json!(["a", 7]), "conditions[1]", "expected a text, found 7"),
            ("event_time", json!("yesterday"), "event_time", "not a time"),
            ("prise", json!("1"), "prise", "no such field"),
        ] {
            let mut written = trade();
            written[field] = value;
            let bad = read("Trade", written).unwrap_err();
            assert_eq!(bad.field, path, "{bad}");
            assert!(bad.reason.contains(reason), "{bad}");
        }
    }

    #[test]
    fn nested_fields_have_nested_paths() {
        let record = json!({
            "event_time": 1, "dataset": "d", "subject": "s", "record_id": "r",
            "values": { "a": "1", "b": true },
        });
        assert_eq!(read("AlternativeRecord", record).unwrap_err().field, "values.b");
        let empty = json!({
            "event_time": 1, "dataset": "d", "subject": "", "record_id": "r",
        });
        assert_eq!(read("AlternativeRecord", empty).unwrap_err().field, "subject");
    }
}
