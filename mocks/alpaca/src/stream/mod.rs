//! The WebSockets: order updates and market data.

mod data;
mod orders;
mod session;

use axum::Router;
use axum::routing::get;

pub use data::news;

use crate::core::Shared;
use crate::subscriptions::Feed;

pub fn routes() -> Router<Shared> {
    let mut router = Router::new()
        .route("/stream", get(orders::answer))
        .route("/v1beta3/crypto/us", get(data::crypto));
    for feed in Feed::STOCKS {
        let answer = move |state, upgrade, request| data::stocks(feed, state, upgrade, request);
        router = router.route(&format!("/v2/{feed}"), get(answer));
    }
    for feed in Feed::OPTIONS {
        let answer = move |state, upgrade, request| data::options(feed, state, upgrade, request);
        router = router.route(&format!("/v1beta1/{feed}"), get(answer));
    }
    router
}
