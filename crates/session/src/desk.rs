//! Sends orders over a session on which a broker tells unasked what becomes of them, and finds out
//! about those whose answer was lost.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::time::Duration;

use component::{
    Delivery, Fault, Host, OneByOne, Outcome, Result, Sends, Settings, Sink, one_by_one,
};
use model::{ApprovedOrder, OrderAction, OrderEventKind, OrderRequest, Text};

use crate::asks::Opens;
use crate::fields::{Fields, Values};
use crate::poll::Dialogue;
use crate::reported::{Reported, is_last};

/// How long the first answer to an order is awaited. An order that is named later is found.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a broker may take to list its orders.
const LIST: Duration = Duration::from_secs(10);
/// After so much silence it is asked whether it is there, before an order leaves.
const SILENCE: Duration = Duration::from_secs(5);
/// Orders that are remembered; a day has fewer.
const MAX_REMEMBERED: usize = 50_000;

/// A broker's side of such a desk.
pub trait Trades: Opens {
    /// Name of the component.
    const NAME: &'static str;
    /// Settings of the component.
    type Settings: Settings;
    /// What it tells of an order.
    type Order: Reported;

    /// Prepares the session for orders.
    fn begin(&mut self, settings: Self::Settings) -> Result<()>;
    /// Our number as a client, and the first number that an order may have.
    fn numbers(&self) -> (i64, i64);
    /// Whether another session than the usual one took its place, which may not touch its orders.
    fn is_stand_in(&self) -> bool;
    /// Whether what it says is true now, and not what it knew before it lost touch itself.
    fn is_connected(&self) -> Result<()>;

    /// Asks for every order there is: open ones, those that are over, and those that have
    /// executions. Says how the lists end.
    fn ask_all(&mut self) -> Result<&'static [&'static str]>;
    /// Asks for a list that is short.
    fn ask_little(&mut self) -> Result<&'static [&'static str]>;
    /// What a message says against an order.
    fn complaint(fields: &Fields<'_>) -> Option<Complaint>;

    /// The reference that an order of ours carries.
    fn reference(order_id: &str) -> Text;
    /// The orders that a request is for, numbered from the first one on; or why there are none.
    fn spell(&self, order: &ApprovedOrder, first: i64) -> Result<Vec<Values>, String>;
    /// An open order with what a request changes of it, or why it cannot be changed.
    fn modified(order: &Self::Order, request: &OrderRequest) -> Result<Values, String>;
    /// Puts an order in line.
    fn send(&mut self, order: &Values) -> Result<()>;
    /// Puts the cancellation of one in line.
    fn cancel(&mut self, number: i64) -> Result<()>;
}

/// What is said against an order.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// The number of the order.
    pub number: i64,
    /// In the broker's words.
    pub words: String,
    /// What that means.
    pub meaning: Meaning,
}

/// What a complaint means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The broker's no.
    No,
    /// The order is canceled.
    Canceled,
    /// Perhaps a mere warning.
    Unclear,
}

/// Places, modifies and cancels orders.
pub struct Desk<T: Trades> {
    dialogue: Dialogue<T>,
    book: Book<T::Order>,
    /// Orders that were handed over on this session.
    sent: HashSet<Text>,
}

/// Orders of ours by their reference, as the broker told of them.
struct Book<O> {
    orders: HashMap<Text, O>,
    client: i64,
    next_number: i64,
}

impl<T: Trades> Sink for Desk<T> {
    const NAME: &'static str = T::NAME;
    // An answer that was lost may have been an order that is not listed yet.
    const SENDS: Sends = Sends::Orders { repeats_are_refused: false };
    type System = T::System;
    type Settings = T::Settings;

    async fn connect(system: T::System, settings: T::Settings, host: Host) -> Result<Self> {
        let mut talk = T::open(&system, &host, 0).await?;
        talk.begin(settings)?;
        let (client, next_number) = talk.numbers();
        let book = Book { orders: HashMap::new(), client, next_number };
        let mut desk = Self { dialogue: Dialogue::new(talk), book, sent: HashSet::new() };
        desk.list().await?;
        Ok(desk)
    }

    async fn write(&mut self, batch: &[Delivery]) -> Result<Vec<Outcome>> {
        one_by_one(self, batch).await
    }

    async fn resolve(&mut self, delivery: &Delivery) -> Result<Outcome> {
        let order = delivery.order()?;
        self.list().await?;
        let known = self.book.orders.get(&T::reference(&order.order_id));
        Ok(match (order.request.action, known) {
            (OrderAction::Place, None) => Outcome::Absent,
            (OrderAction::Place, Some(known)) => there(known),
            (_, None) => not_there(),
            (OrderAction::Cancel, Some(known)) => canceled(known),
            (OrderAction::Replace, Some(known)) => replaced(known, &order.request),
        })
    }
}

