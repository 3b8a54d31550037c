//! A connector's place in every list: pure, sorted, and the same when done twice.

use super::{Kind, Name};

/// Adds a connector to a text; nothing if the text has no such list.
pub type Edit = fn(&str, &Name, Kind) -> Option<String>;

/// The two crates among those of the workspace.
pub fn workspace(text: &str, name: &Name, _: Kind) -> Option<String> {
    let mut text = text.to_owned();
    for (folder, krate) in [("connectors", name.to_string()), ("mocks", format!("{name}_mock"))] {
        let line = format!("{krate} = {{ path = \"{folder}/{name}\" }}");
        let marker = format!("path = \"{folder}/");
        let key = |line: &str| line.contains(&marker).then(|| first_word(line));
        text = insert(&text, &line, krate, key)?;
    }
    Some(text)
}

/// The two crates among those that the binary uses.
pub fn binary(text: &str, name: &Name, _: Kind) -> Option<String> {
    let mut text = text.to_owned();
    for krate in [name.to_string(), format!("{name}_mock")] {
        let line = format!("{krate}.workspace = true");
        let mut is_inside = false;
        let key = |line: &str| {
            if line.starts_with('[') {
                is_inside = line == "[dependencies]";
            }
            (is_inside && line.contains('=')).then(|| first_word(line))
        };
        text = insert(&text, &line, krate, key)?;
    }
    Some(text)
}

/// Its component.
pub fn components(text: &str, name: &Name, kind: Kind) -> Option<String> {
    let (component, feature) = (kind.component(), kind.feature());
    let line = format!("    source {name}::{component} as \"{feature}\";");
    let key = |line: &str| {
        let line = line.trim_start();
        let line = line.strip_prefix("source ").or_else(|| line.strip_prefix("sink "))?;
        let (vendor, component) = line.split_once(" as ")?.0.trim().split_once("::")?;
        Some((vendor.to_owned(), component.to_owned()))
    };
    insert(text, &line, (name.to_string(), component.to_owned()), key)
}

/// Its mock.
pub fn mocks(text: &str, name: &Name, _: Kind) -> Option<String> {
    let line = format!("    \"{name}\" => {name}_mock;");
    let key = |line: &str| {
        let (vendor, krate) = line.trim().strip_suffix("_mock;")?.split_once(" => ")?;
        (vendor == format!("{krate:?}")).then(|| krate.to_owned())
    };
    insert(text, &line, name.to_string(), key)
}

/// Its row in the index of the reference.
pub fn index(text: &str, name: &Name, kind: Kind) -> Option<String> {
    let (feature, delivery) = (kind.feature(), kind.delivery());
    let component = format!("{name}_{feature}");
    let line =
        format!("| [{component}]({component}.md) | {name} | `{feature}` | source | {delivery} |");
    let key = |line: &str| row(line).map(|(_, vendor)| vendor.to_owned());
    insert(text, &line, name.to_string(), key)
}

/// Its name among those that publish to its topics. The index says which vendor a component is of.
pub fn topics(text: &str, index: &str, name: &Name, kind: Kind) -> Option<String> {
    let component = format!("{name}_{}", kind.feature());
    let vendor = |component: &str| {
        let mut rows = index.lines().filter_map(row);
        rows.find(|(other, _)| *other == component).map(|(_, vendor)| vendor)
    };
    let mut text = text.to_owned();
    for topic in kind.topics() {
        let (before, rest) = text.split_once(&format!("\n## {topic}\n"))?;
        let (section, after) = match rest.find("\n## ") {
            Some(end) => rest.split_at(end),
            None => (rest, ""),
        };
        let (head, list) = section.split_once("\nPublished by ")?;
        let (list, tail) = list.split_once(".\n")?;
        let mut links: Vec<&str> = list.split(", ").collect();
        let link = format!("[{component}]({component}.md)");
        if !links.contains(&link.as_str()) {
            let is_before = |link: &&&str| {
                let other = link.trim_start_matches('[').split(']').next().unwrap_or_default();
                vendor(other).is_none_or(|vendor| vendor < name.snake())
            };
            links.insert(links.iter().take_while(is_before).count(), &link);
        }
        let list = links.join(", ");
        text = format!("{before}\n## {topic}\n{head}\nPublished by {list}.\n{tail}{after}");
    }
    Some(text)
}

/// Component and vendor of a row of the index.
fn row(line: &str) -> Option<(&str, &str)> {
    let mut cells = line.strip_prefix("| [")?.split(" | ");
    let component = cells.next()?.split_once(']')?.0;
    let vendor = cells.next()?;
    // The rows of the processors are shorter.
    cells.nth(2).map(|_| (component, vendor))
}

fn first_word(line: &str) -> String {
    line.split([' ', '.', '=']).next().unwrap_or_default().to_owned()
}

