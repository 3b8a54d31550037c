//! Rows of XML: every element at one place of the document.

use std::collections::BTreeMap;
use std::io::BufRead;

use component::{Bad, Json};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, Writer, XmlVersion};

use crate::rows::{Broken, MAX_ROW_BYTES, too_long};

/// Elements within each other.
const MAX_DEPTH: usize = 64;
/// What the text of an element is called that has attributes or children too.
const TEXT: &str = "$text";

/// The rows of an XML file. An element is a mapping of its children and of its attributes, whose
/// names get an `@`; one without either is its text. Children of one name are a list.
pub(crate) struct XmlRows {
    reader: Reader<Box<dyn BufRead + Send>>,
    /// Names from the outermost element to that of a row.
    path: Vec<String>,
    /// Names from the outermost element to where we are.
    stack: Vec<String>,
    buffer: Vec<u8>,
    now: u64,
    pub line: u64,
    pub raw: Vec<u8>,
    pub row: Result<Json, Bad>,
}

/// An element of which the end has not been read yet.
struct Open {
    name: String,
    fields: BTreeMap<String, Json>,
    text: String,
}

impl XmlRows {
    pub fn open(text: Box<dyn BufRead + Send>, path: Vec<String>) -> Self {
        let mut reader = Reader::from_reader(text);
        reader.config_mut().expand_empty_elements = true;
        let row = Ok(Json::Null);
        let (stack, buffer, raw) = (Vec::new(), Vec::new(), Vec::new());
        Self { reader, path, stack, buffer, now: 1, line: 0, raw, row }
    }

    pub fn next(&mut self) -> Result<bool, Broken> {
        loop {
            match self.event()? {
                Event::Start(start) => {
                    let name = name(&start);
                    self.stack.push(name);
                    if self.stack.len() > MAX_DEPTH {
                        return Err(Broken::new(self.now, "nested too deeply"));
                    }
                    if self.stack == self.path {
                        self.stack.pop();
                        self.line = self.now;
                        self.take(start)?;
                        return Ok(true);
                    }
                }
                Event::End(_) => drop(self.stack.pop()),
                Event::Eof if self.stack.is_empty() => return Ok(false),
                Event::Eof => return Err(Broken::new(self.now, "the file ends too soon")),
                _ => {}
            }
        }
    }

    fn event(&mut self) -> Result<Event<'static>, Broken> {
        self.buffer.clear();
        let event = self.reader.read_event_into(&mut self.buffer);
        let event = event.map_err(|error| Broken::new(self.now, error))?;
        self.now += event.matches('\n').count() as u64;
        Ok(event.into_owned())
    }

    /// Reads the row that begins with this element, to its end.
    fn take(&mut self, start: BytesStart<'static>) -> Result<(), Broken> {
        let mut raw = Writer::new(std::mem::take(&mut self.raw));
        raw.get_mut().clear();
        let mut bad = None;
        let mut open: Vec<Open> = Vec::new();
        let mut event = Event::Start(start);
        let row = loop {
            if raw.get_ref().len() <= MAX_ROW_BYTES {
                let written = raw.write_event(event.borrow());
                written.map_err(|error| Broken::new(self.now, error))?;
            } else {
                bad = Some(too_long());
            }
            match event {
                Event::Start(start) => match begin(&start) {
                    Ok(element) if open.len() < MAX_DEPTH => open.push(element),
                    Ok(_) => return Err(Broken::new(self.now, "nested too deeply")),
                    Err(reason) => {
                        let name = name(&start);
                        bad = Some(Bad::new(&name, reason));
                        open.push(Open { name, fields: BTreeMap::new(), text: String::new() });
                    }
                },
                Event::End(_) => {
                    let Some(element) = open.pop() else { break Json::Null };
                    let (name, json) = (element.name.clone(), element.close());
                    match open.last_mut() {
                        // Of a row that is too long nothing more is kept.
                        Some(parent) if bad.is_none() => parent.add(name, json),
                        Some(_) => {}
                        None => break json,
                    }
                }
                Event::Eof => return Err(Broken::new(self.now, "the file ends within a row")),
                other if bad.is_none() => {
                    let read = text_of(&other);
                    match (open.last_mut(), read) {
                        (Some(element), Ok(text)) => element.text.push_str(&text),
                        (Some(element), Err(reason)) => bad = Some(Bad::new(&element.name, reason)),
                        (None, _) => {}
                    }
                }
                _ => {}
            }
            event = self.event()?;
        };
        self.raw = raw.into_inner();
        self.row = match (bad, row) {
            (Some(bad), _) => Err(bad),
            (None, Json::Map(map)) => Ok(Json::Map(map)),
            (None, text) => Ok(Json::Map(BTreeMap::from([(TEXT.to_owned(), text)]))),
        };
        Ok(())
    }
}

