//! Rows as an Excel workbook of one sheet.
//!
//! A cell is a text, a number or a truth value, never a formula. The parts are those of ECMA-376,
//! and Excel's own limits are on its page of specifications and limits.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};

use model::Decimal;
use serde_json::{Map, Value};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::column::Column;
use crate::write::{shaped, text};

/// Rows of a sheet, that of the titles among them.
const MAX_ROWS: u32 = 1_048_576;
/// Characters of a cell, as UTF-16 counts them.
const MAX_CELL_CHARACTERS: usize = 32_767;
/// Bytes of a sheet before it is packed: the old zip format, which everything reads, counts no
/// further than 4 GiB.
const MAX_SHEET_BYTES: u64 = (4 << 30) - (1 << 20);
/// A number of Excel is sure to keep fifteen digits.
const DIGITS: u32 = 15;
/// The first format of numbers that is not one of Excel's own.
const FIRST_FORMAT: u32 = 164;

/// The parts that are the same in every workbook.
const PARTS: [(&str, &str); 4] = [
    ("[Content_Types].xml", include_str!("workbook/content_types.xml")),
    ("_rels/.rels", include_str!("workbook/relations.xml")),
    ("xl/workbook.xml", include_str!("workbook/workbook.xml")),
    ("xl/_rels/workbook.xml.rels", include_str!("workbook/workbook_relations.xml")),
];
const SHEET: &str = "xl/worksheets/sheet1.xml";
const SHEET_HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#;
const SHEET_END: &str = "</sheetData></worksheet>";
const STYLES: &str = "xl/styles.xml";
const STYLES_HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">"#;
const LOOKS: &str = include_str!("workbook/looks.xml");
const STYLES_END: &str = r#"</cellXfs>
<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>"#;

/// Writes rows of the same columns.
pub(crate) struct WorkbookWriter<W: Write> {
    out: W,
    /// The workbook as far as it has come: what it holds is known at its head once it is whole.
    zip: ZipWriter<BufWriter<File>>,
    columns: Vec<Column>,
    rows: u32,
    bytes: u64,
}

/// What stands in a cell.
#[derive(Debug, PartialEq, Eq)]
enum Cell {
    Empty,
    Flag(bool),
    Number(String),
    Text(String),
}

impl<W: Write> WorkbookWriter<W> {
    /// Begins a file.
    pub fn begin(out: W, columns: Vec<Column>) -> io::Result<Self> {
        let mut zip = ZipWriter::new(BufWriter::new(tempfile::tempfile()?));
        for (name, part) in PARTS {
            begin_part(&mut zip, name)?;
            zip.write_all(part.as_bytes())?;
        }
        begin_part(&mut zip, STYLES)?;
        zip.write_all(styles().as_bytes())?;
        begin_part(&mut zip, SHEET)?;
        zip.write_all(SHEET_HEAD.as_bytes())?;
        let mut writer = Self { out, zip, columns, rows: 0, bytes: 0 };
        let titles = writer.columns.iter().map(|column| Cell::text(column, column.title.clone()));
        let titles = titles.collect::<io::Result<Vec<_>>>()?;
        writer.cells(&titles)?;
        Ok(writer)
    }

    /// Adds a row.
    pub fn row(&mut self, fields: &Map<String, Value>) -> io::Result<()> {
        let cells = self.columns.iter().map(|column| Cell::of(column, fields));
        let cells = cells.collect::<io::Result<Vec<_>>>()?;
        self.cells(&cells)
    }

    fn cells(&mut self, cells: &[Cell]) -> io::Result<()> {
        if self.rows == MAX_ROWS {
            let reason =
                format!("a sheet has at most {MAX_ROWS} rows, that of the titles included");
            return Err(io::Error::other(reason));
        }
        self.rows += 1;
        let number = self.rows;
        let mut row = format!("<row r=\"{number}\">");
        for (index, (column, cell)) in self.columns.iter().zip(cells).enumerate() {
            let place = format!("{}{number}", letters(index));
            // A title has the format of no number.
            let style = column.decimals.map_or(0, |places| places + 1);
            row.push_str(&match cell {
                Cell::Empty => String::new(),
                Cell::Flag(flag) => {
                    format!("<c r=\"{place}\" t=\"b\"><v>{}</v></c>", u8::from(*flag))
                }
                Cell::Number(number) => {
                    format!("<c r=\"{place}\" s=\"{style}\"><v>{number}</v></c>")
                }
                Cell::Text(text) => format!(
                    "<c r=\"{place}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}\
                     </t></is></c>",
                    escaped(text)
                ),
            });
        }
        row.push_str("</row>");
        self.bytes += row.len() as u64;
        if self.bytes > MAX_SHEET_BYTES {
            return Err(io::Error::other("a sheet has at most 4 GiB"));
        }
        self.zip.write_all(row.as_bytes())
    }

