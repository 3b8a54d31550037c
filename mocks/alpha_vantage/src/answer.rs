//! Answers of the functions, and their two forms: JSON and CSV.

use crate::json::Json;

/// What a column is called in either form.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    pub json: &'static str,
    pub csv: &'static str,
}

/// A column that is called the same in both forms.
pub const fn same(name: &'static str) -> Column {
    Column { json: name, csv: name }
}

pub const fn column(json: &'static str, csv: &'static str) -> Column {
    Column { json, csv }
}

/// Rows in the order in which the vendor sends them.
#[derive(Clone, Debug)]
pub struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Json>>,
}

impl Table {
    pub fn new(columns: &[Column]) -> Table {
        Table { columns: columns.to_vec(), rows: Vec::new() }
    }

    pub fn with(columns: &[Column], rows: Vec<Vec<Json>>) -> Table {
        Table { columns: columns.to_vec(), rows }
    }

    pub fn push<const N: usize>(&mut self, row: [String; N]) {
        self.rows.push(row.into_iter().map(Json::Text).collect());
    }
}

/// What a function answers.
#[derive(Clone, Debug)]
pub enum Answer {
    /// JSON, whatever was asked for.
    Json(Json),
    /// CSV, whatever was asked for.
    Csv(Table),
    /// `Meta Data`, and bars under their times.
    Series { meta: Vec<(String, String)>, key: String, table: Table },
    /// One row under a key; an empty object if there is none.
    Single { key: String, table: Table },
    /// Rows as a list under a key, after other members.
    Rows { head: Vec<(&'static str, String)>, key: &'static str, table: Table },
}

impl Answer {
    /// Whether the answer is CSV if `csv` was asked for.
    pub fn is_csv(&self, csv: bool) -> bool {
        match self {
            Answer::Json(_) => false,
            Answer::Csv(_) => true,
            Answer::Series { .. } | Answer::Single { .. } | Answer::Rows { .. } => csv,
        }
    }

    pub fn json(self) -> Json {
        match self {
            Answer::Json(json) => json,
            Answer::Csv(table) => Json::List(objects(table)),
            Answer::Series { meta, key, table } => {
                let meta = meta.into_iter().map(|(name, value)| (name, Json::Text(value)));
                Json::object([
                    ("Meta Data".to_owned(), Json::object(meta)),
                    (key, Json::Object(keyed(table))),
                ])
            }
            Answer::Single { key, table } => {
                let row = objects(table).into_iter().next();
                Json::object([(key, row.unwrap_or(Json::Object(Vec::new())))])
            }
            Answer::Rows { head, key, table } => {
                let head = head.into_iter().map(|(name, value)| (name, Json::Text(value)));
                Json::object(head.chain([(key, Json::List(objects(table)))]))
            }
        }
    }

    /// Nothing for what has no CSV form.
    pub fn csv(self, line_end: &str, last: bool) -> String {
        let table = match self {
            Answer::Json(_) => return String::new(),
            Answer::Csv(table)
            | Answer::Series { table, .. }
            | Answer::Single { table, .. }
            | Answer::Rows { table, .. } => table,
        };
        let header = table.columns.iter().map(|column| column.csv.to_owned());
        let mut lines = vec![header.collect::<Vec<_>>().join(",")];
        for row in table.rows {
            lines.push(row.iter().map(cell).collect::<Vec<_>>().join(","));
        }
        let mut text = lines.join(line_end);
        if last {
            text.push_str(line_end);
        }
        text
    }
}

fn objects(table: Table) -> Vec<Json> {
    let columns = table.columns;
    let object = |row: Vec<Json>| Json::object(columns.iter().map(|c| c.json).zip(row));
    table.rows.into_iter().map(object).collect()
}

/// The first column as the name of the others.
fn keyed(table: Table) -> Vec<(String, Json)> {
    let mut members = Vec::with_capacity(table.rows.len());
    for row in table.rows {
        let mut cells = row.into_iter();
        let Some(Json::Text(key)) = cells.next() else { continue };
        let columns = table.columns.iter().skip(1).map(|column| column.json);
        members.push((key, Json::object(columns.zip(cells))));
    }
    members
}

fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::Number(text) | Json::Text(text) if text.contains([',', '"', '\n', '\r']) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        Json::Number(text) | Json::Text(text) => text.clone(),
        Json::List(_) | Json::Object(_) => String::new(),
    }
}
