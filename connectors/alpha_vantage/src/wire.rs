//! Alpha Vantage's answers, JSON or CSV, as one kind of table.

use std::collections::BTreeMap;
use std::time::Duration;

use component::{Bad, OrBad};
use http::Num;
use model::{BadDecimal, Decimal};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// Names in snake case without the number in front, which differs from function to function;
/// what is missing is not there.
pub type Cells = BTreeMap<String, String>;

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// `Meta Data`, and everything else that stands beside the rows.
    pub meta: Cells,
    /// In the order they came.
    pub rows: Vec<Row>,
}

/// One row: a CSV line, an object of a list, an object under its time.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Name of the list it stood in, such as `annualReports`.
    pub list: String,
    /// As it came.
    pub raw: String,
    /// What it says.
    pub cells: Cells,
}

/// What the functions write for nothing, each its own.
const MISSING: [&str; 6] = ["", "None", "-", "n/a", ".", "null"];

impl Row {
    /// The first of these that is there.
    pub fn get(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.cells.get(*name)).map(String::as_str)
    }

    /// The same for what has to be there.
    pub fn need(&self, names: &[&str]) -> Result<&str, Bad> {
        self.get(names).or_bad(names.first().unwrap_or(&""))
    }

    /// A number, in the shortest of its spellings: JSON and CSV differ in their zeros.
    pub fn number(
        &self,
        names: &[&str],
        parse: fn(&str) -> Result<Decimal, BadDecimal>,
    ) -> Result<Option<Decimal>, Bad> {
        let read = |text| parse(text).map(|number| number.normalize());
        self.get(names).map(read).transpose().or_bad(names.first().unwrap_or(&""))
    }
}

/// Reads an answer. With `is_flat` it is one object and so one row.
pub fn read(body: &[u8], is_flat: bool) -> Result<Table, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    match text.trim_start().as_bytes().first() {
        Some(b'{') if is_flat => flat(text).map_err(|error| error.to_string()),
        Some(b'{') => json(text).map_err(|error| error.to_string()),
        Some(b'<') | None => Err("neither JSON nor CSV".to_owned()),
        Some(_) => lines(text),
    }
}

type Object<'a> = BTreeMap<String, &'a RawValue>;

fn flat(text: &str) -> serde_json::Result<Table> {
    let cells = cells(serde_json::from_str(text)?);
    let row = Row { list: String::new(), raw: text.to_owned(), cells };
    let rows = if row.cells.is_empty() { Vec::new() } else { vec![row] };
    Ok(Table { meta: Cells::new(), rows })
}

fn json(text: &str) -> serde_json::Result<Table> {
    let mut table = Table::default();
    for (key, value) in serde_json::from_str::<Object<'_>>(text)? {
        let row = |raw: &RawValue| Row {
            list: key.clone(),
            raw: raw.get().to_owned(),
            cells: serde_json::from_str(raw.get()).map(cells).unwrap_or_default(),
        };
        match value.get().as_bytes().first() {
            Some(b'[') => {
                let list: Vec<&RawValue> = serde_json::from_str(value.get())?;
                table.rows.extend(list.into_iter().map(row));
            }
            Some(b'{') => {
                let object: Object<'_> = serde_json::from_str(value.get())?;
                if key == "Meta Data" {
                    table.meta.extend(cells(object));
                } else if object.values().any(|inner| !inner.get().starts_with('{')) {
                    table.rows.push(row(value));
                } else {
                    table.rows.extend(object.into_iter().map(|(time, inner)| {
                        let mut row = row(inner);
                        row.raw = format!("\"{time}\":{}", row.raw);
                        row.cells.insert("timestamp".to_owned(), time);
                        row
                    }));
                }
            }
            _ => table.meta.extend(cells(BTreeMap::from([(key, value)]))),
        }
    }
    Ok(table)
}

fn cells(object: Object<'_>) -> Cells {
    let cell = |(key, value): (String, &RawValue)| {
        let text = match serde_json::from_str::<String>(value.get()) {
            Ok(text) => text,
            Err(_) => value.get().to_owned(), // a number, a list, null
        };
        (!MISSING.contains(&text.trim())).then(|| (name(&key), text))
    };
    object.into_iter().filter_map(cell).collect()
}

