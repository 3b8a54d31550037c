//! Trades and quotes, number by number what the streams told.

use mockkit::market::{Quote, Trade};
use mockkit::time;

use super::Ask;
use crate::instruments::{Class, Instrument, Scale};
use crate::json::{Json, map};
use crate::numbering;
use crate::query::{Order, times};
use crate::refusal::{Refusal, Result};
use crate::timeline::Span;
use crate::venues::{self, Conditions, lots};

const USUAL: usize = 1_000;
const MOST: usize = 50_000;

/// A run of rows on one date.
struct Piece {
    span: Span,
    rows: std::ops::Range<usize>,
}

/// One instrument's rows of one kind.
#[derive(Clone, Copy)]
struct Rows<'a> {
    instrument: &'a Instrument,
    listing: usize,
    scale: Scale,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Trades,
    Quotes,
}

impl Kind {
    /// Currencies have no trades, coins no quotes, indices neither.
    fn is_told_of(self, class: Class) -> bool {
        match class {
            Class::Stocks | Class::Options => true,
            Class::Crypto => self == Kind::Trades,
            Class::Fx => self == Kind::Quotes,
            Class::Indices => false,
        }
    }
}

pub fn trades(ask: &Ask) -> Result<Json> {
    page(ask, ask.argument(0), Kind::Trades)
}

pub fn quotes(ask: &Ask) -> Result<Json> {
    // Pairs of currencies have a dash here, and nowhere else.
    let symbol = ask.argument(0);
    let plain =
        if Class::of(symbol) == Class::Fx { symbol.replace('-', "") } else { symbol.into() };
    page(ask, &plain, Kind::Quotes)
}

/// The newer paths of options, whose rows carry their symbol.
pub fn option_trades(ask: &Ask) -> Result<Json> {
    of_option(ask, Kind::Trades)
}

pub fn option_quotes(ask: &Ask) -> Result<Json> {
    of_option(ask, Kind::Quotes)
}

fn of_option(ask: &Ask, kind: Kind) -> Result<Json> {
    let symbol = ask.argument(0);
    if ask.known(symbol)?.class != Class::Options {
        return Err(Refusal::no_option());
    }
    let mut answer = page(ask, symbol, kind)?;
    if let Json::Map(members) = &mut answer {
        for (name, value) in members {
            if let ("results", Json::List(rows)) = (name.as_ref(), value) {
                for row in rows {
                    *row = std::mem::replace(row, Json::Null).with("ticker", symbol);
                }
            }
        }
    }
    Ok(answer)
}

/// The last trade up to now, with the date it was on.
pub fn last_trade(ask: &Ask, instrument: &Instrument) -> Option<(Span, usize)> {
    last(ask, instrument, Kind::Trades)
}

pub fn last_quote(ask: &Ask, instrument: &Instrument) -> Option<(Span, usize)> {
    last(ask, instrument, Kind::Quotes)
}

fn last(ask: &Ask, instrument: &Instrument, kind: Kind) -> Option<(Span, usize)> {
    let (listing, scale) = instrument.tape?;
    let rows = Rows { instrument, listing, scale, kind };
    let timeline = &ask.core.timeline;
    let today = ask.today();
    // Four days back is before any weekend with a holiday.
    let from = today.saturating_sub(jiff::Span::new().days(5));
    timeline.dates(from, today).into_iter().rev().find_map(|date| {
        let span = timeline.span(date)?;
        let end = rows.known(&span, ask.now);
        end.checked_sub(1).map(|index| (span, index))
    })
}

