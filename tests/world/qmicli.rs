//! Independent eyes: Debian's qmicli (libqmi) at the simulated modem, over a pty. What it
//! prints must be what the modem was told to be.
//!
//! `UWAND_RECORD=1` writes the frames of the run to tests/captures/qmicli.json, which
//! tests/bytes/captures_own.rs reads.

use crate::sim;

use std::ops::Deref;
use std::os::fd::OwnedFd;

use sim::line::{Program, pty, record, write};
use sim::modem::{self, Grants, Sim};
use sim::qmi::{Effect, Fcc, On, QmiFault, QmiModem, Setup};
use uwand::mbim::messages::enums::Register;
use uwand::qmi::error::QmiError;
use uwand::qmi::frame::Service;
use uwand::qmi::messages::nas::GetServingSystem;
use uwand::qmi::messages::wda::LinkLayer;

/// A modem behind a pty, and qmicli at it.
struct Line {
    modem: QmiModem,
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
        let modem = QmiModem::new(setup);
        modem.split_writes(piece);
        let _gone = modem.attach(master).unwrap();
        let arguments = vec!["-d".into(), path.display().to_string(), "--device-open-qmi".into()];
        Line { modem, program: Program { name: "qmicli", arguments }, _slave: slave }
    }
}

fn with_qmicli(scenario: impl Future<Output = ()>) {
    Program::with("qmicli", "libqmi-utils", scenario);
}

/// One call of qmicli that succeeds, and what it prints.
type Case = (&'static [&'static str], &'static [&'static str]);

const ABOUT_ITSELF: &[Case] = &[
    (&["--get-service-version-info"], &["ctl (1.5)", "wds (1.67)", "wda (1.16)"]),
    (&["--dms-get-ids"], &["ESN: '0'", "IMEI: '350000000000006'", "MEID: 'unknown'"]),
    (&["--dms-get-manufacturer"], &["Manufacturer: 'Simulated'"]),
    (&["--dms-get-model"], &["Model: 'SIM7455'"]),
    (&["--dms-get-revision"], &["Revision: 'SIM_01.02.03'"]),
    (&["--dms-get-hardware-revision"], &["Revision: 'Simulated LTE'"]),
    (&["--dms-get-software-version"], &["Software version: SIM_01.02.03"]),
    (
        &["--dms-get-capabilities"],
        &["Max RX channel rate: '150000000'", "Data Service: 'ps'", "Networks: 'umts, lte'"],
    ),
    (&["--dms-get-msisdn"], &["MSISDN: '+15550100017'"]),
    (&["--dms-get-band-capabilities"], &["Bands: 'wcdma-2100'", "LTE bands: '1, 3, 7, 20'"]),
    (&["--dms-get-power-state"], &["Power state: 'external-source'", "Battery level: '100 %'"]),
    (&["--dms-get-operating-mode"], &["Mode: 'online'", "HW restricted: 'no'"]),
    (&["--dms-set-operating-mode=low-power"], &["Operating mode set successfully"]),
    (&["--nas-get-serving-system"], &["Registration state: 'not-registered'", "PS: 'detached'"]),
    (&["--dms-set-operating-mode=online"], &["Operating mode set successfully"]),
];

const ABOUT_NETWORKS: &[Case] = &[
    (
        &["--nas-get-serving-system"],
        &[
            "Registration state: 'registered'",
            "PS: 'attached'",
            "Selected network: '3gpp'",
            "[0]: 'lte'",
            "Roaming status: 'off'",
            "MNC: '1'",
            "Description: 'Test Net'",
            "Status: 'available'",
            "Forbidden: 'no'",
            "LTE tracking area code: '10753'",
        ],
    ),
    (
        &["--nas-get-system-info"],
        &[
            "LTE service:",
            "Domain: 'cs-ps'",
            "Cell ID: '27447297'",
            "MCC: '001'",
            "Tracking Area Code: '10753'",
        ],
    ),
    (&["--nas-get-signal-info"], &["RSSI: '-73 dBm'", "RSRQ: '-9 dB'", "RSRP: '-97 dBm'", "SNR: '16.8 dB'"]),
    (&["--nas-get-signal-strength"], &["Network 'lte': '-73 dBm'"]),
    (&["--nas-get-home-network"], &["MCC: '1'", "Description: 'Test Home'"]),
    (
        &["--nas-network-scan"],
        &["Status: 'current-serving, home, not-forbidden'", "Description: 'Other Net'", "RAT: 'lte'"],
    ),
    (
        &["--nas-get-cell-location-info"],
        &[
            "PLMN: '00101'",
            "(E-UTRA band 20: 800 DD)",
            "Serving Cell ID: '246'",
            "RSRP: '-97.0' dBm",
            "LTE Timing Advance: '7' us",
        ],
    ),
    (
        &["--nas-get-system-selection-preference"],
        &["Mode preference: 'umts, lte'", "LTE band preference: '1, 3, 7, 20'", "'automatic'"],
    ),
    (&["--nas-set-system-selection-preference=lte,automatic"], &["set successfully"]),
    (&["--nas-get-system-selection-preference"], &["Mode preference: 'lte'"]),
    (&["--nas-get-rf-band-info"], &["'eutran-20'", "Active Channel:    '6300'", "Bandwidth:         '10'"]),
    (&["--nas-get-tx-rx-info=lte"], &["Power: '-73.0 dBm'", "RSRP: '-100.5 dBm'", "In traffic: 'no'"]),
    (&["--nas-get-operator-name"], &["Name             : 'Test Home'"]),
    (&["--nas-get-lte-cphy-ca-info"], &["Physical Cell ID: '246'", "LTE Band: 'eutran-20'"]),
];

