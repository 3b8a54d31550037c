//! What the topic says, as of the last record that was read.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::avro;
use crate::level::Level;
use crate::record::{ConfigValue, DeleteValue, Key, ModeValue, Reference, SchemaValue};
use crate::refusal::Refusal;

/// The type of a schema whose record names none.
pub(crate) const AVRO: &str = "AVRO";

/// References may refer further; a chain this long is a mistake.
const MAX_REFERENCES: usize = 1000;

/// The registry's contents.
#[derive(Debug)]
pub(crate) struct State {
    subjects: BTreeMap<String, BTreeMap<i32, Version>>,
    /// Which versions carry an id.
    ids: BTreeMap<i32, Vec<(String, i32)>>,
    contents: HashMap<Content, i32>,
    configs: BTreeMap<Option<String>, ConfigValue>,
    modes: BTreeMap<Option<String>, Mode>,
    default_level: Level,
}

/// A version of a subject. A deleted one can still be read by its id.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub value: SchemaValue,
    pub content: Content,
}

/// What makes two schemas the same, in whichever subject: they share one id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Content {
    pub schema_type: String,
    pub text: Arc<str>,
    pub references: Vec<Reference>,
}

/// Who may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    ReadWrite,
    ReadOnly,
    /// Read only, whatever a subject's own mode says.
    ReadOnlyOverride,
    /// Writes bring their own ids and versions.
    Import,
}

/// Whether deleted versions count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    Active,
    All,
    Deleted,
}

impl State {
    pub fn new(default_level: Level) -> State {
        State {
            subjects: BTreeMap::new(),
            ids: BTreeMap::new(),
            contents: HashMap::new(),
            configs: BTreeMap::new(),
            modes: BTreeMap::new(),
            default_level,
        }
    }

    /// Takes in one record. An error says why it was left out.
    pub fn apply(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), serde_json::Error> {
        match serde_json::from_slice(key)? {
            Key::Schema { subject, version, .. } => match parse(value)? {
                Some(value) => self.put_version(value),
                None => self.remove_version(&subject, version),
            },
            Key::Config { subject, .. } => put_or_remove(&mut self.configs, subject, parse(value)?),
            Key::Mode { subject, .. } => {
                let value: Option<ModeValue> = parse(value)?;
                let mode = value.and_then(|value| Mode::named(&value.mode));
                put_or_remove(&mut self.modes, subject, mode);
            }
            Key::DeleteSubject { .. } => {
                if let Some(deleted) = parse(value)? {
                    self.delete_subject(&deleted);
                }
            }
            Key::ClearSubject { subject, .. } => {
                let deleted = self.versions(&subject, Show::Deleted);
                for version in
                    deleted.iter().map(|version| version.value.version).collect::<Vec<_>>()
                {
                    self.remove_version(&subject, version);
                }
            }
            Key::Noop { .. } => {}
        }
        Ok(())
    }

    fn put_version(&mut self, value: SchemaValue) {
        self.remove_version(&value.subject, value.version);
        let content = Content::of(&value);
        // The lowest id wins should another registry have given out two.
        let id = self.contents.entry(content.clone()).or_insert(value.id);
        *id = value.id.min(*id);
        let place = (value.subject.clone(), value.version);
        self.ids.entry(value.id).or_default().push(place);
        let versions = self.subjects.entry(value.subject.clone()).or_default();
        versions.insert(value.version, Version { value, content });
    }

    fn remove_version(&mut self, subject: &str, version: i32) {
        let Some(versions) = self.subjects.get_mut(subject) else { return };
        let Some(removed) = versions.remove(&version) else { return };
        if versions.is_empty() {
            self.subjects.remove(subject);
        }
        let Some(places) = self.ids.get_mut(&removed.value.id) else { return };
        places.retain(|place| *place != (subject.to_owned(), version));
        if places.is_empty() {
            self.ids.remove(&removed.value.id);
            self.contents.remove(&removed.content);
        }
    }

    fn delete_subject(&mut self, deleted: &DeleteValue) {
        let Some(versions) = self.subjects.get_mut(&deleted.subject) else { return };
        for (_, version) in versions.range_mut(..=deleted.version) {
            version.value.deleted = true;
        }
    }

    pub fn subjects(&self) -> impl Iterator<Item = &str> {
        self.subjects.keys().map(String::as_str)
    }

    /// Versions of a subject, oldest first; none if there is no such subject.
    pub fn versions(&self, subject: &str, show: Show) -> Vec<&Version> {
        let versions = self.subjects.get(subject).into_iter().flat_map(BTreeMap::values);
        versions.filter(|version| show.includes(version.value.deleted)).collect()
    }

    /// As `versions`, or the refusal for a subject without any.
    pub fn known_versions(&self, subject: &str, show: Show) -> Result<Vec<&Version>, Refusal> {
        let versions = self.versions(subject, show);
        if versions.is_empty() { Err(Refusal::no_subject(subject)) } else { Ok(versions) }
    }

    pub fn version(&self, subject: &str, version: i32) -> Option<&Version> {
        self.subjects.get(subject)?.get(&version)
    }

