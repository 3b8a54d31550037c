//! Who is listed, under which name, and since when.

use jiff::civil::Date;

use rust_decimal::Decimal;

use super::Ask;
use super::companies::{Company, documented};
use super::lists::{Field, List, page};
use super::look::Look;
use crate::instruments::{Class, Instrument};
use crate::json::{Json, map};
use crate::options::Contract;
use crate::query::Order;
use crate::refusal::{Refusal, Result};

pub fn all(ask: &Ask) -> Result<Json> {
    const LIST: List = List {
        rows,
        fields: &[
            Field::text("ticker"),
            Field::text("type"),
            Field::text("market").one_of(&["stocks", "crypto", "fx", "otc", "indices"]),
            Field::text("exchange").of("primary_exchange"),
            Field::text("cik"),
            Field::text("name"),
            Field::text("locale"),
            Field::text("primary_exchange"),
            Field::text("currency_name"),
            Field::text("currency_symbol"),
            Field::text("base_currency_symbol"),
            Field::text("base_currency_name"),
            Field::text("composite_figi"),
            Field::text("share_class_figi"),
            Field::text("delisted_utc"),
            Field::text("last_updated_utc"),
        ],
        sort: "ticker",
        order: Order::Ascending,
        usual: 100,
        most: 1_000,
        counted: true,
    };
    page(ask, &LIST)
}

fn rows(ask: &Ask) -> Result<Vec<Json>> {
    let date = ask.query.date("date")?;
    let active = ask.query.flag("active")?.unwrap_or(true);
    let cusip = ask.query.get("cusip");
    let search = ask.query.get("search").map(str::to_lowercase);
    let updated = format!("{}T00:00:00Z", date.unwrap_or(ask.today()));
    let list = ask.core.instruments.list().iter();
    let mut rows: Vec<Json> =
        list.filter_map(|instrument| row(ask, instrument, &updated)).collect();
    for company in documented() {
        let symbol = company.get("ticker").and_then(Json::text).unwrap_or_default();
        let company = Company::of(ask, symbol);
        if company.delisted().is_some() && ask.instrument(symbol).is_none() {
            rows.push(company.row(&updated));
        }
    }
    rows.retain(|row| {
        let text = |name: &str| row.get(name).and_then(Json::text).unwrap_or_default();
        let symbol = text("ticker");
        let is_found = search.as_ref().is_none_or(|search| {
            let name = text("name").to_lowercase();
            name.contains(search) || symbol.to_lowercase().contains(search)
        });
        let company = Company::of(ask, symbol);
        let existed = date.is_none_or(|date| company.listed().is_none_or(|listed| listed <= date));
        is_found
            && existed
            && row.get("active") == Some(&Json::Flag(active))
            && cusip.is_none_or(|cusip| company.text("cusip") == Some(cusip))
    });
    Ok(rows)
}

/// Options have a list of their own.
fn row(ask: &Ask, instrument: &Instrument, updated: &str) -> Option<Json> {
    let begin = |market: &str, locale: &str| {
        map([
            ("ticker", instrument.symbol.as_str().into()),
            ("name", instrument.name.as_str().into()),
            ("market", market.into()),
            ("locale", locale.into()),
            ("active", true.into()),
        ])
    };
    match instrument.class {
        Class::Options => None,
        Class::Stocks => Some(Company::of(ask, &instrument.symbol).row(updated)),
        Class::Indices => Some(begin("indices", "us").with("source_feed", "CMEMarketDataPlatform")),
        Class::Fx | Class::Crypto => {
            let (base, quote) = instrument.pair()?;
            let mut names = instrument.name.split(" - ");
            let base_name = names.next().unwrap_or(base);
            let row = begin(instrument.class.name(), "global")
                .with("currency_symbol", quote)
                .with("currency_name", names.next().unwrap_or(quote))
                .with("base_currency_symbol", base)
                .with("base_currency_name", base_name);
            Some(row.with("last_updated_utc", updated))
        }
    }
}

pub fn details(ask: &Ask) -> Result<Json> {
    let symbol = ask.argument(0);
    let date = ask.query.date("date")?;
    let instrument = ask.instrument(symbol).filter(|one| one.class != Class::Options);
    let company = Company::of(ask, symbol);
    let gone = company.delisted().is_some();
    if (instrument.is_none() && !gone) || !is_listed(&company, date) {
        return Err(Refusal::no_ticker());
    }
    let updated = format!("{}T00:00:00Z", ask.today());
    let row = instrument.and_then(|one| row(ask, one, &updated));
    let mut row = row.unwrap_or_else(|| company.row(&updated));
    if let Json::Map(members) = &mut row {
        members.retain(|(name, _)| name != "last_updated_utc");
    }
    let row = match instrument {
        Some(instrument) if instrument.class == Class::Stocks => {
            described(ask, row, instrument, &company)
        }
        _ => row,
    };
    let answer = map([("results", row)]);
    Ok(answer.with("status", ask.plan.status()).with("request_id", ask.request_id()))
}

