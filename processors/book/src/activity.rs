//! Booking dividends, interest, fees, deposits, splits: every movement that is not a fill.

use component::Bad;
use model::{Activity, Decimal};

use crate::lot::Change;
use crate::settings::Settings;
use crate::state::{Booked, Effect, MAX_ACTIVITIES, State, Touched, short_id};

/// Books an activity, or the difference to what was booked under the same id.
pub(crate) fn book(
    state: &mut State,
    settings: &Settings,
    activity: &Activity,
    touched: &mut Touched,
) -> Result<(), Bad> {
    if is_any_of(&activity.kind, &settings.trade_kinds) {
        return Ok(());
    }
    let id = short_id(&["activity", &activity.activity_id]);
    let status = activity.status.as_deref().unwrap_or_default().to_ascii_lowercase();
    let is_canceled = matches!(status.as_str(), "canceled" | "cancelled");
    let known = state.activities.iter().position(|booked| booked.id == id);
    if known.is_none() && state.seen.contains(&id) {
        if is_canceled || status == "correct" {
            let reason = format!("{} is not among the last {MAX_ACTIVITIES}", activity.activity_id);
            return Err(Bad::new("activity_id", reason));
        }
        return Ok(());
    }
    let effect = if is_canceled { Effect::default() } else { effect(settings, activity) };
    let mut next = state.clone();
    if let Some(known) = known {
        let booked = &mut next.activities[known];
        // A cancellation is final; what comes after it is late.
        if booked.is_canceled || booked.effect == effect {
            return Ok(());
        }
        booked.is_canceled = is_canceled;
        let old = std::mem::replace(&mut booked.effect, effect.clone());
        carry_out(&mut next, &undoing(old), id, touched)?;
    } else {
        next.is_new(id);
        next.activities.push_back(Booked { id, effect: effect.clone(), is_canceled });
        if next.activities.len() > MAX_ACTIVITIES {
            next.activities.pop_front();
        }
    }
    carry_out(&mut next, &effect, id, touched)?;
    *state = next;
    Ok(())
}

fn effect(settings: &Settings, activity: &Activity) -> Effect {
    let amount = activity.net_amount.unwrap_or_default();
    // A dividend names the units that it is paid on; they do not move.
    let moves_units = (amount.is_zero() && activity.per_unit_amount.is_none())
        || is_any_of(&activity.kind, &settings.unit_kinds);
    let units = match (&activity.instrument, activity.quantity) {
        (Some(instrument), Some(quantity)) if moves_units && !quantity.is_zero() => {
            Some((instrument.clone(), quantity))
        }
        _ => None,
    };
    Effect { amount, currency: activity.currency.clone(), units }
}

/// The money goes back; the units are set to none.
fn undoing(old: Effect) -> Effect {
    let units = old.units.map(|(instrument, _)| (instrument, Decimal::ZERO));
    Effect { amount: -old.amount, currency: old.currency, units }
}

fn carry_out(
    state: &mut State,
    effect: &Effect,
    id: u64,
    touched: &mut Touched,
) -> Result<(), Bad> {
    if !effect.amount.is_zero() {
        let mut purse = state.purse(&effect.currency)?;
        purse.book(effect.amount)?;
        state.cash.insert(effect.currency.clone(), purse);
        touched.currencies.insert(effect.currency.clone());
    }
    let Some((instrument, quantity)) = &effect.units else { return Ok(()) };
    let own_position = state.own_position(instrument, &effect.currency)?;
    if own_position.has(id) {
        own_position.replace(id, None, Change::Units(*quantity))?;
    } else if quantity.is_zero() {
        let reason = format!("what it did to {instrument} is too old to be undone");
        return Err(Bad::new("activity_id", reason));
    } else {
        state.push(instrument, &effect.currency, id, Change::Units(*quantity))?;
    }
    touched.instruments.insert(instrument.clone());
    Ok(())
}

fn is_any_of(kind: &str, kinds: &[String]) -> bool {
    kinds.iter().any(|known| known.eq_ignore_ascii_case(kind))
}
