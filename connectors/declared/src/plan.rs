//! What a feed's settings mean, once they are known to make sense.

use std::collections::BTreeMap;

use component::may_be_left_out;
use model::{EventInfo, FieldInfo, FieldKind, TimeFormat};
use serde_json::Value;

use crate::map;
use crate::settings::{FeedSettings, FieldRule, Growing, Paging};

/// Fields that Foliostream fills in by itself.
const OURS: [&str; 3] = ["event_id", "source", "received_time"];

/// A feed that can be read.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub name: String,
    pub settings: FeedSettings,
    pub kind: &'static EventInfo,
    pub targets: Vec<Target>,
    pub order: Order,
    /// Format of the parameter that resumes, where it is another one than the field's.
    pub parameter: Option<TimeFormat>,
    /// Nanoseconds from the start of a bar to its end.
    pub span: Option<i64>,
}

/// A field of the event and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub field: &'static FieldInfo,
    /// The name below it, where it is a mapping.
    pub key: Option<String>,
    pub rule: Rule,
}

/// Where a field comes from.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    Constant(Value),
    From { path: String, format: Option<TimeFormat>, words: BTreeMap<String, String> },
    Listed { symbol: String, venue: String },
}

/// How values of what grows are compared.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    Text,
    Number,
    Time(TimeFormat),
}

impl Plan {
    /// Checks a feed; the error begins with the setting that is wrong.
    pub fn new(name: &str, settings: &FeedSettings) -> Result<Self, String> {
        let at = |setting: &str, reason: String| format!("feeds.{name}.{setting}: {reason}");
        let path = &settings.path;
        if !path.is_empty() && !path.starts_with('/') || path.contains(['?', '#']) {
            let reason = format!("{path:?} is no path such as /v1/rows; parameters go into query");
            return Err(at("path", reason));
        }
        check_paging(&settings.paging).map_err(|reason| at("paging", reason))?;
        let kind = settings.event.0;
        let mut targets = Vec::new();
        for (target, rule) in &settings.fields {
            let made = target_of(kind, target, &rule.0);
            targets.push(made.map_err(|reason| at(&format!("fields.{target}"), reason))?);
        }
        let growing = settings.cursor.as_ref();
        let orders = growing.map(order).transpose().map_err(|reason| at("cursor", reason))?;
        let (order, parameter) = orders.unwrap_or((Order::Text, None));
        let plan = Self {
            name: name.to_owned(),
            settings: settings.clone(),
            kind,
            span: span(&targets),
            targets,
            order,
            parameter,
        };
        match kind.fields.iter().find(|field| !plan.is_given(field)) {
            Some(field) => {
                let (field, kind) = (field.name, kind.name);
                Err(at(&format!("fields.{field}"), format!("missing; every {kind} has one")))
            }
            None => Ok(plan),
        }
    }

    pub fn target(&self, name: &str) -> Option<&Target> {
        self.targets.iter().find(|target| target.field.name == name)
    }

    /// Whether it is known where a field comes from, or what to do without it.
    fn is_given(&self, field: &FieldInfo) -> bool {
        let is_free = self.kind.name == "AlternativeRecord";
        let has_id = is_free || !self.settings.id.is_empty();
        self.target(field.name).is_some()
            || may_be_left_out(self.kind, field)
            || match field.name {
                "dataset" | "subject" | "event_time" => is_free,
                "symbol" => self.symbol_path().is_some(),
                "updated_time" => true,
                "end_time" => self.span.is_some(),
                name => name.ends_with("_id") && has_id,
            }
    }

    /// Where the vendor's symbol is, of items that are about an instrument.
    pub fn symbol_path(&self) -> Option<&str> {
        match &self.target("instrument")?.rule {
            Rule::Listed { symbol, .. } => Some(symbol),
            Rule::Constant(_) | Rule::From { .. } => None,
        }
    }
}

fn check_paging(paging: &Paging) -> Result<(), String> {
    let (Paging::Page(pages) | Paging::Offset(pages)) = paging else { return Ok(()) };
    match (pages.size, &pages.size_parameter) {
        (Some(0), _) => Err("size: a page has at least one item".to_owned()),
        (None, Some(_)) => Err("size_parameter needs a size".to_owned()),
        _ => Ok(()),
    }
}

fn order(growing: &Growing) -> Result<(Order, Option<TimeFormat>), String> {
    let format = |name: &str, format: &str| {
        TimeFormat::parse(format, &growing.zone).map_err(|reason| format!("{name}: {reason}"))
    };
    let order = match growing.format.as_str() {
        "text" => Order::Text,
        "number" => Order::Number,
        other => Order::Time(format("format", other)?),
    };
    let parameter = growing.parameter_format.as_deref();
    let parameter = parameter.map(|text| format("parameter_format", text)).transpose()?;
    if parameter.is_some() && !matches!(order, Order::Time(_)) {
        return Err("parameter_format: only a time can be written in another format".to_owned());
    }
    Ok((order, parameter))
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
pub(crate) fn bare(kind: FieldKind) -> FieldKind {
    match kind {
        FieldKind::Optional(inner) => *inner,
        other => other,
    }
}

fn rule_of(kind: FieldKind, rule: &FieldRule) -> Result<Rule, String> {
    let FieldRule { from, constant, format, zone, symbol, venue, words } = rule;
    let is_timed = matches!(kind, FieldKind::Timestamp | FieldKind::Date);
    if !is_timed && (format.is_some() || zone.is_some()) {
        return Err("only a time or a day has a format and a zone".to_owned());
    }
    if zone.is_some() && !format.as_deref().is_some_and(|format| format.contains('%')) {
        return Err("a zone goes with a pattern: all other formats know theirs".to_owned());
    }
    let zone = zone.as_deref().unwrap_or("UTC");
    let format = format.as_deref().map(|format| TimeFormat::parse(format, zone)).transpose()?;
    match (from, constant, symbol, venue) {
        (Some(path), None, None, None) => {
            if matches!(kind, FieldKind::Record(_) | FieldKind::Bytes | FieldKind::EventId) {
                return Err("it cannot come from one field".to_owned());
            }
            for ours in words.values() {
                map::scalar(kind, ours, format.as_ref()).map_err(|why| format!("words: {why}"))?;
            }
            Ok(Rule::From { path: path.clone(), format, words: words.clone() })
        }
        (None, Some(word), None, None) if words.is_empty() => {
            map::scalar(kind, &word.0, format.as_ref()).map(Rule::Constant)
        }
        (None, None, Some(symbol), Some(venue)) if words.is_empty() => match kind {
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
