//! A connection to TWS or IB Gateway: greeting, requests, notices, and what its troubles mean.

use std::time::Duration;

use component::{Bad, Clock, Fault, Host, Result};
use model::{ApprovedOrder, Text, Timestamp};
use session::{Fields, Frame, RawOptions, Session, Step, Talk};
use tracing::{debug, error, info, warn};

use crate::contract::Contract;
use crate::settings::System;
use crate::time::{self, Zone};
use crate::wire;

/// How every connection begins.
const GREETING: &[u8] = b"API\0";
/// What may be about the connection alone: errors, next id, accounts, time.
const NOTICES: [&[u8]; 4] = [b"4\0", b"9\0", b"15\0", b"49\0"];
/// The question that TWS always answers.
const PROBE: &[u8] = b"49\x001\x00";
/// Longest message there is: a length beyond it is no length.
const MAX_MESSAGE_BYTES: usize = 0xFF_FFFF;
/// TWS takes 50 messages a second, however many clients send them: together they stay below.
const PER_SECOND: u32 = 25;
const MAX_PER_SECOND: u32 = 45;
/// How long TWS is left alone after it complains about too many requests for history.
const PENALTY: Duration = Duration::from_secs(60);
/// A connection that broke off may count for TWS for a while, and so may its client id.
const IN_USE: Duration = Duration::from_secs(2);
const SPARE_CLIENTS: i32 = 9;
const LOGIN: Duration = Duration::from_secs(10);
/// Ids of requests begin here, far from those of orders: TWS names both in the same field.
const FIRST_REQUEST: i64 = 1_500_000_000;
/// Our clock and that of TWS count as the same up to this difference; TWS tells whole seconds.
const SAME_NANOS: i64 = 2_000_000_000;

/// An open connection.
pub struct Tws {
    pub session: Session,
    pub state: State,
    /// The only account that counts, if there is one.
    account: Option<String>,
    pub client_id: i32,
    /// Whether this is another client than the settings say.
    pub is_spare: bool,
    last_request: i64,
    ahead: i64,
    pub clock: Clock,
}

/// What is known of the other side.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub version: i32,
    greeting: String,
    /// Zone of times that name none.
    pub zone: Zone,
    accounts: Option<Vec<Text>>,
    pub next_order_id: Option<i64>,
    /// Its clock, in seconds.
    time: Option<i64>,
    /// Why TWS itself is cut off from Interactive Brokers, while it is.
    pub cut_off: Option<Text>,
    /// Whether market data is known to stand still.
    is_still: bool,
    /// Whether something came back that had been away.
    pub has_come_back: bool,
}

/// An error message.
pub struct Refusal<'a> {
    /// The request or the order; -1 for neither.
    pub id: i64,
    pub code: i64,
    pub message: &'a str,
}

impl<'a> Refusal<'a> {
    /// From message 4.
    pub fn of(fields: &Fields<'a>) -> Self {
        let number = |name: &str, other: i64| fields.text(name).parse().unwrap_or(other);
        let message = fields.text("message");
        Self { id: number("id", -1), code: number("code", 0), message }
    }

    /// In words.
    pub fn words(&self) -> String {
        format!("{} (error {})", self.message, self.code)
    }

    /// What it means for a request about something that only reads.
    pub fn fault(&self, about: &str) -> Fault {
        let has = |words: &str| self.message.contains(words);
        let words = format!("{about} {}", self.words()).trim_start().to_owned();
        match self.code {
            162 if has("pacing violation") => Fault::Throttled { wait: PENALTY, reason: words },
            162 if has("permission") => Fault::Fatal(words),
            101 | 200 | 203 | 309 | 320 | 321 | 354 => Fault::Fatal(words),
            10090 | 10168 | 10186 | 10187 | 10189 | 10190 => Fault::Fatal(words),
            _ => Fault::Disconnected(words),
        }
    }
}

/// What there is to work with while a message is taken in.
pub type Turn<'a, C> = session::Turn<'a, Tws, C>;

impl Talk for Tws {
    async fn next(&mut self) -> Result<Frame> {
        loop {
            let frame = self.session.next_frame().await?;
            if !self.state.is_notice(&frame)? {
                return Ok(frame);
            }
        }
    }

