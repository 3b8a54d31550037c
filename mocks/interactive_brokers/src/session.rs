//! One connection: the handshake, then requests in and answers out.

use std::sync::Arc;
use std::time::Duration;

use mockkit::{Allowance, Entry, Hit, Kind, time};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::clients::{Client, Frame, Waiting};
use crate::codec::{Codec, Hello, agree};
use crate::core::Shared;
use crate::frames::{Incoming, frame};
use crate::pacing::{Pace, TooFast};
use crate::refusal::{NOBODY, Refusal};
use crate::state::State;
use crate::text::Misread;
use crate::wire::{Answer, ManagedAccounts, NextValidId, Request, StartApiRequest};
use crate::{answer, faults, times};

/// A silent connection is given up after this long.
const SILENCE: Duration = Duration::from_secs(600);
/// An oversize frame, and the pieces it is written in.
const OVERSIZE: usize = 50 * 1024 * 1024;
static PIECE: [u8; 64 * 1024] = [b'x'; 64 * 1024];
/// Bytes put into one write.
const BATCH: usize = 64 * 1024;
/// What a client in a hurry is told.
const TOO_FAST: i32 = 100;
/// Faults of a frame.
const FRAME_KINDS: [Kind; 9] = [
    Kind::DropFrames,
    Kind::Disconnect,
    Kind::Reset,
    Kind::Silence,
    Kind::Garbage,
    Kind::Truncated,
    Kind::InvalidUtf8,
    Kind::Oversize,
    Kind::Delay,
];
/// Those that need no frame to happen.
const AT_ONCE: [Kind; 3] = [Kind::Disconnect, Kind::Reset, Kind::Silence];

/// The connection is over.
struct Over;

type Step = Result<(), Over>;

struct Session {
    core: Shared,
    stream: TcpStream,
    incoming: Incoming,
    codec: Option<Arc<Codec>>,
    version: i32,
    paced: bool,
    pace: Pace,
    /// Once the client has said who it is.
    login: Option<Login>,
}

struct Login {
    key: u64,
    client_id: i32,
    waiting: Waiting,
}

/// Serves one client until either side has had enough.
pub async fn serve(core: Shared, stream: TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "could not switch off the send delay");
    }
    let pace = Pace::new(core.world.settings.limits.messages_per_second);
    let mut session = Session {
        core,
        stream,
        incoming: Incoming::default(),
        codec: None,
        version: 0,
        paced: false,
        pace,
        login: None,
    };
    let kit = session.core.world.kit.clone();
    tokio::select! {
        _ = session.run() => {}
        () = kit.stopped() => {}
    }
    session.leave();
}

impl Session {
    async fn run(&mut self) -> Step {
        let mut cuts = self.core.cuts.subscribe();
        let mut added = self.core.world.kit.faults().added();
        loop {
            while let Some(body) = self.incoming.next_frame().map_err(|_| Over)? {
                self.take(&body).await?;
            }
            tokio::select! {
                read = self.stream.read_buf(self.incoming.buffer()) => {
                    if read.map_err(|_| Over)? == 0 {
                        return Err(Over);
                    }
                }
                frame = next(&mut self.login) => self.send(frame.ok_or(Over)?).await?,
                _ = cuts.changed() => return Err(Over),
                changed = added.changed() => {
                    changed.map_err(|_| Over)?;
                    self.break_at_once(&mut cuts).await?;
                }
            }
        }
    }

    /// Faults that hit a quiet connection too.
    async fn break_at_once(&mut self, cuts: &mut watch::Receiver<u64>) -> Step {
        if self.login.is_none() {
            return Ok(());
        }
        let hit = self.core.world.kit.faults().take_now(&faults::STREAMS, &AT_ONCE);
        match hit {
            None => Ok(()),
            Some(hit) => {
                self.note_fault(&hit);
                self.break_off(&hit.kind, cuts).await
            }
        }
    }

    /// Writes into the transcript that a fault hit this client.
    fn note_fault(&self, hit: &Hit) {
        let client_id = self.login.as_ref().map(|login| login.client_id);
        self.core.world.kit.note_fault("tws", whom(client_id), hit);
    }

