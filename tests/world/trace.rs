//! Control messages live: method `trace`, its notifications, and the capture that Wireshark's
//! own decoder reads.

use crate::sim;
use crate::skip;

use std::process::{Command, Stdio};

use sim::modem::{Setup, Sim};
use sim::world::{SECOND, World};
use uwand::cli::pcap;
use uwand::ubus::{Notice, Subscription};

use uwand::json::{Value, json};

fn up(setup: Setup, scenario: impl AsyncFnOnce(&World)) {
    World::run(setup, async |w| {
        w.ifup(json!({ "apn": "internet" }));
        w.up_within(30 * SECOND).await;
        w.settle().await;
        scenario(w).await;
    });
}

/// Everything traced until nothing comes for a second.
async fn heard(daemon: &mut Subscription) -> Vec<Value> {
    let mut heard = Vec::new();
    while let Ok(notice) = tokio::time::timeout(SECOND, daemon.recv()).await {
        match notice {
            Notice::Message { kind, data } if kind == "trace" => heard.push(data),
            _ => {}
        }
    }
    heard
}

#[test]
fn a_trace_shows_what_passes_and_hides_who_it_is_about() {
    let sim = Sim { imsi: "001010000000017".into(), ..Sim::default() };
    up(Setup { sim: Some(sim), ..Setup::default() }, async |w| {
        let mut daemon = w.bus.subscribe("uwand");
        w.settle().await;
        let reply = w.call("trace", json!({})).await;
        assert_eq!(reply["modems"], json!(["1-1.2"]));
        // Asks for the subscriber, whose IMSI comes back.
        w.call("sim", json!({})).await;
        let heard = heard(&mut daemon).await;
        let texts: Vec<&str> = heard.iter().filter_map(|message| message["text"].as_str()).collect();
        assert!(texts.iter().any(|text| text.contains("COMMAND basic-connect 2 subscriber-ready query")));
        assert!(texts.iter().any(|text| text.contains(" state: 1") && text.contains("subscriber_id: ***")));
        let all = format!("{heard:?}");
        let hex: String = "001010000000017".bytes().map(|byte| format!("{byte:02x}00")).collect();
        assert!(all.contains("**") && !all.contains("001010000000017") && !all.contains(&hex));
        assert_eq!(heard[0]["direction"], "to-modem");
    });
}

#[test]
fn a_trace_that_nobody_renews_ends_and_costs_nothing() {
    up(Setup::default(), async |w| {
        let mut daemon = w.bus.subscribe("uwand");
        w.settle().await;
        w.call("signal", json!({})).await;
        assert_eq!(heard(&mut daemon).await.len(), 0);
        w.call("trace", json!({})).await;
        w.pass(10).await;
        w.call("trace", json!({})).await;
        w.pass(10).await;
        w.call("signal", json!({})).await;
        assert!(heard(&mut daemon).await.len() >= 2);
        w.pass(16).await;
        w.call("signal", json!({})).await;
        assert_eq!(heard(&mut daemon).await.len(), 0);
    });
}

#[test]
fn a_flood_of_messages_is_bounded_and_counted() {
    use sim::fault::{Effect, Fault, On};
    use uwand::mbim::messages::network::SignalState;
    up(Setup::default(), async |w| {
        let mut daemon = w.bus.subscribe("uwand");
        w.settle().await;
        w.call("trace", json!({})).await;
        w.modem.fault(Fault::new(On::message::<SignalState>(), Effect::Flood(5000)).once());
        w.call("signal", json!({})).await;
        let before = heard(&mut daemon).await.len();
        assert!(before < 2000, "{before}");
        w.call("signal", json!({})).await;
        let after = heard(&mut daemon).await;
        assert!(after[0]["left_out"].as_u64().is_some_and(|count| count > 3000), "{}", after[0]);
        assert_eq!(w.of_interface("state").await, "up");
    });
}

#[test]
fn wireshark_decodes_the_capture_as_mbim() {
    let there = Command::new("tshark").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !there.is_ok_and(|status| status.success()) {
        skip::skipped("no tshark here");
        return;
    }
    up(Setup::default(), async |w| {
        let mut daemon = w.bus.subscribe("uwand");
        w.settle().await;
        w.call("trace", json!({})).await;
        w.call("sim", json!({})).await;
        w.call("signal", json!({})).await;
        let mut file = pcap::begin((1_700_000_000, 0));
        for (id, message) in (2..).zip(heard(&mut daemon).await) {
            let bytes = pcap::bytes(message["hex"].as_str().unwrap());
            let to_modem = message["direction"] == "to-modem";
            file.extend(pcap::message((1_700_000_000, 1), id, pcap::MBIM, to_modem, &bytes));
        }
        let directory = sim::bed::Directory::new("trace").unwrap();
        let path = directory.path().join("trace.pcap");
        std::fs::write(&path, file).unwrap();
        let output = Command::new("tshark").arg("-r").arg(&path).output().unwrap();
        let lines = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(lines.contains("MBIM"), "{lines}{}", String::from_utf8_lossy(&output.stderr));
        let detail = Command::new("tshark").args(["-V", "-Y", "mbim", "-r"]).arg(&path).output().unwrap();
        let detail = String::from_utf8_lossy(&detail.stdout).into_owned();
        assert!(detail.contains("SUBSCRIBER_READY_STATUS") && detail.contains("SIGNAL_STATE"), "{detail}");
        assert!(!detail.contains("Malformed"), "{detail}");
    });
}
