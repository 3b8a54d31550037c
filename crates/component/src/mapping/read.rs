//! From an item to an event.

use model::{Date, Decimal, Event, FieldKind, TimeFormat, Timestamp};
use serde_json::{Map, Value, json};

use super::Marks;
use super::plan::{From, Mapping, Rule, Target, bare};
use crate::{Bad, Json, OrBad, read_event};

/// Fields of an item that a record without a mapping takes in.
const MAX_LEAVES: usize = 500;

/// An item whose fields are found by their paths.
pub trait Row {
    /// The texts at a path: of a list, all of them.
    fn texts(&self, path: &str) -> Result<Vec<&str>, Bad>;

    /// The one text at a path, if there is one.
    fn text(&self, path: &str) -> Result<Option<&str>, Bad> {
        match self.texts(path)?.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one)),
            _ => Err(Bad::new(path, "a list, where one value is expected")),
        }
    }

    /// Every number and every text in it, by its path.
    fn leaves(&self) -> Vec<(String, String)>;
}

impl Row for Json {
    fn texts(&self, path: &str) -> Result<Vec<&str>, Bad> {
        match self.get(path) {
            None => Ok(Vec::new()),
            Some(Json::List(list)) => {
                let texts = list.iter().filter(|json| **json != Json::Null);
                texts.map(|json| json.scalar().or_bad(path)).collect()
            }
            Some(Json::Map(_)) => Err(Bad::new(path, "a mapping, where a value is expected")),
            Some(json) => Ok(json.scalar().into_iter().collect()),
        }
    }

    fn leaves(&self) -> Vec<(String, String)> {
        Json::leaves(self).into_iter().map(|(name, text, _)| (name, text)).collect()
    }
}

impl Mapping {
    /// What an item becomes. `id` is what it is known by, where that is said, and `name` what its
    /// kind of items is called. The event has no id of its own yet, and no `event_time` (0) where
    /// the mapping does not say one.
    pub fn event(&self, row: &impl Row, id: &str, name: &str) -> Result<Event, Bad> {
        let mut fields = Map::new();
        for target in &self.targets {
            let Some(value) = self.value(target, row)? else { continue };
            match &target.key {
                None => drop(fields.insert(target.field.name.to_owned(), value)),
                Some(key) => fields
                    .entry(target.field.name)
                    .or_insert_with(|| json!({}))
                    .as_object_mut()
                    .map_or((), |entries| drop(entries.insert(key.clone(), value))),
            }
        }
        self.complete(row, id, name, &mut fields)?;
        fields.entry("event_time").or_insert_with(|| json!(0));
        read_event(self.kind, &fields)
    }

