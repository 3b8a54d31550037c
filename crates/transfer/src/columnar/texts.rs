//! A value of a Parquet file as text, without losing a digit.

use std::fmt::Write;

use model::{Date, Timestamp};
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::schema::types::ColumnDescriptor;

/// Places behind the point that a decimal may have.
const MAX_SCALE: i32 = 38;
/// Bytes of the largest decimal.
const MAX_DECIMAL_BYTES: usize = 16;
/// Days since 1970 that a calendar has.
const MAX_DAY: u32 = 2_900_000;
const NANOS_OF_DAY: i128 = 86_400_000_000_000;

/// What the values of a column stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Itself,
    Unsigned,
    Day,
    /// Nanoseconds of one unit, since midnight.
    Clock(i64),
    /// Nanoseconds of one unit, since 1970; by the clock of UTC or of somebody.
    Time {
        unit: i64,
        is_utc: bool,
    },
    /// Places behind the point.
    Decimal(u32),
    Text,
    Uuid,
}

impl Meaning {
    /// What a column says about its values.
    pub fn of(column: &ColumnDescriptor) -> Result<Self, String> {
        let scale = |scale: i32| match u32::try_from(scale).ok().filter(|_| scale <= MAX_SCALE) {
            Some(scale) => Ok(Self::Decimal(scale)),
            None => Err(format!("{scale} decimals are too many")),
        };
        if let Some(logical) = column.logical_type_ref() {
            return Ok(match logical {
                LogicalType::Decimal(decimal) => return scale(decimal.scale),
                LogicalType::Date => Self::Day,
                LogicalType::Time(time) => Self::Clock(nanos(&time.unit)),
                LogicalType::Timestamp(time) => {
                    Self::Time { unit: nanos(&time.unit), is_utc: time.is_adjusted_to_u_t_c }
                }
                LogicalType::Integer(integer) if !integer.is_signed => Self::Unsigned,
                LogicalType::String | LogicalType::Enum | LogicalType::Json => Self::Text,
                LogicalType::Uuid => Self::Uuid,
                _ => Self::Itself,
            });
        }
        Ok(match column.converted_type() {
            ConvertedType::DECIMAL => return scale(column.type_scale()),
            ConvertedType::DATE => Self::Day,
            ConvertedType::TIME_MILLIS => Self::Clock(1_000_000),
            ConvertedType::TIME_MICROS => Self::Clock(1_000),
            ConvertedType::TIMESTAMP_MILLIS => Self::Time { unit: 1_000_000, is_utc: true },
            ConvertedType::TIMESTAMP_MICROS => Self::Time { unit: 1_000, is_utc: true },
            ConvertedType::UINT_8
            | ConvertedType::UINT_16
            | ConvertedType::UINT_32
            | ConvertedType::UINT_64 => Self::Unsigned,
            ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON => Self::Text,
            _ if column.physical_type() == Type::INT96 => Self::Time { unit: 1, is_utc: true },
            _ => Self::Itself,
        })
    }
}

fn nanos(unit: &TimeUnit) -> i64 {
    match unit {
        TimeUnit::MILLIS => 1_000_000,
        TimeUnit::MICROS => 1_000,
        TimeUnit::NANOS => 1,
    }
}

/// A value that has a text.
pub(super) trait Written {
    /// Appends the text.
    fn write(&self, meaning: Meaning, out: &mut String) -> Result<(), String>;
}

impl Written for bool {
    fn write(&self, _: Meaning, out: &mut String) -> Result<(), String> {
        append(out, self)
    }
}

impl Written for i32 {
    fn write(&self, meaning: Meaning, out: &mut String) -> Result<(), String> {
        match meaning {
            Meaning::Unsigned => append(out, self.cast_unsigned()),
            meaning => i64::from(*self).write(meaning, out),
        }
    }
}

impl Written for i64 {
    fn write(&self, meaning: Meaning, out: &mut String) -> Result<(), String> {
        match meaning {
            Meaning::Unsigned => append(out, self.cast_unsigned()),
            Meaning::Day => {
                let day = i32::try_from(*self).ok().filter(|day| day.unsigned_abs() <= MAX_DAY);
                append(out, Date(day.ok_or_else(|| format!("day {self} is in no calendar"))?))
            }
            Meaning::Clock(unit) => clock(i128::from(*self) * i128::from(unit), out),
            Meaning::Time { unit, is_utc } => {
                time(i128::from(*self) * i128::from(unit), is_utc, out)
            }
            Meaning::Decimal(scale) => decimal(i128::from(*self), scale, out),
            Meaning::Itself | Meaning::Text | Meaning::Uuid => append(out, self),
        }
    }
}

impl Written for Int96 {
    /// A day of the Julian calendar and nanoseconds since its midnight, as old writers have it.
    fn write(&self, _: Meaning, out: &mut String) -> Result<(), String> {
        const FIRST_DAY: i128 = 2_440_588;
        let [low, high, day] = *self.data() else { return Err("not a time".to_owned()) };
        let nanos = i128::from((u64::from(high) << 32) | u64::from(low));
        time((i128::from(day) - FIRST_DAY) * NANOS_OF_DAY + nanos, true, out)
    }
}

impl Written for f32 {
    fn write(&self, _: Meaning, out: &mut String) -> Result<(), String> {
        append(out, self)
    }
}

impl Written for f64 {
    /// The shortest text that means this float: what somebody wrote who had few digits.
    fn write(&self, _: Meaning, out: &mut String) -> Result<(), String> {
        append(out, self)
    }
}

