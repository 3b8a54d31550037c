//! The reference page, line by line.
#![allow(clippy::unwrap_used)]

mod client;

use client::{Mock, frozen, settings, start};
use serde_json::{Value, json};

/// Names of the members of an object, in the order in which they were sent.
fn order(text: &str, after: &str) -> Vec<String> {
    let start = text.find(&format!("\"{after}\": {{")).unwrap();
    let body = &text[start..];
    let end = body.find('}').unwrap();
    let names = body[..end].lines().skip(1).filter_map(|line| line.trim().split_once("\": "));
    names.map(|(name, _)| name.trim_start_matches('"').to_owned()).collect()
}

const EQUITY: &[&str] = &["1. Information", "2. Symbol", "3. Last Refreshed"];
const FX: &[&str] = &["1. Information", "2. From Symbol", "3. To Symbol"];
const DIGITAL: &[&str] = &[
    "1. Information",
    "2. Digital Currency Code",
    "3. Digital Currency Name",
    "4. Market Code",
    "5. Market Name",
    "6. Last Refreshed",
];
const SIZED: &[&str] = &["4. Output Size", "5. Time Zone"];
const ZONED: &[&str] = &["4. Time Zone"];

/// Function and interval, the members of `Meta Data`, the key of the series.
const SERIES: [(&str, &[&str], &[&str], &str); 15] = [
    (
        "TIME_SERIES_INTRADAY&interval=5min",
        EQUITY,
        &["4. Interval", "5. Output Size", "6. Time Zone"],
        "Time Series (5min)",
    ),
    ("TIME_SERIES_DAILY", EQUITY, SIZED, "Time Series (Daily)"),
    ("TIME_SERIES_DAILY_ADJUSTED", EQUITY, SIZED, "Time Series (Daily)"),
    ("TIME_SERIES_WEEKLY", EQUITY, ZONED, "Weekly Time Series"),
    ("TIME_SERIES_WEEKLY_ADJUSTED", EQUITY, ZONED, "Weekly Adjusted Time Series"),
    ("TIME_SERIES_MONTHLY", EQUITY, ZONED, "Monthly Time Series"),
    ("TIME_SERIES_MONTHLY_ADJUSTED", EQUITY, ZONED, "Monthly Adjusted Time Series"),
    (
        "FX_INTRADAY&interval=5min",
        FX,
        &["4. Last Refreshed", "5. Interval", "6. Output Size", "7. Time Zone"],
        "Time Series FX (5min)",
    ),
    (
        "FX_DAILY",
        FX,
        &["4. Output Size", "5. Last Refreshed", "6. Time Zone"],
        "Time Series FX (Daily)",
    ),
    ("FX_WEEKLY", FX, &["4. Last Refreshed", "5. Time Zone"], "Time Series FX (Weekly)"),
    ("FX_MONTHLY", FX, &["4. Last Refreshed", "5. Time Zone"], "Time Series FX (Monthly)"),
    (
        "CRYPTO_INTRADAY&interval=5min",
        DIGITAL,
        &["7. Interval", "8. Output Size", "9. Time Zone"],
        "Time Series Crypto (5min)",
    ),
    ("DIGITAL_CURRENCY_DAILY", DIGITAL, &["7. Time Zone"], "Time Series (Digital Currency Daily)"),
    (
        "DIGITAL_CURRENCY_WEEKLY",
        DIGITAL,
        &["7. Time Zone"],
        "Time Series (Digital Currency Weekly)",
    ),
    (
        "DIGITAL_CURRENCY_MONTHLY",
        DIGITAL,
        &["7. Time Zone"],
        "Time Series (Digital Currency Monthly)",
    ),
];