fn lines(text: &str) -> Result<Table, String> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let head: Vec<String> = match reader.headers() {
        Ok(head) if head.len() > 1 && head.iter().all(is_word) => head.iter().map(name).collect(),
        Ok(_) => return Err("neither JSON nor CSV".to_owned()),
        Err(error) => return Err(error.to_string()),
    };
    let mut table = Table::default();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let raw = record.iter().collect::<Vec<_>>().join(",");
        let pairs = head.iter().cloned().zip(record.iter().map(str::to_owned));
        let is_whole = record.len() == head.len();
        let cells = pairs.filter(|(_, text)| is_whole && !MISSING.contains(&text.trim()));
        table.rows.push(Row { list: String::new(), raw, cells: cells.collect() });
    }
    Ok(table)
}

fn is_word(column: &str) -> bool {
    column.chars().all(|letter| letter.is_alphanumeric() || " _".contains(letter))
}

/// `5. adjusted close`, `adjusted_close`, `adjustedClose`: all `adjusted_close`.
fn name(key: &str) -> String {
    let key = match key.split_once(". ") {
        Some((number, rest)) if number.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => key,
    };
    let letters: Vec<char> = key.chars().collect();
    let mut name = String::with_capacity(key.len() + 4);
    for (index, letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map_or(' ', |before| letters[before]);
        let ends_capitals = before.is_uppercase()
            && letters.get(index + 1).is_some_and(|after| after.is_lowercase());
        let is_start = letter.is_uppercase()
            && (before.is_lowercase() || before.is_ascii_digit() || ends_capitals);
        if (is_start || !letter.is_alphanumeric()) && !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        if letter.is_alphanumeric() {
            name.extend(letter.to_lowercase());
        }
    }
    name.trim_end_matches('_').to_owned()
}

/// A refusal, which comes with status 200 and as JSON whatever was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The key is wrong, missing, or good for the documentation's examples only.
    Key,
    /// Too many requests: come back after this time.
    Busy(Duration),
    /// The day's requests are used up.
    Spent,
    /// The key has no right to the function.
    Premium(String),
    /// This request will never be answered.
    Request(String),
}

#[derive(Deserialize)]
struct Refused {
    #[serde(rename = "Error Message")]
    error: Option<Value>,
    #[serde(rename = "Information")]
    information: Option<Value>,
    #[serde(rename = "Note")]
    note: Option<Value>,
    detail: Option<Value>,
    message: Option<Value>,
}

/// The refusal in an answer, if it is one. The burst notice also names the limit of the day.
pub fn refusal(body: &[u8]) -> Option<Refusal> {
    let refused: Refused = serde_json::from_slice(body).ok()?;
    let text = |value: &Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    if let Some(words) = text(&refused.error) {
        let is_key = words.contains("apikey");
        return Some(if is_key { Refusal::Key } else { Refusal::Request(words) });
    }
    let has = |words: &str, any: &[&str]| any.iter().any(|part| words.contains(part));
    if let Some(words) = text(&refused.information) {
        return Some(match words.to_lowercase().as_str() {
            low if has(low, &["per second"]) => Refusal::Busy(Duration::from_secs(2)),
            low if has(low, &["premium endpoint", "premium feature", "entitle"]) => {
                Refusal::Premium(words)
            }
            low if has(low, &["per day"]) => Refusal::Spent,
            low if has(low, &["minute", "frequency"]) => Refusal::Busy(Duration::from_secs(60)),
            low if has(low, &["demo", "claim"]) => Refusal::Key,
            _ => Refusal::Request(words),
        });
    }
    if text(&refused.note).is_some() {
        return Some(Refusal::Busy(Duration::from_secs(60)));
    }
    let invented = text(&refused.message).filter(|words| words.contains("ARTIFICIAL"));
    invented.map(Refusal::Premium).or(text(&refused.detail).map(Refusal::Request))
}

/// An article of `NEWS_SENTIMENT`.
#[derive(Deserialize)]
pub struct Article<'a> {
    pub title: String,
    pub url: String,
    pub time_published: String,
    #[serde(default)]
    pub authors: Vec<String>,
    pub summary: Option<String>,
    pub source: Option<String>,
    #[serde(default)]
    pub topics: Vec<Topic>,
    #[serde(borrow)]
    pub overall_sentiment_score: Option<Num<'a>>,
    pub overall_sentiment_label: Option<String>,
    #[serde(default, borrow)]
    pub ticker_sentiment: Vec<TickerSentiment<'a>>,
}

#[derive(Deserialize)]
pub struct Topic {
    pub topic: String,
}

#[derive(Deserialize)]
pub struct TickerSentiment<'a> {
    pub ticker: String,
    #[serde(borrow)]
    pub relevance_score: Option<Num<'a>>,
    #[serde(borrow)]
    pub ticker_sentiment_score: Option<Num<'a>>,
    pub ticker_sentiment_label: Option<String>,
}
