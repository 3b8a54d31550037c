//! A broker from the outside: its tools, its data, its death.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use local_kafka::{DataDir, Error, LocalKafka, Options};

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";
const PRODUCER: &str = "org.apache.kafka.tools.ConsoleProducer";
const CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";

/// Names the part that this program plays when a test runs it again.
const PART: &str = "LOCAL_KAFKA_TEST_PART";

/// An orphan may take ten seconds to be killed.
const DEATH_DEADLINE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn starts_serves_and_stops() {
    let kafka = local_kafka::start(Options::default()).await.unwrap();
    let (pid, dir) = (kafka.pid(), kafka.data_dir().to_owned());
    assert!(alive(pid));
    create(&kafka, "colours");
    produce(&kafka, "colours", "red\ngreen\n");
    assert_eq!(consume(&kafka, "colours", 2), "red\ngreen\n");
    kafka.stop().await.unwrap();
    assert!(!alive(pid));
    assert!(!dir.exists());
}

#[tokio::test]
async fn data_and_port_survive() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { data_dir: DataDir::Kept(dir.path().to_owned()), ..Options::default() };

    let first = local_kafka::start(options.clone()).await.unwrap();
    let address = first.bootstrap_servers().to_owned();
    create(&first, "colours");
    produce(&first, "colours", "red\n");
    let error = local_kafka::start(options.clone()).await.unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error}");
    first.stop().await.unwrap();

    let mut second = local_kafka::start(options).await.unwrap();
    assert_eq!(second.bootstrap_servers(), address);
    produce(&second, "colours", "green\n");
    let pid = second.pid();
    second.kill();
    assert!(!alive(pid));
    second.restart().await.unwrap();
    assert_eq!(second.bootstrap_servers(), address);
    assert_eq!(consume(&second, "colours", 2), "red\ngreen\n");
    second.restart().await.unwrap();
    assert_eq!(consume(&second, "colours", 2), "red\ngreen\n");
    second.stop().await.unwrap();
}

#[tokio::test]
async fn two_at_once_and_a_dropped_one() {
    let (left, right) = tokio::join!(
        local_kafka::start(Options::default()),
        local_kafka::start(Options::default())
    );
    let (left, right) = (left.unwrap(), right.unwrap());
    assert_ne!(left.bootstrap_servers(), right.bootstrap_servers());
    create(&left, "here");
    assert!(!text(topics(&right)).contains("here"));
    let pid = left.pid();
    drop(left);
    wait_for_death(pid);
    right.stop().await.unwrap();
}

#[tokio::test]
async fn a_taken_port_and_a_wrong_property_are_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let options = Options { port: Some(port), ..Options::default() };
    let error = local_kafka::start(options).await.unwrap_err();
    assert!(matches!(error, Error::PortTaken { port: named } if named == port), "{error}");

    let mut options = Options::default();
    options.properties.insert("num.io.threads".to_owned(), "many".to_owned());
    let error = local_kafka::start(options).await.unwrap_err();
    assert!(error.to_string().contains("Invalid value many"), "{error}");
}

/// The part of a program that starts a broker and is then killed.
#[tokio::test]
async fn part_of_a_parent() {
    let Ok(part) = std::env::var(PART) else { return };
    let data_dir = match part.as_str() {
        "temporary" => DataDir::Temporary,
        path => DataDir::Kept(PathBuf::from(path)),
    };
    let options = Options { data_dir, ..Options::default() };
    match local_kafka::start(options).await {
        Ok(kafka) => {
            println!("\nstarted {} {}", kafka.pid(), kafka.data_dir().display());
            std::future::pending::<()>().await;
        }
        Err(error) => println!("\nfailed {error}"),
    }
}

#[test]
fn a_killed_parent_leaves_nothing() {
    let (mut parent, pid, dir) = parent("temporary");
    assert!(alive(pid));
    parent.kill().unwrap();
    parent.wait().unwrap();
    wait_for_death(pid);
    wait_until(|| !dir.exists(), "the folder of a dead broker to go");
}

#[tokio::test]
async fn a_killed_parent_leaves_its_data_to_the_next() {
    let kept = tempfile::tempdir().unwrap();
    let (mut parent, pid, _) = parent(kept.path().to_str().unwrap());
    parent.kill().unwrap();
    parent.wait().unwrap();
    // The orphan may still be ending; this start waits for it.
    let options = Options { data_dir: DataDir::Kept(kept.path().to_owned()), ..Options::default() };
    let kafka = local_kafka::start(options).await.unwrap();
    assert!(!alive(pid));
    kafka.stop().await.unwrap();
}

#[test]
fn missing_java_is_explained() {
    let output = part("temporary").env_remove("JAVA_HOME").env("PATH", "/nowhere").output();
    let said = text(output.unwrap());
    assert!(said.contains("failed no usable Java"), "{said}");
    assert!(said.contains("install Java 17 or newer"), "{said}");
}

/// Starts a program that starts a broker, and returns the broker's id and folder.
fn parent(data_dir: &str) -> (Child, u32, PathBuf) {
    let mut parent = part(data_dir).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let line = lines
        .map_while(Result::ok)
        .find(|line| line.starts_with("started ") || line.starts_with("failed "))
        .unwrap();
    let mut words = line.split(' ').skip(1);
    let pid = words.next().unwrap().parse().unwrap_or_else(|_| panic!("{line}"));
    (parent, pid, words.next().unwrap().into())
}

fn part(data_dir: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "part_of_a_parent", "--nocapture"]).env(PART, data_dir);
    command
}

fn create(kafka: &LocalKafka, topic: &str) {
    text(run(kafka, TOPICS, &["--create", "--topic", topic], ""));
}

fn topics(kafka: &LocalKafka) -> Output {
    run(kafka, TOPICS, &["--list"], "")
}

fn produce(kafka: &LocalKafka, topic: &str, lines: &str) {
    text(run(kafka, PRODUCER, &["--topic", topic], lines));
}

fn consume(kafka: &LocalKafka, topic: &str, count: usize) -> String {
    let count = count.to_string();
    let arguments = ["--topic", topic, "--from-beginning", "--max-messages", &count];
    let output = run(kafka, CONSUMER, &arguments, "");
    String::from_utf8(output.stdout).unwrap()
}

fn run(kafka: &LocalKafka, tool: &str, arguments: &[&str], input: &str) -> Output {
    let mut child = kafka
        .tool(tool)
        .args(["--bootstrap-server", kafka.bootstrap_servers()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(output: Output) -> String {
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{said}");
    said
}

/// A process that ended but was not waited for is no longer alive.
fn alive(pid: u32) -> bool {
    let output = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap();
    let state = String::from_utf8(output.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}

fn wait_for_death(pid: u32) {
    wait_until(|| !alive(pid), &format!("process {pid} to end"));
}

fn wait_until(met: impl Fn() -> bool, what: &str) {
    let begun = Instant::now();
    while !met() {
        assert!(begun.elapsed() < DEATH_DEADLINE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
