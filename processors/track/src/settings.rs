//! Settings of `track`.

use schemars::JsonSchema;
use serde::Deserialize;

/// There is nothing to choose: what may follow what is the same for every broker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {}
