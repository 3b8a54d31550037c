//! Which encoding a connection speaks, by the version that both sides agreed on.

use crate::settings::Versions;
use crate::text;
use crate::text::Misread;
use crate::wire::{Answer, Request};

/// The last version of text.
pub const TEXT: i32 = 178;
/// The first version in which every message is protobuf, and the newest.
pub const PROTOBUF: i32 = 213;
pub const NEWEST: i32 = 226;
/// Added to the number of a message whose payload is protobuf.
const PROTOBUF_IDS: u32 = 200;

pub enum Codec {
    Text(text::Codec),
    Protobuf,
}

/// Versions that one side can speak, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub min: i32,
    pub max: i32,
}

/// What a client says of itself before anything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    pub versions: Range,
    /// Asks the server to delay what comes too fast instead of refusing it.
    pub paced: bool,
}

impl Hello {
    /// `v157..178`, or `v157`, perhaps followed by options.
    pub fn parse(frame: &[u8]) -> Option<Hello> {
        let text = std::str::from_utf8(frame).ok()?;
        let (range, options) = text.split_once(' ').unwrap_or((text, ""));
        let range = range.strip_prefix('v')?;
        let (min, max) = range.split_once("..").unwrap_or((range, range));
        let versions = Range { min: min.parse().ok()?, max: max.parse().ok()? };
        let sane = versions.min <= versions.max && versions.min > 0;
        sane.then(|| Hello { versions, paced: options.contains("PACEAPI") })
    }
}

/// The version to speak with a client, if there is one. Between text and protobuf lie versions
/// that mix both; nobody needs them.
pub fn agree(client: Range, server: &Versions) -> Option<i32> {
    let version = match server.forced {
        Some(forced) => forced,
        None if client.max >= PROTOBUF => client.max.min(NEWEST),
        None => client.max.min(TEXT),
    };
    let spoken =
        (server.oldest..=TEXT).contains(&version) || (PROTOBUF..=NEWEST).contains(&version);
    (spoken && (client.min..=client.max).contains(&version)).then_some(version)
}

impl Codec {
    pub fn new(version: i32) -> Codec {
        if version >= PROTOBUF { Codec::Protobuf } else { Codec::Text(text::Codec::new(version)) }
    }

    /// As it is called in the transcript.
    pub fn name(&self) -> &'static str {
        match self {
            Codec::Text(_) => "text",
            Codec::Protobuf => "protobuf",
        }
    }

    pub fn decode(&self, body: &[u8]) -> Result<Request, Misread> {
        let Codec::Protobuf = self else {
            let Codec::Text(codec) = self else { return Err(Misread::Unknown) };
            return codec.decode(body);
        };
        let Some((id, payload)) = body.split_first_chunk::<4>() else {
            return Err(Misread::Unknown);
        };
        let id = u32::from_be_bytes(*id).checked_sub(PROTOBUF_IDS).ok_or(Misread::Unknown)?;
        let request = Request::decode(id, payload).ok_or(Misread::Unknown)?;
        request.map_err(|error| {
            let value = error.to_string();
            Misread::Field(text::Unreadable { field: 0, value })
        })
    }

    /// The body of the frame to send, if there is one in this encoding.
    pub fn encode(&self, answer: &Answer) -> Option<Vec<u8>> {
        match self {
            Codec::Text(codec) => codec.encode(answer),
            Codec::Protobuf => {
                let id = answer.id() + PROTOBUF_IDS;
                Some([&id.to_be_bytes()[..], &answer.payload()].concat())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_on_a_version() {
        let check = |hello: &str, forced: Option<i32>, version: Option<i32>| {
            let hello = Hello::parse(hello.as_bytes());
            let server = Versions { forced, ..Versions::default() };
            let agreed = hello.and_then(|hello| agree(hello.versions, &server));
            assert_eq!(agreed, version);
        };
        check("v157..178", None, Some(178));
        check("v100..173", None, Some(173));
        check("v100..200", None, Some(178));
        check("v213..226 +PACEAPI", None, Some(226));
        check("v100..225", None, Some(225));
        check("v100..230", None, Some(226));
        check("v100..225", Some(178), Some(178));
        check("v213..226", Some(178), None);
        check("v179..212", None, None);
        check("v227..230", None, None);
        check("v100..140", None, None);
        for nonsense in ["", "v", "v1..", "178", "v9..3", "v-4..7", "\u{1}"] {
            check(nonsense, None, None);
        }
        assert!(Hello::parse(b"v157..178 +PACEAPI").is_some_and(|hello| hello.paced));
    }
}
