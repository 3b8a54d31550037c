//! What a live feed has to read again, and when. Pure: it is told the time.

use std::time::Duration;

use component::{Fault, Item, LIVE_MEMORY};
use model::{EventId, Gap, GapStatus, Head, InstrumentId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::holes::Hole;
use crate::reach::{Reach, Rest, later, nanos};

/// An audit leaves out the newest records: they may be on their way to us.
pub(crate) const AUDIT_LAG: Duration = Duration::from_secs(5);
/// An audit only makes sense while the runtime remembers what was published in its stretch; a
/// busier stretch is not audited.
pub(crate) const MAX_AUDITED: usize = 60_000;
/// An audit that an earlier run left undone goes back this far: a little less than is remembered
/// of what that run published.
const LOOK_BACK: Duration = LIVE_MEMORY.saturating_sub(Duration::from_secs(10));

/// Where a live feed resumes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// Latest event time that was published.
    pub at: Timestamp,
    /// Records after this time may be missing; a repair is under way or due.
    pub missing_since: Option<Timestamp>,
    /// Up to here it is known that nothing is missing; the next audit begins here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doubtful_since: Option<Timestamp>,
    /// What is missing besides, where records are numbered.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub holes: Vec<Hole>,
}

impl Cursor {
    /// Where the first audit after a restart begins.
    pub(crate) fn audit_from(&self) -> Option<Timestamp> {
        let remembered = self.at.plus_nanos(-nanos(LOOK_BACK));
        self.doubtful_since.map(|since| since.max(remembered))
    }
}

/// A stretch of a vendor's history, by event time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its start.
    pub from: Timestamp,
    /// Its end; open for everything up to now.
    pub to: Option<Timestamp>,
    /// The vendor's clock, as far as we can tell: what ends later is still running.
    pub now: Timestamp,
}

/// A part of a stretch.
#[derive(Debug, Default)]
pub struct Page {
    /// What the vendor has, oldest first.
    pub items: Vec<Item>,
    /// How to ask for the next page, while there is one.
    pub next: Option<String>,
}

/// Keeps watch over one feed.
#[derive(Debug)]
pub(crate) struct Watch {
    component: String,
    instruments: Vec<InstrumentId>,
    audit_every: Option<Duration>,
    reach: Reach,
    missing_since: Option<Timestamp>,
    /// Where the last gap began and ended: one that begins there again is another.
    repaired: Option<(Timestamp, Timestamp)>,
    work: Option<Work>,
    rest: Rest,
    audited_to: Timestamp,
    audit_due: Timestamp,
    /// Events published since `audited_to`.
    published: usize,
}

/// Reading a stretch again.
#[derive(Debug)]
struct Work {
    stretch: Stretch,
    is_audit: bool,
    token: Option<String>,
    /// The vendor's time when the reading began.
    began: Timestamp,
    published_before: usize,
}

impl Watch {
    /// A watch over a feed that was subscribed to when the vendor's clock said `vendor_now`.
    pub(crate) fn new(
        component: String,
        instruments: Vec<InstrumentId>,
        audit_every: Option<Duration>,
        vendor_now: Timestamp,
        now: Timestamp,
    ) -> Self {
        let mut reach = Reach::default();
        reach.set(vendor_now, now);
        Self {
            component,
            instruments,
            audit_every,
            reach,
            missing_since: None,
            repaired: None,
            work: None,
            rest: Rest::default(),
            audited_to: vendor_now,
            audit_due: later(now, audit_every.unwrap_or_default()),
            published: 0,
        }
    }

    /// Resumes after a cursor. A first start has missed nothing.
    pub(crate) fn start(&mut self, cursor: &Cursor) -> Vec<Item> {
        if cursor.at.0 == 0 {
            return Vec::new();
        }
        self.reach.at = cursor.at;
        self.missing_since = cursor.missing_since;
        let began = self.audited_to;
        self.audited_to = cursor.audit_from().unwrap_or(began);
        self.repair(began, "the stream was away")
    }

