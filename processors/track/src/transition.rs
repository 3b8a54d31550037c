//! The transition table: what each event does to an order in each status.
//!
//! Events reach us late, twice and out of order, so the table tells three things apart: an event
//! that moves the order, one that merely comes late, and one that contradicts what is known.

use model::{OrderEventKind as Kind, OrderStatus as Status};

/// What an event does to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The order is now in this status.
    To(Status),
    /// The event is late or changes no status; its figures still count.
    Stay,
    /// A request on the order is settled: it is again what it was before the request.
    Back,
    /// The day is over: a day order expires, any other stays.
    EndOfDay,
    /// It cannot have happened: the status stays and the contradiction is reported.
    Illegal,
}

/// Whether nothing more can happen to an order in this status.
pub fn is_terminal(status: Status) -> bool {
    match status {
        Status::Denied
        | Status::NotSent
        | Status::Filled
        | Status::Canceled
        | Status::Expired
        | Status::Rejected => true,
        Status::Approved
        | Status::Submitted
        | Status::Unknown
        | Status::PendingNew
        | Status::Accepted
        | Status::New
        | Status::Held
        | Status::PartiallyFilled
        | Status::PendingCancel
        | Status::PendingReplace
        | Status::Suspended => false,
    }
}

/// How a status stands to the broker. The events of one kind mostly treat a phase alike.
enum Phase {
    /// Nothing has been heard of the order.
    Unheard,
    /// It ended before the broker was involved.
    Withheld,
    /// We act; the broker has not spoken.
    Leaving,
    /// The broker has it and nothing is filled; the number grows as it comes nearer the market.
    Waiting(u8),
    /// Partly filled.
    Partial,
    /// The broker is deciding on a request, or holds the order back.
    Paused,
    /// It ended at the broker.
    Ended,
}

fn phase(status: Option<Status>) -> Phase {
    let Some(status) = status else { return Phase::Unheard };
    match status {
        Status::Denied | Status::NotSent => Phase::Withheld,
        Status::Approved | Status::Submitted | Status::Unknown => Phase::Leaving,
        Status::PendingNew => Phase::Waiting(1),
        Status::Accepted => Phase::Waiting(2),
        Status::Held => Phase::Waiting(3),
        Status::New => Phase::Waiting(4),
        Status::PartiallyFilled => Phase::Partial,
        Status::PendingCancel | Status::PendingReplace | Status::Suspended => Phase::Paused,
        Status::Filled | Status::Canceled | Status::Expired | Status::Rejected => Phase::Ended,
    }
}

/// What an event does to an order in a status; `None` is an order not heard of before.
pub fn next(from: Option<Status>, kind: Kind) -> Move {
    match kind {
        Kind::Approved => approved(from),
        Kind::Denied => denied(from),
        Kind::Submitted => submitted(from),
        Kind::NotSent => not_sent(from),
        Kind::OutcomeUnknown => outcome_unknown(from),
        Kind::PendingNew => nearer(from, Status::PendingNew, 1),
        Kind::Accepted => nearer(from, Status::Accepted, 2),
        Kind::Held => nearer(from, Status::Held, 3),
        // A stopped order has a guaranteed trade still to come: it is working.
        Kind::New | Kind::Stopped => nearer(from, Status::New, 4),
        Kind::PartiallyFilled => partially_filled(from),
        Kind::Filled => filled(from),
        Kind::Canceled => over(from, Status::Canceled),
        Kind::Expired => over(from, Status::Expired),
        Kind::DoneForDay => done_for_day(from),
        Kind::Rejected => rejected(from),
        Kind::Replaced => replaced(from),
        Kind::PendingCancel => paused(from, Status::PendingCancel),
        Kind::PendingReplace => paused(from, Status::PendingReplace),
        Kind::Suspended => paused(from, Status::Suspended),
        Kind::CancelRejected => refused(from, Status::PendingCancel),
        Kind::ReplaceRejected => refused(from, Status::PendingReplace),
        Kind::Calculated | Kind::Restated => noted(from),
    }
}

fn approved(from: Option<Status>) -> Move {
    match phase(from) {
        Phase::Unheard => Move::To(Status::Approved),
        Phase::Withheld => Move::Illegal,
        Phase::Leaving | Phase::Waiting(_) | Phase::Partial | Phase::Paused | Phase::Ended => {
            Move::Stay
        }
    }
}

fn denied(from: Option<Status>) -> Move {
    match from {
        None => Move::To(Status::Denied),
        Some(Status::Denied) => Move::Stay,
        Some(_) => Move::Illegal,
    }
}

fn submitted(from: Option<Status>) -> Move {
    match phase(from) {
        Phase::Unheard | Phase::Leaving => Move::To(Status::Submitted),
        Phase::Withheld => Move::Illegal,
        // The broker's own stream was faster than our note that the request had arrived.
        Phase::Waiting(_) | Phase::Partial | Phase::Paused | Phase::Ended => Move::Stay,
    }
}

fn not_sent(from: Option<Status>) -> Move {
    match from {
        // From unknown: the broker was asked and has never seen the order.
        None | Some(Status::Approved | Status::Unknown) => Move::To(Status::NotSent),
        Some(Status::NotSent) => Move::Stay,
        Some(_) => Move::Illegal,
    }
}

