//! The market data API over HTTP.
#![allow(clippy::unwrap_used)]

mod client;

use client::{Mock, assert_shape, fixture, frozen, keys, start};
use serde_json::{Value, json};

/// All pages of a request, joined.
async fn whole(mock: &Mock, path: &str, name: &str, limit: usize) -> (Value, usize) {
    let (mut all, mut token, mut pages) = (json!({}), String::new(), 0);
    loop {
        let page = mock.get(&format!("{path}&limit={limit}{token}")).await.json();
        pages += 1;
        for (symbol, rows) in page[name].as_object().unwrap() {
            let rows = rows.as_array().unwrap();
            assert!(!rows.is_empty());
            let joined = all[symbol].take();
            let joined = joined.as_array().cloned().unwrap_or_default();
            all[symbol] = joined.into_iter().chain(rows.iter().cloned()).collect();
        }
        let Some(next) = page["next_page_token"].as_str() else { return (all, pages) };
        token = format!("&page_token={}", next.replace('=', "%3D").replace('+', "%2B"));
    }
}

#[tokio::test]
async fn pages_add_up() {
    let mock = start(frozen()).await;
    let range = "start=2013-10-07T13:30:30Z&end=2013-10-07T13:30:50Z";
    for (name, more) in [("trades", ""), ("quotes", ""), ("bars", "&timeframe=1Min")] {
        for sort in ["asc", "desc"] {
            let path =
                format!("/v2/stocks/{name}?symbols=IBM,BAC,NOSUCH&{range}&sort={sort}{more}");
            let path = if name == "bars" { path.replace("13:30:30Z", "10:00:00Z") } else { path };
            let (all, pages) = whole(&mock, &path, name, 10_000).await;
            assert_eq!(pages, 1);
            assert_eq!(keys(&all).into_iter().collect::<Vec<_>>(), ["BAC", "IBM"]);
            for limit in [7, 10] {
                let (joined, pages) = whole(&mock, &path, name, limit).await;
                assert!(pages > 1 && joined == all, "{name} {sort} by {limit}");
            }
        }
    }
}

#[tokio::test]
async fn rows_look_like_the_samples() {
    let mock = start(frozen()).await;
    let first = |mut answer: Value, name: &str, symbol: &str| answer[name][symbol][0].take();
    let bars = mock.get("/v2/stocks/bars?symbols=BAC&timeframe=15Min").await.json();
    assert_shape(&bars, &fixture("stock-bars-15min-amzn.json"), &[]);
    let sample = first(fixture("stock-bars-15min-amzn.json"), "bars", "AMZN");
    assert_shape(&first(bars, "bars", "BAC"), &sample, &[]);
    let quotes = mock.get("/v2/stocks/quotes?symbols=BAC&start=2013-10-07T13:30:00Z").await.json();
    let sample = first(fixture("stock-quotes-ibm-page1.json"), "quotes", "IBM");
    assert_shape(&first(quotes, "quotes", "BAC"), &sample, &[]);
    let trades = mock.get("/v2/stocks/trades?symbols=BAC&start=2013-10-07T13:30:00Z").await.json();
    let mut sample = first(fixture("stock-trades-canceled.json"), "trades", "A");
    // Nothing was canceled on the replayed days.
    sample.as_object_mut().unwrap().remove("u");
    assert_shape(&first(trades, "trades", "BAC"), &sample, &[]);

    let snapshots = mock.get("/v2/stocks/snapshots?symbols=SPY,INVALID").await.json();
    let sample = fixture("stock-snapshots.json");
    assert_eq!(snapshots["INVALID"], Value::Null);
    assert_shape(&snapshots["SPY"], &sample["AAPL"], &[]);
    for part in keys(&sample["AAPL"]) {
        assert_shape(&snapshots["SPY"][part], &sample["AAPL"][part], &["z"]);
    }
    let news = mock.get("/v1beta1/news?limit=2&include_content=true").await.json();
    assert_shape(&news, &fixture("news-page1.json"), &[]);
    assert_shape(&news["news"][0], &fixture("news-page1.json")["news"][0], &["content", "source"]);
    let rates = mock.get("/v1beta1/forex/rates?currency_pairs=USDJPY").await.json();
    let sample = fixture("forex-rates.json");
    assert_shape(&rates["rates"]["USDJPY"][0], &sample["rates"]["USDJPY"][0], &[]);
    let values = mock.get("/v1beta1/indices/values?symbols=SPX&limit=5").await.json();
    let sample = fixture("index-values.json");
    assert_shape(&values, &sample, &[]);
    assert_shape(&values["values"]["SPX"][0], &sample["values"]["SPX"][0], &[]);
}

