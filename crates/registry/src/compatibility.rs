//! Whether data written with one schema can be read with another: Avro's schema resolution.
//!
//! apache-avro has such a check, but it takes a name for a mismatch with its definition, never
//! looks inside names that another subject defines, and ignores aliases of types (0.22).

use std::collections::HashMap;
use std::fmt;

use apache_avro::Schema;
use apache_avro::schema::{
    DecimalSchema, EnumSchema, FixedSchema, InnerDecimalSchema, Name, RecordSchema, UnionSchema,
    UuidSchema,
};

use crate::avro::Parsed;

/// One reason why the reader cannot read the writer's data, in the words of Avro's Java library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Incompatibility {
    kind: &'static str,
    description: String,
    detail: String,
}

impl fmt::Display for Incompatibility {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Incompatibility { kind, description, detail } = self;
        write!(
            out,
            "{{errorType:'{kind}', description:'{description}', additionalInfo:'{detail}'}}"
        )
    }
}

/// What the two schemas are called in descriptions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Roles {
    pub reader: &'static str,
    pub writer: &'static str,
}

/// Every reason why `reader` cannot read all that `writer` writes; none if it can.
pub(crate) fn can_read(reader: &Parsed, writer: &Parsed, roles: Roles) -> Vec<Incompatibility> {
    let mut check = Check {
        readers: reader.names(),
        writers: writer.names(),
        roles,
        verdicts: HashMap::new(),
        assumed: Vec::new(),
        found: Vec::new(),
    };
    check.compare(&reader.root, &writer.root, "");
    check.found
}

/// Full names of a reader's and a writer's type.
type Pair = (String, String);

struct Check<'a> {
    readers: HashMap<String, &'a Schema>,
    writers: HashMap<String, &'a Schema>,
    roles: Roles,
    /// Pairs of named types, and the first reason against each. A pair that is being compared
    /// further out has none yet, so that a recursive type ends.
    verdicts: HashMap<Pair, Option<Incompatibility>>,
    /// The pairs without a reason, oldest first.
    assumed: Vec<Pair>,
    found: Vec<Incompatibility>,
}