    fn ready(&mut self) -> Result<Option<Frame>> {
        while let Some(frame) = self.session.ready_frame()? {
            if !self.state.is_notice(&frame)? {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    fn read<'a>(&self, frame: &'a [u8]) -> Result<Option<Fields<'a>>, Bad> {
        wire::read(frame, self.state.version)
    }

    fn has_come_back(&mut self) -> bool {
        std::mem::take(&mut self.state.has_come_back)
    }
}

impl Tws {
    /// One attempt to connect, as a client so many steps beside the one of the orders.
    pub async fn connect(system: &System, host: &Host, steps: i32) -> Result<Self> {
        let connection = &system.connection;
        let beside = connection.client_id_step.saturating_mul(steps);
        let client_id = connection.client_id.saturating_add(beside);
        let now = host.clock.now();
        // Where the last connection is not over yet for TWS, another client comes meanwhile.
        for spare in 0..=SPARE_CLIENTS {
            let apart = connection.client_id_step.saturating_mul(10 * spare);
            match Self::attempt(system, host, client_id.saturating_add(apart)).await {
                Ok(tws) => return Ok(Self { is_spare: spare > 0, ..tws }),
                Err(Fault::Throttled { .. }) if spare < SPARE_CLIENTS => {}
                Err(Fault::Retry(reason) | Fault::Disconnected(reason)) => {
                    return Err(away(reason, now));
                }
                other => return other,
            }
        }
        Err(Fault::retry("every client id is in use"))
    }

    async fn attempt(system: &System, host: &Host, client_id: i32) -> Result<Self> {
        let connection = &system.connection;
        let limit = host.throttling.max_requests_per_second.unwrap_or(PER_SECOND);
        let mut session = Session::open_raw(&RawOptions {
            insecure: connection.insecure,
            greeting: GREETING,
            probe: Some(PROBE.to_vec()),
            idle: Duration::from_secs(connection.idle_secs.max(1)),
            max_message_bytes: MAX_MESSAGE_BYTES,
            per_second: Some(limit.min(MAX_PER_SECOND)),
            ..RawOptions::new(&connection.host, connection.port)
        })
        .await?;
        session.send(wire::VERSIONS).await?;
        let mut state = session.expect(LOGIN, "greeting", greeted).await?;
        let now = host.clock.now();
        state.zone = match &connection.time_zone {
            None => time::zone(&state.greeting, now),
            Some(name) => time::named(name).ok_or_else(|| {
                Fault::fatal(format!("connection.time_zone: there is no zone {name:?}"))
            })?,
        };
        let client = client_id.to_string();
        let value = |name: &str| if name == "clientId" { client.as_str() } else { "" };
        session.queue(&wire::write("startApi", state.version, value))?;
        session.queue(PROBE)?;
        session.flush().await?;
        // Whatever else comes is for later.
        let judge = |frame: &Frame| match state.is_notice(frame) {
            Ok(true) if state.is_welcome() => Step::Done(()),
            Ok(true) => Step::Skip,
            Ok(false) => Step::Keep,
            Err(fault) => Step::Refused(fault),
        };
        session.expect(LOGIN, "accounts and next order id", judge).await?;
        let vendor = Timestamp::from_secs(state.time.unwrap_or_default());
        let ahead = vendor.since(host.clock.now());
        Ok(Self {
            session,
            state,
            account: connection.account.clone(),
            client_id,
            is_spare: false,
            last_request: FIRST_REQUEST,
            ahead: if ahead.abs() < SAME_NANOS { 0 } else { ahead },
            clock: host.clock.clone(),
        })
    }

    /// What the clock of TWS says.
    pub fn now(&self) -> Timestamp {
        self.clock.now().plus_nanos(self.ahead)
    }

    /// Whether a message is about an account that counts.
    pub fn is_ours(&self, fields: &Fields<'_>) -> bool {
        let account = fields.text("account");
        account.is_empty() || self.account.as_deref().is_none_or(|ours| ours == account)
    }

    /// The account that an order is for: its own, the one in the settings, or the only one.
    pub fn account_of(&self, order: &ApprovedOrder) -> Text {
        let named = Some(order.broker_account.as_str()).filter(|account| !account.is_empty());
        let only = match self.state.accounts.as_deref() {
            Some([only]) => Some(only.as_str()),
            _ => None,
        };
        let account = named.or(self.account.as_deref()).or(only);
        account.unwrap_or_default().into()
    }

