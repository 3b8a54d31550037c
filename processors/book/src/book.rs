//! The processor.

use std::collections::BTreeMap;

use component::{Bad, Out, Processor, Result};
use model::{Event, Text, Timestamp};

use crate::state::{State, Touched};
use crate::{Settings, activity, fill, opening};

/// Folds fills and activities into positions and cash.
#[derive(Clone, Debug)]
pub struct Book {
    settings: Settings,
    /// When the books of an account begin, where the settings say so.
    from: BTreeMap<String, Timestamp>,
}

impl Processor for Book {
    const NAME: &'static str = "book";
    const INPUTS: &'static [&'static str] =
        &["orders.fills", "accounts.activities", "accounts.balances", "accounts.positions"];
    type Settings = Settings;
    type State = State;
    type Global = ();

    fn new(settings: Settings) -> Result<Self> {
        let mut from = BTreeMap::new();
        for account in settings.opening.keys() {
            if let Some(time) = settings.from(account)? {
                from.insert(account.clone(), time);
            }
        }
        Ok(Self { settings, from })
    }

    fn key(&self, event: &Event) -> Option<Text> {
        match event {
            Event::Fill(event) => Some(event.account.clone()),
            Event::Activity(event) => Some(event.account.clone()),
            Event::Balance(event) => Some(event.account.clone()),
            Event::Position(event) => Some(event.account.clone()),
            _ => None,
        }
    }

    fn apply(&self, state: &mut State, _: &(), event: &Event, out: &mut Out) -> Result<(), Bad> {
        let Some(account) = self.key(event) else { return Ok(()) };
        let mut touched = Touched::default();
        let is_first = !state.is_opened;
        let result = self.book(state, &account, event, &mut touched);
        if result.is_err() && is_first {
            // The opening must be published with the event that brings it.
            *state = State::default();
        }
        result?;
        touched.publish(state, &account, out);
        Ok(())
    }
}

impl Book {
    fn book(
        &self,
        state: &mut State,
        account: &Text,
        event: &Event,
        touched: &mut Touched,
    ) -> Result<(), Bad> {
        opening::open(state, self.settings.opening.get(account.as_str()), touched)?;
        match event {
            Event::Fill(event) if self.is_in_time(account, event.head.event_time) => {
                fill::book(state, event, touched)
            }
            Event::Activity(event) if self.is_in_time(account, event.head.event_time) => {
                activity::book(state, &self.settings, event, touched)
            }
            Event::Balance(event) => opening::adopt_cash(state, &self.settings, event, touched),
            Event::Position(event) => {
                opening::adopt_position(state, &self.settings, event, touched)
            }
            _ => Ok(()),
        }
    }

    fn is_in_time(&self, account: &str, time: Timestamp) -> bool {
        self.from.get(account).is_none_or(|from| time >= *from)
    }
}
