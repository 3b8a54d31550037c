//! An archive of Kafka's loaded classes, made once for each Java and Kafka: it halves the time a
//! broker needs to start.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use sha2::{Digest, Sha256};
use tracing::warn;

use crate::broker;
use crate::environment::Environment;
use crate::error::Error;
use crate::folder;
use crate::options::Options;
use crate::process::{Launch, Runtime};
use crate::progress::Progress;

/// Making it takes five seconds here; another process may be at it.
const WAIT: Duration = Duration::from_secs(120);

/// Writing the archive at the end of the broker takes two to three seconds here.
const RECORD_DEADLINE: Duration = Duration::from_secs(60);

/// The archive, which is made if there is none. Without one Kafka only starts more slowly, so
/// nothing here is an error.
pub(crate) async fn prepare(
    environment: &Environment,
    runtime: &Runtime,
    progress: bool,
) -> Option<PathBuf> {
    let dir = environment.cache.as_ref()?.join("kafka").join("classes");
    let archive = dir.join(format!("{}.jsa", key(runtime)));
    if archive.exists() {
        return Some(archive);
    }
    // A Java that cannot make archives is not asked again.
    let refused = archive.with_extension("none");
    if refused.exists() {
        return None;
    }
    match make(runtime, &dir, &archive, progress).await {
        Ok(()) => Some(archive),
        Err(error) => {
            warn!(%error, "no class archive for Kafka; it will start more slowly");
            // If this fails too, the next start tries again.
            let _ = std::fs::write(&refused, error.to_string());
            None
        }
    }
}

/// A broker on a throw-away folder records what it loads.
async fn make(runtime: &Runtime, dir: &Path, archive: &Path, progress: bool) -> Result<(), Error> {
    std::fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
    let _lock = folder::lock(&dir.join("make.lock"), WAIT).await?;
    if archive.exists() {
        return Ok(());
    }
    let _progress = Progress::begin(progress, "preparing Kafka for fast starts, once".to_owned());
    let part = archive.with_extension("part");
    let options = Options::default();
    let folder = folder::Folder::open(&options.data_dir).await?;
    let launch = Launch {
        dir: folder.path(),
        heap_mb: options.heap_mb,
        temporary: true,
        record_classes: Some(&part),
    };
    let (mut process, _) = broker::launch(runtime, &options, &launch).await?;
    process.terminate();
    let ended = process.gone(RECORD_DEADLINE).await;
    if !ended {
        process.kill();
    }
    std::fs::rename(&part, archive).map_err(Error::io("find the classes recorded in", &part))
}

/// Java checks an archive against its jars and itself; another name saves it the trouble.
fn key(runtime: &Runtime) -> String {
    let mut hash = Sha256::new();
    hash.update(&runtime.java.banner);
    for jar in &runtime.home.jars {
        hash.update(jar.as_os_str().as_encoded_bytes());
        let changed = std::fs::metadata(jar).and_then(|about| about.modified()).ok();
        let changed = changed.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        hash.update(changed.map_or(0, |since| since.as_nanos()).to_be_bytes());
    }
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}
