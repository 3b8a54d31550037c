//! Checks the five fields of a schedule; when it is due is the scheduler's to compute.

/// The fields of a schedule: name, least and greatest number, and names for the numbers.
const FIELDS: [(&str, u32, u32, &[&str]); 5] = [
    ("minute", 0, 59, &[]),
    ("hour", 0, 23, &[]),
    ("day of the month", 1, 31, &[]),
    (
        "month",
        1,
        12,
        &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
    ),
    ("day of the week", 0, 7, &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]),
];

/// What is wrong with a schedule, if anything. `word` quotes a part of it, unless it is hidden.
pub(crate) fn mistake(schedule: &str, word: &dyn Fn(&str) -> String) -> Option<String> {
    let parts: Vec<&str> = schedule.split_whitespace().collect();
    if parts.len() != FIELDS.len() {
        return Some(format!(
            "a schedule has 5 fields (minute, hour, day, month, day of the week), {} has {}",
            word(schedule),
            parts.len()
        ));
    }
    for (part, (name, least, most, names)) in parts.iter().zip(FIELDS) {
        if !part.split(',').all(|range| is_range(range, least, most, names)) {
            return Some(format!(
                "{} is no {name} of a schedule: {least} to {most}, \"*\", lists and steps",
                word(part)
            ));
        }
    }
    None
}

/// `*`, `7`, `1-5`, `MON-FRI`, each also with a step: `*/15`.
fn is_range(range: &str, least: u32, most: u32, names: &[&str]) -> bool {
    let (span, step) = match range.split_once('/') {
        Some((span, step)) => (span, Some(step)),
        None => (range, None),
    };
    let is_step = |step: &str| number(step).is_some_and(|step| step > 0 && step <= most);
    if !step.is_none_or(is_step) {
        return false;
    }
    let value = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let named = named.and_then(|index| u32::try_from(index).ok()).map(|index| index + least);
        named.or_else(|| number(text)).filter(|value| (least..=most).contains(value))
    };
    match span.split_once('-') {
        Some((first, last)) => match (value(first), value(last)) {
            (Some(first), Some(last)) => first <= last,
            _ => false,
        },
        None => span == "*" || value(span).is_some(),
    }
}

fn number(text: &str) -> Option<u32> {
    let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(schedule: &str, expected: Option<&str>) {
        let found = mistake(schedule, &|word| format!("{word:?}"));
        match (found, expected) {
            (None, None) => {}
            (Some(found), Some(start)) => assert!(found.contains(start), "{schedule}: {found}"),
            (found, _) => panic!("{schedule}: {found:?}"),
        }
    }

    #[test]
    fn five_fields_of_numbers_names_lists_and_steps() {
        check("0 18 * * 1-5", None);
        check("0 20 * * *", None);
        check("*/15 9-16 1,15 jan-mar MON-FRI", None);
        check("0 0 * * 7", None);
        check("0 18 * *", Some("has 4"));
        check("0 0 18 * * *", Some("has 6"));
        check("", Some("has 0"));
        check("60 18 * * *", Some("\"60\" is no minute"));
        check("0 24 * * *", Some("\"24\" is no hour"));
        check("0 0 0 * *", Some("\"0\" is no day of the month"));
        check("0 0 * 13 *", Some("\"13\" is no month"));
        check("0 0 * * FUN", Some("\"FUN\" is no day of the week"));
        check("5-1 0 * * *", Some("\"5-1\" is no minute"));
        check("*/0 0 * * *", Some("\"*/0\" is no minute"));
        check("1,,2 0 * * *", Some("\"1,,2\" is no minute"));
        check("99999999999999999999 0 * * *", Some("is no minute"));
    }
}
