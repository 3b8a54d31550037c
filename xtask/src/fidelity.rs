//! Mocks against their vendors' own client libraries.
//!
//! `mocks/NAME/fidelity/` holds pinned `requirements.txt` and a `check.py` that drives the vendor's
//! client against the mock's ready line in `FOLIOSTREAM_MOCK`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::binary;

/// How long a mock may take to be ready.
const READY_WAIT: Duration = Duration::from_secs(60);

/// Checks these mocks, or all that can be.
pub fn run(root: &Path, names: &[&str]) -> Result<()> {
    let known = known(root)?;
    if let Some(name) = names.iter().find(|name| !known.iter().any(|known| known == *name)) {
        bail!("nothing checks a mock {name:?}; there are checks of {}", known.join(", "));
    }
    let binary = binary::build(root)?;
    let is_wanted = |name: &&String| names.is_empty() || names.contains(&name.as_str());
    for name in known.iter().filter(is_wanted) {
        check(root, &binary, name).with_context(|| format!("fidelity of {name}"))?;
    }
    Ok(())
}

/// Names of the mocks that have a check.
fn known(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root.join("mocks"))? {
        let entry = entry?;
        if entry.path().join("fidelity/check.py").is_file() {
            names.extend(entry.file_name().into_string().ok());
        }
    }
    names.sort();
    Ok(names)
}

fn check(root: &Path, binary: &Path, name: &str) -> Result<()> {
    let folder = root.join("mocks").join(name).join("fidelity");
    let python = python(root, &folder, name)?;
    let (mock, ready) = Mock::start(binary, name)?;
    println!("{name}: checking {}", ready["urls"]);
    let status = Command::new(python)
        .arg(folder.join("check.py"))
        .env("FOLIOSTREAM_MOCK", ready.to_string())
        .env("PYTHONUNBUFFERED", "1")
        .status()
        .context("running check.py")?;
    drop(mock);
    if !status.success() {
        bail!("check.py: {status}");
    }
    Ok(())
}

/// A Python with the pinned requirements, made once below `target`.
fn python(root: &Path, folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join("requirements.txt");
    let requirements =
        fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let base = root.join("target/fidelity");
    fs::create_dir_all(&base)?;
    let lock = File::create(base.join(format!("{name}.lock")))?;
    lock.lock().context("waiting for another check to make its environment")?;
    let environment = base.join(name);
    let python = environment.join("bin/python");
    let installed = environment.join("installed.txt");
    if python.is_file() && fs::read_to_string(&installed).is_ok_and(|text| text == requirements) {
        return Ok(python);
    }
    println!("{name}: making {}", environment.display());
    succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    succeed(Command::new(&python).args(pip).arg(&path))?;
    fs::write(installed, requirements)?;
    Ok(python)
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("running {command:?}"))?;
    if !status.success() {
        bail!("{command:?}: {status}");
    }
    Ok(())
}

/// A running mock; it ends when this is dropped.
struct Mock(Child);

impl Mock {
    /// Starts a mock on a free port and waits for its ready line.
    fn start(binary: &Path, name: &str) -> Result<(Self, Value)> {
        let mut child = Command::new(binary)
            .args(["mock", "run", name, "--listen", "127.0.0.1:0", "--format", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the mock")?;
        let stdout = child.stdout.take().context("the mock has no output")?;
        let mock = Self(child);
        let (sender, receiver) = mpsc::channel();
        // Reads on after the ready line, so that the mock never waits for a reader.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let line = receiver.recv_timeout(READY_WAIT).context("the mock did not become ready")?;
        let ready: Value =
            serde_json::from_str(&line).with_context(|| format!("reading {line:?}"))?;
        if ready["ready"] != true {
            bail!("not a ready line: {line}");
        }
        Ok((mock, ready))
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing is left running.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