fn is_listed(company: &Company, date: Option<Date>) -> bool {
    let Some(date) = date else { return true };
    company.listed().is_none_or(|listed| listed <= date)
}

fn described(ask: &Ask, row: Json, instrument: &Instrument, company: &Company) -> Json {
    let price = Look::new(ask, instrument).price().map(|price| price.decimal());
    let shares = company.shares();
    let value = price.and_then(|price| price.checked_mul(Decimal::from(shares)));
    let mut row = row.maybe("market_cap", value);
    for name in ["phone_number", "address"] {
        row = row.maybe(name, company.known(name).cloned());
    }
    let no_words = || Json::from(format!("Nothing is known of {}.", instrument.name));
    row = row.with("description", company.known("description").cloned().unwrap_or_else(no_words));
    for name in ["sic_code", "sic_description"] {
        row = row.maybe(name, company.known(name).cloned());
    }
    let (root, suffix) = match instrument.symbol.split_once('.') {
        Some((root, suffix)) => (root, Some(suffix)),
        None => (instrument.symbol.as_str(), None),
    };
    row = row.with("ticker_root", root).maybe("ticker_suffix", suffix);
    for name in ["homepage_url", "total_employees"] {
        row = row.maybe(name, company.known(name).cloned());
    }
    let branding = |image: &str| {
        let symbol = instrument.symbol.to_lowercase();
        format!("{}/v1/reference/company-branding/{symbol}/images/{image}", ask.origin())
    };
    row.with("list_date", company.text("list_date").unwrap_or("2000-01-03"))
        .with(
            "branding",
            map([
                ("logo_url", branding("logo.svg").into()),
                ("icon_url", branding("icon.png").into()),
            ]),
        )
        .with("share_class_shares_outstanding", shares)
        .with("weighted_shares_outstanding", shares - shares / 125)
        .with("round_lot", 100_i64)
}

/// Names that an instrument had: by symbol, CUSIP or composite FIGI.
pub fn events(ask: &Ask) -> Result<Json> {
    let id = ask.argument(0);
    ask.query.choice("types", &["ticker_change"])?;
    let is = |row: &&Json| {
        ["ticker", "cusip", "composite_figi"]
            .iter()
            .any(|name| row.get(name).and_then(Json::text) == Some(id))
    };
    let symbol = match documented().iter().find(is) {
        Some(row) => row.get("ticker").and_then(Json::text).unwrap_or_default(),
        None => {
            let known = ask.instrument(id).filter(|one| one.class == Class::Stocks);
            &known.ok_or_else(Refusal::no_ticker)?.symbol
        }
    };
    let company = Company::of(ask, symbol);
    let event = |symbol: &str, date: &str| {
        map([
            ("ticker_change", map([("ticker", symbol.into())])),
            ("type", "ticker_change".into()),
            ("date", date.into()),
        ])
    };
    let events = match company.known("events") {
        Some(Json::List(events)) => events
            .iter()
            .filter_map(|pair| match pair {
                Json::List(pair) => Some(event(pair.first()?.text()?, pair.get(1)?.text()?)),
                _ => None,
            })
            .collect(),
        _ => vec![event(symbol, "2000-01-03")],
    };
    let results = map([
        ("name", company.name().into()),
        ("composite_figi", company.figi("composite_figi").into()),
        ("cik", company.cik().into()),
        ("events", Json::List(events)),
    ]);
    let answer = map([("results", results)]);
    Ok(answer.with("status", ask.plan.status()).with("request_id", ask.request_id()))
}

pub fn related(ask: &Ask) -> Result<Json> {
    let symbol = ask.argument(0);
    if ask.known(symbol)?.class != Class::Stocks {
        return Err(Refusal::no_ticker());
    }
    let company = Company::of(ask, symbol);
    let rows: Vec<Json> = match company.known("related") {
        Some(Json::List(symbols)) => {
            symbols.iter().map(|symbol| map([("ticker", symbol.clone())])).collect()
        }
        _ => Vec::new(),
    };
    Ok(ask.ok().with("results", rows).with("stock_symbol", symbol))
}