fn page(ask: &Ask, symbol: &str, kind: Kind) -> Result<Json> {
    let limit = ask.query.limit(USUAL, MOST)?;
    // The client's own type for `sort` has nothing but directions.
    let usual = match ask.query.choice("sort", &["timestamp", "asc", "desc"])? {
        Some("asc") => Order::Ascending,
        _ => Order::Descending,
    };
    let order = ask.query.order("order", usual)?;
    let (mut from, mut to) = (i64::MIN, i64::MAX);
    for (op, text) in ask.query.filters("timestamp") {
        let (first, last) = times("timestamp", op, text, 1)?;
        (from, to) = (from.max(first), to.min(last));
    }
    let after = ask.query.after()?;
    let instrument = ask.instrument(symbol);
    let rows = instrument.and_then(|instrument| {
        let (listing, scale) = instrument.tape.filter(|_| kind.is_told_of(instrument.class))?;
        Some(Rows { instrument, listing, scale, kind })
    });
    let pieces = rows.map_or_else(Vec::new, |rows| rows.pieces(ask, from, to));
    let total: usize = pieces.iter().map(|piece| piece.rows.len()).sum();
    if after > total {
        return Err(Refusal::invalid("invalid cursor"));
    }
    let mut results = Vec::with_capacity(limit.min(total - after));
    if let Some(rows) = rows {
        take(&pieces, order, after, limit, |span, index| results.push(rows.row(span, index)));
    }
    let served = after + results.len();
    let answer = map([("results", Json::List(results))]);
    let answer = answer.with("status", ask.plan.status()).with("request_id", ask.request_id());
    Ok(answer.maybe("next_url", (served < total).then(|| ask.next_url(served))))
}

/// Walks over a page's rows in their order.
fn take(
    pieces: &[Piece],
    order: Order,
    after: usize,
    limit: usize,
    mut each: impl FnMut(&Span, usize),
) {
    let (mut skip, mut left) = (after, limit);
    let mut visit = |piece: &Piece| {
        let length = piece.rows.len();
        let passed = skip.min(length);
        skip -= passed;
        let count = left.min(length - passed);
        left -= count;
        for step in passed..passed + count {
            let index = match order {
                Order::Ascending => piece.rows.start + step,
                Order::Descending => piece.rows.end - 1 - step,
            };
            each(&piece.span, index);
        }
    };
    match order {
        Order::Ascending => pieces.iter().for_each(&mut visit),
        Order::Descending => pieces.iter().rev().for_each(&mut visit),
    }
}

