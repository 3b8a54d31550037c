//! Orders: what clients are told of them, and what the ledger knows.

#![allow(clippy::unwrap_used)]

mod client;

use client::{IBM, TextClient, Ticket, control, fault, ledger, quiet};
use interactive_brokers_mock::{Running, serve};
use mockkit::time::{self, HOUR};
use serde_json::{Value, json};

async fn start() -> (Running, TextClient) {
    let mock = serve(quiet()).await.unwrap();
    let client = TextClient::connect(&mock, 1).await;
    (mock, client)
}

fn only(ledger: &Value, list: &str) -> Value {
    let rows = ledger[list].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{ledger}");
    rows[0].clone()
}

#[tokio::test]
async fn a_market_order_comes_as_in_the_recording() {
    let (mock, mut client) = start().await;
    client.send("61|1").await;
    client.send("6|2|1|DU1234567").await;
    client.until(|f| f[0] == "54").await;
    client.place(1, &Ticket { reference: "ours", ..Ticket::default() }).await;
    let frames = client.until(|f| f[0] == "7").await;
    let order: Vec<&str> = frames.iter().map(|f| f[0].as_str()).collect();
    assert_eq!(order[..9], ["5", "3", "11", "5", "3", "5", "59", "61", "7"], "{order:?}");
    assert_eq!(frames[0].len(), 135, "{:?}", frames[0]);
    assert_eq!((frames[2].len(), frames[6].len(), frames[8].len()), (32, 8, 20));
    assert_eq!(frames[2][14], frames[6][2], "the commission is of this execution");
    let ledger = ledger(&mock).await;
    let (order, fill) = (only(&ledger, "orders"), only(&ledger, "fills"));
    assert_eq!((&order["status"], &order["order_ref"]), (&json!("Filled"), &json!("ours")));
    assert_eq!(order["perm_id"], fill["perm_id"]);
    assert_eq!(frames[2][21].parse::<i64>().ok(), order["perm_id"].as_i64());
    assert_eq!(only(&ledger, "order_ids")["accepted"], 1);
    let cash: f64 = ledger["accounts"]["DU1234567"]["cash"].as_str().unwrap().parse().unwrap();
    assert!((cash - (1_000_000.0 - 18_215.0 - 1.0)).abs() < 100.0, "{cash}");
}

#[tokio::test]
async fn partial_fills_add_up() {
    let mut settings = quiet();
    settings.orders.partial_fill_percent = 100;
    settings.orders.commission_delay_ms = 500;
    let mock = serve(settings).await.unwrap();
    let mut client = TextClient::connect(&mock, 1).await;
    client.place(1, &Ticket::default()).await;
    let frames = client.until(|f| f[0] == "3" && f[2] == "Filled").await;
    let fills: Vec<f64> =
        frames.iter().filter(|f| f[0] == "11").map(|f| f[19].parse().unwrap()).collect();
    assert!(fills.len() >= 2 && fills.iter().sum::<f64>() == 100.0, "{fills:?}");
    let partly = frames.iter().find(|f| f[0] == "3" && f[2] == "Submitted").unwrap();
    assert!(partly[3] != "0" && partly[4] != "0", "{partly:?}");
    assert!(frames.iter().all(|f| f[0] != "59"), "commissions are late");
    mock.kit().clock().advance(time::SECOND);
    let frames = client.until(|f| f[0] == "59").await;
    let paid: f64 = frames.last().unwrap()[3].parse().unwrap();
    assert!(paid > 0.0);
}

#[tokio::test]
async fn a_day_order_ends_with_the_day() {
    let (mock, mut client) = start().await;
    let clock = mock.kit().clock().clone();
    client.place(1, &Ticket::limit("150")).await;
    client.place(2, &Ticket { tif: "GTC", ..Ticket::limit("150") }).await;
    client.place(3, &Ticket { kind: "MOC", ..Ticket::default() }).await;
    client.statuses(3, "PreSubmitted").await;
    clock.advance(7 * HOUR);
    client.statuses(3, "Filled").await;
    client.statuses(1, "Cancelled").await;
    let rows = ledger(&mock).await;
    assert_eq!(rows["orders"][1]["status"], "Submitted");
    client.place(4, &Ticket::default()).await;
    let (id, text) = client.error(399).await;
    assert_eq!(id, "4");
    assert!(text.contains("Your order will not be placed at the exchange until"), "{text}");
    client.send("99|0").await;
    let frames = client.until(|f| f[0] == "102").await;
    let completed: Vec<&Vec<String>> = frames.iter().filter(|f| f[0] == "101").collect();
    assert_eq!(completed.len(), 2);
    clock.advance(18 * HOUR);
    client.statuses(4, "Filled").await;
}

