//! GraphQL subscriptions over one WebSocket, in the protocol `graphql-transport-ws`.

use std::time::Duration;

use component::{Bad, Fault, Result, Secret};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::socket::{CLOSED, Options, Session, Step};

const PROTOCOL: &str = "graphql-transport-ws";
/// How long a server may take to let us in.
const LOGIN: Duration = Duration::from_secs(10);

/// A session that carries subscriptions.
pub struct Subscriptions {
    session: Session,
    setting: &'static str,
    next: u64,
}

/// What a server told of a subscription, which is named by the number that it was given.
#[derive(Debug)]
pub enum Update {
    /// A result: an object with `data`, and `errors` where a part of it failed.
    Next(u64, Box<RawValue>),
    /// It was refused, or broke, and is over.
    Refused(u64, String),
    /// There is no more to tell.
    Complete(u64),
    /// A message that could not be understood.
    Bad(Vec<u8>, Bad),
}

#[derive(Serialize)]
struct Message<'a, P> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<P>,
}

#[derive(Deserialize)]
struct Arrived<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

impl Subscriptions {
    /// Opens a session and logs in with `login`, if the server wants to know anything.
    pub async fn open(options: &Options, login: Option<&Value>) -> Result<Self> {
        let mut options = options.clone();
        options.headers.push(("sec-websocket-protocol", Secret::new(PROTOCOL)));
        let session = Session::open(&options).await?;
        let mut opened = Self { session, setting: options.setting, next: 1 };
        opened.say("connection_init", None, login).await?;
        let judge = |frame: &crate::Frame| match read(frame) {
            Ok(Arrived { kind, .. }) if kind == "connection_ack" => Step::Done(()),
            Ok(Arrived { kind, .. }) if kind == "ping" || kind == "pong" => Step::Skip,
            Ok(Arrived { kind, .. }) => {
                Step::Refused(Fault::retry(format!("answered {kind:?} to a login")))
            }
            Err(bad) => Step::Refused(Fault::retry(format!("could not read a login: {bad}"))),
        };
        let let_in = opened.session.expect(LOGIN, "login", judge).await;
        let_in.map_err(|fault| opened.explain(fault))?;
        Ok(opened)
    }

    /// Subscribes; gives the number that everything told of it will have. `operation` is an object
    /// with `query`, and `variables` and `operationName` where it has them.
    pub async fn subscribe(&mut self, operation: &impl Serialize) -> Result<u64> {
        let number = self.next;
        self.next += 1;
        self.say("subscribe", Some(number), Some(operation)).await?;
        Ok(number)
    }

    /// Ends a subscription. What is under way may still be told.
    pub async fn unsubscribe(&mut self, number: u64) -> Result<()> {
        self.say::<()>("complete", Some(number), None).await
    }

    /// What is told next. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Result<Update> {
        loop {
            let frame = self.session.next_frame().await.map_err(|fault| self.explain(fault))?;
            let arrived = match read(&frame) {
                Ok(arrived) => arrived,
                Err(bad) => return Ok(Update::Bad(frame.to_vec(), bad)),
            };
            match arrived.kind.as_str() {
                "ping" => self.say("pong", None, arrived.payload).await?,
                "pong" => {}
                _ => {
                    let told = told(&arrived);
                    return Ok(told.unwrap_or_else(|bad| Update::Bad(frame.to_vec(), bad)));
                }
            }
        }
    }

    async fn say<P: Serialize>(
        &mut self,
        kind: &str,
        number: Option<u64>,
        payload: Option<P>,
    ) -> Result<()> {
        let message = Message { kind, id: number.map(|number| number.to_string()), payload };
        let text = serde_json::to_string(&message)
            .map_err(|error| Fault::fatal(format!("could not write {kind:?}: {error}")))?;
        self.session.send(text).await
    }

    /// What the protocol's own farewells mean.
    fn explain(&self, fault: Fault) -> Fault {
        let Fault::Disconnected(reason) = &fault else { return fault };
        let code = reason.strip_prefix(CLOSED).and_then(|rest| rest.get(..4)).unwrap_or_default();
        match code {
            "4401" | "4403" => Fault::unauthorized(reason, self.setting),
            "4400" | "4406" => Fault::fatal(reason),
            _ => fault,
        }
    }
}

fn read(frame: &crate::Frame) -> std::result::Result<Arrived<'_>, Bad> {
    serde_json::from_slice(frame.whole()?).map_err(|error| Bad::new("", error))
}

fn told(arrived: &Arrived<'_>) -> std::result::Result<Update, Bad> {
    let id = arrived.id.as_deref().unwrap_or_default();
    let number = id.parse().map_err(|_| Bad::new("id", format!("{id:?} is none of ours")))?;
    match (arrived.kind.as_str(), arrived.payload) {
        ("next", Some(payload)) => Ok(Update::Next(number, payload.to_owned())),
        ("error", Some(payload)) => Ok(Update::Refused(number, words(payload))),
        ("complete", _) => Ok(Update::Complete(number)),
        ("next" | "error", None) => Err(Bad::new("payload", "missing")),
        (kind, _) => Err(Bad::new("type", format!("{kind:?} is unknown"))),
    }
}

/// What a list of errors says, in the server's own words.
fn words(payload: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Complaint {
        message: String,
    }
    match serde_json::from_str::<Vec<Complaint>>(payload.get()) {
        Ok(all) => all.into_iter().map(|one| one.message).collect::<Vec<_>>().join("; "),
        Err(_) => payload.get().to_owned(),
    }
}
