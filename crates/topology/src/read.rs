//! From text to nodes: YAML, and JSON as the part of YAML that it is.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError};

use crate::node::{Data, Entry, Node, Path, Position, Scalar, ScalarKind, core_kind};
use crate::problem::{Problem, Report};
use crate::words::quote;

/// A topology of a thousand systems is a quarter of this.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;
/// The deepest setting we know sits nine levels down.
const MAX_DEPTH: usize = 64;
/// Values in one file, each use of an alias counted in full.
const MAX_NODES: usize = 200_000;
/// Text in one file, each use of an alias counted in full.
const MAX_EXPANDED_BYTES: usize = 4 * MAX_BYTES;

const NO_KEY: &str = "a key must be a word, not a list or a mapping";

/// Reads one document. Mistakes it can read past are reported, the one it cannot is the error.
pub(crate) fn read(text: &str, report: &mut Report) -> Result<Node, Problem> {
    let top = Path::default();
    if text.len() > MAX_BYTES {
        let message =
            format!("the file has {} bytes, more than the {MAX_BYTES} allowed", text.len());
        return Err(report.make(Position::default(), &top, message));
    }
    if let Some((at, c)) = find_control(text) {
        return Err(report.make(at, &top, format!("the control character {c:?} is not allowed")));
    }
    let mut reader = Reader {
        report,
        open: Vec::new(),
        anchors: HashMap::new(),
        root: None,
        nodes: 0,
        bytes: 0,
    };
    let mut has_document = false;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| reader.syntax_error(text, &error))?;
        let at = position(&span.start);
        if matches!(event, Event::DocumentStart(_)) && std::mem::replace(&mut has_document, true) {
            reader.fail(at, "a second document starts here; a topology is one document")?;
        }
        reader.event(event, at)?;
    }
    let end = Position { line: 1, column: 1 };
    Ok(reader.root.unwrap_or_else(|| Node { at: end, data: plain("") }))
}

/// A list or mapping whose end has not been met yet.
struct Open {
    at: Position,
    anchor: usize,
    depth_below: usize,
    nodes_before: usize,
    bytes_before: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, seen: HashMap<String, Position>, key: Option<(String, Position)> },
}

/// A value that an alias may repeat, with what repeating it costs.
struct Anchored {
    node: Node,
    depth: usize,
    nodes: usize,
    bytes: usize,
}

