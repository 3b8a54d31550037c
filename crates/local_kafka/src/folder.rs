//! The folder of one broker, and the locks that keep others out of it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use tempfile::TempDir;
use tracing::info;

use crate::error::Error;
use crate::options::DataDir;

/// A broker whose owner died is given ten seconds to end (`process::LEASH`).
const ORPHAN_DEADLINE: Duration = Duration::from_secs(15);

const POLL: Duration = Duration::from_millis(50);

/// Held as long as the broker may run.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    temporary: Option<TempDir>,
    _lock: File,
}

impl Folder {
    /// Creates the folder if needed and makes sure that no broker uses it.
    pub async fn open(data_dir: &DataDir) -> Result<Folder, Error> {
        let (path, temporary) = match data_dir {
            DataDir::Kept(path) => (path.clone(), None),
            DataDir::Temporary => {
                let dir = tempfile::Builder::new()
                    .prefix("foliostream-kafka-")
                    .tempdir()
                    .map_err(Error::io("create a folder in", &std::env::temp_dir()))?;
                (dir.path().to_owned(), Some(dir))
            }
        };
        std::fs::create_dir_all(&path).map_err(Error::io("create", &path))?;
        let path = path.canonicalize().map_err(Error::io("find", &path))?;
        let lock = lock_now(&path.join("owner.lock"))?
            .ok_or_else(|| Error::InUse { dir: path.clone(), pid: None })?;
        wait_for_orphan(&path).await?;
        Ok(Folder { path, temporary, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// Removes a temporary folder; dropping it would do the same without telling.
    pub fn close(self) -> Result<(), Error> {
        let path = self.path;
        self.temporary.map_or(Ok(()), TempDir::close).map_err(Error::io("remove", &path))
    }
}

/// Takes the lock file at `path`, waiting for whoever holds it.
pub(crate) async fn lock(path: &Path, within: Duration) -> Result<File, Error> {
    let begun = Instant::now();
    loop {
        if let Some(file) = lock_now(path)? {
            return Ok(file);
        }
        if begun.elapsed() > within {
            return Err(Error::Locked { path: path.to_owned(), waited: within });
        }
        tokio::time::sleep(POLL).await;
    }
}

fn lock_now(path: &Path) -> Result<Option<File>, Error> {
    let file = File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(path)
        .map_err(Error::io("open", path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(Error::io("lock", path)(error)),
    }
}

/// Our own lock is free once the owner is dead, but its broker may still be ending: Kafka holds
/// a lock of its own on its data.
async fn wait_for_orphan(dir: &Path) -> Result<(), Error> {
    let begun = Instant::now();
    while let Some(pid) = holder(&dir.join("data/.lock"))? {
        if begun.elapsed() > ORPHAN_DEADLINE {
            return Err(Error::InUse { dir: dir.to_owned(), pid: Some(pid) });
        }
        info!(pid, ?dir, "waiting for the last broker on this folder to end");
        tokio::time::sleep(POLL * 10).await;
    }
    Ok(())
}

/// Who holds a lock such as Java's `FileChannel.lock` takes.
fn holder(path: &Path) -> Result<Option<i32>, Error> {
    let file = match File::options().write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io("open", path)(error)),
    };
    let mut lock = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(&file, FcntlArg::F_GETLK(&mut lock))
        .map_err(|error| Error::io("ask who locks", path)(error.into()))?;
    Ok((lock.l_type != libc::F_UNLCK as libc::c_short).then_some(lock.l_pid))
}