#[tokio::test]
async fn meta_data_is_numbered_by_function() {
    let mock = start(frozen()).await;
    for (function, first, rest, key) in SERIES {
        let whose = match function.split('_').next() {
            Some("TIME") => "symbol=IBM",
            Some("FX") => "from_symbol=EUR&to_symbol=USD",
            _ => "symbol=BTC&market=EUR",
        };
        let answer = mock.ask(&format!("function={function}&{whose}")).await;
        assert_eq!(order(&answer.text, "Meta Data"), [first, rest].concat(), "{function}");
        let series = &answer.json()[key];
        assert!(series.as_object().is_some_and(|rows| rows.len() > 1), "{function}: {key}");
        let times: Vec<&str> = answer
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("        \"")?.strip_suffix("\": {"))
            .collect();
        assert!(times.is_sorted_by(|newer, older| newer > older), "{function}: newest first");
    }
}

#[tokio::test]
async fn sizes_months_and_hours() {
    let mock = start(frozen()).await;
    let count = async |query: &str| mock.csv(&format!("function={query}")).await.len() - 1;
    assert_eq!(count("TIME_SERIES_DAILY&symbol=IBM").await, 100);
    assert_eq!(count("TIME_SERIES_DAILY&symbol=IBM&outputsize=full").await, 443);
    let one = "TIME_SERIES_INTRADAY&symbol=IBM&interval=1min";
    assert_eq!(count(one).await, 100);
    let full = mock.csv(&format!("function={one}&outputsize=full")).await;
    assert!(full.len() > 390 && full[1][0].starts_with("2013-10-07 19:"), "{:?}", full[1]);
    let regular = format!("function={one}&outputsize=full&extended_hours=false");
    let regular = mock.csv(&regular).await;
    assert_eq!((regular[1][0].as_str(), regular.len()), ("2013-10-07 15:59:00", 391));
    assert_eq!(regular[390][0], "2013-10-07 09:30:00");
    let month = mock.csv(&format!("function={one}&outputsize=full&month=2013-10")).await;
    assert_eq!(month, full);
    let empty = mock.json(&format!("function={one}&month=2013-09")).await;
    assert!(empty["Error Message"].as_str().unwrap().contains("TIME_SERIES_INTRADAY."));
    // A longer bar is the sum of its minutes and is named by its start.
    let hours =
        mock.csv("function=TIME_SERIES_INTRADAY&symbol=IBM&interval=60min&outputsize=full").await;
    let volume = |rows: &[Vec<String>]| {
        rows.iter().skip(1).map(|row| row[5].parse::<u64>().unwrap()).sum::<u64>()
    };
    assert_eq!(volume(&hours), volume(&full));
    assert!(hours.iter().skip(1).all(|row| row[0].ends_with(":00:00")));
}

#[tokio::test]
async fn splits_and_dividends_adjust_what_was_before_them() {
    let mock = start(frozen()).await;
    mock.set_clock("2014-07-01T21:00:00-04:00").await;
    let daily = "function=TIME_SERIES_DAILY_ADJUSTED&symbol=AAPL&outputsize=full";
    let days = mock.json(daily).await["Time Series (Daily)"].take();
    let split = &days["2014-06-09"];
    assert_eq!(
        (&split["8. split coefficient"], &split["7. dividend amount"]),
        (&json!("7.0"), &json!("0.0000"))
    );
    let before = &days["2014-06-06"];
    assert_eq!(before["4. close"], "645.57");
    let adjusted: f64 = before["5. adjusted close"].as_str().unwrap().parse().unwrap();
    assert!((adjusted - 645.57 / 7.0).abs() < 1e-9, "{before}");
    let monthly = mock.json("function=TIME_SERIES_MONTHLY_ADJUSTED&symbol=AAPL").await;
    let month = &monthly["Monthly Adjusted Time Series"]["2014-05-30"];
    assert_eq!(
        (&month["4. close"], &month["7. dividend amount"]),
        (&json!("633.0000"), &json!("3.2900"))
    );
    assert_eq!(month["5. adjusted close"], "90.4286");
    let splits = mock.json("function=SPLITS&symbol=AAPL").await;
    assert_eq!(
        splits["data"][0],
        json!({"effective_date": "2014-06-09", "split_factor": "7.0000"})
    );
    // Intraday bars are adjusted with what came after them, unless they are asked for as they were.
    let minutes = "function=TIME_SERIES_INTRADAY&symbol=IBM&interval=1min&month=2013-10";
    let adjusted = mock.csv(minutes).await;
    let raw = mock.csv(&format!("{minutes}&adjusted=false")).await;
    let close = |row: &Vec<String>| row[4].parse::<f64>().unwrap();
    assert!(close(&adjusted[1]) < close(&raw[1]) && raw[1][5] == adjusted[1][5]);
}