    /// The request that a message answers.
    pub fn request_of<'a>(fields: &Fields<'a>) -> &'a str {
        fields.text(if fields.kind == "error" { "id" } else { "rid" })
    }

    /// An id for a request.
    pub fn request_id(&mut self) -> String {
        self.last_request += 1;
        self.last_request.to_string()
    }

    /// Puts a request in line. It leaves while the next messages are awaited.
    pub fn ask(&mut self, kind: &str, said: &[(&str, &str)]) -> Result<()> {
        self.ask_about(kind, &Contract::default(), said)
    }

    /// The same about a contract.
    pub fn ask_about(
        &mut self,
        kind: &str,
        contract: &Contract,
        said: &[(&str, &str)],
    ) -> Result<()> {
        let find = |name: &str| said.iter().find(|(known, _)| *known == name);
        let value = |name: &str| find(name).map_or_else(|| contract.text(name), |(_, text)| text);
        self.session.queue(&wire::write(kind, self.state.version, value))
    }
}

impl State {
    /// Takes note of a message that is about the connection; false for any other.
    pub fn is_notice(&mut self, frame: &[u8]) -> Result<bool> {
        if !NOTICES.iter().any(|id| frame.starts_with(id)) {
            return Ok(false);
        }
        let Ok(Some(fields)) = wire::read(frame, self.version) else { return Ok(false) };
        match fields.kind {
            "managedAccounts" => {
                let list = fields.text("accounts").split(',').map(str::trim);
                self.accounts = Some(list.filter(|id| !id.is_empty()).map(Text::from).collect());
            }
            "nextValidId" => self.next_order_id = fields.int("orderId").ok(),
            "currentTime" => self.time = fields.int("time").ok(),
            _ => return self.is_noted(&Refusal::of(&fields)),
        }
        Ok(true)
    }

    fn is_welcome(&self) -> bool {
        self.accounts.is_some() && self.next_order_id.is_some() && self.time.is_some()
    }

    fn is_noted(&mut self, refusal: &Refusal<'_>) -> Result<bool> {
        let Refusal { id, code, message } = *refusal;
        match code {
            1100 | 2110 => {
                warn!(code, message, "TWS is cut off from Interactive Brokers");
                self.cut_off = Some(message.into());
                self.is_still = true;
            }
            2103 | 2105 | 2157 => {
                warn!(code, message, "a data farm is away");
                self.is_still |= code == 2103;
            }
            // A sound farm says nothing of others; only what had stood still has missed something.
            1102 | 2104 | 2106..=2108 | 2158 => {
                if self.cut_off.take().is_some() || self.is_still && code <= 2104 {
                    (self.is_still, self.has_come_back) = (false, true);
                }
            }
            100 | 1101 | 1300 | 2100 => return Err(Fault::disconnected(refusal.words())),
            326 => {
                let reason = format!("{}; see connection.client_id", refusal.words());
                return Err(Fault::Throttled { wait: IN_USE, reason });
            }
            503 if id < 0 => return Err(Fault::fatal(refusal.words())),
            501..=509 if id < 0 => return Err(Fault::disconnected(refusal.words())),
            // Everything else with an id is for whoever asked.
            2101..=2199 => debug!(id, code, message, "notice"),
            _ if id < 0 => info!(code, message, "notice"),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The first message of TWS: its version, and its time in words of any language.
fn greeted(frame: &Frame) -> Step<State> {
    let text = String::from_utf8_lossy(frame);
    let (first, rest) = text.split_once('\0').unwrap_or((&text, ""));
    let version = first.parse().unwrap_or(0);
    let greeting = rest.trim_end_matches('\0').to_owned();
    let mut state = State { version, greeting, ..State::default() };
    match version {
        wire::OLDEST..=wire::NEWEST => Step::Done(state),
        4 => match state.is_notice(frame) {
            Err(fault) => Step::Refused(fault),
            Ok(_) => Step::Skip,
        },
        0 => {
            let said: String = first.chars().take(40).collect();
            Step::Refused(Fault::retry(format!("this is no TWS: it greets with {said:?}")))
        }
        _ => Step::Refused(Fault::fatal(format!(
            "TWS speaks version {version}, we speak {}: use TWS or IB Gateway 10.30 or later",
            wire::VERSIONS
        ))),
    }
}

/// TWS does not let us in. At night that mends itself; else a person has to do something, and
/// until then we go on trying.
fn away(reason: String, now: Timestamp) -> Fault {
    if time::is_reset(now) {
        return Fault::Retry(format!("{reason}; Interactive Brokers resets its servers now"));
    }
    let words = "if this lasts, a person is needed: start TWS or IB Gateway, log in, and allow \
                 socket clients in its API settings";
    error!(reason, words, "TWS does not let us in");
    Fault::Retry(format!("{reason}; {words}"))
}
