//! Market data streams: `/v2/{feed}`, `/v1beta1/news`, `/v1beta3/crypto/us`, and of options
//! `/v1beta1/{feed}`.

use std::sync::Arc;

use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{FromRequestParts as _, Request, State};
use axum::response::{IntoResponse as _, Response};
use mockkit::{Gone, Incoming, Kind, Line, Speed, StreamSocket};
use serde_json::{Map, Value, json};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, interval_at};

use super::session::{MAX_MESSAGE, decode, encoding, seconds, text};
use crate::core::Shared;
use crate::encode::msgpack;
use crate::gate;
use crate::hub::{Encoding, Waiting};
use crate::replay::Runner;
use crate::subscriptions::{Feed, Trouble};

/// The symbol of the test feed, and whose data it shows.
const FAKE: &str = "FAKEPACA";
const BEHIND_FAKE: &str = "BAC";

const NOT_AUTHENTICATED: (u16, &str) = (401, "not authenticated");
const INVALID_SYNTAX: (u16, &str) = (400, "invalid syntax");

pub async fn stocks(
    feed: &'static str,
    core: State<Shared>,
    upgrade: WebSocketUpgrade,
    request: Request,
) -> Response {
    answer(core, Feed::Stocks(feed), upgrade, request)
}

pub async fn options(
    feed: &'static str,
    core: State<Shared>,
    upgrade: WebSocketUpgrade,
    request: Request,
) -> Response {
    answer(core, Feed::Options(feed), upgrade, request)
}

pub async fn crypto(core: State<Shared>, upgrade: WebSocketUpgrade, request: Request) -> Response {
    answer(core, Feed::Crypto, upgrade, request)
}

fn answer(
    State(core): State<Shared>,
    feed: Feed,
    upgrade: WebSocketUpgrade,
    request: Request,
) -> Response {
    let line = Line::of(request.extensions());
    let encoding = encoding(request.headers());
    let account = gate::authenticate(&core, request.headers());
    upgrade.max_message_size(MAX_MESSAGE).on_upgrade(move |socket| async move {
        let socket = StreamSocket::new(core.world.kit.clone(), feed.stream(), line, socket);
        let runner = None;
        let mut session =
            Session { core, feed, encoding, socket, client: None, runner, over: false };
        // Whichever way a session ends, the client is gone.
        let _ = session.run(account).await;
        session.leave();
    })
}

struct Session {
    core: Shared,
    feed: Feed,
    encoding: Encoding,
    socket: StreamSocket,
    /// Id in the hub, once logged in.
    client: Option<u64>,
    /// At full speed, once there is something to follow.
    runner: Option<Runner>,
    /// Whether the load generator has nothing more to send.
    over: bool,
}

/// What a session does next.
enum Next {
    Said(Incoming),
    Send(Waiting),
    Slow,
    Ping,
    Replay,
    /// The clock's speed may have changed.
    Look,
}

impl Session {
    async fn run(&mut self, account: Option<usize>) -> Result<(), Gone> {
        self.send(&json!({ "T": "success", "msg": "connected" })).await?;
        let account = match account {
            Some(account) => account,
            None => self.login().await?,
        };
        let mut queue = self.join(account).await?;
        self.send(&json!({ "T": "success", "msg": "authenticated" })).await?;
        let pause = seconds(self.core.world.settings.streams.ping_secs);
        let mut pings = interval_at(Instant::now() + pause, pause);
        let mut clock = self.core.world.kit.clock().changes();
        loop {
            let replays = self.replays();
            let next = tokio::select! {
                biased;
                said = self.socket.recv() => Next::Said(said.ok_or(Gone)?),
                waiting = queue.recv() => waiting.map_or(Next::Slow, Next::Send),
                _ = pings.tick() => Next::Ping,
                _ = clock.changed() => Next::Look,
                () = std::future::ready(()), if replays => Next::Replay,
            };
            match next {
                Next::Said(said) => self.hear(&said).await?,
                Next::Send(Waiting::Frame(frame)) => self.frame(frame).await?,
                Next::Send(Waiting::Message(_)) => {}
                Next::Slow => return self.fail((407, "slow client")).await,
                Next::Ping => self.socket.control(Message::Ping(bytes::Bytes::new())).await?,
                Next::Replay => self.replay().await?,
                Next::Look => {}
            }
        }
    }

    /// Waits for keys, as long as the vendor does.
    async fn login(&mut self) -> Result<usize, Gone> {
        let patience = seconds(self.core.world.settings.streams.login_secs);
        let deadline = tokio::time::sleep(patience);
        tokio::pin!(deadline);
        loop {
            let said = tokio::select! {
                said = self.socket.recv() => said.ok_or(Gone)?,
                () = &mut deadline => {
                    self.fail((404, "auth timeout")).await?;
                    return Err(Gone);
                }
            };
            let Some(message) = self.read(&said) else {
                self.complain(INVALID_SYNTAX).await?;
                continue;
            };
            if message.get("action").and_then(Value::as_str) != Some("auth") {
                self.complain(NOT_AUTHENTICATED).await?;
                continue;
            }
            let word = |name: &str| message.get(name).and_then(Value::as_str).unwrap_or_default();
            let refused = self.socket.take(&Kind::RefuseLogin).is_some();
            let account = gate::by_keys(&self.core, word("key"), word("secret"));
            match account.filter(|_| !refused) {
                Some(account) => return Ok(account),
                None => {
                    self.fail((402, "auth failed")).await?;
                    return Err(Gone);
                }
            }
        }
    }

