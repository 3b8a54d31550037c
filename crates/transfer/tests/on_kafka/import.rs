//! Imports.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use model::{Event, Timestamp};
use serde_json::json;
use tokio::task::block_in_place;
use topology::{Format, Formats};
use transfer::{Destination, Export, Imported, Input, Plan, Stores};

use crate::mock::S3;
use crate::world::{World, threads, world};

fn plan(world: &World, more: serde_json::Value) -> Plan {
    let mut settings = json!({
        "from": "unused", "format": "csv", "event": "Bar",
        "rejects": world.folder.path().join("rejects"),
        "fields": {
            "instrument": { "symbol": "symbol", "venue": "US" },
            "interval": { "constant": "1d" },
            "event_time": { "from": "day", "format": "%Y-%m-%d" },
            "open": "open", "high": "high", "low": "low", "close": "close", "volume": "volume",
            "adjustment": { "constant": "raw" }, "is_final": { "constant": true },
        },
    });
    for (name, value) in more.as_object().unwrap() {
        settings[name] = value.clone();
    }
    let import: topology::Import = serde_json::from_value(settings).unwrap();
    Plan::new("bars", &import, &Formats::default()).unwrap()
}

/// Rows of a symbol; every thousandth is bad.
fn rows(count: usize) -> String {
    let mut text = "day,symbol,open,high,low,close,volume\n".to_owned();
    for row in 1..=count {
        let high = if row % 1_000 == 0 { "high" } else { "2.50" };
        writeln!(text, "2024-01-02,S{row},1.50,{high},1.25,2.00,{row}").unwrap();
    }
    text
}

fn import(world: &World, plan: &Plan, path: &Path) -> Imported {
    let input = Input::of_path(path);
    block_in_place(|| transfer::import(&world.wiring, plan, &input, &mut |_| ())).unwrap()
}

fn counts(imported: &Imported) -> [u64; 4] {
    [imported.rows, imported.published, imported.repeated, imported.refused]
}

#[test]
fn a_bad_row_in_a_thousand_is_set_aside_with_its_line() {
    threads().block_on(async {
        let world = world().await;
        let plan = plan(&world, json!({}));
        let path = world.folder.path().join("day.csv");
        fs::write(&path, rows(45_000)).unwrap();
        let imported = import(&world, &plan, &path);
        assert_eq!(counts(&imported), [45_000, 44_955, 0, 45]);

        let rejects = fs::read_to_string(imported.rejects.unwrap()).unwrap();
        let lines: Vec<&str> = rejects.lines().collect();
        assert_eq!((lines.len(), lines[0]), (46, "line,column,reason,row"));
        assert!(lines[1].starts_with("1001,high,"), "{}", lines[1]);
        assert!(lines[45].contains("S45000"), "{}", lines[45]);

        let ids: BTreeSet<_> =
            world.events("market.bars").iter().map(|bar| bar.head().event_id).collect();
        assert_eq!(ids.len(), 44_955);
        let letters = world.events("dead.letters");
        assert_eq!(letters.len(), 45);
        let Event::DeadLetter(letter) = &letters[0] else { panic!("a letter") };
        assert!(letter.reason.starts_with("line 1001 of "), "{}", letter.reason);
        assert_eq!(letter.field.as_deref(), Some("high"));
    });
}

#[test]
fn the_same_rows_are_published_once_whatever_the_file_is_called() {
    threads().block_on(async {
        let world = world().await;
        let plan = plan(&world, json!({}));
        let [first, second] = ["a.csv", "b.csv"].map(|name| world.folder.path().join(name));
        fs::write(&first, rows(1_500)).unwrap();
        assert_eq!(counts(&import(&world, &plan, &first)), [1_500, 1_499, 0, 1]);
        assert_eq!(counts(&import(&world, &plan, &first)), [1_500, 0, 1_500, 0]);
        fs::write(&second, rows(2_500)).unwrap();
        assert_eq!(counts(&import(&world, &plan, &second)), [2_500, 999, 1_500, 1]);
        assert_eq!(world.events("market.bars").len(), 2_498);
    });
}

#[test]
fn rows_with_ids_are_known_in_other_files() {
    threads().block_on(async {
        let world = world().await;
        let plan = plan(&world, json!({ "id": ["day", "symbol"] }));
        let [first, second] = ["a.csv", "b.csv"].map(|name| world.folder.path().join(name));
        fs::write(&first, rows(10)).unwrap();
        assert_eq!(counts(&import(&world, &plan, &first)), [10, 10, 0, 0]);
        // One row is put right, the others are what they were.
        fs::write(&second, rows(10).replace("S3,1.50", "S3,1.60")).unwrap();
        assert_eq!(counts(&import(&world, &plan, &second)), [10, 1, 9, 0]);
    });
}

