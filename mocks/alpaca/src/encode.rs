//! Data points as Alpaca writes them: JSON for REST and streams, MessagePack for streams. Nothing
//! here allocates beyond the buffer it writes to, and no price goes through a float on its way to
//! JSON.

use mockkit::market::{Price, Quote, Trade, marks, write_integer};
use mockkit::time::{self, SECOND};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

/// MessagePack's own type for timestamps.
const TIMESTAMP: i8 = -1;

/// A bar over any period, raw or adjusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Start of the period.
    pub time: i64,
    pub open: Decimal,
    pub high: Decimal,
    pub low: Decimal,
    pub close: Decimal,
    pub volume: u64,
    pub trades: u64,
    pub vwap: Decimal,
}

/// Which of the three messages about bars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarKind {
    Minute,
    Updated,
    Daily,
}

impl BarKind {
    pub fn letter(self) -> &'static str {
        match self {
            BarKind::Minute => "b",
            BarKind::Updated => "u",
            BarKind::Daily => "d",
        }
    }
}

impl From<&mockkit::market::Bar> for Bar {
    fn from(bar: &mockkit::market::Bar) -> Bar {
        Bar {
            time: bar.time,
            open: bar.open.decimal(),
            high: bar.high.decimal(),
            low: bar.low.decimal(),
            close: bar.close.decimal(),
            volume: bar.volume,
            trades: bar.trades.into(),
            vwap: bar.vwap,
        }
    }
}

/// Sale conditions in the letters of the consolidated tape.
fn conditions(trade: &Trade, tape: char) -> impl Iterator<Item = char> {
    const LETTERS: [(u8, char); 6] = [
        (marks::SWEEP, 'F'),
        (marks::EXTENDED_HOURS, 'T'),
        (marks::OPENING, 'O'),
        (marks::CLOSING, '6'),
        (marks::OFFICIAL_OPEN, 'Q'),
        (marks::OFFICIAL_CLOSE, 'M'),
    ];
    let regular = if tape == 'C' { '@' } else { ' ' };
    let marks = trade.marks;
    let odd_lot = (trade.size < 100).then_some('I');
    std::iter::once(regular)
        .chain(LETTERS.into_iter().filter(move |(mark, _)| marks & mark != 0).map(|(_, c)| c))
        .chain(odd_lot)
}

pub mod json {
    use super::*;

    /// As in `/v2/stocks/trades`.
    pub fn trade(out: &mut Vec<u8>, trade: &Trade, tape: char) {
        out.extend_from_slice(b"{\"t\":\"");
        time::write_utc(out, trade.time);
        out.extend_from_slice(b"\",");
        trade_body(out, trade);
        out.extend_from_slice(b",\"c\":[");
        write_conditions(out, trade, tape);
        out.extend_from_slice(b"],\"i\":");
        write_integer(out, trade.id);
        close_with_tape(out, tape);
    }

    /// As in `/v2/stocks/quotes`.
    pub fn quote(out: &mut Vec<u8>, quote: &Quote, tape: char) {
        out.extend_from_slice(b"{\"t\":\"");
        time::write_utc(out, quote.time);
        out.extend_from_slice(b"\",");
        ask(out, quote);
        out.push(b',');
        bid(out, quote);
        out.extend_from_slice(b",\"c\":[\"R\"]");
        close_with_tape(out, tape);
    }

    /// As in `/v2/stocks/bars`.
    pub fn bar(out: &mut Vec<u8>, bar: &Bar) {
        out.extend_from_slice(b"{\"t\":\"");
        time::write_utc(out, bar.time);
        out.extend_from_slice(b"\",");
        bar_body(out, bar);
        out.push(b'}');
    }

    pub fn stream_trade(out: &mut Vec<u8>, symbol: &str, trade: &Trade, tape: char) {
        out.extend_from_slice(b"{\"T\":\"t\",\"i\":");
        write_integer(out, trade.id);
        out.extend_from_slice(b",\"S\":\"");
        out.extend_from_slice(symbol.as_bytes());
        out.extend_from_slice(b"\",");
        trade_body(out, trade);
        out.extend_from_slice(b",\"t\":\"");
        time::write_utc(out, trade.time);
        out.extend_from_slice(b"\",\"c\":[");
        write_conditions(out, trade, tape);
        out.push(b']');
        close_with_tape(out, tape);
    }

