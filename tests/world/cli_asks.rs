//! The commands that ask a modem something, as processes: the real daemon, a simulated modem,
//! the real command line.

use crate::sim;

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use sim::bed::Bed;
use sim::modem::{Network, Setup, Sim};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::task::LocalSet;
use uwand::mbim::messages::enums::UssdResponse;

use uwand::json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_uwand");

async fn uwand(bed: &Bed, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(PROGRAM);
    command.args(arguments).env("UWAND_UBUS_SOCKET", bed.socket()).env("NO_COLOR", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that wants no input may be gone already.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    child.wait_with_output().await.unwrap()
}

fn told(output: &Output) -> (Option<i32>, String) {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code(), String::from_utf8(text).unwrap())
}

fn with_bed(name: &str, setup: Setup, scenario: impl AsyncFnOnce(&Bed)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, async {
        let bed = Bed::new(name, Path::new(PROGRAM), setup).unwrap();
        let _daemon = bed.start_daemon(&[], Stdio::null()).await.unwrap();
        bed.configure(&json!({}));
        scenario(&bed).await;
    });
}

#[test]
fn a_sim_is_unlocked_from_standard_input_and_the_link_comes_up() {
    with_bed("sim", Setup { sim: Some(Sim::locked("1234")), ..Setup::default() }, async |bed| {
        assert!(bed.ifup(Duration::from_secs(2)).await.unwrap_err().contains("PIN_REQUIRED"));
        let (code, text) = told(&uwand(bed, &["sim"], "").await);
        assert!(code == Some(0) && text.contains("its PIN") && text.contains("3 for the PIN"), "{text}");
        let (code, text) = told(&uwand(bed, &["sim", "unlock"], "9999\n").await);
        assert!(code == Some(1) && text.contains("refused"), "{text}");
        let (code, text) = told(&uwand(bed, &["sim", "unlock"], "").await);
        assert!(code == Some(1) && text.contains("--pin is missing"), "{text}");
        let output = uwand(bed, &["sim", "unlock", "--json"], "1234\n").await;
        let reply: Value = uwand::json::from_slice(&output.stdout).unwrap();
        assert_eq!((output.status.code(), &reply["sim"]), (Some(0), &json!("ready")));
        assert!(bed.netifd.until(Duration::from_secs(20), |netifd| netifd.is_up("wan")).await);
    });
}

#[test]
fn messages_ussd_cells_and_networks_are_shown() {
    let ussd = vec![("*100#".to_string(), UssdResponse::NoActionRequired, "5 €".to_string())];
    let network = Network { ussd, ..Network::default() };
    with_bed("asks", Setup { network, ..Setup::default() }, async |bed| {
        bed.ifup(Duration::from_secs(20)).await.unwrap();
        let (code, text) = told(&uwand(bed, &["ussd", "*100#"], "").await);
        assert_eq!((code, text.as_str()), (Some(0), "5 €\n"));
        let (code, text) = told(&uwand(bed, &["sms", "send", "+15550100018"], "from a pipe\n").await);
        assert_eq!((code, text.as_str()), (Some(0), "sent\n"));
        assert_eq!(bed.modem.sent().len(), 1);
        let (code, text) = told(&uwand(bed, &["sms"], "").await);
        assert_eq!((code, text.as_str()), (Some(0), "No message.\n"));
        let (code, text) = told(&uwand(bed, &["sms", "delete", "7"], "").await);
        assert!(code == Some(1) && text.contains("no message 7"), "{text}");
        let (code, text) = told(&uwand(bed, &["cells"], "").await);
        assert!(code == Some(0) && text.contains("LTE") && text.contains("does not list cells"), "{text}");
        let (code, text) = told(&uwand(bed, &["scan"], "").await);
        assert!(code == Some(0) && text.contains("Test Net") && text.contains("forbidden"), "{text}");
        let (code, text) = told(&uwand(bed, &["cells", "-m", "nowhere"], "").await);
        assert!(code == Some(1) && text.contains("no such modem"), "{text}");
    });
}

#[test]
fn a_trace_is_a_stream_of_lines_and_a_capture_on_standard_output() {
    with_bed("trace", Setup::default(), async |bed| {
        bed.ifup(Duration::from_secs(20)).await.unwrap();
        let start = |arguments: &[&str]| {
            let mut command = Command::new(PROGRAM);
            command.args(arguments).env("UWAND_UBUS_SOCKET", bed.socket()).stdout(Stdio::piped());
            command.kill_on_drop(true).spawn().unwrap()
        };
        let mut tracers = [start(&["trace", "--hex"]), start(&["trace", "--pcap", "-"])];
        let mut outputs = Vec::new();
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            uwand(bed, &["signal"], "").await;
        }
        for tracer in &mut tracers {
            let id = nix::unistd::Pid::from_raw(i32::try_from(tracer.id().unwrap()).unwrap());
            nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).unwrap();
        }
        for tracer in tracers {
            let output = tracer.wait_with_output().await.unwrap();
            assert_eq!(output.status.code(), Some(0));
            outputs.push(output.stdout);
        }
        let lines = String::from_utf8_lossy(&outputs[0]).into_owned();
        assert!(lines.contains("COMMAND basic-connect 11 signal-state query"), "{lines}");
        assert!(lines.contains("    03 00 00 00"), "{lines}");
        assert!(outputs[1].starts_with(&[0xd4, 0xc3, 0xb2, 0xa1]) && outputs[1].len() > 1000);
    });
}
