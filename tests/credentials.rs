//! A person's logins, from the command line, against the mock of every way of logging in.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use support::{FOLIOSTREAM, PATIENCE, Process, http};

/// A mock of every login, a store with a key of its own, and a topology with one system.
struct Place {
    folder: tempfile::TempDir,
    _mock: Process,
    url: String,
}

impl Place {
    fn new(authentication: impl Fn(&str) -> Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The mock holds the times of signatures against its own clock.
        let settings = json!({ "start": now(), "speed": 1.0, "device_interval_secs": 1 });
        let settings = settings.to_string();
        let mock = Process::start(
            &["mock", "run", "authentication", "--settings", &settings],
            &[],
            &folder.path().join("log"),
        );
        let mock = mock.expect("the mock starts");
        let url = mock.ready["urls"]["base"].as_str().unwrap().to_owned();
        let place = Self { folder, _mock: mock, url };
        assert!(place.run(&["credential", "key", &place.path("key")], "").status.success());
        place.write(&authentication(&place.url));
        place
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, authentication: &Value) {
        let topology = json!({ "systems": { "vendor": {
            "connector": "declared",
            "connection": { "base_url": self.url },
            "authentication": authentication,
            "features": { "records": { "feeds": { "all": { "path": "/api/oauth2" } } } },
        } } });
        std::fs::write(self.topology(), topology.to_string()).unwrap();
    }

    fn topology(&self) -> PathBuf {
        self.folder.path().join("topology.json")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(FOLIOSTREAM);
        command.args(args).args(["--format", "json", "--data", &self.path("data")]);
        if args[1] != "key" {
            command.args(["--key-file", &self.path("key")]);
        }
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str], input: &str) -> Output {
        std::fs::create_dir_all(self.path("data")).unwrap();
        let mut child = self.command(args).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// A verb of `credential` about the system.
    fn verb(&self, verb: &str) -> Output {
        let topology = self.topology();
        self.run(&["credential", verb, "vendor", "--topology", topology.to_str().unwrap()], "")
    }

    /// Begins a login; gives the page to open.
    fn begin(&self) -> (Child, BufReader<std::process::ChildStdout>, Value) {
        let topology = self.topology();
        let args = ["credential", "login", "vendor", "--topology", topology.to_str().unwrap()];
        let mut child = self.command(&args).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let page = serde_json::from_str(&line);
        let page = page.unwrap_or_else(|_| {
            let mut errors = String::new();
            child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
            panic!("{line:?}: {errors}")
        });
        (child, said, page)
    }

    fn count(&self, what: &str) -> u64 {
        http("GET", &self.url, "/_mock/logins", "")[what].as_u64().unwrap_or(0)
    }
}

fn oauth2(url: &str, grant: &Value) -> Value {
    json!({
        "type": "oauth2",
        "credentials": { "client_id": "test-key", "client_secret": "test-secret" },
        "token_url": format!("{url}/oauth2/token"),
        "revoke_url": format!("{url}/oauth2/revoke"),
        "grant": grant,
        "login_ends": { "after_secs": 604_800 },
    })
}

fn code(url: &str, redirect_url: &str) -> Value {
    let authorize_url = format!("{url}/oauth2/authorize");
    oauth2(
        url,
        &json!({ "code": {
        "authorize_url": authorize_url, "redirect_url": redirect_url,
    } }),
    )
}

