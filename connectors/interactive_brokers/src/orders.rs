//! Sends orders, and says what TWS's answers to them mean.

use component::{Fault, Result};
use model::{ApprovedOrder, OrderRequest, Text, Timestamp};
use session::{Complaint, Desk, Fields, Meaning, Trades, Values};

use crate::map::{OURS, Placed};
use crate::tws::{ENDS, Refusal, State, Tws};
use crate::{settings, spell};

/// Places, modifies and cancels orders.
pub type Orders = Desk<Tws>;

impl Trades for Tws {
    const NAME: &'static str = "interactive_brokers_orders";
    type Settings = settings::Orders;
    type Order = Placed;

    fn begin(&mut self, settings: settings::Orders) -> Result<()> {
        let longest = usize::try_from(settings.max_reference_chars.0).unwrap_or(usize::MAX);
        self.max_reference = longest;
        // Only this client may take over orders that were entered by hand.
        if self.client_id == 0 { self.ask("reqAutoOpenOrders", &[]) } else { Ok(()) }
    }

    fn numbers(&self) -> (i64, i64) {
        (self.client_id.into(), self.state.next_order_id.unwrap_or_default().max(1))
    }

    fn is_stand_in(&self) -> bool {
        self.is_spare
    }

    fn is_connected(&self) -> Result<()> {
        let State { site, clock, patience, .. } = &self.state;
        let Some(words) = site.cut_off.words() else { return Ok(()) };
        match site.lapse(Timestamp::default(), *patience, clock.now()) {
            Some(Err(fault)) => Err(fault),
            _ => Err(Fault::retry(format!("TWS is cut off from the broker: {words}"))),
        }
    }

    fn ask_all(&mut self) -> Result<&'static [&'static str]> {
        self.ask_orders()?;
        self.ask("reqCompletedOrders", &[])?;
        Ok(&ENDS)
    }

    fn ask_little(&mut self) -> Result<&'static [&'static str]> {
        self.ask("reqOpenOrders", &[])?;
        Ok(&ENDS[1..2])
    }

    /// Some errors with the id of an order are mere warnings, and what nobody has described may be
    /// one.
    fn complaint(fields: &Fields<'_>) -> Option<Complaint> {
        let refusal = (fields.kind == "error").then(|| Refusal::of(fields))?;
        let meaning = match refusal.code {
            202 => Meaning::Canceled,
            399 => Meaning::Unclear,
            103..=113 | 116 | 135 | 136 | 161 | 200..=398 | 434..=436 => Meaning::No,
            10147 | 10148 | 10243..=10247 | 10268..=10270 => Meaning::No,
            _ => Meaning::Unclear,
        };
        Some(Complaint { number: refusal.id, words: refusal.words(), meaning })
    }

    fn reference(order_id: &str) -> Text {
        format!("{OURS}{order_id}").into()
    }

    fn spell(&self, order: &ApprovedOrder, first: i64) -> Result<Vec<Values>, String> {
        let longest = self.max_reference.saturating_sub(OURS.len());
        if order.order_id.len() > longest {
            return Err(format!("an order id has at most {longest} characters here"));
        }
        spell::new_orders(order, &self.account_of(order), first)
    }

    fn modified(order: &Placed, request: &OrderRequest) -> Result<Values, String> {
        spell::modified(&order.said, request)
    }

    fn send(&mut self, order: &Values) -> Result<()> {
        let said: Vec<_> = order.iter().map(|(name, text)| (*name, text.as_str())).collect();
        self.ask("placeOrder", &said)
    }

    fn cancel(&mut self, number: i64) -> Result<()> {
        self.ask("cancelOrder", &[("orderId", &number.to_string())])
    }
}
