//! One broken sample for every rule, and samples that break none.

use super::tree::{Dependency, File, Package, Tree};
use super::{Finding, Rule};
use super::{
    changelog, code, comments, conformance, crates, deny, edges, machine, schemas, settings, size,
    vendors, words,
};

/// A workspace of two vendors and these files.
fn tree(files: &[(&str, &str)]) -> Tree {
    let file =
        |(path, text): &(&str, &str)| File::new((*path).to_owned(), (*text).to_owned()).unwrap();
    let packages = [("acme", "connectors/acme"), ("zenith", "connectors/zenith")];
    let package = |(name, folder): &(&str, &str)| ours(name, folder, &[]);
    Tree {
        files: files.iter().map(file).collect(),
        packages: packages.iter().map(package).collect(),
    }
}

/// A package of the workspace; `~` before a dependency makes it one of its tests.
fn ours(name: &str, folder: &str, dependencies: &[&str]) -> Package {
    let dependency = |name: &&str| Dependency {
        name: name.trim_start_matches('~').to_owned(),
        is_dev: name.starts_with('~'),
    };
    Package {
        name: name.to_owned(),
        folder: Some(folder.to_owned()),
        dependencies: dependencies.iter().map(dependency).collect(),
        ..Package::default()
    }
}

fn theirs(name: &str, license: &str) -> Package {
    Package {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        license: license.to_owned(),
        is_from_registry: true,
        ..Package::default()
    }
}

/// The rule finds exactly these lines, each for a reason that holds the words.
fn check(rule: Rule, path: &str, text: &str, expected: &[(usize, &str)]) {
    check_tree(rule, &tree(&[(path, text)]), expected);
}

fn check_tree(rule: Rule, tree: &Tree, expected: &[(usize, &str)]) {
    let mut found = rule(tree);
    found.sort();
    let agree = |(finding, (line, words)): (&Finding, &(usize, &str))| {
        finding.line == *line && finding.message.contains(words)
    };
    let is_as_expected = found.len() == expected.len() && found.iter().zip(expected).all(agree);
    assert!(is_as_expected, "expected {expected:?}, found {found:#?}");
}

#[test]
fn crates_have_a_subject() {
    for (name, folder, is_bad) in [
        ("common", "crates/common", true),
        ("acme_util", "crates/acme_util", true),
        ("model", "crates/shared", true),
        ("commons", "crates/commons", false),
    ] {
        let tree = Tree { packages: vec![ours(name, folder, &[])], ..Tree::default() };
        let expected: &[(usize, &str)] = if is_bad { &[(1, "name it after")] } else { &[] };
        check_tree(crates::check, &tree, expected);
    }
}

#[test]
fn edges_follow_the_layers() {
    let uses = |name: &str, folder: &str, dependencies: &[&str]| {
        let others = [
            ("model", "crates/model"),
            ("kafka", "crates/kafka"),
            ("http", "crates/http"),
            ("testkit", "crates/testkit"),
            ("mockkit", "crates/mockkit"),
            ("acme", "connectors/acme"),
            ("zenith", "connectors/zenith"),
            ("acme_mock", "mocks/acme"),
            ("zenith_mock", "mocks/zenith"),
        ];
        let mut packages = vec![ours(name, folder, dependencies)];
        let others = others.iter().filter(|(other, _)| *other != name);
        packages.extend(others.map(|(name, folder)| ours(name, folder, &[])));
        let manifest = dependencies
            .iter()
            .map(|d| format!("{}.workspace = true\n", d.trim_start_matches('~')));
        let manifest = File::new(format!("{folder}/Cargo.toml"), manifest.collect()).unwrap();
        Tree { packages, files: vec![manifest] }
    };
    let acme = ("acme", "connectors/acme");
    let mock = ("acme_mock", "mocks/acme");
    for ((name, folder), dependencies, expected) in [
        (acme, &["model", "http", "serde", "~testkit", "~acme_mock"][..], &[][..]),
        (acme, &["model", "kafka"], &[(2, "connectors/acme uses component, http")]),
        (acme, &["zenith"], &[(1, "never import each other")]),
        (acme, &["~zenith_mock"], &[(1, "never import each other")]),
        (acme, &["rdkafka"], &[(1, "go through kafka")]),
        (mock, &["mockkit", "~tokio-tungstenite"], &[]),
        (mock, &["model"], &[(1, "uses mockkit")]),
        (mock, &["~acme"], &[(1, "not even in tests")]),
        (("book", "processors/book"), &["http"], &[(1, "processors/book uses component, model")]),
        (("model", "crates/model"), &["kafka"], &[(1, "uses nothing of ours")]),
        (("foliostream", "crates/foliostream"), &["acme", "kafka"], &[]),
        (("novelty", "crates/novelty"), &[], &[(1, "add it to the layers")]),
    ] {
        check_tree(edges::check, &uses(name, folder, dependencies), expected);
    }
}

