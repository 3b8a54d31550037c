//! `CURRENCY_EXCHANGE_RATE`.

use super::{Pair, currency};
use crate::answer::Answer;
use crate::call::Call;
use crate::json::Json;
use crate::number::{float, universal};
use crate::refusal::Result;

pub fn exchange_rate(call: &Call<'_>) -> Result<Answer> {
    let pair = Pair { from: currency(call, "from_currency")?, to: currency(call, "to_currency")? };
    let rate = pair.at(call.now);
    // Nobody quotes one digital currency in another.
    let [bid, ask] = if pair.from.crypto && pair.to.crypto {
        ["-".to_owned(), "-".to_owned()]
    } else {
        [rate * 0.999_98, rate * 1.000_02].map(|price| float(price, 8))
    };
    let row = Json::texts([
        ("1. From_Currency Code", pair.from.code.to_owned()),
        ("2. From_Currency Name", pair.from.name.to_owned()),
        ("3. To_Currency Code", pair.to.code.to_owned()),
        ("4. To_Currency Name", pair.to.name.to_owned()),
        ("5. Exchange Rate", float(rate, 8)),
        ("6. Last Refreshed", universal(call.now)),
        ("7. Time Zone", "UTC".to_owned()),
        ("8. Bid Price", bid),
        ("9. Ask Price", ask),
    ]);
    Ok(Answer::Json(Json::object([("Realtime Currency Exchange Rate", row)])))
}
