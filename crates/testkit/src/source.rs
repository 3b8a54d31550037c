//! The cases that every source must pass.
//!
//! Waiting is free where a case is about silence: time stands still there but for timers, which
//! fire as soon as nothing else can happen.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use component::{Fault, Source};
use model::EventId;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::Mock;
use crate::case::{self, Skips, Verdict, ensure};
use crate::dice::Dice;
use crate::reader::{Reader, Step};

/// Names of the cases, in order.
pub const CASES: &[&str] = &[
    "good_credentials",
    "bad_credentials",
    "fixtures",
    "empty_page",
    "paging",
    "resume",
    "future_cursor",
    "drop_mid_read",
    "cancel_safety",
    "throttle",
    "server_error",
    "garbage",
    "disconnect",
    "half_open",
    "stable_ids",
    "shutdown",
];

/// Longest that a vendor's silence may be taken for patience.
const SILENCE: Duration = Duration::from_secs(120);
/// A stream falls silent within this.
const SOON: Duration = Duration::from_secs(10);
/// One look at a stream.
const BRIEFLY: Duration = Duration::from_millis(100);
/// An order to end is obeyed within this.
const END: Duration = Duration::from_secs(1);
/// Where a feed may be interrupted in `resume` at most.
const CUTS: usize = 4;
/// Reads that `cancel_safety` and `drop_mid_read` interrupt.
const INTERRUPTIONS: u32 = 25;
/// How late the vendor answers meanwhile, so that there is a middle to interrupt.
const LATE_MS: u64 = 3;

/// Runs one case of a source as a test.
pub fn run<S: Source, M: Mock>(case: &str, settings: Value, skips: Skips<'_>) {
    case::judge(case, skips, CASES, verdict::<S, M>(case, settings));
}

/// What one case finds.
pub fn verdict<S: Source, M: Mock>(case: &str, settings: Value) -> Verdict {
    let cases = Cases::<S, M> { settings, of: std::marker::PhantomData };
    case::verdict(case, async {
        match case {
            "good_credentials" => cases.good_credentials().await,
            "bad_credentials" => cases.bad_credentials().await,
            "fixtures" => cases.fixtures().await,
            "empty_page" => cases.empty_page().await,
            "paging" => cases.paging().await,
            "resume" => cases.resume().await,
            "future_cursor" => cases.future_cursor().await,
            "drop_mid_read" => cases.drop_mid_read().await,
            "cancel_safety" => cases.cancel_safety().await,
            "throttle" => cases.throttle().await,
            "server_error" => cases.server_error().await,
            "garbage" => cases.garbage().await,
            "disconnect" => cases.disconnect().await,
            "half_open" => cases.half_open().await,
            "stable_ids" => cases.stable_ids().await,
            "shutdown" => cases.shutdown().await,
            other => Err(format!("no case is called {other:?}")),
        }
    })
}

struct Cases<S, M> {
    settings: Value,
    of: std::marker::PhantomData<fn() -> (S, M)>,
}