impl Rows<'_> {
    /// Runs of rows between two times of the consolidated tape, oldest first.
    fn pieces(self, ask: &Ask, from: i64, to: i64) -> Vec<Piece> {
        let timeline = &ask.core.timeline;
        let to = to.min(ask.now.saturating_add(time::SECOND));
        if from > to {
            return Vec::new();
        }
        let first = time::new_york_date(from.max(0));
        let dates = timeline.dates(first, time::new_york_date(to));
        let pieces = dates.into_iter().filter_map(|date| {
            let span = timeline.span(date)?;
            let known = self.known(&span, ask.now);
            let length = self.length(&span);
            let at = |index: usize| self.time(&span, index);
            let start = partition(length, |index| at(index) < from);
            let end = partition(length, |index| at(index) <= to).min(known);
            (start < end).then_some(Piece { span, rows: start..end })
        });
        pieces.collect()
    }

    fn length(self, span: &Span) -> usize {
        match self.kind {
            Kind::Trades => span.tape.trades(self.listing).len(),
            Kind::Quotes => span.tape.quotes(self.listing).len(),
        }
    }

    /// How many of a date's rows have been told by now.
    fn known(self, span: &Span, now: i64) -> usize {
        let told = now - span.shift;
        match self.kind {
            Kind::Trades => {
                let trades = span.tape.trades(self.listing);
                trades.partition_point(|trade| trade.time <= told)
            }
            Kind::Quotes => {
                let quotes = span.tape.quotes(self.listing);
                quotes.partition_point(|quote| quote.time <= told)
            }
        }
    }

    fn time(self, span: &Span, index: usize) -> i64 {
        span.shift
            + match self.kind {
                Kind::Trades => span.tape.trade_time(self.listing, index),
                Kind::Quotes => span.tape.quote_time(self.listing, index),
            }
    }

    fn row(self, span: &Span, index: usize) -> Json {
        match (self.kind, self.instrument.class) {
            (Kind::Trades, Class::Crypto) => self.crypto_trade(span, index),
            (Kind::Trades, _) => self.trade(span, index),
            (Kind::Quotes, Class::Fx) => self.forex_quote(span, index),
            (Kind::Quotes, _) => self.quote(span, index),
        }
    }

    fn trade(self, span: &Span, index: usize) -> Json {
        let trade: &Trade = &span.tape.trades(self.listing)[index];
        let number = numbering::trade(span, self.listing, index);
        let conditions = conditions(trade);
        let row = map([]).maybe("conditions", conditions);
        let row = row
            .with("exchange", u32::from(venues::venue(trade.venue)))
            .with("id", number.id.to_string())
            .with("participant_timestamp", number.participant)
            .with("price", self.scale.price(trade.price))
            .with("sequence_number", number.sequence)
            .with("sip_timestamp", number.sip)
            .with("size", trade.size)
            .with("tape", u32::from(self.instrument.tape_number()));
        let reported = venues::is_off_exchange(trade);
        row.maybe("trf_id", reported.then_some(u32::from(venues::TRF)))
            .maybe("trf_timestamp", reported.then_some(number.reported))
    }

    fn quote(self, span: &Span, index: usize) -> Json {
        let quote: &Quote = &span.tape.quotes(self.listing)[index];
        let number = numbering::quote(span, self.listing, index);
        let row = map([
            ("ask_exchange", u32::from(venues::venue(quote.ask_venue)).into()),
            ("ask_price", self.scale.price(quote.ask).into()),
            ("ask_size", lots(quote.ask_size).into()),
            ("bid_exchange", u32::from(venues::venue(quote.bid_venue)).into()),
            ("bid_price", self.scale.price(quote.bid).into()),
            ("bid_size", lots(quote.bid_size).into()),
            ("conditions", vec![numbering::QUOTE_CONDITION].into()),
        ]);
        row.maybe("indicators", number.indicator.map(|indicator| vec![indicator]))
            .with("participant_timestamp", number.participant)
            .with("sequence_number", number.sequence)
            .with("sip_timestamp", number.sip)
            .with("tape", u32::from(self.instrument.tape_number()))
    }

    fn forex_quote(self, span: &Span, index: usize) -> Json {
        let quote: &Quote = &span.tape.quotes(self.listing)[index];
        map([
            ("ask_exchange", numbering::FOREX_VENUE.into()),
            ("ask_price", self.scale.price(quote.ask).into()),
            ("bid_exchange", numbering::FOREX_VENUE.into()),
            ("bid_price", self.scale.price(quote.bid).into()),
            ("participant_timestamp", self.time(span, index).into()),
        ])
    }

    fn crypto_trade(self, span: &Span, index: usize) -> Json {
        let trade: &Trade = &span.tape.trades(self.listing)[index];
        let number = numbering::trade(span, self.listing, index);
        map([
            ("conditions", vec![numbering::crypto_side(index)].into()),
            ("exchange", numbering::CRYPTO_VENUE.into()),
            ("id", number.id.to_string().into()),
            ("participant_timestamp", number.sip.into()),
            ("price", self.scale.price(trade.price).into()),
            ("size", numbering::coins_decimal(trade.size).into()),
        ])
    }
}

/// Condition numbers, if there are any.
pub fn conditions(trade: &Trade) -> Option<Json> {
    let conditions = Conditions::of(trade);
    let numbers: Vec<u32> = conditions.numbers().iter().map(|number| (*number).into()).collect();
    (!numbers.is_empty()).then(|| numbers.into())
}

/// The first index of a sorted run for which `before` no longer holds.
fn partition(length: usize, before: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, length);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}
