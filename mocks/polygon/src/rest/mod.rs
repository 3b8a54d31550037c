//! REST: a table of paths, and what every request passes on its way to one of them.

mod aggregates;
mod answer;
mod ask;
mod ticks;

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
const ROUTES: &[Route] = {
    use Needs::{Nothing, Ticks};
    &[
        route("/v2/aggs/ticker/{}/range/{}/{}/{}/{}", Nothing, aggregates::range),
        route("/v3/trades/{}", Ticks, ticks::trades),
        route("/v3/quotes/{}", Ticks, ticks::quotes),
    ]
};

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
