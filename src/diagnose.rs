//! PURE. From what is known to the most likely fault, with the evidence in words.
//!
//! Contract: [`diagnose`] looks at the [`Facts`] in one fixed order, from the modem's plug
//! outwards, and the first thing that is wrong is the fault: a modem that is not there
//! explains everything after it. `None`: nothing is wrong, or not known to be. Evidence names
//! no identity, number or secret.

use std::time::Duration;

use crate::cause::{Cause, Reason};
use crate::fault::Diagnosis;
use crate::target::Target;
use crate::watchdog::Outcome;
use crate::words::{LinkState, ModemState, Registration, Signal, SimState, Technology};

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

/// How many of the other links or modems of this router are how.
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
    /// Families with an address; for an address by DHCP or router advertisement, those that the
    /// network device has.
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
    /// [`crate::ladder::Ladder::in_vain`].
    pub in_vain: bool,
    /// Requests to the modem that ran into their time-out.
    pub timeouts: u32,
}

/// The most likely fault.
pub fn diagnose(facts: &Facts) -> Option<Diagnosis> {
    use crate::fault::Fault;

    let fault = match (facts.modem, facts.link) {
        (Some(ModemState::Missing), _) => Fault::ModemGone,
        (Some(ModemState::Hung), _) => Fault::ModemDeaf,
        (_, Some(LinkState::Up | LinkState::Suspect | LinkState::Recovering)) => {
            let answers = |answer: &Answer| matches!(answer.outcome, Outcome::Answered(_) | Outcome::Refused);
            if facts.answers.iter().any(answers) || facts.received > 0 {
                Fault::TargetDown
            } else if facts.answers.is_empty() {
                return None;
            } else {
                Fault::NoTraffic
            }
        }
        (_, Some(LinkState::Waiting | LinkState::Blocked)) => Fault::NoBearer,
        _ => return None,
    };
    Some(Diagnosis { fault, evidence: vec![fault.text().to_string()] })
}
