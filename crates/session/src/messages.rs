//! Frames that hold an array of JSON messages, each of which says in one of its keys what it is.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use component::{Bad, OrBad};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A message that borrows from the frame it was read from.
pub trait Message<'a>: Sized {
    /// The key that says what it is.
    const KEY: &'static str;

    /// Reads the other fields of a message of this kind.
    fn read<D: Deserializer<'a>>(kind: &str, rest: D) -> Result<Self, D::Error>;
}

/// What becomes of the messages of a frame.
pub trait Intake<M> {
    /// Takes a message in, or says what is wrong with it.
    fn take(&mut self, message: M) -> Result<(), Bad>;

    /// Sets aside the bytes of a message, or of a whole frame, that could not be taken in.
    fn set_aside(&mut self, raw: &[u8], bad: Bad);

    /// Forgets everything that was taken of this frame: it is about to come again.
    fn begin_again(&mut self);
}

/// Hands over every message of a frame, one by one: a bad one does not spoil the others.
pub fn messages<'a, M: Message<'a>>(frame: &'a [u8], intake: &mut impl Intake<M>) {
    let Ok(text) = std::str::from_utf8(frame) else {
        return intake.set_aside(frame, Bad::new("", "the frame is not UTF-8"));
    };
    // Nearly every frame is understood in one pass. What turns out bad still needs its bytes.
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let each = Each { intake: &mut *intake, message: PhantomData };
    if deserializer.deserialize_seq(each).is_ok() && deserializer.end().is_ok() {
        return;
    }
    intake.begin_again();
    match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(list) => {
            for raw in list {
                if let Err(bad) = message(raw.get()).and_then(|message| intake.take(message)) {
                    intake.set_aside(raw.get().as_bytes(), bad);
                }
            }
        }
        Err(error) => intake.set_aside(frame, Bad::new("", error)),
    }
}

/// One message, wherever its key stands, at the cost of a second pass.
pub fn message<'a, M: Message<'a>>(text: &'a str) -> Result<M, Bad> {
    let bad = |error: serde_json::Error| Bad::new("", error);
    let fields: HashMap<String, &RawValue> = serde_json::from_str(text).map_err(bad)?;
    let kind = fields.get(M::KEY).or_bad(M::KEY)?;
    let kind: &str = serde_json::from_str(kind.get()).map_err(bad)?;
    M::read(kind, &mut serde_json::Deserializer::from_str(text)).map_err(bad)
}

struct Each<'i, I, M> {
    intake: &'i mut I,
    message: PhantomData<M>,
}

impl<'de, M: Message<'de>, I: Intake<M>> Visitor<'de> for Each<'_, I, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(message) = seq.next_element_seed(KeyFirst(PhantomData))? {
            self.intake.take(message).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}

/// Reads the fields after the key straight into what it says: one pass, nothing in between.
struct KeyFirst<M>(PhantomData<M>);

impl<'de, M: Message<'de>> DeserializeSeed<'de> for KeyFirst<M> {
    type Value = M;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<M, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, M: Message<'de>> Visitor<'de> for KeyFirst<M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a message whose first key is {:?}", M::KEY)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<M, A::Error> {
        if map.next_key::<&str>()? != Some(M::KEY) {
            return Err(A::Error::custom("another key comes first"));
        }
        let kind: &str = map.next_value()?;
        M::read(kind, MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Trade<'a> {
        name: &'a str,
        size: u32,
    }

    impl<'a> Message<'a> for Trade<'a> {
        const KEY: &'static str = "ev";

        fn read<D: Deserializer<'a>>(kind: &str, rest: D) -> Result<Self, D::Error> {
            match kind {
                "T" => Self::deserialize(rest),
                _ => Err(D::Error::custom("unknown kind")),
            }
        }
    }

    /// What was taken, what was set aside, and how often it came again.
    #[derive(Default)]
    struct Log(Vec<String>, Vec<String>, u32);

    impl Intake<Trade<'_>> for Log {
        fn take(&mut self, trade: Trade<'_>) -> Result<(), Bad> {
            if trade.size == 0 {
                return Err(Bad::new("size", "zero"));
            }
            self.0.push(format!("{} {}", trade.name, trade.size));
            Ok(())
        }

        fn set_aside(&mut self, raw: &[u8], _: Bad) {
            self.1.push(String::from_utf8_lossy(raw).into_owned());
        }

        fn begin_again(&mut self) {
            self.0.clear();
            self.2 += 1;
        }
    }

    fn read(frame: &str) -> Log {
        let mut log = Log::default();
        messages(frame.as_bytes(), &mut log);
        log
    }

    const GOOD: &str = r#"{"ev":"T","name":"A","size":1}"#;

    #[test]
    fn a_good_frame_is_read_once() {
        let log = read(&format!("[{GOOD},{GOOD}]"));
        assert_eq!((log.0.len(), log.1.len(), log.2), (2, 0, 0));
    }

    #[test]
    fn a_bad_message_is_set_aside_alone() {
        for bad in [
            r#"{"ev":"T","name":"A","size":0}"#,
            r#"{"ev":"Z","name":"A","size":1}"#,
            r#"{"name":"A","size":1}"#,
            r#"{"ev":7}"#,
            "[]",
            "7",
        ] {
            let log = read(&format!("[{GOOD},{bad},{GOOD}]"));
            assert_eq!((log.0.len(), &log.1[..]), (2, &[bad.to_owned()][..]), "{bad}");
        }
    }

    #[test]
    fn the_key_may_stand_anywhere() {
        let last = r#"{"size":1,"other\u0020one":[2],"name":"A","ev":"T"}"#;
        let log = read(&format!("[{GOOD},{last}]"));
        assert_eq!(log.0, ["A 1", "A 1"]);
        assert_eq!(message::<Trade<'_>>(r#"{"size":1}"#).unwrap_err().field, "ev");
    }

    #[test]
    fn what_is_no_frame_is_set_aside_whole() {
        for text in ["", "{}", "null", "[", "[1] 2"] {
            assert_eq!(read(text).1, [text], "{text:?}");
        }
        let mut log = Log::default();
        messages(&[0xff], &mut log);
        assert_eq!(log.1.len(), 1);
        assert!(read("[]").1.is_empty());
    }
}
