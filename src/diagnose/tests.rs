//! A set of facts for every fault, and the facts that must not be mistaken.

use super::*;
use crate::words::Registration;

const MS: Duration = Duration::from_millis(1);

/// Registered, connected, good signal; nothing was probed yet.
fn up() -> Facts {
    Facts {
        modem: Some(ModemState::Open),
        sim: Some(SimState::Ready),
        radio_hardware: Some(true),
        radio_software: Some(true),
        registration: Some(Registration::Home),
        operator: Some("Example".into()),
        technology: Some(Technology::Lte),
        attached: Some(true),
        signal: Signal { rsrp_dbm: Some(-85), ..Signal::default() },
        link: Some(LinkState::Up),
        v4: true,
        v6: true,
        ..Facts::default()
    }
}

fn waiting(cause: Cause) -> Facts {
    Facts { link: Some(LinkState::Waiting), cause: Some(cause), ..up() }
}

fn unregistered() -> Facts {
    Facts {
        registration: Some(Registration::Searching),
        attached: Some(false),
        ..waiting(Cause::NotRegistered(None))
    }
}

fn answer(target: &str, outcome: Outcome) -> Answer {
    Answer { target: Target::parse(target).expect("a target"), outcome, named: false, note: None }
}

fn probed(answers: &[(&str, Outcome)]) -> Facts {
    Facts { answers: answers.iter().map(|(target, outcome)| answer(target, *outcome)).collect(), ..up() }
}

#[track_caller]
fn is(facts: &Facts, fault: Fault, first: &str) -> Vec<String> {
    let found = diagnose(facts).expect("something is wrong");
    assert_eq!(found.fault, fault, "{:?}", found.evidence);
    assert_eq!(found.evidence.first().map(String::as_str), Some(first), "{:?}", found.evidence);
    found.evidence
}

#[test]
fn no_driver_and_no_modem_and_a_deaf_modem_come_before_all_else() {
    let facts = Facts {
        modem: Some(ModemState::Missing),
        sought: Some("usb 1199:9013".into()),
        unbound: Some("interface 0 (1199:9013) has no driver; it was qmi_wwan's".into()),
        ..unregistered()
    };
    is(&facts, Fault::NoDriver, "interface 0 (1199:9013) has no driver; it was qmi_wwan's");
    let facts = Facts { unbound: None, ..facts };
    let evidence = is(&facts, Fault::ModemGone, "no such modem is attached");
    assert_eq!(evidence, ["no such modem is attached", "usb 1199:9013"]);
    is(&waiting(Cause::NoModem("/dev/cdc-wdm0".into())), Fault::ModemGone, "no such modem is attached");
    let facts = Facts { modem: Some(ModemState::Hung), timeouts: 3, ..unregistered() };
    let evidence = is(&facts, Fault::ModemDeaf, "the control channel is open and nothing comes back");
    assert_eq!(evidence.get(1).map(String::as_str), Some("3 requests ran into their time-out"));
    is(&waiting(Cause::ModemHung), Fault::ModemDeaf, "the control channel is open and nothing comes back");
}

#[test]
fn the_sim_explains_a_missing_network() {
    for (sim, text) in [
        (SimState::Absent, "the modem says that there is no SIM"),
        (SimState::Failed, "the modem cannot read the SIM"),
        (SimState::NotActivated, "the SIM is not activated"),
    ] {
        is(&Facts { sim: Some(sim), ..unregistered() }, Fault::Sim, text);
    }
    is(&waiting(Cause::NoSim), Fault::Sim, "the modem says that there is no SIM");
}

#[test]
fn a_pin_and_a_puk_are_told_with_the_tries_left() {
    let facts = Facts { sim: Some(SimState::PinRequired), pin_tries: Some(1), ..unregistered() };
    let evidence = is(&facts, Fault::Pin, "the SIM waits for its PIN");
    assert_eq!(evidence.get(1).map(String::as_str), Some("tries left: 1"));
    is(
        &Facts { sim: Some(SimState::PukRequired), ..unregistered() },
        Fault::Pin,
        "the SIM is blocked and waits for its PUK",
    );
    is(&waiting(Cause::PukRequired), Fault::Pin, "the SIM is blocked and wants its PUK");
    let failed = waiting(Cause::PinFailed { tries: Some(2) });
    is(&failed, Fault::Pin, "the SIM refused option pincode; correct it, 2 tries left");
}

#[test]
fn a_radio_that_is_off_explains_a_missing_network() {
    let hard = Facts { radio_hardware: Some(false), ..unregistered() };
    is(&hard, Fault::RadioOff, "the radio is switched off in hardware (W_DISABLE or rfkill)");
    let soft = Facts { radio_software: Some(false), ..unregistered() };
    is(&soft, Fault::RadioOff, "the radio is switched off in software");
    let locked = Facts { fcc_locked: true, radio_software: Some(false), ..unregistered() };
    is(&locked, Fault::FccLock, "the modem refuses to leave its low-power mode");
    is(&waiting(Cause::FccLocked), Fault::FccLock, "the modem refuses to leave its low-power mode");
}

