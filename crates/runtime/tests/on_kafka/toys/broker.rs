//! A broker with a ledger of its own, and two sinks that send it orders.
//!
//! The ledger speaks lines over TCP, so that a sink in another process, which a test kills, sends
//! to the same broker. It counts what arrives, whatever the sink believes.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream as Connection};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use component::{Delivery, Fault, Host, Outcome, Result, Sends, Sink};
use model::{Event, Text};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Nothing;

/// What the broker does with the next request under one id.
#[derive(Clone, Debug)]
pub enum Act {
    /// Takes the order and loses the answer.
    LoseAnswer,
    /// Breaks the connection before the order arrives.
    LoseRequest,
    /// Takes the order only this much later, long after the connection broke.
    TakeLate(Duration),
    /// Says no.
    Reject,
    /// Takes the order and answers late.
    Slow(Duration),
    /// Has no session: nothing can be sent at all.
    NoSession,
    /// Does not find the order when it is asked for it, although it may be there.
    Blind,
    /// Is down when it is asked for the order.
    Mute,
}

/// A broker. It outlives every sink that sends to it.
#[derive(Clone)]
pub struct Ledger {
    address: SocketAddr,
    books: Arc<Mutex<Books>>,
}

#[derive(Default)]
struct Books {
    refuses_repeats: bool,
    /// Orders taken, by id; more than once is what must never be.
    taken: HashMap<String, u32>,
    /// Every order id that arrived, with the time.
    arrived: Vec<(String, Instant)>,
    rejected: Vec<String>,
    /// What to do about an id; `*` is any.
    script: HashMap<String, VecDeque<Act>>,
}

impl Ledger {
    pub fn open(refuses_repeats: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let books = Arc::new(Mutex::new(Books { refuses_repeats, ..Books::default() }));
        let ledger = Self { address, books };
        let served = ledger.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let ledger = served.clone();
                std::thread::spawn(move || ledger.serve(connection));
            }
        });
        ledger
    }

    pub fn settings(&self) -> serde_json::Value {
        serde_json::json!({ "address": self.address })
    }

    pub fn script(&self, id: &str, acts: impl IntoIterator<Item = Act>) {
        self.books().script.entry(id.to_owned()).or_default().extend(acts);
    }

    /// How often an order was taken.
    pub fn taken(&self, id: &str) -> u32 {
        self.books().taken.get(id).copied().unwrap_or(0)
    }

    /// Orders taken, whichever they are, and the largest number of times one was.
    pub fn total(&self) -> (usize, u32) {
        let books = self.books();
        (books.taken.len(), books.taken.values().copied().max().unwrap_or(0))
    }

    /// How often an order arrived, taken or not.
    pub fn arrivals(&self, id: &str) -> usize {
        self.books().arrived.iter().filter(|(arrived, _)| arrived == id).count()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, connection: Connection) {
        let mut lines = BufReader::new(connection.try_clone().unwrap()).lines();
        while let Some(Ok(line)) = lines.next() {
            let Some(answer) = self.answer(&line) else { return };
            if writeln!(&connection, "{answer}").is_err() {
                return;
            }
        }
    }

    /// The answer to one request; without one the connection is closed.
    fn answer(&self, line: &str) -> Option<String> {
        let (verb, id) = line.split_once(' ')?;
        match verb {
            "hello" => match self.next_act(id, |act| matches!(act, Act::NoSession)) {
                Some(_) => Some("no".into()),
                None => Some("go".into()),
            },
            "place" => self.place(id),
            _ => self.find(id),
        }
    }

    fn place(&self, id: &str) -> Option<String> {
        let is_about_placing = |act: &Act| !matches!(act, Act::NoSession | Act::Blind | Act::Mute);
        let act = self.next_act(id, is_about_placing);
        if let Some(Act::LoseRequest) = act {
            return None;
        }
        if let Some(Act::TakeLate(wait)) = act {
            let (ledger, id) = (self.clone(), id.to_owned());
            std::thread::spawn(move || {
                std::thread::sleep(wait);
                ledger.books().take(&id)
            });
            return None;
        }
        self.books().arrived.push((id.to_owned(), Instant::now()));
        match act {
            Some(Act::Reject) => {
                self.books().rejected.push(id.to_owned());
                return Some("rejected no money".into());
            }
            Some(Act::Slow(wait)) => std::thread::sleep(wait),
            _ => {}
        }
        let answer = self.books().take(id);
        (!matches!(act, Some(Act::LoseAnswer))).then_some(answer)
    }

    fn find(&self, id: &str) -> Option<String> {
        match self.next_act(id, |act| matches!(act, Act::Blind | Act::Mute)) {
            Some(Act::Mute) => return None,
            Some(_) => return Some("absent".into()),
            None => {}
        }
        let books = self.books();
        if books.rejected.iter().any(|rejected| rejected == id) {
            return Some("rejected no money".into());
        }
        Some(if books.taken.contains_key(id) { format!("accepted {id}!") } else { "absent".into() })
    }

    fn next_act(&self, id: &str, fits: impl Fn(&Act) -> bool) -> Option<Act> {
        let mut books = self.books();
        let keys = [id, "*"];
        let key = keys
            .iter()
            .find(|key| books.script.get(**key).and_then(|acts| acts.front()).is_some_and(&fits))?;
        books.script.get_mut(*key)?.pop_front()
    }
}

