//! Numbers in settings that say their default in their type.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

/// A whole number that is `DEFAULT` where a user does not say another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Number<const DEFAULT: u64>(pub u64);

impl<const DEFAULT: u64> Default for Number<DEFAULT> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<const DEFAULT: u64> JsonSchema for Number<DEFAULT> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        u64::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Settings {
        poll_secs: Number<15>,
    }

    #[test]
    fn what_is_not_said_is_the_default() {
        for (written, expected) in [("{}", 15), (r#"{"poll_secs": 3}"#, 3)] {
            assert_eq!(serde_json::from_str::<Settings>(written).unwrap().poll_secs.0, expected);
        }
        assert!(serde_json::from_str::<Settings>(r#"{"poll_secs": "soon"}"#).is_err());
    }
}
