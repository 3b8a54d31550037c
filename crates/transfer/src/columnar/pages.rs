//! What a Parquet file says about its own sizes, looked at before anything is unpacked: a file of
//! a few bytes can claim to hold any number of them.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::read::MultiGzDecoder;
use parquet::basic::{Compression, Type};
use parquet::file::metadata::ColumnChunkMetaData;

/// Bytes of a page, packed or not. Writers end them after about one MiB.
const MAX_PAGE_BYTES: u64 = 16 << 20;
/// Bytes of what is said about a page.
const MAX_HEADER_BYTES: u64 = 64 << 10;
/// Bytes of what is said about a file.
const MAX_FOOTER_BYTES: u64 = 64 << 20;
/// Groups of fields within each other.
const MAX_DEPTH: usize = 32;
/// Bytes that an unpacked value takes in memory beside its own.
const SLOT_BYTES: u64 = 32;
/// The beginning and the end of every file.
const MAGIC: &[u8; 4] = b"PAR1";
/// The length of the footer and the end of the file.
const TAIL_BYTES: u64 = 8;

/// Ways to write values that take no more memory than their page: `PLAIN`, `PLAIN_DICTIONARY`,
/// `RLE`, `DELTA_BINARY_PACKED`, `RLE_DICTIONARY` and `BYTE_STREAM_SPLIT`.
const ENCODINGS: [i64; 6] = [0, 2, 3, 5, 8, 9];
/// Those of them that need a dictionary.
const BY_DICTIONARY: [i64; 2] = [2, 8];

/// Looks at the end of a file: its length, and how deep its columns are nested.
pub(super) fn check_footer(file: &File) -> Result<(), String> {
    let told = |error: io::Error| error.to_string();
    let mut file = file;
    let length = file.metadata().map_err(told)?.len();
    let mut tail = [0; TAIL_BYTES as usize];
    if length < TAIL_BYTES + MAGIC.len() as u64 {
        return Err("it is too short for a Parquet file".to_owned());
    }
    file.seek(SeekFrom::Start(length - TAIL_BYTES)).map_err(told)?;
    file.read_exact(&mut tail).map_err(told)?;
    let [a, b, c, d, magic @ ..] = tail;
    let footer = u64::from(u32::from_le_bytes([a, b, c, d]));
    match &magic {
        magic if magic == MAGIC => {}
        b"PARE" => return Err("it is encrypted, which is not read".to_owned()),
        _ => return Err("it does not end as a Parquet file does".to_owned()),
    }
    if footer > MAX_FOOTER_BYTES || footer > length - TAIL_BYTES - MAGIC.len() as u64 {
        return Err(format!("its footer claims {footer} bytes"));
    }
    file.seek(SeekFrom::Start(length - TAIL_BYTES - footer)).map_err(told)?;
    let mut thrift = Thrift::new(BufReader::new(file), footer);
    thrift.schema()
}

/// Looks at every page of a column, and says how much memory the largest and the dictionary take.
pub(super) fn check_pages(
    file: &File,
    chunk: &ColumnChunkMetaData,
    rows: u64,
) -> Result<u64, String> {
    let packed = match chunk.compression() {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::ZSTD(_) => false,
        Compression::GZIP(_) => true,
        other => {
            return Err(format!("it is packed by {other}; none, snappy, gzip and zstd are read"));
        }
    };
    let descr = chunk.column_descr();
    if descr.physical_type() == Type::FIXED_LEN_BYTE_ARRAY && descr.type_length() < 1 {
        return Err("its values have no length".to_owned());
    }
    let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
    let (start, left) = match (u64::try_from(start), u64::try_from(chunk.compressed_size())) {
        (Ok(start), Ok(left)) => (start, left),
        _ => return Err("it has no place in the file".to_owned()),
    };
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    let end = start.checked_add(left).filter(|end| *end <= length);
    let end = end.ok_or("it reaches beyond the end of the file")?;
    let (mut at, mut dictionary, mut largest) = (start, None, 0);
    while at < end {
        let (page, header) = Page::read(file, at)?;
        let body = at + header;
        page.check(rows, dictionary.is_some())?;
        at = body.checked_add(page.packed).filter(|at| *at <= end).ok_or("a page is cut off")?;
        if packed && page.is_packed {
            page.unpack(file, body)?;
        }
        let bytes = page.unpacked + page.packed;
        match page.kind {
            Kind::Dictionary => {
                dictionary = Some(bytes + page.values.saturating_mul(SLOT_BYTES));
            }
            Kind::Data => largest = largest.max(bytes),
        }
    }
    Ok(largest + dictionary.unwrap_or_default())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Data,
    Dictionary,
}