fn outcome_unknown(from: Option<Status>) -> Move {
    match from {
        None | Some(Status::Approved) => Move::To(Status::Unknown),
        Some(Status::Denied | Status::NotSent) => Move::Illegal,
        // Whoever has spoken since knows better.
        Some(_) => Move::Stay,
    }
}

fn nearer(from: Option<Status>, to: Status, rank: u8) -> Move {
    match phase(from) {
        Phase::Unheard | Phase::Leaving => Move::To(to),
        Phase::Waiting(reached) if rank > reached => Move::To(to),
        Phase::Waiting(_) | Phase::Partial => Move::Stay,
        Phase::Withheld => Move::Illegal,
        Phase::Paused if from == Some(Status::Suspended) && to == Status::New => Move::To(to),
        Phase::Paused => Move::Stay,
        // Rejected and yet working: we would believe a live order dead.
        Phase::Ended if from == Some(Status::Rejected) && rank > 2 => Move::Illegal,
        Phase::Ended => Move::Stay,
    }
}

fn partially_filled(from: Option<Status>) -> Move {
    match phase(from) {
        Phase::Unheard | Phase::Leaving | Phase::Waiting(_) => Move::To(Status::PartiallyFilled),
        Phase::Partial => Move::Stay,
        Phase::Paused if from == Some(Status::Suspended) => Move::To(Status::PartiallyFilled),
        // The cancel or replace is still being decided; fills go on meanwhile.
        Phase::Paused => Move::Stay,
        Phase::Withheld => Move::Illegal,
        Phase::Ended if from == Some(Status::Rejected) => Move::Illegal,
        // It was filled before the end and reported after it.
        Phase::Ended => Move::Stay,
    }
}

fn filled(from: Option<Status>) -> Move {
    match phase(from) {
        // A fill may win the race against a cancel.
        Phase::Unheard | Phase::Leaving | Phase::Waiting(_) | Phase::Partial | Phase::Paused => {
            Move::To(Status::Filled)
        }
        Phase::Withheld => Move::Illegal,
        Phase::Ended if from == Some(Status::Filled) => Move::Stay,
        Phase::Ended => Move::Illegal,
    }
}

fn over(from: Option<Status>, to: Status) -> Move {
    match phase(from) {
        Phase::Unheard | Phase::Leaving | Phase::Waiting(_) | Phase::Partial | Phase::Paused => {
            Move::To(to)
        }
        Phase::Withheld => Move::Illegal,
        // Brokers tidy up at night and call the end of a day order by either name.
        Phase::Ended if matches!(from, Some(Status::Canceled | Status::Expired)) => Move::Stay,
        Phase::Ended => Move::Illegal,
    }
}

fn done_for_day(from: Option<Status>) -> Move {
    match phase(from) {
        Phase::Unheard => Move::To(Status::New),
        Phase::Leaving | Phase::Waiting(_) | Phase::Partial | Phase::Paused => Move::EndOfDay,
        Phase::Withheld => Move::Illegal,
        Phase::Ended => Move::Stay,
    }
}

fn rejected(from: Option<Status>) -> Move {
    match phase(from) {
        Phase::Unheard | Phase::Leaving | Phase::Waiting(_) | Phase::Paused => {
            Move::To(Status::Rejected)
        }
        // What is partly filled was once accepted; its rest can only be canceled.
        Phase::Partial | Phase::Withheld => Move::Illegal,
        Phase::Ended if from == Some(Status::Rejected) => Move::Stay,
        Phase::Ended => Move::Illegal,
    }
}

fn replaced(from: Option<Status>) -> Move {
    match phase(from) {
        Phase::Unheard | Phase::Leaving => Move::To(Status::New),
        Phase::Paused if from == Some(Status::PendingReplace) => Move::Back,
        Phase::Waiting(_) | Phase::Partial | Phase::Paused => Move::Stay,
        Phase::Withheld | Phase::Ended => Move::Illegal,
    }
}

fn paused(from: Option<Status>, to: Status) -> Move {
    match phase(from) {
        Phase::Unheard | Phase::Leaving | Phase::Waiting(_) | Phase::Partial => Move::To(to),
        Phase::Paused if from == Some(Status::PendingReplace) && to == Status::PendingCancel => {
            Move::To(to)
        }
        Phase::Paused if from == Some(Status::Suspended) => Move::To(to),
        Phase::Paused | Phase::Ended => Move::Stay,
        Phase::Withheld => Move::Illegal,
    }
}

fn refused(from: Option<Status>, pending: Status) -> Move {
    match from {
        None => Move::To(Status::New),
        Some(status) if status == pending => Move::Back,
        Some(_) => Move::Stay,
    }
}

fn noted(from: Option<Status>) -> Move {
    match phase(from) {
        Phase::Unheard => Move::To(Status::New),
        Phase::Withheld => Move::Illegal,
        Phase::Leaving | Phase::Waiting(_) | Phase::Partial | Phase::Paused | Phase::Ended => {
            Move::Stay
        }
    }
}