    /// Ends the file.
    pub fn end(mut self) -> io::Result<W> {
        self.zip.write_all(SHEET_END.as_bytes())?;
        let file = self.zip.finish().map_err(io::Error::other)?;
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        io::copy(&mut file, &mut self.out)?;
        Ok(self.out)
    }
}

impl Cell {
    fn of(column: &Column, fields: &Map<String, Value>) -> io::Result<Self> {
        let value = shaped(column, fields)?;
        match value.as_ref() {
            Value::Null => Ok(Self::Empty),
            Value::Bool(flag) => Ok(Self::Flag(*flag)),
            value if column.is_number() => {
                let plain = text(value);
                let number: Decimal = plain.parse().map_err(|_| {
                    io::Error::other(format!("{}: {plain:?} is no number", column.name))
                })?;
                let number = number.normalize();
                match number.mantissa().unsigned_abs() < 10_u128.pow(DIGITS) {
                    true => Ok(Self::Number(number.to_string())),
                    false => Self::text(column, plain),
                }
            }
            value => Self::text(column, text(value)),
        }
    }

    fn text(column: &Column, text: String) -> io::Result<Self> {
        let count = text.encode_utf16().count();
        if count > MAX_CELL_CHARACTERS {
            let reason =
                format!("a cell has at most {MAX_CELL_CHARACTERS} characters, not {count}");
            return Err(io::Error::other(format!("{}: {reason}", column.name)));
        }
        Ok(Self::Text(text))
    }
}

fn begin_part(zip: &mut ZipWriter<BufWriter<File>>, name: &str) -> io::Result<()> {
    zip.start_file(name, SimpleFileOptions::default()).map_err(io::Error::other)
}

/// The style 0 is nothing special, the style n + 1 shows n places behind the point.
fn styles() -> String {
    let count = model::SCALE + 1;
    let mut styles = format!("{STYLES_HEAD}<numFmts count=\"{count}\">");
    for places in 0..count {
        let point = if places > 0 { "." } else { "" };
        let zeros = "0".repeat(places as usize);
        let id = FIRST_FORMAT + places;
        styles.push_str(&format!("<numFmt numFmtId=\"{id}\" formatCode=\"0{point}{zeros}\"/>"));
    }
    styles.push_str(&format!("</numFmts>{LOOKS}<cellXfs count=\"{}\">", count + 1));
    for id in std::iter::once(0).chain(FIRST_FORMAT..FIRST_FORMAT + count) {
        let is_format = u8::from(id > 0);
        styles.push_str(&format!(
            "<xf numFmtId=\"{id}\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" \
             applyNumberFormat=\"{is_format}\"/>"
        ));
    }
    styles.push_str(STYLES_END);
    styles
}

/// What Excel calls the column with this index: A to Z, then AA.
fn letters(index: usize) -> String {
    let last = char::from(b'A' + (index % 26) as u8);
    match index / 26 {
        0 => last.to_string(),
        before => format!("{}{last}", letters(before - 1)),
    }
}

/// A text between tags. What XML has no word for is `_x0001_`, and what only looks like that
/// begins with `_x005F_`.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, char) in text.char_indices() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\t' | '\n' => escaped.push(char),
            '_' if is_escape(&text.as_bytes()[at..]) => escaped.push_str("_x005F_"),
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {
                escaped.push_str(&format!("_x{:04X}_", u32::from(char)));
            }
            _ => escaped.push(char),
        }
    }
    escaped
}

