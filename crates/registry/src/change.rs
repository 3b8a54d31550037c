//! Changes, planned on the current state: which records to write, and what to answer.
//!
//! A plan is a pure function. It may be made more than once, when another registry has written in
//! between.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::avro::{self, Parsed};
use crate::compatibility::{Roles, can_read};
use crate::level::Level;
use crate::record::{ConfigValue, DeleteValue, Key, ModeValue, Reference, SchemaValue};
use crate::refusal::Refusal;
use crate::state::{AVRO, Content, Mode, Show, State, Version};

/// Longer names are mistakes or attacks; Kafka's own names end at 249.
const MAX_SUBJECT_BYTES: usize = 1024;

/// What to write, and the answer once it is written.
#[derive(Debug)]
pub(crate) struct Plan {
    pub records: Vec<Entry>,
    pub answer: Value,
}

/// One record to write; without a value it removes its key.
#[derive(Debug)]
pub(crate) struct Entry {
    pub key: Key,
    pub value: Option<Value>,
}

/// A schema as a client sends it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewSchema {
    pub schema: String,
    pub schema_type: Option<String>,
    pub references: Option<Vec<Reference>>,
    /// Only in `IMPORT` mode.
    pub id: Option<i32>,
    pub version: Option<i32>,
    pub metadata: Option<Value>,
    pub rule_set: Option<Value>,
}

/// A schema that is valid and knows what it refers to.
#[derive(Debug)]
pub(crate) struct Checked {
    pub content: Content,
    pub parsed: Parsed,
}

impl Plan {
    fn nothing(answer: Value) -> Plan {
        Plan { records: Vec::new(), answer }
    }
}

impl Entry {
    fn put(key: Key, value: impl Serialize) -> Result<Entry, Refusal> {
        let value = serde_json::to_value(value).map_err(Refusal::store)?;
        Ok(Entry { key, value: Some(value) })
    }

    fn remove(key: Key) -> Entry {
        Entry { key, value: None }
    }
}

/// Checks a schema and brings it into its one spelling.
pub(crate) fn checked(state: &State, new: &NewSchema) -> Result<Checked, Refusal> {
    let schema_type = new.schema_type.as_deref().unwrap_or(AVRO);
    if schema_type != AVRO {
        let reason = format!("the type {schema_type} is not supported here; only {AVRO} is");
        return Err(Refusal::invalid_schema(reason));
    }
    for (name, given) in [("metadata", &new.metadata), ("ruleSet", &new.rule_set)] {
        if given.is_some() {
            return Err(Refusal::invalid_schema(format!("{name} is not supported here")));
        }
    }
    let mut references = new.references.clone().unwrap_or_default();
    for reference in &mut references {
        if reference.version == -1 {
            let versions = state.known_versions(&reference.subject, Show::Active);
            let latest = versions.ok().and_then(|versions| Some(versions.last()?.value.version));
            reference.version = latest.unwrap_or(reference.version);
        }
    }
    let texts = state.resolve(&references)?;
    let parsed = Parsed::new(&new.schema, &texts).map_err(Refusal::invalid_schema)?;
    let text = avro::canonical(&new.schema).map_err(Refusal::invalid_schema)?;
    let content = Content { schema_type: schema_type.to_owned(), text: text.into(), references };
    Ok(Checked { content, parsed })
}

/// Adds a version to a subject, unless it has the schema already.
pub(crate) fn register(state: &State, subject: &str, new: &NewSchema) -> Result<Plan, Refusal> {
    if subject.is_empty()
        || subject.len() > MAX_SUBJECT_BYTES
        || subject.chars().any(char::is_control)
    {
        return Err(Refusal::invalid_subject(subject));
    }
    let schema = checked(state, new)?;
    let mode = state.mode(Some(subject));
    if mode == Mode::Import {
        return import(state, subject, new, schema.content);
    }
    let active = state.versions(subject, Show::Active);
    if let Some(same) = active.iter().rev().find(|version| version.content == schema.content) {
        return Ok(Plan::nothing(json!({ "id": same.value.id, "version": same.value.version })));
    }
    must_be_writable(state, subject)?;
    if new.id.is_some_and(|id| id >= 0) {
        return Err(Refusal::not_permitted(format!("Subject '{subject}' is not in import mode")));
    }
    let level = state.level(Some(subject));
    let reasons = incompatibilities(state, &schema.parsed, &against(&active, level), level)?;
    if !reasons.is_empty() {
        let message = format!(
            "Schema being registered is incompatible with an earlier schema for subject \
             \"{subject}\", details: [{}]",
            reasons.join(", ")
        );
        return Err(Refusal::incompatible(message));
    }
    let id = match state.id_of(&schema.content) {
        Some(id) => id,
        None => after(state.highest_id())?,
    };
    add(subject, next_version(state, subject)?, id, schema.content)
}