/// A schema without its logical type, which resolution looks through.
enum Shape<'a> {
    Primitive(&'static str),
    Fixed(&'a FixedSchema),
    Enum(&'a EnumSchema),
    Record(&'a RecordSchema),
    Array(&'a Schema),
    Map(&'a Schema),
    Union(&'a UnionSchema),
    /// A name without a definition, which parsing does not let through.
    Unknown(&'a Name),
}

impl<'a> Check<'a> {
    /// Whether the reader can read the writer's data. Every reason against it is added to `found`.
    fn compare(&mut self, reader: &'a Schema, writer: &'a Schema, path: &str) -> bool {
        let reader = resolved(reader, &self.readers);
        let writer = resolved(writer, &self.writers);
        let Some(pair) = pair(reader, writer) else {
            return self.compare_shapes(reader, writer, path);
        };
        if let Some(verdict) = self.verdicts.get(&pair) {
            self.found.extend(verdict.clone());
            return verdict.is_none();
        }
        let (found_before, assumed_before) = (self.found.len(), self.assumed.len());
        self.verdicts.insert(pair.clone(), None);
        self.assumed.push(pair.clone());
        let compatible = self.compare_shapes(reader, writer, path);
        if !compatible {
            // What was found compatible meanwhile may have relied on this pair.
            for relying in self.assumed.drain(assumed_before..) {
                self.verdicts.remove(&relying);
            }
            self.verdicts.insert(pair, self.found.get(found_before).cloned());
        }
        compatible
    }

    fn compare_shapes(&mut self, reader: &'a Schema, writer: &'a Schema, path: &str) -> bool {
        if let (Schema::Decimal(reader), Schema::Decimal(writer)) = (reader, writer)
            && (reader.precision, reader.scale) != (writer.precision, writer.scale)
        {
            return self.decimals_differ(reader, writer, path);
        }
        match (shape(reader), shape(writer)) {
            (Shape::Union(readers), Shape::Union(writers)) => {
                let mut all = true;
                for branch in writers.variants() {
                    all &= self.some_branch(readers, branch, path);
                }
                all
            }
            (_, Shape::Union(writers)) => {
                let mut all = true;
                for branch in writers.variants() {
                    all &= self.compare(reader, branch, path);
                }
                all
            }
            (Shape::Union(readers), _) => self.some_branch(readers, writer, path),
            (Shape::Record(reader), Shape::Record(writer)) => self.records(reader, writer, path),
            (Shape::Enum(reader), Shape::Enum(writer)) => self.enums(reader, writer, path),
            (Shape::Fixed(reader), Shape::Fixed(writer)) => self.fixeds(reader, writer, path),
            (Shape::Array(reader), Shape::Array(writer)) => {
                self.compare(reader, writer, &format!("{path}/items"))
            }
            (Shape::Map(reader), Shape::Map(writer)) => {
                self.compare(reader, writer, &format!("{path}/values"))
            }
            (Shape::Primitive(reader), Shape::Primitive(writer)) if promotes(writer, reader) => {
                true
            }
            (reader, writer) => self.types_differ(&reader, &writer, path),
        }
    }

    /// Whether one of the reader's branches reads all that the writer writes.
    fn some_branch(&mut self, readers: &'a UnionSchema, writer: &'a Schema, path: &str) -> bool {
        let before = self.found.len();
        for branch in readers.variants() {
            if self.compare(branch, writer, path) {
                self.found.truncate(before);
                return true;
            }
        }
        // Why each single branch does not fit would be noise.
        self.found.truncate(before);
        let kind = describe(&shape(resolved(writer, &self.writers)));
        let description = format!(
            "The {} schema is missing a type inside a union field at path '{}' in the {} schema",
            self.roles.reader,
            at(path),
            self.roles.writer
        );
        self.find(
            "MISSING_UNION_BRANCH",
            description,
            format!("reader union lacking writer type: {kind}"),
        )
    }

    fn records(&mut self, reader: &'a RecordSchema, writer: &'a RecordSchema, path: &str) -> bool {
        let mut all = self.names(&reader.name, reader.aliases.as_deref(), &writer.name, path);
        for (position, field) in reader.fields.iter().enumerate() {
            let path = format!("{path}/fields/{position}");
            let names = std::iter::once(&field.name).chain(&field.aliases);
            let written = names
                .filter_map(|name| writer.fields.iter().find(|written| written.name == *name))
                .next();
            match written {
                Some(written) => {
                    all &= self.compare(&field.schema, &written.schema, &format!("{path}/type"));
                }
                None if field.default.is_some() => {}
                None => all = self.no_default(&field.name, &path),
            }
        }
        all
    }

    fn enums(&mut self, reader: &EnumSchema, writer: &EnumSchema, path: &str) -> bool {
        let named = self.names(&reader.name, reader.aliases.as_deref(), &writer.name, path);
        let missing: Vec<&str> = writer
            .symbols
            .iter()
            .filter(|symbol| !reader.symbols.contains(symbol))
            .map(String::as_str)
            .collect();
        if missing.is_empty() || reader.default.is_some() {
            return named;
        }
        let description = format!(
            "The {} schema is missing enum symbols '[{}]' at path '{path}/symbols' in the {} schema",
            self.roles.reader,
            missing.join(", "),
            self.roles.writer
        );
        self.find("MISSING_ENUM_SYMBOLS", description, format!("[{}]", missing.join(", ")))
    }

    fn fixeds(&mut self, reader: &FixedSchema, writer: &FixedSchema, path: &str) -> bool {
        let named = self.names(&reader.name, reader.aliases.as_deref(), &writer.name, path);
        if reader.size == writer.size {
            return named;
        }
        let description = format!(
            "The size of FIXED type field at path '{path}/size' in the {} schema does not match \
             with the {} schema",
            self.roles.reader, self.roles.writer
        );
        let detail = format!("expected: {}, found: {}", writer.size, reader.size);
        self.find("FIXED_SIZE_MISMATCH", description, detail)
    }

    /// Namespaces may differ; a reader may name the writer's type among its aliases.
    fn names(
        &mut self,
        reader: &Name,
        aliases: Option<&[apache_avro::schema::Alias]>,
        writer: &Name,
        path: &str,
    ) -> bool {
        let full = writer.fullname(None);
        let is_alias =
            aliases.unwrap_or_default().iter().any(|a| a.fullname(reader.namespace()) == full);
        if reader.name() == writer.name() || is_alias {
            return true;
        }
        let description = format!(
            "The name of the schema has changed (path '{path}/name') from the {} schema to the {} \
             schema",
            self.roles.writer, self.roles.reader
        );
        self.find("NAME_MISMATCH", description, format!("expected: {full}"))
    }

    fn no_default(&mut self, field: &str, path: &str) -> bool {
        let description = format!(
            "The field '{field}' at path '{path}' in the {} schema has no default value and is \
             missing in the {} schema",
            self.roles.reader, self.roles.writer
        );
        self.find("READER_FIELD_MISSING_DEFAULT_VALUE", description, field.to_owned())
    }

    fn types_differ(&mut self, reader: &Shape<'_>, writer: &Shape<'_>, path: &str) -> bool {
        let description = format!(
            "The type (path '{}') of a field in the {} schema does not match with the {} schema",
            at(path),
            self.roles.reader,
            self.roles.writer
        );
        let (reader, writer) = (describe(reader), describe(writer));
        let detail = format!("reader type: {reader} not compatible with writer type: {writer}");
        self.find("TYPE_MISMATCH", description, detail)
    }

    /// The specification lets decimals match only if they agree; the unscaled bytes would be read
    /// as another amount of money.
    fn decimals_differ(
        &mut self,
        reader: &DecimalSchema,
        writer: &DecimalSchema,
        path: &str,
    ) -> bool {
        let description = format!(
            "The precision or scale of a decimal (path '{}') in the {} schema does not match with \
             the {} schema",
            at(path),
            self.roles.reader,
            self.roles.writer
        );
        let detail = format!(
            "reader decimal({},{}), writer decimal({},{})",
            reader.precision, reader.scale, writer.precision, writer.scale
        );
        self.find("TYPE_MISMATCH", description, detail)
    }

    fn find(&mut self, kind: &'static str, description: String, detail: String) -> bool {
        self.found.push(Incompatibility { kind, description, detail });
        false
    }
}

/// The definition of a name. As in Java, a name that its namespace lacks may have no namespace.
fn resolved<'a>(schema: &'a Schema, names: &HashMap<String, &'a Schema>) -> &'a Schema {
    let Schema::Ref { name } = schema else { return schema };
    let found = names.get(&name.fullname(None)).or_else(|| names.get(name.name()));
    found.copied().unwrap_or(schema)
}

fn pair(reader: &Schema, writer: &Schema) -> Option<Pair> {
    Some((reader.name()?.fullname(None), writer.name()?.fullname(None)))
}

fn shape(schema: &Schema) -> Shape<'_> {
    match schema {
        Schema::Null => Shape::Primitive("null"),
        Schema::Boolean => Shape::Primitive("boolean"),
        Schema::Int | Schema::Date | Schema::TimeMillis => Shape::Primitive("int"),
        Schema::Long
        | Schema::TimeMicros
        | Schema::TimestampMillis
        | Schema::TimestampMicros
        | Schema::TimestampNanos
        | Schema::LocalTimestampMillis
        | Schema::LocalTimestampMicros
        | Schema::LocalTimestampNanos => Shape::Primitive("long"),
        Schema::Float => Shape::Primitive("float"),
        Schema::Double => Shape::Primitive("double"),
        Schema::Bytes | Schema::BigDecimal | Schema::Uuid(UuidSchema::Bytes) => {
            Shape::Primitive("bytes")
        }
        Schema::String | Schema::Uuid(UuidSchema::String) => Shape::Primitive("string"),
        Schema::Decimal(decimal) => match &decimal.inner {
            InnerDecimalSchema::Bytes => Shape::Primitive("bytes"),
            InnerDecimalSchema::Fixed(fixed) => Shape::Fixed(fixed),
        },
        Schema::Uuid(UuidSchema::Fixed(fixed)) | Schema::Duration(fixed) | Schema::Fixed(fixed) => {
            Shape::Fixed(fixed)
        }
        Schema::Enum(symbols) => Shape::Enum(symbols),
        Schema::Record(record) => Shape::Record(record),
        Schema::Array(array) => Shape::Array(&array.items),
        Schema::Map(map) => Shape::Map(&map.types),
        Schema::Union(union) => Shape::Union(union),
        Schema::Ref { name } => Shape::Unknown(name),
    }
}

fn describe(shape: &Shape<'_>) -> String {
    match shape {
        Shape::Primitive(name) => name.to_uppercase(),
        Shape::Fixed(_) => "FIXED".to_owned(),
        Shape::Enum(_) => "ENUM".to_owned(),
        Shape::Record(_) => "RECORD".to_owned(),
        Shape::Array(_) => "ARRAY".to_owned(),
        Shape::Map(_) => "MAP".to_owned(),
        Shape::Union(_) => "UNION".to_owned(),
        Shape::Unknown(name) => name.fullname(None),
    }
}

/// Avro specification, "Schema Resolution".
fn promotes(writer: &str, reader: &str) -> bool {
    match writer {
        "int" => matches!(reader, "int" | "long" | "float" | "double"),
        "long" => matches!(reader, "long" | "float" | "double"),
        "float" => matches!(reader, "float" | "double"),
        "string" | "bytes" => matches!(reader, "string" | "bytes"),
        same => same == reader,
    }
}

fn at(path: &str) -> &str {
    if path.is_empty() { "/" } else { path }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const ROLES: Roles = Roles { reader: "new", writer: "old" };

    /// `expected` is empty, or the kinds of mismatch.
    fn check(reader: &str, writer: &str, expected: &[&str]) {
        check_with(reader, &[], writer, &[], expected);
    }

    fn check_with(
        reader: &str,
        reader_references: &[String],
        writer: &str,
        writer_references: &[String],
        expected: &[&str],
    ) {
        let parsed = Parsed::new(reader, reader_references).unwrap();
        let found = can_read(&parsed, &Parsed::new(writer, writer_references).unwrap(), ROLES);
        let kinds: Vec<_> = found.iter().map(|reason| reason.kind).collect();
        assert_eq!(kinds, expected, "{reader} reading {writer}: {found:#?}");
    }

    fn record(fields: &str) -> String {
        format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#)
    }

    #[test]
    fn promotions() {
        const NAMES: [&str; 8] =
            ["null", "boolean", "int", "long", "float", "double", "bytes", "string"];
        const ALLOWED: [(&str, &str); 8] = [
            ("int", "long"),
            ("int", "float"),
            ("int", "double"),
            ("long", "float"),
            ("long", "double"),
            ("float", "double"),
            ("bytes", "string"),
            ("string", "bytes"),
        ];
        for writer in NAMES {
            for reader in NAMES {
                let fits = writer == reader || ALLOWED.contains(&(writer, reader));
                let expected: &[&str] = if fits { &[] } else { &["TYPE_MISMATCH"] };
                check(&format!("\"{reader}\""), &format!("\"{writer}\""), expected);
            }
        }
    }

    #[test]
    fn fields() {
        let a = record(r#"{"name":"a","type":"int"}"#);
        let a_b = record(r#"{"name":"a","type":"int"},{"name":"b","type":"int"}"#);
        let a_default =
            record(r#"{"name":"a","type":"int"},{"name":"b","type":"int","default":0}"#);
        let null = record(
            r#"{"name":"a","type":"int"},{"name":"b","type":["null","int"],"default":null}"#,
        );
        let renamed = record(r#"{"name":"z","aliases":["a"],"type":"long"}"#);
        check(&a, &a_b, &[]);
        check(&a_b, &a, &["READER_FIELD_MISSING_DEFAULT_VALUE"]);
        check(&a_default, &a, &[]);
        check(&null, &a, &[]);
        check(&renamed, &a, &[]);
        check(&a, &renamed, &["READER_FIELD_MISSING_DEFAULT_VALUE"]);
        check(&record(r#"{"name":"a","type":"string"}"#), &a, &["TYPE_MISMATCH"]);
    }

    #[test]
    fn unions() {
        check(r#"["null","int"]"#, r#""int""#, &[]);
        check(r#"["null","long"]"#, r#"["int","null"]"#, &[]);
        check(r#""int""#, r#"["int"]"#, &[]);
        check(r#""int""#, r#"["null","int"]"#, &["TYPE_MISMATCH"]);
        check(r#"["null","int"]"#, r#"["null","int","string"]"#, &["MISSING_UNION_BRANCH"]);
        check(r#"["null","int"]"#, r#""string""#, &["MISSING_UNION_BRANCH"]);
        check(r#""double""#, r#"["int","float"]"#, &[]);
    }

    #[test]
    fn enums() {
        let symbols = |list: &str, default: &str| {
            format!(r#"{{"type":"enum","name":"E","symbols":[{list}]{default}}}"#)
        };
        let (ab, abc) = (symbols(r#""A","B""#, ""), symbols(r#""A","B","C""#, ""));
        check(&abc, &ab, &[]);
        check(&ab, &abc, &["MISSING_ENUM_SYMBOLS"]);
        check(&symbols(r#""A","B""#, r#","default":"A""#), &abc, &[]);
        check(r#"{"type":"enum","name":"F","symbols":["A","B"]}"#, &ab, &["NAME_MISMATCH"]);
        check(r#"{"type":"enum","name":"F","aliases":["E"],"symbols":["A","B"]}"#, &ab, &[]);
    }

    #[test]
    fn names_and_sizes() {
        let fixed =
            |name: &str, size: u32| format!(r#"{{"type":"fixed","name":"{name}","size":{size}}}"#);
        check(&fixed("a.F", 4), &fixed("b.F", 4), &[]);
        check(&fixed("F", 4), &fixed("F", 8), &["FIXED_SIZE_MISMATCH"]);
        check(&fixed("F", 4), &fixed("G", 4), &["NAME_MISMATCH"]);
        check(&fixed("F", 4), r#""bytes""#, &["TYPE_MISMATCH"]);
    }

    #[test]
    fn logical_types() {
        let decimal = |precision: u32, scale: u32| {
            format!(
                r#"{{"type":"bytes","logicalType":"decimal","precision":{precision},"scale":{scale}}}"#
            )
        };
        check(&decimal(38, 18), &decimal(38, 18), &[]);
        check(&decimal(38, 10), &decimal(38, 18), &["TYPE_MISMATCH"]);
        check(&decimal(38, 10), r#""bytes""#, &[]);
        check(r#"{"type":"long","logicalType":"timestamp-nanos"}"#, r#""int""#, &[]);
        check(r#"{"type":"string","logicalType":"uuid"}"#, r#""string""#, &[]);
    }

    #[test]
    fn containers() {
        check(r#"{"type":"array","items":"long"}"#, r#"{"type":"array","items":"int"}"#, &[]);
        check(
            r#"{"type":"map","values":"int"}"#,
            r#"{"type":"map","values":"long"}"#,
            &["TYPE_MISMATCH"],
        );
        check(
            r#"{"type":"map","values":"int"}"#,
            r#"{"type":"array","items":"int"}"#,
            &["TYPE_MISMATCH"],
        );
    }

    #[test]
    fn recursive_types_end() {
        let list = |of: &str| {
            record(&format!(
                r#"{{"name":"head","type":"{of}"}},{{"name":"tail","type":["null","R"]}}"#
            ))
        };
        check(&list("long"), &list("int"), &[]);
        check(&list("int"), &list("long"), &["TYPE_MISMATCH"]);
    }

    #[test]
    fn a_mismatch_inside_a_union_is_not_forgotten() {
        // The first field may read nothing but null, the second must read the record.
        let (inner, other) = (record(r#"{"name":"a","type":"int"}"#), record(""));
        let outer = |inner: &str| {
            format!(
                r#"{{"type":"record","name":"O","fields":[
                    {{"name":"x","type":["null",{inner}]}},{{"name":"y","type":"R"}}]}}"#
            )
        };
        const KINDS: [&str; 2] = ["MISSING_UNION_BRANCH", "READER_FIELD_MISSING_DEFAULT_VALUE"];
        check(&outer(&inner), &outer(&other), &KINDS);
    }

    #[test]
    fn definitions_and_references_are_the_same() {
        let money = r#"{"type":"record","name":"Money","fields":[{"name":"amount","type":"int"}]}"#;
        let long = money.replace("int", "long");
        let inline = record(&format!(r#"{{"name":"m","type":{money}}}"#));
        let referring = record(r#"{"name":"m","type":"Money"}"#);
        let twice = record(&format!(
            r#"{{"name":"n","type":["null",{money}],"default":null}},{{"name":"m","type":"Money"}}"#
        ));
        check_with(&referring, &[money.to_owned()], &inline, &[], &[]);
        check_with(&twice, &[], &referring, &[money.to_owned()], &[]);
        check_with(&referring, &[money.to_owned()], &referring, &[long], &["TYPE_MISMATCH"]);
    }

    /// `golden/SOURCES.md` says where the answers come from.
    #[test]
    fn agrees_with_java() {
        for line in include_str!("../golden/avro_java.jsonl").lines() {
            let pair: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| pair[key].as_str().unwrap();
            let reader = Parsed::new(text("reader"), &[]).unwrap();
            let writer = Parsed::new(text("writer"), &[]).unwrap();
            let found = can_read(&reader, &writer, ROLES);
            assert_eq!(found.is_empty(), pair["compatible"], "{line}\n{found:#?}");
            let canonical = crate::avro::canonical(text("reader")).unwrap();
            assert_eq!(canonical, text("canonical"));
            assert_eq!(crate::avro::canonical(&canonical).unwrap(), canonical);
        }
    }

    #[test]
    fn says_why() {
        let found = can_read(
            &Parsed::new(&record(r#"{"name":"b","type":"int"}"#), &[]).unwrap(),
            &Parsed::new(&record(""), &[]).unwrap(),
            ROLES,
        );
        assert_eq!(
            found[0].to_string(),
            "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'b' at path \
             '/fields/0' in the new schema has no default value and is missing in the old \
             schema', additionalInfo:'b'}"
        );
    }
}
