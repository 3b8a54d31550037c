//! Processes: lines, logs, how they end and what is left of them.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use component::{Fault, Secret};
use session::{Process, ProcessOptions};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(10);

fn options(script: &str) -> ProcessOptions {
    ProcessOptions::new("test", &["/bin/sh", "-c", script].map(str::to_owned))
}

async fn line(process: &mut Process) -> Result<String, Fault> {
    let line = timeout(SOON, process.next_line()).await.expect("a line in time")?;
    Ok(String::from_utf8(line.whole().unwrap().to_vec()).unwrap())
}

/// Whether a process is there, and not only waits to be forgotten.
fn is_alive(pid: &str) -> bool {
    let status = std::process::Command::new("ps").args(["-o", "stat=", "-p", pid]).output();
    let status = status.unwrap().stdout;
    !status.is_empty() && !status.starts_with(b"Z")
}

async fn until_gone(pid: &str) {
    let started = Instant::now();
    while is_alive(pid) {
        assert!(started.elapsed() < SOON, "{pid} is still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn lines_go_in_and_out() {
    let mut process = Process::start(&options("while read -r l; do echo \"<$l>\"; done")).unwrap();
    for text in ["one", "two"] {
        process.queue(text.as_bytes()).unwrap();
        assert_eq!(line(&mut process).await.unwrap(), format!("<{text}>"));
    }
}

#[tokio::test]
async fn only_what_is_said_is_in_its_environment() {
    let mut options = options("echo \"$GIVEN|$CARGO_MANIFEST_DIR|$PWD\"");
    options.env.insert("GIVEN".to_owned(), "yes".to_owned());
    options.folder = Some("/".into());
    let mut process = Process::start(&options).unwrap();
    assert_eq!(line(&mut process).await.unwrap(), "yes||/");
}

#[tokio::test]
async fn how_it_ends_says_what_to_do() {
    for (script, kind, words) in [
        ("exit 0", "disconnected", "ended with code 0"),
        ("echo KeyError: \"'symbol' of hunter22\" >&2; exit 1", "disconnected", "'symbol' of ***"),
        ("exit 64", "fatal", "code 64"),
        ("exit 77", "unauthorized", "check the setting the.key"),
        ("exit 78", "fatal", "code 78"),
        ("no-such-program", "fatal", "code 127"),
        ("kill -9 $$", "disconnected", "ended by signal 9"),
        ("exec >&-; sleep 60", "disconnected", "closed its output"),
    ] {
        let mut options = options(script);
        options.secrets.push(Secret::new("hunter22"));
        options.setting = "the.key";
        let mut process = Process::start(&options).unwrap();
        let fault = line(&mut process).await.unwrap_err();
        assert_eq!(fault.kind(), kind, "{script}: {fault}");
        assert!(fault.to_string().contains(words), "{script}: {fault}");
    }
}

#[tokio::test]
async fn what_cannot_be_started_is_named() {
    let missing = ProcessOptions::new("test", &["no-such-program".to_owned()]);
    let nothing = ProcessOptions::new("test", &[]);
    let nowhere = ProcessOptions { folder: Some("/no/such/folder".into()), ..options("true") };
    for (options, words) in [
        (missing, "connection.command: could not start \"no-such-program\""),
        (nothing, "connection.command is empty"),
        (nowhere, "connection.folder: \"/no/such/folder\" is not a folder"),
    ] {
        let Err(Fault::Fatal(reason)) = Process::start(&options) else { panic!("{words}") };
        assert!(reason.contains(words), "{reason}");
    }
}

#[tokio::test]
async fn nothing_of_it_is_left_behind() {
    // Neither the process nor its child listens to anything.
    let script = "trap '' TERM HUP INT PIPE; sleep 600 & echo $! $$; while :; do sleep 600; done";
    let mut process = Process::start(&options(script)).unwrap();
    let pids = line(&mut process).await.unwrap();
    drop(process);
    for pid in pids.split(' ') {
        until_gone(pid).await;
    }
}

#[tokio::test]
async fn a_killed_process_takes_its_children_along() {
    let mut process =
        Process::start(&options("sleep 600 & echo $!; exec >&-; kill -9 $$")).unwrap();
    let child = line(&mut process).await.unwrap();
    let fault = line(&mut process).await.unwrap_err();
    assert!(matches!(fault, Fault::Disconnected(_)), "{fault}");
    drop(process);
    until_gone(&child).await;
}

#[tokio::test]
async fn it_is_told_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let script = "echo ready; read -r last; echo \"$last\" > said";
    let mut options = options(script);
    options.folder = Some(folder.path().to_owned());
    options.farewell = b"goodbye".to_vec();
    let mut process = Process::start(&options).unwrap();
    line(&mut process).await.unwrap();
    drop(process);
    let started = Instant::now();
    let said = folder.path().join("said");
    while std::fs::read_to_string(&said).unwrap_or_default() != "goodbye\n" {
        assert!(started.elapsed() < SOON, "it was not told");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Runs in a process of its own when `a_killed_host_leaves_nothing_behind` asks for it.
#[tokio::test]
async fn host() {
    if std::env::var_os("HOST_A_PROCESS").is_none() {
        return;
    }
    let mut process = Process::start(&options("echo $$; trap '' PIPE; sleep 600")).unwrap();
    println!("pid {}", line(&mut process).await.unwrap());
    tokio::time::sleep(Duration::from_secs(600)).await;
}

#[tokio::test]
async fn a_killed_host_leaves_nothing_behind() {
    use std::io::BufRead as _;

    let mut host = std::process::Command::new(std::env::current_exe().unwrap());
    host.args(["--exact", "host", "--nocapture"]).env("HOST_A_PROCESS", "1");
    let mut host = host.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let output = std::io::BufReader::new(host.stdout.take().unwrap());
    let mut lines = output.lines().map(Result::unwrap);
    let pid = lines.find_map(|line| line.split("pid ").nth(1).map(str::to_owned)).unwrap();
    assert!(is_alive(&pid));
    host.kill().unwrap();
    host.wait().unwrap();
    until_gone(&pid).await;
}
