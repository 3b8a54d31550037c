//! What a user writes about a REST interface.

use std::collections::BTreeMap;

use component::{FieldSettings, Word, event_kind};
use http::Authentication;
use model::EventInfo;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use url::Url;

use crate::plan::Plan;
use crate::records::KINDS;

/// A REST interface that answers in JSON.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Where it answers.
    pub connection: Connection,
    /// How it knows us.
    #[serde(default)]
    pub authentication: Authentication,
}

/// Where a REST interface answers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Connection {
    /// What all paths stand below.
    pub base_url: Url,
    /// Lets credentials travel unencrypted to other machines.
    #[serde(default)]
    pub insecure: bool,
    /// A path to ask for at the start, to prove the credentials; the first read does if not said.
    #[serde(default)]
    pub probe: Option<String>,
}

/// Which lists to read, and what their items mean.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordsSettings {
    /// The lists by names of your own.
    #[serde(deserialize_with = "checked")]
    #[schemars(example = serde_json::json!({ "prices": { "path": "/v1/prices" } }))]
    pub feeds: BTreeMap<String, FeedSettings>,
}

/// One list and what its items mean.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FeedSettings {
    /// Path below `connection.base_url`, for example `/v1/insiders`.
    pub path: String,
    /// Parameters of every request.
    #[serde(default)]
    pub query: BTreeMap<String, Word>,
    /// Where the items are in an answer: names joined by dots, for example `data.rows`. Nothing
    /// where the answer itself is the list; `.*` at the end for a mapping with an item below each
    /// name, which is `$key` then. A single object is one item.
    #[serde(default)]
    pub items: String,
    /// Whether an answer without them has no items, rather than being broken.
    #[serde(default)]
    pub may_be_missing: bool,
    /// How the list goes on: `none`, `link`, `{ cursor: { field, parameter } }`,
    /// `{ next_url: { field } }`, `{ page: { parameter, first, size, size_parameter } }`, or
    /// `offset` with the same.
    #[serde(default)]
    pub paging: Paging,
    /// What to resume after, where items have something that grows. Without it the whole list is
    /// read each time, and what is new or has changed is published.
    #[serde(default)]
    pub cursor: Option<Growing>,
    /// Fields that make an item's id; its contents if not said.
    #[serde(default)]
    pub id: Vec<String>,
    /// What an item becomes.
    #[serde(default)]
    pub event: EventName,
    /// Fields of the event, each with the field of the item that it comes from. An
    /// AlternativeRecord needs none: every number and text of the item is in it.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldSettings>,
    /// Answers that look like a success and are none.
    #[serde(default)]
    pub refusals: Vec<Refusal>,
    /// Pause between two readings of the list.
    #[serde(default = "minute")]
    #[schemars(range(min = 1))]
    pub poll_secs: u64,
}

/// How a list goes on after a page.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Paging {
    /// All of it is in one answer.
    #[default]
    None,
    /// The header `Link` names the next page (RFC 8288).
    Link,
    /// Pages have numbers.
    Page(Numbered),
    /// A page begins after so many items.
    Offset(Numbered),
    /// A field of the answer holds what to ask for next.
    Cursor(PageToken),
    /// A field of the answer holds the URL of the next page. Its path and query are used, on the
    /// host that we know.
    NextUrl(NextUrl),
}

impl Paging {
    /// What the first page is called.
    pub(crate) fn first(&self) -> u64 {
        match self {
            Self::Page(pages) => pages.first.unwrap_or(1),
            Self::Offset(pages) => pages.first.unwrap_or(0),
            Self::None | Self::Link | Self::Cursor(_) | Self::NextUrl(_) => 0,
        }
    }
}

/// Pages with numbers, their own or those of the items before them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Numbered {
    /// The parameter for the number.
    pub parameter: String,
    /// Number of the first page: 1, or 0 where items are counted, if not said.
    #[serde(default)]
    pub first: Option<u64>,
    /// Items of a full page; a shorter one is the last. Without it the first empty one is.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub size: Option<u64>,
    /// The parameter for the size.
    #[serde(default)]
    pub size_parameter: Option<String>,
}

/// Pages whose successor is named by a field of the answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageToken {
    /// The field of the answer; the last page has none.
    pub field: String,
    /// The parameter that it goes into.
    pub parameter: String,
}

/// Pages whose successor's URL is a field of the answer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextUrl {
    /// The field of the answer; the last page has none.
    pub field: String,
}

/// What grows from item to item, and how to ask for what comes after it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Growing {
    /// The item's field.
    pub field: String,
    /// The parameter that asks for items from a value on, or after it.
    pub parameter: String,
    /// How the values are compared: `number`, `text`, or a format of times.
    #[serde(default = "text")]
    pub format: String,
    /// Format of the time in the parameter, where it is another one.
    #[serde(default)]
    pub parameter_format: Option<String>,
    /// Time zone of times without an offset.
    #[serde(default = "utc")]
    pub zone: String,
    /// What to ask for at first, as the parameter wants it; the parameter is left out if not said.
    #[serde(default)]
    pub start: Option<Word>,
}

/// An answer that looks like a success and is none.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    /// A field of the answer that only a refusal has.
    pub field: String,
    /// What must be in its text, whatever the case; anything if not said.
    #[serde(default)]
    pub contains: Option<String>,
    /// What to do about it.
    pub fault: RefusalKind,
    /// For `throttled`: how long to wait.
    #[serde(default = "minute")]
    pub wait_secs: u64,
}

/// What to do about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// Ask again, later each time.
    Retry,
    /// Ask again after `wait_secs`.
    Throttled,
    /// Stop, and name the credentials.
    Unauthorized,
    /// Stop.
    Fatal,
}

/// The name of an event in the schemas, such as `Trade`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventName(pub &'static EventInfo);

impl Default for EventName {
    fn default() -> Self {
        Self(event_kind(KINDS[0]).expect("KINDS are names of the schemas, which a test checks"))
    }
}

impl<'de> Deserialize<'de> for EventName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let kind = event_kind(&name).filter(|kind| KINDS.contains(&kind.name));
        kind.map(Self).ok_or_else(|| D::Error::custom(format!("no item becomes a {name:?}")))
    }
}

impl Serialize for EventName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name)
    }
}

impl JsonSchema for EventName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EventName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "enum": KINDS })
    }
}

/// Feeds that can be read: what a schema cannot say is checked here.
fn checked<'de, D>(deserializer: D) -> Result<BTreeMap<String, FeedSettings>, D::Error>
where
    D: Deserializer<'de>,
{
    let feeds = BTreeMap::<String, FeedSettings>::deserialize(deserializer)?;
    if feeds.is_empty() {
        return Err(D::Error::custom("feeds: name at least one"));
    }
    for (name, feed) in &feeds {
        Plan::new(name, feed).map_err(D::Error::custom)?;
    }
    Ok(feeds)
}

fn minute() -> u64 {
    60
}

fn text() -> String {
    "text".to_owned()
}

fn utc() -> String {
    "UTC".to_owned()
}
