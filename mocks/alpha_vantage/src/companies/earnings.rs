//! `EARNINGS` and `EARNINGS_ESTIMATES`.

use jiff::ToSpan as _;
use serde_json::Value;

use super::asked;
use super::books::{self, Quarter};
use super::ibm::{self, EARNINGS};
use crate::answer::Answer;
use crate::call::Call;
use crate::json::Json;
use crate::number::{float, plain};
use crate::refusal::Result;

/// One quarter as it is told.
struct Told {
    end: String,
    reported: String,
    eps: String,
    estimate: String,
    surprise: String,
    percent: String,
    time: String,
}

pub fn earnings(call: &Call<'_>) -> Result<Answer> {
    let (_, company) = asked(call)?;
    let today = call.today();
    let told: Vec<Told> = if company.symbol == "IBM" {
        let rows = ibm::rows(&EARNINGS, "quarterlyEarnings").iter().map(Told::from_fixture);
        let today = today.to_string();
        rows.filter(|told| told.reported <= today).collect()
    } else {
        books::reported(call.world.seed, company, today).iter().rev().map(Told::new).collect()
    };
    let annual = annual(&told, company.year_end, company.symbol == "IBM");
    let quarterly = told.into_iter().map(Told::json).collect();
    Ok(Answer::Json(Json::object([
        ("symbol", Json::text(call.required("symbol")?.to_ascii_uppercase())),
        ("annualEarnings", Json::List(annual)),
        ("quarterlyEarnings", Json::List(quarterly)),
    ])))
}

/// Newest first; the year in progress comes first, under the date of its last quarter.
fn annual(told: &[Told], year_end: i8, is_ibm: bool) -> Vec<Json> {
    let is_end = |told: &Told| told.end.get(5..7) == Some(&format!("{year_end:02}"));
    let eps = |told: &[Told]| {
        let eps = told.iter().filter_map(|told| told.eps.parse::<rust_decimal::Decimal>().ok());
        plain(eps.sum(), 4)
    };
    let row = |end: &str, eps: String| {
        Json::texts([("fiscalDateEnding", end.to_owned()), ("reportedEPS", eps)])
    };
    let mut annual = Vec::new();
    let unfinished = told.iter().position(is_end).unwrap_or(told.len()).min(3);
    if let Some(newest) = told[..unfinished].first() {
        annual.push(row(&newest.end, eps(&told[..unfinished])));
    }
    let known = ibm::rows(&EARNINGS, "annualEarnings");
    for (index, year) in told.iter().enumerate().filter(|(_, told)| is_end(told)) {
        let at = |row: &&Value| is_ibm && row["fiscalDateEnding"] == year.end.as_str();
        if let Some(eps) = known.iter().find(at).and_then(|row| row["reportedEPS"].as_str()) {
            annual.push(row(&year.end, eps.to_owned()));
        } else if let Some(year) = told.get(index..index + 4) {
            annual.push(row(&year[0].end, eps(year)));
        }
    }
    annual
}

impl Told {
    fn from_fixture(row: &Value) -> Told {
        let text = |name: &str| row[name].as_str().unwrap_or("None").to_owned();
        Told {
            end: text("fiscalDateEnding"),
            reported: text("reportedDate"),
            eps: text("reportedEPS"),
            estimate: text("estimatedEPS"),
            surprise: text("surprise"),
            percent: text("surprisePercentage"),
            time: text("reportTime"),
        }
    }

    fn new(quarter: &Quarter) -> Told {
        let surprise = quarter.eps - quarter.estimate;
        let percent = if quarter.estimate == 0.0 { 0.0 } else { surprise / quarter.estimate };
        Told {
            end: quarter.end.to_string(),
            reported: quarter.reported.to_string(),
            eps: short(quarter.eps, 2),
            estimate: short(quarter.estimate, 2),
            surprise: short(surprise, 2),
            percent: short(percent * 100.0, 4),
            time: if quarter.pre_market { "pre-market" } else { "post-market" }.to_owned(),
        }
    }