impl Written for ByteArray {
    fn write(&self, meaning: Meaning, out: &mut String) -> Result<(), String> {
        bytes(self.data(), meaning, out)
    }
}

impl Written for FixedLenByteArray {
    fn write(&self, meaning: Meaning, out: &mut String) -> Result<(), String> {
        bytes(self.data(), meaning, out)
    }
}

fn bytes(bytes: &[u8], meaning: Meaning, out: &mut String) -> Result<(), String> {
    match (meaning, std::str::from_utf8(bytes)) {
        (Meaning::Decimal(scale), _) => {
            let number = whole(bytes).ok_or("a decimal of too many bytes")?;
            decimal(number, scale, out)
        }
        (Meaning::Uuid, _) => {
            hex(bytes, out);
            Ok(())
        }
        (_, Ok(text)) => {
            out.push_str(text);
            Ok(())
        }
        (Meaning::Text, Err(_)) => Err("not UTF-8".to_owned()),
        (_, Err(_)) => {
            hex(bytes, out);
            Ok(())
        }
    }
}

/// A number of any length, its highest byte first.
fn whole(bytes: &[u8]) -> Option<i128> {
    let first = *bytes.first()?;
    if bytes.len() > MAX_DECIMAL_BYTES {
        return None;
    }
    let sign = if first & 0x80 == 0 { 0 } else { -1 };
    Some(bytes.iter().fold(sign, |number, byte| (number << 8) | i128::from(*byte)))
}

/// A decimal without the zeros at its end: with them it may have more digits than we carry.
fn decimal(number: i128, scale: u32, out: &mut String) -> Result<(), String> {
    let digits = number.unsigned_abs().to_string();
    let places = scale as usize;
    let padded = format!("{digits:0>width$}", width = places + 1);
    let (whole, decimals) = padded.split_at(padded.len() - places);
    let decimals = decimals.trim_end_matches('0');
    if number < 0 {
        out.push('-');
    }
    out.push_str(whole);
    if !decimals.is_empty() {
        out.push('.');
        out.push_str(decimals);
    }
    Ok(())
}

fn time(nanos: i128, is_utc: bool, out: &mut String) -> Result<(), String> {
    let nanos = i64::try_from(nanos).map_err(|_| "a time beyond the year 2262".to_owned())?;
    let text = Timestamp(nanos).to_string();
    out.push_str(if is_utc { &text } else { text.trim_end_matches('Z') });
    Ok(())
}

fn clock(nanos: i128, out: &mut String) -> Result<(), String> {
    if !(0..NANOS_OF_DAY).contains(&nanos) {
        return Err("a time of no day".to_owned());
    }
    let midnight = i64::try_from(nanos).map_err(|_| "a time of no day".to_owned())?;
    let text = Timestamp(midnight).to_string();
    let (_, time) = text.split_once('T').unwrap_or_default();
    out.push_str(time.trim_end_matches('Z'));
    Ok(())
}

fn hex(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        let _ = write!(out, "{byte:02x}"); // a text takes all of it
    }
}

fn append(out: &mut String, value: impl std::fmt::Display) -> Result<(), String> {
    write!(out, "{value}").map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn check(value: impl Written, meaning: Meaning, expected: &str) {
        let mut text = String::new();
        value.write(meaning, &mut text).unwrap();
        assert_eq!(text, expected);
    }

    #[test]
    fn values_have_the_text_that_they_stand_for() {
        check(-1390, Meaning::Decimal(2), "-13.9");
        check(5_i64, Meaning::Decimal(3), "0.005");
        check(700_i64, Meaning::Decimal(2), "7");
        check(i64::MIN, Meaning::Decimal(0), "-9223372036854775808");
        check(ByteArray::from(vec![0xff, 0x38]), Meaning::Decimal(1), "-20");
        let most = FixedLenByteArray::from(vec![0x7f; 16]);
        check(most, Meaning::Decimal(38), "1.69473963133173273960190490760135540607");
        check(-1, Meaning::Unsigned, "4294967295");
        check(16_000, Meaning::Day, "2013-10-22");
        let utc = Meaning::Time { unit: 1_000_000, is_utc: true };
        check(1_381_154_400_123_i64, utc, "2013-10-07T14:00:00.123Z");
        let local = Meaning::Time { unit: 1, is_utc: false };
        check(1_381_154_400_000_000_001_i64, local, "2013-10-07T14:00:00.000000001");
        check(3_600_000, Meaning::Clock(1_000_000), "01:00:00");
        check(13.9, Meaning::Itself, "13.9");
        check(0.1_f32, Meaning::Itself, "0.1");
        check(true, Meaning::Itself, "true");
        check(ByteArray::from("MÜV"), Meaning::Text, "MÜV");
        check(ByteArray::from(vec![0xff, 0x00]), Meaning::Itself, "ff00");
    }

    #[test]
    fn what_stands_for_nothing_is_refused() {
        let mut text = String::new();
        let utc = Meaning::Time { unit: 1_000_000, is_utc: true };
        assert!(i64::MAX.write(utc, &mut text).is_err());
        assert!(i32::MAX.write(Meaning::Day, &mut text).is_err());
        assert!((-1).write(Meaning::Clock(1), &mut text).is_err());
        assert!(ByteArray::from(vec![1; 17]).write(Meaning::Decimal(0), &mut text).is_err());
        assert!(ByteArray::from(vec![0xff]).write(Meaning::Text, &mut text).is_err());
    }
}
