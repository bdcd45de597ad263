//! What people ask of a modem, where it speaks QMI: the same methods, the same replies.

use crate::sim;

use std::time::Duration;

use sim::modem::{self, Network, Sim};
use sim::qmi::{QmiModem, Setup};
use sim::world::{SECOND, World};
use uwand::ubus::{Error, Notice, Status};

use uwand::json::{Value, json};

type Qmi = World<QmiModem>;

async fn ask(w: &Qmi, method: &str, arguments: Value) -> Result<Value, (Status, Value)> {
    let limit = Duration::from_secs(300);
    w.bus.invoke("uwand", method, &arguments, limit).await.map_err(|error| match error {
        Error::Refused { status, data } => (status, data),
        other => panic!("{method}: {other}"),
    })
}

fn up(setup: Setup, scenario: impl AsyncFnOnce(&Qmi)) {
    World::run_qmi(setup, async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.up_within(30 * SECOND).await;
        w.settle().await;
        scenario(w).await;
    });
}

#[test]
fn a_sim_that_a_person_unlocks_lets_the_blocked_link_go_on() {
    let base = modem::Setup { sim: Some(Sim::locked("1234")), ..modem::Setup::default() };
    World::run_qmi(Setup { base, ..Setup::default() }, async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.error_within("PIN_REQUIRED", 30 * SECOND).await;
        let status = ask(w, "sim", json!({})).await.unwrap();
        let expected = json!({"modem": status["modem"], "sim": "pin-required", "lock": "pin", "enabled": true,
            "tries": 3, "pin_tries": 3, "puk_tries": 10});
        assert_eq!(status, expected);
        let (_, data) = ask(w, "sim", json!({"action": "unlock", "pin": "9999"})).await.unwrap_err();
        assert_eq!(data["tries"], 2, "{data}");
        let unlocked = ask(w, "sim", json!({"action": "unlock", "pin": "1234"})).await.unwrap();
        assert_eq!((&unlocked["sim"], &unlocked["lock"]), (&json!("ready"), &json!("none")));
        w.up_within(30 * SECOND).await;
    });
}

#[test]
fn networks_are_found_with_their_technology() {
    let network = Network { scan_takes: 100 * SECOND, ..Network::default() };
    let base = modem::Setup { network, ..modem::Setup::default() };
    up(Setup { base, ..Setup::default() }, async |w| {
        let found = ask(w, "scan", json!({})).await.unwrap();
        assert_eq!(
            found["networks"][0],
            json!({"mcc_mnc": "00101", "operator": "Test Net",
            "state": "current", "technology": "lte", "home": true})
        );
        assert_eq!(found["networks"][1]["state"], "forbidden");
    });
}

#[test]
fn cells_are_told_as_far_as_the_modem_knows_them() {
    up(Setup::default(), async |w| {
        let cells = ask(w, "cells", json!({})).await.unwrap();
        assert_eq!(cells["serving"][0]["technology"], "lte", "{cells}");
        assert!(cells["serving"][0]["rsrp"].is_number(), "{cells}");
    });
}

#[test]
fn a_trace_of_qmi_shows_names_and_hides_identities() {
    up(Setup::default(), async |w| {
        let mut daemon = w.bus.subscribe("uwand");
        w.settle().await;
        ask(w, "trace", json!({})).await.unwrap();
        ask(w, "sim", json!({})).await.unwrap();
        ask(w, "signal", json!({})).await.unwrap();
        let mut heard = Vec::new();
        while let Ok(notice) = tokio::time::timeout(SECOND, daemon.recv()).await {
            // Others are told of the traffic's health meanwhile.
            if let Notice::Message { kind, data } = notice {
                if kind != "trace" {
                    continue;
                }
                assert_eq!(data["control"], "qmi");
                heard.push(data["text"].as_str().unwrap().to_string());
            }
        }
        assert!(
            heard.iter().any(|text| text.contains("Request") && text.contains("GetCardStatus")),
            "{heard:?}"
        );
        // Tag and length of LTE's levels; the values stay in the modem's message.
        let levels =
            |text: &String| text.contains("Response") && text.ends_with("GetSignalInfo 0x02[4] 0x14[6]");
        assert!(heard.iter().any(levels), "{heard:?}");
    });
}

#[test]
fn a_sim_is_unlocked_by_dms_where_the_modem_has_no_uim() {
    let base = modem::Setup { sim: Some(Sim::locked("1234")), ..modem::Setup::default() };
    World::run_qmi(Setup { base, has_uim: false, has_dms_pins: true, ..Setup::default() }, async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.error_within("PIN_REQUIRED", 30 * SECOND).await;
        let status = ask(w, "sim", json!({})).await.unwrap();
        let expected = json!({"modem": status["modem"], "sim": "pin-required", "lock": "pin", "enabled": true,
            "tries": 3, "pin_tries": 3, "puk_tries": 10});
        assert_eq!(status, expected);
        let (_, data) = ask(w, "sim", json!({"action": "unlock", "pin": "9999"})).await.unwrap_err();
        assert_eq!(data["tries"], 2, "{data}");
        let unlocked = ask(w, "sim", json!({"action": "unlock", "pin": "1234"})).await.unwrap();
        assert_eq!((&unlocked["sim"], &unlocked["tries"]), (&json!("ready"), &json!(3)));
        w.up_within(30 * SECOND).await;
        ask(w, "sim", json!({"action": "pin_change", "pin": "1234", "new_pin": "4321"})).await.unwrap();
        let off = ask(w, "sim", json!({"action": "pin_disable", "pin": "4321"})).await.unwrap();
        assert_eq!(off["enabled"], false);
    });
}
