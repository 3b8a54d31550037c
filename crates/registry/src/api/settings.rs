//! `/config` and `/mode`: compatibility levels, and who may write.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::exchange::{Answer, Body, Parameters};
use crate::change;
use crate::level::Level;
use crate::refusal::Refusal;
use crate::state::Mode;
use crate::store::Store;

pub(crate) fn routes() -> Router<Store> {
    Router::new()
        .route("/config", get(common_level).put(set_common_level).delete(unset_common_level))
        .route("/config/{subject}", get(level).put(set_level).delete(unset_level))
        .route("/mode", get(common_mode).put(set_common_mode))
        .route("/mode/{subject}", get(mode).put(set_mode).delete(unset_mode))
}

type Answered = Result<Answer, Refusal>;

/// A request to set a level.
#[derive(Deserialize)]
pub(crate) struct NewLevel {
    // Python's client sends back what it was told, under the name it was told.
    #[serde(alias = "compatibilityLevel")]
    compatibility: Option<String>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// A request to set a mode.
#[derive(Deserialize)]
pub(crate) struct NewMode {
    mode: String,
}

async fn common_level(State(store): State<Store>) -> Answer {
    Answer(level_said(store.state().level(None)))
}

async fn level(
    State(store): State<Store>,
    Path(subject): Path<String>,
    parameters: Parameters,
) -> Answered {
    let state = store.state();
    let level = match state.own_level(Some(&subject)) {
        Some(own) => own,
        None if parameters.flag("defaultToGlobal") => state.level(None),
        None => return Err(Refusal::no_level(&subject)),
    };
    Ok(Answer(level_said(level)))
}

async fn set_common_level(State(store): State<Store>, Body(new): Body<NewLevel>) -> Answered {
    put_level(&store, None, &new).await
}

async fn set_level(
    State(store): State<Store>,
    Path(subject): Path<String>,
    Body(new): Body<NewLevel>,
) -> Answered {
    put_level(&store, Some(subject), &new).await
}

async fn put_level(store: &Store, subject: Option<String>, new: &NewLevel) -> Answered {
    if let Some((name, _)) = new.other.iter().find(|(_, value)| !value.is_null()) {
        return Err(Refusal::invalid_level(format!("{name} is not supported here")));
    }
    let Some(named) = &new.compatibility else {
        return Err(Refusal::invalid_level("the request names none"));
    };
    let level: Level = named.parse().map_err(Refusal::invalid_level)?;
    let set = store.change(move |state| change::set_level(state, subject.as_deref(), level)).await;
    set.map(Answer)
}

async fn unset_common_level(State(store): State<Store>) -> Answered {
    store.change(|state| change::unset_level(state, None)).await.map(Answer)
}

async fn unset_level(State(store): State<Store>, Path(subject): Path<String>) -> Answered {
    store.change(move |state| change::unset_level(state, Some(&subject))).await.map(Answer)
}

async fn common_mode(State(store): State<Store>) -> Answer {
    Answer(mode_said(store.state().mode(None)))
}

async fn mode(
    State(store): State<Store>,
    Path(subject): Path<String>,
    parameters: Parameters,
) -> Answered {
    let state = store.state();
    let mode = match state.own_mode(Some(&subject)) {
        Some(own) => own,
        None if parameters.flag("defaultToGlobal") => state.mode(None),
        None => return Err(Refusal::no_mode(&subject)),
    };
    Ok(Answer(mode_said(mode)))
}

async fn set_common_mode(
    State(store): State<Store>,
    parameters: Parameters,
    Body(new): Body<NewMode>,
) -> Answered {
    put_mode(&store, None, &new, &parameters).await
}

async fn set_mode(
    State(store): State<Store>,
    Path(subject): Path<String>,
    parameters: Parameters,
    Body(new): Body<NewMode>,
) -> Answered {
    put_mode(&store, Some(subject), &new, &parameters).await
}

async fn put_mode(
    store: &Store,
    subject: Option<String>,
    new: &NewMode,
    parameters: &Parameters,
) -> Answered {
    let mode = Mode::named(&new.mode).ok_or_else(|| Refusal::invalid_mode(&new.mode))?;
    let force = parameters.flag("force");
    let set =
        store.change(move |state| change::set_mode(state, subject.as_deref(), mode, force)).await;
    set.map(Answer)
}

async fn unset_mode(State(store): State<Store>, Path(subject): Path<String>) -> Answered {
    store.change(move |state| change::unset_mode(state, &subject)).await.map(Answer)
}

fn level_said(level: Level) -> Value {
    json!({ "compatibilityLevel": level.to_string() })
}

fn mode_said(mode: Mode) -> Value {
    json!({ "mode": mode.name() })
}
