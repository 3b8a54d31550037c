//! The trading API over HTTP, against the reference and the vendor's own samples.
#![allow(clippy::unwrap_used)]

mod client;

use alpaca_mock::{Account, Amount, OpeningPosition, Speed};
use client::{assert_shape, fixture, fixture_text, frozen, start};
use serde_json::{Value, json};

#[tokio::test]
async fn answers_have_the_shape_of_the_samples() {
    let mock = start(frozen()).await;
    let account = mock.get("/v2/account").await.json();
    assert_shape(&account, &fixture("account.json"), &["options_approved_level"]);
    let configuration = mock.get("/v2/account/configurations").await.json();
    let sample = fixture("account-configurations.json");
    assert_shape(&configuration, &sample, &["disable_overnight_trading"]);
    assert_shape(&mock.get("/v2/clock").await.json(), &fixture("clock.json"), &[]);

    let mut sample = fixture("assets-list.json")[0].take();
    // Two fields of the sample are placeholders that the live API does not send.
    for name in ["last_close_pct_change", "last_price"] {
        sample.as_object_mut().unwrap().remove(name);
    }
    let named = [
        "borrow_status",
        "cusip",
        "maintenance_margin_requirement",
        "margin_requirement_long",
        "margin_requirement_short",
    ];
    assert_shape(&mock.get("/v2/assets/BAC").await.json(), &sample, &named);

    let named = ["expires_at", "position_intent"];
    let order = mock.order(json!({"symbol": "BAC", "qty": 10.0})).await;
    assert_shape(&order, &fixture("order-equity.json"), &named);
    let positions = mock.get("/v2/positions").await.json();
    let named = ["asset_marginable", "qty_available"];
    assert_shape(&positions[0], &fixture("positions-list.json")[0], &named);

    let named = ["account_id", "order_status"];
    let fills = mock.get("/v2/account/activities/FILL").await.json();
    assert_shape(&fills[0], &fixture("activity-fill.json"), &named);
    let dividend = json!({"activity_type": "DIV", "symbol": "BAC", "qty": "10",
                          "per_share_amount": "0.01", "net_amount": "0.1"});
    mock.post("/_mock/activities", dividend).await;
    let named = ["account_id", "created_at", "currency", "cusip", "description", "status"];
    let rows = mock.get("/v2/account/activities?activity_types=DIV").await.json();
    assert_shape(&rows[0], &fixture("activity-dividend.json"), &named);

    let cancel =
        mock.order(json!({"symbol": "BAC", "qty": 1, "type": "limit", "limit_price": 5})).await;
    let outcomes = mock.delete("/v2/orders").await;
    assert_eq!(outcomes.status, 207);
    assert_eq!(outcomes.json(), json!([{"id": cancel["id"], "status": 200}]));
    let outcomes = mock.delete("/v2/positions").await;
    let sample = fixture("positions-close-all-207.json");
    assert_eq!(outcomes.status, 207);
    assert_shape(&outcomes.json()[0], &sample[0], &[]);
    assert_shape(&outcomes.json()[0]["body"], &sample[0]["body"], &["expires_at"]);
}

