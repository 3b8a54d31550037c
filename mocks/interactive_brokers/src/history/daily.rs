//! Bars of days, weeks and months.

use jiff::civil::Date;
use mockkit::Result;
use mockkit::market::{self, Listing, Market};
use mockkit::time::{self, MINUTE};
use rust_decimal::Decimal;

use super::spans::BarSize;
use super::{Bar, Span, What, buckets};

pub fn bars(
    market: &Market,
    listing: usize,
    what: What,
    size: BarSize,
    span: Span,
) -> Result<Vec<Bar>> {
    let days = days(market, listing, what, span)?;
    let known = &market.listings()[listing];
    let today = time::new_york_date(span.to.saturating_sub(1));
    let adjusted: Vec<Bar> = days
        .into_iter()
        .map(|(date, bar)| bar.scaled(adjustment(known, what, date, today)))
        .collect();
    Ok(gather(&adjusted, size))
}

/// What a price of a date is multiplied with to be comparable with today's.
fn adjustment(listing: &Listing, what: What, date: Date, today: Date) -> Decimal {
    let ((price, split), (price_now, split_now)) = (listing.factor(date), listing.factor(today));
    let split = split / split_now;
    if what == What::AdjustedLast { split * price / price_now } else { split }
}

/// One bar a session: from the daily data where there is some, else from the minutes.
fn days(market: &Market, listing: usize, what: What, span: Span) -> Result<Vec<(Date, Bar)>> {
    let known = &market.listings()[listing];
    let (first, last) = (time::new_york_date(span.from), time::new_york_date(span.to));
    let mut days = Vec::new();
    for session in market::sessions(first, last) {
        let date = session.date;
        let over = session.close <= span.to;
        if date < first || (date == first && span.from > session.open) {
            continue;
        }
        let found = known.daily.binary_search_by_key(&date, |bar| bar.date);
        if let Some(bar) = found.ok().map(|index| &known.daily[index]).filter(|_| over) {
            let start = time::new_york_midnight(date);
            let flat = Bar::flat(start, bar.close.decimal(), what);
            let day = Bar {
                open: bar.open.decimal(),
                high: bar.high.decimal(),
                low: bar.low.decimal(),
                ..flat
            };
            days.push((date, if what.has_volume() { traded(day, bar.volume) } else { day }));
            continue;
        }
        let (open, close) = buckets::hours(&session, span.regular);
        let part = Span { from: open, to: close.min(span.to), regular: span.regular };
        let minutes =
            buckets::bars(market, listing, what, BarSize::Seconds(MINUTE / time::SECOND), part)?;
        let Some((head, rest)) = minutes.split_first() else { continue };
        let mut day = Bar { time: time::new_york_midnight(date), ..*head };
        for minute in rest {
            day.join(minute);
        }
        days.push((date, day));
    }
    Ok(days)
}

/// The daily data does not say how many trades there were, nor their average.
fn traded(day: Bar, volume: u64) -> Bar {
    const SHARES_A_TRADE: u64 = 200;
    let wap = ((day.high + day.low + day.close) / Decimal::from(3)).round_dp(4);
    let count = i32::try_from(volume / SHARES_A_TRADE + 1).unwrap_or(i32::MAX);
    Bar { volume: volume.into(), wap, count, ..day }
}

/// A week or month is called by its first session.
fn gather(days: &[Bar], size: BarSize) -> Vec<Bar> {
    let period = |bar: &Bar| {
        let date = time::new_york_date(bar.time);
        match size {
            BarSize::Week => monday(date),
            BarSize::Month => date.first_of_month(),
            _ => date,
        }
    };
    let mut bars: Vec<Bar> = Vec::new();
    for day in days {
        match bars.last_mut().filter(|bar| period(bar) == period(day)) {
            Some(bar) => bar.join(day),
            None => bars.push(*day),
        }
    }
    bars
}

fn monday(date: Date) -> Date {
    let since = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(jiff::Span::new().days(since)).unwrap_or(date)
}
