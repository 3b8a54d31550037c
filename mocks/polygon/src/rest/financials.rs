//! Statements of companies: made up from a few numbers that grow a little every quarter, so that
//! they add up.

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::Ask;
use super::companies::Company;
use super::lists::{Field, List, page};
use super::look::Look;
use crate::instruments::Class;
use crate::json::{Json, map};
use crate::query::Order;
use crate::refusal::Result;

/// Statements begin here, and are filed so long after their period.
const FIRST_YEAR: i16 = 2010;
const FILED_AFTER: i64 = 31;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Timeframe {
    Quarterly,
    Annual,
    TrailingTwelveMonths,
}

/// One company and period.
struct Report<'a> {
    company: Company<'a>,
    symbol: &'a str,
    timeframe: Timeframe,
    year: i16,
    /// 1 to 4; the last one of the period.
    quarter: i16,
    numbers: Numbers,
}

/// In dollars.
#[derive(Clone, Copy, Default)]
struct Numbers {
    revenue: i64,
    cost: i64,
    operating: i64,
    taxes: i64,
    assets: i64,
    liabilities: i64,
    shares: i64,
}

impl Numbers {
    /// What one quarter was like; ever a little more than the one before.
    fn of(ask: &Ask, symbol: &str, shares: i64, quarters: i64) -> Numbers {
        let seed = ask.core.seed.branch(symbol);
        let size = i64::try_from(10 + seed.below("size", 0, 60)).unwrap_or(10);
        let revenue = size * 1_000_000_000 + quarters * 37_000_000;
        let assets = revenue * 5;
        Numbers {
            revenue,
            cost: revenue / 2 + 1_000_000,
            operating: revenue / 5,
            taxes: revenue / 20,
            assets,
            liabilities: assets / 5 * 3,
            shares,
        }
    }

    fn plus(self, next: Numbers) -> Numbers {
        Numbers {
            revenue: self.revenue + next.revenue,
            cost: self.cost + next.cost,
            operating: self.operating + next.operating,
            taxes: self.taxes + next.taxes,
            ..next
        }
    }

    fn gross(self) -> i64 {
        self.revenue - self.cost
    }

    fn before_taxes(self) -> i64 {
        self.gross() - self.operating
    }

    fn net(self) -> i64 {
        self.before_taxes() - self.taxes
    }

    fn equity(self) -> i64 {
        self.assets - self.liabilities
    }

    /// From operating, investing and financing.
    fn cash_flows(self) -> [i64; 3] {
        [self.net() + self.taxes, -self.operating / 2, -self.net() / 2]
    }

    fn per_share(self) -> Decimal {
        (Decimal::from(self.net()) / Decimal::from(self.shares.max(1))).round_dp(2)
    }
}

impl Timeframe {
    fn word(self) -> &'static str {
        match self {
            Timeframe::Quarterly => "quarterly",
            Timeframe::Annual => "annual",
            Timeframe::TrailingTwelveMonths => "ttm",
        }
    }

    /// In the newer lists.
    fn long_word(self) -> &'static str {
        match self {
            Timeframe::TrailingTwelveMonths => "trailing_twelve_months",
            other => other.word(),
        }
    }
}

impl Report<'_> {
    fn end(&self) -> Date {
        let month = i8::try_from(self.quarter * 3).unwrap_or(12);
        date(self.year, month, 1).last_of_month()
    }

    fn start(&self) -> Date {
        let months = if self.timeframe == Timeframe::Quarterly { 2 } else { 11 };
        self.end().first_of_month().saturating_sub(jiff::Span::new().months(months))
    }

    fn filed(&self) -> Date {
        self.end().saturating_add(FILED_AFTER.days())
    }
}

/// All reports that were filed by now.
fn reports<'a>(ask: &Ask<'a>) -> Vec<Report<'a>> {
    let today = ask.today();
    let mut reports = Vec::new();
    for instrument in ask.core.instruments.of(Class::Stocks).filter(|one| !one.is_load) {
        let symbol = instrument.symbol.as_str();
        if Company::of(ask, symbol).kind() != "CS" {
            continue;
        }
        let shares = Company::of(ask, symbol).shares();
        let mut last = Vec::new();
        for count in 0_i16.. {
            let (year, quarter) = (FIRST_YEAR + count / 4, count % 4 + 1);
            let numbers = Numbers::of(ask, symbol, shares, count.into());
            last.push(numbers);
            let of = |timeframe, numbers| {
                let company = Company::of(ask, symbol);
                Report { company, symbol, timeframe, year, quarter, numbers }
            };
            let quarterly = of(Timeframe::Quarterly, numbers);
            if quarterly.filed() > today {
                break;
            }
            reports.push(quarterly);
            if let [.., first, second, third, fourth] = *last.as_slice() {
                let whole = first.plus(second).plus(third).plus(fourth);
                reports.push(of(Timeframe::TrailingTwelveMonths, whole));
                if quarter == 4 {
                    reports.push(of(Timeframe::Annual, whole));
                }
            }
        }
    }
    reports
}

