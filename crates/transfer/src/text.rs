//! Cells of CSV as RFC 4180 wants them.

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The text as a spreadsheet shows it, never as a formula that it runs.
pub(crate) fn neutral(text: &str) -> String {
    if text.starts_with(FORMULA) && model::money(text).is_err() {
        return format!("'{text}");
    }
    text.to_owned()
}

/// A line of CSV with its end.
pub(crate) fn csv_line(cells: &[impl AsRef<str>]) -> String {
    marked_line(cells, ',', '"')
}

/// The same with other marks.
pub(crate) fn marked_line(cells: &[impl AsRef<str>], delimiter: char, quote: char) -> String {
    let mut line = String::new();
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            line.push(delimiter);
        }
        let cell = cell.as_ref();
        if cell.contains([delimiter, quote, '\n', '\r']) {
            line.push(quote);
            let twice: String = [quote, quote].iter().collect();
            line.push_str(&cell.replace(quote, &twice));
            line.push(quote);
        } else {
            line.push_str(cell);
        }
    }
    line.push_str("\r\n");
    line
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

    #[test]
    fn what_would_break_a_line_is_quoted() {
        assert_eq!(
            csv_line(&["a", "b,c", "d\"e", "f\ng", ""]),
            "a,\"b,c\",\"d\"\"e\",\"f\ng\",\r\n"
        );
        assert_eq!(marked_line(&["a;b", "c'd", "e,f"], ';', '\''), "'a;b';'c''d';e,f\r\n");
    }
}