#[tokio::test]
async fn corporate_actions_have_every_group() {
    let mock = start(frozen()).await;
    let path = "/v1/corporate-actions?start=1998-01-01&end=2013-12-31";
    let sample = fixture("corporate-actions-all-types.json");
    let (mut all, mut token) = (json!({}), String::new());
    loop {
        let page = mock.get(&format!("{path}&limit=50{token}")).await.json();
        for (group, rows) in page["corporate_actions"].as_object().unwrap() {
            let known = all[group].as_array().cloned().unwrap_or_default();
            all[group] = known.into_iter().chain(rows.as_array().unwrap().clone()).collect();
        }
        let Some(next) = page["next_page_token"].as_str() else { break };
        token = format!("&page_token={}", next.replace('=', "%3D").replace('+', "%2B"));
    }
    let groups = sample["corporate_actions"].as_object().unwrap();
    for (group, rows) in groups.iter().filter(|(group, _)| *group != "reverse_splits") {
        assert_shape(&all[group][0], &rows[0], &[]);
    }
    let one = all["cash_dividends"][3]["id"].as_str().unwrap();
    let found = mock.get(&format!("/v1/corporate-actions?ids={one}")).await.json();
    assert_eq!(found["corporate_actions"]["cash_dividends"][0], all["cash_dividends"][3]);

    // A split is announced before it happens, and not long before.
    let splits =
        "/v1/corporate-actions?symbols=AAPL&types=forward_splits&start=2014-01-01&end=2014-12-31";
    let none = mock.get(splits).await.json();
    assert_eq!(none, json!({"corporate_actions": {}, "next_page_token": null}));
    mock.post("/_mock/clock", json!({"now": "2014-06-02"})).await;
    let split = mock.get(splits).await.json()["corporate_actions"]["forward_splits"][0].take();
    assert_eq!((&split["new_rate"], &split["ex_date"]), (&json!(7), &json!("2014-06-09")));
    let older =
        "/v2/corporate_actions/announcements?ca_types=split&since=2014-06-01&until=2014-06-30";
    let sample = fixture("corporate-announcements.json")[0].take();
    assert_shape(&mock.get(older).await.json()[0], &sample, &[]);
}

#[tokio::test]
async fn prices_are_adjusted_as_known_today() {
    let mock = start(frozen()).await;
    let bars = |adjustment: &str| {
        format!(
            "/v2/stocks/AAPL/bars?timeframe=1Day&start=2014-06-06&end=2014-06-09\
             &adjustment={adjustment}"
        )
    };
    assert_eq!(mock.get(&bars("raw")).await.json()["bars"], json!([]), "that is still to come");
    mock.post("/_mock/clock", json!({"now": "2014-06-20"})).await;
    for (adjustment, close, volume) in [
        ("raw", "645.57", 12_116_671),
        ("split", "92.22", 84_816_761),
        ("all", "92.22", 84_816_761),
    ] {
        let answer = mock.get(&bars(adjustment)).await;
        assert!(answer.text.contains(&format!("\"c\":{close},")), "{adjustment}: {}", answer.text);
        let days = answer.json()["bars"].as_array().unwrap().clone();
        assert_eq!(days[0]["t"], "2014-06-06T04:00:00Z");
        let off = days[0]["v"].as_i64().unwrap().abs_diff(volume);
        assert!(off < 1_000, "{adjustment}: {}", days[0]);
        assert_eq!(days[1]["c"].to_string(), "93.7");
    }
    assert_eq!(mock.get(&bars("tomorrow")).await.status, 400);
}

#[tokio::test]
async fn bars_join_to_longer_ones() {
    let mock = start(frozen()).await;
    mock.post("/_mock/clock", json!({"now": "2013-10-07T21:00:00Z"})).await;
    let bars = async |symbol: &str, timeframe: &str, start: &str| {
        let path =
            format!("/v2/stocks/{symbol}/bars?timeframe={timeframe}&start={start}&limit=10000");
        mock.get(&path).await.json()["bars"].as_array().unwrap().clone()
    };
    let sum = |bars: &[Value]| bars.iter().map(|bar| bar["v"].as_u64().unwrap()).sum::<u64>();
    let minutes = bars("BAC", "1Min", "2013-10-07").await;
    for timeframe in ["5Min", "15T", "1Hour", "4H"] {
        let longer = bars("BAC", timeframe, "2013-10-07").await;
        assert_eq!(sum(&longer), sum(&minutes), "{timeframe}");
        assert!(longer.len() < minutes.len());
    }
    let days = bars("IBM", "1Day", "2013-09-01").await;
    let weeks = bars("IBM", "1Week", "2013-09-02").await;
    let months = bars("IBM", "1Month", "2013-09-01").await;
    assert_eq!((days.len(), weeks.len(), months.len()), (25, 6, 2));
    assert_eq!(sum(&days), sum(&weeks));
    assert_eq!(
        (&months[1]["t"], &weeks[5]["t"]),
        (&json!("2013-10-01T04:00:00Z"), &json!("2013-10-07T04:00:00Z"))
    );
    assert_eq!(months[1]["c"], days[24]["c"]);
}