/// Puts a line where it belongs among those that have a key, unless it is there. Nothing if no
/// line has one.
fn insert<K: Ord>(
    text: &str,
    line: &str,
    own: K,
    mut key: impl FnMut(&str) -> Option<K>,
) -> Option<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let keys: Vec<Option<K>> = lines.iter().map(|line| key(line)).collect();
    if lines.iter().zip(&keys).any(|(other, key)| key.is_some() && *other == line) {
        return Some(text.to_owned());
    }
    let later = keys.iter().position(|key| key.as_ref().is_some_and(|key| *key > own));
    let last = || keys.iter().rposition(Option::is_some).map(|last| last + 1);
    lines.insert(later.or_else(last)?, line);
    Some(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A text after an edit for each of some names, each made twice.
    fn after(edit: Edit, text: &str, names: &[&str]) -> String {
        let mut text = text.to_owned();
        for name in names {
            let name = Name::parse(name).unwrap();
            text = edit(&text, &name, Kind::Rest).unwrap();
            assert_eq!(edit(&text, &name, Kind::Rest).unwrap(), text, "{name} twice");
        }
        text
    }

    #[test]
    fn crates_of_the_workspace() {
        let text = "[workspace.dependencies]\nmodel = { path = \"crates/model\" }\n\
                    b = { path = \"connectors/b\" }\nb_mock = { path = \"mocks/b\" }\n\
                    track = { path = \"processors/track\" }\n\nanyhow = \"1\"\n";
        let expected = "[workspace.dependencies]\nmodel = { path = \"crates/model\" }\n\
                        a = { path = \"connectors/a\" }\nb = { path = \"connectors/b\" }\n\
                        c = { path = \"connectors/c\" }\na_mock = { path = \"mocks/a\" }\n\
                        b_mock = { path = \"mocks/b\" }\nc_mock = { path = \"mocks/c\" }\n\
                        track = { path = \"processors/track\" }\n\nanyhow = \"1\"\n";
        assert_eq!(after(workspace, text, &["c", "a"]), expected);
    }

    #[test]
    fn crates_of_the_binary() {
        let text = "[package]\nname = \"x\"\n\n[dependencies]\nb.workspace = true\n\
                    serde = { workspace = true }\n\n[dev-dependencies]\nz.workspace = true\n";
        let expected = "[package]\nname = \"x\"\n\n[dependencies]\na.workspace = true\n\
                        a_mock.workspace = true\nb.workspace = true\n\
                        serde = { workspace = true }\ny.workspace = true\n\
                        y_mock.workspace = true\n\n[dev-dependencies]\nz.workspace = true\n";
        assert_eq!(after(binary, text, &["y", "a"]), expected);
    }

    #[test]
    fn components_go_by_vendor_and_type() {
        let text = "components! {\n    source alpha::Zebra as \"z\";\n    \
                    sink   beta::Orders as \"orders\";\n}\n";
        let expected = "components! {\n    source alpha::Zebra as \"z\";\n    \
                        source alpha_b::Records as \"records\";\n    \
                        sink   beta::Orders as \"orders\";\n    \
                        source c::Records as \"records\";\n}\n";
        assert_eq!(after(components, text, &["c", "alpha_b"]), expected);
    }

    #[test]
    fn mocks_go_by_vendor() {
        let text = "mocks! {\n    \"b\" => b_mock;\n}\nmatch x { 1 => y }\n";
        let expected = "mocks! {\n    \"a\" => a_mock;\n    \"b\" => b_mock;\n    \
                        \"c\" => c_mock;\n}\nmatch x { 1 => y }\n";
        assert_eq!(after(mocks, text, &["c", "a"]), expected);
    }

    const INDEX: &str = "| component | vendor | feature | kind | delivery |\n|---|---|---|---|---|\n\
                         | [b_bars](b_bars.md) | b | `bars` | source | exact |\n\
                         | [b_news](b_news.md) | b | `news` | source | exact |\n\n\
                         | processor | folds |\n|---|---|\n| [book](book.md) | `orders.fills` |\n";

    #[test]
    fn the_index_goes_by_vendor() {
        let found = after(index, INDEX, &["c", "a"]);
        let rows: Vec<_> = found.lines().filter_map(row).collect();
        let expected = [("a_records", "a"), ("b_bars", "b"), ("b_news", "b"), ("c_records", "c")];
        assert_eq!(rows, expected);
        assert!(found.ends_with("| [book](book.md) | `orders.fills` |\n"), "{found}");
    }

    #[test]
    fn publishers_go_by_vendor() {
        let text = "# Topics\n\n## alternative.records\n\nA record.\n\n\
                    Published by [b_news](b_news.md).\n\n| field |\n\n## market.bars\n\n\
                    Published by [b_bars](b_bars.md).\n";
        let edit: Edit = |text, name, kind| topics(text, INDEX, name, kind);
        let found = after(edit, text, &["c", "a"]);
        let expected = "Published by [a_records](a_records.md), [b_news](b_news.md), \
                        [c_records](c_records.md).\n";
        assert_eq!(found, text.replace("Published by [b_news](b_news.md).\n", expected));
    }

    #[test]
    fn a_text_without_the_list_is_left_alone() {
        let name = Name::parse("a").unwrap();
        for edit in [workspace, binary, components, mocks, index] {
            assert_eq!(edit("[package]\nname = \"x\"\n", &name, Kind::Rest), None);
        }
        assert_eq!(topics("# Topics\n", "", &name, Kind::Rest), None);
    }
}
