//! What rules for fields mean, once they are known to make sense.

use std::collections::BTreeMap;

use model::{Decimal, EventInfo, FieldInfo, FieldKind, TimeFormat};
use serde_json::Value;

use super::read;
use super::settings::{FieldRule, FieldSettings};
use super::{Marks, Unit};
use crate::may_be_left_out;

/// Fields that Foliostream fills in by itself.
const OURS: [&str; 3] = ["event_id", "source", "received_time"];

/// A mapping that can be used.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// What an item becomes.
    pub kind: &'static EventInfo,
    pub(super) targets: Vec<Target>,
    /// Nanoseconds from the start of a bar to its end.
    pub(super) span: Option<i64>,
    pub(super) marks: Marks,
}

/// A field of the event and where it comes from.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub field: &'static FieldInfo,
    /// The name below it, where it is a mapping.
    pub key: Option<String>,
    pub rule: Rule,
}

/// Where a field comes from.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    Constant(Value),
    From(From),
    Listed { symbol: String, venue: String },
}

/// What is made of a text.
#[derive(Clone, Debug)]
pub(super) struct From {
    pub path: String,
    pub format: Option<TimeFormat>,
    pub words: BTreeMap<String, String>,
    pub unit: Option<Unit>,
    pub scale: Option<Decimal>,
}

impl Mapping {
    /// Checks the rules for an event; the error begins with the field that is wrong. `has_id` says
    /// that items are known by an id, which then also fills in the event's own.
    pub fn new(
        kind: &'static EventInfo,
        fields: &BTreeMap<String, FieldSettings>,
        has_id: bool,
    ) -> Result<Self, String> {
        let mut targets = Vec::new();
        for (target, rule) in fields {
            let made = target_of(kind, target, &rule.0);
            targets.push(made.map_err(|reason| format!("fields.{target}: {reason}"))?);
        }
        let marks = Marks::default();
        let mapping = Self { kind, span: span(&targets), targets, marks };
        match kind.fields.iter().find(|field| !mapping.is_given(field, has_id)) {
            Some(field) => {
                let (field, kind) = (field.name, kind.name);
                Err(format!("fields.{field}: missing; every {kind} has one"))
            }
            None => Ok(mapping),
        }
    }

    /// Numbers are written with these marks.
    #[must_use]
    pub fn marks(self, marks: Marks) -> Self {
        Self { marks, ..self }
    }

    /// The fields of an item that are read.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().filter_map(|target| match &target.rule {
            Rule::Constant(_) => None,
            Rule::From(from) => Some(from.path.as_str()),
            Rule::Listed { symbol, .. } => Some(symbol.as_str()),
        })
    }

    /// Whether items say when they happened; their `event_time` is 0 otherwise.
    pub fn is_timed(&self) -> bool {
        self.target("event_time").is_some()
    }

    pub(super) fn target(&self, name: &str) -> Option<&Target> {
        self.targets.iter().find(|target| target.field.name == name)
    }

    /// Whether it is known where a field comes from, or what to do without it.
    fn is_given(&self, field: &FieldInfo, has_id: bool) -> bool {
        let is_free = self.kind.name == "AlternativeRecord";
        self.target(field.name).is_some()
            || may_be_left_out(self.kind, field)
            || match field.name {
                "dataset" | "subject" | "event_time" => is_free,
                "symbol" => self.symbol_path().is_some(),
                "updated_time" => true,
                "end_time" => self.span.is_some(),
                name => name.ends_with("_id") && (is_free || has_id),
            }
    }

    /// Where the vendor's symbol is, of items that are about an instrument.
    pub(super) fn symbol_path(&self) -> Option<&str> {
        match &self.target("instrument")?.rule {
            Rule::Listed { symbol, .. } => Some(symbol),
            Rule::Constant(_) | Rule::From(_) => None,
        }
    }
}

