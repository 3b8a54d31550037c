//! The topic behind the state: one thread reads it, one writes to it.
//!
//! Who writes owns the transactional id, so that no two registries can plan on the same state:
//! claiming the id fences every other owner, and what was written before is read before anything
//! is planned. A fenced registry claims the id again at its next change.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use std::thread;
use std::time::{Duration, Instant};

use kafka::{Cluster, Follow, From, Message, Outgoing, TopicSpec, Transactions};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, info, warn};

use crate::change::{Entry, Plan};
use crate::error::Error;
use crate::level::Level;
use crate::record::Key;
use crate::refusal::Refusal;
use crate::state::State;

/// Changes that wait for the writer; more callers wait for their turn.
const QUEUE: usize = 64;

/// A change takes milliseconds; claiming the id from a dead owner takes seconds.
const CHANGE_DEADLINE: Duration = Duration::from_secs(60);

/// How long our own record may take from the acknowledgement to the reader.
const READ_BACK_DEADLINE: Duration = Duration::from_secs(20);

/// How often a change is planned anew because another registry came in between.
const TRIES: u32 = 10;

/// Pause before planning anew, a little longer each time and for each registry another one, so
/// that two do not go on interrupting each other.
const PAUSE: Duration = Duration::from_millis(5);

/// How soon the reader notices that it is to stop.
const READ_WAIT: Duration = Duration::from_millis(500);
const READ_MAX: usize = 1000;
const READ_RETRY: Duration = Duration::from_secs(1);

/// The header by which a writer recognises its own records.
const WRITE_HEADER: &str = "foliostream-write";

type Planner = Box<dyn Fn(&State) -> Result<Plan, Refusal> + Send>;

/// Reads at once, changes through Kafka.
#[derive(Clone)]
pub(crate) struct Store {
    shared: Arc<Shared>,
    jobs: mpsc::Sender<Job>,
}

struct Job {
    plan: Planner,
    reply: oneshot::Sender<Result<Value, Refusal>>,
}

struct Shared {
    state: RwLock<State>,
    /// The last of the writer's own records that was read back.
    read_back: Mutex<u64>,
    progress: Condvar,
    stopped: AtomicBool,
    /// Tells our records from another registry's.
    owner: String,
}

impl Store {
    /// Blocks until all that the topic holds was read.
    pub fn open(cluster: Cluster, topic: &str, level: Level) -> Result<Store, Error> {
        create_topic(&cluster, topic)?;
        let shared = Arc::new(Shared {
            state: RwLock::new(State::new(level)),
            read_back: Mutex::new(0),
            progress: Condvar::new(),
            stopped: AtomicBool::new(false),
            owner: format!("{:016x}", RandomState::new().hash_one(std::process::id())),
        });
        let reader = Reading {
            shared: shared.clone(),
            cluster: cluster.clone(),
            level,
            topic: topic.to_owned(),
        };
        let follow = reader.follow().map_err(Error::kafka("read", topic))?;
        start_thread("registry reader", move || reader.run(follow))?;

        let mut writer = Writing {
            shared: shared.clone(),
            cluster,
            topic: topic.to_owned(),
            owned: None,
            written: 0,
        };
        if let Err(error) = writer.own() {
            shared.stop();
            return Err(error);
        }
        let (jobs, queue) = mpsc::channel(QUEUE);
        start_thread("registry writer", move || writer.run(queue))?;
        Ok(Store { shared, jobs })
    }

    pub fn state(&self) -> RwLockReadGuard<'_, State> {
        self.shared.state()
    }

    /// Plans a change, writes it and answers once it was read back.
    pub async fn change(
        &self,
        plan: impl Fn(&State) -> Result<Plan, Refusal> + Send + 'static,
    ) -> Result<Value, Refusal> {
        let (reply, answer) = oneshot::channel();
        let job = Job { plan: Box::new(plan), reply };
        let changed = async {
            self.jobs.send(job).await.map_err(|_| Refusal::store("the writer has stopped"))?;
            answer.await.unwrap_or_else(|_| Err(Refusal::store("the writer has stopped")))
        };
        let changed = tokio::time::timeout(CHANGE_DEADLINE, changed).await;
        changed.unwrap_or_else(|_| Err(Refusal::timeout()))
    }

    /// Lets the threads end. Waiting callers are told.
    pub fn stop(&self) {
        self.shared.stop();
    }
}