    pub fn stream_quote(out: &mut Vec<u8>, symbol: &str, quote: &Quote, tape: char) {
        out.extend_from_slice(b"{\"T\":\"q\",\"S\":\"");
        out.extend_from_slice(symbol.as_bytes());
        out.extend_from_slice(b"\",");
        bid(out, quote);
        out.push(b',');
        ask(out, quote);
        out.extend_from_slice(b",\"t\":\"");
        time::write_utc(out, quote.time);
        out.extend_from_slice(b"\",\"c\":[\"R\"]");
        close_with_tape(out, tape);
    }

    pub fn stream_bar(out: &mut Vec<u8>, symbol: &str, kind: BarKind, bar: &Bar) {
        out.extend_from_slice(b"{\"T\":\"");
        out.extend_from_slice(kind.letter().as_bytes());
        out.extend_from_slice(b"\",\"S\":\"");
        out.extend_from_slice(symbol.as_bytes());
        out.extend_from_slice(b"\",");
        bar_body(out, bar);
        out.extend_from_slice(b",\"t\":\"");
        time::write_utc(out, bar.time);
        out.extend_from_slice(b"\"}");
    }

    fn trade_body(out: &mut Vec<u8>, trade: &Trade) {
        letter(out, b"\"x\":\"", trade.venue);
        price(out, b",\"p\":", trade.price);
        out.extend_from_slice(b",\"s\":");
        write_integer(out, trade.size.into());
    }

    fn bid(out: &mut Vec<u8>, quote: &Quote) {
        letter(out, b"\"bx\":\"", quote.bid_venue);
        price(out, b",\"bp\":", quote.bid);
        out.extend_from_slice(b",\"bs\":");
        write_integer(out, quote.bid_size.into());
    }

    fn ask(out: &mut Vec<u8>, quote: &Quote) {
        letter(out, b"\"ax\":\"", quote.ask_venue);
        price(out, b",\"ap\":", quote.ask);
        out.extend_from_slice(b",\"as\":");
        write_integer(out, quote.ask_size.into());
    }

    fn bar_body(out: &mut Vec<u8>, bar: &Bar) {
        decimal(out, b"\"o\":", bar.open);
        decimal(out, b",\"h\":", bar.high);
        decimal(out, b",\"l\":", bar.low);
        decimal(out, b",\"c\":", bar.close);
        out.extend_from_slice(b",\"v\":");
        write_integer(out, bar.volume);
        out.extend_from_slice(b",\"n\":");
        write_integer(out, bar.trades);
        decimal(out, b",\"vw\":", bar.vwap);
    }

    fn write_conditions(out: &mut Vec<u8>, trade: &Trade, tape: char) {
        for (place, condition) in conditions(trade, tape).enumerate() {
            if place > 0 {
                out.push(b',');
            }
            letter(out, b"\"", condition);
        }
    }

    fn close_with_tape(out: &mut Vec<u8>, tape: char) {
        letter(out, b",\"z\":\"", tape);
        out.push(b'}');
    }

    /// All letters of venues, tapes and conditions are ASCII.
    fn letter(out: &mut Vec<u8>, name: &[u8], letter: char) {
        out.extend_from_slice(name);
        out.push(u8::try_from(letter).unwrap_or(b' '));
        out.push(b'"');
    }

    fn price(out: &mut Vec<u8>, name: &[u8], price: Price) {
        out.extend_from_slice(name);
        price.write(out);
    }

    fn decimal(out: &mut Vec<u8>, name: &[u8], value: Decimal) {
        out.extend_from_slice(name);
        out.extend_from_slice(value.normalize().to_string().as_bytes());
    }
}

/// Maps with `T` as their first key, as the Go client wants it. Writing to a `Vec` cannot fail, so
/// results are dropped.
pub mod msgpack {
    use rmp::encode::{
        write_array_len, write_bool, write_ext_meta, write_f64, write_map_len, write_nil,
        write_sint, write_str, write_uint,
    };
    use serde_json::Value;

    use super::*;

    pub fn array(out: &mut Vec<u8>, length: usize) {
        let _ = write_array_len(out, u32::try_from(length).unwrap_or(u32::MAX));
    }

    pub fn trade(out: &mut Vec<u8>, symbol: &str, trade: &Trade, tape: char) {
        map(out, 9, "t");
        key(out, "i");
        let _ = write_uint(out, trade.id);
        text(out, "S", symbol);
        letter(out, "x", trade.venue);
        double(out, "p", trade.price.double());
        integer(out, "s", trade.size.into());
        timestamp(out, "t", trade.time);
        key(out, "c");
        let mut buffer = [0; 4];
        array(out, conditions(trade, tape).count());
        for condition in conditions(trade, tape) {
            let _ = write_str(out, condition.encode_utf8(&mut buffer));
        }
        letter(out, "z", tape);
    }

