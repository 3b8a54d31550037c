//! Finds Kafka's jars, or fetches them once for this user.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::warn;

use crate::environment::Environment;
use crate::error::Error;
use crate::progress::Progress;
use crate::{archive, folder, maven};

/// The Kafka that is fetched when `KAFKA_HOME` names none. Not 4.3: see [`FORGETFUL`].
pub const VERSION: &str = "4.2.1";

/// Older ones need ZooKeeper's scripts or another logging library.
const OLDEST_MAJOR: u32 = 4;

/// When a broker without replicas is killed while it ends a transaction, these forget to end it on
/// some partitions: whoever reads them waits for ever (KAFKA-20734).
const FORGETFUL: &str = "4.3.";

/// A fetch over a slow line, by this process or by another one.
const FETCH_DEADLINE: Duration = Duration::from_secs(15 * 60);

/// How unfinished fetches are called.
const PART: &str = "part-";

/// An installed Kafka: `libs/*.jar` under `root`.
#[derive(Debug)]
pub(crate) struct Home {
    pub root: PathBuf,
    /// Sorted, since a class archive is good for one order of jars only.
    pub jars: Vec<PathBuf>,
}

pub(crate) async fn find(environment: &Environment, progress: bool) -> Result<Home, Error> {
    if let Some(root) = &environment.kafka_home {
        return open(root).map_err(|reason| Error::KafkaHome { path: root.clone(), reason });
    }
    let cache = environment.cache.as_ref().ok_or(Error::NoCache)?.join("kafka");
    let root = cache.join(VERSION);
    if let Ok(home) = open(&root) {
        return Ok(home);
    }
    std::fs::create_dir_all(&cache).map_err(Error::io("create", &cache))?;
    let _lock = folder::lock(&cache.join("fetch.lock"), FETCH_DEADLINE).await?;
    if let Ok(home) = open(&root) {
        return Ok(home);
    }
    fetch(environment, &root, progress).await?;
    open(&root).map_err(|reason| Error::Fetch {
        maven: format!("{root:?} {reason}"),
        archive: "not tried".to_owned(),
    })
}

/// Fills a folder beside `root` and renames it, so that `root` is whole or absent. The folder is a
/// new one every time: Maven may outlive a killed fetch and go on filling the old one.
async fn fetch(environment: &Environment, root: &Path, progress: bool) -> Result<(), Error> {
    let progress = Progress::begin(progress, format!("fetching Apache Kafka {VERSION}"));
    let cache = root.parent().unwrap_or(root);
    remove_leftovers(cache)?;
    let part = tempfile::Builder::new()
        .prefix(PART)
        .tempdir_in(cache)
        .map_err(Error::io("create a folder in", cache))?;
    if let Err(maven) = maven::fetch(environment, part.path(), &progress).await {
        warn!(reason = maven, "cannot fetch Kafka through Maven, trying its archive");
        archive::fetch(environment, part.path(), &progress)
            .await
            .map_err(|archive| Error::Fetch { maven, archive })?;
    }
    // Something is there only if it could not be opened: half removed, say.
    remove(root)?;
    std::fs::rename(part.path(), root).map_err(Error::io("rename", part.path()))
}

fn remove_leftovers(cache: &Path) -> Result<(), Error> {
    for entry in std::fs::read_dir(cache).map_err(Error::io("list", cache))?.flatten() {
        if entry.file_name().as_encoded_bytes().starts_with(PART.as_bytes()) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn remove(dir: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(dir) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", dir)(error))
        }
        _ => Ok(()),
    }
}

/// What is wrong with a folder reads on after its path: "has no ...".
fn open(root: &Path) -> Result<Home, String> {
    let listed = std::fs::read_dir(root.join("libs")).map_err(|_| "has no folder libs")?;
    let mut jars: Vec<PathBuf> = listed
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "jar"))
        .collect();
    jars.sort();
    let version = jars.iter().filter_map(|jar| broker_version(jar)).next();
    match version {
        None => Err("has no libs/kafka_2.13-*.jar".to_owned()),
        Some(version) if major(version) < Some(OLDEST_MAJOR) => {
            Err(format!("holds Kafka {version}, but {OLDEST_MAJOR}.0 is the oldest that serves"))
        }
        Some(version) => {
            if version.starts_with(FORGETFUL) {
                warn!(version, "a kill of this kafka can leave transactions open; use 4.2");
            }
            Ok(Home { root: root.to_owned(), jars })
        }
    }
}

/// `kafka_2.13-4.2.1.jar` is 4.2.1.
fn broker_version(jar: &Path) -> Option<&str> {
    let name = jar.file_stem()?.to_str()?;
    let version = name.strip_prefix("kafka_")?.split_once('-')?.1;
    version.starts_with(|first: char| first.is_ascii_digit()).then_some(version)
}

fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_what_a_wrong_home_lacks() {
        let check = async |jars: &[&str], expected: &str| {
            let root = tempfile::tempdir().unwrap();
            std::fs::create_dir(root.path().join("libs")).unwrap();
            for jar in jars {
                std::fs::write(root.path().join("libs").join(jar), "").unwrap();
            }
            let kafka_home = Some(root.path().to_owned());
            let environment = Environment { kafka_home, ..Environment::default() };
            let found = find(&environment, false).await.map(|home| home.jars.len().to_string());
            let said = found.unwrap_or_else(|error| error.to_string());
            assert!(said.contains(expected), "{said}");
        };
        check(&[], "which has no libs/kafka_2.13-*.jar").await;
        check(&["kafka_2.13-3.9.1.jar"], "which holds Kafka 3.9.1").await;
        check(&["kafka_2.13-4.1.0.jar", "zstd.jar", "notes.txt"], "2").await;
    }

    #[tokio::test]
    async fn says_what_to_install() {
        let cache = tempfile::tempdir().unwrap();
        let environment = Environment {
            cache: Some(cache.path().to_owned()),
            archive_url: Some("http://127.0.0.1:1/kafka.tgz".to_owned()),
            ..Environment::default()
        };
        let error = find(&environment, false).await.unwrap_err().to_string();
        for part in ["no mvn in PATH", "http://127.0.0.1:1/kafka.tgz", "or set KAFKA_HOME"] {
            assert!(error.contains(part), "{error}");
        }
    }
}
