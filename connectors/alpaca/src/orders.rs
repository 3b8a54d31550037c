//! Sends orders, and finds out what became of those whose answer was lost.

use std::collections::HashMap;

use component::{Delivery, Fault, Host, OneByOne, Outcome, Result, Sends, Sink, one_by_one};
use http::{Answer, Http, Method, Request, Row, Verdict};
use model::{OrderAction, OrderClass, OrderRequest, Text};
use serde_json::{Value, json};

use crate::api::account_number;
use crate::map::client_order_id;
use crate::settings::{self, System};

/// What Alpaca answers when a client order id has been used before.
const DUPLICATE: &str = "client_order_id must be unique";
const NOT_FOUND: &str = "40410000";
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

/// An order as the broker has it.
struct Found {
    id: Text,
    status: Text,
    replaced_by: Option<Text>,
}

impl Sink for Orders {
    const NAME: &'static str = "alpaca_orders";
    const SENDS: Sends = Sends::Orders { repeats_are_refused: true };
    const LOGS_IN_BESIDE: bool = true;
    type System = System;
    type Settings = settings::Orders;

    async fn connect(system: System, _: settings::Orders, host: Host) -> Result<Self> {
        let http = system.trading(&host)?.urgent();
        account_number(&http).await?;
        Ok(Self { http, latest: HashMap::new() })
    }

    async fn write(&mut self, batch: &[Delivery]) -> Result<Vec<Outcome>> {
        one_by_one(self, batch).await
    }

    async fn resolve(&mut self, delivery: &Delivery) -> Result<Outcome> {
        let order = delivery.order()?;
        let request = &order.request;
        let client_id = match request.action {
            OrderAction::Place => client_order_id(&order.order_id, None),
            OrderAction::Replace => client_order_id(&order.order_id, Some(&request.request_id)),
            OrderAction::Cancel => {
                let found = self.current(&order.order_id).await?;
                return Ok(found.map_or_else(not_there, canceled));
            }
        };
        let found = self.find(by_client_id(&client_id)).await?;
        Ok(found.map_or(Outcome::Absent, |found| accepted(found.id)))
    }
}

impl OneByOne for Orders {
    async fn deliver(&mut self, delivery: &Delivery) -> Result<Outcome> {
        let request = &delivery.order()?.request;
        match request.action {
            OrderAction::Place => self.place(request).await,
            OrderAction::Replace => self.replace(request).await,
            OrderAction::Cancel => self.cancel(request).await,
        }
    }
}

fn accepted(id: Text) -> Outcome {
    Outcome::Accepted { broker_order_id: Some(id) }
}

fn not_there() -> Outcome {
    Outcome::Rejected { reason: "alpaca does not know the order".to_owned() }
}

/// What the state of an order says of a request to cancel it.
fn canceled(found: Found) -> Outcome {
    match found.status.as_str() {
        "canceled" | "pending_cancel" => accepted(found.id),
        status @ ("filled" | "expired" | "rejected" | "replaced" | "done_for_day"
        | "calculated") => {
            Outcome::Rejected { reason: format!("order is already in {status:?} state") }
        }
        _ => Outcome::Absent,
    }
}

fn by_client_id(client_id: &str) -> Request {
    Request::get("/v2/orders:by_client_order_id").query(&[("client_order_id", client_id)])
}

fn by_id(method: Method, id: &str) -> Request {
    Request::new(method, "/v2/orders").segment(id)
}

impl Orders {
    async fn place(&self, request: &OrderRequest) -> Result<Outcome> {
        let order = match new_order(request) {
            Ok(order) => order,
            // Never sent, and it never will be: as certain as the broker's own no.
            Err(reason) => return Ok(Outcome::Rejected { reason: format!("not sent: {reason}") }),
        };
        let post = Request::new(Method::POST, "/v2/orders").said(order);
        self.change(post, &client_order_id(&request.order_id, None)).await
    }

    async fn replace(&mut self, request: &OrderRequest) -> Result<Outcome> {
        let Some(Found { id, .. }) = self.current(&request.order_id).await? else {
            return Ok(not_there());
        };
        let client_id = client_order_id(&request.order_id, Some(&request.request_id));
        let change = json!({
            "client_order_id": client_id,
            "qty": request.quantity,
            "time_in_force": request.time_in_force,
            "limit_price": request.limit_price,
            "stop_price": request.stop_price,
            "trail": request.trail_amount.or(request.trail_percent),
        });
        let outcome = self.change(by_id(Method::PATCH, &id).said(change), &client_id).await?;
        if let Outcome::Accepted { broker_order_id: Some(id) } = &outcome {
            if self.latest.len() >= MAX_REMEMBERED {
                self.latest.clear();
            }
            self.latest.insert(request.order_id.clone(), id.clone());
        }
        Ok(outcome)
    }

