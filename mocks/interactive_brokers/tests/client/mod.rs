//! A client of a few lines, for what real clients never send.

#![allow(clippy::unwrap_used, dead_code)]

use std::time::Duration;

use interactive_brokers_mock::{Running, Settings, Speed};
use mockkit::Fault;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Nothing here takes longer unless it is broken.
pub const WAIT: Duration = Duration::from_secs(20);

pub const IBM: &str = "8314|IBM|STK||0.0|||SMART||USD|IBM|IBM";

pub struct TextClient {
    stream: TcpStream,
    pub version: String,
}

/// Why nothing more comes.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    Closed,
    Reset,
}

/// A mock whose clock stands still and whose luck is even.
pub fn quiet() -> Settings {
    let mut settings = Settings { speed: Speed::Frozen, ..Settings::default() };
    settings.orders.partial_fill_percent = 0;
    settings
}

pub fn fault(mock: &Running, rule: Value) {
    let fault: Fault = serde_json::from_value(rule).unwrap();
    mock.kit().faults().add(fault, mock.kit().vendor().fault_kinds).unwrap();
}

impl TextClient {
    /// Only the handshake.
    pub async fn greet(mock: &Running, range: &str) -> Result<TextClient, Vec<String>> {
        let stream = TcpStream::connect(mock.address()).await.unwrap();
        let mut client = TextClient { stream, version: String::new() };
        client.raw(b"API\0").await;
        client.frame(range.as_bytes()).await;
        match client.read().await.unwrap() {
            refused if refused.len() > 2 => Err(refused),
            mut hello => {
                client.version = hello.swap_remove(0);
                Ok(client)
            }
        }
    }

    pub async fn connect(mock: &Running, id: i32) -> TextClient {
        let mut client = TextClient::greet(mock, "v157..178").await.unwrap();
        client.send(&format!("71|2|{id}|")).await;
        client.until(|f| f[0] == "4" && f[3] == "2158").await;
        client
    }

    pub async fn raw(&mut self, bytes: &[u8]) {
        // A server that has hung up already is what some tests wait for.
        let _ = self.stream.write_all(bytes).await;
    }

    pub async fn frame(&mut self, body: &[u8]) {
        let length = u32::try_from(body.len()).unwrap();
        self.raw(&[&length.to_be_bytes()[..], body].concat()).await;
    }

    /// Fields with bars between them, without the last one's end.
    pub async fn send(&mut self, fields: &str) {
        let body = format!("{}\0", fields.replace('|', "\0"));
        self.frame(body.as_bytes()).await;
    }

    pub async fn read_raw(&mut self) -> Result<Vec<u8>, Ended> {
        let read = async {
            let mut length = [0; 4];
            self.stream.read_exact(&mut length).await?;
            let mut body = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
            self.stream.read_exact(&mut body).await?;
            Ok(body)
        };
        tokio::time::timeout(WAIT, read).await.unwrap().map_err(|error: std::io::Error| match error
            .kind()
        {
            std::io::ErrorKind::UnexpectedEof => Ended::Closed,
            _ => Ended::Reset,
        })
    }

    pub async fn read(&mut self) -> Result<Vec<String>, Ended> {
        let body = self.read_raw().await?;
        let text = String::from_utf8_lossy(&body).into_owned();
        let text = text.strip_suffix('\0').unwrap_or(&text);
        Ok(text.split('\0').map(str::to_owned).collect())
    }

    /// Every frame up to the one that is looked for.
    pub async fn until(&mut self, is_last: impl Fn(&[String]) -> bool) -> Vec<Vec<String>> {
        let mut frames = Vec::new();
        loop {
            let frame = self.read().await;
            frames.push(frame.unwrap_or_else(|ended| panic!("{ended:?} after {frames:?}")));
            if frames.last().is_some_and(|frame| is_last(frame)) {
                return frames;
            }
        }
    }

    /// The next error with this code: its id and text.
    pub async fn error(&mut self, code: i32) -> (String, String) {
        let code = code.to_string();
        let frames = self.until(|f| f[0] == "4" && f[3] == code).await;
        let last = frames.last().unwrap();
        (last[2].clone(), last[4].clone())
    }

    /// Answers whether the connection still works.
    pub async fn is_alive(&mut self) -> bool {
        self.send("49|1").await;
        let mut frames = Vec::new();
        loop {
            match self.read().await {
                Ok(frame) if frame[0] == "49" => return true,
                Ok(frame) => frames.push(frame),
                Err(_) => return false,
            }
        }
    }

    /// How the connection ends; what comes before is of no interest.
    pub async fn end(&mut self) -> Ended {
        loop {
            if let Err(ended) = self.read_raw().await {
                return ended;
            }
        }
    }

    pub async fn place(&mut self, id: i32, order: &Ticket<'_>) {
        self.send(&order.fields(id)).await;
    }

    /// Statuses of an order up to its last.
    pub async fn statuses(&mut self, id: i32, last: &str) -> Vec<String> {
        let id = id.to_string();
        let frames = self.until(|f| f[0] == "3" && f[1] == id && f[2] == last).await;
        let own = frames.into_iter().filter(|f| f[0] == "3" && f[1] == id);
        own.map(|mut frame| frame.swap_remove(2)).collect()
    }
}

/// An order as a client of version 178 spells it.
#[derive(Clone, Copy)]
pub struct Ticket<'a> {
    pub contract: &'a str,
    pub action: &'a str,
    pub quantity: &'a str,
    pub kind: &'a str,
    pub limit: &'a str,
    pub aux: &'a str,
    pub tif: &'a str,
    pub account: &'a str,
    pub reference: &'a str,
    pub outside_hours: bool,
}

impl Default for Ticket<'_> {
    fn default() -> Self {
        Ticket {
            contract: IBM,
            action: "BUY",
            quantity: "100",
            kind: "MKT",
            limit: "",
            aux: "",
            tif: "DAY",
            account: "",
            reference: "",
            outside_hours: false,
        }
    }
}

impl Ticket<'_> {
    pub fn limit(price: &str) -> Ticket<'_> {
        Ticket { kind: "LMT", limit: price, ..Ticket::default() }
    }

    fn fields(&self, id: i32) -> String {
        let Ticket {
            contract, action, quantity, kind, limit, aux, tif, account, reference, ..
        } = self;
        let outside = i32::from(self.outside_hours);
        format!(
            "3|{id}|{contract}|||{action}|{quantity}|{kind}|{limit}|{aux}|{tif}||{account}|O|0|\
             {reference}|1|0|0|0|0|0|{outside}|0||0.0|||||||0||-1|0|||0|||0|0||0||||||0|||||0|||||\
             ||||||0|||0|0|||0||0|0|0|0|||||||0|||||||||0|0|0|0|||0|||"
        )
    }
}

/// Asks one of the control routes.
pub async fn control(mock: &Running, method: &str, path: &str, body: &str) -> Value {
    let address = mock.urls()["control"].strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\
         \r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::time::timeout(WAIT, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    serde_json::from_str(body).unwrap_or(Value::Null)
}

pub async fn ledger(mock: &Running) -> Value {
    control(mock, "GET", "/_mock/ledger", "").await
}
