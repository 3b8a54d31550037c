//! One broker for all tests of a process.

use std::sync::OnceLock;

use crate::broker::{LocalKafka, start};
use crate::error::Error;
use crate::options::Options;

/// The process's own throw-away broker, started by the first caller while the others wait. It
/// ends with the process. Blocks; may be called from inside a runtime.
///
/// # Panics
///
/// If there is no broker: no test that asks for one can go on.
pub fn shared() -> &'static LocalKafka {
    static SHARED: OnceLock<LocalKafka> = OnceLock::new();
    SHARED.get_or_init(|| {
        let begun = std::thread::spawn(begin).join();
        match begun {
            Ok(Ok(kafka)) => kafka,
            Ok(Err(error)) => panic!("no broker for the tests: {error}"),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn begin() -> Result<LocalKafka, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::Io { attempt: "start a runtime".to_owned(), source })?;
    runtime.block_on(start(Options::default()))
}
