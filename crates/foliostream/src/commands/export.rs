//! `export`: a topic, a table or a summary as a file.

use anyhow::{Context, Result};
use model::Timestamp;
use tokio::task::block_in_place;
use topology::{Column, Format as Written, Formats};
use transfer::{Destination, Exported, Stores};

use crate::cli::{Cli, Export, FileFormat, Format};
use crate::commands::run::load;
use crate::output;
use crate::platform::Platform;

pub async fn run(cli: &Cli, args: &Export) -> Result<()> {
    let format = match args.file_format {
        FileFormat::Csv => Written::Csv,
        FileFormat::Json => Written::Json,
        FileFormat::Parquet => Written::Parquet,
        FileFormat::Xlsx => Written::Xlsx,
        FileFormat::Xml => Written::Xml,
    };
    let time = |text: &Option<String>, name: &str| -> Result<Option<Timestamp>> {
        let Some(text) = text else { return Ok(None) };
        text.parse().map(Some).with_context(|| format!("reading {name} {text:?}"))
    };
    let export = transfer::Export::new(&args.what, format, &Formats::default())?;
    let columns: Vec<Column> = args.columns.iter().map(|name| name.as_str().into()).collect();
    let mut export = export.columns(&columns)?;
    export.since = time(&args.since, "--since")?;
    export.until = time(&args.until, "--until")?;
    let platform = Platform::running(cli)?;
    let wiring = platform.look(&cli.prefix).await?;
    let stores = match topology::in_store(&args.to) {
        Some(_) => Stores::open(&load(cli, &args.topology)?.stores, &wiring.clock)?,
        None => Stores::default(),
    };
    let destination = Destination::find(&stores, &args.root, &args.to, wiring.clock.now())?;
    let exported = block_in_place(|| export.write(&wiring, &destination, &mut || Ok(())))?;
    if cli.format == Format::Json {
        return output::json(&exported);
    }
    let Exported { file, rows, sha256, .. } = &exported;
    output::line(&format!("{}: {rows} rows, sha256 {sha256}", file.display()));
    Ok(())
}
