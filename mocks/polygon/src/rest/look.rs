//! What is known of one instrument at one moment, for the snapshots.

use jiff::civil::Date;
use mockkit::market::{Price, Quote, Trade, previous_session, session};
use mockkit::time::{self, HOUR, MINUTE};
use rust_decimal::Decimal;

use super::Ask;
use super::ticks::{last_quote, last_trade};
use crate::bars::{close_of, day_bar, joined, previous_day};
use crate::instruments::Instrument;
use crate::numbering::{self, QuoteNumber, TradeNumber};
use crate::tape::Bar;

/// Snapshots are emptied at half past three in New York.
const EMPTIED: i64 = 3 * HOUR + 30 * MINUTE;

pub struct Look<'a> {
    pub instrument: &'a Instrument,
    /// The day so far, extended hours included; after the close the official one.
    pub day: Option<Bar>,
    pub minute: Option<Bar>,
    pub previous: Option<Bar>,
    pub trade: Option<(Trade, TradeNumber)>,
    pub quote: Option<(Quote, QuoteNumber)>,
    /// First price before the session and the open, last price after it.
    pub before: Option<Price>,
    pub after: Option<Price>,
}

impl<'a> Look<'a> {
    pub fn new(ask: &Ask, instrument: &'a Instrument) -> Look<'a> {
        let date = shown_date(ask.now);
        let mut look = Look {
            instrument,
            day: None,
            minute: None,
            previous: previous_day(ask.core, instrument, date, ask.now),
            trade: None,
            quote: None,
            before: None,
            after: None,
        };
        look.read_minutes(ask, date);
        if ask.now >= close_of(date)
            && let Some(day) = day_bar(ask.core, instrument, date, ask.now)
        {
            look.day = Some(day);
        }
        if let Some((listing, scale)) = instrument.tape {
            let today = |ns: i64| time::new_york_date(ns) == date;
            look.trade = last_trade(ask, instrument).and_then(|(span, index)| {
                let number = numbering::trade(&span, listing, index);
                let trade = span.tape.trades(listing)[index];
                let trade = Trade { price: scale.price(trade.price), ..trade };
                today(number.sip).then_some((trade, number))
            });
            look.quote = last_quote(ask, instrument).and_then(|(span, index)| {
                let number = numbering::quote(&span, listing, index);
                let quote = span.tape.quotes(listing)[index];
                let (bid, ask) = (scale.price(quote.bid), scale.price(quote.ask));
                today(number.sip).then_some((Quote { bid, ask, ..quote }, number))
            });
        }
        look
    }

    fn read_minutes(&mut self, ask: &Ask, date: Date) {
        let span = ask.core.timeline.span(date);
        let (Some(span), Some((listing, _))) = (span, self.instrument.tape) else { return };
        let session = session(date);
        for minute in &span.tape.tracks[listing].minutes {
            let minute = Bar { time: minute.time + span.shift, ..*minute };
            if minute.time + MINUTE > ask.now {
                break;
            }
            let minute = self.instrument.scaled(minute);
            self.day = Some(self.day.map_or(minute, |day| joined(&day, &minute)));
            self.minute = Some(minute);
            if session.is_some_and(|session| minute.time < session.open) {
                self.before = self.before.or(Some(minute.open));
            }
            if session.is_some_and(|session| minute.time >= session.close) {
                self.after = Some(minute.close);
            }
        }
    }

    /// The price now: of the last trade, else of the day.
    pub fn price(&self) -> Option<Price> {
        let trade = self.trade.as_ref().map(|(trade, _)| trade.price);
        trade.or(self.day.map(|day| day.close))
    }

    /// Against the previous day's close, with the percentage.
    pub fn change(&self) -> (Decimal, Decimal) {
        match (self.price(), self.previous) {
            (Some(price), Some(previous)) => change(previous.close, price),
            _ => (Decimal::ZERO, Decimal::ZERO),
        }
    }

    /// When it changed last, in nanoseconds; nothing before the first trade or quote of the day.
    pub fn updated(&self) -> i64 {
        let trade = self.trade.as_ref().map(|(_, number)| number.sip);
        let quote = self.quote.as_ref().map(|(_, number)| number.sip);
        trade.max(quote).unwrap_or(0)
    }
}

pub fn change(from: Price, to: Price) -> (Decimal, Decimal) {
    let change = to.decimal() - from.decimal();
    let percent = change.checked_div(from.decimal()).unwrap_or_default();
    (change, (percent * Decimal::ONE_HUNDRED).round_dp(3))
}

/// The session that snapshots tell of.
fn shown_date(now: i64) -> Date {
    let date = time::new_york_date(now - EMPTIED);
    if session(date).is_some() { date } else { previous_session(date).date }
}
