//! Dividends and splits, in the old spelling and in the new one.

use jiff::ToSpan as _;
use jiff::civil::Date;
use mockkit::market::{CashDividend, Split, next_session, previous_session};
use rust_decimal::Decimal;

use super::Ask;
use super::lists::{Field, List, page};
use crate::instruments::{Class, Instrument};
use crate::json::{Json, map};
use crate::query::Order;
use crate::refusal::Result;

/// How long before the day itself companies tell of dividends and splits.
const DIVIDEND_NOTICE: i64 = 21;
const SPLIT_NOTICE: i64 = 40;
/// From the day without the dividend to the money.
const PAID_AFTER: i64 = 21;

/// Digits of a factor, as in the vendor's example.
const FACTOR_DIGITS: u32 = 6;

pub fn dividends(ask: &Ask) -> Result<Json> {
    const LIST: List = List {
        rows: |ask| Ok(dividend_rows(ask, false)),
        fields: &[
            Field::text("ticker"),
            Field::date("ex_dividend_date"),
            Field::date("record_date"),
            Field::date("declaration_date"),
            Field::date("pay_date"),
            Field::number("frequency"),
            Field::number("cash_amount"),
            Field::text("dividend_type").one_of(&["CD", "SC", "LT", "ST"]),
        ],
        sort: "ex_dividend_date",
        order: Order::Descending,
        usual: 10,
        most: 1_000,
        counted: false,
    };
    page(ask, &LIST)
}

pub fn new_dividends(ask: &Ask) -> Result<Json> {
    const LIST: List = List {
        rows: |ask| Ok(dividend_rows(ask, true)),
        fields: &[
            Field::text("ticker"),
            Field::date("ex_dividend_date"),
            Field::date("record_date"),
            Field::date("declaration_date"),
            Field::date("pay_date"),
            Field::number("frequency"),
            Field::number("cash_amount"),
            Field::text("distribution_type").one_of(&[
                "recurring",
                "special",
                "supplemental",
                "irregular",
                "unknown",
            ]),
        ],
        sort: "ticker",
        order: Order::Ascending,
        usual: 100,
        most: 5_000,
        counted: false,
    };
    page(ask, &LIST)
}

pub fn splits(ask: &Ask) -> Result<Json> {
    const LIST: List = List {
        rows: |ask| {
            let mut rows = split_rows(ask, false);
            if let Some(reverse) = ask.query.flag("reverse_split")? {
                let number = |row: &Json, name: &str| row.get(name).and_then(Json::number);
                rows.retain(|row| (number(row, "split_from") > number(row, "split_to")) == reverse);
            }
            Ok(rows)
        },
        fields: &[Field::text("ticker"), Field::date("execution_date")],
        sort: "execution_date",
        order: Order::Descending,
        usual: 10,
        most: 1_000,
        counted: false,
    };
    page(ask, &LIST)
}

pub fn new_splits(ask: &Ask) -> Result<Json> {
    const LIST: List = List {
        rows: |ask| Ok(split_rows(ask, true)),
        fields: &[
            Field::text("ticker"),
            Field::date("execution_date"),
            Field::text("adjustment_type").one_of(&[
                "forward_split",
                "reverse_split",
                "stock_dividend",
            ]),
        ],
        sort: "execution_date",
        order: Order::Descending,
        usual: 100,
        most: 5_000,
        counted: false,
    };
    page(ask, &LIST)
}

fn stocks<'a>(ask: &Ask<'a>) -> impl Iterator<Item = &'a Instrument> {
    ask.core.instruments.of(Class::Stocks)
}

fn id(ask: &Ask, symbol: &str, kind: &str, date: Date) -> String {
    let seed = ask.core.seed.branch(symbol).branch(&date.to_string());
    let part = |index| format!("{:016x}", seed.number(kind, index));
    format!("E{}", (0..4).map(part).collect::<String>())
}

fn dividend_rows(ask: &Ask, is_new: bool) -> Vec<Json> {
    let today = ask.today();
    let mut rows = Vec::new();
    for instrument in stocks(ask) {
        // One in a while is of another kind, so that none is unheard of.
        let last = instrument.dividends.len().saturating_sub(1);
        for (index, dividend) in instrument.dividends.iter().enumerate() {
            let declared = dividend.ex_date.saturating_sub(DIVIDEND_NOTICE.days());
            if declared > today {
                continue;
            }
            let kind = match last - index {
                40 => "SC",
                41 if instrument.symbol == "SPY" => "LT",
                42 if instrument.symbol == "SPY" => "ST",
                _ => "CD",
            };
            let common = dividend_row(ask, instrument, dividend, declared, kind);
            rows.push(if is_new {
                renewed(ask, instrument, dividend, kind, common)
            } else {
                common
            });
        }
    }
    rows
}

