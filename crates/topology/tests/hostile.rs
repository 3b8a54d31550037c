//! Files that mean harm, or are no topology at all, give one clear problem and never a panic.

#![allow(clippy::unwrap_used)]

mod common;

use std::fmt::Write as _;

use common::{catalogue, check, env, read};
use proptest::prelude::*;
use topology::load;

/// Checks that the one problem starts so.
fn check_first(text: &str, start: &str) {
    let problems = read(text).unwrap_err();
    let first = problems.0.last().unwrap().to_string();
    assert!(first.starts_with(start), "{first}");
}

#[test]
fn a_billion_laughs_are_not_laughed() {
    let mut text = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for (last, next) in ('a'..'j').zip('b'..='j') {
        let repeated = vec![format!("*{last}"); 9].join(", ");
        writeln!(text, "{next}: &{next} [{repeated}]").unwrap();
    }
    check_first(&text, "t.yaml:6:");
    check_first(
        &format!("a: &a '{}'\nb: [{}]\n", "x".repeat(500_000), vec!["*a"; 1000].join(", ")),
        "t.yaml:2:29: b[6]: the file is too large with its aliases written out",
    );
}

#[test]
fn aliases_stand_for_their_values() {
    check(
        "systems:\n  one: &one\n    connector: alpha_vantage\n    connection: {}\n    \
         authentication: {}\n  two: *one\n",
        &[],
    );
    check_first("systems: &a { b: *a }\n", "t.yaml:1:18: systems.b: the alias stands inside");
    check_first(
        "a: *b\n",
        "t.yaml:1:4: a: cannot read this as YAML: while parsing node, found unknown anchor",
    );
    check_first("a: &a {}\nb: { <<: *a }\n", "t.yaml:2:6: b: merging with \"<<\" is not supported");
}

#[test]
fn deep_nesting_is_refused() {
    check_first(&"[".repeat(100_000), "t.yaml:1:256: cannot read this as YAML: recursion limit");
    check_first(
        &"{a: ".repeat(100_000),
        "t.yaml:1:1021: cannot read this as YAML: recursion limit",
    );
    check_first(&"- ".repeat(100_000), "t.yaml:1:129: [0][0]");
    check_first(&"? ".repeat(100_000), "t.yaml:1:3: a key must be a word");
    let chained: String = (0..100).fold("a0: &a0 [x]\n".to_owned(), |text, level| {
        format!("{text}a{0}: &a{0} [*a{level}]\n", level + 1)
    });
    check_first(&chained, "t.yaml:64:");
}

#[test]
fn what_is_no_text_is_refused() {
    check_first("systems: {}\0", "t.yaml:1:12: the control character '\\0' is not allowed");
    check_first("a:\n  \u{1b}[31m", "t.yaml:2:3: the control character '\\u{1b}' is not allowed");
    check_first(
        &"a".repeat(5_000_000),
        "t.yaml: the file has 5000000 bytes, more than the 1048576",
    );
    check_first("systems:\n\tacme: true\n", "t.yaml:2:2: systems: cannot read this as YAML");
    check_first("", "t.yaml:1:1: the file is empty");
    check_first("# nothing\n", "t.yaml:1:1: the file is empty");
    check_first("[]", "t.yaml:1:1: expected a mapping that starts with \"systems:\", found a list");
    check_first(
        "hunter2",
        "t.yaml:1:1: expected a mapping that starts with \"systems:\", found a string",
    );
    check_first("systems: {}\n---\nsystems: {}\n", "t.yaml:2:1: a second document starts here");
    check_first("systems: !!map {}\n", "t.yaml:1:10: systems: tags (words that start with \"!\")");
    check_first("systems: { a: ${A} }\n", "t.yaml:1:");
    check_first("? [a]\n: b\n", "t.yaml:1:3: a key must be a word");
}

