//! A list that is read again and again, row by row: what of it changed, and what is gone.

use std::collections::BTreeSet;

use component::{Batch, Changes};
use model::Event;

/// The rows of such a list, while it is read.
#[derive(Debug, Default)]
pub struct Listing {
    /// The rows so far, and whether all of them could be read; nothing between two readings.
    reading: Option<(BTreeSet<String>, bool)>,
}

impl Listing {
    /// It is read from its beginning.
    pub fn begin(&mut self) {
        self.reading = Some((BTreeSet::new(), true));
    }

    /// A row: told if its event, whose id is that of its contents, says something new.
    pub fn row(&mut self, key: &str, event: impl Into<Event>, batch: &mut Batch<Changes>) {
        batch.push_news(key, event);
        if let Some((present, _)) = &mut self.reading {
            present.insert(key.to_owned());
        }
    }

    /// A row could not be read: it may be any, so nothing is called gone beside it.
    pub fn doubt(&mut self) {
        if let Some((_, is_whole)) = &mut self.reading {
            *is_whole = false;
        }
    }

    /// The list is read. `gone` says that a row of it is there no more.
    pub fn end<E: Into<Event>>(
        &mut self,
        batch: &mut Batch<Changes>,
        gone: impl Fn(&str) -> Option<E>,
    ) {
        if let Some((present, true)) = self.reading.take() {
            tell_gone(batch, |key| present.contains(key), gone);
        }
    }

    /// A single row is there no more.
    pub fn without<E: Into<Event>>(
        key: &str,
        batch: &mut Batch<Changes>,
        gone: impl Fn(&str) -> Option<E>,
    ) {
        tell_gone(batch, |other| other != key, gone);
    }
}

fn tell_gone<E: Into<Event>>(
    batch: &mut Batch<Changes>,
    is_kept: impl Fn(&str) -> bool,
    gone: impl Fn(&str) -> Option<E>,
) {
    for (key, change) in batch.cursor.drop_others(is_kept) {
        if let Some(event) = gone(&key) {
            let mut event = event.into();
            event.head_mut().event_id = change;
            batch.push(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use component::Item;
    use model::{Decimal, EventId, Head, PortfolioCash, Timestamp};

    use super::*;

    fn cash(account: &str, amount: i64) -> PortfolioCash {
        let id = EventId::of(&[account, &amount.to_string()]);
        PortfolioCash {
            head: Head::new(id, Timestamp::default()),
            account: account.into(),
            currency: "USD".into(),
            cash: amount.into(),
            opening: Decimal::ZERO,
            movement_count: 0,
        }
    }

    /// One reading of a list, and what of it is told.
    fn read(listing: &mut Listing, batch: &mut Batch<Changes>, rows: &[(&str, i64)]) -> String {
        listing.begin();
        for (account, amount) in rows {
            match account.is_empty() {
                true => listing.doubt(),
                false => listing.row(account, cash(account, *amount), batch),
            }
        }
        listing.end(batch, |key| Some(cash(key, 0)));
        let told = batch.items.drain(..).filter_map(|item| match item {
            Item::Event(Event::PortfolioCash(cash)) => {
                Some(format!("{}{}", cash.account, cash.cash))
            }
            _ => None,
        });
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn changes_are_told_and_what_is_gone_only_where_everything_could_be_read() {
        let (mut listing, mut batch) = (Listing::default(), Batch::up_to(Changes::default()));
        assert_eq!(read(&mut listing, &mut batch, &[("a", 1), ("b", 2)]), "a1 b2");
        assert_eq!(read(&mut listing, &mut batch, &[("a", 1), ("b", 3)]), "b3");
        assert_eq!(read(&mut listing, &mut batch, &[("a", 1), ("", 0)]), "", "b may be that row");
        assert_eq!(read(&mut listing, &mut batch, &[("a", 1)]), "b0");
        Listing::without("a", &mut batch, |key| Some(cash(key, 0)));
        assert_eq!(batch.items.len(), 1);
    }
}
