use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::core::Shared;
use crate::engine::{Book, Scene};
use crate::gate::Caller;

pub async fn answer(
    State(core): State<Shared>,
    Caller(account): Caller,
) -> (StatusCode, Json<Value>) {
    let mut state = core.state();
    let (book, scene) = state.at_work(&core.world, account);
    let outcomes = cancel_all(book, &scene);
    state.publish_orders(&core.world, account);
    (StatusCode::MULTI_STATUS, Json(outcomes))
}

/// One outcome for each order that was open.
pub fn cancel_all(book: &mut Book, scene: &Scene<'_>) -> Value {
    let mut outcomes = Vec::new();
    for order in book.open_orders() {
        let id = book.orders[order].id;
        outcomes.push(match book.cancel(order, scene) {
            Ok(()) => json!({ "id": id, "status": 200 }),
            // The other exit of a pair went with the first.
            Err(_) if !book.orders[order].status.is_open() => json!({ "id": id, "status": 200 }),
            Err(refusal) => json!({ "id": id, "status": refusal.status, "body": refusal.body }),
        });
    }
    Value::from(outcomes)
}
