//! The one folder below which files are read and written.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

use component::{Fault, Result};
use glob::{MatchOptions, Pattern};
use walkdir::WalkDir;

/// Folders below each other that are looked into.
const MAX_DEPTH: usize = 16;
/// Entries of a folder tree that are looked at; more is a wrong path rather than a feed.
const MAX_ENTRIES: usize = 200_000;
/// Ending of a file that is being written.
const PARTIAL: &str = "partial";

/// An existing folder and the promise to stay inside it.
#[derive(Clone, Debug)]
pub(crate) struct Root(PathBuf);

/// A file that a feed may read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Path below the root, with `/`.
    pub path: String,
    /// Length in bytes.
    pub length: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub modified: i64,
}

impl Root {
    /// The root of a system; it must exist.
    pub fn open(path: &str) -> Result<Self> {
        let root = fs::canonicalize(path)
            .map_err(|error| Fault::retry(format!("opening the root {path:?}: {error}")))?;
        if !root.is_dir() {
            return Err(Fault::fatal(format!("the root {path:?} is not a folder")));
        }
        Ok(Self(root))
    }

    /// The path of something below the root that is neither outside nor behind a symbolic link.
    pub fn resolve(&self, relative: &str) -> Result<PathBuf> {
        let mut path = self.0.clone();
        for part in Path::new(relative).components() {
            match part {
                Component::CurDir => continue,
                Component::Normal(name) => path.push(name),
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                    let message = format!("the path {relative:?} leaves the root");
                    return Err(Fault::fatal(message));
                }
            }
            if fs::symlink_metadata(&path).is_ok_and(|entry| entry.is_symlink()) {
                let message = format!("{relative:?}: {} is a symbolic link", path.display());
                return Err(Fault::fatal(message));
            }
        }
        Ok(path)
    }

    /// The same, made when it is missing.
    pub fn make_folder(&self, relative: &str) -> Result<PathBuf> {
        let path = self.resolve(relative)?;
        fs::create_dir_all(&path)
            .map_err(|error| Fault::retry(format!("making the folder {relative:?}: {error}")))?;
        self.resolve(relative)
    }

    /// Opens a file below the root for reading.
    pub fn read(&self, relative: &str) -> io::Result<File> {
        let path = self.resolve(relative).map_err(io::Error::other)?;
        without_links(OpenOptions::new().read(true)).open(path)
    }

    /// The files of a feed in the order of their paths: one file, or those of a folder whose path
    /// below it fits the pattern. A folder that is not there yet has none.
    pub fn list(&self, path: &str, pattern: &Pattern) -> Result<Vec<Found>> {
        let start = self.resolve(path)?;
        let mut files = Vec::new();
        let walk = WalkDir::new(&start).max_depth(MAX_DEPTH).sort_by_file_name();
        for (count, entry) in walk.into_iter().filter_entry(|e| !is_hidden(e)).enumerate() {
            if count == MAX_ENTRIES {
                let message = format!("{path:?} holds more than {MAX_ENTRIES} entries");
                return Err(Fault::fatal(message));
            }
            // What disappears while we look, or may not be seen, is not there.
            let Ok(entry) = entry else { continue };
            let is_file = entry.file_type().is_file();
            let below = entry.path().strip_prefix(&start).unwrap_or(Path::new(""));
            let is_wanted = entry.depth() == 0 || pattern.matches_path_with(below, OPTIONS);
            if !is_file || !is_wanted {
                continue;
            }
            let relative = entry.path().strip_prefix(&self.0).ok().and_then(Path::to_str);
            if let (Some(relative), Ok(metadata)) = (relative, entry.metadata()) {
                files.push(Found {
                    path: relative.replace('\\', "/"),
                    length: metadata.len(),
                    modified: modified(&metadata),
                });
            }
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }
}

const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

fn is_hidden(entry: &walkdir::DirEntry) -> bool {
    entry.depth() > 0 && entry.file_name().to_str().is_none_or(|name| name.starts_with('.'))
}

/// When a file was last written, in nanoseconds since 1970.
pub(crate) fn modified(metadata: &fs::Metadata) -> i64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0)
}

/// Puts a whole file in its place or leaves what was there: a reader never sees half of it, and
/// once this returns a power cut does not lose it.
pub(crate) fn replace(
    folder: &Path,
    name: &str,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let partial = folder.join(format!(".{name}.{PARTIAL}"));
    match fs::remove_file(&partial) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let file = without_links(OpenOptions::new().write(true).create_new(true)).open(&partial)?;
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.flush()?;
    out.get_ref().sync_all()?;
    fs::rename(&partial, folder.join(name))?;
    sync_folder(folder)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    let _ = folder;
    Ok(())
}

/// Removes what an interrupted [`replace`] left.
pub(crate) fn remove_partial(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_ours = path.file_name().and_then(OsStr::to_str).is_some_and(|n| n.starts_with('.'));
        if is_ours && path.extension().is_some_and(|ending| ending == PARTIAL) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Opens a file for writing, as it is or empty.
pub(crate) fn open_or_make(path: &Path) -> io::Result<File> {
    without_links(OpenOptions::new().write(true).create(true).truncate(false)).open(path)
}

/// Refuses to open a symbolic link that appeared after the path was looked at.
fn without_links(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, libc::O_NOFOLLOW);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path().to_str().unwrap()).unwrap();
        (folder, root)
    }

    #[test]
    fn paths_stay_below_the_root() {
        let (_folder, root) = root();
        for path in ["..", "a/../../b", "/etc", "a/.."] {
            assert!(matches!(root.resolve(path), Err(Fault::Fatal(_))), "{path}");
        }
        assert!(root.resolve("./a/b.csv").unwrap().starts_with(&root.0));
    }

    #[cfg(unix)]
    #[test]
    fn symbolic_links_are_refused_and_not_listed() {
        let (folder, root) = root();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("a.csv"), "secret").unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join("link")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("a.csv"), folder.path().join("a.csv"))
            .unwrap();
        assert!(root.resolve("link/a.csv").is_err());
        assert!(root.make_folder("link").is_err());
        assert!(root.read("a.csv").is_err());
        assert!(root.list("", &Pattern::new("**/*.csv").unwrap()).unwrap().is_empty());
    }

    #[test]
    fn lists_what_fits_in_order() {
        let (folder, root) = root();
        for path in ["b/2_trade.csv", "b/1_trade.csv", "a/1_trade.csv", "a/1_quote.csv", "1.csv"] {
            let path = folder.path().join("bars").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let list = |path: &str, pattern: &str| {
            let found = root.list(path, &Pattern::new(pattern).unwrap()).unwrap();
            found.into_iter().map(|f| f.path).collect::<Vec<_>>()
        };
        let trades = ["bars/a/1_trade.csv", "bars/b/1_trade.csv", "bars/b/2_trade.csv"];
        assert_eq!(list("bars", "*/*_trade.csv"), trades);
        assert_eq!(list("bars", "**/*.csv").len(), 5);
        assert_eq!(list("bars/1.csv", "nothing"), ["bars/1.csv"]);
        assert!(list("not-there-yet", "**/*").is_empty());
    }

    #[test]
    fn replacing_leaves_the_old_file_when_writing_fails() {
        let (folder, _root) = root();
        replace(folder.path(), "a.csv", |out| out.write_all(b"old")).unwrap();
        let failed = replace(folder.path(), "a.csv", |out| {
            out.write_all(b"ne")?;
            Err(io::Error::other("disk full"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(folder.path().join("a.csv")).unwrap(), b"old");
        remove_partial(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
