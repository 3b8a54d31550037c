//! Sends orders, and finds out what became of those whose answer was lost.

use std::collections::HashMap;
use std::time::Duration;

use component::{Delivery, Fault, Host, Outcome, Result, Sends, Sink};
use model::{ApprovedOrder, Event, OrderAction, OrderRequest, Text};
use session::Frame;
use tokio::time::Instant;

use crate::map;
use crate::settings::{self, System};
use crate::spell;
use crate::tws::{Refusal, Tws};
use crate::wire::{self, Fields, Order, Out};

/// How long the first answer to an order is awaited. An order that is named later is found.
const ANSWER: Duration = Duration::from_secs(5);
/// How long TWS may take to list its orders.
const LIST: Duration = Duration::from_secs(10);
/// After so much silence TWS is asked whether it is there, before an order leaves.
const SILENCE: Duration = Duration::from_secs(5);
/// Orders that are remembered; a day has fewer.
const MAX_REMEMBERED: usize = 50_000;

/// Places, modifies and cancels orders.
pub struct Orders {
    tws: Tws,
    account: Option<String>,
    max_reference: usize,
    /// Orders of ours by their reference, as TWS told of them.
    book: HashMap<Text, Known>,
    /// Their references by client and order id.
    references: HashMap<(i64, i64), Text>,
    /// Orders that we handed over on this connection, and why those that were refused were.
    sent: HashMap<Text, Option<String>>,
    next_id: i64,
    /// Why the session ended, once it has.
    ended: Option<Fault>,
}

/// What TWS has told of an order.
#[derive(Clone, Debug, Default)]
struct Known {
    /// The broker's id, the same for every client and for ever.
    perm_id: Text,
    order_id: i64,
    client_id: i64,
    status: Text,
    /// The broker's words at the end of it.
    ending: Text,
    terms: Order,
}

/// What a message told of one order.
enum News {
    Nothing,
    /// It is about the order with this id.
    Order(i64),
    Refusal {
        id: i64,
        code: i64,
        words: String,
    },
    /// The end of one of the lists that were asked for.
    End(u32),
}

impl Sink for Orders {
    const NAME: &'static str = "interactive_brokers_orders";
    // TWS takes the same reference as often as it is sent.
    const SENDS: Sends = Sends::Orders { repeats_are_refused: false };
    type System = System;
    type Settings = settings::Orders;

    async fn connect(system: System, settings: settings::Orders, host: Host) -> Result<Self> {
        let tws = Tws::connect(&system, &host, settings.client_id, 0).await?;
        let max_reference = usize::try_from(settings.max_reference_chars).unwrap_or(usize::MAX);
        let mut orders = Self {
            account: system.connection.account,
            max_reference,
            book: HashMap::new(),
            references: HashMap::new(),
            sent: HashMap::new(),
            next_id: tws.next_order_id.max(1),
            ended: None,
            tws,
        };
        if orders.tws.client_id == 0 {
            // Only this client may take over orders that were entered by hand.
            orders.tws.queue(Out::new(15).with(1).with(1))?;
        }
        orders.list().await?;
        Ok(orders)
    }

    async fn write(&mut self, batch: &[Delivery]) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::with_capacity(batch.len());
        for delivery in batch {
            match self.deliver(delivery).await {
                Ok(outcome) => outcomes.push(outcome),
                Err(fault) if outcomes.is_empty() => return Err(fault),
                // Others of the batch have left: this one, which has not, is found to be absent.
                Err(fault) => outcomes.push(Outcome::Unknown { reason: fault.to_string() }),
            }
        }
        Ok(outcomes)
    }

    async fn resolve(&mut self, delivery: &Delivery) -> Result<Outcome> {
        let order = approved(delivery)?;
        self.ready()?;
        self.list().await?;
        let known = self.book.get(&map::reference(&order.order_id));
        Ok(match (order.request.action, known) {
            (OrderAction::Place, None) => Outcome::Absent,
            (OrderAction::Place, Some(known)) => known.placed(),
            (OrderAction::Cancel | OrderAction::Replace, None) => not_there(),
            (OrderAction::Cancel, Some(known)) => known.canceled().unwrap_or(Outcome::Absent),
            (OrderAction::Replace, Some(known)) => known.replaced(&order.request),
        })
    }
}

