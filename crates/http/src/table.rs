//! Answers as tables, in JSON or CSV, for vendors that spell everything as text.

use std::collections::BTreeMap;

use component::{Bad, OrBad};
use model::{BadDecimal, Decimal, Text, Timestamp};
use serde::de::{DeserializeOwned, IntoDeserializer, value};
use serde_json::value::RawValue;

/// What a row says, by names in snake case. What is missing is not there.
pub type Cells = BTreeMap<String, String>;

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Everything that stands beside the rows.
    pub meta: Cells,
    /// In the order they came.
    pub rows: Vec<Row>,
}

/// One row: a CSV line, an object of a list, an object under its time.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Name of the list it stood in.
    pub list: String,
    /// As it came.
    pub raw: String,
    /// What it says.
    pub cells: Cells,
}

/// What vendors write for nothing.
const MISSING: [&str; 6] = ["", "None", "-", "n/a", ".", "null"];
/// The name under which some put what is beside the rows.
const META: &str = "Meta Data";

impl Row {
    /// A row that came as JSON. What is no object says nothing.
    pub fn of(raw: &RawValue) -> Self {
        Self::in_list("", raw)
    }

    fn in_list(list: &str, raw: &RawValue) -> Self {
        let cells = serde_json::from_str(raw.get()).map(cells).unwrap_or_default();
        Self { list: list.to_owned(), raw: raw.get().to_owned(), cells }
    }

    /// The first of these that is there.
    pub fn get(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.cells.get(*name)).map(String::as_str)
    }

    /// The same for what has to be there.
    pub fn need(&self, names: &[&str]) -> Result<&str, Bad> {
        self.get(names).or_bad(names.first().unwrap_or(&""))
    }

    /// What `parse` makes of it, if it is there.
    pub fn parsed<T, E: std::fmt::Display>(
        &self,
        names: &[&str],
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Bad> {
        self.get(names).map(parse).transpose().or_bad(names.first().unwrap_or(&""))
    }

    /// The text of a cell.
    pub fn text(&self, name: &str) -> Option<Text> {
        self.get(&[name]).map(Text::from)
    }

    /// Whether a cell says `true`.
    pub fn is(&self, name: &str) -> bool {
        self.get(&[name]) == Some("true")
    }

    /// A cell that holds one of a closed set of words.
    pub fn word<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Bad> {
        self.parsed(&[name], |text| {
            T::deserialize(IntoDeserializer::<value::Error>::into_deserializer(text))
        })
    }

    /// A point in time.
    pub fn time(&self, names: &[&str]) -> Result<Option<Timestamp>, Bad> {
        self.parsed(names, str::parse)
    }

    /// What an object in a cell says; nothing where there is none.
    pub fn inner(&self, name: &str) -> Self {
        let raw = self.get(&[name]).and_then(|text| serde_json::from_str(text).ok());
        raw.map(Self::of).unwrap_or_default()
    }

    /// A number, in the shortest of its spellings: formats differ in their zeros.
    pub fn number(
        &self,
        names: &[&str],
        parse: fn(&str) -> Result<Decimal, BadDecimal>,
    ) -> Result<Option<Decimal>, Bad> {
        self.parsed(names, |text| parse(text).map(|number| number.normalize()))
    }

    /// Every number by its name, and everything else, but for these names.
    pub fn split(&self, but: &[&str]) -> (BTreeMap<Text, Decimal>, BTreeMap<Text, Text>) {
        let (mut values, mut texts) = (BTreeMap::new(), BTreeMap::new());
        for (name, text) in self.cells.iter().filter(|(name, _)| !but.contains(&name.as_str())) {
            match model::money(text) {
                Ok(value) => drop(values.insert(Text::from(name), value.normalize())),
                Err(_) => drop(texts.insert(Text::from(name), Text::from(text))),
            }
        }
        (values, texts)
    }
}

impl Table {
    /// Reads an answer, or says why it is none.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
        match text.trim_start().as_bytes().first() {
            Some(b'{') => json(text).map_err(|error| error.to_string()),
            Some(b'<') | None => Err("neither JSON nor CSV".to_owned()),
            Some(_) => lines(text),
        }
    }

    /// Reads an answer that is one object and so one row, unless it is empty.
    pub fn read_flat(body: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
        let cells = cells(serde_json::from_str(text).map_err(|error| error.to_string())?);
        let row = Row { list: String::new(), raw: text.to_owned(), cells };
        let rows = if row.cells.is_empty() { Vec::new() } else { vec![row] };
        Ok(Self { meta: Cells::new(), rows })
    }
}

