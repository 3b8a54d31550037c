//! JSON whose objects keep their order: at this vendor the order of an object's members is the only
//! order that a series has.

/// A value to be written.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    /// A number, as it is written.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

const INDENT: &str = "    ";

impl Json {
    pub fn text(text: impl Into<String>) -> Json {
        Json::Text(text.into())
    }

    pub fn object<K: Into<String>>(members: impl IntoIterator<Item = (K, Json)>) -> Json {
        Json::Object(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// Members that are all strings.
    pub fn texts<'a>(members: impl IntoIterator<Item = (&'a str, String)>) -> Json {
        Json::object(members.into_iter().map(|(key, value)| (key, Json::Text(value))))
    }

    /// With the vendor's indentation of four spaces.
    pub fn write(&self) -> String {
        let mut out = String::new();
        self.append(&mut out, 0);
        out
    }

    fn append(&self, out: &mut String, depth: usize) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Number(number) => out.push_str(number),
            Json::Text(text) => quote(out, text),
            Json::List(items) => {
                let items = items.iter().map(|item| (None, item));
                append_all(out, depth, ('[', ']'), items);
            }
            Json::Object(members) => {
                let members = members.iter().map(|(key, value)| (Some(key.as_str()), value));
                append_all(out, depth, ('{', '}'), members);
            }
        }
    }
}

fn append_all<'a>(
    out: &mut String,
    depth: usize,
    (open, close): (char, char),
    items: impl ExactSizeIterator<Item = (Option<&'a str>, &'a Json)>,
) {
    out.push(open);
    let empty = items.len() == 0;
    for (index, (key, value)) in items.enumerate() {
        out.push_str(if index == 0 { "\n" } else { ",\n" });
        out.push_str(&INDENT.repeat(depth + 1));
        if let Some(key) = key {
            quote(out, key);
            out.push_str(": ");
        }
        value.append(out, depth + 1);
    }
    if !empty {
        out.push('\n');
        out.push_str(&INDENT.repeat(depth));
    }
    out.push(close);
}

fn quote(out: &mut String, text: &str) {
    // A string always has a JSON form.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_and_escapes() {
        let json = Json::object([
            ("b", Json::List(vec![Json::Number("1.50".into()), Json::Null])),
            ("a", Json::object([("x", Json::text("say \"hi\"\n"))])),
            ("e", Json::List(Vec::new())),
            ("o", Json::Object(Vec::new())),
        ]);
        let expected = "{\n    \"b\": [\n        1.50,\n        null\n    ],\n    \"a\": {\n        \
                        \"x\": \"say \\\"hi\\\"\\n\"\n    },\n    \"e\": [],\n    \"o\": {}\n}";
        assert_eq!(json.write(), expected);
    }
}
