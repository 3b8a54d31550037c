//! Cells of CSV as RFC 4180 wants them.

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
    fn what_would_break_a_line_is_quoted() {
        assert_eq!(
            csv_line(&["a", "b,c", "d\"e", "f\ng", ""]),
            "a,\"b,c\",\"d\"\"e\",\"f\ng\",\r\n"
        );
        assert_eq!(marked_line(&["a;b", "c'd", "e,f"], ';', '\''), "'a;b';'c''d';e,f\r\n");
    }
}