pub fn contracts(ask: &Ask) -> Result<Json> {
    const LIST: List = List {
        rows: |ask| {
            let date = ask.query.date("as_of")?.unwrap_or(ask.today());
            let expired = ask.query.flag("expired")?.unwrap_or(false);
            let options = ask.core.instruments.of(Class::Options);
            let rows = options.filter_map(|one| {
                let contract = Contract::parse(&one.symbol)?;
                ((contract.expires < date) == expired).then(|| contract.row(&one.symbol))
            });
            Ok(rows.collect())
        },
        fields: &[
            Field::text("ticker"),
            Field::text("underlying_ticker"),
            Field::text("contract_type").one_of(&["call", "put"]),
            Field::date("expiration_date"),
            Field::number("strike_price"),
        ],
        sort: "ticker",
        order: Order::Ascending,
        usual: 10,
        most: 1_000,
        counted: false,
    };
    page(ask, &LIST)
}

pub fn contract(ask: &Ask) -> Result<Json> {
    let symbol = ask.argument(0);
    ask.query.date("as_of")?;
    let known = ask.instrument(symbol).and_then(|one| Contract::parse(&one.symbol));
    let contract = known.ok_or_else(Refusal::no_option)?;
    Ok(ask.ok().with("results", contract.row(symbol)))
}

/// Companies that went or go public.
pub fn ipos(ask: &Ask) -> Result<Json> {
    const LIST: List = List {
        rows: ipo_rows,
        fields: &[
            Field::text("ticker"),
            Field::text("us_code"),
            Field::text("isin"),
            Field::date("listing_date"),
            Field::text("ipo_status"),
            Field::date("announced_date"),
            Field::date("last_updated"),
            Field::text("issuer_name"),
            Field::text("security_type"),
            Field::text("currency_code"),
            Field::number("final_issue_price"),
        ],
        sort: "listing_date",
        order: Order::Descending,
        usual: 10,
        most: 1_000,
        counted: false,
    };
    page(ask, &LIST)
}

/// Symbol, name, ISIN, announced, listed, price in cents, shares in thousands, venue.
type Ipo =
    (&'static str, &'static str, &'static str, &'static str, &'static str, i64, i64, &'static str);

const IPOS: [Ipo; 4] = [
    ("FB", "Facebook, Inc.", "US30303M1027", "2012-02-01", "2012-05-18", 3_800, 421_233, "XNAS"),
    ("ZTS", "Zoetis Inc.", "US98978V1035", "2012-08-13", "2013-02-01", 2_600, 86_100, "XNYS"),
    ("FEYE", "FireEye, Inc.", "US31816Q1013", "2013-08-02", "2013-09-20", 2_000, 15_180, "XNAS"),
    ("TWTR", "Twitter, Inc.", "US90184L1026", "2013-10-03", "2013-11-07", 2_600, 70_000, "XNYS"),
];

fn ipo_rows(ask: &Ask) -> Result<Vec<Json>> {
    let today = ask.today().to_string();
    let told = IPOS.iter().filter(|ipo| ipo.3 <= today.as_str());
    Ok(told.map(|ipo| ipo_row(ipo, &today)).collect())
}

fn ipo_row(ipo: &Ipo, today: &str) -> Json {
    let &(symbol, name, isin, announced, listed, cents, thousands, venue) = ipo;
    let (price, shares) = (Decimal::new(cents, 2), thousands * 1_000);
    let is_listed = listed <= today;
    let row = map([
        ("ticker", symbol.into()),
        ("issuer_name", name.into()),
        ("isin", isin.into()),
        ("us_code", isin.get(2..11).unwrap_or_default().into()),
        ("announced_date", announced.into()),
        ("listing_date", listed.into()),
        ("last_updated", listed.min(today).into()),
        ("ipo_status", if is_listed { "history" } else { "pending" }.into()),
        ("currency_code", "USD".into()),
        ("security_type", "CS".into()),
        ("security_description", "Common Stock".into()),
        ("primary_exchange", venue.into()),
        ("lot_size", 100_i64.into()),
        ("lowest_offer_price", (price - Decimal::TWO).into()),
        ("highest_offer_price", (price + Decimal::TWO).into()),
        ("max_shares_offered", shares.into()),
        ("min_shares_offered", shares.into()),
        ("shares_outstanding", (shares * 5).into()),
    ]);
    let row = row.maybe("final_issue_price", is_listed.then_some(price));
    row.maybe("total_offer_size", is_listed.then(|| price * Decimal::from(shares)))
}
