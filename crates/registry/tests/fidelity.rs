//! Confluent's own Python client as the judge: `fidelity/check.py`.

#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use kafka::{Cluster, Settings as KafkaSettings};
use registry::Settings;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fidelity");

#[tokio::test(flavor = "multi_thread")]
async fn confluents_client_finds_nothing_missing() {
    let servers = local_kafka::shared().bootstrap_servers();
    let cluster = Cluster::new(KafkaSettings::plain(servers));
    let running = registry::serve(Settings::default(), cluster).await.unwrap();
    let url = running.url();
    let checked = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(python()?);
        command.arg(format!("{FOLDER}/check.py"));
        command.env("KAFKA_BOOTSTRAP_SERVERS", servers).env("SCHEMA_REGISTRY_URL", url);
        run(&mut command)
    });
    let said = checked.await.unwrap().unwrap_or_else(|failure| panic!("{failure}"));
    println!("{said}");
    assert!(said.lines().filter(|line| line.starts_with("ok ")).count() >= 11, "{said}");
}

/// A Python with the pinned requirements, made once under `target`.
fn python() -> Result<PathBuf, String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let folder = target.join("fidelity");
    std::fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("registry.lock")).unwrap();
    lock.lock().unwrap();
    let venv = folder.join("registry");
    let python = venv.join("bin/python");
    let requirements = std::fs::read_to_string(format!("{FOLDER}/requirements.txt")).unwrap();
    let installed = venv.join("installed.txt");
    if std::fs::read_to_string(&installed).is_ok_and(|text| text == requirements) {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    let pip = ["-m", "pip", "install", "--quiet", "--requirement"];
    run(Command::new(&python).args(pip).arg(format!("{FOLDER}/requirements.txt")))?;
    std::fs::write(installed, requirements).unwrap();
    Ok(python)
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("cannot run {command:?}: {error}"))?;
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    if output.status.success() { Ok(said) } else { Err(format!("{command:?} failed:\n{said}")) }
}
