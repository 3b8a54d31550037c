//! The files of a new connector.
//!
//! They lie in `templates/connector/` and read like the code they become: `{{name}}` stands for
//! `bird_counts`, `{{Name}}` for `Bird Counts`, `{{NAME}}` for `BIRD_COUNTS`, and `{{event_id:7}}`
//! for the id of the event that record 7 becomes.

use model::EventId;

use super::Name;

/// How the vendor hands its data over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// A paged list that is polled.
    Rest,
    /// A WebSocket that is followed, with a history to repair it from.
    Stream,
}

impl Kind {
    /// Type of the component.
    pub fn component(self) -> &'static str {
        match self {
            Self::Rest => "Records",
            Self::Stream => "Trades",
        }
    }

    /// The feature that switches it on; its component is `vendor_feature`.
    pub fn feature(self) -> &'static str {
        match self {
            Self::Rest => "records",
            Self::Stream => "trades",
        }
    }

    /// How its records are delivered, as `foliostream list` says it.
    pub fn delivery(self) -> &'static str {
        match self {
            Self::Rest => "exact",
            Self::Stream => "live",
        }
    }

    /// Topics it publishes to.
    pub fn topics(self) -> &'static [&'static str] {
        match self {
            Self::Rest => &["alternative.records"],
            Self::Stream => &["market.trades"],
        }
    }
}

/// One template: where its text goes, and the text.
type Template = (&'static str, &'static str);

/// Lists templates by their path below a kind's folder and the path they are written to.
macro_rules! templates {
    ($kind:literal: $($from:literal => $to:literal;)*) => {
        &[$(($to, include_str!(concat!("../../templates/connector/", $kind, "/", $from)))),*]
    };
}

const REST: &[Template] = templates! { "rest":
    "changelog.md" => "changelog.d/{{slug}}.added.md";
    "connector/Cargo.toml" => "connectors/{{name}}/Cargo.toml";
    "connector/README.md" => "connectors/{{name}}/README.md";
    "connector/examples/page_speed.rs" => "connectors/{{name}}/examples/page_speed.rs";
    "connector/fixtures/SOURCES.md" => "connectors/{{name}}/fixtures/SOURCES.md";
    "connector/fixtures/records.json" => "connectors/{{name}}/fixtures/records.json";
    "connector/golden/records-json.txt" => "connectors/{{name}}/golden/records-json.txt";
    "connector/src/lib.rs" => "connectors/{{name}}/src/lib.rs";
    "connector/src/map.rs" => "connectors/{{name}}/src/map.rs";
    "connector/src/records.rs" => "connectors/{{name}}/src/records.rs";
    "connector/src/settings.rs" => "connectors/{{name}}/src/settings.rs";
    "connector/src/wire.rs" => "connectors/{{name}}/src/wire.rs";
    "connector/tests/conformance.rs" => "connectors/{{name}}/tests/conformance.rs";
    "connector/tests/golden.rs" => "connectors/{{name}}/tests/golden.rs";
    "mock/Cargo.toml" => "mocks/{{name}}/Cargo.toml";
    "mock/README.md" => "mocks/{{name}}/README.md";
    "mock/src/lib.rs" => "mocks/{{name}}/src/lib.rs";
    "mock/src/records.rs" => "mocks/{{name}}/src/records.rs";
    "mock/src/settings.rs" => "mocks/{{name}}/src/settings.rs";
    "mock/tests/records.rs" => "mocks/{{name}}/tests/records.rs";
    "page.md" => "docs/reference/{{name}}_records.md";
};

const STREAM: &[Template] = templates! { "stream":
    "changelog.md" => "changelog.d/{{slug}}.added.md";
    "connector/Cargo.toml" => "connectors/{{name}}/Cargo.toml";
    "connector/README.md" => "connectors/{{name}}/README.md";
    "connector/examples/frame_speed.rs" => "connectors/{{name}}/examples/frame_speed.rs";
    "connector/fixtures/SOURCES.md" => "connectors/{{name}}/fixtures/SOURCES.md";
    "connector/fixtures/frame.json" => "connectors/{{name}}/fixtures/frame.json";
    "connector/fixtures/history.json" => "connectors/{{name}}/fixtures/history.json";
    "connector/golden/frame-json.txt" => "connectors/{{name}}/golden/frame-json.txt";
    "connector/golden/history-json.txt" => "connectors/{{name}}/golden/history-json.txt";
    "connector/src/lib.rs" => "connectors/{{name}}/src/lib.rs";
    "connector/src/map.rs" => "connectors/{{name}}/src/map.rs";
    "connector/src/settings.rs" => "connectors/{{name}}/src/settings.rs";
    "connector/src/trades.rs" => "connectors/{{name}}/src/trades.rs";
    "connector/src/wire.rs" => "connectors/{{name}}/src/wire.rs";
    "connector/tests/conformance.rs" => "connectors/{{name}}/tests/conformance.rs";
    "connector/tests/gaps.rs" => "connectors/{{name}}/tests/gaps.rs";
    "connector/tests/golden.rs" => "connectors/{{name}}/tests/golden.rs";
    "mock/Cargo.toml" => "mocks/{{name}}/Cargo.toml";
    "mock/README.md" => "mocks/{{name}}/README.md";
    "mock/src/history.rs" => "mocks/{{name}}/src/history.rs";
    "mock/src/lib.rs" => "mocks/{{name}}/src/lib.rs";
    "mock/src/settings.rs" => "mocks/{{name}}/src/settings.rs";
    "mock/src/stream.rs" => "mocks/{{name}}/src/stream.rs";
    "mock/src/tape.rs" => "mocks/{{name}}/src/tape.rs";
    "mock/tests/stream.rs" => "mocks/{{name}}/tests/stream.rs";
    "page.md" => "docs/reference/{{name}}_trades.md";
};

/// The files of a connector: path below the root, and text.
pub fn files(kind: Kind, name: &Name) -> Vec<(String, String)> {
    let templates = match kind {
        Kind::Rest => REST,
        Kind::Stream => STREAM,
    };
    let file = |(path, text): &Template| (fill(path, kind, name), fill(text, kind, name));
    templates.iter().map(file).collect()
}

fn fill(text: &str, kind: Kind, name: &Name) -> String {
    let text = text
        .replace("{{name}}", name.snake())
        .replace("{{Name}}", &name.title())
        .replace("{{NAME}}", &name.upper())
        .replace("{{slug}}", &name.slug());
    // Ids of events hold the vendor's name, so no golden file can have them beforehand.
    let mut parts = text.split("{{event_id:");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (id, rest) = part.split_once("}}").unwrap_or((part, ""));
        filled += &EventId::of(&[name.snake(), kind.feature(), id]).to_string();
        filled += rest;
    }
    filled
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn nothing_is_left_to_fill_in() {
        for kind in <Kind as clap::ValueEnum>::value_variants() {
            for (path, text) in files(*kind, &Name::parse("bird_counts").unwrap()) {
                for name in ["{{name", "{{Name", "{{NAME", "{{slug", "{{event_id"] {
                    assert!(!path.contains(name) && !text.contains(name), "{name} in {path}");
                }
            }
        }
    }
}
