//! `GLOBAL_QUOTE` and the bulk quotes.

use mockkit::market::session;
use mockkit::time::{self, MINUTE};
use rust_decimal::Decimal;

use super::{DayBar, Stocks, close_of};
use crate::answer::{Answer, Column, Table, column, same};
use crate::call::Call;
use crate::json::Json;
use crate::number::{eastern, fixed, plain, price};
use crate::refusal::Result;
use crate::settings::{Freshness, Plan};

/// Symbols of one bulk request; more are not looked at.
const MAX_SYMBOLS: usize = 100;
/// The part of the price that the spread of an invented quote takes, in tenths of a percent.
const HALF_SPREAD: Decimal = Decimal::from_parts(2, 0, 0, false, 4);

const QUOTE: &[Column] = &[
    column("01. symbol", "symbol"),
    column("02. open", "open"),
    column("03. high", "high"),
    column("04. low", "low"),
    column("05. price", "price"),
    column("06. volume", "volume"),
    column("07. latest trading day", "latestDay"),
    column("08. previous close", "previousClose"),
    column("09. change", "change"),
    column("10. change percent", "changePercent"),
];

const BULK: &[Column] = &[
    same("symbol"),
    same("timestamp"),
    same("open"),
    same("high"),
    same("low"),
    same("close"),
    same("volume"),
    same("previous_close"),
    same("change"),
    same("change_percent"),
    same("extended_hours_quote"),
    same("extended_hours_change"),
    same("extended_hours_change_percent"),
];

const BID_ASK: &[Column] = &[
    same("symbol"),
    same("timestamp"),
    same("bid_price"),
    same("bid_size"),
    same("ask_price"),
    same("ask_size"),
];

/// The rows that a key without the right gets instead of data.
const ARTIFICIAL: [[&str; 13]; 3] = [
    [
        "MSFT",
        "2024-10-18 19:59:55.291",
        "417.61",
        "419.649",
        "416.2601",
        "418.16",
        "17145307",
        "416.72",
        "1.44",
        "0.3456",
        "418.1",
        "-0.06",
        "-0.01435",
    ],
    [
        "AAPL",
        "2024-10-18 19:59:50.451",
        "236.0",
        "236.05",
        "234.02",
        "235.0",
        "46431470",
        "232.15",
        "2.85",
        "1.2277",
        "234.83",
        "-0.17",
        "-0.07234",
    ],
    [
        "IBM",
        "2024-10-18 19:54:00.879",
        "231.29",
        "232.6499",
        "230.17",
        "232.22",
        "4715482",
        "232.88",
        "-0.66",
        "-0.2834",
        "232.37",
        "0.15",
        "0.06459",
    ],
];

const ARTIFICIAL_MESSAGE: &str = "This is a premium endpoint. ***THE SAMPLE DATA SCHEMA BELOW \
    IS ARTIFICIAL AND FOR ILLUSTRATION PURPOSES ONLY***. To access the actual data, please \
    subscribe to any premium plan that mentions 'Realtime US Market Data' in its description at \
    https://www.alphavantage.co/premium/ for your personal non-professional use. For \
    professional/commercial use, please contact support at support@alphavantage.co.";

/// The last day of a listing, and how it compares with the day before.
#[derive(Clone, Copy, Debug)]
pub struct Last {
    pub day: DayBar,
    pub price: Decimal,
    pub previous_close: Decimal,
    pub change: Decimal,
    /// In percent.
    pub change_percent: Decimal,
}

impl Stocks {
    /// Nothing while nothing has traded. On the first day that is known, the open stands for the
    /// close before it.
    pub fn last(&self, index: usize, horizon: i64) -> Option<Last> {
        let days = self.days(index, horizon);
        let (day, before) = days.split_last()?;
        let price = day.bar.close.decimal();
        let previous_close =
            before.last().map_or(day.bar.open.decimal(), |before| before.bar.close.decimal());
        let (change, change_percent) = change(price, previous_close);
        Some(Last { day: *day, price, previous_close, change, change_percent })
    }
}

pub fn global(call: &Call<'_>) -> Result<Answer> {
    let (symbol, horizon) = (call.required("symbol")?, call.horizon()?);
    let stocks = &call.world.stocks;
    let delayed = call.freshness()? == Freshness::Delayed && call.world.settings.entitlement_suffix;
    let suffix = if delayed { " - DATA DELAYED BY 15 MINUTES" } else { "" };
    let mut table = Table::new(QUOTE);
    let found = stocks.find(symbol).and_then(|index| Some((index, stocks.last(index, horizon)?)));
    if let Some((index, last)) = found {
        let bar = last.day.bar;
        table.push([
            stocks.listing(index).symbol.clone(),
            price(bar.open),
            price(bar.high),
            price(bar.low),
            fixed(last.price, 4),
            bar.volume.to_string(),
            bar.date.to_string(),
            fixed(last.previous_close, 4),
            fixed(last.change, 4),
            format!("{}%", fixed(last.change_percent, 4)),
        ]);
    }
    Ok(Answer::Single { key: format!("Global Quote{suffix}"), table })
}

