//! The mock as its documentation has it, asked over a plain socket.

#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use {{name}}_mock::{Running, Settings};

/// Status and body of an answer.
type Answer = (u16, Value);

async fn start(settings: Value) -> Running {
    let settings: Settings = serde_json::from_value(settings).unwrap();
    {{name}}_mock::serve(settings).await.unwrap()
}

fn get(mock: &Running, path: &str, key: &str) -> Answer {
    send(mock, &format!("GET {path} HTTP/1.0\r\nx-api-key: {key}\r\n\r\n"))
}

fn send(mock: &Running, request: &str) -> Answer {
    let mut connection = TcpStream::connect(&mock.urls()["rest"]["http://".len()..]).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

fn ids(page: &Value) -> Vec<u64> {
    let records = page["records"].as_array().unwrap();
    records.iter().map(|record| record["id"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other() {
    let mock = start(json!({ "speed": 0 })).await;
    let mut seen = Vec::new();
    loop {
        let after = seen.last().copied().unwrap_or(0);
        let (status, page) = get(&mock, &format!("/v1/records?after={after}"), "test-key");
        assert_eq!(status, 200, "{page}");
        seen.extend(ids(&page));
        if page["more"] == false {
            break;
        }
    }
    assert_eq!(seen, (1..=250).collect::<Vec<u64>>());
    let (_, page) = get(&mock, "/v1/records?after=250", "test-key");
    assert_eq!(page, json!({ "records": [], "last_id": null, "more": false }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_comes_every_minute() {
    let mock = start(json!({ "speed": 0, "records": 2 })).await;
    let body = r#"{"advance_secs":180}"#;
    let head = "POST /_mock/clock HTTP/1.0\r\ncontent-length: 20\r\n\r\n";
    assert_eq!(send(&mock, &format!("{head}{body}")).0, 200);
    let (_, page) = get(&mock, "/v1/records", "test-key");
    assert_eq!(ids(&page), [1, 2, 3, 4, 5]);
    assert_eq!(page["records"][4]["time"], "2013-10-08T14:33:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_refused() {
    let limit = json!({ "speed": 0, "requests_per_minute": 4, "limits_clock": "virtual" });
    let mock = start(limit).await;
    for (path, key, status) in [
        ("/v1/records", "another", 401),
        ("/v1/records?limit=0", "test-key", 400),
        ("/v1/records?after=-1", "test-key", 400),
        ("/v1/records?before=1", "test-key", 400),
        ("/v1/records?limit=1", "test-key", 200),
        ("/v1/records?limit=1", "test-key", 429),
    ] {
        let (found, body) = get(&mock, path, key);
        assert_eq!(found, status, "{path} as {key}: {body}");
        assert!(status == 200 || body["error"].is_string(), "{path} as {key}: {body}");
    }
}
