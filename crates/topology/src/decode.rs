//! From checked JSON to Rust types, for what a schema cannot say.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::node::{Data, Node, Path, Position};

/// What serde did not accept.
pub(crate) struct Refused {
    pub at: Position,
    pub path: Path,
    pub message: String,
}

/// Words of the file that must not be shown, as the check met them.
pub(crate) type Secrets = BTreeSet<String>;

/// Reads `value`, which was made from `node`.
pub(crate) fn decode<T: DeserializeOwned>(
    value: &Value,
    node: &Node,
    path: &Path,
    secrets: &Secrets,
) -> Result<T, Refused> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let mut refused = Refused { at: node.at, path: path.clone(), message: String::new() };
        let mut inner = Some(node);
        for segment in error.path() {
            inner = match (segment, inner) {
                (Segment::Map { key }, Some(node)) => {
                    refused.path = refused.path.child(key);
                    node.get(key)
                }
                (Segment::Seq { index }, Some(node)) => {
                    refused.path = refused.path.index(*index);
                    node.item(*index)
                }
                _ => None,
            };
            match inner {
                Some(node) => refused.at = node.at,
                None => break,
            }
        }
        refused.message = without_secrets(error.inner().to_string(), node, secrets);
        refused
    })
}

/// Serde quotes what it refuses, so every hidden word of the part is cut out of its message.
fn without_secrets(mut message: String, node: &Node, secrets: &Secrets) -> String {
    let mut words = Vec::new();
    collect_hidden(node, secrets, &mut words);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in words {
        let escaped = format!("{word:?}");
        message = message.replace(word, "***").replace(escaped.trim_matches('"'), "***");
    }
    message
}

fn collect_hidden<'n>(node: &'n Node, secrets: &Secrets, words: &mut Vec<&'n str>) {
    match &node.data {
        Data::Scalar(scalar) => {
            let is_hidden = !scalar.variables.is_empty() || secrets.contains(&scalar.text);
            if is_hidden && !scalar.text.is_empty() {
                words.push(&scalar.text);
            }
        }
        Data::List(items) => items.iter().for_each(|item| collect_hidden(item, secrets, words)),
        Data::Map(entries) => {
            entries.iter().for_each(|entry| collect_hidden(&entry.value, secrets, words));
        }
    }
}
