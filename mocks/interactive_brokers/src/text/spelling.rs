//! How values are spelled in text.

pub const UNSET_INT: &str = "2147483647";
pub const UNSET_DOUBLE: &str = "1.7976931348623157E308";

/// The ways in which clients say that a quantity is not set.
pub fn is_unset(field: &str) -> bool {
    const UNSET: [&str; 4] = ["", UNSET_INT, "9223372036854775807", "-9223372036854775808"];
    UNSET.contains(&field) || field.to_ascii_uppercase().replace('+', "") == UNSET_DOUBLE
}

/// As the vendor's own programs write a double: at least one digit after the point.
pub fn double(value: f64) -> String {
    if value == f64::MAX {
        UNSET_DOUBLE.to_owned()
    } else if value.is_infinite() {
        "Infinity".to_owned()
    } else if value != 0.0 && !(1e-6..1e12).contains(&value.abs()) {
        format!("{value:?}").replace('e', "E")
    } else {
        format!("{value:?}")
    }
}

/// Without a fraction where there is none.
pub fn plain(value: f64) -> String {
    let text = double(value);
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Below version 174 a time names no zone, and two blanks stand between date and time.
pub fn time_without_zone(text: &str) -> String {
    let mut parts = text.splitn(3, ' ');
    match (parts.next(), parts.next()) {
        (Some(date), Some(time)) => format!("{date}  {time}"),
        _ => text.to_owned(),
    }
}

/// Anything beyond ASCII goes as `\uXXXX`, since a text field is ASCII on the wire.
pub fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\0' => {}
            ' '..='~' | '\n' | '\r' | '\t' => out.push(letter),
            _ => {
                let mut units = [0_u16; 2];
                for unit in letter.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spells_values_as_the_vendor_does() {
        assert_eq!(double(150.25), "150.25");
        assert_eq!(double(0.0), "0.0");
        assert_eq!(double(f64::MAX), UNSET_DOUBLE);
        assert_eq!(double(1e-9), "1E-9");
        assert_eq!(double(f64::INFINITY), "Infinity");
        assert_eq!((plain(0.0).as_str(), plain(201.94).as_str()), ("0", "201.94"));
        assert!(is_unset("1.7976931348623157e+308") && !is_unset("0"));
        assert_eq!(time_without_zone("20131007 09:31:00 US/Eastern"), "20131007  09:31:00");
        assert_eq!(ascii("Zürich\0 €"), "Z\\u00fcrich \\u20ac");
    }
}
