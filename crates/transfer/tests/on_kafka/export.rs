//! Exports.

use std::fs;

use model::{Event, EventId, Head, InstrumentId, PortfolioCash, PortfolioPosition, Timestamp};
use serde_json::{Value, json};
use tokio::task::block_in_place;
use topology::{Format, Formats};
use transfer::{Destination, Error, Export, Exported};

use crate::world::{World, threads, world};

fn head(number: i64) -> Head {
    Head::new(EventId::of(&["export", &number.to_string()]), Timestamp(number * 1_000_000_000))
}

fn position(number: i64, symbol: &str, quantity: i64, cost: i64) -> Event {
    PortfolioPosition {
        account: "main".into(),
        instrument: InstrumentId::from(symbol),
        quantity: quantity.into(),
        cost: cost.into(),
        currency: "USD".into(),
        ..PortfolioPosition::blank(head(number))
    }
    .into()
}

fn cash(number: i64, amount: i64) -> Event {
    PortfolioCash {
        account: "main".into(),
        currency: "USD".into(),
        cash: amount.into(),
        ..PortfolioCash::blank(head(number))
    }
    .into()
}

fn export(world: &World, export: Export, to: &str) -> Exported {
    let destination = Destination::new(world.folder.path(), to, Timestamp(0)).unwrap();
    block_in_place(|| export.write(&world.wiring, &destination, &mut || Ok(()))).unwrap()
}

#[test]
fn a_table_has_the_last_row_of_each_key() {
    threads().block_on(async {
        let world = world().await;
        world.publish([
            position(1, "BAC.US", 5, 50),
            position(2, "F.US", -3, 30),
            position(3, "BAC.US", 7, 70),
            cash(4, 1_000),
        ]);
        let columns = ["instrument", "quantity"].map(topology::Column::from);
        let positions = Export::new("positions", Format::Csv, &Formats::default()).unwrap();
        let positions = positions.columns(&columns).unwrap();
        let exported = export(&world, positions, "out/positions-{date}.csv");
        let text = fs::read_to_string(&exported.file).unwrap();
        assert_eq!(text, "instrument,quantity\r\nBAC.US,7\r\nF.US,-3\r\n");
        assert!(exported.file.ends_with("out/positions-1970-01-01.csv"));

        let manifest = format!("{}.manifest.json", exported.file.display());
        let manifest: Value = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
        assert_eq!((&manifest["rows"], &manifest["bytes"]), (&json!(2), &json!(text.len())));
        assert_eq!(manifest["sha256"], json!(exported.sha256));
        let topic = world.wiring.names.topic("portfolio.positions");
        assert_eq!(manifest["offsets"][topic]["0"], json!([0, 3]));

        let summary = Export::new("portfolio_summary", Format::Json, &Formats::default()).unwrap();
        let exported = export(&world, summary, "file://portfolio_summary.json");
        let rows: Value = serde_json::from_slice(&fs::read(exported.file).unwrap()).unwrap();
        assert_eq!(
            rows,
            json!([{
                "account": "main", "currency": "USD", "cash": "1000", "positions": 2,
                "long_cost": "70", "short_cost": "30", "realized_profit": "0",
                "as_of": "1970-01-01T00:00:04Z",
            }])
        );
        let wrong = Export::new("holdings", Format::Csv, &Formats::default()).unwrap_err();
        assert!(matches!(wrong, Error::Plan(_)), "{wrong}");
    });
}
