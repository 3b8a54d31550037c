//! `list`: what there is.

use anyhow::Result;
use component::{Feed, Sends};
use runtime::ComponentKind;
use serde_json::{Value, json};

use crate::cli::{Cli, Format, List};
use crate::components::{COMPONENTS, PROCESSORS};
use crate::output;

pub fn run(cli: &Cli, args: &List) -> Result<()> {
    if cli.format == Format::Json {
        return output::json(&all(args.schemas));
    }
    let mut rows = Vec::new();
    for (vendor, feature, entry) in COMPONENTS {
        let (kind, feed) = kind(entry.kind);
        let publishes = entry.publishes.join(" ");
        rows.push(vec![
            entry.name.into(),
            kind.into(),
            feed.into(),
            vendor.to_string(),
            feature.to_string(),
            publishes,
        ]);
    }
    for entry in PROCESSORS {
        let inputs = entry.inputs.join(" ");
        rows.push(vec![
            entry.name.into(),
            "processor".into(),
            "exact".into(),
            String::new(),
            String::new(),
            inputs,
        ]);
    }
    output::table(cli.format, &["name", "kind", "delivery", "vendor", "feature", "topics"], &rows)
}

fn kind(kind: ComponentKind) -> (&'static str, &'static str) {
    match kind {
        ComponentKind::Source(Feed::Exact) => ("source", "exact"),
        ComponentKind::Source(Feed::Live) => ("source", "live"),
        ComponentKind::Sink(Sends::Orders { .. }) => ("sink", "orders"),
        ComponentKind::Sink(Sends::Exports) => ("sink", "exports"),
    }
}

fn all(schemas: bool) -> Value {
    let components = COMPONENTS.iter().map(|(vendor, feature, entry)| {
        let (kind, feed) = kind(entry.kind);
        let mut object = json!({
            "name": entry.name, "kind": kind, "feed": feed, "vendor": vendor,
            "feature": feature, "publishes": entry.publishes,
        });
        if schemas {
            object["settings_schema"] = (entry.settings_schema)().into();
            object["system_schema"] = (entry.system_schema)().into();
        }
        object
    });
    let processors = PROCESSORS.iter().map(|entry| {
        let mut object =
            json!({ "name": entry.name, "inputs": entry.inputs, "globals": entry.globals });
        if schemas {
            object["settings_schema"] = (entry.settings_schema)().into();
        }
        object
    });
    json!({
        "components": components.collect::<Vec<_>>(),
        "processors": processors.collect::<Vec<_>>(),
    })
}
