//! Whole days: the previous one, all symbols of one, open and close of one.

use jiff::civil::Date;
use mockkit::market::session;
use mockkit::time::MINUTE;

use super::{Ask, aggregates};
use crate::bars::{adjusted, close_of, day_bar, previous_day};
use crate::instruments::{Class, Instrument};
use crate::json::{Json, map};
use crate::query;
use crate::refusal::{Refusal, Result};
use crate::tape::Bar;

const MILLISECOND: i64 = 1_000_000;

pub fn previous(ask: &Ask) -> Result<Json> {
    let symbol = ask.argument(0);
    let adjust = ask.query.flag("adjusted")?.unwrap_or(true);
    let instrument = ask.instrument(symbol);
    let found = instrument.and_then(|instrument| {
        let bar = previous_day(ask.core, instrument, ask.today(), ask.now)?;
        Some((instrument, bar))
    });
    let rows = found.map(|(instrument, bar)| {
        let bar = if adjust { adjusted(instrument, bar, ask.today()) } else { bar };
        closing(map([("T", symbol.into())]), Some(instrument), &bar, false)
    });
    Ok(table(ask, Some(symbol), adjust, rows.into_iter().collect()))
}

pub fn grouped(ask: &Ask) -> Result<Json> {
    let class = match (ask.argument(0), ask.argument(1)) {
        ("us", "stocks") => Class::Stocks,
        ("global", "fx") => Class::Fx,
        ("global", "crypto") => Class::Crypto,
        (locale, market) => {
            return Err(Refusal::invalid(format!("no market {market:?} of {locale:?}")));
        }
    };
    let date = query::date("date", ask.argument(2))?;
    let adjust = ask.query.flag("adjusted")?.unwrap_or(true);
    ask.query.flag("include_otc")?;
    check_period(ask, date)?;
    let mut rows = Vec::new();
    if close_of(date) <= ask.now {
        for instrument in ask.core.instruments.of(class) {
            let Some(bar) = day_bar(ask.core, instrument, date, ask.now) else { continue };
            let bar = if adjust { adjusted(instrument, bar, ask.today()) } else { bar };
            let begin = map([("T", instrument.symbol.as_str().into())]);
            rows.push(closing(begin, Some(instrument), &bar, true));
        }
    }
    Ok(table(ask, None, adjust, rows))
}

pub fn open_close(ask: &Ask) -> Result<Json> {
    let (symbol, date) = (ask.argument(0), query::date("date", ask.argument(1))?);
    let adjust = ask.query.flag("adjusted")?.unwrap_or(true);
    check_period(ask, date)?;
    let instrument = ask.instrument(symbol).ok_or_else(Refusal::no_data)?;
    let bar = day_bar(ask.core, instrument, date, ask.now).ok_or_else(Refusal::no_data)?;
    let shown = |bar: Bar| if adjust { adjusted(instrument, bar, ask.today()) } else { bar };
    let bar = shown(bar);
    let (before, after) = outside(ask, instrument, date);
    let answer = map([
        ("status", ask.plan.status().into()),
        ("from", date.to_string().into()),
        ("symbol", symbol.into()),
        ("open", bar.open.into()),
        ("high", bar.high.into()),
        ("low", bar.low.into()),
        ("close", bar.close.into()),
    ]);
    let volume = (instrument.class != Class::Indices).then_some(bar.volume);
    Ok(answer
        .maybe("volume", volume)
        .maybe("afterHours", after.map(|bar| shown(bar).close))
        .maybe("preMarket", before.map(|bar| shown(bar).open)))
}

pub fn crypto_open_close(ask: &Ask) -> Result<Json> {
    let (from, to) = (ask.argument(0), ask.argument(1));
    let date = query::date("date", ask.argument(2))?;
    check_period(ask, date)?;
    let instrument = ask.instrument(&format!("X:{from}{to}")).ok_or_else(Refusal::no_data)?;
    let bar = day_bar(ask.core, instrument, date, ask.now).ok_or_else(Refusal::no_data)?;
    Ok(map([
        ("symbol", format!("{from}-{to}").into()),
        ("isUTC", true.into()),
        ("day", date.to_string().into()),
        ("open", bar.open.into()),
        ("close", bar.close.into()),
        ("openTrades", Json::List(Vec::new())),
        ("closingTrades", Json::List(Vec::new())),
    ]))
}

/// The first minute before the session and the last one after it, where they are known.
fn outside(ask: &Ask, instrument: &Instrument, date: Date) -> (Option<Bar>, Option<Bar>) {
    let span = ask.core.timeline.span(date).filter(|_| instrument.class != Class::Indices);
    let (Some(span), Some((listing, _)), Some(session)) = (span, instrument.tape, session(date))
    else {
        return (None, None);
    };
    let minutes = span.tape.tracks[listing].minutes.iter();
    let minutes = minutes.map(|bar| Bar { time: bar.time + span.shift, ..*bar });
    let known: Vec<Bar> = minutes.filter(|bar| bar.time + MINUTE <= ask.now).collect();
    let before = known.first().filter(|bar| bar.time < session.open);
    let after = known.last().filter(|bar| bar.time >= session.close);
    let scaled = |bar: &Bar| instrument.scaled(*bar);
    (before.map(scaled), after.map(scaled))
}

fn check_period(ask: &Ask, date: Date) -> Result<()> {
    let (first, _) = query::whole_day(date);
    ask.check_history(first)?;
    if !ask.plan.has_today() && first >= ask.now {
        return Err(Refusal::timeframe());
    }
    Ok(())
}

/// A row whose time is the close. Only ranges write volumes with a point.
fn closing(begin: Json, instrument: Option<&Instrument>, bar: &Bar, is_plain: bool) -> Json {
    let date = mockkit::time::new_york_date(bar.time);
    let bar = Bar { time: close_of(date), ..*bar };
    let (Json::Map(mut members), Json::Map(row)) = (begin, aggregates::row(instrument, &bar))
    else {
        return Json::Null;
    };
    members.extend(row.into_iter().map(|(name, value)| match value {
        Json::Float(volume) if is_plain => (name, Json::Decimal(volume)),
        value => (name, value),
    }));
    debug_assert!(bar.time % MILLISECOND == 0, "a close is a whole second");
    Json::Map(members)
}

fn table(ask: &Ask, symbol: Option<&str>, adjust: bool, rows: Vec<Json>) -> Json {
    let count = rows.len();
    let answer = map([]).maybe("ticker", symbol);
    let answer =
        answer.with("queryCount", count).with("resultsCount", count).with("adjusted", adjust);
    let answer = if rows.is_empty() { answer } else { answer.with("results", rows) };
    answer
        .with("status", ask.plan.status())
        .with("request_id", ask.request_id())
        .with("count", count)
}