#[test]
fn shared_crates_name_no_vendor() {
    let text = "/// Such as acme.\nfn a() {\n    open(\"https://api.acme.com\");\n}\n\
                fn acme_orders() {}\n#[cfg(test)]\nmod tests {\n    const NAME: &str = \"acme\";\n}\n";
    let expected = [(3, "\"acme\" is a vendor"), (5, "\"acme\" is a vendor")];
    check(vendors::check, "crates/http/src/lib.rs", text, &expected);
    check(vendors::check, "crates/foliostream/src/list.rs", text, &[]);
    check(vendors::check, "crates/http/src/x.rs", "fn f() { warn!(\"Acme!\"); }", &[(1, "acme")]);
}

#[test]
fn connectors_neither_sleep_nor_spawn() {
    let text = "async fn a() {\n    tokio::time::sleep(d).await;\n    tokio::spawn(b());\n}\n";
    let expected = [(2, "\"sleep\" belongs to the runtime"), (3, "\"spawn\"")];
    check(vendors::check, "connectors/acme/src/trades.rs", text, &expected);
    check(vendors::check, "connectors/acme/tests/trades.rs", text, &[]);
}

#[test]
fn settings_refuse_what_they_do_not_know() {
    let good = "#[derive(Deserialize, JsonSchema)]\n#[serde(deny_unknown_fields, default)]\n\
                pub struct Settings { a: u8 }\n#[derive(Deserialize, JsonSchema)]\n\
                enum Mode { A, B }\n#[derive(Deserialize)]\nstruct Page { a: u8 }\n";
    check(settings::check, "connectors/acme/src/trades.rs", good, &[]);
    let bad = "#[derive(Deserialize, JsonSchema)]\npub struct Settings { a: u8 }\n\
               #[derive(Deserialize, JsonSchema)]\n#[serde(tag = \"type\", deny_unknown_fields)]\n\
               enum Mode { A { b: u8 } }\n\
               #[derive(Deserialize, JsonSchema)]\n#[serde(deny_unknown_fields)]\n\
               struct Flat {\n    #[serde(flatten)]\n    rest: Rest,\n}\n";
    let expected = [(2, "add deny_unknown_fields"), (5, "\"tag\""), (9, "\"flatten\"")];
    check(settings::check, "processors/book/src/lib.rs", bad, &expected);
    let plain = "#[derive(Deserialize)]\nstruct Limits { a: u8 }\n";
    let expected = [(2, "Limits takes misspelt settings")];
    check(settings::check, "connectors/acme/src/settings.rs", plain, &expected);
}

#[test]
fn names_use_the_word_for_the_idea() {
    let text = "struct Order {\n    qty: u8,\n    filled_qty: u8,\n}\nenum Status {\n    \
                Cancelled,\n}\nfn get_ticker() {}\nstruct DataProvider;\nmod utils;\n\
                fn f(px: u8) {}\nfn statistics() { let provider = 1; }\nstruct TopOfBook;\n";
    let expected = [
        (2, "say \"qty\" but quantity"),
        (3, "\"filled_qty\""),
        (6, "canceled"),
        (8, "\"get_ticker\""),
        (9, "vendor"),
        (10, "\"utils\""),
        (11, "price"),
        (13, "quote"),
    ];
    check(words::check, "crates/http/src/lib.rs", text, &expected);
    check(words::check, "connectors/acme/src/wire.rs", text, &[]);
    check(words::check, "mocks/acme/src/lib.rs", text, &[]);
}

