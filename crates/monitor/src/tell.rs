//! Follows the alerts of the topology and tells people, from whichever process has that duty.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use kafka::{Follow, From, Message, Polled};
use metrics::{counter, gauge};
use model::{Alert, AlertStatus, Event, Head, Severity, Text, Timestamp};
use runtime::{Error, Member, Wiring};
use tokio::task::block_in_place;
use tracing::{info, warn};

use crate::bell::{Bell, Cadence, Notice};
use crate::channel::Channel;
use crate::outbox::{Outbox, Turn};
use crate::watch::RULE;

/// Who has the duty: one process for each partition of the alerts.
const GROUP: &str = "monitor";
/// What the ids of alerts about channels begin with.
const CHANNEL: &str = "channel.";
/// Records read at once, and the longest wait for the first.
const MAX_READ: usize = 500;
const READ_WAIT: Duration = Duration::from_millis(500);
/// How long the last news may take to arrive at the end.
const LAST_READ: Duration = Duration::from_secs(2);

/// Whom to tell, and how often.
#[derive(Debug)]
pub struct Telling {
    /// The ways to people.
    pub channels: Vec<Channel>,
    /// How often.
    pub cadence: Cadence,
    /// Whether a component's own calls for help are passed on, or only what the rules find.
    pub on_failure: bool,
}

/// Tells people until shutdown, the last news included.
pub async fn keep_telling(telling: &Telling, wiring: &Wiring) -> Result<(), Error> {
    let mut teller = block_in_place(|| Teller::new(telling, wiring))?;
    while !wiring.shutdown.is_cancelled() {
        // The loop must be interruptible where nothing else in it waits.
        tokio::task::yield_now().await;
        block_in_place(|| teller.read(READ_WAIT))?;
        let now = wiring.clock.now();
        teller.ring(now);
        teller.send().await?;
        block_in_place(|| teller.commit(now))?;
    }
    block_in_place(|| teller.read(LAST_READ))?;
    // Nothing more will come to be told together.
    let now = wiring.clock.now().plus_nanos(component::nanos(telling.cadence.group_wait));
    teller.ring(now);
    teller.send().await?;
    block_in_place(|| teller.commit(now))
}

struct Teller<'a> {
    telling: &'a Telling,
    wiring: &'a Wiring,
    topic: String,
    group: Member,
    silences: Follow,
    bell: Bell,
    outboxes: Vec<Outbox>,
    /// Whether what is known was lost with a change of duties.
    is_new: bool,
    /// The next offset of each partition, until that is committed.
    heard: BTreeMap<(Arc<str>, i32), i64>,
    /// Notices that no channel has taken yet.
    untaken: BTreeSet<u64>,
    number: u64,
}

impl<'a> Teller<'a> {
    fn new(telling: &'a Telling, wiring: &'a Wiring) -> Result<Self, Error> {
        let topic = wiring.names.topic("ops.alerts");
        let group = wiring.shared_group(GROUP, &[&topic])?;
        let silences = wiring.names.topic("ops.silences");
        let silences = wiring.cluster.reader()?.follow(&[&silences], From::Start)?;
        let open = wiring.open_alerts()?;
        let mut outboxes = Vec::new();
        for channel in &telling.channels {
            let id = channel_id(channel.name());
            let is_dead = open.iter().any(|alert| alert.alert_id == id);
            gauge!("alert_channel_up", "channel" => channel.name()).set(f64::from(!is_dead));
            outboxes.push(if is_dead { Outbox::dead() } else { Outbox::default() });
        }
        let known = |alert: &Alert| {
            telling.channels.iter().any(|channel| alert.alert_id == channel_id(channel.name()))
        };
        for alert in open.iter().filter(|a| a.alert_id.starts_with(CHANNEL) && !known(a)) {
            // Nobody sends there any more.
            let closed = Alert { status: AlertStatus::Closed, ..alert.clone() };
            wiring.publish_alert(closed, GROUP)?;
        }
        Ok(Self {
            telling,
            wiring,
            topic,
            group,
            silences,
            bell: Bell::new(telling.cadence),
            outboxes,
            is_new: false,
            heard: BTreeMap::new(),
            untaken: BTreeSet::new(),
            number: 0,
        })
    }

    /// Hears what has come. Blocks.
    fn read(&mut self, wait: Duration) -> Result<(), Error> {
        for message in self.silences.next(MAX_READ, Duration::ZERO)? {
            if let Some(Event::Silence(silence)) = self.event(&message)? {
                self.bell.silenced(*silence);
            }
        }
        let polled = self.group.next(MAX_READ, wait)?;
        if let Polled::Assigned(_) | Polled::Revoked { .. } = polled {
            // It takes effect with the next call.
            self.is_new = true;
            return Ok(());
        }
        if std::mem::take(&mut self.is_new) {
            // What was read and not committed comes again.
            return self.start_over();
        }
        let Polled::Messages(messages) = polled else { return Ok(()) };
        let now = self.wiring.clock.now();
        for message in messages {
            self.heard.insert((message.topic.clone(), message.partition), message.offset + 1);
            if let Some(Event::Alert(alert)) = self.event(&message)?
                && self.is_told(&alert)
            {
                self.bell.hears(*alert, now);
            }
        }
        Ok(())
    }

