//! From topics and tables to files.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use kafka::Message;
use model::{Decimal, Event, EventInfo, FieldInfo, FieldKind, Timestamp};
use runtime::Wiring;
use serde::Serialize;
use serde_json::{Map, Value, json};
use topology::{Format, Formats};

use crate::column::Column;
use crate::destination::Partial;
use crate::write::Writer;
use crate::{Destination, Error};

/// Rows of a table, which is held in memory until all of it has been read.
const MAX_TABLE_ROWS: usize = 1_000_000;

/// What data is called, and the topic that it is on.
const DATA: [(&str, &str); 7] = [
    ("balances", "accounts.balances"),
    ("breaks", "reconcile.breaks"),
    ("broker_positions", "accounts.positions"),
    ("cash", "portfolio.cash"),
    ("fills", "orders.fills"),
    ("orders", "orders.state"),
    ("positions", "portfolio.positions"),
];
/// Positions and cash of each account, added up.
const SUMMARY: &str = "portfolio_summary";
const SUMMARY_COLUMNS: [FieldInfo; 8] = [
    FieldInfo { name: "account", kind: FieldKind::Text },
    FieldInfo { name: "currency", kind: FieldKind::Text },
    FieldInfo { name: "cash", kind: FieldKind::Decimal },
    FieldInfo { name: "positions", kind: FieldKind::Long },
    FieldInfo { name: "long_cost", kind: FieldKind::Decimal },
    FieldInfo { name: "short_cost", kind: FieldKind::Decimal },
    FieldInfo { name: "realized_profit", kind: FieldKind::Decimal },
    FieldInfo { name: "as_of", kind: FieldKind::Timestamp },
];

/// What to write, and how.
#[derive(Clone, Debug)]
pub struct Export {
    what: What,
    /// How to write it.
    pub format: Format,
    /// How formats are spelled.
    pub formats: Formats,
    /// In their order.
    columns: Vec<Column>,
    /// Only events from this time on.
    pub since: Option<Timestamp>,
    /// Only events before this time.
    pub until: Option<Timestamp>,
}

/// Of each topic and partition, the first offset that was read and the one after the last.
type Offsets = BTreeMap<String, BTreeMap<i32, (i64, i64)>>;

/// Takes an event, or the deletion of a key.
type Each<'a> = &'a mut dyn FnMut(&Message, Option<Event>) -> Result<(), Error>;

#[derive(Clone, Copy, Debug)]
enum What {
    Topic(&'static EventInfo),
    Summary,
}

impl What {
    fn fields(self) -> &'static [FieldInfo] {
        match self {
            Self::Topic(kind) => kind.fields,
            Self::Summary => &SUMMARY_COLUMNS,
        }
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Exported {
    /// The file.
    pub file: PathBuf,
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Their checksum.
    pub sha256: String,
    /// What was read: of each topic and partition, the first offset and the one after the last.
    pub offsets: Offsets,
    /// When it was made.
    pub made_time: String,
}

impl Export {
    /// An export of data such as `positions` or `portfolio_summary`, or of a topic.
    pub fn new(data: &str, format: Format, formats: &Formats) -> Result<Self, Error> {
        let topic = DATA.iter().find(|(name, _)| *name == data).map_or(data, |(_, topic)| topic);
        let kind = Event::KINDS.iter().find(|kind| kind.topic == topic);
        let what = match kind {
            Some(kind) => What::Topic(kind),
            None if data == SUMMARY => What::Summary,
            None => {
                let names: Vec<_> = DATA.iter().map(|(name, _)| *name).collect();
                let names = names.join(", ");
                let reason = format!("no data is called {data:?}: {names}, {SUMMARY}, or a topic");
                return Err(Error::Plan(reason));
            }
        };
        let formats = formats.clone();
        let columns = what.fields().iter().map(Column::of).collect();
        Ok(Self { what, format, formats, columns, since: None, until: None })
    }

