//! Pure functions from an item to an event.

use component::{Bad, OrBad, read_event};
use http::Json;
use model::{Date, Event, EventId, FieldKind, TimeFormat, Timestamp};
use serde_json::{Map, Value, json};

use crate::plan::{Plan, Rule, Target, bare};

/// Fields of an item that a record without a mapping takes in.
const MAX_LEAVES: usize = 500;
/// What an item that stands below a name calls it.
const KEY: &str = "$key";

/// An item, and the name below which it stands.
pub(crate) struct Item<'a> {
    pub json: &'a Json,
    pub key: Option<&'a str>,
}

impl Item<'_> {
    /// The texts at a path: of a list, all of them.
    fn texts(&self, path: &str) -> Result<Vec<&str>, Bad> {
        if path == KEY {
            return Ok(self.key.into_iter().collect());
        }
        match self.json.get(path) {
            None => Ok(Vec::new()),
            Some(Json::List(list)) => {
                let texts = list.iter().filter(|json| **json != Json::Null);
                texts.map(|json| json.scalar().or_bad(path)).collect()
            }
            Some(Json::Map(_)) => Err(Bad::new(path, "a mapping, where a value is expected")),
            Some(json) => Ok(json.scalar().into_iter().collect()),
        }
    }

    /// The one text at a path, if there is one.
    pub fn text(&self, path: &str) -> Result<Option<&str>, Bad> {
        match self.texts(path)?.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => Err(Bad::new(path, "a list, where one value is expected")),
        }
    }
}

/// What an item becomes, and what it is known by from poll to poll.
pub(crate) fn event(
    plan: &Plan,
    item: &Item<'_>,
    system: &str,
    now: Timestamp,
) -> Result<(Event, EventId), Bad> {
    let mut fields = Map::new();
    for target in &plan.targets {
        let Some(value) = value(target, item)? else { continue };
        match &target.key {
            None => drop(fields.insert(target.field.name.to_owned(), value)),
            Some(key) => fields
                .entry(target.field.name)
                .or_insert_with(|| json!({}))
                .as_object_mut()
                .map_or((), |entries| drop(entries.insert(key.clone(), value))),
        }
    }
    let id = id(plan, item)?;
    complete(plan, item, &id, &mut fields)?;
    let is_timed = fields.contains_key("event_time");
    if !is_timed {
        fields.insert("event_time".to_owned(), json!(0));
    }
    let mut event = read_event(plan.kind, &fields)?;
    let contents = serde_json::to_string(&event).or_bad("")?;
    let scope = ["declared", system, &plan.name, plan.kind.name];
    let of = |part: &str| EventId::of(&[&scope[..], &[part]].concat());
    event.head_mut().event_id = of(&contents);
    if !is_timed {
        event.head_mut().event_time = now;
    }
    if let Event::AlternativeRecord(record) = &mut event
        && record.record_id.is_empty()
    {
        record.record_id = record.head.event_id.to_string().into();
    }
    let known_by = if id.is_empty() { event.head().event_id } else { of(&id) };
    Ok((event, known_by))
}

/// The item's id by the fields that make it; nothing if none do.
fn id(plan: &Plan, item: &Item<'_>) -> Result<String, Bad> {
    let mut parts = Vec::new();
    for path in &plan.settings.id {
        parts.push(item.text(path)?.or_bad(path)?);
    }
    Ok(parts.join("|"))
}

/// Fills in what follows from the rest.
fn complete(
    plan: &Plan,
    item: &Item<'_>,
    id: &str,
    fields: &mut Map<String, Value>,
) -> Result<(), Bad> {
    let symbol = plan.symbol_path().map(|path| item.text(path)).transpose()?.flatten();
    if plan.kind.name == "AlternativeRecord" {
        let has_entries = |name: &str| plan.target(name).is_some();
        if !has_entries("values") && !has_entries("texts") {
            take_everything(item, fields)?;
        }
        let dataset = fields.entry("dataset").or_insert_with(|| json!(plan.name)).clone();
        let subject = fields.get("instrument").cloned().unwrap_or(dataset);
        fields.entry("subject").or_insert(subject);
    }
    if let (Some(span), Some(start)) = (plan.span, fields.get("event_time").and_then(Value::as_str))
    {
        let start: Timestamp = start.parse().or_bad("event_time")?;
        fields.entry("end_time").or_insert_with(|| json!(start.plus_nanos(span).to_string()));
    }
    for field in plan.kind.fields.iter().filter(|field| bare(field.kind) == field.kind) {
        let filled = match field.name {
            "symbol" => symbol.map(|symbol| json!(symbol)),
            "updated_time" => fields.get("event_time").cloned(),
            "event_id" => None,
            name if name.ends_with("_id") => Some(json!(id)),
            _ => None,
        };
        if let Some(value) = filled {
            fields.entry(field.name).or_insert(value);
        }
    }
    Ok(())
}