impl<S: Source, M: Mock> Cases<S, M> {
    fn reader<'m>(&self, mock: &'m M) -> Reader<'m, S, M> {
        Reader::new(mock, &self.settings)
    }

    /// Ids of everything that an undisturbed vendor gives.
    async fn whole(&self) -> Result<BTreeSet<EventId>, String> {
        let mock = M::start().await;
        let mut reader = self.reader(&mock);
        reader.open().await?;
        reader.drain().await.map_err(|reason| format!("undisturbed: {reason}"))?;
        ensure!(!reader.events.is_empty(), "the mock gives this source nothing to read");
        Ok(reader.events.into_keys().collect())
    }

    async fn good_credentials(&self) -> Verdict {
        let mock = M::start().await;
        let mut reader = self.reader(&mock);
        reader.open().await?;
        reader.step().await?;
        ensure!(reader.faults.is_empty(), "the first read failed: {:?}", reader.faults);
        Ok(())
    }

    async fn bad_credentials(&self) -> Verdict {
        let mock = M::start().await;
        let mut reader = self.reader(&mock);
        let wrong = mock.wrong_system();
        let fault = match reader.connect(&wrong).await? {
            Err(fault) => fault,
            Ok(()) => {
                let (source, cursor) = reader.source()?;
                let read = timeout(SILENCE, source.read(cursor)).await;
                let read = read.map_err(|_| "wrong credentials: nothing happened".to_owned())?;
                read.err().ok_or("wrong credentials were good enough to read")?
            }
        };
        let Fault::Unauthorized { setting, .. } = &fault else {
            return Err(format!("wrong credentials: {} {fault}", fault.kind()));
        };
        ensure!(!setting.is_empty(), "it does not say which setting holds them: {fault}");
        let words = fault.to_string();
        for secret in secrets(&wrong) {
            ensure!(!words.contains(&secret), "the fault shows a credential: {words}");
        }
        Ok(())
    }

    async fn fixtures(&self) -> Verdict {
        let mock = M::start().await;
        let mut reader = self.reader(&mock);
        reader.open().await?;
        reader.drain().await?;
        ensure!(!reader.events.is_empty(), "the mock gives this source nothing to read");
        if let Some((raw, bad)) = reader.bad.first() {
            let raw = String::from_utf8_lossy(raw);
            return Err(format!("{} items were refused, as {bad}: {raw}", reader.bad.len()));
        }
        for event in reader.events.values() {
            let topic = event.info().topic;
            let is_announced = S::PUBLISHES.contains(&topic) || topic == "market.gaps";
            ensure!(is_announced, "it publishes to {topic} and does not say so: {event:?}");
            ensure!(event.head().event_time.0 > 0, "an event without a time: {event:?}");
        }
        Ok(())
    }

    async fn empty_page(&self) -> Verdict {
        let mock = M::start_empty().await.ok_or("the mock cannot be empty")?;
        let mut reader = self.reader(&mock);
        reader.open().await?;
        for _ in 0..3 {
            let (source, cursor) = reader.source()?;
            // A stream with nothing to say says nothing: that is fine too.
            let Ok(read) = timeout(END, source.read(cursor)).await else { return Ok(()) };
            let batch = read.map_err(|fault| format!("nothing to read: {fault}"))?;
            ensure!(batch.items.is_empty(), "something came of nothing: {:?}", batch.items);
            ensure!(!batch.wait.is_zero(), "with nothing to read it asks again at once");
            reader.take(batch)?;
        }
        Ok(())
    }

    async fn paging(&self) -> Verdict {
        let mock = M::start().await;
        let mut reader = self.reader(&mock);
        reader.open().await?;
        reader.drain().await?;
        ensure!(reader.pages >= 2, "everything came in {} pages", reader.pages);
        let again: BTreeSet<EventId> = self.whole().await?;
        self.compare("page by page", &again, reader.events.into_keys())
    }

    async fn resume(&self) -> Verdict {
        let whole = self.whole().await?;
        let mut pages = 1;
        loop {
            let mock = M::start().await;
            let mut first = self.reader(&mock);
            first.open().await?;
            let mut is_done = false;
            while first.pages < pages && !is_done {
                is_done = first.step().await? == Step::Done;
            }
            first.hang_up();
            let mut rest = first.restarted()?;
            rest.drain().await?;
            let both = first.events.into_keys().chain(rest.events.into_keys());
            self.compare(&format!("resumed after {pages} pages"), &whole, both)?;
            if is_done || pages >= CUTS {
                return Ok(());
            }
            pages += 1;
        }
    }

    /// A cursor that is ahead of what the vendor has: a restored backup, a reset mock.
    async fn future_cursor(&self) -> Verdict {
        let mock = M::start().await;
        let mut ahead = self.reader(&mock);
        ahead.open().await?;
        ahead.drain().await?;
        let known: BTreeSet<EventId> = ahead.events.keys().copied().collect();
        let saved = ahead.restarted()?.cursor;
        drop(ahead);
        let fresh = M::start().await;
        let mut reader = Reader::<S, M>::at(&fresh, &self.settings, saved, 0);
        reader.drain().await?;
        let unknown = reader.events.keys().find(|id| !known.contains(id));
        ensure!(unknown.is_none(), "a cursor of the future made up {unknown:?}");
        ensure!(reader.bad.is_empty(), "a cursor of the future: {:?}", reader.bad);
        Ok(())
    }

    /// The connection ends in the middle of reads, and only the cursor is left each time.
    async fn drop_mid_read(&self) -> Verdict {
        let whole = self.whole().await?;
        let mock = M::start().await;
        let mut reader = self.reader(&mock);
        self.slow_down(&mock).await?;
        let mut dice = Dice::new(1);
        let mut events = BTreeSet::new();
        for _ in 0..INTERRUPTIONS {
            reader.open().await?;
            for _ in 0..dice.roll(3) {
                self.read_briefly(&mut reader, &mut dice).await?;
            }
            let next = reader.restarted()?;
            let gone = std::mem::replace(&mut reader, next);
            events.extend(gone.events.into_keys());
        }
        reader.drain().await?;
        self.compare(
            "connections cut short",
            &whole,
            events.into_iter().chain(reader.events.into_keys()),
        )
    }

    /// A read is dropped at any point and called again on the same connection.
    async fn cancel_safety(&self) -> Verdict {
        let whole = self.whole().await?;
        for seed in 1..=3 {
            let mock = M::start().await;
            let mut reader = self.reader(&mock);
            reader.open().await?;
            self.slow_down(&mock).await?;
            let mut dice = Dice::new(seed);
            for _ in 0..INTERRUPTIONS {
                self.read_briefly(&mut reader, &mut dice).await?;
            }
            reader.drain().await?;
            self.compare("reads cut short", &whole, reader.events.into_keys())?;
        }
        Ok(())
    }

    async fn slow_down(&self, mock: &M) -> Verdict {
        match M::STREAM {
            None => mock.fault(json!({ "delay_ms": LATE_MS, "next": 10_000 })).await,
            // Frames come when they like anyway.
            Some(_) => Ok(()),
        }
    }

    /// Reads for some milliseconds, or until there is something.
    async fn read_briefly(&self, reader: &mut Reader<'_, S, M>, dice: &mut Dice) -> Verdict {
        let wait = Duration::from_millis(dice.roll(2 * LATE_MS));
        let (source, cursor) = reader.source()?;
        match timeout(wait, source.read(cursor)).await {
            Ok(Ok(batch)) => reader.take(batch).map(drop),
            Ok(Err(Fault::Disconnected(_))) => reader.open().await,
            Ok(Err(Fault::Retry(_) | Fault::Throttled { .. })) | Err(_) => Ok(()),
            Ok(Err(fault)) => Err(format!("a read that was cut short: {fault}")),
        }
    }

    async fn throttle(&self) -> Verdict {
        let waits = json!({ "status": 429, "headers": { "retry-after": "1" } });
        let faults = self.survives_request(waits).await?;
        let is_patient = |fault: &Fault| matches!(fault, Fault::Throttled { wait, .. } if *wait >= Duration::from_millis(500));
        // What a stream asks for when it comes back may be asked again without a word.
        ensure!(
            faults.iter().any(is_patient) || M::STREAM.is_some(),
            "the vendor asked for a second, the source said {faults:?}"
        );
        self.survives_request(json!({ "status": 429 })).await.map(drop)
    }

    async fn server_error(&self) -> Verdict {
        for status in [500, 502, 503, 504] {
            self.survives_request(json!({ "status": status, "next": 2 })).await?;
        }
        Ok(())
    }

    async fn garbage(&self) -> Verdict {
        for kind in ["garbage", "html", "truncated", "invalid_utf8", "oversize"] {
            if kind == "html" && M::STREAM.is_some() {
                continue;
            }
            self.survives(&[json!({ "kind": kind })]).await?;
        }
        Ok(())
    }

    async fn disconnect(&self) -> Verdict {
        let kinds = match M::STREAM {
            Some(_) => ["disconnect", "reset"],
            None => ["reset_before", "reset_after"],
        };
        for kind in kinds {
            self.survives(&[json!({ "kind": kind })]).await?;
        }
        Ok(())
    }

    /// The connection stays and nothing comes any more.
    async fn half_open(&self) -> Verdict {
        let whole = self.whole().await?;
        let mock = M::start().await;
        let mut reader = self.reader(&mock);
        reader.open().await?;
        if M::STREAM.is_some() {
            mock.fault(json!({ "kind": "silence" })).await?;
            mock.advance(M::ADVANCE).await?;
            reader.advances += 1;
            self.read_until_silent(&mut reader, &mock).await?;
            while !self.read_in_silence(&mut reader).await? {}
        } else {
            mock.fault(json!({ "kind": "hang" })).await?;
            while !mock.pending().await?.is_empty() {
                self.read_in_silence(&mut reader).await?;
                reader.reopen().await?;
            }
        }
        reader.hang_up();
        reader.drain().await?;
        self.compare("after a silence", &whole, reader.events.into_keys())
    }

    /// Reads from a stream until it has fallen silent.
    async fn read_until_silent(&self, reader: &mut Reader<'_, S, M>, mock: &M) -> Verdict {
        let started = Instant::now();
        while !mock.pending().await?.is_empty() {
            ensure!(started.elapsed() < SOON, "the stream never fell silent");
            let (source, cursor) = reader.source()?;
            match timeout(BRIEFLY, source.read(cursor)).await {
                Ok(Ok(batch)) => drop(reader.take(batch)?),
                Ok(Err(fault)) => return Err(format!("before the silence: {fault}")),
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// One read that meets silence; true if it ended with a fault, and not with what was still on
    /// its way or a second attempt brought.
    async fn read_in_silence(&self, reader: &mut Reader<'_, S, M>) -> Result<bool, String> {
        let (source, cursor) = reader.source()?;
        tokio::time::pause();
        let read = timeout(SILENCE, source.read(cursor)).await;
        tokio::time::resume();
        match read.map_err(|_| format!("{SILENCE:?} of silence went unnoticed"))? {
            Ok(batch) => reader.take(batch).map(|_| false),
            Err(Fault::Disconnected(_)) => {
                reader.hang_up();
                Ok(true)
            }
            Err(Fault::Retry(_) | Fault::Throttled { .. }) => Ok(true),
            Err(fault) => Err(format!("silence: {} {fault}", fault.kind())),
        }
    }

    async fn stable_ids(&self) -> Verdict {
        let (first, second) = (self.whole().await?, self.whole().await?);
        self.compare("read twice", &first, second.into_iter())
    }

    async fn shutdown(&self) -> Verdict {
        let mock = M::start().await;
        let mut reader = self.reader(&mock);
        reader.open().await?;
        let (source, cursor) = reader.source()?;
        let _ = timeout(Duration::from_millis(1), source.read(cursor)).await;
        let started = Instant::now();
        reader.hang_up();
        let took = started.elapsed();
        ensure!(took < END, "it took {took:?} to end a connection");
        reader.open().await
    }

    /// Whether exactly these events were read. A stream that was interrupted may bring what came
    /// before its first frame too.
    fn compare(
        &self,
        when: &str,
        whole: &BTreeSet<EventId>,
        found: impl Iterator<Item = EventId>,
    ) -> Verdict {
        let found: BTreeSet<EventId> = found.collect();
        let lost = whole.difference(&found).count();
        let others = found.difference(whole).count();
        ensure!(
            lost == 0 && (others == 0 || M::STREAM.is_some()),
            "{when}: of {} events {lost} were lost, {others} others came",
            whole.len()
        );
        Ok(())
    }

    /// As [`Self::survives`], for what can only happen to requests: a stream asks when it comes
    /// back.
    async fn survives_request(&self, rule: Value) -> Result<Vec<Fault>, String> {
        match M::STREAM {
            Some(_) => self.survives(&[rule, json!({ "kind": "disconnect" })]).await,
            None => self.survives(&[rule]).await,
        }
    }

    /// Has something go wrong while the feed is read; the faults that the source reported. What a
    /// stream did not bring may be missing where the source says so.
    async fn survives(&self, rules: &[Value]) -> Result<Vec<Fault>, String> {
        let whole = self.whole().await?;
        let mock = M::start().await;
        let mut reader = self.reader(&mock);
        reader.open().await?;
        for rule in rules {
            mock.fault(rule.clone()).await?;
        }
        let words = rules.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
        reader.drain().await.map_err(|reason| format!("{words}: {reason}"))?;
        let left = mock.pending().await?;
        ensure!(left.is_empty(), "{words}: never happened, {left:?} is still to come");
        let is_told = !reader.bad.is_empty() || !reader.gaps.is_empty();
        if !(M::STREAM.is_some() && is_told) {
            self.compare(&words, &whole, reader.events.into_keys())?;
        }
        Ok(reader.faults)
    }
}

/// Every text below `credentials` that is long enough to be one.
fn secrets(system: &Value) -> Vec<String> {
    let credentials = system.pointer("/authentication/credentials").and_then(Value::as_object);
    let texts = credentials.into_iter().flatten().filter_map(|(_, value)| value.as_str());
    texts.filter(|text| text.len() >= 6).map(str::to_owned).collect()
}
