//! What the mock answers has the members of the vendor's own samples.

#![allow(clippy::unwrap_used)]

mod client;

use client::{assert_shape, fixture, fixture_text, frozen, keys, merged, of, start};
use serde_json::{Value, json};

/// An answer next to the vendor's: the envelope, then a row of each.
struct Sample {
    fixture: &'static str,
    path: &'static str,
    /// Members of ours that the reference names and the sample lacks.
    envelope: &'static [&'static str],
    row: &'static [&'static str],
}

const fn sample(
    fixture: &'static str,
    path: &'static str,
    envelope: &'static [&'static str],
    row: &'static [&'static str],
) -> Sample {
    Sample { fixture, path, envelope, row }
}

const SAMPLES: &[Sample] = &[
    sample(
        "aggs_day_aapl.json",
        "/v2/aggs/ticker/AAPL/range/1/day/2013-09-30/2013-10-04",
        &[],
        &[],
    ),
    sample("aggs_prev_aapl.json", "/v2/aggs/ticker/AAPL/prev", &[], &[]),
    sample("aggs_grouped.json", "/v2/aggs/grouped/locale/us/market/stocks/2013-10-04", &[], &[]),
    sample("trades_v3_aapl.json", "/v3/trades/BAC", &["next_url"], &[]),
    sample(
        "quotes_v3_aapl_page1.json",
        "/v3/quotes/BAC?limit=200",
        &[],
        &["conditions", "indicators"],
    ),
    sample(
        "quotes_v3_aapl_page2.json",
        "/v3/quotes/BAC?limit=50000",
        &[],
        &["conditions", "indicators"],
    ),
    sample("tickers_page1.json", "/v3/reference/tickers?limit=2&market=stocks", &[], &[]),
    sample("dividends_v3.json", "/v3/reference/dividends", &["next_url"], &["id", "currency"]),
    sample("splits_v3.json", "/v3/reference/splits", &[], &["id"]),
    sample("dividends_stocks_v1_example.json", "/stocks/v1/dividends?ticker=AAPL", &[], &[]),
    sample("splits_stocks_v1_example.json", "/stocks/v1/splits?ticker=AAPL", &[], &[]),
    sample("news_nflx.json", "/v2/reference/news", &["next_url"], &["keywords", "insights"]),
    sample("exchanges_v3.json", "/v3/reference/exchanges?asset_class=stocks", &[], &[]),
    sample(
        "income_statements_v1_example.json",
        "/stocks/financials/v1/income-statements?tickers=AAPL",
        &[],
        &[],
    ),
];

#[tokio::test]
async fn lists_have_the_vendor_s_members() {
    let mock = start(frozen()).await;
    mock.advance(300.0).await;
    for sample in SAMPLES {
        let (ours, theirs) = (mock.get(sample.path).await, fixture(sample.fixture));
        assert_eq!(ours.status, 200, "{}: {}", sample.path, ours.text());
        let ours = ours.json();
        let mut theirs = theirs;
        if theirs["request_id"].is_number() {
            // The documentation's examples say 1; real ones are text.
            theirs["request_id"] = json!("1");
        }
        assert_shape(&ours, &theirs, sample.envelope);
        let row = |body: &Value| merged(body["results"].as_array().unwrap());
        let mut theirs = row(&theirs);
        // Nothing on our tape was corrected.
        theirs.as_object_mut().unwrap().remove("correction");
        assert_shape(&row(&ours), &theirs, sample.row);
    }
}

