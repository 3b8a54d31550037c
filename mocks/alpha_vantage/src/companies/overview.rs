//! `OVERVIEW` and `COMPANY_LOGO`.

use jiff::civil::{Date, date};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::books::{self, Quarter, working_day};
use super::{asked, ibm};
use crate::answer::Answer;
use crate::call::Call;
use crate::json::Json;
use crate::number::{float, plain};
use crate::refusal::{Refusal, Result};
use crate::stocks::history::Period;

/// The day of the fixture; from then on IBM's overview is the fixture's.
const FIXTURE_DAY: Date = date(2026, 5, 15);
const YEAR: usize = 252;

pub fn overview(call: &Call<'_>) -> Result<Answer> {
    let (index, company) = asked(call)?;
    let listing = call.world.stocks.listing(index);
    let name = if company.name.is_empty() { listing.symbol.as_str() } else { company.name };
    let quarters = books::reported(call.world.seed, company, call.today());
    let Some(newest) = quarters.last() else { return Err(Refusal::Empty) };
    let mut fields: Vec<(&str, String)> = [
        ("Symbol", listing.symbol.as_str()),
        ("AssetType", "Common Stock"),
        ("Name", name),
        ("Description", company.about),
        ("CIK", company.cik),
        ("Exchange", company.exchange),
        ("Currency", "USD"),
        ("Country", "USA"),
        ("Sector", company.sector),
        ("Industry", company.industry),
        ("Address", company.address),
        ("OfficialSite", company.site),
        ("FiscalYearEnd", if company.year_end == 9 { "September" } else { "December" }),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec();
    fields.push(("LatestQuarter", newest.end.to_string()));
    if company.symbol == "IBM" && call.today() >= FIXTURE_DAY {
        fields.pop();
        let known = ibm::FIGURES.iter().map(|(name, value)| (*name, (*value).to_owned()));
        return Ok(Answer::Json(Json::texts(fields.into_iter().chain(known))));
    }
    let days = call.world.stocks.history(index, call.horizon()?);
    let figures = Figures { quarters: &quarters, days: &days, shares: company.shares };
    fields.extend(figures.sales());
    fields.extend(figures.market());
    fields.extend(paid(call, index));
    Ok(Answer::Json(Json::texts(fields)))
}

/// The shape is not documented.
pub fn logo(call: &Call<'_>) -> Result<Answer> {
    let (index, company) = asked(call)?;
    let symbol = call.world.stocks.listing(index).symbol.clone();
    let logo = format!("{}/favicon.ico", company.site);
    Ok(Answer::Json(Json::texts([("symbol", symbol), ("logo_url", logo)])))
}

/// What the numbers of an overview are made of.
struct Figures<'a> {
    quarters: &'a [Quarter],
    days: &'a [Period],
    shares: f64,
}