    /// Learns what people have been told already: all that is committed.
    fn start_over(&mut self) -> Result<(), Error> {
        self.bell.forget();
        self.heard.clear();
        self.group.seek_to_committed()?;
        let mut starts = HashMap::new();
        for lag in self.group.lag()? {
            starts.insert(lag.partition, lag.position);
        }
        let mut told = Vec::new();
        self.wiring.cluster.reader()?.read_all(&self.topic, |message| {
            if starts.get(&message.partition).is_some_and(|start| message.offset < *start) {
                told.push(message);
            }
        })?;
        let mut open: BTreeMap<Text, Alert> = BTreeMap::new();
        for message in &told {
            match self.event(message)? {
                Some(Event::Alert(alert)) if alert.status == AlertStatus::Opened => {
                    open.insert(alert.alert_id.clone(), *alert);
                }
                Some(Event::Alert(alert)) => drop(open.remove(&alert.alert_id)),
                _ => {}
            }
        }
        let now = self.wiring.clock.now();
        for alert in open.into_values() {
            if self.is_told(&alert) {
                self.bell.knows(alert, now);
            }
        }
        Ok(())
    }

    /// What a record holds; nothing, where it cannot be read.
    fn event(&self, message: &Message) -> Result<Option<Event>, Error> {
        if message.payload().is_none() {
            return Ok(None);
        }
        match self.wiring.read(message) {
            Ok(event) => Ok(Some(event)),
            Err(Error::Record { topic, reason }) => {
                warn!(topic, offset = message.offset, reason, "unreadable record");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn is_told(&self, alert: &Alert) -> bool {
        self.telling.on_failure || [RULE, CHANNEL].iter().any(|of| alert.alert_id.starts_with(of))
    }

    /// Hands over to the channels what people must be told now.
    fn ring(&mut self, now: Timestamp) {
        for notice in self.bell.rings(now) {
            let notice = Arc::new(notice);
            self.number += 1;
            info!(about = &*notice.about, opened = notice.opened.len(), "telling of alerts");
            for (outbox, channel) in self.outboxes.iter_mut().zip(&self.telling.channels) {
                self.untaken.insert(self.number);
                if outbox.put((self.number, notice.clone())).is_some() {
                    warn!(channel = channel.name(), "gave up the oldest notice that waits");
                    count(channel.name(), "given_up");
                }
            }
        }
    }

    /// Sends what is due: to all channels at once, for one may be slow.
    async fn send(&mut self) -> Result<(), Error> {
        let clock = self.wiring.clock.clone();
        let now = clock.now();
        let due = self.outboxes.iter().zip(&self.telling.channels).enumerate();
        let due = due.filter_map(|(index, (outbox, channel))| {
            let (number, notice) = outbox.due(now)?;
            let clock = &clock;
            Some(async move { (index, number, channel.send(&notice, clock).await) })
        });
        for (index, number, sent) in join_all(due).await {
            let name = self.telling.channels[index].name();
            let turn = match &sent {
                Ok(()) => {
                    self.untaken.remove(&number);
                    count(name, "taken");
                    self.outboxes[index].taken()
                }
                Err(error) => {
                    warn!(channel = name, %error, "an alert was not taken");
                    count(name, "refused");
                    self.outboxes[index].refused(clock.now())
                }
            };
            let reason = sent.err().map(|error| error.to_string()).unwrap_or_default();
            self.turned(index, turn, &reason)?;
        }
        Ok(())
    }

    /// Makes the end of a channel visible, on the others too.
    fn turned(&mut self, index: usize, turn: Turn, reason: &str) -> Result<(), Error> {
        let name = self.telling.channels[index].name();
        let status = match turn {
            Turn::None => return Ok(()),
            Turn::Dead => AlertStatus::Opened,
            Turn::Alive => AlertStatus::Closed,
        };
        gauge!("alert_channel_up", "channel" => name).set(f64::from(turn == Turn::Alive));
        let alert = Alert {
            head: Head::default(),
            alert_id: channel_id(name),
            status,
            severity: Severity::Error,
            system: None,
            component: format!("{GROUP}.{name}").into(),
            title: format!("{name} takes no alerts").into(),
            reason: reason.into(),
            action: format!("check monitoring.{name}, then run `foliostream alert test`").into(),
            since: self.wiring.clock.now(),
        };
        block_in_place(|| self.wiring.publish_alert(alert, GROUP))
    }

    /// Notes that people know all that was heard, once they do: one channel is enough. Blocks.
    fn commit(&mut self, now: Timestamp) -> Result<(), Error> {
        if self.outboxes.iter().all(|outbox| outbox.len() == 0) {
            self.untaken.clear();
        }
        if self.heard.is_empty() || self.bell.has_news(now) || !self.untaken.is_empty() {
            return Ok(());
        }
        let heard = std::mem::take(&mut self.heard).into_iter();
        let offsets: Vec<_> =
            heard.map(|((topic, partition), next)| (topic, partition, next)).collect();
        Ok(self.group.commit(&offsets)?)
    }
}

/// A notice for a trial of the channels.
pub fn trial(now: Timestamp) -> Notice {
    let alert = Alert {
        head: Head::default(),
        alert_id: "test".into(),
        status: AlertStatus::Opened,
        severity: Severity::Info,
        system: None,
        component: GROUP.into(),
        title: "a test of the alerts".into(),
        reason: "somebody ran `foliostream alert test`".into(),
        action: "nothing: whoever reads this is told of alerts".into(),
        since: now,
    };
    Notice { about: "test".into(), opened: vec![alert], again: vec![], closed: vec![] }
}

fn channel_id(name: &str) -> Text {
    format!("{CHANNEL}{name}").into()
}

fn count(channel: &'static str, outcome: &'static str) {
    counter!("alert_messages_total", "channel" => channel, "outcome" => outcome).increment(1);
}
