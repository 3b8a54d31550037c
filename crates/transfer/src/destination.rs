//! Where files may be written, and that they appear whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use model::Timestamp;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::stores::{S3, attempted, wait};
use crate::{Error, Stores};

/// Where an export goes: a file below the one folder that exports may write to, or an object of a
/// store that the configuration lets them write to.
#[derive(Clone, Debug)]
pub struct Destination(Place);

#[derive(Clone, Debug)]
enum Place {
    File {
        root: PathBuf,
        /// Below the root, with `{date}` and `{time}` filled in.
        relative: PathBuf,
    },
    Object {
        store: Arc<S3>,
        key: String,
    },
}

/// A file that is being written; until it is put in its place, nobody sees it.
pub(crate) struct Partial {
    out: BufWriter<NamedTempFile>,
    place: Place,
    path: PathBuf,
    digest: Sha256,
    bytes: u64,
}

/// What was put in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Where it is: the file, or the URL of the object.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: u64,
    /// Their checksum.
    pub sha256: String,
}

/// Whether what is written may take its place now.
pub(crate) type MayPlace<'a> = &'a mut dyn FnMut() -> Result<(), Error>;

impl Destination {
    /// The destination of an export: in a store, such as `s3://archive/fills-{date}.csv`, or below
    /// a root.
    pub fn find(
        stores: &Stores,
        root: &Path,
        destination: &str,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let filled = filled(destination, now)?;
        let Some((store, key)) = stores.find(&filled)? else {
            return Self::new(root, destination, now);
        };
        store.allows(&key).map_err(|reason| refused(destination, &reason))?;
        Ok(Self(Place::Object { store, key }))
    }

    /// The file of a destination such as `file://reports/fills-{date}.csv`, below a root.
    pub fn new(root: &Path, destination: &str, now: Timestamp) -> Result<Self, Error> {
        let refused = |reason: &str| refused(destination, reason);
        let path = match destination.split_once("://") {
            None => destination,
            Some(("file", path)) => path,
            Some(_) => return Err(refused("exports go to files, and to the stores of \"stores\"")),
        };
        let relative = PathBuf::from(filled(path, now)?);
        let is_inside = |part: Component<'_>| matches!(part, Component::Normal(_));
        if relative.file_name().is_none() || !relative.components().all(is_inside) {
            return Err(refused("it leaves the folder of exports"));
        }
        let root = fs::canonicalize(root).map_err(Error::file("opening the folder", root))?;
        // Nothing on the way is a symbolic link.
        let mut path = root.clone();
        for part in relative.components() {
            path.push(part);
            if fs::symlink_metadata(&path).is_ok_and(|entry| entry.is_symlink()) {
                return Err(refused(&format!("{} is a symbolic link", path.display())));
            }
        }
        Ok(Self(Place::File { root, relative }))
    }

    /// What messages call it: the file, or the URL of the object.
    pub fn path(&self) -> PathBuf {
        match &self.0 {
            Place::File { root, relative } => root.join(relative),
            Place::Object { store, key } => store.url(key).into(),
        }
    }

    pub(crate) fn create(&self) -> Result<Partial, Error> {
        Partial::new(self.0.clone(), self.path())
    }

    /// Where the manifest of the file stands.
    #[must_use]
    pub fn manifest(&self) -> Self {
        const ENDING: &str = ".manifest.json";
        let mut place = self.0.clone();
        match &mut place {
            Place::File { relative, .. } => relative.as_mut_os_string().push(ENDING),
            Place::Object { key, .. } => key.push_str(ENDING),
        }
        Self(place)
    }

    /// Puts there what `write` writes, once `may_place` lets it. Blocks.
    pub fn put(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
        may_place: &mut dyn FnMut() -> Result<(), Error>,
    ) -> Result<Placed, Error> {
        let mut partial = self.create()?;
        write(&mut partial).map_err(Error::file("writing", &self.path()))?;
        partial.place(may_place)
    }
}

fn refused(destination: &str, reason: &str) -> Error {
    Error::Refused { destination: destination.to_owned(), reason: reason.to_owned() }
}

/// A destination with its date and time.
fn filled(destination: &str, now: Timestamp) -> Result<String, Error> {
    let now = now.to_string();
    let (date, time) = now.split_once('T').unwrap_or((&now, ""));
    let time: String = time.chars().take(8).filter(char::is_ascii_digit).collect();
    let filled = destination.replace("{date}", date).replace("{time}", &time);
    match filled.contains(['{', '}']) {
        true => Err(refused(destination, "a name has {date} and {time} and no other braces")),
        false => Ok(filled),
    }
}

impl Partial {
    fn new(place: Place, path: PathBuf) -> Result<Self, Error> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".partial-");
        let file = match &place {
            Place::File { .. } => {
                let folder = path.parent().unwrap_or(Path::new("."));
                fs::create_dir_all(folder).map_err(Error::file("making the folder", folder))?;
                builder.tempfile_in(folder)
            }
            Place::Object { .. } => builder.tempfile(),
        };
        let file = file.map_err(Error::file("writing", &path))?;
        Ok(Self { out: BufWriter::new(file), place, path, digest: Sha256::new(), bytes: 0 })
    }

    /// Puts the file in its place, in one step, once all of it is on the disk or at the store and
    /// `may_place` lets it.
    pub fn place(self, may_place: MayPlace<'_>) -> Result<Placed, Error> {
        let Self { out, place, path, digest, bytes } = self;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error);
        let file = file.map_err(Error::file("writing", &path))?;
        match place {
            Place::File { .. } => {
                may_place()?;
                persist(file, &path).map_err(Error::file("writing", &path))?;
            }
            Place::Object { store, key } => send(&store, &key, file.path(), may_place)?,
        }
        let sha256 = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Placed { path, bytes, sha256 })
    }
}

fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    match path.parent() {
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn send(store: &S3, key: &str, file: &Path, may_place: MayPlace<'_>) -> Result<(), Error> {
    let failed = || attempted("writing", &store.url(key));
    let upload = wait(store.upload(key, file)).map_err(failed())?;
    if let Err(error) = may_place() {
        wait(store.abort(key, upload));
        return Err(error);
    }
    wait(store.place(key, upload)).map_err(failed())
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
        let placed = partial.place(&mut || Ok(())).unwrap();
        assert_eq!(fs::read(&placed.path).unwrap(), b"abc");
        assert_eq!((placed.bytes, &placed.sha256[..8]), (3, "ba7816bf"));
    }
}