/// What a browser is answered, with its head.
fn get(url: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Says yes on the vendor's page; gives what the page leads to.
fn consent(place: &Place, page: &Value) -> String {
    let answer = get(page["open"].as_str().unwrap());
    let link = answer.split("<a href=\"").nth(1).unwrap();
    let link = link.split('"').next().unwrap().replace("&amp;", "&");
    get(&format!("{}{link}", place.url))
}

/// Where a page sends the browser.
fn location(answer: &str) -> String {
    let line = answer.lines().find(|line| line.to_lowercase().starts_with("location: "));
    line.unwrap()["location: ".len()..].trim().to_owned()
}

fn ends_well(mut child: Child, mut said: BufReader<std::process::ChildStdout>) -> Value {
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    let status = child.wait().unwrap();
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(status.success(), "{rest}{errors}");
    serde_json::from_str(rest.lines().last().unwrap()).unwrap()
}

#[test]
fn a_person_logs_in_through_a_browser_here() {
    // Free a moment ago: the vendor must be told the port before anyone listens there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = Place::new(|url| code(url, &format!("http://127.0.0.1:{port}/callback")));
    let refused = place.verb("test");
    assert_eq!(refused.status.code(), Some(5), "nobody has logged in");
    let (child, said, page) = place.begin();
    let to = location(&consent(&place, &page));
    support::wait_for("the login to listen", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    assert!(get(&to).starts_with("HTTP/1.1 200"));
    let done = ends_well(child, said);
    assert_eq!((&done["credential"], &done["done"]), (&json!("vendor"), &json!("logged in")));
    assert!(done["login_ends"].is_string(), "{done}");
    assert!(place.verb("test").status.success());
    assert!(place.count("let_in.oauth2") >= 1);

    assert!(place.verb("rotate").status.success());
    assert_eq!(place.count("granted.refresh_token"), 1);
    assert!(place.verb("test").status.success());

    assert!(place.verb("revoke").status.success());
    assert_eq!(place.count("revoked"), 1);
    let refused = place.verb("test");
    let words = String::from_utf8_lossy(&refused.stderr) + String::from_utf8_lossy(&refused.stdout);
    assert_eq!(refused.status.code(), Some(5), "{words}");
    assert!(words.contains("credential login vendor") || words.contains("logged in"), "{words}");
}

#[test]
fn a_person_without_a_browser_here_pastes_where_theirs_was_sent() {
    let place = Place::new(|url| code(url, "https://127.0.0.1:8182/"));
    let (mut child, said, page) = place.begin();
    let to = location(&consent(&place, &page));
    writeln!(child.stdin.take().unwrap(), "{to}").unwrap();
    ends_well(child, said);
    assert!(place.verb("test").status.success());
}

#[test]
fn a_code_is_typed_on_another_device() {
    let device = |url: &str| {
        let device_url = format!("{url}/oauth2/device");
        oauth2(url, &json!({ "device": { "device_url": device_url } }))
    };
    let place = Place::new(device);
    let (child, said, page) = place.begin();
    assert!(page["user_code"].as_str().unwrap().starts_with("WDJB-"), "{page}");
    consent(&place, &page);
    ends_well(child, said);
    assert!(place.verb("test").status.success());
}

#[test]
fn a_verifier_is_carried_back_where_a_vendor_shows_one() {
    let place = Place::new(|url| {
        json!({
            "type": "oauth1",
            "credentials": { "consumer_key": "test-key", "consumer_secret": "test-secret" },
            "request_token_url": format!("{url}/oauth1/request_token"),
            "authorize_url": format!("{url}/oauth1/authorize?key={{key}}&token={{token}}"),
            "access_token_url": format!("{url}/oauth1/access_token"),
            "revoke_url": format!("{url}/oauth1/revoke_access_token"),
            "login_ends": { "daily": { "at": "00:00", "zone": "America/New_York" } },
        })
    });
    let (mut child, said, page) = place.begin();
    let shown = get(page["open"].as_str().unwrap());
    let code = shown.split("<code>").nth(1).unwrap().split('<').next().unwrap();
    writeln!(child.stdin.take().unwrap(), "{code}").unwrap();
    let done = ends_well(child, said);
    assert!(done["login_ends"].is_string(), "{done}");
    assert!(place.verb("revoke").status.success());
}

#[test]
fn a_secret_that_is_refused_does_not_stay() {
    let key = json!({
        "type": "api_key", "header": "x-api-key",
        "credentials": { "api_key": "secret://vendor/key" },
    });
    let place = Place::new(|_| key.clone());
    let set = |value: &str| place.run(&["credential", "set", "vendor/key"], value);
    assert!(set("test-key").status.success());
    let topology = std::fs::read_to_string(place.topology()).unwrap();
    std::fs::write(place.topology(), topology.replace("/api/oauth2", "/api/key")).unwrap();
    let rotate = |value: &str| {
        let topology = place.topology();
        let topology = topology.to_str().unwrap();
        let args =
            ["credential", "rotate", "vendor", "--topology", topology, "--secret", "vendor/key"];
        place.run(&args, value)
    };
    let refused = rotate("wrong-key");
    assert_eq!(refused.status.code(), Some(5), "{refused:?}");
    assert!(place.verb("test").status.success(), "the old one is back");
    let kept = rotate("test-key\n");
    assert!(kept.status.success(), "{kept:?}");
}

#[test]
fn mistakes_are_named_by_line_and_column() {
    let place = Place::new(|url| code(url, "http://127.0.0.1:1/"));
    let check = |authentication: &str, words: &str| {
        let text = format!(
            "systems:\n  vendor:\n    connector: declared\n    connection: {{ base_url: \
             'http://127.0.0.1:9' }}\n    authentication:\n{authentication}    features:\n      \
             records: {{ feeds: {{ all: {{ path: /x }} }} }}\n"
        );
        let file = place.path("wrong.yaml");
        std::fs::write(&file, text).unwrap();
        let output = Command::new(FOLIOSTREAM).args(["check", &file]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(words), "{words}: {said}");
    };
    check("      type: oauth3\n", "wrong.yaml:6:13: systems.vendor.authentication.type");
    check(
        "      type: bearer\n      credentials: { tokn: '${HOME}' }\n",
        "wrong.yaml:7:22: systems.vendor.authentication.credentials: unknown field \"tokn\"",
    );
    let oauth2 = "      type: oauth2\n      token_url: https://vendor.test/\n      credentials: { \
                  client_id: id }\n";
    check(&format!("{oauth2}      grant: client\n"), "wrong.yaml:9:14: ");
    let grant = format!("{oauth2}      grant: client_credentials\n");
    check(&grant, "wrong.yaml:8:20: systems.vendor.authentication.credentials.client_secret: ");
    let both = format!("{grant}      header: x\n");
    check(&both, "unknown field \"header\"");
}

/// The time as the mocks' clocks take it.
fn now() -> String {
    let output = Command::new("date").args(["-u", "+%Y-%m-%dT%H:%M:%SZ"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
