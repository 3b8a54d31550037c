//! One client of a cluster: login, topics, and the tape as long as it listens.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use mockkit::{Gone, Incoming, Kind, Line, Speed, StreamSocket};
use serde_json::Value;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, interval_at};

use super::Cluster;
use super::runner::{Next, Runner};
use super::topics::{Answer, Topics};
use crate::core::{Core, Point, Shared};
use crate::json::{Json, map};

/// Topics of thousands of symbols fit into one message.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// Clients that are thrown out are told with this code.
const POLICY: u16 = 1008;

/// Longer pauses make no sense, and some clocks cannot count them.
const MAX_SECS: u64 = 24 * 3600;

const TOO_MANY: &str = "Maximum number of websocket connections exceeded. You have reached the \
                        connection limit for your account. Please contact support at \
                        https://massive.com/contact to increase your limit.";
const TOO_SLOW: &str = "You are not reading messages fast enough and have been disconnected.";

pub fn routes() -> Router<Shared> {
    Cluster::ALL.into_iter().fold(Router::new(), |router, cluster| {
        let open =
            move |State(core): State<Shared>, upgrade: WebSocketUpgrade, request: Request| {
                std::future::ready(answer(core, cluster, upgrade, &request))
            };
        router.route(&format!("/{}", cluster.name()), get(open))
    })
}

fn answer(
    core: Shared,
    cluster: Cluster,
    upgrade: WebSocketUpgrade,
    request: &Request,
) -> Response {
    let line = Line::of(request.extensions());
    upgrade.max_message_size(MAX_MESSAGE).on_upgrade(move |socket| async move {
        let socket = StreamSocket::new(core.kit.clone(), cluster.name(), line, socket);
        let mut visit = Visit { core, cluster, socket };
        // Whichever way a visit ends, the client is gone.
        let _ = visit.run().await;
    })
}

/// A connection that has not logged in.
struct Visit {
    core: Shared,
    cluster: Cluster,
    socket: StreamSocket,
}

/// A connection that has.
struct Session<'a> {
    core: &'a Core,
    cluster: Cluster,
    socket: &'a mut StreamSocket,
    id: u64,
    topics: Topics,
    runner: Runner,
    /// Virtual time when the runner looked last; the clock may be set back.
    looked: i64,
    /// When nothing was left to send.
    current: Instant,
}

/// What a session does next.
enum Todo {
    Hear(Incoming),
    Evicted,
    Ping,
    Tell(Point),
    Run,
}

/// Gives the place back however the session ends.
struct Seat<'a>(&'a Core, u64);

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.leave(self.1);
    }
}

impl Visit {
    async fn run(&mut self) -> Result<(), Gone> {
        status(&mut self.socket, "connected", "Connected Successfully").await?;
        let key = self.login().await?;
        let core = Arc::clone(&self.core);
        let Some((id, evicted)) = core.join(key, self.cluster) else {
            status(&mut self.socket, "max_connections", TOO_MANY).await?;
            self.socket.close(POLICY, "max connections").await;
            return Err(Gone);
        };
        let _seat = Seat(&core, id);
        status(&mut self.socket, "auth_success", "authenticated").await?;
        let plan = core.key_settings(key).plan;
        let mut session = Session {
            core: &core,
            cluster: self.cluster,
            socket: &mut self.socket,
            id,
            topics: Topics::new(self.cluster, plan),
            runner: Runner::new(self.cluster, plan),
            looked: 0,
            current: Instant::now(),
        };
        session.run(evicted).await
    }

    /// Waits for a key, as long as the vendor does.
    async fn login(&mut self) -> Result<usize, Gone> {
        let patience = seconds(self.core.settings.streams.login_secs);
        let deadline = tokio::time::sleep(patience);
        tokio::pin!(deadline);
        loop {
            let said = tokio::select! {
                said = self.socket.recv() => said.ok_or(Gone)?,
                () = &mut deadline => {
                    let text = "No authentication request received.";
                    status(&mut self.socket, "auth_timeout", text).await?;
                    self.socket.close(POLICY, "").await;
                    return Err(Gone);
                }
            };
            let (action, params) = self.read(&said);
            if action.as_deref() != Some("auth") {
                status(&mut self.socket, "error", "not authorized").await?;
                continue;
            }
            let refused = self.socket.take(&Kind::RefuseLogin).is_some();
            let key = params.as_deref().and_then(|key| self.core.key(key));
            match key.filter(|_| !refused) {
                Some(key) => return Ok(key),
                None => {
                    status(&mut self.socket, "auth_failed", "authentication failed").await?;
                    self.socket.close(POLICY, "").await;
                    return Err(Gone);
                }
            }
        }
    }

    fn read(&self, said: &Incoming) -> (Option<String>, Option<String>) {
        read(&self.socket, said)
    }
}