/// Takes the id and version as given: a copy of another registry.
fn import(
    state: &State,
    subject: &str,
    new: &NewSchema,
    content: Content,
) -> Result<Plan, Refusal> {
    let id = match new.id {
        Some(id) if id > 0 => id,
        _ => return Err(Refusal::not_permitted("in IMPORT mode a schema must bring its id")),
    };
    if let Some(other) = state.with_id(id).find(|version| version.content != content) {
        return Err(Refusal::not_permitted(format!(
            "Overwrite new schema with id {id} is not permitted: subject '{}' version {} has it",
            other.value.subject, other.value.version
        )));
    }
    let version = match new.version {
        Some(version) if version > 0 => version,
        _ => next_version(state, subject)?,
    };
    add(subject, version, id, content)
}

fn add(subject: &str, version: i32, id: i32, content: Content) -> Result<Plan, Refusal> {
    let value = SchemaValue {
        subject: subject.to_owned(),
        version,
        id,
        schema_type: None,
        references: content.references,
        schema: content.text.to_string(),
        deleted: false,
        other: Map::new(),
    };
    let records = vec![Entry::put(Key::schema(subject, version), value)?];
    Ok(Plan { records, answer: json!({ "id": id, "version": version }) })
}

fn next_version(state: &State, subject: &str) -> Result<i32, Refusal> {
    after(state.versions(subject, Show::All).last().map_or(0, |version| version.value.version))
}

fn after(number: i32) -> Result<i32, Refusal> {
    number.checked_add(1).ok_or_else(|| Refusal::store("no number is left"))
}

/// The versions that a new schema must get along with.
pub(crate) fn against<'a>(active: &[&'a Version], level: Level) -> Vec<&'a Version> {
    let newest_first = active.iter().rev().copied();
    match (level, level.is_transitive()) {
        (Level::None, _) => Vec::new(),
        (_, true) => newest_first.collect(),
        (_, false) => newest_first.take(1).collect(),
    }
}

/// Why the schema does not get along with the versions, up to the first that it clashes with.
pub(crate) fn incompatibilities(
    state: &State,
    new: &Parsed,
    versions: &[&Version],
    level: Level,
) -> Result<Vec<String>, Refusal> {
    for version in versions {
        if version.content.schema_type != AVRO {
            return Ok(vec![format!(
                "{{oldSchemaVersion: {}}}, {{description:'The type of the schema has changed'}}",
                version.value.version
            )]);
        }
        let references = state.resolve(&version.value.references)?;
        let old = Parsed::new(&version.value.schema, &references).map_err(|reason| {
            let SchemaValue { subject, version, .. } = &version.value;
            Refusal::store(format!(
                "the schema '{subject}' version {version} is not valid: {reason}"
            ))
        })?;
        let mut reasons = Vec::new();
        if level.reads_old() {
            reasons.extend(can_read(new, &old, Roles { reader: "new", writer: "old" }));
        }
        if level.is_read_by_old() {
            reasons.extend(can_read(&old, new, Roles { reader: "old", writer: "new" }));
        }
        if !reasons.is_empty() {
            let mut said: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            said.push(format!("{{oldSchemaVersion: {}}}", version.value.version));
            said.push(format!("{{oldSchema: '{}'}}", version.value.schema));
            said.push(format!("{{compatibility: '{level}'}}"));
            return Ok(said);
        }
    }
    Ok(Vec::new())
}