fn is_escape(bytes: &[u8]) -> bool {
    match bytes {
        [b'_', b'x' | b'X', a, b, c, d, b'_', ..] => {
            [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::{Cursor, Read};

    use model::{FieldInfo, FieldKind};
    use serde_json::json;
    use zip::ZipArchive;

    use super::*;

    fn column(kind: FieldKind, settings: Value) -> Column {
        let name = settings["name"].as_str().unwrap().to_owned();
        let field = FieldInfo { name: name.leak(), kind };
        Column::new(&field, &serde_json::from_value(settings).unwrap()).unwrap()
    }

    fn columns() -> Vec<Column> {
        vec![
            column(FieldKind::Text, json!({ "name": "text" })),
            column(FieldKind::Decimal, json!({ "name": "price", "decimals": 2 })),
            column(FieldKind::Decimal, json!({ "name": "quantity" })),
            column(FieldKind::Long, json!({ "name": "count" })),
            column(FieldKind::Bool, json!({ "name": "is_final" })),
            column(FieldKind::Timestamp, json!({ "name": "event_time", "title": "when" })),
            column(FieldKind::Date, json!({ "name": "day", "format": "%d.%m.%Y" })),
        ]
    }

    fn written(rows: &[Value]) -> Vec<u8> {
        let mut writer = WorkbookWriter::begin(Vec::new(), columns()).unwrap();
        for row in rows {
            writer.row(row.as_object().unwrap()).unwrap();
        }
        writer.end().unwrap()
    }

    fn part(file: &[u8], name: &str) -> String {
        let mut text = String::new();
        let mut archive = ZipArchive::new(Cursor::new(file)).unwrap();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    /// The texts, numbers and truth values of a row.
    fn row(sheet: &str, number: usize) -> Vec<&str> {
        let row = sheet.split("<row ").nth(number).unwrap();
        row.split("<c ").skip(1).map(|cell| cell.trim_end_matches("</row>")).collect()
    }

    #[test]
    fn a_cell_is_what_its_column_holds_and_never_a_formula() {
        let file = written(&[
            json!({
                "text": "=1+1 <&> _x0041_ \u{1}", "price": "13.905",
                "quantity": "1234567890.123456",
                "count": 7, "is_final": true, "event_time": "2026-11-23T20:00:05Z",
                "day": "2026-11-23",
            }),
            json!({ "quantity": "-0.000000000000000001", "count": 1_000_000_000_000_000_i64 }),
        ]);
        let sheet = part(&file, SHEET);
        assert!(!sheet.contains("<f"), "{sheet}");
        let text = |place: &str, text: &str| {
            format!(
                "r=\"{place}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>"
            )
        };
        assert_eq!(row(&sheet, 1)[5], text("F1", "when"));
        assert_eq!(
            row(&sheet, 2),
            [
                &text("A2", "=1+1 &lt;&amp;&gt; _x005F_x0041_ _x0001_"),
                "r=\"B2\" s=\"3\"><v>13.91</v></c>",
                &text("C2", "1234567890.123456"),
                "r=\"D2\" s=\"0\"><v>7</v></c>",
                "r=\"E2\" t=\"b\"><v>1</v></c>",
                &text("F2", "2026-11-23T20:00:05Z"),
                &text("G2", "23.11.2026"),
            ]
        );
        let sheet_end = row(&sheet, 3).join("|");
        assert!(sheet_end.starts_with("r=\"C3\" s=\"0\"><v>-0.000000000000000001</v>"));
        assert!(sheet_end.contains(&text("D3", "1000000000000000")), "{sheet_end}");
    }

    #[test]
    fn every_part_is_xml_and_is_named_by_another() {
        let file = written(&[]);
        let mut archive = ZipArchive::new(Cursor::new(&file)).unwrap();
        let names = archive.file_names().map(|name| name.unwrap().into_owned());
        let names: Vec<String> = names.collect();
        assert_eq!(names.len(), 6);
        let (types, relations) =
            (part(&file, "[Content_Types].xml"), part(&file, "xl/_rels/workbook.xml.rels"));
        for name in names {
            let text = part(&file, &name);
            let mut reader = quick_xml::Reader::from_str(&text);
            while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
            let is_named = types.contains(&format!("PartName=\"/{name}\""));
            let is_known = name.contains("rels") || name == "[Content_Types].xml";
            assert!(is_named || is_known, "{name}");
        }
        for target in [STYLES, SHEET] {
            assert!(relations.contains(target.strip_prefix("xl/").unwrap()), "{target}");
        }
        assert!(part(&file, STYLES).contains("numFmtId=\"166\" formatCode=\"0.00\""));
        assert!(archive.by_name(SHEET).unwrap().compressed_size() > 0);
    }

    #[test]
    fn what_no_sheet_holds_is_an_error() {
        let mut writer = WorkbookWriter::begin(Vec::new(), columns()).unwrap();
        let refused = |writer: &mut WorkbookWriter<Vec<u8>>, row: Value| {
            writer.row(row.as_object().unwrap()).unwrap_err().to_string()
        };
        let long = "é".repeat(MAX_CELL_CHARACTERS + 1);
        let reason = refused(&mut writer, json!({ "text": long }));
        assert_eq!(reason, "text: a cell has at most 32767 characters, not 32768");
        writer.rows = MAX_ROWS - 1;
        writer.row(&Map::new()).unwrap();
        let reason = refused(&mut writer, json!({}));
        assert_eq!(reason, "a sheet has at most 1048576 rows, that of the titles included");
    }

    #[test]
    fn columns_are_called_by_letters() {
        let names = [0, 25, 26, 51, 52, 701, 702, 16_383].map(letters);
        assert_eq!(names, ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA", "XFD"]);
    }
}
