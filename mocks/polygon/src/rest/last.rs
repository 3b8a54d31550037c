//! The last trade and quote, exchange rates and conversions.

use mockkit::market::{Price, Quote};
use rust_decimal::{Decimal, RoundingStrategy};

use super::Ask;
use super::ticks::{conditions, last_quote, last_trade};
use crate::instruments::{Class, Instrument};
use crate::json::{Json, map};
use crate::numbering;
use crate::refusal::{Refusal, Result};
use crate::venues::{self, lots};

const MILLISECOND: i64 = 1_000_000;

/// Digits of a rate that was turned round.
const RATE_DIGITS: u32 = 6;

pub fn trade(ask: &Ask) -> Result<Json> {
    let instrument = on_a_tape(ask)?;
    let row = trade_row(ask, instrument).ok_or_else(Refusal::no_data)?;
    Ok(results(ask, row))
}

pub fn nbbo(ask: &Ask) -> Result<Json> {
    let instrument = on_a_tape(ask)?;
    let row = quote_row(ask, instrument).ok_or_else(Refusal::no_data)?;
    Ok(results(ask, row))
}

/// A stock or an option: coins and currencies have paths of their own, indices have values only.
fn on_a_tape<'a>(ask: &'a Ask) -> Result<&'a Instrument> {
    let instrument = ask.known(ask.argument(0))?;
    match instrument.class {
        Class::Stocks | Class::Options => Ok(instrument),
        Class::Crypto | Class::Fx | Class::Indices => Err(Refusal::no_ticker()),
    }
}

fn results(ask: &Ask, row: Json) -> Json {
    map([("results", row)]).with("status", ask.plan.status()).with("request_id", ask.request_id())
}

fn trade_row(ask: &Ask, instrument: &Instrument) -> Option<Json> {
    let (listing, scale) = instrument.tape?;
    let (span, index) = last_trade(ask, instrument)?;
    let trade = span.tape.trades(listing)[index];
    let number = numbering::trade(&span, listing, index);
    let reported = venues::is_off_exchange(&trade);
    let row = map([("T", instrument.symbol.as_str().into())])
        .maybe("c", conditions(&trade))
        .maybe("f", reported.then_some(number.reported))
        .with("i", number.id.to_string())
        .with("p", scale.price(trade.price))
        .with("q", number.sequence)
        .maybe("r", reported.then_some(u32::from(venues::TRF)))
        .with("s", trade.size)
        .with("t", number.sip)
        .with("x", u32::from(venues::venue(trade.venue)))
        .with("y", number.participant)
        .with("z", u32::from(instrument.tape_number()));
    Some(row)
}

fn quote_row(ask: &Ask, instrument: &Instrument) -> Option<Json> {
    let (listing, scale) = instrument.tape?;
    let (span, index) = last_quote(ask, instrument)?;
    let quote = span.tape.quotes(listing)[index];
    let number = numbering::quote(&span, listing, index);
    let row = map([("T", instrument.symbol.as_str().into())])
        .with("P", scale.price(quote.ask))
        .with("S", lots(quote.ask_size))
        .with("X", u32::from(venues::venue(quote.ask_venue)))
        .with("c", vec![numbering::QUOTE_CONDITION])
        .maybe("i", number.indicator.map(|indicator| vec![indicator]))
        .with("p", scale.price(quote.bid))
        .with("q", number.sequence)
        .with("s", lots(quote.bid_size))
        .with("t", number.sip)
        .with("x", u32::from(venues::venue(quote.bid_venue)))
        .with("y", number.participant)
        .with("z", u32::from(instrument.tape_number()));
    Some(row)
}

pub fn crypto(ask: &Ask) -> Result<Json> {
    let (from, to) = (ask.argument(0), ask.argument(1));
    let instrument = ask.instrument(&format!("X:{from}{to}")).ok_or_else(Refusal::no_data)?;
    let (span, index) = last_trade(ask, instrument).ok_or_else(Refusal::no_data)?;
    let (listing, scale) = instrument.tape.ok_or_else(Refusal::no_data)?;
    let trade = span.tape.trades(listing)[index];
    let last = map([
        ("conditions", vec![numbering::crypto_side(index)].into()),
        ("exchange", numbering::CRYPTO_VENUE.into()),
        ("price", scale.price(trade.price).into()),
        ("size", numbering::coins_decimal(trade.size).into()),
        ("timestamp", ((trade.time + span.shift) / MILLISECOND).into()),
    ]);
    Ok(map([
        ("last", last),
        ("request_id", ask.request_id().into()),
        ("status", "success".into()),
        ("symbol", format!("{from}-{to}").into()),
    ]))
}

pub fn currencies(ask: &Ask) -> Result<Json> {
    let (from, to) = (ask.argument(0), ask.argument(1));
    let rate = rate(ask, from, to).ok_or_else(Refusal::no_data)?;
    Ok(map([
        ("last", rate.json()),
        ("request_id", ask.request_id().into()),
        ("status", "success".into()),
        ("symbol", format!("{from}/{to}").into()),
    ]))
}

pub fn conversion(ask: &Ask) -> Result<Json> {
    let (from, to) = (ask.argument(0), ask.argument(1));
    let amount = ask.query.number("amount")?.unwrap_or(Decimal::ONE);
    let precision = ask.query.get("precision").unwrap_or("2");
    let precision = precision.parse::<u32>().ok().filter(|digits| *digits <= 4);
    let precision = precision.ok_or_else(|| Refusal::invalid("'precision' must be 0 to 4"))?;
    let rate = rate(ask, from, to).ok_or_else(Refusal::no_data)?;
    let converted = amount.checked_mul(rate.ask);
    let converted = converted.ok_or_else(|| Refusal::invalid("'amount' is too large"))?;
    let away = RoundingStrategy::MidpointAwayFromZero;
    Ok(map([
        ("converted", converted.round_dp_with_strategy(precision, away).into()),
        ("from", from.into()),
        ("initialAmount", amount.into()),
        ("last", rate.json()),
        ("request_id", ask.request_id().into()),
        ("status", "success".into()),
        ("symbol", format!("{from}/{to}").into()),
        ("to", to.into()),
    ]))
}

/// What one unit of a currency costs in another.
struct Rate {
    ask: Decimal,
    bid: Decimal,
    time: i64,
}

impl Rate {
    fn json(&self) -> Json {
        map([
            ("ask", self.ask.into()),
            ("bid", self.bid.into()),
            ("exchange", numbering::FOREX_VENUE.into()),
            ("timestamp", (self.time / MILLISECOND).into()),
        ])
    }
}

/// The pair's own quote, or that of the opposite pair turned round.
fn rate(ask: &Ask, from: &str, to: &str) -> Option<Rate> {
    let of = |pair: String| {
        let instrument = ask.instrument(&pair).filter(|one| one.class == Class::Fx)?;
        let (listing, scale) = instrument.tape?;
        let (span, index) = last_quote(ask, instrument)?;
        let quote: Quote = span.tape.quotes(listing)[index];
        let decimal = |price: Price| scale.price(price).decimal();
        Some(Rate {
            ask: decimal(quote.ask),
            bid: decimal(quote.bid),
            time: quote.time + span.shift,
        })
    };
    of(format!("C:{from}{to}")).or_else(|| {
        let opposite = of(format!("C:{to}{from}"))?;
        let turned =
            |rate: Decimal| Decimal::ONE.checked_div(rate).map(|rate| rate.round_dp(RATE_DIGITS));
        Some(Rate { ask: turned(opposite.bid)?, bid: turned(opposite.ask)?, time: opposite.time })
    })
}