const ABOUT_THE_CARD: &[Case] = &[
    (
        &["--uim-get-card-status"],
        &[
            "Primary GW:   slot '1', application '1'",
            "Card state: 'present'",
            "Application state: 'ready'",
            "PIN1 state: 'disabled'",
            "PUK1 retries: '10'",
        ],
    ),
    (&["--uim-get-slot-status"], &["Card status: present", "ICCID: 8949000000000000017"]),
    (&["--uim-read-transparent=0x3F00,0x2FE2"], &["SW1: '0x90'", "98:94:00:00:00:00:00:00:10:F7"]),
    (&["--uim-read-transparent=0x3F00,0x7FFF,0x6F07"], &["08:09:10:10:00:00:00:00:71"]),
];

/// The client ids 1 and 2 of WDS are the ones that the first two calls keep.
const ABOUT_CALLS: &[Case] = &[
    (&["--wda-get-data-format"], &["Link layer protocol: '802-3'"]),
    (&["--wda-set-data-format=raw-ip"], &["Link layer protocol: 'raw-ip'"]),
    (&["--wds-get-packet-service-status"], &["Connection status: 'disconnected'"]),
    (
        &["--wds-start-network=apn=internet,ip-type=4", "--client-no-release-cid"],
        &["Network started", "Packet data handle: '1'", "CID: '1'"],
    ),
    (&["--wds-start-network=apn=internet,ip-type=6", "--client-no-release-cid"], &["'2'", "CID: '2'"]),
    (&["--wds-get-packet-service-status"], &["Connection status: 'connected'"]),
    (
        &["--wds-get-current-settings", "--client-cid=1", "--client-no-release-cid"],
        &[
            "IP Family: IPv4",
            "IPv4 address: 10.64.0.2",
            "IPv4 subnet mask: 255.255.255.252",
            "IPv4 gateway address: 10.64.0.1",
            "IPv4 secondary DNS: 192.0.2.54",
            "MTU: 1430",
        ],
    ),
    (
        &["--wds-get-current-settings", "--client-cid=2", "--client-no-release-cid"],
        &[
            "IP Family: IPv6",
            "IPv6 address: 2001:db8:1::2/64",
            "IPv6 gateway address: 2001:db8:1::1/64",
            "IPv6 primary DNS: 2001:db8:1::53",
        ],
    ),
    (&["--wds-get-packet-statistics"], &["RX bytes OK: 3000", "TX bytes OK: 1400", "RX packets OK: 3"]),
    (&["--wds-get-channel-rates"], &["Max RX rate:     150000000bps"]),
    (&["--wds-get-autoconnect-settings"], &["Status: 'disabled'"]),
    (&["--wds-stop-network=1", "--client-cid=1"], &["Network stopped"]),
    (&["--wds-get-packet-service-status"], &["Connection status: 'disconnected'"]),
    (&["--wds-noop", "--client-cid=2"], &[]),
    (
        &["--wds-get-profile-list=3gpp"],
        &["[1] 3gpp - profile1", "APN: 'internet'", "PDP type: 'ipv4-or-ipv6'", "Auth: 'none'"],
    ),
    (&["--wds-get-default-profile-number=3gpp"], &["Default profile number: '1'"]),
    (&["--wds-modify-profile=3gpp,2,apn=web,username=me"], &["successfully modified"]),
    (&["--wds-create-profile=3gpp,apn=third,name=three,auth=PAP"], &["Profile index: '3'"]),
    (&["--wds-get-profile-list=3gpp"], &["APN: 'web'", "Username: 'me'", "[3] 3gpp - three", "Auth: 'pap'"]),
    (&["--wds-delete-profile=3gpp,3"], &["successfully deleted"]),
    (&["--wds-get-lte-attach-parameters"], &["APN: internet", "OTA attach performed: yes"]),
];

#[test]
fn qmicli_prints_what_the_modem_was_told_to_be() {
    with_qmicli(async {
        let line = Line::new(Setup::default());
        line.modem.add_traffic(3000, 1400);
        line.modem.network(|network| network.apn = Some("internet".into()));
        let mut sessions = Vec::new();
        for (arguments, expected) in [ABOUT_ITSELF, ABOUT_NETWORKS, ABOUT_THE_CARD, ABOUT_CALLS].concat() {
            line.modem.forget_requests();
            line.prints(arguments, expected).await;
            sessions.push(record("qmicli", arguments, &line.modem.transfers()));
        }
        println!("{} calls of qmicli", sessions.len());
        assert_eq!(line.modem.link_layer(), LinkLayer::RawIp);
        assert_eq!(line.modem.clients(), [], "qmicli gives its client ids back");
        assert!(line.modem.calls().is_empty(), "a call ends with the client that held it");
        write("qmicli.json", &sessions);
    });
}

