//! Records and offsets that become visible together or not at all.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::producer::Producer;

use crate::acks::Failure;
use crate::error::{Kind, kind_of};
use crate::query::list;
use crate::sender::Sender;
use crate::settings::TRANSACTION_TIMEOUT;
use crate::{Error, Group, Outgoing, Result, Settings};

/// How long an id may take to be claimed: long enough for the broker to end the transaction that
/// the previous owner left open.
const CLAIM_WAIT: Duration = Duration::from_secs(30);

/// The claim is waited for in slices of this length, to notice refused credentials early, with a
/// pause between them in case one ends at once.
const CLAIM_SLICE: Duration = Duration::from_secs(2);
const CLAIM_PAUSE: Duration = Duration::from_millis(50);

/// After this the broker has ended the transaction by itself, whatever we still hear.
const END_WAIT: Duration = Duration::from_secs(TRANSACTION_TIMEOUT.as_secs() + 2);

/// Longest pause between one transaction and the first record of the next.
const MARK_WAIT_MAX: Duration = Duration::from_millis(10);

/// The one producer that owns a transactional id.
///
/// ```text
/// begin ─► send* ─► send_offsets? ─► commit      all of it becomes visible
///                                 └► abort       none of it does
/// ```
///
/// After [`Error::Fenced`], [`Error::Indefinite`] and [`Error::Unauthorized`] it refuses all
/// further use: drop it. After any other error of `send_offsets` or `commit`, abort. An error of
/// `send` that names the record ([`Error::TooLarge`]) leaves the transaction as it was. When a
/// broker has refused a record, the transaction after the aborted one can fail once more with
/// [`Error::Abortable`]: the client finds out only then that its sequence has a hole.
pub struct Transactions {
    sender: Sender,
    id: String,
    state: State,
    /// When the last transaction began.
    began: Instant,
    /// When the brokers have probably finished with the transaction before.
    marked_at: Option<Instant>,
}

enum State {
    Idle,
    Open,
    /// The transaction can only be aborted; why.
    Spoiled(String),
    Dead(Error),
}

impl Transactions {
    /// Claims the id: older owners are fenced and what they left open is aborted.
    pub(crate) fn new(settings: &Settings, id: &str) -> Result<Self> {
        let attempted = format!("claim the transactional id `{id}`");
        let config = settings.for_transactions(id)?;
        let sender = Sender::new(settings, &config, &attempted)?;
        claim(&sender, &attempted)?;
        Ok(Transactions {
            sender,
            id: id.to_owned(),
            state: State::Idle,
            began: Instant::now(),
            marked_at: None,
        })
    }

    /// The transactional id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// False once every further call would fail.
    pub fn usable(&self) -> bool {
        !matches!(self.state, State::Dead(_))
    }

    pub fn begin(&mut self) -> Result<()> {
        let attempted = self.attempted("begin");
        match &self.state {
            State::Idle => {}
            State::Open => return Err(Error::other(attempted, "one is already open")),
            State::Spoiled(reason) => return Err(Error::new(Kind::Abortable, attempted, reason)),
            State::Dead(error) => return Err(error.clone()),
        }
        self.refuse_if_doubtful(&attempted)?;
        self.began = Instant::now();
        let result = self.sender.producer.begin_transaction();
        self.settle(&attempted, result)?;
        self.state = State::Open;
        Ok(())
    }

    /// Adds a record to the open transaction. Only enqueues; `commit` waits for the brokers.
    pub fn send(&mut self, record: &Outgoing<'_>) -> Result<()> {
        if !matches!(self.state, State::Open) {
            self.must_be_open("send in")?;
        }
        self.wait_for_marks();
        let Err(error) = self.sender.send(record) else { return Ok(()) };
        match error {
            Error::TooLarge { .. } | Error::UnknownTopic { .. } => Err(error),
            Error::Unreachable { .. } | Error::Unauthorized { .. } => {
                self.state = State::Spoiled(error.to_string());
                Err(error)
            }
            // The client takes no more records once the transaction has failed behind our back.
            _ => Err(self.spoil("send in", error.to_string())),
        }
    }

