//! A newswire that never was: an article every half hour, each about one or two stocks.

use mockkit::time::{self, DAY, MINUTE};

use super::Ask;
use super::companies::Company;
use super::lists::{Field, List, page};
use crate::instruments::Class;
use crate::json::{Json, map};
use crate::query::Order;
use crate::refusal::Result;

/// How far back the archive goes, and how far its articles are apart.
const ARCHIVE: i64 = 30 * DAY;
const APART: i64 = 30 * MINUTE;

/// Name and home page of who publishes.
const PUBLISHERS: [(&str, &str); 3] = [
    ("Half Hourly Gazette", "https://gazette.example/"),
    ("The Ticker Tape", "https://tape.example/"),
    ("Floor Notes", "https://floor.example/"),
];

const TITLES: [&str; 4] = [
    "{} moves as the market waits",
    "What the tape says about {}",
    "{}: three numbers to watch",
    "Traders \u{2014} and machines \u{2014} look at {}",
];

pub fn all(ask: &Ask) -> Result<Json> {
    const LIST: List = List {
        rows,
        fields: &[Field::texts("ticker", "tickers"), Field::time("published_utc")],
        sort: "published_utc",
        order: Order::Descending,
        usual: 10,
        most: 1_000,
        counted: true,
    };
    page(ask, &LIST)
}

fn rows(ask: &Ask) -> Result<Vec<Json>> {
    let stocks: Vec<&str> = ask
        .core
        .instruments
        .of(Class::Stocks)
        .filter(|one| !one.is_load)
        .map(|one| one.symbol.as_str())
        .collect();
    let last = ask.now.div_euclid(APART);
    let first = (ask.now - ARCHIVE).div_euclid(APART) + 1;
    let numbers = (first..=last).filter(|_| !stocks.is_empty());
    Ok(numbers.map(|number| article(ask, &stocks, number)).collect())
}

fn article(ask: &Ask, stocks: &[&str], number: i64) -> Json {
    let seed = ask.core.seed.branch("news");
    let index = number.cast_unsigned();
    let pick = |label: &str, below: usize| {
        usize::try_from(seed.below(label, index, below as u64)).unwrap_or(0)
    };
    let symbol = stocks[pick("stock", stocks.len())];
    let other = stocks[pick("other", stocks.len())];
    let mut symbols = vec![symbol];
    if other != symbol && pick("two", 3) == 0 {
        symbols.push(other);
    }
    let name = Company::of(ask, symbol).name();
    let title = TITLES[pick("title", TITLES.len())].replace("{}", &name);
    let (publisher, home) = PUBLISHERS[pick("publisher", PUBLISHERS.len())];
    let path = format!("{home}articles/{number}");
    let row = map([
        ("id", format!("{:016x}{:016x}", seed.number("id", index), index).into()),
        (
            "publisher",
            map([
                ("name", publisher.into()),
                ("homepage_url", home.into()),
                ("logo_url", format!("{home}logo.svg").into()),
                ("favicon_url", format!("{home}favicon.ico").into()),
            ]),
        ),
        ("title", title.into()),
        ("author", "A. Mock".into()),
        ("published_utc", time::utc(number * APART).into()),
        ("article_url", path.as_str().into()),
        ("tickers", symbols.clone().into()),
        ("amp_url", format!("{path}/amp").into()),
        ("image_url", format!("{path}/image.jpg").into()),
        ("description", format!("Nobody knows what happens to {name}. We ask anyway.").into()),
        ("keywords", vec!["markets", "stocks"].into()),
    ]);
    // Older articles of the vendor have no insights, and neither has every fourth of ours.
    if pick("insights", 4) == 0 {
        return row;
    }
    let insight = |(position, symbol): (usize, &&str)| {
        let words = ["positive", "neutral", "negative"];
        let sentiment = words[pick("sentiment", words.len()).saturating_sub(position)];
        map([
            ("ticker", (*symbol).into()),
            ("sentiment", sentiment.into()),
            ("sentiment_reasoning", format!("The words about {symbol} are {sentiment}.").into()),
        ])
    };
    let insights: Vec<Json> = symbols.iter().enumerate().map(insight).collect();
    row.with("insights", insights)
}