#[test]
fn roaming_is_a_fault_only_where_it_is_not_allowed() {
    let abroad = Facts { registration: Some(Registration::Roaming), ..waiting(Cause::ConnectFailed(None)) };
    is(&abroad, Fault::Roaming, "the modem is registered abroad; option allow_roaming '1' permits it");
    let allowed = Facts { roaming_allowed: true, ..abroad };
    is(&allowed, Fault::NoBearer, "the connection was refused or ended");
    let told = waiting(Cause::RoamingNotAllowed { network: "Elsewhere".into() });
    is(&told, Fault::Roaming, "registered abroad in Elsewhere; option allow_roaming '1' permits it");
}

#[test]
fn a_denied_registration_is_not_a_missing_network() {
    let denied = waiting(Cause::RegistrationDenied(Some(Reason::emm(8))));
    let evidence = is(&denied, Fault::Denied, "the network denied registration");
    assert_eq!(
        evidence.get(1).map(String::as_str),
        Some("the network gave EMM cause 8: packet and other services not allowed: check the contract")
    );
    let seen = Facts { registration: Some(Registration::Denied), ..unregistered() };
    is(&seen, Fault::Denied, "the network denied registration");
    is(&unregistered(), Fault::NotRegistered, "the modem searches and has not found a network yet");
}

#[test]
fn a_connection_that_the_contract_forbids_is_denied_too() {
    for cause in [8, 27, 28, 29, 32, 33] {
        let refused = waiting(Cause::ConnectFailed(Some(Reason::esm(cause))));
        is(&refused, Fault::Denied, "the connection was refused or ended");
    }
    let refused = waiting(Cause::ConnectFailed(Some(Reason::esm(31))));
    let evidence = is(&refused, Fault::NoBearer, "the connection was refused or ended");
    assert_eq!(
        evidence,
        [
            "the connection was refused or ended",
            "the network gave ESM cause 31: request rejected, unspecified",
            "registered (home) with Example over lte",
            "the signal is good (RSRP -85 dBm)"
        ]
    );
    is(&waiting(Cause::AttachFailed(None)), Fault::NoBearer, "no packet service: the attach failed");
    is(&waiting(Cause::NoAddress), Fault::NoAddress, "connected, but neither family got an address");
}

#[test]
fn a_network_that_says_it_is_overloaded_is_out() {
    for cause in [16, 17, 22, 42] {
        let reason = Some(Reason::emm(cause));
        is(
            &waiting(Cause::RegistrationDenied(reason.clone())),
            Fault::Outage,
            "the network denied registration",
        );
        is(&waiting(Cause::NotRegistered(reason.clone())), Fault::Outage, "the modem is registered nowhere");
        is(&waiting(Cause::AttachFailed(reason)), Fault::Outage, "no packet service: the attach failed");
    }
    for cause in [26, 34, 38] {
        let refused = waiting(Cause::ConnectFailed(Some(Reason::esm(cause))));
        is(&refused, Fault::Outage, "the connection was refused or ended");
    }
    let ended = |age| Facts {
        reason: Some((Reason::esm(38), Duration::from_secs(age))),
        ..probed(&[("1.1.1.1", Outcome::Silent)])
    };
    is(&ended(60), Fault::Outage, "the network gave ESM cause 38: network failure");
    is(&ended(3600), Fault::NoTraffic, "nothing is received");
}

#[test]
fn a_cell_that_is_lost_to_every_modem_is_out() {
    let others = |modems, without_service| Facts {
        others: Others { modems, without_service, healthy: 0 },
        ..unregistered()
    };
    let evidence = is(&others(2, 2), Fault::Outage, "the modem searches and has not found a network yet");
    assert_eq!(
        evidence.get(1).map(String::as_str),
        Some("none of the 2 other modems of this router has service either")
    );
    is(&others(2, 1), Fault::NotRegistered, "the modem searches and has not found a network yet");
    is(&others(0, 0), Fault::NotRegistered, "the modem searches and has not found a network yet");
}

#[test]
fn a_stall_is_silence_over_a_link_that_is_up() {
    let silent = Facts {
        silent_for: Some(Duration::from_secs(9)),
        sent: 12,
        ..probed(&[("10.0.0.1", Outcome::Silent), ("1.1.1.1", Outcome::Silent)])
    };
    let evidence = is(&silent, Fault::NoTraffic, "nothing was received for 9 s");
    assert_eq!(
        evidence,
        [
            "nothing was received for 9 s",
            "10.0.0.1 is silent, 1.1.1.1 is silent",
            "12 packets were sent in vain",
            "registered (home) with Example over lte",
            "the signal is good (RSRP -85 dBm)"
        ]
    );
}

