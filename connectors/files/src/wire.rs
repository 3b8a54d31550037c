//! One row of a file as named cells of text.

use std::borrow::Cow;

use component::Bad;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::settings::FileFormat;

/// Columns of a row that are looked at; more is no table.
const MAX_COLUMNS: usize = 1_000;

/// How the rows of one file are read.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub format: FileFormat,
    pub delimiter: u8,
    /// Names of the columns, where a CSV file's first line gives them.
    pub header: Option<Vec<String>>,
}

/// The cells of one row.
#[derive(Debug)]
pub(crate) enum Cells<'a> {
    /// Cells in order, and their names where there are any.
    Csv { cells: csv::StringRecord, header: Option<&'a [String]> },
    /// Fields of an object.
    Json(Object<'a>),
}

/// A JSON object whose field names differ and whose values are not read yet.
#[derive(Debug)]
pub(crate) struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// The cells of a row, or what is wrong with all of it.
pub(crate) fn cells<'a>(shape: &'a Shape, raw: &'a [u8]) -> Result<Cells<'a>, Bad> {
    if shape.format != FileFormat::Csv {
        return serde_json::from_slice(raw)
            .map(Cells::Json)
            .map_err(|error| Bad::new("", format!("not a JSON object: {error}")));
    }
    let cells = split(raw, shape.delimiter)?;
    if let Some(header) = &shape.header
        && header.len() != cells.len()
    {
        let message = format!("{} cells where the header has {}", cells.len(), header.len());
        return Err(Bad::new("", message));
    }
    Ok(Cells::Csv { cells, header: shape.header.as_deref() })
}

/// The cells of a CSV line. A line is a row: a quote that does not end on it would otherwise
/// swallow the good rows after it.
fn split(raw: &[u8], delimiter: u8) -> Result<csv::StringRecord, Bad> {
    if raw.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
        return Err(Bad::new("", "a quoted cell does not end on its line"));
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(raw.len().max(1))
        .from_reader(raw);
    let mut cells = csv::StringRecord::new();
    reader.read_record(&mut cells).map_err(|_| Bad::new("", "not UTF-8"))?;
    if cells.len() > MAX_COLUMNS {
        return Err(Bad::new("", format!("{} cells; at most {MAX_COLUMNS}", cells.len())));
    }
    Ok(cells)
}

/// The names of the columns in a CSV file's first line.
pub(crate) fn header(raw: &[u8], delimiter: u8) -> Result<Vec<String>, Bad> {
    let names: Vec<String> =
        split(raw, delimiter)?.iter().map(|name| name.trim().to_owned()).collect();
    let repeated = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name));
    match repeated {
        Some((_, name)) => Err(Bad::new(name, "two columns of this name")),
        None => Ok(names),
    }
}

impl<'a> Cells<'a> {
    /// The text of a cell; `None` when it is missing, empty or null.
    pub fn get(&self, column: &str) -> Result<Option<Cow<'_, str>>, Bad> {
        let found = match self {
            Self::Csv { cells, header: None } => {
                let index = column.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                index.and_then(|index| cells.get(index)).map(Cow::Borrowed)
            }
            Self::Csv { cells, header: Some(header) } => {
                let index = header.iter().position(|name| name == column);
                index.and_then(|index| cells.get(index)).map(Cow::Borrowed)
            }
            Self::Json(object) => {
                let value = object.0.iter().find(|(name, _)| name == column);
                value.map(|(name, raw)| text(name, raw)).transpose()?.flatten()
            }
        };
        Ok(found.map(trimmed).filter(|text| !text.is_empty()))
    }

    /// The text of a cell that must be there.
    pub fn need(&self, column: &str) -> Result<Cow<'_, str>, Bad> {
        self.get(column)?.ok_or_else(|| Bad::new(column, "missing"))
    }

    /// The names of all cells, where they have names.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Csv { header, .. } => header.iter().copied().flatten().map(|n| &**n).collect(),
            Self::Json(object) => object.0.iter().map(|(name, _)| &**name).collect(),
        }
    }
}

