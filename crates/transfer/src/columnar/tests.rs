//! What is written is read again, and what is damaged is refused.

#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::io::{Seek, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use component::{Bad, Row};
use model::{FieldInfo, FieldKind};
use parquet::basic::{Compression, GzipLevel};
use parquet::data_type::{ByteArrayType, DoubleType, Int32Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};

use super::*;
use crate::column::Column;
use crate::rows::{Broken, Found};

const COLUMNS: [FieldInfo; 6] = [
    FieldInfo { name: "symbol", kind: FieldKind::Text },
    FieldInfo { name: "price", kind: FieldKind::Optional(&FieldKind::Decimal) },
    FieldInfo { name: "time", kind: FieldKind::Timestamp },
    FieldInfo { name: "day", kind: FieldKind::Date },
    FieldInfo { name: "count", kind: FieldKind::Long },
    FieldInfo { name: "final", kind: FieldKind::Bool },
];

fn written(rows: impl IntoIterator<Item = Value>, columns: Vec<Column>) -> Vec<u8> {
    let mut writer = ParquetWriter::begin(Vec::new(), columns).unwrap();
    for row in rows {
        writer.row(row.as_object().unwrap()).unwrap();
    }
    writer.end().unwrap()
}

fn open(bytes: &[u8], columns: &[&str]) -> Result<ParquetRows, Broken> {
    let mut file: File = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    ParquetRows::open(file, Arc::new(AtomicU64::new(0)), &columns)
}

fn row(number: i64) -> Value {
    json!({
        "symbol": format!("S{}", number % 7), "price": format!("{number}.50"),
        "time": "2013-10-07T14:00:00.000000001Z", "day": "2013-10-07", "count": number,
        "final": number % 2 == 0,
    })
}

fn texts(rows: &mut ParquetRows, columns: &[&str]) -> Result<Vec<Option<String>>, Bad> {
    let found = Found::Cells(rows.cells()?);
    columns.iter().map(|name| Ok(found.text(name)?.map(str::to_owned))).collect()
}