    /// A frame could not be read: what it held may be missing. It is looked for in the vendor's
    /// history, which takes a moment to know it.
    pub(crate) fn doubt(&mut self, now: Timestamp) -> Vec<Item> {
        self.rest.begin(now);
        self.repair(self.reach.vendor_now(now), "a frame could not be read")
    }

    /// Begins to read everything since the last good moment.
    fn repair(&mut self, began: Timestamp, reason: &str) -> Vec<Item> {
        let from = *self.missing_since.get_or_insert(self.reach.at);
        let stretch = Stretch { from, to: None, now: began };
        self.work =
            Some(Work { stretch, is_audit: false, token: None, began, published_before: 0 });
        self.gaps(GapStatus::Opened, None, reason)
    }

    /// The session ended: everything from here on may be missing.
    pub(crate) fn lost(&mut self, reason: &str) -> Vec<Item> {
        self.missing_since.get_or_insert(self.reach.at);
        self.gaps(GapStatus::Opened, None, reason)
    }

    pub(crate) fn cursor(&self) -> Cursor {
        let is_due = self.audit_every.is_some() && self.published <= MAX_AUDITED;
        Cursor {
            at: self.reach.at,
            missing_since: self.missing_since,
            doubtful_since: is_due.then_some(self.audited_to),
            holes: Vec::new(),
        }
    }

    pub(crate) fn is_repairing(&self) -> bool {
        self.work.as_ref().is_some_and(|work| !work.is_audit)
    }

    /// Takes note of what is about to be published.
    pub(crate) fn published(&mut self, items: &[Item], now: Timestamp) {
        for item in items {
            if let Item::Event(event) = item {
                self.reach.note(event.head().event_time, now);
                self.published += 1;
            }
        }
    }

    /// What to read of the vendor's history now, if anything.
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<(Stretch, Option<String>)> {
        if now < self.rest.until {
            return None;
        }
        if self.work.is_none() {
            self.begin_audit(now);
        }
        let vendor_now = self.reach.vendor_now(now);
        let work = self.work.as_ref()?;
        Some((Stretch { now: vendor_now, ..work.stretch }, work.token.clone()))
    }

    /// How long nothing will be due.
    pub(crate) fn idle(&self, now: Timestamp) -> Duration {
        let due = match (&self.work, self.audit_every) {
            (Some(_), _) => self.rest.until,
            (None, Some(_)) => self.audit_due.max(self.rest.until),
            (None, None) => Timestamp(i64::MAX),
        };
        Duration::from_nanos(due.since(now).max(0).unsigned_abs())
    }

    fn begin_audit(&mut self, now: Timestamp) {
        let Some(every) = self.audit_every.filter(|_| now >= self.audit_due) else { return };
        self.audit_due = later(now, every);
        let began = self.reach.vendor_now(now);
        let to = began.plus_nanos(-nanos(AUDIT_LAG));
        if to <= self.audited_to {
            return;
        }
        if self.published > MAX_AUDITED {
            tracing::debug!(component = self.component, self.published, "too busy for an audit");
            (self.audited_to, self.published) = (to, 0);
            return;
        }
        let stretch = Stretch { from: self.audited_to, to: Some(to), now: began };
        let published_before = self.published;
        self.work = Some(Work { stretch, is_audit: true, token: None, began, published_before });
    }

    /// A page was read: gives what to publish with it, and the stretch when it is an audit's.
    pub(crate) fn turned(
        &mut self,
        page: Page,
        now: Timestamp,
    ) -> (Vec<Item>, Option<(Timestamp, Timestamp)>) {
        self.rest.end();
        let Some(mut work) = self.work.take() else { return (page.items, None) };
        let mut items = page.items;
        if let (true, Some(to)) = (work.is_audit, work.stretch.to) {
            let audited = Some((work.stretch.from, to));
            if page.next.is_some() {
                work.token = page.next;
                self.work = Some(work);
            } else {
                self.audited_to = to;
                self.published = self.published.saturating_sub(work.published_before);
            }
            return (items, audited);
        }
        if page.next.is_some() {
            // `at` stays: until the repair is through, a restart has to begin it again.
            work.token = page.next;
            self.work = Some(work);
            return (items, None);
        }
        self.published(&items, now);
        let to = self.reach.vendor_now(now).max(self.reach.at);
        // What the stream left out in silence before that is for the next audit.
        if self.audited_to >= work.stretch.from {
            self.audited_to = work.began;
        }
        items.extend(self.gaps(GapStatus::Closed, Some(to), "everything missed was read again"));
        self.missing_since = None;
        (items, None)
    }

