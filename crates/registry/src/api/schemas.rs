//! `/schemas`: schemas by their id, whichever subject they are in.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde_json::{Value, json};

use super::exchange::{self, Answer, Parameters};
use super::subjects::{described, show};
use crate::record::SchemaValue;
use crate::refusal::Refusal;
use crate::state::{self, AVRO, Show};
use crate::store::Store;

pub(crate) fn routes() -> Router<Store> {
    Router::new()
        .route("/schemas", get(list))
        .route("/schemas/types", get(async || Answer(json!([AVRO]))))
        .route("/schemas/ids/{id}", get(read))
        .route("/schemas/ids/{id}/schema", get(text))
        .route("/schemas/ids/{id}/subjects", get(subjects))
        .route("/schemas/ids/{id}/versions", get(versions))
}

type Answered = Result<Answer, Refusal>;

async fn list(State(store): State<Store>, parameters: Parameters) -> Answered {
    let state = store.state();
    let prefix = parameters.text("subjectPrefix").trim_start_matches(":*:");
    let mut found: Vec<Value> = Vec::new();
    for subject in state.subjects().filter(|subject| subject.starts_with(prefix)) {
        let versions = state.versions(subject, show(&parameters));
        let skipped =
            if parameters.flag("latestOnly") { versions.len().saturating_sub(1) } else { 0 };
        found.extend(versions[skipped..].iter().map(|version| described(&version.value)));
    }
    Ok(Answer(json!(parameters.page(found)?)))
}

/// Deleted versions count here: their records are still on the topics.
async fn read(
    State(store): State<Store>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Answered {
    let id = exchange::id(&id)?;
    let state = store.state();
    let value = with_id(&state, id)?;
    let mut said = json!({ "schema": value.schema });
    if let Some(schema_type) = &value.schema_type {
        said["schemaType"] = json!(schema_type);
    }
    if !value.references.is_empty() {
        said["references"] = json!(value.references);
    }
    if parameters.flag("fetchMaxId") {
        said["maxId"] = json!(state.highest_id());
    }
    Ok(Answer(said))
}

async fn text(State(store): State<Store>, Path(id): Path<String>) -> Result<String, Refusal> {
    let id = exchange::id(&id)?;
    let state = store.state();
    with_id(&state, id).map(|value| value.schema.clone())
}

async fn subjects(
    State(store): State<Store>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Answered {
    let id = exchange::id(&id)?;
    let state = store.state();
    with_id(&state, id)?;
    let mut names: Vec<&str> = shown(&state, id, show(&parameters))
        .into_iter()
        .map(|value| value.subject.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    Ok(Answer(json!(parameters.page(names)?)))
}

async fn versions(
    State(store): State<Store>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Answered {
    let id = exchange::id(&id)?;
    let state = store.state();
    with_id(&state, id)?;
    let places = shown(&state, id, show(&parameters))
        .into_iter()
        .map(|value| json!({ "subject": value.subject, "version": value.version }));
    Ok(Answer(json!(parameters.page(places)?)))
}

fn with_id(state: &state::State, id: i32) -> Result<&SchemaValue, Refusal> {
    state.with_id(id).map(|version| &version.value).next().ok_or_else(|| Refusal::no_id(id))
}

fn shown(state: &state::State, id: i32, show: Show) -> Vec<&SchemaValue> {
    let all = state.with_id(id).filter(|version| show.includes(version.value.deleted));
    all.map(|version| &version.value).collect()
}
