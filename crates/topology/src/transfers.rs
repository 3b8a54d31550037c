//! What is read from files and written to files, typed.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use component::FieldSettings;
use model::Event;
use schedule::{Job, Mistake, When};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};

/// What is read in on a schedule, and how files are written there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DataImport {
    /// Imports by the clock.
    pub scheduled_imports: Vec<ScheduledImport>,
    /// How the files are written.
    pub formats: Formats,
    /// Kinds of files that are imported, by names of your own.
    pub imports: BTreeMap<String, Import>,
}

/// One kind of file: where it is, how it is written and what its rows mean.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// A file, a pattern such as `inbox/*.csv`, the URL of a file, or a file or pattern of a store,
    /// such as `s3://archive/inbox/*.csv`.
    pub from: String,
    /// How the rows are written.
    pub format: Format,
    /// How the file is packed; its name tells if not said.
    #[serde(default)]
    pub compression: Compression,
    /// How characters are written as bytes, such as `windows-1252`; UTF-8 if not said.
    #[serde(default)]
    pub encoding: Option<String>,
    /// For CSV: the character between cells; that of `formats.csv` if not said.
    #[serde(default)]
    pub delimiter: Option<char>,
    /// For CSV: the character around cells that hold a delimiter; that of `formats.csv` if not
    /// said.
    #[serde(default)]
    pub quotechar: Option<char>,
    /// For CSV: the first line names the columns. Without it columns have numbers, from 1.
    #[serde(default = "yes")]
    pub header: bool,
    /// For CSV: lines before the first that counts.
    #[serde(default)]
    pub skip_lines: u32,
    /// For JSON: where the rows are, as names joined by dots; the file itself is the list, or has
    /// a row on each line, if not said. For XML: the element of a row, as names joined by dots
    /// from the outermost.
    #[serde(default)]
    pub items: String,
    /// The mark before the decimals of a number; a point if not said.
    #[serde(default)]
    pub decimal_mark: Option<char>,
    /// The mark between groups of three digits, where there are groups.
    #[serde(default)]
    pub group_mark: Option<char>,
    /// What a row becomes.
    #[schemars(schema_with = "imported")]
    pub event: String,
    /// Fields of the event, each with the column that it comes from.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldSettings>,
    /// Columns that make a row's id. Without them a row is known by its place in its file.
    #[serde(default)]
    pub id: Vec<String>,
    /// Folder for the rows that are refused.
    #[serde(default = "rejects")]
    pub rejects: String,
    /// Allow plain http to another machine.
    #[serde(default)]
    pub insecure: bool,
}

/// How a file is packed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// As the end of its name says: `.gz`, `.zst`, or not at all.
    #[default]
    Auto,
    /// Not at all.
    None,
    /// By gzip.
    Gzip,
    /// By Zstandard.
    Zstd,
}

/// One import by the clock.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduledImport {
    /// The system to ask, or one of `imports`, whose files are looked for.
    pub source: String,
    /// What to ask a system for, such as `daily_prices`.
    #[serde(default)]
    pub data_type: String,
    /// For which symbols, in the vendor's spelling.
    #[serde(default)]
    pub symbols: Vec<String>,
    /// Five cron fields (minute, hour, day, month, day of the week), a name such as `@daily`, or
    /// minutes around the session of New York, such as `30 minutes after close`.
    pub schedule: String,
    /// Who gets the records, such as `market_data_service`.
    pub destination: String,
    /// What it is called; by what is read from where if not said.
    #[serde(default)]
    pub name: Option<String>,
    /// The clock that the schedule goes by, such as `America/New_York`; UTC if not said.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Only on days on which the exchanges of New York open.
    #[serde(default)]
    pub trading_days_only: bool,
    /// What to do about runs that were missed.
    #[serde(default)]
    pub missed: Missed,
}

/// What to do about runs that were missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub enum Missed {
    /// They are left out.
    None,
    /// One run makes up for all of them.
    #[default]
    Once,
    /// Each is made up for, at most the last hundred.
    All,
}

/// What is written out on a schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DataExport {
    /// Exports by the clock.
    pub scheduled_exports: Vec<ScheduledExport>,
    /// How the files are to be written.
    pub formats: Formats,
    /// The folder that nothing is written outside of; the current one if not said.
    pub root: Option<String>,
}

/// One export by the clock.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduledExport {
    /// What to write, such as `portfolio_summary`.
    pub data_type: String,
    /// How to write it.
    pub format: Format,
    /// Five cron fields (minute, hour, day, month, day of the week), a name such as `@daily`, or
    /// minutes around the session of New York, such as `30 minutes after close`.
    pub schedule: String,
    /// Where to, below the root, such as `file://reports/portfolio_summary.json`, or in a store,
    /// such as `s3://archive/reports/{date}.json`; `{date}` and `{time}` are filled in.
    pub destination: String,
    /// Allow plain http to another machine.
    #[serde(default)]
    pub insecure: bool,
    /// What it is called; by what is written if not said.
    #[serde(default)]
    pub name: Option<String>,
    /// Columns in their order; all of them if not said.
    #[serde(default)]
    pub columns: Vec<ColumnSettings>,
    /// The clock that the schedule goes by, such as `America/New_York`; UTC if not said.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Only on days on which the exchanges of New York open.
    #[serde(default)]
    pub trading_days_only: bool,
    /// What to do about runs that were missed.
    #[serde(default)]
    pub missed: Missed,
}

