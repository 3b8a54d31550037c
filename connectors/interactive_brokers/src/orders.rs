//! Sends orders, and finds out what became of those whose answer was lost.

use std::collections::HashMap;
use std::time::Duration;

use component::{Delivery, Fault, Host, Outcome, Result, Sends, Sink};
use model::{ApprovedOrder, Event, OrderAction, OrderRequest, Text};
use session::Values;
use tokio::time::Instant;

use crate::map::{self, Placed};
use crate::settings::{self, System};
use crate::tws::{Refusal, Tws};
use crate::{spell, wire};

/// How long the first answer to an order is awaited. An order that is named later is found.
const ANSWER: Duration = Duration::from_secs(5);
/// How long TWS may take to list its orders.
const LIST: Duration = Duration::from_secs(10);
/// After so much silence TWS is asked whether it is there, before an order leaves.
const SILENCE: Duration = Duration::from_secs(5);
/// Orders that are remembered; a day has fewer.
const MAX_REMEMBERED: usize = 50_000;
/// The ends of the lists of orders.
const ENDS: [&str; 3] = ["executionEnd", "openOrderEnd", "completedOrdersEnd"];

/// Places, modifies and cancels orders.
pub struct Orders {
    tws: Tws,
    account: Option<String>,
    max_reference: usize,
    /// Orders of ours by their reference, as TWS told of them.
    book: HashMap<Text, Placed>,
    /// Orders that we handed over on this connection, and why those that were refused were.
    sent: HashMap<Text, Option<String>>,
    next_id: i64,
    /// Why the session ended, once it has.
    ended: Option<Fault>,
}

/// What a message told.
enum News {
    /// It is about the order with this id, or about none.
    Order(i64),
    /// The broker's error about it.
    Refusal(i64, i64, String),
    /// The end of one of the lists that were asked for.
    End(&'static str),
}

impl Sink for Orders {
    const NAME: &'static str = "interactive_brokers_orders";
    // TWS takes the same reference as often as it is sent.
    const SENDS: Sends = Sends::Orders { repeats_are_refused: false };
    type System = System;
    type Settings = settings::Orders;

