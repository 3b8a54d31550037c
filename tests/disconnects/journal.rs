//! A mock that runs as users run it, and what its transcript says.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{PATIENCE, Process, http, text};

/// Pause between two looks at a transcript.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Entries that are shown when something did not happen.
const SHOWN: usize = 60;
/// A request without an answer after this time was given up by whoever asked.
const GIVEN_UP: Duration = Duration::from_secs(2);

/// A mock, running.
pub struct Mock {
    process: Process,
    /// Where its control routes are.
    control: String,
}

impl Mock {
    pub fn start(vendor: &str, settings: &Value, folder: &Path) -> Self {
        let log = folder.join("mocks.log");
        let args = ["mock", "run", vendor, "--settings", &settings.to_string()];
        let process = Process::start(&args, &[], &log);
        let process = process.unwrap_or_else(|| panic!("no mock of {vendor}: {}", text(&log)));
        let urls = &process.ready["urls"];
        let control = ["control", "rest", "query"].into_iter().find_map(|door| urls[door].as_str());
        let control = control.unwrap().trim_end_matches("/query").to_owned();
        Self { process, control }
    }

    pub fn url(&self, door: &str) -> String {
        self.process.ready["urls"][door].as_str().unwrap().to_owned()
    }

    pub fn get(&self, path: &str) -> Value {
        http("GET", &self.control, path, "")
    }

    pub fn post(&self, path: &str, body: &Value) -> Value {
        http("POST", &self.control, path, &body.to_string())
    }

    /// Stops its clock, so that there is an end to what it knows.
    pub fn freeze(&self) {
        self.post("/_mock/clock", &json!({ "speed": 0 }));
    }
}

/// A transcript that is read as it grows. What was found once is not found again.
pub struct Journal<'m> {
    mock: &'m Mock,
    entries: Vec<(Instant, Value)>,
    next: u64,
    place: usize,
    /// A request that is being answered, and since when we know it.
    under_way: Option<(u64, Instant)>,
}

impl<'m> Journal<'m> {
    /// From now on.
    pub fn of(mock: &'m Mock) -> Self {
        let mut journal = Self { mock, entries: Vec::new(), next: 0, place: 0, under_way: None };
        journal.read();
        journal.place = journal.entries.len();
        journal
    }

    /// Takes in what is complete: what became of a request is noted after the request.
    fn read(&mut self) {
        let answer = self.mock.get(&format!("/_mock/requests?since={}", self.next));
        let now = Instant::now();
        for entry in answer["requests"].as_array().unwrap() {
            let sequence = entry["sequence"].as_u64().unwrap();
            if ["stream", "status", "fault"].iter().all(|name| entry[*name].is_null()) {
                let known = self.under_way.filter(|(known, _)| *known == sequence);
                let (_, since) = *self.under_way.insert(known.unwrap_or((sequence, now)));
                if now - since < GIVEN_UP {
                    return;
                }
            }
            self.next = sequence + 1;
            self.entries.push((now, entry.clone()));
        }
    }

    /// Where the next search begins, for coming back to it.
    pub fn place(&self) -> usize {
        self.place
    }

    pub fn back_to(&mut self, place: usize) {
        self.place = place;
    }

    /// Waits for an entry; gives it with the moment when we saw it.
    pub fn find(&mut self, what: &str, mut is_it: impl FnMut(&Value) -> bool) -> (Instant, Value) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            while let Some((seen, entry)) = self.entries.get(self.place) {
                self.place += 1;
                if is_it(entry) {
                    return (*seen, entry.clone());
                }
            }
            assert!(Instant::now() < deadline, "waited {PATIENCE:?} for {what}; {}", self.last());
            std::thread::sleep(LOOK_EVERY);
            self.read();
        }
    }

    /// The last entries, in short.
    fn last(&self) -> String {
        let from = self.entries.len().saturating_sub(SHOWN);
        let short = |(_, entry): &(Instant, Value)| {
            let words = ["time", "stream", "path", "query", "fault", "body"];
            let words = words.iter().filter_map(|name| entry[*name].as_str());
            words.flat_map(|word| [word.get(..80).unwrap_or(word), " "]).collect::<String>()
        };
        let last: Vec<String> = self.entries[from..].iter().map(short).collect();
        format!("what came last:\n{}", last.join("\n"))
    }

    /// Asks for faults and waits until all of them have hit. Gives the first and the last.
    pub fn suffer(
        &mut self,
        name: &str,
        faults: &[Value],
        is_ours: impl Fn(&Value) -> bool,
    ) -> [(Instant, Value); 2] {
        let mut left = Vec::new();
        for fault in faults {
            self.mock.post("/_mock/faults", fault);
            let times = fault["next"].as_u64().unwrap_or(1);
            left.extend((0..times).map(|_| fault["kind"].as_str().unwrap_or("status")));
        }
        let mut hits = Vec::new();
        while !left.is_empty() {
            hits.push(self.find(&format!("{name} to happen ({left:?} of {faults:?})"), |entry| {
                let found = left.iter().position(|kind| entry["fault"] == *kind);
                found.filter(|_| is_ours(entry)).map(|index| left.remove(index)).is_some()
            }));
        }
        let last = hits.pop().unwrap();
        println!("{} {} {name}", last.1["time"], last.1["stream"]);
        [hits.into_iter().next().unwrap_or_else(|| last.clone()), last]
    }
}
