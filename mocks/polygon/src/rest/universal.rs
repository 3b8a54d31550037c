//! Snapshots of version 3: any class of instrument in one list, and the options of an underlying.

use mockkit::time;
use rust_decimal::Decimal;

use super::Ask;
use super::companies::Company;
use super::lists::slice;
use super::look::{Look, change};
use super::market_status;
use super::ticks::conditions;
use crate::instruments::{Class, Instrument};
use crate::json::{Json, map};
use crate::options::Contract;
use crate::query::{Op, Order};
use crate::refusal::{Refusal, Result};
use crate::venues::{self, lots};

const USUAL: usize = 10;
const MOST: usize = 250;

/// Symbols that may be asked for at once.
const MAX_SYMBOLS: usize = 250;

const TYPES: [&str; 5] = ["stocks", "options", "fx", "crypto", "indices"];

pub fn all(ask: &Ask) -> Result<Json> {
    let class = ask.query.choice("type", &TYPES)?;
    let is_wanted = |one: &Instrument| class.is_none_or(|class| one.class.name() == class);
    rows(ask, is_wanted, |look| universal(ask, look))
}

pub fn indices(ask: &Ask) -> Result<Json> {
    rows(ask, |one| one.class == Class::Indices, |look| index(ask, look))
}

pub fn summaries(ask: &Ask) -> Result<Json> {
    rows(
        ask,
        |_| true,
        |look| {
            map([])
                .maybe("price", look.price())
                .with("name", Company::of(ask, &look.instrument.symbol).name())
                .with("ticker", look.instrument.symbol.as_str())
                .with("market_status", status_word(ask))
                .with("last_updated", look.updated())
                .with("type", look.instrument.class.name())
                .with("session", session(look))
        },
    )
}

pub fn chain(ask: &Ask) -> Result<Json> {
    let underlying = ask.argument(0);
    let limit = ask.query.limit(USUAL, MOST)?;
    let mut rows = Vec::new();
    for instrument in ask.core.instruments.of(Class::Options) {
        let contract = Contract::parse(&instrument.symbol);
        if contract.as_ref().is_some_and(|contract| contract.underlying == underlying)
            && let Some(contract) = contract
            && allows(ask, &contract)?
        {
            rows.push(option(ask, &Look::new(ask, instrument), &contract));
        }
    }
    slice(ask, rows, limit, false)
}

pub fn contract(ask: &Ask) -> Result<Json> {
    let symbol = ask.argument(1);
    let instrument = ask.instrument(symbol).ok_or_else(Refusal::no_option)?;
    let contract = Contract::parse(symbol).ok_or_else(Refusal::no_option)?;
    if contract.underlying != ask.argument(0) {
        return Err(Refusal::no_option());
    }
    Ok(ask.ok().with("results", option(ask, &Look::new(ask, instrument), &contract)))
}

fn allows(ask: &Ask, contract: &Contract) -> Result<bool> {
    for (op, text) in ask.query.filters("strike_price") {
        let strike = crate::query::decimal("strike_price", text)?;
        if !op.holds(contract.strike.cmp(&strike)) {
            return Ok(false);
        }
    }
    for (op, text) in ask.query.filters("expiration_date") {
        let date = crate::query::date("expiration_date", text)?;
        if !op.holds(contract.expires.cmp(&date)) {
            return Ok(false);
        }
    }
    let kind = ask.query.choice("contract_type", &["call", "put"])?;
    Ok(kind.is_none_or(|kind| kind == contract.kind()))
}