#[test]
fn lints_stay_on() {
    let text = "#[allow(clippy::too_many_lines)]\nfn a() {\n    println!(\"x\");\n}\n\
                #[cfg(test)]\n#[allow(clippy::unwrap_used)]\nmod tests {\n    #[test]\n    \
                #[ignore]\n    fn b() { println!(\"x\"); }\n}\n";
    let expected =
        [(1, "too_many_lines stays on"), (3, "println! in a library"), (9, "no test is ignored")];
    check(code::check, "crates/http/src/lib.rs", text, &expected);
    let print = "#![allow(clippy::print_stdout)]\nfn a() { println!(\"x\") }\n";
    check(code::check, "crates/foliostream/src/main.rs", print, &[]);
    let long = format!("// {}\n// https://{}\n", "x ".repeat(60), "y".repeat(100));
    check(code::check, "crates/http/src/lib.rs", &long, &[(1, "wrap at 100")]);
}

#[test]
fn comments_are_no_banners() {
    let lines = ["// ---- settings", "// ===== x =====", "/// | a |", "/// |-----|", "// a - b"];
    let ornaments = ["fn a() {}", "//////////", "/* **** */"];
    let text = &[&lines[..], &ornaments].concat().join("\n");
    let expected = [(1, "a banner"), (2, "a banner"), (7, "a banner"), (8, "a banner")];
    check(comments::check, "crates/http/src/lib.rs", text, &expected);
    check(comments::check, "topology.yaml", "a: 1\n# ------\n---\n", &[(2, "a banner")]);
    check(comments::check, "README.md", "# A\n----\n", &[]);
}

#[test]
fn no_machine_is_named() {
    let text = "cd /work/main\nls network/work/x\nopen(\"/home/ann/x\")\n\
                see https://example.com/home/x\npip install --index-url x\n";
    let expected = [(1, "/work/"), (3, "/home/"), (5, "--index-url")];
    check(machine::check, "docs/guide.md", text, &expected);
    check(machine::check, "pip.conf", "x = https://pypi.org/simple", &[(1, "pypi.org")]);
    check(machine::check, "docker/Dockerfile", "WORKDIR /home/foliostream\n", &[]);
}

#[test]
fn vendors_are_small() {
    const LIST: &str = "crates/foliostream/src/components.rs";
    let list = |lines: &str| {
        format!(
            "components! {{
{lines}}}
"
        )
    };
    let source = list(
        "source acme::Trades as \"trades\";
",
    );
    let sink = list(
        "sink acme::Orders as \"orders\";
",
    );
    let both = list(
        "source acme::Trades as \"trades\";
sink acme::Orders as \"orders\";
",
    );
    let code = "fn a() {}\n".repeat(401);
    let path = "connectors/acme/src/trades.rs";
    let message = &[(1, "401 lines of code where 400 are the limit")];
    check_tree(size::check, &tree(&[(path, &code), (LIST, &source)]), message);
    check_tree(size::check, &tree(&[(path, &code), (LIST, &sink)]), &[]);
    let tested = format!("fn a() {{}}\n#[cfg(test)]\nmod tests {{\n{code}\n}}\n");
    check_tree(size::check, &tree(&[(path, &tested), (LIST, &source)]), &[]);
    let lines = size::table(&tree(&[(path, &code), (LIST, &both)]));
    let parts = "401 lines of code about the broker of at most 1500, 0 lines of code about its other \
                 sources of at most 0";
    assert_eq!(lines, [format!("connectors/acme: {parts}; 1 sources, 1 sinks")]);
}