#[tokio::test]
async fn an_entitlement_decides_how_fresh_equities_are() {
    let mock = start(frozen()).await;
    let quote = "function=GLOBAL_QUOTE&symbol=IBM";
    let day = async |query: &str| {
        mock.json(query).await["Global Quote"]["07. latest trading day"].clone()
    };
    assert_eq!(day(quote).await, "2013-10-07");
    assert_eq!(day(&format!("{quote}&entitlement=realtime")).await, "2013-10-08");
    assert_eq!(day(&format!("{quote}&entitlement=delayed")).await, "2013-10-08");
    let bars = "function=TIME_SERIES_INTRADAY&symbol=IBM&interval=1min&entitlement";
    let newest = async |what: &str| mock.csv(&format!("{bars}={what}")).await[1][0].clone();
    assert_eq!(newest("realtime").await, "2013-10-08 10:29:00");
    assert_eq!(newest("delayed").await, "2013-10-08 10:14:00");
    let daily = mock.json("function=TIME_SERIES_DAILY&symbol=IBM&entitlement=realtime").await;
    assert_eq!(daily["Meta Data"]["3. Last Refreshed"], "2013-10-08 10:30:00");
    let wrong = mock.json(&format!("{quote}&entitlement=psychic")).await;
    assert!(wrong["Error Message"].is_string(), "{wrong}");
    // The day's last word comes after the after-hours session.
    mock.set_clock("2013-10-08T19:59:00-04:00").await;
    assert_eq!(day(quote).await, "2013-10-07");
    mock.set_clock("2013-10-08T20:00:00-04:00").await;
    assert_eq!(day(quote).await, "2013-10-08");

    let delayed = settings(json!({
        "entitlement_suffix": true,
        "accounts": [{ "key": "test-key", "entitlement": "delayed" }],
    }));
    let mock = start(delayed).await;
    let answer = mock.json(&format!("{quote}&entitlement=delayed")).await;
    let row = &answer["Global Quote - DATA DELAYED BY 15 MINUTES"];
    assert_eq!(row["07. latest trading day"], "2013-10-08");
    let refused = mock.json(&format!("{quote}&entitlement=realtime")).await;
    assert!(refused["Information"].as_str().unwrap().contains("premium endpoint"));
}