#[tokio::test]
async fn nothing_is_known_before_it_happened() {
    let mock = start(frozen()).await;
    for seconds in [0.0, 61.5, 3_600.0] {
        mock.advance(seconds).await;
        let now = mock.get("/_mock/clock").await.json()["now"].as_str().unwrap().to_owned();
        for name in ["trades", "quotes"] {
            let path = format!("/v2/stocks/BAC/{name}?sort=desc&limit=1&end=2013-10-08");
            let last = mock.get(&path).await.json()[name][0]["t"].as_str().unwrap().to_owned();
            let latest = mock.get(&format!("/v2/stocks/BAC/{name}/latest")).await.json();
            assert_eq!(latest[&name[..name.len() - 1]]["t"], last.as_str());
            assert!(last <= now, "{last} at {now}");
        }
        let bars = mock.get("/v2/stocks/BAC/bars?timeframe=1Min&sort=desc&limit=1").await.json();
        let latest = mock.get("/v2/stocks/bars/latest?symbols=BAC").await.json();
        assert_eq!(latest["bars"]["BAC"], bars["bars"][0]);
        assert!(bars["bars"][0]["t"].as_str().unwrap() < now.as_str());
    }
}

#[tokio::test]
async fn empty_answers_keep_their_shape() {
    let mock = start(frozen()).await;
    for (path, expected) in [
        (
            "/v2/stocks/bars?symbols=NOSUCH&timeframe=1Day",
            json!({"bars": {}, "next_page_token": null}),
        ),
        (
            "/v2/stocks/NOSUCH/trades",
            json!({"symbol": "NOSUCH", "trades": [], "next_page_token": null}),
        ),
        (
            "/v1beta3/crypto/us/bars?symbols=BTC%2FUSD&timeframe=1Day",
            json!({"bars": {}, "next_page_token": null}),
        ),
        ("/v1beta3/crypto/us/latest/quotes?symbols=BTC%2FUSD", json!({"quotes": {}})),
        ("/v1beta1/options/snapshots/SPY", json!({"snapshots": {}, "next_page_token": null})),
        ("/v1beta1/indices/latest/values?symbols=VIX", json!({"values": {}})),
        ("/v2/options/contracts", json!({"option_contracts": [], "next_page_token": null})),
    ] {
        let answer = mock.get(path).await;
        assert_eq!((answer.status, answer.json()), (200, expected), "{path}");
    }
    for path in [
        "/v2/stocks/bars?timeframe=1Day",
        "/v2/stocks/bars?symbols=BAC",
        "/v2/stocks/bars?symbols=BAC&timeframe=1Day&asof=lately",
        "/v2/stocks/bars?symbols=BAC&timeframe=1Day&currency=shells",
        "/v2/stocks/bars/latest?symbols=BAC&feed=radio",
        "/v2/stocks/snapshots?symbols=BAC&feed=radio",
        "/v1beta1/screener/stocks/movers?top=51",
        "/v1beta3/crypto/us/bars?timeframe=1Day",
        "/v1beta1/options/trades?symbols=SPY",
        "/v1beta1/options/quotes/latest?symbols=SPY131018C00170000&feed=radio",
        "/v2/stocks/bars?symbols=BAC&timeframe=7Day",
        "/v2/stocks/bars?symbols=BAC&timeframe=1Day&start=yesterday",
        "/v2/stocks/trades?symbols=BAC&limit=10001",
        "/v2/stocks/trades?symbols=BAC&page_token=!",
        "/v2/stocks/trades?symbols=BAC&feed=radio",
        "/v1beta1/news?limit=51",
    ] {
        let answer = mock.get(path).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.json()["message"].is_string(), "{path}");
    }
    for (path, message) in [
        (
            "/v2/stocks/bars?symbols=BAC&timeframe=1Day&start=2013-10-07&end=2013-10-04",
            "end should not be before start",
        ),
        ("/v2/stocks/trades?symbols=BAC,CSP1", "invalid symbol: CSP1"),
        (
            "/v1beta3/crypto/us/latest/trades?symbols=BTCUSD",
            "invalid symbol: BTCUSD does not match ^[A-Z]+/[A-Z]+$",
        ),
    ] {
        let answer = mock.get(path).await;
        assert_eq!((answer.status, answer.json()), (400, json!({ "message": message })), "{path}");
    }
    let auctions = mock.get("/v2/stocks/auctions?symbols=BAC&start=2013-10-07").await.json();
    assert_eq!(auctions["auctions"]["BAC"][0]["o"][0]["c"], "O");
    assert_eq!(mock.get("/v2/stocks/meta/exchanges").await.json()["V"], "IEX");
    assert_eq!(mock.get("/v2/stocks/meta/conditions/trade?tape=A").await.status, 200);
    assert_eq!(mock.get("/v1beta1/options/meta/exchanges").await.json()["N"], "NYSE Arca Options");
    assert_eq!(mock.get("/v1beta1/options/meta/conditions/trade").await.status, 200);
    assert_eq!(mock.get("/v9/nonsense").await.status, 404);
    let wrong = mock.patch("/v2/clock", json!({})).await;
    assert_eq!((wrong.status, wrong.json()), (405, json!({"message": "method not allowed"})));
}