/// Every number and every text of an item. A text of digits that begins with a zero is a code.
fn take_everything(item: &Item<'_>, fields: &mut Map<String, Value>) -> Result<(), Bad> {
    let (mut values, mut texts) = (Map::new(), Map::new());
    let leaves = item.json.leaves();
    if leaves.len() > MAX_LEAVES {
        let reason = format!("{} fields, where {MAX_LEAVES} are the limit", leaves.len());
        return Err(Bad::new("", reason));
    }
    if let Some(key) = item.key {
        texts.insert("key".to_owned(), json!(key));
    }
    for (name, text, _) in leaves {
        let digits = text.trim_start_matches('-');
        let is_code = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
        match model::money(&text) {
            Ok(_) if !is_code => drop(values.insert(name, json!(text))),
            _ => drop(texts.insert(name, json!(text))),
        }
    }
    fields.insert("values".to_owned(), values.into());
    fields.insert("texts".to_owned(), texts.into());
    Ok(())
}

/// The value of one field; nothing if the item says nothing about it.
fn value(target: &Target, item: &Item<'_>) -> Result<Option<Value>, Bad> {
    let kind = match (bare(target.field.kind), &target.key) {
        (FieldKind::Map(inner), Some(_)) => *inner,
        (kind, _) => kind,
    };
    let path = match &target.rule {
        Rule::Constant(value) if matches!(kind, FieldKind::List(_)) => {
            return Ok(Some(json!([value])));
        }
        Rule::Constant(value) => return Ok(Some(value.clone())),
        Rule::Listed { symbol: path, .. } | Rule::From { path, .. } => path,
    };
    if let FieldKind::List(inner) = kind {
        let texts = item.texts(path)?.into_iter();
        let values = texts.map(|text| ruled(&target.rule, *inner, text).or_bad(path));
        return values.collect::<Result<Vec<_>, _>>().map(|values| Some(values.into()));
    }
    match item.text(path)? {
        Some(text) => ruled(&target.rule, kind, text).or_bad(path).map(Some),
        None if bare(target.field.kind) == target.field.kind && target.key.is_none() => {
            Err(Bad::new(path, "missing"))
        }
        None => Ok(None),
    }
}

/// What a rule makes of a text.
fn ruled(rule: &Rule, kind: FieldKind, text: &str) -> Result<Value, String> {
    match rule {
        Rule::Constant(value) => Ok(value.clone()),
        Rule::Listed { venue, .. } => Ok(json!(format!("{text}.{venue}"))),
        Rule::From { format, words, .. } => match words.get(text) {
            Some(ours) => scalar(kind, ours, format.as_ref()),
            None if words.is_empty() => scalar(kind, text, format.as_ref()),
            None => Err(format!("{text:?} is not among its words")),
        },
    }
}

/// A text as what a field holds.
pub(crate) fn scalar(
    kind: FieldKind,
    text: &str,
    format: Option<&TimeFormat>,
) -> Result<Value, String> {
    let wrong = |what: &str| format!("{text:?} is not {what}");
    Ok(match kind {
        FieldKind::Text => json!(text),
        FieldKind::Instrument => match text.rsplit_once('.') {
            Some((symbol, venue)) if !symbol.is_empty() && !venue.is_empty() => json!(text),
            _ => return Err(wrong("SYMBOL.VENUE, such as BAC.US; give symbol and venue")),
        },
        FieldKind::Bool => json!(text.parse::<bool>().map_err(|_| wrong("true or false"))?),
        FieldKind::Long => {
            let number = model::money(text).map_err(|error| error.to_string())?;
            let is_whole = number.fract().is_zero();
            let whole = i64::try_from(number).ok().filter(|_| is_whole);
            json!(whole.ok_or_else(|| wrong("a whole number"))?)
        }
        FieldKind::Decimal => {
            json!(model::money(text.trim()).map_err(|error| error.to_string())?.to_string())
        }
        FieldKind::Timestamp => {
            json!(format.unwrap_or(&TimeFormat::Rfc3339).read(text)?.to_string())
        }
        FieldKind::Date => {
            let date = match format {
                Some(format) => format.read_date(text)?,
                None => text.parse::<Date>().map_err(|error| error.to_string())?,
            };
            json!(date.to_string())
        }
        FieldKind::Symbol(symbols) if symbols.contains(&text) => json!(text),
        FieldKind::Symbol(symbols) => return Err(wrong(&format!("one of {}", symbols.join(", ")))),
        _ => return Err("it cannot come from a text".to_owned()),
    })
}