#[tokio::test]
async fn what_makes_no_sense_is_an_invalid_call() {
    let mock = start(frozen()).await;
    for query in [
        "TIME_SERIES_DAILY",
        "TIME_SERIES_DAILY&symbol=",
        "TIME_SERIES_DAILY&Symbol=IBM",
        "TIME_SERIES_DAILY&symbol=NOSUCH",
        "TIME_SERIES_DAILY&symbol=IBM&outputsize=huge",
        "TIME_SERIES_DAILY&symbol=IBM&datatype=xml",
        "TIME_SERIES_INTRADAY&symbol=IBM",
        "TIME_SERIES_INTRADAY&symbol=IBM&interval=7min",
        "TIME_SERIES_INTRADAY&symbol=IBM&interval=5min&month=1999-12",
        "TIME_SERIES_INTRADAY&symbol=IBM&interval=5min&adjusted=perhaps",
        "FX_DAILY&from_symbol=EUR",
        "FX_DAILY&from_symbol=EUR&to_symbol=XXX",
        "CURRENCY_EXCHANGE_RATE&from_currency=EUR&to_currency=",
        "DIGITAL_CURRENCY_DAILY&symbol=USD&market=USD",
        "SYMBOL_SEARCH",
        "LISTING_STATUS&date=2009-12-31",
        "LISTING_STATUS&state=unknown",
        "TREASURY_YIELD&maturity=1hour",
        "INDEX_DATA&symbol=SPX",
        "GOLD_SILVER_SPOT",
        "GOLD_SILVER_SPOT&symbol=COPPER",
        "GOLD_SILVER_HISTORY&symbol=GOLD",
        "GOLD_SILVER_HISTORY&symbol=GOLD&interval=annual",
        "INDEX_DATA&symbol=NOSUCH&interval=daily",
        "NEWS_SENTIMENT&limit=1001",
        "NEWS_SENTIMENT&topics=gossip",
        "NEWS_SENTIMENT&time_from=yesterday",
        "EARNINGS_CALL_TRANSCRIPT&symbol=IBM&quarter=2024",
        "SMA&symbol=IBM&interval=daily&time_period=0",
        "OVERVIEW",
    ] {
        let function = query.split('&').next().unwrap();
        let answer = mock.json(&format!("function={query}")).await;
        let text = answer["Error Message"].as_str().unwrap_or_else(|| panic!("{query}: {answer}"));
        assert_eq!(
            text,
            format!(
                "Invalid API call. Please retry or visit the documentation \
                 (https://www.alphavantage.co/documentation/) for {function}."
            )
        );
    }
    for function in ["", "time_series_daily", "SECTOR"] {
        let answer = mock.json(&format!("function={function}")).await;
        let text = format!("This API function ({function}) does not exist.");
        assert_eq!(answer, json!({ "Error Message": text }));
    }
    assert_eq!(
        mock.json("function=GLOBAL_QUOTE&symbol=NOSUCH").await,
        json!({ "Global Quote": {} })
    );
    for function in ["OVERVIEW", "INCOME_STATEMENT", "EARNINGS", "DIVIDENDS", "ETF_PROFILE"] {
        let answer = mock.json(&format!("function={function}&symbol=NOSUCH")).await;
        assert_eq!(answer, json!({}), "{function}");
    }
}

#[tokio::test]
async fn keys_plans_and_limits() {
    let accounts = json!({ "accounts": [
        { "key": "FREE", "plan": "free", "entitlement": "end_of_day" },
        { "key": "OLD", "plan": "free", "requests_per_second": 0, "requests_per_minute": 5 },
        { "key": "DAY", "requests_per_day": 3 },
    ]});
    let mock = start(settings(accounts)).await;
    let daily = "function=TIME_SERIES_DAILY&symbol=IBM";
    let notice = async |key: &str, name: &str, query: &str| -> String {
        let answer = mock.as_key(key, query).await;
        assert_eq!(answer.status, 200);
        answer.json()[name].as_str().unwrap_or_default().to_owned()
    };
    let burst = "Thank you for using Alpha Vantage! Please consider spreading out your free API \
                 requests more sparingly (1 request per second). You may subscribe to any of the \
                 premium plans at https://www.alphavantage.co/premium/ to lift the free key rate \
                 limit (25 requests per day) and instantly remove all daily rate limits.";
    assert_eq!(notice("FREE", "Information", daily).await, "");
    assert_eq!(notice("FREE", "Information", &format!("{daily}&datatype=csv")).await, burst);
    for _ in 1..25 {
        mock.advance(1.0).await;
        assert_eq!(notice("FREE", "Information", daily).await, "");
    }
    mock.advance(1.0).await;
    let used_up = "We have detected your API key as FREE and our standard API rate limit is 25 \
                   requests per day. Please subscribe to any of the premium plans at \
                   https://www.alphavantage.co/premium/ to instantly remove all daily rate limits.";
    assert_eq!(notice("FREE", "Information", daily).await, used_up);
    mock.advance(86_400.0).await;
    let adjusted = "function=TIME_SERIES_DAILY_ADJUSTED&symbol=IBM";
    let premium = "Thank you for using Alpha Vantage! This is a premium endpoint. You may \
                   subscribe to any of the premium plans at https://www.alphavantage.co/premium/ \
                   to instantly unlock all premium endpoints";
    assert_eq!(notice("FREE", "Information", adjusted).await, premium);
    mock.advance(1.0).await;
    let bulk = mock.as_key("FREE", "function=REALTIME_BULK_QUOTES&symbol=IBM").await.json();
    assert!(bulk["message"].as_str().unwrap().contains("ARTIFICIAL"), "{bulk}");

    for _ in 0..5 {
        assert_eq!(notice("OLD", "Note", daily).await, "");
    }
    assert!(notice("OLD", "Note", daily).await.contains("5 calls per minute and 25 calls per day"));
    for _ in 0..3 {
        assert_eq!(notice("DAY", "Information", daily).await, "");
    }
    assert!(notice("DAY", "Information", daily).await.contains("key as DAY"));
    let limits = mock.send("GET", "/_mock/limits", &[], "").await.unwrap().json();
    let minute = &limits["keys"]["OLD per minute"];
    assert_eq!((&minute["highest"], &minute["refused"]), (&json!(6), &json!(1)));
    assert!(notice("test-key", "Error Message", daily).await.contains("apikey"));
}