#[tokio::test]
async fn a_trail_follows_and_a_stop_waits() {
    let (mock, mut client) = start().await;
    let clock = mock.kit().clock().clone();
    client
        .place(1, &Ticket { kind: "TRAIL", action: "SELL", aux: "0.05", ..Ticket::default() })
        .await;
    let frames = client.until(|f| f[0] == "3" && f[2] == "PreSubmitted").await;
    assert!(frames.iter().all(|f| f[0] != "11"), "{frames:?}");
    clock.advance(HOUR);
    client.statuses(1, "Filled").await;
    let far =
        Ticket { kind: "STP LMT", action: "SELL", aux: "150", limit: "149", ..Ticket::default() };
    client.place(2, &far).await;
    client.statuses(2, "PreSubmitted").await;
    clock.advance(HOUR);
    let rows = ledger(&mock).await;
    assert_eq!(rows["orders"][1]["status"], "PreSubmitted");
}

#[tokio::test]
async fn orders_go_wrong_on_demand() {
    let (mock, mut client) = start().await;
    fault(&mock, json!({ "kind": "reject_order", "body": "no shares today" }));
    client.place(1, &Ticket::default()).await;
    assert_eq!(client.error(201).await.1, "no shares today");
    client.statuses(1, "Inactive").await;
    client.place(2, &Ticket::limit("150")).await;
    client.statuses(2, "Submitted").await;
    fault(&mock, json!({ "kind": "cancel_race" }));
    client.send("4|1|2|").await;
    assert_eq!(client.statuses(2, "Filled").await, ["PendingCancel", "Filled"]);
    client.until(|f| f[0] == "59").await;
    fault(&mock, json!({ "kind": "duplicate", "next": 3 }));
    client.place(3, &Ticket::default()).await;
    let frames = client.until(|f| f[0] == "59").await;
    assert_eq!(frames.iter().filter(|f| f[0] == "11").count(), 2, "the execution comes twice");
    fault(&mock, json!({ "kind": "reorder", "skip": 5 }));
    client.place(9, &Ticket::default()).await;
    let frames = client
        .until(|f| f[0] == "5" && f.iter().filter(|field| *field == "USD").count() == 2)
        .await;
    let order: Vec<&str> = frames.iter().map(|f| f[0].as_str()).collect();
    assert_eq!(order[order.len() - 2..], ["59", "5"], "the commission overtakes the order");
    fault(&mock, json!({ "kind": "unknown_status" }));
    client.place(10, &Ticket::default()).await;
    client.statuses(10, "HeldForReview").await;
    fault(&mock, json!({ "kind": "lose_commission" }));
    client.until(|f| f[0] == "59").await;
    client.place(11, &Ticket::default()).await;
    client.statuses(11, "Filled").await;
    client.send("49|1").await;
    let frames = client.until(|f| f[0] == "49").await;
    assert!(frames.iter().all(|f| f[0] != "59"), "{frames:?}");
    let rows = ledger(&mock).await;
    let id = rows["fills"][0]["execution_id"].as_str().unwrap().to_owned();
    let body = json!({ "execution_id": id, "price": "180.5" }).to_string();
    control(&mock, "POST", "/_mock/corrections", &body).await;
    let frames = client.until(|f| f[0] == "11").await;
    assert_eq!(frames.last().unwrap()[14], id.replace(".01.01", ".01.02"));
}

#[tokio::test]
async fn nobody_trades_in_read_only_mode() {
    let mock =
        serve(interactive_brokers_mock::Settings { read_only: true, ..quiet() }).await.unwrap();
    let mut client = TextClient::connect(&mock, 1).await;
    client.place(1, &Ticket::default()).await;
    let (id, text) = client.error(321).await;
    assert!(id == "1" && text.contains("Read-Only"), "{text}");
    assert_eq!(ledger(&mock).await["orders"], json!([]));
}

#[tokio::test]
async fn executions_are_found_again() {
    let (mock, mut client) = start().await;
    client.place(1, &Ticket { reference: "ours", ..Ticket::default() }).await;
    client.statuses(1, "Filled").await;
    let mut other = TextClient::connect(&mock, 2).await;
    for (filter, found) in [
        ("0|||||||", 1),
        ("1|DU1234567||IBM|STK||BUY", 1),
        ("2|||||||", 0),
        ("0||20131007-13:30:00||||", 1),
        ("0||20131007 09:32:00 US/Eastern||||", 0),
        ("0||||||SELL", 0),
    ] {
        other.send(&format!("7|3|9|{filter}")).await;
        let frames = other.until(|f| f[0] == "55").await;
        let executions: Vec<_> = frames.iter().filter(|f| f[0] == "11").collect();
        assert_eq!(executions.len(), found, "{filter}");
        assert!(executions.iter().all(|f| f[26] == "ours" && f[1] == "9"), "{executions:?}");
    }
    other.send(&format!("20|5|{IBM}|0||1 min|1 D|1|TRADES|2|0|")).await;
    let frames = other.until(|f| f[0] == "17").await;
    let bars = frames.last().unwrap();
    assert_eq!(bars.len(), 5 + 8 * bars[4].parse::<usize>().unwrap());
    assert_eq!(bars[5], "1381152600");
}