/// Deletes all versions of a subject: first softly, then for good.
pub(crate) fn delete_subject(
    state: &State,
    subject: &str,
    permanent: bool,
) -> Result<Plan, Refusal> {
    must_be_writable(state, subject)?;
    let all = state.known_versions(subject, Show::All)?;
    let active = state.versions(subject, Show::Active);
    for version in all.iter().map(|version| version.value.version) {
        must_be_unreferenced(state, subject, version)?;
    }
    let numbers = |versions: &[&Version]| {
        versions.iter().map(|version| version.value.version).collect::<Vec<i32>>()
    };
    if permanent {
        if !active.is_empty() {
            return Err(Refusal::subject_not_deleted(subject));
        }
        let mut records: Vec<Entry> = numbers(&all)
            .into_iter()
            .map(|version| Entry::remove(Key::schema(subject, version)))
            .collect();
        records.push(Entry::remove(Key::delete_subject(subject)));
        return Ok(Plan { records, answer: json!(numbers(&all)) });
    }
    let Some(last) = active.last() else { return Err(Refusal::subject_deleted(subject)) };
    let deleted = DeleteValue { subject: subject.to_owned(), version: last.value.version };
    let mut records = vec![Entry::put(Key::delete_subject(subject), deleted)?];
    if state.config(Some(subject)).is_some() {
        records.push(Entry::remove(Key::config(Some(subject))));
    }
    if state.own_mode(Some(subject)).is_some() {
        records.push(Entry::remove(Key::mode(Some(subject))));
    }
    Ok(Plan { records, answer: json!(numbers(&active)) })
}

/// Deletes one version: first softly, then for good.
pub(crate) fn delete_version(
    state: &State,
    subject: &str,
    version: Option<i32>,
    permanent: bool,
) -> Result<Plan, Refusal> {
    must_be_writable(state, subject)?;
    let found = find_version(state, subject, version, Show::All)?;
    let number = found.value.version;
    must_be_unreferenced(state, subject, number)?;
    let key = Key::schema(subject, number);
    let entry = match (permanent, found.value.deleted) {
        (true, true) => Entry::remove(key),
        (true, false) => return Err(Refusal::version_not_deleted(subject, number)),
        (false, true) => return Err(Refusal::version_deleted(subject, number)),
        (false, false) => Entry::put(key, SchemaValue { deleted: true, ..found.value.clone() })?,
    };
    Ok(Plan { records: vec![entry], answer: json!(number) })
}

/// A version by number, or the latest with `None`.
pub(crate) fn find_version<'a>(
    state: &'a State,
    subject: &str,
    version: Option<i32>,
    show: Show,
) -> Result<&'a Version, Refusal> {
    let versions = state.known_versions(subject, show)?;
    let found = match version {
        Some(number) => versions.iter().find(|version| version.value.version == number),
        None => versions.last(),
    };
    found.copied().ok_or_else(|| Refusal::no_version(version.map_or(-1, i64::from)))
}

/// Sets the level of a subject, or the common one with `None`.
pub(crate) fn set_level(
    state: &State,
    subject: Option<&str>,
    level: Level,
) -> Result<Plan, Refusal> {
    let other = state.config(subject).map(|config| config.other.clone()).unwrap_or_default();
    let value = ConfigValue { compatibility_level: Some(level.to_string()), other };
    let records = vec![Entry::put(Key::config(subject), value)?];
    Ok(Plan { records, answer: json!({ "compatibility": level.to_string() }) })
}

/// Goes back to the level that would hold otherwise, and answers the one that held.
pub(crate) fn unset_level(state: &State, subject: Option<&str>) -> Result<Plan, Refusal> {
    let set = state.config(subject).is_some();
    let records = match subject {
        Some(subject) if !set => return Err(Refusal::no_subject(subject)),
        _ if set => vec![Entry::remove(Key::config(subject))],
        _ => Vec::new(),
    };
    let level = state.level(subject).to_string();
    Ok(Plan { records, answer: json!({ "compatibilityLevel": level }) })
}

/// Sets who may write to a subject, or to all with `None`.
pub(crate) fn set_mode(
    state: &State,
    subject: Option<&str>,
    mode: Mode,
    force: bool,
) -> Result<Plan, Refusal> {
    let is_used = match subject {
        Some(subject) => !state.versions(subject, Show::All).is_empty(),
        None => state.subjects().next().is_some(),
    };
    if mode == Mode::Import && is_used && !force {
        return Err(Refusal::not_permitted(
            "Cannot import since found existing subjects; use force=true to do so nevertheless",
        ));
    }
    let value = ModeValue { mode: mode.name().to_owned() };
    let records = vec![Entry::put(Key::mode(subject), value)?];
    Ok(Plan { records, answer: json!({ "mode": mode.name() }) })
}

