//! Sends orders, and finds out what became of those whose answer was lost.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use component::{Delivery, Fault, Host, OneByOne, Outcome, Result, Sends, Sink, one_by_one};
use model::{ApprovedOrder, OrderAction, OrderRequest, Text};
use session::{Dialogue, Fields, Values};

use crate::map::{self, Placed};
use crate::settings::{self, System};
use crate::spell;
use crate::tws::{Refusal, Tws};

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
    tws: Dialogue<Tws>,
    max_reference: usize,
    book: Book,
    /// Orders that were handed over on this connection.
    sent: HashSet<Text>,
}

/// Orders of ours by their reference, as TWS told of them.
struct Book {
    placed: HashMap<Text, Placed>,
    client_id: i64,
    next_id: i64,
}

impl Sink for Orders {
    const NAME: &'static str = "interactive_brokers_orders";
    // TWS takes the same reference as often as it is sent.
    const SENDS: Sends = Sends::Orders { repeats_are_refused: false };
    type System = System;
    type Settings = settings::Orders;

    async fn connect(system: System, settings: settings::Orders, host: Host) -> Result<Self> {
        let mut tws = Tws::connect(&system, &host, 0).await?;
        if tws.client_id == 0 {
            // Only this client may take over orders that were entered by hand.
            tws.ask("reqAutoOpenOrders", &[])?;
        }
        let next_id = tws.state.next_order_id.unwrap_or_default().max(1);
        let client_id = tws.client_id.into();
        let book = Book { placed: HashMap::new(), client_id, next_id };
        let max_reference = usize::try_from(settings.max_reference_chars).unwrap_or(usize::MAX);
        let tws = Dialogue::new(tws);
        let mut orders = Self { tws, max_reference, book, sent: HashSet::new() };
        orders.list().await?;
        Ok(orders)
    }

    async fn write(&mut self, batch: &[Delivery]) -> Result<Vec<Outcome>> {
        one_by_one(self, batch).await
    }

    async fn resolve(&mut self, delivery: &Delivery) -> Result<Outcome> {
        let order = delivery.order()?;
        self.list().await?;
        let placed = self.book.placed.get(&map::reference(&order.order_id));
        Ok(match (order.request.action, placed) {
            (OrderAction::Place, None) => Outcome::Absent,
            (OrderAction::Place, Some(placed)) => there(placed),
            (_, None) => not_there(),
            (OrderAction::Cancel, Some(placed)) => canceled(placed),
            (OrderAction::Replace, Some(placed)) => replaced(placed, &order.request),
        })
    }
}

fn not_there() -> Outcome {
    Outcome::Rejected { reason: "TWS does not know the order".to_owned() }
}

/// Never sent, and it never will be: as certain as the broker's own no.
fn not_sent(reason: impl std::fmt::Display) -> Outcome {
    Outcome::Rejected { reason: format!("not sent: {reason}") }
}

fn unknown(reason: impl std::fmt::Display) -> Outcome {
    Outcome::Unknown { reason: reason.to_string() }
}

/// The broker's no, if an error with the id of an order is one. Some are mere warnings, and what
/// nobody has described may be one.
fn no(refusal: &Refusal<'_>) -> Option<Outcome> {
    let is_no = match refusal.code {
        202 | 399 => false,
        103..=113 | 116 | 135 | 136 | 161 | 200..=398 | 434..=436 => true,
        10147 | 10148 | 10243..=10247 | 10268..=10270 => true,
        _ => false,
    };
    is_no.then(|| Outcome::Rejected { reason: refusal.words() })
}

fn accepted(placed: &Placed) -> Outcome {
    Outcome::Accepted { broker_order_id: placed.perm_id() }
}

/// What an order's being there says of a request to place it.
fn there(placed: &Placed) -> Outcome {
    match placed.refusal().filter(|_| placed.is_over()) {
        Some(reason) => Outcome::Rejected { reason: reason.to_owned() },
        None => accepted(placed),
    }
}

/// What an order's state says of a request to cancel it.
fn canceled(placed: &Placed) -> Outcome {
    match placed.text("status") {
        "PendingCancel" | "Cancelled" | "ApiCancelled" => accepted(placed),
        _ => over_or_absent(placed),
    }
}

/// What an order's state says of a request to modify it.
fn replaced(placed: &Placed, request: &OrderRequest) -> Outcome {
    let changes = spell::changes(&placed.said, request);
    let is_done = !changes.is_empty() && spell::says(&placed.said, &changes);
    if is_done { accepted(placed) } else { over_or_absent(placed) }
}

fn over_or_absent(placed: &Placed) -> Outcome {
    let reason = format!("the order is already over: {}", placed.text("status"));
    if placed.is_over() { Outcome::Rejected { reason } } else { Outcome::Absent }
}

