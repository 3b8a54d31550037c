//! A connection to TWS or IB Gateway: greeting, requests, notices, and what its troubles mean.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use component::{Bad, Clock, Fault, Host, Rate, Result};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use model::{ApprovedOrder, Text, Timestamp};
use session::{Fields, Frame, Opens, RawOptions, Session, Step, Talk, Trouble, Turns};
use tracing::{debug, info, warn};

use crate::contract::{Contract, exchange_abroad};
use crate::settings::{Connection, System};
use crate::site::{self, Site};
use crate::time::{self, Zone};
use crate::wire;

/// How every connection begins.
const GREETING: &[u8] = b"API\0";
/// What may be about the connection alone: errors, next id, accounts, time, and what we look up.
const NOTICES: [&[u8]; 6] = [b"4\0", b"9\0", b"10\0", b"15\0", b"49\0", b"52\0"];
/// The question that TWS always answers.
const PROBE: &[u8] = b"49\x001\x00";
/// Longest message there is: a length beyond it is no length.
const MAX_MESSAGE_BYTES: usize = 0xFF_FFFF;
/// TWS takes 50 messages a second, however many clients send them: ours together stay below. A part
/// is kept for orders.
const RATE: Rate = Rate::per_second(40);
/// Another login of the same user takes the data away.
const OTHER_SESSION: &str = "end the other session of this user, or give it a user of its own";
/// How long TWS is left alone after it complains about too many requests for history.
const PENALTY: Duration = Duration::from_secs(60);
/// A connection that broke off may count for TWS for a while, and so may its client id.
const IN_USE: Duration = Duration::from_secs(2);
const SPARE_CLIENTS: i32 = 9;
pub const LOGIN: Duration = Duration::from_secs(10);
/// The ends of the lists of executions, open orders and completed orders.
pub const ENDS: [&str; 3] = ["executionEnd", "openOrderEnd", "completedOrdersEnd"];
/// Ids of requests begin here, far from those of orders: TWS names both in the same field.
const FIRST_REQUEST: i64 = 1_500_000_000;
/// An exchange that we have no name for.
const ELSEWHERE: &str = "-";
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
    /// Longest order reference that is handed over.
    pub max_reference: usize,
    last_request: i64,
}

/// What is known of the other side.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub site: Arc<Site>,
    pub clock: Clock,
    /// How far the clock of TWS is ahead of ours.
    ahead: i64,
    opened: Timestamp,
    pub patience: Duration,
    pub version: i32,
    greeting: String,
    /// Zone of times that name none.
    pub zone: Zone,
    accounts: Option<Vec<Text>>,
    pub next_order_id: Option<i64>,
    /// Its clock, in seconds.
    time: Option<i64>,
    /// Whether this connection was told that TWS is cut off from Interactive Brokers.
    is_cut_off: bool,
    /// Whether market data is known to stand still.
    is_still: bool,
    /// Whether something came back that had been away.
    pub has_come_back: bool,
    /// Stocks that are looked up, by request.
    looked_up: HashMap<String, String>,
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
            10197 => Fault::needs_person(words, OTHER_SESSION),
            101 | 200 | 203 | 309 | 320 | 321 | 354 => Fault::Fatal(words),
            10090 | 10168 | 10186 | 10187 | 10189 | 10190 => Fault::Fatal(words),
            _ => Fault::Disconnected(words),
        }
    }
}

/// What there is to work with while a message is taken in.
pub type Turn<'a, C> = session::Turn<'a, Tws, C>;
/// What a request says, field by field.
pub type Said<'a> = [(&'a str, &'a str)];

impl Talk for Tws {
    fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    fn is_notice(&mut self, frame: &[u8]) -> Result<bool> {
        self.state.is_notice(frame)
    }

    fn lapse(&self) -> BoxFuture<'static, Fault> {
        self.state.lapse()
    }

    fn read<'a>(&self, frame: &'a [u8]) -> Result<Option<Fields<'a>>, Bad> {
        let mut fields = wire::read(frame, self.state.version)?;
        if let Some(fields) = &mut fields
            && let Some(exchange) = self.state.site.listed.get(fields.text("conId"))
        {
            fields.complete("primaryExchange", exchange);
        }
        Ok(fields)
    }

    fn has_come_back(&mut self) -> bool {
        std::mem::take(&mut self.state.has_come_back)
    }
}

