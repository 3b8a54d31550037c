//! REST: a table of paths, and what every request passes on its way to one of them.

mod actions;
mod aggregates;
mod answer;
mod ask;
mod codes;
mod companies;
mod daily;
mod financials;
mod indicators;
mod last;
mod lists;
mod look;
mod market_status;
mod news;
mod series;
mod snapshots;
mod tickers;
mod ticks;
mod universal;

use axum::extract::{Request, State};
use axum::response::Response;
use mockkit::Allowance;

pub use ask::Ask;

use crate::core::{Core, Shared};
use crate::json::Json;
use crate::refusal::{Refusal, Result};
use crate::settings::Plan;

/// One path, with `{name}` where anything may stand.
struct Route {
    pattern: &'static str,
    needs: Needs,
    answer: fn(&Ask) -> Result<Json>,
}

/// What a plan must have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// Anything of today.
    Today,
    /// Trades and quotes.
    Ticks,
}

const fn route(pattern: &'static str, needs: Needs, answer: fn(&Ask) -> Result<Json>) -> Route {
    Route { pattern, needs, answer }
}

/// The first that fits answers.
static ROUTES: &[Route] = {
    use Needs::{Nothing, Ticks, Today};
    &[
        route("/v2/aggs/ticker/{}/range/{}/{}/{}/{}", Nothing, aggregates::range),
        route("/v2/aggs/ticker/{}/prev", Nothing, daily::previous),
        route("/v2/aggs/grouped/locale/{}/market/{}/{}", Nothing, daily::grouped),
        route("/v1/open-close/crypto/{}/{}/{}", Nothing, daily::crypto_open_close),
        route("/v1/open-close/{}/{}", Nothing, daily::open_close),
        route("/v3/trades/{}", Ticks, ticks::trades),
        route("/v3/quotes/{}", Ticks, ticks::quotes),
        route("/options/v3/trades/{}", Ticks, ticks::option_trades),
        route("/options/v3/quotes/{}", Ticks, ticks::option_quotes),
        route("/v2/last/trade/{}", Ticks, last::trade),
        route("/v2/last/nbbo/{}", Ticks, last::nbbo),
        route("/v1/last/crypto/{}/{}", Ticks, last::crypto),
        route("/v1/last_quote/currencies/{}/{}", Ticks, last::currencies),
        route("/v1/conversion/{}/{}", Ticks, last::conversion),
        route("/v2/snapshot/locale/{}/markets/{}/tickers", Today, snapshots::all),
        route("/v2/snapshot/locale/{}/markets/{}/gainers", Today, snapshots::gainers),
        route("/v2/snapshot/locale/{}/markets/{}/losers", Today, snapshots::losers),
        route("/v2/snapshot/locale/global/markets/crypto/tickers/{}/book", Ticks, snapshots::book),
        route("/v2/snapshot/locale/{}/markets/{}/tickers/{}", Today, snapshots::one),
        route("/v3/snapshot", Today, universal::all),
        route("/v3/snapshot/indices", Today, universal::indices),
        route("/v3/snapshot/options/{}", Today, universal::chain),
        route("/v3/snapshot/options/{}/{}", Today, universal::contract),
        route("/v1/summaries", Today, universal::summaries),
        route("/v1/indicators/sma/{}", Nothing, indicators::sma),
        route("/v1/indicators/ema/{}", Nothing, indicators::ema),
        route("/v1/indicators/rsi/{}", Nothing, indicators::rsi),
        route("/v1/indicators/macd/{}", Nothing, indicators::macd),
        route("/v3/reference/tickers", Nothing, tickers::all),
        route("/v3/reference/tickers/types", Nothing, codes::types),
        route("/v3/reference/tickers/{}", Nothing, tickers::details),
        route("/vX/reference/tickers/{}/events", Nothing, tickers::events),
        route("/v1/related-companies/{}", Nothing, tickers::related),
        route("/v3/reference/options/contracts", Nothing, tickers::contracts),
        route("/v3/reference/options/contracts/{}", Nothing, tickers::contract),
        route("/vX/reference/ipos", Nothing, tickers::ipos),
        route("/v1/reference/ipos", Nothing, tickers::ipos),
        route("/v3/reference/exchanges", Nothing, codes::exchanges),
        route("/v3/reference/conditions", Nothing, codes::conditions),
        route("/v3/reference/dividends", Nothing, actions::dividends),
        route("/v3/reference/splits", Nothing, actions::splits),
        route("/stocks/v1/dividends", Nothing, actions::new_dividends),
        route("/stocks/v1/splits", Nothing, actions::new_splits),
        route("/v2/reference/news", Nothing, news::all),
        route("/vX/reference/financials", Nothing, financials::old),
        route("/stocks/financials/v1/income-statements", Nothing, financials::income),
        route("/stocks/financials/v1/balance-sheets", Nothing, financials::balance),
        route("/stocks/financials/v1/cash-flow-statements", Nothing, financials::cash_flow),
        route("/stocks/financials/v1/ratios", Nothing, financials::ratios),
        route("/stocks/v1/short-interest", Nothing, series::short_interest),
        route("/stocks/v1/short-volume", Nothing, series::short_volume),
        route("/stocks/vX/float", Nothing, series::float),
        route("/{}/v1/exchanges", Nothing, codes::venues),
        route("/fed/v1/treasury-yields", Nothing, series::treasury_yields),
        route("/fed/v1/inflation", Nothing, series::inflation),
        route("/fed/v1/inflation-expectations", Nothing, series::expectations),
        route("/fed/v1/labor-market", Nothing, series::labor),
        route("/fed/v1/funding-conditions", Nothing, series::funding),
        route("/v1/marketstatus/now", Nothing, market_status::now),
        route("/v1/marketstatus/upcoming", Nothing, market_status::upcoming),
    ]
};

