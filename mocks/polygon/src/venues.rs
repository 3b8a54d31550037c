//! The vendor's numbers for venues and for what is particular about a trade.

use mockkit::market::{Trade, marks};

/// Nasdaq's reporting facility for trades off the exchanges, in Carteret.
pub const TRF: u16 = 202;
const FINRA: u16 = 4;

/// A round lot of stock.
pub const LOT: u32 = 100;

/// The number of a venue, by its letter on the consolidated tape.
pub fn venue(letter: char) -> u16 {
    match letter {
        'A' => 1,
        'B' => 2,
        'C' => 3,
        'D' => FINRA,
        'I' => 6,
        'J' => 7,
        'K' => 8,
        'M' => 9,
        'N' => 10,
        'P' => 11,
        'Q' | 'T' => 12,
        'L' => 14,
        'V' => 15,
        'W' => 16,
        'X' => 17,
        'Y' => 18,
        'Z' => 19,
        'H' => 20,
        'U' => 21,
        // Unlisted trading privileges: somewhere, and we do not know where.
        _ => 5,
    }
}

/// Whether a trade was reported to a facility and not made on a venue.
pub fn is_off_exchange(trade: &Trade) -> bool {
    venue(trade.venue) == FINRA
}

/// Condition numbers of a trade, ascending; none for a regular one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conditions {
    numbers: [u8; 6],
    length: usize,
}

impl Conditions {
    pub fn of(trade: &Trade) -> Conditions {
        let mut conditions = Conditions { numbers: [0; 6], length: 0 };
        let mut add = |applies: bool, number: u8| {
            if applies && conditions.length < conditions.numbers.len() {
                conditions.numbers[conditions.length] = number;
                conditions.length += 1;
            }
        };
        let has = |mark: u8| trade.marks & mark != 0;
        add(has(marks::CLOSING), 8);
        add(has(marks::EXTENDED_HOURS), 12);
        add(has(marks::SWEEP), 14);
        add(has(marks::OFFICIAL_CLOSE), 15);
        add(has(marks::OFFICIAL_OPEN), 16);
        add(has(marks::OPENING), 25);
        add(trade.size < LOT, 37);
        conditions
    }

    pub fn numbers(&self) -> &[u8] {
        &self.numbers[..self.length]
    }
}

/// Shares as round lots; what is less than one still shows as one.
pub fn lots(shares: u32) -> u32 {
    if shares == 0 { 0 } else { (shares / LOT).max(1) }
}
