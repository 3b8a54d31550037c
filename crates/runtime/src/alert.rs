//! Tells people that a component waits for them: one alert from the first fault that needs a
//! person until the component works again, whatever is started again in between.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use component::{Fault, Host, Note};
use model::{Alert, AlertStatus, Event, EventId, Head, Severity, Text, Timestamp};
use tracing::{error, info, warn};

use crate::ledger::Sure;
use crate::supervisor::{Call, Status};
use crate::{Error, Wiring};

/// A component that has worked this long without a fault works again.
pub(crate) const LASTS: Duration = Duration::from_secs(5);
/// Bytes kept of a reason, which may quote what it complains about.
const MAX_REASON_BYTES: usize = 4 << 10;

/// The alerts of a topology, as their topic says. What one process opened another may close.
#[derive(Clone, Default)]
pub(crate) struct Alerts(Arc<Mutex<Option<Board>>>);

struct Board {
    /// By their ids.
    open: HashMap<Text, Alert>,
    sure: Sure,
}

impl Alerts {
    /// The open alert with an id. Blocks.
    pub(crate) fn find(&self, wiring: &Wiring, id: &str) -> Result<Option<Alert>, Error> {
        self.with(wiring, |board| Ok(board.open.get(id).cloned()))
    }

    /// Publishes what has become of an alert. Blocks until that is certain.
    fn publish(&self, wiring: &Wiring, alert: &Alert) -> Result<(), Error> {
        self.with(wiring, |board| {
            board.sure.publish(wiring, &alert.clone().into())?;
            match alert.status {
                AlertStatus::Opened => {
                    drop(board.open.insert(alert.alert_id.clone(), alert.clone()))
                }
                AlertStatus::Closed => drop(board.open.remove(&alert.alert_id)),
            }
            Ok(())
        })
    }

    fn with<T>(
        &self,
        wiring: &Wiring,
        work: impl FnOnce(&mut Board) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *board {
            Some(board) => work(board),
            none => work(none.insert(Board { open: opened(wiring)?, sure: Sure::default() })),
        }
    }
}

