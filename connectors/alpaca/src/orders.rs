//! Sends orders, and finds out what became of those whose answer was lost.

use std::collections::{BTreeMap, HashMap};

use component::{Delivery, Fault, Host, Outcome, Result, Sends, Sink};
use http::{Answer, Http, Method, Request, Verdict};
use model::{ApprovedOrder, Event, OrderAction, OrderClass, OrderRequest, Text};
use serde::Serialize;
use serde_json::Value;

use crate::api::account_number;
use crate::map::client_order_id;
use crate::settings::{self, System};
use crate::wire;

/// What Alpaca answers when a client order id has been used before.
const DUPLICATE: &str = "client_order_id must be unique";
const NOT_FOUND: u64 = 40_410_000;
/// Replacements of one order that are followed.
const MAX_REPLACEMENTS: usize = 200;
/// Orders whose current id at the broker is remembered.
const MAX_REMEMBERED: usize = 10_000;
/// Keys of `broker_options` that Alpaca calls advanced instructions.
const ADVANCED: [&str; 6] =
    ["algorithm", "destination", "display_qty", "start_time", "end_time", "max_percentage"];

/// Places, replaces and cancels orders.
pub struct Orders {
    http: Http,
    /// Alpaca's current id of orders that we replaced.
    latest: HashMap<Text, Text>,
}

/// What a look-up found.
enum Found {
    Order { id: Text, status: Text },
    Absent,
}

impl Sink for Orders {
    const NAME: &'static str = "alpaca_orders";
    const SENDS: Sends = Sends::Orders { repeats_are_refused: true };
    type System = System;
    type Settings = settings::Orders;