    /// Takes a place among the account's connections, if it may have one.
    async fn join(&mut self, account: usize) -> Result<Receiver<Waiting>, Gone> {
        let settings = &self.core.world.settings;
        let feeds = &settings.accounts[account].feeds;
        if !feeds.is_empty() && !feeds.iter().any(|feed| feed == self.feed.name()) {
            self.fail((409, "insufficient subscription")).await?;
            return Err(Gone);
        }
        let limit = settings.streams.connections;
        let symbols = self.symbols();
        let joined = {
            let mut state = self.core.state();
            let same = |c: &&crate::hub::DataClient| c.account == account && c.feed == self.feed;
            let taken = state.hub.data.iter().filter(same).count();
            (taken < limit).then(|| state.hub.join_data(account, self.feed, self.encoding, symbols))
        };
        let Some((client, queue)) = joined else {
            self.fail((406, "connection limit exceeded")).await?;
            return Err(Gone);
        };
        self.client = Some(client);
        Ok(queue)
    }

    fn leave(&mut self) {
        if let Some(client) = self.client.take() {
            self.core.state().hub.leave(client);
        }
    }

    /// What the feed calls the market's listings.
    fn symbols(&self) -> Arc<[String]> {
        let symbols = &self.core.world.symbols;
        match self.feed {
            Feed::Stocks("test") => {
                let fake = |symbol: &String| {
                    if symbol == BEHIND_FAKE { FAKE.to_owned() } else { String::new() }
                };
                symbols.iter().map(fake).collect()
            }
            Feed::Stocks(_) => Arc::clone(symbols),
            Feed::Crypto | Feed::Options(_) | Feed::News => Arc::new([]),
        }
    }

    async fn hear(&mut self, said: &Incoming) -> Result<(), Gone> {
        let Some(message) = self.read(said) else { return self.complain(INVALID_SYNTAX).await };
        let add = match message.get("action").and_then(Value::as_str) {
            Some("subscribe") => true,
            Some("unsubscribe") => false,
            Some("auth") => return self.complain((403, "already authenticated")).await,
            _ => return self.complain(INVALID_SYNTAX).await,
        };
        let limit = self.core.world.settings.streams.symbols;
        let changed = {
            let mut state = self.core.state();
            let client = self.client.and_then(|client| state.hub.data_client(client));
            let Some(client) = client else { return Err(Gone) };
            let symbols = Arc::clone(&client.symbols);
            let changed = client.subscriptions.change(&message, add, limit, &symbols);
            changed.map(|()| client.subscriptions.message())
        };
        match changed {
            Ok(list) => {
                self.runner = None;
                self.send(&list).await
            }
            Err(Trouble::Syntax) => self.complain(INVALID_SYNTAX).await,
            Err(Trouble::TooMany) => self.complain((405, "symbol limit exceeded")).await,
            Err(Trouble::AllQuotes) => {
                let text = "star subscription is not allowed for option quotes";
                self.complain((413, text)).await
            }
            Err(Trouble::Channel) => {
                self.complain((410, "invalid subscribe action for this feed")).await
            }
        }
    }

    /// A message as an object, noted in the transcript.
    fn read(&mut self, said: &Incoming) -> Option<Map<String, Value>> {
        let message = decode(said, self.encoding);
        match &message {
            Some(message) => self.socket.note(message.to_string().as_bytes()),
            None => self.socket.note(said.bytes()),
        }
        match message {
            Some(Value::Object(message)) => Some(message),
            _ => None,
        }
    }

    /// Whether the load generator feeds this session.
    fn replays(&mut self) -> bool {
        let Feed::Stocks(name) = self.feed else { return false };
        if self.core.world.kit.clock().speed() != Speed::Max {
            return false;
        }
        if self.runner.is_none() {
            let mut state = self.core.state();
            let client = self.client.and_then(|client| state.hub.data_client(client));
            let Some(client) = client.filter(|client| !client.subscriptions.is_empty()) else {
                return false;
            };
            let (mask, symbols) =
                (client.subscriptions.mask().to_vec(), Arc::clone(&client.symbols));
            drop(state);
            self.runner = Some(Runner::new(&self.core, name, self.encoding, mask, symbols));
            self.over = false;
        }
        !self.over
    }

    async fn replay(&mut self) -> Result<(), Gone> {
        let Some(runner) = &mut self.runner else { return Ok(()) };
        match self.core.replays.next_frame(&self.core, runner) {
            Some(frame) => self.frame(frame).await,
            None => {
                self.over = true;
                Ok(())
            }
        }
    }

    async fn frame(&mut self, frame: Vec<u8>) -> Result<(), Gone> {
        let message = match self.encoding {
            Encoding::Json => text(frame),
            Encoding::MessagePack => Message::binary(frame),
        };
        self.socket.data(message).await
    }

    async fn complain(&mut self, (code, message): (u16, &str)) -> Result<(), Gone> {
        self.send(&json!({ "T": "error", "code": code, "msg": message })).await
    }

    /// Says what is wrong and hangs up.
    async fn fail(&mut self, error: (u16, &str)) -> Result<(), Gone> {
        self.leave();
        self.complain(error).await?;
        self.socket.close(1000, "").await;
        Err(Gone)
    }

    /// Sends a control message: an array of one.
    async fn send(&mut self, message: &Value) -> Result<(), Gone> {
        let frame = match self.encoding {
            Encoding::Json => text(format!("[{message}]").into_bytes()),
            Encoding::MessagePack => {
                let mut bytes = Vec::new();
                msgpack::array(&mut bytes, 1);
                msgpack::value(&mut bytes, message);
                Message::binary(bytes)
            }
        };
        self.socket.control(frame).await
    }
}

/// The path of the news is the same for REST and for the stream.
pub async fn news(core: State<Shared>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => answer(core, Feed::News, upgrade, Request::from_parts(parts, body)),
        Err(refused) => refused.into_response(),
    }
}
