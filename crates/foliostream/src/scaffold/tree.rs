//! The checkout that a connector is added to.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{Name, Refusal};

/// What every checkout of Foliostream has, and nothing else.
const LANDMARKS: [&str; 3] = ["crates/foliostream/src/components.rs", "connectors", "mocks"];
/// Folders within folders that are looked at.
const MAX_DEPTH: usize = 12;

/// A checkout of Foliostream.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The checkout that a folder lies in.
    pub fn around(folder: &Path) -> Result<Self, Refusal> {
        let is_root = |root: &&Path| LANDMARKS.iter().all(|path| root.join(path).exists());
        match folder.ancestors().find(is_root) {
            Some(root) => Ok(Self { root: root.to_owned() }),
            None => Err(Refusal::NoCheckout { folder: folder.to_owned(), missing: LANDMARKS[0] }),
        }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether there is something at a path, be it a link to nowhere.
    pub fn has(&self, path: &str) -> bool {
        self.root.join(path).symlink_metadata().is_ok()
    }

    /// The text of a file.
    pub fn read(&self, path: &str) -> Result<String> {
        fs::read_to_string(self.root.join(path)).with_context(|| format!("reading {path}"))
    }

    /// Refuses a name that something has, or that the shared crates could not be free of.
    pub fn refuse_taken(&self, name: &Name) -> Result<()> {
        for folder in ["connectors", "mocks"] {
            let path = format!("{folder}/{name}");
            if self.has(&path) {
                return Err(Refusal::There(path).into());
            }
        }
        let refused = |reason| Refusal::Name { name: name.to_string(), reason };
        let manifest = self.read("Cargo.toml")?;
        // Entries that are left of a connector whose folder was removed are no other crate's.
        let own = format!("{name} = {{ path = \"connectors/{name}\" }}");
        let is_crate = |line: &str| {
            let key = line.split([' ', '.', '=']).next().unwrap_or_default();
            key.replace('-', "_") == name.snake() && line != own
        };
        if manifest.lines().any(is_crate) {
            return Err(refused("Cargo.toml has a crate of that name".to_owned()).into());
        }
        match self.mention(name)? {
            None => Ok(()),
            Some(place) => Err(refused(format!(
                "{place} uses the word, and shared crates know no vendor; a longer name helps"
            ))
            .into()),
        }
    }

    /// Where a shared crate uses a name, tests and comments aside: `cargo xtask tidy` would take
    /// it for the vendor.
    fn mention(&self, name: &Name) -> Result<Option<String>> {
        let words = [name.snake().to_owned(), name.compact()];
        for krate in folders(&self.root.join("crates"))? {
            if krate.ends_with("foliostream") {
                continue;
            }
            let mut files = Vec::new();
            rust_files(&krate.join("src"), MAX_DEPTH, &mut files)?;
            for file in files {
                let text = fs::read_to_string(&file)?.to_lowercase();
                let code = text.lines().take_while(|line| line.trim() != "#[cfg(test)]");
                let found = code.enumerate().find(|(_, line)| {
                    let is_comment = line.trim_start().starts_with("//");
                    !is_comment && words.iter().any(|word| line.contains(word.as_str()))
                });
                if let Some((line, _)) = found {
                    let path = file.strip_prefix(&self.root).unwrap_or(&file).display();
                    return Ok(Some(format!("{path}:{}", line + 1)));
                }
            }
        }
        Ok(None)
    }
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn rust_files(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<()> {
    if depth == 0 || !folder.is_dir() {
        return Ok(());
    }
    for path in folders(folder)? {
        if path.is_dir() {
            rust_files(&path, depth - 1, found)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    Ok(())
}