    /// Fills in what follows from the rest.
    fn complete(
        &self,
        row: &impl Row,
        id: &str,
        name: &str,
        fields: &mut Map<String, Value>,
    ) -> Result<(), Bad> {
        let symbol = self.symbol_path().map(|path| row.text(path)).transpose()?.flatten();
        if self.kind.name == "AlternativeRecord" {
            let has_entries = |name: &str| self.target(name).is_some();
            if !has_entries("values") && !has_entries("texts") {
                take_everything(row, fields)?;
            }
            let dataset = fields.entry("dataset").or_insert_with(|| json!(name)).clone();
            let subject = fields.get("instrument").cloned().unwrap_or(dataset);
            fields.entry("subject").or_insert(subject);
        }
        if let Some(span) = self.span
            && let Some(start) = fields.get("event_time").and_then(Value::as_str)
        {
            let start: Timestamp = start.parse().or_bad("event_time")?;
            fields.entry("end_time").or_insert_with(|| json!(start.plus_nanos(span).to_string()));
        }
        for field in self.kind.fields.iter().filter(|field| bare(field.kind) == field.kind) {
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

    /// The value of one field; nothing if the item says nothing about it.
    fn value(&self, target: &Target, row: &impl Row) -> Result<Option<Value>, Bad> {
        let kind = match (bare(target.field.kind), &target.key) {
            (FieldKind::Map(inner), Some(_)) => *inner,
            (kind, _) => kind,
        };
        let path = match &target.rule {
            Rule::Constant(value) if matches!(kind, FieldKind::List(_)) => {
                return Ok(Some(json!([value])));
            }
            Rule::Constant(value) => return Ok(Some(value.clone())),
            Rule::Listed { symbol: path, .. } | Rule::From(From { path, .. }) => path,
        };
        let ruled = |kind, text| ruled(&target.rule, kind, text, self.marks).or_bad(path);
        if let FieldKind::List(inner) = kind {
            let values = row.texts(path)?.into_iter().map(|text| ruled(*inner, text));
            return values.collect::<Result<Vec<_>, _>>().map(|values| Some(values.into()));
        }
        match row.text(path)? {
            Some(text) => ruled(kind, text).map(Some),
            None if bare(target.field.kind) == target.field.kind && target.key.is_none() => {
                Err(Bad::new(path, "missing"))
            }
            None => Ok(None),
        }
    }
}

/// Every number and every text of an item, as `values` and `texts`. A text of digits that begins
/// with a zero is a code.
fn take_everything(row: &impl Row, fields: &mut Map<String, Value>) -> Result<(), Bad> {
    let (mut values, mut texts) = (Map::new(), Map::new());
    let leaves = row.leaves();
    if leaves.len() > MAX_LEAVES {
        let reason = format!("{} fields, where {MAX_LEAVES} are the limit", leaves.len());
        return Err(Bad::new("", reason));
    }
    for (name, text) in leaves {
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

/// What a rule makes of a text.
fn ruled(rule: &Rule, kind: FieldKind, text: &str, marks: Marks) -> Result<Value, String> {
    let from = match rule {
        Rule::Constant(value) => return Ok(value.clone()),
        Rule::Listed { venue, .. } => return Ok(json!(format!("{text}.{venue}"))),
        Rule::From(from) => from,
    };
    if !from.words.is_empty() {
        let ours = from.words.get(text);
        let ours = ours.ok_or_else(|| format!("{text:?} is not among its words"))?;
        return scalar(kind, ours, from.format.as_ref());
    }
    if !matches!(kind, FieldKind::Decimal | FieldKind::Long) {
        return scalar(kind, text, from.format.as_ref());
    }
    let text = marks.plain(from.unit.map_or(text, |unit| unit.bare(text)))?;
    let Some(scale) = from.scale else { return scalar(kind, &text, None) };
    let number = model::money(&text).map_err(|error| error.to_string())?;
    let scaled: Option<Decimal> = number.checked_mul(scale);
    let scaled = scaled.ok_or_else(|| format!("{text:?} times {scale} is too large"))?;
    scalar(kind, &scaled.normalize().to_string(), None)
}

/// A text as what a field holds.
pub(super) fn scalar(
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use serde_json::value::RawValue;

    use super::*;
    use crate::{FieldSettings, event_kind};

    /// The number that a rule makes of a text.
    fn check(rule: Value, text: &str, expected: Result<&str, &str>) {
        let rule: FieldSettings = serde_json::from_value(rule).unwrap();
        let fields = BTreeMap::from([("values.n".to_owned(), rule)]);
        let mapping = Mapping::new(event_kind("AlternativeRecord").unwrap(), &fields, false);
        let mapping = mapping.unwrap().marks(Marks { decimal: ',', group: Some('.') });
        let raw = RawValue::from_string(json!({ "n": text }).to_string()).unwrap();
        match (mapping.event(&Json::read(&raw).unwrap(), "", "test"), expected) {
            (Ok(Event::AlternativeRecord(record)), Ok(expected)) => {
                assert_eq!(record.values["n"].to_string(), expected, "{text}");
            }
            (Err(bad), Err(reason)) => assert!(bad.reason.contains(reason), "{bad}"),
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn numbers_in_parts_of_one_are_read_with_their_marks() {
        let percent = json!({ "from": "n", "unit": "percent" });
        check(percent.clone(), "12,5", Ok("0.125"));
        check(percent.clone(), "-1.250,50 %", Ok("-12.505"));
        check(percent.clone(), "12.5%", Err("not a number"));
        check(percent, "12 bp", Err("not a number"));
        let points = json!({ "from": "n", "unit": "basis_points" });
        check(points.clone(), "25", Ok("0.0025"));
        check(points.clone(), "25bps", Ok("0.0025"));
        check(points, "25 bp", Ok("0.0025"));
        let thousands = json!({ "from": "n", "unit": "percent", "scale": 1000 });
        check(thousands, "5%", Ok("50"));
    }

    #[test]
    fn only_a_number_has_a_unit() {
        let rule = json!({ "from": "n", "unit": "percent" });
        let fields =
            BTreeMap::from([("dataset".to_owned(), serde_json::from_value(rule).unwrap())]);
        let kind = event_kind("AlternativeRecord").unwrap();
        assert!(Mapping::new(kind, &fields, false).unwrap_err().contains("only a number"));
    }
}