impl<'a> Object<'a> {
    /// The fields in the order in which they stand.
    pub fn fields(&self) -> &[(Cow<'a, str>, &'a RawValue)] {
        &self.0
    }
}

/// A JSON value as text: strings unquoted, numbers digit for digit, the rest as it stands.
pub(crate) fn text<'a>(name: &str, raw: &'a RawValue) -> Result<Option<Cow<'a, str>>, Bad> {
    match raw.get() {
        "null" => Ok(None),
        string if string.starts_with('"') => serde_json::from_str::<Text<'_>>(string)
            .map(|text| Some(text.0))
            .map_err(|error| Bad::new(name, error)),
        other => Ok(Some(Cow::Borrowed(other))),
    }
}

/// Borrows a string where it holds no escapes.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields: Self::Value = Vec::new();
                while let Some((name, value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    // Of two values the second would win in silence.
                    if fields.iter().any(|(other, _)| *other == name.0) {
                        let message = format!("the field {:?} is given twice", name.0);
                        return Err(serde::de::Error::custom(message));
                    }
                    if fields.len() == MAX_COLUMNS {
                        let message = format!("more than {MAX_COLUMNS} fields");
                        return Err(serde::de::Error::custom(message));
                    }
                    fields.push((name.0, value));
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(Fields).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(format: FileFormat, header: Option<&[u8]>) -> Shape {
        let header = header.map(|line| super::header(line, b',').unwrap());
        Shape { format, delimiter: b',', header }
    }

    fn check(shape: &Shape, raw: &str, column: &str, expected: Option<&str>) {
        let cells = cells(shape, raw.as_bytes()).unwrap();
        assert_eq!(cells.get(column).unwrap().as_deref(), expected, "{raw}");
    }

    fn refuse(shape: &Shape, raw: &[u8], reason: &str) {
        let bad = cells(shape, raw).unwrap_err();
        assert!(bad.reason.contains(reason), "{bad}");
    }

    #[test]
    fn csv_cells_by_name_and_number() {
        let named = shape(FileFormat::Csv, Some(b"a, b ,c"));
        check(&named, "1,\"x, \"\"y\"\"\",", "b", Some("x, \"y\""));
        check(&named, "1, 2 ,", "b", Some("2"));
        check(&named, "1,2,", "c", None);
        check(&named, "1,2,3", "d", None);
        let numbered = shape(FileFormat::Csv, None);
        check(&numbered, "1,2,3", "3", Some("3"));
        check(&numbered, "1,2,3", "0", None);
        check(&numbered, "1,2,3", "a", None);
    }

    #[test]
    fn json_cells_keep_the_text_of_numbers() {
        let json = shape(FileFormat::JsonLines, None);
        check(&json, r#"{"a":0.10000000000000000001}"#, "a", Some("0.10000000000000000001"));
        check(&json, r#"{"a":"x\ny"}"#, "a", Some("x\ny"));
        check(&json, r#"{"a":null}"#, "a", None);
        check(&json, r#"{"a":{"b":1}}"#, "a", Some(r#"{"b":1}"#));
    }

    #[test]
    fn what_is_no_row_is_refused() {
        let csv = shape(FileFormat::Csv, Some(b"a,b"));
        refuse(&csv, b"1,2,3", "3 cells where the header has 2");
        refuse(&csv, b"1,\"2", "does not end on its line");
        refuse(&csv, b"1,\xff", "not UTF-8");
        let json = shape(FileFormat::JsonLines, None);
        refuse(&json, br#"{"a":1,"a":2}"#, "given twice");
        refuse(&json, b"[1]", "expected an object");
        refuse(&json, br#"{"a":1} x"#, "trailing characters");
        assert!(header(b"a,b,a", b',').is_err());
    }
}
