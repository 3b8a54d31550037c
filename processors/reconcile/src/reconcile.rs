//! The processor.

use component::{Bad, Out, Processor, Result};
use model::{BreakKind, Decimal, Event, Head, Text, Timestamp};

use crate::review::{self, Subject};
use crate::settings::Settings;
use crate::splits::Splits;
use crate::state::{Figure, Item, State};

/// Compares our books with the broker's.
#[derive(Clone, Debug)]
pub struct Reconcile {
    settings: Settings,
}

impl Processor for Reconcile {
    const NAME: &'static str = "reconcile";
    const INPUTS: &'static [&'static str] = &[
        "portfolio.positions",
        "portfolio.cash",
        "accounts.positions",
        "accounts.balances",
        "orders.fills",
    ];
    const GLOBALS: &'static [&'static str] = &["reference.corporate_actions"];
    type Settings = Settings;
    type State = State;
    type Global = Splits;

    fn new(settings: Settings) -> Result<Self> {
        settings.check()?;
        Ok(Self { settings })
    }

    fn key(&self, event: &Event) -> Option<Text> {
        match event {
            Event::PortfolioPosition(event) => Some(event.account.clone()),
            Event::PortfolioCash(event) => Some(event.account.clone()),
            Event::Position(event) => Some(event.account.clone()),
            Event::Balance(event) => Some(event.account.clone()),
            Event::Fill(event) => Some(event.account.clone()),
            _ => None,
        }
    }

    fn observe(&self, splits: &mut Splits, event: &Event) {
        if let Event::CorporateAction(action) = event {
            splits.note(action);
        }
    }

    fn apply(
        &self,
        state: &mut State,
        splits: &Splits,
        event: &Event,
        out: &mut Out,
    ) -> Result<(), Bad> {
        let subjects = note(state, event)?;
        if let Some(account) = self.key(event) {
            state.account = account;
        }
        state.now = state.now.max(event.head().received_time);
        for subject in subjects {
            review::compare(state, &subject, &self.settings, splits, out);
        }
        Ok(())
    }

    fn tick(&self, state: &mut State, watermark: Timestamp, out: &mut Out) {
        let subjects = standing(state);
        if subjects.is_empty() {
            return;
        }
        state.now = state.now.max(watermark);
        for (subject, kind) in subjects {
            if kind == BreakKind::Timing {
                // It stops being a matter of time when enough of it has passed. Splits are not
                // at hand here; the next record on the account looks at them again.
                review::compare(state, &subject, &self.settings, &Splits::default(), out);
            } else {
                review::age(state, &subject, &self.settings, out);
            }
        }
    }
}

/// What differs now, and how.
fn standing(state: &State) -> Vec<(Subject, BreakKind)> {
    let kind = |item: &Item| item.standing.as_ref().map(|standing| standing.verdict.kind);
    let positions = state.positions.iter();
    let positions =
        positions.filter_map(|(id, item)| Some((Subject::Position(id.clone()), kind(item)?)));
    let cash = state.cash.iter();
    let cash = cash.filter_map(|(id, item)| Some((Subject::Cash(id.clone()), kind(item)?)));
    positions.chain(cash).collect()
}

/// Takes what one side says and tells what must be compared again.
fn note(state: &mut State, event: &Event) -> Result<Vec<Subject>, Bad> {
    let received = event.head().received_time;
    let subject = match event {
        Event::PortfolioPosition(said) => {
            state.position(&said.instrument)?.ours = figure(&said.head, said.quantity);
            state.ours_since.get_or_insert(received);
            Subject::Position(said.instrument.clone())
        }
        Event::PortfolioCash(said) => {
            state.currency(&said.currency)?.ours = figure(&said.head, said.cash);
            state.ours_since.get_or_insert(received);
            Subject::Cash(said.currency.clone())
        }
        Event::Position(said) => {
            state.position(&said.instrument)?.theirs = figure(&said.head, said.quantity);
            state.theirs_since.get_or_insert(received);
            Subject::Position(said.instrument.clone())
        }
        Event::Balance(said) => {
            state.currency(&said.currency)?.theirs = figure(&said.head, said.cash);
            state.theirs_since.get_or_insert(received);
            Subject::Cash(said.currency.clone())
        }
        Event::Fill(fill) => {
            state.moves.note(fill);
            let position = Subject::Position(fill.instrument.clone());
            return Ok(vec![position, Subject::Cash(fill.currency.clone())]);
        }
        _ => return Ok(vec![]),
    };
    Ok(vec![subject])
}

fn figure(head: &Head, value: Decimal) -> Option<Figure> {
    let (event_time, received_time) = (head.event_time, head.received_time);
    Some(Figure { value, event_time, received_time })
}
