//! How deep a document is nested, before anything is made of it.

/// Whether a JSON document has more levels than this. What is no JSON has none.
pub(crate) fn is_deeper(body: &[u8], limit: usize) -> bool {
    let is_json = body.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'['));
    if !is_json || body.len() <= limit {
        return false;
    }
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' if !is_text => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' if !is_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::is_deeper;

    #[test]
    fn levels_are_counted_outside_of_texts_only() {
        for (body, limit, expected) in [
            ("[[[]]]", 3, false),
            ("[[[]]]", 2, true),
            (" {\"a\":[{\"b\":1}]}", 3, false),
            (" {\"a\":[{\"b\":1}]}", 2, true),
            (r#"["[[[[", "\"[[", "\\", []]"#, 2, false),
            (r#"["\\", [[]]]"#, 2, true),
            ("[],[],[],[],[]", 1, false),
            ("a,b\n[[[[,{{{{", 1, false),
        ] {
            assert_eq!(is_deeper(body.as_bytes(), limit), expected, "{body}");
        }
        assert!(is_deeper(&vec![b'['; 1_000_000], 128));
    }
}
