//! Fetches Kafka and what it needs through the Maven client.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use crate::environment::Environment;
use crate::jars::VERSION;
use crate::progress::Progress;

const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// The binding that Kafka itself ships with.
const LOG4J_VERSION: &str = "2.25.4";

const DEADLINE: Duration = Duration::from_secs(15 * 60);

/// How much of Maven's output an error quotes.
const QUOTED_LINES: usize = 6;

/// Copies the jars to `home/libs`. An error reads on after "through Maven:".
pub(crate) async fn fetch(
    environment: &Environment,
    home: &Path,
    progress: &Progress,
) -> Result<(), String> {
    let program = environment.programs("mvn").next().ok_or("there is no mvn in PATH")?;
    let pom = home.join("pom.xml");
    std::fs::write(&pom, pom_text()).map_err(|error| format!("cannot write {pom:?}: {error}"))?;
    let mut child = Command::new(&program)
        .args(["--batch-mode", "--file"])
        .arg(&pom)
        .args([COPY, "-DincludeScope=runtime"])
        .arg(format!("-DoutputDirectory={}", home.join("libs").display()))
        .env("PATH", &environment.path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{program:?} does not run: {error}"))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let ended = async { tokio::join!(child.wait(), watch(out, progress), watch(err, progress)) };
    let Ok((status, said, complained)) = tokio::time::timeout(DEADLINE, ended).await else {
        return Err(format!("{program:?} took longer than {DEADLINE:?}"));
    };
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("mvn ended with {status}: {said} {complained}")),
        Err(error) => Err(format!("cannot wait for mvn: {error}")),
    }
}

/// Shows each downloaded file and returns the last complaints.
async fn watch(stream: Option<impl AsyncRead + Unpin>, progress: &Progress) -> String {
    let Some(stream) = stream else { return String::new() };
    let mut lines = BufReader::new(stream).lines();
    let mut files = 0;
    let mut errors = Vec::new();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some((_, address)) = line.split_once("Downloaded from ") {
            files += 1;
            let file = address.rsplit('/').next().unwrap_or_default();
            progress.say(format!("{files} files, {file}"));
        } else if line.contains("ERROR") && errors.len() < QUOTED_LINES {
            errors.push(line.trim().to_owned());
        }
    }
    errors.join(" ")
}

fn pom_text() -> String {
    let dependency = |group: &str, artifact: &str, version: &str| {
        format!(
            "    <dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
             <version>{version}</version></dependency>\n"
        )
    };
    let broker = dependency("org.apache.kafka", "kafka_2.13", VERSION);
    let tools = dependency("org.apache.kafka", "kafka-tools", VERSION);
    let log = dependency("org.apache.logging.log4j", "log4j-slf4j-impl", LOG4J_VERSION);
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  \
         <modelVersion>4.0.0</modelVersion>\n  \
         <groupId>foliostream</groupId><artifactId>local_kafka</artifactId>\n  \
         <version>1</version><packaging>pom</packaging>\n  \
         <dependencies>\n{broker}{tools}{log}  </dependencies>\n</project>\n"
    )
}
