//! The columns of an export, and how what stands in them is written.

use std::borrow::Cow;

use component::Marks;
use model::{Date, Decimal, FieldInfo, FieldKind, TimeFormat, Timestamp};
use rust_decimal::RoundingStrategy;
use serde_json::Value;

/// Decimals that a number can be written with.
const MAX_DECIMALS: u32 = model::SCALE;
/// Marks that nobody takes for a digit, a sign or the beginning of a formula.
const MARKS: [char; 8] = ['.', ',', '\'', '’', '_', ' ', '\u{a0}', '\u{202f}'];
const NANOS_OF_DAY: i64 = 86_400_000_000_000;

/// A column that is written.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// The field.
    pub name: String,
    /// What the file calls it.
    pub title: String,
    /// What the field holds when it holds something.
    pub kind: FieldKind,
    /// Places behind the point, where that is said.
    pub decimals: Option<u32>,
    marks: Option<Marks>,
    format: Option<TimeFormat>,
}

impl Column {
    /// A field as it is.
    pub fn of(field: &FieldInfo) -> Self {
        let kind = match field.kind {
            FieldKind::Optional(inner) => *inner,
            kind => kind,
        };
        let (name, title) = (field.name.to_owned(), field.name.to_owned());
        Self { name, title, kind, decimals: None, marks: None, format: None }
    }

    /// A field as a user wants it; the error names the setting that is wrong.
    pub fn new(field: &FieldInfo, settings: &topology::Column) -> Result<Self, String> {
        let topology::Column { name: _, title, decimals, decimal_mark, group_mark, format, zone } =
            settings;
        let mut column = Self::of(field);
        if let Some(title) = title {
            column.title.clone_from(title);
        }
        let is_number = matches!(column.kind, FieldKind::Decimal | FieldKind::Long);
        let has_marks = decimal_mark.is_some() || group_mark.is_some();
        if !is_number && (decimals.is_some() || has_marks) {
            return Err("only a number has decimals and marks".to_owned());
        }
        if decimals.is_some_and(|decimals| decimals > MAX_DECIMALS) {
            return Err(format!("decimals: at most {MAX_DECIMALS}"));
        }
        column.decimals = *decimals;
        column.marks = has_marks.then(|| marks(*decimal_mark, *group_mark)).transpose()?;
        let zone_of = match column.kind {
            FieldKind::Timestamp => zone.as_deref(),
            _ if zone.is_some() => return Err("zone: only a time has one".to_owned()),
            FieldKind::Date => None,
            _ if format.is_some() => {
                return Err("format: only a time or a day has one".to_owned());
            }
            _ => None,
        };
        if zone.is_some() && !format.as_deref().is_some_and(|format| format.contains('%')) {
            return Err("zone: it goes with a pattern, such as %d.%m.%Y".to_owned());
        }
        let parse = |format: &String| TimeFormat::parse(format, zone_of.unwrap_or("UTC"));
        column.format = format.as_ref().map(parse).transpose()?;
        Ok(column)
    }

    /// Whether a user wants other marks or another format than ours.
    pub fn is_shaped(&self) -> bool {
        self.marks.is_some() || self.format.is_some()
    }

    /// Whether a user wants other marks in numbers than ours.
    pub fn has_marks(&self) -> bool {
        self.marks.is_some()
    }

    /// A value as it is to stand in the column.
    pub fn shaped<'a>(&self, value: &'a Value) -> Result<Cow<'a, Value>, String> {
        let is_plain = self.decimals.is_none() && !self.is_shaped();
        if is_plain || value.is_null() {
            return Ok(Cow::Borrowed(value));
        }
        let text = match value {
            Value::String(text) => Cow::Borrowed(text.as_str()),
            other => Cow::Owned(other.to_string()),
        };
        let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", self.name);
        let shaped = match (&self.format, self.kind) {
            (Some(format), FieldKind::Date) => {
                let date: Date = text.parse().map_err(|error| wrong(&error))?;
                let midnight = Timestamp(i64::from(date.0).saturating_mul(NANOS_OF_DAY));
                format.write(midnight).map_err(|error| wrong(&error))?
            }
            (Some(format), _) => {
                let time: Timestamp = text.parse().map_err(|error| wrong(&error))?;
                format.write(time).map_err(|error| wrong(&error))?
            }
            (None, _) => {
                let number: Decimal = text.parse().map_err(|error| wrong(&error))?;
                self.number(number)
            }
        };
        Ok(Cow::Owned(Value::from(shaped)))
    }

    fn number(&self, number: Decimal) -> String {
        let plain = match self.decimals {
            Some(places) => {
                let rounded = rounded(number, places);
                format!("{rounded:.*}", places as usize)
            }
            None => number.to_string(),
        };
        self.marks.map_or(plain.clone(), |marks| marks.marked(&plain))
    }

    /// Whether a text in this column is a number whatever it looks like.
    pub fn is_number(&self) -> bool {
        matches!(self.kind, FieldKind::Decimal | FieldKind::Long)
    }
}

