//! A feed that polls over a session.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use component::{Bad, Clock, Item, Result};
use session::{Fields, Layouts, Poll, Polled, RawOptions, Session, Talk, Trouble, Turn};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

/// More than makes one batch, and no multiple of it.
const LISTED: usize = 1_300;

struct Line {
    session: Session,
    layouts: Layouts,
}

impl Talk for Line {
    fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    fn read<'a>(&self, frame: &'a [u8]) -> Result<Option<Fields<'a>>, Bad> {
        self.layouts.read(frame, 1)
    }
}

/// Tells every number that is listed.
struct List;

impl Polled<Line> for List {
    type Cursor = Vec<i64>;

    fn ask(&mut self, _line: &mut Line) -> Result<()> {
        Ok(())
    }

    fn take(
        &mut self,
        fields: &Fields<'_>,
        turn: &mut Turn<'_, Line, Vec<i64>>,
    ) -> Result<(), Trouble> {
        turn.batch.cursor.push(fields.int("number")?);
        Ok(())
    }

    fn settle(&mut self, turn: &mut Turn<'_, Line, Vec<i64>>) {
        let raw = turn.batch.cursor.len().to_string();
        turn.batch.items.push(Item::Bad { raw: raw.into_bytes(), bad: Bad::new("", "a mark") });
    }
}

#[tokio::test]
async fn of_a_long_list_nothing_is_left_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = RawOptions::new("127.0.0.1", listener.local_addr().unwrap().port());
    let (session, accepted) = tokio::join!(Session::open_raw(&options), listener.accept());
    let mut server = accepted.unwrap().0;
    let layouts = Layouts::parse("1 item number", str::is_empty).unwrap();
    let line = Line { session: session.unwrap(), layouts };
    let mut poll = Poll::new(line, &Clock::system(), 60, List);
    let mut cursor = poll.read(&Vec::new()).await.unwrap().cursor;

    let listed: Vec<i64> = (0..LISTED as i64).collect();
    let packets = listed.iter().flat_map(|number| {
        let body = format!("1\0{number}\0");
        [&(body.len() as u32).to_be_bytes(), body.as_bytes()].concat()
    });
    server.write_all(&packets.collect::<Vec<u8>>()).await.unwrap();
    while cursor.len() < LISTED {
        let read = tokio::time::timeout(Duration::from_secs(5), poll.read(&cursor));
        cursor = read.await.expect("a number is missing").unwrap().cursor;
    }
    assert_eq!(cursor, listed);
}