#[test]
fn schemas_explain_every_field() {
    let field = |name: &str, doc: &str| {
        format!("{{\"name\": \"{name}\", \"type\": \"string\", \"doc\": \"{doc}\"}}")
    };
    let head = ["event_id", "source", "event_time", "received_time"];
    let head: Vec<_> = head.iter().map(|name| field(name, "A sentence.")).collect();
    let schema = |key: &str, fields: &str| {
        format!(
            "{{\"type\": \"record\", \"name\": \"Trade\", \"doc\": \"A print.\",\n\"topic\": \
             \"market.trades\", \"cleanup\": \"delete\",\n\"key\": \"{key}\",\n\"fields\": [{},\n{fields}]}}",
            head.join(",")
        )
    };
    let path = "schemas/trade.avsc";
    let good = schema("instrument", &field("instrument", "What was traded."));
    check(schemas::check, path, &good, &[]);
    let bad = schema("instrument|venue", &field("instrument", ""));
    let expected = [(3, "names \"venue\", which is no field"), (5, "\"instrument\" has no doc")];
    check(schemas::check, path, &bad, &expected);
    let nested = "{\"name\": \"side\", \"doc\": \"Direction.\", \"type\": [\"null\", \
                  {\"type\": \"enum\", \"name\": \"Side\", \"symbols\": []}]}";
    check(schemas::check, path, &schema("side", nested), &[(5, "Side has no doc")]);
    check(schemas::check, path, "{", &[(1, "not JSON")]);
    check(schemas::check, "schemas/history/Trade/1.avsc", "{", &[]);
}

#[test]
fn changes_are_told_in_sentences() {
    check(changelog::check, "changelog.d/order-files.added.md", "Orders come from files.\n", &[]);
    check(changelog::check, "changelog.d/README.md", "# Anything", &[]);
    let text = "- new\n";
    check(
        changelog::check,
        "changelog.d/x.new.md",
        text,
        &[(1, "the name is"), (1, "the text is")],
    );
    check(changelog::check, "changelog.d/Bad.fixed.md", "Mended.\n", &[(1, "the name is")]);
    let long = format!("{}.\n", "word ".repeat(30));
    check(changelog::check, "changelog.d/x.fixed.md", &long, &[(1, "wrap at 100")]);
}

#[test]
fn dependencies_are_permissive_and_known() {
    let config = "[licenses]\nallow = [\"MIT\", \"Apache-2.0\"]\nexceptions = [\n    \
                  { crate = \"odd\", allow = [\"MPL-2.0\"] },\n]\n[bans]\n\
                  deny = [\n    { crate = \"openssl\", reason = \"rustls\" },\n]\n";
    let check = |packages: &[Package], expected: &[(usize, &str)]| {
        let mut tree = tree(&[("deny.toml", config)]);
        tree.packages.extend_from_slice(packages);
        check_tree(deny::check, &tree, expected);
    };
    check(&[theirs("a", "MIT OR GPL-3.0"), theirs("b", "Apache-2.0/MIT")], &[]);
    check(&[theirs("odd", "MPL-2.0")], &[]);
    check(&[theirs("a", "GPL-3.0-only")], &[(1, "a is under GPL-3.0-only")]);
    check(&[theirs("a", "MIT AND MPL-2.0")], &[(1, "not permissive")]);
    check(&[theirs("a", "")], &[(1, "is not a licence")]);
    check(&[theirs("openssl", "MIT")], &[(8, "openssl is banned (rustls)")]);
    let fork = Package { is_from_registry: false, ..theirs("fork", "MIT") };
    check(&[fork], &[(1, "does not come from the registry")]);
    check_tree(deny::check, &Tree::default(), &[(1, "there is no deny.toml")]);
    let mut twice = tree(&[("deny.toml", config)]);
    let newer = Package { version: "2.0.0".to_owned(), ..theirs("a", "MIT") };
    twice.packages.extend([theirs("a", "MIT"), newer]);
    assert_eq!(deny::notes(&twice), ["in more than one version: a 1.0.0 + 2.0.0"]);
}

#[test]
fn registered_components_pass_the_suite() {
    let list = "components! {\n    source acme::Trades as \"trades\";\n    sink   acme::Orders as \"o\";\n}\n\
                const P: &[E] = &[\n    runtime::processor::<book::Book>(),\n];\n";
    let acme = "testkit::source!(\n    acme::Trades,\n    mock = Rig,\n);\n";
    let files = [
        ("crates/foliostream/src/components.rs", list),
        ("connectors/acme/tests/conformance.rs", acme),
    ];
    let expected = [(3, "acme::Orders is not tested"), (6, "processors/book/tests/conformance.rs")];
    check_tree(conformance::check, &tree(&files), &expected);
}
