//! What a caller may choose.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Heap of the broker when the caller does not choose. Half of it stays free in the demo.
const HEAP_MB: u32 = 512;

/// How to run the broker. `Options::default()` is a throw-away broker on any free port.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where topics live.
    pub data_dir: DataDir,
    /// Port for clients on 127.0.0.1; `None` takes a free one. A kept folder remembers its port
    /// and takes it again while it is free.
    pub port: Option<u16>,
    /// Port of the KRaft controller on 127.0.0.1; chosen like `port`.
    pub controller_port: Option<u16>,
    /// Largest Java heap, in MiB.
    pub heap_mb: u32,
    /// Broker settings that replace the defaults, for example `message.max.bytes`.
    pub properties: BTreeMap<String, String>,
    /// Show fetching and preparing on stderr when it is a terminal.
    pub progress: bool,
}

/// The folder of a broker.
#[derive(Clone, Debug)]
pub enum DataDir {
    /// Data stays in this folder and is there again at the next start.
    Kept(PathBuf),
    /// A new folder that goes away with the broker, even when its owner is killed.
    Temporary,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            data_dir: DataDir::Temporary,
            port: None,
            controller_port: None,
            heap_mb: HEAP_MB,
            properties: BTreeMap::new(),
            progress: false,
        }
    }
}