#[tokio::test]
async fn refusals_are_the_vendors_own() {
    let mut settings = frozen();
    let held = OpeningPosition {
        symbol: "SPY".into(),
        quantity: Amount(1000.into()),
        average_price: Amount(160.into()),
    };
    settings.accounts[0].positions = vec![held];
    let mock = start(settings).await;
    let samples: Vec<Value> = fixture_text("error-bodies.ndjson")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let sample = |words: &str| {
        let found = samples.iter().find(|s| s["body"]["message"].as_str().unwrap().contains(words));
        found.unwrap_or_else(|| panic!("no sample has {words:?}")).clone()
    };
    mock.order(json!({"symbol": "SPY", "qty": "1000", "side": "sell", "type": "limit",
                      "limit_price": "300"}))
        .await;
    for (order, words) in [
        (json!({"qty": "1", "type": "limit", "limit_price": "290.123"}), "sub-penny"),
        (json!({"qty": "1000", "side": "sell"}), "insufficient qty available"),
        (json!({"symbol": "IBM", "qty": "100000"}), "insufficient buying power"),
    ] {
        let mut full =
            json!({"symbol": "SPY", "side": "buy", "type": "market", "time_in_force": "day"});
        full.as_object_mut().unwrap().extend(order.as_object().unwrap().clone());
        let answer = mock.post("/v2/orders", full).await;
        let sample = sample(words);
        assert_eq!(sample["status"], answer.status, "{answer:?}");
        assert_shape(&answer.json(), &sample["body"], &[]);
        assert_eq!(answer.json()["code"], sample["body"]["code"]);
    }
    let sub_penny = json!({"symbol": "SPY", "qty": "1", "side": "buy", "type": "limit",
                           "time_in_force": "day", "limit_price": 290.123});
    assert_eq!(mock.post("/v2/orders", sub_penny).await.json(), sample("sub-penny")["body"]);
    let unknown = mock.get("/v2/orders/61e69015-8549-4bfd-b9c3-01e75843f47d").await;
    assert_eq!((unknown.status, unknown.json()), (404, sample("order not found")["body"].clone()));

    for (method, path, body, status, code) in [
        ("POST", "/v2/orders", json!("{not json"), 400, 40_010_000),
        ("POST", "/v2/orders", json!({"symbol": "SPY", "qty": "many"}), 400, 40_010_000),
        ("POST", "/v2/orders", json!({"qty": 1}), 422, 40_010_001),
        ("GET", "/v2/orders/nonsense", Value::Null, 422, 40_010_001),
        ("GET", "/v2/orders?limit=501", Value::Null, 422, 40_010_001),
        ("GET", "/v2/orders?status=done", Value::Null, 422, 40_010_001),
        ("GET", "/v2/positions/AIG", Value::Null, 404, 40_410_000),
        ("GET", "/v2/assets/NOSUCH", Value::Null, 404, 40_410_000),
        ("GET", "/v2/options/contracts/NOSUCH", Value::Null, 404, 40_410_000),
        ("GET", "/v2/account/activities?page_token=x", Value::Null, 422, 40_010_001),
    ] {
        let answer = mock.send(method, path, &body).await.unwrap();
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (status, &json!(code)),
            "{path} {answer:?}"
        );
    }
    let mut stranger = start(frozen()).await;
    stranger.secret = "wrong".into();
    let answer = stranger.get("/v2/account").await;
    assert_eq!((answer.status, answer.json()), (401, sample("not authorized")["body"].clone()));
    assert_eq!(stranger.get("/v2/stocks/bars/latest?symbols=BAC").await.status, 401);
}

#[tokio::test]
async fn restricted_stocks_say_what_they_are_not() {
    let mut settings = frozen();
    settings.restrictions.not_fractionable = vec!["AIG".into()];
    settings.restrictions.not_shortable = vec!["IBM".into()];
    settings.restrictions.not_tradable = vec!["AAPL".into()];
    let mock = start(settings).await;
    for (symbol, name) in [("AIG", "fractionable"), ("IBM", "shortable"), ("AAPL", "tradable")] {
        let asset = mock.get(&format!("/v2/assets/{symbol}")).await.json();
        assert_eq!(asset[name], false, "{asset}");
    }
    let legs = json!([{"symbol": "SPY131018C00170000", "ratio_qty": "1", "side": "buy"}]);
    for (order, status, code, message) in [
        (json!({"symbol": "AIG", "qty": "0.5"}), 403, 40_310_000, "is not fractionable"),
        (json!({"symbol": "IBM", "qty": 1, "side": "sell"}), 422, 42_210_000, "sold short"),
        (json!({"symbol": "AAPL", "qty": 1}), 422, 42_210_000, "is not tradable"),
        (
            json!({"qty": 1, "order_class": "mleg", "legs": legs}),
            422,
            42_210_000,
            "could not find asset \"SPY131018C00170000\"",
        ),
    ] {
        let mut full = json!({"side": "buy", "type": "market", "time_in_force": "day"});
        full.as_object_mut().unwrap().extend(order.as_object().unwrap().clone());
        let answer = mock.post("/v2/orders", full).await;
        assert_eq!((answer.status, &answer.json()["code"]), (status, &json!(code)), "{answer:?}");
        assert!(answer.json()["message"].as_str().unwrap().contains(message), "{answer:?}");
    }
}

