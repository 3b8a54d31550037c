use axum::Json;
use axum::extract::Path;
use serde_json::{Value, json};

use crate::refusal::{Refusal, Result};

pub async fn exchanges() -> Json<Value> {
    Json(json!({
        "A": "NYSE American (AMEX)",
        "B": "NASDAQ OMX BX",
        "C": "National Stock Exchange",
        "D": "FINRA ADF",
        "E": "Market Independent",
        "H": "MIAX",
        "I": "International Securities Exchange",
        "J": "Cboe EDGA",
        "K": "Cboe EDGX",
        "L": "Long Term Stock Exchange",
        "M": "Chicago Stock Exchange",
        "N": "New York Stock Exchange",
        "P": "NYSE Arca",
        "Q": "NASDAQ OMX",
        "S": "NASDAQ Small Cap",
        "T": "NASDAQ Int",
        "U": "Members Exchange",
        "V": "IEX",
        "W": "CBOE",
        "X": "NASDAQ OMX PSX",
        "Y": "Cboe BYX",
        "Z": "Cboe BZX",
    }))
}

pub async fn conditions(Path(kind): Path<String>) -> Result<Json<Value>> {
    match kind.as_str() {
        "trade" => Ok(Json(json!({
            " ": "Regular Sale",
            "@": "Regular Sale",
            "4": "Derivatively Priced",
            "6": "Closing Prints",
            "9": "Corrected Consolidated Close",
            "F": "Intermarket Sweep",
            "I": "Odd Lot Trade",
            "M": "Market Center Official Close",
            "O": "Opening Prints",
            "Q": "Market Center Official Open",
            "T": "Form T",
            "U": "Extended Trading Hours (Sold Out of Sequence)",
            "Z": "Sold (Out of Sequence)",
        }))),
        "quote" => Ok(Json(json!({ "R": "Regular Market Maker Open" }))),
        _ => Err(Refusal::plain(404, "endpoint not found")),
    }
}