impl Opens for Tws {
    type System = System;

    /// As a client so many steps beside the one of the orders.
    async fn open(system: &System, host: &Host, place: i32) -> Result<Self> {
        let connection = &system.connection;
        let site = Site::of(connection, host)?;
        let rate = RATE.overridden_by(&host.throttling);
        let options = RawOptions {
            insecure: connection.insecure,
            greeting: GREETING,
            probe: Some(PROBE.to_vec()),
            idle: Duration::from_secs(connection.idle_secs.max(1)),
            max_message_bytes: MAX_MESSAGE_BYTES,
            turns: Some(Turns::to(host, &site::name(connection), rate, place == 0)?),
            ..RawOptions::new(&connection.host, connection.port)
        };
        let patience = Duration::from_secs(connection.alert_after_secs);
        let (site_of, clock) = (Arc::clone(&site), host.clock.clone());
        let state = State { site: site_of, clock, patience, ..State::default() };
        // Where the last connection is not over yet for TWS, another client comes meanwhile.
        let mut spare = 0;
        loop {
            let beside = connection.client_id_step.saturating_mul(place + 10 * spare);
            let client_id = connection.client_id.saturating_add(beside);
            match Self::attempt(connection, &options, state.clone(), client_id).await {
                Ok(tws) => {
                    site.away.end();
                    return Ok(Self { is_spare: spare > 0, ..tws });
                }
                Err(Fault::Throttled { .. }) if spare < SPARE_CLIENTS => spare += 1,
                Err(fault) => return Err(site.away(fault, patience, host.clock.now())),
            }
        }
    }
}

impl Tws {
    async fn attempt(
        connection: &Connection,
        options: &RawOptions,
        mut state: State,
        client_id: i32,
    ) -> Result<Self> {
        let mut session = Session::open_raw(options).await?;
        session.send(wire::VERSIONS).await?;
        state.opened = state.clock.now();
        session.expect(LOGIN, "greeting", |frame| state.is_greeted(frame)).await?;
        state.zone = match &connection.time_zone {
            None => time::zone(&state.greeting, state.opened),
            Some(name) => Zone::called(name).ok_or_else(|| {
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
            Ok(true) => match (&state.accounts, state.next_order_id, state.time) {
                (Some(_), Some(_), Some(_)) => Step::Done(()),
                _ => Step::Skip,
            },
            Ok(false) => Step::Keep,
            Err(fault) => Step::Refused(fault),
        };
        session.expect(LOGIN, "accounts and next order id", judge).await?;
        let vendor = Timestamp::from_secs(state.time.unwrap_or_default());
        let ahead = vendor.since(state.clock.now());
        state.ahead = if ahead.abs() < SAME_NANOS { 0 } else { ahead };
        Ok(Self {
            session,
            state,
            account: connection.account.clone(),
            client_id,
            is_spare: false,
            max_reference: usize::MAX,
            last_request: FIRST_REQUEST,
        })
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

    /// Makes sure that we can name what a message is about; else that is looked up first.
    pub fn can_name(&mut self, fields: &Fields<'_>) -> Result<(), Trouble> {
        let con_id = fields.text("conId");
        let is_known = matches!(con_id, "" | "0") || self.state.site.listed.get(con_id).is_some();
        if is_known || !Contract::of(fields).is_abroad() {
            return Ok(());
        }
        if fields.kind == "position" && exchange_abroad(fields.text("exchange")).is_some() {
            // Here it is the exchange where a stock is listed, if it is said at all.
            return Ok(());
        }
        if self.state.looked_up.values().all(|other| other != con_id) {
            let id = self.request_id();
            self.ask("reqContractData", &[("rid", &id), ("conId", con_id)])?;
            self.state.looked_up.insert(id, con_id.to_owned());
        }
        Err(Trouble::Later)
    }

    /// An id for a request.
    pub fn request_id(&mut self) -> String {
        self.last_request += 1;
        self.last_request.to_string()
    }

    /// Puts a request in line. It leaves while the next messages are awaited.
    pub fn ask(&mut self, kind: &str, said: &Said<'_>) -> Result<()> {
        self.ask_about(kind, &Contract::default(), said)
    }

    /// The same about a contract.
    pub fn ask_about(&mut self, kind: &str, about: &Contract, said: &Said<'_>) -> Result<()> {
        let find = |name: &str| said.iter().find(|(known, _)| *known == name);
        let value = |name: &str| find(name).map_or_else(|| about.text(name), |(_, text)| text);
        self.session.queue(&wire::write(kind, self.state.version, value))
    }

    /// Asks for executions and open orders, whoever placed them.
    pub fn ask_orders(&mut self) -> Result<()> {
        let id = self.request_id();
        self.ask("reqExecutions", &[("rid", &id)])?;
        self.ask("reqAllOpenOrders", &[])
    }
}

impl State {
    /// What the clock of TWS says.
    pub fn now(&self) -> Timestamp {
        self.clock.now().plus_nanos(self.ahead)
    }

    /// Waits until TWS has been cut off from Interactive Brokers for so long that a person must see
    /// to it; for ever where it is not cut off.
    pub fn lapse(&self) -> BoxFuture<'static, Fault> {
        if self.site.cut_off.words().is_none() {
            return pending().boxed();
        }
        let (site, opened, patience) = (Arc::clone(&self.site), self.opened, self.patience);
        session::lapse(&self.clock, move |now| site.lapse(opened, patience, now))
    }

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
            _ if self.is_looked_up(&fields) => {}
            "contractData" | "contractDataEnd" => return Ok(false),
            _ => return self.is_noted(&Refusal::of(&fields)),
        }
        Ok(true)
    }