    async fn cancel(&self, request: &OrderRequest) -> Result<Outcome> {
        let Some(Found { id, .. }) = self.current(&request.order_id).await? else {
            return Ok(not_there());
        };
        Ok(match self.http.change(&by_id(Method::DELETE, &id), words).await? {
            Verdict::Done(_) => accepted(id),
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
                return Ok(match self.find(by_client_id(client_id)).await {
                    Ok(Some(found)) => accepted(found.id),
                    _ => Outcome::Unknown { reason },
                });
            }
            Verdict::Refused(reason) => return Ok(Outcome::Rejected { reason }),
        };
        Ok(match found(&answer) {
            Ok(order) => accepted(order.id),
            Err(fault) => Outcome::Unknown { reason: fault.to_string() },
        })
    }

    /// The order that stands now for what was placed under our id.
    async fn current(&self, order_id: &str) -> Result<Option<Found>> {
        let mut request = match self.latest.get(order_id) {
            Some(id) => by_id(Method::GET, id),
            None => by_client_id(&client_order_id(order_id, None)),
        };
        for _ in 0..MAX_REPLACEMENTS {
            let found = self.find(request).await?;
            match found.as_ref().and_then(|found| found.replaced_by.as_deref()) {
                Some(next) => request = by_id(Method::GET, next),
                None => return Ok(found),
            }
        }
        Err(Fault::retry(format!("{order_id} was replaced more than {MAX_REPLACEMENTS} times")))
    }

    async fn find(&self, request: Request) -> Result<Option<Found>> {
        let mut answer = self.http.send(&request).await?;
        if refusal(&answer).is_some_and(|(code, _)| code == NOT_FOUND) {
            return Ok(None);
        }
        if !answer.is_success() {
            answer = self.http.fetch(&request).await.map_err(|fault| match fault {
                // Only Alpaca's own words for it prove that an order is not there.
                Fault::Fatal(reason) => Fault::Retry(reason),
                other => other,
            })?;
        }
        found(&answer).map(Some)
    }
}

/// The order that an answer holds.
fn found(answer: &Answer) -> Result<Found> {
    let order = Row::of(answer.json()?);
    let missing = || Fault::retry(format!("no order in the answer: {}", answer.excerpt()));
    Ok(Found {
        id: order.text("id").ok_or_else(missing)?,
        status: order.text("status").ok_or_else(missing)?,
        replaced_by: order.text("replaced_by"),
    })
}

/// Code and words of Alpaca's own refusal; whatever stands between us has no code.
fn refusal(answer: &Answer) -> Option<(String, String)> {
    let body = Row::of(serde_json::from_slice(&answer.body).ok()?);
    let code = body.get(&["code"]).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((code.to_owned(), body.get(&["message"])?.to_owned()))
}

fn words(answer: &Answer) -> Option<String> {
    refusal(answer).map(|(_, words)| words)
}

/// An order in Alpaca's terms, or why there is none.
fn new_order(request: &OrderRequest) -> Result<Value, String> {
    let is_multi_leg = request.order_class == OrderClass::Mleg;
    if request.instrument.is_none() && !is_multi_leg {
        return Err("the order has no instrument".to_owned());
    }
    if request.side.is_none() && !is_multi_leg {
        return Err("the order has no side".to_owned());
    }
    let odd = request.broker_options.keys().find(|name| !ADVANCED.contains(&name.as_str()));
    if let Some(name) = odd {
        return Err(format!("alpaca has no option {name:?}"));
    }
    let leg = |leg: &model::OrderLeg| {
        json!({
            "symbol": leg.instrument.symbol(),
            "ratio_qty": leg.ratio_quantity,
            "side": leg.side,
            "position_intent": leg.position_intent,
        })
    };
    Ok(json!({
        "client_order_id": client_order_id(&request.order_id, None),
        "symbol": request.instrument.as_ref().map(|instrument| instrument.symbol()),
        "qty": request.quantity,
        "notional": request.notional,
        "side": request.side,
        "type": request.order_type.ok_or("the order has no type")?,
        "time_in_force": request.time_in_force.ok_or("the order has no time in force")?,
        "limit_price": request.limit_price,
        "stop_price": request.stop_price,
        "trail_price": request.trail_amount,
        "trail_percent": request.trail_percent,
        "extended_hours": request.extended_hours.then_some(true),
        "order_class": request.order_class,
        "take_profit": { "limit_price": request.take_profit_price },
        "stop_loss": {
            "stop_price": request.stop_loss_price,
            "limit_price": request.stop_loss_price.and(request.stop_loss_limit_price),
        },
        "position_intent": request.position_intent,
        "legs": request.legs.iter().map(leg).collect::<Vec<_>>(),
        "advanced_instructions": request.broker_options,
    }))
}
