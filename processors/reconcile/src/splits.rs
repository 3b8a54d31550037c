//! Splits that are taking effect, from the reference data that every instance sees whole.

use std::collections::HashMap;

use model::{CorporateAction, CorporateActionKind, Date, Decimal, InstrumentId};

/// How long before and after its day a split may be applied on one side only.
const ACTIVE_DAYS: i32 = 10;

/// Splits remembered for one instrument; two within ten days are already unheard of.
const MAX_SPLITS: usize = 4;

/// Instruments whose splits are remembered; fewer than these split in ten years.
const MAX_INSTRUMENTS: usize = 50_000;

/// The latest splits of every instrument.
#[derive(Debug, Default)]
pub struct Splits {
    by_instrument: HashMap<InstrumentId, Vec<Split>>,
}

/// A split: `new` units for each `old`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Split {
    pub(crate) new: Decimal,
    pub(crate) old: Decimal,
    pub(crate) date: Date,
}

impl Splits {
    pub(crate) fn note(&mut self, action: &CorporateAction) {
        let is_split = matches!(
            action.kind,
            CorporateActionKind::ForwardSplit | CorporateActionKind::ReverseSplit
        );
        let date = action.ex_date.or(action.effective_date).or(action.process_date);
        let (Some(new), Some(old), Some(date)) = (action.new_rate, action.old_rate, date) else {
            return;
        };
        let is_known = self.by_instrument.contains_key(&action.instrument);
        let is_full = self.by_instrument.len() >= MAX_INSTRUMENTS && !is_known;
        if !is_split || is_full || new <= Decimal::ZERO || old <= Decimal::ZERO {
            return;
        }
        let splits = self.by_instrument.entry(action.instrument.clone()).or_default();
        splits.retain(|known| known.date != date);
        splits.push(Split { new, old, date });
        splits.sort_by_key(|split| split.date);
        if splits.len() > MAX_SPLITS {
            splits.remove(0);
        }
    }

    /// Splits of an instrument that may be taking effect on a day.
    pub(crate) fn active(
        &self,
        instrument: &InstrumentId,
        day: Date,
    ) -> impl Iterator<Item = &Split> {
        let splits = self.by_instrument.get(instrument).map_or(&[][..], Vec::as_slice);
        splits.iter().filter(move |split| (split.date.0 - day.0).abs() <= ACTIVE_DAYS)
    }
}
