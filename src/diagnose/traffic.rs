//! The link is up: do packets pass, and if not, whose fault is it?
//!
//! Contract: a target that is down never looks like a stall as long as anything at all comes
//! back over the link.

use std::time::Duration;

use super::{Answer, Facts, Found, is_up, meaning, recent, refusal::Meaning};
use crate::fault::Fault;
use crate::few::Listed;
use crate::target::Target;
use crate::watchdog::Outcome;

pub(super) fn traffic(facts: &Facts) -> Option<Found> {
    if !is_up(facts) {
        return None;
    }
    if !facts.v4 && !facts.v6 {
        return Found::new(Fault::NoAddress, "the link is up, and its device has no address");
    }
    let answers = &facts.answers;
    if answers.is_empty() {
        return None;
    }
    let good = |answer: &&Answer| matches!(answer.outcome, Outcome::Answered(_));
    let dns = |answer: &&Answer| matches!(answer.target, Target::Dns(_));
    let silent: Vec<&Answer> = answers.iter().filter(|answer| !good(answer)).listed();
    if silent.is_empty() {
        return None;
    }
    let told = Some(tell(&silent));
    if let Some(alive) = answers.iter().find(came_back) {
        let proof = format!("{} {}", alive.target, how(alive));
        let only_dns = silent.iter().all(dns) && answers.iter().filter(dns).count() == silent.len();
        let fault = if only_dns { Fault::DnsOnly } else { Fault::TargetDown };
        return Found::new(fault, proof).map(|found| found.and(told));
    }
    if silent.iter().all(|answer| answer.outcome == Outcome::Unsent) {
        let evidence = "probes cannot be sent: the device has no usable address or route";
        return Found::new(Fault::NoAddress, evidence).map(|found| found.and(told));
    }
    if facts.received > 0 {
        let evidence = format!(
            "{} packets were received and {} sent meanwhile, so the link works",
            facts.received, facts.sent
        );
        let fault = if silent.iter().all(dns) { Fault::DnsOnly } else { Fault::TargetDown };
        return Found::new(fault, evidence).map(|found| found.and(told));
    }
    dead(facts, told)
}

/// Something came back from it, or for it.
fn came_back(answer: &&Answer) -> bool {
    matches!(answer.outcome, Outcome::Answered(_) | Outcome::Refused)
}

/// Nothing comes back at all: this link's stall, or the network's outage?
fn dead(facts: &Facts, told: Option<String>) -> Option<Found> {
    let out = recent(facts).filter(|reason| meaning(reason) == Meaning::Overload);
    if let Some(reason) = out {
        return Found::new(Fault::Outage, format!("the network gave {reason}")).map(|found| found.and(told));
    }
    let silence = match facts.silent_for {
        Some(time) if time > Duration::ZERO => format!("nothing was received for {} s", time.as_secs()),
        _ => "nothing is received".to_string(),
    };
    let sent = (facts.sent > 0).then(|| format!("{} packets were sent in vain", facts.sent));
    let cell = facts.cell_changed.then(|| "the cell changed meanwhile".to_string());
    let vain = facts
        .in_vain
        .then(|| "connections come up anew and stay dead, after every rung of the ladder too".to_string());
    let fault = if facts.in_vain { Fault::Outage } else { Fault::NoTraffic };
    Found::new(fault, silence).map(|found| found.and(told).and(sent).and(vain).and(cell))
}

/// `1.1.1.1 is silent, dns:9.9.9.9 no answer`.
fn tell(silent: &[&Answer]) -> String {
    let each = |answer: &&Answer| format!("{} {}", answer.target, how(answer));
    silent.iter().map(each).listed().join(", ")
}

fn how(answer: &Answer) -> String {
    match (&answer.outcome, &answer.note) {
        (Outcome::Answered(rtt), _) => {
            // Not as the 128 bits that they are: those take a kilobyte to write.
            let milliseconds = u64::try_from(rtt.as_millis()).unwrap_or(u64::MAX);
            format!("answered within {milliseconds} ms")
        }
        (_, Some(note)) => note.clone(),
        (Outcome::Refused, None) => "answered with something else".to_string(),
        (Outcome::Silent, None) => "is silent".to_string(),
        (Outcome::Unsent, None) => "could not be asked".to_string(),
    }
}
