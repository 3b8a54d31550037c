//! The least that one trade can cost: the same JSON library, and the record written out by hand
//! for this one message and schema. Nothing is checked that need not be, nothing is allocated.

use anyhow::{Context, Result};
use model::{EventId, SCALE, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A trade on the stream, borrowed.
#[derive(Deserialize)]
pub struct Trade<'a> {
    #[serde(borrow)]
    pub i: &'a RawValue,
    #[serde(rename = "S")]
    pub symbol: &'a str,
    pub x: &'a str,
    pub p: &'a RawValue,
    pub s: &'a RawValue,
    pub t: &'a str,
    pub c: Vec<&'a str>,
    pub z: &'a str,
}

/// Reads a frame, and nothing else.
pub fn parse(frame: &[u8]) -> Result<Vec<Trade<'_>>> {
    Ok(serde_json::from_slice(frame)?)
}

/// Appends the framed record of a trade.
pub fn encode(
    trade: &Trade<'_>,
    schema_id: u32,
    received_time: i64,
    out: &mut Vec<u8>,
) -> Result<()> {
    let Trade { symbol, x, t, z, .. } = trade;
    let id = trade.i.get();
    let time: Timestamp = t.parse()?;
    let mut digits = [0; 20];
    let day = integer(time.date().0.unsigned_abs().into(), &mut digits);
    let event_id = EventId::of(&["alpaca", "trades", symbol, x, id, day, "original"]);
    out.push(0);
    out.extend_from_slice(&schema_id.to_be_bytes());
    text(&event_id.hex(), out);
    text(b"alpaca", out);
    long(time.0, out);
    long(received_time, out);
    long(symbol.len() as i64 + 3, out);
    out.extend_from_slice(symbol.as_bytes());
    out.extend_from_slice(b".US");
    text(symbol.as_bytes(), out);
    text(id.as_bytes(), out);
    out.push(2);
    text(x.as_bytes(), out);
    decimal(trade.p.get(), out).context("p")?;
    decimal(trade.s.get(), out).context("s")?;
    if !trade.c.is_empty() {
        long(trade.c.len() as i64, out);
        trade.c.iter().for_each(|condition| text(condition.as_bytes(), out));
    }
    out.push(0);
    out.push(2);
    text(z.as_bytes(), out);
    out.push(0);
    Ok(())
}

fn long(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn text(bytes: &[u8], out: &mut Vec<u8>) {
    long(bytes.len() as i64, out);
    out.extend_from_slice(bytes);
}

/// A number without a sign and an exponent.
fn decimal(text: &str, out: &mut Vec<u8>) -> Result<()> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let mut unscaled = 0i128;
    for byte in whole.bytes().chain(part.bytes()) {
        unscaled = unscaled * 10 + i128::from(byte.wrapping_sub(b'0'));
    }
    let places = u32::try_from(part.len()).ok().and_then(|part| SCALE.checked_sub(part));
    unscaled *= 10i128.pow(places.context("too many places")?);
    let length = 16 - (unscaled.leading_zeros() as usize - 1) / 8;
    long(length as i64, out);
    out.extend_from_slice(&unscaled.to_be_bytes()[16 - length..]);
    Ok(())
}

fn integer(mut value: u64, buffer: &mut [u8; 20]) -> &str {
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    std::str::from_utf8(&buffer[at..]).unwrap_or_default()
}
