//! What the fixtures say of IBM.

use std::sync::LazyLock;

use jiff::civil::Date;
use serde_json::Value;

use super::books::Quarter;

pub static INCOME: LazyLock<Value> =
    LazyLock::new(|| parse(include_str!("../../fixtures/income_statement_ibm.json")));
pub static EARNINGS: LazyLock<Value> =
    LazyLock::new(|| parse(include_str!("../../fixtures/earnings_ibm.json")));

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// The rows of a list in a fixture.
pub fn rows<'a>(fixture: &'a Value, list: &str) -> &'a [Value] {
    fixture[list].as_array().map_or(&[], Vec::as_slice)
}

pub fn quarter(end: Date) -> Option<Quarter> {
    let end_text = end.to_string();
    let at = |row: &&Value| row["fiscalDateEnding"] == end_text.as_str();
    let income = rows(&INCOME, "quarterlyReports").iter().find(at)?;
    let earnings = rows(&EARNINGS, "quarterlyEarnings").iter().find(at)?;
    let whole = |name: &str| income[name].as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
    let float = |name: &str| earnings[name].as_str().and_then(|text| text.parse::<f64>().ok());
    Some(Quarter {
        end,
        reported: earnings["reportedDate"].as_str()?.parse().ok()?,
        revenue: whole("totalRevenue"),
        cost: whole("costOfRevenue"),
        selling: whole("sellingGeneralAndAdministrative"),
        research: whole("researchAndDevelopment"),
        interest: whole("interestExpense"),
        tax: whole("incomeTaxExpense"),
        net: whole("netIncome"),
        depreciation: whole("depreciationAndAmortization"),
        eps: float("reportedEPS")?,
        estimate: float("estimatedEPS").unwrap_or_default(),
        pre_market: earnings["reportTime"] == "pre-market",
    })
}

/// The figures of the overview, from the latest quarter on.
pub const FIGURES: &[(&str, &str)] = &[
    ("LatestQuarter", "2026-03-31"),
    ("MarketCapitalization", "206116848000"),
    ("EBITDA", "16611000000"),
    ("PERatio", "19.42"),
    ("PEGRatio", "2.152"),
    ("BookValue", "35.08"),
    ("DividendPerShare", "6.72"),
    ("DividendYield", "0.0308"),
    ("EPS", "11.29"),
    ("RevenuePerShareTTM", "73.71"),
    ("ProfitMargin", "0.156"),
    ("OperatingMarginTTM", "0.138"),
    ("ReturnOnAssetsTTM", "0.0537"),
    ("ReturnOnEquityTTM", "0.358"),
    ("RevenueTTM", "68910998000"),
    ("GrossProfitTTM", "40214999000"),
    ("DilutedEPSTTM", "11.29"),
    ("QuarterlyEarningsGrowthYOY", "0.142"),
    ("QuarterlyRevenueGrowthYOY", "0.095"),
    ("AnalystTargetPrice", "278.18"),
    ("AnalystRatingStrongBuy", "1"),
    ("AnalystRatingBuy", "10"),
    ("AnalystRatingHold", "9"),
    ("AnalystRatingSell", "0"),
    ("AnalystRatingStrongSell", "1"),
    ("TrailingPE", "19.42"),
    ("ForwardPE", "18.62"),
    ("PriceToSalesRatioTTM", "2.991"),
    ("PriceToBookRatio", "6.55"),
    ("EVToRevenue", "3.976"),
    ("EVToEBITDA", "15.54"),
    ("Beta", "0.581"),
    ("52WeekHigh", "320.7"),
    ("52WeekLow", "212.34"),
    ("50DayMovingAverage", "239.57"),
    ("200DayMovingAverage", "270.38"),
    ("SharesOutstanding", "939885000"),
    ("SharesFloat", "937921000"),
    ("PercentInsiders", "0.117"),
    ("PercentInstitutions", "65.315"),
    ("DividendDate", "2026-06-10"),
    ("ExDividendDate", "2026-05-08"),
];
