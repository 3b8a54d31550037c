//! The least that one trade can cost: the same JSON library, and the record written out by hand
//! for this one message and schema. Nothing is checked that need not be, next to
//! nothing is allocated.

use anyhow::{Context, Result};
use model::{EventId, SCALE};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Hours that the session's day is behind UTC, as nanoseconds.
const BEHIND: i64 = 5 * 3_600_000_000_000;
const DAY: i64 = 86_400_000_000_000;

/// A trade on the stream, borrowed.
#[derive(Deserialize)]
pub struct Trade<'a> {
    pub sym: &'a str,
    #[serde(borrow)]
    pub x: &'a RawValue,
    pub i: &'a str,
    pub z: &'a RawValue,
    pub p: &'a RawValue,
    pub ds: &'a str,
    #[serde(default)]
    pub c: Vec<&'a RawValue>,
    pub t: i64,
    #[serde(default)]
    pub trfi: Option<&'a RawValue>,
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
    let symbol = trade.sym;
    let time = trade.t * 1_000_000;
    let mut digits = [0; 20];
    let day = integer(((time - BEHIND) / DAY).unsigned_abs(), &mut digits);
    let (venue, facility) = (trade.x.get(), trade.trfi.map_or("", RawValue::get));
    let instrument = [symbol, ".US"].concat();
    let id = ["polygon", "trades", &instrument, venue, facility, trade.i, day];
    out.push(0);
    out.extend_from_slice(&schema_id.to_be_bytes());
    text(&EventId::of(&id).hex(), out);
    text(b"polygon", out);
    long(time, out);
    long(received_time, out);
    text(instrument.as_bytes(), out);
    text(symbol.as_bytes(), out);
    text(trade.i.as_bytes(), out);
    out.push(2);
    text(mic(venue).as_bytes(), out);
    decimal(trade.p.get(), out).context("p")?;
    decimal(trade.ds, out).context("ds")?;
    if !trade.c.is_empty() {
        long(trade.c.len() as i64, out);
        trade.c.iter().for_each(|condition| text(condition.get().as_bytes(), out));
    }
    out.push(0);
    out.push(2);
    text(trade.z.get().as_bytes(), out);
    out.push(0);
    Ok(())
}

/// The venues that the mock's trades of BAC have.
fn mic(number: &str) -> &str {
    match number {
        "2" => "XBOS",
        "3" => "XCIS",
        "4" => "FINR",
        "7" => "EDGA",
        "8" => "EDGX",
        "9" => "XCHI",
        "10" => "XNYS",
        "11" => "ARCX",
        "12" => "XNAS",
        "16" => "CBSX",
        "17" => "XPHL",
        "18" => "BATY",
        "19" => "BATS",
        other => other,
    }
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
