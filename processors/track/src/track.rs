//! The processor.

use component::{Bad, Out, Processor, Result};
use model::{Check, Event, Finding, OrderEvent, Severity, Text};

use crate::Settings;
use crate::order::{Order, State};

/// Events remembered for one order. A source repeats at most what one reconnect reads again, and
/// what is older changes nothing when it comes again, because reports only ever add up.
const MAX_SEEN: usize = 128;

/// Folds the events of an order into its state.
#[derive(Clone, Debug)]
pub struct Track;

impl Processor for Track {
    const NAME: &'static str = "track";
    const INPUTS: &'static [&'static str] = &["orders.events"];
    type Settings = Settings;
    type State = State;
    type Global = ();

    fn new(_: Settings) -> Result<Self> {
        Ok(Self)
    }

    fn key(&self, event: &Event) -> Option<Text> {
        match event {
            Event::OrderEvent(event) => Some(event.order_id.clone()),
            _ => None,
        }
    }

    fn apply(&self, state: &mut State, _: &(), event: &Event, out: &mut Out) -> Result<(), Bad> {
        let Event::OrderEvent(event) = event else { return Ok(()) };
        if state.seen.contains(&event.head.event_id) {
            return Ok(());
        }
        // A copy, so that an event whose figures are refused leaves no trace.
        let known = state.order.clone();
        if let Some(mut order) = known.or_else(|| Order::first(event)) {
            let before = state.order.as_ref().map(|order| &order.answer);
            if let Some(detail) = order.take(event, before.is_none())? {
                let finding = contradiction(out, event, detail);
                out.emit(finding);
            }
            if before != Some(&order.answer) {
                let head = out.head();
                out.emit(order.publish(head, event));
            }
            state.order = Some(order);
        }
        state.seen.push_back(event.head.event_id);
        if state.seen.len() > MAX_SEEN {
            state.seen.pop_front();
        }
        Ok(())
    }
}

fn contradiction(out: &mut Out, event: &OrderEvent, detail: String) -> Finding {
    Finding {
        head: out.head(),
        instrument: event.order_id.clone().into(),
        check: Check::IllegalTransition,
        severity: Severity::Error,
        subject_id: Some(event.head.event_id.to_string().into()),
        detail: detail.into(),
        value: None,
        threshold: None,
    }
}