struct Reader<'r> {
    report: &'r mut Report,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    root: Option<Node>,
    nodes: usize,
    bytes: usize,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, at: Position) -> Result<(), Problem> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), at)?;
                self.count(1, text.len(), at)?;
                let bytes = text.len();
                let node = Node { at, data: scalar(text.into_owned(), style) };
                if anchor > 0 {
                    self.count(1, bytes, at)?; // the copy kept for the aliases
                    let node = node.clone();
                    self.anchors.insert(anchor, Anchored { node, depth: 0, nodes: 1, bytes });
                }
                self.place(node, 0)
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), at)?;
                self.start(at, anchor, OpenKind::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_tag(tag.is_some(), at)?;
                let (entries, seen) = (Vec::new(), HashMap::new());
                self.start(at, anchor, OpenKind::Map { entries, seen, key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.repeat(anchor, at),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn start(&mut self, at: Position, anchor: usize, kind: OpenKind) -> Result<(), Problem> {
        if matches!(self.open.last(), Some(Open { kind: OpenKind::Map { key: None, .. }, .. })) {
            return self.fail(at, NO_KEY);
        }
        self.refuse_depth(self.open.len() + 1, at)?;
        let (nodes_before, bytes_before) = (self.nodes, self.bytes);
        self.count(1, 0, at)?;
        self.open.push(Open { at, anchor, depth_below: 0, nodes_before, bytes_before, kind });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Problem> {
        let Some(closed) = self.open.pop() else { return Ok(()) };
        let data = match closed.kind {
            OpenKind::List(items) => Data::List(items),
            OpenKind::Map { entries, .. } => Data::Map(entries),
        };
        let node = Node { at: closed.at, data };
        let depth = closed.depth_below + 1;
        if closed.anchor > 0 {
            let nodes = self.nodes - closed.nodes_before;
            let bytes = self.bytes - closed.bytes_before;
            self.count(nodes, bytes, closed.at)?; // the copy kept for the aliases
            let node = node.clone();
            self.anchors.insert(closed.anchor, Anchored { node, depth, nodes, bytes });
        }
        self.place(node, depth)
    }

    fn repeat(&mut self, anchor: usize, at: Position) -> Result<(), Problem> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return self.fail(at, "the alias stands inside the value it repeats");
        };
        let (depth, nodes, bytes) = (anchored.depth, anchored.nodes, anchored.bytes);
        self.refuse_depth(self.open.len() + depth, at)?;
        self.count(nodes, bytes, at)?; // before the copy, so that a bomb is never built
        match self.anchors.get(&anchor) {
            Some(anchored) => self.place(anchored.node.clone(), depth),
            None => Ok(()),
        }
    }

    /// Puts a finished value where it belongs: in its list, under its key, or at the top.
    fn place(&mut self, node: Node, depth: usize) -> Result<(), Problem> {
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.depth_below = open.depth_below.max(depth);
        match &mut open.kind {
            OpenKind::List(items) => items.push(node),
            OpenKind::Map { key, .. } => match key.take() {
                Some((name, at)) => self.place_value(name, at, node),
                None => return self.place_key(node),
            },
        }
        Ok(())
    }

    fn place_key(&mut self, node: Node) -> Result<(), Problem> {
        let at = node.at;
        let Data::Scalar(scalar) = node.data else { return self.fail(at, NO_KEY) };
        if scalar.is_plain && scalar.text == "<<" {
            return self.fail(
                at,
                "merging with \"<<\" is not supported; use an alias for the whole value",
            );
        }
        if let Some(Open { kind: OpenKind::Map { key, .. }, .. }) = self.open.last_mut() {
            *key = Some((scalar.text, at));
        }
        Ok(())
    }

    fn place_value(&mut self, name: String, at: Position, node: Node) {
        let Some(Open { kind: OpenKind::Map { entries, seen, .. }, .. }) = self.open.last_mut()
        else {
            return;
        };
        if let Some(first) = seen.get(&name).copied() {
            let name = quote(&name);
            let message = format!("the key {name} is given twice, first at line {}", first.line);
            let path = path(&self.open);
            return self.report.problem(at, &path, message);
        }
        seen.insert(name.clone(), at);
        entries.push(Entry { key: name, at, value: node });
    }

    fn refuse_tag(&self, has_tag: bool, at: Position) -> Result<(), Problem> {
        match has_tag {
            true => self.fail(
                at,
                "tags (words that start with \"!\") are not supported; a value that starts with \
                 \"!\" needs quotes",
            ),
            false => Ok(()),
        }
    }

    fn refuse_depth(&self, depth: usize, at: Position) -> Result<(), Problem> {
        match depth > MAX_DEPTH {
            true => self.fail(at, &format!("nested more than {MAX_DEPTH} levels deep")),
            false => Ok(()),
        }
    }

    fn count(&mut self, nodes: usize, bytes: usize, at: Position) -> Result<(), Problem> {
        self.nodes += nodes;
        self.bytes += bytes;
        if self.nodes > MAX_NODES || self.bytes > MAX_EXPANDED_BYTES {
            return self.fail(at, &format!(
                "the file is too large with its aliases written out: more than {MAX_NODES} values \
                 or {MAX_EXPANDED_BYTES} bytes"
            ));
        }
        Ok(())
    }

    fn fail(&self, at: Position, message: &str) -> Result<(), Problem> {
        Err(self.report.make(at, &path(&self.open), message))
    }

    fn syntax_error(&self, text: &str, error: &ScanError) -> Problem {
        let at = position(error.marker());
        let line = text.lines().nth(at.line.saturating_sub(1)).unwrap_or_default();
        let hint = if line.trim_start_matches(' ').starts_with('\t') {
            "; indent with spaces, YAML allows no tabs here"
        } else if line.contains("${") {
            "; put \"${NAME}\" in quotes inside { } and [ ]"
        } else {
            ""
        };
        let message = format!("cannot read this as YAML: {}{hint}", error.info());
        self.report.make(at, &path(&self.open), message)
    }
}

fn scalar(text: String, style: ScalarStyle) -> Data {
    match style {
        ScalarStyle::Plain => {
            let kind = core_kind(&text);
            Data::Scalar(Scalar { text, kind, is_plain: true, variables: Vec::new() })
        }
        ScalarStyle::SingleQuoted
        | ScalarStyle::DoubleQuoted
        | ScalarStyle::Literal
        | ScalarStyle::Folded => {
            let kind = ScalarKind::String;
            Data::Scalar(Scalar { text, kind, is_plain: false, variables: Vec::new() })
        }
    }
}

fn plain(text: &str) -> Data {
    scalar(text.to_owned(), ScalarStyle::Plain)
}

/// The way to the value being read.
fn path(open: &[Open]) -> Path {
    let mut path = Path::default();
    for (level, open) in open.iter().enumerate() {
        path = match &open.kind {
            OpenKind::List(items) => path.index(items.len()),
            OpenKind::Map { key: Some((name, _)), .. } => path.child(name),
            OpenKind::Map { key: None, .. } if level == 0 => Path::default(),
            OpenKind::Map { key: None, .. } => path,
        };
    }
    path
}

fn position(marker: &Marker) -> Position {
    Position { line: marker.line(), column: marker.col() + 1 }
}

/// YAML knows no control characters but tab and line ends, and the parser takes NUL for the end.
fn find_control(text: &str) -> Option<(Position, char)> {
    let (offset, c) = text
        .char_indices()
        .find(|(_, c)| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}'))?;
    Some((position_of(text, offset), c))
}

/// The place of a byte, which must be the start of a character or the end of the text.
pub(crate) fn position_of(text: &str, offset: usize) -> Position {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Position {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}