/// What is said about a page.
#[derive(Debug)]
struct Page {
    kind: Kind,
    packed: u64,
    unpacked: u64,
    values: u64,
    encoding: i64,
    /// Bytes before its values that are never packed.
    levels: u64,
    is_packed: bool,
}

impl Page {
    /// Reads what stands before a page, and says how long that is.
    fn read(mut file: &File, at: u64) -> Result<(Self, u64), String> {
        file.seek(SeekFrom::Start(at)).map_err(|error| error.to_string())?;
        let mut thrift = Thrift::new(BufReader::new(file), MAX_HEADER_BYTES);
        let mut found = Vec::new();
        thrift.structure(0, &mut found, 0)?;
        let said = |group: i64, field: i64| {
            let mut values = found.iter().filter(|(g, f, _)| (*g, *f) == (group, field));
            match (values.next(), values.next()) {
                (Some((_, _, value)), None) => Ok(*value),
                (None, _) => Err("a page does not say what it is".to_owned()),
                (Some(_), Some(_)) => Err("a page says two things about itself".to_owned()),
            }
        };
        let size = |value: i64| u64::try_from(value).map_err(|_| "a page has no size".to_owned());
        let or_none = |group, field| match said(group, field) {
            Ok(value) => size(value),
            Err(_) => Ok(0),
        };
        let (kind, group, encoding) = match said(0, 1)? {
            0 => (Kind::Data, 5, 2),
            2 => (Kind::Dictionary, 7, 2),
            3 => (Kind::Data, 8, 4),
            other => return Err(format!("a page of kind {other} is not known")),
        };
        let page = Self {
            kind,
            unpacked: size(said(0, 2)?)?,
            packed: size(said(0, 3)?)?,
            values: size(said(group, 1)?)?,
            encoding: said(group, encoding)?,
            levels: if group == 8 { or_none(8, 5)? + or_none(8, 6)? } else { 0 },
            is_packed: group != 8 || said(8, 7).map_or(true, |flag| flag == 1),
        };
        Ok((page, thrift.read))
    }