impl Figures<'_> {
    /// The sum of the last four quarters.
    fn year(&self, of: fn(&Quarter) -> i64) -> f64 {
        self.quarters.iter().rev().take(4).map(of).sum::<i64>() as f64
    }

    fn eps(&self) -> f64 {
        self.quarters.iter().rev().take(4).map(|quarter| quarter.eps).sum()
    }

    fn growth(&self, of: fn(&Quarter) -> f64) -> f64 {
        let mut newest = self.quarters.iter().rev().map(of);
        let (last, before) = (newest.next(), newest.nth(3));
        last.zip(before).map_or(0.0, |(last, before)| last / before - 1.0)
    }

    fn price(&self) -> f64 {
        let close = self.days.last().map(|day| day.prices.close);
        close.and_then(|close| close.to_f64()).unwrap_or_default()
    }

    /// The year's dividends a share.
    fn dividend(&self) -> f64 {
        let paid = self.days.iter().rev().take(YEAR).map(|day| day.dividend);
        paid.sum::<Decimal>().to_f64().unwrap_or_default()
    }

    fn equity(&self) -> f64 {
        self.quarters.last().map_or(0.0, |quarter| quarter.revenue as f64 * 2.0)
    }

    /// From the books.
    fn sales(&self) -> Vec<(&'static str, String)> {
        let revenue = self.year(|quarter| quarter.revenue);
        let (net, operating) = (self.year(|quarter| quarter.net), self.year(Quarter::operating));
        let shares = self.shares * 1e6;
        let (price, eps, dividend) = (self.price(), self.eps(), self.dividend());
        let whole = |value: f64| float(value, 0);
        vec![
            ("MarketCapitalization", whole(price * shares)),
            ("EBITDA", whole(self.year(Quarter::ebitda))),
            ("PERatio", missing(price / eps, 2)),
            ("PEGRatio", missing(price / eps / 8.0, 3)),
            ("BookValue", missing(self.equity() / shares, 2)),
            ("DividendPerShare", if dividend == 0.0 { "None".into() } else { short(dividend, 2) }),
            (
                "DividendYield",
                if dividend == 0.0 { "None".into() } else { missing(dividend / price, 4) },
            ),
            ("EPS", short(eps, 2)),
            ("RevenuePerShareTTM", short(revenue / shares, 2)),
            ("ProfitMargin", missing(net / revenue, 3)),
            ("OperatingMarginTTM", missing(operating / revenue, 3)),
            ("ReturnOnAssetsTTM", missing(net / (self.equity() * 3.5), 4)),
            ("ReturnOnEquityTTM", missing(net / self.equity(), 3)),
            ("RevenueTTM", whole(revenue)),
            ("GrossProfitTTM", whole(self.year(Quarter::gross))),
            ("DilutedEPSTTM", short(eps, 2)),
            ("QuarterlyEarningsGrowthYOY", missing(self.growth(|quarter| quarter.eps), 3)),
            ("QuarterlyRevenueGrowthYOY", missing(self.growth(|q| q.revenue as f64), 3)),
        ]
    }

    /// From analysts and prices.
    fn market(&self) -> Vec<(&'static str, String)> {
        let revenue = self.year(|quarter| quarter.revenue);
        let shares = self.shares * 1e6;
        let price = self.price();
        let value = price * shares + self.equity();
        let closes = |days: usize| self.days.iter().rev().take(days);
        let average = |days: usize| {
            let sum: Decimal = closes(days).map(|day| day.adjusted_close).sum();
            let count = Decimal::from(days.min(self.days.len()).max(1));
            plain(sum.checked_div(count).unwrap_or_default(), 2)
        };
        let high = closes(YEAR).map(|day| day.prices.high).max().unwrap_or_default();
        let low = closes(YEAR).map(|day| day.prices.low).min().unwrap_or_default();
        vec![
            ("AnalystTargetPrice", short(price * 1.12, 2)),
            ("AnalystRatingStrongBuy", "3".into()),
            ("AnalystRatingBuy", "9".into()),
            ("AnalystRatingHold", "8".into()),
            ("AnalystRatingSell", "1".into()),
            ("AnalystRatingStrongSell", "0".into()),
            ("TrailingPE", missing(price / self.eps(), 2)),
            ("ForwardPE", missing(price / self.eps() / 1.05, 2)),
            ("PriceToSalesRatioTTM", missing(price * shares / revenue, 3)),
            ("PriceToBookRatio", missing(price * shares / self.equity(), 2)),
            ("EVToRevenue", missing(value / revenue, 3)),
            ("EVToEBITDA", missing(value / self.year(Quarter::ebitda), 2)),
            ("Beta", "1.02".into()),
            ("52WeekHigh", plain(high, 4)),
            ("52WeekLow", plain(low, 4)),
            ("50DayMovingAverage", average(50)),
            ("200DayMovingAverage", average(200)),
            ("SharesOutstanding", float(shares, 0)),
            ("SharesFloat", float(shares * 0.995, 0)),
            ("PercentInsiders", "0.117".into()),
            ("PercentInstitutions", "61.4".into()),
        ]
    }
}

/// The last dividend that was declared.
fn paid(call: &Call<'_>, index: usize) -> [(&'static str, String); 2] {
    let today = call.today();
    let last = call.world.stocks.dividends(index).range(..=today).next_back();
    let [paid, ex_date] = last.map_or(["None".to_owned(), "None".to_owned()], |(ex_date, _)| {
        [working_day(*ex_date, 30).to_string(), ex_date.to_string()]
    });
    [("DividendDate", paid), ("ExDividendDate", ex_date)]
}

fn short(number: f64, digits: u32) -> String {
    let text = float(number, digits as usize);
    text.parse().map_or(text, |number| plain(number, digits))
}

/// What cannot be computed is missing.
fn missing(number: f64, digits: u32) -> String {
    if number.is_finite() { short(number, digits) } else { "None".into() }
}