    fn json(self) -> Json {
        Json::texts([
            ("fiscalDateEnding", self.end),
            ("reportedDate", self.reported),
            ("reportedEPS", self.eps),
            ("estimatedEPS", self.estimate),
            ("surprise", self.surprise),
            ("surprisePercentage", self.percent),
            ("reportTime", self.time),
        ])
    }
}

/// Without trailing zeros.
fn short(number: f64, digits: u32) -> String {
    let text = float(number, digits as usize);
    text.parse().map_or(text, |number| plain(number, digits))
}

/// Years and quarters of one answer to come.
const YEARS: usize = 2;
const QUARTERS: usize = 2;
/// Past quarters whose estimates are still told.
const PAST: usize = 8;

pub fn estimates(call: &Call<'_>) -> Result<Answer> {
    let (_, company) = asked(call)?;
    let today = call.today();
    let quarters = books::quarters(call.world.seed, company);
    let next = quarters.partition_point(|quarter| quarter.reported <= today);
    let mut rows = Vec::new();
    let years = quarters
        .windows(4)
        .enumerate()
        .filter(|(index, year)| year[3].end.month() == company.year_end && index + 3 >= next);
    for (_, year) in years.take(YEARS) {
        rows.push(estimate("fiscal year", year, true));
    }
    let first = next.saturating_sub(PAST);
    for (index, quarter) in quarters.iter().enumerate().skip(first).take(PAST + QUARTERS) {
        let quarter = std::slice::from_ref(quarter);
        rows.push(estimate("fiscal quarter", quarter, index >= next));
    }
    rows.reverse();
    Ok(Answer::Json(Json::object([
        ("symbol", Json::text(call.required("symbol")?.to_ascii_uppercase())),
        ("estimates", Json::List(rows)),
    ])))
}

/// What is long past has no revisions any more: they are null.
fn estimate(horizon: &str, quarters: &[Quarter], to_come: bool) -> Json {
    let eps: f64 = quarters.iter().map(|quarter| quarter.estimate).sum();
    let revenue: i64 = quarters.iter().map(|quarter| quarter.revenue).sum();
    let end = quarters.last().map(|quarter| quarter.end).unwrap_or_default();
    let number = |value: f64| Json::Text(float(value, 4));
    let recent = |value: Json| if to_come { value } else { Json::Null };
    let money = |part: i64| Json::Text(format!("{}.00", revenue / 100 * part));
    let mut fields = vec![
        ("date", Json::text(end.to_string())),
        ("horizon", Json::text(horizon)),
        ("eps_estimate_average", number(eps)),
        ("eps_estimate_high", number(eps * 1.06)),
        ("eps_estimate_low", number(eps * 0.95)),
        ("eps_estimate_analyst_count", Json::text("18.0000")),
    ];
    let ago = [
        ("eps_estimate_average_7_days_ago", 0.999),
        ("eps_estimate_average_30_days_ago", 0.995),
        ("eps_estimate_average_60_days_ago", 0.99),
        ("eps_estimate_average_90_days_ago", 0.98),
    ];
    fields.extend(ago.map(|(name, part)| (name, recent(number(eps * part)))));
    fields.extend([
        ("eps_estimate_revision_up_trailing_7_days", recent(Json::text("1.0000"))),
        ("eps_estimate_revision_down_trailing_7_days", Json::Null),
        ("eps_estimate_revision_up_trailing_30_days", recent(Json::text("3.0000"))),
        ("eps_estimate_revision_down_trailing_30_days", recent(Json::text("2.0000"))),
        ("revenue_estimate_average", money(100)),
        ("revenue_estimate_high", money(103)),
        ("revenue_estimate_low", money(98)),
        ("revenue_estimate_analyst_count", Json::text("16.00")),
    ]);
    Json::object(fields)
}

/// A day so many months later.
pub fn months_later(day: jiff::civil::Date, months: i8) -> jiff::civil::Date {
    day.checked_add(i32::from(months).months()).unwrap_or(day)
}
