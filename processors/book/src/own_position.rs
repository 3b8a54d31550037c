//! The position in one instrument, with the recent steps that led to it.

use std::collections::VecDeque;

use component::Bad;
use model::{Decimal, Head, InstrumentId, PortfolioPosition, Text};
use serde::{Deserialize, Serialize};

use crate::exact;
use crate::lot::{Change, Lot};

/// Ids that one execution is known by: its own and those of its latest corrections. Venues correct
/// an execution once or twice.
const MAX_IDS: usize = 8;

/// The position in one instrument.
///
/// Average cost depends on the order of the steps, so a fill can only be withdrawn exactly by
/// going back to before it. The latest steps are therefore kept, and `base` is the lot before
/// the first of them; without steps it is the lot now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct OwnPosition {
    pub(crate) now: Lot,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<Lot>,
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    steps: VecDeque<Step>,
    pub(crate) currency: Text,
    pub(crate) fill_count: i64,
    /// Whether the opening was set, by the settings or by the broker.
    pub(crate) is_opened: bool,
}

/// One change with the ids that it is known by: its own and those of its corrections.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Step {
    ids: Vec<u64>,
    change: Change,
}

impl OwnPosition {
    /// Sets what was held before the steps so far, so that the position is now this.
    pub(crate) fn adopt(&mut self, quantity: Decimal, cost: Decimal) -> Result<(), Bad> {
        let moved = exact::subtract("quantity", self.now.quantity, self.base().quantity)?;
        let before = exact::subtract("quantity", quantity, moved)?;
        self.is_opened = true;
        self.refold(Lot { quantity: before, cost, realized_profit: Decimal::ZERO })
    }

    pub(crate) fn has(&self, id: u64) -> bool {
        self.steps.iter().any(|step| step.ids.contains(&id))
    }

    /// Adds a change, with the lot that it leads to.
    pub(crate) fn push(&mut self, id: u64, change: Change, after: Lot) {
        self.base = Some(self.base());
        self.now = after;
        self.steps.push_back(Step { ids: vec![id], change });
    }

    /// Puts another change in the place of the one known as `id` and returns the old one.
    pub(crate) fn replace(
        &mut self,
        id: u64,
        alias: Option<u64>,
        change: Change,
    ) -> Result<Change, Bad> {
        let mut old = Change::Nothing;
        for step in self.steps.iter_mut().filter(|step| step.ids.contains(&id)) {
            old = std::mem::replace(&mut step.change, change);
            step.ids.extend(alias);
            if step.ids.len() > MAX_IDS {
                step.ids.remove(1);
            }
        }
        self.refold(self.base())?;
        Ok(old)
    }

    /// Forgets how the oldest step can be undone.
    pub(crate) fn forget_oldest(&mut self) -> Result<(), Bad> {
        if let Some(step) = self.steps.pop_front() {
            let base = self.base().after(&step.change)?;
            self.base = (!self.steps.is_empty()).then_some(base);
        }
        Ok(())
    }

    pub(crate) fn publish(
        &self,
        head: Head,
        account: &Text,
        instrument: &InstrumentId,
        last_execution_id: Option<Text>,
    ) -> PortfolioPosition {
        PortfolioPosition {
            head,
            account: account.clone(),
            instrument: instrument.clone(),
            quantity: self.now.quantity,
            average_price: self.now.average_price(),
            cost: self.now.cost,
            realized_profit: self.now.realized_profit,
            currency: self.currency.clone(),
            fill_count: self.fill_count,
            last_execution_id,
        }
    }

    fn base(&self) -> Lot {
        self.base.unwrap_or(self.now)
    }

    fn refold(&mut self, base: Lot) -> Result<(), Bad> {
        self.base = (!self.steps.is_empty()).then_some(base);
        self.now = base;
        for step in &self.steps {
            self.now = self.now.after(&step.change)?;
        }
        Ok(())
    }
}
