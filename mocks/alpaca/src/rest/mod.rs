//! The trading API: one request a file.

mod account;
mod activities;
mod announcements;
mod assets;
mod calendar;
mod cancel_order;
mod cancel_orders;
mod clock;
mod close_position;
mod close_positions;
mod configurations;
mod events;
mod get_order;
mod list_orders;
mod options;
mod place_order;
mod portfolio_history;
mod positions;
pub mod query;
mod replace_order;
mod watchlists;

use axum::Router;
use axum::routing::{delete, get, post};

pub use query::Params;

use crate::core::Shared;

pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/v2/account", get(account::answer))
        .route(
            "/v2/account/configurations",
            get(configurations::read).patch(configurations::change),
        )
        .route("/v2/account/activities", get(activities::all))
        .route("/v2/account/activities/{kind}", get(activities::of_kind))
        .route("/v2/account/portfolio/history", get(portfolio_history::answer))
        .route("/v2/clock", get(clock::answer))
        .route("/v3/clock", get(clock::several))
        .route("/v2/calendar", get(calendar::answer))
        .route("/v3/calendar/{market}", get(calendar::of_market))
        .route("/v2/assets", get(assets::list))
        .route("/v2/assets/{*asset}", get(assets::one))
        .route(
            "/v2/orders",
            get(list_orders::answer).post(place_order::answer).delete(cancel_orders::answer),
        )
        .route("/v2/orders:by_client_order_id", get(get_order::by_client_order_id))
        .route(
            "/v2/orders/{id}",
            get(get_order::by_id).patch(replace_order::answer).delete(cancel_order::answer),
        )
        .route("/v2/positions", get(positions::list).delete(close_positions::answer))
        .route("/v2/positions/{asset}", get(positions::one).delete(close_position::answer))
        .route("/v2/watchlists", get(watchlists::list).post(watchlists::create))
        .route("/v2/watchlists:by_name", get(watchlists::by_name))
        .route(
            "/v2/watchlists/{id}",
            get(watchlists::one)
                .put(watchlists::replace)
                .post(watchlists::add)
                .delete(watchlists::remove),
        )
        .route("/v2/watchlists/{id}/{*asset}", delete(watchlists::remove_asset))
        .route("/v2/options/contracts", get(options::contracts))
        .route("/v2/options/contracts/{contract}", get(options::contract))
        .route("/v2/positions/{asset}/exercise", post(options::exercise))
        .route("/v2/positions/{asset}/do-not-exercise", post(options::exercise))
        .route("/v2/corporate_actions/announcements", get(announcements::list))
        .route("/v2/corporate_actions/announcements/{id}", get(announcements::one))
        .route("/v2/events/trades", get(events::answer))
}