    async fn break_off(&mut self, kind: &Kind, cuts: &mut watch::Receiver<u64>) -> Step {
        match kind {
            Kind::Reset => self.reset(),
            Kind::Silence => {
                // Neither side's bytes go anywhere, and nobody says so.
                tokio::select! {
                    () = tokio::time::sleep(SILENCE) => {}
                    _ = cuts.changed() => {}
                }
                Err(Over)
            }
            _ => Err(Over),
        }
    }

    fn reset(&self) -> Step {
        // With no time to linger the kernel sends a reset instead of a goodbye.
        if let Err(error) = self.stream.set_zero_linger() {
            tracing::debug!(%error, "could not reset a connection");
        }
        Err(Over)
    }

    async fn take(&mut self, body: &[u8]) -> Step {
        let Some(codec) = self.codec.clone() else { return self.greet(body).await };
        let request = codec.decode(body);
        let client_id = self.login.as_ref().map(|login| login.client_id);
        let sequence = self.note(&request, body, client_id);
        if let Ok(Request::StartApiRequest(start)) = &request {
            return self.log_in(start).await;
        }
        let Some(login) = &self.login else {
            return self.say(&Refusal::new(504, "Not connected"), NOBODY).await;
        };
        let (key, client_id) = (login.key, login.client_id);
        if !self.count(key, client_id).await? {
            return Ok(());
        }
        let request = match request {
            Ok(request) => request,
            Err(misread) => return self.say(&complaint(&misread), NOBODY).await,
        };
        let (_, name, _) = request.describe();
        let hit = self.core.world.kit.faults().take_request("", name);
        let transcript = self.core.world.kit.transcript();
        if let Some(hit) = &hit {
            transcript.finish(sequence, None, hit.fault.kind.clone());
        }
        match hit {
            None => self.process(key, request),
            Some(hit) => self.misbehave(key, request, hit).await?,
        }
        Ok(())
    }

    fn process(&self, key: u64, request: Request) {
        let mut state = self.core.state();
        answer::request(&self.core.world, &mut state, key, request);
        drop(state);
        self.core.changed.notify_one();
    }