type Object<'a> = BTreeMap<String, &'a RawValue>;

fn json(text: &str) -> serde_json::Result<Table> {
    let mut table = Table::default();
    for (key, value) in serde_json::from_str::<Object<'_>>(text)? {
        let row = |raw: &RawValue| Row::in_list(&key, raw);
        match value.get().as_bytes().first() {
            Some(b'[') => {
                let list: Vec<&RawValue> = serde_json::from_str(value.get())?;
                table.rows.extend(list.into_iter().map(row));
            }
            Some(b'{') => {
                let object: Object<'_> = serde_json::from_str(value.get())?;
                if key == META {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_are_one_whoever_spells_them() {
        for (key, expected) in [
            ("5. adjusted close", "adjusted_close"),
            ("adjusted close", "adjusted_close"),
            ("1b. open (USD)", "open_usd"),
            ("previousClose", "previous_close"),
            ("1. From_Currency Code", "from_currency_code"),
            ("EVToEBITDA", "ev_to_ebitda"),
            ("52WeekHigh", "52_week_high"),
            ("reportedEPS", "reported_eps"),
            ("PERatio", "pe_ratio"),
            ("CIK", "cik"),
            ("", ""),
        ] {
            assert_eq!(name(key), expected, "{key}");
        }
    }

    #[test]
    fn json_and_csv_become_the_same_rows() {
        let json = r#"{"Meta Data": {"6. Time Zone": "UTC"},
            "Series": {"2024-01-02": {"1. open": "1", "2. previous close": "None"}}}"#;
        let csv = "timestamp,open,previousClose\r\n2024-01-02,1,-\r\n";
        let (json, csv) = (Table::read(json.as_bytes()), Table::read(csv.as_bytes()));
        let (json, csv) = (json.unwrap(), csv.unwrap());
        assert_eq!(json.rows[0].cells, csv.rows[0].cells);
        assert_eq!(json.meta["time_zone"], "UTC");
        let lists = Table::read(br#"{"symbol": "X", "a": [{"v": 1}], "b": {"v": "2"}}"#).unwrap();
        let values: Vec<_> = lists.rows.iter().map(|r| (r.list.as_str(), &*r.cells["v"])).collect();
        assert_eq!(values, [("a", "1"), ("b", "2")]);
        assert_eq!(Table::read_flat(br#"{"Name": "X", "list": [1]}"#).unwrap().rows.len(), 1);
        assert!(Table::read_flat(b"{}").unwrap().rows.is_empty());
    }

    #[test]
    fn cells_are_read_as_what_they_should_be() {
        let row = |text: &str| Row::of(serde_json::from_str(text).unwrap());
        let order = row(r#"{"id": 7, "side": "buy", "at": "2024-01-02T03:04:05Z", "is_open": true,
            "note": null, "leg": {"id": "x", "qty": 1.50}, "odd": [1]}"#);
        assert_eq!((order.text("id").as_deref(), order.text("note")), (Some("7"), None));
        assert!(order.is("is_open") && !order.is("note"));
        assert_eq!(order.word("side"), Ok(Some(model::Side::Buy)));
        assert_eq!(order.word::<model::Side>("note"), Ok(None));
        assert_eq!(order.word::<model::Side>("odd").unwrap_err().field, "odd");
        assert_eq!(order.time(&["at"]).unwrap().unwrap().0, 1_704_164_645_000_000_000);
        let quantity = order.inner("leg").number(&["qty"], model::quantity);
        assert_eq!(quantity.unwrap().unwrap().to_string(), "1.5");
        assert!(order.inner("odd").cells.is_empty() && order.inner("nothing").cells.is_empty());
        assert!(row("[1]").cells.is_empty());
        assert_eq!(row("[1]").raw, "[1]");
    }

    #[test]
    fn a_short_line_says_nothing_and_a_page_is_no_table() {
        let short = Table::read(b"a,b,c\n1,2\n").unwrap();
        assert_eq!((short.rows[0].raw.as_str(), short.rows[0].cells.len()), ("1,2", 0));
        for body in ["", "<html>busy</html>", "busy", "{\"a\":", "[1,2]x", "\u{1}"] {
            assert!(Table::read(body.as_bytes()).is_err(), "{body:?}");
        }
    }
}
