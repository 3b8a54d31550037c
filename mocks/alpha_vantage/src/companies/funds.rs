//! `ETF_PROFILE`.

use rust_decimal::prelude::ToPrimitive as _;

use crate::answer::{Answer, Table, same};
use crate::call::Call;
use crate::json::Json;
use crate::number::float;
use crate::refusal::{Refusal, Result};

/// Sector and weight in the made-up fund.
const SECTORS: &[(&str, &str)] = &[
    ("INFORMATION TECHNOLOGY", "0.181"),
    ("FINANCIALS", "0.164"),
    ("HEALTH CARE", "0.13"),
    ("CONSUMER DISCRETIONARY", "0.124"),
    ("OTHER", "0.401"),
];

const FUND_PARTS: &[(&str, &str, &str)] = &[
    ("AAPL", "APPLE INC", "0.0291"),
    ("IBM", "INTERNATIONAL BUSINESS MACHINES", "0.0119"),
    ("BAC", "BANK OF AMERICA CORP", "0.0094"),
    ("AIG", "AMERICAN INTERNATIONAL GROUP INC", "0.0046"),
    ("n/a", "CASH OFFSET", "0.945"),
];

pub fn fund(call: &Call<'_>) -> Result<Answer> {
    let index = call.company()?;
    let company = super::of(&call.world.stocks.listing(index).symbol);
    if !company.is_fund() {
        return Err(Refusal::Empty);
    }
    let last = call.world.stocks.last(index, call.horizon()?);
    let price = last.and_then(|last| last.price.to_f64()).unwrap_or_default();
    let mut sectors = Table::new(&["sector", "weight"].map(same));
    SECTORS.iter().for_each(|(sector, weight)| sectors.push([*sector, *weight].map(str::to_owned)));
    let mut parts = Table::new(&["symbol", "description", "weight"].map(same));
    for (symbol, description, weight) in FUND_PARTS {
        parts.push([*symbol, *description, *weight].map(str::to_owned));
    }
    let texts = [
        ("net_assets", float(price * company.shares * 1e6, 0)),
        ("net_expense_ratio", "0.000945".into()),
        ("portfolio_turnover", "n/a".into()),
        ("dividend_yield", "0.0197".into()),
        ("inception_date", company.listed.into()),
        ("leveraged", "NO".into()),
    ];
    let texts = texts.into_iter().map(|(name, value)| (name, Json::Text(value)));
    let lists = [("sectors", Answer::Csv(sectors).json()), ("holdings", Answer::Csv(parts).json())];
    Ok(Answer::Json(Json::object(texts.chain(lists))))
}
