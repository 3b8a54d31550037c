//! Events as lines of CSV and JSON.

use std::io::{self, Write};

use component::{Delivery, neutral};

use crate::settings::ExportFormat;
use crate::wire::{self, Object};

/// Columns that say where a record stood, before the event's own.
const PARTITION: &str = "partition";
pub(crate) const OFFSET: &str = "offset";

/// A record as a line, and the names of its cells.
pub(crate) struct Line {
    /// With its line end.
    pub text: String,
    /// Names of all columns.
    pub names: Vec<String>,
    /// The cells, as they stand in the line before quoting.
    pub cells: Vec<String>,
}

/// The ending of a file's name.
pub(crate) fn ending(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Csv => "csv",
        ExportFormat::Json => "jsonl",
    }
}

/// A delivered record as a line: times in ISO 8601, decimals digit for digit.
pub(crate) fn line(delivery: &Delivery, format: ExportFormat) -> io::Result<Line> {
    let event = serde_json::to_string(&delivery.event)?;
    let (partition, offset) = (delivery.partition, delivery.offset);
    let fields = event.strip_prefix('{').ok_or_else(|| io::Error::other("not an object"))?;
    let json = format!("{{\"{PARTITION}\":{partition},\"{OFFSET}\":{offset},{fields}\n");
    json_line(json, format)
}

/// The line of a record that is given as JSON.
pub(crate) fn json_line(json: String, format: ExportFormat) -> io::Result<Line> {
    let object: Object<'_> = serde_json::from_str(&json)?;
    let (mut names, mut cells) = (Vec::new(), Vec::new());
    for (name, value) in object.fields() {
        let text = wire::text(name, value).map_err(io::Error::other)?.unwrap_or_default();
        names.push(name.clone().into_owned());
        cells.push(neutral(&text));
    }
    let text = match format {
        ExportFormat::Csv => csv_line(&cells)?,
        ExportFormat::Json => json,
    };
    Ok(Line { text, names, cells })
}

/// Cells as RFC 4180 wants them, with the line end.
pub(crate) fn csv_line<T: AsRef<[u8]>>(cells: &[T]) -> io::Result<String> {
    let mut line = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(vec![]);
    line.write_record(cells)?;
    let line = line.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    String::from_utf8(line).map_err(io::Error::other)
}

/// Writes the first line of a CSV file.
pub(crate) fn write_header(
    out: &mut impl Write,
    names: &[String],
    format: ExportFormat,
) -> io::Result<()> {
    match format {
        ExportFormat::Csv => out.write_all(csv_line(names)?.as_bytes()),
        ExportFormat::Json => Ok(()),
    }
}

/// The rows of a file that an export wrote, in its present columns.
pub(crate) fn read_lines(
    text: &str,
    names: &[String],
    format: ExportFormat,
) -> io::Result<Vec<Line>> {
    if format == ExportFormat::Json {
        let lines = text.lines().filter(|line| !line.is_empty());
        return lines.map(|line| json_line(format!("{line}\n"), format)).collect();
    }
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let old = reader.headers()?.clone();
    let places: Vec<Option<usize>> =
        names.iter().map(|name| old.iter().position(|column| column == name)).collect();
    let mut lines = Vec::new();
    for record in reader.records() {
        let record = record?;
        let cell = |place: &Option<usize>| place.and_then(|at| record.get(at)).unwrap_or_default();
        let cells: Vec<String> = places.iter().map(|place| cell(place).to_owned()).collect();
        lines.push(Line { text: csv_line(&cells)?, names: names.to_vec(), cells });
    }
    Ok(lines)
}

impl Line {
    /// The cell under a name; empty when there is none.
    pub fn cell(&self, name: &str) -> &str {
        let at = self.names.iter().position(|column| column == name);
        at.and_then(|at| self.cells.get(at)).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_back_in_present_columns() {
        let names = ["b", "c", "a"].map(str::to_owned);
        let lines = read_lines("a,b\r\n1,\"x\"\"y\r\nz\"\r\n", &names, ExportFormat::Csv).unwrap();
        assert_eq!(lines[0].cells, ["x\"y\r\nz", "", "1"]);
        assert_eq!(lines[0].text, "\"x\"\"y\r\nz\",,1\r\n");
        let lines = read_lines("{\"a\":1}\n", &names, ExportFormat::Json).unwrap();
        assert_eq!(lines[0].cell("a"), "1");
        assert!(read_lines("a,b\r\n1\r\n", &names, ExportFormat::Csv).is_err());
    }
}
