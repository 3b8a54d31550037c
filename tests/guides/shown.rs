//! Whether a program printed what a guide shows.

/// Stands for what varies.
const VARIES: &str = "…";

/// What a program printed, without what it logged and without blanks at the ends of lines.
pub fn printed(output: &str) -> Vec<String> {
    let lines = output.lines().map(|line| line.trim_end().to_owned());
    let mut lines: Vec<_> = lines.filter(|line| !is_log(line)).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

/// A line of the log begins with its time.
fn is_log(line: &str) -> bool {
    let time = line.split(' ').next().unwrap_or_default();
    time.len() > 20 && time.ends_with('Z') && time.as_bytes()[4] == b'-' && time.contains('T')
}

/// Whether lines are those that are shown.
pub fn is_as_shown(shown: &[String], printed: &[String]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first.trim() == VARIES => {
            (0..=printed.len()).any(|count| is_as_shown(rest, &printed[count..]))
        }
        Some((first, rest)) => printed
            .split_first()
            .is_some_and(|(line, more)| is_line(first, line) && is_as_shown(rest, more)),
    }
}

/// Whether all that is shown has been printed, whatever else there may be.
pub fn has_shown(shown: &[String], printed: &[String]) -> bool {
    let between = shown.iter().flat_map(|line| [VARIES.to_owned(), line.clone()]);
    let lines: Vec<_> = between.chain([VARIES.to_owned()]).collect();
    is_as_shown(&lines, printed)
}

/// How wide a column is depends on what varies.
fn is_line(shown: &str, printed: &str) -> bool {
    let narrow = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let (shown, printed) = (narrow(shown), narrow(printed));
    let Some((start, rest)) = shown.split_once(VARIES) else { return shown == printed };
    let Some(mut left) = printed.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split(VARIES).collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = left.split_once(part) else { return false };
        left = after;
    }
    left.ends_with(end)
}

#[test]
fn what_varies_may_vary_and_nothing_else() {
    let check = |shown: &str, output: &str, is_it: bool| {
        let shown: Vec<_> = shown.lines().map(str::to_owned).collect();
        assert_eq!(is_as_shown(&shown, &printed(output)), is_it, "{shown:?}: {output:?}");
    };
    check("a\nb", "a\nb\n\n", true);
    check("a", "a\nb", false);
    check("a\nb", "a", false);
    check("a\n…", "a", true);
    check("a\n…\nd", "a\nb\nc\nd", true);
    check("a\n…\nd", "a\nb\nd\ne", false);
    check("x …", "x anything at all", true);
    check("x … y … z", "x 1 y 2 z", true);
    check("x … y … z", "x 1 z 2 y", false);
    check("… z", "x y z", true);
    check("… z", "x y", false);
    check("name  at", "name        at", true);
    check("a", "2026-11-23T20:31:00.123456Z  INFO said\na", true);
    check("2026-11-23", "2026-11-23", true);
}
