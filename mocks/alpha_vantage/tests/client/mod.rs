//! A plain client for the tests: requests on connections of their own.

#![allow(clippy::unwrap_used, dead_code)]

use std::collections::BTreeMap;

use alpha_vantage_mock::{Running, Settings, Speed};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub struct Mock {
    pub running: Running,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn rows(&self) -> Vec<Vec<String>> {
        let cells = |line: &str| line.split(',').map(str::to_owned).collect();
        self.text.lines().map(cells).collect()
    }
}

/// Time stands still unless a test moves it.
pub fn frozen() -> Settings {
    Settings { speed: Speed::Frozen, ..Settings::default() }
}

/// Settings as a user writes them.
pub fn settings(json: Value) -> Settings {
    let mut settings: Settings = serde_json::from_value(json).unwrap();
    settings.speed = Speed::Frozen;
    settings
}

pub async fn start(settings: Settings) -> Mock {
    Mock { running: alpha_vantage_mock::serve(settings).await.unwrap() }
}

impl Mock {
    /// Asks with the usual key.
    pub async fn ask(&self, query: &str) -> Answer {
        self.send("GET", &format!("/query?{query}&apikey=test-key"), &[], "").await.unwrap()
    }

    pub async fn as_key(&self, key: &str, query: &str) -> Answer {
        self.send("GET", &format!("/query?{query}&apikey={key}"), &[], "").await.unwrap()
    }

    pub async fn json(&self, query: &str) -> Value {
        let answer = self.ask(query).await;
        assert_eq!(answer.headers["content-type"], "application/json", "{query}");
        answer.json()
    }

    pub async fn csv(&self, query: &str) -> Vec<Vec<String>> {
        let answer = self.ask(&format!("{query}&datatype=csv")).await;
        assert_eq!(answer.headers["content-type"], "application/x-download", "{answer:?}");
        answer.rows()
    }

    pub async fn set_clock(&self, now: &str) {
        self.control("/_mock/clock", json!({ "now": now })).await;
    }

    pub async fn advance(&self, seconds: f64) {
        self.control("/_mock/clock", json!({ "advance_secs": seconds })).await;
    }

    pub async fn control(&self, path: &str, body: Value) {
        let answer = self.send("POST", path, &[], &body.to_string()).await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Nothing if the connection breaks before a whole answer.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<Answer> {
        let mut connection = TcpStream::connect(self.running.address()).await.unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        connection.read_to_end(&mut bytes).await.ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        Some(Answer { status, headers: headers.collect(), text: body.to_owned() })
    }
}