pub fn old(ask: &Ask) -> Result<Json> {
    const LIST: List = List {
        rows: |ask| {
            let sources = ask.query.flag("include_sources")?.unwrap_or(false);
            let search = ask.query.get("company_name.search").map(str::to_lowercase);
            let mut rows: Vec<Json> =
                reports(ask).iter().map(|report| old_row(ask, report, sources)).collect();
            if let Some(search) = search {
                let name = |row: &Json| {
                    row.get("company_name").and_then(Json::text).map(str::to_lowercase)
                };
                rows.retain(|row| name(row).is_some_and(|name| name.contains(&search)));
            }
            // Without a wish the vendor gives all but the trailing ones.
            if ask.query.get("timeframe").is_none() {
                rows.retain(|row| row.get("timeframe").and_then(Json::text) != Some("ttm"));
            }
            Ok(rows)
        },
        fields: &[
            Field::texts("ticker", "tickers"),
            Field::text("cik"),
            Field::text("company_name"),
            Field::text("sic"),
            Field::date("filing_date"),
            Field::date("period_of_report_date").of("end_date"),
            Field::text("timeframe").one_of(&["annual", "quarterly", "ttm"]),
        ],
        sort: "period_of_report_date",
        order: Order::Descending,
        usual: 10,
        most: 100,
        counted: true,
    };
    page(ask, &LIST)
}

fn old_row(ask: &Ask, report: &Report, sources: bool) -> Json {
    let period = match report.timeframe {
        Timeframe::Quarterly => format!("Q{}", report.quarter),
        Timeframe::Annual => "FY".to_owned(),
        Timeframe::TrailingTwelveMonths => "TTM".to_owned(),
    };
    let cik = report.company.cik();
    let filing = format!("{}/v1/reference/sec/filings/{cik}-{}", ask.origin(), report.end());
    map([
        ("start_date", report.start().to_string().into()),
        ("end_date", report.end().to_string().into()),
        ("filing_date", report.filed().to_string().into()),
        ("timeframe", report.timeframe.word().into()),
        ("fiscal_period", period.into()),
        ("fiscal_year", report.year.to_string().into()),
        ("cik", cik.as_str().into()),
    ])
    .maybe("sic", report.company.text("sic_code"))
    .with("tickers", vec![report.symbol])
    .with("company_name", report.company.name())
    .with("source_filing_url", filing.as_str())
    .with("source_filing_file_url", format!("{filing}/files/report.xml"))
    .with("financials", statements(&report.numbers, sources))
}

/// Writes the items of a statement.
struct Items {
    sources: bool,
}

impl Items {
    fn item(&self, label: &str, value: i64, order: i64) -> Json {
        let item = map([
            ("label", label.into()),
            ("value", Json::Float(value.into())),
            ("unit", "USD".into()),
            ("order", Json::Integer(order)),
        ]);
        let xpath = format!("//*[local-name()='{}']", label.replace(' ', ""));
        item.maybe("xpath", self.sources.then_some(xpath))
    }

    fn balance(&self, numbers: &Numbers) -> Json {
        let (assets, debts) = (numbers.assets, numbers.liabilities);
        let equity = numbers.equity();
        let outside = self.item("Equity Attributable To Noncontrolling Interest", 0, 1500);
        let inside = self.item("Equity Attributable To Parent", equity, 1600);
        map([
            ("assets", self.item("Assets", assets, 100)),
            ("current_assets", self.item("Current Assets", assets / 4, 200)),
            ("noncurrent_assets", self.item("Noncurrent Assets", assets - assets / 4, 300)),
            ("liabilities", self.item("Liabilities", debts, 600)),
            ("current_liabilities", self.item("Current Liabilities", debts / 4, 700)),
            ("noncurrent_liabilities", self.item("Noncurrent Liabilities", debts - debts / 4, 800)),
            ("equity", self.item("Equity", equity, 1400)),
            ("equity_attributable_to_noncontrolling_interest", outside),
            ("equity_attributable_to_parent", inside),
            ("liabilities_and_equity", self.item("Liabilities And Equity", assets, 1900)),
        ])
    }