    /// History could not be read. Gives what to publish when it never will be.
    pub(crate) fn failed(&mut self, fault: &Fault, now: Timestamp) -> Vec<Item> {
        self.rest.failed(fault, now);
        if !matches!(fault, Fault::Unauthorized { .. } | Fault::Fatal(_)) {
            return Vec::new();
        }
        tracing::warn!(component = self.component, %fault, "the vendor's history is closed to us");
        let was_repair = self.is_repairing();
        self.work = None;
        self.audit_every = None;
        if !was_repair {
            return Vec::new();
        }
        let to = self.reach.vendor_now(now);
        let items = self.gaps(GapStatus::Unrecoverable, Some(to), &fault.to_string());
        self.missing_since = None;
        items
    }

    /// The same change of the gap of every instrument. Its id follows from where it starts, so
    /// that it is the same before and after a restart.
    fn gaps(&mut self, status: GapStatus, to: Option<Timestamp>, reason: &str) -> Vec<Item> {
        let from = self.missing_since.unwrap_or(self.reach.at);
        let start = from.0.to_string();
        let again = self.repaired.filter(|(began, _)| *began == from).map(|(_, ended)| ended);
        let end = if status == GapStatus::Opened { again } else { to };
        let change = end.map_or(String::new(), |time| time.0.to_string());
        self.repaired = to.map(|to| (from, to)).or(self.repaired);
        let gap = |instrument: &InstrumentId| {
            let gap_id = EventId::of(&[&self.component, instrument.as_str(), &start]).to_string();
            let event_id = EventId::of(&[&gap_id, status.as_str(), &change]);
            Gap {
                head: Head::new(event_id, to.unwrap_or(self.reach.at)),
                instrument: instrument.clone(),
                gap_id: gap_id.into(),
                component: self.component.as_str().into(),
                status,
                from_time: from,
                to_time: to,
                reason: reason.into(),
                recovered: None,
            }
        };
        self.instruments.iter().map(|instrument| Item::Event(gap(instrument).into())).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use model::{Event, Trade};

    use super::*;
    use crate::reach::FIRST_REST;

    /// The vendor replays 2013 while our clock says 2026.
    const VENDOR: i64 = 1_381_152_600;
    const OURS: i64 = 1_795_400_000;

    fn ours(secs: i64) -> Timestamp {
        Timestamp::from_secs(OURS + secs)
    }

    fn vendor(secs: i64) -> Timestamp {
        Timestamp::from_secs(VENDOR + secs)
    }

    fn cursor_at(secs: i64, missing_since: Option<i64>) -> Cursor {
        let missing_since = missing_since.map(vendor);
        Cursor { at: vendor(secs), missing_since, ..Cursor::default() }
    }

    fn watch(audit_secs: Option<u64>) -> Watch {
        let every = audit_secs.map(Duration::from_secs);
        let instruments = vec!["BAC.US".into(), "SPY.US".into()];
        Watch::new("acme.live".to_owned(), instruments, every, vendor(0), ours(0))
    }

    fn trade(secs: i64) -> Item {
        let event = Trade {
            head: Head::new(EventId::of(&[&secs.to_string()]), vendor(secs)),
            instrument: "BAC.US".into(),
            symbol: "BAC".into(),
            trade_id: "1".into(),
            venue: None,
            price: 1.into(),
            quantity: 1.into(),
            conditions: Vec::new(),
            tape: None,
            status: model::TradeStatus::Original,
        };
        Item::Event(event.into())
    }

    fn gaps(items: &[Item]) -> Vec<&Gap> {
        let gap = |item| match item {
            &Item::Event(Event::Gap(ref gap)) => Some(&**gap),
            _ => None,
        };
        items.iter().filter_map(gap).collect()
    }

    fn page(items: Vec<Item>, next: Option<&str>) -> Page {
        Page { items, next: next.map(str::to_owned) }
    }

    #[test]
    fn a_first_start_repairs_nothing() {
        let mut watch = watch(None);
        assert!(watch.start(&Cursor::default()).is_empty());
        assert_eq!(watch.next(ours(1)), None);
        assert_eq!(watch.cursor(), cursor_at(0, None));
    }

    #[test]
    fn a_gap_opens_when_the_stream_ends_and_closes_after_the_last_page() {
        let mut before = watch(None);
        before.start(&Cursor::default());
        before.published(&[trade(10), trade(9)], ours(10));
        let opened = before.lost("reset");
        let cursor = before.cursor();
        assert_eq!(cursor, cursor_at(10, Some(10)));

        let mut after = watch(None);
        let again = after.start(&cursor);
        let ids = |items: &[Item]| gaps(items).iter().map(|g| g.head.event_id).collect::<Vec<_>>();
        assert_eq!(ids(&opened), ids(&again), "the same gap, whoever opens it");
        assert!(after.is_repairing());
        let (stretch, token) = after.next(ours(20)).unwrap();
        let now = vendor(20);
        assert_eq!((stretch, token), (Stretch { from: vendor(10), to: None, now }, None));

        let (items, audit) = after.turned(page(vec![trade(11)], Some("2")), ours(21));
        assert_eq!((items.len(), audit), (1, None));
        assert_eq!(after.cursor(), cursor, "a restart begins the repair again");
        assert_eq!(after.next(ours(21)).unwrap().1.as_deref(), Some("2"));
        let (items, _) = after.turned(page(vec![trade(19)], None), ours(22));
        let closed = gaps(&items);
        assert_eq!(closed.len(), 2);
        assert_eq!(closed[0].gap_id, gaps(&opened)[0].gap_id);
        assert_eq!((closed[0].status, closed[0].from_time), (GapStatus::Closed, vendor(10)));
        assert_eq!(after.cursor(), cursor_at(19, None));
        assert!(!after.is_repairing());
    }

    #[test]
    fn a_frame_that_cannot_be_read_is_repaired_from_before_it() {
        let mut watch = watch(None);
        watch.start(&Cursor::default());
        watch.published(&[trade(10)], ours(10));
        let opened = watch.doubt(ours(11));
        assert_eq!((gaps(&opened).len(), gaps(&opened)[0].from_time), (2, vendor(10)));
        watch.published(&[trade(12)], ours(12));
        assert_eq!(watch.cursor().missing_since, Some(vendor(10)));
        assert_eq!(watch.next(ours(11)), None, "history takes a moment to know it");
        let (stretch, _) = watch.next(ours(12)).unwrap();
        assert_eq!((stretch.from, stretch.to), (vendor(10), None));
        let again = watch.doubt(ours(13));
        assert_eq!(gaps(&again)[0].head.event_id, gaps(&opened)[0].head.event_id);
        let (items, _) = watch.turned(page(vec![trade(11)], None), ours(14));
        assert_eq!(gaps(&items)[0].status, GapStatus::Closed);
        assert!(!watch.is_repairing());
    }

    #[test]
    fn what_arrives_during_a_repair_does_not_hide_what_is_missing() {
        let mut watch = watch(None);
        watch.start(&cursor_at(10, None));
        watch.published(&[trade(50)], ours(50));
        let cursor = watch.cursor();
        assert_eq!(cursor, cursor_at(50, Some(10)));
    }

    #[test]
    fn a_record_from_the_far_future_moves_nothing() {
        let mut watch = watch(None);
        watch.start(&Cursor::default());
        watch.published(&[trade(10), trade(90 * 86_400), trade(11)], ours(11));
        assert_eq!(watch.cursor().at, vendor(11));
    }

    #[test]
    fn a_vendor_in_trouble_is_asked_again_later() {
        let mut watch = watch(None);
        watch.start(&cursor_at(10, None));
        assert!(watch.failed(&Fault::retry("502"), ours(20)).is_empty());
        assert_eq!(watch.next(ours(20)), None);
        assert_eq!(watch.idle(ours(20)), FIRST_REST);
        assert!(watch.next(ours(21)).is_some());
        let wait = Duration::from_secs(9);
        let throttled = Fault::Throttled { wait, reason: String::new() };
        watch.failed(&throttled, ours(21));
        assert_eq!(watch.idle(ours(21)), wait);
    }

    #[test]
    fn history_that_is_closed_to_us_makes_the_gap_unrecoverable() {
        let mut watch = watch(Some(60));
        watch.start(&cursor_at(10, None));
        let items = watch.failed(&Fault::unauthorized("no entitlement", "key"), ours(20));
        assert_eq!(gaps(&items)[1].status, GapStatus::Unrecoverable);
        assert_eq!(watch.cursor().missing_since, None);
        assert_eq!(watch.next(ours(500)), None, "nor is anything audited");
    }

    #[test]
    fn audits_follow_each_other_without_a_hole() {
        let mut watch = watch(Some(60));
        watch.start(&Cursor::default());
        assert_eq!(watch.next(ours(59)), None);
        let (stretch, _) = watch.next(ours(60)).unwrap();
        let now = vendor(60);
        assert_eq!(stretch, Stretch { from: vendor(0), to: Some(vendor(55)), now });
        assert!(!watch.is_repairing(), "the live feed goes on meanwhile");
        let (_, audit) = watch.turned(page(vec![], Some("2")), ours(61));
        assert_eq!(audit, Some((vendor(0), vendor(55))));
        watch.turned(page(vec![trade(3)], None), ours(62));
        assert_eq!(watch.next(ours(119)), None);
        let (stretch, _) = watch.next(ours(120)).unwrap();
        let now = vendor(120);
        assert_eq!(stretch, Stretch { from: vendor(55), to: Some(vendor(115)), now });
    }

    #[test]
    fn what_was_not_audited_before_an_interruption_is_audited_after_it() {
        let mut before = watch(Some(60));
        before.start(&Cursor::default());
        before.published(&[trade(40)], ours(40));
        before.lost("reset");
        let mut after = watch(Some(60));
        after.start(&before.cursor());
        after.turned(page(vec![], None), ours(41));
        let (stretch, _) = after.next(ours(60)).unwrap();
        assert_eq!((stretch.from, stretch.to), (vendor(0), Some(vendor(55))));
    }

    #[test]
    fn a_stretch_longer_than_what_is_remembered_is_not_audited() {
        let mut watch = watch(Some(60));
        watch.start(&Cursor::default());
        let burst: Vec<Item> = (0..=MAX_AUDITED).map(|_| trade(1)).collect();
        watch.published(&burst, ours(2));
        assert_eq!(watch.next(ours(60)), None);
        let (stretch, _) = watch.next(ours(120)).unwrap();
        assert_eq!(stretch.from, vendor(55));
    }

    #[test]
    fn a_gap_that_begins_where_the_last_one_began_is_told_as_another() {
        let mut watch = watch(None);
        watch.start(&cursor_at(10, Some(10)));
        let mut ids: Vec<EventId> = Vec::new();
        let mut note = |items: Vec<Item>| {
            ids.extend(gaps(&items).iter().map(|gap| gap.head.event_id));
        };
        note(watch.turned(page(Vec::new(), None), ours(20)).0);
        note(watch.lost("reset"));
        note(watch.start(&cursor_at(10, Some(10))));
        note(watch.turned(page(Vec::new(), None), ours(30)).0);
        let distinct = ids.iter().collect::<std::collections::BTreeSet<_>>().len();
        assert_eq!((ids.len(), distinct), (8, 6), "only what was told already is told again");
    }
}
