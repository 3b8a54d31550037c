//! What an import's settings mean, once they are known to make sense.

use std::path::PathBuf;

use component::{Mapping, Marks, event_kind};
use encoding_rs::Encoding;
use topology::{Compression, Format, Formats};

use crate::{Error, Stores};

/// An import that can be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the user calls it.
    pub name: String,
    /// Where its files are.
    pub from: String,
    /// Folder for the rows that are refused.
    pub rejects: PathBuf,
    pub(crate) stores: Stores,
    pub(crate) is_insecure: bool,
    pub(crate) format: Format,
    pub(crate) compression: Compression,
    pub(crate) encoding: &'static Encoding,
    pub(crate) table: Table,
    pub(crate) items: Vec<String>,
    pub(crate) mapping: Mapping,
    pub(crate) id: Vec<String>,
}

/// How CSV is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub delimiter: u8,
    pub quote: u8,
    pub has_header: bool,
    pub skip_lines: u32,
}

impl Plan {
    /// Checks an import; the error names the setting that is wrong.
    pub fn new(name: &str, import: &topology::Import, formats: &Formats) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Plan(format!("data_import.imports.{name}.{reason}"));
        let kind = event_kind(&import.event)
            .ok_or_else(|| wrong(format!("event: there is no {:?}", import.event)))?;
        let mapping = Mapping::new(kind, &import.fields, !import.id.is_empty()).map_err(wrong)?;
        let marks = Marks {
            decimal: import.decimal_mark.unwrap_or(Marks::default().decimal),
            group: import.group_mark,
        };
        if marks.group == Some(marks.decimal) {
            return Err(wrong("group_mark: it is the mark before the decimals too".to_owned()));
        }
        let label = import.encoding.as_deref().unwrap_or("utf-8");
        let encoding = Encoding::for_label(label.as_bytes())
            .ok_or_else(|| wrong(format!("encoding: {label:?} is not known")))?;
        let delimiter = import.delimiter.unwrap_or(formats.csv.delimiter);
        let quote = import.quotechar.unwrap_or(formats.csv.quotechar);
        let (delimiter, quote) = (ascii(delimiter), ascii(quote));
        let table = Table {
            delimiter: delimiter.map_err(|reason| wrong(format!("delimiter: {reason}")))?,
            quote: quote.map_err(|reason| wrong(format!("quotechar: {reason}")))?,
            has_header: import.header,
            skip_lines: import.skip_lines,
        };
        let plan = Self {
            name: name.to_owned(),
            from: import.from.clone(),
            rejects: PathBuf::from(&import.rejects),
            stores: Stores::default(),
            is_insecure: import.insecure,
            format: import.format,
            compression: import.compression,
            encoding,
            table,
            items: import
                .items
                .split('.')
                .filter(|name| !name.is_empty())
                .map(Into::into)
                .collect(),
            mapping: mapping.marks(marks),
            id: import.id.clone(),
        };
        plan.check().map_err(wrong)?;
        Ok(plan)
    }

    /// The same, whose files may be in stores.
    #[must_use]
    pub fn stores(self, stores: Stores) -> Self {
        Self { stores, ..self }
    }

    fn check(&self) -> Result<(), String> {
        let is_number = |column: &str| column.parse::<usize>().is_ok_and(|number| number > 0);
        match self.format {
            Format::Csv if !self.table.has_header => match self.columns().find(|c| !is_number(c)) {
                Some(column) => Err(format!(
                    "fields: {column:?} is not a column's number; without a header columns have \
                     no names"
                )),
                None => Ok(()),
            },
            Format::Csv if !self.items.is_empty() => Err("items: a CSV file has none".to_owned()),
            Format::Xml if self.items.is_empty() => {
                Err("items: say which element is a row, such as report.trades.trade".to_owned())
            }
            Format::Parquet if !self.items.is_empty() => {
                Err("items: a Parquet file has none".to_owned())
            }
            Format::Parquet
                if !matches!(self.compression, Compression::Auto | Compression::None) =>
            {
                Err("compression: a Parquet file is packed within".to_owned())
            }
            Format::Xlsx => {
                Err("format: workbooks are written, not read; save the sheet as CSV".to_owned())
            }
            Format::Csv | Format::Json | Format::Parquet | Format::Xml => Ok(()),
        }
    }

    /// The columns that are read.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.mapping.paths().chain(self.id.iter().map(String::as_str))
    }

    /// What checkpoints, dead letters and the source of events are called.
    pub fn instance(&self) -> String {
        format!("import.{}", self.name)
    }
}

fn ascii(mark: char) -> Result<u8, String> {
    let byte = u8::try_from(mark).ok().filter(|b| b.is_ascii() && !matches!(b, b'\n' | b'\r'));
    byte.ok_or_else(|| format!("{mark:?} is not one ASCII character"))
}