impl Shared {
    fn state(&self) -> RwLockReadGuard<'_, State> {
        // A panic cannot leave the state half changed in a way that matters more than serving it.
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_back(&self) -> MutexGuard<'_, u64> {
        self.read_back.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        self.progress.notify_all();
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// The thread that turns records into state.
struct Reading {
    shared: Arc<Shared>,
    cluster: Cluster,
    topic: String,
    level: Level,
}

impl Reading {
    fn follow(&self) -> Result<Follow, kafka::Error> {
        self.cluster.reader()?.follow(&[&self.topic], From::Start)
    }

    fn run(self, first: Follow) {
        let mut follow = Some(first);
        while !self.shared.is_stopped() {
            let Some(reading) = &mut follow else {
                follow = self.again();
                continue;
            };
            match reading.next(READ_MAX, READ_WAIT) {
                Ok(batch) if batch.is_empty() => {}
                Ok(batch) => self.take(&batch),
                Err(error) => {
                    warn!(%error, topic = self.topic, "cannot read the schemas, starting over");
                    follow = None;
                    thread::sleep(READ_RETRY);
                }
            }
        }
    }

    /// From the start, since nobody knows which records were missed.
    fn again(&self) -> Option<Follow> {
        match self.follow() {
            Ok(follow) => {
                let mut state = self.shared.state.write().unwrap_or_else(PoisonError::into_inner);
                *state = State::new(self.level);
                Some(follow)
            }
            Err(error) => {
                debug!(%error, topic = self.topic, "cannot read the schemas yet");
                thread::sleep(READ_RETRY);
                None
            }
        }
    }

    fn take(&self, batch: &[Message]) {
        let mut state = self.shared.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut own = 0;
        for message in batch {
            let applied = match message.key() {
                Some(key) => state.apply(key, message.payload()).map_err(|e| e.to_string()),
                None => Err("it has no key".to_owned()),
            };
            if let Err(reason) = applied {
                let (topic, offset) = (&self.topic, message.offset);
                warn!(topic, offset, reason, "a record of the schema topic is left out");
            }
            own = own.max(self.own_write(message).unwrap_or(0));
        }
        drop(state);
        let mut read_back = self.shared.read_back();
        *read_back = own.max(*read_back);
        self.shared.progress.notify_all();
    }

    fn own_write(&self, message: &Message) -> Option<u64> {
        let header = std::str::from_utf8(message.header(WRITE_HEADER)?).ok()?;
        let (owner, write) = header.split_once('/')?;
        if owner == self.shared.owner { write.parse().ok() } else { None }
    }
}

/// The thread that plans and writes, one change after the other.
struct Writing {
    shared: Arc<Shared>,
    cluster: Cluster,
    topic: String,
    owned: Option<Transactions>,
    written: u64,
}

impl Writing {
    fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        while let Some(job) = queue.blocking_recv() {
            if self.shared.is_stopped() {
                return;
            }
            // A caller that gave up does not want its change any more.
            if !job.reply.is_closed() {
                let _ = job.reply.send(self.change(&job.plan));
            }
        }
    }

    fn change(&mut self, plan: &Planner) -> Result<Value, Refusal> {
        let mut last = None;
        for attempt in 0..TRIES {
            thread::sleep(PAUSE * attempt * self.patience());
            match self.own() {
                Ok(()) => {}
                Err(error) if is_interrupted(&error) => {
                    last = Some(error);
                    continue;
                }
                Err(error) => return Err(Refusal::store(chain(&error))),
            }
            let Plan { records, answer } = plan(&self.shared.state())?;
            if records.is_empty() {
                return Ok(answer);
            }
            match self.write(&records) {
                Ok(()) => return Ok(answer),
                Err(Error::Kafka { source: source @ kafka::Error::TooLarge { .. }, .. }) => {
                    self.owned = None;
                    return Err(Refusal::invalid_schema(source));
                }
                Err(error) => {
                    debug!(
                        error = chain(&error),
                        "another registry came in between, or nobody knows: again"
                    );
                    self.owned = None;
                    last = Some(error);
                }
            }
        }
        let reason = last.map_or(String::new(), |error| chain(&error));
        Err(Refusal::store(format!("gave up after {TRIES} tries: {reason}")))
    }