/// Products that the mock does not have: their lists are empty.
const WITHOUT_DATA: [&str; 7] = [
    "/benzinga/",
    "/consumer-spending/",
    "/etf-global/",
    "/futures/v",
    "/stocks/filings/",
    "/stocks/taxonomies/",
    "/tmx/",
];

static NO_DATA: Route = route("", Needs::Nothing, lists::empty);

/// Answers every request that is not for the streams or the control routes.
pub async fn serve(State(core): State<Shared>, request: Request) -> Response {
    let request_id = core.request_id();
    let (parts, _) = request.into_parts();
    let form = answer::Form::of(&parts.headers, core.settings.gzip);
    let answered = ask::Caller::of(&core, &parts).and_then(|caller| {
        let arguments = admit(&core, caller, &parts)?;
        let (route, arguments) = arguments;
        let ask = Ask::new(&core, caller, &parts, arguments, &request_id)?;
        (route.answer)(&ask)
    });
    form.render(answered, &request_id)
}

/// The route of a request, if the caller may use it now.
fn admit(
    core: &Core,
    caller: ask::Caller,
    parts: &axum::http::request::Parts,
) -> Result<(&'static Route, Vec<String>)> {
    let key = core.key_settings(caller.0);
    let limit = key.requests_per_minute.or(key.plan.requests_per_minute());
    let allowance = Allowance::per_minute(limit.unwrap_or(u32::MAX));
    if !core.kit.limits().count(&key.key, allowance).allowed {
        return Err(Refusal::too_many());
    }
    if parts.method != axum::http::Method::GET {
        return Err(Refusal::method());
    }
    let segments = ask::segments(parts.uri.path());
    let found = ROUTES.iter().find_map(|route| {
        ask::captures(route.pattern, &segments).map(|arguments| (route, arguments))
    });
    let path = parts.uri.path();
    let without = || WITHOUT_DATA.iter().any(|prefix| path.starts_with(prefix));
    let found = found.or_else(|| without().then_some((&NO_DATA, Vec::new())));
    let (route, arguments) = found.ok_or_else(Refusal::no_data)?;
    let entitled = match route.needs {
        Needs::Nothing => true,
        Needs::Today => key.plan != Plan::Basic,
        Needs::Ticks => key.plan.has_ticks(),
    };
    if !entitled {
        return Err(Refusal::not_entitled());
    }
    Ok((route, arguments))
}
