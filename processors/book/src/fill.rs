//! Booking fills, their corrections and their withdrawals.

use component::{Bad, OrBad};
use model::{Decimal, Fill, FillKind, Side};

use crate::exact;
use crate::lot::Change;
use crate::state::{MAX_STEPS, State, Touched, short_id};

/// Books a fill that was not booked before.
pub(crate) fn book(state: &mut State, fill: &Fill, touched: &mut Touched) -> Result<(), Bad> {
    if fill.execution_id.is_empty() {
        return Err(Bad::new("execution_id", "a fill without an id cannot be booked once"));
    }
    let id = short_id(&["fill", &fill.execution_id]);
    if state.seen.contains(&id) {
        return Ok(());
    }
    match fill.kind {
        FillKind::New => book_new(state, fill, id)?,
        FillKind::Correction => amend(state, fill, id, trade(fill)?)?,
        FillKind::Bust => amend(state, fill, id, Change::Nothing)?,
    }
    state.is_new(id);
    state.has_fills = true;
    touched.instruments.insert(fill.instrument.clone());
    touched.currencies.insert(fill.currency.clone());
    touched.execution_id = Some(fill.execution_id.clone());
    Ok(())
}

fn trade(fill: &Fill) -> Result<Change, Bad> {
    if fill.quantity.is_sign_negative() || fill.quantity.is_zero() {
        return Err(Bad::new("quantity", format!("cannot book a fill of {}", fill.quantity)));
    }
    let quantity = match fill.side {
        Side::Buy => fill.quantity,
        Side::Sell => -fill.quantity,
    };
    let commission = fill.commission.unwrap_or(Decimal::ZERO);
    Ok(Change::Trade { quantity, price: fill.price, commission })
}

fn book_new(state: &mut State, fill: &Fill, id: u64) -> Result<(), Bad> {
    let change = trade(fill)?;
    // A fill is booked whole or not at all: all that can be refused comes first.
    let mut purse = state.purse(&fill.currency)?;
    purse.book(change.cash()?)?;
    state.push(&fill.instrument, &fill.currency, id, change)?;
    let own_position = state.own_position(&fill.instrument, &fill.currency)?;
    own_position.fill_count += 1;
    state.cash.insert(fill.currency.clone(), purse);
    Ok(())
}

/// Goes back to the fill that is corrected or withdrawn and books again from there.
fn amend(state: &mut State, fill: &Fill, id: u64, change: Change) -> Result<(), Bad> {
    let corrects = fill.corrects.as_ref().or_bad("corrects")?;
    let target = short_id(&["fill", corrects]);
    let mut next = state.clone();
    let own_position = next.own_position(&fill.instrument, &fill.currency)?;
    if !own_position.has(target) {
        let reason = format!(
            "execution {corrects:?} is not among the last {MAX_STEPS} of the account in {}",
            fill.instrument
        );
        return Err(Bad::new("corrects", reason));
    }
    let old = own_position.replace(target, Some(id), change)?;
    own_position.fill_count += i64::from(change != Change::Nothing);
    own_position.fill_count -= i64::from(old != Change::Nothing);
    let moved = exact::subtract("price", change.cash()?, old.cash()?)?;
    let mut purse = next.purse(&fill.currency)?;
    purse.book(moved)?;
    next.cash.insert(fill.currency.clone(), purse);
    *state = next;
    Ok(())
}
