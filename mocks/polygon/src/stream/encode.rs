//! Messages of the streams, written straight into the frame: nothing else is done per message.

use mockkit::market::{Price, Quote, Trade, write_integer};
use mockkit::time::{self, MINUTE, SECOND};

use super::clusters::{Channel, Cluster};
use crate::instruments::{Instrument, Scale};
use crate::numbering;
use crate::tape::{Bar, Event, Kind};
use crate::timeline::Span;
use crate::venues::{self, Conditions, lots};

const MILLISECOND: i64 = 1_000_000;
const MICROSECOND: i64 = 1_000;

/// How far a price may move before trading pauses, in percent of the last minute's close.
const BAND_PERCENT: i64 = 5;

/// What is being told, and of whom.
pub struct Message<'a> {
    pub cluster: Cluster,
    pub channel: Channel,
    pub instrument: &'a Instrument,
    pub listing: usize,
    pub scale: Scale,
    pub span: &'a Span,
    pub event: Event,
    /// The newer members too.
    pub newer: bool,
}

impl Message<'_> {
    /// Appends the message; false if there is nothing to tell.
    pub fn write(&self, out: &mut Vec<u8>) -> bool {
        let index = self.event.index as usize;
        let tape = &self.span.tape;
        match (self.channel, self.event.kind) {
            (Channel::Trade, Kind::Trade) => {
                let trade = &tape.trades(self.listing)[index];
                match self.cluster {
                    Cluster::Crypto => self.crypto_trade(out, trade, index),
                    _ => self.trade(out, trade, index),
                }
            }
            (Channel::Value, Kind::Trade) => {
                let trade = &tape.trades(self.listing)[index];
                self.begin(out);
                member_price(out, b",\"val\":", self.scale.price(trade.price));
                text(out, b",\"T\":\"", &self.instrument.symbol);
                self.millis(out, b",\"t\":", trade.time);
                out.push(b'}');
            }
            (Channel::Quote, Kind::Quote) => {
                let quote = &tape.quotes(self.listing)[index];
                match self.cluster {
                    Cluster::Forex => self.forex_quote(out, quote),
                    Cluster::Crypto => self.crypto_quote(out, quote),
                    _ => self.quote(out, quote, index),
                }
            }
            (Channel::Book, Kind::Quote) => self.book(out, &tape.quotes(self.listing)[index]),
            (Channel::Second, _) => {
                self.bar(out, &tape.tracks[self.listing].seconds[index], SECOND);
            }
            (Channel::Minute, _) => {
                self.bar(out, &tape.tracks[self.listing].minutes[index], MINUTE);
            }
            (Channel::Imbalance, _) => {
                return self.imbalance(out, &tape.tracks[self.listing].minutes[index]);
            }
            (Channel::Limits, _) => self.limits(out, &tape.tracks[self.listing].minutes[index]),
            (Channel::FairValue, _) => {
                self.value(out, b",\"fmv\":", &tape.tracks[self.listing].minutes[index]);
            }
            (Channel::LaunchValue, _) => {
                self.value(out, b",\"val\":", &tape.tracks[self.listing].minutes[index]);
            }
            _ => return false,
        }
        true
    }

    fn begin(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"ev\":\"");
        out.extend_from_slice(self.cluster.channel_name(self.channel).as_bytes());
        out.push(b'"');
    }

    fn millis(&self, out: &mut Vec<u8>, name: &[u8], tape_time: i64) {
        member(out, name, (tape_time + self.span.shift) / MILLISECOND);
    }

    fn trade(&self, out: &mut Vec<u8>, trade: &Trade, index: usize) {
        let number = numbering::trade(self.span, self.listing, index);
        self.begin(out);
        text(out, b",\"sym\":\"", &self.instrument.symbol);
        member(out, b",\"x\":", venues::venue(trade.venue).into());
        out.extend_from_slice(b",\"i\":\"");
        write_integer(out, number.id);
        out.extend_from_slice(b"\",\"z\":");
        out.push(b'0' + self.instrument.tape_number());
        member_price(out, b",\"p\":", self.scale.price(trade.price));
        member(out, b",\"s\":", trade.size.into());
        if self.newer {
            out.extend_from_slice(b",\"ds\":\"");
            write_integer(out, trade.size.into());
            out.push(b'"');
        }
        let conditions = Conditions::of(trade);
        if let Some((first, rest)) = conditions.numbers().split_first() {
            member(out, b",\"c\":[", (*first).into());
            for number in rest {
                member(out, b",", (*number).into());
            }
            out.push(b']');
        }
        self.millis(out, b",\"t\":", trade.time);
        member(out, b",\"q\":", number.sequence.cast_signed());
        if venues::is_off_exchange(trade) {
            member(out, b",\"trfi\":", venues::TRF.into());
            self.millis(out, b",\"trft\":", number.reported - self.span.shift);
        }
        if self.newer {
            self.millis(out, b",\"pt\":", number.participant - self.span.shift);
        }
        out.push(b'}');
    }

    fn quote(&self, out: &mut Vec<u8>, quote: &Quote, index: usize) {
        let number = numbering::quote(self.span, self.listing, index);
        self.begin(out);
        text(out, b",\"sym\":\"", &self.instrument.symbol);
        member(out, b",\"bx\":", venues::venue(quote.bid_venue).into());
        member_price(out, b",\"bp\":", self.scale.price(quote.bid));
        member(out, b",\"bs\":", lots(quote.bid_size).into());
        member(out, b",\"ax\":", venues::venue(quote.ask_venue).into());
        member_price(out, b",\"ap\":", self.scale.price(quote.ask));
        member(out, b",\"as\":", lots(quote.ask_size).into());
        member(out, b",\"c\":", numbering::QUOTE_CONDITION);
        if let Some(indicator) = number.indicator {
            member(out, b",\"i\":[", indicator);
            out.push(b']');
        }
        self.millis(out, b",\"t\":", quote.time);
        member(out, b",\"q\":", number.sequence.cast_signed());
        out.extend_from_slice(b",\"z\":");
        out.push(b'0' + self.instrument.tape_number());
        out.push(b'}');
    }

    fn forex_quote(&self, out: &mut Vec<u8>, quote: &Quote) {
        self.begin(out);
        self.pair(out, b",\"p\":\"", b'/');
        member(out, b",\"x\":", numbering::FOREX_VENUE);
        member_price(out, b",\"a\":", self.scale.price(quote.ask));
        member_price(out, b",\"b\":", self.scale.price(quote.bid));
        self.millis(out, b",\"t\":", quote.time);
        out.push(b'}');
    }

    fn crypto_trade(&self, out: &mut Vec<u8>, trade: &Trade, index: usize) {
        let number = numbering::trade(self.span, self.listing, index);
        self.begin(out);
        self.pair(out, b",\"pair\":\"", b'-');
        member_price(out, b",\"p\":", self.scale.price(trade.price));
        self.millis(out, b",\"t\":", trade.time);
        coins(out, b",\"s\":", trade.size);
        member(out, b",\"c\":[", numbering::crypto_side(index));
        out.extend_from_slice(b"],\"i\":\"");
        write_integer(out, number.id);
        out.push(b'"');
        member(out, b",\"x\":", numbering::CRYPTO_VENUE);
        self.millis(out, b",\"r\":", trade.time + 3 * MILLISECOND);
        out.push(b'}');
    }

    fn crypto_quote(&self, out: &mut Vec<u8>, quote: &Quote) {
        self.begin(out);
        self.pair(out, b",\"pair\":\"", b'-');
        member_price(out, b",\"bp\":", self.scale.price(quote.bid));
        coins(out, b",\"bs\":", quote.bid_size);
        member_price(out, b",\"ap\":", self.scale.price(quote.ask));
        coins(out, b",\"as\":", quote.ask_size);
        self.millis(out, b",\"t\":", quote.time);
        member(out, b",\"x\":", numbering::CRYPTO_VENUE);
        self.millis(out, b",\"r\":", quote.time + 3 * MILLISECOND);
        out.push(b'}');
    }

    /// The best bid and ask, and one level behind each.
    fn book(&self, out: &mut Vec<u8>, quote: &Quote) {
        let (bid, ask) = (self.scale.price(quote.bid), self.scale.price(quote.ask));
        let tick = 100;
        self.begin(out);
        self.pair(out, b",\"pair\":\"", b'-');
        self.millis(out, b",\"t\":", quote.time);
        self.millis(out, b",\"r\":", quote.time + 3 * MILLISECOND);
        member(out, b",\"x\":", numbering::CRYPTO_VENUE);
        member_price(out, b",\"b\":[[", bid);
        coins(out, b",", quote.bid_size);
        member_price(out, b"],[", Price((bid.0 - tick).max(1)));
        coins(out, b",", quote.bid_size * 2);
        member_price(out, b"]],\"a\":[[", ask);
        coins(out, b",", quote.ask_size);
        member_price(out, b"],[", Price(ask.0 + tick));
        coins(out, b",", quote.ask_size * 2);
        out.extend_from_slice(b"]]}");
    }

    fn bar(&self, out: &mut Vec<u8>, bar: &Bar, length: i64) {
        let bar_shown = self.scale.bar(*bar);
        let is_pair = matches!(self.cluster, Cluster::Forex | Cluster::Crypto);
        let has_volume = self.cluster != Cluster::Indices;
        self.begin(out);
        if is_pair {
            let joint = if self.cluster == Cluster::Forex { b'/' } else { b'-' };
            self.pair(out, b",\"pair\":\"", joint);
        } else {
            text(out, b",\"sym\":\"", &self.instrument.symbol);
        }
        if has_volume {
            member(out, b",\"v\":", bar.volume.cast_signed());
        }
        if has_volume && !is_pair {
            if self.newer {
                quoted(out, b",\"dv\":\"", bar.volume);
            }
            member(out, b",\"av\":", bar.day_volume.cast_signed());
            if self.newer {
                quoted(out, b",\"dav\":\"", bar.day_volume);
            }
        }
        let open = self.span.tape.tracks[self.listing].open;
        if let Some((_, price)) = open.filter(|(time, _)| !is_pair && *time < bar.time + length) {
            member_price(out, b",\"op\":", self.scale.price(price));
        }
        if has_volume && self.cluster != Cluster::Forex {
            member_price(out, b",\"vw\":", bar_shown.vwap);
        }
        member_price(out, b",\"o\":", bar_shown.open);
        member_price(out, b",\"c\":", bar_shown.close);
        member_price(out, b",\"h\":", bar_shown.high);
        member_price(out, b",\"l\":", bar_shown.low);
        if has_volume && !is_pair {
            member_price(out, b",\"a\":", bar_shown.day_vwap);
        }
        if has_volume && self.cluster != Cluster::Forex {
            let average = bar.volume / u64::from(bar.trades.max(1));
            member(out, b",\"z\":", average.cast_signed());
        }
        self.millis(out, b",\"s\":", bar.time);
        self.millis(out, b",\"e\":", bar.time + length);
        out.push(b'}');
    }

    /// Where trading would pause; its time is in microseconds, as in the vendor's example.
    fn limits(&self, out: &mut Vec<u8>, bar: &Bar) {
        let close = self.scale.price(bar.close);
        let band = (close.0 * BAND_PERCENT / 100).max(1);
        self.begin(out);
        text(out, b",\"T\":\"", &self.instrument.symbol);
        member_price(out, b",\"h\":", Price(close.0 + band));
        member_price(out, b",\"l\":", Price((close.0 - band).max(1)));
        out.extend_from_slice(b",\"i\":[21],\"z\":");
        out.push(b'0' + self.instrument.tape_number());
        member(out, b",\"t\":", (bar.time + MINUTE + self.span.shift) / MICROSECOND);
        let sequence = u64::from(self.span.lap) * 1_440 + u64::from(self.event.index) + 1;
        member(out, b",\"q\":", sequence.cast_signed());
        out.push(b'}');
    }

    /// In the minutes before the opening and the closing auction.
    fn imbalance(&self, out: &mut Vec<u8>, bar: &Bar) -> bool {
        let clock = time::new_york_time(bar.time);
        let minute = i64::from(clock.hour()) * 60 + i64::from(clock.minute());
        let (auction, kind) = match minute {
            568..570 => (930, b'M'),
            950..960 => (1600, b'C'),
            _ => return false,
        };
        let volume = i64::try_from(bar.volume).unwrap_or(i64::MAX);
        self.begin(out);
        text(out, b",\"T\":\"", &self.instrument.symbol);
        member(out, b",\"t\":", bar.time + MINUTE + self.span.shift);
        member(out, b",\"at\":", auction);
        out.extend_from_slice(b",\"a\":\"");
        out.push(kind);
        out.push(b'"');
        member(out, b",\"i\":", i64::from(self.event.index) + 1);
        member(out, b",\"x\":", venues::venue(self.instrument.venue).into());
        member(out, b",\"o\":", volume / 7);
        member(out, b",\"p\":", volume);
        member_price(out, b",\"b\":", self.scale.price(bar.close));
        out.push(b'}');
        true
    }

    /// Fair market value in nanoseconds, launchpad's in milliseconds.
    fn value(&self, out: &mut Vec<u8>, name: &[u8], bar: &Bar) {
        self.begin(out);
        member_price(out, name, self.scale.price(bar.close));
        text(out, b",\"sym\":\"", &self.instrument.symbol);
        let told = bar.time + MINUTE + self.span.shift;
        let unit = if self.channel == Channel::FairValue { 1 } else { MILLISECOND };
        member(out, b",\"t\":", told / unit);
        out.push(b'}');
    }

    fn pair(&self, out: &mut Vec<u8>, name: &[u8], joint: u8) {
        out.extend_from_slice(name);
        if let Some((base, quote)) = self.instrument.pair() {
            out.extend_from_slice(base.as_bytes());
            out.push(joint);
            out.extend_from_slice(quote.as_bytes());
        }
        out.push(b'"');
    }
}

fn member(out: &mut Vec<u8>, name: &[u8], value: i64) {
    out.extend_from_slice(name);
    if value < 0 {
        out.push(b'-');
    }
    write_integer(out, value.unsigned_abs());
}

fn member_price(out: &mut Vec<u8>, name: &[u8], price: Price) {
    out.extend_from_slice(name);
    price.write(out);
}

/// Symbols have no character that JSON would escape.
fn text(out: &mut Vec<u8>, name: &[u8], text: &str) {
    out.extend_from_slice(name);
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn quoted(out: &mut Vec<u8>, name: &[u8], value: u64) {
    out.extend_from_slice(name);
    write_integer(out, value);
    out.push(b'"');
}

/// A made-up fraction of a coin.
fn coins(out: &mut Vec<u8>, name: &[u8], size: u32) {
    member_price(out, name, numbering::coins(size));
}
