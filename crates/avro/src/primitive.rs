//! The binary form of the values that events are made of.

use std::collections::BTreeMap;

use model::{Date, Decimal, EventId, Head, InstrumentId, SCALE, Text, Timestamp};

use crate::{DecodeError, EncodeError};

/// Longest array or map that is read; no event comes near it.
const MAX_ITEMS: i64 = 1_000_000;

/// Appends the Avro binary form of a value.
pub trait Encode {
    /// Appends to `out`.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError>;
}

/// Reads the Avro binary form of a value.
pub trait Decode: Sized {
    /// Reads from the front of `input` and moves it on.
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError>;
}

/// Appends a zig-zag varint.
pub fn write_long(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Reads a zig-zag varint.
pub fn read_long(input: &mut &[u8]) -> Result<i64, DecodeError> {
    let mut value = 0u64;
    for (index, byte) in input.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (index * 7);
        if byte & 0x80 == 0 {
            *input = &input[index + 1..];
            return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    Err(DecodeError::bytes("the bytes end inside a number"))
}

fn read_bytes<'a>(input: &mut &'a [u8]) -> Result<&'a [u8], DecodeError> {
    let length = read_long(input)?;
    let length = usize::try_from(length).ok().filter(|n| *n <= input.len()).ok_or_else(|| {
        DecodeError::bytes(format!("{length} bytes announced, {} left", input.len()))
    })?;
    let (bytes, rest) = input.split_at(length);
    *input = rest;
    Ok(bytes)
}

fn read_str<'a>(input: &mut &'a [u8]) -> Result<&'a str, DecodeError> {
    std::str::from_utf8(read_bytes(input)?).map_err(|_| DecodeError::bytes("not UTF-8"))
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    write_long(bytes.len() as i64, out);
    out.extend_from_slice(bytes);
}

impl Encode for Text {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        write_bytes(self.as_bytes(), out);
        Ok(())
    }
}

impl Decode for Text {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(Text::from(read_str(input)?))
    }
}

impl Encode for EventId {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        write_bytes(&self.hex(), out);
        Ok(())
    }
}

impl Decode for EventId {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(EventId::from_text(read_str(input)?))
    }
}

impl Encode for InstrumentId {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        write_bytes(self.as_str().as_bytes(), out);
        Ok(())
    }
}

impl Decode for InstrumentId {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(InstrumentId::from(read_str(input)?))
    }
}

impl Encode for bool {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(u8::from(*self));
        Ok(())
    }
}

impl Decode for bool {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        match input.split_first() {
            Some((byte @ (0 | 1), rest)) => {
                *input = rest;
                Ok(*byte == 1)
            }
            Some((byte, _)) => Err(DecodeError::bytes(format!("{byte} is not a boolean"))),
            None => Err(DecodeError::bytes("the bytes end before a boolean")),
        }
    }
}

impl Encode for i64 {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        write_long(*self, out);
        Ok(())
    }
}

impl Decode for i64 {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        read_long(input)
    }
}

impl Encode for Timestamp {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        write_long(self.0, out);
        Ok(())
    }
}

impl Decode for Timestamp {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        read_long(input).map(Timestamp)
    }
}

impl Encode for Date {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        write_long(self.0.into(), out);
        Ok(())
    }
}

impl Decode for Date {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let days = read_long(input)?;
        i32::try_from(days).map(Date).map_err(|_| DecodeError::bytes(format!("{days} is no day")))
    }
}

impl Encode for Decimal {
    /// Two's complement at the schema's scale, in as few bytes as hold it.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let unscaled = SCALE
            .checked_sub(self.scale())
            .and_then(|places| 10i128.checked_pow(places))
            .and_then(|factor| self.mantissa().checked_mul(factor))
            .filter(|value| value.unsigned_abs() < 10u128.pow(38));
        let Some(unscaled) = unscaled else {
            return Err(EncodeError::Decimal { field: String::new(), value: self.to_string() });
        };
        let sign_bits =
            if unscaled < 0 { unscaled.leading_ones() } else { unscaled.leading_zeros() };
        let length = (16 - (sign_bits.max(1) as usize - 1) / 8).max(1);
        write_bytes(&unscaled.to_be_bytes()[16 - length..], out);
        Ok(())
    }
}

