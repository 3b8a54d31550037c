//! What a record says to an auditor.

use std::collections::BTreeMap;
use std::fmt::Display;

use model::{
    ApprovedOrder, CommandKind, Delivery, Event, Note, OrderEvent, OrderRequest, Timestamp,
};

/// Bytes kept of one detail. An entry has a score of them at most, and 64 KiB in all.
const MAX_DETAIL_BYTES: usize = 2 << 10;

/// What a record says to an auditor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When it happened by our own clock.
    pub time: Timestamp,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub subject: String,
    /// What else is worth knowing.
    pub details: BTreeMap<String, String>,
}

/// Nothing, of a record that is no auditor's business.
pub fn said(event: &Event) -> Option<Said> {
    let head = event.head();
    let said = |action: String, subject: &str, details: Details| Said {
        time: head.received_time,
        actor: short(&head.source),
        action,
        subject: short(subject),
        details: details.0,
    };
    let words = match event {
        Event::OrderRequest(asked) => {
            let action = format!("order.requested.{}", asked.action.as_str());
            said(action, &asked.order_id, request(asked))
        }
        Event::ApprovedOrder(order) => {
            said("order.routed".to_owned(), &order.order_id, approved(order))
        }
        Event::OrderEvent(happened) => {
            let action = format!("order.{}", happened.kind.as_str());
            said(action, &happened.order_id, reported(happened))
        }
        Event::Delivery(entry) => {
            let action = format!("delivery.{}", entry.status.as_str());
            let entry_said = said(action, &entry.order_id, delivered(entry));
            Said { actor: short(&entry.component), ..entry_said }
        }
        Event::Command(command) => {
            let action = match command.kind {
                CommandKind::Halt => "orders.halted",
                CommandKind::Resume => "orders.resumed",
            };
            let details = Details::default().maybe("reason", command.reason.as_ref());
            let command_said = said(action.to_owned(), &command.scope, details);
            Said { actor: short(&command.actor), ..command_said }
        }
        Event::Silence(silence) => {
            let details = Details::default()
                .with("until", time(silence.until))
                .maybe("reason", silence.reason.as_ref());
            let silence_said = said("alerts.silenced".to_owned(), &silence.pattern, details);
            Said { actor: short(&silence.actor), ..silence_said }
        }
        Event::Note(note) => noted(note),
        _ => return None,
    };
    Some(words)
}

fn noted(note: &Note) -> Said {
    let details = note.details.iter().map(|(name, value)| (short(name), short(value)));
    Said {
        time: note.head.received_time,
        actor: short(&note.actor),
        action: short(&note.action),
        subject: short(&note.subject),
        details: details.collect(),
    }
}

fn request(asked: &OrderRequest) -> Details {
    Details::default()
        .with("request_id", &asked.request_id)
        .with("account", &asked.account)
        .maybe("instrument", asked.instrument.as_ref())
        .maybe("side", asked.side.map(|side| side.as_str()))
        .maybe("order_type", asked.order_type.map(|kind| kind.as_str()))
        .maybe("quantity", asked.quantity)
        .maybe("notional", asked.notional)
        .maybe("limit_price", asked.limit_price)
        .maybe("stop_price", asked.stop_price)
}

fn approved(order: &ApprovedOrder) -> Details {
    Details::default()
        .with("request_id", &order.request.request_id)
        .with("account", &order.account)
        .with("system", &order.system)
        .with("broker_account", &order.broker_account)
        .with("checks", order.checks.join(", "))
        .maybe("reference_price", order.reference_price)
}

fn reported(happened: &OrderEvent) -> Details {
    Details::default()
        .with("account", &happened.account)
        .with("system", &happened.system)
        .maybe("request_id", happened.request_id.as_ref())
        .maybe("broker_order_id", happened.broker_order_id.as_ref())
        .maybe("instrument", happened.instrument.as_ref())
        .maybe("filled_quantity", happened.filled_quantity)
        .maybe("average_price", happened.average_price)
        .maybe("last_quantity", happened.last_quantity)
        .maybe("last_price", happened.last_price)
        .maybe("reason", happened.reason.as_ref())
}

fn delivered(entry: &Delivery) -> Details {
    Details::default()
        .with("request_id", &entry.request_id)
        .with("action", entry.order.request.action.as_str())
        .with("attempt", entry.attempt)
        .maybe("broker_order_id", entry.broker_order_id.as_ref())
        .maybe("reason", entry.reason.as_ref())
}

#[derive(Default)]
struct Details(BTreeMap<String, String>);

impl Details {
    fn with(mut self, name: &str, value: impl Display) -> Self {
        self.0.insert(name.to_owned(), short(&value.to_string()));
        self
    }

    fn maybe(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

fn time(time: Timestamp) -> String {
    let mut text = Vec::new();
    time.write_rfc3339(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn short(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_DETAIL_BYTES)].to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use model::{Command, EventId, Head, OrderAction, OrderClass, Quote};

    use super::*;

    fn head() -> Head {
        let received_time = Timestamp::from_secs(9);
        let head = Head::new(EventId::of(&["a"]), Timestamp::from_secs(8));
        Head { source: "approve".into(), received_time, ..head }
    }

    #[test]
    fn what_was_asked_and_what_became_of_it_is_said() {
        let asked = OrderRequest {
            order_id: "o-1".into(),
            request_id: "r-1".into(),
            quantity: Some("1.50".parse().unwrap()),
            ..OrderRequest::blank(head(), OrderAction::Place, OrderClass::Simple)
        };
        let entry = said(&asked.into()).unwrap();
        assert_eq!((entry.actor.as_str(), entry.subject.as_str()), ("approve", "o-1"));
        assert!(entry.action.starts_with("order.requested."), "{entry:?}");
        assert_eq!(entry.details["quantity"], "1.50");
        assert_eq!(entry.time, Timestamp::from_secs(9));

        let command = Command {
            head: head(),
            scope: "all".into(),
            kind: CommandKind::Halt,
            actor: "desk".into(),
            reason: Some("ö".repeat(4_000).into()),
        };
        let entry = said(&command.into()).unwrap();
        assert_eq!((entry.actor.as_str(), entry.action.as_str()), ("desk", "orders.halted"));
        assert!(entry.details["reason"].len() <= MAX_DETAIL_BYTES);
        assert_eq!(said(&Quote::blank(head()).into()), None);
    }
}
