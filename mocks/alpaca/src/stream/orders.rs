//! `/stream`: updates of the account's orders.

use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::response::Response;
use mockkit::{Gone, Incoming, Kind, Line, StreamSocket};
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, interval_at};

use super::session::{MAX_MESSAGE, decode, encoding, message_pack, seconds, text};
use crate::core::Shared;
use crate::gate;
use crate::hub::{Encoding, Waiting};
use crate::settings::Frames;

const UPDATES: &str = "trade_updates";

pub async fn answer(
    State(core): State<Shared>,
    upgrade: WebSocketUpgrade,
    request: Request,
) -> Response {
    let line = Line::of(request.extensions());
    let encoding = encoding(request.headers());
    upgrade.max_message_size(MAX_MESSAGE).on_upgrade(move |socket| async move {
        let socket = StreamSocket::new(core.world.kit.clone(), "orders", line, socket);
        let mut session = Session { core, encoding, socket, client: None };
        // Whichever way a session ends, the client is gone.
        let _ = session.run().await;
        session.leave();
    })
}

struct Session {
    core: Shared,
    encoding: Encoding,
    socket: StreamSocket,
    /// Id in the hub, once logged in.
    client: Option<u64>,
}

/// What a session does next.
enum Next {
    Said(Incoming),
    Send(Waiting),
    Slow,
    Ping,
}

impl Session {
    async fn run(&mut self) -> Result<(), Gone> {
        let mut queue: Option<Receiver<Waiting>> = None;
        let pause = seconds(self.core.world.settings.streams.ping_secs);
        let mut pings = interval_at(Instant::now() + pause, pause);
        loop {
            let waiting = async {
                match &mut queue {
                    Some(queue) => queue.recv().await.map_or(Next::Slow, Next::Send),
                    None => std::future::pending().await,
                }
            };
            let next = tokio::select! {
                biased;
                said = self.socket.recv() => Next::Said(said.ok_or(Gone)?),
                next = waiting => next,
                _ = pings.tick() => Next::Ping,
            };
            match next {
                Next::Said(said) => self.hear(&said, &mut queue).await?,
                Next::Send(Waiting::Message(message)) => {
                    let frame = self.encode(&message);
                    self.socket.data(frame).await?;
                }
                Next::Send(Waiting::Frame(_)) => {}
                Next::Slow => {
                    self.socket.close(1008, "slow client").await;
                    return Err(Gone);
                }
                Next::Ping => self.socket.control(Message::Ping(bytes::Bytes::new())).await?,
            }
        }
    }

    async fn hear(
        &mut self,
        said: &Incoming,
        queue: &mut Option<Receiver<Waiting>>,
    ) -> Result<(), Gone> {
        let message = decode(said, self.encoding).unwrap_or_default();
        match &message {
            Value::Null => self.socket.note(said.bytes()),
            message => self.socket.note(message.to_string().as_bytes()),
        }
        match message["action"].as_str() {
            Some(action @ ("authenticate" | "auth")) => {
                self.authenticate(action, &message, queue).await
            }
            Some("listen") => self.listen(&message).await,
            _ => {
                let data = json!({ "error": "invalid message" });
                self.send(&json!({ "stream": "error", "data": data })).await
            }
        }
    }

    /// Both the older form, with its data apart, and the newer.
    async fn authenticate(
        &mut self,
        action: &str,
        message: &Value,
        queue: &mut Option<Receiver<Waiting>>,
    ) -> Result<(), Gone> {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let data = &message["data"];
        let account = match (action, data["oauth_token"].as_str()) {
            ("auth", _) => {
                gate::by_keys(&self.core, &word(&message["key"]), &word(&message["secret"]))
            }
            (_, Some(token)) => gate::by_token(&self.core, token),
            _ => gate::by_keys(&self.core, &word(&data["key_id"]), &word(&data["secret_key"])),
        };
        let refused = self.socket.take(&Kind::RefuseLogin).is_some();
        let Some(account) = account.filter(|_| !refused) else {
            self.authorization("unauthorized", "authenticate").await?;
            self.socket.close(1000, "").await;
            return Err(Gone);
        };
        if self.client.is_none() {
            let (client, receiver) = self.core.state().hub.join_orders(account);
            self.client = Some(client);
            *queue = Some(receiver);
        }
        self.authorization("authorized", "authenticate").await
    }

    async fn authorization(&mut self, status: &str, action: &str) -> Result<(), Gone> {
        let data = json!({ "status": status, "action": action });
        self.send(&json!({ "stream": "authorization", "data": data })).await
    }

    /// The new list replaces the old one; streams that do not exist are left out.
    async fn listen(&mut self, message: &Value) -> Result<(), Gone> {
        let Some(id) = self.client else {
            return self.authorization("unauthorized", "listen").await;
        };
        let streams = message["data"]["streams"].as_array();
        let listens = streams.into_iter().flatten().any(|stream| stream == UPDATES);
        if let Some(client) = self.core.state().hub.orders.iter_mut().find(|client| client.id == id)
        {
            client.listens = listens;
        }
        let streams: &[&str] = if listens { &[UPDATES] } else { &[] };
        self.send(&json!({ "stream": "listening", "data": { "streams": streams } })).await
    }

    fn leave(&mut self) {
        if let Some(client) = self.client.take() {
            self.core.state().hub.leave(client);
        }
    }

    async fn send(&mut self, message: &Value) -> Result<(), Gone> {
        let frame = self.encode(message);
        self.socket.control(frame).await
    }

    fn encode(&self, message: &Value) -> Message {
        match (self.encoding, self.core.world.settings.streams.order_frames) {
            (Encoding::MessagePack, _) => message_pack(message),
            (Encoding::Json, Frames::Binary) => Message::binary(message.to_string().into_bytes()),
            (Encoding::Json, Frames::Text) => text(message.to_string().into_bytes()),
        }
    }
}