/// A page of what was asked for; symbols that are not known have a row that says so.
fn rows(
    ask: &Ask,
    is_wanted: impl Fn(&Instrument) -> bool,
    shape: impl Fn(&Look) -> Json,
) -> Result<Json> {
    let limit = ask.query.limit(USUAL, MOST)?;
    let order = ask.query.order("order", Order::Ascending)?;
    ask.query.choice("sort", &["ticker"])?;
    let filters: Vec<(Op, &str)> = ask.query.filters("ticker").collect();
    let any: Option<Vec<&str>> = filters.iter().find_map(|(op, text)| {
        (*op == Op::AnyOf).then(|| text.split(',').map(str::trim).collect())
    });
    let compared = |symbol: &str| {
        filters.iter().all(|(op, text)| *op == Op::AnyOf || op.holds(symbol.cmp(text)))
    };
    let mut symbols: Vec<&str> = match any {
        Some(any) if any.len() > MAX_SYMBOLS => {
            return Err(Refusal::invalid(format!("at most {MAX_SYMBOLS} tickers")));
        }
        Some(any) => any,
        None => {
            let list = ask.core.instruments.list().iter();
            list.filter(|one| is_wanted(one)).map(|one| one.symbol.as_str()).collect()
        }
    };
    symbols.retain(|symbol| compared(symbol));
    symbols.sort_unstable();
    symbols.dedup();
    if order == Order::Descending {
        symbols.reverse();
    }
    // Rows that are not on this page need no looking at.
    let after = ask.query.after()?;
    let row = |(index, symbol): (usize, &&str)| {
        if index < after || index >= after.saturating_add(limit) {
            return Json::Null;
        }
        let found = ask.instrument(symbol).filter(|one| is_wanted(one));
        found.map_or_else(|| missing(symbol), |one| shape(&Look::new(ask, one)))
    };
    let rows = symbols.iter().enumerate().map(row).collect();
    slice(ask, rows, limit, false)
}

fn missing(symbol: &str) -> Json {
    map([
        ("error", "NOT_FOUND".into()),
        ("message", "Ticker not found.".into()),
        ("ticker", symbol.into()),
    ])
}

fn timeframe(ask: &Ask) -> &'static str {
    if ask.plan.delay() > 0 { "DELAYED" } else { "REAL-TIME" }
}

/// `early_trading` and `late_trading` stand for extended hours here.
fn status_word(ask: &Ask) -> &'static str {
    let phase = market_status::phase(ask.now);
    match (phase.is_early, phase.is_late) {
        (true, _) => "early_trading",
        (_, true) => "late_trading",
        _ => phase.word,
    }
}

fn universal(ask: &Ask, look: &Look) -> Json {
    let instrument = look.instrument;
    if instrument.class == Class::Indices {
        return index(ask, look);
    }
    let row = map([
        ("ticker", instrument.symbol.as_str().into()),
        ("type", instrument.class.name().into()),
        ("name", Company::of(ask, &instrument.symbol).name().into()),
        ("market_status", status_word(ask).into()),
        ("session", session(look)),
    ]);
    let row = quoted(ask, row, look);
    let row = row.maybe("last_minute", last_minute(look)).maybe("fmv", look.price());
    match Contract::parse(&instrument.symbol) {
        Some(contract) => contracted(ask, row, look, &contract),
        None => row,
    }
}

/// Trade and quote, if the plan has them.
fn quoted(ask: &Ask, row: Json, look: &Look) -> Json {
    if !ask.plan.has_ticks() {
        return row;
    }
    let class = look.instrument.class;
    let row = match class {
        Class::Fx => row,
        _ => row.maybe("last_trade", last_trade(ask, look)),
    };
    match class {
        Class::Crypto => row,
        _ => row.maybe("last_quote", last_quote(ask, look)),
    }
}

fn index(ask: &Ask, look: &Look) -> Json {
    map([
        ("ticker", look.instrument.symbol.as_str().into()),
        ("type", "indices".into()),
        ("name", look.instrument.name.as_str().into()),
        ("market_status", status_word(ask).into()),
    ])
    .maybe("value", look.price())
    .with("session", session(look))
    .with("last_updated", look.updated())
    .with("timeframe", timeframe(ask))
}

fn session(look: &Look) -> Json {
    let day = look.day.unwrap_or_default();
    let (moved, percent) = look.change();
    let previous = look.previous.map(|bar| bar.close);
    let row = map([("change", moved.into()), ("change_percent", percent.into())]);
    if look.instrument.class == Class::Indices {
        return row
            .with("close", day.close)
            .with("high", day.high)
            .with("low", day.low)
            .with("open", day.open)
            .maybe("previous_close", previous);
    }
    let early = look.before.zip(previous).map(|(price, close)| change(close, price));
    let late = look.after.map(|price| change(day.close, price));
    let row = row
        .maybe("early_trading_change", early.map(|(change, _)| change))
        .maybe("early_trading_change_percent", early.map(|(_, percent)| percent))
        .maybe("late_trading_change", late.map(|(change, _)| change))
        .maybe("late_trading_change_percent", late.map(|(_, percent)| percent));
    row.with("close", day.close)
        .with("high", day.high)
        .with("low", day.low)
        .with("open", day.open)
        .maybe("previous_close", previous)
        .maybe("price", look.price())
        .with("volume", day.volume)
}