/// A column of a file: the name of a field, or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnSettings(pub Column);

/// A column of a file that is written, and how what stands in it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// The field.
    pub name: String,
    /// What the column is called in the file; like the field if not said.
    #[serde(default)]
    pub title: Option<String>,
    /// For numbers: how many decimals; a half is rounded away from zero. All that there are if not
    /// said.
    #[serde(default)]
    #[schemars(range(max = 18))]
    pub decimals: Option<u32>,
    /// For numbers: the mark before the decimals; a point if not said.
    #[serde(default)]
    pub decimal_mark: Option<char>,
    /// For numbers: the mark between groups of three digits; none if not said.
    #[serde(default)]
    pub group_mark: Option<char>,
    /// For times and days: `rfc3339`, `epoch_secs`, `epoch_millis`, `epoch_nanos` or a pattern
    /// such as `%d.%m.%Y %H:%M`.
    #[serde(default)]
    pub format: Option<String>,
    /// For times that are written by a pattern: the zone of its clock; UTC if not said.
    #[serde(default)]
    pub zone: Option<String>,
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }
}

impl<'de> Deserialize<'de> for ColumnSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrMore;
        impl<'de> Visitor<'de> for NameOrMore {
            type Value = Column;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field, or a column")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Column, E> {
                Ok(Column::from(name))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Column, A::Error> {
                Column::deserialize(MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(NameOrMore).map(Self)
    }
}

impl JsonSchema for ColumnSettings {
    fn schema_name() -> Cow<'static, str> {
        "ColumnSettings".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let column = generator.subschema_for::<Column>();
        json_schema!({ "anyOf": [{ "type": "string" }, column] })
    }
}

impl ScheduledImport {
    /// What it is called.
    pub fn name(&self) -> String {
        match (&self.name, self.data_type.as_str()) {
            (Some(name), _) => name.clone(),
            (None, "") => self.source.clone(),
            (None, data) => format!("{}_{data}", self.source),
        }
    }

    /// When it is due.
    pub fn job(&self) -> Result<Job, Mistake> {
        let zone = self.time_zone.as_deref();
        job(self.name(), &self.schedule, zone, self.trading_days_only, self.missed)
    }
}

impl ScheduledExport {
    /// What it is called.
    pub fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.data_type.clone())
    }

    /// When it is due.
    pub fn job(&self) -> Result<Job, Mistake> {
        let zone = self.time_zone.as_deref();
        job(self.name(), &self.schedule, zone, self.trading_days_only, self.missed)
    }
}

fn job(
    name: String,
    text: &str,
    zone: Option<&str>,
    trading_days_only: bool,
    missed: Missed,
) -> Result<Job, Mistake> {
    let when = When::parse(text, zone, trading_days_only)?;
    let mut schedule = text.to_owned();
    if let Some(zone) = zone {
        schedule.push_str(&format!(" {zone}"));
    }
    if trading_days_only {
        schedule.push_str(", trading days only");
    }
    let missed = match missed {
        Missed::None => schedule::Missed::None,
        Missed::Once => schedule::Missed::Once,
        Missed::All => schedule::Missed::All,
    };
    Ok(Job { name, when, schedule, missed })
}

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Format {
    Csv,
    Json,
    Parquet,
    Xlsx,
    Xml,
}

/// How files are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Formats {
    /// Comma-separated values.
    pub csv: Csv,
    /// JSON.
    pub json: Json,
}

/// How CSV files are written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Csv {
    /// The character between fields.
    pub delimiter: char,
    /// The character around fields that hold a delimiter.
    pub quotechar: char,
    /// How characters are written as bytes.
    pub encoding: Encoding,
}

impl Default for Csv {
    fn default() -> Self {
        Self { delimiter: ',', quotechar: '"', encoding: Encoding::Utf8 }
    }
}

/// How JSON files are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Json {
    /// Spaces for each level; one line when left out.
    #[schemars(range(max = 16))]
    pub indent: Option<u8>,
    /// How characters are written as bytes.
    pub encoding: Encoding,
}

/// How characters are written as bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Encoding {
    /// UTF-8.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
}

/// What a row can become: everything but what only Foliostream itself may say.
pub(crate) fn importable() -> Vec<&'static str> {
    let is_ours = |topic: &str| {
        topic.starts_with("ops.") || topic == "dead.letters" || topic == "orders.approved"
    };
    Event::KINDS.iter().filter(|kind| !is_ours(kind.topic)).map(|kind| kind.name).collect()
}

fn imported(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": importable() })
}

fn yes() -> bool {
    true
}

fn rejects() -> String {
    "rejects".to_owned()
}