    /// Writes these columns, in this order; all of them, if there are none.
    pub fn columns(mut self, columns: &[topology::Column]) -> Result<Self, Error> {
        if columns.is_empty() {
            return Ok(self);
        }
        self.columns.clear();
        for column in columns {
            let made = self.column(column);
            let made =
                made.map_err(|why| Error::Plan(format!("columns.{}: {why}", column.name)))?;
            if self.columns.iter().any(|other| other.title == made.title) {
                return Err(Error::Plan(format!("two columns are called {:?}", made.title)));
            }
            self.columns.push(made);
        }
        Ok(self)
    }

    fn column(&self, settings: &topology::Column) -> Result<Column, String> {
        let fields = self.what.fields();
        let field = fields.iter().find(|field| field.name == settings.name).ok_or_else(|| {
            let known: Vec<_> = fields.iter().map(|field| field.name).collect();
            format!("there is no such column; there is {}", known.join(", "))
        })?;
        let column = Column::new(field, settings)?;
        let is_letter = |c: char| c.is_alphabetic() || c == '_';
        let is_name = column.title.starts_with(is_letter)
            && column.title.chars().all(|c| is_letter(c) || c.is_numeric() || "-.".contains(c));
        match self.format {
            Format::Xml if !is_name => {
                Err(format!("title: {:?} is no name of an element", column.title))
            }
            Format::Parquet if column.is_shaped() => {
                Err("a Parquet file has typed columns, without marks and formats".to_owned())
            }
            Format::Parquet if column.kind == FieldKind::Long && column.decimals.is_some() => {
                Err("decimals: a whole number has none in a Parquet file".to_owned())
            }
            Format::Xlsx if column.has_marks() => {
                Err("decimal_mark, group_mark: Excel writes numbers with its own marks".to_owned())
            }
            _ if column.title.is_empty() => Err("title: empty".to_owned()),
            _ => Ok(column),
        }
    }

    /// Writes the file and its manifest. Once all is written it asks `may_place` whether the file
    /// may take its place. Blocks.
    pub fn write(
        &self,
        wiring: &Wiring,
        destination: &Destination,
        may_place: &mut dyn FnMut() -> Result<(), Error>,
    ) -> Result<Exported, Error> {
        let path = destination.path();
        let partial = destination.create()?;
        let writer = Writer::begin(partial, self.format, &self.formats, self.columns.clone());
        let mut rows = Rows { writer: writer.map_err(Error::file("writing", &path))?, path };
        let mut offsets = BTreeMap::new();
        match self.what {
            What::Topic(kind) if kind.is_compacted => {
                for event in self.table(wiring, kind, &mut offsets)?.into_values() {
                    rows.event(&event)?;
                }
            }
            What::Topic(kind) => {
                let each = &mut |_: &Message, event: Option<Event>| match event {
                    Some(event) => rows.event(&event),
                    None => Ok(()),
                };
                self.read(wiring, kind.topic, &mut offsets, each)?;
            }
            What::Summary => {
                for row in self.summary(wiring, &mut offsets)? {
                    rows.row(&row)?;
                }
            }
        }
        let count = rows.writer.rows;
        let partial = rows.writer.end().map_err(Error::file("writing", &rows.path))?;
        let placed = partial.place(may_place)?;
        let exported = Exported {
            file: placed.path,
            rows: count,
            bytes: placed.bytes,
            sha256: placed.sha256,
            offsets,
            made_time: wiring.clock.now().to_string(),
        };
        let manifest =
            |out: &mut dyn Write| serde_json::to_writer_pretty(out, &exported).map_err(Into::into);
        destination.manifest().put(manifest, &mut || Ok(()))?;
        Ok(exported)
    }

    /// The last event of each key.
    fn table(
        &self,
        wiring: &Wiring,
        kind: &EventInfo,
        offsets: &mut Offsets,
    ) -> Result<BTreeMap<Vec<u8>, Event>, Error> {
        let mut table = BTreeMap::new();
        let each = &mut |message: &Message, event: Option<Event>| {
            let key = message.key().unwrap_or_default().to_vec();
            match event {
                Some(event) => drop(table.insert(key, event)),
                None => drop(table.remove(&key)),
            }
            match table.len() > MAX_TABLE_ROWS {
                true => Err(Error::Plan(format!(
                    "{} has more than {MAX_TABLE_ROWS} keys, which is no table to export",
                    kind.topic
                ))),
                false => Ok(()),
            }
        };
        self.read(wiring, kind.topic, offsets, each)?;
        Ok(table)
    }