    /// A small number that two registries rarely share.
    fn patience(&self) -> u32 {
        1 + self.shared.owner.bytes().map(u32::from).sum::<u32>() % 7
    }

    /// Makes us the only writer, and the state as new as that: our own empty record comes after
    /// all that earlier owners wrote.
    fn own(&mut self) -> Result<(), Error> {
        if self.owned.as_ref().is_some_and(Transactions::usable) {
            return Ok(());
        }
        self.owned = None;
        let id = format!("foliostream.registry.{}", self.topic);
        let claimed = self.cluster.transactions(&id).map_err(Error::kafka("own", &self.topic))?;
        self.owned = Some(claimed);
        info!(topic = self.topic, "this registry writes the schemas now");
        let written = self.write(&[Entry { key: Key::noop(), value: None }]);
        if written.is_err() {
            self.owned = None;
        }
        written
    }

    fn write(&mut self, records: &[Entry]) -> Result<(), Error> {
        self.written += 1;
        let mark = format!("{}/{}", self.shared.owner, self.written);
        self.commit(records, &mark).map_err(Error::kafka("write to", &self.topic))?;
        self.wait_for(self.written)
    }

    fn commit(&mut self, records: &[Entry], mark: &str) -> Result<(), kafka::Error> {
        let Some(transactions) = &mut self.owned else { return Ok(()) };
        transactions.begin()?;
        let headers = [(WRITE_HEADER, mark.as_bytes())];
        for (at, entry) in records.iter().enumerate() {
            let key = json(&entry.key);
            let value = entry.value.as_ref().map(json);
            transactions.send(&Outgoing {
                topic: &self.topic,
                partition: Some(0),
                key: Some(&key),
                payload: value.as_deref(),
                // On the last record only: once it was read, all were.
                headers: if at + 1 == records.len() { &headers } else { &[] },
                timestamp_ms: None,
            })?;
        }
        transactions.commit()
    }

    fn wait_for(&self, write: u64) -> Result<(), Error> {
        let begun = Instant::now();
        let mut read_back = self.shared.read_back();
        while *read_back < write {
            let left = READ_BACK_DEADLINE.saturating_sub(begun.elapsed());
            if left.is_zero() || self.shared.is_stopped() {
                return Err(Error::NotReadBack { topic: self.topic.clone() });
            }
            let waited = self.shared.progress.wait_timeout(read_back, left);
            read_back = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }
}

/// Whether another registry took over while we were about it.
fn is_interrupted(error: &Error) -> bool {
    use kafka::Error::{Abortable, Fenced, Indefinite};
    let Error::Kafka { source, .. } = error else { return false };
    matches!(source, Fenced { .. } | Indefinite { .. } | Abortable { .. })
}

fn create_topic(cluster: &Cluster, topic: &str) -> Result<(), Error> {
    let admin = cluster.admin().map_err(Error::kafka("create", topic))?;
    // -1 leaves the number of replicas to the brokers.
    let spec = TopicSpec { replication: -1, ..TopicSpec::new(topic, 1) };
    let spec = spec.with("cleanup.policy", "compact");
    admin.create_topics(&[spec]).map_err(Error::kafka("create", topic))?;
    let reader = cluster.reader().map_err(Error::kafka("read", topic))?;
    let partitions = reader.partitions(topic).map_err(Error::kafka("read", topic))?.len();
    let settings = admin.topic_settings(topic).map_err(Error::kafka("describe", topic))?;
    let policy = settings.get("cleanup.policy").and_then(|setting| setting.value.clone());
    if partitions != 1 || policy.as_deref() != Some("compact") {
        return Err(Error::WrongTopic {
            topic: topic.to_owned(),
            partitions,
            policy: policy.unwrap_or_default(),
        });
    }
    Ok(())
}

fn start_thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    started.map(|_| ()).map_err(|source| Error::Thread { name: name.to_owned(), source })
}

/// An error with its causes: who asks over HTTP sees nothing else.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        next = source.source();
    }
    text
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("keys and values are plain data with text keys")
}