#[tokio::test]
async fn accounts_do_not_see_each_other() {
    let mut settings = frozen();
    settings.accounts.push(Account {
        key: "other".into(),
        secret: "too".into(),
        ..Account::default()
    });
    let mut mock = start(settings).await;
    let order = mock.order(json!({"symbol": "BAC", "qty": 1})).await;
    (mock.key, mock.secret) = ("other".into(), "too".into());
    let path = format!("/v2/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(mock.get(&path).await.status, 404);
    assert_eq!(mock.get("/v2/positions").await.json(), json!([]));
    assert_eq!(mock.get("/v2/account").await.json()["cash"], "100000");
}

#[tokio::test]
async fn a_lost_answer_can_be_found_again() {
    let mock = start(frozen()).await;
    let order = json!({"symbol": "BAC", "qty": "5", "side": "buy", "type": "market",
                       "time_in_force": "day", "client_order_id": "mine-1"});
    mock.fault(json!({"kind": "reset_after", "path": "/v2/orders", "method": "POST"})).await;
    assert!(mock.send("POST", "/v2/orders", &order).await.is_none());
    let again = mock.post("/v2/orders", order.clone()).await;
    assert_eq!(
        (again.status, &again.json()["message"]),
        (422, &json!("client_order_id must be unique"))
    );
    let found = mock.get("/v2/orders:by_client_order_id?client_order_id=mine-1").await.json();
    assert_eq!((&found["status"], &found["filled_qty"]), (&json!("filled"), &json!("5")));

    mock.fault(json!({"kind": "reset_before", "path": "/v2/orders"})).await;
    let second = json!({"symbol": "BAC", "qty": "5", "side": "buy", "type": "market",
                        "time_in_force": "day", "client_order_id": "mine-2"});
    assert!(mock.send("POST", "/v2/orders", &second).await.is_none());
    let missing = mock.get("/v2/orders:by_client_order_id?client_order_id=mine-2").await;
    assert_eq!(missing.status, 404);

    let ledger = mock.ledger().await;
    assert_eq!(ledger["client_order_ids"], json!({"mine-1": {"sent": 2, "accepted": 1}}));
    assert_eq!(ledger["orders"].as_array().unwrap().len(), 1);
    assert_eq!(ledger["positions"]["BAC"]["qty"], "5");
}

#[tokio::test]
async fn lists_come_in_pages() {
    let mock = start(frozen()).await;
    let mut ids = Vec::new();
    for _ in 0..7 {
        let order = mock.order(json!({"symbol": "BAC", "qty": 1})).await;
        ids.push(order["id"].as_str().unwrap().to_owned());
    }
    // By the time of the last row, as clients do; it is not part of the next page.
    let (mut seen, mut until) = (Vec::new(), String::new());
    loop {
        let page = mock.get(&format!("/v2/orders?status=all&limit=3{until}")).await.json();
        let Some(last) = page.as_array().unwrap().last() else { break };
        until = format!("&until={}", last["submitted_at"].as_str().unwrap());
        seen.extend(page.as_array().unwrap().iter().map(|o| o["id"].as_str().unwrap().to_owned()));
    }
    seen.reverse();
    assert_eq!(seen, ids);
    let after = format!("/v2/orders?status=all&direction=asc&after_order_id={}", ids[4]);
    assert_eq!(mock.get(&after).await.json().as_array().unwrap().len(), 2);

    let (mut rows, mut token) = (Vec::new(), String::new());
    loop {
        let page = mock.get(&format!("/v2/account/activities?page_size=3{token}")).await.json();
        let page = page.as_array().unwrap().clone();
        if let Some(last) = page.last() {
            token = format!("&page_token={}", last["id"].as_str().unwrap());
        }
        let full = page.len() == 3;
        rows.extend(page);
        if !full {
            break;
        }
    }
    assert_eq!(rows.len(), 8, "seven fills and the opening balance");
    assert!(rows[0]["id"].as_str().unwrap().starts_with("20131007093100000::"), "{}", rows[0]);
    let today = mock.get("/v2/account/activities?date=2013-10-07").await.json();
    assert_eq!(today.as_array().unwrap().len(), 7);
    let money = mock.get("/v2/account/activities?category=non_trade_activity").await.json();
    assert_eq!(money[0]["activity_type"], "CSD");
}

#[tokio::test]
async fn too_many_requests_are_refused() {
    let mut settings = frozen();
    settings.limits.trading_per_minute = 3;
    settings.limits.data_per_minute = 1;
    settings.limits.clock = alpaca_mock::WindowClock::Virtual;
    let mock = start(settings).await;
    for left in ["2", "1", "0"] {
        let answer = mock.get("/v2/clock").await;
        assert_eq!((answer.status, answer.headers["x-ratelimit-remaining"].as_str()), (200, left));
    }
    let refused = mock.get("/v2/clock").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.json(), json!({"code": 42_910_000, "message": "rate limit exceeded"}));
    assert_eq!(refused.headers["x-ratelimit-reset"], "1381152720");
    assert_eq!(mock.get("/v2/stocks/bars/latest?symbols=BAC").await.status, 200);
    let refused = mock.get("/v2/stocks/bars/latest?symbols=BAC").await;
    assert_eq!((refused.status, refused.text.as_str()), (429, "too many requests."));
    mock.advance(60.0).await;
    assert_eq!(mock.get("/v2/clock").await.status, 200);
    let limits = mock.get("/_mock/limits").await.json();
    assert_eq!(limits["keys"]["test-key trading"]["highest"], 4);
}