#[test]
fn keys_given_twice_are_refused() {
    check(
        "systems:\n  one: { connector: alpha_vantage, connector: acme, connection: {}, \
         authentication: {} }\n  one: {}\nsystems: {}\n",
        &[
            "t.yaml:2:36: systems.one: the key \"connector\" is given twice, first at line 2",
            "t.yaml:3:3: systems: the key \"one\" is given twice, first at line 2",
            "t.yaml:4:1: the key \"systems\" is given twice, first at line 1",
        ],
    );
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let check = |bytes: Option<&[u8]>, end: &str| {
        let path = folder.path().join("topology.yaml");
        if let Some(bytes) = bytes {
            std::fs::write(&path, bytes).unwrap();
        }
        let problems = load(&path, &env, &catalogue()).unwrap_err().to_string();
        assert!(problems.starts_with(&path.display().to_string()), "{problems}");
        assert!(problems.contains(end), "{problems}");
    };
    check(None, ": cannot read: No such file or directory");
    check(Some(b"systems: {}\n# \xe9\xff"), ":2:3: the file is not UTF-8 from here on");
    check(Some(&[b' '; 2_000_000]), ": the file is larger than the 1048576 bytes allowed");
    let problems = load(folder.path(), &env, &catalogue()).unwrap_err().to_string();
    assert!(problems.contains("cannot read: Is a directory"), "{problems}");
}

#[test]
fn a_mountain_of_mistakes_is_counted() {
    let check = |text: &str, last: &str| {
        let problems = read(text).unwrap_err();
        assert_eq!(problems.0.len(), 201);
        assert_eq!(problems.0[200].to_string(), format!("t.yaml: {last}; fix these first"));
    };
    let lines = |line: &dyn Fn(usize) -> String, count: usize| (0..count).map(line).collect();
    let keys: String = lines(&|n| format!("k{n}: 1\n"), 20_000);
    check(&keys, "19800 more problems");
    let fields: String = lines(&|n| format!("  k{n}: 1\n"), 20_000);
    check(&format!("topics:\n{fields}"), "19800 more problems");
    let same: String = lines(&|_| "a: 1\n".to_owned(), 20_000);
    check(&same, "19800 more problems");
    let values: String = lines(&|n| format!("  k{n}: x\n"), 20_000);
    check(&format!("topics:\n partitions:\n{values}"), "39800 more problems");
    let systems: String = lines(&|n| format!("  s{n}: {{}}\n"), 6_000);
    let accounts: String =
        lines(&|n| format!("  a{n}: {{ system: t{n}, broker_account: b }}\n"), 6_000);
    check(&format!("systems:\n{systems}accounts:\n{accounts}"), "11800 more problems");
}

#[test]
fn byte_order_mark_crlf_and_tabs_in_json_are_read() {
    check(
        "\u{feff}systems:\r\n  alpha_vantage:\r\n    connection: {}\r\n    authentication: {}\r\n",
        &[],
    );
    check("{\n\t\"topics\": {\n\t\t\"prefix\": \"paper.\"\n\t}\n}\n", &[]);
    check("{\"topics\":{\"prefix\":\"paper.\",\"partitions\":{\"market.trades\":3}}}", &[]);
}

/// Pieces that YAML and this reader treat specially, so that random files get past the first word.
fn piece() -> impl Strategy<Value = String> {
    let pieces = vec![
        "systems:",
        "acme:",
        "  ",
        "\n",
        "- ",
        "? ",
        ": ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "&a ",
        "*a",
        "|\n",
        ">-\n",
        "'",
        "\"",
        "!!str ",
        "!x ",
        "%YAML 1.2\n",
        "---\n",
        "...\n",
        "#",
        "${ACME_KEY}",
        "${X:-",
        "$${",
        "}",
        "<<: ",
        "features:",
        "trades:",
        "symbols:",
        "true",
        "0x",
        "1e9",
        "connector: acme",
        "credentials:",
        "\t",
        "\r\n",
        "\u{feff}",
        "\u{85}",
        "é",
        "\\u12",
        "~",
        "authentication:",
        "api_key:",
        "accounts:",
        "schedule:",
        "kafka:",
        "topics:",
        "insecure: true",
    ];
    prop_oneof![
        8 => proptest::sample::select(pieces).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn no_text_panics(pieces in proptest::collection::vec(piece(), 0..60)) {
        let text = pieces.concat();
        if let Err(problems) = read(&text) {
            prop_assert!(!problems.0.is_empty());
            for problem in &problems.0 {
                prop_assert!(problem.line <= text.lines().count() + 1, "{problem}");
            }
        }
    }

    #[test]
    fn no_damage_to_a_good_file_panics(
        at in 0usize..1700,
        length in 0usize..40,
        pieces in proptest::collection::vec(piece(), 0..4),
    ) {
        let mut text = include_str!("data/integration-config.yaml").to_owned();
        let start = text.floor_char_boundary(at.min(text.len()));
        let end = text.floor_char_boundary((start + length).min(text.len()));
        text.replace_range(start..end, &pieces.concat());
        let _ = read(&text);
    }
}