impl Decode for Decimal {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let bytes = read_bytes(input)?;
        if bytes.len() > 16 || bytes.is_empty() {
            return Err(DecodeError::bytes(format!("{} bytes are no decimal", bytes.len())));
        }
        let fill = if bytes[0] & 0x80 == 0 { 0 } else { 0xff };
        let mut wide = [fill; 16];
        wide[16 - bytes.len()..].copy_from_slice(bytes);
        let mut unscaled = i128::from_be_bytes(wide);
        let mut scale = SCALE;
        // Drop trailing zeros in ever smaller steps; most prices lose 14 or more at once.
        for (places, factor) in [(14, 100_000_000_000_000i128), (2, 100), (1, 10), (1, 10)] {
            while scale >= places && unscaled % factor == 0 && unscaled != 0 {
                unscaled /= factor;
                scale -= places;
            }
        }
        if unscaled == 0 {
            scale = 0;
        }
        Decimal::try_from_i128_with_scale(unscaled, scale)
            .map_err(|_| DecodeError::bytes("a decimal of more than 28 digits"))
    }
}

impl Encode for Vec<u8> {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        write_bytes(self, out);
        Ok(())
    }
}

impl Decode for Vec<u8> {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        read_bytes(input).map(<[u8]>::to_vec)
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            None => out.push(0),
            Some(value) => {
                out.push(2);
                value.encode(out)?;
            }
        }
        Ok(())
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        match read_long(input)? {
            0 => Ok(None),
            1 => T::decode(input).map(Some),
            other => Err(DecodeError::bytes(format!("the union has no branch {other}"))),
        }
    }
}

/// Elements of an Avro array. `Vec<u8>` is bytes, so arrays cannot be `Encode for Vec<T>`.
pub trait Element: Encode + Decode {}
impl Element for Text {}
impl Element for InstrumentId {}
impl Element for model::OrderLeg {}
impl Element for model::Sentiment {}

impl<T: Element> Encode for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if !self.is_empty() {
            write_long(self.len() as i64, out);
            for item in self {
                item.encode(out)?;
            }
        }
        out.push(0);
        Ok(())
    }
}

impl<T: Element> Decode for Vec<T> {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let mut items = Vec::new();
        read_blocks(input, |input| {
            items.push(T::decode(input)?);
            Ok(())
        })?;
        Ok(items)
    }
}

impl<T: Encode> Encode for BTreeMap<Text, T> {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if !self.is_empty() {
            write_long(self.len() as i64, out);
            for (key, value) in self {
                key.encode(out)?;
                value.encode(out)?;
            }
        }
        out.push(0);
        Ok(())
    }
}

impl<T: Decode> Decode for BTreeMap<Text, T> {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        let mut map = BTreeMap::new();
        read_blocks(input, |input| {
            let key = Text::decode(input)?;
            map.insert(key, T::decode(input)?);
            Ok(())
        })?;
        Ok(map)
    }
}

/// Reads the blocks of an array or a map. A negative count is followed by the block's size.
fn read_blocks(
    input: &mut &[u8],
    mut item: impl FnMut(&mut &[u8]) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let mut total = 0i64;
    loop {
        let mut count = read_long(input)?;
        if count == 0 {
            return Ok(());
        }
        if count < 0 {
            read_long(input)?;
            count = count.checked_neg().unwrap_or(i64::MAX);
        }
        total = total.saturating_add(count);
        if total > MAX_ITEMS {
            return Err(DecodeError::bytes(format!("{total} items announced")));
        }
        for _ in 0..count {
            item(input)?;
        }
    }
}

impl Decode for Head {
    fn decode(input: &mut &[u8]) -> Result<Self, DecodeError> {
        Ok(Head {
            event_id: Decode::decode(input).map_err(|e: DecodeError| e.at("event_id"))?,
            source: Decode::decode(input).map_err(|e: DecodeError| e.at("source"))?,
            event_time: Decode::decode(input).map_err(|e: DecodeError| e.at("event_time"))?,
            received_time: Decode::decode(input).map_err(|e: DecodeError| e.at("received_time"))?,
        })
    }
}
