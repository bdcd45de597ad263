//! PURE. From what is known to the most likely fault, with the evidence in words.
//!
//! Contract: [`diagnose`] looks at the [`Facts`] in one fixed order, from the modem's plug
//! outwards, and the first thing that is wrong is the fault: a modem that is not there
//! explains everything after it. `None`: nothing is wrong, or nothing is known to be. Evidence
//! names no identity, number or secret.
//!
//! Why not weights? A person can follow an order, and a wrong diagnosis can be traced to the
//! one fact that decided it.

mod refusal;
mod traffic;

use std::time::Duration;

pub use self::refusal::{Meaning, meaning};
use crate::cause::{Cause, Reason};
use crate::fault::{Diagnosis, Fault};
use crate::target::Target;
use crate::watchdog::Outcome;
use crate::words::{LinkState, ModemState, Registration, Signal, SimState, Technology};

/// A reason of the network that is older explains nothing any more.
const RECENT: Duration = Duration::from_secs(600);

/// What became of one target's last probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub target: Target,
    pub outcome: Outcome,
    /// The user named it, as opposed to our defaults.
    pub named: bool,
    /// Why there was no answer, for people.
    pub note: Option<String>,
}

/// How the other links and modems of this router are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Others {
    /// Other uwand links that carry traffic.
    pub healthy: u32,
    /// Other modems with a SIM and radio on.
    pub modems: u32,
    /// Of these, the ones without any service.
    pub without_service: u32,
}

/// Everything that a diagnosis goes by. What is not known stays at its default.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// `None`: nobody looked yet.
    pub modem: Option<ModemState>,
    /// What was looked for, where it is missing.
    pub sought: Option<String>,
    /// An interface of the modem without a driver, and what is known of who took it.
    pub unbound: Option<String>,
    pub sim: Option<SimState>,
    pub pin_tries: Option<u32>,
    /// Hardware and software switch.
    pub radio_hardware: Option<bool>,
    pub radio_software: Option<bool>,
    pub fcc_locked: bool,
    pub registration: Option<Registration>,
    /// What the network gave as its last reason, at registration or when it ended the bearer,
    /// and how long ago.
    pub reason: Option<(Reason, Duration)>,
    pub roaming_allowed: bool,
    pub operator: Option<String>,
    pub technology: Option<Technology>,
    pub attached: Option<bool>,
    pub signal: Signal,
    pub link: Option<LinkState>,
    /// Why the link is not up.
    pub cause: Option<Cause>,
    /// Families with an address; where that comes by DHCP or router advertisement, those that
    /// the network device has.
    pub v4: bool,
    pub v6: bool,
    /// Of the last round.
    pub answers: Vec<Answer>,
    /// Packets beyond our own during the failed rounds.
    pub received: u64,
    pub sent: u64,
    /// How long probes have failed.
    pub silent_for: Option<Duration>,
    /// The cell changed since the probes began to fail.
    pub cell_changed: bool,
    pub others: Others,
    /// The ladder's word: a whole pass of rungs cured nothing, and nothing has changed since.
    pub in_vain: bool,
    /// Requests to the modem that ran into their time-out.
    pub timeouts: u32,
}

/// The most likely fault.
pub fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    plug(facts)
        .or_else(|| card(facts))
        .or_else(|| radio(facts))
        .or_else(|| network(facts))
        .or_else(|| bearer(facts))
        .or_else(|| traffic::traffic(facts))
        .map(|found| found.with_circumstances(facts))
}

/// A diagnosis in the making.
struct Found {
    fault: Fault,
    evidence: Vec<String>,
}

impl Found {
    fn new(fault: Fault, evidence: impl Into<String>) -> Option<Found> {
        Some(Found { fault, evidence: vec![evidence.into()] })
    }

    fn and(mut self, evidence: Option<String>) -> Found {
        self.evidence.extend(evidence);
        self
    }

    /// What a person wants to know beside it, where the modem can tell it.
    fn with_circumstances(mut self, facts: &Facts) -> Diagnosis {
        let deaf = matches!(self.fault, Fault::ModemGone | Fault::NoDriver | Fault::ModemDeaf);
        if !deaf {
            self.evidence.extend(service(facts));
            self.evidence.extend(strength(&facts.signal));
        }
        if facts.others.healthy > 0 {
            self.evidence.push(format!("{} other cellular links of this router work", facts.others.healthy));
        }
        Diagnosis { fault: self.fault, evidence: self.evidence }
    }
}

