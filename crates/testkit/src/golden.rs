//! What each fixture must become: `golden/`, rewritten with `UPDATE_GOLDEN=1`.

use std::fmt::Write;
use std::path::PathBuf;

use component::{Bad, Item};
use model::Event;
use serde_json::value::RawValue;

/// Fixtures and goldens of one connector.
///
/// ```text
/// const GOLDEN: Golden =
///     Golden { folder: env!("CARGO_MANIFEST_DIR"), test: include_str!("golden.rs") };
/// ```
pub struct Golden {
    /// The connector's own folder.
    pub folder: &'static str,
    /// Text of the test that reads the fixtures.
    pub test: &'static str,
}

impl Golden {
    fn path(&self, folder: &str, name: &str) -> PathBuf {
        PathBuf::from(self.folder).join(folder).join(name)
    }

    /// The bytes of a fixture.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        let path = self.path("fixtures", name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The text of a fixture.
    pub fn fixture(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Names of all fixtures, in order.
    pub fn fixtures(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("fixtures", "")).expect("there are fixtures");
        let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name != "SOURCES.md").collect();
        names.sort();
        names
    }

    /// Compares what a fixture became, one event a line, with what it must become.
    pub fn check(&self, name: &str, items: &[Item]) {
        self.check_text(name, &lines(items));
    }

    /// The same for what a test has written out in its own way.
    pub fn check_text(&self, name: &str, text: &str) {
        assert!(!text.is_empty(), "{name} became nothing");
        let path = self.path("golden", &(name.replace('.', "-") + ".txt"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::create_dir_all(self.path("golden", "")).expect("a folder can be made here");
            std::fs::write(&path, text).expect("a golden can be written here");
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = text.lines().zip(golden.lines()).find(|(is, must_be)| is != must_be);
        let is_same = differs.is_none() && text.len() == golden.len();
        assert!(is_same, "{}: UPDATE_GOLDEN=1 rewrites it; {differs:#?}", path.display());
    }

    /// Fails when there is a fixture that the test does not name, but for those that something
    /// else reads.
    pub fn assert_all_are_used(&self, elsewhere: &[&str]) {
        let unused = self.fixtures().into_iter().filter(|name| {
            !self.test.contains(name.as_str()) && !elsewhere.contains(&name.as_str())
        });
        let unused: Vec<String> = unused.collect();
        assert!(unused.is_empty(), "nobody reads the fixtures {unused:?}");
    }
}

/// Items, one a line.
pub fn lines(items: &[Item]) -> String {
    let mut text = String::new();
    for item in items {
        // Writing to a text cannot fail.
        let _ = match item {
            Item::Event(event) => {
                let json = serde_json::to_string(event).expect("an event is JSON");
                writeln!(text, "{} {json}", event.info().name)
            }
            Item::Bad { bad, .. } => writeln!(text, "Bad {bad}"),
        };
    }
    text
}

/// What a raw item became.
pub fn item<E: Into<Event>>(raw: &RawValue, event: Result<E, Bad>) -> Item {
    match event {
        Ok(event) => Item::Event(event.into()),
        Err(bad) => Item::Bad { raw: raw.get().as_bytes().to_vec(), bad },
    }
}

/// The raw items of a JSON list, or the one that the JSON is.
pub fn raws(text: &str) -> Vec<&RawValue> {
    let one = || serde_json::from_str(text).map(|one| vec![one]);
    let list = if text.trim_start().starts_with('[') { serde_json::from_str(text) } else { one() };
    list.unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// What the items were understood as; panics when one was not.
pub fn events(items: Vec<Item>) -> Vec<Event> {
    let event = |item| match item {
        Item::Event(event) => event,
        Item::Bad { raw, bad } => panic!("{bad}: {}", String::from_utf8_lossy(&raw)),
    };
    items.into_iter().map(event).collect()
}
