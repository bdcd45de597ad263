//! What people ask of a modem while the daemon runs: SIM, cells, networks. Each test is a
//! sentence, under the virtual clock.

use crate::sim;

use std::time::Duration;

use sim::fault::{Effect, Fault, On};
use sim::modem::{Network, Setup, Sim};
use sim::world::{MINUTE, SECOND, World};
use tokio::time::Instant;
use uwand::mbim::Status as MbimStatus;
use uwand::mbim::messages::basic::SetPin;
use uwand::mbim::messages::cells::{BaseStations, LteNeighbour, LteServing};
use uwand::mbim::messages::network::VisibleProviders;
use uwand::ubus::{Error, Status};

use uwand::json::{Value, json};

const LONG: Duration = Duration::from_secs(300);

async fn ask(w: &World, method: &str, arguments: Value) -> Result<Value, (Status, Value)> {
    w.bus.invoke("uwand", method, &arguments, LONG).await.map_err(|error| match error {
        Error::Refused { status, data } => (status, data),
        other => panic!("{method}: {other}"),
    })
}

/// A router whose one interface waits for the SIM's PIN.
fn locked(tries: u32, scenario: impl AsyncFnOnce(&World)) {
    let sim = Sim { pin_tries: tries, ..Sim::locked("1234") };
    World::run(Setup { sim: Some(sim), ..Setup::default() }, async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.error_within("PIN_REQUIRED", 30 * SECOND).await;
        scenario(w).await;
    });
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
    Setup { cells: Some(cells), ..Setup::default() }
}

fn up(setup: Setup, scenario: impl AsyncFnOnce(&World)) {
    World::run(setup, async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.up_within(30 * SECOND).await;
        scenario(w).await;
    });
}

#[test]
fn a_sim_that_a_person_unlocks_lets_the_blocked_link_go_on() {
    locked(3, async |w| {
        let status = ask(w, "sim", json!({})).await.unwrap();
        assert_eq!((&status["sim"], &status["lock"]), (&json!("pin-required"), &json!("pin")));
        assert_eq!((&status["enabled"], &status["tries"]), (&json!(true), &json!(3)));
        let unlocked = ask(w, "sim", json!({"action": "unlock", "pin": "1234"})).await.unwrap();
        assert_eq!((&unlocked["sim"], &unlocked["lock"]), (&json!("ready"), &json!("none")));
        w.up_within(30 * SECOND).await;
    });
}

#[test]
fn a_wrong_pin_is_refused_with_the_tries_left() {
    locked(3, async |w| {
        let (status, data) = ask(w, "sim", json!({"action": "unlock", "pin": "9999"})).await.unwrap_err();
        assert_eq!((status, &data["tries"]), (Status::UnknownError, &json!(2)));
        assert!(data["error"].as_str().unwrap().contains("refused"), "{data}");
    });
}

#[test]
fn the_last_try_is_kept_unless_forced() {
    locked(1, async |w| {
        let (status, data) = ask(w, "sim", json!({"action": "unlock", "pin": "1234"})).await.unwrap_err();
        assert_eq!((status, &data["tries"]), (Status::InvalidCommand, &json!(1)));
        assert!(data["error"].as_str().unwrap().contains("without force"), "{data}");
        assert_eq!(w.modem.count_of_set::<SetPin>(), 0);
        ask(w, "sim", json!({"action": "unlock", "pin": "1234", "force": true})).await.unwrap();
        w.up_within(30 * SECOND).await;
    });
}

#[test]
fn what_is_no_pin_is_never_sent() {
    locked(3, async |w| {
        for arguments in [
            json!({"action": "unlock"}),
            json!({"action": "unlock", "pin": "12x4"}),
            json!({"action": "open", "pin": "1234"}),
        ] {
            let (status, data) = ask(w, "sim", arguments).await.unwrap_err();
            assert_eq!(status, Status::InvalidArgument);
            assert!(data["error"].is_string());
        }
        assert_eq!(w.modem.pin_tries(), Some(3));
        assert_eq!(w.modem.count_of_set::<SetPin>(), 0);
    });
}

#[test]
fn a_blocked_sim_is_unblocked_by_its_puk_and_gets_a_new_pin() {
    let sim = Sim { pin_tries: 0, ..Sim::locked("1234") };
    World::run(Setup { sim: Some(sim), ..Setup::default() }, async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.error_within("PUK_REQUIRED", 30 * SECOND).await;
        let (_, data) = ask(w, "sim", json!({"action": "unlock", "pin": "1234"})).await.unwrap_err();
        assert_eq!((&data["lock"], &data["tries"]), (&json!("puk"), &json!(10)));
        let wrong = json!({"action": "unblock", "puk": "00000000", "new_pin": "4321"});
        assert_eq!(ask(w, "sim", wrong).await.unwrap_err().1["puk_tries"], 9);
        let right = json!({"action": "unblock", "puk": "11223344", "new_pin": "4321"});
        assert_eq!(ask(w, "sim", right).await.unwrap()["lock"], "none");
        w.up_within(30 * SECOND).await;
    });
}

#[test]
fn a_pin_can_be_enabled_changed_and_disabled() {
    up(Setup::default(), async |w| {
        let enabled = ask(w, "sim", json!({"action": "pin_enable", "pin": "1234"})).await.unwrap();
        assert_eq!((&enabled["enabled"], &enabled["lock"]), (&json!(true), &json!("none")));
        let wrong = json!({"action": "pin_change", "pin": "1111", "new_pin": "5678"});
        assert_eq!(ask(w, "sim", wrong).await.unwrap_err().1["tries"], 2);
        let change = json!({"action": "pin_change", "pin": "1234", "new_pin": "5678"});
        ask(w, "sim", change).await.unwrap();
        let disabled = ask(w, "sim", json!({"action": "pin_disable", "pin": "5678"})).await.unwrap();
        assert_eq!(disabled["enabled"], false);
        assert_eq!(w.of_interface("state").await, "up");
    });
}

