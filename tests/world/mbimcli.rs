//! Independent eyes: Debian's mbimcli (libmbim) at the simulated modem, over a pty. What it
//! prints must be what the modem was told to be.
//!
//! `UWAND_RECORD=1` writes the frames of the run to tests/captures/mbimcli.json, which
//! tests/bytes/captures_own.rs reads.

use crate::sim;

use std::ops::Deref;
use std::os::fd::OwnedFd;

use sim::fault::{Effect, Fault, On};
use sim::line::{Program, pty, record, write};
use sim::modem::{Grants, Setup, Sim, SimModem};
use uwand::mbim::Status;
use uwand::mbim::messages::enums::{AuthProtocol, Register};
use uwand::mbim::messages::network::RegisterState;

/// A modem behind a pty, and mbimcli at it.
struct Line {
    modem: SimModem,
    program: Program,
    _slave: OwnedFd,
}

impl Deref for Line {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.program
    }
}

impl Line {
    fn new(setup: Setup) -> Line {
        Line::in_pieces(setup, 4096)
    }

    /// The modem writes so many bytes at a time.
    fn in_pieces(setup: Setup, piece: usize) -> Line {
        let (path, master, slave) = pty();
        let modem = SimModem::new(setup);
        modem.split_writes(piece);
        let _gone = modem.attach(master).unwrap();
        let arguments = vec!["-d".into(), path.display().to_string()];
        Line { modem, program: Program { name: "mbimcli", arguments }, _slave: slave }
    }
}

fn with_mbimcli(scenario: impl Future<Output = ()>) {
    Program::with("mbimcli", "libmbim-utils", scenario);
}

/// One call of mbimcli that succeeds, and what it prints.
type Case = (&'static [&'static str], &'static [&'static str]);

const ABOUT_ITSELF: &[Case] = &[
    (
        &["--query-device-caps"],
        &[
            "Cellular class: 'gsm'",
            "Data class: 'umts, hsdpa, hsupa, lte'",
            "Max sessions: '8'",
            "Device ID: '350000000000006'",
            "Firmware info: 'SIM_01.02.03'",
            "Hardware info: 'Simulated LTE'",
        ],
    ),
    (
        &["--query-subscriber-ready-status"],
        &[
            "Ready state: 'initialized'",
            "Subscriber ID: '001010000000017'",
            "SIM ICCID: '8949000000000000017'",
            "Telephone numbers: (1) '+15550100017'",
        ],
    ),
    (&["--query-radio-state"], &["Hardware radio state: 'on'", "Software radio state: 'on'"]),
    (&["--query-pin-state"], &["PIN state: 'unlocked'", "Remaining attempts: '3'"]),
    (&["--query-pin-list"], &["Mode: 'disabled'", "Format: 'numeric'", "Max length: '8'"]),
    (
        &["--query-device-services"],
        &["Services: (4)", "Service: 'basic-connect'", "ip-configuration (15)", "Service: 'sms'"],
    ),
    (&["--ms-query-sys-caps"], &["Number of slots: '1'", "Modem ID: '1'"]),
    (&["--query-emergency-mode"], &["off"]),
];

const ABOUT_NETWORKS: &[Case] = &[
    (&["--query-home-provider"], &["Provider ID: '00101'", "Provider name: 'Test Home'", "State: 'home'"]),
    (&["--query-preferred-providers"], &["No preferred providers"]),
    (
        &["--query-visible-providers"],
        &["Visible providers (2)", "State: 'visible, registered'", "Provider ID: '99999'", "RSSI: '7'"],
    ),
    (
        &["--query-registration-state"],
        &["Register state: 'home'", "Available data classes: 'lte'", "Provider name: 'Test Net'"],
    ),
    (&["--register-automatic"], &["Register mode: 'automatic'"]),
    (&["--query-signal-state"], &["RSSI [0-31,99]: '20'", "Error rate [0-7,99]: '99'"]),
    (
        &["--query-packet-service-state"],
        &[
            "Packet service state: 'attached'",
            "Uplink speed: '50000000 bps'",
            "Downlink speed: '150000000 bps'",
        ],
    ),
    (&["--detach-packet-service"], &["Packet service state: 'detached'"]),
    (&["--attach-packet-service"], &["Successfully attached", "Packet service state: 'attached'"]),
    (
        &["--device-open-ms-mbimex-v2", "--query-signal-state"],
        &["RSRP/SNR info: 'lte'", "RSRP: '-87 dBm'", "SNR: '16.5 dB'"],
    ),
    (&["--device-open-ms-mbimex-v2", "--query-registration-state"], &["Preferred data classes: 'umts,"]),
    (&["--device-open-ms-mbimex-v2", "--query-packet-service-state"], &["Frequency range: 'unknown'"]),
];

const CONNECT: &str =
    "--connect=session-id=0,access-string=internet,ip-type=ipv4v6,auth=pap,username=user,password=word";

