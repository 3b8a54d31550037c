//! One client's way along the tape. Everyone walks alone: what is due is found on the shared tape
//! and written straight into the client's next frame, so nothing waits in queues.

use jiff::civil::Date;
use mockkit::time;

use super::clusters::{Channel, Cluster};
use super::encode::Message;
use super::topics::{Topics, Wanted};
use crate::core::{Core, Sent};
use crate::settings::Plan;
use crate::timeline::Span;

/// Events looked at in one go when nobody wants them, before others get their turn.
const MAX_STEPS: usize = 200_000;

/// Bytes of a usual message.
const MESSAGE: usize = 150;

pub struct Runner {
    cluster: Cluster,
    /// How late this client hears of things.
    delay: i64,
    wanted: Wanted,
    is_idle: bool,
    /// Nothing once the timeline is over.
    span: Option<Span>,
    place: Place,
    frame: Vec<u8>,
    sent: Sent,
}

/// The next message: an event, and within it a channel and an instrument from which to go on.
#[derive(Clone, Copy, Default)]
struct Place {
    index: usize,
    channel: usize,
    instrument: u32,
}

/// What to do next.
pub enum Next {
    /// A frame, and what is in it.
    Send(Vec<u8>, Sent),
    /// Nothing is due before this time.
    Wait(i64),
    /// Nothing that anyone wants was found; ask again.
    Again,
    /// The last lap is over.
    Over,
}

impl Runner {
    pub fn new(cluster: Cluster, plan: Plan) -> Runner {
        Runner {
            cluster,
            delay: plan.delay(),
            wanted: Wanted::new(),
            is_idle: true,
            span: None,
            place: Place::default(),
            frame: Vec::new(),
            sent: Sent::default(),
        }
    }

    pub fn follow(&mut self, core: &Core, topics: &Topics) {
        self.wanted = topics.wanted(&core.instruments, core.market.listings().len());
        self.is_idle = self.wanted.iter().flatten().all(Vec::is_empty);
    }

    pub fn is_idle(&self) -> bool {
        self.is_idle
    }

    /// Goes to the first event after a time.
    pub fn seek(&mut self, core: &Core, now: i64) {
        let now = now.saturating_sub(self.delay);
        let date = time::new_york_date(now);
        self.place = Place::default();
        self.span = core.timeline.span(date);
        match &self.span {
            Some(span) => {
                let events = &span.tape.events;
                self.place.index = events.partition_point(|event| event.time + span.shift <= now);
            }
            None => self.turn_page(core, date, false),
        }
    }

    /// The next frame of what is due; at full speed everything is.
    pub fn next(&mut self, core: &Core, now: i64, is_max: bool) -> Next {
        let batch = core.settings.replay.batch;
        let due = now.saturating_sub(self.delay);
        self.sent = Sent::default();
        for _ in 0..MAX_STEPS {
            let Some(span) = &self.span else { return self.finish(Next::Over) };
            let Some(event) = span.tape.events.get(self.place.index).copied() else {
                let date = span.date;
                self.turn_page(core, date, is_max);
                continue;
            };
            let event_time = event.time + span.shift;
            if !is_max && event_time > due {
                return self.finish(Next::Wait(event_time.saturating_add(self.delay)));
            }
            let channels = Channel::of(event.kind);
            let listing = usize::from(event.listing);
            while let Some(channel) = channels.get(self.place.channel).copied() {
                let followers = &self.wanted[channel.index()][listing];
                let from = followers.partition_point(|one| *one < self.place.instrument);
                for index in &followers[from..] {
                    if self.sent.messages() >= batch as u64 {
                        self.place.instrument = *index;
                        return self.finish(Next::Again);
                    }
                    let instrument = &core.instruments.list()[*index as usize];
                    let Some((_, scale)) = instrument.tape else { continue };
                    let cluster = self.cluster;
                    let newer = core.settings.streams.decimal_sizes;
                    let message = Message {
                        cluster,
                        channel,
                        instrument,
                        listing,
                        scale,
                        span,
                        event,
                        newer,
                    };
                    self.frame.push(if self.frame.is_empty() { b'[' } else { b',' });
                    if message.write(&mut self.frame) {
                        self.sent.count(channel);
                        self.sent.reached = event_time;
                    } else {
                        self.frame.pop();
                    }
                }
                self.place = Place { channel: self.place.channel + 1, instrument: 0, ..self.place };
            }
            self.place = Place { index: self.place.index + 1, ..Place::default() };
        }
        self.finish(Next::Again)
    }

    /// The frame so far, or `otherwise` if there is nothing in it.
    fn finish(&mut self, otherwise: Next) -> Next {
        if self.frame.is_empty() {
            return otherwise;
        }
        let room = self.frame.capacity().max(16 * MESSAGE);
        let mut frame = std::mem::replace(&mut self.frame, Vec::with_capacity(room));
        frame.push(b']');
        let lap = self.span.as_ref().map_or(0, |span| span.lap);
        let mut sent = Sent { frames: 1, bytes: frame.len() as u64, ..self.sent };
        sent.laps = lap;
        Next::Send(frame, sent)
    }

    /// At full speed only the laps are played; else every date that has something.
    fn turn_page(&mut self, core: &Core, date: Date, is_max: bool) {
        let timeline = &core.timeline;
        let next = if is_max { timeline.next_lap(date) } else { timeline.next(date) };
        self.span = next.and_then(|date| timeline.span(date));
        self.place = Place::default();
    }
}
