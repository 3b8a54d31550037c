//! Where files may be written, and that they appear whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Component, Path, PathBuf};

use model::Timestamp;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::Error;

/// A file below the one folder that exports may write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    root: PathBuf,
    /// Below the root, with `{date}` and `{time}` filled in.
    relative: PathBuf,
}

/// A file that is being written; until it is put in its place, nobody sees it.
pub(crate) struct Partial {
    out: BufWriter<NamedTempFile>,
    path: PathBuf,
    digest: Sha256,
    bytes: u64,
}

/// What was put in its place.
pub(crate) struct Placed {
    pub path: PathBuf,
    pub bytes: u64,
    pub sha256: String,
}

impl Destination {
    /// The file of a destination such as `file://reports/fills-{date}.csv`, below a root.
    pub fn new(root: &Path, destination: &str, now: Timestamp) -> Result<Self, Error> {
        let refused = |reason: &str| Error::Refused {
            destination: destination.to_owned(),
            reason: reason.to_owned(),
        };
        let path = match destination.split_once("://") {
            None => destination,
            Some(("file", path)) => path,
            Some(_) => return Err(refused("exports go to files")),
        };
        let now = now.to_string();
        let (date, time) = now.split_once('T').unwrap_or((&now, ""));
        let time: String = time.chars().take(8).filter(char::is_ascii_digit).collect();
        let path = path.replace("{date}", date).replace("{time}", &time);
        if path.contains(['{', '}']) {
            return Err(refused("a name has {date} and {time} and no other braces"));
        }
        let relative = PathBuf::from(path);
        let is_inside = |part: Component<'_>| matches!(part, Component::Normal(_));
        if relative.file_name().is_none() || !relative.components().all(is_inside) {
            return Err(refused("it leaves the folder of exports"));
        }
        let root = fs::canonicalize(root).map_err(Error::file("opening the folder", root))?;
        let found = Self { root, relative };
        found.check(destination)?;
        Ok(found)
    }

    /// Nothing on the way is a symbolic link.
    fn check(&self, destination: &str) -> Result<(), Error> {
        let mut path = self.root.clone();
        for part in self.relative.components() {
            path.push(part);
            if fs::symlink_metadata(&path).is_ok_and(|entry| entry.is_symlink()) {
                let reason = format!("{} is a symbolic link", path.display());
                return Err(Error::Refused { destination: destination.to_owned(), reason });
            }
        }
        Ok(())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.root.join(&self.relative)
    }

    pub(crate) fn create(&self) -> Result<Partial, Error> {
        Partial::new(self.path())
    }

    /// Where the manifest of the file stands.
    pub(crate) fn manifest(&self) -> Result<Partial, Error> {
        let mut name = self.path().into_os_string();
        name.push(".manifest.json");
        Partial::new(name.into())
    }
}

impl Partial {
    fn new(path: PathBuf) -> Result<Self, Error> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(Error::file("making the folder", folder))?;
        let file = tempfile::Builder::new().prefix(".partial-").tempfile_in(folder);
        let file = file.map_err(Error::file("writing", &path))?;
        Ok(Self { out: BufWriter::new(file), path, digest: Sha256::new(), bytes: 0 })
    }

    /// Puts the file in its place, in one step, once all of it is on the disk.
    pub fn place(mut self) -> Result<Placed, Error> {
        let placed = self.out.flush().and_then(|()| {
            let file = self.out.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|error| error.error)?;
            match self.path.parent() {
                Some(folder) => fs::File::open(folder)?.sync_all(),
                None => Ok(()),
            }
        });
        placed.map_err(Error::file("writing", &self.path))?;
        let sha256 = self.digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Placed { path: self.path, bytes: self.bytes, sha256 })
    }
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.digest.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn destination(root: &Path, text: &str) -> Result<Destination, Error> {
        Destination::new(root, text, "2026-11-23T20:00:05Z".parse().unwrap())
    }

    #[test]
    fn what_is_not_below_the_root_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::os::unix::fs::symlink("/etc", root.join("link")).unwrap();
        for text in [
            "../a.csv",
            "a/../../b.csv",
            "/etc/passwd",
            "file:///etc/passwd",
            "file://../a.csv",
            "link/passwd",
            "http://169.254.169.254/latest",
            "s3://bucket/key",
            "{home}.csv",
            "",
            ".",
        ] {
            let refused = destination(root, text).unwrap_err();
            assert!(matches!(refused, Error::Refused { .. }), "{text}: {refused}");
        }
        let made = destination(root, "file://reports/a-{date}-{time}.csv").unwrap();
        assert!(made.path().ends_with("reports/a-2026-11-23-200005.csv"));
    }

    #[test]
    fn a_file_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let destination = destination(folder.path(), "reports/a.csv").unwrap();
        let mut partial = destination.create().unwrap();
        partial.write_all(b"abc").unwrap();
        drop(partial);
        assert!(!destination.path().exists());
        let left = fs::read_dir(folder.path().join("reports")).unwrap().count();
        assert_eq!(left, 0);
        let mut partial = destination.create().unwrap();
        partial.write_all(b"abc").unwrap();
        let placed = partial.place().unwrap();
        assert_eq!(fs::read(&placed.path).unwrap(), b"abc");
        assert_eq!((placed.bytes, &placed.sha256[..8]), (3, "ba7816bf"));
    }
}
