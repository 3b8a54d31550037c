//! How the terms of an open order are saved: only what was said, because every order that is open
//! is saved again with every request.

use std::sync::LazyLock;

use model::{Head, OrderAction, OrderClass, OrderRequest};
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// The fields of a request that says nothing. Should there be none, everything is saved.
static BLANK: LazyLock<Map<String, Value>> = LazyLock::new(|| fields(&blank()).unwrap_or_default());

/// The request without all that does not belong to its terms.
pub(crate) fn of(request: &OrderRequest) -> OrderRequest {
    OrderRequest {
        action: OrderAction::Place,
        head: Head::default(),
        request_id: Default::default(),
        strategy: None,
        expires_at: None,
        broker_options: Default::default(),
        ..request.clone()
    }
}

/// A request that says nothing.
fn blank() -> OrderRequest {
    OrderRequest {
        head: Head::default(),
        request_id: Default::default(),
        action: OrderAction::Place,
        order_id: Default::default(),
        account: Default::default(),
        instrument: None,
        side: None,
        quantity: None,
        notional: None,
        order_type: None,
        time_in_force: None,
        limit_price: None,
        stop_price: None,
        trail_amount: None,
        trail_percent: None,
        extended_hours: false,
        order_class: OrderClass::Simple,
        take_profit_price: None,
        stop_loss_price: None,
        stop_loss_limit_price: None,
        position_intent: None,
        legs: Vec::new(),
        expires_at: None,
        strategy: None,
        broker_options: Default::default(),
    }
}

fn fields(request: &OrderRequest) -> Result<Map<String, Value>, serde_json::Error> {
    serde_json::from_value(serde_json::to_value(request)?)
}

pub(crate) fn serialize<S: Serializer>(
    terms: &OrderRequest,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut said = fields(terms).map_err(S::Error::custom)?;
    said.retain(|name, value| BLANK.get(name) != Some(value));
    said.serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<OrderRequest, D::Error> {
    let mut all = BLANK.clone();
    all.extend(Map::deserialize(deserializer)?);
    serde_json::from_value(Value::Object(all)).map_err(D::Error::custom)
}
