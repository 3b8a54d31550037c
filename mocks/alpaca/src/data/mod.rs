//! The market data API: history up to the virtual present, the present itself, and reference data.

mod auctions;
mod bars;
pub mod corporate_actions;
mod crypto;
mod forex;
mod history;
mod indices;
mod latest;
mod meta;
mod news;
mod options;
mod page;
mod quotes;
mod screener;
mod snapshots;
mod timeframe;
mod trades;

use axum::Router;
use axum::routing::get;

use crate::core::Shared;

pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/v2/stocks/bars", get(bars::several))
        .route("/v2/stocks/quotes", get(quotes::several))
        .route("/v2/stocks/trades", get(trades::several))
        .route("/v2/stocks/auctions", get(auctions::several))
        .route("/v2/stocks/snapshots", get(snapshots::several))
        .route("/v2/stocks/bars/latest", get(latest::bars))
        .route("/v2/stocks/quotes/latest", get(latest::quotes))
        .route("/v2/stocks/trades/latest", get(latest::trades))
        .route("/v2/stocks/meta/exchanges", get(meta::exchanges))
        .route("/v2/stocks/meta/conditions/{kind}", get(meta::conditions))
        .route("/v2/stocks/{symbol}/bars", get(bars::one))
        .route("/v2/stocks/{symbol}/quotes", get(quotes::one))
        .route("/v2/stocks/{symbol}/trades", get(trades::one))
        .route("/v2/stocks/{symbol}/auctions", get(auctions::one))
        .route("/v2/stocks/{symbol}/snapshot", get(snapshots::one))
        .route("/v2/stocks/{symbol}/bars/latest", get(latest::bar))
        .route("/v2/stocks/{symbol}/quotes/latest", get(latest::quote))
        .route("/v2/stocks/{symbol}/trades/latest", get(latest::trade))
        .route("/v1beta1/news", get(news::answer))
        .route("/v1/corporate-actions", get(corporate_actions::answer))
        .route("/v1beta1/corporate-actions", get(corporate_actions::answer))
        .route("/v1beta3/crypto/us/{kind}", get(crypto::history))
        .route("/v1beta3/crypto/us/latest/{kind}", get(crypto::latest))
        .route("/v1beta1/options/{kind}", get(options::history))
        .route("/v1beta1/options/{kind}/latest", get(options::latest))
        .route("/v1beta1/options/meta/exchanges", get(options::exchanges))
        .route("/v1beta1/options/meta/conditions/{kind}", get(options::conditions))
        .route("/v1beta1/options/snapshots/{underlying}", get(options::chain))
        .route("/v1beta1/forex/rates", get(forex::history))
        .route("/v1beta1/forex/latest/rates", get(forex::latest))
        .route("/v1beta1/indices/values", get(indices::history))
        .route("/v1beta1/indices/latest/values", get(indices::latest))
        .route("/v1beta1/screener/stocks/most-actives", get(screener::most_actives))
        .route("/v1beta1/screener/{kind}/movers", get(screener::movers))
}
