//! The other ends of the channels: a mail server and a place for webhooks, on this machine.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What has arrived, and whether anything is taken.
#[derive(Clone, Default)]
pub struct Inbox(Arc<Mutex<Inside>>);

#[derive(Default)]
struct Inside {
    letters: Vec<String>,
    is_down: bool,
}

impl Inbox {
    pub fn letters(&self) -> Vec<String> {
        self.0.lock().unwrap().letters.clone()
    }

    pub fn set_down(&self, is_down: bool) {
        self.0.lock().unwrap().is_down = is_down;
    }

    fn is_down(&self) -> bool {
        self.0.lock().unwrap().is_down
    }

    fn take(&self, letter: String) {
        self.0.lock().unwrap().letters.push(letter);
    }
}

/// A place that takes JSON; its URL.
pub async fn hooks() -> (String, Inbox) {
    let inbox = Inbox::default();
    let take = |State(inbox): State<Inbox>, headers: HeaderMap, body: axum::Json<Value>| async move {
        if inbox.is_down() {
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        let token = headers.get("authorization").and_then(|token| token.to_str().ok());
        inbox.take(format!("{} {}", token.unwrap_or("nobody"), *body));
        StatusCode::OK
    };
    let router = Router::new().route("/{secret}", post(take)).with_state(inbox.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/a-secret-path", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, inbox)
}

/// A mail server that lets one user in; its URL.
pub async fn mail() -> (String, Inbox) {
    let inbox = Inbox::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://desk@{}", listener.local_addr().unwrap());
    let taken = inbox.clone();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let inbox = taken.clone();
            tokio::spawn(async move {
                // A client that goes away in the middle of a word is no failure of the test.
                let _ = talk(socket, &inbox).await;
            });
        }
    });
    (url, inbox)
}

async fn talk(socket: TcpStream, inbox: &Inbox) -> std::io::Result<()> {
    let mut socket = BufReader::new(socket);
    say(&mut socket, "220 mail.test ready").await?;
    loop {
        let line = hear(&mut socket).await?;
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match word.as_str() {
            "EHLO" => say(&mut socket, "250-mail.test\r\n250 AUTH PLAIN").await?,
            // \0desk\0hunter2
            "AUTH" if line.ends_with("AGRlc2sAaHVudGVyMg==") => say(&mut socket, "235 ok").await?,
            "AUTH" => say(&mut socket, "535 who are you").await?,
            "MAIL" if inbox.is_down() => say(&mut socket, "451 the disk is full").await?,
            "MAIL" | "RCPT" | "NOOP" | "RSET" => say(&mut socket, "250 ok").await?,
            "DATA" => {
                say(&mut socket, "354 go on").await?;
                let mut letter = String::new();
                loop {
                    match hear(&mut socket).await?.as_str() {
                        "." => break,
                        line => letter.extend([line, "\n"]),
                    }
                }
                inbox.take(letter);
                say(&mut socket, "250 ok").await?;
            }
            "QUIT" => return say(&mut socket, "221 bye").await,
            _ => say(&mut socket, "500 what").await?,
        }
    }
}

async fn say(socket: &mut BufReader<TcpStream>, line: &str) -> std::io::Result<()> {
    socket.get_mut().write_all(format!("{line}\r\n").as_bytes()).await
}

async fn hear(socket: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    match socket.read_line(&mut line).await? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
    }
}
