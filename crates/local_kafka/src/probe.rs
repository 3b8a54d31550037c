//! Asks a broker whether it serves clients, in Kafka's own protocol.
//!
//! An open port is not enough: it opens before the broker may lead partitions, and it may belong
//! to another program.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const METADATA: i16 = 3;
const FIND_COORDINATOR: i16 = 10;
const DESCRIBE_GROUPS: i16 = 15;
const INIT_PRODUCER_ID: i16 = 22;
const DESCRIBE_TRANSACTIONS: i16 = 65;

/// What Kafka says while a coordinator is on its way: loading, not available, elsewhere.
const COORDINATOR_NOT_READY: [i16; 3] = [14, 15, 16];

/// Each belongs to another of the four partitions that coordinate groups, and transactions.
const KEYS: [&str; 4] = ["a", "b", "c", "d"];

/// An answer takes milliseconds; a stuck one is asked for again.
const ANSWER_DEADLINE: Duration = Duration::from_secs(2);

/// One broker and no topics are answered in a few dozen bytes.
const MAX_ANSWER_BYTES: usize = 16 << 10;

/// Whether the broker of this cluster answers on the port, leads itself, and coordinates groups
/// and transactions. (The first question for a coordinator makes Kafka create its topic. A client
/// that comes before the coordinator has loaded it waits half a second before it asks again.)
pub(crate) async fn serves(port: u16, cluster: &str) -> bool {
    matches!(tokio::time::timeout(ANSWER_DEADLINE, ask(port, cluster)).await, Ok(Ok(true)))
}

async fn ask(port: u16, cluster: &str) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)).await?;
    // Version 2, no topics: an empty array.
    let metadata = exchange(&mut stream, METADATA, 2, &0_i32.to_be_bytes()).await?;
    let mut serves = leads(&metadata, cluster).unwrap_or(false);
    for kind in [0, 1] {
        let answer = exchange(&mut stream, FIND_COORDINATOR, 1, &coordinator_of(kind)).await?;
        serves &= coordinates(&answer, 4).unwrap_or(false);
    }
    for key in KEYS {
        let answer = exchange(&mut stream, DESCRIBE_GROUPS, 0, &group(key)).await?;
        serves &= coordinates(&answer, 4).unwrap_or(false);
        let answer = exchange(&mut stream, DESCRIBE_TRANSACTIONS, 0, &transaction(key)).await?;
        serves &= coordinates(&answer, 6).unwrap_or(false);
    }
    // Kafka fetches its first producer ids when they are first asked for.
    let answer = exchange(&mut stream, INIT_PRODUCER_ID, 0, &producer()).await?;
    Ok(serves & coordinates(&answer, 4).unwrap_or(false))
}

async fn exchange(
    stream: &mut TcpStream,
    api: i16,
    version: i16,
    body: &[u8],
) -> std::io::Result<Vec<u8>> {
    const CLIENT: &str = "local_kafka";
    let length = 2 + 2 + 4 + 2 + CLIENT.len() + body.len();
    // In one piece: two would wait for each other's acknowledgement.
    let mut request = Vec::with_capacity(4 + length);
    request.extend((length as i32).to_be_bytes());
    request.extend(api.to_be_bytes());
    request.extend(version.to_be_bytes());
    request.extend(1_i32.to_be_bytes());
    request.extend((CLIENT.len() as i16).to_be_bytes());
    request.extend(CLIENT.as_bytes());
    request.extend(body);
    stream.write_all(&request).await?;

    let size = stream.read_i32().await?;
    let size = usize::try_from(size).ok().filter(|size| (4..=MAX_ANSWER_BYTES).contains(size));
    let Some(size) = size else {
        return Err(std::io::Error::other("not an answer of Kafka's"));
    };
    let mut answer = vec![0; size];
    stream.read_exact(&mut answer).await?;
    Ok(answer.split_off(4)) // the correlation id
}

/// Metadata response, version 2. A broker that may not lead yet is not in its own list.
fn leads(answer: &[u8], cluster: &str) -> Option<bool> {
    let mut fields = Fields(answer);
    let brokers = fields.int()?;
    for _ in 0..brokers {
        fields.int()?;
        fields.text()?;
        fields.int()?;
        fields.text()?;
    }
    Some(brokers > 0 && fields.text()? == cluster.as_bytes())
}

/// FindCoordinator request, version 1: a key, and 0 for a group or 1 for a transactional id.
fn coordinator_of(kind: u8) -> Vec<u8> {
    const KEY: &str = "local_kafka.probe";
    let mut body = Vec::from((KEY.len() as i16).to_be_bytes());
    body.extend(KEY.as_bytes());
    body.push(kind);
    body
}

/// DescribeGroups request, version 0: an array of one name.
fn group(key: &str) -> Vec<u8> {
    let mut body = Vec::from(1_i32.to_be_bytes());
    body.extend((key.len() as i16).to_be_bytes());
    body.extend(key.as_bytes());
    body
}

/// DescribeTransactions request, version 0, in the compact encoding: the header ends with no
/// tagged fields, then comes an array of one id, then no tagged fields. Lengths count one more.
fn transaction(key: &str) -> Vec<u8> {
    let mut body = vec![0, 2, key.len() as u8 + 1];
    body.extend(key.as_bytes());
    body.push(0);
    body
}

/// InitProducerId request, version 0: no transactional id, so the timeout counts for nothing.
fn producer() -> Vec<u8> {
    [(-1_i16).to_be_bytes().as_slice(), &1000_i32.to_be_bytes()].concat()
}

/// Whether the first error code of an answer, at its place, is another than "not yet". Before it
/// are the throttle time or the length of an array, and in the compact encoding both.
fn coordinates(answer: &[u8], place: usize) -> Option<bool> {
    let mut fields = Fields(answer);
    fields.take(place)?;
    let code = i16::from_be_bytes(fields.take(2)?.try_into().ok()?);
    Some(!COORDINATOR_NOT_READY.contains(&code))
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn int(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// A length of -1 stands for null, which reads as empty here.
    fn text(&mut self) -> Option<&'a [u8]> {
        let length = i16::from_be_bytes(self.take(2)?.try_into().ok()?);
        self.take(usize::try_from(length).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_answer_is_no_answer() {
        let mut answer = Vec::from(1_i32.to_be_bytes());
        answer.extend(1_i32.to_be_bytes());
        answer.extend([0, 1, b'h']);
        answer.extend(9092_i32.to_be_bytes());
        answer.extend([0xff, 0xff]);
        answer.extend([0, 2, b'i', b'd']);
        assert_eq!(leads(&answer, "id"), Some(true));
        assert_eq!(leads(&answer, "other"), Some(false));
        for length in 0..answer.len() {
            assert_eq!(leads(&answer[..length], "id"), None, "{length}");
        }
        assert_eq!(leads(&[0, 0, 0, 0, 0, 0], "id"), Some(false));
    }
}