    /// The first message of TWS: its version, and its time in words of any language.
    fn is_greeted(&mut self, frame: &Frame) -> Step<()> {
        let text = String::from_utf8_lossy(frame);
        let (first, rest) = text.split_once('\0').unwrap_or((&text, ""));
        self.greeting = rest.trim_end_matches('\0').to_owned();
        self.version = first.parse().unwrap_or(0);
        match self.version {
            wire::OLDEST..=wire::NEWEST => Step::Done(()),
            4 => match self.is_notice(frame) {
                Err(fault) => Step::Refused(fault),
                Ok(_) => Step::Skip,
            },
            0 => {
                let said: String = first.chars().take(40).collect();
                Step::Refused(Fault::retry(format!("this is no TWS: it greets with {said:?}")))
            }
            version => Step::Refused(Fault::fatal(format!(
                "TWS speaks version {version}, we speak {}: use TWS or IB Gateway 10.30 or later",
                wire::VERSIONS
            ))),
        }
    }

    /// Whether a message answers what we looked up. What TWS cannot say is not asked for again.
    fn is_looked_up(&mut self, fields: &Fields<'_>) -> bool {
        let Some(con_id) = self.looked_up.remove(Tws::request_of(fields)) else { return false };
        let exchange = exchange_abroad(fields.text("primaryExchange")).unwrap_or(ELSEWHERE);
        self.site.listed.note(con_id, exchange);
        self.has_come_back = true;
        true
    }

    fn is_noted(&mut self, refusal: &Refusal<'_>) -> Result<bool> {
        let Refusal { id, code, message } = *refusal;
        match code {
            1100 | 2110 => {
                warn!(code, message, "TWS is cut off from Interactive Brokers");
                self.site.cut_off.begin(message, self.clock.now());
                (self.is_cut_off, self.is_still) = (true, true);
            }
            2103 | 2105 | 2157 => {
                warn!(code, message, "a data farm is away");
                self.is_still |= code == 2103;
            }
            // A sound farm says nothing of others; only what had stood still has missed something.
            1102 | 2104 | 2106..=2108 | 2158 => {
                self.site.cut_off.end();
                if std::mem::take(&mut self.is_cut_off) || self.is_still && code <= 2104 {
                    (self.is_still, self.has_come_back) = (false, true);
                }
            }
            1101 => {
                self.site.cut_off.end();
                return Err(Fault::disconnected(refusal.words()));
            }
            100 | 1300 | 2100 => return Err(Fault::disconnected(refusal.words())),
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