#[test]
fn a_dead_target_is_no_stall_as_long_as_anything_comes_back() {
    let other = probed(&[("192.0.2.1", Outcome::Silent), ("1.1.1.1", Outcome::Answered(31 * MS))]);
    let evidence = is(&other, Fault::TargetDown, "1.1.1.1 answered within 31 ms");
    assert_eq!(evidence.get(1).map(String::as_str), Some("192.0.2.1 is silent"));
    let refused = probed(&[("tcp:192.0.2.1:80", Outcome::Refused)]);
    is(&refused, Fault::TargetDown, "tcp:192.0.2.1:80 answered with something else");
    let moving = Facts { received: 40, sent: 35, ..probed(&[("192.0.2.1", Outcome::Silent)]) };
    let evidence = "40 packets were received and 35 sent meanwhile, so the link works";
    is(&moving, Fault::TargetDown, evidence);
}

#[test]
fn a_link_that_was_told_down_for_a_stall_is_still_stalled() {
    let down = Facts { link: Some(LinkState::Recovering), cause: Some(Cause::NoTraffic), ..up() };
    is(&down, Fault::NoTraffic, "connected, but no traffic passes");
}

#[test]
fn name_servers_that_are_dead_over_a_link_that_works_are_told_apart() {
    let dead = probed(&[("dns:10.0.0.1", Outcome::Silent), ("1.1.1.1", Outcome::Answered(31 * MS))]);
    is(&dead, Fault::DnsOnly, "1.1.1.1 answered within 31 ms");
    let error = probed(&[("dns:10.0.0.1", Outcome::Refused), ("dns:10.0.0.2", Outcome::Silent)]);
    is(&error, Fault::DnsOnly, "dns:10.0.0.1 answered with something else");
    let one = probed(&[("dns:10.0.0.1", Outcome::Silent), ("dns:10.0.0.2", Outcome::Answered(31 * MS))]);
    is(&one, Fault::TargetDown, "dns:10.0.0.2 answered within 31 ms");
    let moving = Facts { received: 40, ..probed(&[("dns:10.0.0.1", Outcome::Silent)]) };
    is(&moving, Fault::DnsOnly, "40 packets were received and 0 sent meanwhile, so the link works");
}

#[test]
fn probes_that_cannot_be_sent_say_nothing_of_the_network() {
    let unsent = probed(&[("1.1.1.1", Outcome::Unsent)]);
    is(&unsent, Fault::NoAddress, "probes cannot be sent: the device has no usable address or route");
    let bare = Facts { v4: false, v6: false, ..probed(&[("1.1.1.1", Outcome::Silent)]) };
    is(&bare, Fault::NoAddress, "the link is up, and its device has no address");
}

#[test]
fn connections_that_stay_dead_after_every_rung_are_an_outage() {
    let facts = Facts { in_vain: true, ..probed(&[("1.1.1.1", Outcome::Silent)]) };
    let evidence = is(&facts, Fault::Outage, "nothing is received");
    assert!(evidence.iter().any(|text| text.starts_with("connections come up anew and stay dead")));
}

#[test]
fn nothing_is_wrong_with_a_link_that_answers_or_was_never_asked() {
    assert_eq!(diagnose(&up()), None);
    assert_eq!(diagnose(&Facts::default()), None);
    assert_eq!(diagnose(&probed(&[("1.1.1.1", Outcome::Answered(31 * MS))])), None);
    // The card is out of sight for a moment, and the bearer lives.
    assert_eq!(diagnose(&Facts { sim: Some(SimState::Absent), ..up() }), None);
}

#[test]
fn every_fault_can_be_found() {
    let silent = || probed(&[("1.1.1.1", Outcome::Silent)]);
    let all = [
        waiting(Cause::NoSim),
        waiting(Cause::PukRequired),
        waiting(Cause::RadioOff),
        waiting(Cause::FccLocked),
        unregistered(),
        waiting(Cause::RegistrationDenied(None)),
        waiting(Cause::RoamingNotAllowed { network: String::new() }),
        waiting(Cause::ConnectFailed(None)),
        waiting(Cause::NoAddress),
        silent(),
        Facts { received: 1, ..probed(&[("dns:1.1.1.1", Outcome::Silent)]) },
        Facts { received: 1, ..silent() },
        Facts { in_vain: true, ..silent() },
        waiting(Cause::ModemHung),
        waiting(Cause::NoModem(String::new())),
        Facts { unbound: Some("interface 0".into()), ..up() },
    ];
    let found: Vec<Fault> = all.iter().filter_map(diagnose).map(|found| found.fault).collect();
    assert_eq!(found, Fault::ALL);
}