    /// A fault that was waiting for this request.
    async fn misbehave(&mut self, key: u64, request: Request, hit: Hit) -> Step {
        if hit.fault.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(hit.fault.delay_ms)).await;
        }
        match hit.kind {
            Kind::ResetBefore => self.reset(),
            Kind::ResetAfter => {
                self.process(key, request);
                self.reset()
            }
            Kind::Hang => {
                let mut cuts = self.core.cuts.subscribe();
                self.break_off(&Kind::Silence, &mut cuts).await
            }
            Kind::Status => {
                let code = hit.fault.status.map_or(321, i32::from);
                let usual = Refusal::new(code, "Refused on demand");
                let id = answer::id_of(&request).unwrap_or(NOBODY);
                self.say(&faults::refusal(&hit, usual), id).await
            }
            Kind::Garbage | Kind::Html => self.write(&frame(b"}{ not what you asked for")).await,
            Kind::InvalidUtf8 => self.write(&frame(b"4\x002\x00-1\x00\xff\xfe\xc3\x28\x00")).await,
            Kind::Oversize => self.oversize().await,
            Kind::Truncated => {
                self.process(key, request);
                let first = next(&mut self.login).await.ok_or(Over)?;
                self.half(&frame(&first.body)).await
            }
            _ => {
                self.process(key, request);
                Ok(())
            }
        }
    }

    /// Whether a message is within the rate; says so if it is not.
    async fn count(&mut self, key: u64, client_id: i32) -> Result<bool, Over> {
        let limits = &self.core.world.settings.limits;
        let rate = limits.messages_per_second;
        let allowance = Allowance { requests: rate, window: Duration::from_secs(1) };
        self.core.world.kit.limits().count(&format!("client {client_id}"), allowance);
        if self.paced {
            let wait = self.pace.wait();
            tokio::time::sleep(wait).await;
        }
        let Err(TooFast { strikes }) = self.pace.count() else { return Ok(true) };
        let text = format!(
            "Max rate of messages per second has been exceeded:max={rate} rec={} ({strikes})",
            rate + 1
        );
        let last = strikes >= limits.rate_strikes;
        tracing::debug!(key, strikes, "a client talks too fast");
        self.say(&Refusal::new(TOO_FAST, &text), NOBODY).await?;
        if last { Err(Over) } else { Ok(false) }
    }

    fn note(&self, request: &Result<Request, Misread>, body: &[u8], client_id: Option<i32>) -> u64 {
        let kit = &self.core.world.kit;
        let codec = self.codec.as_ref().map_or("", |codec| codec.name());
        let (path, body) = match request {
            Ok(request) => {
                let (id, name, contents) = request.describe();
                let body = serde_json::json!({ "id": id, "message": name, "fields": contents });
                (name.to_owned(), body.to_string())
            }
            Err(_) => ("unreadable".to_owned(), String::from_utf8_lossy(body).into_owned()),
        };
        kit.transcript().add(Entry {
            time: time::utc(kit.clock().now()),
            stream: Some("tws".into()),
            method: codec.to_owned(),
            path,
            query: whom(client_id),
            body,
            ..Entry::default()
        })
    }

    /// The first frame: versions. It is answered in text, whatever is spoken after it.
    async fn greet(&mut self, body: &[u8]) -> Step {
        let settings = &self.core.world.settings;
        let hello = Hello::parse(body);
        let version = hello.as_ref().and_then(|hello| agree(hello.versions, &settings.versions));
        let (Some(hello), Some(version)) = (hello, version) else {
            let refusal = Refusal::new(503, "The TWS is out of date and must be upgraded.");
            let now = self.core.world.kit.clock().now();
            let codec = Codec::new(crate::codec::TEXT);
            if let Some(body) = codec.encode(&refusal.answer(NOBODY, now)) {
                self.write(&frame(&body)).await?;
            }
            return Err(Over);
        };
        self.paced = hello.paced;
        self.version = version;
        self.codec = Some(Arc::new(Codec::new(version)));
        let now = times::civil(self.core.world.kit.clock().now());
        let time = format!("{} {}", now.strftime("%Y%m%d %H:%M:%S"), settings.zone);
        self.write(&frame(format!("{version}\0{time}\0").as_bytes())).await
    }

    async fn log_in(&mut self, start: &StartApiRequest) -> Step {
        if self.login.is_some() {
            return Ok(());
        }
        let client_id = start.client_id.unwrap_or(0);
        let in_use = Refusal::new(
            326,
            "Unable to connect as the client id is already in use. Retry with a unique client id.",
        );
        let faults = self.core.world.kit.faults();
        if let Some(hit) = faults.take_frame(&faults::STREAMS, &[Kind::RefuseLogin]) {
            self.core.world.kit.note_fault("tws", whom(Some(client_id)), &hit);
            self.say(&faults::refusal(&hit, in_use), NOBODY).await?;
            return Err(Over);
        }
        let Some(codec) = self.codec.clone() else { return Err(Over) };
        let joined = {
            let mut state = self.core.state();
            let taken = state.clients.iter().any(|client| client.client_id == client_id);
            let full = state.clients.len() >= self.core.world.settings.limits.clients;
            (!taken && !full && client_id >= 0).then(|| {
                let key = state.next_key();
                let (client, waiting) = Client::new(key, client_id, codec, self.version);
                welcome(&self.core, &state, &client);
                state.clients.push(client);
                (key, waiting)
            })
        };
        let Some((key, waiting)) = joined else {
            self.say(&in_use, NOBODY).await?;
            return Err(Over);
        };
        self.login = Some(Login { key, client_id, waiting });
        Ok(())
    }

    /// Takes the client out of the list of those who are told things.
    fn leave(&mut self) {
        if let Some(login) = self.login.take() {
            self.core.state().clients.retain(|client| client.key != login.key);
        }
    }

    async fn say(&mut self, refusal: &Refusal, id: i32) -> Step {
        let answer = refusal.answer(id, self.core.world.kit.clock().now());
        match self.codec.as_ref().and_then(|codec| codec.encode(&answer)) {
            Some(body) => self.write(&frame(&body)).await,
            None => Ok(()),
        }
    }

    /// Sends a frame and what waits behind it, unless a fault has other plans.
    async fn send(&mut self, first: Frame) -> Step {
        let mut bytes = Vec::new();
        let mut waiting = Some(first);
        while let Some(Frame { stream, body }) = waiting.take() {
            let faults = self.core.world.kit.faults();
            match faults.take_frame(&["tws", stream], &frame_kinds()) {
                None => bytes.extend(frame(&body)),
                Some(hit) => {
                    self.note_fault(&hit);
                    self.write(&std::mem::take(&mut bytes)).await?;
                    self.bend(&body, hit).await?;
                }
            }
            if bytes.len() >= BATCH {
                self.write(&std::mem::take(&mut bytes)).await?;
            }
            waiting = self.login.as_mut().and_then(|login| login.waiting.ready());
        }
        self.write(&bytes).await
    }

    /// A fault that was waiting for this frame.
    async fn bend(&mut self, body: &[u8], hit: Hit) -> Step {
        if hit.fault.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(hit.fault.delay_ms)).await;
        }
        let whole = frame(body);
        match &hit.kind {
            Kind::DropFrames => Ok(()),
            Kind::Garbage => self.write(&frame(b"}{ not what you asked for")).await,
            Kind::InvalidUtf8 => self.write(&frame(b"4\x002\x00-1\x00\xff\xfe\xc3\x28\x00")).await,
            Kind::Oversize => self.oversize().await,
            Kind::Truncated => self.half(&whole).await,
            Kind::Disconnect | Kind::Reset | Kind::Silence => {
                let mut cuts = self.core.cuts.subscribe();
                self.break_off(&hit.kind, &mut cuts).await
            }
            Kind::Vendor(name) if name == faults::SPLIT_WRITE => {
                self.write(&whole[..2]).await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
                self.write(&whole[2..]).await
            }
            Kind::Vendor(name) if name == faults::SURPLUS_FIELDS => {
                let surplus: &[u8] =
                    if self.version < crate::codec::PROTOBUF { b"\0\0" } else { b"" };
                self.write(&frame(&[body, surplus].concat())).await
            }
            _ => self.write(&whole).await,
        }
    }

    async fn half(&mut self, whole: &[u8]) -> Step {
        self.write(&whole[..whole.len() / 2]).await?;
        Err(Over)
    }

    async fn oversize(&mut self) -> Step {
        let length = u32::try_from(OVERSIZE).unwrap_or(u32::MAX);
        self.write(&length.to_be_bytes()).await?;
        for _ in 0..OVERSIZE / PIECE.len() {
            self.write(&PIECE).await?;
        }
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> Step {
        self.stream.write_all(bytes).await.map_err(|_| Over)
    }
}