impl Session<'_> {
    async fn run(&mut self, mut evicted: mpsc::Receiver<()>) -> Result<(), Gone> {
        let pause = seconds(self.core.settings.streams.ping_secs.max(1));
        let mut pings = interval_at(Instant::now() + pause, pause);
        let mut points = self.core.points.subscribe();
        let mut changes = self.core.kit.clock().changes();
        let core = self.core;
        let mut wait: Option<i64> = Some(i64::MAX);
        loop {
            let clock = core.kit.clock();
            let due = async {
                match wait {
                    None => {}
                    // At full speed nobody else moves the time on.
                    Some(_) if clock.speed() == Speed::Max => std::future::pending().await,
                    Some(time) => clock.wait_until(time).await,
                }
            };
            let todo = tokio::select! {
                biased;
                said = self.socket.recv() => Todo::Hear(said.ok_or(Gone)?),
                _ = evicted.recv() => Todo::Evicted,
                _ = pings.tick() => Todo::Ping,
                point = points.recv() => match point {
                    Ok(point) => Todo::Tell(point),
                    Err(broadcast::error::RecvError::Lagged(_)) => Todo::Run,
                    Err(broadcast::error::RecvError::Closed) => return Err(Gone),
                },
                _ = changes.changed() => Todo::Run,
                () = due => Todo::Run,
            };
            wait = match todo {
                Todo::Hear(said) => self.hear(&said).await?,
                Todo::Evicted => return self.leave("max_connections", TOO_MANY).await,
                Todo::Ping => {
                    self.socket.control(Message::Ping(Bytes::new())).await?;
                    wait
                }
                Todo::Tell(point) => {
                    self.tell(&point).await?;
                    wait
                }
                Todo::Run => self.step().await?,
            };
        }
    }

    /// Sends what is due; nothing if there may be more, else the time until which to wait.
    async fn step(&mut self) -> Result<Option<i64>, Gone> {
        let clock = self.core.kit.clock();
        let (now, is_max) = (clock.now(), clock.speed() == Speed::Max);
        if self.runner.is_idle() {
            self.current = Instant::now();
            return Ok(Some(i64::MAX));
        }
        if now < self.looked {
            self.runner.seek(self.core, now);
        }
        self.looked = now;
        let next = self.runner.next(self.core, now, is_max);
        match next {
            Next::Send(frame, sent) => {
                if is_max {
                    // History must know what is told before it is told.
                    clock.reach(sent.reached);
                    self.looked = self.looked.max(sent.reached);
                }
                self.core.note_sent(self.cluster, &sent);
                self.send_frame(frame, is_max).await?;
                Ok(None)
            }
            Next::Again => {
                tokio::task::yield_now().await;
                Ok(None)
            }
            Next::Wait(time) => {
                self.current = Instant::now();
                Ok(Some(time))
            }
            Next::Over => {
                self.core.note_done(self.cluster);
                self.current = Instant::now();
                Ok(Some(i64::MAX))
            }
        }
    }

    async fn send_frame(&mut self, frame: Vec<u8>, is_max: bool) -> Result<(), Gone> {
        let message = text(frame);
        let patience = self.core.settings.streams.slow_secs;
        if is_max || patience == 0 {
            return self.socket.data(message).await;
        }
        let deadline = self.current + seconds(patience);
        let sent = tokio::time::timeout_at(deadline, self.socket.data(message)).await;
        match sent {
            Ok(sent) => sent?,
            // Nothing more fits through this socket, not even a goodbye.
            Err(_) => return Err(Gone),
        }
        if Instant::now() > deadline {
            return self.leave("slow_consumer", TOO_SLOW).await;
        }
        Ok(())
    }

    async fn hear(&mut self, said: &Incoming) -> Result<Option<i64>, Gone> {
        let (action, params) = read(self.socket, said);
        let params = params.unwrap_or_default();
        let (word, answers) = match action.as_deref() {
            Some("subscribe") => ("subscribed", self.topics.subscribe(&params)),
            Some("unsubscribe") => ("unsubscribed", self.topics.unsubscribe(&params)),
            Some("auth") => {
                status(self.socket, "auth_success", "authenticated").await?;
                return Ok(None);
            }
            _ => {
                status(self.socket, "error", "invalid message").await?;
                return Ok(None);
            }
        };
        for answer in answers {
            match answer {
                Answer::Done(topic) => {
                    status(self.socket, "success", &format!("{word} to: {topic}")).await?;
                }
                Answer::Refused => status(self.socket, "error", "not authorized").await?,
            }
        }
        let was_idle = self.runner.is_idle();
        self.runner.follow(self.core, &self.topics);
        self.core.note_topics(self.id, self.topics.names());
        if was_idle {
            self.looked = self.core.kit.clock().now();
            self.runner.seek(self.core, self.looked);
            self.current = Instant::now();
        }
        Ok(None)
    }

    async fn tell(&mut self, point: &Point) -> Result<(), Gone> {
        if point.cluster == self.cluster.name() && self.topics.holds(&point.channel, &point.symbol)
        {
            let frame = Message::Text(format!("[{}]", point.text).into());
            self.socket.data(frame).await?;
        }
        Ok(())
    }

    async fn leave(&mut self, word: &str, sentence: &str) -> Result<(), Gone> {
        status(self.socket, word, sentence).await?;
        self.socket.close(POLICY, word).await;
        Err(Gone)
    }
}

/// Action and parameters of what a client said, noted in the transcript. A number is taken for its
/// text, as a careless client may send a key.
fn read(socket: &StreamSocket, said: &Incoming) -> (Option<String>, Option<String>) {
    let message: Value = serde_json::from_slice(said.bytes()).unwrap_or_default();
    match message.get("action").and_then(Value::as_str) {
        // The key stands under the same name as topics do, so the transcript cannot tell.
        Some("auth") => socket.note(br#"{"action":"auth","params":"***"}"#),
        Some(_) => socket.note(said.bytes()),
        None => socket.note(b"(unreadable)"),
    }
    let word = |name: &str| match message.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    (word("action"), word("params"))
}

async fn status(socket: &mut StreamSocket, word: &str, sentence: &str) -> Result<(), Gone> {
    let members = [("ev", "status".into()), ("status", word.into()), ("message", sentence.into())];
    socket.control(text(Json::List(vec![map(members)]).bytes())).await
}

/// Everything is text.
fn text(bytes: Vec<u8>) -> Message {
    match Utf8Bytes::try_from(Bytes::from(bytes)) {
        Ok(text) => Message::Text(text),
        Err(_) => Message::text("[]"),
    }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count.min(MAX_SECS))
}