#[tokio::test]
async fn single_answers_have_the_vendor_s_members() {
    let mock = start(frozen()).await;
    mock.advance(300.0).await;
    let check = async |name: &str, path: &str, envelope: &[&str], inner: &str, also: &[&str]| {
        let (ours, theirs) = (mock.get(path).await.json(), fixture(name));
        assert_shape(&whole(&ours), &whole(&theirs), envelope);
        if !inner.is_empty() {
            assert_shape(&ours[inner], &theirs[inner], also);
        }
        (ours, theirs)
    };
    check("last_nbbo_aapl.json", "/v2/last/nbbo/BAC", &[], "results", &["c", "i"]).await;
    check("last_quote_aud_usd.json", "/v1/last_quote/currencies/AUD/USD", &[], "last", &[]).await;
    check("marketstatus_now.json", "/v1/marketstatus/now", &["indicesGroups"], "exchanges", &[])
        .await;
    let path = "/v3/reference/tickers/AAPL";
    check("ticker_details_aapl.json", path, &[], "results", &["round_lot"]).await;
    let path = "/vX/reference/tickers/META/events?types=ticker_change";
    let (ours, theirs) = check("ticker_events_meta.json", path, &[], "results", &[]).await;
    assert_eq!(ours["results"], theirs["results"]);

    let path = "/v2/snapshot/locale/us/markets/stocks/tickers/BAC";
    let (ours, theirs) = check("snapshot_ticker_aapl.json", path, &[], "ticker", &[]).await;
    for part in ["day", "lastQuote", "lastTrade", "min", "prevDay"] {
        assert_shape(&ours["ticker"][part], &theirs["ticker"][part], &[]);
    }
    let path = "/v2/snapshot/locale/us/markets/stocks/tickers?tickers=BAC";
    let (ours, theirs) = check("snapshot_tickers.json", path, &["request_id"], "", &[]).await;
    assert_shape(&ours["tickers"][0], &theirs["tickers"][0], &[]);
    let (ours, theirs) =
        check("marketstatus_upcoming.json", "/v1/marketstatus/upcoming", &[], "", &[]).await;
    assert_shape(&merged(ours.as_array().unwrap()), &merged(theirs.as_array().unwrap()), &[]);
    mock.post("/_mock/clock", json!({"now": "2013-10-07T21:30:00Z"})).await;
    check("open_close_aapl.json", "/v1/open-close/BAC/2013-10-07", &[], "", &[]).await;
}

/// A bare list has no envelope to compare.
fn whole(value: &Value) -> Value {
    if value.is_array() { json!({}) } else { value.clone() }
}

#[tokio::test]
async fn the_last_trade_has_all_members_once_it_was_reported() {
    let mock = start(frozen()).await;
    let sample = fixture("last_trade_aapl.json");
    for _ in 0..200 {
        let last = mock.get("/v2/last/trade/BAC").await.json();
        if last["results"]["r"].is_number() && last["results"]["c"].is_array() {
            assert_shape(&last, &sample, &[]);
            return assert_shape(&last["results"], &sample["results"], &[]);
        }
        mock.advance(1.0).await;
    }
    panic!("no trade was reported off the exchanges with conditions");
}

#[tokio::test]
async fn universal_snapshots_have_the_vendor_s_members() {
    let mock = start(frozen()).await;
    let wanted = "ticker.any_of=IBM,TSLAAPL,O:IBM131019C00185000,C:EURUSD,X:BTCUSD&limit=250";
    let theirs = fixture("snapshot_universal.json");
    let path = format!("/v3/snapshot?{wanted}");
    // In the evening, when there has been early and late trading, and every trade says so.
    mock.post("/_mock/clock", json!({"now": "2013-10-07T21:30:00Z"})).await;
    let ours = mock.get(&path).await.json();
    assert_shape(&ours, &theirs, &[]);
    let find = |body: &Value, kind: &str| -> Value {
        let rows = body["results"].as_array().unwrap();
        rows.iter().find(|row| row["type"] == kind || row["error"] == kind).unwrap().clone()
    };
    for (kind, also, parts) in [
        ("stocks", ["last_minute"], vec!["last_trade", "session"]),
        ("options", ["last_minute"], vec!["details", "greeks", "session", "underlying_asset"]),
        ("NOT_FOUND", [""], vec![]),
    ] {
        let (ours, theirs) = (find(&ours, kind), find(&theirs, kind));
        assert_shape(&ours, &theirs, &also);
        for part in parts {
            let more = ["price", "participant_timestamp", "sip_timestamp", "ticker"];
            assert_shape(&ours[part], &theirs[part], &more);
        }
    }
}

