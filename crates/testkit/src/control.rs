//! The control routes that all mocks have: one request, one connection, one answer.
//!
//! Written out by hand, because the suite must not go through the client that it puts to the test.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A mock answers from memory.
const WAIT: Duration = Duration::from_secs(10);
/// The transcript of a long run.
const MAX_ANSWER_BYTES: u64 = 16 << 20;

/// Sends a request to a mock; the answer's JSON, or in words why there is none.
pub async fn ask(base: &str, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let asked = async {
        let address = base.trim_start_matches("http://").trim_end_matches('/');
        let mut connection = TcpStream::connect(address).await.map_err(|e| e.to_string())?;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        // HTTP/1.0: the answer comes in one piece and the connection ends with it.
        let head = format!(
            "{method} {path} HTTP/1.0\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            body.len()
        );
        let request = head + &body;
        connection.write_all(request.as_bytes()).await.map_err(|e| e.to_string())?;
        let mut answer = Vec::new();
        let mut connection = connection.take(MAX_ANSWER_BYTES);
        connection.read_to_end(&mut answer).await.map_err(|e| e.to_string())?;
        read(&answer)
    };
    let answer = tokio::time::timeout(WAIT, asked).await;
    let answer = answer.unwrap_or_else(|_| Err(format!("no answer within {WAIT:?}")));
    answer.map_err(|reason| format!("asking the mock {method} {base}{path} {body}: {reason}"))
}

fn read(answer: &[u8]) -> Result<Value, String> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n").ok_or("it broke off")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if !status.starts_with('2') {
        return Err(format!("status {status}: {body}"));
    }
    Ok(serde_json::from_str(body).unwrap_or(Value::Null))
}
