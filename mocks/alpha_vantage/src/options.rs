//! `REALTIME_OPTIONS`, `REALTIME_OPTIONS_FMV`, `HISTORICAL_OPTIONS`: a constructed chain around the
//! close of the day. The prices are a model's, and near enough to look at.

use jiff::civil::{Date, Weekday, date};
use mockkit::market::previous_session;
use mockkit::time;
use rust_decimal::prelude::ToPrimitive as _;

use crate::answer::{Answer, Table, same};
use crate::call::Call;
use crate::economy;
use crate::json::Json;
use crate::number::float;
use crate::params;
use crate::refusal::Result;
use crate::settings::{Freshness, Plan};
use crate::stocks::quotes::artificial;

const FIRST: Date = date(2008, 1, 1);
const EXPIRATIONS: usize = 3;
/// Strikes above and below the price.
const STRIKES: i32 = 4;
const VOLATILITY: f64 = 0.24;

const FIELDS: [&str; 14] = [
    "contractID",
    "symbol",
    "expiration",
    "strike",
    "type",
    "last",
    "mark",
    "bid",
    "bid_size",
    "ask",
    "ask_size",
    "volume",
    "open_interest",
    "date",
];
const GREEKS: [&str; 6] = ["implied_volatility", "delta", "gamma", "theta", "vega", "rho"];

pub fn historical(call: &Call<'_>) -> Result<Answer> {
    let day = call.date("date")?.unwrap_or_else(|| previous_session(call.today()).date);
    if day < FIRST || day > call.today() {
        return Err(call.invalid());
    }
    let table = chain(call, day, true)?;
    Ok(rows("Historical Options", table))
}

pub fn realtime(call: &Call<'_>) -> Result<Answer> {
    let greeks = call.flag("require_greeks", "false")?;
    let table = chain(call, call.today(), greeks)?;
    let name = if call.function == "REALTIME_OPTIONS" {
        "Realtime Options"
    } else {
        "Realtime Options FMV"
    };
    let rights = call.rights;
    if rights.plan == Plan::Premium && rights.entitlement == Freshness::Realtime {
        return Ok(rows(name, table));
    }
    let mut invented = Table::new(&[same("contractID"), same("symbol"), same("mark")]);
    invented.push(["XXYYZZ999999C00000000".into(), "XXYYZZ".into(), "0.00".into()]);
    Ok(artificial(name, invented))
}

fn rows(name: &str, table: Table) -> Answer {
    let head = vec![("endpoint", name.to_owned()), ("message", "success".to_owned())];
    Answer::Rows { head, key: "data", table }
}

/// All contracts, or those that the call names.
fn chain(call: &Call<'_>, day: Date, greeks: bool) -> Result<Table> {
    let index = call.listing()?;
    let stocks = &call.world.stocks;
    let contract = call.get("contract");
    let expiration = call.get("expiration").map(|text| params::date(text).ok_or(call.invalid()));
    let expiration = expiration.transpose()?;
    let names = FIELDS.into_iter().chain(GREEKS.into_iter().filter(|_| greeks));
    let mut table = Table::new(&names.map(same).collect::<Vec<_>>());
    let horizon = call.now.min(time::new_york_at(day, 20, 0));
    let Some(last) = stocks.last(index, horizon) else { return Ok(table) };
    let price = last.price.to_f64().unwrap_or_default();
    let step = if price < 25.0 { 1.0 } else { 5.0 };
    for expires in third_fridays(day) {
        if expiration.is_some_and(|wanted| wanted != expires) {
            continue;
        }
        for number in -STRIKES..=STRIKES {
            let strike = ((price / step).round() + f64::from(number)) * step;
            for is_call in [true, false] {
                let option = Contract { price, strike, expires, day, is_call };
                let id = option.id(&stocks.listing(index).symbol);
                if strike > 0.0 && contract.is_none_or(|wanted| wanted == id) {
                    let mut row = option.row(&stocks.listing(index).symbol);
                    row.truncate(table.columns.len());
                    table.rows.push(row.into_iter().map(Json::Text).collect());
                }
            }
        }
    }
    Ok(table)
}

/// The next of them after a day.
fn third_fridays(day: Date) -> Vec<Date> {
    let mut fridays = Vec::new();
    let mut month = day.first_of_month();
    while fridays.len() < EXPIRATIONS {
        if let Ok(friday) = month.nth_weekday_of_month(3, Weekday::Friday)
            && friday > day
        {
            fridays.push(friday);
        }
        let Ok(next) = month.last_of_month().tomorrow() else { break };
        month = next;
    }
    fridays
}

struct Contract {
    price: f64,
    strike: f64,
    expires: Date,
    day: Date,
    is_call: bool,
}

impl Contract {
    /// `IBM131019C00180000`
    fn id(&self, symbol: &str) -> String {
        let side = if self.is_call { 'C' } else { 'P' };
        let strike = (self.strike * 1000.0).round();
        format!("{symbol}{}{side}{strike:08}", self.expires.strftime("%y%m%d"))
    }

    fn row(&self, symbol: &str) -> Vec<String> {
        let years = (economy::days(self.expires) - economy::days(self.day)).max(1) as f64 / 365.0;
        let spread = VOLATILITY * years.sqrt();
        let d1 = (self.price / self.strike).ln() / spread + spread / 2.0;
        let (up, down) = (below(d1), below(d1 - spread));
        let call = (self.price * up - self.strike * down).max(0.01);
        let mark = if self.is_call { call } else { (call - self.price + self.strike).max(0.01) };
        let delta = if self.is_call { up } else { up - 1.0 };
        let density = (-d1 * d1 / 2.0).exp() / std::f64::consts::TAU.sqrt();
        let vega = self.price * density * years.sqrt() / 100.0;
        let theta = -self.price * density * VOLATILITY / (2.0 * years.sqrt()) / 365.0;
        let side = if self.is_call { 1.0 } else { -1.0 };
        let rho = side * self.strike * years * if self.is_call { down } else { 1.0 - down } / 100.0;
        vec![
            self.id(symbol),
            symbol.to_owned(),
            self.expires.to_string(),
            float(self.strike, 2),
            if self.is_call { "call" } else { "put" }.to_owned(),
            float(mark, 2),
            float(mark, 2),
            float((mark * 0.98).max(0.0), 2),
            "10".to_owned(),
            float(mark * 1.02, 2),
            "12".to_owned(),
            "25".to_owned(),
            "140".to_owned(),
            self.day.to_string(),
            float(VOLATILITY, 5),
            float(delta, 5),
            float(density / (self.price * spread), 5),
            float(theta, 5),
            float(vega, 5),
            float(rho, 5),
        ]
    }
}

/// Near the share of a normal distribution that lies below a point.
fn below(point: f64) -> f64 {
    1.0 / (1.0 + (-1.702 * point).exp())
}