    pub fn quote(out: &mut Vec<u8>, symbol: &str, quote: &Quote, tape: char) {
        map(out, 11, "q");
        text(out, "S", symbol);
        letter(out, "bx", quote.bid_venue);
        double(out, "bp", quote.bid.double());
        integer(out, "bs", quote.bid_size.into());
        letter(out, "ax", quote.ask_venue);
        double(out, "ap", quote.ask.double());
        integer(out, "as", quote.ask_size.into());
        timestamp(out, "t", quote.time);
        key(out, "c");
        array(out, 1);
        let _ = write_str(out, "R");
        letter(out, "z", tape);
    }

    pub fn bar(out: &mut Vec<u8>, symbol: &str, kind: BarKind, bar: &Bar) {
        map(out, 10, kind.letter());
        text(out, "S", symbol);
        for (name, value) in [("o", bar.open), ("h", bar.high), ("l", bar.low), ("c", bar.close)] {
            double(out, name, nearest(value));
        }
        integer(out, "v", bar.volume);
        integer(out, "n", bar.trades);
        double(out, "vw", nearest(bar.vwap));
        timestamp(out, "t", bar.time);
    }

    /// Control messages, news and the like: times become timestamps.
    pub fn value(out: &mut Vec<u8>, message: &Value) {
        match message {
            Value::Null => drop(write_nil(out)),
            Value::Bool(value) => drop(write_bool(out, *value)),
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => drop(write_sint(out, integer)),
                (None, float) => drop(write_f64(out, float.unwrap_or_default())),
            },
            Value::String(text) => drop(write_str(out, text)),
            Value::Array(items) => {
                array(out, items.len());
                for item in items {
                    value(out, item);
                }
            }
            Value::Object(fields) => {
                let _ = write_map_len(out, u32::try_from(fields.len()).unwrap_or(u32::MAX));
                // `T` is a capital letter, so it sorts first.
                for (name, field) in fields {
                    match (name.as_str(), field.as_str().map(time::parse)) {
                        ("t" | "created_at" | "updated_at", Some(Ok(time))) => {
                            timestamp(out, name, time)
                        }
                        _ => {
                            key(out, name);
                            value(out, field);
                        }
                    }
                }
            }
        }
    }

    fn map(out: &mut Vec<u8>, fields: u32, kind: &str) {
        let _ = write_map_len(out, fields);
        text(out, "T", kind);
    }

    fn key(out: &mut Vec<u8>, name: &str) {
        let _ = write_str(out, name);
    }

    fn text(out: &mut Vec<u8>, name: &str, value: &str) {
        key(out, name);
        let _ = write_str(out, value);
    }

    fn letter(out: &mut Vec<u8>, name: &str, letter: char) {
        text(out, name, letter.encode_utf8(&mut [0; 4]));
    }

    fn integer(out: &mut Vec<u8>, name: &str, value: u64) {
        key(out, name);
        let _ = write_uint(out, value);
    }

    fn double(out: &mut Vec<u8>, name: &str, value: f64) {
        key(out, name);
        let _ = write_f64(out, value);
    }

    /// The shortest of the three layouts that holds the time.
    fn timestamp(out: &mut Vec<u8>, name: &str, time: i64) {
        key(out, name);
        let (seconds, fraction) = (time.div_euclid(SECOND), time.rem_euclid(SECOND));
        // The fraction is less than 2^30.
        let fraction = u32::try_from(fraction).unwrap_or(0);
        match (u32::try_from(seconds), u64::try_from(seconds)) {
            (Ok(seconds), _) if fraction == 0 => {
                let _ = write_ext_meta(out, 4, TIMESTAMP);
                out.extend_from_slice(&seconds.to_be_bytes());
            }
            (_, Ok(seconds)) if seconds >> 34 == 0 => {
                let _ = write_ext_meta(out, 8, TIMESTAMP);
                out.extend_from_slice(&(u64::from(fraction) << 34 | seconds).to_be_bytes());
            }
            _ => {
                let _ = write_ext_meta(out, 12, TIMESTAMP);
                out.extend_from_slice(&fraction.to_be_bytes());
                out.extend_from_slice(&seconds.to_be_bytes());
            }
        }
    }

    fn nearest(value: Decimal) -> f64 {
        // Mantissa and power of ten are exact doubles here, so the division rounds once.
        let mantissa = value.mantissa().to_f64().unwrap_or_default();
        mantissa / 10_f64.powi(i32::try_from(value.scale()).unwrap_or(0))
    }
}