#[tokio::test]
async fn where_a_key_may_stand() {
    let mock = start(frozen()).await;
    let path = "/query?function=GLOBAL_QUOTE&symbol=IBM";
    let keyed = |headers: &'static [(&str, &str)]| mock.send("GET", path, headers, "");
    let none = keyed(&[]).await.unwrap().json();
    assert!(none["Error Message"].as_str().unwrap().contains("apikey is invalid or missing"));
    let rapid = keyed(&[("x-rapidapi-key", "test-key")]).await.unwrap().json();
    assert_eq!(rapid["Global Quote"]["01. symbol"], "IBM");
    let demo = async |query: &str| mock.as_key("demo", query).await.json();
    assert!(demo("function=TIME_SERIES_DAILY&symbol=IBM").await["Meta Data"].is_object());
    let refused = demo("function=TIME_SERIES_DAILY&symbol=AAPL").await;
    assert!(refused["Information"].as_str().unwrap().contains("claim your free API key"));
    let requests = mock.send("GET", "/_mock/requests", &[], "").await.unwrap().text;
    assert!(requests.contains("apikey=***") && !requests.contains("test-key"), "{requests}");
    assert_eq!(mock.send("GET", "/elsewhere", &[], "").await.unwrap().status, 404);
    assert_eq!(mock.send("POST", path, &[], "x").await.unwrap().status, 405);
    let loose = start(settings(json!({ "loose_keys": true }))).await;
    let answer = loose.as_key("ANYTHING", "function=GLOBAL_QUOTE&symbol=IBM").await.json();
    assert_eq!(answer["Global Quote"]["01. symbol"], "IBM");
}

#[tokio::test]
async fn faults_come_as_answers_and_as_failures() {
    let mock = start(frozen()).await;
    let quote = "function=GLOBAL_QUOTE&symbol=IBM";
    for (kind, key, words) in [
        ("note", "Note", "5 calls per minute and 500 calls per day"),
        ("burst", "Information", "1 request per second"),
        ("daily_limit", "Information", "key as test-key"),
        ("premium", "Information", "premium endpoint"),
        ("demo", "Information", "demo"),
        ("invalid_key", "Error Message", "apikey"),
        ("invalid_call", "Error Message", "for GLOBAL_QUOTE."),
    ] {
        mock.control("/_mock/faults", json!({ "kind": kind })).await;
        let answer = mock.json(quote).await;
        assert!(answer[key].as_str().unwrap().contains(words), "{kind}: {answer}");
        assert!(mock.json(quote).await["Global Quote"].is_object());
    }
    mock.control("/_mock/faults", json!({ "kind": "empty" })).await;
    assert_eq!(mock.json(quote).await, json!({}));
    mock.control("/_mock/faults", json!({ "status": 503 })).await;
    let answer = mock.ask(quote).await;
    assert_eq!(answer.status, 503);
    assert!(answer.headers["content-type"].starts_with("text/html"), "{answer:?}");
}