    fn income(&self, numbers: &Numbers) -> Json {
        let per_share = |label: &str, order: i64| {
            map([
                ("label", label.into()),
                ("value", numbers.per_share().into()),
                ("unit", "USD / shares".into()),
                ("order", Json::Integer(order)),
            ])
        };
        let operating = self.item("Operating Income/Loss", numbers.before_taxes(), 1100);
        map([
            ("revenues", self.item("Revenues", numbers.revenue, 100)),
            ("cost_of_revenue", self.item("Cost Of Revenue", numbers.cost, 300)),
            ("gross_profit", self.item("Gross Profit", numbers.gross(), 800)),
            ("operating_expenses", self.item("Operating Expenses", numbers.operating, 1000)),
            ("operating_income_loss", operating),
            ("income_tax_expense_benefit", self.item("Income Tax", numbers.taxes, 2200)),
            ("net_income_loss", self.item("Net Income/Loss", numbers.net(), 3200)),
            ("basic_earnings_per_share", per_share("Basic Earnings Per Share", 4200)),
            ("diluted_earnings_per_share", per_share("Diluted Earnings Per Share", 4300)),
        ])
    }

    fn cash_flow(&self, numbers: &Numbers) -> Json {
        let flow = |kind: &str, value: i64, order: i64| {
            self.item(&format!("Net Cash Flow{kind}"), value, order)
        };
        let [operating, investing, financing] = numbers.cash_flows();
        let all = operating + investing + financing;
        let from = |kind: &str| format!(" From {kind} Activities");
        map([
            ("net_cash_flow_from_operating_activities", flow(&from("Operating"), operating, 100)),
            ("net_cash_flow_from_investing_activities", flow(&from("Investing"), investing, 400)),
            ("net_cash_flow_from_financing_activities", flow(&from("Financing"), financing, 700)),
            ("exchange_gains_losses", self.item("Exchange Gains/Losses", 0, 1000)),
            ("net_cash_flow", flow("", all, 1100)),
        ])
    }

    fn comprehensive(&self, numbers: &Numbers) -> Json {
        const OTHER: i64 = 9_000_000;
        let all = self.item("Comprehensive Income/Loss", numbers.net() + OTHER, 100);
        let other = self.item("Other Comprehensive Income/Loss", OTHER, 400);
        map([("comprehensive_income_loss", all), ("other_comprehensive_income_loss", other)])
    }
}

fn statements(numbers: &Numbers, sources: bool) -> Json {
    let items = Items { sources };
    map([
        ("balance_sheet", items.balance(numbers)),
        ("cash_flow_statement", items.cash_flow(numbers)),
        ("comprehensive_income", items.comprehensive(numbers)),
        ("income_statement", items.income(numbers)),
    ])
}

const STATEMENT_FIELDS: &[Field] = &[
    Field::texts("tickers", "tickers"),
    Field::text("cik"),
    Field::date("period_end"),
    Field::date("filing_date"),
    Field::number("fiscal_year"),
    Field::number("fiscal_quarter"),
    Field::text("timeframe").one_of(&["quarterly", "annual", "trailing_twelve_months"]),
];

const fn statement_list(rows: fn(&Ask) -> Result<Vec<Json>>) -> List {
    List {
        rows,
        fields: STATEMENT_FIELDS,
        sort: "period_end",
        order: Order::Ascending,
        usual: 100,
        most: 50_000,
        counted: false,
    }
}

pub fn income(ask: &Ask) -> Result<Json> {
    const LIST: List = statement_list(|ask| {
        let row = |report: &Report| {
            let numbers = &report.numbers;
            head(report)
                .with("revenue", numbers.revenue)
                .with("cost_of_revenue", numbers.cost)
                .with("gross_profit", numbers.gross())
                .with("research_development", numbers.operating / 2)
                .with("selling_general_administrative", numbers.operating - numbers.operating / 2)
                .with("other_operating_expenses", 0_i64)
                .with("total_operating_expenses", numbers.operating)
                .with("operating_income", numbers.before_taxes())
                .with("other_income_expense", 0_i64)
                .with("total_other_income_expense", 0_i64)
                .with("income_before_income_taxes", numbers.before_taxes())
                .with("income_taxes", numbers.taxes)
                .with("consolidated_net_income_loss", numbers.net())
                .with("net_income_loss_attributable_common_shareholders", numbers.net())
                .with("basic_earnings_per_share", numbers.per_share())
                .with("basic_shares_outstanding", numbers.shares)
                .with("diluted_earnings_per_share", numbers.per_share())
                .with("diluted_shares_outstanding", numbers.shares)
                .with("ebitda", numbers.before_taxes() + numbers.operating / 4)
        };
        Ok(reports(ask).iter().map(row).collect())
    });
    page(ask, &LIST)
}