/// A half goes away from zero, and nothing is below zero that is none.
pub(crate) fn rounded(number: Decimal, places: u32) -> Decimal {
    let rounded = number.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    if rounded.is_zero() { Decimal::ZERO } else { rounded }
}

fn marks(decimal: Option<char>, group: Option<char>) -> Result<Marks, String> {
    let marks = Marks { decimal: decimal.unwrap_or(Marks::default().decimal), group };
    if let Some(odd) =
        [Some(marks.decimal), group].into_iter().flatten().find(|m| !MARKS.contains(m))
    {
        return Err(format!("{odd:?} is no mark in a number"));
    }
    match group == Some(marks.decimal) {
        true => Err("group_mark: it is the mark before the decimals too".to_owned()),
        false => Ok(marks),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn column(kind: FieldKind, settings: Value) -> Result<Column, String> {
        Column::new(&FieldInfo { name: "f", kind }, &serde_json::from_value(settings).unwrap())
    }

    fn check(kind: FieldKind, settings: Value, value: Value, expected: &str) {
        let column = column(kind, settings).unwrap();
        assert_eq!(column.shaped(&value).unwrap().as_str(), Some(expected), "{value}");
    }

    #[test]
    fn numbers_have_decimals_and_marks() {
        let german = json!({ "name": "f", "decimals": 2, "decimal_mark": ",", "group_mark": "." });
        check(FieldKind::Decimal, german.clone(), json!("-1234567.005"), "-1.234.567,01");
        check(FieldKind::Decimal, german.clone(), json!("7"), "7,00");
        check(FieldKind::Decimal, german.clone(), json!("-0.001"), "0,00");
        check(FieldKind::Optional(&FieldKind::Long), german, json!(1_000), "1.000,00");
        let marks = json!({ "name": "f", "group_mark": "," });
        check(
            FieldKind::Decimal,
            marks,
            json!("123456789012.123456789"),
            "123,456,789,012.123456789",
        );
    }

    #[test]
    fn times_and_days_have_formats() {
        let berlin = json!({ "name": "f", "format": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin" });
        let time = json!("2026-11-23T20:00:05.5Z");
        check(FieldKind::Timestamp, berlin, time.clone(), "23.11.2026 21:00");
        let millis = json!({ "name": "f", "format": "epoch_millis" });
        check(FieldKind::Timestamp, millis, time, "1795464005500");
        let day = json!({ "name": "f", "format": "%m/%d/%Y" });
        check(FieldKind::Date, day, json!("2026-11-23"), "11/23/2026");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (kind, settings, reason) in [
            (FieldKind::Text, json!({ "name": "f", "decimals": 2 }), "only a number"),
            (FieldKind::Decimal, json!({ "name": "f", "decimals": 19 }), "at most 18"),
            (FieldKind::Decimal, json!({ "name": "f", "group_mark": "=" }), "no mark"),
            (FieldKind::Decimal, json!({ "name": "f", "group_mark": "." }), "before the decimals"),
            (FieldKind::Decimal, json!({ "name": "f", "format": "%Y" }), "only a time or a day"),
            (FieldKind::Date, json!({ "name": "f", "zone": "UTC" }), "only a time"),
            (FieldKind::Timestamp, json!({ "name": "f", "zone": "UTC" }), "with a pattern"),
            (FieldKind::Timestamp, json!({ "name": "f", "format": "%!" }), "%!"),
        ] {
            let refused = column(kind, settings).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