/// What is open by the last word of the topic on each.
fn opened(wiring: &Wiring) -> Result<HashMap<Text, Alert>, Error> {
    let topic = wiring.names.topic("ops.alerts");
    let mut messages = Vec::new();
    wiring.cluster.reader()?.read_all(&topic, |message| messages.push(message))?;
    let mut open = HashMap::new();
    for message in messages.iter().filter(|message| message.payload().is_some()) {
        match wiring.read(message) {
            Ok(Event::Alert(alert)) if alert.status == AlertStatus::Opened => {
                open.insert(alert.alert_id.clone(), *alert);
            }
            Ok(Event::Alert(alert)) => drop(open.remove(&alert.alert_id)),
            Ok(_) => {}
            Err(Error::Record { topic, reason }) => {
                warn!(topic, offset = message.offset, reason, "unreadable alert");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(open)
}

/// The alert of one component.
pub(crate) struct Alarm {
    wiring: Wiring,
    host: Host,
    status: Status,
    open: Option<Alert>,
    works_since: Option<Timestamp>,
    is_let_in: bool,
}

impl Alarm {
    /// Goes on with an alert that an earlier run left open. Blocks.
    pub fn new(wiring: &Wiring, host: &Host, status: &Status) -> Result<Self, Error> {
        let open = wiring.alerts.find(wiring, &id(host))?;
        let (wiring, host, status) = (wiring.clone(), host.clone(), status.clone());
        let (works_since, is_let_in) = (None, false);
        let mut alarm = Self { wiring, host, status, open: None, works_since, is_let_in };
        alarm.show(open);
        Ok(alarm)
    }

    /// Whether a person is waited for.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The component is at work, as far as one can see.
    pub fn works(&mut self) {
        self.works_since.get_or_insert(self.wiring.clock.now());
    }

    /// Opens the alert if only a person can help. Blocks.
    pub fn fault(&mut self, fault: &Fault) {
        self.works_since = None;
        if let Fault::Unauthorized { reason, .. } = fault {
            self.note("credential.refused", reason);
        }
        let Some(alert) = self.alert(fault) else { return };
        let is_news = |open: &Alert| open.severity < alert.severity;
        if !self.open.as_ref().is_none_or(is_news) {
            return;
        }
        let (component, reason, action) = (&*alert.component, &*alert.reason, &*alert.action);
        error!(component, reason, action, "a person is needed");
        self.publish(alert);
    }

    /// The vendor has let the component in: its credentials were used, for an auditor to know. Says
    /// so once.
    pub fn let_in(&mut self) {
        if !std::mem::replace(&mut self.is_let_in, true) {
            self.note("credential.used", "the vendor let us in");
        }
    }

    fn note(&self, action: &'static str, what: &str) {
        let Some(witness) = &self.host.witness else { return };
        let details = BTreeMap::from([("what".to_owned(), what.to_owned())]);
        let (actor, subject) = (self.host.instance(), self.host.system.to_string());
        witness.note(Note { actor, action, subject, details });
    }

    /// Closes the alert once the component has worked for a while. Blocks.
    pub fn look(&mut self) {
        let (Some(open), Some(since)) = (&self.open, self.works_since) else { return };
        let now = self.wiring.clock.now();
        if now.since(since) < LASTS.as_nanos() as i64 {
            return;
        }
        let alert = self.published(Alert { status: AlertStatus::Closed, ..open.clone() }, now);
        info!(component = self.host.instance(), "works again");
        self.works_since = Some(now);
        self.publish(alert);
    }

    /// Where it cannot be published, the next fault or the next look tries again.
    fn publish(&mut self, alert: Alert) {
        match self.wiring.alerts.publish(&self.wiring, &alert) {
            Ok(()) => self.show(Some(alert).filter(|alert| alert.status == AlertStatus::Opened)),
            Err(error) => {
                let component = self.host.instance();
                warn!(component, %error, "an alert could not be published");
            }
        }
    }

    fn show(&mut self, open: Option<Alert>) {
        let call = open.as_ref().map(|alert| Call {
            reason: alert.reason.to_string(),
            action: alert.action.to_string(),
            since: alert.since,
        });
        self.status.set_call(call);
        self.wiring.metrics.alert(&self.host.instance(), open.is_some());
        self.open = open;
    }

    /// What a fault has to say to people; nothing where it passes by itself.
    fn alert(&self, fault: &Fault) -> Option<Alert> {
        let (severity, what, reason, action) = match fault {
            Fault::Retry(_) | Fault::Throttled { .. } | Fault::Disconnected(_) => return None,
            Fault::NeedsPerson { reason, action } => {
                (Severity::Warning, "waits for a person", reason, action.clone())
            }
            Fault::Unauthorized { reason, setting } => {
                let action = format!("check the setting {setting} and start again");
                (Severity::Error, "has stopped for good", reason, action)
            }
            Fault::Fatal(reason) => {
                let action = "see to the cause and start again".to_owned();
                (Severity::Error, "has stopped for good", reason, action)
            }
        };
        let (now, component) = (self.wiring.clock.now(), Text::from(self.host.instance()));
        let alert = Alert {
            head: Head::default(),
            alert_id: id(&self.host),
            status: AlertStatus::Opened,
            severity,
            system: Some((&*self.host.system).into()),
            title: format!("{component} {what}").into(),
            component,
            reason: reason[..reason.floor_char_boundary(MAX_REASON_BYTES)].into(),
            action: action.into(),
            since: self.open.as_ref().map_or(now, |open| open.since),
        };
        Some(self.published(alert, now))
    }

    fn published(&self, alert: Alert, now: Timestamp) -> Alert {
        dated(alert, &self.host.system, now)
    }
}

/// The alert with its head.
fn dated(alert: Alert, source: &str, now: Timestamp) -> Alert {
    let said = [alert.status.as_str(), alert.severity.as_str(), &alert.since.0.to_string()];
    let id = EventId::of(&[&[alert.alert_id.as_str()], &said[..]].concat());
    let head = Head { source: source.into(), received_time: now, ..Head::new(id, now) };
    Alert { head, ..alert }
}

impl Wiring {
    /// The alerts that are open by the last word of their topic on each. Blocks.
    pub fn open_alerts(&self) -> Result<Vec<Alert>, Error> {
        Ok(opened(self)?.into_values().collect())
    }

    /// Publishes what has become of an alert that is not a component's own, once it is certain.
    /// Its head is filled in. Blocks.
    pub fn publish_alert(&self, alert: Alert, source: &str) -> Result<(), Error> {
        self.alerts.publish(self, &dated(alert, source, self.clock.now()))
    }
}

fn id(host: &Host) -> Text {
    format!("{}.needs_person", host.instance()).into()
}

impl fmt::Debug for Alerts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alerts")
    }
}