fn target_of(kind: &'static EventInfo, target: &str, rule: &FieldRule) -> Result<Target, String> {
    let (name, key) = match target.split_once('.') {
        Some((name, key)) => (name, Some(key.to_owned())),
        None => (target, None),
    };
    let fields = || kind.fields.iter().filter(|field| !OURS.contains(&field.name));
    let field = fields().find(|field| field.name == name).ok_or_else(|| {
        let names: Vec<_> = fields().map(|field| field.name).collect();
        format!("{} has no such field; it has {}", kind.name, names.join(", "))
    })?;
    let value = match (bare(field.kind), &key) {
        (FieldKind::Map(inner), Some(_)) => *inner,
        (FieldKind::Map(_), None) => return Err(format!("give its entries, as {name}.NAME")),
        (_, Some(_)) => return Err(format!("{name} has no entries")),
        (FieldKind::List(inner), None) => *inner,
        (own, None) => own,
    };
    Ok(Target { field, key, rule: rule_of(value, rule)? })
}

/// What a field holds when it holds something.
pub(super) fn bare(kind: FieldKind) -> FieldKind {
    match kind {
        FieldKind::Optional(inner) => *inner,
        other => other,
    }
}

fn rule_of(kind: FieldKind, rule: &FieldRule) -> Result<Rule, String> {
    let FieldRule { from, constant, format, zone, symbol, venue, words, scale, unit } = rule;
    let is_timed = matches!(kind, FieldKind::Timestamp | FieldKind::Date);
    if !is_timed && (format.is_some() || zone.is_some()) {
        return Err("only a time or a day has a format and a zone".to_owned());
    }
    if zone.is_some() && !format.as_deref().is_some_and(|format| format.contains('%')) {
        return Err("a zone goes with a pattern: all other formats know theirs".to_owned());
    }
    let zone = zone.as_deref().unwrap_or("UTC");
    let format = format.as_deref().map(|format| TimeFormat::parse(format, zone)).transpose()?;
    let is_plain = words.is_empty() && scale.is_none() && unit.is_none();
    match (from, constant, symbol, venue) {
        (Some(path), None, None, None) => {
            if matches!(kind, FieldKind::Record(_) | FieldKind::Bytes | FieldKind::EventId) {
                return Err("it cannot come from one field".to_owned());
            }
            for ours in words.values() {
                read::scalar(kind, ours, format.as_ref()).map_err(|why| format!("words: {why}"))?;
            }
            let (path, words) = (path.clone(), words.clone());
            Ok(Rule::From(From { path, format, unit: *unit, scale: scale_of(kind, rule)?, words }))
        }
        (None, Some(word), None, None) if is_plain => {
            read::scalar(kind, &word.0, format.as_ref()).map(Rule::Constant)
        }
        (None, None, Some(symbol), Some(venue)) if is_plain => match kind {
            FieldKind::Instrument => {
                Ok(Rule::Listed { symbol: symbol.clone(), venue: venue.clone() })
            }
            _ => Err("only an instrument has a symbol and a venue".to_owned()),
        },
        (None, None, Some(_), None) => Err("a symbol needs a venue".to_owned()),
        (None, None, None, Some(_)) => Err("a venue needs a symbol".to_owned()),
        _ => Err("give one of from, constant, and symbol with venue".to_owned()),
    }
}

fn scale_of(kind: FieldKind, rule: &FieldRule) -> Result<Option<Decimal>, String> {
    let one = rule.unit.map(Unit::one);
    if rule.scale.is_none() && one.is_none() {
        return Ok(None);
    }
    if !matches!(kind, FieldKind::Decimal | FieldKind::Long) {
        return Err("only a number has a scale or a unit".to_owned());
    }
    let Some(scale) = &rule.scale else { return Ok(one) };
    let scale = model::money(&scale.0).map_err(|error| format!("scale: {error}"))?;
    let both = scale.checked_mul(one.unwrap_or(Decimal::ONE)).filter(|both| !both.is_zero());
    both.map(Some).ok_or_else(|| "scale: everything would be zero or too large".to_owned())
}

/// The length of bars whose interval is the same for all, and no matter of the calendar.
fn span(targets: &[Target]) -> Option<i64> {
    let interval = targets.iter().find(|target| target.field.name == "interval")?;
    let Rule::Constant(Value::String(text)) = &interval.rule else { return None };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let secs = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let number: i64 = number.parse().ok().filter(|number| (1..=1_000).contains(number))?;
    Some(number * secs * 1_000_000_000)
}