#[tokio::test]
async fn old_financials_have_the_vendor_s_form() {
    let mock = start(frozen()).await;
    let ours = mock.get("/vX/reference/financials?ticker=IBM&limit=1").await.json();
    let theirs = fixture("financials_vx.json");
    assert_shape(&ours, &theirs, &["next_url"]);
    let (ours, theirs) = (&ours["results"][0], &theirs["results"][0]);
    assert_shape(ours, theirs, &["timeframe", "tickers", "sic"]);
    assert_eq!(keys(&ours["financials"]), keys(&theirs["financials"]));
    for (statement, items) in ours["financials"].as_object().unwrap() {
        let sample = theirs["financials"][statement].as_object().unwrap().values().next().unwrap();
        for item in items.as_object().unwrap().values() {
            assert_shape(item, sample, &[]);
        }
    }
    let net = &ours["financials"]["income_statement"]["net_income_loss"]["value"];
    assert!(net.to_string().ends_with(".0"), "{net}");
}

#[tokio::test]
async fn messages_of_the_streams_have_the_vendor_s_members() {
    let mock = start(frozen()).await;
    let newer = ["ds", "pt", "dv", "dav", "trfi", "trft", "otc"];
    let session = fixture_text("ws_session_frames.ndjson");
    let frames = session.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut samples: Vec<Value> = frames.flat_map(|f| f.as_array().unwrap().clone()).collect();
    let examples = fixture_text("ws_events_examples.ndjson");
    samples.extend(examples.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()));
    for (cluster, topics) in [
        ("stocks", vec!["T.BAC", "Q.BAC", "A.BAC", "AM.BAC", "LULD.BAC", "NOI.*"]),
        ("forex", vec!["C.*", "CA.*", "CAS.*"]),
        ("crypto", vec!["XT.*", "XQ.*", "XL2.*", "XA.*", "XAS.*"]),
        ("indices", vec!["V.*", "A.*", "AM.*"]),
    ] {
        // Imbalances are told before the bell only.
        mock.post("/_mock/clock", json!({"now": "2013-10-07T13:27:30Z"})).await;
        let mut socket = mock.follow(cluster, &topics).await;
        mock.advance(300.0).await;
        let kinds: Vec<&str> = topics.iter().map(|t| t.split('.').next().unwrap()).collect();
        let mut messages = Vec::new();
        let is_whole = |messages: &[Value]| {
            let has =
                |kind: &&str, name: &str| of(messages, kind).iter().any(|m| !m[name].is_null());
            let opened = ["A", "AM"].iter().all(|kind| !kinds.contains(kind) || has(kind, "op"));
            kinds.iter().all(|kind| !of(messages, kind).is_empty())
                && opened
                && (cluster != "stocks" || has(&"T", "c"))
        };
        // Long enough for the rarer members to come too.
        while messages.len() < 400 || !is_whole(&messages) {
            messages.extend(socket.take(1).await);
        }
        for kind in kinds {
            let is_index = cluster == "indices" && kind != "V";
            let same = |sample: &&Value| {
                let index = sample["sym"].as_str().is_some_and(|symbol| symbol.starts_with("I:"));
                sample["ev"] == kind && index == is_index
            };
            let sample = merged(samples.iter().filter(same));
            let ours = merged(of(&messages, kind));
            let ours = alike(ours, &sample);
            assert_shape(
                &ours,
                &sample,
                if kind == "CA" || kind == "CAS" { &["e"] } else { &newer },
            );
        }
    }
}

/// The examples of pairs have some values of another kind than the documentation says elsewhere:
/// the venue as text, the id of a coin's trade as a number.
fn alike(mut ours: Value, sample: &Value) -> Value {
    for name in ["x", "i"] {
        if ours[name].is_number() != sample[name].is_number() {
            ours[name] = sample[name].clone();
        }
    }
    ours
}