impl<T: Trades> OneByOne for Desk<T> {
    async fn deliver(&mut self, delivery: &Delivery) -> Result<Outcome> {
        let order = delivery.order()?;
        let book = &mut self.book;
        self.dialogue.catch_up(|fields| {
            if let Some(fields) = fields {
                book.take(fields);
            }
        })?;
        self.dialogue.talk.is_connected()?;
        if self.dialogue.talk.session().silence() > SILENCE {
            let ends = self.dialogue.with(T::ask_little)?;
            self.hear_all(ends, ANSWER).await?;
        }
        match order.request.action {
            OrderAction::Place => self.place(order).await,
            OrderAction::Replace => self.replace(&order.request).await,
            OrderAction::Cancel => self.cancel(&order.request).await,
        }
    }
}

fn accepted(order: &impl Reported) -> Outcome {
    Outcome::Accepted { broker_order_id: order.broker_id() }
}

fn not_there() -> Outcome {
    Outcome::rejected("the broker does not know the order")
}

/// What happened to an order, if nothing more can happen to it.
fn end_of(order: &impl Reported) -> Option<OrderEventKind> {
    order.kind().ok().filter(|kind| is_last(*kind))
}

/// What an order's being there says of a request to place it.
fn there(order: &impl Reported) -> Outcome {
    match order.refusal().filter(|_| end_of(order).is_some()) {
        Some(reason) => Outcome::rejected(reason),
        None => accepted(order),
    }
}

/// What an order's state says of a request to cancel it.
fn canceled(order: &impl Reported) -> Outcome {
    use OrderEventKind as Kind;
    match order.kind() {
        Ok(Kind::PendingCancel | Kind::Canceled | Kind::Expired) => accepted(order),
        _ => over_or_absent(order),
    }
}

/// What an order's state says of a request to modify it.
fn replaced(order: &impl Reported, request: &OrderRequest) -> Outcome {
    if order.says(request) { accepted(order) } else { over_or_absent(order) }
}

fn over_or_absent(order: &impl Reported) -> Outcome {
    match end_of(order) {
        Some(end) => Outcome::rejected(format_args!("the order is already over: {end}")),
        None => Outcome::Absent,
    }
}

impl<O: Reported> Book<O> {
    /// Notes what a message says of orders.
    fn take(&mut self, report: &Fields<'_>) {
        let mut told = O::default();
        // One that cannot be read says nothing: before anything is concluded, it is listed again.
        if told.take(report).is_err() {
            return;
        }
        let (client, number) = told.key();
        let has_room = self.orders.len() < MAX_REMEMBERED;
        let known = match told.reference().filter(|_| has_room) {
            Some(reference) => Some(self.orders.entry(reference).or_default()),
            // Others have the broker's id, or only the number that their client gave them.
            None => self.orders.values_mut().find(|order| {
                told.broker_id().is_some() && order.broker_id() == told.broker_id()
                    || number != 0 && order.key() == (client, number)
            }),
        };
        if let Some(known) = known {
            // It was read just before.
            let _ = known.take(report);
        }
        if client == self.client {
            // No number that was ever used by this client is used again.
            self.next_number = self.next_number.max(number.saturating_add(1));
        }
    }
}

impl<T: Trades> Desk<T> {
    /// Takes in what comes until all these ends have come.
    async fn hear_all(&mut self, ends: &[&str], within: Duration) -> Result<()> {
        let mut missing = ends.to_vec();
        let book = &mut self.book;
        let heard = self.dialogue.hear("list of orders", within, |fields| {
            book.take(fields);
            missing.retain(|end| *end != fields.kind);
            missing.is_empty().then_some(())
        });
        let late = || Fault::disconnected(format!("no list of orders within {within:?}"));
        heard.await?.ok_or_else(|| self.dialogue.end(late()))
    }

    /// Reads every order there is.
    async fn list(&mut self) -> Result<()> {
        let ends = self.dialogue.with(T::ask_all)?;
        self.hear_all(ends, LIST).await?;
        self.dialogue.talk.is_connected()
    }

    async fn place(&mut self, order: &ApprovedOrder) -> Result<Outcome> {
        let reference = T::reference(&order.order_id);
        if let Some(known) = self.book.orders.get(&reference) {
            return Ok(there(known));
        }
        if self.sent.contains(&reference) {
            return Ok(Outcome::unknown("it was sent before, and nothing has been heard of it"));
        }
        let first = self.book.next_number;
        let orders = match self.dialogue.talk.spell(order, first) {
            Ok(orders) => orders,
            Err(reason) => return Ok(Outcome::not_sent(reason)),
        };
        self.book.next_number += orders.len() as i64;
        if self.sent.len() >= MAX_REMEMBERED {
            self.sent.clear();
        }
        self.sent.insert(reference.clone());
        for order in &orders {
            self.dialogue.with(|talk| talk.send(order))?;
        }
        self.placed(&reference, first..self.book.next_number).await
    }

