use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

/// An answer that is not 2xx: the body that Alpaca sends, with its own code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub body: Value,
}

pub type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    /// A code is the HTTP status with four more digits.
    fn new(code: u32, message: impl Into<String>) -> Refusal {
        let status = u16::try_from(code / 100_000).unwrap_or(500);
        Refusal { status, body: json!({ "code": code, "message": message.into() }) }
    }

    fn with(mut self, extra: &[(&str, String)]) -> Refusal {
        for (name, value) in extra {
            self.body[*name] = Value::from(value.as_str());
        }
        self
    }

    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    /// A body with a message only, as the edge sends it.
    pub fn plain(status: u16, message: &str) -> Refusal {
        let body = Map::from_iter([("message".to_owned(), Value::from(message))]);
        Refusal { status, body: Value::Object(body) }
    }

    pub fn malformed_body() -> Refusal {
        Refusal::new(40_010_000, "request body format is invalid")
    }

    /// An invalid parameter: the same code as for a client order id used before, and 422 as well.
    pub fn invalid(message: impl Into<String>) -> Refusal {
        Refusal { status: 422, ..Refusal::new(40_010_001, message) }
    }

    pub fn duplicate_client_order_id() -> Refusal {
        Refusal::invalid("client_order_id must be unique")
    }

    pub fn unauthorized() -> Refusal {
        Refusal::new(40_110_000, "request is not authorized")
    }

    pub fn forbidden(message: impl Into<String>) -> Refusal {
        Refusal::new(40_310_000, message)
    }

    pub fn insufficient_buying_power(buying_power: Decimal, cost_basis: Decimal) -> Refusal {
        Refusal::forbidden("insufficient buying power")
            .with(&[("buying_power", text(buying_power)), ("cost_basis", text(cost_basis))])
    }

    pub fn insufficient_quantity(
        symbol: &str,
        requested: Decimal,
        available: Decimal,
        existing: Decimal,
    ) -> Refusal {
        let message = format!(
            "insufficient qty available for order (requested: {}, available: {})",
            text(requested),
            text(available)
        );
        Refusal::forbidden(message).with(&[
            ("available", text(available)),
            ("existing_qty", text(existing)),
            ("held_for_orders", text(existing - available)),
            ("symbol", symbol.to_owned()),
        ])
    }

    pub fn wash_trade(existing: uuid::Uuid) -> Refusal {
        Refusal::forbidden("potential wash trade detected. use complex orders").with(&[
            ("reject_reason", "opposite side market/stop order exists".to_owned()),
            ("existing_order_id", existing.to_string()),
        ])
    }

    pub fn stop_price(relation: &str, market_price: Decimal, stop_price: Decimal) -> Refusal {
        Refusal::unprocessable(format!("stop price must be {relation} than current price"))
            .with(&[("market_price", text(market_price)), ("stop_price", text(stop_price))])
    }

    pub fn not_found(what: impl std::fmt::Display) -> Refusal {
        Refusal::new(40_410_000, format!("{what} not found"))
    }

    pub fn no_position() -> Refusal {
        Refusal::new(40_410_000, "position does not exist")
    }

    pub fn unprocessable(message: impl Into<String>) -> Refusal {
        Refusal::new(42_210_000, message)
    }

    pub fn already(status: &str) -> Refusal {
        Refusal::unprocessable(format!("order is already in \"{status}\" state"))
    }

    pub fn internal() -> Refusal {
        Refusal::new(50_010_000, "internal server error occurred")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.body)).into_response()
    }
}

/// A decimal as the trading API spells it: no trailing zeros.
pub fn text(value: Decimal) -> String {
    value.normalize().to_string()
}