impl Book {
    /// Notes what a message says of orders.
    fn take(&mut self, fields: &Fields<'_>) {
        let mut told = Placed::default();
        // One that cannot be read says nothing: before anything is concluded, it is listed again.
        if told.take(fields).is_err() {
            return;
        }
        let key = told.key();
        let known = match fields.kind {
            "openOrder" | "execution" | "completedOrder" => {
                let reference = Text::from(told.text("orderRef"));
                let is_ours = !map::order_id(&reference, "").is_empty();
                let has_room = self.placed.len() < MAX_REMEMBERED;
                (is_ours && has_room).then(|| self.placed.entry(reference).or_default())
            }
            "orderStatus" => self.placed.values_mut().find(|placed| placed.key() == key),
            // Only now this client has an id of it.
            "orderBound" => self.placed.values_mut().find(|p| p.perm_id() == told.perm_id()),
            _ => return,
        };
        if let Some(known) = known {
            // It was read just before.
            let _ = known.take(fields);
        }
        if key.0 == self.client_id {
            // No id that was ever used by this client is used again.
            self.next_id = self.next_id.max(key.1.saturating_add(1));
        }
    }
}

impl OneByOne for Orders {
    async fn deliver(&mut self, delivery: &Delivery) -> Result<Outcome> {
        let order = delivery.order()?;
        let book = &mut self.book;
        self.tws.catch_up(|fields| {
            if let Some(fields) = fields {
                book.take(fields);
            }
        })?;
        self.tws.talk.state.is_connected()?;
        if self.tws.talk.session.silence() > SILENCE {
            // The list of our own open orders is short, and its end is an answer.
            self.tws.with(|tws| tws.ask("reqOpenOrders", &[]))?;
            self.hear_all(&ENDS[1..2], ANSWER).await?;
        }
        match order.request.action {
            OrderAction::Place => self.place(order).await,
            OrderAction::Replace => self.replace(&order.request).await,
            OrderAction::Cancel => self.cancel(&order.request).await,
        }
    }
}

impl Orders {
    /// Takes in what comes until all these ends have come.
    async fn hear_all(&mut self, ends: &[&str], within: Duration) -> Result<()> {
        let mut missing = ends.to_vec();
        let book = &mut self.book;
        let heard = self.tws.hear(within, |fields| {
            book.take(fields);
            missing.retain(|end| *end != fields.kind);
            missing.is_empty().then_some(())
        });
        let late = || Fault::disconnected(format!("no list of orders within {within:?}"));
        heard.await?.ok_or_else(|| self.tws.end(late()))
    }

    /// Reads every order there is: open ones, completed ones, and those that have executions.
    async fn list(&mut self) -> Result<()> {
        self.tws.with(|tws| {
            let id = tws.request_id();
            tws.ask("reqExecutions", &[("rid", &id)])?;
            tws.ask("reqAllOpenOrders", &[])?;
            tws.ask("reqCompletedOrders", &[])
        })?;
        self.hear_all(&ENDS, LIST).await?;
        self.tws.talk.state.is_connected()
    }