    async fn connect(system: System, settings: settings::Orders, host: Host) -> Result<Self> {
        let tws = Tws::connect(&system, &host, 0).await?;
        let max_reference = usize::try_from(settings.max_reference_chars).unwrap_or(usize::MAX);
        let mut orders = Self {
            account: system.connection.account,
            max_reference,
            book: HashMap::new(),
            sent: HashMap::new(),
            next_id: tws.next_order_id.max(1),
            ended: None,
            tws,
        };
        if orders.tws.client_id == 0 {
            // Only this client may take over orders that were entered by hand.
            orders.tws.ask("reqAutoOpenOrders", &[])?;
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
            (OrderAction::Place, Some(known)) => placed(known),
            (OrderAction::Cancel | OrderAction::Replace, None) => not_there(),
            (OrderAction::Cancel, Some(known)) => canceled(known).unwrap_or(Outcome::Absent),
            (OrderAction::Replace, Some(known)) => replaced(known, &order.request),
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

fn accepted(known: &Placed) -> Outcome {
    Outcome::Accepted { broker_order_id: known.perm_id() }
}

fn is_over(known: &Placed) -> bool {
    matches!(known.text("status"), "Filled" | "Cancelled" | "ApiCancelled")
        || known.text("status") == "Inactive" && known.refusal().is_some()
}

/// What an order's being there says of a request to place it.
fn placed(known: &Placed) -> Outcome {
    match known.refusal().filter(|_| is_over(known)) {
        Some(reason) => Outcome::Rejected { reason: reason.to_owned() },
        None => accepted(known),
    }
}

fn over(known: &Placed) -> Outcome {
    Outcome::Rejected { reason: format!("the order is already over: {}", known.text("status")) }
}

/// What an order's state says of a request to cancel it, if anything.
fn canceled(known: &Placed) -> Option<Outcome> {
    match known.text("status") {
        "PendingCancel" | "Cancelled" | "ApiCancelled" => Some(accepted(known)),
        _ => is_over(known).then(|| over(known)),
    }
}

/// What an order's state says of a request to modify it.
fn replaced(known: &Placed, request: &OrderRequest) -> Outcome {
    let changes = spell::changes(&known.said, request);
    if !changes.is_empty() && spell::says(&known.said, &changes) {
        accepted(known)
    } else if is_over(known) {
        over(known)
    } else {
        Outcome::Absent
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
        while let Some(heard) = self.ended_by(|this| this.tws.ready())? {
            self.take(&heard);
        }
        self.is_connected()
    }

    /// What TWS says while it is cut off from the broker is what it knew before.
    fn is_connected(&self) -> Result<()> {
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
        self.ask("reqOpenOrders", &[])?;
        let is_end = |_: &mut Self, news| matches!(news, News::End(_)).then_some(());
        let answer = self.hear(ANSWER, is_end).await?;
        self.ended_by(|_| {
            answer.ok_or_else(|| Fault::disconnected(format!("no answer within {ANSWER:?}")))
        })
    }

    fn ask(&mut self, kind: &str, said: &[(&str, &str)]) -> Result<()> {
        self.ended_by(|this| this.tws.ask(kind, said))
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
            let heard = self.ended_by(|_| heard)?;
            let news = self.take(&heard);
            if let Some(decision) = judge(self, news) {
                return Ok(Some(decision));
            }
        }
    }

    /// Reads every order there is: open ones, completed ones, and those that have executions.
    async fn list(&mut self) -> Result<()> {
        let id = self.tws.request_id();
        self.ask("reqExecutions", &[("rid", &id)])?;
        self.ask("reqAllOpenOrders", &[])?;
        self.ask("reqCompletedOrders", &[])?;
        let mut missing = ENDS.to_vec();
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
        self.is_connected()
    }

    /// Notes what a message says of orders. One that cannot be read says nothing: the lists are
    /// read again before anything is concluded.
    fn take(&mut self, heard: &[u8]) -> News {
        let Ok(Some(fields)) = wire::read(heard, self.tws.state.version) else {
            return News::Order(0);
        };
        let mut told = Placed::default();
        match fields.kind {
            "openOrder" | "execution" | "completedOrder" | "orderStatus" => {}
            "orderBound" => {
                // Only now this client has an id of it.
                let is_it = |known: &&mut Placed| known.text("permId") == fields.text("permId");
                if let Some(known) = self.book.values_mut().find(is_it) {
                    let _ = known.take(&fields);
                }
            }
            "error" => {
                let refusal = Refusal::of(&fields);
                return News::Refusal(refusal.id, refusal.code, refusal.words());
            }
            end if ENDS.contains(&end) => return News::End(fields.kind),
            _ => return News::Order(0),
        }
        let _ = told.take(&fields);
        let (client_id, order_id) = told.key();
        if client_id == i64::from(self.tws.client_id) && fields.kind != "completedOrder" {
            // No id that was ever used by this client is used again.
            self.next_id = self.next_id.max(order_id.saturating_add(1));
        }
        let reference = Text::from(told.text("orderRef"));
        if fields.kind == "orderStatus" {
            let is_it = |known: &&mut Placed| known.key() == told.key();
            if let Some(known) = self.book.values_mut().find(is_it) {
                let _ = known.take(&fields);
            }
        } else if !map::order_id(&reference, "").is_empty() && self.book.len() < MAX_REMEMBERED {
            let _ = self.book.entry(reference).or_default().take(&fields);
        }
        News::Order(order_id)
    }

    async fn place(&mut self, order: &ApprovedOrder) -> Result<Outcome> {
        let reference = map::reference(&order.order_id);
        if let Some(known) = self.book.get(&reference) {
            return Ok(placed(known));
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
            self.send(order)?;
        }
        let outcome = self.confirm(&reference, first..self.next_id).await;
        if let Outcome::Rejected { reason } = &outcome {
            self.sent.insert(reference, Some(reason.clone()));
        }
        Ok(outcome)
    }

    fn send(&mut self, order: &Values) -> Result<()> {
        let said: Vec<_> = order.iter().map(|(name, text)| (*name, text.as_str())).collect();
        self.ask("placeOrder", &said)
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
            if let News::Refusal(id, code, words) = news
                && ids.contains(&id)
            {
                if is_no(code) && is_single {
                    return Some(Outcome::Rejected { reason: words });
                }
                if is_no(code) {
                    // What TWS holds back of the group must not leave later.
                    ids.clone().for_each(|id| drop(this.cancel_id(id)));
                }
                said = words;
            }
            let known = this.book.get(reference)?;
            let is_working =
                matches!(known.text("status"), "PreSubmitted" | "Submitted" | "Filled");
            let is_ended = !said.is_empty() && is_over(known);
            (known.perm_id().is_some() && (is_working || is_ended)).then(|| accepted(known))
        });
        match confirmed.await {
            Ok(Some(outcome)) => outcome,
            Ok(None) if self.book.contains_key(reference) && said.is_empty() => {
                accepted(&self.book[reference])
            }
            Ok(None) => Outcome::Unknown { reason: format!("no answer within {ANSWER:?} {said}") },
            Err(fault) => Outcome::Unknown { reason: fault.to_string() },
        }
    }