#[test]
fn what_is_packed_or_written_in_another_way_is_read_too() {
    use std::io::Write as _;
    threads().block_on(async {
        let world = world().await;
        let folder = world.folder.path();
        let packed = folder.join("day.csv.gz");
        let mut gzip = flate2::write::GzEncoder::new(
            fs::File::create(&packed).unwrap(),
            flate2::Compression::fast(),
        );
        gzip.write_all(rows(20).as_bytes()).unwrap();
        gzip.finish().unwrap();
        assert_eq!(counts(&import(&world, &plan(&world, json!({})), &packed)), [20, 20, 0, 0]);

        let german = plan(
            &world,
            json!({
                "delimiter": ";", "decimal_mark": ",", "group_mark": ".",
                "encoding": "windows-1252",
            }),
        );
        let path = folder.join("german.csv");
        let text = b"symbol;day;open;high;low;close;volume\n\
              M\xdcV;2024-01-02;1.234,5;2.000;1;1;7\n";
        fs::write(&path, text).unwrap();
        assert_eq!(counts(&import(&world, &german, &path)), [1, 1, 0, 0]);

        let xml = plan(&world, json!({ "format": "xml", "items": "days.day" }));
        let xml_fields = "<day>2024-01-02</day><symbol>X</symbol><open>1</open><high>1</high>\
                          <low>1</low><close>1</close><volume>1</volume>";
        let path = folder.join("days.xml");
        fs::write(&path, format!("<days><day>{xml_fields}</day><day/></days>")).unwrap();
        assert_eq!(counts(&import(&world, &xml, &path)), [2, 1, 0, 1]);

        let list = plan(&world, json!({ "format": "json", "items": "data.rows" }));
        let path = folder.join("days.json");
        let row = r#"{"day":"2024-01-02","symbol":"J","open":1.10,"high":2,"low":1,"#.to_owned()
            + r#""close":1,"volume":1}"#;
        fs::write(&path, format!("{{\"data\":{{\"rows\":[{row},\n{{}}, {row}")).unwrap();
        let imported = import(&world, &list, &path);
        assert_eq!(counts(&imported), [3, 2, 0, 1]);
        assert!(imported.broken.unwrap().contains("line 2: the file ends before its list does"));

        let Event::Bar(bar) = &world.events("market.bars")[20] else { panic!("a bar") };
        assert_eq!(
            (&*bar.symbol, bar.open.to_string(), bar.high.to_string()),
            ("MÜV", "1234.5".to_owned(), "2000".to_owned())
        );
    });
}

#[test]
fn an_object_of_a_store_is_read_once_for_each_of_its_versions() {
    threads().block_on(async {
        let world = world().await;
        let store = S3::serve().await;
        let stores = BTreeMap::from([("a".to_owned(), topology::Store::S3(store.settings()))]);
        let stores = Stores::open(&stores, &world.wiring.clock).unwrap();
        let plan = plan(&world, json!({})).stores(stores);
        let pass = async || {
            let found = Input::find(&plan, "s3://a/in/*.csv", &world.wiring.clock).await.unwrap();
            let fresh = block_in_place(|| transfer::unseen(&world.wiring, &plan, found)).unwrap();
            let import = |input: &Input| {
                let imported =
                    block_in_place(|| transfer::import(&world.wiring, &plan, input, &mut |_| ()));
                counts(&imported.unwrap())
            };
            fresh.iter().map(import).collect::<Vec<_>>()
        };
        store.put("in/1.csv", rows(10));
        store.put("in/empty.csv", rows(0));
        assert_eq!(pass().await, [[10, 10, 0, 0], [0, 0, 0, 0]]);
        assert_eq!(store.count("GET /archive/in/"), 2);
        assert!(pass().await.is_empty());
        assert_eq!(store.count("GET /archive/in/"), 2);
        // Of one that has grown the new rows are published; the same rows elsewhere are known.
        store.put("in/1.csv", rows(12));
        store.put("in/2.csv", rows(12));
        assert_eq!(pass().await, [[12, 2, 10, 0], [12, 0, 12, 0]]);
        assert!(pass().await.is_empty());
        assert_eq!(world.events("market.bars").len(), 12);
    });
}

#[test]
fn an_export_to_parquet_is_an_import_again() {
    threads().block_on(async {
        let world = world().await;
        let path = world.folder.path().join("day.csv");
        fs::write(&path, rows(2_500)).unwrap();
        assert_eq!(counts(&import(&world, &plan(&world, json!({})), &path)), [2_500, 2_498, 0, 2]);
        let export = Export::new("market.bars", Format::Parquet, &Formats::default()).unwrap();
        let to = Destination::new(world.folder.path(), "bars.parquet", Timestamp(0)).unwrap();
        let exported = block_in_place(|| export.write(&world.wiring, &to, &mut || Ok(()))).unwrap();
        assert_eq!(exported.rows, 2_498);

        let again = plan(
            &world,
            json!({
                "format": "parquet",
                "fields": {
                    "instrument": "instrument", "symbol": "symbol", "interval": "interval",
                    "event_time": "event_time", "open": "open", "high": "high", "low": "low",
                    "close": "close", "volume": "volume",
                    "adjustment": { "constant": "raw" }, "is_final": "is_final",
                    // The names of Parquet's columns are those of the events.
                    "end_time": "end_time",
                },
            }),
        );
        let imported = import(&world, &again, &exported.file);
        assert_eq!(counts(&imported), [2_498, 2_498, 0, 0], "{:?}", imported.broken);
        let bars = world.events("market.bars");
        let prices = |event: &Event| match event {
            Event::Bar(bar) => (bar.symbol.clone(), bar.open, bar.high, bar.head.event_time),
            _ => panic!("a bar"),
        };
        let (first, second) = bars.split_at(2_498);
        let mut first: Vec<_> = first.iter().map(prices).collect();
        let mut second: Vec<_> = second.iter().map(prices).collect();
        first.sort();
        second.sort();
        assert_eq!(first, second);
        assert_eq!(counts(&import(&world, &again, &exported.file)), [2_498, 0, 2_498, 0]);
    });
}