    async fn connect(system: System, _: settings::Orders, host: Host) -> Result<Self> {
        let http = system.trading(&host)?.urgent();
        account_number(&http).await?;
        Ok(Self { http, latest: HashMap::new() })
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
        let request = &order.request;
        let client_id = match request.action {
            OrderAction::Place => client_order_id(&order.order_id, None),
            OrderAction::Replace => client_order_id(&order.order_id, Some(&request.request_id)),
            OrderAction::Cancel => {
                return Ok(match self.current(&order.order_id).await? {
                    Found::Order { id, status } => canceled(id, &status),
                    Found::Absent => not_there(),
                });
            }
        };
        Ok(match self.look_up(&client_id).await? {
            Found::Order { id, .. } => Outcome::Accepted { broker_order_id: Some(id) },
            Found::Absent => Outcome::Absent,
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
    Outcome::Rejected { reason: "alpaca does not know the order".to_owned() }
}

/// What the state of an order says of a request to cancel it.
fn canceled(id: Text, status: &str) -> Outcome {
    match status {
        "canceled" | "pending_cancel" => Outcome::Accepted { broker_order_id: Some(id) },
        "filled" | "expired" | "rejected" | "replaced" | "done_for_day" | "calculated" => {
            Outcome::Rejected { reason: format!("order is already in {status:?} state") }
        }
        _ => Outcome::Absent,
    }
}

impl Orders {
    async fn deliver(&mut self, delivery: &Delivery) -> Result<Outcome> {
        let order = approved(delivery)?;
        match order.request.action {
            OrderAction::Place => self.place(&order.request).await,
            OrderAction::Replace => self.replace(&order.request).await,
            OrderAction::Cancel => self.cancel(&order.request).await,
        }
    }

    async fn place(&mut self, request: &OrderRequest) -> Result<Outcome> {
        let body = match new_order(request) {
            Ok(order) => body(&order),
            // Never sent, and it never will be: as certain as the broker's own no.
            Err(reason) => return Ok(Outcome::Rejected { reason: format!("not sent: {reason}") }),
        };
        let post = Request::new(Method::POST, "/v2/orders").json(&body);
        self.change(post, &client_order_id(&request.order_id, None)).await
    }

    async fn replace(&mut self, request: &OrderRequest) -> Result<Outcome> {
        let Found::Order { id, .. } = self.current(&request.order_id).await? else {
            return Ok(not_there());
        };
        let client_id = client_order_id(&request.order_id, Some(&request.request_id));
        let change = wire::ChangedOrder {
            client_order_id: client_id.clone(),
            qty: request.quantity,
            time_in_force: request.time_in_force.map(|word| word.as_str()),
            limit_price: request.limit_price,
            stop_price: request.stop_price,
            trail: request.trail_amount.or(request.trail_percent),
        };
        let patch = Request::new(Method::PATCH, "/v2/orders").segment(&id).json(&body(&change));
        let outcome = self.change(patch, &client_id).await?;
        if let Outcome::Accepted { broker_order_id: Some(id) } = &outcome {
            if self.latest.len() >= MAX_REMEMBERED {
                self.latest.clear();
            }
            self.latest.insert(request.order_id.clone(), id.clone());
        }
        Ok(outcome)
    }

    async fn cancel(&mut self, request: &OrderRequest) -> Result<Outcome> {
        let Found::Order { id, .. } = self.current(&request.order_id).await? else {
            return Ok(not_there());
        };
        let delete = Request::new(Method::DELETE, "/v2/orders").segment(&id);
        Ok(match self.http.change(&delete, words).await? {
            Verdict::Done(_) => Outcome::Accepted { broker_order_id: Some(id) },
            Verdict::Refused(reason) => Outcome::Rejected { reason },
            Verdict::Unknown(reason) => Outcome::Unknown { reason },
        })
    }

    /// Sends a new order or a replacement.
    async fn change(&self, request: Request, client_id: &str) -> Result<Outcome> {
        let answer = match self.http.change(&request, words).await? {
            Verdict::Done(answer) => answer,
            Verdict::Unknown(reason) => return Ok(Outcome::Unknown { reason }),
            Verdict::Refused(reason) if reason.contains(DUPLICATE) => {
                // It has arrived before. Which order that is, only a look-up can say.
                return Ok(match self.look_up(client_id).await {
                    Ok(Found::Order { id, .. }) => Outcome::Accepted { broker_order_id: Some(id) },
                    _ => Outcome::Unknown { reason },
                });
            }
            Verdict::Refused(reason) => return Ok(Outcome::Rejected { reason }),
        };
        Ok(match answer.json::<wire::Order<'_>>() {
            Ok(order) => Outcome::Accepted { broker_order_id: Some(order.id) },
            Err(fault) => Outcome::Unknown { reason: fault.to_string() },
        })
    }

    /// The order with this client order id.
    async fn look_up(&self, client_id: &str) -> Result<Found> {
        let request = Request::get("/v2/orders:by_client_order_id");
        self.find(request.query(&[("client_order_id", client_id)])).await.map(|(found, _)| found)
    }

    /// The order that stands now for what was placed under our id.
    async fn current(&self, order_id: &str) -> Result<Found> {
        let first = client_order_id(order_id, None);
        let mut request = match self.latest.get(order_id) {
            Some(id) => Request::get("/v2/orders").segment(id),
            None => {
                Request::get("/v2/orders:by_client_order_id").query(&[("client_order_id", &first)])
            }
        };
        for _ in 0..MAX_REPLACEMENTS {
            let (found, replaced_by) = self.find(request).await?;
            let Some(next) = replaced_by else { return Ok(found) };
            request = Request::get("/v2/orders").segment(&next);
        }
        Err(Fault::retry(format!("{order_id} was replaced more than {MAX_REPLACEMENTS} times")))
    }

    async fn find(&self, request: Request) -> Result<(Found, Option<Text>)> {
        let mut answer = self.http.send(&request).await?;
        if refusal(&answer).is_some_and(|refusal| refusal.code == Some(NOT_FOUND)) {
            return Ok((Found::Absent, None));
        }
        if !answer.is_success() {
            answer = self.http.fetch(&request).await.map_err(|fault| match fault {
                // Only Alpaca's own words for it prove that an order is not there.
                Fault::Fatal(reason) => Fault::Retry(reason),
                other => other,
            })?;
        }
        let order: wire::Order<'_> = answer.json()?;
        let replaced_by = order.replaced_by.filter(|id| !id.is_empty());
        Ok((Found::Order { id: order.id, status: order.status }, replaced_by))
    }
}

/// Alpaca's own refusal; whatever stands between us has no code.
fn refusal(answer: &Answer) -> Option<wire::Refusal> {
    let refusal = serde_json::from_slice::<wire::Refusal>(&answer.body).ok();
    refusal.filter(|refusal| refusal.code.is_some())
}

fn words(answer: &Answer) -> Option<String> {
    refusal(answer).map(|refusal| refusal.message)
}

/// As JSON, without what is not said.
fn body(order: &impl Serialize) -> Value {
    let mut body = serde_json::to_value(order).unwrap_or_default();
    if let Value::Object(fields) = &mut body {
        fields.retain(|_, value| !value.is_null());
    }
    body
}

/// An order in Alpaca's terms, or why there is none.
fn new_order(request: &OrderRequest) -> Result<wire::NewOrder<'_>, String> {
    let is_multi_leg = request.order_class == OrderClass::Mleg;
    let symbol = request.instrument.as_ref().map(|instrument| instrument.symbol());
    if symbol.is_none() && !is_multi_leg {
        return Err("the order has no instrument".to_owned());
    }
    let side = request.side.map(|side| side.as_str());
    if side.is_none() && !is_multi_leg {
        return Err("the order has no side".to_owned());
    }
    let mut advanced = BTreeMap::new();
    for (name, value) in &request.broker_options {
        if !ADVANCED.contains(&name.as_str()) {
            return Err(format!("alpaca has no option {name:?}"));
        }
        advanced.insert(name.as_str(), value.as_str());
    }
    let legs = request.legs.iter().map(|leg| wire::Leg {
        symbol: leg.instrument.symbol(),
        ratio_qty: leg.ratio_quantity,
        side: leg.side.as_str(),
        position_intent: leg.position_intent.map(|intent| intent.as_str()),
    });
    let stop_loss = request.stop_loss_price.map(|stop_price| wire::StopLoss {
        stop_price,
        limit_price: request.stop_loss_limit_price,
    });
    Ok(wire::NewOrder {
        client_order_id: client_order_id(&request.order_id, None),
        symbol,
        qty: request.quantity,
        notional: request.notional,
        side,
        order_type: request.order_type.ok_or("the order has no type")?.as_str(),
        time_in_force: request.time_in_force.ok_or("the order has no time in force")?.as_str(),
        limit_price: request.limit_price,
        stop_price: request.stop_price,
        trail_price: request.trail_amount,
        trail_percent: request.trail_percent,
        extended_hours: request.extended_hours.then_some(true),
        order_class: request.order_class.as_str(),
        take_profit: request.take_profit_price.map(|limit_price| wire::TakeProfit { limit_price }),
        stop_loss,
        position_intent: request.position_intent.map(|intent| intent.as_str()),
        legs: (!request.legs.is_empty()).then(|| legs.collect()),
        advanced_instructions: (!advanced.is_empty()).then_some(advanced),
    })
}
