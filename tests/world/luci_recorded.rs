//! What the LuCI pages are tested with (tests/luci/recorded) is what the daemon says in the
//! simulated world, with identities masked. `UWAND_RECORD=1` writes the files anew.
//!
//! A daemon may say more than was recorded; what the pages were tested with it has to say still.

use crate::sim;

use std::path::PathBuf;
use std::time::Duration;

use sim::modem::{Setup, Sim};
use sim::world::{SECOND, World};
use uwand::mbim::messages::cells::{BaseStations, LteNeighbour, LteServing};
use uwand::sms::address::Address;
use uwand::sms::compose::{Options, compose};
use uwand::sms::pdu::{Deliver, Pdu, Tpdu};
use uwand::sms::time::Timestamp;

use uwand::json::{Map, Value, json};

const LONG: Duration = Duration::from_secs(300);
const FROM: &str = "+15550100018";
const TIME: Timestamp = Timestamp([0x62, 0x11, 0x02, 0x21, 0x43, 0x65, 0x40]);

fn coming(text: &str, reference: u8) -> Vec<Vec<u8>> {
    let options = Options { reference, ..Options::default() };
    let deliver = |body| Deliver {
        from: Address::new(FROM).expect("a number"),
        protocol: 0,
        time: TIME,
        body,
        more: false,
        report: false,
        reply_path: false,
    };
    let encode = |body| Pdu { centre: None, tpdu: Tpdu::Deliver(deliver(body)) }.encode().expect("fits").0;
    compose(FROM, text, &options).expect("fits").into_iter().map(|part| encode(part.body)).collect()
}

fn in_cell() -> Setup {
    let serving = LteServing {
        provider: "00101".into(),
        cell: 0x0abc_de01,
        earfcn: 1300,
        pci: 42,
        tac: 1234,
        rsrp: -95,
        rsrq: -10,
        timing_advance: u32::MAX,
    };
    let neighbour = LteNeighbour {
        cell: u32::MAX,
        earfcn: 6300,
        pci: 7,
        tac: u32::MAX,
        rsrp: -110,
        rsrq: -14,
        ..LteNeighbour::default()
    };
    let cells =
        BaseStations { lte: Some(serving), lte_neighbours: vec![neighbour], ..BaseStations::default() };
    Setup { cells: Some(cells), sim: Some(Sim { verified: true, ..Sim::locked("1234") }), ..Setup::default() }
}

/// Without what identifies a person, and without the paths of this world.
fn masked(value: Value) -> Value {
    match value {
        Value::Object(table) => Value::Object(table.into_iter().map(masked_member).collect::<Map>()),
        Value::Array(list) => Value::Array(list.into_iter().map(masked).collect()),
        Value::String(text) => match text.rsplit_once("/dev/") {
            Some((_, name)) => json!(format!("/dev/{name}")),
            None => Value::String(text),
        },
        other => other,
    }
}

fn masked_member((key, value): (String, Value)) -> (String, Value) {
    let hidden = match (key.as_str(), &value) {
        ("imei" | "iccid" | "imsi", Value::String(text)) => {
            json!(format!("{}***", text.chars().take(2).collect::<String>()))
        }
        ("numbers", _) => json!(["+1555***"]),
        _ => masked(value),
    };
    (key, hidden)
}

fn check(name: &str, told: Value) {
    let told = masked(told);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/luci/recorded/{name}.json"));
    if std::env::var_os("UWAND_RECORD").is_some() {
        std::fs::write(&path, format!("{told:#}\n")).expect("written");
    }
    let recorded = std::fs::read_to_string(&path).unwrap_or_default();
    let recorded: Value = uwand::json::from_str(&recorded).unwrap_or_default();
    assert!(!recorded.is_null(), "no recording of {name}: UWAND_RECORD=1 writes it");
    still_told(name, &recorded, &told);
}

/// Every member of the recording is told, and is of the same kind.
fn still_told(path: &str, recorded: &Value, told: &Value) {
    match (recorded, told) {
        (Value::Object(recorded), Value::Object(told)) => {
            for (key, value) in recorded {
                let now = told.get(key).unwrap_or_else(|| panic!("{path}.{key} is not told any more"));
                still_told(&format!("{path}.{key}"), value, now);
            }
        }
        (Value::Array(recorded), Value::Array(told)) => {
            assert_eq!(recorded.is_empty(), told.is_empty(), "{path}");
            for (recorded, told) in recorded.iter().zip(told) {
                still_told(path, recorded, told);
            }
        }
        _ => assert_eq!(std::mem::discriminant(recorded), std::mem::discriminant(told), "{path}"),
    }
}

async fn ask(w: &World, method: &str, arguments: Value) -> Value {
    w.bus.invoke("uwand", method, &arguments, LONG).await.unwrap_or_else(|error| panic!("{method}: {error}"))
}

#[test]
fn the_pages_are_tested_with_what_the_daemon_says() {
    World::run(in_cell(), async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.up_within(30 * SECOND).await;
        for (reference, text) in ["Hello from the simulated network", &"Parts make one message. ".repeat(9)]
            .into_iter()
            .enumerate()
        {
            let reference = u8::try_from(reference).expect("two");
            coming(text, reference).into_iter().for_each(|pdu| w.modem.deliver(pdu));
        }
        w.pass(600).await;
        let mut status = w.status().await;
        status["version"] = json!("test");
        check("status", status);
        for method in ["signal", "cells", "scan", "sim", "sms_list"] {
            check(method, ask(w, method, json!({})).await);
        }
    });
}
