//! Snapshots of version 2: of all symbols, of one, of those that moved most.

use super::Ask;
use super::look::Look;
use super::ticks::conditions;
use crate::instruments::{Class, Instrument};
use crate::json::{Json, map};
use crate::numbering;
use crate::refusal::{Refusal, Result};
use crate::tape::Bar;
use crate::venues::{self, lots};

const MILLISECOND: i64 = 1_000_000;

/// How many of those that moved most are told, and what must have been traded to count.
const MOVERS: usize = 20;
const MOVER_VOLUME: u64 = 10_000;

pub fn all(ask: &Ask) -> Result<Json> {
    let class = class(ask)?;
    ask.query.flag("include_otc")?;
    let wanted: Option<Vec<&str>> =
        ask.query.get("tickers").map(|list| list.split(',').map(str::trim).collect());
    let instruments = ask.core.instruments.of(class);
    let asked = |instrument: &&Instrument| {
        wanted.as_ref().is_none_or(|wanted| wanted.contains(&instrument.symbol.as_str()))
    };
    let rows: Vec<Json> =
        instruments.filter(asked).map(|one| snapshot(ask, &Look::new(ask, one))).collect();
    Ok(list(ask, rows))
}

pub fn one(ask: &Ask) -> Result<Json> {
    let class = class(ask)?;
    let instrument = ask.known(ask.argument(2))?;
    if instrument.class != class {
        return Err(Refusal::no_ticker());
    }
    let row = snapshot(ask, &Look::new(ask, instrument));
    Ok(map([
        ("request_id", ask.request_id().into()),
        ("status", ask.plan.status().into()),
        ("ticker", row),
    ]))
}

pub fn gainers(ask: &Ask) -> Result<Json> {
    movers(ask, true)
}

pub fn losers(ask: &Ask) -> Result<Json> {
    movers(ask, false)
}

fn movers(ask: &Ask, up: bool) -> Result<Json> {
    let class = class(ask)?;
    ask.query.flag("include_otc")?;
    let looks = ask.core.instruments.of(class).map(|one| Look::new(ask, one));
    let moved = |look: &Look| {
        let percent = look.change().1;
        let traded = look.day.is_some_and(|day| day.volume >= MOVER_VOLUME);
        traded && !percent.is_zero() && percent.is_sign_positive() == up
    };
    let mut looks: Vec<Look> = looks.filter(moved).collect();
    looks.sort_by_key(|look| look.change().1);
    if up {
        looks.reverse();
    }
    let rows = looks.iter().take(MOVERS).map(|look| snapshot(ask, look)).collect();
    Ok(list(ask, rows))
}

/// All venues' orders for a coin: what is best, and one level behind it.
pub fn book(ask: &Ask) -> Result<Json> {
    let instrument = ask.known(ask.argument(0))?;
    let look = Look::new(ask, instrument);
    let (quote, _) = look.quote.as_ref().ok_or_else(Refusal::no_data)?;
    let tick = 100;
    let side = |price: i64, step: i64, size: u32| -> Vec<Json> {
        let level = |depth: i64| {
            let price = mockkit::market::Price((price + step * depth).max(1));
            let size = numbering::coins_decimal(size) * rust_decimal::Decimal::from(depth + 1);
            map([("p", price.into()), ("x", map([("1", size.into())]))])
        };
        vec![level(0), level(1)]
    };
    let data = map([
        ("ticker", instrument.symbol.as_str().into()),
        ("bids", side(quote.bid.0, -tick, quote.bid_size).into()),
        ("asks", side(quote.ask.0, tick, quote.ask_size).into()),
        (
            "bidCount",
            (numbering::coins_decimal(quote.bid_size) * rust_decimal::Decimal::from(3)).into(),
        ),
        (
            "askCount",
            (numbering::coins_decimal(quote.ask_size) * rust_decimal::Decimal::from(3)).into(),
        ),
        ("spread", (quote.ask.decimal() - quote.bid.decimal()).into()),
        ("updated", look.updated().into()),
    ]);
    Ok(ask.ok().with("data", data))
}

fn class(ask: &Ask) -> Result<Class> {
    match (ask.argument(0), ask.argument(1)) {
        ("us", "stocks") => Ok(Class::Stocks),
        ("global", "forex") => Ok(Class::Fx),
        ("global", "crypto") => Ok(Class::Crypto),
        _ => Err(Refusal::no_data()),
    }
}

fn list(ask: &Ask, rows: Vec<Json>) -> Json {
    map([
        ("count", rows.len().into()),
        ("status", ask.plan.status().into()),
        ("request_id", ask.request_id().into()),
        ("tickers", rows.into()),
    ])
}

fn snapshot(ask: &Ask, look: &Look) -> Json {
    let stocks = look.instrument.class == Class::Stocks;
    let (change, percent) = look.change();
    let minute = look.minute.map_or_else(|| bar(&Bar::default()), |minute| bar(&minute));
    let minute = if look.instrument.class == Class::Fx {
        minute
    } else {
        minute.with("av", look.minute.map_or(0, |minute| minute.day_volume))
    };
    let minute = minute
        .with("t", look.minute.map_or(0, |minute| minute.time / MILLISECOND))
        .with("n", look.minute.map_or(0, |minute| minute.trades));
    let mut row = map([
        ("ticker", look.instrument.symbol.as_str().into()),
        ("todaysChange", change.into()),
        ("todaysChangePerc", percent.into()),
        ("updated", look.updated().into()),
        ("day", bar(&look.day.unwrap_or_default())),
        ("min", minute),
        ("prevDay", bar(&look.previous.unwrap_or_default())),
    ]);
    if ask.plan.has_ticks() {
        row = match look.instrument.class {
            Class::Fx => row.maybe("lastQuote", forex_quote(look)),
            Class::Crypto => row.maybe("lastTrade", trade(look)),
            _ => row.maybe("lastTrade", trade(look)).maybe("lastQuote", quote(look)),
        };
    }
    row.maybe("fmv", look.price().filter(|_| stocks))
}

fn bar(bar: &Bar) -> Json {
    map([
        ("o", bar.open.into()),
        ("h", bar.high.into()),
        ("l", bar.low.into()),
        ("c", bar.close.into()),
        ("v", bar.volume.into()),
        ("vw", bar.vwap.into()),
    ])
}

fn trade(look: &Look) -> Option<Json> {
    let (trade, number) = look.trade.as_ref()?;
    // Here, and only here, a trade without conditions says null.
    Some(map([
        ("c", conditions(trade).unwrap_or(Json::Null)),
        ("i", number.id.to_string().into()),
        ("p", trade.price.into()),
        ("s", trade.size.into()),
        ("t", number.sip.into()),
        ("x", u32::from(venues::venue(trade.venue)).into()),
    ]))
}

fn quote(look: &Look) -> Option<Json> {
    let (quote, number) = look.quote.as_ref()?;
    Some(map([
        ("P", quote.ask.into()),
        ("S", lots(quote.ask_size).into()),
        ("p", quote.bid.into()),
        ("s", lots(quote.bid_size).into()),
        ("t", number.sip.into()),
    ]))
}

fn forex_quote(look: &Look) -> Option<Json> {
    let (quote, number) = look.quote.as_ref()?;
    Some(map([
        ("a", quote.ask.into()),
        ("b", quote.bid.into()),
        ("t", (number.sip / MILLISECOND).into()),
        ("x", numbering::FOREX_VENUE.into()),
    ]))
}