/// Is there a modem that can be talked to?
fn plug(facts: &Facts) -> Option<Found> {
    if let Some(unbound) = &facts.unbound {
        return Found::new(Fault::NoDriver, unbound.clone());
    }
    let cause = facts.cause.as_ref();
    if facts.modem == Some(ModemState::Missing) || matches!(cause, Some(Cause::NoModem(_))) {
        let sought = facts.sought.clone().or_else(|| match cause {
            Some(Cause::NoModem(sought)) => Some(sought.clone()),
            _ => None,
        });
        return Found::new(Fault::ModemGone, "no such modem is attached").map(|found| found.and(sought));
    }
    if facts.modem == Some(ModemState::Hung) || matches!(cause, Some(Cause::ModemHung)) {
        let timeouts =
            (facts.timeouts > 0).then(|| format!("{} requests ran into their time-out", facts.timeouts));
        let evidence = "the control channel is open and nothing comes back";
        return Found::new(Fault::ModemDeaf, evidence).map(|found| found.and(timeouts));
    }
    None
}

/// A SIM that no longer answers counts only while the link is not up: some modems lose
/// sight of the card for a moment and keep the bearer.
fn card(facts: &Facts) -> Option<Found> {
    if is_up(facts) {
        return None;
    }
    let tries = facts.pin_tries.map(|tries| format!("tries left: {tries}"));
    match &facts.cause {
        Some(Cause::NoSim) => return Found::new(Fault::Sim, "the modem says that there is no SIM"),
        Some(cause @ (Cause::PinRequired { .. } | Cause::PinFailed { .. } | Cause::PukRequired)) => {
            return Found::new(Fault::Pin, cause.text());
        }
        _ => {}
    }
    match facts.sim? {
        SimState::Absent => Found::new(Fault::Sim, "the modem says that there is no SIM"),
        SimState::Failed => Found::new(Fault::Sim, "the modem cannot read the SIM"),
        SimState::NotActivated => Found::new(Fault::Sim, "the SIM is not activated"),
        SimState::PinRequired => {
            Found::new(Fault::Pin, "the SIM waits for its PIN").map(|found| found.and(tries))
        }
        SimState::PukRequired => Found::new(Fault::Pin, "the SIM is blocked and waits for its PUK"),
        SimState::Unknown | SimState::NotReady | SimState::Ready => None,
    }
}

fn radio(facts: &Facts) -> Option<Found> {
    if is_up(facts) {
        return None;
    }
    if facts.fcc_locked || facts.cause == Some(Cause::FccLocked) {
        return Found::new(Fault::FccLock, "the modem refuses to leave its low-power mode");
    }
    if facts.radio_hardware == Some(false) || facts.cause == Some(Cause::RadioOff) {
        return Found::new(Fault::RadioOff, "the radio is switched off in hardware (W_DISABLE or rfkill)");
    }
    if facts.radio_software == Some(false) {
        return Found::new(Fault::RadioOff, "the radio is switched off in software");
    }
    None
}

/// Does a network take this modem?
fn network(facts: &Facts) -> Option<Found> {
    if is_up(facts) {
        return None;
    }
    let abroad = facts.registration.is_some_and(Registration::is_roaming);
    if let Some(cause @ Cause::RoamingNotAllowed { .. }) = &facts.cause {
        return Found::new(Fault::Roaming, cause.text());
    }
    if abroad && !facts.roaming_allowed {
        return Found::new(
            Fault::Roaming,
            "the modem is registered abroad; option allow_roaming '1' permits it",
        );
    }
    let told = facts.cause.as_ref().and_then(Cause::reason).or_else(|| recent(facts));
    let told_text = told.map(|reason| format!("the network gave {reason}"));
    let denied = matches!(facts.cause, Some(Cause::RegistrationDenied(_)));
    if denied || facts.registration == Some(Registration::Denied) {
        let out = told.is_some_and(|reason| meaning(reason) == Meaning::Overload);
        let fault = if out { Fault::Outage } else { Fault::Denied };
        return Found::new(fault, "the network denied registration").map(|found| found.and(told_text));
    }
    let searching = matches!(facts.registration, Some(Registration::NotRegistered | Registration::Searching));
    if matches!(facts.cause, Some(Cause::NotRegistered(_))) || searching {
        return unregistered(facts, told, told_text);
    }
    None
}

