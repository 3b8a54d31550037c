//! Finds a Java that can run Kafka.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::environment::Environment;
use crate::error::Error;

/// Kafka 4 brokers need it (Kafka 4.0 release notes, KIP-1013).
pub(crate) const OLDEST: u32 = 17;

/// A cold `java -version` takes well under a second.
const VERSION_DEADLINE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub(crate) struct Java {
    pub program: PathBuf,
    /// All that `java -version` says: it tells one build from another.
    pub banner: String,
}

/// The Java of `JAVA_HOME`, else the first one in `PATH` that is new enough.
pub(crate) async fn find(environment: &Environment) -> Result<Java, Error> {
    let from_home = environment.java_home.iter().map(|home| home.join("bin/java"));
    let mut tried = Vec::new();
    for program in from_home.chain(environment.programs("java")) {
        match ask(&program).await {
            Ok(java) => return Ok(java),
            Err(reason) => tried.push(format!("{program:?} {reason}")),
        }
    }
    if tried.is_empty() {
        tried.push("JAVA_HOME is not set and PATH has no java".to_owned());
    }
    Err(Error::NoJava { tried: tried.join(", ") })
}

async fn ask(program: &Path) -> Result<Java, String> {
    let mut command = Command::new(program);
    command.arg("-version").stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(VERSION_DEADLINE, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(format!("does not run ({error})")),
        Err(_) => return Err(format!("does not answer within {VERSION_DEADLINE:?}")),
    };
    let banner = String::from_utf8_lossy(&output.stderr).into_owned();
    match major(&banner) {
        Some(version) if version >= OLDEST => Ok(Java { program: program.to_owned(), banner }),
        Some(version) => Err(format!("is version {version}")),
        None => Err("does not say its version".to_owned()),
    }
}

/// `openjdk version "17.0.15" 2025-04-15` is 17, and `java version "1.8.0_402"` is 8.
fn major(banner: &str) -> Option<u32> {
    let quoted = banner.split_once("version \"")?.1.split('"').next()?;
    let mut numbers = quoted.split(['.', '-', '_', '+']);
    match numbers.next()?.parse().ok()? {
        1 => numbers.next()?.parse().ok(),
        version => Some(version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        let check = |banner, expected| assert_eq!(major(banner), expected, "{banner}");
        check("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime", Some(17));
        check("java version \"1.8.0_402\"", Some(8));
        check("openjdk version \"25\" 2025-09-16", Some(25));
        check("openjdk version \"26-ea\" 2026-03-17", Some(26));
        check("Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version \"21.0.2\"", Some(21));
        check("command not found", None);
        check("version \"x\"", None);
    }

    #[tokio::test]
    async fn says_what_it_tried() {
        let folder = tempfile::tempdir().unwrap();
        let fake = folder.path().join("bin/java");
        std::fs::create_dir_all(fake.parent().unwrap()).unwrap();
        std::fs::write(&fake, "#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n").unwrap();
        std::fs::set_permissions(&fake, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();

        let none = Environment::default();
        let error = find(&none).await.unwrap_err().to_string();
        assert!(error.contains("PATH has no java"), "{error}");
        assert!(error.contains("install Java 17 or newer"), "{error}");

        let old = Environment { java_home: Some(folder.path().into()), ..Environment::default() };
        let error = find(&old).await.unwrap_err().to_string();
        assert!(error.contains("is version 11"), "{error}");
    }
}
