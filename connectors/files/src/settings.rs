//! Settings of the system and of its three components.
//!
//! What has a default can be serialized, so that the schema can say the default.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A tree of files.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Where the files are.
    pub connection: Connection,
    /// Files need no credentials, so this may be left out.
    #[serde(default)]
    pub authentication: Option<Authentication>,
}

/// Where the files are.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// Folder below which everything is read and written. Nothing outside it is touched: `..` and
    /// symbolic links are refused.
    pub root: String,
}

/// Says that files need no credentials.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Authentication {
    /// Always `none`.
    #[serde(rename = "type")]
    pub kind: AuthenticationKind,
}

/// The ways to authenticate with a file.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationKind {
    /// No credentials.
    None,
}

/// Which bars to read, and how their files are laid out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BarsSettings {
    /// File or folder below the root.
    #[serde(default = "bars")]
    pub path: String,
    /// Which files of a folder are read, for example `*/*_trade.csv`; `**/` stands for any
    /// folders. All files with the format's own ending by default.
    #[serde(default)]
    pub glob: Option<String>,
    /// How rows are written.
    #[serde(default)]
    pub format: FileFormat,
    /// Whether the first line of a CSV file names the columns.
    #[serde(default = "yes")]
    pub header: bool,
    /// What separates the cells of a CSV file.
    #[serde(default = "comma")]
    #[schemars(length(min = 1, max = 1))]
    pub delimiter: String,
    /// Which column or JSON field holds what.
    #[serde(default)]
    pub columns: BarColumns,
    /// The symbol of every row; found per row or file when left out.
    #[serde(default)]
    pub symbol: Option<String>,
    /// Where the symbol is found when `symbol` is left out.
    #[serde(default)]
    pub symbol_from: SymbolFrom,
    /// The market that makes the symbol an instrument: `BAC` in `US` is `BAC.US`.
    #[serde(default = "us")]
    pub venue: String,
    /// Length of a bar: a number and s, m, h, d, w or mo.
    #[serde(default = "one_minute")]
    pub interval: String,
    /// How times are written: `rfc3339`, `epoch_secs`, `epoch_millis`, `epoch_nanos`,
    /// `millis_of_day` (after midnight of the date in the file's name), or a pattern such as
    /// `%Y%m%d %H:%M`.
    #[serde(default = "rfc3339")]
    pub time_format: String,
    /// Time zone of times without an offset, and of days.
    #[serde(default = "new_york")]
    pub time_zone: String,
    /// Units of the file in one unit of currency, a power of ten: 10000 turns 1674100 into 167.41.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub price_scale: u64,
    /// Corporate actions the prices are adjusted for.
    #[serde(default)]
    pub adjustment: AdjustedFor,
    /// Pause between two looks for new rows and files.
    #[serde(default = "five")]
    #[schemars(range(min = 1))]
    pub poll_secs: u64,
}

/// Which column or JSON field holds what: its name or, without a header, its number from 1.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BarColumns {
    /// Start of the bar.
    pub time: Column,
    /// First price.
    pub open: Column,
    /// Highest price.
    pub high: Column,
    /// Lowest price.
    pub low: Column,
    /// Last price.
    pub close: Column,
    /// Units traded.
    pub volume: Column,
    /// Symbol, where rows carry it.
    pub symbol: Column,
    /// Volume-weighted average price; taken when there is such a column.
    pub vwap: Option<Column>,
    /// Number of prints; taken when there is such a column.
    pub trade_count: Option<Column>,
}

impl Default for BarColumns {
    fn default() -> Self {
        let column = |name: &str| Column(name.to_owned());
        Self {
            time: column("time"),
            open: column("open"),
            high: column("high"),
            low: column("low"),
            close: column("close"),
            volume: column("volume"),
            symbol: column("symbol"),
            vwap: None,
            trade_count: None,
        }
    }
}

/// A column's name or number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Column(pub String);

impl JsonSchema for Column {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Column".into()
    }

    /// A number may stand without quotes; it is taken as its digits.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "number"] })
    }
}

/// How rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// One row a line, cells separated and quoted.
    #[default]
    Csv,
    /// One array of objects, or objects after one another.
    Json,
    /// One JSON object a line.
    JsonLines,
}

/// Where a bar's symbol is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SymbolFrom {
    /// In the column `columns.symbol`.
    #[default]
    Column,
    /// The name of the folder that holds the file, in capitals.
    Folder,
    /// The name of the file up to the first `_` or `.`, in capitals.
    FileName,
}

/// Corporate actions that prices are adjusted for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdjustedFor {
    /// None: prices as they were printed.
    #[default]
    Raw,
    /// Splits.
    Split,
    /// Dividends.
    Dividend,
    /// Splits and dividends.
    All,
}

/// Which order requests to read. Columns and JSON fields are named as the fields of an
/// OrderRequest.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrdersSettings {
    /// File or folder below the root.
    #[serde(default = "orders")]
    pub path: String,
    /// Which files of a folder are read; all with the format's own ending by default.
    #[serde(default)]
    pub glob: Option<String>,
    /// How rows are written. The first line of a CSV file names the columns.
    #[serde(default)]
    pub format: FileFormat,
    /// The market of rows that give a symbol instead of an instrument.
    #[serde(default = "us")]
    pub venue: String,
    /// Pause between two looks for new rows and files.
    #[serde(default = "five")]
    #[schemars(range(min = 1))]
    pub poll_secs: u64,
}

/// What to write where.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportSettings {
    /// Folder below the root; it is made when missing. One export writes to it at a time.
    #[serde(default = "exports")]
    pub path: String,
    /// How rows are written.
    #[serde(default)]
    pub format: ExportFormat,
    /// Topics of which every record is kept: one file for each delivered batch.
    #[serde(default = "fills")]
    pub rows: Vec<String>,
    /// Compacted topics of which the latest record of each key is kept: one file, replaced whole.
    #[serde(default = "positions")]
    pub tables: Vec<String>,
}

/// How exported rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// CSV with a header, as spreadsheets read it.
    #[default]
    Csv,
    /// One JSON object a line.
    Json,
}

fn yes() -> bool {
    true
}

fn comma() -> String {
    ",".to_owned()
}

fn us() -> String {
    "US".to_owned()
}

fn one_minute() -> String {
    "1m".to_owned()
}

fn rfc3339() -> String {
    "rfc3339".to_owned()
}

fn new_york() -> String {
    "America/New_York".to_owned()
}

fn one() -> u64 {
    1
}

fn five() -> u64 {
    5
}

fn bars() -> String {
    "bars".to_owned()
}

fn orders() -> String {
    "orders".to_owned()
}

fn exports() -> String {
    "exports".to_owned()
}

fn fills() -> Vec<String> {
    vec!["orders.fills".to_owned()]
}

fn positions() -> Vec<String> {
    vec!["portfolio.positions".to_owned()]
}
