//! `/subjects`: names, and the versions under each.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde_json::{Value, json};

use super::exchange::{self, Answer, Body, Parameters};
use crate::change::{self, NewSchema};
use crate::record::SchemaValue;
use crate::refusal::Refusal;
use crate::state::Show;
use crate::store::Store;

/// How newer clients spell "any prefix, in all contexts".
const ANY_PREFIX: &str = ":*:";

pub(crate) fn routes() -> Router<Store> {
    Router::new()
        .route("/subjects", get(list))
        .route("/subjects/{subject}", axum::routing::post(lookup).delete(delete))
        .route("/subjects/{subject}/versions", get(versions).post(register))
        .route("/subjects/{subject}/versions/{version}", get(read).delete(delete_version))
        .route("/subjects/{subject}/versions/{version}/schema", get(text))
        .route("/subjects/{subject}/versions/{version}/referencedby", get(referenced_by))
}

type Answered = Result<Answer, Refusal>;

async fn list(State(store): State<Store>, parameters: Parameters) -> Answered {
    let state = store.state();
    let show = show(&parameters);
    let prefix = parameters.text("subjectPrefix").trim_start_matches(ANY_PREFIX);
    let named = state.subjects().filter(|subject| subject.starts_with(prefix));
    let shown = named.filter(|subject| !state.versions(subject, show).is_empty());
    Ok(Answer(json!(parameters.page(shown)?)))
}

/// Which version of the subject has this schema.
async fn lookup(
    State(store): State<Store>,
    Path(subject): Path<String>,
    parameters: Parameters,
    Body(new): Body<NewSchema>,
) -> Answered {
    let state = store.state();
    let versions = state.known_versions(&subject, show(&parameters))?;
    let content = change::checked(&state, &new)?.content;
    let found = versions.iter().rev().find(|version| version.content == content);
    found.map(|version| Answer(described(&version.value))).ok_or_else(Refusal::no_schema)
}

async fn delete(
    State(store): State<Store>,
    Path(subject): Path<String>,
    parameters: Parameters,
) -> Answered {
    let permanent = parameters.flag("permanent");
    let deleted =
        store.change(move |state| change::delete_subject(state, &subject, permanent)).await;
    deleted.map(Answer)
}

async fn versions(
    State(store): State<Store>,
    Path(subject): Path<String>,
    parameters: Parameters,
) -> Answered {
    let state = store.state();
    let versions = state.known_versions(&subject, show(&parameters))?;
    let numbers = versions.iter().map(|version| version.value.version);
    Ok(Answer(json!(parameters.page(numbers)?)))
}

async fn register(
    State(store): State<Store>,
    Path(subject): Path<String>,
    Body(new): Body<NewSchema>,
) -> Answered {
    store.change(move |state| change::register(state, &subject, &new)).await.map(Answer)
}

async fn read(
    State(store): State<Store>,
    Path((subject, version)): Path<(String, String)>,
    parameters: Parameters,
) -> Answered {
    let version = exchange::version(&version)?;
    let state = store.state();
    let found = change::find_version(&state, &subject, version, show(&parameters))?;
    Ok(Answer(described(&found.value)))
}

async fn delete_version(
    State(store): State<Store>,
    Path((subject, version)): Path<(String, String)>,
    parameters: Parameters,
) -> Answered {
    let version = exchange::version(&version)?;
    let permanent = parameters.flag("permanent");
    let deleted = store
        .change(move |state| change::delete_version(state, &subject, version, permanent))
        .await;
    deleted.map(Answer)
}

/// The schema itself, not wrapped in anything.
async fn text(
    State(store): State<Store>,
    Path((subject, version)): Path<(String, String)>,
    parameters: Parameters,
) -> Result<String, Refusal> {
    let version = exchange::version(&version)?;
    let state = store.state();
    let found = change::find_version(&state, &subject, version, show(&parameters))?;
    Ok(found.value.schema.clone())
}

/// Ids of the schemas that refer to this version.
async fn referenced_by(
    State(store): State<Store>,
    Path((subject, version)): Path<(String, String)>,
    parameters: Parameters,
) -> Answered {
    let version = exchange::version(&version)?;
    let state = store.state();
    let found = change::find_version(&state, &subject, version, Show::All)?;
    let mut ids: Vec<i32> = state
        .referring(&subject, found.value.version)
        .iter()
        .map(|referring| referring.value.id)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(Answer(json!(parameters.page(ids)?)))
}

/// A version as Confluent describes it; what is usual is left out.
pub(super) fn described(value: &SchemaValue) -> Value {
    let mut said = json!({
        "subject": value.subject,
        "version": value.version,
        "id": value.id,
        "schema": value.schema,
    });
    if let Some(schema_type) = &value.schema_type {
        said["schemaType"] = json!(schema_type);
    }
    if !value.references.is_empty() {
        said["references"] = json!(value.references);
    }
    if value.deleted {
        said["deleted"] = json!(true);
    }
    said
}

pub(super) fn show(parameters: &Parameters) -> Show {
    match (parameters.flag("deletedOnly"), parameters.flag("deleted")) {
        (true, _) => Show::Deleted,
        (false, true) => Show::All,
        (false, false) => Show::Active,
    }
}