    /// Makes the positions of `group` part of the transaction; each is the next offset to read.
    pub fn send_offsets(&mut self, group: &Group, offsets: &[(Arc<str>, i32, i64)]) -> Result<()> {
        let attempted = self.must_be_open("add offsets to")?;
        if offsets.is_empty() {
            return Ok(());
        }
        let positions = list(&attempted, offsets)?;
        self.wait_for_marks();
        let Some(member) = group.consumer().group_metadata() else {
            return Err(self.spoil("add offsets to", "the group has no metadata".to_owned()));
        };
        let producer = &self.sender.producer;
        let result = producer.send_offsets_to_transaction(&positions, &member, END_WAIT);
        self.settle(&attempted, result)
    }

    /// Waits for the brokers to have every record, then makes the transaction visible.
    pub fn commit(&mut self) -> Result<()> {
        let attempted = self.must_be_open("commit")?;
        let drained = self.sender.drain(END_WAIT);
        if let Some(failure) = self.sender.failure() {
            return Err(self.spoil_by(&attempted, &failure));
        }
        if !drained {
            let reason = self.sender.unreachable(&attempted, END_WAIT).to_string();
            return Err(self.die(Error::new(Kind::Indefinite, attempted, reason)));
        }
        let asked = Instant::now();
        let result = self.sender.producer.commit_transaction(END_WAIT);
        self.settle(&attempted, result)?;
        self.finish(asked);
        Ok(())
    }

    /// Drops everything since `begin`. Does nothing if no transaction is open.
    pub fn abort(&mut self) -> Result<()> {
        let attempted = self.attempted("abort");
        match &self.state {
            State::Idle => return Ok(()),
            State::Open | State::Spoiled(_) => {}
            State::Dead(error) => return Err(error.clone()),
        }
        // Records in flight cannot be called back, only waited for; the abort itself would wait
        // for them without serving their reports.
        self.sender.drain(END_WAIT);
        let asked = Instant::now();
        let result = self.sender.producer.abort_transaction(END_WAIT);
        self.settle(&attempted, result)?;
        self.finish(asked);
        Ok(())
    }

    fn finish(&mut self, asked: Instant) {
        self.sender.serve();
        self.sender.reset();
        self.state = State::Idle;
        let answered = Instant::now();
        self.marked_at = Some(answered + (answered - asked).min(MARK_WAIT_MAX));
    }

    /// Brokers answer first and mark the records in the background; until they have, the next
    /// transaction is refused, and where its partitions are registered librdkafka sits out twenty
    /// milliseconds before it asks again.
    /// Marking takes about as long as answering did, so that much is waited here, less what the
    /// caller has spent on other things since.
    fn wait_for_marks(&mut self) {
        if let Some(marked_at) = self.marked_at.take() {
            thread::sleep(marked_at.saturating_duration_since(Instant::now()));
        }
    }

    /// librdkafka ends transactions with requests that carry no transaction of their own: one
    /// that was delayed in a broken connection, and repeated by the client on a new one, can
    /// still reach the broker during a later transaction and end that. Claiming the id anew
    /// fences such requests, and only the owner of the whole component may do that, because
    /// another process may have claimed it meanwhile.
    fn refuse_if_doubtful(&mut self, attempted: &str) -> Result<()> {
        self.sender.serve();
        let lost = self.sender.producer.context().lost_connections();
        if lost == 0 {
            return Ok(());
        }
        let reason = format!(
            "{lost} connection(s) broke since the id was claimed, so a late request of an \
             earlier transaction could reach this one"
        );
        Err(self.die(Error::new(Kind::Indefinite, attempted, reason)))
    }

    fn must_be_open(&self, verb: &str) -> Result<String> {
        let attempted = self.attempted(verb);
        match &self.state {
            State::Open => Ok(attempted),
            State::Idle => Err(Error::other(attempted, "none is open")),
            State::Spoiled(reason) => Err(Error::new(Kind::Abortable, attempted, reason)),
            State::Dead(error) => Err(error.clone()),
        }
    }