const ABOUT_SESSIONS: &[Case] = &[
    (&["--query-connection-state"], &["Activation state: 'deactivated'"]),
    (
        &[CONNECT],
        &[
            "Successfully connected",
            "IP type: 'ipv4v6'",
            "IP [0]: '10.64.0.2/30'",
            "Gateway: '10.64.0.1'",
            "DNS [0]: '192.0.2.53'",
            "DNS [1]: '192.0.2.54'",
            "MTU: '1430'",
            "IP [0]: '2001:db8:1::2/64'",
            "Gateway: '2001:db8:1::1'",
            "DNS [0]: '2001:db8:1::53'",
        ],
    ),
    (&["--query-connection-state"], &["Activation state: 'activated'", "Context type: 'internet'"]),
    (
        &["--query-ip-configuration"],
        &["IPv4 configuration available: 'address, gateway, dns, mtu'", "IP [0]: '10.64.0.2/30'"],
    ),
    (&["--query-packet-statistics"], &["Octets (in): '3000'", "Octets (out): '1400'", "Packets (in): '3'"]),
    (&["--query-provisioned-contexts"], &["Provisioned contexts (0)"]),
    (&["--disconnect=0"], &["Successfully disconnected", "Activation state: 'deactivated'"]),
    (&["--set-radio-state=off"], &["Software radio state: 'off'"]),
    (&["--query-registration-state"], &["Register state: 'deregistered'"]),
    (&["--set-radio-state=on"], &["Software radio state: 'on'"]),
];

fn modem() -> Setup {
    Setup { keeps_sessions: true, mbimex: 0x0200, ..Setup::default() }
}

#[test]
fn mbimcli_prints_what_the_modem_was_told_to_be() {
    with_mbimcli(async {
        let line = Line::new(modem());
        line.modem.add_traffic(3000, 1400);
        line.modem.network(|network| {
            network.apn = Some("internet".into());
            network.auth = Some((AuthProtocol::Pap, "user".into(), "word".into()));
        });
        let mut sessions = Vec::new();
        for (arguments, expected) in [ABOUT_ITSELF, ABOUT_NETWORKS, ABOUT_SESSIONS].concat() {
            line.modem.forget_requests();
            line.prints(arguments, expected).await;
            sessions.push(record("mbimcli", arguments, &line.modem.transfers()));
        }
        println!("{} calls of mbimcli", sessions.len());
        write("mbimcli.json", &sessions);
    });
}

#[test]
fn mbimcli_understands_the_modems_refusals() {
    with_mbimcli(async {
        let line = Line::new(modem());
        line.fails(&["--query-ip-configuration"], "ContextNotActivated").await;
        line.fails(&["--disconnect=0"], "ContextNotActivated").await;
        line.fails(&["--query-ip-packet-filters"], "NoDeviceSupport").await;
        line.modem.fault(Fault::new(On::message::<RegisterState>(), Effect::Refuse(Status::Busy)).once());
        line.fails(&["--query-registration-state"], "Busy").await;
        line.modem.network(|network| network.grants = Grants::Nothing { nw_error: 33 });
        line.fails(&[CONNECT], "Failure").await;
        line.modem.set_registration(Register::Denied, 11);
        line.prints(&["--query-registration-state"], &["'denied'", "plmn-not-allowed"]).await;
        line.fails(&["--attach-packet-service"], "NotRegistered").await;
    });
}

#[test]
fn mbimcli_unlocks_the_sim() {
    with_mbimcli(async {
        let line = Line::new(Setup { sim: Some(Sim::locked("1234")), ..modem() });
        line.prints(&["--query-subscriber-ready-status"], &["'device-locked'"]).await;
        line.prints(&["--query-pin-state"], &["'locked'", "'pin1'", "Remaining attempts: '3'"]).await;
        line.fails(&["--enter-pin=0000"], "Failure").await;
        line.prints(&["--query-pin-state"], &["Remaining attempts: '2'"]).await;
        line.prints(&["--enter-pin=1234"], &["PIN state: 'unlocked'"]).await;
        line.prints(&["--query-subscriber-ready-status"], &["'initialized'"]).await;
        line.prints(&["--change-pin=1234,4321"], &["'unlocked'"]).await;
        line.modem.remove_sim();
        line.prints(&["--query-subscriber-ready-status"], &["'sim-not-inserted'"]).await;
        line.modem.insert_sim(Sim { pin_tries: 0, ..Sim::locked("1234") });
        line.prints(&["--query-pin-state"], &["'puk1'", "Remaining attempts: '10'"]).await;
        line.prints(&["--enter-puk=11223344,5555"], &["'unlocked'"]).await;
    });
}

#[test]
fn mbimcli_joins_fragments_and_split_writes() {
    with_mbimcli(async {
        let line = Line::new(Setup { max_transfer: 64, ..modem() });
        line.prints(&["--query-device-caps"], &["Hardware info: 'Simulated LTE'"]).await;
        line.prints(&["--query-visible-providers"], &["Provider ID: '99999'"]).await;
        let pieces = Line::in_pieces(modem(), 7);
        pieces.prints(&["--query-device-services"], &["ip-configuration (15)"]).await;
    });
}