    /// What becomes of orders that are in line under these numbers.
    async fn placed(&mut self, reference: &Text, numbers: Range<i64>) -> Result<Outcome> {
        let is_single = numbers.end == numbers.start + 1;
        let judge = |order: Option<&T::Order>, complaint: Option<&Complaint>| {
            if let Some(complaint) = complaint.filter(|said| said.meaning == Meaning::No) {
                return Some(match is_single {
                    true => Outcome::rejected(&complaint.words),
                    false => Outcome::unknown("a part of it was refused"),
                });
            }
            let order = order.filter(|order| order.broker_id().is_some())?;
            let is_heard = order.is_working() || complaint.is_some() && end_of(order).is_some();
            is_heard.then(|| accepted(order))
        };
        let outcome = self.conclude("place", reference, numbers.clone(), judge).await;
        match (outcome, self.book.orders.get(reference)) {
            (Outcome::Unknown { .. }, Some(order)) if is_single => Ok(accepted(order)),
            (outcome @ Outcome::Unknown { .. }, _) if !is_single => {
                // What the broker holds back of the group must not leave later.
                let mut numbers = numbers;
                let _ = numbers.try_for_each(|number| self.cancel_number(number));
                Ok(outcome)
            }
            (outcome, _) => {
                if let Outcome::Rejected { .. } = outcome {
                    self.sent.remove(reference);
                }
                Ok(outcome)
            }
        }
    }

    fn cancel_number(&mut self, number: i64) -> Result<()> {
        self.dialogue.with(|talk| talk.cancel(number))
    }

    /// Sends what is in line and waits until `judge` knows what became of an order. It is told
    /// how the order stands, and what is said against one of the numbers.
    async fn conclude(
        &mut self,
        what: &str,
        reference: &Text,
        numbers: Range<i64>,
        judge: impl Fn(Option<&T::Order>, Option<&Complaint>) -> Option<Outcome>,
    ) -> Outcome {
        if let Err(fault) = self.dialogue.talk.session().flush().await {
            return Outcome::unknown(self.dialogue.end(fault));
        }
        let (book, mut said) = (&mut self.book, String::new());
        let heard = self.dialogue.hear(what, ANSWER, |fields| {
            book.take(fields);
            let complaint = T::complaint(fields).filter(|said| numbers.contains(&said.number));
            said.extend(complaint.iter().map(|complaint| complaint.words.as_str()));
            judge(book.orders.get(reference), complaint.as_ref())
        });
        match heard.await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Outcome::unknown(format!("no answer within {ANSWER:?} {said}")),
            Err(fault) => Outcome::unknown(fault),
        }
    }

    /// The order that a request is about, if this client may touch it; else why not.
    async fn own(&mut self, request: &OrderRequest) -> Result<Result<T::Order, Outcome>> {
        let reference = T::reference(&request.order_id);
        if !self.book.orders.contains_key(&reference) {
            self.list().await?;
        }
        let Some(order) = self.book.orders.get(&reference) else { return Ok(Err(not_there())) };
        let (owner, _) = order.key();
        if end_of(order).is_some() || owner == self.book.client {
            return Ok(Ok(order.clone()));
        }
        let reason = format!("only client {owner}, which placed the order, may change it");
        match self.dialogue.talk.is_stand_in() {
            // Next time we may be the right one.
            true => Err(self.dialogue.end(Fault::disconnected(reason))),
            false => Ok(Err(Outcome::not_sent(reason))),
        }
    }

    async fn replace(&mut self, request: &OrderRequest) -> Result<Outcome> {
        let order = match self.own(request).await? {
            Ok(order) if end_of(&order).is_some() => return Ok(replaced(&order, request)),
            Ok(order) => order,
            Err(outcome) => return Ok(outcome),
        };
        match T::modified(&order, request) {
            Ok(order) => self.dialogue.with(|talk| talk.send(&order))?,
            Err(reason) => return Ok(Outcome::not_sent(reason)),
        }
        self.settle(request, &order, |order| replaced(order, request)).await
    }

    async fn cancel(&mut self, request: &OrderRequest) -> Result<Outcome> {
        let order = match self.own(request).await? {
            Ok(order) if end_of(&order).is_some() => return Ok(over_or_absent(&order)),
            Ok(order) => order,
            Err(outcome) => return Ok(outcome),
        };
        self.cancel_number(order.key().1)?;
        self.settle(request, &order, canceled).await
    }

    /// Waits until an order is as wished, or the broker says no.
    async fn settle(
        &mut self,
        request: &OrderRequest,
        order: &T::Order,
        state: impl Fn(&T::Order) -> Outcome,
    ) -> Result<Outcome> {
        let (reference, number) = (T::reference(&request.order_id), order.key().1);
        let is_cancel = request.action == OrderAction::Cancel;
        let judge = |order: Option<&T::Order>, complaint: Option<&Complaint>| {
            let Some(Complaint { words, meaning, .. }) = complaint else {
                return Some(state(order?)).filter(|so| matches!(so, Outcome::Accepted { .. }));
            };
            match meaning {
                Meaning::Canceled if is_cancel => Some(accepted(order?)),
                Meaning::Canceled | Meaning::No => Some(Outcome::rejected(words)),
                Meaning::Unclear => None,
            }
        };
        Ok(self.conclude(request.action.as_str(), &reference, number..number + 1, judge).await)
    }
}