#[tokio::test]
async fn csv_ends_its_lines_as_it_is_told() {
    let quote = "function=GLOBAL_QUOTE&symbol=IBM&datatype=csv";
    let mock = start(frozen()).await;
    let plain = mock.ask(quote).await.text;
    assert!(plain.ends_with('\n') && !plain.contains('\r'));
    let crlf = json!({ "csv_line_end": "crlf", "csv_last_line_end": false });
    let mock = start(settings(crlf)).await;
    assert_eq!(mock.ask(quote).await.text, plain.trim_end().replace('\n', "\r\n"));
}

#[tokio::test]
async fn the_same_seed_tells_the_same_past() {
    let rate = "function=FX_DAILY&from_symbol=EUR&to_symbol=USD&outputsize=full";
    let (one, other) = (start(frozen()).await, start(frozen()).await);
    other.advance(3.0 * 86_400.0).await;
    let rows = |rows: Vec<Vec<String>>| rows.into_iter().skip(6).take(2_000).collect::<Vec<_>>();
    let (earlier, later) = (rows(one.csv(rate).await), rows(other.csv(rate).await));
    assert!(earlier.iter().all(|row| later.contains(row) || row[0] < later[1_999][0]));
    let odd = earlier.iter().filter(|row| row[1] < row[3]).count();
    assert!((10..200).contains(&odd), "{odd} rows open outside of their range");
    let seeded = start(settings(json!({ "seed": 2 }))).await;
    assert_ne!(rows(seeded.csv(rate).await), earlier);
}

/// Tells the oldest day of news that a query finds, and how many articles.
async fn news(mock: &Mock, query: &str) -> (String, usize) {
    let answer = mock.json(&format!("function=NEWS_SENTIMENT&{query}")).await;
    let feed = answer["feed"].as_array().unwrap();
    assert_eq!(answer["items"], feed.len().to_string());
    let times = feed.iter().map(|article| article["time_published"].as_str().unwrap());
    (times.min().unwrap_or_default().to_owned(), feed.len())
}

#[tokio::test]
async fn news_goes_back_in_time() {
    let mock = start(frozen()).await;
    let mut until = String::from("20131008T1430");
    let mut seen = 0;
    for _ in 0..4 {
        let (oldest, count) = news(&mock, &format!("tickers=IBM&time_to={until}&limit=200")).await;
        assert_eq!(count, 200);
        assert!(oldest[..13] < *until, "{oldest} {until}");
        until = oldest[..13].to_owned();
        seen += count;
    }
    assert_eq!(seen, 800);
    assert_eq!(news(&mock, "tickers=NOSUCH").await.1, 0);
    assert_eq!(news(&mock, "time_from=20991231T0000").await.1, 0);
    let narrow = "topics=earnings&time_from=20131001T0000&time_to=20131002T0000";
    let (oldest, count) = news(&mock, narrow).await;
    assert!(count > 0 && oldest.as_str() >= "20131001T0000", "{oldest} {count}");
}

#[tokio::test]
async fn analytics_are_numbers() {
    let mock = start(frozen()).await;
    let query = "SYMBOLS=AAPL,IBM,SPY&RANGE=2013-07-01&RANGE=2013-08-31&INTERVAL=DAILY&OHLC=close";
    let metrics = "CALCULATIONS=MEAN,STDDEV(annualized=True),CORRELATION,HISTOGRAM(bins=10)";
    let fixed = mock.json(&format!("function=ANALYTICS_FIXED_WINDOW&{query}&{metrics}")).await;
    assert_eq!(fixed["meta_data"]["symbols"], "AAPL,IBM,SPY");
    let payload = &fixed["payload"]["RETURNS_CALCULATIONS"];
    assert!(payload["MEAN"]["AAPL"].is_f64() && payload["MEAN"]["IBM"].is_f64(), "{payload}");
    let correlation = &payload["CORRELATION"];
    assert_eq!(correlation["index"], json!(["AAPL", "IBM", "SPY"]));
    let triangle: Vec<usize> = correlation["correlation"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row.as_array().unwrap().len())
        .collect();
    assert_eq!(triangle, [1, 2, 3]);
    let sliding = format!("function=ANALYTICS_SLIDING_WINDOW&{query}&CALCULATIONS=MEAN");
    let answer = mock.json(&format!("{sliding}&WINDOW_SIZE=20")).await;
    assert_eq!(answer["meta_data"]["window_size"], 20);
    let running = &answer["payload"]["RETURNS_CALCULATIONS"]["MEAN"]["RUNNING_MEAN"]["IBM"];
    assert_eq!(running.as_object().map(|rows| rows.len()), Some(24));
    let wrong: Value = mock.json(&sliding).await;
    assert!(wrong["detail"].as_str().unwrap().contains("WINDOW_SIZE"), "{wrong}");
}

