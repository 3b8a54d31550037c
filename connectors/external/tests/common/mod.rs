//! `mock.py` and its folder, from which it learns what is to go wrong.

#![allow(dead_code, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use model::ApprovedOrder;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Broker, Mock, events};

/// Shorter than a process lives that was told to end.
const PATIENCE: Duration = Duration::from_millis(800);

pub struct Rig {
    folder: TempDir,
    faults: AtomicUsize,
}

impl Rig {
    pub fn with(count: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("faults")).unwrap();
        fs::create_dir(folder.path().join("book")).unwrap();
        fs::write(folder.path().join("count"), count.to_string()).unwrap();
        Self { folder, faults: AtomicUsize::new(0) }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn system_with(&self, token: &str) -> Value {
        let mock = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mock.py");
        json!({
            "connection": { "command": ["python3", mock, self.path()] },
            "authentication": { "type": "token", "credentials": { "token": token } },
        })
    }

    /// Files appear whole, or the mock would read half a rule.
    fn put(&self, name: &str, text: &str) {
        let beside = self.path().join("beside");
        fs::write(&beside, text).unwrap();
        fs::rename(beside, self.path().join(name)).unwrap();
    }
}

impl Mock for Rig {
    async fn start() -> Self {
        Self::with(50)
    }

    async fn start_empty() -> Option<Self> {
        Some(Self::with(0))
    }

    fn system(&self) -> Value {
        self.system_with("the-right-token")
    }

    fn wrong_system(&self) -> Value {
        self.system_with("not-the-token")
    }

    fn control(&self) -> String {
        String::new()
    }

    async fn fault(&self, rule: Value) -> Result<(), String> {
        if let Some(millis) = rule.get("delay_ms") {
            self.put("late", &millis.to_string());
            return Ok(());
        }
        for _ in 0..rule["next"].as_u64().unwrap_or(1) {
            let number = self.faults.fetch_add(1, Ordering::SeqCst);
            self.put(&format!("faults/{number:05}.json"), &rule.to_string());
        }
        Ok(())
    }

    /// A process hears of a question in its own time, also where a test's clock runs ahead.
    async fn pending(&self) -> Result<Vec<Value>, String> {
        let started = Instant::now();
        loop {
            let files = fs::read_dir(self.path().join("faults")).unwrap();
            let pending: Vec<Value> = files.map(|file| json!(file.unwrap().path())).collect();
            if pending.is_empty() || started.elapsed() > PATIENCE {
                return Ok(pending);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Broker for Rig {
    fn order(&self, number: u64) -> ApprovedOrder {
        events::approved(number, "desk", "", "BAC")
    }

    fn refused_order(&self, number: u64) -> ApprovedOrder {
        events::approved(number, "desk", "", "NOPE")
    }

    async fn taken(&self, order: &ApprovedOrder) -> Result<usize, String> {
        Ok(usize::from(self.path().join("book").join(&*order.order_id).exists()))
    }
}