impl Books {
    fn take(&mut self, id: &str) -> String {
        let times = self.taken.entry(id.to_owned()).or_default();
        if *times > 0 && self.refuses_repeats {
            return "repeat".into();
        }
        *times += 1;
        format!("accepted {id}!")
    }
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    #[schemars(with = "String")]
    address: SocketAddr,
}

/// Sends orders to a broker that refuses an id it has seen.
pub struct Strict(SocketAddr);

/// Sends orders to a broker that takes everything.
pub struct Loose(SocketAddr);

impl Sink for Strict {
    const NAME: &'static str = "toy_orders";
    const SENDS: Sends = Sends::Orders { repeats_are_refused: true };
    type System = Nothing;
    type Settings = Settings;

    async fn connect(_: Nothing, settings: Settings, _: Host) -> Result<Self> {
        Ok(Self(settings.address))
    }

    async fn write(&mut self, batch: &[Delivery]) -> Result<Vec<Outcome>> {
        write(self.0, batch).await
    }

    async fn resolve(&mut self, delivery: &Delivery) -> Result<Outcome> {
        resolve(self.0, delivery).await
    }
}

impl Sink for Loose {
    const NAME: &'static str = "toy_orders";
    const SENDS: Sends = Sends::Orders { repeats_are_refused: false };
    type System = Nothing;
    type Settings = Settings;

    async fn connect(_: Nothing, settings: Settings, _: Host) -> Result<Self> {
        Ok(Self(settings.address))
    }

    async fn write(&mut self, batch: &[Delivery]) -> Result<Vec<Outcome>> {
        write(self.0, batch).await
    }

    async fn resolve(&mut self, delivery: &Delivery) -> Result<Outcome> {
        resolve(self.0, delivery).await
    }
}

async fn write(address: SocketAddr, batch: &[Delivery]) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for delivery in batch {
        let id = id(delivery);
        let mut session = Session::open(address).await?;
        if session.ask("hello", &id).await.as_deref() != Some("go") {
            return Err(Fault::disconnected("no session"));
        }
        let answer = session.ask("place", &id).await;
        outcomes.push(outcome(answer.as_deref()));
    }
    Ok(outcomes)
}

async fn resolve(address: SocketAddr, delivery: &Delivery) -> Result<Outcome> {
    let mut session = Session::open(address).await?;
    let answer = session.ask("find", &id(delivery)).await;
    Ok(outcome(answer.as_deref()))
}

/// The request is what is placed: a cancellation of an order is not the order.
fn id(delivery: &Delivery) -> String {
    match &delivery.event {
        Event::ApprovedOrder(order) => order.request.request_id.to_string(),
        other => panic!("not an order: {other:?}"),
    }
}

fn outcome(answer: Option<&str>) -> Outcome {
    let answer = answer.unwrap_or("no answer");
    match answer.split_once(' ') {
        Some(("accepted", id)) => Outcome::Accepted { broker_order_id: Some(Text::from(id)) },
        Some(("rejected", reason)) => Outcome::Rejected { reason: reason.to_owned() },
        _ if answer == "absent" => Outcome::Absent,
        // A repeat says that an earlier request arrived, not what became of it.
        _ => Outcome::Unknown { reason: answer.to_owned() },
    }
}

struct Session(tokio::io::BufStream<TcpStream>);

impl Session {
    async fn open(address: SocketAddr) -> Result<Self> {
        let connection = TcpStream::connect(address).await.map_err(Fault::retry)?;
        Ok(Self(tokio::io::BufStream::new(connection)))
    }

    async fn ask(&mut self, verb: &str, id: &str) -> Option<String> {
        self.0.write_all(format!("{verb} {id}\n").as_bytes()).await.ok()?;
        self.0.flush().await.ok()?;
        let mut answer = String::new();
        self.0.read_line(&mut answer).await.ok()?;
        (!answer.is_empty()).then(|| answer.trim_end().to_owned())
    }
}
