//! `alert test`, `alert list` and `alert silence` as a user runs them, on a real Kafka: from an
//! order that rests at a mock broker to whoever is told of it.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use support::{FOLIOSTREAM, Stage, text, wait_for};

/// Who is told: takes whatever is sent, or refuses it.
#[derive(Clone)]
struct Person {
    url: String,
    heard: Arc<Mutex<Vec<String>>>,
    is_away: Arc<AtomicBool>,
}

impl Person {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/a-secret-path", listener.local_addr().unwrap());
        let person = Self { url, heard: Arc::default(), is_away: Arc::default() };
        let who = person.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Whoever leaves in the middle of a sentence is not heard.
                let _ = who.listen(stream);
            }
        });
        person
    }

    fn listen(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(said) = line.strip_prefix("content-length:") {
                length = said.trim().parse().unwrap();
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let is_away = self.is_away.load(Ordering::SeqCst);
        if !is_away && head.contains("authorization: bearer who-we-are") {
            self.heard.lock().unwrap().push(String::from_utf8(body).unwrap());
        }
        let status = if is_away { "500 Away" } else { "200 OK" };
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    }

    fn has_heard(&self, words: &[&str]) -> bool {
        let heard = self.heard.lock().unwrap();
        heard.iter().any(|said| words.iter().all(|word| said.contains(word)))
    }
}

/// The stage's topology, whose alerts go to a person, with a rule about orders that rest.
fn topology(stage: &Stage, person: &Person) -> PathBuf {
    let features = json!({ "order_execution": true, "order_updates": true });
    let path = stage.topology(&features, &json!({ "approve": true, "track": true }));
    let mut topology: Value =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    topology["monitoring"] = json!({
        "alert_destinations": ["webhook"],
        "webhook": { "url": person.url, "token": "who-we-are" },
        "group_wait_secs": 0,
        "rules": { "resting": {
            "metric": "foliostream_orders_in_flight",
            "labels": { "state": "new" },
            "above": 0,
            "action": "nothing: it may rest",
        } },
    });
    std::fs::write(&path, topology.to_string()).unwrap();
    path
}

/// `alert test`: how it ended, and what each destination answered.
fn test(topology: &Path, args: &[&str]) -> (Option<i32>, String) {
    let command = ["alert", "test", "--format", "json", "--topology", text(topology)];
    let output: Output = Command::new(FOLIOSTREAM).args(command).args(args).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[test]
fn a_person_is_told_looks_and_keeps_it_silent() {
    let (stage, person) = (Stage::set("20"), Person::new());
    let topology = topology(&stage, &person);

    let (code, said) = test(&topology, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(r#"{"answer":"taken","channel":"webhook"}"#), "{said}");
    assert!(person.has_heard(&["a test of the alerts"]), "{:?}", person.heard);
    person.is_away.store(true, Ordering::SeqCst);
    let (code, said) = test(&topology, &[]);
    assert!(code == Some(1) && said.contains("500"), "{code:?} {said}");
    assert!(!said.contains("a-secret-path") && !said.contains("who-we-are"), "{said}");
    person.is_away.store(false, Ordering::SeqCst);
    let (code, said) = test(&topology, &["--channel", "slack"]);
    assert!(code == Some(4) && said.contains("nowhere to send to"), "{code:?} {said}");

    let mut running = stage.run(&topology, &[], &[]);
    let order = ["order", "place", "main", "buy", "BAC.US", "5", "--limit", "1"];
    stage.ask(&[&order[..], &["--order-id", "rests"]].concat());
    wait_for("the alert to be told", || person.has_heard(&["rule.resting", "opened"]));
    let list = |args: &[&str]| stage.ask(&[&["alert", "list"][..], args].concat());
    let open = list(&[]);
    let [alert] = &open[..] else { panic!("one alert, not {open:?}") };
    assert_eq!((&alert["id"], &alert["status"]), (&json!("rule.resting"), &json!("opened")));
    assert_eq!(alert["reason"], "foliostream_orders_in_flight is 1, above 0");
    assert_eq!(
        (&alert["action"], &alert["silent_until"]),
        (&json!("nothing: it may rest"), &json!(""))
    );

    stage.ask(&["alert", "silence", "resting", "--hours", "2", "--reason", "we know"]);
    assert_ne!(list(&[])[0]["silent_until"], "");
    stage.ask(&["alert", "silence", "resting", "--lift"]);
    assert_eq!(list(&[])[0]["silent_until"], "");

    stage.ask(&["order", "cancel", "rests"]);
    wait_for("its end to be told", || person.has_heard(&["rule.resting", "closed"]));
    assert_eq!(list(&[]), Vec::<Value>::new());
    assert_eq!(list(&["--all"])[0]["status"], "closed");
    running.stop();
    let log = stage.log();
    for line in ["session::request", "http::request", "\"request\":\"login\""] {
        assert!(log.contains(line), "no {line} in {log}");
    }
    for secret in ["test-secret", "a-secret-path", "who-we-are"] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
}
