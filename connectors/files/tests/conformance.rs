//! The shared suite, switched on for every component. The vendor is a folder; what goes wrong with
//! it are bad rows and files that are put in each other's place.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::marker::PhantomData;
use std::path::PathBuf;

use model::ApprovedOrder;
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::{Broker, Mock, events};

/// A folder with files for one component.
struct Folder<K>(TempDir, PhantomData<K>);

/// The files of a component.
trait Files {
    const NAME: &'static str;

    fn text() -> String;
}

impl<K: Files> Folder<K> {
    fn path(&self) -> PathBuf {
        self.0.path().join(K::NAME)
    }

    fn append(&self, bytes: &[u8]) {
        OpenOptions::new().append(true).open(self.path()).unwrap().write_all(bytes).unwrap();
    }

    /// The same file under another number, as an editor or a copying program leaves it.
    fn replace(&self) {
        let copy = self.0.path().join("copy.tmp");
        fs::copy(self.path(), &copy).unwrap();
        fs::rename(copy, self.path()).unwrap();
    }
}

impl<K: Files> Mock for Folder<K> {
    async fn start() -> Self {
        let folder = Self(tempfile::tempdir().unwrap(), PhantomData);
        fs::create_dir_all(folder.path().parent().unwrap()).unwrap();
        fs::write(folder.path(), K::text()).unwrap();
        folder
    }

    async fn start_empty() -> Option<Self> {
        let folder = Self(tempfile::tempdir().unwrap(), PhantomData);
        fs::create_dir_all(folder.path().parent().unwrap()).unwrap();
        Some(folder)
    }

    fn system(&self) -> Value {
        json!({ "connection": { "root": self.0.path() } })
    }

    fn wrong_system(&self) -> Value {
        self.system()
    }

    fn control(&self) -> String {
        String::new()
    }

    /// Everything happens at once.
    async fn pending(&self) -> Result<Vec<Value>, String> {
        Ok(Vec::new())
    }

    async fn fault(&self, rule: Value) -> Result<(), String> {
        match rule["kind"].as_str().unwrap_or_default() {
            "garbage" => self.append(b"\x01\x02;;\"\n"),
            "html" => self.append(b"<html><body>502</body></html>\n"),
            "invalid_utf8" => self.append(b"\xff\xfe\xfd\n"),
            "truncated" => self.append(b"2013-10-07T16:00"),
            "oversize" => self.append(&[b"x".repeat(3 << 20), b"\n".to_vec()].concat()),
            "reset_before" | "reset_after" => self.replace(),
            "" if rule["delay_ms"].is_number() => {}
            _ => return Err(format!("a folder does not know {rule}")),
        }
        Ok(())
    }
}

mod bars {
    use super::*;

    struct Minutes;

    impl Files for Minutes {
        const NAME: &'static str = "bars/week.csv";

        /// Two batches of minutes.
        fn text() -> String {
            let mut text = "time,open,high,low,close,volume,symbol\n".to_owned();
            for minute in 0..2_500 {
                let (day, hour, minute) = (1 + minute / 1_440, minute / 60 % 24, minute % 60);
                let time = format!("2013-10-{day:02}T{hour:02}:{minute:02}:00Z");
                writeln!(text, "{time},13.90,13.95,13.89,13.92,{},BAC", 100 + minute).unwrap();
            }
            text
        }
    }

    testkit::source!(
        files::Bars,
        mock = Folder<Minutes>,
        settings = json!({ "poll_secs": 1 }),
        skip = {
            bad_credentials: "a folder has no credentials",
            throttle: "nobody asks a reader of files to wait",
            server_error: "a folder answers with files or with an error of the machine",
            half_open: "a file is read or it is not; there is no connection that could fall silent",
        }
    );
}

mod orders {
    use super::*;

    struct Requests;

    impl Files for Requests {
        const NAME: &'static str = "orders/today.csv";

        fn text() -> String {
            let mut text = "order_id,account,symbol,side,quantity,order_type,limit_price,\
                            time_in_force\n"
                .to_owned();
            for number in 0..2_050 {
                writeln!(text, "o-{number},alpaca,BAC,buy,10,limit,13.90,day").unwrap();
            }
            text
        }
    }

    testkit::source!(
        files::Orders,
        mock = Folder<Requests>,
        settings = json!({ "poll_secs": 1 }),
        skip = {
            bad_credentials: "a folder has no credentials",
            throttle: "nobody asks a reader of files to wait",
            server_error: "a folder answers with files or with an error of the machine",
            half_open: "a file is read or it is not; there is no connection that could fall silent",
        }
    );
}

mod export {
    use super::*;

    struct Nothing;

    impl Files for Nothing {
        const NAME: &'static str = "exports/README";

        fn text() -> String {
            String::new()
        }
    }

    /// The export as if it were a broker: its books are the rows of its files.
    impl Broker for Folder<Nothing> {
        fn order(&self, number: u64) -> ApprovedOrder {
            events::approved(number, "files", "", "BAC")
        }

        fn refused_order(&self, number: u64) -> ApprovedOrder {
            self.order(number)
        }

        async fn taken(&self, order: &ApprovedOrder) -> Result<usize, String> {
            let mut found = 0;
            for file in fs::read_dir(self.0.path().join("exports")).unwrap() {
                let bytes = fs::read(file.unwrap().path()).unwrap();
                found += String::from_utf8_lossy(&bytes)
                    .lines()
                    .filter(|row| row.contains(&*order.order_id))
                    .count();
            }
            Ok(found)
        }
    }

    testkit::sink!(
        files::Export,
        mock = Folder<Nothing>,
        settings = json!({ "rows": ["orders.approved"], "tables": [] }),
        skip = {
            bad_credentials: "a folder has no credentials",
            accept: "a file gives what is written to it no id; tests/export.rs looks at the rows",
            duplicate: "a second writer waits for the first; tests/export.rs writes a batch twice",
            rejection: "a file refuses no record for what it says",
            lost_answer: "a batch whose outcome is lost is written again, into the same file",
            server_error: "a folder answers with files or with an error of the machine",
            throttle: "nobody asks a writer of files to wait",
            half_open: "a file is written or it is not; there is no connection",
            absent: "a batch whose outcome is lost is written again, into the same file",
            batch: "a file refuses no record for what it says",
            cancel: "what was exported is not taken back",
        }
    );
}
