//! What S3 answers in XML.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;

use super::Stored;

/// A page of a list of objects.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub objects: Vec<Stored>,
    /// Asks for the next page.
    pub next: Option<String>,
}

impl Page {
    /// Reads the answer to `ListObjectsV2` with `encoding-type=url`.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut page = Self::default();
        let mut object = Stored { key: String::new(), bytes: 0, version: String::new() };
        let (mut is_whole, mut is_cut) = (false, false);
        each(text, &mut |path, text| {
            match path {
                ["ListBucketResult", "Contents", "Key"] => object.key = decoded(text)?,
                ["ListBucketResult", "Contents", "Size"] => {
                    let wrong = |_| format!("{text:?} is no size");
                    object.bytes = text.parse().map_err(wrong)?;
                }
                ["ListBucketResult", "Contents", "ETag"] => text.clone_into(&mut object.version),
                ["ListBucketResult", "Contents"] => page.objects.push(object.clone()),
                ["ListBucketResult", "IsTruncated"] => is_cut = text == "true",
                ["ListBucketResult", "NextContinuationToken"] => page.next = Some(text.to_owned()),
                ["ListBucketResult"] => is_whole = true,
                _ => {}
            }
            Ok(())
        })?;
        match (is_whole, is_cut, &page.next) {
            (false, ..) => Err("it is no whole ListBucketResult".to_owned()),
            (true, true, None) => Err("it has more pages and does not say how to ask".to_owned()),
            (true, false, Some(_)) => Ok(Self { next: None, ..page }),
            (true, ..) => Ok(page),
        }
    }
}

/// The text of one element.
pub(super) fn element(text: &str, path: &[&str]) -> Option<String> {
    let mut found = None;
    let read = each(text, &mut |at, text| {
        if at == path {
            found = Some(text.to_owned());
        }
        Ok(())
    });
    read.ok().and(found)
}

/// Code and message of an error, also where the end of it is missing.
pub(super) fn error(text: &str) -> Option<String> {
    let between = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        rest.split('<').next().map(|text| text.trim_end_matches('…').to_owned())
    };
    let code = between("Code").filter(|_| text.contains("<Error"))?;
    match between("Message").filter(|message| !message.is_empty()) {
        Some(message) => Some(format!("{code}: {message}")),
        None => Some(code),
    }
}

/// Takes the path of an element and its text.
type Each<'a> = &'a mut dyn FnMut(&[&str], &str) -> Result<(), String>;

/// Hands over every element when it ends.
fn each(document: &str, take: Each<'_>) -> Result<(), String> {
    let mut reader = Reader::from_str(document);
    let (mut path, mut text) = (Vec::<String>::new(), String::new());
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                path.push(start.local_name().as_ref().to_owned());
                text.clear();
            }
            Event::Text(part) => text.push_str(&part.xml10_content()),
            Event::GeneralRef(name) => {
                let name = format!("&{};", &*name);
                text.push_str(&unescape(&name).map_err(|error| error.to_string())?);
            }
            Event::End(_) => {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                take(&names, &text)?;
                path.pop();
                text.clear();
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// A key as it is, where `encoding-type=url` was asked for.
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap_or_default(), rest.next().unwrap_or_default()];
                let digits = std::str::from_utf8(&digits).unwrap_or_default();
                u8::from_str_radix(digits, 16).map_err(|_| format!("{text:?} is no key"))?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).map_err(|_| format!("{text:?} is no UTF-8"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const PAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
        <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
        <IsTruncated>true</IsTruncated><NextContinuationToken>a+/=</NextContinuationToken>
        <Contents><Key>in/a+b%2Bc%C3%A9.csv</Key><Size>12</Size><ETag>&quot;6805f2cf&#34;</ETag>
        <StorageClass>STANDARD</StorageClass></Contents>
        <Contents><Key>in/x.csv</Key><Size>0</Size><ETag>"e"</ETag></Contents>
        </ListBucketResult>"#;

    #[test]
    fn a_page_names_its_objects_and_the_next_page() {
        let page = Page::read(PAGE).unwrap();
        let first =
            Stored { key: "in/a b+cé.csv".into(), bytes: 12, version: "\"6805f2cf\"".into() };
        assert_eq!((page.objects.len(), &page.objects[0]), (2, &first));
        assert_eq!(page.next.as_deref(), Some("a+/="));
        let last = PAGE.replace("<IsTruncated>true", "<IsTruncated>false");
        assert_eq!(Page::read(&last).unwrap().next, None);
    }

    #[test]
    fn what_is_no_page_is_refused() {
        let lost = PAGE.replace("NextContinuationToken", "Other");
        for text in [&lost, "", "{}", "<html>hello</html>", &PAGE[..300], "<a></b>"] {
            assert!(Page::read(text).is_err(), "{text}");
        }
        assert!(Page::read(&PAGE.replace("%C3", "%ZZ")).is_err());
    }

    #[test]
    fn errors_are_told_in_the_words_of_the_store() {
        let whole = "<Error><Code>NoSuchKey</Code><Message>Not here.</Message></Error>";
        assert_eq!(error(whole).unwrap(), "NoSuchKey: Not here.");
        assert_eq!(error("<Error><Code>SlowDown</Code>").unwrap(), "SlowDown");
        assert_eq!(error("<html>"), None);
    }
}
