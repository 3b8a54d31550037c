//! The processor.

use component::{Bad, Out, Processor, Result};
use model::{Check, Event, Finding, InstrumentId, OrderEvent, Severity, Text};

use crate::Settings;
use crate::order::{Order, State};

/// Events remembered for one order. A source repeats at most what one reconnect reads again, and
/// what is older changes nothing when it comes again, because reports only ever add up.
const MAX_SEEN: usize = 128;

/// Longest id, name or account; brokers use about forty characters.
const MAX_ID: usize = 256;

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
        check_names(event)?;
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

/// What is kept of an order must stay small, whatever a broker sends.
fn check_names(event: &OrderEvent) -> Result<(), Bad> {
    let instrument = event.instrument.as_ref().map(InstrumentId::as_str);
    let names = [
        ("order_id", Some(event.order_id.as_str())),
        ("account", Some(event.account.as_str())),
        ("system", Some(event.system.as_str())),
        ("broker_account", Some(event.broker_account.as_str())),
        ("request_id", event.request_id.as_deref()),
        ("broker_order_id", event.broker_order_id.as_deref()),
        ("replaced_by", event.replaced_by.as_deref()),
        ("replaces", event.replaces.as_deref()),
        ("instrument", instrument),
    ];
    for (field, name) in names {
        if let Some(name) = name.filter(|name| name.len() > MAX_ID) {
            let reason = format!("has {} characters, at most {MAX_ID}", name.len());
            return Err(Bad::new(field, reason));
        }
    }
    Ok(())
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
