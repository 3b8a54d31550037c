//! Messages as TWS writes them. `answers.txt` and `requests.txt` lay them out, in the words of
//! Interactive Brokers, for the server versions that we speak: later ones have longer messages,
//! and from 201 on they become protobuf, whose prices are floats.

use std::sync::LazyLock;

use component::Bad;
use session::{Fields, Layouts};

/// Server versions that we speak.
pub const VERSIONS: &str = "v170..178";
pub const OLDEST: i32 = 170;
pub const NEWEST: i32 = 178;

static ANSWERS: LazyLock<Layouts> = LazyLock::new(|| {
    Layouts::parse(include_str!("answers.txt"), is_unset).expect("a test reads the table")
});
static REQUESTS: LazyLock<Layouts> = LazyLock::new(|| {
    Layouts::parse(include_str!("requests.txt"), is_unset).expect("a test reads the table")
});

/// Reads a message of TWS; `None` if it is none that we know.
pub fn read(frame: &[u8], version: i32) -> Result<Option<Fields<'_>>, Bad> {
    ANSWERS.read(frame, version)
}

/// Writes a request.
pub fn write<'a>(kind: &str, version: i32, value: impl Fn(&str) -> &'a str) -> Vec<u8> {
    REQUESTS.write(kind, version, value).unwrap_or_default()
}

/// Name of a plain field of the request that places an order.
pub fn order_field(name: &str) -> Option<&'static str> {
    REQUESTS.field("placeOrder", name)
}

/// Whether a field says nothing: it is empty, or holds the largest number of its type.
pub fn is_unset(text: &str) -> bool {
    let largest = [i32::MAX.into(), i64::MAX, i64::MIN];
    text.is_empty()
        || text.starts_with("1.797693134862315") && text.ends_with("308")
        || text.len() >= 10 && text.parse().is_ok_and(|number: i64| largest.contains(&number))
}
