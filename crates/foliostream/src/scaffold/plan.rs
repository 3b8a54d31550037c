//! What is to be written, and writing it all or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Files to be made and files to be changed, by their paths below the root.
#[derive(Debug, Default)]
pub struct Plan {
    created: Vec<(String, String)>,
    changed: Vec<Change>,
}

#[derive(Debug)]
struct Change {
    path: String,
    before: String,
    after: String,
}

impl Plan {
    /// Adds a file that is not there yet.
    pub fn create(&mut self, path: String, text: String) {
        self.created.push((path, text));
    }

    /// Adds a change, unless it changes nothing.
    pub fn change(&mut self, path: &str, before: String, after: String) {
        if before != after {
            self.changed.push(Change { path: path.to_owned(), before, after });
        }
    }

    /// Paths of what is made.
    pub fn created(&self) -> Vec<&str> {
        self.created.iter().map(|(path, _)| path.as_str()).collect()
    }

    /// Paths of what is changed.
    pub fn changed(&self) -> Vec<&str> {
        self.changed.iter().map(|change| change.path.as_str()).collect()
    }

    /// Writes everything below `root`; when something fails, nothing of it stays.
    pub fn write(&self, root: &Path) -> Result<()> {
        let mut undo = Undo { root, made: Vec::new(), changed: Vec::new() };
        let written = self.try_write(root, &mut undo);
        if written.is_err() {
            undo.run();
        }
        written
    }

    fn try_write<'a>(&'a self, root: &Path, undo: &mut Undo<'a>) -> Result<()> {
        for (path, text) in &self.created {
            let full = root.join(path);
            let folders = full.ancestors().skip(1).take_while(|folder| *folder != root);
            let missing: Vec<_> = folders.filter(|folder| !folder.exists()).collect();
            for folder in missing.into_iter().rev() {
                fs::create_dir(folder).with_context(|| format!("making {}", folder.display()))?;
                undo.made.push(folder.to_owned());
            }
            let mut options = fs::OpenOptions::new();
            let file = options.write(true).create_new(true).open(&full);
            let mut file = file.with_context(|| format!("making {path}"))?;
            undo.made.push(full);
            std::io::Write::write_all(&mut file, text.as_bytes())
                .with_context(|| format!("writing {path}"))?;
        }
        // Last: a list that names a connector which is not there would stop every build.
        for change in &self.changed {
            undo.changed.push(change);
            fs::write(root.join(&change.path), &change.after)
                .with_context(|| format!("writing {}", change.path))?;
        }
        Ok(())
    }
}

/// What has happened so far.
struct Undo<'a> {
    root: &'a Path,
    made: Vec<PathBuf>,
    changed: Vec<&'a Change>,
}

impl Undo<'_> {
    /// Takes it back. What cannot be taken back is left: the first error says more than a second.
    fn run(self) {
        for change in self.changed {
            let _ = fs::write(self.root.join(&change.path), &change.before);
        }
        for path in self.made.into_iter().rev() {
            let _ = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn plan(last: &str) -> Plan {
        let mut plan = Plan::default();
        plan.create("connectors/a/src/lib.rs".into(), "a".into());
        plan.create("connectors/a/README.md".into(), "b".into());
        plan.change("list", "1\n".into(), "1\n2\n".into());
        plan.change(last, "1\n".into(), "1\n2\n".into());
        plan
    }

    fn paths(root: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(root).unwrap().map(Result::unwrap) {
            found.push(entry.path());
            if entry.path().is_dir() {
                found.extend(paths(&entry.path()));
            }
        }
        found.sort();
        found
    }

    fn checkout() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("connectors")).unwrap();
        fs::write(folder.path().join("list"), "1\n").unwrap();
        fs::write(folder.path().join("other"), "1\n").unwrap();
        folder
    }

    #[test]
    fn everything_is_written() {
        let folder = checkout();
        plan("other").write(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("list")).unwrap(), "1\n2\n");
        assert_eq!(fs::read_to_string(folder.path().join("other")).unwrap(), "1\n2\n");
        assert_eq!(fs::read_to_string(folder.path().join("connectors/a/README.md")).unwrap(), "b");
    }

    #[test]
    fn or_nothing_is() {
        let folder = checkout();
        let before = paths(folder.path());
        // A folder cannot be written to, nor can what is in no folder.
        for last in ["connectors", "nowhere/other"] {
            plan(last).write(folder.path()).unwrap_err();
            assert_eq!(paths(folder.path()), before, "{last}");
            assert_eq!(fs::read_to_string(folder.path().join("list")).unwrap(), "1\n", "{last}");
        }
        // What is there stays as it is.
        fs::create_dir(folder.path().join("connectors/a")).unwrap();
        fs::write(folder.path().join("connectors/a/README.md"), "mine").unwrap();
        plan("other").write(folder.path()).unwrap_err();
        assert!(!folder.path().join("connectors/a/src").exists());
        let mine = fs::read_to_string(folder.path().join("connectors/a/README.md")).unwrap();
        assert_eq!(mine, "mine");
    }
}
