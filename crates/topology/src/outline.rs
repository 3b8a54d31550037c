//! What a file says, setting by setting, without anything that is secret.

use std::collections::BTreeMap;

use crate::decode::Secrets;
use crate::node::{Data, Node, Path, Scalar};
use crate::security::is_secret_key;

/// What stands for a secret.
const HIDDEN: &str = "***";
/// Characters kept of a value.
const MAX_CHARS: usize = 200;

/// Every setting by its path. `secrets` are the words that the check has found to be some.
pub(crate) fn outline(root: &Node, secrets: &Secrets) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    walk(root, &Path::default(), false, secrets, &mut found);
    found
}

fn walk(
    node: &Node,
    path: &Path,
    is_hidden: bool,
    secrets: &Secrets,
    found: &mut BTreeMap<String, String>,
) {
    match &node.data {
        Data::Scalar(scalar) => {
            found.insert(path.to_string(), shown(scalar, is_hidden, secrets));
        }
        Data::List(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &path.index(index), is_hidden, secrets, found);
            }
        }
        Data::Map(entries) => {
            for entry in entries {
                let is_hidden = is_hidden || is_secret_key(&entry.key);
                walk(&entry.value, &path.child(&entry.key), is_hidden, secrets, found);
            }
        }
    }
}

fn shown(scalar: &Scalar, is_hidden: bool, secrets: &Secrets) -> String {
    if !scalar.variables.is_empty() {
        return format!("from {}", scalar.variables.join(", "));
    }
    match is_hidden || secrets.contains(&scalar.text) {
        true => HIDDEN.to_owned(),
        false => scalar.text.chars().take(MAX_CHARS).collect(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::{Catalogue, parse};

    #[test]
    fn every_setting_is_there_and_no_secret_is() {
        let text = "topics:\n  prefix: ${PREFIX}\n  partitions: { market: 4 }\nschema_registry:\n  \
                    url: https://registry.test\n  username: desk\n  password: hunter2\naudit:\n  \
                    key: secret://audit/key\n";
        let env = |name: &str| match name {
            "PREFIX" => Some("planted-prefix".to_owned()),
            "secret://audit/key" => Some("planted-key".to_owned()),
            _ => None,
        };
        let topology = parse("t.yaml", text, &env, &Catalogue::default()).unwrap();
        let check = |path: &str, value: &str| assert_eq!(topology.outline[path], value, "{path}");
        check("topics.prefix", "from PREFIX");
        check("topics.partitions.market", "4");
        check("schema_registry.username", "desk");
        check("schema_registry.password", "***");
        check("audit.key", "from secret://audit/key");
        assert_eq!(topology.audit.unwrap().key.expose(), "planted-key");
        let all = format!("{:?}", topology.outline);
        assert!(!all.contains("hunter2") && !all.contains("planted"), "{all}");
    }
}