    /// Every version that carries this id, deleted ones too.
    pub fn with_id(&self, id: i32) -> impl Iterator<Item = &Version> {
        let places = self.ids.get(&id).into_iter().flatten();
        places.filter_map(|(subject, version)| self.version(subject, *version))
    }

    pub fn id_of(&self, content: &Content) -> Option<i32> {
        self.contents.get(content).copied()
    }

    pub fn highest_id(&self) -> i32 {
        self.ids.last_key_value().map_or(0, |(id, _)| *id)
    }

    /// Active versions that refer to this one.
    pub fn referring(&self, subject: &str, version: i32) -> Vec<&Version> {
        let refers = |value: &SchemaValue| {
            value.references.iter().any(|r| r.subject == subject && r.version == version)
        };
        let all = self.subjects.values().flat_map(BTreeMap::values);
        all.filter(|version| !version.value.deleted && refers(&version.value)).collect()
    }

    /// The texts that references name, and those that these refer to, each once.
    pub fn resolve(&self, references: &[Reference]) -> Result<Vec<String>, Refusal> {
        let mut seen = Vec::new();
        let mut texts = Vec::new();
        let mut left: Vec<&Reference> = references.iter().collect();
        while let Some(reference) = left.pop() {
            let place = (&reference.subject, reference.version);
            if seen.contains(&place) {
                continue;
            }
            if seen.len() == MAX_REFERENCES {
                let reason = format!("it refers to more than {MAX_REFERENCES} schemas");
                return Err(Refusal::invalid_schema(reason));
            }
            seen.push(place);
            let found = self.version(&reference.subject, reference.version).ok_or_else(|| {
                Refusal::invalid_schema(format!(
                    "no schema found for the reference '{}': subject '{}', version {}",
                    reference.name, reference.subject, reference.version
                ))
            })?;
            texts.push(found.value.schema.clone());
            left.extend(&found.value.references);
        }
        Ok(texts)
    }

    /// The settings of a subject, or of all with `None`.
    pub fn config(&self, subject: Option<&str>) -> Option<&ConfigValue> {
        self.configs.get(&subject.map(str::to_owned))
    }

    /// The level that a subject set for itself, or the common one with `None`.
    pub fn own_level(&self, subject: Option<&str>) -> Option<Level> {
        self.config(subject)?.compatibility_level.as_ref()?.parse().ok()
    }

    /// The level in force.
    pub fn level(&self, subject: Option<&str>) -> Level {
        subject
            .and_then(|subject| self.own_level(Some(subject)))
            .or_else(|| self.own_level(None))
            .unwrap_or(self.default_level)
    }

    pub fn own_mode(&self, subject: Option<&str>) -> Option<Mode> {
        self.modes.get(&subject.map(str::to_owned)).copied()
    }

    /// The mode in force.
    pub fn mode(&self, subject: Option<&str>) -> Mode {
        let common = self.own_mode(None).unwrap_or(Mode::ReadWrite);
        match subject.and_then(|subject| self.own_mode(Some(subject))) {
            Some(own) if common != Mode::ReadOnlyOverride => own,
            _ => common,
        }
    }
}

impl Content {
    fn of(value: &SchemaValue) -> Content {
        let schema_type = value.schema_type.clone().unwrap_or_else(|| AVRO.to_owned());
        // Another registry may have stored another spelling.
        let canonical =
            (schema_type == AVRO).then(|| avro::canonical(&value.schema).ok()).flatten();
        let text = canonical.unwrap_or_else(|| value.schema.clone());
        Content { schema_type, text: text.into(), references: value.references.clone() }
    }
}

impl Mode {
    const ALL: [(Mode, &str); 4] = [
        (Mode::ReadWrite, "READWRITE"),
        (Mode::ReadOnly, "READONLY"),
        (Mode::ReadOnlyOverride, "READONLY_OVERRIDE"),
        (Mode::Import, "IMPORT"),
    ];

    pub fn named(name: &str) -> Option<Mode> {
        let named = Mode::ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
        named.map(|(mode, _)| *mode)
    }

    pub fn name(self) -> &'static str {
        Mode::ALL.iter().find(|(mode, _)| *mode == self).map_or("", |(_, name)| name)
    }

    pub fn is_read_only(self) -> bool {
        matches!(self, Mode::ReadOnly | Mode::ReadOnlyOverride)
    }
}

impl Show {
    pub fn includes(self, deleted: bool) -> bool {
        match self {
            Show::Active => !deleted,
            Show::All => true,
            Show::Deleted => deleted,
        }
    }
}

fn parse<T: DeserializeOwned>(value: Option<&[u8]>) -> Result<Option<T>, serde_json::Error> {
    value.map(serde_json::from_slice).transpose()
}

fn put_or_remove<T>(
    map: &mut BTreeMap<Option<String>, T>,
    subject: Option<String>,
    value: Option<T>,
) {
    match value {
        Some(value) => map.insert(subject, value),
        None => map.remove(&subject),
    };
}