#[tokio::test]
async fn metals_have_a_price_now_and_one_a_day() {
    let mock = start(frozen()).await;
    let spot = mock.json("function=GOLD_SILVER_SPOT&symbol=XAU").await;
    assert_eq!(spot["nominal"], "XAUUSD");
    assert_eq!(spot["timestamp"], "2013-10-08 14:30:00");
    let price: f64 = spot["price"].as_str().unwrap().parse().unwrap();
    assert!((500.0..4_000.0).contains(&price), "{spot}");
    assert_eq!(mock.json("function=GOLD_SILVER_SPOT&symbol=GOLD").await, spot);
    for (symbol, nominal) in [("GOLD", "XAUUSD"), ("XAG", "XAGUSD")] {
        let history = |interval| format!("function=GOLD_SILVER_HISTORY&symbol={symbol}{interval}");
        let daily = mock.json(&history("&interval=daily")).await;
        assert_eq!(daily["nominal"], nominal);
        let rows = daily["data"].as_array().unwrap();
        let dates: Vec<&str> = rows.iter().map(|row| row["date"].as_str().unwrap()).collect();
        assert_eq!(dates[..3], ["2013-10-07", "2013-10-06", "2013-10-05"]);
        assert_eq!(dates.last(), Some(&"2011-06-01"));
        let monthly = mock.csv(&history("&interval=monthly&datatype=csv")).await;
        assert_eq!(monthly[0], ["timestamp", "price"]);
        assert_eq!(monthly[1][0], "2013-09-01");
    }
}

#[tokio::test]
async fn lists_and_calendars() {
    let mock = start(frozen()).await;
    let active = mock.csv("function=LISTING_STATUS").await;
    let symbols: Vec<&str> = active.iter().skip(1).map(|row| row[0].as_str()).collect();
    assert!(["AAPL", "AIG", "BAC", "IBM", "SPY"].iter().all(|known| symbols.contains(known)));
    assert!(!symbols.contains(&"TWTR"), "it lists in November");
    assert!(active.iter().skip(1).all(|row| row[5] == "null" && row[6] == "Active"));
    let gone = mock.csv("function=LISTING_STATUS&state=delisted").await;
    assert!(gone.iter().any(|row| row[0] == "LEH" && row[5] == "2008-09-17"), "{gone:?}");
    // It was not asked for, and still it is CSV.
    let calendar = mock.ask("function=EARNINGS_CALENDAR&symbol=IBM&horizon=12month").await;
    assert_eq!(calendar.headers["content-type"], "application/x-download");
    assert_eq!(calendar.rows().len(), 5, "{calendar:?}");
    let status = mock.json("function=MARKET_STATUS").await;
    let open = async |now: &str, region: &str| {
        mock.set_clock(now).await;
        let markets = mock.json("function=MARKET_STATUS").await["markets"].take();
        let markets = markets.as_array().unwrap().clone();
        markets.iter().find(|row| row["region"] == region).unwrap()["current_status"].clone()
    };
    assert_eq!(status["markets"][0]["current_status"], "open");
    assert_eq!(open("2013-10-08T16:14:00-04:00", "United States").await, "open");
    assert_eq!(open("2013-10-08T16:15:00-04:00", "United States").await, "closed");
    assert_eq!(open("2013-10-08T12:00:00+09:00", "Japan").await, "closed");
    assert_eq!(open("2013-10-11T16:00:00-04:00", "Global").await, "closed");
    // There is no calendar of holidays.
    assert_eq!(open("2013-12-25T12:00:00-05:00", "United States").await, "open");
}
