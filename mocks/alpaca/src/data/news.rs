use axum::Json;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::page::complain;
use crate::core::Shared;
use crate::gate::is_stream;
use crate::newsroom::Item;
use crate::refusal::{Refusal, Result};
use crate::rest::{Params, query};
use crate::stream;

const USUAL_LIMIT: usize = 10;
const MAX_LIMIT: usize = 50;

#[derive(Deserialize)]
pub struct Query {
    symbols: Option<String>,
    start: Option<String>,
    end: Option<String>,
    limit: Option<String>,
    sort: Option<String>,
    include_content: Option<String>,
    exclude_contentless: Option<String>,
    page_token: Option<String>,
}

/// History and stream share a path.
pub async fn answer(State(core): State<Shared>, request: Request) -> Response {
    if is_stream(request.headers()) {
        return stream::news(State(core), request).await;
    }
    let (mut parts, _) = request.into_parts();
    let query = Params::<Query>::from_request_parts(&mut parts, &()).await;
    let answer = query.and_then(|Params(query)| page(&core, &query).map_err(complain));
    answer.map(Json).into_response()
}

fn page(core: &Shared, query: &Query) -> Result<Value> {
    let now = core.world.kit.clock().now();
    let start = query::moment("start", query.start.as_deref())?.unwrap_or(i64::MIN);
    let end = query::moment("end", query.end.as_deref())?.unwrap_or(now).min(now);
    let limit = query::count("limit", query.limit.as_deref(), USUAL_LIMIT, MAX_LIMIT)?;
    let sort = query::word("sort", query.sort.as_deref(), "desc", &["asc", "desc", "ASC", "DESC"])?;
    let content = query::flag("include_content", query.include_content.as_deref())?;
    // Every item here has content.
    query::flag("exclude_contentless", query.exclude_contentless.as_deref())?;
    let symbols = query::list(query.symbols.as_deref());
    let names = |item: &Item, wanted: &str| {
        item.value["symbols"].as_array().is_some_and(|all| all.iter().any(|s| s == wanted))
    };
    let wanted = |item: &&Item| {
        (start..=end).contains(&item.time)
            && symbols.as_ref().is_none_or(|all| all.iter().any(|symbol| names(item, symbol)))
    };
    let state = core.state();
    let mut items: Vec<&Item> = state.newsroom.items().iter().filter(wanted).collect();
    if sort.eq_ignore_ascii_case("desc") {
        items.reverse();
    }
    let first = match query.page_token.as_deref().filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => {
            let place = items.iter().position(|item| self::token(item) == token);
            place.ok_or_else(|| Refusal::plain(400, "invalid page_token"))? + 1
        }
    };
    let rest = items.get(first..).unwrap_or_default();
    let page = &rest[..limit.min(rest.len())];
    let more = page.last().filter(|_| page.len() < rest.len());
    Ok(json!({
        "news": page.iter().map(|item| shown(&item.value, content)).collect::<Vec<_>>(),
        "next_page_token": more.map(|item| token(item)),
    }))
}

fn shown(item: &Value, content: bool) -> Value {
    let mut item = item.clone();
    if !content {
        item["content"] = "".into();
    }
    item
}

fn token(item: &Item) -> String {
    STANDARD.encode(format!("{}|{}", item.time, item.value["id"]))
}
