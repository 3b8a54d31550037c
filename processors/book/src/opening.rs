//! What an account held before the first fill.

use component::Bad;
use model::{Balance, Decimal, Position, Text, Timestamp};

use crate::exact;
use crate::settings::{Opening, Settings};
use crate::state::{State, Touched};

/// Books the opening of the settings, once.
pub(crate) fn open(
    state: &mut State,
    opening: Option<&Opening>,
    touched: &mut Touched,
) -> Result<(), Bad> {
    if std::mem::replace(&mut state.is_opened, true) {
        return Ok(());
    }
    let Some(opening) = opening else { return Ok(()) };
    for (instrument, position) in &opening.positions {
        let instrument = instrument.as_str().into();
        let cost = exact::money(position.quantity, position.average_price)?;
        let currency = Text::from(&position.currency);
        state.own_position(&instrument, &currency)?.adopt(position.quantity, cost)?;
        touched.instruments.insert(instrument);
    }
    for (currency, cash) in &opening.cash {
        let currency = Text::from(currency);
        let mut purse = state.purse(&currency)?;
        purse.adopt(*cash)?;
        state.cash.insert(currency.clone(), purse);
        touched.currencies.insert(currency);
    }
    Ok(())
}

/// Whether the broker's figures that arrived at this time open the books.
fn may_adopt(state: &mut State, settings: &Settings, account: &str, received: Timestamp) -> bool {
    let first = *state.first_report_time.get_or_insert(received);
    let window = i64::from(settings.adopt_secs) * 1_000_000_000;
    !settings.opening.contains_key(account)
        && !state.has_fills
        && settings.adopt_secs > 0
        && received.since(first) <= window
}

/// Takes the broker's cash as the opening, where there is none.
pub(crate) fn adopt_cash(
    state: &mut State,
    settings: &Settings,
    balance: &Balance,
    touched: &mut Touched,
) -> Result<(), Bad> {
    if !may_adopt(state, settings, &balance.account, balance.head.received_time) {
        return Ok(());
    }
    let mut purse = state.purse(&balance.currency)?;
    if !purse.is_opened {
        purse.adopt(balance.cash)?;
        state.cash.insert(balance.currency.clone(), purse);
        touched.currencies.insert(balance.currency.clone());
    }
    Ok(())
}

/// Takes the broker's position as the opening, where there is none.
pub(crate) fn adopt_position(
    state: &mut State,
    settings: &Settings,
    position: &Position,
    touched: &mut Touched,
) -> Result<(), Bad> {
    if !may_adopt(state, settings, &position.account, position.head.received_time) {
        return Ok(());
    }
    if position.quantity.is_zero() && !state.positions.contains_key(&position.instrument) {
        return Ok(());
    }
    let cost = match (position.cost_basis, position.average_price) {
        (Some(cost), _) => cost,
        (None, Some(price)) => exact::money(position.quantity, price)?,
        (None, None) => Decimal::ZERO,
    };
    let mut next = state.clone();
    let own_position = next.own_position(&position.instrument, &position.currency)?;
    if !own_position.is_opened {
        // Some brokers write the cost of a short position without its sign.
        let is_short = position.quantity.is_sign_negative();
        own_position.adopt(position.quantity, if is_short { -cost.abs() } else { cost })?;
        *state = next;
        touched.instruments.insert(position.instrument.clone());
    }
    Ok(())
}