fn approved(delivery: &Delivery) -> Result<&ApprovedOrder> {
    match &delivery.event {
        Event::ApprovedOrder(order) => Ok(order),
        other => Err(Fault::fatal(format!("{} is not an order", other.info().name))),
    }
}

fn not_there() -> Outcome {
    Outcome::Rejected { reason: "TWS does not know the order".to_owned() }
}

fn not_sent(reason: impl std::fmt::Display) -> Outcome {
    // Never sent, and it never will be: as certain as the broker's own no.
    Outcome::Rejected { reason: format!("not sent: {reason}") }
}

/// Whether an error with the id of an order is the broker's no to it. Some are mere warnings, and
/// what nobody has described may be one.
fn is_no(code: i64) -> bool {
    match code {
        202 | 399 => false,
        103..=113 | 116 | 135 | 136 | 161 | 200..=398 | 434..=436 => true,
        10147 | 10148 | 10243..=10247 | 10268..=10270 => true,
        _ => false,
    }
}

impl Known {
    fn id(&self) -> Option<Text> {
        Some(self.perm_id.clone()).filter(|id| !id.is_empty())
    }

    fn accepted(&self) -> Outcome {
        Outcome::Accepted { broker_order_id: self.id() }
    }

    fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "Filled" | "Cancelled" | "ApiCancelled")
            || self.status == "Inactive" && !self.ending.is_empty()
    }

    /// What its being there says of a request to place it.
    fn placed(&self) -> Outcome {
        if self.is_over() && self.ending.starts_with("Rejected") {
            return Outcome::Rejected { reason: self.ending.to_string() };
        }
        self.accepted()
    }

    /// What its state says of a request to cancel it, if anything.
    fn canceled(&self) -> Option<Outcome> {
        match self.status.as_str() {
            "PendingCancel" | "Cancelled" | "ApiCancelled" => Some(self.accepted()),
            status if self.is_over() => {
                let reason = format!("the order is already over: {status}");
                Some(Outcome::Rejected { reason })
            }
            _ => None,
        }
    }

    /// What its state says of a request to modify it.
    fn replaced(&self, request: &OrderRequest) -> Outcome {
        let mut changes = spell::changes(&self.terms, request);
        let is_empty = changes.is_empty();
        if self.is_over() && spell::was_for(&self.terms, request) {
            changes.retain(|(name, _)| *name != "totalQuantity");
        }
        if spell::says(&self.terms, &changes) && !is_empty {
            self.accepted()
        } else if self.is_over() {
            Outcome::Rejected { reason: format!("the order is already over: {}", self.status) }
        } else {
            Outcome::Absent
        }
    }
}

impl Orders {
    async fn deliver(&mut self, delivery: &Delivery) -> Result<Outcome> {
        let order = approved(delivery)?;
        self.ready()?;
        if self.tws.session.silence() > SILENCE {
            self.greet().await?;
        }
        match order.request.action {
            OrderAction::Place => self.place(order).await,
            OrderAction::Replace => self.replace(&order.request).await,
            OrderAction::Cancel => self.cancel(&order.request).await,
        }
    }

    /// Takes in what has come meanwhile. An error promises that nothing was sent.
    fn ready(&mut self) -> Result<()> {
        if let Some(fault) = self.ended.clone() {
            return Err(fault);
        }
        while let Some(frame) = self.ended_by(|this| this.tws.ready())? {
            self.take(&frame);
        }
        match &self.tws.state.cut_off {
            Some(reason) => Err(Fault::retry(format!("TWS is cut off from the broker: {reason}"))),
            None => Ok(()),
        }
    }

