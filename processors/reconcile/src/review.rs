//! The life of a break: a difference appears, outlasts the grace period, changes, ages, goes.

use component::Out;
use model::{Break, BreakStatus, BreakSubject, Decimal, EventId, InstrumentId, Text, Timestamp};

use crate::explain::Difference;
use crate::moves::Move;
use crate::settings::Settings;
use crate::splits::Splits;
use crate::state::{Item, Standing, State, Verdict};

const SECOND: i64 = 1_000_000_000;

/// What is compared.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Position(InstrumentId),
    Cash(Text),
}

impl Subject {
    fn kind(&self) -> BreakSubject {
        match self {
            Self::Position(_) => BreakSubject::Position,
            Self::Cash(_) => BreakSubject::Cash,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Position(instrument) => instrument.as_str(),
            Self::Cash(currency) => currency,
        }
    }

    fn item<'a>(&self, state: &'a mut State) -> Option<&'a mut Item> {
        match self {
            Self::Position(instrument) => state.positions.get_mut(instrument),
            Self::Cash(currency) => state.cash.get_mut(currency),
        }
    }

    fn moved(&self, moved: &Move) -> Option<Decimal> {
        match self {
            Self::Position(instrument) => {
                (moved.instrument == *instrument).then_some(moved.quantity)
            }
            Self::Cash(currency) => (moved.currency == *currency).then_some(moved.cash),
        }
    }
}

/// Compares both sides after one of them has spoken.
pub(crate) fn compare(
    state: &mut State,
    subject: &Subject,
    settings: &Settings,
    splits: &Splits,
    out: &mut Out,
) {
    let now = state.now;
    let tolerance = match subject {
        Subject::Position(_) => settings.quantity_tolerance,
        Subject::Cash(_) => settings.cash_tolerance,
    };
    let Some(item) = subject.item(state).cloned() else { return };
    let amount = item.difference().unwrap_or(Decimal::MAX);
    if amount.abs() <= tolerance {
        close(state, subject, out);
        return;
    }
    let difference = Difference {
        item: &item,
        amount,
        tolerance,
        instrument: match subject {
            Subject::Position(instrument) => Some(instrument),
            Subject::Cash(_) => None,
        },
        moves: &state.moves,
        splits,
        timing_from: now.plus_nanos(-i64::from(settings.timing_secs) * SECOND),
        is_about: &|moved| subject.moved(moved),
    };
    let (mut verdict, oldest_late) = difference.explain();
    let was_explained =
        item.standing.as_ref().is_some_and(|standing| standing.verdict.explanation.is_some());
    if verdict.explanation.is_some() && !was_explained && !state.may_explain() {
        verdict.explanation = None;
    }
    let mut standing = item.standing.clone().unwrap_or_else(|| Standing {
        since: now,
        verdict: verdict.clone(),
        published: None,
    });
    // While trading goes on, some execution is always on its way: what counts is how long the
    // oldest of them has been.
    if let (None, Some(oldest)) = (&standing.published, oldest_late) {
        standing.since = standing.since.max(oldest);
    }
    standing.verdict = verdict;
    if let Some(item) = subject.item(state) {
        item.standing = Some(standing);
    }
    age(state, subject, settings, out);
}

/// Publishes what is new about a difference: that it is a break, what it is, how old it is.
pub(crate) fn age(state: &mut State, subject: &Subject, settings: &Settings, out: &mut Out) {
    let now = state.now;
    // Before both sides have spoken nothing is known to be missing.
    let Some(both_since) = state.both_since() else { return };
    let account = state.account.clone();
    let Some(item) = subject.item(state) else { return };
    let Some(standing) = &mut item.standing else { return };
    let from = standing.since.max(both_since);
    let is_break = now.since(from) >= i64::from(settings.grace_secs) * SECOND;
    if standing.published.is_none() && !is_break {
        return;
    }
    let bucket = settings.bucket(age_secs(standing.since, now));
    let latest = Some(standing.verdict.fingerprint(bucket));
    if standing.published == latest {
        return;
    }
    standing.published = latest;
    let (verdict, since) = (standing.verdict.clone(), standing.since);
    let found = publish(out, &account, subject, item, verdict, since, now);
    out.emit(found);
}

fn close(state: &mut State, subject: &Subject, out: &mut Out) {
    let (now, account) = (state.now, state.account.clone());
    let Some(item) = subject.item(state) else { return };
    if let Some(Standing { since, published: Some(_), verdict }) = item.standing.take() {
        let (difference, status) = (Decimal::ZERO, BreakStatus::Closed);
        let verdict = Verdict { difference, status, ..verdict };
        let found = publish(out, &account, subject, item, verdict, since, now);
        out.emit(found);
    }
    if item.is_empty() {
        match subject {
            Subject::Position(instrument) => state.positions.remove(instrument),
            Subject::Cash(currency) => state.cash.remove(currency),
        };
    }
}

fn publish(
    out: &mut Out,
    account: &Text,
    subject: &Subject,
    item: &Item,
    verdict: Verdict,
    since: Timestamp,
    now: Timestamp,
) -> Break {
    let (instrument, currency) = match subject {
        Subject::Position(instrument) => (Some(instrument.clone()), None),
        Subject::Cash(currency) => (None, Some(currency.clone())),
    };
    let id = EventId::of(&["break", account, subject.kind().as_str(), subject.name()]);
    Break {
        head: out.head(),
        break_id: id.to_string().into(),
        account: account.clone(),
        subject: subject.kind(),
        kind: verdict.kind,
        status: verdict.status,
        instrument,
        currency,
        ours: item.ours.map(|figure| figure.value),
        theirs: item.theirs.map(|figure| figure.value),
        difference: verdict.difference,
        first_seen_time: since,
        age_secs: age_secs(since, now),
        explanation: verdict.explanation,
    }
}

fn age_secs(since: Timestamp, now: Timestamp) -> i64 {
    now.since(since).max(0) / SECOND
}
