//! `/compatibility`: whether a schema could be registered.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::post;
use serde_json::json;

use super::exchange::{self, Answer, Body, Parameters};
use crate::change::{self, NewSchema};
use crate::level::Level;
use crate::refusal::Refusal;
use crate::state::{Show, State as Schemas, Version};
use crate::store::Store;

pub(crate) fn routes() -> Router<Store> {
    Router::new()
        .route("/compatibility/subjects/{subject}/versions", post(with_all))
        .route("/compatibility/subjects/{subject}/versions/{version}", post(with_one))
}

type Answered = Result<Answer, Refusal>;

/// With as many versions as the level of the subject asks for.
async fn with_all(
    State(store): State<Store>,
    Path(subject): Path<String>,
    parameters: Parameters,
    Body(new): Body<NewSchema>,
) -> Answered {
    let state = store.state();
    let level = state.level(Some(&subject));
    let active = state.versions(&subject, Show::Active);
    answer(&state, &new, &change::against(&active, level), level, &parameters)
}

async fn with_one(
    State(store): State<Store>,
    Path((subject, version)): Path<(String, String)>,
    parameters: Parameters,
    Body(new): Body<NewSchema>,
) -> Answered {
    let version = exchange::version(&version)?;
    let state = store.state();
    let found = change::find_version(&state, &subject, version, Show::Active)?;
    answer(&state, &new, &[found], state.level(Some(&subject)), &parameters)
}

fn answer(
    state: &Schemas,
    new: &NewSchema,
    versions: &[&Version],
    level: Level,
    parameters: &Parameters,
) -> Answered {
    let schema = change::checked(state, new)?;
    let reasons = change::incompatibilities(state, &schema.parsed, versions, level)?;
    let mut said = json!({ "is_compatible": reasons.is_empty() });
    if parameters.flag("verbose") {
        said["messages"] = json!(reasons);
    }
    Ok(Answer(said))
}