    /// After an error the connection is of no use any more, whoever asks next.
    fn ended_by<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let done = work(self);
        if let Err(fault) = &done {
            self.ended = Some(fault.clone());
        }
        done
    }

    /// Makes sure that somebody is there.
    async fn greet(&mut self) -> Result<()> {
        // The list of our own open orders is short, and its end is an answer.
        self.queue(Out::new(5).with(1))?;
        let is_end = |_: &mut Self, news| matches!(news, News::End(_)).then_some(());
        let answer = self.hear(ANSWER, is_end).await?;
        self.ended_by(|_| {
            answer.ok_or_else(|| Fault::disconnected(format!("no answer within {ANSWER:?}")))
        })
    }

    fn queue(&mut self, request: Out) -> Result<()> {
        self.ended_by(|this| this.tws.queue(request))
    }

    /// Messages until one of them decides; `None` if none does in time.
    async fn hear<T>(
        &mut self,
        within: Duration,
        mut judge: impl FnMut(&mut Self, News) -> Option<T>,
    ) -> Result<Option<T>> {
        let deadline = Instant::now() + within;
        loop {
            let Ok(heard) = tokio::time::timeout_at(deadline, self.tws.next()).await else {
                return Ok(None);
            };
            let frame = self.ended_by(|_| heard)?;
            let news = self.take(&frame);
            if let Some(decision) = judge(self, news) {
                return Ok(Some(decision));
            }
        }
    }

    /// Reads every order there is: open ones, completed ones, and those that have executions.
    async fn list(&mut self) -> Result<()> {
        let id = self.tws.request_id();
        self.queue(Out::new(7).with(3).with(id).with(0).empty(6))?;
        self.queue(Out::new(16).with(1))?;
        self.queue(Out::new(99).with(0))?;
        let mut missing =
            vec![wire::EXECUTION_END, wire::OPEN_ORDER_END, wire::COMPLETED_ORDERS_END];
        let listed = self.hear(LIST, |_, news| {
            if let News::End(end) = news {
                missing.retain(|other| *other != end);
            }
            missing.is_empty().then_some(())
        });
        let listed = listed.await?;
        self.ended_by(|_| {
            listed.ok_or_else(|| Fault::disconnected(format!("no list of orders within {LIST:?}")))
        })?;
        match &self.tws.state.cut_off {
            // What it lists then is what it knew before.
            Some(reason) => Err(Fault::retry(format!("TWS is cut off from the broker: {reason}"))),
            None => Ok(()),
        }
    }

    /// Notes what a message says of orders. One that cannot be read says nothing: the lists are
    /// read again before anything is concluded.
    fn take(&mut self, frame: &Frame) -> News {
        let text = String::from_utf8_lossy(frame);
        let Ok(Some(fields)) = Fields::read(text.as_bytes(), self.tws.state.version) else {
            return News::Nothing;
        };
        let id = || fields.int("orderId").unwrap_or_default();
        match fields.id {
            wire::OPEN_ORDER | wire::EXECUTION | wire::COMPLETED_ORDER => self.note(&fields),
            wire::ORDER_STATUS => {
                let key = (fields.int("clientId").unwrap_or_default(), id());
                self.count(key);
                if let Some(known) =
                    self.references.get(&key).and_then(|name| self.book.get_mut(name))
                {
                    known.status = fields.text("status").into();
                    known.perm_id = perm_id(&fields).unwrap_or_else(|| known.perm_id.clone());
                }
                News::Order(id())
            }
            wire::ORDER_BOUND => {
                let perm_id = fields.text("permId");
                let client_id = fields.int("clientId").unwrap_or_default();
                let bound = self.book.iter_mut().find(|(_, known)| known.perm_id == perm_id);
                if let Some((reference, known)) = bound {
                    (known.order_id, known.client_id) = (id(), client_id);
                    self.references.insert((client_id, id()), reference.clone());
                }
                self.count((client_id, id()));
                News::Nothing
            }
            wire::ERROR => {
                let refusal = Refusal::of(&fields);
                News::Refusal { id: refusal.id, code: refusal.code, words: refusal.words() }
            }
            end @ (wire::OPEN_ORDER_END | wire::EXECUTION_END | wire::COMPLETED_ORDERS_END) => {
                News::End(end)
            }
            _ => News::Nothing,
        }
    }

    /// Notes an open order, a completed one, or one that has an execution.
    fn note(&mut self, fields: &Fields<'_>) -> News {
        let order_id = fields.int("orderId").unwrap_or_default();
        let client_id = fields.int("clientId").unwrap_or_default();
        let is_completed = fields.id == wire::COMPLETED_ORDER;
        if !is_completed {
            self.count((client_id, order_id));
        }
        let reference = Text::from(fields.text("orderRef"));
        if map::order_id(&reference, "").is_empty() || self.book.len() >= MAX_REMEMBERED {
            return News::Nothing;
        }
        let known = self.book.entry(reference.clone()).or_default();
        known.perm_id = perm_id(fields).unwrap_or_else(|| known.perm_id.clone());
        if !is_completed {
            (known.order_id, known.client_id) = (order_id, client_id);
            self.references.insert((client_id, order_id), reference);
        }
        if fields.id != wire::EXECUTION {
            known.status = fields.text("status").into();
            known.ending = fields.text("completedStatus").into();
            known.terms = wire::order_of(fields);
        } else if known.status.is_empty() {
            // An execution proves that the order was taken, whatever became of it since.
            known.status = "Submitted".into();
        }
        News::Order(order_id)
    }

    /// No id that was ever used by this client is used again.
    fn count(&mut self, (client_id, order_id): (i64, i64)) {
        if client_id == i64::from(self.tws.client_id) {
            self.next_id = self.next_id.max(order_id.saturating_add(1));
        }
    }

    async fn place(&mut self, order: &ApprovedOrder) -> Result<Outcome> {
        let reference = map::reference(&order.order_id);
        if let Some(known) = self.book.get(&reference) {
            return Ok(known.placed());
        }
        match self.sent.get(&reference) {
            None => {}
            Some(Some(reason)) => return Ok(Outcome::Rejected { reason: reason.clone() }),
            Some(None) => {
                let reason = "it was sent before, and nothing has been heard of it".to_owned();
                return Ok(Outcome::Unknown { reason });
            }
        }
        let length = reference.len();
        if length > self.max_reference {
            let longest = self.max_reference - (length - order.order_id.len());
            return Ok(not_sent(format!("an order id has at most {longest} characters here")));
        }
        let mut orders = match spell::new_orders(order, &self.account(order)) {
            Ok(orders) => orders,
            Err(reason) => return Ok(not_sent(reason)),
        };
        let first = self.next_id;
        self.next_id += orders.len() as i64;
        if self.sent.len() >= MAX_REMEMBERED {
            self.sent.clear();
        }
        self.sent.insert(reference.clone(), None);
        let is_group = orders.iter().any(|order| order.get("transmit").is_some());
        for (id, order) in (first..).zip(&mut orders) {
            order.insert("orderId", id.to_string().into());
            if is_group && id > first {
                order.insert("parentId", first.to_string().into());
            }
            self.queue(wire::place_order(order, self.tws.state.version))?;
        }
        let outcome = self.confirm(&reference, first..self.next_id).await;
        if let Outcome::Rejected { reason } = &outcome {
            self.sent.insert(reference, Some(reason.clone()));
        }
        Ok(outcome)
    }

    /// The account that an order is for: its own, the one in the settings, or the only one.
    fn account(&self, order: &ApprovedOrder) -> Text {
        let named = Some(order.broker_account.as_str()).filter(|account| !account.is_empty());
        let only = self.tws.accounts.first().filter(|_| self.tws.accounts.len() == 1);
        let account = named.or(self.account.as_deref()).or(only.map(Text::as_str));
        account.unwrap_or_default().into()
    }

    /// Sends what is in line and waits for the broker's word on the first of these ids.
    async fn confirm(&mut self, reference: &Text, ids: std::ops::Range<i64>) -> Outcome {
        let flushed = self.tws.session.flush().await;
        if let Err(fault) = self.ended_by(|_| flushed) {
            return Outcome::Unknown { reason: fault.to_string() };
        }
        let is_single = ids.end - ids.start == 1;
        let mut said = String::new();
        let confirmed = self.hear(ANSWER, |this, news| {
            if let News::Refusal { id, code, words } = news
                && ids.contains(&id)
            {
                if is_no(code) && is_single {
                    return Some(Outcome::Rejected { reason: words });
                }
                if is_no(code) {
                    // What TWS holds back of the group must not leave later.
                    ids.clone().for_each(|id| drop(this.queue(cancel(id, this.version()))));
                }
                said = words;
            }
            let known = this.book.get(reference)?;
            let is_working =
                matches!(known.status.as_str(), "PreSubmitted" | "Submitted" | "Filled");
            let is_ended = !said.is_empty() && known.is_over();
            (known.id().is_some() && (is_working || is_ended)).then(|| known.accepted())
        });
        match confirmed.await {
            Ok(Some(outcome)) => outcome,
            Ok(None) if self.book.contains_key(reference) && said.is_empty() => {
                self.book[reference].accepted()
            }
            Ok(None) => Outcome::Unknown { reason: format!("no answer within {ANSWER:?} {said}") },
            Err(fault) => Outcome::Unknown { reason: fault.to_string() },
        }
    }

    fn version(&self) -> i32 {
        self.tws.state.version
    }

    /// The order that a request is about, if this client may touch it; else why not.
    async fn own(&mut self, request: &OrderRequest) -> Result<Result<Known, Outcome>> {
        let reference = map::reference(&request.order_id);
        if !self.book.contains_key(&reference) {
            self.list().await?;
        }
        Ok(match self.book.get(&reference) {
            None => Err(not_there()),
            Some(known) if known.client_id != i64::from(self.tws.client_id) => {
                let owner = known.client_id;
                Err(not_sent(format!("only client {owner}, which placed the order, may change it")))
            }
            Some(known) => Ok(known.clone()),
        })
    }

    async fn replace(&mut self, request: &OrderRequest) -> Result<Outcome> {
        let known = match self.own(request).await? {
            Ok(known) => known,
            Err(outcome) => return Ok(outcome),
        };
        if known.is_over() {
            return Ok(known.replaced(request));
        }
        let order = match spell::modified(&known.terms, request) {
            Ok(order) => order,
            Err(reason) => return Ok(not_sent(reason)),
        };
        self.queue(wire::place_order(&order, self.version()))?;
        let request = request.clone();
        Ok(self
            .settle(known.order_id, move |known, code| match code {
                Some(code) => is_no(code) || code == 202,
                None => matches!(known.replaced(&request), Outcome::Accepted { .. }),
            })
            .await)
    }

    async fn cancel(&mut self, request: &OrderRequest) -> Result<Outcome> {
        let known = match self.own(request).await? {
            Ok(known) => known,
            Err(outcome) => return Ok(outcome),
        };
        if known.is_over() {
            let reason = format!("the order is already over: {}", known.status);
            return Ok(Outcome::Rejected { reason });
        }
        self.queue(cancel(known.order_id, self.version()))?;
        Ok(self
            .settle(known.order_id, |known, code| match code {
                Some(code) => is_no(code),
                None => known.canceled().is_some_and(|o| matches!(o, Outcome::Accepted { .. })),
            })
            .await)
    }

    /// Sends what is in line and waits until the order is as wished, or the broker says no.
    /// `judge` tells the one without a code, the other with it.
    async fn settle(&mut self, id: i64, judge: impl Fn(&Known, Option<i64>) -> bool) -> Outcome {
        let flushed = self.tws.session.flush().await;
        if let Err(fault) = self.ended_by(|_| flushed) {
            return Outcome::Unknown { reason: fault.to_string() };
        }
        let key = (i64::from(self.tws.client_id), id);
        let settled = self.hear(ANSWER, |this, news| {
            let known = this.references.get(&key).and_then(|name| this.book.get(name))?;
            match news {
                News::Refusal { id: about, code, words } if about == id => {
                    if judge(known, Some(code)) {
                        return Some(Outcome::Rejected { reason: words });
                    }
                    (code == 202).then(|| known.accepted())
                }
                News::Order(about) if about == id => judge(known, None).then(|| known.accepted()),
                _ => None,
            }
        });
        match settled.await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Outcome::Unknown { reason: format!("no answer within {ANSWER:?}") },
            Err(fault) => Outcome::Unknown { reason: fault.to_string() },
        }
    }
}

fn cancel(order_id: i64, version: i32) -> Out {
    Out::new(4).with(1).with(order_id).empty(usize::from(version >= 169))
}

fn perm_id(fields: &Fields<'_>) -> Option<Text> {
    fields.value("permId").filter(|id| *id != "0").map(Text::from)
}