pub fn balance(ask: &Ask) -> Result<Json> {
    const LIST: List = statement_list(|ask| {
        let row = |report: &Report| {
            let numbers = &report.numbers;
            let (assets, liabilities) = (numbers.assets, numbers.liabilities);
            head(report)
                .with("cash_and_equivalents", assets / 10)
                .with("total_current_assets", assets / 4)
                .with("total_assets", assets)
                .with("total_current_liabilities", liabilities / 4)
                .with("total_liabilities", liabilities)
                .with("total_equity", numbers.equity())
                .with("total_liabilities_and_equity", assets)
        };
        // A balance is of a day, not of twelve months.
        let mut reports = reports(ask);
        reports.retain(|report| report.timeframe != Timeframe::TrailingTwelveMonths);
        Ok(reports.iter().map(row).collect())
    });
    page(ask, &LIST)
}

pub fn cash_flow(ask: &Ask) -> Result<Json> {
    const LIST: List = statement_list(|ask| {
        let row = |report: &Report| {
            let numbers = &report.numbers;
            let [operations, investing, financing] = numbers.cash_flows();
            head(report)
                .with("net_income", numbers.net())
                .with("net_cash_from_operating_activities", operations)
                .with("net_cash_from_investing_activities", investing)
                .with("net_cash_from_financing_activities", financing)
                .with("change_in_cash_and_equivalents", operations + investing + financing)
        };
        Ok(reports(ask).iter().map(row).collect())
    });
    page(ask, &LIST)
}

fn head(report: &Report) -> Json {
    map([
        ("tickers", vec![report.symbol].into()),
        ("cik", report.company.cik().into()),
        ("period_end", report.end().to_string().into()),
        ("filing_date", report.filed().to_string().into()),
        ("fiscal_year", Json::Integer(report.year.into())),
        ("fiscal_quarter", Json::Integer(report.quarter.into())),
        ("timeframe", report.timeframe.long_word().into()),
    ])
}

pub fn ratios(ask: &Ask) -> Result<Json> {
    const LIST: List = List {
        rows: ratio_rows,
        fields: &[
            Field::text("ticker"),
            Field::text("cik"),
            Field::date("date"),
            Field::number("price"),
            Field::number("market_cap"),
            Field::number("average_volume"),
            Field::number("earnings_per_share"),
            Field::number("price_to_earnings"),
            Field::number("price_to_book"),
            Field::number("price_to_sales"),
            Field::number("dividend_yield"),
            Field::number("return_on_assets"),
            Field::number("return_on_equity"),
            Field::number("debt_to_equity"),
            Field::number("current"),
        ],
        sort: "ticker",
        order: Order::Ascending,
        usual: 100,
        most: 50_000,
        counted: false,
    };
    page(ask, &LIST)
}

fn ratio_rows(ask: &Ask) -> Result<Vec<Json>> {
    let reports = reports(ask);
    let mut rows = Vec::new();
    for instrument in ask.core.instruments.of(Class::Stocks).filter(|one| !one.is_load) {
        let last = reports.iter().rfind(|report| {
            report.symbol == instrument.symbol
                && report.timeframe == Timeframe::TrailingTwelveMonths
        });
        let (Some(report), look) = (last, Look::new(ask, instrument)) else { continue };
        let Some(price) = look.price().map(|price| price.decimal()) else { continue };
        let numbers = report.numbers;
        let ratio = |a: Decimal, b: i64| a.checked_div(b.into()).unwrap_or_default().round_dp(4);
        let value = price.checked_mul(numbers.shares.into()).unwrap_or_default();
        let earnings = price.checked_div(numbers.per_share()).unwrap_or_default().round_dp(2);
        rows.push(map([
            ("ticker", report.symbol.into()),
            ("cik", report.company.cik().into()),
            ("date", ask.today().to_string().into()),
            ("price", price.into()),
            ("average_volume", look.previous.map_or(0, |bar| bar.volume).into()),
            ("market_cap", value.into()),
            ("earnings_per_share", numbers.per_share().into()),
            ("price_to_earnings", earnings.into()),
            ("price_to_book", ratio(value, numbers.equity()).into()),
            ("price_to_sales", ratio(value, numbers.revenue).into()),
            ("return_on_assets", ratio(numbers.net().into(), numbers.assets).into()),
            ("return_on_equity", ratio(numbers.net().into(), numbers.equity()).into()),
            ("debt_to_equity", ratio(numbers.liabilities.into(), numbers.equity()).into()),
            ("current", ratio((numbers.assets / 4).into(), numbers.liabilities / 4).into()),
        ]));
    }
    Ok(rows)
}