fn last_trade(ask: &Ask, look: &Look) -> Option<Json> {
    let (trade, number) = look.trade.as_ref()?;
    let row = map([]).maybe("conditions", conditions(trade));
    let row = row.with("exchange", u32::from(venues::venue(trade.venue)));
    let is_option = look.instrument.class == Class::Options;
    let row = if is_option { row } else { row.with("id", number.id.to_string()) };
    let row = if is_option { row } else { row.with("last_updated", number.sip) };
    let row = row
        .with("participant_timestamp", number.participant)
        .with("price", trade.price)
        .with("sip_timestamp", number.sip)
        .with("size", trade.size)
        .with("timeframe", timeframe(ask));
    Some(row)
}

fn last_quote(ask: &Ask, look: &Look) -> Option<Json> {
    let (quote, number) = look.quote.as_ref()?;
    let row = map([
        ("ask", quote.ask.into()),
        ("ask_size", lots(quote.ask_size).into()),
        ("ask_exchange", u32::from(venues::venue(quote.ask_venue)).into()),
        ("bid", quote.bid.into()),
        ("bid_size", lots(quote.bid_size).into()),
        ("bid_exchange", u32::from(venues::venue(quote.bid_venue)).into()),
        ("last_updated", number.sip.into()),
        ("timeframe", timeframe(ask).into()),
    ]);
    if look.instrument.class != Class::Options {
        return Some(row);
    }
    // The client takes no other members here.
    let Json::Map(mut members) = row else { return None };
    members.retain(|(name, _)| !name.ends_with("_exchange"));
    let middle = (quote.bid.decimal() + quote.ask.decimal()) / Decimal::TWO;
    Some(Json::Map(members).with("midpoint", middle))
}

fn last_minute(look: &Look) -> Option<Json> {
    let minute = look.minute?;
    Some(map([
        ("open", minute.open.into()),
        ("high", minute.high.into()),
        ("low", minute.low.into()),
        ("close", minute.close.into()),
        ("volume", minute.volume.into()),
        ("vwap", minute.vwap.into()),
        ("transactions", minute.trades.into()),
        ("last_updated", (minute.time + time::MINUTE).into()),
    ]))
}

fn option(ask: &Ask, look: &Look, contract: &Contract) -> Json {
    let day = look.day.unwrap_or_default();
    let (moved, percent) = look.change();
    let row = map([]).with(
        "day",
        map([
            ("change", moved.into()),
            ("change_percent", percent.into()),
            ("close", day.close.into()),
            ("high", day.high.into()),
            ("last_updated", look.updated().into()),
            ("low", day.low.into()),
            ("open", day.open.into()),
            ("volume", day.volume.into()),
            ("vwap", day.vwap.into()),
        ])
        .maybe("previous_close", look.previous.map(|bar| bar.close)),
    );
    contracted(ask, quoted(ask, row, look), look, contract)
}

/// What options have besides. The greeks are made up.
fn contracted(ask: &Ask, row: Json, look: &Look, contract: &Contract) -> Json {
    let price = look.price().unwrap_or_default().decimal();
    let even = contract.break_even(price);
    let under = ask.instrument(&contract.underlying).map(|one| Look::new(ask, one));
    let delta = if contract.is_call { Decimal::new(55, 2) } else { Decimal::new(-45, 2) };
    let row = row
        .with("break_even_price", even)
        .with("details", contract.details(&look.instrument.symbol))
        .with(
            "greeks",
            map([
                ("delta", delta.into()),
                ("gamma", Decimal::new(7066, 6).into()),
                ("theta", Decimal::new(-18_533, 6).into()),
                ("vega", Decimal::new(727_431, 6).into()),
            ]),
        )
        .with("implied_volatility", Decimal::new(30_490, 5))
        .with("open_interest", 8_921_i64);
    let Some(under) = under else { return row };
    let spot = under.price().unwrap_or_default();
    row.with(
        "underlying_asset",
        map([
            ("change_to_break_even", (even - spot.decimal()).into()),
            ("last_updated", under.updated().into()),
            ("price", spot.into()),
            ("ticker", contract.underlying.as_str().into()),
            ("timeframe", timeframe(ask).into()),
        ]),
    )
}