#[tokio::test]
async fn orders_follow_the_replayed_market() {
    let mock = start(frozen()).await;
    let quote = |answer: client::Answer| {
        let number = |value: &Value| value.to_string().parse::<f64>().unwrap();
        let quote = &answer.json()["quote"];
        (number(&quote["bp"]), number(&quote["ap"]))
    };
    let (bid, _) = quote(mock.get("/v2/stocks/IBM/quotes/latest").await);
    let resting = json!({"symbol": "IBM", "qty": 10, "type": "limit",
                         "limit_price": format!("{:.2}", bid - 0.30)});
    let order = mock.order(resting).await;
    let path = format!("/v2/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(mock.get(&path).await.json()["status"], "new");
    // Prices of the day come down to it sooner or later, or the day ends.
    mock.advance(6.6 * 3600.0).await;
    let done = mock.get(&path).await.json();
    let bars = mock.get("/v2/stocks/IBM/bars?timeframe=1Day&start=2013-10-07").await.json();
    let low = bars["bars"][0]["l"].to_string().parse::<f64>().unwrap();
    let expected = if low < bid - 0.30 { "filled" } else { "expired" };
    assert_eq!(done["status"], expected, "low {low}, limit {}", bid - 0.30);
    let clock = mock.get("/v2/clock").await.json();
    assert_eq!(
        (&clock["is_open"], &clock["next_open"]),
        (&json!(false), &json!("2013-10-08T09:30:00-04:00"))
    );
    let queued = mock.order(json!({"symbol": "BAC", "qty": 10})).await;
    assert_eq!(queued["status"], "accepted");
    mock.post("/_mock/clock", json!({"now": "2013-10-08T13:31:00Z"})).await;
    let path = format!("/v2/orders/{}", queued["id"].as_str().unwrap());
    assert_eq!(mock.get(&path).await.json()["status"], "filled");
}

#[tokio::test]
async fn what_has_daily_bars_only_trades_at_its_last_close() {
    let mock = start(frozen()).await;
    mock.order(json!({"symbol": "AAPL", "notional": "1000"})).await;
    let position = mock.get("/v2/positions/AAPL").await.json();
    assert_eq!(position["avg_entry_price"], "483.04");
    assert_eq!(
        (&position["current_price"], &position["lastday_price"]),
        (&json!("483.03"), &json!("483.03"))
    );
    mock.post("/_mock/clock", json!({"now": "2013-10-08T14:00:00Z"})).await;
    assert_eq!(mock.get("/v2/positions/AAPL").await.json()["current_price"], "487.75");
}

#[tokio::test]
async fn a_broker_books_more_than_fills() {
    let mut settings = frozen();
    let held = |symbol: &str, quantity: i64| OpeningPosition {
        symbol: symbol.into(),
        quantity: Amount(quantity.into()),
        average_price: Amount(450.into()),
    };
    settings.accounts[0].positions = vec![held("AAPL", 10)];
    let mock = start(settings).await;
    let book = async |activity: Value| mock.post("/_mock/activities", activity).await;
    let dividend = json!({"activity_type": "DIV", "symbol": "AAPL", "qty": "10",
                          "per_share_amount": "3.05", "net_amount": "30.5"});
    assert_eq!(book(dividend).await.status, 200);
    let split = json!({"activity_type": "SPLIT", "symbol": "AAPL", "qty": "60"});
    assert_eq!(book(split).await.status, 200);
    let position = mock.get("/v2/positions/AAPL").await.json();
    assert_eq!((&position["qty"], &position["cost_basis"]), (&json!("70"), &json!("4500")));
    assert_eq!(mock.get("/v2/account").await.json()["cash"], "100030.5");
    let rows = mock.get("/v2/account/activities?activity_types=DIV,SPLIT").await.json();
    assert_eq!((&rows[0]["activity_type"], &rows[1]["qty"]), (&json!("SPLIT"), &json!("10")));
    for nonsense in [
        json!({"activity_type": "FILL"}),
        json!({"activity_type": "DIV", "symbol": "NOSUCH"}),
        json!({"activity_type": "DIV", "account": "nobody"}),
        json!({"activity_tipe": "DIV"}),
    ] {
        assert_eq!(book(nonsense).await.status, 400);
    }
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused() {
    let refused = async |change: fn(&mut alpaca_mock::Settings)| {
        let mut settings = frozen();
        change(&mut settings);
        alpaca_mock::serve(settings).await.err().expect("nonsense was taken").to_string()
    };
    assert!(refused(|s| s.accounts.clear()).await.contains("account"));
    assert!(refused(|s| s.accounts[0].multiplier = 3).await.contains("multiplier"));
    assert!(refused(|s| s.start = "soon".into()).await.contains("soon"));
    assert!(refused(|s| s.replay.batch = 0).await.contains("batch"));
    assert!(refused(|s| s.data = Some("/nonexistent".into())).await.contains("/nonexistent"));
    let unknown = serde_json::from_str::<alpaca_mock::Settings>(r#"{"speeed": 1}"#);
    assert!(unknown.unwrap_err().to_string().contains("speeed"));
}

#[tokio::test]
async fn an_order_can_be_turned_down_after_it_was_taken_in() {
    let mock = start(frozen()).await;
    mock.fault(json!({"kind": "reject_order"})).await;
    let order = mock.order(json!({"symbol": "BAC", "qty": 10})).await;
    assert_eq!(order["status"], "pending_new");
    let path = format!("/v2/orders/{}", order["id"].as_str().unwrap());
    let order = mock.get(&path).await.json();
    assert_eq!((&order["status"], order["failed_at"].is_string()), (&json!("rejected"), true));
}

#[tokio::test]
async fn updates_can_be_replayed_as_events() {
    let mock = start(frozen()).await;
    mock.order(json!({"symbol": "BAC", "qty": 10})).await;
    mock.order(json!({"symbol": "IBM", "qty": 10})).await;
    let events = |text: &str| -> Vec<Value> {
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|json| serde_json::from_str(json).unwrap()).collect()
    };
    // With an end in the past the stream ends too; its chunks are cut out of the raw body.
    let past = "/v2/events/trades?since=2013-10-07&until=2013-10-07T13:31:00.5Z";
    mock.advance(1.0).await;
    let all = events(&mock.get(past).await.text);
    let words: Vec<&str> = all.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(words, ["new", "fill", "new", "fill"]);
    let second = all[1]["event_id"].as_str().unwrap();
    let rest = format!("/v2/events/trades?since_id={second}&until=2013-10-07T13:31:00.5Z");
    assert_eq!(events(&mock.get(&rest).await.text).len(), 2);
    assert_eq!(mock.get("/v2/events/trades?since_id=nonsense").await.status, 422);
}

#[tokio::test]
async fn time_runs_by_itself() {
    let mock = start(alpaca_mock::Settings { speed: Speed::Times(600.0), ..frozen() }).await;
    let first = mock.get("/v2/clock").await.json()["timestamp"].take();
    let moved = async {
        while mock.get("/v2/clock").await.json()["timestamp"] == first {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(client::PATIENCE, moved).await.unwrap();
    mock.running.stop().await;
}