    fn check(&self, rows: u64, has_dictionary: bool) -> Result<(), String> {
        let largest = self.packed.max(self.unpacked);
        if largest > MAX_PAGE_BYTES {
            return Err(format!(
                "a page has {largest} bytes, where {MAX_PAGE_BYTES} are the limit"
            ));
        }
        if !ENCODINGS.contains(&self.encoding) {
            let known = "plain values, dictionaries, runs, packed deltas and split bytes are read";
            return Err(format!("its values are written in way {}; {known}", self.encoding));
        }
        match self.kind {
            Kind::Dictionary if has_dictionary => Err("it has two dictionaries".to_owned()),
            Kind::Dictionary if self.values > self.unpacked => {
                Err(format!("its dictionary claims {} values", self.values))
            }
            Kind::Data if self.values > rows => {
                Err(format!("a page claims {} values of {rows} rows", self.values))
            }
            Kind::Data if BY_DICTIONARY.contains(&self.encoding) && !has_dictionary => {
                Err("its dictionary is missing".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Unpacks a page into nothing: gzip does not stop at the size that was claimed.
    fn unpack(&self, mut file: &File, at: u64) -> Result<(), String> {
        let wrong = |error: io::Error| format!("a page cannot be unpacked: {error}");
        let packed = self.packed.checked_sub(self.levels).ok_or("a page is cut off")?;
        let expected = self.unpacked.checked_sub(self.levels).ok_or("a page is cut off")?;
        if expected == 0 {
            return Ok(());
        }
        file.seek(SeekFrom::Start(at + self.levels)).map_err(wrong)?;
        let unpacked = MultiGzDecoder::new(BufReader::new(file.take(packed)));
        let count = io::copy(&mut unpacked.take(expected + 1), &mut io::sink()).map_err(wrong)?;
        match count == expected {
            true => Ok(()),
            false => Err("a page is not as large as it says".to_owned()),
        }
    }
}

/// Thrift's compact protocol, as far as sizes are concerned.
struct Thrift<R> {
    input: R,
    read: u64,
    limit: u64,
}

/// Numbers that were found: the field that they are below, their own, and the number.
type Found = Vec<(i64, i64, i64)>;

const STOP: u8 = 0;
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const SET: u8 = 10;
const MAP: u8 = 11;
const STRUCT: u8 = 12;

impl<R: Read> Thrift<R> {
    fn new(input: R, limit: u64) -> Self {
        Self { input, read: 0, limit }
    }

    fn pass(&mut self, count: u64) -> Result<(), String> {
        let read = self.read.checked_add(count).filter(|read| *read <= self.limit);
        self.read = read.ok_or("what it says about itself has no end")?;
        Ok(())
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.pass(1)?;
        let mut byte = [0];
        self.input.read_exact(&mut byte).map_err(|error| error.to_string())?;
        Ok(byte[0])
    }

    fn unsigned(&mut self) -> Result<u64, String> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a number in it has no end".to_owned())
    }

    fn signed(&mut self) -> Result<i64, String> {
        let value = self.unsigned()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// The kind and the number of the next field.
    fn field(&mut self, last: &mut i64) -> Result<Option<u8>, String> {
        let byte = self.byte()?;
        let (delta, kind) = (byte >> 4, byte & 0x0f);
        if kind == STOP {
            return Ok(None);
        }
        *last = match delta {
            0 => self.signed()?,
            delta => last.saturating_add(i64::from(delta)),
        };
        Ok(Some(kind))
    }

    /// Reads a group of fields; numbers that are in it, or in a group right below, are found.
    fn structure(&mut self, group: i64, found: &mut Found, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err("what it says about itself is nested too deeply".to_owned());
        }
        let mut id = 0;
        while let Some(kind) = self.field(&mut id)? {
            match kind {
                TRUE | FALSE if depth < 2 => found.push((group, id, i64::from(kind == TRUE))),
                4..=6 => {
                    let number = self.signed()?;
                    if depth < 2 {
                        found.push((group, id, number));
                    }
                }
                STRUCT => self.structure(id, found, depth + 1)?,
                kind => self.skip(kind, depth)?,
            }
        }
        Ok(())
    }

    fn skip(&mut self, kind: u8, depth: usize) -> Result<(), String> {
        match kind {
            TRUE | FALSE => Ok(()),
            3 => self.bytes(1),
            4..=6 => self.unsigned().map(|_| ()),
            7 => self.bytes(8),
            BINARY => {
                let length = self.unsigned()?;
                self.bytes(length)
            }
            LIST | SET => {
                let (kind, count) = self.list()?;
                (0..count).try_for_each(|_| self.item(kind, depth + 1))
            }
            MAP => {
                let count = self.unsigned()?;
                let kinds = if count > 0 { self.byte()? } else { 0 };
                (0..count).try_for_each(|_| {
                    self.item(kinds >> 4, depth + 1)?;
                    self.item(kinds & 0x0f, depth + 1)
                })
            }
            STRUCT => self.structure(0, &mut Vec::new(), depth + 2),
            other => Err(format!("it has a field of kind {other}, which is not known")),
        }
    }

    /// An item of a list, where a truth value has a byte of its own.
    fn item(&mut self, kind: u8, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err("what it says about itself is nested too deeply".to_owned());
        }
        match kind {
            TRUE | FALSE => self.bytes(1),
            kind => self.skip(kind, depth),
        }
    }

    fn list(&mut self) -> Result<(u8, u64), String> {
        let byte = self.byte()?;
        let count = match byte >> 4 {
            15 => self.unsigned()?,
            few => u64::from(few),
        };
        Ok((byte & 0x0f, count))
    }

    fn bytes(&mut self, count: u64) -> Result<(), String> {
        self.pass(count)?;
        let passed = io::copy(&mut self.input.by_ref().take(count), &mut io::sink());
        match passed.map_err(|error| error.to_string())? == count {
            true => Ok(()),
            false => Err("it ends too soon".to_owned()),
        }
    }

    /// Reads as far as the columns of a file, which are said to be within each other by how many
    /// are below each.
    fn schema(&mut self) -> Result<(), String> {
        let mut id = 0;
        while let Some(kind) = self.field(&mut id)? {
            if (id, kind) != (2, LIST) {
                self.skip(kind, 0)?;
                continue;
            }
            let (kind, count) = self.list()?;
            if kind != STRUCT {
                break;
            }
            let mut open: Vec<i64> = Vec::new();
            for _ in 0..count {
                let mut found = Vec::new();
                self.structure(0, &mut found, 0)?;
                while open.last() == Some(&0) {
                    open.pop();
                }
                if let Some(left) = open.last_mut() {
                    *left -= 1;
                }
                let below = found.iter().filter(|(group, field, _)| (*group, *field) == (0, 5));
                open.push(below.map(|(_, _, below)| (*below).max(0)).max().unwrap_or_default());
                if open.len() > MAX_DEPTH {
                    return Err("its columns are nested too deeply".to_owned());
                }
            }
            return Ok(());
        }
        Err("it does not say which columns it has".to_owned())
    }
}
