//! Rows as CSV, JSON, Parquet, XML and an Excel workbook.

use std::borrow::Cow;
use std::io::{self, Write};

use component::neutral;
use quick_xml::escape::escape;
use serde_json::{Map, Value};
use topology::{Format, Formats};

use crate::column::Column;
use crate::columnar::ParquetWriter;
use crate::text::marked_line;
use crate::workbook::WorkbookWriter;

/// Writes rows of the same columns.
pub(crate) struct Writer<W: Write + Send> {
    file: File<W>,
    pub rows: u64,
}

enum File<W: Write + Send> {
    Text(TextWriter<W>),
    Parquet(Box<ParquetWriter<W>>),
    Workbook(Box<WorkbookWriter<W>>),
}

impl<W: Write + Send> Writer<W> {
    /// Begins a file.
    pub fn begin(
        out: W,
        format: Format,
        formats: &Formats,
        columns: Vec<Column>,
    ) -> io::Result<Self> {
        let text = |out, markup, columns| TextWriter::begin(out, markup, formats, columns);
        let file = match format {
            Format::Csv => File::Text(text(out, Markup::Csv, columns)?),
            Format::Json => File::Text(text(out, Markup::Json, columns)?),
            Format::Xml => File::Text(text(out, Markup::Xml, columns)?),
            Format::Parquet => File::Parquet(Box::new(ParquetWriter::begin(out, columns)?)),
            Format::Xlsx => File::Workbook(Box::new(WorkbookWriter::begin(out, columns)?)),
        };
        Ok(Self { file, rows: 0 })
    }

    /// Adds a row: the columns that were asked for, in their order.
    pub fn row(&mut self, fields: &Map<String, Value>) -> io::Result<()> {
        let written = match &mut self.file {
            File::Text(file) => file.row(fields),
            File::Parquet(file) => file.row(fields),
            File::Workbook(file) => file.row(fields),
        };
        self.rows += 1;
        let number = self.rows;
        written.map_err(|error| io::Error::new(error.kind(), format!("row {number}: {error}")))
    }

    /// Ends the file.
    pub fn end(self) -> io::Result<W> {
        match self.file {
            File::Text(file) => file.end(),
            File::Parquet(file) => file.end(),
            File::Workbook(file) => file.end(),
        }
    }
}

/// What stands around the values of a text.
#[derive(Clone, Copy, Debug)]
enum Markup {
    Csv,
    Json,
    Xml,
}

/// Writes rows one after the other as text.
struct TextWriter<W> {
    out: W,
    markup: Markup,
    formats: Formats,
    columns: Vec<Column>,
    rows: u64,
}

impl<W: Write> TextWriter<W> {
    fn begin(
        mut out: W,
        markup: Markup,
        formats: &Formats,
        columns: Vec<Column>,
    ) -> io::Result<Self> {
        match markup {
            Markup::Csv => {
                let (delimiter, quote) = (formats.csv.delimiter, formats.csv.quotechar);
                let titles: Vec<_> = columns.iter().map(|column| neutral(&column.title)).collect();
                out.write_all(marked_line(&titles, delimiter, quote).as_bytes())?;
            }
            Markup::Json => out.write_all(b"[")?,
            Markup::Xml => {
                out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rows>\n")?;
            }
        }
        Ok(Self { out, markup, formats: formats.clone(), columns, rows: 0 })
    }

    fn row(&mut self, fields: &Map<String, Value>) -> io::Result<()> {
        match self.markup {
            Markup::Csv => {
                let cell = |column: &Column| {
                    let text = text(shaped(column, fields)?.as_ref());
                    Ok(if column.is_number() { text } else { neutral(&text) })
                };
                let cells = self.columns.iter().map(cell).collect::<io::Result<Vec<_>>>()?;
                let csv = &self.formats.csv;
                let line = marked_line(&cells, csv.delimiter, csv.quotechar);
                self.out.write_all(line.as_bytes())?;
            }
            Markup::Json => self.json(fields)?,
            Markup::Xml => {
                let mut row = String::from("<row>");
                for column in &self.columns {
                    let (name, text) = (&column.title, text(shaped(column, fields)?.as_ref()));
                    if !text.is_empty() {
                        row.push_str(&format!("<{name}>{}</{name}>", escape(&*printable(&text))));
                    }
                }
                row.push_str("</row>\n");
                self.out.write_all(row.as_bytes())?;
            }
        }
        self.rows += 1;
        Ok(())
    }

