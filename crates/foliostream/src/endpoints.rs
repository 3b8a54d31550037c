//! Where a running `demo` or `broker run` can be found: a small file in its data folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Addresses for clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// Kafka.
    pub bootstrap_servers: String,
    /// The schema registry.
    pub schema_registry_url: String,
}

impl Endpoints {
    fn file(data: &Path) -> PathBuf {
        data.join("endpoints.json")
    }

    /// Leaves the addresses for other commands.
    pub fn publish(&self, data: &Path) -> Result<()> {
        let file = Self::file(data);
        let temporary = file.with_extension("json.new");
        let write = || {
            std::fs::create_dir_all(data)?;
            std::fs::write(&temporary, serde_json::to_string_pretty(self)?)?;
            std::fs::rename(&temporary, &file)
        };
        write().with_context(|| format!("writing {}", file.display()))
    }

    /// The addresses left by a process on this data folder.
    pub fn find(data: &Path) -> Option<Self> {
        serde_json::from_str(&std::fs::read_to_string(Self::file(data)).ok()?).ok()
    }

    /// Takes the addresses away again.
    pub fn withdraw(data: &Path) {
        let _ = std::fs::remove_file(Self::file(data));
    }
}