pub fn bulk(call: &Call<'_>) -> Result<Answer> {
    let name = "Realtime Bulk Quotes";
    if !may_see(call) {
        let rows = ARTIFICIAL.map(|row| row.map(Json::text).to_vec()).to_vec();
        return Ok(artificial(name, Table::with(BULK, rows)));
    }
    let mut table = Table::new(BULK);
    for index in listings(call)? {
        let Some(last) = call.world.stocks.last(index, call.now) else { continue };
        let bar = last.day.bar;
        let (stamp, extended) = extended_hours(call, index, &last);
        let [quote, change, percent] = extended.unwrap_or_default();
        table.push([
            call.world.stocks.listing(index).symbol.clone(),
            stamp,
            bar.open.to_string(),
            bar.high.to_string(),
            bar.low.to_string(),
            bar.close.to_string(),
            bar.volume.to_string(),
            plain(last.previous_close, 4),
            plain(last.change, 4),
            fixed(last.change_percent, 4),
            quote,
            change,
            percent,
        ]);
    }
    Ok(rows(name, table))
}

/// The row's fields are not documented; these are named like those of the bulk quotes.
pub fn bid_ask(call: &Call<'_>) -> Result<Answer> {
    let name = "Realtime Bulk Bid Ask Prices";
    if !may_see(call) {
        let mut table = Table::new(BID_ASK);
        for row in ARTIFICIAL {
            let [symbol, stamp, _, _, _, close, ..] = row.map(str::to_owned);
            table.push([symbol, stamp, close.clone(), "100".into(), close, "100".into()]);
        }
        return Ok(artificial(name, table));
    }
    let mut table = Table::new(BID_ASK);
    for index in listings(call)? {
        let Some(last) = call.world.stocks.last(index, call.now) else { continue };
        let (stamp, _) = extended_hours(call, index, &last);
        let half = (last.price * HALF_SPREAD).max(Decimal::new(1, 2));
        let (bid, ask) = (plain(last.price - half, 2), plain(last.price + half, 2));
        let symbol = call.world.stocks.listing(index).symbol.clone();
        table.push([symbol, stamp, bid, "100".into(), ask, "200".into()]);
    }
    Ok(rows(name, table))
}

fn may_see(call: &Call<'_>) -> bool {
    call.rights.plan == Plan::Premium && call.rights.entitlement == Freshness::Realtime
}

/// Those of the symbols that are listed.
fn listings(call: &Call<'_>) -> Result<Vec<usize>> {
    let symbols = call.required("symbol")?.split(',').take(MAX_SYMBOLS);
    Ok(symbols.filter_map(|symbol| call.world.stocks.find(symbol.trim())).collect())
}

/// Time of the last trade, and price, change and change in percent outside the regular session.
fn extended_hours(call: &Call<'_>, index: usize, last: &Last) -> (String, Option<[String; 3]>) {
    let date = last.day.bar.date;
    let close = close_of(date);
    let minute = call.world.stocks.minutes(index, call.now).last();
    let Some(minute) = minute.filter(|minute| time::new_york_date(minute.time) >= date) else {
        return (format!("{}.000", eastern(close.min(call.now))), None);
    };
    let stamp = format!("{}.000", eastern(minute.time + MINUTE - time::SECOND));
    let today = time::new_york_date(minute.time);
    if session(today).is_some_and(|session| session.contains(minute.time)) {
        return (stamp, None);
    }
    let price = minute.close.decimal();
    let (change, percent) = change(price, last.price);
    (stamp, Some([plain(price, 4), plain(change, 4), plain(percent, 5)]))
}

fn change(price: Decimal, before: Decimal) -> (Decimal, Decimal) {
    let change = price - before;
    let percent = change.checked_div(before).unwrap_or_default() * Decimal::ONE_HUNDRED;
    (change, percent)
}

fn rows(name: &str, table: Table) -> Answer {
    let head = vec![("endpoint", name.to_owned()), ("message", "success".to_owned())];
    Answer::Rows { head, key: "data", table }
}

/// As JSON only: in CSV nothing would say that the rows are made up.
pub fn artificial(name: &str, table: Table) -> Answer {
    let head = vec![("endpoint", name.to_owned()), ("message", ARTIFICIAL_MESSAGE.to_owned())];
    Answer::Json(Answer::Rows { head, key: "data", table }.json())
}