    fn json(&mut self, fields: &Map<String, Value>) -> io::Result<()> {
        let indent = self.formats.json.indent.map(|spaces| " ".repeat(usize::from(spaces)));
        let (end, step) = match &indent {
            Some(indent) => ("\n", indent.as_str()),
            None => ("", ""),
        };
        let mut row = String::from(if self.rows > 0 { "," } else { "" });
        row.push_str(if end.is_empty() { "\n" } else { end });
        row.push_str(&format!("{step}{{"));
        for (index, column) in self.columns.iter().enumerate() {
            let value = shaped(column, fields)?;
            let name = Value::from(column.title.as_str());
            let comma = if index > 0 { "," } else { "" };
            row.push_str(&format!("{comma}{end}{step}{step}{name}: {value}"));
        }
        row.push_str(&format!("{end}{step}}}"));
        self.out.write_all(row.as_bytes())
    }

    fn end(mut self) -> io::Result<W> {
        match self.markup {
            Markup::Csv => {}
            Markup::Json => self.out.write_all(b"\n]\n")?,
            Markup::Xml => self.out.write_all(b"</rows>\n")?,
        }
        Ok(self.out)
    }
}

/// What is to stand in a column.
pub(crate) fn shaped<'a>(
    column: &Column,
    fields: &'a Map<String, Value>,
) -> io::Result<Cow<'a, Value>> {
    let value = fields.get(&column.name).unwrap_or(&Value::Null);
    column.shaped(value).map_err(io::Error::other)
}

/// A value as a cell: lists and mappings as JSON.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// XML has no word for most control characters.
fn printable(text: &str) -> String {
    let is_printable = |char: &char| !char.is_control() || matches!(char, '\t' | '\n' | '\r');
    text.chars().filter(is_printable).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use model::{FieldInfo, FieldKind};
    use serde_json::json;

    use super::*;

    fn column(name: &'static str) -> Column {
        Column::of(&FieldInfo { name, kind: FieldKind::Text })
    }

    fn written(format: Format, formats: &Formats) -> String {
        let columns = ["b", "a", "list"].map(column).to_vec();
        let mut writer = Writer::begin(Vec::new(), format, formats, columns).unwrap();
        for row in [json!({ "a": "=1+1", "b": "13.90" }), json!({ "a": "x<y", "list": ["p", 2] })] {
            writer.row(row.as_object().unwrap()).unwrap();
        }
        String::from_utf8(writer.end().unwrap()).unwrap()
    }

    #[test]
    fn columns_stand_in_the_order_that_was_asked_for() {
        let mut formats = Formats::default();
        let csv = written(Format::Csv, &formats);
        assert_eq!(csv, "b,a,list\r\n13.90,'=1+1,\r\n,x<y,\"[\"\"p\"\",2]\"\r\n");
        let json = written(Format::Json, &formats);
        let rows: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(rows[1], json!({ "b": null, "a": "x<y", "list": ["p", 2] }));
        assert!(json.starts_with("[\n{\"b\": \"13.90\",\"a\": \"=1+1\""), "{json}");
        formats.json.indent = Some(2);
        let indented = written(Format::Json, &formats);
        assert!(indented.contains("\n  {\n    \"b\": \"13.90\",\n"), "{indented}");
        assert!(serde_json::from_str::<Value>(&indented).is_ok());
        let xml = written(Format::Xml, &formats);
        assert!(xml.contains("<row><b>13.90</b><a>=1+1</a></row>\n"), "{xml}");
        assert!(xml.contains("<a>x&lt;y</a><list>[&quot;p&quot;,2]</list>"), "{xml}");
    }

    #[test]
    fn a_file_without_rows_is_whole() {
        for (format, expected) in [(Format::Csv, "a\r\n"), (Format::Json, "[\n]\n")] {
            let columns = vec![column("a")];
            let formats = Formats::default();
            let writer = Writer::begin(Vec::new(), format, &formats, columns).unwrap();
            assert_eq!(writer.end().unwrap(), expected.as_bytes());
        }
    }
}
