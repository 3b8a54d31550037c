//! One request on a connection of its own.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(30);
const MAX_BYTES: u64 = 1 << 20;

/// What came of a request.
pub enum Reply {
    /// Nothing has left.
    Unreachable,
    /// It left, and what came back is no answer.
    Lost(&'static str),
    Answer {
        status: u16,
        retry_after: Option<u64>,
        body: Result<Value, String>,
    },
}

pub struct Client {
    pub address: String,
    pub key: String,
    /// Whether it waits for an answer for ever.
    pub is_endlessly_patient: bool,
}

impl Client {
    pub async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let asked = self.ask_patiently(method, path, body);
        if self.is_endlessly_patient {
            return asked.await;
        }
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or(Reply::Lost("silence"))
    }

    async fn ask_patiently(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let Ok(connection) = TcpStream::connect(&self.address).await else {
            return Reply::Unreachable;
        };
        let body = body.map(Value::to_string).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.0\r\nhost: toy\r\nx-key: {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.key,
            body.len()
        );
        let mut connection = connection.take(MAX_BYTES);
        let request = head + &body;
        if connection.get_mut().write_all(request.as_bytes()).await.is_err() {
            return Reply::Lost("it broke off while we asked");
        }
        let mut answer = Vec::new();
        if connection.read_to_end(&mut answer).await.is_err() {
            return Reply::Lost("it broke off while it answered");
        }
        read(&answer).unwrap_or(Reply::Lost("half an answer"))
    }
}

fn read(answer: &[u8]) -> Option<Reply> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let header = |name: &str| -> Option<u64> {
        let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))?;
        line.parse().ok()
    };
    let body = &answer[end + 4..];
    if header("content-length").is_some_and(|length| length != body.len() as u64) {
        return None;
    }
    Some(Reply::Answer {
        status: head.split(' ').nth(1)?.parse().ok()?,
        retry_after: header("retry-after"),
        body: serde_json::from_slice(body).map_err(|error| error.to_string()),
    })
}