    fn cancel_id(&mut self, order_id: i64) -> Result<()> {
        self.ask("cancelOrder", &[("orderId", &order_id.to_string())])
    }

    /// The order that a request is about, if this client may touch it; else why not.
    async fn own(&mut self, request: &OrderRequest) -> Result<Result<Placed, Outcome>> {
        let reference = map::reference(&request.order_id);
        if !self.book.contains_key(&reference) {
            self.list().await?;
        }
        Ok(match self.book.get(&reference) {
            None => Err(not_there()),
            Some(known) if is_over(known) => Ok(known.clone()),
            Some(known) if known.key().0 != i64::from(self.tws.client_id) => {
                let owner = known.key().0;
                if self.tws.is_spare {
                    let reason = format!("only client {owner} may change the order");
                    return self.ended_by(|_| Err(Fault::disconnected(reason)));
                }
                Err(not_sent(format!("only client {owner}, which placed the order, may change it")))
            }
            Some(known) => Ok(known.clone()),
        })
    }

    async fn replace(&mut self, request: &OrderRequest) -> Result<Outcome> {
        let known = match self.own(request).await? {
            Ok(known) if is_over(&known) => return Ok(replaced(&known, request)),
            Ok(known) => known,
            Err(outcome) => return Ok(outcome),
        };
        match spell::modified(&known.said, request) {
            Ok(order) => self.send(&order)?,
            Err(reason) => return Ok(not_sent(reason)),
        }
        let is_done = |known: &Placed| matches!(replaced(known, request), Outcome::Accepted { .. });
        Ok(self
            .settle(&request.order_id, known.key().1, is_done, |code| is_no(code) || code == 202)
            .await)
    }

    async fn cancel(&mut self, request: &OrderRequest) -> Result<Outcome> {
        let known = match self.own(request).await? {
            Ok(known) if is_over(&known) => return Ok(over(&known)),
            Ok(known) => known,
            Err(outcome) => return Ok(outcome),
        };
        self.cancel_id(known.key().1)?;
        let is_done = |known: &Placed| matches!(canceled(known), Some(Outcome::Accepted { .. }));
        Ok(self.settle(&request.order_id, known.key().1, is_done, is_no).await)
    }

    /// Sends what is in line and waits until the order is as wished, or the broker says no.
    async fn settle(
        &mut self,
        order_id: &str,
        id: i64,
        is_done: impl Fn(&Placed) -> bool,
        is_refused: impl Fn(i64) -> bool,
    ) -> Outcome {
        let flushed = self.tws.session.flush().await;
        if let Err(fault) = self.ended_by(|_| flushed) {
            return Outcome::Unknown { reason: fault.to_string() };
        }
        let reference = map::reference(order_id);
        let settled = self.hear(ANSWER, |this, news| {
            let known = this.book.get(&reference)?;
            match news {
                News::Refusal(about, code, words) if about == id && is_refused(code) => {
                    Some(Outcome::Rejected { reason: words })
                }
                News::Refusal(about, 202, _) if about == id => Some(accepted(known)),
                News::Order(about) if about == id && is_done(known) => Some(accepted(known)),
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