    /// Hands over every event of a topic that is in the window, and every deletion of a key.
    fn read(
        &self,
        wiring: &Wiring,
        base: &str,
        offsets: &mut Offsets,
        each: Each<'_>,
    ) -> Result<(), Error> {
        let topic = wiring.names.topic(base);
        let read = offsets.entry(topic.clone()).or_default();
        let mut failed = None;
        wiring.cluster.reader()?.read_all(&topic, |message| {
            if failed.is_some() {
                return;
            }
            let (offset, next) = (message.offset, message.offset + 1);
            read.entry(message.partition).or_insert((offset, next)).1 = next;
            let event = match message.payload() {
                None => Ok(None),
                Some(_) => wiring.read(&message).map(Some).map_err(Error::from),
            };
            let done = event.and_then(|event| match event {
                Some(event) if !self.is_in_window(&event) => Ok(()),
                event => each(&message, event),
            });
            failed = done.err();
        })?;
        failed.map_or(Ok(()), Err)
    }

    fn is_in_window(&self, event: &Event) -> bool {
        let time = event.head().event_time;
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time < until)
    }

    /// Positions and cash of each account and currency, added up.
    fn summary(
        &self,
        wiring: &Wiring,
        offsets: &mut Offsets,
    ) -> Result<Vec<Map<String, Value>>, Error> {
        let mut sums: BTreeMap<(String, String), Sum> = BTreeMap::new();
        for data in ["PortfolioPosition", "PortfolioCash"] {
            let Some(kind) = Event::KINDS.iter().find(|kind| kind.name == data) else { continue };
            for event in self.table(wiring, kind, offsets)?.into_values() {
                let time = event.head().event_time;
                let (account, currency) = match &event {
                    Event::PortfolioPosition(position) => (&position.account, &position.currency),
                    Event::PortfolioCash(cash) => (&cash.account, &cash.currency),
                    _ => continue,
                };
                let sum = sums.entry((account.to_string(), currency.to_string())).or_default();
                sum.as_of = sum.as_of.max(time);
                match &event {
                    Event::PortfolioCash(cash) => sum.cash = sum.cash.saturating_add(cash.cash),
                    Event::PortfolioPosition(position) => {
                        sum.realized_profit =
                            sum.realized_profit.saturating_add(position.realized_profit);
                        sum.positions += u64::from(!position.quantity.is_zero());
                        match position.quantity.is_sign_negative() {
                            true => sum.short_cost = sum.short_cost.saturating_add(position.cost),
                            false => sum.long_cost = sum.long_cost.saturating_add(position.cost),
                        }
                    }
                    _ => {}
                }
            }
        }
        let row = |((account, currency), sum): ((String, String), Sum)| {
            let values = [
                json!(account),
                json!(currency),
                json!(sum.cash.to_string()),
                json!(sum.positions),
                json!(sum.long_cost.to_string()),
                json!(sum.short_cost.to_string()),
                json!(sum.realized_profit.to_string()),
                json!(sum.as_of.to_string()),
            ];
            let names = SUMMARY_COLUMNS.map(|field| field.name.to_owned());
            names.into_iter().zip(values).collect()
        };
        Ok(sums.into_iter().map(row).collect())
    }
}

/// What an account has in one currency.
#[derive(Default)]
struct Sum {
    cash: Decimal,
    positions: u64,
    long_cost: Decimal,
    short_cost: Decimal,
    realized_profit: Decimal,
    as_of: Timestamp,
}

/// The file that rows are added to.
struct Rows {
    writer: Writer<Partial>,
    path: PathBuf,
}

impl Rows {
    fn event(&mut self, event: &Event) -> Result<(), Error> {
        match serde_json::to_value(event) {
            Ok(Value::Object(fields)) => self.row(&fields),
            Ok(_) | Err(_) => {
                Err(Error::Plan(format!("{} cannot be written as a row", event.info().name)))
            }
        }
    }

    fn row(&mut self, fields: &Map<String, Value>) -> Result<(), Error> {
        self.writer.row(fields).map_err(Error::file("writing", &self.path))
    }
}