#[test]
fn cells_come_with_band_and_levels() {
    up(in_cell(), async |w| {
        let cells = ask(w, "cells", json!({})).await.unwrap();
        let serving = &cells["serving"][0];
        assert_eq!(
            (&serving["technology"], &serving["band"], &serving["earfcn"]),
            (&json!("lte"), &json!("B3"), &json!(1300))
        );
        assert_eq!((&serving["pci"], &serving["tac"]), (&json!(42), &json!(1234)));
        assert_eq!((&serving["cell_id"], &serving["mcc_mnc"]), (&json!(0x0abc_de01), &json!("00101")));
        assert_eq!((&serving["rsrp"], &serving["rsrq"]), (&json!(-95), &json!(-10.0)));
        let neighbour = &cells["neighbours"][0];
        assert_eq!((&neighbour["band"], &neighbour["cell_id"]), (&json!("B20"), &Value::Null));
        assert_eq!(cells["note"], Value::Null);
        let signal = ask(w, "signal", json!({})).await.unwrap();
        assert_eq!(signal["modems"][0]["cells"][0]["band"], "B3");
    });
}

#[test]
fn a_modem_that_lists_no_cells_tells_of_its_own_and_says_so() {
    up(Setup::default(), async |w| {
        let cells = ask(w, "cells", json!({})).await.unwrap();
        assert_eq!(cells["serving"][0]["mcc_mnc"], "00101");
        assert_eq!(cells["serving"][0]["rssi"], -73);
        assert_eq!(cells["neighbours"], json!([]));
        assert!(cells["note"].as_str().unwrap().contains("does not list cells"));
    });
}

#[test]
fn a_scan_takes_minutes_and_a_second_one_is_told_to_wait() {
    let network = Network { scan_takes: 2 * MINUTE, ..Network::default() };
    up(Setup { network, ..Setup::default() }, async |w| {
        let begin = Instant::now();
        let second = async {
            tokio::time::sleep(SECOND).await;
            ask(w, "scan", json!({})).await
        };
        let (first, second) = tokio::join!(ask(w, "scan", json!({})), second);
        let networks = first.unwrap()["networks"].clone();
        assert!(begin.elapsed() >= 2 * MINUTE);
        assert_eq!(
            networks[0],
            json!({"mcc_mnc": "00101", "operator": "Test Net", "state": "current",
            "rssi": -73})
        );
        assert_eq!(networks[1]["state"], "forbidden");
        let (status, data) = second.unwrap_err();
        assert_eq!(status, Status::InvalidCommand);
        assert!(data["error"].as_str().unwrap().contains("busy"), "{data}");
        // Free again.
        assert!(ask(w, "scan", json!({})).await.is_ok());
    });
}

#[test]
fn who_cannot_wait_for_a_scan_asks_for_what_it_found() {
    let network = Network { scan_takes: 2 * MINUTE, ..Network::default() };
    up(Setup { network, ..Setup::default() }, async |w| {
        let recent = async || ask(w, "scan", json!({ "recent": true })).await.unwrap();
        assert_eq!(recent().await, json!({"modem": "1-1.2", "scanning": false}));
        let impatient = w.bus.invoke("uwand", "scan", &json!({}), 5 * SECOND).await;
        assert!(impatient.is_err());
        assert_eq!(recent().await["scanning"], true);
        w.pass(150).await;
        let found = recent().await;
        assert_eq!((&found["scanning"], &found["networks"][0]["mcc_mnc"]), (&json!(false), &json!("00101")));
        assert!(found["ago"].as_u64().is_some_and(|ago| (30..=40).contains(&ago)), "{found}");
    });
}

#[test]
fn a_scan_that_never_ends_is_given_up_and_the_link_stays() {
    up(Setup::default(), async |w| {
        w.modem.fault(Fault::new(On::message::<VisibleProviders>(), Effect::Deaf));
        let begin = Instant::now();
        assert_eq!(ask(w, "scan", json!({})).await.unwrap_err().0, Status::Timeout);
        assert!(begin.elapsed() <= 190 * SECOND);
        assert_eq!(w.of_interface("state").await, "up");
    });
}

#[test]
fn a_refusal_says_which_modem_is_missing_or_what_the_modem_said() {
    World::run(Setup::default(), async |w| {
        let (status, data) = ask(w, "cells", json!({})).await.unwrap_err();
        assert_eq!(status, Status::NotFound);
        assert!(data["error"].as_str().unwrap().contains("no modem is open"), "{data}");
        assert_eq!(ask(w, "scan", json!({"modem": "9-9"})).await.unwrap_err().0, Status::NotFound);
        w.ifup(json!({ "apn": "internet" }));
        w.up_within(30 * SECOND).await;
        let refuse = Effect::Refuse(MbimStatus::NoDeviceSupport);
        w.modem.fault(Fault::new(On::message::<VisibleProviders>(), refuse));
        let (status, data) = ask(w, "scan", json!({"modem": "1-1.2"})).await.unwrap_err();
        assert_eq!(status, Status::NotSupported);
        assert!(data["error"].is_string());
    });
}
