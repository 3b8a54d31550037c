//! A sink that sends orders.

use component::{Delivery, Fault, Host, Outcome, Result, Sends, Sink};
use model::{ApprovedOrder, Event, OrderAction, Text};
use serde_json::{Value, json};

use super::client::{Client, Reply};
use super::{Linger, Settings, System, Twin, unique};

pub struct Orders {
    client: Client,
    twin: Twin,
    _linger: Linger,
}

impl Sink for Orders {
    const NAME: &'static str = "toy_orders";
    const SENDS: Sends = Sends::Orders { repeats_are_refused: true };
    type System = System;
    type Settings = Settings;

    async fn connect(system: System, settings: Settings, _: Host) -> Result<Self> {
        let twin = settings.twin;
        if twin == Twin::RefusesEverything {
            return Err(Fault::fatal("not today"));
        }
        let client = Client {
            address: system.connection.address,
            key: system.authentication.credentials.api_key,
            is_endlessly_patient: twin == Twin::WaitsForEver,
        };
        Ok(Self { client, twin, _linger: Linger(twin == Twin::LingersAtTheEnd) })
    }

    async fn write(&mut self, batch: &[Delivery]) -> Result<Vec<Outcome>> {
        let mut outcomes = Vec::new();
        for delivery in batch {
            let outcome = self.send(order(delivery)).await?;
            let is_refused = matches!(outcome, Outcome::Rejected { .. });
            outcomes.push(outcome);
            if is_refused && self.twin == Twin::StopsAtTheFirst {
                break;
            }
        }
        Ok(outcomes)
    }

    async fn resolve(&mut self, delivery: &Delivery) -> Result<Outcome> {
        let order = order(delivery);
        if self.twin == Twin::FindsEverything {
            return Ok(accepted(&json!({ "broker_id": "somewhere" })));
        }
        match self.client.ask("GET", &format!("/orders/{}", order.order_id), None).await {
            Reply::Answer { status: 200, body: Ok(body), .. } => Ok(accepted(&body)),
            Reply::Answer { status: 404, .. } => Ok(Outcome::Absent),
            _ => Err(Fault::retry("no answer")),
        }
    }
}

impl Orders {
    async fn send(&mut self, order: &ApprovedOrder) -> Result<Outcome> {
        let path = format!("/orders/{}", order.order_id);
        let reply = match order.request.action {
            OrderAction::Place => self.place(order).await,
            _ if self.twin == Twin::IgnoresCancels => {
                return Ok(Outcome::Accepted { broker_order_id: None });
            }
            _ => self.client.ask("DELETE", &path, None).await,
        };
        Ok(match reply {
            Reply::Unreachable => return Err(Fault::retry("nobody listens")),
            Reply::Lost(how) if self.twin == Twin::CallsLossRejected => {
                Outcome::Rejected { reason: how.to_owned() }
            }
            Reply::Lost(how) => Outcome::Unknown { reason: how.to_owned() },
            Reply::Answer { status: 200, body: Ok(body), .. } => accepted(&body),
            Reply::Answer { status: 200, .. } if self.twin == Twin::CallsAnyAnswerAccepted => {
                Outcome::Accepted { broker_order_id: Some("no doubt".into()) }
            }
            Reply::Answer { status: 401, .. } => return Err(self.twin.refused(&self.client.key)),
            Reply::Answer { status: 404 | 422, .. } if self.twin != Twin::DoubtsRejections => {
                Outcome::Rejected { reason: "the broker said no".to_owned() }
            }
            Reply::Answer { status: 409, .. } if self.twin == Twin::CallsRepeatsRejected => {
                Outcome::Rejected { reason: "seen before".to_owned() }
            }
            Reply::Answer { status: 429 | 500.., .. }
                if self.twin == Twin::CallsTroubleRejected =>
            {
                Outcome::Rejected { reason: "trouble".to_owned() }
            }
            Reply::Answer { status, .. } => Outcome::Unknown { reason: status.to_string() },
        })
    }

    async fn place(&self, order: &ApprovedOrder) -> Reply {
        let symbol = order.request.instrument.as_ref().map(|id| id.symbol().to_owned());
        let id = match self.twin {
            Twin::MakesNewIds => format!("{}-{}", order.order_id, unique()),
            _ => order.order_id.to_string(),
        };
        let mut body = json!({ "id": id, "order": order.order_id.as_str(), "symbol": symbol });
        if self.twin == Twin::SendsTwice {
            self.client.ask("POST", "/orders", Some(&body)).await;
            body["id"] = json!(format!("{id}-again"));
        }
        self.client.ask("POST", "/orders", Some(&body)).await
    }
}

fn accepted(body: &Value) -> Outcome {
    match body["broker_id"].as_str() {
        Some(id) => Outcome::Accepted { broker_order_id: Some(Text::from(id)) },
        None => Outcome::Unknown { reason: "not the broker's words".to_owned() },
    }
}

fn order(delivery: &Delivery) -> &ApprovedOrder {
    match &delivery.event {
        Event::ApprovedOrder(order) => order,
        other => panic!("not an order: {other:?}"),
    }
}