impl Open {
    fn add(&mut self, name: String, json: Json) {
        match self.fields.get_mut(&name) {
            None => drop(self.fields.insert(name, json)),
            Some(Json::List(list)) => list.push(json),
            Some(one) => {
                let first = std::mem::replace(one, Json::Null);
                *one = Json::List(vec![first, json]);
            }
        }
    }

    fn close(mut self) -> Json {
        let text = self.text.trim();
        if self.fields.is_empty() {
            return Json::Text(text.to_owned());
        }
        if !text.is_empty() {
            self.fields.insert(TEXT.to_owned(), Json::Text(text.to_owned()));
        }
        Json::Map(self.fields)
    }
}

fn name(start: &BytesStart<'_>) -> String {
    start.local_name().as_ref().to_owned()
}

fn begin(start: &BytesStart<'_>) -> Result<Open, String> {
    let mut fields = BTreeMap::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let name = attribute.key.local_name().as_ref().to_owned();
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_err(|error| error.to_string())?;
        fields.insert(format!("@{name}"), Json::Text(value.into_owned()));
    }
    Ok(Open { name: name(start), fields, text: String::new() })
}

/// The text that an event stands for. Only XML's own entities are known: what a document declares
/// itself is not looked at.
fn text_of(event: &Event<'_>) -> Result<String, String> {
    match event {
        Event::Text(text) => Ok(text.xml10_content().into_owned()),
        Event::CData(text) => Ok(text.xml10_content().into_owned()),
        Event::GeneralRef(reference) => {
            if let Some(char) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
                return Ok(char.to_string());
            }
            let name: &str = reference;
            let text = quick_xml::escape::resolve_xml_entity(name);
            text.map(str::to_owned).ok_or_else(|| format!("the entity {name:?} is not known"))
        }
        _ => Ok(String::new()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn rows(text: &'static str) -> XmlRows {
        let path = ["report", "trades", "trade"].map(str::to_owned).to_vec();
        XmlRows::open(Box::new(text.as_bytes()), path)
    }

    #[test]
    fn elements_are_rows_wherever_they_stand() {
        let mut rows = rows(
            "<?xml version=\"1.0\"?>\n<report><head><trade>no</trade></head>\n<trades>\n\
             <trade id=\"7\"><price>1.50</price><tag>a</tag><tag>b &amp; &#99;</tag></trade>\n\
             <trade>\n<price><![CDATA[<2>]]></price></trade><trade x=\"&nope;\"/>\n\
             </trades></report>\n",
        );
        assert!(rows.next().unwrap());
        let row = rows.row.clone().unwrap();
        for (path, expected) in
            [("@id", "7"), ("price", "1.50"), ("tag.0", "a"), ("tag.1", "b & c")]
        {
            assert_eq!(row.get(path).and_then(Json::scalar), Some(expected), "{path}");
        }
        assert_eq!(rows.line, 4);
        assert!(rows.raw.starts_with(b"<trade id=\"7\"><price>1.50</price>"));
        assert!(rows.next().unwrap());
        let row = rows.row.clone().unwrap();
        assert_eq!((rows.line, row.get("price").and_then(Json::scalar)), (5, Some("<2>")));
        assert!(rows.next().unwrap());
        assert!(rows.row.is_err(), "{:?}", rows.row);
        assert!(!rows.next().unwrap());
    }

    #[test]
    fn a_document_that_is_broken_says_where() {
        let mut rows = rows("<report>\n<trades><trade><price>1</price></trade>\n<trade></x>");
        assert!(rows.next().unwrap());
        assert_eq!(rows.next().unwrap_err().line, 3);
    }
}