fn dividend_row(
    ask: &Ask,
    instrument: &Instrument,
    dividend: &CashDividend,
    declared: Date,
    kind: &'static str,
) -> Json {
    let ex_date = dividend.ex_date;
    // The books closed two sessions later in those years.
    let record = next_session(next_session(ex_date).date).date;
    let paid = next_session(ex_date.saturating_add(PAID_AFTER.days())).date;
    let frequency = if kind == "CD" { 4 } else { 0 };
    map([
        ("cash_amount", dividend.rate.into()),
        ("currency", "USD".into()),
        ("declaration_date", declared.to_string().into()),
        ("dividend_type", kind.into()),
        ("ex_dividend_date", ex_date.to_string().into()),
        ("frequency", Json::Integer(frequency)),
        ("id", id(ask, &instrument.symbol, "dividend", ex_date).into()),
        ("pay_date", paid.to_string().into()),
        ("record_date", record.to_string().into()),
        ("ticker", instrument.symbol.as_str().into()),
    ])
}

/// The same in the new spelling.
fn renewed(
    ask: &Ask,
    instrument: &Instrument,
    dividend: &CashDividend,
    kind: &str,
    row: Json,
) -> Json {
    let Json::Map(mut members) = row else { return Json::Null };
    let distribution = match kind {
        "CD" => "recurring",
        "SC" => "special",
        "LT" => "supplemental",
        _ => "irregular",
    };
    for member in &mut members {
        if member.0 == "dividend_type" {
            *member = ("distribution_type".into(), distribution.into());
        }
    }
    let ratio = split_ratio(instrument, dividend.ex_date, ask.today());
    let amount = dividend.rate.checked_mul(ratio).unwrap_or(dividend.rate);
    Json::Map(members)
        .with("historical_adjustment_factor", price_factor(ask, instrument, dividend.ex_date))
        .with("split_adjusted_cash_amount", amount.round_dp(FACTOR_DIGITS))
}

/// Prices before a date times this are prices without the dividends since.
fn price_factor(ask: &Ask, instrument: &Instrument, ex_date: Date) -> Decimal {
    let Some(listing) = ask.core.market.index(&instrument.symbol) else { return Decimal::ONE };
    let listing = &ask.core.market.listings()[listing];
    let (before, _) = listing.factor(previous_session(ex_date).date);
    let (now, _) = listing.factor(ask.today());
    before.checked_div(now).unwrap_or(Decimal::ONE).round_dp(FACTOR_DIGITS)
}

fn split_rows(ask: &Ask, is_new: bool) -> Vec<Json> {
    let announced = ask.today().saturating_add(SPLIT_NOTICE.days());
    let mut rows = Vec::new();
    for instrument in stocks(ask) {
        for split in instrument.splits.iter().filter(|split| split.ex_date <= announced) {
            rows.push(split_row(ask, instrument, split, is_new));
        }
    }
    rows
}

fn split_row(ask: &Ask, instrument: &Instrument, split: &Split, is_new: bool) -> Json {
    let row = map([
        ("execution_date", split.ex_date.to_string().into()),
        ("id", id(ask, &instrument.symbol, "split", split.ex_date).into()),
        ("split_from", split.old_rate.into()),
        ("split_to", split.new_rate.into()),
        ("ticker", instrument.symbol.as_str().into()),
    ]);
    if !is_new {
        return row;
    }
    let is_forward = split.new_rate > split.old_rate;
    let day_before = split.ex_date.yesterday().unwrap_or(split.ex_date);
    let factor = split_ratio(instrument, day_before, ask.today());
    row.with("adjustment_type", if is_forward { "forward_split" } else { "reverse_split" })
        .with("historical_adjustment_factor", factor.round_dp(FACTOR_DIGITS))
}

/// Prices of a date times this are prices of today, as far as splits go.
fn split_ratio(instrument: &Instrument, date: Date, today: Date) -> Decimal {
    let later = instrument.splits.iter();
    let later = later.filter(|split| split.ex_date > date && split.ex_date <= today);
    later.fold(Decimal::ONE, |ratio, split| {
        let step = split.old_rate.checked_div(split.new_rate).unwrap_or(Decimal::ONE);
        ratio.checked_mul(step).unwrap_or(ratio)
    })
}