/// No network: this modem's trouble, or everybody's?
fn unregistered(facts: &Facts, told: Option<&Reason>, told_text: Option<String>) -> Option<Found> {
    let state = match facts.registration {
        Some(Registration::Searching) => "the modem searches and has not found a network yet",
        _ => "the modem is registered nowhere",
    };
    let Others { modems, without_service, .. } = facts.others;
    if modems > 0 && without_service == modems {
        let others = Some(format!("none of the {modems} other modems of this router has service either"));
        return Found::new(Fault::Outage, state).map(|found| found.and(others).and(told_text));
    }
    let fault = match told.map(meaning) {
        Some(Meaning::Overload) => Fault::Outage,
        Some(Meaning::Refusal) => Fault::Denied,
        Some(Meaning::Other) | None => Fault::NotRegistered,
    };
    Found::new(fault, state).map(|found| found.and(told_text))
}

/// Does the network give a connection, and that an address?
fn bearer(facts: &Facts) -> Option<Found> {
    if is_up(facts) {
        return None;
    }
    let cause = facts.cause.as_ref()?;
    match cause {
        Cause::AttachFailed(_) | Cause::ConnectFailed(_) => {
            let reason = cause.reason().or_else(|| recent(facts));
            let fault = match reason.map(meaning) {
                Some(Meaning::Overload) => Fault::Outage,
                Some(Meaning::Refusal) => Fault::Denied,
                Some(Meaning::Other) | None => Fault::NoBearer,
            };
            let told = reason.map(|reason| format!("the network gave {reason}"));
            let again = facts.in_vain.then(|| "every rung of the ladder was in vain".to_string());
            Found::new(fault, cause.text()).map(|found| found.and(told).and(again))
        }
        Cause::NoAddress => Found::new(Fault::NoAddress, cause.text()),
        Cause::NoTraffic => Found::new(Fault::NoTraffic, cause.text()),
        // Of the other rooms above, or nothing that a diagnosis could add to.
        Cause::NoDaemon
        | Cause::NoModem(_)
        | Cause::ModemHung
        | Cause::NoSim
        | Cause::PinRequired { .. }
        | Cause::PinFailed { .. }
        | Cause::PukRequired
        | Cause::NotRegistered(_)
        | Cause::RegistrationDenied(_)
        | Cause::RoamingNotAllowed { .. }
        | Cause::BadConfig { .. }
        | Cause::RadioOff
        | Cause::FccLocked => None,
    }
}

fn is_up(facts: &Facts) -> bool {
    matches!(facts.link, Some(LinkState::Up | LinkState::Suspect))
}

/// The network's last reason, while it still explains something.
fn recent(facts: &Facts) -> Option<&Reason> {
    facts.reason.as_ref().filter(|(_, age)| *age < RECENT).map(|(reason, _)| reason)
}

/// `registered with Example over lte`.
fn service(facts: &Facts) -> Option<String> {
    let registration = facts.registration.filter(|registration| registration.is_registered())?;
    let mut text = format!("registered ({registration})");
    if let Some(operator) = &facts.operator {
        text.push_str(" with ");
        text.push_str(operator);
    }
    if let Some(technology) = facts.technology {
        text.push_str(" over ");
        text.push_str(technology.as_str());
    }
    if facts.attached == Some(false) {
        text.push_str(", but without packet service");
    }
    Some(text)
}

fn strength(signal: &Signal) -> Option<String> {
    let bars = signal.bars()?;
    let (name, value) = match (signal.rsrp_dbm, signal.rssi_dbm) {
        (Some(rsrp), _) => ("RSRP", rsrp),
        (None, rssi) => ("RSSI", rssi?),
    };
    let word = match bars {
        0 | 1 => "weak",
        2 => "fair",
        _ => "good",
    };
    Some(format!("the signal is {word} ({name} {value} dBm)"))
}

#[cfg(test)]
mod tests;