#[test]
fn what_is_written_is_read_again() {
    let columns = || COLUMNS.iter().map(Column::of).collect();
    let bytes = written((1..=120_000).map(row), columns());
    let mut rows = open(&bytes, &["price"]).unwrap();
    for number in 1..=120_000 {
        assert!(rows.next().unwrap());
        assert_eq!(rows.line, number);
        if number == 77_777 {
            let found = texts(&mut rows, &COLUMNS.map(|field| field.name)).unwrap();
            let found: Vec<_> = found.iter().map(|text| text.as_deref().unwrap()).collect();
            let time = "2013-10-07T14:00:00.000000001Z";
            assert_eq!(found, ["S0", "77777.5", time, "2013-10-07", "77777", "false"]);
            let raw = std::str::from_utf8(&rows.raw).unwrap();
            assert!(raw.starts_with(r#"{"symbol":"S0","price":"77777.5","#), "{raw}");
        }
    }
    assert!(!rows.next().unwrap());
    let none = written([], columns());
    assert!(!open(&none, &[]).unwrap().next().unwrap());
    let nothing = written([json!({})], columns());
    let mut rows = open(&nothing, &[]).unwrap();
    assert!(rows.next().unwrap());
    assert_eq!(texts(&mut rows, &["price"]).unwrap(), [None]);
}

#[test]
fn decimals_have_the_places_that_were_asked_for() {
    let price = &COLUMNS[1];
    let settings = topology::Column { decimals: Some(2), ..topology::Column::from("price") };
    let rounded = Column::new(price, &settings).unwrap();
    let bytes = written([json!({ "price": "-1.005" })], vec![rounded]);
    let mut rows = open(&bytes, &["price"]).unwrap();
    assert!(rows.next().unwrap());
    assert_eq!(texts(&mut rows, &["price"]).unwrap(), [Some("-1.01".to_owned())]);
    let mut writer = ParquetWriter::begin(Vec::new(), vec![Column::of(price)]).unwrap();
    let large = json!({ "price": "79228162514264337593543950335" });
    let refused = writer.row(large.as_object().unwrap()).unwrap_err().to_string();
    assert!(refused.contains("price") && refused.contains("more digits"), "{refused}");
}

/// A file as others write them: packed by gzip, nested, with a list and floats.
fn foreign() -> Vec<u8> {
    let schema = "message m { required double price; optional group a { optional int32 b; }
                  optional binary name (UTF8); repeated int32 list; }";
    let gzip = Compression::GZIP(GzipLevel::default());
    let properties = WriterProperties::builder().set_compression(gzip).build();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let mut group = file.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<DoubleType>().write_batch(&[13.9, f64::NAN, 0.1], None, None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int32Type>().write_batch(&[7], Some(&[2, 1, 0]), None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let names = [vec![b'x'; 2 << 20].into(), vec![0xff].into()];
    column.typed::<ByteArrayType>().write_batch(&names, Some(&[0, 1, 1]), None).unwrap();
    column.close().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let lists = column.typed::<Int32Type>();
    lists.write_batch(&[1, 2], Some(&[1, 1, 0, 0]), Some(&[0, 1, 0, 0])).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    file.into_inner().unwrap()
}

#[test]
fn files_of_others_are_read_as_far_as_they_can_be() {
    let mut rows = open(&foreign(), &["a.b", "price"]).unwrap();
    assert!(rows.next().unwrap());
    let found = texts(&mut rows, &["price", "a.b", "name"]).unwrap();
    assert_eq!(found, [Some("13.9".to_owned()), Some("7".to_owned()), None]);
    assert!(rows.next().unwrap());
    assert!(texts(&mut rows, &[]).unwrap_err().reason.contains("longer than"));
    assert!(rows.next().unwrap());
    let bad = texts(&mut rows, &[]).unwrap_err();
    assert_eq!((&*bad.field, &*bad.reason), ("name", "not UTF-8"));
    assert!(!rows.next().unwrap());
    assert!(open(&foreign(), &["list"]).err().unwrap().reason.contains("is a list"));
    assert!(open(&foreign(), &["z"]).err().unwrap().reason.contains("there is no column \"z\""));
}

/// Reads all of a file, and says why it could not be read on.
fn reads(bytes: &[u8]) -> Option<String> {
    let mut rows = match open(bytes, &[]) {
        Ok(rows) => rows,
        Err(broken) => return Some(broken.reason),
    };
    loop {
        match rows.next() {
            Ok(true) => drop(texts(&mut rows, &["price"])),
            Ok(false) => return None,
            Err(broken) => return Some(broken.reason),
        }
    }
}

#[test]
fn what_is_cut_off_or_no_file_at_all_is_refused() {
    let bytes = foreign();
    for length in [0, 4, 11, bytes.len() / 2, bytes.len() - 1] {
        assert!(reads(&bytes[..length]).is_some(), "{length}");
    }
    assert!(reads(b"a,b\r\n1,2\r\n3,4\r\n").unwrap().contains("does not end as"));
    let mut claims = bytes.clone();
    let at = claims.len() - 8;
    claims[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(reads(&claims).unwrap().contains("footer claims"));
}

#[test]
fn columns_within_each_other_without_end_are_refused() {
    // A list of 40 groups, each with one below.
    let mut footer = vec![0x15, 0x04, 0x19, 0xfc, 40];
    for _ in 0..40 {
        footer.extend([0x48, 1, b'a', 0x15, 0x02, 0x00]);
    }
    let mut bytes = b"PAR1".to_vec();
    bytes.extend(&footer);
    bytes.extend((footer.len() as u32).to_le_bytes());
    bytes.extend(b"PAR1");
    assert!(reads(&bytes).unwrap().contains("nested too deeply"));
}

/// Every file that differs in a few bytes is read or refused, and nothing worse.
#[test]
fn a_damaged_file_is_refused() {
    let columns = COLUMNS.iter().map(Column::of).collect();
    let small = written((1..=200).map(row), columns);
    let mut seed = 0x2026_1123_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    let mut refused = 0;
    for _ in 0..1_000 {
        let mut bytes = small.clone();
        for _ in 0..1 + random() % 3 {
            let at = random() % bytes.len();
            bytes[at] = random() as u8;
        }
        refused += usize::from(reads(&bytes).is_some());
    }
    assert!(refused > 300, "{refused}");
}