/// Goes back to the common mode, and answers the one that held.
pub(crate) fn unset_mode(state: &State, subject: &str) -> Result<Plan, Refusal> {
    let Some(mode) = state.own_mode(Some(subject)) else {
        return Err(Refusal::no_subject(subject));
    };
    let records = vec![Entry::remove(Key::mode(Some(subject)))];
    Ok(Plan { records, answer: json!({ "mode": mode.name() }) })
}

fn must_be_writable(state: &State, subject: &str) -> Result<(), Refusal> {
    if state.mode(Some(subject)).is_read_only() {
        return Err(Refusal::not_permitted(format!("Subject {subject} is in read-only mode")));
    }
    Ok(())
}

fn must_be_unreferenced(state: &State, subject: &str, version: i32) -> Result<(), Refusal> {
    if state.referring(subject, version).is_empty() {
        Ok(())
    } else {
        Err(Refusal::referenced(subject, version))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const INT: &str = "\"int\"";
    const LONG: &str = " {\"type\": \"long\"} ";

    /// A registry in memory, which writes its plans straight into its state.
    struct Registry(State);

    impl Registry {
        fn new(level: Level) -> Registry {
            Registry(State::new(level))
        }

        fn apply(&mut self, plan: Result<Plan, Refusal>) -> Result<Value, u32> {
            let plan = plan.map_err(|refusal| refusal.code)?;
            for Entry { key, value } in plan.records {
                let key = serde_json::to_vec(&key).unwrap();
                let value = value.map(|value| serde_json::to_vec(&value).unwrap());
                self.0.apply(&key, value.as_deref()).unwrap();
            }
            Ok(plan.answer)
        }

        /// The id and version, or the code of the refusal.
        fn register(&mut self, subject: &str, schema: &str) -> Result<(i64, i64), u32> {
            self.register_new(subject, new(schema))
        }

        fn register_new(&mut self, subject: &str, new: NewSchema) -> Result<(i64, i64), u32> {
            let answer = self.apply(register(&self.0, subject, &new))?;
            Ok((answer["id"].as_i64().unwrap(), answer["version"].as_i64().unwrap()))
        }
    }

    fn new(schema: &str) -> NewSchema {
        NewSchema {
            schema: schema.to_owned(),
            schema_type: None,
            references: None,
            id: None,
            version: None,
            metadata: None,
            rule_set: None,
        }
    }

    #[test]
    fn equal_schemas_share_an_id() {
        let mut registry = Registry::new(Level::Backward);
        assert_eq!(registry.register("a", INT), Ok((1, 1)));
        assert_eq!(registry.register("a", LONG), Ok((2, 2)));
        assert_eq!(registry.register("a", "{\"type\":\"int\"}"), Ok((1, 1)));
        assert_eq!(registry.register("b", INT), Ok((1, 1)));
        assert_eq!(registry.register("b", "\"string\""), Err(409));
        assert_eq!(registry.register("b", "\"strin\""), Err(42201));
        assert_eq!(registry.register("", INT), Err(42208));
    }

    #[test]
    fn levels_look_back_as_far_as_they_say() {
        let fields = |names: &[&str]| {
            let fields: Vec<String> =
                names.iter().map(|name| format!(r#"{{"name":"{name}","type":"int"}}"#)).collect();
            format!(r#"{{"type":"record","name":"R","fields":[{}]}}"#, fields.join(","))
        };
        // Dropping a field, adding it again: fits the version before, not the one before that.
        let check = |level, third: Result<(i64, i64), u32>| {
            let mut registry = Registry::new(Level::None);
            registry.register("s", &fields(&["a"])).unwrap();
            registry.register("s", &fields(&["a", "b"])).unwrap();
            let set = set_level(&registry.0, Some("s"), level);
            registry.apply(set).unwrap();
            assert_eq!(registry.register("s", &fields(&["b"])), third, "{level}");
        };
        check(Level::None, Ok((3, 3)));
        check(Level::Backward, Ok((3, 3)));
        check(Level::BackwardTransitive, Err(409));
        check(Level::Forward, Err(409));
        check(Level::Full, Err(409));
    }

    #[test]
    fn deletes_softly_then_for_good() {
        let mut registry = Registry::new(Level::Backward);
        registry.register("s", INT).unwrap();
        registry.register("s", LONG).unwrap();
        let delete = |registry: &mut Registry, version, permanent| {
            let plan = delete_version(&registry.0, "s", version, permanent);
            registry.apply(plan).map(|answer| answer.as_i64().unwrap())
        };
        assert_eq!(delete(&mut registry, Some(9), false), Err(40402));
        assert_eq!(delete(&mut registry, Some(1), true), Err(40407));
        assert_eq!(delete(&mut registry, Some(1), false), Ok(1));
        assert_eq!(delete(&mut registry, Some(1), false), Err(40406));
        assert!(registry.0.with_id(1).next().is_some());
        assert_eq!(delete(&mut registry, Some(1), true), Ok(1));
        assert!(registry.0.with_id(1).next().is_none());

        let delete_all = |registry: &mut Registry, permanent| {
            let plan = delete_subject(&registry.0, "s", permanent);
            registry.apply(plan)
        };
        assert_eq!(delete_all(&mut registry, true), Err(40405));
        assert_eq!(delete_all(&mut registry, false), Ok(json!([2])));
        assert_eq!(delete_all(&mut registry, false), Err(40404));
        // A deleted version keeps its number and its id.
        assert_eq!(registry.register("s", LONG), Ok((2, 3)));
        assert_eq!(delete_all(&mut registry, false), Ok(json!([3])));
        assert_eq!(delete_all(&mut registry, true), Ok(json!([2, 3])));
        assert_eq!(delete_all(&mut registry, true), Err(40401));
    }

    #[test]
    fn references_are_found_kept_and_guarded() {
        let mut registry = Registry::new(Level::Backward);
        let money = r#"{"type":"record","name":"Money","fields":[{"name":"amount","type":"int"}]}"#;
        let fill = r#"{"type":"record","name":"Fill","fields":[{"name":"price","type":"Money"}]}"#;
        let referring = |version| {
            let (name, subject) = ("Money".to_owned(), "money".to_owned());
            let references = Some(vec![Reference { name, subject, version }]);
            NewSchema { references, ..new(fill) }
        };
        registry.register("money", money).unwrap();
        assert_eq!(registry.register("fill", fill), Err(42201));
        assert_eq!(registry.register_new("fill", referring(2)), Err(42201));
        assert_eq!(registry.register_new("fill", referring(-1)), Ok((2, 1)));
        assert_eq!(registry.register_new("fill", referring(1)), Ok((2, 1)));
        for permanent in [false, true] {
            let plan = delete_subject(&registry.0, "money", permanent);
            assert_eq!(registry.apply(plan), Err(42206));
        }
        // A change inside what is referred to is a change.
        registry.register("money", &money.replace("int", "long")).unwrap();
        assert_eq!(registry.register_new("fill", referring(2)), Ok((4, 2)));
        assert_eq!(registry.register_new("old", referring(2)), Ok((4, 1)));
        assert_eq!(registry.register_new("old", referring(1)), Err(409));
    }

    #[test]
    fn modes_guard_writes() {
        let mut registry = Registry::new(Level::Backward);
        registry.register("s", INT).unwrap();
        let set = |registry: &mut Registry, subject, mode, force| {
            let plan = set_mode(&registry.0, subject, mode, force);
            registry.apply(plan).err()
        };
        assert_eq!(set(&mut registry, Some("s"), Mode::ReadOnly, false), None);
        assert_eq!(registry.register("s", INT), Ok((1, 1)));
        assert_eq!(registry.register("s", LONG), Err(42205));
        assert_eq!(set(&mut registry, Some("s"), Mode::Import, false), Some(42205));
        assert_eq!(set(&mut registry, Some("t"), Mode::Import, false), None);
        assert_eq!(registry.register("t", LONG), Err(42205));
        let brought = |id| NewSchema { id: Some(id), version: Some(5), ..new(LONG) };
        assert_eq!(registry.register_new("t", brought(1)), Err(42205));
        assert_eq!(registry.register_new("t", brought(40)), Ok((40, 5)));
        assert_eq!(registry.register_new("u", brought(41)), Err(42205));
        assert_eq!(registry.register("u", "\"string\""), Ok((41, 1)));
    }

    #[test]
    fn what_is_not_supported_is_refused() {
        let mut registry = Registry::new(Level::Backward);
        let json = NewSchema { schema_type: Some("JSON".to_owned()), ..new("{}") };
        assert_eq!(registry.register_new("s", json), Err(42201));
        let rules = NewSchema { rule_set: Some(json!({})), ..new(INT) };
        assert_eq!(registry.register_new("s", rules), Err(42201));
    }
}