/// Which client an entry of the transcript is about.
fn whom(client_id: Option<i32>) -> String {
    client_id.map(|id| format!("client_id={id}")).unwrap_or_default()
}

fn frame_kinds() -> Vec<Kind> {
    let own = [faults::SPLIT_WRITE, faults::SURPLUS_FIELDS];
    let own = own.into_iter().map(|name| Kind::Vendor(name.to_owned()));
    FRAME_KINDS.into_iter().chain(own).collect()
}

/// The next frame to send; none ever comes before the login.
async fn next(login: &mut Option<Login>) -> Option<Frame> {
    match login {
        Some(login) => login.waiting.next().await,
        None => std::future::pending().await,
    }
}

fn complaint(misread: &Misread) -> Refusal {
    match misread {
        Misread::Unknown => Refusal::new(505, "Unknown message id"),
        Misread::Field(field) => {
            let text = format!(
                "Error reading request. Unable to parse field {}: '{}'.",
                field.field, field.value
            );
            Refusal::new(320, &text)
        }
    }
}

/// What every client is told first.
fn welcome(core: &Shared, state: &State, client: &Client) {
    let accounts: Vec<&str> =
        core.world.settings.accounts.iter().map(|account| account.id.as_str()).collect();
    let accounts_list = Some(accounts.join(","));
    client.send(Answer::ManagedAccounts(ManagedAccounts { accounts_list }));
    let order_id = Some(state.desk.next_id(client.client_id));
    client.send(Answer::NextValidId(NextValidId { order_id }));
    let notices = match state.cut_off {
        true => vec![(2110, faults::CUT_OFF)],
        false => faults::FARMS
            .iter()
            .map(|farm| match state.broken_farms.contains(&farm.broken.0) {
                true => farm.broken,
                false => farm.sound,
            })
            .collect(),
    };
    for (code, text) in notices {
        client.send(Refusal::new(code, text).answer(NOBODY, state.now()));
    }
}