#[test]
fn qmicli_understands_the_modems_refusals() {
    with_qmicli(async {
        let line = Line::new(Setup::default());
        line.fails(&["--wds-get-current-settings"], "'OutOfCall'").await;
        line.fails(&["--wds-stop-network=7"], "'NoEffect'").await;
        line.fails(&["--dms-uim-get-pin-status"], "'InvalidQmiCommand'").await;
        line.fails(&["--nas-get-serving-system", "--client-cid=9"], "'InvalidClientId'").await;
        let serving = On::message::<GetServingSystem>();
        line.modem.fault(QmiFault::new(serving, Effect::Refuse(QmiError::DeviceNotReady)).once());
        line.fails(&["--nas-get-serving-system"], "'DeviceNotReady'").await;
        line.modem.network(|network| network.grants = Grants::Nothing { nw_error: 33 });
        let start = ["--wds-start-network=apn=internet"];
        line.fails(&start, "(1018): gsm-wcdma-option-unsubscribed").await;
        line.fails(&start, "[3gpp] option-unsubscribed").await;
        line.modem.set_registration(Register::Denied, 11);
        line.prints(&["--nas-get-serving-system"], &["'registration-denied'"]).await;
        line.prints(&["--nas-get-system-info"], &["Registration reject: 'ps' (plmn-not-allowed)"]).await;
        line.fails(&start, "no-service").await;
        line.modem.hw_radio(false);
        line.prints(&["--dms-get-operating-mode"], &["'low-power'", "HW restricted: 'yes'"]).await;
        line.fails(&["--dms-set-operating-mode=online"], "'HardwareRestricted'").await;
    });
}

#[test]
fn qmicli_unlocks_the_sim() {
    with_qmicli(async {
        let base = modem::Setup { sim: Some(Sim::locked("1234")), ..modem::Setup::default() };
        let line = Line::new(Setup { base, ..Setup::default() });
        line.prints(&["--uim-get-card-status"], &["'pin1-or-upin-pin-required'", "PIN1 retries: '3'"]).await;
        line.fails(&["--uim-read-transparent=0x3F00,0x7FFF,0x6F07"], "'AccessDenied'").await;
        line.fails(&["--uim-verify-pin=PIN1,0000"], "'IncorrectPin'").await;
        line.prints(&["--uim-get-card-status"], &["PIN1 retries: '2'"]).await;
        line.prints(&["--uim-verify-pin=PIN1,1234"], &["PIN verified successfully"]).await;
        line.prints(&["--uim-get-card-status"], &["'ready'", "'enabled-verified'"]).await;
        line.prints(&["--uim-change-pin=PIN1,1234,4321"], &["PIN changed successfully"]).await;
        line.modem.remove_sim();
        line.prints(&["--uim-get-card-status"], &["Card state: 'absent'"]).await;
        line.modem.insert_sim(Sim { pin_tries: 0, ..Sim::locked("1234") });
        line.prints(&["--uim-get-card-status"], &["'puk1-or-upin-puk-required'", "PUK1 retries: '10'"]).await;
        line.prints(&["--uim-unblock-pin=PIN1,11223344,5555"], &["PIN unblocked successfully"]).await;
        line.prints(&["--nas-get-serving-system"], &["'registered'"]).await;
    });
}

#[test]
fn qmicli_wakes_a_modem_that_a_laptop_maker_locked() {
    with_qmicli(async {
        let line = Line::new(Setup { fcc: Some(Fcc::Dms), ..Setup::default() });
        line.prints(&["--dms-get-operating-mode"], &["'low-power'"]).await;
        line.fails(&["--dms-set-operating-mode=online"], "'InvalidTransition'").await;
        line.prints(&["--dms-set-fcc-authentication"], &["Successfully set FCC authentication"]).await;
        line.fails(&["--dms-set-fcc-authentication"], "'NoEffect'").await;
        line.prints(&["--dms-set-operating-mode=online"], &["set successfully"]).await;
        line.prints(&["--nas-get-serving-system"], &["'registered'"]).await;
    });
}

#[test]
fn client_ids_run_out_and_come_back_with_a_sync() {
    with_qmicli(async {
        let line = Line::in_pieces(Setup { client_ids: 2, ..Setup::default() }, 7);
        let keep = ["--wds-noop", "--client-no-release-cid"];
        line.prints(&keep, &["CID: '1'"]).await;
        line.prints(&keep, &["CID: '2'"]).await;
        line.fails(&keep, "'ClientIdsExhausted'").await;
        line.prints(&["--dms-get-model"], &["Model: 'SIM7455'"]).await;
        assert_eq!(line.modem.clients_of(Service::Wds), 2);
        line.prints(&["--device-open-sync", "--wds-get-packet-service-status"], &["'disconnected'"]).await;
        assert_eq!(line.modem.clients(), []);
    });
}
