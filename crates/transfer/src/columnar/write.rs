//! Rows as a Parquet file.

use std::io::{self, Write};
use std::sync::Arc;

use model::{Date, Decimal, FieldKind, Timestamp};
use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType,
    Int32Type, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use serde_json::{Map, Value};

use crate::column::{Column, rounded};

/// Rows of a group, which is held in memory until it is written.
const GROUP_ROWS: usize = 50_000;
/// Bytes of their texts.
const GROUP_BYTES: usize = 32 << 20;
/// Digits of a decimal.
const DIGITS: u32 = 38;
/// Its bytes.
const DECIMAL_BYTES: i32 = 16;

/// Writes rows of the same columns.
pub(crate) struct ParquetWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    columns: Vec<Column>,
    buffers: Vec<Buffer>,
    bytes: usize,
}

/// The values of a column that are not written yet.
struct Buffer {
    /// For each row, whether there is a value.
    levels: Vec<i16>,
    values: Values,
}

enum Values {
    Bools(Vec<bool>),
    Longs(Vec<i64>),
    Days(Vec<i32>),
    Decimals(Vec<FixedLenByteArray>),
    Texts(Vec<ByteArray>),
}

impl<W: Write + Send> ParquetWriter<W> {
    /// Begins a file.
    pub fn begin(out: W, columns: Vec<Column>) -> io::Result<Self> {
        let fields = columns.iter().map(|column| typed(column).map(Arc::new));
        let fields = fields.collect::<Result<Vec<_>, _>>().map_err(told)?;
        let schema = Type::group_type_builder("rows").with_fields(fields).build().map_err(told)?;
        let level = ZstdLevel::try_new(1).map_err(told)?;
        let properties = WriterProperties::builder()
            .set_created_by("foliostream".to_owned())
            .set_compression(Compression::ZSTD(level))
            .build();
        let file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties));
        let buffers = columns.iter().map(Buffer::of).collect();
        Ok(Self { file: file.map_err(told)?, columns, buffers, bytes: 0 })
    }

    /// Adds a row.
    pub fn row(&mut self, fields: &Map<String, Value>) -> io::Result<()> {
        for (column, buffer) in self.columns.iter().zip(&mut self.buffers) {
            let value = fields.get(&column.name).unwrap_or(&Value::Null);
            let bytes = buffer.add(column, value);
            self.bytes += bytes
                .map_err(|reason| io::Error::other(format!("{}: {value} {reason}", column.name)))?;
        }
        let rows = self.buffers.first().map_or(0, |buffer| buffer.levels.len());
        match rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.bytes = 0;
        if self.buffers.iter().all(|buffer| buffer.levels.is_empty()) {
            return Ok(());
        }
        let mut group = self.file.next_row_group().map_err(told)?;
        for buffer in &mut self.buffers {
            buffer.write(&mut group).map_err(told)?;
        }
        group.close().map_err(told)?;
        Ok(())
    }

    /// Ends the file.
    pub fn end(mut self) -> io::Result<W> {
        self.flush()?;
        self.file.into_inner().map_err(told)
    }
}

/// What a column holds, as Parquet says it. A value may be missing from any of them.
fn typed(column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical) = match column.kind {
        FieldKind::Bool => (Physical::BOOLEAN, None),
        FieldKind::Long => (Physical::INT64, None),
        FieldKind::Decimal => (
            Physical::FIXED_LEN_BYTE_ARRAY,
            Some(LogicalType::decimal(scale(column) as i32, DIGITS as i32)),
        ),
        FieldKind::Timestamp => {
            (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::NANOS)))
        }
        FieldKind::Date => (Physical::INT32, Some(LogicalType::Date)),
        FieldKind::List(_) | FieldKind::Map(_) | FieldKind::Record(_) | FieldKind::Bytes => {
            (Physical::BYTE_ARRAY, Some(LogicalType::Json))
        }
        _ => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    let mut field = Type::primitive_type_builder(&column.title, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    if column.kind == FieldKind::Decimal {
        field = field.with_length(DECIMAL_BYTES);
        field = field.with_precision(DIGITS as i32).with_scale(scale(column) as i32);
    }
    field.build()
}

/// Places behind the point.
fn scale(column: &Column) -> u32 {
    column.decimals.unwrap_or(model::SCALE)
}

impl Buffer {
    fn of(column: &Column) -> Self {
        let values = match column.kind {
            FieldKind::Bool => Values::Bools(Vec::new()),
            FieldKind::Long | FieldKind::Timestamp => Values::Longs(Vec::new()),
            FieldKind::Date => Values::Days(Vec::new()),
            FieldKind::Decimal => Values::Decimals(Vec::new()),
            _ => Values::Texts(Vec::new()),
        };
        Self { levels: Vec::new(), values }
    }

    /// Adds a value, and says how many bytes of text it has.
    fn add(&mut self, column: &Column, value: &Value) -> Result<usize, String> {
        if value.is_null() {
            self.levels.push(0);
            return Ok(0);
        }
        let text = || value.as_str().ok_or("is no text");
        let mut bytes = 0;
        match &mut self.values {
            Values::Bools(bools) => bools.push(value.as_bool().ok_or("is neither true nor false")?),
            Values::Longs(longs) if column.kind == FieldKind::Timestamp => {
                let time: Timestamp = text()?.parse().map_err(|_| "is no time")?;
                longs.push(time.0);
            }
            Values::Longs(longs) => longs.push(value.as_i64().ok_or("is no whole number")?),
            Values::Days(days) => {
                let date: Date = text()?.parse().map_err(|_| "is no day")?;
                days.push(date.0);
            }
            Values::Decimals(decimals) => {
                let number: Decimal = text()?.parse().map_err(|_| "is no decimal number")?;
                let number = column.decimals.map_or(number, |places| rounded(number, places));
                let scaled = scaled(number, scale(column));
                let scaled = scaled.ok_or("has more digits than a decimal of Parquet")?;
                decimals.push(scaled.to_be_bytes().to_vec().into());
            }
            Values::Texts(texts) => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                bytes = text.len();
                texts.push(text.into_bytes().into());
            }
        }
        self.levels.push(1);
        Ok(bytes)
    }

    fn write<W: Write + Send>(
        &mut self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<(), ParquetError> {
        let levels = std::mem::take(&mut self.levels);
        match &mut self.values {
            Values::Bools(values) => put::<BoolType, W>(group, &levels, values),
            Values::Longs(values) => put::<Int64Type, W>(group, &levels, values),
            Values::Days(values) => put::<Int32Type, W>(group, &levels, values),
            Values::Decimals(values) => put::<FixedLenByteArrayType, W>(group, &levels, values),
            Values::Texts(values) => put::<ByteArrayType, W>(group, &levels, values),
        }
    }
}

fn put<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    levels: &[i16],
    values: &mut Vec<T::T>,
) -> Result<(), ParquetError> {
    let missing = || ParquetError::General("a column is missing".to_owned());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column.typed::<T>().write_batch(values, Some(levels), None)?;
    values.clear();
    column.close()
}

/// A number in units of its last place.
fn scaled(number: Decimal, scale: u32) -> Option<i128> {
    let number = number.normalize();
    let factor = 10_i128.checked_pow(scale.checked_sub(number.scale())?)?;
    let scaled = number.mantissa().checked_mul(factor)?;
    (scaled.unsigned_abs() < 10_u128.pow(DIGITS)).then_some(scaled)
}

fn told(error: ParquetError) -> io::Error {
    io::Error::other(error.to_string())
}