    /// Sorts the answer of a transactional call and remembers what it means for the next one.
    fn settle(&mut self, attempted: &str, result: KafkaResult<()>) -> Result<()> {
        let Err(error) = result else { return Ok(()) };
        let error = transaction_error(attempted, &error);
        match &error {
            Error::Abortable { reason, .. } => self.state = State::Spoiled(reason.clone()),
            _ => return Err(self.die(error)),
        }
        Err(error)
    }

    fn spoil(&mut self, verb: &str, reason: String) -> Error {
        let attempted = self.attempted(verb);
        if let Some(fatal) = self.sender.fatal(&attempted) {
            return self.die(fatal);
        }
        let reason = self.sender.failure().map_or(reason, |failure| failure.to_string());
        self.state = State::Spoiled(reason.clone());
        Error::new(Kind::Abortable, attempted, reason)
    }

    /// A record was refused by the broker; its code says more than "abort".
    fn spoil_by(&mut self, attempted: &str, failure: &Failure) -> Error {
        if let Some(fatal) = self.sender.fatal(attempted) {
            return self.die(fatal);
        }
        let kind = match kind_of(failure.code) {
            kind @ (Kind::TooLarge | Kind::UnknownTopic | Kind::Unauthorized) => kind,
            Kind::Fenced => {
                let fenced = Error::new(Kind::Fenced, attempted, failure.to_string());
                return self.die(fenced);
            }
            _ => Kind::Abortable,
        };
        let mut reason = failure.to_string();
        if matches!(failure.code, Code::PurgeQueue | Code::PurgeInflight)
            && let Some(trouble) = self.sender.producer.context().trouble()
        {
            reason = trouble.reason;
        }
        self.state = State::Spoiled(reason.clone());
        Error::new(kind, attempted, reason)
    }

    fn die(&mut self, mut error: Error) -> Error {
        // The broker ends a transaction that stays open too long in the same way as it fences an
        // older owner. Then there need not be a newer one, and coming back is right.
        if let Error::Fenced { attempted, reason } = &error
            && self.began.elapsed() >= TRANSACTION_TIMEOUT
        {
            let reason = format!("it was open longer than {TRANSACTION_TIMEOUT:?}: {reason}");
            error = Error::new(Kind::Indefinite, attempted, reason);
        }
        self.state = State::Dead(error.clone());
        error
    }

    fn attempted(&self, verb: &str) -> String {
        format!("{verb} a transaction of `{}`", self.id)
    }
}

fn claim(sender: &Sender, attempted: &str) -> Result<()> {
    let deadline = Instant::now() + CLAIM_WAIT;
    while Instant::now() < deadline {
        sender.serve();
        match sender.producer.init_transactions(CLAIM_SLICE) {
            Ok(()) => {
                sender.serve();
                sender.producer.context().forget_trouble();
                return Ok(());
            }
            Err(KafkaError::Transaction(error)) if error.is_retriable() => {
                sender.serve();
                let unreachable = sender.unreachable(attempted, CLAIM_SLICE);
                if matches!(unreachable, Error::Unauthorized { .. }) {
                    return Err(unreachable);
                }
                thread::sleep(CLAIM_PAUSE);
            }
            Err(error) => {
                let KafkaError::Transaction(native) = &error else {
                    return Err(Error::from_client(attempted, &error));
                };
                return Err(Error::new(kind_of(native.code()), attempted, native.string()));
            }
        }
    }
    Err(sender.unreachable(attempted, CLAIM_WAIT))
}

/// What an error of a transactional call means. Everything that is neither settled nor safe to
/// abort is unknown: even if the client would let us retry, the request may have arrived.
fn transaction_error(attempted: &str, error: &KafkaError) -> Error {
    let KafkaError::Transaction(native) = error else {
        return Error::new(Kind::Indefinite, attempted, error.to_string());
    };
    let kind = match kind_of(native.code()) {
        kind @ (Kind::Fenced | Kind::Unauthorized) if native.is_fatal() => kind,
        Kind::Fenced => Kind::Fenced,
        _ if native.txn_requires_abort() => Kind::Abortable,
        _ => Kind::Indefinite,
    };
    Error::new(kind, attempted, native.string())
}
