//! Arithmetic that is exact or refused: a book that rounds in silence cannot be reconciled.

use component::Bad;
use model::Decimal;

/// The sum, or [`Bad`] about `field` when it has more digits than can be carried.
pub(crate) fn add(field: &str, a: Decimal, b: Decimal) -> Result<Decimal, Bad> {
    a.checked_add(b)
        // The library rounds a sum that does not fit; taking it apart again shows whether it did.
        .filter(|sum| sum.checked_sub(b) == Some(a) && sum.checked_sub(a) == Some(b))
        .ok_or_else(|| Bad::new(field, format!("the sum of {a} and {b} is not exact")))
}

/// The difference, under the same condition.
pub(crate) fn subtract(field: &str, a: Decimal, b: Decimal) -> Result<Decimal, Bad> {
    add(field, a, -b)
}

/// Money for a quantity at a price, half-up at the places that an event carries.
pub(crate) fn money(quantity: Decimal, price: Decimal) -> Result<Decimal, Bad> {
    quantity
        .checked_mul(price)
        .map(model::round)
        .ok_or_else(|| Bad::new("price", format!("{quantity} at {price} is too much money")))
}

/// The part of an amount that belongs to `part` of `whole`, half-up at the same places.
pub(crate) fn share(amount: Decimal, part: Decimal, whole: Decimal) -> Result<Decimal, Bad> {
    let product = amount.checked_mul(part).and_then(|product| product.checked_div(whole));
    product
        .or_else(|| amount.checked_div(whole).and_then(|unit| unit.checked_mul(part)))
        .map(model::round)
        .ok_or_else(|| Bad::new("quantity", format!("cannot take {part} of {whole} for {amount}")))
}