    async fn place(&mut self, order: &ApprovedOrder) -> Result<Outcome> {
        let reference = map::reference(&order.order_id);
        if let Some(placed) = self.book.placed.get(&reference) {
            return Ok(there(placed));
        }
        if self.sent.contains(&reference) {
            return Ok(unknown("it was sent before, and nothing has been heard of it"));
        }
        if reference.len() > self.max_reference {
            let ours = reference.len() - order.order_id.len();
            let longest = self.max_reference.saturating_sub(ours);
            return Ok(not_sent(format!("an order id has at most {longest} characters here")));
        }
        let mut orders = match spell::new_orders(order, &self.tws.talk.account_of(order)) {
            Ok(orders) => orders,
            Err(reason) => return Ok(not_sent(reason)),
        };
        let first = self.book.next_id;
        self.book.next_id += orders.len() as i64;
        if self.sent.len() >= MAX_REMEMBERED {
            self.sent.clear();
        }
        self.sent.insert(reference.clone());
        let is_group = orders.iter().any(|order| order.contains_key("transmit"));
        for (id, order) in (first..).zip(&mut orders) {
            order.insert("orderId", id.to_string().into());
            if is_group && id > first {
                order.insert("parentId", first.to_string().into());
            }
            self.send(order)?;
        }
        let ids = first..self.book.next_id;
        let is_single = orders.len() == 1;
        let judge = |placed: Option<&Placed>, refusal: Option<&Refusal<'_>>| {
            if let Some(no) = refusal.and_then(no) {
                return Some(if is_single { no } else { unknown("a part of it was refused") });
            }
            let placed = placed.filter(|placed| placed.perm_id().is_some())?;
            let is_working =
                matches!(placed.text("status"), "PreSubmitted" | "Submitted" | "Filled");
            (is_working || refusal.is_some() && placed.is_over()).then(|| accepted(placed))
        };
        let outcome = self.conclude(&reference, ids.clone(), judge).await;
        match (outcome, self.book.placed.get(&reference)) {
            (Outcome::Unknown { .. }, Some(placed)) if is_single => Ok(accepted(placed)),
            (Outcome::Unknown { reason }, _) if !is_single => {
                // What TWS holds back of the group must not leave later.
                let _ = ids.into_iter().try_for_each(|id| self.cancel_id(id));
                Ok(unknown(reason))
            }
            (outcome @ Outcome::Rejected { .. }, _) => {
                self.sent.remove(&reference);
                Ok(outcome)
            }
            (outcome, _) => Ok(outcome),
        }
    }

    fn send(&mut self, order: &Values) -> Result<()> {
        let said: Vec<_> = order.iter().map(|(name, text)| (*name, text.as_str())).collect();
        self.tws.with(|tws| tws.ask("placeOrder", &said))
    }

    fn cancel_id(&mut self, order_id: i64) -> Result<()> {
        self.tws.with(|tws| tws.ask("cancelOrder", &[("orderId", &order_id.to_string())]))
    }

    /// Sends what is in line and waits until `judge` knows what became of an order. It is told
    /// how the order stands, and what is said against one of the ids.
    async fn conclude(
        &mut self,
        reference: &Text,
        ids: std::ops::Range<i64>,
        judge: impl Fn(Option<&Placed>, Option<&Refusal<'_>>) -> Option<Outcome>,
    ) -> Outcome {
        if let Err(fault) = self.tws.talk.session.flush().await {
            return unknown(self.tws.end(fault));
        }
        let (book, mut said) = (&mut self.book, String::new());
        let heard = self.tws.hear(ANSWER, |fields| {
            book.take(fields);
            let refusal = (fields.kind == "error").then(|| Refusal::of(fields));
            let refusal = refusal.filter(|refusal| ids.contains(&refusal.id));
            said.extend(refusal.iter().map(Refusal::words));
            judge(book.placed.get(reference), refusal.as_ref())
        });
        match heard.await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => unknown(format!("no answer within {ANSWER:?} {said}")),
            Err(fault) => unknown(fault),
        }
    }

    /// The order that a request is about, if this client may touch it; else why not.
    async fn own(&mut self, request: &OrderRequest) -> Result<Result<Placed, Outcome>> {
        let reference = map::reference(&request.order_id);
        if !self.book.placed.contains_key(&reference) {
            self.list().await?;
        }
        let Some(placed) = self.book.placed.get(&reference) else { return Ok(Err(not_there())) };
        let owner = placed.key().0;
        if placed.is_over() || owner == self.book.client_id {
            return Ok(Ok(placed.clone()));
        }
        let reason = format!("only client {owner}, which placed the order, may change it");
        match self.tws.talk.is_spare {
            // Next time we may be the right one.
            true => Err(self.tws.end(Fault::disconnected(reason))),
            false => Ok(Err(not_sent(reason))),
        }
    }

    async fn replace(&mut self, request: &OrderRequest) -> Result<Outcome> {
        let placed = match self.own(request).await? {
            Ok(placed) if placed.is_over() => return Ok(replaced(&placed, request)),
            Ok(placed) => placed,
            Err(outcome) => return Ok(outcome),
        };
        match spell::modified(&placed.said, request) {
            Ok(order) => self.send(&order)?,
            Err(reason) => return Ok(not_sent(reason)),
        }
        self.settle(request, &placed, |placed| replaced(placed, request)).await
    }

    async fn cancel(&mut self, request: &OrderRequest) -> Result<Outcome> {
        let placed = match self.own(request).await? {
            Ok(placed) if placed.is_over() => return Ok(over_or_absent(&placed)),
            Ok(placed) => placed,
            Err(outcome) => return Ok(outcome),
        };
        self.cancel_id(placed.key().1)?;
        self.settle(request, &placed, canceled).await
    }

    /// Waits until an order is as wished, or the broker says no.
    async fn settle(
        &mut self,
        request: &OrderRequest,
        placed: &Placed,
        state: impl Fn(&Placed) -> Outcome,
    ) -> Result<Outcome> {
        let (reference, id) = (map::reference(&request.order_id), placed.key().1);
        let is_cancel = request.action == OrderAction::Cancel;
        let judge = |placed: Option<&Placed>, refusal: Option<&Refusal<'_>>| match refusal {
            Some(refusal) if refusal.code == 202 => Some(match is_cancel {
                true => accepted(placed?),
                false => Outcome::Rejected { reason: refusal.words() },
            }),
            Some(refusal) => no(refusal),
            None => Some(state(placed?)).filter(|state| matches!(state, Outcome::Accepted { .. })),
        };
        Ok(self.conclude(&reference, id..id + 1, judge).await)
    }
}
