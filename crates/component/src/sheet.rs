//! Cells of files that people open in a spreadsheet.

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The text as a spreadsheet shows it, never as a formula that it runs.
pub fn neutral(text: &str) -> String {
    if text.starts_with(FORMULA) && model::money(text).is_err() {
        return format!("'{text}");
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_neutralised_and_numbers_are_not() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2+3|cmd", "'-2+3|cmd"),
            ("＝1", "'＝1"),
            ("\t=1", "'\t=1"),
            ("-12.50", "-12.50"),
            ("1e5", "1e5"),
            ("BAC.US", "BAC.US"),
        ] {
            assert_eq!(neutral(text), expected);
        }
    }
}
