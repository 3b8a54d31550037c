use std::path::PathBuf;

pub type Result<T> = std::result::Result<T, Error>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("could not listen on {address}")]
    Listen { address: std::net::SocketAddr, source: std::io::Error },
    #[error("could not read market data from {}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("could not read a recording from {}", path.display())]
    Recording { path: PathBuf, source: std::io::Error },
    #[error("file {file:?}, line {line}: {reason}")]
    Data { file: String, line: usize, reason: String },
    #[error("no market data under {}", path.display())]
    NoData { path: PathBuf },
    #[error("{0:?} is not an RFC 3339 time or a date")]
    Time(String),
    #[error("{0}")]
    Setting(String),
}
